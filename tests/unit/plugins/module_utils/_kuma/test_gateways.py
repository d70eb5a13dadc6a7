# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker hosts, proxies, remote browsers: what is declared, what exists, what is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.gateways import (
    DockerHosts,
    Gateways,
    Proxies,
    RemoteBrowsers,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.state import State

V253 = (2, 5, 3)
PROXY = {"protocol": "http", "host": "a", "port": 1}

#: Each kind with two objects as the server tells of them.
SERVER: list[tuple[type[Gateways], dict[int, dict[str, Any]]]] = [
    (
        DockerHosts,
        {
            1: {"id": 1, "userID": 1, "name": "a", "dockerType": "socket", "dockerDaemon": "/a.sock"},
            2: {"id": 2, "userID": 1, "name": "b", "dockerType": "tcp", "dockerDaemon": "tcp://b:2375"},
        },
    ),
    (
        Proxies,
        {
            1: {"id": 1, **PROXY, "auth": 1, "username": "u", "password": "p", "active": 1, "default": 1},
            2: {"id": 2, "protocol": "socks5", "host": "::1", "port": 9, "auth": 0, "username": "old", "password": "x",
                "active": 1, "default": 0},
        },
    ),
    (RemoteBrowsers, {1: {"id": 1, "name": "a", "url": "ws://a"}, 2: {"id": 2, "name": "b", "url": "ws://b"}}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "items"), SERVER, ids=[kind.__name__ for kind, _items in SERVER])
def test_an_export_declares_what_exists(kind: type[Gateways], items: dict[int, dict[str, Any]]) -> None:
    state = State(**{kind.where: items})
    actual = kind(()).actual(state)
    entries = [kind.export(item) for item in actual]
    declared = kind(entries)
    assert [item.properties for item in declared.desired(State.empty(), V253)] == [item.properties for item in actual]
    assert not declared.plan(state, V253).changed
    assert len(declared.plan(State.empty(), V253).create) == 2


@pytest.mark.parametrize(("kind", "items"), SERVER, ids=[kind.__name__ for kind, _items in SERVER])
def test_what_is_sent_is_what_the_server_shows(kind: type[Gateways], items: dict[int, dict[str, Any]]) -> None:
    for item in kind(()).actual(State(**{kind.where: items})):
        sent = kind.payload(item.key, item.properties)
        assert kind.properties(sent) == item.properties
        assert kind.name(sent) == item.key


def test_nothing_is_marked_or_purged() -> None:
    state = State(docker_hosts=SERVER[0][1])
    kind = DockerHosts([{"name": "a"}])
    kind.purge = True
    decided = kind.plan(state, V253)
    assert (decided.changed, decided.unchanged, decided.unmanaged) == (False, ("a",), ("b",))


@pytest.mark.parametrize(
    ("kind", "entries", "message"),
    [
        (DockerHosts, [{"name": "d"}], "docker host 'd' does not exist yet and needs connection and daemon: add them."),
        (
            DockerHosts,
            [{"name": "d", "daemon": "x"}],
            "docker host 'd' does not exist yet and needs connection: add it.",
        ),
        (RemoteBrowsers, [{"name": "r", "url": ""}], "remote browser 'r': url is empty: give it a value."),
        (
            DockerHosts,
            [{"name": "d", "state": "absent"}, {"name": "d", "state": "absent"}],
            "docker host 'd' is declared twice, as entries 1 and 2: remove one of them.",
        ),
        (
            DockerHosts,
            [{"name": "d", "ignore": ["name"]}],
            "docker host 'd': ignore names 'name', which is no option of a docker host: correct the name.",
        ),
        (Proxies, [{**PROXY, "port": 0}], "proxy 'http://a:0': port 0 is not from 1 to 65535: correct it."),
        (
            Proxies,
            [{**PROXY, "username": "", "password": "p"}],
            "proxy 'http://a:1' has a password and an empty username: set username, or remove password.",
        ),
        (
            Proxies,
            [{**PROXY, "password": "p"}],
            "proxy 'http://a:1' has a password and no username: set username, or remove password.",
        ),
        (
            Proxies,
            [{**PROXY, "default": True}, {**PROXY, "port": 2, "default": True}],
            "proxies 'http://a:1' and 'http://a:2' are both declared default: decide for one.",
        ),
    ],
)
def test_refusals(kind: type[Gateways], entries: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        kind(entries).plan(State.empty(), V253)
    assert str(caught.value) == message


def test_a_login_that_is_switched_off_is_none() -> None:
    item = Proxies(()).actual(State(proxies=SERVER[1][1]))[1]
    assert item.properties == {"username": "", "password": "", "default": False}


def test_an_empty_username_takes_the_password_away() -> None:
    decided = Proxies([{**PROXY, "username": ""}]).plan(State(proxies=SERVER[1][1]), V253)
    assert sorted(decided.update[0].differences) == ["password", "username"]


def test_the_default_comes_last() -> None:
    entries = [{**PROXY, "default": True}, {**PROXY, "port": 2, "default": False}]
    kind = Proxies(entries)
    first, second, third = kind.stages(kind.plan(State.empty(), V253))
    assert [change.label for change in first] == ["http://a:2"]
    assert [change.label for change in second] == ["http://a:1"]
    assert not third
