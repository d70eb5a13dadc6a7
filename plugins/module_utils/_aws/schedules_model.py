# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of EventBridge Scheduler and their groups: what is declared, what exists, are they the same. Pure.

A schedule has no tags, its group has. So the group is an object of its own here: it is created with the mark, and what
is in it is whose the group is. A schedule is known by its group and its name, a group by ``("", name)``.

The properties that are compared are the options of an entry, those of the target by themselves (``target.arn``), since
AWS replaces the whole schedule with every update.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from . import times
from .entries import given, ignored, within
from .session import Known

DEFAULT_GROUP = "default"
"""The group that every account has, and that nobody can delete."""

STATES = ("enabled", "disabled", "absent")
COMPLETIONS = {"none": "NONE", "delete": "DELETE"}

LONGEST_INPUT = 262_144
"""Bytes that EventBridge takes as the input of a target."""

#: What a target takes besides the options, as the API calls it.
PARAMETERS = (
    "EcsParameters",
    "EventBridgeParameters",
    "EventBridgePutEventsV2Parameters",
    "EventBridgePutRawEventsParameters",
    "KinesisParameters",
    "SageMakerPipelineParameters",
    "SqsParameters",
)

_TARGET = ("arn", "role_arn", "input", "retry_attempts", "max_event_age", "dead_letter_arn", "parameters")
OPTIONS = (
    "schedule",
    "timezone",
    "start",
    "end",
    "description",
    "flexible_window_minutes",
    "kms_key_arn",
    "after_completion",
    "enabled",
    *(f"target.{option}" for option in _TARGET),
)
#: Options that a new schedule needs.
REQUIRED = ("schedule", "target.arn", "target.role_arn")

_NAME = re.compile(r"[0-9a-zA-Z_.-]{1,64}")
_TEXT = ("description", "kms_key_arn", "target.dead_letter_arn")

Key = tuple[str, str]
"""Group and name of a schedule; the group is empty for a group itself."""


def label(key: Key) -> str:
    """What one is called in messages."""
    group, name = key
    return f"{group}/{name}" if group else f"group {name}"


def group_of(owner: str | None) -> str:
    """The group of schedules that name none."""
    return re.sub(r"[^0-9a-zA-Z_.-]", "-", owner)[:64] if owner else DEFAULT_GROUP


# -- what is declared


def desired(entries: Sequence[Mapping[str, Any]], owner: str | None, known: Known) -> list[Desired]:
    """The entries, and the groups that they need, as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    groups: dict[str, int] = {}
    for position, entry in enumerate(entries):
        options = given(entry)
        key = (str(options.get("group") or group_of(owner)), str(options["name"]))
        who = f"schedule '{label(key)}'"
        for option, text in zip(("group", "name"), key, strict=True):
            if not _NAME.fullmatch(text):
                raise InputError(
                    f"{who}: {option} takes up to 64 letters, digits, hyphens, points and underscores: correct it."
                )
        if owner is not None and key[0] == DEFAULT_GROUP:
            raise InputError(
                f"{who}: the group 'default' cannot bear the mark '{owner}': name another group, or leave group out."
            )
        state = options.get("state", "enabled")
        properties = {} if state == ABSENT else _properties(options, state, who, known)
        names = ignored(options, OPTIONS, who, "schedule")
        result.append(Desired(key, label(key), position, properties, ABSENT if state == ABSENT else PRESENT, names))
        if state != ABSENT and key[0] != DEFAULT_GROUP:
            groups.setdefault(key[0], position)
    needed = [Desired(("", name), label(("", name)), position, {"name": name}) for name, position in groups.items()]
    return [*needed, *result]


def _properties(options: Mapping[str, Any], state: str, who: str, known: Known) -> dict[str, Any]:
    properties: dict[str, Any] = {
        name: str(options[name]) for name in ("timezone", "description", "kms_key_arn") if name in options
    }
    properties["enabled"] = state == "enabled"
    if "schedule" in options:
        properties["schedule"] = _schedule(options["schedule"], who)
    if properties.get("timezone"):
        times.check_zone(who, properties["timezone"])
    for name in ("start", "end"):
        if name in options:
            text = str(options[name]).strip()
            properties[name] = times.moment_text(times.moment(who, name, text)) if text else ""
    if properties.get("start") and properties.get("end") and properties["start"] >= properties["end"]:
        raise InputError(f"{who}: end {options['end']} is not after start {options['start']}: correct one of them.")
    if len(properties.get("description", "")) > 512:
        raise InputError(f"{who}: description is longer than 512 characters: shorten it.")
    if "flexible_window_minutes" in options:
        properties["flexible_window_minutes"] = within(
            who, "flexible_window_minutes", options["flexible_window_minutes"], 0, 1440
        )
    if "after_completion" in options:
        known.need(f"{who}: after_completion", "1.31.16", "scheduler", "CreateSchedule", "ActionAfterCompletion")
        properties["after_completion"] = options["after_completion"]
    target = _target(given(options.get("target", {})), who, known)
    properties.update({f"target.{name}": value for name, value in target.items()})
    return properties


def _schedule(text: str, who: str) -> str:
    found = times.call(text)
    if found is None or found[0] not in ("cron", "at", "rate"):
        raise InputError(
            f"{who}: schedule '{text}' is not known: write rate(5 minutes), cron(0 6 * * ? *) or "
            f"at(2026-12-24T22:00:00)."
        )
    name, inner = found
    if name == "rate":
        times.check_rate(who, inner)
    elif name == "cron":
        times.check_cron(who, inner, times.SCHEDULER_FIELDS)
    else:
        times.check_at(who, inner, "2026-12-24T22:00:00", "%Y-%m-%dT%H:%M:%S")
    return normal_schedule(text)


def normal_schedule(text: str) -> str:
    """An expression, however it is written."""
    found = times.call(text)
    # The seconds of a moment belong to it here.
    return f"at({found[1]})" if found and found[0] == "at" else times.normal(text)


def _target(target: Mapping[str, Any], who: str, known: Known) -> dict[str, Any]:
    result: dict[str, Any] = dict(target)
    for option in ("arn", "role_arn", "dead_letter_arn"):
        value = result.get(option)
        if value and not str(value).startswith("arn:"):
            raise InputError(f"{who}: target.{option} must be an ARN, which begins with arn:, not '{value}'.")
    if "role_arn" in result and ":role/" not in result["role_arn"]:
        raise InputError(
            f"{who}: target.role_arn is not the ARN of a role: give that of the role that may call the target."
        )
    if "retry_attempts" in result:
        within(who, "target.retry_attempts", result["retry_attempts"], 0, 185)
    if "max_event_age" in result:
        within(who, "target.max_event_age", result["max_event_age"], 60, 86400, "seconds")
    if "input" in result:
        result["input"] = as_data(result["input"])
        size = len(as_text(result["input"]).encode())
        if size > LONGEST_INPUT:
            raise InputError(f"{who}: target.input has {size} bytes, more than {LONGEST_INPUT}: shorten it.")
    for name in result.get("parameters") or ():
        if name not in PARAMETERS:
            raise InputError(f"{who}: target.parameters has '{name}': give one of {', '.join(PARAMETERS)}.")
        known.need(f"{who}: target.parameters.{name}", "1.44.8", "scheduler", "CreateSchedule", "Target", name)
    return result


def as_data(value: Any) -> Any:
    """What an input says: JSON text is the data in it, any other text is itself."""
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, (dict, list)) else value


def as_text(value: Any) -> str:
    """An input as AWS takes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# -- what exists


def group(item: Mapping[str, Any], owner: str | None) -> Actual:
    """A group from the list of groups, and whose it is."""
    key = ("", str(item["Name"]))
    return Actual(key, label(key), str(item["Arn"]), {"name": key[1]}, owner)


def schedule(item: Mapping[str, Any], owner: str | None) -> Actual:
    """A schedule, from the answer of ``GetSchedule`` or, with less, from the list.

    :param owner: the mark of its group.
    """
    key = (str(item["GroupName"]), str(item["Name"]))
    target = item.get("Target") or {}
    retry = target.get("RetryPolicy") or {}
    window = item.get("FlexibleTimeWindow") or {}
    properties = {
        "enabled": item.get("State", "ENABLED") == "ENABLED",
        "target.arn": target.get("Arn"),
    }
    if "ScheduleExpression" in item:
        properties.update({
            "schedule": normal_schedule(item["ScheduleExpression"]),
            "timezone": item.get("ScheduleExpressionTimezone") or "UTC",
            "start": _moment(item.get("StartDate")),
            "end": _moment(item.get("EndDate")),
            "description": item.get("Description") or "",
            "flexible_window_minutes": int(window.get("MaximumWindowInMinutes") or 0),
            "kms_key_arn": item.get("KmsKeyArn") or "",
            "after_completion": str(item.get("ActionAfterCompletion") or "NONE").lower(),
            "target.role_arn": target.get("RoleArn"),
            "target.input": as_data(target.get("Input") or ""),
            "target.retry_attempts": retry.get("MaximumRetryAttempts", 185),
            "target.max_event_age": retry.get("MaximumEventAgeInSeconds", 86400),
            "target.dead_letter_arn": (target.get("DeadLetterConfig") or {}).get("Arn") or "",
            "target.parameters": {name: target[name] for name in PARAMETERS if target.get(name)},
        })  # fmt: skip
    return Actual(key, label(key), key, properties, owner)


def _moment(value: datetime | None) -> str:
    return times.moment_text(value) if value is not None else ""


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same: what is empty is as what is not set."""
    if name == "timezone":
        return (before or "UTC") == (after or "UTC")
    if name in ("start", "end", "target.input", "target.parameters", *_TEXT):
        return (before or "") == (after or "")
    return bool(before == after)


def check(desired: Iterable[Desired], actual: Iterable[Actual], owner: str | None) -> None:
    """Refuse a new schedule that lacks what it needs, and to adopt a group with schedules that are not declared."""
    wanted = {entry.key: entry for entry in desired}
    there = {item.key: item for item in actual}
    for key, entry in wanted.items():
        if not key[0] or entry.state == ABSENT or key in there:
            continue
        missing = [name for name in REQUIRED if not entry.properties.get(name)]
        if missing:
            raise InputError(f"schedule '{entry.label}' is new and lacks {' and '.join(missing)}: add it.")
    if owner is None:
        return
    for key, item in there.items():
        if key[0] or key not in wanted or item.owner is not None:
            continue
        others = sorted(name for group, name in there if group == key[1] and (group, name) not in wanted)
        if others:
            raise KumawatchError(
                f"schedule {item.label} bears no mark and has schedules that are not declared, such as '{others[0]}', "
                f"which would become ours with it: declare them, or name another group."
            )


# -- what is sent


def request(key: Key, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent to create or update a schedule.

    :param properties: all that it is to have: AWS resets what is left out.
    """
    window = properties.get("flexible_window_minutes")
    sent: dict[str, Any] = {
        "GroupName": key[0],
        "Name": key[1],
        "ScheduleExpression": properties["schedule"],
        "State": "ENABLED" if properties.get("enabled", True) else "DISABLED",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window} if window else {"Mode": "OFF"},
        "Target": _sent_target(properties),
    }
    for option, name in (
        ("timezone", "ScheduleExpressionTimezone"),
        ("description", "Description"),
        ("kms_key_arn", "KmsKeyArn"),
    ):
        if properties.get(option):
            sent[name] = properties[option]
    for option, name in (("start", "StartDate"), ("end", "EndDate")):
        if properties.get(option):
            sent[name] = datetime.fromisoformat(properties[option])
    if properties.get("after_completion"):
        sent["ActionAfterCompletion"] = COMPLETIONS.get(properties["after_completion"], properties["after_completion"])
    return sent


def _sent_target(properties: Mapping[str, Any]) -> dict[str, Any]:
    target: dict[str, Any] = {"Arn": properties["target.arn"], "RoleArn": properties["target.role_arn"]}
    retry = {
        name: properties[f"target.{option}"]
        for option, name in (("retry_attempts", "MaximumRetryAttempts"), ("max_event_age", "MaximumEventAgeInSeconds"))
        if properties.get(f"target.{option}") is not None
    }
    if retry:
        target["RetryPolicy"] = retry
    if properties.get("target.dead_letter_arn"):
        target["DeadLetterConfig"] = {"Arn": properties["target.dead_letter_arn"]}
    if properties.get("target.input"):
        target["Input"] = as_text(properties["target.input"])
    target.update(properties.get("target.parameters") or {})
    return target
