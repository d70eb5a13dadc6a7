# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MetricDataQueries: the ids of a request or an alarm, each evaluated to lines. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lab.aws.cloudwatch import insights
from lab.aws.cloudwatch.expressions import Line, Unreadable, World, deviation, evaluate, mean, names, parse
from lab.aws.cloudwatch.series import Key, Metrics, dimensions

TRAINING = 14 * 24 * 3600
"""How much history (s) an anomaly band is made of, at most."""


def key_of(stat: dict[str, Any]) -> Key:
    """The metric of a MetricStat."""
    metric = stat["Metric"]
    return metric.get("Namespace", ""), metric.get("MetricName", ""), dimensions(metric.get("Dimensions"))


def period_of(queries: list[dict[str, Any]]) -> int:
    """The period of a set of queries: the longest that any of them names."""
    periods = [
        int(query["MetricStat"]["Period"]) if "MetricStat" in query else int(query.get("Period") or 0)
        for query in queries
    ]
    return max(periods, default=0) or 60


def grid(start: float, end: float, period: int) -> list[int]:
    """The begins of all periods from ``start`` up to but without ``end``."""
    first = int(start // period) * period
    return list(range(first, int(-(-end // period)) * period, period))


def ids_needed(query: dict[str, Any], queries: list[dict[str, Any]]) -> set[str]:
    expression = query.get("Expression")
    if not expression or insights.is_query(expression):
        return set()
    if re.search(r"\bMETRICS\s*\(", expression, re.IGNORECASE):
        return {other["Id"] for other in queries if "MetricStat" in other} | names(parse(expression))
    return names(parse(expression))


def run(
    queries: list[dict[str, Any]],
    metrics: Metrics,
    start: float,
    end: float,
    band_of: Callable[[list[float], float], tuple[float, float]] | None = None,
) -> dict[str, Any]:
    """The value of each id: a line, a list of lines, a number or None."""
    by_id = {query["Id"]: query for query in queries}
    results: dict[str, Any] = {}
    under_way: list[str] = []

    def history(id: str, line: Line) -> list[float]:
        query = by_id.get(id)
        if query and "MetricStat" in query:
            stat = query["MetricStat"]
            values = metrics.values(
                key_of(stat), stat["Stat"], stat["Period"], start - TRAINING, start, stat.get("Unit")
            )
            return list(values.values())
        return list(line.values.values())

    def band(id: str, line: Line, width: float) -> Line:
        past = history(id, line)
        if not past:
            return Line({}, upper={})
        low, high = band_of(past, width) if band_of else edges(past, width)
        times = grid(start, end, period)
        return Line(dict.fromkeys(times, low), upper=dict.fromkeys(times, high))

    def search(text: str, how: str, step: int) -> list[Line]:
        return [
            Line(metrics.values(key, how, step, start, end), " ".join(value for _name, value in key[2]) or key[1])
            for key in search_keys(text, metrics)
        ]

    def all_metrics(label: str) -> list[Line]:
        return [results[other["Id"]] for other in queries if "MetricStat" in other and label in other["Id"]]

    period = period_of(queries)

    def value(id: str) -> Any:
        if id in results:
            return results[id]
        if id in under_way:
            raise Unreadable(f"Circular reference: {' -> '.join([*under_way, id])}")
        query = by_id[id]
        under_way.append(id)
        for other in sorted(ids_needed(query, queries) - {id}):
            if other in by_id:
                value(other)
        if "MetricStat" in query:
            stat = query["MetricStat"]
            found: Any = Line(
                metrics.values(key_of(stat), stat["Stat"], stat["Period"], start, end, stat.get("Unit")),
                stat["Metric"].get("MetricName", ""),
            )
        elif insights.is_query(query["Expression"]):
            found = insights.run(
                insights.parse(query["Expression"]), metrics, int(query.get("Period") or period), start, end
            )
            if not insights.parse(query["Expression"]).group:
                found = found[0] if found else Line({})
        else:
            world = World(results, grid(start, end, period), period, search, band, all_metrics)
            found = evaluate(parse(query["Expression"]), world)
        under_way.pop()
        results[id] = found
        return found

    for query in queries:
        value(query["Id"])
    return results


def edges(past: list[float], width: float) -> tuple[float, float]:
    """An anomaly band as the stand-in draws it: so many standard deviations around the mean of what is stored."""
    middle, spread = mean(past), deviation(past)
    return middle - width * spread, middle + width * spread


def search_keys(text: str, metrics: Metrics) -> list[Key]:
    """The metrics that a SEARCH text finds: ``{Namespace,Dimension,…}``, ``Name="value"`` pairs and plain words."""
    schema = re.search(r"\{([^}]*)\}", text)
    namespace, listed = "", None
    rest = text
    if schema:
        parts = [part.strip().strip('"') for part in schema[1].split(",")]
        namespace, listed = parts[0], set(parts[1:])
        rest = text.replace(schema[0], " ")
    pairs = re.findall(r"""([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w./:-]+))""", rest)
    rest = re.sub(r"""([\w.:-]+)\s*=\s*(?:"[^"]*"|'[^']*'|[\w./:-]+)""", " ", rest)
    words = [word.strip("\"'()").lower() for word in rest.split() if word.upper() not in ("AND", "OR", "NOT")]

    def fits(key: Key) -> bool:
        have = {**dict(key[2]), "Namespace": key[0], "MetricName": key[1]}
        if namespace and key[0] != namespace:
            return False
        if listed is not None and set(dict(key[2])) != listed:
            return False
        if any(have.get(name) != (first or second or third) for name, first, second, third in pairs):
            return False
        everything = " ".join([key[0], key[1], *(value for pair in key[2] for value in pair)]).lower()
        return all(word in everything for word in words if word)

    return sorted(key for key in metrics.points if fits(key))[:100]
