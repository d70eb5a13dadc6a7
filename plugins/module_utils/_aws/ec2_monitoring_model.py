# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detailed monitoring of instances: what is declared and what is there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import Actual, Desired
from .discovery_model import detailed_monitoring

_INSTANCE = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_NAMED = 5

BATCH = 100
"""Instances of one call."""


def desired(entries: Sequence[Mapping[str, Any]]) -> list[Desired]:
    """The declared instances, checked."""
    found = []
    for position, entry in enumerate(entries):
        ident = str(entry.get("id") or "")
        if not _INSTANCE.fullmatch(ident):
            raise InputError(
                f"instances entry {position + 1}: '{ident}' is not the id of an instance: it looks like "
                f"i-0123456789abcdef0."
            )
        properties = {"detailed_monitoring": bool(entry["detailed_monitoring"])}
        found.append(Desired(ident, ident, position, properties, ignored=frozenset(entry.get("ignore") or ())))
    return found


def actual(instances: Iterable[Mapping[str, Any]]) -> list[Actual]:
    """Instances as they are. One that is just being switched counts as switched."""
    return [
        Actual(
            str(instance["InstanceId"]),
            str(instance["InstanceId"]),
            str(instance["InstanceId"]),
            {"detailed_monitoring": detailed_monitoring(instance)},
        )
        for instance in instances
    ]


def check(desired: Sequence[Desired], actual: Sequence[Actual], where: str) -> None:
    """Refuse instances that do not exist: they cannot be made here."""
    there = {item.key for item in actual}
    missing = [entry.label for entry in desired if entry.key not in there]
    if not missing:
        return
    names = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
    verb, object_ = ("does", "the entry") if len(missing) == 1 else ("do", "the entries")
    raise KumawatchError(f"instances: {names} {verb} not exist in {where}: correct or remove {object_}.")
