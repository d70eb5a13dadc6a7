# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zips of the functions, the same bytes for the same sources on every machine.

One for the alert channel, and one for the daily error report, which has more modules and a configuration in it.

Not a part of the zip itself. It needs the files of this collection, so it runs on the controller (in a filter, or as a
command), not inside a module that Ansible has packed up.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PACKAGE = "kumawatch"
RUNTIME = "python3.13"
ARCHITECTURE = "arm64"

_HERE = Path(__file__).resolve().parent
_UTILS = _HERE.parent
_LEFT_OUT = {"_relay/package.py", "_google_chat/sender.py"}
"""What the functions do not use: this file, and what needs aiohttp."""

_MADE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_INIT = b'"""Kumawatch in AWS Lambda."""\n'


RELAY = ("_google_chat", "_relay")
ERROR_REPORT = (*RELAY, "_error_report")


def sources(parts: Sequence[str] = RELAY, files: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The files of the zip by their names in it.

    :param parts: the packages of module_utils that go into it.
    :param files: what else lies beside them, by name.
    """
    found = {f"{PACKAGE}/__init__.py": _INIT}
    paths = [_UTILS / "_errors.py", *(path for part in parts for path in (_UTILS / part).glob("*.py"))]
    for path in paths:
        name = path.relative_to(_UTILS).as_posix()
        if name not in _LEFT_OUT:
            found[f"{PACKAGE}/{name}"] = path.read_bytes()
    return found | {f"{PACKAGE}/{name}": content for name, content in (files or {}).items()}


def build(parts: Sequence[str] = RELAY, files: Mapping[str, bytes] | None = None) -> bytes:
    """The zip. Stored, not compressed: what a compressor makes differs from one version to the next."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(sources(parts, files).items()):
            entry = zipfile.ZipInfo(name, _MADE)
            entry.create_system = 3
            entry.external_attr = _MODE
            archive.writestr(entry, content)
    return buffer.getvalue()


def code_sha256(content: bytes) -> str:
    """The digest of a zip as Lambda says it (``CodeSha256``)."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")


def cache_directory() -> Path:
    """Where packages are kept unless somebody says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "kumawatch"


def keep(content: bytes, directory: Path, name: str = "relay") -> Path:
    """Write ``content`` under a name of its own, whole or not at all; two runs may do so at once."""
    path = directory / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.zip"
    if path.exists() and path.read_bytes() == content:
        return path
    directory.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=directory, prefix=f".{name}-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(unfinished, path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return path


def package(dest: str | Path) -> str:
    """Write the zip to ``dest`` if it is not there already; its digest as Lambda says it."""
    content, path = build(), Path(dest)
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return code_sha256(content)


if __name__ == "__main__":
    sys.stdout.write(f"{package(sys.argv[1])}\n")
