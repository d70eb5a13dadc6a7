# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a day: limits, what is missing, what takes too long."""

from __future__ import annotations

import json
from datetime import UTC, date
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report import days, facts
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.config import Config, read_config
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.insights import Insights
from ansible_collections.kumawatch.monitoring.plugins.module_utils._error_report.reading import Reader
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from tests.unit.plugins.module_utils._error_report.logs import AwsError, Clock, Logs, config

DAY = days.day(date(2026, 11, 26), UTC)
NOON = DAY.first_second + 43_200


def read(logs: Logs, about: Config, seconds: float = 300.0, **more: Any) -> facts.Facts:
    clock = Clock()
    insights = Insights(logs, clock() + seconds, clock=clock, sleep=clock.sleep)
    return Reader(about, DAY, **more).read(insights.run)


def test_lines_and_requests() -> None:
    logs = Logs(
        lines={"/p/api/app": [(NOON, "ERROR order 1"), (NOON + 1, "ERROR order 2"), (NOON, "INFO fine")]},
        requests={
            "/p/api/lb": [
                (NOON, "200", "GET", "/orders/1", 0.1),
                (NOON, "502", "GET", "/orders/2", 0.3),
                (NOON, "504", "GET", "/orders/3", -1.0),
                (NOON, "404", "GET", "/x", 0.1),
            ]
        },
    )
    found = read(logs, config({"api": {"/p/api/app": "text", "/p/api/lb": "alb"}}))
    assert found.counts == {"api": facts.Counts(errors=2, requests=4, failed=2)}
    [pattern] = found.patterns.values()
    assert (pattern.count, pattern.sample, pattern.text) == (2, "ERROR order 1", "ERROR order <n>")
    orders = found.routes["api", "GET /orders/{}"]
    assert (orders.requests, orders.failed, orders.timed, orders.longest) == (3, 2, 2, 0.3)
    assert orders.mean == pytest.approx(0.2)
    assert not found.gaps
    assert not found.unread


def test_the_edges_of_the_day() -> None:
    lines = [(DAY.first_second + offset, "ERROR") for offset in (-1, 0, 86_399, 86_400)]
    found = read(Logs(lines={"g": lines}), config({"api": {"g": "text"}}))
    assert found.counts["api"].errors == 2


def test_a_noisy_group_hides_no_other() -> None:
    logs = Logs(
        lines={
            "loud": [(NOON - number // 2, f"ERROR {number}") for number in range(45_000)],
            **{f"quiet-{number}": [(NOON - 40_000, f"ERROR only of {'abc'[number]}")] for number in range(3)},
        }
    )
    groups = {"loud": {"loud": "text"}, **{f"quiet-{n}": {f"quiet-{n}": "text"} for n in range(3)}}
    found = read(logs, config(groups))
    assert found.counts["loud"].errors == 45_000
    assert {name: found.counts[name].errors for name in groups if name != "loud"} == dict.fromkeys(
        ["quiet-0", "quiet-1", "quiet-2"], 1
    )
    assert {pattern.text for pattern in found.patterns.values()} == {
        "ERROR <n>", "ERROR only of a", "ERROR only of b", "ERROR only of c",
    }  # fmt: skip
    [loud] = [pattern for pattern in found.patterns.values() if pattern.service == "loud"]
    # Three pages; the second that stands at the end of one and the beginning of the next is counted once.
    assert 29_900 < loud.count <= 30_000
    assert found.gaps == [
        f"loud has too many error lines to read them all: all are counted, and the patterns are those of the newest "
        f"{loud.count:,}."
    ]
    assert not found.unread


def test_more_in_a_second_than_an_answer_holds() -> None:
    found = read(Logs(lines={"g": [(DAY.last_second, "ERROR")] * 12_000}), config({"api": {"g": "text"}}))
    assert found.counts["api"].errors == 12_000
    assert len(found.gaps) == 1
    assert "newest 10,000" in found.gaps[0]


def test_too_many_paths() -> None:
    logs = Logs(
        requests={"lb": [(NOON, "500", "GET", f"/a{'x' * (n % 40)}b{'y' * (n // 40)}", 0.1) for n in range(10_500)]}
    )
    found = read(logs, config({"api": {"lb": "alb"}}))
    assert found.counts["api"].failed == 10_500
    assert found.gaps == ["lb has more than 10,000 different paths: the routes are those of the most frequent ones."]


def test_a_load_balancer_that_services_share() -> None:
    alb = {"errors": "x", "access": True, "target_group": "target_group"}
    arns = {name: f"arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/{name}/1" for name in ("api", "shop")}
    services = [
        {"name": name, "groups": [{"name": "lb", "format": "alb", "target_groups": [arn]}]}
        for name, arn in arns.items()
    ]
    about = read_config(json.dumps({"formats": {"alb": alb}, "services": services}))
    found = facts.Facts(DAY)
    rows = [
        {"@log": "1:lb", "status": status, "target_group": arns.get(name, name), "requests": "2"}
        for name, status in (("api", "200"), ("api", "500"), ("shop", "503"), ("-", "502"), ("", "503"))
    ]
    facts.add_request_counts(found, rows, about, about.formats["alb"])
    assert found.counts == {
        "api": facts.Counts(requests=4, failed=2),
        "shop": facts.Counts(requests=2, failed=2),
        # What reached no target is told of the load balancer itself, and of no service twice.
        "lb": facts.Counts(requests=4, failed=4),
    }
    # A service that is content with all of it gets what is nobody else's.
    services[1]["groups"][0].pop("target_groups")  # type: ignore[index,attr-defined]
    about = read_config(json.dumps({"formats": {"alb": alb}, "services": services}))
    assert [about.owner("lb", arn) for arn in (arns["api"], arns["shop"], "-")] == ["api", "shop", "shop"]
    assert about.owner("other") == ""


def test_groups_that_are_not_there() -> None:
    logs = Logs(lines={"there": [(NOON, "ERROR 1")]})
    found = read(logs, config({"api": {"there": "text"}, "new": {"gone": "text", "gone-too": "text"}}))
    assert found.counts["api"].errors == 1
    assert sorted(found.gaps) == ["The log group gone does not exist.", "The log group gone-too does not exist."]
    # That nothing can be in it is known, so that the day is known.
    assert not found.unread


def test_a_group_that_spoils_the_query_is_found() -> None:
    def refuse(asked: dict[str, Any]) -> None:
        if "bad" in asked["logGroupNames"]:
            raise AwsError("InvalidParameterException", "log groups of another class")

    groups = {name: {name: "text"} for name in ["a", "b", "bad", "c", "d"]}
    logs = Logs(lines={name: [(NOON, "ERROR 1")] for name in groups}, before_start=refuse)
    found = read(logs, config(groups))
    assert sorted(found.counts) == ["a", "b", "c", "d"]
    assert found.unread == {"bad"}
    assert found.gaps == ["The error lines of bad could not be read: Logs Insights answered InvalidParameterException."]


def test_places_are_waited_for_and_left_to_others() -> None:
    groups = {f"s{n}": {f"g{n}": "text"} for n in range(500)}
    logs = Logs(lines={f"g{n}": [(NOON, "ERROR 1")] for n in range(500)}, places=2)
    found = read(logs, config(groups))
    assert len(found.counts) == 500
    assert logs.most == 2
    logs = Logs(lines=logs.lines)
    read(logs, config(groups))
    assert logs.most == 4
    assert len(logs.asked) == 10


def test_long_answers_come_in_pages() -> None:
    logs = Logs(lines={"g": [(NOON, f"ERROR {n}") for n in range(25)]}, page=10)
    assert read(logs, config({"api": {"g": "text"}})).counts["api"].errors == 25


@pytest.mark.parametrize("status", ["Failed", "Timeout", "Cancelled", "Unknown"])
def test_a_query_that_fails_is_tried_once_more(status: str) -> None:
    logs = Logs(lines={"g": [(NOON, "ERROR")]}, status=lambda asked: status)
    found = read(logs, config({"api": {"g": "text"}}))
    assert found.unread == {"api"}
    assert found.gaps == [f"The error lines of api could not be read: the query ended as {status}."]
    assert len(logs.asked) == 2
    answers = iter([status, "Complete"])
    logs = Logs(lines=logs.lines, status=lambda asked: next(answers))
    assert read(logs, config({"api": {"g": "text"}})).counts["api"].errors == 1


def test_what_takes_too_long_is_stopped_and_said() -> None:
    logs = Logs(lines={"g": []}, requests={"lb": []}, polls=10**6)
    found = read(logs, config({"api": {"g": "text"}, "shop": {"lb": "alb"}}), seconds=20)
    assert found.unread == {"api", "shop"}
    assert len(logs.stopped) == 3
    assert found.gaps == [
        "The request counts of shop could not be read: there was no time left.",
        "The routes of shop could not be read: there was no time left.",
        "The error lines of api could not be read: there was no time left.",
    ]


def test_a_network_that_is_down_is_waited_for() -> None:
    attempts = iter(range(100))

    def broken(asked: dict[str, Any]) -> None:
        if next(attempts) < 2:
            raise ConnectionError

    logs = Logs(lines={"g": [(NOON, "ERROR")]}, before_start=broken)
    assert read(logs, config({"api": {"g": "text"}})).counts["api"].errors == 1


def test_a_day_is_remembered_as_it_was() -> None:
    logs = Logs(
        lines={"g": [(NOON, f"ERROR {word}") for word in ("a", "b", "b")]},
        requests={"lb": [(NOON, "500", "GET", "/", 1.0)]},
    )
    found = read(logs, config({"api": {"g": "text", "lb": "alb"}}))
    again = facts.past("2026-11-26", facts.remembered(found))
    assert again.counts == found.counts
    assert again.keys == {"api": frozenset(key for _service, key in found.patterns)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "is no JSON object"),
        ('{"services": {}}', "is no JSON object"),
        ('{"services": [{"groups": []}]}', "service 1 needs a name"),
        ('{"services": [{"name": "a"}, {"name": "a"}]}', "names the service 'a' twice"),
        ('{"services": [{"name": "a", "groups": [{"name": "g"}]}]}', "'g' has the format ''"),
        ('{"formats": {"text": {}}}', "format 'text' needs errors"),
        ('{"top": 0}', "top must be a whole number from 1 to 10, not 0"),
        ('{"days": true}', "days must be a whole number from 1 to 30"),
        (
            '{"formats": {"t": {"errors": "x"}, "u": {"errors": "x"}}, "services": [{"name": "a", "groups": '
            '[{"name": "g", "format": "t"}]}, {"name": "b", "groups": [{"name": "g", "format": "u"}]}]}',
            "'g' has the formats 't' and 'u'",
        ),
    ],
)
def test_a_configuration_that_cannot_be_right(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_config(text)
