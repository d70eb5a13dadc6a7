# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server pushed and answered, turned into services (the pure half of gathering)."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.beats import Beat, Bucket
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.config import Config, Declared
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import Incident
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.gather import (
    Measured,
    choose,
    from_charts,
    from_heartbeats,
    pushed,
    service,
)

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
OURS = [{"name": "managed-by", "value": "kumawatch"}]


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def monitor(
    name: str, parent: int | None = None, kind: str = "http", tags: list[dict[str, str]] = OURS
) -> dict[str, t.Any]:
    return {"name": name, "parent": parent, "type": kind, "tags": tags, "active": True}


MONITORS = {
    1: monitor("production", kind="group"),
    2: monitor("api", 1),
    3: monitor("web", 1, kind="group"),
    4: monitor("front", 3),
    5: monitor("by hand", 1, tags=[]),
    6: monitor("staging", kind="group"),
    7: monitor("api", 6),
    8: monitor("theirs", 1, tags=[{"name": "managed-by", "value": "others"}]),
}


def chosen(config: Config, monitors: dict[int, dict[str, t.Any]] = MONITORS) -> list[tuple[str, int | None]]:
    return [(declared.name, ident) for declared, ident in choose(monitors, config)]


def test_the_marked_monitors_of_a_group_are_its_services() -> None:
    assert chosen(Config("e", group=("production",), objective=99.9)) == [("api", 2), ("web / front", 4)]
    assert all(declared.objective == 99.9 for declared, _ident in choose(MONITORS, Config("e", objective=99.9)))


def test_without_a_group_every_marked_monitor_is_one() -> None:
    assert chosen(Config("e")) == [("production / api", 2), ("production / web / front", 4), ("staging / api", 7)]


def test_by_choice_the_mark_does_not_matter() -> None:
    assert chosen(Config("e", group=("production",), managed_by=None)) == [
        ("api", 2),
        ("by hand", 5),
        ("theirs", 8),
        ("web / front", 4),
    ]
    assert chosen(Config("e", managed_by="others")) == [("production / theirs", 8)]


def test_declared_services_are_found_by_their_paths_and_missed() -> None:
    services = (
        Declared("The API", ("production", "api")),
        Declared("By hand", ("production", "by hand")),
        Declared("Gone", ("production", "gone")),
        Declared("A group", ("production", "web")),
    )
    assert chosen(Config("e", services=services)) == [("The API", 2), ("By hand", 5), ("Gone", None), ("A group", None)]


def test_two_monitors_of_one_path_are_told_apart() -> None:
    monitors = {**MONITORS, 9: monitor("api", 1)}
    services = (Declared("api", ("production", "api"), 99.9),)
    assert chosen(Config("e", services=services), monitors) == [("api (monitor 2)", 2), ("api (monitor 9)", 9)]
    unmarked = {**MONITORS, 9: monitor("api", 1, tags=[])}
    assert chosen(Config("e", services=services), unmarked) == [("api", 2)]


def test_parents_in_a_circle_do_not_hang() -> None:
    assert chosen(Config("e"), {1: monitor("a", 2), 2: monitor("b", 1)}) == [("a / b", 2), ("b / a", 1)]


def test_what_the_login_pushes() -> None:
    row = {"time": "2026-11-22 07:29:00.000", "status": 1, "duration": 60}
    recorded: dict[str, list[tuple[t.Any, ...]]] = {
        "heartbeatList": [("2", [row], False), ("99", [row], False)],
        "importantHeartbeatList": [("2", [{**row, "status": 0}], False)],
        "avgPing": [("2", 12), (2, 13.5), ("4", None)],
        "uptime": [("2", 24, 0.5), ("2", 720, 0.75), ("2", "1y", 0.9), ("4", 24, None), (2, 24, 1)],
        "certInfo": [("2", '{"valid": true}')],
    }
    found = pushed(recorded, [2, 4])
    assert found == {
        2: Measured(
            last=[Beat(ago(minutes=1), 1, 60)],
            changes=[Beat(ago(minutes=1), 0, 60)],
            uptime_24h=1.0,
            uptime_30d=0.75,
            response_ms=13.5,
            certificate='{"valid": true}',
        ),
        4: Measured(),
    }


def hours(*ages: int) -> list[Bucket]:
    top = NOW.replace(minute=0)
    return [Bucket(top - timedelta(hours=age), 59, 1) for age in sorted(ages, reverse=True)]


def days(*ages: int) -> list[Bucket]:
    midnight = NOW.replace(hour=0, minute=0)
    return [Bucket(midnight - timedelta(days=age), 100, 0) for age in sorted(ages, reverse=True)]


def pushed_by_2_x() -> Measured:
    return Measured(uptime_24h=0.0, uptime_30d=0.0)


def test_charts_complete_an_old_monitor() -> None:
    found = pushed_by_2_x()
    from_charts(found, [], hours(*range(168)), days(*range(30)), NOW)
    assert (found.uptime_24h, found.uptime_7d, found.uptime_30d) == (0.0, 59 / 60, 0.0)
    assert found.since is None


def test_charts_of_a_monitor_that_was_never_checked() -> None:
    found = pushed_by_2_x()
    from_charts(found, [], [], [], NOW)
    assert (found.uptime_24h, found.uptime_7d, found.uptime_30d, found.since) == (None, None, None, None)


def test_charts_of_a_monitor_that_was_paused_three_days_ago() -> None:
    found = pushed_by_2_x()
    from_charts(found, [], hours(80, 90), days(3, 4, 20), NOW)
    assert (found.uptime_24h, found.uptime_7d, found.uptime_30d) == (None, 59 / 60, 0.0)
    assert found.since == NOW.replace(hour=0, minute=0) - timedelta(days=20)


def test_charts_say_since_when_as_exactly_as_they_can() -> None:
    found = pushed_by_2_x()
    from_charts(found, [], hours(0, 1, 30), days(0, 1), NOW)
    assert found.since == NOW.replace(minute=0) - timedelta(hours=30)
    minute = Bucket(NOW - timedelta(minutes=13), 1, 0)
    from_charts(found, [minute], hours(0), days(0), NOW)
    assert found.since == minute.start


def test_heartbeats_complete_what_1_23_pushes() -> None:
    week = [Beat(ago(minutes=minutes), 0 if minutes == 3 else 1, 60) for minutes in (4, 3, 2, 1)]
    found = Measured(last=week, changes=[week[0]], uptime_24h=0.75, uptime_30d=0.75)
    from_heartbeats(found, week, NOW)
    assert (found.uptime_24h, found.uptime_7d, found.uptime_30d, found.since) == (0.75, 0.75, 0.75, ago(minutes=4))


@pytest.mark.parametrize(
    ("age", "uptimes"),
    [(2, (None, 1.0, 0.5)), (10, (None, None, 0.5)), (31, (None, None, None)), (None, (None, None, None))],
)
def test_on_1_23_nothing_checked_is_not_downtime(age: int | None, uptimes: tuple[float | None, ...]) -> None:
    last = [] if age is None else [Beat(ago(days=age), 1, 60)]
    found = Measured(last=last, uptime_24h=0.0, uptime_30d=0.5)
    from_heartbeats(found, last if age is not None and age < 7 else [], NOW)
    assert (found.uptime_24h, found.uptime_7d, found.uptime_30d) == uptimes


def test_on_1_23_a_full_list_of_changes_says_nothing_of_the_first_check() -> None:
    changes = [Beat(ago(days=10, minutes=-number), number % 2, 60) for number in range(500)]
    found = Measured(last=[Beat(ago(minutes=1), 1)], changes=changes)
    from_heartbeats(found, [Beat(ago(minutes=1), 1, 60)], NOW)
    assert found.since is None
    found.changes = changes[:499]
    from_heartbeats(found, [Beat(ago(minutes=1), 1, 60)], NOW)
    assert found.since == ago(days=10)


def test_a_service_out_of_what_is_known() -> None:
    measured = Measured(
        last=[Beat(ago(minutes=2), 1), Beat(ago(minutes=1), 0)],
        changes=[Beat(ago(days=40), 1), Beat(ago(days=3), 0), Beat(ago(days=2), 1), Beat(ago(minutes=1), 0)],
        uptime_24h=0.9,
        uptime_7d=0.8,
        uptime_30d=0.7,
        response_ms=0.0,
        certificate=json.dumps({"certInfo": {"validTo": (NOW + timedelta(days=6, hours=1)).isoformat()}}),
        since=ago(days=3),
    )
    made = service(Declared("api", ("api",), 99.9, "https://e/"), monitor("api"), measured, NOW)
    assert (made.name, made.status, made.objective, made.runbook) == ("api", "down", 99.9, "https://e/")
    assert (made.uptime_24h, made.uptime_7d, made.uptime_30d) == (0.9, 0.8, 0.7)
    assert made.response_ms is None  # 2.x says 0 where nothing was timed
    assert made.certificate_days == 6
    assert made.incidents == (Incident(ago(minutes=1), None),)
    assert made.measured_since == ago(days=3)


def test_a_monitor_that_was_paused_while_down_is_not_down_for_ever() -> None:
    measured = Measured(last=[Beat(ago(hours=2), 0)], changes=[Beat(ago(hours=3), 0)])
    made = service(Declared("api", ("api",)), {**monitor("api"), "active": False}, measured, NOW)
    assert made.status == "paused"
    assert made.incidents == (Incident(ago(hours=3), ago(hours=2)),)
