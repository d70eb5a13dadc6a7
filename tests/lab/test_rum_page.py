# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into pages, in a real Chromium that enforces the Content-Security-Policy which the snippet says it needs.

The network is closed: each request is answered here. In most tests a short program stands in place of a vendor's, which
reads its settings from where the vendor's documentation says that the real one does, and tells what it found. Then come
the vendors' own programs, from their packages; only that of Dynatrace has none.
"""

from __future__ import annotations

import gzip
import json
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
        """Open it.

        :param answers: what is answered to requests whose address begins so.
        """
        self.asked: list[str] = []
        self.said: list[str] = []
        self.bodies: list[tuple[str, bytes]] = []
        self.traced: dict[str, str] = {}
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
            self.traced[address] = route.request.headers.get("traceparent", "")
            answer = next((body for start, body in answers.items() if address.startswith(start)), None)
            if answer is None:
                route.fulfill(status=204, headers=cors)
            else:
                kind = "application/json" if answer.startswith("{") else "text/javascript"
                route.fulfill(body=answer, headers={"content-type": kind, **cors})

        self.context.route("**/*", answer)
        self.page.goto(PAGE, wait_until="load")

    def ask(self) -> None:
        """Let the page ask an origin that is traced, and one that is not."""
        self.page.evaluate(
            """Promise.all(['https://api.example.com/orders', 'https://other.example.com/'].map((url) => fetch(url)))"""
        )

    def sent(self, start: str, seconds: float = 15) -> list[tuple[str, str]]:
        """What the page has sent to addresses that begin so, unpacked; waits until there is something."""
        for _turn in range(int(seconds * 5)):
            bodies = [(address, body) for address, body in self.bodies if address.startswith(start)]
            if bodies:
                plain = [
                    (address, gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body) for address, body in bodies
                ]
                return [(address, body.decode()) for address, body in plain]
            self.page.wait_for_timeout(200)
        raise AssertionError(f"nothing was sent to {start}: {self.asked}, {self.said}")

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


ESBUILD = "esbuild@^0.25.0"
#: The vendors' own programs, as far as npm has them.
VENDORS = ("@datadog/browser-rum@^7.0.0", "@newrelic/browser-agent@^1.300.0", "aws-rum-web@^3.0.0", ESBUILD)


def bundled(packages: Path, entry: Path, target: Path, *more: str) -> str:
    """A program made of a module and its packages, as the guide makes it."""
    built = subprocess.run(
        [packages / "node_modules/.bin/esbuild", entry, "--bundle", "--minify", *more, f"--outfile={target}"],
        cwd=entry.parent,
        env=node_environment(node()),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    return target.read_text(encoding="utf-8")


def with_our_own(snippet: rum.Snippet) -> str:
    """The policy of a page that also asks for what is its own business."""
    sources = [*snippet.policy["connect-src"], "https://api.example.com", "https://other.example.com"]
    return f"default-src 'none'; {rum.policy_text({**snippet.policy, 'connect-src': sources})}"


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each vendor's own program."""
    packages = node_packages("rum-vendors", VENDORS)
    modules, made_here = packages / "node_modules", tmp_path_factory.mktemp("programs")
    return {
        "cloudwatch": bundled(packages, modules / "aws-rum-web/dist/es/index-browser.js", made_here / "cwr.js"),
        "newrelic": bundled(packages, modules / "@newrelic/browser-agent/dist/esm/cdn/spa.js", made_here / "nr.js"),
        "datadog": (modules / "@datadog/browser-rum/bundle/datadog-rum.js").read_text(encoding="utf-8"),
    }


@pytest.mark.slow
def test_the_web_client_of_cloudwatch_rum_works_with_the_snippet(opened: Any, vendors: dict[str, str]) -> None:
    guest = {
        "IdentityId": "eu-central-1:guest",
        "Credentials": {
            "AccessKeyId": "ASIAEXAMPLE",
            "SecretKey": "secret",
            "SessionToken": "session",
            "Expiration": 4102444800,
        },
    }
    answers = {
        PROGRAMS["cloudwatch"][0]: vendors["cloudwatch"],
        "https://cognito-identity.eu-central-1.amazonaws.com/": json.dumps(guest),
    }
    snippet = made("cloudwatch", sample=1)
    page = opened(snippet, answers, with_our_own(snippet))
    page.sent("https://cognito-identity.eu-central-1.amazonaws.com/")
    page.ask()
    ((address, body), *_more) = page.sent("https://dataplane.rum.eu-central-1.amazonaws.com/")
    assert address.endswith(f"/appmonitors/{UUID}")
    said = json.loads(body)
    assert said["AppMonitorDetails"]["version"] == "1.4.2"
    assert page.traced["https://api.example.com/orders"].startswith("00-")
    assert page.traced["https://other.example.com/"] == ""
    assert page.context.cookies() == [] and not any("Content Security Policy" in text for text in page.said)


@pytest.mark.slow
def test_the_web_client_of_cloudwatch_rum_signs_nothing_where_there_is_no_pool(
    opened: Any, vendors: dict[str, str]
) -> None:
    snippet = made("cloudwatch", sample=1, own={"identity_pool": None})
    page = opened(snippet, {PROGRAMS["cloudwatch"][0]: vendors["cloudwatch"]})
    page.sent("https://dataplane.rum.eu-central-1.amazonaws.com/")
    assert not [address for address in page.asked if "cognito" in address or "sts" in address]


@pytest.mark.slow
def test_the_program_of_datadog_works_with_the_snippet(opened: Any, vendors: dict[str, str]) -> None:
    snippet = made("datadog", sample=1)
    page = opened(snippet, {PROGRAMS["datadog"][0]: vendors["datadog"]}, with_our_own(snippet))
    page.page.wait_for_function("window.DD_RUM.getInitConfiguration && window.DD_RUM.getInitConfiguration()")
    page.ask()
    # More than it keeps back.
    page.page.evaluate("DD_RUM.addAction('bought', {note: 'x'.repeat(60000)})")
    ((address, body), *_more) = page.sent("https://browser-intake-datadoghq.eu/")
    assert BACKENDS["datadog"]["client_token"] in address
    event = json.loads(body.splitlines()[0])
    assert (event["application"]["id"], event["service"], event["version"]) == (UUID, "shop", "1.4.2")
    assert page.traced["https://api.example.com/orders"].startswith("00-")
    assert page.traced["https://other.example.com/"] == ""
    assert page.said == []


@pytest.mark.slow
def test_the_agent_of_new_relic_works_with_the_snippet(opened: Any, vendors: dict[str, str]) -> None:
    beacon = "https://bam.eu01.nr-data.net/"
    flags = {"st": 1, "sr": 0, "err": 1, "ins": 1, "spa": 1, "sts": 0, "srs": 0, "log": 0, "loaded": 1}
    taken = {**flags, "app": {"agents": [{"entityGuid": "guid"}], "nrServerTime": 1_795_829_521_428}}
    snippet = made("newrelic", sample=1)
    answers = {PROGRAMS["newrelic"][0]: vendors["newrelic"], beacon: json.dumps(taken)}
    page = opened(snippet, answers, with_our_own(snippet))
    ((address, _body), *_more) = page.sent(beacon)
    assert address.startswith(f"{beacon}1/NRJS-0123456789abcdef012?a=601234567&")
    page.ask()
    assert page.traced["https://api.example.com/orders"].startswith("00-")
    assert page.traced["https://other.example.com/"] == ""
    assert page.context.cookies() == [] and not any("Content Security Policy" in text for text in page.said)


@pytest.mark.slow
def test_opentelemetrys_own_packages_send_the_visit_with_its_resource(opened: Any, tmp_path: Path) -> None:
    """The real packages, bundled as the guide says; spans of the page and of its requests arrive, and hang together."""
    packages = node_packages("rum-web", [*rum.PACKAGES, ESBUILD])
    snippet = made("otlp", sample=1, tracing_origins=["https://api.example.com"])
    module = tmp_path / f"{snippet.name}.mjs"
    module.write_text(snippet.module, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    program = bundled(packages, module, tmp_path / "shop-otlp.js", "--target=es2016")
    page = opened(snippet, {"https://shop.example.com/shop-otlp.js": program}, with_our_own(snippet))
    page.ask()
    page.page.wait_for_timeout(500)
    page.page.evaluate(
        """Object.defineProperty(document, 'visibilityState', {value: 'hidden'});
        document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));"""
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
    assert page.traced["https://api.example.com/orders"].split("-")[1] in fetched
    assert page.traced["https://other.example.com/"] == ""
