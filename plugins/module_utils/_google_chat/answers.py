# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of Google Chat means: done, try again after a while, or give up with a sentence."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_DELAY = 1.0
MAX_DELAY = 30.0

_MAX_REASON = 300


@dataclass(frozen=True)
class Answer:
    """What came back for a message.

    :param status: the HTTP status; 0 where there was no answer.
    :param reason: Google's own words, or what went wrong on the way.
    :param retry_after: the seconds that the answer asks to wait, or None.
    :param final: whether trying again is known to be of no use.
    """

    status: int
    reason: str = ""
    retry_after: float | None = None
    final: bool = False

    @property
    def ok(self) -> bool:
        """Whether the message stands in the space."""
        return 200 <= self.status < 300

    @property
    def passing(self) -> bool:
        """Whether the same message may be taken later."""
        return not self.final and (self.status in (0, 408, 429) or self.status >= 500)


def read_answer(status: int, body: str, retry_after: str | None, now: datetime) -> Answer:
    """The answer of ``status`` and ``body``, where ``retry_after`` is that header, in seconds or as a date."""
    return Answer(status, _reason(body), _seconds(retry_after, now))


def delay(attempt: int, answer: Answer, jitter: float) -> float:
    """The seconds to wait before the next attempt.

    :param attempt: how many were made, from 1 on.
    :param jitter: a random number from 0 to 1; it spreads those who were refused together.
    """
    backoff = min(MAX_DELAY, FIRST_DELAY * 2 ** (attempt - 1)) * (0.5 + jitter / 2)
    if answer.retry_after is None:
        return backoff
    return answer.retry_after + backoff / 4


def failure(answer: Answer, attempts: int) -> str:
    """One sentence on why the message is not in the space, for ``answer`` as the last of ``attempts``."""
    said = f": {answer.reason}" if answer.reason else ""
    if answer.status == 0:
        text = f"Google Chat cannot be reached{said}"
    elif answer.status in (401, 403) or (answer.status == 400 and "API key" in answer.reason):
        text = f"Google Chat refused the webhook ({answer.status}{said}); make a new one in the space's settings"
    elif answer.status == 404:
        text = f"Google Chat does not know the space or the webhook (404{said}); make a new one in the space's settings"
    elif answer.status == 429:
        text = f"Google Chat takes no more messages for this space at the moment (429{said})"
    elif answer.passing:
        text = f"Google Chat could not take the message ({answer.status}{said})"
    else:
        text = f"Google Chat refused the message ({answer.status}{said})"
    if answer.passing and answer.retry_after:
        text += f"; it asks to wait {answer.retry_after:.0f} s"
    return f"{text}; gave up after {attempts} attempts." if attempts > 1 else f"{text}."


def _reason(body: str) -> str:
    """Google's message out of an error body, on one line; nothing out of a page of HTML."""
    try:
        data: t.Any = json.loads(body)
    except ValueError:
        return ""
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return ""
    words = " ".join(str(error.get("message") or error.get("status") or "").split()).rstrip(".")
    return words if len(words) <= _MAX_REASON else words[: _MAX_REASON - 1] + "…"


def _seconds(value: str | None, now: datetime) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - now).total_seconds()
    # A NaN is not greater than anything, so it ends up as no wait as well.
    return seconds if seconds > 0 else 0.0
