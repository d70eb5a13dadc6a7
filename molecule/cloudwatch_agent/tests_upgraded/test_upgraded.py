# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent after an upgrade, another configuration and a restart of the host."""

from __future__ import annotations

import json

from testinfra.host import Host

AGENT = "/opt/aws/amazon-cloudwatch-agent"


def test_the_new_version_runs_with_the_new_configuration(host: Host) -> None:
    assert host.service("amazon-cloudwatch-agent").is_running
    status = json.loads(host.check_output(f"{AGENT}/bin/amazon-cloudwatch-agent-ctl -a status"))
    assert (status["status"], status["version"]) == ("running", "1.300002.0b2")
    # What the agent made of it is JSON in the stand-in.
    translated = json.loads(host.file(f"{AGENT}/etc/amazon-cloudwatch-agent.toml").content_string)
    assert translated["agent"]["metrics_collection_interval"] == 30


def test_the_other_configuration_is_gone(host: Host) -> None:
    assert host.file(f"{AGENT}/etc/amazon-cloudwatch-agent.d").listdir() == ["file_kumawatch.json"]
