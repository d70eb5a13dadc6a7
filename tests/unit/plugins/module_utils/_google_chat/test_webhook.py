# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads and the addresses of webhooks, which are secrets."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.threads import (
    MAX_THREAD_KEY,
    in_thread,
    thread_key,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.webhook import (
    check_webhook,
    posting_address,
    redact,
)

WEBHOOK = "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=AIzaSecretKey&token=to%3Dken_secret"


def test_a_thread_has_one_key() -> None:
    assert thread_key("summary", "production", "2026-11-22") == "summary-production-2026-11-22"
    assert in_thread({"text": "x"}, "k") == {"text": "x", "thread": {"threadKey": "k"}}


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1), st.text(min_size=1))
def test_long_keys_fit_and_stay_apart(one: str, other: str) -> None:
    first, second = thread_key("x" * 5_000, one), thread_key("x" * 5_000, other)
    assert len(first) <= MAX_THREAD_KEY
    assert (first == second) == (thread_key(one) == thread_key(other))


def test_the_thread_takes_effect_by_a_query_parameter() -> None:
    address = posting_address(WEBHOOK, threaded=True, request_id="r-1")
    assert address == WEBHOOK + "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId=r-1"


def test_without_a_thread_no_reply_is_asked_for() -> None:
    assert posting_address(WEBHOOK, threaded=False) == WEBHOOK


def test_parameters_that_are_there_already_are_replaced() -> None:
    address = posting_address(WEBHOOK + "&messageReplyOption=REPLY_MESSAGE_OR_FAIL#x", threaded=True)
    assert parse_qs(urlsplit(address).query) == {
        "key": ["AIzaSecretKey"],
        "token": ["to=ken_secret"],
        "messageReplyOption": ["REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"],
    }


@pytest.mark.parametrize("url", [WEBHOOK, "http://127.0.0.1:8080/v1/spaces/x/messages?key=a&token=b"])
def test_a_webhook_is_known_by_its_form(url: str) -> None:
    check_webhook(url)


FORM = "https://chat.googleapis.com/v1/spaces/SPACE/messages?key=KEY&token=TOKEN"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "chat",
        "ftp://h/v1/spaces/x/messages?key=sec&token=ret",
        "https://hooks.slack.com/services/sec/ret",
        "http://[x/",
        "http://h:99999/v1/spaces/x/messages?key=sec&token=ret",
    ],
)
def test_what_is_no_webhook_is_refused_without_saying_it(url: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        check_webhook(url)
    assert str(caught.value) == f"The webhook's address is not of the form {FORM}; copy it from the space."


@pytest.mark.parametrize("query", ["", "?key=sec", "?token=ret", "?key=&token=ret"])
def test_key_and_token_must_be_there(query: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        check_webhook("https://chat.googleapis.com/v1/spaces/x/messages" + query)
    assert str(caught.value) == f"The webhook's address lacks its key or its token; it has the form {FORM}."


def test_a_text_is_freed_of_the_secrets_in_every_form() -> None:
    text = f"POST {WEBHOOK}&messageReplyOption=X failed, key AIzaSecretKey, token to=ken_secret (to%3Dken_secret)"
    assert redact(text, WEBHOOK) == "POST ***&messageReplyOption=X failed, key ***, token *** (***)"


def test_keys_of_other_addresses_are_hidden_as_well() -> None:
    assert redact("see https://h/x?KEY=abc&token=d)ef", WEBHOOK) == "see https://h/x?KEY=***&token=***)ef"


SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789_-=%/+", min_size=8, max_size=60)


@settings(deadline=None, max_examples=60)
@given(SECRET, SECRET)
def test_no_secret_survives(key: str, token: str) -> None:
    url = f"https://chat.googleapis.com/v1/spaces/A/messages?key={quote(key)}&token={quote(token)}"
    made = redact(f"{url} {key} {token} {quote(key)} {quote(token)}", url)
    assert not any(secret in made for secret in (key, token, quote(key), quote(token)))
