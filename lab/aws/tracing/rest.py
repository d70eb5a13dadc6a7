# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services with REST paths and JSON bodies, driven by botocore's models: a request into plain data and back."""

from __future__ import annotations

import functools
import json
import re
from typing import Any
from urllib.parse import unquote

from lab.aws import protocols
from lab.aws.protocols import Answer, ApiError

_MESSAGES = {"xray": "Message", "application-signals": "Message"}


@functools.cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, path and name of each operation."""
    found = []
    for name in protocols.model(service).operation_names:
        http = protocols.model(service).operation_model(name).http
        uri = http["requestUri"].partition("?")[0]
        # An identifier may be an ARN, whose slash has been decoded by now; none of these paths goes on after one.
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(uri))
        found.append((http["method"], re.compile(pattern + "/?"), name))
    # What is spelt out comes before what a parameter could be.
    return sorted(found, key=lambda route: "?P<" in route[1].pattern)


def operation(service: str, method: str, path: str) -> tuple[str, dict[str, str]]:
    """The operation that a request asks for, and what its path says."""
    for verb, pattern, name in _routes(service):
        if verb == method and (match := pattern.fullmatch(path)):
            return name, {key: unquote(value) for key, value in match.groupdict().items()}
    raise ApiError("UnknownOperationException", f"There is no {method} {path}.", 404)


def read(service: str, name: str, path: dict[str, str], query: Any, body: bytes) -> dict[str, Any]:
    """The input of an operation as plain data, not yet checked."""
    shape = protocols.model(service).operation_model(name).input_shape
    if shape is None:
        return {}
    try:
        raw = json.loads(body) if body else {}
    except ValueError:
        raise ApiError("SerializationException", "The request is no JSON.") from None
    for member, inner in shape.members.items():
        place = inner.serialization.get("location")
        wire = inner.serialization.get("name", member)
        if place == "uri":
            raw[member] = path[member]
        elif place == "querystring":
            given = (query or {}).get(wire)
            if given:
                value = given if inner.type_name == "list" or isinstance(given, str) else given[0]
                raw[member] = value
    found: dict[str, Any] = protocols.from_tree(shape, raw)
    return found


def problems(service: str, name: str, given: dict[str, Any]) -> list[str]:
    """What breaks the constraints of the model."""
    shape = protocols.model(service).operation_model(name).input_shape
    return protocols.violations(shape, given, "") if shape is not None else []


def answer(service: str, name: str, output: dict[str, Any] | None) -> Answer:
    """An output as the client reads it."""
    shape = protocols.model(service).operation_model(name).output_shape
    tree = protocols.to_tree(shape, output or {}, float) if shape else {}
    return 200, {"Content-Type": "application/json"}, json.dumps(tree).encode()


def error_answer(service: str, error: ApiError) -> Answer:
    """An error as the client reads it."""
    headers = {"Content-Type": "application/json", "x-amzn-errortype": error.code}
    return error.status, headers, json.dumps({_MESSAGES[service]: error.message or error.code}).encode()
