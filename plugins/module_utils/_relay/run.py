# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One batch of the queue: read, planned, posted, written down.

The order is what makes a crash at any point neither lose nor double a message:

1. ``seen``: of every alert, in which messages it is going to be.
2. ``outbox``: every message with its body, and last of all the mark that all of them are there: the batch is decided.
3. It is posted, under a request id of its own: posting it again makes no second message.
4. The incidents are brought up to date.
5. ``outbox``: the message is posted.

An alert that comes again finds its messages by ``seen``: one that was posted is done, one that is in the outbox is
posted again as it was; an alert whose batch was not decided was never posted, and is planned anew.
"""

from __future__ import annotations

import json
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from .._google_chat.cards import clip
from . import card
from .alert import CRITICAL, WARNING, Alert
from .batch import Change, advance, identity_of, plan
from .events import described, digest, read
from .incidents import NOTIFY, SETTLE, Incident, entry, from_item, severity_of, stamp
from .post import Outcome, request_id
from .settings import Settings
from .store import DRILL, INCIDENT, OUTBOX, SEEN, Key, Store, StoreError, drill_id, item, item_id

QUIET = "quiet"
"""In place of messages in a ``seen`` item: it was noted down, and there was nothing to tell."""

BACK_OFF = (15, 30, 60, 120, 240, 300)
"""The seconds after which a message that could not be posted is tried again, by how often it was received."""

MAX_BACK_OFF = 900

RESERVE = 4.0
"""The seconds that are kept for writing down what was posted."""

PATIENT_RECEIVES = 3
"""From this receive on, an alert no longer waits for a table that cannot be used: it is posted without it."""

CATCH_UP = timedelta(days=1)
"""What was told longer ago than this no longer opens an incident that is not known any more."""

MAX_CONFLICTS = 6


class Spaces(t.Protocol):
    """Where messages go; see :class:`.post.Poster`."""

    def begin(self) -> None:
        """A new batch."""

    def space(self, channel: str) -> str:
        """The space of a channel."""

    def post(self, channel: str, message: Mapping[str, t.Any], request_id: str, deadline: float) -> Outcome:
        """Post a message."""


Log = Callable[..., None]
Tags = Callable[[Sequence[Alert]], Mapping[str, Mapping[str, str]]]
Describe = Callable[[Sequence[str]], Mapping[str, Mapping[str, t.Any]]]


@dataclass
class Relay:
    """What a batch needs.

    :param tags: the tags of alarms whose messages have none, by ARN; what cannot be had is left out.
    :param describe: what CloudWatch says of metric alarms, by name; what cannot be had is left out.
    :param acknowledge: gives the address to take an incident at.
    :param log: writes a line; takes a word and what belongs to it by name.
    """

    settings: Settings
    store: Store
    spaces: Spaces
    log: Log
    tags: Tags = field(default=lambda alerts: {})
    describe: Describe = field(default=lambda names: {})
    acknowledge: Callable[[Incident], str | None] | None = None
    clock: Callable[[], float] = time.time


@dataclass
class _Message:
    """A message on its way.

    :param keys: of the alerts that it tells of.
    :param changes: what it tells; none for one of an earlier run.
    """

    name: str
    channel: str
    body: Mapping[str, t.Any]
    keys: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    thread: str = ""
    digest: bool = False


@dataclass
class _Work:
    """What is known of a batch while it is worked on."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    records: dict[str, list[Mapping[str, t.Any]]] = field(default_factory=dict)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=set)
    titles: dict[str, str] = field(default_factory=dict)
    messages: list[_Message] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    failed: dict[str, Outcome] = field(default_factory=dict)


def run(relay: Relay, records: Sequence[Mapping[str, t.Any]], deadline: float) -> dict[str, float]:
    """Tell what ``records`` of the queue hold.

    :param deadline: when everything must be done, in seconds since the epoch.
    :returns: the message ids of what has to come again, and after how many seconds.
    """
    relay.spaces.begin()
    now = datetime.fromtimestamp(relay.clock(), UTC)
    work = _Work()
    for record in records:
        alert = read(
            str(record.get("body", "")), str(record.get("messageId", "")), now, relay.settings.topics, _sent(record)
        )
        work.alerts.setdefault(alert.key, alert)
        work.records.setdefault(alert.key, []).append(record)
    _note_drills(relay, work.alerts.values(), "received", now)
    fresh, done = _sort_out(relay, work)
    _catch_up(relay, work, done, now)
    deferred = _plan(relay, work, fresh, now)
    _commit(relay, work)
    _deliver(relay, work, now, deadline)
    failures = {}
    for key, outcome in work.failed.items():
        for record in work.records[key]:
            failures[str(record["messageId"])] = _back_off(record, outcome)
    for key in deferred:
        for record in work.records[key]:
            failures[str(record["messageId"])] = SETTLE.total_seconds()
    relay.log(
        "batch",
        received=len(records),
        alerts=len(work.alerts),
        messages=len(work.messages),
        back=len(failures),
        waiting=len(deferred),
    )
    return failures


def receives(record: Mapping[str, t.Any]) -> int:
    """How often the queue has given out this message."""
    try:
        return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    except (TypeError, ValueError, AttributeError):
        return 1


def _sent(record: Mapping[str, t.Any]) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _back_off(record: Mapping[str, t.Any], outcome: Outcome) -> float:
    step = BACK_OFF[min(receives(record), len(BACK_OFF)) - 1]
    return float(min(MAX_BACK_OFF, max(step, outcome.retry_after or 0)))


# -- what was told already


def _sort_out(relay: Relay, work: _Work) -> tuple[list[Alert], dict[str, list[_Message]]]:
    """The alerts that are to be planned, and by their keys those that were told, with what told of them."""
    found = relay.store.read([(SEEN, key) for key in work.alerts])
    names = {str(each["batch"]) for each in found.values()}
    names |= {name for each in found.values() for name in each["messages"].values()}
    outbox = relay.store.read([(OUTBOX, name) for name in names - {QUIET}])
    fresh: list[Alert] = []
    done: dict[str, list[_Message]] = {}
    again: dict[str, _Message] = {}
    for key, alert in work.alerts.items():
        known = found.get((SEEN, key))
        if known is None or (known["batch"] != QUIET and (OUTBOX, known["batch"]) not in outbox):
            fresh.append(alert)
            continue
        entries = [outbox[OUTBOX, name] for name in known["messages"].values() if (OUTBOX, name) in outbox]
        if not entries and known["batch"] != QUIET:
            fresh.append(alert)
            continue
        waiting = [each for each in entries if not each.get("posted")]
        for each in waiting:
            again.setdefault(each["id"], _from_outbox(each))
        if not waiting:
            done[key] = [_from_outbox(each) for each in entries]
    work.messages += again.values()
    return fresh, done


def _catch_up(relay: Relay, work: _Work, done: Mapping[str, list[_Message]], now: datetime) -> None:
    """Bring the incidents of what was told already up to date: the one who told it may not have come to that."""
    alerts = {key: work.alerts[key] for key in done}
    identities = {key: identity_of(alert, relay.settings.environment) for key, alert in alerts.items()}
    work.incidents |= _incidents(relay, filter(None, identities.values()))
    for key, identity in identities.items():
        # What comes back out of the dead letters days later must not open an incident that is long over.
        if identity and (identity in work.incidents or alerts[key].at > now - CATCH_UP):
            _update(relay, work, identity, [alerts[key]], done[key], now)
    _note_drills(relay, alerts.values(), "posted", now)


def _from_outbox(found: Mapping[str, t.Any]) -> _Message:
    return _Message(
        name=found["id"],
        channel=found["channel"],
        body=json.loads(found.get("body", "{}")),
        keys=tuple(found.get("keys", ())),
        thread=found.get("thread", ""),
        digest=bool(found.get("digest")),
    )


# -- what is told now


def _plan(relay: Relay, work: _Work, fresh: list[Alert], now: datetime) -> list[str]:
    """Decide the messages for ``fresh``; the keys of what has to wait a little."""
    fresh = _with_measures(relay, _with_tags(relay, fresh))
    for alert in fresh:
        work.alerts[alert.key] = alert
    environment = relay.settings.environment
    identities = [identity_of(alert, environment) for alert in fresh]
    work.incidents |= _incidents(relay, filter(None, identities))
    made = plan(fresh, work.incidents, relay.settings, now)
    quiet = set(made.quiet)
    for identity, alerts in made.updates.items():
        # What there is nothing to tell of is written down at once, before it counts as seen.
        unsaid = [alert for alert in alerts if alert.key in quiet]
        if unsaid:
            _update(relay, work, identity, unsaid, (), now)
    work.quiet = quiet
    work.titles = {key: change.title for change in made.changes for key in change.keys}
    _compose(relay, work, made.changes, now)
    return made.deferred


def _with_tags(relay: Relay, alerts: Sequence[Alert]) -> list[Alert]:
    asking = [alert for alert in alerts if alert.source == "alarm" and alert.tags is None and alert.arn]
    tags = relay.tags(asking) if asking else {}
    return [
        replace(alert, tags=tags[alert.arn]) if alert.tags is None and alert.arn in tags else alert for alert in alerts
    ]


def _with_measures(relay: Relay, alerts: Sequence[Alert]) -> list[Alert]:
    """``alerts`` where composite ones have the value and the bound of the alarm behind them: their message has none."""
    behind = {alert.key: _behind(alert) for alert in alerts if alert.source == "alarm" and alert.measure is None}
    wanted = list(dict.fromkeys(name for names in behind.values() for name in names))
    found = relay.describe(wanted) if wanted else {}
    made = []
    for alert in alerts:
        # One that is no longer in the state that the alert tells of would only confuse.
        name = next((name for name in behind.get(alert.key, ()) if _agrees(found.get(name), alert)), "")
        if name:
            measure, reason, dimensions = described(found[name])
            alert = replace(alert, measure=measure, reason=reason, facts=(*alert.facts, *dimensions)[:8])
        made.append(alert)
    return made


def _behind(alert: Alert) -> list[str]:
    """The alarms that may have moved a composite one: those of its own severity first."""
    names = [child.alarm for child in alert.children]
    base, _slash, last = alert.name.rpartition("/")
    if last.startswith(NOTIFY):
        names += [f"{base}/{severity}" for severity in (CRITICAL, WARNING)]
    mine = [name for name in names if name.rpartition("/")[2] == severity_of(alert)]
    return list(dict.fromkeys([*mine, *names]))[:5]


def _agrees(described_alarm: Mapping[str, t.Any] | None, alert: Alert) -> bool:
    return described_alarm is not None and described_alarm.get("StateValue") == alert.state


def _incidents(relay: Relay, identities: Iterable[str]) -> dict[str, Incident]:
    wanted = list(dict.fromkeys(identities))
    found = relay.store.read([(INCIDENT, item_id(identity)) for identity in wanted])
    incidents = {}
    for identity in wanted:
        each = found.get((INCIDENT, item_id(identity)))
        if each is None:
            continue
        try:
            incidents[identity] = from_item(each)
        except ValueError as error:
            relay.log("unreadable incident", incident=identity, reason=str(error))
            relay.store.delete((INCIDENT, item_id(identity)))
    return incidents


def _compose(relay: Relay, work: _Work, changes: Sequence[Change], now: datetime) -> None:
    """The messages of ``changes``, for each space one after the other."""
    look = card.Look(
        environment=relay.settings.environment,
        now=now,
        zone=relay.settings.zone,
        region=relay.settings.region,
        runbooks=relay.settings.runbooks,
        acknowledge=relay.acknowledge,
    )
    by_channel: dict[str, list[Change]] = {}
    told: dict[tuple[int, str], str] = {}
    for index, change in enumerate(changes):
        for channel in change.channels:
            space = relay.spaces.space(channel)
            # Two channels may lead to one space: nobody wants to read it twice.
            if told.setdefault((index, space), channel) == channel:
                by_channel.setdefault(channel, []).append(change)
    for channel, of_channel in by_channel.items():
        for draft in card.drafts(of_channel, channel, look):
            keys = tuple(key for change in draft.changes for key in change.keys)
            name = request_id(channel, keys)
            work.messages.append(
                _Message(name, channel, draft.message, keys, draft.changes, draft.thread, draft.digest)
            )
            for key in keys:
                work.seen.setdefault(key, {})[channel] = name


def _commit(relay: Relay, work: _Work) -> None:
    """Write down what is going to be told, then the messages, and that all of them are there."""
    now = relay.clock()
    new = [message for message in work.messages if message.changes]
    # One message is its own mark.
    batch = new[0].name if len(new) == 1 else f"batch-{digest(*(message.name for message in new), str(now))}"
    entries = [item(SEEN, key, {"messages": names, "batch": batch}, now) for key, names in work.seen.items()]
    entries += [item(SEEN, key, {"messages": {}, "batch": QUIET}, now) for key in work.quiet]
    relay.store.write(entries)
    for message in new:
        relay.store.write([_outbox(message, now)])
    if len(new) > 1:
        relay.store.write([item(OUTBOX, batch, {"messages": len(new)}, now)])


def _outbox(message: _Message, now: float, posted: bool = False) -> dict[str, t.Any]:
    fields: dict[str, t.Any] = {
        "channel": message.channel,
        "posted": posted,
        "thread": message.thread,
        "digest": message.digest,
    }
    if not posted:
        fields |= {"body": json.dumps(message.body, ensure_ascii=False), "keys": list(message.keys)}
    return item(OUTBOX, message.name, fields, now)


def _deliver(relay: Relay, work: _Work, now: datetime, deadline: float) -> None:
    """Post the messages, those of earlier runs first, and write down of each what became of it."""
    end = deadline - RESERVE - 0.02 * len(work.alerts)
    for message in work.messages:
        outcome = relay.spaces.post(message.channel, message.body, message.name, end)
        if outcome.posted:
            _posted(relay, work, message, now)
            continue
        relay.log(
            "not posted",
            channel=message.channel,
            alerts=len(message.keys),
            certain=outcome.certain,
            reason=outcome.reason,
        )
        mine = [key for key in message.keys if key in work.alerts]
        work.failed |= dict.fromkeys(mine, outcome)
        _note_drills(relay, [work.alerts[key] for key in mine], "refused", now, reason=outcome.reason)
        if outcome.certain and message.changes and all(len(work.seen[key]) == 1 for key in mine):
            # It is in no space, so that it may become a part of another message the next time.
            _forget(relay, message)


def _posted(relay: Relay, work: _Work, message: _Message, now: datetime) -> None:
    alerts = [work.alerts[key] for key in message.keys if key in work.alerts]
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        identity = identity_of(alert, relay.settings.environment)
        if identity:
            groups.setdefault(identity, []).append(alert)
    work.incidents |= _incidents(relay, [identity for identity in groups if identity not in work.incidents])
    for identity, members in groups.items():
        _update(relay, work, identity, members, [message], now)
    _note_drills(relay, alerts, "posted", now)
    relay.store.write([_outbox(message, relay.clock(), posted=True)])


def _forget(relay: Relay, message: _Message) -> None:
    try:
        relay.store.delete((OUTBOX, message.name))
    except StoreError:
        pass  # then it is posted the next time as it is


def _update(
    relay: Relay,
    work: _Work,
    identity: str,
    alerts: Sequence[Alert],
    messages: Sequence[_Message],
    now: datetime,
) -> None:
    """Bring an incident up to date with ``alerts``, and with the messages that told of them."""
    current = work.incidents.get(identity)
    title = next((work.titles[alert.key] for alert in alerts if alert.key in work.titles), "")
    for _attempt in range(MAX_CONFLICTS):
        changed = advance(current, alerts, identity, relay.settings.environment, now)
        if changed is None:
            return
        for message in messages:
            changed = _told(changed, message, title)
        if current is not None and changed == current:
            return
        version = current.version if current is not None else 0
        if relay.store.replace(entry(changed, now), version):
            work.incidents[identity] = replace(changed, version=version + 1)
            return
        current = _incidents(relay, [identity]).get(identity)
    raise StoreError(f"The incident '{identity}' is being written by somebody else all the time.")


def _told(incident: Incident, message: _Message, title: str) -> Incident:
    """``incident`` with where it was told of, and what it was called there."""
    changed = replace(incident, title=clip(title, 200)) if title and not incident.title else incident
    if message.channel in changed.channels:
        return changed
    changed = replace(changed, channels=(*changed.channels, message.channel))
    if message.digest and message.thread and changed.is_open:
        # What follows belongs below the digest that told of its beginning.
        changed = replace(changed, threads={**changed.threads, message.channel: message.thread})
    return changed


def _note_drills(relay: Relay, alerts: Iterable[Alert], stage: str, now: datetime, reason: str = "") -> None:
    """How far each drill among ``alerts`` has come, for whoever asks which link broke."""
    for alert in alerts:
        if alert.source != "drill":
            continue
        key: Key = (DRILL, drill_id(alert.name, alert.path))
        fields = item(DRILL, key[1], {stage: stamp(now), "path": alert.path}, relay.clock())
        if reason:
            fields["reason"] = reason
        del fields["kind"], fields["id"]
        try:
            relay.store.merge(key, fields)
        except StoreError as error:
            relay.log("drill not noted", drill=alert.name, stage=stage, reason=str(error))
