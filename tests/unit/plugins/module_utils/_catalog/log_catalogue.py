# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A catalogue with logs, what discovery finds of it, and the modules' own checks of what is derived from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve

ROOT = Path(__file__).parents[5]
OPTIONS = yaml.safe_load((ROOT / "roles/catalogue/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]

Entry = dict[str, Any]

BALANCER = {
    "id": "app/prod/50dc6c495c0c9188", "name": "prod",
    "arn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/prod/50dc6c495c0c9188",
    "target_groups": [
        {"id": f"targetgroup/{name}/1", "name": name,
         "arn": f"arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/{name}/1"}
        for name in ("api", "shop")
    ],
}  # fmt: skip
POSTGRES = {"id": "prod-db", "kind": "instance", "engine": "postgres", "class": "db.m7g.large", "members": []}
AURORA = {**POSTGRES, "id": "orders", "kind": "cluster", "engine": "aurora-mysql",
          "members": [{"id": "orders-1", "role": "writer"}]}  # fmt: skip

CATALOGUE = """
- name: api
  owner: payments
  hosts: api_hosts
  load_balancer: prod
  target_groups: [api]
  database: prod-db
  depends_on: [queue]
  logs:
    silence: 10
    anomaly: true
    sources:
      - {file: /var/log/api/app.log, format: json}
      - {file: /var/log/api/*.txt, name: batch, multi_line_start: ^BEGIN, timestamp_format: "%H:%M:%S"}
      - {file: /var/log/audit.log, name: audit, class: infrequent_access, retention_days: 3653}
      - {load_balancer: true, log_types: [access, connection]}
      - {database: true}
    patterns:
      - name: declined
        pattern: '{ $.event = "declined" }'
        threshold: 10
        test: ['{"event": "declined"}', {line: '{"event": "ok"}', match: false}]
      - name: upload
        pattern: '{ $.event = "upload" }'
        value: $.bytes
        unit: Bytes
        dimensions: {Country: $.country}
        threshold: 5000
        severity: critical
    repeated:
      - {name: timeouts, text: '/timeout after \\d+ ms/', minutes: 1, lines: 0}
      - {name: refused, text: say "no", severity: critical}
- name: shop
  instance_tags: {service: shop}
  load_balancer: prod
  database: orders
  alarms: {errors_5xx: false}
  logs:
    retention_days: 90
    deletion_protection: true
    sources:
      - {file: /var/log/nginx/access.log, name: access, format: nginx}
      - {docker: shop, format: json}
      - {docker: '*', name: all, format: text, driver: awslogs}
      - {load_balancer: true}
      - {database: true, log_types: [slowquery]}
- name: queue
  hosts: queue_hosts
  load_balancer: prod
  target_groups: [shop]
"""


def catalogue(text: str = CATALOGUE, **variables: Any) -> Entry:
    return resolve(
        {"monitoring_environment": "production", "monitoring_services": yaml.safe_load(text), **variables}, OPTIONS
    )


def discovery(**services: Entry) -> Entry:
    """What discovery finds: of the catalogue above, unless something else is given."""
    found = services or {
        "api": {"load_balancer": BALANCER, "database": POSTGRES},
        "shop": {"load_balancer": BALANCER, "database": AURORA},
        "queue": {"load_balancer": BALANCER},
    }
    return {
        "account": "123456789012", "partition": "aws", "region": "eu-central-1",
        "services": {name: {"instances": [], **details} for name, details in found.items()},
    }  # fmt: skip


class Newest:
    """A botocore that knows all."""

    region = "eu-central-1"

    def has(self, *_names: str) -> bool:
        return True

    def need(self, *_names: str) -> None:
        pass


def documented(module: str) -> Entry:
    """The options of a module as an argument spec."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    options: Entry = yaml.safe_load(text.split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
    return {name: spec(option) for name, option in options.items()}


def spec(option: Entry) -> Entry:
    kept = {key: option[key] for key in ("type", "elements", "choices", "required") if key in option}
    inner = option.get("suboptions")
    return {**kept, **({"options": {name: spec(one) for name, one in inner.items()}} if inner else {})}


def taken(module: str, option: str, entries: list[Entry]) -> None:
    """Whether a module's options allow the entries, and each value has the type that it asks for."""
    options = {option: documented(module)[option]}
    assert ArgumentSpecValidator(options).validate({option: entries}).error_messages == []
    kinds = {"raw": object, "str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict}
    for entry in entries:
        for name, value in entry.items():
            assert isinstance(value, kinds[options[option]["options"][name]["type"]]), (name, value)  # type: ignore[arg-type]


def many(count: int) -> Entry:
    """A catalogue of so many services, and what discovery finds of them."""
    services = [
        {
            "name": f"service-{number}", "hosts": "all", "load_balancer": "prod", "target_groups": ["api"],
            "logs": {
                "silence": 10,
                "sources": [{"file": "/a", "format": "json"}, {"docker": "a"}, {"database": True}],
                "patterns": [{"name": "declined", "pattern": '{ $.event = "declined" }', "threshold": 3}],
                "repeated": [{"name": "timeouts", "text": "timeout"}],
            },
            "database": "prod-db", "depends_on": ["service-0"] if number else [],
        }
        for number in range(count)
    ]  # fmt: skip
    found = {
        f"service-{number}": {"load_balancer": BALANCER, "database": {**POSTGRES, "id": f"db-{number % 200}"}}
        for number in range(count)
    }
    return {
        "catalogue": resolve({"monitoring_environment": "production", "monitoring_services": services}, OPTIONS),
        "discovery": discovery(**found),
    }
