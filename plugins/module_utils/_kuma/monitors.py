# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors on the server: the calls behind ``kuma_monitors``."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._errors import KumawatchError
from .._reconcile import ABSENT, Actual, Create, Desired, Plan, Update
from . import monitor_model as model
from .bulk import Change, Kind
from .client import CallFailed, KumaClient
from .fields import EDIT_RESUMES_UNTIL, MONITOR_FIELDS, Version
from .monitor_model import NOTHING_PENDING, Names, Pending
from .paths import MonitorIndex, Path, label
from .state import State
from .tags import MARK, MARK_COLOR, TAG_COLOR, is_lock

#: Up to here the server, asked to take a tag off a monitor, deletes every tag that no monitor bears.
TAGS_VANISH_UNTIL: Version = (1, 23, 1)


class Monitors(Kind):
    """The monitors of a server, groups among them."""

    noun = "monitor"
    lists = ("monitors", "notifications", "proxies", "docker_hosts")
    secrets = frozenset(item.option for item in MONITOR_FIELDS if item.secret)

    def __init__(self, entries: Sequence[Mapping[str, Any]], pending: Pending = NOTHING_PENDING) -> None:
        super().__init__()
        self.entries = entries
        self.pending = pending
        self._options = {option for entry in entries for option, value in entry.items() if value is not None}
        self._ids: dict[Path, int] = {}
        self._before: set[int] = set()
        self._names = Names()
        self._tags: dict[str, int] = {}
        self._colors: dict[str, str] = {}

    async def read(self, client: KumaClient) -> None:
        if client.version >= (2, 0, 0):  # 1.23 has no remote browsers and sends no list of them
            await client.wait_for("remote_browsers")

    def desired(self, state: State, version: Version) -> list[Desired]:
        index = MonitorIndex(state.monitors or {})
        types = {path: (state.monitors or {})[ident]["type"] for ident, path in index.paths.items()}
        declared = model.desired(self.entries, Names.of(state, self.pending), version, types)
        keys = {entry.key for entry in declared}
        for entry in declared:
            group = entry.key[:-1]
            if group and group not in keys and entry.state != ABSENT:
                index.ident(group, f"monitor '{entry.label}': group")  # the planner sees to those that are declared
        return declared

    def actual(self, state: State) -> list[Actual]:
        index = MonitorIndex(state.monitors or {})
        resurfacing = model.resurfacing(self.entries, state, index)
        return model.actual(state, Names.of(state), self._version, self._options, index, resurfacing)

    def exported(self, state: State, version: Version) -> list[dict[str, Any]]:
        return model.exported(state, version)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after, self._version)

    def plan(self, state: State, version: Version) -> Plan:
        self._version = version
        decided = super().plan(state, version)
        self._check_changed_types(decided, state)
        return self._keep_groups(decided, state)

    @staticmethod
    def _check_changed_types(decided: Plan, state: State) -> None:
        """A group that becomes something else would be emptied by the server."""
        monitors = state.monitors or {}
        for change in decided.update:
            if "type" in change.differences and change.differences["type"].before == "group":
                inside = [item["name"] for item in monitors.values() if item.get("parent") == change.actual.ident]
                if inside:
                    raise KumawatchError(
                        f"monitor '{change.label}' cannot turn from a group into type "
                        f"'{change.differences['type'].after}', '{min(inside)}' is in it: move or delete that first."
                    )

    def _keep_groups(self, decided: Plan, state: State) -> Plan:
        """Deleting a group turns its monitors out of it. Those that stay keep their group."""
        if not decided.delete:
            return decided
        monitors = state.monitors or {}
        paths = MonitorIndex(monitors).paths
        doomed = {change.actual.ident: change for change in decided.delete}
        declared = {change.key for change in decided.create}
        declared.update(entry.key for entry in self.desired(state, self._version) if entry.state != ABSENT)
        kept: list[str] = []
        while True:
            staying = {
                monitors[ident]["parent"]: paths[ident]
                for ident in monitors
                if ident not in doomed and monitors[ident].get("parent") in doomed
            }
            staying.update((ident, key) for ident in doomed for key in declared if key[:-1] == paths[ident])
            if not staying:
                break
            for group, child in staying.items():
                change = doomed.pop(group)
                if not change.purged:
                    raise KumawatchError(
                        f"monitor '{change.label}' cannot be deleted, '{child[-1]}' is still in it: declare that "
                        "absent as well, or move it out."
                    )
                kept.append(change.label)
                reason = "is declared in it" if child in declared else "which is not ours, is still in it"
                self.warnings.append(f"monitor '{change.label}' is not purged, '{child[-1]}', {reason}.")
        if not kept:
            return decided
        return dataclasses.replace(
            decided,
            delete=tuple(change for change in decided.delete if change.actual.ident in doomed),
            unmanaged=tuple(sorted([*decided.unmanaged, *kept])),
        )

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """Groups before what is in them; deletions the other way round."""

        def by_depth(changes: Sequence[Any]) -> list[list[Any]]:
            levels: dict[int, list[Any]] = {}
            for change in changes:
                levels.setdefault(len(change.key), []).append(change)
            return [levels[depth] for depth in sorted(levels)]

        return [*by_depth(decided.create), *by_depth(decided.update), *reversed(by_depth(decided.delete))]

    async def prepare(self, client: KumaClient, decided: Plan) -> None:
        monitors = client.state.monitors or {}
        self._before = set(monitors)
        self._ids = {path: ident for ident, path in MonitorIndex(monitors).paths.items()}
        self._names = Names.of(client.state)
        await self._prepare_tags(client, decided)

    async def _prepare_tags(self, client: KumaClient, decided: Plan) -> None:
        """Make each tag that will be needed once, before many monitors need it at the same time."""
        needed: set[str] = set()
        colors: dict[str, str] = {}
        written: tuple[Create | Update, ...] = (*decided.create, *decided.update)
        for change in written:
            properties = change.desired.properties
            if isinstance(change, Create) or "tags" in change.differences:
                needed.update(name for name, _value in properties.get("tags", ()))
            if isinstance(change, Create) or {"tags", "tag_colors"} & set(change.differences):
                colors.update(properties.get("tag_colors", {}))
            if isinstance(change, Create) or change.adopted:
                needed.add(MARK)
        if not needed and not colors:
            return
        tags = sorted((await client.call("getTags"))["tags"], key=lambda tag: tag["id"])
        existing = {tag["name"]: tag for tag in reversed(tags) if not is_lock(tag["name"])}
        self._tags = {name: int(tag["id"]) for name, tag in existing.items()}
        self._colors = {name: tag["color"] for name, tag in existing.items()} | colors
        for name in sorted(needed - set(existing)):
            self._colors.setdefault(name, MARK_COLOR if name == MARK else TAG_COLOR)
            answer = await client.call("addTag", {"name": name, "color": self._colors[name]})
            self._tags[name] = int(answer["tag"]["id"])
        recolored = [
            name
            for name, color in colors.items()
            if name in existing and existing[name]["color"].lower() != color.lower()
        ]
        for name in sorted(recolored):
            await client.call("editTag", {"id": self._tags[name], "name": name, "color": colors[name]})
        if recolored:  # the server tells nobody that the monitors with this tag look different now
            await client.call("getMonitorList")

    async def apply(self, client: KumaClient, change: Change) -> None:
        if isinstance(change, Create):
            await self._create(client, change)
        elif isinstance(change, Update):
            await self._update(client, change)
        else:
            await client.delete_monitor(change.actual.ident)

    async def _create(self, client: KumaClient, change: Create) -> None:
        path: Path = change.key
        parent = self._ids.get(path[:-1])
        if len(path) > 1 and parent is None:
            raise KumawatchError(f"its group '{label(path[:-1])}' could not be created, so it was not either.")
        payload = model.creation(change.desired, parent, self._names, client.version)
        answer = await client.call("add", payload)
        ident = self._ids[path] = int(answer["monitorID"])
        tags = [*change.desired.properties.get("tags", ()), (MARK, self.owner or "")]
        for name, value in tags:
            await self._bear(client, ident, name, value)

    async def _update(self, client: KumaClient, change: Update) -> None:
        ident = change.actual.ident
        edited = set(change.differences) - {"tags", "tag_colors", "state"}
        if edited:
            monitor = (client.state.monitors or {})[ident]
            await client.call(
                "editMonitor", model.edition(change.desired, edited, monitor, self._names, client.version)
            )
            if client.version < EDIT_RESUMES_UNTIL and self._paused(change, monitor):
                await client.call("pauseMonitor", ident)
        if "tags" in change.differences:
            before, after = change.differences["tags"].before, change.differences["tags"].after
            for name, value in sorted(set(after) - set(before)):
                await self._bear(client, ident, name, value)
            await self._remove_tags(client, ident, set(before) - set(after))
        if change.adopted:
            await self._bear(client, ident, MARK, self.owner or "")
        if "state" in change.differences:
            paused = change.differences["state"].after == model.PAUSED
            await client.call("pauseMonitor" if paused else "resumeMonitor", ident)

    async def _bear(self, client: KumaClient, ident: int, name: str, value: str) -> None:
        """Put a tag on a monitor."""
        try:
            await client.call("addMonitorTag", self._tags[name], ident, value)
        except CallFailed:
            if client.version > TAGS_VANISH_UNTIL:
                raise
            answer = await client.call("addTag", {"name": name, "color": self._colors[name]})
            self._tags[name] = int(answer["tag"]["id"])
            await client.call("addMonitorTag", self._tags[name], ident, value)

    @staticmethod
    def _paused(change: Update, monitor: Mapping[str, Any]) -> bool:
        """Whether a monitor was paused by itself, as far as one can know."""
        hidden = monitor.get("forceInactive")
        return change.desired.properties["state"] == model.PAUSED if hidden else not monitor.get("active")

    async def _remove_tags(self, client: KumaClient, ident: int, tags: Collection[tuple[str, str]]) -> None:
        for tag in list((client.state.monitors or {})[ident]["tags"]):
            if (tag["name"], tag["value"] or "") in tags:
                if tag["value"] is None:  # the server deletes by value, and nothing equals NULL
                    await client.call("editMonitorTag", tag["tag_id"], ident, "")
                await client.call("deleteMonitorTag", tag["tag_id"], ident, tag["value"] or "")

    async def after_failures(self, client: KumaClient, failed: Sequence[Change]) -> None:
        """An ``add`` that fails may leave a row behind, without saying its id: look for it and take it away."""
        missing = {change.key for change in failed if isinstance(change, Create)}
        if not missing:
            return
        await client.call("getMonitorList")
        leftovers = [
            ident
            for ident, path in MonitorIndex(client.state.monitors or {}).paths.items()
            if ident not in self._before and path in missing
        ]
        await client.each(leftovers, client.delete_monitor)

    def show(self, name: str, value: Any) -> Any:
        if name == "tags":
            return [f"{tag}: {text}" if text else tag for tag, text in value or ()]
        return value
