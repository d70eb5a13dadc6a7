# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the vendors' roles are told, held to what the vendors document of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as given_examples
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import vendor
from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm.backends import Backend, backends
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.spec import Checker
from tests.unit.plugins.module_utils._apm import vendor_roles
from tests.unit.plugins.module_utils._apm.examples import options

DATADOG: dict[str, Any] = {"type": "datadog", "site": "datadoghq.eu", "key": "dd-key"}
NEW_RELIC: dict[str, Any] = {"type": "newrelic", "site": "eu", "key": "eu01xx-nr-key"}
DYNATRACE: dict[str, Any] = {"type": "dynatrace", "environment": "abc12345", "key": "dt0c01.key"}
SETTINGS: dict[str, Any] = {"apm_grpc_port": 4317, "apm_http_port": 4318, "apm_sample": 1}
API: dict[str, Any] = {"name": "api", "owner": "payments", "apm": {"service_name": "Public API"}}
SHOP: dict[str, Any] = {"name": "shop", "owner": "payments"}


def meant(*declared: dict[str, Any]) -> list[Backend]:
    checker = Checker()
    found = backends(list(declared), options("main")["apm_backends"]["options"], checker)
    assert not checker.problems
    return found


def told(
    declared: dict[str, Any],
    services: Any = (API, SHOP),
    given: dict[str, Any] | None = None,
    named: str = "production",
    **settings: Any,
) -> dict[str, Any]:
    (backend,) = meant(declared)
    found = vendor.variables(services, backend, declared, {**SETTINGS, **settings}, named, given or {})
    vendor_roles.check(vendor.AGENTS[backend.kind].role, found)
    return found


def refused(*declared: dict[str, Any], given: dict[str, Any] | None = None, **settings: Any) -> list[str]:
    checker = Checker()
    vendor.checked(declared, meant(*declared), {**SETTINGS, **settings}, given or {}, checker)
    return [str(problem) for problem in checker.problems]


# -- Datadog ----------------------------------------------------------------------------------------------------------


def test_the_datadog_agent_takes_otlp_on_loopback_and_collects_nothing_that_nobody_asked_for() -> None:
    found = told(DATADOG)
    assert found["datadog_api_key"] == "dd-key"
    assert found["datadog_site"] == "datadoghq.eu"
    config = found["datadog_config"]
    assert config["env"] == "production"
    assert config["otlp_config"]["receiver"]["protocols"] == {
        "grpc": {"endpoint": "127.0.0.1:4317"},
        "http": {"endpoint": "127.0.0.1:4318"},
    }
    assert config["apm_config"] == {"enabled": True}
    assert config["otlp_config"]["traces"]["enabled"] is True
    assert config["otlp_config"]["metrics"]["enabled"] is False
    assert config["logs_enabled"] is False
    assert not any(part["enabled"] for part in config["process_config"].values())
    assert "dd-key" not in str(config)
    assert told({"type": "datadog", "key": "k"})["datadog_site"] == "datadoghq.com"


def test_metrics_are_taken_where_the_backend_gets_them() -> None:
    config = told({**DATADOG, "signals": ["metrics"]})["datadog_config"]["otlp_config"]
    assert (config["traces"]["enabled"], config["metrics"]["enabled"]) == (False, True)


def test_a_host_bears_the_tag_of_a_service_only_where_it_is_its_only_one() -> None:
    assert told(DATADOG)["datadog_config"]["tags"] == ["owner:payments"]
    assert told(DATADOG, [API])["datadog_config"]["tags"] == ["service:Public API", "owner:payments"]
    assert told(DATADOG, [])["datadog_config"]["tags"] == []


def test_the_share_is_the_agents() -> None:
    share = told(DATADOG, apm_sample=0.07)["datadog_config"]["otlp_config"]["traces"]["probabilistic_sampler"]
    assert share == {"sampling_percentage": 7}


def test_the_inventorys_own_words_go_over_what_is_made() -> None:
    own: dict[str, Any] = {
        "tags": ["rack:7", "owner:payments"],
        "process_config": {"process_collection": {"enabled": True}},
        "apm_config": {"obfuscation": {}},
    }
    config = told(DATADOG, given={"datadog_config": own, "nrinfragent_config": {"log_file": "/x"}})["datadog_config"]
    assert config["tags"] == ["rack:7", "owner:payments"]
    assert config["process_config"]["process_collection"] == {"enabled": True}
    assert config["process_config"]["process_discovery"] == {"enabled": False}
    assert config["apm_config"] == {"enabled": True, "obfuscation": {}}
    own = {"custom_attributes": {"rack": "7"}, "enable_process_metrics": True}
    config = told(NEW_RELIC, given={"nrinfragent_config": own})["nrinfragent_config"]
    assert config["enable_process_metrics"] is True
    assert config["custom_attributes"]["rack"] == "7"
    assert config["custom_attributes"]["environment"] == "production"


# -- New Relic --------------------------------------------------------------------------------------------------------


def test_new_relics_agent_gets_its_key_and_attributes() -> None:
    assert told(NEW_RELIC)["nrinfragent_config"] == {
        "license_key": "eu01xx-nr-key",
        "enable_process_metrics": False,
        "custom_attributes": {"environment": "production", "service": "Public API, shop", "owner": "payments"},
    }
    assert told(NEW_RELIC, [{"name": "a"}], named="")["nrinfragent_config"]["custom_attributes"] == {"service": "a"}


def test_a_key_of_another_region_than_the_site_is_refused_without_being_shown() -> None:
    assert refused(NEW_RELIC) == []
    assert refused({"type": "newrelic", "key": "0123abcd"}) == []
    for declared in ({"type": "newrelic", "key": "eu01xxsecret"}, {"type": "newrelic", "site": "eu", "key": "secret"}):
        (problem,) = refused(declared)
        assert problem.startswith("backend 'newrelic': site is ")
        assert "secret" not in problem


# -- Dynatrace --------------------------------------------------------------------------------------------------------


def test_one_agent_gets_a_group_tags_and_no_logs() -> None:
    found = told(DYNATRACE)
    assert found["oneagent_environment_url"] == "https://abc12345.live.dynatrace.com"
    assert found["oneagent_paas_token"] == "dt0c01.key"
    assert found["oneagent_install_args"] == [
        "--set-host-group=production",
        "--set-host-tag=environment=production",
        "--set-host-tag=service=Public API",
        "--set-host-tag=service=shop",
        "--set-host-tag=owner=payments",
        "--set-monitoring-mode=fullstack",
        "--set-app-log-content-access=false",
        "--set-system-logs-access-enabled=false",
    ]


def test_arguments_of_the_inventory_take_the_place_of_the_same_ones_and_tags_are_added() -> None:
    own = ["--set-host-group=payments", "--set-host-tag=rack=7", "--set-app-log-content-access=true"]
    arguments = told(DYNATRACE, [SHOP], {"oneagent_install_args": own})["oneagent_install_args"]
    assert [one for one in arguments if "host-group" in one or "log-content" in one] == [own[0], own[2]]
    assert {"--set-host-tag=service=shop", "--set-host-tag=rack=7"} < set(arguments)


@given_examples(st.text(max_size=120), st.text(min_size=1, max_size=40))
def test_whatever_names_are_they_leave_no_quotation_marks(named: str, name: str) -> None:
    told(DYNATRACE, [{"name": name, "owner": name}], named=named)


# -- where services send ----------------------------------------------------------------------------------------------

SENT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "NODE_OPTIONS": "--require x", "OTEL_SERVICE_NAME": "a"}


def test_services_send_to_the_agent_that_takes_otlp() -> None:
    (datadog,) = meant(DATADOG)
    found = vendor.receiver(datadog, {**SETTINGS, "apm_http_port": 5318}, {})
    assert found is not None
    assert found.told(SENT) == {**SENT, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:5318"}
    (new_relic,) = meant(NEW_RELIC)
    assert vendor.receiver(new_relic, SETTINGS, {}) is None


def test_services_beside_one_agent_send_uncompressed_and_start_no_second_agent() -> None:
    (backend,) = meant(DYNATRACE)
    found = vendor.receiver(backend, SETTINGS, {})
    assert found is not None
    assert found.told(SENT) == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:14499/otlp",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_SERVICE_NAME": "a",
    }
    moved = vendor.receiver(backend, SETTINGS, {"oneagent_install_args": ["--set-extensions-ingest-port=15000"]})
    assert moved is not None
    assert moved.endpoint == "http://127.0.0.1:15000/otlp"


def test_a_run_says_where_spans_go_and_what_is_not_followed() -> None:
    def said(declared: dict[str, Any], services: Any = (), **settings: Any) -> str:
        (backend,) = meant(declared)
        return " ".join(vendor.remarks(services, backend, {**SETTINGS, **settings}, {}))

    sampled = [{"name": "api", "apm": {"sample": 0.1}}, {"name": "shop", "apm": {}}]
    assert said(DATADOG, apm_sample=0.5) == "Services send their traces to the Datadog Agent at http://127.0.0.1:4318."
    assert said(DATADOG, sampled).endswith("The Datadog Agent does not follow apm.sample of api.")
    assert said(NEW_RELIC).startswith("New Relic's infrastructure agent takes no OTLP, so that services get no ")
    assert "once the Extension Execution Controller is enabled" in said(DYNATRACE)
    assert said(DYNATRACE, apm_sample=0.5).endswith("Dynatrace's OneAgent does not follow apm_sample.")


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ([DATADOG, DYNATRACE], "apm_backends has 'datadog' and 'dynatrace': their agents get in each other's way"),
        ([{"type": "xray", "region": "eu-central-1"}], "'xray' of apm_backends is none of datadog, newrelic and dyna"),
        (
            [{**DATADOG, "endpoint": "https://otlp.example.com"}],
            "backend 'datadog': endpoint is an address for OTLP, wh",
        ),
        (
            [{**DYNATRACE, "signals": ["traces", "metrics"]}],
            "has 'metrics', which Dynatrace's OneAgent takes no OTLP of",
        ),
    ],
)
def test_what_an_agent_cannot_do_is_one_sentence(declared: list[dict[str, Any]], sentence: str) -> None:
    (problem,) = refused(*declared)
    assert sentence in problem
    assert "key" not in problem


def test_mistakes_in_what_the_inventory_says() -> None:
    assert refused(DATADOG, apm_sample=0) == [
        "apm_sample is 0, which the Datadog Agent takes for everything; leave services out instead."
    ]
    assert refused(DATADOG, given={"datadog_config": "logs_enabled: true"}) == [
        "datadog_config must be a mapping, as the vendor's role takes it."
    ]
    assert refused(DYNATRACE, given={"oneagent_install_args": ["--set-extensions-ingest-port=http"]}) == [
        "oneagent_install_args has '--set-extensions-ingest-port', which must be a port."
    ]


def test_a_role_that_is_not_there_is_one_sentence_with_its_command() -> None:
    assert vendor.lack("datadog", False) == (
        "apm_collector is vendor_agent, and the collection datadog.dd is not installed: "
        "ansible-galaxy collection install 'datadog.dd:>=6.0.0'"
    )
    assert vendor.lack("newrelic", False).endswith(
        "the role newrelic.newrelic-infra is not installed: ansible-galaxy role install newrelic.newrelic-infra"
    )
    assert vendor.lack("dynatrace", True, "1.2.3").endswith("is too old (1.2.3): " + vendor.AGENTS["dynatrace"].command)
    assert vendor.lack("dynatrace", True, "1.10.0") == vendor.lack("dynatrace", True) == ""


def test_the_rules_find_mistakes() -> None:
    """The checks above can fail: each of these is wrong in one way."""
    for role, wrong in (
        ("datadog.dd.agent", {"datadog_apikey": "x"}),
        ("datadog.dd.agent", {"datadog_config": {"apm_config": {"enabled": "yes"}}}),
        ("datadog.dd.agent", {"datadog_config": {"otlp_config": {"reciever": {}}}}),
        ("newrelic.newrelic-infra", {"nrinfragent_config": {"licence_key": "x"}}),
        ("dynatrace.oneagent.oneagent", {"oneagent_install_args": ["--set-host-tags=x"]}),
        ("dynatrace.oneagent.oneagent", {"oneagent_install_args": ['--set-host-tag=a="b"']}),
    ):
        with pytest.raises(AssertionError):
            vendor_roles.check(role, wrong)
