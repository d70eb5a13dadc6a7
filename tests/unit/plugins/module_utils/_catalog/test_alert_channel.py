# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role alert_channel makes of its inputs: names, policies, and what is switched off."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alert_channel import channel
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

ROLE = Path(__file__).parents[5] / "roles" / "alert_channel"
PLACE = {"partition": "aws-cn", "region": "cn-north-1", "account": "123456789012"}


def inputs(**more: Any) -> dict[str, Any]:
    """The role's own defaults, as far as they are not made of other variables."""
    found = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    given = {name.removeprefix("alert_channel_"): value for name, value in found.items()}
    given |= {"environment": "prod", "managed_by": "kumawatch-prod", "runbooks": "", "channels": [{"name": "chat"}]}
    return {**given, **more}


def by_name(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in entries}


def test_no_arn_names_another_partition() -> None:
    text = json.dumps(channel(PLACE, inputs()))
    assert "arn:aws-cn:" in text
    assert "arn:aws:" not in text


def test_eventbridge_publishes_without_a_condition_and_others_with_one() -> None:
    statements = {entry["Sid"]: entry for entry in channel(PLACE, inputs())["key_policy"]["Statement"]}
    assert statements["Delivery"]["Principal"]["Service"] == ["events.amazonaws.com", "sns.amazonaws.com"]
    assert "Condition" not in statements["Delivery"]
    assert statements["Services"]["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"


def test_only_our_topics_send_to_the_queue() -> None:
    made = channel(PLACE, inputs())
    [statement] = made["queues"][1]["policy"]["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == sorted(made["topics"].values())
    assert "policy" not in made["queues"][0]


def test_each_function_may_do_what_it_needs_and_no_more() -> None:
    roles = by_name(channel(PLACE, inputs(), key_arn="arn:aws-cn:kms:cn-north-1:123456789012:key/1")["roles"])

    def may(name: str) -> set[str]:
        return {action for entry in roles[name]["policy"]["Statement"] for action in entry["Action"]}

    assert "sns:Publish" not in may("kumawatch-prod-relay")
    assert "kms:Decrypt" in may("kumawatch-prod-relay")
    assert "secretsmanager:GetSecretValue" not in may("kumawatch-prod-escalation")
    assert may("kumawatch-prod-schedules") == {"lambda:InvokeFunction"}
    resources = [entry["Resource"] for role in roles.values() for entry in role["policy"]["Statement"]]
    assert "*" not in resources


def test_what_is_switched_off_is_removed() -> None:
    made = channel(PLACE, inputs(front_door=False, alarms=False))
    assert by_name(made["functions"])["kumawatch-prod-front-door"] == {
        "name": "kumawatch-prod-front-door",
        "state": "absent",
    }
    assert by_name(made["roles"])["kumawatch-prod-front-door"]["state"] == "absent"
    assert {entry["state"] for entry in made["alarms"]} == {"absent"}


def test_absent_removes_all_that_any_inputs_can_make() -> None:
    everything = channel(PLACE, inputs(drill_schedule="cron(0 3 * * ? *)"))
    gone = channel(PLACE, inputs(state="absent"))
    for kind in ("queues", "topic_entries", "roles", "functions", "log_groups", "schedules", "alarms"):
        assert [entry["name"] for entry in gone[kind]] == [entry["name"] for entry in everything[kind]]
        assert {entry["state"] for entry in gone[kind]} == {"absent"}


def test_without_encryption_there_is_no_key() -> None:
    made = channel(PLACE, inputs(encrypted=False))
    assert (made["key"], made["key_policy"]) == ("", None)
    assert "kms:" not in json.dumps(made["roles"])


def test_a_key_of_somebody_else_is_used_and_not_made() -> None:
    arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/ours"
    made = channel(PLACE, inputs(kms_key=arn))
    assert (made["key"], made["key_policy"]) == (arn, None)
    assert arn in json.dumps(made["roles"])


def test_a_parameter_takes_the_place_of_the_secret() -> None:
    made = channel(PLACE, inputs(secret_store="ssm"))
    environment = made["functions"][0]["environment"]
    assert environment["KUMAWATCH_PARAMETER"] == "/kumawatch/prod/alert-channel"
    assert "KUMAWATCH_SECRET_ID" not in environment
    assert "ssm:GetParameter" in json.dumps(made["roles"])


def test_the_relay_is_told_the_address_of_the_front_door_and_the_front_door_is_not() -> None:
    functions = by_name(channel(PLACE, inputs(), front_door_url="https://x.example.com/")["functions"])
    assert functions["kumawatch-prod-relay"]["environment"]["KUMAWATCH_FRONT_DOOR_URL"] == "https://x.example.com/"
    assert "KUMAWATCH_FRONT_DOOR_URL" not in functions["kumawatch-prod-front-door"]["environment"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"environment": "prod eu"}, "alert_channel_environment is 'prod eu'"),
        ({"environment": ""}, "set monitoring_environment"),
        ({"environment": "p" * 32}, "1 to 31 letters"),
        ({"visibility_timeout": 30}, "alert_channel_visibility_timeout is 30"),
        ({"subscriptions": {"urgent": []}}, "names the severity 'urgent'; there are critical, warning, info"),
        ({"subscriptions": {"info": [{"protocol": "email"}]}}, "entry 1 needs a protocol and an endpoint"),
        ({"operations_emails": ["ops"]}, "'ops' is no e-mail address"),
    ],
)
def test_a_mistake_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        channel(PLACE, inputs(**given))


def test_every_name_is_short_enough_for_a_role() -> None:
    made = channel(PLACE, inputs(environment="p" * 31))
    assert all(len(entry["name"]) <= 64 for entry in made["roles"])


# -- what the functions call, by their code, is what their roles let them do

RELAY = ROLE.parents[1] / "plugins" / "module_utils" / "_relay"
TABLE = {
    "read": "BatchGetItem",
    "write": "BatchWriteItem",
    "replace": "PutItem",
    "merge": "UpdateItem",
    "delete": "DeleteItem",
    "find": "Query",
}


def granted(name: str, service: str) -> set[str]:
    role = by_name(channel(PLACE, inputs(), key_arn="arn:aws-cn:kms:cn-north-1:123456789012:key/1")["roles"])[name]
    actions = {action for entry in role["policy"]["Statement"] for action in entry["Action"]}
    return {action.partition(":")[2] for action in actions if action.startswith(f"{service}:")}


def sources(*names: str) -> str:
    return "\n".join((RELAY / f"{name}.py").read_text() for name in names)


@pytest.mark.parametrize(
    ("function", "files"), [("relay", ["run", "post"]), ("front-door", ["front"]), ("escalation", ["escalation"])]
)
def test_the_table_is_used_as_the_role_allows(function: str, files: list[str]) -> None:
    used = {TABLE[method] for method in re.findall(r"store\.(\w+)\(", sources(*files))}
    # The escalation also takes incidents, as the front door does: it reads one and writes it.
    taking = {"BatchGetItem", "PutItem"} if function == "escalation" else set()
    assert used | taking == granted(f"kumawatch-prod-{function}", "dynamodb")


def test_the_relay_may_call_what_its_code_calls() -> None:
    text = sources(*(path.stem for path in RELAY.glob("*.py")))
    called = set(re.findall(r'client\("(\w+)"\)\s*\.(\w+)\(', text))
    called |= {("sqs", name) for name in re.findall(r'_each\(\s*"(\w+)"', text)}
    assert {service for service, _name in called} == {"cloudwatch", "secretsmanager", "sns", "sqs", "ssm"}
    for service, name in called - {("sns", "publish"), ("ssm", "get_parameter")}:
        # A policy knows one action for a call and for its batch.
        action = "".join(word.title() for word in name.removesuffix("_batch").split("_"))
        assert action in granted("kumawatch-prod-relay", service), (service, action)
    for function in ("front-door", "escalation"):
        assert granted(f"kumawatch-prod-{function}", "sns") == {"Publish"}
