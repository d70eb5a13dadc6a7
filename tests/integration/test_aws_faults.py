# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for AWS while AWS fails: throttled, answers lost, cut off, gone, killed, without credentials."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lab.aws import testing
from lab.aws.testing import Aws
from lab.process import free_port
from tests.unit.plugins.module_utils._aws.alarm_entries import metric

from .conftest import ROOT, RunModule
from .test_cloudwatch_alarms import counted, entries, stored

MODULES = "ansible_collections.kumawatch.monitoring.plugins.modules"
#: The module as Ansible runs it, in a process of its own that a test may kill.
PROGRAM = (
    "import json, runpy, sys\n"
    "from ansible.module_utils.testing import patch_module_args\n"
    "with patch_module_args(json.load(sys.stdin)):\n"
    f"    runpy.run_module('{MODULES}.' + sys.argv[1], run_name='__main__')\n"
)


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    return [metric(f"alarm {number:03}", **more) for number in range(count)]


def start(aws: Aws, options: dict[str, Any], module: str = "cloudwatch_alarms") -> subprocess.Popen[str]:
    """Start the module; its result comes with ``communicate``."""
    arguments = {"endpoint_url": aws.url, "region": aws.region, **options}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **aws.credentials, "PYTHONPATH": str(ROOT / "collections")},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(arguments))
    process.stdin.close()
    process.stdin = None
    return process


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    stdout, stderr = process.communicate(timeout=120)
    assert "Traceback" not in stderr, stderr
    result: dict[str, Any] = json.loads(stdout)
    return result


def wait_for(aws: Aws, count: int, service: str = "monitoring", operation: str = "PutMetricAlarm") -> None:
    """Wait until there were so many requests."""
    deadline = time.monotonic() + 60
    while len(aws.requests(service, operation)) < count:
        assert time.monotonic() < deadline, "the module does not get on"
        time.sleep(0.02)


def test_throttled_at_fifty_percent(aws: Aws, run_aws: RunModule) -> None:
    aws.faults({"service": "monitoring", "operation": "*", "kind": "throttle", "rate": 0.5})
    result = run_aws("cloudwatch_alarms", entries(*many(15)))
    assert not result["failed"], result["msg"]
    assert len(result["created"]) == 15
    aws.no_faults()
    assert len(stored(aws)) == 15


@pytest.mark.parametrize("kind", ["lost_response", "reset", "error"])
def test_every_tenth_answer_lost(aws: Aws, run_aws: RunModule, kind: str) -> None:
    given = many(60, tags={"a": "1"})
    aws.faults({"service": "monitoring", "operation": "*", "kind": kind, "rate": 0.1})
    result = run_aws("cloudwatch_alarms", entries(*given))
    assert not result["failed"], result["msg"]
    changed = many(60, tags={"a": "2"}, threshold=5)
    result = run_aws("cloudwatch_alarms", entries(*changed))
    assert not result["failed"], result["msg"]
    aws.no_faults()
    assert all(item["Threshold"] == 5 for item in stored(aws).values())
    assert not run_aws("cloudwatch_alarms", entries(*changed))["changed"]
    aws.faults({"service": "monitoring", "operation": "*", "kind": kind, "rate": 0.1})
    result = run_aws("cloudwatch_alarms", {**entries(), "purge": True, "max_deletions": 60})
    assert not result["failed"], result["msg"]
    aws.no_faults()
    assert stored(aws) == {}


def test_nothing_is_written_twice_whose_answer_was_lost(aws: Aws, run_aws: RunModule) -> None:
    aws.faults({"service": "monitoring", "operation": "PutMetricAlarm", "kind": "lost_response", "count": 3})
    aws.forget_requests()
    result = run_aws("cloudwatch_alarms", entries(*many(10)))
    assert (result["failed"], len(result["created"])) == (False, 10)
    assert counted(aws)["PutMetricAlarm"] == 10


def test_killed_in_the_middle_the_next_run_does_the_rest(aws: Aws, run_aws: RunModule) -> None:
    aws.faults({"service": "monitoring", "operation": "PutMetricAlarm", "kind": "latency", "seconds": 0.1})
    aws.forget_requests()
    process = start(aws, entries(*many(100)))
    wait_for(aws, 20)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    # What was under way arrives all the same.
    time.sleep(0.5)
    aws.no_faults()
    there = len(stored(aws))
    assert 0 < there < 100
    aws.forget_requests()
    result = run_aws("cloudwatch_alarms", entries(*many(100)))
    assert (result["failed"], len(result["created"]), len(result["unchanged"])) == (False, 100 - there, there)
    assert counted(aws)["PutMetricAlarm"] == 100 - there
    assert not run_aws("cloudwatch_alarms", entries(*many(100)))["changed"]


# -- the other kinds of objects that a run makes


@dataclass(frozen=True)
class Other:
    """A module, the option that takes its entries, what creates one of its objects, and what an account then has."""

    module: str
    option: str
    service: str
    operation: str
    entry: Callable[[Aws, Path, int], dict[str, Any]]
    stored: Callable[[Aws], Any]

    def options(self, aws: Aws, path: Path, count: int) -> dict[str, Any]:
        return {"managed_by": "m", self.option: [self.entry(aws, path, number) for number in range(count)]}


def _sampling_rule(_aws: Aws, _path: Path, number: int) -> dict[str, Any]:
    return {
        "name": f"s-{number:03}",
        "priority": number + 1,
        "fixed_rate": 0.05,
        "reservoir_size": 1,
        "tags": {"a": "1"},
    }


def _group(_aws: Aws, _path: Path, number: int) -> dict[str, Any]:
    return {"name": f"g-{number:03}", "filter_expression": f'service("{number}")'}


def _objective(_aws: Aws, _path: Path, number: int) -> dict[str, Any]:
    service = {"name": f"s-{number}", "environment": "production"}
    return {"name": f"o-{number:03}", "service": service, "indicator": "availability", "tags": {"a": "1"}}


def _queue(aws: Aws) -> str:
    account = aws.client("sts").get_caller_identity()["Account"]
    return f"arn:aws:sqs:{aws.region}:{account}:fed"


def _dashboard(_aws: Aws, _path: Path, number: int) -> dict[str, Any]:
    text = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": f"# {number}"}}
    return {"name": f"d-{number:03}", "body": {"widgets": [text]}}


def _mute_rule(_aws: Aws, _path: Path, number: int) -> dict[str, Any]:
    return {"name": f"r-{number:03}", "schedule": "cron(0 2 * * SUN)", "duration": "PT4H", "alarms": ["a"]}


def _topic(aws: Aws, _path: Path, number: int) -> dict[str, Any]:
    return {
        "name": f"t-{number:03}",
        "display_name": f"topic {number}",
        "publishers": {"services": ["cloudwatch.amazonaws.com"]},
        "subscriptions": [{"protocol": "sqs", "endpoint": _queue(aws), "raw": True}],
        "tags": {"a": "1"},
    }


def _function(aws: Aws, path: Path, number: int) -> dict[str, Any]:
    package = path / "package.zip"
    if not package.exists():
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("main.py", "def handler(event, context):\n    return None\n")
    return {
        "name": f"f-{number:03}",
        "zip_file": str(package),
        "handler": "main.handler",
        "runtime": "python3.13",
        "role": "arn:aws:iam::123456789012:role/f",
        "reserved_concurrency": 1,
        "event_sources": [{"arn": _queue(aws)}],
    }


def _stored_topics(aws: Aws) -> list[tuple[str, str, int]]:
    sns = aws.client("sns")
    arns = sorted(item["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for item in page["Topics"])
    return [
        (
            arn.rpartition(":")[2],
            sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"],
            len(sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]),
        )
        for arn in arns
    ]


def _stored_functions(aws: Aws) -> list[tuple[str, int, int]]:
    client = aws.client("lambda")
    names = sorted(item["FunctionName"] for item in client.list_functions(MaxItems=50)["Functions"])
    return [
        (
            name,
            client.get_function(FunctionName=name).get("Concurrency", {}).get("ReservedConcurrentExecutions", 0),
            len(client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]),
        )
        for name in names
    ]


def _stored_rules(aws: Aws) -> list[str]:
    pages = aws.client("cloudwatch").get_paginator("list_alarm_mute_rules").paginate()
    return sorted(item["AlarmMuteRuleArn"] for page in pages for item in page["AlarmMuteRuleSummaries"])


def _stored_dashboards(aws: Aws) -> list[str]:
    return sorted(item["DashboardName"] for item in aws.client("cloudwatch").list_dashboards()["DashboardEntries"])


def _stored_sampling_rules(aws: Aws) -> list[str]:
    pages = aws.client("xray").get_paginator("get_sampling_rules").paginate()
    names = [item["SamplingRule"]["RuleName"] for page in pages for item in page["SamplingRuleRecords"]]
    return [name for name in names if name != "Default"]


def _stored_groups(aws: Aws) -> list[str]:
    pages = aws.client("xray").get_paginator("get_groups").paginate()
    return [item["GroupName"] for page in pages for item in page["Groups"]]


def _stored_objectives(aws: Aws) -> list[str]:
    pages = aws.client("application-signals").get_paginator("list_service_level_objectives").paginate()
    return [item["Name"] for page in pages for item in page["SloSummaries"]]


OTHERS = [
    Other("cloudwatch_dashboards", "dashboards", "monitoring", "PutDashboard", _dashboard, _stored_dashboards),
    Other("cloudwatch_mute_rules", "mute_rules", "monitoring", "PutAlarmMuteRule", _mute_rule, _stored_rules),
    Other("sns_topics", "topics", "sns", "CreateTopic", _topic, _stored_topics),
    Other("lambda_functions", "functions", "lambda", "CreateFunction", _function, _stored_functions),
    Other(
        "xray_sampling_rules", "sampling_rules", "xray", "CreateSamplingRule", _sampling_rule, _stored_sampling_rules
    ),
    Other("xray_groups", "groups", "xray", "CreateGroup", _group, _stored_groups),
    Other(
        "application_signals_slos",
        "slos",
        "application-signals",
        "CreateServiceLevelObjective",
        _objective,
        _stored_objectives,
    ),
]
EACH = pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.module)
HOW_MANY = 12


def _complete(aws: Aws, other: Other) -> None:
    """All are there, each once, with all that belongs to it."""
    found = other.stored(aws)
    assert len(found) == HOW_MANY
    if other.module == "sns_topics":
        assert found == [(f"t-{number:03}", f"topic {number}", 1) for number in range(HOW_MANY)]
    if other.module == "lambda_functions":
        assert found == [(f"f-{number:03}", 1, 1) for number in range(HOW_MANY)]


@pytest.mark.slow
@EACH
@pytest.mark.parametrize(
    "fault",
    [{"kind": "throttle", "rate": 0.5}, {"kind": "lost_response", "rate": 0.1}],
    ids=lambda fault: fault["kind"],
)
def test_other_kinds_throttled_and_with_answers_lost(
    aws: Aws, run_aws: RunModule, tmp_path: Path, other: Other, fault: dict[str, Any]
) -> None:
    aws.client("sqs").create_queue(QueueName="fed")
    options = other.options(aws, tmp_path, HOW_MANY)
    aws.faults({"service": other.service, "operation": "*", **fault})
    result = run_aws(other.module, options)
    aws.no_faults()
    assert not result["failed"], (result["msg"], result.get("failures"))
    assert len(result["created"]) == HOW_MANY
    _complete(aws, other)
    assert not run_aws(other.module, options)["changed"]


@pytest.mark.slow
@EACH
def test_other_kinds_killed_in_the_middle_the_next_run_does_the_rest(
    aws: Aws, run_aws: RunModule, tmp_path: Path, other: Other
) -> None:
    aws.client("sqs").create_queue(QueueName="fed")
    options = other.options(aws, tmp_path, HOW_MANY)
    aws.faults({"service": other.service, "operation": "*", "kind": "latency", "seconds": 0.15})
    aws.forget_requests()
    process = start(aws, options, other.module)
    wait_for(aws, HOW_MANY // 3, other.service, other.operation)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    # What was under way arrives all the same.
    time.sleep(0.7)
    aws.no_faults()
    there = len(other.stored(aws))
    assert 0 < there < HOW_MANY
    result = run_aws(other.module, options)
    assert not result["failed"], (result["msg"], result.get("failures"))
    assert len(result["created"]) == HOW_MANY - there
    assert len(result["updated"]) + len(result["unchanged"]) == there
    _complete(aws, other)
    assert not run_aws(other.module, options)["changed"]


def test_an_endpoint_that_goes_away_in_the_middle(tmp_path: Path) -> None:
    with testing.serve(tmp_path) as server:
        if not server.stand_in:
            pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to stop")
        server.faults({"service": "monitoring", "operation": "PutMetricAlarm", "kind": "latency", "seconds": 0.1})
        process = start(server, {**entries(*many(100)), "patience": 2})
        wait_for(server, 20)
    result = ended(process)
    assert result["failed"]
    assert "run the task again" in result["msg"]
    assert "cannot be reached" in result["msg"]
    assert result["changed"]
    assert 0 < len(result["created"]) < 100
    assert len(result["created"]) + len(result["failures"]) == 100


def test_nothing_at_the_endpoint(run_module: RunModule) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    began = time.monotonic()
    result = run_module(
        "cloudwatch_alarms",
        {"endpoint_url": url, "region": "us-east-1", "access_key": "x", "secret_key": "y", **entries(metric())},
    )
    assert result["failed"]
    assert result["msg"] == f"CloudWatch at {url} cannot be reached: check region, endpoint_url and the network."
    assert time.monotonic() - began < 30


def test_no_credentials(run_module: RunModule, tmp_path: Path) -> None:
    nobody = {
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    result = run_module("cloudwatch_alarms", {"region": "us-east-1", **entries(metric())}, env=nobody)
    assert result["failed"]
    assert "credentials" in result["msg"]
    assert "\n" not in result["msg"]


def test_no_region(run_module: RunModule, tmp_path: Path) -> None:
    nowhere = {"AWS_CONFIG_FILE": str(tmp_path / "none")}
    result = run_module("cloudwatch_alarms", {"access_key": "x", "secret_key": "y", **entries(metric())}, env=nowhere)
    assert result["failed"]
    assert "region" in result["msg"].lower()
    assert "\n" not in result["msg"]


def cbor(values: dict[str, str]) -> bytes:
    """A map of short texts in CBOR."""
    texts = (text.encode() for pair in values.items() for text in pair)
    return bytes([0xA0 + len(values)]) + b"".join(b"\x78" + bytes([len(text)]) + text for text in texts)


class Refusing(BaseHTTPRequestHandler):
    """Answers everything as AWS answers an access key that it does not know."""

    said = "The security token included in the request is invalid."

    def do_POST(self) -> None:
        error = {"__type": "com.amazon#InvalidClientTokenId", "message": self.said}
        kind = self.headers.get("Content-Type", "")
        if "cbor" in kind:
            body = cbor(error)
        elif "json" in kind:
            body = json.dumps(error).encode()
        else:
            text = f"<Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>{self.said}</Message></Error>"
            body, kind = f"<ErrorResponse>{text}</ErrorResponse>".encode(), "text/xml"
        self.send_response(403)
        self.send_header("Content-Type", kind)
        self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""


def test_wrong_credentials(run_module: RunModule) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        keys = {"access_key": "AKIAWRONG", "secret_key": "also wrong"}
        result = run_module(
            "cloudwatch_alarms", {"endpoint_url": url, "region": "us-east-1", **keys, **entries(metric())}
        )
        server.shutdown()
    assert result["failed"]
    assert result["msg"] == (
        "CloudWatch does not accept the credentials (InvalidClientTokenId: The security token included in the request "
        "is invalid): check the profile or the access key."
    )
    assert "also wrong" not in json.dumps(result)
