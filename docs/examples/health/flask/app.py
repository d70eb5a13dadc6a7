# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application with Flask and its own health endpoint: `flask run`. Needs flask.

Checks run in threads of their own, one for each, and keep what they last found; an answer is made of that. So no
number of requests loads the database, and a database that hangs delays no answer. A thread cannot be stopped: the time
limits are those of the calls themselves, and a call that outlives them makes its check stale.

Under gunicorn with preload, start the threads in `post_fork`: threads do not live on in the workers.
"""

from __future__ import annotations

import hmac
import json
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask, Response, request

INTERVAL = float(os.environ.get("HEALTH_INTERVAL", "15"))
TOKEN = os.environ.get("HEALTH_TOKEN", "")
TIMEOUT = 3.0
ORDER = ["pass", "warn", "fail"]


@dataclass
class Check:
    """A dependency. One that is not critical at worst warns."""

    name: str
    run: Callable[[], None]
    kind: str = "component"
    critical: bool = True
    status: str = "fail"
    output: str = "it has not been checked yet"
    seconds: float = 0.0
    at: float = 0.0
    moment: str = ""

    def repeat(self) -> None:
        while True:
            began = time.monotonic()
            try:
                self.run()
                status, output = "pass", ""
            except TimeoutError:
                status, output = "fail", f"no answer within {TIMEOUT:g} s"
            except Exception as error:  # whatever it is, it is what there is to say
                # Only its kind: what drivers say may hold addresses with passwords.
                status, output = "fail", type(error).__name__
            self.status, self.output = ("warn" if status == "fail" and not self.critical else status), output
            self.seconds, self.at = time.monotonic() - began, time.monotonic()
            self.moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            time.sleep(INTERVAL)

    def state(self) -> tuple[str, str]:
        """Status and output; what nobody has refreshed for too long is not trusted."""
        if self.at and time.monotonic() - self.at > 3 * INTERVAL + TIMEOUT:
            return max(self.status, "warn", key=ORDER.index), "stale"
        return self.status, self.output


def database() -> None:
    """Stands for a query such as `SELECT 1`."""
    host, port = os.environ["DATABASE"].rsplit(":", 1)
    socket.create_connection((host, int(port)), TIMEOUT).close()


def search() -> None:
    with urllib.request.urlopen(os.environ["SEARCH_URL"], timeout=TIMEOUT) as found:
        found.read()


CHECKS = [Check("database", database, kind="datastore"), Check("search", search, critical=False)]
for check in CHECKS:
    threading.Thread(target=check.repeat, name=f"health {check.name}", daemon=True).start()

app = Flask(__name__)


def answer(checks: list[Check]) -> Response:
    states = {check.name: check.state() for check in checks}
    status = max((state for state, _output in states.values()), key=ORDER.index, default="pass")
    document: dict[str, object] = {"status": status}
    shown = request.headers.get("Authorization", "")
    if TOKEN and hmac.compare_digest(shown.encode(), f"Bearer {TOKEN}".encode()):
        document["serviceId"] = "example"
        document["checks"] = {
            f"{check.name}:responseTime": [
                {
                    "componentId": check.name,
                    "componentType": check.kind,
                    "status": states[check.name][0],
                    "time": check.moment,
                    "observedValue": round(1000 * check.seconds, 1),
                    "observedUnit": "ms",
                    **({"output": states[check.name][1]} if states[check.name][1] else {}),
                }
            ]
            for check in checks
        }
    return respond(document, 503 if status == "fail" else 200)


def respond(document: dict[str, object], code: int) -> Response:
    made = Response(json.dumps(document), code, content_type="application/health+json")
    made.headers["Cache-Control"] = "no-store"
    return made


@app.get("/livez")
def livez() -> Response:
    """The process answers. It knows no dependencies: restarting it mends no database."""
    return respond({"status": "pass"}, 200)


@app.get("/readyz")
def readyz() -> Response:
    return answer([check for check in CHECKS if check.critical])


@app.get("/health")
def health() -> Response:
    return answer(CHECKS)
