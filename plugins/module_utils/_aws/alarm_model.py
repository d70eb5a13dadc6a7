# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms as entries of a playbook and as CloudWatch's API has them. Pure.

In between are *properties*: by the names of the options, normalised, so that what means the same compares equal. A
property that is not set has the value that CloudWatch takes for it (``actions_enabled: true``,
``treat_missing_data: missing``), else ``None``, an empty list or an empty dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import alarm_rule
from .alarm_options import COMPOSITE, COMPOUND, LOG, METRIC, SINGLE

Item = Mapping[str, Any]
"""An alarm as DescribeAlarms has it."""

Properties = dict[str, Any]

#: Properties and the members of the API that hold them, where one is the other.
_PLAIN = {
    "description": "AlarmDescription",
    "actions_enabled": "ActionsEnabled",
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
}
_PLAIN_METRIC = {
    **_PLAIN,
    "namespace": "Namespace",
    "metric": "MetricName",
    "statistic": "Statistic",
    "extended_statistic": "ExtendedStatistic",
    "period": "Period",
    "unit": "Unit",
    "threshold": "Threshold",
    "comparison": "ComparisonOperator",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "treat_missing_data": "TreatMissingData",
    "evaluate_low_sample_count": "EvaluateLowSampleCountPercentile",
    "threshold_metric_id": "ThresholdMetricId",
    "evaluation_interval": "EvaluationInterval",
}
_PLAIN_LOG = {
    **_PLAIN,
    "threshold": "Threshold",
    "comparison": "ComparisonOperator",
    "evaluation_periods": "QueryResultsToEvaluate",
    "datapoints_to_alarm": "QueryResultsToAlarm",
    "treat_missing_data": "TreatMissingData",
}
_PLAIN_COMPOSITE = {**_PLAIN, "rule": "AlarmRule"}
_PLAIN_OF = {METRIC: _PLAIN_METRIC, COMPOSITE: _PLAIN_COMPOSITE, LOG: _PLAIN_LOG}

#: What CloudWatch takes where nothing is set.
_DEFAULTS: Properties = {
    "actions_enabled": True,
    "treat_missing_data": "missing",
    "evaluate_low_sample_count": "evaluate",
    "tag_propagation": False,
}

PUT = {METRIC: "PutMetricAlarm", COMPOSITE: "PutCompositeAlarm", LOG: "PutLogAlarm"}
"""The operation that writes an alarm of a family."""

_ACTIONS = ("alarm_actions", "ok_actions", "insufficient_data_actions")
_BAND_CALL = re.compile(r"\s*ANOMALY_DETECTION_BAND\s*\(", re.IGNORECASE)
_PERCENTILE = re.compile(r"(?P<kind>[a-z]{1,2})(?P<number>[0-9]+\.[0-9]+)")
_SCHEDULE_SPACE = re.compile(r"\s+")


def is_band(expression: str | None) -> bool:
    """Whether an expression is the band of an anomaly detection."""
    return bool(expression and _BAND_CALL.match(expression))


def is_insights(expression: str | None) -> bool:
    """Whether an expression is a query of Metrics Insights."""
    return bool(expression and expression.lstrip()[:6].upper() == "SELECT")


def family(item: Item) -> str:
    """The family of an alarm that exists."""
    if "AlarmRule" in item:
        return COMPOSITE
    return LOG if "ScheduledQueryConfiguration" in item else METRIC


# -- entries ----------------------------------------------------------------------------------------------------------


def declared(entry: Mapping[str, Any], kind: str | None, region: str = "") -> Properties:
    """The properties that an entry declares, among them those that it rules out.

    :param entry: without options that are not set.
    :param kind: the kind of alarm, ``None`` where the entry does not tell.
    """
    given = {**entry, **_short_forms(entry, kind)}
    for gone in ("band", "query", *(SINGLE if "band" in entry else ()), *(("period",) if "query" in entry else ())):
        given.pop(gone, None)
    found: Properties = {}
    for option, value in given.items():
        if option in ("name", "kind", "state", "ignore"):
            continue
        found[option] = _normal(option, value, region)
    return {**_ruled_out(found), **found}


def _short_forms(entry: Mapping[str, Any], kind: str | None) -> Properties:
    """The metrics that ``band`` and ``query`` stand for."""
    if entry.get("band") is not None:
        metric = {
            "namespace": entry.get("namespace"),
            "metric": entry.get("metric"),
            "dimensions": entry.get("dimensions"),
            "period": entry.get("period"),
            "stat": entry.get("statistic") or entry.get("extended_statistic"),
            "unit": entry.get("unit"),
        }
        band = {"id": "ad1", "expression": f"ANOMALY_DETECTION_BAND(m1, {number(entry['band'])})"}
        return {"metrics": [{"id": "m1", "metric_stat": metric}, band], "threshold_metric_id": "ad1"}
    if entry.get("query") is not None:
        return {"metrics": [{"id": "q1", "expression": entry["query"], "period": entry.get("period")}]}
    return {}


def number(value: float) -> str:
    """A number as people write it: 2, not 2.0."""
    return f"{value:.10g}"


def _ruled_out(found: Properties) -> Properties:
    """What an alarm cannot have together with what is declared, as not set."""
    out: Properties = {}

    def unset(names: Iterable[str]) -> None:
        out.update((name, unset_value(name)) for name in names)

    if "metrics" in found:
        unset((*SINGLE, "promql", "evaluation_interval"))
        if "threshold_metric_id" not in found:
            unset(["threshold_metric_id"])
    elif "promql" in found:
        unset((*SINGLE, "metrics", "threshold_metric_id", "threshold", "comparison", "evaluation_periods"))
        unset(("datapoints_to_alarm",))
    elif "metric" in found or "namespace" in found:
        unset(("metrics", "threshold_metric_id", "promql", "evaluation_interval"))
        if "statistic" in found:
            unset(["extended_statistic"])
        elif "extended_statistic" in found:
            unset(["statistic"])
    elif "statistic" in found:
        unset(["extended_statistic"])
    elif "extended_statistic" in found:
        unset(["statistic"])
    if found.get("threshold_metric_id"):
        unset(["threshold"])
    return out


def unset_value(name: str) -> Any:
    """A property that is not set."""
    if name in _ACTIONS or name == "metrics":
        return []
    if name in ("tags", "dimensions"):
        return {}
    if name == "promql":
        return {"query": None}
    return _DEFAULTS.get(name)


def is_unset(name: str, value: Any) -> bool:
    """Whether a property is as if it was not set."""
    return bool(value == unset_value(name))


def _normal(option: str, value: Any, region: str) -> Any:
    if option in ("description", "rule"):
        return _text(value)
    if option in _ACTIONS:
        return sorted(set(value))
    if option in ("tags", "dimensions"):
        return _strings(value)
    if option == "metrics":
        return _metrics([_without_none(element) for element in value])
    if option == "threshold":
        return float(value)
    if option == "extended_statistic":
        return statistic(value)
    if option in COMPOUND:
        return _compound(option, _without_none(value), region)
    return value


def _text(value: str | None) -> str | None:
    """Text without the line break that YAML's ``|`` puts at its end; CloudWatch has no empty texts."""
    return (value or "").strip() or None


def _strings(value: Mapping[Any, Any]) -> dict[str, str]:
    return {
        str(key): "" if item is None else str(item) for key, item in sorted(value.items(), key=lambda kv: str(kv[0]))
    }


def _without_none(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None}


def statistic(value: str) -> str:
    """A statistic without zeros that say nothing: ``p99.0`` is ``p99``."""
    found = _PERCENTILE.fullmatch(value)
    return f"{found['kind']}{number(float(found['number']))}" if found else value


def _metrics(elements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The metrics of an alarm in the order of their ids. The only one, and a band, return their data."""
    found = []
    for element in elements:
        band = is_band(element.get("expression"))
        one: dict[str, Any] = {
            "id": element["id"],
            "return_data": bool(element.get("return_data")) or band or _is_the_one(element, elements),
        }
        if element.get("expression") is not None:
            one["expression"] = str(element["expression"]).strip()
        if element.get("metric_stat") is not None:
            stat = _without_none(element["metric_stat"])
            one["metric_stat"] = {
                **stat,
                "dimensions": _strings(stat.get("dimensions") or {}),
                "stat": statistic(str(stat.get("stat") or "")),
            }
        for name in ("label", "period", "account_id"):
            if element.get(name) not in (None, ""):
                one[name] = element[name]
        found.append(one)
    return sorted(found, key=lambda one: str(one["id"]))


def _is_the_one(element: Mapping[str, Any], elements: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it goes without saying that an element is the one that is watched."""
    if any("return_data" in other for other in elements if not is_band(other.get("expression"))):
        return False
    return [other["id"] for other in elements if not is_band(other.get("expression"))] == [element["id"]]


def _compound(option: str, value: dict[str, Any], region: str) -> dict[str, Any]:
    """The suboptions that are set, normalised."""
    if option == "propagated_tags":
        # Only one of the two may be there, so that one replaces the other.
        return {name: sorted(set(value.get(name) or ())) for name in ("include", "exclude")}
    if option == "suppressor" and "alarm" in value:
        name = value["alarm"]
        if not name:
            return {"alarm": None, "wait": None, "extension": None}
        return {**value, "alarm": alarm_rule.name_of(name, region)}
    if option == "evaluation_window":
        return {"timezone": "UTC", **value} if value["type"] == "wall_clock" else {"type": "sliding", "timezone": None}
    if option == "warm_up" and value["minutes"] == 0:
        return {"minutes": 0, "wait_for_end": False}
    if option == "log_lines" and value["count"] == 0:
        return {"count": 0, "role_arn": None}
    if option == "promql" and value.get("query") is not None:
        return {**value, "query": value["query"].strip()}
    if option == "log_query":
        for name in ("query", "aggregation"):
            if name in value:
                value = {**value, name: value[name].strip()}
        if "schedule" in value:
            value = {**value, "schedule": _SCHEDULE_SPACE.sub(" ", value["schedule"].strip())}
        if "log_groups" in value:
            value = {**value, "log_groups": sorted(set(value["log_groups"]))}
        if "tags" in value:
            value = {**value, "tags": _strings(value["tags"])}
    return value


def equal(option: str, before: Any, after: Any, region: str = "") -> bool:
    """Whether two values of a property mean the same; of suboptions, those that ``after`` has."""
    if option == "rule":
        return before == after or alarm_rule.same(before or "", after or "", region)
    if option in COMPOUND:
        return all((before or {}).get(name) == value for name, value in after.items())
    return bool(before == after)


def merged(before: Properties, after: Properties) -> Properties:
    """The properties that an alarm gets: what is declared, and what it has where nothing is declared."""
    found = {**before, **after}
    for option in COMPOUND & after.keys() & before.keys():
        found[option] = {**(before[option] or {}), **after[option]}
    return found


# -- what exists ------------------------------------------------------------------------------------------------------


def properties(item: Item, region: str = "") -> Properties:
    """The properties of an alarm that exists, all but its tags."""
    of = family(item)
    found: Properties = {}
    for option, member in _PLAIN_OF[of].items():
        value = item.get(member)
        found[option] = unset_value(option) if value in (None, "", []) else _normal(option, value, region)
    if found.get("datapoints_to_alarm") is None and "evaluation_periods" in found:
        found["datapoints_to_alarm"] = found["evaluation_periods"]
    found.update(_propagation(item))
    if of == COMPOSITE:
        suppressor = item.get("ActionsSuppressor")
        found["suppressor"] = {
            "alarm": alarm_rule.name_of(suppressor, region) if suppressor else None,
            "wait": item.get("ActionsSuppressorWaitPeriod") if suppressor else None,
            "extension": item.get("ActionsSuppressorExtensionPeriod") if suppressor else None,
        }
        return found
    warm_up = item.get("WarmUpConfiguration") or {}
    found["warm_up"] = {
        "minutes": warm_up.get("WarmUpPeriodDurationInMinutes", 0),
        "wait_for_end": bool(warm_up.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds")),
    }
    if of == LOG:
        found["log_query"] = _log_query(item["ScheduledQueryConfiguration"])
        count = item.get("ActionLogLineCount") or 0
        found["log_lines"] = {"count": count, "role_arn": item.get("ActionLogLineRoleArn") if count else None}
        return found
    found["dimensions"] = _dimensions(item.get("Dimensions"))
    found["metrics"] = _metrics_of(item)
    found["evaluation_window"] = _window(item.get("EvaluationWindow") or {})
    promql = (item.get("EvaluationCriteria") or {}).get("PromQLCriteria") or {}
    found["promql"] = {
        "query": promql.get("Query"),
        "pending_period": promql.get("PendingPeriod", 0),
        "recovery_period": promql.get("RecoveryPeriod", 0),
    }
    return found


def carried(item: Item, region: str = "") -> Properties:
    """The properties of an alarm that exists that a put has to repeat, or they would be gone."""
    found = properties(item, region)
    if "DatapointsToAlarm" not in item and family(item) == METRIC:
        # Not set, M is N, whatever N becomes.
        found["datapoints_to_alarm"] = None
    return found


def _dimensions(members: Any) -> dict[str, str]:
    return {str(one["Name"]): str(one["Value"]) for one in sorted(members or (), key=lambda one: str(one["Name"]))}


def _metrics_of(item: Item) -> list[dict[str, Any]]:
    elements = []
    for member in item.get("Metrics") or ():
        element: dict[str, Any] = {
            "id": member["Id"],
            "expression": member.get("Expression"),
            "label": member.get("Label"),
            # The API's default.
            "return_data": member.get("ReturnData", True),
            "period": member.get("Period"),
            "account_id": member.get("AccountId"),
        }
        stat = member.get("MetricStat")
        if stat:
            metric = stat.get("Metric") or {}
            element["metric_stat"] = {
                "namespace": metric.get("Namespace"),
                "metric": metric.get("MetricName"),
                "dimensions": _dimensions(metric.get("Dimensions")),
                "period": stat.get("Period"),
                "stat": stat.get("Stat"),
                "unit": stat.get("Unit"),
            }
        elements.append(_without_none(element))
    return _metrics(elements)


def _window(member: Mapping[str, Any]) -> dict[str, Any]:
    if "WallClockWindow" in member:
        return {"type": "wall_clock", "timezone": (member["WallClockWindow"] or {}).get("Timezone") or "UTC"}
    return {"type": "sliding", "timezone": None}


def _propagation(item: Item) -> dict[str, Any]:
    member = (item.get("ActionConfiguration") or {}).get("AlarmTagsPropagation") or {}
    return {
        "tag_propagation": bool(member.get("Enabled")),
        "propagated_tags": {
            "include": sorted(member.get("IncludedTagKeys") or ()),
            "exclude": sorted(member.get("ExcludedTagKeys") or ()),
        },
    }


def _log_query(member: Mapping[str, Any]) -> dict[str, Any]:
    schedule = member.get("ScheduleConfiguration") or {}
    return {
        "query": str(member.get("QueryString") or "").strip(),
        "log_groups": sorted(member.get("LogGroupIdentifiers") or ()),
        "role_arn": member.get("ScheduledQueryRoleARN"),
        "schedule": _SCHEDULE_SPACE.sub(" ", str(schedule.get("ScheduleExpression") or "").strip()),
        "start_offset": schedule.get("StartTimeOffset"),
        "end_offset": schedule.get("EndTimeOffset") or 0,
        "aggregation": str(member.get("AggregationExpression") or "").strip(),
        "tags": {str(tag["Key"]): str(tag["Value"]) for tag in member.get("Tags") or ()},
    }


# -- the API ----------------------------------------------------------------------------------------------------------


def parameters(name: str, of: str, wanted: Properties) -> dict[str, Any]:
    """What the put of an alarm is given, but for tags. What has its default is left out.

    :param of: its family.
    :param wanted: all its properties.
    """
    found: dict[str, Any] = {"AlarmName": name}
    for option, member in _PLAIN_OF[of].items():
        value = wanted.get(option, unset_value(option))
        if not is_unset(option, value):
            found[member] = value
    if wanted.get("tag_propagation"):
        keys = wanted.get("propagated_tags") or {}
        found["ActionConfiguration"] = {
            "AlarmTagsPropagation": {
                "Enabled": True,
                **({"IncludedTagKeys": keys["include"]} if keys.get("include") else {}),
                **({"ExcludedTagKeys": keys["exclude"]} if keys.get("exclude") else {}),
            }
        }
    warm_up = wanted.get("warm_up") or {}
    if warm_up.get("minutes"):
        found["WarmUpConfiguration"] = {"WarmUpPeriodDurationInMinutes": warm_up["minutes"]}
        if warm_up.get("wait_for_end"):
            found["WarmUpConfiguration"]["OnlyStartEvaluatingAfterWarmUpPeriodEnds"] = True
    if of == COMPOSITE:
        found.update(_suppressor_parameters(wanted.get("suppressor") or {}))
    elif of == LOG:
        found.update(_log_parameters(wanted))
    else:
        found.update(_metric_parameters(wanted))
    return found


def _suppressor_parameters(suppressor: Mapping[str, Any]) -> dict[str, Any]:
    if not suppressor.get("alarm"):
        return {}
    return {
        "ActionsSuppressor": suppressor["alarm"],
        "ActionsSuppressorWaitPeriod": suppressor.get("wait"),
        "ActionsSuppressorExtensionPeriod": suppressor.get("extension"),
    }


def _log_parameters(wanted: Properties) -> dict[str, Any]:
    query = wanted["log_query"]
    schedule = {"ScheduleExpression": query["schedule"], "StartTimeOffset": query["start_offset"]}
    if query.get("end_offset"):
        schedule["EndTimeOffset"] = query["end_offset"]
    configuration = {
        "QueryString": query["query"],
        "ScheduledQueryRoleARN": query["role_arn"],
        "ScheduleConfiguration": schedule,
        "AggregationExpression": query["aggregation"],
    }
    if query.get("log_groups"):
        configuration["LogGroupIdentifiers"] = query["log_groups"]
    if query.get("tags"):
        configuration["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(query["tags"].items())]
    found: dict[str, Any] = {"ScheduledQueryConfiguration": configuration}
    if wanted.get("datapoints_to_alarm") is None:
        found["QueryResultsToAlarm"] = wanted["evaluation_periods"]
    lines = wanted.get("log_lines") or {}
    if lines.get("count"):
        found["ActionLogLineCount"] = lines["count"]
        found["ActionLogLineRoleArn"] = lines.get("role_arn")
    return found


def _metric_parameters(wanted: Properties) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if wanted.get("dimensions"):
        found["Dimensions"] = _dimension_members(wanted["dimensions"])
    if wanted.get("metrics"):
        found["Metrics"] = [_metric_member(element) for element in wanted["metrics"]]
    window = wanted.get("evaluation_window") or {}
    if window.get("type") == "wall_clock":
        found["EvaluationWindow"] = {"WallClockWindow": {"Timezone": window["timezone"]}}
    promql = wanted.get("promql") or {}
    if promql.get("query"):
        criteria = {"Query": promql["query"]}
        for name, member in (("pending_period", "PendingPeriod"), ("recovery_period", "RecoveryPeriod")):
            if promql.get(name):
                criteria[member] = promql[name]
        found["EvaluationCriteria"] = {"PromQLCriteria": criteria}
    return found


def _dimension_members(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _metric_member(element: Mapping[str, Any]) -> dict[str, Any]:
    member: dict[str, Any] = {"Id": element["id"], "ReturnData": element["return_data"]}
    for name, key in (
        ("expression", "Expression"),
        ("label", "Label"),
        ("period", "Period"),
        ("account_id", "AccountId"),
    ):
        if name in element:
            member[key] = element[name]
    stat = element.get("metric_stat")
    if stat:
        metric = {"Namespace": stat["namespace"], "MetricName": stat["metric"]}
        if stat["dimensions"]:
            metric["Dimensions"] = _dimension_members(stat["dimensions"])
        member["MetricStat"] = {"Metric": metric, "Period": stat["period"], "Stat": stat["stat"]}
        if stat.get("unit"):
            member["MetricStat"]["Unit"] = stat["unit"]
    return member


# -- queries for metrics, which service level objectives have too ------------------------------------------------------


def queries(elements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The metrics and expressions of an entry, normalised."""
    return _metrics([_without_none(element) for element in elements])


def queries_of(members: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same, as the API has them."""
    return _metrics_of({"Metrics": members})


def query_members(elements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Normalised metrics and expressions as they are sent."""
    return [_metric_member(element) for element in elements]


# -- export -----------------------------------------------------------------------------------------------------------


def kind_of(item: Item) -> str:
    """The kind of an alarm that exists, as the option ``kind`` has it."""
    of = family(item)
    if of != METRIC:
        return "composite" if of == COMPOSITE else "log"
    if item.get("EvaluationCriteria"):
        return "promql"
    metrics = item.get("Metrics") or ()
    if item.get("ThresholdMetricId"):
        return "anomaly"
    if any(is_insights(member.get("Expression")) for member in metrics):
        return "metrics_insights"
    return "metric_math" if metrics else "metric"


def exported(item: Item, tags: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The entry that declares an alarm as it is; what has its default is left out.

    :param tags: its tags, without the mark of ownership, which is not for the entry to declare.
    """
    kind = kind_of(item)
    found: dict[str, Any] = {"name": str(item["AlarmName"]), "kind": kind}
    for option, value in properties(item, _region_of(item)).items():
        if is_unset(option, value):
            continue
        if option in COMPOUND:
            value = {name: part for name, part in value.items() if part not in (None, [], {}, 0, False, "")}
            if value and not (option == "evaluation_window" and value["type"] == "sliding"):
                found[option] = _complete(option, value, item)
            continue
        found[option] = value
    if "DatapointsToAlarm" not in item and "QueryResultsToAlarm" not in item:
        found.pop("datapoints_to_alarm", None)
    own = {key: value for key, value in (tags or {}).items() if not key.startswith("aws:")}
    if own:
        found["tags"] = dict(sorted(own.items()))
    return found


def _region_of(item: Item) -> str:
    parts = str(item.get("AlarmArn", "")).split(":")
    return parts[3] if len(parts) > 3 else ""


def _complete(option: str, value: dict[str, Any], item: Item) -> dict[str, Any]:
    """What an entry cannot leave out although it is zero."""
    if option == "suppressor":
        return {
            "wait": item.get("ActionsSuppressorWaitPeriod", 0),
            "extension": item.get("ActionsSuppressorExtensionPeriod", 0),
            **value,
        }
    return value
