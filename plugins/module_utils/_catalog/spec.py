# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check what was declared against an argument spec, and name the place of each mistake. Pure.

The spec is that of a role's ``meta/argument_specs.yml``. Ansible checks it as well, but its messages say neither which
service nor which of two hundred is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

Options = Mapping[str, Mapping[str, Any]]
"""The options of an argument spec, by name."""

_TYPES = {
    "str": "text",
    "path": "a path",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
}
_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "f", "0"})

#: Words in a key that give a secret away.
SECRET_WORDS = ("password", "passwd", "secret", "token", "credential", "private_key", "api_key", "webhook")


@dataclass(frozen=True)
class Problem:
    """One mistake.

    :param message: a sentence that names the object and the key.
    :param where: the declared key or value that it is about; Ansible knows the file and line of it.
    """

    message: str
    where: Any = None

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Place:
    """Where in the catalogue we are.

    :param subject: the object, such as ``service 'api'``.
    :param keys: the path of keys inside it, as it is written in messages.
    """

    subject: str
    keys: str = ""

    def key(self, name: Any) -> Place:
        """The place of a key of this mapping."""
        return Place(self.subject, f"{self.keys}.{name}" if self.keys else str(name))

    def item(self, position: int, value: Any) -> Place:
        """The place of an element of this list: by its name where it has one."""
        name = value.get("name") if isinstance(value, Mapping) else None
        return Place(self.subject, f"{self.keys}[{name if isinstance(name, str) and name else position + 1}]")

    def __str__(self) -> str:
        if not self.subject:
            return self.keys
        return f"{self.subject}: {self.keys}" if self.keys else self.subject


class Checker:
    """Checks values and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def report(self, message: str, where: Any = None) -> None:
        """Add a mistake."""
        self.problems.append(Problem(message, where))

    def mapping(self, value: Any, options: Options, place: Place) -> dict[str, Any]:
        """A mapping with the keys of ``options``, in their types. A null declares nothing; defaults are not added."""
        if not isinstance(value, Mapping):
            self.report(f"{place} must be {_TYPES['dict']}, not {shown(value)}.", value)
            return {}
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = str(key)
            if name not in options:
                self.report(unknown(place, name, options), key)
            elif item is not None:
                result[name] = self.value(item, options[name], place.key(name))
        for name, option in options.items():
            if option.get("required") and value.get(name) is None:
                self.report(f"{place}{':' if not place.keys else ''} needs '{name}'.", value)
        return {name: item for name, item in result.items() if item is not None}

    def value(self, value: Any, option: Mapping[str, Any], place: Place) -> Any:
        """A value in the type of its option, ``None`` where it cannot be."""
        kind = option.get("type", "str")
        if kind == "dict" and option.get("options"):
            return self.mapping(value, option["options"], place)
        if kind == "list":
            return self.sequence(value, option, place)
        try:
            result = convert(value, kind)
        except ValueError:
            self.report(f"{place} must be {_TYPES.get(kind, kind)}, not {shown(value)}.", value)
            return None
        choices = option.get("choices")
        if choices and result not in choices:
            self.report(f"{place} must be {listed(choices, 'or')}, not {shown(value)}{meant(result, choices)}.", value)
            return None
        return result

    def sequence(self, value: Any, option: Mapping[str, Any], place: Place) -> list[Any] | None:
        """A list, whose elements are in their type. One text stands for a list of it."""
        elements = option.get("elements", "raw")
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and elements in ("str", "path", "int"):
            value = [value]
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
            self.report(f"{place} must be {_TYPES['list']}, not {shown(value)}.", value)
            return None
        element = {**option, "type": elements, "elements": "raw"}
        items = [self.value(item, element, place.item(position, item)) for position, item in enumerate(value)]
        return [item for item in items if item is not None]


def convert(value: Any, kind: str) -> Any:
    """A value as a type of Ansible's argument specs, from what YAML or a template makes of it.

    :raises ValueError: it cannot be that.
    """
    if kind in ("raw", "json", "jsonarg"):
        return value
    if kind == "bool":
        if isinstance(value, bool):
            return bool(value)
        if isinstance(value, (str, int)) and str(value).lower() in _TRUE | _FALSE:
            return str(value).lower() in _TRUE
    elif isinstance(value, bool):
        pass
    elif kind in ("str", "path"):
        if isinstance(value, (str, int, float, date)):  # YAML makes a date of what looks like one
            return value if isinstance(value, str) else str(value)
    elif kind == "int":
        if isinstance(value, float) and not value.is_integer():
            raise ValueError
        if isinstance(value, (str, int, float)):
            return int(value)
    elif kind == "float":
        if isinstance(value, (str, int, float)):
            number = float(value)
            return int(number) if number.is_integer() else number
    elif kind == "dict" and isinstance(value, Mapping):
        return dict(value)
    raise ValueError


def unknown(place: Place, name: str, options: Options) -> str:
    """The sentence about a key that there is not, with the one that was meant."""
    known = sorted(options)
    # A key that belongs one level deeper is as common a mistake as a misspelt one.
    inside: dict[str, str] = {}
    for outer, option in options.items():
        for inner in option.get("options") or ():
            inside.setdefault(inner, f"{outer}.{inner}")
    deeper = [inside[inner] for inner in get_close_matches(name, list(inside), 1, 0.85)]
    close = deeper if name in inside else get_close_matches(name, known, 1, 0.6) or deeper
    if close:
        return f"{place.key(name)} is not a known key; did you mean '{close[0]}'?"
    if any(word in name.lower() for word in SECRET_WORDS):
        return (
            f"{place.key(name)} is not a known key; the catalogue holds no secrets: give them to the role from "
            f"Ansible Vault or the environment."
        )
    return f"{place.key(name)} is not a known key; known are {listed(known)}."


def meant(value: Any, choices: Iterable[Any]) -> str:
    """`` (did you mean 'x'?)``, or nothing where no choice is near."""
    close = get_close_matches(str(value), [str(choice) for choice in choices], 1, 0.7)
    return f" (did you mean '{close[0]}'?)" if close else ""


def listed(values: Iterable[Any], word: str = "and") -> str:
    """``a, b and c``."""
    texts = [str(value) for value in values]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {word} {texts[-1]}"


def shown(value: Any) -> str:
    """A value as it is quoted in a message: short."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, bytes)):
        text = str(value)
        return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"
    if isinstance(value, Sequence):
        return "a list"
    return str(value)


def plain(value: Any) -> Any:
    """The same with ordinary containers; scalars keep what Ansible knows of their origin."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [plain(item) for item in value]
    return value
