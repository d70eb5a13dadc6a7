# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of what is paid for there is in a month: counted in what the modules take. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import agent, agent_config
from .catalogue import Catalogue
from .logs import metric, namespace, sources
from .series import Found, database_instances

Entry = Mapping[str, Any]
Traffic = dict[str, dict[str, float]]
"""GB a month by log group, and by service whose lines they are."""

#: A month is the twelfth part of a year.
HOURS = 730.0
DAYS = HOURS / 24
_YEAR_WEEKS = 365 / 7

#: Metrics of an instance that has detailed monitoring.
DETAILED_METRICS = 7
#: GB a month that Enhanced Monitoring of a database writes at an interval of one second.
ENHANCED_GB = 16.07
#: Alarm metrics of an alarm on an anomaly: the metric, and both edges of the band.
BAND_METRICS = 3
#: A period below a minute is high resolution.
MINUTE = 60
#: How long RDS keeps what Enhanced Monitoring writes, in days.
ENHANCED_DAYS = 30

ASSUMPTIONS: dict[str, Any] = {
    "gb_per_month": {"file": 3.0, "docker": 3.0, "load_balancer": 10.0, "database": 1.0},
    "gb_of_other_groups": 0.1,
    "compression": 0.15,
    "kept_without_end_days": 365.0,
    "searched_share": 0.5,
    "fleet_size": 4.0,
    "dimension_values": 10.0,
    "alerts": 1000.0,
    "function_seconds": 2.0,
    "report_seconds": 60.0,
    "requests_per_minute": 0.0,
    "sample": 0.05,
    "spans_per_request": 8.0,
    "span_bytes": 700.0,
}
"""What is assumed where the catalogue says nothing, and nothing was measured; described by the role ``cost``."""


class Usage:
    """Quantities by item, phase and service. What belongs to no service has the service ``""``."""

    def __init__(self) -> None:
        self.lines: defaultdict[tuple[str, str, str], float] = defaultdict(float)

    def add(self, item: str, phase: str, service: str, quantity: float) -> None:
        """Add to a line."""
        if quantity:
            self.lines[item, phase, service] += quantity

    def spread(self, item: str, phase: str, services: Mapping[str, float], quantity: float) -> None:
        """Add to the lines of several services, in the proportion that they have."""
        whole = sum(services.values())
        if not whole:
            services, whole = {"": 1.0}, 1.0
        for service, part in services.items():
            self.add(item, phase, service, quantity * part / whole)

    def totals(self) -> dict[str, float]:
        """Quantities by item."""
        result: defaultdict[str, float] = defaultdict(float)
        for (item, _phase, _service), quantity in self.lines.items():
            result[item] += quantity
        return dict(result)


# -- alarms and dashboards --------------------------------------------------------------------------------------------


def alarms(
    usage: Usage,
    phase: str,
    entries: Iterable[Entry],
    fleets: Mapping[str, int],
    traffic: Traffic,
    assumed: Entry,
) -> None:
    """Count alarms by kind.

    :param entries: as ``cloudwatch_alarms`` takes them.
    :param fleets: how many instances each service has.
    """
    for entry in entries:
        if entry.get("state", "present") != "present":
            continue
        kind = entry["kind"]
        service = str((entry.get("tags") or {}).get("service") or "")
        if kind == "composite":
            usage.add("alarms_composite", phase, service, 1)
        elif kind == "log":
            usage.add("alarms_log", phase, service, 1)
            usage.add("logs_scanned", phase, service, _scanned(entry["log_query"], traffic))
        elif kind in ("metrics_insights", "promql"):
            usage.add("alarms_insights", phase, service, _analysed(entry, fleets.get(service, 0), assumed))
        else:
            steps = [step for step in entry.get("metrics") or () if step.get("metric_stat")]
            periods = [int(step["metric_stat"].get("period") or MINUTE) for step in steps]
            fast = min(periods or [int(entry.get("period") or MINUTE)]) < MINUTE
            several = len(steps) or 1
            count = several * (BAND_METRICS if kind == "anomaly" else 1)
            item = "alarms_high_resolution" if fast else "alarms_anomaly" if kind == "anomaly" else "alarms"
            usage.add(item, phase, service, count)


def _analysed(entry: Entry, fleet: int, assumed: Entry) -> float:
    """How many metrics a query looks at: those of a fleet, or one for each value of its dimensions."""
    text = " ".join(str(step.get("expression") or "") for step in entry.get("metrics") or ())
    if '"Kumawatch/' in text:
        return float(assumed["dimension_values"])
    return float(fleet or assumed["fleet_size"])


def _scanned(query: Entry, traffic: Traffic) -> float:
    """GB that a scheduled query reads in a month: the part of it that each run looks at, as often as it runs."""
    runs = calls(str(query.get("schedule") or ""))
    seconds = float(query.get("start_offset") or 0) - float(query.get("end_offset") or 0)
    share = runs * max(0.0, seconds) / (HOURS * 3600)
    return share * sum(sum(traffic.get(str(group), {}).values()) for group in query.get("log_groups") or ())


def dashboards(usage: Usage, phase: str, entries: Iterable[Entry], services: Mapping[str, str]) -> None:
    """Count dashboards.

    :param services: the service that a dashboard is of, by its name; others are of the environment.
    """
    for entry in entries:
        if entry.get("state", "present") == "present":
            usage.add("dashboards", phase, services.get(str(entry["name"]), ""), 1)


# -- what is measured -------------------------------------------------------------------------------------------------


def metrics(
    usage: Usage,
    catalogue: Catalogue,
    discovery: Entry,
    hosts: Mapping[str, Sequence[str]],
    chosen: Sequence[str] | None,
    detailed: bool = True,
) -> None:
    """Count what the agents send, what detailed monitoring adds, and what the business sends.

    A host that several services share is counted once, and paid for by all of them.

    :param hosts: the inventory's hosts by group; of use where discovery found no instances.
    :param chosen: the groups of metrics that agents send, of :data:`.agent.GROUPS`. All if ``None``.
    :param detailed: whether detailed monitoring is switched on where it is declared.
    """
    found: Mapping[str, Found] = discovery.get("services") or {}
    usual = {name for group in (agent.GROUPS if chosen is None else chosen) for name in agent.GROUPS.get(group, ())}
    sent: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    sending: defaultdict[str, dict[str, float]] = defaultdict(dict)
    closely: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for service in catalogue["services"]:
        if service["state"] != "present":
            continue
        name = str(service["name"])
        own = found.get(name) or {}
        if service.get("agent") != "absent":
            names = usual | agent_config.watched([service])
            mounts = [str(mount) for mount in service.get("mounts") or ()] or ["/"]
            there = {
                (one, mount)
                for one in names
                for mount in (mounts if agent.MOUNT in agent.METRICS.get(one, ()) else [""])
            }
            for host in _hosts(service, own, hosts):
                sent[host] |= there
                sending[host][name] = 1.0
        if detailed and service["detailed_monitoring"]:
            for instance in _running(own):
                closely[str(instance["id"])][name] = 1.0
        for one in service["metrics"]:
            if not str(one["namespace"]).startswith("AWS/"):
                usage.add("business_metrics", "phase2", name, 1)
    for host, owners in sending.items():
        usage.spread("agent_metrics", "phase2", owners, len(sent[host]))
    for owners in closely.values():
        usage.spread("detailed_monitoring", "phase2", owners, DETAILED_METRICS)


def _hosts(service: Entry, found: Found, groups: Mapping[str, Sequence[str]]) -> list[str]:
    there = [str(instance["id"]) for instance in _running(found)]
    group = service.get("hosts")
    if there or not group:
        return there
    return list(groups[group]) if group in groups else [str(group)]


def _running(found: Found) -> list[Mapping[str, Any]]:
    return [one for one in found.get("instances") or () if one.get("state", "running") == "running"]


def fleets(discovery: Entry) -> dict[str, int]:
    """How many instances each service has."""
    found: Mapping[str, Found] = discovery.get("services") or {}
    return {str(name): len(_running(one)) for name, one in found.items()}


def databases(usage: Usage, catalogue: Catalogue, discovery: Entry, entries: Iterable[Entry], assumed: Entry) -> None:
    """Count what Enhanced Monitoring writes.

    :param entries: ``id`` and ``interval`` in seconds, 0 for none.
    """
    found: Mapping[str, Found] = discovery.get("services") or {}
    owners: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for service in catalogue["services"]:
        if service["state"] != "present":
            continue
        for member in database_instances(found.get(service["name"]) or {}):
            owners[str(member["id"])][str(service["name"])] = 1.0
    for entry in entries:
        interval = int(entry.get("interval") or 0)
        if interval:
            size = ENHANCED_GB / interval
            usage.spread("enhanced_monitoring", "phase2", owners[str(entry["id"])], size)
            kept = size * ENHANCED_DAYS / DAYS * assumed["compression"]
            usage.spread("logs_stored", "phase2", owners[str(entry["id"])], kept)


# -- logs -------------------------------------------------------------------------------------------------------------


def log_traffic(catalogue: Catalogue, discovery: Entry, measured: Mapping[str, float], assumed: Entry) -> Traffic:
    """How much is written to each log group.

    What is declared of the sources of a group adds up; where nothing is, it is the assumption of its kind, once; and
    what was measured is believed more than either, in the proportion that these have.

    :param measured: GB a month by log group.
    """
    declared: defaultdict[str, dict[str, float]] = defaultdict(dict)
    owners: defaultdict[str, dict[str, float]] = defaultdict(dict)
    kinds: dict[str, str] = {}
    for source in sources(catalogue, discovery):
        if source.service["state"] != "present":
            continue
        name = str(source.service["name"])
        kinds[source.group] = source.declared["kind"]
        owners[source.group][name] = 1.0
        size = source.declared.get("gb_per_month")
        if size is not None:
            declared[source.group][name] = declared[source.group].get(name, 0.0) + size
    result: Traffic = {}
    for group, kind in kinds.items():
        known = declared.get(group)
        shares = known if known and sum(known.values()) else owners[group]
        whole = sum(known.values()) if known is not None else assumed["gb_per_month"][kind]
        whole = measured.get(group, whole)
        result[group] = {name: whole * share / sum(shares.values()) for name, share in shares.items()}
    return result


def log_groups(
    usage: Usage,
    phase: str,
    entries: Iterable[Entry],
    deliveries: Iterable[Entry],
    traffic: Traffic,
    measured: Mapping[str, float],
    assumed: Entry,
) -> None:
    """Count what comes into log groups, what stays there, and what is searched.

    :param entries: as ``cloudwatch_log_groups`` takes them.
    :param deliveries: as ``cloudwatch_log_deliveries`` takes them: who delivers to a group or a bucket.
    """
    vended: dict[str, bool] = {}
    for delivery in deliveries:
        if delivery.get("state", "present") != "present":
            continue
        # By their ARNs: the type is left out of what was read, since it follows from them.
        arns = [str(one["arn"]) for one in delivery["destinations"]]
        kept = any(arn.split(":", 3)[2] == "s3" for arn in arns)
        vended.update(
            (arn.partition(":log-group:")[2].removesuffix(":*"), kept) for arn in arns if ":log-group:" in arn
        )
    for entry in entries:
        if entry.get("state", "present") != "present":
            continue
        name = str(entry["name"])
        shares = traffic.get(name)
        if shares is None:
            service = str((entry.get("tags") or {}).get("service") or "")
            shares = {service: measured.get(name, assumed["gb_of_other_groups"])}
        size = sum(shares.values())
        infrequent = entry.get("class") == "infrequent_access"
        item = "logs_vended" if name in vended else "logs_infrequent" if infrequent else "logs_standard"
        usage.spread(item, phase, shares, size)
        if vended.get(name):
            usage.spread("logs_vended_s3", phase, shares, size)
        days = entry.get("retention_days")
        days = float(days) if days and int(days) > 0 else assumed["kept_without_end_days"]
        usage.spread("logs_stored", phase, shares, size * days / DAYS * assumed["compression"])
        usage.spread("logs_scanned", phase, shares, size * assumed["searched_share"])


def log_metrics(usage: Usage, catalogue: Catalogue, phase: str, entries: Iterable[Entry], assumed: Entry) -> None:
    """Count the metrics that filters make; several filters may make one.

    :param entries: as ``cloudwatch_log_metric_filters`` takes them.
    """
    owners = {metric(str(service["name"])): str(service["name"]) for service in catalogue["services"]}
    own = namespace(str(catalogue["environment"]))
    seen: dict[tuple[str, str], bool] = {}
    for entry in entries:
        if entry.get("state", "present") == "present":
            key = str(entry["metric_namespace"]), str(entry["metric_name"])
            seen[key] = seen.get(key, False) or bool(entry.get("dimensions"))
    for (space, name), many in seen.items():
        service = owners.get(name.partition("/")[0], "") if space == own else ""
        usage.add("log_metrics", phase, service, assumed["dimension_values"] if many else 1)


def report(usage: Usage, phase: str, traffic: Traffic) -> None:
    """Count what the daily error report searches: all that its log groups took in, a day at a time."""
    for shares in traffic.values():
        for service, size in shares.items():
            usage.add("logs_scanned", phase, service, size)


# -- what runs --------------------------------------------------------------------------------------------------------


def functions(
    usage: Usage, phase: str, entries: Iterable[Entry], schedules: Iterable[Entry], assumed: Entry, seconds: str
) -> None:
    """Count calls of functions: of those that a schedule calls as often as it does, of others for each alert.

    :param entries: as ``lambda_functions`` takes them.
    :param schedules: as ``eventbridge_schedules`` takes them.
    :param seconds: the name of the assumption how long a call takes.
    """
    called: defaultdict[str, float] = defaultdict(float)
    for schedule in schedules:
        if schedule.get("state", "present") == "present":
            count = calls(str(schedule["schedule"]))
            usage.add("schedules", phase, "", count)
            called[str(schedule["target"]["arn"]).rpartition(":")[2]] += count
    for entry in entries:
        if entry.get("state", "present") == "present":
            count = called.get(str(entry["name"]), float(assumed["alerts"]))
            item = "lambda_gb_seconds_arm" if entry.get("architecture") == "arm64" else "lambda_gb_seconds"
            usage.add("lambda_requests", phase, "", count)
            usage.add(item, phase, "", count * assumed[seconds] * float(entry["memory_size"]) / 1024)


def traces(usage: Usage, catalogue: Catalogue, tracing: str, assumed: Entry) -> None:
    """Count traces, of services that say how many requests they answer, or all where that is assumed.

    :param tracing: how AWS takes them in: ``none``, ``xray`` (paid by the trace) or ``spans`` (paid by the GB).
    """
    for service in catalogue["services"]:
        apm: Mapping[str, Any] = service.get("apm") or {}
        if tracing == "none" or service["state"] != "present" or apm.get("enabled") is False:
            continue
        told: dict[str, float] = {
            key: float(apm.get(key, assumed[key]))
            for key in ("requests_per_minute", "sample", "spans_per_request", "span_bytes")
        }
        count = told["requests_per_minute"] * 60 * HOURS * told["sample"]
        size = count * told["spans_per_request"] * told["span_bytes"] / 1e9
        usage.add("traces" if tracing == "xray" else "spans", "phase4", str(service["name"]),
                  count if tracing == "xray" else size)  # fmt: skip


_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


def calls(schedule: str) -> float:
    """How often a schedule of EventBridge runs in a month; 0 for one that is over, or that is none."""
    rate = _RATE.fullmatch(schedule)
    if rate:
        return HOURS * 3600 / (int(rate[1]) * _SECONDS[rate[2]])
    cron = _CRON.fullmatch(schedule)
    if not cron:
        return 0.0
    minute, hour, day, month, weekday, _year = cron.groups()
    days = DAYS
    if weekday not in ("?", "*"):
        days = 1.0 if "#" in weekday or "L" in weekday else _values(weekday, 7) * _YEAR_WEEKS / 12
    elif day not in ("?", "*"):
        days = 1.0 if day in ("L", "LW") or day.endswith("W") else _values(day, 31)
    return _values(minute, 60) * _values(hour, 24) * days * _values(month, 12) / 12


def _values(field: str, whole: int) -> float:
    """How many values a field of a cron expression has."""
    if field in ("*", "?"):
        return whole
    total = 0.0
    for part in field.split(","):
        span, _slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if dash and first.isdigit() and last.isdigit():
            count = int(last) - int(first) + 1
        elif dash:
            count = _NAMES.index(last.upper()) - _NAMES.index(first.upper()) + 1 if _named(first, last) else 1
        elif step:
            count = whole - (int(first) if first.isdigit() else 0)
        else:
            count = 1
        total += -(-max(1, count) // int(step)) if step.isdigit() and int(step) else max(1, count)
    return min(total, whole)


_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT",
          "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")  # fmt: skip


def _named(*words: str) -> bool:
    return all(word.upper() in _NAMES for word in words)
