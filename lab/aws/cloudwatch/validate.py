# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch refuses beyond the constraints of its model.

The wording is AWS's where it was recorded; otherwise it names the same thing.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lab.aws.cloudwatch import composite, insights, mute
from lab.aws.cloudwatch.evaluate import BAND
from lab.aws.cloudwatch.expressions import Unreadable, calls, parse
from lab.aws.cloudwatch.series import known
from lab.aws.cloudwatch_logs import syntax
from lab.aws.protocols import ApiError

TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
SHORT_PERIODS = (10, 20, 30)
DAY = 86_400


def refuse(message: str, code: str = "ValidationError") -> ApiError:
    return ApiError(code, message)


def treatment(put: dict[str, Any]) -> None:
    treat = put.get("TreatMissingData")
    if treat is not None and treat not in TREATMENTS:
        raise refuse(
            f"Value '{treat}' for parameter TreatMissingData is not supported. Must be one of {list(TREATMENTS)}"
        )


def a_period(period: int, what: str = "Period") -> None:
    if period not in SHORT_PERIODS and period % 60:
        raise refuse(f"{what} must be 10, 20, 30 or a multiple of 60")


def tag_propagation(put: dict[str, Any]) -> None:
    wish = put.get("ActionConfiguration", {}).get("AlarmTagsPropagation", {})
    if "IncludedTagKeys" in wish and "ExcludedTagKeys" in wish:
        raise refuse("IncludedTagKeys and ExcludedTagKeys cannot both be specified.")


def metric_alarm(put: dict[str, Any]) -> None:
    """Check PutMetricAlarm."""
    treatment(put)
    tag_propagation(put)
    if "EvaluationCriteria" in put:
        return
    for name in ("EvaluationPeriods", "ComparisonOperator"):
        if name not in put:
            raise refuse(
                f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy "
                "constraint: Member must not be null"
            )
    metrics = put.get("Metrics")
    if metrics is None:
        if "MetricName" not in put or "Namespace" not in put:
            raise refuse("The parameters MetricName and Namespace, or Metrics, must be specified.", "MissingParameter")
        if "Period" not in put:
            raise refuse("Period must not be null", "MissingParameter")
        statistics = [name for name in ("Statistic", "ExtendedStatistic") if name in put]
        if len(statistics) != 1:
            raise refuse("Exactly one element of Statistic or ExtendedStatistic must be supplied")
        if "ExtendedStatistic" in put and not known(put["ExtendedStatistic"]):
            raise refuse(f"The value {put['ExtendedStatistic']} for parameter ExtendedStatistic is not supported.")
        low = put.get("EvaluateLowSampleCountPercentile")
        if low is not None and low not in ("evaluate", "ignore"):
            raise refuse(f"Value '{low}' for parameter EvaluateLowSampleCountPercentile is not supported.")
        a_period(put["Period"])
        longest = put["Period"]
    else:
        given = [
            name
            for name in ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
            if put.get(name)
        ]
        if given:
            raise refuse(
                f"Metrics list and single metric parameters cannot be used together: {', '.join(given)}",
                "InvalidParameterCombination",
            )
        longest = metric_queries(metrics, put)
    window = longest * put["EvaluationPeriods"]
    if window > (7 * DAY if longest >= 3600 else DAY):
        raise refuse("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)")
    if put.get("DatapointsToAlarm", 1) > put["EvaluationPeriods"]:
        raise refuse("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    if put["ComparisonOperator"] in BAND:
        band(put, metrics or [])
    elif "ThresholdMetricId" in put:
        raise refuse("ThresholdMetricId can only be used with an anomaly detection comparison operator.")
    elif "Threshold" not in put:
        raise refuse("Threshold must be specified for this comparison operator", "MissingParameter")


def band(put: dict[str, Any], metrics: list[dict[str, Any]]) -> None:
    """Check an anomaly alarm: it has a band and no threshold."""
    if "Threshold" in put:
        raise refuse("Threshold cannot be specified together with ThresholdMetricId.", "InvalidParameterCombination")
    wanted = put.get("ThresholdMetricId")
    chosen = next((query for query in metrics if query["Id"] == wanted), None)
    if chosen is None:
        raise refuse("ThresholdMetricId must be the Id of an ANOMALY_DETECTION_BAND in Metrics.")
    if "ANOMALY_DETECTION_BAND" not in chosen.get("Expression", "").upper():
        raise refuse("ThresholdMetricId must refer to an expression that uses ANOMALY_DETECTION_BAND.")


def metric_queries(metrics: list[dict[str, Any]], put: dict[str, Any]) -> int:
    """Check the Metrics of an alarm; returns their longest period."""
    stats = [query for query in metrics if "MetricStat" in query]
    expressions = [query for query in metrics if "Expression" in query]
    if len(stats) > 10 or len(expressions) > 10:
        raise refuse("An alarm can have at most 10 metrics and 10 expressions.")
    ids = [query["Id"] for query in metrics]
    for id in ids:
        if not re.fullmatch(r"[a-z][A-Za-z0-9_]*", id):
            raise refuse(
                f"The value {id} for parameter Id must start with a lower case letter.", "InvalidParameterValue"
            )
    if len(set(ids)) != len(ids):
        raise refuse("The values for parameter Id in parameter Metrics must be unique.")
    for query in metrics:
        if ("MetricStat" in query) == ("Expression" in query):
            raise refuse(f"Exactly one of MetricStat and Expression must be specified for the Id {query['Id']}.")
    returned = [query["Id"] for query in metrics if query.get("ReturnData", True)]
    watched = [id for id in returned if id != put.get("ThresholdMetricId")]
    if len(watched) != 1:
        raise refuse("Exactly one element of the metrics list should return data.")
    periods = []
    for query in stats:
        stat = query["MetricStat"]
        if not known(stat["Stat"]):
            raise refuse(f"The value {stat['Stat']} for parameter Stat is not supported.", "InvalidParameterValue")
        a_period(stat["Period"], f"Period of {query['Id']}")
        periods.append(stat["Period"])
    for query in expressions:
        text = query["Expression"]
        try:
            if insights.is_query(text):
                insights.parse(text)
                if "Period" not in query:
                    raise refuse("Period must be specified for a Metrics Insights query.", "MissingParameter")
            elif "SEARCH" in calls(parse(text)):
                raise refuse("SEARCH is not supported on Metric Alarms.")
            else:
                parse(text)
        except Unreadable as exc:
            raise refuse(f"Error in expression '{query['Id']}': {exc}") from None
        if "Period" in query:
            a_period(query["Period"], f"Period of {query['Id']}")
            periods.append(query["Period"])
    return max(periods, default=60)


def composite_alarm(put: dict[str, Any], have: dict[str, Any], parents: dict[str, set[str]]) -> list[str]:
    """Check PutCompositeAlarm; returns the names of the children. ``have`` are the alarms that are there."""
    tag_propagation(put)
    try:
        tree = composite.parse(put["AlarmRule"])
    except composite.BadRule as exc:
        raise refuse(str(exc)) from None
    children = [composite.short_name(child) for child in composite.children(tree)]
    if len(children) > composite.MOST_CHILDREN:
        raise refuse(f"AlarmRule must not have more than {composite.MOST_CHILDREN} children.")
    missing = [child for child in children if child not in have]
    if missing:
        raise refuse(f"Could not find child alarm(s) {', '.join(missing)} of {put['AlarmName']}.")
    if circular(put["AlarmName"], children, have):
        raise refuse(f"AlarmRule of {put['AlarmName']} must not contain a cycle.")
    suppressor = put.get("ActionsSuppressor")
    periods = [name for name in ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod") if name in put]
    if suppressor is not None:
        if composite.short_name(suppressor) not in have:
            raise refuse(f"ActionsSuppressor {suppressor} does not exist.")
        if len(periods) != 2:
            raise refuse(
                "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must be specified with "
                "ActionsSuppressor."
            )
    elif periods:
        raise refuse(f"{' and '.join(periods)} can only be specified together with ActionsSuppressor.")
    return children


def circular(name: str, children: list[str], have: dict[str, Any]) -> bool:
    """Whether an alarm would end up as its own child."""
    seen: set[str] = set()
    rest = list(children)
    while rest:
        child = rest.pop()
        if child == name:
            return True
        if child in seen or child not in have:
            continue
        seen.add(child)
        if have[child].kind == "composite":
            rest += [
                composite.short_name(item) for item in composite.children(composite.parse(have[child].put["AlarmRule"]))
            ]
    return False


def log_alarm(put: dict[str, Any]) -> None:
    """Check PutLogAlarm."""
    treatment(put)
    tag_propagation(put)
    if put["ComparisonOperator"] in BAND:
        raise refuse("A log alarm needs a comparison with a threshold.")
    if put["QueryResultsToAlarm"] > put["QueryResultsToEvaluate"]:
        raise refuse("QueryResultsToAlarm must be less than or equal to QueryResultsToEvaluate")
    count = put.get("ActionLogLineCount", 0)
    if not 0 <= count <= 50:
        raise refuse("ActionLogLineCount must be from 0 to 50.")
    if count and "ActionLogLineRoleArn" not in put:
        raise refuse("ActionLogLineRoleArn must be specified with ActionLogLineCount.")
    expression = put["ScheduledQueryConfiguration"]["ScheduleConfiguration"]["ScheduleExpression"]
    if not re.fullmatch(r"(rate|cron)\([^)]+\)", expression):
        raise refuse(f"ScheduleExpression '{expression}' is not valid.")
    aggregation = put["ScheduledQueryConfiguration"]["AggregationExpression"].partition("|")[0]
    for name, query in (
        ("QueryString", put["ScheduledQueryConfiguration"]["QueryString"]),
        ("AggregationExpression", f"stats {aggregation}"),
    ):
        try:
            syntax.read(query)
        except syntax.Malformed as exc:
            raise refuse(f"{name} is not valid: {exc.message}") from None


def mute_rule(put: dict[str, Any]) -> None:
    """Check PutAlarmMuteRule."""
    schedule = put["Rule"]["Schedule"]
    try:
        mute.check(schedule["Expression"], schedule["Duration"], schedule.get("Timezone"))
    except mute.BadRule as exc:
        raise refuse(str(exc)) from None
    first, last = put.get("StartDate"), put.get("ExpireDate")
    if first is not None and last is not None and first >= last:
        raise refuse("StartDate must be before ExpireDate.")


def metric_data(entries: list[dict[str, Any]], now: float) -> None:
    """Check PutMetricData."""
    if len(entries) > 1000:
        raise ApiError("InvalidParameterValue", "The collection MetricData must not have a size greater than 1000.")
    for number, entry in enumerate(entries, 1):
        where = f"MetricData.member.{number}"
        given = [name for name in ("Value", "Values", "StatisticValues") if name in entry]
        if len(given) > 1:
            first = given[0] if given[0] != "Values" else "StatisticValues"
            second = given[1] if given[0] != "Values" else "Values"
            raise ApiError(
                "InvalidParameterCombination",
                f"The parameters {where}.{first} and {where}.{second} are mutually exclusive and you have specified "
                "both.",
            )
        if not given:
            raise ApiError(
                "InvalidParameterCombination",
                f"At least one of the parameters must be specified: {where}.Value, {where}.Values, "
                f"{where}.StatisticValues.",
            )
        if "Counts" in entry and len(entry["Counts"]) != len(entry.get("Values", [])):
            raise ApiError(
                "InvalidParameterValue", f"The parameters {where}.Values and {where}.Counts must be of the same size."
            )
        if len(entry.get("Values", [])) > 150:
            raise ApiError(
                "InvalidParameterValue", f"The collection {where}.Values must not have a size greater than 150."
            )
        moment = entry.get("Timestamp", now)
        if not now - 14 * DAY <= moment <= now + 7200:
            raise ApiError(
                "InvalidParameterValue",
                f"The parameter {where}.Timestamp must specify a time within the past two weeks and the next two "
                "hours.",
            )


WIDGETS = ("metric", "text", "log", "alarm", "explorer", "custom")


def dashboard(name: str, body: str) -> list[dict[str, str]]:
    """Check PutDashboard; returns the warnings. What makes a body no dashboard is an error with its messages."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        raise ApiError(
            "InvalidParameterValue",
            "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash "
            "(-) and underscore (_).\n",
        )
    try:
        value = json.loads(body)
    except ValueError as exc:
        raise bad_dashboard(
            [{"DataPath": "", "Message": f"The field DashboardBody must be a valid JSON object: {exc}"}]
        ) from None
    if not isinstance(value, dict) or not isinstance(value.get("widgets", None), list):
        raise bad_dashboard([{"DataPath": "/widgets", "Message": "The field widgets must be an array"}])
    errors: list[dict[str, str]] = []
    warnings: list[dict[str, str]] = []
    if len(value["widgets"]) > 500:
        errors.append({"DataPath": "/widgets", "Message": "The dashboard must not have more than 500 widgets"})
    for number, widget in enumerate(value["widgets"]):
        path = f"/widgets/{number}"
        if not isinstance(widget, dict):
            errors.append({"DataPath": path, "Message": "Should be an object"})
            continue
        if widget.get("type") not in WIDGETS:
            errors.append({"DataPath": f"{path}/type", "Message": f"Should be one of {', '.join(WIDGETS)}"})
        for side, low, high in (("x", 0, 23), ("y", 0, None), ("width", 1, 24), ("height", 1, 1000)):
            size = widget.get(side)
            if size is None:
                continue
            if not isinstance(size, int) or isinstance(size, bool) or size < low or (high is not None and size > high):
                shown = f"from {low} to {high}" if high is not None else f"at least {low}"
                errors.append({"DataPath": f"{path}/{side}", "Message": f"Should be an integer {shown}"})
        properties = widget.get("properties")
        if not isinstance(properties, dict):
            errors.append({"DataPath": f"{path}/properties", "Message": "Should be an object"})
            continue
        errors += widget_errors(widget, properties, path)
        warnings += [
            {"DataPath": f"{path}/{key}", "Message": "Should NOT have additional properties"}
            for key in widget
            if key not in ("type", "x", "y", "width", "height", "properties")
        ]
    if errors:
        raise bad_dashboard(errors)
    return warnings


def widget_errors(widget: dict[str, Any], properties: dict[str, Any], path: str) -> list[dict[str, str]]:
    found = []
    kind = widget.get("type")
    if kind == "metric":
        if "region" not in properties:
            found.append({"DataPath": f"{path}/properties/region", "Message": "Should have required property 'region'"})
        metrics = properties.get("metrics")
        if "annotations" not in properties and not isinstance(metrics, list):
            found.append({"DataPath": f"{path}/properties/metrics", "Message": "Should be an array"})
        for number, metric in enumerate(metrics if isinstance(metrics, list) else []):
            if not isinstance(metric, list) or not metric:
                found.append(
                    {"DataPath": f"{path}/properties/metrics/{number}", "Message": "Should be a non-empty array"}
                )
        if isinstance(metrics, list) and len(metrics) > 500:
            found.append({"DataPath": f"{path}/properties/metrics", "Message": "Should NOT have more than 500 items"})
    elif kind == "text" and not isinstance(properties.get("markdown"), str):
        found.append({"DataPath": f"{path}/properties/markdown", "Message": "Should have required property 'markdown'"})
    elif kind == "alarm" and not isinstance(properties.get("alarms"), list):
        found.append({"DataPath": f"{path}/properties/alarms", "Message": "Should be an array"})
    elif kind == "log" and not isinstance(properties.get("query"), str):
        found.append({"DataPath": f"{path}/properties/query", "Message": "Should have required property 'query'"})
    return found


def bad_dashboard(messages: list[dict[str, str]]) -> ApiError:
    """The error for a body that is no dashboard, with all that is wrong with it."""
    count = len(messages)
    shown = json.dumps([{"dataPath": item["DataPath"], "message": item["Message"]} for item in messages])
    be, plural = ("is", "") if count == 1 else ("are", "s")
    error = ApiError(
        "InvalidParameterInput",
        f"The dashboard body is invalid, there {be} {count} validation error{plural}: {shown}",
    )
    error.extra = {"dashboardValidationMessages": messages}
    return error
