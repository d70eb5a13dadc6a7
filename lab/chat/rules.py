# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a Google Chat webhook, as pure functions: what is refused, with which answer, and which thread is meant.

The bodies of the answers are Google's, as its services give them; where only the rule is documented and not the
wording, a comment says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.chat import schema
from lab.chat.schema import Violation

MESSAGE_LIMIT = 32_000
"""Largest message, in bytes."""

WIDGET_LIMIT = 100
"""Widgets of a card that are shown; further ones are ignored, not refused."""

WRITES_PER_MINUTE = 60
"""Messages a space takes in a minute, from all its webhooks and apps together."""

THREAD_KEY_LIMIT = 4_000
"""Longest thread key, in characters."""

NEW_THREAD, FALLBACK, OR_FAIL = REPLY_OPTIONS = (
    "MESSAGE_REPLY_OPTION_UNSPECIFIED",
    "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
    "REPLY_MESSAGE_OR_FAIL",
)

SYSTEM_PARAMETERS = frozenset(
    (
        "key",
        "token",
        "alt",
        "access_token",
        "callback",
        "fields",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
        "$.xgafv",
    )
)
PARAMETERS = frozenset(
    (
        "threadKey",
        "requestId",
        "messageReplyOption",
        "messageId",
        "createMessageNotificationOptions.notificationType",
    )
)


class RefusedError(Exception):
    """An answer other than 200: HTTP status, Google's canonical code, message and details."""

    def __init__(self, code: int, status: str, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """The error as Google's JSON writes it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def bad_request(violations: list[Violation]) -> RefusedError:
    """All violations in one answer, as Google's JSON parser gives them."""
    return RefusedError(
        400,
        "INVALID_ARGUMENT",
        "\n".join(violation.description for violation in violations),
        [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": violation.field, "description": violation.description} for violation in violations
                ],
            }
        ],
    )


def check_key(given: str | None, key: str) -> None:
    """Refuse a call without an API key, or with another one."""
    if not given:
        raise RefusedError(
            403,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
            "other form of API consumer identity to call this API.",
        )
    if given != key:
        raise RefusedError(
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                    "metadata": {"service": "chat.googleapis.com"},
                },
                {
                    "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
                    "locale": "en-US",
                    "message": "API key not valid. Please pass a valid API key.",
                },
            ],
        )


def check_token(given: str | None, token: str | None) -> None:
    """Refuse a call without the webhook's token; ``token`` is None for a space that has no webhook."""
    if token is None or given != token:
        raise RefusedError(
            403,
            "PERMISSION_DENIED",
            "The API is called without a valid token. Instructions on how to use incoming webhooks can be found at "
            "https://developers.google.com/chat/how-tos/webhooks",
        )


def check_query(query: Mapping[str, str]) -> None:
    """Refuse parameters that the method does not have, and values they cannot take."""
    unknown = [name for name in query if name not in SYSTEM_PARAMETERS | PARAMETERS]
    if unknown:
        raise bad_request([unbound(name) for name in unknown])
    option = query.get("messageReplyOption")
    if option is not None and option not in REPLY_OPTIONS:
        kind = schema.Enum("google.chat.v1.CreateMessageRequest.MessageReplyOption", REPLY_OPTIONS)
        raise bad_request([schema.invalid(option, kind, "message_reply_option")])


def unbound(name: str) -> Violation:
    """What Google says of a query parameter, or of a form field, that it does not know."""
    return Violation(
        "",
        (
            f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
            f"Field '{name}' could not be found in request message."
        ),
    )


def parse(raw: bytes, content_type: str = "application/json") -> dict[str, Any]:
    """The message in a request body, its names in camelCase; refuses what Google's JSON parser refuses."""
    if content_type == "application/x-www-form-urlencoded":
        # `curl -d` without a header: the body is taken for the name of a form field.
        raise bad_request([unbound(raw.decode(errors="replace"))])
    try:
        text = raw.decode()
        value = json.loads(text) if text.strip() else {}
    except UnicodeDecodeError:
        raise RefusedError(400, "INVALID_ARGUMENT", "Invalid JSON payload received. Invalid UTF-8.") from None
    except ValueError as exc:
        position = exc.pos if isinstance(exc, json.JSONDecodeError) else 0
        raise RefusedError(400, "INVALID_ARGUMENT", unexpected(text, position)) from None
    if not isinstance(value, dict):
        raise RefusedError(400, "INVALID_ARGUMENT", unexpected(text, 0)) from None
    found: list[Violation] = []
    message: dict[str, Any] = schema.check(value, schema.CHAT + "Message", "message", found)
    if found:
        raise bad_request(found)
    return message


def unexpected(text: str, position: int) -> str:
    """A syntax error with an excerpt, and a caret below the place."""
    begin = max(0, position - 20)
    excerpt = text[begin : position + 20].replace("\n", " ")
    if position >= len(text.rstrip()):
        return f"Invalid JSON payload received. Unexpected end of string.\n{excerpt}\n{' ' * (position - begin)}^"
    return f"Invalid JSON payload received. Unexpected token.\n{excerpt}\n{' ' * (position - begin)}^"


def check_message(message: dict[str, Any], space: str) -> None:
    """Refuse what the JSON parser takes, and the space does not."""
    if not message.get("text") and not message.get("cardsV2") and not message.get("cards"):
        raise RefusedError(
            400,
            "INVALID_ARGUMENT",
            f"Message cannot be empty. Discarding empty create message request in {space}.",
        )
    size = len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MESSAGE_LIMIT:
        # The limit is documented, the wording of the answer is not.
        raise RefusedError(
            400,
            "INVALID_ARGUMENT",
            f"Message is too long: {size} bytes, more than the maximum of {MESSAGE_LIMIT} bytes.",
        )
    cards = message.get("cardsV2", [])
    identifiers = [card.get("cardId") for card in cards]
    if len(cards) > 1 and not all(identifiers):
        # That the identifier is required then is documented, the wording of the answer is not.
        raise bad_request(
            [
                Violation(
                    f"message.cards_v2[{identifiers.index(next(filter(lambda item: not item, identifiers)))}].card_id",
                    "card_id is required if the message contains multiple cards.",
                )
            ]
        )
    key = (message.get("thread") or {}).get("threadKey", "")
    if len(key) > THREAD_KEY_LIMIT:
        # As above.
        raise bad_request(
            [
                Violation(
                    "message.thread.thread_key", f"Maximum length of the field is {THREAD_KEY_LIMIT}. Field: thread_key"
                )
            ]
        )


def exhausted() -> RefusedError:
    """The answer to a write beyond the quota."""
    return RefusedError(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")


FAULTS = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "The caller does not have permission"),
    404: ("NOT_FOUND", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: ("INTERNAL", "Internal error encountered."),
    502: ("UNAVAILABLE", "Bad gateway."),
    503: ("UNAVAILABLE", "The service is currently unavailable."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
"""What the lab can be told to answer, for tests."""


@dataclass(frozen=True)
class Wish:
    """The thread a message asks for: a key, or a name, or neither; and what to do when there is none."""

    key: str | None = None
    name: str | None = None
    or_fail: bool = False


def wished_thread(query: Mapping[str, str], message: dict[str, Any]) -> Wish:
    """The thread that is asked for. Without ``messageReplyOption`` key and name are ignored."""
    option = query.get("messageReplyOption", NEW_THREAD)
    if option == NEW_THREAD:
        return Wish()
    thread = message.get("thread") or {}
    name = thread.get("name") or None
    key = thread.get("threadKey") or query.get("threadKey") or None
    return Wish(None if name else key, name, option == OR_FAIL)


def no_such_thread() -> RefusedError:
    """The answer to a reply to a thread that does not exist."""
    return RefusedError(404, "NOT_FOUND", "Requested entity was not found.")


def visible(cards: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The cards with the widgets that are shown, and how many widgets were left out beyond Google's limit."""
    shown, left_out = [], 0
    for item in cards:
        card = item.get("card") or {}
        room, sections = WIDGET_LIMIT, []
        for section in card.get("sections", []):
            widgets = section.get("widgets", [])
            left_out += max(0, len(widgets) - room)
            sections.append({**section, "widgets": widgets[:room]})
            room = max(0, room - len(widgets))
        shown.append({**item, "card": {**card, "sections": sections}} if "sections" in card else item)
    return shown, left_out
