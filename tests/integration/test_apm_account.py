# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's part of phase 4 as a user runs it, against the stand-in: check mode, run, again, and purge."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.aws.testing import Aws
from tools import iam_policies

from .life import actions_of, calls_of
from .playbook import ansible_playbook

ROOT = Path(__file__).resolve().parents[2]
Play = Callable[..., str]

SERVICES: list[dict[str, Any]] = [
    {
        "name": "api",
        "owner": "payments",
        "objective": 99.9,
        "load_balancer": "prod-api",
        "apm": {"sampling": {"rate": 0.05}, "group": True},
    },
    {
        "name": "shop",
        "owner": "web",
        "objective": 99,
        "depends_on": ["api"],
        "apm": {"slo": "application_signals", "service_name": "shop-web", "group": True},
        "alarms": {"trace_silence": True, "trace_errors": False},
    },
    {"name": "queue", "objective": 99},
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


@pytest.fixture
def play(tmp_path: Path, aws: Aws) -> Play:
    """Run a playbook with an inventory of its own; what it says is returned."""

    def run(playbook: str, *words: str, services: Any = SERVICES, **variables: Any) -> str:
        account = {
            "endpoint_url": aws.url,
            "region": aws.region,
            "access_key": aws.credentials["AWS_ACCESS_KEY_ID"],
            "secret_key": aws.credentials["AWS_SECRET_ACCESS_KEY"],
        }
        given = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "monitoring_environment": "staging",
            "monitoring_services": services,
            "monitoring_aws": account,
            "apm_backends": [{"type": "xray", "region": aws.region}],
            **variables,
        }
        inventory = tmp_path / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {"localhost": None}, "vars": given}}))
        done = ansible_playbook("-i", str(inventory), f"playbooks/{playbook}", *words, timeout=500)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        # Long messages are wrapped, and quotes in them doubled.
        return re.sub(r" +", " ", re.sub(r"\n +", " ", done.stdout)).replace("''", "'")

    return run


def changed(said: str) -> int:
    found = re.search(r"^localhost\s.*changed=(\d+)", said, re.MULTILINE)
    assert found
    return int(found[1])


def there(aws: Aws) -> dict[str, Any]:
    """What the account has."""
    xray, signals = aws.client("xray"), aws.client("application-signals")
    rules = [record["SamplingRule"] for record in xray.get_sampling_rules()["SamplingRuleRecords"]]
    return {
        "destination": xray.get_trace_segment_destination()["Destination"],
        "rules": sorted(rule["RuleName"] for rule in rules),
        "groups": sorted(group["GroupName"] for group in xray.get_groups()["Groups"]),
        "objectives": sorted(item["Name"] for item in signals.list_service_level_objectives()["SloSummaries"]),
    }


def beyond_the_policy(aws: Aws) -> list[str]:
    """The actions that were done and docs/iam/phase4-traces.json does not allow."""
    made = actions_of(calls_of(aws))
    assert "xray:CreateSamplingRule" in made
    return sorted(made - set(iam_policies.actions("phase4-traces")))


NOTHING = {"destination": "XRay", "rules": ["Default"], "groups": [], "objectives": []}


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
def test_the_life_of_what_traces_have_in_an_account(play: Play, aws: Aws) -> None:
    aws.client("elbv2").create_load_balancer(Name="prod-api", Subnets=["subnet-1", "subnet-2"])
    given: dict[str, Any] = {"services": SERVICES, "monitoring_maintenances": [WINDOW]}
    # As where phase 2 is predicted as well: what says that 'api' fails is not there yet.
    predicted = play("apm.yml", "--check", **given)
    assert there(aws) == NOTHING
    assert alarms(aws) == {}

    # It is made by the role of phase 2, whose part it is here.
    play("cloudwatch.yml", "--tags", "cloudwatch_alarms,cloudwatch_dashboards", **given)
    others = alarms(aws)
    assert "staging/api/slo_fast/critical" in others

    aws.forget_requests()
    said = play("apm.yml", **given)
    assert changed(said) == changed(predicted) == 7
    assert beyond_the_policy(aws) == []
    assert there(aws) == {
        "destination": "CloudWatchLogs",
        "rules": ["Default", "staging-api"],
        "groups": ["staging-api", "staging-shop"],
        "objectives": ["staging-api", "staging-shop"],
    }
    assert "service 'queue': no objective is made, since it has no load balancer that counts requests" in said
    slo = aws.client("application-signals").get_service_level_objective(Id="staging-api")["Slo"]
    (balancer,) = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    stat = slo["RequestBasedSli"]["RequestBasedSliMetric"]["TotalRequestCountMetric"][1]["MetricStat"]
    assert stat["Metric"]["Dimensions"] == [
        {"Name": "LoadBalancer", "Value": balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]}
    ]
    roles = [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]
    assert "AWSServiceRoleForCloudWatchApplicationSignals" in roles
    the_alarms_on_traces(aws, {name: alarm for name, alarm in alarms(aws).items() if name not in others})
    assert changed(play("apm.yml", **given)) == 0

    # What is no longer declared goes, where it is to; what others have stays, whatever is declared here.
    fewer = {"services": [{**SERVICES[0], "apm": {"group": True}}], "monitoring_maintenances": []}
    assert changed(play("apm.yml", apm_purge=True, apm_max_deletions=100, **fewer)) == 5
    assert there(aws) == {
        "destination": "CloudWatchLogs", "rules": ["Default"], "groups": ["staging-api"], "objectives": ["staging-api"],
    }  # fmt: skip
    left = alarms(aws)
    assert set(others) <= set(left)
    assert {name.split("/")[1] for name in left if name not in others} == {"api"}


def the_alarms_on_traces(aws: Aws, made: dict[str, dict[str, Any]]) -> None:
    """That they are there, tell whom they should, and are on the dashboard."""
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


def test_nothing_is_made_where_no_backend_is_xray(play: Play, aws: Aws) -> None:
    other = [{"type": "otlp", "endpoint": "https://otlp.example.com"}]
    said = play("apm.yml", apm_backends=other)
    assert "Environment 'staging' names no X-Ray among its backends (apm_backends), so no sampling rules" in said
    said = play("apm.yml", monitoring_aws={})
    assert "declares no AWS account (monitoring_aws), so no sampling rules" in said
    assert there(aws) == NOTHING
