# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cascade of defaults: collection, environment, service, this check. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .spec import Options


def merged(*layers: Mapping[str, Any] | None) -> dict[str, Any]:
    """The layers over each other, the last one on top.

    Mappings are merged key by key at every depth. Lists and scalars are replaced as a whole: a list of accepted codes
    is exactly the one that was declared last. ``None`` declares nothing.
    """
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in (layer or {}).items():
            if value is None:
                continue
            below = result.get(key)
            if isinstance(value, Mapping):
                result[key] = merged(below if isinstance(below, Mapping) else {}, value)
            else:
                result[key] = value
    return result


def defaults(options: Options) -> dict[str, Any]:
    """The bottom layer: what an argument spec declares as default, at every depth of mappings."""
    result: dict[str, Any] = {}
    for name, option in options.items():
        if option.get("default") is not None:
            result[name] = option["default"]
        if option.get("type") == "dict" and option.get("options"):
            inner = defaults(option["options"])
            if inner:
                result[name] = merged(inner, result.get(name))
    return result
