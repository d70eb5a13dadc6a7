# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of Google Chat means."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.answers import (
    Answer,
    delay,
    failure,
    read_answer,
)

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def error(code: int, status: str, text: str) -> str:
    return json.dumps({"error": {"code": code, "message": text, "status": status}})


@pytest.mark.parametrize(
    ("status", "passing"),
    [(0, True), (400, False), (401, False), (404, False), (408, True), (429, True), (500, True), (503, True)],
)
def test_some_failures_pass(status: int, passing: bool) -> None:
    assert Answer(status).passing is passing
    assert not Answer(status).ok


def test_what_cannot_pass_is_final() -> None:
    assert not Answer(0, final=True).passing
    assert Answer(200).ok


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("nan", 0.0),
        ("Sun, 22 Nov 2026 07:01:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 07:00:00 GMT", 0.0),
        ("soon", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert read_answer(429, "", value, NOW).retry_after == seconds


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 50), st.floats(0, 1))
def test_a_wait_grows_and_is_bounded(attempt: int, jitter: float) -> None:
    assert 0.5 <= delay(attempt, Answer(503), jitter) <= 30


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 50), st.floats(0, 1), st.floats(0, 600))
def test_what_the_answer_asks_for_is_honoured(attempt: int, jitter: float, asked: float) -> None:
    assert delay(attempt, Answer(429, retry_after=asked), jitter) >= asked


@pytest.mark.parametrize(
    ("answer", "attempts", "text"),
    [
        (
            read_answer(400, error(400, "INVALID_ARGUMENT", "Message cannot be\n empty."), None, NOW),
            1,
            "Google Chat refused the message (400: Message cannot be empty).",
        ),
        (
            read_answer(403, error(403, "PERMISSION_DENIED", ""), None, NOW),
            1,
            "Google Chat refused the webhook (403: PERMISSION_DENIED); make a new one in the space's settings.",
        ),
        (
            read_answer(400, error(400, "INVALID_ARGUMENT", "API key not valid."), None, NOW),
            1,
            "Google Chat refused the webhook (400: API key not valid); make a new one in the space's settings.",
        ),
        (
            read_answer(404, "<html>not found</html>", None, NOW),
            1,
            "Google Chat does not know the space or the webhook (404); make a new one in the space's settings.",
        ),
        (
            read_answer(429, error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."), "90", NOW),
            3,
            (
                "Google Chat takes no more messages for this space at the moment (429: Resource has been exhausted); "
                "it asks to wait 90 s; gave up after 3 attempts."
            ),
        ),
        (read_answer(503, "", None, NOW), 2, "Google Chat could not take the message (503); gave up after 2 attempts."),
        (Answer(0, "h: Connection refused"), 1, "Google Chat cannot be reached: h: Connection refused."),
    ],
)
def test_a_failure_is_one_sentence(answer: Answer, attempts: int, text: str) -> None:
    assert failure(answer, attempts) == text


def test_a_long_reason_is_cut() -> None:
    assert len(read_answer(400, error(400, "X", "y" * 5_000), None, NOW).reason) == 300


@settings(deadline=None, max_examples=60)
@given(st.text() | st.sampled_from(['{"error": 3}', '{"error": {}}', "[]", "null", '{"error": {"message": null}}']))
def test_any_body_can_be_read(body: str) -> None:
    assert isinstance(read_answer(500, body, None, NOW).reason, str)
