# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service level objectives on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lab.aws.testing import Aws

MODULE = "application_signals_slos"
Run = Callable[..., dict[str, Any]]


def counted(id: str, metric: str) -> list[dict[str, Any]]:
    stat = {
        "namespace": "AWS/ApplicationELB",
        "metric": metric,
        "dimensions": {"LoadBalancer": "app/x/1"},
        "period": 60,
        "stat": "Sum",
    }
    return [{"id": id, "metric_stat": stat}]


API: dict[str, Any] = {
    "name": "production api",
    "description": "jeden Monat",
    "goal": 99.9,
    "interval": {"duration": 1, "unit": "month", "start": "2026-01-01T00:00:00+01:00"},
    "total_requests": counted("total", "RequestCount"),
    "bad_requests": counted("bad", "HTTPCode_Target_5XX_Count"),
    "burn_rate_windows": [60, 5],
    "tags": {"owner": "payments"},
}
LATENCY: dict[str, Any] = {
    "name": "payments-latency",
    "evaluation": "periods",
    "service": {"name": "payments", "environment": "production"},
    "operation": "GET /orders",
    "indicator": "latency",
    "statistic": "p99",
    "period": 300,
    "threshold": 300,
    "comparison": "LessThan",
}


def stored(aws: Aws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("application-signals").get_service_level_objective(Id=name)["Slo"]
    return found


def names(aws: Aws) -> list[str]:
    pages = aws.client("application-signals").get_paginator("list_service_level_objectives").paginate()
    return [item["Name"] for page in pages for item in page["SloSummaries"]]


def tags(aws: Aws, name: str) -> dict[str, str]:
    arn = stored(aws, name)["Arn"]
    found = aws.client("application-signals").list_tags_for_resource(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_made_kept_changed_and_purged(run_aws: Run, aws: Aws) -> None:
    options = {"managed_by": "m", "slos": [API, LATENCY]}
    planned = run_aws(MODULE, options, check=True)
    assert planned["created"] == ["payments-latency", "production api"]
    assert names(aws) == []

    made = run_aws(MODULE, options)
    assert not made["failed"], made
    kept = stored(aws, "production api")
    assert kept["Goal"]["AttainmentGoal"] == 99.9
    assert kept["Goal"]["Interval"]["CalendarInterval"]["StartTime"] == datetime(2025, 12, 31, 23, tzinfo=UTC)
    metric = kept["RequestBasedSli"]["RequestBasedSliMetric"]
    (bad,) = metric["MonitoredRequestCountMetric"]["BadCountMetric"]
    assert bad["MetricStat"]["Metric"]["MetricName"] == "HTTPCode_Target_5XX_Count"
    assert [one["LookBackWindowMinutes"] for one in kept["BurnRateConfigurations"]] == [5, 60]
    assert tags(aws, "production api") == {"managed-by": "m", "owner": "payments"}
    latency = stored(aws, "payments-latency")["Sli"]
    assert latency["SliMetric"]["KeyAttributes"] == {
        "Type": "Service",
        "Name": "payments",
        "Environment": "production",
    }
    (query,) = latency["SliMetric"]["MetricDataQueries"]
    assert (query["MetricStat"]["Stat"], query["MetricStat"]["Period"]) == ("p99", 300)

    aws.forget_requests()
    again = run_aws(MODULE, options)
    assert (again["changed"], again["unchanged"]) == (False, ["payments-latency", "production api"])
    operations = [entry["operation"] for entry in aws.requests("application-signals")]
    assert sorted(operations) == ["GetServiceLevelObjective"] * 2 + ["ListServiceLevelObjectives"]

    changed = run_aws(
        MODULE,
        {
            "managed_by": "m",
            "purge": True,
            "slos": [{"name": "payments-latency", "threshold": 250, "goal": 95, "tags": {"a": "b"}}],
        },
    )
    assert not changed["failed"], changed
    assert (changed["updated"], changed["deleted"]) == (["payments-latency"], ["production api"])
    (shown,) = [item for item in changed["diff"] if item["after_header"] == "objective payments-latency"]
    assert shown["after"] == {"threshold": 250, "goal": 95, "tags": {"a": "b"}}
    latency = stored(aws, "payments-latency")
    assert latency["Sli"]["MetricThreshold"] == 250
    # What AWS replaces as a whole has kept the rest.
    assert latency["Sli"]["SliMetric"]["OperationName"] == "GET /orders"
    (query,) = latency["Sli"]["SliMetric"]["MetricDataQueries"]
    assert (query["MetricStat"]["Stat"], query["MetricStat"]["Period"]) == ("p99", 300)
    assert latency["Goal"]["WarningThreshold"] == 50
    assert tags(aws, "payments-latency") == {"managed-by": "m", "a": "b"}
    assert names(aws) == ["payments-latency"]


def test_good_instead_of_bad_requests(run_aws: Run, aws: Aws) -> None:
    assert not run_aws(MODULE, {"managed_by": "m", "slos": [API]})["failed"]
    good = {"name": API["name"], "good_requests": counted("good", "HTTPCode_Target_2XX_Count")}
    changed = run_aws(MODULE, {"managed_by": "m", "slos": [good]})
    assert not changed["failed"], changed
    metric = stored(aws, API["name"])["RequestBasedSli"]["RequestBasedSliMetric"]
    assert list(metric["MonitoredRequestCountMetric"]) == ["GoodCountMetric"]
    assert metric["TotalRequestCountMetric"][0]["MetricStat"]["Metric"]["MetricName"] == "RequestCount"
    assert not run_aws(MODULE, {"managed_by": "m", "slos": [good]})["changed"]


def test_what_it_counts_is_not_changed_and_others_are_left_alone(run_aws: Run, aws: Aws) -> None:
    theirs = [{"Key": "managed-by", "Value": "others"}]
    sli = {"KeyAttributes": {"Type": "Service", "Name": "x", "Environment": "y"}, "MetricType": "AVAILABILITY"}
    client = aws.client("application-signals")
    for name, given in (("theirs", theirs), ("bare", [])):
        client.create_service_level_objective(
            Name=name, RequestBasedSliConfig={"RequestBasedSliMetricConfig": sli}, Tags=given
        )
    refused = run_aws(MODULE, {"managed_by": "m", "slos": [{**LATENCY, "name": "bare"}]})
    assert refused["msg"].startswith("objective 'bare' counts requests, and AWS cannot let it count periods")
    refused = run_aws(MODULE, {"managed_by": "m", "slos": [{"name": "theirs", "goal": 95}]})
    assert "belongs to managed_by 'others'" in refused["msg"]
    adopted = run_aws(MODULE, {"managed_by": "m", "slos": [{"name": "bare", "goal": 99}]})
    assert (adopted["adopted"], tags(aws, "bare")) == (["bare"], {"managed-by": "m"})
    purged = run_aws(MODULE, {"managed_by": "m", "purge": True, "slos": []})
    assert (purged["deleted"], purged["unmanaged"]) == (["bare"], ["theirs"])


def test_discovery_is_the_service_linked_role(run_aws: Run, aws: Aws) -> None:
    role = "AWSServiceRoleForCloudWatchApplicationSignals"
    options = {"service_discovery": True}
    assert run_aws("xray_settings", options, check=True)["updated"] == ["service_discovery"]
    assert role not in [one["RoleName"] for one in aws.client("iam").list_roles()["Roles"]]
    assert run_aws("xray_settings", options)["updated"] == ["service_discovery"]
    assert aws.client("iam").get_role(RoleName=role)["Role"]["Path"].startswith("/aws-service-role/")
    assert not run_aws("xray_settings", options)["changed"]
    refused = run_aws("xray_settings", {"service_discovery": False})
    assert "service_discovery cannot be turned off" in refused["msg"]
