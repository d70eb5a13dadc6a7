# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase 2 as a user runs it, against the stand-in: predicted, made, made again, and taken away.

A run of the whole takes a minute, so that one life of an environment is lived once, and the tests look at its stages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.aws.testing import Aws
from tools import iam_policies, lab_account

from .conftest import Server, _empty
from .test_kuma_client import payload
from .test_site import ENDPOINTS, ROOT, WEBHOOK, Run

MARK = "kumawatch-lab"
ALARMS = "Reconcile the alarms"
DASHBOARDS = "Reconcile the dashboards"
MUTE_RULES = "Reconcile the mute rules"
INSTANCES = "Switch detailed monitoring on"
DATABASES = "Set how closely databases are watched"
ROLE = "Make the role for Enhanced Monitoring"
PREDICTED = (ALARMS, DASHBOARDS, MUTE_RULES, INSTANCES, DATABASES)


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
        done = subprocess.run(
            [
                str(Path(sys.executable).parent / "ansible-playbook"),
                *("-i", "inventories/lab", playbook, "-e", f"@{extra}", *arguments),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith(("KUMAWATCH_", "AWS_"))},
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
                "ANSIBLE_NOCOLOR": "1",
                "KUMAWATCH_LAB_DIR": str(self.directory),
            },
        )
        output = done.stdout + done.stderr
        # With its colon: patterns of log lines have the words in them.
        assert "Traceback (most recent call last):" not in output, output
        assert "webhook-secret" not in output
        report = json.loads(done.stdout[done.stdout.index("{") :])
        tasks = {
            task["task"]["name"].rpartition(" : ")[2]: task["hosts"]["localhost"]
            for played in report["plays"]
            for task in played["tasks"]
            if "localhost" in task["hosts"]
        }
        return Run(done.returncode, tasks, report["stats"]["localhost"]["changed"], output)


def succeeded(run: Run) -> Run:
    """The run; its messages where it failed."""
    wrong = {name: result.get("msg") for name, result in run.tasks.items() if result.get("failed")}
    assert run.status == 0, wrong or run.output[-3000:]
    return run


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


@dataclass
class Life:
    """What was seen of one environment, stage by stage."""

    predicted: Run
    after_prediction: list[str]
    made: Run
    calls: set[tuple[str, str]]
    again: Run
    shown: Run
    unconfirmed: Run
    before_removal: set[str]
    removed: Run
    alarms: list[str] = field(default_factory=list)
    dashboards: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    monitored: dict[str, str] = field(default_factory=dict)
    database: dict[str, Any] = field(default_factory=dict)
    kuma: list[str] = field(default_factory=list)


def calls_of(aws: Aws) -> set[tuple[str, str]]:
    """Service and operation of what the stand-in was asked."""
    return {(entry["service"], entry["operation"]) for entry in aws.requests()}


def beyond_policies(calls: set[tuple[str, str]]) -> list[str]:
    """The actions of ``calls`` that neither the policies under docs/iam nor those of the Lambda functions allow."""
    names = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2", "tagging": "resourcegroupstaggingapi"}
    allowed = {name for phase in iam_policies.PHASES for name in iam_policies.actions(phase)}
    made = {iam_policies.action((names.get(service, service), operation)) for service, operation in calls if operation}
    return sorted(made - allowed - FUNCTIONS)


def names_of_alarms(aws: Aws) -> list[str]:
    pages = (
        aws.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    )
    return sorted(
        item["AlarmName"]
        for page in pages
        for kind in ("MetricAlarms", "CompositeAlarms")
        for item in page.get(kind, ())
    )


@pytest.fixture(scope="module")
def life(aws_server: Aws, _session_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """An environment that is predicted, made, made again and taken away."""
    if not aws_server.stand_in:
        pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to empty")
    aws, kuma = aws_server, _session_server
    aws.reset()
    kuma.talk(_empty)
    assert lab_account.furnish(aws.url, aws.region, ENDPOINTS["services"])  # type: ignore[arg-type]
    lab = Lab(tmp_path_factory.mktemp("lab"), aws, kuma)

    aws.forget_requests()
    predicted = succeeded(lab.run("--tags", "phase2", "--check", "--diff"))
    after_prediction = names_of_alarms(aws)
    made = succeeded(lab.run("--tags", "phase1,phase2", "--diff"))
    again = succeeded(lab.run("--tags", "phase1,phase2"))

    # What others have in the same account and on the same server.
    others = {"AlarmName": "theirs", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60}
    compared = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**others, **compared, Tags=[{"Key": "managed-by", "Value": "somebody"}])
    cloudwatch.put_metric_alarm(**{**others, "AlarmName": "lab/api/unmarked"}, **compared)
    cloudwatch.put_dashboard(DashboardName="lab-theirs", DashboardBody='{"widgets": []}')
    aws.client("sns").create_topic(Name="kumawatch-lab-theirs")
    trust = {"Version": "2012-10-17", "Statement": []}
    aws.client("iam").create_role(RoleName="kumawatch-lab-theirs", AssumeRolePolicyDocument=json.dumps(trust))
    kuma.talk(lambda client: client.call("add", payload(client, "theirs")))

    shown = lab.run("--check", playbook="playbooks/teardown.yml")
    unconfirmed = lab.run(playbook="playbooks/teardown.yml")
    before_removal = set(names_of_alarms(aws))
    removed = succeeded(lab.run(playbook="playbooks/teardown.yml", variables={"teardown_confirmed": True}))
    calls = calls_of(aws)
    (database,) = aws.client("rds").describe_db_instances()["DBInstances"]
    return Life(
        predicted,
        after_prediction,
        made,
        calls,
        again,
        shown,
        unconfirmed,
        before_removal,
        removed,
        alarms=names_of_alarms(aws),
        dashboards=sorted(item["DashboardName"] for item in cloudwatch.list_dashboards()["DashboardEntries"]),
        topics=sorted(item["TopicArn"].rpartition(":")[2] for item in aws.client("sns").list_topics()["Topics"]),
        roles=sorted(item["RoleName"] for item in aws.client("iam").list_roles()["Roles"]),
        database=database,
        kuma=sorted(kuma.monitors()),
    )


def _without_channel(changes: dict[str, Any]) -> dict[str, Any]:
    unmanaged = [name for name in changes.get("unmanaged") or [] if not name.startswith("lab/alert-channel/")]
    return {**changes, "unmanaged": unmanaged}


@pytest.mark.slow
def test_check_mode_predicts_on_an_empty_account_what_the_run_then_does(life: Life) -> None:
    assert life.after_prediction == []
    for task in PREDICTED:
        # The run made the alert channel's own alarms before it came here: they are no part of a prediction.
        predicted, made = (_without_channel(run.changes[task]) for run in (life.predicted, life.made))
        assert predicted == made, task
        assert life.predicted.tasks[task].get("diff") == life.made.tasks[task].get("diff"), task
    assert life.predicted.tasks[ROLE]["changed"] is life.made.tasks[ROLE]["changed"] is True
    created = life.made.changes[ALARMS]["created"]
    assert len(created) > 30
    assert {"lab/api/service/critical", "lab/shop/service/critical"} <= set(created)
    assert "lab" in life.made.changes[DASHBOARDS]["created"]
    assert len(life.made.changes[INSTANCES]["updated"]) == 1, "the instance of the one critical service"


@pytest.mark.slow
def test_a_second_run_changes_nothing(life: Life) -> None:
    changed = [name for name, result in life.again.tasks.items() if result.get("changed")]
    assert changed == []
    assert life.again.changed == 0
    assert life.again.changes[ALARMS]["unchanged"] == life.made.changes[ALARMS]["created"]


@pytest.mark.slow
def test_every_call_of_a_run_is_in_the_policies_and_needs_no_more(life: Life) -> None:
    # Those of the test itself, which furnishes the account and looks at it.
    own = {
        ("ec2", "RunInstances"), ("ec2", "DescribeVpcs"), ("ec2", "DescribeSubnets"),
        ("elasticloadbalancing", "CreateLoadBalancer"), ("elasticloadbalancing", "CreateTargetGroup"),
        ("elasticloadbalancing", "CreateListener"), ("elasticloadbalancing", "RegisterTargets"),
        ("elasticloadbalancing", "DescribeListeners"), ("rds", "CreateDBInstance"),
    }  # fmt: skip
    assert beyond_policies(life.calls - own) == []


@pytest.mark.slow
def test_teardown_shows_what_is_ours_and_asks_before_anything_goes(life: Life) -> None:
    succeeded(life.shown)
    shown = life.shown.tasks["Show it"]["msg"]
    arns = "\n".join(shown["aws"])
    for part in (
        ":alarm:lab/api/",
        ":alarm:lab/alert-channel/",  # bears a mark of its own
        ":kumawatch-lab-critical",
        "role/kumawatch-lab-rds-monitoring",
        "kumawatch-lab-relay",
    ):
        assert part in arns, part
    assert "theirs" not in arns
    assert "lab/api/unmarked" not in arns
    assert shown["monitors"] == ["lab", "lab / api", "lab / queue", "lab / shop"]
    assert life.unconfirmed.status != 0
    assert life.unconfirmed.error == (
        "Nothing was removed. Type the name of the environment when asked, or say -e teardown_confirmed=true."
    )
    assert set(life.made.changes[ALARMS]["created"]) < life.before_removal


@pytest.mark.slow
def test_teardown_removes_what_is_ours_and_nothing_else(life: Life) -> None:
    assert life.alarms == ["lab/api/unmarked", "theirs"]
    assert life.dashboards == ["lab-theirs"]
    assert life.topics == ["kumawatch-lab-theirs"]
    assert [name for name in life.roles if name.startswith("kumawatch")] == ["kumawatch-lab-theirs"]
    assert life.kuma == ["theirs"]
    # Enhanced Monitoring went with its role.
    assert life.database["MonitoringInterval"] == 0


def test_an_environment_without_an_account_says_so_in_one_line(tmp_path: Path) -> None:
    left_out = Lab(tmp_path, None, None).run("--tags", "phase2")
    assert succeeded(left_out).changed == 0
    assert left_out.tasks["Say why nothing is done"]["msg"] == (
        "Environment 'lab' declares no AWS account (monitoring_aws), so phase 2 is left out."
    )
    assert ALARMS not in left_out.tasks
    assert WEBHOOK not in left_out.output
