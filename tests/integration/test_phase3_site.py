# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase 3 as a user runs it, against the stand-in: from a line of a log to a card with the line in it, and the report.

One account for all tests of this file, which take the stages of its life in their order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.aws import testing as aws_testing
from lab.process import free_port
from tools import lab_account

from .test_alert_channel import Chat, until
from .test_phase2_site import Lab, beyond_policies, calls_of, succeeded
from .test_site import ENDPOINTS, Run

GROUPS = "Reconcile the log groups"
FILTERS = "Reconcile the metric filters"
ALARMS = "Reconcile the alarms on logs"
MUTE_RULES = "Reconcile the mute rules of the alarms on logs"
QUERIES = "Reconcile the saved queries"
DELIVERIES = "Have their logs delivered"
ATTRIBUTES = "Have load balancers write to the bucket themselves"
DASHBOARDS = "Reconcile the dashboards of the logs"
FUNCTION = "Make the function of the error report"
PREDICTED = (GROUPS, FILTERS, ALARMS, MUTE_RULES, QUERIES, DELIVERIES, DASHBOARDS, FUNCTION)

APP = "/lab/api/app"
REPORT = "kumawatch-lab-error-report"
WINDOW = {
    # Long after this test.
    "title": "Works",
    "strategy": "single",
    "start": "2047-02-06 22:00",
    "end": "2047-02-07 04:00",
    "timezone": "UTC",
}


@dataclass
class Account:
    """The account, the chat space behind it, and what was seen of its life."""

    aws: aws_testing.Aws
    chat: Chat
    lab: Lab
    runs: dict[str, Run] = field(default_factory=dict)
    calls: set[tuple[str, str]] = field(default_factory=set)

    def run(self, name: str, *arguments: str, playbook: str, **variables: Any) -> Run:
        """Run a playbook, and keep what it did under a name."""
        given = {
            "alert_channel_google_chat_webhook_url": self.chat.url,
            "alert_channel_batch_window": 0,
            "alert_channel_pace": 0,
            # What holds alarms on logs back is of the role cloudwatch_metrics, which is not run here.
            "cloudwatch_logs_metrics_alarms": False,
            "monitoring_maintenances": [WINDOW],
            **variables,
        }
        self.runs[name] = succeeded(self.lab.run(*arguments, playbook=f"playbooks/{playbook}", variables=given))
        return self.runs[name]

    def write(self, group: str, *lines: str, at: datetime | None = None) -> None:
        """Write lines as an application does through its agent."""
        logs = self.aws.client("logs")
        stream = f"test-{time.monotonic_ns()}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        moment = int((at or datetime.now(UTC)).timestamp() * 1000)
        events = [{"timestamp": moment + number, "message": line} for number, line in enumerate(lines)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def groups(self) -> list[str]:
        return [group["logGroupName"] for group in self.aws.client("logs").describe_log_groups()["logGroups"]]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account with the alert channel, in which logs were predicted, brought together, and brought together again."""
    directory = tmp_path_factory.mktemp("logs")
    chat = Chat(directory / "chat", free_port())
    with aws_testing.serve(directory) as aws:
        if not aws.stand_in:
            pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to empty")
        aws.reset()
        lab_account.furnish(aws.url, aws.region, ENDPOINTS["services"])  # type: ignore[arg-type]
        aws.client("logs").create_log_group(logGroupName="/somebody/else", tags={"managed-by": "somebody"})
        aws.client("logs").create_log_group(logGroupName="/lab/api/of-nobody")
        chat.start()
        try:
            made = Account(aws, chat, Lab(directory, aws, None))
            aws.forget_requests()
            made.run("predicted", "--check", "--diff", playbook="cloudwatch_logs.yml")
            made.run("channel", playbook="alert_channel.yml")
            made.run("made", "--diff", playbook="cloudwatch_logs.yml")
            made.run("again", playbook="cloudwatch_logs.yml")
            made.calls = calls_of(aws)
            yield made
        finally:
            chat.stop()


def names(run: Run, task: str) -> tuple[Any, ...]:
    """What a task said that it created, updated and deleted."""
    result = run.tasks[task]
    return tuple(sorted(result.get(key) or []) for key in ("created", "updated", "deleted"))


@pytest.mark.slow
def test_it_is_predicted_and_made_and_then_unchanged(account: Account) -> None:
    for task in PREDICTED:
        predicted, made = (names(account.runs[run], task) for run in ("predicted", "made"))
        assert predicted == made, task
        assert made[0], f"{task}: nothing was made"
    assert account.runs["again"].changed == 0, account.runs["again"].changes
    assert names(account.runs["made"], MUTE_RULES)[0] == ["lab/Works/logs"]
    rule = account.aws.client("cloudwatch").get_alarm_mute_rule(AlarmMuteRuleName="lab/Works/logs")
    assert {name.split("/")[1] for name in rule["MuteTargets"]["AlarmNames"]} >= {"api", "queue", "shop"}
    assert {APP, "/lab/load-balancer/kumawatch-lab", f"/aws/lambda/{REPORT}"} <= set(account.groups())


@pytest.mark.slow
def test_every_call_of_a_run_is_in_the_policies(account: Account) -> None:
    assert {("logs", "PutMetricFilter"), ("logs", "CreateDelivery")} <= account.calls
    assert beyond_policies(account.calls) == []


def test_a_line_becomes_a_card_with_the_line_in_it(account: Account) -> None:
    """By the real path: written, filtered, measured, found, told. Nothing is called that an application would not."""
    account.aws.forget_requests()
    lines = [f"2026-11-27 ERROR queue: unknown verb FROB{number} of client ada@example.com" for number in range(9)]
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and not account.chat.saying("unknown verb FROB"):
        account.write("/lab/queue/container", *(json.dumps({"log": f"{line}\n", "stream": "stderr"}) for line in lines))
        time.sleep(10)
    [card, *_more] = account.chat.saying("unknown verb FROB")
    said = json.dumps(card["message"], ensure_ascii=False)
    assert "Critical" in said
    assert "queue" in said


def test_declined_payments_become_a_metric_and_an_alarm(account: Account) -> None:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and not account.chat.saying("payment-declined"):
        account.write(APP, *(json.dumps({"level": "ERROR", "event": "payment_declined", "order": n}) for n in range(6)))
        time.sleep(10)
    assert account.chat.saying("payment-declined")


def test_the_report_of_a_day_with_known_answers(account: Account) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    yesterday = noon - timedelta(days=1)
    # The lab forgets after a day; here a week is to have passed.
    for group in (APP, "/lab/shop/access"):
        account.aws.client("logs").put_retention_policy(logGroupName=group, retentionInDays=14)
    old = json.dumps({"level": "ERROR", "message": "timeout after 17 ms"})
    for days in range(1, 9):
        account.write(APP, old, at=noon - timedelta(days=days))
    account.write(
        APP,
        *(json.dumps({"level": "ERROR", "message": f"card of ada{n}@example.com declined"}) for n in range(4)),
        json.dumps({"level": "INFO", "message": "all is well"}),
        at=yesterday + timedelta(minutes=5),
    )
    combined = '203.0.113.7 - - [26/Nov/2026:06:14:05 +0000] "{} {} HTTP/1.1" {} 1534 "-" "curl/8.5"'
    requests = [("GET", f"/orders/{n}", 200) for n in range(30)] + [("POST", "/pay", 502)] * 10
    account.write("/lab/shop/access", *(combined.format(*request) for request in requests), at=yesterday)

    run = account.run("report", playbook="error_report.yml")
    told = run.tasks["Say what it says"]["msg"]
    assert told["headline"] == "5 error lines and 10 failed requests in 2 of 3 services"
    assert told["comparison"].startswith(
        "day before 1 error line · mean of the week 1 error lines a day · 40 requests, 25.0 % failed"
    )
    assert told["new_patterns"] == 1
    assert told["gaps"] == []
    assert len(told["posted"]) == 1
    [card] = until(lambda: account.chat.saying("Error report"), what="the report")
    said = json.dumps(card["message"], ensure_ascii=False)
    assert "card of &lt;email&gt; declined" in said
    assert "timeout after" not in said
    assert "POST /pay" in said
    assert "ada0" not in said

    # Once more is no second card, unless somebody asks for it.
    account.run("report again", playbook="error_report.yml")
    assert len(account.chat.saying("Error report")) == 1
    account.run("report anew", playbook="error_report.yml", error_report_again=True)
    assert len(account.chat.saying("Error report")) == 2


def access_logs(account: Account) -> dict[str, str]:
    """The attributes by which the load balancer writes its access log itself."""
    client = account.aws.client("elbv2")
    [balancer] = client.describe_load_balancers()["LoadBalancers"]
    found = client.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    return {entry["Key"]: entry["Value"] for entry in found if entry["Key"].startswith("access_logs.")}


@pytest.mark.slow
def test_load_balancers_write_to_the_bucket_where_deliveries_are_not_offered(account: Account) -> None:
    def run(name: str, *arguments: str) -> Run:
        only = ("--tags", "cloudwatch_log_deliveries", *arguments)
        return account.run(name, *only, playbook="cloudwatch_logs.yml", cloudwatch_logs_delivery="attributes")

    before = access_logs(account)
    foretold = run("attributes foretold", "--check", "--diff")
    assert access_logs(account) == before
    made, again = run("attributes", "--diff"), run("attributes again")
    assert foretold.tasks[ATTRIBUTES]["diff"] == made.tasks[ATTRIBUTES]["diff"]
    [updated] = made.tasks[ATTRIBUTES]["updated"]
    assert "/kumawatch-lab/" in updated
    assert access_logs(account)["access_logs.s3.enabled"] == "true"
    assert again.changed == 0, again.changes


@pytest.mark.slow
def test_what_is_taken_away_is_ours(account: Account) -> None:
    given = {"teardown_confirmed": True, "teardown_kuma": False, "cloudwatch_logs_delivery": "attributes"}
    account.run("removed", playbook="teardown.yml", **given)
    assert account.groups() == ["/lab/api/of-nobody", "/somebody/else"]
    assert account.aws.client("logs").describe_query_definitions()["queryDefinitions"] == []
    assert account.aws.client("logs").describe_deliveries()["deliveries"] == []
    assert access_logs(account)["access_logs.s3.enabled"] == "false"
    assert account.aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert account.aws.client("cloudwatch").list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []
    functions = account.aws.client("lambda").list_functions()["Functions"]
    assert [function["FunctionName"] for function in functions] == []
