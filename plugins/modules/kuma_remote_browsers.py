#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the remote browsers of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_remote_browsers
short_description: Reconcile the remote browsers of an Uptime Kuma server in one task
version_added: 0.1.0
description:
  - Brings the remote browsers of an Uptime Kuma server, with which monitors of type C(real-browser) load pages, to
    what is declared.
  - A remote browser is known by its name.
  - Needs Uptime Kuma 2.0.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.attributes
notes:
  - A remote browser has no field that could bear a mark of ownership. So there is no purge, and nothing is changed or
    deleted that is not declared here.
  - A remote browser that is deleted is taken out of the monitors that use it.
  - Two runs against one server do not mix. The one that comes second waits until the first has written.
options:
  remote_browsers:
    description: The remote browsers, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the remote browser.
        type: str
        required: true
      url:
        description:
          - Address of the browser, such as V(ws://chrome.example.com:3000/?token=...). Needed for a new one.
          - Services take their token in it, so it is treated as a secret.
        type: str
      state:
        description: Whether the remote browser is to be there.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Options of this entry to set when the remote browser is created and to leave alone afterwards.
        type: list
        elements: str
seealso:
  - module: kumawatch.monitoring.kuma_monitors
"""

EXAMPLES = r"""
- name: A browser that the server does not have itself
  kumawatch.monitoring.kuma_remote_browsers:
    api_url: https://kuma.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    remote_browsers:
      - name: browserless
        url: "wss://chrome.example.com/?token={{ vault_browserless_token }}"
"""

RETURN = r"""
msg:
  description: How many were created, updated, deleted and unchanged, or what was wrong.
  returned: always
  type: str
  sample: "1 created, 1 updated, 0 deleted, 4 unchanged"
created:
  description: The remote browsers that were created, by their names.
  returned: always
  type: list
  elements: str
  sample: [browserless]
updated:
  description: The remote browsers that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The remote browsers that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared remote browsers that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The remote browsers on the server that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: Always empty, for a remote browser bears no mark of ownership.
  returned: always
  type: list
  elements: str
failures:
  description: The remote browsers that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The remote browser.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.gateways import RemoteBrowsers


def remote_browser_args() -> dict[str, object]:
    """What one entry takes."""
    return {
        **entry_args(),
        "name": {"type": "str", "required": True},
        "url": {"type": "str", "no_log": True},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_args(),
            "remote_browsers": {"type": "list", "elements": "dict", "required": True, "options": remote_browser_args()},
        },
        supports_check_mode=True,
    )
    run(module, RemoteBrowsers(module.params["remote_browsers"]))


if __name__ == "__main__":
    main()
