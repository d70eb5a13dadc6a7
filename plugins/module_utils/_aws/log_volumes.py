# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much has been written to log groups: the calls behind ``cloudwatch_log_volumes``, and what their answers mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from .metric_data import Wanted, read
from .session import Aws

NAMESPACE, METRIC, DIMENSION = "AWS/Logs", "IncomingBytes", "LogGroupName"
DAY = 86_400
MONTH_DAYS = 365 / 12
GB = 2**30
"""What AWS bills as a GB."""


def volumes(aws: Aws, days: int, now: datetime, prefix: str = "") -> dict[str, float]:
    """GB a month by log group, of those to which something was written.

    :param days: over how many whole days; where a group is younger, over its own.
    :param now: the time, with its time zone.
    :param prefix: only groups whose names begin so.
    """
    names = sorted(
        {
            str(item["Dimensions"][0]["Value"])
            for item in aws.pages("cloudwatch", "ListMetrics", "Metrics", Namespace=NAMESPACE, MetricName=METRIC)
            # Others are of delivery, by destination.
            if [one["Name"] for one in item.get("Dimensions") or ()] == [DIMENSION]
        }
    )
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = [name for name in names if name.startswith(prefix)]
    metrics = [Wanted(NAMESPACE, METRIC, {DIMENSION: name}, period=DAY) for name in wanted]
    sizes = [monthly(points, end) for points in read(aws, metrics, end - timedelta(days=days), end)]
    return {name: size for name, size in zip(wanted, sizes, strict=True) if size is not None}


def monthly(points: Sequence[tuple[datetime, float]], end: datetime) -> float | None:
    """GB a month from the bytes of days, each with its beginning; ``None`` without any.

    Days without a point since the first one are days on which nothing was written.
    """
    if not points:
        return None
    first = min(moment for moment, _bytes in points)
    days = max(1.0, (end - first).total_seconds() / DAY)
    return sum(size for _moment, size in points) / days * MONTH_DAYS / GB
