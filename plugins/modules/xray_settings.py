#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile what an account has one of in X-Ray."""

from __future__ import annotations

DOCUMENTATION = r"""
module: xray_settings
short_description: Reconcile the settings of X-Ray in an account and Region
version_added: 0.2.0
description:
  - Brings where spans go, which share of them is indexed, how traces are encrypted, and whether Application Signals
    discovers services, to what is declared.
  - These settings are the account's. They bear no mark, and whoever else uses X-Ray in the Region shares them.
  - Only what is set is compared, and only that is read.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.attributes
options:
  trace_segment_destination:
    description:
      - Where spans go. V(cloudwatch_logs) is Transaction Search, which X-Ray's OTLP endpoint needs. All spans are then
        kept in the log group C(aws/spans), and paid for by the GB.
      - For V(cloudwatch_logs), a resource policy of CloudWatch Logs must let C(xray.amazonaws.com) write to
        C(aws/spans) and C(/aws/application-signals/data) before.
      - AWS takes some minutes to switch. RV(status) says whether it has done.
    type: str
    choices: [xray, cloudwatch_logs]
  indexing_percentage:
    description: Percentage of the spans in CloudWatch Logs that X-Ray indexes as traces, from 0 to 100. AWS begins with
      1, which is free.
    type: float
  encryption:
    description: How traces are encrypted where they are kept.
    type: dict
    suboptions:
      type:
        description: V(none) is by a key that is X-Ray's own, V(kms) by one of yours.
        type: str
        choices: [none, kms]
        required: true
      key:
        description: ARN or id of the key, for V(kms). Not an alias, since X-Ray shows the key behind it.
        type: str
  service_discovery:
    description:
      - Whether Application Signals may discover services. V(true) makes the service-linked role by which it does so,
        and that role tells whether it may. AWS has no call that ends it, so V(false) is refused.
    type: bool
  patience:
    description: Seconds for which one call is tried again while AWS throttles it or cannot be reached.
    type: float
    default: 120
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
notes:
  - O(trace_segment_destination) and O(indexing_percentage) need botocore 1.35.67.
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_resource_policies
  - module: kumawatch.monitoring.xray_sampling_rules
  - module: kumawatch.monitoring.application_signals_slos
"""

EXAMPLES = r"""
- name: Keep all spans in CloudWatch Logs, and index one in a hundred
  kumawatch.monitoring.xray_settings:
    region: eu-central-1
    trace_segment_destination: cloudwatch_logs
    indexing_percentage: 1
    service_discovery: true

- name: Encrypt traces with a key of our own
  kumawatch.monitoring.xray_settings:
    encryption:
      type: kms
      key: arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 0 created, 1 updated, 0 deleted, 1 unchanged
status:
  description: By the name of the setting whether AWS is done with the last change of it, as it was last read.
  returned: when the settings were read
  type: dict
  sample:
    trace_segment_destination: pending
created:
  description: Always empty, as settings always exist.
  returned: when the settings were read
  type: list
  elements: str
updated:
  description: The settings that were changed.
  returned: when the settings were read
  type: list
  elements: str
  sample: [trace_segment_destination]
deleted:
  description: Always empty, as settings always exist.
  returned: when the settings were read
  type: list
  elements: str
unchanged:
  description: The declared settings that were as declared.
  returned: when the settings were read
  type: list
  elements: str
unmanaged:
  description: Always empty, as only what is declared is read.
  returned: when the settings were read
  type: list
  elements: str
adopted:
  description: Always empty, as settings bear no mark.
  returned: when the settings were read
  type: list
  elements: str
failures:
  description: The settings that could not be changed, with the reason. The others were.
  returned: when the settings were read
  type: list
  elements: dict
  contains:
    name:
      description: The setting.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.xray_settings import Settings


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    encryption = {
        "type": {"type": "str", "choices": ["none", "kms"], "required": True},
        "key": {"type": "str", "no_log": False},
    }
    return {
        "trace_segment_destination": {"type": "str", "choices": ["xray", "cloudwatch_logs"]},
        "indexing_percentage": {"type": "float"},
        "encryption": {"type": "dict", "options": encryption},
        "service_discovery": {"type": "bool"},
        "patience": {"type": "float", "default": PATIENCE},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Settings(module.params))


if __name__ == "__main__":
    main()
