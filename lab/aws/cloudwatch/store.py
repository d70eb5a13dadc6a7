# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in's CloudWatch knows, by account and Region, as plain data that can be written down."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from lab.aws.cloudwatch.series import Metrics, Point

HISTORY_KEPT = 20_000


@dataclass
class Alarm:
    """One alarm. ``put`` is what was put, without tags; times are seconds since the epoch.

    ``announced`` is the state whose actions ran last; ``pending`` the change whose actions are held back, by a
    suppressor or a mute rule; ``due`` the moment of the next evaluation.
    """

    kind: str
    arn: str
    put: dict[str, Any]
    created: float
    configured: float
    updated: float
    transitioned: float
    state: str = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    data: dict[str, Any] | str | None = None
    announced: str = ""
    pending: dict[str, Any] | None = None
    held_by: str = ""
    held_until: float = 0.0
    suppressor_left: float = 0.0
    triggers: list[dict[str, Any]] = field(default_factory=list)
    contributors: dict[str, dict[str, Any]] = field(default_factory=dict)
    warm: bool = False
    due: float = 0.0

    @property
    def name(self) -> str:
        return str(self.put["AlarmName"])


@dataclass
class Scope:
    """One account in one Region."""

    account: str
    region: str
    metrics: Metrics = field(default_factory=Metrics)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    detectors: list[dict[str, Any]] = field(default_factory=list)
    mutes: dict[str, dict[str, Any]] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=HISTORY_KEPT))
    parents: dict[str, set[str]] = field(default_factory=dict)
    """From an alarm's name to the composites that name it in their rule or as their suppressor."""
    readers: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """From a metric's namespace and name to the alarms that read it; ("", "") holds those that may read any."""
    sorted_names: list[str] | None = None
    """All names in order, kept until an alarm comes or goes."""

    @property
    def partition(self) -> str:
        return (
            "aws-cn" if self.region.startswith("cn-") else "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        )

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:{resource}"

    def names(self) -> list[str]:
        if self.sorted_names is None:
            self.sorted_names = sorted(self.alarms)
        return self.sorted_names


class Store:
    """All accounts and Regions."""

    def __init__(self) -> None:
        self.scopes: dict[tuple[str, str], Scope] = {}

    def scope(self, account: str, region: str) -> Scope:
        found = self.scopes.get((account, region))
        if found is None:
            found = self.scopes[account, region] = Scope(account, region)
        return found

    def dump(self) -> list[dict[str, Any]]:
        """Everything as JSON can hold it."""
        return [
            {
                "account": scope.account,
                "region": scope.region,
                "metrics": [
                    [*key[:2], list(key[2]), [point.row() for point in points]]
                    for key, points in scope.metrics.points.items()
                ],
                "alarms": [vars(alarm) for alarm in scope.alarms.values()],
                "tags": scope.tags,
                "detectors": scope.detectors,
                "mutes": scope.mutes,
                "dashboards": scope.dashboards,
                "history": list(scope.history),
            }
            for scope in self.scopes.values()
        ]

    def load(self, dumped: list[dict[str, Any]]) -> None:
        """What ``dump`` wrote, after a restart."""
        for entry in dumped:
            scope = self.scope(entry["account"], entry["region"])
            for namespace, name, pairs, rows in entry["metrics"]:
                key = namespace, name, tuple((first, second) for first, second in pairs)
                scope.metrics.points[key] = [Point.of(row) for row in rows]
            for alarm in entry["alarms"]:
                scope.alarms[alarm["put"]["AlarmName"]] = Alarm(**alarm)
            scope.tags, scope.detectors = entry["tags"], entry["detectors"]
            scope.mutes, scope.dashboards = entry["mutes"], entry["dashboards"]
            scope.history.extend(entry["history"])
