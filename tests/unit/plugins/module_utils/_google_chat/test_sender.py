# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posting: against an HTTP server on the loopback interface that answers as Google Chat does."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import time
import typing as t
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat import answers, cards
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.sender import ChatSender
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.threads import in_thread

QUERY = "?key=AIzaSecretKey&token=SecretToken"
MESSAGE = in_thread(
    cards.message(cards.card([cards.section([cards.text_paragraph("grün 🟢")])]), card_id="c", fallback_text="f"),
    "thread-1",
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pause is a second in earnest."""
    monkeypatch.setattr(answers, "FIRST_DELAY", 0.1)


Reply = tuple[int, dict[str, str], str]
TAKEN: Reply = (200, {}, json.dumps({"name": "spaces/A/messages/1", "thread": {"name": "spaces/A/threads/1"}}))


def refusal(status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
    return status, headers or {}, json.dumps({"error": {"code": status, "message": text, "status": "X"}})


class Space:
    """A server that gives ``replies`` in turn, the last one for ever, and keeps what it was sent."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[tuple[float, web.Request, bytes]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append((time.monotonic(), request, await request.read()))
        status, headers, text = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if status == 0:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status or 500, headers=headers, text=text, content_type="application/json")

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Space]:
        app = web.Application()
        app.router.add_post("/v1/spaces/A/messages", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/v1/spaces/A/messages{QUERY}"
        try:
            yield self
        finally:
            await runner.cleanup()


def post(space: Space, *messages: cards.Message, **options: t.Any) -> list[dict[str, t.Any]]:
    async def run() -> list[dict[str, t.Any]]:
        async with space.serving(), ChatSender(space.url, **{"interval": 0.0, "deadline": 20.0, **options}) as chat:
            return list(await asyncio.gather(*(chat.post(message) for message in messages)))

    return asyncio.run(run())


def test_a_message_is_posted_into_its_thread() -> None:
    space = Space(TAKEN)
    assert post(space, MESSAGE) == [{"name": "spaces/A/messages/1", "thread": {"name": "spaces/A/threads/1"}}]
    [(_when, request, body)] = space.requests
    assert body == json.dumps(MESSAGE, ensure_ascii=False, separators=(",", ":")).encode()
    assert request.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert request.query["key"] == "AIzaSecretKey"
    assert request.query["token"] == "SecretToken"
    assert request.query["messageReplyOption"] == "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"


def test_a_message_without_a_thread_asks_for_no_reply() -> None:
    space = Space(TAKEN)
    post(space, {key: value for key, value in MESSAGE.items() if key != "thread"})
    assert "messageReplyOption" not in space.requests[0][1].query


def test_messages_leave_one_after_the_other_and_not_too_fast() -> None:
    space = Space(TAKEN)
    post(space, MESSAGE, MESSAGE, MESSAGE, interval=0.3)
    times = [when for when, _request, _body in space.requests]
    assert len(times) == 3
    assert all(later - earlier >= 0.29 for earlier, later in itertools.pairwise(times))
    assert len({request.query["requestId"] for _when, request, _body in space.requests}) == 3


def test_a_full_space_is_waited_for_as_long_as_it_asks() -> None:
    space = Space(refusal(429, "Resource has been exhausted", {"Retry-After": "1"}), TAKEN)
    post(space, MESSAGE)
    times = [when for when, _request, _body in space.requests]
    assert times[1] - times[0] >= 1.0


@pytest.mark.parametrize("trouble", [refusal(503, "unavailable"), refusal(500, "internal"), (0, {}, "")])
def test_a_passing_failure_is_tried_again_as_the_same_request(trouble: Reply) -> None:
    space = Space(trouble, TAKEN)
    assert post(space, MESSAGE)[0]["name"] == "spaces/A/messages/1"
    assert len(space.requests) == 2
    # Google makes no second message of the same request id, should the first have arrived after all.
    assert len({request.query["requestId"] for _when, request, _body in space.requests}) == 1


def test_a_refusal_is_not_tried_again() -> None:
    space = Space(refusal(400, "Invalid JSON payload received"))
    with pytest.raises(KumawatchError) as caught:
        post(space, MESSAGE)
    assert str(caught.value) == "Google Chat refused the message (400: Invalid JSON payload received)."
    assert len(space.requests) == 1


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    space = Space(refusal(429, "Resource has been exhausted", {"Retry-After": "600"}))
    begun = time.monotonic()
    with pytest.raises(KumawatchError) as caught:
        post(space, MESSAGE, deadline=2.0)
    assert time.monotonic() - begun < 2
    assert str(caught.value) == (
        "Google Chat takes no more messages for this space at the moment (429: Resource has been exhausted); "
        "it asks to wait 600 s."
    )


def test_the_deadline_ends_the_attempts() -> None:
    space = Space(refusal(503, "unavailable"))
    begun = time.monotonic()
    with pytest.raises(KumawatchError, match=r"^Google Chat could not take the message \(503: unavailable\); gave up"):
        post(space, MESSAGE, deadline=0.5)
    assert time.monotonic() - begun < 2


def test_secrets_that_an_answer_repeats_are_hidden() -> None:
    space = Space(refusal(400, "bad token SecretToken of https://x/y?key=AIzaSecretKey&token=SecretToken"))
    with pytest.raises(KumawatchError) as caught:
        post(space, MESSAGE)
    assert str(caught.value) == "Google Chat refused the message (400: bad token *** of https://x/y?key=***&token=***)."


def test_a_server_that_is_not_there_is_said_without_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        async def run() -> None:
            url = f"http://127.0.0.1:{port}/v1/spaces/A/messages{QUERY}"
            async with ChatSender(url, deadline=0.3) as chat:
                await chat.post(MESSAGE)

        with pytest.raises(KumawatchError) as caught:
            asyncio.run(run())
    assert "Secret" not in str(caught.value)
    assert str(caught.value).startswith("Google Chat cannot be reached: 127.0.0.1: ")
    assert caught.value.__cause__ is None


def test_a_redirect_is_not_followed() -> None:
    space = Space((302, {"Location": "https://elsewhere.example.com/"}, ""))
    with pytest.raises(KumawatchError) as caught:
        post(space, MESSAGE)
    assert str(caught.value) == "Google Chat refused the message (302: redirected, which a webhook never is)."


def test_a_message_beyond_the_limits_is_not_sent() -> None:
    space = Space(TAKEN)
    with pytest.raises(KumawatchError, match="Google Chat takes at most 32,000"):
        post(space, {**MESSAGE, "fallbackText": "x" * 32_000})
    assert space.requests == []


def test_the_sender_shows_no_secret() -> None:
    async def run() -> str:
        return repr(ChatSender("https://chat.googleapis.com/v1/spaces/A/messages" + QUERY))

    assert asyncio.run(run()) == "ChatSender(chat.googleapis.com)"
