# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo services: one program, run once per kind. ``python -m lab.services KIND --port PORT --state FILE``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.core import KEYWORD
from lab.paths import HEALTH

WATCH_INTERVAL = 0.1
"""How often (s) a service looks whether it was broken or mended."""

log = logging.getLogger("service")


@dataclass(frozen=True)
class State:
    """The file that says whether a service is broken; it outlives the process."""

    path: Path

    def broken(self) -> bool:
        try:
            value = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return isinstance(value, dict) and value.get("broken") is True


# -- the health of a service: told by the health service of the role health_endpoint, in the service's own process

CHECKS = """
service: {name}
version: 1
description: Demo {name} of the Kumawatch lab
interval: {interval}
checks:
  - {check}
"""

Route = Callable[[Any], Awaitable[Any]]


async def serve(name: str, port: int, route: Route, check: str, *others: Coroutine[Any, Any, None]) -> None:
    """Serve ``route`` at ``/`` and, beside it, what the health service says of ``check``, a line of its configuration.

    ``others`` run as long: neither is of use without the other.
    """
    sys.path.insert(0, str(HEALTH))
    import uvicorn
    from kumawatch_health.app import State as Answers
    from kumawatch_health.app import application
    from kumawatch_health.config import parse
    from kumawatch_health.metrics import Metrics
    from kumawatch_health.monitor import Monitor

    metrics = Metrics()
    checks = CHECKS.format(name=name, check=check, interval=2 * WATCH_INTERVAL)
    monitor = Monitor(parse(checks, {}), metrics.observe)
    app = application(Answers(monitor, metrics))
    app.add_route("/", route)
    with socket.create_server(("127.0.0.1", port)) as listener:
        # What is checked may be this very listener.
        monitor.start()
        log.info("listens on 127.0.0.1:%d", port)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        tasks = [asyncio.create_task(one) for one in (server.serve([listener]), *others)]
        done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


# -- api: an application with a database


async def api(port: int, state: State) -> None:
    """An application whose database a listener in the same process stands for. Broken: that refuses connections."""
    from starlette.responses import JSONResponse

    database = reserved(("127.0.0.1", 0))

    async def answer(_request: Any) -> JSONResponse:
        return JSONResponse({"orders": None if state.broken() else 3}, 503 if state.broken() else 200)

    check = f"{{name: database, type: tcp, host: 127.0.0.1, port: {database.getsockname()[1]}, timeout: 1}}"
    await serve("api", port, answer, check, stand_for_database(database, state))


def reserved(address: tuple[str, int]) -> socket.socket:
    """A socket that is bound and does not listen: it refuses connections, and keeps the port from others."""
    made = socket.socket()
    # On every one of them: else the port could not be bound again while old connections to it end.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address)
    return made


async def stand_for_database(bound: socket.socket, state: State) -> None:
    """Accept connections at an address while the service is not broken; the port stays this process's own."""
    address = bound.getsockname()
    server: asyncio.Server | None = None
    while True:
        if state.broken() and server is not None:
            server.close()
            server = None
            bound = reserved(address)
        elif not state.broken() and server is None:
            server = await asyncio.start_server(lambda _reader, writer: writer.close(), sock=bound)
        await asyncio.sleep(WATCH_INTERVAL)


# -- shop: an HTML page that a keyword is looked for in

SHOP = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1.2rem; }}
h1 {{ line-height: 1.2; }} small {{ opacity: .7; }}
</style></head><body><h1>{title}</h1><p>{text}</p><small>Demo shop of the Kumawatch lab</small></body></html>
"""


async def shop(port: int, state: State) -> None:
    """A page that says whether the shop is open. Its health is that page, asked as a visitor asks."""
    from starlette.responses import HTMLResponse

    async def answer(_request: Any) -> HTMLResponse:
        if state.broken():
            page = SHOP.format(title="Something went wrong", text="The shop could not load its catalogue.")
            return HTMLResponse(page, 500)
        return HTMLResponse(SHOP.format(title="The Demo Shop", text=f"{KEYWORD}: tea, lanterns and bear-shaped bells."))

    check = f"{{name: page, type: http, url: 'http://127.0.0.1:{port}/', keyword: '{KEYWORD}', timeout: 1}}"
    await serve("shop", port, answer, check)


# -- queue: a TCP service that stops listening when it is broken


async def queue(port: int, state: State) -> None:
    """A line protocol: PUT text -> OK, GET -> the oldest text or EMPTY, PING -> PONG, QUIT."""
    items: list[str] = []
    clients: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        try:
            while line := (await reader.readline()).decode(errors="replace").strip():
                verb, _, rest = line.partition(" ")
                if verb == "QUIT":
                    break
                if verb == "PUT":
                    del items[:-999]
                    items.append(rest)
                    answer = "OK"
                elif verb == "GET":
                    answer = items.pop(0) if items else "EMPTY"
                else:
                    answer = "PONG" if verb == "PING" else "ERROR unknown verb"
                writer.write(f"{answer}\n".encode())
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # The client went away, or sent a line without an end.
        finally:
            clients.discard(writer)
            writer.close()

    server: asyncio.Server | None = None
    while True:
        broken = state.broken()
        if broken and server is not None:
            server.close()
            for writer in list(clients):
                writer.transport.abort()
            server = None
            log.info("broken: stopped listening")
        elif not broken and server is None:
            server = await asyncio.start_server(talk, "127.0.0.1", port)
            log.info("listens on 127.0.0.1:%d", port)
        await asyncio.sleep(WATCH_INTERVAL)


KINDS = {"api": api, "shop": shop, "queue": queue}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.services", description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the file that says whether the service is broken")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    try:
        asyncio.run(KINDS[options.kind](options.port, State(options.state)))
    except OSError as exc:
        print(f"Error: {options.kind} cannot listen on port {options.port}: {exc.strerror}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
