# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an alarm tells its topics, functions and the event bus, in the shapes that CloudWatch uses. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from lab.aws.cloudwatch.evaluate import BAND, as_queries, iso

REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-central-2": "Europe (Zurich)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "EU (Milan)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "sa-east-1": "South America (Sao Paulo)",
}
"""The long names that messages carry."""


def region_name(region: str) -> str:
    return REGIONS.get(region, region)


def subject(name: str, state: str, region: str) -> str:
    """The subject of the notification: at most 100 ASCII characters, the name is what gives way."""
    plain = re.sub(r"[^\x20-\x7e]+", "_", name)
    where = region_name(region)
    room = 100 - len(f'{state}: "" in {where}')
    shown = plain if len(plain) <= room else plain[: max(0, room - 3)] + "..."
    return f'{state}: "{shown}" in {where}'


def sns(alarm: dict[str, Any], change: dict[str, Any], account: str, region: str) -> dict[str, Any]:
    """The message for a topic.

    ``alarm`` is {kind, arn, put, configured}; ``change`` is {old, new, reason, at, after_mute, children, contributor,
    tags}.
    """
    put = alarm["put"]
    message: dict[str, Any] = {
        "AlarmName": put["AlarmName"],
        "AlarmDescription": put.get("AlarmDescription"),
        "AWSAccountId": account,
    }
    if alarm["kind"] != "composite":
        message["AlarmConfigurationUpdatedTimestamp"] = iso(alarm["configured"])
    message |= {
        "NewStateValue": change["new"],
        "NewStateReason": change["reason"],
        "StateChangeTime": iso(change["at"]),
        "Region": region_name(region),
        "AlarmArn": alarm["arn"],
        "OldStateValue": change["old"],
    }
    if contributor := change.get("contributor"):
        message |= {"AlarmContributorId": contributor["id"], "AlarmContributorAttributes": contributor["attributes"]}
    message |= {
        "ActionExecutedAfterMuteWindow": bool(change.get("after_mute")),
        "OKActions": put.get("OKActions", []),
        "AlarmActions": put.get("AlarmActions", []),
        "InsufficientDataActions": put.get("InsufficientDataActions", []),
    }
    if alarm["kind"] == "composite":
        message["AlarmRule"] = put["AlarmRule"]
        message["TriggeringChildren"] = [
            {"Arn": child["arn"], "State": {"Value": child["state"], "Timestamp": iso(child["at"])}}
            for child in change.get("children", [])
        ]
    elif alarm["kind"] == "log":
        message["Trigger"] = log_trigger(put)
        if change.get("log_lines"):
            message["LogLines"] = change["log_lines"]
    else:
        message["Trigger"] = trigger(put)
    tags = propagated(put, change.get("tags", {}))
    if tags is not None:
        message |= {
            "AlarmTags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "AlarmTagsStatus": "SUCCESS",
        }
    return message


def propagated(put: dict[str, Any], tags: dict[str, str]) -> dict[str, str] | None:
    """The tags that go into messages; None where the alarm does not ask for it."""
    wish = put.get("ActionConfiguration", {}).get("AlarmTagsPropagation", {})
    if not wish.get("Enabled"):
        return None
    only, without = wish.get("IncludedTagKeys"), wish.get("ExcludedTagKeys", [])
    return {
        key: value
        for key, value in tags.items()
        if not key.startswith("aws:") and key not in without and (only is None or key in only)
    }


def lower_dimensions(listed: list[dict[str, str]] | None) -> list[dict[str, str]]:
    return [{"value": item.get("Value", ""), "name": item["Name"]} for item in listed or []]


def trigger(put: dict[str, Any]) -> dict[str, Any]:
    """What a metric alarm watches."""
    common: dict[str, Any] = {"Period": put.get("Period") or period(put), "EvaluationPeriods": put["EvaluationPeriods"]}
    if put.get("DatapointsToAlarm") is not None:
        common["DatapointsToAlarm"] = put["DatapointsToAlarm"]
    common["ComparisonOperator"] = put["ComparisonOperator"]
    if put["ComparisonOperator"] in BAND:
        common["ThresholdMetricId"] = put.get("ThresholdMetricId")
    else:
        common["Threshold"] = put.get("Threshold")
    common["TreatMissingData"] = put.get("TreatMissingData", "missing")
    common["EvaluateLowSampleCountPercentile"] = put.get("EvaluateLowSampleCountPercentile", "")
    if not put.get("Metrics"):
        basic = put.get("Statistic")
        return {
            "MetricName": put.get("MetricName"),
            "Namespace": put.get("Namespace"),
            "StatisticType": "Statistic" if basic else "ExtendedStatistic",
            "Statistic": basic.upper() if basic else put.get("ExtendedStatistic"),
            "Unit": put.get("Unit"),
            "Dimensions": lower_dimensions(put.get("Dimensions")),
            **common,
        }
    metrics = []
    for query in put["Metrics"]:
        shown = {key: value for key, value in query.items() if key != "MetricStat"}
        if "MetricStat" in query:
            stat = query["MetricStat"]
            metric = stat["Metric"]
            shown["MetricStat"] = {
                "Metric": {
                    "Dimensions": lower_dimensions(metric.get("Dimensions")),
                    "MetricName": metric.get("MetricName"),
                    "Namespace": metric.get("Namespace"),
                },
                **{key: value for key, value in stat.items() if key != "Metric"},
            }
        metrics.append(shown)
    return {**common, "Metrics": metrics}


def period(put: dict[str, Any]) -> int:
    return max((int(query.get("MetricStat", query).get("Period") or 0) for query in put.get("Metrics", [])), default=0)


def log_trigger(put: dict[str, Any]) -> dict[str, Any]:
    """What a log alarm watches."""
    names = ("QueryResultsToEvaluate", "QueryResultsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData")
    return {
        **{name: put[name] for name in names if name in put},
        "ScheduledQueryConfiguration": {
            key: value for key, value in put["ScheduledQueryConfiguration"].items() if key != "Tags"
        },
    }


def invocation(alarm: dict[str, Any], change: dict[str, Any], account: str, region: str) -> dict[str, Any]:
    """The event for a function that is an alarm's action."""
    put = alarm["put"]
    state: dict[str, Any] = {"value": change["new"], "reason": change["reason"], "timestamp": iso(change["at"])}
    if change.get("data"):
        state["reasonData"] = json.dumps(change["data"])
    before: dict[str, Any] = {
        "value": change["old"],
        "reason": change["old_reason"],
        "timestamp": iso(change["old_at"]),
    }
    data: dict[str, Any] = {
        "alarmName": put["AlarmName"],
        "state": state,
        "previousState": before,
        "configuration": configuration(alarm),
    }
    if contributor := change.get("contributor"):
        data["alarmContributorId"] = contributor["id"]
        data["alarmContributorAttributes"] = contributor["attributes"]
    tags = propagated(put, change.get("tags", {}))
    if tags is not None:
        data |= {
            "alarmTags": [{"key": key, "value": value} for key, value in tags.items()],
            "alarmTagsStatus": "SUCCESS",
        }
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["arn"],
        "accountId": account,
        "time": iso(change["at"]),
        "region": region,
        "alarmData": data,
    }


def configuration(alarm: dict[str, Any]) -> dict[str, Any]:
    put = alarm["put"]
    shown: dict[str, Any] = {}
    if put.get("AlarmDescription") is not None:
        shown["description"] = put["AlarmDescription"]
    if alarm["kind"] == "composite":
        shown["alarmRule"] = put["AlarmRule"]
        return shown
    if alarm["kind"] == "log":
        return shown
    metrics = []
    for query in as_queries(put):
        entry: dict[str, Any] = {"id": query["Id"]}
        if "MetricStat" in query:
            stat = query["MetricStat"]
            metric = stat["Metric"]
            entry["metricStat"] = {
                "metric": {
                    "namespace": metric.get("Namespace"),
                    "name": metric.get("MetricName"),
                    "dimensions": {item["Name"]: item.get("Value", "") for item in metric.get("Dimensions") or []},
                },
                "period": stat["Period"],
                "stat": stat["Stat"],
            }
        for name in ("Expression", "Label", "Period"):
            if query.get(name) is not None:
                entry[name.lower()] = query[name]
        entry["returnData"] = query.get("ReturnData", True)
        metrics.append(entry)
    shown["metrics"] = metrics
    return shown


def event(alarm: dict[str, Any], change: dict[str, Any], account: str, region: str, id: str) -> dict[str, Any]:
    """The event for the default event bus."""
    detail = invocation(alarm, change, account, region)["alarmData"]
    return {
        "version": "0",
        "id": id,
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": account,
        "time": iso(change["at"])[:19] + "Z",
        "region": region,
        "resources": [alarm["arn"]],
        "detail": detail,
    }
