# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The query language of Logs Insights, read: commands and expressions. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lab.aws.cloudwatch_logs.functions import AGGREGATES, FUNCTIONS

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
UNITS |= {"msec": 1, "second": 1000, "seconds": 1000, "sec": 1000, "min": 60_000, "minute": 60_000, "minutes": 60_000}
UNITS |= {"hr": 3_600_000, "hour": 3_600_000, "hours": 3_600_000, "day": 86_400_000, "days": 86_400_000}
UNITS |= {"week": 604_800_000, "weeks": 604_800_000}
LACKING = ("diff", "unnest", "anomaly", "source", "join", "subquery", "lookup", "fillmissing", "unmask")
"""Commands of Logs Insights that the stand-in does not have."""


class Malformed(Exception):
    """A query that cannot be read: what is wrong, and from where to where."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end


# -- expressions


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Duration:
    """``5m``, in milliseconds."""

    length: int


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Aggregate:
    """A function over a group of rows; no argument stands for ``*``."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Operation:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Not:
    inner: Node


@dataclass(frozen=True)
class Like:
    """``like``, ``=~``: a regular expression, also for text, which is searched for as it stands."""

    inner: Node
    regex: re.Pattern[str]


@dataclass(frozen=True)
class In:
    inner: Node
    values: tuple[Node, ...]


Node = Literal | Duration | Name | Call | Aggregate | Operation | Not | Like | In


@dataclass(frozen=True)
class Column:
    """An expression and what its result is called: its alias, or its text."""

    node: Node
    name: str


# -- commands


@dataclass(frozen=True)
class Fields:
    columns: tuple[Column, ...]
    only: bool
    """Whether nothing else is shown: ``display``."""


@dataclass(frozen=True)
class Filter:
    condition: Node


@dataclass(frozen=True)
class Stats:
    columns: tuple[Column, ...]
    by: tuple[Column, ...]


@dataclass(frozen=True)
class Sort:
    keys: tuple[tuple[Column, bool], ...]
    """What to sort by, and whether downwards."""


@dataclass(frozen=True)
class Limit:
    count: int


@dataclass(frozen=True)
class Dedup:
    names: tuple[Node, ...]


@dataclass(frozen=True)
class Parse:
    source: Node
    regex: re.Pattern[str]
    names: tuple[str, ...]
    """By the groups of the expression, in order."""


@dataclass(frozen=True)
class Patterns:
    source: Node


Command = Fields | Filter | Stats | Sort | Limit | Dedup | Parse | Patterns

BLANK = re.compile(r"(?:\s|#[^\n]*)+")
NAME = re.compile(r"`[^`]+`|[@A-Za-z_][\w@.]*(?:\[\d+\][\w.]*)*")
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
WORDS = ("and", "or", "not", "like", "in", "as", "by", "asc", "desc")


class Reader:
    """Reads a query from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.solid = self.resumed = 0

    def blank(self) -> None:
        found = BLANK.match(self.text, self.at)
        if found:
            if self.at != self.resumed:
                self.solid = self.at
            self.at = self.resumed = found.end()

    def since(self, begin: int) -> str:
        """What was read from ``begin`` on, without the blanks and comments behind it."""
        return self.text[begin : self.solid if self.at == self.resumed else self.at]

    def end(self) -> bool:
        self.blank()
        return self.at >= len(self.text)

    def peek(self, token: str) -> bool:
        self.blank()
        return self.text.startswith(token, self.at)

    def take(self, *tokens: str) -> str:
        self.blank()
        for token in tokens:
            if self.text.startswith(token, self.at):
                self.at += len(token)
                return token
        return ""

    def word(self, *words: str) -> str:
        self.blank()
        found = re.compile(r"[A-Za-z_]\w*").match(self.text, self.at)
        if found and found[0].lower() in words:
            self.at = found.end()
            return found[0].lower()
        return ""

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self.unexpected(f"expected '{token}'")

    def unexpected(self, wanted: str = "") -> Malformed:
        self.blank()
        if self.at >= len(self.text):
            told = "unexpected end of query"
            begin, end = len(self.text), len(self.text)
        else:
            found = re.compile(r"\w+|\S").match(self.text, self.at)
            assert found is not None
            before = self.text[: self.at]
            told = (
                f"unexpected symbol found {found[0]} at line {before.count(chr(10)) + 1} and position "
                f"{self.at - (before.rfind(chr(10)) + 1)}"
            )
            begin, end = self.at, found.end()
        return Malformed(told + (f": {wanted}" if wanted else ""), begin, end)

    def name(self) -> str:
        self.blank()
        found = NAME.match(self.text, self.at)
        if found is None or found[0].lower() in WORDS:
            raise self.unexpected("expected the name of a field")
        self.at = found.end()
        return found[0].strip("`")

    def quoted(self) -> str:
        """Text in quotes of either kind."""
        quote, begin = self.text[self.at], self.at
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == quote:
                return "".join(parts)
            if letter == "\\" and self.at < len(self.text):
                following = self.text[self.at]
                self.at += 1
                letter = following if following in "\\\"'" else {"n": "\n", "t": "\t"}.get(following, "\\" + following)
            parts.append(letter)
        raise Malformed("unterminated string", begin, len(self.text))

    def regex(self) -> re.Pattern[str]:
        """An expression between slashes, in Java's manner."""
        begin = self.at
        found = re.compile(r"/((?:[^/\\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+)/", re.DOTALL).match(self.text, self.at)
        if found is None:
            raise self.unexpected("expected a regular expression between slashes")
        self.at = found.end()
        try:
            return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", found[1]).replace("\\/", "/"))
        except re.error as exc:
            raise Malformed(f"invalid regular expression: {exc}", begin, self.at) from None

    # -- expressions

    def expression(self) -> Node:
        left = self.conjunction()
        while self.word("or"):
            left = Operation("or", left, self.conjunction())
        return left

    def conjunction(self) -> Node:
        left = self.negation()
        while self.word("and"):
            left = Operation("and", left, self.negation())
        return left

    def negation(self) -> Node:
        return Not(self.negation()) if self.word("not") else self.comparison()

    def comparison(self) -> Node:
        left = self.addition()
        operator = self.take("!=", "<>", ">=", "<=", "=~", "==", "=", ">", "<")
        if operator == "=~":
            return Like(left, self.matcher())
        if operator:
            operator = {"==": "=", "<>": "!="}.get(operator, operator)
            return Operation(operator, left, self.addition())
        before = self.at
        negated = self.word("not")
        if self.word("like"):
            found: Node = Like(left, self.matcher())
        elif self.word("in"):
            self.need("[")
            values = [self.addition()]
            while self.take(","):
                values.append(self.addition())
            self.need("]")
            found = In(left, tuple(values))
        else:
            self.at = before
            return left
        return Not(found) if negated else found

    def matcher(self) -> re.Pattern[str]:
        self.blank()
        if self.text[self.at : self.at + 1] in ("'", '"'):
            return re.compile(re.escape(self.quoted()))
        return self.regex()

    def addition(self) -> Node:
        left = self.multiplication()
        while operator := self.take("+", "-"):
            left = Operation(operator, left, self.multiplication())
        return left

    def multiplication(self) -> Node:
        left = self.unary()
        while operator := self.take("*", "/", "%", "^"):
            left = Operation(operator, left, self.unary())
        return left

    def unary(self) -> Node:
        if self.take("-"):
            return Operation("-", Literal(0), self.unary())
        return self.primary()

    def primary(self) -> Node:
        if self.take("("):
            inside = self.expression()
            self.need(")")
            return inside
        self.blank()
        if self.text[self.at : self.at + 1] in ("'", '"'):
            return Literal(self.quoted())
        number = NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            unit = re.compile(r"[A-Za-z]+").match(self.text, self.at)
            if unit:
                if unit[0] not in UNITS:
                    raise self.unexpected("expected a unit of time")
                self.at = unit.end()
                return Duration(int(float(number[0]) * UNITS[unit[0]]))
            return Literal(float(number[0]) if re.search(r"[.eE]", number[0]) else int(number[0]))
        begin = self.at
        name = self.name()
        if not self.text.startswith("(", self.at) or self.text[begin] == "`":
            return Name(name)
        return self.call(name, begin)

    def call(self, name: str, begin: int) -> Node:
        known = name.lower()
        if known not in FUNCTIONS and known not in AGGREGATES:
            raise Malformed(f"unknown function {name}", begin, self.at)
        self.need("(")
        arguments: list[Node] = []
        if known in AGGREGATES and self.take("*"):
            self.need(")")
        elif not self.take(")"):
            arguments.append(self.expression())
            while self.take(","):
                arguments.append(self.expression())
            self.need(")")
        least, most = (AGGREGATES.get(known) or FUNCTIONS[known])[:2]
        if not least <= len(arguments) <= most:
            raise Malformed(f"wrong number of arguments for {name}", begin, self.at)
        if known in AGGREGATES:
            return Aggregate(known, tuple(arguments))
        return Call(known, tuple(arguments))

    def columns(self) -> tuple[Column, ...]:
        found = [self.column()]
        while self.take(","):
            found.append(self.column())
        return tuple(found)

    def column(self) -> Column:
        self.blank()
        begin = self.at
        node = self.expression()
        text = self.since(begin)
        if self.word("as"):
            return Column(node, self.name())
        return Column(node, text.strip("`") if isinstance(node, Name) else text)

    # -- commands

    def query(self) -> list[Command]:
        found: list[Command] = []
        if self.end():
            raise self.unexpected()
        while True:
            if not found:
                self.take("|")
            found.append(self.command())
            if self.end():
                break
            self.need("|")
        if sum(isinstance(command, Stats) for command in found) > 2:
            raise Malformed("at most two stats commands are allowed", 0, len(self.text))
        return found

    def command(self) -> Command:
        self.blank()
        begin = self.at
        found = re.compile(r"[A-Za-z]+").match(self.text, self.at)
        name = found[0].lower() if found else ""
        if found:
            self.at = found.end()
        if name in ("fields", "display"):
            columns = self.columns()
            self.no_aggregates(columns, begin)
            return Fields(columns, name == "display")
        if name in ("filter", "filterindex"):
            return Filter(self.expression())
        if name == "stats":
            return self.stats(begin)
        if name == "sort":
            keys = [self.sort_key()]
            while self.take(","):
                keys.append(self.sort_key())
            return Sort(tuple(keys))
        if name in ("limit", "head"):
            self.blank()
            number = NUMBER.match(self.text, self.at)
            if number is None or not number[0].isdigit() or not 1 <= int(number[0]) <= 100_000:
                raise self.unexpected("expected a number from 1 to 100000")
            self.at = number.end()
            return Limit(int(number[0]))
        if name == "dedup":
            return Dedup(tuple(column.node for column in self.columns()))
        if name == "parse":
            return self.parse()
        if name == "pattern":
            return Patterns(Name(self.name()))
        self.at = begin
        if name in LACKING:
            assert found is not None
            raise Malformed(f"the lab's stand-in for AWS does not have the command {name}", begin, found.end())
        raise self.unexpected("expected a command")

    def no_aggregates(self, columns: tuple[Column, ...], begin: int) -> None:
        if any(aggregated(column.node) for column in columns):
            raise Malformed("aggregate functions are only allowed in stats", begin, self.at)

    def stats(self, begin: int) -> Stats:
        columns = self.columns()
        if not all(aggregated(column.node) for column in columns):
            raise Malformed("stats needs aggregate functions", begin, self.at)
        by = self.columns() if self.word("by") else ()
        self.no_aggregates(by, begin)
        return Stats(columns, by)

    def sort_key(self) -> tuple[Column, bool]:
        self.blank()
        begin = self.at
        node = self.expression()
        return Column(node, self.since(begin)), self.word("asc", "desc") == "desc"

    def parse(self) -> Parse:
        self.blank()
        source: Node = Name("@message")
        if self.text[self.at : self.at + 1] not in ("'", '"', "/"):
            source = self.primary()
            self.blank()
        begin = self.at
        if self.text[self.at : self.at + 1] in ("'", '"'):
            glob = self.quoted()
            regex = re.compile(
                "".join("(.*?)" if part == "*" else re.escape(part) for part in re.split(r"(\*)", glob))
                + ("$" if glob.endswith("*") else ""),
                re.DOTALL,
            )
            if "*" not in glob:
                raise Malformed("a glob of parse needs a *", begin, self.at)
        else:
            regex = self.regex()
        names: list[str] = []
        if self.word("as"):
            names.append(self.name())
            while self.take(","):
                names.append(self.name())
        else:
            by_number = {number: name for name, number in regex.groupindex.items()}
            names = [by_number.get(number, "") for number in range(1, regex.groups + 1)]
        if not any(names) or len(names) != regex.groups:
            raise Malformed("the number of fields of parse does not fit its expression", begin, self.at)
        return Parse(source, regex, tuple(names))


def aggregated(node: Node) -> bool:
    """Whether there is an aggregate in an expression."""
    if isinstance(node, Aggregate):
        return True
    if isinstance(node, Call):
        return any(aggregated(item) for item in node.arguments)
    if isinstance(node, Operation):
        return aggregated(node.left) or aggregated(node.right)
    if isinstance(node, (Not, Like, In)):
        return aggregated(node.inner)
    return False


def read(text: str) -> list[Command]:
    """Read a query, or raise Malformed."""
    return Reader(text).query()
