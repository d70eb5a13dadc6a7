# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is gathered makes the same again: in an empty account, and by way of a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from lab.aws.testing import Aws

MODULE = "cloudwatch_info"
ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., dict[str, Any]]

TOPIC = "arn:aws:sns:us-east-1:000000000000:alerts"


def furnish(aws: Aws) -> None:
    """Alarms of all kinds, a dashboard and mute rules, made by hand with whatever boto3 takes."""
    client = aws.client("cloudwatch")
    usual: dict[str, Any] = {"EvaluationPeriods": 3, "ComparisonOperator": "GreaterThanThreshold"}
    mark = [{"Key": "managed-by", "Value": "m"}, {"Key": "service", "Value": "api"}]
    client.put_metric_alarm(
        AlarmName="prod/Süd/cpu", AlarmDescription="Über {{ 80 }} %", Namespace="AWS/EC2", MetricName="CPUUtilization",
        Statistic="Average", Dimensions=[{"Name": "InstanceId", "Value": "i-1"}], Period=60, Threshold=80.0,
        AlarmActions=[TOPIC], OKActions=[TOPIC], TreatMissingData="breaching", DatapointsToAlarm=2, Tags=mark, **usual,
    )  # fmt: skip
    client.put_metric_alarm(
        AlarmName="prod/latency", Namespace="AWS/RDS", MetricName="ReadLatency", ExtendedStatistic="p90", Period=300,
        Threshold=0.05, ActionsEnabled=False, **usual,
    )  # fmt: skip
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Dimensions": []}
    client.put_metric_alarm(
        AlarmName="prod/errors", Threshold=1.0, Tags=mark, **usual,
        Metrics=[
            {"Id": "req", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "e", "Expression": "IF(req>=50,100*req/req,0)", "Label": "Errors", "ReturnData": True},
        ],
    )  # fmt: skip
    client.put_metric_alarm(
        AlarmName="prod/band", EvaluationPeriods=3, ComparisonOperator="GreaterThanUpperThreshold",
        ThresholdMetricId="band",
        Metrics=[
            {"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": True},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m, 2)", "ReturnData": True},
        ],
    )  # fmt: skip
    client.put_metric_alarm(
        AlarmName="other", Namespace="n", MetricName="m", Statistic="Sum", Period=60, Threshold=1.0, **usual
    )
    client.put_composite_alarm(
        AlarmName="prod/all", AlarmRule='ALARM("prod/Süd/cpu") AND NOT ALARM("prod/errors")', AlarmActions=[TOPIC],
        ActionsSuppressor="prod/latency", ActionsSuppressorWaitPeriod=60, ActionsSuppressorExtensionPeriod=0, Tags=mark,
    )  # fmt: skip
    client.put_dashboard(
        DashboardName="prod", Tags=mark,
        DashboardBody=json.dumps({"widgets": [
            {"type": "text", "x": 0, "y": 0, "width": 24, "height": 2, "properties": {"markdown": "# Süd {{ x }}"}},
        ]}),
    )  # fmt: skip
    schedule = {"Expression": "cron(0 2 * * SUN)", "Duration": "PT4H", "Timezone": "Europe/Berlin"}
    client.put_alarm_mute_rule(
        Name="prod/Sonntag", Description="jede Woche", Rule={"Schedule": schedule},
        MuteTargets={"AlarmNames": ["prod/Süd/cpu"]}, Tags=mark,
    )  # fmt: skip


def everything(aws: Aws) -> Any:
    """All that boto3 says of it, without what is of this moment."""
    client = aws.client("cloudwatch")
    volatile = (
        "Timestamp",
        "State",
        "ActionsSuppressed",
        "LastModified",
        "LastUpdated",
        "ResponseMetadata",
        "Size",
        "Status",
    )

    def stable(value: Any) -> Any:
        if isinstance(value, dict):
            # No dimensions are written in two ways.
            return {
                key: stable(item)
                for key, item in sorted(value.items())
                if not any(word in key for word in volatile) and not (key == "Dimensions" and item == [])
            }
        if isinstance(value, list):
            # The metrics of an alarm are known by their ids, in whatever order.
            by_id = all(isinstance(item, dict) and "Id" in item for item in value)
            return [stable(item) for item in (sorted(value, key=lambda item: item["Id"]) if by_id else value)]
        return value

    answer = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = {
        "alarms": sorted(answer["MetricAlarms"] + answer["CompositeAlarms"], key=lambda item: item["AlarmName"]),
        "dashboards": [
            json.loads(client.get_dashboard(DashboardName=item["DashboardName"])["DashboardBody"])
            for item in client.list_dashboards()["DashboardEntries"]
        ],
        "rules": [
            client.get_alarm_mute_rule(AlarmMuteRuleName=item["AlarmMuteRuleArn"].partition("-rule:")[2])
            for item in client.list_alarm_mute_rules()["AlarmMuteRuleSummaries"]
        ],
    }
    found["tags"] = {
        item["AlarmArn"]: sorted(
            (tag["Key"], tag["Value"])
            for tag in client.list_tags_for_resource(ResourceARN=item["AlarmArn"])["Tags"]
            if tag["Key"] != "managed-by"
        )
        for item in found["alarms"]
    }
    return stable(found)


def apply(run_aws: Run, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        run_aws(f"cloudwatch_{kind}", {"managed_by": "", kind: found[kind]})
        for kind in ("alarms", "mute_rules", "dashboards")
    ]


def test_an_empty_account_becomes_the_same(run_aws: Run, aws: Aws) -> None:
    furnish(aws)
    before = everything(aws)
    found = run_aws(MODULE, {})
    assert not found["failed"], found
    assert (found["changed"], found["region"]) == (False, aws.region)
    assert len(found["alarms"]) == 6
    for result in apply(run_aws, found):
        assert not result["failed"], result
        assert not result["changed"], result["diff"]
    aws.reset()
    for result in apply(run_aws, found):
        assert not result["failed"], result
        assert result["created"]
    assert everything(aws) == before


def test_filters(run_aws: Run, aws: Aws) -> None:
    furnish(aws)

    def names(**filters: Any) -> dict[str, list[str]]:
        found = run_aws(MODULE, filters)
        return {
            kind: [entry["name"] for entry in found.get(kind, [])] for kind in ("alarms", "mute_rules", "dashboards")
        }

    ours = {
        "alarms": ["prod/Süd/cpu", "prod/errors", "prod/all"],
        "mute_rules": ["prod/Sonntag"],
        "dashboards": ["prod"],
    }
    assert {kind: sorted(found) for kind, found in names(managed_by="m").items()} == {
        kind: sorted(found) for kind, found in ours.items()
    }
    assert names(managed_by="x") == {"alarms": [], "mute_rules": [], "dashboards": []}
    assert names(tags={"service": "api"}) == names(managed_by="m")
    assert names(name_prefix="oth") == {"alarms": ["other"], "mute_rules": [], "dashboards": []}
    assert names(gather=["dashboards"]) == {"alarms": [], "mute_rules": [], "dashboards": ["prod"]}


def test_the_playbook_writes_a_file_that_makes_the_same(run_aws: Run, aws: Aws, tmp_path: Path) -> None:
    furnish(aws)
    before = everything(aws)
    connection = {"endpoint_url": aws.url, "region": aws.region, "access_key": "test", "secret_key": "test"}
    ended = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,",
            str(ROOT / "playbooks/export_cloudwatch.yml"),
            "-e", json.dumps({"cloudwatch_metrics_aws": connection, "export_file": "found.yml",
                              "ansible_connection": "local", "ansible_python_interpreter": sys.executable}),
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PWD": str(tmp_path)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    text = (tmp_path / "found.yml").read_text()
    assert text.startswith(f"# CloudWatch of account 123456789012, Region {aws.region},")
    assert "!unsafe" in text

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    variables = yaml.load(text, Loader)
    found = {kind: variables[f"cloudwatch_metrics_extra_{kind}"] for kind in ("alarms", "mute_rules", "dashboards")}
    aws.reset()
    for result in apply(run_aws, found):
        assert not result["failed"], result
    assert everything(aws) == before
