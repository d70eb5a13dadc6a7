# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as data: one mapping, which is written as JSON and of which the page and the card are made. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._catalog.catalogue import Catalogue
from .._catalog.signals import SEVERITIES
from .coverage import coverage
from .objectives import objectives

Report = dict[str, Any]

VERSION = 1
"""Of the shape of the report. A change that breaks a reader's expectations is a new number."""

_DOWN = ("down", "missing")
#: What a reconciling module returns that is to be done.
_TO_DO = ("created", "updated", "deleted")


def report(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    found: Mapping[str, Any] | None = None,
) -> Report:
    """All that is known of an environment.

    :param catalogue: what :func:`.._catalog.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned; empty without an account.
    :param found: what was read, each left out where it was not:

        * ``made_at``: the time, ISO 8601; ``backends``: names of the backends for traces, and ``traces``,
          see :data:`.._catalog.traces.SETTINGS`;
        * ``uptimes``: ``services`` of ``kuma_uptime_info``; ``points``: those of ``cloudwatch_metric_data_info``;
        * ``alarm_states``: those of ``cloudwatch_info``; ``cost``: what the filter ``cloudwatch_cost`` returned, and
          ``budget``;
        * ``drift``: ``what`` and ``result``, what a module returned in check mode; ``drill``: what was kept of the last
          drill.
    :returns: see docs/report.md.
    """
    found = found or {}
    states = found.get("alarm_states")
    uptimes = found.get("uptimes")
    return {
        "version": VERSION,
        "environment": catalogue["environment"],
        "made_at": str(found.get("made_at") or ""),
        "coverage": coverage(catalogue, discovery, list(found.get("backends") or ()), found.get("traces")),
        "objectives": objectives(catalogue, uptimes, found.get("points")),
        "alarms": None if states is None else alarms(states),
        "incidents": incidents(states or (), uptimes or ()),
        "cost": _cost(found.get("cost"), found.get("budget")),
        "drift": None if found.get("drift") is None else drift(found["drift"]),
        "drill": found.get("drill") or None,
    }


def alarms(states: Sequence[Mapping[str, Any]]) -> Report:
    """How many alarms are in which state, and those that nobody is told by."""
    counts = {state: sum(one["state"] == state for one in states) for state in ("OK", "ALARM", "INSUFFICIENT_DATA")}
    return {"total": len(states), "states": counts, "silent": [one["name"] for one in states if _silent(one)]}


def _silent(one: Mapping[str, Any]) -> bool:
    return not one.get("actions_enabled", True)


def incidents(states: Iterable[Mapping[str, Any]], uptimes: Iterable[Mapping[str, Any]]) -> list[Report]:
    """What is wrong now, each thing once, the worst and then the oldest first.

    Composite alarms only tell of others; a thing whose warning and critical alarms are both on is critical.
    """
    worst: dict[tuple[str, str, str], Report] = {}
    for one in states:
        if one["state"] != "ALARM" or one.get("composite"):
            continue
        tags = one.get("tags") or {}
        severity = tags.get("severity") or "critical"
        key = (tags.get("service") or "", tags.get("kind") or one["name"], tags.get("resource") or "")
        known = worst.get(key)
        if known is None or _rank(severity) > _rank(known["severity"]):
            worst[key] = {
                "service": key[0],
                "kind": key[1],
                "resource": key[2],
                "severity": severity,
                "since": min(filter(None, (one.get("since"), (known or {}).get("since"))), default=""),
                "reason": one.get("reason") or "",
                "runbook": tags.get("runbook") or "",
                "source": "CloudWatch",
            }
    found = list(worst.values())
    for service in uptimes:
        if service["status"] in _DOWN:
            missing = service["status"] == "missing"
            found.append(
                {
                    "service": service["name"],
                    "kind": "health",
                    "resource": "",
                    "severity": "critical",
                    "since": service.get("down_since") or "",
                    "reason": "The server has no monitor of it." if missing else "Its checks fail.",
                    "runbook": "",
                    "source": "Uptime Kuma",
                }
            )
    return sorted(found, key=lambda one: (-_rank(one["severity"]), one["since"] or "9", one["service"], one["kind"]))


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _cost(found: Mapping[str, Any] | None, budget: Any) -> Report | None:
    if not found:
        return None
    keys = ("monthly", "currency", "prices", "phases", "services", "lines")
    limit = None if budget in (None, "") else float(budget)
    return {**{key: found.get(key) for key in keys}, "budget": limit}


def drift(results: Iterable[Mapping[str, Any]]) -> Report:
    """What a run would change.

    :param results: ``what``, the kind of thing, and ``result``, what its module returned in check mode.
    """
    kinds = []
    for one in results:
        result = one.get("result") or {}
        if result.get("skipped") or not any(key in result for key in (*_TO_DO, "changed")):
            continue
        todo = {key: [_name(each) for each in result.get(key) or ()] for key in _TO_DO}
        count = sum(map(len, todo.values()))
        kinds.append({"what": one["what"], **todo, "count": count or int(bool(result.get("changed")))})
    return {"count": sum(kind["count"] for kind in kinds), "kinds": kinds}


def _name(entry: Any) -> str:
    return str(entry.get("name") or entry.get("title") or entry) if isinstance(entry, Mapping) else str(entry)
