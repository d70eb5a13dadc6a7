# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ, replicas, name servers, containers, processes, and calls that hang: the real things, of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest
from kumawatch_health.checks.threads import in_thread
from kumawatch_health.config import parse
from kumawatch_health.monitor import Monitor
from kumawatch_health.results import Finding, Status

from .conftest import ENCODED, PASSWORD, Server, StartHealth, _served, _spawn, free_port, program, wait

# -- RabbitMQ


def test_rabbitmq_is_logged_in_to_and_its_queue_counted(rabbitmq: Server, start_health: StartHealth) -> None:
    import aio_pika

    async def send(count: int) -> None:
        async with await aio_pika.connect(rabbitmq.url) as connection:
            channel = await connection.channel()
            await channel.declare_queue("orders", durable=True)
            for _number in range(count):
                await channel.default_exchange.publish(aio_pika.Message(b"x"), "orders")

    asyncio.run(send(0))
    common = {"type": "rabbitmq", "timeout": 20}
    health = start_health(
        [
            {**common, "name": "broker", "url": rabbitmq.url},
            {**common, "name": "orders", "url": rabbitmq.url, "queue": "orders", "messages": {"warn": 2, "fail": 4}},
            {**common, "name": "nothing", "url": rabbitmq.url, "queue": "no-such"},
            {**common, "name": "stranger", "url": rabbitmq.url.replace("guest:guest", "guest:falsch-77")},
        ]
    )
    health.becomes("broker", "pass")
    health.becomes("orders", "pass")
    health.says("nothing", "no queue 'no-such'")
    health.becomes("stranger", "fail")
    assert "falsch-77" not in str(health.get()) + health.log()
    asyncio.run(send(3))
    health.says("orders", "3 messages wait in 'orders'")
    assert health.status("orders") == "warn"
    asyncio.run(send(2))
    health.becomes("orders", "fail")


# -- a replica of Redis


def test_a_replica_that_lost_its_primary_fails(redis: Server, tmp_path: Path, start_health: StartHealth) -> None:
    if redis.process is None:
        redis.start()
    port = free_port()
    argv = [
        program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD,
        "--masterauth", PASSWORD, "--replicaof", "127.0.0.1", str(redis.port), "--repl-timeout", "3",
    ]  # fmt: skip
    url = f"redis://:{ENCODED}@127.0.0.1:{port}/0"
    for replica in _served(Server(url, port, tmp_path, lambda: _spawn(argv, tmp_path))):
        health = start_health(
            [
                {
                    "name": "replica",
                    "type": "redis",
                    "url": replica.url,
                    "timeout": 10,
                    "replica_lag": {"warn": 30, "fail": 60},
                }
            ]
        )
        health.becomes("replica", "pass")
        assert health.entry("replica:replicaLag")["observedUnit"] == "s"
        redis.kill()
        try:
            health.says("replica", "the replica has lost its primary")
        finally:
            redis.start()
        health.becomes("replica", "pass")


# -- a name server


class NameServer:
    """Answers over UDP what ``records`` say: (name, type) → texts. Silent while ``silent``."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.silent = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                wire, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            if self.silent:
                continue
            query = dns.message.from_wire(wire)
            question = query.question[0]
            name, kind = question.name.to_text().rstrip("."), dns.rdatatype.to_text(question.rdtype)
            answer = dns.message.make_response(query)
            if (name, kind) in self.records:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *self.records[name, kind]))
            elif not any(known == name for known, _kind in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(), peer)


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.socket.close()


def test_names_are_asked_of_a_name_server(name_server: NameServer, start_health: StartHealth) -> None:
    name_server.records = {
        ("api.example.com", "A"): ["192.0.2.7", "192.0.2.8"],
        ("www.example.com", "CNAME"): ["API.example.com."],
    }
    common = {"type": "dns", "resolver": "127.0.0.1", "port": name_server.port, "timeout": 5}
    health = start_health(
        [
            {**common, "name": "any", "hostname": "api.example.com"},
            {**common, "name": "right", "hostname": "api.example.com", "expected": ["192.0.2.8"]},
            {**common, "name": "wrong", "hostname": "api.example.com", "expected": ["192.0.2.9"]},
            {
                **common,
                "name": "alias",
                "hostname": "www.example.com",
                "record_type": "CNAME",
                "expected": ["api.example.com."],
            },
            {**common, "name": "nothing", "hostname": "no.example.com"},
            {**common, "name": "empty", "hostname": "api.example.com", "record_type": "MX"},
        ]
    )
    for name in ("any", "right", "alias"):
        health.becomes(name, "pass")
    assert health.entry("any:records")["observedValue"] == "192.0.2.7, 192.0.2.8"
    health.says("wrong", "api.example.com is 192.0.2.7, 192.0.2.8, not 192.0.2.9")
    health.says("nothing", "there is no name no.example.com")
    health.says("empty", "api.example.com has no record of type MX")
    name_server.silent = True
    health.says("any", "no answer within 5 s")


# -- containers


def docker(*arguments: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.fixture
def docker_socket() -> str:
    """The socket of a Docker daemon that runs; without one the test is skipped."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not shutil.which("docker") or not host.startswith("unix://"):
        pytest.skip("no Docker with a Unix socket: install docker.io, or set DOCKER_HOST")
    if subprocess.run(["docker", "info"], capture_output=True, timeout=60, check=False).returncode:
        pytest.skip(f"no Docker daemon answers at {host}: start one, or set DOCKER_HOST")
    return host.removeprefix("unix://")


@pytest.fixture
def image(docker_socket: str) -> Iterator[str]:
    """An image of a shell and sleep, with the libraries of this machine that they need."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        files = {"/bin/sh", "/bin/sleep"}
        for file in sorted(files):
            libraries = subprocess.run(["ldd", file], capture_output=True, text=True, check=False).stdout
            files |= set(re.findall(r"(/\S+) \(0x", libraries))
        for file in sorted(files):
            archive.add(os.path.realpath(file), file.lstrip("/"))
    name = f"kumawatch-health-test:{uuid.uuid4().hex[:12]}"
    docker("import", "-", name, stdin=buffer.getvalue())
    yield name
    docker("rmi", "--force", name)


def test_containers_are_asked_after(image: str, docker_socket: str, start_health: StartHealth) -> None:
    name = f"kumawatch-health-{uuid.uuid4().hex[:12]}"
    health = start_health(
        [
            {"name": "app", "type": "docker", "container": name, "socket": docker_socket, "timeout": 20},
            {"name": "deaf", "type": "docker", "container": name, "socket": "/there/is/no/socket"},
        ]
    )
    health.says("app", f"there is no container '{name}'")
    health.becomes("deaf", "fail")
    docker(
        "run", "--detach", "--network", "none", "--name", name, "--init=false", "--health-interval", "1s",
        "--health-retries", "1", "--health-cmd", "test ! -e /bad", image, "/bin/sh", "-c", "while :; do sleep 1; done",
    )  # fmt: skip
    try:
        health.becomes("app", "pass")
        docker("exec", name, "/bin/sh", "-c", ": > /bad")
        health.says("app", "calls itself unhealthy")
        docker("kill", name)
        health.says("app", "is exited, exit code 137")
    finally:
        docker("rm", "--force", name)


# -- processes


def test_processes_are_told_by_name_command_line_and_pid_file(tmp_path: Path, start_health: StartHealth) -> None:
    mark = f"worker-{uuid.uuid4().hex}"
    workers = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", mark]) for _number in range(2)]
    try:
        (tmp_path / "right").write_text(f"{workers[0].pid}\n")
        (tmp_path / "reused").write_text(str(os.getpid()))
        (tmp_path / "junk").write_text("not a number")
        health = start_health(
            [
                {
                    "name": "two",
                    "type": "process",
                    "command_line": mark,
                    "count": {"warn": 2, "fail": 1},
                    "timeout": 20,
                },
                {
                    "name": "right",
                    "type": "process",
                    "pid_file": str(tmp_path / "right"),
                    "command_line": mark,
                    "timeout": 20,
                },
                {"name": "reused", "type": "process", "pid_file": str(tmp_path / "reused"), "command_line": mark},
                {"name": "junk", "type": "process", "pid_file": str(tmp_path / "junk")},
                {"name": "gone", "type": "process", "pid_file": str(tmp_path / "gone")},
            ]
        )
        health.becomes("two", "pass")
        health.becomes("right", "pass")
        for name in ("reused", "junk", "gone"):
            health.says(name, "no process of ")
        workers[0].kill()
        workers[0].wait()
        health.says("two", f"1 processes of {mark} run")
        health.becomes("right", "fail")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


# -- commands


def test_a_command_may_write_without_end(start_health: StartHealth) -> None:
    health = start_health(
        [
            {"name": "flood", "type": "command", "command": ["sh", "-c", "yes flood"], "timeout": 3},
            {
                "name": "long",
                "type": "command",
                "command": ["sh", "-c", "yes flood | head -c 50000000; exit 3"],
                "timeout": 30,
            },
        ]
    )
    health.says("flood", "no answer within 3 s")
    health.says("long", "it ended with 3: flood")
    status = Path(f"/proc/{health.process.pid}/status").read_text()
    assert int(status.split("VmRSS:")[1].split()[0]) < 60 * 1024


def test_what_a_command_leaves_running_ends_with_its_time(start_health: StartHealth) -> None:
    mark = f"left-{uuid.uuid4().hex}"
    # The shell ends at once; its child keeps the output open.
    health = start_health(
        [{"name": "left", "type": "command", "command": ["sh", "-c", f"sh -c 'sleep 600; : {mark}' &"], "timeout": 0.5,
          "interval": 600}]
    )  # fmt: skip
    health.says("left", "no answer within 0.5 s")
    wait(
        lambda: subprocess.run(["pgrep", "-f", mark], capture_output=True, check=False).returncode == 1,
        "no child is left",
    )


# -- calls and drivers that misbehave


def monitor_of(function: Any, **check: Any) -> Monitor:
    given = {"name": "x", "type": "disk", "timeout": 0.2, "interval": 0.1, **check}
    monitor = Monitor(parse(f"service: a\nchecks: [{given}]", {}))
    monitor._functions["x"] = function
    return monitor


def test_a_call_that_hangs_is_made_once_and_holds_up_nothing() -> None:
    release, calls = threading.Event(), []

    def hang() -> None:
        calls.append(1)
        release.wait(60)

    async def check(_check: Any) -> Finding:
        await in_thread("hangs", hang)
        return Finding()

    async def main() -> None:
        monitor = monitor_of(check)
        for _time in range(3):
            result = await monitor.run(monitor.config.checks[0])
            assert result.finding == Finding(Status.FAIL, "no answer within 0.2 s")
        release.set()
        while (await monitor.run(monitor.config.checks[0])).finding.status is not Status.PASS:
            await asyncio.sleep(0.05)

    asyncio.run(main())
    assert len(calls) == 2


def test_a_driver_that_ignores_its_cancellation_is_not_called_again_meanwhile() -> None:
    calls = []
    let_go = asyncio.Event()

    async def stubborn(_check: Any) -> Finding:
        calls.append(1)
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                pass
        return Finding()

    async def main() -> None:
        monitor = monitor_of(stubborn)
        check = monitor.config.checks[0]
        assert (await monitor.run(check)).finding.output == "no answer within 0.2 s"
        assert (await monitor.run(check)).finding.output == "an earlier run has not ended yet"
        assert len(calls) == 1
        let_go.set()
        await asyncio.sleep(0.05)
        assert (await monitor.run(check)).finding.status is Status.PASS

    asyncio.run(main())


def test_a_driver_that_cancels_itself_ends_no_loop() -> None:
    calls = []

    async def confused(_check: Any) -> Finding:
        calls.append(1)
        raise asyncio.CancelledError

    async def main() -> None:
        monitor = monitor_of(confused)
        monitor.start()
        async with asyncio.timeout(30):
            while len(calls) < 3:
                await asyncio.sleep(0.05)
        assert monitor.results()[0].finding.output == "the driver gave up"
        await monitor.stop()

    asyncio.run(main())


def test_stopping_waits_for_nobody_for_long() -> None:
    let_go = asyncio.Event()

    async def stubborn(_check: Any) -> Finding:
        while not let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await let_go.wait()
        return Finding()

    async def main() -> float:
        monitor = monitor_of(stubborn, timeout=60)
        monitor.start()
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await monitor.stop()
        took = time.monotonic() - began
        let_go.set()
        return took

    assert asyncio.run(main()) < 5
