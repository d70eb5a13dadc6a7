#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the general settings of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_settings
short_description: Set the general settings of an Uptime Kuma server
version_added: 0.1.0
description:
  - Brings the general settings of an Uptime Kuma server to what is declared. Settings that are not set here are left as
    they are.
  - Works with Uptime Kuma 1.23 and with the releases of 2.x. A setting that the server does not know yet is refused,
    with the release that brought it.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.attributes
options:
  check_update:
    description: Whether the server looks for new versions of itself.
    type: bool
  check_beta:
    description: Whether beta versions count as new versions.
    type: bool
  search_engine_index:
    description: Whether search engines may index the status pages.
    type: bool
  entry_page:
    description:
      - What the root address shows, V(dashboard) or V(statusPage-) followed by the slug of a status page, for example
        V(statusPage-production).
    type: str
  primary_base_url:
    description: Address of the server, for links in notifications.
    type: str
  server_timezone:
    description: Time zone of the server, for example V(Europe/Berlin).
    type: str
  keep_data_period_days:
    description: Days that history is kept. V(0) keeps it for ever.
    type: int
  tls_expiry_notify_days:
    description: Days before a certificate expires on which to notify, in any order. The list is exact.
    type: list
    elements: int
  domain_expiry_notify_days:
    description:
      - Days before a domain expires on which to notify, in any order. The list is exact.
      - Needs Uptime Kuma 2.1.0.
    type: list
    elements: int
  dns_cache:
    description: Whether names are resolved through a cache. Uptime Kuma 1.23 only.
    type: bool
  nscd:
    description: Whether the name service cache daemon runs. Has an effect in the container only.
    type: bool
  disable_auth:
    description:
      - Whether anyone may use the server without a login.
      - To switch authentication off, the server wants O(api_password), whichever way the task logs in.
    type: bool
  trust_proxy:
    description: Whether the X-Forwarded headers of a proxy are believed.
    type: bool
  chrome_executable:
    description: Chromium for monitors of the type real-browser, a path or V(#playwright_chromium).
    type: str
  steam_api_key:
    description: Steam Web API key, for monitors of the type steam.
    type: str
  globalping_api_token:
    description: Globalping API token, for higher limits. Needs Uptime Kuma 2.1.0.
    type: str
notes:
  - The settings are one object, V(general), in the return values.
seealso:
  - module: kumawatch.monitoring.kuma_setup
"""

EXAMPLES = r"""
- name: Warn of certificates in good time, and keep a year of history
  kumawatch.monitoring.kuma_settings:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    primary_base_url: https://status.example.com
    server_timezone: Europe/Berlin
    tls_expiry_notify_days: [3, 7, 21]
    keep_data_period_days: 365

- name: Show the status page of production to whoever comes
  kumawatch.monitoring.kuma_settings:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    entry_page: statusPage-production
    search_engine_index: false

- name: Behind a reverse proxy
  kumawatch.monitoring.kuma_settings:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    trust_proxy: true
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 0 created, 1 updated, 0 deleted, 0 unchanged
created:
  description: Always empty. A server has settings.
  returned: when the settings were read
  type: list
  elements: str
updated:
  description: V(general) if a setting was changed. What changes is in the diff.
  returned: when the settings were read
  type: list
  elements: str
  sample: [general]
deleted:
  description: Always empty.
  returned: when the settings were read
  type: list
  elements: str
unchanged:
  description: V(general) if all settings were as declared.
  returned: when the settings were read
  type: list
  elements: str
unmanaged:
  description: Always empty.
  returned: when the settings were read
  type: list
  elements: str
adopted:
  description: Always empty. Settings bear no mark of ownership.
  returned: when the settings were read
  type: list
  elements: str
failures:
  description: What could not be changed, with the reason.
  returned: when the settings were read
  type: list
  elements: dict
  contains:
    name:
      description: Always V(general).
      type: str
    error:
      description: What was wrong.
      type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.settings import Settings, option_args


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    return {**connection_args(), **option_args()}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Settings(module.params, module.params["api_password"]))


if __name__ == "__main__":
    main()
