# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what Uptime Kuma recorded."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.beats import (
    DOWN,
    MAINTENANCE,
    PENDING,
    UP,
    Beat,
    beats,
    buckets,
    certificate_days,
    counted_uptime,
    incidents,
    instant,
    status,
    touching,
    weighed_uptime,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import Incident

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22 07:00:00.123", NOW.replace(microsecond=123_000)),
        ("2026-11-22 07:00:00", NOW),
        ("2026-11-22T07:00:00.000Z", NOW),
        ("2026-11-22T08:00:00+01:00", NOW),
        ("yesterday", None),
        ("", None),
        (None, None),
        (3, None),
    ],
)
def test_times_of_every_database(text: object, moment: datetime | None) -> None:
    assert instant(text) == moment
    if moment is not None:
        found = instant(text)
        assert found is not None
        assert found.tzinfo is UTC


def test_heartbeats_are_read_oldest_first() -> None:
    rows = [
        {"time": "2026-11-22 07:01:00", "status": 0, "duration": 60, "monitorID": 3, "msg": "x"},
        {"time": "2026-11-22 07:00:00", "status": 1, "duration": None, "monitor_id": 3},
        {"time": None, "status": 1},
    ]
    assert beats(rows) == [Beat(NOW, UP, 0.0), Beat(at(1), DOWN, 60.0)]


@pytest.mark.parametrize(
    ("monitor", "last", "expected"),
    [
        ({"active": True}, UP, "up"),
        ({"active": True}, DOWN, "down"),
        ({"active": True}, PENDING, "pending"),
        ({"active": True}, MAINTENANCE, "maintenance"),
        ({"active": True, "maintenance": True}, DOWN, "maintenance"),
        ({"active": False}, DOWN, "paused"),
        ({"active": 1}, None, "unknown"),
    ],
)
def test_the_state_of_a_monitor(monitor: dict[str, object], last: int | None, expected: str) -> None:
    assert status(monitor, None if last is None else Beat(NOW, last)) == expected


def test_an_incident_goes_from_down_to_up() -> None:
    changes = [Beat(at(0), UP), Beat(at(5), DOWN), Beat(at(9), UP), Beat(at(20), DOWN)]
    assert incidents(reversed(changes)) == [Incident(at(5), at(9)), Incident(at(20), None)]


def test_maintenance_ends_an_incident_and_a_retry_does_not() -> None:
    changes = [Beat(at(5), DOWN), Beat(at(6), PENDING), Beat(at(7), DOWN), Beat(at(9), MAINTENANCE), Beat(at(12), UP)]
    assert incidents(changes) == [Incident(at(5), at(9))]


def test_the_incident_of_a_paused_monitor_ends_with_its_last_check() -> None:
    assert incidents([Beat(at(5), DOWN)], stopped=at(8)) == [Incident(at(5), at(8))]


def test_incidents_before_the_day_are_left_out() -> None:
    old, across, lasting = Incident(at(-90), at(-60)), Incident(at(-90), at(-59)), Incident(at(-500))
    assert touching([old, across, lasting], at(-60)) == (across, lasting)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from([DOWN, UP, PENDING, MAINTENANCE])), max_size=40))
def test_incidents_never_overlap_and_only_the_last_lasts(changes: list[tuple[int, int]]) -> None:
    found = incidents([Beat(at(minute), state) for minute, state in changes])
    for earlier, later in itertools.pairwise(found):
        assert earlier.end is not None
        assert earlier.start <= earlier.end <= later.start


def test_1_23_weighs_checks_by_the_time_before_them() -> None:
    checks = [Beat(at(-9), UP, 600), Beat(at(-8), UP, 60), Beat(at(-7), DOWN, 60), Beat(at(-4), PENDING, 180)]
    # The first reaches beyond the window: only the minute within it counts. 2 of 6 minutes were up.
    assert weighed_uptime(checks, at(-10)) == pytest.approx(2 / 6)


def test_1_23_takes_maintenance_for_up() -> None:
    assert weighed_uptime([Beat(at(-1), MAINTENANCE, 60), Beat(at(0), DOWN, 60)], at(-10)) == 0.5


@pytest.mark.parametrize(("state", "expected"), [(UP, 1.0), (DOWN, 0.0), (PENDING, 0.0)])
def test_a_first_check_weighs_nothing_but_counts(state: int, expected: float) -> None:
    assert weighed_uptime([Beat(at(-1), state, 0)], at(-10)) == expected


def test_nothing_checked_is_not_downtime() -> None:
    assert weighed_uptime([], at(-10)) is None
    assert weighed_uptime([Beat(at(-11), UP, 60)], at(-10)) is None
    assert counted_uptime([]) is None


def test_2_x_counts_checks() -> None:
    rows = [
        {"timestamp": 1_795_330_800, "up": 58, "down": 2, "avgPing": 3.5},
        {"timestamp": 1_795_327_200, "up": 60, "down": 0, "maintenance": 3},
        {"timestamp": 1_795_323_600, "up": 0, "down": 0, "maintenance": 60},
    ]
    found = buckets(rows)
    assert [bucket.start for bucket in found] == [
        datetime.fromtimestamp(1_795_327_200, UTC),
        datetime.fromtimestamp(1_795_330_800, UTC),
    ]
    assert counted_uptime(found) == 118 / 120


def chain(*days: tuple[int, str]) -> dict[str, object]:
    link: dict[str, object] | None = None
    for number, kind in reversed(days):
        expires = (NOW + timedelta(days=number, hours=1)).astimezone(UTC).isoformat()
        link = {"validTo": expires, "certType": kind, "daysRemaining": 999, "issuerCertificate": link}
    return {"valid": True, "certInfo": link}


@pytest.mark.parametrize(
    ("info", "days"),
    [
        (chain((40, "server"), (12, "intermediate CA"), (3, "root CA")), 12),
        (chain((40, "server"), (90, "intermediate CA")), 40),
        (chain((5, "self-signed")), 5),
        (chain((5, "root CA")), 5),
        (chain((-3, "server")), -3),
        (chain((0, "server")), 0),
        ({"valid": False, "certInfo": None}, None),
        ({"certInfo": {"daysRemaining": 7}}, 7),
        ({"certInfo": {}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_the_first_certificate_of_a_chain_to_expire_counts(info: object, days: int | None) -> None:
    assert certificate_days(info, NOW) == days
    assert certificate_days(json.dumps(info), NOW) == days


def test_a_certificate_that_cannot_be_read_is_none() -> None:
    assert certificate_days("{", NOW) is None


def test_an_expired_certificate_counts_the_days_that_began() -> None:
    info = {"certInfo": {"validTo": (NOW - timedelta(hours=1)).astimezone(timezone(timedelta(hours=2))).isoformat()}}
    assert certificate_days(info, NOW) == -1
