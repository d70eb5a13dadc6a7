# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mute rules: checked before anything is written, compared by what they mean, marked by tags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import mute_rules_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.mute_rules import MuteRules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm-mute-rule:"
ENTRY = {"name": "Wartung: Süd", "schedule": "cron(0 2 * * SUN)", "duration": "PT4H", "alarms": ["a", "b"]}
STORED: dict[str, Any] = {
    "Name": "Wartung: Süd",
    "Description": "jede Woche",
    "Rule": {"Schedule": {"Expression": "cron(0 2 * * SUN)", "Duration": "PT4H", "Timezone": "Europe/Berlin"}},
    "MuteTargets": {"AlarmNames": ["b", "a"]},
    "StartDate": datetime(2026, 12, 1, tzinfo=UTC),
    "ExpireDate": datetime(2027, 12, 1, tzinfo=UTC),
}


class Rules(Account):
    """Rules with their tags."""

    def __init__(self, *rules: dict[str, Any], tags: dict[str, str] | None = None, **options: Any) -> None:
        self.rules = {rule["Name"]: rule for rule in rules}
        self.tags = {name: dict(tags or {}) for name in self.rules}
        super().__init__(
            {
                "ListAlarmMuteRules": lambda **_: {
                    "AlarmMuteRuleSummaries": [{"AlarmMuteRuleArn": ARN + name} for name in self.rules]
                },
                "GetAlarmMuteRule": self._get,
                "PutAlarmMuteRule": self._put,
                "DeleteAlarmMuteRule": lambda AlarmMuteRuleName: self.rules.pop(AlarmMuteRuleName),  # noqa: N803
                "GetResources": lambda **_: {"ResourceTagMappingList": []},
                "ListTagsForResource": lambda ResourceARN: {  # noqa: N803
                    "Tags": [{"Key": k, "Value": v} for k, v in self.tags[model.name_of(ResourceARN)].items()]
                },
                "TagResource": self._tag,
            },
            **options,
        )

    def _get(self, AlarmMuteRuleName: str) -> dict[str, Any]:  # noqa: N803
        if AlarmMuteRuleName not in self.rules:
            raise refused("ResourceNotFoundException")
        return self.rules[AlarmMuteRuleName]

    def _put(self, **sent: Any) -> dict[str, Any]:
        tags = {tag["Key"]: tag["Value"] for tag in sent.pop("Tags", ())}
        if sent["Name"] not in self.rules:
            self.tags[sent["Name"]] = tags
        self.rules[sent["Name"]] = sent
        return {}

    def _tag(self, ResourceARN: str, Tags: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.tags[model.name_of(ResourceARN)].update({tag["Key"]: tag["Value"] for tag in Tags})
        return {}


def run(
    account: Rules, *entries: dict[str, Any], owner: str | None = "m", purge: bool = False, check: bool = False
) -> Any:
    kind = MuteRules(entries)
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "mute rule '': name takes 1 to 255 characters"),
        ({"schedule": "rate(1 hour)"}, "schedule 'rate(1 hour)' is not known: write cron(0 2 * * SUN) or at("),
        ({"schedule": "cron(0 2 * * ? *)"}, "has 6 fields instead of 5"),
        ({"schedule": "cron(*/5 2 * * *)"}, "has a step, which is not possible here"),
        ({"schedule": "at(24.12.2026 22:00)"}, "is no moment: write for example at(2026-12-24T22:00)"),
        ({"duration": "4h"}, "duration '4h' is none: write for example PT4H"),
        ({"duration": "PT30S"}, "must be from PT1M to P15D"),
        ({"duration": "P15DT1M"}, "must be from PT1M to P15D"),
        ({"duration": "PT1M30S"}, "is not of whole minutes"),
        ({"timezone": "Europe/Berln"}, "did you mean 'Europe/Berlin'?"),
        ({"alarms": []}, "alarms is empty: name the alarms that it mutes, or set state: absent"),
        ({"alarms": [str(n) for n in range(101)]}, "alarms has 101 names, and a rule takes 100"),
        ({"alarms": ["x" * 256]}, "alarms has a name of 256 characters"),
        ({"start": "2027-01-02", "end": "2027-01-02"}, "end 2027-01-02 is not after start 2027-01-02"),
        ({"end": "Christmas"}, "end must be a moment such as"),
        ({"description": "x" * 1025}, "description is longer than 1024 characters"),
        ({"tags": {"managed-by": "x"}}, "tags has 'managed-by', which is the mark"),
        ({"ignore": ["alarm"]}, "ignore names 'alarm', which is no option of a mute rule: did you mean 'alarms'?"),
    ],
)
def test_what_cannot_be_right_is_named_before_anything_is_read(change: dict[str, Any], said: str) -> None:
    account = Rules()
    with pytest.raises(KumawatchError) as caught:
        run(account, {**ENTRY, **change})
    assert said in str(caught.value)
    assert not account.calls


def test_what_botocore_is_too_old_for_is_refused() -> None:
    with pytest.raises(KumawatchError, match=r"mute_rules needs botocore 1\.42\.56 or newer"):
        run(Rules(unknown=("PutAlarmMuteRule",)), ENTRY)


def test_a_new_rule_needs_when_how_long_and_whom() -> None:
    with pytest.raises(KumawatchError, match="mute rule 'x' is new and lacks schedule and duration and alarms: add it"):
        run(Rules(), {"name": "x"})


def test_what_means_the_same_is_no_change() -> None:
    account = Rules(STORED, tags={"managed-by": "m"})
    entry = {
        "name": "Wartung: Süd", "schedule": "CRON(0  2 * * sun)", "duration": "PT240M", "alarms": ["a", "b", "a"],
        "start": "2026-12-01T01:00:00+01:00", "end": "2027-12-01", "timezone": "Europe/Berlin",
    }  # fmt: skip
    assert run(account, entry).plan.unchanged == ("Wartung: Süd",)


def test_a_change_keeps_what_is_not_declared() -> None:
    account = Rules(STORED, tags={"managed-by": "m", "owner": "x"})
    outcome = run(account, {"name": "Wartung: Süd", "duration": "PT5H"})
    assert not outcome.failures
    assert account.rules["Wartung: Süd"] == {
        **STORED,
        "Rule": {"Schedule": {**STORED["Rule"]["Schedule"], "Duration": "PT5H"}},
    }
    assert account.tags["Wartung: Süd"] == {"managed-by": "m", "owner": "x"}


def test_what_is_empty_goes() -> None:
    account = Rules(STORED, tags={"managed-by": "m"})
    outcome = run(account, {"name": "Wartung: Süd", "description": "", "start": "", "end": "", "timezone": ""})
    assert not outcome.failures
    assert account.rules["Wartung: Süd"].keys() == {"Name", "Rule", "MuteTargets"}
    assert account.rules["Wartung: Süd"]["Rule"]["Schedule"]["Timezone"] == "UTC"


def test_a_new_rule_bears_the_mark_and_an_old_one_is_given_it() -> None:
    account = Rules(STORED)
    outcome = run(account, {"name": "Wartung: Süd"}, {**ENTRY, "name": "neu", "tags": {"owner": "o"}})
    assert not outcome.failures
    assert account.tags == {"Wartung: Süd": {"managed-by": "m"}, "neu": {"owner": "o", "managed-by": "m"}}
    assert len(account.made("PutAlarmMuteRule")) == 1


def test_a_purge_takes_ours_only() -> None:
    others = [{**STORED, "Name": name} for name in ("mine", "theirs", "free")]
    account = Rules(*others)
    account.tags.update(mine={"managed-by": "m"}, theirs={"managed-by": "x"})
    outcome = run(account, purge=True)
    assert [change.label for change in outcome.plan.delete] == ["mine"]
    assert list(account.rules) == ["theirs", "free"]
    assert not account.made("GetAlarmMuteRule")


def test_an_export_is_what_makes_it() -> None:
    entry = model.exported({**STORED, "AlarmMuteRuleArn": ARN, "Status": "ACTIVE"}, {"owner": "x"})
    assert entry == {
        "name": "Wartung: Süd", "description": "jede Woche", "schedule": "cron(0 2 * * SUN)", "duration": "PT4H",
        "timezone": "Europe/Berlin", "alarms": ["b", "a"], "start": "2026-12-01T00:00:00Z",
        "end": "2027-12-01T00:00:00Z", "tags": {"owner": "x"},
    }  # fmt: skip
    account = Rules()
    assert not run(account, entry).failures
    assert account.rules["Wartung: Süd"] == STORED
    bare = {"Name": "x", "Rule": {"Schedule": {"Expression": "at(2026-12-24T22:00)", "Duration": "PT1H"}}}
    assert model.exported(bare, {}) == {"name": "x", "schedule": "at(2026-12-24T22:00)", "duration": "PT1H"}
