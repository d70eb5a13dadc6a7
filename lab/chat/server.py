# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chat space's HTTP server."""
from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.chat import rules
from lab.chat.store import Entry, Store, new_id, timestamp

log = logging.getLogger("chat")


class Space:
    """The chat spaces of one lab behind one server."""

    def __init__(self, data: Path, secrets: dict[str, Any]) -> None:
        self.key: str = secrets["key"]
        self.tokens = {space["name"]: space["token"] for space in secrets["spaces"]}
        self.titles = {space["name"]: space["title"] for space in secrets["spaces"]}
        self.store = Store(data)
        self.writes: defaultdict[str, deque[float]] = defaultdict(deque)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_post("/v1/spaces/{space}/messages", self.create)
        app.router.add_get("/messages", self.messages)
        app.router.add_get("/ready", self.ready)
        return app

    async def ready(self, request: web.Request) -> web.Response:
        return web.json_response({"service": "kumawatch-lab-chat"})

    async def create(self, request: web.Request) -> web.Response:
        try:
            return self.receive(
                f"spaces/{request.match_info['space']}", dict(request.query), await request.read()
            )
        except rules.Refusal as exc:
            return web.json_response(exc.body(), status=exc.code)

    def receive(self, space: str, query: dict[str, str], raw: bytes) -> web.Response:
        message = rules.parse(raw)
        thread = message.get("thread") or {}
        key = thread.get("threadKey")
        name = None
        if query.get("messageReplyOption", "").startswith("REPLY_MESSAGE") and key:
            name = self.store.thread_of_key(space, key)
        else:
            key = None
        name = name or f"{space}/threads/{new_id()}"
        now = timestamp()
        resource = {
            "name": f"{space}/messages/{new_id()}.{new_id()}", "createTime": now, "thread": {"name": name}, **message,
        }
        self.store.add(Entry(now, space, key, message, resource))
        return web.json_response(resource)

    async def messages(self, request: web.Request) -> web.Response:
        return web.json_response([
            {"received_at": entry.received_at, "thread_key": entry.thread_key, "message": entry.message}
            for entry in self.store.entries
        ])


async def serve(port: int, space: Space) -> None:
    runner = web.AppRunner(space.app(), shutdown_timeout=1.0)
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
        space = Space(options.data, json.loads(options.secrets.read_text(encoding="utf-8"))["chat"])
        asyncio.run(serve(options.port, space))
    except OSError as exc:
        print(f"Error: the chat space cannot run on port {options.port}: {exc.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0
