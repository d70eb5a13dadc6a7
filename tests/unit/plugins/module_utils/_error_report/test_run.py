# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: what it remembers, what it says, and that it says it once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report import card
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.config import Config
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.insights import Insights
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.run import Work
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat import limits
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.post import Outcome
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.settings import Channel, Settings
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.store import MemoryStore, StoreError
from tests.unit.plugins.module_utils._error_report.logs import Clock, Logs, config

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


class Spaces:
    """Spaces that keep what is posted, once for each request id, as Google does."""

    def __init__(self, refusing: tuple[str, ...] = ()) -> None:
        self.refusing = refusing
        self.posted: dict[tuple[str, str], Mapping[str, Any]] = {}

    def space(self, channel: str) -> str:
        return channel.removesuffix("-too")

    def post(self, channel: str, message: Mapping[str, Any], request_id: str, deadline: float) -> Outcome:
        if channel in self.refusing:
            return Outcome(False, True, "The space does not exist (404).")
        self.posted.setdefault((channel, request_id), message)
        return Outcome(True)


class Broken(MemoryStore):
    """A table that cannot be reached."""

    def read(self, keys: Any) -> Any:
        raise StoreError("The table 'incidents' cannot be used: batch_get_item answered AccessDeniedException.")

    def write(self, items: Any) -> None:
        raise StoreError("The table 'incidents' cannot be used.")


def work(logs: Logs, about: Config, seconds: float = 300.0, **more: Any) -> tuple[Work, Any]:
    clock = Clock(NOW.timestamp())
    made = Work(
        config=about,
        settings=Settings(
            "production", region="eu-central-1", zone=BERLIN, channels=more.pop("channels", (Channel("ops", True),))
        ),
        store=more.pop("store", MemoryStore()),
        spaces=more.pop("spaces", Spaces()),
        insights=lambda until: Insights(logs, until, clock=clock, sleep=clock.sleep),
        log=lambda what, **facts: None,
        **more,
    )
    return made, lambda event=None: made.run(event or {}, NOW, NOW.timestamp() + seconds)


def at(days: int, hour: int = 12, minute: int = 0) -> int:
    """A moment so many days before the day of the report, in Berlin."""
    return int((datetime(2026, 11, 26, hour, minute, tzinfo=BERLIN) - timedelta(days=days)).timestamp())


def texts(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False)


def of(answer: Any) -> Any:
    [message] = answer.spaces.posted.values()
    limits.check(message)
    return message


WEEK = Logs(
    lines={
        "/production/api/app": [
            *(
                (at(0, 3, n), f"2026-11-26 03:0{n}:00 ERROR card of ada{n}@example.com declined, order {n}")
                for n in range(6)
            ),
            *((at(0, 4, n), f"ERROR timeout after {n} ms") for n in range(9)),
            *((at(days, 4), "ERROR timeout after 17 ms") for days in range(1, 8)),
            (at(1, 5), "ERROR disk full"),
            (at(9), "ERROR long ago"),
        ],
        "/production/shop/app": [],
    },
    requests={
        "/production/api/lb": [
            *((at(0), "200", "GET", f"/orders/{n}", 0.2) for n in range(100)),
            *((at(0), "502", "POST", "/pay", 2.5) for n in range(12)),
            *((at(days), "200", "GET", "/", 0.1) for days in range(1, 8)),
        ]
    },
)
SERVICES = config(
    {
        "api": {"/production/api/app": "text", "/production/api/lb": "alb"},
        "shop": {"/production/shop/app": "text"},
    },
    dashboard="production-logs",
)


def test_a_day_with_known_answers() -> None:
    made, run = work(WEEK, SERVICES)
    answer = run()
    assert answer["headline"] == "15 error lines and 12 failed requests in 1 of 2 services"
    assert (
        answer["comparison"]
        == "day before 2 error lines · mean of the week 1.1 error lines a day · 112 requests, 10.7 % failed"
    )
    assert answer["new_patterns"] == 1
    assert answer["gaps"] == []
    assert answer["posted"] == ["ops"]
    message = of(made)
    assert message["thread"]["threadKey"] == "kumawatch-errors-production-2026-11-26"
    header = message["cardsV2"][0]["card"]["header"]
    assert header == {"title": "Error report: production", "subtitle": "Thursday 26 November 2026 (Europe/Berlin)"}
    said = texts(message)
    assert "api: 6 times, first at 03:00 CET" in said
    assert "card of &lt;email&gt; declined, order 0" in said
    assert "ada0" not in said
    assert "timeout after" not in said
    assert "<b>api: POST /pay</b> 12 of 12 requests (100.0 %)" in said
    assert "<b>api: POST /pay</b> 2.5 s, at most 2.5 s (12 requests)" in said
    assert "<b>api: GET /orders/{}</b> 200 ms" in said
    assert "and 1 more without errors" in said
    assert "not complete" not in said
    assert said.count("https://eu-central-1.console.aws.amazon.com/cloudwatch/home") == 3


def test_the_days_before_are_read_once() -> None:
    logs = Logs(lines=WEEK.lines, requests=WEEK.requests)
    made, run = work(logs, SERVICES)
    run()
    first = len(logs.asked)
    run()
    assert (first, len(logs.asked) - first) == (3 + 7 * 2, 3)
    assert len(made.spaces.posted) == 1  # type: ignore[attr-defined]
    assert sorted(key[1] for key in made.store.items)[-1] == "production/2026-11-26"  # type: ignore[attr-defined]
    assert len(made.store.items) == 8  # type: ignore[attr-defined]


def test_again_is_another_card() -> None:
    made, run = work(WEEK, SERVICES)
    run()
    run({"again": True})
    assert len(made.spaces.posted) == 2  # type: ignore[attr-defined]
    shown = run({"post": False})
    assert len(made.spaces.posted) == 2  # type: ignore[attr-defined]
    assert shown["posted"] == []
    assert shown["message"]["cardsV2"]


def test_an_empty_day_says_so() -> None:
    made, run = work(Logs(lines={"/production/shop/app": []}), config({"shop": {"/production/shop/app": "text"}}))
    answer = run()
    assert answer["headline"] == "No errors"
    assert "🟢" in texts(of(made))
    _made, run = work(Logs(), config({}))
    assert run()["headline"] == "No service logs yet"


def test_nothing_readable_is_not_nothing_wrong() -> None:
    logs = Logs(lines={"g": []}, polls=10**6)
    made, run = work(logs, config({"api": {"g": "text"}}), seconds=60)
    answer = run()
    assert answer["headline"] == "The logs could not be read"
    assert answer["gaps"] == ["The error lines of api could not be read: there was no time left."]
    said = texts(of(made))
    assert "🟢" not in said
    assert "This report is not complete" in said
    assert "Of the 7 days before, no day could be compared with." in said
    assert "not all of it was read" in said
    # What was not read is not remembered as a day without errors.
    assert made.store.items == {}  # type: ignore[attr-defined]


def test_without_a_table() -> None:
    made, run = work(WEEK, SERVICES, store=Broken())
    answer = run()
    assert answer["comparison"].startswith("day before 2 error lines · mean of the week")
    assert answer["gaps"] == [
        "The table 'incidents' cannot be used: batch_get_item answered AccessDeniedException. What it remembers of the "
        "days before had to be read again."
    ]
    assert of(made)


def test_a_space_that_refuses_is_an_error_and_the_others_are_told_once() -> None:
    channels = (Channel("ops", True), Channel("ops-too", True), Channel("team", True), Channel("other"))
    made, run = work(WEEK, SERVICES, channels=channels, spaces=Spaces(refusing=("ops",)))
    with pytest.raises(KumawatchError, match=r"of 2026-11-26 was not posted: channel 'ops': The space does not exist"):
        run()
    assert [channel for channel, _id in made.spaces.posted] == ["team"]  # type: ignore[attr-defined]
    made.spaces.refusing = ()  # type: ignore[attr-defined]
    assert run()["posted"] == ["ops", "team"]
    assert [channel for channel, _id in made.spaces.posted] == ["team", "ops"]  # type: ignore[attr-defined]


def test_today_is_not_remembered() -> None:
    made, run = work(WEEK, SERVICES)
    run({"day": "2026-11-27"})
    assert "production/2026-11-27" not in {key[1] for key in made.store.items}  # type: ignore[attr-defined]


NASTY = st.text(alphabet=st.sampled_from('<&"\\😀éa \n\t'), min_size=100, max_size=900)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(NASTY, min_size=12, max_size=12), st.sampled_from([1, 60, 400]))
def test_always_within_the_limits_of_google(told: list[str], number: int) -> None:
    names = [f"{told[n % 12][:60].strip()}{n}" for n in range(number)]
    lines = {f"g{n}": [(at(0), f"ERROR {told[n % 12]} {'xyz'[n % 3]}")] for n in range(number)}
    paths = [(at(0), "500", "GET", f"/{text}", 9.0) for text in told for _ in range(10)]
    # What is missing is said as well, and must not take the room of the rest.
    missing = {f"missing-{told[n % 12][:90]}-{n}": "text" for n in range(20)}
    services = {name: {f"g{n}": "text"} for n, name in enumerate(names)} | {"lb": {"lb": "alb"}, "lost": missing}
    made, run = work(Logs(lines=lines, requests={"lb": paths}), config(services, dashboard="d" * 255))
    answer = run()
    message = of(made)
    assert str(number + 1) in answer["headline"].replace(",", "")
    assert card.MAX_NAME > 0
    assert "Failed requests" in texts(message)
