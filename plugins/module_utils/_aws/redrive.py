# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send dead letters again: by a task of SQS, or message by message where there are no such tasks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._errors import KumawatchError
from .errors import UNKNOWN, ApiError
from .session import Aws

POLL = 1.0
_MISSING = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_UNDER_WAY = ("RUNNING", "CANCELLING")


@dataclass
class Queues:
    """The addresses and ARNs of a queue and of its dead letters."""

    queue_url: str
    queue_arn: str
    dead_url: str
    dead_arn: str


def find(aws: Aws, queue: str, dead: str) -> Queues:
    """The two queues by their names.

    :raises KumawatchError: one of them is not there.
    """

    def look(name: str) -> tuple[str, str]:
        try:
            url = str(aws.call("sqs", "GetQueueUrl", QueueName=name)["QueueUrl"])
        except ApiError as error:
            if error.code in _MISSING:
                raise KumawatchError(
                    f"There is no queue {name} in {aws.region}: run the role alert_channel, or correct the environment."
                ) from error
            raise
        found = aws.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])
        return url, str(found["Attributes"]["QueueArn"])

    return Queues(*look(queue), *look(dead))


def count(aws: Aws, url: str) -> int:
    """How many messages lie in a queue, as far as SQS knows."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found.get(name, 0)) for name in names)


def move(
    aws: Aws,
    queues: Queues,
    rate: int | None,
    timeout: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Move all dead letters back into the queue; how many there were.

    :param rate: at most so many a second; as SQS likes if ``None``.
    :param timeout: seconds.
    :raises KumawatchError: it did not succeed, or takes longer.
    """
    limit = {} if rate is None else {"MaxNumberOfMessagesPerSecond": rate}
    try:
        aws.call("sqs", "StartMessageMoveTask", SourceArn=queues.dead_arn, DestinationArn=queues.queue_arn, **limit)
    except ApiError as error:
        if error.code in UNKNOWN:
            return by_hand(aws, queues, clock() + timeout, clock)
        # One at a time is all that SQS runs for a queue: then that one is waited for.
        if "running" not in str(error).lower() and "active" not in str(error).lower():
            raise
    end = clock() + timeout
    while True:
        task = _task(aws, queues.dead_arn)
        moved = int(task.get("ApproximateNumberOfMessagesMoved") or 0)
        status = task.get("Status")
        if status == "COMPLETED":
            return moved
        if status not in _UNDER_WAY:
            why = str(task.get("FailureReason") or status or "SQS knows of no such task")
            raise KumawatchError(
                f"SQS ended the task after {moved} dead letters ({why.rstrip('.')}): run it again for the rest."
            )
        if clock() >= end:
            raise KumawatchError(
                f"{moved} dead letters were sent again within {timeout:g} s and SQS goes on: run it again to see how "
                f"far it is."
            )
        sleep(POLL)


def _task(aws: Aws, dead_arn: str) -> dict[str, Any]:
    """The newest task of a queue."""
    found = aws.call("sqs", "ListMessageMoveTasks", SourceArn=dead_arn, MaxResults=1).get("Results") or [{}]
    return dict(found[0])


def by_hand(aws: Aws, queues: Queues, end: float, clock: Callable[[], float]) -> int:
    """Receive, send, and only then delete: whatever happens in between, no alert is lost."""
    moved = 0
    while clock() < end:
        messages = aws.call(
            "sqs",
            "ReceiveMessage",
            QueueUrl=queues.dead_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return moved
        for message in messages:
            attributes = {
                name: {
                    key: value for key, value in attribute.items() if key in ("DataType", "StringValue", "BinaryValue")
                }
                for name, attribute in (message.get("MessageAttributes") or {}).items()
            }
            aws.call(
                "sqs",
                "SendMessage",
                QueueUrl=queues.queue_url,
                MessageBody=message["Body"],
                MessageAttributes=attributes,
            )
            aws.call("sqs", "DeleteMessage", QueueUrl=queues.dead_url, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    raise KumawatchError(f"{moved} dead letters were sent again before the time was over: run it again for the rest.")
