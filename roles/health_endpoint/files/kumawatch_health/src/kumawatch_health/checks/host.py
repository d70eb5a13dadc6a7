# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host itself: file systems, and any command whose exit status says how things are."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from typing import Any

from ..config import Check
from ..results import Finding, Status
from .threads import in_thread

KEPT = 8192
"""Bytes of a command's output that are kept."""
OUTPUT = 500
"""Characters of its first line that are told."""


async def disk(check: Check) -> Finding:
    # In a thread: a network file system that hangs must not hang the others.
    usage = await in_thread(check.name, lambda: os.statvfs(check.options["path"]))
    blocks = usage.f_blocks - usage.f_bfree + usage.f_bavail
    used = 100 * (usage.f_blocks - usage.f_bfree) / blocks if blocks else 0.0
    inodes = 100 * (usage.f_files - usage.f_favail) / usage.f_files if usage.f_files else 0.0
    finding = Finding(measurements={"used": (round(used, 1), "percent"), "inodes": (round(inodes, 1), "percent")})
    path = check.options["path"]
    finding = finding.at_least(
        check.options["inodes_percent"].judge(inodes), f"{path} has used {inodes:.0f} % of its inodes"
    )
    return finding.at_least(check.options["used_percent"].judge(used), f"{path} is {used:.0f} % full")


async def command(check: Check) -> Finding:
    """Exit status 0 is well, one of ``warn_codes`` a warning, anything else a failure; the first line says why."""
    options = check.options
    try:
        process = await asyncio.create_subprocess_exec(
            *options["command"],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(options["environment"]),
            start_new_session=True,
        )
    except OSError as error:
        return Finding(Status.FAIL, f"{options['command'][0]} cannot be started: {error.strerror}")
    ended = False
    try:
        text = await _said(process)
        await process.wait()
        ended = True
    finally:
        if not ended:
            # The children of a shell script, too, which may have outlived it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    said = f": {text}" if text else ""
    measured = {"exitStatus": (process.returncode or 0, "")}
    if process.returncode == 0:
        return Finding(measurements=measured)
    status = Status.WARN if process.returncode in options["warn_codes"] else Status.FAIL
    return Finding(status, f"it ended with {process.returncode}{said}", measured)


async def _said(process: asyncio.subprocess.Process) -> str:
    """The first line of what it writes; the rest is read, so that it is not held up, and forgotten."""
    assert process.stdout is not None
    kept = b""
    while chunk := await process.stdout.read(65536):
        if len(kept) < KEPT:
            kept += chunk[:KEPT]
    lines = kept.decode(errors="replace").strip().splitlines()
    return lines[0][:OUTPUT] if lines else ""


def _environment(further: Mapping[str, Any]) -> dict[str, str]:
    """Ours without what is between systemd and us, and ``further``."""
    ours = {
        key: value for key, value in os.environ.items() if key not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    }
    return {**ours, **{key: str(value) for key, value in further.items()}}
