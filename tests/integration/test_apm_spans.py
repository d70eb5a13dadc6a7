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


def told(port: int) -> collector.Host:
    spec = yaml.safe_load((ROOT / "roles/apm/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    service = {"name": "shop", "hosts": "shops", "owner": "storefront & co, Ltd", "apm": {"language": "python"}}
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
