#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the Docker hosts of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_docker_hosts
short_description: Reconcile the Docker hosts of an Uptime Kuma server in one task
version_added: 0.1.0
description:
  - Brings the Docker hosts of an Uptime Kuma server, which monitors of type C(docker) ask about their containers, to
    what is declared.
  - A Docker host is known by its name.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.attributes
notes:
  - A Docker host has no field that could bear a mark of ownership. So there is no purge, and nothing is changed or
    deleted that is not declared here.
  - A Docker host that is deleted is taken out of the monitors that use it.
  - Two runs against one server do not mix. The one that comes second waits until the first has written.
options:
  docker_hosts:
    description: The Docker hosts, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the Docker host.
        type: str
        required: true
      connection:
        description: How Uptime Kuma reaches the daemon. Needed for a new Docker host.
        type: str
        choices: [socket, tcp]
      daemon:
        description:
          - Path of the socket, as the server sees it, or address of the daemon. Needed for a new Docker host.
        type: str
      state:
        description: Whether the Docker host is to be there.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Options of this entry to set when the Docker host is created and to leave alone afterwards.
        type: list
        elements: str
seealso:
  - module: kumawatch.monitoring.kuma_monitors
"""

EXAMPLES = r"""
- name: The server's own daemon and another one
  kumawatch.monitoring.kuma_docker_hosts:
    api_url: https://kuma.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    docker_hosts:
      - name: local
        connection: socket
        daemon: /var/run/docker.sock
      - name: build
        connection: tcp
        daemon: https://build.example.com:2376
      - name: retired
        state: absent
"""

RETURN = r"""
msg:
  description: How many were created, updated, deleted and unchanged, or what was wrong.
  returned: always
  type: str
  sample: "1 created, 1 updated, 0 deleted, 4 unchanged"
created:
  description: The Docker hosts that were created, by their names.
  returned: always
  type: list
  elements: str
  sample: [local]
updated:
  description: The Docker hosts that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The Docker hosts that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared Docker hosts that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The Docker hosts on the server that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: Always empty, for a Docker host bears no mark of ownership.
  returned: always
  type: list
  elements: str
failures:
  description: The Docker hosts that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The Docker host.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.gateways import DockerHosts


def docker_host_args() -> dict[str, object]:
    """What one entry takes."""
    return {
        **entry_args(),
        "name": {"type": "str", "required": True},
        "connection": {"type": "str", "choices": ["socket", "tcp"]},
        "daemon": {"type": "str"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_args(),
            "docker_hosts": {"type": "list", "elements": "dict", "required": True, "options": docker_host_args()},
        },
        supports_check_mode=True,
    )
    run(module, DockerHosts(module.params["docker_hosts"]))


if __name__ == "__main__":
    main()
