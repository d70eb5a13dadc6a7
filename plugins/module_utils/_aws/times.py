# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of time as AWS writes them: ``cron(…)``, ``at(…)``, ``rate(…)``, durations, moments, time zones. Pure.

Checked before anything is written, since AWS names neither the field nor what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from .._errors import InputError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True)
class Field:
    """One field of a cron expression: its name, its range, the names for its values, and which signs it takes."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    first: int = 0
    extra: str = ""


#: Of EventBridge: a question mark in one of the two fields of days, steps, last days, nearest weekdays.
SCHEDULER_FIELDS = (
    Field("minutes", 0, 59, extra="/"),
    Field("hours", 0, 23, extra="/"),
    Field("day of month", 1, 31, extra="/?LW"),
    Field("month", 1, 12, _MONTHS, 1, "/"),
    Field("day of week", 1, 7, _DAYS, 1, "?L#"),
    Field("year", 1970, 2199, extra="/"),
)
#: Of mute rules: five fields and no such signs.
MUTE_FIELDS = (
    Field("minutes", 0, 59),
    Field("hours", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, _MONTHS, 1),
    Field("day of week", 0, 7, _DAYS, 0),
)

_CALL = re.compile(r"\s*(\w+)\s*\(\s*(.*?)\s*\)\s*", re.DOTALL)
_RATE = re.compile(r"([1-9]\d*)\s+(minutes?|hours?|days?)")
_DURATION = re.compile(r"P(?=\d|T\d)(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def call(text: str) -> tuple[str, str] | None:
    """The name and the inner text of ``name(text)``."""
    found = _CALL.fullmatch(text)
    return (found[1].lower(), found[2]) if found else None


def normal(text: str) -> str:
    """An expression as AWS shows it: single blanks, upper case in a cron."""
    found = call(text)
    if found is None:
        return text.strip()
    name, inner = found
    inner = " ".join(inner.split())
    if name == "cron":
        inner = inner.upper()
    if name == "at":
        inner = re.sub(r"(T\d\d:\d\d):00$", r"\1", inner)
    return f"{name}({inner})"


def check_rate(who: str, inner: str) -> None:
    """Refuse what is no ``5 minutes``."""
    found = _RATE.fullmatch(inner)
    if not found:
        raise InputError(f"{who}: schedule rate({inner}) is no rate: write for example rate(5 minutes).")


def check_at(who: str, inner: str, example: str, pattern: str) -> None:
    """Refuse what is no moment.

    :param pattern: as ``strptime`` takes it.
    """
    try:
        datetime.strptime(inner, pattern)
    except ValueError:
        raise InputError(f"{who}: schedule at({inner}) is no moment: write for example at({example}).") from None


def check_cron(who: str, inner: str, fields: Sequence[Field]) -> None:
    """Refuse a cron expression that AWS would refuse, and say which field is wrong and why.

    :param fields: :data:`SCHEDULER_FIELDS` or :data:`MUTE_FIELDS`.
    """
    parts = inner.upper().split()
    if len(parts) != len(fields):
        names = ", ".join(field.name for field in fields)
        raise InputError(
            f"{who}: schedule cron({inner}) has {len(parts)} fields instead of {len(fields)}: give {names}."
        )
    for part, field in zip(parts, fields, strict=True):
        problem = _problem(part, field)
        if problem:
            raise InputError(f"{who}: schedule cron({inner}): {field.name} '{part}' {problem}")
    if any("?" in field.extra for field in fields):
        days = [part for part, field in zip(parts, fields, strict=True) if "?" in field.extra]
        if days.count("?") != 1:
            raise InputError(
                f"{who}: schedule cron({inner}): exactly one of day of month and day of week must be a question mark."
            )


def _problem(part: str, field: Field) -> str:
    """What is wrong with a field."""
    if part == "*" or (part == "?" and "?" in field.extra):
        return ""
    for item in part.split(","):
        problem = _item_problem(item, field)
        if problem:
            return problem
    return ""


def _item_problem(item: str, field: Field) -> str:
    base, slash, step = item.partition("/")
    if slash:
        if "/" not in field.extra:
            return "has a step, which is not possible here: list the values."
        if not step.isascii() or not step.isdigit() or int(step) == 0:
            return "needs a number above 0 after the stroke."
        if base == "*":
            return ""
    base = base if slash else item
    if "L" in field.extra and (base in ("L", "LW") or re.fullmatch(r"L-\d+", base)):
        return "" if base != "LW" or "W" in field.extra else "is not possible here."
    if "W" in field.extra and base.endswith("W") and base[:-1].isdigit():
        base = base[:-1]
    if "#" in field.extra:
        if base.endswith("L") and base != "L":
            base = base[:-1]
        base, mark, number = base.partition("#")
        if mark and number not in ("1", "2", "3", "4", "5"):
            return "needs 1 to 5 after the number sign."
    ends = base.split("-")
    if len(ends) > 2 or not all(ends):
        return "is no value, range or list: correct it."
    values = [_value(end, field) for end in ends]
    for value in values:
        if value is None:
            return f"does not mean anything: give {field.low} to {field.high}{_or_names(field)}."
        if not field.low <= value <= field.high:
            return f"goes beyond what is possible: give {field.low} to {field.high}."
    if len(values) == 2 and (values[0] or 0) > (values[1] or 0) and not field.names:
        return "begins after it ends: turn it round."
    return ""


def _value(text: str, field: Field) -> int | None:
    if text in field.names:
        return field.names.index(text) + field.first
    return int(text) if text.isascii() and text.isdigit() else None


def _or_names(field: Field) -> str:
    return f", or {field.names[0]} to {field.names[-1]}" if field.names else ""


def duration(text: str) -> timedelta | None:
    """A duration such as ``PT4H`` or ``P2DT12H``."""
    found = _DURATION.fullmatch(text.strip().upper())
    if not found:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def duration_text(value: timedelta) -> str:
    """The shortest way to write a duration of whole minutes."""
    minutes = int(value.total_seconds()) // 60
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock or not days else "")


def moment(who: str, option: str, text: str) -> datetime:
    """A moment, written as ``2026-12-24T22:00:00+01:00``; in UTC where no offset is given."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"{who}: {option} must be a moment such as 2026-12-24T22:00:00Z, in quotes, not '{text}': correct it."
        ) from None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def moment_text(value: datetime) -> str:
    """A moment in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_zone(who: str, name: str) -> None:
    """Refuse a time zone that does not exist, as far as this machine knows them."""
    zones = _zones()
    if not zones or name in zones:
        return
    try:
        ZoneInfo(name)
        return
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = get_close_matches(name, sorted(zones), 1, 0.6)
        hint = f"did you mean '{close[0]}'?" if close else "write it like Europe/Berlin."
        raise InputError(f"{who}: timezone '{name}' does not exist: {hint}") from None
