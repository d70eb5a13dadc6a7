# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that tests order: which request meets which. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("throttle", "error", "latency", "reset", "lost_response")
ALIASES = {"cloudwatch": "monitoring", "elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing"}
"""What people call a service, and what its requests are signed for."""


@dataclass
class Fault:
    """One rule. ``count`` None is without end; ``rate`` is the share of matching requests that are hit, 0 to 1."""

    kind: str
    service: str = "*"
    operation: str = "*"
    rate: float = 1.0
    count: int | None = None
    seconds: float = 1.0
    hit: int = 0

    def matches(self, service: str, operation: str) -> bool:
        return (
            (self.count is None or self.hit < self.count)
            and self.service in ("*", service)
            and self.operation in ("*", operation)
        )


class BadFault(Exception):
    """A rule that cannot be read."""


def read(value: Any) -> list[Fault]:
    """Rules of JSON: a list, or one alone."""
    listed = value if isinstance(value, list) else [value]
    found = []
    for number, entry in enumerate(listed, 1):
        if not isinstance(entry, dict):
            raise BadFault(f"Rule {number} is no object.")
        unknown = set(entry) - {"kind", "service", "operation", "rate", "count", "seconds", "hit"}
        if unknown:
            raise BadFault(f"Rule {number} has the unknown keys {', '.join(sorted(unknown))}.")
        if entry.get("kind") not in KINDS:
            raise BadFault(f"Rule {number} has the kind {entry.get('kind')!r}: choose one of {', '.join(KINDS)}.")
        rate = entry.get("rate", 1.0)
        if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise BadFault(f"Rule {number} has the rate {rate!r}: it goes from 0 to 1.")
        service = str(entry.get("service", "*"))
        found.append(
            Fault(
                entry["kind"],
                ALIASES.get(service, service),
                str(entry.get("operation", "*")),
                float(rate),
                entry.get("count"),
                float(entry.get("seconds", 1.0)),
            )
        )
    return found


def choose(rules: list[Fault], service: str, operation: str, random: Callable[[], float]) -> list[Fault]:
    """The faults that a request meets: any number of latencies, and the first of the others that hits."""
    found: list[Fault] = []
    for rule in rules:
        if not rule.matches(service, operation):
            continue
        if rule.kind != "latency" and any(other.kind != "latency" for other in found):
            continue
        if rule.rate >= 1 or random() < rule.rate:
            rule.hit += 1
            found.append(rule)
    return found


def shown(rules: list[Fault]) -> list[dict[str, Any]]:
    return [asdict(rule) for rule in rules]
