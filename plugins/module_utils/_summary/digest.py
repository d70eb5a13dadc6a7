# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a day: from what was measured of each service to what the summary says (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

Status = t.Literal["up", "down", "pending", "maintenance", "paused", "unknown", "missing"]
"""What a service does now: ``pending`` is being retried, ``unknown`` has not been checked yet, ``missing`` was
declared, but the server has no such monitor."""

DAY = timedelta(hours=24)
MONTH = timedelta(days=30)

DEFAULT_CERTIFICATE_DAYS = 21
DEFAULT_SLOWEST = 5


@dataclass(frozen=True)
class Incident:
    """A time of being down, in aware datetimes; ``end`` is None while it lasts."""

    start: datetime
    end: datetime | None = None

    def lasted(self, now: datetime) -> timedelta:
        """How long it took, until ``now`` where it lasts."""
        return max(timedelta(0), (self.end or now) - self.start)

    def within(self, since: datetime, now: datetime) -> timedelta:
        """How much of it lies between ``since`` and ``now``."""
        return max(timedelta(0), min(self.end or now, now) - max(self.start, since))


@dataclass(frozen=True)
class Service:
    """What was measured of a service.

    :param name: as the reader knows it.
    :param status: now.
    :param objective: percent of 30 days that it is to be up, or None where there is no objective.
    :param uptime_24h: and the other two: the part of the time that it was up, 0 to 1; None where nothing was measured.
    :param response_ms: average of the last 24 h in milliseconds, or None.
    :param certificate_days: whole days until the first certificate of its chain expires, negative when it has; or None.
    :param incidents: those that touch the last 24 h.
    :param measured_since: the first check where it is less than 30 days ago, or None.
    :param runbook: web address, or None.
    """

    name: str
    status: Status
    objective: float | None = None
    uptime_24h: float | None = None
    uptime_7d: float | None = None
    uptime_30d: float | None = None
    response_ms: float | None = None
    certificate_days: int | None = None
    incidents: tuple[Incident, ...] = ()
    measured_since: datetime | None = None
    runbook: str | None = None


@dataclass(frozen=True)
class Budget:
    """The error budget of 30 days in minutes: what the objective allows to be down, and what was down."""

    allowed: float
    used: float

    @property
    def share(self) -> float:
        """The part that is used up, 1 being all of it; infinite where none is allowed and some was used."""
        if self.allowed > 0:
            return self.used / self.allowed
        return float("inf") if self.used > 0 else 0.0


@dataclass(frozen=True)
class Standing:
    """A service, judged.

    :param breaching: its uptime of 30 days is below its objective. A paused service is not judged.
    :param budget: None where it has no objective or nothing was measured.
    :param down_since: the start of the incident that lasts, or None.
    """

    service: Service
    breaching: bool
    budget: Budget | None
    down_since: datetime | None

    @property
    def needs_attention(self) -> bool:
        """Whether someone should look at it today."""
        return self.breaching or self.service.status in ("down", "missing")


@dataclass(frozen=True)
class Totals:
    """Numbers over all services.

    :param services: how many there are; ``states`` says how many of each status.
    :param judged: those with an objective and a measured uptime, paused ones left out.
    :param uptime_24h: and the other two: the average over the services that were measured, or None.
    :param incidents: how many touch the last 24 h; ``downtime`` is the time in them within these 24 h.
    """

    services: int
    states: t.Mapping[Status, int]
    breaching: int
    judged: int
    uptime_24h: float | None
    uptime_7d: float | None
    uptime_30d: float | None
    incidents: int
    downtime: timedelta


@dataclass(frozen=True)
class Digest:
    """What the summary says, in the order in which it says it.

    :param standings: worst first.
    :param incidents: pairs of service name and incident: those that last first, then the longest.
    :param slowest: pairs of service name and milliseconds, the slowest first.
    :param certificates: pairs of service name and days left, the soonest first.
    :param certificate_days: how soon is soon.
    """

    environment: str
    now: datetime
    totals: Totals
    standings: tuple[Standing, ...]
    incidents: tuple[tuple[str, Incident], ...]
    slowest: tuple[tuple[str, float], ...]
    certificates: tuple[tuple[str, int], ...]
    certificate_days: int = field(default=DEFAULT_CERTIFICATE_DAYS)


def plain(standing: Standing) -> dict[str, t.Any]:
    """A standing as plain data: times as ISO 8601, empty where there is none."""
    service, budget = standing.service, standing.budget
    return {
        "name": service.name,
        "status": service.status,
        "objective": service.objective,
        "uptime_24h": service.uptime_24h,
        "uptime_7d": service.uptime_7d,
        "uptime_30d": service.uptime_30d,
        "breaching": standing.breaching,
        "budget": None if budget is None else {"allowed": float(budget.allowed), "used": float(budget.used)},
        "down_since": standing.down_since.isoformat() if standing.down_since else "",
        "measured_since": service.measured_since.isoformat() if service.measured_since else "",
    }


def digest(
    environment: str,
    services: t.Iterable[Service],
    now: datetime,
    *,
    certificate_days: int = DEFAULT_CERTIFICATE_DAYS,
    slowest: int = DEFAULT_SLOWEST,
) -> Digest:
    """The digest of ``services`` at ``now``; the order of ``services`` does not matter.

    :param now: aware.
    :param certificate_days: certificates that expire within so many days are named.
    :param slowest: how many of the slowest are named.
    """
    standings = sorted((judge(service, now) for service in services), key=_rank)
    since = now - DAY
    incidents = [
        (standing.service.name, incident)
        for standing in standings
        for incident in standing.service.incidents
        if incident.start < now and (incident.end is None or incident.end > since)
    ]
    incidents.sort(key=lambda pair: (pair[1].end is not None, -pair[1].lasted(now), pair[0], pair[1].start))
    live = [standing.service for standing in standings if standing.service.status not in ("paused", "missing")]
    timed = [(service.name, service.response_ms) for service in live if service.response_ms is not None]
    expiring = [
        (service.name, service.certificate_days)
        for service in live
        if service.certificate_days is not None and service.certificate_days <= certificate_days
    ]
    return Digest(
        environment=environment,
        now=now,
        totals=_totals(standings, incidents, since, now),
        standings=tuple(standings),
        incidents=tuple(incidents),
        slowest=tuple(sorted(timed, key=lambda pair: (-pair[1], pair[0]))[:slowest]),
        certificates=tuple(sorted(expiring, key=lambda pair: (pair[1], pair[0]))),
        certificate_days=certificate_days,
    )


def judge(service: Service, now: datetime) -> Standing:
    """``service`` against its objective."""
    lasting = [incident.start for incident in service.incidents if incident.end is None]
    down_since = min(lasting) if lasting and service.status == "down" else None
    if service.objective is None or service.uptime_30d is None:
        return Standing(service, False, None, down_since)
    # In decimals: 0.999 is not below 99.9 percent, as 99.9 / 100 in binary would have it.
    below = Decimal(str(service.uptime_30d)) * 100 < Decimal(str(service.objective))
    return Standing(service, below and service.status != "paused", _budget(service, now), down_since)


def _budget(service: Service, now: datetime) -> Budget:
    measured = MONTH if service.measured_since is None else min(MONTH, max(timedelta(0), now - service.measured_since))
    objective, uptime = t.cast(float, service.objective), t.cast(float, service.uptime_30d)
    allowed = (Decimal(100) - Decimal(str(objective))) / 100 * Decimal(MONTH.total_seconds()) / 60
    used = (1 - Decimal(str(uptime))) * Decimal(measured.total_seconds()) / 60
    return Budget(float(allowed), max(0.0, float(used)))


def _rank(standing: Standing) -> tuple[t.Any, ...]:
    """Below their objective, down, not on the server, then the nearest to its objective; unmeasured and paused last."""
    service = standing.service
    if standing.breaching:
        group = 0
    elif service.status == "down":
        group = 1
    elif service.status == "missing":
        group = 2
    elif service.status == "paused":
        group = 5
    elif service.uptime_30d is None:
        group = 4
    else:
        group = 3
    share = standing.budget.share if standing.budget else 0.0
    uptimes = (service.uptime_30d, service.uptime_7d, service.uptime_24h)
    return (
        group,
        service.status != "down",
        -share,
        tuple(1.0 if uptime is None else uptime for uptime in uptimes),
        service.name,
    )


def _totals(
    standings: t.Sequence[Standing],
    incidents: t.Sequence[tuple[str, Incident]],
    since: datetime,
    now: datetime,
) -> Totals:
    services = [standing.service for standing in standings]
    states: dict[Status, int] = {}
    for service in services:
        states[service.status] = states.get(service.status, 0) + 1
    return Totals(
        services=len(services),
        states=states,
        breaching=sum(standing.breaching for standing in standings),
        judged=sum(standing.budget is not None and standing.service.status != "paused" for standing in standings),
        uptime_24h=_average(service.uptime_24h for service in services),
        uptime_7d=_average(service.uptime_7d for service in services),
        uptime_30d=_average(service.uptime_30d for service in services),
        incidents=len(incidents),
        downtime=sum((incident.within(since, now) for _name, incident in incidents), timedelta(0)),
    )


def _average(values: t.Iterable[float | None]) -> float | None:
    # In decimals: the average of nothing but 0.999 is 0.999.
    known = [Decimal(str(value)) for value in values if value is not None]
    return float(sum(known) / len(known)) if known else None
