# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service level objectives: checked before anything is written, compared by what they mean, sent as AWS takes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import slos_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import Actual
from tests.unit.plugins.module_utils._aws.account import Account

SERVICE: dict[str, Any] = {
    "name": "api",
    "service": {"name": "api", "environment": "production", "type": None},
    "indicator": "availability",
}
STAT = {"namespace": "n", "metric": "m", "period": 60, "stat": "Sum", "dimensions": None, "unit": None}
TOTAL = [{"id": "t", "metric_stat": STAT, "expression": None}]
METRICS: dict[str, Any] = {"name": "api", "total_requests": TOTAL, "bad_requests": [{"id": "b", "metric_stat": STAT}]}


def declared(**entry: Any) -> Any:
    (result,) = model.desired([entry], Account())
    return result


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "x"}, "objective 'x': name takes 2 to 128 letters"),
        ({"name": "a/b"}, "begins and ends with a letter or a digit"),
        ({**SERVICE, "description": ""}, "description takes 1 to 1024 characters"),
        ({**SERVICE, "goal": 100}, "goal must be a percentage above 0 and below 100, not 100"),
        ({**SERVICE, "warning": 0}, "warning must be a percentage above 0 and below 100, not 0"),
        ({**SERVICE, "period": 90}, "period must be a multiple of 60 seconds, not 90"),
        ({**SERVICE, "period": 30}, "period must be from 60 to 900 seconds, not 30"),
        ({**SERVICE, "interval": {"duration": 1, "unit": "month"}}, "interval of months needs start"),
        ({**SERVICE, "interval": {"duration": 0, "unit": "day"}}, "interval.duration must be at least 1, not 0"),
        ({**SERVICE, "interval": {"duration": 1, "unit": "day", "start": "x"}}, "interval.start must be a moment"),
        ({**SERVICE, "burn_rate_windows": list(range(1, 12))}, "burn_rate_windows has 11 windows"),
        ({**SERVICE, "burn_rate_windows": [10081]}, "burn_rate_windows must be from 1 to 10080 minutes"),
        ({**SERVICE, "total_requests": TOTAL}, "total_requests counts by metrics and service by a discovered service"),
        ({**METRICS, "good_requests": TOTAL}, "give good_requests or bad_requests, not both"),
        ({**METRICS, "evaluation": "periods"}, "total_requests is for evaluation: requests"),
        ({**METRICS, "total_requests": []}, "total_requests is empty"),
        ({**METRICS, "total_requests": [{"id": "t"}]}, "total_requests needs either expression or metric_stat for 't'"),
        (
            {**METRICS, "total_requests": [*TOTAL, {"id": "u", "metric_stat": STAT}]},
            "total_requests must say return_data: true of exactly one of them",
        ),
        ({**SERVICE, "ignore": ["gaol"]}, "did you mean 'goal'?"),
    ],
)
def test_a_wrong_objective_is_refused_by_its_name(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        declared(**entry)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "new"}, "objective 'new' is new and lacks total_requests and good_requests or bad_requests (or"),
        ({"name": "new", "evaluation": "periods"}, "lacks queries and threshold and comparison: add it."),
        ({"name": "new", "indicator": "latency"}, "lacks service and threshold and comparison"),
        ({"name": "new", "service": SERVICE["service"]}, "lacks indicator: add it."),
    ],
)
def test_a_new_objective_needs_more(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        model.check(declared(**entry), None)
    assert said in str(caught.value)


def test_a_botocore_that_does_not_know_is_named() -> None:
    old = Account(unknown=("CreateServiceLevelObjective.BurnRateConfigurations",))
    assert model.desired([SERVICE], old)
    with pytest.raises(KumawatchError, match=r"objective 'api': burn_rate_windows needs botocore 1\.35\.60"):
        model.desired([{**SERVICE, "burn_rate_windows": [5]}], old)


def test_a_new_objective_of_a_service() -> None:
    sent = model.request(declared(**SERVICE, goal=99.9, interval={"duration": 28, "unit": "day"}).properties)
    assert sent == {
        "RequestBasedSliConfig": {
            "RequestBasedSliMetricConfig": {
                "KeyAttributes": {"Type": "Service", "Name": "api", "Environment": "production"},
                "MetricType": "AVAILABILITY",
            }
        },
        "Goal": {"Interval": {"RollingInterval": {"DurationUnit": "DAY", "Duration": 28}}, "AttainmentGoal": 99.9},
    }


def test_a_new_objective_of_metrics() -> None:
    start = {"duration": 1, "unit": "month", "start": "2026-01-01T00:00:00Z"}
    sent = model.request(declared(**METRICS, interval=start).properties)
    metric = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    assert sent["RequestBasedSliConfig"]["RequestBasedSliMetricConfig"] == {
        "TotalRequestCountMetric": [{"Id": "t", "ReturnData": True, "MetricStat": metric}],
        "MonitoredRequestCountMetric": {"BadCountMetric": [{"Id": "b", "ReturnData": True, "MetricStat": metric}]},
    }
    assert sent["Goal"]["Interval"]["CalendarInterval"]["StartTime"] == datetime(2026, 1, 1, tzinfo=UTC)


STORED: dict[str, Any] = {
    "Name": "api",
    "Arn": "arn:aws:application-signals:eu-central-1:123456789012:slo/api",
    "EvaluationType": "PeriodBased",
    "Goal": {
        "Interval": {"RollingInterval": {"DurationUnit": "DAY", "Duration": 7}},
        "AttainmentGoal": 99.0,
        "WarningThreshold": 50.0,
    },
    "Sli": {
        "SliMetric": {
            "KeyAttributes": {"Type": "Service", "Name": "api", "Environment": "production"},
            "MetricType": "LATENCY",
            "MetricDataQueries": [
                {
                    "Id": "m1",
                    "MetricStat": {
                        "Metric": {"Namespace": "ApplicationSignals", "MetricName": "Latency", "Dimensions": []},
                        "Period": 60,
                        "Stat": "p99",
                    },
                    "ReturnData": True,
                }
            ],
        },
        "MetricThreshold": 300.0,
        "ComparisonOperator": "LessThan",
    },
}


def test_what_aws_replaces_as_a_whole_is_sent_whole_and_what_it_filled_in_is_not() -> None:
    before = model.properties_of(STORED)
    assert (before["statistic"], before["period"], before["evaluation"]) == ("p99", 60, "periods")
    assert model.change(before, {"threshold": 250.0}) == {
        "SliConfig": {
            "SliMetricConfig": {
                "KeyAttributes": {"Type": "Service", "Name": "api", "Environment": "production"},
                "MetricType": "LATENCY",
                "Statistic": "p99",
                "PeriodSeconds": 60,
            },
            "MetricThreshold": 250.0,
            "ComparisonOperator": "LessThan",
        }
    }
    assert model.change(before, {"goal": 95.0}) == {
        "Goal": {
            "Interval": {"RollingInterval": {"DurationUnit": "DAY", "Duration": 7}},
            "AttainmentGoal": 95.0,
            "WarningThreshold": 50.0,
        }
    }
    assert model.change(before, {"tags": {}}) == {}


def test_from_a_service_to_metrics() -> None:
    wanted = declared(name="api", queries=[{"id": "q", "metric_stat": STAT}]).properties
    (config,) = model.change(model.properties_of(STORED), wanted).values()
    assert list(config["SliMetricConfig"]) == ["MetricDataQueries"]
    assert (config["MetricThreshold"], config["ComparisonOperator"]) == (300.0, "LessThan")


def test_what_is_counted_cannot_change() -> None:
    item = Actual("api", "api", "arn", model.properties_of(STORED))
    model.check(declared(name="api", goal=95), item)
    with pytest.raises(KumawatchError, match="counts periods, and AWS cannot let it count requests"):
        model.check(declared(**METRICS), item)
