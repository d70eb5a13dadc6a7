# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SNS topics with their encryption, policy and subscriptions: one small function per API call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .._contract import entry_args
from .._reconcile import ABSENT, Actual, Change, Create, Delete, Desired
from . import topics_model as model
from .bulk import Kind
from .errors import ApiError
from .session import Aws, Known
from .tags import MARK, Tags, as_list, as_mapping, tags_by_arn

_ATTRIBUTES = {"display_name": "DisplayName", "kms_key": "KmsMasterKeyId"}


def topic_args() -> dict[str, Any]:
    """The options of one topic."""
    return {
        "name": {"type": "str", "required": True},
        **entry_args(),
        "display_name": {"type": "str"},
        "kms_key": {"type": "str", "no_log": False},
        "publishers": {
            "type": "dict",
            "options": {
                "services": {"type": "list", "elements": "str", "default": []},
                "accounts": {"type": "list", "elements": "str", "default": []},
            },
        },
        "policy": {"type": "dict"},
        "subscriptions": {
            "type": "list",
            "elements": "dict",
            "options": {
                "protocol": {"type": "str", "required": True, "choices": list(model.PROTOCOLS)},
                "endpoint": {"type": "str", "required": True},
                "raw": {"type": "bool"},
                "filter_policy": {"type": "dict"},
            },
        },
        "tags": {"type": "dict"},
    }


class Topics(Kind):
    """The topics of an account and Region."""

    noun = "topic"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._names = {entry["name"] for entry in entries}
        self._detailed = {
            model.subscription_key(item)
            for entry in entries
            for item in entry.get("subscriptions") or ()
            if item.get("raw") is not None or item.get("filter_policy") is not None
        }
        self._account = ""
        self._warned: set[tuple[str, str]] = set()

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = []
        for position, entry in enumerate(self._entries):
            model.check_entry(entry)
            properties: dict[str, Any] = {
                name: entry[name]
                for name in ("display_name", "kms_key", "subscriptions", "tags")
                if entry.get(name) is not None
            }
            if entry.get("publishers") is not None:
                properties["publishers"] = model.normal_publishers(entry["publishers"])
            if entry.get("policy") is not None:
                properties["policy"] = entry["policy"]
            if "tags" in properties:
                properties["tags"] = {key: str(value) for key, value in properties["tags"].items() if key != MARK}
            state = entry.get("state") or "present"
            result.append(
                Desired(
                    entry["name"],
                    entry["name"],
                    position,
                    {} if state == ABSENT else properties,
                    state,
                    frozenset(entry.get("ignore") or ()),
                )
            )
        return result

    def equal(self, name: str, before: Any, after: Any) -> bool:
        if name == "subscriptions":
            return model.same_subscriptions(before or (), after)
        if name == "policy":
            return bool(model.normal_policy(before) == model.normal_policy(after))
        return bool((before or None) == (after or None))

    def show(self, name: str, value: Any) -> Any:
        return model.readable(value) if name == "subscriptions" and value else value

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        if not self._account:
            self._account = str(aws.call("sts", "GetCallerIdentity")["Account"])
        marks = tags_by_arn(aws, ["sns"]) if self.purge else None
        found = []
        for item in aws.pages("sns", "ListTopics", "Topics"):
            arn = str(item["TopicArn"])
            name = arn.rpartition(":")[2]
            if name in self._names:
                actual = self._read_one(aws, name, arn)
                if actual is not None:
                    found.append(actual)
            else:
                tags = (_tags(aws, arn) if marks is None else marks.get(arn, {})) if self.purge else {}
                found.append(Actual(name, name, arn, {}, tags.get(MARK)))
        return found

    def _read_one(self, aws: Aws, name: str, arn: str) -> Actual | None:
        try:
            attributes = aws.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"]
            subscriptions = [
                self._subscription(aws, item)
                for item in aws.pages("sns", "ListSubscriptionsByTopic", "Subscriptions", TopicArn=arn)
                if item["SubscriptionArn"] != "Deleted"
            ]
            tags = _tags(aws, arn)
        except ApiError as error:
            # The list may still have a topic that was deleted a moment ago.
            if error.code in ("NotFound", "NotFoundException", "ResourceNotFoundException"):
                return None
            raise
        for item in subscriptions:
            place = (name, item["endpoint"])
            if item.get("pending") and item["protocol"].startswith("email") and place not in self._warned:
                self._warned.add(place)
                self.warnings.append(
                    f"topic '{name}': {item['endpoint']} has not confirmed its subscription, so nothing is mailed "
                    f"there: follow the link in the mail from AWS."
                )
        policy = json.loads(attributes.get("Policy") or "{}")
        properties = {
            **{option: attributes.get(attribute) or "" for option, attribute in _ATTRIBUTES.items()},
            "policy": policy,
            "publishers": model.publishers_of(policy, arn),
            "subscriptions": subscriptions,
            "tags": {key: value for key, value in tags.items() if key != MARK},
        }
        return Actual(name, name, arn, properties, tags.get(MARK))

    def _subscription(self, aws: Aws, item: Mapping[str, Any]) -> model.Subscription:
        arn = str(item["SubscriptionArn"])
        found: model.Subscription = {"protocol": item["Protocol"], "endpoint": item["Endpoint"], "arn": arn}
        if arn in model.NOT_CONFIRMED:
            found["pending"] = True
        elif model.subscription_key(found) in self._detailed:
            attributes = aws.call("sns", "GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]
            found["raw"] = str(attributes.get("RawMessageDelivery")).lower() == "true"
            found["filter_policy"] = json.loads(attributes.get("FilterPolicy") or "{}")
        return found

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Delete):
            aws.call("sns", "DeleteTopic", TopicArn=change.actual.ident)
            return
        wanted = change.desired.properties
        if isinstance(change, Create):
            tags: Tags = {**wanted.get("tags", {}), **self._mark()}
            arn = self._create(aws, change.desired.key, tags)
            before: Mapping[str, Any] = {}
            names = {name for name, value in wanted.items() if value and name != "tags"}
        else:
            arn = str(change.actual.ident)
            before = change.actual.properties
            names = set(change.differences)
            if "tags" in names or change.adopted:
                self._tag(aws, arn, before.get("tags") or {}, wanted.get("tags"))
        # The key first: what is published between two calls is then encrypted, and the policy last of the attributes.
        for option, attribute in _ATTRIBUTES.items():
            if option in names:
                _set(aws, arn, attribute, wanted[option] or "")
        if "policy" in names:
            _set(aws, arn, "Policy", json.dumps(wanted["policy"]))
        if "publishers" in names:
            _set(aws, arn, "Policy", json.dumps(model.policy_of(wanted["publishers"], arn)))
        if "subscriptions" in names:
            self._subscribe(aws, arn, before.get("subscriptions") or (), wanted["subscriptions"])

    def _mark(self) -> Tags:
        return {MARK: self.owner} if self.owner else {}

    @staticmethod
    def _create(aws: Aws, name: str, tags: Tags) -> str:
        try:
            return str(aws.call("sns", "CreateTopic", Name=name, Tags=as_list(tags))["TopicArn"])
        except ApiError as error:
            # It exists with other tags: an earlier attempt, whose answer was lost, or somebody else's.
            if error.code not in ("InvalidParameter", "InvalidParameterException") or "tag" not in str(error).lower():
                raise
        arn = str(aws.call("sns", "CreateTopic", Name=name)["TopicArn"])
        if tags:
            aws.call("sns", "TagResource", ResourceArn=arn, Tags=as_list(tags))
        return arn

    def _tag(self, aws: Aws, arn: str, before: Tags, after: Tags | None) -> None:
        stray = sorted(set(before) - set(after)) if after is not None else []
        if stray:
            aws.call("sns", "UntagResource", ResourceArn=arn, TagKeys=stray)
        tags = {**(after or {}), **self._mark()}
        if tags:
            aws.call("sns", "TagResource", ResourceArn=arn, Tags=as_list(tags))

    @staticmethod
    def _subscribe(
        aws: Aws, arn: str, before: Sequence[model.Subscription], after: Sequence[model.Subscription]
    ) -> None:
        there = {model.subscription_key(item): item for item in before}
        wanted = {model.subscription_key(item): item for item in after}
        for key, item in wanted.items():
            found = there.get(key)
            if found is None:
                attributes = {}
                if item.get("raw") is not None:
                    attributes["RawMessageDelivery"] = str(item["raw"]).lower()
                if item.get("filter_policy"):
                    attributes["FilterPolicy"] = json.dumps(item["filter_policy"])
                aws.call(
                    "sns",
                    "Subscribe",
                    TopicArn=arn,
                    Protocol=item["protocol"],
                    Endpoint=item["endpoint"],
                    Attributes=attributes,
                    ReturnSubscriptionArn=True,
                )
            elif not model.same_attributes(found, item):
                if item.get("raw") is not None:
                    _set_of(aws, found["arn"], "RawMessageDelivery", str(item["raw"]).lower())
                if item.get("filter_policy") is not None:
                    _set_of(aws, found["arn"], "FilterPolicy", json.dumps(item["filter_policy"]))
        for key, item in there.items():
            if key not in wanted and not item.get("pending"):
                aws.call("sns", "Unsubscribe", SubscriptionArn=item["arn"])


def _tags(aws: Aws, arn: str) -> Tags:
    return as_mapping(aws.call("sns", "ListTagsForResource", ResourceArn=arn).get("Tags", ()))


def _set(aws: Aws, arn: str, attribute: str, value: str) -> None:
    aws.call("sns", "SetTopicAttributes", TopicArn=arn, AttributeName=attribute, AttributeValue=value)


def _set_of(aws: Aws, arn: str, attribute: str, value: str) -> None:
    aws.call("sns", "SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=attribute, AttributeValue=value)
