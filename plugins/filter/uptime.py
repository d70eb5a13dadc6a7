# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for Uptime Kuma. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import uptime, watcher
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "uptime_kuma_heartbeat": as_filter(watcher.heartbeat),
            "uptime_maintenances": as_filter(uptime.maintenances),
            "uptime_monitors": as_filter(uptime.monitors),
            "uptime_notifications": as_filter(uptime.notifications),
            "uptime_status_pages": as_filter(uptime.status_pages),
            "uptime_summary": as_filter(uptime.summary),
        }
