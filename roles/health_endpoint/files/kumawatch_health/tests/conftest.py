# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real PostgreSQL, MariaDB, Redis and RabbitMQ servers of this machine's packages, each started for the tests in a
directory of its own, and the health service as a process.

``KUMAWATCH_REQUIRE_ALL=1`` fails where a server is not installed, instead of skipping.
"""

from __future__ import annotations

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
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "gehe!m-99"
ENCODED = "gehe%21m-99"
PACKAGES = {
    "postgres": "postgresql",
    "mariadbd": "mariadb-server",
    "redis-server": "redis-server",
    "rabbitmq-server": "rabbitmq-server",
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def program(name: str, *directories: str) -> str:
    """The path of a server's program; without it the test is skipped, or fails where everything is required."""
    path = os.pathsep.join([*directories, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found:
        return found
    reason = f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}"
    if os.environ.get("KUMAWATCH_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def wait(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


@dataclass
class Server:
    """A server that tests may freeze, thaw and kill."""

    url: str
    port: int
    directory: Path
    start_command: Callable[[], subprocess.Popen[bytes]] = field(repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self.process = self.start_command()
        wait(self.listens, f"port {self.port}")

    def listens(self) -> bool:
        assert self.process is None or self.process.poll() is None, f"the server ended: {self.said()}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def said(self) -> str:
        with contextlib.suppress(OSError):
            return (self.directory / "log").read_text(errors="replace")[-2000:]
        return ""

    def send(self, what: signal.Signals) -> None:
        """To the server and its children."""
        assert self.process is not None
        os.killpg(self.process.pid, what)

    def freeze(self) -> None:
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.send(signal.SIGKILL)
            self.process.wait(10)
            self.process = None


def _spawn(
    argv: list[str], directory: Path, user: str | None = None, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with (directory / "log").open("ab") as log:
        return subprocess.Popen(
            argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, user=user,
            env=environment,
        )  # fmt: skip


def _owner(directory: Path, name: str) -> str | None:
    """The user to run a server as that refuses to be root's; the directory becomes theirs."""
    if os.geteuid() != 0:
        return None
    shutil.chown(directory, name)
    return name


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """Where the servers have their data. Not in pytest's directory, which is for its user alone: every run of pytest
    on the machine takes its rights from others again.
    """
    with tempfile.TemporaryDirectory(prefix="kumawatch-health-", ignore_cleanup_errors=True) as made:
        os.chmod(made, 0o755)  # noqa: S103 - other users than ours run servers in it
        yield Path(made)


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


@pytest.fixture(scope="session")
def postgresql(place: Path) -> Iterator[Server]:
    directory = _made(place / "postgresql")
    homes = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    initdb, postgres = program("initdb", *homes), program("postgres", *homes)
    if homes:  # the packaged one, not some other of that name on the PATH
        initdb, postgres = f"{homes[0]}/initdb", f"{homes[0]}/postgres"
    user = _owner(directory, "postgres")
    secret = directory / "password"
    secret.write_text(PASSWORD)
    if user:
        shutil.chown(secret, user)
    made = subprocess.run(
        [
            initdb,
            "-D",
            str(directory / "data"),
            "-U",
            "app",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "-E",
            "UTF8",
        ],
        user=user,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    port = free_port()
    argv = [
        postgres, "-D", str(directory / "data"), "-p", str(port), "-k", str(directory),
        "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20",
    ]  # fmt: skip
    yield from _served(
        Server(
            f"postgresql://app:{ENCODED}@127.0.0.1:{port}/postgres",
            port,
            directory,
            lambda: _spawn(argv, directory, user),
        )
    )


@pytest.fixture(scope="session")
def mariadb(place: Path) -> Iterator[Server]:
    directory = _made(place / "mariadb")
    server, install = program("mariadbd"), program("mariadb-install-db")
    user = _owner(directory, "mysql")
    data = directory / "data"
    made = subprocess.run(
        [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
        user=user,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    port = free_port()
    init = directory / "init.sql"
    init.write_text(f"CREATE USER IF NOT EXISTS 'app'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n")
    if user:
        shutil.chown(init, user)
    argv = [
        server, "--no-defaults", f"--datadir={data}", f"--socket={directory / 'sock'}", f"--port={port}",
        "--bind-address=127.0.0.1", f"--init-file={init}", "--skip-name-resolve", "--innodb-buffer-pool-size=8M",
    ]  # fmt: skip
    yield from _served(
        Server(f"mysql://app:{ENCODED}@127.0.0.1:{port}", port, directory, lambda: _spawn(argv, directory, user))
    )


@pytest.fixture(scope="session")
def redis(place: Path) -> Iterator[Server]:
    directory = _made(place / "redis")
    port = free_port()
    argv = [
        program("redis-server"),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--requirepass",
        PASSWORD,
    ]
    yield from _served(
        Server(f"redis://:{ENCODED}@127.0.0.1:{port}/0", port, directory, lambda: _spawn(argv, directory))
    )


@pytest.fixture(scope="session")
def rabbitmq(place: Path) -> Iterator[Server]:
    directory = _made(place / "rabbitmq")
    # Not the packaged wrapper, which would become another user and use the machine's own directories.
    server = program("rabbitmq-server", "/usr/lib/rabbitmq/bin")
    if Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists():
        server = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    port, names, nodes = free_port(), free_port(), free_port()
    (directory / "plugins").write_text("[].\n")
    (directory / "rabbitmq.conf").write_text("log.console = true\nlog.file = false\n")
    environment = {
        **os.environ,
        "HOME": str(directory),
        "ERL_EPMD_PORT": str(names),  # a name server of our own, which ends with the tests
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"kumawatch{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(nodes),
        "RABBITMQ_MNESIA_BASE": str(directory / "data"),
        "RABBITMQ_LOG_BASE": str(directory),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
    }
    try:
        yield from _served(
            Server(
                f"amqp://guest:guest@127.0.0.1:{port}/",
                port,
                directory,
                lambda: _spawn([server], directory, environment=environment),
            )
        )
    finally:
        # It stays as long as it has not noticed that the broker is gone.
        end = time.monotonic() + 20
        argv = ["epmd", "-port", str(names), "-kill"]
        while time.monotonic() < end:
            stopped = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
            if "living nodes" not in stopped.stdout + stopped.stderr:
                break
            time.sleep(0.2)


def _served(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        if server.process is not None:
            with contextlib.suppress(ProcessLookupError):
                server.thaw()
        server.kill()


@dataclass
class Health:
    """The health service, running."""

    directory: Path
    port: int
    token: str
    process: subprocess.Popen[bytes]

    def get(
        self, path: str = "/health", *, token: bool = True, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status code and document."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers or {})
        if token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                code, body, kind = answer.status, answer.read(), answer.headers.get_content_type()
        except urllib.error.HTTPError as error:
            code, body, kind = error.code, error.read(), error.headers.get_content_type()
        return code, json.loads(body) if kind.endswith("json") else body.decode()

    def entry(self, component: str) -> dict[str, Any]:
        """One entry of the document's checks."""
        entries: list[dict[str, Any]] = self.get()[1]["checks"][component]
        return entries[0]

    def status(self, name: str) -> str:
        return str(self.entry(f"{name}:responseTime")["status"])

    def becomes(self, name: str, status: str, seconds: float = 90) -> None:
        """Wait until the check has this status; patiently, since the machine may be busy."""
        wait(lambda: self.status(name) == status, f"{name} is {status}", seconds)

    def says(self, name: str, text: str) -> None:
        """Wait until the check's output holds this."""
        wait(
            lambda: text in self.entry(f"{name}:responseTime").get("output", ""),
            f"{name} says '{text}' and not {self.entry(f'{name}:responseTime')}",
        )

    def log(self) -> str:
        return (self.directory / "log").read_text()


StartHealth = Callable[..., Health]


@pytest.fixture
def start_health(tmp_path: Path) -> Iterator[StartHealth]:
    """``start_health(checks, **top)`` → the service with these checks, ready."""
    started: list[Health] = []

    def start(checks: list[dict[str, Any]], *, environment: dict[str, str] | None = None, **top: Any) -> Health:
        directory = tmp_path / f"health-{len(started)}"
        directory.mkdir()
        token, port = "0123456789abcdef-token", free_port()
        config = {
            "service": "api",
            "listen": {"host": "127.0.0.1", "port": port},
            "interval": 0.5,
            "details": {"tokens": [token], "networks": []},
            "checks": checks,
            **top,
        }
        (directory / "config.yml").write_text(json.dumps(config))
        process = _spawn(
            [sys.executable, "-m", "kumawatch_health", "--config", str(directory / "config.yml"), "serve"],
            directory,
            environment={**os.environ, **(environment or {})},
        )
        health = Health(directory, port, token, process)
        started.append(health)

        def ready() -> bool:
            assert process.poll() is None, health.log()
            with contextlib.suppress(OSError):
                return health.get("/livez")[0] == 200
            return False

        wait(ready, "the service")
        return health

    yield start
    for health in started:
        if health.process.poll() is None:
            health.process.terminate()
            health.process.wait(30)
