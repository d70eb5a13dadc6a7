# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch has in an account and Region, in the shape that the modules take."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import alarm_model, mute_rules_model
from .alarms import describe
from .cloudwatch_tags import ask_tags, without_mark
from .dashboards import get_body
from .entries import each
from .mute_rules import get_rule, list_arns
from .session import Aws
from .tags import MARK, Tags, tags_by_arn

Entry = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """Which objects are gathered: what is empty filters nothing.

    :param owner: the value of the mark of ownership.
    :param tags: tags that an object must have; one without a value must only be there.
    :param with_tags: whether entries have the tags of their objects.
    """

    prefix: str = ""
    owner: str = ""
    tags: Mapping[str, str | None] = field(default_factory=dict)
    with_tags: bool = True

    @property
    def needs_tags(self) -> bool:
        """Whether tags have to be read."""
        return bool(self.with_tags or self.owner or self.tags)

    def takes(self, tags: Tags) -> bool:
        """Whether an object with some tags is gathered."""
        if self.owner and tags.get(MARK) != self.owner:
            return False
        return all(key in tags and (value is None or tags[key] == str(value)) for key, value in self.tags.items())

    def own(self, tags: Tags) -> Tags:
        """The tags that an entry is to have."""
        return without_mark(tags) if self.with_tags else {}


@dataclass
class Gathered:
    """Entries by kind, and what could not be said as one."""

    found: dict[str, list[Entry]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


Read = Callable[[Aws, Wanted, list[str]], list[Entry]]
"""Reads one kind; the list is for warnings."""


def gather(aws: Aws, what: Collection[str], wanted: Wanted, kinds: Mapping[str, Read] | None = None) -> Gathered:
    """Read the named kinds.

    :param kinds: what there is to read by name; :data:`KINDS` unless it is given.
    """
    result = Gathered()
    for name, read in (KINDS if kinds is None else kinds).items():
        if name in what:
            result.found[name] = read(aws, wanted, result.warnings)
    return result


def described_alarms(aws: Aws, wanted: Wanted) -> list[tuple[Mapping[str, Any], Tags]]:
    """The alarms that are gathered, as CloudWatch describes them, each with its tags."""
    filters = {"AlarmNamePrefix": wanted.prefix} if wanted.prefix else {}
    items = {
        str(item["AlarmArn"]): item
        for item in describe(aws, log_alarms=aws.has("cloudwatch", "PutLogAlarm"), **filters)
    }
    # Thousands of alarms are not asked one by one: the index has all of a Region that are tagged, if some seconds late.
    tags = tags_of(aws, "cloudwatch:alarm", list(items), wanted, each_unknown=False)
    return [(item, tags[arn]) for arn, item in items.items() if wanted.takes(tags[arn])]


def _alarms(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    chosen = described_alarms(aws, wanted)
    # A composite after those that it names, as they are to be made.
    chosen.sort(key=lambda pair: (alarm_model.kind_of(pair[0]) == "composite", pair[0]["AlarmName"]))
    return [alarm_model.exported(item, wanted.own(own)) for item, own in chosen]


def _dashboards(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    filters = {"DashboardNamePrefix": wanted.prefix} if wanted.prefix else {}
    names = {
        str(item["DashboardArn"]): str(item["DashboardName"])
        for item in aws.pages("cloudwatch", "ListDashboards", "DashboardEntries", **filters)
    }
    tags = tags_of(aws, "cloudwatch:dashboard", list(names), wanted, each_unknown=True)
    chosen = [
        (name, tags[arn]) for arn, name in sorted(names.items(), key=lambda pair: pair[1]) if wanted.takes(tags[arn])
    ]
    bodies = each(lambda pair: get_body(aws, pair[0]), chosen)
    result = []
    for (name, own), body in zip(chosen, bodies, strict=True):
        if body is not None:
            result.append({"name": name, "body": json.loads(body), **_tagged(wanted.own(own))})
    return result


def _mute_rules(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    if not aws.has("cloudwatch", "ListAlarmMuteRules"):
        return []
    arns = sorted(arn for arn in list_arns(aws) if mute_rules_model.name_of(arn).startswith(wanted.prefix))
    tags = tags_of(aws, "cloudwatch:alarm-mute-rule", arns, wanted, each_unknown=True)
    chosen = [arn for arn in arns if wanted.takes(tags[arn])]
    result = []
    for arn, rule in zip(chosen, each(lambda arn: get_rule(aws, mute_rules_model.name_of(arn)), chosen), strict=True):
        if rule is None:
            continue
        entry = mute_rules_model.exported(rule, wanted.own(tags[arn]))
        if "alarms" in entry:
            result.append(entry)
        else:
            warnings.append(
                f"mute rule '{entry['name']}' is left out: it names no alarms, and cloudwatch_mute_rules makes no such "
                f"rules."
            )
    return result


def _tagged(tags: Tags) -> Entry:
    return {"tags": dict(sorted(tags.items()))} if tags else {}


def tags_of(
    aws: Aws,
    kind: str,
    arns: Sequence[str],
    wanted: Wanted,
    *,
    each_unknown: bool,
    ask: Callable[[Aws, str], Tags] = ask_tags,
) -> dict[str, Tags]:
    """The tags of objects by ARN.

    :param each_unknown: whether what the index does not know is asked one by one.
    :param ask: how one is asked.
    """
    if not wanted.needs_tags:
        return {arn: {} for arn in arns}
    index = tags_by_arn(aws, [kind])
    asked = [arn for arn in arns if index is None or (each_unknown and arn not in index)]
    found = dict(zip(asked, each(lambda arn: ask(aws, arn), asked), strict=True))
    return {arn: found[arn] if arn in found else (index or {}).get(arn, {}) for arn in arns}


#: What can be gathered, in the order in which it has to be made in an empty account.
KINDS: dict[str, Read] = {
    "alarms": _alarms,
    "mute_rules": _mute_rules,
    "dashboards": _dashboards,
}
