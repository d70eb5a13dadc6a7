# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a plan as Ansible diffs: one per changed object, only what changes, secrets masked.

Pure. ``before`` and ``after`` are mappings, so that Ansible prints them in the result format of the user's choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ._reconcile import Create, Delete, Plan, Update

SECRET = "(secret)"
SECRET_BEFORE = "(secret, before)"
SECRET_AFTER = "(secret, after)"

# Up to the last @ before the path: a password may hold one. Rather hide too much than too little.
_USERINFO = re.compile(r"(?<=://)[^/\s]+@")


def redact(value: Any) -> Any:
    """Hide the user name and password of every URL inside ``value``, at any depth."""
    if isinstance(value, str):
        return _USERINFO.sub("***@", value)
    if isinstance(value, Mapping):
        return {key: redact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact(item) for item in value]
    return value


def diffs(
    plan: Plan, *, noun: str, secrets: Collection[str] = (), show: Callable[[str, Any], Any] = lambda name, value: value
) -> list[dict[str, Any]]:
    """One diff per changed object, in the order of labels.

    :param secrets: names of properties whose values must not be seen; that they change is still said.
    :param show: ``(property, value)`` → the value as a reader knows it (a name for an id, say).
    """

    def shown(name: str, value: Any, masked: str) -> Any:
        if name in secrets:
            return masked if value not in (None, "", {}, []) else value
        return redact(show(name, value))

    result = []
    for change in sorted(plan.changes, key=lambda change: change.label):
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if isinstance(change, Create):
            after = {name: shown(name, value, SECRET) for name, value in change.desired.properties.items()}
        elif isinstance(change, Delete):
            before = {
                name: shown(name, value, SECRET)
                for name, value in change.actual.properties.items()
                if value not in (None, "", {}, [])
            }
        elif isinstance(change, Update):
            for name, difference in change.differences.items():
                before[name] = shown(name, difference.before, SECRET_BEFORE)
                after[name] = shown(name, difference.after, SECRET_AFTER)
            if change.adopted:
                before["managed_by"] = None
                after["managed_by"] = "(adopted)"
        header = f"{noun} {change.label}"
        result.append(
            {
                "before_header": "" if isinstance(change, Create) else header,
                "after_header": "" if isinstance(change, Delete) else header,
                "before": before,
                "after": after,
            }
        )
    return result
