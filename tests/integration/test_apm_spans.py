# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real spans: an application that knows nothing of OpenTelemetry, instrumented by the environment file that we write.

They go to a receiver where the collector would be, and on to a receiver for each backend, in the way that the
configuration of the collector says: address, headers, key, signature. No collector can be had where these tests run, so
its part of the way, from here to there, is played by :func:`export`; what it does with spans in between is not tested.
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import collector
from lab.process import free_port
from tests.integration.otlp import CREDENTIALS, PROTOBUF, Receiver, attributes, running
from tests.nodes import node, node_environment, node_packages
from tests.unit.plugins.module_utils._apm.test_files import docker

ROOT = Path(__file__).resolve().parents[2]
KEY = 'key with "quotes", $dollars and \\'
# A shop that reads its orders, and asks somebody else: no import of OpenTelemetry anywhere.
APPLICATION = """
import sqlite3, sys, urllib.request
connection = sqlite3.connect(":memory:")
connection.execute("CREATE TABLE orders (id INTEGER, item TEXT)")
connection.execute("INSERT INTO orders VALUES (?, ?)", (7, "tea"))
assert connection.cursor().execute("SELECT item FROM orders").fetchall() == [("tea",)]
urllib.request.urlopen(sys.argv[1] + "/stock?item=tea").read()
"""
BACKENDS: list[dict[str, Any]] = [
    {"type": "xray", "region": "eu-central-1"},
    {"type": "newrelic", "site": "eu", "key": KEY},
    {"type": "datadog", "site": "datadoghq.eu", "key": KEY},
    {"type": "dynatrace", "environment": "abc12345", "key": KEY},
    {"type": "otlp", "name": "gateway", "endpoint": "https://gateway.example.com:4318", "headers": {"X-Team": KEY}},
]
#: What each vendor documents of its intake of traces.
INTAKES = {
    "xray": ("https://xray.eu-central-1.amazonaws.com", Receiver(signed=("eu-central-1", "xray"))),
    "newrelic": ("https://otlp.eu01.nr-data.net", Receiver(header="api-key", value=KEY)),
    "datadog": ("https://otlp.datadoghq.eu", Receiver(header="dd-api-key", value=KEY)),
    "dynatrace": (
        "https://abc12345.live.dynatrace.com",
        Receiver(path="/api/v2/otlp/v1/traces", header="authorization", value=f"Api-Token {KEY}"),
    ),
    "gateway": ("https://gateway.example.com:4318", Receiver(header="x-team", value=KEY)),
}


#: The same shop in Node: no import of OpenTelemetry anywhere.
NODE_APPLICATION = """
const http = require("http");
const server = http.createServer((request, response) => response.end("7"));
server.listen(0, "127.0.0.1", () => {
  http.get({port: server.address().port, host: "127.0.0.1", path: "/orders/7"}, (orders) => {
    orders.resume();
    http.get(process.argv[2] + "/stock?item=tea", (stock) => { stock.resume(); server.close(); });
  });
});
"""
#: As docs/instrument.md has them; a newer series wants a newer Node.
NODE_PACKAGES = ("@opentelemetry/api@^1.9.0", "@opentelemetry/auto-instrumentations-node@^0.80.0")


def told(port: int, language: str = "python") -> collector.Host:
    spec = yaml.safe_load((ROOT / "roles/apm/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    service = {"name": "shop", "hosts": "shops", "owner": "storefront & co, Ltd", "apm": {"language": language}}
    catalogue = {"environment": "staging", "services": [service]}
    return collector.host(catalogue, {"apm_backends": BACKENDS, "apm_http_port": port}, spec, ["shops"])


def variables(text: str) -> dict[str, str]:
    """An environment file as systemd reads it."""
    found = re.findall(r'^(\w+)="((?:[^"\\]|\\.)*)"$', text, re.MULTILINE)
    return {name: re.sub(r'\\(["\\`$])', r"\1", value) for name, value in found}


@pytest.fixture(scope="module")
def spans() -> tuple[collector.Host, Receiver]:
    """What an instrumented run sends to where the collector listens."""
    port = free_port()
    host = told(port)
    with running(Receiver(), port) as local, running(Receiver()) as stock:
        environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": "",
            **variables(host.services["shop"]),
        }
        instrument = Path(sys.executable).with_name("opentelemetry-instrument")
        ended = subprocess.run(
            [str(instrument), sys.executable, "-c", APPLICATION, stock.url],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr
        assert set(local.answers) == {200}, (local.answers, ended.stderr)
    return host, local


def test_an_application_that_knows_nothing_of_it_is_traced(spans: tuple[collector.Host, Receiver]) -> None:
    _host, local = spans
    names = [span.name for _resource, span in local.spans]
    assert "SELECT" in names and "GET" in names
    for resource, _span in local.spans:
        assert resource["service.name"] == "shop"
        assert resource["deployment.environment.name"] == "staging"
        assert resource["service.owner"] == "storefront & co, Ltd"
    query = next(attributes(span.attributes) for _resource, span in local.spans if span.name == "SELECT")
    assert "SELECT item FROM orders" in query.values()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["systemd", "docker"])
def test_a_node_application_that_knows_nothing_of_it_is_traced(form: str, tmp_path: Path) -> None:
    """By what systemd, or ``docker run --env-file``, reads from its file; NODE_OPTIONS is all that it takes."""
    packages = node_packages("apm-node", NODE_PACKAGES)
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    (tmp_path / "shop.js").write_text(NODE_APPLICATION)
    port = free_port()
    files = told(port, "node").files
    read = variables(files["shop.env"]) if form == "systemd" else docker(files["shop.docker.env"])
    with running(Receiver(), port) as local, running(Receiver()) as stock:
        ended = subprocess.run(
            [str(node().path), "shop.js", stock.url],
            cwd=tmp_path,
            env={**node_environment(node()), **read},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr
        assert set(local.answers) == {200}, (local.answers, ended.stdout, ended.stderr)
    by_kind = {(span.name, span.kind): span for _resource, span in local.spans}
    server, client = by_kind["GET", 2], by_kind["GET", 3]
    assert server.kind == 2 and client.kind == 3
    paths = [attributes(span.attributes).get("url.path") for _resource, span in local.spans]
    targets = [attributes(span.attributes).get("http.target") for _resource, span in local.spans]
    assert "/orders/7" in [*paths, *targets]
    for resource, _span in local.spans:
        assert resource["service.name"] == "shop"
        assert resource["deployment.environment.name"] == "staging"
        assert resource["service.owner"] == "storefront & co, Ltd"
        assert resource["telemetry.sdk.language"] == "nodejs"
    # What asks and what is asked are one trace: the headers are those of the environment file.
    assert server.trace_id in {span.trace_id for _resource, span in local.spans if span.kind == 3}


def export(host: collector.Host, name: str, body: bytes, to: str, secrets: dict[str, str]) -> int:
    """Send spans as the collector's exporter of a name is told to, to another host. The status of the answer."""
    settings = next(value for key, value in host.config["exporters"].items() if key.split("/")[1].startswith(name))
    address = urlsplit(settings["traces_endpoint"])
    assert settings["compression"] == "gzip"
    packed = gzip.compress(body)
    headers = {"Content-Type": PROTOBUF, "Content-Encoding": "gzip"}
    for header, value in settings.get("headers", {}).items():
        headers[header] = re.sub(r"\$\{env:(\w+)\}", lambda found: secrets[found[1]], value)
    authenticator = settings.get("auth", {}).get("authenticator")
    if authenticator:
        scope = host.config["extensions"][authenticator]
        request = AWSRequest("POST", to + address.path, data=packed, headers=headers)
        SigV4Auth(CREDENTIALS, scope["service"], scope["region"]).add_auth(request)
        headers = dict(request.headers.items())
    sent = urllib.request.Request(to + address.path, packed, headers, method="POST")
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("name", INTAKES)
def test_a_backend_takes_the_spans_as_the_collector_is_told_to_send_them(
    spans: tuple[collector.Host, Receiver], name: str
) -> None:
    host, local = spans
    base, intake = INTAKES[name]
    address = next(
        value["traces_endpoint"]
        for key, value in host.config["exporters"].items()
        if key.split("/")[1].startswith(name)
    )
    assert address == base + intake.path
    with running(intake):
        for body in local.bodies:
            assert export(host, name, body, intake.url, variables(host.secrets)) == 200
    arrived = [(resource, span.trace_id, span.span_id, span.name) for resource, span in intake.spans]
    assert arrived == [(resource, span.trace_id, span.span_id, span.name) for resource, span in local.spans]


@pytest.mark.parametrize("name", INTAKES)
def test_a_backend_refuses_another_key(spans: tuple[collector.Host, Receiver], name: str) -> None:
    host, local = spans
    _base, intake = INTAKES[name]
    other = Receiver(intake.path, intake.header, "another", intake.signed and ("us-east-1", "xray"))
    with running(other):
        assert export(host, name, local.bodies[0], other.url, variables(host.secrets)) == 403
    assert other.bodies == []


def test_a_receiver_takes_nothing_but_traces_in_protobuf() -> None:
    receiver = Receiver()
    body = gzip.compress(b"no protobuf")
    headers = {"content-type": PROTOBUF, "content-encoding": "gzip"}
    assert receiver.answer("POST", "/v1/trace", headers, body) == 404
    assert receiver.answer("GET", "/v1/traces", headers, body) == 405
    assert receiver.answer("POST", "/v1/traces", {"content-type": "application/json"}, b"{}") == 415
    assert receiver.answer("POST", "/v1/traces", headers, body) == 400
    assert receiver.answer("POST", "/v1/traces", {"content-type": PROTOBUF}, b"") == 400
