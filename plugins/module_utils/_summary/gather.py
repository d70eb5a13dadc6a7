# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the last 30 days of the services from Uptime Kuma, over one connection.

A login pushes most of it: the monitors, the uptimes of 24 h and 30 d, average response times, certificates, the last
100 heartbeats of each and, from 1.23, the last 500 changes. What is left is asked for:

* the uptime of 7 d: hourly chart data on 2.x, all heartbeats of these days on 1.23, which keeps no totals;
* on 2.x the changes of the last day, of all monitors in one list, and the one before of those that were down then;
* on 2.x since when a monitor has been checked, out of daily chart data.

Where nothing was measured the server pushes an uptime of 0 or an old one. That is no downtime, so it is left out here.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .._errors import KumawatchError
from .._kuma.client import ConnectionLost, KumaClient
from .._kuma.paths import Path, label, paths
from .beats import (
    DOWN,
    HOUR,
    Beat,
    Bucket,
    beats,
    buckets,
    certificate_days,
    counted_uptime,
    incidents,
    status,
    touching,
    weighed_uptime,
)
from .config import Config, Declared
from .digest import DAY, MONTH, Service

LISTS = ("monitors",)
"""What :func:`gather` needs of the login's lists."""

RECORD = ("uptime", "avgPing", "certInfo", "heartbeatList", "importantHeartbeatList")
"""The pushed events that it needs recorded."""

TAG = "managed-by"
WEEK = timedelta(days=7)

_PUSHED_CHANGES = 500
_PAGE = 500


@dataclass
class Measured:
    """What is known of one monitor, as plain data."""

    last: list[Beat] = field(default_factory=list)
    changes: list[Beat] = field(default_factory=list)
    uptime_24h: float | None = None
    uptime_7d: float | None = None
    uptime_30d: float | None = None
    response_ms: float | None = None
    certificate: t.Any = None
    since: datetime | None = None


async def gather(client: KumaClient, config: Config, now: datetime) -> list[Service]:
    """The services that ``config`` is about, measured until ``now``.

    :param client: logged in, with :data:`LISTS` and :data:`RECORD`.
    :raises KumawatchError: the server does not send what it should.
    """
    monitors = dict(client.state.monitors or {})
    chosen = choose(monitors, config)
    await _wait_for_statistics(client)
    measured = pushed(client.recorded, {ident for _declared, ident in chosen if ident is not None})
    if client.version >= (2, 0, 0):
        await _complete_from_charts(client, monitors, measured, now)
    else:
        await _complete_from_heartbeats(client, monitors, measured, now)
    return [
        Service(name=declared.name, status="missing", objective=declared.objective, runbook=declared.runbook)
        if ident is None
        else service(declared, monitors[ident], measured[ident], now)
        for declared, ident in chosen
    ]


def choose(monitors: Mapping[int, Mapping[str, t.Any]], config: Config) -> list[tuple[Declared, int | None]]:
    """The services that are meant, each with the id of its monitor, or None where the server has none.

    Groups are no services. Two monitors of one path are two services, told apart by their ids. A service that is
    declared by its path is meant whether its monitor is marked or not; a marked one is preferred.
    """
    by_path: dict[Path, list[int]] = {}
    for ident, path in paths(monitors).items():
        if monitors[ident].get("type") != "group":
            by_path.setdefault(path, []).append(ident)
    if config.services is None:
        depth = len(config.group)
        declared = [
            Declared(name=label(path[depth:]), path=path, objective=config.objective)
            for path, idents in sorted(by_path.items())
            if path[:depth] == config.group and any(_ours(monitors[ident], config.managed_by) for ident in idents)
        ]
    else:
        declared = list(config.services)
    chosen: list[tuple[Declared, int | None]] = []
    for entry in declared:
        idents = by_path.get(entry.path, [])
        found = [ident for ident in idents if _ours(monitors[ident], config.managed_by)] or idents
        if len(found) < 2:
            chosen.append((entry, found[0] if found else None))
            continue
        chosen += [
            (Declared(f"{entry.name} (monitor {ident})", entry.path, entry.objective, entry.runbook), ident)
            for ident in sorted(found)
        ]
    return chosen


def pushed(recorded: Mapping[str, Sequence[tuple[t.Any, ...]]], idents: Iterable[int]) -> dict[int, Measured]:
    """What the login pushed of the monitors ``idents``; the newest of each counts."""
    found = {ident: Measured() for ident in idents}
    for measured, args in _of(recorded, "heartbeatList", found):
        measured.last = beats(args[0])
    for measured, args in _of(recorded, "importantHeartbeatList", found):
        measured.changes = beats(args[0])
    for measured, args in _of(recorded, "avgPing", found):
        measured.response_ms = None if args[0] is None else float(args[0])
    for measured, args in _of(recorded, "certInfo", found):
        measured.certificate = args[0]
    for measured, args in _of(recorded, "uptime", found):
        if str(args[0]) == "24":
            measured.uptime_24h = _ratio(args[1])
        elif str(args[0]) == "720":
            measured.uptime_30d = _ratio(args[1])
    return found


def service(declared: Declared, monitor: Mapping[str, t.Any], measured: Measured, now: datetime) -> Service:
    """A service out of what is known of its monitor."""
    last = measured.last[-1] if measured.last else None
    state = status(monitor, last)
    stopped = last.time if state == "paused" and last is not None else None
    return Service(
        name=declared.name,
        status=state,
        objective=declared.objective,
        uptime_24h=measured.uptime_24h,
        uptime_7d=measured.uptime_7d,
        uptime_30d=measured.uptime_30d,
        response_ms=measured.response_ms or None,
        certificate_days=certificate_days(measured.certificate, now),
        incidents=touching(incidents(measured.changes, stopped), now - DAY),
        measured_since=measured.since,
        runbook=declared.runbook,
    )


async def _wait_for_statistics(client: KumaClient) -> None:
    """Wait until the login has pushed the statistics of every monitor; they come last."""
    arrived: set[int] = set()
    read = 0

    def complete() -> bool:
        nonlocal read
        events = client.recorded["uptime"]
        arrived.update(int(args[0]) for args in events[read:] if str(args[1]) == "720")
        read = len(events)
        # 1.23 answers the login before it has said which version it is.
        return "version" in (client.state.info or {}) and arrived.issuperset(client.state.monitors or ())

    await client.until(complete, "send the statistics of every monitor")
    # 2.x answers the login when everything is pushed. On 1.23 the certificate of the last monitor is still to come, but
    # before the answer to whatever is asked next.
    await client.session_token()
    if client.version < (2, 0, 0):
        await client.call("getSettings")


async def _complete_from_charts(
    client: KumaClient,
    monitors: Mapping[int, Mapping[str, t.Any]],
    measured: Mapping[int, Measured],
    now: datetime,
) -> None:
    async def one(ident: int) -> None:
        answer = await client.call("getMonitorChartData", ident, 168)
        hours = buckets(answer.get("data") or ())
        answer = await client.call("getMonitorChartData", ident, 744)
        days = [bucket for bucket in buckets(answer.get("data") or ()) if bucket.start > now - MONTH]
        minutes: list[Bucket] = []
        if hours and hours[0].start > now - DAY + HOUR:
            answer = await client.call("getMonitorChartData", ident, 24)
            minutes = buckets(answer.get("data") or ())
        from_charts(measured[ident], minutes, hours, days, now)

    await _each(client, monitors, measured, one)
    changes = await _changes_since(client, now - DAY)
    for ident, found in measured.items():
        found.changes = changes.get(ident, [])
    before = [ident for ident, found in measured.items() if _began_down(found)]

    async def earlier(ident: int) -> None:
        answer = await client.call("monitorImportantHeartbeatListPaged", ident, len(measured[ident].changes), 1)
        measured[ident].changes = sorted({*measured[ident].changes, *beats(answer.get("data") or ())})

    await _each(client, monitors, before, earlier)


def from_charts(
    found: Measured, minutes: Sequence[Bucket], hours: Sequence[Bucket], days: Sequence[Bucket], now: datetime
) -> None:
    """Complete ``found`` by the chart data of 2.x.

    :param minutes: of the last 24 h, for a monitor that is younger; else empty.
    :param hours: of the last 168; ``days``: of the last 30.
    """
    found.uptime_7d = counted_uptime(hours)
    if not any(bucket.start > now - DAY - HOUR for bucket in hours):
        found.uptime_24h = None
    if not days:
        found.uptime_30d = None
        return
    # As exactly as is known: the day, the hour if it is among the last 168, the minute if it is among the last 1,440.
    began = days[0].start
    if hours and began <= hours[0].start < began + DAY and hours[0].start > now - WEEK + HOUR:
        began = hours[0].start
        if minutes and began <= minutes[0].start < began + HOUR:
            began = minutes[0].start
    found.since = began if began > now - MONTH + DAY else None


def _began_down(found: Measured) -> bool:
    """Whether a monitor was down when its changes of the last day begin: then the change before is needed."""
    if found.changes:
        return found.changes[0].status != DOWN
    return bool(found.last) and found.last[-1].status == DOWN


async def _changes_since(client: KumaClient, since: datetime) -> dict[int, list[Beat]]:
    """The changes of all monitors since ``since``, oldest first, page by page from the newest on."""
    rows: list[Mapping[str, t.Any]] = []
    while True:
        answer = await client.call("monitorImportantHeartbeatListPaged", None, len(rows), _PAGE)
        page = list(answer.get("data") or ())
        rows += page
        times = beats(page)
        if len(page) < _PAGE or (times and times[0].time <= since):
            break
    found: dict[int, set[Beat]] = {}
    for row in rows:
        ident = row.get("monitorID", row.get("monitor_id"))
        for beat in beats([row]):
            if ident is not None and beat.time > since:
                found.setdefault(int(ident), set()).add(beat)
    return {ident: sorted(changes) for ident, changes in found.items()}


async def _complete_from_heartbeats(
    client: KumaClient,
    monitors: Mapping[int, Mapping[str, t.Any]],
    measured: Mapping[int, Measured],
    now: datetime,
) -> None:
    async def one(ident: int) -> None:
        answer = await client.call("getMonitorBeats", ident, 168)
        from_heartbeats(measured[ident], beats(answer.get("data") or ()), now)

    await _each(client, monitors, measured, one)


def from_heartbeats(found: Measured, week: Sequence[Beat], now: datetime) -> None:
    """Complete ``found`` by all heartbeats of the last 168 hours, as 1.23 has them."""
    found.uptime_7d = weighed_uptime(week, now - WEEK)
    if not any(beat.time > now - DAY for beat in week):
        found.uptime_24h = None
    if not week and not (found.last and found.last[-1].time > now - MONTH):
        found.uptime_30d = None
    known = [moments[0].time for moments in (week, found.last, found.changes) if moments]
    complete = len(found.changes) < _PUSHED_CHANGES
    # The first check of all is a change. Where all changes are here, nothing was checked before the earliest of them.
    found.since = min(known) if known and complete and min(known) > now - MONTH + DAY else None


async def _each(
    client: KumaClient,
    monitors: Mapping[int, Mapping[str, t.Any]],
    idents: Iterable[int],
    act: t.Callable[[int], t.Awaitable[None]],
) -> None:
    """Run ``act`` for each monitor, a bounded number at once; the first failure is the failure of all."""
    for ident, error in await client.each(idents, act):
        if isinstance(error, ConnectionLost):
            raise error
        name = monitors[ident].get("name")
        raise KumawatchError(f"The history of the monitor '{name}' cannot be read: {str(error).rstrip('.')}.")


def _of(
    recorded: Mapping[str, Sequence[tuple[t.Any, ...]]], event: str, found: Mapping[int, Measured]
) -> t.Iterator[tuple[Measured, tuple[t.Any, ...]]]:
    for args in recorded.get(event, ()):
        ident = int(args[0])
        if ident in found:
            yield found[ident], args[1:]


def _ours(monitor: Mapping[str, t.Any], managed_by: str | None) -> bool:
    if managed_by is None:
        return True
    return any(tag.get("name") == TAG and tag.get("value") == managed_by for tag in monitor.get("tags") or ())


def _ratio(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return min(1.0, max(0.0, float(value)))
