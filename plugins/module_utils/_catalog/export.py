# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what ``kuma_info`` gathered to the variables that make the same again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The kinds that a server has, in the order in which they refer to each other, and so that of the file.
KINDS = (
    "settings",
    "proxies",
    "docker_hosts",
    "remote_browsers",
    "notifications",
    "monitors",
    "status_pages",
    "maintenances",
)


def variables(gathered: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the role ``uptime_targets`` that declare what was gathered, empty ones left out."""
    return {f"uptime_targets_{kind}": gathered[kind] for kind in KINDS if gathered.get(kind)}


def heading(gathered: Mapping[str, Any], url: str) -> list[str]:
    """What a reader should know of the file, line by line.

    :param url: address of the server.
    """
    lines = [
        f"Configuration of the Uptime Kuma server {url}, version {gathered['version']}.",
        "Variables of the role kumawatch.monitoring.uptime_targets: put the file into an inventory's group_vars.",
    ]
    withheld = gathered.get("withheld") or []
    if withheld:
        lines += ["", "Not in here, since they are secrets:", *(f"  {secret}" for secret in withheld)]
    return lines
