# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is configured on a server, in the shape that the modules take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from .._errors import KumawatchError
from .bulk import Kind
from .client import Connection, connect
from .gateways import DockerHosts, Proxies, RemoteBrowsers
from .maintenances import Maintenances
from .monitors import Monitors
from .notifications import Notifications
from .settings import Settings
from .status_pages import StatusPages

#: What can be gathered, in the order in which it has to be applied to an empty server.
KINDS: dict[str, Callable[[], Kind]] = {
    "notifications": lambda: Notifications([]),
    "proxies": lambda: Proxies([]),
    "docker_hosts": lambda: DockerHosts([]),
    "remote_browsers": lambda: RemoteBrowsers([]),
    "monitors": lambda: Monitors([]),
    "status_pages": lambda: StatusPages([], everything=True),
    "maintenances": lambda: Maintenances([], everything=True),
    "settings": lambda: Settings({}),
}


@dataclass
class Gathered:
    """What was found: entries by kind, and which secrets were left out."""

    version: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)


async def gather(connection: Connection, what: Collection[str], *, include_secrets: bool) -> Gathered:
    """Read the named kinds over one connection.

    :param what: keys of :data:`KINDS`.
    :param include_secrets: whether passwords, tokens and the like are among it; otherwise ``withheld`` names them.
    """
    kinds = {name: make() for name, make in KINDS.items() if name in what}
    # 1.23 has no remote browsers and sends no list of them; 2.x is waited for once its version is known.
    lists = {name for kind in kinds.values() for name in kind.lists} - {"remote_browsers"}
    async with connect(connection, tuple(sorted(lists))) as client:
        if client.needs_setup:
            raise KumawatchError(
                f"Uptime Kuma at {connection.shown} has no user yet: run kumawatch.monitoring.kuma_setup first."
            )
        found = Gathered(client.reported_version)
        for name, kind in kinds.items():
            if name == "remote_browsers" and client.version < RemoteBrowsers.since:
                found.configuration[name] = []
                continue
            await kind.read(client)
            entries = kind.exported(client.state, client.version)
            if not include_secrets:
                entries = list(_withhold(kind, entries, found.withheld))
            found.configuration[name] = entries[0] if name == "settings" else entries
        return found


def _withhold(kind: Kind, entries: Iterable[dict[str, Any]], withheld: list[str]) -> Iterable[dict[str, Any]]:
    for entry in entries:
        name = entry.get("name") or entry.get("slug") or entry.get("title") or ""
        rest, options = kind.without_secrets(entry)
        withheld += [f"{kind.noun} '{name}': {option}" if name else f"{kind.noun}: {option}" for option in options]
        yield rest
