# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mute rules on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lab.aws.testing import Aws

MODULE = "cloudwatch_mute_rules"
Run = Callable[..., dict[str, Any]]

NAME = "production/Wartung: Süd"
ENTRY: dict[str, Any] = {
    "name": NAME,
    "description": "jede Woche",
    "schedule": "cron(0 2 * * SUN)",
    "duration": "PT240M",
    "timezone": "Europe/Berlin",
    "alarms": ["production/api/cpu/i-1/warning", "production/api/cpu/i-1/critical"],
    "start": "2026-12-01T00:00:00+01:00",
    "tags": {"owner": "payments"},
}


def rule(aws: Aws, name: str) -> dict[str, Any]:
    answer = aws.client("cloudwatch").get_alarm_mute_rule(AlarmMuteRuleName=name)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def tags(aws: Aws, name: str) -> dict[str, str]:
    arn = rule(aws, name)["AlarmMuteRuleArn"]
    found = aws.client("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def names(aws: Aws) -> list[str]:
    found = aws.client("cloudwatch").list_alarm_mute_rules()["AlarmMuteRuleSummaries"]
    return sorted(item["AlarmMuteRuleArn"].partition(":alarm-mute-rule:")[2] for item in found)


def test_made_kept_changed_and_purged(run_aws: Run, aws: Aws) -> None:
    once = {"name": "once", "schedule": "at(2030-12-24T18:00)", "duration": "P2DT12H", "alarms": ["a"]}
    options = {"managed_by": "m", "mute_rules": [ENTRY, once]}
    planned = run_aws(MODULE, options, check=True)
    assert planned["created"] == ["once", NAME]
    assert names(aws) == []
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    stored = rule(aws, NAME)
    assert stored["Rule"]["Schedule"] == {
        "Expression": "cron(0 2 * * SUN)", "Duration": "PT4H", "Timezone": "Europe/Berlin",
    }  # fmt: skip
    assert stored["MuteTargets"]["AlarmNames"] == ENTRY["alarms"]
    assert stored["StartDate"] == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert tags(aws, NAME) == {"managed-by": "m", "owner": "payments"}

    again = run_aws(MODULE, options)
    assert (again["changed"], again["unchanged"]) == (False, ["once", NAME])

    changed = run_aws(
        MODULE,
        {"managed_by": "m", "purge": True, "mute_rules": [{"name": NAME, "duration": "PT5H", "tags": {"a": "b"}}]},
    )
    assert not changed["failed"], changed
    assert (changed["updated"], changed["deleted"]) == ([NAME], ["once"])
    shown = next(item for item in changed["diff"] if item["after_header"] == f"mute rule {NAME}")
    assert shown["before"] == {"duration": "PT4H", "tags": {"owner": "payments"}}
    assert shown["after"] == {"duration": "PT5H", "tags": {"a": "b"}}
    stored = rule(aws, NAME)
    assert stored["Rule"]["Schedule"]["Duration"] == "PT5H"
    assert stored["Description"] == "jede Woche"
    assert tags(aws, NAME) == {"managed-by": "m", "a": "b"}
    assert names(aws) == [NAME]


def test_what_cannot_be_right_reaches_no_server(run_aws: Run, aws: Aws) -> None:
    aws.forget_requests()
    wrong = run_aws(MODULE, {"mute_rules": [ENTRY, {**ENTRY, "name": "x", "schedule": "cron(0 2 ? * SUN)"}]})
    assert wrong["failed"]
    assert wrong["msg"].startswith("mute rule 'x': schedule cron(0 2 ? * SUN): day of month '?' does not mean anything")
    assert aws.requests() == []


def test_adopted_and_refused(run_aws: Run, aws: Aws) -> None:
    client = aws.client("cloudwatch")
    stored = {"Rule": {"Schedule": {"Expression": "cron(0 2 * * SUN)", "Duration": "PT1H"}},
              "MuteTargets": {"AlarmNames": ["a"]}}  # fmt: skip
    client.put_alarm_mute_rule(Name="hand", **stored)
    client.put_alarm_mute_rule(Name="theirs", **stored, Tags=[{"Key": "managed-by", "Value": "x"}])
    adopted = run_aws(MODULE, {"managed_by": "m", "mute_rules": [{"name": "hand", "duration": "PT60M"}]})
    assert not adopted["failed"], adopted
    assert (adopted["adopted"], tags(aws, "hand")) == (["hand"], {"managed-by": "m"})
    refused = run_aws(MODULE, {"managed_by": "m", "mute_rules": [{"name": "theirs", "state": "absent"}]})
    assert refused["msg"].startswith("mute rule 'theirs' belongs to managed_by 'x'")
    purged = run_aws(MODULE, {"managed_by": "m", "purge": True, "mute_rules": []})
    assert (purged["deleted"], purged["unmanaged"]) == (["hand"], ["theirs"])


def test_many_are_read_by_the_page_and_lost_answers_are_looked_up(run_aws: Run, aws: Aws) -> None:
    aws.faults({"service": "monitoring", "operation": "PutAlarmMuteRule", "kind": "lost_response", "rate": 0.1})
    entries = [{**ENTRY, "name": f"r{number}"} for number in range(150)]
    made = run_aws(MODULE, {"managed_by": "m", "mute_rules": entries}, diff=False)
    assert not made["failed"], made["msg"]
    assert len(aws.requests("monitoring", "PutAlarmMuteRule")) == 150
    aws.no_faults()
    aws.forget_requests()
    assert not run_aws(MODULE, {"managed_by": "m", "mute_rules": entries}, diff=False)["changed"]
    assert len(aws.requests("monitoring", "ListAlarmMuteRules")) == 2
    assert len(aws.requests("monitoring", "GetAlarmMuteRule")) == 150


def test_a_rule_mutes(run_aws: Run, aws: Aws) -> None:
    """What is declared is what CloudWatch acts upon."""
    start = datetime.now(UTC)
    entry = {"name": "now", "schedule": f"at({start:%Y-%m-%dT%H:%M})", "duration": "PT10M", "alarms": ["a"]}
    assert not run_aws(MODULE, {"mute_rules": [entry]})["failed"]
    assert rule(aws, "now")["Status"] == "ACTIVE"
