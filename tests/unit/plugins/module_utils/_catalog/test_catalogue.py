# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: every mistake in its words, the cascade, and what becomes of each kind of check."""

from __future__ import annotations

import random
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.cascade import defaults, merged
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError, resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.spec import convert, listed, plain

SPEC = Path(__file__).parents[5] / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]

URL = "https://api.example.com/health"


def catalogue(text: str = "", groups: dict[str, list[str]] | None = None, **variables: Any) -> dict[str, Any]:
    declared = {"monitoring_environment": "production", **(yaml.safe_load(text) or {}), **variables}
    return resolve(declared, OPTIONS, groups)


def problems(text: str, groups: dict[str, list[str]] | None = None) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        catalogue(text, groups)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(problem) for problem in caught.value.problems]


def service(**keys: Any) -> dict[str, Any]:
    result: list[dict[str, Any]] = catalogue(monitoring_services=[{"name": "api", **keys}])["services"]
    assert len(result) == 1
    return result[0]


def options(health: dict[str, Any], **variables: Any) -> dict[str, Any]:
    result = catalogue(monitoring_services=[{"name": "api", "health": health}], **variables)
    found: dict[str, Any] = result["services"][0]["checks"][0]["options"]
    return found


# -- mistakes, word for word -------------------------------------------------------------------------------------------

API = "monitoring_services: [{name: api, %s}]"
HEALTH = "monitoring_services: [{name: api, health: {url: 'https://x.example.com', %s}}]"
MONITOR = "monitoring_services: [{name: api, health: {monitor: {%s}}}]"
WINDOW = "monitoring_maintenances: [{title: Night, %s}]"

SECRET = "the catalogue holds no secrets: give them to the role from Ansible Vault or the environment."
VAULT = (
    "is a secret, and the catalogue holds none: give it to the role in uptime_targets_monitor_secrets, from Ansible "
    "Vault or the environment."
)

MISTAKES = [
    (HEALTH % "intervall: 60", "service 'api': health.intervall is not a known key; did you mean 'interval'?"),
    (API % "ownr: x", "service 'api': ownr is not a known key; did you mean 'owner'?"),
    (API % "interval: 60", "service 'api': interval is not a known key; did you mean 'health.interval'?"),
    (API % "intervall: 60", "service 'api': intervall is not a known key; did you mean 'health.interval'?"),
    (
        API % "health: {tcp: {host: a, port: 1, xyz: 2}}",
        "service 'api': health.tcp.xyz is not a known key; known are host and port.",
    ),
    (API % "db_password: hunter2", f"service 'api': db_password is not a known key; {SECRET}"),
    (HEALTH % "retries: soon", "service 'api': health.retries must be a whole number, not 'soon'."),
    (HEALTH % "interval: 1.5", "service 'api': health.interval must be a whole number, not 1.5."),
    (HEALTH % "interval: true", "service 'api': health.interval must be a whole number, not true."),
    (HEALTH % "ignore_tls: maybe", "service 'api': health.ignore_tls must be true or false, not 'maybe'."),
    (HEALTH % "timeout: []", "service 'api': health.timeout must be a number, not a list."),
    (HEALTH % "interval: 0", "service 'api': health.interval must be at least 1, not 0."),
    (HEALTH % "retries: -1", "service 'api': health.retries must be at least 0, not -1."),
    (API % "health: 5", "service 'api': health must be a mapping, not 5."),
    (API % "health: [a]", "service 'api': health must be a mapping, not a list."),
    (API % "checks: {name: a}", "service 'api': checks must be a list, not a mapping."),
    (API % "owner: true", "service 'api': owner must be text, not true."),
    (API % "objective: 100.1", "service 'api': objective must be a percentage above 0 and up to 100, not 100.1."),
    (API % "objective: 0", "service 'api': objective must be a percentage above 0 and up to 100, not 0."),
    (API % "runbook: wiki", "service 'api': runbook must be a web address, not 'wiki'."),
    (
        API % "state: pausd",
        "service 'api': state must be present, paused or absent, not 'pausd' (did you mean 'paused'?).",
    ),
    (
        HEALTH % "method: FETCH",
        "service 'api': health.method must be GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS, not 'FETCH'.",
    ),
    ("monitoring_services: [{owner: a}]", "monitoring_services entry 1: needs 'name'."),
    ("monitoring_services: [api]", "monitoring_services entry 1 must be a mapping, not 'api'."),
    ("monitoring_services: api", "monitoring_services must be a list, not 'api'."),
    ("monitoring_services: {api: {}}", "monitoring_services must be a list, not a mapping."),
    ("monitoring_services: [{name: ' '}]", "service ' ': name must not be empty."),
    (
        "monitoring_services: [{name: a / b}]",
        "service 'a / b': name must not contain ' / ', which separates groups from names.",
    ),
    (
        "monitoring_services: [{name: api}, {name: shop}, {name: api}]",
        "service 'api' is declared twice, as entries 1 and 3 of monitoring_services; name each differently.",
    ),
    (
        "monitoring_servces: []",
        "monitoring_servces is not a variable of the catalogue; did you mean 'monitoring_services'?",
    ),
    ("monitoring_environment:", "monitoring_environment is not set: set it in the inventory's group_vars."),
    (
        "monitoring_environment: a / b",
        "monitoring_environment must not contain ' / ', which separates groups from names.",
    ),
    (
        "monitoring_services: [{name: api}, {name: shop, depends_on: [apu]}]",
        "service 'shop': depends_on names 'apu', which is no service; did you mean 'api'?",
    ),
    (
        API % "depends_on: [database]",
        "service 'api': depends_on names 'database', which is no service; declare it, or correct the name.",
    ),
    (API % "depends_on: [api]", "service 'api': depends_on names the service itself; remove it."),
    (
        "monitoring_services: [{name: a, depends_on: [b]}, {name: b, depends_on: [c]}, {name: c, depends_on: [b]}]",
        "service 'b': depends_on leads back to it (b → c → b); remove one of these.",
    ),
    (
        API % "channels: [google-chaat]",
        "service 'api': channels names 'google-chaat', which is no channel; did you mean 'google-chat'?",
    ),
    (
        "monitoring_defaults: {channels: [pager]}",
        "monitoring_defaults.channels names 'pager', which is no channel; declare it, or correct the name.",
    ),
    (
        "monitoring_channels: [{name: a}, {name: a}]",
        "channel 'a' is declared twice, as entries 1 and 2 of monitoring_channels; name each differently.",
    ),
    ("monitoring_channels: [{name: a, webhook_url: u}]", f"channel 'a': webhook_url is not a known key; {SECRET}"),
    (
        "monitoring_defaults: {health: {intervall: 60}}",
        "monitoring_defaults.health.intervall is not a known key; did you mean 'interval'?",
    ),
    (
        "monitoring_defaults: {health: {url: u}}",
        "monitoring_defaults.health.url is not a known key; known are accepted_status_codes, certificate_expiry, "
        "ignore_tls, interval, max_redirects, method, monitor, resend_interval, retries, retry_interval and timeout.",
    ),
    (
        "monitoring_defaults: {health: {monitor: {type: http}}}",
        "monitoring_defaults.health.monitor.type cannot be a default; declare it at the services.",
    ),
    (
        "monitoring_defaults: {health: {monitor: {cache_bust: perhaps}}}",
        "monitoring_defaults.health.monitor.cache_bust must be true or false, not 'perhaps'.",
    ),
    # kinds of checks
    (
        API % "health: {interval: 60}",
        "service 'api': health does not say what to check; add url, tcp, ping, dns or certificate.",
    ),
    (
        API % "health: {ping: a, tcp: {host: b, port: 1}}",
        "service 'api': health has tcp and ping; declare one of them, and the others as further checks.",
    ),
    (
        HEALTH % "keyword: a, json: {path: $.a, expected: b}",
        "service 'api': health has json and keyword; declare one of them, and the other as a further check.",
    ),
    (HEALTH % "json: {path: $.a}", "service 'api': health.json needs 'expected'."),
    (HEALTH % "keyword_absent: true", "service 'api': health.keyword_absent needs a keyword."),
    (API % "health: {ping: a, keyword: b}", "service 'api': health.keyword needs a url, not ping."),
    (API % "health: {tcp: {host: a}}", "service 'api': health.tcp needs 'port'."),
    (
        API % "health: {tcp: {host: a, port: 70000}}",
        "service 'api': health.tcp.port must be between 1 and 65535, not 70000.",
    ),
    (
        API % "health: {ping: a, accepted_status_codes: ['200']}",
        "service 'api': health.accepted_status_codes has no meaning for a monitor of type 'ping'; remove it.",
    ),
    (
        HEALTH % "accepted_status_codes: ['2xx']",
        "service 'api': health.accepted_status_codes must be codes such as 200 or ranges such as 200-299, not '2xx'.",
    ),
    (
        HEALTH % "accepted_status_codes: ['299-200']",
        "service 'api': health.accepted_status_codes must be codes such as 200 or ranges such as 200-299, "
        "not '299-200'.",
    ),
    (
        API % "health: {url: example.com}",
        "service 'api': health.url must be an address such as https://example.com/health, not 'example.com'.",
    ),
    (
        API % "health: {url: 'ftp://example.com'}",
        "service 'api': health.url must begin with http://, https:// or tcp://, not 'ftp://example.com'.",
    ),
    (API % "health: {url: 'tcp://db'}", "service 'api': health.url must be tcp://host:port, not 'tcp://db'."),
    (
        API % "health: {url: 'tcp://db:5432', keyword: a}",
        "service 'api': health.keyword needs an http or https address, not 'tcp://db:5432'.",
    ),
    (
        API % "checks: [{name: deep, url: u}]",
        "service 'api': checks[deep].url must be an address such as https://example.com/health, not 'u'.",
    ),
    (API % "checks: [{ping: a}]", "service 'api': checks[1] needs 'name'."),
    (
        API % "checks: [{name: a, ping: a}, {name: a, ping: b}]",
        "service 'api': check 'a' is declared twice; rename one.",
    ),
    (
        "monitoring_services: [{name: api, checks: [{name: web, ping: a}]}, {name: api web, health: {ping: a}}]",
        "service 'api web': its monitor 'api web' has the name of one of service 'api'; rename the check or the "
        "service.",
    ),
    (
        "monitoring_services: [{name: api, group: shop, health: {ping: a}}, {name: shop, health: {ping: a}}]",
        "service 'shop': 'shop' is a group as well; rename one of them.",
    ),
    # the words of kuma_monitors
    (MONITOR % "type: htp", "service 'api': health.monitor.type must be dns, docker"),
    (MONITOR % "type: mqtt, hostname: a, port: 1", "service 'api': health.monitor of type 'mqtt' needs mqtt_topic."),
    (
        MONITOR % "type: manual, keywrd: a",
        "service 'api': health.monitor.keywrd is not a known key; did you mean 'keyword'?",
    ),
    (
        MONITOR % "type: manual, keyword: a",
        "service 'api': health.monitor.keyword has no meaning for type 'manual', only for globalping, grpc-keyword and "
        "keyword.",
    ),
    (HEALTH % "monitor: {tags: []}", "service 'api': health.monitor.tags cannot be set; it comes from tags."),
    # secrets
    (
        HEALTH % "monitor: {basic_auth_password: hunter2}",
        f"service 'api': health.monitor.basic_auth_password {VAULT}",
    ),
    (
        HEALTH % "monitor: {headers: {X-Api-Key: hunter2}}",
        f"service 'api': health.monitor.headers.X-Api-Key {VAULT}",
    ),
    (
        "monitoring_defaults: {health: {monitor: {tls_key: hunter2}}}",
        f"monitoring_defaults.health.monitor.tls_key {VAULT}",
    ),
    (
        API % "health: {url: 'https://me:hunter2@example.com'}",
        "service 'api': health.url holds a login, and the catalogue holds no secrets: give it to the role in "
        "uptime_targets_monitor_secrets.",
    ),
    # tags, alarms, logs, apm
    (API % "tags: {owner: me}", "service 'api': tags.owner cannot be set; the catalogue makes that tag itself."),
    (API % "tags: {a: [b]}", "service 'api': tags.a must be text, not a list."),
    (
        "monitoring_tag_colors: {tier: gold}",
        "monitoring_tag_colors.tier must be a colour such as \"#2563EB\", not 'gold'.",
    ),
    (API % "alarms: {cpu: 80}", "service 'api': alarms.cpu must be true, false or a mapping of thresholds, not 80."),
    (
        API % "logs: {sources: [{file: /a, docker: b}]}",
        "service 'api': logs.sources[1] needs exactly one of file, docker, load_balancer and database.",
    ),
    (API % "logs: {patterns: [{name: a}]}", "service 'api': logs.patterns[a] needs 'pattern'."),
    (API % "apm: {sample: 5}", "service 'api': apm.sample must be between 0 and 1, not 5."),
    (API % "apm: {sampling: {rate: 5}}", "service 'api': apm.sampling.rate must be from 0 to 1, not 5."),
    (
        API % "apm: {sampling: {rate: 1, priority: 0}}",
        "service 'api': apm.sampling.priority must be from 1 to 9999, not 0.",
    ),
    (API % "apm: {span_bytes: -1}", "service 'api': apm.span_bytes must be a number from 0 on, not -1."),
    (
        API % "apm: {requests_per_minute: .inf}",
        "service 'api': apm.requests_per_minute must be a number from 0 on, not inf.",
    ),
    # status page and maintenance
    (
        "monitoring_status_page: {slug: My Page}",
        "monitoring_status_page.slug must be small letters and digits, with single hyphens between, not 'My Page'.",
    ),
    (
        "monitoring_status_page: {domain: [a]}",
        "monitoring_status_page.domain is not a known key; did you mean 'domain_names'?",
    ),
    (
        WINDOW % "strategy: manual, services: [shop]",
        "maintenance 'Night': services names 'shop', which is no service; declare it, or correct the name.",
    ),
    (WINDOW % "strategy: cron", "maintenance 'Night': strategy 'cron' needs cron and duration_minutes."),
    (WINDOW % "x: 1", "maintenance 'Night': x is not a known key; known are active, cron"),
    (
        WINDOW % "strategy: manual, cron: '* * * * *'",
        "maintenance 'Night': cron has no meaning for strategy 'manual'; remove it.",
    ),
    (
        WINDOW % "strategy: single, start: tomorrow, end: '2026-12-24 23:00'",
        "maintenance 'Night': start must be written as 2026-12-24 22:00, not 'tomorrow'.",
    ),
    (
        WINDOW % "strategy: recurring-interval, interval_days: 1, time_window: {start: 12:30, end: '13:00'}",
        "maintenance 'Night': time_window.start must be written as \"02:00\", in quotes, not '750'.",
    ),
    (
        "monitoring_maintenances: [{title: A, strategy: manual}]\n"
        "monitoring_services: [{name: api, maintenance: [{title: A, strategy: manual}]}]",
        "maintenance 'A' is declared twice; give each window a title of its own.",
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[expected[:60] for _text, expected in MISTAKES])
def test_a_mistake_is_one_sentence_that_names_the_service_and_the_key(text: str, expected: str) -> None:
    found = problems(text)
    assert found[0] == expected or (not expected.endswith((".", "?")) and found[0].startswith(expected))
    assert "hunter2" not in "\n".join(found)


def test_each_mistake_is_reported_once_and_all_are() -> None:
    assert problems("monitoring_services: [{name: api, health: {retries: a, intervall: b}}, {name: api, ownr: x}]") == [
        "service 'api': health.retries must be a whole number, not 'a'.",
        "service 'api': health.intervall is not a known key; did you mean 'interval'?",
        "service 'api': ownr is not a known key; did you mean 'owner'?",
        "service 'api' is declared twice, as entries 1 and 2 of monitoring_services; name each differently.",
        "service 'api': health does not say what to check; add url, tcp, ping, dns or certificate.",
    ]


def test_hosts_are_groups_or_hosts_of_the_inventory() -> None:
    text = API % "hosts: api_hosts"
    assert catalogue(text)["services"][0]["hosts"] == "api_hosts"
    assert catalogue(text, groups={"all": ["api1"], "api_hosts": []})
    assert problems(text, groups={"all": [], "api_host": []}) == [
        "service 'api': hosts names 'api_hosts', which is no group or host of the inventory; did you mean 'api_host'?"
    ]


def test_a_problem_knows_the_value_that_it_is_about() -> None:
    """Ansible knows the file and line of the very object that was declared, key or value."""
    key, value = "".join(["inter", "vall"]), "".join(["so", "on"])
    declared = {
        "monitoring_environment": "production",
        "monitoring_services": [{"name": "api", "health": {"url": URL, key: 60, "retries": value}}],
    }
    with pytest.raises(CatalogueError) as caught:
        resolve(declared, OPTIONS)
    found = [problem.where for problem in caught.value.problems]
    assert len(found) == 2
    assert found[0] is key
    assert found[1] is value


def test_other_variables_of_the_prefix_are_not_our_business() -> None:
    assert catalogue(monitoring_agent_version="1", monitoring_catalogue={"a": 1})["services"] == []


def test_a_null_declares_nothing() -> None:
    assert service(owner=None, health=None)["checks"] == []
    assert options({"url": URL, "interval": None})["interval"] == 60
    assert catalogue(monitoring_services=None)["services"] == []


# -- the cascade -------------------------------------------------------------------------------------------------------


def test_the_service_wins_over_the_environment_which_wins_over_the_collection() -> None:
    health: dict[str, Any] = {"url": URL}
    assert options(health)["interval"] == 60
    environment = {"monitoring_defaults": {"health": {"interval": 30}}}
    assert options(health, **environment)["interval"] == 30
    assert options({**health, "interval": 20}, **environment)["interval"] == 20


def test_what_nobody_declares_is_60_seconds_200_and_told_at_once() -> None:
    assert options({"url": URL}) == {
        "type": "http",
        "url": URL,
        "interval": 60,
        "retry_interval": 60,
        "retries": 0,
        "resend_interval": 0,
        "timeout": 48,
        "accepted_status_codes": ["200"],
        "expiry_notification": True,
    }


def test_seconds_that_depend_on_the_interval_follow_it_unless_declared() -> None:
    found = options({"url": URL, "interval": 20})
    assert (found["retry_interval"], found["timeout"]) == (20, 16)
    found = options({"url": URL, "interval": 20, "retry_interval": 5, "timeout": 3})
    assert (found["retry_interval"], found["timeout"]) == (5, 3)


def test_a_further_check_inherits_how_often_but_not_what_of_its_service() -> None:
    checks = service(
        health={"url": URL, "interval": 20, "accepted_status_codes": [204]},
        checks=[{"name": "port", "tcp": {"host": "a", "port": 1}}, {"name": "page", "url": URL, "interval": 90}],
    )["checks"]
    assert [check["name"] for check in checks] == ["api", "api port", "api page"]
    assert [check["options"]["interval"] for check in checks] == [20, 20, 90]
    assert checks[0]["options"]["accepted_status_codes"] == ["204"]
    assert checks[2]["options"]["accepted_status_codes"] == ["200"]
    assert "accepted_status_codes" not in checks[1]["options"]


def test_defaults_reach_only_the_kinds_of_check_that_have_them() -> None:
    environment = {"monitoring_defaults": {"health": {"max_redirects": 0, "monitor": {"cache_bust": True}}}}
    assert options({"url": URL}, **environment)["cache_bust"] is True
    found = options({"tcp": {"host": "a", "port": 1}}, **environment)
    assert not {"cache_bust", "max_redirects"} & set(found)


def test_channels_cascade_and_an_empty_list_is_silence() -> None:
    text = """
    monitoring_channels: [{name: all}, {name: quiet, default: false}, {name: more}]
    monitoring_services:
      - {name: a, health: {ping: x}}
      - name: b
        health: {ping: x}
        channels: quiet
        checks: [{name: c, ping: x}, {name: d, ping: x, channels: [more]}]
      - {name: e, health: {ping: x}, channels: []}
    """
    found = {check["name"]: check["channels"] for item in catalogue(text)["services"] for check in item["checks"]}
    assert found == {"a": ["all", "more"], "b": ["quiet"], "b c": ["quiet"], "b d": ["more"], "e": []}
    text += "\n    monitoring_defaults: {channels: [quiet]}"
    assert catalogue(text)["services"][0]["channels"] == ["quiet"]


def test_tags_are_merged_and_an_empty_value_takes_one_away() -> None:
    text = """
    monitoring_defaults: {tags: {tier: silver, zone: a}, owner: platform}
    monitoring_services: [{name: api, tags: {tier: gold, zone: ""}, owner: payments}, {name: shop}]
    """
    api, shop = catalogue(text)["services"]
    assert (api["tags"], api["owner"]) == ({"tier": "gold"}, "payments")
    assert (shop["tags"], shop["owner"]) == ({"tier": "silver", "zone": "a"}, "platform")


def test_what_later_phases_read_is_kept_and_merged() -> None:
    text = """
    monitoring_defaults: {alarms: {cpu: {warning: 70, critical: 90}}, logs: {retention_days: 90}, apm: {sample: 0.1}}
    monitoring_services:
      - name: api
        load_balancer: app/prod-api/50dc6c495c0c9188
        database: prod-db
        alarms: {cpu: {warning: 80}, memory: false}
        logs:
          sources: [{file: /var/log/api/app.log}, {docker: api}, {load_balancer: true}]
          patterns: [{name: declined, pattern: '{ $.event = "payment_declined" }', threshold: 10}]
        apm: {service_name: api}
    """
    api = catalogue(text)["services"][0]
    assert api["load_balancer"] == "app/prod-api/50dc6c495c0c9188"
    assert [api["alarms"]["cpu"][severity]["threshold"] for severity in ("warning", "critical")] == [80, 90]
    assert api["alarms"]["memory"] is None
    assert api["logs"]["retention_days"] == 90
    assert [source["kind"] for source in api["logs"]["sources"]] == ["file", "docker", "load_balancer"]
    assert api["apm"] == {"sample": 0.1, "service_name": "api"}


LAYERS = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
LAYER = st.dictionaries(st.sampled_from("abc"), LAYERS, max_size=3)


@settings(max_examples=50, deadline=None)
@given(LAYER, LAYER, LAYER)
def test_merging_leaves_the_layers_alone_and_takes_them_one_by_one(one: Any, two: Any, three: Any) -> None:
    before = repr((one, two, three))
    assert merged(merged(one, two), three) == merged(one, two, three)
    assert repr((one, two, three)) == before


@settings(max_examples=50, deadline=None)
@given(LAYER, LAYER)
def test_the_upper_layer_wins_wherever_it_says_something(lower: Any, upper: Any) -> None:
    result = merged(lower, upper)
    for key, value in upper.items():
        if value is not None and not isinstance(value, dict):
            assert result[key] == value
    for key, value in lower.items():
        if value is not None and key not in upper and not isinstance(value, dict):
            assert result[key] == value


def test_defaults_of_a_spec_come_from_every_depth() -> None:
    spec = {"a": {"type": "dict", "options": {"b": {"default": 1}, "c": {}}}, "d": {"default": []}, "e": {}}
    assert defaults(spec) == {"a": {"b": 1}, "d": []}


# -- kinds of checks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ({"url": URL}, {"type": "http", "url": URL, "expiry_notification": True}),
        ({"url": "http://a/"}, {"type": "http", "url": "http://a/", "expiry_notification": None}),
        ({"url": URL, "certificate_expiry": False}, {"type": "http", "expiry_notification": False}),
        (
            {"url": URL, "json": {"path": "$.status", "expected": "pass"}},
            {"type": "json-query", "json_path": "$.status", "expected_value": "pass", "json_path_operator": None},
        ),
        ({"url": URL, "json": {"path": "$.ok", "expected": True}}, {"expected_value": "true"}),
        ({"url": URL, "json": {"path": "$.n", "expected": 3}}, {"expected_value": "3"}),
        ({"url": URL, "json": {"path": "$.n", "expected": 3.0}}, {"expected_value": "3"}),
        ({"url": URL, "json": {"path": "$.n", "expected": 1.5}}, {"expected_value": "1.5"}),
        ({"url": URL, "json": {"path": "$.n", "expected": 3, "operator": "=="}}, {"json_path_operator": None}),
        ({"url": URL, "json": {"path": "$.n", "expected": 3, "operator": "<"}}, {"json_path_operator": "<"}),
        ({"url": URL, "keyword": "Open"}, {"type": "keyword", "keyword": "Open", "invert_keyword": False}),
        ({"url": URL, "keyword": "Error", "keyword_absent": True}, {"type": "keyword", "invert_keyword": True}),
        ({"url": URL, "method": "HEAD"}, {"type": "http", "method": "HEAD"}),
        ({"tcp": {"host": "db", "port": 5432}}, {"type": "port", "hostname": "db", "port": 5432}),
        ({"url": "tcp://db:5432"}, {"type": "port", "hostname": "db", "port": 5432, "url": None}),
        ({"url": "tcp://[::1]:22"}, {"type": "port", "hostname": "::1", "port": 22}),
        ({"ping": "gw"}, {"type": "ping", "hostname": "gw", "accepted_status_codes": None, "timeout": None}),
        (
            {"dns": {"name": "example.com"}},
            {"type": "dns", "hostname": "example.com", "dns_record_type": "A", "dns_resolver": "1.1.1.1", "port": 53},
        ),
        ({"dns": {"name": "a", "record_type": "MX", "resolver": "9.9.9.9"}}, {"dns_record_type": "MX"}),
        (
            {"certificate": {"host": "a"}},
            {"type": "http", "url": "https://a", "accepted_status_codes": ["100-599"], "ignore_tls": False,
             "expiry_notification": True, "max_redirects": 0},
        ),
        ({"certificate": {"host": "a", "port": 8443}}, {"url": "https://a:8443"}),
        ({"monitor": {"type": "redis"}, "interval": 30}, {"type": "redis", "interval": 30, "retry_interval": 30}),
        ({"url": URL, "monitor": {"type": "real-browser"}}, {"type": "real-browser", "url": URL}),
        ({"url": URL, "monitor": {"headers": {"Accept": "a/b"}}}, {"type": "http", "headers": {"Accept": "a/b"}}),
        ({"url": URL, "monitor": {"interval": 25}}, {"interval": 25}),
        ({"monitor": {"type": "docker", "docker_container": "a", "docker_host": "b"}}, {"docker_host": "b"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_check_becomes_options_of_a_monitor(health: dict[str, Any], expected: dict[str, Any]) -> None:
    found = options(health)
    assert {key: found.get(key) for key in expected} == expected


def test_a_secret_option_that_a_type_needs_may_come_later() -> None:
    """Its place is Ansible Vault, and kuma_monitors is the one to miss it."""
    assert options({"monitor": {"type": "postgres", "database_query": "SELECT 1"}})["type"] == "postgres"


# -- the rest of the catalogue -----------------------------------------------------------------------------------------


def test_the_status_page_takes_the_environments_name_unless_told() -> None:
    page = resolve({"monitoring_environment": "Production EU"}, OPTIONS)["status_page"]
    assert page == {"enabled": True, "title": "Production EU", "slug": "production-eu"}
    page = catalogue(monitoring_status_page={"slug": "s", "title": "T", "theme": "dark"})["status_page"]
    assert (page["slug"], page["title"], page["theme"]) == ("s", "T", "dark")


def test_channels_have_a_name_on_the_server_that_environments_do_not_share() -> None:
    channels = catalogue("monitoring_channels: [{name: a}, {name: b, notification: Chat}]")["channels"]
    assert [channel["notification"] for channel in channels] == ["production / a", "Chat"]
    assert catalogue()["channels"][0]["name"] == "google-chat"
    assert catalogue(monitoring_channels=[])["channels"] == []


def test_dates_may_be_unquoted() -> None:
    text = WINDOW % "strategy: single, start: 2026-12-24 22:00:00, end: 2026-12-25"
    declared = yaml.safe_load(text)["monitoring_maintenances"][0]
    assert [type(declared[key]) for key in ("start", "end")] == [datetime, date]
    window = catalogue(text)["maintenances"][0]
    assert (window["start"], window["end"]) == ("2026-12-24 22:00:00", "2026-12-25")


def test_maintenance_of_one_service_is_its_own() -> None:
    text = """
    monitoring_services:
      - {name: api, maintenance: [{title: Upgrade, strategy: manual}]}
      - {name: shop}
    monitoring_maintenances: [{title: Night, strategy: manual}, {title: Shop, strategy: manual, services: shop}]
    """
    found = {item["title"]: (item["all"], item["services"]) for item in catalogue(text)["maintenances"]}
    assert found == {"Night": (True, []), "Shop": (False, ["shop"]), "Upgrade": (False, ["api"])}


def test_texts_stand_for_the_types_that_templates_make_of_them() -> None:
    assert options({"url": URL, "interval": "20", "retries": " 2 "})["interval"] == 20
    assert convert("yes", "bool") is True
    assert convert("2.0", "float") == 2
    assert convert(404, "str") == "404"
    for value, kind in (("two", "int"), (None, "str"), ({}, "str"), ([], "dict"), (2, "bool"), (True, "float")):
        with pytest.raises(ValueError):
            convert(value, kind)


def test_plain_containers_keep_the_scalars_themselves() -> None:
    text = "".join(["a", "b"])
    found = plain({"a": (text, [1, None])})
    assert found == {"a": ["ab", [1, None]]}
    assert found["a"][0] is text


def test_listed() -> None:
    assert (listed("a"), listed("ab"), listed("abc", "or")) == ("a", "a and b", "a, b or c")


def big(count: int) -> list[dict[str, Any]]:
    return [
        {
            "name": f"service-{number}",
            "owner": f"team-{number % 7}",
            "depends_on": [f"service-{number - 1}"] if number else [],
            "health": {"url": f"https://s{number}.example.com/health", "json": {"path": "$.status", "expected": "ok"}},
            "checks": [{"name": "port", "tcp": {"host": f"s{number}", "port": 5432}}],
        }
        for number in range(count)
    ]


def test_a_thousand_services_take_seconds_at_most() -> None:
    services = big(1000)
    begin = time.process_time()
    found = catalogue(monitoring_services=services)
    assert time.process_time() - begin < 3
    assert len(found["services"]) == 1000


def test_the_order_of_services_changes_nothing_but_the_order() -> None:
    services = big(20)
    one = catalogue(monitoring_services=services)["services"]
    random.Random(1).shuffle(services)
    other = catalogue(monitoring_services=services)["services"]
    assert sorted(one, key=lambda item: item["name"]) == sorted(other, key=lambda item: item["name"])
