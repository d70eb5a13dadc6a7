# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging a day."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import (
    Incident,
    Service,
    digest,
    judge,
)

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def names(services: list[Service]) -> list[str]:
    return [standing.service.name for standing in digest("e", services, NOW).standings]


@pytest.mark.parametrize(
    ("objective", "uptime", "breaching"),
    [
        (99.9, 0.999, False),
        (99.9, 0.9989999999, True),
        (99.9, 0.9990000001, False),
        (100, 1.0, False),
        (100, 0.9999999, True),
        (99.95, 0.9995, False),
        (None, 0.1, False),
        (99.9, None, False),
    ],
)
def test_an_objective_is_breached_below_it_and_not_at_it(
    objective: float | None, uptime: float | None, breaching: bool
) -> None:
    assert judge(Service("a", "up", objective, uptime_30d=uptime), NOW).breaching is breaching


def test_a_paused_service_breaches_nothing() -> None:
    assert not judge(Service("a", "paused", 99.9, uptime_30d=0.5), NOW).breaching


def test_the_error_budget_is_of_30_days() -> None:
    budget = judge(Service("a", "up", 99.9, uptime_30d=0.9985), NOW).budget
    assert budget is not None
    assert budget.allowed == pytest.approx(43.2)
    assert budget.used == pytest.approx(64.8)
    assert budget.share == pytest.approx(1.5)


def test_a_new_service_has_used_only_what_it_was_down() -> None:
    budget = judge(Service("a", "up", 99.9, uptime_30d=0.5, measured_since=ago(hours=1)), NOW).budget
    assert budget is not None
    assert budget.used == pytest.approx(30)
    assert budget.allowed == pytest.approx(43.2)


def test_an_objective_of_100_allows_nothing() -> None:
    for uptime, share in ((1.0, 0.0), (0.9999, float("inf"))):
        budget = judge(Service("a", "up", 100, uptime_30d=uptime), NOW).budget
        assert budget is not None
        assert budget.share == share


def test_services_stand_worst_first() -> None:
    services = [
        Service("paused", "paused", 99.9, uptime_30d=0.2),
        Service("unmeasured", "unknown", 99.9),
        Service("fine", "up", 99.9, uptime_30d=1.0),
        Service("close", "up", 99.9, uptime_30d=0.99905),
        Service("loose but far", "up", 95, uptime_30d=0.99),
        Service("gone", "missing", 99.9),
        Service("down", "down", 99.9, uptime_30d=0.9999),
        Service("a little below", "up", 99.9, uptime_30d=0.9985),
        Service("far below", "up", 99.9, uptime_30d=0.9),
        Service("below and down", "down", 99.9, uptime_30d=0.9988),
    ]
    expected = [
        "below and down",
        "far below",
        "a little below",
        "down",
        "gone",
        "close",
        "loose but far",
        "fine",
        "unmeasured",
        "paused",
    ]
    assert names(services) == expected
    assert names(services[::-1]) == expected


def test_incidents_of_the_last_day_are_named_the_lasting_first() -> None:
    services = [
        Service("a", "up", incidents=(Incident(ago(hours=3), ago(hours=2)), Incident(ago(days=3), ago(hours=24)))),
        Service("b", "down", incidents=(Incident(ago(minutes=5)),)),
        Service("c", "up", incidents=(Incident(ago(hours=30), ago(hours=20)),)),
    ]
    made = digest("e", services, NOW)
    assert [name for name, _incident in made.incidents] == ["b", "c", "a"]
    # Of c only the 4 h that lie within the last day: 5 min + 4 h + 1 h.
    assert made.totals.downtime == timedelta(hours=5, minutes=5)
    assert made.totals.incidents == 3
    assert judge(services[1], NOW).down_since == ago(minutes=5)


def test_certificates_are_named_from_the_declared_day_on() -> None:
    services = [
        Service("soon", "up", certificate_days=21),
        Service("later", "up", certificate_days=22),
        Service("gone", "up", certificate_days=-2),
        Service("paused", "paused", certificate_days=1),
        Service("none", "up"),
    ]
    assert digest("e", services, NOW).certificates == (("gone", -2), ("soon", 21))
    assert digest("e", services, NOW, certificate_days=30).certificates[-1] == ("later", 22)


def test_the_slowest_are_named() -> None:
    services = [Service(f"s{number}", "up", response_ms=float(number)) for number in range(1, 9)]
    assert [name for name, _ms in digest("e", services, NOW).slowest] == ["s8", "s7", "s6", "s5", "s4"]
    assert digest("e", services, NOW, slowest=0).slowest == ()


def test_totals_are_averages_of_what_was_measured() -> None:
    services = [Service("a", "up", 99.9, 1.0, 0.999, 0.999), Service("b", "up", 99.9, 0.5, 0.999, 0.999)]
    services += [Service("c", "unknown"), Service("d", "up", None, None, 0.999, 0.999)]
    totals = digest("e", services, NOW).totals
    # Exactly: the average of nothing but 0.999 must not come out below it.
    assert (totals.uptime_24h, totals.uptime_7d, totals.uptime_30d) == (0.75, 0.999, 0.999)
    assert dict(totals.states) == {"up": 3, "unknown": 1}
    assert (totals.services, totals.breaching, totals.judged) == (4, 0, 2)


def test_no_services_make_an_empty_digest() -> None:
    made = digest("e", [], NOW)
    assert made.totals.uptime_30d is None
    assert made.standings == made.incidents == made.slowest == made.certificates == ()


RATIO = st.none() | st.floats(0, 1)
SERVICE = st.builds(
    Service,
    name=st.text(min_size=1, max_size=20),
    status=st.sampled_from(["up", "down", "pending", "maintenance", "paused", "unknown", "missing"]),
    objective=st.none() | st.floats(0.001, 100),
    uptime_24h=RATIO,
    uptime_7d=RATIO,
    uptime_30d=RATIO,
    response_ms=st.none() | st.floats(0, 1e6),
    certificate_days=st.none() | st.integers(-400, 4_000),
    measured_since=st.none() | st.datetimes(datetime(2026, 10, 1), datetime(2026, 11, 23), timezones=st.just(UTC)),
)


@settings(deadline=None, max_examples=40)
@given(st.lists(SERVICE, max_size=30, unique_by=lambda service: service.name), st.randoms())
def test_the_order_of_the_services_changes_nothing(services: list[Service], order: random.Random) -> None:
    shuffled = services.copy()
    order.shuffle(shuffled)
    assert digest("e", services, NOW) == digest("e", shuffled, NOW)


@settings(deadline=None, max_examples=40)
@given(st.lists(SERVICE, max_size=30))
def test_every_service_is_there_and_those_that_breach_stand_first(services: list[Service]) -> None:
    made = digest("e", services, NOW)
    assert sorted(s.service.name for s in made.standings) == sorted(s.name for s in services)
    breaching = [standing.breaching for standing in made.standings]
    assert breaching == sorted(breaching, reverse=True)
    assert made.totals.breaching == sum(breaching)
    for standing in made.standings:
        if standing.budget is not None:
            assert standing.budget.used >= 0 <= standing.budget.share
