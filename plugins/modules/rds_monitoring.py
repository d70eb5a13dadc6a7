#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set how closely databases are watched."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_monitoring
short_description: Set Enhanced Monitoring, Database Insights and log exports of many RDS databases in one task
version_added: 0.2.0
description:
  - Enhanced Monitoring sends what the operating system of a database measures. Performance Insights and Database
    Insights say which statements a database spends its time with, and give the metric C(DBLoad).
  - All databases are looked at by the page, and only what differs is modified.
  - Databases are neither made nor deleted nor marked. Those that are not declared are left alone, and so are options
    that are not set.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.attributes
options:
  databases:
    description: The databases, in any order. Each must exist.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Identifier of the database.
        type: str
        required: true
      kind:
        description:
          - Whether it is an instance or a cluster.
          - What Enhanced Monitoring of a cluster of Aurora is set to, each of its members gets. Members that join it
            later get it at the next run.
        type: str
        choices: [instance, cluster]
        default: instance
      monitoring_interval:
        description: Seconds between two values of Enhanced Monitoring, V(0) for none.
        type: int
        choices: [0, 1, 5, 10, 15, 30, 60]
      monitoring_role_arn:
        description:
          - ARN of the role with which RDS writes to CloudWatch Logs. Needed where O(databases[].monitoring_interval) is
            not V(0) and the database has none yet.
        type: str
      performance_insights:
        description: Whether Performance Insights is on.
        type: bool
      performance_insights_retention:
        description: Days that its data are kept. V(7), V(731), or a number of months of 31 days, 1 to 23.
        type: int
      performance_insights_kms_key_id:
        description: Key to encrypt its data with. It can only be chosen when Performance Insights is switched on.
        type: str
      database_insights:
        description:
          - Mode of Database Insights. V(advanced) switches Performance Insights on and keeps its data for 465 days,
            unless O(databases[].performance_insights_retention) is longer.
          - Members of a cluster of Aurora have that of their cluster.
          - Needs botocore 1.36.
        type: str
        choices: [standard, advanced]
      log_exports:
        description:
          - The logs that it writes to CloudWatch Logs, such as V(postgresql), or V(error) and V(slowquery) of MySQL.
            What is set is exact. Empty for none.
          - They go to log groups C(/aws/rds/KIND/ID/LOG), whatever the parameter group of the database says must be
            logged at all.
        type: list
        elements: str
      ignore:
        description: Names of options that are left as they are.
        type: list
        elements: str
  apply_immediately:
    description:
      - Whether a change is made now, rather than in the maintenance window of the database.
      - Where another change waits for that window, this one waits with it, and a warning says so. Both would be made
        now otherwise, which can restart the database.
    type: bool
    default: true
  patience:
    description: Seconds for which one call is tried again while AWS throttles it or cannot be reached.
    type: float
    default: 120
notes:
  - A change that waits for the maintenance window counts as made.
  - The operations are C(rds:DescribeDBInstances), C(rds:DescribeDBClusters), C(rds:ModifyDBInstance) and
    C(rds:ModifyDBCluster), and C(iam:PassRole) for the role.
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
seealso:
  - module: kumawatch.monitoring.aws_discovery
"""

EXAMPLES = r"""
- name: Watch two databases closely
  kumawatch.monitoring.rds_monitoring:
    region: eu-central-1
    databases:
      - id: prod-db
        monitoring_interval: 60
        monitoring_role_arn: arn:aws:iam::123456789012:role/kumawatch-production-rds-monitoring
        performance_insights: true
        log_exports: [postgresql]
      - id: prod-orders
        kind: cluster
        database_insights: advanced

- name: Do without
  kumawatch.monitoring.rds_monitoring:
    region: eu-central-1
    databases:
      - id: test-db
        monitoring_interval: 0
        performance_insights: false
"""

RETURN = r"""
msg:
  description: What was done, or in check mode is to be done, in one line; on failure the reason.
  returned: always
  type: str
  sample: 0 created, 1 updated, 0 deleted, 3 unchanged
created:
  description: Always empty. Databases are not made here.
  returned: when the databases were read
  type: list
  elements: str
updated:
  description: The databases that were modified.
  returned: when the databases were read
  type: list
  elements: str
  sample: [prod-db]
deleted:
  description: Always empty. Databases are not deleted here.
  returned: when the databases were read
  type: list
  elements: str
unchanged:
  description: The declared databases that were as declared.
  returned: when the databases were read
  type: list
  elements: str
unmanaged:
  description: Always empty. Only the declared databases are looked at.
  returned: when the databases were read
  type: list
  elements: str
adopted:
  description: Always empty. Databases are not marked here.
  returned: when the databases were read
  type: list
  elements: str
failures:
  description: The databases that could not be modified, with the reason. The others were.
  returned: when the databases were read
  type: list
  elements: dict
  contains:
    name:
      description: The database.
      type: str
    error:
      description: What was wrong.
      type: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import run
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.rds_monitoring import DatabaseMonitoring
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.rds_monitoring_model import INTERVALS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    database = {
        "id": {"type": "str", "required": True},
        "kind": {"type": "str", "choices": ["instance", "cluster"], "default": "instance"},
        "monitoring_interval": {"type": "int", "choices": list(INTERVALS)},
        "monitoring_role_arn": {"type": "str"},
        "performance_insights": {"type": "bool"},
        "performance_insights_retention": {"type": "int"},
        "performance_insights_kms_key_id": {"type": "str", "no_log": False},
        "database_insights": {"type": "str", "choices": ["standard", "advanced"]},
        "log_exports": {"type": "list", "elements": "str"},
        "ignore": {"type": "list", "elements": "str"},
    }
    return {
        "databases": {"type": "list", "elements": "dict", "required": True, "options": database},
        "apply_immediately": {"type": "bool", "default": True},
        "patience": {"type": "float", "default": PATIENCE},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(
        module,
        DatabaseMonitoring(module.params["databases"], apply_immediately=module.params["apply_immediately"]),
    )


if __name__ == "__main__":
    main()
