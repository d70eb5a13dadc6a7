# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue says of logs: checked, and completed. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from .._aws.log_pattern import Pattern, PatternError, parse
from . import thresholds
from .cascade import merged
from .log_formats import COUNTS, FORMATS
from .signals import LOG_SIGNALS
from .spec import Checker, Options, Place, convert, listed, meant, shown

Settings = dict[str, Any]

#: What ``PutRetentionPolicy`` takes.
RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

#: What has thresholds, and by which signal they are checked and completed.
WATCHED = {
    "error_rate": LOG_SIGNALS["log_errors"],
    "bad_gateway": LOG_SIGNALS["log_502"],
    "slow_query": LOG_SIGNALS["database_slow_queries"],
}

KINDS = ("file", "docker", "load_balancer", "database")

#: The log types of each kind of source that has any.
LOG_TYPES = {
    "load_balancer": ("access", "connection", "health_check"),
    "database": ("postgresql", "slowquery", "error"),
}

_NAMES = {"file": "app", "docker": "container", "load_balancer": "load-balancer", "database": "database"}
_WORDS = {"file": "file", "docker": "container", "load_balancer": "load balancer", "database": "database"}
_FORMATS = {"file": "text", "docker": "json", "load_balancer": "alb-json", "database": ""}
_FITTING = {
    "file": ("json", "nginx", "text"),
    "docker": ("json", "nginx", "text"),
    "load_balancer": ("alb-json", "alb"),
    "database": (),
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DAY_MINUTES = 1440
_MOST_DIMENSIONS = 3
_MOST_LINES = 50
SILENCE_MINUTES = 15
SILENCE_OPTIONS: Options = {
    "minutes": {"type": "int"},
    "severity": {"type": "str", "choices": ["warning", "critical"]},
}


def layer(declared: Mapping[str, Any], place: Place, checker: Checker) -> Settings:
    """What the environment or a service declares, in the form in which one can be laid over the other."""
    result = {key: value for key, value in declared.items() if key not in (*WATCHED, "silence")}
    for key, signal in WATCHED.items():
        if key in declared:
            result[key] = thresholds.layer(declared[key], signal, place.key(key), checker)
    if "silence" in declared:
        result["silence"] = _silence(declared["silence"], place.key("silence"), checker)
    _retention(declared, place, checker)
    return result


def complete(
    layers: Sequence[Mapping[str, Any]],
    service: Mapping[str, Any],
    place: Place,
    checker: Checker,
    environment: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of a service.

    ``error_rate``, ``bad_gateway`` and ``slow_query`` are what :func:`.thresholds.complete` makes of them; ``silence``
    is ``None`` or has ``minutes`` and ``severity``; each of ``sources`` has ``kind``, ``of`` (the file, the container),
    ``name``, ``format``, ``class``, ``retention_days``, ``log_types`` and what else was declared; each of ``patterns``
    and ``repeated`` has the names of its ``sources``.

    :param layers: what :func:`layer` made of the defaults, the environment's entry and the service's.
    :param service: the service, for what its sources refer to.
    :param environment: what this returned of the environment alone: what the service says nothing of is checked there.
    """
    declared = merged(*layers)
    result: Settings = {key: value for key, value in declared.items() if key not in (*WATCHED, "silence")}
    for key, signal in WATCHED.items():
        if environment is not None and key not in layers[-1]:
            result[key] = environment[key]
        else:
            result[key] = thresholds.complete(signal, [declared.get(key, {})], place.key(key), checker)
    silence = declared.get("silence") or {}
    result["silence"] = silence if silence.get("minutes") else None
    result["sources"] = _sources(declared, service, place.key("sources"), checker)
    result["patterns"] = _patterns(declared, result["sources"], place.key("patterns"), checker)
    result["repeated"] = _repeated(declared, result["sources"], place.key("repeated"), checker)
    return result


def _retention(entry: Mapping[str, Any], place: Place, checker: Checker) -> None:
    days = entry.get("retention_days")
    if days is None or days in RETENTIONS:
        return
    near = [value for value in (_below(days), _above(days)) if value is not None]
    checker.report(
        f"{place.key('retention_days')} is {days}, which CloudWatch does not offer; the nearest "
        f"{'is' if len(near) == 1 else 'are'} {listed(near)}.",
        days,
    )


def _below(days: int) -> int | None:
    return next((value for value in reversed(RETENTIONS) if value < days), None)


def _above(days: int) -> int | None:
    return next((value for value in RETENTIONS if value > days), None)


def _silence(value: Any, place: Place, checker: Checker) -> Settings:
    """Minutes and severity; no minutes where it is off."""
    if isinstance(value, bool):
        return {"minutes": SILENCE_MINUTES if value else 0, "severity": "warning"}
    if isinstance(value, Mapping):
        found = checker.mapping(value, SILENCE_OPTIONS, place)
        result = {"minutes": SILENCE_MINUTES, "severity": "warning", **found}
    else:
        try:
            result = {"minutes": convert(value, "int"), "severity": "warning"}
        except ValueError:
            checker.report(
                f"{place} must be false, a number of minutes or a mapping with minutes and severity, not "
                f"{shown(value)}.",
                value,
            )
            return {}
    if not 1 <= result["minutes"] <= _DAY_MINUTES:
        checker.report(f"{place} must be from 1 to {_DAY_MINUTES} minutes, not {result['minutes']}.", value)
    return result


# -- sources ----------------------------------------------------------------------------------------------------------


def _sources(declared: Mapping[str, Any], service: Mapping[str, Any], place: Place, checker: Checker) -> list[Settings]:
    result: list[Settings] = []
    seen: set[str] = set()
    for position, entry in enumerate(declared.get("sources") or (), 1):
        where = Place(place.subject, f"{place.keys}[{entry.get('name') or position}]")
        source = _source(entry, declared, service, where, checker)
        if source is None:
            continue
        if source["name"] in seen:
            checker.report(
                f"{where}: the source '{source['name']}' is there twice; give one of them another name.", entry
            )
        seen.add(source["name"])
        result.append(source)
    return result


def _source(
    entry: Mapping[str, Any], declared: Mapping[str, Any], service: Mapping[str, Any], where: Place, checker: Checker
) -> Settings | None:
    kinds = [kind for kind in KINDS if entry.get(kind)]
    if len(kinds) != 1:
        checker.report(f"{where} needs exactly one of {listed(KINDS)}.", entry)
        return None
    kind = kinds[0]
    source: Settings = {
        "kind": kind,
        "of": entry[kind],
        "name": entry.get("name", _NAMES[kind]),
        "format": entry.get("format", _FORMATS[kind]),
        "class": entry.get("class", declared.get("class", "standard")),
        "retention_days": entry.get("retention_days", declared.get("retention_days")),
        "log_types": entry.get("log_types", ["access"] if kind == "load_balancer" else []),
        **{
            key: entry[key]
            for key in ("counts", "multi_line_start", "timestamp_format", "gb_per_month")
            if key in entry
        },
    }
    if kind == "docker":
        source["driver"] = entry.get("driver", "agent")
    if not _NAME.fullmatch(source["name"]):
        checker.report(
            f"{where.key('name')} takes letters, digits, '-', '_' and '.', not '{source['name']}'.", entry.get("name")
        )
    _retention(entry, where, checker)
    if not 0 <= entry.get("gb_per_month", 0) < math.inf:
        checker.report(
            f"{where.key('gb_per_month')} must be a number from 0 on, not {entry['gb_per_month']}.",
            entry["gb_per_month"],
        )
    if kind in ("load_balancer", "database") and not service.get(kind):
        checker.report(f"{where.key(kind)} needs the service's {kind}, whose logs they are.", entry[kind])
    _fitting(entry, source, where, checker)
    return source


def _fitting(entry: Mapping[str, Any], source: Settings, where: Place, checker: Checker) -> None:
    """Whether the keys of a source go together."""
    kind = source["kind"]
    if "format" in entry and entry["format"] not in _FITTING[kind]:
        if _FITTING[kind]:
            what = f"has the format '{entry['format']}', and a {_WORDS[kind]} has {listed(_FITTING[kind], 'or')}"
        else:
            what = "cannot have a format, since that of a database is known"
        checker.report(f"{where} {what}.", entry["format"])
    types = LOG_TYPES.get(kind, ())
    for name in entry.get("log_types", ()):
        if name not in types:
            has = f"a {_WORDS[kind]} has {listed(types)}{meant(name, types)}" if types else f"a {_WORDS[kind]} has none"
            checker.report(f"{where.key('log_types')} names '{name}', and {has}.", name)
    if "multi_line_start" in entry:
        if kind != "file":
            checker.report(
                f"{where.key('multi_line_start')} has no meaning for a {_WORDS[kind]}, only for a file; remove it.",
                entry["multi_line_start"],
            )
        try:
            re.compile(entry["multi_line_start"])
        except re.error as error:
            checker.report(
                f"{where.key('multi_line_start')} is no regular expression: {error}.", entry["multi_line_start"]
            )
    for key in ("timestamp_format", "driver"):
        of = "file" if key == "timestamp_format" else "docker"
        # The driver has a default, which says nothing of the source.
        if key in entry and kind != of and not (key == "driver" and entry[key] == "agent"):
            checker.report(
                f"{where.key(key)} has no meaning for a {_WORDS[kind]}, only for a {_WORDS[of]}; remove it.", entry[key]
            )
    one = FORMATS.get(format_name(source))
    known = [count.name for count in one.counts] if one else list(COUNTS)
    for name in entry.get("counts", ()):
        if name not in known:
            checker.report(
                f"{where.key('counts')} names '{name}', and the format '{source['format']}' has {listed(known)}.", name
            )


def format_name(source: Mapping[str, Any]) -> str:
    """The name in :data:`.log_formats.FORMATS`; empty for a database, whose logs have one each."""
    if source["kind"] == "docker" and source.get("driver") != "awslogs":
        return f"docker-{source['format']}"
    return str(source["format"])


# -- patterns ---------------------------------------------------------------------------------------------------------


def _patterns(
    declared: Mapping[str, Any], sources: Sequence[Mapping[str, Any]], place: Place, checker: Checker
) -> list[Settings]:
    result: list[Settings] = []
    names = [source["name"] for source in sources]
    for position, entry in enumerate(declared.get("patterns") or ()):
        where = place.item(position, entry)
        if not _named(entry, result, where, checker) or "pattern" not in entry:
            continue
        pattern = _parsed(entry["pattern"], where.key("pattern"), checker)
        selector = str(entry.get("value", "1"))
        measured = "$" in selector
        settings: Settings = {
            "value": selector,
            "unit": "Count",
            "severity": "warning",
            "period": 300,
            "evaluation_periods": 1,
            "test": [],
            **entry,
            "statistic": entry.get("statistic") or ("Maximum" if measured else "Sum"),
            "sources": _referenced(entry, names, where, checker),
        }
        settings["datapoints"] = entry.get("datapoints_to_alarm", settings["evaluation_periods"])
        thresholds.times(settings, 300, where, checker)
        if pattern is not None:
            _extracted(settings, pattern, where, checker)
            if "sources" not in entry:
                settings["sources"] = _first([source for source in sources if _fits(pattern, source)])
        settings["test"] = _tests(entry.get("test") or (), where.key("test"), checker)
        result.append(settings)
    return result


def _first(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """Files and containers; the logs of what may be shared only where there are no others."""
    own = [source["name"] for source in sources if source["kind"] in ("file", "docker")]
    return own or [source["name"] for source in sources]


def _named(entry: Mapping[str, Any], before: Sequence[Mapping[str, Any]], where: Place, checker: Checker) -> bool:
    """Whether an entry has a name that it can have."""
    name = entry.get("name")
    if name is None:
        return False
    if not _NAME.fullmatch(name):
        checker.report(f"{where.key('name')} takes letters, digits, '-', '_' and '.', not '{name}'.", name)
    elif name in COUNTS:
        checker.report(f"{where}: '{name}' is what is counted anyway; give the pattern a name of its own.", name)
    elif any(other["name"] == name for other in before):
        checker.report(f"{where} is there twice; give each a name of its own.", name)
    else:
        return True
    return False


def _parsed(text: str, place: Place, checker: Checker) -> Pattern | None:
    try:
        pattern = parse(text)
    except PatternError as error:
        checker.report(f"{place} {error}.", text)
        return None
    if pattern.doubt:
        checker.report(f"{place} does not do what it seems to: {pattern.doubt}.", text)
    return pattern


def _extracted(settings: Settings, pattern: Pattern, where: Place, checker: Checker) -> None:
    """Whether the value and the dimensions can be had from lines that the pattern matches."""
    value = settings["value"]
    if value.startswith("$"):
        problem = pattern.unknown(value)
        if problem:
            checker.report(f"{where.key('value')} is '{value}': {problem}.", value)
    else:
        try:
            convert(value, "float")
        except ValueError:
            checker.report(
                f"{where.key('value')} must be a number or a selector such as $.amount, not '{value}'.", value
            )
    dimensions = settings.get("dimensions") or {}
    if len(dimensions) > _MOST_DIMENSIONS:
        checker.report(
            f"{where.key('dimensions')} are {len(dimensions)}, and {_MOST_DIMENSIONS} is what CloudWatch takes.",
            settings["dimensions"],
        )
    for name, selector in dimensions.items():
        problem = pattern.unknown(str(selector))
        if problem:
            checker.report(f"{where.key('dimensions').key(name)} is '{selector}': {problem}.", name)


def _fits(pattern: Pattern, source: Mapping[str, Any]) -> bool:
    """Whether the lines of a source can be what a pattern is about. Terms are looked for in any text."""
    if source["kind"] == "database":
        return pattern.kind == "terms"
    return pattern.kind == "terms" or pattern.kind == FORMATS[format_name(source)].kind


def _referenced(entry: Mapping[str, Any], names: Sequence[str], where: Place, checker: Checker) -> list[str]:
    """The sources that an entry names; all of them if it names none."""
    for name in entry.get("sources", ()):
        if name not in names:
            close = get_close_matches(name, names, 1, 0.6)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {listed(names) if names else 'none'}."
            checker.report(f"{where.key('sources')} names '{name}', which is no source of the service; {hint}", name)
    return [name for name in entry.get("sources", names) if name in names]


def _tests(declared: Sequence[Any], place: Place, checker: Checker) -> list[Settings]:
    options: Options = {
        "line": {"type": "str", "required": True},
        "match": {"type": "bool"},
        "values": {"type": "dict"},
    }
    result: list[Settings] = []
    for position, entry in enumerate(declared):
        if isinstance(entry, Mapping):
            found = checker.mapping(entry, options, place.item(position, entry))
            result.append({"match": True, **found})
        elif isinstance(entry, (str, int, float)) and not isinstance(entry, bool):
            result.append({"line": str(entry), "match": True})
        else:
            checker.report(
                f"{place.item(position, entry)} must be a line or a mapping with one, not {shown(entry)}.", entry
            )
    return result


def _repeated(
    declared: Mapping[str, Any], sources: Sequence[Mapping[str, Any]], place: Place, checker: Checker
) -> list[Settings]:
    result: list[Settings] = []
    names = [source["name"] for source in sources]
    for position, entry in enumerate(declared.get("repeated") or ()):
        where = place.item(position, entry)
        if not _named(entry, result, where, checker) or "text" not in entry:
            continue
        settings: Settings = {
            "times": 10,
            "minutes": 5,
            "severity": "warning",
            "lines": 5,
            **entry,
            "sources": _referenced(entry, names, where, checker) if "sources" in entry else _first(sources),
        }
        text = settings["text"]
        if not text.strip("/").strip():
            checker.report(f"{where.key('text')} must not be empty.", text)
        if len(text) > 2 and text.startswith("/") and text.endswith("/"):
            try:
                re.compile(text[1:-1])
            except re.error as error:
                checker.report(f"{where.key('text')} is no regular expression: {error}.", text)
        for key, most in (("times", 1_000_000), ("minutes", _DAY_MINUTES), ("lines", _MOST_LINES)):
            least = 0 if key == "lines" else 1
            if not least <= settings[key] <= most:
                checker.report(f"{where.key(key)} must be from {least} to {most}, not {settings[key]}.", settings[key])
        result.append(settings)
    return result
