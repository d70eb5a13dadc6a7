# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the entries of small kinds have in common. Pure, but for the threads of :func:`each`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from typing import Any, TypeVar

from .._errors import InputError
from .session import WORKERS

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def given(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What was declared of an entry: Ansible fills in ``None`` for the rest."""
    return {option: value for option, value in entry.items() if value is not None}


def ignored(entry: Mapping[str, Any], options: Iterable[str], who: str, noun: str) -> frozenset[str]:
    """The options that an entry says to leave alone once they are there."""
    names = frozenset(entry.get("ignore") or ())
    known = frozenset(options)
    for name in sorted(names - known):
        close = get_close_matches(name, sorted(known), 1, 0.6)
        hint = f"did you mean '{close[0]}'?" if close else "correct the name."
        raise InputError(f"{who}: ignore names '{name}', which is no option of a {noun}: {hint}")
    return names


def within(who: str, option: str, value: int, low: int, high: int, unit: str = "") -> int:
    """The value, if it is in the range that AWS takes."""
    if not low <= value <= high:
        raise InputError(f"{who}: {option} must be from {low} to {high}{unit and ' ' + unit}, not {value}: correct it.")
    return value


def each(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """The results of one call for each item, in their order; so many are under way at once as calls may be."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))
