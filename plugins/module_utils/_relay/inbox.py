# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue: what waits in it beside the batch that Lambda brought, and when what failed comes again.

A burst comes as many small batches. So the function looks itself what else is waiting: all of it becomes one digest.
What it takes itself it also deletes itself, after it was told.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence

Record = Mapping[str, t.Any]

MOST = 500
"""The messages that are worked on together."""

SECONDS = 4.0
"""How long to look for more."""

_AT_ONCE = 10


class Inbox:
    """The queue that a batch came from.

    Nothing here raises: without more messages there are more digests, and what could not be deleted comes again and is
    known then.

    :param client: makes a client of boto3 for a service.
    :param log: writes a line.
    """

    def __init__(
        self,
        client: Callable[[str], t.Any],
        records: Sequence[Record],
        log: Callable[..., None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._log = log
        self._clock = clock
        self._arn = next((str(record["eventSourceARN"]) for record in records if record.get("eventSourceARN")), "")
        self._address = ""
        self.brought = list(records)
        self.taken: list[Record] = []

    @property
    def records(self) -> list[Record]:
        """All that is worked on."""
        return [*self.brought, *self.taken]

    def gather(self) -> None:
        """Take what else is waiting."""
        if not self._arn:
            return
        known = {str(record.get("messageId")) for record in self.brought}
        end = self._clock() + SECONDS
        try:
            while len(self.records) < MOST and self._clock() < end:
                answer = self._client("sqs").receive_message(
                    QueueUrl=self._url(),
                    MaxNumberOfMessages=min(_AT_ONCE, MOST - len(self.records)),
                    AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                    # A moment's patience asks all of the queue's servers, none only some of them.
                    WaitTimeSeconds=1 if len(self.records) > 1 else 0,
                )
                messages = answer.get("Messages", [])
                self.taken += [_record(message, self._arn) for message in messages if message["MessageId"] not in known]
                if not messages:
                    return
        except Exception as error:  # botocore's
            self._log("no more taken", reason=type(error).__name__)

    def settle(self, failures: Mapping[str, float]) -> None:
        """Delete what was taken and told; have what failed come again after its seconds, and not later.

        :param failures: seconds by message id.
        """
        told = [record for record in self.taken if record["messageId"] not in failures]
        self._each(
            "delete_message_batch",
            [{"Id": str(index), "ReceiptHandle": record["receiptHandle"]} for index, record in enumerate(told)],
        )
        back = [
            record for record in self.records if record.get("messageId") in failures and record.get("receiptHandle")
        ]
        self._each(
            "change_message_visibility_batch",
            [
                {
                    "Id": str(index),
                    "ReceiptHandle": record["receiptHandle"],
                    "VisibilityTimeout": int(failures[str(record["messageId"])]),
                }
                for index, record in enumerate(back)
            ],
        )

    def failed(self, failures: Iterable[str]) -> list[str]:
        """Those of ``failures`` that Lambda is to be told of: the ones that it brought."""
        brought = {str(record.get("messageId")) for record in self.brought}
        return [name for name in failures if name in brought]

    def _each(self, operation: str, entries: Sequence[Mapping[str, t.Any]]) -> None:
        if not entries or not self._arn:
            return
        try:
            for start in range(0, len(entries), _AT_ONCE):
                part = list(entries[start : start + _AT_ONCE])
                getattr(self._client("sqs"), operation)(QueueUrl=self._url(), Entries=part)
        except Exception as error:  # botocore's
            self._log("queue", operation=operation, reason=type(error).__name__)

    def _url(self) -> str:
        if not self._address:
            parts = self._arn.split(":")
            answer = self._client("sqs").get_queue_url(QueueName=parts[5], QueueOwnerAWSAccountId=parts[4])
            self._address = str(answer["QueueUrl"])
        return self._address


def _record(message: Mapping[str, t.Any], arn: str) -> Record:
    """A message as Lambda would have brought it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message.get("Body", ""),
        "attributes": message.get("Attributes", {}),
        "eventSourceARN": arn,
    }
