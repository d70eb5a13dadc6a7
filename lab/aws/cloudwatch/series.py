# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics: what was put, and every statistic over it. Pure; times are seconds since the epoch."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

KEPT = 15 * 24 * 3600
"""How long (s) points are kept."""

Dimensions = tuple[tuple[str, str], ...]
"""Names and values, sorted by name."""

Key = tuple[str, str, Dimensions]
"""Namespace, metric name, dimensions: what makes a metric."""


@dataclass(slots=True)
class Point:
    """What one entry of PutMetricData said. ``samples`` are (value, count); a statistic set has None."""

    time: float
    unit: str
    count: float
    total: float
    low: float
    high: float
    samples: tuple[tuple[float, float], ...] | None

    @classmethod
    def of(cls, row: list[Any]) -> Point:
        """The point of a row."""
        samples = None if row[6] is None else tuple((value, count) for value, count in row[6])
        return cls(row[0], row[1], row[2], row[3], row[4], row[5], samples)

    def row(self) -> list[Any]:
        """As a list, to be written down."""
        return [self.time, self.unit, self.count, self.total, self.low, self.high, self.samples]


def dimensions(listed: Iterable[dict[str, str]] | None) -> Dimensions:
    """From the API's list of Name and Value."""
    return tuple(sorted((item["Name"], item.get("Value", "")) for item in listed or ()))


@dataclass
class Metrics:
    """All metrics of one account and Region."""

    points: dict[Key, list[Point]] = field(default_factory=dict)

    def put(self, key: Key, point: Point) -> None:
        series = self.points.setdefault(key, [])
        if series and point.time < series[-1].time:
            bisect.insort(series, point, key=lambda item: item.time)
        else:
            series.append(point)
        if len(series) > 1000 and series[0].time < point.time - KEPT:
            del series[: bisect.bisect_left(series, point.time - KEPT, key=lambda item: item.time)]

    def forget(self, values: set[str], since: float) -> int:
        """Drop the points from ``since`` on of metrics with one of these values as a dimension; how many there were."""
        count = 0
        for key, series in self.points.items():
            if any(value in values for _name, value in key[2]):
                first = bisect.bisect_left(series, since, key=lambda item: item.time)
                count += len(series) - first
                del series[first:]
        return count

    def between(self, key: Key, start: float, end: float, unit: str | None = None) -> list[Point]:
        """The points of a metric from ``start`` up to but without ``end``."""
        series = self.points.get(key)
        if not series:
            return []
        first = bisect.bisect_left(series, start, key=lambda item: item.time)
        last = bisect.bisect_left(series, end, key=lambda item: item.time)
        found = series[first:last]
        return [point for point in found if point.unit == unit] if unit else found

    def values(
        self, key: Key, statistic: str, period: int, start: float, end: float, unit: str | None = None
    ) -> dict[int, float]:
        """A statistic per period: the period's begin and its value. Periods without points are left out."""
        found = {}
        for begin, points in buckets(self.between(key, start, end, unit), period).items():
            value = calculate(points, statistic)
            if value is not None:
                found[begin] = value
        return found


def buckets(points: Iterable[Point], period: int) -> dict[int, list[Point]]:
    """Points by the begin of the period that they are in, oldest first."""
    found: dict[int, list[Point]] = {}
    for point in points:
        found.setdefault(int(point.time // period) * period, []).append(point)
    return found


SIMPLE: dict[str, Callable[[list[Point]], float]] = {
    "SampleCount": lambda points: sum(point.count for point in points),
    "Sum": lambda points: sum(point.total for point in points),
    "Minimum": lambda points: min(point.low for point in points),
    "Maximum": lambda points: max(point.high for point in points),
    "Average": lambda points: sum(point.total for point in points) / sum(point.count for point in points),
}

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)", re.IGNORECASE)
ONE_SIDED = re.compile(r"(tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)", re.IGNORECASE)
RANGE = re.compile(r"(TM|WM|PR|TC|TS)\(([-\d.]*)(%?):([-\d.]*)(%?)\)", re.IGNORECASE)


def known(statistic: str) -> bool:
    """Whether CloudWatch has this statistic."""
    if statistic in SIMPLE or statistic.upper() == "IQM":
        return True
    return any(pattern.fullmatch(statistic) for pattern in (PERCENTILE, ONE_SIDED, RANGE))


def calculate(points: list[Point], statistic: str) -> float | None:
    """A statistic over some points; None where it cannot be told, as a percentile of a statistic set."""
    points = [point for point in points if point.count > 0]
    if not points:
        return None
    if statistic in SIMPLE:
        return SIMPLE[statistic](points)
    samples = weighted(points)
    if samples is None:
        return None
    if found := PERCENTILE.fullmatch(statistic):
        return percentile(samples, float(found[1]))
    if statistic.upper() == "IQM":
        return trimmed(samples, "TM", 25.0, 75.0)
    if found := ONE_SIDED.fullmatch(statistic):
        return trimmed(samples, found[1].upper(), 0.0, float(found[2]))
    found = RANGE.fullmatch(statistic)
    if found is None:
        return None
    kind, low, high = found[1].upper(), found[2], found[4]
    if found[3] or found[5]:
        return trimmed(samples, kind, float(low or 0), float(high or 100))
    return within(samples, kind, float(low) if low else None, float(high) if high else None)


def weighted(points: list[Point]) -> list[tuple[float, float]] | None:
    """All samples with their counts, sorted; None when a statistic set hides them."""
    samples: list[tuple[float, float]] = []
    for point in points:
        if point.samples is not None:
            samples += point.samples
        elif point.low == point.high:
            samples.append((point.low, point.count))
        else:
            return None
    return sorted(samples)


def percentile(samples: list[tuple[float, float]], rank: float) -> float:
    """The value at a rank (0-100), between the two nearest by proportion."""
    total = sum(count for _value, count in samples)
    place = (total - 1) * rank / 100 if total > 1 else 0.0

    def at(index: int) -> float:
        seen = 0.0
        for value, count in samples:
            seen += count
            if index < seen:
                return value
        return samples[-1][0]

    below = at(int(place))
    return below + (place - int(place)) * (at(int(place) + 1) - below) if place > int(place) else below


def trimmed(samples: list[tuple[float, float]], kind: str, low: float, high: float) -> float | None:
    """Trimmed mean (TM), winsorized mean (WM), count (TC) or sum (TS) between two ranks in per cent."""
    total = sum(count for _value, count in samples)
    first, last = total * low / 100, total * high / 100
    seen, count_in, sum_in, below, above = 0.0, 0.0, 0.0, 0.0, 0.0
    edge: list[float] = []
    for value, count in samples:
        inside = max(0.0, min(seen + count, last) - max(seen, first))
        below += max(0.0, min(seen + count, first) - seen)
        above += max(0.0, seen + count - max(seen, last))
        if inside > 0:
            edge.append(value)
            count_in, sum_in = count_in + inside, sum_in + inside * value
        seen += count
    if not edge:
        return None
    if kind == "TC":
        return count_in
    if kind == "TS":
        return sum_in
    if kind == "WM":
        return (sum_in + below * edge[0] + above * edge[-1]) / (count_in + below + above)
    return sum_in / count_in


def within(samples: list[tuple[float, float]], kind: str, low: float | None, high: float | None) -> float | None:
    """The same between two values; PR is the percentage of samples between them."""
    inside = [
        (value, count) for value, count in samples if (low is None or value > low) and (high is None or value <= high)
    ]
    count_in = sum(count for _value, count in inside)
    if kind == "PR":
        return 100 * count_in / sum(count for _value, count in samples)
    if kind == "TC":
        return count_in
    sum_in = sum(value * count for value, count in inside)
    if kind == "TS":
        return sum_in
    return sum_in / count_in if count_in else None
