# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CloudWatch Logs for the tests of the report: it knows the report's own queries, and AWS's limits."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.config import Config, read_config

ACCOUNT = "123456789012"

FORMATS = {
    "text": {"errors": "@message like /ERROR/"},
    "alb": {"errors": "status like /^5/", "prelude": ["parse @message …"], "access": True, "seconds": "seconds"},
}


def config(services: dict[str, dict[str, str]], **more: Any) -> Config:
    """A configuration of services and the formats of their log groups."""
    entries = [
        {
            "name": name,
            "owner": "payments",
            "runbook": f"https://wiki.example.com/{name}",
            "groups": [{"name": group, "format": kind} for group, kind in groups.items()],
        }
        for name, groups in services.items()
    ]
    return read_config(json.dumps({"services": entries, "formats": FORMATS, **more}))


class AwsError(Exception):
    """An error as botocore raises it."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": message}}


@dataclass
class Clock:
    """Time that passes when somebody sleeps."""

    now: float = 1_795_800_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Logs:
    """Log groups with lines (second, text) and requests (second, status, method, path, seconds).

    :param before_start: called with each query before it is started; may raise.
    :param status: of a query, once it has been asked for it ``polls`` times.
    """

    lines: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    requests: dict[str, list[tuple[int, str, str, str, float]]] = field(default_factory=dict)
    before_start: Callable[[dict[str, Any]], None] = lambda asked: None
    status: Callable[[dict[str, Any]], str] = lambda asked: "Complete"
    polls: int = 1
    places: int = 10
    page: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    most: int = 0
    _running: dict[str, tuple[dict[str, Any], int]] = field(default_factory=dict)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def start_query(self, **asked: Any) -> dict[str, str]:
        if len(self._running) >= self.places:
            raise AwsError("LimitExceededException")
        self.before_start(asked)
        assert 1 <= len(asked["logGroupNames"]) <= 50
        for group in asked["logGroupNames"]:
            if group not in self.lines and group not in self.requests:
                raise AwsError(
                    "ResourceNotFoundException",
                    f"Log group '{group}' does not exist for account ID '{ACCOUNT}' (Service: AWSLogs)",
                )
        self.asked.append(asked)
        name = f"query-{next(self._ids)}"
        self._running[name] = (asked, self.polls)
        self.most = max(self.most, len(self._running))
        return {"queryId": name}

    def stop_query(self, *, queryId: str) -> dict[str, bool]:  # noqa: N803
        self.stopped.append(queryId)
        return {"success": True}

    def get_query_results(self, *, queryId: str, nextToken: str = "") -> dict[str, Any]:  # noqa: N803
        asked, polls = self._running.get(queryId, ({}, 0)) if not nextToken else (self._paged, 0)
        if polls:
            self._running[queryId] = (asked, polls - 1)
            return {"status": "Running", "results": []}
        self._running.pop(queryId, None)
        status = self.status(asked)
        if status != "Complete":
            return {"status": status, "results": []}
        rows = self._rows(asked)
        if not self.page:
            return _answer(rows)
        start, self._paged = int(nextToken or 0), asked
        more = {"nextToken": str(start + self.page)} if start + self.page < len(rows) else {}
        return _answer(rows[start : start + self.page]) | more

    _paged: dict[str, Any] = field(default_factory=dict)

    def _rows(self, asked: dict[str, Any]) -> list[dict[str, str]]:
        query, groups = asked["queryString"], asked["logGroupNames"]
        first, last = asked["startTime"], asked["endTime"]
        if "ERROR" in query:
            found = [
                (at, group, line, number)
                for group in groups
                for number, (at, line) in enumerate(self.lines.get(group, []))
                if first <= at <= last and "ERROR" in line
            ]
            if "stats" in query:
                counted = Counter(group for _at, group, _line, _number in found)
                return [{"@log": f"{ACCOUNT}:{group}", "errors": str(count)} for group, count in counted.items()]
            found.sort(key=lambda item: -item[0])
            return [
                {
                    "@timestamp": f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}.000",
                    "@log": f"{ACCOUNT}:{group}",
                    "@message": line,
                    "@ptr": f"{group}-{number}",
                }
                for at, group, line, number in found[:10_000]
            ]
        times: dict[tuple[str, ...], list[float]] = {}
        for group in groups:
            for at, status, method, path, seconds in self.requests.get(group, []):
                if first <= at <= last:
                    key = (group, status, method, path) if "route" in query else (group, status)
                    times.setdefault(key, []).append(seconds)
        rows = []
        for key, values in sorted(times.items(), key=lambda item: -len(item[1])):
            row = {"@log": f"{ACCOUNT}:{key[0]}", "status": key[1], "requests": str(len(values))}
            if len(key) == 4:
                row |= {"method": key[2], "route": key[3]}
                row |= {"mean": str(sum(values) / len(values)), "longest": str(max(values))}
            rows.append(row)
        return rows[:10_000]


def _answer(rows: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "status": "Complete",
        "statistics": {"bytesScanned": 100.0},
        "results": [[{"field": name, "value": value} for name, value in row.items()] for row in rows],
    }
