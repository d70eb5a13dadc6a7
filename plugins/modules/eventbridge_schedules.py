#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the schedules of EventBridge Scheduler."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eventbridge_schedules
short_description: Reconcile all schedules of EventBridge Scheduler in one task
version_added: 0.2.0
description:
  - Brings the schedules of EventBridge Scheduler, and the groups that they are in, to what is declared.
  - A schedule is known by its group and its name. Messages call it C(GROUP/NAME), and a group C(group NAME).
  - Only what is declared is compared. Options that are not set are left as they are, although AWS resets what an update
    leaves out.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  schedules:
    description: The schedules, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the schedule.
        type: str
        required: true
      group:
        description:
          - The group that the schedule is in. It is created with the mark of ownership if it does not exist.
          - By default the group that is called as O(managed_by), without the characters that names of groups do not
            have. The group V(default) if O(managed_by) is empty.
        type: str
      schedule:
        description:
          - When it runs. C(rate(5 minutes\)), C(cron(0 6 * * ? *\)) with minutes, hours, day of month, month, day of
            week and year, or once, C(at(2026-12-24T22:00:00\)).
          - Needed for a new schedule.
        type: str
      timezone:
        description: The time zone of O(schedules[].schedule). AWS takes V(UTC) for a new schedule.
        type: str
      start:
        description:
          - The moment from which on it runs, such as V(2026-12-01T00:00:00+01:00). In UTC if it has no offset.
          - Empty for none.
        type: str
      end:
        description: The moment until which it runs. Empty for none.
        type: str
      description:
        description: What it is for, up to 512 characters.
        type: str
      flexible_window_minutes:
        description: Minutes, up to 1440, within which it may run late. V(0) for on time, which is AWS's default.
        type: int
      after_completion:
        description:
          - What becomes of the schedule after its last run. The next run of this module creates anew what is declared
            and gone.
        type: str
        choices: [none, delete]
      kms_key_arn:
        description: The key that AWS encrypts the schedule with. Empty for AWS's own.
        type: str
      target:
        description: What is called. Its options are compared one by one, as C(target.arn) and so on.
        type: dict
        suboptions:
          arn:
            description: ARN of the function, queue, topic or other target. Needed for a new schedule.
            type: str
          role_arn:
            description: ARN of the role that EventBridge Scheduler calls it with. Needed for a new schedule.
            type: str
          input:
            description:
              - What the target is given. Data is sent as JSON, text as it is. JSON text is compared as the data in it.
              - Empty for AWS's own event.
            type: raw
          retry_attempts:
            description: How often a call that failed is made again, up to 185, which is AWS's default.
            type: int
          max_event_age:
            description: Seconds, from 60 to 86400, after which a call is given up. AWS's default is 86400.
            type: int
          dead_letter_arn:
            description: ARN of the SQS queue for calls that were given up. Empty for none.
            type: str
          parameters:
            description:
              - What some kinds of targets take besides, in the words of the API, for example
                C({SqsParameters{:} {MessageGroupId{:} a}}). What is set replaces all of it.
            type: dict
      state:
        description: Whether the schedule exists, and whether it runs.
        type: str
        choices: [enabled, disabled, absent]
        default: enabled
      ignore:
        description:
          - Names of options, C(target.input) of nested ones and C(enabled) for whether it runs, that are set on
            creation and never compared or changed again.
        type: list
        elements: str
notes:
  - Schedules have no tags, their groups have. A group is created with the mark of ownership, and what is in a group
    with our mark is ours. O(purge) deletes from it what is not declared, and the group itself when nothing declared
    is in it.
  - A group without a mark is adopted if every schedule in it is declared, and refused otherwise. The group V(default)
    can only be used without marks.
  - One call for a hundred schedules, and one for each that is declared, since the list says nothing of what a
    schedule does.
"""

EXAMPLES = r"""
- name: A drill every night
  kumawatch.monitoring.eventbridge_schedules:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    schedules:
      - name: drill
        description: One test alert down every path
        schedule: cron(30 2 * * ? *)
        timezone: Europe/Berlin
        target:
          arn: "{{ drill_function.configuration.function_arn }}"
          role_arn: "{{ scheduler_role.iam_role.arn }}"
          input:
            severity: warning
            environment: production
          retry_attempts: 2
          max_event_age: 3600

- name: Suspend one, and remove another
  kumawatch.monitoring.eventbridge_schedules:
    managed_by: kumawatch-production
    schedules:
      - name: drill
        state: disabled
      - name: former-report
        group: reports
        state: absent

- name: Without marks, in the group that every account has
  kumawatch.monitoring.eventbridge_schedules:
    managed_by: ""
    schedules:
      - name: once
        schedule: at(2026-12-24T22:00:00)
        after_completion: delete
        target:
          arn: arn:aws:sqs:eu-central-1:123456789012:reports
          role_arn: arn:aws:iam::123456789012:role/scheduler
          input: go
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 2 created, 0 updated, 0 deleted, 3 unchanged
created:
  description: The schedules and groups that were created.
  returned: when the schedules were read
  type: list
  elements: str
  sample: [group kumawatch-production, kumawatch-production/drill]
updated:
  description: The schedules and groups that were changed.
  returned: when the schedules were read
  type: list
  elements: str
deleted:
  description: The schedules and groups that were deleted.
  returned: when the schedules were read
  type: list
  elements: str
unchanged:
  description: The declared schedules, and their groups, that were as declared.
  returned: when the schedules were read
  type: list
  elements: str
unmanaged:
  description: The schedules and groups that are neither declared nor deleted.
  returned: when the schedules were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the schedules were read
  type: list
  elements: str
failures:
  description: The schedules and groups that could not be changed, with the reason. The others were.
  returned: when the schedules were read
  type: list
  elements: dict
  contains:
    name:
      description: The schedule or group.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.schedules import Schedules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    target = {
        "arn": {"type": "str"},
        "role_arn": {"type": "str"},
        "input": {"type": "raw"},
        "retry_attempts": {"type": "int"},
        "max_event_age": {"type": "int"},
        "dead_letter_arn": {"type": "str"},
        "parameters": {"type": "dict"},
    }
    schedule = {
        "name": {"type": "str", "required": True},
        "group": {"type": "str"},
        "schedule": {"type": "str"},
        "timezone": {"type": "str"},
        "start": {"type": "str"},
        "end": {"type": "str"},
        "description": {"type": "str"},
        "flexible_window_minutes": {"type": "int"},
        "after_completion": {"type": "str", "choices": ["none", "delete"]},
        "kms_key_arn": {"type": "str", "no_log": False},
        "target": {"type": "dict", "options": target},
        **entry_args(),
        "state": {"type": "str", "choices": ["enabled", "disabled", "absent"], "default": "enabled"},
    }
    return {
        **aws_args(),
        "schedules": {"type": "list", "elements": "dict", "required": True, "options": schedule},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Schedules(module.params["schedules"]))


if __name__ == "__main__":
    main()
