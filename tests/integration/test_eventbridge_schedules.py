# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of EventBridge Scheduler on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lab.aws.testing import Aws

MODULE = "eventbridge_schedules"
Run = Callable[..., dict[str, Any]]

TARGET = {
    "arn": "arn:aws:sqs:us-east-1:000000000000:alerts",
    "role_arn": "arn:aws:iam::000000000000:role/scheduler",
    "input": {"severity": "warning", "text": "Prüfung"},
}
DRILL: dict[str, Any] = {
    "name": "drill",
    "schedule": "cron(30 2 * * ? *)",
    "timezone": "Europe/Berlin",
    "start": "2026-12-01T00:00:00+01:00",
    "flexible_window_minutes": 15,
    "target": {**TARGET, "retry_attempts": 2, "max_event_age": 3600},
}


def schedule(aws: Aws, group: str, name: str) -> dict[str, Any]:
    return aws.client("scheduler").get_schedule(GroupName=group, Name=name)


def names(aws: Aws) -> list[str]:
    return sorted(
        f"{item['GroupName']}/{item['Name']}" for item in aws.client("scheduler").list_schedules()["Schedules"]
    )


def groups(aws: Aws) -> dict[str, dict[str, str]]:
    client = aws.client("scheduler")
    return {
        item["Name"]: {
            tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(ResourceArn=item["Arn"])["Tags"]
        }
        for item in client.list_schedule_groups()["ScheduleGroups"]
        if item["Name"] != "default"
    }


def test_made_kept_changed_and_purged(run_aws: Run, aws: Aws) -> None:
    other = {"name": "report", "group": "reports", "schedule": "rate(1  day)", "state": "disabled", "target": TARGET}
    options = {"managed_by": "kumawatch-lab", "schedules": [DRILL, other]}
    planned = run_aws(MODULE, options, check=True)
    assert planned["created"] == ["group kumawatch-lab", "group reports", "kumawatch-lab/drill", "reports/report"]
    assert groups(aws) == {}
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert made["created"] == planned["created"]
    assert groups(aws) == {name: {"managed-by": "kumawatch-lab"} for name in ("kumawatch-lab", "reports")}
    stored = schedule(aws, "kumawatch-lab", "drill")
    assert stored["ScheduleExpression"] == "cron(30 2 * * ? *)"
    assert stored["StartDate"] == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert json.loads(stored["Target"]["Input"]) == TARGET["input"]
    assert stored["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert schedule(aws, "reports", "report")["State"] == "DISABLED"

    again = run_aws(MODULE, options)
    assert (again["changed"], len(again["unchanged"])) == (False, 4)

    change = {"name": "drill", "state": "disabled", "target": {"input": {"text": "Prüfung", "severity": "critical"}}}
    changed = run_aws(MODULE, {"managed_by": "kumawatch-lab", "purge": True, "schedules": [change]})
    assert not changed["failed"], changed
    assert changed["updated"] == ["kumawatch-lab/drill"]
    assert changed["deleted"] == ["group reports", "reports/report"]
    stored = schedule(aws, "kumawatch-lab", "drill")
    assert stored["State"] == "DISABLED"
    assert stored["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    assert stored["ScheduleExpressionTimezone"] == "Europe/Berlin"

    gone = run_aws(MODULE, {"managed_by": "kumawatch-lab", "purge": True, "schedules": []})
    assert gone["deleted"] == ["group kumawatch-lab", "kumawatch-lab/drill"]
    assert (groups(aws), names(aws)) == ({}, [])


def test_groups_of_others_stay_as_they_are(run_aws: Run, aws: Aws) -> None:
    client = aws.client("scheduler")
    client.create_schedule_group(Name="theirs", Tags=[{"Key": "managed-by", "Value": "x"}])
    client.create_schedule_group(Name="plain")
    kept = {
        "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": TARGET["arn"], "RoleArn": TARGET["role_arn"]},
    }  # fmt: skip
    for group in ("theirs", "plain", "default"):
        client.create_schedule(GroupName=group, Name="s", **kept)
    refused = run_aws(MODULE, {"managed_by": "m", "schedules": [{**DRILL, "group": "theirs"}]})
    assert "group theirs' belongs to managed_by 'x', not to 'm'" in refused["msg"]
    refused = run_aws(MODULE, {"managed_by": "m", "schedules": [{**DRILL, "group": "plain"}]})
    assert "group plain bears no mark and has schedules that are not declared, such as 's'" in refused["msg"]
    purged = run_aws(MODULE, {"managed_by": "m", "purge": True, "schedules": []})
    assert not purged["changed"]
    assert purged["unmanaged"] == ["default/s", "group plain", "group theirs", "plain/s", "theirs/s"]
    adopted = run_aws(MODULE, {"managed_by": "m", "schedules": [{"name": "s", "group": "plain"}]})
    assert adopted["adopted"] == ["group plain", "plain/s"]
    assert groups(aws)["plain"] == {"managed-by": "m"}


def test_a_role_that_cannot_be_right_is_named(run_aws: Run, aws: Aws) -> None:
    aws.forget_requests()
    wrong = run_aws(MODULE, {"schedules": [{**DRILL, "target": {**TARGET, "role_arn": "scheduler"}}]})
    assert wrong["failed"]
    assert wrong["msg"].startswith("schedule 'kumawatch/drill': target.role_arn must be an ARN")
    assert aws.requests() == []


def test_lost_answers_are_looked_up(run_aws: Run, aws: Aws) -> None:
    aws.faults({"service": "scheduler", "operation": "*", "kind": "lost_response", "rate": 0.2})
    entries = [{**DRILL, "name": f"s{number}"} for number in range(12)]
    made = run_aws(MODULE, {"managed_by": "m", "schedules": entries})
    aws.no_faults()
    assert not made["failed"], made
    assert len(names(aws)) == 12
    assert not run_aws(MODULE, {"managed_by": "m", "schedules": entries})["changed"]
