# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mute rules of alarms: what is declared, what exists, and whether they are the same. Pure.

Expressions, durations and moments are compared by what they mean: ``PT60M`` is ``PT1H``, and the order of alarms is
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from . import times
from .cloudwatch_tags import declared_tags, without_mark
from .entries import given, ignored
from .session import Known
from .tags import MARK, Tags

SINCE = "1.42.56"
"""The first botocore that knows mute rules."""

MOST_ALARMS = 100
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=15)

OPTIONS = ("description", "schedule", "duration", "timezone", "alarms", "start", "end", "tags")
#: Options that a new rule needs.
REQUIRED = ("schedule", "duration", "alarms")

_ARN = ":alarm-mute-rule:"


def desired(entries: Sequence[Mapping[str, Any]], known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        name = str(options["name"])
        who = f"mute rule '{name}'"
        if not 1 <= len(name) <= 255:
            raise InputError(f"{who}: name takes 1 to 255 characters: shorten it.")
        state = options.get("state", PRESENT)
        properties = {} if state == ABSENT else _properties(options, who)
        result.append(Desired(name, name, position, properties, state, ignored(options, OPTIONS, who, "mute rule")))
    known.need("mute_rules", SINCE, "cloudwatch", "PutAlarmMuteRule")
    return result


def _properties(options: Mapping[str, Any], who: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if "description" in options:
        properties["description"] = str(options["description"])
        if len(properties["description"]) > 1024:
            raise InputError(f"{who}: description is longer than 1024 characters: shorten it.")
    if "schedule" in options:
        properties["schedule"] = _schedule(str(options["schedule"]), who)
    if "duration" in options:
        properties["duration"] = _duration(str(options["duration"]), who)
    if "timezone" in options:
        properties["timezone"] = str(options["timezone"]) or "UTC"
        times.check_zone(who, properties["timezone"])
    if "alarms" in options:
        properties["alarms"] = _alarms([str(name) for name in options["alarms"]], who)
    for name in ("start", "end"):
        if name in options:
            text = str(options[name]).strip()
            properties[name] = times.moment_text(times.moment(who, name, text)) if text else ""
    if properties.get("start") and properties.get("end") and properties["start"] >= properties["end"]:
        raise InputError(f"{who}: end {options['end']} is not after start {options['start']}: correct one of them.")
    tags = declared_tags(options, who)
    if tags is not None:
        properties["tags"] = tags
    return properties


def _schedule(text: str, who: str) -> str:
    found = times.call(text)
    if found is None or found[0] not in ("cron", "at"):
        raise InputError(
            f"{who}: schedule '{text}' is not known: write cron(0 2 * * SUN) or at(2026-12-24T22:00), in the time zone "
            f"of timezone."
        )
    normal = times.normal(text)
    inner = normal.partition("(")[2][:-1]
    if found[0] == "cron":
        times.check_cron(who, inner, times.MUTE_FIELDS)
    else:
        times.check_at(who, inner, "2026-12-24T22:00", "%Y-%m-%dT%H:%M")
    return normal


def _duration(text: str, who: str) -> str:
    value = times.duration(text)
    if value is None:
        raise InputError(f"{who}: duration '{text}' is none: write for example PT4H, PT90M or P2DT12H.")
    if not SHORTEST <= value <= LONGEST:
        raise InputError(f"{who}: duration {text} must be from PT1M to P15D: correct it.")
    if value.seconds % 60:
        raise InputError(f"{who}: duration {text} is not of whole minutes: round it.")
    return times.duration_text(value)


def _alarms(names: Sequence[str], who: str) -> list[str]:
    unique = list(dict.fromkeys(names))
    if not unique:
        raise InputError(f"{who}: alarms is empty: name the alarms that it mutes, or set state: absent.")
    if len(unique) > MOST_ALARMS:
        raise InputError(
            f"{who}: alarms has {len(unique)} names, and a rule takes {MOST_ALARMS}: share them out over several rules."
        )
    for name in unique:
        if not 1 <= len(name) <= 255:
            raise InputError(f"{who}: alarms has a name of {len(name)} characters: an alarm's name has 1 to 255.")
    return unique


def check_new(entry: Desired) -> None:
    """Refuse a new rule that lacks what it needs."""
    missing = [name for name in REQUIRED if name not in entry.properties]
    if missing:
        raise InputError(f"mute rule '{entry.label}' is new and lacks {' and '.join(missing)}: add it.")


# -- what exists


def name_of(arn: str) -> str:
    """The name of a rule, of which the list says the ARN only."""
    return arn.partition(_ARN)[2]


def actual(arn: str, rule: Mapping[str, Any] | None, tags: Tags | None) -> Actual:
    """A rule as the planner takes it.

    :param rule: the answer of ``GetAlarmMuteRule``, ``None`` where it was not asked for.
    """
    name = name_of(arn)
    properties: dict[str, Any] = {}
    if rule is not None:
        properties = {**properties_of(rule), "tags": without_mark(tags)}
    return Actual(name, name, arn, properties, (tags or {}).get(MARK))


def properties_of(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What the options of a rule are, from the answer of ``GetAlarmMuteRule``."""
    schedule = (rule.get("Rule") or {}).get("Schedule") or {}
    duration = times.duration(str(schedule.get("Duration") or ""))
    return {
        "description": rule.get("Description") or "",
        "schedule": times.normal(str(schedule.get("Expression") or "")),
        "duration": times.duration_text(duration) if duration is not None else schedule.get("Duration"),
        "timezone": schedule.get("Timezone") or "UTC",
        "alarms": [str(name) for name in (rule.get("MuteTargets") or {}).get("AlarmNames") or ()],
        "start": _moment(rule.get("StartDate")),
        "end": _moment(rule.get("ExpireDate")),
    }


def _moment(value: datetime | None) -> str:
    return times.moment_text(value) if value is not None else ""


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "alarms":
        return set(before or ()) == set(after or ())
    if name == "tags":
        return (before or {}) == (after or {})
    return (before or "") == (after or "")


def exported(rule: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """A rule as an entry, with what differs from a new one's only.

    :param tags: without the mark.
    """
    entry = {"name": rule["Name"], **properties_of(rule)}
    if entry["timezone"] == "UTC":
        del entry["timezone"]
    if tags:
        entry["tags"] = dict(tags)
    return {key: value for key, value in entry.items() if value not in ("", [], {})}


# -- what is sent


def request(name: str, properties: Mapping[str, Any], tags: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """What is sent to create or change a rule.

    :param properties: all that it is to have: what is left out is lost.
    :param tags: of a new rule.
    """
    schedule = {
        "Expression": properties["schedule"],
        "Duration": properties["duration"],
        **({"Timezone": properties["timezone"]} if properties.get("timezone") else {}),
    }
    sent: dict[str, Any] = {
        "Name": name,
        "Rule": {"Schedule": schedule},
        "MuteTargets": {"AlarmNames": list(properties["alarms"])},
    }
    if properties.get("description"):
        sent["Description"] = properties["description"]
    for option, key in (("start", "StartDate"), ("end", "ExpireDate")):
        if properties.get(option):
            sent[key] = datetime.fromisoformat(properties[option])
    if tags:
        sent["Tags"] = list(tags)
    return sent
