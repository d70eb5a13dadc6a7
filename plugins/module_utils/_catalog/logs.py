# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue and discovery to log groups, metric filters, deliveries and what is shipped there. Pure.

All names are made here:

* ``/ENVIRONMENT/SERVICE/SOURCE`` is the log group of a file or a container. The logs of a load balancer are the load
  balancer's, ``/ENVIRONMENT/load-balancer/NAME``: it has one source of each type, whoever looks at it, and they stay
  where they are when another service comes to it. Those of a database are where RDS puts them.
* ``kumawatch-SERVICE-COUNT`` is a metric filter, ``Kumawatch/ENVIRONMENT`` the namespace, ``SERVICE/COUNT`` the metric,
  to which the files and containers of a service add up. What its load balancer and its database count is apart
  (``SERVICE/load-balancer/COUNT``), or a request that passes through both would be two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import InputError
from . import names as naming
from .catalogue import Catalogue
from .log_formats import DATABASE_LOGS, FORMATS, LEFT_OUT, SAMPLE_TARGET_GROUP, Count, Format, narrowed
from .log_settings import format_name
from .series import Found, Omissions, slug

Entry = dict[str, Any]

MOST_FILTERS = 100
"""Metric filters that CloudWatch takes in a log group …"""

MOST_REGEX_FILTERS = 5
"""… and those whose patterns have regular expressions."""

GROUP_LENGTH = 512
SOURCE_LENGTH = 60
"""Characters of the name of a delivery source."""

FILTER_PREFIX = "kumawatch-"

#: What a load balancer's log is called in the catalogue, and by deliveries.
LOG_TYPES = {
    "access": "ALB_ACCESS_LOGS",
    "connection": "ALB_CONNECTION_LOGS",
    "health_check": "ALB_HEALTH_CHECK_LOGS",
}

#: Neither a value where there is none, nor dimensions.
_NOTHING: Entry = {"default_value": "", "dimensions": {}}

_DOCKER_FILES = "/var/lib/docker/containers/*/*-json.log"


@dataclass(frozen=True)
class Source:
    """A log of a service, and where it is.

    :param service: of the resolved catalogue.
    :param declared: the source, of its ``logs``.
    :param group: the log group.
    :param log: which of the logs of a load balancer or a database; empty of others.
    :param format: its format, ``None`` where nothing is looked for in it.
    :param target_groups: ARNs of the target groups whose requests are the service's; empty for all.
    :param shared: whether the log group is that of something that services may share.
    """

    service: Mapping[str, Any]
    declared: Mapping[str, Any]
    group: str
    log: str
    format: Format | None
    target_groups: tuple[str, ...] = ()
    shared: bool = False

    @property
    def filtered(self) -> bool:
        """Whether metrics can be made of it."""
        return self.format is not None and self.declared["class"] == "standard"

    @property
    def counts(self) -> list[Count]:
        """What is counted in it."""
        if self.format is None or not self.filtered:
            return []
        wanted = self.declared.get("counts")
        if wanted is None:
            return [count for count in self.format.counts if count.name not in LEFT_OUT]
        return [count for count in self.format.counts if count.name in wanted]

    def metric(self, count: str) -> str:
        """The name of the metric of a count."""
        name, kind = str(self.service["name"]), self.declared["kind"]
        return metric(name, kind.replace("_", "-"), count) if self.shared else metric(name, count)

    def patterns(self, count: Count) -> list[str]:
        """The filter patterns of a count, for the requests of this service."""
        return [narrowed(pattern, self.target_groups) for pattern in count.patterns]


def namespace(environment: str) -> str:
    """The namespace of the metrics of an environment."""
    return f"Kumawatch/{_metric_part(environment)}"


def metric(service: str, *parts: str) -> str:
    """The name of a metric."""
    return naming.fitted("/".join(map(_metric_part, (service, *parts))), naming.NAME_LENGTH)


def log_group(environment: str, *parts: str) -> str:
    """The name of a log group."""
    name = "/".join(["", *(_group_part(part) for part in (environment, *parts))])
    plain = "/".join(["", environment, *parts])
    # What letters of other scripts said is in the digest.
    return naming.fitted(name, GROUP_LENGTH, "" if name == plain else plain)


def _group_part(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.#-]+", "-", text).strip("-") or "x"


def _metric_part(text: str) -> str:
    return re.sub(r"[:*$]", "-", naming.part(text))


# -- sources ----------------------------------------------------------------------------------------------------------


def sources(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    omissions: Omissions | None = None,
    *,
    absent: bool = False,
) -> list[Source]:
    """The logs of all services, those of load balancers and databases as discovery knows them.

    :param absent: whether those of services that are to go are among them.
    """
    services: Mapping[str, Found] = (discovery or {}).get("services") or {}
    omissions = Omissions() if omissions is None else omissions
    return [
        source
        for service in catalogue["services"]
        if absent or service["state"] != "absent"
        for declared in service["logs"]["sources"]
        for source in _of(catalogue, service, declared, services.get(service["name"]) or {}, omissions)
    ]


def _of(
    catalogue: Catalogue,
    service: Mapping[str, Any],
    declared: Mapping[str, Any],
    found: Found,
    omissions: Omissions,
) -> list[Source]:
    environment = str(catalogue["environment"])
    if declared["kind"] == "load_balancer":
        return _of_balancer(environment, service, declared, found, omissions)
    if declared["kind"] == "database":
        return _of_database(service, declared, found, omissions)
    group = log_group(environment, str(service["name"]), str(declared["name"]))
    return [Source(service, declared, group, "", FORMATS[format_name(declared)])]


def _of_balancer(
    environment: str, service: Mapping[str, Any], declared: Mapping[str, Any], found: Found, omissions: Omissions
) -> list[Source]:
    balancer = found.get("load_balancer")
    if not balancer:
        omissions.add(service, "has no logs of its load balancer, since it was not found.")
        return []
    there = {str(group["name"]): str(group["arn"]) for group in balancer.get("target_groups") or ()}
    own = tuple(there[name] for name in dict.fromkeys(service.get("target_groups") or ()) if name in there)
    result = []
    for log in declared["log_types"]:
        parts = () if log == "access" else (log.replace("_", "-"),)
        group = log_group(environment, "load-balancer", str(balancer["name"]), *parts)
        fitting = FORMATS[format_name(declared)] if log == "access" else None
        result.append(Source(service, declared, group, log, fitting, own, shared=True))
    return result


def _of_database(
    service: Mapping[str, Any], declared: Mapping[str, Any], found: Found, omissions: Omissions
) -> list[Source]:
    database = found.get("database")
    if not database:
        omissions.add(service, "has no logs of its database, since it was not found.")
        return []
    known = DATABASE_LOGS.get(str(database.get("engine")))
    if known is None:
        omissions.add(
            service, f"has no logs of its database, since those of the engine '{database.get('engine')}' are not known."
        )
        return []
    kind = "cluster" if database.get("kind") == "cluster" else "instance"
    result = []
    for log in declared["log_types"] or known:
        if log not in known:
            omissions.add(
                service, f"has no log '{log}' of its database: the engine {database['engine']} has {', '.join(known)}."
            )
            continue
        group = f"/aws/rds/{kind}/{database['id']}/{log}"
        result.append(Source(service, declared, group, log, FORMATS[known[log]], shared=True))
    return result


# -- log groups -------------------------------------------------------------------------------------------------------


def groups(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[Entry]:
    """The entries of ``cloudwatch_log_groups``, each group once.

    A group that services share is kept as long as the one of them wants that keeps it longest, and is of the standard
    class if one of them needs that. A service that is to go takes its own log groups with it.

    :raises InputError: services that share a group want what cannot be both.
    """
    environment = str(catalogue["environment"])
    result: dict[str, Entry] = {}
    owners: dict[str, str] = {}
    for source in sources(catalogue, discovery):
        entry = _group(source, environment)
        other = result.get(source.group)
        if other is None:
            result[source.group] = entry
            owners[source.group] = str(source.service["name"])
        else:
            _share(other, entry, owners[source.group], str(source.service["name"]))
    for service in catalogue["services"]:
        if service["state"] == "absent":
            for declared in service["logs"]["sources"]:
                if declared["kind"] in ("file", "docker"):
                    name = log_group(environment, str(service["name"]), str(declared["name"]))
                    result.setdefault(name, {"name": name, "state": "absent"})
    return list(result.values())


def _group(source: Source, environment: str) -> Entry:
    logs, declared = source.service["logs"], source.declared
    standard = declared["class"] == "standard"
    own = declared["kind"] in ("file", "docker")
    return {
        "name": source.group,
        "class": declared["class"],
        "retention_days": declared["retention_days"],
        **({"kms_key_arn": logs["kms_key"]} if logs.get("kms_key") else {}),
        **({"deletion_protection": logs["deletion_protection"]} if "deletion_protection" in logs else {}),
        **(
            {"transformer": [dict(processor) for processor in source.format.transformer]}
            if standard and source.format
            else {}
        ),
        **({"anomaly_detector": _detector(logs)} if standard and own else {}),
        "tags": naming.tags(
            environment=environment,
            service=None if source.shared else str(source.service["name"]),
            owner=None if source.shared else source.service.get("owner"),
        ),
    }


def _detector(logs: Mapping[str, Any]) -> Entry:
    return {"state": "present", "evaluation_minutes": 5} if logs.get("anomaly") else {"state": "absent"}


def _share(entry: Entry, other: Entry, owner: str, service: str) -> None:
    """Bring what another service wants of the same group into its entry."""
    entry["retention_days"] = max(entry["retention_days"], other["retention_days"])
    if other["class"] == "standard":
        entry["class"] = "standard"
    if other.get("deletion_protection"):
        entry["deletion_protection"] = True
    for key, what in (("kms_key_arn", "kms_key"),):
        if key in entry and key in other and entry[key] != other[key]:
            raise InputError(
                f"services '{owner}' and '{service}' share the log group '{entry['name']}' and declare different "
                f"logs.{what}: declare the same for both."
            )
        if key in other:
            entry[key] = other[key]


# -- metric filters ---------------------------------------------------------------------------------------------------


def metric_filters(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[Entry]:
    """The entries of ``cloudwatch_log_metric_filters``.

    Patterns of a format are the same everywhere: the first filter of each has the samples.
    """
    return _Filters(catalogue, discovery).all()


def omissions(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[str]:
    """Why what one might expect of logs is not there, in sentences."""
    made = _Filters(catalogue, discovery)
    made.all()
    for source in sources(catalogue, discovery, made.omissions):
        if source.declared["class"] != "standard" and source.format is not None:
            made.omissions.add(
                source.service,
                f"has no metrics of the log group '{source.group}', since its class is {source.declared['class']}.",
            )
    for service in catalogue["services"]:
        if not _reachable(service) and any(_shipped(source) for source in service["logs"]["sources"]):
            made.omissions.add(
                service, "has logs of files or containers, and neither hosts nor instance_tags say where they are."
            )
    return made.omissions.sentences


class _Filters:
    def __init__(self, catalogue: Catalogue, discovery: Mapping[str, Any] | None) -> None:
        self.environment = str(catalogue["environment"])
        self.sources = sources(catalogue, discovery)
        self.omissions = Omissions()
        self.entries: list[Entry] = []
        self._used: dict[str, int] = {}
        self._regexes: dict[str, int] = {}
        self._tested: set[tuple[str, str, bool]] = set()
        self._named: set[tuple[str, str]] = set()

    def all(self) -> list[Entry]:
        for source in self.sources:
            for count in source.counts:
                for number, pattern in enumerate(source.patterns(count)):
                    self._count(source, count, number, pattern)
            for pattern in source.service["logs"]["patterns"]:
                if source.declared["name"] in pattern["sources"] and source.filtered:
                    self._own(source, pattern)
        return self.entries

    def _count(self, source: Source, count: Count, number: int, pattern: str) -> None:
        name = f"{count.name}-{number + 1}" if number else count.name
        entry = self._entry(source, name, pattern)
        if entry is None or source.format is None:
            return
        entry.update(
            metric_name=source.metric(count.name),
            metric_value=count.value,
            unit=count.unit,
            # What is measured has no value where nothing was.
            **(_NOTHING if count.measured else {"default_value": "0"}),
        )
        key = (source.format.name, name, bool(source.target_groups))
        if key not in self._tested:
            self._tested.add(key)
            entry["test"] = samples(source.format, count, number, source)

    def _own(self, source: Source, declared: Mapping[str, Any]) -> None:
        pattern = str(declared["pattern"])
        if source.target_groups:
            pattern = narrowed(pattern, source.target_groups) if pattern.startswith("{") else pattern
        entry = self._entry(source, str(declared["name"]), pattern)
        if entry is None:
            return
        dimensions = {str(key): str(value) for key, value in (declared.get("dimensions") or {}).items()}
        measured = str(declared["value"]).startswith("$")
        entry.update(
            metric_name=metric(str(source.service["name"]), str(declared["name"])),
            metric_value=str(declared["value"]),
            unit=declared["unit"],
            **({"dimensions": dimensions} if dimensions else _NOTHING if measured else {"default_value": "0"}),
        )
        if declared["test"] and pattern == declared["pattern"]:
            entry["test"] = [dict(test) for test in declared["test"]]

    def _entry(self, source: Source, name: str, pattern: str) -> Entry | None:
        """A filter without its metric, unless the log group is full."""
        regex = "%" in re.sub(r'"(?:[^"\\]|\\.)*"', "", pattern)
        used, regexes = self._used.get(source.group, 0), self._regexes.get(source.group, 0)
        full = None
        if used >= MOST_FILTERS:
            full = f"{MOST_FILTERS} metric filters, which is what CloudWatch takes"
        elif regex and regexes >= MOST_REGEX_FILTERS:
            full = f"{MOST_REGEX_FILTERS} metric filters with regular expressions, which is what CloudWatch takes"
        if full:
            self.omissions.add(
                source.service, f"does not count '{name}' in the log group '{source.group}', which has {full}."
            )
            return None
        self._used[source.group] = used + 1
        self._regexes[source.group] = regexes + regex
        service = str(source.service["name"])
        filter_name = _filter_part(f"{FILTER_PREFIX}{naming.part(service)}-{name}")
        if (source.group, filter_name) in self._named:
            # Services whose names and counts run together: 'a' with 'b-c', and 'a-b' with 'c'.
            filter_name = naming.fitted(filter_name, naming.NAME_LENGTH, f"{service}\n{name}")
        self._named.add((source.group, filter_name))
        entry: Entry = {
            "log_group": source.group,
            "name": filter_name,
            "pattern": pattern,
            "metric_namespace": namespace(self.environment),
            "apply_on_transformed_logs": bool(source.format and source.format.transformer),
        }
        self.entries.append(entry)
        return entry


def _filter_part(text: str) -> str:
    return naming.fitted(re.sub(r"[:*]", "-", text), GROUP_LENGTH)


def samples(form: Format, count: Count, number: int, source: Source | None = None) -> list[Entry]:
    """The sample lines of a format as the ``test`` of one pattern of a count.

    Where a count has several patterns, each line belongs to one of them, and which one is for the other tests to say.

    :param source: whose target group the requests are then of.
    """
    result = []
    for sample in form.samples:
        value = sample.counts.get(count.name)
        if value is not None and len(count.patterns) > 1 and sample.pattern != number:
            value = None
        line = sample.line
        if source is not None and source.target_groups:
            # Of no target group; or with a quotation mark that shifts the fields behind it.
            if SAMPLE_TARGET_GROUP not in line or (form.kind == "fields" and '\\"' in line):
                continue
            line = line.replace(SAMPLE_TARGET_GROUP, source.target_groups[0])
        entry: Entry = {"line": line, "match": value is not None}
        if value is not None and count.measured:
            entry["values"] = {count.value: value}
        result.append(entry)
    return result


# -- deliveries -------------------------------------------------------------------------------------------------------


def deliveries(
    catalogue: Catalogue, discovery: Mapping[str, Any] | None = None, bucket: str = "", prefix: str = ""
) -> list[Entry]:
    """The entries of ``cloudwatch_log_deliveries``: a load balancer's logs of each type, whoever wants them, once.

    :param bucket: name of the S3 bucket that gets them as well; empty for none.
    :param prefix: what their keys in it begin with.
    :raises InputError: the account or the Region is not known, or services that share a load balancer want its log in
        different formats.
    """
    discovery = discovery or {}
    environment = str(catalogue["environment"])
    found: Mapping[str, Found] = discovery.get("services") or {}
    result: dict[tuple[str, str], Entry] = {}
    owners: dict[tuple[str, str], tuple[str, str]] = {}
    for source in sources(catalogue, discovery):
        if source.declared["kind"] != "load_balancer":
            continue
        balancer = found[source.service["name"]]["load_balancer"]
        key = (str(balancer["arn"]), source.log)
        form, name = str(source.declared["format"]), str(source.service["name"])
        if key in result:
            if owners[key][1] != form:
                raise InputError(
                    f"services '{owners[key][0]}' and '{name}' share the load balancer '{balancer['name']}' and "
                    f"declare its log in the formats {owners[key][1]} and {form}: declare the same for both."
                )
            continue
        owners[key] = (name, form)
        result[key] = _delivery(environment, discovery, source, balancer, bucket, prefix)
    return list(result.values())


def attributes(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    bucket: str = "",
    prefix: str = "",
    enabled: bool = True,
) -> list[Entry]:
    """The entries of ``elb_access_logs``: each load balancer once, with every log that a service wants of it.

    :param bucket: name of the S3 bucket; without one there is nowhere to log to, and no entry.
    :param prefix: what the keys in it begin with.
    :param enabled: whether the logs are to be on. Off, only those are that go to this bucket and prefix.
    """
    found: Mapping[str, Found] = (discovery or {}).get("services") or {}
    result: dict[str, Entry] = {}
    for source in sources(catalogue, discovery) if bucket else ():
        if source.declared["kind"] != "load_balancer":
            continue
        arn = str(found[source.service["name"]]["load_balancer"]["arn"])
        entry = result.setdefault(arn, {"load_balancer": arn})
        entry[f"{source.log}_logs"] = {"enabled": enabled, "bucket": bucket, "prefix": prefix.strip("/")}
    return list(result.values())


def _delivery(
    environment: str,
    discovery: Mapping[str, Any],
    source: Source,
    balancer: Mapping[str, Any],
    bucket: str,
    prefix: str,
) -> Entry:
    partition = discovery.get("partition") or "aws"
    name = delivery_name(environment, str(balancer["name"]), source.log)
    written = "plain" if source.declared["format"] == "alb" else "json"
    destinations: list[Entry] = [
        {"type": "logs", "arn": group_arn(discovery, source.group), "output_format": written},
    ]
    if bucket:
        destinations.append(
            {
                "type": "s3",
                "arn": f"arn:{partition}:s3:::{bucket}" + (f"/{prefix.strip('/')}" if prefix.strip("/") else ""),
                "output_format": written,
            }
        )
    return {
        "name": name,
        "source_arn": str(balancer["arn"]),
        "log_type": LOG_TYPES[source.log],
        "destinations": destinations,
        "tags": naming.tags(environment=environment),
    }


def delivery_name(environment: str, balancer: str, log: str) -> str:
    """The name of a delivery source."""
    plain = f"kumawatch-{environment}-{balancer}-{log}"
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", plain)
    return naming.fitted(name, SOURCE_LENGTH, "" if name == plain else plain)


def group_arn(discovery: Mapping[str, Any], group: str) -> str:
    """The ARN of a log group.

    :raises InputError: the account or the Region is not known.
    """
    for key in ("account", "region"):
        if not discovery.get(key):
            raise InputError(f"logs: discovery has no {key}: give what the module aws_discovery returned.")
    partition = discovery.get("partition") or "aws"
    return f"arn:{partition}:logs:{discovery['region']}:{discovery['account']}:log-group:{group}"


# -- databases --------------------------------------------------------------------------------------------------------


def exports(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[Entry]:
    """Which logs databases export, each database once.

    :returns: ``id``, ``kind`` (``instance`` or ``cluster``), ``engine`` and ``log_types``.
    """
    services: Mapping[str, Found] = (discovery or {}).get("services") or {}
    result: dict[tuple[str, str], Entry] = {}
    for source in sources(catalogue, discovery):
        if source.declared["kind"] != "database":
            continue
        database = services[source.service["name"]]["database"]
        kind = "cluster" if database.get("kind") == "cluster" else "instance"
        entry = result.setdefault(
            (kind, str(database["id"])),
            {"id": str(database["id"]), "kind": kind, "engine": database["engine"], "log_types": []},
        )
        if source.log not in entry["log_types"]:
            entry["log_types"].append(source.log)
    return list(result.values())


# -- what hosts ship --------------------------------------------------------------------------------------------------


def _shipped(declared: Mapping[str, Any]) -> bool:
    """Whether the CloudWatch agent ships a source."""
    return declared["kind"] == "file" or (declared["kind"] == "docker" and declared["driver"] == "agent")


def _reachable(service: Mapping[str, Any]) -> bool:
    return bool(service.get("hosts") or service.get("instance_tags"))


def agent_files(catalogue: Catalogue) -> list[Entry]:
    """What the CloudWatch agent ships from the hosts of each service: entries of ``collect_list`` of its configuration.

    Without ``publish_multi_logs`` the agent follows the newest of several files only.

    :returns: ``service``, ``hosts`` (the inventory's group or host, ``None``) or ``instance_tags``, and ``files``.
    """
    environment = str(catalogue["environment"])
    result = []
    for service in catalogue["services"]:
        if service["state"] != "present" or service.get("agent") == "absent" or not _reachable(service):
            continue
        files = [
            _file(environment, str(service["name"]), declared)
            for declared in service["logs"]["sources"]
            if _shipped(declared)
        ]
        if files:
            result.append(
                {
                    "service": service["name"],
                    "hosts": service.get("hosts"),
                    "instance_tags": dict(service.get("instance_tags") or {}),
                    "files": files,
                }
            )
    return result


def _file(environment: str, service: str, declared: Mapping[str, Any]) -> Entry:
    container = declared["kind"] == "docker"
    path = _DOCKER_FILES if container else str(declared["of"])
    many = any(sign in path for sign in "*?[")
    entry: Entry = {
        "file_path": path,
        "log_group_name": log_group(environment, service, str(declared["name"])),
        "log_stream_name": "{instance_id}" if many else f"{{instance_id}}/{slug(path)}",
        "log_group_class": declared["class"].upper(),
        # The group is made, and kept so long, by the role cloudwatch_logs; the agent need not be allowed to.
        "retention_in_days": -1,
    }
    if many:
        entry["publish_multi_logs"] = True
    if container:
        if declared["of"] != "*":
            entry["filters"] = [{"type": "include", "expression": f'"tag":"{re.escape(str(declared["of"]))}"'}]
        entry.update(timestamp_format="%Y-%m-%dT%H:%M:%S.%f", timezone="UTC")
        return entry
    start = declared.get("multi_line_start") or FORMATS[format_name(declared)].multi_line_start
    if start:
        entry["multi_line_start_pattern"] = start
    if declared.get("timestamp_format"):
        entry["timestamp_format"] = declared["timestamp_format"]
    return entry


def by_service(found: Iterable[Source]) -> dict[str, list[Source]]:
    """Sources by the name of their service."""
    result: dict[str, list[Source]] = {}
    for source in found:
        result.setdefault(str(source.service["name"]), []).append(source)
    return result


def named(found: Sequence[Source], names: Iterable[str]) -> list[Source]:
    """Those that an entry of the catalogue names."""
    wanted = set(names)
    return [source for source in found if source.declared["name"] in wanted]
