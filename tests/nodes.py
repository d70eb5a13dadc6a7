# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages from npm for tests that run JavaScript: installed once into the lab's cache, which labs and tests share."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.node import Node, find_node
from lab.paths import Paths, make_directory, write_json
from lab.supervise import lock

PATIENCE = 600


def node() -> Node:
    """The Node.js that the lab uses; the test is skipped where there is none, or fails where everything has to be."""
    try:
        return find_node()
    except LabError as error:
        if os.environ.get("KUMAWATCH_REQUIRE_ALL") == "1":
            pytest.fail(f"{error}, and KUMAWATCH_REQUIRE_ALL is set")
        pytest.skip(str(error))


def node_environment(found: Node) -> dict[str, str]:
    """An environment with this Node.js and nothing of ours."""
    return {"PATH": f"{found.path.parent}:/usr/bin:/bin", "HOME": os.environ.get("HOME", "/nonexistent")}


def node_packages(name: str, packages: Sequence[str]) -> Path:
    """A directory whose ``node_modules`` has these packages.

    :param name: what it is called in the cache.
    :param packages: names with a range of versions each; others are another directory.
    """
    found = node()
    cache = Paths.from_environment().cache
    digest = hashlib.sha256(json.dumps([sorted(packages), found.version]).encode()).hexdigest()[:12]
    final = cache / f"npm-{name}-{digest}"
    if final.is_dir():
        return final
    with lock(cache / f"npm-{name}.lock"):
        if final.is_dir():
            return final
        staging = cache / f"{final.name}.part"
        shutil.rmtree(staging, ignore_errors=True)
        make_directory(staging)
        write_json(staging / "package.json", {"name": f"kumawatch-test-{name}", "version": "1.0.0", "private": True})
        # No package's own scripts: none of these needs one.
        command = [*found.npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        variables = {key: value for key, value in os.environ.items() if not key.startswith("NODE_")}
        variables["PATH"] = f"{found.path.parent}{os.pathsep}{variables.get('PATH', '')}"
        ended = subprocess.run(
            [*command, "--loglevel=error", *packages],
            cwd=staging,
            env=variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert ended.returncode == 0, f"npm did not install {', '.join(packages)}: {ended.stdout}{ended.stderr}"
        staging.rename(final)
    return final
