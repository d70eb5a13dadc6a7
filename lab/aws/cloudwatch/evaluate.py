# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a metric alarm is in ALARM: M of N, missing data, bands, contributors. Pure.

The rules for missing data are those of the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing
data". The stand-in does not wait for a period to end: the newest one counts as soon as it holds data, except where an
alarm would fire because a sum is still growing (a sum or count that must not fall below its threshold).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.aws.cloudwatch import insights, queries
from lab.aws.cloudwatch.expressions import Line, Unreadable
from lab.aws.cloudwatch.series import Metrics, dimensions

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"

WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
    "LessThanLowerOrGreaterThanUpperThreshold": "less than the lower thresholds or greater than the upper thresholds",
    "LessThanLowerThreshold": "less than the lower thresholds",
    "GreaterThanUpperThreshold": "greater than the upper thresholds",
}
BAND = tuple(name for name in WORDS if "Lower" in name or "Upper" in name)

SPARE = 2
"""How many periods more than EvaluationPeriods are looked at for points that are there."""


@dataclass(frozen=True)
class Verdict:
    """What an evaluation found; ``state`` is None where the alarm keeps the one it has."""

    state: str | None
    reason: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    contributors: tuple[Contributor, ...] = ()


@dataclass(frozen=True)
class Contributor:
    """One series of a Metrics Insights alarm that breaches."""

    id: str
    attributes: dict[str, str]
    reason: str


def as_queries(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm as queries, also where it has just one metric."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    stat = {
        "Metric": {
            "Namespace": alarm.get("Namespace", ""),
            "MetricName": alarm.get("MetricName", ""),
            "Dimensions": alarm.get("Dimensions", []),
        },
        "Period": alarm.get("Period", 60),
        "Stat": alarm.get("Statistic") or alarm.get("ExtendedStatistic") or "Average",
    }
    if alarm.get("Unit"):
        stat["Unit"] = alarm["Unit"]
    return [{"Id": "m1", "MetricStat": stat, "ReturnData": True}]


def period(alarm: dict[str, Any]) -> int:
    return queries.period_of(as_queries(alarm))


def evaluate(alarm: dict[str, Any], metrics: Metrics, now: float, state: str) -> Verdict:
    """What an alarm's state is at ``now``, by what is stored."""
    asked = as_queries(alarm)
    step = queries.period_of(asked)
    wanted = int(alarm["EvaluationPeriods"])
    this = int(now // step) * step
    start, end = this - (wanted + SPARE) * step, this + step
    try:
        results = queries.run(asked, metrics, start, end)
    except Unreadable as exc:
        return Verdict(INSUFFICIENT, f"Insufficient Data: {exc}")
    band_id = alarm.get("ThresholdMetricId")
    watched = next(
        (query["Id"] for query in asked if query.get("ReturnData", True) and query["Id"] != band_id), asked[0]["Id"]
    )
    value = results[watched]
    if isinstance(value, (int, float)):
        value = Line({begin: float(value) for begin in queries.grid(start, end, step)})
    band = results.get(band_id) if band_id else None
    lines = value if isinstance(value, list) else [value if isinstance(value, Line) else Line({})]
    patient = still_growing(alarm, asked)
    if isinstance(value, list):
        return evaluate_group(alarm, lines, this, step, state, now, patient)
    if low_samples(alarm, metrics, start, end):
        return Verdict(None)
    return evaluate_line(alarm, lines[0], band, this, step, state, now, patient)


def still_growing(alarm: dict[str, Any], asked: list[dict[str, Any]]) -> bool:
    """Whether the newest period must be over first: its sum only grows, and too little is what alarms."""
    if not alarm["ComparisonOperator"].startswith("LessThan"):
        return False
    return any(query.get("MetricStat", {}).get("Stat") in ("Sum", "SampleCount") for query in asked)


def low_samples(alarm: dict[str, Any], metrics: Metrics, start: float, end: float) -> bool:
    """Whether a percentile has too few samples to mean anything, and the alarm shall wait for more."""
    statistic = alarm.get("ExtendedStatistic", "")
    if alarm.get("EvaluateLowSampleCountPercentile") != "ignore" or not statistic.startswith("p"):
        return False
    rank = float(statistic[1:]) / 100
    needed = 10 / (1 - rank) if rank >= 0.5 and rank < 1 else 10 / rank if rank else 10
    key = alarm.get("Namespace", ""), alarm.get("MetricName", ""), dimensions(alarm.get("Dimensions"))
    points = metrics.between(key, start, end, alarm.get("Unit"))
    return bool(points) and sum(point.count for point in points) < needed


def breaches(alarm: dict[str, Any], begin: int, value: float, band: Line | None) -> bool:
    """Whether one value is on the wrong side."""
    operator = alarm["ComparisonOperator"]
    if operator in BAND:
        low = band.values.get(begin) if band else None
        high = band.upper.get(begin) if band and band.upper is not None else None
        under = low is not None and value < low
        above = high is not None and value > high
        if operator == "LessThanLowerThreshold":
            return under
        return above if operator == "GreaterThanUpperThreshold" else under or above
    threshold = alarm.get("Threshold", 0.0)
    return bool(
        {
            "GreaterThanOrEqualToThreshold": value >= threshold,
            "GreaterThanThreshold": value > threshold,
            "LessThanThreshold": value < threshold,
            "LessThanOrEqualToThreshold": value <= threshold,
        }[operator]
    )


def decide(alarm: dict[str, Any], slots: list[bool | None], state: str) -> tuple[str | None, int]:
    """The state by the slots, newest first: breaching, not, or None for no data; and how many were filled in.

    ``slots`` has SPARE more than EvaluationPeriods, for points that are there in the place of those that are not.
    """
    wanted = int(alarm["EvaluationPeriods"])
    needed = int(alarm.get("DatapointsToAlarm") or wanted)
    real = [slot for slot in slots if slot is not None][:wanted]
    missing = wanted - len(real)
    breaching = sum(real)
    treat = alarm.get("TreatMissingData", "missing")
    if breaching >= needed:
        return ALARM, missing
    if missing == 0 or len(real) - breaching > wanted - needed:
        return OK, missing
    if treat == "breaching":
        return (ALARM if breaching + missing >= needed else OK), missing
    if treat == "notBreaching":
        return OK, missing
    if not real:
        return (None if treat == "ignore" else INSUFFICIENT), missing
    if breaching < len(real):
        return OK, missing
    if treat == "ignore":
        return None, missing
    # All that is there breaches, and the oldest of it is as old as the alarm asks for.
    oldest = max(number for number, slot in enumerate(slots[:wanted], 1) if slot) if any(slots[:wanted]) else 0
    return (ALARM if oldest >= needed else None), missing


def evaluate_line(
    alarm: dict[str, Any], line: Line, band: Line | None, this: int, step: int, state: str, now: float, patient: bool
) -> Verdict:
    newest = this if this in line.values and not patient else this - step
    wanted = int(alarm["EvaluationPeriods"])
    begins = [newest - number * step for number in range(wanted + SPARE)]
    operator = alarm["ComparisonOperator"]
    if operator in BAND and (band is None or not band.values):
        return Verdict(INSUFFICIENT, "Insufficient Data: the anomaly detection model is not trained yet")
    slots = [breaches(alarm, begin, line.values[begin], band) if begin in line.values else None for begin in begins]
    decided, missing = decide(alarm, slots, state)
    if decided is None:
        return Verdict(None)
    known = [(begin, line.values[begin], slot) for begin, slot in zip(begins, slots, strict=True) if slot is not None]
    known = known[:wanted]
    return Verdict(
        decided,
        reason_text(alarm, decided, known, missing, state, band),
        reason_data(alarm, known, begins[:wanted], step, now, band),
    )


def evaluate_group(
    alarm: dict[str, Any], lines: list[Line], this: int, step: int, state: str, now: float, patient: bool
) -> Verdict:
    """A Metrics Insights alarm: in ALARM when any of its series is."""
    verdicts = [(line, evaluate_line(alarm, line, None, this, step, OK, now, patient)) for line in lines]
    firing = tuple(
        Contributor(contributor_id(line.attributes), line.attributes, verdict.reason)
        for line, verdict in verdicts
        if verdict.state == ALARM
    )
    if firing:
        first = next(verdict for _line, verdict in verdicts if verdict.state == ALARM)
        count = len(firing)
        text = f"{count} out of {len(lines)} time series evaluated to ALARM"
        return Verdict(ALARM, text, first.data, firing)
    states = {verdict.state for _line, verdict in verdicts}
    if OK in states:
        count = sum(verdict.state == OK for _line, verdict in verdicts)
        return Verdict(OK, f"{count} out of {len(lines)} time series evaluated to OK")
    if not lines or INSUFFICIENT in states:
        treat = alarm.get("TreatMissingData", "missing")
        if treat == "ignore":
            return Verdict(None)
        if treat in ("notBreaching", "breaching"):
            decided = OK if treat == "notBreaching" else ALARM
            return Verdict(decided, "No time series were found and missing data was treated as " + treat)
        return Verdict(INSUFFICIENT, "Insufficient Data: the query returned no time series")
    return Verdict(None)


def contributor_id(attributes: dict[str, str]) -> str:
    """Sixteen letters that stay the same for the same attributes."""
    return hashlib.sha256(repr(sorted(attributes.items())).encode()).hexdigest()[:16]


def shown_time(begin: float) -> str:
    return datetime.fromtimestamp(begin, UTC).strftime("%d/%m/%y %H:%M:%S")


def iso(moment: float) -> str:
    """As CloudWatch writes times in reasons and messages: milliseconds and +0000."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(moment % 1 * 1000):03d}+0000"


def plural(count: int) -> str:
    return "datapoint" if count == 1 else "datapoints"


def reason_text(
    alarm: dict[str, Any],
    decided: str,
    known: list[tuple[int, float, bool]],
    missing: int,
    state: str,
    band: Line | None,
) -> str:
    """The sentence that people read, as CloudWatch words it."""
    wanted = int(alarm["EvaluationPeriods"])
    if decided == INSUFFICIENT:
        were = "was" if wanted == 1 else "were"
        return f"Insufficient Data: {wanted} {plural(wanted)} {were} unknown."
    treat = alarm.get("TreatMissingData", "missing")
    word = {"breaching": "Breaching", "notBreaching": "NonBreaching", "ignore": "Ignored"}.get(treat, "Missing")
    if not known:
        were = "was" if missing == 1 else "were"
        return (
            f"Threshold Crossed: no datapoints were received for {wanted} period{'s' if wanted > 1 else ''} and "
            f"{missing} missing {plural(missing)} {were} treated as [{word}]."
        )
    telling = [item for item in known if item[2] == (decided == ALARM)] or known
    count = len(telling)
    values = ", ".join(f"{value} ({shown_time(begin)})" for begin, value, _slot in telling[:5])
    were = "was" if count == 1 else "were"
    negated = "" if decided == ALARM else "not "
    relation = WORDS[alarm["ComparisonOperator"]]
    if alarm["ComparisonOperator"] in BAND:
        edges = band.upper if band and band.upper and "Greater" in alarm["ComparisonOperator"] else band and band.values
        shown = ", ".join(f"{edges[begin]}" for begin, _value, _slot in telling[:5] if edges and begin in edges)
        against = f"{negated}{relation} [{shown}]"
    else:
        against = f"{negated}{relation} the threshold ({alarm.get('Threshold', 0.0)})"
    if wanted == 1:
        return f"Threshold Crossed: 1 datapoint [{values}] was {against}."
    needed = int(alarm.get("DatapointsToAlarm") or wanted)
    if decided == ALARM:
        least, change = needed, "OK -> ALARM"
    else:
        least, change = wanted - needed + 1, "ALARM -> OK"
    filled = ""
    if missing and treat in ("breaching", "notBreaching"):
        have = "was" if missing == 1 else "were"
        filled = f" and {missing} missing {plural(missing)} {have} treated as [{word}]"
    return (
        f"Threshold Crossed: {count} out of the last {wanted} datapoints [{values}] {were} {against}{filled} "
        f"(minimum {least} {plural(least)} for {change} transition)."
    )


def reason_data(
    alarm: dict[str, Any],
    known: list[tuple[int, float, bool]],
    begins: list[int],
    step: int,
    now: float,
    band: Line | None,
) -> dict[str, Any]:
    """The same for machines."""
    values = {begin: value for begin, value, _slot in known}
    data: dict[str, Any] = {"version": "1.0", "queryDate": iso(now)}
    if values:
        data["startDate"] = iso(min(values))
    if alarm.get("Unit"):
        data["unit"] = alarm["Unit"]
    if alarm.get("Statistic") or alarm.get("ExtendedStatistic"):
        data["statistic"] = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    data["period"] = step
    data["recentDatapoints"] = [value for _begin, value in sorted(values.items())]
    if alarm["ComparisonOperator"] in BAND:
        if band and band.upper is not None:
            data["recentLowerThresholds"] = [band.values.get(begin) for begin in sorted(values)]
            data["recentUpperThresholds"] = [band.upper.get(begin) for begin in sorted(values)]
    else:
        data["threshold"] = alarm.get("Threshold")
    data["evaluatedDatapoints"] = [
        {"timestamp": iso(begin), **({"value": values[begin]} if begin in values else {})}
        for begin in sorted(set(begins) | set(values), reverse=True)
    ]
    return data


def metrics_used(alarm: dict[str, Any]) -> tuple[set[tuple[str, str]], bool]:
    """Namespace and name of the metrics that an alarm reads; true where it may read any."""
    used: set[tuple[str, str]] = set()
    for query in as_queries(alarm):
        if "MetricStat" in query:
            used.add(queries.key_of(query["MetricStat"])[:2])
        elif insights.is_query(query.get("Expression", "")):
            try:
                found = insights.parse(query["Expression"])
            except Unreadable:
                return used, True
            used.add((found.namespace, found.metric))
        elif "SEARCH" in query.get("Expression", "").upper():
            return used, True
    return used, False
