# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the entries of small kinds have in common: checks of their options, and a mark in a text nobody reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import InputError, KumawatchError
from .fields import Field, Version, is_known, limits, normal, version_text


@dataclass(frozen=True)
class Mark:
    """A mark of ownership at the end of a text, in a comment that no reader of the text sees."""

    opening: str
    closing: str

    def check(self, owner: str | None) -> None:
        """Refuse an owner that would end the comment."""
        if owner is not None and (not owner.strip() or self.closing in owner or not owner.isprintable()):
            raise InputError(
                f"managed_by '{owner}' cannot stand in a comment: take a word without '{self.closing}' and line breaks."
            )

    def split(self, text: str | None) -> tuple[str, str | None]:
        """The text without the mark, and the owner that it names. Text may have been added behind a mark."""
        text = text or ""
        found = list(self._pattern().finditer(text))
        if not found:
            return text.rstrip(), None
        return self._pattern().sub("", text).rstrip(), found[-1][1]

    def join(self, text: str | None, owner: str | None) -> str:
        """The text with the mark of ``owner`` at its end, and no other."""
        bare = self.split(text)[0]
        comment = f"{self.opening} managed-by: {owner} {self.closing}" if owner is not None else ""
        return f"{bare}\n{comment}" if bare and comment else bare or comment

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\n?{re.escape(self.opening)} managed-by: (.*?) {re.escape(self.closing)}")


def given(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What was declared of an entry: Ansible fills in ``None`` for the rest."""
    return {option: value for option, value in entry.items() if value is not None}


def ignored(entry: Mapping[str, Any], options: Iterable[str], who: str, noun: str) -> frozenset[str]:
    """The options that an entry says to leave alone once they are there."""
    names = frozenset(entry.get("ignore") or ())
    unknown = sorted(names - frozenset(options))
    if unknown:
        raise InputError(f"{who}: ignore names '{unknown[0]}', which is no option of a {noun}: correct the name.")
    return names


def known(what: str, since: Version, version: Version) -> None:
    """Refuse what the server is too old for."""
    if since > version:
        raise KumawatchError(
            f"{what} needs Uptime Kuma {version_text(since)}; the server has {version_text(version)}: "
            f"upgrade it, or leave this out."
        )


def values(entry: Mapping[str, Any], table: Iterable[Field], version: Version, who: str) -> dict[str, Any]:
    """The declared options of a table, checked and normalised."""
    result: dict[str, Any] = {}
    for item in table:
        value = entry.get(item.option)
        if value is None:
            continue
        if not is_known(item, version):
            known(f"{who}: option '{item.option}'", item.since, version)
        low, high = limits(item, version)
        if isinstance(value, int) and not isinstance(value, bool):
            if low is not None and value < low:
                raise InputError(f"{who}: {item.option} {value} is less than {low:g}: raise it.")
            if high is not None and value > high:
                raise InputError(f"{who}: {item.option} {value} is more than {high:g}: lower it.")
        result[item.option] = normal(item, value)
    return result


def read(item: Mapping[str, Any], table: Iterable[Field]) -> dict[str, Any]:
    """The same options from the server's JSON of an object."""
    return {field.option: normal(field, item[field.read_key]) for field in table if field.read_key in item}


def listed(names: Sequence[str], word: str = "and") -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def add(names: Sequence[str]) -> str:
    """``a and b: add them.``"""
    return f"{listed(names)}: add {'it' if len(names) == 1 else 'them'}."
