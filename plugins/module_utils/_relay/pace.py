# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the next message may go into a space (pure)."""

from __future__ import annotations

MAX_AHEAD = 300.0
"""A turn further away than this is not believed: a clock was wrong when it was written."""


def turn(next_at: float, now: float, interval: float) -> tuple[float, float]:
    """When a message may leave, and when the one after it may.

    :param next_at: when the space may be written to again, in seconds since the epoch; 0 where nobody knows.
    :param interval: the seconds between two messages.
    """
    at = next_at if now < next_at <= now + MAX_AHEAD else now
    return at, at + interval


def held_back(next_at: float, now: float, wait: float) -> float:
    """When the space may be written to again after it asked to wait ``wait`` seconds."""
    return max(next_at, now + min(wait, MAX_AHEAD))
