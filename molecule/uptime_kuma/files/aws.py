# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for AWS on the host itself: it keeps what is put into a bucket and what CloudWatch is given.

It asks for a signature and does not check it, so that what passes here is no proof for AWS; tests/unit compares the
signatures with those of botocore.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

HOME = Path(sys.argv[1])


class Handler(BaseHTTPRequestHandler):
    """Buckets are directories; each heartbeat is a line."""

    def do_PUT(self) -> None:
        path = HOME / self.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._body())
        self._answer()

    def do_POST(self) -> None:
        with (HOME / "metrics").open("a") as file:
            file.write(self._body().decode() + "\n")
        self._answer()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.query:
            root, prefix = HOME / parts.path.strip("/"), parse_qs(parts.query)["prefix"][0]
            names = [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.is_file()]
            keys = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in names if name.startswith(prefix))
            self._answer(f"<ListBucketResult>{keys}</ListBucketResult>".encode())
        else:
            self._answer((HOME / parts.path.lstrip("/")).read_bytes())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, body: bytes = b"") -> None:
        signed = self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=molecule/")
        self.send_response(200 if signed else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


HOME.mkdir(parents=True, exist_ok=True)
ThreadingHTTPServer(("127.0.0.1", 4566), Handler).serve_forever()
