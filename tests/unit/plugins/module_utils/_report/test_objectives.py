# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error budgets, counted by hand."""

from __future__ import annotations

from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.objectives import metrics, objectives

from .samples import BALANCER, OPTIONS, resolve

DISCOVERY = {"account": "1", "partition": "aws", "region": "eu-central-1",
             "services": {"api": {"instances": [], "load_balancer": BALANCER}}}  # fmt: skip


def catalogue(*services: dict[str, Any]) -> Any:
    return resolve({"monitoring_environment": "production", "monitoring_services": list(services)}, OPTIONS)


API = {"name": "api", "objective": 99.9, "load_balancer": "prod"}


def test_requests_and_errors_are_asked_for_by_service() -> None:
    found = metrics(catalogue(API, {"name": "free"}), DISCOVERY)
    assert [(one["id"], one["metric"], one["statistic"]) for one in found] == [
        ("api/req", "RequestCount", "Sum"),
        ("api/t5", "HTTPCode_Target_5XX_Count", "Sum"),
        ("api/e5", "HTTPCode_ELB_5XX_Count", "Sum"),
    ]
    assert {one["dimensions"]["LoadBalancer"] for one in found} == {"app/prod/1"}
    assert metrics(catalogue(API)) == []


def test_a_budget_is_used_by_failed_requests_day_by_day() -> None:
    values = {
        "api/req": [["2026-11-25T00:00:00+00:00", 60_000.0], ["2026-11-26T00:00:00+00:00", 40_000.0]],
        "api/t5": [["2026-11-25T00:00:00+00:00", 20.0], ["2026-11-26T00:00:00+00:00", 25.0]],
        "api/e5": [["2026-11-26T00:00:00+00:00", 5.0]],
    }
    (found,) = objectives(catalogue(API), None, values)
    # 0.1 % of 100,000 requests may fail: 100, of which 50 did.
    assert found["requests"]["total"] == 100_000
    assert found["requests"]["failed"] == 50
    assert round(found["requests"]["availability"], 6) == 99.95
    assert [(day, round(used, 6)) for day, used in found["requests"]["days"]] == [
        ("2026-11-25", 0.2),
        ("2026-11-26", 0.5),
    ]
    assert round(found["used"], 6) == 0.5
    assert found["checks"] is None


def test_the_worse_of_two_witnesses_counts() -> None:
    checks = {
        "name": "api", "status": "up", "uptime_30d": 0.998, "budget": {"allowed": 43.2, "used": 86.4},
        "measured_since": "2026-11-20T00:00:00+00:00",
    }  # fmt: skip
    values = {"api/req": [["2026-11-25", 1000.0]]}
    (found,) = objectives(catalogue(API), [checks], values)
    assert found["checks"] == {
        "status": "up", "availability": 99.8, "used": 2.0, "allowed_minutes": 43.2, "used_minutes": 86.4,
        "measured_since": "2026-11-20T00:00:00+00:00",
    }  # fmt: skip
    assert (found["requests"]["used"], found["used"]) == (0.0, 2.0)


def test_names_with_slashes_of_others_are_not_taken_for_ones_own() -> None:
    values = {"other/req": [["2026-11-25", 1000.0]], "api/x/req": [["2026-11-25", 1000.0]]}
    (found,) = objectives(catalogue(API), None, values)
    assert found["requests"] is None
    assert found["used"] is None


def test_the_most_used_come_first_and_the_unmeasured_last() -> None:
    services = [{**API, "name": name} for name in ("quiet", "b", "a")]
    values = {
        "a/req": [["2026-11-25", 1000.0]], "a/t5": [["2026-11-25", 1.0]],
        "b/req": [["2026-11-25", 1000.0]], "b/t5": [["2026-11-25", 2.0]],
    }  # fmt: skip
    assert [one["name"] for one in objectives(catalogue(*services), [], values)] == ["b", "a", "quiet"]


def test_an_objective_of_all_has_no_budget() -> None:
    values = {"api/req": [["2026-11-25", 1000.0]], "api/t5": [["2026-11-25", 1.0]]}
    (found,) = objectives(catalogue({**API, "objective": 100}), None, values)
    assert found["used"] == 100.0
