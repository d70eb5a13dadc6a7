# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a day: counts, patterns and routes, out of what Logs Insights answered (pure)."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .config import Config
from .days import Day
from .patterns import Seen, route, see
from .queries import Format

Row = Mapping[str, str]
"""A row of an answer of Logs Insights, by field."""

MAX_KEYS = 20_000
"""The patterns that a day is remembered by: an item of the table takes 400 KB."""


@dataclass
class Counts:
    """Of one service on one day.

    :param errors: error lines.
    :param requests: requests in the access logs; ``failed`` of them were answered with a 5xx.
    """

    errors: int = 0
    requests: int = 0
    failed: int = 0


@dataclass
class Pattern:
    """Error lines of a service that are alike.

    :param first: when the first of them was written that was read.
    """

    service: str
    key: str
    text: str
    sample: str
    count: int
    first: datetime


@dataclass
class Route:
    """The requests of a route.

    :param mean: seconds, or None where the log does not say how long they took; so is ``longest``.
    """

    service: str
    name: str
    requests: int = 0
    failed: int = 0
    mean: float | None = None
    longest: float | None = None
    timed: int = 0


@dataclass
class Facts:
    """What was read of a day.

    :param counts: by service.
    :param patterns: by service and key.
    :param routes: by service and name.
    :param gaps: what could not be read, or not wholly: a sentence each.
    :param unread: the services whose counts are not whole.
    """

    day: Day
    counts: dict[str, Counts] = field(default_factory=dict)
    patterns: dict[tuple[str, str], Pattern] = field(default_factory=dict)
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def gap(self, sentence: str) -> None:
        """Note what is missing, once."""
        if sentence not in self.gaps:
            self.gaps.append(sentence)


@dataclass(frozen=True)
class Past:
    """What is remembered of a day before.

    :param keys: the patterns of each service.
    """

    date: str
    counts: Mapping[str, Counts]
    keys: Mapping[str, frozenset[str]]


def group_of(row: Row) -> str:
    """The log group of a row: ``@log`` is ACCOUNT:GROUP."""
    return row.get("@log", "").partition(":")[2] or row.get("@log", "")


def moment(text: str) -> datetime | None:
    """A time as Logs Insights writes it, in UTC."""
    for form in ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def add_error_counts(facts: Facts, rows: Iterable[Row], config: Config) -> None:
    """Add how many error lines there are."""
    for row in rows:
        service = config.owner(group_of(row))
        if service:
            facts.counts.setdefault(service, Counts()).errors += _whole(row.get("errors"))


def add_lines(facts: Facts, rows: Iterable[Row], config: Config, *, count: bool) -> None:
    """Add error lines to the patterns.

    :param count: whether they are all that there are, and so say how many there are.
    """
    known: dict[str, Seen] = {}
    for row in rows:
        service, line = config.owner(group_of(row)), row.get("@message", "")
        if not service:
            continue
        if count:
            facts.counts.setdefault(service, Counts()).errors += 1
        seen = known[line] if line in known else known.setdefault(line, see(line))
        at = moment(row.get("@timestamp", "")) or facts.day.start
        found = facts.patterns.get((service, seen.key))
        if found is None:
            facts.patterns[service, seen.key] = Pattern(service, seen.key, seen.pattern, seen.sample, 1, at)
        else:
            found.count += 1
            if at < found.first:
                found.first, found.sample = at, seen.sample


def add_request_counts(facts: Facts, rows: Iterable[Row], config: Config, form: Format) -> None:
    """Add how many requests there are, and how many of them failed."""
    for row in rows:
        service = config.owner(group_of(row), row.get(form.target_group, ""))
        if service:
            counts = facts.counts.setdefault(service, Counts())
            number = _whole(row.get("requests"))
            counts.requests += number
            counts.failed += number if failed(row.get(form.status)) else 0


def add_routes(facts: Facts, rows: Iterable[Row], config: Config, form: Format) -> None:
    """Add requests to the routes: those of one route are put together, whatever stands in their paths."""
    for row in rows:
        service = config.owner(group_of(row), row.get(form.target_group, ""))
        method, url = row.get(form.method, ""), row.get(form.route, "")
        # What no client asked for properly is no route.
        if not service or not url or url == "-":
            continue
        name = route(method, url)
        found = facts.routes.setdefault((service, name), Route(service, name))
        number = _whole(row.get("requests"))
        found.requests += number
        found.failed += number if failed(row.get(form.status)) else 0
        mean, longest = _number(row.get("mean")), _number(row.get("longest"))
        # A load balancer writes -1 where no target answered.
        if mean is not None and longest is not None and mean >= 0:
            found.mean = ((found.mean or 0.0) * found.timed + mean * number) / max(found.timed + number, 1)
            found.timed += number
            found.longest = max(found.longest or 0.0, longest)


def failed(status: str | None) -> bool:
    """Whether a status is a 5xx."""
    return (status or "").strip()[:1] == "5" and len((status or "").strip().split(".")[0]) == 3


def remembered(facts: Facts) -> dict[str, t.Any]:
    """The attributes of the table's item that remembers a day."""
    keys: dict[str, list[str]] = {}
    for pattern in sorted(facts.patterns.values(), key=lambda found: (-found.count, found.key))[:MAX_KEYS]:
        keys.setdefault(pattern.service, []).append(pattern.key)
    return {
        "counts": {
            service: [counts.errors, counts.requests, counts.failed] for service, counts in facts.counts.items()
        },
        "keys": {service: "".join(found) for service, found in keys.items()},
    }


def past(date: str, item: Mapping[str, t.Any]) -> Past:
    """The day that an item remembers."""
    counts = {
        str(service): Counts(*(int(number) for number in numbers[:3]))
        for service, numbers in (item.get("counts") or {}).items()
    }
    keys = {
        str(service): frozenset(joined[start : start + 16] for start in range(0, len(joined), 16))
        for service, joined in (item.get("keys") or {}).items()
    }
    return Past(date, counts, keys)


def as_past(facts: Facts) -> Past:
    """A day that has just been read, as one before."""
    return past(facts.day.date.isoformat(), remembered(facts))


def _whole(text: str | None) -> int:
    number = _number(text)
    return int(number) if number is not None and number > 0 else 0


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < 1e15 else None
