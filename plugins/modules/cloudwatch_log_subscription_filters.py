#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the subscription filters of log groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_subscription_filters
short_description: Reconcile the subscription filters of log groups in one task
version_added: 0.2.0
description:
  - Brings the filters that pass log lines on to functions and streams to what is declared, for any number of log
    groups. AWS lists them by log group, so each that is declared takes a call.
  - A filter is known by its log group and its exact name.
  - Only what is declared is compared, by what it means. Options that are not set are left as they are.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  name_prefix:
    description:
      - How the names of filters begin that O(purge) may delete. Subscription filters have no tags, so those are
        ours whose log group carries our mark O(managed_by) and whose names begin with this.
      - It says nothing of the names that can be declared.
    type: str
    default: kumawatch-
  subscription_filters:
    description: The filters, in any order. A log group has up to two.
    type: list
    elements: dict
    required: true
    suboptions:
      log_group:
        description: The log group. It must exist, and be of the class V(standard).
        type: str
        required: true
      name:
        description: Name of the filter, up to 512 characters without V(:) and V(*).
        type: str
        required: true
      pattern:
        description: Which lines it passes on. Empty for every line. Needed for a new filter.
        type: str
      destination_arn:
        description: ARN of the function, stream or destination that gets them. Needed for a new filter.
        type: str
      role_arn:
        description: ARN of the role by which logs may write to a stream. Needed for streams. Empty for none.
        type: str
      distribution:
        description: How lines are spread over a Kinesis stream.
        type: str
        choices: [by_log_stream, random]
      apply_on_transformed_logs:
        description:
          - Whether lines are passed on as the transformer of the log group makes them.
          - Needs botocore 1.35.67.
        type: bool
      system_fields:
        description:
          - System fields that are passed on as well, V(@aws.account) and V(@aws.region).
          - Needs botocore 1.40.32.
        type: list
        elements: str
      field_selection_criteria:
        description:
          - Which accounts and Regions lines must come from, such as V(@aws.region = "eu-central-1"). Empty for all.
          - Needs botocore 1.40.32.
        type: str
      state:
        description: Whether the filter exists.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again.
        type: list
        elements: str
notes:
  - Patterns are checked before anything is read. What CloudWatch would refuse is one sentence with the place.
  - What goes is deleted first, so that one filter can take the place of another.
  - AWS tries the destination when a filter is made. A function must allow it, which is another module's part.
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_metric_filters
"""

EXAMPLES = r"""
- name: Errors to a function, everything to a stream
  kumawatch.monitoring.cloudwatch_log_subscription_filters:
    region: eu-central-1
    managed_by: kumawatch-production
    subscription_filters:
      - log_group: /production/api/app
        name: kumawatch-errors
        pattern: '{ $.level = "ERROR" }'
        destination_arn: arn:aws:lambda:eu-central-1:123456789012:function:errors
      - log_group: /production/api/app
        name: kumawatch-archive
        pattern: ''
        destination_arn: arn:aws:firehose:eu-central-1:123456789012:deliverystream/logs
        role_arn: arn:aws:iam::123456789012:role/logs

- name: Remove one
  kumawatch.monitoring.cloudwatch_log_subscription_filters:
    subscription_filters:
      - log_group: /production/api/app
        name: kumawatch-archive
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The filters that were created, as C(LOG_GROUP:NAME).
  returned: when the filters were read
  type: list
  elements: str
  sample: ["/production/api/app:kumawatch-errors"]
updated:
  description: The filters that were changed.
  returned: when the filters were read
  type: list
  elements: str
deleted:
  description: The filters that were deleted.
  returned: when the filters were read
  type: list
  elements: str
unchanged:
  description: The declared filters that were as declared.
  returned: when the filters were read
  type: list
  elements: str
unmanaged:
  description: The filters that are neither declared nor deleted.
  returned: when the filters were read
  type: list
  elements: str
adopted:
  description: Always empty, as filters bear no mark.
  returned: when the filters were read
  type: list
  elements: str
failures:
  description: The filters that could not be changed, with the reason. The others were.
  returned: when the filters were read
  type: list
  elements: dict
  contains:
    name:
      description: The filter.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_subscriptions import SubscriptionFilters
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_subscriptions_model import DISTRIBUTIONS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    entry = {
        "log_group": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "pattern": {"type": "str"},
        "destination_arn": {"type": "str"},
        "role_arn": {"type": "str"},
        "distribution": {"type": "str", "choices": list(DISTRIBUTIONS)},
        "apply_on_transformed_logs": {"type": "bool"},
        "system_fields": {"type": "list", "elements": "str"},
        "field_selection_criteria": {"type": "str"},
        **entry_args(),
    }
    return {
        **aws_args(),
        "name_prefix": {"type": "str", "default": "kumawatch-"},
        "subscription_filters": {"type": "list", "elements": "dict", "required": True, "options": entry},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, SubscriptionFilters(module.params["subscription_filters"], module.params["name_prefix"]))


if __name__ == "__main__":
    main()
