# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, what is found of them, and a report with something of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.assemble import report

ROOT = Path(__file__).parents[5]
OPTIONS = yaml.safe_load((ROOT / "roles/catalogue/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]
BALANCER = {
    "id": "app/prod/1", "name": "prod",
    "arn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/prod/1",
    "target_groups": [],
}  # fmt: skip
INSTANCE = {
    "id": "i-1", "name": "one", "type": "m7g.large", "vcpus": 2, "state": "running", "autoscaling_group": None,
    "nitro": True, "volumes": [{"id": "vol-1", "type": "gp3", "device": "/dev/xvda", "nitro": True}],
}  # fmt: skip
DATABASE = {"id": "prod-db", "kind": "instance", "engine": "postgres", "class": "db.m7g.large", "members": []}

BARE = {"name": "api"}
WHOLE: dict[str, Any] = {
    "name": "api",
    "owner": "payments",
    "runbook": "https://wiki.example.com/api",
    "health": {"url": "https://api.example.com/health"},
    "hosts": "api_hosts",
    "load_balancer": "prod",
    "database": "prod-db",
    "logs": {
        "sources": [{"load_balancer": True}, {"file": "/var/log/api/app.log", "format": "json"}],
        "patterns": [{"name": "declined", "pattern": '{ $.event = "declined" }', "threshold": 1}],
    },
}
FOUND_ON_AWS = {"instances": [INSTANCE], "load_balancer": BALANCER, "database": DATABASE}

HOSTILE = "ä<script>alert(1)</script>\"'&"
RUNBOOK = "https://wiki.example.com/cpu"


def state(name: str, state: str = "ALARM", **tags: str) -> dict[str, Any]:
    return {
        "name": name, "state": state, "since": "2026-11-27T06:00:00+00:00", "reason": f"{name} is high",
        "actions_enabled": True, "suppressed": "", "composite": False, "tags": {"environment": "production", **tags},
    }  # fmt: skip


FOUND: dict[str, Any] = {
    "made_at": "2026-11-27T07:30:00+00:00",
    "backends": ["xray"],
    "uptimes": [
        {"name": "api", "status": "down", "uptime_30d": 0.99, "budget": {"allowed": 43.2, "used": 432.0},
         "down_since": "2026-11-27T05:00:00+00:00", "measured_since": ""},
    ],
    "points": {"api/req": [["2026-11-25T00:00:00+00:00", 400.0], ["2026-11-26T00:00:00+00:00", 600.0]],
               "api/t5": [["2026-11-26T00:00:00+00:00", 3.0]]},
    "alarm_states": [
        state("production/api/cpu/i-1/warning", service="api", kind="cpu", resource="i-1", severity="warning"),
        {**state("production/api/cpu/i-1/critical", service="api", kind="cpu", resource="i-1", severity="critical",
                 runbook=RUNBOOK), "since": "2026-11-27T06:30:00+00:00"},
        {**state("production/api/cpu/i-1/notify-warning", service="api", kind="cpu"), "composite": True},
        {**state("production/shop/disk/warning", "OK", service="shop"), "actions_enabled": False},
    ],
    "cost": {
        "monthly": 31.6, "currency": "USD", "prices": {"date": "2026-11-01"},
        "phases": [{"phase": "phase2", "title": "Metrics, alarms and dashboards", "monthly": 31.6}],
        "services": [{"name": "api", "monthly": 20.0}, {"name": HOSTILE, "monthly": 11.6}],
        "lines": [{"item": "alarm", "title": "Alarms", "quantity": 96, "monthly": 8.6}],
    },
    "budget": "30",
    "drift": [
        {"what": "monitors", "result": {"created": ["api"], "updated": [], "deleted": [{"name": "old"}]}},
        {"what": "alarms", "result": {"created": [], "changed": False}},
        {"what": "mute rules", "result": {"skipped": True, "changed": False}},
    ],
    "drill": {"at": "2026-11-20T06:30:00+00:00", "msg": "4 of 5 paths arrived", "paths": [
        {"path": "topic critical", "arrived": True, "seconds": 3.2, "link": "", "error": ""},
        {"path": "front door", "arrived": False, "seconds": 60.0, "link": "relay", "error": "Gone: <b>redeploy</b>"},
    ]},
}  # fmt: skip


def made(*services: dict[str, Any], **changes: Any) -> dict[str, Any]:
    entries = list(services or ({**WHOLE, "objective": 99.9}, {**BARE, "name": HOSTILE.replace("/", "-")}))
    catalogue = resolve({"monitoring_environment": "production", "monitoring_services": entries}, OPTIONS)
    return report(catalogue, {}, {**FOUND, **changes})
