# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What arrived, once it has been read: one shape for alarms, events, reports of Uptime Kuma, and plain text (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime

CRITICAL = "critical"
WARNING = "warning"
INFO = "info"
SEVERITIES = (INFO, WARNING, CRITICAL)
"""From the least to the most urgent; each has a topic."""

ALARM = "ALARM"
OK = "OK"
NO_DATA = "INSUFFICIENT_DATA"


def rank(severity: str) -> int:
    """How urgent ``severity`` is; 0 for one that is not known."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


@dataclass(frozen=True)
class Measure:
    """What an alarm measures.

    :param label: what it is called, such as ``CPUUtilization`` or the label of an expression.
    :param statistic: how the points of one period become one, such as ``Average``; empty where it is not said.
    :param period: the seconds of one point; 0 where it is not said.
    :param unit: CloudWatch's word for the unit, such as ``Percent``; empty where it is not said.
    :param value: the newest value, None where the message holds none.
    :param threshold: the bound, None for an anomaly band without figures.
    :param comparison: CloudWatch's word for how they are compared.
    :param breaching: how many of ``evaluated`` values were beyond the bound; 0 where it is not said.
    :param missing: how many periods had no data, where that was the reason.
    """

    label: str
    namespace: str = ""
    metric: str = ""
    statistic: str = ""
    period: int = 0
    unit: str = ""
    value: float | None = None
    threshold: float | None = None
    comparison: str = ""
    breaching: int = 0
    evaluated: int = 0
    missing: int = 0
    treated_as: str = ""
    anomaly: bool = False


@dataclass(frozen=True)
class Child:
    """An alarm that moved a composite one."""

    alarm: str
    state: str


@dataclass(frozen=True)
class Alert:
    """One message, read.

    :param key: the same for the same thing said twice, however often and by whichever way it arrives.
    :param source: ``alarm``, ``uptime``, ``event``, ``escalation``, ``acknowledged``, ``drill`` or ``raw``.
    :param title: what a reader calls it; plain text.
    :param at: when it came to be, not when it arrived.
    :param state: of what has a state: ``ALARM``, ``OK`` or ``INSUFFICIENT_DATA``; else empty.
    :param severity: empty where neither the message nor the topic says it.
    :param name: of the alarm or the monitor.
    :param tags: of the alarm; None where the message holds none, so that they may be asked for.
    :param contributor: what tells this series of a Metrics Insights alarm from its others.
    :param incident: the identity that the message itself names.
    :param facts: more lines for the card, label and text.
    :param text: the whole message where it could not be read further.
    """

    key: str
    source: str
    title: str
    at: datetime
    state: str = ""
    old_state: str = ""
    severity: str = ""
    name: str = ""
    arn: str = ""
    account: str = ""
    region: str = ""
    description: str = ""
    reason: str = ""
    measure: Measure | None = None
    resource: str = ""
    tags: t.Mapping[str, str] | None = None
    contributor: str = ""
    children: tuple[Child, ...] = ()
    log_groups: tuple[str, ...] = ()
    log_query: str = ""
    log_lines: tuple[str, ...] = ()
    incident: str = ""
    by: str = ""
    opened_at: str = ""
    path: str = ""
    link: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    text: str = ""
    extra: t.Mapping[str, str] = field(default_factory=dict)

    @property
    def stateful(self) -> bool:
        """Whether it begins or ends something."""
        return self.state in (ALARM, OK, NO_DATA)

    @property
    def alarm_key(self) -> str:
        """The series that changed its state: an alarm, or one contributor of it."""
        return f"{self.arn or self.name}|{self.contributor}" if self.contributor else (self.arn or self.name)
