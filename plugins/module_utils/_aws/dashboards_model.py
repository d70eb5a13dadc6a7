# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards: what is declared, what exists, and whether they are the same. Pure.

A body is compared as the data that it is: order of keys, blanks and escapes are nothing, order of widgets is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from .cloudwatch_tags import declared_tags, without_mark
from .entries import given, ignored
from .tags import MARK, Tags

MOST_WIDGETS = 500
MOST_BYTES = 1_000_000
COLUMNS = 24
WIDGET_TYPES = ("alarm", "custom", "explorer", "log", "metric", "text")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_FINDING = re.compile(r'"dataPath"\s*:\s*"([^"]*)"\s*,\s*"message"\s*:\s*"((?:[^"\\]|\\.)*)')


def desired(entries: Sequence[Mapping[str, Any]]) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises InputError: an entry cannot be right; the message names it and, in its body, the widget.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        name = str(options["name"])
        who = f"dashboard '{name}'"
        if not _NAME.fullmatch(name):
            raise InputError(f"{who}: name takes up to 255 letters, digits, hyphens and underscores: correct it.")
        state = options.get("state", PRESENT)
        properties: dict[str, Any] = {}
        if state != ABSENT:
            if "body" in options:
                properties["body"] = _body(options["body"], who)
            tags = declared_tags(options, who)
            if tags is not None:
                properties["tags"] = tags
        result.append(
            Desired(name, name, position, properties, state, ignored(options, ("body", "tags"), who, "dashboard"))
        )
    return result


def _body(value: Any, who: str) -> Any:
    """A body as data, checked."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise InputError(f"{who}: body is no JSON ({error}): correct it, or give it as data.") from None
    if not isinstance(value, dict) or not isinstance(value.get("widgets"), list):
        raise InputError(f"{who}: body must be a mapping with a list of widgets.")
    widgets = value["widgets"]
    if len(widgets) > MOST_WIDGETS:
        raise InputError(f"{who}: body has {len(widgets)} widgets, more than {MOST_WIDGETS}: share them out.")
    for number, widget in enumerate(widgets, 1):
        problem = _widget_problem(widget)
        if problem:
            raise InputError(f"{who}: {widget_name(widgets, number - 1)} {problem}")
    size = len(as_text(value).encode())
    if size > MOST_BYTES:
        raise InputError(f"{who}: body has {size} bytes, more than {MOST_BYTES}: share its widgets out.")
    return value


def _widget_problem(widget: Any) -> str:
    """What CloudWatch would say in a path and a code, in words."""
    if not isinstance(widget, Mapping):
        return "is no mapping: correct it."
    if widget.get("type") not in WIDGET_TYPES:
        return f"has the type '{widget.get('type')}': give one of {', '.join(WIDGET_TYPES)}."
    if not isinstance(widget.get("properties"), Mapping):
        return "has no properties: add them."
    if ("x" in widget) != ("y" in widget):
        return "has only one of x and y: give both, or neither."
    for key, low, high in (("x", 0, COLUMNS - 1), ("width", 1, COLUMNS), ("height", 1, 1000), ("y", 0, 10**9)):
        value = widget.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return f"has {key} {value}: give a whole number from {low} to {high}."
    if widget.get("x", 0) + widget.get("width", 1) > COLUMNS:
        return f"reaches beyond the {COLUMNS} columns of a dashboard (x {widget['x']}, width {widget['width']})."
    return ""


def widget_name(widgets: Sequence[Any], position: int) -> str:
    """A widget as a reader finds it: its number, and its title or how its text begins."""
    widget = widgets[position] if 0 <= position < len(widgets) else {}
    properties = widget.get("properties") if isinstance(widget, Mapping) else None
    shown = ""
    if isinstance(properties, Mapping):
        shown = str(properties.get("title") or properties.get("markdown") or "").strip().split("\n", maxsplit=1)[0][:60]
    return f"widget {position + 1}" + (f" ('{shown}')" if shown else "")


def as_text(body: Any) -> str:
    """A body as it is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


# -- what exists


def actual(entry: Mapping[str, Any], body: str | None, tags: Tags | None) -> Actual:
    """A dashboard as the planner takes it.

    :param entry: of the list.
    :param body: its body, ``None`` where it was not read.
    """
    name = str(entry["DashboardName"])
    properties: dict[str, Any] = {"tags": without_mark(tags)}
    if body is not None:
        try:
            properties["body"] = json.loads(body)
        except ValueError:
            properties["body"] = body
    return Actual(name, name, str(entry.get("DashboardArn") or ""), properties, (tags or {}).get(MARK))


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "tags":
        return (before or {}) == (after or {})
    return same(before, after)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, but not true."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


# -- what CloudWatch says of a body


def findings(text: str) -> list[tuple[str, str]]:
    """Path and message of what CloudWatch finds in a body, from the message of its error."""
    return [(path, message.replace('\\"', '"')) for path, message in _FINDING.findall(text)]


def sentence(found: Iterable[tuple[str, str]], body: Any) -> str:
    """What CloudWatch found, in words: the widget, what is wrong with it and where; and how much more there is."""
    found = list(found)
    if not found:
        return ""
    widgets = body.get("widgets", []) if isinstance(body, Mapping) else []
    path, message = found[0]
    parts = [part for part in re.split(r"[/.\[\]]+", path) if part]
    where, inside = "body", parts
    if len(parts) > 1 and parts[0] == "widgets" and parts[1].isdigit():
        where, inside = widget_name(widgets, int(parts[1])), parts[2:]
    place = f" in {'.'.join(inside)}" if inside else ""
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{where}: {message.rstrip('. ')}{place}{more}"
