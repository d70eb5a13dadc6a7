# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role alert_channel makes, from its inputs. The filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alert_channel import channel
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


@as_filter
def alert_channel(
    place: Mapping[str, str], inputs: Mapping[str, Any], key_arn: str = "", front_door_url: str = ""
) -> dict[str, Any]:
    """The resources, with a sentence as error."""
    return channel(place, inputs, key_arn, front_door_url)


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {"alert_channel": alert_channel}
