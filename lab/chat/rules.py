# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a Google Chat webhook, as pure functions: what is refused, and with which answer."""
from __future__ import annotations

import json
from typing import Any

MESSAGE_LIMIT = 32_000
"""Largest message, in bytes."""

WRITES_PER_MINUTE = 60
"""Messages a space takes in a minute, from all its webhooks and apps together."""

THREAD_KEY_LIMIT = 4_000
"""Longest thread key, in characters."""

REPLY_OPTIONS = ("MESSAGE_REPLY_OPTION_UNSPECIFIED", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD", "REPLY_MESSAGE_OR_FAIL")


class Refusal(Exception):
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


def parse(raw: bytes) -> dict[str, Any]:
    """The message in a request body; refuses what is not a JSON object."""
    try:
        value = json.loads(raw or b"{}")
    except ValueError:
        raise Refusal(400, "INVALID_ARGUMENT", "Invalid JSON payload received.") from None
    if not isinstance(value, dict):
        raise Refusal(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
    return value
