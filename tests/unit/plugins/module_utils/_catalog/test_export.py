# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's monitors as a catalogue: it makes exactly the same again, or stays in the words of the modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import export, uptime
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import defaults, parse_version

ROOT = Path(__file__).parents[5]
OPTIONS = yaml.safe_load((ROOT / "roles/catalogue/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]
VERSION = "2.5.3"


def as_gathered(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as kuma_info gives it: what a new monitor has anyhow is left out."""
    given = {name: value for name, value in entry.items() if name not in ("state", "ignore") or value == "paused"}
    preset = defaults(entry["type"], parse_version(VERSION), {"interval": entry.get("interval", 60)})
    preset |= {"description": "", "notifications": [], "invert_keyword": False}
    return {name: value for name, value in given.items() if name == "type" or preset.get(name, "nothing") != value}


def gathered(monitors: list[dict[str, Any]], **further: Any) -> dict[str, Any]:
    return {"version": VERSION, "monitors": monitors, "notifications": [], **further}


def served(declared: dict[str, Any], secrets: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """What a server has when a catalogue was applied to it, by path, every value in its normal form."""
    made = uptime.monitors(resolve(declared, OPTIONS), secrets)
    found = {}
    for entry in made:
        complete = {**defaults(entry["type"], parse_version(VERSION), entry), "invert_keyword": False, **entry}
        complete["tags"] = sorted((tag["name"], tag["value"]) for tag in entry["tags"])
        complete["notifications"] = sorted(entry["notifications"])
        found[" / ".join([*entry.get("group", ()), entry["name"]])] = complete
    return found


def catalogue_of(found: dict[str, Any], environment: str = "production") -> dict[str, Any]:
    return export.catalogue(found, environment, OPTIONS)


def monitoring(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name.startswith("monitoring_")}


def chat(name: str, **further: Any) -> dict[str, Any]:
    return {"name": name, "google_chat": further}


def test_the_catalogue_of_production_survives_the_round() -> None:
    declared = yaml.safe_load((ROOT / "inventories/production/group_vars/all/services.yml").read_text())
    secrets = {"admin": {"basic_auth_password": "hunter2"}}
    made = [as_gathered(entry) for entry in uptime.monitors(resolve(declared, OPTIONS), secrets)]
    chats = [chat("production / google-chat", webhook_url="https://a"), chat("production / payments")]
    result = catalogue_of(gathered(made, notifications=chats))
    assert "uptime_targets_monitors" not in result
    assert "uptime_targets_notifications" not in result
    assert result["uptime_targets_monitor_secrets"] == secrets
    assert result["uptime_targets_google_chat_webhook_urls"] == {"google-chat": "https://a"}
    assert served(monitoring(result), secrets) == served(declared, secrets)
    api = next(service for service in result["monitoring_services"] if service["name"] == "api")
    assert api == {
        "name": "api",
        "description": "Public API",
        "runbook": "https://wiki.example.com/runbooks/api",
        "depends_on": ["database"],
        "objective": 99.9,
        "owner": "payments",
        "tags": {"tier": "gold"},
        "channels": ["google-chat", "payments"],
        "health": {
            "url": "https://api.example.com/health",
            "json": {"path": "$.status", "expected": "pass"},
            "interval": 30,
            "timeout": 10,
        },
    }


def test_monitors_made_by_hand_become_services_in_few_words() -> None:
    found = gathered(
        [
            {"name": "production", "type": "group"},
            {"name": "web", "group": ["production"], "type": "http", "url": "https://a", "notifications": ["Chat"]},
            {
                "name": "db",
                "group": "production",
                "type": "port",
                "hostname": "db",
                "port": 5432,
                "notifications": ["Chat"],
            },
            {"name": "elsewhere", "type": "ping", "hostname": "a"},
        ],
        notifications=[{"name": "Chat", "slack": {"webhook_url": "u"}}, {"name": "Unused", "slack": {}}],
    )
    result = catalogue_of(found)
    assert result["monitoring_defaults"] == {
        "channels": ["Chat"],
        "health": {"accepted_status_codes": ["200-299"], "certificate_expiry": False},
    }
    assert result["monitoring_channels"] == [
        {"name": "Chat", "provider": "other", "default": False, "notification": "Chat"}
    ]
    assert result["monitoring_services"] == [
        {"name": "web", "health": {"url": "https://a"}},
        {"name": "db", "health": {"tcp": {"host": "db", "port": 5432}}},
    ]
    assert result["uptime_targets_monitors"] == [{"name": "elsewhere", "type": "ping", "hostname": "a"}]
    assert [item["name"] for item in result["uptime_targets_notifications"]] == ["Chat", "Unused"]


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "a", "type": "http", "url": "https://me:secret@b"},
        {"name": "a / b", "type": "http", "url": "https://b"},
        {
            "name": "a",
            "type": "ping",
            "hostname": "b",
            "tags": [{"name": "t", "value": "1"}, {"name": "t", "value": "2"}],
        },
        {"name": "a", "type": "ping", "hostname": "b", "tags": [{"name": "environment", "value": "other"}]},
        {"name": "a", "type": "ping", "hostname": "b", "tags": [{"name": "t", "value": ""}]},
        {
            "name": "a",
            "type": "push",
            "push_token": "x",
            "unheard_of": 1,
            "interval": 60,
            "group": ["production", "x / y"],
        },
        {"name": "a", "type": "from-the-future"},
    ],
    ids=str,
)
def test_what_the_catalogue_cannot_say_stays_in_the_words_of_the_modules(entry: dict[str, Any]) -> None:
    entry = {"group": ["production"], **entry}
    other = {"name": "z", "type": "ping", "hostname": "z", "group": ["production"]}
    result = catalogue_of(gathered([{"name": "production", "type": "group"}, entry, other]))
    assert [service["name"] for service in result["monitoring_services"]] == ["z"]
    assert result["uptime_targets_monitors"] == [entry]


def test_of_two_monitors_of_one_name_one_stays_in_the_words_of_the_modules() -> None:
    entries = [
        {"name": "a", "type": "ping", "hostname": "one", "group": ["production", "x"]},
        {"name": "a", "type": "ping", "hostname": "two", "group": ["production", "y"]},
    ]
    groups = [{"name": name, "type": "group", "group": ["production"]} for name in "xy"]
    result = catalogue_of(gathered([{"name": "production", "type": "group"}, *groups, *entries]))
    assert [service["group"] for service in result["monitoring_services"]] == [["x"]]
    assert result["uptime_targets_monitors"] == [groups[1], entries[1]]


def test_secrets_are_not_in_the_catalogue() -> None:
    entry = {
        "name": "a",
        "group": ["production"],
        "type": "postgres",
        "database_connection_string": "postgres://u:hunter2@h/d",
        "database_query": "SELECT 1",
    }
    result = catalogue_of(gathered([{"name": "production", "type": "group"}, entry]))
    assert "hunter2" not in str(monitoring(result))
    assert result["monitoring_services"][0]["health"] == {"monitor": {"type": "postgres", "database_query": "SELECT 1"}}
    assert result["uptime_targets_monitor_secrets"] == {"a": {"database_connection_string": "postgres://u:hunter2@h/d"}}


@pytest.mark.parametrize("environment", ["staging", "elsewhere", "db"])
def test_a_group_that_there_is_not_is_named_with_those_that_there_are(environment: str) -> None:
    entries = [
        {"name": "production", "type": "group"},
        {"name": "staging", "type": "group"},
        {"name": "db", "type": "ping", "hostname": "a", "group": ["production"]},
    ]
    with pytest.raises(InputError) as caught:
        catalogue_of(gathered(entries), environment)
    assert str(caught.value) == (
        f"There are no monitors in a group '{environment}' at the top: the server has 'production', 'staging'."
    )


WORDS = st.text("abc", min_size=1, max_size=2)
HEALTH = st.one_of(
    st.fixed_dictionaries({"url": st.sampled_from(["https://a", "http://b/c"])}, optional={
        "accepted_status_codes": st.lists(st.sampled_from(["200", "301", "200-299"]), min_size=1, unique=True),
        "method": st.sampled_from(["GET", "POST"]),
        "certificate_expiry": st.booleans(),
        "max_redirects": st.integers(0, 20),
        "monitor": st.sampled_from([{"cache_bust": True}, {"headers": {"Accept": "a"}}, {"upside_down": True}]),
    }),
    st.builds(lambda path, expected: {"url": "https://a", "json": {"path": path, "expected": expected}}, WORDS, WORDS),
    st.builds(lambda word, no: {"url": "https://a", "keyword": word, "keyword_absent": no}, WORDS, st.booleans()),
    st.builds(lambda port: {"tcp": {"host": "a", "port": port}}, st.integers(1, 65535)),
    st.just({"ping": "a"}),
    st.builds(lambda kind: {"dns": {"name": "a", "record_type": kind}}, st.sampled_from(["A", "MX"])),
    st.just({"certificate": {"host": "a"}}),
    st.just({"monitor": {"type": "smtp", "hostname": "a", "port": 25}}),
)  # fmt: skip
PATIENCE = st.fixed_dictionaries(
    {},
    optional={
        "interval": st.sampled_from([20, 60, 90]),
        "retries": st.integers(0, 3),
        "retry_interval": st.sampled_from([20, 60]),
        "timeout": st.sampled_from([5, 30.5]),
        "resend_interval": st.integers(0, 2),
    },
)
SERVICE = st.fixed_dictionaries(
    {"health": st.builds(lambda what, how: {**what, **how}, HEALTH, PATIENCE)},
    optional={
        "description": WORDS,
        "owner": WORDS,
        "runbook": st.just("https://wiki/x"),
        "objective": st.sampled_from([99, 99.9]),
        "group": st.lists(WORDS.map(str.upper), max_size=2),
        "tags": st.dictionaries(WORDS, WORDS, max_size=2),
        "state": st.sampled_from(["present", "paused"]),
        "channels": st.lists(st.sampled_from(["one", "two"]), unique=True),
    },
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(WORDS, SERVICE, min_size=1, max_size=4))
def test_every_catalogue_survives_the_round(services: dict[str, Any]) -> None:
    declared = {
        "monitoring_environment": "production",
        "monitoring_channels": [{"name": "one"}, {"name": "two", "default": False}],
        "monitoring_services": [{"name": name, **service} for name, service in services.items()],
    }
    made = [as_gathered(entry) for entry in uptime.monitors(resolve(declared, OPTIONS))]
    chats = [chat("production / one"), chat("production / two")]
    result = catalogue_of(gathered(made, notifications=chats))
    assert "uptime_targets_monitors" not in result
    assert served(monitoring(result)) == served(declared)
