# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the maintenance windows of the catalogue to the mute rules of CloudWatch. Pure.

The same entry silences Uptime Kuma and CloudWatch. CloudWatch knows a moment, ``at(2026-12-24T22:00)``, and a cron line
of five fields with lists and ranges only; what a window says beyond that is put into those words where it can be.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from .._errors import InputError
from . import names as naming
from .catalogue import Catalogue

Entry = dict[str, Any]

MOST_ALARMS = 100
"""Names that a rule takes."""

LONGEST = timedelta(days=15)
"""How long a rule may be in force at a time."""

#: What Uptime Kuma calls the time zone of its server, which CloudWatch does not know.
SERVER_ZONE = "SAME_AS_SERVER"

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
#: The fields of a cron line: name, least and largest value, and the names that stand for the values from the least on.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)


def mute_rules(
    catalogue: Catalogue, alarms: Sequence[Mapping[str, Any]], now: datetime | None = None, part: str = ""
) -> list[Entry]:
    """The rules of all windows, each naming the alarms of its services that would tell somebody.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param alarms: what :func:`.alarms.alarms` or :func:`.log_alarms.log_alarms` returned, and entries of other names,
        which are of no service.
    :param now: single windows that were over by then have no rule any more.
    :param part: whose rules these are, a word that ends their names, where others make rules of the same windows.
    :raises InputError: a window cannot be said in CloudWatch's words; the message names it, and the way out.
    """
    loud = [entry for entry in alarms if entry.get("alarm_actions") or entry.get("ok_actions")]
    by_service: dict[tuple[str, str], list[str]] = {}
    for entry in loud:
        _environment, _slash, rest = entry["name"].partition("/")
        key = (str((entry.get("tags") or {}).get("service", "")), rest.partition("/")[0])
        by_service.setdefault(key, []).append(entry["name"])
    result: list[Entry] = []
    for window in catalogue["maintenances"]:
        # A title has no slash here, and what else may follow it is a number: no two names are the same.
        base = "/".join(filter(None, (*map(naming.part, (catalogue["environment"], window["title"])), part)))
        if window["state"] == "absent" or not window["mute_alarms"] or window.get("active") is False:
            if window["strategy"] != "manual":
                result.append({"name": naming.fitted(base, naming.NAME_LENGTH), "state": "absent"})
            continue
        schedules = list(_schedules(window, now))
        concerned = [
            name
            for service in catalogue["services"]
            if service["state"] == "present" and (window["all"] or service["name"] in window["services"])
            for name in by_service.get((naming.tag_value(service["name"]), naming.part(service["name"])), ())
        ]
        chunks = [concerned[start : start + MOST_ALARMS] for start in range(0, len(concerned), MOST_ALARMS)]
        several = len(schedules) * len(chunks) > 1
        number = 0
        for schedule in schedules:
            for chunk in chunks:
                number += 1
                name = naming.fitted(f"{base}/{number}" if several else base, naming.NAME_LENGTH)
                result.append({"name": name, **_description(window), **schedule, "alarms": chunk})
    return result


def _description(window: Mapping[str, Any]) -> Entry:
    text = window.get("description")
    return {"description": naming.shortened(str(text), naming.DESCRIPTION_LENGTH)} if text else {}


def _schedules(window: Mapping[str, Any], now: datetime | None) -> Iterator[Entry]:
    """When a window is open: mostly one rule, more where one does not say it."""
    strategy = window["strategy"]
    if strategy == "manual":
        return  # It is begun and ended by hand, in Uptime Kuma; nobody could tell a rule.
    zone_name = window.get("timezone")
    if not zone_name or zone_name == SERVER_ZONE:
        raise _inexpressible(
            window,
            "names no time zone, and CloudWatch would take UTC where Uptime Kuma takes its server's",
            "set timezone there, or in monitoring_defaults",
        )
    zone = _zone(window, str(zone_name))
    if strategy == "single":
        yield from _single(window, str(zone_name), zone, now)
        return
    common: Entry = {"timezone": str(zone_name)}
    for ours, theirs in (("start", "start"), ("end", "end")):
        if window.get(ours):
            common[theirs] = _instant(_moment(window[ours]), zone)
    end = window.get("end")
    if now is not None and end and _moment(end).replace(tzinfo=zone) <= now:
        return
    for expression, minutes in _recurring(window):
        yield {"schedule": f"cron({expression})", "duration": _duration(timedelta(minutes=minutes)), **common}


def _single(window: Mapping[str, Any], zone_name: str, zone: tzinfo, now: datetime | None) -> Iterator[Entry]:
    start, end = (_moment(window[key]).replace(tzinfo=zone) for key in ("start", "end"))
    if end.astimezone(UTC) <= start.astimezone(UTC):
        raise _inexpressible(window, "ends before it begins", "correct start or end")
    if now is not None and end <= now:
        return
    begin = start.replace(second=0)
    while begin.astimezone(UTC) < end.astimezone(UTC):
        # In hours that pass, not those that the clock shows: a night in which it is changed is longer or shorter.
        length = min(end.astimezone(UTC) - begin.astimezone(UTC), LONGEST)
        yield {
            "schedule": f"at({begin:%Y-%m-%dT%H:%M})",
            "duration": _duration(length),
            "timezone": zone_name,
        }
        begin = (begin.astimezone(UTC) + length).astimezone(zone)


def _recurring(window: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Cron lines, and the minutes that each one lasts."""
    strategy = window["strategy"]
    if strategy == "cron":
        minutes = int(window["duration_minutes"])
        if not 1 <= minutes <= LONGEST // timedelta(minutes=1):
            raise _inexpressible(window, f"lasts {minutes} minutes, and a rule 1 minute to 15 days", "change it")
        for line in _cron(window):
            yield line, minutes
        return
    begin, minutes = _times_of_day(window)
    days, weekdays = "*", "*"
    if strategy == "recurring-weekday":
        weekdays = _weekdays(window["weekdays"])
    elif strategy == "recurring-day-of-month":
        days = ",".join(_days_of_month(window))
    elif window["interval_days"] == 7 and window.get("start"):
        weekdays = _DAYS[(_moment(window["start"]).weekday() + 1) % 7]
    elif window["interval_days"] != 1:
        raise _inexpressible(
            window,
            f"takes place every {window['interval_days']} days, which a cron line cannot say",
            "declare it as recurring-weekday or recurring-day-of-month",
        )
    yield f"{begin} {days} * {weekdays}", minutes


def _times_of_day(window: Mapping[str, Any]) -> tuple[str, int]:
    """Minute and hour of the beginning, and the minutes until the end."""
    start, end = (
        int(hours) * 60 + int(minutes)
        for hours, minutes in (window["time_window"][key].split(":") for key in ("start", "end"))
    )
    if start == end:
        raise _inexpressible(window, "ends at the time of day at which it begins", "correct time_window")
    return f"{start % 60} {start // 60}", (end - start) % 1440


def _weekdays(declared: Iterable[str]) -> str:
    chosen = {str(day)[:3].upper() for day in declared}
    return ",".join(day for day in _DAYS if day in chosen)


def _days_of_month(window: Mapping[str, Any]) -> list[str]:
    result = []
    for day in map(str, window["days_of_month"]):
        if not day.isdigit() or not 1 <= int(day) <= 31:
            raise _inexpressible(
                window,
                f"takes place on {day}, and a rule only on a numbered day of the month",
                "number the days",
            )
        result.append(str(int(day)))
    return sorted(set(result), key=int)


def _cron(window: Mapping[str, Any]) -> list[str]:
    """The line in CloudWatch's words; two, where a day of the month or one of the week is enough for cron."""
    line = str(window["cron"])
    parts = line.split()
    if len(parts) != len(_FIELDS):
        raise _inexpressible(
            window, f"has the cron line '{line}' of {len(parts)} fields", "write the five fields of a cron line"
        )
    minute, hour, day, month, weekday = (
        _field(window, text, *field) for text, field in zip(parts, _FIELDS, strict=True)
    )
    if day != "*" and weekday != "*":
        return [f"{minute} {hour} {day} {month} *", f"{minute} {hour} * {month} {weekday}"]
    return [f"{minute} {hour} {day} {month} {weekday}"]


def _field(window: Mapping[str, Any], text: str, noun: str, least: int, largest: int, words: tuple[str, ...]) -> str:
    """One field, its steps written out. Days of the week by name, since not everybody counts them from the same one."""

    def number(word: str) -> int:
        if word.upper() in words:
            return least + words.index(word.upper())
        if not word.isdigit() or not least <= int(word) <= largest:
            raise _inexpressible(
                window,
                f"has the {noun} '{text}' in its cron line, and a rule takes *, lists, ranges and steps from {least} "
                f"to {largest}",
                "write it so",
            )
        return int(word)

    if text in ("*", "?"):
        return "*"
    values: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        low, dash, high = span.partition("-")
        if span in ("*", "?"):
            first, last = least, largest if words is not _DAYS else 6
        else:
            first = number(low)
            last = number(high) if dash else (largest if slash else first)
        if (slash and (not step.isdigit() or int(step) < 1)) or last < first:
            number(item)
            raise _inexpressible(window, f"has the {noun} '{text}' in its cron line", "correct it")
        values.update(range(first, last + 1, int(step) if slash else 1))
    if words is _DAYS:
        chosen = {value % 7 for value in values}
        return "*" if len(chosen) == 7 else ",".join(_DAYS[value] for value in sorted(chosen))
    if len(values) == largest - least + 1:
        return "*"
    return ",".join(_runs(sorted(values)))


def _runs(values: Sequence[int]) -> Iterator[str]:
    """Ascending values, three and more in a row as a range: so no line is longer than the 256 that a rule takes."""
    begin = 0
    for place, value in enumerate(values):
        if place + 1 < len(values) and values[place + 1] == value + 1:
            continue
        run = values[begin : place + 1]
        yield from [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
        begin = place + 1


def _zone(window: Mapping[str, Any], name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise _inexpressible(
            window, f"has the time zone '{name}', which there is not", "write one such as Europe/Berlin"
        ) from None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(str(text).replace(" ", "T"))


def _instant(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.replace(tzinfo=zone).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _duration(length: timedelta) -> str:
    """In ISO 8601, to the minute that has begun."""
    minutes = max(1, -(-int(length.total_seconds()) // 60))
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    time = "".join(f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M")) if value)
    return f"P{f'{days}D' if days else ''}{f'T{time}' if time else ''}"


def _inexpressible(window: Mapping[str, Any], what: str, remedy: str) -> InputError:
    return InputError(
        f"maintenance '{window['title']}' {what}: {remedy}, or say mute_alarms: false, and it silences Uptime Kuma "
        f"only."
    )
