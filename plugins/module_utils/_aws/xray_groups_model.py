# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of X-Ray: what is declared, what exists, and whether they are the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from .entries import given, ignored
from .tagging import declared_tags, without_mark
from .tags import MARK, Tags

OPTIONS = ("filter_expression", "insights", "notifications", "tags")

_RESERVED = "Default"
_LONGEST_NAME = 32
_INSIGHTS = {"insights": "InsightsEnabled", "notifications": "NotificationsEnabled"}


def desired(entries: Sequence[Mapping[str, Any]]) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises InputError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        name = str(options["name"])
        who = f"group '{name}'"
        if not 1 <= len(name) <= _LONGEST_NAME:
            raise InputError(f"{who}: name takes 1 to {_LONGEST_NAME} characters: shorten it.")
        if name == _RESERVED:
            raise InputError(f"{who}: this name is AWS's own: choose another one.")
        state = options.get("state", PRESENT)
        properties = {} if state == ABSENT else _properties(options, who)
        result.append(Desired(name, name, position, properties, state, ignored(options, OPTIONS, who, "group")))
    return result


def _properties(options: Mapping[str, Any], who: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if "filter_expression" in options:
        text = " ".join(str(options["filter_expression"]).split())
        if not text:
            raise InputError(f'{who}: filter_expression is empty: write for example service("api").')
        if text.count('"') % 2:
            raise InputError(f"{who}: filter_expression has a quotation mark that does not end: {text}")
        properties["filter_expression"] = text
    for option in _INSIGHTS:
        if option in options:
            properties[option] = bool(options[option])
    if properties.get("notifications") and properties.get("insights") is False:
        raise InputError(f"{who}: notifications are of insights: set insights: true, or take notifications out.")
    tags = declared_tags(options, who)
    if tags is not None:
        properties["tags"] = tags
    return properties


def check(entry: Desired, before: Actual | None) -> None:
    """Refuse a new group that lacks what it needs, and notifications of insights that are off."""
    if before is None and "filter_expression" not in entry.properties:
        raise InputError(f"group '{entry.label}' is new and lacks filter_expression: add it.")
    whole = {**(before.properties if before is not None else {}), **entry.properties}
    if whole.get("notifications") and not whole.get("insights"):
        raise InputError(
            f"group '{entry.label}': notifications are of insights, which are off: set insights: true, or "
            f"notifications: false."
        )


def actual(group: Mapping[str, Any], tags: Tags | None) -> Actual:
    """A group as the planner takes it, from ``GetGroups``."""
    name = str(group["GroupName"])
    configuration = group.get("InsightsConfiguration") or {}
    properties: dict[str, Any] = {
        "filter_expression": str(group.get("FilterExpression") or ""),
        **{option: bool(configuration.get(field)) for option, field in _INSIGHTS.items()},
        "tags": without_mark(tags),
    }
    return Actual(name, name, group["GroupARN"], properties, (tags or {}).get(MARK))


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "filter_expression":
        return " ".join(str(before or "").split()) == after
    return bool(before == after)


def request(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A group as it is sent, without its name and its tags."""
    sent: dict[str, Any] = {}
    if "filter_expression" in properties:
        sent["FilterExpression"] = properties["filter_expression"]
    insights = {field: properties[option] for option, field in _INSIGHTS.items() if option in properties}
    if insights:
        sent["InsightsConfiguration"] = insights
    return sent
