# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an SQL database answered, judged. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..config import Check
from ..results import Finding, Status

GOODBYE = 1.0
"""Seconds for taking leave: servers write a line for each connection that just ends."""


def judged(value: Any, check: Check) -> Finding:
    """The finding for the first value of the answer; it is measured only where ``value`` has limits."""
    limits = check.options.get("value")
    if limits is None:
        return Finding()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Finding(Status.FAIL, f"the query answered {value!r}, which is no number")
    status = limits.judge(value)
    output = "" if status is Status.PASS else f"the query answered {value:g}"
    return Finding(status, output, {"value": (value, "")})
