#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the values of metrics."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_metric_data_info
short_description: Read the values of many metrics in one task
version_added: 0.2.0
description:
  - Returns what metrics of CloudWatch were over some whole days, up to the last midnight in UTC or up to now.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.reading
options:
  metrics:
    description: The metrics, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: What it is called in the result. Each once.
        type: str
        required: true
      namespace:
        description: Namespace, such as V(AWS/ApplicationELB).
        type: str
        required: true
      metric:
        description: Name of the metric.
        type: str
        required: true
      dimensions:
        description: Its dimensions, all of them.
        type: dict
        default: {}
      statistic:
        description: Statistic, such as V(Sum), V(Average) or V(p90).
        type: str
        default: Sum
      period:
        description: Seconds of a period, a multiple of 60.
        type: int
        default: 86400
  days:
    description: How many whole days before today.
    type: int
    default: 30
  today:
    description: Whether what there is of today is among it.
    type: bool
    default: true
notes:
  - Five hundred metrics a call, C(cloudwatch:GetMetricData), which costs a cent for a thousand metrics.
  - CloudWatch keeps values of a minute for 15 days, of five minutes for 63 days, of an hour for 455 days.
"""

EXAMPLES = r"""
- name: Read how many requests a load balancer had in a month, day by day
  kumawatch.monitoring.cloudwatch_metric_data_info:
    region: eu-central-1
    metrics:
      - id: requests
        namespace: AWS/ApplicationELB
        metric: RequestCount
        dimensions: {LoadBalancer: app/prod/50dc6c495c0c9188}
  register: traffic
"""

RETURN = r"""
points:
  description: The values by O(metrics[].id), pairs of a time as ISO 8601 and a number, oldest first. A period without a
    value has none.
  returned: success
  type: dict
  sample:
    requests:
      - ["2026-11-26T00:00:00+00:00", 86400.0]
start:
  description: The beginning of the first day.
  returned: success
  type: str
  sample: "2026-10-28T00:00:00+00:00"
end:
  description: Until when.
  returned: success
  type: str
  sample: "2026-11-27T06:31:04+00:00"
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.metric_data import Wanted, checked, read
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE, Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    metric = {
        "id": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "metric": {"type": "str", "required": True},
        "dimensions": {"type": "dict", "default": {}},
        "statistic": {"type": "str", "default": "Sum"},
        "period": {"type": "int", "default": 86400},
    }
    return {
        "metrics": {"type": "list", "elements": "dict", "required": True, "options": metric},
        "days": {"type": "int", "default": 30},
        "today": {"type": "bool", "default": True},
        "patience": {"type": "float", "default": PATIENCE},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = midnight - timedelta(days=params["days"]), now if params["today"] else midnight
    try:
        checked(params["metrics"], params["days"])
        wanted = [
            Wanted(one["namespace"], one["metric"], one["dimensions"], one["statistic"], one["period"])
            for one in params["metrics"]
        ]
        found = read(Aws(module, params["patience"]), wanted, start, end)
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    values = {
        one["id"]: [[moment.isoformat(), value] for moment, value in points]
        for one, points in zip(params["metrics"], found, strict=True)
    }
    module.exit_json(changed=False, points=values, start=start.isoformat(), end=end.isoformat())


if __name__ == "__main__":
    main()
