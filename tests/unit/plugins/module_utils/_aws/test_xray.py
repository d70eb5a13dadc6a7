# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling rules and groups of X-Ray: checked before anything is written, compared by what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import xray_groups_model, xray_rules_model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import ApiError, Fate
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.xray_groups import Groups
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.xray_rules import SamplingRules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.xray_settings import Settings, same_encryption
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

RULE: dict[str, Any] = {"name": "api", "priority": 100, "fixed_rate": 0.05, "reservoir_size": 1}
GROUP: dict[str, Any] = {"name": "slow", "filter_expression": "responsetime > 2"}
ARN = "arn:aws:xray:eu-central-1:123456789012:"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "x" * 33}, "name takes 1 to 32 characters"),
        ({"priority": 0}, "sampling rule 'api': priority must be from 1 to 9999, not 0"),
        ({"fixed_rate": 5}, "fixed_rate must be from 0 to 1, not 5: 0.05 is one request in twenty."),
        ({"reservoir_size": -1}, "reservoir_size must be from 0 to"),
        ({"url_path": "/" * 129}, "url_path is longer than 128 characters"),
        ({"attributes": {str(number): "x" for number in range(6)}}, "attributes has 6 keys, and there may be 5"),
        ({"attributes": {"tier": ""}}, "attributes has 'tier': keys and values take 1 to 32 characters"),
        ({"tags": {"managed-by": "x"}}, "which is the mark of ownership"),
        ({"ignore": ["prioritty"]}, "did you mean 'priority'?"),
        ({"name": "Default"}, "sampling rule 'Default': priority cannot be set for it, only fixed_rate and"),
        ({"name": "Default", "state": "absent"}, "every account has this rule, and it cannot be deleted"),
    ],
)
def test_a_wrong_rule_is_refused_by_its_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        xray_rules_model.desired([{**RULE, **change}])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Default"}, "group 'Default': this name is AWS's own"),
        ({"filter_expression": "  "}, 'filter_expression is empty: write for example service("api").'),
        ({"filter_expression": 'service("api)'}, "has a quotation mark that does not end"),
        ({"insights": False, "notifications": True}, "notifications are of insights: set insights: true"),
    ],
)
def test_a_wrong_group_is_refused_by_its_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        xray_groups_model.desired([{**GROUP, **change}])
    assert said in str(caught.value)


def test_rates_are_equal_as_the_server_rounds_them() -> None:
    assert xray_rules_model.equal("fixed_rate", 0.05000000074505806, 0.05)
    assert not xray_rules_model.equal("fixed_rate", 0.051, 0.05)
    assert not xray_rules_model.equal("fixed_rate", None, 0.0)


def test_an_empty_text_matches_everything() -> None:
    (entry,) = xray_rules_model.desired([{**RULE, "host": ""}])
    assert entry.properties["host"] == "*"


class XRay(Account):
    """Rules and groups with their tags."""

    def __init__(self, *rules: dict[str, Any], tags: dict[str, dict[str, str]] | None = None) -> None:
        self.rules = {rule["RuleName"]: rule for rule in rules}
        self.groups: dict[str, dict[str, Any]] = {}
        self.tags = dict(tags or {})
        self.lose = 0
        super().__init__(
            {
                "GetSamplingRules": lambda **_: {
                    "SamplingRuleRecords": [{"SamplingRule": rule} for rule in self.rules.values()]
                },
                "CreateSamplingRule": self._create,
                "UpdateSamplingRule": self._update,
                "DeleteSamplingRule": self._delete,
                "GetGroups": lambda **_: {"Groups": list(self.groups.values())},
                "GetResources": lambda **_: {"ResourceTagMappingList": []},
                "ListTagsForResource": lambda ResourceARN, **_: {  # noqa: N803
                    "Tags": [{"Key": k, "Value": v} for k, v in self.tags.get(ResourceARN, {}).items()]
                },
                "TagResource": self._tag,
            }
        )

    def _create(self, SamplingRule: dict[str, Any], Tags: list[dict[str, str]] | None = None) -> Any:  # noqa: N803
        name = SamplingRule["RuleName"]
        if name in self.rules:
            raise refused("InvalidRequestException")
        self.rules[name] = {**SamplingRule, "RuleARN": f"{ARN}sampling-rule/{name}"}
        self.tags[f"{ARN}sampling-rule/{name}"] = {tag["Key"]: tag["Value"] for tag in Tags or []}
        if self.lose:
            self.lose -= 1
            raise ApiError("no answer", "x", Fate.LOST)
        return {}

    def _update(self, SamplingRuleUpdate: dict[str, Any]) -> Any:  # noqa: N803
        self.rules[SamplingRuleUpdate["RuleName"]].update(SamplingRuleUpdate)
        return {}

    def _delete(self, RuleName: str) -> Any:  # noqa: N803
        if RuleName not in self.rules:
            raise ApiError(f"X-Ray refused it ({RuleName} does not exist).", "InvalidRequestException")
        del self.rules[RuleName]
        return {}

    def _tag(self, ResourceARN: str, Tags: list[dict[str, str]]) -> Any:  # noqa: N803
        self.tags.setdefault(ResourceARN, {}).update({tag["Key"]: tag["Value"] for tag in Tags})
        return {}


DEFAULT = {"RuleName": "Default", "RuleARN": f"{ARN}sampling-rule/Default", "FixedRate": 0.05, "ReservoirSize": 1}


def run(account: XRay, *entries: dict[str, Any], purge: bool = False, kind: Any = SamplingRules) -> Any:
    made = kind(entries)
    made.owner, made.purge = "m", purge
    return reconcile(account, made, check_mode=False, sleep=lambda _: None)  # type: ignore[arg-type]


def test_the_default_rule_bears_no_mark_and_is_not_purged() -> None:
    account = XRay(dict(DEFAULT))
    outcome = run(account, {"name": "Default", "fixed_rate": 0.01}, purge=True)
    assert [change.label for change in outcome.plan.update] == ["Default"]
    assert not outcome.plan.update[0].adopted
    assert account.made("UpdateSamplingRule") == [{"SamplingRuleUpdate": {"RuleName": "Default", "FixedRate": 0.01}}]
    assert account.made("TagResource", "ListTagsForResource", "DeleteSamplingRule") == []
    assert not run(account, {"name": "Default", "fixed_rate": 0.01}, purge=True).plan.changed
    assert run(account, purge=True).plan.unmanaged == ("Default",)


def test_a_new_rule_matches_everything_that_is_not_said() -> None:
    account = XRay(dict(DEFAULT))
    run(account, {**RULE, "http_method": "GET", "tags": {"a": "b"}})
    (sent,) = account.made("CreateSamplingRule")
    assert sent["SamplingRule"] == {
        "RuleName": "api", "Version": 1, "Priority": 100, "FixedRate": 0.05, "ReservoirSize": 1, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "GET", "URLPath": "*", "ResourceARN": "*", "Attributes": {},
    }  # fmt: skip
    assert sent["Tags"] == [{"Key": "a", "Value": "b"}, {"Key": "managed-by", "Value": "m"}]


def test_a_rule_whose_answer_was_lost_is_not_made_twice() -> None:
    account = XRay(dict(DEFAULT))
    account.lose = 1
    outcome = run(account, RULE)
    assert (outcome.failures, len(account.made("CreateSamplingRule"))) == ([], 1)


def test_a_rule_that_somebody_else_deleted_is_deleted() -> None:
    account = XRay(dict(DEFAULT), {**DEFAULT, "RuleName": "old", "RuleARN": f"{ARN}sampling-rule/old"})
    account.tags[f"{ARN}sampling-rule/old"] = {"managed-by": "m"}
    original = account.answers["DeleteSamplingRule"]

    def twice(RuleName: str) -> Any:  # noqa: N803
        original(RuleName=RuleName)
        return original(RuleName=RuleName)

    account.answers["DeleteSamplingRule"] = twice
    outcome = run(account, purge=True)
    assert (outcome.failures, list(account.rules)) == ([], ["Default"])


@pytest.mark.parametrize(
    ("kind", "entry", "said"),
    [
        (SamplingRules, {"name": "new", "fixed_rate": 1}, "'new' is new and lacks priority and reservoir_size"),
        (Groups, {"name": "new"}, "group 'new' is new and lacks filter_expression"),
        (Groups, {**GROUP, "notifications": True}, "group 'slow': notifications are of insights, which are off"),
    ],
)
def test_what_is_new_needs_more(kind: Any, entry: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        run(XRay(dict(DEFAULT)), entry, kind=kind)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Nothing is set: give one of trace_segment_destination, indexing_percentage, encryption,"),
        ({"indexing_percentage": 101}, "indexing_percentage must be from 0 to 100, not 101"),
        ({"encryption": {"type": "kms"}}, "encryption: the type kms needs key"),
        ({"encryption": {"type": "none", "key": "k"}}, "encryption: key is for the type kms"),
        ({"encryption": {"type": "kms", "key": "alias/x"}}, "encryption: key 'alias/x' is an alias"),
    ],
)
def test_wrong_settings_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        Settings(given).desired(Account())
    assert said in str(caught.value)


def test_settings_need_a_botocore_that_knows_them() -> None:
    old = Account(unknown=("UpdateTraceSegmentDestination", "UpdateIndexingRule"))
    with pytest.raises(KumawatchError, match=r"trace_segment_destination needs botocore 1\.35\.67 or newer"):
        Settings({"trace_segment_destination": "xray"}).desired(old)
    assert Settings({"encryption": {"type": "none", "key": None}}).desired(old)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"type": "none"}, {"type": "none"}, True),
        ({"type": "kms", "key": "arn:aws:kms:r:1:key/k"}, {"type": "kms", "key": "k"}, True),
        ({"type": "kms", "key": "arn:aws:kms:r:1:key/k"}, {"type": "kms", "key": "arn:aws:kms:r:1:key/k"}, True),
        ({"type": "kms", "key": "arn:aws:kms:r:1:key/k"}, {"type": "kms", "key": "arn:aws:kms:r:2:key/k"}, False),
        ({"type": "kms", "key": "arn:aws:kms:r:1:key/k"}, {"type": "none"}, False),
        (None, {"type": "none"}, False),
    ],
)
def test_encryption_is_compared_by_the_key(before: Any, after: dict[str, str], same: bool) -> None:
    assert same_encryption(before, after) is same


def test_the_destination_comes_before_indexing() -> None:
    account = Account(
        {
            "GetTraceSegmentDestination": lambda: {"Destination": "XRay", "Status": "ACTIVE"},
            "GetIndexingRules": lambda **_: {"IndexingRules": []},
            "UpdateTraceSegmentDestination": lambda **_: {},
            "UpdateIndexingRule": lambda **_: {},
        }
    )
    kind = Settings({"indexing_percentage": 5, "trace_segment_destination": "cloudwatch_logs"})
    outcome = reconcile(account, kind, check_mode=False, sleep=lambda _: None)  # type: ignore[arg-type]
    written = [operation for operation, _given in account.calls if operation.startswith("Update")]
    assert written == ["UpdateTraceSegmentDestination", "UpdateIndexingRule"]
    # An account that keeps what it was is reported, not believed.
    assert [failure["name"] for failure in outcome.failures] == ["indexing_percentage", "trace_segment_destination"]
