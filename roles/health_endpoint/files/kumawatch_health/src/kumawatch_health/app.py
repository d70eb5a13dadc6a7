# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: which address answers what."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import may_see_details
from .config import Check
from .metrics import TYPE, Metrics
from .monitor import Monitor
from .results import CONTENT_TYPE, Status, document, http_status, worst

FRESH = 0.25
"""Seconds for which a made document is handed out again."""


class State:
    """What the addresses answer from; a reload exchanges the monitor under them."""

    def __init__(self, monitor: Monitor, metrics: Metrics) -> None:
        self.metrics = metrics
        self.monitor = monitor

    @property
    def monitor(self) -> Monitor:
        return self._monitor

    @monitor.setter
    def monitor(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._made: dict[tuple[str, bool], tuple[float, int, bytes]] = {}

    async def answer(self, name: str, checks: Sequence[Check] | None, details: bool) -> tuple[int, bytes]:
        """Status code and body of a document; ``name`` tells apart what is asked for."""
        monitor, made = self._monitor, self._made
        now = time.monotonic()
        kept = made.get((name, details))
        if kept is not None and now - kept[0] < FRESH:
            return kept[1], kept[2]
        config = monitor.config
        await monitor.settled(config.deadline, checks)
        results = monitor.results(checks)
        about = {"version": config.version, "serviceId": config.service, "description": config.description}
        body = json.dumps(document(results, about, details=details), ensure_ascii=False).encode()
        code = http_status(worst(results))
        made[name, details] = (time.monotonic(), code, body)
        return code, body


def application(state: State) -> Starlette:
    """The ASGI application."""

    def details(request: Request) -> bool:
        peer = request.client.host if request.client else None
        headers = request.headers
        return may_see_details(
            state.monitor.config, peer, headers.get("x-forwarded-for", ""), headers.get("authorization", "")
        )

    def respond(path: str, code: int, body: bytes) -> Response:
        state.metrics.answered(path, code)
        headers = {"Cache-Control": "no-store", "Vary": "Authorization"}
        # The server leaves the body out where HEAD asked.
        return Response(body, code, headers, CONTENT_TYPE)

    async def live(request: Request) -> Response:
        # Liveness knows no dependencies: restarting this service mends no database.
        return respond("/livez", 200, json.dumps({"status": str(Status.PASS)}).encode())

    async def ready(request: Request) -> Response:
        monitor = state.monitor
        checks = [check for check in monitor.config.checks if check.critical]
        return respond("/readyz", *await state.answer("readyz", checks, details(request)))

    async def health(request: Request) -> Response:
        return respond("/health", *await state.answer("health", None, details(request)))

    async def group(request: Request) -> Response:
        name = request.path_params["group"]
        config = state.monitor.config
        if name not in config.groups:
            body = json.dumps({"status": str(Status.FAIL), "output": "there is no such group of checks"}).encode()
            return respond("/health/group", 404, body)
        checks = [check for check in config.checks if name in check.groups]
        return respond("/health/group", *await state.answer(f"group {name}", checks, details(request)))

    async def metrics(request: Request) -> Response:
        if not details(request):
            return Response("not allowed\n", 403, media_type="text/plain")
        return Response(state.metrics.text(), headers={"Content-Type": TYPE})

    return Starlette(
        routes=[
            Route("/livez", live, methods=["GET", "HEAD"]),
            Route("/readyz", ready, methods=["GET", "HEAD"]),
            Route("/health", health, methods=["GET", "HEAD"]),
            Route("/health/{group}", group, methods=["GET", "HEAD"]),
            Route("/metrics", metrics, methods=["GET"]),
        ]
    )
