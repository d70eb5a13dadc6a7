# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a day by those before it (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from .config import Config, Service
from .days import Day
from .facts import Counts, Facts, Past, Pattern, Route

MIN_REQUESTS = 10
"""The requests below which a route is not called slow; one slow request is no slow route."""


@dataclass(frozen=True)
class Row:
    """A service on the day.

    :param day_before: None where that day is not known.
    :param mean: of the days before, a number of errors and failed requests a day; None where none is known.
    :param whole: whether all of its logs were read.
    """

    service: Service
    counts: Counts
    day_before: Counts | None
    mean: tuple[float, float] | None
    whole: bool = True

    @property
    def troubled(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.counts.errors or self.counts.failed)

    @property
    def risen(self) -> bool:
        """Whether more went wrong than usual: half as much again as the mean, and by more than a few."""
        wrong = self.counts.errors + self.counts.failed
        return self.mean is not None and wrong > 1.5 * sum(self.mean) + 5


@dataclass(frozen=True)
class Report:
    """What the card says.

    :param rows: all services, the worst first.
    :param total: over all services; ``day_before`` and ``mean`` likewise.
    :param new: patterns that were not seen in the days before, the most frequent first; None where no day is known.
    :param top: how many of the new patterns are named.
    :param compared: how many of the ``wanted`` days before are known.
    :param gaps: what was not read.
    """

    day: Day
    environment: str
    rows: tuple[Row, ...]
    total: Counts
    day_before: Counts | None
    mean: tuple[float, float] | None
    new: tuple[Pattern, ...] | None
    failing: tuple[Route, ...]
    slowest: tuple[Route, ...]
    top: int
    compared: int
    wanted: int
    gaps: tuple[str, ...]
    nothing_read: bool


def judge(environment: str, facts: Facts, before: Sequence[Past], config: Config) -> Report:
    """The report of ``facts`` against the days ``before``, as many of them as are known."""
    previous = (facts.day.date - timedelta(days=1)).isoformat()
    day_before = next((one for one in before if one.date == previous), None)
    rows = [
        Row(
            service=service,
            counts=facts.counts.get(service.name, Counts()),
            day_before=day_before.counts.get(service.name, Counts()) if day_before else None,
            mean=_mean([one.counts.get(service.name, Counts()) for one in before]),
            whole=service.name not in facts.unread,
        )
        for service in [*config.services, *_nobodys(facts, config)]
    ]
    rows.sort(
        key=lambda row: (
            not row.risen,
            -(row.counts.errors + row.counts.failed),
            row.whole,
            row.service.name,
        )
    )
    known: dict[str, set[str]] = {}
    for one in before:
        for service, keys in one.keys.items():
            known.setdefault(service, set()).update(keys)
    new = [pattern for pattern in facts.patterns.values() if pattern.key not in known.get(pattern.service, ())]
    new.sort(key=lambda pattern: (-pattern.count, pattern.first, pattern.service, pattern.key))
    routes = list(facts.routes.values())
    failing = sorted((route for route in routes if route.failed), key=lambda route: (-route.failed, _of(route)))
    slowest = sorted(
        (route for route in routes if route.mean is not None and route.timed >= MIN_REQUESTS),
        key=lambda route: (-(route.mean or 0.0), _of(route)),
    )
    return Report(
        day=facts.day,
        environment=environment,
        rows=tuple(rows),
        total=_sum([row.counts for row in rows]),
        day_before=_sum([row.day_before for row in rows if row.day_before]) if day_before else None,
        mean=_mean([_sum([one.counts.get(row.service.name, Counts()) for row in rows]) for one in before]),
        new=tuple(new) if before else None,
        failing=tuple(failing[: config.top]),
        slowest=tuple(slowest[: config.top]),
        top=config.top,
        compared=len(before),
        wanted=config.days,
        gaps=tuple(facts.gaps),
        nothing_read=bool(rows) and not any(row.whole or row.counts != Counts() for row in rows),
    )


def _nobodys(facts: Facts, config: Config) -> list[Service]:
    """The log groups that services share, and in which something is of none of them in particular."""
    names = {service.name for service in config.services}
    return [
        Service(name) for name, counts in facts.counts.items() if name not in names and counts.failed + counts.errors
    ]


def _of(route: Route) -> tuple[str, str]:
    return route.service, route.name


def _sum(counts: Sequence[Counts]) -> Counts:
    return Counts(
        sum(one.errors for one in counts), sum(one.requests for one in counts), sum(one.failed for one in counts)
    )


def _mean(counts: Sequence[Counts]) -> tuple[float, float] | None:
    if not counts:
        return None
    return sum(one.errors for one in counts) / len(counts), sum(one.failed for one in counts) / len(counts)
