# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for Uptime Kuma. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import uptime, watcher
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def _filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its errors as Ansible's."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except KumawatchError as error:
            raise AnsibleFilterError(str(error)) from None

    return wrapper


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "uptime_kuma_heartbeat": _filter(watcher.heartbeat),
            "uptime_maintenances": _filter(uptime.maintenances),
            "uptime_monitors": _filter(uptime.monitors),
            "uptime_notifications": _filter(uptime.notifications),
            "uptime_status_pages": _filter(uptime.status_pages),
            "uptime_summary": _filter(uptime.summary),
        }
