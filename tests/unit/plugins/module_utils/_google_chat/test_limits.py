# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: measuring a message, and fitting rows into what is left."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat import cards, limits


def message_of(*widgets: cards.Widget) -> cards.Message:
    return cards.message(cards.card([cards.section(widgets)]), card_id="c", fallback_text="f")


def more(listed: int, total: int) -> cards.Widget:
    return cards.text_paragraph(f"and {total - listed} more")


def test_a_body_is_utf_8_without_escapes() -> None:
    assert limits.encode({"a": "ü🔴"}) == '{"a":"ü🔴"}'.encode()
    assert limits.size({"a": "ü🔴"}) == 14


def test_widgets_in_columns_count() -> None:
    made = message_of(
        cards.columns([cards.text_paragraph("a"), cards.text_paragraph("b")], [cards.text_paragraph("c")]),
        cards.button_list([cards.button("x", "https://e/"), cards.button("y", "https://e/")]),
    )
    assert limits.count_widgets(made) == 5


def test_a_message_at_the_limits_is_taken() -> None:
    made = message_of(*[cards.divider()] * 100)
    made["fallbackText"] = "x" * (32_000 - limits.size({**made, "fallbackText": ""}))
    assert limits.size(made) == 32_000
    limits.check(made)


def test_one_byte_too_many_is_refused() -> None:
    made = message_of(cards.divider())
    made["fallbackText"] = "x" * (32_001 - limits.size({**made, "fallbackText": ""}))
    with pytest.raises(KumawatchError) as caught:
        limits.check(made)
    assert str(caught.value) == "The message has 32,001 bytes, but Google Chat takes at most 32,000."


def test_one_widget_too_many_is_refused() -> None:
    with pytest.raises(KumawatchError) as caught:
        limits.check(message_of(*[cards.divider()] * 101))
    assert str(caught.value) == "The card has 101 widgets, but Google Chat shows at most 100."


def test_rows_that_all_fit_need_no_last_line() -> None:
    rows = [cards.text_paragraph(str(number)) for number in range(3)]
    assert limits.fit_rows(rows, limits.Room(1_000, 3), lambda listed: more(listed, 3)) == (rows, 3)


def test_what_does_not_fit_is_counted_in_the_last_row() -> None:
    rows = [cards.text_paragraph(str(number)) for number in range(10)]
    widgets, kept = limits.fit_rows(rows, limits.Room(10_000, 4), lambda listed: more(listed, 10))
    assert kept == 3
    assert widgets == [*rows[:3], cards.text_paragraph("and 7 more")]


def test_without_room_for_the_last_line_there_is_nothing() -> None:
    rows = [cards.text_paragraph("x")] * 2
    assert limits.fit_rows(rows, limits.Room(3, 100), lambda listed: more(listed, 2)) == ([], 0)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=400), max_size=150),
    st.integers(0, 40_000),
    st.integers(0, 110),
)
def test_rows_fit_exactly_as_far_as_the_room_goes(texts: list[str], room_bytes: int, room_widgets: int) -> None:
    rows = [cards.text_paragraph(text) for text in texts]
    room = limits.Room(room_bytes, room_widgets)
    widgets, kept = limits.fit_rows(rows, room, lambda listed: more(listed, len(rows)))

    def fits(chosen: list[cards.Widget]) -> bool:
        taken = sum(len(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()) + 1 for row in chosen)
        return taken <= room_bytes and len(chosen) <= room_widgets

    def with_last(count: int) -> list[cards.Widget]:
        return rows[:count] + ([] if count == len(rows) else [more(count, len(rows))])

    assert fits(widgets)
    assert widgets in ([], with_last(kept))
    # Nothing longer would have fitted.
    assert not any(fits(with_last(count)) for count in range(kept + 1, len(rows) + 1))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=300), min_size=1, max_size=120))
def test_a_message_filled_up_to_its_room_keeps_the_limits(texts: list[str]) -> None:
    rows = [cards.text_paragraph(text) for text in texts]
    frame = message_of(cards.divider())
    widgets, _kept = limits.fit_rows(rows, limits.room_in(frame), lambda listed: more(listed, len(rows)))
    limits.check(message_of(cards.divider(), *widgets))
