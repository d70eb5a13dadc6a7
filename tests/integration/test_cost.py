# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring costs, as a user asks for it, against the stand-in: before it is there, and in runs of site.yml."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .life import READING, Life, calls_of, names_of_alarms, succeeded


def cost(life: Life, **variables: Any) -> dict[str, Any]:
    """The report of playbooks/cost.yml."""
    path = life.directory / "cost.json"
    path.unlink(missing_ok=True)
    succeeded(life.run(playbook="playbooks/cost.yml", cost_format="json", cost_file=str(path), **variables))
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def lines(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["item"]: line for line in report["lines"]}


@pytest.mark.slow
def test_it_is_told_before_anything_is_there_and_nothing_is_changed(life: Life) -> None:
    life.aws.forget_requests()
    report = cost(life, cost_now=True, cost_assumptions={"requests_per_minute": 1000})
    assert all(operation.startswith(READING) for _service, operation in calls_of(life.aws))
    assert report["monthly"] > 0
    assert {"alarms", "alarms_composite", "dashboards", "logs_vended", "lambda_requests", "secrets"} <= set(
        lines(report)
    )
    # Traces cost something on AWS where they go there.
    assert "phase4" in {phase["phase"] for phase in report["phases"]}
    assert {"api", "(the environment)"} <= {service["name"] for service in report["services"]}
    assert report["change"]["monthly_now"] == 0 < report["change"]["change"]


@pytest.mark.slow
def test_a_budget_that_does_not_do_fails_before_anything_is_made(life: Life) -> None:
    life.aws.forget_requests()
    run = life.run(monitoring_budget=1)
    assert run.status != 0
    [refused] = [result["msg"] for result in run.tasks.values() if result.get("failed")]
    assert refused.startswith("The monitoring of 'lab' would cost ")
    assert "more than monitoring_budget allows (1.00)" in refused
    assert all(operation.startswith(READING) for _service, operation in calls_of(life.aws))
    assert names_of_alarms(life.aws) == []


@pytest.mark.slow
def test_a_run_in_check_mode_ends_with_the_estimate_and_a_budget_that_does_is_no_obstacle(life: Life) -> None:
    said = str(life.predicted.tasks["Say what it costs"]["msg"])
    before = cost(life)
    assert said.startswith(f"Estimate for 'lab': {before['monthly']:,.2f} USD a month (phase2 ")
    assert "Say what it costs" not in life.made.tasks
    assert names_of_alarms(life.aws)


@pytest.mark.slow
def test_what_was_measured_is_believed(life: Life) -> None:
    _ = life.made
    group = "/lab/api/app"
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    life.aws.client("cloudwatch").put_metric_data(
        Namespace="AWS/Logs",
        MetricData=[
            {
                "MetricName": "IncomingBytes",
                "Dimensions": [{"Name": "LogGroupName", "Value": group}],
                "Timestamp": today - timedelta(days=days) + timedelta(hours=6),
                "Value": float(2**30),
                "Unit": "Bytes",
            }
            for days in (1, 2)
        ],
    )
    assumed, measured = cost(life, cost_now=True), cost(life, cost_measure=True)
    # All that is wanted is there.
    assert {line["item"]: line["change"] for line in assumed["change"]["lines"] if line["change"]} == {}
    assert assumed["change"]["monthly_now"] > 0
    more = lines(measured)["logs_standard"]["quantity"] - lines(assumed)["logs_standard"]["quantity"]
    assert more == pytest.approx(365 / 12 - 3, abs=0.01)
    markdown = life.directory / "cost.md"
    succeeded(life.run(playbook="playbooks/cost.yml", cost_format="markdown", cost_file=str(markdown)))
    assert markdown.read_text().startswith("# What the monitoring of lab costs\n")
