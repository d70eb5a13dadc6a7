# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule of a composite alarm: read, and evaluated by the states of its children. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
TOKEN = re.compile(r"""\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([(),])|([^\s(),"']+))""")
MOST_CHILDREN = 100

Tree = tuple[Any, ...]


class BadRule(Exception):
    """A rule that cannot be read."""


def parse(rule: str) -> Tree:
    """The tree of a rule.

    ("state", STATE, child), ("and", a, b), ("or", a, b), ("not", a), ("always", bool) or
    ("least", STATE, negated, children, count), where the count may end in %.
    """
    rest: list[tuple[str, str]] = []
    place = 0
    while rule[place:].strip():
        match = TOKEN.match(rule, place)
        if match is None:
            raise BadRule("AlarmRule contains an unterminated string.")
        rest.append(("text", match[1]) if match[1] else ("word", match[2] or match[3]))
        place = match.end()

    def peek() -> str:
        return rest[0][1].upper() if rest and rest[0][0] == "word" else ""

    def take(wanted: str = "") -> tuple[str, str]:
        if not rest:
            raise BadRule("AlarmRule ends too early.")
        if wanted and peek() != wanted:
            raise BadRule(f"AlarmRule has {rest[0][1]!r} where {wanted!r} was expected.")
        return rest.pop(0)

    def either() -> Tree:
        tree = both()
        while peek() == "OR":
            take()
            tree = ("or", tree, both())
        return tree

    def both() -> Tree:
        tree = single()
        while peek() == "AND":
            take()
            tree = ("and", tree, single())
        return tree

    def name() -> str:
        kind, shown = take()
        return re.sub(r"\\(.)", r"\1", shown[1:-1]) if kind == "text" else shown

    def single() -> Tree:
        word = peek()
        if word == "NOT":
            take()
            return ("not", single())
        if word == "(":
            take()
            tree = either()
            take(")")
            return tree
        if word in ("TRUE", "FALSE"):
            take()
            return ("always", word == "TRUE")
        if word in STATES:
            take()
            take("(")
            child = name()
            take(")")
            return ("state", word, child)
        if word == "AT_LEAST":
            return least()
        shown = rest[0][1] if rest else "the end"
        raise BadRule(f"AlarmRule has {shown!r} where a function was expected.")

    def least() -> Tree:
        take()
        take("(")
        count = name()
        take(",")
        negated = peek() == "NOT"
        if negated:
            take()
        state = name().upper()
        children: list[str] = []
        take(",")
        take("(")
        while peek() != ")":
            children.append(name())
            if peek() == ",":
                take()
        take(")")
        take(")")
        if state not in STATES:
            raise BadRule(f"AlarmRule has the unknown state {state!r}.")
        return ("least", state, negated, tuple(children), count)

    if not rest:
        raise BadRule("AlarmRule is empty.")
    tree = either()
    if rest:
        raise BadRule(f"AlarmRule has {rest[0][1]!r} where nothing more was expected.")
    return tree


def children(tree: Tree) -> list[str]:
    """The alarms that a rule names, by name or ARN, in order, each once."""
    if tree[0] == "state":
        return [tree[2]]
    if tree[0] == "least":
        return list(dict.fromkeys(tree[3]))
    found = [name for part in tree[1:] if isinstance(part, tuple) for name in children(part)]
    return list(dict.fromkeys(found))


def evaluate(tree: Tree, state_of: Callable[[str], str]) -> bool:
    """Whether a rule holds."""
    kind = tree[0]
    if kind == "always":
        return bool(tree[1])
    if kind == "state":
        return state_of(tree[2]) == tree[1]
    if kind == "not":
        return not evaluate(tree[1], state_of)
    if kind == "least":
        _kind, state, negated, names, count = tree
        have = sum((state_of(name) == state) != negated for name in names)
        if count.endswith("%"):
            return have * 100 >= float(count[:-1]) * len(names)
        return have >= int(count)
    left, right = evaluate(tree[1], state_of), evaluate(tree[2], state_of)
    return left and right if kind == "and" else left or right


def short_name(child: str) -> str:
    """The alarm's name, of a name or an ARN."""
    return child.split(":alarm:", 1)[1] if child.startswith("arn:") and ":alarm:" in child else child
