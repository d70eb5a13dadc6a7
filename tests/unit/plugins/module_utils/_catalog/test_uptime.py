# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for Uptime Kuma, in the shape and the words that the modules take."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import uptime
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary import config as summary_config

SPEC = Path(__file__).parents[5] / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]

TEXT = """
monitoring_environment: production
monitoring_channels: [{name: chat, google_chat: {max_retries: 3}}, {name: pager, provider: other, notification: Pager}]
monitoring_defaults: {tags: {tier: silver}}
monitoring_tag_colors: {tier: "#D97706"}
monitoring_services:
  - name: api
    description: Public API
    owner: payments
    runbook: https://wiki.example.com/api
    objective: 99.9
    depends_on: [queue]
    health: {url: https://api.example.com/health}
    checks: [{name: login, description: The login page, url: https://api.example.com/login, shown: true}]
  - name: queue
    channels: [chat]
    group: [backend, messages]
    tags: {tier: ""}
    status_page: {group: Behind the scenes}
    health: {tcp: {host: queue, port: 5672}}
    checks: [{name: gateway, ping: gw}]
    maintenance: [{title: Queue upgrade, strategy: manual}]
  - {name: cron, state: paused, health: {ping: cron}, status_page: {shown: false}}
  - {name: old, state: absent, group: attic, health: {ping: old}}
  - {name: unwatched, group: attic}
monitoring_status_page: {title: Example, theme: dark, domain_names: status.example.com}
monitoring_maintenances:
  - {title: Night, strategy: cron, cron: 0 3 * * *, duration_minutes: 30, timezone: UTC}
  - {title: Some, strategy: manual, services: [api, old]}
  - {title: Gone, strategy: manual, state: absent}
"""


def catalogue(**variables: Any) -> dict[str, Any]:
    return resolve({**yaml.safe_load(TEXT), **variables}, OPTIONS)


def monitors(**variables: Any) -> dict[str, dict[str, Any]]:
    return {
        " / ".join([*entry.get("group", ()), entry["name"]]): entry for entry in uptime.monitors(catalogue(**variables))
    }


ENVIRONMENT = {"name": "environment", "value": "production", "color": uptime.ENVIRONMENT_COLOR}
OWNER = {"name": "owner", "value": "payments", "color": uptime.OWNER_COLOR}


def test_every_environment_has_its_group_and_every_service_its_monitors_in_it() -> None:
    assert list(monitors()) == [
        "production",
        "production / backend",
        "production / backend / messages",
        "production / api",
        "production / api login",
        "production / backend / messages / queue",
        "production / backend / messages / queue gateway",
        "production / cron",
        "production / attic / old",
    ]


def test_a_group_is_one_and_tells_nobody() -> None:
    """A group is down when one of its monitors is, which has told already."""
    group = {"type": "group", "tags": [ENVIRONMENT], "notifications": []}
    assert monitors()["production"] == {"name": "production", **group}
    inner = {"name": "messages", "group": ["production", "backend"], **group}
    assert monitors()["production / backend / messages"] == inner


def test_a_monitor_says_what_someone_who_is_woken_wants_to_know() -> None:
    entry = monitors()["production / api"]
    assert entry["description"] == (
        "Public API\n\nRunbook: https://wiki.example.com/api\n\nDepends on: queue\n\nObjective: 99.9 % of the month"
    )
    assert monitors()["production / api login"]["description"].startswith("The login page\n\nRunbook:")
    assert monitors()["production / cron"]["description"] == ""


def test_owner_environment_and_tags_of_ones_own_have_one_colour_each() -> None:
    tier = {"name": "tier", "value": "silver", "color": "#D97706"}
    assert monitors()["production / api"]["tags"] == [ENVIRONMENT, OWNER, tier]
    assert monitors()["production / backend / messages / queue"]["tags"] == [ENVIRONMENT]
    changed = monitors(monitoring_tag_colors={"owner": "#000000"})["production / api"]["tags"]
    assert changed[1:] == [{**OWNER, "color": "#000000"}, {"name": "tier", "value": "silver"}]


def test_channels_become_names_of_notifications() -> None:
    assert monitors()["production / api"]["notifications"] == ["production / chat", "Pager"]
    assert monitors()["production / backend / messages / queue"]["notifications"] == ["production / chat"]


def test_states() -> None:
    found = monitors()
    assert found["production / cron"]["state"] == "paused"
    assert found["production / attic / old"] == {"name": "old", "group": ["production", "attic"], "state": "absent"}
    assert "production / attic" not in found


def test_secrets_reach_their_monitor_and_no_other() -> None:
    entries = uptime.monitors(catalogue(), {"api login": {"basic_auth_password": "hunter2", "headers": {"A": "b"}}})
    found = [entry for entry in entries if "hunter2" in str(entry)]
    assert [entry["name"] for entry in found] == ["api login"]
    assert found[0]["headers"] == {"A": "b"}


def test_secrets_of_no_monitor_are_refused_without_being_shown() -> None:
    with pytest.raises(InputError) as caught:
        uptime.monitors(catalogue(), {"apu": {"basic_auth_password": "hunter2"}})
    assert str(caught.value) == (
        "uptime_targets_monitor_secrets names 'apu', which is no monitor of the catalogue; the monitors are api, "
        "api login, cron, old, queue and queue gateway."
    )


def test_notifications_are_those_of_the_google_chat_channels_that_are_used() -> None:
    assert uptime.notifications(catalogue(), {"": "https://chat/all"}) == [
        {"name": "production / chat", "google_chat": {"webhook_url": "https://chat/all", "max_retries": 3}}
    ]
    assert uptime.notifications(catalogue(monitoring_services=[], monitoring_maintenances=[])) == []
    own = uptime.notifications(catalogue(), {"": "https://chat/all", "chat": "https://chat/own"})
    assert own[0]["google_chat"]["webhook_url"] == "https://chat/own"


@pytest.mark.parametrize("webhooks", [None, {}, {"": ""}, {"": None}])
def test_a_channel_without_an_address_is_named(webhooks: Any) -> None:
    with pytest.raises(InputError) as caught:
        uptime.notifications(catalogue(), webhooks)
    assert str(caught.value) == (
        "channel 'chat' has no webhook address: set uptime_targets_google_chat_webhook_url from Ansible Vault, or "
        "KUMAWATCH_CHAT_WEBHOOK_URL in the environment."
    )


def test_an_address_of_no_channel_is_named_and_not_shown() -> None:
    with pytest.raises(InputError) as caught:
        uptime.notifications(catalogue(), {"": "https://a", "chatt": "https://secret"})
    assert str(caught.value) == (
        "uptime_targets_google_chat_webhook_urls names 'chatt', which is no channel of the catalogue: declare it in "
        "monitoring_channels, or correct the name."
    )


def test_the_status_page_shows_services_under_their_headings() -> None:
    assert uptime.status_pages(catalogue()) == [
        {
            "slug": "production",
            "title": "Example",
            "theme": "dark",
            "domain_names": ["status.example.com"],
            "groups": [
                {"name": "Services", "monitors": [["production", "api"], ["production", "api login"]]},
                {"name": "Behind the scenes", "monitors": [["production", "backend", "messages", "queue"]]},
            ],
        }
    ]
    assert uptime.status_pages(catalogue(monitoring_status_page={"enabled": False})) == []


def test_maintenance_concerns_the_monitors_of_its_services_and_is_announced() -> None:
    found = {entry["title"]: entry for entry in uptime.maintenances(catalogue())}
    assert found["Night"] == {
        "title": "Night",
        "state": "present",
        "strategy": "cron",
        "cron": "0 3 * * *",
        "duration_minutes": 30,
        "timezone": "UTC",
        "monitors": [["production"]],
        "status_pages": ["production"],
    }
    assert found["Some"]["monitors"] == [["production", "api"], ["production", "api login"]]
    queue = ["production", "backend", "messages"]
    assert found["Queue upgrade"]["monitors"] == [[*queue, "queue"], [*queue, "queue gateway"]]
    assert [found["Some"][key] for key in ("active", "ignore")] == [False, ["active"]], (
        "a switch is off when it is made"
    )
    assert found["Gone"] == {"title": "Gone", "state": "absent"}


def test_maintenance_of_nothing_names_no_group_that_there_is_not() -> None:
    found = uptime.maintenances(
        catalogue(monitoring_services=[], monitoring_maintenances=[{"title": "N", "strategy": "manual"}])
    )
    assert found[0]["monitors"] == []


def test_the_daily_summary_is_about_the_services_that_are_watched() -> None:
    given = uptime.summary(catalogue())
    assert (given["environment"], given["group"]) == ("production", ["production"])
    assert given["services"] == [
        {
            "name": "api",
            "path": ["production", "api"],
            "objective": 99.9,
            "runbook": "https://wiki.example.com/api",
        },
        {"name": "queue", "path": ["production", "backend", "messages", "queue"]},
        {"name": "cron", "path": ["production", "cron"]},
    ]
    parsed = summary_config.read_config(json.loads(json.dumps(given)))
    assert [service.name for service in parsed.services or ()] == ["api", "queue", "cron"]


def test_deriving_changes_nothing_in_the_catalogue() -> None:
    given = catalogue()
    before = copy.deepcopy(given)
    uptime.monitors(given, {"api": {"basic_auth_password": "a"}})
    uptime.notifications(given, {"": "a"})
    uptime.status_pages(given)
    uptime.maintenances(given)
    assert given == before


def test_a_thousand_services_take_seconds_at_most() -> None:
    services = [{"name": f"s{n}", "health": {"ping": f"h{n}"}} for n in range(1000)]
    given = catalogue(monitoring_services=services, monitoring_maintenances=[])
    begin = time.process_time()
    assert len(uptime.monitors(given)) == 1001
    assert len(uptime.status_pages(given)[0]["groups"][0]["monitors"]) == 1000
    assert time.process_time() - begin < 2


RELAY = {"url": "https://door.example.com/", "token": "s3cret"}


def test_through_the_relay_there_is_one_notification_for_all_spaces() -> None:
    [entry] = uptime.notifications(catalogue(), relay=RELAY)
    assert (entry["name"], entry["type"]) == ("production / relay", "webhook")
    assert entry["secret_config"]["webhookURL"] == "https://door.example.com/uptime-kuma"
    assert entry["secret_config"]["webhookAdditionalHeaders"] == {"Authorization": "Bearer s3cret"}
    assert "s3cret" not in str(entry["config"])


def test_through_the_relay_nothing_is_declared_where_no_space_is_used() -> None:
    assert uptime.notifications(catalogue(monitoring_services=[], monitoring_maintenances=[]), relay=RELAY) == []


def test_monitors_tell_the_relay_once_and_others_as_before() -> None:
    spaces = [{"name": name, "default": name == "chat"} for name in ("chat", "ops")]
    pager = {"name": "pager", "provider": "other", "notification": "Pager"}
    services = [
        {"name": "usual", "channels": ["chat", "pager"], "health": {"ping": "a"}},
        {"name": "both", "channels": ["chat", "ops"], "health": {"ping": "b"}},
    ]
    made = catalogue(monitoring_channels=[*spaces, pager], monitoring_services=services, monitoring_maintenances=[])
    entries = {entry["name"]: entry for entry in uptime.monitors(made, relay=True)}
    assert entries["usual"]["notifications"] == ["production / relay", "Pager"]
    assert entries["both"]["notifications"] == ["production / relay"]
    # Whom the relay is to tell, where that is not whom it tells anyway.
    tags = {name: {tag["name"]: tag["value"] for tag in entry["tags"]} for name, entry in entries.items()}
    assert tags["both"]["channels"] == "chat ops"
    assert "channels" not in tags["usual"]
