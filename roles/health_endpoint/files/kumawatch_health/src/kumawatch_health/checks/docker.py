# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker container: it runs, and where it has a health check of its own, that is well."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from ..config import Check
from ..results import Finding, Status


async def docker(check: Check) -> Finding:
    name = check.options["container"]
    transport = httpx.AsyncHTTPTransport(uds=check.options["socket"])
    async with httpx.AsyncClient(transport=transport, base_url="http://docker", timeout=check.timeout) as client:
        response = await client.get(f"/containers/{quote(name, safe='')}/json")
    if response.status_code == 404:
        return Finding(Status.FAIL, f"there is no container '{name}'")
    response.raise_for_status()
    state = response.json()["State"]
    health = (state.get("Health") or {}).get("Status", "none")
    measured = {"restarts": (int(response.json().get("RestartCount", 0)), "restarts")}
    if state.get("Status") != "running":
        code = f", exit code {state['ExitCode']}" if state.get("Status") == "exited" else ""
        return Finding(Status.FAIL, f"container '{name}' is {state.get('Status')}{code}", measured)
    if health == "unhealthy":
        return Finding(Status.FAIL, f"container '{name}' calls itself unhealthy", measured)
    if health == "starting":
        return Finding(Status.WARN, f"container '{name}' is starting", measured)
    return Finding(measurements=measured)
