# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way in the AWS stand-in: topic, queue, the function out of its zip, table, secret, chat space."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import package
from lab.aws import testing
from tests.unit.plugins.module_utils._relay.samples import alarm, texts

from .test_catalogue_alarms import Told, only

if TYPE_CHECKING:
    from .conftest import Chat

ENVIRONMENT = "production"
NAME = f"kumawatch-{ENVIRONMENT}"
TOKEN = "front-door-token"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[testing.Aws]:
    with testing.serve(tmp_path_factory.mktemp("aws")) as aws:
        if not aws.stand_in:
            pytest.skip("the chat space of this test is not reachable from an AWS elsewhere")
        yield aws


class Deployed:
    """An alert channel, made by hand as the role makes it."""

    def __init__(self, aws: testing.Aws, webhook: str) -> None:
        self.aws = aws
        self.topics = {
            severity: aws.client("sns").create_topic(Name=f"{NAME}-{severity}")["TopicArn"]
            for severity in ("critical", "warning", "info")
        }
        sqs = aws.client("sqs")
        self.dead = sqs.create_queue(QueueName=f"{NAME}-alerts-dead")["QueueUrl"]
        self.queue = sqs.create_queue(
            QueueName=f"{NAME}-alerts",
            Attributes={
                "VisibilityTimeout": "360",
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": self.arn(self.dead), "maxReceiveCount": 3}),
            },
        )["QueueUrl"]
        for topic in self.topics.values():
            aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self.arn(self.queue))
        aws.client("dynamodb").create_table(
            TableName=f"{NAME}-incidents",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "kind", "AttributeType": "S"},
                {"AttributeName": "id", "AttributeType": "S"},
            ],
        )
        secret = {"webhook_url": webhook, "signing_key": "signing-key", "front_door_token": TOKEN}
        aws.client("secretsmanager").create_secret(
            Name=f"kumawatch/{ENVIRONMENT}/alert-channel", SecretString=json.dumps(secret)
        )
        self.code = package.build()
        self.url = ""
        self.function("front-door", "front_door")
        answer = aws.client("lambda").create_function_url_config(FunctionName=f"{NAME}-front-door", AuthType="NONE")
        self.url = answer["FunctionUrl"].rstrip("/")
        relay = self.function("relay", "relay")
        self.function("escalation", "escalate")
        aws.client("lambda").put_function_concurrency(FunctionName=relay, ReservedConcurrentExecutions=1)
        aws.client("lambda").create_event_source_mapping(
            EventSourceArn=self.arn(self.queue),
            FunctionName=relay,
            BatchSize=500,
            MaximumBatchingWindowInSeconds=1,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )

    def arn(self, queue: str) -> str:
        answer = self.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def function(self, name: str, handler: str) -> str:
        self.aws.client("lambda").create_function(
            FunctionName=f"{NAME}-{name}",
            Runtime=package.RUNTIME,
            Architectures=[package.ARCHITECTURE],
            Role="arn:aws:iam::123456789012:role/relay",
            Handler=f"kumawatch._relay.handlers.{handler}",
            Code={"ZipFile": self.code},
            Timeout=60,
            MemorySize=256,
            Environment={
                "Variables": {
                    "KUMAWATCH_ENVIRONMENT": ENVIRONMENT,
                    "KUMAWATCH_SECRET_ID": f"kumawatch/{ENVIRONMENT}/alert-channel",
                    "KUMAWATCH_TABLE": f"{NAME}-incidents",
                    "KUMAWATCH_TOPICS": json.dumps(self.topics),
                    "KUMAWATCH_ESCALATE_AFTER": "15",
                    "KUMAWATCH_FRONT_DOOR_URL": self.url,
                    "KUMAWATCH_PACE": "1.1",
                }
            },
        )
        return f"{NAME}-{name}"

    def publish(self, message: Any, severity: str = "warning") -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self.aws.client("sns").publish(TopicArn=self.topics[severity], Subject="ALARM", Message=text)

    def invoke(self, name: str, event: Any) -> Any:
        answer = self.aws.client("lambda").invoke(FunctionName=f"{NAME}-{name}", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def items(self, kind: str) -> list[dict[str, Any]]:
        answer = self.aws.client("dynamodb").query(
            TableName=f"{NAME}-incidents",
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
        )
        return list(answer["Items"])

    def waiting(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


@pytest.fixture
def channel(server: testing.Aws, chat: Chat) -> Deployed:
    server.reset()
    return Deployed(server, chat.url())


Until = Callable[..., Any]


def now(seconds: float) -> float:
    """``seconds`` from now, as the samples count."""
    from tests.unit.plugins.module_utils._relay.samples import NOW

    return time.time() - NOW.timestamp() + seconds


def test_warning_critical_recovery_are_one_thread(channel: Deployed, chat: Chat, until: Until) -> None:
    warning, critical = (f"{ENVIRONMENT}/api/cpu/i-0abc/{severity}" for severity in ("warning", "critical"))
    channel.publish(alarm(warning, at=now(-700), value=90))
    until(lambda: len(chat.messages()) == 1, 40, "the warning's card")
    channel.publish(alarm(critical, at=now(-400), value=97, threshold=95), "critical")
    channel.publish(alarm(warning, "OK", now(-399), value=97))
    until(lambda: len(chat.messages()) == 2, 40, "the critical alarm's card")
    channel.publish(alarm(critical, "OK", now(-40), value=40, threshold=95), "critical")
    until(lambda: len(chat.messages()) == 3, 40, "the recovery")
    until(lambda: channel.waiting(channel.queue) == 0, 20, "an empty queue")
    messages = chat.messages()
    assert [entry["message"]["fallbackText"].split(":")[0] for entry in messages] == [
        "🟠 Warning",
        "🔴 Now critical",
        "🟢 Recovered",
    ]
    assert len({entry["thread"] for entry in messages}) == 1
    assert "after 11 min" in texts(messages[2]["message"])
    [incident] = channel.items("incident")
    assert incident["status"]["S"] == "recovered"


def test_a_burst_of_200_is_a_handful_of_messages_and_names_all(channel: Deployed, chat: Chat, until: Until) -> None:
    names = [f"{ENVIRONMENT}/api/cpu/i-{number:05d}/warning" for number in range(200)]
    for start in range(0, 200, 10):
        channel.aws.client("sns").publish_batch(
            TopicArn=channel.topics["warning"],
            PublishBatchRequestEntries=[
                {"Id": str(index), "Message": json.dumps(alarm(name, at=now(0)))}
                for index, name in enumerate(names[start : start + 10])
            ],
        )
    until(lambda: channel.waiting(channel.queue) == 0, 90, "an empty queue")
    everything = "\n".join(texts(entry["message"]) for entry in chat.messages())
    assert [name for name in names if name.split("/")[3] not in everything] == []
    assert len(chat.messages()) <= 8
    assert channel.waiting(channel.dead) == 0
    assert len(channel.items("incident")) == 200


def test_a_webhook_that_is_gone_for_good_leaves_all_in_the_dead_letters(
    channel: Deployed, chat: Chat, until: Until
) -> None:
    chat.call("POST", f"{chat.base}/faults", json.dumps({"status": 403, "count": 1000}).encode())
    channel.publish(alarm(at=now(0)))
    channel.publish("no alarm at all")

    def hurry() -> bool:
        # Nobody wants to wait for the pauses in earnest.
        for _turn in range(3):
            answer = channel.aws.client("sqs").receive_message(QueueUrl=channel.queue, VisibilityTimeout=0)
            if not answer.get("Messages"):
                break
        return channel.waiting(channel.dead) == 2

    until(hurry, 90, "two dead letters")
    assert chat.messages() == []


def test_a_new_webhook_in_the_secret_needs_no_deployment(channel: Deployed, chat: Chat, until: Until) -> None:
    channel.publish("first")
    until(lambda: len(chat.messages()) == 1, 40, "the first message")
    chat.server.tokens = dict.fromkeys(chat.server.tokens, "another-token")
    channel.aws.client("secretsmanager").put_secret_value(
        SecretId=f"kumawatch/{ENVIRONMENT}/alert-channel",
        SecretString=json.dumps({"webhook_url": chat.url(token="another-token")}),
    )
    channel.publish("second")
    until(lambda: len(chat.messages()) == 2, 40, "the second message")


def test_drills_come_through_every_topic_and_leave_their_trace(channel: Deployed, chat: Chat, until: Until) -> None:
    for severity in channel.topics:
        channel.publish({"kumawatch_drill": "d1", "path": f"topic {severity}"}, severity)
    until(lambda: len(chat.messages()) == 3, 60, "three test cards")
    until(lambda: all("posted" in item for item in channel.items("drill")), 20, "three traces")
    assert {item["id"]["S"] for item in channel.items("drill")} == {f"d1/topic {name}" for name in channel.topics}


def request(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    asked = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_uptime_kuma_comes_in_by_the_front_door(channel: Deployed, chat: Chat, until: Until) -> None:
    moment = time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(time.time() - 60))
    body = {
        "heartbeat": {"status": 0, "time": moment, "msg": "timeout"},
        "monitor": {"id": 7, "name": "shop", "url": "https://shop.example.com", "basic_auth_pass": "hunter2"},
        "msg": "[shop] down",
    }
    url = f"{channel.url}/uptime-kuma"
    assert request(url, json.dumps(body).encode(), Authorization="Bearer wrong")[0] == 401
    assert request(url, json.dumps(body).encode(), Authorization=f"Bearer {TOKEN}")[0] == 200
    until(lambda: len(chat.messages()) == 1, 40, "the card")
    [entry] = chat.messages()
    assert "shop" in entry["message"]["fallbackText"]
    assert "hunter2" not in json.dumps(channel.items("outbox")) + json.dumps(entry)


def test_the_button_of_a_card_takes_the_incident(channel: Deployed, chat: Chat, until: Until) -> None:
    channel.publish(alarm(at=now(-60)))
    until(lambda: len(chat.messages()) == 1, 40, "the card")
    card = json.dumps(chat.messages()[0]["message"])
    link = card.partition('"text": "Take it"')[2].partition('"url": "')[2].partition('"')[0]
    assert link.startswith(f"{channel.url}/acknowledge?")
    status, page = request(link)
    assert status == 200
    assert "I take it" in page
    assert channel.items("incident")[0]["status"]["S"] == "open"
    query = link.partition("?")[2]
    status, page = request(f"{channel.url}/acknowledge", f"{query}&by=Ada".encode())
    assert status == 200
    assert "Ada has taken it" in page
    until(lambda: len(chat.messages()) == 2, 40, "who took it")
    assert chat.messages()[1]["message"]["fallbackText"].startswith("👤 Taken by Ada")
    assert chat.messages()[0]["thread"] == chat.messages()[1]["thread"]
    assert request(f"{channel.url}/acknowledge", f"{query}&by=Bob".encode())[0] == 409
    assert channel.invoke("escalation", {"acknowledge": "production/api/cpu/i-0abc", "by": "Cleo"}) == {
        "acknowledged": False,
        "reason": "The incident 'production/api/cpu/i-0abc' is acknowledged, by Ada.",
    }


def test_a_warning_that_nobody_takes_is_escalated_once(channel: Deployed, chat: Chat, until: Until) -> None:
    channel.publish(alarm(at=now(-1200)))
    until(lambda: len(chat.messages()) == 1, 40, "the card")
    assert channel.invoke("escalation", {})["escalated"] == ["production/api/cpu/i-0abc"]
    assert channel.invoke("escalation", {})["escalated"] == []
    until(lambda: len(chat.messages()) == 2, 40, "the escalation")
    assert chat.messages()[1]["message"]["fallbackText"].startswith("🔴 Escalated to critical")
    assert chat.messages()[0]["thread"] == chat.messages()[1]["thread"]


def test_no_log_line_holds_the_webhook(channel: Deployed, chat: Chat, until: Until) -> None:
    chat.call("POST", f"{chat.base}/faults", json.dumps({"status": 403, "count": 1}).encode())
    channel.publish(f"look at {chat.url()}")
    until(lambda: channel.waiting(channel.queue) == 0 and len(chat.messages()) == 1, 90, "the message")
    assert channel.aws.log is not None
    assert "lab-token" not in channel.aws.log.read_text()
    assert "lab-token" not in json.dumps(chat.messages())


def test_alarms_of_the_catalogues_kind_are_one_thread_with_values(channel: Deployed, chat: Chat, until: Until) -> None:
    """A warning and a critical alarm, and two composite ones that tell of the warning and of the end."""
    cloudwatch = channel.aws.client("cloudwatch")
    base = f"{ENVIRONMENT}/api/cpu/i-0abc"
    tags = {"environment": ENVIRONMENT, "service": "api", "kind": "cpu", "resource": "i-0abc", "owner": "payments"}

    def tagged(severity: str) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in {**tags, "severity": severity}.items()]

    for severity, threshold in (("warning", 80.0), ("critical", 95.0)):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{base}/{severity}",
            Namespace="Test",
            MetricName="CPUUtilization",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=threshold,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
            AlarmActions=[channel.topics["critical"]] if severity == "critical" else [],
            Tags=tagged(severity),
        )
    warning, critical = (f'ALARM("{base}/{severity}")' for severity in ("warning", "critical"))
    cloudwatch.put_composite_alarm(
        AlarmName=f"{base}/notify-warning",
        AlarmRule=f"{warning} AND NOT {critical}",
        AlarmActions=[channel.topics["warning"]],
        Tags=tagged("warning"),
    )
    cloudwatch.put_composite_alarm(
        AlarmName=f"{base}/notify-recovery",
        AlarmRule=f"{warning} OR {critical}",
        OKActions=[channel.topics["warning"]],
        Tags=tagged("warning"),
    )

    def turn(severity: str, state: str, value: float, threshold: float) -> None:
        message = alarm(state=state, value=value, threshold=threshold)
        cloudwatch.set_alarm_state(
            AlarmName=f"{base}/{severity}", StateValue=state, StateReason=message["NewStateReason"]
        )

    turn("warning", "ALARM", 90, 80)
    until(lambda: len(chat.messages()) == 1, 40, "the warning's card")
    turn("critical", "ALARM", 97, 95)
    until(lambda: len(chat.messages()) == 2, 40, "the critical alarm's card")
    time.sleep(1.1)
    turn("critical", "OK", 85, 95)
    until(lambda: len(chat.messages()) == 3, 40, "the warning's card, again")
    time.sleep(1.1)
    turn("warning", "OK", 40, 80)
    until(lambda: len(chat.messages()) == 4, 40, "the end")
    messages = chat.messages()
    assert [entry["message"]["fallbackText"] for entry in messages] == [
        "🟠 Warning: api · CPU (production · i-0abc): 90 % (above 80 %)",
        "🔴 Now critical: api · CPU (production · i-0abc): 97 % (above 95 %)",
        "🟠 Back to warning: api · CPU (production · i-0abc): 90 % (above 80 %)",
        "🟢 Recovered: api · CPU (production · i-0abc): 40 %",
    ]
    assert len({entry["thread"] for entry in messages}) == 1
    assert all("Owner: <b>payments</b>" in texts(entry["message"]) for entry in messages)


def test_a_load_of_90_then_97_then_40_of_a_declared_service_is_three_cards_of_one_thread(
    channel: Deployed, chat: Chat, until: Until
) -> None:
    """The whole way: what is put into CloudWatch moves the alarms of the catalogue, and the chat space is told."""
    service = {"name": "api", "critical": True, "alarms": only("cpu")}
    found = {"api": {"instances": [{"id": "i-1", "state": "running"}]}}
    world = Told(channel.aws, [service], found, channel.topics, ENVIRONMENT)
    cpu = ("AWS/EC2", "CPUUtilization")
    world.minutes(6, *cpu, 40, InstanceId="i-1")
    until(lambda: channel.waiting(channel.queue) == 0, 60, "an empty queue")
    assert chat.messages() == [], "new alarms that are OK are no news"
    for minutes, value, count in ((9, 90, 1), (15, 97, 2), (10, 40, 3)):
        world.minutes(minutes, *cpu, value, InstanceId="i-1")
        until(lambda count=count: len(chat.messages()) == count, 60, f"{count} cards")
        until(lambda: channel.waiting(channel.queue) == 0, 60, "an empty queue")
    messages = chat.messages()
    assert [entry["message"]["fallbackText"] for entry in messages] == [
        "🟠 Warning: api · CPU (production · i-1): 90 % (above 80 %)",
        "🔴 Now critical: api · CPU (production · i-1): 97 % (above 95 %)",
        "🟢 Recovered: api · CPU (production · i-1): 40 %",
    ]
    assert len({entry["thread"] for entry in messages}) == 1
    assert re.search(r"after (19|20) min", texts(messages[2]["message"])), texts(messages[2]["message"])
