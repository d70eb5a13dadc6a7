#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile log groups, with all that belongs to them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_groups
short_description: Reconcile all log groups in one task
version_added: 0.2.0
description:
  - Brings the log groups of CloudWatch Logs to what is declared, with their retention, encryption, tags,
    protection, transformers, indexes, anomaly detectors and data protection. Fifty log groups are read in a call.
  - Only what is declared is compared. Options that are not set are left as they are, and what takes a call for each
    log group (O(log_groups[].transformer), O(log_groups[].index_fields), O(log_groups[].data_protection_policy)) is
    read of those log groups only that declare it.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  log_groups:
    description: The log groups, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the log group, up to 512 letters, digits and V(.), V(-), V(_), V(/), V(#).
        type: str
        required: true
      class:
        description:
          - What can be done with its lines, and what they cost. V(infrequent_access) costs half, and has no metric
            filters, subscriptions, transformers, indexes or anomaly detectors. V(delivery) only passes on what
            Lambda functions log, and needs botocore 1.38.6.
          - It is decided when a log group is made. AWS takes V(standard).
        type: str
        choices: [standard, infrequent_access, delivery]
      retention_days:
        description:
          - Days for which lines are kept, V(0) for ever. One of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365,
            400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653.
        type: int
      kms_key_arn:
        description: ARN of the key that encrypts new lines. Empty for AWS's own.
        type: str
      deletion_protection:
        description:
          - Whether it is protected against deletion, by this module as well.
          - Needs botocore 1.41.3.
        type: bool
      tags:
        description: Tags, beside the mark of ownership. What is set is exact. Empty for no others.
        type: dict
      transformer:
        description:
          - Processors that make other lines of each line, in their order, as the API calls them, the first a
            parser. Two C(parseJSON), the second of the source V(log), unwrap what Docker wraps. Empty for none.
          - Needs botocore 1.35.67.
        type: list
        elements: dict
      index_fields:
        description:
          - Fields by which queries find lines without reading all, up to 20. What is set is exact. Empty for none.
          - Needs botocore 1.35.67.
        type: list
        elements: str
      data_protection_policy:
        description:
          - The document that says which data are masked in lines, with one statement that audits and one that
            deidentifies. Empty for none.
        type: dict
      anomaly_detector:
        description: The detector that learns what is usual in the lines, and tells of what is not.
        type: dict
        suboptions:
          state:
            description: Whether there is one.
            type: str
            choices: [present, absent]
            default: present
          enabled:
            description: Whether it looks.
            type: bool
          evaluation_minutes:
            description: How often it looks, in minutes.
            type: int
            choices: [1, 5, 10, 15, 30, 60]
          pattern:
            description: Filter pattern of the lines that it looks at. Empty for all.
            type: str
          visibility_days:
            description: Days after which an anomaly is taken for usual, from 7 to 90.
            type: int
      state:
        description: Whether the log group exists. With it go its lines.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again, such as
          V(class) or V(anomaly_detector.enabled).
        type: list
        elements: str
notes:
  - Tags come from the index that AWS keeps of them. What it does not show as declared is asked of the log group
    itself.
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_metric_filters
  - module: kumawatch.monitoring.cloudwatch_log_resource_policies
"""

EXAMPLES = r"""
- name: The log groups of a catalogue, and nothing else of ours
  kumawatch.monitoring.cloudwatch_log_groups:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    log_groups: "{{ monitoring_log_groups }}"

- name: What an application and its containers write
  kumawatch.monitoring.cloudwatch_log_groups:
    managed_by: payments
    log_groups:
      - name: /production/api/app
        retention_days: 30
        deletion_protection: true
        index_fields: [trace_id, user_id]
        anomaly_detector:
          evaluation_minutes: 15
          visibility_days: 21
        tags:
          service: api
      - name: /production/api/container
        retention_days: 14
        transformer:
          - parseJSON: {}
          - parseJSON:
              source: log
          - deleteKeys:
              withKeys: [log]
      - name: /production/api/access
        class: infrequent_access
        retention_days: 90

- name: Remove one, with its lines
  kumawatch.monitoring.cloudwatch_log_groups:
    log_groups:
      - name: /production/api/old
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The log groups that were created.
  returned: when the log groups were read
  type: list
  elements: str
  sample: [/production/api/app]
updated:
  description: The log groups that were changed.
  returned: when the log groups were read
  type: list
  elements: str
deleted:
  description: The log groups that were deleted.
  returned: when the log groups were read
  type: list
  elements: str
unchanged:
  description: The declared log groups that were as declared.
  returned: when the log groups were read
  type: list
  elements: str
unmanaged:
  description: The log groups that are neither declared nor deleted.
  returned: when the log groups were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the log groups were read
  type: list
  elements: str
failures:
  description: The log groups that could not be changed, with the reason. The others were.
  returned: when the log groups were read
  type: list
  elements: dict
  contains:
    name:
      description: The log group.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_groups import LogGroups
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_groups_model import CLASSES, FREQUENCIES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    detector = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "enabled": {"type": "bool"},
        "evaluation_minutes": {"type": "int", "choices": list(FREQUENCIES)},
        "pattern": {"type": "str"},
        "visibility_days": {"type": "int"},
    }
    group = {
        "name": {"type": "str", "required": True},
        "class": {"type": "str", "choices": list(CLASSES)},
        "retention_days": {"type": "int"},
        "kms_key_arn": {"type": "str", "no_log": False},
        "deletion_protection": {"type": "bool"},
        "tags": {"type": "dict"},
        "transformer": {"type": "list", "elements": "dict"},
        "index_fields": {"type": "list", "elements": "str"},
        "data_protection_policy": {"type": "dict"},
        "anomaly_detector": {"type": "dict", "options": detector},
        **entry_args(),
    }
    return {
        **aws_args(),
        "log_groups": {"type": "list", "elements": "dict", "required": True, "options": group},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, LogGroups(module.params["log_groups"]))


if __name__ == "__main__":
    main()
