# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what Uptime Kuma recorded: heartbeats, chart data and certificates as plain data (pure).

Uptimes are counted as the server counts them, so that the summary says what its pages say. 2.x counts checks, leaves
those under maintenance out, and keeps totals of every hour and day; 1.23 weighs each check by the time since the one
before and takes maintenance for up. Both take a check that is being retried for down.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .digest import Incident, Status

DOWN, UP, PENDING, MAINTENANCE = 0, 1, 2, 3

HOUR = timedelta(hours=1)

_STATUS: Mapping[int, Status] = {DOWN: "down", UP: "up", PENDING: "pending", MAINTENANCE: "maintenance"}


@dataclass(frozen=True, order=True)
class Beat:
    """One check: when, with which result, and the seconds since the one before."""

    time: datetime
    status: int
    duration: float = 0.0


def beats(rows: Iterable[Mapping[str, t.Any]]) -> list[Beat]:
    """The heartbeats in ``rows`` as the server sends them, oldest first; rows that say no time are passed over."""
    found = []
    for row in rows:
        moment = instant(row.get("time"))
        if moment is not None and row.get("status") is not None:
            found.append(Beat(moment, int(row["status"]), float(row.get("duration") or 0)))
    return sorted(found)


def instant(value: object) -> datetime | None:
    """A server's time as an aware datetime: ``2026-11-22 07:00:00.123`` (UTC, SQLite) or ISO 8601 (MariaDB)."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def status(monitor: Mapping[str, t.Any], last: Beat | None) -> Status:
    """What a monitor does now, from the server's JSON of it and its last heartbeat."""
    if not monitor.get("active"):
        return "paused"
    if monitor.get("maintenance"):
        return "maintenance"
    return "unknown" if last is None else _STATUS.get(last.status, "unknown")


def incidents(changes: Iterable[Beat], stopped: datetime | None = None) -> list[Incident]:
    """The times of being down, oldest first.

    :param changes: heartbeats that Uptime Kuma calls important, in any order. One that is down begins an incident, one
        that is up or under maintenance ends it; retries do neither.
    :param stopped: when the checks ended, for a monitor that is paused: its incident does not last for ever.
    """
    found: list[Incident] = []
    start: datetime | None = None
    for beat in sorted(changes):
        if beat.status == DOWN and start is None:
            start = beat.time
        elif beat.status in (UP, MAINTENANCE) and start is not None:
            found.append(Incident(start, beat.time))
            start = None
    if start is not None:
        found.append(Incident(start, None if stopped is None else max(start, stopped)))
    return found


def touching(found: Iterable[Incident], since: datetime) -> tuple[Incident, ...]:
    """Those of ``found`` that last or ended after ``since``."""
    return tuple(incident for incident in found if incident.end is None or incident.end > since)


def weighed_uptime(checks: Sequence[Beat], since: datetime) -> float | None:
    """The uptime since ``since`` as 1.23 counts it, 0 to 1; None where nothing was checked.

    :param checks: all heartbeats after ``since``.
    """
    total = up = 0.0
    for beat in checks:
        if beat.time <= since:
            continue
        weight = min(beat.duration, (beat.time - since).total_seconds())
        total += weight
        if beat.status in (UP, MAINTENANCE):
            up += weight
    if total > 0:
        return up / total
    # A monitor's first check weighs nothing, yet it has been up or not.
    inside = [beat for beat in checks if beat.time > since]
    return float(inside[0].status == UP) if inside else None


@dataclass(frozen=True)
class Bucket:
    """The checks of an hour or a day: when it began, and how many found the monitor up or down."""

    start: datetime
    up: int
    down: int


def buckets(rows: Iterable[Mapping[str, t.Any]]) -> list[Bucket]:
    """The chart data in ``rows`` as 2.x sends it, oldest first, without hours or days in which nothing was checked."""
    found = [
        Bucket(
            datetime.fromtimestamp(int(row["timestamp"]), UTC),
            int(row.get("up") or 0),
            int(row.get("down") or 0),
        )
        for row in rows
        if row.get("timestamp") is not None
    ]
    return sorted((bucket for bucket in found if bucket.up + bucket.down > 0), key=lambda bucket: bucket.start)


def counted_uptime(found: Iterable[Bucket]) -> float | None:
    """The uptime over ``found`` as 2.x counts it, 0 to 1; None where nothing was checked."""
    up = down = 0
    for bucket in found:
        up, down = up + bucket.up, down + bucket.down
    return up / (up + down) if up + down else None


def certificate_days(info: object, now: datetime) -> int | None:
    """The whole days until the first certificate of a chain expires, negative when it has.

    Root certificates are left out, unless it is the server's own. The date counts, and not the days that the server
    noted, which are as old as its last successful check.

    :param info: what the server pushes as ``certInfo``: JSON as text, or the object in it.
    """
    if isinstance(info, str):
        try:
            info = json.loads(info)
        except ValueError:
            return None
    link = info.get("certInfo") if isinstance(info, Mapping) else None
    soonest: int | None = None
    first = True
    while isinstance(link, Mapping):
        if first or link.get("certType") != "root CA":
            days = _days(link, now)
            if days is not None:
                soonest = days if soonest is None else min(soonest, days)
        link, first = link.get("issuerCertificate"), False
    return soonest


def _days(link: Mapping[str, t.Any], now: datetime) -> int | None:
    expires = instant(link.get("validTo"))
    if expires is not None:
        return (expires - now) // timedelta(days=1)
    days = link.get("daysRemaining")
    return int(days) if isinstance(days, (int, float)) else None
