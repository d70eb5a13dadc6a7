# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our task costs beside its floor and beside a loop over a peer's module, against one real server in one run.

    python -m benchmarks.kuma [--sizes 50,1000] [--peer-size 50] [--rounds 3] [--json FILE]

The server is the one of ``.lab/endpoints.json``, or that of ``KUMAWATCH_KUMA_URL``, ``KUMAWATCH_KUMA_USERNAME`` and
``KUMAWATCH_KUMA_PASSWORD``. **It is emptied of monitors.** For each size, in turn and round by round:

* an empty Ansible task, which is what any task costs;
* the bare login, to the server's answer: the floor of reading, since the server pushes its whole list;
* raw adds over one connection, 50 under way at once: the floor of writing, once as mere monitors, once with a tag each;
* our task: creating, changing nothing, editing a tenth, through ``ansible-playbook`` like any task;
* a loop over ``lucasheld.uptime_kuma.monitor``, where ``KUMAWATCH_PEER_COLLECTIONS`` names the collections directory
  that holds it (and ``KUMAWATCH_PEER_PYTHON`` the Python that has its library; it logs in by token, as its authors
  advise).

Logins and requests are counted in one more run of each, through a proxy that reads along; the timed runs go without it.
Seconds depend on the machine. The ratios are what counts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import socketio
from aiohttp import web

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

WINDOW = 50
PEER_CREATE = "peer's loop: create"
PEER_IDLE = "peer's loop: nothing to do"
# A check an hour, on a port where nothing listens: the server shall be busy with us, not with its monitors.
TARGET = {"url": "http://127.0.0.1:9/", "interval": 3600, "retry_interval": 3600}
WIRE = {
    "type": "http",
    "url": TARGET["url"],
    "interval": 3600,
    "retryInterval": 3600,
    "resendInterval": 0,
    "maxretries": 0,
    "timeout": 48,
    "method": "GET",
    "accepted_statuscodes": ["200-299"],
    "notificationIDList": {},
    "parent": None,
}


@dataclass(frozen=True)
class Target:
    """The server to measure."""

    url: str
    username: str
    password: str


@dataclass
class Row:
    """The measurements of one thing at one size."""

    name: str
    size: int
    seconds: list[float] = field(default_factory=list)
    logins: int | None = None
    requests: int | None = None
    memory: float | None = None  # MiB, of the module's own process

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def target() -> Target:
    """The server that the environment names, otherwise the lab's."""
    if os.environ.get("KUMAWATCH_KUMA_URL"):
        return Target(*(os.environ[f"KUMAWATCH_KUMA_{name}"] for name in ("URL", "USERNAME", "PASSWORD")))
    lab = Path(os.environ.get("KUMAWATCH_LAB_DIR", ROOT / ".lab"))
    try:
        kuma = json.loads((lab / "endpoints.json").read_text())["kuma"]
    except FileNotFoundError:
        sys.exit(
            "There is no server to measure: run make demo first, or set KUMAWATCH_KUMA_URL, _USERNAME and _PASSWORD."
        )
    return Target(kuma["url"], kuma["username"], kuma["password"])


# -- the floor: python-socketio and nothing of ours -------------------------------------------------------------------


@contextlib.asynccontextmanager
async def session(server: Target) -> AsyncIterator[tuple[socketio.AsyncClient, float, bool]]:
    """Log in; yields the socket, the seconds that took, and whether the server is a 2.x release."""
    socket = socketio.AsyncClient(reconnection=False, websocket_extra_options={"max_msg_size": 0})
    greeted = asyncio.Event()
    modern: list[bool] = []
    socket.on("loginRequired", lambda *_: greeted.set())
    socket.on("info", lambda info: modern.append("dbType" in info) if "version" in info else None)
    started = time.monotonic()
    await socket.connect(server.url, transports=["websocket"])
    with contextlib.suppress(asyncio.TimeoutError):  # 1.23 does not greet; it is ready after a moment
        await asyncio.wait_for(greeted.wait(), 0.2)
    while True:
        answer = await socket.call(
            "login", {"username": server.username, "password": server.password, "token": ""}, timeout=300
        )
        if answer.get("ok"):
            break
        await asyncio.sleep(4)  # twenty logins a minute
        started = time.monotonic()
    try:
        yield socket, time.monotonic() - started, any(modern)
    finally:
        await socket.disconnect()


async def bare_login(server: Target) -> float:
    """Seconds from nothing to the answer of the login."""
    async with session(server) as (_socket, seconds, _modern):
        return seconds


async def raw_adds(server: Target, count: int, tagged: bool) -> float:
    """Seconds of a login and ``count`` adds, with a tag on each where asked."""
    async with session(server) as (socket, login, modern):
        monitor = {**WIRE, **({"conditions": []} if modern else {})}
        tag = await socket.call("addTag", {"name": "benchmark", "color": "#000000"}) if tagged else None
        gate = asyncio.Semaphore(WINDOW)
        started = time.monotonic()

        async def add(number: int) -> None:
            async with gate:
                answer = await socket.call("add", {**monitor, "name": f"monitor {number}"}, timeout=300)
                if tag:
                    await socket.call("addMonitorTag", (tag["tag"]["id"], answer["monitorID"], "x"), timeout=300)

        await asyncio.gather(*(add(number) for number in range(count)))
        return login + time.monotonic() - started


async def empty(server: Target) -> None:
    """Delete every monitor and tag."""
    found: dict[str, Any] = {}
    async with session(server) as (socket, _login, _modern):
        socket.on("monitorList", found.update)
        await socket.call("getMonitorList", timeout=300)
        gate = asyncio.Semaphore(WINDOW)

        async def delete(ident: str) -> None:
            async with gate:
                await socket.call("deleteMonitor", int(ident), timeout=300)

        await asyncio.gather(*(delete(ident) for ident in list(found)))
        for tag in (await socket.call("getTags"))["tags"]:
            await socket.call("deleteTag", tag["id"])


# -- tasks ------------------------------------------------------------------------------------------------------------


def playbook(
    tasks: list[dict[str, Any]], variables: dict[str, Any], env: dict[str, str] | None = None, *, patient: bool = False
) -> float:
    """Run tasks on localhost; returns seconds. The variables go by a file, so that no secret is in the process list.

    :param patient: say how many items of a loop failed, instead of giving up.
    """
    with tempfile.TemporaryDirectory() as directory:
        play = Path(directory) / "play.json"
        play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        extra = Path(directory) / "vars.json"
        extra.write_text(json.dumps({"ansible_python_interpreter": sys.executable, **variables}))
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(play)]
        started = time.monotonic()
        ended = subprocess.run(
            [*command, "-e", f"@{extra}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1", **(env or {})},
        )
        seconds = time.monotonic() - started
    failed = len(re.findall(r"^failed: ", ended.stdout, re.MULTILINE))
    if failed and patient:
        print(f"         ({failed} items of the loop failed: {re.findall('msg: .*', ended.stdout)[:1]})")
    elif ended.returncode:
        sys.exit(f"ansible-playbook failed:\n{ended.stdout[-2000:]}{ended.stderr[-1000:]}")
    return seconds


def our_task(server: Target, monitors: list[dict[str, Any]]) -> float:
    """Our one task."""
    options = {
        "api_url": server.url,
        "api_username": server.username,
        "api_password": server.password,
        "monitors": "{{ monitors }}",
    }
    return playbook([{"name": "ours", "kumawatch.monitoring.kuma_monitors": options}], {"monitors": monitors})


def our_memory(server: Target, monitors: list[dict[str, Any]]) -> float:
    """MiB at the peak of the module's own process, in a run that changes nothing."""
    module = "ansible_collections.kumawatch.monitoring.plugins.modules.kuma_monitors"
    runner = (
        "import json, runpy, sys\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        "with patch_module_args(json.load(sys.stdin)):\n"
        f"    runpy.run_module('{module}', run_name='__main__')\n"
    )
    options = {"api_url": server.url, "api_username": server.username, "api_password": server.password}
    probe = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", probe, sys.executable, "-c", runner],
        input=json.dumps({**options, "monitors": monitors}),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "collections")},
    )
    return int(ended.stdout) / 1024


def peer_task(server: Target, monitors: list[dict[str, Any]]) -> float:
    """The loop that a user of the peer writes."""
    login = {"api_url": server.url, "api_username": server.username, "api_password": server.password}
    tasks = [
        {"name": "login", "lucasheld.uptime_kuma.login": login, "register": "login"},
        {
            "name": "peer",
            "lucasheld.uptime_kuma.monitor": {
                "api_url": server.url,
                "api_token": "{{ login.token }}",
                "name": "{{ item.name }}",
                "type": "{{ item.type }}",
                "url": "{{ item.url }}",
                "interval": "{{ item.interval }}",
                "retryInterval": "{{ item.retry_interval }}",
                "state": "present",
            },
            "loop": "{{ monitors }}",
            "loop_control": {"label": "{{ item.name }}"},
        },
    ]
    interpreter = os.environ.get("KUMAWATCH_PEER_PYTHON", sys.executable)
    env = {"ANSIBLE_COLLECTIONS_PATH": os.environ["KUMAWATCH_PEER_COLLECTIONS"]}
    return playbook(tasks, {"monitors": monitors, "ansible_python_interpreter": interpreter}, env, patient=True)


# -- counting ---------------------------------------------------------------------------------------------------------

_EVENT = re.compile(r'^42\d*\["([^"]+)"')


@contextlib.contextmanager
def counting(server: Target) -> Iterator[tuple[Target, Counter[str]]]:
    """A proxy before the server, in a thread of its own, that counts the events which clients send."""
    import threading

    counts: Counter[str] = Counter()
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    port: list[int] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        url = server.url.rstrip("/") + request.raw_path
        async with aiohttp.ClientSession() as client:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                inner = web.WebSocketResponse(max_msg_size=0)
                await inner.prepare(request)
                async with client.ws_connect(url, max_msg_size=0) as outer:

                    async def forward() -> None:
                        async for message in inner:
                            _count(counts, message.data)
                            await outer.send_str(message.data)
                        await outer.close()

                    task = asyncio.ensure_future(forward())
                    async for message in outer:
                        if inner.closed:
                            break
                        await inner.send_str(message.data)
                    task.cancel()
                    await inner.close()
                return inner
            body = await request.text()
            for packet in body.split("\x1e"):
                _count(counts, packet)
            headers = {key: value for key, value in request.headers.items() if key in ("Content-Type", "Accept")}
            async with client.request(request.method, url, data=body or None, headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    async def serve() -> None:
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.append(runner.addresses[0][1])
        ready.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    threading.Thread(target=work, daemon=True).start()
    ready.wait()
    try:
        yield Target(f"http://127.0.0.1:{port[0]}", server.username, server.password), counts
    finally:
        loop.call_soon_threadsafe(loop.stop)


def _count(counts: Counter[str], packet: Any) -> None:
    match = _EVENT.match(packet) if isinstance(packet, str) else None
    if match:
        counts[match[1]] += 1


# -- the run ----------------------------------------------------------------------------------------------------------


def declared(size: int) -> list[dict[str, Any]]:
    """So many monitors."""
    return [{"name": f"monitor {number}", "type": "http", **TARGET} for number in range(size)]


def measure(server: Target, size: int, rounds: int, peer: bool) -> list[Row]:
    """All measurements at one size, in turn, round by round."""
    names = (
        "empty Ansible task",
        "raw adds",
        "raw adds with a tag each",
        "ours: create",
        "bare login",
        "ours: nothing to do",
        "ours: edit a tenth",
        *((PEER_CREATE, PEER_IDLE) if peer else ()),
    )
    rows = {name: Row(name, size) for name in names}
    monitors = declared(size)
    edited = [{**monitor, "interval": 1800} if number % 10 == 0 else monitor for number, monitor in enumerate(monitors)]

    def clear() -> None:
        asyncio.run(empty(server))

    def take(name: str, work: Callable[[], float]) -> None:
        rows[name].seconds.append(work())
        print(f"  {size:>6} {name:<28} {rows[name].seconds[-1]:8.2f} s", flush=True)

    for _ in range(rounds):
        clear()
        take("empty Ansible task", lambda: playbook([{"name": "empty", "ansible.builtin.ping": {}}], {}))
        take("raw adds", lambda: asyncio.run(raw_adds(server, size, tagged=False)))
        clear()
        take("raw adds with a tag each", lambda: asyncio.run(raw_adds(server, size, tagged=True)))
        clear()
        take("ours: create", lambda: our_task(server, monitors))
        take("bare login", lambda: asyncio.run(bare_login(server)))
        take("ours: nothing to do", lambda: our_task(server, monitors))
        take("ours: edit a tenth", lambda: our_task(server, edited))
        if peer:
            clear()
            take(PEER_CREATE, lambda: peer_task(server, monitors))
            take(PEER_IDLE, lambda: peer_task(server, monitors))
    rows["ours: nothing to do"].memory = our_memory(server, edited if not peer else monitors)
    count(server, rows, monitors, peer)
    return list(rows.values())


def count(server: Target, rows: dict[str, Row], monitors: list[dict[str, Any]], peer: bool) -> None:
    """Run once more through the proxy, and note logins and requests."""
    runs: list[tuple[str, Callable[[Target], float]]] = [
        ("ours: create", lambda proxied: our_task(proxied, monitors)),
        ("ours: nothing to do", lambda proxied: our_task(proxied, monitors)),
    ]
    if peer:
        runs += [
            (PEER_CREATE, lambda proxied: peer_task(proxied, monitors)),
            (PEER_IDLE, lambda proxied: peer_task(proxied, monitors)),
        ]
    for name, run in runs:
        if name.endswith("create"):
            asyncio.run(empty(server))
        with counting(server) as (proxied, counts):
            run(proxied)
            rows[name].logins = counts["login"] + counts["loginByToken"]
            rows[name].requests = sum(counts.values())


def report(rows: list[Row], peer: str) -> str:
    """The table and the ratios."""
    lines = ["", f"{'monitors':>8}  {'':<28} {'median s':>9} {'logins':>7} {'requests':>9} {'MiB':>6}"]
    for row in rows:
        shown = [f"{value:.0f}" if value is not None else "" for value in (row.logins, row.requests, row.memory)]
        lines.append(f"{row.size:>8}  {row.name:<28} {row.median:9.2f} {shown[0]:>7} {shown[1]:>9} {shown[2]:>6}")
    lines += ["", "Ratios, of what a task takes beyond the empty task:"]
    for size in sorted({row.size for row in rows}):
        of = {row.name: row for row in rows if row.size == size}
        base = of["empty Ansible task"].median
        create, idle = (of[f"ours: {name}"].median - base for name in ("create", "nothing to do"))
        ratios = [
            ("nothing to do / bare login", idle / of["bare login"].median),
            ("create / login and raw adds", create / of["raw adds"].median),
            ("create / the same with a tag each", create / of["raw adds with a tag each"].median),
        ]
        if PEER_CREATE in of:
            peers = [of[name].median - base for name in (PEER_CREATE, PEER_IDLE)]
            ratios += [("peer's create / ours", peers[0] / create), ("peer's nothing to do / ours", peers[1] / idle)]
        lines += [f"{size:>8}  {what:<36} {ratio:6.2f}" for what, ratio in ratios]
    return "\n".join([*lines, "", peer])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="50,1000", help="how many monitors, separated by commas")
    parser.add_argument("--peer-size", type=int, default=50, help="the one size at which the peer is run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    arguments = parser.parse_args()
    server = target()
    collections = os.environ.get("KUMAWATCH_PEER_COLLECTIONS")
    rows: list[Row] = []
    for size in map(int, arguments.sizes.split(",")):
        rows += measure(server, size, arguments.rounds, bool(collections) and size == arguments.peer_size)
    asyncio.run(empty(server))
    peer = "" if collections else "No peer was measured: KUMAWATCH_PEER_COLLECTIONS names no collections directory."
    print(report(rows, peer))
    if arguments.json:
        arguments.json.write_text(json.dumps([vars(row) | {"median": row.median} for row in rows], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
