#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the CloudWatch alarms of an account and Region."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_alarms
short_description: Reconcile all CloudWatch alarms of an account and Region in one task
version_added: 0.2.0
description:
  - Brings CloudWatch alarms to what is declared. Every kind is known. An alarm watches one metric, metric math, the
    band of an anomaly detection, a query of Metrics Insights or PromQL, a query of CloudWatch Logs, or other alarms.
  - An alarm is known by its name, which is unique in a Region, whatever its kind.
  - Only what is declared is compared. What is not set keeps its value, though CloudWatch replaces the whole alarm at
    each change.
  - Everything is checked before anything is written, among it the references of metric math, the rules of composite
    alarms, and the alarms that they name.
  - Alarms are written before the composite alarms that name them, and deleted after them.
  - It reads 100 alarms a call. Tags come from AWS's index of tags, 100 alarms a call, and are only read for marks of
    ownership or where an entry declares tags. For an alarm that the index does not show as declared, because it lags or
    because the tags differ, one more call asks for its own.
  - CloudWatch takes about three new or changed alarms a second. The callback P(kumawatch.monitoring.progress#callback)
    tells how long it will take.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  alarms:
    description: The alarms, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the alarm, at most 255 characters.
        type: str
        required: true
      kind:
        description:
          - What the alarm watches. If it is not set, the options tell.
          - An option that does not go with the kind is refused.
          - The first five kinds are metric alarms, and one can become another. A metric alarm, a composite alarm and a
            log alarm cannot, so that is refused.
        type: str
        choices: [metric, metric_math, anomaly, metrics_insights, promql, composite, log]
      description:
        description: Text for whoever gets the alarm, at most 1,024 characters. Empty for none.
        type: str
      actions_enabled:
        description: Whether the actions are executed. Of a new alarm they are.
        type: bool
      alarm_actions:
        description: ARNs of what is done when the alarm goes off, such as topics. At most five.
        type: list
        elements: str
      ok_actions:
        description: ARNs of what is done when the alarm is over. At most five.
        type: list
        elements: str
      insufficient_data_actions:
        description: ARNs of what is done when there is too little data to tell. At most five.
        type: list
        elements: str
      tags:
        description:
          - The tags of the alarm, all of them but the mark of ownership and those that AWS sets.
          - CloudWatch ignores tags in changes of an alarm, so these are set by calls of their own.
        type: dict
      tag_propagation:
        description: Whether notifications and events carry the alarm's tags. Needs botocore 1.43.115.
        type: bool
      propagated_tags:
        description:
          - Which tags they carry, if O(alarms[].tag_propagation) is on. All of them unless it is set.
          - The one of the two lists that is not set is empty.
        type: dict
        suboptions:
          include:
            description: Keys of the only tags that they carry.
            type: list
            elements: str
          exclude:
            description: Keys of the tags that they do not carry. Not together with O(alarms[].propagated_tags.include).
            type: list
            elements: str
      warm_up:
        description:
          - How long a new or changed alarm waits for its data before it may go off. Needs botocore 1.43.78.
          - For metric alarms and log alarms.
        type: dict
        suboptions:
          minutes:
            description: Minutes, at most 2,880. Zero for no warm-up.
            type: int
            required: true
          wait_for_end:
            description: Whether all of that time has to pass, even if there is enough data before.
            type: bool
      namespace:
        description: Namespace of the metric.
        type: str
      metric:
        description: Name of the metric.
        type: str
      dimensions:
        description: Dimensions of the metric and their values, at most 30.
        type: dict
      statistic:
        description: What is made of the values of a period.
        type: str
        choices: [Average, Maximum, Minimum, SampleCount, Sum]
      extended_statistic:
        description:
          - A percentile such as V(p99), or another statistic such as V(tm90), V(TM(10%:90%\)), V(PR(100:200\)), V(IQM),
            instead of O(alarms[].statistic).
        type: str
      period:
        description: Length of a period in seconds. 10, 20, 30, or a multiple of 60.
        type: int
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
      threshold:
        description: What the value is compared with. Not for bands.
        type: float
      comparison:
        description: How it is compared. The last three are for bands.
        type: str
        choices:
          - GreaterThanThreshold
          - GreaterThanOrEqualToThreshold
          - LessThanThreshold
          - LessThanOrEqualToThreshold
          - GreaterThanUpperThreshold
          - LessThanLowerThreshold
          - LessThanLowerOrGreaterThanUpperThreshold
      evaluation_periods:
        description:
          - How many periods are looked at, of a log alarm how many results of the query.
          - Together they may be a day long, or 7 days if the period is an hour or longer.
        type: int
      datapoints_to_alarm:
        description: How many of those have to be beyond the threshold. If it was never set, all of them.
        type: int
      treat_missing_data:
        description: What a period without data counts as.
        type: str
        choices: [breaching, ignore, missing, notBreaching]
      evaluate_low_sample_count:
        description: What is done in periods with too few values for a percentile.
        type: str
        choices: [evaluate, ignore]
      evaluation_window:
        description: How the periods lie. Needs botocore 1.43.38. Not for PromQL.
        type: dict
        suboptions:
          type:
            description: Whether they slide with each evaluation, or begin by the clock, as on the hour or at midnight.
            type: str
            choices: [sliding, wall_clock]
            required: true
          timezone:
            description:
              - The clock's time zone, such as V(Europe/Berlin) or V(+05:30).
              - UTC unless it is set.
            type: str
      metrics:
        description:
          - The metrics and expressions of metric math, of a band, or a query of Metrics Insights. At most 10 metrics
            and 10 expressions. The list is exact; its order means nothing.
        type: list
        elements: dict
        suboptions:
          id:
            description: What expressions call it. A small letter, then letters, digits and underscores.
            type: str
            required: true
          expression:
            description: Metric math over the others' ids, or a query of Metrics Insights.
            type: str
          metric_stat:
            description: A metric, instead of O(alarms[].metrics[].expression).
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
      threshold_metric_id:
        description: The id of the band in O(alarms[].metrics), whose expression is C(ANOMALY_DETECTION_BAND(m1, 2\)).
        type: str
      band:
        description:
          - Width of the band in standard deviations. The short way to an anomaly alarm on one metric, which
            O(alarms[].metric) and its companions name.
          - In diffs and in O(alarms[].ignore), it is called C(metrics) and C(threshold_metric_id).
        type: float
      query:
        description:
          - A query of Metrics Insights, with O(alarms[].period). The short way to an alarm on one query.
          - In diffs and in O(alarms[].ignore), it is called C(metrics).
        type: str
      promql:
        description: A query in PromQL. Needs botocore 1.42.72.
        type: dict
        suboptions:
          query:
            description: The query. Each entry of its vector is a contributor that goes off by itself.
            type: str
          pending_period:
            description: Seconds for which a contributor must be beyond before it goes off, at most 86,400.
            type: int
          recovery_period:
            description: Seconds for which a contributor must be well before it is over, at most 86,400.
            type: int
      evaluation_interval:
        description: Seconds between two evaluations of PromQL. 10, 20, 30, or a multiple of 60, at most 3,600.
        type: int
      rule:
        description:
          - The rule of a composite alarm, such as C(ALARM("a"\) AND NOT OK("b"\)). It has C(ALARM), C(OK),
            C(INSUFFICIENT_DATA), C(AT_LEAST(2, ALARM, ("a", "b", "c"\)\)), C(TRUE), C(FALSE), C(AND), C(OR), C(NOT) and
            parentheses.
          - Alarms are named or given by ARN. Each must be declared in the same task or exist.
          - Rules that differ only in spaces, quotes, parentheses, or in names given as ARNs are the same.
        type: str
      suppressor:
        description: An alarm that keeps a composite alarm from its actions.
        type: dict
        suboptions:
          alarm:
            description: Name or ARN of that alarm. Empty for none.
            type: str
          wait:
            description: Seconds for which the actions wait for the suppressor to go off.
            type: int
          extension:
            description: Seconds for which the actions still wait when the suppressor is over.
            type: int
      log_query:
        description: The scheduled query of a log alarm. Needs botocore 1.43.37.
        type: dict
        suboptions:
          query:
            description: The query in the language of CloudWatch Logs Insights.
            type: str
          log_groups:
            description: Names or ARNs of the log groups, 1 to 50.
            type: list
            elements: str
          role_arn:
            description: ARN of the role that queries.
            type: str
          schedule:
            description: How often it runs, such as C(rate(5 minutes\)).
            type: str
          start_offset:
            description: How many seconds before each run the time begins that is queried.
            type: int
          end_offset:
            description: How many seconds before each run it ends. Zero unless it is set.
            type: int
          aggregation:
            description: What is compared with the threshold, such as C(count(*\)) or C(avg(latency\) by host).
            type: str
          tags:
            description: Tags of the scheduled query.
            type: dict
      log_lines:
        description: Log lines in notifications of a log alarm.
        type: dict
        suboptions:
          count:
            description: How many, at most 50.
            type: int
            required: true
          role_arn:
            description: ARN of the role that fetches them.
            type: str
      state:
        description: Whether the alarm is to be there.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Options of this entry to set when the alarm is created and to leave alone afterwards.
        type: list
        elements: str
  pending_alarms:
    description:
      - In check mode, names of alarms that an earlier task of the same run would have made. They count as existing.
      - Outside check mode this is not used.
    type: list
    elements: str
  departed_alarms:
    description:
      - In check mode, names of alarms that an earlier task of the same run would have deleted. They count as gone, so
        that the alarms that they name may be deleted as well.
      - Outside check mode this is not used.
    type: list
    elements: str
seealso:
  - module: amazon.aws.cloudwatch_metric_alarm
"""

EXAMPLES = r"""
- name: Declare alarms
  kumawatch.monitoring.cloudwatch_alarms:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    alarms:
      - name: production/api/cpu/warning
        description: The processor of api is busy.
        namespace: AWS/EC2
        metric: CPUUtilization
        dimensions: {InstanceId: i-0123456789abcdef0}
        statistic: Average
        period: 60
        evaluation_periods: 5
        comparison: GreaterThanThreshold
        threshold: 80
        alarm_actions: ["arn:aws:sns:eu-central-1:123456789012:warning"]
        ok_actions: ["arn:aws:sns:eu-central-1:123456789012:warning"]
        tags: {service: api, severity: warning}
      - name: production/api/errors_5xx/critical
        metrics:
          - id: rate
            expression: IF(requests >= 50, 100 * FILL(errors, 0) / requests, 0)
            label: Requests that failed, in percent
            return_data: true
          - id: requests
            metric_stat:
              namespace: AWS/ApplicationELB
              metric: RequestCount
              dimensions: {LoadBalancer: app/api/50dc6c495c0c9188}
              period: 60
              stat: Sum
          - id: errors
            metric_stat:
              namespace: AWS/ApplicationELB
              metric: HTTPCode_Target_5XX_Count
              dimensions: {LoadBalancer: app/api/50dc6c495c0c9188}
              period: 60
              stat: Sum
        evaluation_periods: 5
        datapoints_to_alarm: 3
        comparison: GreaterThanThreshold
        threshold: 5
        treat_missing_data: notBreaching
      - name: production/api/network/warning
        namespace: AWS/EC2
        metric: NetworkIn
        dimensions: {InstanceId: i-0123456789abcdef0}
        statistic: Average
        period: 300
        band: 2
        comparison: GreaterThanUpperThreshold
        evaluation_periods: 5
        datapoints_to_alarm: 3
      - name: production/api/service/critical
        rule: ALARM("production/api/errors_5xx/critical") AND NOT ALARM("production/api/cpu/warning")
        suppressor:
          alarm: production/api/network/warning
          wait: 60
          extension: 120

- name: One alarm for a fleet that comes and goes
  kumawatch.monitoring.cloudwatch_alarms:
    alarms:
      - name: production/workers/fleet_cpu/critical
        query: SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId
        period: 300
        evaluation_periods: 2
        comparison: GreaterThanThreshold
        threshold: 95

- name: Remove an alarm
  kumawatch.monitoring.cloudwatch_alarms:
    alarms:
      - name: production/old/cpu/warning
        state: absent
"""

RETURN = r"""
msg:
  description: What changed, or would change, counted.
  returned: always
  type: str
  sample: 1 to create, 1 to update, 0 to delete, 48 unchanged
created:
  description: Names of the alarms that were created.
  returned: always
  type: list
  elements: str
  sample: [production/api/cpu/warning]
updated:
  description: Names of the alarms that were changed.
  returned: always
  type: list
  elements: str
deleted:
  description: Names of the alarms that were deleted.
  returned: always
  type: list
  elements: str
unchanged:
  description: Names of the alarms that were as declared.
  returned: always
  type: list
  elements: str
unmanaged:
  description: Names of the alarms that are neither declared nor deleted.
  returned: always
  type: list
  elements: str
adopted:
  description: Names of the alarms that existed without a mark and got ours. They are among RV(updated) as well.
  returned: always
  type: list
  elements: str
failures:
  description: The alarms that could not be brought to what was declared, with the reason. The others were.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The alarm.
      type: str
    error:
      description: What was wrong.
      type: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import alarm_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarms import Alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={
            **aws_args(),
            "alarms": {"type": "list", "elements": "dict", "required": True, "options": alarm_args()},
            "pending_alarms": {"type": "list", "elements": "str"},
            "departed_alarms": {"type": "list", "elements": "str"},
        },
        supports_check_mode=True,
    )
    predicted = {
        name: module.params[f"{name}_alarms"] or () if module.check_mode else () for name in ("pending", "departed")
    }
    run(module, Alarms(module.params["alarms"], **predicted))


if __name__ == "__main__":
    main()
