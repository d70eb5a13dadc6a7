# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscription filters: two a log group, exchanged without a gap in the rules, and nobody else's touched."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import log_subscriptions_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_subscriptions import SubscriptionFilters
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:f"
STREAM = "arn:aws:kinesis:eu-central-1:123456789012:stream/s"
ROLE = "arn:aws:iam::123456789012:role/r"
ENTRY: dict[str, Any] = {"log_group": "/g", "name": "n", "pattern": "ERROR", "destination_arn": FUNCTION}


class Subscriptions(Account):
    """Filters by log group; a third one is refused."""

    def __init__(self, *filters: tuple[str, str], marked: tuple[str, ...] = (), **options: Any) -> None:
        self.groups: dict[str, dict[str, dict[str, Any]]] = {"/g": {}, "/ours": {}, "/theirs": {}}
        super().__init__(
            {
                "DescribeSubscriptionFilters": self._describe,
                "PutSubscriptionFilter": self._put,
                "DeleteSubscriptionFilter": lambda logGroupName, filterName: self.groups[logGroupName].pop(  # noqa: N803
                    filterName
                ),
                "GetResources": lambda **_: {
                    "ResourceTagMappingList": [
                        {"ResourceARN": f"arn:x:log-group:{group}", "Tags": [{"Key": "managed-by", "Value": "m"}]}
                        for group in marked
                    ]
                },
            },
            **options,
        )
        for group, name in filters:
            self._put(group, name, filterPattern="", destinationArn=FUNCTION)

    def _describe(self, logGroupName: str) -> dict[str, Any]:  # noqa: N803
        if logGroupName not in self.groups:
            raise refused("ResourceNotFoundException")
        return {"subscriptionFilters": list(self.groups[logGroupName].values())}

    def _put(self, logGroupName: str, filterName: str, **sent: Any) -> dict[str, Any]:  # noqa: N803
        if logGroupName not in self.groups:
            raise refused("ResourceNotFoundException")
        group = self.groups[logGroupName]
        if filterName not in group and len(group) == 2:
            raise refused("LimitExceededException")
        group[filterName] = {
            "logGroupName": logGroupName, "filterName": filterName, "distribution": "ByLogStream",
            "applyOnTransformedLogs": False, **sent,
        }  # fmt: skip
        return {}


def run(
    account: Subscriptions, *entries: dict[str, Any], owner: str | None = "m", purge: bool = False, check: bool = False
) -> Any:
    kind = SubscriptionFilters(entries, "kumawatch-")
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a:b"}, "subscription filter '/g:a:b': name takes 1 to 512 characters, but no : and no *"),
        ({"pattern": "{ x }"}, "subscription filter '/g:n': pattern is not understood at 'x }' at character 3"),
        ({"destination_arn": "f"}, "destination_arn must be an ARN, which begins with arn:, not 'f'"),
        ({"destination_arn": ""}, "destination_arn must be an ARN"),
        ({"role_arn": "r"}, "role_arn must be an ARN"),
        ({"system_fields": ["@x"]}, "system_fields has '@x', and there are @aws.account and @aws.region"),
        ({"ignore": ["rolearn"]}, "no option of a subscription filter: did you mean 'role_arn'?"),
    ],
)
def test_what_cannot_be_right_is_named_before_anything_is_read(change: dict[str, Any], said: str) -> None:
    account = Subscriptions()
    with pytest.raises(KumawatchError) as caught:
        run(account, {**ENTRY, **change})
    assert said in str(caught.value)
    assert not account.calls


def test_a_new_filter_needs_where_to_and_a_stream_a_role() -> None:
    with pytest.raises(KumawatchError, match="subscription filter '/g:n' is new and lacks pattern and destination_arn"):
        run(Subscriptions(), {"log_group": "/g", "name": "n"})
    with pytest.raises(KumawatchError, match="role_arn is missing: name the role by which logs may write to kinesis"):
        run(Subscriptions(), {**ENTRY, "destination_arn": STREAM})


def test_made_kept_and_changed() -> None:
    account = Subscriptions()
    stream = {**ENTRY, "name": "s", "destination_arn": STREAM, "role_arn": ROLE, "distribution": "random"}
    assert not run(account, ENTRY, stream).failures
    assert account.groups["/g"]["s"]["distribution"] == "Random"
    assert "roleArn" not in account.groups["/g"]["n"]
    assert not run(account, {**ENTRY, "role_arn": "", "system_fields": []}, stream).plan.changed
    assert not run(account, {"log_group": "/g", "name": "s", "pattern": "%5..%"}).failures
    changed = account.groups["/g"]["s"]
    assert (changed["filterPattern"], changed["roleArn"], changed["distribution"]) == ("%5..%", ROLE, "Random")


def test_one_can_take_the_place_of_another() -> None:
    account = Subscriptions(("/g", "a"), ("/g", "b"))
    with pytest.raises(
        KumawatchError, match=r"'/g' would have 3 subscription filters \('a', 'b', 'n'\), and there may be 2"
    ):
        run(account, ENTRY)
    outcome = run(account, ENTRY, {"log_group": "/g", "name": "a", "state": "absent"})
    assert not outcome.failures
    assert sorted(account.groups["/g"]) == ["b", "n"]


def test_a_purge_takes_what_is_ours_in_groups_that_are_ours() -> None:
    account = Subscriptions(
        ("/ours", "kumawatch-a"), ("/ours", "x"), ("/theirs", "kumawatch-b"), marked=("/ours", "/gone")
    )
    outcome = run(account, {**ENTRY, "log_group": "/ours"}, purge=True)
    assert [change.label for change in outcome.plan.delete] == ["/ours:kumawatch-a"]
    assert sorted(account.groups["/ours"]) == ["n", "x"]
    assert sorted(account.groups["/theirs"]) == ["kumawatch-b"]


def test_a_log_group_that_is_missing_does_not_stop_the_others() -> None:
    account = Subscriptions()
    outcome = run(account, ENTRY, {**ENTRY, "log_group": "/none"}, {"log_group": "/no", "name": "x", "state": "absent"})
    assert [failure["name"] for failure in outcome.failures] == ["/none:n"]
    assert outcome.plan.unchanged == ("/no:x",)
    assert list(account.groups["/g"]) == ["n"]


def test_an_export_is_what_makes_it() -> None:
    account = Subscriptions()
    full = {
        **ENTRY, "destination_arn": STREAM, "role_arn": ROLE, "distribution": "random",
        "system_fields": ["@aws.region"],
        "field_selection_criteria": "x", "apply_on_transformed_logs": True,
    }  # fmt: skip
    assert not run(account, full).failures
    assert model.exported(account.groups["/g"]["n"]) == full
    plain = {"logGroupName": "/g", "filterName": "n", "filterPattern": "", "destinationArn": FUNCTION}
    assert model.exported(plain) == {**ENTRY, "pattern": ""}
