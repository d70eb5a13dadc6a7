# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill from Uptime Kuma: its own test of a notification, under a name that the relay knows again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import KumawatchError
from .client import CallFailed, Connection, connect
from .notification_model import MARK

FRONT_DOOR = "/uptime-kuma"
"""How the address of a notification ends that goes through the relay."""


@dataclass
class Sent:
    """One notification that was tested: whether it goes through the relay, and what the server said if it failed."""

    name: str
    relayed: bool
    drill: str
    error: str = ""


def send(
    connection: Connection, drill: str, names: Sequence[str] | None, managed_by: str, timeout: float
) -> list[Sent]:
    """Let Uptime Kuma test notifications, all at once.

    :param names: which; those that bear the mark ``managed_by`` if it is ``None``.
    :raises KumawatchError: the server cannot be used, or has no such notification.
    """
    return asyncio.run(_send(connection, drill, names, managed_by, timeout))


async def _send(
    connection: Connection, drill: str, names: Sequence[str] | None, managed_by: str, timeout: float
) -> list[Sent]:
    async with connect(connection, ("notifications",)) as client:
        configurations = [
            {**json.loads(entry.get("config") or "{}"), "name": entry["name"], "id": entry["id"]}
            for entry in (client.state.notifications or {}).values()
        ]
        chosen = _chosen(configurations, names, managed_by)

        async def test(number: int, configuration: dict[str, Any]) -> Sent:
            address = str(configuration.get("webhookURL") or "")
            sent = Sent(
                configuration["name"],
                configuration.get("type") == "webhook" and address.rstrip("/").endswith(FRONT_DOOR),
                f"{drill}-kuma{number}",
            )
            marked = {**configuration, "name": f"kumawatch-drill: {sent.drill}"}
            try:
                await client.call("testNotification", marked, timeout=timeout)
            except CallFailed as error:
                sent.error = error.reason
            return sent

        return list(await asyncio.gather(*(test(number, entry) for number, entry in enumerate(chosen, 1))))


def _chosen(
    configurations: Sequence[dict[str, Any]], names: Sequence[str] | None, managed_by: str
) -> list[dict[str, Any]]:
    if names is None:
        return [entry for entry in configurations if entry.get(MARK) == managed_by]
    there = {entry["name"]: entry for entry in configurations}
    missing = [name for name in names if name not in there]
    if missing:
        raise KumawatchError(
            f"Uptime Kuma has no notification '{missing[0]}': run the role uptime_targets, or correct the name."
        )
    return [there[name] for name in names]
