# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into pages, in a real Chromium that enforces the Content-Security-Policy which the snippet says it needs.

The network is closed: each request is answered here. In place of a vendor's program stands a short one that reads its
settings from where the vendor's documentation says that the real one does, and tells what it found. What the real ones
make of them was not seen.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import rum
from tests.integration.otlp import Receiver
from tests.nodes import node, node_environment, node_packages
from tests.unit.plugins.module_utils._apm.test_rum import BACKENDS, TAG, UUID, made

PAGE = "https://shop.example.com/"
#: The address of each program, as its vendor documents it, and a stand-in that takes its settings as that does.
PROGRAMS = {
    "cloudwatch": (
        "https://client.rum.us-east-1.amazonaws.com/3.x/cwr.js",
        """(function () {
          var given = window.AwsRumClient, http = given.c.telemetries.filter(Array.isArray)[0];
          window.found = {name: given.n, monitor: given.i, version: given.v, region: given.r, config: given.c,
            queued: given.q, traced: ["https://api.example.com/orders", "https://api.example.com.evil.org/",
              "https://apiXexample.com/"].map(function (url) {
                return http[1].addXRayTraceIdHeader.some(function (one) { return one.test(url); }); })};
        })();""",
    ),
    "newrelic": (
        "https://js-agent.newrelic.com/nr-loader-spa-current.min.js",
        """window.found = {init: NREUM.init, loader: NREUM.loader_config, info: NREUM.info};
        window.newrelic = {setApplicationVersion: function (version) { window.found.version = version; }};""",
    ),
    "datadog": (
        "https://www.datadoghq-browser-agent.com/eu1/v7/datadog-rum.js",
        """(function () {
          var queue = window.DD_RUM.q;
          window.DD_RUM = {init: function (config) { window.found = config; },
                           onReady: function (callback) { callback(); }};
          queue.forEach(function (callback) { callback(); });
        })();""",
    ),
    "dynatrace": (TAG, "window.found = {tag: document.currentScript.src, cors: document.currentScript.crossOrigin};"),
}


class Opened:
    """A page with a snippet, opened with nothing allowed but what the snippet's policy says."""

    def __init__(self, browser: Any, snippet: rum.Snippet, answers: dict[str, str], policy: str | None = None) -> None:
        self.asked: list[str] = []
        self.said: list[str] = []
        self.bodies: list[tuple[str, bytes]] = []
        allowed = policy if policy is not None else f"default-src 'none'; {rum.policy_text(snippet.policy)}"
        html = f"<!doctype html><html><head><meta charset=utf-8>{snippet.html}</head><body>shop</body></html>"
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

        def answer(route: Any) -> None:
            address = route.request.url
            cors = {"access-control-allow-origin": "*", "access-control-allow-headers": "*"}
            if address == PAGE:
                route.fulfill(body=html, headers={"content-security-policy": allowed, "content-type": "text/html"})
                return
            self.asked.append(address)
            self.bodies.append((address, route.request.post_data_buffer or b""))
            if address in answers:
                route.fulfill(body=answers[address], headers={"content-type": "text/javascript", **cors})
            else:
                route.fulfill(status=204, headers=cors)

        self.context.route("**/*", answer)
        self.page.goto(PAGE, wait_until="load")

    def found(self) -> Any:
        self.page.wait_for_function("window.found !== undefined", timeout=10_000)
        return self.page.evaluate("window.found")


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    contexts: list[Any] = []

    def open_it(snippet: rum.Snippet, answers: dict[str, str], policy: str | None = None) -> Opened:
        result = Opened(browser, snippet, answers, policy)
        contexts.append(result.context)
        return result

    yield open_it
    for context in contexts:
        context.close()


@pytest.mark.parametrize("backend", PROGRAMS)
def test_a_page_asks_for_the_documented_program_and_nothing_else(opened: Any, backend: str) -> None:
    address, program = PROGRAMS[backend]
    page = opened(made(backend), {address: program})
    page.found()
    assert [asked for asked in page.asked if not asked.endswith("/favicon.ico")] == [address]
    assert page.said == []


@pytest.mark.parametrize("backend", PROGRAMS)
def test_a_page_asks_for_nothing_where_the_policy_does_not_allow_it(opened: Any, backend: str) -> None:
    """The check above can fail: without its sources the same snippet loads nothing, and the browser says so."""
    page = opened(made(backend), {}, "default-src 'none'")
    assert [asked for asked in page.asked if not asked.endswith("/favicon.ico")] == []
    assert any("Content Security Policy" in said for said in page.said)


def test_cloudwatch_rum_finds_its_app_monitor_and_traces_our_origin_alone(opened: Any) -> None:
    address, program = PROGRAMS["cloudwatch"]
    page = opened(made("cloudwatch"), {address: program})
    found = page.found()
    assert (found["name"], found["monitor"], found["version"], found["region"]) == (
        "cwr",
        UUID,
        "1.4.2",
        "eu-central-1",
    )
    assert found["config"]["identityPoolId"] == f"eu-central-1:{UUID}"
    assert [kind if isinstance(kind, str) else kind[0] for kind in found["config"]["telemetries"]] == [
        "errors",
        "performance",
        "http",
    ]
    assert found["traced"] == [True, False, False]
    page.page.evaluate("cwr('recordPageView', '/orders')")
    assert page.page.evaluate("AwsRumClient.q") == [{"c": "recordPageView", "p": "/orders"}]


def test_new_relic_finds_its_settings_and_is_told_the_version(opened: Any) -> None:
    address, program = PROGRAMS["newrelic"]
    found = opened(made("newrelic"), {address: program}).found()
    assert found["info"]["applicationID"] == found["loader"]["agentID"] == "601234567"
    assert found["init"]["session_replay"]["mask_all_inputs"] is True
    assert found["version"] == "1.4.2"


def test_datadog_is_started_with_its_settings(opened: Any) -> None:
    address, program = PROGRAMS["datadog"]
    found = opened(made("datadog"), {address: program}).found()
    assert found["clientToken"] == BACKENDS["datadog"]["client_token"]
    assert found["defaultPrivacyLevel"] == "mask-user-input" and found["sessionReplaySampleRate"] == 0


@pytest.mark.parametrize("backend", ["cloudwatch", "newrelic", "datadog"])
def test_hostile_texts_stay_texts(opened: Any, backend: str) -> None:
    hostile = "</script><script>window.hurt = 1</script><!--<script>\u2028\"'`${1}"
    address, program = PROGRAMS[backend]
    page = opened(made(backend, service={"name": hostile}, version=hostile), {address: program})
    found = page.found()
    assert found["version"] == hostile
    assert page.page.evaluate("window.hurt") is None and page.page.inner_text("body") == "shop"


def test_dynatrace_has_its_tag(opened: Any) -> None:
    address, program = PROGRAMS["dynatrace"]
    assert opened(made("dynatrace"), {address: program}).found() == {"tag": TAG, "cors": "anonymous"}


@pytest.mark.slow
def test_opentelemetrys_own_packages_send_the_visit_with_its_resource(opened: Any, tmp_path: Path) -> None:
    """The real packages, bundled as the guide says; spans of the page and of its requests arrive, and hang together."""
    packages = node_packages("rum-web", [*rum.PACKAGES, "esbuild@^0.25.0"])
    snippet = made("otlp", sample=1, tracing_origins=["https://api.example.com"])
    module = tmp_path / f"{snippet.name}.mjs"
    module.write_text(snippet.module, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    bundle = tmp_path / "shop-otlp.js"
    built = subprocess.run(
        [packages / "node_modules/.bin/esbuild", module, "--bundle", "--minify", f"--outfile={bundle}"],
        cwd=tmp_path,
        env=node_environment(node()),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    policy = {**snippet.policy, "connect-src": [*snippet.policy["connect-src"], "https://*.example.com"]}
    page = opened(
        snippet,
        {"https://shop.example.com/shop-otlp.js": bundle.read_text(encoding="utf-8")},
        f"default-src 'none'; {rum.policy_text(policy)}",
    )
    sent: list[dict[str, str]] = []
    page.page.on("request", lambda request: sent.append({"url": request.url, **request.headers}))
    page.page.evaluate(
        "Promise.all(['https://api.example.com/orders', 'https://other.example.com/'].map((url) => fetch(url)))"
    )
    page.page.wait_for_timeout(500)
    page.page.evaluate(
        """Object.defineProperty(document, 'visibilityState', {value: 'hidden'});
        dispatchEvent(new Event('visibilitychange'));"""
    )
    page.page.wait_for_timeout(1000)
    receiver = Receiver()
    for address, body in page.bodies:
        if address == "https://otlp.example.com/v1/traces" and body:
            headers = {"content-type": "application/x-protobuf"}
            assert receiver.answer("POST", "/v1/traces", headers, body) == 200
    names = [span.name for _resource, span in receiver.spans]
    assert "documentLoad" in names, (names, page.said)
    for resource, _span in receiver.spans:
        assert resource["service.name"] == "shop"
        assert resource["deployment.environment.name"] == "production"
        assert resource["service.version"] == "1.4.2"
    fetched = {span.trace_id.hex() for _resource, span in receiver.spans if span.name.endswith("GET")}
    asked = {request["url"]: request.get("traceparent", "") for request in sent}
    assert asked["https://api.example.com/orders"].split("-")[1] in fetched
    assert asked["https://other.example.com/"] == ""
