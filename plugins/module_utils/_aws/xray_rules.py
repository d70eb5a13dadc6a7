# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling rules of X-Ray: one small function per API call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._reconcile import ABSENT, Actual, Change, Create, Desired, Update
from . import xray_rules_model as model
from .bulk import Kind
from .errors import ApiError
from .session import Aws, Known
from .xray_tags import Tagging, absent


class SamplingRules(Kind):
    """The sampling rules of an account and Region."""

    noun = "sampling rule"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._tagging = Tagging(["xray:sampling-rule"])

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries)
        tagged = [entry for entry in result if entry.key != model.DEFAULT]
        self._tagging = self._tagging.declared(self.owner, self.purge, tagged)
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
        rules = [item["SamplingRule"] for item in aws.pages("xray", "GetSamplingRules", "SamplingRuleRecords")]
        arns = {rule["RuleName"]: rule["RuleARN"] for rule in rules if rule["RuleName"] != model.DEFAULT}
        tags = self._tagging.read(aws, arns)
        declared = any(entry["name"] == model.DEFAULT for entry in self._entries)
        return [model.actual(rule, tags.get(rule["RuleName"]), self.owner if declared else None) for rule in rules]

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Create):
            properties = change.desired.properties
            tags = self._tagging.new(properties.get("tags"))
            rule = model.request(change.key, properties)
            aws.call("xray", "CreateSamplingRule", SamplingRule=rule, **({"Tags": tags} if tags else {}))
        elif isinstance(change, Update):
            changed = model.fields({name: item.after for name, item in change.differences.items()})
            if changed:
                aws.call("xray", "UpdateSamplingRule", SamplingRuleUpdate={"RuleName": change.key, **changed})
            self._tagging.change(aws, change, change.actual.ident)
        else:
            try:
                aws.call("xray", "DeleteSamplingRule", RuleName=change.key)
            except ApiError as error:
                if not absent(error):
                    raise
