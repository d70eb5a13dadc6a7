# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for the health service of hosts. Documented in health_endpoints.yml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.endpoints import endpoints
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


@as_filter
def health_endpoints(catalogue: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """The inputs of the role health_endpoint, by host."""
    return endpoints(catalogue, groups)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"health_endpoints": health_endpoints}
