# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of what arrives, in which order and how often it may arrive."""

from __future__ import annotations

import json
import random
import re
import typing as t
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat import limits
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.incidents import from_item
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.post import Outcome
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.settings import Channel, Settings
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.store import MemoryStore, StoreError
from tests.unit.plugins.module_utils._relay.samples import (
    ARN,
    NOW,
    TOPICS,
    Rig,
    alarm,
    buttons,
    composite,
    record,
    texts,
    titles,
    when,
)

WARNING = "production/api/cpu/i-0abc/warning"
CRITICAL = "production/api/cpu/i-0abc/critical"
IDENTITY = "production/api/cpu/i-0abc"


def incident(rig: Rig, identity: str = IDENTITY) -> t.Any:
    return from_item(rig.memory.items["incident", identity])


def threads(messages: list[dict[str, t.Any]]) -> list[str]:
    return [message.get("thread", {}).get("threadKey", "") for message in messages]


def test_the_seed_of_it_all_warning_critical_recovery() -> None:
    rig = Rig()
    told = rig.tell(alarm(WARNING, value=90))
    rig.now += 300
    told += rig.tell(
        composite(WARNING, "OK", 301, {CRITICAL: "ALARM"}), alarm(CRITICAL, at=300, value=97, threshold=95)
    )
    rig.now += 420
    told += rig.tell(alarm(CRITICAL, "OK", 700, value=40, threshold=95))
    assert titles(told) == [
        "🟠 Warning: api · CPU (production · i-0abc): 90 % (above 80 %)",
        "🔴 Now critical: api · CPU (production · i-0abc): 97 % (above 95 %)",
        "🟢 Recovered: api · CPU (production · i-0abc): 40 %",
    ]
    assert len(set(threads(told))) == 1
    assert "after 11 min: from 10:00 UTC to 10:11 UTC" in texts(told[2])
    assert incident(rig).status == "recovered"


def test_a_warning_that_gives_way_before_its_critical_alarm_arrives_is_no_recovery() -> None:
    rig = Rig()
    told = rig.tell(alarm(WARNING, value=90))
    rig.now += 300
    told += rig.tell(composite(WARNING, "OK", 300, {CRITICAL: "ALARM"}))
    told += rig.tell(alarm(CRITICAL, at=300, value=97, threshold=95))
    assert [title.split(":")[0] for title in titles(told)] == ["🟠 Warning", "🔴 Now critical"]
    rig.now += 300
    assert rig.run(record(alarm(CRITICAL, "OK", 604))) == {"sqs-" + _last_number(rig): 10.0}
    rig.now += 10
    assert titles(rig.tell(alarm(CRITICAL, "OK", 604)))[0].startswith("🟢 Recovered")


def _last_number(rig: Rig) -> str:
    """The number of the record that was made last."""
    return str(int(record("x")["messageId"].removeprefix("sqs-")) - 1)


def test_a_critical_alarm_that_ends_waits_for_its_warning_to_begin_again() -> None:
    rig = Rig()
    rig.tell(alarm(WARNING, value=90))
    rig.tell(alarm(CRITICAL, at=300), composite(WARNING, "OK", 300, {CRITICAL: "ALARM"}))
    rig.now = NOW.timestamp() + 601
    ended = record(alarm(CRITICAL, "OK", 600))
    assert rig.run(ended) == {ended["messageId"]: 10.0}
    assert titles(rig.tell(composite(WARNING, "ALARM", 602, {CRITICAL: "OK"}))) == []
    rig.now += 10
    count = len(rig.spaces.messages)
    assert rig.run(ended) == {}
    assert [title.split(":")[0] for title in titles(rig.spaces.since(count))] == ["🟠 Back to warning"]


def notify(what: str, state: str, at: float, children: Mapping[str, str]) -> dict[str, t.Any]:
    """A message of an alarm that only tells, as the catalogue makes them."""
    tags = {"service": "api", "kind": "cpu", "resource": "i-0abc", "environment": "production"}
    severity = "warning" if what == "recovery" else what
    name = f"{IDENTITY}/notify-{what}"
    return composite(name, state, at, children, AlarmTags={**tags, "severity": severity}, AlarmTagsStatus="SUCCESS")


@pytest.mark.parametrize("tagged", [True, False])
def test_alarms_that_only_tell(tagged: bool) -> None:
    """A warning, a critical alarm, a warning again, and the end, each told by an alarm of its own, and once."""
    rig = Rig()
    messages = [
        notify("warning", "ALARM", 0, {WARNING: "ALARM"}),
        alarm(CRITICAL, at=300, value=97, threshold=95),
        notify("warning", "ALARM", 600, {CRITICAL: "OK"}),
        notify("recovery", "OK", 900, {WARNING: "OK"}),
        # What comes late of all that opens nothing any more.
        notify("warning", "ALARM", 0, {WARNING: "ALARM"}),
        notify("recovery", "OK", 901, {WARNING: "OK"}),
    ]
    told = []
    for message in messages:
        if not tagged:
            message.pop("AlarmTags", None)
        told += rig.tell(message)
    assert [title.split(":")[0] for title in titles(told)] == [
        "🟠 Warning",
        "🔴 Now critical",
        "🟠 Back to warning",
        "🟢 Recovered",
    ]
    assert len(set(threads(told))) == 1
    assert "after 15 min" in texts(told[3])
    assert not incident(rig).is_open


def test_alarms_that_only_tell_in_the_wrong_order() -> None:
    rig = Rig()
    assert rig.tell(notify("recovery", "OK", 900, {})) == []
    told = rig.tell(alarm(CRITICAL, at=300)) + rig.tell(notify("warning", "ALARM", 0, {}))
    assert [title.split(":")[0] for title in titles(told)] == ["⚪ Critical, arrived late", "⚪ Warning, arrived late"]
    assert not incident(rig).is_open
    # Of another one, the end is older than the beginning.
    told = rig.tell(notify("warning", "ALARM", 2_000, {}))
    assert rig.tell(notify("recovery", "OK", 1_500, {})) == []
    assert incident(rig).is_open
    assert [title.split(":")[0] for title in titles(told)] == ["🟠 Warning"]


def test_a_critical_alarm_that_comes_after_its_warning_began_again_is_told_as_late() -> None:
    rig = Rig()
    told = rig.tell(notify("warning", "ALARM", 600, {})) + rig.tell(alarm(CRITICAL, at=300))
    assert [title.split(":")[0] for title in titles(told)] == ["🟠 Warning", "⚪ Critical, arrived late"]
    assert incident(rig).severity == "warning"


def test_an_alarm_that_tells_of_the_end_opens_nothing() -> None:
    rig = Rig()
    assert rig.tell(notify("recovery", "ALARM", 0, {WARNING: "ALARM"})) == []
    assert rig.tell(notify("recovery", "OK", 10, {}), notify("warning", "ALARM", 20, {}))
    assert incident(rig).is_open


def test_a_composite_alarm_shows_what_the_alarm_behind_it_measures() -> None:
    rig = Rig()
    asked: list[str] = []

    def describe(names: t.Sequence[str]) -> Mapping[str, Mapping[str, t.Any]]:
        asked.extend(names)
        message = alarm(WARNING, value=88)
        return {WARNING: {**message["Trigger"], "StateReason": message["NewStateReason"], "StateValue": "ALARM"}}

    rig.relay.describe = describe
    [told] = rig.tell(notify("warning", "ALARM", 0, {WARNING: "ALARM"}))
    assert asked == [WARNING, CRITICAL]
    assert told["fallbackText"] == "🟠 Warning: api · CPU (production · i-0abc): 88 % (above 80 %)"
    assert "5 of the last 5 values were above 80 % (average of 1 min each)." in texts(told)
    # Behind the end is an alarm that is on again: it says nothing of the end.
    [over] = rig.tell(notify("recovery", "OK", 60, {WARNING: "OK"}))
    assert over["fallbackText"] == "🟢 Recovered: api · CPU (production · i-0abc)"


def test_an_alarm_whose_clock_is_ahead_is_not_waited_for() -> None:
    rig = Rig()
    rig.tell(alarm(WARNING, at=0), alarm(CRITICAL, at=300), alarm(WARNING, "OK", 301))
    assert titles(rig.tell(alarm(CRITICAL, "OK", 900)))[0].startswith("🟢 Recovered")


def test_critical_to_warning_in_one_batch_is_one_card() -> None:
    rig = Rig()
    rig.tell(alarm(WARNING, value=90))
    rig.tell(alarm(CRITICAL, at=300), composite(WARNING, "OK", 300, {CRITICAL: "ALARM"}))
    told = rig.tell(alarm(CRITICAL, "OK", 600), composite(WARNING, "ALARM", 601, {CRITICAL: "OK"}))
    assert [title.split(":")[0] for title in titles(told)] == ["🟠 Back to warning"]
    assert incident(rig).severity == "warning"


def test_a_warning_beside_its_critical_alarm_is_not_told_again() -> None:
    rig = Rig()
    rig.tell(alarm(CRITICAL, at=0))
    assert rig.tell(alarm(WARNING, at=1)) == []
    assert rig.tell(alarm(WARNING, "OK", 2)) == []
    assert incident(rig).is_open


@pytest.mark.parametrize("again", ["message", "change"])
def test_a_duplicate_is_dropped(again: str) -> None:
    rig = Rig()
    entry = record(alarm(), identity="one")
    assert rig.run(entry) == {}
    assert rig.run(entry if again == "message" else record(alarm(), identity="two")) == {}
    assert rig.run(record(alarm()), record(alarm())) == {}
    assert len(rig.spaces.messages) == 1


def test_a_duplicate_inside_one_batch_is_dropped() -> None:
    rig = Rig()
    assert rig.run(record("disk full", identity="one"), record("disk full", identity="one")) == {}
    assert len(rig.spaces.messages) == 1


def test_an_ok_that_is_older_than_the_alarm_ends_nothing() -> None:
    rig = Rig()
    rig.tell(alarm(at=100))
    assert rig.tell(alarm(state="OK", at=50)) == []
    assert incident(rig).is_open


def test_an_alarm_that_arrives_after_its_end_opens_nothing() -> None:
    rig = Rig()
    # The end of what never began is no news; it becomes some with the beginning.
    assert rig.tell(alarm(state="OK", at=100)) == []
    late = rig.tell(alarm(at=40))
    assert [title.split(":")[0] for title in titles(late)] == ["⚪ Warning, arrived late"]
    assert not incident(rig).is_open


def test_alarm_and_end_in_one_batch_are_one_card_with_the_duration_in_any_order() -> None:
    for messages in ([alarm(at=0), alarm(state="OK", at=120)], [alarm(state="OK", at=120), alarm(at=0)]):
        rig = Rig()
        told = rig.tell(*messages)
        assert titles(told) == ["🟢 Warning, over by now: api · CPU (production · i-0abc): 90.5 % (above 80 %)"]
        assert "lasted 2 min" in texts(told[0])


def test_the_first_ok_of_a_new_alarm_is_no_news() -> None:
    rig = Rig()
    assert rig.tell(alarm(state="OK", old="INSUFFICIENT_DATA")) == []
    assert rig.run(record(alarm(state="OK", old="INSUFFICIENT_DATA"))) == {}


def test_no_data_is_no_recovery() -> None:
    rig = Rig()
    rig.tell(alarm())
    told = rig.tell(alarm(state="INSUFFICIENT_DATA", at=60, old="ALARM"))
    assert [title.split(":")[0] for title in titles(told)] == ["⚪ No data"]
    assert incident(rig).is_open
    told = rig.tell(alarm(state="OK", at=180, old="INSUFFICIENT_DATA"))
    assert "after 3 min" in texts(told[0])


def test_again_within_a_quarter_of_an_hour_is_the_same_thread() -> None:
    rig = Rig()
    told = rig.tell(alarm(at=0)) + rig.tell(alarm(state="OK", at=60)) + rig.tell(alarm(at=900))
    assert titles(told)[2].startswith("🟠 Warning again")
    assert len(set(threads(told))) == 1
    told += rig.tell(alarm(state="OK", at=960)) + rig.tell(alarm(at=2000))
    assert titles(told)[4].startswith("🟠 Warning:")
    assert threads(told)[4] != threads(told)[0]


def test_what_comes_long_after_it_happened_says_so_and_is_not_escalated() -> None:
    rig = Rig()
    rig.now += 7 * 3600
    told = rig.tell(alarm())
    assert "delivered 7 h later" in texts(told[0])
    assert incident(rig).late


def test_tags_come_from_the_message_or_are_asked_for() -> None:
    rig = Rig()
    asked: list[str] = []

    def tags(alerts: t.Any) -> Mapping[str, Mapping[str, str]]:
        asked.extend(alert.arn for alert in alerts)
        return {
            ARN + "odd name": {
                "service": "shop",
                "kind": "disk",
                "owner": "payments",
                "runbook": "https://wiki.example.com/disk",
            }
        }

    rig.relay.tags = tags
    told = rig.tell(alarm("odd name"), alarm(WARNING, AlarmTags=[{"Key": "service", "Value": "web"}]))
    assert asked == [ARN + "odd name"]
    assert sorted(titles(told)) == [
        "🟠 Warning: shop · Disk (production): 90.5 % (above 80 %)",
        "🟠 Warning: web · CPU (production · i-0abc): 90.5 % (above 80 %)",
    ]
    shop = next(message for message in told if "shop" in message["fallbackText"])
    assert buttons(shop)["Runbook"] == "https://wiki.example.com/disk"
    assert "Owner: <b>payments</b>" in texts(shop)


def test_an_alarm_without_tags_and_of_any_name_is_an_incident_of_its_own() -> None:
    rig = Rig()
    told = rig.tell(alarm("Höhe des <Wassers>"), alarm("other"))
    assert len(set(threads(told))) == 2
    assert "Höhe des &lt;Wassers&gt;" in texts(told[0]) + texts(told[1])
    assert titles(rig.tell(alarm("other", "OK", 60))) == ["🟢 Recovered: other (production): 90.5 %"]


# -- digests


def fleet(count: int, state: str = "ALARM", at: float = 0, service: str = "api") -> list[dict[str, t.Any]]:
    return [
        alarm(f"production/{service}/cpu/i-{number:05d}/warning", state, at + number % 7 / 10)
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [5, 6])
def test_more_than_five_at_once_are_a_digest(count: int) -> None:
    assert len(Rig().tell(*fleet(count))) == (5 if count == 5 else 1)


@pytest.mark.parametrize("count", [6, 200, 1_000])
def test_every_alarm_of_a_digest_is_named(count: int) -> None:
    told = Rig().tell(*fleet(count))
    assert len(told) <= 3
    everything = "\n".join(texts(message) for message in told)
    assert set(re.findall(r"i-\d{5}", everything)) == {f"i-{number:05d}" for number in range(count)}
    for message in told:
        limits.check(message)


def test_what_is_beyond_three_messages_is_counted() -> None:
    rig = Rig()
    messages = fleet(2_500)
    told = rig.tell(*messages)
    assert len(told) == 3
    everything = "\n".join(texts(message) for message in told)
    left = len(messages) - len(set(re.findall(r"i-\d{5}", everything)))
    assert left > 0
    assert f"And {left:,} more" in everything
    assert f"api: {left:,}" in everything
    for message in told:
        limits.check(message)
    # All of them count as told.
    assert rig.tell(*messages[-50:]) == []


def test_what_follows_a_digest_stands_below_it() -> None:
    rig = Rig()
    [digest] = rig.tell(*fleet(8))
    [ended] = rig.tell(alarm("production/api/cpu/i-00003/warning", "OK", 300))
    assert threads([digest]) == threads([ended])
    assert "recovered after" in texts(rig.tell(*fleet(8, "OK", 600))[0])


def test_the_most_urgent_of_a_digest_come_first() -> None:
    rig = Rig()
    rig.tell(alarm("production/old/cpu/warning", at=-60))
    [digest] = rig.tell(
        *fleet(5), alarm("production/old/cpu/warning", "OK", 1), alarm("production/web/cpu/critical"), "some words"
    )
    headers = [section.get("header") for section in digest["cardsV2"][0]["card"]["sections"]]
    assert headers[1:5] == ["Critical (1)", "Warning (5)", "Other (1)", "Over (1)"]
    assert digest["fallbackText"] == "🔴 8 alerts at once: production: 1 critical, 5 warning, 1 over, 1 other"


@given(st.lists(st.text(max_size=600), min_size=6, max_size=40, unique=True))
@settings(max_examples=30)
def test_a_digest_of_hostile_names_stays_within_the_limits(names: list[str]) -> None:
    told = Rig().tell(*[alarm(f"{name}#{number}") for number, name in enumerate(names)])
    assert 1 <= len(told) <= 3
    for message in told:
        limits.check(message)


# -- channels


CHANNELS = (Channel("alerts", default=True), Channel("pager", severities=("critical",)), Channel("payments"))


def routed(**more: t.Any) -> Rig:
    return Rig(Settings(environment="production", topics=TOPICS, channels=CHANNELS, **more))


def channels(rig: Rig) -> list[str]:
    return [channel for channel, _message in rig.spaces.messages]


def test_a_tag_says_where_an_alert_goes_and_its_end_goes_there_as_well() -> None:
    rig = routed()
    rig.tell(alarm(AlarmTags={"channels": "payments pager nonsense"}))
    assert channels(rig) == ["payments"]
    rig.tell(alarm(CRITICAL, at=60, AlarmTags={"channels": "payments pager"}))
    assert channels(rig) == ["payments", "payments", "pager"]
    rig.tell(alarm(CRITICAL, "OK", 120, AlarmTags={}), alarm(WARNING, "OK", 121, AlarmTags={}))
    assert channels(rig) == ["payments", "payments", "pager", "payments", "pager"]


def test_what_no_channel_takes_goes_to_the_default_one() -> None:
    rig = routed()
    rig.tell(alarm(AlarmTags={"channels": "pager"}))
    assert channels(rig) == ["alerts"]


def test_two_channels_of_one_space_are_told_once() -> None:
    rig = routed()
    rig.spaces.same = {"payments": "alerts"}
    rig.tell(alarm(AlarmTags={"channels": "alerts payments"}))
    assert channels(rig) == ["alerts"]


# -- what fails


GONE = Outcome(False, True, "Google Chat cannot be reached.")
LOST = Outcome(False, False, "no answer within 10 s")


def test_a_space_that_is_gone_loses_nothing_and_doubles_nothing() -> None:
    rig = Rig()
    rig.spaces.refusing = lambda _channel: GONE
    entries = [record(message) for message in fleet(3)]
    for receives, wait in ((1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 300), (7, 300)):
        for entry in entries:
            entry["attributes"]["ApproximateReceiveCount"] = str(receives)
        assert rig.run(*entries) == {entry["messageId"]: wait for entry in entries}
    rig.spaces.refusing = lambda _channel: None
    # By now more have gathered: together they are one digest.
    assert rig.run(*entries, *[record(message) for message in fleet(6)[3:]]) == {}
    assert len(rig.spaces.messages) == 1
    assert all(f"i-{number:05d}" in texts(rig.spaces.messages[0][1]) for number in range(6))


def test_what_google_asks_to_wait_is_waited_for() -> None:
    rig = Rig()
    rig.spaces.refusing = lambda _channel: Outcome(False, True, "full", 90.0)
    entry = record(alarm())
    assert rig.run(entry) == {entry["messageId"]: 90.0}


def test_a_lost_answer_is_asked_for_again_under_the_same_request() -> None:
    rig = Rig()
    rig.spaces.refusing = lambda _channel: LOST
    entries = [record(message) for message in fleet(8)]
    assert len(rig.run(*entries)) == 8
    rig.spaces.refusing = lambda _channel: None
    # It comes back in two parts.
    assert rig.run(*entries[:3]) == {}
    assert rig.run(*entries[3:], record(alarm("production/new/cpu/warning"))) == {}
    assert len(rig.spaces.messages) == 2
    assert all(incident(rig, f"production/api/cpu/i-{number:05d}").is_open for number in range(8))


def test_one_space_that_fails_keeps_the_others_from_nothing() -> None:
    rig = routed()
    rig.spaces.refusing = lambda channel: GONE if channel == "payments" else None
    entry = record(alarm(AlarmTags={"channels": "alerts payments"}))
    assert set(rig.run(entry)) == {entry["messageId"]}
    assert channels(rig) == ["alerts"]
    assert incident(rig).is_open
    rig.spaces.refusing = lambda channel: None
    assert rig.run(entry) == {}
    assert channels(rig) == ["alerts", "payments"]
    assert set(incident(rig).channels) == {"alerts", "payments"}


class Crash(Exception):
    """The function ends here."""


class Crashing(MemoryStore):
    """A table whose container dies at its ``at``-th write, before or after it."""

    def __init__(self, at: int, after: bool) -> None:
        super().__init__()
        self.at, self.after, self.count = at, after, 0

    def _write(self, work: t.Callable[[], t.Any]) -> t.Any:
        self.count += 1
        if self.count == self.at and not self.after:
            raise Crash
        result = work()
        if self.count == self.at:
            raise Crash
        return result

    def write(self, items: t.Any) -> None:
        # A batch of writes is no transaction: it may end in the middle.
        for entry in items:
            self._write(lambda entry=entry: super(Crashing, self).write([entry]))

    def replace(self, item: t.Any, version: int) -> bool:
        return bool(self._write(lambda: super(Crashing, self).replace(item, version)))

    def delete(self, key: t.Any) -> None:
        self._write(lambda: super(Crashing, self).delete(key))


def names_told(rig: Rig) -> Counter[str]:
    """How often each alarm was told, by channel and resource."""
    found: Counter[str] = Counter()
    for channel, message in rig.spaces.messages:
        for number in range(10):
            if f"i-{number:05d}" in texts(message):
                found[f"{channel} {number}"] += 1
    return found


@pytest.mark.parametrize("count", [3, 8])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_write_neither_loses_nor_doubles(count: int, after: bool) -> None:
    at = 0
    while True:
        at += 1
        table = Crashing(at, after)
        rig = Rig(
            Settings(environment="production", topics=TOPICS, channels=(Channel("a", True), Channel("b", True))), table
        )
        entries = [record(message) for message in fleet(count)]
        crashed = False
        try:
            rig.run(*entries)
        except Crash:
            crashed = True
        # They come back in other batches, as they like.
        random.Random(at).shuffle(entries)
        middle = at % count
        assert rig.run(*entries[:middle]) == rig.run(*entries[middle:]) == {}
        assert rig.run(*entries) == {}
        told = names_told(rig)
        assert set(told) == {f"{channel} {number}" for channel in "ab" for number in range(count)}, at
        assert set(told.values()) == {1}, at
        for number in range(count):
            assert from_item(table.items["incident", f"production/api/cpu/i-{number:05d}"]).is_open, at
        if not crashed:
            return


@pytest.mark.parametrize("posts", range(1, 4))
def test_a_crash_after_a_post_does_not_post_again(posts: int) -> None:
    rig = Rig()
    done = 0

    def die(channel: str) -> None:
        nonlocal done
        done += 1
        if done > posts:
            raise Crash

    rig.spaces.refusing = die  # type: ignore[assignment]
    entries = [record(message) for message in fleet(3)]
    if posts < 3:
        with pytest.raises(Crash):
            rig.run(*entries)
    else:
        assert rig.run(*entries) == {}
    rig.spaces.refusing = lambda channel: None
    assert rig.run(*entries) == {}
    assert len(rig.spaces.messages) == 3
    assert set(names_told(rig).values()) == {1}


@given(st.data())
@settings(max_examples=40)
def test_any_order_and_repetition_tells_the_end_and_never_ends_too_soon(data: st.DataObject) -> None:
    """Warnings and criticals of two things, in batches of any size and order, some of them twice."""
    history = []
    for name in ("i-00001", "i-00002"):
        at = 0.0
        for _turn in range(data.draw(st.integers(1, 3))):
            at += 100
            history.append(alarm(f"production/api/cpu/{name}/warning", "ALARM", at))
            if data.draw(st.booleans()):
                history.append(alarm(f"production/api/cpu/{name}/critical", "ALARM", at + 20))
                history.append(alarm(f"production/api/cpu/{name}/critical", "OK", at + 40))
            history.append(alarm(f"production/api/cpu/{name}/warning", "OK", at + 60))
        if name == "i-00002":
            history.append(alarm(f"production/api/cpu/{name}/warning", "ALARM", at + 200))
    entries = data.draw(st.permutations([record(message) for message in history]))
    entries += data.draw(st.lists(st.sampled_from(entries), max_size=4))
    rig = Rig()
    rig.now += 5_000
    while entries:
        size = data.draw(st.integers(1, 4))
        batch, entries = entries[:size], entries[size:]
        assert rig.run(*batch) == {}
    assert not incident(rig, "production/api/cpu/i-00001").is_open
    assert incident(rig, "production/api/cpu/i-00002").is_open


# -- escalations, acknowledgements, drills


def escalation(**more: t.Any) -> dict[str, t.Any]:
    return {
        "message": "…",
        "kumawatch_escalation": {
            "incident": IDENTITY,
            "opened_at": "2026-11-27T10:00:00.000Z",
            "title": "api · CPU",
            "minutes": 15,
            "at": when(900),
            "alarm": WARNING,
            "alarm_arn": ARN + WARNING,
            **more,
        },
    }


def test_an_escalation_is_told_once_in_the_thread() -> None:
    rig = Rig()
    told = rig.tell(alarm()) + rig.tell(escalation())
    assert titles(told)[1] == "🔴 Escalated to critical: api · CPU (production · i-0abc)"
    assert len(set(threads(told))) == 1
    assert "Take it" in buttons(told[1])
    assert rig.tell(escalation()) == []
    assert incident(rig).escalated_at is not None


@pytest.mark.parametrize("before", [alarm(CRITICAL, at=60), alarm(state="OK", at=60)])
def test_nobody_is_woken_for_what_is_critical_or_over_by_now(before: dict[str, t.Any]) -> None:
    rig = Rig()
    rig.tell(alarm())
    rig.tell(before)
    assert rig.tell(escalation()) == []


def test_an_escalation_of_an_earlier_opening_is_not_told() -> None:
    rig = Rig()
    rig.tell(alarm(at=0), alarm(state="OK", at=10))
    rig.tell(alarm(at=20))
    assert rig.tell(escalation()) == []


def test_the_thread_says_who_took_it() -> None:
    rig = Rig()
    told = rig.tell(alarm())
    message = {
        "kumawatch_acknowledged": {
            "incident": IDENTITY,
            "opened_at": "2026-11-27T10:00:00.000Z",
            "by": "Ada <b>",
            "at": when(60),
        }
    }
    told += rig.tell(message)
    assert titles(told)[1] == "👤 Taken by Ada <b>: api · CPU (production · i-0abc)"
    assert "Taken by Ada &lt;b&gt;" in texts(told[1])
    assert "Take it" not in buttons(told[1])
    assert rig.tell(escalation()) == []
    assert incident(rig).status == "acknowledged"
    assert "Taken by: <b>Ada &lt;b&gt;</b>" in texts(rig.tell(alarm(state="OK", at=90))[0])


def drill(rig: Rig, name: str = "d1/topic critical") -> dict[str, t.Any]:
    return {
        key: value for key, value in rig.memory.items["drill", name].items() if key not in ("kind", "id", "expires")
    }


def test_a_drill_is_a_test_card_and_leaves_its_trace() -> None:
    rig = Rig()
    [told] = rig.tell({"kumawatch_drill": "d1", "path": "topic critical"})
    assert told["fallbackText"] == "Drill d1: topic critical"
    assert "This is a test. Nothing is wrong" in texts(told)
    moment = "2026-11-27T10:00:05.000Z"
    assert drill(rig) == {"path": "topic critical", "received": moment, "posted": moment}


def test_a_drill_that_the_space_refuses_says_why() -> None:
    rig = Rig()
    rig.spaces.refusing = lambda _channel: GONE
    rig.run(record({"kumawatch_drill": "d1", "path": "topic critical"}))
    assert drill(rig)["refused"]
    assert drill(rig)["reason"] == "Google Chat cannot be reached."
    assert "posted" not in drill(rig)


def test_drills_do_not_count_as_a_burst() -> None:
    told = Rig().tell(*fleet(4), *[{"kumawatch_drill": "d1", "path": path} for path in ("a", "b", "c")])
    assert len(told) == 7


# -- the table


def test_an_incident_that_somebody_else_writes_is_written_on_top_of_that() -> None:
    rig = Rig()
    rig.tell(alarm())

    class Busy(MemoryStore):
        """A table in which somebody takes the incident just before it is written."""

        taken = False

        def replace(self, item: t.Any, version: int) -> bool:
            if not self.taken:
                Busy.taken = True
                self.items["incident", IDENTITY] |= {
                    "status": "acknowledged",
                    "acknowledged_by": "Ada",
                    "acknowledged_at": when(10),
                    "version": 2,
                }
            return super().replace(item, version)

    busy = Busy()
    busy.items = rig.memory.items
    rig.relay.store = busy
    rig.tell(alarm(CRITICAL, at=60))
    assert (incident(rig).severity, incident(rig).acknowledged_by, incident(rig).version) == ("critical", "Ada", 3)


def test_an_item_that_is_no_incident_is_put_away() -> None:
    rig = Rig()
    rig.memory.items["incident", IDENTITY] = {"kind": "incident", "id": IDENTITY, "odd": 1}
    assert len(rig.tell(alarm())) == 1
    assert incident(rig).is_open
    assert any(what == "unreadable incident" for what, _facts in rig.logged)


def test_a_table_that_somebody_else_writes_all_the_time_is_given_up() -> None:
    class Contended(MemoryStore):
        def replace(self, item: t.Any, version: int) -> bool:
            return False

    rig = Rig(store=Contended())
    with pytest.raises(StoreError, match="'production/api/cpu/i-0abc' is being written by somebody else all the time"):
        rig.tell(alarm())


def test_old_news_out_of_the_dead_letters_opens_nothing_again() -> None:
    rig = Rig()
    entry = record(alarm())
    assert rig.run(entry) == {}
    rig.memory.items.pop(("incident", IDENTITY))
    rig.now += timedelta(days=5).total_seconds()
    assert rig.run(entry) == {}
    assert ("incident", IDENTITY) not in rig.memory.items
    assert len(rig.spaces.messages) == 1


def test_every_item_says_when_it_may_be_forgotten() -> None:
    rig = Rig()
    rig.tell(alarm(), "words", {"kumawatch_drill": "d1"})
    assert {kind for kind, _name in rig.memory.items} == {"incident", "seen", "outbox", "drill"}
    for entry in rig.memory.items.values():
        assert entry["expires"] > rig.now + 86_000
    posted = [entry for (kind, _name), entry in rig.memory.items.items() if kind == "outbox" and "posted" in entry]
    assert all(entry["posted"] and "body" not in entry for entry in posted)
    json.dumps(list(rig.memory.items.values()))
