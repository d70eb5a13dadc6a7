# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What discovery is asked, and what is made of its answer. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import discovery
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "aws_discovery_services": as_filter(discovery.services),
            "aws_monitoring_entries": as_filter(discovery.monitoring_entries),
            "aws_monitoring_released": as_filter(discovery.released),
        }
