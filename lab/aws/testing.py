# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests: a stand-in of one's own, or the endpoint that KUMAWATCH_AWS_ENDPOINT_URL names.

A conftest.py makes its fixtures of this:

    @pytest.fixture(scope="session")
    def aws_server(tmp_path_factory):
        with lab.aws.testing.serve(tmp_path_factory.mktemp("aws")) as server:
            yield server

    @pytest.fixture
    def aws(aws_server):
        aws_server.reset()
        return aws_server
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.aws import install
from lab.paths import Paths
from lab.process import free_port
from lab.supervise import environment

ENDPOINT_VARIABLE = "KUMAWATCH_AWS_ENDPOINT_URL"


@dataclass
class Aws:
    """An AWS to test against: ``url`` is its endpoint; ``stand_in`` tells whether the lab's switches are there."""

    url: str
    region: str
    credentials: dict[str, str]
    stand_in: bool
    log: Path | None = None
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, **more: Any) -> Any:
        """A boto3 client; those without further options are kept."""
        import boto3

        if not more and service in self.clients:
            return self.clients[service]
        made = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=more.pop("region_name", self.region),
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            **more,
        )
        if not more:
            self.clients[service] = made
        return made

    @property
    def environment(self) -> dict[str, str]:
        """What a child process needs to use this AWS."""
        return {
            **self.credentials,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def call(self, method: str, path: str, value: Any = None) -> Any:
        """One of the lab's own requests."""
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read() or b"null")

    def reset(self) -> None:
        """Forget everything: resources, faults, the log of requests, the clock."""
        self.call("POST", "/_ministack/reset", {})

    def faults(self, *rules: dict[str, Any]) -> Any:
        """Order faults."""
        return self.call("POST", "/_lab/faults", list(rules))

    def no_faults(self) -> None:
        self.call("DELETE", "/_lab/faults")

    def requests(self, service: str = "", operation: str = "") -> list[dict[str, Any]]:
        """The requests since the last reset, of one service and operation where named."""
        return [
            entry
            for entry in self.call("GET", "/_lab/requests")
            if service in ("", entry["service"]) and operation in ("", entry["operation"])
        ]

    def forget_requests(self) -> None:
        self.call("DELETE", "/_lab/requests")

    def evaluate(self, at: float | str | None = None) -> Any:
        """Evaluate all alarms now, or at a moment, which the alarms' clock then goes on from."""
        return self.call("POST", "/_lab/evaluate", {} if at is None else {"at": at})


def external() -> Aws | None:
    """The endpoint that the environment names, with the environment's own credentials."""
    url = os.environ.get(ENDPOINT_VARIABLE, "").rstrip("/")
    if not url:
        return None
    credentials = {name: os.environ.get(name, "test") for name in install.CREDENTIALS}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or install.REGION
    return Aws(url, region, credentials, stand_in=False)


@contextlib.contextmanager
def serve(directory: Path, port: int = 0) -> Iterator[Aws]:
    """Start a stand-in with its state in ``directory``, and stop it at the end; or use the endpoint that is named."""
    named = external()
    if named is not None:
        yield named
        return
    paths = Paths.from_environment()
    install.install(paths, lambda text: None)
    state = directory / "state"
    install.prepare(state)
    port = port or free_port()
    log = directory / "aws.log"
    with log.open("ab") as output:
        child = subprocess.Popen(
            install.command(paths, port, state),
            cwd=install.CHECKOUT,
            env=environment(install.variables(port, state)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 30
        while wrong := install.probe(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the AWS stand-in did not start: {wrong}; {log.read_text()[-2000:]}")
            time.sleep(0.02)
        yield Aws(f"http://127.0.0.1:{port}", install.REGION, dict(install.CREDENTIALS), True, log)
    finally:
        stop(child)


def stop(child: subprocess.Popen[bytes]) -> None:
    """End the stand-in and what it started: SIGTERM, so that it saves its state, and SIGKILL after a while."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, sign)
        try:
            child.wait(8)
        except subprocess.TimeoutExpired:
            continue
        if sign is signal.SIGTERM:
            # Lambdas that are still at work were in the same group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        return
