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

MODULE = "ansible_collections.kumawatch.monitoring.plugins.modules.cloudwatch_alarms"
#: The module as Ansible runs it, in a process of its own that a test may kill.
PROGRAM = (
    "import json, runpy, sys\n"
    "from ansible.module_utils.testing import patch_module_args\n"
    "with patch_module_args(json.load(sys.stdin)):\n"
    f"    runpy.run_module('{MODULE}', run_name='__main__')\n"
)


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    return [metric(f"alarm {number:03}", **more) for number in range(count)]


def start(aws: Aws, alarms: list[dict[str, Any]], **options: Any) -> subprocess.Popen[str]:
    """Start the module; its result comes with ``communicate``."""
    arguments = {"endpoint_url": aws.url, "region": aws.region, **entries(*alarms), **options}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
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


def wait_for(aws: Aws, count: int) -> None:
    """Wait until so many alarms were put."""
    deadline = time.monotonic() + 30
    while len(aws.requests("monitoring", "PutMetricAlarm")) < count:
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
    process = start(aws, many(100))
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


def test_an_endpoint_that_goes_away_in_the_middle(tmp_path: Path) -> None:
    with testing.serve(tmp_path) as server:
        if not server.stand_in:
            pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to stop")
        server.faults({"service": "monitoring", "operation": "PutMetricAlarm", "kind": "latency", "seconds": 0.1})
        process = start(server, many(100), patience=2)
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
