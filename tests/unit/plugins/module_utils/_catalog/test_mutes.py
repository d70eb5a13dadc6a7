# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows in CloudWatch's words: the same minutes are silent as in Uptime Kuma."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.mute_rules_model import desired
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_alarms import log_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.mutes import mute_rules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from lab.aws.cloudwatch import mute

SPEC = Path(__file__).parents[5] / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]

SERVICES = [
    {"name": name, "metrics": [{"name": "Up", "namespace": "Demo", "direction": "below", "critical": 1}]}
    for name in ("api", "shop")
]
BERLIN = "timezone: Europe/Berlin"


def rules(text: str, services: Any = None, topics: Any = None, now: datetime | None = None) -> list[dict[str, Any]]:
    window = yaml.safe_load("{title: Night, " + text + "}")
    catalogue = resolve(
        {
            "monitoring_environment": "production",
            "monitoring_services": services or SERVICES,
            "monitoring_maintenances": [window],
        },
        OPTIONS,
    )
    made = alarms(catalogue, {}, {"critical": "arn:c", "warning": "arn:w"} if topics is None else topics)
    return mute_rules(catalogue, made, now)


def schedules(text: str) -> list[tuple[str, str]]:
    return [(rule["schedule"], rule["duration"]) for rule in rules(text)]


WINDOW = 'time_window: {start: "22:30", end: "01:00"}'

WORDS = [
    (f"strategy: recurring-weekday, weekdays: [sunday, wednesday], {WINDOW}", [("cron(30 22 * * SUN,WED)", "PT2H30M")]),
    (f"strategy: recurring-day-of-month, days_of_month: [15, 1], {WINDOW}", [("cron(30 22 1,15 * *)", "PT2H30M")]),
    (f"strategy: recurring-interval, interval_days: 1, {WINDOW}", [("cron(30 22 * * *)", "PT2H30M")]),
    (
        f"strategy: recurring-interval, interval_days: 7, start: '2027-01-06 00:00', {WINDOW}",
        [("cron(30 22 * * WED)", "PT2H30M")],
    ),
    ("strategy: cron, cron: 0 2 * * 0, duration_minutes: 45", [("cron(0 2 * * SUN)", "PT45M")]),
    ("strategy: cron, cron: 0 2 * * 7, duration_minutes: 1500", [("cron(0 2 * * SUN)", "P1DT1H")]),
    ("strategy: cron, cron: 0 2 * * 5-7, duration_minutes: 1440", [("cron(0 2 * * SUN,FRI,SAT)", "P1D")]),
    ("strategy: cron, cron: '*/20 2-4 * jan,Feb mon-fri', duration_minutes: 5",
     [("cron(0,20,40 2-4 * 1,2 MON,TUE,WED,THU,FRI)", "PT5M")]),
    ("strategy: cron, cron: '5/20 ? 1-31 1-12 0-6', duration_minutes: 5", [("cron(5,25,45 * * * *)", "PT5M")]),
    # A day of the month or one of the week is enough for cron.
    ("strategy: cron, cron: 0 2 1 * mon, duration_minutes: 60",
     [("cron(0 2 1 * *)", "PT1H"), ("cron(0 2 * * MON)", "PT1H")]),
    ("strategy: single, start: '2027-02-06 22:00', end: '2027-02-07 04:00'", [("at(2027-02-06T22:00)", "PT6H")]),
    ("strategy: single, start: '2027-02-06', end: '2027-02-07'", [("at(2027-02-06T00:00)", "P1D")]),
    ("strategy: single, start: '2027-02-06 22:00:30', end: '2027-02-06 22:01:10'",
     [("at(2027-02-06T22:00)", "PT2M")]),
    # The clock goes forward in this night, and back in that one.
    ("strategy: single, start: '2027-03-28 01:00', end: '2027-03-28 04:00'", [("at(2027-03-28T01:00)", "PT2H")]),
    ("strategy: single, start: '2027-10-31 01:00', end: '2027-10-31 04:00'", [("at(2027-10-31T01:00)", "PT4H")]),
    ("strategy: single, start: '2027-01-01 00:00', end: '2027-02-02 12:00'",
     [("at(2027-01-01T00:00)", "P15D"), ("at(2027-01-16T00:00)", "P15D"), ("at(2027-01-31T00:00)", "P2DT12H")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WORDS, ids=[text[:70] for text, _expected in WORDS])
def test_a_window_in_cloudwatchs_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert schedules(f"{text}, {BERLIN}") == expected
    assert {rule["timezone"] for rule in rules(f"{text}, {BERLIN}")} == {"Europe/Berlin"}


class Newest:
    """A botocore that knows everything."""

    region = "eu-central-1"

    def has(self, *where: str) -> bool:
        return True

    def need(self, *where: str) -> None:
        pass


@pytest.mark.parametrize("text", [text for text, _expected in WORDS], ids=str)
def test_the_module_and_the_stand_in_understand_it(text: str) -> None:
    made = [{"state": "present", **rule} for rule in rules(f"{text}, {BERLIN}")]
    assert [entry.key for entry in desired(made, Newest())] == [rule["name"] for rule in made]  # type: ignore[arg-type]
    for rule in made:
        mute.check(rule["schedule"], rule["duration"], rule["timezone"])


def test_the_range_of_a_recurring_window_is_in_utc() -> None:
    text = f"strategy: recurring-interval, interval_days: 1, {WINDOW}, {BERLIN}"
    (rule,) = rules(f"{text}, start: '2027-01-01 00:00', end: '2027-07-01'")
    assert (rule["start"], rule["end"]) == ("2026-12-31T23:00:00Z", "2027-06-30T22:00:00Z")


ZONE = (
    "maintenance 'Night' names no time zone, and CloudWatch would take UTC where Uptime Kuma takes its server's: set "
)
OUT = "or say mute_alarms: false, and it silences Uptime Kuma only."

REFUSED = [
    (f"strategy: recurring-interval, interval_days: 1, {WINDOW}",
     f"{ZONE}timezone there, or in monitoring_defaults, {OUT}"),
    (f"strategy: recurring-interval, interval_days: 1, {WINDOW}, timezone: SAME_AS_SERVER", ZONE),
    (f"strategy: recurring-interval, interval_days: 1, {WINDOW}, timezone: Europe/Berln",
     "maintenance 'Night' has the time zone 'Europe/Berln', which there is not: write one such as Europe/Berlin, "),
    (f"strategy: recurring-interval, interval_days: 3, {WINDOW}, {BERLIN}",
     "maintenance 'Night' takes place every 3 days, which a cron line cannot say: declare it as recurring-weekday or "
     f"recurring-day-of-month, {OUT}"),
    (f"strategy: recurring-interval, interval_days: 7, {WINDOW}, {BERLIN}", "maintenance 'Night' takes place every 7"),
    (f"strategy: recurring-day-of-month, days_of_month: [lastDay1], {WINDOW}, {BERLIN}",
     "maintenance 'Night' takes place on lastDay1, and a rule only on a numbered day of the month: number the days, "),
    (f"strategy: recurring-day-of-month, days_of_month: [32], {WINDOW}, {BERLIN}",
     "maintenance 'Night' takes place on 32, and a rule only"),
    ('strategy: recurring-weekday, weekdays: [sunday], time_window: {start: "02:00", end: "02:00"}, ' + BERLIN,
     "maintenance 'Night' ends at the time of day at which it begins: correct time_window, "),
    (f"strategy: cron, cron: 0 0 2 * * *, duration_minutes: 5, {BERLIN}",
     "maintenance 'Night' has the cron line '0 0 2 * * *' of 6 fields: write the five fields of a cron line, "),
    (f"strategy: cron, cron: 0 2 L * *, duration_minutes: 5, {BERLIN}",
     "maintenance 'Night' has the day of the month 'L' in its cron line, and a rule takes *, lists, ranges and steps "
     "from 1 to 31: write it so, "),
    (f"strategy: cron, cron: 0 2 * * mon#1, duration_minutes: 5, {BERLIN}",
     "maintenance 'Night' has the day of the week"),
    (f"strategy: cron, cron: 0 25 * * *, duration_minutes: 5, {BERLIN}",
     "maintenance 'Night' has the hour '25' in its"),
    (f"strategy: cron, cron: 0 5-3 * * *, duration_minutes: 5, {BERLIN}",
     "maintenance 'Night' has the hour '5-3' in its"),
    (f"strategy: cron, cron: '*/0 3 * * *', duration_minutes: 5, {BERLIN}",
     "maintenance 'Night' has the minute '*/0' in"),
    (f"strategy: cron, cron: '0, 3 * * *', duration_minutes: 5, {BERLIN}",
     "maintenance 'Night' has the minute '0,' in"),
    (f"strategy: cron, cron: 0 3 * * *, duration_minutes: 30000, {BERLIN}",
     "maintenance 'Night' lasts 30000 minutes, and a rule 1 minute to 15 days: change it, "),
    (f"strategy: single, start: '2027-02-07 04:00', end: '2027-02-06 22:00', {BERLIN}",
     "maintenance 'Night' ends before it begins: correct start or end, "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REFUSED, ids=[text[:70] for text, _expected in REFUSED])
def test_what_cloudwatch_cannot_say_is_one_sentence_with_the_way_out(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        rules(text)
    assert str(caught.value).startswith(expected)
    assert str(caught.value).endswith(OUT)
    assert rules(f"{text}, mute_alarms: false") == [{"name": "production/Night", "state": "absent"}]


def test_a_switch_is_no_rule() -> None:
    assert rules("strategy: manual") == []
    assert rules("strategy: manual, state: absent") == []


@pytest.mark.parametrize("off", ["active: false", "state: absent"])
def test_a_window_that_does_not_take_place_has_no_rule(off: str) -> None:
    text = f"strategy: recurring-interval, interval_days: 1, {WINDOW}, {off}"
    assert rules(text) == [{"name": "production/Night", "state": "absent"}]


def test_what_is_over_has_no_rule() -> None:
    text = f"strategy: single, start: '2027-02-06 22:00', end: '2027-02-07 04:00', {BERLIN}"
    moment = datetime(2027, 2, 7, 3, 0, tzinfo=UTC)  # four o'clock in Berlin
    assert rules(text, now=moment - timedelta(minutes=1))
    assert rules(text, now=moment) == []
    recurring = f"strategy: recurring-interval, interval_days: 1, {WINDOW}, {BERLIN}, end: '2027-02-07 04:00'"
    assert rules(recurring, now=moment - timedelta(minutes=1))
    assert rules(recurring, now=moment) == []


DAILY = f"strategy: recurring-interval, interval_days: 1, {WINDOW}, {BERLIN}"


def test_it_mutes_what_would_tell_somebody_and_only_its_services() -> None:
    (rule,) = rules(f"{DAILY}, services: [shop], description: Nothing works then.")
    assert rule["alarms"] == ["production/shop/business/Up/critical"]
    assert (rule["name"], rule["description"]) == ("production/Night", "Nothing works then.")
    assert rules(DAILY)[0]["alarms"] == [f"production/{name}/business/Up/critical" for name in ("api", "shop")]
    assert rules(DAILY, topics={}) == [], "a rule without alarms would be none"


def test_a_paused_or_absent_service_needs_no_silence() -> None:
    services = [
        {**SERVICES[0], "state": "paused"},
        {**SERVICES[1], "state": "absent"},
        {**SERVICES[0], "name": "third"},
    ]
    assert rules(DAILY, services)[0]["alarms"] == ["production/third/business/Up/critical"]


def test_services_whose_names_look_alike_are_not_confused() -> None:
    services = [{**SERVICES[0], "name": name} for name in ("a/b", "a-b", "a b", "ab", "a&b")]
    for service in services:
        found = rules(f"{DAILY}, services: ['{service['name']}']", services)
        assert any(service["name"].replace("/", "-") == name.split("/")[1] for name in found[0]["alarms"])
        assert len(found[0]["alarms"]) <= 2


def test_more_than_a_hundred_alarms_are_several_rules() -> None:
    services = [{**SERVICES[0], "name": f"s{number}"} for number in range(250)]
    found = rules(DAILY, services)
    assert [(rule["name"], len(rule["alarms"])) for rule in found] == [
        ("production/Night/1", 100), ("production/Night/2", 100), ("production/Night/3", 50),
    ]  # fmt: skip
    names = [name for rule in found for name in rule["alarms"]]
    assert len(set(names)) == 250


SPANS = st.tuples(st.integers(1, 10), st.integers(11, 23)).map(lambda pair: f"{pair[0]}-{pair[1]}")
STEPS = st.integers(1, 9).map(lambda number: f"*/{number}")
ITEMS = st.integers(1, 28).map(str) | SPANS | STEPS
FIELD = st.just("*") | st.lists(ITEMS, min_size=1, max_size=3).map(",".join)


def matches(field: str, value: int, least: int, largest: int) -> bool:
    """Whether cron takes a value, read as its manual says."""
    for item in field.split(","):
        span, _slash, step = item.partition("/")
        low, _dash, high = span.partition("-")
        first, last = (least, largest) if span == "*" else (int(low), int(high or low))
        if value in range(first, last + 1, int(step or 1)):
            return True
    return False


def test_no_line_is_longer_than_a_rule_takes() -> None:
    def pairs(least: int, largest: int) -> str:
        return ",".join(str(number) for number in range(least, largest + 1) if (number - least) % 3 < 2)

    line = f"{pairs(0, 59)} {pairs(0, 23)} {pairs(1, 31)} {pairs(1, 12)} *"
    ((schedule, _duration),) = schedules(f"strategy: cron, cron: '{line}', duration_minutes: 5, {BERLIN}")
    assert schedule == f"cron({line})"
    assert len(schedule) <= 256


@given(FIELD, FIELD)
def test_a_field_means_what_it_meant(minute: str, day: str) -> None:
    ((schedule, _duration),) = schedules(f"strategy: cron, cron: '{minute} 2 {day} * *', duration_minutes: 5, {BERLIN}")
    found = re.fullmatch(r"cron\((\S+) 2 (\S+) \* \*\)", schedule)
    assert found
    for number in range(60):
        assert matches(minute, number, 0, 59) == matches(found[1], number, 0, 59)
    for number in range(1, 32):
        assert matches(day, number, 1, 31) == matches(found[2], number, 1, 31)


# -- alarms on logs ---------------------------------------------------------------------------------------------------


def on_logs(count: int, part: str = "logs") -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """The alarms on logs of so many services and two more of somebody else, their rules, and those of phase 2."""
    services = [
        {
            **SERVICES[0],
            "name": f"api-{number}",
            "logs": {"silence": 10, "sources": [{"file": "/var/log/app.log", "format": "json"}]},
        }
        for number in range(count)
    ]
    catalogue = resolve(
        {
            "monitoring_environment": "production",
            "monitoring_services": services,
            # Titles that look like the names of other windows' rules.
            "monitoring_maintenances": [
                yaml.safe_load(f"{{title: {title}, strategy: cron, cron: 0 2 * * 0, duration_minutes: 45, {BERLIN}}}")
                for title in ("Night", "logs", "Night/logs")
            ],
        },
        OPTIONS,
    )
    topics = {"critical": "arn:c", "warning": "arn:w"}
    theirs = {"name": "theirs", "alarm_actions": ["arn:c"]}
    made = [*log_alarms(catalogue, {}, topics), theirs, {**theirs, "name": "production/api-0/x", "tags": None}]
    return made, mute_rules(catalogue, made, part=part), mute_rules(catalogue, alarms(catalogue, {}, topics))


def test_a_window_silences_every_alarm_on_logs_that_tells() -> None:
    made, muted, _others = on_logs(120)
    telling = {entry["name"] for entry in made if entry.get("alarm_actions") or entry.get("ok_actions")}
    telling -= {"theirs", "production/api-0/x"}
    assert len(telling) > 200
    for title in ("Night", "logs", "Night-logs"):
        mine = [rule for rule in muted if rule["name"].startswith(f"production/{title}/logs/")]
        named = [name for rule in mine for name in rule["alarms"]]
        assert sorted(named) == sorted(telling), "each once"
        assert max(len(rule["alarms"]) for rule in mine) == 100
        assert mine[0]["schedule"] == "cron(0 2 * * SUN)"


@pytest.mark.parametrize("count", [1, 120])
def test_rules_for_alarms_on_logs_have_names_of_their_own(count: int) -> None:
    _made, muted, others = on_logs(count)
    names = [rule["name"] for rule in (*muted, *others)]
    assert len(names) == len(set(names))
    if count == 1:
        assert names[:3] == ["production/Night/logs", "production/logs/logs", "production/Night-logs/logs"]
    # Without the word they would be those of the alarms on metrics.
    assert {rule["name"] for rule in on_logs(1, part="")[1]} == {rule["name"] for rule in on_logs(1)[2]}


def test_a_window_that_is_taken_away_takes_its_rule_for_logs_with_it() -> None:
    declared = {"monitoring_environment": "production", "monitoring_services": SERVICES}
    window = {"title": "Night", "state": "absent", "strategy": "cron", "cron": "0 2 * * 0", "duration_minutes": 45}
    catalogue = resolve({**declared, "monitoring_maintenances": [window]}, OPTIONS)
    assert mute_rules(catalogue, [], part="logs") == [{"name": "production/Night/logs", "state": "absent"}]
