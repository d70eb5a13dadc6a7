# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules and their groups: what is declared, what exists, what is sent, in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import schedules_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.schedules import Schedules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

TARGET = {"arn": "arn:aws:sqs:eu-central-1:123456789012:q", "role_arn": "arn:aws:iam::123456789012:role/r"}
ENTRY = {"name": "drill", "schedule": "rate(5 minutes)", "target": TARGET}
EXISTING: dict[str, Any] = {
    "Name": "drill",
    "GroupName": "m",
    "Arn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/m/drill",
    "ScheduleExpression": "at(2027-01-01T00:00:00)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "StartDate": datetime(2026, 12, 1, tzinfo=UTC),
    "Description": "Prüfung",
    "State": "DISABLED",
    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10},
    "ActionAfterCompletion": "DELETE",
    "Target": {
        "Arn": TARGET["arn"],
        "RoleArn": TARGET["role_arn"],
        "Input": '{"b":2,"a":"ü"}',
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-central-1:123456789012:dead"},
        "SqsParameters": {"MessageGroupId": "g"},
    },
}


def desired(*entries: dict[str, Any], owner: str | None = "m") -> list[Any]:
    return model.desired(entries, owner, Account())


def problem(owner: str | None = "m", **entry: Any) -> str:
    with pytest.raises(KumawatchError) as caught:
        desired({**ENTRY, **entry}, owner=owner)
    return str(caught.value)


def test_a_schedule_lies_in_the_group_of_its_mark() -> None:
    group, schedule = desired(ENTRY, owner="kumawatch-production")
    assert group.key == ("", "kumawatch-production")
    assert schedule.key == ("kumawatch-production", "drill")
    assert model.group_of("team a/ü") == "team-a--"
    assert [entry.key for entry in desired(ENTRY, owner=None)] == [("default", "drill")]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "a b"}, "schedule 'm/a b': name takes up to 64 letters"),
        ({"group": "ü"}, "schedule 'ü/drill': group takes up to 64 letters"),
        ({"group": "default"}, "the group 'default' cannot bear the mark 'm'"),
        ({"schedule": "every minute"}, "schedule 'every minute' is not known: write rate(5 minutes)"),
        ({"schedule": "at(2026-12-24)"}, "is no moment: write for example at(2026-12-24T22:00:00)"),
        ({"schedule": "cron(0 6 * * *)"}, "has 5 fields instead of 6"),
        ({"timezone": "Mars/Olympus"}, "timezone 'Mars/Olympus' does not exist"),
        ({"start": "2027-01-02", "end": "2027-01-01"}, "end 2027-01-01 is not after start 2027-01-02"),
        ({"description": "x" * 513}, "description is longer than 512 characters"),
        ({"flexible_window_minutes": 1441}, "flexible_window_minutes must be from 0 to 1440, not 1441"),
        ({"target": {**TARGET, "arn": "q"}}, "target.arn must be an ARN"),
        ({"target": {**TARGET, "role_arn": "arn:aws:sns:a:1:b"}}, "target.role_arn is not the ARN of a role"),
        ({"target": {**TARGET, "retry_attempts": 186}}, "target.retry_attempts must be from 0 to 185"),
        ({"target": {**TARGET, "max_event_age": 5}}, "target.max_event_age must be from 60 to 86400 seconds"),
        ({"target": {**TARGET, "parameters": {"Sqs": {}}}}, "target.parameters has 'Sqs': give one of EcsParameters"),
        ({"target": {**TARGET, "input": {"a": "x" * 300_000}}}, "target.input has 300008 bytes"),
        ({"ignore": ["target.inptu"]}, "ignore names 'target.inptu', which is no option of a schedule: did you mean"),
    ],
)
def test_what_cannot_be_right_is_named(entry: dict[str, Any], said: str) -> None:
    assert said in problem(**entry)


def test_what_botocore_is_too_old_for_is_refused() -> None:
    entry = {**ENTRY, "after_completion": "delete"}
    with pytest.raises(KumawatchError, match=r"after_completion needs botocore 1\.31\.16"):
        model.desired([entry], "m", Account(unknown=("CreateSchedule.ActionAfterCompletion",)))


def test_what_is_sent_is_what_exists() -> None:
    actual = model.schedule(EXISTING, "m")
    sent = model.request(actual.key, actual.properties)
    assert model.schedule({**sent, "Arn": "a"}, "m").properties == actual.properties
    assert sent["Target"]["Input"] == '{"b":2,"a":"ü"}'
    assert sent["StartDate"] == EXISTING["StartDate"]


@pytest.mark.parametrize(
    ("name", "before", "after", "same"),
    [
        ("target.input", {"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ("target.input", "", None, True),
        ("target.input", {"a": 1}, {"a": "1"}, False),
        ("timezone", "UTC", "", True),
        ("description", "", None, True),
        ("enabled", True, False, False),
    ],
)
def test_comparing(name: str, before: Any, after: Any, same: bool) -> None:
    assert model.equal(name, before, after) is same


def test_text_that_holds_json_is_the_data_in_it() -> None:
    assert model.as_data('{"a": 1}') == {"a": 1}
    assert model.as_data("go") == "go"
    # A number stays the text that it was declared as.
    assert model.as_data("007") == "007"


class Scheduler(Account):
    """Groups with their marks, and schedules."""

    def __init__(self, groups: dict[str, str | None], *schedules: dict[str, Any], index: bool = True) -> None:
        self.groups = dict(groups)
        self.schedules = {(item["GroupName"], item["Name"]): item for item in schedules}
        self.deleting: set[str] = set()
        self.index = index
        super().__init__({
            "ListScheduleGroups": lambda **_: {
                "ScheduleGroups": [
                    {"Name": name, "Arn": f"arn:{name}", "State": "DELETING" if name in self.deleting else "ACTIVE"}
                    for name in ("default", *self.groups)
                ]
            },
            "ListSchedules": lambda **_: {
                "Schedules": [
                    {"Name": item["Name"], "GroupName": item["GroupName"], "Target": {"Arn": "a"}}
                    for item in self.schedules.values()
                ]
            },
            "GetSchedule": lambda GroupName, Name: self.schedules[GroupName, Name],  # noqa: N803
            "GetResources": self._resources,
            "ListTagsForResource": lambda ResourceArn: {"Tags": self._tags(ResourceArn[4:])},  # noqa: N803
            "CreateScheduleGroup": self._create_group,
            "TagResource": lambda ResourceArn, Tags: self.groups.update({ResourceArn[4:]: Tags[0]["Value"]}) or {},  # noqa: N803
            "DeleteScheduleGroup": lambda Name: self.deleting.add(Name) or {},  # noqa: N803
            "CreateSchedule": self._create,
            "UpdateSchedule": self._create,
            "DeleteSchedule": lambda GroupName, Name: self.schedules.pop((GroupName, Name)) or {},  # noqa: N803
        })  # fmt: skip

    def _tags(self, name: str) -> list[dict[str, str]]:
        mark = self.groups[name]
        return [{"Key": "managed-by", "Value": mark}] if mark else []

    def _resources(self, **_: Any) -> dict[str, Any]:
        if not self.index:
            raise refused("AccessDeniedException")
        return {
            "ResourceTagMappingList": [{"ResourceARN": f"arn:{name}", "Tags": self._tags(name)} for name in self.groups]
        }

    def _create_group(self, Name: str, Tags: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.groups[Name] = Tags[0]["Value"] if Tags else None
        return {}

    def _create(self, **sent: Any) -> dict[str, Any]:
        if sent["GroupName"] not in {"default", *self.groups}:
            raise refused("ResourceNotFoundException")
        self.schedules[sent["GroupName"], sent["Name"]] = sent
        return {}


def run(
    account: Scheduler, *entries: dict[str, Any], owner: str | None = "m", purge: bool = False, check: bool = False
) -> Any:
    kind = Schedules(entries)
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


def test_the_group_comes_first_and_bears_the_mark() -> None:
    account = Scheduler({})
    outcome = run(account, ENTRY)
    assert [change.label for change in outcome.plan.create] == ["group m", "m/drill"]
    assert not outcome.failures
    assert account.groups == {"m": "m"}
    again = run(account, ENTRY)
    assert not again.plan.changed
    assert again.plan.unchanged == ("group m", "m/drill")


def test_an_update_keeps_what_is_not_declared() -> None:
    account = Scheduler({"m": "m"}, EXISTING)
    outcome = run(account, {"name": "drill", "state": "enabled", "target": {"input": {"a": "ü", "b": 2}}})
    assert set(outcome.plan.update[0].differences) == {"enabled"}
    (sent,) = account.made("UpdateSchedule")
    assert sent["State"] == "ENABLED"
    assert sent["Description"] == "Prüfung"
    assert sent["ActionAfterCompletion"] == "DELETE"
    assert sent["Target"] == EXISTING["Target"]


@pytest.mark.parametrize("index", [True, False])
def test_a_purge_takes_what_lies_in_our_groups_and_nothing_else(index: bool) -> None:
    others = {**EXISTING, "GroupName": "theirs"}
    free = {**EXISTING, "GroupName": "default"}
    account = Scheduler({"m": "m", "theirs": "x", "plain": None}, EXISTING, others, free, index=index)
    outcome = run(account, purge=True)
    assert [change.label for change in outcome.plan.delete] == ["group m", "m/drill"]
    assert outcome.plan.unmanaged == ("default/drill", "group plain", "group theirs", "theirs/drill")
    assert account.deleting == {"m"}
    assert list(account.schedules) == [("theirs", "drill"), ("default", "drill")]
    operations = [operation for operation, _ in account.calls]
    assert operations.index("DeleteSchedule") < operations.index("DeleteScheduleGroup")
    assert not outcome.failures


def test_a_group_without_a_mark_is_adopted_only_with_all_that_is_in_it() -> None:
    account = Scheduler({"m": None}, EXISTING, {**EXISTING, "Name": "other"})
    with pytest.raises(
        KumawatchError, match=r"group m bears no mark and has schedules that are not declared, such as 'o"
    ):
        run(account, {"name": "drill"})
    outcome = run(account, {"name": "drill", "state": "disabled"}, {"name": "other", "state": "disabled"})
    assert not outcome.failures
    assert account.groups == {"m": "m"}
    assert not account.made("UpdateSchedule")


def test_a_group_of_somebody_else_is_refused() -> None:
    with pytest.raises(KumawatchError, match="'group m' belongs to managed_by 'x', not to 'm'"):
        run(Scheduler({"m": "x"}, EXISTING), {"name": "drill"})


def test_a_new_schedule_needs_what_and_when() -> None:
    with pytest.raises(
        KumawatchError, match=r"schedule 'm/x' is new and lacks schedule and target\.arn and target\.role_arn"
    ):
        run(Scheduler({}), {"name": "x"})


def test_without_marks_the_default_group_does() -> None:
    account = Scheduler({})
    outcome = run(account, ENTRY, owner=None)
    assert [change.label for change in outcome.plan.create] == ["default/drill"]
    assert not account.made("CreateScheduleGroup", "GetResources", "ListTagsForResource")


def test_a_group_that_is_being_deleted_is_gone() -> None:
    account = Scheduler({"m": "m"}, EXISTING)
    account.deleting.add("m")
    assert [change.label for change in run(account, ENTRY, check=True).plan.create] == ["group m", "m/drill"]


def test_a_thousand_schedules_are_listed_a_page_at_a_time_and_only_those_that_are_declared_are_read() -> None:
    many = [{**EXISTING, "Name": f"s{number}"} for number in range(1000)]
    account = Scheduler({"m": "m"}, *many)
    run(account, {"name": "s7", "state": "disabled"}, check=True)
    assert len(account.made("GetSchedule")) == 1
    assert len(account.made("ListTagsForResource")) == 0
