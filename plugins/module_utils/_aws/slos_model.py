# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service level objectives of Application Signals: what is declared, what exists, are they the same. Pure.

An objective counts good requests or good periods, which cannot be changed afterwards. What it counts comes from a
service that Application Signals discovered, or from metrics of CloudWatch; AWS takes one of the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from . import times
from .alarm_model import queries, queries_of, query_members
from .entries import given, ignored, within
from .session import Known
from .tagging import declared_tags, without_mark
from .tags import MARK, Tags

SINCE = "1.35.13"
"""The first botocore that knows objectives by requests."""
SINCE_BURN_RATES = "1.35.60"
"""The first botocore that knows burn rates."""

REQUESTS, PERIODS = "requests", "periods"
EVALUATIONS = {REQUESTS: "RequestBased", PERIODS: "PeriodBased"}
INDICATORS = {"availability": "AVAILABILITY", "latency": "LATENCY"}
UNITS = {"minute": "MINUTE", "hour": "HOUR", "day": "DAY", "month": "MONTH"}
COMPARISONS = ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")

_METRICS = ("total_requests", "good_requests", "bad_requests", "queries")
#: Options of one way of counting.
_ONLY = {
    "total_requests": REQUESTS,
    "good_requests": REQUESTS,
    "bad_requests": REQUESTS,
    "queries": PERIODS,
    "statistic": PERIODS,
    "period": PERIODS,
}
#: What says what is counted: all of it is sent as soon as one of it changes.
_INDICATOR = ("service", "operation", "indicator", "threshold", "comparison", "statistic", "period", *_METRICS)
_GOAL = ("goal", "warning", "interval")
OPTIONS = ("description", "evaluation", *_INDICATOR, *_GOAL, "burn_rate_windows", "tags")

_NAME = re.compile(r"[0-9A-Za-z][-._0-9A-Za-z ]{0,126}[0-9A-Za-z]")
_KEYS = {"type": "Type", "name": "Name", "environment": "Environment"}


def desired(entries: Sequence[Mapping[str, Any]], known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        name = str(options["name"])
        who = f"objective '{name}'"
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{who}: name takes 2 to 128 letters, digits, blanks, and . _ -, and begins and ends with a letter or "
                f"a digit: rename it."
            )
        state = options.get("state", PRESENT)
        properties = {} if state == ABSENT else _properties(options, who)
        if "burn_rate_windows" in properties:
            operation = ("application-signals", "CreateServiceLevelObjective", "BurnRateConfigurations")
            known.need(f"{who}: burn_rate_windows", SINCE_BURN_RATES, *operation)
        result.append(Desired(name, name, position, properties, state, ignored(options, OPTIONS, who, "objective")))
    operation = ("application-signals", "CreateServiceLevelObjective", "RequestBasedSliConfig")
    known.need("application_signals_slos", SINCE, *operation)
    return result


def _properties(options: Mapping[str, Any], who: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if "description" in options:
        properties["description"] = str(options["description"])
        if not 1 <= len(properties["description"]) <= 1024:
            raise InputError(f"{who}: description takes 1 to 1024 characters: AWS cannot take one away again.")
    for option in ("evaluation", "indicator", "comparison", "statistic", "operation"):
        if option in options:
            properties[option] = str(options[option])
    if "service" in options:
        service = given(options["service"])
        properties["service"] = {"type": "Service", **{key: str(value) for key, value in service.items()}}
    if "threshold" in options:
        properties["threshold"] = float(options["threshold"])
    if "period" in options:
        properties["period"] = within(who, "period", options["period"], 60, 900, "seconds")
        if properties["period"] % 60:
            raise InputError(f"{who}: period must be a multiple of 60 seconds, not {options['period']}: correct it.")
    for option in _METRICS:
        if option in options:
            properties[option] = _queries(options[option], option, who)
    for option in ("goal", "warning"):
        if option in options:
            properties[option] = float(options[option])
            if not 0 < properties[option] < 100:
                raise InputError(
                    f"{who}: {option} must be a percentage above 0 and below 100, not {properties[option]:g}: "
                    f"correct it."
                )
    if "interval" in options:
        properties["interval"] = _interval(given(options["interval"]), who)
    if "burn_rate_windows" in options:
        windows = sorted({int(value) for value in options["burn_rate_windows"]})
        if len(windows) > 10:
            raise InputError(f"{who}: burn_rate_windows has {len(windows)} windows, and there may be 10.")
        for value in windows:
            within(who, "burn_rate_windows", value, 1, 10080, "minutes")
        properties["burn_rate_windows"] = windows
    tags = declared_tags(options, who)
    if tags is not None:
        properties["tags"] = tags
    _fits(properties, who)
    return properties


def _queries(elements: Sequence[Mapping[str, Any]], option: str, who: str) -> list[dict[str, Any]]:
    if not elements:
        raise InputError(f"{who}: {option} is empty: name a metric, or leave the option out.")
    for element in elements:
        if (element.get("expression") is None) == (element.get("metric_stat") is None):
            raise InputError(f"{who}: {option} needs either expression or metric_stat for '{element['id']}'.")
    found = queries(elements)
    watched = [one["id"] for one in found if one["return_data"]]
    if len(watched) != 1:
        raise InputError(f"{who}: {option} must say return_data: true of exactly one of them, the one that counts.")
    return found


def _interval(interval: Mapping[str, Any], who: str) -> dict[str, Any]:
    unit, duration = str(interval["unit"]), int(interval["duration"])
    start = interval.get("start")
    if start is None and unit == "month":
        raise InputError(f"{who}: interval of months needs start: months of the calendar differ in length.")
    if duration < 1:
        raise InputError(f"{who}: interval.duration must be at least 1, not {duration}: correct it.")
    found: dict[str, Any] = {"duration": duration, "unit": unit}
    if start is not None:
        found["start"] = times.moment_text(times.moment(who, "interval.start", str(start)))
    return found


def _fits(properties: Mapping[str, Any], who: str) -> None:
    """Refuse options that do not go together."""
    evaluation = properties.get("evaluation")
    metrics = [option for option in _METRICS if option in properties]
    services = [option for option in ("service", "operation", "indicator") if option in properties]
    if metrics and services:
        raise InputError(
            f"{who}: {metrics[0]} counts by metrics and {services[0]} by a discovered service, and AWS takes one of "
            f"the two: take one out."
        )
    for option, only in _ONLY.items():
        if option in properties and evaluation is not None and evaluation != only:
            raise InputError(f"{who}: {option} is for evaluation: {only}: take it out.")
    if "good_requests" in properties and "bad_requests" in properties:
        raise InputError(f"{who}: give good_requests or bad_requests, not both.")


def check(entry: Desired, before: Actual | None) -> None:
    """Refuse a new objective that lacks what it needs, and a change that AWS does not make."""
    who = f"objective '{entry.label}'"
    wanted = entry.properties
    if before is not None:
        now, then = evaluation_of(wanted, before.properties), before.properties["evaluation"]
        if now != then and "evaluation" not in entry.ignored:
            raise InputError(
                f"{who} counts {then}, and AWS cannot let it count {now}: give the new one another name, or delete "
                f"this one first."
            )
        return
    evaluation = evaluation_of(wanted, {})
    missing: list[str] = []
    if "service" in wanted or "indicator" in wanted:
        missing += [option for option in ("service", "indicator") if option not in wanted]
    elif evaluation == REQUESTS:
        missing += [option for option in ("total_requests",) if option not in wanted]
        if "good_requests" not in wanted and "bad_requests" not in wanted:
            missing.append("good_requests or bad_requests")
    elif "queries" not in wanted:
        missing.append("queries")
    if evaluation == PERIODS or wanted.get("indicator") == "latency":
        missing += [option for option in ("threshold", "comparison") if option not in wanted]
    if missing:
        hint = "" if "service" in wanted or evaluation == PERIODS else " (or service and indicator)"
        raise InputError(f"{who} is new and lacks {' and '.join(missing)}{hint}: add it.")
    for key in ("name", "environment"):
        if "service" in wanted and not wanted["service"].get(key):
            raise InputError(f"{who}: service needs {key}: Application Signals knows services by both.")


def evaluation_of(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """What an objective counts: as declared, as its options tell, as it is, and requests where nothing says."""
    if "evaluation" in wanted:
        return str(wanted["evaluation"])
    told = next((only for option, only in _ONLY.items() if option in wanted), None)
    return told or str(before.get("evaluation") or REQUESTS)


# -- what exists ------------------------------------------------------------------------------------------------------


def actual(summary: Mapping[str, Any], slo: Mapping[str, Any] | None, tags: Tags | None) -> Actual:
    """An objective as the planner takes it.

    :param slo: the answer of ``GetServiceLevelObjective``, ``None`` where it was not asked for.
    """
    name = str(summary["Name"])
    properties = {**properties_of(slo), "tags": without_mark(tags)} if slo is not None else {}
    return Actual(name, name, summary["Arn"], properties, (tags or {}).get(MARK))


def properties_of(slo: Mapping[str, Any]) -> dict[str, Any]:
    """What the options of an objective are. What AWS filled in beside a service is there too."""
    requests = slo.get("RequestBasedSli")
    whole: Mapping[str, Any] = requests or slo.get("Sli") or {}
    metric: Mapping[str, Any] = whole.get("RequestBasedSliMetric") or whole.get("SliMetric") or {}
    keys = metric.get("KeyAttributes") or {}
    names = {value: name for name, value in INDICATORS.items()}
    found: dict[str, Any] = {
        "evaluation": REQUESTS if requests else PERIODS,
        "description": slo.get("Description") or "",
        "service": {name: str(keys[key]) for name, key in _KEYS.items() if key in keys},
        "operation": metric.get("OperationName") or "",
        "indicator": names.get(metric.get("MetricType", "")),
        "threshold": whole.get("MetricThreshold"),
        "comparison": whole.get("ComparisonOperator"),
        "burn_rate_windows": sorted(
            int(one["LookBackWindowMinutes"]) for one in slo.get("BurnRateConfigurations") or ()
        ),
        **_goal_of(slo.get("Goal") or {}),
    }
    if requests:
        monitored = metric.get("MonitoredRequestCountMetric") or {}
        found["total_requests"] = queries_of(metric.get("TotalRequestCountMetric") or ())
        for option, key in (("good_requests", "GoodCountMetric"), ("bad_requests", "BadCountMetric")):
            found[option] = queries_of(monitored.get(key) or ())
    else:
        found["queries"] = queries_of(metric.get("MetricDataQueries") or ())
        # The answer has neither by itself: they are those of the metric that it counts by.
        stat: Mapping[str, Any] = next((one["metric_stat"] for one in found["queries"] if "metric_stat" in one), {})
        found["statistic"], found["period"] = stat.get("stat"), stat.get("period")
    return found


def _goal_of(goal: Mapping[str, Any]) -> dict[str, Any]:
    intervals = goal.get("Interval") or {}
    one: Mapping[str, Any] = intervals.get("CalendarInterval") or intervals.get("RollingInterval") or {}
    interval: dict[str, Any] = {}
    if one:
        names = {value: name for name, value in UNITS.items()}
        interval = {"duration": one["Duration"], "unit": names.get(one["DurationUnit"], one["DurationUnit"])}
        if "StartTime" in one:
            interval["start"] = times.moment_text(one["StartTime"])
    return {"goal": goal.get("AttainmentGoal"), "warning": goal.get("WarningThreshold"), "interval": interval}


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name in ("goal", "warning", "threshold"):
        return before is not None and abs(before - after) < 1e-9
    if name == "service":
        return all((before or {}).get(key) == value for key, value in after.items())
    return bool(before == after)


# -- what is sent -----------------------------------------------------------------------------------------------------


def request(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A new objective as it is sent, without its name and its tags."""
    return _sent(properties, properties, evaluation_of(properties, {}))


def change(before: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent to change an objective: of what AWS replaces as a whole all, of the rest what changes."""
    whole = {**before, **changed}
    if any(option in changed for option in _METRICS):
        # It counts by metrics from now on.
        for option in ("service", "operation", "indicator"):
            whole.pop(option, None)
        if "good_requests" in changed or "bad_requests" in changed:
            other = "bad_requests" if "good_requests" in changed else "good_requests"
            whole.pop(other, None)
    elif whole.get("indicator"):
        # AWS filled in the metrics of the service, and takes one of the two only.
        for option in _METRICS:
            whole.pop(option, None)
    return _sent(whole, changed, before["evaluation"])


def _sent(whole: Mapping[str, Any], changed: Mapping[str, Any], evaluation: str) -> dict[str, Any]:
    sent: dict[str, Any] = {}
    if "description" in changed:
        sent["Description"] = changed["description"]
    if any(option in changed for option in _INDICATOR):
        sent.update(_indicator(whole, evaluation))
    if any(option in changed for option in _GOAL):
        sent["Goal"] = _goal(whole)
    if "burn_rate_windows" in changed:
        sent["BurnRateConfigurations"] = [{"LookBackWindowMinutes": value} for value in changed["burn_rate_windows"]]
    return sent


def _indicator(whole: Mapping[str, Any], evaluation: str) -> dict[str, Any]:
    metric: dict[str, Any] = {}
    if whole.get("service"):
        metric["KeyAttributes"] = {_KEYS[key]: value for key, value in whole["service"].items()}
    if whole.get("operation"):
        metric["OperationName"] = whole["operation"]
    if whole.get("indicator"):
        metric["MetricType"] = INDICATORS[whole["indicator"]]
    compared: dict[str, Any] = {}
    if whole.get("threshold") is not None:
        compared["MetricThreshold"] = whole["threshold"]
    if whole.get("comparison"):
        compared["ComparisonOperator"] = whole["comparison"]
    if evaluation == REQUESTS:
        if whole.get("total_requests"):
            metric["TotalRequestCountMetric"] = query_members(whole["total_requests"])
        for option, key in (("good_requests", "GoodCountMetric"), ("bad_requests", "BadCountMetric")):
            if whole.get(option):
                metric["MonitoredRequestCountMetric"] = {key: query_members(whole[option])}
        return {"RequestBasedSliConfig": {"RequestBasedSliMetricConfig": metric, **compared}}
    if whole.get("queries"):
        metric["MetricDataQueries"] = query_members(whole["queries"])
    else:
        if whole.get("statistic"):
            metric["Statistic"] = whole["statistic"]
        if whole.get("period"):
            metric["PeriodSeconds"] = whole["period"]
    return {"SliConfig": {"SliMetricConfig": metric, **compared}}


def _goal(whole: Mapping[str, Any]) -> dict[str, Any]:
    goal: dict[str, Any] = {}
    interval = whole.get("interval")
    if interval:
        one: dict[str, Any] = {"DurationUnit": UNITS[interval["unit"]], "Duration": interval["duration"]}
        if "start" in interval:
            goal["Interval"] = {"CalendarInterval": {"StartTime": datetime.fromisoformat(interval["start"]), **one}}
        else:
            goal["Interval"] = {"RollingInterval": one}
    if whole.get("goal") is not None:
        goal["AttainmentGoal"] = whole["goal"]
    if whole.get("warning") is not None:
        goal["WarningThreshold"] = whole["warning"]
    return goal
