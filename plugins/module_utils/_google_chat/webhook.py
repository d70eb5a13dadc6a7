# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a webhook, which is a secret: whoever has its key and token can post."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from .._errors import KumawatchError
from .threads import REPLY_OR_NEW

HIDDEN = "***"

_FORM = "https://chat.googleapis.com/v1/spaces/SPACE/messages?key=KEY&token=TOKEN"
_PATH = re.compile(r"/v1/spaces/[^/]+/messages\Z")
_QUERY = re.compile(r"(?i)\b(key|token)=[\w.~%+/=*-]+")


def check_webhook(url: str) -> None:
    """Refuse what cannot be a webhook's address.

    :raises KumawatchError: without the address itself in it.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # reading it is what finds a bad port
    except ValueError:
        parts = urlsplit("")
    names = {name for name, value in parse_qsl(parts.query)}
    if parts.scheme not in ("http", "https") or not parts.hostname or not _PATH.search(parts.path):
        raise KumawatchError(f"The webhook's address is not of the form {_FORM}; copy it from the space.")
    if not {"key", "token"} <= names:
        raise KumawatchError(f"The webhook's address lacks its key or its token; it has the form {_FORM}.")


def posting_address(url: str, *, threaded: bool, request_id: str | None = None) -> str:
    """The address to post to.

    :param threaded: whether the message names a thread.
    :param request_id: posting again with the same one makes no second message, so that a lost answer can be retried.
    """
    parts = urlsplit(url)
    extra = {}
    if threaded:
        extra["messageReplyOption"] = REPLY_OR_NEW
    if request_id is not None:
        extra["requestId"] = request_id
    kept = "&".join(pair for pair in parts.query.split("&") if pair and pair.split("=", 1)[0] not in extra)
    return urlunsplit(parts._replace(query="&".join(part for part in (kept, urlencode(extra)) if part), fragment=""))


def secrets_of(url: str) -> list[str]:
    """What of ``url`` must not be shown: itself, its key and its token, as they stand there and as they are meant.

    :returns: the longest first, so that none is hidden in part only.
    """
    found = {url}
    for pair in urlsplit(url).query.split("&"):
        name, _sep, value = pair.partition("=")
        if name.lower() in ("key", "token") and len(value) >= 4:
            found |= {value, unquote(value), unquote(value).rstrip("=")}
    return sorted((secret for secret in found if secret), key=len, reverse=True)


def hide(text: str, url: str) -> str:
    """``text`` without what of ``url`` is secret, and otherwise as it is."""
    for secret in secrets_of(url):
        text = text.replace(secret, HIDDEN)
    return text


def redact(text: str, url: str) -> str:
    """``text`` without what of ``url`` is secret: key and token, in whatever form, and any other of that name."""
    return _QUERY.sub(lambda match: f"{match.group(1)}={HIDDEN}", hide(text, url))
