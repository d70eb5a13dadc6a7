# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metric filters of log groups: what is declared, what exists, are they the same, do their samples match. Pure.

A filter is known by its log group and its name, exactly.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, Actual, Desired
from .entries import given, ignored
from .log_pattern import Match, Pattern, PatternError, parse
from .session import Known

NOUN = "metric filter"

MOST_FILTERS = 100
"""Metric filters of a log group."""

MOST_REGEX_FILTERS = 5
"""Filters of a log group, subscriptions among them, whose patterns have regular expressions."""

MOST_DIMENSIONS = 3
"""Dimensions of a metric, those of system fields among them."""

SYSTEM_FIELDS = ("@aws.account", "@aws.region")

_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits",
          "Terabits")  # fmt: skip
UNITS = ("Seconds", "Microseconds", "Milliseconds", *_SIZES, "Percent", "Count", *(f"{size}/Second" for size in _SIZES),
         "Count/Second", "None")  # fmt: skip

OPTIONS = (
    "pattern",
    "metric_name",
    "metric_namespace",
    "metric_value",
    "default_value",
    "unit",
    "dimensions",
    "apply_on_transformed_logs",
    "system_field_dimensions",
    "field_selection_criteria",
)
#: Options that a new filter needs.
REQUIRED = ("pattern", "metric_name", "metric_namespace")

GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_NAME = re.compile(r"[^:*]{1,512}")
_METRIC = re.compile(r"[^:*$]{1,255}")

Key = tuple[str, str]
"""Log group and name."""


@dataclass(frozen=True)
class Sample:
    """A line, and what is expected of it.

    :param values: texts that are to be extracted, by selector.
    """

    line: str
    match: bool = True
    values: Mapping[str, str] | None = None


def label(key: Key) -> str:
    """What a filter is called in messages."""
    return f"{key[0]}:{key[1]}"


# -- what is declared


def desired(entries: Sequence[Mapping[str, Any]], known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        key = (str(options["log_group"]), str(options["name"]))
        who = f"{NOUN} '{label(key)}'"
        check_names(who, key)
        state = options.get("state", "present")
        properties = {} if state == ABSENT else _properties(options, who, known)
        names = ignored(options, OPTIONS, who, NOUN)
        result.append(Desired(key, label(key), position, properties, state, names))
    return result


def check_names(who: str, key: Key) -> None:
    """Refuse names that CloudWatch Logs does not take."""
    if not GROUP_NAME.fullmatch(key[0]):
        raise InputError(f"{who}: log_group takes 1 to 512 letters, digits and . - _ / #: correct it.")
    if not _NAME.fullmatch(key[1]):
        raise InputError(f"{who}: name takes 1 to 512 characters, but no : and no *: correct it.")


def parsed(who: str, pattern: str) -> Pattern:
    """A pattern, understood.

    :raises InputError: CloudWatch would refuse it.
    """
    try:
        return parse(pattern)
    except PatternError as error:
        raise InputError(f"{who}: pattern {error}.") from error


def _properties(options: Mapping[str, Any], who: str, known: Known) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    pattern = parsed(who, str(options["pattern"])) if "pattern" in options else None
    if pattern is not None:
        properties["pattern"] = str(options["pattern"])
    for name in ("metric_name", "metric_namespace"):
        if name in options:
            if not _METRIC.fullmatch(str(options[name])):
                raise InputError(f"{who}: {name} takes 1 to 255 characters, but no : and no * and no $: correct it.")
            properties[name] = str(options[name])
    if "metric_value" in options:
        properties["metric_value"] = _value(str(options["metric_value"]).strip(), pattern, who)
    if "unit" in options:
        properties["unit"] = options["unit"]
    if "default_value" in options:
        properties["default_value"] = _default(str(options["default_value"]).strip(), who)
    fields = _system_fields(options, who, known)
    if fields is not None:
        properties["system_field_dimensions"] = fields
    if "dimensions" in options:
        properties["dimensions"] = _dimensions(options["dimensions"], pattern, who)
    _one_of_both(properties, who)
    if len(properties.get("dimensions") or ()) + len(fields or ()) > MOST_DIMENSIONS:
        raise InputError(
            f"{who}: dimensions and system_field_dimensions are more than {MOST_DIMENSIONS} together: leave some out."
        )
    if "apply_on_transformed_logs" in options:
        if options["apply_on_transformed_logs"]:
            known.need(
                f"{who}: apply_on_transformed_logs", "1.35.67", "logs", "PutMetricFilter", "applyOnTransformedLogs"
            )
        properties["apply_on_transformed_logs"] = bool(options["apply_on_transformed_logs"])
    if "field_selection_criteria" in options:
        text = str(options["field_selection_criteria"]).strip()
        if text:
            known.need(
                f"{who}: field_selection_criteria", "1.40.32", "logs", "PutMetricFilter", "fieldSelectionCriteria"
            )
        if len(text) > 2000:
            raise InputError(f"{who}: field_selection_criteria is longer than 2000 characters: shorten it.")
        properties["field_selection_criteria"] = text
    return properties


def _one_of_both(properties: dict[str, Any], who: str) -> None:
    """A default cannot be combined with dimensions: the one that is declared takes the place of the other."""
    if properties.get("dimensions"):
        if properties.get("default_value") is not None:
            raise InputError(
                f"{who}: default_value cannot be combined with dimensions, because CloudWatch would not know which: "
                f"leave one out."
            )
        properties["default_value"] = None
    elif properties.get("default_value") is not None:
        properties["dimensions"] = {}


def _value(text: str, pattern: Pattern | None, who: str) -> str:
    if as_number(text) is not None:
        return text
    if not text.startswith("$"):
        raise InputError(f"{who}: metric_value '{text}' is neither a number nor a selector such as $.latency.")
    if len(text) > 100:
        raise InputError(f"{who}: metric_value is longer than 100 characters: shorten it.")
    wrong = pattern.unknown(text) if pattern else ""
    if wrong:
        raise InputError(f"{who}: metric_value {text} cannot be extracted: {wrong}.")
    return text


def _default(text: str, who: str) -> float | None:
    if not text:
        return None
    number = as_number(text)
    if number is None:
        raise InputError(f"{who}: default_value '{text}' is no number: correct it, or write '' for none.")
    return number


def _dimensions(given_: Mapping[str, Any], pattern: Pattern | None, who: str) -> dict[str, str]:
    result = {str(name): str(selector) for name, selector in given_.items()}
    for name, selector in result.items():
        if not 1 <= len(name) <= 255 or not 1 <= len(selector) <= 255:
            raise InputError(f"{who}: dimensions has '{name[:40]}', and names and selectors have 1 to 255 characters.")
        wrong = "" if selector.startswith("$") else "write a selector such as $.route or $status"
        if not wrong and pattern is not None:
            wrong = pattern.unknown(selector)
        if wrong:
            raise InputError(f"{who}: dimensions.{name} '{selector}' cannot be extracted: {wrong}.")
    return result


def _system_fields(options: Mapping[str, Any], who: str, known: Known) -> list[str] | None:
    if "system_field_dimensions" not in options:
        return None
    names = sorted({str(name) for name in options["system_field_dimensions"]})
    for name in names:
        if name not in SYSTEM_FIELDS:
            raise InputError(
                f"{who}: system_field_dimensions has '{name}', and there are {' and '.join(SYSTEM_FIELDS)}: correct it."
            )
    if names:
        known.need(f"{who}: system_field_dimensions", "1.40.32", "logs", "PutMetricFilter", "emitSystemFieldDimensions")
    return names


def as_number(text: str) -> float | None:
    """The number that a text says."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number - number == 0 else None


def check(desired: Sequence[Desired], actual: Sequence[Actual], purged: frozenset[Key]) -> None:
    """Refuse new filters that lack what they need, and more filters than a log group has.

    :param purged: the filters that go because they are not declared.
    """
    there = {item.key: item.properties.get("pattern", "") for item in actual}
    patterns: dict[Key, str] = {key: text for key, text in there.items() if key not in purged}
    for entry in desired:
        if entry.state == ABSENT:
            patterns.pop(entry.key, None)
            continue
        if entry.key not in there:
            missing = [name for name in REQUIRED if name not in entry.properties]
            if missing:
                raise InputError(f"{NOUN} '{entry.label}' is new and lacks {' and '.join(missing)}: add it.")
        patterns[entry.key] = entry.properties.get("pattern", there.get(entry.key, ""))
    touched = {entry.key[0] for entry in desired if entry.state != ABSENT}
    counted = Counter(group for group, _name in patterns if group in touched)
    for group, number in sorted(counted.items()):
        if number > MOST_FILTERS:
            raise KumawatchError(
                f"log group '{group}' would have {number} metric filters, and there may be {MOST_FILTERS}: "
                f"leave some out."
            )
    regexes = Counter(group for (group, _name), text in patterns.items() if group in touched and _has_regex(text))
    for group, number in sorted(regexes.items()):
        if number > MOST_REGEX_FILTERS:
            raise KumawatchError(
                f"log group '{group}' would have {number} metric filters with regular expressions, and there may be "
                f"{MOST_REGEX_FILTERS}: write some of them without."
            )


def _has_regex(pattern: str) -> bool:
    try:
        return parse(pattern).regexes > 0
    except PatternError:
        # It is somebody's that CloudWatch took and we do not understand.
        return "%" in pattern


# -- samples


def samples(entry: Mapping[str, Any], who: str) -> list[Sample]:
    """The declared samples of an entry."""
    result = []
    for number, item in enumerate(entry.get("test") or (), start=1):
        line = str(item["line"])
        if not line:
            raise InputError(f"{who}: sample {number} in test has an empty line, which no log has: give a line.")
        match = item.get("match") is not False
        values = {str(name): _plain(value) for name, value in (item.get("values") or {}).items()}
        if values and not match:
            raise InputError(f"{who}: sample {number} in test should not match and expects values: leave one out.")
        result.append(Sample(line, match, values))
    return result


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def failing(
    tests: Sequence[Sample], pattern: str, extracted: Callable[[str], Mapping[str, str] | None] | None = None
) -> list[str]:
    """What of the samples is not as expected, as the rest of a sentence each.

    :param extracted: who decides whether a line matches, and what it extracts; ours if there is no other. What it does
        not extract, such as selectors that are not in the pattern, we do.
    """
    try:
        ours: Pattern | None = parse(pattern)
    except PatternError:
        ours = None
    result = []
    for number, test in enumerate(tests, start=1):
        match = ours.match(test.line) if ours else None
        found = extracted(test.line) if extracted else match.values if match else None
        if (found is not None) != test.match:
            wanted, is_ = ("should match", "does not match") if test.match else ("should not match", "matches")
            result.append(f"sample {number} {wanted}, and the pattern '{pattern}' {is_} the line '{_short(test.line)}'")
            continue
        for selector, value in (test.values or {}).items():
            other = _extracted(selector, found or {}, match)
            if not _same(other, value):
                said = "nothing" if other is None else f"'{other}'"
                result.append(
                    f"sample {number} should extract {selector} = '{value}', and the pattern '{pattern}' extracts "
                    f"{said} from the line '{_short(test.line)}'"
                )
    return result


def _extracted(selector: str, found: Mapping[str, str], match: Match | None) -> str | None:
    return found[selector] if selector in found else match.value(selector) if match else None


def _same(found: str | None, wanted: str) -> bool:
    if found is None:
        return False
    numbers = as_number(found), as_number(wanted)
    return found == wanted or (numbers[0] is not None and numbers[0] == numbers[1])


def _short(line: str) -> str:
    return line if len(line) <= 300 else f"{line[:300]}…"


# -- what exists


def actual(item: Mapping[str, Any], owner: str | None) -> Actual:
    """A filter from the list, and whose it is."""
    key = (str(item["logGroupName"]), str(item["filterName"]))
    transformation = (item.get("metricTransformations") or [{}])[0]
    default = transformation.get("defaultValue")
    properties = {
        "pattern": item.get("filterPattern") or "",
        "metric_name": transformation.get("metricName"),
        "metric_namespace": transformation.get("metricNamespace"),
        "metric_value": transformation.get("metricValue"),
        "default_value": None if default is None else float(default),
        "unit": transformation.get("unit") or "None",
        "dimensions": dict(transformation.get("dimensions") or {}),
        "apply_on_transformed_logs": bool(item.get("applyOnTransformedLogs")),
        "system_field_dimensions": sorted(item.get("emitSystemFieldDimensions") or ()),
        "field_selection_criteria": item.get("fieldSelectionCriteria") or "",
    }
    return Actual(key, label(key), label(key), properties, owner)


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same."""
    if name == "pattern":
        return (before or "").strip() == (after or "").strip()
    if name == "metric_value":
        return _same(str(before), str(after))
    return bool(before == after)


# -- what is sent


def request(key: Key, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent to create or change a filter.

    :param properties: all that it is to have: AWS resets what is left out.
    """
    transformation: dict[str, Any] = {
        "metricName": properties["metric_name"],
        "metricNamespace": properties["metric_namespace"],
        "metricValue": str(properties.get("metric_value", "1")),
    }
    if properties.get("default_value") is not None:
        transformation["defaultValue"] = properties["default_value"]
    if properties.get("dimensions"):
        transformation["dimensions"] = dict(properties["dimensions"])
    if properties.get("unit", "None") != "None":
        transformation["unit"] = properties["unit"]
    sent: dict[str, Any] = {
        "logGroupName": key[0],
        "filterName": key[1],
        "filterPattern": properties["pattern"],
        "metricTransformations": [transformation],
    }
    for option, name in (
        ("apply_on_transformed_logs", "applyOnTransformedLogs"),
        ("system_field_dimensions", "emitSystemFieldDimensions"),
        ("field_selection_criteria", "fieldSelectionCriteria"),
    ):
        if properties.get(option):
            sent[name] = properties[option]
    return sent


# -- export


def exported(item: Mapping[str, Any]) -> dict[str, Any]:
    """A filter as an entry that makes it."""
    found = actual(item, None)
    usual = {"metric_value": "1", "unit": "None"}
    return {
        "log_group": found.key[0],
        "name": found.key[1],
        **{
            name: value
            for name, value in found.properties.items()
            if name in REQUIRED or (value not in (None, "", {}, []) and value is not False)
            if usual.get(name) != value
        },
    }
