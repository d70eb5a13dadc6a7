# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In front of everything: the lab's own switches, the log of requests, and the faults that tests order."""

from __future__ import annotations

import asyncio
import functools
import json
import random
import re
import socket
import struct
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import cbor2
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from lab.aws import faults
from lab.aws.faults import Fault

LOGGED = 100_000
"""How many requests are remembered."""

Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Switch = Callable[[str, str, bytes], Awaitable[tuple[int, Any]]]

SERVICE_MODELS = {
    "lambda": "lambda",
    "scheduler": "scheduler",
    "s3": "s3",
    "pipes": "pipes",
    "apigateway": "apigateway",
    "xray": "xray",
    "application-signals": "application-signals",
}
"""Services with REST paths: by what they are signed for, botocore's name."""


class Connections:
    """The open connections by the client's address, to be able to cut them."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], Any] = {}

    def cut(self, client: tuple[str, int]) -> None:
        """Reset a connection: the client sees it end without an answer."""
        writer = self.open.get(client)
        if writer is None:
            return
        sock = writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


class Front:
    """The ASGI application around MiniStack's."""

    def __init__(self, inner: Asgi, switch: Switch, connections: Connections) -> None:
        self.inner, self.switch, self.connections = inner, switch, connections
        self.rules: list[Fault] = []
        self.requests: deque[dict[str, Any]] = deque(maxlen=LOGGED)
        self.started: Callable[[], Awaitable[None]] | None = None
        self.stopping: Callable[[], Awaitable[None]] | None = None
        self.was_reset: Callable[[], None] = lambda: None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, self.watched(receive), send)
        elif scope["type"] != "http":
            await self.inner(scope, receive, send)
        elif scope["path"].startswith("/_lab/"):
            await self.own(scope, receive, send)
        elif scope["path"].startswith("/_ministack/"):
            await self.inner(scope, receive, send)
            if scope["path"] == "/_ministack/reset" and scope["method"] == "POST":
                self.rules.clear()
                self.requests.clear()
        else:
            await self.request(scope, receive, send)

    def watched(self, receive: Any) -> Any:
        async def receive_and_act() -> Any:
            message = await receive()
            if message["type"] == "lifespan.startup" and self.started is not None:
                await self.started()
            elif message["type"] == "lifespan.shutdown" and self.stopping is not None:
                await self.stopping()
            return message

        return receive_and_act

    # -- requests to AWS

    async def request(self, scope: Any, receive: Any, send: Any) -> None:
        body = await whole_body(receive)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        service = service_of(headers, scope["query_string"])
        operation = operation_of(service, scope, headers, body)
        entry = {"service": service, "operation": operation, "status": 0, "at": time.time()}
        self.requests.append(entry)
        hit = faults.choose(self.rules, service, operation, random.random) if self.rules else []
        for rule in hit:
            if rule.kind == "latency":
                await asyncio.sleep(rule.seconds)
        blow = next((rule for rule in hit if rule.kind != "latency"), None)
        if blow is not None and blow.kind == "reset":
            entry["status"] = "reset"
            self.connections.cut(scope["client"])
            return
        if blow is not None and blow.kind in ("throttle", "error"):
            status, extra, answer = fault_answer(blow.kind, service, headers, scope)
            entry["status"] = status
            await respond(send, status, extra, answer)
            return
        delivered = False

        async def replay() -> Any:
            nonlocal delivered
            if delivered:
                return await receive()
            delivered = True
            return {"type": "http.request", "body": body, "more_body": False}

        lost = blow is not None and blow.kind == "lost_response"

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = "lost" if lost else message["status"]
            if not lost:
                await send(message)

        await self.inner(scope, replay, noted)
        if lost:
            self.connections.cut(scope["client"])

    # -- the lab's own

    async def own(self, scope: Any, receive: Any, send: Any) -> None:
        body = await whole_body(receive)
        method, path = scope["method"], scope["path"]
        try:
            status, value = await self.answer_own(method, path, body)
        except (faults.BadFault, ValueError, TypeError, KeyError, AttributeError) as exc:
            status, value = 400, {"error": str(exc)}
        await respond(send, status, {"Content-Type": "application/json"}, json.dumps(value).encode())

    async def answer_own(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/_lab/faults":
            if method == "POST":
                self.rules += faults.read(json.loads(body))
            elif method == "DELETE":
                self.rules.clear()
            return 200, faults.shown(self.rules)
        if path == "/_lab/requests":
            if method == "DELETE":
                self.requests.clear()
            return 200, list(self.requests)
        return await self.switch(method, path, body)


async def whole_body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


async def respond(send: Any, status: int, headers: dict[str, str], body: bytes) -> None:
    listed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    listed.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


# -- what a request is


def service_of(headers: dict[str, str], query: bytes) -> str:
    """What a request is signed for; "" when it is not signed."""
    found = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    if found is None and b"X-Amz-Credential" in query:
        found = re.search(r"[^/]+/[^/]+/[^/]+/([^/]+)/", parse_qs(query.decode())["X-Amz-Credential"][0])
    return found[1] if found else ""


def operation_of(service: str, scope: Any, headers: dict[str, str], body: bytes) -> str:
    """The operation's name in any of AWS's protocols; "" when it cannot be told."""
    path = scope["path"]
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if found := re.fullmatch(r"/service/[^/]+/operation/([^/]+)/?", path):
        return found[1]
    if b"Action=" in scope["query_string"]:
        return parse_qs(scope["query_string"].decode()).get("Action", [""])[0]
    if "x-www-form-urlencoded" in headers.get("content-type", "") and b"Action=" in body:
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        return action[1].decode() if action else ""
    query = set(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    best, length = "", -1
    for method, pattern, wanted, name, weight in rest_operations(service):
        if method == scope["method"] and wanted <= query and pattern.fullmatch(unquote(path)) and weight > length:
            best, length = name, weight
    return best


@functools.cache
def rest_operations(service: str) -> list[tuple[str, re.Pattern[str], frozenset[str], str, int]]:
    """Method, path, query parameters, name and weight of each operation of a service with REST paths."""
    if service not in SERVICE_MODELS:
        return []
    try:
        loaded = Loader().load_service_model(SERVICE_MODELS[service], "service-2")
    except UnknownServiceError:
        return []
    found = []
    for name, operation in loaded["operations"].items():
        if operation.get("deprecated"):
            # Its successor is called in the same way.
            continue
        uri, _mark, query = operation["http"]["requestUri"].partition("?")
        pattern = re.sub(r"\\\{(\w+)(\\\+)?\\\}", lambda match: "(.+)" if match[2] else "([^/]+)", re.escape(uri))
        # A Lambda may be named by its ARN or its name.
        wanted = frozenset(part.partition("=")[0] for part in query.split("&") if part)
        wanted |= _required_in_query(loaded["shapes"].get(operation.get("input", {}).get("shape"), {}))
        literal = len(re.sub(r"\{[^}]*\}", "", uri)) + 100 * len(wanted)
        found.append((operation["http"]["method"], re.compile(pattern.rstrip("/") + "/?"), wanted, name, literal))
    return found


def _required_in_query(shape: dict[str, Any]) -> frozenset[str]:
    """The query parameters that an operation cannot do without: what tells one thing from a list of them."""
    members = (shape["members"][name] for name in shape.get("required", ()))
    return frozenset(member["locationName"] for member in members if member.get("location") == "querystring")


# -- faults as each protocol words them

JSON_CODES = {"throttle": "ThrottlingException", "error": "InternalServerError"}
REST_THROTTLES = {"lambda": "TooManyRequestsException", "xray": "ThrottledException"}
MESSAGES = {"throttle": "Rate exceeded", "error": "We encountered an internal error. Please try again."}


def fault_answer(kind: str, service: str, headers: dict[str, str], scope: Any) -> tuple[int, dict[str, str], bytes]:
    """Throttling, or an error of the server, as a client of the service understands it."""
    message = MESSAGES[kind]
    status = 400 if kind == "throttle" else 500
    fault = "Sender" if kind == "throttle" else "Receiver"
    query_code = "Throttling" if kind == "throttle" else "InternalFailure"
    if "smithy-protocol" in headers or scope["path"].startswith("/service/"):
        tree = {"__type": f"com.amazonaws.{service}#{JSON_CODES[kind]}", "message": message}
        extra = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return status, {**extra, "x-amzn-query-error": f"{query_code};{fault}"}, cbor2.dumps(tree)
    if target := headers.get("x-amz-target"):
        code = JSON_CODES[kind]
        if kind == "throttle" and service == "dynamodb":
            code = "ProvisionedThroughputExceededException"
        extra = {"Content-Type": headers.get("content-type", "application/x-amz-json-1.0")}
        if target.startswith("AmazonSQS"):
            extra["x-amzn-query-error"] = f"{query_code};{fault}"
        return status, extra, json.dumps({"__type": code, "message": message}).encode()
    if service == "ec2":
        code = "RequestLimitExceeded" if kind == "throttle" else "InternalError"
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{uuid.uuid4()}</RequestID></Response>"
        )
        return 503 if kind == "throttle" else 500, {"Content-Type": "text/xml"}, text.encode()
    if service == "s3":
        code = "SlowDown" if kind == "throttle" else "InternalError"
        text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{uuid.uuid4()}</RequestId></Error>"
        return 503 if kind == "throttle" else 500, {"Content-Type": "application/xml"}, text.encode()
    if service in SERVICE_MODELS:
        code = REST_THROTTLES.get(service, JSON_CODES[kind]) if kind == "throttle" else JSON_CODES[kind]
        extra = {"Content-Type": "application/json", "x-amzn-errortype": code}
        return 429 if kind == "throttle" else 500, extra, json.dumps({"message": message}).encode()
    text = (
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{query_code}</Code><Message>{message}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, text.encode()
