# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into pages: settings by backend, policies, and that nothing declared can end the element it stands in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import rum
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError

UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
TAG = "https://js-cdn.dynatrace.com/jstag/157944990f8/bf83471ois/3d03307895552e3e_complete.js"
COMMON: dict[str, Any] = {"version": "1.4.2", "sample": 0.25, "tracing_origins": ["https://api.example.com"]}
BACKENDS: dict[str, dict[str, Any]] = {
    "cloudwatch": {"app_monitor": UUID, "region": "eu-central-1", "identity_pool": f"eu-central-1:{UUID}"},
    "newrelic": {
        "account": "123456",
        "application": "601234567",
        "browser_key": "NRJS-0123456789abcdef012",
        "site": "eu",
    },
    "datadog": {"application": UUID, "client_token": "pub" + "0123456789abcdef" * 2, "site": "datadoghq.eu"},
    "dynatrace": {"tag": TAG},
    "otlp": {"endpoint": "https://otlp.example.com"},
}


class Page(HTMLParser):
    """What a page's part is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self.comments: list[str] = []
        self.loose = ""
        self._inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.inline.append(data)
        else:
            self.loose += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def made(backend: str, service: dict[str, Any] | None = None, **more: Any) -> rum.Snippet:
    given = {**BACKENDS[backend], **more.pop("own", {})}
    declared = {key: value for key, value in {**COMMON, **more, backend: given}.items() if value is not None}
    entry = {"name": "shop", **(service or {}), "apm": {"rum": declared}}
    (found,) = rum.snippets({"environment": "production", "services": [entry]})
    assert found.backend == backend
    return found


def settings(text: str) -> Any:
    """The data that a script has in it."""
    begin = re.search(r"\}\)\(|^const settings = ", text, re.MULTILINE)
    assert begin
    value, _end = json.JSONDecoder().raw_decode(text[begin.end() :])
    return value


def config(snippet: rum.Snippet) -> Any:
    return settings(Page(snippet.html).inline[0])


def test_cloudwatch_rum_gets_the_app_monitor_and_what_to_look_at() -> None:
    assert config(made("cloudwatch")) == {
        "monitor": UUID,
        "version": "1.4.2",
        "region": "eu-central-1",
        "program": "https://client.rum.us-east-1.amazonaws.com/3.x/cwr.js",
        "origins": ["^https://api\\.example\\.com(/|$)"],
        "config": {
            "sessionSampleRate": 0.25,
            "endpoint": "https://dataplane.rum.eu-central-1.amazonaws.com",
            "telemetries": ["errors", "performance", "http"],
            "allowCookies": False,
            "enableXRay": True,
            "enableW3CTraceId": True,
            "identityPoolId": f"eu-central-1:{UUID}",
        },
    }


def test_cloudwatch_rum_without_a_pool_does_not_sign() -> None:
    found = config(made("cloudwatch", own={"identity_pool": None}))["config"]
    assert found["signing"] is False and "identityPoolId" not in found
    assert made("cloudwatch", own={"identity_pool": None}).policy["connect-src"] == [
        "https://dataplane.rum.eu-central-1.amazonaws.com"
    ]


def test_x_ray_hears_nothing_where_requests_are_not_looked_at() -> None:
    found = made("cloudwatch", own={"telemetries": ["errors"]})
    assert config(found)["config"]["enableXRay"] is False and config(found)["origins"] == []
    assert found.remarks == ["tracing_origins have no effect without xray and the telemetry http."]
    assert made("cloudwatch", own={"xray": False}, tracing_origins=None).remarks == []


def test_new_relic_gets_its_keys_and_traces_these_origins_alone() -> None:
    found = config(made("newrelic", own={"trust_account": "99"}))
    assert found["loader_config"] == {
        "accountID": "123456",
        "trustKey": "99",
        "agentID": "601234567",
        "licenseKey": "NRJS-0123456789abcdef012",
        "applicationID": "601234567",
    }
    assert found["info"]["beacon"] == found["info"]["errorBeacon"] == "bam.eu01.nr-data.net"
    assert found["init"]["distributed_tracing"]["allowed_origins"] == ["https://api.example.com"]
    assert found["init"]["distributed_tracing"]["enabled"] is True
    assert config(made("newrelic", tracing_origins=None))["init"]["distributed_tracing"]["enabled"] is False
    assert found["init"]["session_replay"] == {"enabled": False, "mask_all_inputs": True, "mask_text_selector": None}
    assert config(made("newrelic", mask="all"))["init"]["session_replay"]["mask_text_selector"] == "*"
    assert config(made("newrelic", own={"site": None}))["info"]["beacon"] == "bam.nr-data.net"
    assert made("newrelic").remarks == ["New Relic counts every page view; sample has no effect there."]
    assert made("newrelic", sample=None).remarks == []


def test_new_relics_settings_come_before_its_loader_and_the_version_after_it() -> None:
    page = Page(made("newrelic").html)
    assert [attributes.get("src") for _tag, attributes in page.tags] == [
        None,
        "https://js-agent.newrelic.com/nr-loader-spa-current.min.js",
        None,
    ]
    assert settings(page.inline[1]) == "1.4.2"
    assert len(Page(made("newrelic", version=None).html).inline) == 1


@pytest.mark.parametrize(
    ("site", "region", "intake"),
    [
        (None, "us1", "https://browser-intake-datadoghq.com"),
        ("us3.datadoghq.com", "us3", "https://browser-intake-us3-datadoghq.com"),
        ("datadoghq.eu", "eu1", "https://browser-intake-datadoghq.eu"),
        ("ap1.datadoghq.com", "ap1", "https://browser-intake-ap1-datadoghq.com"),
    ],
)
def test_datadog_has_a_program_and_an_intake_for_each_site(site: str | None, region: str, intake: str) -> None:
    found = made("datadog", own={"site": site})
    assert config(found)["program"] == f"https://www.datadoghq-browser-agent.com/{region}/v7/datadog-rum.js"
    assert config(found)["config"]["site"] == (site or "datadoghq.com")
    assert found.policy["connect-src"] == [intake]


def test_datadog_masks_records_nothing_and_traces_these_origins_alone() -> None:
    found = config(made("datadog"))["config"]
    assert found == {
        "applicationId": UUID,
        "clientToken": "pub" + "0123456789abcdef" * 2,
        "site": "datadoghq.eu",
        "service": "shop",
        "env": "production",
        "version": "1.4.2",
        "sessionSampleRate": 25,
        "sessionReplaySampleRate": 0,
        "trackUserInteractions": True,
        "trackResources": True,
        "trackLongTasks": True,
        "defaultPrivacyLevel": "mask-user-input",
        "enablePrivacyForActionName": True,
        "allowedTracingUrls": [{"match": "https://api.example.com/", "propagatorTypes": ["tracecontext"]}],
    }
    assert config(made("datadog", mask="all"))["config"]["defaultPrivacyLevel"] == "mask"


def test_dynatrace_has_a_tag_and_sends_to_its_environment() -> None:
    found = made("dynatrace")
    assert Page(found.html).tags == [("script", {"src": TAG, "crossorigin": "anonymous"})]
    assert found.policy == {
        "script-src": ["https://js-cdn.dynatrace.com"],
        "connect-src": ["https://bf83471ois.bf.dynatrace.com"],
    }
    other = made("dynatrace", own={"tag": "https://rum.example.com/a.js"})
    assert other.policy["connect-src"] == ["https://*.bf.dynatrace.com"]
    assert "set there" in found.remarks[0]


def test_opentelemetry_is_a_module_and_a_page_that_loads_what_is_made_of_it() -> None:
    found = made("otlp", service={"name": "the shop", "description": "x"})
    assert settings(found.module) == {
        "url": "https://otlp.example.com/v1/traces",
        "sample": 0.25,
        "origins": ["^https://api\\.example\\.com(/|$)"],
        "resource": {
            "service.name": "the shop",
            "deployment.environment.name": "production",
            "service.version": "1.4.2",
        },
    }
    assert Page(found.html).tags == [("script", {"type": "module", "src": "/the-shop-otlp.js"})]
    assert all(package in found.module for package in rum.PACKAGES)
    assert found.policy == {"script-src": ["'self'"], "connect-src": ["https://otlp.example.com"]}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_policy_names_the_hash_of_each_inline_script_and_needs_nothing_unsafe(backend: str) -> None:
    found = made(backend)
    page = Page(found.html)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in page.inline]
    assert [f"'sha256-{value}'" for value in hashes] == [
        source for source in found.policy["script-src"] if source.startswith("'sha256-")
    ]
    assert "unsafe" not in rum.policy_text(found.policy)
    assert f"script-src {found.policy['script-src'][0]}" in page.comments[0]


TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        "</script><script>alert(1)</script>",
        "-->",
        "<!--<script>",
        "\u2028alert(1)\u2029",
        "*/ alert(1) //",
        '"+alert(1)+"',
    ]
)


@pytest.mark.parametrize("backend", BACKENDS)
@given(name=TEXTS, version=TEXTS)
def test_whatever_is_declared_stays_where_it_belongs(backend: str, name: str, version: str) -> None:
    service = {"name": name}
    found = made(backend, service=service, version=version or None)
    page, plain = Page(found.html), Page(made(backend).html)
    assert [tag for tag, _attributes in page.tags if tag == "script"] == [tag for tag, _ in page.tags]
    assert len(page.comments) == len(plain.comments) == 1
    assert page.loose.strip() == ""
    if backend == "datadog":
        assert config(found)["config"]["service"] == name
        assert config(found)["config"].get("version") == (version or None)
    if backend == "otlp":
        assert settings(found.module)["resource"]["service.name"] == name
        assert found.module.splitlines()[1].startswith("// npm install ")
    assert "</script" not in "".join(page.inline).lower() and "<!--" not in "".join(page.inline)


def test_files_are_named_after_service_and_backend_and_all_is_there_as_data() -> None:
    services = [
        {"name": "shop", "apm": {"rum": {**COMMON, **BACKENDS}}},
        {"name": "gone", "state": "absent", "apm": {"rum": BACKENDS}},
        {"name": "quiet", "apm": {"enabled": False, "rum": BACKENDS}},
        {"name": "api", "apm": {"language": "python"}},
    ]
    found = rum.snippets({"environment": "", "services": services})
    files = rum.files(found)
    assert sorted(files) == sorted([*(f"shop-{backend}.html" for backend in BACKENDS), "shop-otlp.mjs", "rum.json"])
    index = json.loads(files["rum.json"])
    assert [entry["backend"] for entry in index] == list(BACKENDS)
    assert all(entry["html"] == files[entry["file"]] for entry in index)
    assert "env" not in settings(Page(files["shop-datadog.html"]).inline[0])["config"]


def test_services_that_would_share_a_file_are_refused() -> None:
    twins = [{"name": name, "apm": {"rum": {"otlp": BACKENDS["otlp"]}}} for name in ("a b", "a/b")]
    with pytest.raises(CatalogueError, match="services 'a b' and 'a/b' have the same file; rename one of them"):
        rum.snippets({"services": twins})
