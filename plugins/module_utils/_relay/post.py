# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posting with nothing but the standard library: paced, patient inside a deadline, silent about the webhook."""

from __future__ import annotations

import http.client
import json
import random
import socket
import ssl
import time
import typing as t
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from .._errors import KumawatchError
from .._google_chat.answers import Answer, delay, failure, read_answer
from .._google_chat.limits import encode
from .._google_chat.webhook import hide, posting_address, redact
from .events import digest
from .pace import held_back, turn
from .secrets import Vault
from .store import PACE, Store, StoreError, item

PATIENCE = 25.0
"""The most seconds that one message is tried for; then it goes back to the queue, and so does what stands behind it."""

TIMEOUT = 10.0
"""Seconds to wait for one answer."""

MAX_BODY = 65_536


@dataclass(frozen=True)
class Outcome:
    """What became of a message.

    :param certain: where it was not posted: that it is not in the space. After a lost answer nobody knows.
    :param reason: one sentence, without a secret.
    :param retry_after: the seconds after which it may be tried again, where the space has said so.
    """

    posted: bool
    certain: bool = True
    reason: str = ""
    retry_after: float | None = None


class Poster:
    """Posts into the spaces of the channels.

    One space is written to at most once in ``interval`` seconds, also from one container to the next: the table holds
    when the next message may leave.

    :param clock: seconds since the epoch.
    """

    def __init__(
        self,
        vault: Vault,
        store: Store,
        *,
        interval: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._vault = vault
        self._store = store
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._next: dict[str, float] = {}
        self._closed: dict[str, Outcome] = {}

    def __repr__(self) -> str:
        return "Poster(***)"

    def begin(self) -> None:
        """A new batch: what refused everything before is asked again."""
        self._closed = {}

    def space(self, channel: str) -> str:
        """The space of ``channel``, by a name that is no secret; that of the channel where it has no webhook."""
        try:
            return digest("space", urlsplit(self._vault.get().webhook(channel)).path)
        except KumawatchError:
            return f"channel {channel}"

    def post(self, channel: str, message: t.Mapping[str, t.Any], request_id: str, deadline: float) -> Outcome:
        """Post ``message``; under the same ``request_id`` it never becomes a second one.

        :param deadline: when the answer must be here, in seconds since the epoch.
        """
        space = self.space(channel)
        if space in self._closed:
            return self._closed[space]
        try:
            url = self._vault.get().webhook(channel)
        except KumawatchError as error:
            # Perhaps the webhook has been written into the secret in the meantime.
            if not self._vault.again():
                return self._close(space, Outcome(False, True, str(error)))
            try:
                url = self._vault.get().webhook(channel)
            except KumawatchError as still:
                return self._close(space, Outcome(False, True, str(still)))
            space = self.space(channel)
        outcome, answer = self._patiently(space, url, message, request_id, deadline)
        if answer.status in (401, 403, 404) or (answer.status == 400 and "API key" in answer.reason):
            # The webhook may have been made anew since this container started.
            if self._vault.again():
                try:
                    url = self._vault.get().webhook(channel)
                except KumawatchError as error:
                    return self._close(space, Outcome(False, True, str(error)))
                outcome, answer = self._patiently(self.space(channel), url, message, request_id, deadline)
        elif answer.status == 400 or answer.status == 413:
            # What Google does not take as a card it takes as text: an alert without a card is better than none.
            text = plain_text(message)
            outcome, answer = self._patiently(space, url, text, f"{request_id}-text", deadline)
            return outcome
        return outcome if outcome.posted else self._close(space, outcome)

    def _close(self, space: str, outcome: Outcome) -> Outcome:
        """Ask ``space`` no more in this batch."""
        # The others were not sent at all, so of them it is certain.
        self._closed[space] = Outcome(False, True, outcome.reason, outcome.retry_after)
        return outcome

    def _patiently(
        self, space: str, url: str, message: t.Mapping[str, t.Any], request_id: str, deadline: float
    ) -> tuple[Outcome, Answer]:
        body = encode(scrub(message, self._vault.get().hidden))
        address = posting_address(url, threaded="thread" in message, request_id=request_id)
        end = min(deadline, self._clock() + PATIENCE)
        certain = True
        attempt = 0
        while True:
            attempt += 1
            at = self._turn(space)
            if at >= deadline:
                return Outcome(False, certain, "There was no time left to post.", at - self._clock()), Answer(0)
            self._sleep(max(0.0, at - self._clock()))
            answer, unknown = _try(address, body, max(0.5, min(TIMEOUT, deadline - self._clock())))
            if answer.ok:
                return Outcome(True), answer
            certain = certain and not unknown
            pause = delay(attempt, answer, random.random())
            if answer.status == 429 or answer.retry_after:
                self._hold_back(space, answer.retry_after or pause)
            if not answer.passing or self._clock() + pause >= end:
                reason = redact(failure(answer, attempt), url)
                return Outcome(False, certain, reason, answer.retry_after), answer
            self._sleep(pause)

    def _turn(self, space: str) -> float:
        """When the next message may leave; the one after it is told to wait."""
        now = self._clock()
        if space not in self._next:
            self._next[space] = self._known(space)
        at, self._next[space] = turn(self._next[space], now, self._interval)
        self._note(space)
        return at

    def _hold_back(self, space: str, wait: float) -> None:
        self._next[space] = held_back(self._next.get(space, 0.0), self._clock(), wait)
        self._note(space)

    def _known(self, space: str) -> float:
        try:
            found = self._store.read([(PACE, space)])
        except StoreError:
            return self._clock() + self._interval
        return float(found.get((PACE, space), {}).get("next_at", 0.0))

    def _note(self, space: str) -> None:
        try:
            self._store.write([item(PACE, space, {"next_at": round(self._next[space], 3)}, self._clock())])
        except StoreError:
            pass  # this container keeps the pace all the same


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the secret elsewhere."""

    def redirect_request(self, *_arguments: t.Any, **_named: t.Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _try(address: str, body: bytes, timeout: float) -> tuple[Answer, bool]:
    """One attempt: the answer, and whether the message may be in the space although it is none that says so."""
    request = urllib.request.Request(address, body, {"Content-Type": "application/json; charset=UTF-8"}, method="POST")
    host = urlsplit(address).hostname
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            response.read(MAX_BODY)
            return Answer(response.status), False
    except urllib.error.HTTPError as error:
        with error:
            if 300 <= error.code < 400:
                return Answer(error.code, "redirected, which a webhook never is"), False
            text = _body(error)
            answer = read_answer(error.code, text, error.headers.get("Retry-After"), datetime.now(UTC))
            return answer, error.code >= 500 or error.code == 408
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Its text may hold the address, and with it the secret: its kind and the host say enough.
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Answer(0, f"the certificate of {host} is not trusted", final=True), False
        if isinstance(cause, TimeoutError):
            return Answer(0, f"{host}: no answer within {timeout:.0f} s"), True
        refused = isinstance(cause, (ConnectionRefusedError, socket.gaierror))
        said = cause.strerror if isinstance(cause, OSError) and cause.strerror else type(cause).__name__
        return Answer(0, f"{host}: {said}"), not refused


def _body(error: urllib.error.HTTPError) -> str:
    try:
        return error.read(MAX_BODY).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""


def scrub(value: t.Any, urls: t.Sequence[str]) -> t.Any:
    """``value`` with no webhook in any of its texts: somebody may have pasted one into a description."""
    if isinstance(value, str):
        for url in urls:
            value = _without(str(value), url)
        return value
    if isinstance(value, Mapping):
        return {name: scrub(entry, urls) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub(entry, urls) for entry in value]
    return value


def _without(text: str, url: str) -> str:
    """``text`` without the webhook; where its address stands, without whatever is called a key or a token as well."""
    path = urlsplit(url).path
    return redact(text, url) if path in text or "chat.googleapis.com" in text else hide(text, url)


def plain_text(message: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """``message`` as text alone, for where its card is not taken."""
    made: dict[str, t.Any] = {"text": str(message.get("fallbackText") or json.dumps(message)[:4_000])}
    if "thread" in message:
        made["thread"] = message["thread"]
    return made


def request_id(channel: str, alerts: t.Sequence[str]) -> str:
    """The request id of the message that tells ``channel`` of ``alerts``, given by their keys."""
    return f"kumawatch-{digest('request', channel, *sorted(alerts))}"
