# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliveries of vended logs, with their sources and destinations: one small function per API call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Create, Delete, Desired, Plan, Update
from . import log_deliveries_model as model
from .bulk import Kind
from .errors import ApiError, Fate
from .log_tags import GONE, LogTagging
from .session import Aws, Known, without_none

_PAGE = 50
KINDS = ("logs:delivery-source", "logs:delivery-destination", "logs:delivery")
"""What the tagging API calls them."""


class Deliveries(Kind):
    """The deliveries of an account and Region."""

    noun = model.NOUN

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._tagging = LogTagging(KINDS)
        #: Sources whose destinations are declared.
        self._exact: Collection[str] = ()
        #: ARNs of destinations by name.
        self._destinations: dict[str, str] = {}

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._exact = frozenset(str(entry["name"]) for entry in self._entries if entry.get("destinations") is not None)
        self._tagging = LogTagging(
            KINDS, self.owner, self.purge, {entry.key: entry.properties.get("tags") for entry in result}
        )
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    def plan(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> Plan:
        return super().plan(model.closed(desired, actual, self._exact), actual)

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """Both ends come before a delivery, and go after it."""

        def part(changes: Sequence[Change], deliveries: bool) -> list[Change]:
            return [change for change in changes if (change.key[0] == "delivery") == deliveries]

        return [
            [*part(decided.create, False), *part(decided.update, False)],
            part(decided.delete, True),
            [*part(decided.create, True), *part(decided.update, True)],
            part(decided.delete, False),
        ]

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        found: dict[model.Key, tuple[Callable[..., Actual], dict[str, Any]]] = {}
        for item in sources(aws):
            found["source", str(item["name"])] = (model.source, item)
        for item in destinations(aws):
            found["destination", str(item["name"])] = (model.destination, item)
        for item in deliveries(aws):
            found[model.ends(item)] = (model.delivery, item)
        self._destinations = {
            key[1]: str(item["arn"]) for key, (_make, item) in found.items() if key[0] == "destination"
        }
        tags = self._tagging.read(aws, {key: str(item["arn"]) for key, (_make, item) in found.items()})
        return [make(item, tags.get(key)) for key, (make, item) in found.items()]

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Delete):
            self._delete(aws, change)
            return
        properties = dict(change.desired.properties)
        tags = self._tagging.own(properties.pop("tags", None)) if isinstance(change, Create) else None
        changed: Collection[str] = properties
        if isinstance(change, Update):
            changed = {name: item.after for name, item in change.differences.items() if name != "tags"}
            properties = {**change.actual.properties, **dict(changed)}
        kind, name = change.key[:2]
        if kind == "source" and (isinstance(change, Create) or changed):
            put_source(aws, name, properties, tags)
        elif kind == "destination" and (isinstance(change, Create) or changed):
            self._destinations[name] = put_destination(aws, name, properties, tags)
        elif kind == "delivery" and isinstance(change, Create):
            self._deliver(aws, change.key, properties, tags)
        elif isinstance(change, Update) and changed:
            sent = {option: properties[option] for option in changed}
            if any(option in changed for option in ("suffix_path", "hive_compatible_path")):
                # They are one member of the API. AWS has completed the path that it tells.
                whole = {**properties, **change.desired.properties}
                sent = {**sent, **{option: whole[option] for option in ("suffix_path", "hive_compatible_path")}}
            ident = change.actual.ident.rpartition(":")[2]
            aws.call("logs", "UpdateDeliveryConfiguration", id=ident, **model.configuration(sent))
        if isinstance(change, Update):
            self._tagging.change(aws, change, change.actual.ident)

    def _deliver(self, aws: Aws, key: model.Key, properties: Mapping[str, Any], tags: Mapping[str, str] | None) -> None:
        """Begin to deliver. If the fate of an end is not known, neither is that of the delivery: both are looked up."""
        _kind, source, destination = key
        if destination not in self._destinations:
            raise ApiError(f"destination '{destination}' is not there yet: run the task again.", fate=Fate.LOST)
        try:
            create_delivery(aws, source, self._destinations[destination], properties, tags)
        except ApiError as error:
            raise ApiError(str(error), error.code, Fate.LOST if error.code == GONE else error.fate) from error

    @staticmethod
    def _delete(aws: Aws, change: Delete) -> None:
        kind, name = change.key[:2]
        try:
            if kind == "source":
                aws.call("logs", "DeleteDeliverySource", name=name)
            elif kind == "destination":
                aws.call("logs", "DeleteDeliveryDestination", name=name)
            else:
                aws.call("logs", "DeleteDelivery", id=change.actual.ident.rpartition(":")[2])
        except ApiError as error:
            if error.code != GONE:
                raise


def sources(aws: Aws) -> Iterator[dict[str, Any]]:
    """All sources of the account and Region."""
    return aws.pages("logs", "DescribeDeliverySources", "deliverySources", token="nextToken", limit=_PAGE)


def destinations(aws: Aws) -> Iterator[dict[str, Any]]:
    """All destinations of the account and Region."""
    return aws.pages("logs", "DescribeDeliveryDestinations", "deliveryDestinations", token="nextToken", limit=_PAGE)


def deliveries(aws: Aws) -> Iterator[dict[str, Any]]:
    """All deliveries of the account and Region."""
    return aws.pages("logs", "DescribeDeliveries", "deliveries", token="nextToken", limit=_PAGE)


def put_source(aws: Aws, name: str, properties: Mapping[str, Any], tags: Mapping[str, str] | None) -> None:
    """Make or change a source."""
    sent = {"resourceArn": properties["source_arn"], "logType": properties["log_type"], "tags": tags or None}
    aws.call("logs", "PutDeliverySource", name=name, **without_none(sent))


def put_destination(aws: Aws, name: str, properties: Mapping[str, Any], tags: Mapping[str, str] | None) -> str:
    """Make or change a destination; its ARN."""
    sent = {
        "deliveryDestinationConfiguration": {"destinationResourceArn": properties["arn"]},
        "outputFormat": properties.get("output_format") or None,
        "tags": tags or None,
    }
    return str(
        aws.call("logs", "PutDeliveryDestination", name=name, **without_none(sent))["deliveryDestination"]["arn"]
    )


def create_delivery(
    aws: Aws, source: str, destination: str, properties: Mapping[str, Any], tags: Mapping[str, str] | None
) -> None:
    """Begin to deliver.

    :param destination: its ARN.
    """
    sent = {**model.configuration(properties), **({"tags": tags} if tags else {})}
    aws.call("logs", "CreateDelivery", deliverySourceName=source, deliveryDestinationArn=destination, **sent)
