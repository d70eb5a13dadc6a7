# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lines have in common, and what of them nobody may see."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import log_formats
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.masking import mask
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.patterns import normalise, route, see


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("login of ada.lovelace+x@example.co.uk failed", "login of <email> failed"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
        ("authorization=Basic dXNlcjpwYXNz", "authorization=Basic ***"),
        ('{"user":"ada","password":"hunter2","n":1}', '{"user":"ada","password":***,"n":1}'),
        (r'{"log":"{\"password\":\"hunter 2\",\"n\":1}"}', r'{"log":"{\"password\":***,\"n\":1}"}'),
        ("db_password='p w' and more", "db_password=*** and more"),
        ("GET /x?token=abc&page=2", "GET /x?token=***&page=2"),
        ("postgres://app:s3cret@db.example.com:5432/x", "postgres://***@db.example.com:5432/x"),
        ("X-Api-Key: 12345678-90ab", "X-Api-Key: ***"),
        ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM", "jwt ***"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key *** used"),
        ("card 4111 1111 1111 1111 declined", "card *** declined"),
        # A number that is none of a card's, and words that only look alike, stay.
        ("order 4111111111111112 failed", "order 4111111111111112 failed"),
        ("monkey: 7 bananas, tokenizer: fast", "monkey: 7 bananas, tokenizer: fast"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc", "***"),
        ("client_secret: xyz", "client_secret: ***"),
    ],
)
def test_secrets_are_hidden(line: str, shown: str) -> None:
    assert mask(line) == shown
    assert mask(shown) == shown


@given(
    st.text(alphabet="abcdefghijkmnpqrstuvwxyz23456789", min_size=8, max_size=40),
    st.sampled_from(
        [
            "password={}",
            '"token": "{}"',
            "Bearer {}",
            "api_key: {}",
            "https://u:{}@h/",
            r"{{\"secret\":\"{}\"}}",
            "session_id={};",
        ]
    ),
)
def test_whatever_the_secret_is(secret: str, form: str) -> None:
    said = f"before {form.format('q' + secret)} after"
    assert secret not in see(said).sample
    assert secret not in see(json.dumps({"level": "ERROR", "message": said})).sample
    assert "after" in mask(said)


ORDER_FAILED = (
    '{"level":"ERROR","message":"order 17 failed","trace":"a1"}',
    '{"trace":"b2","message":"order 9 failed","level":"ERROR"}',
    "order <n> failed",
)
SAME = [
    (
        "2026-11-27 07:18:06,123 ERROR order 17 failed",
        "2026-01-02 03:04:05,9 ERROR order 9 failed",
        "ERROR order <n> failed",
    ),
    (
        "ERROR user 3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "ERROR user 00000000-5717-4562-b3fc-2c963f66afa6",
        "ERROR user <id>",
    ),
    ("cannot reach 10.0.1.7:5432", "cannot reach 192.168.0.1:80", "cannot reach <ip>"),
    ("cannot reach 2001:db8::1", "cannot reach fe80::1:2:3", "cannot reach <ip>"),
    ("at 0x7fff5f", "at 0xdead", "at <hex>"),
    ("commit 8b9a79f1 broken", "commit 0123abcd broken", "commit <hex> broken"),
    ("instance i-0abc1234def567890 gone", "instance i-0abc1234def567891 gone", "instance <id> gone"),
    (
        "[27/Nov/2026:07:18:06 +0000] upstream timed out",
        "[01/Jan/2026:00:00:00 +0100] upstream timed out",
        "upstream timed out",
    ),
    ("ids 1, 2, 3 missing", "ids 4, 5 missing", "ids <n> missing"),
    ("took 1.5s", "took 20s", "took <n>s"),
    ORDER_FAILED,
    (
        r'{"log":"{\"level\":\"ERROR\",\"msg\":\"order 1 failed\"}\n","stream":"stderr"}',
        r'{"log":"{\"level\":\"ERROR\",\"msg\":\"order 2 failed\"}\n","stream":"stdout"}',
        "order <n> failed",
    ),
    ("\x1b[31mERROR\x1b[0m order 1", "ERROR order 2", "ERROR order <n>"),
]


@pytest.mark.parametrize(("one", "other", "pattern"), SAME)
def test_alike(one: str, other: str, pattern: str) -> None:
    assert see(one).pattern == see(other).pattern == pattern
    assert see(one).key == see(other).key


def test_different() -> None:
    told = [
        "ERROR order 1 failed",
        "ERROR basket 1 failed",
        "ValueError: no basket",
        "ERROR order 1 was refused",
        "deadbeef",
        "a bad face",
    ]
    assert len({see(line).key for line in told}) == len(told)
    # A word without a figure is no digest, nor is a short one.
    assert see("a defaced facade of 5a").pattern == "a defaced facade of <n>a"


def test_tracebacks_say_what_was_raised() -> None:
    texts = {
        line.partition("\n")[0]: line for line in (s.line for s in log_formats.FORMATS["text"].samples) if "\n" in line
    }
    seen = {see(line).sample for line in texts.values()}
    assert any(sample.endswith("ERROR orders.views: cannot save ValueError: no basket") for sample in seen)
    assert any("ERROR [main] c.e.Orders - cannot save" in sample and "Orders.java" not in sample for sample in seen)
    nested = {
        "level": "ERROR",
        "message": "request failed",
        "exc_info": "Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'id'",
    }
    assert see(json.dumps(nested)).pattern == "request failed: KeyError: 'id'"
    error = {"level": 50, "msg": "unhandled", "err": {"type": "TypeError", "message": "x is undefined", "stack": "…"}}
    assert see(json.dumps(error)).pattern == "unhandled: TypeError: x is undefined"


@given(st.text(max_size=400))
def test_any_text_has_a_pattern_that_stays(text: str) -> None:
    seen = see(text)
    assert normalise(seen.pattern) == seen.pattern
    assert "\n" not in seen.sample
    assert len(seen.key) == 16


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["message", "msg", "log", "error", "exception", "stack", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_any_json_can_be_told(value: object) -> None:
    see(json.dumps(value))


@given(
    st.lists(st.integers(min_value=0, max_value=10**12), min_size=3, max_size=3),
    st.lists(st.integers(min_value=0, max_value=10**12), min_size=3, max_size=3),
)
def test_figures_make_no_difference(one: list[int], other: list[int]) -> None:
    form = "job {} of queue-{} failed after {} ms"
    assert see(form.format(*one)).key == see(form.format(*other)).key


def test_a_long_line_costs_no_more_than_its_ends() -> None:
    assert len(see("x" * 1_000_000).sample) <= 600
    assert len(see("1 " * 500_000).pattern) <= 300


@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("GET", "https://api.example.com:443/orders/17?x=1", "GET /orders/{}"),
        ("GET", "/orders/3fa85f64-5717-4562-b3fc-2c963f66afa6/items", "GET /orders/{}/items"),
        ("GET", "/v2/orders", "GET /v2/orders"),
        ("POST", "/users/ada@example.com", "POST /users/{}"),
        ("GET", "https://api.example.com", "GET /"),
        ("GET", "/reset/a8f7e6d5c4b3a2", "GET /reset/{}"),
        ("GET", "/blog/top-10-tips", "GET /blog/top-10-tips"),
        ("GET", "/a#b", "GET /a"),
        ("", "/a;jsessionid=1", "/a"),
    ],
)
def test_routes(method: str, url: str, name: str) -> None:
    assert route(method, url) == name
