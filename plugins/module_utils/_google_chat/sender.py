# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Post messages to a Google Chat webhook: paced, patient inside a deadline, and silent about the webhook's secrets."""

from __future__ import annotations

import asyncio
import json
import random
import typing as t
import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit

from .._errors import KumawatchError
from .answers import Answer, delay, failure, read_answer
from .cards import Message
from .limits import check, encode
from .webhook import check_webhook, posting_address, redact

try:
    import aiohttp

    HAS_AIOHTTP = True
except ImportError:
    HAS_AIOHTTP = False

INTERVAL = 1.1
"""Seconds between two messages: a space takes 60 a minute, and others write there as well."""


class ChatSender:
    """Posts to one webhook; an asynchronous context manager.

    Messages leave one after the other, at least ``interval`` seconds apart. 429, 5xx and broken connections are tried
    again until ``deadline`` seconds have passed since :meth:`post` was called. Each message bears a request id, so a
    second attempt after a lost answer makes no second message.

    :raises KumawatchError: one sentence; never with the webhook's key or token in it.
    """

    def __init__(self, webhook_url: str, *, deadline: float = 120.0, interval: float = INTERVAL) -> None:
        if not HAS_AIOHTTP:
            raise KumawatchError("Posting to Google Chat needs the Python library aiohttp; install it with pip.")
        check_webhook(webhook_url)
        self._url = webhook_url
        self._deadline = deadline
        self._interval = interval
        self._next = 0.0
        self._turn = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"ChatSender({urlsplit(self._url).hostname})"

    async def __aenter__(self) -> t.Self:
        # trust_env: a proxy named by the environment is used, as by every other command.
        self._session = aiohttp.ClientSession(trust_env=True)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, message: Message) -> dict[str, t.Any]:
        """Post ``message``, into the thread that it names; the answer is Google's (``name``, ``thread``).

        :raises KumawatchError: the message is beyond the limits, was refused, or was not taken in time.
        """
        check(message)
        body = encode(message)
        address = posting_address(self._url, threaded="thread" in message, request_id=str(uuid.uuid4()))
        loop = asyncio.get_running_loop()
        end = loop.time() + self._deadline
        async with self._turn:
            attempt = 0
            while True:
                attempt += 1
                await asyncio.sleep(max(0.0, min(self._next, end) - loop.time()))
                answer, data = await self._try(address, body, max(0.1, end - loop.time()))
                self._next = loop.time() + self._interval
                if answer.ok:
                    return data
                pause = delay(attempt, answer, random.random())
                if not answer.passing or loop.time() + pause >= end:
                    raise KumawatchError(redact(failure(answer, attempt), self._url))
                await asyncio.sleep(pause)

    async def _try(self, address: str, body: bytes, timeout: float) -> tuple[Answer, dict[str, t.Any]]:
        if self._session is None:
            raise RuntimeError("use ChatSender as an asynchronous context manager")
        try:
            async with self._session.post(
                address,
                data=body,
                headers={"Content-Type": "application/json; charset=UTF-8"},
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,  # a redirect would carry the secret elsewhere
            ) as response:
                text = await response.text(errors="replace")
                if 300 <= response.status < 400:
                    return Answer(response.status, "redirected, which a webhook never is"), {}
                now = datetime.now(UTC)
                answer = read_answer(response.status, text, response.headers.get("Retry-After"), now)
                return answer, _object(text)
        except TimeoutError:
            return Answer(0, f"no answer within {timeout:.0f} s"), {}
        except aiohttp.ClientConnectorCertificateError:
            return Answer(0, f"the certificate of {urlsplit(address).hostname} is not trusted", final=True), {}
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Its text may hold the address, and with it the secret: its kind and the host say enough.
            reason = getattr(error, "os_error", None) or error
            said = reason.strerror if isinstance(reason, OSError) and reason.strerror else type(error).__name__
            return Answer(0, f"{urlsplit(address).hostname}: {said}"), {}


def _object(text: str) -> dict[str, t.Any]:
    """The JSON object in ``text``; an empty one where it holds something else, since the message was taken anyway."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
