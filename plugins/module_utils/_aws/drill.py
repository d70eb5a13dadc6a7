# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill through the account: send, watch the table, and look for the link that broke. One small function per call."""

from __future__ import annotations

import json
import time
import urllib.error
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.module_utils.urls import open_url

from . import drill_model as model
from .errors import ApiError, Fate
from .session import Aws

_ABSENT = (
    "NotFound",
    "NotFoundException",
    "ResourceNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
)

POLL = 1.0
"""Seconds between two looks at the table."""

_LOOKS = 10
"""How often the dead letters are looked at, ten messages each time."""


class Account:
    """The alert channel of one environment in an account."""

    def __init__(self, aws: Aws, names: model.Names) -> None:
        self._aws = aws
        self._names = names
        self._account = ""

    def _topic_arn(self, severity: str) -> str:
        if not self._account:
            self._account = str(self._aws.call("sts", "GetCallerIdentity")["Account"])
        topic = self._names.topic(severity)
        return f"arn:{self._aws.partition}:sns:{self._aws.region}:{self._account}:{topic}"

    # -- sending

    def publish(self, path: model.Path, drill: str) -> None:
        """Publish a drill to the topic of a path."""
        path.item = f"{drill}/{path.severity}"
        try:
            self._aws.call(
                "sns",
                "Publish",
                TopicArn=self._topic_arn(path.severity),
                Subject="Test of the alert path",
                Message=model.text_of(drill, path.severity, path.severity),
            )
        except ApiError as error:
            said = str(error)
            if error.code in _ABSENT:
                said = f"there is no topic {self._names.topic(path.severity)}: run the role alert_channel."
            path.broken = (model.TOPIC, said)

    # -- watching

    def items(self, drill: str) -> dict[str, dict[str, Any]]:
        """What the relay has noted of a drill and of those whose ids begin with its id, by sort key."""
        found = {}
        for item in self._aws.pages(
            "dynamodb",
            "Query",
            "Items",
            token="ExclusiveStartKey",
            following="LastEvaluatedKey",
            TableName=self._names.table,
            KeyConditionExpression="#kind = :kind AND begins_with(#id, :drill)",
            ExpressionAttributeNames={"#kind": "kind", "#id": "id"},
            ExpressionAttributeValues={":kind": {"S": "drill"}, ":drill": {"S": drill}},
            ConsistentRead=True,
        ):
            found[item["id"]["S"]] = {name: next(iter(value.values())) for name, value in item.items()}
        return found

    def watch(
        self,
        paths: Sequence[model.Path],
        drill: str,
        timeout: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> dict[str, dict[str, Any]]:
        """Wait until all have arrived, or the time is over; what the relay has noted of them."""
        began = clock()
        items: dict[str, dict[str, Any]] = {}
        while any(path.waiting for path in paths):
            items = self.items(drill)
            now = clock() - began
            for path in paths:
                if path.waiting and items.get(path.item, {}).get("posted"):
                    path.seconds = round(now, 1)
            if now >= timeout or not any(path.waiting for path in paths):
                break
            sleep(POLL)
        return items

    # -- looking for what broke

    def evidence(self, severities: Sequence[str], drill: str, since: float) -> model.Evidence:
        """All that can be seen of the account.

        :param since: when the drill began, in seconds since the epoch.
        """
        seen = model.Evidence()
        for severity in severities:
            seen.subscribed[severity] = self._subscribed(severity)
        depth = self._depth(self._names.queue)
        seen.waiting, seen.in_flight = (None, 0) if depth is None else depth
        dead = self._depth(self._names.dead)
        seen.dead_queue = dead is not None
        if dead is not None and any(dead):
            seen.dead = self._dead(drill)
        self._look_at_relay(seen, since)
        return seen

    def _subscribed(self, severity: str) -> bool | None:
        try:
            return any(
                item["Protocol"] == "sqs" and str(item["Endpoint"]).rpartition(":")[2] == self._names.queue
                for item in self._aws.pages(
                    "sns", "ListSubscriptionsByTopic", "Subscriptions", TopicArn=self._topic_arn(severity)
                )
            )
        except ApiError as error:
            if error.code in _ABSENT:
                return None
            raise

    def _url(self, queue: str) -> str | None:
        try:
            return str(self._aws.call("sqs", "GetQueueUrl", QueueName=queue)["QueueUrl"])
        except ApiError as error:
            if error.code in _ABSENT:
                return None
            raise

    def _depth(self, queue: str) -> tuple[int, int] | None:
        url = self._url(queue)
        if url is None:
            return None
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._aws.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found.get(names[0], 0)), int(found.get(names[1], 0))

    def _dead(self, drill: str) -> frozenset[str]:
        """The drills of ours in the dead letters. They stay there: nobody else is kept from seeing them."""
        url = self._url(self._names.dead)
        found: set[str] = set()
        known: set[str] = set()
        for _look in range(_LOOKS if url else 0):
            messages = self._aws.call(
                "sqs",
                "ReceiveMessage",
                QueueUrl=url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=0,
            ).get("Messages", [])
            fresh = [message for message in messages if message["MessageId"] not in known]
            if not fresh:
                break
            known.update(message["MessageId"] for message in fresh)
            found.update(key for message in fresh if (key := _drill_in(message["Body"], drill)))
        return frozenset(found)

    def _look_at_relay(self, seen: model.Evidence, since: float) -> None:
        name = self._names.relay
        try:
            answer = self._aws.call("lambda", "GetFunctionConcurrency", FunctionName=name)
        except ApiError as error:
            if error.code in _ABSENT:
                seen.relay = False
                return
            raise
        seen.concurrency = answer.get("ReservedConcurrentExecutions", -1)
        for item in self._aws.pages(
            "lambda",
            "ListEventSourceMappings",
            "EventSourceMappings",
            token="Marker",
            following="NextMarker",
            FunctionName=name,
        ):
            if str(item["EventSourceArn"]).rpartition(":")[2] == self._names.queue and item.get("State") != "Deleting":
                seen.source = str(item.get("State") or "")
        try:
            lines = [
                str(event.get("message") or "")
                for event in self._aws.pages(
                    "logs",
                    "FilterLogEvents",
                    "events",
                    token="nextToken",
                    logGroupName=f"/aws/lambda/{name}",
                    startTime=int(since * 1000),
                )
            ]
        except ApiError as error:
            # Without the log there is less to say, and the rest of it is said all the same.
            if error.fate is Fate.UNREACHABLE:
                raise
            lines = []
        seen.trouble = model.trouble_in(lines)


def _drill_in(body: str, drill: str) -> str:
    """The sort key of a drill of ours in a message of the queue, or nothing."""
    try:
        data = json.loads(body)
        if isinstance(data, Mapping) and isinstance(data.get("Message"), str):
            data = json.loads(data["Message"])
    except ValueError:
        return ""
    if not isinstance(data, Mapping):
        return ""
    if data.get("kumawatch_drill") == drill:
        return f"{drill}/{data.get('path')}"
    uptime = data.get("kumawatch_uptime")
    said = str(uptime.get("msg") or "") if isinstance(uptime, Mapping) else ""
    for word in said.split():
        if word.startswith(drill):
            return f"{word}/kuma"
    return ""


def knock(path: model.Path, url: str, token: str, drill: str, timeout: float) -> None:
    """Send a drill to the front door, as Uptime Kuma would."""
    path.item = f"{drill}/kuma"
    reason = ""
    try:
        open_url(
            f"{url.rstrip('/')}/uptime-kuma",
            data=model.notification_of(drill).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
            method="POST",
            timeout=timeout,
        ).close()
        return
    except urllib.error.HTTPError as error:
        with error:
            said = {
                401: "it refused the token: run the role alert_channel",
                403: "its address is not public: run the role alert_channel",
            }
            reason = said.get(error.code, f"it answered {error.code}: see the log of its function")
    except (OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        reason = f"it cannot be reached ({cause}): check the address and the network"
    path.broken = (model.DOOR, f"{reason}.")
