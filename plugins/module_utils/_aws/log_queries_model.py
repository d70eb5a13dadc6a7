# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved queries of Logs Insights: what is declared, what exists, are they the same. Pure.

A query is known by its whole name, in which slashes make folders. Queries have no tags: ours are those in our folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, Actual, Desired
from .entries import given, ignored
from .log_filters_model import GROUP_NAME
from .session import Known

NOUN = "saved query"

LONGEST_NAME = 255
LONGEST_QUERY = 10_000
MOST_PARAMETERS = 20

LANGUAGES = {"logs_insights": "CWLI", "sql": "SQL", "ppl": "PPL"}
OPTIONS = ("query", "log_groups", "language", "parameters")

_PARAMETER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,127}")
_USED = re.compile(r"\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}")


def full_name(folder: str, name: str) -> str:
    """The name of a query in a folder; without a folder, its own."""
    return f"{folder.strip('/')}/{name}" if folder.strip("/") else name


def desired(entries: Sequence[Mapping[str, Any]], folder: str, known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        name = full_name(folder, str(options["name"]))
        who = f"{NOUN} '{name}'"
        if not all(part.strip() for part in name.split("/")):
            raise InputError(f"{who}: name has a folder without a name, or ends in a slash: correct it.")
        if len(name) > LONGEST_NAME:
            raise InputError(
                f"{who}: name has {len(name)} characters with its folder, and there may be {LONGEST_NAME}: shorten it."
            )
        state = options.get("state", "present")
        properties = {} if state == ABSENT else _properties(options, who, known)
        names = ignored(options, OPTIONS, who, NOUN)
        result.append(Desired(name, name, position, properties, state, names))
    return result


def _properties(options: Mapping[str, Any], who: str, known: Known) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if "query" in options:
        text = str(options["query"]).strip()
        if not text:
            raise InputError(f"{who}: query is empty: write one.")
        if len(text) > LONGEST_QUERY:
            raise InputError(f"{who}: query has {len(text)} characters, and there may be {LONGEST_QUERY}: shorten it.")
        properties["query"] = text
    if "log_groups" in options:
        groups = sorted({str(name) for name in options["log_groups"]})
        for name in groups:
            if not GROUP_NAME.fullmatch(name):
                raise InputError(f"{who}: log_groups has '{name}', which is no name of a log group: correct it.")
        properties["log_groups"] = groups
    if "language" in options:
        if options["language"] != "logs_insights":
            known.need(f"{who}: language", "1.35.72", "logs", "PutQueryDefinition", "queryLanguage")
        properties["language"] = options["language"]
    if "parameters" in options:
        properties["parameters"] = _parameters(options["parameters"], properties.get("query"), who, known)
    return properties


def _parameters(items: Sequence[Mapping[str, Any]], query: str | None, who: str, known: Known) -> list[dict[str, str]]:
    if items:
        known.need(f"{who}: parameters", "1.42.77", "logs", "PutQueryDefinition", "parameters")
    if len(items) > MOST_PARAMETERS:
        raise InputError(f"{who}: parameters has {len(items)}, and there may be {MOST_PARAMETERS}: leave some out.")
    result: dict[str, dict[str, str]] = {}
    for item in items:
        options = given(item)
        name = str(options["name"])
        if not _PARAMETER.fullmatch(name):
            raise InputError(
                f"{who}: parameters has '{name}': a name has letters, digits and _, and begins with no digit."
            )
        if name in result:
            raise InputError(f"{who}: parameters has '{name}' twice: leave one out.")
        if query is not None and name not in _USED.findall(query):
            raise InputError(f"{who}: parameters has '{name}', and query does not use it: write {{{{{name}}}}} in it.")
        for option, most in (("default", 1024), ("description", 512)):
            if len(str(options.get(option, ""))) > most:
                raise InputError(f"{who}: parameters.{name}: {option} is longer than {most} characters: shorten it.")
        result[name] = {
            "name": name,
            **{key: str(options[key]) for key in ("default", "description") if key in options},
        }
    return [result[name] for name in sorted(result)]


def check(desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
    """Refuse a new query that says nothing."""
    there = {item.key for item in actual}
    for entry in desired:
        if entry.state != ABSENT and entry.key not in there and "query" not in entry.properties:
            raise InputError(f"{NOUN} '{entry.label}' is new and lacks query: add it.")


def actual(item: Mapping[str, Any], owner: str | None) -> Actual:
    """A query from the list, and whose it is."""
    name = str(item["name"])
    language = str(item.get("queryLanguage") or "CWLI")
    parameters = [
        {
            "name": str(one["name"]),
            **({"default": one["defaultValue"]} if one.get("defaultValue") else {}),
            **({"description": one["description"]} if one.get("description") else {}),
        }
        for one in item.get("parameters") or ()
    ]
    properties = {
        "query": str(item.get("queryString") or "").strip(),
        "log_groups": sorted(item.get("logGroupNames") or ()),
        "language": next((ours for ours, theirs in LANGUAGES.items() if theirs == language), language.lower()),
        "parameters": sorted(parameters, key=lambda one: one["name"]),
    }
    return Actual(name, name, str(item["queryDefinitionId"]), properties, owner)


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same: what is empty is as what is not set."""
    if name == "parameters":
        return [_filled(one) for one in before or ()] == [_filled(one) for one in after]
    return bool(before == after)


def _filled(parameter: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in parameter.items() if value}


def request(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent to make or change a query.

    :param properties: all that it is to have: AWS resets what is left out.
    """
    sent: dict[str, Any] = {"name": name, "queryString": properties["query"]}
    if properties.get("log_groups"):
        sent["logGroupNames"] = list(properties["log_groups"])
    if properties.get("language", "logs_insights") != "logs_insights":
        sent["queryLanguage"] = LANGUAGES[properties["language"]]
    if properties.get("parameters"):
        names = {"name": "name", "default": "defaultValue", "description": "description"}
        sent["parameters"] = [
            {names[key]: value for key, value in _filled(one).items()} for one in properties["parameters"]
        ]
    return sent


def exported(item: Mapping[str, Any]) -> dict[str, Any]:
    """A query as an entry that makes it, where the module's folder is empty."""
    found = actual(item, None)
    entry = {"name": found.key}
    for name, value in found.properties.items():
        if value and value != "logs_insights":
            entry[name] = value
    return entry
