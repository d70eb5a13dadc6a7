#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set which logs load balancers write to S3."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elb_access_logs
short_description: Set which logs many load balancers write to S3 in one task
version_added: 0.2.0
description:
  - Access logs, connection logs and health check logs by the attributes of Application and Network Load Balancers.
    This is the way for Regions where M(kumawatch.monitoring.cloudwatch_log_deliveries) has no logs of load balancers to
    deliver.
  - All load balancers are looked at by the page, the attributes of the declared ones alone, and only what differs is
    modified.
  - Load balancers are neither made nor deleted nor marked. Those that are not declared are left alone, and so are
    options that are not set.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.attributes
options:
  load_balancers:
    description: The load balancers, in any order. Each must exist.
    type: list
    elements: dict
    required: true
    suboptions:
      load_balancer:
        description: ARN of the load balancer, or C(app/NAME/ID), or its name.
        type: str
        required: true
      access_logs:
        description: The log of requests, or of a Network Load Balancer that of TLS connections.
        type: dict
        suboptions:
          enabled:
            description:
              - Whether the log is written.
              - Where it is V(false), bucket and prefix say which log is switched off. One that goes elsewhere is left
                alone.
            type: bool
          bucket:
            description:
              - Name of the bucket, in the same Region, whose policy lets load balancers write. It is needed where the
                log is on and the load balancer has none yet.
            type: str
          prefix:
            description: What the keys in the bucket begin with, without slashes around it. Empty for nothing.
            type: str
      connection_logs:
        description: The log of connections. Only Application Load Balancers have it.
        type: dict
        suboptions:
          enabled:
            description:
              - Whether the log is written.
              - Where it is V(false), bucket and prefix say which log is switched off. One that goes elsewhere is left
                alone.
            type: bool
          bucket:
            description:
              - Name of the bucket, in the same Region, whose policy lets load balancers write. It is needed where the
                log is on and the load balancer has none yet.
            type: str
          prefix:
            description: What the keys in the bucket begin with, without slashes around it. Empty for nothing.
            type: str
      health_check_logs:
        description: The log of health checks. Only Application Load Balancers have it.
        type: dict
        suboptions:
          enabled:
            description:
              - Whether the log is written.
              - Where it is V(false), bucket and prefix say which log is switched off. One that goes elsewhere is left
                alone.
            type: bool
          bucket:
            description:
              - Name of the bucket, in the same Region, whose policy lets load balancers write. It is needed where the
                log is on and the load balancer has none yet.
            type: str
          prefix:
            description: What the keys in the bucket begin with, without slashes around it. Empty for nothing.
            type: str
      ignore:
        description: Logs that are left as they are.
        type: list
        elements: str
        choices: [access_logs, connection_logs, health_check_logs]
  patience:
    description: Seconds for which one call is tried again while AWS throttles it or cannot be reached.
    type: float
    default: 120
notes:
  - The operations are C(elasticloadbalancing:DescribeLoadBalancers),
    C(elasticloadbalancing:DescribeLoadBalancerAttributes)
    and C(elasticloadbalancing:ModifyLoadBalancerAttributes).
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
seealso:
  - module: kumawatch.monitoring.cloudwatch_log_deliveries
"""

EXAMPLES = r"""
- name: Keep the logs of two load balancers
  kumawatch.monitoring.elb_access_logs:
    region: eu-central-1
    load_balancers:
      - load_balancer: prod-api
        access_logs: {enabled: true, bucket: example-logs, prefix: api}
        connection_logs: {enabled: true, bucket: example-logs, prefix: api}
      - load_balancer: app/prod-shop/50dc6c495c0c9188
        access_logs: {enabled: true, bucket: example-logs}

- name: Keep no log of requests in that bucket any more
  kumawatch.monitoring.elb_access_logs:
    region: eu-central-1
    load_balancers:
      - load_balancer: prod-api
        access_logs: {enabled: false, bucket: example-logs}
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 0 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: Always empty. Load balancers are not made here.
  returned: when the load balancers were read
  type: list
  elements: str
updated:
  description: The load balancers that were modified.
  returned: when the load balancers were read
  type: list
  elements: str
  sample: [prod-api]
deleted:
  description: Always empty. Load balancers are not deleted here.
  returned: when the load balancers were read
  type: list
  elements: str
unchanged:
  description: The declared load balancers that were as declared.
  returned: when the load balancers were read
  type: list
  elements: str
unmanaged:
  description: Always empty. Only the declared load balancers are looked at.
  returned: when the load balancers were read
  type: list
  elements: str
adopted:
  description: Always empty. Load balancers are not marked here.
  returned: when the load balancers were read
  type: list
  elements: str
failures:
  description: The load balancers that could not be modified, with the reason. The others were.
  returned: when the load balancers were read
  type: list
  elements: dict
  contains:
    name:
      description: The load balancer, as it was called in its entry.
      type: str
    error:
      description: What was wrong.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.elb_access_logs import AccessLogs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.elb_access_logs_model import LOGS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    log = {"enabled": {"type": "bool"}, "bucket": {"type": "str"}, "prefix": {"type": "str"}}
    balancer = {
        "load_balancer": {"type": "str", "required": True},
        **{name: {"type": "dict", "options": log} for name in LOGS},
        "ignore": {"type": "list", "elements": "str", "choices": list(LOGS)},
    }
    return {
        "load_balancers": {"type": "list", "elements": "dict", "required": True, "options": balancer},
        "patience": {"type": "float", "default": PATIENCE},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, AccessLogs(module.params["load_balancers"]))


if __name__ == "__main__":
    main()
