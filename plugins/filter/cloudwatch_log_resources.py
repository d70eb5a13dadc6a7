# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role cloudwatch_logs makes around the logs. The filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_resources import log_resources
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


@as_filter
def cloudwatch_log_resources(place: Mapping[str, str], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The resources, with a sentence as error."""
    return log_resources(place, inputs)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"cloudwatch_log_resources": cloudwatch_log_resources}
