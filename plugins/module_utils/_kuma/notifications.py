# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications on the server: the calls behind ``kuma_notifications``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._reconcile import ABSENT, Actual, Create, Desired, Plan, Update
from . import notification_model as model
from .bulk import Change, Kind
from .client import KumaClient
from .fields import Version
from .state import State


class Notifications(Kind):
    """The notifications of a server."""

    noun = "notification"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.entries = entries
        self.secrets = model.secrets(entries)
        self.applied = {
            str(entry["name"]) for entry in entries if entry.get("apply_existing") and entry.get("state") != ABSENT
        }
        self.lists = ("notifications", "monitors") if self.applied else ("notifications",)  # type: ignore[misc]
        self._declared: dict[str, set[str]] = {}
        self._stale = False

    async def read(self, client: KumaClient) -> None:
        if self._stale:  # the server tells nobody which monitors it gave a notification to
            self._stale = False
            await client.call("getMonitorList")

    def desired(self, state: State, version: Version) -> list[Desired]:
        existing = {
            str(notification["name"]): model.stored_config(notification)
            for notification in (state.notifications or {}).values()
        }
        entries = model.desired(self.entries, existing, version)
        self._declared = {entry.label: set(entry.properties) for entry in entries}
        return entries

    def actual(self, state: State) -> list[Actual]:
        return model.actual(state.notifications or {}, state.monitors, self.applied, self._declared)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    def exported(self, state: State, version: Version) -> list[dict[str, Any]]:
        return model.exported(state.notifications or {})

    def without_secrets(self, entry: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        return model.without_secrets(entry)

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """One after the other: each change pushes the whole list, and what comes last must be the last."""
        changes: list[Change] = [*decided.create, *decided.update, *decided.delete]
        return [[change] for change in changes]

    async def apply(self, client: KumaClient, change: Change) -> None:
        if isinstance(change, Create):
            await self._save(client, model.creation(change.desired, self.owner), None)
        elif isinstance(change, Update):
            notification = (client.state.notifications or {})[change.actual.ident]
            await self._save(client, model.edition(change, notification, self.owner), change.actual.ident)
        else:
            await client.call("deleteNotification", change.actual.ident)

    async def _save(self, client: KumaClient, notification: Mapping[str, Any], ident: int | None) -> None:
        await client.call("addNotification", notification, ident)
        self._stale = self._stale or notification["applyExisting"]
