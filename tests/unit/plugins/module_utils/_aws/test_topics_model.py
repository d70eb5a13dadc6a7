# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topics: whose policies and subscriptions mean the same, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import topics_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

ARN = "arn:aws:sns:eu-central-1:123456789012:alerts"
PUBLISHERS = {"services": ["events.amazonaws.com", "cloudwatch.amazonaws.com"], "accounts": ["210987654321"]}


def test_who_may_publish_is_read_back_from_the_policy() -> None:
    policy = model.policy_of(PUBLISHERS, ARN)
    assert model.publishers_of(policy, ARN) == model.normal_publishers(PUBLISHERS)


def test_a_policy_that_somebody_changed_differs_from_all_publishers() -> None:
    policy = model.policy_of(PUBLISHERS, ARN)
    policy["Statement"][0]["Principal"] = {"AWS": "*"}
    assert "Statement" in model.publishers_of(policy, ARN)


def test_nobody_publishes_for_another_account() -> None:
    by_sid = {entry["Sid"]: entry for entry in model.policy_of(PUBLISHERS, ARN)["Statement"]}
    assert by_sid["Services"]["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert "Condition" not in by_sid["EventBridge"]


def test_the_order_of_a_policy_and_lists_of_one_do_not_matter() -> None:
    one = {"Statement": [{"Action": ["b", "a"]}, {"Action": "c"}]}
    other = {"Statement": [{"Action": ["c"]}, {"Action": ["a", "b"]}]}
    assert model.normal_policy(one) == model.normal_policy(other)


def subscription(endpoint: str, protocol: str = "email", **more: Any) -> dict[str, Any]:
    return {"protocol": protocol, "endpoint": endpoint, **more}


def test_one_that_nobody_confirmed_counts_as_subscribed_and_cannot_be_removed() -> None:
    pending = subscription("a@example.com", pending=True, arn="PendingConfirmation")
    assert model.same_subscriptions([pending], [subscription("A@example.com")])
    assert model.same_subscriptions([pending], [])
    assert not model.same_subscriptions([subscription("a@example.com", arn="arn:x")], [])


def test_the_password_in_an_address_that_sns_hides_is_no_difference() -> None:
    declared = subscription("https://user:s3cret@example.com/hook", "https")
    there = subscription("https://user:****@example.com/hook", "https", arn="arn:x")
    assert model.same_subscriptions([there], [declared])
    assert "s3cret" not in str(model.readable([declared]))


def test_attributes_that_are_not_declared_are_left_alone() -> None:
    there = subscription("arn:aws:sqs:::q", "sqs", raw=True, arn="arn:x")
    assert model.same_subscriptions([there], [subscription("arn:aws:sqs:::q", "sqs")])
    assert not model.same_subscriptions([there], [subscription("arn:aws:sqs:::q", "sqs", raw=False)])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "a b"}, "'a b'"),
        ({"name": "ä"}, "takes up to 256 letters"),
        ({"name": "a", "publishers": {}, "policy": {}}, "in two ways"),
        ({"name": "a", "publishers": {"accounts": ["12345"]}}, "no account of 12 digits"),
        ({"name": "a", "subscriptions": [subscription("example.com", "https")]}, "must begin with https://"),
        ({"name": "a", "subscriptions": [subscription("q", "sqs")]}, "must be an ARN"),
        ({"name": "a", "subscriptions": [subscription("ops")]}, "no e-mail address"),
        ({"name": "a", "subscriptions": [subscription("o@x"), subscription("O@x")]}, "declared twice"),
    ],
)
def test_a_mistake_is_named(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        model.check_entry(entry)
