# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring costs, as a user asks for it, against the stand-in: before it is there, and in runs of site.yml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.aws import testing as aws_testing
from tools import lab_account

from .test_phase2_site import Lab, calls_of, succeeded
from .test_site import ENDPOINTS, Run

CHANNEL = {"alert_channel_google_chat_webhook_url": "https://chat.invalid/v1/spaces/A/messages?key=k&token=t"}
#: What AWS is asked for only; whatever else is called would be a change.
READING = ("Describe", "Get", "List", "Lookup")


@dataclass
class Account:
    """The account, and what of it costs how much."""

    aws: aws_testing.Aws
    lab: Lab
    directory: Path

    def cost(self, **variables: Any) -> dict[str, Any]:
        """The report of playbooks/cost.yml."""
        path = self.directory / "cost.json"
        path.unlink(missing_ok=True)
        given = {"cost_format": "json", "cost_file": str(path), **variables}
        succeeded(self.lab.run(playbook="playbooks/cost.yml", variables=given))
        report: dict[str, Any] = json.loads(path.read_text())
        return report

    def alarms(self) -> int:
        pages = self.aws.client("cloudwatch").get_paginator("describe_alarms").paginate()
        return sum(len(page["MetricAlarms"]) + len(page["CompositeAlarms"]) for page in pages)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account with what the demo services run on, and nothing that watches it."""
    directory = tmp_path_factory.mktemp("cost")
    with aws_testing.serve(directory) as aws:
        if not aws.stand_in:
            pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to empty")
        aws.reset()
        lab_account.furnish(aws.url, aws.region, ENDPOINTS["services"])  # type: ignore[arg-type]
        yield Account(aws, Lab(directory, aws, None), directory)


def lines(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["item"]: line for line in report["lines"]}


@pytest.mark.slow
def test_it_is_told_before_anything_is_there_and_nothing_is_changed(account: Account) -> None:
    account.aws.forget_requests()
    traced = {
        "apm_backends": [{"type": "xray", "region": "us-east-1"}],
        "cost_assumptions": {"requests_per_minute": 1000},
    }
    report = account.cost(cost_now=True, **traced)
    assert all(operation.startswith(READING) for _service, operation in calls_of(account.aws))
    assert report["monthly"] > 0
    assert {"alarms", "alarms_composite", "dashboards", "logs_vended", "lambda_requests", "secrets"} <= set(
        lines(report)
    )
    # Traces cost something on AWS where they go there.
    assert "phase4" in {phase["phase"] for phase in report["phases"]}
    assert {"api", "(the environment)"} <= {service["name"] for service in report["services"]}
    assert report["change"]["monthly_now"] == 0 < report["change"]["change"]


@pytest.mark.slow
def test_a_budget_that_does_not_do_fails_before_anything_is_made(account: Account) -> None:
    account.aws.forget_requests()
    run: Run = account.lab.run(variables={"monitoring_budget": 1, **CHANNEL})
    assert run.status != 0
    [refused] = [result["msg"] for result in run.tasks.values() if result.get("failed")]
    assert refused.startswith("The monitoring of 'lab' would cost ")
    assert "more than monitoring_budget allows (1.00)" in refused
    assert all(operation.startswith(READING) for _service, operation in calls_of(account.aws))
    assert account.alarms() == 0


@pytest.mark.slow
def test_a_run_in_check_mode_ends_with_the_estimate_and_a_budget_that_does_is_no_obstacle(account: Account) -> None:
    predicted = succeeded(account.lab.run("--check", "--tags", "phase2,phase3", variables=CHANNEL))
    said = str(predicted.tasks["Say what it costs"]["msg"])
    before = account.cost()
    assert said.startswith(f"Estimate for 'lab': {before['monthly']:,.2f} USD a month (phase2 ")
    # Enough of a budget is no obstacle.
    made = account.lab.run("--tags", "phase2,phase3", variables={"monitoring_budget": before["monthly"] + 1, **CHANNEL})
    succeeded(made)
    assert "Say what it costs" not in made.tasks
    assert account.alarms() > 0


@pytest.mark.slow
def test_what_was_measured_is_believed(account: Account) -> None:
    group = "/lab/api/app"
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    account.aws.client("cloudwatch").put_metric_data(
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
    assumed, measured = account.cost(), account.cost(cost_measure=True)
    more = lines(measured)["logs_standard"]["quantity"] - lines(assumed)["logs_standard"]["quantity"]
    assert more == pytest.approx(365 / 12 - 3, abs=0.01)
    markdown = account.directory / "cost.md"
    succeeded(account.lab.run(
        playbook="playbooks/cost.yml", variables={"cost_format": "markdown", "cost_file": str(markdown)}
    ))  # fmt: skip
    assert markdown.read_text().startswith("# What the monitoring of lab costs\n")
