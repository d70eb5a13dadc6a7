# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis: PING, and on a replica how long it has heard nothing of its primary."""

from __future__ import annotations

from redis.asyncio import Redis

from ..config import Check
from ..results import Finding, Status


async def redis(check: Check) -> Finding:
    client = Redis.from_url(
        check.options["url"],
        socket_timeout=check.timeout,
        socket_connect_timeout=check.timeout,
        single_connection_client=True,
        protocol=2,  # every version speaks it
    )
    try:
        await client.ping()
        limits = check.options.get("replica_lag")
        if limits is None:
            return Finding()
        info = await client.info("replication")
    finally:
        await client.aclose()
    if info.get("role") != "slave":
        return Finding()
    lag = float(info.get("master_last_io_seconds_ago", -1))
    if info.get("master_link_status") != "up" or lag < 0:
        return Finding(Status.FAIL, "the replica has lost its primary")
    status = limits.judge(lag)
    output = "" if status is Status.PASS else f"the replica is {lag:g} s behind its primary"
    return Finding(status, output, {"replicaLag": (lag, "s")})
