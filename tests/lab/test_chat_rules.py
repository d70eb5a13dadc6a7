# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chat space answers as Google Chat does: one test per rule, each says where the rule is documented."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.chat import rules, schema

FALLBACK = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
OR_FAIL = "REPLY_MESSAGE_OR_FAIL"
SPACE = "spaces/AAQAtest123"


def widgets(count: int, card_id: str = "c") -> dict[str, Any]:
    return {
        "cardId": card_id,
        "card": {"sections": [{"widgets": [{"textParagraph": {"text": str(n)}} for n in range(count)]}]},
    }


# -- the answer to a good post


def test_a_post_is_answered_with_the_message_resource(chat: Any) -> None:
    # developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages: name, sender, createTime, thread
    answer = chat.post({"text": "Hello *team*"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    message = answer.body
    assert message["name"].startswith(f"{SPACE}/messages/")
    # The first part of a message's id is that of the thread which it begins.
    assert message["name"].removeprefix(f"{SPACE}/messages/").split(".")[0] == message["thread"]["name"].split("/")[-1]
    assert message["sender"] == {"name": "users/114022495153014004089", "displayName": "Kumawatch", "type": "BOT"}
    assert message["createTime"].endswith("Z")
    assert message["text"] == message["formattedText"] == message["argumentText"] == "Hello *team*"
    assert message["space"]["name"] == SPACE
    assert message["space"]["spaceType"] == "SPACE"
    # "the response leaves out what is empty": proto3 JSON mapping, protobuf.dev/programming-guides/json
    assert "threadReply" not in message
    assert "cardsV2" not in message


def test_a_card_comes_back_and_fallback_text_is_kept(chat: Any) -> None:
    # reference: fallbackText "plain-text description of the message's cards"
    answer = chat.post({"fallbackText": "down", "cardsV2": [widgets(2)]})
    assert answer.status == 200
    assert answer.body["cardsV2"] == [widgets(2)]
    assert answer.body["fallbackText"] == "down"


def test_both_spellings_of_names_are_taken(chat: Any) -> None:
    # protobuf.dev/programming-guides/json: parsers accept lowerCamelCase and the original field name
    answer = chat.post({"cards_v2": [{"card_id": "c", "card": {"header": {"title": "t", "image_type": "CIRCLE"}}}]})
    assert answer.status == 200
    assert answer.body["cardsV2"] == [{"cardId": "c", "card": {"header": {"title": "t", "imageType": "CIRCLE"}}}]


def test_null_means_not_set(chat: Any) -> None:
    # protobuf.dev/programming-guides/json: null is an accepted value for all field types, treated as the default
    assert chat.post({"text": "x", "thread": None, "cardsV2": None}).status == 200


# -- key and token


@pytest.mark.parametrize("key", [None, ""])
def test_no_key(chat: Any, key: str | None) -> None:
    # cloud.google.com/docs/authentication/api-keys; the answer of Google's API frontend to a call without identity
    answer = chat.post({"text": "x"}, key=key)
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["status"]) == (
        403,
        403,
        "PERMISSION_DENIED",
    )
    assert answer.body["error"]["message"].startswith("Method doesn't allow unregistered callers")


def test_a_wrong_key(chat: Any) -> None:
    # the answer of Google's API frontend, as in github.com/ericferon/glpi-webhook/issues/30
    answer = chat.post({"text": "x"}, key="wrong")
    assert answer.status == 400
    error = answer.body["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["message"] == "API key not valid. Please pass a valid API key."
    assert error["details"][0] == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "chat.googleapis.com"},
    }


@pytest.mark.parametrize("token", [None, "", "wrong", "other-token"])
def test_no_token_or_a_wrong_one(chat: Any, token: str | None) -> None:
    # the answer of Google Chat, as in github.com/ericferon/glpi-webhook/issues/30
    answer = chat.post({"text": "x"}, token=token)
    assert answer.status == 403
    assert answer.body == {
        "error": {
            "code": 403,
            "status": "PERMISSION_DENIED",
            "message": "The API is called without a valid token. Instructions on how to use incoming webhooks can be "
            "found at https://developers.google.com/chat/how-tos/webhooks",
        }
    }
    assert chat.messages() == []


def test_a_token_serves_its_own_space_only(chat: Any) -> None:
    # developers.google.com/workspace/chat/quickstart/webhooks: a webhook is registered in one space
    assert chat.post({"text": "x"}, space="spaces/AAQAother45").status == 403
    assert chat.post({"text": "x"}, space="spaces/AAQAother45", token="other-token").status == 200
    assert chat.post({"text": "x"}, space="spaces/unknown").status == 403


# -- JSON


def test_an_unknown_field(chat: Any) -> None:
    # word for word as in github.com/pydantic/logfire/issues/1540
    answer = chat.post({"text": "x", "username": "u", "attachments": []})
    first, second = (
        f"Invalid JSON payload received. Unknown name \"{name}\" at 'message': Cannot find field."
        for name in ("username", "attachments")
    )
    assert answer.status == 400
    assert answer.body == {
        "error": {
            "code": 400,
            "message": f"{first}\n{second}",
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [
                        {"field": "message", "description": first},
                        {"field": "message", "description": second},
                    ],
                }
            ],
        }
    }


def test_an_unknown_field_deep_in_a_card_is_named_with_its_path(chat: Any) -> None:
    # the same parser; paths are in the protocol buffer's spelling
    card = widgets(1)
    card["card"]["sections"][0]["widgets"][0]["textParagraph"]["colour"] = "red"
    answer = chat.post({"cardsV2": [card]})
    assert answer.status == 400
    assert answer.body["error"]["message"] == (
        'Invalid JSON payload received. Unknown name "colour" at '
        "'message.cards_v2[0].card.sections[0].widgets[0].text_paragraph': Cannot find field."
    )


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"text": 5}, "Invalid value at 'message.text' (TYPE_STRING), 5"),
        (
            {"text": ["a"]},
            "Invalid JSON payload received. Unknown name \"text\" at 'message': Proto field is not "
            "repeating, cannot start list.",
        ),
        ({"thread": "x"}, "Invalid value at 'message.thread' (type.googleapis.com/google.chat.v1.Thread), \"x\""),
        (
            {"cardsV2": [{"card": {"header": {"imageType": "ROUND"}}}]},
            "Invalid value at 'message.cards_v2[0].card.header.image_type' "
            '(type.googleapis.com/google.apps.card.v1.Widget.ImageType), "ROUND"',
        ),
        (
            {"cardsV2": [{"card": {"sections": [{"collapsible": "maybe"}]}}]},
            "Invalid value at 'message.cards_v2[0].card.sections[0].collapsible' (TYPE_BOOL), \"maybe\"",
        ),
        (
            {"cardsV2": [{"card": {"sections": [{"uncollapsibleWidgetsCount": 1.5}]}}]},
            "Invalid value at 'message.cards_v2[0].card.sections[0].uncollapsible_widgets_count' (TYPE_INT32), 1.5",
        ),
        (
            {"cardsV2": [{"card": {"sections": [{"widgets": [{"textParagraph": {"text": "a"}, "divider": {}}]}]}}]},
            "Invalid value at 'message.cards_v2[0].card.sections[0].widgets[0]' (oneof), oneof field 'data' is "
            "already set. Cannot set 'divider'",
        ),
    ],
)
def test_a_value_of_the_wrong_type(chat: Any, message: Any, said: str) -> None:
    # the JSON transcoder of Google's APIs, cloud.google.com/apis/design/errors (BadRequest.fieldViolations)
    answer = chat.post(message)
    assert answer.status == 400
    assert answer.body["error"]["status"] == "INVALID_ARGUMENT"
    assert answer.body["error"]["message"] == said
    assert answer.body["error"]["details"][0]["fieldViolations"][0]["description"] == said


@pytest.mark.parametrize("raw", [b"Test message content", b'{"text": "x"', b"[1]", b'"x"', b"\xff\xfe"])
def test_what_is_no_json_object(chat: Any, raw: bytes) -> None:
    # "Invalid JSON payload received. Unexpected token.": opensearch-project/notifications/issues/817
    answer = chat.call("POST", chat.url(), raw)
    assert answer.status == 400
    assert answer.body["error"]["message"].startswith("Invalid JSON payload received.")
    assert answer.body["error"]["status"] == "INVALID_ARGUMENT"


def test_a_form_post_is_taken_for_query_parameters(chat: Any) -> None:
    # what `curl -d` without a Content-Type header meets at every Google API
    answer = chat.call("POST", chat.url(), b'{"text": "x"}', "application/x-www-form-urlencoded")
    assert answer.status == 400
    assert 'Unknown name "{"text": "x"}": Cannot bind query parameter.' in answer.body["error"]["message"]


def test_an_unknown_query_parameter(chat: Any) -> None:
    # the JSON transcoder of Google's APIs
    answer = chat.post({"text": "x"}, replyOption=FALLBACK)
    assert answer.status == 400
    assert answer.body["error"]["message"] == (
        'Invalid JSON payload received. Unknown name "replyOption": Cannot bind query parameter. '
        "Field 'replyOption' could not be found in request message."
    )


def test_an_unknown_reply_option(chat: Any) -> None:
    # reference: spaces.messages.create, MessageReplyOption
    answer = chat.post({"text": "x"}, messageReplyOption="REPLY")
    assert answer.status == 400
    assert answer.body["error"]["message"] == (
        "Invalid value at 'message_reply_option' "
        '(type.googleapis.com/google.chat.v1.CreateMessageRequest.MessageReplyOption), "REPLY"'
    )


# -- limits


@pytest.mark.parametrize("message", [{}, {"text": ""}, {"cardsV2": []}, {"fallbackText": "x"}])
def test_an_empty_message(chat: Any, message: Any) -> None:
    # create-messages: a message has text, cards or both
    answer = chat.post(message)
    assert answer.status == 400
    assert answer.body["error"]["message"] == (
        f"Message cannot be empty. Discarding empty create message request in {SPACE}."
    )


def test_no_body_at_all(chat: Any) -> None:
    # as above: an absent body is an empty message
    assert chat.call("POST", chat.url(), b"").body["error"]["message"].startswith("Message cannot be empty")


def test_the_largest_message_and_one_byte_more(chat: Any) -> None:
    # developers.google.com/workspace/chat/create-messages: "maximum message size (including any text or cards) is
    # 32,000 bytes"; bytes, not characters
    room = rules.MESSAGE_LIMIT - len('{"text":""}')
    assert chat.post({"text": "a" * room}).status == 200
    answer = chat.post({"text": "a" * (room + 1)})
    assert (answer.status, answer.body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "32000 bytes" in answer.body["error"]["message"]
    assert chat.post({"text": "é" * (room // 2)}).status == 200
    assert chat.post({"text": "é" * (room // 2 + 1)}).status == 400


def test_widgets_beyond_a_hundred_are_ignored_not_refused(chat: Any) -> None:
    # card.proto: "You can add up to 100 widgets per card. Any widgets beyond this limit are ignored."
    answer = chat.post({"cardsV2": [widgets(103)]})
    assert answer.status == 200
    assert len(answer.body["cardsV2"][0]["card"]["sections"][0]["widgets"]) == 100
    # The body as it was posted is kept whole, so that a test sees what the sender sent.
    kept = chat.messages()[0]
    assert len(kept["message"]["cardsV2"][0]["card"]["sections"][0]["widgets"]) == 103
    assert kept["ignored_widgets"] == 3


def test_the_limit_counts_over_all_sections_of_a_card() -> None:
    # as above: per card
    card = {"card": {"sections": [widgets(60)["card"]["sections"][0], widgets(60)["card"]["sections"][0]]}}
    shown, left_out = rules.visible([card, widgets(100)])
    assert [len(section["widgets"]) for section in shown[0]["card"]["sections"]] == [60, 40]
    assert (left_out, shown[1]) == (20, widgets(100))


def test_several_cards_need_identifiers(chat: Any) -> None:
    # reference, CardWithId.cardId: "Required if the message contains multiple cards."
    assert chat.post({"cardsV2": [widgets(1, "a"), widgets(1, "b")]}).status == 200
    second = {"card": widgets(1)["card"]}
    answer = chat.post({"cardsV2": [widgets(1, "a"), second]})
    assert answer.status == 400
    assert answer.body["error"]["details"][0]["fieldViolations"][0]["field"] == "message.cards_v2[1].card_id"
    assert chat.post({"cardsV2": [second]}).status == 200


def test_the_longest_thread_key(chat: Any) -> None:
    # reference, Thread.threadKey: "Supports up to 4000 characters."
    assert chat.reply({"text": "x", "thread": {"threadKey": "k" * 4000}}).status == 200
    assert chat.reply({"text": "x", "thread": {"threadKey": "k" * 4001}}).status == 400


def test_sixty_writes_a_minute_and_not_one_more(chat: Any) -> None:
    # developers.google.com/workspace/chat/limits: per-space writes 60 per 60 seconds, beyond it 429
    for number in range(60):
        assert chat.post({"text": str(number)}).status == 200
    answer = chat.post({"text": "one too many"})
    assert answer.status == 429
    # cloud.google.com/apis/design/errors: 429 is RESOURCE_EXHAUSTED
    assert answer.body == {
        "error": {
            "code": 429,
            "message": "Resource has been exhausted (e.g. check quota).",
            "status": "RESOURCE_EXHAUSTED",
        }
    }
    assert len(chat.messages()) == 60
    # The quota is of a space: another one still takes messages.
    assert chat.post({"text": "x"}, space="spaces/AAQAother45", token="other-token").status == 200
    chat.now[0] += 59
    assert chat.post({"text": "still"}).status == 429
    chat.now[0] += 2
    assert chat.post({"text": "again"}).status == 200


def test_the_quota_outlives_a_restart(serve_chat: Callable[..., Any]) -> None:
    # A restart of the stand-in must not be a way around the limit.
    chat = serve_chat(now=1_800_000_000.0)
    for number in range(60):
        assert chat.post({"text": str(number)}).status == 200
    assert serve_chat(now=1_800_000_030.0).post({"text": "x"}).status == 429
    assert serve_chat(now=1_800_000_061.0).post({"text": "x"}).status == 200


# -- threads


def test_without_reply_option_a_thread_key_is_ignored(chat: Any) -> None:
    # reference: MESSAGE_REPLY_OPTION_UNSPECIFIED "Starts a new thread ... ignores any thread ID or threadKey"
    first, second = (chat.post({"text": "x", "thread": {"threadKey": "api"}}).body for _ in range(2))
    assert first["thread"]["name"] != second["thread"]["name"]
    assert "threadKey" not in first["thread"]
    assert [entry["thread_key"] for entry in chat.messages()] == [None, None]


@pytest.mark.parametrize("option", [FALLBACK, OR_FAIL])
def test_a_thread_key_begins_a_thread_and_then_finds_it(chat: Any, option: str) -> None:
    # reference: both options reply to the thread of the key; "If a new threadKey is used, a new thread is created."
    first, second, other = (
        chat.post({"text": "x", "thread": {"threadKey": key}}, messageReplyOption=option).body
        for key in ("api", "api", "shop")
    )
    assert first["thread"] == second["thread"] == {"name": first["thread"]["name"], "threadKey": "api"}
    assert second["threadReply"] is True
    assert "threadReply" not in first
    assert other["thread"]["name"] != first["thread"]["name"]
    assert [entry["thread_key"] for entry in chat.messages()] == ["api", "api", "shop"]


def test_the_old_query_parameter_still_serves(chat: Any) -> None:
    # reference: query parameter threadKey, deprecated
    first, second = (chat.reply({"text": "x"}, threadKey="api").body for _ in range(2))
    assert first["thread"]["name"] == second["thread"]["name"]


def test_a_thread_by_name(chat: Any) -> None:
    # reference: reply "to the thread specified by thread ID or threadKey"
    name = chat.post({"text": "x"}).body["thread"]["name"]
    assert chat.reply({"text": "y", "thread": {"name": name}}).body["thread"]["name"] == name


def test_an_absent_thread_falls_back_or_fails(chat: Any) -> None:
    # reference: FALLBACK starts a new thread, OR_FAIL returns NOT_FOUND
    absent = {"text": "x", "thread": {"name": f"{SPACE}/threads/absent"}}
    answer = chat.reply(absent)
    assert answer.status == 200
    assert answer.body["thread"]["name"] != f"{SPACE}/threads/absent"
    answer = chat.post(absent, messageReplyOption=OR_FAIL)
    assert answer.status == 404
    assert answer.body == {"error": {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}}


def test_threads_of_two_spaces_are_two(chat: Any) -> None:
    # reference: a thread belongs to its space, spaces/{space}/threads/{thread}
    message = {"text": "x", "thread": {"threadKey": "api"}}
    first = chat.reply(message).body
    second = chat.reply(message, space="spaces/AAQAother45", token="other-token").body
    assert first["thread"]["name"].split("/")[1] != second["thread"]["name"].split("/")[1]


def test_a_request_id_makes_one_message_of_two_posts(chat: Any) -> None:
    # reference: requestId, "Specifying an existing request ID returns the message created with that ID"
    first, second = (chat.post({"text": "x"}, requestId="r1").body for _ in range(2))
    assert first == second
    assert len(chat.messages()) == 1


# -- what the lab adds


def test_messages_are_listed_oldest_first_as_they_were_posted(chat: Any) -> None:
    posted = [{"text": "one"}, {"cards_v2": [widgets(1)], "thread": {"threadKey": "k"}}, {"text": "three"}]
    for message in posted:
        chat.now[0] += 1
        assert chat.post(message).status == 200
    listed = chat.messages()
    assert [entry["message"] for entry in listed] == posted
    assert [entry["received_at"] for entry in listed] == sorted(entry["received_at"] for entry in listed)
    assert {"received_at", "thread_key", "message"} <= set(listed[0])


def test_messages_and_threads_outlive_a_restart(serve_chat: Callable[..., Any]) -> None:
    chat = serve_chat()
    thread = chat.reply({"text": "ä 🔴", "thread": {"threadKey": "api"}}).body["thread"]["name"]
    chat = serve_chat()
    assert [entry["message"]["text"] for entry in chat.messages()] == ["ä 🔴"]
    assert chat.reply({"text": "y", "thread": {"threadKey": "api"}}).body["thread"]["name"] == thread


def test_a_half_written_line_costs_only_itself(serve_chat: Callable[..., Any], tmp_path: Any) -> None:
    chat = serve_chat()
    chat.post({"text": "whole"})
    with (tmp_path / "chat/messages.jsonl").open("a") as stream:
        stream.write('{"received_at": "2026-11-22T00:0')
    chat = serve_chat()
    chat.post({"text": "after"})
    chat = serve_chat()
    assert [entry["message"]["text"] for entry in chat.messages()] == ["whole", "after"]


def test_only_the_owner_can_read_the_messages(chat: Any, tmp_path: Any) -> None:
    chat.post({"text": "x"})
    assert (tmp_path / "chat/messages.jsonl").stat().st_mode & 0o077 == 0


def test_faults_are_met_in_turn_and_then_over(chat: Any) -> None:
    faults = f"{chat.base}/faults"
    assert chat.call("POST", faults, b'{"status": 500, "count": 2}').status == 200
    assert chat.call("POST", faults, b'{"status": 429, "retry_after": 7}').status == 200
    assert [chat.post({"text": "x"}).status for _ in range(2)] == [500, 500]
    limited = chat.post({"text": "x"})
    assert (limited.status, limited.headers["Retry-After"]) == (429, "7")
    assert limited.body["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert chat.post({"text": "x"}).status == 200
    assert len(chat.messages()) == 1


def test_a_lost_answer_leaves_the_message(chat: Any) -> None:
    chat.call("POST", f"{chat.base}/faults", b'{"status": 503, "stored": true}')
    assert chat.post({"text": "x"}).status == 503
    assert [entry["message"]["text"] for entry in chat.messages()] == ["x"]


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"status": 200}', b'{"count": 0}', b'{"statis": 500}', b'{"delay": -1}'])
def test_a_wrong_fault_is_refused(chat: Any, raw: bytes) -> None:
    assert chat.call("POST", f"{chat.base}/faults", raw).status == 400
    assert chat.call("GET", f"{chat.base}/faults").body == []


def test_every_type_that_the_schema_names_is_there() -> None:
    def names(kind: Any) -> Any:
        return names(kind.of) if isinstance(kind, schema.Many) else kind

    scalars = {schema.STRING, schema.BOOL, schema.INT, schema.NUMBER, schema.ANY}
    for fields in schema.TYPES.values():
        for kind in map(names, fields.values()):
            assert isinstance(kind, schema.Enum) or kind in scalars or kind in schema.TYPES
    for kind, group in schema.ONE_OF.items():
        assert set(group.fields) <= set(schema.TYPES[kind])


@pytest.mark.parametrize(("one", "other"), [("cardsV2", "cards_v2"), ("textParagraph", "text_paragraph")])
def test_spellings(one: str, other: str) -> None:
    assert (schema.snake(one), schema.camel(other)) == (other, one)


def test_the_fallback_card_of_uptime_kuma_is_taken(chat: Any) -> None:
    # what Uptime Kuma 2.x itself posts: server/notification-providers/google-chat.js
    message = {
        "fallbackText": "🔴 api went down",
        "cardsV2": [
            {
                "card": {
                    "header": {"title": "🔴 api went down"},
                    "sections": [
                        {
                            "widgets": [
                                {"textParagraph": {"text": "<b>Message:</b>\nRequest failed with status code 503"}},
                                {
                                    "buttonList": {
                                        "buttons": [
                                            {
                                                "text": "Visit Uptime Kuma",
                                                "onClick": {"openLink": {"url": "http://127.0.0.1:3001/dashboard/1"}},
                                            },
                                        ]
                                    }
                                },
                            ]
                        }
                    ],
                }
            }
        ],
    }
    assert chat.post(message).status == 200
    assert json.loads(json.dumps(chat.messages()[0]["message"])) == message
