# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenances: what is declared, what exists, what is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import maintenances as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.maintenances import Maintenances
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.paths import MonitorIndex
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.state import State

INDEX = MonitorIndex({1: {"name": "g", "parent": None}, 2: {"name": "m", "parent": 1}})
PAGES = {"one", "two"}
WINDOW = {"start": "02:00", "end": "03:30"}


def server(payload: dict[str, Any], ident: int = 5, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the server shows of what it was sent, with what an earlier strategy left."""
    recurring = payload["strategy"].startswith("recurring-")
    left = before or {"weekdays": [], "daysOfMonth": [], "timeRange": [{"hours": 0, "minutes": 0}] * 2, "cron": ""}
    dates = list(payload["dateRange"])
    return {
        **payload,
        "id": ident,
        "weekdays": payload["weekdays"] if recurring else left["weekdays"],
        "daysOfMonth": payload["daysOfMonth"] if recurring else left["daysOfMonth"],
        "timeRange": payload["timeRange"] if recurring else left["timeRange"],
        "dateRange": dates if dates[1] else dates[:1],
        "cron": payload["cron"] if payload["strategy"] == "cron" else "0 2 * * 1",
        "durationMinutes": payload["durationMinutes"] if payload["strategy"] == "cron" else 77,
        "timezone": "UTC",
        "status": "scheduled",
    }


def declare(entry: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    existing = model.actual(State(maintenances={5: before}), INDEX, {}) if before else []
    return dict(model.desired([{"title": "M", **entry}], existing, INDEX, PAGES)[0].properties)


def refusal(entry: dict[str, Any]) -> str:
    with pytest.raises(KumawatchError) as caught:
        declare(entry)
    return str(caught.value)


def cron(line: str) -> dict[str, Any]:
    return {"strategy": "cron", "cron": line, "duration_minutes": 5}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"title": " "}, "maintenances entry 1: title is empty: give it one."),
        ({"strategy": "single"}, "maintenance 'M' of strategy 'single' needs start and end: add them."),
        (
            {"strategy": "cron", "cron": "", "duration_minutes": 5},
            "maintenance 'M' of strategy 'cron' needs cron: add it.",
        ),
        (
            {"strategy": "recurring-weekday", "weekdays": [], "time_window": WINDOW},
            "maintenance 'M' of strategy 'recurring-weekday' needs weekdays: add it.",
        ),
        (
            {"strategy": "single", "start": "2099-01-02", "end": "2099-01-01 23:00"},
            "maintenance 'M': end 2099-01-01 23:00 is not after start 2099-01-02 00:00: correct one of them.",
        ),
        (
            {"strategy": "single", "start": "2099-01-02T10:00+01:00", "end": ""},
            "maintenance 'M': start is '2099-01-02T10:00+01:00', which is no date and time such as 2026-12-01 02:00 "
            "(local to "
            "timezone, without an offset): correct it.",
        ),
        (
            {"strategy": "single", "start": "2099-02-30", "end": ""},
            "maintenance 'M': start is '2099-02-30', which is no date and time such as 2026-12-01 02:00 (local to "
            "timezone, "
            "without an offset): correct it.",
        ),
        (
            {"strategy": "manual", "weekdays": [1]},
            "maintenance 'M': option 'weekdays' has no meaning for strategy 'manual', only for recurring-weekday: "
            "remove it.",
        ),
        (
            {"strategy": "recurring-weekday", "weekdays": ["someday"], "time_window": WINDOW},
            "maintenance 'M': weekdays has 'someday', which is neither a day such as monday nor its number (0 sunday "
            "to 6 "
            "saturday): correct it.",
        ),
        (
            {"strategy": "recurring-weekday", "weekdays": [7], "time_window": WINDOW},
            "maintenance 'M': weekdays has '7', which is neither a day such as monday nor its number (0 sunday to 6 "
            "saturday): "
            "correct it.",
        ),
        (
            {"strategy": "recurring-day-of-month", "days_of_month": ["lastDay2"], "time_window": WINDOW},
            "maintenance 'M': days_of_month has 'lastDay2', which is neither a number from 1 to 31 nor lastDay1, the "
            "last day: "
            "correct it.",
        ),
        (
            {"strategy": "recurring-interval", "interval_days": 0, "time_window": WINDOW},
            "maintenance 'M': interval_days is 0, not from 1 to 3650: correct it.",
        ),
        (
            {"strategy": "recurring-interval", "interval_days": 1, "time_window": {"start": "750", "end": "13:00"}},
            "maintenance 'M': time_window: start is '750', which is no time of day: write it as \"02:30\", in quotes.",
        ),
        (
            {"strategy": "recurring-interval", "interval_days": 1, "time_window": {"start": "24:00", "end": "13:00"}},
            "maintenance 'M': time_window: start is '24:00', which is no time of day: write it as \"02:30\".",
        ),
        (
            {"strategy": "recurring-interval", "interval_days": 1, "time_window": {"start": "2:00", "end": "02:00"}},
            "maintenance 'M': time_window starts and ends at 02:00: let it end later; before its start is the next "
            "day.",
        ),
        (
            {**cron("* * * * *"), "timezone": "localtime"},
            "maintenance 'M': timezone 'localtime' is no time zone: write SAME_AS_SERVER, UTC, or a name such as "
            "Europe/Berlin.",
        ),
        (
            cron("* * *"),
            "maintenance 'M': cron '* * *' has 3 fields: write minute, hour, day of the month, month and day of the "
            "week.",
        ),
        (
            {"strategy": "manual", "monitors": ["m", "nope"]},
            "maintenance 'M': monitors names 'nope', which is no monitor on the server: create it, or correct the "
            "name.",
        ),
        (
            {"strategy": "manual", "status_pages": ["three"]},
            "maintenance 'M': status_pages names 'three', which is no status page on the server: create it, or "
            "correct the "
            "slug.",
        ),
    ],
)
def test_refusals(entry: dict[str, Any], message: str) -> None:
    assert refusal(entry) == message


@pytest.mark.parametrize(
    ("line", "item", "name", "limits"),
    [
        ("60 * * * *", "60", "minute", "0 to 59"),
        ("* 1-25 * * *", "1-25", "hour", "0 to 23"),
        ("* * 0 * *", "0", "day of the month", "1 to 31"),
        ("* * * 13 *", "13", "month", "1 to 12"),
        ("* * * * 8", "8", "day of the week", "0 to 7"),
        ("*/0 * * * *", "*/0", "minute", "0 to 59"),
        ("* * * */13 *", "*/13", "month", "1 to 12"),
        ("5-1 * * * *", "5-1", "minute", "0 to 59"),
        ("* * * * 1#6", "1#6", "day of the week", "0 to 7"),
        ("* * l * *", "l", "day of the month", "1 to 31"),
        ("1,,2 * * * *", "", "minute", "0 to 59"),
        ("60 * * * * *", "60", "second", "0 to 59"),
    ],
)
def test_bad_cron_lines(line: str, item: str, name: str, limits: str) -> None:
    assert refusal(cron(line)) == (
        f"maintenance 'M': cron '{line}' has '{item}' as its {name}, which is not from {limits}: correct it."
    )


@pytest.mark.parametrize(
    "line",
    ["* * * * *", "*/15 1-4 * * mon", "0 0 L * *", "0 0 1,15,L jan-mar fri-sun", "0 0 * * 5L", "0 0 * * tue#2",
     "@daily", "30 0 0 ? * ?", "5/10 3-9/2 * DEC *"],
)  # fmt: skip
def test_good_cron_lines(line: str) -> None:
    assert declare(cron(f"  {line.replace(' ', '   ')} "))["cron"] == line


def test_an_edit_needs_no_strategy_and_what_the_server_has_counts() -> None:
    before = server(model.payload("M", declare({**cron("0 0 * * *")}), "me"))
    assert declare({"duration_minutes": 9}, before) == {"duration_minutes": 9}
    with pytest.raises(InputError) as caught:
        declare({"weekdays": [1]}, before)
    assert str(caught.value) == (
        "maintenance 'M': option 'weekdays' has no meaning for strategy 'cron', only for recurring-weekday: remove it."
    )
    with pytest.raises(InputError) as caught:
        declare({"strategy": "recurring-weekday", "weekdays": [1]}, before)
    assert str(caught.value) == "maintenance 'M' of strategy 'recurring-weekday' needs time_window: add it."
    assert declare({"state": "absent", "cron": "nonsense"}, before) == {}


def test_weekdays_by_name_and_number_start_with_monday() -> None:
    entry = {"strategy": "recurring-weekday", "weekdays": ["0", "Saturday", "monday", 6], "time_window": WINDOW}
    assert declare(entry)["weekdays"] == ["monday", "saturday", "sunday"]
    assert model.payload("M", declare(entry), "me")["weekdays"] == [1, 6, 0]


def test_what_is_sent_is_whole_and_in_the_form_of_the_servers_page() -> None:
    entry = {"strategy": "single", "start": "2099-01-01", "end": "2099-01-01T10:00:30", "description": "D\n\n"}
    assert model.payload("M", declare(entry), "me", 5) == {
        "id": 5,
        "title": "M",
        "description": "D\n<!-- managed-by: me -->",
        "strategy": "single",
        "active": True,
        "dateRange": ["2099-01-01T00:00", "2099-01-01T10:00:30"],
        "timeRange": [{"hours": 2, "minutes": 0, "seconds": 0}, {"hours": 3, "minutes": 0, "seconds": 0}],
        "weekdays": [],
        "daysOfMonth": [],
        "intervalDay": 1,
        "cron": "30 3 * * *",
        "durationMinutes": 60,
        "timezoneOption": "SAME_AS_SERVER",
    }


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2099-01-01T10:00", "2099-01-01 10:00"),
        ("2099-01-01 10:00:00", "2099-01-01 10:00"),
        ("2099-01-01T10:00:00.000Z", "2099-01-01 10:00"),
        ("2099-01-01T10:00:07+02:00", "2099-01-01 08:00:07"),
        (None, ""),
        ("whenever", "whenever"),
    ],
)
def test_dates_are_read_however_they_were_written(stored: str | None, shown: str) -> None:
    item = server(model.payload("M", declare({**cron("0 0 * * *"), "end": "2099-02-01"}), "me"))
    item["dateRange"] = [stored, "2099-02-01"]
    assert model.actual(State(maintenances={5: item}), INDEX, {})[0].properties["start"] == shown


TIMES = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda pair: f"{pair[0]}:{pair[1]:02}")
WINDOWS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1])
DATES = st.datetimes().map(lambda moment: moment.replace(year=2050 + moment.year % 50, microsecond=0).isoformat(" "))
RANGES = st.one_of(
    st.just({}),
    st.builds(lambda moment: {"start": moment}, DATES),
    st.lists(DATES, min_size=2, max_size=2, unique=True).map(lambda pair: {"start": min(pair), "end": max(pair)}),
)
ZONES = st.sampled_from([{}, {"timezone": "UTC"}, {"timezone": "Europe/Berlin"}, {"timezone": "SAME_AS_SERVER"}])
COMMON = st.fixed_dictionaries(
    {},
    optional={
        "description": st.text("ab\n ", max_size=6),
        "active": st.booleans(),
        "monitors": st.lists(st.sampled_from([["g"], ["g", "m"], "m"]), max_size=3),
        "status_pages": st.lists(st.sampled_from(["one", "two"]), max_size=3),
    },
)


def _window(pair: tuple[str, str]) -> dict[str, Any]:
    return {"time_window": {"start": pair[0], "end": pair[1]}}


def _one(strategy: str, *parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def merge(items: tuple[dict[str, Any], ...]) -> dict[str, Any]:
        entry = {"strategy": strategy}
        for item in items:
            entry.update(item)
        return entry

    return st.tuples(*parts, COMMON).map(merge)


ENTRIES = st.one_of(
    _one("manual"),
    _one("single", RANGES.filter(lambda item: "end" in item), ZONES),
    _one("cron", st.integers(1, 900).map(lambda n: {"cron": "0 0 * * *", "duration_minutes": n}), RANGES, ZONES),
    _one(
        "recurring-interval",
        WINDOWS.map(_window),
        st.integers(1, 99).map(lambda n: {"interval_days": n}),
        RANGES,
        ZONES,
    ),
    _one(
        "recurring-weekday",
        WINDOWS.map(_window),
        st.lists(st.integers(0, 6), min_size=1).map(lambda days: {"weekdays": days}),
        RANGES,
        ZONES,
    ),
    _one(
        "recurring-day-of-month",
        WINDOWS.map(_window),
        st.lists(st.integers(1, 31) | st.just("lastDay1"), min_size=1).map(lambda days: {"days_of_month": days}),
        RANGES,
        ZONES,
    ),
)


@given(ENTRIES, ENTRIES)
@settings(max_examples=100, deadline=None)
def test_what_was_sent_is_as_declared_and_exports_as_itself(first: dict[str, Any], second: dict[str, Any]) -> None:
    before = server(model.payload("M", declare(first), "me"))
    ids = {path: ident for ident, path in INDEX.paths.items()}
    slugs = {"one": 1, "two": 2}
    pages = {number: {"slug": slug} for slug, number in slugs.items()}
    for entry, left in ((first, None), (second, before)):
        declared = declare(entry)
        item = server(model.payload("M", declared, "me"), before=left)
        targets = {
            5: (
                [ids[path] for path in declared.get("monitors", ())],
                [slugs[slug] for slug in declared.get("status_pages", ())],
            )
        }
        state = State(maintenances={5: item}, status_pages=pages)
        actual = model.actual(state, INDEX, targets)[0]
        assert actual.owner == "me"
        for name, value in declared.items():
            assert actual.properties[name] == value, name
        again = model.desired([Maintenances.export(actual)], [], INDEX, PAGES)[0]
        kept = {name: value for name, value in actual.properties.items() if value != "" or name not in ("start", "end")}
        assert again.properties == kept


def test_the_diff_shows_paths_as_labels() -> None:
    assert Maintenances(()).show("monitors", [("g", "m")]) == ["g / m"]
    assert Maintenances(()).show("status_pages", ["one"]) == ["one"]
