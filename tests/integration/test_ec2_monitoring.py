# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ec2_monitoring against the stand-in."""

from __future__ import annotations

from typing import Any

from lab.aws.testing import Aws

from .conftest import RunModule

IMAGE = "ami-0abcdef1234567890"


def launch(aws: Aws, count: int) -> list[str]:
    answer = aws.client("ec2").run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=count, MaxCount=count)
    return sorted(instance["InstanceId"] for instance in answer["Instances"])


def monitored(aws: Aws) -> dict[str, bool]:
    return {
        instance["InstanceId"]: instance["Monitoring"]["State"] == "enabled"
        for reservation in aws.client("ec2").describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    }


def entries(ids: list[str], **more: Any) -> dict[str, Any]:
    return {"instances": [{"id": ident, **more} for ident in ids]}


def test_detailed_monitoring_is_switched_once_and_only_where_declared(aws: Aws, run_aws: RunModule) -> None:
    first, second, other = launch(aws, 3)
    wanted = entries([second, first])
    predicted = run_aws("ec2_monitoring", wanted, check=True)
    assert (predicted["changed"], predicted["msg"]) == (True, "0 to create, 2 to update, 0 to delete, 0 unchanged")
    assert not any(monitored(aws).values())

    aws.forget_requests()
    made = run_aws("ec2_monitoring", wanted)
    assert (made["failed"], made["msg"]) == (False, "0 created, 2 updated, 0 deleted, 0 unchanged")
    assert made["updated"] == predicted["updated"] == [first, second]
    assert made["diff"] == predicted["diff"]
    assert made["diff"][0]["after"] == {"detailed_monitoring": True}
    assert made["unmanaged"] == []
    assert len(aws.requests(operation="MonitorInstances")) == 1
    assert monitored(aws) == {first: True, second: True, other: False}

    aws.forget_requests()
    again = run_aws("ec2_monitoring", wanted)
    assert (again["changed"], again["unchanged"], again["diff"]) == (False, [first, second], [])
    assert [entry["operation"] for entry in aws.requests()] == ["DescribeInstances"]

    off = run_aws("ec2_monitoring", entries([first], detailed_monitoring=False))
    assert off["updated"] == [first]
    assert monitored(aws) == {first: False, second: True, other: False}


def test_250_instances_take_three_calls(aws: Aws, run_aws: RunModule) -> None:
    ids = launch(aws, 250)
    aws.forget_requests()
    made = run_aws("ec2_monitoring", entries(ids), diff=False)
    assert (made["failed"], len(made["updated"])) == (False, 250)
    assert "diff" not in made
    assert len(aws.requests(operation="MonitorInstances")) == 3
    assert all(monitored(aws).values())


def test_an_instance_that_does_not_exist_stops_everything_before_it_begins(aws: Aws, run_aws: RunModule) -> None:
    (there,) = launch(aws, 1)
    failed = run_aws("ec2_monitoring", entries([there, "i-0123456789abcdef0"]))
    assert failed["failed"]
    assert failed["msg"] == ("instances: i-0123456789abcdef0 does not exist in us-east-1: correct or remove the entry.")
    assert monitored(aws) == {there: False}
    twice = run_aws("ec2_monitoring", entries([there, there]))
    assert twice["msg"] == f"instance '{there}' is declared twice, as entries 1 and 2: remove one of them."


def test_a_terminated_instance_does_not_exist_any_more(aws: Aws, run_aws: RunModule) -> None:
    (gone,) = launch(aws, 1)
    aws.client("ec2").terminate_instances(InstanceIds=[gone])
    assert "does not exist" in run_aws("ec2_monitoring", entries([gone]))["msg"]


def test_a_lost_answer_is_looked_up(aws: Aws, run_aws: RunModule) -> None:
    ids = launch(aws, 2)
    aws.faults({"service": "ec2", "operation": "MonitorInstances", "kind": "lost_response", "count": 1})
    made = run_aws("ec2_monitoring", entries(ids))
    assert (made["failed"], made["updated"], made["failures"]) == (False, ids, [])
    assert len(aws.requests(operation="MonitorInstances")) == 1
    assert all(monitored(aws).values())


def test_a_refusal_is_said_by_name(aws: Aws, run_aws: RunModule) -> None:
    ids = launch(aws, 1)
    aws.faults({"service": "ec2", "operation": "MonitorInstances", "kind": "throttle"})
    failed = run_aws("ec2_monitoring", {**entries(ids), "patience": 1})
    assert failed["failed"]
    assert failed["msg"].startswith(f"instance '{ids[0]}': EC2 throttles MonitorInstances")
    assert [failure["name"] for failure in failed["failures"]] == ids
    aws.no_faults()
    assert run_aws("ec2_monitoring", entries(ids))["updated"] == ids
