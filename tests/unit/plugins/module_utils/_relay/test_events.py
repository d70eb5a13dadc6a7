# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What arrives, in all its shapes; and that no text whatever is lost."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.alert import Alert, Child
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.events import read
from tests.unit.plugins.module_utils._relay.samples import ARN, NOW, TOPICS, alarm, composite, record, when


def parse(message: t.Any, topic: str | None = "warning") -> Alert:
    entry = record(message, topic, identity="sns-1")
    return read(entry["body"], entry["messageId"], NOW, TOPICS, NOW)


def test_a_metric_alarm() -> None:
    alert = parse(alarm())
    assert (alert.source, alert.state, alert.old_state) == ("alarm", "ALARM", "OK")
    assert alert.at == NOW
    assert (alert.account, alert.region) == ("123456789012", "eu-central-1")
    assert alert.severity == "warning"
    assert alert.tags is None
    measure = alert.measure
    assert measure is not None
    assert (measure.label, measure.statistic, measure.period, measure.unit) == ("CPUUtilization", "Average", 60, "")
    assert (measure.value, measure.threshold, measure.breaching, measure.evaluated) == (90.5, 80.0, 5, 5)
    assert alert.facts == (("InstanceId", "i-0abc"),)


def test_raw_delivery_and_the_envelope_are_the_same_alarm() -> None:
    assert parse(alarm(), None).key == parse(alarm(), "critical").key


def test_the_same_change_told_on_two_ways_is_one_alert() -> None:
    told = alarm()
    event = {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": "2026-11-27T10:00:00Z",
        "region": "eu-central-1",
        "resources": [told["AlarmArn"]],
        "detail": {
            "alarmName": told["AlarmName"],
            "configuration": {
                "description": "Too much to do",
                "metrics": [
                    {
                        "id": "m1",
                        "metricStat": {
                            "metric": {
                                "dimensions": {"InstanceId": "i-0abc"},
                                "name": "CPUUtilization",
                                "namespace": "AWS/EC2",
                            },
                            "period": 60,
                            "stat": "Average",
                        },
                        "returnData": True,
                    }
                ],
            },
            "previousState": {"value": "OK", "reason": "…", "timestamp": when(-600)},
            "state": {
                "value": "ALARM",
                "reason": told["NewStateReason"],
                "reasonData": json.dumps({"version": "1.0", "recentDatapoints": [90.5], "threshold": 80.0}),
                "timestamp": when(0),
            },
        },
    }
    alert = parse(event)
    assert alert.key == parse(told).key
    assert alert.description == "Too much to do"
    assert alert.measure is not None
    assert (alert.measure.label, alert.measure.value, alert.measure.threshold) == ("CPUUtilization", 90.5, 80.0)
    assert alert.facts == (("InstanceId", "i-0abc"),)


def test_lambdas_shape_of_an_alarm() -> None:
    alert = parse(
        {
            "source": "aws.cloudwatch",
            "alarmArn": ARN + "a",
            "accountId": "123456789012",
            "time": when(0),
            "region": "eu-central-1",
            "alarmData": {
                "alarmName": "a",
                "state": {"value": "ALARM", "reason": "testing alarm", "timestamp": when(0)},
                "previousState": {"value": "INSUFFICIENT_DATA"},
                "configuration": {"description": "d", "metrics": []},
            },
        }
    )
    assert (alert.name, alert.state, alert.old_state, alert.arn) == ("a", "ALARM", "INSUFFICIENT_DATA", ARN + "a")


def metric(identity: str, name: str, returned: bool) -> dict[str, t.Any]:
    dimensions = [{"value": "app/prod/50dc", "name": "LoadBalancer"}]
    return {
        "Id": identity,
        "MetricStat": {
            "Metric": {"Dimensions": dimensions, "MetricName": name, "Namespace": "AWS/ApplicationELB"},
            "Period": 60,
            "Stat": "Sum",
        },
        "ReturnData": returned,
    }


def test_metric_math_is_called_by_its_label() -> None:
    message = alarm("production/api/errors_5xx/critical", value=7.25, threshold=5)
    message["Trigger"] = {
        "Period": 60,
        "EvaluationPeriods": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 5.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
        "Metrics": [
            {"Expression": "100*t5/req", "Id": "rate", "Label": "5xx rate", "ReturnData": True},
            metric("t5", "HTTPCode_Target_5XX_Count", False),
            metric("req", "RequestCount", False),
        ],
    }
    alert = parse(message)
    assert alert.measure is not None
    assert (alert.measure.label, alert.measure.value, alert.measure.threshold) == ("5xx rate", 7.25, 5.0)
    assert alert.facts == (("LoadBalancer", "app/prod/50dc"),)


def test_an_anomaly_names_the_edge_that_was_crossed() -> None:
    message = alarm("production/api/network/warning")
    message["NewStateReason"] = (
        "Thresholds Crossed: 3 out of the last 5 datapoints [2500.0 (27/11/26 09:55:00), 2400.0 (27/11/26 09:50:00)] "
        "were less than the lower thresholds [100.0, 110.0] or greater than the upper thresholds [1800.5, 1790.0] "
        "(minimum 3 datapoints for OK -> ALARM transition)."
    )
    message["Trigger"] = {
        "Period": 300,
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
        "ThresholdMetricId": "band",
        "Metrics": [
            {"Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "Id": "band", "Label": "usual", "ReturnData": True},
            metric("m1", "NetworkIn", True),
        ],
    }
    measure = parse(message).measure
    assert measure is not None
    assert measure.anomaly
    assert (measure.label, measure.value, measure.threshold) == ("NetworkIn", 2500.0, 1800.5)
    assert (measure.breaching, measure.evaluated) == (3, 5)


def test_missing_data_as_the_reason() -> None:
    message = alarm()
    message["NewStateReason"] = (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[Breaching]."
    )
    measure = parse(message).measure
    assert measure is not None
    assert (measure.missing, measure.treated_as, measure.value) == (2, "Breaching", None)


def test_a_composite_alarm_names_what_moved_it() -> None:
    alert = parse(composite("production/api/service/critical", "ALARM", 0, {"production/api/cpu/critical": "ALARM"}))
    assert alert.measure is None
    assert alert.children == (Child("production/api/cpu/critical", "ALARM"),)


def test_a_log_alarm_brings_its_lines() -> None:
    message = alarm(
        "production/api/errors/critical", LogGroups=[f"{ARN[:-7].replace('cloudwatch', 'logs')}:log-group:/app/api:*"]
    )
    del message["Trigger"]
    message["QueryString"] = "filter @message like /ERROR/"
    message["LogLines"] = [{"Timestamp": when(0), "Message": "ERROR payment declined"}, "ERROR again", {"a": 1}]
    alert = parse(message)
    assert alert.log_groups == ("/app/api",)
    assert alert.log_query == "filter @message like /ERROR/"
    assert alert.log_lines == ("ERROR payment declined", "ERROR again", '{"a": 1}')


def test_contributors_of_one_alarm_are_told_apart() -> None:
    first, second = (
        parse(
            alarm(
                "production/web/fleet_cpu/warning",
                AlarmContributorId=identity,
                AlarmContributorAttributes={"InstanceId": instance},
            )
        )
        for identity, instance in (("c1", "i-1"), ("c2", "i-2"))
    )
    assert first.key != second.key
    assert first.alarm_key != second.alarm_key
    assert (first.resource, second.resource) == ("i-1", "i-2")


@pytest.mark.parametrize(
    ("given", "status", "expected"),
    [
        ([{"Key": "service", "Value": "api"}], "SUCCESS", {"service": "api"}),
        ({"service": "api"}, "SUCCESS", {"service": "api"}),
        ({}, "SUCCESS", {}),
        ([{"Key": "service", "Value": "api"}], None, {"service": "api"}),
        ([], "FAILURE", None),
        (None, None, None),
    ],
)
def test_tags_in_the_message(given: t.Any, status: str | None, expected: t.Any) -> None:
    assert parse(alarm(AlarmTags=given, AlarmTagsStatus=status)).tags == expected


def test_an_event_of_a_database() -> None:
    alert = parse(
        {
            "Event Source": "db-instance",
            "Event Time": "2026-11-27 09:58:12.874",
            "Identifier Link": "https://console.aws.amazon.com/rds/home?region=eu-central-1#dbinstance:id=prod-db",
            "Source ID": "prod-db",
            "Source ARN": "arn:aws:rds:eu-central-1:123456789012:db:prod-db",
            "Event ID": "http://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html#RDS-EVENT-0020",
            "Event Message": "Recovery of the DB instance has started.",
            "Tags": {"service": "api"},
        },
        "info",
    )
    assert (alert.source, alert.title, alert.resource, alert.severity) == (
        "event",
        "Database prod-db",
        "prod-db",
        "info",
    )
    assert alert.reason == "Recovery of the DB instance has started."
    assert ("Event", "RDS-EVENT-0020") in alert.facts
    assert alert.at == datetime(2026, 11, 27, 9, 58, 12, 874000, UTC)
    assert alert.tags == {"service": "api"}
    assert alert.link.startswith("https://console.aws.amazon.com/rds/")


@pytest.mark.parametrize(
    ("kind", "source", "detail", "title", "reason"),
    [
        ("EC2 Instance State-change Notification", "aws.ec2", {"instance-id": "i-0abc", "state": "stopped"},
         "EC2 Instance State-change Notification: stopped", ""),
        ("AWS Health Event", "aws.health", {
            "eventTypeCode": "AWS_EC2_INSTANCE_RETIREMENT", "service": "EC2", "eventTypeCategory": "scheduledChange",
            "startTime": "Fri, 27 Nov 2026 09:00:00 GMT",
            "eventDescription": [{"language": "en_US", "latestDescription": "An instance is to be retired."}],
        }, "AWS Health Event: AWS_EC2_INSTANCE_RETIREMENT", "An instance is to be retired."),
        ("ECS Task State Change", "aws.ecs", {
            "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "clusterArn": "arn:aws:ecs:eu-central-1:1:cluster/a",
            "stoppedReason": "Essential container in task exited",
        }, "ECS Task State Change: STOPPED", "Essential container in task exited"),
        ("RDS DB Instance Event", "aws.rds", {"SourceIdentifier": "prod-db", "Message": "Failover started"},
         "RDS DB Instance Event", "Failover started"),
    ],
)  # fmt: skip
def test_events_of_eventbridge(kind: str, source: str, detail: t.Any, title: str, reason: str) -> None:
    event = {
        "version": "0",
        "id": "1",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-27T09:59:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }
    alert = parse(event)
    assert (alert.source, alert.title, alert.reason) == ("event", title, reason)
    assert alert.extra["service"] == source.removeprefix("aws.")
    assert parse(event).key == alert.key


def kuma(status: int = 0, **monitor: t.Any) -> dict[str, t.Any]:
    return {
        "heartbeat": {
            "monitorID": 7,
            "status": status,
            "time": "2026-11-27 09:59:30.123",
            "msg": "timeout",
            "important": True,
        },
        "monitor": {"id": 7, "name": "api", "url": "https://api.example.com/health", "tags": [], **monitor},
        "msg": "[api] [🔴 Down] timeout",
    }


def test_uptime_kuma_down_and_up_are_states_of_one_thing() -> None:
    down, up = parse(kuma(0)), parse({"kumawatch_uptime": kuma(1)})
    assert (down.state, up.state) == ("ALARM", "OK")
    assert down.alarm_key == up.alarm_key
    assert (down.title, up.title) == ("api is down", "api is up")
    assert down.resource == "https://api.example.com/health"


def test_uptime_kumas_other_notifications() -> None:
    alert = parse({"heartbeat": None, "monitor": None, "msg": "Certificate expires in 7 days"})
    assert (alert.source, alert.state, alert.reason) == ("event", "", "Certificate expires in 7 days")


def test_a_tag_of_the_monitor_says_how_urgent_it_is() -> None:
    assert parse(kuma(0, tags=[{"name": "severity", "value": "Critical"}])).severity == "critical"


def test_our_own_messages() -> None:
    escalation = parse(
        {
            "message": "…",
            "kumawatch_escalation": {
                "incident": "production/api/cpu",
                "opened_at": "t",
                "title": "api · CPU",
                "minutes": 15,
            },
        },
        "critical",
    )
    assert (escalation.source, escalation.incident, escalation.severity) == (
        "escalation",
        "production/api/cpu",
        "critical",
    )
    taken = parse({"kumawatch_acknowledged": {"incident": "production/api/cpu", "by": "Ada"}}, "info")
    assert (taken.source, taken.by) == ("acknowledged", "Ada")


@pytest.mark.parametrize(
    ("message", "topic", "name", "path"),
    [
        ({"kumawatch_drill": "d1", "path": "topic info"}, "info", "d1", "topic info"),
        ({"kumawatch_drill": "d1"}, "critical", "d1", "kumawatch-production-critical"),
        ("The nightly kumawatch-drill: d-2.x of today", "info", "d-2.x", "kumawatch-production-info"),
        ({**kuma(), "msg": "kumawatch-drill: d3 Testing"}, "info", "d3", "kuma"),
        ({"kumawatch_uptime": {"msg": "kumawatch_drill=d4", "monitor": None, "heartbeat": None}}, "info", "d4", "kuma"),
    ],
)
def test_drills(message: t.Any, topic: str, name: str, path: str) -> None:
    alert = parse(message, topic)
    assert (alert.source, alert.name, alert.path) == ("drill", name, path)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "[]", "null", "plain words", '{"a": 1}', '"AlarmName"', '{"AlarmName": "a"}', "[" * 100_000,
        '{"a":' * 50_000, '{"AlarmName": {"b": 1}, "NewStateValue": ["ALARM"]}', '{"detail-type": "x", "detail": []}',
        '{"kumawatch_escalation": {}}', '{"kumawatch_escalation": "x"}', '{"x": 1' + "0" * 5_000 + "}",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_kept_as_it_is(text: str) -> None:
    alert = parse(text)
    assert alert.source in ("raw", "alarm", "event")
    if alert.source == "raw":
        assert alert.text.startswith(text[:20_000])
        assert alert.severity == "warning"


def test_a_long_text_says_how_much_is_left_out() -> None:
    assert parse("x" * 20_123).text.endswith("… 123 more characters")


def test_lone_surrogates_are_replaced() -> None:
    alert = parse('{"AlarmName": "\\ud800a", "NewStateValue": "ALARM", "AlarmArn": "\\udfff"}')
    assert alert.name == "?a"
    json.dumps(alert.arn).encode()


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "soon", 5, None, "1999-01-01"])
def test_a_time_that_cannot_be_meant_is_that_of_the_message(time: t.Any) -> None:
    alert = parse(alarm(StateChangeTime=time))
    assert abs(alert.at - NOW) < timedelta(seconds=1)


def test_two_messages_that_say_the_same_words_are_two() -> None:
    texts = [record("disk is full", identity=identity)["body"] for identity in ("a", "b")]
    first, second = (read(text, "x", NOW, TOPICS) for text in texts)
    assert first.key != second.key


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["AlarmName", "NewStateValue", "StateChangeTime", "Trigger", "TriggeringChildren", "AlarmTags", "LogLines",
     "detail",
     "detail-type", "source", "resources", "Event Source", "Event Message", "heartbeat", "monitor", "msg", "alarmArn",
     "alarmData", "kumawatch_drill", "kumawatch_escalation", "kumawatch_acknowledged", "kumawatch_uptime", "Type",
     "Message", "MessageId", "Timestamp", "TopicArn", "NewStateReason", "AlarmContributorAttributes"]
)  # fmt: skip


@given(st.text() | st.dictionaries(keys, json_values, max_size=8).map(json.dumps))
@example("\x00")
@example('{"Type": "Notification", "Message": "{\\"AlarmName\\": 1, \\"NewStateValue\\": true}"}')
def test_no_text_raises_or_is_lost(text: str) -> None:
    alert = read(text, "sqs-1", NOW, TOPICS)
    assert alert.key
    assert alert.source
    assert abs(alert.at - NOW) < timedelta(days=401)
    alert.title.encode()


@given(st.dictionaries(keys, json_values, max_size=6))
def test_an_alarm_with_anything_in_it_is_still_that_alarm(more: dict[str, t.Any]) -> None:
    kept = {key: value for key, value in more.items() if not key.startswith("kumawatch")}
    message = {**alarm(), **kept, "AlarmName": "production/api/cpu/warning", "NewStateValue": "ALARM"}
    alert = parse(json.dumps(message))
    assert alert.source in ("alarm", "raw")
    assert alert.name == "production/api/cpu/warning" or "production/api/cpu/warning" in alert.text
