#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the notifications of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_notifications
short_description: Reconcile all notifications of an Uptime Kuma server in one task
version_added: 0.1.0
description:
  - Brings the notifications of an Uptime Kuma server to what is declared. Every provider that Uptime Kuma knows is
    known here, with its keys, those that are secret, and those that it cannot work without.
  - A notification is known by its name.
  - Only what is declared is compared. Keys that are not set are left as they are on the server.
  - Works with Uptime Kuma 1.23 and with the releases of 2.x. A provider or a key that the server does not know yet is
    refused, with the release that brought it.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.bulk
  - kumawatch.monitoring.kuma.attributes
options:
  notifications:
    description: The notifications, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the notification. Monitors refer to it by this name.
        type: str
        required: true
      type:
        description:
          - The provider, as Uptime Kuma calls it, for example V(slack), V(smtp), V(webhook), V(telegram), V(PagerDuty).
            Upper and lower case matter.
          - Needed for a new notification, unless O(notifications[].google_chat) is set.
          - A notification that gets another type keeps none of the former one's keys.
        type: str
      google_chat:
        description:
          - A space of Google Chat. Implies O(notifications[].type=GoogleChat).
          - In diffs and in O(notifications[].ignore), its options are called C(google_chat.template) and so on.
        type: dict
        suboptions:
          webhook_url:
            description: Address of the space's webhook, with its key and token.
            type: str
            required: true
          use_template:
            description:
              - Whether O(notifications[].google_chat.template) is sent, as plain text, instead of a card.
              - V(true) if there is a template and this is not set.
              - Needs Uptime Kuma 2.0.0.
            type: bool
          template:
            description:
              - The text to send, in LiquidJS. In a test and before a certificate expires there is no C(heartbeatJSON)
                and no C(monitorJSON); guard what uses them with C({% if heartbeatJSON %}).
              - Needs Uptime Kuma 2.0.0.
            type: str
          max_retries:
            description:
              - How often a message is sent again that Google refuses because there were too many, from 1 to 10. The
                server waits one to three minutes each time.
              - Needs Uptime Kuma 2.1.0.
            type: int
      config:
        description:
          - The provider's own keys, as Uptime Kuma stores them, for example C(smtpHost).
          - Keys that are secret are refused here and belong into O(notifications[].secret_config).
          - A key that is set to null is removed.
        type: dict
      secret_config:
        description:
          - Keys of the provider whose values nobody may see, such as passwords, tokens, and addresses that hold one.
          - The server shows them to whoever is logged in, so a change to them is found and undone as any other.
        type: dict
      default:
        description:
          - Whether the form for a new monitor, on the server's own page, has this notification switched on.
          - Monitors that are created by a module have the notifications that are declared for them.
        type: bool
      apply_existing:
        description:
          - Whether every monitor on the server has this notification, whoever made the monitor. If one lacks it, all
            get it. V(false) takes it from none.
          - Do not use this together with monitors that declare a list of notifications without this one. Each task
            would undo what the other did.
        type: bool
      state:
        description:
          - Whether the notification exists.
          - A notification that is deleted, V(absent) or purged, is taken from the monitors that have it.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Names of options and of keys of the provider that are set on creation, and never compared or changed again.
        type: list
        elements: str
notes:
  - The mark of ownership is a key of the stored notification, C(kumawatchManagedBy), that the server's own page does
    not show and keeps when the notification is edited there.
  - A notification that goes, by O(purge) too, is taken from the monitors that have it. They then alert through what
    remains.
  - A key that is not known is refused, with the one that was probably meant, or with all that the provider has.
seealso:
  - module: kumawatch.monitoring.kuma_monitors
"""

EXAMPLES = r"""
- name: Alert to a space of Google Chat
  kumawatch.monitoring.kuma_notifications:
    api_url: https://status.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    notifications:
      - name: Google Chat
        google_chat:
          webhook_url: "{{ vault_google_chat_webhook }}"
          max_retries: 3
        default: true

- name: Plain text of one's own, and any other provider
  kumawatch.monitoring.kuma_notifications:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    notifications:
      - name: Google Chat, short
        google_chat:
          webhook_url: "{{ vault_google_chat_webhook }}"
          template: !unsafe "{{ name }}: {{ msg }}"
      - name: Mail to the team
        type: smtp
        config:
          smtpHost: mail.example.com
          smtpPort: 587
          smtpFrom: kuma@example.com
          smtpTo: team@example.com
          smtpUsername: kuma
        secret_config:
          smtpPassword: "{{ vault_smtp_password }}"
      - name: Own receiver
        type: webhook
        config:
          httpMethod: post
          webhookContentType: json
        secret_config:
          webhookURL: https://alerts.example.com/kuma
          webhookAdditionalHeaders:
            Authorization: Bearer {{ vault_alerts_token }}

- name: The declared notifications and nothing else of ours
  kumawatch.monitoring.kuma_notifications:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    managed_by: production
    purge: true
    notifications: "{{ notifications }}"

- name: Give a new notification to every monitor there is, and delete the one before
  kumawatch.monitoring.kuma_notifications:
    api_url: https://status.example.com
    api_token: "{{ kuma.token }}"
    notifications:
      - name: On call
        type: PagerDuty
        config:
          pagerdutyIntegrationUrl: https://events.pagerduty.com/v2/enqueue
          pagerdutyPriority: critical
          pagerdutyAutoResolve: resolve
        secret_config:
          pagerdutyIntegrationKey: "{{ vault_pagerduty_key }}"
        apply_existing: true
      - name: Old pager
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The notifications that were created.
  returned: when the notifications were read
  type: list
  elements: str
  sample: [Google Chat]
updated:
  description: The notifications that were changed.
  returned: when the notifications were read
  type: list
  elements: str
deleted:
  description: The notifications that were deleted.
  returned: when the notifications were read
  type: list
  elements: str
unchanged:
  description: The declared notifications that were as declared.
  returned: when the notifications were read
  type: list
  elements: str
unmanaged:
  description: The notifications on the server that are neither declared nor deleted.
  returned: when the notifications were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the notifications were read
  type: list
  elements: str
failures:
  description: The notifications that could not be changed, with the reason. The others were.
  returned: when the notifications were read
  type: list
  elements: dict
  contains:
    name:
      description: The notification.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args, ownership_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.notification_model import misplaced_secrets
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.notifications import Notifications


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    google_chat = {
        "webhook_url": {"type": "str", "required": True, "no_log": True},
        "use_template": {"type": "bool"},
        "template": {"type": "str"},
        "max_retries": {"type": "int"},
    }
    notification = {
        "name": {"type": "str", "required": True},
        "type": {"type": "str"},
        "google_chat": {"type": "dict", "options": google_chat},
        "config": {"type": "dict"},
        "secret_config": {"type": "dict", "no_log": True},
        "default": {"type": "bool"},
        "apply_existing": {"type": "bool"},
        **entry_args(),
    }
    return {
        **connection_args(),
        **ownership_args(),
        "notifications": {"type": "list", "elements": "dict", "required": True, "options": notification},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    module.no_log_values.update(misplaced_secrets(module.params["notifications"]))
    run(module, Notifications(module.params["notifications"]))


if __name__ == "__main__":
    main()
