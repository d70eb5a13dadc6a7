# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days of a time zone, 23 to 25 hours long (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True)
class Day:
    """A day, from midnight to midnight where it is told.

    :param start: its first moment, and ``end`` that of the day after, both in UTC.
    """

    date: date
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """How long it is; not 24 where the clocks are changed."""
        return (self.end - self.start).total_seconds() / 3600

    @property
    def first_second(self) -> int:
        """Its first second since the epoch."""
        return int(self.start.timestamp())

    @property
    def last_second(self) -> int:
        """Its last second since the epoch; Logs Insights takes all of the second that a query ends with."""
        return int(self.end.timestamp()) - 1


def day(when: date, zone: tzinfo) -> Day:
    """The day ``when`` in ``zone``."""
    return Day(when, _midnight(when, zone), _midnight(when + timedelta(days=1), zone))


def yesterday(now: datetime, zone: tzinfo) -> Day:
    """The last day that is over."""
    return day(now.astimezone(zone).date() - timedelta(days=1), zone)


def before(last: Day, number: int, zone: tzinfo) -> list[Day]:
    """The ``number`` days before ``last``, the newest first."""
    return [day(last.date - timedelta(days=ago), zone) for ago in range(1, number + 1)]


def _midnight(when: date, zone: tzinfo) -> datetime:
    # Where the clocks skip midnight this is the moment of the change, and where it comes twice the first of them.
    return datetime.combine(when, time.min, zone).astimezone(UTC)
