# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Uptime Kuma servers, and modules that run against them as Ansible runs them.

Which server:

* nothing set: the lab's (npm's snapshot), installed once into the lab's cache, started for the tests with data of its
  own;
* ``KUMAWATCH_KUMA_DIR``: another installation of Uptime Kuma, started in its place, e.g. a build of release 2.5.3;
* ``KUMAWATCH_KUMA_URL``, ``KUMAWATCH_KUMA_USERNAME``, ``KUMAWATCH_KUMA_PASSWORD``: a server that runs already. It is
  emptied before each test! Tests that start, stop or kill a server are skipped.

Which AWS: the lab's stand-in, started for the tests and emptied before each; or the endpoint that
``KUMAWATCH_AWS_ENDPOINT_URL`` names, with the credentials of the environment. That one is not emptied, and tests that
need an empty account or the stand-in's switches (the fixture ``aws``) are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import Connection, KumaClient, connect
from lab.aws import testing as aws_testing
from lab.kuma import DATABASE, install, package_directory
from lab.node import find_node
from lab.paths import Paths
from lab.process import free_port
from tests.integration.runner import Runner

if TYPE_CHECKING:
    from .life import Life

ROOT = Path(__file__).resolve().parents[2]
USERNAME = "admin"
PASSWORD = "correct horse 1"
LISTS = ("monitors", "notifications", "proxies", "docker_hosts", "maintenances", "status_pages")

Result = dict[str, Any]


@dataclass
class Server:
    """One Uptime Kuma, ours to start and to kill unless it is ``external``."""

    url: str
    username: str = USERNAME
    password: str = PASSWORD
    data: Path | None = None
    program: Path | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    #: Of the first login. The server takes only 20 logins by password a minute, but any number by token.
    token: str | None = field(default=None, repr=False)

    @property
    def external(self) -> bool:
        return self.program is None

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def connection(self) -> Connection:
        return Connection(self.url, self.username, self.password, self.token)

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self.program is not None and self.data is not None
        node = find_node()
        log = (self.data / "server.log").open("ab")
        self.process = subprocess.Popen(
            [str(node.path), "server/server.js"],
            cwd=self.program,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "UPTIME_KUMA_HOST": "127.0.0.1",
                "UPTIME_KUMA_PORT": str(self.port),
                "DATA_DIR": f"{self.data}/",
                "NODE_ENV": "production",
            },
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/api/entry-page", timeout=2):
                    return
            except OSError:
                assert self.process.poll() is None, (self.data / "server.log").read_text()[-2000:]
                assert time.monotonic() < deadline, "Uptime Kuma did not start within 60 s"
                time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it; ``SIGKILL`` as a crash does."""
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
            self.process = None

    def discard(self) -> None:
        """End it and remove its data. It gets no time to close its connections, which takes it four seconds."""
        self.stop(signal.SIGKILL)
        if self.data is not None:
            shutil.rmtree(self.data, ignore_errors=True)

    def talk(self, work: Callable[[KumaClient], Coroutine[Any, Any, Any]]) -> Any:
        """Do something on the server by hand, as somebody in the UI would."""

        async def session() -> Any:
            async with connect(self.connection, LISTS) as client:
                self.token = await client.session_token()
                return await work(client)

        return asyncio.run(session())

    def call(self, event: str, *args: Any) -> Result:
        """Send one event by hand."""
        return self.talk(lambda client: client.call(event, *args))

    def set_up(self) -> None:
        """Create the first user."""

        async def session() -> None:
            async with connect(self.connection, login=False) as client:
                if "setup" in client._announced:
                    await client.call("setup", self.username, self.password)

        asyncio.run(session())

    @property
    def version(self) -> tuple[int, int, int]:
        async def ask(client: KumaClient) -> tuple[int, int, int]:
            return client.version

        return self.talk(ask)

    def monitors(self) -> dict[str, dict[str, Any]]:
        """The server's JSON of every monitor, by path."""
        from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.paths import label, paths

        async def ask(client: KumaClient) -> dict[str, dict[str, Any]]:
            monitors = client.state.monitors or {}
            return {label(path): monitors[ident] for ident, path in paths(monitors).items()}

        return self.talk(ask)


def _program() -> Path:
    named = os.environ.get("KUMAWATCH_KUMA_DIR")
    if named:
        return Path(named)
    paths = Paths.from_environment()
    install(paths, find_node(), lambda text: print(text, file=sys.stderr))
    return package_directory(paths)


def _start(directory: Path, *, wizard: bool = False) -> Server:
    program = _program()
    directory.mkdir(parents=True)
    if not wizard:
        (directory / "db-config.json").write_text(json.dumps(DATABASE))
    server = Server(f"http://127.0.0.1:{free_port()}", data=directory, program=program)
    server.start()
    return server


@pytest.fixture(scope="session")
def _session_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if os.environ.get("KUMAWATCH_KUMA_URL"):
        yield Server(
            os.environ["KUMAWATCH_KUMA_URL"],
            os.environ["KUMAWATCH_KUMA_USERNAME"],
            os.environ["KUMAWATCH_KUMA_PASSWORD"],
        )
        return
    server = _start(tmp_path_factory.mktemp("kuma") / "data")
    try:
        server.set_up()
        yield server
    finally:
        server.discard()


async def _empty(client: KumaClient) -> None:
    state = client.state
    if client.version >= (2, 0, 0):
        await client.wait_for("remote_browsers")
    for slug in [page["slug"] for page in (state.status_pages or {}).values()]:
        await client.call("deleteStatusPage", slug)
    for ident in list(state.monitors or ()):
        await client.delete_monitor(ident)
    for event, items in (
        ("deleteMaintenance", state.maintenances),
        ("deleteNotification", state.notifications),
        ("deleteProxy", state.proxies),
        ("deleteDockerHost", state.docker_hosts),
        ("deleteRemoteBrowser", state.remote_browsers),
    ):
        for ident in list(items or ()):
            await client.call(event, ident)
    for tag in (await client.call("getTags"))["tags"]:
        await client.call("deleteTag", tag["id"])


@pytest.fixture
def kuma(_session_server: Server) -> Server:
    """A server with a user and nothing else on it."""
    if _session_server.process is None and not _session_server.external:
        _session_server.start()
    _session_server.talk(_empty)
    return _session_server


@pytest.fixture
def settings_kept(kuma: Server) -> Iterator[None]:
    """Puts the settings back after the test: tests share the server, and emptying it does not touch them."""
    before = kuma.call("getSettings")["data"]
    yield
    after = kuma.call("getSettings")["data"]
    defaults = {
        "entryPage": "dashboard",
        "nscd": True,
        "tlsExpiryNotifyDays": [7, 14, 21],
        "domainExpiryNotifyDays": [7, 14, 21],
        "checkUpdate": True,
    }
    missing = {key: defaults.get(key) for key in after if key not in before}
    kuma.call("setSettings", {**missing, **before}, kuma.password)


@pytest.fixture
def own_kuma(tmp_path: Path) -> Iterator[Server]:
    """A server with a user, for this test alone: it may be stopped, killed and spoilt."""
    yield from _own(tmp_path, set_up=True)


@pytest.fixture
def fresh_kuma(tmp_path: Path) -> Iterator[Server]:
    """A server without a user, for this test alone."""
    yield from _own(tmp_path, set_up=False)


@pytest.fixture
def wizard_kuma(tmp_path: Path) -> Iterator[Server]:
    """A server whose database is still to be chosen. 1.23 has no such wizard."""
    yield from _own(tmp_path, set_up=False, wizard=True)


def _own(tmp_path: Path, *, set_up: bool, wizard: bool = False) -> Iterator[Server]:
    if os.environ.get("KUMAWATCH_KUMA_URL"):
        pytest.skip("the server named by KUMAWATCH_KUMA_URL is not ours to start and stop")
    server = _start(tmp_path / "own-kuma", wizard=wizard)
    try:
        if set_up:
            server.set_up()
        yield server
    finally:
        server.discard()


@pytest.fixture(scope="session")
def _runner() -> Iterator[Runner]:
    runner = Runner(ROOT)
    yield runner
    runner.close()


RunModule = Callable[..., Result]


@pytest.fixture
def run_module(request: pytest.FixtureRequest, _runner: Runner) -> RunModule:
    """``run_module(name, params, check=False, diff=True, server=None, login=True, env=None)`` → the module's result.

    The ``params`` of modules for Uptime Kuma (``kuma_…``) go over the login to ``server``, the fixture ``kuma`` unless
    given. Other modules need no server and bring their own connection, in ``params`` or in ``env``: environment
    variables of this run alone. None of ours that names a server or an account is passed on. The result has
    ``failed: true`` on failure.
    """

    def run(
        name: str,
        params: dict[str, Any],
        *,
        check: bool = False,
        diff: bool = True,
        server: Server | None = None,
        login: bool = True,
        env: dict[str, str] | None = None,
    ) -> Result:
        arguments: dict[str, Any] = {}
        if server is None and name.startswith("kuma_"):
            server = request.getfixturevalue("kuma")
        if server is not None:
            arguments["api_url"] = server.url
            if login:
                arguments.update(api_username=server.username, api_password=server.password)
                if server.token and name != "kuma_setup" and not {"api_username", "api_password"} & params.keys():
                    arguments["api_token"] = server.token
        arguments.update(params)
        arguments.update(_ansible_check_mode=check, _ansible_diff=diff)
        stdout, stderr, _status = _runner.run(name, arguments, env)
        try:
            result: Result = json.loads(stdout)
        except ValueError:
            pytest.fail(f"{name} printed no JSON but {stdout[-500:]!r} and {stderr[-2000:]!r}")
        assert "Traceback" not in stderr, stderr
        result.setdefault("failed", False)
        return result

    return run


@pytest.fixture(scope="session")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aws_testing.Aws]:
    """The AWS to test against, as the last test left it."""
    with aws_testing.serve(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.fixture
def aws(aws_server: aws_testing.Aws) -> aws_testing.Aws:
    """An empty account on the stand-in."""
    if not aws_server.stand_in:
        pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to empty, and has no switches for tests")
    aws_server.reset()
    return aws_server


@pytest.fixture
def run_aws(run_module: RunModule, aws: aws_testing.Aws) -> RunModule:
    """``run_aws(name, params, check=False, diff=True, env=None)`` → the result of a module run in that account."""

    def run(name: str, params: dict[str, Any], **more: Any) -> Result:
        connection = {
            "endpoint_url": aws.url,
            "region": aws.region,
            "access_key": aws.credentials["AWS_ACCESS_KEY_ID"],
            "secret_key": aws.credentials["AWS_SECRET_ACCESS_KEY"],
        }
        result = run_module(name, {**connection, **params}, **more)
        assert "deprecations" not in result, result["deprecations"]
        # From 2.20 on, ansible-core wraps what the controller unwraps.
        result["warnings"] = [
            warning["event"]["msg"] if isinstance(warning, dict) else warning for warning in result.get("warnings", ())
        ]
        return result

    return run


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """An environment that is lived once; its servers are its own, since others are emptied before each test."""
    from .chat import Chat
    from .life import Life

    directory = tmp_path_factory.mktemp("life")
    chat = Chat(directory / "chat", free_port())
    with aws_testing.serve(directory) as aws:
        if not aws.stand_in or os.environ.get("KUMAWATCH_KUMA_URL"):
            pytest.skip("the servers that KUMAWATCH_AWS_ENDPOINT_URL and KUMAWATCH_KUMA_URL name are not ours to empty")
        kuma = _start(directory / "kuma")
        try:
            kuma.set_up()
            chat.start()
            found = Life(aws, kuma, chat, directory)
            with found.reporting():
                yield found
        finally:
            chat.stop()
            kuma.discard()
