# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs Insights, saved queries and log alarms of the AWS stand-in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws.testing import Aws

GROUP, OTHER = "/prod/api/app", "/prod/shop/app"
ACCOUNT = "123456789012"
LEVELS = ("ERROR", "INFO", "INFO", "WARN")


def refused(act: Any, **given: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        act(**given)
    return dict(caught.value.response)


class Insights:
    """Asks queries and waits for their answers."""

    def __init__(self, client: Any, begin: int) -> None:
        self.client, self.begin = client, begin

    def start(self, query: str, *groups: str, **more: Any) -> str:
        given = {"startTime": self.begin, "endTime": self.begin + 3600, **more}
        return str(
            self.client.start_query(logGroupNames=list(groups) or [GROUP], queryString=query, **given)["queryId"]
        )

    def results(self, id: str, **more: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 5
        while (answer := self.client.get_query_results(queryId=id, **more))["status"] in ("Scheduled", "Running"):
            assert time.monotonic() < deadline and answer["results"] == []
            time.sleep(0.03)
        return dict(answer)

    def __call__(self, query: str, *groups: str, **more: Any) -> list[dict[str, str]]:
        """The rows, without pointers."""
        rows = self.results(self.start(query, *groups, **more))["results"]
        return [{pair["field"]: pair["value"] for pair in row if pair["field"] != "@ptr"} for row in rows]


@pytest.fixture
def ask(stand_in: Aws) -> Insights:
    """Two groups with twenty lines each, one a minute: JSON and plain."""
    logs = stand_in.client("logs")
    begin = int(time.time()) // 3600 * 3600 - 7200
    for group in (GROUP, OTHER):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="i-1")
    lines = [
        {"level": LEVELS[n % 4], "route": "/a" if n % 2 else "/b", "ms": n * 10, "ok": n % 4 != 0, "user": {"id": n}}
        for n in range(20)
    ]
    write(logs, GROUP, begin, [json.dumps(line) for line in lines])
    write(logs, OTHER, begin, [f"2026-11-27 10:{n:02d}:00 order={n} user=ada{n % 3} took {n * 5}ms" for n in range(20)])
    return Insights(logs, begin)


def write(logs: Any, group: str, begin: int, lines: list[str]) -> None:
    events = [{"timestamp": (begin + 60 * n) * 1000, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName="i-1", logEvents=events)


def test_without_fields_times_and_messages_are_shown_newest_first(ask: Insights) -> None:
    answer = ask.results(ask.start('filter level = "ERROR"'))
    assert [[pair["field"] for pair in row] for row in answer["results"]] == [["@timestamp", "@message", "@ptr"]] * 5
    assert json.loads(answer["results"][0][1]["value"])["ms"] == 160
    begin = time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(ask.begin))
    assert answer["results"][-1][0]["value"] == begin
    told = answer["statistics"]
    assert (told["recordsMatched"], told["recordsScanned"], told["logGroupsScanned"]) == (5.0, 20.0, 1.0)
    assert told["bytesScanned"] > 1000 and answer["queryLanguage"] == "CWLI"
    record = ask.client.get_log_record(logRecordPointer=answer["results"][0][2]["value"])["logRecord"]
    assert (record["level"], record["user.id"], record["@logStream"]) == ("ERROR", "16", "i-1")


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("filter ms >= 180 | fields ms, @logStream | sort ms", [("180", "i-1"), ("190", "i-1")]),
        ("fields ms | sort ms desc | limit 2", [("190",), ("180",)]),
        ('filter level in ["ERROR", "WARN"] and not (ms < 160) | fields ms | sort ms', [("160",), ("190",)]),
        ("filter route like /^.a$/ and ms > 170 | display route, ms", [("/a", "190")]),
        ('filter @message like "WARN" and ms < 40 | display ms', [("30",)]),
        ("filter @message not like /INFO|WARN/ and ms = 0 | display level", [("ERROR",)]),
        ("filter level =~ /^E/ | stats count(*) as n", [("5",)]),
        ("filter ispresent(nosuch) | display level", []),
        ("filter nosuch != 1 | display level", []),
        ("filter ok = 0 and ms = 0 | display ok", [("0",)]),
        ("filter user.id = 7 | display `user.id`", [("7",)]),
        ("stats count(*), count(nosuch), sum(ms), avg(ms), min(ms), max(ms)", [("20", "0", "1900", "95", "0", "190")]),
        ("stats pct(ms, 50), pct(ms, 95), stddev(ms), count_distinct(level)", [("95", "180.5", "57.6628", "3")]),
        ("stats count(*) as n by level | sort n desc, level", [("INFO", "10"), ("ERROR", "5"), ("WARN", "5")]),
        ("stats sum(ms) / count(*) as mean by route | sort mean desc", [("/a", "100"), ("/b", "90")]),
        ("stats count(*) by bin(10m) as t | fields t | stats count(*) as bins", [("2",)]),
        ("stats earliest(ms), latest(ms), sortsFirst(level), sortsLast(level)", [("0", "190", "ERROR", "WARN")]),
        (
            "stats count(*) as n by route, level | stats max(n) as most by route | sort route",
            [("/a", "5"), ("/b", "5")],
        ),
        ("dedup level | display level | sort level", [("ERROR",), ("INFO",), ("WARN",)]),
        ("sort ms | limit 1 | display tolower(level) as l, concat(route, '-', ms) as c", [("error", "/b-0")]),
        (
            "filter ms = 190 | display strcontains(@message, 'WARN') as w, coalesce(nosuch, route) as r, strlen(level) "
            "as s, replace(route, '/', '_') as p, substr(level, 0, 2) as b, toupper('x') as u",
            [("1", "/a", "4", "_a", "WA", "X")],
        ),
        (
            "filter ms = 50 | display ms * 2 + 1 as a, -ms as b, ms / 4 as c, ms % 7 as d, 2 ^ 3 as e",
            [("101", "-50", "12.5", "1", "8")],
        ),
        (
            "filter ms = 50 | display abs(-3) as a, ceil(1.2) as b, floor(1.8) as c, greatest(1, ms) as d",
            [("3", "2", "1", "50")],
        ),
        (
            "filter ms = 50 | display if(ms > 10, 'slow', 'fast') as s, case(ms > 90, 'a', ms > 40, 'b', 'c') as c",
            [("slow", "b")],
        ),
        (
            "filter ms = 50 | display fromMillis(0) as t, toMillis(fromMillis(5)) as m",
            [("1970-01-01 00:00:00.000", "5")],
        ),
        ("filter ms = 50 | display isempty(nosuch) as a, isblank('  ') as b, trim('  x ') as c", [("1", "1", "x")]),
        (
            "filter ms = 50 # one\n| display isValidIp('10.0.0.1') as a, isIpInSubnet('10.0.0.1', '10.0.0.0/8') as b",
            [("1", "1")],
        ),
        ("fields jsonParse(@message) as j | filter j.user.id = 3 | display j.level", [("WARN",)]),
    ],
)
def test_what_queries_find(ask: Insights, query: str, rows: list[tuple[str, ...]]) -> None:
    assert [tuple(row.values()) for row in ask(query)] == rows


def test_bins_are_times(ask: Insights) -> None:
    rows = ask("stats count(*) as n, avg(ms) as mean by bin(5m) | sort bin(5m)")
    assert [(row["n"], row["mean"]) for row in rows] == [("5", "20"), ("5", "70"), ("5", "120"), ("5", "170")]
    assert rows[1]["bin(5m)"] == time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(ask.begin + 300))


def test_fields_are_parsed_out_of_lines(ask: Insights) -> None:
    rows = ask('parse "order=* user=* took *ms" as id, who, took | filter took > 80 | display id, who, took', OTHER)
    assert [tuple(row.values()) for row in rows] == [
        ("19", "ada1", "95"),
        ("18", "ada0", "90"),
        ("17", "ada2", "85"),
    ]
    rows = ask(
        r"parse @message /user=(?<who>\w+) took (?<took>\d+)/ | stats max(took) as most by who | sort who", OTHER
    )
    assert [tuple(row.values()) for row in rows] == [("ada0", "90"), ("ada1", "95"), ("ada2", "85")]
    rows = ask(r"parse @message /user=(\w+)/ as who | stats count(*) as n by who | sort n desc, who", OTHER)
    assert [tuple(row.values()) for row in rows] == [("ada0", "7"), ("ada1", "7"), ("ada2", "6")]


def test_patterns_of_lines(ask: Insights) -> None:
    rows = ask("pattern @message | sort @sampleCount desc | limit 1", OTHER)
    assert rows[0]["@sampleCount"] == "20" and rows[0]["@ratio"] == "1"
    assert rows[0]["@pattern"].startswith("<*> order=<*> user=ada")


def test_several_groups_are_asked_at_once(ask: Insights) -> None:
    rows = ask("stats count(*) as n by @log | sort @log", GROUP, OTHER)
    assert [tuple(row.values()) for row in rows] == [(f"{ACCOUNT}:{GROUP}", "20"), (f"{ACCOUNT}:{OTHER}", "20")]
    arns = [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{name}" for name in (GROUP, OTHER)]
    id = ask.client.start_query(
        logGroupIdentifiers=arns, startTime=ask.begin, endTime=ask.begin + 60, queryString="stats count(*) as n"
    )["queryId"]
    answer = ask.results(id)
    assert answer["results"] == [[{"field": "n", "value": "4"}]]
    assert answer["statistics"]["logGroupsScanned"] == 2.0
    assert ask.client.list_log_groups_for_query(queryId=id)["logGroupIdentifiers"] == [GROUP, OTHER]


def test_a_span_includes_both_its_ends(ask: Insights) -> None:
    assert len(ask("fields ms", startTime=ask.begin + 60, endTime=ask.begin + 180)) == 3
    assert ask("fields ms", startTime=ask.begin + 61, endTime=ask.begin + 119) == []


def test_a_query_takes_a_moment_and_can_be_stopped(ask: Insights) -> None:
    id = ask.start("fields @message")
    first = ask.client.get_query_results(queryId=id)
    assert first["status"] in ("Scheduled", "Running") and first["results"] == []
    assert ask.client.stop_query(queryId=id)["success"] is True
    assert ask.client.get_query_results(queryId=id)["status"] == "Cancelled"
    assert refused(ask.client.stop_query, queryId=id)["Error"]["Code"] == "InvalidParameterException"
    assert refused(ask.client.get_query_results, queryId="none")["Error"]["Code"] == "ResourceNotFoundException"


def test_queries_are_listed_as_aws_words_them(ask: Insights) -> None:
    id = ask.start("fields @message")
    ask.results(id)
    found = ask.client.describe_queries(logGroupName=GROUP, status="Complete")["queries"]
    assert [(entry["queryId"], entry["logGroupName"], entry["queryLanguage"]) for entry in found] == [
        (id, GROUP, "CWLI")
    ]
    assert found[0]["queryString"] == (
        f'SOURCE "{GROUP}" START={ask.begin}000 END={ask.begin + 3600}999 | fields @message'
    )
    assert ask.client.describe_queries(status="Scheduled")["queries"] == []


def test_at_most_ten_thousand_rows_come_back(ask: Insights) -> None:
    logs = ask.client
    logs.create_log_group(logGroupName="/big")
    logs.create_log_stream(logGroupName="/big", logStreamName="i-1")
    for part in range(3):
        events = [{"timestamp": ask.begin * 1000 + part, "message": f"{part}-{n}"} for n in range(4000)]
        logs.put_log_events(logGroupName="/big", logStreamName="i-1", logEvents=events)
    id = ask.start("fields @message", "/big")
    answer = ask.results(id)
    assert len(answer["results"]) == 10_000 and answer["statistics"]["recordsMatched"] == 12_000
    assert ask("stats count(*) as n", "/big") == [{"n": "12000"}]
    assert len(ask("fields @message", "/big", limit=50)) == 50


@pytest.mark.parametrize(
    ("query", "start", "word"),
    [
        ("fields @message | fliter x = 1", 18, "fliter"),
        ("stats foo(x)", 6, "unknown function foo"),
        ("fields a,", 9, "end of query"),
        ("filter (a = 1", 13, "end of query"),
        ("stats level by route", 0, "aggregate"),
        ("fields count(*)", 0, "aggregate"),
        ("filter @message like /open", 21, "regular expression"),
        ("filter a = 'open", 11, "unterminated"),
        ("parse @message 'no star' as x", 15, "needs a *"),
        ("parse @message 'a * b *' as x", 15, "number of fields"),
        ("limit 0", 6, "1 to 100000"),
        ("stats count(*) | stats count(*) | stats count(*)", 0, "two stats"),
        ("", 0, "end of query"),
    ],
)
def test_queries_that_cannot_be_read_are_refused_with_the_place(
    ask: Insights, query: str, start: int, word: str
) -> None:
    answer = refused(ask.client.start_query, logGroupName=GROUP, startTime=1, endTime=2, queryString=query)
    assert answer["Error"]["Code"] == "MalformedQueryException" and word in answer["Error"]["Message"]
    assert answer["queryCompileError"]["location"]["startCharOffset"] == start


def test_queries_are_refused_as_aws_does(ask: Insights) -> None:
    given = {"startTime": 1, "endTime": 2, "queryString": "fields @message"}
    error = refused(ask.client.start_query, logGroupName="/none", **given)["Error"]
    assert error["Code"] == "ResourceNotFoundException"
    assert error["Message"].startswith(
        f"Log group '/none' does not exist for account ID '{ACCOUNT}' (Service: AWSLogs;"
    )
    both = refused(ask.client.start_query, logGroupName=GROUP, logGroupNames=[GROUP], **given)["Error"]
    assert both["Code"] == "InvalidParameterException"
    assert refused(ask.client.start_query, **given)["Error"]["Code"] == "InvalidParameterException"
    late = {**given, "startTime": 5}
    assert refused(ask.client.start_query, logGroupName=GROUP, **late)["Error"]["Code"] == "InvalidParameterException"


def test_fields_of_a_group_are_found(ask: Insights) -> None:
    found = ask.client.get_log_group_fields(logGroupName=GROUP, time=ask.begin + 300)["logGroupFields"]
    assert {"@timestamp", "@message", "level", "user.id"} <= {entry["name"] for entry in found}
    assert {entry["percent"] for entry in found} == {100}


# -- saved queries


def test_saved_queries_with_parameters(ask: Insights) -> None:
    logs = ask.client
    given = {
        "name": "prod/api/by trace",
        "queryString": "filter traceId = {{trace}}",
        "logGroupNames": [GROUP],
        "parameters": [{"name": "trace", "defaultValue": "1-abc", "description": "of X-Ray"}],
    }
    id = logs.put_query_definition(**given)["queryDefinitionId"]
    found = logs.describe_query_definitions(queryDefinitionNamePrefix="prod/")["queryDefinitions"]
    assert found[0].pop("lastModified") > 0
    assert found == [{"queryDefinitionId": id, "queryLanguage": "CWLI", **given}]
    logs.put_query_definition(queryDefinitionId=id, name="prod/api/other", queryString="fields @message")
    found = logs.describe_query_definitions()["queryDefinitions"]
    assert (found[0]["name"], found[0]["logGroupNames"]) == ("prod/api/other", []) and "parameters" not in found[0]
    assert logs.delete_query_definition(queryDefinitionId=id)["success"] is True
    assert refused(logs.delete_query_definition, queryDefinitionId=id)["Error"]["Code"] == "ResourceNotFoundException"
    gone = {"queryDefinitionId": id, "name": "n", "queryString": "fields @message"}
    assert refused(logs.put_query_definition, **gone)["Error"]["Code"] == "ResourceNotFoundException"
    unknown = {**given, "queryString": "filter a = {{other}}"}
    assert refused(logs.put_query_definition, **unknown)["Error"]["Code"] == "InvalidParameterException"


def test_a_repeated_put_of_a_saved_query_is_one(ask: Insights) -> None:
    token = "0123456789abcdef0123456789abcdef0123"
    given = {"name": "n", "queryString": "fields @message", "clientToken": token}
    first = ask.client.put_query_definition(**given)["queryDefinitionId"]
    assert ask.client.put_query_definition(**given)["queryDefinitionId"] == first
    for number in range(4):
        ask.client.put_query_definition(name=f"more {number}", queryString="fields @message")
    pages = []
    token_of_page: dict[str, str] = {}
    while True:
        page = ask.client.describe_query_definitions(maxResults=2, **token_of_page)
        pages.append(len(page["queryDefinitions"]))
        if "nextToken" not in page:
            break
        token_of_page = {"nextToken": page["nextToken"]}
    assert pages == [2, 2, 1]


# -- log alarms


def log_alarm(topic: str, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": "prod/api/repeated/critical",
        "ScheduledQueryConfiguration": {
            "QueryString": 'filter level = "ERROR"',
            "LogGroupIdentifiers": [GROUP],
            "ScheduledQueryRoleARN": f"arn:aws:iam::{ACCOUNT}:role/r",
            "ScheduleConfiguration": {"ScheduleExpression": "rate(1 minute)", "StartTimeOffset": 300},
            "AggregationExpression": "count(*)",
        },
        "QueryResultsToEvaluate": 1,
        "QueryResultsToAlarm": 1,
        "Threshold": 3,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
        "ActionLogLineCount": 2,
        "ActionLogLineRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
        **more,
    }


def state(aws: Aws) -> str:
    found = aws.client("cloudwatch").describe_alarms(AlarmTypes=["LogAlarm"])["LogAlarms"]
    return str(found[0]["StateValue"])


@pytest.fixture
def told(stand_in: Aws) -> Callable[[], list[dict[str, Any]]]:
    """The messages to the topic ``alerts`` so far; its ARN is the attribute ``topic``."""
    sqs = stand_in.client("sqs")
    topic = stand_in.client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stand_in.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    found: list[dict[str, Any]] = []

    def receive() -> list[dict[str, Any]]:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            found.append(json.loads(json.loads(message["Body"])["Message"]))
        return found

    receive.topic = topic  # type: ignore[attr-defined]
    return receive


def test_a_repeated_error_alarms_with_its_lines(
    stand_in: Aws, ask: Insights, told: Any, until: Callable[..., Any]
) -> None:
    stand_in.client("cloudwatch").put_log_alarm(**log_alarm(told.topic))
    until(lambda: state(stand_in) == "OK", 5, "the first evaluation")
    at = int(time.time() * 1000)
    for count, text in enumerate(("first", "second", "third")):
        line = json.dumps({"level": "ERROR", "text": text})
        assert state(stand_in) == "OK" and told() == []
        ask.client.put_log_events(
            logGroupName=GROUP, logStreamName="i-1", logEvents=[{"timestamp": at + count, "message": line}]
        )
        if count < 2:
            time.sleep(0.7)
    message = until(told, 5, "the message")[0]
    assert (message["NewStateValue"], message["OldStateValue"]) == ("ALARM", "OK")
    assert [json.loads(entry["@message"])["text"] for entry in message["LogLines"]] == ["third", "second"]
    assert "[3.0] was greater than or equal to the threshold (3.0)" in message["NewStateReason"]
    # The lines leave the window in time.
    stand_in.evaluate(time.time() + 400)
    until(lambda: state(stand_in) == "OK", 5, "the recovery")


def test_who_breaches_is_told_of_grouped_results(
    stand_in: Aws, ask: Insights, told: Any, until: Callable[..., Any]
) -> None:
    alarm = log_alarm(told.topic, Threshold=2, ActionLogLineCount=0)
    alarm["ScheduledQueryConfiguration"]["AggregationExpression"] = "count(*) as n by route | sort desc"
    stand_in.client("cloudwatch").put_log_alarm(**alarm)
    at = int(time.time() * 1000)
    lines = [{"level": "ERROR", "route": route} for route in ("/a", "/a", "/b")]
    events = [{"timestamp": at + n, "message": json.dumps(line)} for n, line in enumerate(lines)]
    ask.client.put_log_events(logGroupName=GROUP, logStreamName="i-1", logEvents=events)
    until(lambda: len(told()) >= 2, 5, "the messages")
    attributes = [message["AlarmContributorAttributes"] for message in told() if "AlarmContributorId" in message]
    assert attributes == [{"route": "/a"}]
    assert state(stand_in) == "ALARM"


def test_an_alarm_over_a_missing_group_keeps_its_state(stand_in: Aws, told: Any) -> None:
    alarm = log_alarm(told.topic, TreatMissingData="breaching")
    alarm["ScheduledQueryConfiguration"]["LogGroupIdentifiers"] = ["/none"]
    stand_in.client("cloudwatch").put_log_alarm(**alarm)
    time.sleep(1.2)
    assert state(stand_in) == "INSUFFICIENT_DATA" and told() == []
