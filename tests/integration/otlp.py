# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers of OTLP, in place of those of vendors, that take what the vendors' documentation says they take.

Stand-ins: they know of each vendor the path, the header of the key, the protocol and what is refused, and decode what
comes with OpenTelemetry's own definitions. What the real ones do with a span, they do not know.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

PROTOBUF = "application/x-protobuf"


@dataclass
class Receiver:
    """One receiver.

    :param path: where it takes traces.
    :param header: the header that holds the key, in small letters; empty where nothing is asked.
    :param value: what is in it.
    :param signed: Region and service of a signature (SigV4), in place of a key, with :data:`CREDENTIALS`.
    """

    path: str = "/v1/traces"
    header: str = ""
    value: str = ""
    signed: tuple[str, str] | None = None
    bodies: list[bytes] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    url: str = ""

    @property
    def spans(self) -> list[tuple[dict[str, str], Any]]:
        """Each span with the attributes of its resource."""
        result = []
        for body in self.bodies:
            for part in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = attributes(part.resource.attributes)
                result += [(resource, span) for scope in part.scope_spans for span in scope.spans]
        return result

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of an answer; what is taken is kept, unpacked."""
        if path != self.path:
            return 404
        if method != "POST":
            return 405
        if headers.get("content-type") != PROTOBUF:
            return 415
        if self.signed and not _signed(self.signed, self.url, path, headers, body):
            return 403
        if self.header and headers.get(self.header) != self.value:
            return 403
        try:
            unpacked = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            request = ExportTraceServiceRequest.FromString(unpacked)
        except (OSError, DecodeError):
            return 400
        if not request.resource_spans:
            return 400
        self.bodies.append(unpacked)
        return 200


CREDENTIALS = Credentials("AKIDEXAMPLE", "secret-for-the-test")


def attributes(pairs: Any) -> dict[str, str]:
    """Attributes as text, whatever they are."""
    result = {}
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        result[pair.key] = str(getattr(pair.value, kind)) if kind else ""
    return result


def _signed(scope: tuple[str, str], url: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the signature is that which botocore makes of the same request."""
    region, service = scope
    given = headers.get("authorization", "")
    if "x-amz-date" not in headers or f"/{region}/{service}/aws4_request" not in given:
        return False
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest("POST", url + path, data=body, headers={name: headers.get(name, "") for name in names})
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(CREDENTIALS, service, region)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    return given.endswith(f"Signature={signature}")


def read_body(request: BaseHTTPRequestHandler) -> bytes:
    """The body of a request; also one whose length nobody knew when it began, as Node sends it."""
    if request.headers.get("transfer-encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("content-length", 0)))
    body = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    while request.rfile.readline().strip():
        pass
    return body


@contextmanager
def running(receiver: Receiver, port: int = 0) -> Iterator[Receiver]:
    """The receiver on the loopback interface, with its address in ``url``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = read_body(self)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.answer("POST", self.path, headers, body)
            receiver.answers.append(status)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("content-type", PROTOBUF)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
