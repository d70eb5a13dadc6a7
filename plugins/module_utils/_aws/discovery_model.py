# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances, load balancers and databases of an account are a service's. Pure.

What AWS answered goes in, in its own shapes; what the alarms and dashboards are made of comes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from .._errors import InputError
from .discovery_classes import GIB, Size, max_connections, serverless, size_of, vcpus_of
from .tags import as_mapping

Raw = Mapping[str, Any]
"""One object as AWS describes it."""

_INSTANCE = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_ALIVE = ("running", "pending")
_NAMED = 5

STATES = ("pending", "running", "stopping", "stopped")
"""Instances in these states are looked at: what is terminated stays in the lists for an hour."""


@dataclass(frozen=True)
class Host:
    """A host of the inventory; ``address`` and ``instance_id`` are empty where nobody said them."""

    name: str
    address: str = ""
    instance_id: str = ""


@dataclass(frozen=True)
class Service:
    """What the catalogue says of where a service runs."""

    name: str
    hosts: tuple[Host, ...] = ()
    instance_tags: Mapping[str, str] = field(default_factory=dict)
    load_balancer: str = ""
    target_groups: tuple[str, ...] = ()
    database: str = ""


@dataclass(frozen=True)
class Problem:
    """A sentence for the user. ``missing``: the catalogue names something that is not there."""

    sentence: str
    missing: bool = False


@dataclass
class Facts:
    """What AWS said, in its own shapes."""

    account: str = ""
    partition: str = "aws"
    region: str = ""
    instances: list[Raw] = field(default_factory=list)
    volumes: list[Raw] = field(default_factory=list)
    types: list[Raw] = field(default_factory=list)
    load_balancers: list[Raw] = field(default_factory=list)
    target_groups: list[Raw] = field(default_factory=list)
    db_instances: list[Raw] = field(default_factory=list)
    db_clusters: list[Raw] = field(default_factory=list)
    #: Parameters that were set, by ``("instance" or "cluster", name of the group)``.
    parameters: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The account and Region as messages name them."""
        return f"account {self.account} in {self.region}"


def services_of(entries: Sequence[Raw]) -> list[Service]:
    """The declared services, checked.

    :raises InputError: a service is declared twice, or an instance id is none.
    """
    services: list[Service] = []
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        name = str(entry.get("name") or "")
        if not name:
            raise InputError(f"services entry {position + 1}: name is empty: give the service a name.")
        if name in seen:
            raise InputError(f"service '{name}' is declared twice: remove one of the two entries.")
        seen.add(name)
        hosts = tuple(
            Host(str(host["name"]), str(host.get("address") or ""), str(host.get("instance_id") or ""))
            for host in entry.get("hosts") or ()
        )
        for host in hosts:
            if host.instance_id and not _INSTANCE.fullmatch(host.instance_id):
                raise InputError(
                    f"service '{name}': instance_id '{host.instance_id}' of host '{host.name}' is not the id of an "
                    f"instance: it looks like i-0123456789abcdef0."
                )
        services.append(
            Service(
                name=name,
                hosts=hosts,
                instance_tags={str(key): str(value) for key, value in (entry.get("instance_tags") or {}).items()},
                load_balancer=str(entry.get("load_balancer") or ""),
                target_groups=tuple(str(group) for group in entry.get("target_groups") or ()),
                database=str(entry.get("database") or ""),
            )
        )
    return services


def instance_ids(services: Iterable[Service]) -> set[str] | None:
    """The ids of all instances that are needed; ``None`` where they are not known before all have been looked at."""
    ids: set[str] = set()
    for service in services:
        if service.instance_tags or any(not host.instance_id for host in service.hosts):
            return None
        ids |= {host.instance_id for host in service.hosts}
    return ids


# -- instances ---------------------------------------------------------------------------------------------------------


@dataclass
class _Index:
    """Instances by what hosts can be told by."""

    by_id: dict[str, Raw] = field(default_factory=dict)
    by_name: dict[str, set[str]] = field(default_factory=dict)
    by_address: dict[str, set[str]] = field(default_factory=dict)
    by_tag: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def _indexed(instances: Iterable[Raw]) -> _Index:
    index = _Index()
    for instance in instances:
        ident = str(instance["InstanceId"])
        index.by_id[ident] = instance
        for key, value in as_mapping(instance.get("Tags") or ()).items():
            index.by_tag.setdefault((key, value), set()).add(ident)
            if key == "Name" and value:
                index.by_name.setdefault(value.lower(), set()).add(ident)
        for address in _addresses(instance):
            index.by_address.setdefault(address.lower(), set()).add(ident)
    return index


def _addresses(instance: Raw) -> set[str]:
    """Addresses and DNS names of an instance, those of its further interfaces among them."""
    found = {instance.get(key) for key in ("PrivateIpAddress", "PublicIpAddress", "PrivateDnsName", "PublicDnsName")}
    for interface in instance.get("NetworkInterfaces") or ():
        for address in interface.get("PrivateIpAddresses") or ():
            found |= {address.get("PrivateIpAddress"), (address.get("Association") or {}).get("PublicIp")}
        found |= {item.get("Ipv6Address") for item in interface.get("Ipv6Addresses") or ()}
    return {str(address) for address in found if address}


def matched(services: Sequence[Service], facts: Facts) -> tuple[dict[str, list[str]], list[Problem]]:
    """The ids of each service's instances, and what is to be said of those that were not found."""
    index = _indexed(facts.instances)
    found: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for service in services:
        ids: set[str] = set()
        strangers: list[str] = []
        for host in service.hosts:
            if host.instance_id:
                if host.instance_id in index.by_id:
                    ids.add(host.instance_id)
                else:
                    problems.append(
                        Problem(
                            f"service '{service.name}': instance {host.instance_id} of host '{host.name}' does not "
                            f"exist in {facts.where}: correct its instance_id, or take the host out of the inventory.",
                            missing=True,
                        )
                    )
                continue
            candidates = _candidates(host, index)
            if len(candidates) == 1:
                ids |= candidates
            elif candidates:
                problems.append(
                    Problem(
                        f"service '{service.name}': host '{host.name}' may be {_listed(candidates, 'or')}, so none is "
                        f"taken: set instance_id among its variables."
                    )
                )
            else:
                strangers.append(host.name)
        if strangers:
            is_are, its = ("is no instance", "its") if len(strangers) == 1 else ("are no instances", "their")
            problems.append(
                Problem(
                    f"service '{service.name}': {_listed(map(_quoted, strangers))} {is_are} of {facts.where}: set "
                    f"instance_id among {its} variables, or expect no alarms of EC2."
                )
            )
        if service.instance_tags:
            tagged = set.intersection(*(index.by_tag.get(pair, set()) for pair in service.instance_tags.items()))
            if not tagged:
                tags = ", ".join(f"{key}={value}" for key, value in sorted(service.instance_tags.items()))
                problems.append(
                    Problem(
                        f"service '{service.name}': no instance of {facts.where} has the tags {tags} (instance_tags); "
                        f"if there should be some, compare the tags, whose case matters."
                    )
                )
            ids |= tagged
        found[service.name] = sorted(ids, key=lambda ident: (_name(index.by_id[ident]), ident))
    return found, problems


def _candidates(host: Host, index: _Index) -> set[str]:
    """The instances that a host may be: of several those that its name and its address agree on, or that run."""
    names = {text.lower() for text in (host.name, host.address) if text}
    by_name = set().union(*(index.by_name.get(name, ()) for name in names))
    by_address = set().union(*(index.by_address.get(name, ()) for name in names))
    candidates: set[str] = (by_name & by_address) or by_address or by_name
    running = {ident for ident in candidates if _state(index.by_id[ident]) in _ALIVE}
    return running if len(candidates) > 1 and running else candidates


def _name(instance: Raw) -> str:
    return as_mapping(instance.get("Tags") or ()).get("Name") or str(instance["InstanceId"])


def _state(instance: Raw) -> str:
    return str((instance.get("State") or {}).get("Name") or "")


def instance_result(instance: Raw, types: Mapping[str, Raw], volumes: Sequence[Raw]) -> dict[str, Any]:
    """An instance as it is returned.

    :param types: descriptions of instance types, by name.
    :param volumes: those that are attached to it.
    """
    ident = str(instance["InstanceId"])
    kind = str(instance.get("InstanceType") or "")
    described = types.get(kind, {})
    cpu = instance.get("CpuOptions") or {}
    vcpus = (cpu.get("CoreCount") or 0) * (cpu.get("ThreadsPerCore") or 1) or None
    vcpus = vcpus or (described.get("VCpuInfo") or {}).get("DefaultVCpus") or vcpus_of(kind)
    return {
        "id": ident,
        "name": _name(instance),
        "type": kind,
        "vcpus": vcpus,
        "state": _state(instance),
        "image_id": instance.get("ImageId"),
        "availability_zone": (instance.get("Placement") or {}).get("AvailabilityZone"),
        "autoscaling_group": as_mapping(instance.get("Tags") or ()).get("aws:autoscaling:groupName"),
        "detailed_monitoring": detailed_monitoring(instance),
        # Instances on bare metal have the same volumes as those on Nitro, and no hypervisor to name.
        "nitro": described.get("Hypervisor") == "nitro" or bool(described.get("BareMetal")),
        "volumes": [
            {"id": str(volume["VolumeId"]), "device": _device(volume, ident), "type": volume.get("VolumeType")}
            for volume in sorted(volumes, key=lambda volume: (_device(volume, ident), str(volume["VolumeId"])))
        ],
    }


def detailed_monitoring(instance: Raw) -> bool:
    """Whether detailed monitoring is on, or about to be."""
    return str((instance.get("Monitoring") or {}).get("State") or "") in ("enabled", "pending")


def _device(volume: Raw, instance: str) -> str:
    return next(
        (str(at.get("Device") or "") for at in volume.get("Attachments") or () if at.get("InstanceId") == instance), ""
    )


def _volumes_by_instance(volumes: Iterable[Raw]) -> dict[str, list[Raw]]:
    found: dict[str, list[Raw]] = {}
    for volume in volumes:
        for attachment in volume.get("Attachments") or ():
            if attachment.get("State", "attached") in ("attached", "attaching", "busy"):
                found.setdefault(str(attachment.get("InstanceId")), []).append(volume)
    return found


# -- load balancers ----------------------------------------------------------------------------------------------------


def after(arn: str, word: str) -> str:
    """What follows ``word`` in an ARN, such as ``app/prod-api/50dc6c495c0c9188``."""
    return arn.partition(word)[2]


def _load_balancer_id(balancer: Raw) -> str:
    return after(str(balancer["LoadBalancerArn"]), ":loadbalancer/")


def load_balancers(services: Sequence[Service], facts: Facts) -> tuple[dict[str, dict[str, Any] | None], list[Problem]]:
    """Each service's load balancer with its target groups.

    A load balancer that several services name has target groups of all of them: a service gets those that it lists, or
    those that are called like it.
    """
    known: dict[str, Raw] = {}
    for balancer in facts.load_balancers:
        for text in (
            str(balancer.get("LoadBalancerName")),
            _load_balancer_id(balancer),
            str(balancer["LoadBalancerArn"]),
        ):
            known[text] = balancer
    groups: dict[str, list[Raw]] = {}
    for group in facts.target_groups:
        for arn in group.get("LoadBalancerArns") or ():
            groups.setdefault(str(arn), []).append(group)
    sharers: dict[str, int] = {}
    for service in services:
        if service.load_balancer in known:
            arn = str(known[service.load_balancer]["LoadBalancerArn"])
            sharers[arn] = sharers.get(arn, 0) + 1

    found: dict[str, dict[str, Any] | None] = {}
    problems: list[Problem] = []
    for service in services:
        found[service.name] = None
        if not service.load_balancer:
            continue
        balancer_found = known.get(service.load_balancer)
        if balancer_found is None:
            problems.append(_missing(service, "load_balancer", service.load_balancer, known, facts))
            continue
        arn = str(balancer_found["LoadBalancerArn"])
        mine, said = _target_groups(service, groups.get(arn, []), sharers[arn] > 1)
        problems += said
        found[service.name] = {
            "arn": arn,
            "id": _load_balancer_id(balancer_found),
            "name": str(balancer_found.get("LoadBalancerName")),
            "target_groups": [
                {
                    "id": str(group["TargetGroupArn"]).rpartition(":")[2],
                    "name": str(group["TargetGroupName"]),
                    "arn": str(group["TargetGroupArn"]),
                }
                for group in sorted(mine, key=lambda group: str(group["TargetGroupName"]))
            ],
        }
    return found, problems


def _target_groups(service: Service, groups: Sequence[Raw], shared: bool) -> tuple[Sequence[Raw], list[Problem]]:
    names = {str(group["TargetGroupName"]): group for group in groups}
    if service.target_groups:
        missing = [name for name in service.target_groups if name not in names]
        problems = [
            Problem(
                f"service '{service.name}': target group '{name}' is not one of load balancer "
                f"'{service.load_balancer}'{_meant(name, names)}: correct target_groups.",
                missing=True,
            )
            for name in missing
        ]
        return [names[name] for name in dict.fromkeys(service.target_groups) if name in names], problems
    if not shared:
        return groups, []
    mine = [group for name, group in names.items() if _called(name, service.name)]
    if mine or not groups:
        return mine, []
    return groups, [
        Problem(
            f"service '{service.name}': load balancer '{service.load_balancer}' serves other services as well, and "
            f"none of its target groups is called like this one, so all of them are taken: list its own in "
            f"target_groups."
        )
    ]


def _called(group: str, service: str) -> bool:
    """Whether a target group is called like a service: ``shop``, ``prod-shop``, ``shop-https``."""
    words = re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-")
    return f"-{words}-" in f"-{group.lower()}-"


# -- databases ---------------------------------------------------------------------------------------------------------


def chosen_databases(
    services: Sequence[Service], facts: Facts
) -> tuple[dict[str, tuple[str, Raw] | None], list[Problem]]:
    """Each service's database: ``("instance" or "cluster", its description)``."""
    clusters = _by_identifier(facts.db_clusters, "DBClusterIdentifier", "DBClusterArn")
    instances = _by_identifier(facts.db_instances, "DBInstanceIdentifier", "DBInstanceArn")
    found: dict[str, tuple[str, Raw] | None] = {}
    problems: list[Problem] = []
    for service in services:
        found[service.name] = None
        # RDS keeps identifiers in lower case, whatever was typed.
        name = service.database if service.database.startswith("arn:") else service.database.lower()
        if not name:
            continue
        if name in clusters and name in instances:
            problems.append(
                Problem(
                    f"service '{service.name}': database '{service.database}' is a cluster and an instance, and the "
                    f"cluster is taken: give the ARN of the instance if that is meant."
                )
            )
        if name in clusters:
            found[service.name] = ("cluster", clusters[name])
        elif name in instances:
            found[service.name] = ("instance", instances[name])
        else:
            problems.append(_missing(service, "database", service.database, {**clusters, **instances}, facts))
    return found, problems


def _by_identifier(items: Iterable[Raw], *keys: str) -> dict[str, Raw]:
    return {str(item[key]): item for item in items for key in keys if item.get(key)}


def parameter_groups(chosen: Iterable[tuple[str, Raw] | None], facts: Facts) -> list[tuple[str, str]]:
    """The parameter groups that have to be read, as ``("instance" or "cluster", name)``.

    Those that AWS makes by default are known without reading.
    """
    groups: set[tuple[str, str]] = set()
    for choice in chosen:
        if choice is None:
            continue
        kind, database = choice
        members = _members(database, facts) if kind == "cluster" else [database]
        for instance in members:
            groups |= {("instance", name) for name in _instance_groups(instance)}
        if kind == "cluster" and database.get("DBClusterParameterGroup"):
            groups.add(("cluster", str(database["DBClusterParameterGroup"])))
    # Names that people give may hold neither a dot nor a colon.
    return sorted(group for group in groups if not group[1].startswith(("default.", "default:")))


def _instance_groups(instance: Raw) -> list[str]:
    return [str(group.get("DBParameterGroupName")) for group in instance.get("DBParameterGroups") or ()]


def _members(cluster: Raw, facts: Facts) -> list[Raw]:
    names = {str(member["DBInstanceIdentifier"]) for member in cluster.get("DBClusterMembers") or ()}
    return [instance for instance in facts.db_instances if instance.get("DBInstanceIdentifier") in names]


def database_result(kind: str, database: Raw, facts: Facts) -> dict[str, Any]:
    """A database as it is returned."""
    return _cluster_result(database, facts) if kind == "cluster" else _instance_result(database, facts)


def unsized(found: Iterable[tuple[str, dict[str, Any] | None]]) -> list[Problem]:
    """What is to be said of databases whose size nobody can tell."""
    return [
        Problem(
            f"service '{service}': the class '{database['class']}' of database '{database['id']}' is not known here, "
            f"so its vCPUs and connections are not: declare its thresholds under alarms."
        )
        for service, database in found
        if database is not None and database["vcpus"] is None
    ]


def _instance_result(instance: Raw, facts: Facts) -> dict[str, Any]:
    engine = str(instance.get("Engine") or "")
    return {
        "id": str(instance["DBInstanceIdentifier"]),
        "kind": "instance",
        "engine": engine,
        **_capacity(instance, None, facts),
        "allocated_bytes": _allocated(engine, instance),
        "replica_of": instance.get("ReadReplicaSourceDBInstanceIdentifier")
        or instance.get("ReadReplicaSourceDBClusterIdentifier")
        or None,
        "members": [],
        "arn": instance.get("DBInstanceArn"),
        "monitoring_interval": int(instance.get("MonitoringInterval") or 0),
        "monitoring_role_arn": instance.get("MonitoringRoleArn") or None,
        "performance_insights": bool(instance.get("PerformanceInsightsEnabled")),
    }


def _cluster_result(cluster: Raw, facts: Facts) -> dict[str, Any]:
    engine = str(cluster.get("Engine") or "")
    described = {str(instance["DBInstanceIdentifier"]): instance for instance in _members(cluster, facts)}
    members: list[dict[str, Any]] = []
    ordered = sorted(
        cluster.get("DBClusterMembers") or (),
        key=lambda member: (not member.get("IsClusterWriter"), str(member["DBInstanceIdentifier"])),
    )
    for member in ordered:
        ident = str(member["DBInstanceIdentifier"])
        role = "writer" if member.get("IsClusterWriter") else "reader"
        instance = described.get(ident, {})
        members.append(
            {
                "id": ident,
                "role": role,
                **_capacity(instance, cluster, facts),
                "monitoring_role_arn": instance.get("MonitoringRoleArn") or None,
            }
        )
    capacity = {key: members[0][key] for key in _CAPACITY} if members else _capacity({}, cluster, facts)
    intervals = [int(instance.get("MonitoringInterval") or 0) for instance in described.values()]
    insights = [bool(instance.get("PerformanceInsightsEnabled")) for instance in described.values()]
    return {
        "id": str(cluster["DBClusterIdentifier"]),
        "kind": "cluster",
        "engine": engine,
        **capacity,
        "allocated_bytes": _allocated(engine, cluster),
        "replica_of": cluster.get("ReplicationSourceIdentifier") or None,
        "members": members,
        "arn": cluster.get("DBClusterArn"),
        # A cluster is watched as closely as the member that is watched least.
        "monitoring_interval": int(cluster.get("MonitoringInterval") or min(intervals, default=0)),
        "monitoring_role_arn": cluster.get("MonitoringRoleArn") or None,
        "performance_insights": bool(cluster.get("PerformanceInsightsEnabled")) or bool(insights and all(insights)),
    }


_CAPACITY = ("class", "vcpus", "memory_bytes", "max_connections")


def _capacity(instance: Raw, cluster: Raw | None, facts: Facts) -> dict[str, Any]:
    """Class, vCPUs, memory and connections of an instance, or of a member of a cluster."""
    name = str(instance.get("DBInstanceClass") or (cluster or {}).get("DBClusterInstanceClass") or "")
    engine = str(instance.get("Engine") or (cluster or {}).get("Engine") or "")
    scaling = (cluster or _own_cluster(instance, facts) or {}).get("ServerlessV2ScalingConfiguration") or {}
    min_capacity: float | None = None
    size: Size | None
    if name == "db.serverless" and scaling.get("MaxCapacity"):
        size, min_capacity = serverless(float(scaling["MaxCapacity"])), float(scaling.get("MinCapacity") or 0)
    else:
        size = size_of(name)
    parameters: dict[str, str] = {}
    owner = cluster or _own_cluster(instance, facts)
    if owner:
        parameters.update(facts.parameters.get(("cluster", str(owner.get("DBClusterParameterGroup"))), {}))
    for group in _instance_groups(instance):
        parameters.update(facts.parameters.get(("instance", group), {}))
    return {
        "class": name,
        "vcpus": size.vcpus if size else None,
        "memory_bytes": size.memory_bytes if size else None,
        "max_connections": max_connections(engine, size, parameters, min_capacity=min_capacity),
    }


def _own_cluster(instance: Raw, facts: Facts) -> Raw | None:
    name = instance.get("DBClusterIdentifier")
    return next((cluster for cluster in facts.db_clusters if name and cluster["DBClusterIdentifier"] == name), None)


def _allocated(engine: str, database: Raw) -> int | None:
    """Allocated storage in bytes; the volume of Aurora grows by itself and has no size."""
    gibibytes = database.get("AllocatedStorage")
    return None if engine.startswith("aurora") or not gibibytes else int(gibibytes) * GIB


# -- the whole ---------------------------------------------------------------------------------------------------------


def result(services: Sequence[Service], facts: Facts) -> tuple[dict[str, Any], list[Problem]]:
    """What the module returns of the services, and what it has to say."""
    ids, problems = matched(services, facts)
    balancers, said = load_balancers(services, facts)
    problems += said
    chosen, said = chosen_databases(services, facts)
    problems += said
    types = {str(described["InstanceType"]): described for described in facts.types}
    by_id = {str(instance["InstanceId"]): instance for instance in facts.instances}
    volumes = _volumes_by_instance(facts.volumes)
    found: dict[str, Any] = {}
    for service in services:
        choice = chosen[service.name]
        found[service.name] = {
            "instances": [instance_result(by_id[ident], types, volumes.get(ident, [])) for ident in ids[service.name]],
            "load_balancer": balancers[service.name],
            "database": None if choice is None else database_result(*choice, facts),
        }
    problems += unsized((name, service["database"]) for name, service in found.items())
    return found, problems


def _missing(service: Service, key: str, value: str, known: Collection[str], facts: Facts) -> Problem:
    return Problem(
        f"service '{service.name}': {key} '{value}' does not exist in {facts.where}{_meant(value, known)}: correct it, "
        f"or take it out.",
        missing=True,
    )


def _meant(value: str, known: Iterable[str]) -> str:
    close = get_close_matches(value, [text for text in known if not text.startswith("arn:")], 1, 0.7)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _quoted(name: str) -> str:
    return f"'{name}'"


def _listed(values: Iterable[str], word: str = "and") -> str:
    texts = sorted(values)
    if len(texts) > _NAMED + 1:
        texts = [*texts[:_NAMED], f"{len(texts) - _NAMED} more"]
        word = "and"
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {word} {texts[-1]}"
