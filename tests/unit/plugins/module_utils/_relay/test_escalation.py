# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escalation by time: once, and nobody is woken who need not be."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.escalation import Report, ascii_line, escalate
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.incidents import entry, from_item, take
from tests.unit.plugins.module_utils._relay.samples import NOW, TOPICS, Rig, alarm, titles

IDENTITY = "production/api/cpu/i-0abc"


class Desk:
    """A rig with a warning, and what the escalation publishes."""

    def __init__(self, minutes: float | None = 15) -> None:
        self.rig = Rig()
        after = timedelta(minutes=minutes) if minutes else None
        self.settings = replace(self.rig.settings, escalate_after=after)
        self.published: list[tuple[str, str, str]] = []
        self.publish: t.Callable[[str, str, str], None] = lambda *message: self.published.append(message)
        self.rig.tell(alarm())

    def after(self, minutes: float) -> Report:
        now = NOW + timedelta(minutes=minutes)
        return escalate(self.settings, self.rig.memory, self.publish, now, lambda what, **facts: None)

    @property
    def incident(self) -> t.Any:
        return from_item(self.rig.memory.items["incident", IDENTITY])


def test_a_warning_that_nobody_takes_is_published_once_as_critical() -> None:
    desk = Desk()
    assert desk.after(14.9).escalated == []
    assert desk.after(15).escalated == [IDENTITY]
    assert desk.after(16).escalated == []
    [(topic, subject, text)] = desk.published
    assert topic == TOPICS["critical"]
    assert subject == "Escalated: api ? CPU"
    assert json.loads(text)["message"] == "api · CPU has been a warning for 15 min, and nobody has taken it."
    assert titles(desk.rig.tell(json.loads(text))) == ["🔴 Escalated to critical: api · CPU (production · i-0abc)"]


def test_one_that_dies_before_it_could_mark_publishes_again_and_the_relay_tells_once() -> None:
    desk = Desk()
    before = dict(desk.rig.memory.items)
    desk.after(15)
    desk.rig.memory.items = before
    desk.after(16)
    assert len(desk.published) == 2
    told = desk.rig.tell(json.loads(desk.published[0][2])) + desk.rig.tell(json.loads(desk.published[1][2]))
    assert len(told) == 1


@pytest.mark.parametrize("what", ["critical", "recovered", "taken", "off"])
def test_what_is_not_escalated(what: str) -> None:
    desk = Desk(None if what == "off" else 15)
    if what == "critical":
        desk.rig.tell(alarm("production/api/cpu/i-0abc/critical", at=60))
        desk.rig.tell(alarm("production/api/cpu/i-0abc/critical", "OK", 61), alarm(at=62))
    elif what == "recovered":
        desk.rig.tell(alarm(state="OK", at=60))
    elif what == "taken":
        desk.rig.memory.replace(entry(take(desk.incident, "Ada", NOW), NOW), desk.incident.version)
    assert desk.after(60).escalated == []
    assert desk.published == []


def test_it_begins_anew_with_a_new_opening() -> None:
    desk = Desk()
    desk.after(15)
    desk.rig.tell(alarm(state="OK", at=1_000), alarm(at=1_800))
    assert desk.after(31).escalated == []
    assert desk.after(46).escalated == [IDENTITY]


def test_one_that_cannot_be_published_does_not_stop_the_others() -> None:
    desk = Desk()
    desk.rig.tell(alarm("production/web/cpu/warning"))

    def publish(topic: str, subject: str, text: str) -> None:
        if "web" not in text:
            raise RuntimeError("away")
        desk.published.append((topic, subject, text))

    desk.publish = publish
    assert desk.after(20) == Report(["production/web/cpu"], [], [IDENTITY])
    assert desk.incident.escalated_at is None


def test_what_was_forgotten_is_put_away() -> None:
    desk = Desk()
    desk.after(15)
    assert desk.after(60 * 24 * 7 - 1).swept == []
    assert desk.after(60 * 24 * 7 + 1).swept == [IDENTITY]
    assert desk.incident.status == "stale"
    [told] = desk.rig.tell(alarm(at=8 * 86_400))
    assert told["fallbackText"].startswith("🟠 Warning:")


def test_an_item_that_is_no_incident_is_passed_over() -> None:
    desk = Desk()
    desk.rig.memory.items["incident", "a"] = {"kind": "incident", "id": "a"}
    assert desk.after(15).escalated == [IDENTITY]


def test_subjects_are_what_sns_takes() -> None:
    assert ascii_line("Grün\n🔥 " + "x" * 200) == "Gr?n?? " + "x" * 92
    assert ascii_line("") == "Kumawatch"


def test_times_go_through_the_table_as_they_are() -> None:
    desk = Desk()
    desk.after(15)
    assert desk.incident.escalated_at == datetime(2026, 11, 27, 10, 15, tzinfo=UTC)
