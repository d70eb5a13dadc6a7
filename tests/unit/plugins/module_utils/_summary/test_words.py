# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, times and judgements, word for word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary import words
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import (
    Incident,
    Service,
    digest,
    judge,
)

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.0, "100 %"),
        (0.999999, "99.999 %"),
        (0.999, "99.9 %"),
        (0.5, "50 %"),
        (0.0, "0 %"),
        (1e-9, "0 %"),
        (None, "–"),
    ],
)
def test_percentages_are_cut(ratio: float | None, text: str) -> None:
    assert words.percent(ratio) == text


def test_a_fine_objective_gets_more_decimals() -> None:
    assert words.objective(99.9995) == "99.9995 %"
    assert words.percent(0.99999449, at_least=words.figures_for(99.9995)) == "99.99944 %"
    assert words.figures_for(99.9) == words.figures_for(None) == words.figures_for(90) == 3


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1), st.sampled_from([99.0, 99.9, 99.95, 99.995, 99.9995, 100.0]))
def test_what_is_below_its_objective_reads_so(ratio: float, objective: float) -> None:
    standing = judge(Service("a", "up", objective, uptime_30d=ratio), NOW)
    shown = float(words.percent(ratio, at_least=words.figures_for(objective)).removesuffix(" %"))
    if standing.breaching:
        assert shown < objective
    else:
        assert shown >= objective


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (86_400, "1 d"),
        (273_600, "3 d 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 22, 3, 12, tzinfo=UTC), "04:12"),
        (datetime(2026, 11, 21, 23, 30, tzinfo=UTC), "00:30"),
        (datetime(2026, 11, 21, 22, 30, tzinfo=UTC), "Sat 23:30"),
        (datetime(2026, 11, 2, 22, 30, tzinfo=UTC), "2 Nov 23:30"),
    ],
)
def test_times_of_day_in_the_readers_zone(moment: datetime, text: str) -> None:
    assert words.clock(moment, NOW, BERLIN) == text


def test_the_date_is_said_the_same_on_every_host() -> None:
    assert words.date(NOW, UTC) == "Sun 22 November 2026, 07:00 UTC"
    assert words.date(NOW, BERLIN) == "Sun 22 November 2026, 08:00 CET"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (-2, "expired 2 days ago"),
        (-1, "expired 1 day ago"),
        (0, "expires today"),
        (1, "expires in 1 day"),
        (6, "expires in 6 days"),
    ],
)
def test_certificates(days: int, text: str) -> None:
    assert words.days_left(days) == text


@pytest.mark.parametrize(("value", "text"), [(3.21, "3.2 ms"), (811.6, "812 ms"), (2_440, "2.4 s")])
def test_response_times(value: float, text: str) -> None:
    assert words.milliseconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.01, "0.1"), (43.2, "43.2"), (43.21, "43.3"), (4320, "4,320")])
def test_used_minutes_are_never_made_less(value: float, text: str) -> None:
    assert words.minutes(value) == text


UP = Service("a", "up", 99.9, 1.0, 1.0, 1.0)
BELOW = Service("b", "up", 99.9, 1.0, 1.0, 0.99)
DOWN = Service("c", "down", 99.9, 1.0, 1.0, 1.0, incidents=(Incident(NOW - timedelta(hours=2, minutes=5)),))
GONE = Service("d", "missing", 99.9)
PAUSED = Service("e", "paused", 99.9)
BARE = Service("f", "up", None, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("services", "text"),
    [
        ([], "No service is declared"),
        ([UP], "The service is up and within its objective"),
        ([UP, UP], "All 2 services are up, none below its objective"),
        ([BARE, BARE], "All 2 services are up"),
        ([UP, UP, PAUSED], "2 of 3 services are up, none below its objective"),
        ([UP, BELOW], "1 of 2 services is below its objective"),
        ([BELOW, BELOW, UP], "2 of 3 services are below their objective"),
        ([BELOW, BELOW], "All 2 services are below their objective"),
        ([BELOW], "The one service is below its objective"),
        ([BELOW, DOWN, GONE, UP], "1 of 4 services is below its objective, 1 down now, 1 not found"),
        ([DOWN, UP], "1 of 2 services is down"),
        ([GONE, UP, UP], "1 of 3 services is not found on the server"),
    ],
)
def test_the_headline(services: list[Service], text: str) -> None:
    assert words.headline(digest("e", services, NOW)) == text


def test_the_second_line() -> None:
    assert words.second_line(digest("e", [UP], NOW)) == "no incident in 24 h"
    services = [DOWN, PAUSED, Service("g", "maintenance"), Service("h", "pending"), Service("i", "unknown")]
    services += [Service("j", "up", certificate_days=6), Service("k", "up", certificate_days=-1)]
    assert words.second_line(digest("e", services, NOW)) == (
        "1 incident in 24 h, 2 h 5 min of downtime · 2 certificates expire within 21 days · 1 failing, being retried · "
        "1 under maintenance · 1 paused · 1 not checked yet"
    )
    assert "1 certificate expires within 1 day" in words.second_line(
        digest("e", [Service("j", "up", certificate_days=1)], NOW, certificate_days=1)
    )


@pytest.mark.parametrize(
    ("service", "text", "dot"),
    [
        (UP, "", "🟢"),
        (BELOW, "below its objective", "🟠"),
        (DOWN, "down for 2 h 5 min", "🔴"),
        (Service("c", "down", 99.9, uptime_30d=0.5), "down, below its objective", "🔴"),
        (GONE, "not found on the server", "🔴"),
        (PAUSED, "paused", "⚪"),
        (Service("h", "pending"), "failing, being retried", "🟡"),
        (Service("g", "maintenance"), "under maintenance", "🔵"),
        (Service("i", "unknown"), "not checked yet", "⚪"),
    ],
)
def test_the_state_of_a_service(service: Service, text: str, dot: str) -> None:
    standing = judge(service, NOW)
    assert words.state(standing, NOW) == text
    assert words.dot(standing) == dot


@pytest.mark.parametrize(
    ("service", "text"),
    [
        (
            Service("a", "up", 99.9, 0.9931, 0.998, 0.99853),
            "30 d 99.853 % of 99.9 % · 7 d 99.8 % · 24 h 99.31 % · error budget 63.6 of 43.2 min",
        ),
        (UP, "30 d 100 % of 99.9 % · 7 d 100 % · 24 h 100 % · error budget untouched"),
        (BARE, "30 d 100 % · 7 d 100 % · 24 h 100 %"),
        (
            Service("a", "up", 100, 1.0, 1.0, 0.9999),
            "30 d 99.99 % of 100 % · 7 d 100 % · 24 h 100 % · 4.4 min down, none allowed",
        ),
        (
            Service("a", "up", 99.9, 0.5, 0.5, 0.5, measured_since=NOW - timedelta(hours=1)),
            "1 h (new) 50 % of 99.9 % · 7 d 50 % · 24 h 50 % · error budget 30 of 43.2 min",
        ),
        (
            Service("a", "paused", 99.9, None, None, 0.99843),
            "30 d 99.843 % of 99.9 % · 7 d – · 24 h – · error budget 67.9 of 43.2 min",
        ),
        (PAUSED, "nothing measured in 30 d"),
    ],
)
def test_what_was_measured(service: Service, text: str) -> None:
    assert words.measured(judge(service, NOW), NOW) == text


@pytest.mark.parametrize(
    ("services", "text"),
    [
        ([UP] * 57, "and 57 more, all above objective"),
        ([UP], "and 1 more, above objective"),
        ([BARE] * 1_200, "and 1,200 more, all up"),
        (
            [BELOW] * 2 + [UP] * 3 + [PAUSED, GONE],
            "and 7 more: 2 below objective, 1 not found, 3 above objective, 1 paused",
        ),
        ([DOWN, Service("i", "unknown"), Service("h", "pending")], "and 3 more: 1 down, 1 failing, 1 not checked yet"),
    ],
)
def test_the_rest_is_counted(services: list[Service], text: str) -> None:
    assert words.rest([judge(service, NOW) for service in services]) == text
