# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What metrics were: many of them in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._errors import InputError
from .session import Aws

QUERIES = 500
"""Metrics that one call answers."""

MOST_DAYS = 455
"""So long CloudWatch keeps values."""

Points = list[tuple[datetime, float]]


@dataclass(frozen=True)
class Wanted:
    """One metric.

    :param stat: statistic, such as ``Sum`` or ``p90``.
    :param period: seconds.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    stat: str = "Sum"
    period: int = 86_400


def checked(entries: Sequence[Mapping[str, Any]], days: int) -> None:
    """Refuse what cannot be asked for.

    :param entries: the option ``metrics``.
    :raises InputError: what is wrong.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"days is {days}; CloudWatch keeps values for {MOST_DAYS} days: take 1 to {MOST_DAYS}.")
    known: set[str] = set()
    for entry in entries:
        if entry["id"] in known:
            raise InputError(f"metrics has the id '{entry['id']}' twice: rename one.")
        known.add(entry["id"])
        if entry["period"] < 60 or entry["period"] % 60:
            raise InputError(f"metric '{entry['id']}': period is {entry['period']}; take a multiple of 60 seconds.")


def read(aws: Aws, wanted: Sequence[Wanted], start: datetime, end: datetime) -> list[Points]:
    """The values of each metric, oldest first; without a value in a period there is no point.

    :param start: and ``end``, with their time zones.
    """
    result: list[Points] = []
    for first in range(0, len(wanted), QUERIES):
        part = wanted[first : first + QUERIES]
        found: list[Points] = [[] for _each in part]
        for answer in aws.pages(
            "cloudwatch",
            "GetMetricData",
            "MetricDataResults",
            MetricDataQueries=[_query(number, one) for number, one in enumerate(part)],
            StartTime=start,
            EndTime=end,
        ):
            # A result may go on over several pages.
            points = zip(answer.get("Timestamps") or (), answer.get("Values") or (), strict=True)
            found[int(str(answer["Id"])[1:])].extend((moment, float(value)) for moment, value in points)
        result += [sorted(points) for points in found]
    return result


def _query(number: int, one: Wanted) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in one.dimensions.items()]
    metric = {"Namespace": one.namespace, "MetricName": one.metric, "Dimensions": dimensions}
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": one.period, "Stat": one.stat}}
