# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application Signals: service level objectives, and the role by which it discovers services.

It discovers nothing, and objectives have no figures: no spans reach the lab's AWS. An objective for a service is taken
as if the service were known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lab.aws.protocols import ApiError
from lab.aws.tracing.store import Scope, Thing, as_list, as_mapping, page

SERVICE = "application-signals"
PAGE = 10
"""How many objectives come at once where the caller does not say."""

_NAME = re.compile(r"[0-9A-Za-z][-._0-9A-Za-z ]{0,126}[0-9A-Za-z]")
_ROLLING = {"RollingInterval": {"DurationUnit": "DAY", "Duration": 7}}
_CONFIGS = {"RequestBasedSliConfig": "RequestBasedSliMetricConfig", "SliConfig": "SliMetricConfig"}


def invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)


class ApplicationSignals:
    """The operations.

    :param now: the time in seconds.
    :param discover: makes the service-linked role.
    """

    def __init__(self, now: Callable[[], float], discover: Callable[[], None]) -> None:
        self.now = now
        self.discover = discover

    def start_discovery(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        self.discover()
        return {}

    def create_service_level_objective(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        name = given["Name"]
        if not _NAME.fullmatch(name):
            raise invalid(f"Name {name} is not valid.")
        if ("SliConfig" in given) == ("RequestBasedSliConfig" in given):
            raise invalid("Specify either SliConfig or RequestBasedSliConfig.")
        checked(given)
        if name in scope.objectives:
            raise ApiError("ConflictException", f"An SLO with the name {name} already exists.", 409)
        tags = as_mapping(given.get("Tags") or [], "ValidationException")
        arn = scope.arn(SERVICE, f"slo/{name}")
        put = {key: value for key, value in given.items() if key not in ("Tags", "Name")}
        scope.objectives[name] = {"Name": name, "Arn": arn, "put": put, "CreatedTime": self.now()}
        scope.objectives[name]["LastUpdatedTime"] = self.now()
        if tags:
            scope.tags[arn] = tags
        self.discover()
        return {"Slo": shown(scope.objectives[name])}

    def update_service_level_objective(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kept = self._kept(scope, given["Id"])
        put = kept["put"]
        changes = {key: value for key, value in given.items() if key != "Id"}
        for config in _CONFIGS:
            if config in changes and config not in put:
                raise invalid("The evaluation type of an SLO cannot be changed.")
        checked(changes)
        if "Goal" in changes:
            changes["Goal"] = {**put.get("Goal", {}), **changes["Goal"]}
        put.update(changes)
        kept["LastUpdatedTime"] = self.now()
        return {"Slo": shown(kept)}

    def get_service_level_objective(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        return {"Slo": shown(self._kept(scope, given["Id"]))}

    def list_service_level_objectives(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kept = [scope.objectives[name] for name in sorted(scope.objectives)]
        size = given.get("MaxResults", PAGE)
        items, token = page(kept, given.get("NextToken", ""), size, "ValidationException")
        summaries = []
        for item in items:
            whole = shown(item)
            metric = whole["RequestBasedSli" if "RequestBasedSli" in whole else "Sli"]["metric"]
            summaries.append(
                {
                    "Arn": item["Arn"],
                    "Name": item["Name"],
                    "CreatedTime": item["CreatedTime"],
                    "EvaluationType": whole["EvaluationType"],
                    **{key: metric[key] for key in ("KeyAttributes", "OperationName") if key in metric},
                }
            )
        return {"SloSummaries": summaries, "NextToken": token}

    def delete_service_level_objective(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kept = self._kept(scope, given["Id"])
        scope.tags.pop(kept["Arn"], None)
        del scope.objectives[kept["Name"]]
        return {}

    def list_tags_for_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": as_list(scope.tags.get(self._arn(scope, given["ResourceArn"]), {}))}

    def tag_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        arn = self._arn(scope, given["ResourceArn"])
        tags = {**scope.tags.get(arn, {}), **as_mapping(given["Tags"], "ValidationException")}
        if len(tags) > 50:
            raise ApiError("ServiceQuotaExceededException", "The maximum number of tags per resource is 50.", 402)
        scope.tags[arn] = tags
        return {}

    def untag_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        arn = self._arn(scope, given["ResourceArn"])
        scope.tags[arn] = {key: value for key, value in scope.tags.get(arn, {}).items() if key not in given["TagKeys"]}
        return {}

    def _kept(self, scope: Scope, id: str) -> Thing:
        name = id.partition(":slo/")[2] if id.startswith("arn:") else id
        if name not in scope.objectives:
            raise ApiError("ResourceNotFoundException", f"The SLO {name} does not exist.", 404)
        return scope.objectives[name]

    def _arn(self, scope: Scope, arn: str) -> str:
        return str(self._kept(scope, arn)["Arn"])


def checked(given: dict[str, Any]) -> None:
    """Refuse what the documentation says an objective cannot be."""
    for config, inner in _CONFIGS.items():
        if config not in given:
            continue
        whole = given[config]
        metric = whole[inner]
        by_metrics = [key for key in ("MetricDataQueries", "TotalRequestCountMetric") if metric.get(key)]
        if bool(by_metrics) == ("MetricType" in metric):
            raise invalid("Only one metric config must be populated")
        if "MetricType" in metric and {"Type", "Name", "Environment"} - set(metric.get("KeyAttributes") or {}):
            raise invalid("KeyAttributes must have at least Type, Name and Environment.")
        if "TotalRequestCountMetric" in metric:
            monitored = metric.get("MonitoredRequestCountMetric") or {}
            if len([key for key, value in monitored.items() if value]) != 1:
                raise invalid("MonitoredRequestCountMetric must have either GoodCountMetric or BadCountMetric.")
        if (config == "SliConfig" or metric.get("MetricType") == "LATENCY") and not {
            "MetricThreshold",
            "ComparisonOperator",
        } <= set(whole):
            raise invalid("MetricThreshold and ComparisonOperator are needed.")
    goal = given.get("Goal") or {}
    for name in ("AttainmentGoal", "WarningThreshold"):
        if name in goal and not 0 < goal[name] < 100:
            raise invalid(f"{name} must be greater than 0 and less than 100.")
    if len(goal.get("Interval") or {"one": 1}) != 1:
        raise invalid("Interval must have either RollingInterval or CalendarInterval.")


def shown(kept: Thing) -> Thing:
    """An objective as it is answered: with AWS's defaults, and with the metrics of a service filled in."""
    put = kept["put"]
    goal = {"Interval": _ROLLING, "AttainmentGoal": 99.0, "WarningThreshold": 50.0, **put.get("Goal", {})}
    found = {
        **{name: kept[name] for name in ("Arn", "Name", "CreatedTime", "LastUpdatedTime")},
        "Goal": goal,
        "BurnRateConfigurations": put.get("BurnRateConfigurations", []),
        "EvaluationType": "RequestBased" if "RequestBasedSliConfig" in put else "PeriodBased",
        **{name: put[name] for name in ("Description",) if name in put},
    }
    if "RequestBasedSliConfig" in put:
        config = put["RequestBasedSliConfig"]
        metric = dict(config["RequestBasedSliMetricConfig"])
        if "MetricType" in metric:
            metric["TotalRequestCountMetric"] = [_of_service(metric, "total", "SampleCount", 60)]
            bad = _of_service(metric, "bad", "Sum", 60)
            metric["MonitoredRequestCountMetric"] = {"BadCountMetric": [bad]}
        found["RequestBasedSli"] = {**config, "RequestBasedSliMetric": metric, "metric": metric}
    else:
        config = put["SliConfig"]
        metric = dict(config["SliMetricConfig"])
        if "MetricType" in metric:
            stat, period = metric.pop("Statistic", "Average"), metric.pop("PeriodSeconds", 60)
            metric["MetricDataQueries"] = [_of_service(metric, "m1", stat, period)]
        found["Sli"] = {**config, "SliMetric": metric, "metric": metric}
    return found


def _of_service(metric: Thing, id: str, stat: str, period: int) -> Thing:
    """A metric that Application Signals publishes of a service."""
    keys = metric["KeyAttributes"]
    dimensions = [{"Name": name, "Value": keys[key]} for name, key in (("Service", "Name"), ("Environment",) * 2)]
    if "OperationName" in metric:
        dimensions.append({"Name": "Operation", "Value": metric["OperationName"]})
    name = "Latency" if metric["MetricType"] == "LATENCY" or id == "total" else "Fault"
    one = {"Namespace": "ApplicationSignals", "MetricName": name, "Dimensions": dimensions}
    return {"Id": id, "MetricStat": {"Metric": one, "Period": period, "Stat": stat}, "ReturnData": True}


def call(service: ApplicationSignals, operation: str, scope: Scope, given: dict[str, Any]) -> dict[str, Any] | None:
    """Do an operation. One that the stand-in lacks is an error that says so."""
    act = getattr(service, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower(), None)
    if act is None:
        raise invalid(f"The lab's stand-in for AWS does not have {operation}.")
    found: dict[str, Any] | None = act(scope, given)
    return found
