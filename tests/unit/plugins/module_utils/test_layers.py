# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides imports nothing that talks to a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
UTILS = ROOT / "plugins" / "module_utils"
PACKAGE = "ansible_collections.kumawatch.monitoring.plugins.module_utils"

PURE = [
    "_aws.alarm_checks",
    "_aws.alarm_graph",
    "_aws.alarm_model",
    "_aws.alarm_options",
    "_aws.alarm_rule",
    "_aws.discovery_classes",
    "_aws.discovery_model",
    "_aws.ec2_monitoring_model",
    "_aws.elb_access_logs_model",
    "_aws.errors",
    "_aws.pace",
    "_aws.rds_monitoring_model",
    "_diff",
    "_errors",
    # What runs is given a client, and imports none; ``run`` knows the outcome of posting.
    *(
        f"_error_report.{path.stem}"
        for path in sorted((UTILS / "_error_report").glob("*.py"))
        if path.stem not in ("__init__", "handlers", "run")
    ),
    "_reconcile",
    "_kuma.entries",
    "_kuma.fields",
    "_kuma.monitor_model",
    "_kuma.notification_model",
    "_kuma.paths",
    "_kuma.providers",
    "_kuma.state",
    "_kuma.tags",
    *(f"_apm.{path.stem}" for path in sorted((UTILS / "_apm").glob("*.py")) if path.stem != "__init__"),
    *(f"_catalog.{path.stem}" for path in sorted((UTILS / "_catalog").glob("*.py")) if path.stem != "__init__"),
]
NETWORK = ("aiohttp", "socketio", "engineio", "asyncio", "ssl", "socket", "urllib.request")


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_reaches_no_network(module: str) -> None:
    program = f"import sys\nimport {PACKAGE}.{module}\nprint(*[name for name in {NETWORK!r} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "collections"), "PATH": ""},
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == []
