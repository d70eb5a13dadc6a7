# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliveries of vended logs: what is declared, what exists, are they the same. Pure.

An entry is three kinds of objects of AWS: a source (a resource and what of its logs), destinations (a log group, a
bucket, a stream), and a delivery from the source to each. So keys are ``("source", name)``, ``("destination", name)``
and ``("delivery", source, destination)``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from .entries import given, ignored
from .session import Known
from .tagging import declared_tags, without_mark
from .tags import MARK, Tags

NOUN = "log delivery"

TYPES = {"logs": "logs", "s3": "s3", "firehose": "firehose"}
"""Kinds of destinations, and the service in their ARNs."""

FORMATS = ("json", "plain", "w3c", "raw", "parquet")

BALANCER_LOGS = ("ALB_ACCESS_LOGS", "ALB_CONNECTION_LOGS", "ALB_HEALTH_CHECK_LOGS")
"""What an Application Load Balancer logs."""

LONGEST_NAME = 60

_SOURCE = ("source_arn", "log_type")
_DELIVERY = ("record_fields", "field_delimiter", "suffix_path", "hive_compatible_path")
OPTIONS = (*_SOURCE, "arn", "output_format", *_DELIVERY, "tags")

_NAME = re.compile(r"[\w-]{1,60}", re.ASCII)

Key = tuple[str, ...]


def label(key: Key) -> str:
    """What an object is called in messages."""
    return f"{key[1]} to {key[2]}" if key[0] == "delivery" else f"{key[0]} {key[1]}"


def destination_name(source: str, kind: str) -> str:
    """The name of a destination that has none: of its source and its kind."""
    name = f"{source}-{kind}"
    if len(name) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(source.encode()).hexdigest()[:8]
    return f"{source[: LONGEST_NAME - len(kind) - len(mark) - 2]}-{mark}-{kind}"


# -- what is declared


def desired(entries: Sequence[Mapping[str, Any]], known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result: list[Desired] = []
    destinations: dict[Key, Desired] = {}
    logs: dict[tuple[str, str], str] = {}
    for position, entry in enumerate(entries):
        options = given(entry)
        name = str(options["name"])
        who = f"{NOUN} '{name}'"
        _check_name(name, f"{who}: name")
        state = options.get("state", PRESENT)
        names = ignored(options, OPTIONS, who, NOUN)
        tags = declared_tags(options, who)
        shared = {"tags": tags} if tags is not None and state != ABSENT else {}
        source = {} if state == ABSENT else {**_source(options, who), **shared}
        result.append(Desired(("source", name), label(("source", name)), position, source, state, names))
        _once(source, name, logs, who)
        for item in options.get("destinations") or ():
            key, own, passed = _destination(given(item), name, who, known)
            if state == ABSENT:
                own, passed = {}, {}
            found = Desired(key, label(key), position, {**own, **shared}, state, names)
            other = destinations.setdefault(key, found)
            if other.properties != found.properties or other.state != found.state:
                raise InputError(
                    f"{who}: destination '{key[1]}' is declared otherwise by entry {other.position + 1}: give it "
                    f"another name."
                )
            ends = ("delivery", name, key[1])
            result.append(Desired(ends, label(ends), position, {**passed, **shared}, state, names))
    return [*result, *destinations.values()]


def _check_name(name: str, who: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(f"{who} takes 1 to {LONGEST_NAME} letters, digits, hyphens and underscores: correct it.")


def _once(source: Mapping[str, Any], name: str, logs: dict[tuple[str, str], str], who: str) -> None:
    if not source.get("source_arn") or not source.get("log_type"):
        return
    other = logs.setdefault((source["source_arn"], source["log_type"]), name)
    if other != name:
        raise InputError(
            f"{who}: entry '{other}' is a source of the same {source['log_type']}, and there may be one: give that one "
            f"several destinations."
        )


def _source(options: Mapping[str, Any], who: str) -> dict[str, Any]:
    properties = {name: str(options[name]) for name in _SOURCE if name in options}
    arn, log_type = properties.get("source_arn", ""), properties.get("log_type", "")
    if "source_arn" in properties and not arn.startswith("arn:"):
        raise InputError(f"{who}: source_arn must be an ARN, which begins with arn:, not '{arn}'.")
    if ":loadbalancer/app/" in arn and log_type and log_type not in BALANCER_LOGS:
        close = get_close_matches(log_type, BALANCER_LOGS, 1, 0.5)
        hint = f"did you mean '{close[0]}'?" if close else f"there is {', '.join(BALANCER_LOGS)}."
        raise InputError(f"{who}: log_type '{log_type}' is nothing that a load balancer logs: {hint}")
    return properties


def _destination(
    item: Mapping[str, Any], source: str, who: str, known: Known
) -> tuple[Key, dict[str, Any], dict[str, Any]]:
    """The key of a destination, what it is, and what the delivery to it passes on."""
    arn = str(item.get("arn", "")).removesuffix(":*")
    kind = str(item.get("type") or kind_of(arn))
    if not kind:
        raise InputError(f"{who}: destinations has one without arn and type: give its arn.")
    if arn and not arn.startswith("arn:"):
        raise InputError(f"{who}: destinations.arn must be an ARN, which begins with arn:, not '{arn}'.")
    if arn and kind_of(arn) != kind:
        raise InputError(
            f"{who}: destinations.type is {kind}, and arn '{arn}' is not of that kind: correct one of them."
        )
    name = str(item.get("name") or destination_name(source, kind))
    _check_name(name, f"{who}: destinations.name")
    own: dict[str, Any] = {"arn": arn} if arn else {}
    if "output_format" in item:
        own["output_format"] = item["output_format"]
    passed = {option: item[option] for option in _DELIVERY if option in item}
    if passed:
        known.need(f"{who}: destinations.{next(iter(passed))}", "1.35.12", "logs", "CreateDelivery", "recordFields")
    for option in ("suffix_path", "hive_compatible_path"):
        if kind != "s3" and passed.get(option):
            raise InputError(f"{who}: destinations.{option} is for buckets, and '{name}' is none: leave it out.")
    fields = passed.get("record_fields")
    if fields is not None:
        passed["record_fields"] = [str(field) for field in fields]
        double = {field for field in passed["record_fields"] if passed["record_fields"].count(field) > 1}
        if double or not 1 <= len(fields) <= 128:
            what = f"has '{min(double)}' twice" if double else f"has {len(fields)} fields, and there may be 1 to 128"
            raise InputError(f"{who}: destinations.record_fields {what}: correct it.")
    return ("destination", name), own, passed


def kind_of(arn: str) -> str:
    """What kind of destination an ARN is of; empty for none that is known."""
    service = arn.split(":")[2] if arn.count(":") > 2 else ""
    return next((kind for kind, other in TYPES.items() if other == service), "")


def check(desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
    """Refuse new objects that lack what they need."""
    there = {item.key for item in actual}
    for entry in desired:
        if entry.state == ABSENT or entry.key in there:
            continue
        needed = {"source": _SOURCE, "destination": ("arn",)}.get(entry.key[0], ())
        missing = [name for name in needed if not entry.properties.get(name)]
        if missing:
            raise InputError(f"{NOUN}: {entry.label} is new and lacks {' and '.join(missing)}: add it.")


def closed(desired: Sequence[Desired], actual: Iterable[Actual], exact: Iterable[str]) -> list[Desired]:
    """What is declared, and the deliveries that have to go for it.

    A source goes only after all of its deliveries, and a list of destinations is exact.

    :param exact: the sources whose destinations are declared.
    """
    declared = {entry.key: entry for entry in desired}
    listed = frozenset(exact)
    result = list(desired)
    for item in actual:
        if item.key[0] != "delivery" or item.key in declared:
            continue
        source = declared.get(("source", item.key[1]))
        if source is not None and (source.state == ABSENT or item.key[1] in listed):
            result.append(Desired(item.key, item.label, source.position, {}, ABSENT))
    return result


# -- what exists


def source(item: Mapping[str, Any], tags: Tags | None) -> Actual:
    """A source from the list."""
    key = ("source", str(item["name"]))
    properties = {
        "source_arn": next(iter(item.get("resourceArns") or ()), None),
        "log_type": item.get("logType"),
        "tags": without_mark(tags),
    }
    return Actual(key, label(key), str(item["arn"]), properties, (tags or {}).get(MARK))


def destination(item: Mapping[str, Any], tags: Tags | None) -> Actual:
    """A destination from the list."""
    key = ("destination", str(item["name"]))
    arn = (item.get("deliveryDestinationConfiguration") or {}).get("destinationResourceArn") or ""
    properties = {
        "arn": str(arn).removesuffix(":*"),
        "output_format": item.get("outputFormat"),
        "tags": without_mark(tags),
    }
    return Actual(key, label(key), str(item["arn"]), properties, (tags or {}).get(MARK))


def ends(item: Mapping[str, Any]) -> Key:
    """The key of a delivery."""
    return ("delivery", str(item["deliverySourceName"]), str(item["deliveryDestinationArn"]).rpartition(":")[2])


def delivery(item: Mapping[str, Any], tags: Tags | None) -> Actual:
    """A delivery from the list."""
    key = ends(item)
    bucket = item.get("s3DeliveryConfiguration") or {}
    properties = {
        "record_fields": list(item.get("recordFields") or ()),
        "field_delimiter": item.get("fieldDelimiter") or "",
        "suffix_path": bucket.get("suffixPath") or "",
        "hive_compatible_path": bool(bucket.get("enableHiveCompatiblePath")),
        "tags": without_mark(tags),
    }
    return Actual(key, label(key), str(item["arn"]), properties, (tags or {}).get(MARK))


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "record_fields":
        # AWS has an order of its own.
        return sorted(before or ()) == sorted(after)
    if name == "suffix_path":
        # AWS puts what it must before it.
        stored, wanted = str(before or "").strip("/"), str(after).strip("/")
        return stored == wanted or (bool(wanted) and stored.endswith(f"/{wanted}"))
    return bool(before == after)


# -- what is sent


def configuration(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent of a delivery, whether it is made or changed."""
    sent: dict[str, Any] = {}
    if properties.get("record_fields"):
        sent["recordFields"] = list(properties["record_fields"])
    if "field_delimiter" in properties:
        sent["fieldDelimiter"] = properties["field_delimiter"]
    bucket: dict[str, Any] = {}
    if properties.get("suffix_path"):
        bucket["suffixPath"] = properties["suffix_path"]
    if "hive_compatible_path" in properties:
        bucket["enableHiveCompatiblePath"] = properties["hive_compatible_path"]
    if bucket:
        sent["s3DeliveryConfiguration"] = bucket
    return sent


# -- export


def exported(source_: Actual, deliveries: Sequence[tuple[Actual, Actual]], tags: Tags) -> dict[str, Any]:
    """A source with its deliveries as an entry that makes them.

    :param deliveries: each with its destination.
    """
    entry: dict[str, Any] = {"name": source_.key[1], **{name: source_.properties[name] for name in _SOURCE}}
    entry["destinations"] = []
    for passed, own in sorted(deliveries, key=lambda pair: pair[1].label):
        item = {"name": own.key[1], "arn": own.properties["arn"]}
        if own.properties["output_format"]:
            item["output_format"] = own.properties["output_format"]
        # A path that AWS has completed would be completed again.
        options = ("record_fields", "field_delimiter", "hive_compatible_path")
        item.update({name: passed.properties[name] for name in options if passed.properties[name]})
        entry["destinations"].append(item)
    if tags:
        entry["tags"] = dict(sorted(tags.items()))
    return entry
