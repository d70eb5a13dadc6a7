# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes: so many run, told by name, command line or pid file."""

from __future__ import annotations

import asyncio

import psutil

from ..config import Check
from ..results import Finding, Status


async def process(check: Check) -> Finding:
    count = await asyncio.to_thread(_count, check)
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
                return int(running.status() != psutil.STATUS_ZOMBIE)
        except (OSError, ValueError, psutil.NoSuchProcess):
            return 0
    count = 0
    for running in psutil.process_iter(["name", "cmdline", "status"]):
        known = running.info
        if known["status"] == psutil.STATUS_ZOMBIE:
            continue
        if (not name or known["name"] == name) and (not line or line in " ".join(known["cmdline"] or ())):
            count += 1
    return count
