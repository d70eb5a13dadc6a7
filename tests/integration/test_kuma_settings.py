# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kuma_settings`` against a real server."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import version_text

if TYPE_CHECKING:
    from .conftest import RunModule, Server

pytestmark = pytest.mark.usefixtures("settings_kept")

MODULE = "kuma_settings"


def stored(server: Server) -> dict[str, Any]:
    """What the server has."""
    return dict(server.call("getSettings")["data"])


def test_changes_what_is_declared_and_nothing_else(kuma: Server, run_module: RunModule) -> None:
    kuma.call("setSettings", {**stored(kuma), "entryPage": "statusPage-other", "checkBeta": True}, "")
    before = stored(kuma)
    options = {
        "primary_base_url": "https://status.example.com",
        "tls_expiry_notify_days": [21, 3, 7],
        "keep_data_period_days": 90,
        "server_timezone": "Europe/Berlin",
        "trust_proxy": True,
        "check_update": True,
        "steam_api_key": "steam-secret-5",
    }
    expected = {
        "primary_base_url": "https://status.example.com",
        "tls_expiry_notify_days": [3, 7, 21],
        "keep_data_period_days": 90,
        "server_timezone": "Europe/Berlin",
        "trust_proxy": True,
        "steam_api_key": "(secret, after)",
    }
    predicted = run_module(MODULE, options, check=True)
    assert predicted["msg"] == "0 to create, 1 to update, 0 to delete, 0 unchanged"
    assert predicted["updated"] == ["general"]
    assert predicted["diff"][0]["after"] == expected
    assert predicted["diff"][0]["after_header"] == "settings general"
    assert stored(kuma) == before

    result = run_module(MODULE, options)
    assert result["msg"] == "0 created, 1 updated, 0 deleted, 0 unchanged"
    assert result["diff"] == predicted["diff"]
    assert "steam-secret-5" not in json.dumps([predicted, result])

    wire = {
        "primaryBaseURL": "https://status.example.com",
        "keepDataPeriodDays": 90,
        "serverTimezone": "Europe/Berlin",
        "trustProxy": True,
        "steamAPIKey": "steam-secret-5",
    }
    now = stored(kuma)
    assert {key: now[key] for key in wire} == wire
    assert sorted(now["tlsExpiryNotifyDays"]) == [3, 7, 21]
    assert (now["entryPage"], now["checkBeta"]) == ("statusPage-other", True)
    kept = {key: value for key, value in before.items() if key not in {*wire, "tlsExpiryNotifyDays"}}
    assert {key: now[key] for key in kept} == kept

    for check in (True, False):
        again = run_module(MODULE, options, check=check)
        assert (again["changed"], again["unchanged"], again["diff"]) == (False, ["general"], [])


def test_two_tasks_do_not_undo_each_other(kuma: Server, run_module: RunModule) -> None:
    first = {"trust_proxy": True, "nscd": False, "search_engine_index": True}
    second = {"check_beta": True, "tls_expiry_notify_days": [5]}
    for options, changes in ((first, True), (second, True), (first, False), (second, False)):
        assert run_module(MODULE, options)["changed"] is changes


def test_edited_by_hand_comes_back(kuma: Server, run_module: RunModule) -> None:
    options = {"search_engine_index": True, "tls_expiry_notify_days": [3, 7]}
    run_module(MODULE, options)
    # As the settings page does it: all of them, as loaded.
    kuma.call("setSettings", {**stored(kuma), "tlsExpiryNotifyDays": [3, 7, 14]}, "")
    result = run_module(MODULE, options)
    assert result["diff"][0]["before"] == {"tls_expiry_notify_days": [3, 7, 14]}
    assert result["diff"][0]["after"] == {"tls_expiry_notify_days": [3, 7]}


def test_entry_page(kuma: Server, run_module: RunModule) -> None:
    kuma.call("addStatusPage", "Production", "production")
    result = run_module(MODULE, {"entry_page": "statusPage-production"})
    assert result["changed"] is True
    assert "which is not on the server" not in json.dumps(result)
    result = run_module(MODULE, {"entry_page": "statusPage-elsewhere"}, check=True)
    warning = "settings: entry_page names the status page 'elsewhere', which is not on the server (yet)."
    assert warning in json.dumps(result["warnings"])
    assert run_module(MODULE, {"entry_page": "dashboard"})["changed"] is True


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"server_timezone": "Europe/Berln"},
            "settings: server_timezone 'Europe/Berln' is no time zone: did you mean Europe/Berlin?",
        ),
        (
            {"entry_page": "production"},
            (
                "settings: entry_page 'production' is neither dashboard nor statusPage- and the slug of a status page: "
                "correct it."
            ),
        ),
        (
            {"primary_base_url": "status.example.com"},
            (
                "settings: primary_base_url 'status.example.com' is not an http:// or https:// address: give it in "
                "full, e.g. https://status.example.com."
            ),
        ),
        ({"keep_data_period_days": -1}, "settings: keep_data_period_days -1 is less than 0: raise it."),
        (
            {"tls_expiry_notify_days": [7, 0]},
            "settings: tls_expiry_notify_days has 0, which is no number of days to come: correct it.",
        ),
    ],
)
def test_refusals(kuma: Server, run_module: RunModule, options: dict[str, Any], sentence: str, check: bool) -> None:
    before = stored(kuma)
    result = run_module(MODULE, options, check=check)
    assert (result["failed"], result["msg"]) == (True, sentence)
    assert stored(kuma) == before


def test_settings_of_other_versions(kuma: Server, run_module: RunModule) -> None:
    version = kuma.version
    result = run_module(MODULE, {"dns_cache": True})
    if version >= (2, 0, 0):
        assert result["msg"] == (
            f"settings: option 'dns_cache' is gone since Uptime Kuma 2.0.0; the server has {version_text(version)}: "
            f"leave this out."
        )
    else:
        assert result["changed"] is True
    result = run_module(MODULE, {"domain_expiry_notify_days": [30]})
    if version < (2, 1, 0):
        assert result["msg"] == (
            f"settings: option 'domain_expiry_notify_days' needs Uptime Kuma 2.1.0; the server has "
            f"{version_text(version)}: upgrade it, or leave this out."
        )
    else:
        assert result["changed"] is True
        assert stored(kuma)["domainExpiryNotifyDays"] == [30]


def test_authentication_off_and_on(own_kuma: Server, run_module: RunModule) -> None:
    token = run_module("kuma_setup", {}, server=own_kuma)["token"]
    by_token = {"api_token": token, "disable_auth": True}

    for check in (True, False):
        result = run_module(MODULE, by_token, server=own_kuma, login=False, check=check)
        assert result["msg"] == (
            "settings: disable_auth needs the user's password to switch authentication off: set api_password."
        )
    result = run_module(MODULE, {**by_token, "api_password": "wrong horse 3"}, server=own_kuma)
    assert result["msg"] == (
        "settings 'general': disable_auth needs the user's password to switch authentication off, and the server "
        "refused api_password: correct it."
    )
    assert not stored(own_kuma).get("disableAuth")

    off = run_module(MODULE, {"disable_auth": True}, server=own_kuma)
    assert off["diff"][0]["after"] == {"disable_auth": True}
    assert off["changed"] is True
    # Now without any login: nothing to do, something else, and on again.
    assert run_module(MODULE, {"disable_auth": True}, server=own_kuma, login=False)["changed"] is False
    assert run_module(MODULE, {"trust_proxy": True}, server=own_kuma, login=False)["changed"] is True
    assert stored(own_kuma)["disableAuth"] is True
    assert run_module("kuma_setup", {}, server=own_kuma)["msg"] == "set up already"
    assert run_module(MODULE, {"disable_auth": False}, server=own_kuma, login=False)["changed"] is True
    result = run_module(MODULE, {"trust_proxy": True}, server=own_kuma, login=False)
    assert result["failed"] and "no login was given" in result["msg"]
    assert run_module(MODULE, {"disable_auth": False, "trust_proxy": True}, server=own_kuma)["changed"] is False


def test_prediction_for_a_server_without_a_user(fresh_kuma: Server, run_module: RunModule) -> None:
    options = {"search_engine_index": True, "check_update": True, "tls_expiry_notify_days": [7, 14, 21]}
    predicted = run_module(MODULE, options, check=True, server=fresh_kuma)
    assert run_module(MODULE, options, server=fresh_kuma)["msg"] == (
        f"Uptime Kuma at {fresh_kuma.url} has no user yet: run kumawatch.monitoring.kuma_setup first."
    )
    fresh_kuma.set_up()
    result = run_module(MODULE, options, server=fresh_kuma)
    assert result["diff"] == predicted["diff"]
    assert result["diff"][0]["after"] == {"search_engine_index": True}


def test_settings_survive_a_restart(own_kuma: Server, run_module: RunModule) -> None:
    options = {"entry_page": "dashboard", "server_timezone": "Asia/Tokyo", "keep_data_period_days": 30}
    run_module(MODULE, options, server=own_kuma)
    own_kuma.stop()
    own_kuma.start()
    time.sleep(1)
    assert run_module(MODULE, options, server=own_kuma)["changed"] is False
