# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue means for CloudWatch. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import alarms, monitored, mutes, watcher
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


def mute_rules(
    catalogue: Mapping[str, Any], declared: Sequence[Mapping[str, Any]], now: str | None = None, part: str = ""
) -> list[dict[str, Any]]:
    """The mute rules, without windows that are over."""
    try:
        moment = datetime.fromisoformat(now) if now else datetime.now(UTC)
    except ValueError:
        raise AnsibleFilterError(
            f"cloudwatch_mute_rules: now must be a time such as 2026-12-24T22:00:00+01:00, not '{now}'."
        ) from None
    return mutes.mute_rules(dict(catalogue), declared, moment if moment.tzinfo else moment.replace(tzinfo=UTC), part)


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "cloudwatch_alarms": as_filter(alarms.alarms),
            "cloudwatch_monitored": as_filter(monitored.monitored),
            "cloudwatch_mute_rules": as_filter(mute_rules),
            "cloudwatch_omissions": as_filter(alarms.omissions),
            "cloudwatch_watcher_alarms": as_filter(watcher.watcher_alarms),
        }
