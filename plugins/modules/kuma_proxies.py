#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the proxies of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_proxies
short_description: Reconcile the proxies of an Uptime Kuma server in one task
version_added: 0.1.0
description:
  - Brings the proxies of an Uptime Kuma server, through which monitors reach what they watch, to what is declared.
  - A proxy has no name. It is known by its address, C(PROTOCOL://HOST:PORT), and that is what monitors call it by.
  - The server keeps every proxy active, whatever it is told, so there is no option for that.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.attributes
notes:
  - A proxy has no field that could bear a mark of ownership. So there is no purge, and nothing is changed or deleted
    that is not declared here.
  - A proxy that is deleted is taken out of the monitors that use it.
  - Two runs against one server do not mix. The one that comes second waits until the first has written.
options:
  proxies:
    description: The proxies, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      protocol:
        description: Protocol that the proxy speaks.
        type: str
        required: true
        choices: [http, https, socks, socks4, socks5, socks5h]
      host:
        description: Name or address of the proxy.
        type: str
        required: true
      port:
        description: Port of the proxy.
        type: int
        required: true
      username:
        description: User to log in to the proxy as. An empty string for no login.
        type: str
      password:
        description: Password of O(proxies[].username). The server shows it to its users, so it is compared.
        type: str
      default:
        description:
          - Whether the server's own pages propose this proxy for new monitors. One proxy is; it takes that role from
            every other.
          - Monitors that are declared have the proxy that they name, and no other.
        type: bool
      state:
        description: Whether the proxy is to be there.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Options of this entry to set when the proxy is created and to leave alone afterwards.
        type: list
        elements: str
seealso:
  - module: kumawatch.monitoring.kuma_monitors
"""

EXAMPLES = r"""
- name: A proxy with a login
  kumawatch.monitoring.kuma_proxies:
    api_url: https://kuma.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    proxies:
      - protocol: http
        host: proxy.example.com
        port: 3128
        username: kuma
        password: "{{ vault_proxy_password }}"
        default: true

- name: A monitor goes through it
  kumawatch.monitoring.kuma_monitors:
    api_url: https://kuma.example.com
    api_token: "{{ kuma_token }}"
    monitors:
      - name: partner
        type: http
        url: https://partner.example.com/health
        proxy: http://proxy.example.com:3128
"""

RETURN = r"""
msg:
  description: How many were created, updated, deleted and unchanged, or what was wrong.
  returned: always
  type: str
  sample: "1 created, 1 updated, 0 deleted, 4 unchanged"
created:
  description: The proxies that were created, by their addresses.
  returned: always
  type: list
  elements: str
  sample: [http://proxy.example.com:3128]
updated:
  description: The proxies that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The proxies that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared proxies that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The proxies on the server that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: Always empty, for a proxy bears no mark of ownership.
  returned: always
  type: list
  elements: str
failures:
  description: The proxies that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The proxy.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.gateways import Proxies


def proxy_args() -> dict[str, object]:
    """What one entry takes."""
    return {
        **entry_args(),
        "protocol": {
            "type": "str",
            "required": True,
            "choices": ["http", "https", "socks", "socks4", "socks5", "socks5h"],
        },
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "required": True},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "default": {"type": "bool"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_args(),
            "proxies": {"type": "list", "elements": "dict", "required": True, "options": proxy_args()},
        },
        supports_check_mode=True,
    )
    run(module, Proxies(module.params["proxies"]))


if __name__ == "__main__":
    main()
