#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what CloudWatch and CloudWatch Logs have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_info
short_description: Gather alarms, mute rules, dashboards, and what CloudWatch Logs has
version_added: 0.2.0
description:
  - Returns the alarms and mute rules of an account and Region, and the dashboards of the account, each kind in the
    shape that its module takes; and, where it is asked for, what CloudWatch Logs has.
  - What is gathered in one account can be given to the modules to make another one like it, in the order
    M(kumawatch.monitoring.cloudwatch_alarms), M(kumawatch.monitoring.cloudwatch_mute_rules),
    M(kumawatch.monitoring.cloudwatch_dashboards). Of logs the order is
    M(kumawatch.monitoring.cloudwatch_log_groups), M(kumawatch.monitoring.cloudwatch_log_resource_policies), then the
    others.
  - Options that have the value that a new object would get anyhow are left out.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.reading
options:
  gather:
    description:
      - What to gather. V(alarms), V(mute_rules) and V(dashboards) if it is not set.
      - V(alarm_states) is how alarms are at the moment, of which nothing can be made.
      - Metric and subscription filters are chosen by O(managed_by) and O(tags) of their log groups, and O(name_prefix)
        is compared with the names of these. Queries have no tags; those in the folder O(managed_by) are taken. Resource
        policies bear neither tags nor marks.
    type: list
    elements: str
    choices:
      - alarms
      - mute_rules
      - dashboards
      - alarm_states
      - log_groups
      - log_resource_policies
      - log_metric_filters
      - log_subscription_filters
      - log_deliveries
      - log_queries
  name_prefix:
    description: Only what has a name that begins with this.
    type: str
    default: ''
  managed_by:
    description: Only what carries this mark of ownership. Empty for everything, whatever its mark.
    type: str
    default: ''
  tags:
    description: Only what has all these tags. A tag without a value must only be there.
    type: dict
    default: {}
  include_tags:
    description:
      - Whether entries have the tags of their objects. The mark of ownership is never among them, as the modules give
        it.
      - Without this, and without O(managed_by) and O(tags), no tags are read.
    type: bool
    default: true
notes:
  - A hundred alarms a call. The bodies of dashboards and mute rules take a call each.
  - Tags of alarms come from the index that AWS keeps of tags, which may be some seconds late.
  - Fifty log groups or metric filters a call. Transformers and indexed fields take two calls for each log group, and
    subscription filters one.
  - Queries have their whole names, so that O(kumawatch.monitoring.cloudwatch_log_queries#module:folder) must be empty
    for them.
  - Bodies of dashboards are as they are, with the Region and the account that they name.
seealso:
  - name: Export playbook
    description: Writes what this module gathers to a file.
    link: https://github.com/kumawatch/kumawatch.monitoring/blob/main/playbooks/export_cloudwatch.yml
"""

EXAMPLES = r"""
- name: See which alarms there are of one service
  kumawatch.monitoring.cloudwatch_info:
    region: eu-central-1
    gather: [alarms]
    tags:
      service: api
  register: cloudwatch

- name: Make another Region like it
  block:
    - name: Read what is ours
      kumawatch.monitoring.cloudwatch_info:
        region: eu-central-1
        managed_by: kumawatch-production
      register: old

    - name: Write the alarms
      kumawatch.monitoring.cloudwatch_alarms:
        region: eu-west-1
        managed_by: kumawatch-production
        alarms: "{{ old.alarms }}"

    - name: Write the mute rules
      kumawatch.monitoring.cloudwatch_mute_rules:
        region: eu-west-1
        managed_by: kumawatch-production
        mute_rules: "{{ old.mute_rules }}"
"""

RETURN = r"""
account:
  description: The account.
  returned: success
  type: str
  sample: "123456789012"
region:
  description: The Region.
  returned: success
  type: str
  sample: eu-central-1
alarms:
  description: As O(kumawatch.monitoring.cloudwatch_alarms#module:alarms), composites last.
  returned: when gathered
  type: list
  elements: dict
alarm_states:
  description: How each alarm is.
  returned: when gathered
  type: list
  elements: dict
  contains:
    name:
      description: Name of the alarm.
      type: str
      sample: production/api/cpu/i-0f1e2d3c4b5a69788/warning
    state:
      description: V(OK), V(ALARM) or V(INSUFFICIENT_DATA).
      type: str
    since:
      description: Since when, as ISO 8601. Empty if CloudWatch does not say.
      type: str
      sample: "2026-11-27T06:31:04+00:00"
    reason:
      description: Why, in CloudWatch's words.
      type: str
    actions_enabled:
      description: Whether it tells anybody.
      type: bool
    suppressed:
      description: What holds the actions of a composite alarm back, such as V(Alarm). Empty for nothing.
      type: str
    composite:
      description: Whether it is made of other alarms.
      type: bool
    tags:
      description: Its tags, if O(include_tags).
      type: dict
mute_rules:
  description: As O(kumawatch.monitoring.cloudwatch_mute_rules#module:mute_rules).
  returned: when gathered
  type: list
  elements: dict
dashboards:
  description: As O(kumawatch.monitoring.cloudwatch_dashboards#module:dashboards), bodies as data.
  returned: when gathered
  type: list
  elements: dict
log_groups:
  description: As O(kumawatch.monitoring.cloudwatch_log_groups#module:log_groups).
  returned: when gathered
  type: list
  elements: dict
log_resource_policies:
  description: As O(kumawatch.monitoring.cloudwatch_log_resource_policies#module:policies).
  returned: when gathered
  type: list
  elements: dict
log_metric_filters:
  description: As O(kumawatch.monitoring.cloudwatch_log_metric_filters#module:metric_filters).
  returned: when gathered
  type: list
  elements: dict
log_subscription_filters:
  description: As O(kumawatch.monitoring.cloudwatch_log_subscription_filters#module:subscription_filters).
  returned: when gathered
  type: list
  elements: dict
log_deliveries:
  description: As O(kumawatch.monitoring.cloudwatch_log_deliveries#module:deliveries), without paths in buckets, which
    AWS completes.
  returned: when gathered
  type: list
  elements: dict
log_queries:
  description: As O(kumawatch.monitoring.cloudwatch_log_queries#module:queries).
  returned: when gathered
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_states import KINDS as STATES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import warn
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.info import KINDS, Wanted, gather
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.info_logs import KINDS as LOG_KINDS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE, Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def argument_spec() -> dict[str, Any]:
    """The options of the module, besides amazon.aws's own."""
    return {
        "gather": {"type": "list", "elements": "str", "choices": [*KINDS, *STATES, *LOG_KINDS]},
        "name_prefix": {"type": "str", "default": ""},
        "managed_by": {"type": "str", "default": ""},
        "tags": {"type": "dict", "default": {}},
        "include_tags": {"type": "bool", "default": True},
        "patience": {"type": "float", "default": PATIENCE},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    aws = Aws(module, params["patience"])
    wanted = Wanted(params["name_prefix"], params["managed_by"], params["tags"], params["include_tags"])
    try:
        account = str(aws.call("sts", "GetCallerIdentity")["Account"])
        found = gather(aws, params["gather"] or list(KINDS), wanted, {**KINDS, **STATES, **LOG_KINDS})
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    warn(found.warnings)
    module.exit_json(changed=False, account=account, region=aws.region, **found.found)


if __name__ == "__main__":
    main()
