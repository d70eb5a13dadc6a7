# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment files for Docker, the collector's address for containers, and what is set for profiles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import collector
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.spec import Checker
from tests.unit.plugins.module_utils._apm import collector_rules
from tests.unit.plugins.module_utils._apm.examples import options

XRAY: dict[str, Any] = {"type": "xray", "region": "eu-central-1"}
DATADOG: dict[str, Any] = {"type": "datadog", "site": "datadoghq.eu", "key": "dd-key"}
OTHERS: list[dict[str, Any]] = [
    {"type": "newrelic", "key": "nr-key"},
    {"type": "dynatrace", "environment": "abc12345", "key": "dt-key"},
    {"type": "otlp", "name": "gateway", "endpoint": "https://gateway.example.com:4318"},
]


def docker(text: str) -> dict[str, str]:
    """An environment file as ``docker run --env-file`` reads it.

    By docker's documentation and its command's source (opts/file.go): lines that are empty or begin with # are passed
    over, blanks before a name are, a name has no blanks, all after the first = is the value, without any quoting.
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        stripped = line.removesuffix("\r").lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        assert name and equals and not set(" \t") & set(name), f"docker refuses {line!r}, or asks its own environment"
        found[name] = value
    return found


def made(*services: dict[str, Any], backends: Any = (XRAY,), **variables: Any) -> collector.Host:
    catalogue = {"environment": "production", "services": [{"hosts": "h", **service} for service in services]}
    named = {f"apm_{name}": value for name, value in variables.items()}
    return collector.host(catalogue, {"apm_backends": list(backends), **named}, options("main"), ["h"])


def refused(*services: dict[str, Any], **variables: Any) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        made(*services, **variables)
    return [str(problem) for problem in caught.value.problems]


def test_docker_reads_what_the_sdk_is_meant_to_see() -> None:
    service = {
        "name": "shop",
        "owner": "a, b & c",
        "apm": {"service_name": 'the "shop" $HOME \\ #1', "language": "java"},
    }
    found = made(service).files
    assert sorted(found) == ["shop.docker.env", "shop.env"]
    values = docker(found["shop.docker.env"])
    assert values["OTEL_SERVICE_NAME"] == 'the "shop" $HOME \\ #1'
    assert values["JAVA_TOOL_OPTIONS"] == "-javaagent:/opt/opentelemetry-javaagent.jar"
    assert values["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    assert values["OTEL_RESOURCE_ATTRIBUTES"].endswith("service.owner=a%2C b %26 c")
    # The same variables as systemd's, one a line.
    assert len(values) == found["shop.env"].count("\n") == found["shop.docker.env"].count("\n")


@given(st.dictionaries(st.from_regex(r"\A[A-Z][A-Z0-9_]{0,20}\Z"), st.text(), max_size=5))
def test_a_file_for_docker_is_read_back_as_it_was_or_refused(values: dict[str, str]) -> None:
    checker = Checker()
    text = collector.docker_lines(values, "api", checker)
    if any(set("\r\n\0") & set(value) for value in values.values()):
        assert checker.problems and "is more than one line" in str(checker.problems[0])
    else:
        assert not checker.problems
        assert docker(text) == values


def test_a_value_of_two_lines_is_one_sentence() -> None:
    assert refused({"name": "stock", "apm": {"language": "java"}}, java_agent="/opt/agent.jar\n-Dother") == [
        "service 'stock': JAVA_TOOL_OPTIONS is more than one line, which Docker's environment files cannot hold; write "
        "it on one."
    ]


def test_a_service_that_is_called_like_another_ones_file_for_docker_is_refused() -> None:
    assert refused({"name": "api"}, {"name": "api.docker"}) == [
        "services 'api' and 'api.docker' have the same file; rename one of them."
    ]


def test_containers_reach_the_collector_at_the_bridge_where_it_is_named() -> None:
    host = made({"name": "api"}, container_address="172.17.0.1", http_port=4418)
    collector_rules.validate(host.config)
    assert host.config["receivers"]["otlp/containers"]["protocols"]["http"] == {"endpoint": "172.17.0.1:4418"}
    assert host.config["receivers"]["otlp"]["protocols"]["http"] == {"endpoint": "127.0.0.1:4418"}
    assert host.config["service"]["pipelines"]["traces"]["receivers"] == ["otlp", "otlp/containers"]
    assert docker(host.files["api.docker.env"])["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://172.17.0.1:4418"
    assert 'OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4418"' in host.files["api.env"]
    assert "otlp/containers" not in made({"name": "api"}).config["receivers"]


@pytest.mark.parametrize("address", ["0.0.0.0", "8.8.8.8", "127.0.0.1", "docker0", "fd00::1", "172.17.0.1:4318"])
def test_the_collector_listens_at_no_address_that_others_reach(address: str) -> None:
    assert refused({"name": "api"}, container_address=address) == [
        "apm_container_address must be the host's private IPv4 address on the containers' bridge, such as 172.17.0.1, "
        f"not '{address}'."
    ]


def test_the_cloudwatch_agent_listens_at_one_address() -> None:
    (said,) = refused({"name": "api"}, container_address="172.17.0.1", collector="cloudwatch_agent")
    assert said.startswith("apm_container_address is for the OpenTelemetry Collector")


# -- profiles ---------------------------------------------------------------------------------------------------------


def profiled(language: str | None, backend: dict[str, Any], **variables: Any) -> tuple[dict[str, str], list[str]]:
    apm = {"profiling": True, **({"language": language} if language else {})}
    host = made({"name": "the api", "apm": apm}, backends=(backend,), **variables)
    values = docker(host.files["the-api.docker.env"])
    assert len(values) == host.files["the-api.env"].count("\n")
    return {name: value for name, value in values.items() if name[:3] in ("DD_", "AWS")}, host.remarks


@pytest.mark.parametrize("language", ["python", "node", "java", "dotnet", "php", "ruby"])
def test_datadogs_profiler_is_told_and_its_tracer_is_not_wanted(language: str) -> None:
    values, remarks = profiled(language, DATADOG)
    assert values == {
        "DD_PROFILING_ENABLED": "true",
        # Node's profiler goes with its tracer where that is switched off by the other one.
        "DD_APM_TRACING_ENABLED" if language == "node" else "DD_TRACE_ENABLED": "false",
        "DD_SERVICE": "the api",
        "DD_ENV": "production",
        "DD_TRACE_AGENT_URL": "http://127.0.0.1:8126",
    }
    assert len(remarks) == 1 and "its library is loaded" in remarks[0] and "8126" in remarks[0]
    inside, _ = profiled(language, DATADOG, container_address="172.17.0.1")
    assert inside["DD_TRACE_AGENT_URL"] == "http://172.17.0.1:8126"


def test_codeguru_profiler_is_told_in_python() -> None:
    values, remarks = profiled("python", XRAY)
    assert values == {
        "AWS_CODEGURU_PROFILER_GROUP_NAME": "the-api",
        "AWS_CODEGURU_PROFILER_TARGET_REGION": "eu-central-1",
    }
    assert remarks == [
        "profiles of the api reach CodeGuru Profiler where the profiling group of that name exists in eu-central-1 and "
        "the program is started by python -m codeguru_profiler_agent; the environment files have the rest."
    ]


@pytest.mark.parametrize(
    ("language", "backend", "why"),
    [
        ("java", XRAY, "by its agent's own arguments alone"),
        ("node", XRAY, "CodeGuru Profiler knows Python and JVM languages alone"),
        (None, XRAY, "see apm.language"),
        ("go", DATADOG, "Go in its code"),
        (None, DATADOG, "see apm.language"),
        ("python", OTHERS[0], "New Relic profiles by its own agents"),
        ("python", OTHERS[1], "Dynatrace profiles by OneAgent"),
        ("python", OTHERS[2], "OTLP's profiles are not stable yet"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_set(language: str | None, backend: dict[str, Any], why: str) -> None:
    values, remarks = profiled(language, backend)
    assert values == {}
    assert len(remarks) == 1 and remarks[0].startswith("profiles of the api ") and why in remarks[0]


def test_each_backend_has_one_sentence_for_all_services_alike() -> None:
    python = {"language": "python", "profiling": True}
    services = [{"name": "a", "apm": python}, {"name": "b", "apm": python}, {"name": "c", "apm": {"profiling": False}}]
    remarks = made(*services, backends=(XRAY, *OTHERS)).remarks
    assert len(remarks) == 4
    assert all(remark.startswith("profiles of a and b ") for remark in remarks)
    assert made(*services[2:], backends=(XRAY, DATADOG, *OTHERS)).remarks == []
    assert "DD_" not in made(*services[2:], backends=(DATADOG,)).files["c.env"]
