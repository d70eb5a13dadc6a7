# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions of Logs Insights over plain values; None is a field that is not there."""

from __future__ import annotations

import ipaddress
import json
import math
import re
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Value = Any


def number(value: Value) -> float | int | None:
    """A value as a number, also where it is text."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Moment):
        return value.time
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"[+-]?\d+", text):
            return int(text)
        try:
            found = float(text)
        except ValueError:
            return None
        return found if math.isfinite(found) else None
    return None


class Moment:
    """A time in milliseconds, which is shown as Logs Insights shows times."""

    __slots__ = ("time",)

    def __init__(self, time: int) -> None:
        self.time = time

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and other.time == self.time

    def __hash__(self) -> int:
        return hash(self.time)

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.time / 1000, UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{self.time % 1000:03d}"


def text(value: Value) -> str | None:
    """A value as a result shows it: four decimals at most, 1 and 0 for true and false."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 0.0001 else f"{value:.4g}"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def truth(value: Value) -> bool:
    if isinstance(value, str):
        return value.lower() not in ("", "0", "false")
    return bool(value)


def on_text(act: Callable[..., Value]) -> Callable[..., Value]:
    """A function whose arguments are text; without any of them there is no result."""

    def wrapped(*given: Value) -> Value:
        texts = [text(value) for value in given]
        return None if any(value is None for value in texts) else act(*texts)

    return wrapped


def on_numbers(act: Callable[..., Value]) -> Callable[..., Value]:
    def wrapped(*given: Value) -> Value:
        numbers = [number(value) for value in given]
        if any(value is None for value in numbers):
            return None
        try:
            return act(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    return wrapped


def substr(value: str, begin: str, length: str = "") -> str:
    start = int(float(begin))
    return value[start : start + int(float(length))] if length else value[start:]


def json_parse(value: str) -> Value:
    try:
        return json.loads(value)
    except ValueError:
        return None


def address(value: str, version: int = 0) -> bool:
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return False
    return version in (0, found.version)


def in_subnet(value: str, subnet: str, version: int = 0) -> bool:
    try:
        return address(value, version) and ipaddress.ip_address(value) in ipaddress.ip_network(subnet, strict=False)
    except ValueError:
        return False


def floor_to(time: Value, length: Value) -> Value:
    at, step = number(time), number(length)
    return None if at is None or not step else Moment(int(at // step * step))


def ceil_to(time: Value, length: Value) -> Value:
    at, step = number(time), number(length)
    return None if at is None or not step else Moment(int(-(-at // step) * step))


def best(pick: Callable[..., Value]) -> Callable[..., Value]:
    def act(*given: Value) -> Value:
        numbers = [found for value in given if (found := number(value)) is not None]
        return pick(numbers) if numbers else None

    return act


def case(*given: Value) -> Value:
    """The value behind the first condition that holds, or the last one that has no condition."""
    for condition, value in zip(given[::2], given[1::2], strict=False):
        if truth(condition):
            return value
    return given[-1] if len(given) % 2 else None


MANY = 1000
FUNCTIONS: dict[str, tuple[int, int, Callable[..., Value]]] = {
    "abs": (1, 1, on_numbers(abs)),
    "ceil": (1, 1, on_numbers(math.ceil)),
    "floor": (1, 1, on_numbers(math.floor)),
    "greatest": (1, MANY, best(max)),
    "least": (1, MANY, best(min)),
    "log": (1, 1, on_numbers(math.log)),
    "sqrt": (1, 1, on_numbers(math.sqrt)),
    "bin": (1, 1, lambda length: None),
    "datefloor": (2, 2, floor_to),
    "dateceil": (2, 2, ceil_to),
    "frommillis": (1, 1, on_numbers(lambda time: Moment(int(time)))),
    "tomillis": (1, 1, number),
    "now": (0, 0, lambda: None),
    "ispresent": (1, 1, lambda value: value is not None),
    "coalesce": (1, MANY, lambda *given: next((value for value in given if value is not None), None)),
    "if": (3, 3, lambda condition, then, otherwise: then if truth(condition) else otherwise),
    "case": (2, MANY, case),
    "isempty": (1, 1, lambda value: value is None or text(value) == ""),
    "isblank": (1, 1, lambda value: value is None or not (text(value) or "").strip()),
    "concat": (1, MANY, lambda *given: "".join(text(value) or "" for value in given)),
    "ltrim": (1, 2, on_text(str.lstrip)),
    "rtrim": (1, 2, on_text(str.rstrip)),
    "trim": (1, 2, on_text(str.strip)),
    "strlen": (1, 1, on_text(len)),
    "toupper": (1, 1, on_text(str.upper)),
    "tolower": (1, 1, on_text(str.lower)),
    "substr": (2, 3, on_text(substr)),
    "replace": (3, 3, on_text(str.replace)),
    "strcontains": (2, 2, on_text(lambda value, part: part in value)),
    "jsonparse": (1, 1, on_text(json_parse)),
    "jsonstringify": (1, 1, text),
    "isvalidip": (1, 1, on_text(address)),
    "isvalidipv4": (1, 1, on_text(lambda value: address(value, 4))),
    "isvalidipv6": (1, 1, on_text(lambda value: address(value, 6))),
    "isipinsubnet": (2, 2, on_text(in_subnet)),
    "isipv4insubnet": (2, 2, on_text(lambda value, subnet: in_subnet(value, subnet, 4))),
    "isipv6insubnet": (2, 2, on_text(lambda value, subnet: in_subnet(value, subnet, 6))),
    "unmask": (1, 1, lambda value: value),
}
"""By name in lower case: how many arguments at least and at most, and what it does; bin and now need the row."""


def percentile(values: list[float], rank: float) -> float | None:
    """Between the two nearest values, as far along as the rank asks."""
    if not values:
        return None
    values = sorted(values)
    at = (len(values) - 1) * rank / 100
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def numbers_of(values: list[Value]) -> list[float]:
    return [found for value in values if (found := number(value)) is not None]


def smallest(values: list[Value], pick: Callable[..., Value]) -> Value:
    """The least or greatest: of numbers where all are, otherwise of text."""
    present = [value for value in values if value is not None]
    if not present:
        return None
    if all(isinstance(value, Moment) for value in present):
        return pick(present, key=lambda value: value.time)
    numbers = numbers_of(present)
    return pick(numbers) if len(numbers) == len(present) else pick(text(value) or "" for value in present)


Aggregator = Callable[[list[Value], list[Value]], Value]
"""Is given the values of the first argument, newest first, and those of the second."""

AGGREGATES: dict[str, tuple[int, int, Aggregator]] = {
    "count": (0, 1, lambda values, _more: sum(value is not None for value in values)),
    "count_distinct": (1, 1, lambda values, _more: len({text(value) for value in values if value is not None})),
    "sum": (1, 1, lambda values, _more: sum(found) if (found := numbers_of(values)) else None),
    "avg": (1, 1, lambda values, _more: sum(found) / len(found) if (found := numbers_of(values)) else None),
    "min": (1, 1, lambda values, _more: smallest(values, min)),
    "max": (1, 1, lambda values, _more: smallest(values, max)),
    "pct": (2, 2, lambda values, more: percentile(numbers_of(values), float(number(more[0]) or 0) if more else 0)),
    "percentile": (
        2,
        2,
        lambda values, more: percentile(numbers_of(values), float(number(more[0]) or 0) if more else 0),
    ),
    "median": (1, 1, lambda values, _more: percentile(numbers_of(values), 50)),
    "stddev": (1, 1, lambda values, _more: statistics.pstdev(found) if (found := numbers_of(values)) else None),
    "latest": (1, 1, lambda values, _more: next((value for value in values if value is not None), None)),
    "earliest": (1, 1, lambda values, _more: next((value for value in reversed(values) if value is not None), None)),
    "sortsfirst": (1, 1, lambda values, _more: min((text(v) or "" for v in values if v is not None), default=None)),
    "sortslast": (1, 1, lambda values, _more: max((text(v) or "" for v in values if v is not None), default=None)),
}
