# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role cloudwatch_logs makes around the logs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_resources import log_resources
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

PLACE = {"partition": "aws", "region": "eu-central-1", "account": "123456789012"}
INPUTS: dict[str, Any] = {
    "state": "present",
    "environment": "production",
    "managed_by": "kumawatch-production-logs",
    "tags": {"team": "platform"},
    "delivery": "vended",
    "archive": True,
    "bucket": "",
    "bucket_prefix": "",
    "groups": ["/production/api/app", "/aws/rds/instance/prod-db/postgresql"],
    "exports": [{"id": "prod-db", "kind": "instance", "engine": "postgres", "log_types": ["postgresql"]}],
    "channels": [{"name": "ops", "default": True, "webhook": None}],
    "secret_store": "secretsmanager",
    "secret": "kumawatch/production/alert-channel",
    "table": "",
    "operations_topic": "",
    "report": True,
    "report_schedule": "cron(0 8 * * ? *)",
    "timezone": "Europe/Berlin",
    "pace": 1.1,
    "runtime": "python3.13",
    "architecture": "arm64",
    "memory_size": 512,
    "timeout": 600,
    "log_retention_days": 30,
}


def made(**inputs: Any) -> dict[str, Any]:
    return log_resources({**PLACE, **inputs.pop("place", {})}, {**INPUTS, **inputs})


def actions(plan: dict[str, Any], role: str) -> dict[str, Any]:
    """What a role may do, by action."""
    [found] = [entry for entry in plan["roles"] if entry["name"] == role]
    return {
        action: statement["Resource"] for statement in found["policy"]["Statement"] for action in statement["Action"]
    }


def test_the_report_may_read_its_logs_and_nothing_else() -> None:
    may = actions(made(), "kumawatch-production-error-report")
    assert may["logs:StartQuery"] == [
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/rds/instance/prod-db/postgresql:*",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/production/*:*",
    ]
    assert may["secretsmanager:GetSecretValue"].endswith(":secret:kumawatch/production/alert-channel-??????")
    assert may["dynamodb:BatchGetItem"].endswith(":table/kumawatch-production-incidents")
    assert not [action for action, resource in may.items() if resource == "*" and action not in
                ("logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery")]  # fmt: skip
    in_ssm = actions(made(secret_store="ssm"), "kumawatch-production-error-report")
    assert in_ssm["ssm:GetParameter"].endswith(":parameter/kumawatch/production/alert-channel")


def test_the_function_is_told_what_it_needs() -> None:
    plan = made()
    [function] = plan["functions"]
    assert function["handler"] == "kumawatch._error_report.handlers.report"
    told = function["environment"]
    assert json.loads(told["KUMAWATCH_CHANNELS"]) == [{"default": True, "name": "ops"}]
    assert (told["KUMAWATCH_TIMEZONE"], told["KUMAWATCH_TABLE"]) == ("Europe/Berlin", "kumawatch-production-incidents")
    assert sum(len(name) + len(value) for name, value in told.items()) < 4096
    [schedule] = plan["schedules"]
    assert schedule["timezone"] == "Europe/Berlin"
    [alarm] = plan["alarms"]
    assert alarm["alarm_actions"] == ["arn:aws:sns:eu-central-1:123456789012:kumawatch-production-operations"]
    assert plan["databases"] == [{"id": "prod-db", "kind": "instance", "log_exports": ["postgresql"]}]


def test_only_load_balancers_of_this_account_may_write() -> None:
    plan = made(bucket_prefix="/alb/")
    [policy] = plan["policies"]
    [statement] = policy["policy"]["Statement"]
    assert statement["Resource"] == "arn:aws:logs:eu-central-1:123456789012:log-group:/production/load-balancer/*"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    bucket = plan["bucket"]
    assert bucket["name"] == "kumawatch-production-logs-123456789012-eu-central-1"
    allowed = [one for one in bucket["policy"]["Statement"] if one["Effect"] == "Allow"]
    assert {one["Resource"] for one in allowed} == {f"arn:aws:s3:::{bucket['name']}/alb/*"}
    assert all(one["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012" for one in allowed)
    assert made(delivery="attributes")["policies"] == [{"name": policy["name"], "state": "absent"}]
    assert made(delivery="attributes")["bucket"] is not None
    assert made(delivery="none")["bucket"] is None
    assert made(archive=False)["bucket"] is None


def test_other_partitions_and_names() -> None:
    plan = made(place={"partition": "aws-cn", "region": "cn-north-1"}, environment="Shop_Test")
    assert "arn:aws:" not in json.dumps(plan)
    assert plan["bucket"]["name"] == "kumawatch-shop-test-logs-123456789012-cn-north-1"
    long = made(environment="e" * 31)["bucket"]["name"]
    assert len(long) <= 63


@pytest.mark.parametrize("inputs", [{"state": "absent"}, {"report": False}])
def test_what_is_not_wanted_is_absent(inputs: dict[str, Any]) -> None:
    plan = made(**inputs)
    for kind in ("functions", "schedules", "alarms", "log_groups"):
        assert [entry["state"] for entry in plan[kind]] == ["absent"], kind
    states = {entry["name"]: entry.get("state", "present") for entry in plan["roles"]}
    assert states["kumawatch-production-error-report"] == "absent"
    assert states["kumawatch-production-log-alarms"] == ("present" if inputs.get("report") is False else "absent")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"environment": ""}, "set monitoring_environment"),
        ({"environment": "a/b"}, "cloudwatch_logs_environment is 'a/b'"),
        ({"delivery": "post"}, "cloudwatch_logs_delivery is 'post'; it takes vended, attributes, none"),
        ({"bucket": "Logs"}, "cloudwatch_logs_bucket is 'Logs'"),
        ({"bucket": "a..b"}, "cloudwatch_logs_bucket is 'a..b'"),
    ],
)
def test_what_cannot_be_right_is_one_sentence(inputs: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as error:
        made(**inputs)
    assert said in str(error.value)
