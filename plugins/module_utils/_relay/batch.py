# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a batch is worth a message, and how many messages it becomes (pure).

Everything that a batch says of one incident is one change, so that an alarm that came and went, or a warning that
became critical while it waited, is one card. More than five changes for one space are one digest.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime

from . import words
from .alert import ALARM, CRITICAL, NO_DATA, OK, Alert, rank
from .incidents import (
    RECOVERY,
    Identity,
    Incident,
    apply,
    identify,
    mark_late,
    same_opening,
    severity_of,
    speaks_of,
    stamp,
    tags_of,
    unsettled,
)
from .settings import Settings, route

OPENED = "opened"
RAISED = "raised"
EASED = "eased"
REPEATED = "repeated"
RECOVERED = "recovered"
PASSED = "passed"
LATE = "late"
UNKNOWN_DATA = "no_data"
ESCALATED = "escalated"
ACKNOWLEDGED = "acknowledged"
EVENT = "event"
RAW = "raw"
DRILL = "drill"

SINGLES = 5
"""The changes that are posted as cards of their own; more of them at once are a digest."""


@dataclass(frozen=True)
class Change:
    """Something to tell.

    :param what: one of the constants above.
    :param alert: the alert that says most about it.
    :param keys: of all alerts that it tells of.
    :param after: the incident as it is now; None for what belongs to none.
    :param since: when what is over began, None where that is not known.
    """

    what: str
    alert: Alert
    keys: tuple[str, ...]
    identity: Identity
    severity: str
    channels: tuple[str, ...]
    after: Incident | None = None
    since: datetime | None = None
    again: bool = False
    tags: t.Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is about: ``api · CPU``; the alert's own words where there is no service."""
        if self.identity.service and self.identity.kind:
            return f"{self.identity.service} · {words.kind(self.identity.kind)}"
        return self.alert.title

    @property
    def urgency(self) -> tuple[int, int, str, float]:
        """Sorts changes, the most urgent first, and what is about one service side by side."""
        order = {RAW: 1, EVENT: 1, UNKNOWN_DATA: 1, ACKNOWLEDGED: 1, RECOVERED: 2, PASSED: 2, LATE: 2, DRILL: 3}
        return (order.get(self.what, 0), -rank(self.severity), str(self.identity), self.alert.at.timestamp())


@dataclass
class Plan:
    """What becomes of a batch.

    :param changes: what is told.
    :param quiet: the keys of what is only noted down.
    :param deferred: the keys of what has to wait a little.
    :param updates: of each incident the alerts that it is to be brought up to date with.
    """

    changes: list[Change] = field(default_factory=list)
    quiet: list[str] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    updates: dict[str, list[Alert]] = field(default_factory=dict)


def identity_of(alert: Alert, environment: str) -> str:
    """The incident that ``alert`` belongs to; empty for what belongs to none."""
    if alert.incident:
        return alert.incident
    return str(identify(alert, environment)) if alert.stateful else ""


def plan(alerts: t.Sequence[Alert], known: t.Mapping[str, Incident], settings: Settings, now: datetime) -> Plan:
    """What is told of ``alerts``, none of which was told before.

    :param known: the incidents that they belong to, as far as there are any.
    """
    made = Plan()
    groups: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda entry: entry.at):
        identity = identity_of(alert, settings.environment)
        if identity:
            groups.setdefault(identity, []).append(alert)
        else:
            made.changes.append(_told_as_it_is(alert, settings))
    for identity, members in groups.items():
        _plan_incident(identity, members, known.get(identity), settings, now, made)
    made.changes.sort(key=lambda change: change.urgency)
    return made


def advance(
    incident: Incident | None, alerts: t.Sequence[Alert], identity: str, environment: str, now: datetime
) -> Incident | None:
    """``incident`` after ``alerts``, in the order of their time."""
    for alert in sorted(alerts, key=lambda entry: entry.at):
        incident = apply(incident, alert, identity, environment)
    # One that knows of no alarm never began.
    return mark_late(incident, now) if incident is not None and incident.alarms else None


def _plan_incident(
    identity: str, alerts: list[Alert], before: Incident | None, settings: Settings, now: datetime, made: Plan
) -> None:
    environment = settings.environment
    states: list[Alert] = [alert for alert in alerts if alert.stateful]
    after = before
    effective, late = [], []
    for alert in states:
        changed = apply(after, alert, identity, environment)
        if changed != after and changed.alarms:
            effective.append(alert)
        elif alert.state == ALARM and after is not None and _unheard(after, alert):
            late.append(alert)
        after = changed
    if after is not None and unsettled(before, after, now):
        made.deferred += [alert.key for alert in alerts]
        return
    made.updates.setdefault(identity, []).extend(alerts)
    told = _state_change(before, after, effective) if after is not None else None
    keys = tuple(alert.key for alert in states if alert not in late)
    if told is not None and after is not None:
        what, alert, since = told
        again = what == OPENED and before is not None and before.thread == after.thread
        made.changes.append(_change(what, alert, keys, after, settings, since=since, again=again))
    else:
        made.quiet += keys
    for alert in late:
        made.changes.append(_change(LATE, alert, (alert.key,), after, settings, since=alert.at))
    for alert in alerts:
        if not alert.stateful:
            _plan_word(alert, before, after, settings, made)


def _unheard(incident: Incident, alert: Alert) -> bool:
    """Whether an alarm that changes nothing any more has not been told of: it comes after what ended it."""
    if speaks_of(alert.alarm_key) == RECOVERY:
        return False
    return not incident.is_open or alert.at < incident.opened_at or alert.alarm_key not in incident.alarms


def _plan_word(alert: Alert, before: Incident | None, after: Incident | None, settings: Settings, made: Plan) -> None:
    """An escalation or an acknowledgement, which the table may know already, since others write there as well."""
    current = after if after is not None else before
    if current is not None and same_opening(current, alert.opened_at):
        if alert.source == "escalation":
            wanted = current.status == "open" and rank(current.worst) < rank(CRITICAL)
            if wanted:
                made.changes.append(_change(ESCALATED, alert, (alert.key,), current, settings, since=current.opened_at))
                return
        elif current.status != "stale":
            taken = current if current.acknowledged_by else replace(current, acknowledged_by=alert.by)
            made.changes.append(_change(ACKNOWLEDGED, alert, (alert.key,), taken, settings, since=current.opened_at))
            return
    made.quiet.append(alert.key)


def _state_change(
    before: Incident | None, after: Incident, effective: list[Alert]
) -> tuple[str, Alert, datetime | None] | None:
    """What happened, the alert that says it best, and when what is over began. None where it is not worth a word."""
    if not effective:
        return None
    alarms = [alert for alert in effective if alert.state == ALARM]
    ends = [alert for alert in effective if alert.state == OK]
    blind = [alert for alert in effective if alert.state == NO_DATA]
    was_open = before is not None and before.is_open
    highest = max(alarms, key=lambda alert: (rank(severity_of(alert)), alert.at)) if alarms else None
    if after.is_open and not was_open:
        return (OPENED, highest or effective[-1], None)
    if after.is_open and was_open and before is not None:
        if rank(after.severity) > rank(before.severity):
            return (RAISED, highest or effective[-1], before.opened_at)
        if rank(after.severity) < rank(before.severity):
            lower = [alert for alert in alarms if severity_of(alert) == after.severity]
            return (EASED, (lower or ends or effective)[-1], before.opened_at)
        same = [alert for alert in alarms if rank(severity_of(alert)) >= rank(after.severity)]
        if same and stamp(after.opened_at) != stamp(before.opened_at):
            return (OPENED, same[-1], None)
        if same:
            return (REPEATED, same[-1], before.opened_at)
        return (UNKNOWN_DATA, blind[-1], before.opened_at) if blind else None
    if was_open and before is not None:
        return (RECOVERED, (ends or effective)[-1], before.opened_at)
    if highest is not None:
        return (PASSED, highest, after.opened_at)
    return (UNKNOWN_DATA, blind[-1], None) if blind else None


def _change(
    what: str,
    alert: Alert,
    keys: tuple[str, ...],
    after: Incident | None,
    settings: Settings,
    *,
    since: datetime | None = None,
    again: bool = False,
) -> Change:
    identity = _identity(alert, after, settings)
    severity = _severity(what, alert, after)
    tags = tags_of(alert)
    told = after.channels if after is not None and what != OPENED else ()
    channels = route(settings.channels, severity, tags.get("channels", ""), told)
    if what in (RECOVERED, ACKNOWLEDGED, UNKNOWN_DATA, EASED) and told:
        # Where it was told that it began, and nowhere else.
        names = {channel.name for channel in settings.channels}
        channels = tuple(name for name in told if name in names) or channels
    return Change(what, alert, keys, identity, severity, channels, after, since, again, tags)


def _identity(alert: Alert, after: Incident | None, settings: Settings) -> Identity:
    if alert.stateful:
        return identify(alert, settings.environment)
    parts = (alert.incident or (after.identity if after else "")).split("/", 3)
    if len(parts) < 3:
        return Identity(settings.environment, "", parts[-1])
    return Identity(parts[0], parts[1], parts[2], parts[3] if len(parts) > 3 else "")


def _severity(what: str, alert: Alert, after: Incident | None) -> str:
    if what == ESCALATED:
        return CRITICAL
    if after is not None and what in (OPENED, RAISED, EASED, REPEATED, UNKNOWN_DATA):
        return after.severity
    if after is not None and what in (RECOVERED, ACKNOWLEDGED, PASSED):
        return max(after.worst, after.severity, key=rank)
    return severity_of(alert)


def _told_as_it_is(alert: Alert, settings: Settings) -> Change:
    what = {"raw": RAW, "drill": DRILL}.get(alert.source, EVENT)
    tags = tags_of(alert)
    severity = severity_of(alert)
    service = tags.get("service") or alert.extra.get("service", "")
    identity = Identity(settings.environment, service, "", alert.resource)
    named = tags.get("channels", "") or alert.extra.get("channels", "")
    channels = route(settings.channels, severity, named)
    return Change(what, alert, (alert.key,), identity, severity, channels, tags=tags)
