# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take out of a line of a log what no chat space should hold (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

HIDDEN = "***"

_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|client[_-]?secret"
    r"|credentials?|authorization|x-api-key|session(?:[_-]?id)?|sid|cookie|set-cookie|signature|sig|jwt|otp|pin"
)
_RULES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        # A key in a block of its own, whole or cut off.
        (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", HIDDEN),
        # A user and a password in an address.
        (r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@:]*:[^\s/@]*@", rf"\1{HIDDEN}@"),
        # The schemes of the header Authorization, with the header or without it.
        (r"(?i)\b(bearer|basic|token|digest|negotiate|apikey)(\s+)[\w.~+/=-]{8,}", rf"\1\2{HIDDEN}"),
        # "password": "…", password=…, X-Api-Key: …; also within a JSON text that is itself in JSON.
        (
            rf"(?i)((?<![a-z])(?:[a-z0-9]+[_.-])*(?:{_NAMES})\\*[\"']?\s*[:=]\s*)(\\*\"(?:[^\"\\]|\\(?!\"))*\\*\"|'[^']*'"
            rf"|(?!(?:bearer|basic|digest|negotiate)\s)[^\s,;&\"'<>(){{}}\[\]]+)",
            rf"\1{HIDDEN}",
        ),
        (r"(?i)([?&]key=)[^\s&\"']+", rf"\1{HIDDEN}"),
        (r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?", HIDDEN),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
        (
            r"\b(?:gh[pousr]_\w{20,}|xox[abprs]-[\w-]{10,}|sk_(?:live|test)_\w{10,}|glpat-[\w-]{15,}|AIza[\w-]{30,})",
            HIDDEN,
        ),
        (r"[\w.%+'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b", "<email>"),
    )
)
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-])")


def mask(line: str) -> str:
    """``line`` without passwords, tokens, keys, e-mail addresses and card numbers, as far as a pattern can tell."""
    for pattern, by in _RULES:
        line = pattern.sub(by, line)
    return _CARD.sub(lambda found: HIDDEN if _checks(found.group()) else found.group(), line)


def _checks(number: str) -> bool:
    """Whether the last digit fits the others, as it does in the number of a card (Luhn)."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
