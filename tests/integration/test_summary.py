# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daily summary: services that really go down and up, measured by a real server, told by the command, posted."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import Connection, KumaClient, connect
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.beats import beats
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.cli import summarise
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.config import Config, read_config
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import Digest, Service
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.gather import LISTS, RECORD, gather, pushed
from lab.chat.server import ChatServer

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "ansible_collections.kumawatch.monitoring.plugins.module_utils._summary"
SPACE = "spaces/AAQAsummary"

pytestmark = pytest.mark.slow


# -- services that can be broken


class Target:
    """An HTTP server whose paths answer 200, or 503 while they are in ``broken``."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.broken: set[str] = set()
        broken = self.broken

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                time.sleep(0.05 if self.path == "/slow" else 0)
                self.send_response(503 if self.path in broken else 200)
                self.end_headers()
                self.wfile.write(b"here")

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


@pytest.fixture
def secure_target(tmp_path: Path) -> Iterator[Target]:
    """The same over TLS, with a certificate of its own that expires in 10 days."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, so there is no certificate to watch")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 10 -subj /CN=localhost -keyout {key} -out {cert}".split(),
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    made = Target(context)
    yield made
    made.close()


# -- the server that watches them


@dataclass
class Watched:
    """An Uptime Kuma and the ids of what it watches, by name."""

    server: Any
    interval: int
    idents: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, url: str = "", *, parent: str | None = None, marked: bool = True, **fields: Any) -> int:
        """Add a monitor by hand, as the UI does."""

        async def work(client: KumaClient) -> int:
            monitor = {
                "type": "http", "name": name, "url": url, "method": "GET", "active": True,
                "parent": self.idents[parent] if parent else None,
                "interval": self.interval, "retryInterval": self.interval, "resendInterval": 0, "maxretries": 0,
                "timeout": 10, "maxredirects": 3, "accepted_statuscodes": ["200-299"], "notificationIDList": {},
                "ignoreTls": False, "upsideDown": False, "expiryNotification": False,
                "kafkaProducerBrokers": [], "kafkaProducerSaslOptions": {"mechanism": "None"},
                **({"conditions": [], "rabbitmqNodes": []} if client.version >= (2, 0, 0) else {}),
                **fields,
            }  # fmt: skip
            ident = int((await client.call("add", monitor))["monitorID"])
            if marked:
                tags = (await client.call("getTags"))["tags"]
                found = [tag["id"] for tag in tags if tag["name"] == "managed-by"]
                if not found:
                    tag = await client.call("addTag", {"name": "managed-by", "color": "#4B5563"})
                    found = [tag["tag"]["id"]]
                await client.call("addMonitorTag", found[0], ident, "kumawatch")
            return ident

        self.idents[name] = self.server.talk(work)
        return self.idents[name]

    def pause(self, *names: str) -> None:
        async def work(client: KumaClient) -> None:
            for name in names:
                await client.call("pauseMonitor", self.idents[name])

        self.server.talk(work)

    def services(self, config: Config) -> dict[str, Service]:
        """What is gathered, by name."""

        async def session() -> list[Service]:
            async with connect(self.server.connection, LISTS, record=RECORD) as client:
                return await gather(client, config, datetime.now(UTC))

        return {service.name: service for service in asyncio.run(session())}

    def until(self, config: Config, condition: Callable[[dict[str, Service]], bool]) -> dict[str, Service]:
        """Gather until ``condition`` holds; three intervals are time enough."""
        end = time.monotonic() + 3 * self.interval + 15
        while not condition(found := self.services(config)):
            assert time.monotonic() < end, found
            time.sleep(0.5)
        return found


@pytest.fixture
def watched(kuma: Any) -> Watched:
    """A server with statistics and nothing to watch yet."""
    # 1.23 and the snapshot check no more often than every 20 s.
    return Watched(kuma, 2 if kuma.version >= (2, 0, 0) else 20)


# -- the space that is told


class Chat:
    """The lab's chat space, in this process."""

    def __init__(self, data: Path) -> None:
        self.space = ChatServer(
            data, {"key": "lab-key-1234", "spaces": [{"name": SPACE, "title": "Alerts", "token": "lab-token-1234"}]}
        )
        self.loop = asyncio.new_event_loop()
        self.runner = web.AppRunner(self.space.app())
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.run(self.runner.setup())
        self.run(web.TCPSite(self.runner, "127.0.0.1", 0).start())
        self.base = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        self.webhook = f"{self.base}/v1/{SPACE}/messages?key=lab-key-1234&token=lab-token-1234"

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def messages(self) -> list[dict[str, Any]]:
        return [{"thread_key": entry.thread_key, "message": entry.message} for entry in self.space.store.entries]

    def fault(self, **fault: Any) -> None:
        body = json.dumps(fault).encode()
        request = urllib.request.Request(
            f"{self.base}/faults", data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        urllib.request.urlopen(request, timeout=5).close()

    def close(self) -> None:
        self.run(self.runner.cleanup())
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    made = Chat(tmp_path / "chat")
    yield made
    made.close()


def command(watched: Watched, config: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a timer does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KUMAWATCH_")}
    login = {
        "KUMAWATCH_KUMA_URL": watched.server.url,
        "KUMAWATCH_KUMA_USERNAME": watched.server.username,
        "KUMAWATCH_KUMA_PASSWORD": watched.server.password,
    }
    return subprocess.run(
        [sys.executable, "-m", COMMAND, "--config", str(config), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
        env={**kept, **login, "PYTHONPATH": str(ROOT / "collections"), **environ},
    )


CONFIG = {
    "environment": "production",
    "group": "production",
    "objective": 99.9,
    "services": [{"name": "api"}, {"name": "shop"}, {"name": "old"}, {"name": "new"}, {"name": "forgotten"}],
}


def test_a_day_from_the_first_check_to_the_card(watched: Watched, target: Target, chat: Chat, tmp_path: Path) -> None:
    watched.add("production", type="group")
    watched.add("api", f"{target.url}/slow", parent="production")
    watched.add("shop", f"{target.url}/shop", parent="production")
    watched.add("old", f"{target.url}/old", parent="production", active=False)
    watched.add("new", f"{target.url}/new", parent="production", active=False)
    watched.add("by hand", f"{target.url}/hand", parent="production", marked=False)
    watched.add("elsewhere", f"{target.url}/else")
    config = read_config(CONFIG)

    # Everything is up; what was never checked has no uptime, and above all none of 0.
    found = watched.until(config, lambda now: now["api"].status == now["shop"].status == "up")
    assert [found[name].status for name in ("old", "new", "forgotten")] == ["paused", "paused", "missing"]
    assert (found["new"].uptime_24h, found["new"].uptime_7d, found["new"].uptime_30d) == (None, None, None)
    assert (found["api"].uptime_24h, found["api"].uptime_7d, found["api"].uptime_30d) == (1.0, 1.0, 1.0)
    assert found["api"].response_ms is not None
    assert 40 <= found["api"].response_ms < 5_000
    assert found["shop"].incidents == ()

    # Without a list of services the marked monitors of the group are meant, by choice all of them.
    marked = read_config({"environment": "production", "group": "production"})
    assert sorted(watched.services(marked)) == ["api", "new", "old", "shop"]
    everything = read_config({"environment": "production", "managed_by": None})
    assert "production / by hand" in watched.services(everything)
    assert "elsewhere" in watched.services(everything)
    assert "production" not in watched.services(everything)

    # One goes down.
    target.broken.add("/shop")
    before = datetime.now(UTC)
    found = watched.until(config, lambda now: now["shop"].status == "down")
    [incident] = found["shop"].incidents
    assert incident.end is None
    assert before - timedelta(seconds=1) <= incident.start <= datetime.now(UTC)

    # The card says so; the server stores it although its answer is lost, and it is not posted twice.
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(CONFIG))
    chat.fault(status=503, stored=True)
    ended = command(watched, path, KUMAWATCH_CHAT_WEBHOOK_URL=chat.webhook)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    [posted] = chat.messages()
    assert posted["thread_key"] == f"kumawatch-summary-production-{datetime.now(UTC).date().isoformat()}"
    card = posted["message"]["cardsV2"][0]["card"]
    assert card["header"]["title"] == "Daily status: production"
    said = card["sections"][0]["widgets"][0]["decoratedText"]
    assert "1 of 5 services is below its objective, 1 down now, 1 not found" in said["text"]
    assert said["bottomLabel"].startswith("1 incident in 24 h, ")
    rows = [widget["decoratedText"]["text"] for widget in card["sections"][1]["widgets"]]
    assert rows[0].startswith('🔴 <b>shop</b> <font color="#c5221f">down for ')
    assert rows[1] == '🔴 <b>forgotten</b> <font color="#c5221f">not found on the server</font>'
    assert rows[2] == "🟢 <b>api</b>"

    # It comes up again.
    target.broken.clear()
    found = watched.until(config, lambda now: now["shop"].status == "up")
    [ended_incident] = found["shop"].incidents
    assert ended_incident.start == incident.start
    assert ended_incident.end is not None
    assert ended_incident.end > incident.start

    # Our own reckoning of 7 days agrees with the server's of 24 h and 30 d, all of which hold the same checks.
    watched.pause("api", "shop")
    found = watched.services(config)
    raw = _raw(watched)
    for name in ("api", "shop"):
        service, server = found[name], raw[name]
        assert service.status == "paused"
        assert service.uptime_7d == pytest.approx(service.uptime_24h, abs=1e-9)
        assert (service.uptime_24h, service.uptime_30d) == (server.uptime_24h, server.uptime_30d)
        assert service.response_ms == server.response_ms
    assert 0 < (found["shop"].uptime_7d or 0) < 1
    assert found["api"].uptime_7d == 1.0

    # And the incident with the heartbeats as they were recorded.
    rows = beats(watched.server.call("getMonitorBeats", watched.idents["shop"], 1)["data"])
    first_down = next(beat for beat in rows if beat.status == 0)
    first_up = next(beat for beat in rows if beat.status == 1 and beat.time > first_down.time)
    [incident] = found["shop"].incidents
    assert (incident.start, incident.end) == (first_down.time, first_up.time)

    # What the terminal shows, and what a dry run shows, is the same day.
    shown = command(watched, path, "--print")
    assert shown.returncode == 0, shown.stderr
    assert "1 incident in 24 h" in shown.stdout
    assert [line.split()[0] for line in shown.stdout.splitlines()[4:9]] == ["forgotten", "shop", "api", "new", "old"]
    dry = command(watched, path, "--dry-run")
    assert json.loads(dry.stdout)["thread"]["threadKey"] == posted["thread_key"]
    assert len(chat.messages()) == 1


def _raw(watched: Watched) -> dict[str, Any]:
    """What the server itself pushes, by name."""

    async def session() -> dict[str, Any]:
        async with connect(watched.server.connection, LISTS, record=RECORD) as client:
            await gather(client, read_config({"environment": "e", "managed_by": None}), datetime.now(UTC))
            found = pushed(client.recorded, watched.idents.values())
            return {name: found[ident] for name, ident in watched.idents.items()}

    return asyncio.run(session())


def test_a_certificate_that_expires_soon_is_named(watched: Watched, secure_target: Target) -> None:
    if "-dev" in watched.server.talk(_reported_version):
        pytest.skip("npm's snapshot reads no certificate that it does not trust")
    watched.add("secure", secure_target.url, ignoreTls=True, expiryNotification=True)
    config = read_config({"environment": "e"})
    found = watched.until(config, lambda now: now["secure"].certificate_days is not None)
    assert found["secure"].certificate_days == 9


async def _reported_version(client: KumaClient) -> str:
    return client.reported_version


def test_an_incident_that_began_before_the_day_keeps_its_start(watched: Watched, target: Target) -> None:
    """The server is asked for a window that begins after the monitor went down."""
    watched.add("shop", f"{target.url}/shop")
    target.broken.add("/shop")
    config = read_config({"environment": "e"})
    found = watched.until(config, lambda now: now["shop"].status == "down" and bool(now["shop"].incidents))
    [begun] = found["shop"].incidents

    async def later() -> list[Service]:
        async with connect(watched.server.connection, LISTS, record=RECORD) as client:
            return await gather(client, config, datetime.now(UTC) + timedelta(days=2))

    [service] = asyncio.run(later())
    assert service.incidents == (begun,)


def test_a_server_without_monitors_is_said(watched: Watched, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"environment": "empty"}')
    shown = command(watched, path, "--print")
    assert shown.stdout.splitlines()[1:] == ["No service is declared; no incident in 24 h."]
    assert shown.returncode == 0


def test_a_webhook_that_is_refused_is_one_sentence(watched: Watched, chat: Chat, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"environment": "empty"}')
    ended = command(watched, path, KUMAWATCH_CHAT_WEBHOOK_URL=chat.webhook.replace("lab-key-1234", "wrong-key-99"))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == (
        "kumawatch-summary: Google Chat refused the webhook (400: API key not valid. Please pass a valid API key); "
        "make a new one in the space's settings.\n"
    )
    assert chat.messages() == []


def test_a_password_that_is_refused_is_one_sentence(watched: Watched, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text('{"environment": "empty"}')
    secret = tmp_path / "password"
    secret.write_text("not the one\n")
    ended = command(watched, path, "--print", KUMAWATCH_KUMA_PASSWORD="", KUMAWATCH_KUMA_PASSWORD_FILE=str(secret))
    assert ended.returncode == 1
    assert ended.stderr == (
        f"kumawatch-summary: Uptime Kuma at {watched.server.url} refused user '{watched.server.username}': wrong user "
        "name or password; check KUMAWATCH_KUMA_USERNAME and KUMAWATCH_KUMA_PASSWORD.\n"
    )


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    connection = Connection("http://127.0.0.1:9", "admin", "x", wait=0.5)

    async def run() -> Digest:
        return await summarise(connection, Config(environment="e"), datetime.now(UTC))

    with pytest.raises(KumawatchError) as caught:
        asyncio.run(run())
    assert str(caught.value).startswith("Uptime Kuma at http://127.0.0.1:9 cannot be reached (")
