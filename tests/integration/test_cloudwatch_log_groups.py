# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups, with all that belongs to them, on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from lab.aws.testing import Aws

MODULE = "cloudwatch_log_groups"
Run = Callable[..., dict[str, Any]]

DOCKER = [{"parseJSON": {}}, {"parseJSON": {"source": "log"}}]
PROTECTION = {
    "Name": "mask", "Description": "", "Version": "2021-06-01",
    "Statement": [
        {"Sid": "audit", "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
         "Operation": {"Audit": {"FindingsDestination": {}}}},
        {"Sid": "mask", "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
         "Operation": {"Deidentify": {"MaskConfig": {}}}},
    ],
}  # fmt: skip
FULL: dict[str, Any] = {
    "name": "/p/api/app", "retention_days": 30, "deletion_protection": True, "transformer": DOCKER,
    "kms_key_arn": "arn:aws:kms:us-east-1:000000000000:key/0b4b2bb9-1f5d-4f8e-9a83-3bf7f0e0a111",
    "tags": {"service": "Größe"}, "index_fields": ["trace_id", "user_id"], "data_protection_policy": PROTECTION,
    "anomaly_detector": {"evaluation_minutes": 15, "pattern": "ERROR", "visibility_days": 30},
}  # fmt: skip


def groups(aws: Aws) -> dict[str, dict[str, Any]]:
    client = aws.client("logs")
    pages = client.get_paginator("describe_log_groups").paginate()
    return {item["logGroupName"]: item for page in pages for item in page["logGroups"]}


def tags(aws: Aws, name: str) -> dict[str, str]:
    arn = groups(aws)[name]["logGroupArn"]
    found: dict[str, str] = aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"]
    return found


def called(aws: Aws) -> Counter[str]:
    return Counter(entry["operation"] for entry in aws.requests())


def test_made_kept_changed_and_gone(run_aws: Run, aws: Aws) -> None:
    options = {"managed_by": "m", "log_groups": [FULL, {"name": "/p/api/access", "class": "infrequent_access"}]}
    planned = run_aws(MODULE, options, check=True)
    assert (planned["created"], groups(aws)) == (["/p/api/access", "/p/api/app"], {})
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert made["created"] == planned["created"]
    assert made["diff"] == planned["diff"]
    stored = groups(aws)
    assert stored["/p/api/access"]["logGroupClass"] == "INFREQUENT_ACCESS"
    app = stored["/p/api/app"]
    assert (app["retentionInDays"], app["deletionProtectionEnabled"]) == (30, True)
    assert app["kmsKeyId"] == FULL["kms_key_arn"]
    assert tags(aws, "/p/api/app") == {"service": "Größe", "managed-by": "m"}
    client = aws.client("logs")
    processors = client.get_transformer(logGroupIdentifier="/p/api/app")["transformerConfig"]
    assert [next(iter(one)) for one in processors] == ["parseJSON", "parseJSON"]
    (index,) = client.describe_index_policies(logGroupIdentifiers=["/p/api/app"])["indexPolicies"]
    assert json.loads(index["policyDocument"]) == {"Fields": ["trace_id", "user_id"]}
    (detector,) = client.list_log_anomaly_detectors()["anomalyDetectors"]
    assert (detector["logGroupArnList"], detector["evaluationFrequency"]) == ([app["logGroupArn"]], "FIFTEEN_MIN")

    aws.forget_requests()
    again = run_aws(MODULE, options)
    assert (again["changed"], len(again["unchanged"])) == (False, 2)
    assert not any(name.startswith(("Put", "Create", "Tag", "Delete")) for name in called(aws))

    bare = {
        "name": "/p/api/app", "retention_days": 0, "deletion_protection": False, "kms_key_arn": "", "tags": {},
        "transformer": [], "index_fields": [], "data_protection_policy": {}, "anomaly_detector": {"state": "absent"},
    }  # fmt: skip
    changed = run_aws(MODULE, {"managed_by": "m", "log_groups": [bare]})
    assert not changed["failed"], changed
    assert changed["updated"] == ["/p/api/app"]
    app = groups(aws)["/p/api/app"]
    assert "retentionInDays" not in app
    assert "kmsKeyId" not in app
    assert client.list_log_anomaly_detectors()["anomalyDetectors"] == []
    assert not run_aws(MODULE, {"managed_by": "m", "log_groups": [bare]})["changed"]
    gone = run_aws(MODULE, {"managed_by": "m", "log_groups": [{"name": "/p/api/app", "state": "absent"}]})
    assert (gone["deleted"], list(groups(aws))) == (["/p/api/app"], ["/p/api/access"])


def test_a_purge_takes_ours_only_and_adoption_is_said(run_aws: Run, aws: Aws) -> None:
    client = aws.client("logs")
    for name, mark in (("/mine", "m"), ("/theirs", "x")):
        client.create_log_group(logGroupName=name, tags={"managed-by": mark})
    client.create_log_group(logGroupName="/plain")
    refused = run_aws(MODULE, {"managed_by": "m", "log_groups": [{"name": "/theirs"}]})
    assert "belongs to managed_by 'x', not to 'm'" in refused["msg"]
    options = {"managed_by": "m", "purge": True, "log_groups": [{"name": "/plain", "retention_days": 7}]}
    limited = run_aws(MODULE, {**options, "max_deletions": 0})
    assert "purge would delete 1 log groups ('/mine'), more than max_deletions=0" in limited["msg"]
    planned = run_aws(MODULE, options, check=True)
    purged = run_aws(MODULE, options)
    assert (planned["deleted"], purged["deleted"], purged["adopted"]) == (["/mine"], ["/mine"], ["/plain"])
    assert sorted(groups(aws)) == ["/plain", "/theirs"]
    assert tags(aws, "/plain") == {"managed-by": "m"}


def test_mistakes_are_named_and_nothing_is_called(run_aws: Run, aws: Aws) -> None:
    aws.forget_requests()
    for entry, said in (
        ({"name": "/g", "retention_days": 31}, "retention_days 31 is not offered: the nearest are 14 and 30"),
        ({"name": "/g", "retention": 30}, "log_groups.retention. Supported parameters include"),
        ({"name": "/g", "transformer": [{"parseJson": {}}]}, "did you mean 'parseJSON'"),
    ):
        wrong = run_aws(MODULE, {"log_groups": [entry]})
        assert wrong["failed"]
        assert said in wrong["msg"]
    twice = run_aws(MODULE, {"log_groups": [{"name": "/g"}, {"name": "/g"}]})
    assert "log group '/g' is declared twice, as entries 1 and 2" in twice["msg"]
    assert aws.requests() == []


@pytest.mark.slow
def test_a_thousand_log_groups(run_aws: Run, aws: Aws) -> None:
    entries = [{"name": f"/p/{number:04}", "retention_days": 14} for number in range(1000)]
    options = {"managed_by": "m", "log_groups": entries}
    made = run_aws(MODULE, options)
    assert (made["failed"], len(made["created"])) == (False, 1000), made["msg"]
    aws.forget_requests()
    assert not run_aws(MODULE, options)["changed"]
    assert called(aws) == {"DescribeLogGroups": 20, "GetResources": 10}


@pytest.mark.slow
def test_throttled_and_with_answers_lost(run_aws: Run, aws: Aws) -> None:
    entries = [{"name": f"/p/{number}", "retention_days": 14, "tags": {"n": str(number)}} for number in range(40)]
    aws.faults(
        {"service": "logs", "operation": "*", "kind": "throttle", "rate": 0.2},
        {"service": "logs", "operation": "CreateLogGroup", "kind": "lost_response", "rate": 0.3},
    )
    made = run_aws(MODULE, {"managed_by": "m", "log_groups": entries})
    aws.no_faults()
    assert not made["failed"], made
    assert {item.get("retentionInDays") for item in groups(aws).values()} == {14}
    assert len(groups(aws)) == 40
    assert not run_aws(MODULE, {"managed_by": "m", "log_groups": entries})["changed"]
