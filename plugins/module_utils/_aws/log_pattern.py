# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter patterns of CloudWatch Logs: what they mean, which lines they match, what they extract. Pure.

There are three kinds, told apart by how they begin:

* ``{ $.level = "ERROR" && $.latency > 100 }`` for lines that are JSON;
* ``[ip, user, status=5*, ...]`` for lines of fields with spaces between them;
* ``ERROR -"not found"``, ``?ERROR ?Exception`` and ``%5[0-9]{2}%`` for any text.

Where the documentation of AWS leaves something open, this is strict with patterns (what has to be quoted for certain
must be quoted) and plain with lines (they are compared by their text, numbers by their value).
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

LONGEST = 1024
"""Characters of a pattern."""

MOST_REGEXES = 2
"""Regular expressions in a pattern."""

MOST_WILDCARDS = 3
"""Selectors with a wildcard in a pattern; each may have one."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_BARE = re.compile(r"[A-Za-z0-9_*.+-]+")
_TERM = re.compile(r"[A-Za-z0-9_]+")
_REGEX_CHARACTERS = re.compile(r"[A-Za-z0-9 :_#=@/;,^$?\[\]{}|*+.-]")
_REGEX_ESCAPE = re.compile(r"\\([dDsSwW]|x[0-9A-Fa-f]{2}|[:_#=@/;,^$?\[\]{}|\\*+.-])")
_OPERATOR = re.compile(r"!=|<=|>=|=|<|>")

Test = Callable[[str], bool]


class PatternError(ValueError):
    """A pattern that CloudWatch would refuse. The message is the rest of a sentence that begins with the option."""


@dataclass(frozen=True)
class Match:
    """A line that a pattern matches.

    :param values: what ``TestMetricFilter`` reports as extracted: texts by ``$.selector``, ``$name`` or ``$position``.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    lookup: Callable[[str], str | None] = lambda selector: None

    def value(self, selector: str) -> str | None:
        """What a metric value or a dimension extracts, ``None`` where the line has no such thing."""
        return self.lookup(selector)


class Pattern(ABC):
    """A pattern that was understood."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.regexes = 0

    @abstractmethod
    def match(self, line: str) -> Match | None:
        """What the pattern finds in a line, ``None`` if it does not match."""

    @abstractmethod
    def unknown(self, selector: str) -> str:
        """Why a metric value or a dimension cannot be ``selector`` with this pattern; empty if it can."""

    @property
    def doubt(self) -> str:
        """What of the pattern does not do what it seems to; empty for nothing."""
        return ""


@lru_cache(maxsize=4096)
def parse(text: str) -> Pattern:
    """Understand a pattern.

    :raises PatternError: CloudWatch would refuse it.
    """
    if len(text) > LONGEST:
        raise PatternError(f"has {len(text)} characters, and there may be {LONGEST}: shorten it")
    cursor = _Cursor(text)
    cursor.space()
    kinds: dict[str, Callable[[_Cursor], Pattern]] = {"{": _Json, "[": _Fields}
    result = kinds.get(cursor.next, _Terms)(cursor)
    if result.regexes > MOST_REGEXES:
        raise PatternError(f"has {result.regexes} regular expressions, and there may be {MOST_REGEXES}: join them by |")
    return result


# -- reading


class _Cursor:
    """A place in a pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def next(self) -> str:
        """The character here, empty at the end."""
        return self.text[self.at : self.at + 1]

    def space(self) -> None:
        while self.next and self.next.isspace():
            self.at += 1

    def takes(self, word: str) -> bool:
        """Whether ``word`` is next, which is then passed."""
        self.space()
        found = self.text.startswith(word, self.at)
        self.at += len(word) if found else 0
        return found

    def reads(self, wanted: re.Pattern[str]) -> str:
        """What of the text from here on is ``wanted``, which is then passed; empty if it is not."""
        found = wanted.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found.group() if found else ""

    def wrong(self, what: str) -> PatternError:
        rest = self.text[self.at : self.at + 20]
        where = f"'{rest}' at character {self.at + 1}" if rest else "its end"
        return PatternError(f"is not understood at {where}: {what}")

    def quoted(self) -> str:
        """The text in quotation marks that begins here."""
        start = self.at
        result = ""
        self.at += 1
        while self.next != '"':
            if not self.next:
                self.at = start
                raise self.wrong("a quotation mark is opened and not closed")
            if self.next == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\"):
                self.at += 1
            result += self.next
            self.at += 1
        self.at += 1
        return result

    def regex(self) -> re.Pattern[str]:
        """The regular expression between percent signs that begins here."""
        start = self.at
        self.at += 1
        while self.next != "%":
            if not self.next:
                self.at = start
                raise self.wrong("a % opens a regular expression and none closes it")
            if self.next in "()":
                raise self.wrong("regular expressions have no parentheses here; \\x28 and \\x29 are the characters")
            if not (self.reads(_REGEX_ESCAPE) or self.reads(_REGEX_CHARACTERS)):
                raise self.wrong("regular expressions do not take this character; write it as \\xhh")
        source = self.text[start + 1 : self.at]
        self.at += 1
        try:
            if source:
                return re.compile(source, re.ASCII)
            reason = "it is empty"
        except re.error as error:
            reason = str(error)
        self.at = start
        raise self.wrong(f"this is no regular expression ({reason})")


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _comparison(cursor: _Cursor, pattern: Pattern) -> Test:
    """An operator and what is compared with, as a test of a text."""
    cursor.space()
    operator = cursor.reads(_OPERATOR)
    if not operator:
        raise cursor.wrong("there must be one of = != < > <= >=")
    cursor.space()
    if cursor.next == "%":
        found = cursor.regex()
        pattern.regexes += 1
        if operator not in ("=", "!="):
            raise cursor.wrong("a regular expression is compared with = or !=")
        return lambda text: bool(found.search(text)) == (operator == "=")
    plain = cursor.next != '"'
    value = cursor.reads(_BARE) if plain else cursor.quoted()
    if plain and (not value or cursor.next not in ("", " ", "\t", "\n", "\r", ",", "]", ")", "}", "&", "|")):
        raise cursor.wrong("put what is compared with in quotation marks")
    number = _number(value) if plain else None
    if operator in ("=", "!="):
        return _equality(value, number, operator == "=")
    if number is None:
        raise cursor.wrong(f"{operator} compares with a number, not with '{value}'")
    return _order(operator, number)


def _equality(value: str, number: float | None, wanted: bool) -> Test:
    whole = re.compile(".*".join(re.escape(part) for part in value.split("*")), re.DOTALL)

    def test(text: str) -> bool:
        other = _number(text) if number is not None else None
        same = other == number if other is not None else bool(whole.fullmatch(text))
        return same == wanted

    return test


def _order(operator: str, number: float) -> Test:
    def test(text: str) -> bool:
        other = _number(text)
        if other is None:
            return False
        return {"<": other < number, ">": other > number, "<=": other <= number, ">=": other >= number}[operator]

    return test


_Condition = Callable[[Any], bool]


def _condition(cursor: _Cursor, atom: Callable[[], _Condition]) -> _Condition:
    """Conditions that are joined by && and, more loosely, by ||."""

    def either() -> _Condition:
        parts = [both()]
        while cursor.takes("||"):
            parts.append(both())
        return parts[0] if len(parts) == 1 else lambda line: any(part(line) for part in parts)

    def both() -> _Condition:
        parts = [one()]
        while cursor.takes("&&"):
            parts.append(one())
        return parts[0] if len(parts) == 1 else lambda line: all(part(line) for part in parts)

    def one() -> _Condition:
        if not cursor.takes("("):
            return atom()
        inner = either()
        if not cursor.takes(")"):
            raise cursor.wrong("a parenthesis is opened and not closed")
        return inner

    return either()


def _end(cursor: _Cursor, closing: str) -> None:
    if not cursor.takes(closing):
        raise cursor.wrong(f"there must be && or || or {closing}")
    cursor.space()
    if cursor.next:
        raise cursor.wrong(f"there is more after {closing}")


# -- JSON


_Step: TypeAlias = "str | int | None"
"""A key, a position, or ``None`` for all of them."""


@dataclass(frozen=True)
class _Selector:
    text: str
    steps: tuple[_Step, ...]

    def nodes(self, root: Any) -> Iterator[Any]:
        """What it points at; nothing where there is no such thing."""
        found = [root]
        for step in self.steps:
            found = [inner for node in found for inner in _inside(node, step)]
        yield from found

    def first(self, root: Any) -> str | None:
        """The text of the first value that it points at."""
        return next((_text(node) for node in self.nodes(root) if not isinstance(node, (dict, list, type(None)))), None)


def _inside(node: Any, step: _Step) -> Sequence[Any]:
    if step is None:
        return list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    if isinstance(step, int):
        return [node[step]] if isinstance(node, list) and step < len(node) else []
    return [node[step]] if isinstance(node, dict) and step in node else []


class _Number(str):
    """A number as it stands in the line: 1.10 is not to become 1.1."""


def _text(node: Any) -> str:
    return str(node).lower() if isinstance(node, bool) else str(node)


def _load(line: str) -> Any:
    """The data of a line, ``None`` if it is neither an object nor a list."""
    text = line.strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text, parse_int=_Number, parse_float=_Number)
    except ValueError:
        return None


def _selector(cursor: _Cursor) -> _Selector:
    cursor.space()
    start = cursor.at
    if not cursor.takes("$"):
        raise cursor.wrong("a selector such as $.level or ( belongs here")
    steps: list[_Step] = []
    while cursor.next and cursor.next in ".[":
        if cursor.next == "." and cursor.text[cursor.at + 1 : cursor.at + 2] != "[":
            cursor.at += 1
            star = cursor.next == "*"
            name = cursor.reads(_NAME) if not star else "*"
            if not name:
                raise cursor.wrong("a selector names keys by letters, digits, - and _; write others as ['…']")
            cursor.at += star
            steps.append(None if star else name)
            continue
        cursor.at += 1 if cursor.next == "[" else 2
        steps.append(_bracket(cursor))
    if not steps:
        raise cursor.wrong("a selector goes on with . and a key")
    if steps.count(None) > 1:
        raise PatternError(f"has more than one * in the selector {cursor.text[start : cursor.at]}: leave one")
    return _Selector(cursor.text[start : cursor.at], tuple(steps))


_QUOTED_KEY = re.compile(r"'[^']*'|\"[^\"]*\"")
_POSITION = re.compile(r"\d+")


def _bracket(cursor: _Cursor) -> _Step:
    step: _Step
    if key := cursor.reads(_QUOTED_KEY):
        step = key[1:-1]
    elif position := cursor.reads(_POSITION):
        step = int(position)
    elif cursor.takes("*"):
        step = None
    else:
        raise cursor.wrong("in the brackets of a selector belongs a position, * or a key in quotation marks")
    if not cursor.takes("]"):
        raise cursor.wrong("there must be ]")
    return step


@lru_cache(maxsize=4096)
def _selector_of(text: str) -> _Selector | None:
    cursor = _Cursor(text)
    try:
        found = _selector(cursor)
    except PatternError:
        return None
    return found if not cursor.next else None


class _Json(Pattern):
    """``{ $.level = "ERROR" }``"""

    kind = "json"

    def __init__(self, cursor: _Cursor) -> None:
        super().__init__()
        self._selectors: dict[str, _Selector] = {}
        self._wildcards = 0
        cursor.takes("{")
        self._matches = _condition(cursor, lambda: self._atom(cursor))
        _end(cursor, "}")
        if self._wildcards > MOST_WILDCARDS:
            raise PatternError(
                f"has {self._wildcards} selectors with a wildcard, and there may be {MOST_WILDCARDS}: leave some out"
            )

    def _atom(self, cursor: _Cursor) -> _Condition:
        selector = _selector(cursor)
        self._selectors[selector.text] = selector
        self._wildcards += None in selector.steps
        cursor.space()
        word = cursor.reads(_WORDS)
        if word:
            what = " ".join(word.upper().split())
            if what == "NOT EXISTS":
                return lambda root: not any(True for _node in selector.nodes(root))
            if what in _CONSTANTS:
                constant = _CONSTANTS[what]
                return lambda root: any(node is constant for node in selector.nodes(root))
            cursor.at -= len(word)
            raise cursor.wrong("there is IS NULL, IS TRUE, IS FALSE and NOT EXISTS")
        test = _comparison(cursor, self)
        # Null, true and false equal no text, and unequal none either; they have words of their own.
        return lambda root: any(isinstance(node, str) and test(node) for node in selector.nodes(root))

    def match(self, line: str) -> Match | None:
        root = _load(line)
        if root is None or not self._matches(root):
            return None
        values = {text: selector.first(root) for text, selector in self._selectors.items()}

        def lookup(text: str) -> str | None:
            selector = _selector_of(text)
            return selector.first(root) if selector else None

        return Match({text: value for text, value in values.items() if value is not None}, lookup)

    def unknown(self, selector: str) -> str:
        return "" if _selector_of(selector) else "a pattern in braces extracts selectors such as $.latency"


_WORDS = re.compile(r"[A-Za-z]+(\s+[A-Za-z]+)?")
_CONSTANTS = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}


# -- fields with spaces between them


@dataclass(frozen=True)
class _Field:
    name: str = ""
    matches: _Condition | None = None


class _Fields(Pattern):
    """``[ip, status=5*, ...]``. Without dots, the last field has the rest of the line."""

    kind = "fields"

    def __init__(self, cursor: _Cursor) -> None:
        super().__init__()
        self._before: list[_Field] = []
        self._after: list[_Field] = []
        self._names: set[str] = set()
        self._open = False
        cursor.takes("[")
        if cursor.takes("]"):
            self._open = True
        else:
            self._read(cursor)
        cursor.space()
        if cursor.next:
            raise cursor.wrong("there is more after ]; a text with brackets is put in quotation marks")

    def _read(self, cursor: _Cursor) -> None:
        while True:
            if cursor.takes("..."):
                if self._open:
                    raise cursor.wrong("there may be one ...")
                self._open = True
            else:
                (self._after if self._open else self._before).append(self._field(cursor))
            if cursor.takes("]"):
                return
            if not cursor.takes(","):
                raise cursor.wrong("there must be , or ]; names have letters, digits, - and _")

    def _field(self, cursor: _Cursor) -> _Field:
        cursor.space()
        # A hyphen says that nobody cares, and a comma says it as well.
        if cursor.next in (",", "]") or re.compile(r"-\s*[,\]]").match(cursor.text, cursor.at):
            cursor.reads(_NAME)
            return _Field()
        names: list[str] = []
        conditions = 0

        def atom() -> _Condition:
            nonlocal conditions
            cursor.space()
            name = cursor.reads(_NAME)
            if not name:
                raise cursor.wrong("the name of a field belongs here")
            names.append(name)
            cursor.space()
            if not _OPERATOR.match(cursor.text, cursor.at):
                return lambda fields: True
            conditions += 1
            test = _comparison(cursor, self)
            return lambda fields: name in fields and test(fields[name])

        matches = _condition(cursor, atom)
        name = names[0]
        if name in self._names:
            raise PatternError(f"names the field '{name}' twice: rename one")
        self._names.add(name)
        for other in names:
            if other not in self._names:
                raise PatternError(f"has a condition on '{other}' that is not at the field of this name: move it there")
        return _Field(name, matches if conditions else None)

    def match(self, line: str) -> Match | None:
        declared = [*self._before, *self._after]
        texts = split(line, None if self._open else len(declared))
        if len(texts) < len(declared):
            return None
        gap = len(texts) - len(declared)
        fields = [*self._before, *[_Field()] * gap, *self._after]
        named = {one.name: text for one, text in zip(fields, texts, strict=True) if one.name}
        if any(one.matches and not one.matches(named) for one in fields):
            return None
        values = {
            f"${one.name or position}": text
            for position, (one, text) in enumerate(zip(fields, texts, strict=True), start=1)
        }
        positions = {f"${position}": text for position, text in enumerate(texts, start=1)}
        return Match(values, {**positions, **values}.get)

    def unknown(self, selector: str) -> str:
        name = selector.removeprefix("$")
        if selector.startswith("$") and (name in self._names or name.isdecimal()):
            return ""
        return f"the pattern has the fields {', '.join(f'${name}' for name in sorted(self._names)) or 'of no name'}"


def split(line: str, most: int | None = None) -> list[str]:
    """The fields of a line. What is in quotation marks or square brackets is one, without them.

    :param most: so many fields there may be: the last has the rest of the line.
    """
    result: list[str] = []
    starts: list[int] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        starts.append(at)
        closing = {'"': '"', "[": "]"}.get(line[at])
        end = line.find(closing, at + 1) if closing else -1
        if end >= 0:
            result.append(line[at + 1 : end])
            at = end + 1
            continue
        begin = at
        while at < len(line) and not line[at].isspace():
            at += 1
        result.append(line[begin:at])
    if most and len(result) > most:
        return [*result[: most - 1], line[starts[most - 1] :].rstrip()]
    return result


# -- terms


class _Terms(Pattern):
    """``ERROR -"not found"``"""

    kind = "terms"

    def __init__(self, cursor: _Cursor) -> None:
        super().__init__()
        #: Tests of a line by what stands before the term: nothing, - or ?.
        self._tests: dict[str, list[Test]] = {"": [], "-": [], "?": []}
        cursor.space()
        while cursor.next:
            sign = cursor.next if cursor.next in "-?" else ""
            cursor.at += len(sign)
            self._tests[sign].append(self._term(cursor))
            if cursor.next and not cursor.next.isspace():
                raise cursor.wrong("put a term that has other characters than letters, digits and _ in quotation marks")
            cursor.space()

    def _term(self, cursor: _Cursor) -> Test:
        if cursor.next == "%":
            found = cursor.regex()
            self.regexes += 1
            return lambda line: bool(found.search(line))
        if cursor.next == '"':
            phrase = cursor.quoted()
            # A blank is the pattern for every line, even one without a space.
            return lambda line: not phrase.strip() or phrase in line
        term = cursor.reads(_TERM)
        if not term:
            raise cursor.wrong("put a term that has other characters than letters, digits and _ in quotation marks")
        return lambda line: term in line

    def match(self, line: str) -> Match | None:
        every, none, some = (self._tests[sign] for sign in ("", "-", "?"))
        if every or none:
            found = all(test(line) for test in every) and not any(test(line) for test in none)
        else:
            found = not some or any(test(line) for test in some)
        return Match() if found else None

    @property
    def doubt(self) -> str:
        if self._tests["?"] and (self._tests[""] or self._tests["-"]):
            return "CloudWatch ignores the terms with ? beside others"
        return ""

    def unknown(self, selector: str) -> str:
        return "a pattern of terms extracts nothing: give a number"
