#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the service level objectives of Application Signals."""

from __future__ import annotations

DOCUMENTATION = r"""
module: application_signals_slos
short_description: Reconcile all service level objectives of Application Signals in one task
version_added: 0.2.0
description:
  - Brings the objectives that Application Signals keeps, with their error budgets, to what is declared.
  - An objective is known by its name. It counts good requests or good periods, of a service that Application Signals
    discovered, or of metrics of CloudWatch.
  - Only what is declared is compared. Options that are not set are left as they are.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  slos:
    description: The objectives, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the objective. 2 to 128 letters, digits, blanks, dots, underscores and hyphens.
        type: str
        required: true
      description:
        description: What it is for, up to 1024 characters.
        type: str
      evaluation:
        description:
          - What is counted. V(requests) are good ones of all; V(periods) are those in which the value compares as it
            should.
          - A new objective has V(requests), unless its options tell otherwise. It cannot be changed.
        type: str
        choices: [requests, periods]
      service:
        description: A service that Application Signals has discovered. It must have reported before.
        type: dict
        suboptions:
          name:
            description: Its name.
            type: str
            required: true
          environment:
            description: Its environment, as Application Signals shows it, such as V(production) or V(ec2:default).
            type: str
            required: true
          type:
            description: Kind of the object.
            type: str
            default: Service
      operation:
        description: One operation of the service, such as V(GET /orders). The whole service if not set.
        type: str
      indicator:
        description: What of the service counts. Needed with O(slos[].service).
        type: str
        choices: [availability, latency]
      threshold:
        description: What the value is compared to. Milliseconds for latency. Needed for latency and for periods.
        type: float
      comparison:
        description: How a good value compares to O(slos[].threshold).
        type: str
        choices: [GreaterThan, GreaterThanOrEqualTo, LessThan, LessThanOrEqualTo]
      statistic:
        description: Statistic of a service's latency by periods, such as V(p99).
        type: str
      period:
        description: Seconds of a period of a service, from 60 to 900, a multiple of 60.
        type: int
      total_requests:
        description:
          - What counts all requests, as metrics and expressions over them. The list is exact; its order means nothing.
        type: list
        elements: dict
        suboptions: &queries
          id:
            description: What expressions call it. A small letter, then letters, digits and underscores.
            type: str
            required: true
          expression:
            description: Metric math over the others' ids, or a query of Metrics Insights.
            type: str
          metric_stat:
            description: A metric, instead of O(slos[].total_requests[].expression).
            type: dict
            suboptions:
              namespace:
                description: Namespace of the metric.
                type: str
                required: true
              metric:
                description: Name of the metric.
                type: str
                required: true
              dimensions:
                description: Dimensions of the metric and their values.
                type: dict
              period:
                description: Length of a period in seconds. 1, 5, 10, 20, 30, or a multiple of 60.
                type: int
                required: true
              stat:
                description: The statistic, such as V(Sum) or V(p99).
                type: str
                required: true
              unit:
                description: Only values that were published with this unit count.
                type: str
                choices:
                  - Seconds
                  - Microseconds
                  - Milliseconds
                  - Bytes
                  - Kilobytes
                  - Megabytes
                  - Gigabytes
                  - Terabytes
                  - Bits
                  - Kilobits
                  - Megabits
                  - Gigabits
                  - Terabits
                  - Percent
                  - Count
                  - Bytes/Second
                  - Kilobytes/Second
                  - Megabytes/Second
                  - Gigabytes/Second
                  - Terabytes/Second
                  - Bits/Second
                  - Kilobits/Second
                  - Megabits/Second
                  - Gigabits/Second
                  - Terabits/Second
                  - Count/Second
                  - None
          label:
            description: What charts call it.
            type: str
          return_data:
            description:
              - Whether this is what the alarm watches. It must be so for exactly one, besides a band.
              - It goes without saying if there is only one.
            type: bool
          period:
            description: Length of a period of an expression in seconds. Metrics Insights needs it.
            type: int
          account_id:
            description: The account that has the metric, if it is another one.
            type: str
      good_requests:
        description:
          - The metric that counts the good requests among them, instead of O(slos[].bad_requests).
        type: list
        elements: dict
        suboptions: *queries
      bad_requests:
        description:
          - The metric that counts the bad requests among them.
        type: list
        elements: dict
        suboptions: *queries
      queries:
        description:
          - The metric or the expression whose value is compared each period.
        type: list
        elements: dict
        suboptions: *queries
      goal:
        description: Percentage of the requests or periods that must be good. AWS takes 99 for a new objective.
        type: float
      warning:
        description: Percentage of the error budget at which to warn, of what remains. AWS takes 50 for a new objective.
        type: float
      interval:
        description: Over which time. AWS takes the last 7 days for a new objective.
        type: dict
        suboptions:
          duration:
            description: How many units.
            type: int
            required: true
          unit:
            description: The unit.
            type: str
            choices: [minute, hour, day, month]
            required: true
          start:
            description: The moment at which the first interval of the calendar begins. Without it, the interval rolls.
            type: str
      burn_rate_windows:
        description: Minutes to look back over, for each of which a burn rate is published as a metric. Up to 10.
        type: list
        elements: int
      tags:
        description: Tags, beside the mark of ownership. What is set is exact. Empty for no others.
        type: dict
      state:
        description: Whether the objective exists.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again.
        type: list
        elements: str
notes:
  - Needs botocore 1.35.13, and 1.35.60 for O(slos[].burn_rate_windows).
  - AWS lists names only, so one call is made for each declared objective to compare it.
  - The first objective makes the service-linked role by which Application Signals reads metrics.
seealso:
  - module: kumawatch.monitoring.xray_settings
  - module: kumawatch.monitoring.cloudwatch_alarms
"""

EXAMPLES = r"""
- name: Three nines of the API by its load balancer, in each month of the calendar
  kumawatch.monitoring.application_signals_slos:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    slos:
      - name: production-api
        goal: 99.9
        interval:
          duration: 1
          unit: month
          start: "2026-01-01T00:00:00Z"
        total_requests:
          - id: total
            metric_stat:
              namespace: AWS/ApplicationELB
              metric: RequestCount
              dimensions:
                LoadBalancer: app/prod-api/50dc6c495c0c9188
              period: 60
              stat: Sum
        bad_requests:
          - id: bad
            metric_stat:
              namespace: AWS/ApplicationELB
              metric: HTTPCode_Target_5XX_Count
              dimensions:
                LoadBalancer: app/prod-api/50dc6c495c0c9188
              period: 60
              stat: Sum
        burn_rate_windows: [5, 30, 60, 360]

- name: Nineteen of twenty requests within 300 ms, by what Application Signals has discovered
  kumawatch.monitoring.application_signals_slos:
    managed_by: payments
    slos:
      - name: payments-latency
        service:
          name: payments
          environment: production
        indicator: latency
        threshold: 300
        comparison: LessThanOrEqualTo
        goal: 95
        interval:
          duration: 28
          unit: day
        tags:
          owner: payments

- name: Remove one
  kumawatch.monitoring.application_signals_slos:
    slos:
      - name: payments-latency
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The objectives that were created.
  returned: when the objectives were read
  type: list
  elements: str
  sample: [api availability]
updated:
  description: The objectives that were changed.
  returned: when the objectives were read
  type: list
  elements: str
deleted:
  description: The objectives that were deleted.
  returned: when the objectives were read
  type: list
  elements: str
unchanged:
  description: The declared objectives that were as declared.
  returned: when the objectives were read
  type: list
  elements: str
unmanaged:
  description: The objectives that are neither declared nor deleted.
  returned: when the objectives were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the objectives were read
  type: list
  elements: str
failures:
  description: The objectives that could not be changed, with the reason. The others were.
  returned: when the objectives were read
  type: list
  elements: dict
  contains:
    name:
      description: The objective.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import alarm_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.slos import Objectives
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.slos_model import COMPARISONS, UNITS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    queries = alarm_args()["metrics"]
    service = {
        "name": {"type": "str", "required": True},
        "environment": {"type": "str", "required": True},
        "type": {"type": "str", "default": "Service"},
    }
    interval = {
        "duration": {"type": "int", "required": True},
        "unit": {"type": "str", "required": True, "choices": list(UNITS)},
        "start": {"type": "str"},
    }
    slo = {
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "evaluation": {"type": "str", "choices": ["requests", "periods"]},
        "service": {"type": "dict", "options": service},
        "operation": {"type": "str"},
        "indicator": {"type": "str", "choices": ["availability", "latency"]},
        "threshold": {"type": "float"},
        "comparison": {"type": "str", "choices": list(COMPARISONS)},
        "statistic": {"type": "str"},
        "period": {"type": "int"},
        "total_requests": queries,
        "good_requests": queries,
        "bad_requests": queries,
        "queries": queries,
        "goal": {"type": "float"},
        "warning": {"type": "float"},
        "interval": {"type": "dict", "options": interval},
        "burn_rate_windows": {"type": "list", "elements": "int"},
        "tags": {"type": "dict"},
        **entry_args(),
    }
    return {
        **aws_args(),
        "slos": {"type": "list", "elements": "dict", "required": True, "options": slo},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Objectives(module.params["slos"]))


if __name__ == "__main__":
    main()
