# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboards of a catalogue. Documented in cloudwatch_dashboards.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.dashboards import dashboards
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


@as_filter
def cloudwatch_dashboards(
    catalogue: Any, discovery: Any = None, alarms: Any = None, traces: Any = None
) -> list[dict[str, Any]]:
    """The entries of ``cloudwatch_dashboards``."""
    return dashboards(catalogue, discovery, alarms, traces)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"cloudwatch_dashboards": cloudwatch_dashboards}
