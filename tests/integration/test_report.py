# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a user asks for it, on an account of the stand-in, and how services did, from a real Uptime Kuma."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.aws import testing as aws_testing
from lab.process import free_port
from tools import lab_account

from .chat import Chat
from .conftest import RunModule
from .life import READING, Lab, calls_of, succeeded
from .playbook import ENDPOINTS, Run


@dataclass
class Account:
    """An account with what the demo services run on, one alarm that is on, and nothing of ours besides."""

    aws: aws_testing.Aws
    chat: Chat
    lab: Lab
    directory: Path

    def run(self, **variables: Any) -> Run:
        given = {
            "alert_channel_google_chat_webhook_url": self.chat.url,
            "report_kuma_url": "",
            "report_directory": str(self.directory / "out"),
            **variables,
        }
        return self.lab.run(playbook="playbooks/report.yml", variables=given)

    def written(self) -> tuple[dict[str, Any], str]:
        out = self.directory / "out"
        report: dict[str, Any] = json.loads((out / "kumawatch-report-lab.json").read_text())
        return report, (out / "kumawatch-report-lab.html").read_text()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    directory = tmp_path_factory.mktemp("report")
    chat = Chat(directory / "chat", free_port())
    with aws_testing.serve(directory) as aws:
        if not aws.stand_in:
            pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to empty")
        aws.reset()
        lab_account.furnish(aws.url, aws.region, ENDPOINTS["services"])  # type: ignore[arg-type]
        cloudwatch = aws.client("cloudwatch")
        tags = {"environment": "lab", "service": "api", "kind": "cpu", "severity": "critical", "resource": "i-1"}
        for name, environment in (("lab/api/cpu/critical", "lab"), ("other/api/cpu/critical", "other")):
            cloudwatch.put_metric_alarm(
                AlarmName=name, MetricName="m", Namespace="n", Statistic="Sum", Period=60, EvaluationPeriods=1,
                Threshold=1, ComparisonOperator="GreaterThanThreshold", ActionsEnabled=False,
                Tags=[{"Key": key, "Value": value} for key, value in {**tags, "environment": environment}.items()],
            )  # fmt: skip
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="<b>too high</b>")
        chat.start()
        try:
            yield Account(aws, chat, Lab(directory, aws, None), directory)
        finally:
            chat.stop()


def requests(account: Account, failed: int) -> None:
    """Yesterday, the api answered 10,000 requests, of which some failed."""
    elbs = account.aws.client("elbv2")
    balancer = elbs.describe_load_balancers(Names=["kumawatch-lab"])["LoadBalancers"][0]
    group = elbs.describe_target_groups(Names=["kumawatch-lab-api"])["TargetGroups"][0]
    dimensions = [
        {"Name": "TargetGroup", "Value": group["TargetGroupArn"].rpartition(":")[2]},
        {"Name": "LoadBalancer", "Value": balancer["LoadBalancerArn"].partition("loadbalancer/")[2]},
    ]
    yesterday = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    data = [("RequestCount", 10_000), ("HTTPCode_Target_5XX_Count", failed)]
    account.aws.client("cloudwatch").put_metric_data(
        Namespace="AWS/ApplicationELB",
        MetricData=[
            {"MetricName": name, "Dimensions": dimensions, "Timestamp": yesterday, "Value": float(value)}
            for name, value in data
        ],
    )


@pytest.mark.slow
def test_all_that_is_known_is_in_it_and_nothing_is_changed(account: Account) -> None:
    requests(account, failed=4)
    account.aws.forget_requests()
    succeeded(account.run(apm_backends=[{"type": "xray", "region": account.aws.region}]))
    asked = {operation for _service, operation in calls_of(account.aws)}
    assert [operation for operation in asked if not operation.startswith((*READING, "Test", "Filter"))] == []
    report, html = account.written()
    assert report["coverage"]["percent"] > 80
    (api,) = (one for one in report["objectives"] if one["name"] == "api")
    # 0.1 % of 10,000 may fail.
    assert (api["requests"]["total"], api["requests"]["failed"], round(api["used"], 6)) == (10_000, 4, 0.4)
    # Of this environment alone.
    assert [(one["service"], one["kind"], one["severity"]) for one in report["incidents"]] == [
        ("api", "cpu", "critical")
    ]
    assert report["alarms"]["silent"] == ["lab/api/cpu/critical"]
    assert report["cost"]["monthly"] > 0
    drift = {kind["what"]: kind for kind in report["drift"]["kinds"]}
    assert len(drift["alarms"]["created"]) > 50
    assert "/lab/api/app" in drift["log groups"]["created"]
    assert "lab-api" in drift["objectives"]["created"] and drift["settings of X-Ray"]["updated"]
    assert report["drill"] is None
    assert "&lt;b&gt;too high&lt;/b&gt;" in html
    assert html.count("<svg") >= 6


@pytest.mark.slow
def test_it_fails_under_what_is_asked_for_once_all_is_written_and_posts_a_card(account: Account) -> None:
    drill = {"at": "2026-11-20T06:30:00+00:00", "drill": "d", "msg": "drill d: 5 of 5 paths arrived", "paths": []}
    out = account.directory / "out"
    out.mkdir(exist_ok=True)
    (out / "kumawatch-drill-lab.json").write_text(json.dumps(drill))
    run = account.run(report_drift=False, report_fail_under=99.9, report_card=True, report_url="https://r.example.com/")
    assert run.status != 0
    [refused] = [result["msg"] for result in run.tasks.values() if result.get("failed")]
    assert "of what could be watched is, and report_fail_under asks for 99.9 %. Not watched: " in refused
    assert "queue (Runbook)" in refused
    report, html = account.written()
    assert report["drift"] is None
    assert report["drill"] == drill
    assert "5 of 5 paths arrived" in html
    (message,) = account.chat.saying("Monitoring of lab")
    assert message["thread_key"] == f"kumawatch-report-lab-{report['made_at'][:10]}"
    for told in ("Coverage", "Cost a month", "5 of 5 paths arrived", "https://r.example.com/"):
        assert told in json.dumps(message["message"])


def test_how_services_did_comes_from_the_server(run_module: RunModule) -> None:
    """One that is down, and one that nobody watches."""
    dead = {"name": "dead", "type": "http", "url": f"http://127.0.0.1:{free_port()}/", "interval": 20, "retries": 0}
    made = run_module("kuma_monitors", {"monitors": [dead]})
    assert not made["failed"], made
    config = {
        "environment": "test",
        "services": [{"name": name, "path": [name], "objective": 99.9} for name in ("dead", "unknown")],
    }
    deadline = time.monotonic() + 60
    while True:
        result = run_module("kuma_uptime_info", {"summary": config})
        assert not result["failed"], result
        found = {one["name"]: one for one in result["services"]}
        if found["dead"]["down_since"] or time.monotonic() > deadline:
            break
        time.sleep(1)
    assert found["dead"]["status"] == "down"
    assert found["dead"]["down_since"].startswith(f"{datetime.now(UTC):%Y-}")
    assert found["unknown"]["status"] == "missing"
    assert (found["unknown"]["uptime_30d"], found["unknown"]["budget"]) == (None, None)
    assert result["changed"] is False


def test_a_configuration_that_cannot_be_is_one_sentence(run_module: RunModule) -> None:
    result = run_module("kuma_uptime_info", {"summary": {"environment": "test", "sevices": []}})
    assert result["failed"]
    assert "sevices" in result["msg"]
