# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for the CloudWatch agent. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import agent_config
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.series import Omissions
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


def fleets(
    catalogue: Mapping[str, Any], settings: Mapping[str, Any] | None = None, discovery: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The fleets, and in sentences what one might expect of them and is not there."""
    omissions = Omissions()
    found = agent_config.fleets(dict(catalogue), settings, discovery, omissions)
    return {"fleets": found, "omissions": omissions.sentences}


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "cloudwatch_agent_config": as_filter(agent_config.configuration),
            "cloudwatch_agent_fleets": as_filter(fleets),
            "cloudwatch_agent_reads_containers": as_filter(agent_config.reads_containers),
            "cloudwatch_agent_serialised": as_filter(agent_config.serialised),
            "cloudwatch_agent_stack": as_filter(agent_config.stack),
        }
