# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client and the lock against a real server."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import lock
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import (
    CallFailed,
    Connection,
    ConnectionLost,
    KumaClient,
    connect,
)
from tests.integration.tap import Tap

T = TypeVar("T")
LISTS = ("monitors", "notifications")


def go(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 120))


def payload(client: KumaClient, name: str, **options: Any) -> dict[str, Any]:
    """What the web page sends for a new monitor that never runs."""
    return {
        "type": "http",
        "name": name,
        "url": "http://127.0.0.1:9/",
        "method": "GET",
        "interval": 3600,
        "retryInterval": 3600,
        "maxretries": 0,
        "timeout": 48,
        "active": False,
        "notificationIDList": {},
        "accepted_statuscodes": ["200-299"],
        **({"conditions": []} if client.version >= (2, 0, 0) else {}),
        **options,
    }


async def until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        await asyncio.sleep(0.02)


def test_a_login_brings_version_lists_and_a_token(kuma: Any) -> None:
    async def by_password() -> str:
        async with connect(Connection(kuma.url, kuma.username, kuma.password), LISTS) as client:
            assert client.version >= (1, 23, 0)
            assert client.reported_version[0] in "12"
            assert client.state.monitors == {}
            assert client.state.notifications == {}
            return str(await client.session_token())

    async def by_token(token: str) -> None:
        async with connect(Connection(kuma.url, token=token), LISTS) as client:
            assert client.state.monitors == {}
            assert await client.session_token() == token

    go(by_token(go(by_password())))


def test_a_session_says_only_what_it_must(kuma: Any) -> None:
    with Tap(kuma) as tap:

        async def work() -> None:
            async with connect(tap.server.connection, LISTS) as client:
                await client.session_token()

        go(work())
        assert sum(tap.sent.values()) == 2, tap.sent
        assert tap.sent["needSetup"] == 1
        assert tap.sent["login"] + tap.sent["loginByToken"] == 1
        assert tap.received["monitorList"] == 1


def test_lists_follow_what_others_do(kuma: Any) -> None:
    async def work() -> None:
        async with connect(kuma.connection, LISTS) as one, connect(kuma.connection, LISTS) as other:
            ident = (await one.call("add", payload(one, "new")))["monitorID"]
            for client in (one, other):
                await until(lambda client=client: ident in (client.state.monitors or {}))
            assert other.state.monitors is not None
            changed = {**other.state.monitors[ident], "name": "renamed"}
            await one.call("editMonitor", changed)
            await until(lambda: (other.state.monitors or {})[ident]["name"] == "renamed")
            await one.call("deleteMonitor", ident)
            await until(lambda: other.state.monitors == {})

    go(work())


def test_a_list_is_current_after_many_deletions(kuma: Any) -> None:
    """For this session and for the next, whatever lists the server has in the making."""

    async def work() -> None:
        async with connect(kuma.connection, LISTS) as client:
            for number in range(20):
                await client.call("add", payload(client, f"m{number}"))
            idents = list(client.state.monitors or {})
            assert len(idents) == 20
            await client.each(idents[:15], client.delete_monitor)
            assert sorted(client.state.monitors or {}) == sorted(idents[15:])
        for _ in range(3):
            async with connect(kuma.connection, LISTS) as client:
                assert sorted(client.state.monitors or {}) == sorted(idents[15:])
                await asyncio.sleep(0.3)
                assert sorted(client.state.monitors or {}) == sorted(idents[15:])

    go(work())


def test_a_refusal_is_in_the_servers_words(kuma: Any) -> None:
    async def work() -> None:
        async with connect(kuma.connection, LISTS) as client:
            with pytest.raises(CallFailed) as caught:
                await client.call("add", payload(client, "bad", accepted_statuscodes=[200]))
            assert str(caught.value) == "Accepted status codes are not all strings"
            with pytest.raises(CallFailed) as caught:
                await client.call("add", payload(client, "bad", no_such_column="sesame"))
            assert "no_such_column" in str(caught.value)
            assert "insert into" not in str(caught.value)
            assert "sesame" not in str(caught.value)

    go(work())


def test_no_answer_in_time(kuma: Any) -> None:
    async def work() -> str:
        async with connect(kuma.connection, LISTS) as client:
            with pytest.raises(KumawatchError) as caught:
                await client.call("noSuchEvent", timeout=0.3)
            await client.call("getTags")  # the connection is as good as before
            return str(caught.value)

    assert go(work()) == (
        f"Uptime Kuma at {kuma.url} did not answer 'noSuchEvent' within 0.3 s: see its log, or raise api_timeout."
    )


def test_a_session_may_last_longer_than_an_answer(kuma: Any) -> None:
    async def work() -> None:
        async with connect(dataclasses.replace(kuma.connection, timeout=2.0), LISTS) as client:
            for _ in range(8):
                await asyncio.sleep(0.5)
                await client.call("getTags")

    go(work())


def test_a_list_that_never_comes(kuma: Any) -> None:
    if kuma.version >= (2, 0, 0):
        pytest.skip("this server sends every list")

    async def work() -> str:
        async with connect(dataclasses.replace(kuma.connection, timeout=0.5), LISTS) as client:
            with pytest.raises(KumawatchError) as caught:
                await client.wait_for("remote_browsers")
            return str(caught.value)

    assert go(work()) == (
        f"Uptime Kuma at {kuma.url} did not send its remote_browsers within 0.5 s: see its log, or raise api_timeout."
    )


def test_a_server_that_dies_fails_what_is_under_way_at_once(own_kuma: Any) -> None:
    async def work() -> tuple[float, list[str], list[str]]:
        async with connect(own_kuma.connection, LISTS) as client:
            pending = [asyncio.ensure_future(client.call("noSuchEvent")) for _ in range(3)]
            await asyncio.sleep(0.2)
            own_kuma.process.send_signal(signal.SIGKILL)
            started = time.monotonic()
            outcomes = await asyncio.gather(*pending, return_exceptions=True)
            assert all(isinstance(outcome, ConnectionLost) for outcome in outcomes)

            async def ask(item: int) -> None:
                await client.call("getTags")

            later = await client.each(range(100), ask)
            return (
                time.monotonic() - started,
                [str(outcome) for outcome in outcomes],
                [str(error) for _item, error in later],
            )

    seconds, first, later = go(work())
    assert seconds < 5
    assert set(first) == set(later) == {f"Uptime Kuma at {own_kuma.url} closed the connection."}
    assert len(later) == 100


# -- the lock ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock's own rhythm, ten times as fast."""
    for name, value in (("RENEW", 0.3), ("STALE", 1.5), ("POLL", 0.05)):
        monkeypatch.setattr(lock, name, value)


async def tickets(client: KumaClient) -> list[str]:
    return [tag["name"] for tag in (await client.call("getTags"))["tags"] if lock.is_lock(tag["name"])]


def test_one_holds_the_lock_at_a_time(kuma: Any, quick: None) -> None:
    async def work() -> None:
        holding = 0
        order: list[int] = []

        async def run(number: int) -> float:
            nonlocal holding
            async with connect(kuma.connection) as client, lock.exclusive(client) as waited:
                holding += 1
                assert holding == 1
                await asyncio.sleep(0.2)
                holding -= 1
                order.append(number)
                return waited

        waited = await asyncio.gather(*(run(number) for number in range(4)))
        assert sorted(order) == [0, 1, 2, 3]
        assert sorted(waited)[1] > 0.1
        async with connect(kuma.connection) as client:
            assert await tickets(client) == []

    go(work())


def test_who_works_long_keeps_the_lock(kuma: Any, quick: None) -> None:
    async def work() -> float:
        async with connect(kuma.connection) as one, connect(kuma.connection) as other:
            async with lock.exclusive(one):
                waiter = asyncio.ensure_future(_hold(other))
                await asyncio.sleep(3 * lock.STALE)
                assert not waiter.done()
            return await waiter

    assert go(work()) >= 3 * lock.STALE - 0.5


async def _hold(client: KumaClient) -> float:
    async with lock.exclusive(client) as waited:
        return waited


def test_the_lock_of_a_run_that_died_is_cleared(kuma: Any, quick: None) -> None:
    async def work() -> float:
        async with connect(kuma.connection) as client:
            for number in range(2):
                await client.call("addTag", {"name": f"{lock.LOCK}gone:1:{number} 7", "color": "#000000"})
            waited = await _hold(client)
            assert await tickets(client) == []
            return waited

    assert lock.STALE < go(work()) < 10


def test_the_lock_is_released_when_the_work_fails(kuma: Any, quick: None) -> None:
    async def work() -> None:
        async with connect(kuma.connection) as client:
            with contextlib.suppress(ZeroDivisionError):
                async with lock.exclusive(client):
                    raise ZeroDivisionError
            assert await tickets(client) == []

    go(work())


def test_patience_has_an_end_and_names_the_holder(kuma: Any, quick: None) -> None:
    async def work() -> str:
        async with connect(kuma.connection) as one, connect(kuma.connection) as other, lock.exclusive(one):
            with pytest.raises(KumawatchError) as caught:
                async with lock.exclusive(other, patience=1):
                    pytest.fail("two held the lock")
            holder = (await tickets(one))[0].removeprefix(lock.LOCK).split(" ")[0]
            assert len(await tickets(one)) == 1
            return str(caught.value).replace(holder, "HOLDER")

    assert go(work()) == (
        f"another run (HOLDER) has been changing Uptime Kuma at {kuma.url} for 1 s: wait until it ends, or delete the "
        f"tag 'kumawatch-lock …' if it no longer runs."
    )
