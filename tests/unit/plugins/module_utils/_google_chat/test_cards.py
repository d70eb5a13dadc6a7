# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Card building: escaping, shapes, and what must never come out."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat import cards

ANY_TEXT = st.text(st.characters(codec=None))


@settings(deadline=None, max_examples=60)
@given(ANY_TEXT)
def test_what_is_escaped_reads_as_it_was_and_holds_no_markup(value: str) -> None:
    made = cards.escape(value)
    assert "<" not in made and ">" not in made
    assert not re.search(r"&(?!(amp|lt|gt);)", made)
    assert made.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == cards.plain(value)


@settings(deadline=None, max_examples=60)
@given(ANY_TEXT)
def test_escaping_twice_is_escaping_once(value: str) -> None:
    assert cards.escape(cards.escape(value)) == cards.escape(value)


@settings(deadline=None, max_examples=60)
@given(ANY_TEXT)
def test_plain_text_is_one_line_of_valid_unicode(value: str) -> None:
    made = cards.plain(value)
    made.encode("utf-8")
    assert "\n" not in made and "\r" not in made and "\u202e" not in made and "\u2066" not in made
    assert cards.plain(made) == made


@settings(deadline=None, max_examples=60)
@given(ANY_TEXT, st.integers(0, 40))
def test_clipped_text_is_no_longer_than_asked(value: str, length: int) -> None:
    made = cards.clip(value, max(length, 1))
    assert len(made) <= max(length, 1)
    assert made == cards.plain(value) or made.endswith("…")


def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    assert cards.bold('<b>A&B</b> "x"') == '<b>&lt;b&gt;A&amp;B&lt;/b&gt; "x"</b>'


def test_text_is_composed_of_markup_and_plain_parts() -> None:
    made = cards.compose("🔴 ", cards.bold("a<b"), " since 07:00")
    assert made == "🔴 <b>a&lt;b</b> since 07:00"
    assert isinstance(made, cards.Markup)


def test_lines_stand_below_one_another() -> None:
    assert cards.lines(["a & b", cards.bold("c")]) == "a &amp; b<br><b>c</b>"


def test_colour_and_address_cannot_leave_their_attribute() -> None:
    assert cards.coloured("x", '"><b>') == '<font color="&quot;&gt;&lt;b&gt;">x</font>'
    assert cards.link("x", 'https://e/"><b>') == '<a href="https://e/&quot;&gt;&lt;b&gt;">x</a>'


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://e/", "https://e/a b", "https://e/\n", "", None, 3])
def test_only_web_addresses_become_links_and_buttons(url: object) -> None:
    assert not cards.is_web_address(url)
    if isinstance(url, str):
        assert cards.link("x", url) == "x"
        with pytest.raises(ValueError, match="http"):
            cards.button("x", url)


def test_a_card_has_the_shape_that_google_takes() -> None:
    card = cards.card(
        [
            cards.section(
                [
                    cards.decorated_text(
                        "a<b",
                        top_label="above",
                        bottom_label="below",
                        action=cards.button("Open", "https://e/"),
                        icon="bolt",
                    ),
                    cards.columns([cards.text_paragraph("l")], [cards.text_paragraph("r")]),
                    cards.button_list([cards.button("Open", "https://e/")]),
                    cards.divider(),
                ],
                "Head & shoulders",
                shown=1,
            )
        ],
        cards.header("Title <x>", "Sub"),
    )
    assert cards.message(card, card_id="c", fallback_text="fall\nback") == {
        "fallbackText": "fall back",
        "cardsV2": [
            {
                "cardId": "c",
                "card": {
                    "header": {"title": "Title <x>", "subtitle": "Sub"},
                    "sections": [
                        {
                            "header": "Head &amp; shoulders",
                            "collapsible": True,
                            "uncollapsibleWidgetsCount": 1,
                            "widgets": [
                                {
                                    "decoratedText": {
                                        "startIcon": {"materialIcon": {"name": "bolt"}},
                                        "topLabel": "above",
                                        "text": "a&lt;b",
                                        "wrapText": True,
                                        "bottomLabel": "below",
                                        "button": {"text": "Open", "onClick": {"openLink": {"url": "https://e/"}}},
                                    }
                                },
                                {
                                    "columns": {
                                        "columnItems": [
                                            {
                                                "horizontalSizeStyle": "FILL_AVAILABLE_SPACE",
                                                "horizontalAlignment": "START",
                                                "verticalAlignment": "CENTER",
                                                "widgets": [{"textParagraph": {"text": side}}],
                                            }
                                            for side in ("l", "r")
                                        ]
                                    }
                                },
                                {
                                    "buttonList": {
                                        "buttons": [{"text": "Open", "onClick": {"openLink": {"url": "https://e/"}}}]
                                    }
                                },
                                {"divider": {}},
                            ],
                        }
                    ],
                },
            }
        ],
    }
    json.dumps(card)


def test_a_section_that_shows_everything_is_not_folded() -> None:
    assert "collapsible" not in cards.section([cards.divider()], shown=1)


def test_a_section_needs_a_widget() -> None:
    with pytest.raises(ValueError, match="needs a widget"):
        cards.section([])
