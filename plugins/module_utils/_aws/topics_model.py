# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SNS topics as entries and as the API has them: policies, subscriptions, what compares equal. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError

Json = dict[str, Any]
Subscription = dict[str, Any]
"""``protocol`` and ``endpoint``; ``raw`` and ``filter_policy`` where they are declared or known; ``pending`` where
nobody has confirmed it; ``arn`` on what exists."""

EVENTBRIDGE = "events.amazonaws.com"
PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
NOT_CONFIRMED = ("PendingConfirmation", "Deleted")
"""What stands in place of a subscription's ARN before it is confirmed, and after it is gone."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(?:\.fifo)?")
_ACCOUNT = re.compile(r"\d{12}")
_PASSWORD = re.compile(r"(?<=://)([^:/@\s]+):[^@\s]*@")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")


def check_entry(entry: Mapping[str, Any]) -> None:
    """Refuse a topic that AWS would refuse, or worse, take."""
    name = entry["name"]
    if not _NAME.fullmatch(name):
        raise InputError(
            f"topic '{name}': option 'name' takes up to 256 letters, digits, hyphens and underscores: correct it."
        )
    if entry.get("publishers") is not None and entry.get("policy") is not None:
        raise InputError(f"topic '{name}': 'publishers' and 'policy' say the same in two ways: give one of them.")
    for account in (entry.get("publishers") or {}).get("accounts") or ():
        if not _ACCOUNT.fullmatch(account):
            raise InputError(
                f"topic '{name}': publishers.accounts has '{account}', which is no account of 12 digits: quote it if "
                f"it begins with a zero."
            )
    seen = set()
    for wanted in entry.get("subscriptions") or ():
        protocol, endpoint = wanted["protocol"], wanted["endpoint"]
        who = f"topic '{name}': subscription '{shown(endpoint)}'"
        if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
            raise InputError(f"{who} with protocol {protocol} must begin with {protocol}://.")
        if protocol in ("email", "email-json") and not _MAIL.fullmatch(endpoint):
            raise InputError(f"{who} is no e-mail address: correct it.")
        if protocol in ("sqs", "lambda", "firehose") and not endpoint.startswith("arn:"):
            raise InputError(f"{who} with protocol {protocol} must be an ARN.")
        if subscription_key(wanted) in seen:
            raise InputError(f"{who} is declared twice: remove one of them.")
        seen.add(subscription_key(wanted))


# -- policies


def policy_of(publishers: Mapping[str, Sequence[str]], arn: str) -> Json:
    """The policy that lets services and accounts publish to a topic, and its own account, whose IAM decides.

    :param publishers: ``services`` such as ``cloudwatch.amazonaws.com``, ``accounts`` of 12 digits.
    :param arn: of the topic; its partition and account are meant.
    """
    parts = arn.split(":", 5)
    partition, account = parts[1], parts[4]
    services = sorted(set(publishers.get("services") or ()))
    accounts = sorted({account, *(publishers.get("accounts") or ())})
    statements: list[Json] = [
        {
            "Sid": "Accounts",
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:{partition}:iam::{number}:root" for number in accounts]},
            "Action": "sns:Publish",
            "Resource": arn,
        }
    ]
    confined = [service for service in services if service != EVENTBRIDGE]
    if confined:
        statements.append(
            {
                "Sid": "Services",
                "Effect": "Allow",
                "Principal": {"Service": confined},
                "Action": "sns:Publish",
                "Resource": arn,
                # Only on behalf of this account: anybody can let CloudWatch send to any topic's name.
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            }
        )
    if EVENTBRIDGE in services:
        # EventBridge says nothing of the account when it publishes to a topic: with a condition nothing would arrive.
        statements.append(
            {
                "Sid": "EventBridge",
                "Effect": "Allow",
                "Principal": {"Service": EVENTBRIDGE},
                "Action": "sns:Publish",
                "Resource": arn,
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def normal_policy(policy: Any) -> Any:
    """A policy in which one value and a list of it, and lists in another order, are the same."""
    if isinstance(policy, Mapping):
        return {key: normal_policy(value) for key, value in sorted(policy.items())}
    if isinstance(policy, (list, tuple)):
        items = [normal_policy(item) for item in policy]
        if len(items) == 1:
            return items[0]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return policy


def publishers_of(policy: Mapping[str, Any], arn: str) -> Json:
    """Who may publish, where the policy is one of :func:`policy_of`; otherwise the policy itself.

    A policy that somebody has changed by hand thus differs from every list of publishers.
    """
    account = arn.split(":")[4]
    services: set[str] = set()
    accounts: set[str] = set()
    statements = policy.get("Statement") or ()
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        principal = statement.get("Principal")
        if isinstance(principal, Mapping):
            services.update(_listed(principal.get("Service")))
            # AWS returns an account's root by its ARN, however it was given.
            accounts.update(
                item.split(":")[4] if item.count(":") >= 4 else item for item in _listed(principal.get("AWS"))
            )
    found = {"services": sorted(services), "accounts": sorted(accounts - {account})}
    if normal_policy(policy_of(found, arn)) == normal_policy({**policy, "Version": "2012-10-17"}):
        return found
    return dict(policy)


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]


def normal_publishers(publishers: Mapping[str, Any]) -> Json:
    """Declared publishers, in the form that :func:`publishers_of` returns."""
    return {
        "services": sorted(set(publishers.get("services") or ())),
        "accounts": sorted(set(publishers.get("accounts") or ())),
    }


# -- subscriptions


def shown(endpoint: str) -> str:
    """An endpoint as SNS shows it: without the password that an address may hold."""
    return _PASSWORD.sub(r"\1:****@", endpoint)


def subscription_key(subscription: Mapping[str, Any]) -> tuple[str, str]:
    """What makes a subscription the same one."""
    protocol, endpoint = str(subscription["protocol"]), shown(str(subscription["endpoint"]))
    return protocol, endpoint.lower() if protocol.startswith("email") else endpoint


def same_attributes(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a subscription has all that is declared of it. Of an unconfirmed one nothing can be read or set."""
    if before.get("pending"):
        return True
    return all(before.get(name) == after[name] for name in ("raw", "filter_policy") if after.get(name) is not None)


def same_subscriptions(before: Sequence[Subscription], after: Sequence[Subscription]) -> bool:
    """Whether the subscriptions are exactly the declared ones. One that nobody confirmed cannot be removed."""
    there = {subscription_key(item): item for item in before}
    wanted = {subscription_key(item): item for item in after}
    stray = [item for key, item in there.items() if key not in wanted and not item.get("pending")]
    return not stray and all(key in there and same_attributes(there[key], item) for key, item in wanted.items())


def readable(subscriptions: Sequence[Subscription]) -> list[Json]:
    """Subscriptions for a diff."""
    return [
        {
            "protocol": item["protocol"],
            "endpoint": shown(item["endpoint"]),
            **{name: item[name] for name in ("raw", "filter_policy") if item.get(name) is not None},
            **({"pending": True} if item.get("pending") else {}),
        }
        for item in sorted(subscriptions, key=subscription_key)
    ]
