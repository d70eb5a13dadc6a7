# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes: so many run, told by name, command line or pid file."""

from __future__ import annotations

import os
from typing import Any

import psutil

from ..config import Check
from ..results import Finding, Status
from .threads import in_thread


async def process(check: Check) -> Finding:
    count = await in_thread(check.name, lambda: _count(check))
    status = check.options["count"].judge(count)
    what = check.options.get("process") or check.options.get("command_line") or check.options.get("pid_file")
    output = (
        "" if status is Status.PASS else f"{count} processes of {what} run" if count else f"no process of {what} runs"
    )
    return Finding(status, output, {"processes": (count, "processes")})


def _count(check: Check) -> int:
    name, line, file = (check.options.get(key) for key in ("process", "command_line", "pid_file"))
    if file:
        try:
            with open(file, encoding="ascii") as stream:
                running = psutil.Process(int(stream.read().strip()))
            known = running.as_dict(["pid", "name", "cmdline", "status"])
            return int(_is_meant(known, name, line))
        except (OSError, ValueError, psutil.Error):
            return 0
    count = 0
    for running in psutil.process_iter(["pid", "name", "cmdline", "status"]):
        count += _is_meant(running.info, name, line)
    return count


def _is_meant(known: dict[str, Any], name: str | None, line: str | None) -> bool:
    """Whether a process runs and is what is looked for: the number in a pid file may be somebody else's by now."""
    if known["status"] == psutil.STATUS_ZOMBIE or known["pid"] == os.getpid():
        return False
    return (not name or known["name"] == name) and (not line or line in " ".join(known["cmdline"] or ()))
