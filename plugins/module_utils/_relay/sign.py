# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links to acknowledge an incident by: signed, and good for a day (pure)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

VALID = timedelta(hours=24)
"""How long a link can be used after its card was made."""


def sign(key: str, incident: str, opened_at: str, expires: int) -> str:
    """The signature of a link.

    :param expires: in seconds since the epoch.
    """
    message = json.dumps(["acknowledge", incident, opened_at, expires]).encode("ascii")
    made = hmac.new(key.encode("utf-8"), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def good(key: str, incident: str, opened_at: str, expires: int, signature: str) -> bool:
    """Whether ``signature`` is ours; takes as long for a wrong one as for a right one. Time is not looked at."""
    if not key:
        return False
    return same(sign(key, incident, opened_at, expires), signature)


def same(first: str, second: str) -> bool:
    """Whether two secrets are the same, without telling by the time it takes where they differ."""
    return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass"))


def link(base: str, key: str, incident: str, opened_at: str, now: datetime) -> str:
    """The address behind the button of a card."""
    expires = int((now + VALID).timestamp())
    query = {"incident": incident, "opened": opened_at, "expires": expires}
    query["signature"] = sign(key, incident, opened_at, expires)
    return f"{base.rstrip('/')}/acknowledge?{urlencode(query)}"
