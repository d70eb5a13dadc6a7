#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the groups of X-Ray."""

from __future__ import annotations

DOCUMENTATION = r"""
module: xray_groups
short_description: Reconcile all groups of X-Ray in one task
version_added: 0.2.0
description:
  - Brings the groups of traces, for each of which X-Ray keeps metrics and a map of its own, to what is declared.
  - A group is known by its name.
  - Only what is declared is compared. Options that are not set are left as they are.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  groups:
    description: The groups, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the group, up to 32 characters, but not V(Default), which is AWS's own.
        type: str
        required: true
      filter_expression:
        description:
          - Which traces are in it, in X-Ray's language, such as C(service("api"\) AND responsetime > 2). White space is
            nothing.
          - Needed for a new group.
        type: str
      insights:
        description: Whether X-Ray looks for anomalies in the group, which costs by the trace. A new group has none.
        type: bool
      notifications:
        description: Whether insights are told to EventBridge. Only with O(groups[].insights).
        type: bool
      tags:
        description: Tags, beside the mark of ownership. What is set is exact. Empty for no others.
        type: dict
      state:
        description: Whether the group exists.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again.
        type: list
        elements: str
notes:
  - AWS has a quota of 25 groups in a Region. A group beyond it fails by its name.
seealso:
  - module: kumawatch.monitoring.xray_sampling_rules
"""

EXAMPLES = r"""
- name: The slow and the failed traces of the API, and nothing else of ours
  kumawatch.monitoring.xray_groups:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    groups:
      - name: api-slow
        filter_expression: service("api") AND responsetime > 2
      - name: api-failed
        filter_expression: service("api") { fault = true }
        insights: true
        notifications: true
        tags:
          owner: payments

- name: Remove one
  kumawatch.monitoring.xray_groups:
    groups:
      - name: api-slow
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The groups that were created.
  returned: when the groups were read
  type: list
  elements: str
  sample: [api-slow]
updated:
  description: The groups that were changed.
  returned: when the groups were read
  type: list
  elements: str
deleted:
  description: The groups that were deleted.
  returned: when the groups were read
  type: list
  elements: str
unchanged:
  description: The declared groups that were as declared.
  returned: when the groups were read
  type: list
  elements: str
unmanaged:
  description: The groups that are neither declared nor deleted.
  returned: when the groups were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the groups were read
  type: list
  elements: str
failures:
  description: The groups that could not be changed, with the reason. The others were.
  returned: when the groups were read
  type: list
  elements: dict
  contains:
    name:
      description: The group.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.xray_groups import Groups
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    entry = {
        "name": {"type": "str", "required": True},
        "filter_expression": {"type": "str"},
        "insights": {"type": "bool"},
        "notifications": {"type": "bool"},
        "tags": {"type": "dict"},
        **entry_args(),
    }
    return {
        **aws_args(),
        "groups": {"type": "list", "elements": "dict", "required": True, "options": entry},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Groups(module.params["groups"]))


if __name__ == "__main__":
    main()
