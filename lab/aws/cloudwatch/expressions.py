# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metric math: parsing and evaluating it. Pure.

A value is a number, a text, one ``Line`` (a time series) or a list of lines. What people write in alarms and on
dashboards is here; what is not is refused by name rather than guessed at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


class Unreadable(Exception):
    """An expression that is wrong, in AWS's words where they are known."""


@dataclass
class Line:
    """A time series: the begin of each period and the value. ``upper`` is the other edge of an anomaly band."""

    values: dict[int, float]
    label: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    upper: dict[int, float] | None = None


TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/^()<>,\[\]]))"""
)

Tree = tuple[Any, ...]
LEVELS: list[tuple[str, ...]] = [
    ("||", "OR"),
    ("&&", "AND"),
    ("==", "!=", "<", ">", "<=", ">="),
    ("+", "-"),
    ("*", "/"),
]


def tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise Unreadable(f"Error in expression '{text}': Unexpected character '{text[place:].strip()[:1]}'")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        place = match.end()
    return found


def parse(text: str) -> Tree:
    """The tree: ("number", x), ("text", s), ("name", id), ("list", …), ("call", name, …) or ("op", sign, a, b)."""
    rest = tokens(text)

    def peek() -> str:
        kind, shown = rest[0] if rest else ("", "")
        return shown.upper() if kind == "name" else "" if kind == "text" else shown

    def take(wanted: str = "") -> tuple[str, str]:
        if not rest or (wanted and rest[0][1] != wanted):
            raise Unreadable(
                f"Error in expression '{text}': Syntax error" + (f", '{wanted}' expected" if wanted else "")
            )
        return rest.pop(0)

    def level(number: int) -> Tree:
        if number == len(LEVELS):
            return unary()
        tree = level(number + 1)
        while peek() in LEVELS[number]:
            sign = take()[1].upper()
            tree = ("op", {"OR": "||", "AND": "&&"}.get(sign, sign), tree, level(number + 1))
        return tree

    def unary() -> Tree:
        if peek() == "-":
            take()
            return ("op", "-", ("number", 0.0), unary())
        tree = atom()
        if peek() == "^":
            take()
            return ("op", "^", tree, unary())
        return tree

    def items(close: str) -> list[Tree]:
        found: list[Tree] = []
        while peek() != close:
            found.append(level(0))
            if peek() != ",":
                break
            take()
        take(close)
        return found

    def atom() -> Tree:
        kind, shown = take()
        if kind == "number":
            return ("number", float(shown))
        if kind == "text":
            return ("text", re.sub(r"\\(.)", r"\1", shown[1:-1]))
        if shown == "(":
            tree = level(0)
            take(")")
            return tree
        if shown == "[":
            return ("list", *items("]"))
        if kind == "name":
            if peek() == "(":
                take()
                return ("call", shown.upper(), *items(")"))
            return ("name", shown)
        raise Unreadable(f"Error in expression '{text}': Syntax error near '{shown}'")

    if not rest:
        raise Unreadable("The expression is empty")
    tree = level(0)
    if rest:
        raise Unreadable(f"Error in expression '{text}': Syntax error near '{rest[0][1]}'")
    return tree


def names(tree: Tree) -> set[str]:
    """The ids that an expression refers to."""
    if tree[0] == "name":
        return set() if tree[1] in WORDS else {tree[1]}
    return {name for part in tree[1:] if isinstance(part, tuple) for name in names(part)}


def calls(tree: Tree) -> set[str]:
    """The functions that an expression uses."""
    own = {tree[1]} if tree[0] == "call" else set()
    return own | {name for part in tree[1:] if isinstance(part, tuple) for name in calls(part)}


FILLERS = ("REPEAT", "LINEAR")
WORDS = (*FILLERS, "AVG", "MIN", "MAX", "SUM", "ASC", "DESC")
"""Words without quotes that functions take; an id of that name goes first."""

OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: float(a**b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
}


def safely(act: Callable[..., float], *arguments: float) -> float | None:
    """A number, or None where there is none: a division by zero is no datapoint, not an error."""
    try:
        value = act(*arguments)
    except (ArithmeticError, ValueError):
        return None
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def each(act: Callable[..., float], *values: Any) -> Any:
    """Apply a function of numbers to numbers, lines and lists of lines; lines meet where all have a point."""
    sizes = {len(value) for value in values if isinstance(value, list)}
    if sizes:
        size = max(sizes)
        if len(sizes) > 1:
            raise Unreadable("Arrays of different lengths cannot be combined")
        return [
            each(act, *(value[number] if isinstance(value, list) else value for value in values))
            for number in range(size)
        ]
    lines = [value for value in values if isinstance(value, Line)]
    if not lines:
        return safely(act, *values)
    common = set.intersection(*(set(line.values) for line in lines))
    found = {}
    for time in sorted(common):
        value = safely(act, *(item.values[time] if isinstance(item, Line) else item for item in values))
        if value is not None:
            found[time] = value
    return Line(found, lines[0].label if len(lines) == 1 else "", lines[0].attributes if len(lines) == 1 else {})


@dataclass
class World:
    """What an expression is evaluated in: the ids already known, the periods asked for, and how to look further."""

    known: dict[str, Any]
    grid: list[int]
    period: int
    search: Callable[[str, str, int], list[Line]]
    band: Callable[[str, Line, float], Line]
    metrics: Callable[[str], list[Line]]


def evaluate(tree: Tree, world: World) -> Any:
    """The value of an expression."""
    kind = tree[0]
    if kind in ("number", "text"):
        return tree[1]
    if kind == "name":
        if tree[1] not in world.known and tree[1].upper() in WORDS:
            return tree[1].upper()
        if tree[1] not in world.known:
            raise Unreadable(f"Undefined variable '{tree[1]}'")
        return world.known[tree[1]]
    if kind == "list":
        found: list[Any] = []
        for part in tree[1:]:
            value = evaluate(part, world)
            found += value if isinstance(value, list) else [value]
        return found
    if kind == "op":
        left, right = evaluate(tree[2], world), evaluate(tree[3], world)
        for value in (left, right):
            if isinstance(value, str):
                raise Unreadable(f"Unsupported operand type(s) for {tree[1]}: '{value}'")
        if left is None or right is None:
            return None
        return each(OPERATORS[tree[1]], left, right)
    return call(tree[1], tree[2:], world)


def call(name: str, arguments: tuple[Tree, ...], world: World) -> Any:
    if name == "ANOMALY_DETECTION_BAND":
        line = evaluate(arguments[0], world)
        width = evaluate(arguments[1], world) if len(arguments) > 1 else 2.0
        if not isinstance(line, Line):
            raise Unreadable("ANOMALY_DETECTION_BAND needs one time series")
        return world.band(arguments[0][1] if arguments[0][0] == "name" else "", line, float(width))
    given = [evaluate(argument, world) for argument in arguments]
    if name not in FUNCTIONS:
        raise Unreadable(f"Unknown function '{name}'")
    low, high, act = FUNCTIONS[name]
    if not low <= len(given) <= high:
        raise Unreadable(f"Wrong number of arguments for function {name}")
    return act(world, *given)


# -- functions


def lines_of(value: Any) -> list[Line]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(item, Line) for item in found):
        raise Unreadable("A time series was expected")
    return found


def fold(act: Callable[[list[float]], float]) -> Callable[..., Any]:
    """A statistic: over time for one line, which makes a number; across lines, which makes a line."""

    def run(world: World, *given: Any) -> Any:
        value = list(given) if len(given) > 1 else given[0]
        if isinstance(value, (int, float)):
            return value
        if isinstance(value, Line):
            return safely(lambda: act(list(value.values.values()))) if value.values else None
        if value is None:
            return None
        lines = [item for item in value if isinstance(item, Line)]
        fixed = [item for item in value if isinstance(item, (int, float))]
        if not lines:
            return act([float(item) for item in fixed]) if fixed else None
        times = sorted({time for line in lines for time in line.values})
        return Line({time: act([line.values[time] for line in lines if time in line.values] + fixed) for time in times})

    return run


def over(act: Callable[..., float]) -> Callable[..., Any]:
    return lambda world, *given: each(act, *given)


def fill(world: World, value: Any, filler: Any) -> Any:
    """FILL: a number, another line, REPEAT (the last value) or LINEAR where a period has no point."""
    if isinstance(value, list):
        return [fill(world, item, filler) for item in value]
    if not isinstance(value, Line):
        raise Unreadable("FILL needs a time series")
    have = value.values
    found = dict(have)
    times = sorted(have)
    for time in world.grid:
        if time in found:
            continue
        if isinstance(filler, (int, float)):
            found[time] = float(filler)
        elif isinstance(filler, Line):
            if time in filler.values:
                found[time] = filler.values[time]
        else:
            before = [item for item in times if item < time]
            after = [item for item in times if item > time]
            if filler == "REPEAT" and before:
                found[time] = have[before[-1]]
            elif filler == "LINEAR" and before and after:
                share = (time - before[-1]) / (after[0] - before[-1])
                found[time] = have[before[-1]] + share * (have[after[0]] - have[before[-1]])
    return Line(dict(sorted(found.items())), value.label, value.attributes)


def choose(world: World, condition: Any, then: Any, otherwise: Any = None) -> Any:
    """IF: per period; a period without the condition, or without the value chosen, has no point."""
    for position in (condition, then, otherwise):
        if isinstance(position, list):
            size = len(position)
            return [
                choose(
                    world, *(item[number] if isinstance(item, list) else item for item in (condition, then, otherwise))
                )
                for number in range(size)
            ]
    if isinstance(condition, (int, float)):
        return then if condition else otherwise
    if condition is None:
        return None
    found = {}
    for time, test in condition.values.items():
        value = then if test else otherwise
        value = value.values.get(time) if isinstance(value, Line) else value
        if value is not None:
            found[time] = float(value)
    return Line(found)


def stepwise(act: Callable[[float, float, float], float]) -> Callable[..., Any]:
    """A function of each point and the one before it, and the seconds between them."""

    def run(world: World, value: Any) -> Any:
        if isinstance(value, list):
            return [run(world, item) for item in value]
        found, before = {}, None
        for time, number in sorted(lines_of(value)[0].values.items()):
            if before is not None:
                step = safely(act, before[1], number, float(time - before[0]))
                if step is not None:
                    found[time] = step
            before = (time, number)
        return Line(found, value.label, value.attributes)

    return run


def running_sum(world: World, value: Any) -> Any:
    if isinstance(value, list):
        return [running_sum(world, item) for item in value]
    total, found = 0.0, {}
    for time, number in sorted(lines_of(value)[0].values.items()):
        total += number
        found[time] = total
    return Line(found, value.label, value.attributes)


def calendar(read: Callable[[datetime], float]) -> Callable[..., Any]:
    def run(world: World, value: Any) -> Any:
        line = lines_of(value)[0]
        return Line({time: read(datetime.fromtimestamp(time, UTC)) for time in line.values})

    return run


def edge(place: int) -> Callable[..., Any]:
    def run(world: World, value: Any) -> Any:
        if isinstance(value, list):
            return value[place] if value else Line({})
        times = sorted(value.values)
        return value.values[times[place]] if times else None

    return run


def sort_lines(
    world: World, value: Any, how: str = "AVG", order: str = "DESC", limit: float | None = None
) -> list[Line]:
    ways: dict[str, Callable[[list[float]], float]] = {"AVG": mean, "MIN": min, "MAX": max, "SUM": math.fsum}
    key = ways.get(str(how).upper(), mean)
    found = sorted(
        (line for line in lines_of(value) if line.values),
        key=lambda line: key(list(line.values.values())),
        reverse=str(order).upper() == "DESC",
    )
    return found[: int(limit)] if limit else found


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def deviation(values: list[float]) -> float:
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / len(values))


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "ABS": (1, 1, over(abs)),
    "CEIL": (1, 1, over(lambda a: float(math.ceil(a)))),
    "FLOOR": (1, 1, over(lambda a: float(math.floor(a)))),
    "LOG": (1, 1, over(math.log)),
    "LOG10": (1, 1, over(math.log10)),
    "AVG": (1, 30, fold(mean)),
    "SUM": (1, 30, fold(math.fsum)),
    "MIN": (1, 30, fold(min)),
    "MAX": (1, 30, fold(max)),
    "STDDEV": (1, 30, fold(deviation)),
    "DATAPOINT_COUNT": (1, 1, fold(lambda found: float(len(found)))),
    "METRIC_COUNT": (1, 1, lambda world, value: float(len(lines_of(value)))),
    "FILL": (2, 2, fill),
    "IF": (2, 3, choose),
    "RATE": (1, 1, stepwise(lambda before, now, gap: (now - before) / gap)),
    "DIFF": (1, 1, stepwise(lambda before, now, gap: now - before)),
    "DIFF_TIME": (1, 1, stepwise(lambda before, now, gap: gap)),
    "RUNNING_SUM": (1, 1, running_sum),
    "PERIOD": (1, 1, lambda world, value: float(world.period)),
    "TIME_SERIES": (1, 1, lambda world, value: Line({time: float(value) for time in world.grid})),
    "REMOVE_EMPTY": (1, 1, lambda world, value: [line for line in lines_of(value) if line.values]),
    "FIRST": (1, 1, edge(0)),
    "LAST": (1, 1, edge(-1)),
    "SORT": (1, 4, sort_lines),
    "SLICE": (2, 3, lambda world, value, first, last=None: lines_of(value)[int(first) : int(last) if last else None]),
    "METRICS": (0, 1, lambda world, label="": world.metrics(str(label))),
    "SEARCH": (2, 3, lambda world, text, how, period=0: world.search(str(text), str(how), int(period or world.period))),
    "MINUTE": (1, 1, calendar(lambda moment: float(moment.minute))),
    "HOUR": (1, 1, calendar(lambda moment: float(moment.hour))),
    "DAY": (1, 1, calendar(lambda moment: float(moment.isoweekday()))),
    "DATE": (1, 1, calendar(lambda moment: float(moment.day))),
    "MONTH": (1, 1, calendar(lambda moment: float(moment.month))),
    "YEAR": (1, 1, calendar(lambda moment: float(moment.year))),
    "EPOCH": (1, 1, calendar(lambda moment: moment.timestamp())),
}
