# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenances: what is declared, what exists, and the calls behind ``kuma_maintenances``.

The server computes half of what it shows of a maintenance (the cron line of a weekly one, say) and keeps what an
earlier strategy left behind. Here a maintenance has the options of its strategy and no others.

The functions are pure; what talks to the server is in :class:`Maintenances`.
"""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, Actual, Create, Delete, Desired, Update
from .bulk import Change, Kind
from .client import KumaClient
from .entries import Mark, add, given, ignored, listed
from .fields import Version
from .paths import MonitorIndex, label, pending_paths, remaining
from .state import State

#: The mark stands in the description, which the status page shows without its HTML comments.
MARK = Mark("<!--", "-->")

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")  # by the server's number
LAST_DAY = "lastDay1"
SAME_AS_SERVER = "SAME_AS_SERVER"

_RANGE = ("timezone", "start", "end")
#: The options of each strategy, those it cannot do without first.
STRATEGIES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "manual": ((), ()),
    "single": (("start", "end"), ("timezone",)),
    "recurring-interval": (("interval_days", "time_window"), _RANGE),
    "recurring-weekday": (("weekdays", "time_window"), _RANGE),
    "recurring-day-of-month": (("days_of_month", "time_window"), _RANGE),
    "cron": (("cron", "duration_minutes"), _RANGE),
}
SCHEDULE = (
    "start",
    "end",
    "time_window",
    "weekdays",
    "days_of_month",
    "interval_days",
    "cron",
    "duration_minutes",
    "timezone",
)
TARGETS = ("monitors", "status_pages")
#: Options that ``ignore`` may name.
OPTIONS = ("description", "strategy", "active", *SCHEDULE, *TARGETS)

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?")


# -- what is declared -------------------------------------------------------------------------------------------------


def desired(
    entries: Sequence[Mapping[str, Any]],
    existing: Sequence[Actual],
    index: MonitorIndex,
    pages: Collection[str],
) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :param existing: the maintenances on the server: what an entry leaves unset is as it is there.
    :param index: the monitors that can be named.
    :param pages: the slugs that can be named.
    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    there = {item.key: item.properties for item in existing}
    result = []
    for position, entry in enumerate(entries):
        title = str(entry["title"])
        who = f"maintenance '{title}'"
        if not title.strip():
            raise InputError(f"maintenances entry {position + 1}: title is empty: give it one.")
        options = given(entry)
        leave = ignored(entry, OPTIONS, who, "maintenance")
        properties: dict[str, Any] = {}
        if options.get("state") != ABSENT:
            properties = _properties(options, there.get(title), index, pages, who)
        result.append(Desired(title, title, position, properties, options.get("state", "present"), leave))
    return result


def _properties(
    options: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    index: MonitorIndex,
    pages: Collection[str],
    who: str,
) -> dict[str, Any]:
    strategy = options.get("strategy") or (before or {}).get("strategy")
    if strategy is None:
        raise InputError(
            f"{who} does not exist yet and has no strategy: name one of {listed(sorted(STRATEGIES), 'or')}."
        )
    properties: dict[str, Any] = {"strategy": strategy} if "strategy" in options else {}
    if "description" in options:
        properties["description"] = MARK.split(options["description"])[0]
    if "active" in options:
        properties["active"] = options["active"]
    properties.update(_schedule(options, strategy, who))
    _check_complete({**(before or {}), **properties}, strategy, who)
    if "monitors" in options:
        paths = {index.path(reference, f"{who}: monitors") for reference in options["monitors"]}
        for path in paths:
            index.ident(path, f"{who}: monitors")
        properties["monitors"] = sorted(paths)
    if "status_pages" in options:
        for slug in options["status_pages"]:
            if slug not in pages:
                raise KumawatchError(
                    f"{who}: status_pages names '{slug}', which is no status page on the server: create it, or "
                    "correct the slug."
                )
        properties["status_pages"] = sorted(set(options["status_pages"]))
    return properties


def _schedule(options: Mapping[str, Any], strategy: str, who: str) -> dict[str, Any]:
    """The options that say when, checked and normalised."""
    fitting = {option for group in STRATEGIES[strategy] for option in group}
    properties: dict[str, Any] = {}
    for option in SCHEDULE:
        if option not in options:
            continue
        if option not in fitting:
            others = [name for name, groups in STRATEGIES.items() if any(option in group for group in groups)]
            raise InputError(
                f"{who}: option '{option}' has no meaning for strategy '{strategy}', only for "
                f"{listed(sorted(others))}: remove it."
            )
        properties[option] = _NORMAL[option](options[option], f"{who}: {option}")
    return properties


def _check_complete(properties: Mapping[str, Any], strategy: str, who: str) -> None:
    needed = STRATEGIES[strategy][0]
    lacking = [option for option in needed if properties.get(option) in (None, "", [], {})]
    if lacking:
        raise InputError(f"{who} of strategy '{strategy}' needs {add(lacking)}")
    start, end = properties.get("start"), properties.get("end")
    if strategy != "manual" and start and end and start >= end:
        raise InputError(f"{who}: end {end} is not after start {start}: correct one of them.")


def _date(value: Any, what: str) -> str:
    """``2026-12-01 02:00``, with seconds where there are any; empty for no date."""
    text = str(value).strip()
    if not text:
        return ""
    try:
        return _moment(datetime.fromisoformat(text)) if _DATE.fullmatch(text) else _no_date(text, what)
    except ValueError:
        return _no_date(text, what)


def _no_date(text: str, what: str) -> str:
    raise InputError(
        f"{what} is '{text}', which is no date and time such as 2026-12-01 02:00 (local to timezone, without an "
        "offset): correct it."
    )


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


def _window(value: Mapping[str, Any], what: str) -> dict[str, str]:
    window = {edge: _time(value[edge], f"{what}: {edge}") for edge in ("start", "end")}
    if window["start"] == window["end"]:
        raise InputError(
            f"{what} starts and ends at {window['start']}: let it end later; before its start is the next day."
        )
    return window


def _time(value: Any, what: str) -> str:
    match = _TIME.fullmatch(str(value).strip())
    if match is None:
        # YAML reads 12:30 as the number 750.
        quoted = ", in quotes" if str(value).isdigit() else ""
        raise InputError(f"{what} is '{value}', which is no time of day: write it as \"02:30\"{quoted}.")
    seconds = f":{match[3]}" if match[3] not in (None, "00") else ""
    return f"{int(match[1]):02}:{match[2]}{seconds}"


def _weekdays(value: Iterable[Any], what: str) -> list[str]:
    result = set()
    for day in value:
        word = str(day).strip().lower()
        if word.isdigit() and int(word) < len(WEEKDAYS):
            word = WEEKDAYS[int(word)]
        if word not in WEEKDAYS:
            raise InputError(
                f"{what} has '{day}', which is neither a day such as monday nor its number (0 sunday to 6 saturday): "
                "correct it."
            )
        result.add(word)
    return sorted(result, key=_from_monday)


def _from_monday(day: str) -> int:
    return (WEEKDAYS.index(day) - 1) % 7


def _days_of_month(value: Iterable[Any], what: str) -> list[int | str]:
    result: set[int | str] = set()
    for day in value:
        word = str(day).strip()
        if word.isdigit() and 1 <= int(word) <= 31:
            result.add(int(word))
        elif word == LAST_DAY:
            result.add(LAST_DAY)
        else:
            raise InputError(
                f"{what} has '{day}', which is neither a number from 1 to 31 nor {LAST_DAY}, the last day: correct it."
            )
    return sorted(result, key=lambda day: 32 if day == LAST_DAY else int(day))


def _number(lowest: int, highest: int) -> Any:
    def normal(value: int, what: str) -> int:
        if not lowest <= value <= highest:
            raise InputError(f"{what} is {value}, not from {lowest} to {highest}: correct it.")
        return value

    return normal


@functools.cache
def _timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - {"Factory", "localtime"})


def _timezone(value: str, what: str) -> str:
    """A name that the server will know: one that it does not breaks its list of maintenances for everybody."""
    if value in (SAME_AS_SERVER, "UTC"):
        return value
    names = _timezones()
    if not names:
        raise InputError(f"{what} '{value}' cannot be checked here: install the Python library tzdata, or use UTC.")
    if value not in names:
        raise InputError(
            f"{what} '{value}' is no time zone: write {SAME_AS_SERVER}, UTC, or a name such as Europe/Berlin."
        )
    return value


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
#: Name, lowest, highest, words for numbers (from the lowest on), of the fields of a cron line.
_CRON = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_CRON_PART = re.compile(r"(?:(\*|\?)|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/(\d+))?")
_CRON_WORDS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"})


def _cron(value: str, what: str) -> str:
    line = " ".join(str(value).split())
    if line.lower() in _CRON_WORDS or not line:
        return line
    parts = line.split()
    if len(parts) not in (5, 6):
        raise InputError(
            f"{what} '{line}' has {len(parts)} fields: write minute, hour, day of the month, month and day of the week."
        )
    for part, (name, lowest, highest, words) in zip(parts, _CRON[-len(parts) :], strict=True):
        for item in part.split(","):
            if not _cron_item(item, name, lowest, highest, words):
                raise InputError(
                    f"{what} '{line}' has '{item}' as its {name}, which is not from {lowest} to {highest}: correct it."
                )
    return line


def _cron_item(item: str, name: str, lowest: int, highest: int, words: Sequence[str]) -> bool:
    if name == "day of the month" and item == "L":
        return True
    if name == "day of the week":
        item = re.sub(r"(#[1-5L]|L)$", "", item) or item  # the second tuesday, the last friday
    match = _CRON_PART.fullmatch(item.lower())
    steps = 7 if name == "day of the week" else highest - lowest + 1
    if match is None or (match[4] is not None and not 1 <= int(match[4]) <= steps):
        return False
    numbers = []
    for word in (match[2], match[3]):
        if word is None:
            continue
        number = int(word) if word.isdigit() else words.index(word) + lowest if word in words else -1
        if not lowest <= number <= highest:
            return False
        numbers.append(number)
    if match[3] == "sun":
        numbers[1] = 7
    return len(numbers) < 2 or numbers[0] <= numbers[1]


_NORMAL: Mapping[str, Any] = {
    "start": _date,
    "end": _date,
    "time_window": _window,
    "weekdays": _weekdays,
    "days_of_month": _days_of_month,
    "interval_days": _number(1, 3650),
    "cron": _cron,
    "duration_minutes": _number(1, 525600),
    "timezone": _timezone,
}


# -- what exists ------------------------------------------------------------------------------------------------------


def actual(
    state: State, index: MonitorIndex, targets: Mapping[int, tuple[Collection[int], Collection[int]]]
) -> list[Actual]:
    """The maintenances on the server.

    :param targets: by id the ids of a maintenance's monitors and of its status pages.
    """
    slugs = {ident: page["slug"] for ident, page in (state.status_pages or {}).items()}
    result = []
    for ident, item in (state.maintenances or {}).items():
        strategy = str(item["strategy"])
        description, owner = MARK.split(item.get("description"))
        properties: dict[str, Any] = {
            "description": description,
            "strategy": strategy,
            "active": bool(item.get("active")),
        }
        everything = _read(item)
        for group in STRATEGIES.get(strategy, ()):
            properties.update({option: everything[option] for option in group})
        if ident in targets:
            monitors, pages = targets[ident]
            properties["monitors"] = sorted(index.paths[monitor] for monitor in set(monitors) if monitor in index.paths)
            properties["status_pages"] = sorted(slugs[page] for page in set(pages) if page in slugs)
        title = str(item["title"])
        result.append(Actual(title, title, ident, properties, owner))
    return result


def _read(item: Mapping[str, Any]) -> dict[str, Any]:
    """All schedules that the server's JSON holds; those of other strategies are left-overs."""
    dates = [*(item.get("dateRange") or ()), None, None]
    times = [*(item.get("timeRange") or ()), None, None]
    days = [int(day) for day in item.get("weekdays") or ()]
    days_of_month = {
        day if day == LAST_DAY else int(day)
        for day in item.get("daysOfMonth") or ()
        if day == LAST_DAY or str(day).isdigit()
    }
    return {
        "start": _read_date(dates[0]),
        "end": _read_date(dates[1]),
        "time_window": {"start": _read_time(times[0]), "end": _read_time(times[1])},
        "weekdays": sorted({WEEKDAYS[day % 7] for day in days}, key=_from_monday),
        "days_of_month": sorted(days_of_month, key=lambda day: 32 if day == LAST_DAY else int(day)),
        "interval_days": item.get("intervalDay"),
        "cron": " ".join(str(item.get("cron") or "").split()),
        "duration_minutes": item.get("durationMinutes"),
        "timezone": item.get("timezoneOption") or "UTC",
    }


def _read_date(value: Any) -> str:
    """The server keeps what it was given; of an offset it takes the time in UTC for the local one."""
    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return _moment(moment.replace(microsecond=0))


def _read_time(value: Any) -> str:
    if not value:
        return "00:00"
    seconds = int(value.get("seconds") or 0)
    return f"{int(value['hours']):02}:{int(value['minutes']):02}" + (f":{seconds:02}" if seconds else "")


def export(item: Actual) -> dict[str, Any]:
    """The entry that declares a maintenance as it is. It has to have been read with its targets."""
    entry: dict[str, Any] = {"title": item.key, **item.properties}
    if "monitors" in entry:
        entry["monitors"] = [list(path) for path in entry["monitors"]]
    for edge in ("start", "end"):
        if entry.get(edge) == "":
            del entry[edge]
    return entry


# -- what is sent -----------------------------------------------------------------------------------------------------


def payload(title: str, properties: Mapping[str, Any], owner: str | None, ident: int | None = None) -> dict[str, Any]:
    """What ``addMaintenance`` and ``editMaintenance`` take: the whole, since what is left out is lost.

    Schedules of other strategies get what the server's own page sends for them.
    """
    window = properties.get("time_window") or {"start": "02:00", "end": "03:00"}
    result = {
        "title": title,
        "description": MARK.join(properties.get("description"), owner),
        "strategy": properties["strategy"],
        "active": properties.get("active", True),
        "dateRange": [_wire_date(properties.get("start")), _wire_date(properties.get("end"))],
        "timeRange": [_wire_time(window["start"]), _wire_time(window["end"])],
        "weekdays": [WEEKDAYS.index(day) for day in properties.get("weekdays") or ()],
        "daysOfMonth": list(properties.get("days_of_month") or ()),
        "intervalDay": properties.get("interval_days") or 1,
        "cron": properties.get("cron") or "30 3 * * *",
        "durationMinutes": properties.get("duration_minutes") or 60,
        "timezoneOption": properties.get("timezone") or SAME_AS_SERVER,
    }
    if ident is not None:
        result["id"] = ident
    return result


def _wire_date(value: str | None) -> str | None:
    # The form of the server's own page, which shows no other.
    return value.replace(" ", "T") if value else None


def _wire_time(value: str) -> dict[str, int]:
    hours, minutes, seconds = ([int(part) for part in value.split(":")] + [0])[:3]
    return {"hours": hours, "minutes": minutes, "seconds": seconds}


# -- the server -------------------------------------------------------------------------------------------------------


class Maintenances(Kind):
    """The maintenances of a server."""

    noun = "maintenance"
    lists = ("maintenances", "monitors", "status_pages")

    def __init__(
        self,
        entries: Sequence[Mapping[str, Any]],
        pending_monitors: Iterable[Any] = (),
        pending_status_pages: Iterable[str] = (),
        pending_deleted_monitors: Iterable[Any] = (),
        pending_deleted_status_pages: Iterable[str] = (),
        everything: bool = False,
    ) -> None:
        """
        :param pending_monitors: monitors that an earlier task of the same check-mode run would have created.
        :param pending_status_pages: the same for the slugs of status pages.
        :param pending_deleted_monitors: monitors that it would have deleted, and so taken out of every maintenance.
        :param pending_deleted_status_pages: the same for the slugs of status pages.
        :param everything: read the targets of all maintenances, not only of the declared ones; for an export.
        """
        super().__init__()
        self.entries = entries
        self.pending = pending_paths(pending_monitors)
        self.pending_pages = list(pending_status_pages)
        self.gone = list(pending_deleted_monitors)
        self.gone_pages = frozenset(pending_deleted_status_pages)
        self.everything = everything
        self._targets: dict[int, tuple[list[int], list[int]]] = {}
        self._index = MonitorIndex({})
        self._before: set[int] = set()
        self._pushed = True

    def desired(self, state: State, version: Version) -> list[Desired]:
        MARK.check(self.owner)
        self._index = MonitorIndex(remaining(state.monitors or {}, self.gone), self.pending)
        pages = {page["slug"] for page in self._pages(state).values()} | set(self.pending_pages)
        return desired(self.entries, self.actual(state), self._index, pages)

    def _pages(self, state: State) -> dict[int, dict[str, Any]]:
        return {
            ident: page for ident, page in (state.status_pages or {}).items() if page["slug"] not in self.gone_pages
        }

    def actual(self, state: State) -> list[Actual]:
        index = MonitorIndex(remaining(state.monitors or {}, self.gone))
        return actual(State(maintenances=state.maintenances, status_pages=self._pages(state)), index, self._targets)

    export = staticmethod(export)

    def show(self, name: str, value: Any) -> Any:
        return [label(path) for path in value or ()] if name == "monitors" else value

    async def read(self, client: KumaClient) -> None:
        if not self._pushed:  # some changes are answered before the list is pushed
            await client.call("getMaintenanceList")
        self._pushed = False
        declared = {str(entry["title"]) for entry in self.entries}
        wanted = [
            ident
            for ident, item in (client.state.maintenances or {}).items()
            if self.everything or str(item["title"]) in declared
        ]
        self._targets = {}

        async def fetch(ident: int) -> None:
            monitors = await client.call("getMonitorMaintenance", ident)
            pages = await client.call("getMaintenanceStatusPage", ident)
            self._targets[ident] = (
                [int(item["id"]) for item in monitors["monitors"]],
                [int(item["id"]) for item in pages["statusPages"]],
            )

        failed = await client.each(wanted, fetch)
        if failed:
            raise failed[0][1]

    async def prepare(self, client: KumaClient, decided: Any) -> None:
        self._before = set(client.state.maintenances or {})

    async def apply(self, client: KumaClient, change: Change) -> None:
        if isinstance(change, Create):
            properties: Mapping[str, Any] = change.desired.properties
            answer = await client.call("addMaintenance", payload(change.label, properties, self.owner))
            ident = int(answer["maintenanceID"])
            if not properties.get("active", True):
                await client.call("pauseMaintenance", ident)
            await self._aim(client, ident, properties, change.label)
        elif isinstance(change, Update):
            await self._update(client, change)
        elif isinstance(change, Delete):
            await client.call("deleteMaintenance", change.actual.ident)

    async def _update(self, client: KumaClient, change: Update) -> None:
        ident = change.actual.ident
        after = {name: difference.after for name, difference in change.differences.items()}
        properties = {**change.actual.properties, **after}
        if change.adopted or set(after) - {"active", *TARGETS}:
            await client.call("editMaintenance", payload(change.label, properties, self.owner, ident))
            if not properties["active"]:  # an edit starts the schedule of an inactive one, too
                await client.call("pauseMaintenance", ident)
        elif "active" in after:
            await client.call("resumeMaintenance" if after["active"] else "pauseMaintenance", ident)
        await self._aim(client, ident, after, change.label)

    async def _aim(self, client: KumaClient, ident: int, properties: Mapping[str, Any], title: str) -> None:
        """Set the targets that are named; each call replaces them all."""
        if "monitors" in properties:
            what = f"maintenance '{title}': monitors"
            monitors = [{"id": self._index.ident(path, what)} for path in properties["monitors"]]
            await client.call("addMonitorMaintenance", ident, monitors)
        if "status_pages" in properties:
            pages = {page["slug"]: number for number, page in (client.state.status_pages or {}).items()}
            chosen = [{"id": pages[slug]} for slug in properties["status_pages"]]
            await client.call("addMaintenanceStatusPage", ident, chosen)

    async def after_failures(self, client: KumaClient, failed: Sequence[Change]) -> None:
        """An ``addMaintenance`` that fails may leave its row behind, without saying its id: look for it and take it "
        "away."""
        missing = {change.label for change in failed if isinstance(change, Create)}
        if not missing:
            return
        await client.call("getMaintenanceList")
        halves = [
            ident
            for ident, item in (client.state.maintenances or {}).items()
            if ident not in self._before and str(item["title"]) in missing
        ]

        async def delete(ident: int) -> None:
            await client.call("deleteMaintenance", ident)

        await client.each(halves, delete)
