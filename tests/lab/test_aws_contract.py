# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch answers, as it was recorded to: held against the stand-in, or against the endpoint that is named.

Tests that use ``aws`` hold for any CloudWatch; those that use ``stand_in`` are about what only the lab has.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from lab.aws.testing import Aws

PREFIX = "kumawatch-contract/"
PROTOCOLS = ["smithy-rpc-v2-cbor", "json", "query"]
TOPIC = "arn:aws:sns:us-east-1:111122223333:MyTopic"


def alarm(name: str, **more: Any) -> dict[str, Any]:
    """The least that PutMetricAlarm takes."""
    return {
        "AlarmName": PREFIX + name,
        "Namespace": "kumawatch/contract",
        "MetricName": "metric",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 30.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }


def refused(act: Any, **given: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of what a call is refused with."""
    with pytest.raises(ClientError) as caught:
        act(**given)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


class Wire:
    """CloudWatch by one of its protocols, with botocore's own serializer and parser."""

    def __init__(self, aws: Aws, protocol: str) -> None:
        self.aws, self.protocol = aws, protocol
        self.model = botocore.session.get_session().get_service_model("cloudwatch")

    def __call__(self, operation: str, **given: Any) -> tuple[int, Any, Any]:
        """Status, the parsed answer, and the raw one with its headers."""
        shape = self.model.operation_model(operation)
        made = create_serializer(self.protocol).serialize_to_request(given, shape)
        body = made["body"]
        if isinstance(body, dict):
            body = urllib.parse.urlencode(body).encode()
        elif isinstance(body, str):
            body = body.encode()
        scope = f"20261127/{self.aws.region}/monitoring/aws4_request"
        credential = f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host, Signature=0"
        headers = {**made["headers"], "Authorization": credential}
        request = urllib.request.Request(self.aws.url + made["url_path"], body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                status, got, raw = response.status, dict(response.headers), response.read()
        except urllib.error.HTTPError as exc:
            with exc:
                status, got, raw = exc.code, dict(exc.headers), exc.read()
        lowered = {name.lower(): value for name, value in got.items()}
        answer = {"status_code": status, "headers": lowered, "body": raw}
        return status, create_parser(self.protocol).parse(answer, shape.output_shape), (lowered, raw)


# -- alarms as they are described


def test_describe_shows_what_was_put_and_leaves_out_what_was_not(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("least"))
    answer = cloudwatch.describe_alarms(AlarmNames=[PREFIX + "least"])
    assert answer["CompositeAlarms"] == []
    (found,) = answer["MetricAlarms"]
    times = ("AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp", "StateTransitionedTimestamp")
    assert all(found.pop(name).tzinfo for name in times)
    assert found.pop("AlarmArn").endswith(f":alarm:{PREFIX}least")
    assert found == {
        **alarm("least"),
        "ActionsEnabled": True,
        "AlarmActions": [],
        "OKActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
    }


FULL = {
    "AlarmDescription": 'a "description" with <marks> & Ünïcödé 🚨',
    "ActionsEnabled": False,
    "AlarmActions": [TOPIC],
    "OKActions": [TOPIC],
    "InsufficientDataActions": [TOPIC],
    "Dimensions": [{"Name": "InstanceId", "Value": "abc"}, {"Name": "AutoScalingGroupName", "Value": "b"}],
    "Unit": "Seconds",
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 3,
    "TreatMissingData": "notBreaching",
}

MATH = {
    "AlarmName": PREFIX + "math",
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
    "Metrics": [
        {
            "Id": "rate",
            "Expression": "IF(req>=50, 100*(FILL(t5,0)+FILL(e5,0))/req, 0)",
            "Label": "5xx rate",
            "ReturnData": True,
        },
        *(
            {
                "Id": id,
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/ApplicationELB",
                        "MetricName": name,
                        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/prod-api/50dc6c495c0c9188"}],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
                "ReturnData": False,
            }
            for id, name in (
                ("req", "RequestCount"),
                ("t5", "HTTPCode_Target_5XX_Count"),
                ("e5", "HTTPCode_ELB_5XX_Count"),
            )
        ),
    ],
}

BAND = {
    "AlarmName": PREFIX + "band",
    "EvaluationPeriods": 3,
    "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
    "ThresholdMetricId": "band",
    "Metrics": [
        {
            "Id": "m1",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/EC2", "MetricName": "NetworkIn", "Dimensions": []},
                "Period": 300,
                "Stat": "Average",
            },
            "ReturnData": True,
        },
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": True},
    ],
}

PERCENTILE = {key: value for key, value in alarm("percentile").items() if key != "Statistic"} | {
    "ExtendedStatistic": "p99.9",
    "EvaluateLowSampleCountPercentile": "ignore",
}


@pytest.mark.parametrize(
    "put", [alarm("full", **FULL), MATH, BAND, PERCENTILE], ids=["metric", "math", "band", "percentile"]
)
def test_everything_put_comes_back_and_nothing_else(aws: Aws, put: dict[str, Any]) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**put)
    (found,) = cloudwatch.describe_alarms(AlarmNames=[put["AlarmName"]])["MetricAlarms"]
    assert {name: found.get(name) for name in put} == put
    additional = set(found) - set(put)
    assert additional <= {
        "AlarmArn",
        "ActionsEnabled",
        "OKActions",
        "AlarmActions",
        "InsufficientDataActions",
        "Dimensions",
        "StateValue",
        "StateReason",
        "StateReasonData",
        "StateUpdatedTimestamp",
        "StateTransitionedTimestamp",
        "AlarmConfigurationUpdatedTimestamp",
    }


def test_an_update_replaces_everything_but_state_and_tags(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    tags = [{"Key": "owner", "Value": "first"}]
    cloudwatch.put_metric_alarm(**alarm("update", **FULL, Tags=tags))
    cloudwatch.set_alarm_state(AlarmName=PREFIX + "update", StateValue="ALARM", StateReason="tried")
    cloudwatch.put_metric_alarm(
        **alarm("update", Tags=[{"Key": "owner", "Value": "second"}, {"Key": "b", "Value": "c"}])
    )
    (found,) = cloudwatch.describe_alarms(AlarmNames=[PREFIX + "update"])["MetricAlarms"]
    assert "AlarmDescription" not in found
    assert "TreatMissingData" not in found
    assert "DatapointsToAlarm" not in found
    assert "Unit" not in found
    assert found["Dimensions"] == []
    assert found["ActionsEnabled"] is True
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"] == "tried"
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == tags


def test_tags_live_and_die_with_the_alarm(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("tags", Tags=[{"Key": "Environment", "Value": "Production"}]))
    arn = cloudwatch.describe_alarms(AlarmNames=[PREFIX + "tags"])["MetricAlarms"][0]["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "tag1", "Value": "foo"}, {"Key": "tag2", "Value": "bar"}])
    assert {tag["Key"]: tag["Value"] for tag in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]} == {
        "Environment": "Production",
        "tag1": "foo",
        "tag2": "bar",
    }
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["tag1"])
    left = [tag["Key"] for tag in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]]
    assert sorted(left) == ["Environment", "tag2"]
    cloudwatch.delete_alarms(AlarmNames=[PREFIX + "tags"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    assert refused(cloudwatch.tag_resource, ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])[0] in (
        "ResourceNotFoundException",
        "ResourceNotFound",
    )


def test_pages_of_a_hundred(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    names = [f"{PREFIX}{number:03d}" for number in range(230)]
    for name in names:
        cloudwatch.put_metric_alarm(**{**alarm(""), "AlarmName": name})
    first = cloudwatch.describe_alarms()
    assert [found["AlarmName"] for found in first["MetricAlarms"]] == names[:100]
    second = cloudwatch.describe_alarms(NextToken=first["NextToken"])
    third = cloudwatch.describe_alarms(NextToken=second["NextToken"])
    assert [found["AlarmName"] for found in third["MetricAlarms"]] == names[200:]
    assert "NextToken" not in third
    assert len(cloudwatch.describe_alarms(MaxRecords=7)["MetricAlarms"]) == 7
    assert len(cloudwatch.describe_alarms(AlarmNamePrefix=f"{PREFIX}01")["MetricAlarms"]) == 10
    paged = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=PREFIX)
    assert [found["AlarmName"] for page in paged for found in page["MetricAlarms"]] == names
    assert refused(cloudwatch.describe_alarms, NextToken="made up")[0] == "InvalidNextToken"


def test_types_default_to_metric_alarms(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("child"))
    cloudwatch.put_composite_alarm(AlarmName=PREFIX + "parent", AlarmRule=f'ALARM("{PREFIX}child")')
    plain = cloudwatch.describe_alarms(AlarmNamePrefix=PREFIX)
    assert [found["AlarmName"] for found in plain["MetricAlarms"]] == [PREFIX + "child"]
    assert plain["CompositeAlarms"] == []
    both = cloudwatch.describe_alarms(AlarmNamePrefix=PREFIX, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert len(both["MetricAlarms"]) == len(both["CompositeAlarms"]) == 1
    (parent,) = both["CompositeAlarms"]
    assert "Dimensions" not in parent
    assert "AlarmDescription" not in parent
    assert "ActionsSuppressor" not in parent
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName=PREFIX + "parent")
    assert [found["AlarmName"] for found in children["MetricAlarms"]] == [PREFIX + "child"]
    assert "Threshold" not in children["MetricAlarms"][0]
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName=PREFIX + "child")
    assert [found["AlarmName"] for found in parents["CompositeAlarms"]] == [PREFIX + "parent"]
    cloudwatch.set_alarm_state(AlarmName=PREFIX + "child", StateValue="ALARM", StateReason="tried")
    firing = cloudwatch.describe_alarms(AlarmNamePrefix=PREFIX, StateValue="ALARM")
    assert [found["AlarmName"] for found in firing["MetricAlarms"]] == [PREFIX + "child"]
    assert cloudwatch.describe_alarms(AlarmNamePrefix=PREFIX, StateValue="OK")["MetricAlarms"] == []


def test_children_are_deleted_after_their_composite(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("child"))
    cloudwatch.put_composite_alarm(AlarmName=PREFIX + "parent", AlarmRule=f'ALARM("{PREFIX}child")')
    code, message, status = refused(cloudwatch.delete_alarms, AlarmNames=[PREFIX + "child"])
    assert (code, status) == ("ValidationError", 400)
    assert PREFIX + "child" in message
    assert "composite alarm" in message
    cloudwatch.delete_alarms(AlarmNames=[PREFIX + "parent"])
    cloudwatch.delete_alarms(AlarmNames=[PREFIX + "child"])
    assert cloudwatch.describe_alarms(AlarmNamePrefix=PREFIX)["MetricAlarms"] == []


# -- what is refused


@pytest.mark.parametrize(
    ("operation", "given", "rule"),
    [
        ("delete_alarms", {"AlarmNames": [f"a{number}" for number in range(101)]}, "at 'alarmNames' failed"),
        ("describe_alarms", {"AlarmNames": [f"a{number}" for number in range(101)]}, "less than or equal to 100"),
        ("put_metric_alarm", alarm("x" * 255), "at 'alarmName' failed to satisfy constraint: Member must have length"),
        ("put_metric_alarm", alarm("x", AlarmActions=[TOPIC] * 6), "at 'alarmActions' failed"),
        ("put_metric_alarm", alarm("x", AlarmDescription="x" * 1025), "less than or equal to 1024"),
        ("put_metric_alarm", alarm("x", ComparisonOperator="Greater"), "Member must satisfy enum value set"),
        ("put_metric_alarm", alarm("x", TreatMissingData="sometimes"), "TreatMissingData"),
        ("put_metric_alarm", alarm("x", Period=45), "Period must be 10, 20, 30 or a multiple of 60"),
        ("put_metric_alarm", alarm("x", EvaluationPeriods=1441), "more than a day"),
        ("put_metric_alarm", alarm("x", DatapointsToAlarm=2), "DatapointsToAlarm must be less than or equal to"),
        ("put_metric_alarm", {**MATH, "Metrics": MATH["Metrics"][1:]}, "Exactly one element of the metrics list"),
        ("put_metric_alarm", {**BAND, "ThresholdMetricId": "m1"}, "ANOMALY_DETECTION_BAND"),
        ("put_composite_alarm", {"AlarmName": "x", "AlarmRule": "ALARM("}, "AlarmRule"),
        ("put_composite_alarm", {"AlarmName": "x", "AlarmRule": "ALARM(nobody)"}, "nobody"),
        ("put_composite_alarm", {"AlarmName": "x", "AlarmRule": "MAYBE(nobody)"}, "AlarmRule"),
    ],
)
def test_what_is_refused(aws: Aws, operation: str, given: dict[str, Any], rule: str) -> None:
    code, message, status = refused(getattr(aws.client("cloudwatch"), operation), **given)
    assert (code, status) == ("ValidationError", 400)
    assert rule in message


def test_more_than_a_hundred_records_are_refused(aws: Aws) -> None:
    session = boto3.Session()
    client = session.client(
        "cloudwatch",
        endpoint_url=aws.url,
        region_name=aws.region,
        aws_access_key_id=aws.credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.credentials["AWS_SECRET_ACCESS_KEY"],
        config=boto3.session.Config(parameter_validation=False),
    )
    assert refused(client.describe_alarms, MaxRecords=101) == (
        "ValidationError",
        "1 validation error detected: Value '101' at 'maxRecords' failed to satisfy constraint: Member must have value "
        "less than or equal to 100",
        400,
    )


def test_a_cycle_and_a_missing_suppressor_are_refused(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("child"))
    cloudwatch.put_composite_alarm(AlarmName=PREFIX + "a", AlarmRule=f'ALARM("{PREFIX}child")')
    cloudwatch.put_composite_alarm(AlarmName=PREFIX + "b", AlarmRule=f'ALARM("{PREFIX}a")')
    rule = f'ALARM("{PREFIX}b")'
    assert "cycle" in refused(cloudwatch.put_composite_alarm, AlarmName=PREFIX + "a", AlarmRule=rule)[1]
    assert refused(cloudwatch.put_composite_alarm, AlarmName=PREFIX + "a", AlarmRule=f'OK("{PREFIX}a")')[0] == (
        "ValidationError"
    )
    suppressed = {
        "AlarmName": PREFIX + "c",
        "AlarmRule": "TRUE",
        "ActionsSuppressor": PREFIX + "child",
        "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 120,
    }
    cloudwatch.put_composite_alarm(**suppressed)
    (found,) = cloudwatch.describe_alarms(AlarmNames=[PREFIX + "c"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert {name: found.get(name) for name in suppressed} == suppressed
    missing = {**suppressed, "ActionsSuppressor": PREFIX + "nobody"}
    assert PREFIX + "nobody" in refused(cloudwatch.put_composite_alarm, **missing)[1]
    # The rule of b names a, so a stays until b is gone.
    for name in "cba":
        cloudwatch.delete_alarms(AlarmNames=[PREFIX + name])


def test_deleting_what_is_not_there(aws: Aws) -> None:
    code, _message, status = refused(aws.client("cloudwatch").delete_alarms, AlarmNames=[PREFIX + "nobody"])
    assert (code, status) == ("ResourceNotFound", 404)


# -- each wire format


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_reads_and_answers(stand_in: Aws, protocol: str) -> None:
    wire = Wire(stand_in, protocol)
    assert wire("DescribeAlarms")[1]["MetricAlarms"] == []
    put = alarm("wire", **FULL)
    assert wire("PutMetricAlarm", **put)[0] == 200
    assert wire("PutMetricAlarm", **MATH)[0] == 200
    status, answer, _raw = wire("DescribeAlarms", AlarmNames=[PREFIX + "wire", PREFIX + "math"])
    assert status == 200
    found = {one["AlarmName"]: one for one in answer["MetricAlarms"]}
    assert {name: found[PREFIX + "wire"][name] for name in put} == put
    assert found[PREFIX + "math"]["Metrics"] == MATH["Metrics"]
    assert abs(found[PREFIX + "wire"]["StateUpdatedTimestamp"].timestamp() - time.time()) < 60
    begin = time.time() - 120
    data = [{"MetricName": "m", "Timestamp": begin, "Values": [1.0, 10.0], "Counts": [2, 4], "Unit": "Count"}]
    assert wire("PutMetricData", Namespace="n", MetricData=data)[0] == 200
    asked = {"Namespace": "n", "MetricName": "m", "StartTime": begin - 60, "EndTime": begin + 60, "Period": 60}
    points = wire("GetMetricStatistics", **asked, Statistics=["Sum", "SampleCount", "Maximum"])[1]["Datapoints"]
    assert [(point["Sum"], point["SampleCount"], point["Maximum"], point["Unit"]) for point in points] == [
        (42.0, 6.0, 10.0, "Count")
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_words_its_errors(stand_in: Aws, protocol: str) -> None:
    wire = Wire(stand_in, protocol)
    status, answer, (headers, raw) = wire("SetAlarmState", AlarmName="x", StateReason="r", StateValue="INVALID")
    assert status == 400
    wording = (
        "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must "
        "satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
    )
    assert answer["Error"]["Code"] == "ValidationError"
    assert answer["Error"]["Message"] == wording
    assert answer["Error"]["Type"] == "Sender"
    if protocol != "query":
        assert headers["x-amzn-query-error"] == "ValidationError;Sender"
        assert b"com.amazon.coral.validate#ValidationException" in raw
    status, answer, (headers, raw) = wire("SetAlarmState", AlarmName="x", StateReason="r", StateValue="OK")
    assert status == 404
    assert answer["Error"]["Code"] == "ResourceNotFound"
    if protocol == "query":
        assert b"<Message>" not in raw
    else:
        assert b"com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound" in raw
        assert b"essage" not in raw


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_words_throttling(stand_in: Aws, protocol: str) -> None:
    stand_in.faults({"service": "monitoring", "kind": "throttle", "count": 1})
    status, answer, _raw = Wire(stand_in, protocol)("DescribeAlarms")
    assert status == 400
    assert answer["Error"]["Code"] in ("Throttling", "ThrottlingException")
    assert answer["Error"]["Message"] == "Rate exceeded"


# -- metric data


def test_metric_data_that_contradicts_itself_is_refused(aws: Aws) -> None:
    put = aws.client("cloudwatch").put_metric_data
    both = refused(put, Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0, "Values": [1.0]}])
    assert both == (
        "InvalidParameterCombination",
        "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have "
        "specified both.",
        400,
    )
    sizes = refused(put, Namespace="n", MetricData=[{"MetricName": "m", "Values": [1.0], "Counts": [1, 2]}])
    assert sizes == (
        "InvalidParameterValue",
        "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        400,
    )
    held = {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}
    third = refused(put, Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0, "StatisticValues": held}])
    assert third[1].startswith(
        "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive"
    )


def test_statistics_have_a_limit_and_an_order(aws: Aws) -> None:
    get = aws.client("cloudwatch").get_metric_statistics
    now = time.time()
    asked = {"Namespace": "n", "MetricName": "metric_name", "Statistics": ["SampleCount"]}
    assert refused(get, **asked, StartTime=now - 86400, EndTime=now, Period=1) == (
        "InvalidParameterCombination",
        "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range.",
        400,
    )
    assert refused(get, **asked, StartTime=now, EndTime=now - 60, Period=60) == (
        "InvalidParameterValue",
        "The parameter StartTime must be less than the parameter EndTime.",
        400,
    )
    answer = get(**asked, StartTime=now - 86400, EndTime=now, Period=60)
    assert (answer["Datapoints"], answer["Label"]) == ([], "metric_name")


def test_units_make_datapoints_of_their_own(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    now = int(time.time()) // 60 * 60 - 120
    for value, unit in ((1.0, "Seconds"), (5.0, "Count"), (10.0, None)):
        datum: dict[str, Any] = {"MetricName": "m-test", "Value": value, "Timestamp": now}
        cloudwatch.put_metric_data(Namespace="n", MetricData=[{**datum, **({"Unit": unit} if unit else {})}])
    points = cloudwatch.get_metric_statistics(
        Namespace="n", MetricName="m-test", StartTime=now - 60, EndTime=now + 60, Period=60, Statistics=["Average"]
    )["Datapoints"]
    assert {(point["Average"], point["Unit"]) for point in points} == {(1.0, "Seconds"), (5.0, "Count"), (10.0, "None")}
    asked = {
        "Id": "m1",
        "MetricStat": {
            "Metric": {"Namespace": "n", "MetricName": "m-test"},
            "Period": 60,
            "Stat": "Average",
            "Unit": "Seconds",
        },
    }
    answer = cloudwatch.get_metric_data(MetricDataQueries=[asked], StartTime=now - 60, EndTime=now + 60)
    assert answer["Messages"] == []
    (result,) = answer["MetricDataResults"]
    assert (result["Id"], result["Label"], result["StatusCode"], result["Values"]) == (
        "m1",
        "m-test",
        "Complete",
        [1.0],
    )


def test_labels_tell_queries_of_one_metric_apart(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    now = int(time.time()) // 60 * 60 - 120
    cloudwatch.put_metric_data(
        Namespace="n", MetricData=[{"MetricName": "metric1", "Values": [0.0, 16.5, 100.0], "Timestamp": now}]
    )
    queries = [
        {
            "Id": f"result_{stat}",
            "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "metric1"}, "Period": 60, "Stat": stat},
        }
        for stat in ("Sum", "Minimum", "Maximum")
    ]
    results = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=now - 60, EndTime=now + 60)
    assert [(result["Label"], result["Values"]) for result in results["MetricDataResults"]] == [
        ("metric1 Sum", [116.5]),
        ("metric1 Minimum", [0.0]),
        ("metric1 Maximum", [100.0]),
    ]


def test_metrics_are_listed_with_their_dimensions(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    pairs = [{"Name": "method", "Value": "GET"}, {"Name": "error", "Value": "none"}]
    cloudwatch.put_metric_data(
        Namespace="n",
        MetricData=[{"MetricName": "count", "Value": 5.0, "Dimensions": pairs}, {"MetricName": "b", "Value": 1.0}],
    )
    (found,) = cloudwatch.list_metrics(Namespace="n", Dimensions=[{"Name": "method"}])["Metrics"]
    assert found == {"Namespace": "n", "MetricName": "count", "Dimensions": sorted(pairs, key=lambda one: one["Name"])}
    assert len(cloudwatch.list_metrics(Namespace="n")["Metrics"]) == 2


# -- anomaly detectors


def test_an_anomaly_detector_is_described_as_aws_does(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    single = {
        "Namespace": "kumawatch/contract",
        "MetricName": "MyMetric",
        "Dimensions": [{"Name": "DimensionName", "Value": "DimensionValue"}],
        "Stat": "Sum",
    }
    cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=single)
    (found,) = cloudwatch.describe_anomaly_detectors(Namespace="kumawatch/contract")["AnomalyDetectors"]
    account = found["SingleMetricAnomalyDetector"]["AccountId"]
    found.pop("AnomalyDetectorId", None)
    assert found == {
        **single,
        "Configuration": {"ExcludedTimeRanges": []},
        "SingleMetricAnomalyDetector": {**single, "AccountId": account},
        "StateValue": "PENDING_TRAINING",
    }
    cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=single)
    assert cloudwatch.describe_anomaly_detectors(Namespace="kumawatch/contract")["AnomalyDetectors"] == []


def test_a_band_alarm_makes_its_detector(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    cloudwatch.put_metric_alarm(**BAND)
    cloudwatch.put_metric_alarm(**BAND)
    (found,) = cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"]
    assert (found["Namespace"], found["MetricName"], found["Stat"]) == ("AWS/EC2", "NetworkIn", "Average")


# -- dashboards


def test_a_dashboard_from_put_to_delete(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    widget = {
        "type": "metric",
        "x": 0,
        "y": 0,
        "width": 6,
        "height": 6,
        "properties": {
            "metrics": [["AWS/EC2", "CPUUtilization", "InstanceId", "i-12345678"]],
            "region": "us-east-1",
            "view": "timeSeries",
            "stacked": False,
        },
    }
    body = json.dumps({"widgets": [widget]})
    name = "kumawatch-contract"
    assert cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)["DashboardValidationMessages"] == []
    found = cloudwatch.get_dashboard(DashboardName=name)
    assert json.loads(found["DashboardBody"]) == {"widgets": [widget]}
    arn = found["DashboardArn"]
    assert arn.endswith(f":dashboard/{name}")
    assert "::" in arn, "a dashboard belongs to no Region"
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert (entry["DashboardName"], entry["DashboardArn"], entry["Size"]) == (name, arn, len(body))
    assert cloudwatch.list_dashboards(DashboardNamePrefix="no such")["DashboardEntries"] == []
    cloudwatch.delete_dashboards(DashboardNames=[name])
    assert refused(cloudwatch.get_dashboard, DashboardName=name)[::2] == ("ResourceNotFound", 404)
    assert refused(cloudwatch.delete_dashboards, DashboardNames=[name])[::2] == ("ResourceNotFound", 404)


def test_dashboards_that_are_none_are_refused(aws: Aws) -> None:
    put = aws.client("cloudwatch").put_dashboard
    assert refused(put, DashboardName="test this", DashboardBody='{"widgets": []}')[:2] == (
        "InvalidParameterValue",
        "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) "
        "and underscore (_).\n",
    )
    bad: list[Any] = [
        "no json",
        json.dumps({"widgets": {}}),
        json.dumps({"widgets": [{"type": "pie", "properties": {}}]}),
        json.dumps({"widgets": [{"type": "text", "x": 24, "properties": {"markdown": "x"}}]}),
        json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "x"}}] * 501}),
    ]
    for body in bad:
        assert refused(put, DashboardName="kumawatch-contract", DashboardBody=body)[0] == "InvalidParameterInput", body


def test_dashboards_are_listed_in_pages(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    for number in range(1005):
        cloudwatch.put_dashboard(DashboardName=f"d{number:04d}", DashboardBody='{"widgets": []}')
    first = cloudwatch.list_dashboards()
    assert len(first["DashboardEntries"]) == 1000
    rest = cloudwatch.list_dashboards(NextToken=first["NextToken"])
    assert [entry["DashboardName"] for entry in rest["DashboardEntries"]] == [
        f"d{number}" for number in range(1000, 1005)
    ]
    assert "NextToken" not in rest


# -- log alarms


def test_a_log_alarm_is_kept_and_moved_by_hand(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    put = {
        "AlarmName": PREFIX + "log",
        "AlarmDescription": "errors",
        "ScheduledQueryConfiguration": {
            "QueryString": "fields @message | filter level = 'ERROR'",
            "LogGroupIdentifiers": ["/app/api"],
            "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/query",
            "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300},
            "AggregationExpression": "count(*)",
        },
        "ActionLogLineCount": 5,
        "ActionLogLineRoleArn": "arn:aws:iam::123456789012:role/lines",
        "QueryResultsToEvaluate": 3,
        "QueryResultsToAlarm": 2,
        "Threshold": 10.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    cloudwatch.put_log_alarm(**put)
    assert cloudwatch.describe_alarms()["LogAlarms"] == []
    (found,) = cloudwatch.describe_alarms(AlarmTypes=["LogAlarm"])["LogAlarms"]
    # AWS makes a scheduled query for it.
    assert ":scheduled-query:" in found["ScheduledQueryConfiguration"].pop("QueryARN")
    assert {name: found.get(name) for name in put} == put
    cloudwatch.set_alarm_state(AlarmName=PREFIX + "log", StateValue="ALARM", StateReason="by hand")
    stand_in.evaluate()
    assert cloudwatch.describe_alarms(AlarmTypes=["LogAlarm"])["LogAlarms"][0]["StateValue"] == "ALARM"
    assert "QueryResultsToAlarm" in refused(cloudwatch.put_log_alarm, **{**put, "QueryResultsToAlarm": 4})[1]
    configuration = {**put["ScheduledQueryConfiguration"], "QueryString": "fliter level = 'ERROR'"}
    code = refused(cloudwatch.put_log_alarm, **{**put, "ScheduledQueryConfiguration": configuration})[0]
    assert code == "ValidationError"


# -- mute rules


def test_a_mute_rule_from_put_to_delete(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("muted"))
    put = {
        "Name": "night",
        "Description": "backups",
        "Rule": {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT2H", "Timezone": "Europe/Berlin"}},
        "MuteTargets": {"AlarmNames": [PREFIX + "muted"]},
    }
    cloudwatch.put_alarm_mute_rule(**put, Tags=[{"Key": "managed-by", "Value": "kumawatch-prod"}])
    found = cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="night")
    assert {name: found.get(name) for name in put} == put
    assert found["Status"] in ("SCHEDULED", "ACTIVE")
    (summary,) = cloudwatch.list_alarm_mute_rules(AlarmName=PREFIX + "muted")["AlarmMuteRuleSummaries"]
    assert summary["AlarmMuteRuleArn"] == found["AlarmMuteRuleArn"]
    tags = cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmMuteRuleArn"])["Tags"]
    assert tags == [{"Key": "managed-by", "Value": "kumawatch-prod"}]
    for schedule in (
        {"Expression": "cron(0 2 * *)", "Duration": "PT2H"},
        {"Expression": "cron(0 25 * * *)", "Duration": "PT2H"},
        {"Expression": "at(2026-11-27T12:00)", "Duration": "PT30S"},
        {"Expression": "at(2026-11-27T12:00)", "Duration": "P16D"},
        {"Expression": "at(2026-11-27T12:00)", "Duration": "PT1H", "Timezone": "Mars/Olympus"},
        {"Expression": "rate(5 minutes)", "Duration": "PT1H"},
    ):
        assert refused(cloudwatch.put_alarm_mute_rule, Name="x", Rule={"Schedule": schedule})[0] == "ValidationError"
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="night")
    assert refused(cloudwatch.get_alarm_mute_rule, AlarmMuteRuleName="night")[::2] == ("ResourceNotFoundException", 404)
