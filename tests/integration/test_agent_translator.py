# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real CloudWatch agent makes of our configurations, where KUMAWATCH_CWAGENT_BIN names its directory bin."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import agent_config, agent_rules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "roles/cloudwatch_agent/files/translate.sh"
OPTIONS = yaml.safe_load((ROOT / "roles/catalogue/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]
SERVICES = yaml.safe_load("""
- name: api
  hosts: api_hosts
  mounts: [/, /data]
  logs:
    sources:
      - {file: /var/log/api/app.log, format: json}
      - {file: /var/log/api/*.txt, name: text, format: text}
      - {file: /var/log/nginx/access.log, name: access, format: nginx}
      - {file: /var/log/batch.log, name: batch, multi_line_start: ^BEGIN, timestamp_format: "%Y-%m-%d %H:%M:%S"}
      - {file: /var/log/audit.log, name: audit, class: infrequent_access}
      - {docker: api}
""")
NAMED = {"region": "eu-central-1", "devices": ["nvme0n1"], "interfaces": ["eth0"]}


@pytest.fixture(scope="session")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory like the agent's, whose programs are the real ones."""
    named = os.environ.get("KUMAWATCH_CWAGENT_BIN", "")
    if not named:
        pytest.skip("KUMAWATCH_CWAGENT_BIN names no directory with the CloudWatch agent's programs")
    programs = Path(named) if Path(named).is_dir() else Path(named).parent
    directory = tmp_path_factory.mktemp("cloudwatch-agent")
    (directory / "bin").symlink_to(programs.resolve())
    (directory / "etc/amazon-cloudwatch-agent.d").mkdir(parents=True)
    (directory / "etc/common-config.toml").touch()
    return directory


def configuration(**settings: Any) -> dict[str, Any]:
    catalogue = resolve({"monitoring_environment": "production", "monitoring_services": SERVICES}, OPTIONS)
    return agent_config.configuration(catalogue, "api-1", ["api_hosts"], {**NAMED, **settings})


def translated(agent: Path, document: dict[str, Any], mode: str = "ec2") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(SCRIPT), str(agent), mode, "merged"],
        input=agent_config.serialised(document), text=True, capture_output=True, check=False, timeout=120,
        # Off an instance, the agent would look for one until it gives up.
        env={**os.environ, "RUN_IN_AWS": "True", "AWS_EC2_METADATA_DISABLED": "true"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"grouped": True},
        {"mode": "onPremise"},
        {"traces": ["otlp", "xray", "application_signals"]},
        {"run_as_user": "cwagent", "interval": 10, "debug": True, "role_arn": "arn:aws:iam::123456789012:role/agent"},
        {"extra": {"metrics": {"metrics_collected": {"statsd": {"service_address": ":8125"}}}}},
        {"metrics": [], "devices": [], "interfaces": []},
    ],
    ids=str,
)
def test_the_real_translator_takes_what_is_made_of_a_catalogue(agent: Path, settings: dict[str, Any]) -> None:
    result = translated(agent, configuration(**settings), settings.get("mode", "ec2"))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metrics/metrics_collected/mem/measurement", ["usedpercent"]),
        ("logs/logs_collected/files/collect_list", []),
        ("agent/metrics_collection_interval", 0),
        ("metrics/aggregation_dimensions", []),
        ("agents", {}),
    ],
)
def test_the_real_translator_refuses_what_our_rules_refuse(agent: Path, path: str, value: Any) -> None:
    document = configuration()
    *way, last = path.split("/")
    at = document
    for part in way:
        at = at[part]
    at[last] = value
    assert agent_rules.problems(document)
    assert translated(agent, document).returncode != 0


def test_the_real_translator_makes_of_it_what_is_meant(agent: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/file_kumawatch.json").write_text(json.dumps(configuration()))
    argv = [str(agent / "bin/config-translator"), "--input-dir", str(tmp_path / "in"), "--mode", "ec2"]
    argv += ["--output", str(tmp_path / "agent.toml"), "--config", str(agent / "etc/common-config.toml")]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    made = tomllib.loads((tmp_path / "agent.toml").read_text())
    (files,) = made["inputs"]["logfile"]
    groups = {entry["log_group_name"]: entry for entry in files["file_config"]}
    assert set(groups) == {
        f"/production/api/{name}" for name in ("app", "text", "access", "batch", "audit", "container")
    }
    assert groups["/production/api/container"]["publish_multi_logs"] is True
    assert made["inputs"]["disk"][0]["mount_points"] == ["/", "/data"]
