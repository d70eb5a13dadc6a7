# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objectives and error budgets: how much of what may go wrong in 30 days has gone wrong, by two witnesses. Pure.

* Requests: what the load balancer answered with 5xx, of all it was asked, as the alarms on the budget's burn count it.
* Checks: what Uptime Kuma found down, of all it looked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from .._catalog.catalogue import Catalogue
from .._catalog.series import Omissions, series
from .._catalog.signals import SIGNALS

Entry = dict[str, Any]

DAYS = 30

_BUDGET = SIGNALS["slo_slow"]
_REQUESTS = "req"


def metrics(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[Entry]:
    """What ``cloudwatch_metric_data_info`` is to read: requests and errors, day by day, of services with an objective.

    :param catalogue: what :func:`.._catalog.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned.
    """
    found = (discovery or {}).get("services") or {}
    result = []
    for service in _judged(catalogue):
        for one in series(service, found.get(service["name"]) or {}, _BUDGET, Omissions()):
            result += [
                {
                    "id": f"{service['name']}/{query.id}",
                    "namespace": query.namespace,
                    "metric": query.metric,
                    "dimensions": dict(query.dimensions),
                    "statistic": query.stat,
                }
                for query in one.queries
            ]
    return result


def objectives(
    catalogue: Catalogue,
    uptimes: Sequence[Mapping[str, Any]] | None = None,
    points: Mapping[str, Sequence[Sequence[Any]]] | None = None,
) -> list[Entry]:
    """How each service with an objective did, those that used most of their budget first.

    :param uptimes: ``services`` of ``kuma_uptime_info``; ``None`` where there is no server.
    :param points: ``points`` of ``cloudwatch_metric_data_info`` for :func:`metrics`.
    :returns: ``name``, ``objective``; ``requests``: ``total``, ``failed``, ``availability`` in percent, ``used`` (the
        part of the budget, 1 being all of it) and ``days``, pairs of a day and what was used up to its end; ``checks``:
        ``availability``, ``used``, ``allowed_minutes``, ``used_minutes``, ``status`` and ``measured_since``; each
        ``None`` where nothing was measured; ``used``, the worse of both.
    """
    checked = {str(one["name"]): one for one in uptimes or ()}
    result = []
    for service in _judged(catalogue):
        name, objective = service["name"], float(service["objective"])
        requests = _requests(name, objective, points or {})
        checks = _checks(checked.get(name))
        used = [one["used"] for one in (requests, checks) if one and one["used"] is not None]
        result.append(
            {
                "name": name,
                "objective": objective,
                "requests": requests,
                "checks": checks,
                "used": max(used) if used else None,
            }
        )
    return sorted(result, key=lambda one: (one["used"] is None, -(one["used"] or 0), one["name"]))


def _judged(catalogue: Catalogue) -> list[Mapping[str, Any]]:
    return [one for one in catalogue["services"] if one["state"] != "absent" and one.get("objective")]


def _requests(name: str, objective: float, points: Mapping[str, Sequence[Sequence[Any]]]) -> Entry | None:
    asked: dict[str, float] = defaultdict(float)
    failed: dict[str, float] = defaultdict(float)
    for ident, series_points in points.items():
        service, _slash, query = ident.rpartition("/")
        if service == name:
            into = asked if query.startswith(_REQUESTS) else failed
            for moment, value in series_points:
                into[str(moment)[:10]] += float(value)
    total = sum(asked.values())
    if not total:
        return None
    # Of all requests of the window, whenever they came: the budget is not refilled by the day.
    allowed = total * (100 - objective) / 100
    days, sofar = [], 0.0
    for day in sorted({*asked, *failed}):
        sofar += failed.get(day, 0.0)
        days.append([day, _part(sofar, allowed)])
    bad = sum(failed.values())
    return {
        "total": total,
        "failed": bad,
        "availability": 100 * (1 - bad / total),
        "used": _part(bad, allowed),
        "days": days,
    }


def _checks(found: Mapping[str, Any] | None) -> Entry | None:
    if not found:
        return None
    budget, uptime = found.get("budget"), found.get("uptime_30d")
    return {
        "status": found["status"],
        "availability": None if uptime is None else 100 * float(uptime),
        "used": _part(float(budget["used"]), float(budget["allowed"])) if budget else None,
        "allowed_minutes": float(budget["allowed"]) if budget else None,
        "used_minutes": float(budget["used"]) if budget else None,
        "measured_since": found.get("measured_since") or "",
    }


def _part(used: float, allowed: float) -> float:
    """A part of a budget. Where none is allowed, what is used is as much as can be said: a hundred times it."""
    if allowed > 1e-9:
        return used / allowed
    return 100.0 if used > 0 else 0.0
