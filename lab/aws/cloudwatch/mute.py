# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a mute rule is in force: ``cron(…)`` with five fields and ``at(…)``, a duration, a time zone. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=15)
DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


class BadRule(Exception):
    """A schedule that cannot be read."""


def duration(text: str) -> timedelta:
    match = DURATION.fullmatch(text)
    if match is None or text in ("P", "PT") or text.endswith("T"):
        raise BadRule(f"Duration '{text}' is not a valid ISO 8601 duration.")
    weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    if not SHORTEST <= length <= LONGEST:
        raise BadRule(f"Duration '{text}' must be between 1 minute and 15 days.")
    return length


def zone(name: str | None) -> tzinfo:
    if not name or name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadRule(f"Timezone '{name}' is not valid.") from None


def field(text: str, number: int) -> frozenset[int]:
    """The values of one field of a cron expression."""
    low, high = RANGES[number]
    words = {word: place for place, word in enumerate(DAYS)} if number == 4 else {}
    if number == 3:
        words = {word: place for place, word in enumerate(MONTHS, 1)}

    def value(part: str) -> int:
        found = words.get(part.upper())
        if found is None:
            if not part.isdigit() or not low <= int(part) <= high:
                raise BadRule(f"'{text}' is not valid in a cron expression.")
            found = int(part)
        return found

    found: set[int] = set()
    for part in text.split(","):
        span, _slash, step = part.partition("/")
        if step and (not step.isdigit() or int(step) < 1):
            raise BadRule(f"'{text}' is not valid in a cron expression.")
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            begin, _dash, end = span.partition("-")
            first, last = value(begin), value(end)
        else:
            first = value(span)
            last = high if step else first
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(day % 7 for day in found) if number == 4 else frozenset(found)


def cron(text: str) -> tuple[frozenset[int], ...]:
    parts = text.split()
    if len(parts) != 5:
        raise BadRule(f"The cron expression '{text}' must have five fields.")
    return tuple(field(part, number) for number, part in enumerate(parts))


def starts(expression: str, where: tzinfo, before: datetime, back: timedelta) -> list[datetime]:
    """When a schedule started in the time up to ``before``, newest first."""
    if match := re.fullmatch(r"at\(([^)]*)\)", expression.strip()):
        try:
            moment = datetime.fromisoformat(match[1].strip())
        except ValueError:
            raise BadRule(f"'{expression}' is not valid: at(yyyy-mm-ddThh:mm) was expected.") from None
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=where)).astimezone(UTC)
        return [moment] if before - back <= moment <= before else []
    match = re.fullmatch(r"cron\(([^)]*)\)", expression.strip())
    if match is None:
        raise BadRule(f"'{expression}' is not valid: cron(minutes hours day month weekday) or at(time) was expected.")
    minutes, hours, days, months, weekdays = cron(match[1])
    parts = match[1].split()
    any_day = parts[2] in ("*", "?"), parts[4] in ("*", "?")
    found: list[datetime] = []
    day = before.astimezone(where).date()
    for _number in range(back.days + 2):
        by_day, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        # As in Unix: where both are restricted, either will do.
        fits = by_day or by_weekday if not any(any_day) else by_day and by_weekday
        if fits and day.month in months:
            for hour in sorted(hours, reverse=True):
                for minute in sorted(minutes, reverse=True):
                    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=where).astimezone(UTC)
                    if moment <= before:
                        if moment < before - back:
                            return found
                        found.append(moment)
        day -= timedelta(days=1)
    return found


def check(expression: str, length: str, where: str | None) -> None:
    """Raise BadRule for what PutAlarmMuteRule would refuse."""
    duration(length)
    starts(expression, zone(where), datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1))


def active(rule: dict[str, object], now: float) -> bool:
    """Whether a rule, as it was put, mutes at a moment (seconds since the epoch)."""
    schedule = rule["Rule"]["Schedule"]  # type: ignore[index]
    first, last = rule.get("StartDate"), rule.get("ExpireDate")
    if (first is not None and now < float(first)) or (last is not None and now >= float(last)):  # type: ignore[arg-type]
        return False
    length = duration(schedule["Duration"])
    moment = datetime.fromtimestamp(now, UTC)
    begun = starts(schedule["Expression"], zone(schedule.get("Timezone")), moment, length)
    return any(begin + length > moment for begin in begun)


def expired(rule: dict[str, object], now: float) -> bool:
    """Whether a rule will never mute again."""
    last = rule.get("ExpireDate")
    if last is not None and now >= float(last):  # type: ignore[arg-type]
        return True
    schedule = rule["Rule"]["Schedule"]  # type: ignore[index]
    match = re.fullmatch(r"at\(([^)]*)\)", schedule["Expression"].strip())
    if match is None:
        return False
    moment = datetime.fromisoformat(match[1].strip())
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone(schedule.get("Timezone")))
    return (moment + duration(schedule["Duration"])).timestamp() <= now
