# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a signal and what discovery found of a service to the metrics that there are, one series a resource. Pure.

The alarms and the dashboards take them from here, so that a line that is drawn is the line that is watched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from . import agent
from .signals import (
    ERROR_RATE_OF_TARGETS,
    FLEET,
    REQUESTS,
    SIGNALS,
    SLO_WINDOWS,
    TARGET_ERRORS,
    VOLUME_MATH,
    VOLUME_TOTALS,
    Metric,
    Signal,
)

Found = Mapping[str, Any]
"""What discovery says of one service."""

#: Metric math takes ten metrics; each target group has two here, and the sums are expressions.
MOST_TARGET_GROUPS = 5

COARSE = 300
"""Seconds between two values of AWS/EC2 where detailed monitoring is off."""


@dataclass(frozen=True)
class Query:
    """One metric of a series.

    :param id: what the expression calls it.
    :param dimensions: value by name.
    """

    id: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    stat: str


@dataclass(frozen=True)
class Series:
    """What an alarm watches and a widget draws.

    :param signal: the kind of it.
    :param resource: what it is of, for names and tags; empty where the service has one only.
    :param label: the same for people.
    :param queries: its metrics. Empty for a fleet, whose ``insights`` is a query of Metrics Insights.
    :param steps: metric math, name and expression, the last one the result. Empty where the one metric is the result.
    :param scale: what a threshold of the catalogue is multiplied with.
    :param coarse: whether there is a value every five minutes only.
    """

    signal: Signal
    resource: str
    label: str
    queries: tuple[Query, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    insights: str = ""
    scale: float = 1
    coarse: bool = False
    instance: str = ""

    @property
    def period(self) -> int:
        """Seconds of a period unless another was declared."""
        return max(self.signal.period, COARSE) if self.coarse else self.signal.period


@dataclass
class Omissions:
    """Why something that one might expect is not there: sentences, each once."""

    sentences: list[str] = field(default_factory=list)

    def add(self, service: Mapping[str, Any], sentence: str) -> None:
        """A sentence about a service."""
        text = f"service '{service['name']}': {sentence}"
        if text not in self.sentences:
            self.sentences.append(text)


def all_series(service: Mapping[str, Any], found: Found, omissions: Omissions) -> list[Series]:
    """Every series of a service whose kind is not off, those of fleets among them.

    :param service: of the resolved catalogue.
    :param found: of discovery; empty where it found nothing.
    """
    result: list[Series] = []
    for kind, signal in SIGNALS.items():
        if service["alarms"].get(kind):
            result += series(service, found, signal, omissions)
    return result


def series(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> list[Series]:
    """The series of one kind."""
    if signal.namespace == agent.NAMESPACE and service.get("agent") == "absent":
        return []
    return list(_SCOPES[signal.scope](service, found, signal, omissions))


# -- instances --------------------------------------------------------------------------------------------------------


def instances(service: Mapping[str, Any], found: Found) -> list[Mapping[str, Any]]:
    """The instances that are watched one by one: those that run and belong to no fleet."""
    tagged = bool(service.get("fleet") and service.get("instance_tags"))
    return [item for item in _running(found) if not item.get("autoscaling_group") and not tagged]


def groups(found: Found) -> list[str]:
    """The Auto Scaling groups of a service's instances."""
    return sorted({str(item["autoscaling_group"]) for item in _running(found) if item.get("autoscaling_group")})


def _running(found: Found) -> list[Mapping[str, Any]]:
    """A stopped instance has no values, and nobody wants to hear so."""
    return [item for item in found.get("instances") or () if item.get("state", "running") == "running"]


def detailed(service: Mapping[str, Any], instance: Mapping[str, Any]) -> bool:
    """Whether an instance has a value every minute, once what is declared is done."""
    return bool(service.get("detailed_monitoring") or instance.get("detailed_monitoring"))


def _tagged(service: Mapping[str, Any], found: Found) -> list[Mapping[str, Any]]:
    """The members of a fleet that is known by its tags."""
    if not (service.get("fleet") and service.get("instance_tags")):
        return []
    return [item for item in _running(found) if not item.get("autoscaling_group")]


def _label(instance: Mapping[str, Any]) -> str:
    name = instance.get("name")
    return f"{name} ({instance['id']})" if name else str(instance["id"])


def _simple(signal: Signal, dimensions: Mapping[str, str]) -> dict[str, Any]:
    """The queries of a signal whose metrics all have the same dimensions, and its expression."""
    return {
        "queries": tuple(
            Query(metric.id, signal.namespace, metric.name, dimensions, metric.stat) for metric in signal.metrics
        ),
        "steps": (("e", signal.expression),) if signal.expression else (),
    }


def _instances(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    if service.get("fleet") and not service.get("instance_tags") and instances(service, found):
        omissions.add(
            service,
            "is a fleet whose instances belong to no Auto Scaling group and are not found by instance_tags, so each "
            "has alarms of its own.",
        )
    of_agent = signal.namespace == agent.NAMESPACE
    # Tags of instances lead to what EC2 measures, not to what the agent sends: that stays with each.
    members = instances(service, found) + (_tagged(service, found) if of_agent else [])
    for instance in members:
        yield Series(
            signal, str(instance["id"]), _label(instance), instance=str(instance["id"]),
            # Status checks are there every minute in any case.
            coarse=not of_agent and signal.kind != "host_down" and not detailed(service, instance),
            **_simple(signal, {"InstanceId": str(instance["id"])}),
        )  # fmt: skip
    if signal.kind in FLEET:
        yield from _fleets(service, found, signal)


def _mounts(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    for instance in instances(service, found) + _tagged(service, found):
        for mount in dict.fromkeys(service.get("mounts") or ()):
            yield Series(
                signal, f"{instance['id']}/{slug(mount)}", f"{mount} of {_label(instance)}",
                instance=str(instance["id"]),
                **_simple(signal, {"InstanceId": str(instance["id"]), agent.MOUNT: mount}),
            )  # fmt: skip
    yield from _fleets(service, found, signal)


def _fleets(service: Mapping[str, Any], found: Found, signal: Signal) -> Iterator[Series]:
    """A query for each Auto Scaling group, and one for a fleet that is known by its tags."""
    fleet = FLEET[signal.kind]
    metric = fleet.metrics[0]
    of_agent = fleet.namespace == agent.NAMESPACE
    for group in groups(found):
        members = [item for item in _running(found) if item.get("autoscaling_group") == group]
        if of_agent:
            extra = agent.METRICS[metric.name]
            schema = ", ".join([agent.NAMESPACE, *agent.instance_dimensions(True), *extra])
            by = ", ".join([agent.INSTANCE, *extra])
        else:
            schema, by = '"AWS/EC2", AutoScalingGroupName', agent.GROUP
        yield Series(
            fleet,
            group,
            f"group {group}",
            insights=_insights(metric.name, schema, f"{agent.GROUP} = {_quoted(group)}", by),
            coarse=not of_agent and signal.kind != "host_down" and not all(detailed(service, one) for one in members),
        )
    members = _tagged(service, found)
    if members and not of_agent:
        where = " AND ".join(
            f"tag.{_identifier(str(key))} = {_quoted(str(value))}" for key, value in service["instance_tags"].items()
        )
        yield Series(
            fleet,
            "tagged",
            "the fleet",
            insights=_insights(metric.name, '"AWS/EC2", InstanceId', where, agent.INSTANCE),
            coarse=signal.kind != "host_down" and not all(detailed(service, one) for one in members),
        )


def _insights(metric: str, schema: str, where: str, by: str) -> str:
    """A query of Metrics Insights: the largest value of each instance."""
    return " ".join(["SELECT", f"MAX({metric})", "FROM", f"SCHEMA({schema})", "WHERE", where, "GROUP BY", by])


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _identifier(value: str) -> str:
    return value if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value) else '"' + value.replace('"', '""') + '"'


def _volumes(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    for instance in instances(service, found) + _tagged(service, found):
        for volume in instance.get("volumes") or ():
            dimensions = {"VolumeId": str(volume["id"])}
            made = _simple(signal, dimensions)
            if not instance.get("nitro", True):
                made = {
                    "queries": tuple(
                        Query(metric.id, signal.namespace, metric.name, dimensions, metric.stat)
                        for metric in VOLUME_TOTALS
                    ),
                    "steps": (*VOLUME_MATH, ("e", signal.expression)),
                }
            label = f"{volume['id']} ({volume.get('device') or 'volume'}) of {_label(instance)}"
            yield Series(signal, str(volume["id"]), label, instance=str(instance["id"]), **made)


def _network(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    metric = signal.metrics[0]
    for instance in instances(service, found):
        for direction, word in (("In", "into"), ("Out", "out of")):
            named = replace(signal, metrics=(Metric(metric.id, metric.name + direction, metric.stat),))
            yield Series(
                signal, f"{instance['id']}/{direction.lower()}", f"{word} {_label(instance)}",
                instance=str(instance["id"]), **_simple(named, {"InstanceId": str(instance["id"])}),
            )  # fmt: skip


# -- databases --------------------------------------------------------------------------------------------------------


def database_instances(found: Found) -> list[Mapping[str, Any]]:
    """The database itself, or the members of a cluster, each with ``id`` and, in a cluster, ``role``."""
    database = found.get("database")
    if not database:
        return []
    if database.get("kind") == "cluster":
        return list(database.get("members") or ())
    return [{"id": database["id"]}]


def _databases(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    database = found.get("database")
    if not database:
        return
    if signal.share == "allocated_bytes" and database.get("kind") == "cluster":
        return  # The storage of a cluster grows by itself.
    for member in database_instances(found):
        scale: float = signal.scale
        if signal.share:
            # The members of a cluster may be of different sizes.
            whole = member.get(signal.share) or database.get(signal.share)
            if not whole:
                omissions.add(
                    service,
                    f"has no alarm {signal.kind}, since {signal.share} of the database '{member['id']}' is not known.",
                )
                continue
            scale = whole / 100
        made = _simple(signal, {"DBInstanceIdentifier": str(member["id"])})
        yield Series(signal, str(member["id"]), f"database {member['id']}", scale=scale, **made)


def _replicas(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    database = found.get("database")
    if not database:
        return
    metric = signal.metrics[0]
    if database.get("kind") == "cluster":
        # Aurora says it in milliseconds.
        lag = replace(signal, metrics=(Metric(metric.id, "AuroraReplicaLag", metric.stat),))
        for member in database_instances(found):
            if member.get("role") == "reader":
                made = _simple(lag, {"DBInstanceIdentifier": str(member["id"])})
                yield Series(signal, str(member["id"]), f"replica {member['id']}", scale=1000, **made)
    elif database.get("replica_of"):
        made = _simple(signal, {"DBInstanceIdentifier": str(database["id"])})
        yield Series(signal, str(database["id"]), f"replica {database['id']}", **made)


# -- load balancers ---------------------------------------------------------------------------------------------------


def target_groups(service: Mapping[str, Any], found: Found, omissions: Omissions) -> list[Mapping[str, Any]]:
    """The target groups of a service: those it names, else all of its load balancer."""
    balancer = found.get("load_balancer")
    if not balancer:
        return []
    there = {str(group["name"]): group for group in balancer.get("target_groups") or ()}
    names = service.get("target_groups")
    if not names:
        return list(there.values())
    for name in names:
        if name not in there:
            omissions.add(
                service,
                f"target_groups names '{name}', which the load balancer '{balancer['name']}' does not have; "
                f"it has {', '.join(sorted(there)) or 'none'}.",
            )
    return [there[name] for name in dict.fromkeys(names) if name in there]


def _balancer(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    balancer = found.get("load_balancer")
    if not balancer:
        return
    if not service.get("target_groups"):
        yield Series(
            signal, "", f"load balancer {balancer['name']}", **_simple(signal, {"LoadBalancer": str(balancer["id"])})
        )
        return
    for group in target_groups(service, found, omissions):
        of_group = signal
        if signal.expression:
            # What the load balancer itself answers is of no one group.
            of_group = replace(signal, metrics=(REQUESTS, TARGET_ERRORS), expression=ERROR_RATE_OF_TARGETS)
        made = _simple(of_group, group_dimensions(group, balancer))
        yield Series(signal, str(group["name"]), f"target group {group['name']}", **made)


def group_dimensions(group: Mapping[str, Any], balancer: Mapping[str, Any]) -> dict[str, str]:
    """The dimensions of a target group's metrics."""
    return {"TargetGroup": str(group["id"]), "LoadBalancer": str(balancer["id"])}


def _target_groups(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    for group in target_groups(service, found, omissions):
        made = _simple(signal, group_dimensions(group, found["load_balancer"]))
        yield Series(signal, str(group["name"]), f"target group {group['name']}", **made)


def _slo(service: Mapping[str, Any], found: Found, signal: Signal, omissions: Omissions) -> Iterator[Series]:
    """The share of failed requests of the service as a whole. The windows are the alarms' business."""
    objective = service.get("objective")
    if objective is None:
        return
    balancer = found.get("load_balancer")
    if not balancer:
        omissions.add(
            service,
            "has no burn-rate alarms for its objective, since there is no load balancer to count requests; where X-Ray "
            "is a backend for traces, apm.slo: application_signals lets it count them.",
        )
        return
    if objective >= 100:
        omissions.add(service, "has no burn-rate alarms, since an objective of 100 % leaves no budget that could burn.")
        return
    scale = 100 - objective
    if not service.get("target_groups"):
        made = _simple(signal, {"LoadBalancer": str(balancer["id"])})
        yield Series(signal, "", f"load balancer {balancer['name']}", scale=scale, **made)
        return
    named = target_groups(service, found, omissions)
    if len(named) > MOST_TARGET_GROUPS:
        omissions.add(
            service,
            f"has no burn-rate alarms, since metric math takes the requests of {MOST_TARGET_GROUPS} target groups at "
            f"most and it has {len(named)}.",
        )
        return
    if not named:
        return
    queries = [
        Query(f"{metric.id}{position}", signal.namespace, metric.name, group_dimensions(group, balancer), metric.stat)
        for position, group in enumerate(named, 1)
        for metric in (REQUESTS, TARGET_ERRORS)
    ]
    sums = [
        (name, "+".join(f"FILL({name}{position},0)" for position in range(1, len(named) + 1)))
        for name in (REQUESTS.id, TARGET_ERRORS.id)
    ]
    label = "target groups " + ", ".join(str(group["name"]) for group in named)
    steps = (*sums, ("e", ERROR_RATE_OF_TARGETS))
    yield Series(signal, "", label, queries=tuple(queries), steps=steps, scale=scale)


_SCOPES: dict[str, Callable[[Mapping[str, Any], Found, Signal, Omissions], Iterator[Series]]] = {
    "instance": _instances,
    "mount": _mounts,
    "volume": _volumes,
    "network": _network,
    "database": _databases,
    "replica": _replicas,
    "balancer": _balancer,
    "target_group": _target_groups,
    "service": _slo,
}


@lru_cache(4096)
def slug(text: str) -> str:
    """A text as a part of a name: no slashes, which separate the parts. The root is ``root``."""
    return re.sub(r"[/\\]+", "-", text).strip("-") or "root"


def windows(signal: Signal) -> Sequence[int]:
    """The windows of a burn-rate signal, in seconds; empty for others."""
    return SLO_WINDOWS.get(signal.kind, ())
