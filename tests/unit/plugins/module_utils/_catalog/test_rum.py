# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue refuses of a web front end: above all keys that everybody could read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import rum
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.spec import Checker, Place

UUID = "0a1b2c3d-0000-4000-8000-00000000000f"
GOOD: dict[str, Any] = {
    "version": "1.4.2",
    "sample": 0.25,
    "tracing_origins": ["https://api.example.com", "http://localhost:8080"],
    "cloudwatch": {
        "app_monitor": UUID,
        "region": "eu-central-1",
        "identity_pool": f"eu-central-1:{UUID}",
        "guest_role": "arn:aws:iam::123456789012:role/RUM-Monitor-Unauth",
    },
    "newrelic": {"account": "123456", "application": "601234567", "browser_key": "NRJS-0123456789abcdef012"},
    "datadog": {"application": UUID, "client_token": "pub" + "0123456789abcdef" * 2},
    "dynatrace": {"tag": "https://js-cdn.dynatrace.com/jstag/157944990f8/bf83471ois/3d03307895552e3e_complete.js"},
    "otlp": {"endpoint": "https://otlp.example.com/rum"},
}


def said(value: dict[str, Any]) -> list[str]:
    checker = Checker()
    rum.check(value, Place("service 'shop'", "apm.rum"), checker)
    return [str(problem) for problem in checker.problems]


def test_what_is_right_is_taken() -> None:
    assert said(GOOD) == []
    for backend in rum.BACKENDS:
        assert said({backend: GOOD[backend]}) == []
    assert said({"newrelic": {**GOOD["newrelic"], "browser_key": "ef23400c44"}}) == []


@pytest.mark.parametrize(
    ("backend", "key", "value", "what"),
    [
        ("datadog", "client_token", "0123456789abcdef" * 2, "looks like an API key of Datadog"),
        ("datadog", "client_token", "0123456789abcdef" * 2 + "01234567", "looks like an application key of Datadog"),
        ("datadog", "application", "0123456789ABCDEF" * 2, "looks like an API key of Datadog"),
        ("newrelic", "browser_key", "0123456789abcdef0123456789abcdef0123NRAL", "is a licence key of New Relic"),
        ("newrelic", "browser_key", "0123456789abcdef0123456789abcdefFFFFNRAL", "is a licence key of New Relic"),
        (
            "newrelic",
            "browser_key",
            "NRAK-ABCDEFGHIJKLMNOPQRSTUVWXYZ1",
            "is a key of New Relic that is not for browsers",
        ),
        (
            "newrelic",
            "application",
            "NRII-abcdefghijklmnopqrstuvwxyz",
            "is a key of New Relic that is not for browsers",
        ),
        (
            "dynatrace",
            "tag",
            "dt0c01.ST2EY72KQINMH574WMNVI7YN.G3DFPBEJYMODIDAEX454M7YWBUVEFOWKPRVMWFASS64N",
            "is an API",
        ),
        ("dynatrace", "tag", "https://x.example.com/a.js?token=dt0c01.ABC.DEF", "is an API token of Dynatrace"),
        ("otlp", "endpoint", "https://AKIAIOSFODNN7EXAMPLE@otlp.example.com", "is an access key of AWS"),
        ("cloudwatch", "guest_role", "-----BEGIN RSA PRIVATE KEY-----", "is a private key"),
    ],
)
def test_a_secret_is_refused_in_one_sentence_that_does_not_show_it(
    backend: str, key: str, value: str, what: str
) -> None:
    sentences = said({backend: {**GOOD[backend], key: value}})
    assert len(sentences) == 1
    assert sentences[0].startswith(f"service 'shop': apm.rum.{backend}.{key} ")
    assert what in sentences[0]
    assert value not in sentences[0] and value[5:20] not in sentences[0]


def test_a_secret_in_a_list_is_not_shown_either() -> None:
    (sentence,) = said({**GOOD, "tracing_origins": ["https://api.example.com", "dt0c01.SECRET.SECRET"]})
    assert sentence.startswith("service 'shop': apm.rum.tracing_origins is an API token of Dynatrace")
    assert "SECRET" not in sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sample": 2}, "sample must be between 0 and 1, not 2."),
        (
            {"cloudwatch": {**GOOD["cloudwatch"], "app_monitor": "shop"}},
            "cloudwatch.app_monitor must be the id of an app",
        ),
        (
            {"cloudwatch": {**GOOD["cloudwatch"], "region": "eu-west-1"}},
            "identity_pool is not in the Region of the app",
        ),
        ({"cloudwatch": {"app_monitor": UUID, "region": "Frankfurt"}}, "cloudwatch.region must be a Region such as"),
        (
            {"cloudwatch": {**GOOD["cloudwatch"], "identity_pool": None}},
            "cloudwatch.guest_role has no meaning without identity_pool",
        ),
        (
            {"cloudwatch": {**GOOD["cloudwatch"], "client_version": "latest"}},
            "cloudwatch.client_version must be a version",
        ),
        ({"newrelic": {**GOOD["newrelic"], "account": "ours"}}, "newrelic.account must be an account's number."),
        ({"newrelic": {**GOOD["newrelic"], "browser_key": "key"}}, "newrelic.browser_key must be the browser key"),
        ({"datadog": {**GOOD["datadog"], "client_token": "pub1"}}, "datadog.client_token must be a client token"),
        ({"dynatrace": {"tag": "https://js-cdn.dynatrace.com/"}}, "dynatrace.tag must be the address in the tag's src"),
        (
            {"dynatrace": {"tag": "http://js-cdn.dynatrace.com/a.js"}},
            "dynatrace.tag must be the address in the tag's src",
        ),
        ({"otlp": {"endpoint": "http://otlp.example.com"}}, "otlp.endpoint must be a web address that browsers reach"),
        ({"otlp": {"endpoint": "https://a;script-src *"}}, "otlp.endpoint must be a web address that browsers reach"),
    ],
)
def test_a_mistake_is_one_sentence(change: dict[str, Any], sentence: str) -> None:
    (found,) = said({**GOOD, **change})
    assert found.startswith("service 'shop': apm.rum.") and sentence in found


@pytest.mark.parametrize(
    "origin",
    ["api.example.com", "https://api.example.com/", "https://*.example.com", "https://u:p@api.example.com", ".*"],
)
def test_an_origin_is_a_host_and_no_pattern(origin: str) -> None:
    (found,) = said({**GOOD, "tracing_origins": [origin]})
    assert "tracing_origins[1] must be an origin such as https://api.example.com" in found


def test_a_front_end_reports_to_somebody() -> None:
    assert said({"version": "1"}) == [
        "service 'shop': apm.rum needs a backend: cloudwatch, newrelic, datadog, dynatrace or otlp."
    ]
