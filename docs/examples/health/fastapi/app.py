# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application with FastAPI and its own health endpoint: `uvicorn app:app`. Needs fastapi, httpx and uvicorn.

Checks run in the background, each at its own pace and with a time limit; an answer is made of what they last found.
So no number of requests loads the database, and a database that hangs delays no answer.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse

INTERVAL = float(os.environ.get("HEALTH_INTERVAL", "15"))
TOKEN = os.environ.get("HEALTH_TOKEN", "")
ORDER = ["pass", "warn", "fail"]


@dataclass
class Check:
    """A dependency. One that is not critical at worst warns."""

    name: str
    run: Callable[[], Awaitable[None]]
    kind: str = "component"
    critical: bool = True
    timeout: float = 3.0
    status: str = "fail"
    output: str = "it has not been checked yet"
    seconds: float = 0.0
    at: float = 0.0
    moment: str = ""

    async def repeat(self) -> None:
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(self.timeout):
                    await self.run()
                self.status, self.output = "pass", ""
            except TimeoutError:
                self.status, self.output = "fail", f"no answer within {self.timeout:g} s"
            except Exception as error:  # whatever it is, it is what there is to say
                # Only its kind: what drivers say may hold addresses with passwords.
                self.status, self.output = "fail", type(error).__name__
            if self.status == "fail" and not self.critical:
                self.status = "warn"
            self.seconds, self.at = time.monotonic() - began, time.monotonic()
            self.moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            await asyncio.sleep(INTERVAL)

    def state(self) -> tuple[str, str]:
        """Status and output; what nobody has refreshed for too long is not trusted."""
        if self.at and time.monotonic() - self.at > 3 * INTERVAL + self.timeout:
            return max(self.status, "warn", key=ORDER.index), "stale"
        return self.status, self.output


async def database() -> None:
    """Stands for a query such as `SELECT 1`."""
    host, port = os.environ["DATABASE"].rsplit(":", 1)
    _reader, writer = await asyncio.open_connection(host, int(port))
    writer.close()


async def search() -> None:
    async with httpx.AsyncClient() as client:
        (await client.get(os.environ["SEARCH_URL"])).raise_for_status()


CHECKS = [Check("database", database, kind="datastore"), Check("search", search, critical=False)]


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(check.repeat()) for check in CHECKS]
    yield
    for task in tasks:
        task.cancel()


app = FastAPI(lifespan=lifespan)


def answer(checks: list[Check], authorization: str) -> JSONResponse:
    states = {check.name: check.state() for check in checks}
    status = max((state for state, _output in states.values()), key=ORDER.index, default="pass")
    document: dict[str, object] = {"status": status}
    if TOKEN and hmac.compare_digest(authorization.encode(), f"Bearer {TOKEN}".encode()):
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
    return JSONResponse(
        document,
        503 if status == "fail" else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/health+json",
    )


@app.get("/livez")
async def livez() -> JSONResponse:
    """The process answers. It knows no dependencies: restarting it mends no database."""
    return JSONResponse({"status": "pass"}, media_type="application/health+json")


@app.get("/readyz")
async def readyz(authorization: str = Header("")) -> JSONResponse:
    return answer([check for check in CHECKS if check.critical], authorization)


@app.get("/health")
async def health(authorization: str = Header("")) -> JSONResponse:
    return answer(CHECKS, authorization)
