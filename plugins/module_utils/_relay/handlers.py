# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lambda functions: the environment, the clients of AWS, and nothing that needs thinking about."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
import traceback
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from .._errors import KumawatchError
from . import front, sign
from .alert import Alert
from .escalation import escalate as run_escalation
from .inbox import Inbox
from .incidents import Incident, stamp
from .post import Poster, scrub
from .run import PATIENT_RECEIVES, Relay, receives, run
from .secrets import Vault, fetcher
from .settings import Settings, read_settings
from .store import DynamoStore, MemoryStore, Store, StoreError

Event = Mapping[str, t.Any]

MAX_LOOKUPS = 40
"""The alarms of a batch whose tags are asked for, a tenth of a second each; the names of the others say enough."""

TAGS_KEPT = 600.0
"""Seconds for which the tags of an alarm are not asked for again."""

RETRY = 30.0
"""Seconds after which what could not be worked on for want of the table comes again."""

_DEFAULT_SECONDS = 60.0


def relay(event: Event, context: t.Any = None) -> dict[str, t.Any]:
    """Tell Google Chat what a batch of the queue holds; answers which messages have to come again."""
    deadline = time.time() + _remaining(context)
    inbox = Inbox(_client, event.get("Records", []), log)
    inbox.gather()
    try:
        failures = _relay(_store(), inbox.records, deadline)
    except StoreError as error:
        log("table unusable", reason=str(error))
        failures = _without_table(inbox.records, deadline)
    except Exception as error:  # a fault of ours, which one message brought to light
        log("failed together", reason=type(error).__name__, where=traceback.format_tb(error.__traceback__)[-1])
        failures = _one_by_one(inbox.records, deadline)
    inbox.settle(failures)
    return {"batchItemFailures": [{"itemIdentifier": name} for name in inbox.failed(failures)]}


def _one_by_one(records: Sequence[Mapping[str, t.Any]], deadline: float) -> dict[str, float]:
    """What cannot be told together is told message by message, and only the one at fault goes on failing."""
    failures: dict[str, float] = {}
    for record in records:
        try:
            failures |= _relay(_store(), [record], deadline)
        except Exception as error:
            log("failed", message=str(record.get("messageId")), reason=type(error).__name__)
            failures[str(record.get("messageId"))] = RETRY
    return failures


def _without_table(records: Sequence[Mapping[str, t.Any]], deadline: float) -> dict[str, float]:
    """What waited for the table for long enough is told without it: told twice is better than not told."""
    failures = {str(record["messageId"]): RETRY for record in records}
    patient = [record for record in records if receives(record) >= PATIENT_RECEIVES]
    if patient:
        for record in patient:
            del failures[str(record["messageId"])]
        failures |= _relay(MemoryStore(), patient, deadline)
    return failures


def front_door(event: Event, _context: t.Any = None) -> dict[str, t.Any]:
    """Answer a request to the function URL, or, invoked directly, acknowledge an incident."""
    door = _door()
    if "acknowledge" in event:
        return _direct(door, event)
    try:
        return front.handle(door, front.request_of(event))
    except KumawatchError as error:
        log("front door", reason=str(error))
        body = json.dumps({"error": "This cannot be done at the moment; try again in a minute."})
        return {"statusCode": 503, "headers": {"Content-Type": "application/json"}, "body": body}


def escalate(event: Event | None = None, _context: t.Any = None) -> dict[str, t.Any]:
    """Publish as critical what nobody has taken; or, given ``{"acknowledge": IDENTITY, "by": NAME}``, take it."""
    if event and "acknowledge" in event:
        return _direct(_door(), event)
    report = run_escalation(_settings(), _store(), _publish, datetime.now(UTC), log)
    return {"escalated": report.escalated, "swept": report.swept, "failed": report.failed}


def _direct(door: front.Door, event: Event) -> dict[str, t.Any]:
    """Acknowledge without a link, by whoever may invoke the function."""
    identity, by = str(event["acknowledge"]), str(event.get("by") or "somebody")
    incident, taken = front.acknowledge(door, identity, str(event.get("opened_at") or ""), by[: front.MAX_NAME])
    if incident is None:
        return {"acknowledged": False, "reason": f"There is no incident '{identity}'."}
    if not taken:
        taken_by = f", by {incident.acknowledged_by}" if incident.acknowledged_by else ""
        return {"acknowledged": False, "reason": f"The incident '{identity}' is {incident.status}{taken_by}."}
    return {"acknowledged": True, "incident": identity, "by": incident.acknowledged_by}


def log(what: str, **facts: t.Any) -> None:
    """A line of JSON in the function's log, without a secret."""
    line = json.dumps({"what": what, **facts}, ensure_ascii=False, default=str)
    sys.stdout.write(f"{scrub(line, _vault().hidden)}\n")


# -- what a container keeps


@functools.cache
def _settings() -> Settings:
    return read_settings(os.environ)


@functools.cache
def _client(service: str) -> t.Any:
    import boto3
    from botocore.config import Config

    # Short waits: a batch has a minute, and comes again.
    config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 4})
    return boto3.client(service, config=config)


@functools.cache
def _vault() -> Vault:
    settings = _settings()
    return Vault(fetcher(_client, settings.secret_id, settings.parameter))


@functools.cache
def _store() -> Store:
    settings = _settings()
    if not settings.table:
        raise KumawatchError("KUMAWATCH_TABLE is not set; it names the table of the incidents.")
    return DynamoStore(_client("dynamodb"), settings.table)


@functools.cache
def _poster() -> Poster:
    return Poster(_vault(), _store(), interval=_settings().pace)


def _relay(store: Store, records: Sequence[Mapping[str, t.Any]], deadline: float) -> dict[str, float]:
    work = Relay(
        settings=_settings(),
        store=store,
        spaces=_poster(),
        log=log,
        tags=_tags,
        describe=_describe,
        acknowledge=_acknowledge_link(),
    )
    return run(work, records, deadline)


def _acknowledge_link() -> Callable[[Incident], str | None] | None:
    settings = _settings()
    try:
        key = _vault().get().signing_key
    except KumawatchError:
        return None  # a card without the button is better than none
    if not settings.front_door_url or not key:
        return None
    return lambda incident: sign.link(
        settings.front_door_url, key, incident.identity, stamp(incident.opened_at), datetime.now(UTC)
    )


def _door() -> front.Door:
    return front.Door(_settings(), _store(), _vault().get, _publish, log, datetime.now(UTC))


def _publish(topic: str, subject: str, text: str) -> None:
    _client("sns").publish(TopicArn=topic, Subject=subject, Message=text)


_TAGS: dict[str, tuple[float, dict[str, str]]] = {}


def _tags(alerts: Sequence[Alert]) -> dict[str, dict[str, str]]:
    """The tags of alarms, as far as they can be had."""
    now = time.time()
    known = {arn: tags for arn, (until, tags) in _TAGS.items() if until > now}
    wanted = [arn for arn in dict.fromkeys(alert.arn for alert in alerts) if arn not in known]
    for arn in wanted[:MAX_LOOKUPS]:
        try:
            answer = _client("cloudwatch").list_tags_for_resource(ResourceARN=arn)
            tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
        except Exception as error:  # botocore's; an alert without tags is better than none
            log("no tags", arn=arn, reason=type(error).__name__)
            break
        _TAGS[arn] = (now + TAGS_KEPT, tags)
        known[arn] = tags
    return known


def _describe(names: Sequence[str]) -> dict[str, t.Any]:
    """What CloudWatch says of metric alarms, as far as it can be had: a hundred in a call."""
    found: dict[str, t.Any] = {}
    try:
        for start in range(0, len(names), 100):
            answer = _client("cloudwatch").describe_alarms(
                AlarmNames=list(names[start : start + 100]), AlarmTypes=["MetricAlarm"], MaxRecords=100
            )
            found |= {alarm["AlarmName"]: alarm for alarm in answer.get("MetricAlarms", [])}
    except Exception as error:  # botocore's; a card without the value is better than none
        log("not described", alarms=len(names), reason=type(error).__name__)
    return found


def _remaining(context: t.Any) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if callable(remaining) else _DEFAULT_SECONDS
