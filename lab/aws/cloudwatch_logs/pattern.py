# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter patterns: which log lines match, and the values that are found in them.

The three kinds of CloudWatch Logs: terms (``ERROR ?WARN -noise "a phrase" %regex%``), JSON (``{ $.level = "ERROR" }``)
and fields between spaces (``[ip, status = 5*, ...]``). Where the user guide says nothing: a comparison with a property
that is not there does not hold (also ``!=``), and a number is compared with text as it stands in the line. Without
``...``, the last field has the rest of the line, as the guide's ``[w1=ERROR, w2]`` shows.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_REGEXES = 2
REGEX_CHARACTERS = re.compile(r"(?:[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|*+.]|\\[\x21-\x7e])*")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
OPERATORS = ("!=", ">=", "<=", "=", ">", "<")


class BadPattern(Exception):
    """A pattern that CloudWatch Logs would refuse."""


@dataclass(frozen=True)
class Match:
    """A line that matched. ``values`` are by selector (``$.a``) or field (``$status``), as text."""

    values: Mapping[str, str]
    document: Any = None


@dataclass(frozen=True)
class Pattern:
    """A pattern that was read. ``kind`` is json, fields, terms or all."""

    kind: str
    test: Callable[[str], Match | None]
    names: frozenset[str] = frozenset()
    regexes: int = 0

    def match(self, message: str) -> Match | None:
        return self.test(message)

    def value(self, match: Match, wanted: str) -> str | None:
        """The text of ``$.a.b`` or ``$field`` in a line that matched; None where there is none."""
        if wanted in match.values:
            return match.values[wanted]
        if self.kind == "json" and wanted.startswith("$"):
            return first(match.document, selector(wanted))
        return None


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Pattern:
    """Read a pattern, or raise BadPattern."""
    stripped = text.strip()
    if not stripped:
        return Pattern("all", lambda message: Match({}))
    if stripped.startswith("{"):
        return json_pattern(stripped)
    if stripped.startswith("["):
        return fields_pattern(stripped)
    return terms_pattern(stripped)


def compile_regex(text: str) -> re.Pattern[str]:
    """A regular expression between percent signs."""
    if not text or not REGEX_CHARACTERS.fullmatch(text):
        raise BadPattern(f"Invalid regular expression: {text}")
    try:
        return re.compile(text, re.ASCII)
    except re.error:
        raise BadPattern(f"Invalid regular expression: {text}") from None


def wildcards(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


# -- what is compared


@dataclass(frozen=True)
class Comparison:
    """``operator`` and what is compared with: a number, text with wildcards, or a regular expression."""

    operator: str
    number: float | None = None
    pattern: re.Pattern[str] | None = None
    regex: re.Pattern[str] | None = None

    def holds(self, value: Any) -> bool:
        """For a value of a JSON document: a number with a number, all else by its text."""
        if self.regex is None and self.number is not None:
            return isinstance(value, Number) and self.compare(float(value))
        return isinstance(value, str) and self.holds_text(value)

    def holds_text(self, text: str) -> bool:
        """For a field of a line: as a number where both are, otherwise as text."""
        if self.regex is not None:
            found = self.regex.search(text) is not None
            return found if self.operator == "=" else not found
        if self.number is not None and NUMBER.fullmatch(text):
            return self.compare(float(text))
        if self.pattern is None:
            return self.operator == "!="
        same = self.pattern.fullmatch(text) is not None
        return same if self.operator == "=" else not same

    def compare(self, value: float) -> bool:
        assert self.number is not None
        return bool(
            {
                "=": value == self.number,
                "!=": value != self.number,
                ">": value > self.number,
                "<": value < self.number,
                ">=": value >= self.number,
                "<=": value <= self.number,
            }[self.operator]
        )


@dataclass
class Reader:
    """Reads a pattern from left to right."""

    text: str
    at: int = 0
    regexes: int = 0
    names: set[str] = field(default_factory=set)

    def space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, token: str) -> bool:
        self.space()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def word(self, name: str) -> bool:
        self.space()
        found = re.compile(rf"{name}\b", re.IGNORECASE).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found is not None

    def bad(self, what: str = "") -> BadPattern:
        shown_part = self.text[self.at : self.at + 20]
        return BadPattern(what or f"Invalid filter pattern at '{shown_part}'")

    def quoted(self) -> str:
        """Text in double quotes; the opening one was read."""
        parts: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == '"':
                return "".join(parts)
            if letter == "\\" and self.text[self.at : self.at + 1] in ('"', "\\"):
                letter = self.text[self.at]
                self.at += 1
            parts.append(letter)
        raise BadPattern("Unclosed double quote in the filter pattern")

    def regex(self) -> re.Pattern[str]:
        end = self.text.find("%", self.at)
        if end < 0:
            raise BadPattern("Unclosed % in the filter pattern")
        found = compile_regex(self.text[self.at : end])
        self.at = end + 1
        self.regexes += 1
        if self.regexes > MAX_REGEXES:
            raise BadPattern(f"A filter pattern may contain at most {MAX_REGEXES} regular expressions")
        return found

    def operator(self) -> str | None:
        self.space()
        for operator in OPERATORS:
            if self.take(operator):
                return operator
        return None

    def comparison(self, stop: str) -> Comparison:
        """What follows an operator; bare text ends at a blank or one of ``stop``."""
        operator = self.operator()
        if operator is None:
            raise self.bad()
        self.space()
        if self.take("%"):
            found = Comparison(operator, regex=self.regex())
        elif self.take('"'):
            found = Comparison(operator, pattern=wildcards(self.quoted()))
        else:
            bare = re.compile(rf"[^\s{re.escape(stop)}]+").match(self.text, self.at)
            if bare is None:
                raise self.bad()
            self.at = bare.end()
            if NUMBER.fullmatch(bare[0]):
                found = Comparison(operator, number=float(bare[0]), pattern=wildcards(bare[0]))
            else:
                found = Comparison(operator, pattern=wildcards(bare[0]))
        if operator not in ("=", "!=") and found.number is None:
            raise BadPattern(f"The operator {operator} compares numbers only")
        return found


# -- { $.a = 1 }

Path = tuple[str | int | None, ...]
"""Keys and positions; None stands for all of them."""


class Number(str):
    """A number as it stands in the line: ``{ $.status = 5* }`` is about its digits, and 1.10 is shown so."""


@functools.lru_cache(maxsize=4096)
def selector(text: str) -> Path:
    """``$.a['b.c'][0][*]`` as keys and indexes."""
    found: list[str | int | None] = []
    at = 1
    part = re.compile(r"""\.?(?:\[\s*(\d+|\*)\s*\]|\[\s*(['"])(.+?)\2\s*\])|\.([^\s.\[\]()=!<>&|,{}]+)""")
    while at < len(text):
        match = part.match(text, at)
        if match is None:
            raise BadPattern(f"Invalid property selector: {text}")
        if match[1] == "*" or match[4] == "*":
            found.append(None)
        else:
            found.append(int(match[1]) if match[1] is not None else match[3] if match[3] is not None else match[4])
        at = match.end()
    if not text.startswith("$") or not found or found.count(None) > 1:
        raise BadPattern(f"Invalid property selector: {text}")
    return tuple(found)


def select(document: Any, path: Path) -> list[Any]:
    """All that a selector points at; nothing where there is no such property."""
    found = [document]
    for step in path:
        found = [value for one in found for value in inside(one, step)]
    return found


def inside(document: Any, step: str | int | None) -> list[Any]:
    if isinstance(document, list):
        return document if step is None else document[step : step + 1] if isinstance(step, int) else []
    if isinstance(document, dict):
        return list(document.values()) if step is None else [document[step]] if step in document else []
    return []


def first(document: Any, path: Path) -> str | None:
    """The first value that a selector points at, as metrics and TestMetricFilter show it."""
    for value in select(document, path):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return value
    return None


Condition = Callable[[Any], bool]


def json_pattern(text: str) -> Pattern:
    reader = Reader(text)
    reader.take("{")
    condition = either(reader)
    if not reader.take("}"):
        raise reader.bad()
    reader.space()
    if reader.at < len(text):
        raise reader.bad()
    names = frozenset(reader.names)

    def test(message: str) -> Match | None:
        start = message.lstrip()
        if not start.startswith(("{", "[")):
            return None
        try:
            document = json.loads(start, parse_int=Number, parse_float=Number)
        except ValueError:
            return None
        if not condition(document):
            return None
        values = {name: first(document, selector(name)) for name in names}
        return Match({name: value for name, value in values.items() if value is not None}, document)

    return Pattern("json", test, names, reader.regexes)


def either(reader: Reader) -> Condition:
    parts = [both(reader)]
    while reader.take("||"):
        parts.append(both(reader))
    return parts[0] if len(parts) == 1 else lambda document: any(part(document) for part in parts)


def both(reader: Reader) -> Condition:
    parts = [single(reader)]
    while reader.take("&&"):
        parts.append(single(reader))
    return parts[0] if len(parts) == 1 else lambda document: all(part(document) for part in parts)


def single(reader: Reader) -> Condition:
    if reader.take("("):
        inside = either(reader)
        if not reader.take(")"):
            raise reader.bad()
        return inside
    reader.space()
    found = re.compile(r"""\$(?:\[\s*(?:\d+|'[^']*'|"[^"]*")\s*\]|\.?\[[^\]]*\]|\.[^\s.\[\]()=!<>&|,{}]+)+""").match(
        reader.text, reader.at
    )
    if found is None:
        raise reader.bad()
    name, path = found[0], selector(found[0])
    reader.at = found.end()
    reader.names.add(name)
    if reader.word("IS"):
        if reader.word("NULL"):
            return lambda document: any(value is None for value in select(document, path))
        if reader.word("TRUE"):
            return lambda document: any(value is True for value in select(document, path))
        if reader.word("FALSE"):
            return lambda document: any(value is False for value in select(document, path))
        raise reader.bad()
    if reader.word("NOT"):
        if reader.word("EXISTS"):
            return lambda document: not select(document, path)
        raise reader.bad()
    if reader.word("EXISTS"):
        return lambda document: bool(select(document, path))
    comparison = reader.comparison("&|(){}")
    return lambda document: any(comparison.holds(value) for value in select(document, path))


# -- [a, b = 5*, ...]


@dataclass(frozen=True)
class Field:
    """One field: its name and the comparisons, an "or" of "ands"; ``rest`` stands for any number of fields."""

    name: str
    alternatives: tuple[tuple[Comparison, ...], ...] = ()
    rest: bool = False

    def holds(self, text: str) -> bool:
        return not self.alternatives or any(all(one.holds_text(text) for one in ands) for ands in self.alternatives)


def fields_pattern(text: str) -> Pattern:
    reader = Reader(text)
    reader.take("[")
    found: list[Field] = []
    if not reader.take("]"):
        while True:
            found.append(one_field(reader))
            if reader.take("]"):
                break
            if not reader.take(","):
                raise reader.bad()
    reader.space()
    if reader.at < len(text):
        raise reader.bad()
    if sum(one.rest for one in found) > 1:
        raise BadPattern("A filter pattern may contain one ellipsis only")
    names = [one.name for one in found if one.name]
    if len(names) != len(set(names)):
        raise BadPattern("The names of the fields of a filter pattern must differ")
    known = frozenset(f"${name}" for name in names)

    def test(message: str) -> Match | None:
        if not found:
            return Match({})
        at = next((number for number, one in enumerate(found) if one.rest), None)
        values = split(message, len(found) if at is None else 0)
        if at is None:
            if len(values) < len(found):
                return None
            pairs = list(zip(found, range(len(values)), strict=True))
        else:
            behind = len(found) - at - 1
            if len(values) < len(found) - 1:
                return None
            pairs = [(one, number) for number, one in enumerate(found[:at])]
            pairs += [(found[at], number) for number in range(at, len(values) - behind)]
            pairs += [(one, len(values) - behind + number) for number, one in enumerate(found[at + 1 :])]
        if not all(one.holds(values[number]) for one, number in pairs if not one.rest):
            return None
        return Match({f"${one.name or number + 1}": values[number] for one, number in pairs})

    return Pattern("fields", test, known, reader.regexes)


def one_field(reader: Reader) -> Field:
    if reader.take("..."):
        return Field("", rest=True)
    reader.space()
    if reader.text[reader.at : reader.at + 1] in (",", "]"):
        return Field("")
    if reader.take('"'):
        return Field("", ((Comparison("=", pattern=wildcards(reader.quoted())),),))
    name = re.compile(r"[A-Za-z_][\w.\-]*").match(reader.text, reader.at)
    if name is None:
        raise reader.bad()
    reader.at = name.end()
    alternatives: list[list[Comparison]] = []
    reader.space()
    if reader.text[reader.at : reader.at + 1] in OPERATORS or reader.text.startswith(OPERATORS, reader.at):
        alternatives.append([reader.comparison(",]&|()")])
        while True:
            if reader.take("||"):
                alternatives.append([again(reader, name[0])])
            elif reader.take("&&"):
                alternatives[-1].append(again(reader, name[0]))
            else:
                break
    return Field(name[0], tuple(tuple(ands) for ands in alternatives))


def again(reader: Reader, name: str) -> Comparison:
    """A further comparison of the same field."""
    if not reader.take(name):
        raise reader.bad(f"A field can be compared with itself only: '{name}' was expected")
    return reader.comparison(",]&|()")


def split(message: str, most: int = 0) -> list[str]:
    """The fields of a line: between blanks, where quotes and square brackets hold together.

    Of ``most`` fields, the last has the rest of the line.
    """
    found: list[str] = []
    starts: list[int] = []
    at, end = 0, len(message)
    while at < end:
        if message[at].isspace():
            at += 1
            continue
        starts.append(at)
        closing = {'"': '"', "[": "]"}.get(message[at])
        stop = closing_at(message, at + 1, closing) if closing else -1
        if stop >= 0 and (stop + 1 == end or message[stop + 1].isspace()):
            found.append(message[at + 1 : stop])
            at = stop + 1
            continue
        stop = at
        while stop < end and not message[stop].isspace():
            stop += 1
        found.append(message[at:stop])
        at = stop
    if most and len(found) > most:
        return [*found[: most - 1], message[starts[most - 1] :].rstrip()]
    return found


def closing_at(message: str, at: int, closing: str) -> int:
    while at < len(message):
        if message[at] == "\\":
            at += 2
            continue
        if message[at] == closing:
            return at
        at += 1
    return -1


# -- terms


def terms_pattern(text: str) -> Pattern:
    reader = Reader(text)
    must: list[Callable[[str], bool]] = []
    never: list[Callable[[str], bool]] = []
    may: list[Callable[[str], bool]] = []
    while True:
        reader.space()
        if reader.at >= len(text):
            break
        into = must
        if reader.text[reader.at] in "?-":
            into = may if reader.text[reader.at] == "?" else never
            reader.at += 1
        into.append(one_term(reader))
    if must or never:
        # "?" has no effect beside other terms.
        may = []

    def test(message: str) -> Match | None:
        found = (
            all(term(message) for term in must)
            and not any(term(message) for term in never)
            and (not may or any(term(message) for term in may))
        )
        return Match({}) if found else None

    return Pattern("terms", test, frozenset(), reader.regexes)


def one_term(reader: Reader) -> Callable[[str], bool]:
    if reader.take("%"):
        regex = reader.regex()
        return lambda message: regex.search(message) is not None
    if reader.text[reader.at : reader.at + 1] == '"':
        reader.at += 1
        phrase = reader.quoted()
        # A blank is the pattern for every line, even one without a space.
        return lambda message: not phrase.strip() or phrase in message
    bare = re.compile(r"\S*").match(reader.text, reader.at)
    assert bare is not None
    if not re.fullmatch(r"[\w*]+", bare[0]):
        raise BadPattern(f"Invalid character(s) in term '{bare[0]}'")
    reader.at = bare.end()
    term = wildcards(bare[0]) if "*" in bare[0] else None
    if term is not None:
        return lambda message: term.search(message) is not None
    return lambda message: bare[0] in message
