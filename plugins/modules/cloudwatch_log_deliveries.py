#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reconcile the deliveries of vended logs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_log_deliveries
short_description: Reconcile the deliveries of vended logs in one task
version_added: 0.2.0
description:
  - Brings what AWS services write of themselves, such as the access logs of load balancers, to log groups, buckets
    and streams, as it is declared. An entry is the source, its destinations and the deliveries between them.
  - Sources and destinations are known by their names, a delivery by its two ends. All three bear the mark of
    ownership.
  - Only what is declared is compared. A list of destinations is exact, so deliveries of the source to others end.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.bulk
  - kumawatch.monitoring.aws.attributes
options:
  deliveries:
    description: The deliveries, in any order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the source, up to 60 letters, digits, hyphens and underscores.
        type: str
        required: true
      source_arn:
        description: ARN of the resource that writes, such as a load balancer. Needed for a new source.
        type: str
      log_type:
        description:
          - Which of its logs. Those of an Application Load Balancer are V(ALB_ACCESS_LOGS), V(ALB_CONNECTION_LOGS)
            and V(ALB_HEALTH_CHECK_LOGS), each of which has one source.
          - Needed for a new source.
        type: str
      destinations:
        description: Where they go. What is set is exact.
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the destination, up to 60 letters, digits, hyphens and underscores. Several entries may name
                one, if they declare it alike.
              - If it is not set, that of the source with O(deliveries[].destinations[].type), as in C(NAME-s3).
            type: str
          type:
            description: What it is. It follows from O(deliveries[].destinations[].arn), and is needed only where
              both that and a name are left out.
            type: str
            choices: [logs, s3, firehose]
          arn:
            description: ARN of the log group, of the bucket (with a prefix, if there is to be one), or of the
              Firehose stream. Needed for a new destination.
            type: str
          output_format:
            description: How lines are written. AWS takes what the kinds of logs and destination make usual.
            type: str
            choices: [json, plain, w3c, raw, parquet]
          record_fields:
            description: Fields that lines have. AWS takes all that are usual. The order is AWS's own.
            type: list
            elements: str
          field_delimiter:
            description: What is between fields, where lines are plain.
            type: str
          suffix_path:
            description: Path in the bucket, in which V({account-id}), V({region}), V({yyyy}), V({MM}), V({dd}) and
              V({HH}) are filled in. AWS puts what it needs before it.
            type: str
          hive_compatible_path:
            description: Whether paths in the bucket are such as Hive reads, with C(year=2026).
            type: bool
      tags:
        description: Tags of the source, its destinations and its deliveries, beside the mark of ownership. What is
          set is exact. Empty for no others.
        type: dict
      state:
        description:
          - Whether it is delivered. V(absent) deletes the source with all of its deliveries, and the destinations
            that are named.
        type: str
        choices: [present, absent]
        default: present
      ignore:
        description: Names of options, also of destinations, that are set on creation, and never compared or changed
          again.
        type: list
        elements: str
notes:
  - A log group that gets deliveries must allow C(delivery.logs.amazonaws.com) to write, which
    M(kumawatch.monitoring.cloudwatch_log_resource_policies) declares; a bucket must by its policy.
  - Fifty objects are read in a call, whatever the number of entries.
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_groups
  - module: kumawatch.monitoring.cloudwatch_log_resource_policies
"""

EXAMPLES = r"""
- name: The deliveries of a catalogue, and nothing else of ours
  kumawatch.monitoring.cloudwatch_log_deliveries:
    region: eu-central-1
    managed_by: kumawatch-production
    purge: true
    deliveries: "{{ monitoring_log_deliveries }}"

- name: Access logs of a load balancer to a log group and to a bucket
  kumawatch.monitoring.cloudwatch_log_deliveries:
    managed_by: payments
    deliveries:
      - name: production-api-access
        source_arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/prod-api/50dc6c495c0c9188
        log_type: ALB_ACCESS_LOGS
        destinations:
          - arn: arn:aws:logs:eu-central-1:123456789012:log-group:/production/load-balancer/prod-api
            output_format: json
          - arn: arn:aws:s3:::prod-logs
            output_format: parquet
            suffix_path: '{yyyy}/{MM}/{dd}'

- name: End one
  kumawatch.monitoring.cloudwatch_log_deliveries:
    managed_by: payments
    deliveries:
      - name: production-api-access
        state: absent
        destinations:
          - type: logs
          - type: s3
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 1 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: The objects that were created, as C(source NAME), C(destination NAME) and C(SOURCE to DESTINATION).
  returned: when the objects were read
  type: list
  elements: str
  sample: ["source production-api-access"]
updated:
  description: The objects that were changed.
  returned: when the objects were read
  type: list
  elements: str
deleted:
  description: The objects that were deleted.
  returned: when the objects were read
  type: list
  elements: str
unchanged:
  description: The declared objects that were as declared.
  returned: when the objects were read
  type: list
  elements: str
unmanaged:
  description: The objects that are neither declared nor deleted.
  returned: when the objects were read
  type: list
  elements: str
adopted:
  description: Those of RV(updated) that had no mark of ownership before.
  returned: when the objects were read
  type: list
  elements: str
failures:
  description: The objects that could not be changed, with the reason. The others were.
  returned: when the objects were read
  type: list
  elements: dict
  contains:
    name:
      description: The object.
      type: str
    error:
      description: What was wrong with it.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import aws_args, run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_deliveries import Deliveries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_deliveries_model import FORMATS, TYPES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._contract import entry_args


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    destination = {
        "name": {"type": "str"},
        "type": {"type": "str", "choices": list(TYPES)},
        "arn": {"type": "str"},
        "output_format": {"type": "str", "choices": list(FORMATS)},
        "record_fields": {"type": "list", "elements": "str"},
        "field_delimiter": {"type": "str"},
        "suffix_path": {"type": "str"},
        "hive_compatible_path": {"type": "bool"},
    }
    entry = {
        "name": {"type": "str", "required": True},
        "source_arn": {"type": "str"},
        "log_type": {"type": "str"},
        "destinations": {"type": "list", "elements": "dict", "options": destination},
        "tags": {"type": "dict"},
        **entry_args(),
    }
    return {
        **aws_args(),
        "deliveries": {"type": "list", "elements": "dict", "required": True, "options": entry},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, Deliveries(module.params["deliveries"]))


if __name__ == "__main__":
    main()
