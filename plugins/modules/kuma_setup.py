#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a new Uptime Kuma server usable."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_setup
short_description: Make a new Uptime Kuma server usable
version_added: 0.1.0
description:
  - Answers the wizards of a new server. Chooses the database, which releases of 2.x ask for first, waits until the
    server is back, and creates the first user, O(api_username) with O(api_password).
  - Logs in, to prove that the user and the password work, and returns a token for the tasks that follow.
  - A server that is set up already stays as it is. If it refuses the password, the task fails and changes nothing,
    unless O(api_current_password) says which password to change.
  - Works with Uptime Kuma 1.23, which has no database wizard, and with the releases of 2.x.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.attributes
options:
  api_username:
    description:
      - The user to log in as, and the first user where there is none yet. Needed.
      - Taken from the environment variable E(KUMAWATCH_KUMA_USERNAME) where it is not given.
  api_password:
    description:
      - The password that O(api_username) has or gets. Needed.
      - The server wants at least six characters, and two kinds of lower case, upper case, digits and symbols.
      - Taken from the environment variable E(KUMAWATCH_KUMA_PASSWORD) where it is not given.
  api_token:
    description: Not used here. The password is to be proved.
  api_wait:
    description:
      - Seconds to wait for a server that is not ready, because it is just starting.
      - Once its database has been chosen, a server has at least 120 seconds to come back.
  api_current_password:
    description:
      - The password that O(api_username) has now, if it is to be changed to O(api_password).
      - Used only if the server refuses O(api_password). So it may stay in the task when the password has been changed.
      - The change ends all other sessions of the user and makes earlier tokens invalid.
    type: str
  database:
    description:
      - Where the server keeps its data, chosen where the server asks for it. SQLite where this is not set.
      - A server that has a database keeps it. If O(database.type) is then another one, the task fails.
    type: dict
    suboptions:
      type:
        description:
          - V(sqlite) is a file in the server's data directory, V(mariadb) a MariaDB or MySQL server,
            V(embedded-mariadb) the one inside of the full container image, where
            E(UPTIME_KUMA_ENABLE_EMBEDDED_MARIADB) is V(1) there.
        type: str
        choices: [sqlite, mariadb, embedded-mariadb]
        default: sqlite
      hostname:
        description:
          - Host of the V(mariadb) server, as Uptime Kuma reaches it.
          - Not needed where the Uptime Kuma server has E(UPTIME_KUMA_DB_SOCKET) set.
        type: str
      port:
        description: Port of the V(mariadb) server.
        type: int
        default: 3306
      name:
        description:
          - Name of the database, which must exist, with the character set C(utf8mb4). Needed for V(mariadb).
          - With another character set, Uptime Kuma's tables may not fit into it.
        type: str
      username:
        description: User of the database. Needed for V(mariadb).
        type: str
      password:
        description: Password of O(database.username). Needed for V(mariadb).
        type: str
      ssl:
        description:
          - Whether to use TLS to the V(mariadb) server, whose certificate must be valid then.
          - Needs Uptime Kuma 2.1.0.
        type: bool
        default: false
      ca:
        description: Certificate authority of the V(mariadb) server, in PEM, if it is none that is generally trusted.
        type: str
attributes:
  diff_mode:
    description: Returns what the server gets, with passwords masked.
notes:
  - The server's first user is whoever comes first. Run this as soon as the server can be reached, or before others can.
  - A task that registers the result holds RV(token). Set C(no_log) on it, or do not print the result.
seealso:
  - module: kumawatch.monitoring.kuma_settings
"""

EXAMPLES = r"""
- name: Make the new server usable
  kumawatch.monitoring.kuma_setup:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
  register: kuma
  no_log: true

- name: Go on by token, which is not limited to 20 logins a minute
  kumawatch.monitoring.kuma_settings:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    primary_base_url: https://status.example.com

- name: Keep the data in MariaDB
  kumawatch.monitoring.kuma_setup:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    database:
      type: mariadb
      hostname: db.example.com
      name: kuma
      username: kuma
      password: "{{ vault_kuma_database_password }}"

- name: Change the password, once
  kumawatch.monitoring.kuma_setup:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    api_current_password: "{{ vault_kuma_old_password }}"
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: database sqlite chosen, first user 'admin' created
database_chosen:
  description: Whether the database was chosen, or in check mode is to be chosen.
  returned: success
  type: bool
user_created:
  description: Whether the first user was created, or in check mode is to be created.
  returned: success
  type: bool
password_changed:
  description: Whether the password was changed, or in check mode is to be changed.
  returned: success
  type: bool
version:
  description: The server's version, as it says it.
  returned: success, except in check mode for a server that has no user yet
  type: str
  sample: 2.5.3
token:
  description:
    - A token to log in with, for O(api_token) of later tasks. Valid until the password changes.
    - It is as good as the password. Keep it secret.
  returned: success, where the server's authentication is on, except in check mode for a server that changes
  type: str
"""

import asyncio
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import connection_of, require_libraries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.setup import Database, set_up


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    return {
        **connection_args(),
        "api_current_password": {"type": "str", "no_log": True},
        "database": {
            "type": "dict",
            "options": {
                "type": {"type": "str", "choices": ["sqlite", "mariadb", "embedded-mariadb"], "default": "sqlite"},
                "hostname": {"type": "str"},
                "port": {"type": "int", "default": 3306},
                "name": {"type": "str"},
                "username": {"type": "str"},
                "password": {"type": "str", "no_log": True},
                "ssl": {"type": "bool", "default": False},
                "ca": {"type": "str"},
            },
        },
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    require_libraries(module)
    connection = connection_of(module.params)
    database = module.params["database"]
    try:
        outcome = asyncio.run(
            set_up(
                connection,
                Database(**database) if database is not None else None,
                module.params["api_current_password"],
                check_mode=module.check_mode,
            )
        )
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    result = outcome.result(connection.shown, done=not module.check_mode)
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
