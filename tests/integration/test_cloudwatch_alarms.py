# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudwatch_alarms against the stand-in; boto3 reads back what was written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from lab.aws.testing import Aws
from tests.unit.plugins.module_utils._aws.alarm_entries import (
    TOPIC,
    anomaly,
    composite,
    every_kind,
    insights,
    log,
    math,
    metric,
)

from .conftest import Result, RunModule

#: What the entries call by the name of another one.
KINDS = every_kind()


def stored(aws: Aws) -> dict[str, dict[str, Any]]:
    """Every alarm that is there, by name, as boto3 shows it."""
    pages = aws.client("cloudwatch").get_paginator("describe_alarms")
    found: dict[str, dict[str, Any]] = {}
    for page in pages.paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm", "LogAlarm"]):
        for kind in ("MetricAlarms", "CompositeAlarms", "LogAlarms"):
            found |= {item["AlarmName"]: item for item in page.get(kind, ())}
    return found


def tags(aws: Aws, name: str) -> dict[str, str]:
    """The tags of an alarm."""
    answer = aws.client("cloudwatch").list_tags_for_resource(ResourceARN=stored(aws)[name]["AlarmArn"])
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def counted(aws: Aws) -> dict[str, int]:
    """The calls since they were last forgotten, by operation."""
    found = Counter(entry["operation"] for entry in aws.requests())
    aws.forget_requests()
    return dict(found)


def entries(*alarms: dict[str, Any]) -> dict[str, Any]:
    """The module's options: ``None`` stands for what is not set."""
    return {
        "managed_by": "mine",
        "alarms": [{key: value for key, value in alarm.items() if value is not None} for alarm in alarms],
    }


@pytest.fixture
def alarms(run_aws: RunModule) -> Any:
    """``alarms(entry, …, check=False, **options)`` → the module's result."""

    def run(*given: dict[str, Any], check: bool = False, **options: Any) -> Result:
        return run_aws("cloudwatch_alarms", {**entries(*given), **options}, check=check)

    return run


def test_every_kind_is_created_and_then_unchanged(aws: Aws, alarms: Any) -> None:
    planned = alarms(*KINDS, check=True)
    assert planned["msg"] == f"{len(KINDS)} to create, 0 to update, 0 to delete, 0 unchanged"
    assert stored(aws) == {}
    done = alarms(*KINDS)
    assert not done["failed"], done["msg"]
    assert done["changed"]
    assert (done["created"], done["diff"]) == (planned["created"], planned["diff"])
    assert set(stored(aws)) == {entry["name"] for entry in KINDS}
    aws.forget_requests()
    again = alarms(*KINDS)
    assert (again["changed"], again["failed"], again["diff"]) == (False, False, [])
    assert again["msg"] == f"0 created, 0 updated, 0 deleted, {len(KINDS)} unchanged"
    assert counted(aws)["DescribeAlarms"] == 1


def test_what_boto3_reads_back(aws: Aws, alarms: Any) -> None:
    alarms(*KINDS)
    found = stored(aws)
    assert found["cpu"]["Threshold"] == 80
    assert found["cpu"]["AlarmDescription"] == "Größer als üblich."
    assert found["cpu"]["ActionsEnabled"] is False
    assert found["cpu"]["DatapointsToAlarm"] == 3
    assert found["cpu"]["WarmUpConfiguration"]["WarmUpPeriodDurationInMinutes"] == 30
    assert found["p99"]["ExtendedStatistic"] == "p99.9"
    assert {member["Id"]: member["ReturnData"] for member in found["errors"]["Metrics"]} == {
        "rate": True,
        "req": False,
        "err": False,
    }
    assert found["network"]["ThresholdMetricId"] == "ad1"
    assert "Threshold" not in found["network"]
    assert found["fleet"]["Metrics"][0]["Expression"].startswith("SELECT MAX")
    assert found["prom"]["EvaluationCriteria"]["PromQLCriteria"]["Query"] == "up == 0"
    assert found["service"]["ActionsSuppressor"] == "network"
    assert found["logs"]["ScheduledQueryConfiguration"]["AggregationExpression"] == "count(*)"
    assert all(item["ActionConfiguration"]["AlarmTagsPropagation"]["Enabled"] for item in found.values())
    assert tags(aws, "cpu") == {"managed-by": "mine"}


def test_an_update_keeps_what_is_not_declared(aws: Aws, alarms: Any) -> None:
    alarms(*KINDS)
    before = stored(aws)
    result = alarms({"name": "cpu", "threshold": 90}, {"name": "service", "suppressor": {"wait": 15}})
    assert (result["failed"], result["updated"]) == (False, ["cpu", "service"])
    assert result["diff"] == [
        {
            "before_header": "alarm cpu",
            "after_header": "alarm cpu",
            "before": {"threshold": 80.0},
            "after": {"threshold": 90.0},
        },
        {
            "before_header": "alarm service",
            "after_header": "alarm service",
            "before": {"suppressor": {"alarm": "network", "wait": 0, "extension": 120}},
            "after": {"suppressor": {"alarm": "network", "wait": 15, "extension": 120}},
        },
    ]
    after = stored(aws)
    moving = {"AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp", "StateReason", "StateReasonData"}
    moving |= {"StateValue", "StateTransitionedTimestamp", "EvaluationState"}
    moving |= {"ActionsSuppressedBy", "ActionsSuppressedReason"}
    for name, item in after.items():
        differing = {key for key in {*item, *before[name]} if item.get(key) != before[name].get(key)} - moving
        assert differing <= {"cpu": {"Threshold"}, "service": {"ActionsSuppressorWaitPeriod"}}.get(name, set())


def test_tags(aws: Aws, alarms: Any) -> None:
    alarms(metric(tags={"team": "a", "severity": "warning"}))
    assert tags(aws, "cpu") == {"team": "a", "severity": "warning", "managed-by": "mine"}
    aws.forget_requests()
    result = alarms(metric(tags={"team": "Zürich"}))
    assert result["updated"] == ["cpu"]
    calls = counted(aws)
    assert (calls.get("PutMetricAlarm"), calls["TagResource"], calls["UntagResource"]) == (None, 1, 1)
    assert tags(aws, "cpu") == {"team": "Zürich", "managed-by": "mine"}
    assert not alarms(metric(tags={"team": "Zürich"}))["changed"]
    assert not alarms(metric())["changed"]


def test_adoption_and_the_marks_of_others(aws: Aws, alarms: Any) -> None:
    client = aws.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName="cpu",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=5,
        Threshold=70,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[TOPIC],
        Tags=[{"Key": "made-by", "Value": "hand"}],
    )
    planned = alarms(metric(), check=True)
    result = alarms(metric())
    assert (result["failed"], result["adopted"], result["updated"]) == (False, ["cpu"], ["cpu"])
    assert planned["diff"] == result["diff"]
    assert tags(aws, "cpu") == {"made-by": "hand", "managed-by": "mine"}
    assert stored(aws)["cpu"]["AlarmActions"] == [TOPIC]
    refused = alarms(metric(), managed_by="others")
    assert refused["failed"]
    assert refused["msg"].startswith("alarm 'cpu' belongs to managed_by 'mine', not to 'others'")


def test_a_purge_takes_ours_and_nothing_else(aws: Aws, alarms: Any) -> None:
    alarms(metric("theirs"), managed_by="others")
    aws.client("cloudwatch").put_composite_alarm(AlarmName="by hand", AlarmRule="FALSE")
    alarms(
        metric("kept"), metric("leaf"), composite("branch", rule="ALARM(leaf)"), composite("top", rule="ALARM(branch)")
    )
    planned = alarms(metric("kept"), purge=True, check=True)
    assert planned["deleted"] == ["branch", "leaf", "top"]
    result = alarms(metric("kept"), purge=True)
    assert (result["failed"], result["deleted"]) == (False, ["branch", "leaf", "top"])
    assert result["unmanaged"] == ["by hand", "theirs"]
    assert set(stored(aws)) == {"kept", "theirs", "by hand"}
    few = alarms(purge=True, max_deletions=0)
    assert few["msg"].startswith("purge would delete 1 alarms ('kept'), more than max_deletions=0 allows")


def test_absent(aws: Aws, alarms: Any) -> None:
    alarms(metric(), log())
    gone = [{"name": "cpu", "state": "absent"}, {"name": "logs", "state": "absent"}, {"name": "x", "state": "absent"}]
    assert alarms(*gone, check=True)["deleted"] == ["cpu", "logs"]
    assert alarms(*gone)["deleted"] == ["cpu", "logs"]
    assert stored(aws) == {}
    assert not alarms(*gone)["changed"]


def test_composites_of_composites_in_any_order(aws: Aws, alarms: Any) -> None:
    result = alarms(
        composite("top", rule="ALARM(middle) AND NOT ALARM(brake)"),
        composite("middle", rule='AT_LEAST(1, ALARM, ("leaf", "twig"))'),
        composite("brake", rule="OK(leaf)", suppressor={"alarm": "twig", "wait": 1, "extension": 1}),
        math("twig"),
        metric("leaf"),
    )
    assert not result["failed"], result["failures"]
    arn = stored(aws)["leaf"]["AlarmArn"]
    assert not alarms(composite("brake", rule=f'(OK("{arn}"))'))["changed"]


def test_what_an_earlier_task_would_have_made_counts_in_check_mode_only(aws: Aws, run_aws: RunModule) -> None:
    declared = {"alarms": [composite(rule="ALARM(pending)")], "pending_alarms": ["pending"]}
    predicted = run_aws("cloudwatch_alarms", declared, check=True)
    assert (predicted["failed"], len(predicted["created"])) == (False, 1)
    assert "neither exists nor is declared" in run_aws("cloudwatch_alarms", declared)["msg"]


def test_what_an_earlier_task_would_have_deleted_counts_in_check_mode_only(alarms: Any) -> None:
    assert not alarms(composite("top", rule="ALARM(leaf)"), metric("leaf"))["failed"]
    gone = {"name": "leaf", "state": "absent"}
    refused = "composite alarm 'top', which stays, names it"
    assert refused in alarms(gone, check=True)["msg"]
    predicted = alarms(gone, check=True, departed_alarms=["top"])
    assert (predicted["failed"], predicted["deleted"]) == (False, ["leaf"])
    assert refused in alarms(gone, departed_alarms=["top"])["msg"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([metric(), metric()], "alarm 'cpu' is declared twice, as entries 2 and 3: remove one of them."),
        ([composite(rule="ALARM(a) ALARM(b)")], "alarm 'service': option 'rule' has 'ALARM' at character 10"),
        (
            [composite(rule="ALARM(nothing)")],
            "option 'rule' names alarm 'nothing', which neither exists nor is declared",
        ),
        (
            [composite("a", rule="ALARM(b)"), composite("b", rule="ALARM(a)")],
            "alarm 'a': composite alarms go round in a circle (a -> b -> a)",
        ),
        ([metric(period=45)], "alarm 'cpu': option 'period' is 45: give 10, 20, 30 or a multiple of 60, in seconds."),
        ([{"name": "x", "threshold": 5}], "alarm 'x': option 'metric' is missing"),
        ([metric(ignore=["thresold"])], "alarm 'cpu': ignore names 'thresold'"),
        ([metric(tresh_hold=5)], "module: alarms.tresh_hold. Supported parameters include"),
        ([metric(comparison=">")], "value of comparison must be one of"),
        ([metric(threshold="many")], "threshold"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_written(aws: Aws, alarms: Any, given: Any, said: str) -> None:
    for check in (True, False):
        result = alarms(metric("fine"), *given, check=check)
        assert result["failed"]
        assert said in result["msg"]
        assert "\n" not in result["msg"]
    assert stored(aws) == {}


def test_any_script_in_names_and_texts(aws: Aws, alarms: Any) -> None:
    given = [
        metric("Überlast – Köln 💥", description="日本語 <&> \"x\" 'y'", tags={"größe": "riesig"}),
        composite("Σύνθετο", rule='ALARM("Überlast – Köln 💥") OR ALARM("say \\"hi\\" (now)")'),
        metric('say "hi" (now)'),
    ]
    result = alarms(*given)
    assert not result["failed"], result["msg"]
    assert stored(aws)["Überlast – Köln 💥"]["AlarmDescription"] == "日本語 <&> \"x\" 'y'"
    assert not alarms(*given)["changed"]
    assert not alarms(*(({"name": entry["name"], "state": "absent"}) for entry in given))["failed"]
    assert stored(aws) == {}


def test_a_thousand_alarms(aws: Aws, alarms: Any) -> None:
    many = [metric(f"alarm {number:04}", tags={"number": str(number)}) for number in range(1000)]
    aws.forget_requests()
    assert len(alarms(*many)["created"]) == 1000
    calls = counted(aws)
    assert calls["PutMetricAlarm"] == 1000
    result = alarms(*many)
    assert (result["changed"], len(result["unchanged"])) == (False, 1000)
    assert counted(aws) == {"DescribeAlarms": 10, "GetResources": 10}
    assert not alarms(*many, managed_by="", purge=False)["failed"]
    aws.forget_requests()
    result = alarms(purge=True, max_deletions=1000)
    assert (result["failed"], len(result["deleted"])) == (False, 1000)
    assert counted(aws)["DeleteAlarms"] == 10
    assert stored(aws) == {}


def test_no_marks_no_tags_read(aws: Aws, alarms: Any) -> None:
    alarms(metric(), managed_by="")
    aws.forget_requests()
    assert not alarms(metric(), managed_by="")["changed"]
    assert counted(aws) == {"DescribeAlarms": 1}
    refused = alarms(metric(), managed_by="", purge=True)
    assert refused["msg"] == "purge needs managed_by: without a mark nothing is known to be ours."


def test_an_alarm_changes_what_it_watches(aws: Aws, alarms: Any) -> None:
    for entry in (metric("x"), math("x"), insights("x"), anomaly("x"), metric("x")):
        result = alarms(entry)
        assert not result["failed"], result["msg"]
        assert result["changed"]
        assert not alarms(entry)["changed"]
    refused = alarms(composite("x", rule="TRUE"))
    assert "is a metric alarm and declared as a composite alarm" in refused["msg"]
