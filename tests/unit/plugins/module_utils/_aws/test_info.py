# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch has, as entries: which are chosen, what of them is left out, how often it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.info import KINDS, Wanted, gather
from tests.unit.plugins.module_utils._aws.account import Account, refused

REGION = "arn:aws:cloudwatch:eu-central-1:123456789012:"
GLOBAL = "arn:aws:cloudwatch::123456789012:dashboard/"


def alarm(name: str, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": name, "AlarmArn": f"{REGION}alarm:{name}", "ActionsEnabled": True, "MetricName": "CPUUtilization",
        "Namespace": "AWS/EC2", "Statistic": "Average", "Dimensions": [], "Period": 60, "EvaluationPeriods": 5,
        "Threshold": 80.0, "ComparisonOperator": "GreaterThanThreshold", **more,
    }  # fmt: skip


class Cloud(Account):
    """Two alarms and a composite, two dashboards, two mute rules; ``tags`` by ARN."""

    def __init__(self, tags: dict[str, dict[str, str]], index: bool = True, **options: Any) -> None:
        rule = {"Rule": {"Schedule": {"Expression": "cron(0 2 * * SUN)", "Duration": "PT4H"}}}
        rules = {
            "prod/r": {**rule, "Name": "prod/r", "MuteTargets": {"AlarmNames": ["prod/a"]}},
            "prod/all": {**rule, "Name": "prod/all"},
        }

        def resources(ResourceTypeFilters: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
            if not index:
                raise refused("AccessDeniedException")
            kind = ResourceTypeFilters[0].partition(":")[2]
            return {
                "ResourceTagMappingList": [
                    {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in own.items()]}
                    for arn, own in tags.items()
                    if f":{kind}:" in arn  # the index of a Region knows no dashboards
                ]
            }

        def alarms(AlarmNamePrefix: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
            found = [alarm("prod/b"), alarm("prod/a"), alarm("other/a")]
            composite = {
                "AlarmName": "prod/0", "AlarmArn": f"{REGION}alarm:prod/0", "AlarmRule": 'ALARM("prod/a")',
                "ActionsEnabled": True,
            }  # fmt: skip
            return {
                "MetricAlarms": [item for item in found if item["AlarmName"].startswith(AlarmNamePrefix)],
                "CompositeAlarms": [composite],
            }

        super().__init__(
            {
                "DescribeAlarms": alarms,
                "ListDashboards": lambda DashboardNamePrefix="": {  # noqa: N803
                    "DashboardEntries": [
                        {"DashboardName": name, "DashboardArn": GLOBAL + name}
                        for name in ("prod", "prod-api")
                        if name.startswith(DashboardNamePrefix)
                    ]
                },
                "GetDashboard": lambda DashboardName: {"DashboardBody": '{"widgets": []}'},  # noqa: N803
                "ListAlarmMuteRules": lambda **_: {
                    "AlarmMuteRuleSummaries": [
                        {"AlarmMuteRuleArn": f"{REGION}alarm-mute-rule:{name}"} for name in rules
                    ]
                },
                "GetAlarmMuteRule": lambda AlarmMuteRuleName: rules[AlarmMuteRuleName],  # noqa: N803
                "GetResources": resources,
                "ListTagsForResource": lambda ResourceARN: {  # noqa: N803
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.get(ResourceARN, {}).items()]
                },
            },
            **options,
        )

    def pages(self, service: str, operation: str, key: Any, /, *rest: Any, **parameters: Any) -> Any:
        keys = (key,) if isinstance(key, str) else key
        answer = self.call(service, operation, **parameters)
        for name in keys:
            yield from answer.get(name) or ()


TAGS = {
    f"{REGION}alarm:prod/a": {"managed-by": "m", "service": "api", "aws:stack": "s"},
    f"{REGION}alarm:prod/b": {"managed-by": "x", "service": "api"},
    f"{GLOBAL}prod": {"managed-by": "m"},
    f"{REGION}alarm-mute-rule:prod/r": {"managed-by": "m", "owner": "o"},
}


def names(account: Cloud, wanted: Wanted) -> dict[str, list[str]]:
    found = gather(account, list(KINDS), wanted).found  # type: ignore[arg-type]
    return {kind: [entry["name"] for entry in entries] for kind, entries in found.items()}


def test_everything_with_composites_last() -> None:
    account = Cloud(TAGS)
    gathered = gather(account, list(KINDS), Wanted())  # type: ignore[arg-type]
    alarms = gathered.found["alarms"]
    assert [entry["name"] for entry in alarms] == ["other/a", "prod/a", "prod/b", "prod/0"]
    assert alarms[1]["tags"] == {"service": "api"}
    assert gathered.found["dashboards"] == [
        {"name": "prod", "body": {"widgets": []}}, {"name": "prod-api", "body": {"widgets": []}},
    ]  # fmt: skip
    assert gathered.found["mute_rules"] == [
        {"name": "prod/r", "schedule": "cron(0 2 * * SUN)", "duration": "PT4H", "alarms": ["prod/a"],
         "tags": {"owner": "o"}},
    ]  # fmt: skip
    assert gathered.warnings == [
        "mute rule 'prod/all' is left out: it names no alarms, and cloudwatch_mute_rules makes no such rules."
    ]


@pytest.mark.parametrize("index", [True, False])
def test_by_mark(index: bool) -> None:
    assert names(Cloud(TAGS, index), Wanted(owner="m")) == {
        "alarms": ["prod/a"], "mute_rules": ["prod/r"], "dashboards": ["prod"],
    }  # fmt: skip


def test_by_tags_and_by_the_beginning_of_names() -> None:
    assert names(Cloud(TAGS), Wanted(tags={"service": "api"}))["alarms"] == ["prod/a", "prod/b"]
    assert names(Cloud(TAGS), Wanted(tags={"service": None, "managed-by": "x"}))["alarms"] == ["prod/b"]
    assert names(Cloud(TAGS), Wanted(prefix="prod-")) == {
        "alarms": ["prod/0"],
        "mute_rules": [],
        "dashboards": ["prod-api"],
    }


def test_the_tags_of_alarms_are_not_asked_one_by_one() -> None:
    account = Cloud(TAGS)
    gather(account, ["alarms"], Wanted())  # type: ignore[arg-type]
    assert [operation for operation, _ in account.calls] == ["DescribeAlarms", "GetResources"]


def test_without_tags_nobody_is_asked_for_them() -> None:
    account = Cloud(TAGS)
    found = gather(account, list(KINDS), Wanted(with_tags=False)).found  # type: ignore[arg-type]
    assert not account.made("GetResources", "ListTagsForResource")
    assert all("tags" not in entry for entries in found.values() for entry in entries)


def test_a_botocore_without_mute_rules_has_none() -> None:
    found = gather(Cloud(TAGS, unknown=("ListAlarmMuteRules",)), ["mute_rules"], Wanted()).found  # type: ignore[arg-type]
    assert found == {"mute_rules": []}
