# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long task is, for the callback plugin that tells it on the terminal.

A module's output reaches the controller when it ends. Where the callback ``kumawatch.monitoring.progress`` is on, it
names a file in the environment; a module that runs on the controller appends lines of JSON to it: ``noun``, ``done``,
``total``, ``seconds``, and ``ended`` with the last one.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from typing import Any

VARIABLE = "KUMAWATCH_PROGRESS"
"""The environment variable that names the file."""

INTERVAL = 1.0
"""Seconds between two lines, at least."""


WINDOW = 60.0
"""Seconds of the past from which the time left is estimated: the pace changes while AWS throttles."""


class Progress:
    """Counts changes; threads share it."""

    def __init__(self, noun: str, total: int) -> None:
        self._noun = noun
        self._total = total
        self._done = 0
        self._path = os.environ.get(VARIABLE, "")
        self._began = self._told = time.monotonic()
        self._lock = threading.Lock()

    def advance(self, changes: int = 1) -> None:
        """So many more changes were made."""
        with self._lock:
            self._done += changes
            if time.monotonic() - self._told >= INTERVAL or self._done >= self._total:
                self._tell(ended=False)

    def end(self) -> None:
        """No more will be made."""
        with self._lock:
            self._tell(ended=True)

    def _tell(self, ended: bool) -> None:
        if not self._path:
            return
        self._told = now = time.monotonic()
        line = {
            "noun": self._noun,
            "done": self._done,
            "total": self._total,
            "seconds": round(now - self._began, 1),
            "ended": ended,
        }
        try:
            # Made by who listens: where nobody does any more, no file is left behind.
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
            try:
                os.write(descriptor, json.dumps(line).encode() + b"\n")
            finally:
                os.close(descriptor)
        except OSError:
            # Nobody listens any more: that is no reason to stop working.
            self._path = ""


class Listener:
    """What the lines of one task say to a reader."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, int]] = deque()
        self._last: dict[str, Any] = {}

    def hear(self, line: bytes) -> None:
        """Take a line; what is none is ignored."""
        try:
            told = json.loads(line)
            seconds, done = float(told["seconds"]), int(told["done"])
            last = {"noun": str(told["noun"]), "total": int(told["total"]), "ended": bool(told.get("ended"))}
        except (ValueError, TypeError, KeyError):
            return
        if self._past and (done < self._past[-1][1] or seconds < self._past[-1][0]):
            # The next task, or the next item of a loop.
            self._past.clear()
        self._past.append((seconds, done))
        while len(self._past) > 2 and seconds - self._past[0][0] > WINDOW:
            self._past.popleft()
        self._last = last

    @property
    def seconds(self) -> float:
        """How long the task has been at it; 0 if nothing is under way."""
        return self._past[-1][0] if self._past and not self._last["ended"] else 0.0

    def sentence(self, action: str) -> str:
        """One line for a reader: ``cloudwatch_alarms: 512 of 5,000 alarms, 2:51 so far, about 25 min left``."""
        if not self.seconds:
            return ""
        seconds, done = self._past[-1]
        total = self._last["total"]
        what = f"{action}: {done:,} of {total:,} {self._last['noun']}s, {_clock(seconds)} so far"
        before, done_before = self._past[0] if len(self._past) > 1 else (0.0, 0)
        if done <= done_before or done >= total:
            return what
        return f"{what}, about {_about((total - done) * (seconds - before) / (done - done_before))} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _about(seconds: float) -> str:
    if seconds < 90:
        # In steps of five: nobody believes an estimate of 47 seconds.
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
