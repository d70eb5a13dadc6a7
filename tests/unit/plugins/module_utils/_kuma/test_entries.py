# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in texts, and the checks that the entries of small kinds share."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.entries import (
    Mark,
    add,
    ignored,
    known,
    listed,
    values,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.status_pages import FIELDS

CSS = Mark("/*", "*/")
HTML = Mark("<!--", "-->")
OWNERS = st.text("abcdefghij-_ *.0123456789", min_size=1, max_size=20).filter(lambda text: text.strip() == text)


@given(st.text(), OWNERS, st.sampled_from([CSS, HTML]))
@settings(max_examples=100)
def test_a_text_is_what_it_was_without_its_mark(text: str, owner: str, mark: Mark) -> None:
    mark.check(owner)
    bare = mark.split(text)[0]
    marked = mark.join(text, owner)
    assert mark.split(marked) == (bare, owner)
    assert mark.join(marked, owner) == marked
    assert mark.join(marked, None) == bare


def test_a_mark_stands_at_the_end_and_is_found_anywhere() -> None:
    assert CSS.join("a {}\n\n", "me") == "a {}\n/* managed-by: me */"
    assert CSS.join("", "me") == CSS.join(None, "me") == "/* managed-by: me */"
    assert CSS.split("a {}\n/* managed-by: me */\nb {}") == ("a {}\nb {}", "me")
    assert CSS.split("a {}") == ("a {}", None)
    assert CSS.join("/* managed-by: you */\na {}", "me") == "\na {}\n/* managed-by: me */"
    assert HTML.split("Text\n<!-- managed-by: me -->") == ("Text", "me")


@pytest.mark.parametrize("owner", ["", "  ", "a */ b", "two\nlines"])
def test_an_owner_that_would_end_the_comment_is_refused(owner: str) -> None:
    with pytest.raises(InputError) as caught:
        CSS.check(owner)
    assert str(caught.value) == (
        f"managed_by '{owner}' cannot stand in a comment: take a word without '*/' and line breaks."
    )
    HTML.check("a */ b")
    HTML.check(None)


def test_ignore_takes_options_only() -> None:
    assert ignored({"ignore": ["a"]}, ("a", "b"), "thing 't'", "thing") == {"a"}
    assert ignored({"ignore": None}, ("a",), "thing 't'", "thing") == frozenset()
    with pytest.raises(InputError) as caught:
        ignored({"ignore": ["z", "c", "a"]}, ("a",), "thing 't'", "thing")
    assert str(caught.value) == "thing 't': ignore names 'c', which is no option of a thing: correct the name."


def test_known_names_both_versions() -> None:
    known("thing", (2, 0, 0), (2, 0, 0))
    with pytest.raises(KumawatchError) as caught:
        known("thing", (2, 1, 0), (1, 23, 17))
    assert str(caught.value) == (
        "thing needs Uptime Kuma 2.1.0; the server has 1.23.17: upgrade it, or leave this out."
    )


def test_values_are_checked_and_normalised() -> None:
    entry = {"domain_names": ["b", "a"], "title": "T", "theme": None}
    assert values(entry, FIELDS, (2, 5, 3), "page 'p'") == {"domain_names": ["a", "b"], "title": "T"}
    with pytest.raises(InputError) as caught:
        values({"auto_refresh_interval": -1}, FIELDS, (2, 5, 3), "page 'p'")
    assert str(caught.value) == "page 'p': auto_refresh_interval -1 is less than 0: raise it."


def test_listed() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
    assert (add(["a"]), add(["a", "b"])) == ("a: add it.", "a and b: add them.")
