# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarms on traces as a user gets them, against the stand-in: check mode, run, again, beside those of others."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lab.aws.testing import Aws

from .test_apm_account import Play, changed, play  # noqa: F401

SERVICES: list[dict[str, Any]] = [
    {"name": "api", "objective": 99.9, "load_balancer": "prod-api"},
    {
        "name": "shop",
        "owner": "web",
        "objective": 99,
        "depends_on": ["api"],
        "apm": {"slo": "application_signals", "service_name": "shop-web", "group": True},
        "alarms": {"trace_silence": True, "trace_errors": False},
    },
    {"name": "gone", "state": "absent", "objective": 99, "apm": {"slo": "application_signals"}},
]
WINDOW = {
    "title": "Weekly",
    "services": ["shop"],
    "strategy": "recurring-weekday",
    "weekdays": ["monday"],
    "time_window": {"start": "02:00", "end": "03:00"},
    "timezone": "UTC",
}


def alarms(aws: Aws) -> dict[str, dict[str, Any]]:
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )  # fmt: skip
    return {
        alarm["AlarmName"]: alarm
        for page in pages
        for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
    }


@pytest.mark.slow
def test_the_alarms_on_traces(play: Play, aws: Aws) -> None:  # noqa: F811
    aws.client("elbv2").create_load_balancer(Name="prod-api", Subnets=["subnet-1", "subnet-2"])
    given: dict[str, Any] = {"services": SERVICES, "monitoring_maintenances": [WINDOW]}
    # As where phase 2 is predicted as well: what says that 'api' fails is not there yet.
    predicted = play("apm.yml", "--check", **given)
    assert alarms(aws) == {}

    # It is made by the role of phase 2, whose part it is here.
    play("cloudwatch.yml", "--tags", "cloudwatch_alarms,cloudwatch_dashboards", **given)
    others = alarms(aws)
    assert "staging/api/slo_fast/critical" in others
    said = play("apm.yml", **given)
    made = {name: alarm for name, alarm in alarms(aws).items() if name not in others}
    for done in (predicted, said):
        assert re.search(r"Reconcile the alarms on traces\](?: \[CHECK MODE\])? \*+\s+changed: \[localhost\]", done), (
            done
        )
    assert changed(predicted) == changed(said)
    watching = {name for name, alarm in made.items() if "AlarmRule" not in alarm}
    assert {name.removeprefix("staging/") for name in watching} == {
        "api/objective_budget/warning", "api/objective_budget/critical",
        "shop/objective_budget/warning", "shop/objective_budget/critical",
        "shop/trace_latency/warning", "shop/trace_latency/critical",
        "shop/trace_faults/warning", "shop/trace_faults/critical", "shop/trace_silence/warning",
        "shop/slo_fast/objective/critical-1-h", "shop/slo_fast/objective/critical-5-min",
        "shop/slo_slow/objective/warning-6-h", "shop/slo_slow/objective/warning-30-min",
    }  # fmt: skip
    burn = made["staging/shop/slo_fast/objective/critical-1-h"]
    assert {item["Name"]: item["Value"] for item in burn["Dimensions"]} == {
        "SloName": "staging-shop", "BurnRateWindowMinutes": "60",
    }  # fmt: skip
    slo = aws.client("application-signals").get_service_level_objective(Id="staging-shop")["Slo"]
    assert [one["LookBackWindowMinutes"] for one in slo["BurnRateConfigurations"]] == [5, 30, 60, 360]
    critical = made["staging/shop/trace_faults/notify-critical"]
    assert critical["AlarmActions"][0].endswith(":kumawatch-staging-critical")
    assert "staging/shop/service/trace-upstreams/critical" in critical["ActionsSuppressor"]
    tags = aws.client("cloudwatch").list_tags_for_resource(ResourceARN=burn["AlarmArn"])["Tags"]
    assert {"Key": "managed-by", "Value": "kumawatch-staging-traces"} in tags
    rules = aws.client("cloudwatch").list_alarm_mute_rules()["AlarmMuteRuleSummaries"]
    assert [rule["AlarmMuteRuleArn"].partition("rule:")[2] for rule in rules] == ["staging/Weekly/traces"]
    body = aws.client("cloudwatch").get_dashboard(DashboardName="staging-shop")["DashboardBody"]
    assert "BurnRateWindowMinutes" in body
    assert changed(play("apm.yml", **given)) == 0

    # Those of the others stay, whatever is declared here.
    fewer = {**given, "services": [SERVICES[0]], "monitoring_maintenances": []}
    play("apm.yml", apm_purge=True, apm_max_deletions=100, **fewer)
    left = alarms(aws)
    assert set(others) <= set(left)
    assert {name.split("/")[1] for name in left if name not in others} == {"api"}
