#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the mute rules of CloudWatch alarms."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_mute_rules
short_description: Reconcile all mute rules of CloudWatch alarms in one task
version_added: 0.2.0
description:
  - Brings the rules by which CloudWatch keeps alarms quiet for a time to what is declared. Muted alarms still change
    their states, but do nothing about it.
  - A rule is known by its name.
  - Only what is declared is compared, by what it means. V(PT60M) is V(PT1H), and the order of alarms is nothing.
    Options that are not set are left as they are.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  mute_rules:
    description: The rules, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the rule, up to 255 characters.
        type: str
        required: true
      description:
        description: What it is for, up to 1024 characters. Empty for none.
        type: str
      schedule:
        description:
          - When it begins to mute. C(cron(0 2 * * SUN\)) with minutes, hours, day of month, month and day of week,
            each a value, a list or a range, or once, C(at(2026-12-24T22:00\)).
          - Needed for a new rule.
        type: str
      duration:
        description:
          - For how long it mutes each time, from V(PT1M) to V(P15D), for example V(PT4H) or V(P2DT12H).
          - Needed for a new rule.
        type: str
      timezone:
        description: The time zone of O(mute_rules[].schedule). AWS takes V(UTC) for a new rule.
        type: str
      alarms:
        description:
          - Names of the alarms that are muted, from 1 to 100. They must exist.
          - Needed for a new rule.
        type: list
        elements: str
      start:
        description:
          - The moment from which on the rule holds, such as V(2026-12-01T00:00:00+01:00). In UTC if it has no offset.
          - Empty for at once.
        type: str
      end:
        description: The moment until which the rule holds. Empty for ever.
        type: str
      tags:
        description: Tags, beside the mark of ownership. What is set is exact. Empty for no others.
        type: dict
      state:
        description: Whether the rule exists.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again.
        type: list
        elements: str
notes:
  - Needs botocore 1.42.56.
  - CloudWatch lists names only, so one call is made for each declared rule to compare it.
  - O(mute_rules[].schedule), O(mute_rules[].duration) and the moments are checked before anything is written.
seealso:
  - plugin: kumawatch.monitoring.cloudwatch_mute_rules
    plugin_type: filter
  - module: kumawatch.monitoring.cloudwatch_alarms
"""

EXAMPLES = r"""
- name: The maintenance windows of a catalogue, and nothing else of ours
  kumawatch.monitoring.cloudwatch_mute_rules:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    mute_rules: "{{ monitoring_catalogue | kumawatch.monitoring.cloudwatch_mute_rules(alarms) }}"

- name: Every Sunday night, and once at Christmas
  kumawatch.monitoring.cloudwatch_mute_rules:
    managed_by: payments
    mute_rules:
      - name: weekly maintenance
        schedule: cron(0 2 * * SUN)
        duration: PT4H
        timezone: Europe/Berlin
        alarms:
          - production/api/cpu/i-0123456789abcdef0/warning
          - production/api/errors_5xx/critical
      - name: shutdown
        description: The shop is closed
        schedule: at(2026-12-24T18:00)
        duration: P2DT12H
        timezone: Europe/Berlin
        alarms: [production/api/errors_5xx/critical]
        tags:
          owner: payments

- name: Remove one
  kumawatch.monitoring.cloudwatch_mute_rules:
    mute_rules:
      - name: shutdown
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The rules that were created.
  returned: when the rules were read
  type: list
  elements: str
  sample: [weekly maintenance]
updated:
  description: The rules that were changed.
  returned: when the rules were read
  type: list
  elements: str
deleted:
  description: The rules that were deleted.
  returned: when the rules were read
  type: list
  elements: str
unchanged:
  description: The declared rules that were as declared.
  returned: when the rules were read
  type: list
  elements: str
unmanaged:
  description: The rules that are neither declared nor deleted.
  returned: when the rules were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the rules were read
  type: list
  elements: str
failures:
  description: The rules that could not be changed, with the reason. The others were.
  returned: when the rules were read
  type: list
  elements: dict
  contains:
    name:
      description: The rule.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.mute_rules import MuteRules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    rule = {
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "schedule": {"type": "str"},
        "duration": {"type": "str"},
        "timezone": {"type": "str"},
        "alarms": {"type": "list", "elements": "str"},
        "start": {"type": "str"},
        "end": {"type": "str"},
        "tags": {"type": "dict"},
        **entry_args(),
    }
    return {
        **aws_args(),
        "mute_rules": {"type": "list", "elements": "dict", "required": True, "options": rule},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, MuteRules(module.params["mute_rules"]))


if __name__ == "__main__":
    main()
