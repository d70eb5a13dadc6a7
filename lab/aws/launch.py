# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the stand-in for AWS: MiniStack with our overlay, on loopback. Run by the Python of the stand-in's own venv.

python -m lab.aws.launch --port 4566 --state DIRECTORY
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve, tcp_server
from hypercorn.config import Config
from ministack import app as ministack

from lab.aws import overlay, patch_sns
from lab.aws.front import Connections, Front
from lab.aws.monitoring import Monitoring

NAME = "kumawatch-lab-aws"


def watch_connections(connections: Connections) -> None:
    """Remember each open connection; Hypercorn tells an application nothing of it."""
    original = tcp_server.TCPServer.run

    async def run(self: Any) -> None:
        client = self.writer.get_extra_info("peername")
        connections.open[client] = self.writer
        try:
            await original(self)
        finally:
            connections.open.pop(client, None)

    tcp_server.TCPServer.run = run


def moment(value: Any) -> float:
    """A time given as seconds since the epoch or in ISO 8601."""
    if isinstance(value, (int, float)):
        return float(value)
    found = datetime.fromisoformat(str(value))
    return (found if found.tzinfo else found.astimezone()).timestamp()


def build(monitoring: Monitoring, connections: Connections) -> Front:
    """The application, with the lab's switches."""

    async def switch(method: str, path: str, body: bytes) -> tuple[int, Any]:
        given = json.loads(body) if body else {}
        if path == "/_lab/health":
            return 200, {"stand_in": NAME, "what": "A stand-in for AWS on this machine: no real AWS is behind it."}
        if path == "/_lab/clock":
            if method == "POST":
                if given.get("reset"):
                    monitoring.clock.reset()
                at = moment(given["at"]) if "at" in given else None
                monitoring.clock.set(at, float(given["speed"]) if "speed" in given else None)
            elif method == "DELETE":
                monitoring.clock.reset()
            if method != "GET":
                monitoring.all_due()
            return 200, {"now": monitoring.clock.now(), "speed": monitoring.clock.speed}
        if path == "/_lab/evaluate" and method == "POST":
            if "at" in given:
                monitoring.clock.set(moment(given["at"]))
            return 200, {"evaluated": await monitoring.evaluate_all(), "now": monitoring.clock.now()}
        if path == "/_lab/replace" and method == "POST":
            values, since = set(given["dimension_values"]), moment(given["since"])
            return 200, {"replaced": monitoring.replace(given["region"], values, since, given["puts"])}
        if path == "/_lab/mail":
            if method == "DELETE":
                patch_sns.MAIL.clear()
            return 200, list(patch_sns.MAIL)
        return 404, {"error": f"The lab's stand-in for AWS has no {method} {path}."}

    front = Front(ministack.app, switch, connections)
    evaluation: list[asyncio.Task[None]] = []

    async def started() -> None:
        monitoring.load()
        evaluation.append(asyncio.create_task(monitoring.run()))

    async def stopping() -> None:
        for task in evaluation:
            task.cancel()
        monitoring.save()

    front.started, front.stopping = started, stopping
    return front


def forget_accounts() -> None:
    """Drop what in the environment would lead us, or a Lambda, to a real account; what stays is the stand-in's own."""
    for name in list(os.environ):
        if name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN") or name.startswith("AWS_ENDPOINT_URL_"):
            del os.environ[name]


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    forget_accounts()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    monitoring = Monitoring(options.state)
    overlay.install(monitoring, options.port)
    connections = Connections()
    watch_connections(connections)
    config = Config()
    config.bind = [f"127.0.0.1:{options.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1.0
    config.backlog = 1024
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    print(f"{NAME}: a stand-in for AWS on http://127.0.0.1:{options.port}", flush=True)
    await serve(build(monitoring, connections), config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
