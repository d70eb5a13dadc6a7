# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for CloudWatch Logs. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import (
    log_alarms,
    log_dashboard,
    log_queries,
    logs,
)
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


def omissions(catalogue: Any, discovery: Any = None) -> list[str]:
    """Why what one might expect is not there."""
    return list(dict.fromkeys([*logs.omissions(catalogue, discovery), *log_alarms.omissions(catalogue, discovery)]))


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "cloudwatch_log_agent_files": as_filter(logs.agent_files),
            "cloudwatch_log_alarms": as_filter(log_alarms.log_alarms),
            "cloudwatch_log_attributes": as_filter(logs.attributes),
            "cloudwatch_log_dashboard": as_filter(log_dashboard.log_dashboard),
            "cloudwatch_log_deliveries": as_filter(logs.deliveries),
            "cloudwatch_log_exports": as_filter(logs.exports),
            "cloudwatch_log_groups": as_filter(logs.groups),
            "cloudwatch_log_metric_filters": as_filter(logs.metric_filters),
            "cloudwatch_log_omissions": as_filter(omissions),
            "cloudwatch_log_queries": as_filter(log_queries.log_queries),
        }
