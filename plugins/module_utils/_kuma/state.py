# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server pushed, kept current by what it pushes later. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class State:
    """What the server pushed, kept current. Lists by id; ``None`` until the server has sent it."""

    info: dict[str, Any] | None = None
    monitors: dict[int, dict[str, Any]] | None = None
    notifications: dict[int, dict[str, Any]] | None = None
    proxies: dict[int, dict[str, Any]] | None = None
    docker_hosts: dict[int, dict[str, Any]] | None = None
    remote_browsers: dict[int, dict[str, Any]] | None = None
    maintenances: dict[int, dict[str, Any]] | None = None
    status_pages: dict[int, dict[str, Any]] | None = None

    @classmethod
    def empty(cls) -> State:
        """What a server holds that has not been set up yet."""
        return cls({}, {}, {}, {}, {}, {}, {}, {})

    def receive(self, event: str, args: tuple[Any, ...]) -> bool:
        """Take in one pushed event; returns whether it was one of ours."""
        payload = args[0] if args else None
        if event in _LISTS:
            setattr(self, _LISTS[event], _by_id(payload))
        elif event == "updateMonitorIntoList":
            if self.monitors is not None:  # before the list has come, one monitor must not pass for the list
                self.monitors.update(_by_id(payload))
        elif event == "deleteMonitorFromList":
            if self.monitors:
                self.monitors.pop(int(payload or 0), None)
        elif event == "info":
            self.info = {**(self.info or {}), **(payload or {})}
        else:
            return False
        return True


_LISTS = {
    "monitorList": "monitors",
    "notificationList": "notifications",
    "proxyList": "proxies",
    "dockerHostList": "docker_hosts",
    "remoteBrowserList": "remote_browsers",
    "maintenanceList": "maintenances",
    "statusPageList": "status_pages",
}


def _by_id(payload: Any) -> dict[int, dict[str, Any]]:
    items = payload.values() if isinstance(payload, Mapping) else payload or ()
    return {int(item["id"]): dict(item) for item in items}
