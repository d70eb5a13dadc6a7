# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of composite alarms: read, compared, and searched for the alarms that they name. Pure.

A rule is ``ALARM("a")``, ``OK("a")``, ``INSUFFICIENT_DATA("a")``, ``TRUE``, ``FALSE``,
``AT_LEAST(2, NOT OK, ("a", "b"))``, joined by ``AND``, ``OR``, ``NOT`` and parentheses. Alarms are named or given by
ARN, in quotes or, where they hold neither spaces, parentheses nor commas, without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")

LONGEST = 10240
"""Characters of a rule, at most."""

MOST_CHILDREN = 100
"""Alarms that a rule may name."""

MOST_ELEMENTS = 500
"""Names, constants and pairs of parentheses that a rule may have."""

_DEEPEST = 100
_ARN = re.compile(r"arn:[^:]+:cloudwatch:(?P<region>[^:]*):(?P<account>[^:]*):alarm:(?P<name>.+)", re.DOTALL)
_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<mark>[(),])|(?P<word>[^\s(),"]+))', re.DOTALL)
_SHARE = re.compile(r"(?P<number>[0-9]+)(?P<percent>%?)")


class RuleError(ValueError):
    """What is wrong with a rule: the rest of a sentence that begins with the rule's name."""


@dataclass(frozen=True)
class Rule:
    """A rule, read.

    ``tree`` is the same for rules that mean the same but for quotes, spaces, superfluous parentheses, and names given
    as ARNs; ``names`` are the alarms that it names, each once, as names (of this account and Region); ``elsewhere`` are
    the ARNs of other Regions.
    """

    tree: Any
    names: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()


def parse(text: str, region: str = "") -> Rule:
    """Read a rule.

    :param region: the Region of the alarm; ARNs of others are kept as they are.
    :raises RuleError: it is not a rule, or CloudWatch would find it too long.
    """
    if len(text) > LONGEST:
        raise RuleError(f"has {len(text)} characters, and CloudWatch takes {LONGEST}: name fewer alarms")
    reader = _Reader(_tokens(text), region)
    tree = reader.whole()
    if len(reader.names) + len(reader.elsewhere) > MOST_CHILDREN:
        count = len(reader.names) + len(reader.elsewhere)
        raise RuleError(f"names {count} alarms, and CloudWatch takes {MOST_CHILDREN}: put composite alarms in between")
    if reader.elements > MOST_ELEMENTS:
        raise RuleError(
            f"has {reader.elements} elements (alarms, constants, parentheses), and CloudWatch takes {MOST_ELEMENTS}"
        )
    return Rule(tree, tuple(reader.names), tuple(reader.elsewhere))


def names(text: str, region: str = "") -> tuple[str, ...]:
    """The alarms that a rule names; none if it cannot be read (CloudWatch may have learnt more than is known here)."""
    try:
        return parse(text, region).names
    except RuleError:
        return ()


def same(one: str, other: str, region: str = "") -> bool:
    """Whether two rules mean the same."""
    if one == other:
        return True
    try:
        return bool(parse(one, region).tree == parse(other, region).tree)
    except RuleError:
        return False


def name_of(reference: str, region: str = "") -> str:
    """The name of an alarm that is given by name or ARN; ARNs of other Regions stay ARNs."""
    found = _ARN.fullmatch(reference)
    if found is None or (region and found["region"] not in ("", region)):
        return reference
    return found["name"]


def is_arn(reference: str) -> bool:
    """Whether an alarm is given by its ARN."""
    return _ARN.fullmatch(reference) is not None


_Token = tuple[str, str, int]


def _tokens(text: str) -> list[_Token]:
    """``(kind, text, position)``, the last one of the kind ``end``."""
    found = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            # Only a quotation mark can begin what is no token.
            raise RuleError(f"has a quotation mark at character {text.index(chr(34), position) + 1} that is not closed")
        kind = str(match.lastgroup)
        found.append((kind, match[kind], match.start(kind) + 1))
        position = match.end()
    return [*found, ("end", "", len(text) + 1)]


class _Reader:
    """Reads by descent; each method returns the tree of what it read."""

    def __init__(self, tokens: list[_Token], region: str) -> None:
        self._tokens = tokens
        self._region = region
        self._at = 0
        self._depth = 0
        self.names: dict[str, None] = {}
        self.elsewhere: dict[str, None] = {}
        self.elements = 0

    def whole(self) -> Any:
        tree = self._any()
        if self._kind != "end":
            raise self._unexpected("AND, OR or the end")
        return tree

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _text(self) -> str:
        return self._tokens[self._at][1]

    def _unexpected(self, wanted: str) -> RuleError:
        kind, text, position = self._tokens[self._at]
        if kind == "end":
            return RuleError(f"ends where {wanted} should follow")
        hint = ""
        if kind == "word" and text.upper() != text and text.upper() in ("AND", "OR", "NOT", "AT_LEAST", *STATES):
            hint = f" (write {text.upper()} in capitals)"
        return RuleError(f"has {text!r} at character {position}, where {wanted} should be{hint}")

    def _word(self, *words: str) -> bool:
        """Take one of some words if it comes next."""
        if self._kind == "word" and self._text in words:
            self._at += 1
            return True
        return False

    def _mark(self, mark: str) -> None:
        if self._kind != "mark" or self._text != mark:
            raise self._unexpected(f"'{mark}'")
        self._at += 1

    def _any(self) -> Any:
        return self._chain("OR", self._all)

    def _all(self) -> Any:
        return self._chain("AND", self._one)

    def _chain(self, operator: str, operand: Any) -> Any:
        parts: list[Any] = []
        while True:
            part = operand()
            parts += part[1:] if part[0] == operator else [part]
            if not self._word(operator):
                return parts[0] if len(parts) == 1 else (operator, *parts)

    def _one(self) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RuleError(f"is nested more than {_DEEPEST} levels deep")
        try:
            return self._operand()
        finally:
            self._depth -= 1

    def _operand(self) -> Any:
        if self._word("NOT"):
            return ("NOT", self._one())
        if self._kind == "mark" and self._text == "(":
            self._mark("(")
            self.elements += 1
            tree = self._any()
            self._mark(")")
            return tree
        if self._kind == "word" and self._text.upper() in ("TRUE", "FALSE"):
            self.elements += 1
            self._at += 1
            return (self._tokens[self._at - 1][1].upper(),)
        if self._word("AT_LEAST"):
            return self._at_least()
        state = self._text
        if not self._word(*STATES):
            raise self._unexpected("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, NOT, TRUE, FALSE or '('")
        self._mark("(")
        name = self._reference()
        self._mark(")")
        return (state, name)

    def _at_least(self) -> Any:
        self._mark("(")
        share = _SHARE.fullmatch(self._text.strip('"'))
        if self._kind not in ("word", "quoted") or share is None:
            raise self._unexpected("how many alarms, as 2 or 50%,")
        self._at += 1
        self._mark(",")
        negated = self._word("NOT")
        state = self._text
        if not self._word(*STATES):
            raise self._unexpected("ALARM, OK or INSUFFICIENT_DATA")
        self._mark(",")
        self._mark("(")
        found = [self._reference()]
        while self._kind == "mark" and self._text == ",":
            self._mark(",")
            found.append(self._reference())
        self._mark(")")
        self._mark(")")
        number = int(share["number"])
        if not 1 <= number <= (100 if share["percent"] else len(found)):
            most = "100%" if share["percent"] else str(len(found))
            raise RuleError(f"asks for AT_LEAST {share[0]} of {len(found)} alarms: give 1 to {most}")
        return ("AT_LEAST", share[0], negated, state, tuple(sorted(found)))

    def _reference(self) -> str:
        if self._kind == "quoted":
            given = re.sub(r"\\(.)", r"\1", self._text[1:-1])
        elif self._kind == "word":
            given = self._text
        else:
            raise self._unexpected("the name of an alarm")
        if not given.strip():
            raise self._unexpected("the name of an alarm")
        self._at += 1
        self.elements += 1
        name = name_of(given, self._region)
        (self.elsewhere if is_arn(name) else self.names)[name] = None
        return name
