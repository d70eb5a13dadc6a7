# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time changes a server, whichever machine it runs on.

Uptime Kuma has no locks and no unique names: two runs that create the same group at once leave two groups. What it has
is tags with ascending ids, added one after the other. So whoever is about to write adds a tag, and the oldest such tag
holds the lock: a bakery's numbered tickets. The holder renames its ticket every few seconds; a ticket that stands still
belongs to a run that died, and is removed by whoever waits for it. No clock is compared with another machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
import uuid
from collections.abc import AsyncIterator

from .._errors import KumawatchError
from .client import KumaClient
from .tags import LOCK, is_lock

COLOR = "#4B5563"
RENEW = 3.0
#: A holder that has not renewed its ticket for so long is dead. Well above what a busy server delays a renewal.
STALE = 15.0
POLL = 0.5
#: Half an hour: longer than any apply takes.
PATIENCE = 1800.0


@contextlib.asynccontextmanager
async def exclusive(client: KumaClient, patience: float = PATIENCE) -> AsyncIterator[float]:
    """Hold the server's lock; yields the seconds waited for it.

    :raises KumawatchError: another run held it for longer than ``patience``.
    """
    holder = f"{LOCK}{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    answer = await client.call("addTag", {"name": f"{holder} 0", "color": COLOR})
    ticket = int(answer["tag"]["id"])
    renewal = asyncio.ensure_future(_renew(client, ticket, holder))
    try:
        yield await _wait_turn(client, ticket, patience)
    finally:
        renewal.cancel()
        with contextlib.suppress(asyncio.CancelledError, KumawatchError):
            await renewal
        with contextlib.suppress(KumawatchError):  # gone with the server; the next run removes it
            await client.call("deleteTag", ticket)


async def _renew(client: KumaClient, ticket: int, holder: str) -> None:
    beat = 0
    while True:
        await asyncio.sleep(RENEW)
        beat += 1
        await client.call("editTag", {"id": ticket, "name": f"{holder} {beat}", "color": COLOR})


async def _wait_turn(client: KumaClient, ticket: int, patience: float) -> float:
    started = time.monotonic()
    seen: dict[int, tuple[str, float]] = {}
    while True:
        tags = (await client.call("getTags"))["tags"]
        ahead = {int(tag["id"]): tag["name"] for tag in tags if is_lock(tag["name"]) and int(tag["id"]) < ticket}
        if not ahead:
            return time.monotonic() - started
        now = time.monotonic()
        for ident, name in ahead.items():
            if seen.get(ident, ("", 0.0))[0] != name:
                seen[ident] = (name, now)
            elif now - seen[ident][1] > STALE:
                await client.call("deleteTag", ident)
        if now - started > patience:
            holder = min(ahead.items())[1].removeprefix(LOCK).split(" ")[0]
            raise KumawatchError(
                f"another run ({holder}) has been changing Uptime Kuma at {client.connection.shown} for {patience:g} "
                f"s: wait until it ends, or delete the tag '{LOCK}…' if it no longer runs."
            )
        await asyncio.sleep(POLL)
