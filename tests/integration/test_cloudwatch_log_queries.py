# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved queries on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.aws.testing import Aws

MODULE = "cloudwatch_log_queries"
Run = Callable[..., dict[str, Any]]

ERRORS = {"name": "api/häufigste Fehler", "log_groups": ["/p/b", "/p/a"], "query": "stats count(*) by message\n"}
TRACE = {
    "name": "api/one request", "query": 'filter trace_id = "{{trace}}"',
    "parameters": [{"name": "trace", "default": "1-2", "description": "as the card shows it"}],
}  # fmt: skip


def queries(aws: Aws) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in aws.client("logs").describe_query_definitions()["queryDefinitions"]}


def test_made_kept_changed_and_purged(run_aws: Run, aws: Aws) -> None:
    client = aws.client("logs")
    client.put_query_definition(name="api/one request", queryString="theirs")
    client.put_query_definition(name="m2/x", queryString="theirs")
    options = {"managed_by": "m", "queries": [ERRORS, TRACE]}
    planned = run_aws(MODULE, options, check=True)
    assert planned["created"] == ["m/api/häufigste Fehler", "m/api/one request"]
    assert len(queries(aws)) == 2
    made = run_aws(MODULE, options)
    assert not made["failed"], made
    assert (made["created"], made["diff"]) == (planned["created"], planned["diff"])
    stored = queries(aws)
    assert stored["m/api/häufigste Fehler"]["logGroupNames"] == ["/p/a", "/p/b"]
    assert stored["m/api/one request"]["parameters"] == [
        {"name": "trace", "defaultValue": "1-2", "description": "as the card shows it"}
    ]
    aws.forget_requests()
    again = run_aws(MODULE, options)
    assert (again["changed"], again["unmanaged"]) == (False, ["api/one request", "m2/x"])
    assert [entry["operation"] for entry in aws.requests()] == ["DescribeQueryDefinitions"]

    changed = run_aws(MODULE, {"managed_by": "m", "queries": [{"name": "api/one request", "log_groups": ["/p/a"]}]})
    assert changed["updated"] == ["m/api/one request"]
    after = queries(aws)["m/api/one request"]
    assert after["queryDefinitionId"] == stored["m/api/one request"]["queryDefinitionId"]
    assert after["queryString"] == TRACE["query"]

    purged = run_aws(MODULE, {"managed_by": "m", "purge": True, "queries": [TRACE]})
    assert purged["deleted"] == ["m/api/häufigste Fehler"]
    assert sorted(queries(aws)) == ["api/one request", "m/api/one request", "m2/x"]


def test_mistakes_are_named_and_nothing_is_called(run_aws: Run, aws: Aws) -> None:
    aws.forget_requests()
    for options, said in (
        ({"queries": [{**ERRORS, "querry": "x"}]}, "queries.querry. Supported parameters include"),
        ({"queries": [{**TRACE, "query": "fields @message"}]}, "parameters has 'trace', and query does not use it"),
        ({"queries": [ERRORS, ERRORS]}, "is declared twice, as entries 1 and 2"),
        ({"queries": [], "folder": "", "purge": True}, "purge needs a folder"),
    ):
        assert said in run_aws(MODULE, options)["msg"]
    assert aws.requests() == []


def test_lost_answers_make_no_doubles(run_aws: Run, aws: Aws) -> None:
    entries = [{"name": f"q{number}", "query": "fields @message"} for number in range(20)]
    aws.faults({"service": "logs", "operation": "PutQueryDefinition", "kind": "lost_response", "rate": 0.4})
    made = run_aws(MODULE, {"managed_by": "m", "queries": entries})
    aws.no_faults()
    assert not made["failed"], made
    assert len(aws.client("logs").describe_query_definitions()["queryDefinitions"]) == 20
    assert not run_aws(MODULE, {"managed_by": "m", "queries": entries})["changed"]
