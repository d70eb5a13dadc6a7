# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions themselves, with clients that stand in for AWS."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import handlers, inbox
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.store import MemoryStore, StoreError
from tests.unit.plugins.module_utils._relay.samples import ARN, TOPICS, Spaces, alarm, composite, record, texts

URL = "https://chat.googleapis.com/v1/spaces/A/messages?key=SecretKey&token=SecretToken"


class Aws:
    """All clients in one: it remembers what was asked of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, t.Any]]] = []
        self.waiting: list[dict[str, t.Any]] = []
        self.tags: dict[str, dict[str, str]] = {}
        self.failing: set[str] = set()

    def __getattr__(self, name: str) -> t.Callable[..., t.Any]:
        if name.startswith("do_"):
            raise AttributeError(name)

        def call(**arguments: t.Any) -> t.Any:
            self.calls.append((name, arguments))
            if name in self.failing:
                raise RuntimeError("away")
            return getattr(self, f"do_{name}", lambda **_arguments: {})(**arguments)

        return call

    def do_get_secret_value(self, **_arguments: t.Any) -> t.Any:
        return {"SecretString": json.dumps({"webhook_url": URL, "signing_key": "key", "front_door_token": "token"})}

    def do_get_queue_url(self, **arguments: t.Any) -> t.Any:
        assert arguments == {"QueueName": "kumawatch-production-alerts", "QueueOwnerAWSAccountId": "123456789012"}
        return {"QueueUrl": "https://queue"}

    def do_receive_message(self, **arguments: t.Any) -> t.Any:
        count = arguments["MaxNumberOfMessages"]
        given, self.waiting = self.waiting[:count], self.waiting[count:]
        return {"Messages": given} if given else {}

    def do_list_tags_for_resource(self, **arguments: t.Any) -> t.Any:
        tags = self.tags.get(arguments["ResourceARN"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def do_describe_alarms(self, **arguments: t.Any) -> t.Any:
        assert len(arguments["AlarmNames"]) <= 100
        message = alarm(value=88)
        description = {**message["Trigger"], "StateReason": message["NewStateReason"], "StateValue": "ALARM"}
        return {"MetricAlarms": [{**description, "AlarmName": name} for name in arguments["AlarmNames"]]}

    def asked(self, name: str) -> list[dict[str, t.Any]]:
        return [arguments for called, arguments in self.calls if called == name]

    def wait(self, message: t.Any, receives: int = 1) -> None:
        """Put a message into the queue."""
        entry = record(message, receives=receives)
        self.waiting.append(
            {
                "MessageId": entry["messageId"],
                "ReceiptHandle": entry["receiptHandle"],
                "Body": entry["body"],
                "Attributes": entry["attributes"],
            }
        )


class Stage(t.NamedTuple):
    aws: Aws
    spaces: Spaces
    memory: MemoryStore


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name, value in {
        "KUMAWATCH_ENVIRONMENT": "production",
        "KUMAWATCH_TABLE": "incidents",
        "KUMAWATCH_SECRET_ID": "secret",
        "KUMAWATCH_TOPICS": json.dumps(TOPICS),
        "KUMAWATCH_ESCALATE_AFTER": "15",
        "KUMAWATCH_FRONT_DOOR_URL": "https://door.example.com",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    made = Stage(Aws(), Spaces(), MemoryStore())
    kept = (handlers._settings, handlers._vault, handlers._store, handlers._poster, handlers._client)
    for cached in kept:
        cached.cache_clear()
    handlers._TAGS.clear()
    monkeypatch.setattr(handlers, "_client", lambda service: made.aws)
    monkeypatch.setattr(handlers, "_store", lambda: made.memory)
    monkeypatch.setattr(handlers, "_poster", lambda: made.spaces)
    yield made
    for cached in kept:
        cached.cache_clear()


def event(*records: t.Any) -> dict[str, t.Any]:
    return {"Records": list(records)}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_a_batch_is_told(stage: Stage) -> None:
    assert handlers.relay(event(record(alarm()), record("words")), Context()) == {"batchItemFailures": []}
    assert len(stage.spaces.messages) == 2
    assert "https://door.example.com/acknowledge?incident=" in json.dumps(stage.spaces.messages)


def test_what_waits_in_the_queue_becomes_part_of_the_digest_and_is_deleted(stage: Stage) -> None:
    for number in range(25):
        stage.aws.wait(alarm(f"production/api/cpu/i-{number:05d}/warning"))
    handlers.relay(event(record(alarm())), Context())
    assert len(stage.spaces.messages) == 1
    assert "26 alerts at once" in texts(stage.spaces.messages[0][1])
    deleted = stage.aws.asked("delete_message_batch")
    assert [len(call["Entries"]) for call in deleted] == [10, 10, 5]
    assert stage.aws.asked("change_message_visibility_batch") == []


def test_no_more_is_taken_than_can_be_worked_on(stage: Stage) -> None:
    for number in range(600):
        stage.aws.wait(f"message {number}")
    handlers.relay(event(record(alarm())), Context())
    assert len(stage.aws.waiting) == 600 - (inbox.MOST - 1)


def test_what_fails_comes_again_when_it_makes_sense(stage: Stage) -> None:
    from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.post import Outcome

    stage.spaces.refusing = lambda _channel: Outcome(False, True, "full", 42.0)
    stage.aws.wait("waiting", receives=2)
    entry = record(alarm())
    assert handlers.relay(event(entry), Context()) == {"batchItemFailures": [{"itemIdentifier": entry["messageId"]}]}
    [call] = stage.aws.asked("change_message_visibility_batch")
    assert [each["VisibilityTimeout"] for each in call["Entries"]] == [42, 42]
    assert call["QueueUrl"] == "https://queue"
    assert stage.aws.asked("delete_message_batch") == []


@pytest.mark.parametrize("broken", ["get_queue_url", "receive_message", "delete_message_batch"])
def test_a_queue_that_cannot_be_asked_changes_nothing(stage: Stage, broken: str) -> None:
    stage.aws.wait("waiting")
    stage.aws.failing.add(broken)
    assert handlers.relay(event(record(alarm())), Context()) == {"batchItemFailures": []}
    assert stage.spaces.messages


def test_tags_are_asked_for_once(stage: Stage) -> None:
    stage.aws.tags[ARN + "odd"] = {"service": "shop", "kind": "disk"}
    handlers.relay(event(record(alarm("odd"))), Context())
    handlers.relay(event(record(alarm("odd", "OK", 60))), Context())
    assert [call["ResourceARN"] for call in stage.aws.asked("list_tags_for_resource")] == [ARN + "odd"]
    assert "shop · Disk" in texts(stage.spaces.messages[0][1])


def test_tags_that_cannot_be_had_keep_nothing_back(stage: Stage) -> None:
    stage.aws.failing.add("list_tags_for_resource")
    handlers.relay(event(record(alarm()), record(alarm("production/web/cpu/critical"))), Context())
    assert len(stage.aws.asked("list_tags_for_resource")) == 1
    assert len(stage.spaces.messages) == 2


def test_a_burst_does_not_ask_for_the_tags_of_all(stage: Stage) -> None:
    names = [f"production/api/cpu/i-{number:05d}/warning" for number in range(60)]
    handlers.relay(event(*[record(alarm(name)) for name in names]), Context())
    assert len(stage.aws.asked("list_tags_for_resource")) == handlers.MAX_LOOKUPS
    assert len(stage.spaces.messages) == 1


def test_what_is_behind_composite_alarms_is_asked_for_together(stage: Stage) -> None:
    names = [f"production/api/cpu/i-{number:05d}" for number in range(70)]
    messages = [composite(f"{name}/notify-warning", "ALARM", 0, {f"{name}/warning": "ALARM"}) for name in names]
    handlers.relay(event(*[record(message) for message in messages]), Context())
    assert len(stage.aws.asked("describe_alarms")) == 2
    assert texts(stage.spaces.messages[0][1]).count("88 % (above 80 %)") == 70


def test_what_cannot_be_described_is_told_without_its_value(stage: Stage) -> None:
    stage.aws.failing.add("describe_alarms")
    handlers.relay(event(record(composite("a/b/cpu/notify-warning", "ALARM", 0, {"a/b/cpu/warning": "ALARM"}))))
    assert stage.spaces.messages[0][1]["fallbackText"] == "🟠 Warning: b · CPU (a)"


class Broken(MemoryStore):
    def read(self, keys: t.Any) -> t.Any:
        raise StoreError("The table 'incidents' cannot be used.")


def test_without_the_table_alerts_wait_twice_and_are_then_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_store", Broken)
    young, old = record(alarm()), record(alarm("production/web/cpu/critical"), receives=3)
    answer = handlers.relay(event(young, old), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": young["messageId"]}]}
    assert [message["fallbackText"].split(" (")[0] for _channel, message in stage.spaces.messages] == [
        "🔴 Critical: web · CPU"
    ]


def test_one_message_that_brings_a_fault_to_light_does_not_keep_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = stage.spaces.post

    def post(channel: str, message: t.Any, request_id: str, deadline: float) -> t.Any:
        if "poison" in json.dumps(message):
            raise ZeroDivisionError(URL)
        return original(channel, message, request_id, deadline)

    monkeypatch.setattr(stage.spaces, "post", post)
    bad, good = record("poison"), record(alarm())
    assert handlers.relay(event(bad, good), Context()) == {"batchItemFailures": [{"itemIdentifier": bad["messageId"]}]}
    assert len(stage.spaces.messages) == 1
    assert "Secret" not in capsys.readouterr().out


def test_the_log_is_json_without_the_webhook(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    handlers.relay(event(record(alarm())), Context())
    handlers.log("odd", url=URL, at=object())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["what"] for line in lines] == ["batch", "odd"]
    assert "Secret" not in json.dumps(lines)


def test_without_a_context_and_without_records(stage: Stage) -> None:
    assert handlers.relay({}) == {"batchItemFailures": []}


def test_the_escalation_and_taking_it_without_a_link(stage: Stage) -> None:
    handlers.relay(event(record(alarm())), Context())
    assert handlers.escalate({})["failed"] == []
    name = "production/api/cpu/i-0abc"
    assert handlers.escalate({"acknowledge": name, "by": "Ada"}) == {
        "acknowledged": True,
        "incident": name,
        "by": "Ada",
    }
    assert handlers.front_door({"acknowledge": name, "by": "Bob"}) == {
        "acknowledged": False,
        "reason": f"The incident '{name}' is acknowledged, by Ada.",
    }
    assert handlers.escalate({"acknowledge": "production/api/disk"}) == {
        "acknowledged": False,
        "reason": "There is no incident 'production/api/disk'.",
    }
    assert [call["TopicArn"] for call in stage.aws.asked("publish")][-1] == TOPICS["info"]


def test_the_front_door_without_its_secret_says_to_come_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.aws.failing.add("get_secret_value")
    request = {"rawPath": "/uptime-kuma", "requestContext": {"http": {"method": "POST"}}, "body": "{}"}
    assert handlers.front_door(request)["statusCode"] == 503
    assert "The secret 'secret' cannot be read: RuntimeError." in capsys.readouterr().out


def test_a_relay_that_is_not_configured_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUMAWATCH_ENVIRONMENT", raising=False)
    handlers._settings.cache_clear()
    with pytest.raises(InputError, match="KUMAWATCH_ENVIRONMENT is not set"):
        handlers.escalate({})
