# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CloudWatch agent takes as its configuration, and what it takes but should not. Pure.

:data:`SCHEMA` restates the agent's own schema, for Linux and for what is rendered here, in the words of JSON Schema.
That one is loose: it takes names of measurements that the agent then refuses, and regular expressions that it cannot
read. Other mistakes the agent takes without a word, and ships the logs of one container only. All of these are found
here, before anything is written. What is not restated (StatsD, processes, Prometheus, …) is left to the agent, which
has the last word in any case: the role asks its translator.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from .log_settings import RETENTIONS
from .spec import listed, shown

Schema = Mapping[str, Any]

#: What each plugin measures; the agent refuses other names, with or without the plugin's in front.
MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "cpu": tuple(
        f"{what}_{state}"
        for what in ("time", "usage")
        for state in (
            "active", "guest", "guest_nice", "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user",
        )
    ),
    "disk": ("free", "inodes_free", "inodes_total", "inodes_used", "total", "used", "used_percent"),
    "diskio": (
        "iops_in_progress", "io_time", "reads", "read_bytes", "read_time", "writes", "write_bytes", "write_time",
        *(f"ebs_total_{way}_{what}" for way in ("read", "write") for what in ("ops", "bytes", "time")),
        *(f"ebs_{of}_performance_exceeded_{what}" for of in ("volume", "ec2_instance") for what in ("iops", "tp")),
        "ebs_volume_queue_length",
        *(f"instance_store_total_{way}_{what}" for way in ("read", "write") for what in ("ops", "bytes", "time")),
        *(f"instance_store_performance_exceeded_{what}" for what in ("iops", "tp")),
        "instance_store_volume_queue_length",
    ),
    "mem": (
        "active", "available", "available_percent", "buffered", "cached", "free", "inactive", "shared", "total", "used",
        "used_percent",
    ),
    "net": (
        "bytes_sent", "bytes_recv", "drop_in", "drop_out", "err_in", "err_out", "packets_sent", "packets_recv",
    ),
    "netstat": (
        "tcp_close", "tcp_close_wait", "tcp_closing", "tcp_established", "tcp_fin_wait1", "tcp_fin_wait2",
        "tcp_last_ack", "tcp_listen", "tcp_none", "tcp_syn_sent", "tcp_syn_recv", "tcp_time_wait", "udp_socket",
    ),
    "processes": (
        "blocked", "dead", "idle", "paging", "running", "sleeping", "stopped", "total", "total_threads", "wait",
        "zombies",
    ),
    "swap": ("free", "used", "used_percent"),
}  # fmt: skip

#: What else collects metrics on Linux, which is the agent's to check.
OTHERS = ("collectd", "efa", "ethtool", "jmx", "nvidia_smi", "otlp", "procstat", "prometheus", "statsd")

#: The dimensions of an instance that ``append_dimensions`` can have, each with the one value that it takes.
APPENDED = tuple(
    (name, f"${{aws:{name}}}") for name in ("ImageId", "InstanceId", "InstanceType", "AutoScalingGroupName")
)

_INTERVAL: Schema = {"type": "integer", "minimum": 1, "maximum": 172800}
_ADDRESS: Schema = {"type": "string", "minLength": 4, "maxLength": 2048}
_ANY: Schema = {}


def _text(longest: int, shortest: int = 1) -> Schema:
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def _texts(longest: int, most: int = 256) -> Schema:
    return {"type": "array", "items": _text(longest), "maxItems": most}


def _mapping(properties: Mapping[str, Schema], required: Sequence[str] = (), **more: Any) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
        **more,
    }


_SERVICE: Mapping[str, Schema] = {"service.name": _text(255), "deployment.environment": _text(255)}
_CREDENTIALS = _mapping({"role_arn": {"type": "string", "minLength": 20, "maxLength": 2048}})
_OTLP = _mapping({"grpc_endpoint": _ADDRESS, "http_endpoint": _ADDRESS, "tls": _ANY, **_SERVICE})
_DIMENSIONS: Schema = {"type": "object", "maxProperties": 30, "additionalProperties": _text(1024)}
_APPENDED = _mapping({name: {"type": "string", "enum": [value]} for name, value in APPENDED})


def _plugin(name: str) -> Schema:
    """What one of the plugins takes whose measurements are known."""
    names = [*MEASUREMENTS[name], *(f"{name}_{item}" for item in MEASUREMENTS[name])]
    measurement: Schema = {"type": "string", "enum": names}
    properties: dict[str, Schema] = {
        "measurement": {
            "type": "array",
            "items": {
                "oneOf": [
                    measurement,
                    _mapping({"name": measurement, "rename": _text(255), "unit": _text(256)}, ["name"]),
                ]
            },
            "minItems": 1,
            "uniqueItems": True,
        },
        "metrics_collection_interval": _INTERVAL,
        "append_dimensions": _DIMENSIONS,
        "drop_original_metrics": {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
    }
    if name in ("disk", "diskio", "net"):
        properties["resources"] = _texts(4096)
    if name == "disk":
        properties |= {"ignore_file_system_types": _texts(4096), "drop_device": {"type": "boolean"}}
    if name == "cpu":
        properties |= {
            "resources": {"type": "array", "items": {"type": "string", "enum": ["*"]}, "maxItems": 1},
            "totalcpu": {"type": "boolean"},
        }
    return _mapping(properties, ["measurement"])


_FILE = _mapping(
    {
        "file_path": _text(4096),
        "log_group_name": _text(512),
        "log_stream_name": _text(512),
        "log_group_class": {"type": "string", "enum": ["STANDARD", "INFREQUENT_ACCESS"]},
        "multi_line_start_pattern": _text(4096),
        "timestamp_format": _text(4096),
        "timezone": {"type": "string", "enum": ["Local", "LOCAL", "UTC"]},
        "trim_timestamp": {"type": "boolean"},
        "encoding": _text(4096),
        "auto_removal": {"type": "boolean"},
        "backpressure_mode": {"type": "string", "enum": ["fd_release"]},
        "blacklist": _text(4096),
        "publish_multi_logs": {"type": "boolean"},
        "retention_in_days": {"type": "integer", "enum": [-1, *RETENTIONS]},
        "filters": {
            "type": "array",
            "items": _mapping(
                {"type": {"type": "string", "enum": ["include", "exclude"]}, "expression": _text(4096)},
                ["type", "expression"],
            ),
        },
        **_SERVICE,
    },
    ["file_path", "log_group_name"],
)

SCHEMA: Schema = _mapping(
    {
        "agent": _mapping(
            {
                "metrics_collection_interval": _INTERVAL,
                "logfile": _text(4096, 0),
                "region": _text(64),
                "debug": {"type": "boolean"},
                "aws_sdk_log_level": {"type": "string"},
                "credentials": _CREDENTIALS,
                "omit_hostname": {"type": "boolean"},
                "run_as_user": _text(32),
                "user_agent": _text(1024),
                **_SERVICE,
            }
        ),
        "metrics": _mapping(
            {
                "namespace": _text(255),
                "aggregation_dimensions": {
                    "type": "array",
                    "items": {"type": "array", "items": _text(1024), "uniqueItems": True, "maxItems": 30},
                    "uniqueItems": True,
                    "minItems": 1,
                    "maxItems": 1024,
                },
                "append_dimensions": _APPENDED,
                "metrics_destinations": _ANY,
                "metrics_collected": _mapping(
                    {**{name: _plugin(name) for name in MEASUREMENTS}, **dict.fromkeys(OTHERS, _ANY)}, minProperties=1
                ),
                "force_flush_interval": _INTERVAL,
                "credentials": _CREDENTIALS,
                "endpoint_override": _ADDRESS,
                **_SERVICE,
            },
            ["metrics_collected"],
        ),
        "logs": _mapping(
            {
                "logs_collected": _mapping(
                    {
                        "files": _mapping(
                            {
                                "collect_list": {
                                    "type": "array",
                                    "items": _FILE,
                                    "minItems": 1,
                                    "maxItems": 16384,
                                    "uniqueItems": True,
                                }
                            },
                            ["collect_list"],
                        ),
                        "journald": _ANY,
                        "application_signals": _ANY,
                    },
                    minProperties=1,
                ),
                "metrics_collected": {"type": "object"},
                "log_stream_name": _text(512),
                "force_flush_interval": _INTERVAL,
                "credentials": _CREDENTIALS,
                "endpoint_override": _ADDRESS,
                "concurrency": {"type": "integer", "minimum": 1},
                **_SERVICE,
            },
            anyOf=[{"required": ["logs_collected"]}, {"required": ["metrics_collected"]}],
        ),
        "traces": _mapping(
            {
                "traces_collected": _mapping(
                    {
                        "xray": _mapping({"bind_address": _ADDRESS, "tcp_proxy": _mapping({"bind_address": _ADDRESS})}),
                        "otlp": _OTLP,
                        "application_signals": {"type": "object"},
                    },
                    minProperties=1,
                ),
                "concurrency": {"type": "integer", "minimum": 1},
                "buffer_size_mb": {"type": "integer", "minimum": 3},
                "resource_arn": {"type": "string"},
                "local_mode": {"type": "boolean"},
                "insecure": {"type": "boolean"},
                "credentials": _CREDENTIALS,
                "proxy_override": _ADDRESS,
                "endpoint_override": _ADDRESS,
                "region_override": {"type": "string"},
                "transit_spans_in_otlp_format": {"type": "boolean"},
            },
            ["traces_collected"],
        ),
        "opentelemetry": _ANY,
    }
)
"""What the agent takes, as far as it is rendered here."""


def problems(document: Any) -> list[str]:
    """What is wrong with a configuration, a sentence each; empty where nothing is.

    Each begins with the place, such as ``metrics.metrics_collected.disk.measurement[2]``.
    """
    # What the rules look at is there in the shapes that they expect only where the schema is satisfied.
    return list(_violations(document, SCHEMA, "")) or list(_rules(document))


# -- the schema -------------------------------------------------------------------------------------------------------

_KINDS = {
    "object": (Mapping, "a mapping"),
    "array": (list, "a list"),
    "string": (str, "text"),
    "boolean": (bool, "true or false"),
    "integer": (int, "a whole number"),
}


def _violations(value: Any, schema: Schema, place: str) -> Iterator[str]:
    """What is wrong with a value. Only those words of JSON Schema are known that :data:`SCHEMA` uses."""
    if "oneOf" in schema:
        fitting = next(
            (one for one in schema["oneOf"] if isinstance(value, _KINDS[one["type"]][0])), schema["oneOf"][0]
        )
        yield from _violations(value, fitting, place)
        return
    kind, words = _KINDS.get(schema.get("type", ""), (object, ""))
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{place or 'the configuration'} must be {words}, not {shown(value)}."
    elif "enum" in schema and value not in schema["enum"]:
        yield _no_choice(value, schema["enum"], place)
    elif isinstance(value, Mapping):
        yield from _in_mapping(value, schema, place)
    elif isinstance(value, list):
        yield from _in_list(value, schema, place)
    elif isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{place} must have {schema['minLength']} to {schema['maxLength']} characters, and has {len(value)}."
    elif kind is int and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        bounds = f"at least {schema['minimum']}" if "maximum" not in schema else (
            f"from {schema['minimum']} to {schema['maximum']}"
        )  # fmt: skip
        yield f"{place} must be {bounds}, not {value}."


def _no_choice(value: Any, choices: Sequence[Any], place: str) -> str:
    close = get_close_matches(str(value), [str(choice) for choice in choices], 1, 0.6)
    if close:
        return f"{place} cannot be {shown(value)}; did you mean '{close[0]}'?"
    return f"{place} cannot be {shown(value)}; it takes {listed(choices, 'or')}."


def _in_mapping(value: Mapping[str, Any], schema: Schema, place: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", _ANY)
    for key, item in value.items():
        where = f"{place}.{key}" if place else str(key)
        if key in known:
            yield from _violations(item, known[key], where)
        elif others is False:
            close = get_close_matches(str(key), list(known), 1, 0.6)
            meant = f"did you mean '{close[0]}'?" if close else f"known are {listed(known)}."
            yield f"{where} is not a key that the agent knows; {meant}"
        else:
            yield from _violations(item, others, where)
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{place} needs '{key}'."
    if "anyOf" in schema and not any(set(one["required"]) <= set(value) for one in schema["anyOf"]):
        yield f"{place} needs {listed([repr(one['required'][0]) for one in schema['anyOf']], 'or')}."
    yield from _counted(value, schema.get("minProperties", 0), schema.get("maxProperties"), place)


def _in_list(value: Sequence[Any], schema: Schema, place: str) -> Iterator[str]:
    for position, item in enumerate(value):
        yield from _violations(item, schema.get("items", _ANY), f"{place}[{position}]")
        if schema.get("uniqueItems") and item in value[:position]:
            yield f"{place}[{position}] is there twice; remove one."
    yield from _counted(value, schema.get("minItems", 0), schema.get("maxItems"), place)


def _counted(value: Collection[Any], least: int, most: int | None, place: str) -> Iterator[str]:
    """What is wrong with the number of entries; the schema wants none or one at least."""
    if len(value) < least:
        yield f"{place} must not be empty."
    elif most is not None and len(value) > most:
        yield f"{place} takes {most} entries at most, and has {len(value)}."


# -- what the schema does not say -------------------------------------------------------------------------------------


def _rules(document: Mapping[str, Any]) -> Iterator[str]:
    if not set(document) - {"agent"}:
        yield "the configuration has neither metrics nor logs nor traces, so that the agent would not start."
    yield from _of_metrics(document.get("metrics") or {})
    entries = ((document.get("logs") or {}).get("logs_collected") or {}).get("files", {}).get("collect_list", [])
    yield from _of_files(entries)


def _of_metrics(metrics: Mapping[str, Any]) -> Iterator[str]:
    collected = metrics.get("metrics_collected") or {}
    place = "metrics.metrics_collected"
    disk = collected.get("disk")
    if disk and "*" in (disk.get("resources") or ["*"]) and not disk.get("ignore_file_system_types"):
        yield (
            f"{place}.disk takes every mount, those of the kernel and of containers too, each of which costs; name "
            f"them in resources or exclude some with ignore_file_system_types."
        )
    aggregated = {name for one in metrics.get("aggregation_dimensions") or () for name in one}
    for name, plugin in collected.items():
        drop = plugin.get("drop_original_metrics") if isinstance(plugin, Mapping) else None
        if drop and not aggregated:
            yield (
                f"{place}.{name}.drop_original_metrics without metrics.aggregation_dimensions leaves nothing of "
                f"{listed(drop)}."
            )


def _of_files(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    classes: dict[str, str] = {}
    retentions: dict[str, int] = {}
    streams: dict[tuple[str, str], str] = {}
    for position, entry in enumerate(entries):
        place = f"logs.logs_collected.files.collect_list[{position}]"
        path, group = entry["file_path"], entry["log_group_name"].lower()
        if not path.startswith("/"):
            yield f"{place}.file_path must be an absolute path, not '{path}'."
        if any(sign in path for sign in "*?[") and not entry.get("publish_multi_logs"):
            yield (
                f"{place} has a pattern for file_path and not publish_multi_logs, so that the agent would follow the "
                f"newest of the files only."
            )
        if entry.get("auto_removal") and entry.get("publish_multi_logs"):
            yield f"{place} has both auto_removal and publish_multi_logs, which the agent cannot do together."
        for key, seen in (("log_group_class", classes), ("retention_in_days", retentions)):
            value = entry.get(key)
            if value in (None, -1):
                continue
            if seen.setdefault(group, value) != value:
                yield (
                    f"{place}.{key} is {value} for the log group '{entry['log_group_name']}', and another entry says "
                    f"{seen[group]}; the agent takes one for each group."
                )
        stream = (group, str(entry.get("log_stream_name")))
        if streams.setdefault(stream, path) != path:
            yield (
                f"{place} writes to the stream '{stream[1]}' of the log group '{entry['log_group_name']}', as the file "
                f"{streams[stream]} does; give each a log_stream_name of its own."
            )
        yield from _expressions(entry, place)


def _expressions(entry: Mapping[str, Any], place: str) -> Iterator[str]:
    """Whether the agent can read the regular expressions and the format of times of an entry."""
    start = entry.get("multi_line_start_pattern")
    if start == "{timestamp_format}":
        if "timestamp_format" not in entry:
            yield f"{place}.multi_line_start_pattern is {{timestamp_format}}, and there is no timestamp_format."
        start = None
    found = [("multi_line_start_pattern", start), ("blacklist", entry.get("blacklist"))]
    found += [
        (f"filters[{position}].expression", one["expression"]) for position, one in enumerate(entry.get("filters", ()))
    ]
    for key, expression in found:
        problem = expression and unreadable(expression)
        if problem:
            yield f"{place}.{key} is no regular expression that the agent can read: {problem}."
    layout = entry.get("timestamp_format", "")
    if layout.endswith("\\"):
        yield f"{place}.timestamp_format ends with a backslash, which the agent refuses."
    unknown = sorted(set(re.findall(r"%-?.?", layout)) - _DIRECTIVES)
    if unknown:
        yield f"{place}.timestamp_format has {listed(unknown)}, which the agent does not know."


#: The directives of ``timestamp_format``.
_DIRECTIVES = frozenset(
    {f"%{letter}" for letter in "BbmAadHIMSYypZzf"} | {f"%-{letter}" for letter in "mdIMS"}
)  # fmt: skip

#: What Python's expressions have and those of Go (RE2) have not, with a word for each.
_NOT_RE2 = (
    (r"\(\?<?[=!]", "it looks ahead or behind"),
    (r"\(\?P=", "it refers back to a group"),
    (r"\(\?\(", "it has a condition"),
    (r"\(\?>", "it has an atomic group"),
    (r"\(\?#", "it has a comment"),
    (r"\\[1-9]", "it refers back to a group"),
    (r"\\Z", "\\Z is \\z there"),
    (r"\\(?![AbBCDdSsWwzafnrtvxQEpP0-9_])\w", "it escapes a letter that means nothing there"),
    (r"\(\?[a-zA-Z-]*[aLux][a-zA-Z-]*[:)]", "it has a flag that is Python's"),
    (r"[*+?}]\+", "it has a possessive quantifier"),
)
_MOST_REPEATED = 1000


def unreadable(expression: str) -> str:
    """Why Go could not compile a regular expression; empty where it can, as far as this can tell."""
    try:
        re.compile(expression)
    except re.error as error:
        # Go knows classes and flags that Python does not.
        if not re.search(r"\[\[:\w+:\]\]|\\[pPzQE]|\\x\{|\(\?[imsU-]+\)", expression):
            return str(error)
    # Escaped backslashes, escaped signs and classes say nothing of what is looked for.
    bare = re.sub(r"\\\\|\\[^\w]", "", expression)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "x", bare)
    for pattern, word in _NOT_RE2:
        if re.search(pattern, bare):
            return word
    counts = [int(number) for pair in re.findall(r"\{(\d+)(?:,(\d*))?\}", bare) for number in pair if number]
    if counts and max(counts) > _MOST_REPEATED:
        return f"it repeats more than {_MOST_REPEATED} times"
    return ""
