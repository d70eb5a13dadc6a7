#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read how services did, from an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_uptime_info
short_description: Read the uptimes of services from an Uptime Kuma server
version_added: 0.2.0
description:
  - Returns what the server measured of services over the last 30 days, over one connection, and judges it by their
    objectives as the daily status summary does.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.reading
options:
  summary:
    description:
      - Which services are meant, with their objectives, in the words of the daily summary's configuration. The filter
        P(kumawatch.monitoring.uptime_summary#filter) makes it of a catalogue.
    type: dict
    required: true
seealso:
  - module: kumawatch.monitoring.kuma_info
"""

EXAMPLES = r"""
- name: See how the services of the catalogue did
  kumawatch.monitoring.kuma_uptime_info:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    summary: "{{ monitoring_catalogue | kumawatch.monitoring.uptime_summary }}"
  register: uptimes
"""

RETURN = r"""
services:
  description: The services, those that did worst first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the service.
      type: str
    status:
      description: V(up), V(down), V(pending), V(maintenance), V(paused), V(unknown), or V(missing) where the server has
        no such monitor.
      type: str
    objective:
      description: Percent of 30 days that it is to be up. C(null) without one.
      type: float
    uptime_24h:
      description: The part of the time that it was up, 0 to 1. C(null) where nothing was measured.
      type: float
    uptime_7d:
      description: The same of seven days.
      type: float
    uptime_30d:
      description: The same of 30 days.
      type: float
    breaching:
      description: Whether the uptime of 30 days is below the objective.
      type: bool
    budget:
      description: C(allowed) and C(used), minutes of being down in 30 days. C(null) where there is no objective or
        nothing was measured.
      type: dict
    down_since:
      description: Since when it is down, as ISO 8601. Empty if it is not.
      type: str
    measured_since:
      description: Its first check, where that is less than 30 days ago. Otherwise empty.
      type: str
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import connection_of, require_libraries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.cli import summarise
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.config import read_config
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import plain


def main() -> None:
    """Run the module."""
    arguments: dict[str, Any] = {**connection_args(), "summary": {"type": "dict", "required": True}}
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    require_libraries(module)
    try:
        config = read_config(module.params["summary"])
        made = asyncio.run(summarise(connection_of(module.params), config, datetime.now(UTC)))
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, services=[plain(standing) for standing in made.standings])


if __name__ == "__main__":
    main()
