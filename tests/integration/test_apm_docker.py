# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment files for Docker, read by Docker's own command, which asks a listener instead of a daemon."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import collector
from tests.unit.plugins.module_utils._apm.examples import options
from tests.unit.plugins.module_utils._apm.test_files import docker


@pytest.fixture
def asked() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of what stands where a daemon would, and the containers that it was asked for."""
    containers: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: Any) -> None:
            pass

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("api-version", "1.44")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self._answer(200, b"OK")

        do_GET = do_HEAD  # noqa: N815

        def do_POST(self) -> None:
            containers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self._answer(201, b'{"Id": "0123456789ab", "Warnings": []}')

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"tcp://127.0.0.1:{server.server_port}", containers
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", ["shop", 'the "shop" #1 $HOME \\ `id`', " blanks about ", "Käse & Söhne=GmbH"])
def test_dockers_command_reads_what_the_sdk_is_meant_to_see(
    asked: tuple[str, list[dict[str, Any]]], tmp_path: Path, name: str
) -> None:
    program = shutil.which("docker")
    if program is None:
        if os.environ.get("KUMAWATCH_REQUIRE_ALL") == "1":
            pytest.fail("docker is not installed, and KUMAWATCH_REQUIRE_ALL is set")
        pytest.skip("docker is not installed")
    apm = {"service_name": name, "language": "node", "profiling": True}
    service = {"name": "shop", "hosts": "h", "owner": "a, b & c", "apm": apm}
    backends = [{"type": "datadog", "key": "k"}]
    catalogue = {"environment": "staging", "services": [service]}
    text = collector.host(catalogue, {"apm_backends": backends}, options("main"), ["h"]).files["shop.docker.env"]
    file = tmp_path / "shop.docker.env"
    file.write_text(text, encoding="utf-8")
    address, containers = asked
    created = subprocess.run(
        [program, "--host", address, "create", "--env-file", str(file), "example/shop"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert created.returncode == 0, created.stderr
    read = dict(variable.split("=", 1) for variable in containers[0]["Env"])
    assert read == docker(text)
    assert read["OTEL_SERVICE_NAME"] == read["DD_SERVICE"] == name
    assert read["NODE_OPTIONS"] == "--require @opentelemetry/auto-instrumentations-node/register"
