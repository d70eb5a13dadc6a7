#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch detailed monitoring of instances on and off."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_monitoring
short_description: Switch detailed monitoring of many EC2 instances on or off in one task
version_added: 0.2.0
description:
  - With detailed monitoring an instance sends its metrics every minute, and every five minutes without it. AWS charges
    for it.
  - All instances are looked at by the page, and those that differ are switched a hundred a call.
  - Instances are neither made nor deleted nor marked. Those that are not declared are left alone.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.attributes
options:
  instances:
    description: The instances, in any order. Each must exist.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Id of the instance.
        type: str
        required: true
      detailed_monitoring:
        description: Whether detailed monitoring is on.
        type: bool
        default: true
      ignore:
        description: Names of options that are left as they are.
        type: list
        elements: str
  patience:
    description: Seconds for which one call is tried again while AWS throttles it or cannot be reached.
    type: float
    default: 120
notes:
  - An instance that was launched by a launch template or an autoscaling group keeps what is set here until it is
    replaced. Its successor follows the template.
  - The operations are C(ec2:DescribeInstances), C(ec2:MonitorInstances) and C(ec2:UnmonitorInstances).
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
seealso:
  - module: kumawatch.monitoring.aws_discovery
"""

EXAMPLES = r"""
- name: A minute's resolution where it matters
  kumawatch.monitoring.ec2_monitoring:
    region: eu-central-1
    instances:
      - id: i-0123456789abcdef0
      - id: i-0fedcba9876543210
        detailed_monitoring: false
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 0 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: Always empty. Instances are not made here.
  returned: when the instances were read
  type: list
  elements: str
updated:
  description: The instances that were switched.
  returned: when the instances were read
  type: list
  elements: str
  sample: [i-0123456789abcdef0]
deleted:
  description: Always empty. Instances are not deleted here.
  returned: when the instances were read
  type: list
  elements: str
unchanged:
  description: The declared instances that were as declared.
  returned: when the instances were read
  type: list
  elements: str
unmanaged:
  description: Always empty. Only the declared instances are looked at.
  returned: when the instances were read
  type: list
  elements: str
adopted:
  description: Always empty. Instances are not marked here.
  returned: when the instances were read
  type: list
  elements: str
failures:
  description: The instances that could not be switched, with the reason. The others were.
  returned: when the instances were read
  type: list
  elements: dict
  contains:
    name:
      description: The instance.
      type: str
    error:
      description: What was wrong.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.ec2_monitoring import DetailedMonitoring
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    instance = {
        "id": {"type": "str", "required": True},
        "detailed_monitoring": {"type": "bool", "default": True},
        "ignore": {"type": "list", "elements": "str"},
    }
    return {
        "instances": {"type": "list", "elements": "dict", "required": True, "options": instance},
        "patience": {"type": "float", "default": PATIENCE},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, DetailedMonitoring(module.params["instances"]))


if __name__ == "__main__":
    main()
