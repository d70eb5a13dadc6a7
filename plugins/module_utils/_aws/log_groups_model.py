# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups with all that belongs to them: what is declared, what exists, are they the same. Pure.

The anomaly detector of a log group is a property of it here, and what it is set to are further properties
(``anomaly_detector.pattern``), since the API changes the whole of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, Actual, Desired
from . import log_transformer
from .entries import given, ignored, within
from .log_filters_model import GROUP_NAME, parsed
from .session import Known
from .tagging import declared_tags, without_mark
from .tags import MARK, Tags

NOUN = "log group"

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""Days for which CloudWatch Logs keeps lines, if it does not keep them for ever."""

CLASSES = {"standard": "STANDARD", "infrequent_access": "INFREQUENT_ACCESS", "delivery": "DELIVERY"}

FREQUENCIES = {
    1: "ONE_MIN",
    5: "FIVE_MIN",
    10: "TEN_MIN",
    15: "FIFTEEN_MIN",
    30: "THIRTY_MIN",
    60: "ONE_HOUR",
}
"""How often an anomaly detector looks, by minutes."""

MOST_INDEXES = 20
"""Fields of an index policy."""

DETECTOR = "anomaly_detector"
_DETECTOR_OPTIONS = ("enabled", "evaluation_minutes", "pattern", "visibility_days")
_PLAIN = (
    "class",
    "retention_days",
    "kms_key_arn",
    "deletion_protection",
    "tags",
    "transformer",
    "index_fields",
    "data_protection_policy",
)
OPTIONS = (*_PLAIN, DETECTOR, *(f"{DETECTOR}.{name}" for name in _DETECTOR_OPTIONS))
#: Options that only log groups of the standard class have.
_STANDARD_ONLY = ("transformer", "index_fields", DETECTOR)

LONGEST_POLICY = 30_720
"""Characters of a data protection policy."""


@dataclass(frozen=True)
class Details:
    """What the list of log groups does not say; ``None`` for what nobody asked for."""

    transformer: Sequence[Mapping[str, Any]] | None = None
    index_fields: Sequence[str] | None = None
    data_protection_policy: Mapping[str, Any] | None = None
    detector: Mapping[str, Any] | None = None


# -- what is declared


def desired(entries: Sequence[Mapping[str, Any]], known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        name = str(options["name"])
        who = f"{NOUN} '{name}'"
        if not GROUP_NAME.fullmatch(name):
            raise InputError(f"{who}: name takes 1 to 512 letters, digits and . - _ / #: correct it.")
        state = options.get("state", "present")
        properties = {} if state == ABSENT else _properties(options, who, known)
        names = ignored(options, OPTIONS, who, NOUN)
        result.append(Desired(name, name, position, properties, state, names))
    return result


def _properties(options: Mapping[str, Any], who: str, known: Known) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if "class" in options:
        properties["class"] = options["class"]
        if options["class"] == "delivery":
            known.need(f"{who}: class delivery", "1.38.6", "logs", "CreateLogGroup", "logGroupClass")
    if "retention_days" in options:
        properties["retention_days"] = _retention(int(options["retention_days"]), who)
    if "kms_key_arn" in options:
        text = str(options["kms_key_arn"]).strip()
        if text and not (text.startswith("arn:") and ":kms:" in text):
            raise InputError(f"{who}: kms_key_arn must be the ARN of a key, which begins with arn:, not '{text}'.")
        properties["kms_key_arn"] = text
    if "deletion_protection" in options:
        if options["deletion_protection"]:
            known.need(f"{who}: deletion_protection", "1.41.3", "logs", "PutLogGroupDeletionProtection")
        properties["deletion_protection"] = bool(options["deletion_protection"])
    tags = declared_tags(options, who)
    if tags is not None:
        properties["tags"] = tags
    if "transformer" in options:
        properties["transformer"] = log_transformer.transformer(options["transformer"], who, known)
    if "index_fields" in options:
        properties["index_fields"] = _index_fields(options["index_fields"], who, known)
    if "data_protection_policy" in options:
        properties["data_protection_policy"] = _policy(options["data_protection_policy"], who)
    if DETECTOR in options:
        properties.update(_detector(given(options[DETECTOR]), who))
    if properties.get("class", "standard") != "standard":
        _refuse_beyond_standard(properties, properties["class"], who)
    return properties


def _retention(days: int, who: str) -> int:
    if days and days not in RETENTIONS:
        nearest = sorted(sorted(RETENTIONS, key=lambda other: abs(other - days))[:2])
        raise InputError(
            f"{who}: retention_days {days} is not offered: the nearest are {nearest[0]} and {nearest[1]}, and 0 keeps "
            f"lines for ever."
        )
    return days


def _index_fields(names: Sequence[Any], who: str, known: Known) -> list[str]:
    fields = sorted({str(name) for name in names})
    if fields:
        known.need(f"{who}: index_fields", "1.35.67", "logs", "PutIndexPolicy")
    if len(fields) > MOST_INDEXES:
        raise InputError(
            f"{who}: index_fields has {len(fields)} fields, and there may be {MOST_INDEXES}: leave some out."
        )
    for name in fields:
        if not 1 <= len(name) <= 100:
            raise InputError(f"{who}: index_fields has a name of {len(name)} characters: give 1 to 100.")
    return fields


def _policy(document: Mapping[str, Any], who: str) -> dict[str, Any]:
    if document:
        missing = [name for name in ("Name", "Version", "Statement") if name not in document]
        if missing:
            raise InputError(f"{who}: data_protection_policy lacks {' and '.join(missing)}: add it.")
        statements = document["Statement"]
        operations = [
            next(iter(one.get("Operation") or {}), "") for one in statements if isinstance(one, Mapping)
        ] if isinstance(statements, Sequence) else []  # fmt: skip
        if sorted(operations) != ["Audit", "Deidentify"]:
            raise InputError(
                f"{who}: data_protection_policy.Statement must be two statements, one with the operation Audit and one "
                f"with Deidentify."
            )
        size = len(json.dumps(document, separators=(",", ":")))
        if size > LONGEST_POLICY:
            raise InputError(f"{who}: data_protection_policy has {size} characters, and there may be {LONGEST_POLICY}.")
    return dict(document)


def _detector(options: Mapping[str, Any], who: str) -> dict[str, Any]:
    if options.get("state") == ABSENT:
        return {DETECTOR: False}
    result: dict[str, Any] = {DETECTOR: True}
    if "enabled" in options:
        result[f"{DETECTOR}.enabled"] = bool(options["enabled"])
    if "evaluation_minutes" in options:
        result[f"{DETECTOR}.evaluation_minutes"] = int(options["evaluation_minutes"])
    if "pattern" in options:
        result[f"{DETECTOR}.pattern"] = str(options["pattern"])
        parsed(f"{who}: {DETECTOR}", result[f"{DETECTOR}.pattern"])
    if "visibility_days" in options:
        result[f"{DETECTOR}.visibility_days"] = within(
            who, f"{DETECTOR}.visibility_days", int(options["visibility_days"]), 7, 90
        )
    return result


def _refuse_beyond_standard(properties: Mapping[str, Any], cls: str, who: str) -> None:
    for name in _STANDARD_ONLY:
        if properties.get(name):
            raise InputError(f"{who}: {name} is for log groups of the class standard, not {cls}: leave it out.")


def check(desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
    """Refuse another class than a log group has: it is decided when a log group is made."""
    there = {item.key: item for item in actual}
    for entry in desired:
        if entry.state == ABSENT or entry.key not in there:
            continue
        who = f"{NOUN} '{entry.label}'"
        cls = there[entry.key].properties["class"]
        wanted = entry.properties.get("class", cls)
        if wanted != cls and "class" not in entry.ignored:
            raise KumawatchError(
                f"{who}: class is {cls} and cannot become {wanted}: name class in ignore, or make another log group."
            )
        if cls != "standard":
            _refuse_beyond_standard(entry.properties, cls, who)


# -- what exists


def arn_of(item: Mapping[str, Any]) -> str:
    """The ARN of a log group itself: one of the two that are told is that of everything in it."""
    return str(item.get("logGroupArn") or item["arn"]).removesuffix(":*")


def actual(item: Mapping[str, Any], tags: Tags | None, details: Details) -> Actual:
    """A log group as the planner takes it."""
    name = str(item["logGroupName"])
    cls = str(item.get("logGroupClass") or "STANDARD")
    properties: dict[str, Any] = {
        "class": next((ours for ours, theirs in CLASSES.items() if theirs == cls), cls.lower()),
        "retention_days": int(item.get("retentionInDays") or 0),
        "kms_key_arn": item.get("kmsKeyId") or "",
        "deletion_protection": bool(item.get("deletionProtectionEnabled")),
        "tags": without_mark(tags),
    }
    if details.transformer is not None:
        properties["transformer"] = list(details.transformer)
    if details.index_fields is not None:
        properties["index_fields"] = sorted(details.index_fields)
    if details.data_protection_policy is not None:
        properties["data_protection_policy"] = dict(details.data_protection_policy)
    properties[DETECTOR] = bool(details.detector)
    if details.detector:
        properties.update(_stored_detector(details.detector))
    return Actual(name, name, arn_of(item), properties, (tags or {}).get(MARK))


def _stored_detector(item: Mapping[str, Any]) -> dict[str, Any]:
    frequency = item.get("evaluationFrequency")
    return {
        f"{DETECTOR}.enabled": item.get("anomalyDetectorStatus") != "PAUSED",
        f"{DETECTOR}.evaluation_minutes": next((n for n, text in FREQUENCIES.items() if text == frequency), None),
        f"{DETECTOR}.pattern": item.get("filterPattern") or "",
        f"{DETECTOR}.visibility_days": item.get("anomalyVisibilityTime"),
    }


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "transformer":
        return log_transformer.within(after, before or [])
    if name == "index_fields":
        return (before or []) == after
    if name in ("data_protection_policy", "tags"):
        return (before or {}) == after
    return bool(before == after)


# -- what is sent


def detector(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent of an anomaly detector, whether it is made or changed."""
    sent: dict[str, Any] = {}
    minutes = properties.get(f"{DETECTOR}.evaluation_minutes")
    if minutes is not None:
        sent["evaluationFrequency"] = FREQUENCIES[minutes]
    if properties.get(f"{DETECTOR}.pattern"):
        sent["filterPattern"] = properties[f"{DETECTOR}.pattern"]
    if properties.get(f"{DETECTOR}.visibility_days") is not None:
        sent["anomalyVisibilityTime"] = properties[f"{DETECTOR}.visibility_days"]
    return sent


# -- export


def exported(item: Actual, tags: Tags) -> dict[str, Any]:
    """A log group as an entry that makes it."""
    usual = {"class": "standard"}
    entry: dict[str, Any] = {"name": item.key}
    for name in _PLAIN:
        value = item.properties.get(name)
        if name != "tags" and value not in (None, False, 0, "", [], {}) and usual.get(name) != value:
            entry[name] = value
    if item.properties.get(DETECTOR):
        prefix = f"{DETECTOR}."
        values = {name: item.properties.get(prefix + name) for name in _DETECTOR_OPTIONS}
        entry[DETECTOR] = {name: value for name, value in values.items() if value not in (None, "")}
    if tags:
        entry["tags"] = dict(sorted(tags.items()))
    return entry
