# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors by the path of their groups and their name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._errors import InputError, KumawatchError

Path = tuple[str, ...]

SEPARATOR = " / "


def label(path: Sequence[str]) -> str:
    """A path as Uptime Kuma's own pages write it: ``production / api``."""
    return SEPARATOR.join(path)


def paths(monitors: Mapping[int, Mapping[str, Any]]) -> dict[int, Path]:
    """The path of each monitor, from the server's JSON of all of them. A circle of parents, which a server can hold,
    ends it."""
    found: dict[int, Path] = {}
    for ident in monitors:
        names: list[str] = []
        seen: set[int] = set()
        current: int | None = ident
        while current is not None and current in monitors and current not in seen:
            seen.add(current)
            names.append(str(monitors[current]["name"]))
            current = monitors[current].get("parent")
        found[ident] = tuple(reversed(names))
    return found


def as_path(value: Any, what: str) -> Path:
    """A group or monitor as declared, a name or a list of names, as a path.

    :param what: the entry and option, for the message.
    """
    parts = [value] if isinstance(value, str) else value
    if parts is None:
        return ()
    if not isinstance(parts, Sequence) or not all(isinstance(part, (str, int)) for part in parts):
        raise InputError(f"{what} must be a name, or a list of names from the outermost group inwards, not {value!r}.")
    result = tuple(str(part) for part in parts)
    if not all(part.strip() for part in result):
        raise InputError(f"{what} has an empty name: give every group and monitor a name.")
    return result


def pending_paths(references: Iterable[Any]) -> list[Path]:
    """Monitors as an earlier task of a check-mode run returns them: paths, or labels such as ``production / api``."""
    return [
        tuple(reference.split(SEPARATOR)) if isinstance(reference, str) else as_path(reference, "pending_monitors")
        for reference in references
    ]


def remaining(monitors: Mapping[int, Mapping[str, Any]], gone: Iterable[Any]) -> dict[int, Mapping[str, Any]]:
    """The monitors that are left when an earlier task of a check-mode run had deleted those that it returned."""
    labels = {label(path) for path in pending_paths(gone)}
    found = paths(monitors) if labels else {}
    return {ident: item for ident, item in monitors.items() if not labels or label(found[ident]) not in labels}


class MonitorIndex:
    """Find monitors by what users call them.

    :param monitors: the server's JSON of all monitors, by id.
    :param pending: paths that an earlier task of the same check-mode run would have created; they have no id.
    """

    def __init__(self, monitors: Mapping[int, Mapping[str, Any]], pending: Iterable[Sequence[str]] = ()) -> None:
        self.monitors = monitors
        self.paths = paths(monitors)
        self._by_name: dict[str, set[Path]] = {}
        self._by_path: dict[Path, list[int]] = {}
        for ident, path in self.paths.items():
            self._by_path.setdefault(path, []).append(ident)
        for path in map(tuple, pending):
            self._by_path.setdefault(path, [])
        for path in self._by_path:
            self._by_name.setdefault(path[-1], set()).add(path)
            self._by_name.setdefault(label(path), set()).add(path)

    def path(self, reference: str | Sequence[str], what: str) -> Path:
        """The path that a reference means: a list is a path, a string a name that only one monitor has, or a written
        path.

        :raises KumawatchError: there is none, or more than one.
        """
        wanted = as_path(reference, what)
        if wanted in self._by_path and (not isinstance(reference, str) or len(self._by_name[wanted[-1]]) == 1):
            return wanted
        candidates = sorted(self._by_name.get(reference, ())) if isinstance(reference, str) else []
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            options = " or ".join(str(list(path)) for path in candidates[:3])
            raise KumawatchError(
                f"{what} names '{label(wanted)}', which {len(candidates)} monitors are called: write {options}."
            )
        raise KumawatchError(
            f"{what} names '{label(wanted)}', which is no monitor on the server: create it, or correct the name."
        )

    def ident(self, path: Path, what: str) -> int | None:
        """The id of the monitor at a path that :meth:`path` gave; ``None`` for a pending one."""
        idents = self._by_path[path]
        if len(idents) > 1:
            raise KumawatchError(
                f"{what} names '{label(path)}', which exists {len(idents)} times on the server (ids "
                f"{' and '.join(map(str, sorted(idents)))}): delete or rename all but one."
            )
        return idents[0] if idents else None
