# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling rules of X-Ray: what is declared, what exists, and whether they are the same. Pure.

Every account has the rule ``Default``, which takes what no other rule does. It can neither be deleted nor marked, and
of it only the rate and the reservoir can be set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from .entries import given, ignored, within
from .tagging import declared_tags, without_mark
from .tags import MARK, Tags

DEFAULT = "Default"
"""The rule that every account has."""

#: Options, and what the API calls them.
FIELDS = {
    "priority": "Priority",
    "fixed_rate": "FixedRate",
    "reservoir_size": "ReservoirSize",
    "service_name": "ServiceName",
    "service_type": "ServiceType",
    "host": "Host",
    "http_method": "HTTPMethod",
    "url_path": "URLPath",
    "resource_arn": "ResourceARN",
    "attributes": "Attributes",
}
OPTIONS = (*FIELDS, "tags")
#: Options that a new rule needs: AWS has no value for them.
REQUIRED = ("priority", "fixed_rate", "reservoir_size")
#: What matches everything, which a new rule has where nothing is said.
_ANY = ("service_name", "service_type", "host", "http_method", "url_path", "resource_arn")
_OF_DEFAULT = ("fixed_rate", "reservoir_size")
#: The longest texts that AWS takes.
_LONGEST = {
    "service_name": 64,
    "service_type": 64,
    "host": 64,
    "http_method": 10,
    "url_path": 128,
    "resource_arn": 500,
}
_MOST_ATTRIBUTES = 5
_LONGEST_NAME = 32


def desired(entries: Sequence[Mapping[str, Any]]) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises InputError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        name = str(options["name"])
        who = f"sampling rule '{name}'"
        if not 1 <= len(name) <= _LONGEST_NAME:
            raise InputError(f"{who}: name takes 1 to {_LONGEST_NAME} characters: shorten it.")
        state = options.get("state", PRESENT)
        if name == DEFAULT:
            _check_default(options, state, who)
        properties = {} if state == ABSENT else _properties(options, who)
        result.append(Desired(name, name, position, properties, state, ignored(options, OPTIONS, who, "sampling rule")))
    return result


def _check_default(options: Mapping[str, Any], state: str, who: str) -> None:
    if state == ABSENT:
        raise InputError(f"{who}: every account has this rule, and it cannot be deleted: take the entry out.")
    for option in OPTIONS:
        if option in options and option not in _OF_DEFAULT:
            raise InputError(f"{who}: {option} cannot be set for it, only {' and '.join(_OF_DEFAULT)}: take it out.")


def _properties(options: Mapping[str, Any], who: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if "priority" in options:
        properties["priority"] = within(who, "priority", options["priority"], 1, 9999)
    if "fixed_rate" in options:
        rate = float(options["fixed_rate"])
        if not 0 <= rate <= 1:
            raise InputError(f"{who}: fixed_rate must be from 0 to 1, not {rate:g}: 0.05 is one request in twenty.")
        properties["fixed_rate"] = rate
    if "reservoir_size" in options:
        properties["reservoir_size"] = within(who, "reservoir_size", options["reservoir_size"], 0, 2**31 - 1)
    for option, longest in _LONGEST.items():
        if option in options:
            text = str(options[option]) or "*"
            if len(text) > longest:
                raise InputError(f"{who}: {option} is longer than {longest} characters: shorten it, or use * and ?.")
            properties[option] = text
    if "attributes" in options:
        properties["attributes"] = _attributes(options["attributes"], who)
    tags = declared_tags(options, who)
    if tags is not None:
        properties["tags"] = tags
    return properties


def _attributes(attributes: Mapping[str, Any], who: str) -> dict[str, str]:
    texts = {str(key): str(value) for key, value in attributes.items()}
    if len(texts) > _MOST_ATTRIBUTES:
        raise InputError(f"{who}: attributes has {len(texts)} keys, and there may be {_MOST_ATTRIBUTES}.")
    for key, value in texts.items():
        if not 1 <= len(key) <= 32 or not 1 <= len(value) <= 32:
            raise InputError(f"{who}: attributes has '{key}': keys and values take 1 to 32 characters.")
    return texts


def check_new(entry: Desired) -> None:
    """Refuse a new rule that lacks what it needs."""
    missing = [name for name in REQUIRED if name not in entry.properties]
    if missing:
        raise InputError(f"sampling rule '{entry.label}' is new and lacks {' and '.join(missing)}: add it.")


def actual(rule: Mapping[str, Any], tags: Tags | None, owner: str | None) -> Actual:
    """A rule as the planner takes it, from ``GetSamplingRules``.

    :param owner: whose the rule ``Default`` is taken to be, which bears no mark: ours where it is declared.
    """
    name = str(rule["RuleName"])
    properties: dict[str, Any] = {option: rule.get(field) for option, field in FIELDS.items()}
    properties["attributes"] = dict(rule.get("Attributes") or {})
    properties["tags"] = without_mark(tags)
    mark = owner if name == DEFAULT else (tags or {}).get(MARK)
    return Actual(name, name, rule["RuleARN"], properties, mark)


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "fixed_rate":
        # AWS keeps it as a double, and may show 0.05 as 0.05000000074505806.
        return before is not None and abs(before - after) < 1e-6
    return bool(before == after)


def request(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A new rule as it is sent."""
    whole: dict[str, Any] = {**dict.fromkeys(_ANY, "*"), "attributes": {}, **properties}
    return {"RuleName": name, "Version": 1, **fields(whole)}


def fields(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties by the names that the API gives them; tags are not among them."""
    return {FIELDS[option]: value for option, value in properties.items() if option in FIELDS}
