# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's part of phase 4 as a user runs it, against the stand-in: check mode, run, again, and teardown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.aws.testing import Aws
from tools import iam_policies

from .life import actions_of, calls_of

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
    {"name": "shop", "objective": 99, "apm": {"slo": "application_signals", "service_name": "shop-web"}},
    {"name": "queue", "objective": 99},
]


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
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                *("-i", str(inventory), f"playbooks/{playbook}", *words),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
            env={
                **{key: value for key, value in os.environ.items() if not key.startswith(("KUMAWATCH_", "AWS_"))},
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
            },
        )
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


@pytest.mark.slow
def test_the_life_of_what_traces_have_in_an_account(play: Play, aws: Aws) -> None:
    aws.client("elbv2").create_load_balancer(Name="prod-api", Subnets=["subnet-1", "subnet-2"])
    predicted = play("apm.yml", "--check")
    assert there(aws) == NOTHING
    assert changed(predicted) == 6

    aws.forget_requests()
    said = play("apm.yml")
    assert changed(said) == 6
    assert beyond_the_policy(aws) == []
    assert there(aws) == {
        "destination": "CloudWatchLogs",
        "rules": ["Default", "staging-api"],
        "groups": ["staging-api"],
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
    assert changed(play("apm.yml")) == 0

    # What is no longer declared goes, where it is to.
    fewer = [{**SERVICES[0], "apm": {"group": True}}]
    assert changed(play("apm.yml", services=fewer, apm_purge=True, apm_max_deletions=100)) == 3
    assert there(aws)["rules"] == ["Default"]
    assert there(aws)["objectives"] == ["staging-api"]


def test_nothing_is_made_where_no_backend_is_xray(play: Play, aws: Aws) -> None:
    other = [{"type": "otlp", "endpoint": "https://otlp.example.com"}]
    said = play("apm.yml", apm_backends=other)
    assert "Environment 'staging' names no X-Ray among its backends (apm_backends), so no sampling rules" in said
    said = play("apm.yml", monitoring_aws={})
    assert "declares no AWS account (monitoring_aws), so no sampling rules" in said
    assert there(aws) == NOTHING
