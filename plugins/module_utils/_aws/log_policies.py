# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource policies of CloudWatch Logs: who else may write to the log groups of an account.

They have no tags, and there may be ten of them. So nothing is marked or purged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, Actual, Change, Delete, Desired
from .bulk import Kind
from .entries import given, ignored
from .errors import ApiError
from .log_tags import GONE
from .session import Aws, Known
from .topics_model import normal_policy

LONGEST = 5120
"""Characters of a document."""


class ResourcePolicies(Kind):
    """The resource policies of an account and Region; those of single log groups are others."""

    noun = "resource policy"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = []
        for position, entry in enumerate(self._entries):
            options = given(entry)
            name = str(options["name"])
            who = f"{self.noun} '{name}'"
            if not name.strip():
                raise InputError(f"{who}: name is empty: give one.")
            properties = {}
            if "policy" in options and options.get("state") != ABSENT:
                properties["policy"] = _document(options["policy"], who)
            names = ignored(options, ("policy",), who, self.noun)
            result.append(Desired(name, name, position, properties, options.get("state", "present"), names))
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        there = {item.key for item in actual}
        for entry in desired:
            if entry.state != ABSENT and entry.key not in there and "policy" not in entry.properties:
                raise InputError(f"{self.noun} '{entry.label}' is new and lacks policy: add it.")

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return bool(normal_policy(before) == normal_policy(after))

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        return [
            Actual(item["policyName"], item["policyName"], item["policyName"], {"policy": document(item)})
            for item in describe(aws)
        ]

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Delete):
            try:
                aws.call("logs", "DeleteResourcePolicy", policyName=change.key)
            except ApiError as error:
                if error.code != GONE:
                    raise
            return
        text = json.dumps(change.desired.properties["policy"], ensure_ascii=False)
        aws.call("logs", "PutResourcePolicy", policyName=change.key, policyDocument=text)


def _document(policy: Mapping[str, Any], who: str) -> dict[str, Any]:
    if not policy.get("Statement"):
        raise InputError(f"{who}: policy has no Statement: add who may do what.")
    size = len(json.dumps(policy, ensure_ascii=False))
    if size > LONGEST:
        raise InputError(f"{who}: policy has {size} characters, and there may be {LONGEST}: shorten it.")
    return dict(policy)


def describe(aws: Aws) -> Iterator[dict[str, Any]]:
    """The policies of the account."""
    for item in aws.pages("logs", "DescribeResourcePolicies", "resourcePolicies", token="nextToken", limit=50):
        if item.get("policyScope", "ACCOUNT") == "ACCOUNT" and item.get("policyName"):
            yield item


def document(item: Mapping[str, Any]) -> Any:
    """The document of a policy, its text where it is no JSON."""
    text = item.get("policyDocument") or "{}"
    try:
        return json.loads(text)
    except ValueError:
        return text
