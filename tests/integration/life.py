# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One environment that is lived once, by ``site.yml`` with all phases, and at whose stages several files of tests look.

A run of the whole takes a minute of the machine. So there is one prediction, one run that makes everything, one more
that changes nothing, and one removal; each is lived when a test first asks for it, and those before it then as well.
The files are run one after the other in one process (tests/conftest.py), in the order of their names: what things cost
before they are there, what phases 2 and 3 made, what they do, and their end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lab.aws.testing import Aws
from lab.process import free_port
from tools import iam_policies, lab_account

from .chat import TOKEN, Chat
from .conftest import Server
from .playbook import ENDPOINTS, JSON, ROOT, Run, ansible_playbook, told
from .test_kuma_client import payload

WINDOW = {
    # Long after these tests.
    "title": "Works",
    "strategy": "single",
    "start": "2047-02-06 22:00",
    "end": "2047-02-07 04:00",
    "timezone": "UTC",
}

#: What AWS is asked for only; whatever else is called would be a change.
READING = ("Describe", "Get", "List", "Lookup")

#: What the relay calls while a run goes on: it has policies of its own, which the role alert_channel writes.
FUNCTIONS = {
    *(
        f"dynamodb:{name}"
        for name in ("BatchGetItem", "BatchWriteItem", "DeleteItem", "PutItem", "Query", "UpdateItem")
    ),
    *(
        f"sqs:{name}"
        for name in ("ChangeMessageVisibilityBatch", "DeleteMessageBatch", "GetQueueUrl", "ReceiveMessage")
    ),
}

Calls = set[tuple[str, str]]


@dataclass
class Lab:
    """A directory with endpoints.json, and ansible-playbook run with it."""

    directory: Path
    aws: Aws | None
    kuma: Server | None

    def run(self, *arguments: str, playbook: str = "site.yml", variables: dict[str, Any] | None = None) -> Run:
        there: dict[str, Any] = dict(ENDPOINTS)
        if self.aws is not None:
            there["aws"] = {"endpoint_url": self.aws.url, "region": self.aws.region}
        kuma = self.kuma
        there["kuma"] = {
            "url": kuma.url if kuma else "http://127.0.0.1:9",
            "username": kuma.username if kuma else "nobody",
            "password": kuma.password if kuma else "nothing",
        }
        (self.directory / "endpoints.json").write_text(json.dumps(there))
        extra = self.directory / "variables.yml"
        extra.write_text(yaml.safe_dump(variables or {}))
        done = ansible_playbook(
            *("-i", "inventories/lab", playbook, "-e", f"@{extra}", *arguments),
            timeout=1200,
            environment={**JSON, "KUMAWATCH_LAB_DIR": str(self.directory)},
        )
        output = done.stdout + done.stderr
        # With its colon: patterns of log lines have the words in them.
        assert "Traceback (most recent call last):" not in output, output
        for secret in ("webhook-secret", TOKEN):
            assert secret not in output, "a secret was printed"
        return told(done)


def succeeded(run: Run) -> Run:
    """The run; its messages where it failed."""
    wrong = {name: result.get("msg") for name, result in run.tasks.items() if result.get("failed")}
    assert run.status == 0, wrong or run.output[-3000:]
    return run


def calls_of(aws: Aws) -> Calls:
    """Service and operation of what the stand-in was asked, but for what hosts report by themselves."""
    return {(entry["service"], entry["operation"]) for entry in aws.requests()} - {("monitoring", "PutMetricData")}


def actions_of(calls: Iterable[tuple[str, str]]) -> set[str]:
    """The actions of policies that the calls need."""
    names = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2", "tagging": "resourcegroupstaggingapi"}
    return {iam_policies.action((names.get(service, service), operation)) for service, operation in calls if operation}


def beyond_policies(calls: Calls) -> list[str]:
    """The actions of ``calls`` that neither the policies under docs/iam nor those of the Lambda functions allow."""
    allowed = {name for phase in iam_policies.PHASES for name in iam_policies.actions(phase)}
    return sorted(actions_of(calls) - allowed - FUNCTIONS)


def names_of_alarms(aws: Aws) -> list[str]:
    kinds = ("MetricAlarm", "CompositeAlarm")
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=list(kinds))
    return sorted(item["AlarmName"] for page in pages for kind in kinds for item in page.get(f"{kind}s", ()))


@dataclass
class Removal:
    """The end of an environment: what was there, what was shown of it, and what was said to who did not confirm."""

    before: set[str]
    shown: Run
    unconfirmed: Run


@dataclass
class Life:
    """An account with what the demo services run on, Uptime Kuma, a chat space, and the stages of their life."""

    aws: Aws
    kuma: Server
    chat: Chat
    directory: Path
    calls: Calls = field(default_factory=set)
    """What was called by the stages so far."""

    def __post_init__(self) -> None:
        self.lab = Lab(self.directory, self.aws, self.kuma)
        self.aws.reset()
        lab_account.furnish(self.aws.url, self.aws.region, ENDPOINTS["services"])  # type: ignore[arg-type]
        # What others have in the same account.
        logs = self.aws.client("logs")
        logs.create_log_group(logGroupName="/somebody/else", tags={"managed-by": "somebody"})
        logs.create_log_group(logGroupName="/lab/api/of-nobody")
        self.aws.client("sns").create_topic(Name="kumawatch-lab-theirs")
        trust = {"Version": "2012-10-17", "Statement": []}
        self.aws.client("iam").create_role(RoleName="kumawatch-lab-theirs", AssumeRolePolicyDocument=json.dumps(trust))

    def run(self, *arguments: str, playbook: str = "site.yml", **variables: Any) -> Run:
        """Run a playbook in this environment."""
        given = {
            "alert_channel_google_chat_webhook_url": self.chat.url,
            "alert_channel_batch_window": 0,
            "alert_channel_pace": 0,
            "apm_backends": [{"type": "xray", "region": self.aws.region}],
            "monitoring_maintenances": [WINDOW],
            **variables,
        }
        return self.lab.run(*arguments, playbook=playbook, variables=given)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Hosts and the rest report how they are: of one that does not, phase 2 thinks that it is down."""
        where = ("--endpoint-url", self.aws.url, "--region", self.aws.region, "--state", str(self.directory))
        command = [sys.executable, "-m", "lab.usage", "--port", str(free_port()), *where]
        with (self.directory / "usage.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(15)

    def log_groups(self) -> list[str]:
        return [group["logGroupName"] for group in self.aws.client("logs").describe_log_groups()["logGroups"]]

    def stage(self, *arguments: str, **more: Any) -> Run:
        """Run it as a part of the life: what it calls is taken down."""
        self.aws.forget_requests()
        run = succeeded(self.run(*arguments, **more))
        self.calls |= calls_of(self.aws)
        return run

    @cached_property
    def predicted(self) -> Run:
        """The whole in check mode, on an account that has nothing of ours."""
        run = self.stage("--check", "--diff")
        assert names_of_alarms(self.aws) == [], "check mode made alarms"
        assert self.kuma.monitors() == {}, "check mode made monitors"
        return run

    @cached_property
    def made(self) -> Run:
        """The whole, with a budget that does."""
        _ = self.predicted
        return self.stage("--diff", monitoring_budget=10_000)

    @cached_property
    def again(self) -> Run:
        _ = self.made
        return self.stage()

    @cached_property
    def removal(self) -> Removal:
        _ = self.again
        others = {"AlarmName": "theirs", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60}
        compared = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
        cloudwatch = self.aws.client("cloudwatch")
        cloudwatch.put_metric_alarm(**others, **compared, Tags=[{"Key": "managed-by", "Value": "somebody"}])
        cloudwatch.put_metric_alarm(**{**others, "AlarmName": "lab/api/unmarked"}, **compared)
        cloudwatch.put_dashboard(DashboardName="lab-theirs", DashboardBody='{"widgets": []}')
        self.kuma.talk(lambda client: client.call("add", payload(client, "theirs")))
        # Load balancers may write to the bucket themselves by now.
        teardown = {"playbook": "playbooks/teardown.yml", "cloudwatch_logs_delivery": "attributes"}
        shown = self.stage("--check", **teardown)
        unconfirmed = self.run(**teardown)
        before = set(names_of_alarms(self.aws))
        self.stage(**teardown, teardown_confirmed=True)
        return Removal(before, shown, unconfirmed)
