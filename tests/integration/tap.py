# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reverse proxy before Uptime Kuma, which counts what goes over the wire."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import ssl
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

_EVENT = re.compile(r"42\d*(\[.*)", re.DOTALL)
_HOP = {"connection", "upgrade", "transfer-encoding", "content-encoding", "content-length", "host", "keep-alive"}


class Tap:
    """Serves another server's HTTP and WebSockets on a port of its own, as a context manager.

    :param prefix: the path below which it serves, e.g. ``/status``; anything else is not found.
    :param headers: what a request must bring along; without it the answer is 403.
    :param trust: TLS of its own.
    :param sockets: whether it passes WebSockets.
    """

    def __init__(
        self,
        server: Any,
        *,
        prefix: str = "",
        headers: Mapping[str, str] | None = None,
        trust: ssl.SSLContext | None = None,
        sockets: bool = True,
    ) -> None:
        self._origin = server
        self._prefix = prefix
        self._headers = dict(headers or {})
        self._trust = trust
        self._sockets = sockets
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        #: How often each event was sent by clients, and by the server.
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.url = ""

    @property
    def server(self) -> Any:
        """The same server, as seen from before the proxy."""
        return dataclasses.replace(self._origin, url=self.url)

    def __enter__(self) -> Tap:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        self._session = aiohttp.ClientSession()
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._trust)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"{'https' if self._trust else 'http'}://127.0.0.1:{port}{self._prefix}"

    async def _stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if any(request.headers.get(name) != value for name, value in self._headers.items()):
            return web.Response(status=403, text="who are you?")
        if not request.path.startswith(self._prefix + "/"):
            return web.Response(status=404, text="not here")
        target = self._origin.url + request.path_qs[len(self._prefix) :]
        if request.headers.get("Upgrade", "").lower() == "websocket":
            if not self._sockets:
                return web.Response(status=400, text="no upgrade")
            return await self._pass_socket(request, target)
        passed = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with self._session.request(
            request.method, target, headers=passed, data=await request.read(), allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    async def _pass_socket(self, request: web.Request, target: str) -> web.StreamResponse:
        ours = web.WebSocketResponse(max_msg_size=0, compress=False)
        await ours.prepare(request)
        async with self._session.ws_connect(target, max_msg_size=0) as theirs:

            async def pump(source: Any, sink: Any, count: Counter[str]) -> None:
                async for message in source:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        event = _EVENT.fullmatch(message.data)
                        if event:
                            count[str(json.loads(event[1])[0])] += 1
                        await sink.send_str(message.data)
                    elif message.type is aiohttp.WSMsgType.BINARY:
                        await sink.send_bytes(message.data)
                await sink.close()

            await asyncio.gather(
                pump(ours, theirs, self.sent), pump(theirs, ours, self.received), return_exceptions=True
            )
        return ours
