# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch Logs of the AWS stand-in, held to what AWS was recorded to answer: groups, lines, filters, policies."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.aws.testing import Aws, serve
from lab.process import free_port

GROUP = "/prod/api/app"
ACCOUNT = "123456789012"


def refused(act: Any, **given: Any) -> tuple[str, str]:
    """The code and the message of a refusal."""
    with pytest.raises(ClientError) as caught:
        act(**given)
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error["Message"])


def now() -> int:
    return int(time.time() * 1000)


@pytest.fixture
def logs(stand_in: Aws) -> Any:
    """A client, and the group of an application with a stream."""
    client = stand_in.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="a")
    return client


def write(logs: Any, *messages: str, group: str = GROUP, at: int | None = None) -> Any:
    at = now() if at is None else at
    events = [{"timestamp": at + number, "message": message} for number, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=events)


def transformation(**more: Any) -> dict[str, Any]:
    return {"metricName": "errors", "metricNamespace": "Kumawatch/prod", "metricValue": "1", **more}


def put_filter(logs: Any, pattern: str, name: str = "f", more: dict[str, Any] | None = None, **one: Any) -> None:
    logs.put_metric_filter(
        logGroupName=GROUP,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[transformation(**one)],
        **(more or {}),
    )


def points(aws: Aws, dimensions: list[dict[str, str]] | None = None, statistic: str = "Sum") -> list[float]:
    found = aws.client("cloudwatch").get_metric_statistics(
        Namespace="Kumawatch/prod",
        MetricName="errors",
        Dimensions=dimensions or [],
        StartTime=time.time() - 7200,
        EndTime=time.time() + 120,
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return [point[statistic] for point in sorted(found, key=lambda point: point["Timestamp"])]


# -- groups


def test_a_group_is_described_with_all_that_aws_tells(logs: Any) -> None:
    found = logs.describe_log_groups(logGroupNamePrefix="/prod")["logGroups"][0]
    assert found.pop("creationTime") == pytest.approx(now(), abs=60_000)
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
    assert found == {
        "logGroupName": GROUP,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "deletionProtectionEnabled": False,
        "metricFilterCount": 0,
        "storedBytes": 0,
    }


def test_a_search_by_pattern_tells_less(logs: Any) -> None:
    found = logs.describe_log_groups(logGroupNamePattern="API")["logGroups"]
    assert [group["logGroupName"] for group in found] == [GROUP]
    assert "storedBytes" not in found[0] and "deletionProtectionEnabled" not in found[0]
    assert refused(logs.describe_log_groups, logGroupNamePrefix="/", logGroupNamePattern="api") == (
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
    )


def test_groups_come_in_pages_of_fifty(logs: Any) -> None:
    for number in range(60):
        logs.create_log_group(logGroupName=f"/many/{number:03d}")
    first = logs.describe_log_groups(logGroupNamePrefix="/many")
    second = logs.describe_log_groups(logGroupNamePrefix="/many", nextToken=first["nextToken"])
    assert (len(first["logGroups"]), len(second["logGroups"])) == (50, 10) and "nextToken" not in second
    assert "nextToken" in refused(logs.describe_log_groups, nextToken="x")[1]
    assert "less than or equal to 50" in refused(logs.describe_log_groups, limit=51)[1]


def test_groups_are_refused_as_aws_does(logs: Any) -> None:
    assert refused(logs.create_log_group, logGroupName=GROUP) == (
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )
    long = "Invalid LogGroup or LogStream, both must have length less than or equal to 512."
    assert refused(logs.create_log_group, logGroupName="x" * 513) == ("InvalidParameterException", long)
    assert refused(logs.create_log_group, logGroupName="a b")[0] == "InvalidParameterException"
    gone = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refused(logs.delete_log_group, logGroupName="/none") == gone
    assert refused(logs.put_retention_policy, logGroupName="/none", retentionInDays=30) == gone


@pytest.mark.parametrize("days", [2, 31, 366, 0])
def test_a_retention_that_is_not_offered_is_refused(logs: Any, days: int) -> None:
    code, message = refused(logs.put_retention_policy, logGroupName=GROUP, retentionInDays=days)
    assert code == "InvalidParameterException" and f"'{days}' at 'retentionInDays'" in message


def test_retention_comes_and_goes(logs: Any) -> None:
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=30)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 30
    logs.delete_retention_policy(logGroupName=GROUP)
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_a_protected_group_stays(logs: Any) -> None:
    logs.put_log_group_deletion_protection(logGroupIdentifier=GROUP, deletionProtectionEnabled=True)
    assert logs.describe_log_groups()["logGroups"][0]["deletionProtectionEnabled"] is True
    assert refused(logs.delete_log_group, logGroupName=GROUP)[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=GROUP, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=GROUP)
    assert logs.describe_log_groups()["logGroups"] == []


def test_what_the_infrequent_access_class_does_not_have(logs: Any) -> None:
    logs.create_log_group(logGroupName="/cheap", logGroupClass="INFREQUENT_ACCESS")
    given = {"logGroupName": "/cheap", "filterName": "f", "filterPattern": ""}
    code = refused(logs.put_metric_filter, **given, metricTransformations=[transformation()])[0]
    assert code == "InvalidOperationException"
    config: list[Any] = [{"parseJSON": {}}]
    assert refused(logs.put_transformer, logGroupIdentifier="/cheap", transformerConfig=config)[0] == (
        "InvalidOperationException"
    )
    policy = json.dumps({"Fields": ["trace"]})
    assert refused(logs.put_index_policy, logGroupIdentifier="/cheap", policyDocument=policy)[0] == (
        "InvalidParameterException"
    )
    assert logs.list_log_groups(logGroupClass="INFREQUENT_ACCESS")["logGroups"][0]["logGroupName"] == "/cheap"


def test_tags_by_both_ways_are_the_same(stand_in: Aws, logs: Any) -> None:
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/tagged"
    logs.create_log_group(logGroupName="/tagged", tags={"env": "testing1"})
    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    logs.tag_log_group(logGroupName="/tagged", tags={"test3": "val3"})
    whole = {"env": "testing1", "test1": "val1", "test2": "val2", "test3": "val3"}
    assert logs.list_tags_log_group(logGroupName="/tagged")["tags"] == whole
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == whole
    logs.untag_resource(resourceArn=arn, tagKeys=["env"])
    logs.untag_log_group(logGroupName="/tagged", tags=["test1", "test3"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"test2": "val2"}
    tagging = stand_in.client("resourcegroupstaggingapi")
    found = tagging.get_resources(ResourceTypeFilters=["logs:log-group"], TagFilters=[{"Key": "test2"}])
    assert [entry["ResourceARN"] for entry in found["ResourceTagMappingList"]] == [arn]


# -- lines


def test_lines_are_read_in_order_and_in_pages(logs: Any) -> None:
    write(logs, *(f"line {number}" for number in range(25)))
    page = logs.get_log_events(logGroupName=GROUP, logStreamName="a", startFromHead=True, limit=10)
    seen = [event["message"] for event in page["events"]]
    while True:
        token = page["nextForwardToken"]
        page = logs.get_log_events(logGroupName=GROUP, logStreamName="a", nextToken=token, limit=10)
        seen += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == token:
            break
    assert seen == [f"line {number}" for number in range(25)]
    newest = logs.get_log_events(logGroupName=GROUP, logStreamName="a", limit=2)["events"]
    assert [event["message"] for event in newest] == ["line 23", "line 24"]


def test_lines_are_found_by_pattern(logs: Any) -> None:
    write(logs, '{"level": "ERROR", "n": 1}', '{"level": "INFO", "n": 2}', "plain ERROR")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, filterPattern='{ $.level = "ERROR" }', PaginationConfig={"PageSize": 1}
    )
    assert [event["message"] for page in pages for event in page["events"]] == ['{"level": "ERROR", "n": 1}']
    assert len(logs.filter_log_events(logGroupName=GROUP, filterPattern="ERROR")["events"]) == 2


def test_lines_are_refused_as_aws_does(logs: Any) -> None:
    given = {"logGroupName": GROUP, "logStreamName": "a"}
    at = now()
    backwards = [{"timestamp": at, "message": "b"}, {"timestamp": at - 1, "message": "a"}]
    assert refused(logs.put_log_events, **given, logEvents=backwards) == (
        "InvalidParameterException",
        "Log events in a single PutLogEvents request must be in chronological order.",
    )
    far = [{"timestamp": at - 90_000_000, "message": "a"}, {"timestamp": at, "message": "b"}]
    assert "24 hours" in refused(logs.put_log_events, **given, logEvents=far)[1]
    large = [{"timestamp": at, "message": "x" * 900_000}, {"timestamp": at, "message": "x" * 200_000}]
    assert "Upload too large" in refused(logs.put_log_events, **given, logEvents=large)[1]
    assert refused(logs.put_log_events, logGroupName=GROUP, logStreamName="none", logEvents=backwards[:1]) == (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )
    old = logs.put_log_events(**given, logEvents=[{"timestamp": at - 15 * 86_400_000, "message": "old"}])
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = logs.put_log_events(**given, logEvents=[{"timestamp": at + 3 * 3_600_000, "message": "new"}])
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    assert logs.get_log_events(**given)["events"] == []


def test_streams_are_described_by_name_and_by_time(logs: Any) -> None:
    logs.create_log_stream(logGroupName=GROUP, logStreamName="b")
    assert refused(logs.create_log_stream, logGroupName=GROUP, logStreamName="b")[0] == "ResourceAlreadyExistsException"
    write(logs, "x")
    found = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)["logStreams"]
    assert [stream["logStreamName"] for stream in found] == ["a", "b"]
    assert "lastEventTimestamp" in found[0] and "lastEventTimestamp" not in found[1]
    assert [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=GROUP)["logStreams"]] == [
        "a",
        "b",
    ]


# -- metric filters


def test_a_filter_is_described_as_put(logs: Any) -> None:
    put_filter(logs, " ", defaultValue=0)
    found = logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert found[0].pop("creationTime") == pytest.approx(now(), abs=60_000)
    one = transformation(defaultValue=0.0)
    assert found == [
        {
            "filterName": "f",
            "logGroupName": GROUP,
            "filterPattern": " ",
            "applyOnTransformedLogs": False,
            "metricTransformations": [one],
        }
    ]
    assert isinstance(one["defaultValue"], float)


def test_filters_of_the_account_come_in_pages_of_fifty(logs: Any, stand_in: Aws) -> None:
    for number in range(40):
        logs.create_log_group(logGroupName=f"/many/{number:03d}")
        for name in ("a", "b"):
            logs.put_metric_filter(
                logGroupName=f"/many/{number:03d}",
                filterName=name,
                filterPattern="x",
                metricTransformations=[transformation()],
            )
    stand_in.forget_requests()
    pages = list(logs.get_paginator("describe_metric_filters").paginate())
    assert [len(page["metricFilters"]) for page in pages] == [50, 30]
    assert len(stand_in.requests("logs", "DescribeMetricFilters")) == 2
    found = logs.describe_metric_filters(filterNamePrefix="a")["metricFilters"]
    assert {entry["filterName"] for entry in found} == {"a"} and len(found) == 40
    assert logs.describe_metric_filters(metricName="no", metricNamespace="n")["metricFilters"] == []


def test_filters_are_refused_as_aws_does(logs: Any) -> None:
    given: dict[str, Any] = {"logGroupName": GROUP, "filterName": "f", "filterPattern": "x"}
    one = [transformation()]
    gone = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refused(logs.put_metric_filter, **{**given, "logGroupName": "/no"}, metricTransformations=one) == gone
    assert refused(logs.delete_metric_filter, logGroupName=GROUP, filterName="none") == (
        "ResourceNotFoundException",
        "The specified metric filter does not exist.",
    )
    long = "x" * 513
    assert refused(logs.put_metric_filter, **{**given, "filterName": long}, metricTransformations=one) == (
        "InvalidParameterException",
        f"1 validation error detected: Value '{long}' at 'filterName' failed to satisfy constraint: Member must have "
        "length less than or equal to 512",
    )
    pattern = "x" * 1025
    assert (
        "at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to 1024"
        in (refused(logs.put_metric_filter, **{**given, "filterPattern": pattern}, metricTransformations=one)[1])
    )
    two = [
        {"metricName": "metric1", "metricNamespace": "namespace1", "metricValue": "1"},
        {"metricName": "metric2", "metricNamespace": "namespace2", "metricValue": "1"},
    ]
    assert refused(logs.put_metric_filter, **given, metricTransformations=two) == (
        "InvalidParameterException",
        "1 validation error detected: Value '[MetricTransformation(metricName=metric1, metricNamespace=namespace1, "
        "metricValue=1, defaultValue=null, unit=null, dimensions=null), MetricTransformation(metricName=metric2, "
        "metricNamespace=namespace2, metricValue=1, defaultValue=null, unit=null, dimensions=null)]' at "
        "'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1",
    )
    both = [transformation(defaultValue=0, dimensions={"a": "$.a"})]
    code, message = refused(
        logs.put_metric_filter, **{**given, "filterPattern": "{ $.a = 1 }"}, metricTransformations=both
    )
    assert code == "InvalidParameterException" and "mutually exclusive" in message
    strange = [transformation(metricValue="$.b")]
    assert refused(logs.put_metric_filter, **given, metricTransformations=strange)[0] == "InvalidParameterException"
    assert refused(logs.describe_metric_filters, metricName="x" * 256, metricNamespace="n")[1].endswith(
        "at 'metricName' failed to satisfy constraint: Member must have length less than or equal to 255"
    )


@pytest.mark.parametrize(
    "pattern",
    ["{ $.a = }", "{ $.a = 1", "{ a = 1 }", '{ $.a > "x" }', "[a, ..., b, ...]", "[a=1, a=2]", '"open', "a:b", "%(x)%"],
)
def test_patterns_that_cannot_be_are_refused(logs: Any, pattern: str) -> None:
    code = refused(logs.test_metric_filter, filterPattern=pattern, logEventMessages=["x"])[0]
    assert code == "InvalidParameterException"
    with pytest.raises(ClientError):
        put_filter(logs, pattern)


APACHE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
ALB = (
    "https 2026-11-27T10:00:00.000000Z app/prod-api/50dc6c495c0c9188 [2001:db8::1]:2817 - -1 -1 -1 502 - 34 366 "
    '"GET https://example.org:443/x HTTP/2.0" "curl/8 \\"quoted\\" [x]" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.3 '
    'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/api/1 "Root=1-5833" "example.org" "-" 0 '
    '2026-11-27T10:00:00.000000Z "forward" "-" "-" "-" "-" "-" "-" TID_1'
)


@pytest.mark.parametrize(
    ("pattern", "line", "values"),
    [
        ("", "anything", {}),
        (" ", "anything", {}),
        ("ERROR", "an ERROR here", {}),
        ("ERROR", "an error here", None),
        ("ERROR timeout", "timeout, then ERROR", {}),
        ("ERROR -ignore", "ERROR, ignore", None),
        ("?ERROR ?WARN", "a WARN", {}),
        ("?ERROR ?WARN", "an INFO", None),
        ("?ERROR REQUEST", "REQUEST", {}),
        ('"two words"', "here are two words", {}),
        (r"%Error 4\d\d%", "Error 404", {}),
        ('{ $.level = "ERROR" }', '{"level": "ERROR"}', {"$.level": "ERROR"}),
        ('{ $.level = "ERROR" }', "level ERROR", None),
        ('{ $.level = "ERR*" }', '{"level": "ERROR"}', {"$.level": "ERROR"}),
        ("{ $.a.b[1].c = 5 }", '{"a": {"b": [0, {"c": 5}]}}', {"$.a.b[1].c": "5"}),
        ("{ $.n >= 5 && $.n < 1e1 }", '{"n": 7.5}', {"$.n": "7.5"}),
        ("{ $.n >= 5 }", '{"n": "7"}', None),
        ("{ ($.a = 1 || $.b = 1) && $.c != 2 }", '{"b": 1, "c": 3}', {"$.b": "1", "$.c": "3"}),
        ("{ $.c != 2 }", "{}", None),
        ("{ $.x IS NULL }", '{"x": null}', {}),
        ("{ $.x IS TRUE }", '{"x": true}', {"$.x": "true"}),
        ("{ $.x NOT EXISTS }", '{"y": 1}', {}),
        ("{ $.x NOT EXISTS }", '{"x": null}', None),
        (r"{ $.ip = %^10\.0\.% }", '{"ip": "10.0.3.4"}', {"$.ip": "10.0.3.4"}),
        ("{ $.['a.b'] = x }", '{"a.b": "x"}', {"$.['a.b']": "x"}),
        (
            "[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
            APACHE,
            {
                "$ip": "127.0.0.1",
                "$user": "Prod",
                "$username": "frank",
                "$timestamp": "10/Oct/2000:13:25:15 -0700",
                "$request": "GET /index.html HTTP/1.0",
                "$status_code": "404",
                "$bytes": "1534",
            },
        ),
        ("[ip, user, ...]", "a b c", {"$ip": "a", "$user": "b", "$3": "c"}),
        ("[..., status, bytes > 2000]", APACHE, None),
        ("[a, b]", "a b c", {"$a": "a", "$b": "b c"}),
        ("[a, b]", "a", None),
        (
            "[w1 = ERROR, w2]",
            "ERROR 12:00:02 Failed [to] process",
            {"$w1": "ERROR", "$w2": "12:00:02 Failed [to] process"},
        ),
        ("[w1 = ERROR]", "ERROR 12:00:02 Failed", None),
        ('" "', "word", {}),
        ("{ $.status = 5* }", '{"status": 502}', {"$.status": "502"}),
        ("{ $.status = 5* }", '{"status": 450}', None),
        ('{ $.status = "502" }', '{"status": 502}', {"$.status": "502"}),
        ("{ $.price > 1 }", '{"price": 1.10}', {"$.price": "1.10"}),
        ('{ $.tags[*] = "b" }', '{"tags": ["a", "b"]}', {"$.tags[*]": "a"}),
        ('{ $.tags[*] = "c" }', '{"tags": ["a", "b"]}', None),
        (
            "{ $.hosts.*.down IS TRUE }",
            '{"hosts": {"a": {"down": false}, "b": {"down": true}}}',
            {"$.hosts.*.down": "false"},
        ),
        ("[w1 = ERROR || w1 = WARN, ...]", "WARN x", {"$w1": "WARN", "$2": "x"}),
        ("[w1 != %^ERR%, w2]", "INFO x", {"$w1": "INFO", "$w2": "x"}),
    ],
)
def test_what_patterns_match(logs: Any, pattern: str, line: str, values: dict[str, str] | None) -> None:
    found = logs.test_metric_filter(filterPattern=pattern, logEventMessages=["nothing of all that", line])["matches"]
    mine = [match for match in found if match["eventNumber"] == 2]
    assert [(match["eventMessage"], match["extractedValues"]) for match in mine] == (
        [] if values is None else [(line, values)]
    )


def test_a_load_balancers_own_502_is_told_apart(logs: Any) -> None:
    fields = "[type, time, elb, client, target, t1, t2, t3, elb_status_code={}, target_status_code={}, ...]"
    lines = [ALB, ALB.replace(" 502 - 34", " 502 502 34"), ALB.replace(" 502 - 34", " 200 200 34")]

    def matching(status: str, target: str) -> list[int]:
        found = logs.test_metric_filter(filterPattern=fields.format(status, target), logEventMessages=lines)
        return [match["eventNumber"] for match in found["matches"]]

    assert matching("502", '"-"') == [1]
    assert matching("502", "5*") == [2]
    assert matching("5*", "*") == [1, 2]


def test_a_line_becomes_a_metric_an_alarm_and_a_message(stand_in: Aws, logs: Any, until: Callable[..., Any]) -> None:
    put_filter(logs, '{ $.level = "ERROR" }', defaultValue=0)
    cloudwatch, sqs = stand_in.client("cloudwatch"), stand_in.client("sqs")
    topic = stand_in.client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stand_in.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="Kumawatch/prod",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    write(logs, '{"level": "INFO"}', '{"level": "ERROR"}', '{"level": "ERROR"}')
    begin = time.monotonic()
    body = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), 5, "the message")[0]["Body"]
    assert time.monotonic() - begin < 5
    told = json.loads(json.loads(body)["Message"])
    assert (told["AlarmName"], told["NewStateValue"], told["Trigger"]["Namespace"]) == (
        "errors",
        "ALARM",
        "Kumawatch/prod",
    )
    assert sum(points(stand_in)) == 2.0


def test_values_units_and_dimensions_come_from_the_line(stand_in: Aws, logs: Any) -> None:
    put_filter(logs, "{ $.ms > 0 }", "ms", metricValue="$.ms", unit="Milliseconds", dimensions={"Route": "$.route"})
    write(logs, '{"ms": 120.5, "route": "/a"}', '{"ms": 30, "route": "/b"}', '{"ms": 7}', '{"ms": "x", "route": "/a"}')
    assert points(stand_in, [{"Name": "Route", "Value": "/a"}]) == [120.5]
    assert points(stand_in, [{"Name": "Route", "Value": "/b"}]) == [30.0]
    assert points(stand_in) == []
    put_filter(logs, "[ip, ms > 10, ...]", "fields", metricValue="$ms", dimensions={"Ip": "$ip"})
    write(logs, "10.0.0.1 44 rest of it")
    assert points(stand_in, [{"Name": "Ip", "Value": "10.0.0.1"}]) == [44.0]


def test_the_default_value_is_published_for_minutes_without_a_match(
    stand_in: Aws, logs: Any, until: Callable[..., Any]
) -> None:
    put_filter(logs, "ERROR", defaultValue=0)
    past = now() // 60_000 * 60_000 - 10 * 60_000
    write(logs, "INFO", at=past)
    write(logs, "INFO", "ERROR", at=past + 60_000)
    write(logs, "INFO", at=past + 120_000)
    assert until(lambda: len(found := points(stand_in)) == 3 and found, 5, "the default values") == [0.0, 1.0, 0.0]
    assert points(stand_in, statistic="SampleCount") == [1.0, 1.0, 1.0]


def test_incoming_lines_are_counted(stand_in: Aws, logs: Any) -> None:
    write(logs, "a", "b", "c")
    found = stand_in.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Logs",
        MetricName="IncomingLogEvents",
        Dimensions=[{"Name": "LogGroupName", "Value": GROUP}],
        StartTime=time.time() - 120,
        EndTime=time.time() + 120,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in found) == 3.0


def test_system_fields_become_dimensions(stand_in: Aws, logs: Any) -> None:
    put_filter(logs, "ERROR", more={"emitSystemFieldDimensions": ["@aws.region"]})
    write(logs, "ERROR")
    assert points(stand_in, [{"Name": "@aws.region", "Value": "us-east-1"}]) == [1.0]


# -- transformers


def test_a_filter_sees_what_the_transformer_made(stand_in: Aws, logs: Any) -> None:
    docker = [{"parseJSON": {}}, {"parseJSON": {"source": "log"}}, {"deleteKeys": {"withKeys": ["log"]}}]
    logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=docker)
    assert logs.get_transformer(logGroupIdentifier=GROUP)["transformerConfig"] == docker
    put_filter(logs, '{ $.level = "ERROR" }', "plain", metricName="plain")
    put_filter(logs, '{ $.level = "ERROR" }', "seen", more={"applyOnTransformedLogs": True})
    line = json.dumps({"log": '{"level": "ERROR"}\n', "stream": "stdout", "time": "2026-11-27T10:00:00Z"})
    write(logs, line)
    assert points(stand_in) == [1.0]
    assert stand_in.client("cloudwatch").list_metrics(MetricName="plain")["Metrics"] == []
    stored = logs.get_log_events(logGroupName=GROUP, logStreamName="a")["events"][0]["message"]
    assert stored == line
    made = logs.test_transformer(transformerConfig=docker, logEventMessages=[line])["transformedLogs"][0]
    assert json.loads(made["transformedEventMessage"]) == {
        "stream": "stdout",
        "time": "2026-11-27T10:00:00Z",
        "level": "ERROR",
    }
    logs.delete_transformer(logGroupIdentifier=GROUP)
    assert "transformerConfig" not in logs.get_transformer(logGroupIdentifier=GROUP)


@pytest.mark.parametrize(
    ("config", "line", "made"),
    [
        (
            [
                {"parseJSON": {}},
                {"renameKeys": {"entries": [{"key": "lvl", "renameTo": "level"}]}},
                {"copyValue": {"entries": [{"source": "level", "target": "severity.text"}]}},
                {"addKeys": {"entries": [{"key": "service", "value": "api"}]}},
                {"typeConverter": {"entries": [{"key": "ms", "type": "integer"}]}},
                {"upperCaseString": {"withKeys": ["level"]}},
            ],
            '{"lvl": "error", "ms": "12"}',
            {"level": "ERROR", "ms": 12, "severity": {"text": "error"}, "service": "api"},
        ),
        (
            [{"grok": {"match": "%{IP:ip} %{WORD:method} %{NUMBER:ms:int} %{GREEDYDATA:rest}"}}],
            "10.0.0.1 GET 15 /x y",
            {"ip": "10.0.0.1", "method": "GET", "ms": 15, "rest": "/x y"},
        ),
        (
            [{"parseKeyValue": {"fieldDelimiter": " ", "keyValueDelimiter": "="}}],
            "level=error ms=3",
            {"level": "error", "ms": "3"},
        ),
        ([{"csv": {"columns": ["a", "b", "c"]}}], '1,"x, y",3', {"a": "1", "b": "x, y", "c": "3"}),
        (
            [
                {"parseJSON": {}},
                {
                    "dateTimeConverter": {
                        "source": "at",
                        "target": "when",
                        "matchPatterns": ["yyyy-MM-dd HH:mm:ss"],
                        "sourceTimezone": "Europe/Berlin",
                    }
                },
            ],
            '{"at": "2026-11-27 10:00:00"}',
            {"at": "2026-11-27 10:00:00", "when": "2026-11-27T09:00:00.000Z"},
        ),
        (
            [{"parsePostgres": {}}],
            "2026-11-27 10:00:00 UTC:10.0.0.5(41204):app@shop:[123]:LOG:  duration: 1500.1 ms  statement: SELECT 1",
            {
                "logTime": "2026-11-27 10:00:00 UTC",
                "srcIP": "10.0.0.5(41204)",
                "userName": "app",
                "dbName": "shop",
                "processId": "123",
                "logLevel": "LOG",
                "logMessage": "duration: 1500.1 ms  statement: SELECT 1",
            },
        ),
    ],
)
def test_what_processors_make(logs: Any, config: list[Any], line: str, made: dict[str, Any]) -> None:
    found = logs.test_transformer(transformerConfig=config, logEventMessages=[line, "\x00"])["transformedLogs"]
    assert json.loads(found[0]["transformedEventMessage"]) == made


def test_transformers_are_refused(logs: Any) -> None:
    configs: list[list[Any]] = [
        [{"addKeys": {"entries": [{"key": "a", "value": "b"}]}}],
        [{"parseJSON": {}}, {"parsePostgres": {}}],
        [{"grok": {"match": "%{NOSUCH:x}"}}],
    ]
    for config in configs:
        code = refused(logs.put_transformer, logGroupIdentifier=GROUP, transformerConfig=config)[0]
        assert code == "InvalidParameterException"


# -- subscription filters


RECEIVER = """
import base64, gzip, json, os, boto3
def handler(event, context):
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(data))
"""


def make_function(aws: Aws, name: str, code: str, **variables: str) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    made = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/r",
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": variables},
    )
    return str(made["FunctionArn"])


def test_a_function_gets_the_lines_that_it_subscribes_to(stand_in: Aws, logs: Any, until: Callable[..., Any]) -> None:
    sqs = stand_in.client("sqs")
    queue = sqs.create_queue(QueueName="received")["QueueUrl"]
    function = make_function(stand_in, "receiver", RECEIVER, QUEUE=queue)
    logs.put_subscription_filter(
        logGroupName=GROUP, filterName="test", filterPattern='{ $.level = "ERROR" }', destinationArn=function
    )
    found = logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]
    assert found[0].pop("creationTime") == pytest.approx(now(), abs=60_000)
    assert found == [
        {
            "filterName": "test",
            "logGroupName": GROUP,
            "filterPattern": '{ $.level = "ERROR" }',
            "destinationArn": function,
            "distribution": "ByLogStream",
            "applyOnTransformedLogs": False,
        }
    ]
    write(logs, '{"level": "INFO"}', '{"level": "ERROR", "n": 1}', '{"level": "ERROR", "n": 2}')
    message = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), 15, "the delivery")[0]
    data = json.loads(message["Body"])
    assert [json.loads(event["message"])["n"] for event in data["logEvents"]] == [1, 2]
    assert (data["messageType"], data["owner"], data["logGroup"], data["logStream"], data["subscriptionFilters"]) == (
        "DATA_MESSAGE",
        ACCOUNT,
        GROUP,
        "a",
        ["test"],
    )
    # What functions write is there too.
    names = until(lambda: logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/receiver")["logGroups"], 5)
    assert names[0]["logGroupName"] == "/aws/lambda/receiver"


def test_subscription_filters_are_refused_as_aws_does(stand_in: Aws, logs: Any) -> None:
    function = make_function(stand_in, "other", "def handler(event, context): pass")
    given = {"logGroupName": GROUP, "filterPattern": "", "destinationArn": function}
    for name in ("one", "two"):
        logs.put_subscription_filter(**given, filterName=name)
    logs.put_subscription_filter(**{**given, "filterPattern": "[]"}, filterName="one")
    assert refused(logs.put_subscription_filter, **given, filterName="three") == (
        "LimitExceededException",
        "Resource limit exceeded.",
    )
    denied = (
        "AccessDeniedException",
        "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross "
        "account lambda triggers.",
    )
    missing = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:none"
    assert refused(logs.put_subscription_filter, **{**given, "destinationArn": missing}, filterName="x") == denied
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/none"
    assert refused(logs.put_subscription_filter, **{**given, "destinationArn": stream}, filterName="x") == (
        "InvalidParameterException",
        "destinationArn for vendor kinesis cannot be used without roleArn",
    )
    assert refused(logs.delete_subscription_filter, logGroupName=GROUP, filterName="none") == (
        "ResourceNotFoundException",
        "The specified subscription filter does not exist.",
    )
    assert refused(logs.describe_subscription_filters, logGroupName="/no") == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )


# -- policies, detectors, schedules


def test_resource_policies(logs: Any) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "logs:*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]})
    made = logs.put_resource_policy(policyName="p", policyDocument=document)["resourcePolicy"]
    assert made.pop("lastUpdatedTime") == pytest.approx(now(), abs=60_000)
    assert made == {"policyName": "p", "policyDocument": document, "policyScope": "ACCOUNT"}
    assert [entry["policyName"] for entry in logs.describe_resource_policies()["resourcePolicies"]] == ["p"]
    for number in range(9):
        logs.put_resource_policy(policyName=f"more{number}", policyDocument=document)
    assert refused(logs.put_resource_policy, policyName="eleventh", policyDocument=document) == (
        "LimitExceededException",
        "Resource limit exceeded.",
    )
    assert refused(logs.delete_resource_policy, policyName="none") == (
        "ResourceNotFoundException",
        "Policy with name [none] does not exist.",
    )
    assert refused(logs.put_resource_policy, policyName="p", policyDocument="{")[0] == "InvalidParameterException"


def test_policies_of_accounts_and_groups(logs: Any) -> None:
    document = json.dumps({"Fields": ["traceId"]})
    logs.put_index_policy(logGroupIdentifier=GROUP, policyDocument=document)
    found = logs.describe_index_policies(logGroupIdentifiers=[GROUP])["indexPolicies"]
    assert (found[0]["policyDocument"], found[0]["source"]) == (document, "LOG_GROUP")
    assert logs.describe_field_indexes(logGroupIdentifiers=[GROUP])["fieldIndexes"][0]["fieldIndexName"] == "traceId"
    logs.delete_index_policy(logGroupIdentifier=GROUP)
    assert logs.describe_index_policies(logGroupIdentifiers=[GROUP])["indexPolicies"] == []
    made = logs.put_account_policy(policyName="p", policyType="FIELD_INDEX_POLICY", policyDocument=document)
    assert (made["accountPolicy"]["scope"], made["accountPolicy"]["accountId"]) == ("ALL", ACCOUNT)
    assert len(logs.describe_account_policies(policyType="FIELD_INDEX_POLICY")["accountPolicies"]) == 1
    logs.delete_account_policy(policyName="p", policyType="FIELD_INDEX_POLICY")
    assert refused(logs.delete_account_policy, policyName="p", policyType="FIELD_INDEX_POLICY")[0] == (
        "ResourceNotFoundException"
    )


def test_data_protection(logs: Any) -> None:
    identifier = "arn:aws:dataprotection::aws:data-identifier/EmailAddress"
    audit = {"DataIdentifier": [identifier], "Operation": {"Audit": {"FindingsDestination": {}}}}
    mask = {"DataIdentifier": [identifier], "Operation": {"Deidentify": {"MaskConfig": {}}}}
    document = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": [audit, mask]})
    logs.put_data_protection_policy(logGroupIdentifier=GROUP, policyDocument=document)
    assert logs.get_data_protection_policy(logGroupIdentifier=GROUP)["policyDocument"] == document
    assert logs.describe_log_groups()["logGroups"][0]["dataProtectionStatus"] == "ACTIVATED"
    logs.delete_data_protection_policy(logGroupIdentifier=GROUP)
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier=GROUP)


def test_anomaly_detectors_of_logs(logs: Any) -> None:
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
    made = logs.create_log_anomaly_detector(logGroupArnList=[arn], detectorName="d", evaluationFrequency="FIVE_MIN")
    id = made["anomalyDetectorArn"]
    assert logs.get_log_anomaly_detector(anomalyDetectorArn=id)["anomalyDetectorStatus"] == "INITIALIZING"
    logs.update_log_anomaly_detector(anomalyDetectorArn=id, enabled=False)
    found = logs.list_log_anomaly_detectors(filterLogGroupArn=arn)["anomalyDetectors"]
    assert [(entry["detectorName"], entry["anomalyDetectorStatus"]) for entry in found] == [("d", "PAUSED")]
    logs.delete_log_anomaly_detector(anomalyDetectorArn=id)
    assert logs.list_log_anomaly_detectors()["anomalyDetectors"] == []


def test_scheduled_queries_are_kept(logs: Any) -> None:
    given = {
        "queryLanguage": "CWLI",
        "queryString": "stats count(*)",
        "scheduleExpression": "cron(0 * * * ? *)",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
    }
    arn = logs.create_scheduled_query(name="q", **given)["scheduledQueryArn"]
    assert refused(logs.create_scheduled_query, name="q", **given)[0] == "ConflictException"
    found = logs.get_scheduled_query(identifier=arn)
    assert (found["state"], found["queryString"]) == ("ENABLED", "stats count(*)")
    logs.update_scheduled_query(identifier=arn, **{**given, "queryString": "fields @message"}, state="DISABLED")
    assert [entry["state"] for entry in logs.list_scheduled_queries()["scheduledQueries"]] == ["DISABLED"]
    logs.delete_scheduled_query(identifier="q")
    assert refused(logs.get_scheduled_query, identifier="q")[0] == "ResourceNotFoundException"


# -- vended logs


@pytest.fixture
def balancer(stand_in: Aws) -> str:
    made = stand_in.client("elbv2").create_load_balancer(Name="prod-api", Subnets=["subnet-1", "subnet-2"])
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def test_a_delivery_from_a_load_balancer(logs: Any, balancer: str) -> None:
    source = logs.put_delivery_source(name="access", resourceArn=balancer, logType="ALB_ACCESS_LOGS")["deliverySource"]
    assert source == {
        "name": "access",
        "arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:access",
        "resourceArns": [balancer],
        "service": "elasticloadbalancing",
        "logType": "ALB_ACCESS_LOGS",
    }
    assert refused(logs.put_delivery_source, name="other", resourceArn=balancer, logType="ALB_ACCESS_LOGS") == (
        "ConflictException",
        "This ResourceId has already been used in another Delivery Source in this account",
    )
    logs.put_delivery_source(name="health", resourceArn=balancer, logType="ALB_HEALTH_CHECK_LOGS")
    assert refused(logs.put_delivery_source, name="no", resourceArn=balancer, logType="ACCESS_LOGS")[0] == (
        "ValidationException"
    )
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
    to_group = logs.put_delivery_destination(
        name="group", outputFormat="json", deliveryDestinationConfiguration={"destinationResourceArn": group}
    )["deliveryDestination"]
    assert (to_group["deliveryDestinationType"], to_group["outputFormat"]) == ("CWL", "json")
    to_bucket = logs.put_delivery_destination(
        name="bucket", deliveryDestinationConfiguration={"destinationResourceArn": "arn:aws:s3:::bucket"}
    )["deliveryDestination"]
    assert to_bucket["deliveryDestinationType"] == "S3" and "outputFormat" not in to_bucket
    given = {"deliverySourceName": "access"}
    delivery = logs.create_delivery(**given, deliveryDestinationArn=to_group["arn"])["delivery"]
    assert "elb_status_code" in delivery["recordFields"] and len(delivery["recordFields"]) == 30
    assert "s3DeliveryConfiguration" not in delivery
    assert refused(logs.create_delivery, **given, deliveryDestinationArn=to_group["arn"])[0] == "ConflictException"
    second = logs.create_delivery(
        **given, deliveryDestinationArn=to_bucket["arn"], recordFields=["time", "elb"], fieldDelimiter=","
    )["delivery"]
    assert second["recordFields"] == ["time", "elb"] and second["s3DeliveryConfiguration"]["suffixPath"]
    logs.update_delivery_configuration(id=second["id"], recordFields=["time"])
    assert logs.get_delivery(id=second["id"])["delivery"]["recordFields"] == ["time"]
    # A delivery goes before what it is between.
    assert refused(logs.delete_delivery_source, name="access")[0] == "ConflictException"
    assert refused(logs.delete_delivery_destination, name="bucket")[0] == "ConflictException"
    for entry in logs.describe_deliveries()["deliveries"]:
        logs.delete_delivery(id=entry["id"])
    logs.delete_delivery_source(name="access")
    logs.delete_delivery_destination(name="bucket")
    assert [entry["name"] for entry in logs.describe_delivery_sources()["deliverySources"]] == ["health"]
    assert refused(logs.get_delivery, id=second["id"]) == (
        "ResourceNotFoundException",
        "Requested Delivery does not exist in this account.",
    )


def test_deliveries_are_refused_as_aws_does(logs: Any) -> None:
    assert refused(logs.get_delivery_source, name="none") == (
        "ResourceNotFoundException",
        "Requested Delivery Source does not exist in this account.",
    )
    assert refused(logs.get_delivery_destination, name="none") == (
        "ResourceNotFoundException",
        "Requested Delivery Destination does not exist in this account.",
    )
    bucket = {"destinationResourceArn": "arn:aws:s3:::bucket"}
    assert refused(
        logs.put_delivery_destination,
        name="d",
        outputFormat="foobar",
        deliveryDestinationConfiguration=bucket,
    ) == (
        "ValidationException",
        "1 validation error detected: Value 'foobar' at 'outputFormat' failed to satisfy constraint: Member must "
        "satisfy enum value set: [w3c, raw, json, plain, parquet]",
    )
    distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1Q5F5862X9VJ5"
    made = logs.put_delivery_source(name="s", resourceArn=distribution, logType="ACCESS_LOGS", tags={"k": "v"})
    assert (made["deliverySource"]["service"], made["deliverySource"]["tags"]) == ("cloudfront", {"k": "v"})
    assert refused(logs.put_delivery_source, name="t", resourceArn="nothing", logType="ACCESS_LOGS") == (
        "ResourceNotFoundException",
        "Cannot access provided service.",
    )
    assert refused(logs.put_delivery_source, name="a b", resourceArn=distribution, logType="ACCESS_LOGS")[0] == (
        "ValidationException"
    )
    destination = logs.put_delivery_destination(name="d", deliveryDestinationConfiguration=bucket)
    delivery = logs.create_delivery(
        deliverySourceName="s", deliveryDestinationArn=destination["deliveryDestination"]["arn"]
    )["delivery"]
    assert delivery["recordFields"][0] == "date" and len(delivery["recordFields"]) == 33
    assert delivery["s3DeliveryConfiguration"] == {
        "suffixPath": "AWSLogs/{account-id}/CloudFront/",
        "enableHiveCompatiblePath": False,
    }


# -- schedules, of which the daily report is one


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 1 * * * *)",
        "cron(7 20 * * NOT *)",
        "cron(INVALID)",
        "cron(0 dummy ? * MON-FRI *)",
        "cron(71 8 1 * ? *)",
        "cron()",
        "rate(10 seconds)",
        "rate(10 years)",
        "rate()",
        "rate(10)",
        "rate(10 minutess)",
        "rate(foo minutes)",
        "rate(-10 minutes)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "at(2021-12-31T23:59:59Z)",
        "at(2021-12-31)",
    ],
)
def test_schedules_are_refused_as_aws_does(stand_in: Aws, expression: str) -> None:
    scheduler = stand_in.client("scheduler")
    target = {"Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    given = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    refusal = ("ValidationException", f"Invalid Schedule Expression {expression}.")
    assert refused(scheduler.create_schedule, Name="n", ScheduleExpression=expression, **given) == refusal
    scheduler.create_schedule(Name="n", ScheduleExpression="cron(0 7 * * ? *)", **given)
    assert refused(scheduler.update_schedule, Name="n", ScheduleExpression=expression, **given) == refusal
    assert scheduler.get_schedule(Name="n")["ScheduleExpression"] == "cron(0 7 * * ? *)"


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
        "cron(30-30 13-13 ? * 2,4,6 *)",
        "cron(1-31/30 1-1 ? * 1,7 *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(*/15 * * * ? *)",
        "cron(0-59/10 0-23/2 ? * * *)",
        "cron(0 7 L * ? *)",
        "cron(0 7 ? JAN,JUN MON#1 2030)",
        "rate(1 minute)",
        "rate(5 minutes)",
        "at(2031-12-31T23:59:59)",
    ],
)
def test_schedules_that_aws_takes_are_taken(stand_in: Aws, expression: str) -> None:
    target = {"Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    made = stand_in.client("scheduler").create_schedule(
        Name="n", ScheduleExpression=expression, FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    assert made["ScheduleArn"].endswith("/n")


# -- the stand-in


def test_logs_outlive_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with serve(tmp_path, port) as aws:
        logs = aws.client("logs")
        logs.create_log_group(logGroupName=GROUP, tags={"a": "b"})
        logs.create_log_stream(logGroupName=GROUP, logStreamName="a")
        put_filter(logs, "ERROR", defaultValue=0)
        logs.put_query_definition(name="q", queryString="fields @message")
        write(logs, "INFO ü")
    with serve(tmp_path, port) as aws:
        logs = aws.client("logs")
        events = logs.get_log_events(logGroupName=GROUP, logStreamName="a")["events"]
        assert [event["message"] for event in events] == ["INFO ü"]
        assert logs.list_tags_log_group(logGroupName=GROUP)["tags"] == {"a": "b"}
        assert len(logs.describe_metric_filters()["metricFilters"]) == 1
        assert logs.describe_query_definitions()["queryDefinitions"][0]["name"] == "q"
        write(logs, "ERROR")
        assert sum(points(aws)) == 1.0


def test_a_reset_forgets_the_logs(stand_in: Aws, logs: Any) -> None:
    stand_in.reset()
    assert logs.describe_log_groups()["logGroups"] == []


def test_a_subscription_to_a_functions_own_logs_does_not_feed_itself(
    stand_in: Aws, logs: Any, until: Callable[..., Any]
) -> None:
    function = make_function(stand_in, "selfish", "def handler(event, context): print('called')")
    logs.create_log_group(logGroupName="/aws/lambda/selfish")
    logs.put_subscription_filter(
        logGroupName="/aws/lambda/selfish", filterName="f", filterPattern="", destinationArn=function
    )
    stand_in.client("lambda").invoke(FunctionName="selfish", Payload=b"{}")

    def calls() -> int:
        found = logs.filter_log_events(logGroupName="/aws/lambda/selfish", filterPattern="called")["events"]
        return len(found)

    until(calls, 10, "the log of the call")
    time.sleep(1)
    assert calls() == 1
