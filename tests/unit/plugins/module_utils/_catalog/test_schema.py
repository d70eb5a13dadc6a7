# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema of the inventories, the example inventories, and the words the catalogue shares with modules."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import uptime
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.mutes import mute_rules
from tools import catalogue_schema

ROOT = Path(__file__).parents[5]
SCHEMA = json.loads((ROOT / "schemas" / "catalogue.json").read_text())
VALIDATOR = Draft7Validator(SCHEMA)
EXAMPLES = sorted((ROOT / "inventories").glob("*/group_vars/**/*.yml"))
OPTIONS = yaml.safe_load((ROOT / "roles/catalogue/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]


def errors(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_the_file_is_what_the_argument_specs_say() -> None:
    assert (ROOT / "schemas" / "catalogue.json").read_text() == catalogue_schema.render(), (
        "run python -m tools.catalogue_schema"
    )


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_there_are_examples() -> None:
    assert {path.relative_to(ROOT / "inventories").parts[0] for path in EXAMPLES} == {"lab", "staging", "production"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_example_inventories_are_valid(path: Path) -> None:
    assert errors(path.read_text()) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_modeline_of_an_example_leads_to_the_schema(path: Path) -> None:
    modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())
    assert modeline
    assert (path.parent / modeline[1]).resolve() == ROOT / "schemas" / "catalogue.json"


API = "monitoring_services: [{name: api, %s}]"
HEALTH = "monitoring_services: [{name: api, health: {url: u, %s}}]"

REFUSED = [
    ("monitoring_servces: []", "monitoring_servces"),
    ("uptime_targets_purg: true", "uptime_targets_purg"),
    (API % "ownr: a", "ownr"),
    (HEALTH % "intervall: 60", "intervall"),
    (API % "checks: [{name: a, tcp: {host: a, port: 1, prot: 2}}]", "prot"),
    ("monitoring_defaults: {health: {url: a}}", "url"),
    ("monitoring_channels: [{name: a, webhook_url: b}]", "webhook_url"),
    ("monitoring_status_page: {titel: a}", "titel"),
    ("monitoring_maintenances: [{title: a, strategy: sometimes}]", "sometimes"),
    ("monitoring_services: [{owner: a}]", "name"),
    (HEALTH % "interval: soon", "soon"),
    (HEALTH % "interval: 1.5", "1.5"),
    (HEALTH % "ignore_tls: maybe", "maybe"),
    (API % "state: gone", "gone"),
    (API % "health: [a]", "['a']"),
    ("monitoring_services: {api: {}}", "{'api': {}}"),
    ("uptime_targets_purge: perhaps", "perhaps"),
    (API % "logs: {retention: 3}", "retention"),
    (API % "alarms: {cpuu: false}", "cpuu"),
    (API % "alarms: {cpu: 80}", "80"),
    (API % "alarms: {cpu: {warnin: 80}}", "warnin"),
    (API % "alarms: {cpu: {warning: {treshold: 80}}}", "treshold"),
    (API % "alarms: {host_down: {warning: 1}}", "warning"),
    ("monitoring_defaults: {alarms: {memry: false}}", "memry"),
    (API % "metrics: [{name: Orders}]", "namespace"),
    (API % "agent: maybe", "maybe"),
    ("monitoring_escalation: {weight: 1}", "weight"),
]


@pytest.mark.parametrize(("text", "named"), REFUSED, ids=[named for _text, named in REFUSED])
def test_a_mistake_is_marked_in_the_editor(text: str, named: str) -> None:
    found = errors(text)
    assert found
    assert named in " ".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "monitoring_services: '{{ everything }}'",
        "monitoring_services: ['{{ one }}']",
        HEALTH % "interval: '{{ seconds }}'",
        HEALTH % "ignore_tls: '{% if a %}true{% endif %}'",
        API % "state: '{{ state }}'",
        API % "health: '{{ health }}'",
        API % "channels: '{{ channels }}'",
        API % "channels: chat",
        API
        % "alarms: {cpu: false, memory: {warning: 80, critical: {threshold: 90, period: 60}}, disk: {critical: false}}",
        API % "alarms: {cpu: '{{ own }}', disk: {warning: '{{ percent }}', critical: '{{ level }}'}}",
        API % "tags: {tier: gold, level: 3}",
        HEALTH % "accepted_status_codes: [200, 201-204]",
        "uptime_targets_purge: '{{ purge }}'",
        "somebody_elses_variable: 1",
        "",
    ],
)
def test_templates_and_what_is_not_ours_are_allowed(text: str) -> None:
    assert errors(text) == []


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_an_example_inventory_is_a_catalogue_without_mistakes(environment: str) -> None:
    """That of the lab, whose addresses are made when it starts, is tried on a real server instead."""
    declared: dict[str, Any] = {}
    for path in (ROOT / "inventories" / environment).glob("group_vars/all/*.yml"):
        declared.update(yaml.safe_load(path.read_text()))
    hosts = yaml.safe_load((ROOT / "inventories" / environment / "hosts.yml").read_text())["all"]
    groups = [*hosts["hosts"], *hosts["children"]]
    catalogue = resolve({k: v for k, v in declared.items() if k.startswith("monitoring_")}, OPTIONS, groups)
    monitors = uptime.monitors(catalogue, declared.get("uptime_targets_monitor_secrets"))
    assert len(monitors) > len(catalogue["services"])
    webhooks = {"": "https://chat", **declared.get("uptime_targets_google_chat_webhook_urls", {})}
    assert uptime.notifications(catalogue, webhooks)
    runs_on = {service["name"] for service in catalogue["services"] if {"hosts", "instance_tags"} & service.keys()}
    instance = {"id": "i-1", "state": "running", "volumes": [{"id": "vol-1"}]}
    made = alarms(catalogue, {"services": {name: {"instances": [instance]} for name in runs_on}}, {"critical": "arn:c"})
    assert runs_on <= {entry["tags"]["service"] for entry in made}
    assert len(mute_rules(catalogue, made)) == len(catalogue["maintenances"])


BLOCKS = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/catalogue.md").read_text(), re.MULTILINE | re.DOTALL)
EXCERPTS = [block for block in BLOCKS if block.startswith(("monitoring_", "uptime_targets_"))]


@pytest.mark.parametrize("block", EXCERPTS, ids=lambda block: block.replace("\n", " ")[:50])
def test_the_examples_of_the_documentation_are_catalogues_without_mistakes(block: str) -> None:
    assert errors(block) == []
    declared = {"monitoring_environment": "production", **yaml.safe_load(block)}
    declared.setdefault("monitoring_channels", [{"name": "payments"}])
    resolve(declared, OPTIONS)


def test_there_are_examples_in_the_documentation() -> None:
    assert len(EXCERPTS) >= 6


# -- the words that the catalogue shares with the modules --------------------------------------------------------------


def documented(module: str) -> dict[str, Any]:
    """The options of a module."""
    for node in ast.parse((ROOT / "plugins" / "modules" / f"{module}.py").read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            options: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))["options"]
            return options
    raise AssertionError(module)


def test_the_keys_of_the_status_page_are_those_of_its_module() -> None:
    module = documented("kuma_status_pages")["status_pages"]["suboptions"]
    for name, option in OPTIONS["monitoring_status_page"]["options"].items():
        if name != "enabled":
            assert option["type"] == module[name]["type"], name
            assert option.get("choices") == module[name].get("choices"), name


@pytest.mark.parametrize("where", ["monitoring_maintenances", "monitoring_services.maintenance"])
def test_the_keys_of_a_maintenance_window_are_those_of_its_module(where: str) -> None:
    module = documented("kuma_maintenances")["maintenances"]["suboptions"]
    variable, _, inner = where.partition(".")
    options = OPTIONS[variable]["options"]
    for name, option in (options[inner]["options"] if inner else options).items():
        if name not in ("services", "mute_alarms"):  # the latter is about CloudWatch
            assert option["type"] == module[name]["type"], name
            assert sorted(option.get("choices", [])) == sorted(module[name].get("choices", [])) or name == "weekdays"


def test_the_options_of_google_chat_are_those_of_its_module() -> None:
    module = documented("kuma_notifications")["notifications"]["suboptions"]["google_chat"]["suboptions"]
    for name, option in OPTIONS["monitoring_channels"]["options"]["google_chat"]["options"].items():
        assert option["type"] == module[name]["type"], name


def test_the_role_hands_on_every_setting_that_there_is() -> None:
    tasks = yaml.safe_load((ROOT / "roles/uptime_targets/tasks/main.yml").read_text())[1]["block"]
    given = next(
        task["kumawatch.monitoring.kuma_settings"] for task in tasks if "kumawatch.monitoring.kuma_settings" in task
    )
    assert sorted(given) == sorted(documented("kuma_settings"))
    for name, value in given.items():
        assert value == f"{{{{ uptime_targets_settings.{name} | default(omit) }}}}"
