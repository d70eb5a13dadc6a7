# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms of the running stand-in: what moves them, what they tell and when they keep quiet."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from lab.aws.testing import Aws

MINUTE = 60.0


class Alarms:
    """The stand-in with a topic whose messages land in a queue, and a clock that the test turns."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.cloudwatch = aws, aws.client("cloudwatch")
        self.sns, self.sqs = aws.client("sns"), aws.client("sqs")
        self.topic = self.sns.create_topic(Name="alarms")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        self.now = time.time() // 3600 * 3600 + 3600
        """A full hour to come, so that no period ends by itself while a test runs."""
        aws.evaluate(self.now)

    def put(self, name: str, **more: Any) -> None:
        """A metric alarm that tells the topic of all its states: over 80 in one period of a minute."""
        single = {
            "Namespace": "n",
            "MetricName": "m",
            "Statistic": "Average",
            "Period": 60,
        }
        given = {
            "AlarmName": name,
            "EvaluationPeriods": 1,
            "Threshold": 80.0,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [self.topic],
            "OKActions": [self.topic],
            "InsufficientDataActions": [self.topic],
            **({} if "Metrics" in more else single),
            **more,
        }
        self.cloudwatch.put_metric_alarm(**{key: value for key, value in given.items() if value is not None})

    def composite(self, name: str, rule: str, **more: Any) -> None:
        self.cloudwatch.put_composite_alarm(
            AlarmName=name, AlarmRule=rule, AlarmActions=[self.topic], OKActions=[self.topic], **more
        )

    def feed(self, *values: float | None, metric: str = "m", step: float = MINUTE, **dimensions: str) -> None:
        """Points, the last of them in the period that begins now; None is a period without one."""
        for number, value in enumerate(reversed(values)):
            if value is not None:
                self.cloudwatch.put_metric_data(
                    Namespace="n",
                    MetricData=[
                        {
                            "MetricName": metric,
                            "Value": value,
                            "Timestamp": self.now - number * step,
                            "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
                        }
                    ],
                )

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.aws.evaluate(self.now)

    def state(self, name: str) -> str:
        self.aws.evaluate()
        found = self.described(name)
        return str(found["StateValue"])

    def described(self, name: str) -> dict[str, Any]:
        answer = self.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        found: dict[str, Any] = [*answer["MetricAlarms"], *answer["CompositeAlarms"]][0]
        return found

    def set(self, name: str, state: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="by hand")

    def told(self) -> list[dict[str, Any]]:
        """What the topic was told since the last look, oldest first."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def changes(self) -> list[tuple[str, str]]:
        return [(message["AlarmName"], message["NewStateValue"]) for message in self.told()]


@pytest.fixture
def alarms(stand_in: Aws) -> Alarms:
    return Alarms(stand_in)


# -- by itself


def test_a_metric_moves_its_alarm_without_being_asked(stand_in: Aws, until: Callable[..., Any]) -> None:
    alarms = Alarms(stand_in)
    stand_in.call("DELETE", "/_lab/clock")
    alarms.put("auto")
    alarms.cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 90.0}])
    until(lambda: alarms.described("auto")["StateValue"] == "ALARM", 5, "the alarm")
    assert alarms.changes() == [("auto", "ALARM")]


def test_the_clock_can_run_faster(stand_in: Aws, until: Callable[..., Any]) -> None:
    alarms = Alarms(stand_in)
    alarms.put("silent", TreatMissingData="breaching", EvaluationPeriods=3)
    alarms.feed(10.0)
    assert alarms.state("silent") == "OK"
    stand_in.call("POST", "/_lab/clock", {"speed": 600})
    until(lambda: alarms.described("silent")["StateValue"] == "ALARM", 10, "ten minutes in a second")


def test_the_clock_can_go_back(stand_in: Aws) -> None:
    """Points of the past, looked at from the past: what a test of an hour ago needs."""
    alarms = Alarms(stand_in)
    alarms.put("x")
    alarms.pass_time(-7200.0)
    alarms.feed(90.0)
    assert alarms.state("x") == "ALARM"
    alarms.pass_time(MINUTE)
    alarms.feed(10.0)
    assert alarms.state("x") == "OK"
    stand_in.call("DELETE", "/_lab/clock")
    assert alarms.state("x") == "INSUFFICIENT_DATA"


# -- M of N, and back


def test_five_of_five_and_back(alarms: Alarms) -> None:
    alarms.put("cpu", EvaluationPeriods=5)
    alarms.feed(90.0, 90.0, 90.0, 90.0)
    assert alarms.state("cpu") == "INSUFFICIENT_DATA"
    alarms.pass_time(MINUTE)
    alarms.feed(91.5)
    assert alarms.state("cpu") == "ALARM"
    assert alarms.state("cpu") == "ALARM"
    alarms.pass_time(MINUTE)
    alarms.feed(40.0)
    assert alarms.state("cpu") == "OK"
    assert alarms.changes() == [("cpu", "ALARM"), ("cpu", "OK")]


def test_three_of_five(alarms: Alarms) -> None:
    alarms.put("cpu", EvaluationPeriods=5, DatapointsToAlarm=3)
    alarms.feed(10.0, 10.0, 90.0, 10.0, 90.0)
    assert alarms.state("cpu") == "OK"
    alarms.pass_time(MINUTE)
    alarms.feed(95.0)
    assert alarms.state("cpu") == "ALARM"
    reason = alarms.described("cpu")["StateReason"]
    assert reason.startswith("Threshold Crossed: ")
    assert "out of the last 5 datapoints" in reason
    assert reason.endswith("greater than the threshold (80.0) (minimum 3 datapoints for OK -> ALARM transition).")


def test_an_alarm_sees_its_own_dimensions_only(alarms: Alarms) -> None:
    alarms.put("one", Dimensions=[{"Name": "InstanceId", "Value": "i-1"}])
    alarms.put("none")
    alarms.feed(95.0, InstanceId="i-2")
    alarms.feed(10.0, InstanceId="i-1")
    alarms.feed(95.0, InstanceId="i-1", Other="x")
    assert alarms.state("one") == "OK"
    assert alarms.state("none") == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("statistic", "value", "breached"),
    [
        ("SampleCount", 3.0, True),
        ("Sum", 106.0, True),
        ("Minimum", 2.0, True),
        ("Maximum", 100.0, True),
        ("Average", 35.0, True),
        ("p50", 4.0, True),
        ("tm60", 2.0, True),
        ("Minimum", 4.5, False),
        ("p50", 4.5, False),
    ],
)
def test_every_statistic(alarms: Alarms, statistic: str, value: float, breached: bool) -> None:
    kind = "Statistic" if statistic[0].isupper() else "ExtendedStatistic"
    more: dict[str, Any] = {"Statistic": None, kind: statistic}
    alarms.put("x", **more, ComparisonOperator="GreaterThanOrEqualToThreshold", Threshold=value)
    alarms.cloudwatch.put_metric_data(
        Namespace="n", MetricData=[{"MetricName": "m", "Values": [2.0, 4.0, 100.0], "Timestamp": alarms.now}]
    )
    assert alarms.state("x") == ("ALARM" if breached else "OK")


def test_low_samples_of_a_percentile_change_nothing(alarms: Alarms) -> None:
    more: dict[str, Any] = {"Statistic": None, "ExtendedStatistic": "p99", "Threshold": 1.0}
    alarms.put("waits", **more, EvaluateLowSampleCountPercentile="ignore")
    alarms.put("decides", **more)
    alarms.feed(90.0)
    assert alarms.state("decides") == "ALARM"
    assert alarms.state("waits") == "INSUFFICIENT_DATA"
    values = [float(number) for number in range(100)]
    for _round in range(11):
        alarms.cloudwatch.put_metric_data(
            Namespace="n", MetricData=[{"MetricName": "m", "Values": values, "Timestamp": alarms.now}]
        )
    assert alarms.state("waits") == "ALARM"


# -- missing data


@pytest.mark.parametrize(
    ("treat", "state"),
    [("missing", "INSUFFICIENT_DATA"), ("ignore", "ALARM"), ("breaching", "ALARM"), ("notBreaching", "OK")],
)
def test_data_that_stops_coming(alarms: Alarms, treat: str, state: str) -> None:
    alarms.put("x", TreatMissingData=treat, EvaluationPeriods=2)
    alarms.feed(90.0, 90.0)
    assert alarms.state("x") == "ALARM"
    for _minute in range(6):
        alarms.pass_time(MINUTE)
    assert alarms.state("x") == state


def test_missing_data_that_breaches_says_so(alarms: Alarms) -> None:
    alarms.put("x", TreatMissingData="breaching", EvaluationPeriods=2, Unit="Seconds")
    assert alarms.state("x") == "ALARM"
    found = alarms.described("x")
    assert found["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[Breaching]."
    )
    data = json.loads(found["StateReasonData"])
    assert (data["version"], data["unit"], data["statistic"], data["period"]) == ("1.0", "Seconds", "Average", 60)
    assert (data["recentDatapoints"], data["threshold"], len(data["evaluatedDatapoints"])) == ([], 80.0, 2)


def test_a_sum_that_still_grows_does_not_alarm_for_being_small(alarms: Alarms) -> None:
    alarms.put("orders", Statistic="Sum", ComparisonOperator="LessThanThreshold", Threshold=10.0)
    alarms.feed(20.0, 3.0)
    assert alarms.state("orders") == "OK"
    alarms.pass_time(MINUTE)
    assert alarms.state("orders") == "ALARM"


# -- metric math


def rate() -> list[dict[str, Any]]:
    metrics = [
        {
            "Id": id,
            "MetricStat": {"Metric": {"Namespace": "n", "MetricName": name}, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        }
        for id, name in (("req", "RequestCount"), ("t5", "Target5xx"), ("e5", "Elb5xx"))
    ]
    return [{"Id": "rate", "Expression": "IF(req>=50, 100*(FILL(t5,0)+FILL(e5,0))/req, 0)"}, *metrics]


def test_the_share_of_errors_with_metrics_that_come_only_with_errors(alarms: Alarms) -> None:
    alarms.put("5xx", Metrics=rate(), Threshold=5.0, TreatMissingData="notBreaching")
    assert alarms.state("5xx") == "OK"
    alarms.feed(1000.0, metric="RequestCount")
    alarms.feed(40.0, metric="Target5xx")
    assert alarms.state("5xx") == "OK"
    alarms.feed(20.0, metric="Elb5xx")
    assert alarms.state("5xx") == "ALARM"
    (message,) = [message for message in alarms.told() if message["NewStateValue"] == "ALARM"]
    assert "[6.0 (" in message["NewStateReason"]
    first, second, *_rest = message["Trigger"]["Metrics"]
    assert first == {"Id": "rate", "Expression": rate()[0]["Expression"]}
    assert second["MetricStat"]["Metric"] == {"Dimensions": [], "MetricName": "RequestCount", "Namespace": "n"}
    # Few requests are no rate.
    alarms.pass_time(MINUTE)
    alarms.feed(10.0, metric="RequestCount")
    alarms.feed(10.0, metric="Target5xx")
    assert alarms.state("5xx") == "OK"


# -- bands


def band(width: int) -> dict[str, Any]:
    return {
        "Metrics": [
            {
                "Id": "m1",
                "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Average"},
            },
            {"Id": "band", "Expression": f"ANOMALY_DETECTION_BAND(m1, {width})"},
        ],
        "ThresholdMetricId": "band",
        "Threshold": None,
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
    }


def test_a_value_outside_of_its_band(alarms: Alarms) -> None:
    alarms.put("narrow", **band(2))
    alarms.put("wide", **band(10))
    assert alarms.state("narrow") == "INSUFFICIENT_DATA"
    alarms.feed(*[100.0, 110.0] * 15)
    assert alarms.state("narrow") == "OK"
    alarms.pass_time(MINUTE)
    alarms.feed(125.0)
    assert alarms.state("narrow") == "ALARM"
    assert alarms.state("wide") == "OK"
    trigger = next(message for message in alarms.told() if message["NewStateValue"] == "ALARM")["Trigger"]
    assert trigger["ThresholdMetricId"] == "band"
    assert "Threshold" not in trigger
    (detector,) = alarms.cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"]
    assert detector["StateValue"] == "TRAINED"


# -- Metrics Insights


def fleet() -> dict[str, Any]:
    query = 'SELECT MAX(mem) FROM SCHEMA("n", InstanceId) GROUP BY InstanceId'
    return {"Metrics": [{"Id": "q1", "Expression": query, "Period": 60}]}


def test_a_fleet_alarm_names_who_breaches(alarms: Alarms) -> None:
    alarms.put("fleet", **fleet())
    assert alarms.state("fleet") == "INSUFFICIENT_DATA"
    for id, value in (("i-1", 10.0), ("i-2", 95.0), ("i-3", 20.0)):
        alarms.feed(value, metric="mem", InstanceId=id)
    alarms.feed(99.0, metric="mem", InstanceId="i-4", Other="x")
    assert alarms.state("fleet") == "ALARM"
    (first,) = alarms.cloudwatch.describe_alarm_contributors(AlarmName="fleet")["AlarmContributors"]
    assert first["ContributorAttributes"] == {"InstanceId": "i-2"}
    assert "greater than the threshold" in first["StateReason"]
    assert 1 <= len(first["ContributorId"]) <= 16
    # A topic is told of the alarm and of each of its contributors.
    whole, part = [message for message in alarms.told() if message["NewStateValue"] == "ALARM"]
    assert "AlarmContributorId" not in whole
    assert part["AlarmContributorId"] == first["ContributorId"]
    assert (part["OldStateValue"], part["AlarmContributorAttributes"]) == ("OK", {"InstanceId": "i-2"})
    alarms.feed(96.0, metric="mem", InstanceId="i-3")
    assert alarms.state("fleet") == "ALARM"
    found = alarms.cloudwatch.describe_alarm_contributors(AlarmName="fleet")["AlarmContributors"]
    assert sorted(one["ContributorAttributes"]["InstanceId"] for one in found) == ["i-2", "i-3"]
    (message,) = alarms.told()
    assert message["AlarmContributorAttributes"] == {"InstanceId": "i-3"}
    alarms.pass_time(MINUTE)
    for id, value in (("i-1", 10.0), ("i-2", 10.0), ("i-3", 96.0)):
        alarms.feed(value, metric="mem", InstanceId=id)
    assert alarms.state("fleet") == "ALARM"
    (message,) = alarms.told()
    assert (message["NewStateValue"], message["AlarmContributorAttributes"]) == ("OK", {"InstanceId": "i-2"})
    alarms.pass_time(MINUTE)
    for id in ("i-1", "i-2", "i-3"):
        alarms.feed(10.0, metric="mem", InstanceId=id)
    assert alarms.state("fleet") == "OK"
    assert alarms.cloudwatch.describe_alarm_contributors(AlarmName="fleet")["AlarmContributors"] == []
    whole, part = alarms.told()
    assert (whole["OldStateValue"], whole["NewStateValue"], "AlarmContributorId" in whole) == ("ALARM", "OK", False)
    assert (part["OldStateValue"], part["NewStateValue"]) == ("ALARM", "OK")
    history = alarms.cloudwatch.describe_alarm_history(AlarmName="fleet", HistoryItemType="AlarmContributorStateUpdate")
    assert len(history["AlarmHistoryItems"]) == 4


# -- composites


def test_escalation_pages_once(alarms: Alarms) -> None:
    """A warning that is no longer one when it is critical: the composite of the two."""
    alarms.put("w", AlarmActions=None, OKActions=None, InsufficientDataActions=None)
    alarms.put("c", Threshold=95.0, AlarmActions=None, OKActions=None, InsufficientDataActions=None)
    alarms.composite("warning", "ALARM(w) AND NOT ALARM(c)")
    alarms.composite("critical", 'ALARM("c")')
    alarms.feed(90.0)
    assert alarms.state("warning") == "ALARM"
    alarms.pass_time(MINUTE)
    alarms.feed(97.0)
    assert (alarms.state("warning"), alarms.state("critical")) == ("OK", "ALARM")
    told = alarms.told()
    firing = [message for message in told if message["NewStateValue"] == "ALARM"]
    assert [message["AlarmName"] for message in firing] == ["warning", "critical"]
    first = firing[0]
    assert "Trigger" not in first
    assert first["AlarmRule"] == "ALARM(w) AND NOT ALARM(c)"
    (child,) = first["TriggeringChildren"]
    assert child["Arn"].endswith(":alarm:w")
    assert child["State"]["Value"] == "ALARM"
    data = json.loads(alarms.described("critical")["StateReasonData"])
    assert [one["state"]["value"] for one in data["triggeringAlarms"]] == ["ALARM"]
    # Another child's change that changes nothing here is not its trigger.
    alarms.set("w", "OK")
    assert json.loads(alarms.described("critical")["StateReasonData"]) == data


def test_a_suppressor_keeps_a_composite_quiet(alarms: Alarms) -> None:
    for name in ("child", "upstream"):
        alarms.put(name, MetricName=name, AlarmActions=None, OKActions=None, InsufficientDataActions=None)
        alarms.set(name, "OK")
    more = {"ActionsSuppressorWaitPeriod": 30, "ActionsSuppressorExtensionPeriod": 60}
    alarms.composite("service", 'ALARM("child")', ActionsSuppressor="upstream", **more)
    alarms.pass_time(1)
    alarms.pass_time(30)
    alarms.told()
    # The upstream fails a moment later: within the wait period, so nothing is told.
    alarms.set("child", "ALARM")
    assert alarms.described("service")["StateValue"] == "ALARM"
    assert alarms.described("service")["ActionsSuppressedBy"] == "WaitPeriod"
    alarms.feed(95.0, metric="child")
    alarms.pass_time(10)
    alarms.feed(95.0, metric="upstream")
    assert alarms.state("upstream") == "ALARM"
    alarms.pass_time(40)
    assert alarms.described("service")["ActionsSuppressedBy"] == "Alarm"
    assert alarms.changes() == []
    # The upstream is well again; the child gets a while to follow, and then does not.
    alarms.pass_time(MINUTE)
    alarms.feed(95.0, metric="child")
    alarms.feed(10.0, metric="upstream")
    assert alarms.state("upstream") == "OK"
    assert alarms.described("service")["ActionsSuppressedBy"] == "ExtensionPeriod"
    alarms.pass_time(1)
    assert alarms.changes() == []
    alarms.pass_time(61)
    assert "ActionsSuppressedBy" not in alarms.described("service")
    assert alarms.changes() == [("service", "ALARM")]


def test_without_the_suppressor_the_wait_only_delays(alarms: Alarms) -> None:
    for name in ("child", "upstream"):
        alarms.put(name, MetricName=name, AlarmActions=None, OKActions=None, InsufficientDataActions=None)
        alarms.set(name, "OK")
    more = {"ActionsSuppressorWaitPeriod": 20, "ActionsSuppressorExtensionPeriod": 20}
    alarms.composite("service", 'ALARM("child")', ActionsSuppressor="upstream", **more)
    alarms.pass_time(21)
    alarms.told()
    alarms.set("child", "ALARM")
    assert alarms.changes() == []
    alarms.feed(95.0, metric="child")
    alarms.feed(10.0, metric="upstream")
    alarms.pass_time(21)
    assert alarms.changes() == [("service", "ALARM")]


# -- mute rules, and what else keeps actions back


def test_a_muted_alarm_speaks_when_the_window_is_over(alarms: Alarms) -> None:
    alarms.put("muted")
    alarms.put("loud")
    begin = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(alarms.now))
    alarms.cloudwatch.put_alarm_mute_rule(
        Name="window",
        Rule={"Schedule": {"Expression": f"at({begin})", "Duration": "PT10M"}},
        MuteTargets={"AlarmNames": ["muted"]},
    )
    assert alarms.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="window")["Status"] == "ACTIVE"
    alarms.feed(90.0)
    assert alarms.state("muted") == "ALARM"
    assert alarms.changes() == [("loud", "ALARM")]
    alarms.now += 11 * MINUTE
    alarms.feed(90.0)
    alarms.pass_time(0)
    assert alarms.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="window")["Status"] == "EXPIRED"
    (message,) = alarms.told()
    assert (message["AlarmName"], message["NewStateValue"]) == ("muted", "ALARM")
    assert message["ActionExecutedAfterMuteWindow"] is True


def test_what_came_and_went_while_muted_is_not_told(alarms: Alarms) -> None:
    alarms.put("muted")
    alarms.feed(10.0)
    assert alarms.state("muted") == "OK"
    alarms.told()
    begin = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(alarms.now))
    alarms.cloudwatch.put_alarm_mute_rule(
        Name="window", Rule={"Schedule": {"Expression": f"at({begin})", "Duration": "PT5M"}}
    )
    for value in (10.0, 90.0, 10.0, 10.0, 10.0, 10.0, 10.0):
        alarms.now += MINUTE
        alarms.feed(value)
        alarms.pass_time(0)
    assert alarms.state("muted") == "OK"
    assert alarms.changes() == []


def test_actions_switched_off_and_on(alarms: Alarms) -> None:
    alarms.put("x")
    alarms.cloudwatch.disable_alarm_actions(AlarmNames=["x"])
    assert alarms.described("x")["ActionsEnabled"] is False
    alarms.set("x", "ALARM")
    assert alarms.told() == []
    alarms.cloudwatch.enable_alarm_actions(AlarmNames=["x"])
    alarms.set("x", "ALARM")
    assert alarms.told() == [], "no transition, no action"
    alarms.set("x", "OK")
    alarms.set("x", "INSUFFICIENT_DATA")
    assert alarms.changes() == [("x", "OK"), ("x", "INSUFFICIENT_DATA")]


def test_a_warm_up_keeps_an_alarm_waiting(alarms: Alarms) -> None:
    wish = {"WarmUpPeriodDurationInMinutes": 10, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
    alarms.put("cold", WarmUpConfiguration=wish)
    alarms.put("quick", WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 10}, EvaluationPeriods=2)
    assert alarms.described("cold")["WarmUpConfiguration"] == wish
    alarms.feed(90.0)
    assert (alarms.state("cold"), alarms.state("quick")) == ("INSUFFICIENT_DATA", "INSUFFICIENT_DATA")
    alarms.pass_time(MINUTE)
    alarms.feed(90.0)
    assert (alarms.state("cold"), alarms.state("quick")) == ("INSUFFICIENT_DATA", "ALARM")
    alarms.now += 10 * MINUTE
    alarms.feed(90.0)
    alarms.pass_time(0)
    assert alarms.state("cold") == "ALARM"


# -- what is told


def test_the_message_to_a_topic(alarms: Alarms) -> None:
    alarms.put(
        "prod/api/cpu/critical",
        AlarmDescription="testing cloudwatch alarms",
        Dimensions=[{"Name": "InstanceId", "Value": "abc"}],
        Unit="Seconds",
        TreatMissingData="ignore",
        Threshold=21.0,
        Tags=[{"Key": "service", "Value": "api"}, {"Key": "runbook", "Value": "https://wiki/cpu"}],
        ActionConfiguration={"AlarmTagsPropagation": {"Enabled": True, "ExcludedTagKeys": ["runbook"]}},
    )
    alarms.cloudwatch.put_metric_data(
        Namespace="n",
        MetricData=[
            {
                "MetricName": "m",
                "Dimensions": [{"Name": "InstanceId", "Value": "abc"}],
                "Values": [21.0, 22.0],
                "Timestamp": alarms.now,
                "Unit": "Seconds",
            }
        ],
    )
    assert alarms.state("prod/api/cpu/critical") == "ALARM"
    (message,) = alarms.told()
    shown = time.strftime("%d/%m/%y %H:%M:%S", time.gmtime(alarms.now))
    reason = f"Threshold Crossed: 1 datapoint [21.5 ({shown})] was greater than the threshold (21.0)."
    assert message.pop("AlarmConfigurationUpdatedTimestamp").endswith("+0000")
    assert message.pop("StateChangeTime").startswith(time.strftime("%Y-%m-%dT%H:", time.gmtime(alarms.now)))
    assert message == {
        "AlarmName": "prod/api/cpu/critical",
        "AlarmDescription": "testing cloudwatch alarms",
        "AWSAccountId": "123456789012",
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:prod/api/cpu/critical",
        "NewStateValue": "ALARM",
        "NewStateReason": reason,
        "OldStateValue": "INSUFFICIENT_DATA",
        "Region": "US East (N. Virginia)",
        "ActionExecutedAfterMuteWindow": False,
        "AlarmActions": [alarms.topic],
        "OKActions": [alarms.topic],
        "InsufficientDataActions": [alarms.topic],
        "AlarmTags": [{"Key": "service", "Value": "api"}],
        "AlarmTagsStatus": "SUCCESS",
        "Trigger": {
            "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{"name": "InstanceId", "value": "abc"}],
            "EvaluateLowSampleCountPercentile": "",
            "EvaluationPeriods": 1,
            "MetricName": "m",
            "Namespace": "n",
            "Period": 60,
            "Statistic": "AVERAGE",
            "StatisticType": "Statistic",
            "Threshold": 21.0,
            "TreatMissingData": "ignore",
            "Unit": "Seconds",
        },
    }
    history = alarms.cloudwatch.describe_alarm_history(AlarmName="prod/api/cpu/critical", HistoryItemType="StateUpdate")
    (item,) = history["AlarmHistoryItems"]
    assert item["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    data = json.loads(item["HistoryData"])
    assert data["newState"]["stateReason"] == reason
    assert data["newState"]["stateReasonData"]["recentDatapoints"] == [21.5]
    (found,) = alarms.cloudwatch.describe_alarms_for_metric(
        Namespace="n", MetricName="m", Dimensions=[{"Name": "InstanceId", "Value": "abc"}]
    )["MetricAlarms"]
    assert found["AlarmName"] == "prod/api/cpu/critical"


def test_the_subject_fits_and_says_what_and_where(alarms: Alarms) -> None:
    alarms.sns.subscribe(TopicArn=alarms.topic, Protocol="email", Endpoint="ops@example.com")
    (asked,) = alarms.aws.call("GET", "/_lab/mail")
    alarms.sns.confirm_subscription(TopicArn=alarms.topic, Token=asked["token"])
    name = "prod/" + "x" * 200 + "/cpu/critical"
    alarms.put(name)
    alarms.put("ünï")
    alarms.set(name, "ALARM")
    alarms.set("ünï", "ALARM")
    first, second = [mail["subject"] for mail in alarms.aws.call("GET", "/_lab/mail")[1:]]
    assert len(first) == 100
    assert first.endswith('..." in US East (N. Virginia)')
    assert second == 'ALARM: "_n_" in US East (N. Virginia)'


def test_an_alarm_of_another_account_and_region_is_not_ours(stand_in: Aws) -> None:
    import boto3

    other = boto3.client(
        "cloudwatch",
        endpoint_url=stand_in.url,
        region_name="eu-central-1",
        aws_access_key_id="210987654321",
        aws_secret_access_key="test",
    )
    other.put_metric_alarm(
        AlarmName="theirs",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    (found,) = other.describe_alarms()["MetricAlarms"]
    assert found["AlarmArn"] == "arn:aws:cloudwatch:eu-central-1:210987654321:alarm:theirs"
    assert stand_in.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
