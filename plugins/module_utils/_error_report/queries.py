# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Logs Insights is asked of each format of logs (pure).

A format is one of lines, each of them an error or not, or one of requests, each with a status. The queries use what
every kind of log group takes: ``filter``, ``parse`` with a regular expression, ``stats``, ``sort`` and ``limit``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_ROWS = 10_000
"""The rows of one query."""

MAX_GROUPS = 50
"""The log groups of one query."""

TEXT = "text"


@dataclass(frozen=True)
class Format:
    """How to read a kind of log.

    :param errors: of lines: the commands that leave the errors.
    :param requests: of requests: the commands that make the fields ``method``, ``url`` and the one of the status.
    :param status: the field of the status.
    :param seconds: the field with how long a request took, in seconds; empty where the format does not say.
    """

    errors: str = ""
    requests: str = ""
    status: str = "status"
    seconds: str = ""

    @property
    def of_requests(self) -> bool:
        """Whether it is one of requests."""
        return bool(self.requests)


_LEVEL = r"/(?i)^(error|err|fatal|critical|crit|severe|alert|emerg|emergency|panic|50|60)$/"
_JSON = "filter " + " or ".join(f"{field} like {_LEVEL}" for field in ("level", "severity", "levelname", "log.level"))
_WORDS = (
    r"filter @message like /\b(ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|ALERT)\b"
    r"|Traceback \(most recent call last\)|\b\w*(Exception|Error)\b:"
    r'|level[\\"]*[:=]\s*[\\"]*(error|fatal|critical|panic)\b|\[(error|crit|alert|emerg)\]/'
)
_ALB = (
    r"parse @message /^\S+ \S+ \S+ \S+ \S+ \S+ (?<seconds>\S+) \S+ (?<status>\S+) \S+ \S+ \S+ "
    r'"(?<method>\S+) (?<url>\S+)/'
)
_NGINX = r'parse @message /"(?<method>[A-Z]+) (?<url>[^\s"]+)[^"]*" (?<status>\d{3}) /'

FORMATS: dict[str, Format] = {
    TEXT: Format(errors=_WORDS),
    "docker": Format(errors=_WORDS),
    "json": Format(errors=_JSON),
    "postgresql": Format(errors=r"filter @message like /\b(ERROR|FATAL|PANIC):/"),
    "mysql": Format(errors=r"filter @message like /\[ERROR\]/"),
    "nginx": Format(requests=_NGINX),
    "alb": Format(requests=_ALB, seconds="seconds"),
    "alb-json": Format(
        requests=r"parse request_line /^(?<method>\S+) (?<url>\S+)/",
        status="elb_status_code",
        seconds="target_processing_time",
    ),
}
"""The formats by name."""


def error_lines(kind: str) -> str:
    """The newest error lines."""
    return f"fields @timestamp, @log, @message, @ptr | {FORMATS[kind].errors} | sort @timestamp desc | limit {MAX_ROWS}"


def error_counts(kind: str) -> str:
    """How many error lines each log group has."""
    return f"{FORMATS[kind].errors} | stats count(*) as errors by @log | limit {MAX_ROWS}"


def request_counts(kind: str) -> str:
    """How many requests of each status each log group has."""
    form = FORMATS[kind]
    return f"{form.requests} | stats count(*) as requests by @log, {form.status} | limit {MAX_ROWS}"


def routes(kind: str) -> str:
    """The requests by path and status, the most frequent first, with how long they took."""
    form = FORMATS[kind]
    times = f", avg({form.seconds}) as mean, max({form.seconds}) as longest" if form.seconds else ""
    return (
        f"{form.requests} | stats count(*) as requests{times} by @log, {form.status}, method, url "
        f"| sort requests desc | limit {MAX_ROWS}"
    )


def shown(kind: str) -> str:
    """The error lines, or the failed requests, as somebody looks at them in the console."""
    form = FORMATS[kind]
    if form.of_requests:
        return f"{form.requests}\n| filter {form.status} >= 500\n| sort @timestamp desc\n| limit 200"
    return f"fields @timestamp, @log, @message\n| {form.errors}\n| sort @timestamp desc\n| limit 200"


def chunks(groups: Sequence[str], most: int = MAX_GROUPS) -> list[tuple[str, ...]]:
    """``groups`` in as few parts as one query each takes, of much the same size."""
    number = -(-len(groups) // most)
    return [tuple(groups[index::number]) for index in range(number)]
