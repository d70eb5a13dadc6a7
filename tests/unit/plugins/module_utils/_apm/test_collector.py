# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collector is told, held to the rules of its components; keys, masks, shares and files."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import collector
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError
from tests.unit.plugins.module_utils._apm import collector_rules
from tests.unit.plugins.module_utils._apm.examples import options

XRAY: dict[str, Any] = {"type": "xray", "region": "eu-central-1"}
NEW_RELIC: dict[str, Any] = {"type": "newrelic", "site": "eu", "key": "nr-key"}
DATADOG: dict[str, Any] = {"type": "datadog", "site": "datadoghq.eu", "key": "dd-key"}
DYNATRACE: dict[str, Any] = {"type": "dynatrace", "environment": "abc12345", "key": "dt0c01.key"}
GATEWAY: dict[str, Any] = {
    "type": "otlp",
    "name": "gateway",
    "endpoint": "https://gateway.example.com:4318",
    "headers": {"X-Team": "a b"},
}
ALL: list[dict[str, Any]] = [XRAY, NEW_RELIC, DATADOG, DYNATRACE, GATEWAY]
BOTH: dict[str, Any] = {"signals": ["traces", "metrics"]}

SERVICES: list[dict[str, Any]] = [
    {"name": "api", "hosts": "api", "owner": "payments", "apm": {"sample": 0.05, "language": "python"}},
    {"name": "shop front", "hosts": "api", "apm": {"service_name": 'the "shop"', "language": "node", "sample": 0}},
    {"name": "queue", "hosts": "queue-1", "apm": {"language": "java"}},
    {"name": "quiet", "hosts": "api", "apm": {"enabled": False}},
    {"name": "gone", "hosts": "api", "state": "absent"},
    {"name": "elsewhere", "hosts": "web"},
]


def made(
    backends: Any = (XRAY,), groups: tuple[str, ...] = ("api",), services: Any = None, **variables: Any
) -> collector.Host:
    catalogue = {"environment": "production", "services": SERVICES if services is None else services}
    named = {f"apm_{name}": value for name, value in variables.items()}
    declared = list(backends) if isinstance(backends, tuple) else backends
    return collector.host(catalogue, {"apm_backends": declared, **named}, options("main"), list(groups))


def refused(*arguments: Any, **variables: Any) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        made(*arguments, **variables)
    return [str(problem) for problem in caught.value.problems]


def policies(host: collector.Host) -> dict[str, dict[str, Any]]:
    return {policy["name"]: policy for policy in host.config["processors"]["tail_sampling"]["policies"]}


# -- the rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backends",
    [
        *([backend] for backend in ALL),
        *([{**backend, **BOTH}] for backend in ALL),
        [{**backend, "signals": ["metrics"]} for backend in ALL],
        ALL,
        [{**backend, **BOTH} for backend in ALL],
        [NEW_RELIC, {**NEW_RELIC, "name": "second", "key": "other"}],
        [{"type": "otlp", "endpoint": "https://gateway.example.com:4317", "protocol": "grpc", "headers": {"X-A": "b"}}],
        [{"type": "otlp", "endpoint": "http://127.0.0.1:4317", "protocol": "grpc"}],
    ],
    ids=lambda value: "-".join(f"{one['type']}{len(one.get('signals', ()))}" for one in value),
)
def test_a_configuration_keeps_the_rules_of_its_components(backends: list[dict[str, Any]]) -> None:
    host = made(backends)
    collector_rules.validate(host.config)
    # What it refers to is in the file of the keys, and nothing else is.
    assert collector_rules.variables(host.config) == set(read(host.secrets))
    # It survives the way through the file.
    assert yaml.safe_load(yaml.safe_dump(host.config)) == host.config


def test_the_rules_find_mistakes() -> None:
    """The check above can fail: each of these is wrong in one way."""
    for break_it in (
        lambda config: config["processors"].pop("batch"),
        lambda config: config["processors"]["batch"].update(send_batch_sise=1),
        lambda config: config["exporters"]["otlphttp/xray-traces"].update(timeout="30"),
        lambda config: config["exporters"]["otlphttp/xray-traces"]["sending_queue"].update(storage="disk"),
        lambda config: config["service"]["pipelines"]["traces"]["processors"].reverse(),
        lambda config: config["service"]["extensions"].remove("file_storage"),
        lambda config: config["processors"]["redaction"]["blocked_values"].append("(?=x)"),
        lambda config: config["processors"]["tail_sampling"]["policies"].append({"name": "x", "type": "latncy"}),
        lambda config: config["exporters"].update(spare={}),
    ):
        config = made().config
        break_it(config)
        with pytest.raises((AssertionError, KeyError)):
            collector_rules.validate(config)
    with pytest.raises(AssertionError):
        collector_rules.variables({"a": "x$y"})


# -- backends ---------------------------------------------------------------------------------------------------------


def test_each_backend_has_its_address_and_headers() -> None:
    exporters = made(ALL).config["exporters"]
    told = {
        name: (exporter["traces_endpoint"], exporter.get("headers"), exporter.get("auth"))
        for name, exporter in exporters.items()
    }
    assert told == {
        "otlphttp/xray-traces": (
            "https://xray.eu-central-1.amazonaws.com/v1/traces",
            None,
            {"authenticator": "sigv4auth/xray-traces"},
        ),
        "otlphttp/newrelic": (
            "https://otlp.eu01.nr-data.net/v1/traces",
            {"api-key": "${env:APM_NEWRELIC_API_KEY}"},
            None,
        ),
        "otlphttp/datadog": (
            "https://otlp.datadoghq.eu/v1/traces",
            {"dd-api-key": "${env:APM_DATADOG_DD_API_KEY}", "compute_stats": "true"},
            None,
        ),
        "otlphttp/dynatrace": (
            "https://abc12345.live.dynatrace.com/api/v2/otlp/v1/traces",
            {"Authorization": "Api-Token ${env:APM_DYNATRACE_AUTHORIZATION}"},
            None,
        ),
        "otlphttp/gateway": (
            "https://gateway.example.com:4318/v1/traces",
            {"x-team": "${env:APM_GATEWAY_X_TEAM}"},
            None,
        ),
    }


def test_aws_is_signed_for_each_signal_in_its_region() -> None:
    config = made([{**XRAY, **BOTH}]).config
    assert config["extensions"]["sigv4auth/xray-traces"] == {"region": "eu-central-1", "service": "xray"}
    assert config["extensions"]["sigv4auth/xray-metrics"] == {"region": "eu-central-1", "service": "monitoring"}
    assert config["exporters"]["otlphttp/xray-metrics"]["metrics_endpoint"] == (
        "https://monitoring.eu-central-1.amazonaws.com/v1/metrics"
    )
    china = made([{"type": "xray", "region": "cn-north-1"}]).config["exporters"]["otlphttp/xray-traces"]
    assert china["traces_endpoint"] == "https://xray.cn-north-1.amazonaws.com.cn/v1/traces"


def test_metrics_are_deltas_where_the_backend_wants_them() -> None:
    pipelines = made([{**backend, **BOTH} for backend in ALL]).config["service"]["pipelines"]
    assert pipelines["metrics"]["exporters"] == ["otlphttp/xray-metrics", "otlphttp/newrelic", "otlphttp/gateway"]
    assert pipelines["metrics/delta"]["exporters"] == ["otlphttp/datadog", "otlphttp/dynatrace"]
    assert "cumulativetodelta" in pipelines["metrics/delta"]["processors"]
    assert "metrics" not in made(ALL).config["service"]["pipelines"]


def test_nothing_is_given_up_while_there_is_room_on_disk() -> None:
    for exporter in made(ALL, queue_size=77).config["exporters"].values():
        assert exporter["retry_on_failure"]["max_elapsed_time"] == "0s"
        assert exporter["sending_queue"] == {"enabled": True, "storage": "file_storage", "queue_size": 77}


@pytest.mark.parametrize(
    ("backends", "sentence"),
    [
        ([], "apm_backends is empty; say where traces go, such as a list with {type: xray, region: eu-central-1}."),
        (
            [{"type": "newrelik", "key": "x"}],
            "backend 'newrelik': type must be xray, newrelic, datadog, dynatrace or otlp, not 'newrelik' (did you mean "
            "'newrelic'?).",
        ),
        ([{"type": "newrelic"}], "backend 'newrelic' needs 'key': keep it in Ansible Vault."),
        ([{"type": "newrelic", "key": ""}], "backend 'newrelic' needs 'key': keep it in Ansible Vault."),
        ([{"type": "xray"}], "backend 'xray' needs 'region'."),
        (
            [{"type": "xray", "region": "Frankfurt"}],
            "backend 'xray': region must be a Region such as eu-central-1, not 'Frankfurt'.",
        ),
        (
            [{**DYNATRACE, "environment": "https://abc"}],
            "backend 'dynatrace': environment must be the first part of its address, such as abc12345.",
        ),
        ([{"type": "otlp"}], "backend 'otlp' needs 'endpoint'."),
        (
            [{"type": "otlp", "endpoint": "gateway:4318"}],
            "backend 'otlp': endpoint must be a web address such as https://otlp.example.com:4318, not 'gateway:4318'.",
        ),
        (
            [{"type": "otlp", "endpoint": "http://gateway.example.com:4318"}],
            "backend 'otlp': endpoint must begin with https, since traces leave the host; http is for this host alone.",
        ),
        (
            [{"type": "otlp", "endpoint": "https://me:secret@gateway.example.com"}],
            "backend 'otlp': endpoint must hold no login; give it in headers.",
        ),
        ([{**XRAY, "key": "x"}], "backend 'xray': key has no meaning for xray; remove it."),
        ([{**DATADOG, "protocol": "grpc"}], "backend 'datadog': protocol has no meaning for datadog; remove it."),
        (
            [{**DATADOG, "site": "eu"}],
            "backend 'datadog': site must be datadoghq.com, us3.datadoghq.com, us5.datadoghq.com, datadoghq.eu, "
            "ap1.datadoghq.com, ap2.datadoghq.com or uk1.datadoghq.com, not 'eu'.",
        ),
        (
            [NEW_RELIC, NEW_RELIC],
            "backend 'newrelic' is declared twice, as entries 1 and 2 of apm_backends; give each a name.",
        ),
        (
            [{**NEW_RELIC, "name": "a-b"}, {**NEW_RELIC, "name": "a_b"}],
            "backend 'a_b' is named too much like 'a-b'; rename one.",
        ),
        (
            [{**NEW_RELIC, "name": "My backend"}],
            "backend 'My backend': name must be small letters, digits, '-' and '_', not 'My backend'.",
        ),
        (
            [{**NEW_RELIC, "licence": "x"}],
            "backend 'newrelic': licence is not a known key; known are endpoint, environment, headers, key, "
            "name, protocol, region, signals, site and type.",
        ),
        ([{**XRAY, "signals": ["trace"]}], "backend 'xray': signals has 'trace'; there are traces and metrics."),
        ([{**XRAY, "signals": []}], "backend 'xray': signals is empty; take the backend out instead."),
        (
            [{**NEW_RELIC, "key": "one\ntwo"}],
            "backend 'newrelic': key must be one line without control characters; a key has been pasted with a "
            "line's end.",
        ),
        (
            [{**GATEWAY, "headers": {"X Team": "a"}}],
            "backend 'gateway': headers has 'X Team', which is no name of a header.",
        ),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence(backends: list[dict[str, Any]], sentence: str) -> None:
    assert refused(backends) == [sentence]


def test_no_sentence_has_a_key_in_it() -> None:
    secret = "NRAK-very-secret"
    for extra in ({"key": f"{secret}\n"}, {"site": "moon"}, {"region": "x"}, {"name": "A B"}, {"other": 1}):
        for sentence in refused([{"type": "newrelic", "key": secret, **extra}]):
            assert secret not in sentence
    assert secret not in repr(made([{"type": "newrelic", "key": secret}]).config)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"sample": 1.5}, "apm_sample must be between 0 and 1, not 1.5."),
        ({"slow_ms": 0}, "apm_slow_ms must be at least 1, not 0."),
        (
            {"http_port": 4317},
            "apm_grpc_port, apm_http_port, apm_health_port and apm_metrics_port must be four different ports, "
            "not 4317, "
            "4317, 13133 and 8888.",
        ),
        (
            {"redacted_keys": ["("]},
            "apm_redacted_keys has '(', which is no regular expression: missing ), unterminated subpattern at "
            "position 0.",
        ),
        (
            {"redacted_values": ["a(?=b)"]},
            "apm_redacted_values has 'a(?=b)', which the collector cannot take: no look-around, no references (RE2).",
        ),
        ({"redacted_values": ["x*"]}, "apm_redacted_values has 'x*', which matches everything; nothing would be left."),
        (
            {"collector": "otelcol"},
            "apm_collector must be opentelemetry, cloudwatch_agent or vendor_agent, not 'otelcol'.",
        ),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(variables: dict[str, Any], sentence: str) -> None:
    assert refused(**variables) == [sentence]


# -- sampling and masks -----------------------------------------------------------------------------------------------


def test_errors_and_slow_traces_are_kept_and_shares_of_the_rest() -> None:
    found = policies(made(sample=0.5, slow_ms=1500))
    assert found["errors"]["status_code"] == {"status_codes": ["ERROR"]}
    assert found["slow"]["latency"] == {"threshold_ms": 1500}
    own, share = found["share-api"]["and"]["and_sub_policy"]
    assert own["ottl_condition"]["span"] == ['resource.attributes["service.name"] == "api"']
    assert share["probabilistic"]["sampling_percentage"] == 5
    own, share = found["share-the-shop"]["and"]["and_sub_policy"]
    assert own["ottl_condition"]["span"] == [r'resource.attributes["service.name"] == "the \"shop\""']
    assert share["probabilistic"]["sampling_percentage"] == 0
    own, share = found["share-others"]["and"]["and_sub_policy"]
    assert own["ottl_condition"]["span"] == [
        r'resource.attributes["service.name"] != "api" and resource.attributes["service.name"] != "the \"shop\""'
    ]
    assert share["probabilistic"]["sampling_percentage"] == 50


def test_without_shares_of_their_own_all_services_have_that_of_the_host() -> None:
    found = policies(made(groups=("queue-1",), sample=0.1))
    assert found["share-others"] == {
        "name": "share-others",
        "type": "probabilistic",
        "probabilistic": {"sampling_percentage": 10},
    }


@pytest.mark.parametrize(
    ("path", "dropped"),
    [
        ("/health", True),
        ("/health/payments", True),
        ("/livez?verbose=1", True),
        ("/metrics", True),
        ("/healthy-food", False),
        ("/orders/health", False),
        ("/", False),
    ],
)
def test_probes_are_dropped(path: str, dropped: bool) -> None:
    found = policies(made())
    for name in ("probes-url-path", "probes-http-target"):
        (sub,) = found[name]["drop"]["drop_sub_policy"]
        (pattern,) = sub["string_attribute"]["values"]
        assert bool(re.search(pattern.replace("$$", "$"), path)) is dropped
    assert "probes-url-path" not in policies(made(drop_probes=False))


def masked(value: str, patterns: list[str]) -> str:
    for pattern in patterns:
        value = re.sub(pattern.replace("$$", "$"), "****", value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        "jane.doe@mail.example.co.uk",
        "4111111111111111",
        "DE89 3704 0044 0532 0130 00",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1",
        "AKIAIOSFODNN7EXAMPLE",
        "Bearer abcdef1234567890",
        "Basic dXNlcjpwYXNz",
    ],
)
def test_what_gives_a_person_or_a_secret_away_is_masked(value: str) -> None:
    patterns = made().config["processors"]["redaction"]["blocked_values"]
    assert value not in masked(f"before {value} after", patterns)
    assert masked(f"before {value} after", patterns).startswith("before ****")


def test_logins_in_addresses_are_masked_and_the_rest_stays() -> None:
    patterns = made().config["processors"]["redaction"]["blocked_values"]
    assert masked("postgresql://app:pa55@db.internal:5432/shop", patterns) == "postgresql****db.internal:5432/shop"
    for harmless in (
        "GET /orders/17",
        "https://example.com:8443/a",
        "SELECT * FROM orders WHERE id = ?",
        "1764252800123",
    ):
        assert masked(harmless, patterns) == harmless


@pytest.mark.parametrize(
    ("key", "blocked"),
    [
        ("http.request.header.authorization", True),
        ("user.password", True),
        ("app.api_key", True),
        ("session.token", True),
        ("access_token", True),
        ("user.email", True),
        ("http.request.header.set-cookie", True),
        ("gen_ai.usage.input_tokens", False),
        ("db.system", False),
        ("http.route", False),
        ("session.id", False),
    ],
)
def test_keys_that_give_it_away(key: str, blocked: bool) -> None:
    patterns = made().config["processors"]["redaction"]["blocked_key_patterns"]
    assert any(re.search(pattern.replace("$$", "$"), key) for pattern in patterns) is blocked


def test_ones_own_masks_come_after_ours_with_their_dollars_kept() -> None:
    redaction = made(redacted_keys=["^customer$"], redacted_values=[r"\bKD-\d+$"]).config["processors"]["redaction"]
    assert redaction["blocked_key_patterns"][-1] == "^customer$$"
    assert redaction["blocked_values"][-1] == r"\bKD-\d+$$"


# -- the host ---------------------------------------------------------------------------------------------------------


def read(text: str) -> dict[str, str]:
    """An environment file as systemd reads it: a backslash protects these four, and is itself elsewhere."""
    result = {}
    for line in text.split("\n"):
        if line:
            found = re.fullmatch(r'([A-Z_][A-Z0-9_]*)="((?:[^"\\]|\\.)*)"', line)
            assert found, line
            result[found[1]] = re.sub(r'\\(["\\`$])', r"\1", found[2])
    return result


def test_a_shell_reads_the_same() -> None:
    key = "a\"b'c\\d$HOME`id` e#f"
    script = made([{"type": "newrelic", "key": key}]).secrets + 'printf %s "$APM_NEWRELIC_API_KEY"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == key


def test_the_services_of_a_host_are_those_of_its_groups() -> None:
    assert sorted(made(groups=("all", "api", "h1")).services) == ["api", "shop-front"]
    assert sorted(made(groups=("queue-1",)).services) == ["queue"]
    assert made(groups=("db",)).services == {}


def test_the_environment_of_a_service() -> None:
    services = made(groups=("api", "queue-1"), java_agent="/opt/agent.jar").services
    assert read(services["api"]) == {
        "OTEL_SERVICE_NAME": "api",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=production,service.owner=payments",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
    }
    assert read(services["shop-front"])["OTEL_SERVICE_NAME"] == 'the "shop"'
    assert (
        read(services["shop-front"])["NODE_OPTIONS"] == "--require @opentelemetry/auto-instrumentations-node/register"
    )
    assert read(services["queue"])["JAVA_TOOL_OPTIONS"] == "-javaagent:/opt/agent.jar"
    with_metrics = made([{**XRAY, **BOTH}]).services
    assert read(with_metrics["api"])["OTEL_METRICS_EXPORTER"] == "otlp"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1))
def test_whatever_is_in_a_key_comes_out_of_the_file_as_it_was(key: str) -> None:
    if not key.strip():
        return
    host = made([{"type": "newrelic", "key": key}])
    (line,) = host.secrets.split("\n")[:-1]
    assert read(line) == {"APM_NEWRELIC_API_KEY": key}


def test_services_that_would_share_a_file_are_refused() -> None:
    twins = [{"name": "a b", "hosts": "api"}, {"name": "a/b", "hosts": "api"}]
    assert refused(services=twins) == ["services 'a b' and 'a/b' have the same file; rename one of them."]


def test_the_cloudwatch_agent_in_its_place_is_told_of_x_ray_alone() -> None:
    assert made(collector="cloudwatch_agent", grpc_port=14317).config == {
        "traces": {
            "traces_collected": {
                "otlp": {"grpc_endpoint": "127.0.0.1:14317", "http_endpoint": "127.0.0.1:4318"},
                "application_signals": {},
            }
        },
        "logs": {"metrics_collected": {"application_signals": {}}},
    }
    assert refused(ALL, collector="cloudwatch_agent") == [
        "apm_collector is cloudwatch_agent, which sends traces to X-Ray and nothing else; take the other backends and "
        "signals out of apm_backends, or set apm_collector to opentelemetry."
    ]


# -- a vendor's agent -------------------------------------------------------------------------------------------------


def test_a_vendors_agent_takes_the_collectors_place() -> None:
    host = made([DATADOG], collector="vendor_agent", http_port=5318)
    assert (host.config, host.secrets) == ({}, "")
    assert host.agent["role"] == "datadog.dd.agent"
    assert host.variables["datadog_api_key"] == "dd-key"
    assert "dd-key" not in repr(host)
    assert sorted(host.services) == ["api", "shop-front"]
    for text in host.files.values():
        assert "http://127.0.0.1:5318" in text
    assert host.remarks[0] == "Services send their traces to the Datadog Agent at http://127.0.0.1:5318."


def test_what_the_inventory_says_in_a_vendors_words_reaches_its_role() -> None:
    host = made([DYNATRACE], collector="vendor_agent", agent_given={"oneagent_install_args": ["--set-host-tag=a=b"]})
    assert "--set-host-tag=a=b" in host.variables["oneagent_install_args"]
    assert "NODE_OPTIONS" in made([DYNATRACE]).services["shop-front"]
    assert "NODE_OPTIONS" not in host.services["shop-front"]
    assert "http://127.0.0.1:14499/otlp" in host.services["shop-front"]


def test_an_agent_that_takes_no_otlp_leaves_no_environment_files() -> None:
    host = made([{**NEW_RELIC, "key": "eu01xx-key"}], collector="vendor_agent")
    assert (host.services, host.files) == ({}, {})
    assert "takes no OTLP" in host.remarks[0]


def test_a_vendors_agent_that_cannot_be_is_refused() -> None:
    (problem,) = refused([DATADOG, DYNATRACE], collector="vendor_agent")
    assert problem.startswith(
        "apm_collector is vendor_agent, which is one agent on a host, and apm_backends has 'datado"
    )
    assert refused(None, collector="vendor_agent")[0].startswith("apm_backends is empty;")
    (problem,) = refused([DATADOG], collector="vendor_agent", container_address="172.17.0.1")
    assert problem.startswith("apm_container_address is for the OpenTelemetry Collector; an agent listens on")
