# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for AWS as a part of the lab."""

from __future__ import annotations

import json
from typing import Any

from lab.aws import install
from lab.aws.testing import Aws


def test_another_endpoint_takes_its_place(lab: Any) -> None:
    other = {"KUMAWATCH_AWS_ENDPOINT_URL": "https://aws.invalid/", "AWS_DEFAULT_REGION": "eu-central-1"}
    lab("up")
    own = lab.read("endpoints.json")["aws"]
    assert own["region"] == "us-east-1"
    told = lab("up", **other).stdout
    assert "AWS stand-in: stopped the lab's own" in told
    assert any(line.split() == ["AWS", "external", "https://aws.invalid"] for line in told.splitlines())
    assert lab.read("endpoints.json")["aws"] == {"endpoint_url": "https://aws.invalid", "region": "eu-central-1"}
    assert "https://aws.invalid" in lab("status").stdout
    exported = lab("env").stdout
    assert "export AWS_ENDPOINT_URL=https://aws.invalid\n" in exported
    assert "AWS_ACCESS_KEY_ID" not in exported
    # What `env` exports of the lab's own is the lab's own.
    lab("up")
    own = lab.read("endpoints.json")["aws"]
    exported = lab("env").stdout
    assert f"export KUMAWATCH_AWS_ENDPOINT_URL={own['endpoint_url']}\n" in exported
    assert "export AWS_ACCESS_KEY_ID=test\n" in exported
    assert " external " not in lab("up", KUMAWATCH_AWS_ENDPOINT_URL=own["endpoint_url"]).stdout.split("Chat")[1]
    wrong = lab("up", ok=False, KUMAWATCH_AWS_ENDPOINT_URL="aws.invalid").stderr
    assert wrong == "Error: KUMAWATCH_AWS_ENDPOINT_URL is 'aws.invalid': it must begin with http:// or https://.\n"


def test_alarms_are_found_again_after_down_and_up(lab: Any) -> None:
    lab("up")
    url = lab.read("endpoints.json")["aws"]["endpoint_url"]
    aws = Aws(url, install.REGION, dict(install.CREDENTIALS), True)
    aws.client("cloudwatch").put_dashboard(DashboardName="kept", DashboardBody=json.dumps({"widgets": []}))
    assert "aws (pid" in lab("down").stdout
    lab("up")
    assert lab.read("endpoints.json")["aws"]["endpoint_url"] == url
    (found,) = aws.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert found["DashboardName"] == "kept"
    lab("down", "--purge")
    lab("up")
    aws = Aws(lab.read("endpoints.json")["aws"]["endpoint_url"], install.REGION, dict(install.CREDENTIALS), True)
    assert aws.client("cloudwatch").list_dashboards()["DashboardEntries"] == []
