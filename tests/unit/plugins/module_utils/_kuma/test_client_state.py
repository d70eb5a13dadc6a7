# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client keeps of what a server pushes, and what it says of itself; without a server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import client as client_module
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import (
    CallFailed,
    Connection,
    ConnectionLost,
    KumaClient,
    State,
    connect,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.tags import LOCK, is_lock


def monitor(ident: int, **values: Any) -> dict[str, Any]:
    return {"id": ident, "name": f"m{ident}", **values}


# -- what was pushed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [{"1": monitor(1), "2": monitor(2)}, [monitor(1), monitor(2)]])
def test_a_list_is_kept_by_id_whatever_its_shape(payload: Any) -> None:
    state = State()
    assert state.receive("monitorList", (payload,))
    assert state.monitors == {1: monitor(1), 2: monitor(2)}


@pytest.mark.parametrize(
    ("event", "attribute"),
    [
        ("monitorList", "monitors"),
        ("notificationList", "notifications"),
        ("proxyList", "proxies"),
        ("dockerHostList", "docker_hosts"),
        ("remoteBrowserList", "remote_browsers"),
        ("maintenanceList", "maintenances"),
        ("statusPageList", "status_pages"),
    ],
)
def test_each_list_has_its_place_and_an_empty_one_is_not_none(event: str, attribute: str) -> None:
    state = State()
    assert getattr(state, attribute) is None
    assert state.receive(event, ([],))
    assert getattr(state, attribute) == {}
    assert state.receive(event, ({"7": {"id": 7}},))
    assert getattr(state, attribute) == {7: {"id": 7}}


def test_a_later_list_replaces_an_earlier_one() -> None:
    state = State()
    state.receive("monitorList", ({"1": monitor(1)},))
    state.receive("monitorList", ({"2": monitor(2)},))
    assert state.monitors == {2: monitor(2)}


def test_single_monitors_are_updated_and_removed() -> None:
    state = State()
    state.receive("monitorList", ({"1": monitor(1), "2": monitor(2)},))
    assert state.receive("updateMonitorIntoList", ({"2": monitor(2, interval=5), "3": monitor(3)},))
    assert state.receive("deleteMonitorFromList", (1,))
    assert state.receive("deleteMonitorFromList", ("99",))
    assert state.monitors == {2: monitor(2, interval=5), 3: monitor(3)}


def test_an_update_before_the_list_does_not_pass_for_the_list() -> None:
    """Otherwise a plan would be made from one monitor, and all others created once more."""
    state = State()
    state.receive("updateMonitorIntoList", ({"2": monitor(2)},))
    assert state.monitors is None


def test_a_removal_before_the_list_is_harmless() -> None:
    state = State()
    assert state.receive("deleteMonitorFromList", (1,))
    assert state.monitors is None


def test_info_adds_up() -> None:
    state = State()
    state.receive("info", ({"isContainer": False, "primaryBaseURL": None},))
    state.receive("info", ({"version": "2.5.3", "dbType": "sqlite"},))
    assert state.info == {"isContainer": False, "primaryBaseURL": None, "version": "2.5.3", "dbType": "sqlite"}


@pytest.mark.parametrize("event", ["heartbeat", "avgPing", "heartbeatList", "loginRequired"])
def test_what_nobody_needs_is_not_taken_in(event: str) -> None:
    state = State()
    assert not state.receive(event, ({"1": {"id": 1}},))
    assert state == State()


def test_what_is_kept_is_not_the_message() -> None:
    payload = {"1": monitor(1)}
    state = State()
    state.receive("monitorList", (payload,))
    assert state.monitors is not None
    state.monitors[1]["name"] = "changed"
    assert payload["1"]["name"] == "m1"


# -- what it says ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://status.example.com", "https://status.example.com"),
        ("https://joe:sesame@status.example.com:8443/kuma", "https://status.example.com:8443/kuma"),
        ("https://joe:s@same@status.example.com", "https://status.example.com"),
    ],
)
def test_the_url_is_shown_without_a_login(url: str, shown: str) -> None:
    assert Connection(url).shown == shown


def test_a_connection_does_not_show_its_secrets() -> None:
    connection = Connection(
        "https://x", "joe", password="sesame1", token="sesame2", totp_secret="sesame3", headers={"X": "sesame4"}
    )
    assert "sesame" not in repr(connection)
    assert "joe" in repr(connection)


@pytest.mark.parametrize(
    ("version", "info", "expected"),
    [
        ((2, 5, 3), {"version": "2.5.3", "dbType": "sqlite"}, True),
        ((1, 23, 17), {"version": "1.23.17"}, False),
        ((1, 23, 1), {"version": "2.0.0"}, False),
    ],
)
def test_the_version_is_that_of_the_schema(version: tuple[int, ...], info: dict[str, Any], expected: bool) -> None:
    client = KumaClient(Connection("http://x"))
    client.state.receive("info", (info,))
    assert client.version == version
    assert client.pushes_single_monitors is expected
    assert client.reported_version == info["version"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Accepted status codes are not all strings", "Accepted status codes are not all strings"),
        (
            "insert into `monitor` (`pw`) values ('sesame - x') - SQLITE_CONSTRAINT: no room",
            "SQLITE_CONSTRAINT: no room",
        ),
        ("UPDATE `monitor` set\n `pw` = 'sesame' - Data too long for column 'pw'", "Data too long for column 'pw'"),
        ("select me - please", "please"),
        ("Update the name - please", "please"),
        (None, ""),
    ],
)
def test_a_statement_is_left_out_of_a_reason(message: str | None, words: str) -> None:
    assert client_module._words(message) == words


def test_a_refusal_without_words_still_is_a_sentence() -> None:
    assert CallFailed("add was refused").reason == "add was refused"
    assert CallFailed("/x answered 400: no", "no").reason == "no"


def test_a_ticket_of_the_lock_is_told_from_a_tag() -> None:
    assert is_lock(f"{LOCK}host:1:abc 5")
    assert not is_lock("kumawatch")


# -- refused before anything is sent -----------------------------------------------------------------------------------


def refusal(connection: Connection) -> str:
    async def act() -> None:
        async with connect(connection):
            pytest.fail("connected to nothing")

    with pytest.raises(KumawatchError) as caught:
        asyncio.run(act())
    return str(caught.value)


@pytest.mark.parametrize("url", ["status.example.com", "ftp://status.example.com", "https://", "", "http:///x"])
def test_an_address_that_is_none(url: str) -> None:
    assert refusal(Connection(url)) == (
        f"api_url '{url}' is not an http:// or https:// address: give it in full, e.g. https://status.example.com."
    )


def test_a_port_that_is_none() -> None:
    assert refusal(Connection("https://status.example.com:port")) == (
        "api_url 'https://status.example.com:port' is not an http:// or https:// address: give it in full, e.g. "
        "https://status.example.com."
    )


def test_a_ca_that_is_not_there() -> None:
    assert refusal(Connection("https://127.0.0.1:9", ca_path="/nowhere/ca.pem")) == (
        "ca_path '/nowhere/ca.pem' cannot be read (No such file or directory): check the path."
    )


def test_a_second_factor_that_is_no_base32() -> None:
    pytest.importorskip("pyotp")
    with pytest.raises(KumawatchError) as caught:
        client_module._one_time_code("1!")
    assert str(caught.value) == ("api_totp_secret is not a base32 secret: copy it from where 2FA was switched on.")


def test_a_one_time_code_has_six_digits_with_blanks_and_small_letters_in_the_secret() -> None:
    pytest.importorskip("pyotp")
    code = client_module._one_time_code("jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp")
    assert len(code) == 6
    assert code.isdigit()


# -- calls side by side ------------------------------------------------------------------------------------------------


def each(items: list[int], act: Any, window: int | None = None) -> list[tuple[int, str]]:
    async def work() -> list[tuple[int, str]]:
        client = KumaClient(Connection("http://x"))
        client.state.receive("info", ({"version": "2.5.3", "dbType": "sqlite"},))
        return [(item, str(error)) for item, error in await client.each(items, act, window)]

    return asyncio.run(work())


def test_one_failure_does_not_stop_the_others_and_order_is_kept() -> None:
    done: list[int] = []

    async def act(item: int) -> None:
        await asyncio.sleep(0.001 * (5 - item))
        if item % 2:
            raise CallFailed(f"no {item}")
        done.append(item)

    assert each(list(range(6)), act) == [(1, "no 1"), (3, "no 3"), (5, "no 5")]
    assert sorted(done) == [0, 2, 4]


@pytest.mark.parametrize("window", [1, 3])
def test_no_more_at_once_than_the_window(window: int) -> None:
    running, most = 0, 0

    async def act(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running -= 1

    assert each(list(range(20)), act, window) == []
    assert most == window


def test_a_call_on_a_lost_connection_fails_at_once() -> None:
    async def work() -> str:
        client = KumaClient(Connection("http://joe:sesame@x"))
        client._disconnected()
        with pytest.raises(ConnectionLost) as caught:
            await client.call("add", {})
        return str(caught.value)

    assert asyncio.run(work()) == "Uptime Kuma at http://x closed the connection."
