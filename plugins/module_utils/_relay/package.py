# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip of the functions, the same bytes for the same sources on every machine.

Not a part of the zip itself. It needs the files of this collection, so it runs on the controller (in a filter, or as a
command), not inside a module that Ansible has packed up.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import zipfile
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


def sources() -> dict[str, bytes]:
    """The files of the zip by their names in it."""
    found = {f"{PACKAGE}/__init__.py": _INIT}
    for path in [_UTILS / "_errors.py", *(_UTILS / "_google_chat").glob("*.py"), *_HERE.glob("*.py")]:
        name = path.relative_to(_UTILS).as_posix()
        if name not in _LEFT_OUT:
            found[f"{PACKAGE}/{name}"] = path.read_bytes()
    return found


def build() -> bytes:
    """The zip. Stored, not compressed: what a compressor makes differs from one version to the next."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(sources().items()):
            entry = zipfile.ZipInfo(name, _MADE)
            entry.create_system = 3
            entry.external_attr = _MODE
            archive.writestr(entry, content)
    return buffer.getvalue()


def code_sha256(content: bytes) -> str:
    """The digest of a zip as Lambda says it (``CodeSha256``)."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")


def package(dest: str | Path) -> str:
    """Write the zip to ``dest`` if it is not there already; its digest as Lambda says it."""
    content, path = build(), Path(dest)
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return code_sha256(content)


if __name__ == "__main__":
    sys.stdout.write(f"{package(sys.argv[1])}\n")
