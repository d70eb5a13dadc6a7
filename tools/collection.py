# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection among the files of the checkout: what a release ships, copied to where tools refuse a link."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import yaml

from tools import common

NAMESPACE, NAME = "kumawatch", "monitoring"


def tracked() -> list[Path]:
    """Every file that belongs to the checkout, relative to it: what git knows or would take, else what lies there."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=common.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    ) if (common.ROOT / ".git").exists() and shutil.which("git") else None  # fmt: skip
    if done and done.returncode == 0:
        names = sorted(os.fsdecode(name) for name in set(done.stdout.split(b"\0")) if name)
        return [
            path for path in map(Path, names) if (common.ROOT / path).is_file() or (common.ROOT / path).is_symlink()
        ]
    return sorted(_walk())


def _walk() -> Iterator[Path]:
    """Without git: everything but what the Makefile and the tools make."""
    made = {".ansible", ".cache", ".git", ".lab", ".venv", ".hypothesis", "__pycache__", "node_modules"}
    for directory, names, files in os.walk(common.ROOT):
        here = Path(directory).relative_to(common.ROOT)
        names[:] = [name for name in names if name not in made and (here / name).as_posix() != "docs/site"]
        yield from (here / name for name in files if not name.endswith((".pyc", ".tar.gz")))
        yield from (here / name for name in names if (common.ROOT / here / name).is_symlink())


def published() -> list[Path]:
    """The files that a release of the collection ships."""
    ignored = yaml.safe_load((common.ROOT / "galaxy.yml").read_text())["build_ignore"]
    return [path for path in tracked() if not _ignored(path, ignored)]


def _ignored(path: Path, patterns: list[str]) -> bool:
    names = [path.as_posix(), *(parent.as_posix() for parent in path.parents)]
    return any(fnmatch(name, pattern) for name in names for pattern in patterns)


def copy(root: Path, extra: tuple[str, ...] = ()) -> Path:
    """Copy what a release ships, and what lies below the extra paths, to root; return the collection's directory."""
    target = root / "ansible_collections" / NAMESPACE / NAME
    wanted = {*published(), *(path for path in tracked() if path.as_posix().startswith(extra))}
    for path in sorted(wanted):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(common.ROOT / path, target / path)
    return target
