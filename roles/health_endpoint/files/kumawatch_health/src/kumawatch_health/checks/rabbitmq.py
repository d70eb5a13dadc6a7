# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RabbitMQ: log in, and where a queue is named, how many messages wait in it."""

from __future__ import annotations

import asyncio
import contextlib

import aio_pika

from ..config import Check
from ..results import Finding, Limits, Status


async def rabbitmq(check: Check) -> Finding:
    connection = await aio_pika.connect(check.options["url"], timeout=check.timeout)
    try:
        queue = check.options.get("queue")
        if not queue:
            return Finding()
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
        count = declared.declaration_result.message_count or 0
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1):
                await connection.close()
    status = (check.options.get("messages") or Limits()).judge(count)
    output = "" if status is Status.PASS else f"{count} messages wait in '{queue}'"
    return Finding(status, output, {"messages": (count, "messages")})
