# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Furnish the lab's account with what its demo services run on: instances, a load balancer, a database.

``python -m tools.lab_account`` reads from the lab's endpoints.json where the account is. What is there already stays,
so that it may be run at any time. It refuses an endpoint that is not on this machine: nothing here is meant to cost
money.
"""

from __future__ import annotations

import ipaddress
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

PREFIX = "kumawatch-lab"
DATABASE = PREFIX
LOAD_BALANCER = PREFIX
IMAGE = "ami-0abcdef1234567890"
INSTANCE_TYPE = "t3.medium"
DATABASE_CLASS = "db.t3.medium"
DATABASE_GIB = 20
HTTP = ("json", "keyword", "http")
"""Kinds of demo services that a load balancer can stand before."""

Service = Mapping[str, Any]


class LabAccountError(Exception):
    """The account cannot be furnished; the message is for the user."""


class Account:
    """The lab's account. Each method makes what is missing and returns what it made, for the terminal."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        host = urlsplit(endpoint_url).hostname or ""
        if host != "localhost" and not _loopback(host):
            raise LabAccountError(
                f"{endpoint_url} is not on this machine: only the lab's own account is furnished with demo resources."
            )
        import boto3
        from botocore.config import Config

        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
        config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})

        def client(name: str) -> Any:
            return session.client(name, endpoint_url=endpoint_url, config=config)

        self.ec2 = client("ec2")
        self.elbv2 = client("elbv2")
        self.rds = client("rds")

    # -- instances

    def instances(self) -> dict[str, str]:
        """The lab's instances, ids by service."""
        found = {}
        filters = [
            {"Name": "tag:Name", "Values": [f"{PREFIX}-*"]},
            {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
        ]
        for page in self.ec2.get_paginator("describe_instances").paginate(Filters=filters):
            for reservation in page["Reservations"]:
                for instance in reservation["Instances"]:
                    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
                    if tags.get("Name") == f"{PREFIX}-{tags.get('service')}":
                        found[tags["service"]] = str(instance["InstanceId"])
        return found

    def add_instances(self, services: Iterable[Service]) -> list[str]:
        """One instance for each service, with the tags ``service`` and ``Name``."""
        made = []
        there = self.instances()
        for service in services:
            name = str(service["name"])
            if name in there:
                continue
            tags = {"Name": f"{PREFIX}-{name}", "service": name, "environment": "lab"}
            self.ec2.run_instances(
                ImageId=IMAGE,
                InstanceType=INSTANCE_TYPE,
                MinCount=1,
                MaxCount=1,
                TagSpecifications=[{"ResourceType": "instance", "Tags": _tags(tags)}],
            )
            made.append(f"instance {PREFIX}-{name}")
        return made

    # -- load balancer

    def load_balancer(self) -> str | None:
        """The ARN of the lab's load balancer."""
        pages = self.elbv2.get_paginator("describe_load_balancers").paginate()
        found = [balancer for page in pages for balancer in page["LoadBalancers"]]
        return next((str(item["LoadBalancerArn"]) for item in found if item["LoadBalancerName"] == LOAD_BALANCER), None)

    def target_groups(self) -> dict[str, str]:
        """ARNs of the target groups, by name."""
        pages = self.elbv2.get_paginator("describe_target_groups").paginate()
        return {
            str(group["TargetGroupName"]): str(group["TargetGroupArn"])
            for page in pages
            for group in page["TargetGroups"]
        }

    def add_load_balancer(self, services: Sequence[Service]) -> list[str]:
        """A load balancer with a listener and a target group for each service that speaks HTTP."""
        names = [str(service["name"]) for service in services if service.get("kind") in HTTP]
        if not names:
            return []
        made = []
        network = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        arn = self.load_balancer()
        if arn is None:
            subnets = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [network]}])["Subnets"]
            arn = str(
                self.elbv2.create_load_balancer(
                    Name=LOAD_BALANCER, Type="application", Subnets=[subnet["SubnetId"] for subnet in subnets[:2]]
                )["LoadBalancers"][0]["LoadBalancerArn"]
            )
            made.append(f"load balancer {LOAD_BALANCER}")
        groups, instances = self.target_groups(), self.instances()
        for name in names:
            group = f"{PREFIX}-{name}"
            if group in groups:
                continue
            groups[group] = str(
                self.elbv2.create_target_group(Name=group, Protocol="HTTP", Port=80, VpcId=network)["TargetGroups"][0][
                    "TargetGroupArn"
                ]
            )
            made.append(f"target group {group}")
            self.elbv2.register_targets(TargetGroupArn=groups[group], Targets=[{"Id": instances[name]}])
        return made + self._listen(arn, {name: groups[f"{PREFIX}-{name}"] for name in names})

    def _listen(self, balancer: str, groups: Mapping[str, str]) -> list[str]:
        """A listener for each target group that none leads to yet, each on a port of its own."""
        made = []
        listeners = self.elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        reached = {action.get("TargetGroupArn") for listener in listeners for action in listener["DefaultActions"]}
        taken = {int(listener["Port"]) for listener in listeners}
        for name, group in groups.items():
            if group in reached:
                continue
            port = next(number for number in range(80, 65_536) if number not in taken)
            taken.add(port)
            self.elbv2.create_listener(
                LoadBalancerArn=balancer,
                Protocol="HTTP",
                Port=port,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            )
            made.append(f"listener for {PREFIX}-{name}")
        return made

    # -- database

    def add_database(self) -> list[str]:
        """A PostgreSQL database."""
        pages = self.rds.get_paginator("describe_db_instances").paginate()
        if any(item["DBInstanceIdentifier"] == DATABASE for page in pages for item in page["DBInstances"]):
            return []
        self.rds.create_db_instance(
            DBInstanceIdentifier=DATABASE,
            Engine="postgres",
            DBInstanceClass=DATABASE_CLASS,
            AllocatedStorage=DATABASE_GIB,
            MasterUsername="lab",
            MasterUserPassword="lab-only-1",
            Tags=_tags({"environment": "lab"}),
        )
        return [f"database {DATABASE}"]


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def furnish(endpoint_url: str, region: str, services: Sequence[Service]) -> list[str]:
    """Make what is missing in the account; what was made, in words.

    :param services: as in endpoints.json: ``name`` and ``kind`` of each.
    :raises LabAccountError: with the reason, for the user.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    account = Account(endpoint_url, region)
    try:
        return [*account.add_instances(services), *account.add_load_balancer(services), *account.add_database()]
    except (BotoCoreError, ClientError) as error:
        raise LabAccountError(f"The account at {endpoint_url} could not be furnished: {error}") from error


def main() -> int:
    """Furnish the account of the lab that runs."""
    from lab.paths import Paths

    path = Paths.from_environment().endpoints
    try:
        there = json.loads(path.read_text())
        made = furnish(there["aws"]["endpoint_url"], there["aws"]["region"], there["services"])
    except (OSError, ValueError):
        print("The lab is not up; start it with: make demo", file=sys.stderr)
        return 1
    except KeyError as error:
        print(f"{path} names no {error}: start the lab anew with: make demo", file=sys.stderr)
        return 1
    except LabAccountError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The lab's account: made {', '.join(made)}." if made else "The lab's account has everything.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
