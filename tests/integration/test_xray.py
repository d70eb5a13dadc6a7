# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling rules and groups of X-Ray on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from lab.aws.testing import Aws

RULES, GROUPS, SETTINGS = "xray_sampling_rules", "xray_groups", "xray_settings"
Run = Callable[..., dict[str, Any]]

API: dict[str, Any] = {
    "name": "api",
    "priority": 100,
    "fixed_rate": 0.05,
    "reservoir_size": 1,
    "service_name": "api",
    "tags": {"owner": "payments"},
}
PROBES: dict[str, Any] = {
    "name": "probes",
    "priority": 10,
    "fixed_rate": 0,
    "reservoir_size": 0,
    "url_path": "/health",
}
SLOW: dict[str, Any] = {"name": "slow", "filter_expression": 'service("api") AND  responsetime > 2'}


def rules(aws: Aws) -> dict[str, dict[str, Any]]:
    pages = aws.client("xray").get_paginator("get_sampling_rules").paginate()
    found = [record["SamplingRule"] for page in pages for record in page["SamplingRuleRecords"]]
    return {rule["RuleName"]: rule for rule in found}


def groups(aws: Aws) -> dict[str, dict[str, Any]]:
    pages = aws.client("xray").get_paginator("get_groups").paginate()
    return {group["GroupName"]: group for page in pages for group in page["Groups"]}


def tags(aws: Aws, arn: str) -> dict[str, str]:
    found = aws.client("xray").list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_rules_made_kept_changed_and_purged(run_aws: Run, aws: Aws) -> None:
    default = {"name": "Default", "fixed_rate": 0.01}
    options = {"managed_by": "m", "sampling_rules": [API, PROBES, default]}
    planned = run_aws(RULES, options, check=True)
    assert (planned["created"], planned["updated"]) == (["api", "probes"], ["Default"])
    assert list(rules(aws)) == ["Default"]

    made = run_aws(RULES, options)
    assert not made["failed"], made
    assert (made["created"], made["updated"]) == (["api", "probes"], ["Default"])
    stored = rules(aws)
    assert stored["api"] == {
        **dict.fromkeys(("ResourceARN", "ServiceType", "Host", "HTTPMethod", "URLPath"), "*"),
        "RuleName": "api", "RuleARN": stored["api"]["RuleARN"], "Priority": 100, "FixedRate": 0.05,
        "ReservoirSize": 1, "ServiceName": "api", "Version": 1, "Attributes": {},
    }  # fmt: skip
    assert stored["Default"]["FixedRate"] == 0.01
    assert tags(aws, stored["api"]["RuleARN"]) == {"managed-by": "m", "owner": "payments"}
    assert tags(aws, stored["Default"]["RuleARN"]) == {}

    aws.forget_requests()
    again = run_aws(RULES, options)
    assert (again["changed"], again["unchanged"]) == (False, ["Default", "api", "probes"])
    assert [entry["operation"] for entry in aws.requests("xray")] == ["GetSamplingRules"]

    purging = {"managed_by": "m", "purge": True, "sampling_rules": [{"name": "api", "priority": 5, "tags": {}}]}
    aws.forget_requests()
    changed = run_aws(RULES, purging)
    assert not changed["failed"], changed
    assert (changed["updated"], changed["deleted"], changed["unmanaged"]) == (["api"], ["probes"], ["Default"])
    shown = next(item for item in changed["diff"] if item["after_header"] == "sampling rule api")
    assert (shown["before"], shown["after"]) == (
        {"priority": 100, "tags": {"owner": "payments"}},
        {"priority": 5, "tags": {}},
    )
    stored = rules(aws)
    assert (stored["api"]["Priority"], stored["api"]["FixedRate"]) == (5, 0.05)
    assert sorted(stored) == ["Default", "api"]
    assert tags(aws, stored["api"]["RuleARN"]) == {"managed-by": "m"}


def test_rules_of_others_are_adopted_refused_and_left_alone(run_aws: Run, aws: Aws) -> None:
    xray = aws.client("xray")
    made = {"ResourceARN": "*", "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*"}
    made |= {"URLPath": "*", "Version": 1, "Priority": 100, "FixedRate": 0.05, "ReservoirSize": 1}
    xray.create_sampling_rule(SamplingRule={"RuleName": "bare", **made})
    xray.create_sampling_rule(
        SamplingRule={"RuleName": "theirs", **made}, Tags=[{"Key": "managed-by", "Value": "others"}]
    )
    adopted = run_aws(RULES, {"managed_by": "m", "sampling_rules": [{"name": "bare", "priority": 100}]})
    assert (adopted["updated"], adopted["adopted"]) == (["bare"], ["bare"])
    assert tags(aws, rules(aws)["bare"]["RuleARN"]) == {"managed-by": "m"}
    refused = run_aws(RULES, {"managed_by": "m", "sampling_rules": [{"name": "theirs", "priority": 1}]})
    assert refused["failed"]
    assert "belongs to managed_by 'others', not to 'm'" in refused["msg"]
    purged = run_aws(RULES, {"managed_by": "m", "purge": True, "sampling_rules": []})
    assert (purged["deleted"], purged["unmanaged"]) == (["bare"], ["Default", "theirs"])


def test_a_rule_too_many_fails_by_its_name_and_the_others_are_made(run_aws: Run, aws: Aws) -> None:
    entries = [{**PROBES, "name": f"r-{number:02}"} for number in range(26)]
    result = run_aws(RULES, {"managed_by": "m", "sampling_rules": entries})
    assert result["failed"]
    (failure,) = result["failures"]
    assert "RuleLimitExceededException" in failure["error"]
    assert len(result["created"]) == 25
    assert len(rules(aws)) == 26


def test_groups_made_kept_changed_and_purged(run_aws: Run, aws: Aws) -> None:
    failed = {"name": "failed", "filter_expression": 'service("api") { fault = true }', "insights": True}
    options = {"managed_by": "m", "groups": [SLOW, {**failed, "notifications": True}]}
    planned = run_aws(GROUPS, options, check=True)
    assert (planned["created"], groups(aws)) == (["failed", "slow"], {})

    made = run_aws(GROUPS, options)
    assert not made["failed"], made
    stored = groups(aws)
    assert stored["slow"]["FilterExpression"] == 'service("api") AND responsetime > 2'
    assert stored["failed"]["InsightsConfiguration"] == {"InsightsEnabled": True, "NotificationsEnabled": True}
    assert tags(aws, stored["slow"]["GroupARN"]) == {"managed-by": "m"}

    aws.forget_requests()
    again = run_aws(GROUPS, options)
    assert (again["changed"], again["unchanged"]) == (False, ["failed", "slow"])
    assert [entry["operation"] for entry in aws.requests("xray")] == ["GetGroups"]

    changed = run_aws(
        GROUPS, {"managed_by": "m", "purge": True, "groups": [{"name": "failed", "notifications": False}]}
    )
    assert not changed["failed"], changed
    assert (changed["updated"], changed["deleted"]) == (["failed"], ["slow"])
    (kept,) = groups(aws).values()
    assert kept["FilterExpression"] == 'service("api") { fault = true }'
    assert kept["InsightsConfiguration"] == {"InsightsEnabled": True, "NotificationsEnabled": False}

    refused = run_aws(
        GROUPS, {"managed_by": "m", "groups": [{"name": "failed", "insights": False, "notifications": True}]}
    )
    assert refused["failed"]
    removed = run_aws(GROUPS, {"managed_by": "m", "groups": [{"name": "failed", "state": "absent"}]})
    assert (removed["deleted"], groups(aws)) == (["failed"], {})


def let_xray_write(aws: Aws) -> None:
    begin = f"arn:aws:logs:{aws.region}:123456789012:log-group:"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "xray.amazonaws.com"},
        "Action": "logs:PutLogEvents",
        "Resource": [f"{begin}aws/spans:*", f"{begin}/aws/application-signals/data:*"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("logs").put_resource_policy(policyName="p", policyDocument=document)


def test_settings_are_brought_to_what_is_declared(run_aws: Run, aws: Aws) -> None:
    xray = aws.client("xray")
    options = {"trace_segment_destination": "cloudwatch_logs", "indexing_percentage": 5, "encryption": {"type": "none"}}
    planned = run_aws(SETTINGS, options, check=True)
    assert planned["updated"] == ["indexing_percentage", "trace_segment_destination"]
    assert planned["unchanged"] == ["encryption"]
    assert xray.get_trace_segment_destination()["Destination"] == "XRay"

    refused = run_aws(SETTINGS, options)
    assert refused["failed"]
    (failure,) = refused["failures"]
    assert failure["name"] == "trace_segment_destination"
    assert "XRay does not have permission to call PutLogEvents" in failure["error"]
    # One setting's failure does not keep the other from being made.
    assert refused["updated"] == ["indexing_percentage"]

    let_xray_write(aws)
    made = run_aws(SETTINGS, options)
    assert not made["failed"], made
    assert made["updated"] == ["trace_segment_destination"]
    (shown,) = made["diff"]
    assert (shown["before"], shown["after"]) == ({"value": "xray"}, {"value": "cloudwatch_logs"})
    assert set(made["status"]) == {"trace_segment_destination", "encryption"}
    deadline = time.monotonic() + 20
    while xray.get_trace_segment_destination()["Status"] != "ACTIVE":
        assert time.monotonic() < deadline, "the destination stays pending"
        time.sleep(0.1)
    (rule,) = xray.get_indexing_rules()["IndexingRules"]
    assert rule["Rule"]["Probabilistic"]["DesiredSamplingPercentage"] == 5

    again = run_aws(SETTINGS, options)
    assert (again["changed"], len(again["unchanged"])) == (False, 3)
    assert again["status"] == {"trace_segment_destination": "active", "encryption": "active"}

    key = {"type": "kms", "key": "1234abcd"}
    changed = run_aws(SETTINGS, {"encryption": key})
    assert (changed["failed"], changed["updated"]) == (False, ["encryption"])
    assert xray.get_encryption_config()["EncryptionConfig"]["KeyId"].endswith(":key/1234abcd")
    assert not run_aws(SETTINGS, {"encryption": key})["changed"]
    assert run_aws(SETTINGS, {"encryption": {"type": "none"}})["updated"] == ["encryption"]


def test_settings_while_answers_are_lost(run_aws: Run, aws: Aws) -> None:
    let_xray_write(aws)
    options = {"trace_segment_destination": "cloudwatch_logs", "indexing_percentage": 7}
    aws.faults(
        {"service": "xray", "operation": "UpdateTraceSegmentDestination", "kind": "lost_response", "count": 1},
        {"service": "xray", "operation": "*", "kind": "throttle", "rate": 0.3},
    )
    result = run_aws(SETTINGS, options)
    aws.no_faults()
    assert not result["failed"], result
    assert len(result["updated"]) == 2
    assert not run_aws(SETTINGS, options)["changed"]
