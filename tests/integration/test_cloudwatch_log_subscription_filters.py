# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscription filters, and all that CloudWatch Logs has as entries, on an AWS that is not ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.aws.testing import Aws

MODULE = "cloudwatch_log_subscription_filters"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def entry(aws: Aws) -> dict[str, Any]:
    """A filter of a log group that exists, to a stream that exists."""
    aws.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    arn = aws.client("kinesis").describe_stream(StreamName="s")["StreamDescription"]["StreamARN"]
    trust = '{"Version": "2012-10-17", "Statement": []}'
    role = aws.client("iam").create_role(RoleName="logs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws.client("logs").create_log_group(logGroupName="/p/api/app", tags={"managed-by": "m"})
    return {
        "log_group": "/p/api/app", "name": "kumawatch-errors", "pattern": '{ $.level = "ERROR" }',
        "destination_arn": arn, "role_arn": role,
    }  # fmt: skip


def filters(aws: Aws) -> dict[str, dict[str, Any]]:
    found = aws.client("logs").describe_subscription_filters(logGroupName="/p/api/app")["subscriptionFilters"]
    return {item["filterName"]: item for item in found}


def test_made_kept_exchanged_and_purged(run_aws: Run, aws: Aws, entry: dict[str, Any]) -> None:
    options = {"managed_by": "m", "subscription_filters": [entry, {**entry, "name": "größe", "distribution": "random"}]}
    planned = run_aws(MODULE, options, check=True)
    assert (len(planned["created"]), filters(aws)) == (2, {})
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert (made["created"], made["diff"]) == (planned["created"], planned["diff"])
    assert filters(aws)["größe"]["distribution"] == "Random"
    assert not run_aws(MODULE, options)["changed"]

    third = {**entry, "name": "kumawatch-other"}
    refused = run_aws(MODULE, {"managed_by": "m", "subscription_filters": [third]})
    assert "would have 3 subscription filters" in refused["msg"]
    exchanged = run_aws(MODULE, {"managed_by": "m", "purge": True, "subscription_filters": [third]})
    assert not exchanged["failed"], exchanged
    assert exchanged["deleted"] == ["/p/api/app:kumawatch-errors"]
    assert sorted(filters(aws)) == ["größe", "kumawatch-other"]
    changed = run_aws(MODULE, {"subscription_filters": [{**third, "pattern": ""}]})
    assert changed["updated"] == ["/p/api/app:kumawatch-other"]
    assert filters(aws)["kumawatch-other"]["roleArn"] == entry["role_arn"]


def test_mistakes_are_named(run_aws: Run, aws: Aws, entry: dict[str, Any]) -> None:
    for change, said in (
        ({"patern": "x"}, "subscription_filters.patern. Supported parameters include"),
        ({"pattern": "[a"}, "pattern is not understood at its end"),
        ({"role_arn": ""}, "role_arn is missing: name the role by which logs may write to kinesis"),
    ):
        assert said in run_aws(MODULE, {"subscription_filters": [{**entry, **change}]})["msg"]
    missing = run_aws(MODULE, {"subscription_filters": [{**entry, "log_group": "/none"}]})
    assert [failure["name"] for failure in missing["failures"]] == ["/none:kumawatch-errors"]
    assert filters(aws) == {}


def test_what_is_gathered_makes_the_same_again(run_aws: Run, aws: Aws, entry: dict[str, Any]) -> None:
    group = {
        "name": "/p/api/app", "retention_days": 7, "transformer": [{"parseJSON": {}}], "index_fields": ["trace_id"],
        "anomaly_detector": {"evaluation_minutes": 5, "visibility_days": 21}, "tags": {"service": "api"},
    }  # fmt: skip
    counted = {
        "log_group": "/p/api/app", "name": "kumawatch-errors", "pattern": "ERROR", "metric_name": "api/errors",
        "metric_namespace": "Kumawatch/p", "default_value": 0,
    }  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "logs:*",
                                                     "Resource": "*"}]}  # fmt: skip
    made = {
        "cloudwatch_log_groups": {"managed_by": "m", "log_groups": [group]},
        "cloudwatch_log_resource_policies": {"policies": [{"name": "p", "policy": policy}]},
        "cloudwatch_log_metric_filters": {"metric_filters": [counted]},
        MODULE: {"subscription_filters": [entry]},
        "cloudwatch_log_queries": {"managed_by": "m", "queries": [{"name": "q", "query": "fields @message"}]},
    }
    for module, options in made.items():
        result = run_aws(module, options)
        assert not result["failed"], result
    kinds = [
        "log_groups", "log_resource_policies", "log_metric_filters", "log_subscription_filters", "log_deliveries",
        "log_queries",
    ]  # fmt: skip
    found = run_aws("cloudwatch_info", {"gather": kinds})
    assert found["log_groups"][0]["tags"] == {"service": "api"}
    assert [entry["name"] for entry in found["log_queries"]] == ["m/q"]
    again = {
        "cloudwatch_log_groups": {"managed_by": "m", "log_groups": found["log_groups"]},
        "cloudwatch_log_resource_policies": {"policies": found["log_resource_policies"]},
        "cloudwatch_log_metric_filters": {"metric_filters": found["log_metric_filters"]},
        MODULE: {"subscription_filters": found["log_subscription_filters"]},
        "cloudwatch_log_queries": {"folder": "", "queries": found["log_queries"]},
    }
    for module, options in again.items():
        result = run_aws(module, options)
        assert (result["failed"], result["changed"], len(result["unchanged"])) == (False, False, 1), result
    ours = run_aws("cloudwatch_info", {"gather": kinds, "managed_by": "x"})
    assert not any(ours[kind] for kind in kinds)
