# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Logs Insights is asked of each format of logs (pure).

A format is one of lines, each of them an error or not, or one of requests, each with a status. How to tell comes with
the configuration, out of the formats of the catalogue, so that the report counts what the metric filters count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_ROWS = 10_000
"""The rows of one query."""

MAX_GROUPS = 50
"""The log groups of one query."""


@dataclass(frozen=True)
class Format:
    """How to read a kind of log.

    :param errors: the condition for lines that are errors; of requests, for those that failed.
    :param prelude: the commands that find the fields in a line.
    :param access: whether a line is a request.
    :param status: the field of the status, ``route`` that of the path, ``method`` that of the method.
    :param seconds: the field with how long a request took, in seconds; empty where the format does not say.
    :param target_group: the field of the load balancer's target group; empty where there is none.
    """

    errors: str
    prelude: tuple[str, ...] = ()
    access: bool = False
    status: str = "status"
    route: str = "route"
    method: str = "method"
    seconds: str = ""
    target_group: str = ""


def error_lines(form: Format) -> str:
    """The newest error lines."""
    return _piped(
        *form.prelude,
        f"filter {form.errors}",
        "fields @timestamp, @log, @message, @ptr",
        "sort @timestamp desc",
        f"limit {MAX_ROWS}",
    )


def error_counts(form: Format) -> str:
    """How many error lines each log group has."""
    return _piped(*form.prelude, f"filter {form.errors}", "stats count(*) as errors by @log", f"limit {MAX_ROWS}")


def request_counts(form: Format) -> str:
    """How many requests of each status each log group has."""
    return _piped(*form.prelude, f"stats count(*) as requests by {_by(form, form.status)}", f"limit {MAX_ROWS}")


def routes(form: Format) -> str:
    """The requests by path and status, the most frequent first, with how long they took."""
    times = f", avg({form.seconds}) as mean, max({form.seconds}) as longest" if form.seconds else ""
    return _piped(
        *form.prelude,
        f"stats count(*) as requests{times} by {_by(form, form.status, form.method, form.route)}",
        "sort requests desc",
        f"limit {MAX_ROWS}",
    )


def shown(form: Format) -> str:
    """The errors as somebody looks at them in the console."""
    last = ("fields @timestamp, @log, @message", "sort @timestamp desc", "limit 200")
    return "\n| ".join([*form.prelude, f"filter {form.errors}", *last])


def chunks(groups: Sequence[str], most: int = MAX_GROUPS) -> list[tuple[str, ...]]:
    """``groups`` in as few parts as one query each takes, of much the same size."""
    number = -(-len(groups) // most)
    return [tuple(groups[index::number]) for index in range(number)]


def _by(form: Format, *fields: str) -> str:
    return ", ".join(filter(None, ("@log", form.target_group, *fields)))


def _piped(*commands: str) -> str:
    return " | ".join(commands)
