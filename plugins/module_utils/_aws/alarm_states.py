# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which state alarms are, and since when. Which alarms there are is for :mod:`.info`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .info import Entry, Wanted, described_alarms
from .session import Aws


def alarm_states(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    """The states of alarms, by name."""
    chosen = sorted(described_alarms(aws, wanted), key=lambda pair: str(pair[0]["AlarmName"]))
    return [{**_state(item), "tags": dict(sorted(wanted.own(own).items()))} for item, own in chosen]


def _state(item: Mapping[str, Any]) -> Entry:
    # What has never been evaluated has no time of a change, on some Regions.
    since = item.get("StateTransitionedTimestamp") or item.get("StateUpdatedTimestamp")
    return {
        "name": str(item["AlarmName"]),
        "state": str(item.get("StateValue", "INSUFFICIENT_DATA")),
        "since": since.isoformat() if since else "",
        "reason": str(item.get("StateReason") or ""),
        "actions_enabled": bool(item.get("ActionsEnabled", True)),
        "suppressed": str(item.get("ActionsSuppressedBy") or ""),
        "composite": "AlarmRule" in item,
    }


#: What :data:`.info.KINDS` is extended by; it is gathered where it is named only, as nothing can be made of it.
KINDS = {"alarm_states": alarm_states}
