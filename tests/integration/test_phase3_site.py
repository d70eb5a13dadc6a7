# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase 3 as a user runs it, against the stand-in: from a line of a log to a card with it, and the daily report."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .chat import until
from .life import Life, succeeded
from .playbook import Run

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


def write(life: Life, group: str, *lines: str, at: datetime | None = None) -> None:
    """Write lines as an application does through its agent."""
    logs = life.aws.client("logs")
    stream = f"test-{time.monotonic_ns()}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    moment = int((at or datetime.now(UTC)).timestamp() * 1000)
    events = [{"timestamp": moment + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def names(run: Run, task: str) -> tuple[Any, ...]:
    """What a task said that it created, updated and deleted."""
    result = run.tasks[task]
    return tuple(sorted(result.get(key) or []) for key in ("created", "updated", "deleted"))


@pytest.mark.slow
def test_it_is_predicted_and_made_and_then_unchanged(life: Life) -> None:
    for task in PREDICTED:
        predicted, made = (names(run, task) for run in (life.predicted, life.made))
        assert predicted == made, task
        assert made[0], f"{task}: nothing was made"
    assert life.again.changed == 0, life.again.changes
    assert names(life.made, MUTE_RULES)[0] == ["lab/Works/logs"]
    rule = life.aws.client("cloudwatch").get_alarm_mute_rule(AlarmMuteRuleName="lab/Works/logs")
    assert {name.split("/")[1] for name in rule["MuteTargets"]["AlarmNames"]} >= {"api", "queue", "shop"}
    assert {APP, "/lab/load-balancer/kumawatch-lab", f"/aws/lambda/{REPORT}"} <= set(life.log_groups())


def test_declined_payments_become_a_metric_and_an_alarm(life: Life) -> None:
    """They are no errors: a critical share of errors would silence the warning. The queue, on which the api depends, is
    well until the next test.
    """
    _ = life.again
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and not life.chat.saying("payment-declined"):
        write(life, APP, *(json.dumps({"level": "WARN", "event": "payment_declined", "order": n}) for n in range(6)))
        time.sleep(10)
    assert life.chat.saying("payment-declined")


def test_a_line_becomes_a_card_with_the_line_in_it(life: Life) -> None:
    """By the real path: written, filtered, measured, found, told. Nothing is called that an application would not."""
    _ = life.again
    lines = [f"2026-11-27 ERROR queue: unknown verb FROB{number} of client ada@example.com" for number in range(9)]
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and not life.chat.saying("unknown verb FROB"):
        write(life, "/lab/queue/container", *(json.dumps({"log": f"{line}\n", "stream": "stderr"}) for line in lines))
        time.sleep(10)
    [card, *_more] = life.chat.saying("unknown verb FROB")
    said = json.dumps(card["message"], ensure_ascii=False)
    assert "Critical" in said
    assert "queue" in said


def test_the_report_of_a_day_with_known_answers(life: Life) -> None:
    _ = life.again
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    yesterday = noon - timedelta(days=1)
    # The lab forgets after a day; here a week is to have passed.
    for group in (APP, "/lab/shop/access"):
        life.aws.client("logs").put_retention_policy(logGroupName=group, retentionInDays=14)
    old = json.dumps({"level": "ERROR", "message": "timeout after 17 ms"})
    for days in range(1, 9):
        write(life, APP, old, at=noon - timedelta(days=days))
    write(
        life,
        APP,
        *(json.dumps({"level": "ERROR", "message": f"card of ada{n}@example.com declined"}) for n in range(4)),
        json.dumps({"level": "INFO", "message": "all is well"}),
        at=yesterday + timedelta(minutes=5),
    )
    combined = '203.0.113.7 - - [26/Nov/2026:06:14:05 +0000] "{} {} HTTP/1.1" {} 1534 "-" "curl/8.5"'
    requests = [("GET", f"/orders/{n}", 200) for n in range(30)] + [("POST", "/pay", 502)] * 10
    write(life, "/lab/shop/access", *(combined.format(*request) for request in requests), at=yesterday)

    def report(**variables: Any) -> Run:
        return succeeded(life.run(playbook="playbooks/error_report.yml", **variables))

    run = report()
    told = run.tasks["Say what it says"]["msg"]
    assert told["headline"] == "5 error lines and 10 failed requests in 2 of 3 services"
    assert told["comparison"].startswith(
        "day before 1 error line · mean of the week 1 error lines a day · 40 requests, 25.0 % failed"
    )
    assert told["new_patterns"] == 1
    assert told["gaps"] == []
    assert len(told["posted"]) == 1
    [card] = until(lambda: life.chat.saying("Error report"), what="the report")
    said = json.dumps(card["message"], ensure_ascii=False)
    assert "card of &lt;email&gt; declined" in said
    assert "timeout after" not in said
    assert "POST /pay" in said
    assert "ada0" not in said

    # Once more is no second card, unless somebody asks for it.
    report()
    assert len(life.chat.saying("Error report")) == 1
    report(error_report_again=True)
    assert len(life.chat.saying("Error report")) == 2


def access_logs(life: Life) -> dict[str, str]:
    """The attributes by which the load balancer writes its access log itself."""
    client = life.aws.client("elbv2")
    [balancer] = client.describe_load_balancers()["LoadBalancers"]
    found = client.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    return {entry["Key"]: entry["Value"] for entry in found if entry["Key"].startswith("access_logs.")}


@pytest.mark.slow
def test_load_balancers_write_to_the_bucket_where_deliveries_are_not_offered(life: Life) -> None:
    def run(*arguments: str) -> Run:
        only = ("--tags", "cloudwatch_log_deliveries", *arguments)
        playbook = "playbooks/cloudwatch_logs.yml"
        return succeeded(life.run(*only, playbook=playbook, cloudwatch_logs_delivery="attributes"))

    _ = life.again
    before = access_logs(life)
    foretold = run("--check", "--diff")
    assert access_logs(life) == before
    made, again = run("--diff"), run()
    assert foretold.tasks[ATTRIBUTES]["diff"] == made.tasks[ATTRIBUTES]["diff"]
    [updated] = made.tasks[ATTRIBUTES]["updated"]
    assert "/kumawatch-lab/" in updated
    assert access_logs(life)["access_logs.s3.enabled"] == "true"
    assert again.changed == 0, again.changes
