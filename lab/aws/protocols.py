# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wire formats, driven by botocore's service models: a request into plain data, plain data into an answer.

CloudWatch is spoken in three ways: Smithy RPC v2 CBOR, JSON 1.0 and the old Query protocol. Times are seconds since the
epoch in plain data, whatever the wire says.
"""

from __future__ import annotations

import functools
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import cbor2
from botocore.loaders import Loader
from botocore.model import ServiceModel

CBOR, JSON, QUERY = "cbor", "json", "query"

Answer = tuple[int, dict[str, str], bytes]


class ApiError(Exception):
    """An error as AWS answers it: ``code`` is the Query protocol's; ResourceNotFound, for one, has no message."""

    def __init__(self, code: str, message: str | None = None, status: int = 400, shape: str = "") -> None:
        super().__init__(message or code)
        self.code, self.message, self.status, self.shape = code, message, status, shape
        self.extra: dict[str, Any] = {}


@dataclass
class Call:
    """One request: the operation, its input as plain data, and how to answer."""

    operation: str
    input: dict[str, Any]
    protocol: str
    problems: list[str] = field(default_factory=list)


SUPPLEMENTS: dict[str, dict[str, dict[str, Any]]] = {
    "cloudwatch": {
        "AlarmTagsPropagationEnabled": {"type": "boolean"},
        "AlarmTagsPropagationTagKey": {"type": "string", "min": 1, "max": 128},
        "AlarmTagsPropagationTagKeys": {
            "type": "list",
            "member": {"shape": "AlarmTagsPropagationTagKey"},
            "min": 1,
            "max": 50,
        },
        "AlarmTagsPropagation": {
            "type": "structure",
            "required": ["Enabled"],
            "members": {
                "Enabled": {"shape": "AlarmTagsPropagationEnabled"},
                "IncludedTagKeys": {"shape": "AlarmTagsPropagationTagKeys"},
                "ExcludedTagKeys": {"shape": "AlarmTagsPropagationTagKeys"},
            },
        },
        "ActionConfiguration": {
            "type": "structure",
            "members": {"AlarmTagsPropagation": {"shape": "AlarmTagsPropagation"}},
        },
        **{
            name: {"members": {"ActionConfiguration": {"shape": "ActionConfiguration"}}}
            for name in (
                "PutMetricAlarmInput",
                "PutCompositeAlarmInput",
                "PutLogAlarmInput",
                "MetricAlarm",
                "CompositeAlarm",
                "LogAlarm",
            )
        },
    }
}
"""What newer releases of botocore know than the one that MiniStack pins: new shapes, and new members of old ones."""


@functools.cache
def model(service: str) -> ServiceModel:
    """The service model of botocore, by botocore's own service name, with what it is too old to know."""
    loaded = Loader().load_service_model(service, "service-2")
    for name, addition in SUPPLEMENTS.get(service, {}).items():
        if name not in loaded["shapes"]:
            loaded["shapes"][name] = addition
        else:
            loaded["shapes"][name]["members"].update(addition["members"])
    return ServiceModel(loaded, service)


@functools.cache
def operations(service: str) -> frozenset[str]:
    return frozenset(model(service).operation_names)


def read(service: str, path: str, headers: dict[str, str], body: bytes) -> Call:
    """Read and check a request. What breaks the model's constraints is an ApiError worded as AWS words it."""
    query: dict[str, str] = {}
    found = re.fullmatch(r"/service/[^/]+/operation/([^/]+)/?", path)
    if found:
        protocol, name = CBOR, found[1]
        raw = cbor2.loads(body) if body else {}
    elif target := headers.get("x-amz-target", ""):
        protocol, name = JSON, target.rpartition(".")[2]
        raw = json.loads(body) if body else {}
    else:
        protocol = QUERY
        query = {key: values[0] for key, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        name, raw = query.get("Action", ""), None
    call = Call(name, {}, protocol)
    if name not in operations(service):
        raise Refused(call, ApiError("InvalidAction", f"Could not find operation {name} for version 2010-08-01"))
    shape = model(service).operation_model(name).input_shape
    if shape is not None:
        value = from_query(shape, query, "") if protocol == QUERY else from_tree(shape, raw or {})
        call.input = value or {}
        problems = violations(shape, call.input, "")
        if problems:
            count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
            raise Refused(call, ApiError("ValidationError", count + "; ".join(problems)))
    return call


class Refused(Exception):
    """A request that was read well enough to know how to answer it, and refused."""

    def __init__(self, call: Call, error: ApiError) -> None:
        super().__init__(str(error))
        self.call, self.error = call, error


# -- what comes in


def from_tree(shape: Any, value: Any) -> Any:
    """A value of CBOR or JSON as plain data; members that the model does not know, and nulls, are left out."""
    kind = shape.type_name
    if value is None:
        return None
    if kind == "structure":
        if not isinstance(value, dict):
            raise ApiError("SerializationException", "Start of structure or map found where not expected.")
        known = shape.members
        return {
            name: from_tree(known[name], item) for name, item in value.items() if name in known and item is not None
        }
    if kind == "list":
        return [from_tree(shape.member, item) for item in value]
    if kind == "map":
        return {key: from_tree(shape.value, item) for key, item in value.items()}
    return scalar(kind, value)


def from_query(shape: Any, query: dict[str, str], prefix: str) -> Any:
    """A value from flattened Query parameters; None when there is nothing of it."""
    kind = shape.type_name
    if kind == "structure":
        dot = f"{prefix}." if prefix else ""
        found = {}
        for name, member in shape.members.items():
            value = from_query(member, query, f"{dot}{name}")
            if value is not None:
                found[name] = value
        return found or None
    if kind == "list":
        if query.get(prefix) == "":
            return []
        items: list[Any] = []
        while True:
            item = from_query(shape.member, query, f"{prefix}.member.{len(items) + 1}")
            if item is None:
                return items or None
            items.append(item)
    if kind == "map":
        entries: dict[str, Any] = {}
        while (key := query.get(f"{prefix}.entry.{len(entries) + 1}.key")) is not None:
            entries[key] = from_query(shape.value, query, f"{prefix}.entry.{len(entries) + 1}.value")
        return entries or None
    return None if prefix not in query else scalar(kind, query[prefix])


def scalar(kind: str, value: Any) -> Any:
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("double", "float"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "timestamp":
        return seconds(value)
    return value if isinstance(value, (str, bytes)) else str(value)


def seconds(value: Any) -> float:
    """A time as the wire gives it, in seconds since the epoch."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, (int, float)):
        return float(value)
    text = str(value).strip()
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError("MalformedInput", f"timestamp must follow ISO8601: {text}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def violations(shape: Any, value: Any, path: str) -> list[str]:
    """What breaks the constraints of the model, each worded as AWS does: Value 'X' at 'y' failed to satisfy …"""
    found: list[str] = []

    def wrong(rule: str) -> None:
        shown = "null" if value is None else f"'{shown_value(value)}'"
        found.append(f"Value {shown} at '{path}' failed to satisfy constraint: Member must {rule}")

    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                where = f"{path}.{lower(name)}" if path else lower(name)
                found.append(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
        for name, item in value.items():
            found += violations(shape.members[name], item, f"{path}.{lower(name)}" if path else lower(name))
        return found
    if kind == "list":
        size_rules(limits, len(value), wrong)
        for number, item in enumerate(value, 1):
            found += violations(shape.member, item, f"{path}.{number}.member")
        return found
    if kind == "string":
        if shape.enum and value not in shape.enum:
            wrong(f"satisfy enum value set: [{', '.join(reversed(shape.enum))}]")
        size_rules(limits, len(value), wrong)
    elif kind in ("integer", "long", "double", "float"):
        if "min" in limits and value < limits["min"]:
            wrong(f"have value greater than or equal to {limits['min']}")
        if "max" in limits and value > limits["max"]:
            wrong(f"have value less than or equal to {limits['max']}")
    return found


def size_rules(limits: dict[str, Any], size: int, wrong: Any) -> None:
    if "min" in limits and size < limits["min"]:
        wrong(f"have length greater than or equal to {limits['min']}")
    if "max" in limits and size > limits["max"]:
        wrong(f"have length less than or equal to {limits['max']}")


def shown_value(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def lower(name: str) -> str:
    return name[:1].lower() + name[1:]


# -- what goes out


def answer(service: str, call: Call, output: dict[str, Any] | None) -> Answer:
    """The answer to a call, in the format that it was made in."""
    shape = model(service).operation_model(call.operation).output_shape
    output = output or {}
    if call.protocol == CBOR:
        return 200, cbor_headers(), cbor2.dumps(to_tree(shape, output, tagged_time) if shape else {})
    if call.protocol == JSON:
        body = json.dumps(to_tree(shape, output, float) if shape else {})
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, body.encode()
    namespace = model(service).metadata["xmlNamespace"]
    inner = to_xml(shape, output) if shape else ""
    result = f"<{call.operation}Result>{inner}</{call.operation}Result>" if shape else ""
    text = (
        f'<{call.operation}Response xmlns="{namespace}">{result}'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{call.operation}Response>"
    )
    return 200, {"Content-Type": "text/xml"}, text.encode()


def cbor_headers() -> dict[str, str]:
    return {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def tagged_time(value: float) -> Any:
    return cbor2.CBORTag(1, float(value))


def to_tree(shape: Any, value: Any, time: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        known = shape.members
        return {
            name: to_tree(known[name], item, time) for name, item in value.items() if name in known and item is not None
        }
    if kind == "list":
        return [to_tree(shape.member, item, time) for item in value]
    if kind == "map":
        return {key: to_tree(shape.value, item, time) for key, item in value.items()}
    if kind == "timestamp":
        return time(value)
    return scalar(kind, value)


def to_xml(shape: Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        known = shape.members
        return "".join(
            f"<{name}>{to_xml(known[name], item)}</{name}>"
            for name, item in value.items()
            if name in known and item is not None
        )
    if kind == "list":
        return "".join(f"<member>{to_xml(shape.member, item)}</member>" for item in value)
    if kind == "map":
        return "".join(
            f"<entry><key>{escape(key)}</key><value>{to_xml(shape.value, item)}</value></entry>"
            for key, item in value.items()
        )
    if kind == "timestamp":
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if kind == "boolean":
        return "true" if value else "false"
    return escape(str(scalar(kind, value)))


@functools.cache
def error_names(service: str) -> dict[str, str]:
    """From the Query protocol's error codes to the names of the error shapes."""
    # A code that is a shape's own name is that shape's.
    names = {shape.name: shape.name for shape in model(service).error_shapes}
    for shape in model(service).error_shapes:
        names.setdefault(shape.metadata.get("error", {}).get("code", shape.name), shape.name)
    return names


def error_answer(service: str, protocol: str, error: ApiError) -> Answer:
    """An error in the format of the call."""
    fault = "Sender" if error.status < 500 else "Receiver"
    if protocol == QUERY:
        message = "" if error.message is None else f"<Message>{escape(error.message, {chr(34): '&quot;'})}</Message>"
        namespace = model(service).metadata["xmlNamespace"]
        text = (
            f'<ErrorResponse xmlns="{namespace}"><Error><Type>{fault}</Type><Code>{escape(error.code)}</Code>'
            f"{message}</Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
        )
        return error.status, {"Content-Type": "text/xml"}, text.encode()
    name = error.shape or error_names(service).get(error.code, error.code)
    version = model(service).api_version.replace("-", "_")
    kind = f"com.amazonaws.{service}.v{version}#{name}"
    if error.code == "ValidationError":
        kind = "com.amazon.coral.validate#ValidationException"
    tree: dict[str, Any] = {"__type": kind, **error.extra}
    if error.message is not None:
        tree["message"] = error.message
    headers = {"x-amzn-query-error": f"{error.code};{fault}"}
    if protocol == CBOR:
        return error.status, {**cbor_headers(), **headers}, cbor2.dumps(tree)
    return error.status, {"Content-Type": "application/x-amz-json-1.0", **headers}, json.dumps(tree).encode()
