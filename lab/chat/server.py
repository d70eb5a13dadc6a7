# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chat space's HTTP server: the webhook as Google Chat answers it, the lab's own look at the messages, the page."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.chat import render, rules
from lab.chat.store import Entry, Store, new_id, timestamp

log = logging.getLogger("chat")

PAGE = Path(__file__).parent / "page"
STATIC = {
    "style.css": "text/css",
    "script.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "signs.svg": "image/svg+xml",
}

HEADERS = {
    # Nothing that a message holds can run or fetch anything but a picture, should it ever get past the escaping.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

BODY_LIMIT = 4_000_000
"""Largest request body that is read at all, in bytes; a message may be far smaller."""

SENDER = {"name": "users/114022495153014004089", "displayName": "Kumawatch", "type": "BOT"}


@dataclass
class Fault:
    """What the next posts meet, for tests: an answer other than 200, a delay, or both.

    ``stored`` keeps the message although the answer says otherwise, as when an answer is lost on its way.
    """

    status: int = 0
    count: int = 1
    delay: float = 0.0
    retry_after: int | None = None
    stored: bool = False


class ChatServer:
    """The chat spaces of one lab behind one server; ``clock`` gives seconds since the epoch."""

    def __init__(self, data: Path, secrets: dict[str, Any], clock: Callable[[], float] = time.time) -> None:
        self.key: str = secrets["key"]
        self.tokens: dict[str, str] = {space["name"]: space["token"] for space in secrets["spaces"]}
        self.titles: dict[str, str] = {space["name"]: space["title"] for space in secrets["spaces"]}
        self.clock = clock
        self.store = Store(data)
        self.faults: list[Fault] = []
        self.requests: dict[str, dict[str, Any]] = {}
        self.changed = asyncio.Event()
        self.closing = False
        self.writes: defaultdict[str, deque[float]] = defaultdict(deque)
        for entry in self.store.entries[-rules.WRITES_PER_MINUTE * len(self.tokens) :]:
            self.writes[entry.space].append(datetime.fromisoformat(entry.received_at).timestamp())

    def app(self) -> web.Application:
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_post("/v1/spaces/{space}/messages", self.create)
        app.router.add_get("/messages", self.messages)
        app.router.add_delete("/messages", self.clear)
        app.router.add_get("/faults", self.show_faults)
        app.router.add_post("/faults", self.add_fault)
        app.router.add_delete("/faults", self.clear_faults)
        app.router.add_get("/ready", self.ready)
        app.router.add_get("/", self.page)
        app.router.add_get("/conversation", self.conversation)
        app.router.add_get("/events", self.events)
        app.router.add_get("/page/{file}", self.static)
        app.on_shutdown.append(self.close)
        return app

    # -- the webhook

    async def create(self, request: web.Request) -> web.StreamResponse:
        """spaces.messages.create, as an incoming webhook calls it."""
        space = f"spaces/{request.match_info['space']}"
        fault = self.next_fault()
        try:
            if fault is not None:
                await asyncio.sleep(fault.delay)
                if fault.status and not fault.stored:
                    raise self.refusal(fault)
            try:
                raw = await request.read()
            except web.HTTPRequestEntityTooLarge:
                raise rules.RefusedError(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit.") from None
            resource = self.receive(space, dict(request.query), raw, request.content_type)
            if fault is not None and fault.status:
                raise self.refusal(fault)
        except rules.RefusedError as exc:
            log.info("%s: refused with %d: %s", space, exc.code, exc.message.partition("\n")[0])
            extra = {"Retry-After": str(fault.retry_after)} if fault and fault.retry_after is not None else {}
            return answer(exc.body(), exc.code, extra)
        log.info("%s: took %s", space, resource["name"])
        return answer(resource)

    def receive(self, space: str, query: dict[str, str], raw: bytes, content_type: str) -> dict[str, Any]:
        """Check a post in Google's order, keep its message, return the Message resource; raises RefusedError."""
        rules.check_key(query.get("key"), self.key)
        rules.check_query(query)
        message = rules.parse(raw, content_type)
        rules.check_token(query.get("token"), self.tokens.get(space))
        request_id = query.get("requestId", "")
        if request_id and request_id in self.requests:
            return self.requests[request_id]
        self.check_quota(space)
        rules.check_message(message, space)
        wish = rules.wished_thread(query, message)
        name = self.find_thread(space, wish)
        reply = name is not None
        cards, ignored = rules.visible(message.get("cardsV2", []))
        message["cardsV2"] = cards
        resource = self.resource(space, message, name or f"{space}/threads/{new_id()}", wish.key, reply)
        self.store.add(Entry(resource["createTime"], space, wish.key, json.loads(raw), resource, ignored))
        self.writes[space].append(self.clock())
        self.wake()
        if request_id:
            self.requests[request_id] = resource
        return resource

    def check_quota(self, space: str) -> None:
        """Refuse what is beyond the writes a minute of a space."""
        writes = self.writes[space]
        while writes and writes[0] <= self.clock() - 60:
            writes.popleft()
        if len(writes) >= rules.WRITES_PER_MINUTE:
            raise rules.exhausted()

    def find_thread(self, space: str, wish: rules.Wish) -> str | None:
        """The name of the thread that a message goes to; None for a new one."""
        if wish.name is not None:
            if wish.name.startswith(f"{space}/threads/") and self.store.has_thread(wish.name):
                return wish.name
            if wish.or_fail:
                raise rules.no_such_thread()
            return None
        return self.store.thread_of_key(space, wish.key) if wish.key is not None else None

    def resource(
        self, space: str, message: dict[str, Any], thread: str, key: str | None, reply: bool
    ) -> dict[str, Any]:
        """The Message resource that Google answers with."""
        text = message.get("text", "")
        resource: dict[str, Any] = {
            "name": f"{space}/messages/{thread.rpartition('/')[2] if not reply else new_id()}.{new_id()}",
            "sender": SENDER,
            "createTime": timestamp(self.clock()),
            "text": text,
            "formattedText": text,
            "argumentText": text,
            "cardsV2": message["cardsV2"],
            "fallbackText": message.get("fallbackText", ""),
            "thread": {"name": thread} | ({"threadKey": key} if key is not None else {}),
            "threadReply": reply,
            "space": {
                "name": space,
                "type": "ROOM",
                "displayName": self.titles[space],
                "spaceType": "SPACE",
                "spaceThreadingState": "THREADED_MESSAGES",
            },
        }
        for name in ("accessoryWidgets", "clientAssignedMessageId"):
            if name in message:
                resource[name] = message[name]
        # Google leaves out what is empty or false.
        return {name: value for name, value in resource.items() if value not in ("", [], False)}

    # -- faults, which only a lab has

    def next_fault(self) -> Fault | None:
        """The fault that this post meets, if any; each serves as often as its count says."""
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.count -= 1
        if fault.count <= 0:
            self.faults.pop(0)
        return fault

    @staticmethod
    def refusal(fault: Fault) -> rules.RefusedError:
        status, message = rules.FAULTS.get(fault.status, ("UNKNOWN", "Unknown error."))
        return rules.RefusedError(fault.status, status, message)

    async def show_faults(self, request: web.Request) -> web.Response:
        return answer([vars(fault) for fault in self.faults])

    async def add_fault(self, request: web.Request) -> web.Response:
        """Lab only: {"status": 429, "count": 2, "delay": 0.5, "retry_after": 1, "stored": false}."""
        try:
            value = json.loads(await request.read())
            fault = Fault(**value)
            right = (fault.status == 0 or 400 <= fault.status <= 599) and fault.count >= 1 and 0 <= fault.delay <= 300
        except (ValueError, TypeError):
            right = False
        if not right:
            return answer(
                {
                    "error": (
                        'A fault is a JSON object such as {"status": 429, "count": 2, "delay": 0.5, "retry_after": 1, '
                        '"stored": false}; status from 400 to 599 or 0 for none, count from 1, delay in seconds up to '
                        "300."
                    )
                },
                400,
            )
        self.faults.append(fault)
        return answer([vars(fault) for fault in self.faults])

    async def clear_faults(self, request: web.Request) -> web.Response:
        self.faults.clear()
        return answer([])

    # -- the lab's own look at the messages

    async def ready(self, request: web.Request) -> web.Response:
        return answer({"service": "kumawatch-lab-chat", "stand_in_of": "Google Chat"})

    def chosen(self, request: web.Request) -> list[Entry]:
        """The messages of the space that the query names, or of all."""
        space = request.query.get("space")
        return [entry for entry in self.store.entries if space in (None, entry.space)]

    async def messages(self, request: web.Request) -> web.Response:
        return answer(
            [
                {
                    "received_at": entry.received_at,
                    "thread_key": entry.thread_key,
                    "message": entry.message,
                    "space": entry.space,
                    "name": entry.resource["name"],
                    "thread": entry.resource["thread"]["name"],
                    "ignored_widgets": entry.ignored_widgets,
                }
                for entry in self.chosen(request)
            ]
        )

    async def clear(self, request: web.Request) -> web.Response:
        """Lab only: forget all messages, and what was written in the last minute."""
        self.store.clear()
        self.writes.clear()
        self.requests.clear()
        self.wake()
        return answer([])

    # -- the page

    def current(self, request: web.Request) -> str:
        """The space that is looked at."""
        space = request.query.get("space", "")
        return space if space in self.titles else next(iter(self.titles))

    async def page(self, request: web.Request) -> web.Response:
        space = self.current(request)
        template = (PAGE / "index.html").read_text(encoding="utf-8")
        entries = [entry for entry in self.store.entries if entry.space == space]
        return web.Response(
            text=render.page(template, self.titles, space, entries), content_type="text/html", headers=HEADERS
        )

    async def conversation(self, request: web.Request) -> web.Response:
        """The threads alone, for the page to update itself."""
        space = self.current(request)
        entries = [entry for entry in self.store.entries if entry.space == space]
        return web.Response(text=render.conversation(entries), content_type="text/html", headers=HEADERS)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: one at once and one after each change, each with the number of messages."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        sent = None
        while not self.closing:
            changed = self.changed
            newest = self.store.entries[-1].resource["name"] if self.store.entries else ""
            if newest != sent:
                sent = newest
                await response.write(f"data: {json.dumps(newest)}\n\n".encode())
            try:
                async with asyncio.timeout(15):
                    await changed.wait()
            except TimeoutError:
                await response.write(b": still here\n\n")
        return response

    def wake(self) -> None:
        """Tell all pages that are open that something changed."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def close(self, app: web.Application) -> None:
        """Let all pages go, so that the server ends at once."""
        self.closing = True
        self.wake()

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        if name not in STATIC:
            raise web.HTTPNotFound
        return web.Response(body=(PAGE / name).read_bytes(), content_type=STATIC[name], headers=HEADERS)


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Google writes it: indented by two, UTF-8."""
    return web.Response(
        text=json.dumps(value, ensure_ascii=False, indent=2) + "\n",
        status=status,
        content_type="application/json",
        charset="UTF-8",
        headers=headers,
    )


async def serve(port: int, chat: ChatServer) -> None:
    # No access log: the address of a webhook holds its secrets.
    runner = web.AppRunner(chat.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    log.info("listens on 127.0.0.1:%d", port)
    await asyncio.Event().wait()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.chat", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="the directory that keeps the messages")
    parser.add_argument("--secrets", type=Path, required=True, help="the file with the spaces, their key and tokens")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    try:
        chat = ChatServer(options.data, json.loads(options.secrets.read_text(encoding="utf-8"))["chat"])
        asyncio.run(serve(options.port, chat))
    except OSError as exc:
        print(f"Error: the chat space cannot run on port {options.port}: {exc.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0
