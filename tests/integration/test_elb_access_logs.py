# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""elb_access_logs against the stand-in."""

from __future__ import annotations

from typing import Any

from lab.aws.testing import Aws

from .conftest import RunModule

ON = {"enabled": True, "bucket": "p-logs", "prefix": "alb"}


def create(aws: Aws, *names: str) -> dict[str, str]:
    subnets = [item["SubnetId"] for item in aws.client("ec2").describe_subnets()["Subnets"]][:2]
    return {
        name: aws.client("elbv2").create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        for name in names
    }


def logged(aws: Aws, arn: str, log: str = "access_logs") -> dict[str, str]:
    found = aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    start = f"{log}.s3."
    return {item["Key"].removeprefix(start): item["Value"] for item in found if item["Key"].startswith(start)}


def balancers(*names: str, **more: Any) -> dict[str, Any]:
    return {"load_balancers": [{"load_balancer": name, **more} for name in names]}


def test_logs_are_set_once_and_only_where_declared_and_switched_off_only_where_they_are_ours(
    aws: Aws, run_aws: RunModule
) -> None:
    arns = create(aws, "one", "two", "other")
    untouched = logged(aws, arns["other"])
    wanted = balancers("one", arns["two"].partition(":loadbalancer/")[2], access_logs=ON, connection_logs=ON)
    names = [entry["load_balancer"] for entry in wanted["load_balancers"]]
    predicted = run_aws("elb_access_logs", wanted, check=True)
    assert (predicted["changed"], sorted(predicted["updated"])) == (True, sorted(names))
    assert logged(aws, arns["one"]) == untouched

    made = run_aws("elb_access_logs", wanted)
    assert (made["failed"], made["diff"]) == (False, predicted["diff"])
    for name in ("one", "two"):
        for log in ("access_logs", "connection_logs"):
            assert logged(aws, arns[name], log) == {"enabled": "true", "bucket": "p-logs", "prefix": "alb"}
    assert logged(aws, arns["other"]) == untouched

    aws.forget_requests()
    assert not run_aws("elb_access_logs", wanted)["changed"]
    operations = sorted(entry["operation"] for entry in aws.requests())
    assert operations == ["DescribeLoadBalancerAttributes"] * 2 + ["DescribeLoadBalancers"]

    elsewhere = balancers("one", access_logs={"enabled": False, "bucket": "q-logs"})
    assert not run_aws("elb_access_logs", elsewhere)["changed"]
    ours = balancers("one", access_logs={**ON, "enabled": False})
    assert run_aws("elb_access_logs", ours)["updated"] == ["one"]
    assert logged(aws, arns["one"])["enabled"] == "false"
    assert logged(aws, arns["one"], "connection_logs")["enabled"] == "true"
    assert not run_aws("elb_access_logs", ours)["changed"]


def test_what_does_not_exist_is_one_sentence_and_a_lost_answer_is_looked_up(aws: Aws, run_aws: RunModule) -> None:
    arns = create(aws, "one")
    missing = run_aws("elb_access_logs", balancers("one", "bücher", access_logs=ON))
    assert (missing["failed"], missing["msg"]) == (
        True,
        "load balancer 'bücher': there is no such Application or Network Load Balancer in us-east-1: correct its name "
        "or remove the entry.",
    )
    twice = run_aws("elb_access_logs", balancers("one", arns["one"], access_logs=ON))
    assert twice["failed"] and "are one and the same" in twice["msg"]
    assert logged(aws, arns["one"]).get("enabled") != "true"
    aws.faults({"service": "elbv2", "operation": "ModifyLoadBalancerAttributes", "kind": "lost_response", "count": 1})
    made = run_aws("elb_access_logs", balancers("one", access_logs=ON))
    assert (made["failed"], made["updated"]) == (False, ["one"])
    assert len(aws.requests(operation="ModifyLoadBalancerAttributes")) == 1
