# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kuma_setup`` against real servers: new ones, ones that are set up, and ones that refuse."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import (
    CallFailed,
    KumaClient,
    connect,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.setup import is_weak

if TYPE_CHECKING:
    from .conftest import RunModule, Server

NEW_PASSWORD = "another horse 2"
MARIADB = {"type": "mariadb", "name": "kuma", "username": "kuma", "password": "geheim-7"}


def users(server: Server) -> int:
    """How many users the server's database has."""
    assert server.data is not None
    with sqlite3.connect(f"file:{server.data}/kuma.db?mode=ro", uri=True) as database:
        return int(database.execute("SELECT count(*) FROM user").fetchone()[0])


def has_wizard(server: Server) -> bool:
    """Whether the database is still to be chosen."""
    assert server.data is not None
    return not (server.data / "kuma.db").exists()


def test_new_server_from_wizard_to_login(wizard_kuma: Server, run_module: RunModule) -> None:
    asks = has_wizard(wizard_kuma)
    if asks:
        predicted_message = "database sqlite to be chosen, first user 'admin' to be created"
        message = "database sqlite chosen, first user 'admin' created"
        after = {"database": "sqlite", "first_user": "admin"}
    else:
        predicted_message, message = "first user 'admin' to be created", "first user 'admin' created"
        after = {"first_user": "admin"}

    predicted = run_module("kuma_setup", {}, check=True, server=wizard_kuma)
    assert predicted["msg"] == predicted_message
    assert (predicted["changed"], predicted["database_chosen"], predicted["user_created"]) == (True, asks, True)
    assert predicted["diff"][0]["after"] == after
    assert "token" not in predicted
    assert has_wizard(wizard_kuma) is asks  # it was a prediction only

    first = run_module("kuma_setup", {}, server=wizard_kuma)
    assert first["msg"] == message
    assert first["diff"] == predicted["diff"]
    assert (first["changed"], first["database_chosen"], first["user_created"]) == (True, asks, True)
    assert first["version"].partition(".")[0] in ("1", "2")

    for check in (True, False):
        second = run_module("kuma_setup", {}, check=check, server=wizard_kuma)
        assert (second["msg"], second["changed"], second["diff"]) == ("set up already", False, [])
        assert second["version"] == first["version"]
        assert second["token"]
    assert users(wizard_kuma) == 1
    # The token is good for what comes next.
    by_token = run_module("kuma_settings", {"api_token": first["token"]}, server=wizard_kuma, login=False)
    assert not by_token["failed"], by_token["msg"]


def test_new_server_whose_database_is_chosen(fresh_kuma: Server, run_module: RunModule) -> None:
    predicted = run_module("kuma_setup", {}, check=True, server=fresh_kuma)
    assert predicted["msg"] == "first user 'admin' to be created"
    assert users(fresh_kuma) == 0
    result = run_module("kuma_setup", {}, server=fresh_kuma)
    assert (result["msg"], result["changed"]) == ("first user 'admin' created", True)
    assert result["diff"] == predicted["diff"]
    assert users(fresh_kuma) == 1


def test_secrets_stay_out_of_the_result(wizard_kuma: Server, run_module: RunModule) -> None:
    result = run_module("kuma_setup", {"api_current_password": NEW_PASSWORD}, server=wizard_kuma)
    result.pop("token")
    text = json.dumps(result)
    assert wizard_kuma.password not in text
    assert NEW_PASSWORD not in text


@pytest.mark.parametrize("check", [True, False])
def test_weak_password(wizard_kuma: Server, run_module: RunModule, check: bool) -> None:
    asks = has_wizard(wizard_kuma)
    result = run_module("kuma_setup", {"api_password": "weakling"}, check=check, server=wizard_kuma)
    assert result["failed"]
    assert result["msg"] == (
        f"Uptime Kuma at {wizard_kuma.url} finds api_password too weak: take at least 6 characters, and mix letters "
        f"with digits or symbols."
    )
    assert has_wizard(wizard_kuma) is asks  # refused before anything was done


def test_server_finds_weak_what_we_find_weak(fresh_kuma: Server) -> None:
    """The rule that predicts the server's refusal is the server's."""

    async def refused(client: KumaClient, password: str) -> bool:
        try:
            # Without a name the server looks at the password and then fails on the row: no user comes into being.
            await client.call("setup", None, password)
        except CallFailed as error:
            return "oo weak" in error.reason or error.reason == "passwordTooWeak"
        raise AssertionError("a user without a name was created")

    passwords = ["", "abc", "abcdef", "abcde1", "abcd1", "ABCDEF", "ABCDe1", "123456", "12345!"]
    passwords += ["äöüäöü", "äöüäö1", "abc de"]
    passwords += ["😀😀a1", "😀a1", *(f"aaaaa{symbol}" for symbol in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t§")]

    async def ask() -> list[str]:
        async with connect(fresh_kuma.connection, login=False) as client:
            return [password for password in passwords if await refused(client, password) is not is_weak(password)]

    assert asyncio.run(ask()) == []


def test_wrong_password_changes_nothing(own_kuma: Server, run_module: RunModule) -> None:
    for check in (True, False):
        result = run_module("kuma_setup", {"api_password": "wrong horse 3"}, check=check, server=own_kuma)
        assert result["failed"]
        assert result["msg"] == (
            f"Uptime Kuma at {own_kuma.url} has been set up already and refused user 'admin', wrong user name or "
            f"password: nothing was changed; check api_username and api_password, or, to change the password to "
            f"api_password, give the one it has in api_current_password."
        )
    assert run_module("kuma_setup", {}, server=own_kuma)["changed"] is False


def test_password_changes_only_when_told(own_kuma: Server, run_module: RunModule) -> None:
    old = run_module("kuma_setup", {}, server=own_kuma)["token"]
    change = {"api_password": NEW_PASSWORD, "api_current_password": own_kuma.password}

    predicted = run_module("kuma_setup", change, check=True, server=own_kuma)
    assert predicted["msg"] == "password to be changed"
    assert predicted["changed"] and predicted["password_changed"]
    assert predicted["diff"][0]["before"] == {"api_password": "(secret, before)"}
    assert predicted["diff"][0]["after"] == {"api_password": "(secret, after)"}
    assert run_module("kuma_setup", {}, check=True, server=own_kuma)["changed"] is False  # still the old one

    result = run_module("kuma_setup", change, server=own_kuma)
    assert (result["msg"], result["changed"], result["password_changed"]) == ("password changed", True, True)
    assert result["token"] != old

    again = run_module("kuma_setup", change, server=own_kuma)
    assert (again["msg"], again["changed"], again["password_changed"]) == ("set up already", False, False)
    assert run_module("kuma_setup", {}, server=own_kuma)["failed"]

    both_wrong = {"api_password": "wrong horse 3", "api_current_password": "wrong horse 4"}
    result = run_module("kuma_setup", both_wrong, server=own_kuma)
    assert result["msg"] == (
        f"Uptime Kuma at {own_kuma.url} has been set up already and refused user 'admin' both with api_password and "
        f"with api_current_password: nothing was changed; check the three options."
    )
    weak = {"api_password": "weakling", "api_current_password": NEW_PASSWORD}
    result = run_module("kuma_setup", weak, server=own_kuma)
    assert result["msg"] == (
        f"Uptime Kuma at {own_kuma.url} finds api_password too weak: take at least 6 characters, and mix letters "
        f"with digits or symbols."
    )


@pytest.mark.slow
def test_second_factor(own_kuma: Server, run_module: RunModule) -> None:
    """A code works once, and a changed password takes two logins: the second waits for the next code."""

    async def switch_on(client: KumaClient) -> str:
        answer = await client.call("prepare2FA", own_kuma.password)
        await client.call("save2FA", own_kuma.password)
        return str(answer["uri"]).partition("secret=")[2]

    secret = own_kuma.talk(switch_on)
    change = {"api_password": NEW_PASSWORD, "api_current_password": own_kuma.password}
    result = run_module("kuma_setup", change, server=own_kuma)
    assert result["msg"] == (f"Uptime Kuma at {own_kuma.url} asks 'admin' for a second factor: set api_totp_secret.")
    change["api_totp_secret"] = secret
    result = run_module("kuma_setup", change, server=own_kuma)
    assert result["msg"] == "password changed"
    by_token = {"api_token": result["token"]}
    assert run_module("kuma_settings", by_token, server=own_kuma, login=False)["failed"] is False
    result = run_module("kuma_setup", change, server=own_kuma)
    assert result.get("changed") is False, result["msg"]


def test_two_setups_at_once_make_one_user(wizard_kuma: Server, run_module: RunModule) -> None:
    def run(number: int) -> dict[str, Any]:
        return run_module("kuma_setup", {}, server=wizard_kuma)

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(run, range(3)))
    assert [result["msg"] for result in results if result["failed"]] == []
    assert users(wizard_kuma) == 1
    assert sum(result["user_created"] for result in results) == 1
    assert sum(result["database_chosen"] for result in results) <= 1
    assert all(result["token"] for result in results)


def test_credentials_are_needed(fresh_kuma: Server, run_module: RunModule) -> None:
    result = run_module("kuma_setup", {"api_username": "admin"}, server=fresh_kuma, login=False)
    assert result["msg"] == (
        "api_password is not set: give the name and the password that the server's first user has or gets."
    )
    result = run_module("kuma_setup", {"api_password": NEW_PASSWORD}, server=fresh_kuma, login=False)
    assert result["msg"] == (
        "api_username is not set: give the name and the password that the server's first user has or gets."
    )


def test_credentials_from_the_environment(fresh_kuma: Server, run_module: RunModule) -> None:
    env = {"KUMAWATCH_KUMA_USERNAME": "root", "KUMAWATCH_KUMA_PASSWORD": NEW_PASSWORD}
    result = run_module("kuma_setup", {}, server=fresh_kuma, login=False, env=env)
    assert result["msg"] == "first user 'root' created"


def test_database_that_the_server_does_not_offer(wizard_kuma: Server, run_module: RunModule) -> None:
    if not has_wizard(wizard_kuma):
        pytest.skip("1.23 has no database wizard")
    for check in (True, False):
        result = run_module("kuma_setup", {"database": {"type": "embedded-mariadb"}}, check=check, server=wizard_kuma)
        assert result["msg"] == (
            f"Uptime Kuma at {wizard_kuma.url} has no embedded MariaDB: only its full container image does, with "
            f"UPTIME_KUMA_ENABLE_EMBEDDED_MARIADB=1; choose another database.type."
        )
    assert has_wizard(wizard_kuma)


def test_database_that_is_not_there(wizard_kuma: Server, run_module: RunModule) -> None:
    if not has_wizard(wizard_kuma):
        pytest.skip("1.23 has no database wizard")
    database = {**MARIADB, "hostname": "127.0.0.1", "port": 9}
    result = run_module("kuma_setup", {"database": database}, server=wizard_kuma)
    assert result["failed"]
    refused = f"Uptime Kuma at {wizard_kuma.url} refused the database: Cannot connect to the database: "
    assert result["msg"].startswith(refused)
    assert result["msg"].endswith("; check the option database.")
    assert "geheim-7" not in json.dumps(result)
    # The wizard is still there, and takes a better choice.
    result = run_module("kuma_setup", {}, server=wizard_kuma)
    assert result["msg"] == "database sqlite chosen, first user 'admin' created"


def test_database_that_is_another_one(own_kuma: Server, run_module: RunModule) -> None:
    result = run_module("kuma_setup", {"database": {**MARIADB, "hostname": "db"}}, server=own_kuma)
    info = own_kuma.talk(_info)
    if "dbType" not in info and info["version"].startswith("2"):
        assert not result["failed"]  # the 2.0.0-dev.0 snapshot does not say what it has
        return
    assert result["msg"] == (
        f"Uptime Kuma at {own_kuma.url} keeps its data in sqlite, and database.type is mariadb: a server that has a "
        f"database cannot get another one this way; correct database.type, or move the data by hand."
    )
    assert run_module("kuma_setup", {"database": {}}, server=own_kuma)["changed"] is False


async def _info(client: KumaClient) -> dict[str, Any]:
    return dict(client.state.info or {})


def test_server_that_is_not_there(run_module: RunModule, wizard_kuma: Server) -> None:
    wizard_kuma.stop()
    started = time.monotonic()
    result = run_module("kuma_setup", {"api_wait": 0}, server=wizard_kuma)
    assert result["msg"] == (
        f"Uptime Kuma at {wizard_kuma.url} cannot be reached (Connect call failed ('127.0.0.1', {wizard_kuma.port})): "
        f"check api_url and that the server runs."
    )
    assert time.monotonic() - started < 15
