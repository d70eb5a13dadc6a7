# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the health endpoint answers while it is asked 1,000 times a second, and what its databases notice of that.

    .cache/health/bin/python -m benchmarks.health [--rate 1000] [--seconds 15] [--rounds 3] [--json FILE]

A Redis and a PostgreSQL of this machine's packages are started for it. In turn, round by round, the same load goes to
our service and, where ``KUMAWATCH_PEER_PYTHON`` names a Python with fast-healthchecks, fastapi, uvicorn, asyncpg and
redis, to a FastAPI application that asks the same two databases on each request, as the documentation of
fast-healthchecks shows it.

The load is open: each request has a moment at which it is due, whatever the ones before it do, and its time counts from
that moment. So a server that stalls does not slow down its own measurement. The database connections are counted by the
databases themselves. Seconds depend on the machine; `make test` (the step health) makes the virtual environment.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

CONNECTIONS = 64
PEER_PYTHON = os.environ.get("KUMAWATCH_PEER_PYTHON", "")

PEER = """
import os
from contextlib import asynccontextmanager
from fastapi import FastAPI
from fast_healthchecks.checks.postgresql.asyncpg import PostgreSQLAsyncPGHealthCheck
from fast_healthchecks.checks.redis import RedisHealthCheck
from fast_healthchecks.integrations.fastapi import HealthcheckRouter, Probe
checks = [
    RedisHealthCheck.from_dsn(os.environ["REDIS"], name="redis", timeout=5),
    PostgreSQLAsyncPGHealthCheck.from_dsn(os.environ["POSTGRESQL"], name="postgresql", timeout=5),
]
app = FastAPI()
app.include_router(HealthcheckRouter(Probe(name="readiness", checks=checks)))
"""


@dataclass
class Measured:
    """One run. Times in milliseconds; connections are those that the databases took meanwhile."""

    server: str
    rate: float
    answered: int
    failed: int
    p50: float
    p99: float
    worst: float
    redis_connections: int
    postgresql_connections: int
    resident_mib: float
    #: Processor time of the server for each answer, in milliseconds: a busy machine changes it the least.
    cpu_ms: float


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# -- the load


class Client:
    """One connection that is kept alive; one request at a time."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> int:
        """The status code."""
        try:
            if self.streams is None:
                self.streams = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self.streams
            writer.write(self.request)
            head = await reader.readuntil(b"\r\n\r\n")
            code = int(head[9:12])
            if code != 204:  # No Content
                await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            return code
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def load(port: int, path: str, rate: float, seconds: float) -> tuple[list[float], int]:
    """Ask at a fixed rate; the seconds from due to answered, and how many got no good answer within ten seconds."""
    idle: asyncio.LifoQueue[Client] = asyncio.LifoQueue()
    clients = [Client(port, path) for _number in range(CONNECTIONS)]
    for client in clients:
        idle.put_nowait(client)
    times: list[float] = []
    failed = 0

    async def one(due: float) -> None:
        nonlocal failed
        try:
            async with asyncio.timeout_at(due + 10):
                client = await idle.get()
                try:
                    code = await client.ask()
                finally:
                    idle.put_nowait(client)
        except (OSError, TimeoutError, ValueError, IndexError, asyncio.IncompleteReadError):
            failed += 1
            return
        times.append(asyncio.get_running_loop().time() - due)
        failed += code not in (200, 204)

    loop = asyncio.get_running_loop()
    began = loop.time() + 0.1
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            due = began + number / rate
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            group.create_task(one(due))
    for client in clients:
        client.close()
    return times, failed


def percentile(times: list[float], part: float) -> float:
    ordered = sorted(times)
    return round(1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))], 2) if ordered else float("nan")


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# -- the servers


@contextlib.contextmanager
def running(argv: list[str], directory: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(argv, cwd=directory, stdout=log, stderr=log, start_new_session=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def await_port(port: int) -> None:
    end = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > end:
            raise SystemExit(f"Nothing listens on port {port} after 60 s.")
        time.sleep(0.05)


@contextlib.contextmanager
def databases(directory: Path) -> Iterator[tuple[str, str]]:
    """A Redis and a PostgreSQL; their addresses."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not homes or not shutil.which("redis-server"):
        raise SystemExit("This needs PostgreSQL and Redis: apt-get install postgresql redis-server")
    for name in ("redis", "postgresql"):
        (directory / name).mkdir()
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        directory.chmod(0o755)
        shutil.chown(directory / "postgresql", user)
    data = directory / "postgresql" / "data"
    subprocess.run(
        [str(homes[0] / "initdb"), "-D", str(data), "-U", "app", "--auth=trust"],
        user=user, cwd=directory / "postgresql", check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    ports = free_port(), free_port()
    redis = [shutil.which("redis-server") or "", "--port", str(ports[0]), "--save", "", "--maxclients", "10000"]
    postgresql = [
        str(homes[0] / "postgres"), "-D", str(data), "-p", str(ports[1]), "-k", str(directory / "postgresql"),
        "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100",
    ]  # fmt: skip
    with running(redis, directory / "redis"), running(postgresql, directory / "postgresql", user=user):
        for port in ports:
            await_port(port)
        yield f"redis://127.0.0.1:{ports[0]}/0", f"postgresql://app@127.0.0.1:{ports[1]}/postgres"


async def connections(redis_url: str, postgresql_url: str) -> tuple[int, int]:
    """How many connections each database took so far, by its own count, without those of this function."""
    import asyncpg
    from redis.asyncio import Redis

    client = Redis.from_url(redis_url, protocol=2, single_connection_client=True)
    taken = int((await client.info("stats"))["total_connections_received"])
    await client.aclose()
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await asyncpg.connect(postgresql_url)
                break
            except asyncpg.TooManyConnectionsError:  # the peer's are still there
                await asyncio.sleep(0.5)
    await connection.fetch("SELECT pg_stat_clear_snapshot()")
    sessions = int(await connection.fetchval("SELECT sum(sessions) FROM pg_stat_database"))
    await connection.close()
    await asyncio.sleep(0.5)
    return taken - 1, sessions


@contextlib.asynccontextmanager
async def ours(directory: Path, redis_url: str, postgresql_url: str) -> AsyncIterator[tuple[int, str, int]]:
    port = free_port()
    config = {
        "service": "benchmark",
        "listen": {"port": port},
        "interval": 5,
        "checks": [
            {"name": "redis", "type": "redis", "url": redis_url},
            {"name": "postgresql", "type": "postgresql", "dsn": postgresql_url},
        ],
    }
    (directory / "config.yml").write_text(json.dumps(config))
    argv = [sys.executable, "-m", "kumawatch_health", "--config", str(directory / "config.yml"), "serve"]
    with running(argv, directory) as process:
        await_port(port)
        yield port, "/health", process.pid


@contextlib.asynccontextmanager
async def peer(directory: Path, redis_url: str, postgresql_url: str) -> AsyncIterator[tuple[int, str, int]]:
    port = free_port()
    (directory / "peer.py").write_text(PEER)
    argv = [PEER_PYTHON, "-m", "uvicorn", "peer:app", "--port", str(port), "--no-access-log"]
    environment = {**os.environ, "REDIS": redis_url, "POSTGRESQL": postgresql_url}
    with running(argv, directory, env=environment) as process:
        await_port(port)
        yield port, "/health/readiness", process.pid


SERVERS = {"kumawatch-health": ours, "fast-healthchecks on FastAPI": peer}


async def measure(name: str, urls: tuple[str, str], directory: Path, rate: float, seconds: float) -> Measured:
    async with SERVERS[name](directory, *urls) as (port, path, pid):
        await load(port, path, 20, 1)  # it has imported and found everything by then
        before = await connections(*urls)
        used = cpu(pid)
        times, failed = await load(port, path, rate, seconds)
        used = cpu(pid) - used
        after = await connections(*urls)
        status = Path(f"/proc/{pid}/status").read_text()
        resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return Measured(
        name, rate, len(times), failed, percentile(times, 0.5), percentile(times, 0.99), percentile(times, 1.0),
        after[0] - before[0] - 1, after[1] - before[1] - 1, round(resident, 1),
        round(1000 * used / max(1, len(times)), 3),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=1000, help="requests a second")
    parser.add_argument("--seconds", type=float, default=15, help="how long each run is")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the results there, too")
    options = parser.parse_args()
    if find_spec("kumawatch_health") is None:
        raise SystemExit("Run it with .cache/health/bin/python, which `make test STEPS=health` makes.")
    names = [name for name in SERVERS if "FastAPI" not in name or PEER_PYTHON]
    if len(names) == 1:
        print("No peer: KUMAWATCH_PEER_PYTHON names none.")
    results = []
    with tempfile.TemporaryDirectory(prefix="kumawatch-bench-") as place, databases(Path(place)) as urls:
        for number in range(options.rounds):
            for name in names:
                directory = Path(place) / f"{number}-{names.index(name)}"
                directory.mkdir()
                made = asyncio.run(measure(name, urls, directory, options.rate, options.seconds))
                results.append(made)
                print(
                    f"{made.server}: {made.answered} answers at {made.rate:g}/s, {made.failed} failed; "
                    f"p50 {made.p50} ms, p99 {made.p99} ms, worst {made.worst} ms; connections: Redis "
                    f"{made.redis_connections}, PostgreSQL {made.postgresql_connections}; {made.resident_mib} MiB; "
                    f"{made.cpu_ms} ms of processor an answer",
                    flush=True,
                )
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")


if __name__ == "__main__":
    main()
