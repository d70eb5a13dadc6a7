# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch has as a file of variables. Documented in cloudwatch_export.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.filter.uptime_export import _Dumper, _plain

KINDS = ("alarms", "mute_rules", "dashboards")


def cloudwatch_export(gathered: Any) -> str:
    """The text of the file."""
    if not isinstance(gathered, Mapping) or not any(kind in gathered for kind in KINDS):
        raise AnsibleFilterError(
            "kumawatch.monitoring.cloudwatch_export takes what kumawatch.monitoring.cloudwatch_info returned."
        )
    found = {f"cloudwatch_metrics_extra_{kind}": gathered[kind] for kind in KINDS if gathered.get(kind)}
    where = f"account {gathered.get('account', '?')}, Region {gathered.get('region', '?')}"
    body = yaml.dump(_plain(found), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120) if found else "{}\n"
    return (
        f"# CloudWatch of {where}, in the words of the role cloudwatch_metrics.\n"
        f"# What a catalogue declares as well must not be declared here.\n"
        f"---\n{body}"
    )


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"cloudwatch_export": cloudwatch_export}
