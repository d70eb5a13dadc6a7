# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast one operation may be called: freely, and at the account's rate from the first refusal on. Pure."""

from __future__ import annotations

import threading

RATES = {
    "PutMetricAlarm": 3.0,
    "PutCompositeAlarm": 3.0,
    "PutLogAlarm": 3.0,
    "PutAlarmMuteRule": 3.0,
    "DeleteAlarms": 3.0,
    "SetAlarmState": 3.0,
    "PutAnomalyDetector": 10.0,
    "DescribeAlarms": 9.0,
    "PutDashboard": 10.0,
    "TagResource": 20.0,
    "ListTagsForResource": 10.0,
    "CreateLogGroup": 10.0,
    "DeleteLogGroup": 10.0,
    "DescribeLogGroups": 10.0,
    "DescribeMetricFilters": 5.0,
    "PutMetricFilter": 5.0,
}
"""Calls a second that an account has for an operation, where it is documented."""

USUAL_RATE = 5.0
"""Calls a second that are assumed of any other operation."""

#: The slowest pace, as a part of the documented one: others may use the same account, but not all of it for ever.
_SLOWEST = 0.3
#: What is left of a pace that was too fast.
_BACK = 0.7
#: What each call that is taken adds to it, as a part of the documented one.
_STEP = 0.05


class Pace:
    """The pace of one operation; threads share it.

    Nobody waits until AWS has throttled once. From then on calls are spread at the documented rate, slower each time
    that is still too much (others use the same account), and a little faster with each call that is taken.
    """

    def __init__(self, operation: str) -> None:
        self._documented = RATES.get(operation, USUAL_RATE)
        self._rate: float | None = None
        self._next = 0.0
        self._refused = 0.0
        self._lock = threading.Lock()

    def wait(self, now: float) -> float:
        """The seconds that a call must wait at ``now``; its turn is taken by asking."""
        with self._lock:
            if self._rate is None:
                return 0.0
            turn = max(now, self._next)
            self._next = turn + 1 / self._rate
            return turn - now

    def taken(self) -> None:
        """A call was not throttled."""
        with self._lock:
            if self._rate is not None:
                self._rate = min(self._documented, self._rate + _STEP * self._documented)

    def refused(self, now: float) -> None:
        """A call was throttled. Those that left together and are refused together count once."""
        with self._lock:
            if self._rate is None:
                self._rate = self._documented
            elif now >= self._refused:
                self._rate = max(_SLOWEST * self._documented, self._rate * _BACK)
            self._refused = now + 1 / self._rate
