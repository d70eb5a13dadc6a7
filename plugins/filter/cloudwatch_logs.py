# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for CloudWatch Logs. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import (
    log_alarms,
    log_dashboard,
    log_queries,
    logs,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def omissions(catalogue: Any, discovery: Any = None) -> list[str]:
    """Why what one might expect is not there."""
    return list(dict.fromkeys([*logs.omissions(catalogue, discovery), *log_alarms.omissions(catalogue, discovery)]))


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
            "cloudwatch_log_agent_files": _filter(logs.agent_files),
            "cloudwatch_log_alarms": _filter(log_alarms.log_alarms),
            "cloudwatch_log_attributes": _filter(logs.attributes),
            "cloudwatch_log_dashboard": _filter(log_dashboard.log_dashboard),
            "cloudwatch_log_deliveries": _filter(logs.deliveries),
            "cloudwatch_log_exports": _filter(logs.exports),
            "cloudwatch_log_groups": _filter(logs.groups),
            "cloudwatch_log_metric_filters": _filter(logs.metric_filters),
            "cloudwatch_log_omissions": _filter(omissions),
            "cloudwatch_log_queries": _filter(log_queries.log_queries),
        }
