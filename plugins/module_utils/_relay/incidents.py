# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Incidents: which alert belongs to which, and what it changes (pure).

Warning and critical of one thing are one incident with one thread. Messages may arrive twice and in any order, so an
incident remembers of each alarm what its newest known state is and since when; what is older changes nothing.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from .._google_chat.threads import thread_key
from .alert import ALARM, CRITICAL, NO_DATA, OK, SEVERITIES, WARNING, Alert, rank
from .store import INCIDENT, KEPT_OPEN, item

OPEN = "open"
ACKNOWLEDGED = "acknowledged"
RECOVERED = "recovered"
STALE = "stale"

HELD = "HELD"
"""State of an alarm that gave way to a more urgent one, of which nothing has arrived yet: the incident stays open."""

UNDER = "UNDER"
"""State of an alarm that gave way to a more urgent one. When that ends, this one may begin again at once."""

ENDED = "ENDED"
"""State of an alarm that speaks for the end of all the others of its incident, once it has spoken."""

NOTIFY = "notify-"
"""Begins the last part of the name of an alarm that only tells: ``notify-warning`` tells of a warning that is not
critical at the same time, ``notify-critical`` of a critical one, ``notify-recovery`` of the end of both."""

RECOVERY = "recovery"

SETTLE = timedelta(seconds=10)
"""How long the end of an alarm waits for the one under it to begin again."""

SAME_THREAD = timedelta(minutes=15)
"""An incident that begins again within this time after its end goes on in the same thread."""

TOO_LATE = timedelta(hours=6)
"""An alarm that arrives that late is told, and opens its incident, but is no longer escalated by time."""

FORGOTTEN = timedelta(days=7)
"""An open incident of which nothing was heard for so long is over: its alarm may have been deleted."""

MAX_ALARMS = 60
"""The alarms of one incident that are remembered, such as the contributors of a fleet's."""


@dataclass(frozen=True)
class Identity:
    """What an alert is about. The environment and the name alone where there is no service."""

    environment: str
    service: str
    kind: str
    resource: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.environment, self.service, self.kind, self.resource) if part)


@dataclass(frozen=True)
class Last:
    """The newest known state of an alarm."""

    state: str
    at: datetime
    severity: str


@dataclass(frozen=True)
class Incident:
    """One thing that is or was wrong.

    :param severity: the highest of the alarms that are on; after the end, the highest that it had.
    :param worst: the highest that it had since it was opened.
    :param alarms: the newest known state of each of its alarms.
    :param channels: where it was told, so that its end is told there as well.
    :param threads: the thread in a channel where it is another one, since a digest told of it there.
    :param version: how often it was written, for conditional writes; 0 for one that is not stored yet.
    """

    identity: str
    status: str
    opened_at: datetime
    thread: str = ""
    severity: str = WARNING
    worst: str = WARNING
    alarms: t.Mapping[str, Last] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    threads: t.Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    alarm: str = ""
    alarm_arn: str = ""
    recovered_at: datetime | None = None
    escalated_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    updated_at: datetime | None = None
    late: bool = False
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.status in (OPEN, ACKNOWLEDGED)

    @property
    def firing(self) -> list[Last]:
        """The alarms that are on."""
        return [last for last in self.alarms.values() if last.state in (ALARM, HELD)]


def tags_of(alert: Alert) -> t.Mapping[str, str]:
    """The tags, none where they are not known."""
    return alert.tags or {}


def identify(alert: Alert, environment: str) -> Identity:
    """The identity of ``alert``: from its tags, from its name where it is built as ours are, or the name itself."""
    tags = tags_of(alert)
    parts = alert.name.split("/")
    ours = parts[-1] in SEVERITIES or parts[-1].startswith(NOTIFY)
    named = alert.source == "alarm" and len(parts) >= 4 and ours and all(parts[:3])
    resource = tags.get("resource", "") or ("/".join(parts[3:-1]) if named else "")
    if alert.contributor:
        resource = "/".join(filter(None, (resource, alert.resource or alert.contributor)))
    service = tags.get("service") or (parts[1] if named else "")
    kind = tags.get("kind") or (parts[2] if named else "")
    where = tags.get("environment") or (parts[0] if named else "") or environment
    if alert.source == "uptime":
        return Identity(where, service, "uptime", "" if service == alert.name else alert.name)
    if service and kind:
        return Identity(where, service, kind, resource)
    return Identity(environment, service, kind or alert.name, resource)


def severity_of(alert: Alert) -> str:
    """How urgent ``alert`` is: by its tag, by its name, by the topic it came from."""
    tagged = tags_of(alert).get("severity", "").lower()
    if tagged in SEVERITIES:
        return tagged
    last = alert.name.rpartition("/")[2].removeprefix(NOTIFY)
    if alert.source == "alarm" and last in SEVERITIES:
        return last
    return alert.severity or (WARNING if alert.stateful else "info")


def speaks_of(alarm: str) -> str:
    """What an alarm that only tells tells of: ``warning``, ``critical`` or ``recovery``; empty for any other.

    :param alarm: its name or ARN, with or without a contributor behind it.
    """
    last = alarm.partition("|")[0].rpartition("/")[2]
    return last.removeprefix(NOTIFY) if last.startswith(NOTIFY) else ""


def superseded(alert: Alert, identity: str, environment: str) -> bool:
    """Whether a composite alarm went back to OK only because a more urgent alarm of the same incident took over."""
    if alert.state != OK:
        return False
    mine = rank(severity_of(alert))
    for child in alert.children:
        if child.state != ALARM:
            continue
        other = Alert(key="", source="alarm", title="", at=alert.at, name=child.alarm)
        if str(identify(other, environment)) == identity and rank(severity_of(other)) > mine:
            return True
    return False


def apply(incident: Incident | None, alert: Alert, identity: str, environment: str) -> Incident:
    """``incident`` after ``alert``; unchanged, or a closed one, where the alert changes nothing.

    :param incident: None where nothing is known of it.
    """
    if alert.source == "escalation":
        return _escalated(incident, alert)
    if alert.source == "acknowledged":
        return _acknowledged(incident, alert)
    severity = severity_of(alert)
    name = alert.alarm_key
    if incident is None:
        incident = Incident(identity=identity, status=RECOVERED, opened_at=alert.at, severity=severity, worst=severity)
    known = incident.alarms.get(name)
    if _over_before(incident, alert, severity):
        return incident
    if known is not None and (alert.at < known.at or (alert.at == known.at and alert.state == known.state)):
        return incident  # older than what is known
    state = alert.state
    if state == NO_DATA and known is not None and known.state == ALARM:
        state = ALARM  # no data is no recovery
    elif state == OK and any(rank(last.severity) > rank(severity) for last in incident.firing):
        state = UNDER
    elif superseded(alert, identity, environment):
        state = HELD
    alarms = {
        other: replace(last, state=UNDER) if last.state == HELD and rank(last.severity) < rank(severity) else last
        for other, last in incident.alarms.items()
    }
    spoken = speaks_of(name)
    if spoken == RECOVERY:
        # It tells of the end of all the others, which do not tell of it themselves.
        state = ENDED
        alarms = {other: replace(last, state=OK) if last.at <= alert.at else last for other, last in alarms.items()}
    elif spoken and state == ALARM:
        # It is on only while nothing more urgent is.
        alarms = {
            other: replace(last, state=OK) if last.at <= alert.at and rank(last.severity) > rank(severity) else last
            for other, last in alarms.items()
        }
    alarms[name] = Last(state, alert.at, severity)
    changed = replace(incident, alarms=_newest(alarms), updated_at=_latest(incident.updated_at, alert.at))
    on = changed.firing
    if on:
        highest = max((last.severity for last in on), key=rank)
        if not incident.is_open:
            changed = _opened(changed, alert)
        return replace(changed, severity=highest, worst=max(changed.worst, highest, key=rank))
    if incident.is_open:
        return replace(changed, status=RECOVERED, recovered_at=alert.at)
    return changed


def _over_before(incident: Incident, alert: Alert, severity: str) -> bool:
    """Whether what ``alert`` tells of is known to be over already, from an alarm that speaks for others."""
    if speaks_of(alert.alarm_key) == RECOVERY:
        return alert.state != OK
    if alert.state != ALARM:
        return False
    for name, last in incident.alarms.items():
        if last.at < alert.at:
            continue
        if last.state == ENDED:
            return True
        if last.state == ALARM and speaks_of(name) and rank(last.severity) < rank(severity):
            return True
    return False


def escalating(incident: Incident, now: datetime, after: timedelta) -> bool:
    """Whether nobody has taken a warning for so long that it is due to be published as critical."""
    return (
        incident.status == OPEN
        and incident.severity == WARNING
        and incident.worst == WARNING
        and incident.escalated_at is None
        and not incident.late
        and incident.opened_at + after <= now
    )


def forgotten(incident: Incident, now: datetime) -> bool:
    """Whether an open incident is over because nothing was heard of it for too long."""
    return incident.is_open and (incident.updated_at or incident.opened_at) + FORGOTTEN <= now


def unsettled(before: Incident | None, after: Incident, now: datetime) -> bool:
    """Whether the end of an incident should wait, since a less urgent alarm of it may begin again at once."""
    return (
        before is not None
        and before.is_open
        and not after.is_open
        and any(last.state == UNDER for last in after.alarms.values())
        and after.recovered_at is not None
        # The alarm's clock is another one: one that is far ahead is not waited for.
        and abs(now - after.recovered_at) < SETTLE
    )


def take(incident: Incident, by: str, now: datetime) -> Incident:
    """``incident`` as taken by ``by``; the first one who took it stays the one."""
    if incident.status != OPEN:
        return incident
    return replace(incident, status=ACKNOWLEDGED, acknowledged_by=by, acknowledged_at=now)


def mark_late(incident: Incident, now: datetime) -> Incident:
    """``incident`` as one that is too old to be escalated by time, where it is."""
    return replace(incident, late=True) if incident.is_open and incident.opened_at + TOO_LATE < now else incident


def _opened(incident: Incident, alert: Alert) -> Incident:
    again = (
        bool(incident.thread) and incident.recovered_at is not None and alert.at - incident.recovered_at <= SAME_THREAD
    )
    thread = incident.thread if again else thread_key("kumawatch", incident.identity, stamp(alert.at))
    return replace(
        incident,
        status=OPEN,
        opened_at=alert.at,
        thread=thread,
        worst=severity_of(alert),
        channels=incident.channels if again else (),
        threads=incident.threads if again else {},
        alarm=alert.name,
        alarm_arn=alert.arn,
        recovered_at=None,
        escalated_at=None,
        acknowledged_at=None,
        acknowledged_by="",
        late=False,
    )


def _escalated(incident: Incident | None, alert: Alert) -> Incident:
    if incident is None or not same_opening(incident, alert.opened_at):
        return incident or _unknown(alert)
    if incident.status != OPEN or rank(incident.worst) >= rank(CRITICAL):
        return incident  # taken, over, or known to be critical by now: nobody is woken twice
    return replace(incident, escalated_at=incident.escalated_at or alert.at)


def _acknowledged(incident: Incident | None, alert: Alert) -> Incident:
    if incident is None or not same_opening(incident, alert.opened_at):
        return incident or _unknown(alert)
    return take(incident, alert.by, alert.at)


def same_opening(incident: Incident, opened_at: str) -> bool:
    """Whether ``opened_at`` names this time that the incident was opened, and not an earlier one."""
    return not opened_at or stamp(incident.opened_at) == opened_at


def _unknown(alert: Alert) -> Incident:
    return Incident(identity=alert.incident, status=RECOVERED, opened_at=alert.at)


def _newest(alarms: t.Mapping[str, Last]) -> dict[str, Last]:
    if len(alarms) <= MAX_ALARMS:
        return dict(alarms)
    # Those that are on come first: forgetting one of them would end the incident.
    order = sorted(alarms.items(), key=lambda item: (item[1].state in (ALARM, HELD), item[1].at), reverse=True)
    return dict(order[:MAX_ALARMS])


def _latest(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else max(first, second)


# -- to and from what the table keeps


def stamp(moment: datetime) -> str:
    """A moment as text, in UTC; sorts as time goes."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_item(incident: Incident) -> dict[str, t.Any]:
    """``incident`` as attributes of an item."""
    item: dict[str, t.Any] = {
        "identity": incident.identity,
        "status": incident.status,
        "opened_at": stamp(incident.opened_at),
        "thread": incident.thread,
        "severity": incident.severity,
        "worst": incident.worst,
        "alarms": {
            name: {"state": last.state, "at": stamp(last.at), "severity": last.severity}
            for name, last in incident.alarms.items()
        },
        "channels": list(incident.channels),
        "threads": dict(incident.threads),
        "title": incident.title,
        "alarm": incident.alarm,
        "alarm_arn": incident.alarm_arn,
        "acknowledged_by": incident.acknowledged_by,
        "late": incident.late,
    }
    for name in _MOMENTS:
        moment = getattr(incident, name)
        if moment is not None:
            item[name] = stamp(moment)
    return item


def from_item(item: t.Mapping[str, t.Any]) -> Incident:
    """The incident in ``item``.

    :raises ValueError: it is none that was written by :func:`to_item`.
    """
    try:
        return Incident(
            identity=item["identity"],
            status=item["status"],
            opened_at=datetime.fromisoformat(item["opened_at"]),
            thread=item["thread"],
            severity=item["severity"],
            worst=item["worst"],
            alarms={
                name: Last(last["state"], datetime.fromisoformat(last["at"]), last["severity"])
                for name, last in item["alarms"].items()
            },
            channels=tuple(item["channels"]),
            threads=dict(item["threads"]),
            title=item["title"],
            alarm=item["alarm"],
            alarm_arn=item["alarm_arn"],
            acknowledged_by=item["acknowledged_by"],
            late=item["late"],
            version=int(item.get("version", 0)),
            **{name: datetime.fromisoformat(item[name]) for name in _MOMENTS if item.get(name)},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no incident: {type(error).__name__} at {error}") from None


def entry(incident: Incident, now: datetime) -> dict[str, t.Any]:
    """The item of ``incident``."""
    made = item(INCIDENT, incident.identity, to_item(incident), now.timestamp())
    if incident.is_open:
        made["expires"] = int(now.timestamp()) + KEPT_OPEN
    return made


_MOMENTS = ("recovered_at", "escalated_at", "acknowledged_at", "updated_at")
