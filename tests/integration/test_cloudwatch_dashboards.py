# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.dashboards import dashboards
from lab.aws.testing import Aws

MODULE = "cloudwatch_dashboards"
SPECS = Path(__file__).resolve().parents[2] / "roles/catalogue/meta/argument_specs.yml"
OPTIONS = yaml.safe_load(SPECS.read_text())["argument_specs"]["main"]["options"]
Run = Callable[..., dict[str, Any]]

TEXT = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": "# Übersicht"}}
METRIC = {
    "type": "metric", "x": 0, "y": 2, "width": 12, "height": 6,
    "properties": {
        "title": "CPU", "region": "us-east-1", "metrics": [["AWS/EC2", "CPUUtilization", "InstanceId", "i-1"]],
    },
}  # fmt: skip
BODY = {"widgets": [TEXT, METRIC]}


def body(aws: Aws, name: str) -> Any:
    return json.loads(aws.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])


def tags(aws: Aws, name: str) -> dict[str, str]:
    client = aws.client("cloudwatch")
    arn = client.get_dashboard(DashboardName=name)["DashboardArn"]
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceARN=arn)["Tags"]}


def names(aws: Aws) -> list[str]:
    return sorted(item["DashboardName"] for item in aws.client("cloudwatch").list_dashboards()["DashboardEntries"])


def test_made_kept_changed_and_purged(run_aws: Run, aws: Aws) -> None:
    entries = [
        {"name": "production", "body": BODY, "tags": {"owner": "payments"}},
        {"name": "production-api", "body": json.dumps(BODY, indent=4)},
    ]
    options = {"managed_by": "m", "dashboards": entries}
    planned = run_aws(MODULE, options, check=True)
    assert planned["created"] == ["production", "production-api"]
    assert names(aws) == []
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert made["diff"] == planned["diff"]
    assert body(aws, "production") == body(aws, "production-api") == BODY
    assert tags(aws, "production") == {"managed-by": "m", "owner": "payments"}
    assert tags(aws, "production-api") == {"managed-by": "m"}

    again = run_aws(MODULE, options)
    assert (again["changed"], again["unchanged"]) == (False, ["production", "production-api"])

    aws.client("cloudwatch").put_dashboard(DashboardName="by-hand", DashboardBody=json.dumps(BODY))
    entries = [{"name": "production", "body": {"widgets": [METRIC]}, "tags": {}}]
    changed = run_aws(MODULE, {"managed_by": "m", "purge": True, "dashboards": entries})
    assert not changed["failed"], changed
    assert (changed["updated"], changed["deleted"], changed["unmanaged"]) == (
        ["production"], ["production-api"], ["by-hand"],
    )  # fmt: skip
    assert names(aws) == ["by-hand", "production"]
    assert body(aws, "production") == {"widgets": [METRIC]}
    assert tags(aws, "production") == {"managed-by": "m"}


def test_one_made_by_hand_is_adopted_and_one_of_somebody_else_refused(run_aws: Run, aws: Aws) -> None:
    client = aws.client("cloudwatch")
    client.put_dashboard(DashboardName="hand", DashboardBody=json.dumps(BODY))
    client.put_dashboard(
        DashboardName="theirs", DashboardBody=json.dumps(BODY), Tags=[{"Key": "managed-by", "Value": "x"}]
    )
    adopted = run_aws(MODULE, {"managed_by": "m", "dashboards": [{"name": "hand", "body": BODY}]})
    assert (adopted["adopted"], tags(aws, "hand")) == (["hand"], {"managed-by": "m"})
    refused = run_aws(MODULE, {"managed_by": "m", "dashboards": [{"name": "theirs", "state": "absent"}]})
    assert refused["failed"]
    assert refused["msg"].startswith("dashboard 'theirs' belongs to managed_by 'x', not to 'm'")
    assert names(aws) == ["hand", "theirs"]


def test_a_widget_that_cloudwatch_does_not_take_is_named(run_aws: Run, aws: Aws) -> None:
    wrong = {**METRIC, "properties": {**METRIC["properties"], "metrics": "CPU"}}
    entries = [{"name": "wrong", "body": {"widgets": [TEXT, wrong]}}, {"name": "right", "body": BODY}]
    result = run_aws(MODULE, {"dashboards": entries})
    assert result["failed"]
    assert result["created"] == ["right"]
    assert [failure["name"] for failure in result["failures"]] == ["wrong"]
    assert "widget 2 ('CPU')" in result["failures"][0]["error"]
    assert names(aws) == ["right"]


def test_nothing_is_written_twice_when_an_answer_is_lost(run_aws: Run, aws: Aws) -> None:
    aws.faults({"service": "monitoring", "operation": "PutDashboard", "kind": "lost_response", "count": 3})
    entries = [{"name": f"d{number}", "body": BODY} for number in range(8)]
    result = run_aws(MODULE, {"managed_by": "m", "dashboards": entries})
    assert not result["failed"], result
    assert len(aws.requests("monitoring", "PutDashboard")) == 8
    assert not run_aws(MODULE, {"managed_by": "m", "dashboards": entries})["changed"]


def test_throttled_all_arrive(run_aws: Run, aws: Aws) -> None:
    aws.faults({"service": "monitoring", "operation": "PutDashboard", "kind": "throttle", "rate": 0.5})
    entries = [{"name": f"d{number}", "body": BODY} for number in range(10)]
    result = run_aws(MODULE, {"dashboards": entries})
    assert not result["failed"], result
    assert len(names(aws)) == 10


def test_hundreds_cost_a_call_each_and_the_list_its_pages(run_aws: Run, aws: Aws) -> None:
    entries = [{"name": f"d{number}", "body": BODY} for number in range(300)]
    made = run_aws(MODULE, {"managed_by": "m", "dashboards": entries}, diff=False)
    assert not made["failed"], made["msg"]
    aws.forget_requests()
    begin = time.monotonic()
    again = run_aws(MODULE, {"managed_by": "m", "dashboards": entries}, diff=False)
    assert (again["changed"], len(again["unchanged"])) == (False, 300)
    assert len(aws.requests("monitoring", "GetDashboard")) == 300
    assert len(aws.requests("monitoring", "ListDashboards")) <= 2
    assert time.monotonic() - begin < 60
    gone = run_aws(MODULE, {"managed_by": "m", "purge": True, "max_deletions": 299, "dashboards": []}, diff=False)
    assert gone["failed"]
    assert "purge would delete 300 dashboards" in gone["msg"]
    aws.forget_requests()
    gone = run_aws(MODULE, {"managed_by": "m", "purge": True, "max_deletions": 300, "dashboards": []}, diff=False)
    assert len(gone["deleted"]) == 300
    assert len(aws.requests("monitoring", "DeleteDashboards")) == 3
    assert names(aws) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9"])
def test_nobody_there(run_aws: Run, url: str) -> None:
    result = run_aws(MODULE, {"dashboards": [{"name": "d", "body": BODY}], "endpoint_url": url, "patience": 1})
    assert result["failed"]
    assert result["msg"].startswith(f"CloudWatch at {url} cannot be reached")


def test_the_dashboards_of_a_catalogue_are_taken_without_reservations(run_aws: Run, aws: Aws) -> None:
    hosts = [
        {
            "id": f"i-{number:017x}", "name": f"api-{number}", "state": "running", "autoscaling_group": None,
            "nitro": True, "detailed_monitoring": True,
            "volumes": [{"id": f"vol-{number:017x}", "device": "/dev/xvda", "type": "gp3"}],
        }
        for number in range(30)
    ]  # fmt: skip
    balancer = {
        "id": "app/prod/50dc6c495c0c9188", "name": "prod", "arn": "arn:b",
        "target_groups": [{"id": "targetgroup/api/1", "name": "api", "arn": "arn:1"}],
    }  # fmt: skip
    database = {
        "id": "prod-db", "kind": "instance", "engine": "postgres", "vcpus": 2, "allocated_bytes": 10**11,
        "max_connections": 820, "replica_of": "other", "members": [],
    }  # fmt: skip
    found = {
        "account": "123456789012", "partition": "aws", "region": aws.region,
        "services": {
            "api": {"instances": hosts, "load_balancer": balancer, "database": database},
            "shop": {"instances": hosts[:2]},
        },
    }  # fmt: skip
    orders = {
        "title": "Orders",
        "namespace": "Shop",
        "name": "Orders",
        "direction": "below",
        "warning": 20,
        "critical": 5,
    }
    catalogue = resolve(
        {
            "monitoring_environment": "production",
            "monitoring_services": [
                {"name": "api", "owner": "payments", "objective": 99.9, "metrics": [orders]},
                {"name": "shop", "depends_on": ["api"]},
                {"name": "日本"},
            ],
        },
        OPTIONS,
    )
    options = {"managed_by": "m", "purge": True, "dashboards": dashboards(catalogue, found)}
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert made["warnings"] == []
    assert names(aws) == sorted(made["created"])
    assert {"production", "production-api", "production-shop"} < set(made["created"])
    assert not run_aws(MODULE, options)["changed"]
