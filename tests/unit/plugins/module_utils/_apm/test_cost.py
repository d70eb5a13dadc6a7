# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a month of traces costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm.candidates import CANDIDATES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm.cost import UNITS, cost
from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm.usage import DAYS, Usage, usage
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.spec import Problem

USAGE = Usage(
    memories=[8.0, 8.3],
    spans=200e6,
    bytes=200e9,
    traces=40e6,
    retention_days=30,
    indexed=0.01,
    users=5,
    sessions=10_000,
    session_events=20,
    session_bytes=50_000,
    languages={},
    services=[],
)
ASSUMED = {
    "hosts": None, "memory_gib": 8, "requests_per_minute": 600, "spans_per_request": 5, "span_bytes": 1000, "sample": 1,
    "retention_days": 15, "indexed_share": 0.01, "users": 5, "rum_sessions": 0, "rum_session_events": 20,
    "rum_session_bytes": 50_000,
}  # fmt: skip


def price(unit: str, **more: Any) -> dict[str, Any]:
    return {"key": "k", "item": "i", "unit": unit, "price": 1.0, "evidence": {}, **more}


QUANTITIES: list[tuple[str, dict[str, Any], float]] = [
    ("month", {}, 1),
    ("host", {}, 2),
    ("user", {}, 5),
    ("memory_gib_hour", {}, 730 * 16.3),
    ("memory_gib_hour", {"step": 0.25, "minimum": 4}, 730 * 16.5),  # the worked example of 8.3 GiB: 8.5
    ("memory_gib_hour", {"minimum": 32}, 730 * 64),
    ("gb", {}, 200),
    ("gib", {}, 200e9 / 2**30),
    ("gb_month", {}, 200 / DAYS * 30),
    ("gib_day", {"included_days": 10}, 200e9 / 2**30 * 20),
    ("gib_day", {"included_days": 40}, 0),
    ("million_spans", {}, 200),
    ("million_traces", {}, 40),
    ("million_indexed_spans", {}, 2),
    ("rum_thousand_sessions", {}, 10),
    ("rum_hundred_thousand_events", {}, 2),
    ("rum_gb", {}, 0.5),
]


@pytest.mark.parametrize(("unit", "more", "quantity"), QUANTITIES)
def test_how_much_there_is_of_each_unit(unit: str, more: dict[str, Any], quantity: float) -> None:
    found = cost([price(unit, **more)], USAGE)["lines"][0]
    assert found["quantity"] == pytest.approx(quantity, abs=0.001)
    assert found["amount"] == pytest.approx(quantity, abs=0.006)


def test_each_unit_is_tried_above() -> None:
    assert {unit for unit, _more, _quantity in QUANTITIES} == set(UNITS)


def test_what_is_included_costs_nothing() -> None:
    lines = cost(
        [
            price("gb", included=150),
            price("gb", included_per_host=150),
            price("gb", included_share=0.25),
        ],
        USAGE,
    )["lines"]
    assert [(line["included"], line["amount"]) for line in lines] == [(150, 50), (200, 0), (50, 150)]


def test_list_prices_of_the_vendors() -> None:
    """By hand: 46 a host; 0.40 a GB beyond 100, 49 a user; 0.01 a GiB and hour of 16.5 GiB; 0.35 and 0.03 a GB."""
    quiet = replace(USAGE, sessions=0)
    bills = {name: cost(candidate["prices"], quiet)["monthly"] for name, candidate in CANDIDATES.items()}
    assert bills["datadog"] == 2 * 46
    assert bills["newrelic"] == 100 * 0.40 + 5 * 49
    assert bills["dynatrace_full_stack"] == pytest.approx(730 * 16.5 * 0.01)
    assert bills["xray"] == pytest.approx(200 * 0.35 + round(200 / DAYS * 30 * 0.03, 2))
    # An 8 GiB host for about 58 dollars, as the vendor says.
    assert cost(CANDIDATES["dynatrace_full_stack"]["prices"], replace(quiet, memories=[8.0]))["monthly"] == 58.40


@given(st.floats(0, 1e13), st.integers(0, 50), st.floats(0, 400))
def test_more_never_costs_less(size: float, hosts: int, days: float) -> None:
    less = replace(USAGE, bytes=size, spans=size / 1000, memories=[8.0] * hosts, retention_days=days)
    more = replace(less, bytes=size * 2, spans=size / 500, retention_days=days * 2)
    for candidate in CANDIDATES.values():
        assert cost(candidate["prices"], more)["monthly"] >= cost(candidate["prices"], less)["monthly"] >= 0


# -- what there is ----------------------------------------------------------------------------------------------------


def service(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": "present", **more}


def counted(*services: dict[str, Any], **assumed: Any) -> tuple[Usage, list[Problem]]:
    problems: list[Problem] = []
    groups = {"all": ["h1", "h2", "h3"], "api": ["h1", "h2"], "web": ["h2", "h3"]}
    found = usage(services, {**ASSUMED, **assumed}, groups, {"h1": 16.0}, problems)
    return found, problems


def test_hosts_that_services_share_are_counted_once() -> None:
    found, problems = counted(service("a", hosts="api"), service("b", hosts="web"), service("c", hosts="h3"))
    assert not problems
    assert sorted(found.memories) == [8, 8, 16]
    assert [line["hosts"] for line in found.services] == [2, 2, 1]


def test_declared_traffic_goes_before_assumptions_and_these_are_named() -> None:
    apm = {"requests_per_minute": 60, "spans_per_request": 10, "span_bytes": 500, "sample": 0.5, "language": "python"}
    found, _ = counted(service("a", hosts="api", apm=apm), service("b", hosts="api"))
    minutes = 730 * 60
    assert found.spans == 60 * minutes * 0.5 * 10 + 600 * minutes * 5
    assert found.bytes == 60 * minutes * 0.5 * 10 * 500 + 600 * minutes * 5 * 1000
    assert found.traces == 60 * minutes * 0.5 + 600 * minutes
    assert found.languages == {"python": 1}
    assert found.services[0]["assumed"] == []
    assert found.services[1]["assumed"] == ["requests_per_minute", "spans_per_request", "span_bytes", "sample"]
    assert found.gb_a_day == pytest.approx(found.bytes / 1e9 / (730 / 24))
    assert found.measured(2.0).bytes == found.spans * 2


def test_what_is_absent_or_not_traced_counts_nothing() -> None:
    found, problems = counted(
        service("a", hosts="api", apm={"enabled": False}), {**service("b", hosts="api"), "state": "absent"}
    )
    assert found.spans == 0
    assert [str(problem) for problem in problems] == [
        "monitoring_services has no service whose traces are wanted; declare one."
    ]


def test_without_hosts_nothing_is_guessed() -> None:
    _, problems = counted(service("a"), service("b"))
    assert [str(problem) for problem in problems] == [
        "apm_evaluation_usage.hosts is not set, and no service has hosts in the inventory (a and b); set one of them, "
        "since backends are paid by the host."
    ]
    found, problems = counted(service("a"), hosts=4, memory_gib=2)
    assert (found.memories, problems) == ([2, 2, 2, 2], [])
