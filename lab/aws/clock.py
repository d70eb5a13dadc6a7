# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock that alarms are evaluated by: real time, unless a test sets it or makes it run faster."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Seconds since the epoch, from a moment that was set on, so many times as fast as real time."""

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self.real = real
        self.reset()

    def reset(self) -> None:
        self.begun = self.base = self.real()
        self.speed = 1.0

    def now(self) -> float:
        return self.base + (self.real() - self.begun) * self.speed

    def set(self, at: float | None = None, speed: float | None = None) -> None:
        """Go on from ``at``, or from now, at ``speed``."""
        self.base = self.now() if at is None else at
        self.begun = self.real()
        if speed is not None:
            self.speed = speed
