# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries become what CloudWatch takes, and what CloudWatch shows compares with what was declared."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import alarm_checks as checks
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import alarm_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import FAMILIES, METRIC
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.entries import given
from tests.unit.plugins.module_utils._aws.alarm_entries import (
    ROLE,
    TOPIC,
    anomaly,
    every_kind,
    insights,
    log,
    math,
    metric,
)
from tests.unit.plugins.module_utils._aws.cloudwatch import CloudWatch

REGION = "eu-central-1"


def put(entry: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The operation and the parameters that an entry becomes."""
    told = given(entry)
    kind = checks.kind(told)
    assert kind is not None
    family = FAMILIES[kind]
    return model.PUT[family], model.parameters(told["name"], family, model.declared(told, kind, REGION))


def shown(entry: dict[str, Any]) -> dict[str, Any]:
    """What CloudWatch shows of an alarm that was declared by an entry."""
    cloudwatch = CloudWatch()
    for name in ("cpu", "errors"):
        cloudwatch.put("PutMetricAlarm", AlarmName=name)
    operation, parameters = put(entry)
    cloudwatch.put(operation, **parameters)
    return {key: value for key, value in cloudwatch.alarms[entry["name"]].items() if key != "kind"}


@pytest.mark.parametrize("entry", every_kind(), ids=lambda entry: entry["name"])
def test_what_was_put_is_what_was_declared(entry: dict[str, Any]) -> None:
    told = given(entry)
    declared = model.declared(told, checks.kind(told), REGION)
    actual = model.properties(shown(entry), REGION)
    differing = [name for name, value in declared.items() if not model.equal(name, actual.get(name), value, REGION)]
    assert differing == []


@pytest.mark.parametrize("entry", every_kind(), ids=lambda entry: entry["name"])
def test_what_is_exported_declares_the_same_alarm(entry: dict[str, Any]) -> None:
    item = shown(entry)
    exported = model.exported(item, {"team": "a", "aws:x": "y"})
    assert exported.pop("tags") == {"team": "a"}
    assert exported["kind"] == checks.kind(exported)
    assert put({**exported, "state": "present"}) == put(entry)
    assert not {key for key, value in exported.items() if value in (None, [], {})}


def test_a_metric_alarm() -> None:
    assert put(metric(description="  busy\n", alarm_actions=[TOPIC, TOPIC], treat_missing_data="breaching")) == (
        "PutMetricAlarm",
        {
            "AlarmName": "cpu",
            "AlarmDescription": "busy",
            "AlarmActions": [TOPIC],
            "Namespace": "AWS/EC2",
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
            "Statistic": "Average",
            "Period": 60,
            "Threshold": 80.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 5,
            "TreatMissingData": "breaching",
        },
    )


def test_a_band_the_short_way() -> None:
    _operation, parameters = put(anomaly(band=2.5))
    assert "Threshold" not in parameters
    assert "Namespace" not in parameters
    assert parameters["ThresholdMetricId"] == "ad1"
    assert parameters["Metrics"] == [
        {"Id": "ad1", "ReturnData": True, "Expression": "ANOMALY_DETECTION_BAND(m1, 2.5)"},
        {
            "Id": "m1",
            "ReturnData": True,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/EC2",
                    "MetricName": "NetworkIn",
                    "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
                },
                "Period": 300,
                "Stat": "Average",
            },
        },
    ]


def test_a_query_the_short_way() -> None:
    _operation, parameters = put(insights())
    assert parameters["Metrics"] == [
        {
            "Id": "q1",
            "ReturnData": True,
            "Expression": insights()["query"],
            "Period": 300,
        }
    ]
    assert "Period" not in parameters


def test_a_log_alarm() -> None:
    operation, parameters = put(log())
    assert operation == "PutLogAlarm"
    assert parameters["ScheduledQueryConfiguration"] == {
        "QueryString": "filter level = 'ERROR'",
        "LogGroupIdentifiers": ["/api/access", "/api/app"],
        "ScheduledQueryRoleARN": ROLE,
        "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 360},
        "AggregationExpression": "count(*)",
    }
    assert (parameters["QueryResultsToEvaluate"], parameters["QueryResultsToAlarm"]) == (5, 3)
    assert (parameters["ActionLogLineCount"], parameters["ActionLogLineRoleArn"]) == (5, ROLE)


@pytest.mark.parametrize("entry", every_kind(), ids=lambda entry: entry["name"])
def test_botocore_takes_what_is_put(entry: dict[str, Any]) -> None:
    session = pytest.importorskip("botocore.session").get_session()
    validate = pytest.importorskip("botocore.validate").ParamValidator()
    operation, parameters = put(entry)
    shape = session.get_service_model("cloudwatch").operation_model(operation).input_shape
    unknown = set(parameters) - set(shape.members)
    if unknown:
        pytest.skip(f"the installed botocore does not know {sorted(unknown)}")
    report = validate.validate(parameters, shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("operation", list(model.PUT.values()))
def test_everything_that_botocore_knows_of_alarms_is_an_option(operation: str) -> None:
    session = pytest.importorskip("botocore.session").get_session()
    service = session.get_service_model("cloudwatch")
    if operation not in service.operation_names:
        pytest.skip("the installed botocore does not know it")
    written = {
        member for entry in every_kind() for name, found in [put(entry)] if name == operation for member in found
    }
    assert set(service.operation_model(operation).input_shape.members) - written - {"Tags"} == set()


@pytest.mark.parametrize(
    ("changed", "option", "expected"),
    [
        ({"AlarmDescription": ""}, "description", None),
        ({"AlarmDescription": "busy\n"}, "description", "busy"),
        ({"TreatMissingData": "missing"}, "treat_missing_data", "missing"),
        ({"Threshold": 80}, "threshold", 80.0),
        ({"Unit": None}, "unit", None),
        ({"AlarmActions": ["arn:b", "arn:a"]}, "alarm_actions", ["arn:a", "arn:b"]),
        (
            {"Dimensions": [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]},
            "dimensions",
            {"a": "1", "b": "2"},
        ),
        ({"ExtendedStatistic": "p99.0"}, "extended_statistic", "p99"),
        ({"ExtendedStatistic": "TM(10%:90%)"}, "extended_statistic", "TM(10%:90%)"),
        ({"EvaluationWindow": {"SlidingWindow": {}}}, "evaluation_window", {"type": "sliding", "timezone": None}),
        (
            {"EvaluationWindow": {"WallClockWindow": {}}},
            "evaluation_window",
            {"type": "wall_clock", "timezone": "UTC"},
        ),
        ({}, "datapoints_to_alarm", 5),
        ({"DatapointsToAlarm": 2}, "datapoints_to_alarm", 2),
        ({}, "actions_enabled", True),
        ({"ActionsEnabled": False}, "actions_enabled", False),
        ({"Threshold": 0}, "threshold", 0.0),
    ],
)
def test_what_cloudwatch_shows_is_normalised(changed: dict[str, Any], option: str, expected: Any) -> None:
    item = {**shown(metric()), **changed}
    assert model.properties(item)[option] == expected


def test_the_default_of_the_api_is_no_change_of_metric_math() -> None:
    item = shown(math())
    for member in item["Metrics"]:
        if member["ReturnData"]:
            del member["ReturnData"]
        if "MetricStat" in member:
            member["MetricStat"]["Metric"]["Dimensions"].reverse()
    item["Metrics"].reverse()
    assert model.properties(item)["metrics"] == model.declared(given(math()), "metric_math")["metrics"]


def test_m_follows_n_only_where_m_was_never_set() -> None:
    assert model.carried(shown(metric()))["datapoints_to_alarm"] is None
    assert model.carried(shown(metric(datapoints_to_alarm=5)))["datapoints_to_alarm"] == 5


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"alarm": "a", "wait": 1, "extension": 2}, {"wait": 5}, {"alarm": "a", "wait": 5, "extension": 2}),
        (
            {"alarm": "a", "wait": 1, "extension": 2},
            {"alarm": None, "wait": None, "extension": None},
            {"alarm": None, "wait": None, "extension": None},
        ),
    ],
)
def test_suboptions_that_are_not_set_are_kept(before: Any, after: Any, expected: Any) -> None:
    assert model.merged({"suppressor": before}, {"suppressor": after})["suppressor"] == expected


def test_an_empty_name_takes_the_suppressor_away() -> None:
    declared = model.declared({"name": "x", "suppressor": {"alarm": ""}}, "composite")
    assert not model.equal("suppressor", {"alarm": "a", "wait": 1, "extension": 2}, declared["suppressor"])
    assert model.equal("suppressor", {"alarm": None, "wait": None, "extension": None}, declared["suppressor"])


def test_one_list_of_propagated_tags_replaces_the_other() -> None:
    declared = model.declared({"name": "x", "propagated_tags": {"exclude": ["b", "a"]}}, "metric")
    assert declared["propagated_tags"] == {"include": [], "exclude": ["a", "b"]}


def test_what_is_declared_rules_out_its_opposite() -> None:
    of_metrics = model.declared(given(math()), "metric_math")
    assert [of_metrics[name] for name in ("metric", "statistic", "dimensions", "threshold_metric_id")] == [
        None,
        None,
        {},
        None,
    ]
    of_one = model.declared(given(metric()), "metric")
    assert (of_one["metrics"], of_one["extended_statistic"], of_one["promql"]) == ([], None, {"query": None})
    assert model.declared(given(anomaly()), "anomaly")["threshold"] is None


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"AlarmRule": "TRUE"}, "composite"),
        ({"ScheduledQueryConfiguration": {}}, "log"),
        ({"MetricName": "x"}, "metric"),
        ({"Metrics": [{"Id": "a", "Expression": "m"}]}, "metric_math"),
        ({"Metrics": [{"Id": "a", "Expression": " select 1"}]}, "metrics_insights"),
        ({"Metrics": [{"Id": "a"}], "ThresholdMetricId": "a"}, "anomaly"),
        ({"EvaluationCriteria": {"PromQLCriteria": {}}}, "promql"),
    ],
)
def test_the_kind_of_what_exists(item: dict[str, Any], kind: str) -> None:
    assert model.kind_of(item) == kind
    assert model.family(item) == FAMILIES[kind]


def test_a_metric_without_dimensions() -> None:
    _operation, parameters = put(metric(dimensions={}))
    assert "Dimensions" not in parameters
    assert model.family(shown(metric(dimensions={}))) == METRIC
