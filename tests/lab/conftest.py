# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's tests share: a lab of their own, a chat space in this process, a browser."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lab.aws.testing import Aws, serve
from lab.chat.server import ChatServer
from lab.paths import CHECKOUT, Paths

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def missing(what: str) -> None:
    """Skip the test because something is not installed; fail it where everything has to be."""
    if os.environ.get("KUMAWATCH_REQUIRE_ALL") == "1":
        pytest.fail(f"{what}, and KUMAWATCH_REQUIRE_ALL is set")
    pytest.skip(what)


def until(condition: Callable[[], Any], seconds: float = 20.0, what: str = "the condition") -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(0.05)
    return value


@pytest.fixture(name="until")
def _until() -> Callable[..., Any]:
    return until


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """The files of a lab of the test's own."""
    return Paths(tmp_path / "lab", tmp_path / "cache")


# -- a lab run by its commands, in a directory of its own


@dataclass
class LabCommand:
    """Runs ``python -m lab`` with a home and an environment of its own."""

    home: Path
    env: dict[str, str]

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "lab", *arguments],
            cwd=CHECKOUT,
            env={**self.env, **env},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str, ok: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **env) as process:
            out, err = process.communicate(timeout=900)
        done = subprocess.CompletedProcess(arguments, process.returncode, out, err)
        assert not ok or done.returncode == 0, f"lab {' '.join(arguments)}: {out}{err}"
        return done

    def read(self, name: str) -> Any:
        return json.loads((self.home / name).read_text())

    def record(self, part: str) -> dict[str, Any]:
        record: dict[str, Any] = self.read(f"parts/{part}.json")
        return record


def clean_environment(home: Path) -> dict[str, str]:
    """Our environment with nothing of another lab in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KUMAWATCH_")}
    shared = os.environ.get("KUMAWATCH_LAB_CACHE")
    return {**kept, "KUMAWATCH_LAB_DIR": str(home), **({"KUMAWATCH_LAB_CACHE": shared} if shared else {})}


@pytest.fixture
def real_lab(tmp_path: Path) -> Iterator[LabCommand]:
    """A lab with the real Uptime Kuma; it shares the installed server with other labs."""
    command = LabCommand(tmp_path / "lab", clean_environment(tmp_path / "lab"))
    yield command
    command("down", ok=False)


def lab_without_kuma(directory: Path) -> LabCommand:
    """A lab without an Uptime Kuma of its own: quick to start."""
    return LabCommand(
        directory / "lab",
        {
            **clean_environment(directory / "lab"),
            "KUMAWATCH_KUMA_URL": "http://kuma.invalid:3001",
            "KUMAWATCH_KUMA_USERNAME": "admin",
            "KUMAWATCH_KUMA_PASSWORD": "not-the-labs-own-1",
        },
    )


@pytest.fixture(scope="session")
def make_lab() -> Callable[[Path], LabCommand]:
    return lab_without_kuma


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabCommand]:
    """A lab of the test's own, without an Uptime Kuma of its own."""
    command = lab_without_kuma(tmp_path)
    yield command
    command("down", ok=False)


# -- a chat space in this process, whose clock the test turns

KEY, TOKEN, SPACE = "lab-key", "lab-token", "spaces/AAQAtest123"
SECRETS = {
    "key": KEY,
    "spaces": [
        {"name": SPACE, "title": "Alerts", "token": TOKEN},
        {"name": "spaces/AAQAother45", "title": "Reports", "token": "other-token"},
    ],
}


@dataclass
class Answer:
    """An HTTP answer: status, headers, body as JSON where it is."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Chat:
    """A running chat space and a client of its webhook."""

    base: str
    server: ChatServer
    now: list[float] = field(default_factory=list)

    def url(self, space: str = SPACE, **query: str | None) -> str:
        given = {name: value for name, value in {"key": KEY, "token": TOKEN, **query}.items() if value is not None}
        return f"{self.base}/v1/{space}/messages?{urllib.parse.urlencode(given)}"

    def call(
        self, method: str, url: str, data: bytes | None = None, content_type: str = "application/json; charset=UTF-8"
    ) -> Answer:
        request = urllib.request.Request(url, data, {"Content-Type": content_type}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                status, headers, raw = response.status, dict(response.headers), response.read()
        except urllib.error.HTTPError as exc:
            with exc:
                status, headers, raw = exc.code, dict(exc.headers), exc.read()
        try:
            return Answer(status, headers, json.loads(raw))
        except ValueError:
            return Answer(status, headers, raw.decode())

    def post(self, message: Any, space: str = SPACE, **query: str | None) -> Answer:
        return self.call("POST", self.url(space, **query), json.dumps(message).encode())

    def reply(self, message: Any, **query: str | None) -> Answer:
        return self.post(message, messageReplyOption="REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD", **query)

    def messages(self, space: str = SPACE) -> Any:
        return self.call("GET", f"{self.base}/messages?space={space}").body


class Loop:
    """An event loop in a thread, to serve from."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        async def cancel() -> None:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def serve_chat(tmp_path: Path) -> Iterator[Callable[..., Chat]]:
    """Start a chat space; called again, one that finds what the former kept. Its ``stop`` stops the one that runs."""
    loop = Loop()
    running: list[tuple[web.AppRunner, int]] = []

    async def begin(server: ChatServer, port: int) -> tuple[web.AppRunner, int]:
        runner = web.AppRunner(server.app(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        return runner, port or runner.addresses[0][1]

    def stop() -> None:
        while running:
            loop.run(running.pop()[0].cleanup())

    async def make(now: list[float]) -> ChatServer:
        return ChatServer(tmp_path / "chat", SECRETS, clock=lambda: now[0])

    def start(now: float | None = None, port: int = 0) -> Chat:
        port = port or (running[0][1] if running else 0)
        stop()
        moment = [time.time() if now is None else now]
        server = loop.run(make(moment))
        running.append(loop.run(begin(server, port)))
        return Chat(f"http://127.0.0.1:{running[0][1]}", server, moment)

    start.stop = stop  # type: ignore[attr-defined]
    yield start
    stop()
    loop.close()


@pytest.fixture
def chat(serve_chat: Callable[..., Chat]) -> Chat:
    return serve_chat()


# -- an AWS


@pytest.fixture(scope="session")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The stand-in for AWS, one for all tests; or the endpoint that KUMAWATCH_AWS_ENDPOINT_URL names."""
    with serve(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.fixture
def stand_in(aws_server: Aws) -> Aws:
    """The stand-in, empty; the test is skipped where another endpoint is named."""
    if not aws_server.stand_in:
        pytest.skip(
            "only the lab's stand-in for AWS can do this, and KUMAWATCH_AWS_ENDPOINT_URL names another endpoint"
        )
    aws_server.reset()
    return aws_server


@pytest.fixture
def aws(aws_server: Aws) -> Iterator[Aws]:
    """Any AWS. The stand-in is empty; elsewhere the alarms that the test made are removed after it."""
    if aws_server.stand_in:
        aws_server.reset()
    yield aws_server
    if not aws_server.stand_in:
        client = aws_server.client("cloudwatch")
        pages = client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix="kumawatch-contract/", AlarmTypes=["CompositeAlarm", "MetricAlarm"]
        )
        for page in pages:
            for alarm in [*page["CompositeAlarms"], *page["MetricAlarms"]]:
                client.delete_alarms(AlarmNames=[alarm["AlarmName"]])


# -- a real browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, the system's own. Of one module: while it is open, its event loop is in the way of asyncio.run()."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("Chromium is not installed (`apt-get install chromium`)")
    if importlib.util.find_spec("playwright") is None:
        missing("the Python package playwright is not installed (`pip install playwright`)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
