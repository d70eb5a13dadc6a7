# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lines of a log have in common once numbers, ids and times are taken out (pure)."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .masking import mask

MAX_LINE = 16_384
"""The characters of a line that are looked at: its beginning and its end."""

MAX_PATTERN = 300
MAX_SAMPLE = 600

_MESSAGE = ("message", "msg", "event", "error", "exception", "err", "log", "text")
_DETAIL = ("exception", "exc_info", "error", "err", "stack", "stack_trace", "stacktrace", "traceback")

_CSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_SPACE = re.compile(r"\s+")
_PYTHON = "Traceback (most recent call last)"
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Timeout|Group)\b.*")

# In this order: what is longer and says more first, so that no part of it is taken for something else.
_VARIABLE: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
        # 2026-11-27T07:18:06.123Z, 2026/11/27 07:18:06, 27/Nov/2026:07:18:06 +0000, Nov 27 07:18:06
        (
            r"\b\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?(?:Z|UTC|[+-]\d{2}:?\d{2})\b)?)?",
            "<time>",
        ),
        (r"\b\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2}(?: [+-]\d{4})?", "<time>"),
        (r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]?\d \d{2}:\d{2}:\d{2}\b", "<time>"),
        (r"\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b", "<time>"),
        (r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.])", "<ip>"),
        (r"(?i)(?<![\w:])(?=:*[0-9a-f])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", "<ip>"),
        (r"\b(?:i|vol|eni|subnet|vpc|sg|ami)-[0-9a-f]{8,17}\b", "<id>"),
        (r"(?i)\b0x[0-9a-f]+\b", "<hex>"),
        # A word of hexadecimal digits with a figure in it: a digest, an id of an object, a short commit.
        (r"(?i)\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b", "<hex>"),
        # A long word of letters and figures mixed, as random ids are.
        (r"\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}\b", "<id>"),
        (r"(?<!<)\d+(?:[.,]\d+)*", "<n>"),
    )
)
_REPEATED = re.compile(r"(<(?:n|id|hex|ip|time|email)>)(?:[,;\s]+\1)+")
_LEADING = re.compile(r"^(?:\[?<(?:time|n)>\]?[\s,|:-]*)+")


@dataclass(frozen=True)
class Seen:
    """A line of a log as the report sees it.

    :param pattern: what it has in common with others, without what is secret.
    :param sample: the line itself, in one line, without what is secret.
    """

    pattern: str
    sample: str

    @property
    def key(self) -> str:
        """The pattern, short."""
        return hashlib.sha256(self.pattern.encode("utf-8", "replace")).hexdigest()[:16]


def see(line: str) -> Seen:
    """What there is to say of ``line``: text, JSON, JSON around a line of a container, or a traceback."""
    if len(line) > MAX_LINE:
        line = f"{line[: MAX_LINE // 2]} … {line[-MAX_LINE // 2 :]}"
    told = mask(_CSI.sub("", _told(line)))
    return Seen(normalise(told), _SPACE.sub(" ", told).strip()[:MAX_SAMPLE])


def normalise(told: str) -> str:
    """``told`` without what is different each time; what has been through this once stays as it is."""
    text = _SPACE.sub(" ", told).strip()
    for pattern, by in _VARIABLE:
        text = pattern.sub(by, text)
    text = _LEADING.sub("", _REPEATED.sub(r"\1", text)) or text
    return text[:MAX_PATTERN].rstrip()


def route(method: str, url: str) -> str:
    """The route of a request: its path without its query, with what stands for any one thing as ``{}``."""
    path = re.sub(r"^[a-z][a-z0-9+.-]*://[^/?#]*", "", url, flags=re.IGNORECASE)
    path = re.split(r"[?#;]", path, maxsplit=1)[0] or "/"
    parts = ["{}" if _is_id(part) else part for part in path.split("/")]
    return f"{method} {mask('/'.join(parts))}".strip()[:200]


def _is_id(part: str) -> bool:
    """Whether a segment of a path names one thing of many."""
    if not part or len(part) > 64:
        return bool(part)
    if re.fullmatch(r"v\d{1,2}", part):
        return False
    figures = sum(char.isdigit() for char in part)
    return "@" in part or "%40" in part or part.isdigit() or figures >= 4 or (figures >= 2 and len(part) >= 16)


def _told(line: str) -> str:
    """What a line says, out of the JSON around it."""
    for _depth in range(3):
        data = _object(line)
        if data is None:
            break
        inner = data.get("log")
        if isinstance(inner, str) and inner.strip():
            line = inner
            continue
        return _of_object(data) or line
    return _of_traceback(line)


def _of_object(data: Mapping[str, t.Any]) -> str:
    message = next((_text(data[name]) for name in _MESSAGE if data.get(name)), "")
    for name in _DETAIL:
        detail = _of_traceback(_text(data.get(name)))
        # An exception says more than "request failed".
        if detail and detail not in message:
            return f"{message}: {detail}" if message else detail
    return _of_traceback(message)


def _of_traceback(text: str) -> str:
    """A traceback as what was raised; Java and Node say so first, Python at the end. Other text as it is."""
    if _PYTHON not in text:
        first = text.strip().split("\n", 1)[0].strip()
        return first if "\n" in text.strip() and re.search(r"\n\s+at ", text) else text
    raised = [line.strip() for line in text.splitlines() if _RAISED.match(line.strip()) and line[:1].strip()]
    before = text.split(_PYTHON, 1)[0].strip()
    last = raised[-1] if raised else text.strip().splitlines()[-1].strip()
    return f"{before.splitlines()[-1].strip()} {last}" if before else last


def _text(value: t.Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        named = [_text(value[name]) for name in ("type", "name", "kind", "message", "msg") if value.get(name)]
        return ": ".join(named) or json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (list, tuple)):
        return "\n".join(_text(item) for item in value)
    return "" if value is None or isinstance(value, bool) else str(value)


def _object(line: str) -> dict[str, t.Any] | None:
    text = line.strip()
    if not text.startswith("{"):
        return None
    try:
        data: t.Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
