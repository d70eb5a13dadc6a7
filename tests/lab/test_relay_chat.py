# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay's functions against the lab's chat space, which answers as Google Chat does, and against its troubles."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import handlers, post
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.post import Poster
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.secrets import Vault
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.store import MemoryStore
from tests.unit.plugins.module_utils._relay.samples import TOPICS, alarm, record, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Chat

PACE = 0.2


class Queue:
    """A queue that gives messages out again after the seconds that the relay asks for, in hurried time."""

    def __init__(self) -> None:
        self.visibility: dict[str, int] = {}
        self.dead: list[Any] = []

    def get_queue_url(self, **_arguments: Any) -> Any:
        return {"QueueUrl": "https://queue"}

    def receive_message(self, **_arguments: Any) -> Any:
        return {}

    def change_message_visibility_batch(self, Entries: Any, **_arguments: Any) -> None:  # noqa: N803  # as boto3 has it
        self.visibility |= {entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in Entries}

    def list_tags_for_resource(self, **_arguments: Any) -> Any:
        return {"Tags": []}

    def drain(self, records: list[Any], most: int = 12, each: int = 10) -> int:
        """Give out ``records`` until none comes back; what came back ``most`` times is dead. The rounds it took."""
        rounds = 0
        while records:
            rounds += 1
            failed: list[Any] = []
            for start in range(0, len(records), each):
                batch = records[start : start + each]
                answer = handlers.relay({"Records": batch}, Context())
                names = {entry["itemIdentifier"] for entry in answer["batchItemFailures"]}
                failed += [entry for entry in batch if entry["messageId"] in names]
            records = []
            for entry in failed:
                count = int(entry["attributes"]["ApproximateReceiveCount"])
                if count >= most:
                    self.dead.append(entry)
                    continue
                entry["attributes"]["ApproximateReceiveCount"] = str(count + 1)
                records.append(entry)
        return rounds


class Context:
    """Of a function that has half a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def queue(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    for name, value in {
        "KUMAWATCH_ENVIRONMENT": "production",
        "KUMAWATCH_TABLE": "incidents",
        "KUMAWATCH_TOPICS": json.dumps(TOPICS),
        "KUMAWATCH_PACE": str(PACE),
    }.items():
        monkeypatch.setenv(name, value)
    handlers._settings.cache_clear()
    store = MemoryStore()
    vault = Vault(lambda: json.dumps({"webhook_url": chat.url()}))
    poster = Poster(vault, store, interval=PACE)
    made = Queue()
    monkeypatch.setattr(handlers, "_client", lambda service: made)
    monkeypatch.setattr(handlers, "_store", lambda: store)
    monkeypatch.setattr(handlers, "_vault", lambda: vault)
    monkeypatch.setattr(handlers, "_poster", lambda: poster)
    monkeypatch.setattr(f"{post.delay.__module__}.FIRST_DELAY", 0.1)
    yield made
    handlers._settings.cache_clear()


def fault(chat: Chat, **more: Any) -> None:
    assert chat.call("POST", f"{chat.base}/faults", json.dumps(more).encode()).status == 200


def fleet(count: int) -> list[Any]:
    return [record(alarm(f"production/api/cpu/i-{number:05d}/warning")) for number in range(count)]


def told(chat: Chat) -> dict[int, int]:
    """How often each of the fleet was told."""
    counts: dict[int, int] = {}
    for entry in chat.messages():
        seen = texts(entry["message"])
        for number in range(300):
            if f"i-{number:05d}" in seen:
                counts[number] = counts.get(number, 0) + 1
    return counts


def test_warning_critical_recovery_stand_in_one_thread(chat: Chat, queue: Queue) -> None:
    warning, critical = "production/api/cpu/warning", "production/api/cpu/critical"
    for entry in (
        record(alarm(warning, at=0)),
        record(alarm(critical, at=300, value=97, threshold=95)),
        record(alarm(warning, "OK", 301)),
        record(alarm(critical, "OK", 900, value=40, threshold=95)),
    ):
        assert queue.drain([entry]) == 1
    messages = chat.messages()
    assert [entry["message"]["cardsV2"][0]["cardId"] for entry in messages] == ["opened", "raised", "recovered"]
    assert len({entry["thread"] for entry in messages}) == 1
    assert all(entry["ignored_widgets"] == 0 for entry in messages)


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 429, "count": 3, "retry_after": 1},
        {"status": 429, "count": 2},
        {"status": 500, "count": 2},
        {"status": 503, "count": 4},
        {"status": 500, "count": 1, "stored": True},
        {"status": 504, "count": 3, "stored": True},
    ],
)
@pytest.mark.parametrize("count", [3, 12])
def test_every_alert_arrives_once_whatever_the_space_answers(
    chat: Chat, queue: Queue, trouble: dict[str, Any], count: int
) -> None:
    fault(chat, **trouble)
    queue.drain(fleet(count), each=500)
    assert told(chat) == dict.fromkeys(range(count), 1)
    assert queue.dead == []


def test_a_space_that_answers_too_late_gets_no_message_twice(
    chat: Chat, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "TIMEOUT", 0.3)
    fault(chat, delay=1.0, count=2)
    queue.drain(fleet(3))
    time.sleep(1.2)
    assert told(chat) == dict.fromkeys(range(3), 1)


def test_a_webhook_that_is_gone_and_comes_back_loses_nothing(
    chat: Chat, serve_chat: Callable[..., Chat], queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "PATIENCE", 0.2)
    serve_chat.stop()  # type: ignore[attr-defined]
    entries = fleet(20)
    for receives in range(1, 6):
        for entry in entries:
            entry["attributes"]["ApproximateReceiveCount"] = str(receives)
        answer = handlers.relay({"Records": entries}, Context())
        assert len(answer["batchItemFailures"]) == 20
    assert set(queue.visibility.values()) == {240}
    again = serve_chat(port=int(chat.base.rpartition(":")[2]))
    queue.drain(entries, each=500)
    assert told(again) == dict.fromkeys(range(20), 1)
    assert len(again.messages()) == 1


def test_a_webhook_that_stays_gone_leaves_all_in_the_dead_letters(chat: Chat, queue: Queue) -> None:
    fault(chat, status=404, count=100_000)
    queue.drain(fleet(7))
    assert len(queue.dead) == 7
    assert chat.messages() == []
    # Sent again when the webhook is there once more, each arrives.
    chat.call("DELETE", f"{chat.base}/faults")
    again, queue.dead = queue.dead, []
    queue.drain(again)
    assert told(chat) == dict.fromkeys(range(7), 1)


def test_200_alarms_are_one_message_and_never_above_the_limit(chat: Chat, queue: Queue) -> None:
    queue.drain(fleet(200), each=500)
    assert told(chat) == dict.fromkeys(range(200), 1)
    assert len(chat.messages()) == 1


def test_small_batches_keep_the_pace(chat: Chat, queue: Queue) -> None:
    begun = time.monotonic()
    queue.drain(fleet(8), each=1)
    assert time.monotonic() - begun >= 7 * PACE
    assert len(chat.messages()) == 8


def test_a_full_space_is_waited_for(chat: Chat, queue: Queue) -> None:
    for number in range(59):
        assert chat.post({"text": str(number)}).status == 200
    queue.drain([record("first")])
    entry = record("second")
    answer = handlers.relay(
        {"Records": [entry]}, type("Short", (), {"get_remaining_time_in_millis": lambda self: 6_000})()
    )
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == [entry["messageId"]]
    chat.now[0] += 61
    queue.drain([entry])
    seen = [texts(message["message"]) for message in chat.messages()[59:]]
    assert ["first" in seen[0], "second" in seen[1], len(seen)] == [True, True, 2]


def test_anything_that_anyone_publishes_is_taken_by_the_space(chat: Chat, queue: Queue) -> None:
    odd = [
        "",
        "words",
        "{",
        "🔥" * 20_000,
        "\u202e" * 9_000,
        "<script>alert(1)</script>",
        json.dumps({"a": ["&"] * 5_000}),
    ]
    queue.drain([record(text) for text in odd], each=2)
    messages = chat.messages()
    assert len(messages) == len(odd)
    assert all(entry["ignored_widgets"] == 0 for entry in messages)
    assert queue.dead == []


def test_no_message_holds_the_webhook(chat: Chat, queue: Queue, capsys: pytest.CaptureFixture[str]) -> None:
    fault(chat, status=503, count=1)
    queue.drain([record(f"see {chat.url()}"), record(alarm(AlarmDescription=chat.url()))])
    everything = json.dumps(chat.messages()) + capsys.readouterr().out
    assert "lab-token" not in everything
    assert "lab-key" not in everything
    assert len(chat.messages()) == 2
