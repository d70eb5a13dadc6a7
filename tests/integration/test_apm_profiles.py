# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles of a real Node application by Datadog's own library, told by the environment file that we write.

They go to a stand-in for Datadog's agent, which takes all and notes where it came; spans are OpenTelemetry's as before.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import collector
from lab.process import free_port
from tests.integration.otlp import Receiver, read_body, running
from tests.integration.test_apm_spans import NODE_PACKAGES, variables
from tests.nodes import node, node_environment, node_packages
from tests.unit.plugins.module_utils._apm.examples import options

UPLOADS = "/profiling/v1/input"
APPLICATION = """
const http = require("http");
const server = http.createServer((request, response) => {
  for (let until = Date.now() + 20; Date.now() < until;) Math.sqrt(until);
  response.end();
});
server.listen(0, "127.0.0.1", () => {
  const end = Date.now() + 4000;
  (function ask() {
    http.get({host: "127.0.0.1", port: server.address().port, path: "/orders"}, (response) => {
      response.resume();
      response.on("end", () => Date.now() < end ? setTimeout(ask, 20) : server.close());
    });
  })();
});
"""


@contextmanager
def agent() -> Iterator[tuple[str, list[str]]]:
    """A stand-in for Datadog's agent: its address, and the paths that something was posted to."""
    posted: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            read_body(self)
            posted.append(self.path)
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_POST()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ran(directory: Path, **other: str) -> tuple[Receiver, list[str]]:
    """An application that is profiled: the spans that came, and what Datadog's agent got."""
    packages = node_packages("apm-profiles", (*NODE_PACKAGES, "dd-trace@^5.100.0"))
    (directory / "node_modules").symlink_to(packages / "node_modules")
    (directory / "shop.js").write_text(APPLICATION)
    port = free_port()
    service = {"name": "shop", "hosts": "h", "apm": {"language": "node", "profiling": True}}
    told = {"apm_backends": [{"type": "datadog", "key": "k"}], "apm_http_port": port}
    host = collector.host({"environment": "staging", "services": [service]}, told, options("main"), ["h"])
    read = variables(host.services["shop"])
    with running(Receiver(), port) as local, agent() as (address, posted):
        assert read["DD_TRACE_AGENT_URL"] == "http://127.0.0.1:8126"
        ended = subprocess.run(
            [str(node().path), "--require", "dd-trace/init", "shop.js"],
            cwd=directory,
            env={**node_environment(node()), **read, "DD_TRACE_AGENT_URL": address, **other},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr
    return local, posted


@pytest.mark.slow
def test_profiles_reach_datadogs_agent_and_spans_stay_opentelemetrys(tmp_path: Path) -> None:
    local, posted = ran(tmp_path)
    assert UPLOADS in posted
    kinds = [span.kind for resource, span in local.spans if resource["service.name"] == "shop" and span.name == "GET"]
    assert kinds.count(2) > 5 and kinds.count(3) > 5


@pytest.mark.slow
def test_the_other_switch_of_its_tracer_takes_the_profiler_with_it(tmp_path: Path) -> None:
    """Why Node's environment file does not have it."""
    local, posted = ran(tmp_path, DD_TRACE_ENABLED="false")
    assert UPLOADS not in posted
    assert local.spans
