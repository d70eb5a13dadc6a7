#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the sampling rules of X-Ray."""

from __future__ import annotations

DOCUMENTATION = r"""
module: xray_sampling_rules
short_description: Reconcile all sampling rules of X-Ray in one task
version_added: 0.2.0
description:
  - Brings the rules by which X-Ray tells applications which requests to trace to what is declared. Applications ask for
    them where their SDK has X-Ray's own sampler; to a collector that samples by itself they mean nothing.
  - A rule is known by its name. Rules are tried in the order of their priorities, the lowest number first.
  - Only what is declared is compared. Options that are not set are left as they are.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  sampling_rules:
    description: The rules, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the rule, up to 32 characters.
          - Every account has the rule V(Default), which takes what no other does. It bears no mark, is never deleted,
            and takes O(sampling_rules[].fixed_rate) and O(sampling_rules[].reservoir_size) only.
        type: str
        required: true
      priority:
        description: From 1, which is tried first, to 9999. Two rules may have the same. Needed for a new rule.
        type: int
      fixed_rate:
        description: Share of the requests beyond the reservoir that are traced, from 0 to 1. Needed for a new rule.
        type: float
      reservoir_size:
        description:
          - Requests per second that are traced before the rate begins to count, over all instances of the service.
          - Needed for a new rule.
        type: int
      service_name:
        description: Name that the service gives itself, where V(*) and V(?) stand for any text and any one character.
          A new rule has V(*), as with the other options that say what it matches.
        type: str
      service_type:
        description: Kind of the service, such as V(AWS::EC2::Instance).
        type: str
      host:
        description: Host name of the request.
        type: str
      http_method:
        description: Method of the request, such as V(GET).
        type: str
      url_path:
        description: Path of the request, such as V(/health).
        type: str
      resource_arn:
        description: ARN of what the service runs on. Services that are instrumented by an SDK match V(*) only.
        type: str
      attributes:
        description: Attributes that the segment must have, up to five. What is set is exact. Empty for none.
        type: dict
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
  - AWS has a quota of 25 rules in a Region besides V(Default). A rule beyond it fails by its name.
seealso:
  - module: kumawatch.monitoring.xray_groups
"""

EXAMPLES = r"""
- name: Trace one request in twenty of the API, no probes, and one in a hundred of the rest
  kumawatch.monitoring.xray_sampling_rules:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    sampling_rules:
      - name: probes
        priority: 10
        fixed_rate: 0
        reservoir_size: 0
        url_path: /health
      - name: api
        priority: 100
        fixed_rate: 0.05
        reservoir_size: 1
        service_name: api
        tags:
          owner: payments
      - name: Default
        fixed_rate: 0.01
        reservoir_size: 1

- name: Remove one
  kumawatch.monitoring.xray_sampling_rules:
    sampling_rules:
      - name: probes
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
  sample: [api]
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
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.xray_rules import SamplingRules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    entry = {
        "name": {"type": "str", "required": True},
        "priority": {"type": "int"},
        "fixed_rate": {"type": "float"},
        "reservoir_size": {"type": "int"},
        "service_name": {"type": "str"},
        "service_type": {"type": "str"},
        "host": {"type": "str"},
        "http_method": {"type": "str"},
        "url_path": {"type": "str"},
        "resource_arn": {"type": "str"},
        "attributes": {"type": "dict"},
        "tags": {"type": "dict"},
        **entry_args(),
    }
    return {
        **aws_args(),
        "sampling_rules": {"type": "list", "elements": "dict", "required": True, "options": entry},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, SamplingRules(module.params["sampling_rules"]))


if __name__ == "__main__":
    main()
