# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what the services of a catalogue run on: the calls behind ``aws_discovery``.

The number of calls depends on how many pages an account has, never on how many services there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .._errors import KumawatchError
from . import discovery_model as model
from .discovery_model import Facts, Raw, Service
from .session import WORKERS, Aws, Known

FILTERED = 200
"""Values that one filter of EC2 takes. With more of them the whole account is read: it is fewer calls."""

TYPES = 100
"""Instance types that one call describes."""


@dataclass
class Discovery:
    """What was found, and what is to be said of what was not."""

    account: str
    partition: str
    region: str
    services: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def supports(known: Known) -> dict[str, bool]:
    """What the installed botocore knows of that not every one does."""
    return {
        "log_alarms": known.has("cloudwatch", "PutLogAlarm"),
        "mute_rules": known.has("cloudwatch", "PutAlarmMuteRule"),
        "tag_propagation": known.has("cloudwatch", "PutMetricAlarm", "ActionConfiguration", "AlarmTagsPropagation"),
    }


def caller(aws: Aws) -> Facts:
    """The account, partition and Region that is worked on."""
    identity = aws.call("sts", "GetCallerIdentity")
    partition = str(identity.get("Arn") or "").split(":")[1:2]
    return Facts(account=str(identity["Account"]), partition=(partition or [aws.partition])[0], region=aws.region)


def instances(aws: Aws, ids: Iterable[str] | None = None) -> list[Raw]:
    """Instances that are not terminated, a thousand a call.

    :param ids: which; all where it is ``None``, or where reading all takes fewer calls.
    """
    filters: list[dict[str, Any]] = [{"Name": "instance-state-name", "Values": list(model.STATES)}]
    wanted = None if ids is None else sorted(set(ids))
    if wanted is not None and len(wanted) <= FILTERED:
        if not wanted:
            return []
        filters.append({"Name": "instance-id", "Values": wanted})
    pages = aws.pages("ec2", "DescribeInstances", "Reservations", Filters=filters, MaxResults=1000)
    found = [instance for reservation in pages for instance in reservation.get("Instances") or ()]
    return found if wanted is None else [instance for instance in found if instance["InstanceId"] in set(wanted)]


def volumes(aws: Aws, ids: Sequence[str]) -> list[Raw]:
    """The volumes that are attached to instances."""
    if not ids:
        return []
    filters = [{"Name": "attachment.instance-id", "Values": list(ids)}] if len(ids) <= FILTERED else []
    return list(aws.pages("ec2", "DescribeVolumes", "Volumes", Filters=filters, MaxResults=500))


def types(aws: Aws, names: Sequence[str]) -> list[Raw]:
    """What there is to know of instance types."""
    found: list[Raw] = []
    for start in range(0, len(names), TYPES):
        some = list(names[start : start + TYPES])
        found += aws.pages("ec2", "DescribeInstanceTypes", "InstanceTypes", InstanceTypes=some)
    return found


def load_balancers(aws: Aws) -> list[Raw]:
    """All load balancers: asked for by name, one that is missing would hide the others."""
    return list(
        aws.pages(
            "elbv2", "DescribeLoadBalancers", "LoadBalancers", token="Marker", following="NextMarker", PageSize=400
        )
    )


def target_groups(aws: Aws) -> list[Raw]:
    """All target groups."""
    return list(
        aws.pages("elbv2", "DescribeTargetGroups", "TargetGroups", token="Marker", following="NextMarker", PageSize=400)
    )


def db_instances(aws: Aws) -> list[Raw]:
    """All instances of RDS."""
    return list(aws.pages("rds", "DescribeDBInstances", "DBInstances", token="Marker", MaxRecords=100))


def db_clusters(aws: Aws) -> list[Raw]:
    """All clusters of RDS."""
    return list(aws.pages("rds", "DescribeDBClusters", "DBClusters", token="Marker", MaxRecords=100))


def db_parameters(aws: Aws, kind: str, group: str) -> list[Raw]:
    """The parameters that somebody set in a group."""
    if kind == "cluster":
        return list(
            aws.pages(
                "rds",
                "DescribeDBClusterParameters",
                "Parameters",
                token="Marker",
                DBClusterParameterGroupName=group,
                Source="user",
                MaxRecords=100,
            )
        )
    return list(
        aws.pages(
            "rds",
            "DescribeDBParameters",
            "Parameters",
            token="Marker",
            DBParameterGroupName=group,
            Source="user",
            MaxRecords=100,
        )
    )


def discover(aws: Aws, services: Sequence[Service], *, strict: bool) -> Discovery:
    """Find what the services run on.

    :param strict: whether something that is named and does not exist is an error; a warning otherwise.
    :raises KumawatchError: with a sentence for each thing that is missing.
    """
    facts = caller(aws)
    on_instances = any(service.hosts or service.instance_tags for service in services)
    readings: dict[str, Callable[[], list[Raw]]] = {}
    if on_instances:
        readings["instances"] = lambda: instances(aws, model.instance_ids(services))
    if any(service.load_balancer for service in services):
        readings |= {"load_balancers": lambda: load_balancers(aws), "target_groups": lambda: target_groups(aws)}
    if any(service.database for service in services):
        readings |= {"db_instances": lambda: db_instances(aws), "db_clusters": lambda: db_clusters(aws)}
    with ThreadPoolExecutor(WORKERS) as pool:
        _read(pool, facts, readings)
        _further(pool, aws, facts, services)
    found, problems = model.result(services, facts)
    missing = [problem.sentence for problem in problems if problem.missing]
    if missing and strict:
        raise KumawatchError("\n".join(missing))
    return Discovery(facts.account, facts.partition, facts.region, found, [problem.sentence for problem in problems])


def _read(pool: ThreadPoolExecutor, facts: Facts, readings: dict[str, Callable[[], list[Raw]]]) -> None:
    futures = {name: pool.submit(reading) for name, reading in readings.items()}
    for name, future in futures.items():
        setattr(facts, name, future.result())


def _further(pool: ThreadPoolExecutor, aws: Aws, facts: Facts, services: Sequence[Service]) -> None:
    """Read what can only be asked for once it is known what is the services'."""
    by_service, _problems = model.matched(services, facts)
    ids = sorted({ident for found in by_service.values() for ident in found})
    mine = [instance for instance in facts.instances if instance["InstanceId"] in set(ids)]
    names = sorted({str(instance["InstanceType"]) for instance in mine if instance.get("InstanceType")})
    chosen, _problems = model.chosen_databases(services, facts)
    groups = model.parameter_groups(chosen.values(), facts)
    parameters = {group: pool.submit(db_parameters, aws, *group) for group in groups}
    _read(pool, facts, {"volumes": lambda: volumes(aws, ids), "types": lambda: types(aws, names)})
    facts.parameters = {
        group: {
            str(item["ParameterName"]): str(item["ParameterValue"])
            for item in future.result()
            if item.get("ParameterValue") not in (None, "")
        }
        for group, future in parameters.items()
    }
