# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cards: what they say word for word, and that hostile ones stay within the limits."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat import limits
from tests.unit.plugins.module_utils._relay.samples import ARN, Rig, alarm, buttons, texts, when


def test_a_card_word_for_word() -> None:
    [told] = Rig().tell(
        alarm(
            "production/api/cpu/i-0abc/critical",
            value=97.2,
            threshold=95,
            AlarmDescription="Too busy.\nLook at the queue first.",
            AlarmTags={
                "service": "api",
                "kind": "cpu",
                "resource": "i-0abc",
                "owner": "payments",
                "severity": "critical",
            },
            AlarmTagsStatus="SUCCESS",
        )
    )
    assert told["fallbackText"] == "🔴 Critical: api · CPU (production · i-0abc): 97.2 % (above 95 %)"
    assert told["thread"] == {"threadKey": "kumawatch-production/api/cpu/i-0abc-2026-11-27T10:00:00.000Z"}
    card = told["cardsV2"][0]["card"]
    assert card["header"] == {"title": "🔴 api · CPU", "subtitle": "production · i-0abc"}
    assert card["sections"][0]["widgets"] == [
        {
            "decoratedText": {
                "topLabel": "CPUUtilization, Average",
                "text": '🔴 <b><font color="#c5221f">Critical</font></b> <b>97.2 % (above 95 %)</b>',
                "wrapText": True,
                "bottomLabel": "since 10:00 UTC",
            }
        },
        {"textParagraph": {"text": "5 of the last 5 values were above 95 % (average of 1 min each)."}},
        {"textParagraph": {"text": "Too busy.<br>Look at the queue first."}},
        {
            "textParagraph": {
                "text": "Service: <b>api</b><br>Resource: <b>i-0abc</b><br>Owner: <b>payments</b>"
                "<br>Alarm: <b>production/api/cpu/i-0abc/critical</b><br>Account: <b>123456789012, eu-central-1</b>"
            }
        },
    ]
    assert list(buttons(told)) == ["Take it", "Runbook", "Console", "Logs ± 15 min"]
    assert buttons(told)["Runbook"] == "https://docs.example.com/runbooks/cpu.md"


def test_log_lines_and_their_query() -> None:
    message = alarm("production/api/errors/critical")
    message["Trigger"] = {
        "Threshold": 10.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "ScheduledQueryConfiguration": {
            "QueryString": "filter level = 'ERROR'",
            "AggregationExpression": "count(*)",
            "LogGroupIdentifiers": ["/app/api"],
        },
    }
    message["NewStateReason"] = (
        "Threshold Crossed: 1 datapoint [12.0 (27/11/26 09:59:00)] was greater than the threshold (10.0)."
    )
    message["LogLines"] = [f"ERROR <{number}>" for number in range(12)]
    [told] = Rig().tell(message)
    seen = texts(told)
    assert "Log lines (10 of 12)" in seen
    assert "ERROR &lt;0&gt;<br>ERROR &lt;1&gt;" in seen
    assert "12 (above 10)" in seen
    assert "count(*)" in seen
    assert "*2fapp*2fapi" in buttons(told)["Logs ± 15 min"]


def test_the_log_groups_of_a_service_come_from_its_tag() -> None:
    [told] = Rig().tell(alarm(AlarmTags={"log_groups": "/app/api /app/worker"}))
    assert "(~'*2fapp*2fapi~'*2fapp*2fworker)" in buttons(told)["Logs ± 15 min"]


def test_an_event_card() -> None:
    event = {
        "version": "0", "id": "1", "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2",
        "account": "123456789012", "time": "2026-11-27T09:59:00Z", "region": "eu-central-1",
        "resources": ["arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc"],
        "detail": {"instance-id": "i-0abc", "state": "stopped"},
    }  # fmt: skip
    [told] = Rig().tell(event)
    assert told["cardsV2"][0]["card"]["header"] == {
        "title": "🟠 EC2 Instance State-change Notification: stopped",
        "subtitle": "production · i-0abc · ec2",
    }
    assert "State: <b>stopped</b>" in texts(told)


def test_a_raw_card_shows_the_text_and_counts_the_rest() -> None:
    [told] = Rig().tell("<b>Disk</b>\n" + "x" * 10_000)
    seen = texts(told)
    assert "&lt;b&gt;Disk&lt;/b&gt;<br>x" in seen
    assert "… and 6,012 more characters." in seen
    assert "The message is empty." in texts(Rig().tell("")[0])


@pytest.mark.parametrize("text", ["🔥" * 20_000, "&" * 20_000, "\u202e\n" * 10_000, "<" * 4_000])
def test_a_hostile_text_fits(text: str) -> None:
    [told] = Rig().tell(text)
    limits.check(told)
    [told] = Rig().tell(alarm(AlarmDescription=text, NewStateReason=text, LogLines=[text] * 50))
    limits.check(told)


hostile = st.text(alphabet=st.sampled_from("a<&>\"'\n\u202e🔥ü/ "), max_size=1_200)


@given(hostile, hostile, st.dictionaries(hostile, hostile, max_size=6), st.lists(hostile, max_size=50))
@settings(max_examples=60)
def test_any_alarm_becomes_a_message_within_the_limits(
    name: str, words: str, tags: dict[str, str], lines: list[str]
) -> None:
    rig = Rig()
    messages: list[t.Any] = [
        alarm(name + "x", AlarmDescription=words, AlarmTags={**tags, "runbook": words}, LogLines=lines),
        {"detail-type": words + "x", "source": name, "id": "1", "time": when(0), "detail": tags},
        words,
    ]
    for message in messages:
        for told in rig.tell(message):
            limits.check(told)
            json.dumps(told).encode()
            assert told["fallbackText"]


def test_where_there_is_no_way_to_take_it_there_is_no_button() -> None:
    rig = Rig()
    rig.relay.acknowledge = None
    assert "Take it" not in buttons(rig.tell(alarm())[0])


def test_the_contributor_of_a_fleet_is_what_the_card_is_about() -> None:
    rig = Rig()
    told = rig.tell(
        *[
            alarm("production/web/fleet_cpu/warning", AlarmContributorId=f"c{number}",
                  AlarmContributorAttributes={"InstanceId": f"i-{number}"}, AlarmArn=ARN + "fleet")
            for number in (1, 2)
        ]
    )  # fmt: skip
    assert sorted(message["cardsV2"][0]["card"]["header"]["subtitle"] for message in told) == [
        "production · i-1",
        "production · i-2",
    ]
