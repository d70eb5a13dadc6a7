# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, times and reasons as the reader of a card sees them (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, tzinfo

from .alert import ALARM, OK, Alert, Measure

KINDS = {
    "cpu": "CPU",
    "memory": "Memory",
    "disk": "Disk",
    "io_latency": "I/O latency",
    "network": "Network",
    "host_down": "Host down",
    "database_cpu": "Database CPU",
    "database_connections": "Database connections",
    "database_latency": "Database latency",
    "database_load": "Database load",
    "database_replication": "Replication lag",
    "database_storage": "Database storage",
    "errors_5xx": "5xx errors",
    "unhealthy_hosts": "Unhealthy hosts",
    "response_time": "Response time",
    "slo_fast": "SLO, fast burn",
    "slo_slow": "SLO, slow burn",
    "objective_budget": "SLO, budget used",
    "trace_latency": "Latency",
    "trace_faults": "Faults",
    "trace_errors": "Client errors",
    "trace_silence": "No traces",
    "fleet_cpu": "Fleet CPU",
    "log_errors": "Errors in logs",
    "log_5xx": "5xx errors in logs",
    "log_502": "Bad gateway",
    "log_silence": "No logs",
    "log_anomaly": "Unusual logs",
    "log_pattern": "Log pattern",
    "log_repeated": "Repeated error",
    "database_slow_queries": "Slow queries",
    "service": "Service",
    "uptime": "Uptime check",
    "watcher": "Uptime Kuma itself",
}

_BY_METRIC = {
    "Percent": ("CPUUtilization", "mem_used_percent", "disk_used_percent", "swap_used_percent"),
    "Seconds": ("ReadLatency", "WriteLatency", "CommitLatency", "TargetResponseTime", "ReplicaLag"),
    "Milliseconds": ("VolumeAvgReadLatency", "VolumeAvgWriteLatency", "AuroraReplicaLag"),
    "Bytes": ("FreeStorageSpace", "FreeableMemory", "FreeLocalStorage", "NetworkIn", "NetworkOut"),
}
# An expression has no unit of its own; what the alarm is about says it.
_BY_KIND = {
    "cpu": "Percent",
    "memory": "Percent",
    "disk": "Percent",
    "io_latency": "Milliseconds",
    "errors_5xx": "Percent",
    "objective_budget": "Percent",
    "trace_latency": "Milliseconds",
    "trace_faults": "Percent",
    "trace_errors": "Percent",
    "log_errors": "Percent",
    "log_5xx": "Percent",
    "log_502": "Percent",
    "database_cpu": "Percent",
    "fleet_cpu": "Percent",
}
_SHORT = {
    "Percent": " %",
    "Count": "",
    "Count/Second": " per s",
    "Seconds": " s",
    "Milliseconds": " ms",
    "Microseconds": " µs",
}
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")

_ABOVE = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at least",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at most",
    "GreaterThanUpperThreshold": "above",
    "LessThanLowerThreshold": "below",
    "LessThanLowerOrGreaterThanUpperThreshold": "outside",
}


def kind(name: str) -> str:
    """What a kind of alarm is called: ``I/O latency`` for ``io_latency``."""
    if name in KINDS:
        return KINDS[name]
    spaced = name.replace("_", " ").replace("-", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def duration(span: timedelta) -> str:
    """``45 s``, ``12 min``, ``2 h 5 min``, ``3 d 4 h``."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return _two(seconds // 3600, "h", seconds % 3600 // 60, "min")
    return _two(seconds // 86400, "d", seconds % 86400 // 3600, "h")


def seconds(period: int) -> str:
    """The length of a period."""
    return duration(timedelta(seconds=period))


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """``10:02 UTC``, with the day before it where that is not today's."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M} {local.tzname()}"
    return f"{local:%Y-%m-%d %H:%M} {local.tzname()}"


def quantity(value: float, unit: str) -> str:
    """``value`` with its unit, in as many figures as help."""
    if unit.startswith("Bytes"):
        return _binary(value) + ("/s" if unit == "Bytes/Second" else "")
    if unit == "Seconds" and 0 < abs(value) < 1:
        value, unit = value * 1000, "Milliseconds"
    return f"{_figure(value)}{_SHORT.get(unit, f' {unit}' if unit else '')}"


def unit_of(measure: Measure, of_kind: str) -> str:
    """CloudWatch's word for the unit of ``measure``; empty where nothing says it."""
    if measure.unit:
        return measure.unit
    for unit, metrics in _BY_METRIC.items():
        if measure.label == measure.metric and measure.metric in metrics:
            return unit
    return _BY_KIND.get(of_kind, "Percent" if "percent" in measure.label.lower() else "")


def comparison(measure: Measure) -> str:
    """How the value stands to the bound: ``above``."""
    return _ABOVE.get(measure.comparison, "beyond")


def bound(measure: Measure, of_kind: str) -> str:
    """``above 80 %``; for a band without figures ``above what is usual``."""
    if measure.threshold is None:
        return f"{comparison(measure)} what is usual" if measure.anomaly else ""
    said = f"{comparison(measure)} {quantity(measure.threshold, unit_of(measure, of_kind))}"
    return f"{said}, the edge of what is usual" if measure.anomaly else said


def measured(alert: Alert, of_kind: str) -> str:
    """``97.2 % (above 80 %)``, ``40 %`` where it is no longer beyond; empty where there is no value."""
    measure = alert.measure
    if measure is None or measure.value is None:
        return ""
    value = quantity(measure.value, unit_of(measure, of_kind))
    limit = bound(measure, of_kind) if alert.state == ALARM else ""
    return f"{value} ({limit})" if limit else value


def reason(alert: Alert, of_kind: str) -> str:
    """Why the alarm changed its state, in plain words; CloudWatch's own where they say something else."""
    measure = alert.measure
    if measure is None:
        if alert.children:
            moved = [f"{child.alarm} is {child.state or 'what moved it'}" for child in alert.children[:5]]
            more = f", and {len(alert.children) - 5} more" if len(alert.children) > 5 else ""
            return f"Because {', '.join(moved)}{more}."
        return alert.reason
    if measure.missing:
        counts = {"Breaching": "which counts as a failure here", "NonBreaching": "which counts as good here"}
        said = counts.get(measure.treated_as, "")
        length = f" of {seconds(measure.period)}" if measure.period else ""
        return f"No data came for {count(measure.missing, 'period')}{length}{f', {said}' if said else ''}."
    limit = bound(measure, of_kind)
    if not measure.evaluated or not limit or "hreshold" not in alert.reason:
        return alert.reason
    if alert.state == OK:
        return f"No longer {limit}."
    if alert.state != ALARM:
        return alert.reason
    each = f" ({_statistic(measure.statistic)}of {seconds(measure.period)} each)" if measure.period else ""
    points = (
        f"{measure.breaching} of the last {measure.evaluated} values were"
        if measure.evaluated > 1
        else "The last value was"
    )
    return f"{points} {limit}{each}."


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 alarm``, ``2 alarms``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: t.Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _statistic(statistic: str) -> str:
    word = {"Average": "average", "Maximum": "maximum", "Minimum": "minimum", "Sum": "sum"}.get(statistic, statistic)
    return f"{word} " if word else ""


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def _binary(value: float) -> str:
    size, step = abs(value), 0
    while size >= 1024 and step < len(_BYTES) - 1:
        size, step = size / 1024, step + 1
    return f"{'-' if value < 0 else ''}{_figure(size)} {_BYTES[step]}"


def _figure(value: float) -> str:
    size = abs(value)
    if size >= 1e15:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    if size and size < 0.01:
        return f"{value:.2g}"
    text = f"{value:.1f}" if size >= 100 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")
