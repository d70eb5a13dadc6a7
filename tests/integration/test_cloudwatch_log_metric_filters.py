# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metric filters on an AWS that is not ours, read back with boto3, and tried before they are written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.aws.testing import Aws

MODULE = "cloudwatch_log_metric_filters"
ROOT = Path(__file__).resolve().parents[2]
#: The module as Ansible runs it, in a process of its own that a test may kill.
PROGRAM = (
    "import json, runpy, sys\n"
    "from ansible.module_utils.testing import patch_module_args\n"
    "with patch_module_args(json.load(sys.stdin)):\n"
    f"    runpy.run_module('ansible_collections.kumawatch.monitoring.plugins.modules.{MODULE}', run_name='__main__')\n"
)
Run = Callable[..., dict[str, Any]]

ERRORS: dict[str, Any] = {
    "log_group": "/p/api/app", "name": "kumawatch-api-errors", "pattern": '{ $.level = "ERROR" }',
    "metric_name": "api/errors", "metric_namespace": "Kumawatch/p", "default_value": 0, "unit": "Count",
    "test": [
        {"line": '{"level": "ERROR", "message": "Größe überschritten 🔥"}'},
        {"line": '{"level": "INFO"}', "match": False},
    ],
}  # fmt: skip
BYTES: dict[str, Any] = {
    "log_group": "/p/api/access", "name": "kumawatch-api-bytes", "metric_name": "api/bytes",
    "metric_namespace": "Kumawatch/p", "metric_value": "$bytes", "dimensions": {"Status": "$status"},
    "pattern": "[ip, ident, user, time, request, status=2*, bytes, ...]",
    "test": [
        {"line": '127.0.0.1 - - [10/Oct/2026:13:25:15 +0000] "GET / HTTP/1.1" 200 1534 "-" "curl/8.5"',
         "values": {"$bytes": 1534, "$status": "200"}},
    ],
}  # fmt: skip


def furnish(aws: Aws, *names: str, **tags: str) -> None:
    for name in names or ("/p/api/app", "/p/api/access"):
        aws.client("logs").create_log_group(logGroupName=name, **({"tags": tags} if tags else {}))


def filters(aws: Aws) -> dict[str, dict[str, Any]]:
    pages = aws.client("logs").get_paginator("describe_metric_filters").paginate()
    return {f"{item['logGroupName']}:{item['filterName']}": item for page in pages for item in page["metricFilters"]}


def called(aws: Aws) -> Counter[str]:
    return Counter(entry["operation"] for entry in aws.requests())


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    plain = {key: value for key, value in ERRORS.items() if key != "test"}
    return [
        {**plain, "log_group": f"/g/{number // 3}", "name": f"kumawatch-{number}", **more} for number in range(count)
    ]


def test_made_kept_changed_and_gone(run_aws: Run, aws: Aws) -> None:
    furnish(aws)
    options = {"metric_filters": [ERRORS, BYTES]}
    planned = run_aws(MODULE, options, check=True)
    assert planned["created"] == ["/p/api/access:kumawatch-api-bytes", "/p/api/app:kumawatch-api-errors"]
    assert filters(aws) == {}
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert (made["created"], made["diff"]) == (planned["created"], planned["diff"])
    (transformation,) = filters(aws)["/p/api/app:kumawatch-api-errors"]["metricTransformations"]
    assert transformation == {
        "metricName": "api/errors", "metricNamespace": "Kumawatch/p", "metricValue": "1", "defaultValue": 0.0,
        "unit": "Count",
    }  # fmt: skip
    assert filters(aws)["/p/api/access:kumawatch-api-bytes"]["metricTransformations"][0]["dimensions"] == {
        "Status": "$status"
    }
    aws.forget_requests()
    again = run_aws(MODULE, options)
    assert (again["changed"], len(again["unchanged"])) == (False, 2)
    assert called(aws) == {"DescribeMetricFilters": 1}

    changed = run_aws(MODULE, {"metric_filters": [{**ERRORS, "pattern": "%ERR(OR)?%"}]})
    assert "pattern is not understood at '(OR)?%' at character 5" in changed["msg"]
    change = {"log_group": "/p/api/app", "name": "kumawatch-api-errors", "dimensions": {"Route": "$.route"}}
    changed = run_aws(MODULE, {"metric_filters": [change]})
    assert changed["updated"] == ["/p/api/app:kumawatch-api-errors"]
    (transformation,) = filters(aws)["/p/api/app:kumawatch-api-errors"]["metricTransformations"]
    assert transformation["dimensions"] == {"Route": "$.route"}
    assert "defaultValue" not in transformation
    absent = {"log_group": "/p/api/app", "name": "kumawatch-api-errors", "state": "absent"}
    assert run_aws(MODULE, {"metric_filters": [absent]})["deleted"] == ["/p/api/app:kumawatch-api-errors"]
    assert not run_aws(MODULE, {"metric_filters": [absent]})["changed"]
    assert list(filters(aws)) == ["/p/api/access:kumawatch-api-bytes"]


def test_names_that_begin_alike_are_different_filters(run_aws: Run, aws: Aws) -> None:
    # A look-up by prefix that expects one hit makes nothing here, and deletes nothing.
    furnish(aws)
    first = run_aws(MODULE, {"metric_filters": [{**ERRORS, "name": name} for name in ("err-total", "err-total-2")]})
    assert len(first["created"]) == 2
    assert run_aws(MODULE, {"metric_filters": [{**ERRORS, "name": "err"}]})["created"] == ["/p/api/app:err"]
    gone = run_aws(MODULE, {"metric_filters": [{**ERRORS, "name": "err-total", "state": "absent"}]})
    assert gone["deleted"] == ["/p/api/app:err-total"]
    assert sorted(filters(aws)) == ["/p/api/app:err", "/p/api/app:err-total-2"]


def test_a_pattern_that_misses_its_sample_is_never_written(run_aws: Run, aws: Aws) -> None:
    furnish(aws)
    wrong = {**ERRORS, "pattern": '{ $.level = "Error" }'}
    for check in (True, False):
        refused = run_aws(MODULE, {"metric_filters": [BYTES, wrong]}, check=check)
        assert refused["failed"]
        assert refused["msg"].startswith(
            "metric filter '/p/api/app:kumawatch-api-errors': sample 1 should match, and the pattern "
            '\'{ $.level = "Error" }\' does not match the line \'{"level": "ERROR", "message": "Größe'
        )
        assert filters(aws) == {}
    aws.forget_requests()
    assert not run_aws(MODULE, {"metric_filters": [ERRORS]}, check=True)["failed"]
    assert called(aws)["TestMetricFilter"] == 1


def test_a_purge_takes_what_is_ours_in_groups_that_are_ours(run_aws: Run, aws: Aws) -> None:
    furnish(aws, "/ours", **{"managed-by": "m"})
    furnish(aws, "/theirs", **{"managed-by": "x"})
    entries = [
        {**ERRORS, "log_group": group, "name": name}
        for group in ("/ours", "/theirs")
        for name in ("kumawatch-old", "somebody's")
    ]
    run_aws(MODULE, {"metric_filters": entries})
    options = {"managed_by": "m", "purge": True, "metric_filters": [{**ERRORS, "log_group": "/ours", "name": "new"}]}
    planned = run_aws(MODULE, options, check=True)
    purged = run_aws(MODULE, options)
    assert planned["deleted"] == purged["deleted"] == ["/ours:kumawatch-old"]
    assert purged["unmanaged"] == ["/ours:somebody's", "/theirs:kumawatch-old", "/theirs:somebody's"]


def test_mistakes_are_named_and_nothing_is_called(run_aws: Run, aws: Aws) -> None:
    aws.forget_requests()
    for change, said in (
        ({"patern": "x"}, "metric_filters.patern. Supported parameters include"),
        ({"dimensions": {"a": "$.a"}}, "default_value cannot be combined with dimensions"),
        ({"unit": "Requests"}, "value of unit must be one of"),
        ({"ignore": ["patern"]}, "did you mean 'pattern'?"),
    ):
        assert said in run_aws(MODULE, {"metric_filters": [{**ERRORS, **change}]})["msg"]
    twice = run_aws(MODULE, {"metric_filters": [ERRORS, ERRORS]})
    assert "is declared twice, as entries 1 and 2" in twice["msg"]
    assert aws.requests() == []


def test_one_whose_log_group_is_missing_does_not_stop_the_others(run_aws: Run, aws: Aws) -> None:
    furnish(aws, "/p/api/app")
    result = run_aws(MODULE, {"metric_filters": [ERRORS, BYTES]})
    assert result["failed"]
    assert (result["created"], [failure["name"] for failure in result["failures"]]) == (
        ["/p/api/app:kumawatch-api-errors"], ["/p/api/access:kumawatch-api-bytes"])  # fmt: skip
    assert "does not exist" in result["msg"]


@pytest.mark.slow
def test_a_thousand_filters(run_aws: Run, aws: Aws) -> None:
    furnish(aws, *[f"/g/{number}" for number in range(334)])
    made = run_aws(MODULE, {"metric_filters": many(1000)})
    assert (made["failed"], len(made["created"])) == (False, 1000), made["msg"]
    aws.forget_requests()
    began = time.monotonic()
    assert not run_aws(MODULE, {"metric_filters": many(1000)})["changed"]
    assert called(aws) == {"DescribeMetricFilters": 20}
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_throttled_and_with_answers_lost(run_aws: Run, aws: Aws) -> None:
    furnish(aws, *[f"/g/{number}" for number in range(10)])
    aws.faults(
        {"service": "logs", "operation": "*", "kind": "throttle", "rate": 0.2},
        {"service": "logs", "operation": "PutMetricFilter", "kind": "lost_response", "rate": 0.3},
    )
    made = run_aws(MODULE, {"metric_filters": many(30)})
    aws.no_faults()
    assert not made["failed"], made
    assert len(filters(aws)) == 30
    assert not run_aws(MODULE, {"metric_filters": many(30)})["changed"]


@pytest.mark.slow
def test_killed_in_the_middle_the_next_run_does_the_rest(run_aws: Run, aws: Aws) -> None:
    furnish(aws, *[f"/g/{number}" for number in range(30)])
    aws.faults({"service": "logs", "operation": "PutMetricFilter", "kind": "latency", "seconds": 0.1})
    aws.forget_requests()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **aws.credentials, "PYTHONPATH": str(ROOT / "collections")},
    )
    assert process.stdin is not None
    arguments = {"endpoint_url": aws.url, "region": aws.region, "metric_filters": many(90)}
    process.stdin.write(json.dumps(arguments))
    process.stdin.close()
    deadline = time.monotonic() + 60
    while len(aws.requests("logs", "PutMetricFilter")) < 20:
        assert time.monotonic() < deadline, "no filters were put"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    # What was under way arrives all the same.
    time.sleep(0.5)
    aws.no_faults()
    there = len(filters(aws))
    assert 0 < there < 90
    result = run_aws(MODULE, {"metric_filters": many(90)})
    assert (result["failed"], len(result["created"]), len(result["unchanged"])) == (False, 90 - there, there)
    assert not run_aws(MODULE, {"metric_filters": many(90)})["changed"]
