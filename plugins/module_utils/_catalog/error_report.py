# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue to the configuration of the daily error report. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .catalogue import Catalogue
from .log_formats import Format
from .logs import sources

Json = dict[str, Any]

#: How the target group of a request is found, by which services that share a load balancer are told apart.
TARGET_GROUPS: dict[str, Json] = {
    "alb": {
        "prelude": [r"parse @message /(?<target_group>arn:\S+:targetgroup\/\S+)/"],
        "target_group": "target_group",
    },
    "alb-json": {"target_group": "target_group_arn"},
}


def error_report(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    dashboard: str = "",
    top: int = 5,
    days: int = 7,
) -> Json:
    """What the report reads: all services with logs, their log groups, and how each format tells errors.

    :param dashboard: name of the dashboard that the card leads to; empty for none.
    :param top: how many patterns and routes are named.
    :param days: how many days before are compared with.
    :returns: in the shape that the function's own configuration has; see docs/logs.md.
    """
    found = sources(catalogue, discovery)
    formats: dict[str, Format] = {}
    services: dict[str, Json] = {}
    for source in found:
        # What cannot be told from a line, such as a slow query, is no error.
        if source.format is None or not source.format.errors:
            continue
        formats[source.format.name] = source.format
        name = str(source.service["name"])
        service = services.setdefault(
            name,
            {
                "name": name,
                "owner": str(source.service.get("owner") or ""),
                "runbook": str(source.service.get("runbook") or ""),
                "groups": [],
            },
        )
        group: Json = {"name": source.group, "format": source.format.name}
        if source.target_groups:
            group["target_groups"] = list(source.target_groups)
        service["groups"].append(group)
    return {
        "partition": str((discovery or {}).get("partition") or "aws"),
        "dashboard": dashboard,
        "top": top,
        "days": days,
        "services": list(services.values()),
        "formats": {name: _format(one) for name, one in sorted(formats.items())},
    }


def _format(one: Format) -> Json:
    more = TARGET_GROUPS.get(one.name, {})
    return {
        "errors": one.errors,
        "prelude": [*one.prelude, *more.get("prelude", [])],
        "access": one.access,
        **{key: one.fields[key] for key in ("status", "route", "seconds") if key in one.fields},
        **({"target_group": more["target_group"]} if more else {}),
    }
