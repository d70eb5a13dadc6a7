# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue to the configuration of the CloudWatch agent of a host or of a fleet. Pure.

The names and the dimensions of the metrics are those of :mod:`.agent`, from which alarms and dashboards take them too;
the files and their log groups those of :mod:`.logs`. Whatever alarms of a host's services watch is sent, even where it
was not chosen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._errors import InputError
from . import agent, logs
from . import names as naming
from .agent_rules import problems
from .cascade import merged
from .catalogue import Catalogue
from .series import Found, Omissions
from .signals import FLEET, SIGNALS

Document = dict[str, Any]
Service = Mapping[str, Any]

DEFAULT_METRICS = tuple(agent.GROUPS)
TRACES = ("otlp", "xray", "application_signals")

#: Where applications send traces to. The agent listens on this host alone.
_OTLP = {"grpc_endpoint": "127.0.0.1:4317", "http_endpoint": "127.0.0.1:4318"}
_XRAY = {"bind_address": "127.0.0.1:2000", "tcp_proxy": {"bind_address": "127.0.0.1:2000"}}

#: Of a host that is no instance, the agent knows this instead; {instance_id} would be i-UNKNOWN for all of them.
_INSTANCE_PLACEHOLDER, _HOST_PLACEHOLDER = "{instance_id}", "{local_hostname}"

PARAMETER_PREFIX = "AmazonCloudWatch-"
"""What names of parameters begin with, for the policy of AWS lets the agent read no others."""

NAME_LENGTH = 90
"""Characters of the part of it that names environment and service: associations take 128 in all."""

_PACKAGE = "AmazonCloudWatchAgent"
_STANDARD_PARAMETER, _LARGEST_PARAMETER = 4096, 8192


# -- a host -----------------------------------------------------------------------------------------------------------


def services_of(catalogue: Catalogue, host: str, groups: Collection[str]) -> list[Service]:
    """The services that run on a host and want the agent there.

    :param host: its name in the inventory.
    :param groups: the groups that it is in.
    """
    # Every host is in this one, and Ansible does not say so of it.
    names = {host, "all", *groups}
    return [service for service in catalogue["services"] if service.get("hosts") in names and _wanted(service)]


def configuration(
    catalogue: Catalogue, host: str, groups: Collection[str], settings: Mapping[str, Any] | None = None
) -> Document:
    """The agent's configuration on a host, checked.

    :param host: its name in the inventory.
    :param groups: the groups that it is in.
    :param settings: ``mode`` (``ec2``, ``onPremise``), ``region``, ``interval`` in seconds, ``metrics`` (of
        :data:`.agent.GROUPS`), ``mounts``, ``devices`` (those of the mounts if not given, of which ``mounted`` says the
        device by mount) and ``interfaces`` (all the names; without any, nothing is sent of them), ``grouped`` (whether
        the host is in an Auto Scaling group), ``run_as_user``, ``role_arn``, ``traces`` (of :data:`TRACES`),
        ``debug``, and ``extra``: what else the agent is to do, in its own words, laid over the rest.
    :raises InputError: it is nothing that the agent would take, or that would do what it seems to.
    """
    return _checked(
        _document(catalogue, services_of(catalogue, host, groups), settings or {}), f"CloudWatch agent on '{host}'"
    )


def _wanted(service: Service) -> bool:
    return service["state"] != "absent" and service.get("agent") != "absent"


def _checked(document: Document, subject: str) -> Document:
    found = problems(document)
    if found:
        raise InputError("\n".join(f"{subject}: {problem}" for problem in found))
    return document


def _document(catalogue: Catalogue, services: Sequence[Service], settings: Mapping[str, Any]) -> Document:
    instance = settings.get("mode", "ec2") != "onPremise"
    general: Document = {"metrics_collection_interval": int(settings.get("interval", 60))}
    for key in ("region", "run_as_user", "debug"):
        if settings.get(key):
            general[key] = settings[key]
    if settings.get("role_arn"):
        general["credentials"] = {"role_arn": settings["role_arn"]}
    document: Document = {"agent": general}
    metrics = _metrics(services, settings, instance)
    if metrics:
        document["metrics"] = metrics
    files = _files(catalogue, services, instance)
    if files:
        document["logs"] = {
            "logs_collected": {"files": {"collect_list": files}},
            "log_stream_name": _INSTANCE_PLACEHOLDER if instance else _HOST_PLACEHOLDER,
        }
    return merged(document, _traces(settings.get("traces") or ()), settings.get("extra") or {})


# -- metrics ----------------------------------------------------------------------------------------------------------


def watched(services: Iterable[Service]) -> set[str]:
    """The names of the agent's metrics that alarms of these services watch."""
    return {
        metric.name
        for service in services
        for kind, signal in SIGNALS.items()
        if service["alarms"].get(kind)
        for of in (signal, FLEET.get(kind, signal))
        if of.namespace == agent.NAMESPACE
        for metric in of.metrics
    }


def _metrics(services: Sequence[Service], settings: Mapping[str, Any], instance: bool) -> Document:
    grouped = bool(settings.get("grouped")) and instance
    chosen = settings.get("metrics")
    chosen = list(DEFAULT_METRICS) if chosen is None else chosen
    unknown = [name for name in chosen if name not in agent.GROUPS]
    if unknown:
        raise InputError(
            f"CloudWatch agent: metrics names '{unknown[0]}', which is none of {', '.join(agent.GROUPS)}; what else "
            f"the agent can do goes into extra."
        )
    names = {name for group in chosen for name in agent.GROUPS[group]} | watched(services)
    mounts = _mounts(services, settings)
    mounted = settings.get("mounted") or {}
    devices = settings.get("devices") or [mounted[mount] for mount in mounts if mount in mounted]
    resources = {
        agent.MOUNT: mounts,
        agent.DEVICE: list(dict.fromkeys(devices)),
        agent.INTERFACE: list(settings.get("interfaces") or ()),
    }
    collected: dict[str, Document] = {}
    for name, extra in agent.METRICS.items():
        # Without names the agent would send every device that there is, each of which costs.
        if name not in names or not all(resources[dimension] for dimension in extra):
            continue
        plugin, measurement = agent.measurement(name)
        section = collected.setdefault(plugin, {"measurement": []})
        section["measurement"].append(measurement)
        for dimension in extra:
            section["resources"] = resources[dimension]
        if name in agent.dropped():
            section.setdefault("drop_original_metrics", []).append(name)
    if not collected:
        return {}
    result: Document = {"namespace": agent.NAMESPACE}
    if instance:
        result["append_dimensions"] = agent.append_dimensions(grouped)
    if "disk" in collected:
        result["aggregation_dimensions"] = agent.aggregation_dimensions(grouped, instance)
    return {**result, "metrics_collected": collected}


def _mounts(services: Iterable[Service], settings: Mapping[str, Any]) -> list[str]:
    declared = [mount for service in services for mount in service.get("mounts") or ()]
    return list(dict.fromkeys([*declared, *(settings.get("mounts") or ())])) or ["/"]


# -- logs and traces --------------------------------------------------------------------------------------------------


def _files(catalogue: Catalogue, services: Iterable[Service], instance: bool) -> list[Document]:
    """What is shipped for these services, in the order of the catalogue."""
    names = {service["name"] for service in services}
    files = [
        dict(item) for entry in logs.agent_files(catalogue) if entry["service"] in names for item in entry["files"]
    ]
    if not instance:
        for item in files:
            item["log_stream_name"] = item["log_stream_name"].replace(_INSTANCE_PLACEHOLDER, _HOST_PLACEHOLDER)
    return files


def reads_containers(document: Mapping[str, Any]) -> bool:
    """Whether a configuration ships logs from Docker's directory, which only root can read."""
    files = ((document.get("logs") or {}).get("logs_collected") or {}).get("files") or {}
    return any(str(item["file_path"]).startswith("/var/lib/docker/") for item in files.get("collect_list") or ())


def _traces(wanted_traces: Sequence[str]) -> Document:
    for name in wanted_traces:
        if name not in TRACES:
            raise InputError(f"CloudWatch agent: traces names '{name}', which is none of {', '.join(TRACES)}.")
    collected: Document = {}
    document: Document = {}
    if "application_signals" in wanted_traces:
        collected["application_signals"] = {}
        document["logs"] = {"metrics_collected": {"application_signals": {}}}
    if "otlp" in wanted_traces:
        collected["otlp"] = dict(_OTLP)
    if "xray" in wanted_traces:
        collected["xray"] = dict(_XRAY)
    return {**document, "traces": {"traces_collected": collected}} if collected else {}


# -- fleets -----------------------------------------------------------------------------------------------------------


def fleets(
    catalogue: Catalogue,
    settings: Mapping[str, Any] | None = None,
    discovery: Mapping[str, Any] | None = None,
    omissions: Omissions | None = None,
) -> list[Document]:
    """The instances that are found by tags, and what the agent is to do there.

    :param settings: as those of :func:`configuration`; devices and interfaces are the same on all instances or unknown.
    :param discovery: what ``aws_discovery`` returned: who is in an Auto Scaling group.
    :returns: ``service``, ``instance_tags``, ``parameter`` (its name, which changes with what it holds) and
        ``configuration``.
    """
    found: Mapping[str, Found] = (discovery or {}).get("services") or {}
    environment = str(catalogue["environment"])
    result = []
    for service in catalogue["services"]:
        tags = service.get("instance_tags")
        if not tags or not _wanted(service):
            continue
        name = str(service["name"])
        members = [bool(one.get("autoscaling_group")) for one in (found.get(name) or {}).get("instances") or ()]
        grouped = all(members) if members else "aws:autoscaling:groupName" in tags
        if any(members) and not grouped and omissions is not None:
            omissions.add(
                service,
                "has instances in an Auto Scaling group and others, and the agents of all of them get one "
                "configuration, so none of their metrics bears the group's name.",
            )
        document = _checked(
            _document(catalogue, [service], {**(settings or {}), "mode": "ec2", "grouped": grouped}),
            f"CloudWatch agent of service '{name}'",
        )
        result.append(
            {
                "service": name,
                "instance_tags": {str(key): str(value) for key, value in tags.items()},
                "parameter": parameter_name(environment, name, document),
                "configuration": document,
            }
        )
    return result


def parameter_name(environment: str, service: str, document: Mapping[str, Any]) -> str:
    """The name of the parameter that holds a configuration.

    The digest is in it, so that State Manager sees a new configuration as a change and brings it to all instances.
    """
    digest = hashlib.sha256(serialised(document).encode()).hexdigest()[:12]
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"kumawatch-{environment}-{service}")
    return f"{PARAMETER_PREFIX}{naming.fitted(plain, NAME_LENGTH)}-{digest}"


def serialised(document: Mapping[str, Any]) -> str:
    """A configuration as it is written: the same document is the same text."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def stack(declared: Sequence[Mapping[str, Any]], schedule: str = "", version: str = "") -> Document:
    """A CloudFormation template that installs and configures the agent on fleets, by State Manager and Distributor.

    :param declared: what :func:`fleets` returned.
    :param schedule: when it is applied again, such as ``rate(1 day)``; if empty, to new instances and after changes.
    :param version: the agent's, if not the newest one.
    :raises InputError: a configuration is too large for a parameter.
    """
    resources: Document = {}
    for entry in declared:
        text = json.dumps(entry["configuration"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        size = len(text.encode())
        if size > _LARGEST_PARAMETER:
            raise InputError(
                f"CloudWatch agent of service '{entry['service']}': its configuration has {size} bytes, and a "
                f"parameter takes {_LARGEST_PARAMETER}; declare fewer log files, or give its hosts in the inventory."
            )
        # Letters and digits only: CloudFormation's names of resources take nothing else.
        ident = hashlib.sha256(entry["service"].encode()).hexdigest()[:16]
        targets = [{"Key": f"tag:{key}", "Values": [value]} for key, value in sorted(entry["instance_tags"].items())]
        common: Document = {"Targets": targets, **({"ScheduleExpression": schedule} if schedule else {})}
        resources[f"Parameter{ident}"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": entry["parameter"],
                "Description": f"The CloudWatch agent of service {entry['service']}",
                "Type": "String",
                "Tier": "Standard" if size <= _STANDARD_PARAMETER else "Advanced",
                "Value": text,
            },
        }
        resources[f"Install{ident}"] = {
            "Type": "AWS::SSM::Association",
            "Properties": {
                "AssociationName": f"{entry['parameter'].rpartition('-')[0]}-install",
                "Name": "AWS-ConfigureAWSPackage",
                "Parameters": {
                    "action": ["Install"],
                    "name": [_PACKAGE],
                    **({"version": [version]} if version else {}),
                },
                **common,
            },
        }
        resources[f"Configure{ident}"] = {
            "Type": "AWS::SSM::Association",
            "DependsOn": f"Install{ident}",
            "Properties": {
                "AssociationName": f"{entry['parameter'].rpartition('-')[0]}-configure",
                "Name": "AmazonCloudWatch-ManageAgent",
                "Parameters": {
                    "action": ["configure"],
                    "mode": ["ec2"],
                    "optionalConfigurationSource": ["ssm"],
                    "optionalConfigurationLocation": [{"Ref": f"Parameter{ident}"}],
                    "optionalRestart": ["yes"],
                },
                **common,
            },
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Installs and configures the CloudWatch agent on the instances of the catalogue's services.",
        "Resources": resources,
    }
