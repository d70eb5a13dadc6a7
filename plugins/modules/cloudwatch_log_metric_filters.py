#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the metric filters of log groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_metric_filters
short_description: Reconcile the metric filters of all log groups in one task
version_added: 0.2.0
description:
  - Brings the filters that make metrics of log lines to what is declared, for any number of log groups. Fifty filters
    are read in a call, whatever the number of log groups.
  - A filter is known by its log group and its exact name. One whose name begins with that of another is
    another filter.
  - Only what is declared is compared, by what it means. Options that are not set are left as they are.
  - Samples of lines can be declared for each filter. Before anything is written, and in check mode as well, the
    patterns are tested with them, so that a pattern that matches nothing is found before it is needed.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  name_prefix:
    description:
      - How the names of filters begin that O(purge) may delete. Metric filters have no tags, so those are ours whose
        log group carries our mark O(managed_by) and whose names begin with this.
      - It says nothing of the names that can be declared.
    type: str
    default: kumawatch-
  metric_filters:
    description: The filters, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      log_group:
        description: The log group. It must exist, and be of the class V(STANDARD).
        type: str
        required: true
      name:
        description: Name of the filter, up to 512 characters without V(:) and V(*).
        type: str
        required: true
      pattern:
        description:
          - Which lines it counts, up to 1024 characters. In braces for lines that are JSON, in brackets for fields with
            spaces between them, else terms or a regular expression between percent signs. Empty for every line.
          - Texts with other characters than letters, digits and V(_) belong in quotation marks.
          - Needed for a new filter.
        type: str
      metric_name:
        description: Name of the metric. Needed for a new filter.
        type: str
      metric_namespace:
        description: Namespace of the metric. Needed for a new filter.
        type: str
      metric_value:
        description:
          - What a line adds to the metric. A number, or what is extracted from the line, such as V($.latency),
            V($bytes) or V($7).
          - V(1) for a new filter.
        type: str
      default_value:
        description:
          - What is published while lines arrive and none matches. A number, empty for nothing.
          - It cannot be combined with O(metric_filters[].dimensions), whose place it takes when it is set.
        type: str
      unit:
        description: Unit of the metric.
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
      dimensions:
        description:
          - Dimensions of the metric, each with what is extracted from the line for it, such as V($.route). Up to three.
            What is set is exact. Each value is a metric of its own, and is billed.
          - They take the place of O(metric_filters[].default_value).
        type: dict
      apply_on_transformed_logs:
        description:
          - Whether lines are filtered as the transformer of the log group makes them. Samples are then lines that it
            has made.
          - Needs botocore 1.35.67.
        type: bool
      system_field_dimensions:
        description:
          - Further dimensions, V(@aws.account) and V(@aws.region), where logs of several accounts are in one place.
            They count among the three.
          - Needs botocore 1.40.32.
        type: list
        elements: str
      field_selection_criteria:
        description:
          - Which accounts and Regions lines must come from, such as V(@aws.region = "eu-central-1"). Empty for all.
          - Needs botocore 1.40.32.
        type: str
      test:
        description:
          - Samples that the pattern is tested with. C(TestMetricFilter) is asked of patterns that are new; where it is
            not to be had, and of patterns that exist already, the module itself tells.
          - A sample that fails ends the task before anything is written.
        type: list
        elements: dict
        suboptions:
          line:
            description: A line of the log.
            type: str
            required: true
          match:
            description: Whether the pattern is to match it.
            type: bool
            default: true
          values:
            description:
              - What is to be extracted from it, by selectors such as V($.latency) and V($status). Numbers are compared
                by their value.
            type: dict
      state:
        description: Whether the filter exists.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options that are set on creation, and never compared or changed again.
        type: list
        elements: str
notes:
  - A log group has up to 100 metric filters, of which five may have regular expressions.
  - Patterns are checked before anything is read. What CloudWatch would refuse is one sentence with the place.
  - Filters that are declared are managed whatever mark their log group bears. The mark of a log group is for
    M(kumawatch.monitoring.cloudwatch_log_groups) to give.
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_groups
  - module: kumawatch.monitoring.cloudwatch_alarms
"""

EXAMPLES = r"""
- name: The filters of a catalogue, and nothing else of ours
  kumawatch.monitoring.cloudwatch_log_metric_filters:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    metric_filters: "{{ monitoring_log_metric_filters }}"

- name: Errors of an application, and what its users wait for, each proved with lines
  kumawatch.monitoring.cloudwatch_log_metric_filters:
    managed_by: payments
    metric_filters:
      - log_group: /production/api/app
        name: kumawatch-api-errors
        pattern: '{ $.level = "ERROR" || $.level = "FATAL" }'
        metric_name: api/errors
        metric_namespace: Kumawatch/production
        default_value: 0
        unit: Count
        test:
          - line: '{"level": "ERROR", "message": "payment declined"}'
          - line: '{"level": "INFO", "message": "no ERROR here"}'
            match: false
      - log_group: /production/api/access
        name: kumawatch-api-bytes
        pattern: '[ip, ident, user, time, request, status=2*, bytes, ...]'
        metric_name: api/bytes
        metric_namespace: Kumawatch/production
        metric_value: $bytes
        unit: Bytes
        dimensions:
          Status: $status
        test:
          - line: '127.0.0.1 - - [10/Oct/2026:13:25:15 +0000] "GET / HTTP/1.1" 200 1534 "-" "curl/8.5"'
            values:
              $bytes: 1534
              $status: 200

- name: Remove one
  kumawatch.monitoring.cloudwatch_log_metric_filters:
    metric_filters:
      - log_group: /production/api/app
        name: kumawatch-api-errors
        state: absent
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The filters that were created, as C(LOG_GROUP:NAME).
  returned: when the filters were read
  type: list
  elements: str
  sample: ["/production/api/app:kumawatch-api-errors"]
updated:
  description: The filters that were changed.
  returned: when the filters were read
  type: list
  elements: str
deleted:
  description: The filters that were deleted.
  returned: when the filters were read
  type: list
  elements: str
unchanged:
  description: The declared filters that were as declared.
  returned: when the filters were read
  type: list
  elements: str
unmanaged:
  description: The filters that are neither declared nor deleted.
  returned: when the filters were read
  type: list
  elements: str
adopted:
  description: Always empty, as filters bear no mark.
  returned: when the filters were read
  type: list
  elements: str
failures:
  description: The filters that could not be changed, with the reason. The others were.
  returned: when the filters were read
  type: list
  elements: dict
  contains:
    name:
      description: The filter.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_filters import MetricFilters
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_filters_model import UNITS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    sample = {
        "line": {"type": "str", "required": True},
        "match": {"type": "bool", "default": True},
        "values": {"type": "dict"},
    }
    entry = {
        "log_group": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "pattern": {"type": "str"},
        "metric_name": {"type": "str"},
        "metric_namespace": {"type": "str"},
        "metric_value": {"type": "str"},
        "default_value": {"type": "str"},
        "unit": {"type": "str", "choices": list(UNITS)},
        "dimensions": {"type": "dict"},
        "apply_on_transformed_logs": {"type": "bool"},
        "system_field_dimensions": {"type": "list", "elements": "str"},
        "field_selection_criteria": {"type": "str"},
        "test": {"type": "list", "elements": "dict", "options": sample},
        **entry_args(),
    }
    return {
        **aws_args(),
        "name_prefix": {"type": "str", "default": "kumawatch-"},
        "metric_filters": {"type": "list", "elements": "dict", "required": True, "options": entry},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, MetricFilters(module.params["metric_filters"], module.params["name_prefix"]))


if __name__ == "__main__":
    main()
