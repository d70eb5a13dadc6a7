# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics Insights: SELECT … FROM … WHERE … GROUP BY … ORDER BY … LIMIT. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lab.aws.cloudwatch.expressions import Line, Unreadable
from lab.aws.cloudwatch.series import Key, Metrics, Point, buckets, calculate

TOKEN = re.compile(r"""\s*("(?:[^"])*"|'(?:[^'])*'|[A-Za-z_][\w.:/-]*|\d+|!=|[=(),*])""")
STATISTICS = {"AVG": "Average", "SUM": "Sum", "MIN": "Minimum", "MAX": "Maximum", "COUNT": "SampleCount"}
MATCHED_MOST = 10_000
"""How many metrics one query analyses at most."""

Test = Callable[[dict[str, str]], bool]


@dataclass(frozen=True)
class Query:
    """A query, read. ``dimensions`` are those of SCHEMA, None where only the namespace was named."""

    statistic: str
    metric: str
    namespace: str
    dimensions: tuple[str, ...] | None
    where: Test
    group: tuple[str, ...]
    order: tuple[str, bool] | None
    limit: int | None


def is_query(expression: str) -> bool:
    return re.match(r"\s*SELECT\s", expression, re.IGNORECASE) is not None


def parse(text: str) -> Query:
    """Read a query; what is wrong with it raises Unreadable."""
    rest: list[str] = []
    place = 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            raise Unreadable(f"Syntax error in Metrics Insights query near '{text[place:].strip()[:20]}'")
        rest.append(match[1])
        place = match.end()

    def peek() -> str:
        return rest[0].upper() if rest else ""

    def take(wanted: str = "") -> str:
        if not rest or (wanted and rest[0].upper() != wanted):
            shown = rest[0] if rest else "the end"
            raise Unreadable(f"Syntax error in Metrics Insights query near '{shown}': {wanted or 'a name'} expected")
        return rest.pop(0)

    def name() -> str:
        return take().strip("\"'")

    take("SELECT")
    statistic = take().upper()
    if statistic not in STATISTICS:
        raise Unreadable(f"Syntax error in Metrics Insights query: unknown function '{statistic}'")
    take("(")
    metric = name()
    take(")")
    take("FROM")
    listed: tuple[str, ...] | None = None
    if peek() == "SCHEMA":
        take()
        take("(")
        namespace, found = name(), []
        while peek() == ",":
            take()
            found.append(name())
        take(")")
        listed = tuple(found)
    else:
        namespace = name()

    def either() -> Test:
        tests = [both()]
        while peek() == "OR":
            take()
            tests.append(both())
        return lambda have: any(test(have) for test in tests)

    def both() -> Test:
        tests = [single()]
        while peek() == "AND":
            take()
            tests.append(single())
        return lambda have: all(test(have) for test in tests)

    def single() -> Test:
        if peek() == "(":
            take()
            test = either()
            take(")")
            return test
        if peek() == "NOT":
            take()
            inner = single()
            return lambda have: not inner(have)
        key, sign, value = name(), take(), name()
        if sign not in ("=", "!="):
            raise Unreadable(f"Syntax error in Metrics Insights query near '{sign}': = or != expected")
        return lambda have: (have.get(key) == value) == (sign == "=") and (key in have or sign == "!=")

    where: Test = lambda have: True  # noqa: E731
    if peek() == "WHERE":
        take()
        where = either()
    group: list[str] = []
    if peek() == "GROUP":
        take()
        take("BY")
        group.append(name())
        while peek() == ",":
            take()
            group.append(name())
    order = None
    if peek() == "ORDER":
        take()
        take("BY")
        how = take().upper()
        take("(")
        take(")")
        order = (how, False)
        if peek() in ("ASC", "DESC"):
            order = (how, take().upper() == "DESC")
    limit = None
    if peek() == "LIMIT":
        take()
        limit = int(take())
    if rest:
        raise Unreadable(f"Syntax error in Metrics Insights query near '{rest[0]}'")
    return Query(STATISTICS[statistic], metric, namespace, listed, where, tuple(group), order, limit)


def matches(query: Query, key: Key) -> bool:
    have = dict(key[2])
    return (
        key[:2] == (query.namespace, query.metric)
        and (query.dimensions is None or set(have) == set(query.dimensions))
        and all(name in have for name in query.group)
        and query.where(have)
    )


def run(query: Query, metrics: Metrics, period: int, start: float, end: float) -> list[Line]:
    """One line a group, its attributes are the group's keys; one line in all without GROUP BY."""
    groups: dict[tuple[str, ...], list[Point]] = {}
    found = [key for key in metrics.points if matches(query, key)]
    for key in found[:MATCHED_MOST]:
        have = dict(key[2])
        groups.setdefault(tuple(have[name] for name in query.group), []).extend(metrics.between(key, start, end))
    lines = []
    for values, points in groups.items():
        per_period = {begin: calculate(inside, query.statistic) for begin, inside in buckets(points, period).items()}
        known = {begin: value for begin, value in sorted(per_period.items()) if value is not None}
        label = " ".join(values) or query.metric
        lines.append(Line(known, label, dict(zip(query.group, values, strict=True))))
    if query.order:
        how, descending = query.order
        ways: dict[str, Callable[[list[float]], float]] = {
            "AVG": lambda given: sum(given) / len(given),
            "SUM": sum,
            "MIN": min,
            "MAX": max,
            "COUNT": len,
        }
        lines = sorted(
            (line for line in lines if line.values),
            key=lambda line: ways.get(how, max)(list(line.values.values())),
            reverse=descending,
        )
    return lines[: query.limit] if query.limit else lines
