# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kuma_info gathers from one server makes another one like it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("settings_kept")

#: In this order, for each may refer to those before it.
MODULES = (
    "notifications",
    "proxies",
    "docker_hosts",
    "remote_browsers",
    "monitors",
    "status_pages",
    "maintenances",
)

SECRET = "hunter2-hunter2"


def configuration(version: tuple[int, int, int]) -> dict[str, Any]:
    """A bit of everything."""
    modern = version >= (2, 0, 0)
    return {
        "notifications": [
            {
                "name": "chat",
                "google_chat": {"webhook_url": f"http://127.0.0.1:9/v1/spaces/A/messages?key=k&token={SECRET}"},
                "default": True,
            },
            {"name": "ops ✉", "type": "webhook", "config": {"webhookContentType": "json"}, "secret_config": {}},
        ],
        "proxies": [{"protocol": "http", "host": "127.0.0.1", "port": 3128, "username": "u", "password": SECRET}],
        "docker_hosts": [{"name": "local", "connection": "socket", "daemon": "/var/run/docker.sock"}],
        "remote_browsers": [{"name": "chrome", "url": f"ws://127.0.0.1:9/?token={SECRET}"}] if modern else [],
        "monitors": [
            {"name": "production", "type": "group"},
            {"name": "production", "group": "production", "type": "group"},
            {
                "name": 'api ☂ "quoted"',
                "group": ["production", "production"],
                "type": "http",
                "url": "http://127.0.0.1:9/health",
                "interval": 90,
                "headers": {"X-Token": SECRET},
                "auth_method": "basic",
                "basic_auth_username": "u",
                "basic_auth_password": SECRET,
                "accepted_status_codes": ["200-204", "301"],
                "proxy": "http://127.0.0.1:3128",
                "notifications": ["chat"],
                "tags": [
                    {"name": "owner", "value": "payments", "color": "#2563EB"},
                    {"name": "bare", "color": "#059669"},
                ],
            },
            {
                "name": "container",
                "group": "production",
                "type": "docker",
                "docker_host": "local",
                "docker_container": "web",
                "state": "paused",
            },
            {"name": "beat", "type": "push", "push_token": "0123456789abcdef0123456789abcdef"},
        ],
        "status_pages": [
            {
                "slug": "production",
                "title": "Production",
                "description": "What runs",
                "theme": "dark",
                "groups": [
                    {
                        "name": "All",
                        "monitors": [["production", "production", 'api ☂ "quoted"'], ["production", "container"]],
                    }
                ],
            }
        ],
        "maintenances": [
            {
                "title": "Patch night",
                "strategy": "recurring-weekday",
                "weekdays": ["sunday"],
                "time_window": {"start": "02:00", "end": "03:30"},
                "timezone": "UTC",
                "monitors": [["beat"]],
                "status_pages": ["production"],
            }
        ],
        "settings": {"keep_data_period_days": 90, "primary_base_url": "http://127.0.0.1:9"},
    }


def webhook_url(declared: dict[str, Any]) -> None:
    """The webhook provider's address is one of its keys; whether it is secret is the table's to say."""
    declared["notifications"][1]["secret_config"] = {"webhookURL": f"http://u:{SECRET}@127.0.0.1:9/"}


def apply(run_module: Any, server: Any, declared: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    results = []
    for kind in MODULES:
        if kind in declared and (declared[kind] or kind != "remote_browsers"):
            results.append(run_module(f"kuma_{kind}", {kind: declared[kind]}, server=server, **options))
    results.append(run_module("kuma_settings", declared["settings"], server=server, **options))
    for result in results:
        assert not result["failed"], result
    return results


def test_an_export_applied_to_an_empty_server_leaves_no_difference(kuma: Any, own_kuma: Any, run_module: Any) -> None:
    declared = configuration(kuma.version)
    webhook_url(declared)
    apply(run_module, kuma, declared)
    gathered = run_module("kuma_info", {"include_secrets": True})
    assert not gathered["failed"], gathered
    assert gathered["withheld"] == []

    assert all(not result["changed"] for result in apply(run_module, kuma, gathered)), "the export is not what exists"
    assert any(result["changed"] for result in apply(run_module, own_kuma, gathered))
    assert all(not result["changed"] for result in apply(run_module, own_kuma, gathered))

    again = run_module("kuma_info", {"include_secrets": True}, server=own_kuma)
    for kind in (*MODULES, "settings"):
        assert again[kind] == gathered[kind], kind


def test_secrets_are_withheld_and_named_unless_asked_for(kuma: Any, run_module: Any) -> None:
    declared = configuration(kuma.version)
    webhook_url(declared)
    apply(run_module, kuma, declared)
    gathered = run_module("kuma_info", {})
    assert SECRET not in json.dumps(gathered)
    assert "monitor 'api ☂ \"quoted\"': basic_auth_password" in gathered["withheld"]
    assert "monitor 'api ☂ \"quoted\"': headers" in gathered["withheld"]
    assert "monitor 'beat': push_token" in gathered["withheld"]
    assert "notification 'chat': google_chat.webhook_url" in gathered["withheld"]
    assert "notification 'ops ✉': secret_config.webhookURL" in gathered["withheld"]
    assert any(line.endswith(": password") for line in gathered["withheld"])


def test_only_what_is_asked_for_is_gathered(kuma: Any, run_module: Any) -> None:
    run_module("kuma_monitors", {"monitors": [{"name": "all", "type": "group"}]})
    gathered = run_module("kuma_info", {"gather": ["monitors"]})
    assert gathered["monitors"] == [{"name": "all", "type": "group"}]
    assert "notifications" not in gathered
    assert gathered["changed"] is False


def test_a_server_without_a_user_is_told_apart(fresh_kuma: Any, run_module: Any) -> None:
    result = run_module("kuma_info", {}, server=fresh_kuma)
    assert result["msg"] == (
        f"Uptime Kuma at {fresh_kuma.url} has no user yet: run kumawatch.monitoring.kuma_setup first."
    )
