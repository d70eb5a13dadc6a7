# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kuma_docker_hosts``, ``kuma_proxies`` and ``kuma_remote_browsers`` against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import Kind, reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import KumaClient, connect
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.gateways import (
    DockerHosts,
    Gateways,
    Proxies,
    RemoteBrowsers,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.maintenances import Maintenances
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.status_pages import StatusPages

SECRET = "s3cret-t0ken"


@pytest.fixture(params=["docker_hosts", "proxies", "remote_browsers"])
def kind(request: pytest.FixtureRequest, kuma: Any) -> str:
    name: str = request.param
    if name == "remote_browsers" and kuma.version < (2, 0, 0):
        pytest.skip("Uptime Kuma 1.23 has no remote browsers")
    return name


KINDS: dict[str, type[Gateways]] = {"docker_hosts": DockerHosts, "proxies": Proxies, "remote_browsers": RemoteBrowsers}
#: Two entries of each kind, with their names, and an edit of the first.
ENTRIES: dict[str, tuple[list[dict[str, Any]], list[str], dict[str, Any]]] = {
    "docker_hosts": (
        [
            {"name": "local", "connection": "socket", "daemon": "/var/run/docker.sock"},
            {"name": "build", "connection": "tcp", "daemon": "https://build.example.com:2376"},
        ],
        ["build", "local"],
        {"name": "local", "daemon": "/run/docker.sock"},
    ),
    "proxies": (
        [
            {"protocol": "http", "host": "a.example.com", "port": 3128, "username": "kuma", "password": SECRET},
            {"protocol": "socks5", "host": "::1", "port": 1080, "default": True},
        ],
        ["http://a.example.com:3128", "socks5://::1:1080"],
        {"protocol": "http", "host": "a.example.com", "port": 3128, "username": "other"},
    ),
    "remote_browsers": (
        [
            {"name": "one", "url": f"wss://one.example.com/?token={SECRET}"},
            {"name": "two", "url": "ws://two.example.com:3000"},
        ],
        ["one", "two"],
        {"name": "one", "url": f"wss://new.example.com/?token={SECRET}"},
    ),
}


def stored(kuma: Any, kind: str) -> dict[str, dict[str, Any]]:
    async def read(client: KumaClient) -> dict[str, dict[str, Any]]:
        await client.wait_for(kind)
        return {KINDS[kind].name(item): item for item in getattr(client.state, kind).values()}

    return dict(kuma.talk(read))


def export(kuma: Any, kind: str) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        what = KINDS[kind](())
        async with connect(kuma.connection, what.lists) as client:
            await what.read(client)
            return [what.export(item) for item in sorted(what.actual(client.state), key=lambda item: item.label)]

    return asyncio.run(read())


def test_made_left_alone_edited_exported_and_deleted(kuma: Any, run_module: Any, kind: str) -> None:
    module = f"kuma_{kind}"
    entries, names, edit = ENTRIES[kind]
    predicted = run_module(module, {kind: entries}, check=True)
    made = run_module(module, {kind: entries})
    assert not made["failed"], made["msg"]
    assert (made["created"], made["diff"]) == (predicted["created"], predicted["diff"])
    assert made["created"] == names
    assert SECRET not in json.dumps([made, predicted])
    assert run_module(module, {kind: entries})["changed"] is False
    assert sorted(stored(kuma, kind)) == names

    before = stored(kuma, kind)
    edited = run_module(module, {kind: [edit]})
    assert len(edited["updated"]) == 1, edited["msg"]
    assert SECRET not in json.dumps(edited)
    after = stored(kuma, kind)
    untouched = next(name for name in names if name != edited["updated"][0])
    assert after[untouched] == before[untouched]
    assert edited["unmanaged"] == [untouched]
    changed = {
        key
        for key in after[edited["updated"][0]]
        if after[edited["updated"][0]][key] != before[edited["updated"][0]][key]
    }
    assert changed <= {"dockerDaemon", "username", "url"} and changed
    assert run_module(module, {kind: [edit]})["changed"] is False

    exported = export(kuma, kind)
    assert run_module(module, {kind: exported})["changed"] is False
    identity = ("protocol", "host", "port") if kind == "proxies" else ("name",)
    absent = [{**{key: entry[key] for key in identity}, "state": "absent"} for entry in entries]
    gone = run_module(module, {kind: absent})
    assert gone["deleted"] == names
    assert SECRET not in json.dumps(gone)
    assert stored(kuma, kind) == {}
    assert run_module(module, {kind: absent})["changed"] is False
    assert run_module(module, {kind: exported})["created"] == names
    assert export(kuma, kind) == exported


def _status_pages() -> Kind:
    return StatusPages([{"slug": f"p{number}", "title": "P"} for number in range(5)])


def _maintenances() -> Kind:
    return Maintenances([{"title": f"M{number}", "strategy": "manual"} for number in range(5)])


def _docker_hosts() -> Kind:
    return DockerHosts([{"name": f"d{number}", "connection": "tcp", "daemon": "tcp://d:2375"} for number in range(5)])


@pytest.mark.parametrize("make", [_status_pages, _maintenances, _docker_hosts])
def test_two_runs_at_once_make_no_duplicates(kuma: Any, make: Callable[[], Kind]) -> None:
    kinds = [make(), make()]
    for item in kinds[: 0 if make is _docker_hosts else 2]:
        item.owner = "kumawatch"

    async def both() -> list[Any]:
        return list(await asyncio.gather(*(reconcile(kuma.connection, item, check_mode=False) for item in kinds)))

    outcomes = asyncio.run(both())
    assert [outcome.error for outcome in outcomes] == ["", ""]
    assert sorted(len(outcome.plan.create) for outcome in outcomes) == [0, 5]
    assert sorted(len(outcome.plan.unchanged) for outcome in outcomes) == [0, 5]

    async def count(client: KumaClient) -> int:
        state = client.state
        return sum(map(len, (state.status_pages or {}, state.maintenances or {}, state.docker_hosts or {})))

    assert kuma.talk(count) == 5


def test_a_client_that_is_not_ours_reads_what_we_wrote(kuma: Any, run_module: Any) -> None:
    other = pytest.importorskip("uptime_kuma_api", reason="uptime-kuma-api2 is not installed")

    async def reported(client: KumaClient) -> str:
        return client.reported_version

    if "dev" in kuma.talk(reported):
        pytest.skip("uptime-kuma-api2 does not work with the 2.0.0-dev.0 snapshot")
    for module, params in (
        (
            "kuma_monitors",
            {"monitors": [{"name": "m", "type": "http", "url": "https://m.invalid/", "state": "paused"}]},
        ),
        ("kuma_docker_hosts", {"docker_hosts": ENTRIES["docker_hosts"][0]}),
        ("kuma_proxies", {"proxies": ENTRIES["proxies"][0]}),
        (
            "kuma_status_pages",
            {
                "status_pages": [
                    {
                        "slug": "p",
                        "title": "P",
                        "theme": "dark",
                        "groups": [{"name": "G", "monitors": ["m"]}],
                        "incidents": [{"title": "T", "content": "c"}],
                    }
                ]
            },
        ),
        (
            "kuma_maintenances",
            {
                "maintenances": [
                    {
                        "title": "M",
                        "strategy": "recurring-weekday",
                        "weekdays": ["monday", "sunday"],
                        "time_window": {"start": "02:00", "end": "03:30"},
                        "monitors": ["m"],
                        "status_pages": ["p"],
                    }
                ]
            },
        ),
    ):
        result = run_module(module, params)
        assert not result["failed"], result["msg"]
    with other.UptimeKumaApi(kuma.url) as api:
        api.login(kuma.username, kuma.password)
        page = api.get_status_page("p")
        assert (page["title"], page["theme"]) == ("P", "dark")
        assert [group["name"] for group in page["publicGroupList"]] == ["G"]
        assert page["publicGroupList"][0]["monitorList"][0]["name"] == "m"
        (maintenance,) = api.get_maintenances()
        assert (maintenance["title"], maintenance["cron"]) == ("M", "0 2 * * 0,1")
        assert [item["id"] for item in api.get_monitor_maintenance(maintenance["id"])] == [api.get_monitors()[0]["id"]]
        assert [item["title"] for item in api.get_status_page_maintenance(maintenance["id"])] == ["P"]
        assert sorted(item["name"] for item in api.get_docker_hosts()) == ["build", "local"]
        assert sorted((item["host"], item["port"]) for item in api.get_proxies()) == [
            ("::1", 1080),
            ("a.example.com", 3128),
        ]


def test_forty_at_once(kuma: Any, run_module: Any) -> None:
    entries = [{"name": f"d{number}", "connection": "tcp", "daemon": f"tcp://d{number}:2375"} for number in range(40)]
    made = run_module("kuma_docker_hosts", {"docker_hosts": entries})
    assert len(made["created"]) == 40, made["msg"]
    assert len(run_module("kuma_docker_hosts", {"docker_hosts": entries})["unchanged"]) == 40


def test_a_docker_host_serves_a_monitor_and_leaves_it_when_it_goes(kuma: Any, run_module: Any) -> None:
    host = {"name": "local", "connection": "socket", "daemon": "/var/run/docker.sock"}
    monitor = {"name": "m", "type": "docker", "docker_container": "web", "docker_host": "local", "state": "paused"}
    run_module("kuma_docker_hosts", {"docker_hosts": [host]})
    assert run_module("kuma_monitors", {"monitors": [monitor]})["created"] == ["m"]
    ident = stored(kuma, "docker_hosts")["local"]["id"]
    assert kuma.monitors()["m"]["docker_host"] == ident
    run_module("kuma_docker_hosts", {"docker_hosts": [{"name": "local", "state": "absent"}]})
    assert kuma.monitors()["m"]["docker_host"] is None


def test_one_proxy_is_the_default(kuma: Any, run_module: Any) -> None:
    a = {"protocol": "http", "host": "a", "port": 1, "default": True}
    b = {"protocol": "http", "host": "b", "port": 2}
    run_module("kuma_proxies", {"proxies": [a, b]})
    both = run_module("kuma_proxies", {"proxies": [a, {**b, "default": True}]})
    assert both["msg"] == "proxies 'http://a:1' and 'http://b:2' are both declared default: decide for one."
    moved = run_module("kuma_proxies", {"proxies": [{**a, "default": False}, {**b, "default": True}]})
    assert moved["updated"] == ["http://a:1", "http://b:2"], moved["msg"]
    found = stored(kuma, "proxies")
    assert [bool(found[name]["default"]) for name in ("http://a:1", "http://b:2")] == [False, True]
    # The server takes the role from the other one by itself.
    assert run_module("kuma_proxies", {"proxies": [a]})["updated"] == ["http://a:1"]
    found = stored(kuma, "proxies")
    assert [bool(found[name]["default"]) for name in ("http://a:1", "http://b:2")] == [True, False]


def test_a_login_can_be_taken_away(kuma: Any, run_module: Any) -> None:
    proxy = {"protocol": "http", "host": "a", "port": 1, "username": "kuma", "password": SECRET}
    run_module("kuma_proxies", {"proxies": [proxy]})
    assert stored(kuma, "proxies")["http://a:1"]["password"] == SECRET
    less = {**proxy, "username": ""}
    del less["password"]
    result = run_module("kuma_proxies", {"proxies": [less]})
    assert sorted(result["diff"][0]["after"]) == ["password", "username"]
    found = stored(kuma, "proxies")["http://a:1"]
    assert (bool(found["auth"]), found["password"]) == (False, "")
    assert run_module("kuma_proxies", {"proxies": [less]})["changed"] is False


def test_two_of_one_name_are_not_guessed_at(kuma: Any, run_module: Any) -> None:
    for daemon in ("/a.sock", "/b.sock"):
        kuma.call("addDockerHost", {"name": "twin", "dockerType": "socket", "dockerDaemon": daemon}, None)
    result = run_module("kuma_docker_hosts", {"docker_hosts": [{"name": "twin", "daemon": "/c.sock"}]})
    assert result["msg"].startswith("docker host 'twin' exists 2 times on the server (ids ")
    assert run_module("kuma_docker_hosts", {"docker_hosts": []})["unmanaged"] == ["twin", "twin"]


@pytest.mark.parametrize(
    ("module", "entry", "message"),
    [
        (
            "docker_hosts",
            {"name": "d", "connection": "socket"},
            "docker host 'd' does not exist yet and needs daemon: add it.",
        ),
        (
            "docker_hosts",
            {"name": "d", "connection": "socket", "daemon": ""},
            "docker host 'd': daemon is empty: give it a value.",
        ),
        (
            "proxies",
            {"protocol": "http", "host": "a", "port": 99999},
            "proxy 'http://a:99999': port 99999 is not from 1 to 65535: correct it.",
        ),
        (
            "proxies",
            {"protocol": "http", "host": "a", "port": 1, "password": SECRET},
            "proxy 'http://a:1' has a password and no username: set username, or remove password.",
        ),
    ],
)
def test_what_cannot_be_right_is_one_sentence(
    kuma: Any, run_module: Any, module: str, entry: dict[str, Any], message: str
) -> None:
    assert run_module(f"kuma_{module}", {module: [entry]})["msg"] == message
    assert stored(kuma, module) == {}


def test_remote_browsers_need_2_0(kuma: Any, run_module: Any) -> None:
    version = kuma.version
    if version >= (2, 0, 0):
        pytest.skip("this server has remote browsers")
    result = run_module("kuma_remote_browsers", {"remote_browsers": [{"name": "a", "url": "ws://a"}]}, check=True)
    assert result["msg"] == (
        f"a remote browser needs Uptime Kuma 2.0.0; the server has {'.'.join(map(str, version))}: upgrade it, or "
        "leave this "
        f"out."
    )
