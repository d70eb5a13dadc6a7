# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch would refuse of an alarm, told before anything is written. Pure.

An entry is checked by itself (:func:`entry`), and what becomes of an alarm, together with what it has already, before
it is put (:func:`whole`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._errors import InputError
from . import alarm_rule
from . import tags as tagging
from .alarm_graph import cycle
from .alarm_model import Properties, is_band, is_insights
from .alarm_options import (
    APART,
    BAND_COMPARISONS,
    COMMON,
    COMPOSITE,
    FAMILIES,
    FAMILY_TAKES,
    LOG,
    SINGLE,
    TAKES,
)

_ACTIONS = ("alarm_actions", "ok_actions", "insufficient_data_actions")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_STATISTICS = re.compile(r"SampleCount|Average|Sum|Minimum|Maximum|IQM")
_EXTENDED = re.compile(
    r"(?:p|tm|tc|ts|wm)(?:[0-9]{1,2}(?:\.[0-9]{1,10})?|100(?:\.0+)?)"
    r"|IQM"
    r"|PR\(-?[0-9.]*:-?[0-9.]*\)"
    r"|(?:TM|TC|TS|WM)\(-?[0-9.]*%?:-?[0-9.]*%?\)"
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
#: A name in metric math: what begins with a small letter, unless it is called or part of a number.
_NAME = re.compile(r"(?<![A-Za-z0-9_.])[a-z][A-Za-z0-9_]*(?!\s*\()\b")
_BAND_OF = re.compile(r"\s*ANOMALY_DETECTION_BAND\s*\(\s*([a-z][A-Za-z0-9_]*)", re.IGNORECASE)
_RATE = re.compile(r"rate\(\s*[1-9][0-9]*\s+(?:minute|minutes|hour|hours|day|days)\s*\)")
_SEARCH = re.compile(r"\bSEARCH\s*\(")
_WORDS = frozenset({"and", "or", "not"})

DAY = 86400
WEEK = 7 * DAY


class _Alarm:
    """Complains about one alarm."""

    def __init__(self, name: str) -> None:
        self._name = name

    def wrong(self, option: str, problem: str) -> InputError:
        return InputError(f"alarm '{self._name}': option '{option}' {problem}.")

    def between(self, option: str, value: float | None, least: float, most: float, what: str = "") -> None:
        if value is not None and not least <= value <= most:
            raise self.wrong(option, f"is {value}: give {least} to {most}{what}")

    def length(self, option: str, value: str | None, most: int, least: int = 1) -> None:
        if value is not None and not least <= len(value) <= most:
            problem = "is empty" if not value else f"has {len(value)} characters, and CloudWatch takes {most}"
            raise self.wrong(option, problem)

    def period(self, option: str, value: int | None, also: Sequence[int] = ()) -> None:
        short = (*also, 10, 20, 30)
        if value is not None and value not in short and (value < 60 or value % 60):
            given = ", ".join(map(str, short))
            raise self.wrong(option, f"is {value}: give {given} or a multiple of 60, in seconds")


def name(value: str) -> None:
    """Check the name of an alarm."""
    shown = _CONTROL.sub("?", value)[:60]
    if not value.strip() or len(value) > 255:
        problem = "is empty" if not value.strip() else f"has {len(value)} characters, and CloudWatch takes 255"
        raise InputError(f"alarm '{shown}': option 'name' {problem}.")
    if _CONTROL.search(value):
        raise InputError(f"alarm '{shown}': option 'name' holds control characters, such as a line break: remove them.")


# -- an entry by itself -----------------------------------------------------------------------------------------------


def kind(given: Mapping[str, Any]) -> str | None:
    """The kind of alarm that an entry declares or shows by its options; ``None`` if it shows none.

    :param given: the entry without options that are not set.
    """
    stated = given.get("kind")
    found = str(stated) if stated else _shown(given)
    takes = TAKES[found] if found else frozenset[str]().union(*TAKES.values())
    alarm = _Alarm(given["name"])
    for option in given:
        if option not in APART and option not in takes:
            what = f"kind {found}" if stated else f"kind {found}, which {_because(given)} makes of it"
            raise alarm.wrong(option, f"does not go with {what}: remove it{_instead(option)}")
    _short_forms(alarm, found, given)
    return found


def _short_forms(alarm: _Alarm, of_kind: str | None, given: Mapping[str, Any]) -> None:
    """Check that what stands for ``metrics`` does not stand beside it, and has what belongs to it."""
    for short in ("band", "query"):
        for option in ("metrics", "threshold_metric_id"):
            if short in given and option in given:
                raise alarm.wrong(option, f"does not go with {short}, which stands for it: give one of them")
    if of_kind == "anomaly" and "band" not in given:
        for option in SINGLE:
            if option in given:
                raise alarm.wrong(option, "goes with band; without it, the metric stands in metrics")
    if of_kind == "metrics_insights" and "query" not in given and "period" in given:
        raise alarm.wrong("period", "goes with query; without it, the period stands in metrics")


def _because(given: Mapping[str, Any]) -> str:
    for option in _TELLING:
        if option in given:
            return f"option '{option}'"
    return "what is declared"


#: Options that tell of what kind an alarm is, the most telling ones first.
_TELLING = {
    "rule": "composite",
    "suppressor": "composite",
    "log_query": "log",
    "log_lines": "log",
    "promql": "promql",
    "band": "anomaly",
    "threshold_metric_id": "anomaly",
    "query": "metrics_insights",
    "metrics": "metric_math",
    "metric": "metric",
    "namespace": "metric",
    "dimensions": "metric",
    "statistic": "metric",
    "extended_statistic": "metric",
}


def _shown(given: Mapping[str, Any]) -> str | None:
    for option, shows in _TELLING.items():
        if option in given:
            if option == "metrics" and any(is_insights(one.get("expression")) for one in given["metrics"]):
                return "metrics_insights"
            return shows
    return None


def _instead(option: str) -> str:
    kinds = [kind for kind in FAMILIES if option in TAKES[kind]]
    return f", or declare kind {' or '.join(kinds)}" if option not in COMMON else ""


def fits(alarm_name: str, given: Iterable[str], family: str) -> None:
    """Check that an alarm which exists has the options that an entry of no certain kind declares."""
    for option in given:
        if option not in APART and option not in FAMILY_TAKES[family]:
            raise _Alarm(alarm_name).wrong(option, f"does not go with a {family}, which this one is: remove it")


def entry(alarm_name: str, of_kind: str | None, wanted: Properties, owner: str | None) -> None:
    """Check the values that an entry declares, each by itself and those that are there together.

    :param wanted: its properties.
    :param owner: the mark that the alarm gets.
    """
    alarm = _Alarm(alarm_name)
    alarm.length("description", wanted.get("description"), 1024, 0)
    for option in _ACTIONS:
        _actions(alarm, option, wanted.get(option) or [], of_kind)
    if "tags" in wanted:
        _tags(alarm, wanted["tags"], owner)
    _propagation(alarm, wanted.get("propagated_tags") or {})
    warm_up = wanted.get("warm_up") or {}
    alarm.between("warm_up.minutes", warm_up.get("minutes"), 0, 2880)
    _metric(alarm, wanted, "")
    alarm.period("period", wanted.get("period"))
    found = wanted.get("extended_statistic")
    if found is not None and (not _EXTENDED.fullmatch(found)):
        raise alarm.wrong("extended_statistic", f"is '{found}': give one such as p90, tm90, TM(10%:90%), PR(1:2), IQM")
    threshold = wanted.get("threshold")
    if threshold is not None and not math.isfinite(threshold):
        raise alarm.wrong("threshold", f"is {threshold}: give a number")
    for option in ("evaluation_periods", "datapoints_to_alarm"):
        alarm.between(option, wanted.get(option), 1, 100 if of_kind == "log" else DAY)
    _comparison(alarm, wanted.get("comparison"), of_kind)
    if wanted.get("metrics"):
        _metrics(alarm, wanted["metrics"], wanted.get("threshold_metric_id"))
    promql = wanted.get("promql") or {}
    alarm.length("promql.query", promql.get("query"), 10000)
    for option in ("pending_period", "recovery_period"):
        alarm.between(f"promql.{option}", promql.get(option), 0, DAY, " seconds")
    alarm.period("evaluation_interval", wanted.get("evaluation_interval"))
    alarm.between("evaluation_interval", wanted.get("evaluation_interval"), 10, 3600, " seconds")
    suppressor = wanted.get("suppressor") or {}
    for option in ("wait", "extension"):
        alarm.between(f"suppressor.{option}", suppressor.get(option), 0, 2**31 - 1, " seconds")
    _log(alarm, wanted.get("log_query") or {}, wanted.get("log_lines") or {})
    together(alarm_name, wanted)


def _actions(alarm: _Alarm, option: str, actions: Sequence[str], of_kind: str | None) -> None:
    if len(actions) > 5:
        raise alarm.wrong(option, f"has {len(actions)} actions, and CloudWatch takes 5: publish to one topic instead")
    for action in actions:
        alarm.length(option, action, 1024)
        if not action.startswith("arn:"):
            raise alarm.wrong(option, f"has '{action}', which is no ARN")
        service = action.split(":")[2] if action.count(":") >= 2 else ""
        refused = {
            "composite": ("automate", "swf", "autoscaling"),
            "log": ("automate", "swf", "autoscaling"),
            "anomaly": ("autoscaling",),
        }
        if service in refused.get(of_kind or "", ()):
            raise alarm.wrong(option, f"has '{action}', which alarms of kind {of_kind} cannot do")


def _tags(alarm: _Alarm, tags: Mapping[str, str], owner: str | None) -> None:
    if owner is not None and tags.get(tagging.MARK, owner) != owner:
        raise alarm.wrong("tags", f"has '{tagging.MARK}', which is the mark of ownership: give it as managed_by")
    problem = tagging.problem(tags, 50 if owner is None else 49)
    if problem:
        raise alarm.wrong("tags", problem)


def _propagation(alarm: _Alarm, given: Mapping[str, Any]) -> None:
    if given.get("include") and given.get("exclude"):
        raise alarm.wrong("propagated_tags", "has both include and exclude: give one of them")
    for option in ("include", "exclude"):
        keys = given.get(option) or []
        if len(keys) > 50:
            raise alarm.wrong(f"propagated_tags.{option}", f"has {len(keys)} keys, and CloudWatch takes 50")
        for key in keys:
            alarm.length(f"propagated_tags.{option}", key, 128)


def _metric(alarm: _Alarm, of: Mapping[str, Any], prefix: str) -> None:
    """Check a namespace, a metric and its dimensions."""
    alarm.length(f"{prefix}namespace", of.get("namespace"), 255)
    if str(of.get("namespace") or "").startswith(":"):
        raise alarm.wrong(f"{prefix}namespace", "begins with a colon, which CloudWatch does not take")
    alarm.length(f"{prefix}metric", of.get("metric"), 255)
    dimensions = of.get("dimensions") or {}
    if len(dimensions) > 30:
        raise alarm.wrong(f"{prefix}dimensions", f"has {len(dimensions)} of them, and CloudWatch takes 30")
    for key, value in dimensions.items():
        for what, text, most in (("name", key, 255), ("value", value, 1024)):
            problem = ""
            if not text.strip():
                problem = f"has an empty {what} ('{key}')"
            elif len(text) > most:
                problem = f"has a {what} of {len(text)} characters ('{key}'), and CloudWatch takes {most}"
            elif not text.isascii() or _CONTROL.search(text):
                problem = f"has the {what} '{text}' ('{key}'), and CloudWatch takes ASCII characters only"
            elif what == "name" and text.startswith(":"):
                problem = f"has the name '{key}', which may not begin with a colon"
            if problem:
                raise alarm.wrong(f"{prefix}dimensions", problem)


def _comparison(alarm: _Alarm, comparison: str | None, of_kind: str | None) -> None:
    if comparison is None or of_kind is None:
        return
    if of_kind == "anomaly" and comparison not in BAND_COMPARISONS:
        choices = ", ".join(BAND_COMPARISONS)
        raise alarm.wrong("comparison", f"is {comparison}, and a band needs one of {choices}")
    if of_kind != "anomaly" and comparison in BAND_COMPARISONS:
        raise alarm.wrong("comparison", f"is {comparison}, which needs band or threshold_metric_id")


def _metrics(alarm: _Alarm, metrics: Sequence[Mapping[str, Any]], band_id: str | None) -> None:
    seen: dict[str, Mapping[str, Any]] = {}
    for element in metrics:
        ident = str(element["id"])
        if not _ID.fullmatch(ident) or len(ident) > 255:
            raise alarm.wrong("metrics", f"has the id '{ident}': begin with a small letter, then letters, digits and _")
        if ident in seen:
            raise alarm.wrong("metrics", f"has the id '{ident}' twice: give each its own")
        seen[ident] = element
        if ("expression" in element) == ("metric_stat" in element):
            raise alarm.wrong("metrics", f"needs either expression or metric_stat for '{ident}'")
        alarm.period(f"metrics[{ident}].period", element.get("period"), (1, 5))
        if "expression" in element:
            alarm.length(f"metrics[{ident}].expression", element["expression"], 2048)
            if _SEARCH.search(_QUOTED.sub("", element["expression"])):
                raise alarm.wrong(f"metrics[{ident}].expression", "uses SEARCH, which alarms cannot")
            if is_insights(element["expression"]) and "period" not in element:
                raise alarm.wrong(f"metrics[{ident}].period", "is missing, and a query of Metrics Insights needs it")
        else:
            _stat(alarm, ident, element["metric_stat"])
    for what, found in (
        ("metrics", [one for one in metrics if "metric_stat" in one]),
        ("expressions", [one for one in metrics if "expression" in one]),
    ):
        if len(found) > 10:
            raise alarm.wrong("metrics", f"has {len(found)} {what}, and CloudWatch takes 10")
    _references(alarm, seen)
    _watched(alarm, metrics)
    if band_id is not None:
        _band(alarm, seen, band_id)


def _stat(alarm: _Alarm, ident: str, stat: Mapping[str, Any]) -> None:
    where = f"metrics[{ident}].metric_stat."
    for option in ("namespace", "metric", "period", "stat"):
        if stat.get(option) in (None, ""):
            raise alarm.wrong(f"{where}{option}", "is missing")
    _metric(alarm, stat, where)
    alarm.period(f"{where}period", stat["period"], (1, 5))
    if not _STATISTICS.fullmatch(stat["stat"]) and not _EXTENDED.fullmatch(stat["stat"]):
        raise alarm.wrong(f"{where}stat", f"is '{stat['stat']}': give one such as Average, Sum, p90 or TM(10%:90%)")


def referenced(expression: str) -> list[str]:
    """The ids that an expression of metric math names."""
    if is_insights(expression):
        return []
    found = _NAME.findall(_QUOTED.sub(" ", expression))
    return [one for one in dict.fromkeys(found) if one not in _WORDS]


def _references(alarm: _Alarm, elements: Mapping[str, Mapping[str, Any]]) -> None:
    graph = {ident: referenced(one.get("expression") or "") for ident, one in elements.items()}
    for ident, used in graph.items():
        for other in used:
            if other not in elements:
                known = ", ".join(f"'{one}'" for one in elements if one != ident) or "none"
                raise alarm.wrong(f"metrics[{ident}].expression", f"names '{other}', and there is only {known}")
    circle = cycle(graph)
    if circle:
        raise alarm.wrong("metrics", f"has expressions that go round in a circle ({' -> '.join(circle)})")


def _watched(alarm: _Alarm, metrics: Sequence[Mapping[str, Any]]) -> None:
    watched = [str(one["id"]) for one in metrics if one["return_data"] and not is_band(one.get("expression"))]
    if len(watched) != 1:
        named = " and ".join(f"'{ident}'" for ident in watched) or "none"
        raise alarm.wrong(
            "metrics", f"must say return_data: true of exactly one of them, the watched one, not of {named}"
        )


def _band(alarm: _Alarm, elements: Mapping[str, Mapping[str, Any]], band_id: str) -> None:
    if band_id not in elements:
        raise alarm.wrong("threshold_metric_id", f"is '{band_id}', which is no id in metrics")
    if not is_band(elements[band_id].get("expression")):
        raise alarm.wrong("threshold_metric_id", f"is '{band_id}', whose expression is no ANOMALY_DETECTION_BAND(…)")


def _log(alarm: _Alarm, query: Mapping[str, Any], lines: Mapping[str, Any]) -> None:
    alarm.length("log_query.query", query.get("query"), 10000)
    alarm.length("log_query.aggregation", query.get("aggregation"), 2048)
    alarm.length("log_query.role_arn", query.get("role_arn"), 1024)
    schedule = query.get("schedule")
    if schedule is not None and not _RATE.fullmatch(schedule):
        raise alarm.wrong("log_query.schedule", f"is '{schedule}': give a rate, such as rate(5 minutes)")
    groups = query.get("log_groups")
    if groups is not None and not 1 <= len(groups) <= 50:
        raise alarm.wrong("log_query.log_groups", f"has {len(groups)} log groups: give 1 to 50")
    alarm.between("log_query.start_offset", query.get("start_offset"), 1, 30 * DAY, " seconds")
    alarm.between("log_query.end_offset", query.get("end_offset"), 0, 30 * DAY, " seconds")
    start, end = query.get("start_offset"), query.get("end_offset")
    if start is not None and end is not None and end >= start:
        raise alarm.wrong("log_query.end_offset", f"is {end}: give less than start_offset, which is {start}")
    problem = tagging.problem(query.get("tags") or {}, 50)
    if problem:
        raise alarm.wrong("log_query.tags", problem)
    alarm.between("log_lines.count", lines.get("count"), 0, 50)
    if lines.get("count") and not lines.get("role_arn"):
        raise alarm.wrong("log_lines.role_arn", "is missing: log lines are fetched with a role")


def together(alarm_name: str, wanted: Properties) -> None:
    """Check what depends on each other, of what is there."""
    alarm = _Alarm(alarm_name)
    count, needed = wanted.get("evaluation_periods"), wanted.get("datapoints_to_alarm")
    if count is not None and needed is not None and needed > count:
        raise alarm.wrong("datapoints_to_alarm", f"is {needed}, more than evaluation_periods, which is {count}")
    period = _longest_period(wanted)
    if count is not None and period is not None:
        limit = WEEK if period >= 3600 else DAY
        if count * period > limit:
            most = "7 days" if limit == WEEK else "a day, or 7 days where the period is an hour or longer"
            raise alarm.wrong(
                "evaluation_periods", f"times the period is {count * period} seconds, and CloudWatch takes {most}"
            )


def _longest_period(wanted: Properties) -> int | None:
    periods = [wanted.get("period")]
    for element in wanted.get("metrics") or ():
        periods += [element.get("period"), (element.get("metric_stat") or {}).get("period")]
    return max((period for period in periods if period is not None), default=None)


# -- the alarm that comes of it ---------------------------------------------------------------------------------------


def whole(alarm_name: str, family: str, of_kind: str | None, wanted: Properties) -> None:
    """Check that an alarm is complete, and that its parts go together.

    :param wanted: all its properties, those that it keeps among them.
    """
    alarm = _Alarm(alarm_name)

    def need(option: str, value: Any, why: str = "") -> None:
        if value in (None, "", []):
            raise alarm.wrong(option, f"is missing{why}")

    if any((wanted.get("propagated_tags") or {}).values()) and not wanted.get("tag_propagation"):
        raise alarm.wrong("propagated_tags", "is set, but no tags are propagated: set tag_propagation: true")
    if family == COMPOSITE:
        need("rule", wanted.get("rule"), ", and a composite alarm needs it")
        suppressor = wanted.get("suppressor") or {}
        if suppressor.get("alarm"):
            for option in ("wait", "extension"):
                need(f"suppressor.{option}", suppressor.get(option), ", and a suppressor needs it, in seconds")
        elif suppressor.get("wait") is not None or suppressor.get("extension") is not None:
            need("suppressor.alarm", None)
        return
    if family == LOG:
        query = wanted.get("log_query") or {}
        for option in ("query", "log_groups", "role_arn", "schedule", "start_offset", "aggregation"):
            need(f"log_query.{option}", query.get(option), ", and a log alarm needs it")
        for option in ("threshold", "comparison", "evaluation_periods"):
            need(option, wanted.get(option), ", and a log alarm needs it")
        lines = wanted.get("log_lines") or {}
        if lines.get("count"):
            need("log_lines.role_arn", lines.get("role_arn"))
    else:
        _whole_metric(alarm, need, of_kind, wanted)
    together(alarm_name, wanted)


def _whole_metric(alarm: _Alarm, need: Any, of_kind: str | None, wanted: Properties) -> None:
    if (wanted.get("promql") or {}).get("query") or of_kind == "promql":
        need("promql.query", (wanted.get("promql") or {}).get("query"))
        need("evaluation_interval", wanted.get("evaluation_interval"), ", and an alarm on PromQL needs it")
        return
    if wanted.get("metrics") or of_kind in ("metric_math", "metrics_insights"):
        need("metrics", wanted.get("metrics"), f", and kind {of_kind} needs it")
    elif of_kind is None and not wanted.get("metric"):
        raise alarm.wrong("metric", "is missing, and so are metrics, rule and log_query: say what the alarm watches")
    else:
        for option in ("namespace", "metric", "period"):
            need(option, wanted.get(option), ", and an alarm on one metric needs it")
        if not wanted.get("statistic"):
            need("extended_statistic", wanted.get("extended_statistic"), ", and so is statistic: give one of them")
    for option in ("comparison", "evaluation_periods"):
        need(option, wanted.get(option))
    if wanted.get("threshold_metric_id"):
        _comparison(alarm, wanted["comparison"], "anomaly")
    else:
        if of_kind == "anomaly":
            need("band", None, ", and so is threshold_metric_id: give one of them")
        need("threshold", wanted.get("threshold"))
        _comparison(alarm, wanted["comparison"], "metric")


# -- alarms that name alarms ------------------------------------------------------------------------------------------


def rule(alarm_name: str, text: str, region: str) -> alarm_rule.Rule:
    """Read the rule of a composite alarm."""
    try:
        return alarm_rule.parse(text, region)
    except alarm_rule.RuleError as error:
        raise _Alarm(alarm_name).wrong("rule", str(error)) from None
