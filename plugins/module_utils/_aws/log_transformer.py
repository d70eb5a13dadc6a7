# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transformers of log groups: processors that make other lines of lines, checked as CloudWatch Logs would. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from .._errors import InputError
from .session import Known

MOST = 20
"""Processors of a transformer."""


@dataclass(frozen=True)
class Processor:
    """What a processor takes.

    :param entries: what each of its entries takes, where it has entries; those that end in ``!`` are needed.
    :param keys: whether it has a list of keys.
    :param most: entries or keys of one processor.
    """

    members: str = ""
    entries: str = ""
    keys: bool = False
    most: int = 0
    parser: bool = False


PROCESSORS = {
    "parseJSON": Processor("source destination", parser=True),
    "grok": Processor("source match!", parser=True),
    "csv": Processor("quoteCharacter delimiter columns source destination", parser=True),
    "parseKeyValue": Processor(
        "source destination fieldDelimiter keyValueDelimiter keyPrefix nonMatchValue overwriteIfExists", parser=True
    ),
    "parseCloudfront": Processor("source", parser=True),
    "parsePostgres": Processor("source", parser=True),
    "parseRoute53": Processor("source", parser=True),
    "parseToOCSF": Processor("source eventSource! ocsfVersion! mappingVersion", parser=True),
    "parseVPC": Processor("source", parser=True),
    "parseWAF": Processor("source", parser=True),
    "addKeys": Processor(entries="key! value! overwriteIfExists", most=5),
    "copyValue": Processor(entries="source! target! overwriteIfExists", most=5),
    "moveKeys": Processor(entries="source! target! overwriteIfExists", most=5),
    "renameKeys": Processor(entries="key! renameTo! overwriteIfExists", most=5),
    "splitString": Processor(entries="source! delimiter!", most=10),
    "substituteString": Processor(entries="source! from! to!", most=10),
    "typeConverter": Processor(entries="key! type!", most=5),
    "deleteKeys": Processor(keys=True, most=5),
    "lowerCaseString": Processor(keys=True, most=10),
    "trimString": Processor(keys=True, most=10),
    "upperCaseString": Processor(keys=True, most=10),
    "dateTimeConverter": Processor(
        "source! target! matchPatterns! targetFormat sourceTimezone targetTimezone locale"
    ),
    "listToMap": Processor("source! key! valueKey target flatten flattenedElement"),
}  # fmt: skip
"""Processors by the names that the API has for them."""

#: Parsers of logs that AWS writes: one of them may be there, as the first.
_OF_AWS = frozenset({"parseCloudfront", "parsePostgres", "parseRoute53", "parseToOCSF", "parseVPC", "parseWAF"})
_TYPES = ("integer", "double", "string", "boolean")


def transformer(processors: Sequence[Any], who: str, known: Known) -> list[dict[str, dict[str, Any]]]:
    """The processors of an entry, checked. None of them is for no transformer.

    :raises InputError: CloudWatch Logs would refuse them.
    """
    if not processors:
        return []
    known.need(f"{who}: transformer", "1.35.67", "logs", "PutTransformer")
    if len(processors) > MOST:
        raise InputError(f"{who}: transformer has {len(processors)} processors, and there may be {MOST}: join some.")
    result = [_processor(item, f"{who}: transformer[{place}]", known) for place, item in enumerate(processors)]
    names = [next(iter(item)) for item in result]
    if not PROCESSORS[names[0]].parser:
        raise InputError(f"{who}: transformer begins with {names[0]}: begin with a parser, such as parseJSON or grok.")
    for place, name in enumerate(names):
        if place and name in _OF_AWS:
            raise InputError(f"{who}: transformer[{place}] is {name}, which must be the first processor: move it.")
    return result


def _processor(item: Any, where: str, known: Known) -> dict[str, dict[str, Any]]:
    if not isinstance(item, Mapping) or len(item) != 1:
        raise InputError(f"{where} must be one processor with what it takes, such as parseJSON: {{source: log}}.")
    name, given = next(iter(item.items()))
    kind = PROCESSORS.get(name)
    if kind is None:
        close = get_close_matches(str(name), PROCESSORS, 1, 0.6)
        raise InputError(f"{where} is '{name}', which is no processor: {_hint(close, PROCESSORS)}.")
    known.need(f"{where} ({name})", "1.35.67", "logs", "PutTransformer", "transformerConfig", name)
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{where}: {name} takes a mapping, not '{given}'.")
    members = {str(key): value for key, value in (given or {}).items() if value is not None}
    where = f"{where}: {name}"
    if kind.entries:
        return {name: {"entries": _entries(members, kind, where)}}
    if kind.keys:
        return {name: {"withKeys": _keys(members, kind, where)}}
    _check_members(members, kind.members, where)
    return {name: members}


def _entries(members: Mapping[str, Any], kind: Processor, where: str) -> list[dict[str, Any]]:
    _check_members(members, "entries!", where)
    entries = members["entries"]
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not 1 <= len(entries) <= kind.most:
        raise InputError(f"{where}.entries must be a list of 1 to {kind.most}.")
    for place, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise InputError(f"{where}.entries[{place}] must be a mapping.")
        _check_members(entry, kind.entries, f"{where}.entries[{place}]")
        if "type" in entry and entry["type"] not in _TYPES:
            raise InputError(f"{where}.entries[{place}].type '{entry['type']}' is none: {_hint([], _TYPES)}.")
    return [dict(entry) for entry in entries]


def _keys(members: Mapping[str, Any], kind: Processor, where: str) -> list[str]:
    _check_members(members, "withKeys!", where)
    keys = members["withKeys"]
    if not isinstance(keys, Sequence) or isinstance(keys, str) or not 1 <= len(keys) <= kind.most:
        raise InputError(f"{where}.withKeys must be a list of 1 to {kind.most} keys.")
    return [str(key) for key in keys]


def _check_members(given: Mapping[str, Any], takes: str, where: str) -> None:
    names = [name.rstrip("!") for name in takes.split()]
    for name in given:
        if name not in names:
            close = get_close_matches(str(name), names, 1, 0.6)
            raise InputError(f"{where} does not take '{name}': {_hint(close, names)}.")
    missing = [name.rstrip("!") for name in takes.split() if name.endswith("!") and name[:-1] not in given]
    if missing:
        raise InputError(f"{where} lacks {' and '.join(missing)}: add it.")


def _hint(close: Sequence[str], names: Any) -> str:
    return f"did you mean '{close[0]}'?".rstrip("?") if close else f"there is {', '.join(names)}"


def within(declared: Any, stored: Any) -> bool:
    """Whether ``stored`` says what is declared: AWS may have filled in what was left out."""
    if isinstance(declared, Mapping):
        return isinstance(stored, Mapping) and all(
            name in stored and within(value, stored[name]) for name, value in declared.items()
        )
    if isinstance(declared, (list, tuple)):
        return (
            isinstance(stored, (list, tuple))
            and len(declared) == len(stored)
            and all(within(one, other) for one, other in zip(declared, stored, strict=True))
        )
    return bool(declared == stored)
