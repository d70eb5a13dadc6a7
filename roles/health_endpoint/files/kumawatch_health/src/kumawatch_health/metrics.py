# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus metrics of the checks and of the requests."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from .results import Result, Status

TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """What ``/metrics`` shows. It outlives a reload."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seen: set[tuple[str, str]] = set()
        labels = ["check", "type"]
        self._status = Gauge("kumawatch_health_status", "0 pass, 1 warn, 2 fail", labels, registry=self.registry)
        self._last = Gauge(
            "kumawatch_health_last_run_timestamp_seconds", "When the check last ran", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "kumawatch_health_check_seconds",
            "How long the check took",
            labels,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self._runs = Counter("kumawatch_health_runs", "Runs of the check", [*labels, "status"], registry=self.registry)
        self._answers = Counter("kumawatch_health_answers", "Answers", ["path", "code"], registry=self.registry)

    def observe(self, result: Result) -> None:
        labels = (result.name, result.kind)
        self._seen.add(labels)
        self._status.labels(*labels).set(int(result.status()))
        self._last.labels(*labels).set(result.checked_at)
        self._seconds.labels(*labels).observe(result.seconds)
        for status in Status:
            self._runs.labels(*labels, str(status)).inc(int(status is result.status()))

    def answered(self, path: str, code: int) -> None:
        self._answers.labels(path, str(code)).inc()

    def keep(self, names: set[tuple[str, str]]) -> None:
        """Forget checks that there are no more: a gauge that nobody sets any more would say pass for ever."""
        for gone in self._seen - names:
            self._status.remove(*gone)
            self._last.remove(*gone)
            self._seconds.remove(*gone)
            for status in Status:
                self._runs.remove(*gone, str(status))
        self._seen &= names

    def text(self) -> bytes:
        return generate_latest(self.registry)
