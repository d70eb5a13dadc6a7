# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide for Python and for Node, as it stands: its files are written, its commands are run, its spans arrive.

Only the directory of the environment files is another one, and a receiver is where the collector would be.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.process import free_port
from tests.integration.otlp import Receiver, attributes, running
from tests.integration.test_apm_spans import NODE_PACKAGES, ROOT, told
from tests.nodes import node

GUIDE = (ROOT / "docs/instrument.md").read_text(encoding="utf-8")
SERVICES = "/etc/kumawatch-apm/services"
NAMES = {"Python": "shop.py", "Node": "shop.js"}


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/instrument.md has no section {title}"
    return found[1]


def blocks(text: str, *kinds: str) -> list[str]:
    """The text of each block of code of some kinds."""
    return [
        block for kind, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if kind in kinds
    ]


def follow(title: str, directory: Path) -> tuple[Receiver, str]:
    """Do what a section says. What arrived, and what the last command printed."""
    port = free_port()
    (directory / "services").mkdir()
    for name, text in told(port, title.lower()).files.items():
        (directory / "services" / name).write_text(text)
    for block in blocks(section(title), "python", "js"):
        name = re.match(r"(?:#|//) (\S+)\n", block)
        assert name, block[:40]
        (directory / name[1]).write_text(block)
    program = directory / "bin"
    program.mkdir()
    found = node()
    for command, argv in (("npm", found.npm), ("node", (str(found.path),)), ("python3", (sys.executable,))):
        (program / command).write_text(f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n')
        (program / command).chmod(0o755)
    ours = ("OTEL_", "NODE_", "PYTHON", "VIRTUAL_ENV", "JAVA_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"PATH": f"{program}:/usr/bin:/bin", "npm_config_ignore_scripts": "true"}
    printed = ""
    with running(Receiver(), port) as local:
        for commands in blocks(section(title), "sh"):
            ended = subprocess.run(
                ["sh", "-e", "-c", commands.replace(SERVICES, str(directory / "services"))],
                cwd=directory,
                env=environment,
                capture_output=True,
                text=True,
                timeout=600,
            )
            assert ended.returncode == 0, (commands, ended.stdout[-2000:], ended.stderr[-2000:])
            printed = ended.stdout
    return local, printed


@pytest.mark.slow
@pytest.mark.parametrize("title", NAMES)
def test_who_follows_the_guide_sees_spans_and_their_trace_in_the_log(title: str, tmp_path: Path) -> None:
    assert len(blocks(section(title), "sh")) == 2
    local, printed = follow(title, tmp_path)
    own = [(resource, span) for resource, span in local.spans if span.name == "check out"]
    assert len(own) == 1, ([span.name for _resource, span in local.spans], local.answers)
    resource, span = own[0]
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("shop", "staging")
    assert attributes(span.attributes)["shop.items"] == "3"
    assert span.status.code == 2 and span.events[0].name == "exception"
    # What the library did is in the same trace.
    assert len({other.name for _resource, other in local.spans if other.trace_id == span.trace_id}) > 1
    lines: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["message"] == "check out failed"]
    assert line["trace_id"] == span.trace_id.hex()
    assert line["level"] == "ERROR" and "the card was declined" in line["exc_info"]


def test_the_guide_and_the_tests_mean_the_same_packages() -> None:
    (install, _start) = blocks(section("Node"), "sh")
    assert all(package in install for package in NODE_PACKAGES)
