# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mute rules of alarms: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._reconcile import ABSENT, Actual, Change, Create, Desired, Update
from . import mute_rules_model as model
from .bulk import Kind
from .cloudwatch_tags import GONE, Tagging
from .entries import each
from .errors import ApiError
from .session import Aws, Known


class MuteRules(Kind):
    """The mute rules of an account and Region."""

    noun = "mute rule"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._declared: Collection[str] = ()
        self._tagging = Tagging(["cloudwatch:alarm-mute-rule"])

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._declared = frozenset(entry.key for entry in result)
        self._tagging = self._tagging.declared(self.owner, self.purge, result)
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        there = {item.key for item in actual}
        for entry in desired:
            if entry.state != ABSENT and entry.key not in there:
                model.check_new(entry)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        """The list says when a rule ends and no more, so those that are declared are read, several at once."""
        arns = {model.name_of(arn): arn for arn in list_arns(aws)}
        names = [name for name in arns if name in self._declared]
        rules = dict(zip(names, each(lambda name: get_rule(aws, name), names), strict=True))
        tags = self._tagging.read(aws, arns)
        return [
            model.actual(arn, rules.get(name), tags.get(name))
            for name, arn in arns.items()
            # The list may still have one that was deleted a moment ago.
            if name not in rules or rules[name] is not None
        ]

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Create):
            properties = change.desired.properties
            tags = self._tagging.new(properties.get("tags"))
            aws.call("cloudwatch", "PutAlarmMuteRule", **model.request(change.key, properties, tags))
        elif isinstance(change, Update):
            changed = {name: item.after for name, item in change.differences.items() if name != "tags"}
            if changed:
                # A put replaces the rule, and what is not declared is to stay.
                whole = {**change.actual.properties, **changed}
                aws.call("cloudwatch", "PutAlarmMuteRule", **model.request(change.key, whole))
            self._tagging.change(aws, change, change.actual.ident)
        else:
            try:
                aws.call("cloudwatch", "DeleteAlarmMuteRule", AlarmMuteRuleName=change.key)
            except ApiError as error:
                if error.code not in GONE:
                    raise


def list_arns(aws: Aws) -> list[str]:
    """The ARNs of all rules."""
    return [
        str(item["AlarmMuteRuleArn"])
        for item in aws.pages("cloudwatch", "ListAlarmMuteRules", "AlarmMuteRuleSummaries", MaxRecords=100)
    ]


def get_rule(aws: Aws, name: str) -> dict[str, Any] | None:
    """A rule, ``None`` if there is no such rule."""
    try:
        return aws.call("cloudwatch", "GetAlarmMuteRule", AlarmMuteRuleName=name)
    except ApiError as error:
        if error.code in GONE:
            return None
        raise
