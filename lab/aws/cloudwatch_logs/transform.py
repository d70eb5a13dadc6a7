# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log transformers: what processors make of a line. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lab.aws.cloudwatch_logs.refuse import invalid

MESSAGE = "@message"
PARSERS = ("parseJSON", "parseKeyValue", "grok", "csv", "parseCloudfront", "parseRoute53", "parseVPC", "parseWAF",
           "parsePostgres", "parseToOCSF")  # fmt: skip
VENDED = ("parseCloudfront", "parseRoute53", "parseVPC", "parseWAF", "parsePostgres", "parseToOCSF")
Record = dict[str, Any]


class Failed(Exception):
    """A line that a parser cannot read."""


def check(config: list[dict[str, Any]]) -> None:
    """Check a transformer that is put."""
    kinds = []
    for number, processor in enumerate(config, 1):
        if len(processor) != 1:
            raise invalid(f"Invalid transformer config: processor {number} must have exactly one type.")
        kinds.append(next(iter(processor)))
    if kinds[0] not in PARSERS:
        raise invalid("Invalid transformer config: the first processor must be a parser.")
    if sum(kind in PARSERS for kind in kinds) > 5:
        raise invalid("Invalid transformer config: at most 5 parsers are allowed.")
    for kind in kinds[1:]:
        if kind in VENDED:
            raise invalid(f"Invalid transformer config: {kind} must be the first processor.")
    for kind in ("addKeys", "copyValue", "grok"):
        if kinds.count(kind) > 1:
            raise invalid(f"Invalid transformer config: {kind} is allowed once.")
    for kind, processor in zip(kinds, config, strict=True):
        if kind not in PROCESSORS:
            raise invalid(f"Invalid transformer config: the lab's stand-in for AWS does not have {kind}.")
        if kind == "grok":
            grok_regex(processor["grok"]["match"])


def apply(config: list[dict[str, Any]], message: str) -> Record | None:
    """What a line becomes; None where the first parser cannot read it."""
    record: Record = {MESSAGE: message}
    for number, processor in enumerate(config):
        kind, options = next(iter(processor.items()))
        try:
            PROCESSORS[kind](record, options)
        except Failed:
            if number == 0:
                return None
    record.pop(MESSAGE, None)
    return record


# -- paths


def get(record: Record, path: str) -> Any:
    if path in record:
        return record[path]
    found: Any = record
    for step in path.split("."):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def put(record: Record, path: str, value: Any, overwrite: bool = True) -> None:
    *steps, last = path.split(".")
    for step in steps:
        inner = record.setdefault(step, {})
        if not isinstance(inner, dict):
            if not overwrite:
                return
            inner = record[step] = {}
        record = inner
    if overwrite or last not in record:
        record[last] = value


def drop(record: Record, path: str) -> None:
    *steps, last = path.split(".")
    for step in steps:
        inner = record.get(step)
        if not isinstance(inner, dict):
            return
        record = inner
    record.pop(last, None)


def source(record: Record, options: dict[str, Any]) -> str:
    value = get(record, options.get("source", MESSAGE))
    if not isinstance(value, str):
        raise Failed
    return value


def place(record: Record, options: dict[str, Any], found: Record) -> None:
    """Put what was parsed at its destination, or at the root."""
    if options.get("destination"):
        put(record, options["destination"], found)
    else:
        record.update(found)


# -- parsers


def parse_json(record: Record, options: dict[str, Any]) -> None:
    try:
        found = json.loads(source(record, options))
    except ValueError:
        raise Failed from None
    if not isinstance(found, dict):
        raise Failed
    place(record, options, found)


def parse_key_value(record: Record, options: dict[str, Any]) -> None:
    between, within = options.get("fieldDelimiter", "&"), options.get("keyValueDelimiter", "=")
    found: Record = {}
    for part in source(record, options).split(between):
        key, mark, value = part.partition(within)
        if key.strip():
            text = value if mark else options.get("nonMatchValue")
            found[options.get("keyPrefix", "") + key.strip()] = text
    if not options.get("overwriteIfExists", False) and not options.get("destination"):
        found = {key: value for key, value in found.items() if key not in record}
    place(record, options, found)


def parse_csv(record: Record, options: dict[str, Any]) -> None:
    text = source(record, options)
    delimiter = {"\\t": "\t"}.get(options.get("delimiter", ","), options.get("delimiter", ","))
    quote = re.escape(options.get("quoteCharacter", '"'))
    cells = re.findall(
        rf"(?:^|{re.escape(delimiter)})({quote}(?:[^{quote}]|{quote}{quote})*{quote}|[^{re.escape(delimiter)}]*)", text
    )
    cells = [
        cell[1:-1] if len(cell) > 1 and re.fullmatch(rf"{quote}.*{quote}", cell, re.DOTALL) else cell for cell in cells
    ]
    columns = options.get("columns") or [f"column_{number}" for number in range(1, len(cells) + 1)]
    place(record, options, dict(zip(columns, cells, strict=False)))


GROK = {
    "WORD": r"\b\w+\b",
    "NOTSPACE": r"\S+",
    "SPACE": r"\s*",
    "DATA": r".*?",
    "GREEDYDATA": r".*",
    "INT": r"[+-]?\d+",
    "NUMBER": r"[+-]?(?:\d+\.?\d*|\.\d+)",
    "BASE10NUM": r"[+-]?(?:\d+\.?\d*|\.\d+)",
    "POSINT": r"[1-9]\d*",
    "NONNEGINT": r"\d+",
    "IP": r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+)",
    "IPV4": r"\d{1,3}(?:\.\d{1,3}){3}",
    "IPV6": r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+",
    "HOSTNAME": r"[\w.-]+",
    "HOST": r"[\w.-]+",
    "IPORHOST": r"[\w.:-]+",
    "HOSTPORT": r"[\w.-]+:\d+",
    "USERNAME": r"[\w.-]+",
    "USER": r"[\w.-]+",
    "QUOTEDSTRING": r'"(?:[^"\\]|\\.)*"',
    "QS": r'"(?:[^"\\]|\\.)*"',
    "UUID": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "URIPATH": r"/[^\s?#]*",
    "URIPATHPARAM": r"/[^\s#]*",
    "PATH": r"/\S*",
    "LOGLEVEL": r"(?i:trace|debug|info|notice|warn(?:ing)?|error|crit(?:ical)?|fatal|severe)",
    "HTTPDATE": r"\d{2}/\w{3}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}",
    "TIMESTAMP_ISO8601": r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?",
    "SYSLOGTIMESTAMP": r"\w{3} +\d{1,2} \d{2}:\d{2}:\d{2}",
    "MONTH": r"[A-Z][a-z]+",
    "YEAR": r"\d{4}",
    "TIME": r"\d{2}:\d{2}:\d{2}(?:[.,]\d+)?",
}


def grok_regex(text: str) -> tuple[re.Pattern[str], dict[str, tuple[str, str]]]:
    """The expression, and by its groups the names and types of the fields."""
    fields: dict[str, tuple[str, str]] = {}

    def one(match: re.Match[str]) -> str:
        name, _colon, rest = match[1].partition(":")
        if name not in GROK:
            raise invalid(f"Invalid grok expression: the pattern {name} is not known.")
        if not rest:
            return f"(?:{GROK[name]})"
        path, _colon, kind = rest.partition(":")
        group = f"f{len(fields)}"
        fields[group] = path, kind
        return f"(?P<{group}>{GROK[name]})"

    source_text = re.sub(r"%\{([^}]+)\}", one, text)
    try:
        return re.compile(source_text, re.DOTALL), fields
    except re.error as exc:
        raise invalid(f"Invalid grok expression: {exc}") from None


def parse_grok(record: Record, options: dict[str, Any]) -> None:
    regex, fields = grok_regex(options["match"])
    match = regex.search(source(record, options))
    if match is None:
        raise Failed
    for group, (path, kind) in fields.items():
        if match[group] is not None:
            put(record, path, converted(match[group], {"int": "integer", "float": "double"}.get(kind, kind)))


def parse_postgres(record: Record, options: dict[str, Any]) -> None:
    """A line of RDS for PostgreSQL with its default prefix %t:%r:%u@%d:[%p]:."""
    match = re.match(
        r"(?P<logTime>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+):(?P<srcIP>[^:(]*(?:\([^)]*\))?):(?P<userName>[^@]*)@"
        r"(?P<dbName>[^:]*):\[(?P<processId>\d+)\]:(?P<logLevel>\w+):\s*(?P<logMessage>.*)",
        source(record, options),
        re.DOTALL,
    )
    if match is None:
        raise Failed
    record.update({key: value for key, value in match.groupdict().items() if value})


CLOUDFRONT = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
]


def parse_cloudfront(record: Record, options: dict[str, Any]) -> None:
    cells = source(record, options).split("\t")
    if len(cells) < 20:
        raise Failed
    record.update(zip(CLOUDFRONT, cells, strict=False))


# -- what changes fields


def converted(value: Any, kind: str) -> Any:
    try:
        if kind == "integer":
            return int(float(value))
        if kind == "double":
            return float(value)
    except (TypeError, ValueError):
        return value
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "string":
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    return value


def type_converter(record: Record, options: dict[str, Any]) -> None:
    for entry in options["entries"]:
        value = get(record, entry["key"])
        if value is not None:
            put(record, entry["key"], converted(value, entry["type"]))


def add_keys(record: Record, options: dict[str, Any]) -> None:
    for entry in options["entries"]:
        value = re.sub(r"\$\{([^}]+)\}", lambda match: str(get(record, match[1]) or ""), entry["value"])
        put(record, entry["key"], value, entry.get("overwriteIfExists", False))


def delete_keys(record: Record, options: dict[str, Any]) -> None:
    for key in options["withKeys"]:
        drop(record, key)


def copy_value(record: Record, options: dict[str, Any], source_name: str = "source", target: str = "target") -> None:
    for entry in options["entries"]:
        value = get(record, entry[source_name])
        if value is not None:
            put(record, entry[target], value, entry.get("overwriteIfExists", False))


def move_keys(record: Record, options: dict[str, Any]) -> None:
    for entry in options["entries"]:
        value = get(record, entry["source"])
        if value is not None:
            drop(record, entry["source"])
            target = entry["target"]
            where = get(record, target)
            # Into an object the key goes under its own name.
            path = f"{target}.{entry['source'].rpartition('.')[2]}" if isinstance(where, dict) else target
            put(record, path, value, entry.get("overwriteIfExists", False))


def rename_keys(record: Record, options: dict[str, Any]) -> None:
    for entry in options["entries"]:
        value = get(record, entry["key"])
        if value is not None:
            drop(record, entry["key"])
            put(record, entry["renameTo"], value, entry.get("overwriteIfExists", False))


def on_text(change: Callable[[str], Any]) -> Callable[[Record, dict[str, Any]], None]:
    def act(record: Record, options: dict[str, Any]) -> None:
        for key in options["withKeys"]:
            value = get(record, key)
            if isinstance(value, str):
                put(record, key, change(value))

    return act


def split_string(record: Record, options: dict[str, Any]) -> None:
    for entry in options["entries"]:
        value = get(record, entry["source"])
        if isinstance(value, str):
            put(record, entry["source"], value.split(entry["delimiter"]))


def substitute_string(record: Record, options: dict[str, Any]) -> None:
    for entry in options["entries"]:
        value = get(record, entry["source"])
        if isinstance(value, str):
            try:
                put(record, entry["source"], re.sub(entry["from"], entry["to"].replace("$", "\\"), value))
            except re.error:
                continue


def list_to_map(record: Record, options: dict[str, Any]) -> None:
    listed = get(record, options["source"])
    if not isinstance(listed, list):
        return
    found: dict[str, Any] = {}
    for item in listed:
        if isinstance(item, dict) and options["key"] in item:
            value = item.get(options["valueKey"]) if options.get("valueKey") else item
            found.setdefault(str(item[options["key"]]), []).append(value)
    flat: dict[str, Any] = found
    if options.get("flatten"):
        at = -1 if options.get("flattenedElement") == "last" else 0
        flat = {key: values[at] for key, values in found.items()}
    if options.get("target"):
        put(record, options["target"], flat)
    else:
        record.update(flat)


JAVA_DATE = {
    "yyyy": "%Y", "MMM": "%b", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSSSSS": "%f", "SSS": "%f",
    "XXX": "%z", "XX": "%z", "X": "%z", "Z": "%z", "z": "%Z", "EEE": "%a", "a": "%p", "hh": "%I",
}  # fmt: skip


def java_format(text: str) -> str:
    """A date format of Java as strptime's."""
    parts = re.findall(r"'([^']*)'|(yyyy|MMM|MM|dd|HH|hh|mm|ss|SSSSSS|SSS|XXX|XX|X|Z|z|EEE|a)|(.)", text, re.DOTALL)
    return "".join(
        JAVA_DATE[token] if token else (quoted or other).replace("%", "%%") for quoted, token, other in parts
    )


def zone(name: str) -> Any:
    try:
        return UTC if name in ("UTC", "Z", "") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def date_time(record: Record, options: dict[str, Any]) -> None:
    value = get(record, options["source"])
    if value is None:
        return
    for text in options["matchPatterns"]:
        moment = read_moment(str(value), text, options.get("sourceTimezone", "UTC"))
        if moment is not None:
            break
    else:
        return
    target = options.get("targetFormat", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")
    if target == "epoch":
        put(record, options["target"], int(moment.timestamp() * 1000))
        return
    there = moment.astimezone(zone(options.get("targetTimezone", "UTC")))
    shape = java_format(target)
    if "SSSSSS" not in target:
        shape = shape.replace("%f", f"{there.microsecond // 1000:03d}")
    put(record, options["target"], there.strftime(shape))


def read_moment(value: str, text: str, source_zone: str) -> datetime | None:
    try:
        if text == "epoch":
            number = float(value)
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        moment = datetime.strptime(value, java_format(text))
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone(source_zone))


PROCESSORS: dict[str, Callable[[Record, dict[str, Any]], None]] = {
    "parseJSON": parse_json,
    "parseKeyValue": parse_key_value,
    "csv": parse_csv,
    "grok": parse_grok,
    "parsePostgres": parse_postgres,
    "parseCloudfront": parse_cloudfront,
    "typeConverter": type_converter,
    "addKeys": add_keys,
    "deleteKeys": delete_keys,
    "copyValue": copy_value,
    "moveKeys": move_keys,
    "renameKeys": rename_keys,
    "lowerCaseString": on_text(str.lower),
    "upperCaseString": on_text(str.upper),
    "trimString": on_text(str.strip),
    "splitString": split_string,
    "substituteString": substitute_string,
    "listToMap": list_to_map,
    "dateTimeConverter": date_time,
}
