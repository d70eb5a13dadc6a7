#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how much is written to log groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_volumes
short_description: Measure how much is written to log groups
version_added: 0.2.0
description:
  - Returns GB a month by log group, from what CloudWatch has counted over some whole days, for an estimate of what
    logs cost.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.reading
options:
  days:
    description: Over how many days, up to today. A log group that is younger is measured since its first day.
    type: int
    default: 14
  name_prefix:
    description: Only log groups whose names begin with this.
    type: str
    default: ''
notes:
  - Five hundred log groups a call. The operations are C(cloudwatch:ListMetrics) and C(cloudwatch:GetMetricData), of
    which the second costs a cent for a thousand log groups.
  - A log group to which nothing has been written for two weeks is not known to CloudWatch, and not returned.
"""

EXAMPLES = r"""
- name: Measure the logs of production
  kumawatch.monitoring.cloudwatch_log_volumes:
    region: eu-central-1
    name_prefix: /production/
  register: volumes
"""

RETURN = r"""
gb_per_month:
  description: GB of 2³⁰ bytes a month, by log group.
  returned: success
  type: dict
  sample:
    /production/api/app: 12.4
"""

from datetime import UTC, datetime

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_volumes import volumes
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE, Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "days": {"type": "int", "default": 14},
            "name_prefix": {"type": "str", "default": ""},
            "patience": {"type": "float", "default": PATIENCE},
        },
        supports_check_mode=True,
    )
    days = module.params["days"]
    if not 1 <= days <= 455:
        module.fail_json(msg=f"days is {days}; CloudWatch keeps what it has counted for 455 days: take 1 to 455.")
    try:
        found = volumes(Aws(module, module.params["patience"]), days, datetime.now(UTC), module.params["name_prefix"])
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, gb_per_month={name: round(size, 3) for name, size in found.items()})


if __name__ == "__main__":
    main()
