# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SNS as people meet it: e-mail waits for its confirmation, and a topic is not made twice with other tags."""

from __future__ import annotations

import re
import time
import uuid
from collections import deque
from typing import Any

from ministack.services import sns

MAIL: deque[dict[str, Any]] = deque(maxlen=1000)
"""The e-mails that SNS would have sent: {to, topic, subject, message, at}, and token in a request to confirm."""

PROTOCOLS = ("email", "email-json")


def install() -> None:
    """Change MiniStack's SNS."""
    sns._subscribe = subscribing(sns._subscribe)
    sns._create_topic = creating(sns._create_topic)
    sns._fanout = fanning_out(sns._fanout)
    sns._list_subscriptions = listing(sns._list_subscriptions)
    sns._list_subscriptions_by_topic = listing(sns._list_subscriptions_by_topic)


def subscribing(original: Any) -> Any:
    """Subscribe that leaves an e-mail address pending, and says so."""

    def subscribe(params: Any) -> Any:
        protocol, topic_arn = sns._p(params, "Protocol"), sns._p(params, "TopicArn")
        topic = sns._topic_by_arn_any_scope(topic_arn)
        before = len(topic["subscriptions"]) if topic else 0
        answer = original(params)
        if protocol not in PROTOCOLS or answer[0] != 200 or topic is None:
            return answer
        endpoint = sns._p(params, "Endpoint")
        found = next(
            sub for sub in topic["subscriptions"] if sub["protocol"] == protocol and sub["endpoint"] == endpoint
        )
        if len(topic["subscriptions"]) > before:
            found |= {"confirmed": False, "token": uuid.uuid4().hex}
            found["attributes"] |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
            sns._refresh_subscription_counts(topic)
            write(endpoint, topic_arn, "AWS Notification - Subscription Confirmation", "", found["token"])
        if found["confirmed"] or sns._p(params, "ReturnSubscriptionArn") == "true":
            return answer
        text = "<SubscriptionArn>pending confirmation</SubscriptionArn>"
        return answer[0], answer[1], re.sub(rb"<SubscriptionArn>[^<]*</SubscriptionArn>", text.encode(), answer[2])

    return subscribe


def listing(original: Any) -> Any:
    """The lists of subscriptions, in which one that is not confirmed has no ARN yet."""

    def show(params: Any) -> Any:
        status, headers, body = original(params)
        for topic in sns._topics.values():
            for sub in topic["subscriptions"]:
                if not sub["confirmed"]:
                    body = body.replace(f">{sub['arn']}<".encode(), b">PendingConfirmation<")
        return status, headers, body

    return show


def creating(original: Any) -> Any:
    """CreateTopic that refuses other tags for a topic that is there."""

    def create(params: Any) -> Any:
        name, tags = sns._p(params, "Name"), sns._param_tags(params)
        there = next((topic for arn, topic in sns._topics.items() if arn.rpartition(":")[2] == name), None)
        if there is not None and tags and tags != there["tags"]:
            return sns._error(
                "InvalidParameter", "Invalid parameter: Tags Reason: Topic already exists with different tags", 400
            )
        return original(params)

    return create


def fanning_out(original: Any) -> Any:
    """Publish that keeps what it would have mailed."""

    def fan_out(topic_arn: str, id: str, message: str, subject: str, *more: Any, **named: Any) -> Any:
        topic = sns._topic_by_arn_any_scope(topic_arn)
        for sub in topic["subscriptions"] if topic else []:
            if sub["protocol"] in PROTOCOLS and sub["confirmed"]:
                write(sub["endpoint"], topic_arn, subject or "AWS Notification Message", message, "")
        return original(topic_arn, id, message, subject, *more, **named)

    return fan_out


def write(to: str, topic: str, subject: str, message: str, token: str) -> None:
    entry = {"to": to, "topic": topic, "subject": subject, "message": message, "at": time.time()}
    MAIL.append({**entry, "token": token} if token else entry)
