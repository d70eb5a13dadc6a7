#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the maintenances of an Uptime Kuma server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kuma_maintenances
short_description: Reconcile all maintenances of an Uptime Kuma server in one task
version_added: 0.1.0
description:
  - Brings the maintenances of an Uptime Kuma server, with the monitors and status pages that they concern, to what is
    declared. One task and one login, whatever the number of maintenances.
  - A maintenance is known by its title.
  - Only what is declared is compared. Options that are not set are left as they are on the server; a list that is set
    is exact.
  - The mark of ownership is an HTML comment at the end of the description. Status pages do not show it.
  - Times of day and dates are local to O(maintenances[].timezone).
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - kumawatch.monitoring.kuma
  - kumawatch.monitoring.kuma.bulk
  - kumawatch.monitoring.kuma.attributes
options:
  maintenances:
    description: The maintenances, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      title:
        description: Title of the maintenance, which status pages show.
        type: str
        required: true
      description:
        description: What is done, in Markdown. Status pages show it.
        type: str
      strategy:
        description:
          - When the maintenance takes place. Needed for a new one.
          - V(manual), while it is active.
          - V(single), from O(maintenances[].start) to O(maintenances[].end).
          - V(recurring-interval), every O(maintenances[].interval_days) days in O(maintenances[].time_window).
          - V(recurring-weekday), on O(maintenances[].weekdays) in O(maintenances[].time_window).
          - V(recurring-day-of-month), on O(maintenances[].days_of_month) in O(maintenances[].time_window).
          - V(cron), whenever O(maintenances[].cron) says so, for O(maintenances[].duration_minutes).
        type: str
        choices: [manual, single, recurring-interval, recurring-weekday, recurring-day-of-month, cron]
      active:
        description: Whether the maintenance takes place at all. A new one does if this is not set.
        type: bool
      start:
        description:
          - First moment of the maintenance, such as V(2026-12-01 02:00). For strategies that recur, the first moment
            at which it may take place, or an empty string.
        type: str
      end:
        description: Last moment of the maintenance, in the same form.
        type: str
      time_window:
        description: Times of day between which the maintenance takes place. An end before the start is on the next day.
        type: dict
        suboptions:
          start:
            description: Time of day such as V("02:00"). Quote it, for YAML reads V(12:30) as the number 750.
            type: str
            required: true
          end:
            description: Time of day at which it ends.
            type: str
            required: true
      weekdays:
        description: Names of days such as V(monday), or the server's numbers for them, V(0) for Sunday to V(6) for
          Saturday.
        type: list
        elements: str
      days_of_month:
        description: Numbers of days, and V(lastDay1) for the last day of the month.
        type: list
        elements: str
      interval_days:
        description: Days from one maintenance to the next.
        type: int
      cron:
        description: The moments at which the maintenance begins, as minute, hour, day of the month, month and day of
          the week.
        type: str
      duration_minutes:
        description: Minutes that a maintenance of strategy V(cron) lasts.
        type: int
      timezone:
        description:
          - V(SAME_AS_SERVER), V(UTC), or a name such as V(Europe/Berlin).
          - A new maintenance gets V(SAME_AS_SERVER) if this is not set.
        type: str
      monitors:
        description:
          - The monitors that are under maintenance. Each is a name that only one monitor has, or a list of names from
            the outermost group to the monitor. A group stands for what is in it.
        type: list
        elements: raw
      status_pages:
        description: Slugs of the status pages that tell of the maintenance.
        type: list
        elements: str
      state:
        description: Whether the maintenance is to be there.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description:
          - Options of this entry to set when the maintenance is created and to leave alone afterwards.
        type: list
        elements: str
  pending_monitors:
    description:
      - Monitors that an earlier task of the same run would have created, as RV(ignore:created) of
        M(kumawatch.monitoring.kuma_monitors) names them, or as lists of names.
      - Looked at in check mode only, so that maintenances of these monitors can be predicted.
    type: list
    elements: raw
    default: []
  pending_status_pages:
    description:
      - Slugs of status pages that an earlier task of the same run would have created, as RV(ignore:created) of
        M(kumawatch.monitoring.kuma_status_pages) names them.
      - Looked at in check mode only.
    type: list
    elements: str
    default: []
  pending_deleted_monitors:
    description:
      - Monitors that an earlier task of the same run would have deleted, as RV(ignore:deleted) of
        M(kumawatch.monitoring.kuma_monitors) names them.
      - Looked at in check mode only. A monitor that is deleted disappears from its maintenances by itself.
    type: list
    elements: raw
    default: []
  pending_deleted_status_pages:
    description:
      - Slugs of status pages that an earlier task of the same run would have deleted, as RV(ignore:deleted) of
        M(kumawatch.monitoring.kuma_status_pages) names them.
      - Looked at in check mode only.
    type: list
    elements: str
    default: []
seealso:
  - module: kumawatch.monitoring.kuma_monitors
  - module: kumawatch.monitoring.kuma_status_pages
"""

EXAMPLES = r"""
- name: Backups every Sunday night, an upgrade, and a switch for emergencies
  kumawatch.monitoring.kuma_maintenances:
    api_url: https://kuma.example.com
    api_username: admin
    api_password: "{{ vault_kuma_password }}"
    maintenances:
      - title: Weekly backup
        description: Services answer slowly.
        strategy: recurring-weekday
        weekdays: [sunday]
        time_window: {start: "23:30", end: "01:00"}
        timezone: Europe/Berlin
        monitors:
          - [production, api]
          - [production, shop]
        status_pages: [production]
      - title: Database upgrade
        strategy: single
        start: 2026-12-05 02:00
        end: 2026-12-05 04:00
        timezone: UTC
        monitors: [database]
      - title: Emergency
        strategy: manual
        active: false
        monitors: [production]

- name: Every quarter of an hour at night, for five minutes
  kumawatch.monitoring.kuma_maintenances:
    api_url: https://kuma.example.com
    api_token: "{{ kuma_token }}"
    maintenances:
      - title: Reindexing
        strategy: cron
        cron: "*/15 1-4 * * *"
        duration_minutes: 5

- name: The emergency begins
  kumawatch.monitoring.kuma_maintenances:
    api_url: https://kuma.example.com
    api_token: "{{ kuma_token }}"
    maintenances:
      - title: Emergency
        active: true
"""

RETURN = r"""
msg:
  description: How many were created, updated, deleted and unchanged, or what was wrong.
  returned: always
  type: str
  sample: "1 created, 1 updated, 0 deleted, 4 unchanged"
created:
  description: The maintenances that were created, by their titles.
  returned: always
  type: list
  elements: str
  sample: [Weekly backup]
updated:
  description: The maintenances that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: The maintenances that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: The declared maintenances that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: The maintenances on the server that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: always
  type: list
  elements: str
failures:
  description: The maintenances that could not be changed, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The maintenance.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args, ownership_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.argspec import connection_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.maintenances import STRATEGIES, Maintenances


def maintenance_args() -> dict[str, object]:
    """What one maintenance takes."""
    return {
        **entry_args(),
        "title": {"type": "str", "required": True},
        "description": {"type": "str"},
        "strategy": {"type": "str", "choices": list(STRATEGIES)},
        "active": {"type": "bool"},
        "start": {"type": "str"},
        "end": {"type": "str"},
        "time_window": {
            "type": "dict",
            "options": {
                "start": {"type": "str", "required": True},
                "end": {"type": "str", "required": True},
            },
        },
        "weekdays": {"type": "list", "elements": "str"},
        "days_of_month": {"type": "list", "elements": "str"},
        "interval_days": {"type": "int"},
        "cron": {"type": "str"},
        "duration_minutes": {"type": "int"},
        "timezone": {"type": "str"},
        "monitors": {"type": "list", "elements": "raw"},
        "status_pages": {"type": "list", "elements": "str"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **connection_args(),
            **ownership_args(),
            "maintenances": {"type": "list", "elements": "dict", "required": True, "options": maintenance_args()},
            "pending_monitors": {"type": "list", "elements": "raw", "default": []},
            "pending_status_pages": {"type": "list", "elements": "str", "default": []},
            "pending_deleted_monitors": {"type": "list", "elements": "raw", "default": []},
            "pending_deleted_status_pages": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    pending = {name: value for name, value in module.params.items() if name.startswith("pending_")}
    run(module, Maintenances(module.params["maintenances"], **(pending if module.check_mode else {})))


if __name__ == "__main__":
    main()
