# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and tags on AWS: what is allowed in them, how long they may be, and what they say. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

NAME_LENGTH = 255
DESCRIPTION_LENGTH = 1024
TAG_LENGTH = 256

_NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

#: So many texts are remembered: those of a thousand services come again and again, in names, rules and tags.
_REMEMBERED = 65_536


class Names:
    """Gives out names of alarms, each once."""

    def __init__(self, environment: str) -> None:
        self._environment = part(environment)
        self._given: dict[tuple[str, ...], str] = {}
        self._taken: set[str] = set()

    def alarm(self, *parts: str) -> str:
        """``ENVIRONMENT/SERVICE/KIND[/RESOURCE]/SEVERITY``. The same parts always have the same name.

        :param parts: the service, which must not look like several parts, and the others; empty ones are left out.
        """
        name = self._given.get(parts)
        if name is None:
            service, *rest = parts
            pieces = [self._environment, part(service), *(_clean(piece) for piece in rest if piece)]
            name = fitted("/".join(pieces), NAME_LENGTH)
            if name in self._taken:  # Two services whose names differ in a slash only.
                name = fitted(name, NAME_LENGTH, "\n".join(parts))
            self._given[parts] = name
            self._taken.add(name)
        return name


@lru_cache(_REMEMBERED)
def _clean(text: str) -> str:
    """What a rule can quote, without control characters, which names must not have."""
    return _CONTROL.sub(" ", text).replace('"', "'").replace("\\", "-")


def part(text: str) -> str:
    """A text as one part of a name."""
    return _clean(text).replace("/", "-")


def fitted(text: str, length: int, difference: str = "") -> str:
    """A text in so many characters. One that is cut, or must differ, ends in a digest of what it was."""
    if len(text) <= length and not difference:
        return text
    digest = hashlib.sha256((difference or text).encode()).hexdigest()[:8]
    return f"{text[: length - 9]}-{digest}"


def shortened(text: str, length: int) -> str:
    """A text for people in so many characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


@lru_cache(_REMEMBERED)
def tag_value(text: str) -> str:
    """A text as the value of a tag: the characters that AWS does not take are left out."""
    return _NOT_IN_TAGS.sub("", text)[:TAG_LENGTH].strip()


def tag_list(texts: Iterable[str]) -> str:
    """Several in one value, separated by spaces. What does not fit as a whole is left out."""
    result = ""
    for text in texts:
        value = tag_value(text).replace(" ", "_")
        longer = f"{result} {value}".strip()
        if len(longer) <= TAG_LENGTH:
            result = longer
    return result


def tags(**values: str | None) -> dict[str, str]:
    """The tags that have a value, underscores in their names being hyphens.

    An address without some of its characters is none any more, and is left out.
    """
    result = {}
    for name, value in values.items():
        if not value:
            continue
        fitting = tag_value(value)
        if fitting and not (name == "runbook" and fitting != value):
            result[name.replace("_", "-")] = fitting
    return result
