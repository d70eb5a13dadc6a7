# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Days of a time zone, and what is asked for a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report import days
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.run import asked_day
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("when", "zone", "hours"),
    [
        (date(2026, 11, 26), "Europe/Berlin", 24),
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
        # Here the clocks skip midnight: the day began at one o'clock.
        (date(2018, 11, 4), "America/Sao_Paulo", 23),
        (date(2026, 11, 26), "Asia/Kathmandu", 24),
    ],
)
def test_how_long_a_day_is(when: date, zone: str, hours: float) -> None:
    found = days.day(when, ZoneInfo(zone))
    assert found.hours == hours
    assert found.last_second - found.first_second + 1 == hours * 3600
    # No second before it, and none after it, is of that day.
    for second, inside in ((-1, False), (0, True)):
        local = datetime.fromtimestamp(found.first_second + second, ZoneInfo(zone))
        assert (local.date() == when) is inside


@given(
    st.dates(date(1995, 1, 1), date(2037, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Chatham", "America/Havana", "UTC"]),
)
def test_days_follow_one_another(when: date, name: str) -> None:
    zone = ZoneInfo(name)
    today = days.day(when, zone)
    [before] = days.before(today, 1, zone)
    assert before.end == today.start
    assert days.yesterday(today.start, zone) == before


def test_yesterday_is_that_of_the_zone() -> None:
    now = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    assert days.yesterday(now, UTC).date == date(2026, 11, 25)
    assert days.yesterday(now, BERLIN).date == date(2026, 11, 26)


def test_the_day_that_is_asked_for() -> None:
    now = datetime(2026, 11, 27, 7, tzinfo=UTC)
    assert asked_day({}, now, BERLIN).date == date(2026, 11, 26)
    assert asked_day({"day": "2026-11-20"}, now, BERLIN).date == date(2026, 11, 20)
    # Today, as far as it has come.
    assert asked_day({"day": "2026-11-27"}, now, BERLIN).date == date(2026, 11, 27)
    with pytest.raises(InputError, match="2026-11-28 has not begun"):
        asked_day({"day": "2026-11-28"}, now, BERLIN)
    with pytest.raises(InputError, match="not 'yesterday'"):
        asked_day({"day": "yesterday"}, now, BERLIN)
