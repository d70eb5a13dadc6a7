#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather the configuration of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_info
short_description: Gather the whole configuration of an Uptime Kuma server
version_added: 0.1.0
description:
  - Returns everything that is configured on a server, each kind in the shape that its module takes.
  - What is gathered from one server can be given to the modules to make another one like it, in the order
    M(kumawatch.monitoring.kuma_notifications), M(kumawatch.monitoring.kuma_proxies),
    M(kumawatch.monitoring.kuma_docker_hosts), M(kumawatch.monitoring.kuma_remote_browsers),
    M(kumawatch.monitoring.kuma_monitors), M(kumawatch.monitoring.kuma_status_pages),
    M(kumawatch.monitoring.kuma_maintenances), M(kumawatch.monitoring.kuma_settings).
  - Options that have the value that a new object would get anyhow are left out of monitors.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.reading
options:
  gather:
    description: What to gather; everything where it is not set.
    type: list
    elements: str
    choices:
      - notifications
      - proxies
      - docker_hosts
      - remote_browsers
      - monitors
      - status_pages
      - maintenances
      - settings
  include_secrets:
    description:
      - Whether passwords, tokens, webhook addresses, headers and the like are in the result.
      - Where they are not, RV(withheld) names them. Where they are, set C(no_log) on the task.
    type: bool
    default: false
seealso:
  - name: Export playbook
    description: Writes what this module gathers to a file.
    link: https://github.com/kumawatch/kumawatch.monitoring/blob/main/playbooks/export.yml
"""

EXAMPLES = r"""
- name: See which monitors there are
  kumawatch.monitoring.kuma_info:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    gather: [monitors]
  register: kuma

- name: Make another server like it
  block:
    - name: Read everything
      kumawatch.monitoring.kuma_info:
        api_url: https://old.example.com
        api_token: "{{ old_token }}"
        include_secrets: true
      register: old
      no_log: true

    - name: Write the notifications
      kumawatch.monitoring.kuma_notifications:
        api_url: https://new.example.com
        api_token: "{{ new_token }}"
        notifications: "{{ old.notifications }}"

    - name: Write the monitors
      kumawatch.monitoring.kuma_monitors:
        api_url: https://new.example.com
        api_token: "{{ new_token }}"
        monitors: "{{ old.monitors }}"
"""

RETURN = r"""
version:
  description: Version of the server, as it says itself.
  returned: success
  type: str
  sample: 2.5.3
withheld:
  description: The secrets that were left out, each with the object and the option it belongs to.
  returned: success
  type: list
  elements: str
  sample: ["monitor 'api': basic_auth_password"]
notifications:
  description: As O(kumawatch.monitoring.kuma_notifications#module:notifications).
  returned: when gathered
  type: list
  elements: dict
proxies:
  description: As O(kumawatch.monitoring.kuma_proxies#module:proxies).
  returned: when gathered
  type: list
  elements: dict
docker_hosts:
  description: As O(kumawatch.monitoring.kuma_docker_hosts#module:docker_hosts).
  returned: when gathered
  type: list
  elements: dict
remote_browsers:
  description: As O(kumawatch.monitoring.kuma_remote_browsers#module:remote_browsers). Empty on Uptime Kuma 1.23.
  returned: when gathered
  type: list
  elements: dict
monitors:
  description: As O(kumawatch.monitoring.kuma_monitors#module:monitors), groups before what is in them.
  returned: when gathered
  type: list
  elements: dict
status_pages:
  description: As O(kumawatch.monitoring.kuma_status_pages#module:status_pages).
  returned: when gathered
  type: list
  elements: dict
maintenances:
  description: As O(kumawatch.monitoring.kuma_maintenances#module:maintenances).
  returned: when gathered
  type: list
  elements: dict
settings:
  description: The options of M(kumawatch.monitoring.kuma_settings).
  returned: when gathered
  type: dict
"""

import asyncio

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import connection_of, require_libraries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.info import KINDS, gather


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_args(),
            "gather": {"type": "list", "elements": "str", "choices": list(KINDS)},
            "include_secrets": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    require_libraries(module)
    what = module.params["gather"] or list(KINDS)
    try:
        found = asyncio.run(
            gather(connection_of(module.params), what, include_secrets=module.params["include_secrets"])
        )
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, version=found.version, withheld=found.withheld, **found.configuration)


if __name__ == "__main__":
    main()
