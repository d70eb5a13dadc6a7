# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long task is, for the callback plugin that tells it on the terminal.

A module's output reaches the controller when it ends. Where the callback ``kumawatch.monitoring.progress`` is on, it
names a file in the environment; a module that runs on the controller appends a line of JSON to it: ``noun``, ``done``,
``total``, ``seconds``.
"""

from __future__ import annotations

import json
import os
import threading
import time

VARIABLE = "KUMAWATCH_PROGRESS"
"""The environment variable that names the file."""

INTERVAL = 1.0
"""Seconds between two lines, at least."""


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
            now = time.monotonic()
            if not self._path or (now - self._told < INTERVAL and self._done < self._total):
                return
            self._told = now
            line = {
                "noun": self._noun,
                "done": self._done,
                "total": self._total,
                "seconds": round(now - self._began, 1),
            }
            try:
                with open(self._path, "a", encoding="utf-8") as stream:
                    stream.write(json.dumps(line) + "\n")
            except OSError:
                # Nobody listens any more: that is no reason to stop working.
                self._path = ""
