# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole alert channel, made by its role in the stand-in's account: topic, queue, Lambda, and a real chat space.

One account for all tests of this file, which leave it as they found it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import uptime
from lab.aws import testing as aws_testing
from lab.process import free_port
from tests.integration.conftest import Server

from .chat import TOKEN, Chat, until

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = "drilltown"
PREFIX = f"kumawatch-{ENVIRONMENT}"
PLAYBOOK = str(Path(sys.executable).parent / "ansible-playbook")

Result = dict[str, Any]
RunModule = Callable[..., Result]


@dataclass
class Channel:
    """An account with the alert channel in it, and the chat space behind it."""

    aws: aws_testing.Aws
    chat: Chat
    directory: Path
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def connection(self) -> dict[str, str]:
        return {
            "endpoint_url": self.aws.url,
            "region": self.aws.region,
            "access_key": self.aws.credentials["AWS_ACCESS_KEY_ID"],
            "secret_key": self.aws.credentials["AWS_SECRET_ACCESS_KEY"],
        }

    def play(self, playbook: str, *options: str, ok: bool = True, **variables: Any) -> str:
        """Run a playbook in this account."""
        given = {
            "monitoring_environment": ENVIRONMENT,
            "alert_channel_aws": self.connection,
            "alert_channel_google_chat_webhook_url": self.chat.url,
            "alert_channel_operations_emails": ["ops@example.com"],
            "alert_channel_pace": 0,
            "alert_channel_batch_window": 0,
            **variables,
        }
        inventory = self.directory / "inventory.yml"
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **given}
        inventory.write_text(json.dumps({"all": {"hosts": {"localhost": host}}}))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KUMAWATCH_", "AWS_"))}
        env = {
            **kept,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "XDG_CACHE_HOME": str(self.directory),
        }
        ended = subprocess.run(
            [PLAYBOOK, "-i", str(inventory), playbook, *options],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=900,
        )
        output = ended.stdout + ended.stderr
        assert (ended.returncode == 0) == ok, output
        assert TOKEN not in output, "a secret was printed"
        return output

    def role(self, *options: str, **variables: Any) -> str:
        playbook = self.directory / "role.yml"
        role = {"name": "Make it", "ansible.builtin.import_role": {"name": "kumawatch.monitoring.alert_channel"}}
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [role]}]))
        return self.play(str(playbook), *options, **variables)

    # -- the account by hand

    @property
    def account(self) -> str:
        return str(self.aws.client("sts").get_caller_identity()["Account"])

    def topic(self, severity: str) -> str:
        return f"arn:aws:sns:{self.aws.region}:{self.account}:{PREFIX}-{severity}"

    def queue(self, name: str) -> str:
        return str(self.aws.client("sqs").get_queue_url(QueueName=f"{PREFIX}-{name}")["QueueUrl"])

    def depth(self, name: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.queue(name), AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())

    def secret(self) -> dict[str, Any]:
        found = self.aws.client("secretsmanager").get_secret_value(SecretId=f"kumawatch/{ENVIRONMENT}/alert-channel")
        secret: dict[str, Any] = json.loads(found["SecretString"])
        return secret

    def front_door(self) -> str:
        return str(
            self.aws.client("lambda").get_function_url_config(FunctionName=f"{PREFIX}-front-door")["FunctionUrl"]
        )

    def publish(self, severity: str, message: dict[str, Any]) -> None:
        self.aws.client("sns").publish(TopicArn=self.topic(severity), Message=json.dumps(message))


def recap(output: str) -> dict[str, int]:
    """The counts of a playbook's last lines."""
    line = output.split("PLAY RECAP")[1].splitlines()[1]
    return {name: int(value) for name, value in (part.split("=") for part in line.split(":", 1)[1].split())}


def alarm(name: str, state: str, before: str, at: str, value: float = 97.0) -> dict[str, Any]:
    """What CloudWatch publishes when an alarm changes its state."""
    return {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}",
        "AWSAccountId": "000000000000",
        "NewStateValue": state,
        "OldStateValue": before,
        "NewStateReason": f"Threshold Crossed: 1 datapoint [{value} (27/11/26 06:00:00)] was greater than 95.0.",
        "StateChangeTime": at,
        "Region": "US East (N. Virginia)",
        "Trigger": {
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/EC2",
            "StatisticType": "Statistic",
            "Statistic": "AVERAGE",
            "Unit": None,
            "Dimensions": [{"name": "InstanceId", "value": "i-0123456789abcdef0"}],
            "Period": 60,
            "EvaluationPeriods": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 95.0,
        },
    }


def now(offset: float = 0.0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(time.time() + offset))


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    """The account after the role: once in check mode, once for real, once again."""
    directory = tmp_path_factory.mktemp("channel")
    chat = Chat(directory / "chat", free_port())
    with aws_testing.serve(directory) as aws:
        if not aws.stand_in:
            pytest.skip("the endpoint of KUMAWATCH_AWS_ENDPOINT_URL is not ours to empty")
        aws.reset()
        chat.start()
        try:
            made = Channel(aws, chat, directory)
            made.outputs["predicted"] = made.role("--check", "--diff")
            assert aws.client("sns").list_topics()["Topics"] == []
            made.outputs["first"] = made.role("--diff")
            made.outputs["second"] = made.role("--diff")
            yield made
        finally:
            chat.stop()


@pytest.fixture
def drill(channel: Channel, run_module: RunModule) -> Callable[..., Result]:
    """``drill(**options)`` → the result of the module, through the front door as well."""

    def run(**options: Any) -> Result:
        door = {"front_door_url": channel.front_door(), "front_door_token": channel.secret()["front_door_token"]}
        return run_module("alert_drill", {**channel.connection, "environment": ENVIRONMENT, **door, **options})

    return run


def links(result: Result) -> dict[str, str]:
    return {path["path"]: path["link"] for path in result["paths"]}


# -- the role


def test_check_mode_predicts_what_the_first_run_does(channel: Channel) -> None:
    predicted, first = recap(channel.outputs["predicted"]), recap(channel.outputs["first"])
    # What check mode cannot look into does not exist yet: the time to live of the table, the policies of the roles, the
    # address of the front door.
    assert first["changed"] - predicted["changed"] == 3
    assert predicted["failed"] == 0


def test_a_second_run_changes_nothing(channel: Channel) -> None:
    output = channel.outputs["second"]
    # With the difference, should there be one.
    assert recap(output)["changed"] == 0, output[max(0, output.find("\n--- ")) :][:2000]


def test_only_who_should_may_publish_to_the_topics(channel: Channel) -> None:
    attributes = channel.aws.client("sns").get_topic_attributes(TopicArn=channel.topic("critical"))["Attributes"]
    statements = {entry["Sid"]: entry for entry in json.loads(attributes["Policy"])["Statement"]}
    assert attributes["KmsMasterKeyId"] == f"alias/{PREFIX}-alerts"
    assert statements["Services"]["Principal"]["Service"] == ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]
    assert statements["Services"]["Condition"] == {"StringEquals": {"aws:SourceAccount": channel.account}}
    assert "*" not in json.dumps([entry["Principal"] for entry in statements.values()])


def test_everything_bears_the_mark(channel: Channel) -> None:
    mark = f"kumawatch-{ENVIRONMENT}"
    aws = channel.aws
    tags = [
        *aws.client("sns").list_tags_for_resource(ResourceArn=channel.topic("info"))["Tags"],
        *aws.client("iam").list_role_tags(RoleName=f"{PREFIX}-relay")["Tags"],
        *aws.client("secretsmanager").describe_secret(SecretId=f"kumawatch/{ENVIRONMENT}/alert-channel")["Tags"],
    ]
    assert [tag["Value"] for tag in tags if tag["Key"] == "managed-by"] == [mark] * 3
    assert aws.client("sqs").list_queue_tags(QueueUrl=channel.queue("alerts-dead"))["Tags"]["managed-by"] == mark
    function = aws.client("lambda").get_function(FunctionName=f"{PREFIX}-relay")
    assert function["Tags"]["managed-by"] == mark
    assert function["Concurrency"]["ReservedConcurrentExecutions"] == 1


def test_another_address_keeps_the_keys(channel: Channel) -> None:
    before = channel.secret()
    channel.role("--tags", "alert_channel", alert_channel_google_chat_webhook_url=channel.chat.url + "&thread=x")
    after = channel.secret()
    assert after == {**before, "webhook_url": channel.chat.url + "&thread=x"}
    # Back to what the relay knows, for the tests that follow.
    channel.aws.client("secretsmanager").put_secret_value(
        SecretId=f"kumawatch/{ENVIRONMENT}/alert-channel", SecretString=json.dumps(before)
    )


# -- the chain


def test_an_alarm_becomes_a_card_and_its_end_is_told_in_the_same_thread(channel: Channel) -> None:
    name = f"{ENVIRONMENT}/api/cpu/critical"
    channel.publish("critical", alarm(name, "ALARM", "OK", now(-300)))
    [card] = until(lambda: channel.chat.saying("97"), what="the card")
    channel.publish("critical", alarm(name, "OK", "ALARM", now(), 40.0))
    told = until(lambda: channel.chat.saying("5 min"), what="the recovery")
    assert card["thread_key"] and {message["thread_key"] for message in told} == {card["thread_key"]}


def test_a_drill_arrives_down_every_path(channel: Channel, drill: Callable[..., Result]) -> None:
    result = drill()
    assert not result["failed"], result["msg"]
    assert links(result) == dict.fromkeys(["topic critical", "topic warning", "topic info", "front door"], "")
    assert len(channel.chat.saying(result["drill"])) >= 1


def test_a_drill_names_a_subscription_that_is_gone(channel: Channel, drill: Callable[..., Result]) -> None:
    sns = channel.aws.client("sns")
    for item in sns.list_subscriptions_by_topic(TopicArn=channel.topic("warning"))["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=item["SubscriptionArn"])
    result = drill(timeout=10)
    assert result["failed"]
    broken = {path: link for path, link in links(result).items() if link}
    assert broken == {"topic warning": "subscription"}
    assert f"not subscribed to {PREFIX}-warning" in result["msg"]
    channel.role()
    assert not drill()["failed"]


def test_a_drill_names_a_topic_that_is_gone(channel: Channel, drill: Callable[..., Result]) -> None:
    channel.aws.client("sns").delete_topic(TopicArn=channel.topic("warning"))
    result = drill(timeout=10, severities=["critical", "warning"])
    assert {path: link for path, link in links(result).items() if link} == {"topic warning": "topic"}
    channel.role()


def test_a_drill_names_an_event_source_that_is_off(channel: Channel, drill: Callable[..., Result]) -> None:
    client = channel.aws.client("lambda")
    [source] = client.list_event_source_mappings(FunctionName=f"{PREFIX}-relay")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
    result = drill(timeout=8)
    waiting = channel.depth("alerts")
    client.update_event_source_mapping(UUID=source["UUID"], Enabled=True)
    assert set(links(result).values()) == {"event source"}
    assert f"disabled, and {waiting} alerts wait in {PREFIX}-alerts" in result["msg"]
    until(lambda: channel.depth("alerts") == 0, what="the queue to be empty")


def test_a_drill_names_a_relay_that_may_not_run(channel: Channel, drill: Callable[..., Result]) -> None:
    client = channel.aws.client("lambda")
    client.put_function_concurrency(FunctionName=f"{PREFIX}-relay", ReservedConcurrentExecutions=0)
    result = drill(timeout=8, severities=["info"])
    client.put_function_concurrency(FunctionName=f"{PREFIX}-relay", ReservedConcurrentExecutions=1)
    assert set(links(result).values()) == {"relay"}
    assert "reserved concurrency is 0" in result["msg"]


def test_a_drill_names_the_chat_that_refuses_the_token(channel: Channel, drill: Callable[..., Result]) -> None:
    # Somebody has deleted the webhook and made another one.
    channel.chat.stop()
    channel.chat.start("another-token-of-the-space")
    try:
        result = drill(timeout=12, severities=["critical"])
    finally:
        channel.chat.stop()
        channel.chat.start()
    assert set(links(result).values()) == {"chat"}
    assert "403" in result["msg"] and "make a new one" in result["msg"]
    assert TOKEN not in json.dumps(result)
    until(lambda: channel.chat.saying(result["drill"]), seconds=90, what="the drill to arrive after all")


def test_a_drill_names_a_wrong_token_of_the_front_door(channel: Channel, drill: Callable[..., Result]) -> None:
    result = drill(timeout=20, severities=[], front_door_token="wrong")
    assert links(result) == {"front door": "front door"}
    assert "refused the token" in result["msg"]


@contextlib.contextmanager
def impatient(channel: Channel) -> Iterator[None]:
    """A queue that takes one failure for what are ten minutes of them otherwise."""
    queue, sqs = channel.queue("alerts"), channel.aws.client("sqs")
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    once = json.dumps({**json.loads(found), "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": once})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": found})


def test_a_drill_names_the_chat_that_is_gone_and_nothing_is_lost(
    channel: Channel, drill: Callable[..., Result], run_module: RunModule
) -> None:
    channel.chat.stop()
    try:
        with impatient(channel):
            result = drill(severities=["critical"])
            until(lambda: channel.depth("alerts-dead") == 2, seconds=300, what="the dead letters")
    finally:
        channel.chat.start()
    assert set(links(result).values()) <= {"chat", "dead letters"}, result["msg"]
    assert "Connection refused" in result["msg"]
    place = {**channel.connection, "environment": ENVIRONMENT}
    foretold = run_module("alert_redrive", place, check=True)
    assert (foretold["moved"], channel.depth("alerts-dead")) == (2, 2)
    output = channel.play("playbooks/redrive.yml")
    assert "2 dead letters were sent again" in output
    told = until(lambda: channel.chat.saying(result["drill"])[1:], what="both to be told")
    assert len(told) == 1
    assert channel.depth("alerts-dead") == 0
    assert run_module("alert_redrive", place)["changed"] is False


def test_an_incident_is_taken_by_the_playbook(channel: Channel) -> None:
    name = f"{ENVIRONMENT}/shop/memory/warning"
    channel.publish("warning", alarm(name, "ALARM", "OK", now(), 88.0))
    [card] = until(lambda: channel.chat.saying("shop"), what="the card")
    incident = f"{ENVIRONMENT}/shop/memory"
    output = channel.play("playbooks/acknowledge.yml", "-e", f"incident={incident}", "-e", "by=Ada")
    assert f"Ada has taken {incident}" in output
    [told] = until(lambda: channel.chat.saying("Ada"), what="the thread to say so")
    assert told["thread_key"] == card["thread_key"]
    again = channel.play("playbooks/acknowledge.yml", "-e", f"incident={incident}", "-e", "by=Bob", ok=False)
    assert "Ada" in again
    unknown = channel.play("playbooks/acknowledge.yml", "-e", "incident=nowhere/api/cpu", "-e", "by=Bob", ok=False)
    assert "There is no incident 'nowhere/api/cpu'" in unknown


def test_a_drill_from_uptime_kuma_comes_by_the_way_that_its_notification_takes(
    channel: Channel, drill: Callable[..., Result], run_module: RunModule, kuma: Server
) -> None:
    catalogue: Any = {
        "environment": ENVIRONMENT,
        "channels": [{"name": "chat", "provider": "google_chat", "notification": "drilltown / chat"}],
        "services": [{"checks": [{"channels": ["chat"]}]}],
    }

    def notify(token: str) -> None:
        [relayed] = uptime.notifications(catalogue, relay={"url": channel.front_door(), "token": token})
        [straight] = uptime.notifications(catalogue, {"chat": channel.chat.url})
        mark = {"managed_by": f"kumawatch-{ENVIRONMENT}"}
        made = run_module("kuma_notifications", {"notifications": [relayed, straight], **mark}, server=kuma)
        assert not made["failed"], made["msg"]

    server = {"url": kuma.url, "username": kuma.username, "password": kuma.password}
    notify(channel.secret()["front_door_token"])
    result = drill(severities=[], uptime_kuma=server)
    assert not result["failed"], result["msg"]
    names = ["Uptime Kuma: drilltown / chat", "Uptime Kuma: drilltown / relay", "front door"]
    assert sorted(links(result)) == names
    assert len(channel.chat.saying(f"{result['drill']}-kuma")) == 2

    notify("another")
    result = drill(severities=[], uptime_kuma=server)
    assert {path: link for path, link in links(result).items() if link} == {names[1]: "front door"}
    assert "401" in result["msg"]
    kuma.stop()
    result = drill(severities=[], uptime_kuma=server, timeout=10)
    assert links(result)["Uptime Kuma"] == "Uptime Kuma"


def test_the_playbook_holds_a_drill(channel: Channel) -> None:
    output = channel.play("playbooks/drill.yml", report_directory=str(channel.directory / "kept"))
    assert "4 of 4 paths arrived" in output
    kept = json.loads((channel.directory / "kept" / f"kumawatch-drill-{ENVIRONMENT}.json").read_text())
    assert "4 of 4 paths arrived" in kept["msg"]
    assert [path["arrived"] for path in kept["paths"]] == [True] * 4
    assert channel.secret()["front_door_token"] not in output


# -- its end: the last test of the file, since nothing is left after it


def test_absent_leaves_nothing(channel: Channel) -> None:
    foretold = recap(channel.role("--check", alert_channel_state="absent"))
    done = recap(channel.role(alert_channel_state="absent"))
    assert foretold["changed"] == done["changed"] > 0
    aws = channel.aws
    assert aws.client("sns").list_topics()["Topics"] == []
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert aws.client("iam").list_roles()["Roles"] == []
    assert aws.client("secretsmanager").list_secrets()["SecretList"] == []
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert aws.client("scheduler").list_schedules()["Schedules"] == []
    assert [group["Name"] for group in aws.client("scheduler").list_schedule_groups()["ScheduleGroups"]] == ["default"]
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    [key] = aws.client("kms").list_keys()["Keys"]
    assert aws.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert recap(channel.role(alert_channel_state="absent"))["changed"] == 0
