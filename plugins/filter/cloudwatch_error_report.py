# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daily error report is about. The filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.error_report import error_report
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


@as_filter
def cloudwatch_error_report(
    catalogue: Mapping[str, Any],
    discovery: Mapping[str, Any] | None = None,
    dashboard: str = "",
    top: int = 5,
    days: int = 7,
) -> dict[str, Any]:
    """The configuration, with a sentence as error."""
    return error_report(dict(catalogue), discovery, dashboard, int(top), int(days))


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"cloudwatch_error_report": cloudwatch_error_report}
