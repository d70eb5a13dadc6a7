# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in the shapes that AWS and Uptime Kuma send, and what stands in for the edges of the relay."""

from __future__ import annotations

import itertools
import json
import typing as t
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.incidents import Incident
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.post import Outcome
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.run import Relay, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.settings import Settings
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.store import MemoryStore, Store

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"
TOPICS = {
    name: f"arn:aws:sns:eu-central-1:123456789012:kumawatch-production-{name}"
    for name in ("critical", "warning", "info")
}


def when(seconds: float) -> str:
    """A moment as CloudWatch writes it, ``seconds`` after :data:`NOW`."""
    moment = NOW + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def alarm(
    name: str = "production/api/cpu/i-0abc/warning",
    state: str = "ALARM",
    at: float = 0,
    *,
    old: str | None = None,
    value: float = 90.5,
    threshold: float = 80,
    **more: t.Any,
) -> dict[str, t.Any]:
    """What a metric alarm sends to a topic."""
    beyond = "were greater than" if state == "ALARM" else "was not greater than"
    points = f"5 out of the last 5 datapoints [{value} (27/11/26 09:59:00), 88.0 (27/11/26 09:58:00)]"
    if state != "ALARM":
        points = f"1 out of the last 5 datapoints [{value} (27/11/26 09:59:00)]"
    return {
        "AlarmName": name,
        "AlarmDescription": None,
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2026-11-01T08:00:00.000+0000",
        "NewStateValue": state,
        "NewStateReason": f"Threshold Crossed: {points} {beyond} the threshold ({float(threshold)}) "
        "(minimum 5 datapoints for OK -> ALARM transition).",
        "StateChangeTime": when(at),
        "Region": "EU (Frankfurt)",
        "AlarmArn": ARN + name,
        "OldStateValue": old or ("OK" if state == "ALARM" else "ALARM"),
        "OKActions": [TOPICS["warning"]],
        "AlarmActions": [TOPICS["warning"]],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/EC2",
            "StatisticType": "Statistic",
            "Statistic": "AVERAGE",
            "Unit": None,
            "Dimensions": [{"value": "i-0abc", "name": "InstanceId"}],
            "Period": 60,
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": float(threshold),
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
        **more,
    }


def composite(name: str, state: str, at: float, children: Mapping[str, str], **more: t.Any) -> dict[str, t.Any]:
    """What a composite alarm sends; ``children`` are those that moved it, by name with their states."""
    message = alarm(name, state, at, **more)
    del message["Trigger"]
    message["NewStateReason"] = f"{ARN}x transitioned to {state} at Friday 27 November, 2026 10:00:00 UTC"
    message["AlarmRule"] = f'ALARM("{name}/raw")'
    message["TriggeringChildren"] = [
        {"Arn": ARN + child, "State": {"Value": value, "Timestamp": when(at)}} for child, value in children.items()
    ]
    return message


_numbers = itertools.count(1)


def record(
    message: t.Any, topic: str | None = "warning", *, receives: int = 1, identity: str | None = None, **more: t.Any
) -> dict[str, t.Any]:
    """A message of the queue, as Lambda gets it; with ``topic`` None as raw delivery makes it."""
    number = next(_numbers)
    text = message if isinstance(message, str) else json.dumps(message)
    name = identity or f"sns-{number}"
    envelope = {
        "Type": "Notification",
        "MessageId": name,
        "TopicArn": TOPICS.get(topic or "", ""),
        "Subject": "ALARM",
        "Message": text,
        "Timestamp": "2026-11-27T10:00:00.123Z",
        "SignatureVersion": "1",
        "Signature": "c2lnbmF0dXJl",
        "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
    }
    return {
        "messageId": f"sqs-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": text if topic is None else json.dumps(envelope),
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": str(int(NOW.timestamp() * 1000)),
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:kumawatch-production-alerts",
        **more,
    }


class Spaces:
    """Spaces that take every message, and none twice under one request id; ``refusing`` says what they take not."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, t.Any]]] = []
        self.taken: dict[str, int] = {}
        self.refusing: t.Callable[[str], Outcome | None] = lambda channel: None
        self.same: dict[str, str] = {}

    def begin(self) -> None:
        pass

    def space(self, channel: str) -> str:
        return self.same.get(channel, channel)

    def post(self, channel: str, message: Mapping[str, t.Any], request_id: str, deadline: float) -> Outcome:
        refused = self.refusing(channel)
        if refused is not None and refused.certain:
            return refused
        if request_id not in self.taken:
            self.taken[request_id] = len(self.messages)
            self.messages.append((channel, dict(message)))
        return refused or Outcome(True)

    def since(self, count: int) -> list[dict[str, t.Any]]:
        return [message for _channel, message in self.messages[count:]]


class Rig:
    """A relay with a table in memory and a clock that a test turns."""

    def __init__(self, settings: Settings | None = None, store: Store | None = None) -> None:
        self.settings = settings or Settings(
            environment="production", topics=TOPICS, region="eu-central-1", runbooks="https://docs.example.com/runbooks"
        )
        self.memory = MemoryStore()
        self.spaces = Spaces()
        self.now = NOW.timestamp() + 5
        self.logged: list[tuple[str, dict[str, t.Any]]] = []
        self.relay = Relay(
            settings=self.settings,
            store=store or self.memory,
            spaces=self.spaces,
            log=lambda what, **facts: self.logged.append((what, facts)),
            clock=lambda: self.now,
            acknowledge=acknowledge,
        )

    def run(self, *records: Mapping[str, t.Any]) -> dict[str, float]:
        """Work on a batch; what comes back."""
        return run(self.relay, records, self.now + 60)

    def tell(self, *messages: t.Any) -> list[dict[str, t.Any]]:
        """Send messages as one batch; what was posted."""
        count = len(self.spaces.messages)
        assert self.run(*[record(message) for message in messages]) == {}
        return self.spaces.since(count)


def acknowledge(incident: Incident) -> str:
    return f"https://door.example.com/acknowledge?incident={incident.identity.replace(' ', '')}"


def texts(message: t.Any) -> str:
    """Everything that a reader sees of a message, one below the other."""
    found: list[str] = []

    def walk(value: t.Any, name: str = "") -> None:
        if isinstance(value, Mapping):
            for key, entry in value.items():
                walk(entry, key)
        elif isinstance(value, (list, tuple)):
            for entry in value:
                walk(entry, name)
        elif isinstance(value, str) and name in ("title", "subtitle", "text", "topLabel", "bottomLabel", "header"):
            found.append(value)

    walk(message.get("cardsV2", message))
    return "\n".join(found)


def buttons(message: t.Any) -> dict[str, str]:
    """The addresses behind the buttons, by their labels."""
    return {
        button["text"]: button["onClick"]["openLink"]["url"]
        for section in message["cardsV2"][0]["card"]["sections"]
        for widget in section["widgets"]
        for button in widget.get("buttonList", {}).get("buttons", [])
    }


def titles(messages: Sequence[t.Any]) -> list[str]:
    """The first lines of messages, as a phone shows them."""
    return [message["fallbackText"] for message in messages]
