# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Google Chat's limits: measure a message, fit rows into what is left of it."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from .._errors import KumawatchError
from .cards import Message, Widget

MAX_MESSAGE_BYTES = 32_000
"""The whole body of a message, as UTF-8."""

MAX_WIDGETS = 100
"""The widgets of one card; Google leaves out the section that has the next one, and every section after it."""

MESSAGES_PER_MINUTE = 60
"""What one space takes, from all its webhooks and apps together."""


def encode(message: t.Mapping[str, t.Any]) -> bytes:
    """The body to post. What is measured here is what must be sent: JSON in UTF-8, without needless spaces."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def size(value: t.Any) -> int:
    """The bytes that ``value`` takes up in a body."""
    return len(encode(value))


def count_widgets(message: Message) -> int:
    """The widgets of the fullest card of ``message``; what stands in a column is counted, and so are the columns."""
    return max((_count_in_card(entry["card"]) for entry in message.get("cardsV2", [])), default=0)


def check(message: Message) -> None:
    """Refuse what Google would refuse or cut.

    :raises KumawatchError: too many bytes or widgets.
    """
    length, widgets = size(message), count_widgets(message)
    if length > MAX_MESSAGE_BYTES:
        raise KumawatchError(f"The message has {length:,} bytes, but Google Chat takes at most {MAX_MESSAGE_BYTES:,}.")
    if widgets > MAX_WIDGETS:
        raise KumawatchError(f"The card has {widgets} widgets, but Google Chat shows at most {MAX_WIDGETS}.")


@dataclass(frozen=True)
class Room:
    """What may still be added to a message."""

    bytes: int
    widgets: int

    def without(self, *, bytes: int = 0, widgets: int = 0) -> Room:
        """The room with that much set aside."""
        return Room(self.bytes - bytes, self.widgets - widgets)


def room_in(message: Message) -> Room:
    """What ``message`` leaves free."""
    return Room(MAX_MESSAGE_BYTES - size(message), MAX_WIDGETS - count_widgets(message))


def fit_rows(
    rows: t.Sequence[Widget],
    room: Room,
    more: t.Callable[[int], Widget],
) -> tuple[list[Widget], int]:
    """As many ``rows`` as fit, from the first on, and the last widget saying what was left out.

    :param rows: the most important first.
    :param room: what they may take up, in a list of widgets that is already there.
    :param more: makes that last widget, given how many rows, from the first on, stand before it.
    :returns: the widgets, and how many of the rows are among them. Where not even the last widget fits: nothing, and 0.
    """
    costs = [cost(row) for row in rows]
    kept, left = 0, room
    for row in costs:
        rest = left.without(bytes=row.bytes, widgets=row.widgets)
        if rest.bytes < 0 or rest.widgets < 0:
            break
        kept, left = kept + 1, rest
    if kept == len(rows):
        return list(rows), kept
    while True:
        last = more(kept)
        needs = cost(last)
        if needs.bytes <= left.bytes and needs.widgets <= left.widgets:
            return [*rows[:kept], last], kept
        if kept == 0:
            return [], 0
        kept -= 1
        left = left.without(bytes=-costs[kept].bytes, widgets=-costs[kept].widgets)


def cost(widget: Widget) -> Room:
    """What ``widget`` takes up in a list of widgets, with the comma beside it."""
    return Room(size(widget) + 1, _count([widget]))


def _count_in_card(card: t.Mapping[str, t.Any]) -> int:
    return sum(_count(section.get("widgets", [])) for section in card.get("sections", []))


def _count(widgets: t.Sequence[Widget]) -> int:
    total = 0
    for widget in widgets:
        total += 1
        for column in widget.get("columns", {}).get("columnItems", []):
            total += _count(column.get("widgets", []))
    return total
