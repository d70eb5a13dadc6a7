# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors: what is declared, what exists, and whether they are the same. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from .entries import given, ignored, known, listed
from .fields import (
    MONITOR_FIELDS,
    MONITOR_TYPES,
    REFERENCES,
    UNSET,
    Version,
    defaults,
    edit_payload,
    field_for,
    fields_of,
    from_wire,
    is_known,
    is_readable,
    limits,
    missing_options,
    normal,
    to_wire,
    version_text,
)
from .paths import MonitorIndex, Path, as_path, label
from .state import State
from .tags import MARK, is_lock

PAUSED = "paused"
#: Of a monitor whose group is paused and about to be resumed.
UNKNOWN = "unknown"

_STATUS_CODES = re.compile(r"(\d{3,4})(?:-(\d{3,4}))?")
_REFERENCES = {reference.option: reference for reference in REFERENCES}


@dataclass(frozen=True)
class Pending:
    """Names of objects that earlier tasks of the same check-mode run would have created."""

    notifications: Collection[str] = ()
    proxies: Collection[str] = ()
    docker_hosts: Collection[str] = ()
    remote_browsers: Collection[str] = ()


NOTHING_PENDING = Pending()


@dataclass
class Names:
    """The objects that monitors refer to, by name: ids, ``None`` for pending ones."""

    notification: dict[str, list[int | None]] = field(default_factory=dict)
    proxy: dict[str, list[int | None]] = field(default_factory=dict)
    docker_host: dict[str, list[int | None]] = field(default_factory=dict)
    remote_browser: dict[str, list[int | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, state: State, pending: Pending = NOTHING_PENDING) -> Names:
        """Collect them from what the server pushed."""

        def collect(
            items: Mapping[int, Mapping[str, Any]] | None, name: Any, coming: Iterable[str]
        ) -> dict[str, list[int | None]]:
            found: dict[str, list[int | None]] = {}
            for ident, item in (items or {}).items():
                found.setdefault(name(item), []).append(ident)
            for other in coming:
                found.setdefault(other, [None])
            return found

        return cls(
            collect(state.notifications, lambda item: item["name"], pending.notifications),
            collect(state.proxies, proxy_name, pending.proxies),
            collect(state.docker_hosts, lambda item: item["name"], pending.docker_hosts),
            collect(state.remote_browsers, lambda item: item["name"], pending.remote_browsers),
        )

    def find(self, kind: str, name: str, who: str) -> int | None:
        """The id behind a name; ``who`` is the monitor that refers to it.

        :raises KumawatchError: nothing or more than one thing has that name.
        """
        noun = kind.replace("_", " ")
        known = getattr(self, kind)
        idents = known.get(name, [])
        if not idents:
            has = ", ".join(f"'{other}'" for other in sorted(known)[:10]) or "none"
            raise KumawatchError(
                f"{who}: {noun} '{name}' is not on the server, which has {has}: create it, or correct the name."
            )
        if len(idents) > 1:
            raise KumawatchError(
                f"{who}: {noun} '{name}' exists {len(idents)} times on the server: rename all but one."
            )
        return idents[0]

    def name(self, kind: str, ident: int | None) -> str | None:
        """The name behind an id, ``None`` where there is nothing."""
        for name, idents in getattr(self, kind).items():
            if ident is not None and ident in idents:
                return str(name)
        return None


def proxy_name(proxy: Mapping[str, Any]) -> str:
    """What a proxy, which has no name, is called: ``http://proxy.example.com:3128``."""
    return f"{proxy['protocol']}://{proxy['host']}:{proxy['port']}"


# -- what is declared
# ---------------------------------------------------------------------------------------------------


def desired(
    entries: Sequence[Mapping[str, Any]], names: Names, version: Version, types: Mapping[Path, str]
) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :param entries: the user's list, ``None`` for every option that is not set.
    :param types: the types of the monitors that exist, by path.
    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        name = str(entry["name"])
        path = (
            *as_path(entry.get("group"), f"monitor '{name}': group"),
            *as_path(name, f"monitors entry {position + 1}: name"),
        )
        who = f"monitor '{label(path)}'"
        options = given(entry)
        leave = ignored(entry, IGNORABLE, who, "monitor")
        properties: dict[str, Any] = {}
        if options.get("state") != ABSENT:
            kind = options.get("type") or types.get(path)
            if kind is None:
                raise InputError(f"{who} has no type: add one, e.g. type: http.")
            properties = _properties(options, kind, types.get(path) == kind, names, version, who)
        result.append(Desired(path, label(path), position, properties, options.get("state", PRESENT), leave))
    _check_groups(result, types)
    _check_colors(result)
    return result


def _properties(
    declared: Mapping[str, Any], kind: str, exists: bool, names: Names, version: Version, who: str
) -> dict[str, Any]:
    """What an entry declares; ``exists``: such a monitor is there, and of that type, so it has what its type needs."""
    monitor_type = MONITOR_TYPES.get(kind)
    if monitor_type is None:  # of a server newer than this, or of somebody's own making
        raise KumawatchError(f"{who} is of type '{kind}' on the server, which is not known here: leave it out.")
    known(f"{who}: type '{kind}'", monitor_type.since, version)
    properties: dict[str, Any] = {"type": kind}
    options = {option: value for option, value in declared.items() if option in _FIELDS}
    for option, value in options.items():
        _check_option(option, value, kind, version, who)
        properties[option] = normal(field_for(option), value)
    for option, reference in _REFERENCES.items():
        if option in declared:
            known(f"{who}: option '{option}'", reference.since, version)
            _check_meaning(option, reference.types, kind, who)
            if declared[option]:
                names.find(option, declared[option], who)
            properties[option] = declared[option] or None
    preset = defaults(kind, version, options)
    missing = missing_options(kind, {**preset, **options, **{o: declared.get(o) for o in _REFERENCES}})
    if exists:  # it has what is not declared; but nothing may be taken away
        missing = [option for option in missing if option in declared]
    if missing:
        raise InputError(
            f"{who} of type '{kind}' needs {listed(missing)}: add {'it' if len(missing) == 1 else 'them'}."
        )
    if "notifications" in declared:
        for notification in declared["notifications"]:
            names.find("notification", notification, who)
        properties["notifications"] = sorted(set(declared["notifications"]))
    if "tags" in declared:
        properties["tags"] = sorted({(str(tag["name"]), str(tag.get("value") or "")) for tag in declared["tags"]})
        colors: dict[str, str] = {}
        for tag in declared["tags"]:
            if tag.get("color"):
                first = colors.setdefault(str(tag["name"]), str(tag["color"]))
                _check_color(str(tag["name"]), first, who, str(tag["color"]), who)
        if colors:
            properties["tag_colors"] = colors
        for name, _value in properties["tags"]:
            if is_lock(name):
                raise InputError(f"{who}: the tag '{name}' is kept for the lock that runs hold: name it differently.")
            if name == MARK:
                raise InputError(
                    f"{who}: the tag '{name}' is kept for the mark of ownership: set managed_by, or name it "
                    "differently."
                )
    properties["state"] = declared.get("state", PRESENT)
    return properties


_FIELDS = frozenset(item.option for item in MONITOR_FIELDS)
#: What ignore may name.
IGNORABLE = frozenset({*_FIELDS, *_REFERENCES, "type", "notifications", "tags", "tag_colors", "state"})


def _check_option(option: str, value: Any, kind: str, version: Version, who: str) -> None:
    item = field_for(option)
    known(f"{who}: option '{option}'", item.since, version)
    _check_meaning(option, item.types, kind, who)
    if isinstance(value, str) and value in item.choices_since:
        known(f"{who}: {option} '{value}'", item.choices_since[value], version)
    low, high = limits(item, version)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if low is not None and value < low:
            raise KumawatchError(
                f"{who}: {option} {value} is less than {low}, the least that Uptime Kuma {version_text(version)} "
                "takes: raise it."
            )
        if high is not None and value > high:
            raise KumawatchError(
                f"{who}: {option} {value} is more than {high}, the most that Uptime Kuma {version_text(version)} "
                "takes: lower it."
            )
    if option == "accepted_status_codes":
        _check_status_codes(value, who)


def _check_meaning(option: str, types: Collection[str], kind: str, who: str) -> None:
    if types and kind not in types:
        raise InputError(
            f"{who}: option '{option}' has no meaning for type '{kind}', only for {listed(sorted(types))}: remove it."
        )


def _check_status_codes(codes: Iterable[Any], who: str) -> None:
    for code in codes:
        match = _STATUS_CODES.fullmatch(str(code))
        if not match or (match[2] and int(match[1]) > int(match[2])):
            raise InputError(
                f"{who}: accepted_status_codes has '{code}', which is neither a code such as 200 nor a range such as "
                "200-299: correct it."
            )


def _check_groups(entries: Sequence[Desired], types: Mapping[Path, str]) -> None:
    """Every group that is named must be declared or exist, and be a group."""
    declared = {entry.key: entry for entry in entries}
    for entry in entries:
        path: Path = entry.key
        if entry.state == ABSENT or len(path) == 1:
            continue
        parent = path[:-1]
        who = f"monitor '{entry.label}'"
        other = declared.get(parent)
        if other is not None and other.state == ABSENT:
            raise InputError(
                f"{who}: its group '{label(parent)}' is declared absent: declare {who} absent as well, or move it."
            )
        kind = other.properties.get("type") if other is not None else types.get(parent)
        if kind is None:
            circle = _circle(path, declared)
            if len(circle) == 1:
                raise InputError(f"{who}: group {circle[0]} contains itself: declare it without a group.")
            if circle:
                raise InputError(
                    f"{who}: groups {listed(circle)} contain each other: declare one of them without a group."
                )
            raise InputError(
                f"{who}: group '{label(parent)}' is neither declared nor on the server: declare it, with type: group."
            )
        if kind != "group":
            raise InputError(
                f"{who}: '{label(parent)}' cannot be its group, it is of type '{kind}': make it a group, or name "
                "another one."
            )


def _circle(path: Path, declared: Mapping[Any, Desired]) -> list[str]:
    """The names of groups that are each declared only inside the next, starting above ``path``; empty when there are
    none."""
    inside = {
        key[-1]: key[-2] for key, entry in declared.items() if len(key) > 1 and entry.properties.get("type") == "group"
    }
    seen: list[str] = []
    name = path[-2]
    while name in inside and name not in seen:
        seen.append(name)
        name = inside[name]
    return sorted(seen[seen.index(name) :]) if name in seen else []


def _check_colors(entries: Iterable[Desired]) -> None:
    """A tag has one colour on a server, whichever monitor bears it."""
    colors: dict[str, tuple[str, str]] = {}
    for entry in entries:
        for tag, color in entry.properties.get("tag_colors", {}).items():
            first, where = colors.setdefault(tag, (color, f"monitor '{entry.label}'"))
            _check_color(tag, first, where, color, f"monitor '{entry.label}'")


def _check_color(tag: str, first: str, where: str, color: str, who: str) -> None:
    if first.lower() != color.lower():
        raise InputError(f"tag '{tag}' is declared {first} at {where} and {color} at {who}: give it one colour.")


# -- what exists
# --------------------------------------------------------------------------------------------------------

#: Shown of a monitor that is deleted, besides what is declared of others.
_TELLING = ("url", "hostname", "port")


def resurfacing(entries: Iterable[Mapping[str, Any]], state: State, index: MonitorIndex) -> set[int]:
    """The monitors whose own state comes to light in this run, since the paused group above them is to be resumed.

    Nobody can tell beforehand what it will turn out to be, so it is set.
    """
    monitors = state.monitors or {}
    wanted = {
        (*as_path(entry.get("group"), "group"), str(entry["name"])): entry.get("state") or PRESENT
        for entry in entries
        if "state" not in (entry.get("ignore") or ())
    }

    def above(ident: int) -> Iterator[int]:
        seen = {ident}
        parent = monitors[ident].get("parent")
        while parent in monitors and parent not in seen:
            seen.add(parent)
            yield parent
            parent = monitors[parent].get("parent")

    def runs(ident: int) -> bool:
        own = wanted.get(index.paths[ident])
        visible = not monitors[ident].get("forceInactive")
        return own == PRESENT if visible and not monitors[ident].get("active") else own in (None, PRESENT)

    return {
        ident for ident, monitor in monitors.items() if monitor.get("forceInactive") and all(map(runs, above(ident)))
    }


def actual(
    state: State,
    names: Names,
    version: Version,
    options: Collection[str],
    index: MonitorIndex,
    resurfacing: Collection[int] = (),
) -> list[Actual]:
    """The monitors on the server; of their options only those asked for, for there are a hundred."""
    wanted = [
        item
        for item in MONITOR_FIELDS
        if is_known(item, version) and is_readable(item, version) and item.option in {*options, *_TELLING}
    ]
    result = []
    for ident, monitor in (state.monitors or {}).items():
        properties: dict[str, Any] = {"type": monitor["type"]}
        for item in wanted:
            if item.read_key in monitor:
                properties[item.option] = normal(item, monitor[item.read_key])
        for option, reference in _REFERENCES.items():
            if option in options:
                properties[option] = names.name(option, monitor.get(reference.read_key))
        borne = _borne(monitor, names)
        properties["notifications"] = borne["notifications"]
        properties["tags"] = sorted({(tag["name"], tag["value"]) for tag in borne["tags"]})
        properties["tag_colors"] = {tag["name"]: tag["color"] for tag in borne["tags"]}
        # Under a paused group the server does not tell a monitor's own state.
        if monitor.get("forceInactive"):
            properties["state"] = UNKNOWN if ident in resurfacing else None
        else:
            properties["state"] = PRESENT if monitor.get("active") else PAUSED
        owners = [str(tag["value"] or "") for tag in monitor.get("tags") or () if tag["name"] == MARK]
        path = index.paths[ident]
        result.append(Actual(path, label(path), ident, properties, owners[0] if owners else None))
    return result


def equal(name: str, before: Any, after: Any, version: Version) -> bool:
    """Whether two values of one property mean the same to the server."""
    if name == "state":
        return before is None or before == after
    if name == "tag_colors":
        colors = before or {}
        return all(tag not in colors or colors[tag].lower() == color.lower() for tag, color in after.items())
    item = _BY_OPTION.get(name)
    if item is not None and not is_readable(item, version):
        return True
    if before is None and item is not None:
        before = normal(item, None)
    if item is not None and item.type in ("json", "list", "dict"):
        # Text, since Python takes true for 1, and NaN for no number at all, not even itself.
        return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    return bool(before == after)


_BY_OPTION = {item.option: item for item in MONITOR_FIELDS}


# -- what is sent
# -------------------------------------------------------------------------------------------------------


def creation(entry: Desired, parent: int | None, names: Names, version: Version) -> dict[str, Any]:
    """The payload of ``add``."""
    kind = entry.properties["type"]
    options = {option: value for option, value in entry.properties.items() if option in _FIELDS}
    payload = _wire({**defaults(kind, version, options), **options}, version)
    payload.setdefault("accepted_statuscodes", ["200-299"])
    payload.update(_references(entry.properties, names, entry.label))
    payload.update(
        name=entry.key[-1],
        type=kind,
        parent=parent,
        notificationIDList=_notification_ids(entry.properties.get("notifications", ()), names, entry.label),
        active=entry.properties["state"] != PAUSED,
    )
    return payload


def edition(
    entry: Desired, changed: Collection[str], monitor: Mapping[str, Any], names: Names, version: Version
) -> dict[str, Any]:
    """The payload of ``editMonitor``: everything that the server has, since it resets what is left out, and what
    changes."""
    payload = edit_payload(monitor, version)
    unseen = {item.option for item in MONITOR_FIELDS if not is_readable(item, version)}
    properties = {
        option: value
        for option, value in entry.properties.items()
        if option in changed or (option in unseen and option not in entry.ignored)
    }
    payload.update(_wire({option: value for option, value in properties.items() if option in _FIELDS}, version))
    payload.update(_references(properties, names, entry.label))
    if "type" in changed:
        kind = payload["type"] = properties["type"]
        preset = _wire(defaults(kind, version, entry.properties), version)
        payload.update({key: value for key, value in preset.items() if payload.get(key) in (None, "")})
    if "notifications" in changed:
        payload["notificationIDList"] = _notification_ids(properties["notifications"], names, entry.label)
    return payload


def _wire(options: Mapping[str, Any], version: Version) -> dict[str, Any]:
    return {
        field_for(option).wire: to_wire(field_for(option), value)
        for option, value in options.items()
        if value is not UNSET and is_known(field_for(option), version)
    }


def _references(properties: Mapping[str, Any], names: Names, who: str) -> dict[str, int | None]:
    return {
        reference.wire: names.find(option, properties[option], f"monitor '{who}'") if properties[option] else None
        for option, reference in _REFERENCES.items()
        if option in properties
    }


def _notification_ids(notifications: Iterable[str], names: Names, who: str) -> dict[str, bool]:
    # A list would be read by its indexes: it has to be an object.
    return {str(names.find("notification", name, f"monitor '{who}'")): True for name in notifications}


# -- what is exported --------------------------------------------------------------------------------------------------


def exported(state: State, version: Version) -> list[dict[str, Any]]:
    """The monitors on the server as ``kuma_monitors`` takes them, groups first.

    What a new monitor would get anyhow is left out, so that the list reads as somebody would have written it.
    """
    monitors = state.monitors or {}
    names = Names.of(state)
    index = MonitorIndex(monitors)
    ordered = sorted(index.paths.items(), key=lambda item: (len(item[1]), item[1]))
    return [_entry(monitors[ident], path, names, version) for ident, path in ordered]


def _entry(monitor: Mapping[str, Any], path: Path, names: Names, version: Version) -> dict[str, Any]:
    kind = monitor["type"]
    entry: dict[str, Any] = {"name": path[-1]}
    if len(path) > 1:
        entry["group"] = list(path[:-1])
    entry["type"] = kind
    if not monitor.get("forceInactive") and not monitor.get("active"):
        entry["state"] = PAUSED
    options = {
        item.option: from_wire(item, monitor[item.read_key])
        for item in fields_of(kind, version)
        if is_readable(item, version) and item.read_key in monitor
    }
    # The interval decides on the presets of others, and has one itself.
    preset = {**defaults(kind, version), **defaults(kind, version, {"interval": options["interval"]})}
    required = missing_options(kind, {}) if kind in MONITOR_TYPES else []
    for option, value in options.items():
        item = field_for(option)
        if normal(item, value) != normal(item, preset.get(option)) or (option in required and value not in (None, "")):
            entry[option] = value
    for option, reference in _REFERENCES.items():
        name = names.name(option, monitor.get(reference.read_key))
        if name is not None:
            entry[option] = name
    shared = _borne(monitor, names)
    entry.update({name: value for name, value in shared.items() if value})
    return entry


def _borne(monitor: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Notifications and tags of a monitor, by name and sorted; the mark of ownership is not among them."""
    return {
        "notifications": sorted(
            name
            for key, on in (monitor.get("notificationIDList") or {}).items()
            if on and (name := names.name("notification", int(key))) is not None
        ),
        "tags": [
            {"name": tag["name"], "value": tag["value"] or "", "color": tag["color"]}
            for tag in sorted(monitor.get("tags") or (), key=lambda tag: (tag["name"], tag["value"] or ""))
            if tag["name"] != MARK and not is_lock(tag["name"])
        ],
    }
