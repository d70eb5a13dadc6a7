# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads: messages of one key stand together in the space."""

from __future__ import annotations

import hashlib

from .cards import Message, plain

MAX_THREAD_KEY = 4_000
"""The characters of a thread's key."""

REPLY_OR_NEW = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
"""The value of the query parameter ``messageReplyOption``; without it Google ignores the thread of a message."""


def thread_key(*parts: str) -> str:
    """The key of the thread that ``parts`` name, the same one for the same parts.

    A key that would be too long ends in a digest of the whole instead, so that two long keys stay two.
    """
    key = "-".join(plain(part) for part in parts)
    if len(key) <= MAX_THREAD_KEY:
        return key
    digest = hashlib.sha256(key.encode("utf-8")).hexdigest()
    return f"{key[: MAX_THREAD_KEY - len(digest) - 1]}-{digest}"


def in_thread(message: Message, key: str) -> Message:
    """``message`` as a part of the thread ``key``. It takes effect only with ``messageReplyOption``."""
    return {**message, "thread": {"threadKey": key}}
