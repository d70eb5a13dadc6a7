# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found, and the document that a set of results makes (draft-inadarei-api-health-check-06). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

CONTENT_TYPE = "application/health+json"


class Status(IntEnum):
    """How well something is; the worse, the larger."""

    PASS = 0
    WARN = 1
    FAIL = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """What one run of a check found.

    :param measurements: what was observed besides the time it took: name → (value, unit).
    :param output: a sentence on what is wrong; empty while all is well. It holds no secrets.
    """

    status: Status = Status.PASS
    output: str = ""
    measurements: Mapping[str, tuple[float | int | str, str]] = field(default_factory=dict)

    def at_least(self, status: Status, output: str) -> Finding:
        """The same, but no better than ``status``; the worse of the two gives the words."""
        return self if status <= self.status else replace(self, status=status, output=output)


@dataclass(frozen=True)
class Limits:
    """From when on a number is too large (or, ``below``, too small)."""

    warn: float | None = None
    fail: float | None = None
    below: bool = False

    def judge(self, value: float) -> Status:
        for status, limit in ((Status.FAIL, self.fail), (Status.WARN, self.warn)):
            if limit is not None and (value < limit if self.below else value > limit):
                return status
        return Status.PASS


@dataclass(frozen=True)
class Result:
    """The last known state of a check.

    :param checked_at: Unix time at which it was found; 0 while it never ran.
    :param seconds: how long the run took.
    """

    name: str
    kind: str
    critical: bool
    finding: Finding
    checked_at: float = 0.0
    seconds: float = 0.0

    def status(self) -> Status:
        """What it means for the whole: a check that is not critical at worst warns."""
        return self.finding.status if self.critical else min(self.finding.status, Status.WARN)


COMPONENT_TYPES = {
    "postgresql": "datastore",
    "mysql": "datastore",
    "redis": "datastore",
    "rabbitmq": "component",
    "disk": "system",
    "process": "system",
    "command": "system",
}


def worst(results: Iterable[Result]) -> Status:
    """The state of the whole; of nothing it is well."""
    return max((result.status() for result in results), default=Status.PASS)


def http_status(status: Status) -> int:
    """200 for what works, however badly; 503 for what does not."""
    return 503 if status is Status.FAIL else 200


def moment(seconds: float) -> str:
    """Unix time as the draft wants it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def aged(result: Result, age: float, stale_after: float) -> Result:
    """The result as it counts after ``age`` seconds: one that nobody has refreshed for too long is not trusted."""
    if age <= stale_after:
        return result
    text = f"stale: last checked {age:.0f} s ago"
    if result.finding.output:
        text = f"{text}; it was: {result.finding.output}"
    finding = replace(result.finding, status=max(result.finding.status, Status.WARN), output=text)
    return replace(result, finding=finding)


def document(results: Iterable[Result], about: Mapping[str, Any], *, details: bool) -> dict[str, Any]:
    """The health document.

    :param about: fields of the whole, such as ``serviceId``; empty ones are left out.
    :param details: whether the reader may see the checks; otherwise the status is all there is.
    """
    results = list(results)
    status = worst(results)
    made: dict[str, Any] = {"status": str(status)}
    if not details:
        return made
    made.update({key: value for key, value in about.items() if value not in (None, "", [], {})})
    wrong = [f"{result.name}: {result.finding.output}" for result in results if result.status() is not Status.PASS]
    if wrong:
        made["output"] = "; ".join(wrong)
    made["checks"] = {}
    for result in results:
        made["checks"].update(_entries(result))
    return made


def _entries(result: Result) -> dict[str, list[dict[str, Any]]]:
    common: dict[str, Any] = {
        "componentId": result.name,
        "componentType": COMPONENT_TYPES.get(result.kind, "component"),
        "status": str(result.status()),
    }
    if result.checked_at:
        common["time"] = moment(result.checked_at)
    if result.finding.output and result.status() is not Status.PASS:
        common["output"] = result.finding.output
    made = {}
    timing = dict(common)
    if result.checked_at:
        timing.update(observedValue=round(result.seconds * 1000, 1), observedUnit="ms")
    made[f"{result.name}:responseTime"] = [timing]
    for name, (value, unit) in result.finding.measurements.items():
        made[f"{result.name}:{name}"] = [{**common, "observedValue": value, "observedUnit": unit}]
    return made


# -- secrets

# Up to the last @ before the path: a password may hold one.
_USERINFO = re.compile(r"(?<=://)[^/\s@]*(?:@[^/\s@]*)*@")
_PAIR = re.compile(r"(?i)\b(password|passwd|pwd|token|secret|api_?key)(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s&;,]+)")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` on one line, without logins of URLs, ``password=…`` and the given secrets."""
    for secret in sorted((secret for secret in secrets if len(secret) >= 3), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _USERINFO.sub("***@", text)
    text = _PAIR.sub(lambda match: f"{match[1]}{match[2]}***", text)
    return " ".join(text.split())[:500]
