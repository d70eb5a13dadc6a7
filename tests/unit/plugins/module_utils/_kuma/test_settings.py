# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""General settings: what is declared, compared and sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._diff import diffs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import settings
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import CallFailed
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import SETTINGS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.settings import Settings
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.state import State
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import Plan

V123 = (1, 23, 17)
V253 = (2, 5, 3)
STATE = State(info={"version": "2.5.3"}, status_pages={1: {"slug": "production"}})


class Server:
    """What a settings call reads and writes. ``objects`` is said after storing, as the real one does."""

    def __init__(self, data: dict[str, Any], objects: str = "") -> None:
        self.data = data
        self.objects = objects
        self.sent: list[tuple[Any, ...]] = []

    async def call(self, event: str, *args: Any) -> dict[str, Any]:
        if event == "getSettings":
            return {"ok": True, "data": dict(self.data)}
        self.sent.append(args)
        self.data.update(args[0])
        if self.objects:
            objects, self.objects = self.objects, ""
            raise CallFailed(objects)
        return {"ok": True}


def planned(
    options: dict[str, Any], data: dict[str, Any], password: str | None = None
) -> tuple[Settings, Plan, Server]:
    kind, server = Settings(options, password), Server(data)
    asyncio.run(kind.read(server))  # type: ignore[arg-type]
    return kind, kind.plan(STATE, V253), server


def changes(options: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """What would change, by option."""
    _kind, plan, _server = planned(options, data)
    return {name: difference.after for change in plan.update for name, difference in change.differences.items()}


def test_every_setting_is_an_option() -> None:
    spec = settings.option_args()
    assert list(spec) == [item.option for item in SETTINGS]
    assert spec["steam_api_key"] == {"type": "str", "no_log": True}
    assert spec["tls_expiry_notify_days"] == {"type": "list", "no_log": False, "elements": "int"}


def test_what_is_not_set_is_not_compared() -> None:
    assert changes({"check_update": None, "entry_page": None}, {"checkUpdate": False, "entryPage": "x"}) == {}


def test_what_was_never_saved_is_what_it_amounts_to() -> None:
    assert changes({"check_update": True, "entry_page": "dashboard"}, {}) == {}
    assert changes({"disable_auth": False, "steam_api_key": ""}, {}) == {}
    assert changes({"tls_expiry_notify_days": [21, 14, 7]}, {}) == {}
    assert changes({"check_update": False, "keep_data_period_days": 180}, {}) == {
        "check_update": False,
        "keep_data_period_days": 180,
    }


def test_order_of_days_does_not_matter() -> None:
    assert changes({"tls_expiry_notify_days": [3, 7]}, {"tlsExpiryNotifyDays": [7, 3]}) == {}
    assert changes({"tls_expiry_notify_days": [3]}, {"tlsExpiryNotifyDays": [7, 3]}) == {"tls_expiry_notify_days": [3]}


def test_secrets_are_masked() -> None:
    kind, plan, _server = planned({"steam_api_key": "geheim-2"}, {"steamAPIKey": "geheim-1"})
    (entry,) = diffs(plan, noun=kind.noun, secrets=kind.secrets)
    assert entry["before"] == {"steam_api_key": "(secret, before)"}
    assert entry["after"] == {"steam_api_key": "(secret, after)"}


@pytest.mark.parametrize(
    ("options", "version", "sentence"),
    [
        (
            {"dns_cache": True},
            V253,
            ("settings: option 'dns_cache' is gone since Uptime Kuma 2.0.0; the server has 2.5.3: leave this out."),
        ),
        (
            {"domain_expiry_notify_days": [1]},
            V123,
            (
                "settings: option 'domain_expiry_notify_days' needs Uptime Kuma 2.1.0; the server has 1.23.17: upgrade "
                "it, or leave this out."
            ),
        ),
        (
            {"server_timezone": "Europe/Berln"},
            V253,
            "settings: server_timezone 'Europe/Berln' is no time zone: did you mean Europe/Berlin?",
        ),
        (
            {"server_timezone": "Qqqqqqqqqqq"},
            V253,
            "settings: server_timezone 'Qqqqqqqqqqq' is no time zone: give a name such as Europe/Berlin.",
        ),
        (
            {"entry_page": "statusPage-"},
            V253,
            (
                "settings: entry_page 'statusPage-' is neither dashboard nor statusPage- and the slug of a status "
                "page: correct it."
            ),
        ),
        (
            {"tls_expiry_notify_days": [-7]},
            V253,
            "settings: tls_expiry_notify_days has -7, which is no number of days to come: correct it.",
        ),
        (
            {"keep_data_period_days": -1},
            V253,
            "settings: keep_data_period_days -1 is less than 0: raise it.",
        ),
    ],
)
def test_refusals(options: dict[str, Any], version: tuple[int, int, int], sentence: str) -> None:
    with pytest.raises(KumawatchError) as error:
        settings.declared(options, version)
    assert str(error.value) == sentence


@pytest.mark.parametrize("zone", ["Europe/Berlin", "europe/berlin", "UTC", "+02:00", "Etc/GMT+5"])
def test_time_zones(zone: str) -> None:
    assert settings.declared({"server_timezone": zone}, V253) == {"server_timezone": zone}


def test_a_server_that_cannot_be_asked_may_be_an_old_one() -> None:
    for value in (True, False):
        assert settings.declared({"dns_cache": value}, V253, asked=False) == {"dns_cache": value}
        plan = Settings({"dns_cache": value}).plan(State.empty(), V253)
        assert plan.changed is value


def test_payload_keeps_what_the_server_would_forget() -> None:
    data = {"serverTimezone": "UTC", "trustProxy": True, "disableAuth": True}
    assert settings.payload(data, {"check_beta": True}) == {
        "trustProxy": True,
        "disableAuth": True,
        "checkBeta": True,
        "entryPage": "dashboard",
        "nscd": True,
    }
    data = {"entryPage": "statusPage-x", "nscd": False}
    assert settings.payload(data, {"server_timezone": "UTC"}) == {**data, "serverTimezone": "UTC"}


def test_switching_authentication_off_needs_the_password() -> None:
    with pytest.raises(KumawatchError) as error:
        planned({"disable_auth": True}, {})
    assert str(error.value) == (
        "settings: disable_auth needs the user's password to switch authentication off: set api_password."
    )
    planned({"disable_auth": True}, {"disableAuth": True})
    kind, plan, server = planned({"disable_auth": True}, {}, password="geheim")
    asyncio.run(kind.apply(server, plan.update[0]))  # type: ignore[arg-type]
    assert server.sent == [({"disableAuth": True, "entryPage": "dashboard", "nscd": True}, "geheim")]


def test_entry_page_that_is_not_there_yet() -> None:
    for page, warnings in (("production", 0), ("other", 1)):
        kind, _plan, _server = planned({"entry_page": f"statusPage-{page}"}, {})
        assert len(kind.warnings) == warnings
        assert kind.lists == ("status_pages",)
    assert Settings({"entry_page": "dashboard"}).lists == ()


def test_what_the_server_objects_to_is_put_back() -> None:
    options = {"server_timezone": "Asia/Tokyo", "trust_proxy": True}
    kind, plan, server = planned(options, {"serverTimezone": "UTC"})
    server.objects = "Invalid timezone:Asia/Tokyo"
    with pytest.raises(KumawatchError, match="Invalid timezone"):
        asyncio.run(kind.apply(server, plan.update[0]))  # type: ignore[arg-type]
    assert server.data["serverTimezone"] == "UTC"
    assert not server.data["trustProxy"]


def test_wrong_password() -> None:
    kind, plan, server = planned({"disable_auth": True}, {}, password="geheim")
    server.objects = "Incorrect current password"
    with pytest.raises(KumawatchError) as error:
        asyncio.run(kind.apply(server, plan.update[0]))  # type: ignore[arg-type]
    assert str(error.value) == (
        "disable_auth needs the user's password to switch authentication off, and the server refused api_password: "
        "correct it."
    )
