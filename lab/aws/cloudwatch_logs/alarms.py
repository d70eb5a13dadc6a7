# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log alarms: what a scheduled query said each of the last times, and what state follows. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lab.aws.cloudwatch.evaluate import ALARM, INSUFFICIENT, OK, WORDS, Contributor, breaches, contributor_id, decide
from lab.aws.cloudwatch_logs import insights, searches, syntax
from lab.aws.cloudwatch_logs.functions import number, text
from lab.aws.cloudwatch_logs.service import name_of
from lab.aws.cloudwatch_logs.store import Scope

UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
CRON = 60
"""How often (s) an alarm with a cron expression is looked at; the stand-in does not read them."""


@dataclass(frozen=True)
class Verdict:
    """What an evaluation found; ``state`` is None where the alarm keeps the one it has."""

    state: str | None
    reason: str = ""
    data: dict[str, Any] | None = None
    contributors: tuple[Contributor, ...] = ()
    full: bool = False
    """Whether every run had data."""


def rate(put: dict[str, Any]) -> int:
    """The seconds between two runs of the query."""
    expression = put["ScheduledQueryConfiguration"]["ScheduleConfiguration"]["ScheduleExpression"]
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    return int(found[1]) * UNITS[found[2]] if found else CRON


def groups(put: dict[str, Any]) -> set[str]:
    return {name_of(item) for item in put["ScheduledQueryConfiguration"].get("LogGroupIdentifiers", ())}


def lines(put: dict[str, Any], scope: Scope, at: float) -> list[insights.Row]:
    """The lines that a run at ``at`` (seconds) looks at."""
    schedule = put["ScheduledQueryConfiguration"]["ScheduleConfiguration"]
    first = int((at - schedule["StartTimeOffset"]) * 1000)
    last = int((at - schedule.get("EndTimeOffset", 0)) * 1000)
    named = [scope.groups[name] for name in sorted(groups(put))]
    return searches.lines(scope, named, first, last, int(at * 1000))


def commands(put: dict[str, Any]) -> tuple[list[syntax.Command], syntax.Stats]:
    """The query, and the aggregation behind it; what follows a bar in the latter only orders the contributors."""
    configuration = put["ScheduledQueryConfiguration"]
    aggregation = syntax.read(f"stats {configuration['AggregationExpression'].partition('|')[0]}")[0]
    assert isinstance(aggregation, syntax.Stats)
    return syntax.read(configuration["QueryString"]), aggregation


def evaluate(put: dict[str, Any], scope: Scope, now: float, state: str) -> Verdict | None:
    """The state at ``now`` by the last runs; None where the query cannot be run."""
    if not groups(put) or not groups(put) <= set(scope.groups):
        return None
    try:
        query, aggregation = commands(put)
    except syntax.Malformed:
        return None
    wanted, step = put["QueryResultsToEvaluate"], rate(put)
    runs = [results(query, aggregation, lines(put, scope, now - number * step)) for number in range(wanted)]
    as_metric = {**put, "EvaluationPeriods": wanted, "DatapointsToAlarm": put["QueryResultsToAlarm"]}
    if not aggregation.by:
        values = [run.get((), None) for run in runs]
        slots = [None if value is None else breaches(as_metric, 0, value, None) for value in values]
        decided, _missing = decide(as_metric, slots, state)
        return Verdict(
            decided, reason(put, decided, values, slots), {"recentQueryResults": values}, (), None not in values
        )
    keys = sorted({key for run in runs for key in run})
    firing = []
    states = set()
    for key in keys:
        values = [run.get(key) for run in runs]
        slots = [None if value is None else breaches(as_metric, 0, value, None) for value in values]
        decided, _missing = decide(as_metric, slots, OK)
        states.add(decided)
        if decided == ALARM:
            attributes = dict(zip((column.name for column in aggregation.by), key, strict=True))
            firing.append(Contributor(contributor_id(attributes), attributes, reason(put, ALARM, values, slots)))
    if firing:
        return Verdict(
            ALARM, f"{len(firing)} out of {len(keys)} contributors evaluated to ALARM", None, tuple(firing), all(runs)
        )
    if keys and states != {INSUFFICIENT}:
        return Verdict(OK, f"{len(keys)} out of {len(keys)} contributors evaluated to OK", None, (), all(runs))
    decided, _missing = decide(as_metric, [None] * wanted, state)
    return Verdict(decided, reason(put, decided, [None] * wanted, [None] * wanted))


def results(query: list[syntax.Command], aggregation: syntax.Stats, rows: list[insights.Row]) -> dict[Any, float]:
    """The first value of the aggregation, by what it is grouped by."""
    found = insights.run([*query, aggregation], rows)
    values = {}
    for row in found.raw:
        value = number(row.get(aggregation.columns[0].name))
        if value is not None:
            values[tuple(text(row.get(column.name)) or "" for column in aggregation.by)] = float(value)
    return values


def reason(put: dict[str, Any], state: str | None, values: list[float | None], slots: list[bool | None]) -> str:
    known = [value for value, slot in zip(values, slots, strict=True) if slot is not None and slot == (state == ALARM)]
    count = len(values)
    if not known:
        treated = put.get("TreatMissingData", "missing")
        return f"{count} query results were without data and were treated as [{treated}]."
    negated = "" if state == ALARM else "not "
    shown = ", ".join(str(value) for value in known[:5])
    were = "was" if len(known) == 1 else "were"
    return (
        f"Threshold Crossed: {len(known)} out of the last {count} query results [{shown}] {were} {negated}"
        f"{WORDS[put['ComparisonOperator']]} the threshold ({put['Threshold']})."
    )


def matching(put: dict[str, Any], scope: Scope, at: float) -> list[dict[str, str]]:
    """The lines that go into the notification: those of the newest run, newest first."""
    count = put.get("ActionLogLineCount", 0)
    if not count or not groups(put) <= set(scope.groups):
        return []
    try:
        query, _aggregation = commands(put)
    except syntax.Malformed:
        return []
    found = insights.run(query, lines(put, scope, at), count)
    listed = []
    for row in found.raw:
        names = ("@timestamp", "@message", "@log", "@logStream") if row.event else tuple(row.made)
        listed.append({name: value for name in names if (value := text(row.get(name))) is not None})
    return listed
