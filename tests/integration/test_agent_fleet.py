# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of fleets as a CloudFormation stack, in the stand-in: made, changed, predicted and removed.

The stand-in has parameters, and keeps the associations of State Manager in the stack's template only: what these do on
instances is AWS's, and is not seen here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.aws.testing import Aws

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = str(Path(sys.executable).parent / "ansible-playbook")
STACK = "kumawatch-fleettown-cloudwatch-agent"
SERVICE = {
    "name": "shop",
    "instance_tags": {"service": "shop"},
    "logs": {"sources": [{"file": "/var/log/shop.log", "format": "text"}]},
}


def play(aws: Aws, directory: Path, *options: str, **variables: Any) -> str:
    """The output of the role's entry point."""
    role = {"name": "kumawatch.monitoring.cloudwatch_agent", "tasks_from": "fleet"}
    (directory / "play.yml").write_text(
        json.dumps(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "tasks": [{"name": "R", "ansible.builtin.import_role": role}],
                }
            ]
        )
    )
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    everything = {
        "monitoring_environment": "fleettown",
        "monitoring_aws": {"endpoint_url": aws.url, "region": aws.region},
        "monitoring_services": [SERVICE],
        **variables,
    }
    (directory / "hosts.json").write_text(json.dumps({"all": {"hosts": {"localhost": host}, "vars": everything}}))
    ended = subprocess.run(
        [PLAYBOOK, "-i", str(directory / "hosts.json"), str(directory / "play.yml"), *options],
        cwd=ROOT, env={**os.environ, **aws.environment}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def changed(output: str) -> int:
    return int(output.split("PLAY RECAP")[1].split("changed=")[1].split()[0])


def resources(aws: Aws) -> dict[str, dict[str, Any]]:
    """What the stack declares, by type; of the two associations, the one that configures."""
    template = aws.client("cloudformation").get_template(StackName=STACK)["TemplateBody"]
    template = json.loads(template) if isinstance(template, str) else template
    return {item["Type"]: item["Properties"] for item in template["Resources"].values()}


def parameters(aws: Aws) -> list[str]:
    return [item["Name"] for item in aws.client("ssm").describe_parameters()["Parameters"]]


@pytest.mark.slow
def test_a_fleet_gets_the_agent_by_a_stack(aws: Aws, tmp_path: Path) -> None:
    assert changed(play(aws, tmp_path)) == 1
    assert changed(play(aws, tmp_path)) == 0, "a second run changes nothing"
    (first,) = parameters(aws)
    value = json.loads(aws.client("ssm").get_parameter(Name=first)["Parameter"]["Value"])
    (item,) = value["logs"]["logs_collected"]["files"]["collect_list"]
    assert item["log_group_name"] == "/fleettown/shop/app"
    assert not {"net", "diskio"} & set(value["metrics"]["metrics_collected"]), "nobody looks at these instances"
    association = resources(aws)["AWS::SSM::Association"]
    assert association["Targets"] == [{"Key": "tag:service", "Values": ["shop"]}]

    play(aws, tmp_path, "--check", cloudwatch_agent_interval=30)
    assert parameters(aws) == [first], "check mode writes nothing"
    assert changed(play(aws, tmp_path, cloudwatch_agent_interval=30, cloudwatch_agent_interfaces=["ens5"])) == 1
    (second,) = parameters(aws)
    assert second != first, "a new name, which State Manager sees"

    play(aws, tmp_path, cloudwatch_agent_state="absent")
    assert parameters(aws) == []
    assert changed(play(aws, tmp_path, cloudwatch_agent_state="absent")) == 0


@pytest.mark.slow
def test_where_no_service_has_tags_there_is_no_stack(aws: Aws, tmp_path: Path) -> None:
    assert changed(play(aws, tmp_path, monitoring_services=[{"name": "shop"}])) == 0
    names = [stack["StackName"] for stack in aws.client("cloudformation").describe_stacks()["Stacks"]]
    assert STACK not in names
