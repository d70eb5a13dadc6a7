# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide what differs between what is declared and what exists.

Pure: plain data in, a :class:`Plan` out, no network. Every bulk module plans through :func:`plan`, whatever it manages,
so that purge, adoption, duplicates and the limit on deletions mean the same thing everywhere.

Words used here:

* An object's *key* is its identity (for a monitor the path of its groups and its name); its *label* is that identity as
  a reader knows it.
* *Properties* are normalised by the caller: two values that mean the same thing compare equal.
* An object's *owner* is the value of the mark it carries, ``None`` when it carries none.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ._errors import InputError, KumawatchError

PRESENT = "present"
ABSENT = "absent"

Equal = Callable[[str, Any, Any], bool]


@dataclass(frozen=True)
class Desired:
    """One declared entry.

    ``key`` is hashable; ``position`` is its index in the user's list, for messages. ``properties`` holds only what was
    declared: what is not in it is left as it is. ``ignored`` names properties that are set on creation and never
    compared again.
    """

    key: Any
    label: str
    position: int
    properties: Mapping[str, Any] = field(default_factory=dict)
    state: str = PRESENT
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Actual:
    """One object that exists. ``ident`` is what the server calls it by (an id, a slug, an ARN)."""

    key: Any
    label: str
    ident: Any
    properties: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = None


@dataclass(frozen=True)
class Difference:
    """One property whose value changes."""

    before: Any
    after: Any


@dataclass(frozen=True)
class Create:
    """An entry that does not exist yet."""

    desired: Desired

    @property
    def key(self) -> Any:
        return self.desired.key

    @property
    def label(self) -> str:
        return self.desired.label


@dataclass(frozen=True)
class Update:
    """An object that differs; ``adopted`` when it carried no mark until now."""

    desired: Desired
    actual: Actual
    differences: Mapping[str, Difference]
    adopted: bool = False

    @property
    def key(self) -> Any:
        return self.desired.key

    @property
    def label(self) -> str:
        return self.desired.label


@dataclass(frozen=True)
class Delete:
    """An object that goes: declared absent, or ours and no longer declared (``purged``)."""

    actual: Actual
    purged: bool

    @property
    def key(self) -> Any:
        return self.actual.key

    @property
    def label(self) -> str:
        return self.actual.label


Change = Create | Update | Delete


@dataclass(frozen=True)
class Plan:
    """What to do, in the order of labels; an apply may reorder for dependencies."""

    create: tuple[Create, ...] = ()
    update: tuple[Update, ...] = ()
    delete: tuple[Delete, ...] = ()
    unchanged: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """Everything that is to be done."""
        return (*self.create, *self.update, *self.delete)

    @property
    def changed(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.changes)

    def summary(self, done: bool = False) -> str:
        """Count the plan in one line, as a prediction or (``done``) as a report."""
        words = ("created", "updated", "deleted") if done else ("to create", "to update", "to delete")
        counts = (len(self.create), len(self.update), len(self.delete))
        parts = [f"{count} {word}" for count, word in zip(counts, words, strict=True)]
        return ", ".join([*parts, f"{len(self.unchanged)} unchanged"])


def _same(name: str, before: Any, after: Any) -> bool:
    return bool(before == after)


def differences(desired: Desired, actual: Actual, equal: Equal = _same) -> dict[str, Difference]:
    """Compare what was declared, and nothing else, with what exists."""
    return {
        name: Difference(actual.properties.get(name), wanted)
        for name, wanted in desired.properties.items()
        if name not in desired.ignored and not equal(name, actual.properties.get(name), wanted)
    }


def check_unique(desired: Iterable[Desired], noun: str) -> None:
    """Refuse two entries of one identity, naming both positions (counted from 1)."""
    seen: dict[Hashable, Desired] = {}
    for entry in desired:
        first = seen.setdefault(entry.key, entry)
        if first is not entry:
            raise InputError(
                f"{noun} '{entry.label}' is declared twice, as entries {first.position + 1} and {entry.position + 1}: "
                f"remove one of them."
            )


def plan(
    desired: Sequence[Desired],
    actual: Sequence[Actual],
    *,
    noun: str,
    owner: str | None = None,
    purge: bool = False,
    max_deletions: int | None = None,
    equal: Equal = _same,
) -> Plan:
    """Compare the declared with the existing.

    :param noun: what one object is called in messages, e.g. ``monitor``.
    :param owner: the mark to put on objects and to purge by. ``None``: this kind cannot be marked; nothing is purged.
    :param purge: delete objects that carry our mark and are not declared.
    :param max_deletions: refuse a *purge* that would delete more than this. Entries declared absent do not count.
    :param equal: ``(property, before, after)`` → whether both mean the same.
    :raises InputError: an entry is declared twice.
    :raises KumawatchError: a declared object exists twice, belongs to another owner, or too much would be purged.
    """
    check_unique(desired, noun)
    existing: dict[Hashable, list[Actual]] = {}
    for item in actual:
        existing.setdefault(item.key, []).append(item)

    create: list[Create] = []
    update: list[Update] = []
    delete: list[Delete] = []
    unchanged: list[str] = []
    for entry in desired:
        found = existing.pop(entry.key, [])
        if len(found) > 1:
            idents = " and ".join(str(item.ident) for item in found)
            raise KumawatchError(
                f"{noun} '{entry.label}' exists {len(found)} times on the server (ids {idents}), so it is not clear "
                f"which one is meant: delete or rename all but one."
            )
        if not found:
            if entry.state != ABSENT:
                create.append(Create(entry))
            else:
                unchanged.append(entry.label)
            continue
        item = found[0]
        if owner is not None and item.owner not in (None, owner):
            raise KumawatchError(
                f"{noun} '{entry.label}' belongs to managed_by '{item.owner}', not to '{owner}': remove the entry, "
                f"or the mark on the server if it is to change hands."
            )
        if entry.state == ABSENT:
            delete.append(Delete(item, purged=False))
            continue
        changes = differences(entry, item, equal)
        adopted = owner is not None and item.owner is None
        if changes or adopted:
            update.append(Update(entry, item, changes, adopted))
        else:
            unchanged.append(entry.label)

    unmanaged: list[str] = []
    purged: list[Delete] = []
    for item in (item for items in existing.values() for item in items):
        if purge and owner is not None and item.owner == owner:
            purged.append(Delete(item, purged=True))
        else:
            unmanaged.append(item.label)
    if max_deletions is not None and len(purged) > max_deletions:
        names = ", ".join(f"'{change.label}'" for change in sorted(purged, key=_label)[:5])
        more = f" and {len(purged) - 5} more" if len(purged) > 5 else ""
        raise KumawatchError(
            f"purge would delete {len(purged)} {noun}s ({names}{more}), more than max_deletions={max_deletions} "
            f"allows: nothing was deleted; raise max_deletions if that is what you want."
        )
    return Plan(
        create=tuple(sorted(create, key=_label)),
        update=tuple(sorted(update, key=_label)),
        delete=tuple(sorted([*delete, *purged], key=_label)),
        unchanged=tuple(sorted(unchanged)),
        unmanaged=tuple(sorted(unmanaged)),
    )


def _label(change: Change) -> tuple[str, str]:
    # Labels need not be unique ("a / b" may be one name or a path): the key settles the order, whatever the input's.
    ident = str(change.actual.ident) if isinstance(change, Delete) else ""
    return change.label, repr(change.key) + ident
