# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load balancers log to S3: declared, compared, sent; and what a catalogue means for it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import elb_access_logs_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.elb_access_logs import AccessLogs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError

ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/%s"
ON = {"enabled": True, "bucket": "logs", "prefix": "alb"}


def balancer(name: str, kind: str = "application") -> dict[str, Any]:
    short = {"application": "app", "network": "net", "gateway": "gwy"}[kind]
    return {"LoadBalancerArn": ARN % f"{short}/{name}/1", "LoadBalancerName": name, "Type": kind}


class Account:
    """Load balancers with their attributes, and what was called."""

    region = "eu-central-1"

    def __init__(self, *balancers: dict[str, Any], **attributes: str) -> None:
        self.balancers = balancers
        self.attributes = [{"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()]
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        self.calls.append((operation, parameters))
        return {"Attributes": self.attributes}

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[dict[str, Any]]:
        self.calls.append((operation, parameters))
        return list(self.balancers)


def sent(account: Account, *entries: dict[str, Any]) -> list[dict[str, str]]:
    """The attributes that are modified, of all entries."""
    kind: Any = AccessLogs(entries)
    desired, actual = kind.desired(account), kind.read(account)
    kind.check(desired, actual)
    for change in kind.plan(desired, actual).changes:
        kind.apply(account, change)
    return [
        {item["Key"]: item["Value"] for item in parameters["Attributes"]}
        for operation, parameters in account.calls
        if operation == "ModifyLoadBalancerAttributes"
    ]


def test_only_what_differs_is_sent_along_with_where_the_log_goes() -> None:
    fresh = Account(balancer("api"), balancer("other"))
    assert sent(fresh, {"load_balancer": "api", "access_logs": ON, "connection_logs": None}) == [
        {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs", "access_logs.s3.prefix": "alb"}
    ]
    read = [p["LoadBalancerArn"] for operation, p in fresh.calls if operation == "DescribeLoadBalancerAttributes"]
    assert read == [ARN % "app/api/1"]
    there = {"access_logs__s3__enabled": "true", "access_logs__s3__bucket": "logs", "access_logs__s3__prefix": "alb"}
    assert sent(Account(balancer("api"), **there), {"load_balancer": "app/api/1", "access_logs": ON}) == []
    moved = {"load_balancer": ARN % "app/api/1", "access_logs": {**ON, "prefix": ""}}
    assert sent(Account(balancer("api"), **there), moved) == [
        {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs", "access_logs.s3.prefix": ""}
    ]
    assert sent(Account(balancer("api"), **there), {**moved, "ignore": ["access_logs"]}) == []


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ({"enabled": False}, [{"access_logs.s3.enabled": "false"}]),
        ({"enabled": False, "bucket": "logs", "prefix": "alb"}, [{"access_logs.s3.enabled": "false"}]),
        ({"enabled": False, "bucket": "logs", "prefix": "other"}, []),
        ({"enabled": False, "bucket": "theirs"}, []),
    ],
)
def test_a_log_that_goes_elsewhere_is_not_switched_off(off: dict[str, Any], expected: list[dict[str, str]]) -> None:
    there = {"access_logs__s3__enabled": "true", "access_logs__s3__bucket": "logs", "access_logs__s3__prefix": "alb"}
    assert sent(Account(balancer("api"), **there), {"load_balancer": "api", "access_logs": off}) == expected


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            [{"load_balancer": ""}],
            "load_balancers entry 1: load_balancer is empty: give the ARN, app/NAME/ID or the name.",
        ),
        (
            [{"load_balancer": "api", "access_logs": {"enabled": True, "bucket": ""}}],
            "load balancer 'api': access_logs.bucket is empty: give the bucket that gets the log.",
        ),
        (
            [{"load_balancer": "api", "health_check_logs": {"enabled": True}}],
            "load balancer 'api': health_check_logs needs a bucket: give health_check_logs.bucket, the name of one.",
        ),
        (
            [{"load_balancer": "tcp", "connection_logs": ON}],
            "load balancer 'tcp': only Application Load Balancers have connection_logs: remove them.",
        ),
        (
            [{"load_balancer": "wall", "access_logs": ON}],
            "load balancer 'wall': there is no such Application or Network Load Balancer in eu-central-1: correct its "
            "name or remove the entry.",
        ),
        (
            [{"load_balancer": "api"}, {"load_balancer": "app/api/1"}],
            "load balancers 'api' and 'app/api/1' are one and the same: remove one of the entries.",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(entries: list[dict[str, Any]], sentence: str) -> None:
    account = Account(balancer("api"), balancer("tcp", "network"), balancer("wall", "gateway"))
    with pytest.raises(KumawatchError) as error:
        sent(account, *entries)
    assert str(error.value) == sentence


@pytest.mark.parametrize("prefix", ["/alb", "alb/", "a/AWSLogs/b"])
def test_a_prefix_that_aws_would_refuse_is_refused(prefix: str) -> None:
    with pytest.raises(InputError, match=r"access_logs\.prefix"):
        model.desired([{"load_balancer": "api", "access_logs": {"prefix": prefix}}])
