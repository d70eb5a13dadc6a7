# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedule expressions of EventBridge Scheduler and scheduled queries: ``cron()``, ``rate()`` and ``at()``. Pure."""

from __future__ import annotations

import re
from datetime import datetime

MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
DAYS = "SUN MON TUE WED THU FRI SAT"
FIELDS = (
    (0, 59, ""),
    (0, 23, ""),
    (1, 31, ""),
    (1, 12, MONTHS),
    (1, 7, DAYS),
    (1970, 2199, ""),
)
"""Minutes, hours, day of the month, month, day of the week, year: the least, the most and the words."""


def valid(expression: str) -> bool:
    """Whether AWS takes an expression. One of the days of a cron must be a question mark."""
    found = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    if found is None:
        return False
    kind, inside = found.groups()
    if kind == "rate":
        return re.fullmatch(r"[1-9]\d* (minutes?|hours?|days?)", inside) is not None
    if kind == "at":
        return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inside) is not None and is_moment(inside)
    cells = inside.split(" ")
    if len(cells) != len(FIELDS) or (cells[2] == "?") == (cells[4] == "?"):
        return False
    return all(is_cell(cell, number) for number, cell in enumerate(cells))


def is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_cell(cell: str, number: int) -> bool:
    """Whether one field of a cron expression is right."""
    if cell == "?":
        return number in (2, 4)
    return all(is_part(part, number) for part in cell.split(","))


def is_part(part: str, number: int) -> bool:
    least, most, words = FIELDS[number]
    if number == 2 and re.fullmatch(r"L|LW|([1-9]|[12]\d|3[01])W", part):
        return True
    if number == 4 and re.fullmatch(r"([1-7]|[A-Z]{3})?L|([1-7]|[A-Z]{3})#[1-5]", part):
        return True
    span, slash, step = part.partition("/")
    if slash and (not step.isdigit() or int(step) < 1):
        return False
    if span == "*":
        return True
    names = {word: str(position) for position, word in enumerate(words.split(), least)}
    ends = [names.get(end.upper(), end) for end in span.split("-")]
    return len(ends) <= 2 and all(end.isdigit() and least <= int(end) <= most for end in ends)
