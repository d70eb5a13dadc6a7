# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for AWS with credentials where people keep them: profiles, a role that one assumes, a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.aws.testing import Aws
from tests.unit.plugins.module_utils._aws.alarm_entries import metric

from .conftest import RunModule
from .test_cloudwatch_alarms import entries, stored

ROLE = "arn:aws:iam::123456789012:role/watcher"


@pytest.fixture
def files(aws: Aws, tmp_path: Path) -> dict[str, str]:
    """AWS's configuration files: the profile ``base`` has keys, and ``watcher`` assumes a role with them."""
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    place = f"region = {aws.region}\nendpoint_url = {aws.url}\n"
    config.write_text(
        f"[profile base]\n{place}\n[profile watcher]\n{place}role_arn = {ROLE}\nsource_profile = base\n"
        f"role_session_name = kumawatch\n"
    )
    credentials.write_text(
        f"[base]\naws_access_key_id = {aws.credentials['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {aws.credentials['AWS_SECRET_ACCESS_KEY']}\n"
    )
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}


def made(aws: Aws, result: dict[str, Any]) -> None:
    assert not result["failed"], result["msg"]
    assert result["created"] == list(stored(aws)) == ["cpu"]


@pytest.mark.parametrize("chosen", ["profile", "aws_profile", "environment"])
def test_a_profile(aws: Aws, run_module: RunModule, files: dict[str, str], chosen: str) -> None:
    params, env = entries(metric("cpu")), dict(files)
    if chosen == "environment":
        env["AWS_PROFILE"] = "base"
    else:
        params[chosen] = "base"
    made(aws, run_module("cloudwatch_alarms", params, env=env))
    assert aws.requests("sts", "AssumeRole") == []


def test_a_role_that_the_profile_assumes(aws: Aws, run_module: RunModule, files: dict[str, str]) -> None:
    made(aws, run_module("cloudwatch_alarms", {**entries(metric("cpu")), "profile": "watcher"}, env=files))
    assert aws.requests("sts", "AssumeRole")


def test_keys_and_a_token_of_a_session(aws: Aws, run_module: RunModule) -> None:
    session = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="kumawatch")["Credentials"]
    given = {
        "endpoint_url": aws.url,
        "region": aws.region,
        "access_key": session["AccessKeyId"],
        "secret_key": session["SecretAccessKey"],
        "session_token": session["SessionToken"],
    }
    result = run_module("cloudwatch_alarms", {**entries(metric("cpu")), **given})
    assert not result["failed"], result["msg"]
    assert result["created"] == ["cpu"]


def test_a_profile_that_is_not_there_is_named(run_module: RunModule, files: dict[str, str]) -> None:
    result = run_module("cloudwatch_alarms", {**entries(metric("cpu")), "profile": "nobody"}, env=files)
    assert result["failed"]
    assert "nobody" in result["msg"]
