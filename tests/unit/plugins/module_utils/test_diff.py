# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffs: one per changed object, only what changes, and no secret in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._diff import diffs, redact
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import Actual, Desired, Plan, plan


def decided(desired: list[Desired], actual: list[Actual], **arguments: Any) -> Plan:
    return plan(desired, actual, noun="monitor", owner="me", **arguments)


def entry(name: str, position: int = 0, state: str = "present", **options: Any) -> Desired:
    return Desired((name,), name, position, options, state)


def thing(name: str, owner: str | None = "me", **options: Any) -> Actual:
    return Actual((name,), name, 1, options, owner)


def test_a_creation_shows_what_is_declared() -> None:
    assert diffs(decided([entry("api", interval=60, url=None)], []), noun="monitor") == [
        {
            "before_header": "",
            "after_header": "monitor api",
            "before": {},
            "after": {"interval": 60, "url": None},
        }
    ]


def test_an_update_shows_only_what_changes() -> None:
    wanted, found = entry("api", interval=60, url="u", retries=1), thing("api", interval=30, url="u", retries=1, port=5)
    assert diffs(decided([wanted], [found]), noun="monitor") == [
        {
            "before_header": "monitor api",
            "after_header": "monitor api",
            "before": {"interval": 30},
            "after": {"interval": 60},
        }
    ]


def test_a_deletion_shows_what_was_there() -> None:
    found = thing("api", interval=60, url="u", description="", tags=[], headers={}, port=None, retries=0)
    assert diffs(decided([], [found], purge=True), noun="monitor") == [
        {
            "before_header": "monitor api",
            "after_header": "",
            "before": {"interval": 60, "url": "u", "retries": 0},
            "after": {},
        }
    ]


def test_an_adoption_is_said() -> None:
    (only,) = diffs(decided([entry("api", interval=60)], [thing("api", owner=None, interval=60)]), noun="monitor")
    assert (only["before"], only["after"]) == ({"managed_by": None}, {"managed_by": "(adopted)"})


def test_one_diff_for_each_changed_object_in_the_order_of_labels() -> None:
    wanted = [entry("d", 0), entry("b", 1, interval=1), entry("same", 2), entry("a", 3, "absent")]
    found = [thing("b", interval=2), thing("c"), thing("a"), thing("same"), thing("unmarked", owner=None)]
    shown = diffs(decided(wanted, found, purge=True), noun="monitor")
    assert [(item["before_header"], item["after_header"]) for item in shown] == [
        ("monitor a", ""),
        ("monitor b", "monitor b"),
        ("monitor c", ""),
        ("", "monitor d"),
    ]


def test_nothing_changed_shows_nothing() -> None:
    assert diffs(decided([entry("api", interval=60)], [thing("api", interval=60)]), noun="monitor") == []


def test_a_secret_is_masked_but_its_change_is_said() -> None:
    wanted = [entry("a", password="new one"), entry("b", 1, password="other"), entry("c", 2, password="same")]
    found = [thing("a", password="old one"), thing("c", password="same"), thing("d", password="gone")]
    shown = diffs(decided(wanted, found, purge=True), noun="monitor", secrets={"password"})
    assert [(item["before"], item["after"]) for item in shown] == [
        ({"password": "(secret, before)"}, {"password": "(secret, after)"}),
        ({}, {"password": "(secret)"}),
        ({"password": "(secret)"}, {}),
    ]


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_an_empty_secret_is_no_secret(empty: Any) -> None:
    (shown,) = diffs(
        decided([entry("a", password=empty)], [thing("a", password="x")]), noun="monitor", secrets={"password"}
    )
    assert (shown["before"], shown["after"]) == ({"password": "(secret, before)"}, {"password": empty})


def test_a_value_is_shown_as_its_reader_knows_it() -> None:
    def show(name: str, value: Any) -> Any:
        return {1: "chat", 2: "mail"}.get(value, value) if name == "notification" else value

    (shown,) = diffs(
        decided([entry("a", notification=2, port=2)], [thing("a", notification=1, port=1)]), noun="monitor", show=show
    )
    assert (shown["before"], shown["after"]) == (
        {"notification": "chat", "port": 1},
        {"notification": "mail", "port": 2},
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@example.com/x", "https://***@example.com/x"),
        ("https://user@example.com", "https://***@example.com"),
        ("https://us%40er:p%3Aw@example.com", "https://***@example.com"),
        ("postgres://u:p@db:5432/x?sslmode=require", "postgres://***@db:5432/x?sslmode=require"),
        ("first https://a:b@x then mqtt://c:d@y", "first https://***@x then mqtt://***@y"),
        ("https://example.com/path@home", "https://example.com/path@home"),
        ("https://example.com/?mail=a@b.example", "https://example.com/?mail=a@b.example"),
        # Rather too much than too little: this might be a password with a question mark.
        ("https://example.com?mail=a@b.example", "https://***@b.example"),
        ("someone@example.com", "someone@example.com"),
        # A password that nobody encoded still must not be seen.
        ("https://user:p@ss@example.com/x", "https://***@example.com/x"),
    ],
)
def test_user_and_password_of_a_url_are_hidden(url: str, shown: str) -> None:
    assert redact(url) == shown


word = st.text("abcdefghijklmnopqrstuvwxyz0123456789.:!$&'()*+,;=~_-", min_size=1, max_size=12)


def wrap(value: Any) -> st.SearchStrategy[Any]:
    """The value, somewhere inside lists and mappings."""
    return st.recursive(
        st.just(value),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3)
            | st.tuples(inner)
        ),
        max_leaves=6,
    )


@settings(max_examples=25, deadline=None)
@given(st.data(), word)
def test_credentials_of_a_url_are_hidden_at_any_depth(data: st.DataObject, noise: str) -> None:
    value = data.draw(wrap(f"wss://{noise}sesame{noise}:opensesame@host.example/p"))
    shown = json.dumps(redact(value))
    assert "sesame" not in shown
    assert "wss://***@host.example/p" in shown


@settings(max_examples=25, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | word,
        lambda x: st.lists(x, max_size=3) | st.dictionaries(word, x, max_size=3),
        max_leaves=6,
    )
)
def test_what_is_no_url_stays_as_it_is(value: Any) -> None:
    assert redact(value) == value


def test_diffs_redact_urls_in_every_kind_of_change() -> None:
    secret = "https://joe:sesame@example.com"
    wanted = [entry("a", url=secret), entry("b", 1, url=secret + "/new")]
    found = [thing("b", url=secret), thing("c", conditions=[{"value": secret}])]
    shown = diffs(decided(wanted, found, purge=True), noun="monitor")
    assert "sesame" not in json.dumps(shown)
    assert json.dumps(shown).count("***@example.com") == 4
