# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of functions on an AWS that is not ours, read back with boto3."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from lab.aws.testing import Aws

MODULE = "lambda_function_urls"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def functions(aws: Aws) -> list[str]:
    """Two functions; the first has an alias ``live``."""
    client = aws.client("lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ok'}\n")
    for name in ("front-door", "report"):
        client.create_function(
            FunctionName=name, Runtime="python3.12", Role="arn:aws:iam::000000000000:role/relay",
            Handler="index.handler", Code={"ZipFile": archive.getvalue()},
        )  # fmt: skip
    client.publish_version(FunctionName="front-door")
    client.create_alias(FunctionName="front-door", Name="live", FunctionVersion="1")
    return ["front-door", "report"]


def permissions(aws: Aws, name: str) -> dict[str, dict[str, Any]]:
    """Conditions by action."""
    client = aws.client("lambda")
    try:
        policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {item["Action"]: item.get("Condition", {}) for item in policy["Statement"]}


def test_public_private_and_gone(run_aws: Run, aws: Aws, functions: list[str]) -> None:
    public = {"function": "front-door", "auth": "none"}
    planned = run_aws(MODULE, {"function_urls": [public]}, check=True)
    assert (planned["created"], planned["urls"]) == (["front-door"], {})
    made = run_aws(MODULE, {"function_urls": [public]})
    assert not made["failed"], made
    config = aws.client("lambda").get_function_url_config(FunctionName="front-door")
    assert made["urls"] == {"front-door": config["FunctionUrl"]}
    assert config["AuthType"] == "NONE"
    assert permissions(aws, "front-door") == {
        "lambda:InvokeFunctionUrl": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
        "lambda:InvokeFunction": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    }
    again = run_aws(MODULE, {"function_urls": [public]})
    assert (again["changed"], again["urls"]) == (False, made["urls"])

    aws.client("lambda").add_permission(
        FunctionName="front-door", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
    )
    private = {
        **public,
        "auth": "iam",
        "invoke_mode": "response_stream",
        "cors": {"allow_origins": ["*"], "max_age": 60},
    }
    changed = run_aws(MODULE, {"function_urls": [private]})
    assert not changed["failed"], changed
    assert changed["diff"][0]["after"] == {
        "auth": "iam", "public": False, "invoke_mode": "response_stream",
        "cors.allow_origins": ["*"], "cors.max_age": 60,
    }  # fmt: skip
    assert list(permissions(aws, "front-door")) == ["lambda:InvokeFunction"]
    assert changed["urls"] == made["urls"]

    gone = run_aws(MODULE, {"function_urls": [{"function": "front-door", "state": "absent"}]})
    assert (gone["deleted"], gone["urls"]) == (["front-door"], {})
    assert list(permissions(aws, "front-door")) == ["lambda:InvokeFunction"]
    assert not run_aws(MODULE, {"function_urls": [{"function": "front-door", "state": "absent"}]})["changed"]


def test_a_function_that_is_missing_does_not_stop_the_others(run_aws: Run, aws: Aws, functions: list[str]) -> None:
    entries = [{"function": name, "auth": "none"} for name in ("report", "repotr")]
    result = run_aws(MODULE, {"function_urls": entries})
    assert result["failed"]
    assert result["msg"] == (
        "function URL 'repotr': the function does not exist: create it first, or correct the name."
    )
    assert list(result["urls"]) == ["report"]


def test_lost_answers_are_looked_up(run_aws: Run, aws: Aws, functions: list[str]) -> None:
    aws.faults({"service": "lambda", "operation": "*", "kind": "lost_response", "rate": 0.3})
    result = run_aws(MODULE, {"function_urls": [{"function": name, "auth": "none"} for name in functions]})
    aws.no_faults()
    assert not result["failed"], result
    for name in functions:
        assert len(permissions(aws, name)) == 2


def test_an_alias_has_permissions_of_its_own(run_aws: Run, aws: Aws, functions: list[str]) -> None:
    result = run_aws(MODULE, {"function_urls": [{"function": "front-door", "alias": "live", "auth": "none"}]})
    assert not result["failed"], result
    config = aws.client("lambda").get_function_url_config(FunctionName="front-door", Qualifier="live")
    assert result["urls"] == {"front-door:live": config["FunctionUrl"]}
    assert not run_aws(MODULE, {"function_urls": [{"function": "front-door", "alias": "live", "auth": "none"}]})[
        "changed"
    ]
