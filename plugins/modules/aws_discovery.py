#!/usr/bin/python
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the instances, load balancers and databases of services."""

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_discovery
short_description: Find the instances, load balancers and databases that services run on
version_added: 0.2.0
description:
  - Finds what the services of a catalogue run on, with what alarms and dashboards need to know of it. The ids of
    instances and their volumes, the target groups of load balancers, the size of databases.
  - Each kind of resource is listed once for all services, so the number of calls does not grow with them.
  - Nothing is changed.
author:
  - The Kumawatch engineers (@kumawatch)
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - kumawatch.monitoring.aws.reading
options:
  services:
    description: The services, in any order. With none, only account, partition and Region are returned.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the service.
        type: str
        required: true
      hosts:
        description:
          - Its hosts, as the inventory knows them. A host is the instance with its O(services[].hosts[].instance_id).
            Where that is not set, it is the instance that has the host's name or address as tag C(Name), as private or
            public address, or as DNS name.
          - Of several instances like that, the one is taken on which name and address agree, or the only one that runs.
          - A host that is no instance is told in RV(warnings), and runs elsewhere.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name in the inventory.
            type: str
            required: true
          address:
            description: Address or DNS name, as in C(ansible_host).
            type: str
          instance_id:
            description: Id of the instance.
            type: str
      instance_tags:
        description: Tags, all of which the service's instances have. They come on top of O(services[].hosts).
        type: dict
        default: {}
      load_balancer:
        description: The service's load balancer, as V(app/NAME/ID), as its name, or as its ARN.
        type: str
      target_groups:
        description:
          - Names of its target groups, of those that the load balancer has.
          - If not set, all of them. Where several services share a load balancer, those whose names hold the service's
            name, such as C(prod-shop) for C(shop).
        type: list
        elements: str
        default: []
      database:
        description: Identifier or ARN of the service's database, an instance of RDS or a cluster.
        type: str
  strict:
    description:
      - Whether the task fails where a load balancer, target group, database or instance id is named that does not
        exist.
      - If V(false), that is a warning, and the service is taken to have none.
    type: bool
    default: true
notes:
  - The memory and vCPUs of a database follow from the name of its class. How many connections it takes follows from its
    parameter group, or from the formula of the engine's default group, over 91 % of the memory. RDS keeps the rest for
    itself and does not say how much that is.
  - The operations are C(sts:GetCallerIdentity), and where services need them C(ec2:DescribeInstances),
    C(ec2:DescribeVolumes), C(ec2:DescribeInstanceTypes), C(elasticloadbalancing:DescribeLoadBalancers),
    C(elasticloadbalancing:DescribeTargetGroups), C(rds:DescribeDBInstances), C(rds:DescribeDBClusters), and for
    parameter groups of one's own C(rds:DescribeDBParameters) and C(rds:DescribeDBClusterParameters).
seealso:
  - module: kumawatch.monitoring.ec2_monitoring
  - module: kumawatch.monitoring.rds_monitoring
"""

EXAMPLES = r"""
- name: Find what two services run on
  kumawatch.monitoring.aws_discovery:
    region: eu-central-1
    services:
      - name: api
        hosts:
          - name: api1.example.com
            address: 10.0.3.17
          - name: api2.example.com
            instance_id: i-0123456789abcdef0
        load_balancer: app/prod-api/50dc6c495c0c9188
        database: prod-db
      - name: worker
        instance_tags:
          service: worker
          environment: production
  register: discovery

- name: Which account is this
  kumawatch.monitoring.aws_discovery:
    region: eu-central-1
  register: caller
"""

RETURN = r"""
account:
  description: The account's number.
  returned: success
  type: str
  sample: "123456789012"
partition:
  description: The partition that the account is in.
  returned: success
  type: str
  sample: aws
region:
  description: The Region that was looked at.
  returned: success
  type: str
  sample: eu-central-1
services:
  description: What each service runs on, by its name.
  returned: success
  type: dict
  contains:
    instances:
      description: Its instances, in the order of their names. Terminated ones are left out, stopped ones are not.
      type: list
      elements: dict
      sample:
        - id: i-0123456789abcdef0
          name: api2.example.com
          type: m7g.large
          vcpus: 2
          state: running
          image_id: ami-0abcdef1234567890
          availability_zone: eu-central-1a
          autoscaling_group: null
          detailed_monitoring: true
          nitro: true
          volumes:
            - id: vol-049df61146c4d7901
              device: /dev/xvda
              type: gp3
    load_balancer:
      description: Its load balancer with its target groups, null where it has none.
      type: dict
      sample:
        arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/prod-api/50dc6c495c0c9188
        id: app/prod-api/50dc6c495c0c9188
        name: prod-api
        target_groups:
          - id: targetgroup/prod-api/73e2d6bc24d8a067
            name: prod-api
            arn: arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/prod-api/73e2d6bc24d8a067
    database:
      description:
        - Its database, null where it has none. C(kind) is V(instance) or V(cluster), C(members) are those of a cluster,
          the writer first, each with its own size. The size of a cluster is the writer's.
        - C(vcpus), C(memory_bytes) and C(max_connections) are null where nobody can tell, C(allocated_bytes) where the
          storage grows by itself.
      type: dict
      sample:
        id: prod-db
        kind: instance
        engine: postgres
        class: db.m7g.large
        vcpus: 2
        memory_bytes: 8589934592
        max_connections: 820
        allocated_bytes: 107374182400
        replica_of: null
        members: []
        arn: arn:aws:rds:eu-central-1:123456789012:db:prod-db
        monitoring_interval: 60
        monitoring_role_arn: arn:aws:iam::123456789012:role/kumawatch-production-rds-monitoring
        performance_insights: true
supports:
  description:
    - What the installed botocore knows of that not every one does. C(tag_propagation) are messages of alarms that bear
      their tags, C(mute_rules) and C(log_alarms) those kinds of objects.
  returned: success
  type: dict
  sample:
    log_alarms: true
    mute_rules: true
    tag_propagation: true
warnings:
  description: A sentence for each thing that was not found or is not clear.
  returned: when there are any
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import warn
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.discovery import discover, supports
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.discovery_model import services_of
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import PATIENCE, Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    host = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str"},
        "instance_id": {"type": "str"},
    }
    service = {
        "name": {"type": "str", "required": True},
        "hosts": {"type": "list", "elements": "dict", "default": [], "options": host},
        "instance_tags": {"type": "dict", "default": {}},
        "load_balancer": {"type": "str"},
        "target_groups": {"type": "list", "elements": "str", "default": []},
        "database": {"type": "str"},
    }
    return {
        "services": {"type": "list", "elements": "dict", "default": [], "options": service},
        "strict": {"type": "bool", "default": True},
        "patience": {"type": "float", "default": PATIENCE},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    aws = Aws(module, module.params["patience"])
    try:
        found = discover(aws, services_of(module.params["services"]), strict=module.params["strict"])
        supported = supports(aws)
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    warn(found.warnings)
    module.exit_json(
        changed=False,
        account=found.account,
        partition=found.partition,
        region=found.region,
        services=found.services,
        supports=supported,
    )


if __name__ == "__main__":
    main()
