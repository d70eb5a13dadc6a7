#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read list prices from AWS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_prices_info
short_description: Read list prices of what monitoring uses
version_added: 0.2.0
description:
  - Returns the list prices of Regions from AWS's Price List API, in the form that the role
    P(kumawatch.monitoring.cost#role) takes.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.reading
options:
  regions:
    description: The Regions whose prices are read.
    type: list
    elements: str
    required: true
notes:
  - The API is only there in some Regions. Set O(region) to V(us-east-1), V(eu-central-1) or V(ap-south-1), whatever
    O(regions) are; it only says where to ask.
  - Prices are found by the usage types that AWS bills them under. Those that it does not find are RV(missing); take
    those of the collection's own list for them.
  - The operation is C(pricing:GetProducts).
"""

EXAMPLES = r"""
- name: Read the prices of Frankfurt
  kumawatch.monitoring.aws_prices_info:
    region: us-east-1
    regions: [eu-central-1]
  register: prices
"""

RETURN = r"""
regions:
  description: By Region, the price of each key in US dollars; a number, or a list of tiers with C(to) and C(price).
  returned: success
  type: dict
  sample:
    eu-central-1:
      dashboard: 3.0
missing:
  description: By Region, the keys without a price.
  returned: success
  type: dict
  sample:
    eu-central-1: [span_gb]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.prices import prices
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE, Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            "regions": {"type": "list", "elements": "str", "required": True},
            "patience": {"type": "float", "default": PATIENCE},
        },
        supports_check_mode=True,
    )
    aws = Aws(module, module.params["patience"])
    found, missing = {}, {}
    try:
        for region in module.params["regions"]:
            found[region], missing[region] = prices(aws, region)
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, regions=found, missing=missing)


if __name__ == "__main__":
    main()
