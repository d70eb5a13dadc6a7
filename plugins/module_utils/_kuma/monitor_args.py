# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the entries of ``kuma_monitors``, made from the table of fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._contract import entry_args, ownership_args
from .argspec import connection_args
from .fields import MONITOR_FIELDS, MONITOR_TYPES, REFERENCES, Field

_STRUCTURED = ("json", "dict")
#: Shorter texts inside a secret structure are no secrets: "1", "gzip". Ansible would blacken them everywhere, in
#: "1 created" too.
_TELLING = 6


def hidden_texts(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """The texts inside secret structures (headers, bodies, SASL options), which have to be kept out of all output."""
    options = [item.option for item in MONITOR_FIELDS if item.secret and item.type in _STRUCTURED]
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, Mapping):
            for item in value.values():
                collect(item)
        elif isinstance(value, (list, tuple)):
            for item in value:
                collect(item)
        elif isinstance(value, str) and len(value) >= _TELLING:
            found.add(value)

    for entry in entries:
        for option in options:
            collect(entry.get(option))
    return found


def _option(item: Field) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "raw" if item.type == "json" else item.type, "no_log": item.secret}
    if item.secret and item.type in _STRUCTURED:
        spec["no_log"] = False  # hidden by hidden_texts
    if item.choices:
        spec["choices"] = list(item.choices)
    if item.elements:
        spec["elements"] = item.elements
    return spec


def monitor_args() -> dict[str, Any]:
    """The argument spec of one entry."""
    spec: dict[str, Any] = entry_args()
    spec["state"]["choices"] = ["present", "absent", "paused"]
    spec.update(
        name={"type": "str", "required": True},
        type={"type": "str", "choices": sorted(MONITOR_TYPES)},
        group={"type": "raw"},
        notifications={"type": "list", "elements": "str"},
        tags={
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "value": {"type": "str"},
                "color": {"type": "str"},
            },
        },
    )
    spec.update({reference.option: {"type": "str"} for reference in REFERENCES})
    spec.update({item.option: _option(item) for item in MONITOR_FIELDS})
    return spec


def module_args() -> dict[str, Any]:
    """The argument spec of the module."""
    pending = {"type": "list", "elements": "str"}
    return {
        **connection_args(),
        **ownership_args(),
        "monitors": {"type": "list", "elements": "dict", "required": True, "options": monitor_args()},
        "pending_notifications": pending,
        "pending_proxies": pending,
        "pending_docker_hosts": pending,
        "pending_remote_browsers": pending,
    }
