# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscription filters of log groups: what is declared, what exists, are they the same. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, Actual, Desired
from .entries import given, ignored
from .log_filters_model import SYSTEM_FIELDS, Key, check_names, label, parsed
from .session import Known

NOUN = "subscription filter"

MOST = 2
"""Subscription filters of a log group."""

DISTRIBUTIONS = {"by_log_stream": "ByLogStream", "random": "Random"}
OPTIONS = (
    "pattern",
    "destination_arn",
    "role_arn",
    "distribution",
    "apply_on_transformed_logs",
    "system_fields",
    "field_selection_criteria",
)
REQUIRED = ("pattern", "destination_arn")

#: Options of the API that are sent where they say something.
_SENT = (
    ("role_arn", "roleArn"),
    ("apply_on_transformed_logs", "applyOnTransformedLogs"),
    ("system_fields", "emitSystemFields"),
    ("field_selection_criteria", "fieldSelectionCriteria"),
)


def desired(entries: Sequence[Mapping[str, Any]], known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        key = (str(options["log_group"]), str(options["name"]))
        who = f"{NOUN} '{label(key)}'"
        check_names(who, key)
        state = options.get("state", "present")
        properties = {} if state == ABSENT else _properties(options, who, known)
        names = ignored(options, OPTIONS, who, NOUN)
        result.append(Desired(key, label(key), position, properties, state, names))
    return result


def _properties(options: Mapping[str, Any], who: str, known: Known) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if "pattern" in options:
        properties["pattern"] = str(options["pattern"])
        parsed(who, properties["pattern"])
    for name in ("destination_arn", "role_arn"):
        if name in options:
            text = str(options[name]).strip()
            if (text or name == "destination_arn") and not text.startswith("arn:"):
                raise InputError(f"{who}: {name} must be an ARN, which begins with arn:, not '{text}'.")
            properties[name] = text
    if "distribution" in options:
        properties["distribution"] = options["distribution"]
    if "apply_on_transformed_logs" in options:
        properties["apply_on_transformed_logs"] = bool(options["apply_on_transformed_logs"])
        if options["apply_on_transformed_logs"]:
            known.need(
                f"{who}: apply_on_transformed_logs",
                "1.35.67",
                "logs",
                "PutSubscriptionFilter",
                "applyOnTransformedLogs",
            )
    if "system_fields" in options:
        properties["system_fields"] = sorted({str(name) for name in options["system_fields"]})
        for name in properties["system_fields"]:
            if name not in SYSTEM_FIELDS:
                raise InputError(
                    f"{who}: system_fields has '{name}', and there are {' and '.join(SYSTEM_FIELDS)}: correct it."
                )
        if properties["system_fields"]:
            known.need(f"{who}: system_fields", "1.40.32", "logs", "PutSubscriptionFilter", "emitSystemFields")
    if "field_selection_criteria" in options:
        properties["field_selection_criteria"] = str(options["field_selection_criteria"]).strip()
        if properties["field_selection_criteria"]:
            known.need(
                f"{who}: field_selection_criteria", "1.40.32", "logs", "PutSubscriptionFilter", "fieldSelectionCriteria"
            )
    return properties


def check(desired: Sequence[Desired], actual: Sequence[Actual], purged: frozenset[Key]) -> None:
    """Refuse new filters that lack what they need, and more filters than a log group has.

    :param purged: the filters that go because they are not declared.
    """
    there = {item.key for item in actual}
    remaining = there - purged
    for entry in desired:
        if entry.state == ABSENT:
            remaining.discard(entry.key)
            continue
        remaining.add(entry.key)
        if entry.key not in there:
            _check_new(entry)
    counted = Counter(group for group, _name in remaining)
    for group in sorted({entry.key[0] for entry in desired}):
        if counted[group] > MOST:
            names = ", ".join(sorted(f"'{name}'" for other, name in remaining if other == group))
            raise KumawatchError(
                f"log group '{group}' would have {counted[group]} subscription filters ({names}), and there may be "
                f"{MOST}: declare one of them absent, or share a stream."
            )


def _check_new(entry: Desired) -> None:
    missing = [name for name in REQUIRED if name not in entry.properties]
    if missing:
        raise InputError(f"{NOUN} '{entry.label}' is new and lacks {' and '.join(missing)}: add it.")
    service = entry.properties["destination_arn"].split(":")[2]
    if service in ("kinesis", "firehose") and not entry.properties.get("role_arn"):
        raise InputError(
            f"{NOUN} '{entry.label}': role_arn is missing: name the role by which logs may write to {service}."
        )


def actual(item: Mapping[str, Any], owner: str | None) -> Actual:
    """A filter from the list, and whose it is."""
    key = (str(item["logGroupName"]), str(item["filterName"]))
    distribution = item.get("distribution") or "ByLogStream"
    properties = {
        "pattern": item.get("filterPattern") or "",
        "destination_arn": item.get("destinationArn"),
        "role_arn": item.get("roleArn") or "",
        "distribution": next((ours for ours, theirs in DISTRIBUTIONS.items() if theirs == distribution), distribution),
        "apply_on_transformed_logs": bool(item.get("applyOnTransformedLogs")),
        "system_fields": sorted(item.get("emitSystemFields") or ()),
        "field_selection_criteria": item.get("fieldSelectionCriteria") or "",
    }
    return Actual(key, label(key), label(key), properties, owner)


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "pattern":
        return (before or "").strip() == (after or "").strip()
    return bool(before == after)


def request(key: Key, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent to create or change a filter.

    :param properties: all that it is to have: AWS resets what is left out.
    """
    sent: dict[str, Any] = {
        "logGroupName": key[0],
        "filterName": key[1],
        "filterPattern": properties["pattern"],
        "destinationArn": properties["destination_arn"],
    }
    if properties.get("distribution"):
        sent["distribution"] = DISTRIBUTIONS.get(properties["distribution"], properties["distribution"])
    sent.update({name: properties[option] for option, name in _SENT if properties.get(option)})
    return sent


def exported(item: Mapping[str, Any]) -> dict[str, Any]:
    """A filter as an entry that makes it."""
    found = actual(item, None)
    return {
        "log_group": found.key[0],
        "name": found.key[1],
        **{
            name: value
            for name, value in found.properties.items()
            if name in REQUIRED or value not in (False, "", [], "by_log_stream")
        },
    }
