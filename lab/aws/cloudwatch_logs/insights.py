# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs Insights: a query over log lines. Pure."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lab.aws.cloudwatch_logs import syntax
from lab.aws.cloudwatch_logs.functions import AGGREGATES, FUNCTIONS, Moment, Value, floor_to, number, text, truth
from lab.aws.cloudwatch_logs.store import Event
from lab.aws.cloudwatch_logs.syntax import Column, Node

MAX_ROWS = 10_000
DISCOVERED = 200
"""How many fields of a JSON line are found."""

REPORT = re.compile(
    r"REPORT RequestId: (?P<requestId>\S+)\s+Duration: (?P<duration>[\d.]+) ms\s+Billed Duration: "
    r"(?P<billedDuration>[\d.]+) ms\s+Memory Size: (?P<memorySize>\d+) MB\s+Max Memory Used: (?P<maxMemoryUsed>\d+) MB"
)


class Row:
    """One line, or one result of stats. ``made`` is what commands added to it."""

    __slots__ = ("_found", "event", "group", "made", "members", "now", "stream")

    def __init__(self, event: Event | None = None, stream: str = "", group: str = "", now: int = 0) -> None:
        self.event, self.stream, self.group, self.now = event, stream, group, now
        self.made: dict[str, Value] = {}
        self._found: dict[str, Value] | None = None
        self.members: list[Row] = []

    def get(self, name: str) -> Value:
        if name in self.made:
            return self.made[name]
        if self.event is None:
            return self.inside(name)
        if name.startswith("@"):
            known = self.system(name)
            if known is not None:
                return known
        found = self.found()
        return found[name] if name in found else self.inside(name)

    def inside(self, name: str) -> Value:
        """A part of a document that a function made."""
        head, _dot, rest = name.partition(".")
        value = self.made.get(head)
        for step in rest.split(".") if rest else ():
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value if rest else None

    def system(self, name: str) -> Value:
        assert self.event is not None
        if name == "@timestamp":
            return Moment(self.event.time)
        if name == "@ingestionTime":
            return Moment(self.event.ingested)
        return {
            "@message": self.event.message,
            "@logStream": self.stream,
            "@log": self.group,
            "@ptr": self.event.id,
        }.get(name)

    def found(self) -> dict[str, Value]:
        if self._found is None:
            assert self.event is not None
            self._found = discover(self.event)
        return self._found


def discover(event: Event) -> dict[str, Value]:
    """The fields of a line that is JSON, or of a function's report."""
    found: dict[str, Value] = {}
    document: Any = event.fields
    if document is None:
        start = event.message.lstrip()
        if start.startswith("{"):
            try:
                document = json.loads(start)
            except ValueError:
                document = None
        elif report := REPORT.match(start):
            return {"@type": "REPORT", **{f"@{name}": value for name, value in report.groupdict().items()}}
    if isinstance(document, dict):
        flatten(document, "", found)
    return found


def flatten(value: Any, path: str, into: dict[str, Value]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            flatten(item, f"{path}.{key}" if path else str(key), into)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            flatten(item, f"{path}.{index}", into)
    elif value is not None and len(into) < DISCOVERED:
        into[path] = value


# -- expressions


def evaluate(node: Node, row: Row) -> Value:
    """The value of an expression for a row; in stats, of the rows that it stands for."""
    if isinstance(node, syntax.Literal):
        return node.value
    if isinstance(node, syntax.Duration):
        return node.length
    if isinstance(node, syntax.Name):
        return row.get(node.name)
    if isinstance(node, syntax.Operation):
        return operate(node, row)
    if isinstance(node, syntax.Not):
        return not truth(evaluate(node.inner, row))
    if isinstance(node, syntax.Like):
        value = text(evaluate(node.inner, row))
        return value is not None and node.regex.search(value) is not None
    if isinstance(node, syntax.In):
        value = evaluate(node.inner, row)
        return any(same(value, evaluate(item, row)) for item in node.values)
    if isinstance(node, syntax.Aggregate):
        if not node.arguments:
            return len(row.members)
        values = [evaluate(node.arguments[0], member) for member in row.members]
        more = [evaluate(item, row) for item in node.arguments[1:]]
        return AGGREGATES[node.name][2](values, more)
    if node.name == "bin":
        return floor_to(row.get("@timestamp"), evaluate(node.arguments[0], row))
    if node.name == "now":
        return row.now // 1000
    return FUNCTIONS[node.name][2](*(evaluate(item, row) for item in node.arguments))


def operate(node: syntax.Operation, row: Row) -> Value:
    operator = node.operator
    if operator == "and":
        return truth(evaluate(node.left, row)) and truth(evaluate(node.right, row))
    if operator == "or":
        return truth(evaluate(node.left, row)) or truth(evaluate(node.right, row))
    left, right = evaluate(node.left, row), evaluate(node.right, row)
    if operator in ("=", "!=", "<", "<=", ">", ">="):
        return compare(operator, left, right)
    first, second = number(left), number(right)
    if first is None or second is None:
        return None
    try:
        if operator == "+":
            return first + second
        if operator == "-":
            return first - second
        if operator == "*":
            return first * second
        if operator == "/":
            return first / second
        return first % second if operator == "%" else first**second
    except (ZeroDivisionError, OverflowError):
        return None


def same(left: Value, right: Value) -> bool:
    return bool(compare("=", left, right))


def compare(operator: str, left: Value, right: Value) -> bool:
    """Numbers with numbers, everything else as text; with what is not there, nothing compares.

    A text that is no number is neither less nor more than a number.
    """
    if left is None or right is None:
        return False
    if isinstance(left, bool) and isinstance(right, str):
        left = "true" if left else "false"
        right = {"1": "true", "0": "false"}.get(right, right.lower())
    first: Any
    second: Any
    first, second = number(left), number(right)
    if first is None or second is None:
        if operator not in ("=", "!=") and not (isinstance(left, str) and isinstance(right, str)):
            return False
        first, second = text(left), text(right)
    return bool(
        {
            "=": first == second,
            "!=": first != second,
            "<": first < second,
            "<=": first <= second,
            ">": first > second,
            ">=": first >= second,
        }[operator]
    )


# -- commands


@dataclass
class Result:
    """What a query found: rows of names and text, and how much it looked at."""

    rows: list[list[tuple[str, str]]]
    matched: int
    scanned: int
    bytes: int
    groups: int
    raw: list[Row] = field(default_factory=list)


def run(commands: list[syntax.Command], lines: Iterable[Row], limit: int = MAX_ROWS, groups: int = 1) -> Result:
    """Do a query over lines, newest first."""
    rows = sorted(lines, key=lambda row: row.event.time if row.event else 0, reverse=True)
    scanned = len(rows)
    size = sum(len(row.event.message) for row in rows if row.event)
    shown: list[str] = []
    aggregated = False
    matched = scanned
    for command in commands:
        if isinstance(command, syntax.Filter):
            rows = [row for row in rows if truth(evaluate(command.condition, row))]
            matched = matched if aggregated else len(rows)
        elif isinstance(command, syntax.Fields):
            if command.only:
                shown = []
            for column in command.columns:
                make(rows, column)
                if column.name not in shown:
                    shown.append(column.name)
        elif isinstance(command, syntax.Stats):
            rows = stats(command, rows)
            shown = [column.name for column in (*command.by, *command.columns)]
            aggregated = True
        elif isinstance(command, syntax.Sort):
            for column, down in reversed(command.keys):
                rows = in_order(rows, column, down)
        elif isinstance(command, syntax.Limit):
            rows = rows[: command.count]
        elif isinstance(command, syntax.Dedup):
            rows = dedup(rows, command.names)
        elif isinstance(command, syntax.Parse):
            parse(rows, command)
            shown += [name for name in command.names if name and name not in shown]
        else:
            rows = patterns(rows, command.source)
            shown = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"]
            aggregated = True
    if not any(isinstance(command, (syntax.Fields, syntax.Stats, syntax.Patterns)) for command in commands):
        shown = ["@timestamp", "@message", *shown]
    rows = rows[:limit]
    listed = []
    for row in rows:
        pairs = [(name, value) for name in shown if (value := text(row.get(name))) is not None]
        if row.event is not None and "@ptr" not in shown:
            pairs.append(("@ptr", row.event.id))
        listed.append(pairs)
    return Result(listed, matched, scanned, size, groups, rows)


def make(rows: list[Row], column: Column) -> None:
    """Add what a column says to each row, unless it is a field as it stands."""
    if isinstance(column.node, syntax.Name) and column.node.name == column.name:
        return
    for row in rows:
        row.made[column.name] = evaluate(column.node, row)


def stats(command: syntax.Stats, rows: list[Row]) -> list[Row]:
    groups: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        values = [column_of(column, row) for column in command.by]
        key = tuple(text(value) for value in values)
        group = groups.get(key)
        if group is None:
            group = groups[key] = Row(now=row.now)
            group.made = {column.name: value for column, value in zip(command.by, values, strict=True)}
        group.members.append(row)
    for group in groups.values():
        group.made |= {column.name: evaluate(column.node, group) for column in command.columns}
        group.members = []
    return list(groups.values())


def column_of(column: Column, row: Row) -> Value:
    """The value of a column; of a result of stats, what is called by its text."""
    if row.event is None and column.name in row.made:
        return row.made[column.name]
    return evaluate(column.node, row)


def in_order(rows: list[Row], column: Column, down: bool) -> list[Row]:
    """Sorted by a value; rows without it are last."""
    values = [(column_of(column, row), row) for row in rows]
    there = [(value, row) for value, row in values if value is not None]
    numeric = all(number(value) is not None for value, _row in there)

    def key(item: tuple[Value, Row]) -> Any:
        return number(item[0]) if numeric else text(item[0])

    there.sort(key=key, reverse=down)
    return [row for _value, row in there] + [row for value, row in values if value is None]


def dedup(rows: list[Row], names: tuple[Node, ...]) -> list[Row]:
    seen = set()
    kept = []
    for row in rows:
        key = tuple(text(evaluate(node, row)) for node in names)
        if key not in seen or None in key:
            seen.add(key)
            kept.append(row)
    return kept


def parse(rows: list[Row], command: syntax.Parse) -> None:
    for row in rows:
        value = text(evaluate(command.source, row))
        found = command.regex.search(value) if value is not None else None
        if found is not None:
            for name, item in zip(command.names, found.groups(), strict=True):
                if name and item is not None:
                    row.made[name] = item


TOKENS = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d+(?:\.\d+)?"
)
LEVELS = re.compile(r"\b(?:(FATAL|CRITICAL|ERROR|SEVERE)|(WARN(?:ING)?)|(INFO)|(DEBUG|TRACE))\b", re.IGNORECASE)


@functools.lru_cache(maxsize=65536)
def pattern_of(message: str) -> str:
    """A line with what differs between lines of its kind taken out."""
    return TOKENS.sub("<*>", message)


def patterns(rows: list[Row], source: Node) -> list[Row]:
    found: dict[str, int] = {}
    total = 0
    for row in rows:
        value = text(evaluate(source, row))
        if value is not None:
            total += 1
            shape = pattern_of(value)
            found[shape] = found.get(shape, 0) + 1
    made = []
    for shape, count in sorted(found.items(), key=lambda item: -item[1]):
        row = Row()
        level = LEVELS.search(shape)
        label = "None" if level is None else ("Error", "Warn", "Info", "Debug")[(level.lastindex or 1) - 1]
        row.made = {
            "@pattern": shape,
            "@ratio": count / total,
            "@sampleCount": count,
            "@severityLabel": label,
        }
        made.append(row)
    return made
