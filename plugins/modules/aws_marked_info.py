#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List what bears a mark of ownership."""

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_marked_info
short_description: List everything on AWS that bears a mark of ownership
version_added: 0.2.0
description:
  - Lists what bears the tag C(managed-by) with a value, whatever made it, such as alarms, topics, queues, functions,
    tables and secrets of one Region, and the IAM roles of the account whose names begin with C(kumawatch-).
  - A playbook that removes what is ours shows this first, and looks again at the end.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.reading
options:
  managed_by:
    description: The mark, the value of the tag, or several.
    type: list
    elements: str
    required: true
notes:
  - AWS keeps an index of tags, which may lag some seconds behind.
  - The operations are C(tag:GetResources), C(iam:ListRoles) and C(iam:ListRoleTags).
"""

EXAMPLES = r"""
- name: See what is ours
  kumawatch.monitoring.aws_marked_info:
    region: eu-central-1
    managed_by: [kumawatch-production]
  register: ours
"""

RETURN = r"""
resources:
  description: What bears the mark, in the order of ARNs.
  returned: success
  type: list
  elements: dict
  contains:
    arn:
      description: Its ARN.
      type: str
    service:
      description: The service in the ARN.
      type: str
    name:
      description: The rest of the ARN, its kind and name.
      type: str
  sample:
    - arn: arn:aws:cloudwatch:eu-central-1:123456789012:alarm:production/api/cpu/critical
      service: cloudwatch
      name: alarm:production/api/cpu/critical
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.marked import marked
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE, Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "managed_by": {"type": "list", "elements": "str", "required": True},
            "patience": {"type": "float", "default": PATIENCE},
        },
        supports_check_mode=True,
    )
    if not module.params["managed_by"] or not all(module.params["managed_by"]):
        module.fail_json(msg="managed_by is empty: name the mark to look for.")
    try:
        found = marked(Aws(module, module.params["patience"]), module.params["managed_by"])
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, resources=found)


if __name__ == "__main__":
    main()
