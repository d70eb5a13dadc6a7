#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the policies by which AWS services may write to log groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_resource_policies
short_description: Reconcile the resource policies of CloudWatch Logs in one task
version_added: 0.2.0
description:
  - Brings the policies of an account and Region, by which services of AWS may write to its log groups, to what is
    declared. There may be ten, so one policy with a prefix of names serves many log groups.
  - A policy is known by its name. It bears no mark, so nothing is purged; those that are declared absent are
    deleted.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.attributes
options:
  policies:
    description: The policies, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the policy.
        type: str
        required: true
      policy:
        description: The document. Its order and whether a single thing is a list are nothing. Needed for a new
          policy.
        type: dict
      state:
        description: Whether the policy exists.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again.
        type: list
        elements: str
  patience:
    description: Seconds for which one call is tried again while AWS throttles it or cannot be reached.
    type: float
    default: 120
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_groups
  - module: kumawatch.monitoring.cloudwatch_log_deliveries
"""

EXAMPLES = r"""
- name: Let vended logs be delivered to the log groups of an environment
  kumawatch.monitoring.cloudwatch_log_resource_policies:
    region: eu-central-1
    policies:
      - name: kumawatch-production-delivery
        policy:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Principal:
                Service: delivery.logs.amazonaws.com
              Action: [logs:CreateLogStream, logs:PutLogEvents]
              Resource: arn:aws:logs:eu-central-1:123456789012:log-group:/production/*
              Condition:
                StringEquals:
                  aws:SourceAccount: "123456789012"
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The policies that were created.
  returned: when the policies were read
  type: list
  elements: str
  sample: [kumawatch-production-delivery]
updated:
  description: The policies that were changed.
  returned: when the policies were read
  type: list
  elements: str
deleted:
  description: The policies that were deleted.
  returned: when the policies were read
  type: list
  elements: str
unchanged:
  description: The declared policies that were as declared.
  returned: when the policies were read
  type: list
  elements: str
unmanaged:
  description: The policies that are neither declared nor deleted.
  returned: when the policies were read
  type: list
  elements: str
adopted:
  description: Always empty, as policies bear no mark.
  returned: when the policies were read
  type: list
  elements: str
failures:
  description: The policies that could not be changed, with the reason. The others were.
  returned: when the policies were read
  type: list
  elements: dict
  contains:
    name:
      description: The policy.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_policies import ResourcePolicies
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    policy = {
        "name": {"type": "str", "required": True},
        "policy": {"type": "dict"},
        **entry_args(),
    }
    return {
        "patience": {"type": "float", "default": PATIENCE},
        "policies": {"type": "list", "elements": "dict", "required": True, "options": policy},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, ResourcePolicies(module.params["policies"]))


if __name__ == "__main__":
    main()
