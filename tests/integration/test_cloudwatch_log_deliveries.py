# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliveries of vended logs, and who may write to log groups, on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.aws.testing import Aws

MODULE = "cloudwatch_log_deliveries"
POLICIES = "cloudwatch_log_resource_policies"
Run = Callable[..., dict[str, Any]]

GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/p/load-balancer/prod-api"


@pytest.fixture
def entry(aws: Aws) -> dict[str, Any]:
    """The logs of a load balancer that exists, to a log group and a bucket that exist."""
    ec2, elb = aws.client("ec2"), aws.client("elbv2")
    subnets = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]][:2]
    balancer = elb.create_load_balancer(Name="prod-api", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    aws.client("logs").create_log_group(logGroupName="/p/load-balancer/prod-api")
    aws.client("s3").create_bucket(Bucket="p-logs")
    return {
        "name": "kumawatch-p-prod-api-access", "source_arn": balancer, "log_type": "ALB_ACCESS_LOGS",
        "destinations": [
            {"arn": GROUP, "output_format": "json"}, {"arn": "arn:aws:s3:::p-logs", "output_format": "plain"},
        ],
    }  # fmt: skip


def there(aws: Aws) -> tuple[list[str], list[str], int]:
    """Names of sources and destinations, and how many deliveries."""
    client = aws.client("logs")
    return (
        sorted(item["name"] for item in client.describe_delivery_sources()["deliverySources"]),
        sorted(item["name"] for item in client.describe_delivery_destinations()["deliveryDestinations"]),
        len(client.describe_deliveries()["deliveries"]),
    )


def test_made_kept_changed_and_gone(run_aws: Run, aws: Aws, entry: dict[str, Any]) -> None:
    options = {"managed_by": "m", "deliveries": [{**entry, "tags": {"service": "api"}}]}
    planned = run_aws(MODULE, options, check=True)
    assert len(planned["created"]) == 5
    assert there(aws) == ([], [], 0)
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert (made["created"], made["diff"]) == (planned["created"], planned["diff"])
    name = entry["name"]
    assert there(aws) == ([name], [f"{name}-logs", f"{name}-s3"], 2)
    client = aws.client("logs")
    for item in client.describe_deliveries()["deliveries"]:
        assert client.list_tags_for_resource(resourceArn=item["arn"])["tags"] == {"service": "api", "managed-by": "m"}
    assert not run_aws(MODULE, options)["changed"]

    shorter = {**entry, "destinations": entry["destinations"][:1]}
    changed = run_aws(MODULE, {"managed_by": "m", "deliveries": [shorter]})
    assert changed["deleted"] == [f"{name} to {name}-s3"]
    assert there(aws) == ([name], [f"{name}-logs", f"{name}-s3"], 1)
    purged = run_aws(MODULE, {"managed_by": "m", "purge": True, "deliveries": [shorter]})
    assert purged["deleted"] == [f"destination {name}-s3"]
    ended = {"name": name, "state": "absent", "destinations": [{"type": "logs"}]}
    gone = run_aws(MODULE, {"managed_by": "m", "deliveries": [ended]})
    assert not gone["failed"], gone
    assert there(aws) == ([], [], 0)
    assert not run_aws(MODULE, {"managed_by": "m", "deliveries": [ended]})["changed"]


def test_a_purge_keeps_what_others_deliver(run_aws: Run, aws: Aws, entry: dict[str, Any]) -> None:
    theirs = {**entry, "name": "theirs", "log_type": "ALB_CONNECTION_LOGS"}
    assert not run_aws(MODULE, {"managed_by": "m", "deliveries": [entry]})["failed"]
    assert not run_aws(MODULE, {"managed_by": "x", "deliveries": [theirs]})["failed"]
    purged = run_aws(MODULE, {"managed_by": "m", "purge": True, "deliveries": []})
    assert not purged["failed"], purged
    assert len(purged["deleted"]) == 5
    assert there(aws) == (["theirs"], ["theirs-logs", "theirs-s3"], 2)


def test_lost_answers_are_looked_up(run_aws: Run, aws: Aws, entry: dict[str, Any]) -> None:
    aws.faults({"service": "logs", "operation": "*", "kind": "lost_response", "rate": 0.3})
    made = run_aws(MODULE, {"managed_by": "m", "deliveries": [entry]})
    aws.no_faults()
    assert not made["failed"], made
    assert there(aws)[2] == 2
    assert not run_aws(MODULE, {"managed_by": "m", "deliveries": [entry]})["changed"]


def test_mistakes_are_named_and_nothing_is_called(run_aws: Run, aws: Aws) -> None:
    aws.forget_requests()
    balancer = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/prod-api/50dc6c495c0c9188"
    for change, said in (
        ({"log_type": "ALB_ACCES_LOGS"}, "did you mean 'ALB_ACCESS_LOGS'?"),
        ({"destination": []}, "deliveries.destination. Supported parameters include"),
        ({"destinations": [{"arn": GROUP, "type": "s3"}]}, "destinations.type is s3, and arn"),
    ):
        wrong = {"name": "x", "source_arn": balancer, "log_type": "ALB_ACCESS_LOGS", **change}
        assert said in run_aws(MODULE, {"deliveries": [wrong]})["msg"]
    assert aws.requests() == []


def test_who_may_write_to_log_groups(run_aws: Run, aws: Aws) -> None:
    statement = {
        "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{GROUP}:*",
    }  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    options = {"policies": [{"name": "kumawatch-p-delivery", "policy": policy}]}
    planned = run_aws(POLICIES, options, check=True)
    made = run_aws(POLICIES, options)
    assert planned["created"] == made["created"] == ["kumawatch-p-delivery"]
    (stored,) = aws.client("logs").describe_resource_policies()["resourcePolicies"]
    assert json.loads(stored["policyDocument"]) == policy
    same = {**policy, "Statement": {**statement, "Action": statement["Action"][::-1]}}
    assert not run_aws(POLICIES, {"policies": [{"name": "kumawatch-p-delivery", "policy": same}]})["changed"]
    gone = run_aws(POLICIES, {"policies": [{"name": "kumawatch-p-delivery", "state": "absent"}]})
    assert gone["deleted"] == ["kumawatch-p-delivery"]
    assert aws.client("logs").describe_resource_policies()["resourcePolicies"] == []
