# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of each service is watched, what is not, and the line of the catalogue that would add it. Pure.

It is read off the entries that the modules are given, the checks, alarms and log sources that the catalogue makes, so
that it cannot say of something that it is watched when nothing is made for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._catalog import alarms, log_alarms, logs, trace_alarms
from .._catalog.catalogue import Catalogue
from .._catalog.series import Omissions
from .._catalog.signals import TRACE_SIGNALS
from .._catalog.traces import Traces

WATCHED = "watched"
OFF = "off"
MISSING = "missing"
NOT_APPLICABLE = "not applicable"

#: Kinds of alarm that stand for each column. Those of databases are taken by their prefix.
KINDS: dict[str, tuple[str, ...]] = {
    "cpu": ("cpu", "fleet_cpu"),
    "memory": ("memory", "fleet_memory"),
    "disk": ("disk", "fleet_disk"),
    "io": ("io_latency",),
    "network": ("network",),
    "database": (),
    "4xx": ("trace_errors",),
    "5xx": ("errors_5xx", "log_5xx", "trace_faults"),
    "502": ("log_502",),
    "patterns": ("log_pattern", "log_repeated"),
}
TITLES = {
    "health": "Health",
    "cpu": "CPU",
    "memory": "Memory",
    "disk": "Disk",
    "io": "I/O",
    "network": "Network",
    "database": "Database",
    "4xx": "4xx",
    "5xx": "5xx",
    "502": "502",
    "patterns": "Own patterns",
    "traces": "Traces",
    "runbook": "Runbook",
    "owner": "Owner",
}
_DATABASE = "database_"
_HOST = ("cpu", "memory", "disk", "io", "network")
_REQUESTS = ("4xx", "5xx", "502")
#: Kinds of alarm that traces alone make possible.
_TRACES = tuple(TRACE_SIGNALS)
#: Types of monitors that say nothing of requests: what they ask does not speak HTTP.
_NO_HTTP = ("port", "ping", "dns", "push", "docker", "group", "postgres", "mysql", "redis", "mqtt", "smtp")
_SOURCE = "logs: {sources: [{load_balancer: true}]}"


@dataclass(frozen=True)
class Cell:
    """One signal of one service.

    :param state: one of :data:`WATCHED`, :data:`OFF` (the catalogue says so), :data:`MISSING`,
        :data:`NOT_APPLICABLE`.
    :param by: what watches it, or why nothing does.
    :param add: lines of the catalogue that would add it; empty unless it is missing.
    """

    state: str
    by: str = ""
    add: str = ""

    def shown(self) -> dict[str, str]:
        """As data."""
        return {"state": self.state, "by": self.by, "add": self.add}


def coverage(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    backends: Sequence[str] = (),
    traces: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The matrix of services and signals.

    :param catalogue: what :func:`.._catalog.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned; without it nothing on AWS is watched.
    :param backends: names of the environment's backends for traces.
    :param traces: see :data:`.._catalog.traces.SETTINGS`; without it no alarm on traces is made.
    :returns: ``signals``: ``key`` and ``title`` of each column; ``services``: ``name``, ``percent`` and ``signals``, a
        cell by key, ``notes`` in sentences; ``percent``, ``watched`` and ``wanted`` of all. Percent is of what can be
        watched and is not switched off.
    """
    discovery = discovery or {}
    made: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    on_metrics, omitted = alarms.derived(catalogue, discovery)
    on_logs, omitted_logs = log_alarms.derived(catalogue, discovery)
    known = Traces(catalogue, traces, discovery)
    on_traces, omitted_traces = trace_alarms.derived(catalogue, discovery, traces)
    for entry in (*on_metrics, *on_logs, *on_traces):
        tags = entry.get("tags") or {}
        if tags.get("service") and tags.get("kind"):
            made[tags["service"]][tags["kind"]].append(entry)
    sources = logs.by_service(logs.sources(catalogue, discovery, Omissions()))
    notes = _by_service(catalogue, [*omitted, *omitted_logs, *omitted_traces])
    services = []
    for service in catalogue["services"]:
        if service["state"] == "absent":
            continue
        found = (discovery.get("services") or {}).get(service["name"]) or {}
        seen = known.seen(service)
        row = _Row(service, found, made[service["name"]], sources.get(service["name"], []), backends, seen)
        cells = {key: row.cell(key) for key in TITLES}
        watched, wanted = _count(cells.values())
        services.append(
            {
                "name": service["name"],
                "owner": service.get("owner") or "",
                "percent": _percent(watched, wanted),
                "signals": {key: cell.shown() for key, cell in cells.items()},
                "notes": notes.get(service["name"], []),
            }
        )
    states = [cell["state"] for service in services for cell in service["signals"].values()]
    watched, wanted = states.count(WATCHED), states.count(WATCHED) + states.count(MISSING)
    return {
        "signals": [{"key": key, "title": title} for key, title in TITLES.items()],
        "services": services,
        "watched": watched,
        "wanted": wanted,
        "percent": _percent(watched, wanted),
    }


def lacking(found: Mapping[str, Any], wanted: float) -> str:
    """What to say where less than ``wanted`` percent is watched; empty where it is enough."""
    if found["percent"] >= wanted:
        return ""
    worst = sorted(found["services"], key=lambda service: service["percent"])
    named = []
    for service in worst[:5]:
        titles = [TITLES[key] for key, cell in service["signals"].items() if cell["state"] == MISSING]
        if titles:
            named.append(f"{service['name']} ({', '.join(titles)})")
    more = sum(service["percent"] < 100 for service in found["services"]) - len(named)
    return (
        f"{found['percent']:g} % of what could be watched is, and report_fail_under asks for {wanted:g} %. "
        f"Not watched: {'; '.join(named)}{f'; and of {more} more services' if more > 0 else ''}. "
        "The report names the lines to add."
    )


class _Row:
    """A service, and what is made for it."""

    def __init__(
        self,
        service: Mapping[str, Any],
        found: Mapping[str, Any],
        made: Mapping[str, Sequence[Mapping[str, Any]]],
        sources: Sequence[logs.Source],
        backends: Sequence[str],
        seen: bool,
    ) -> None:
        self.service, self.found, self.made = service, found, made
        self.sources, self.backends = sources, backends
        #: Whether Application Signals counts its requests.
        self.seen = seen

    def cell(self, key: str) -> Cell:
        if key in KINDS:
            return self._alarmed(key)
        return {"health": self._health, "traces": self._traces}.get(key, lambda: self._said(key))()

    def _said(self, key: str) -> Cell:
        """What the catalogue says for people."""
        value = self.service.get(key)
        if value:
            return Cell(WATCHED, str(value))
        return Cell(MISSING, "nobody is named", "owner: TEAM") if key == "owner" else Cell(
            MISSING, "only the pages on kinds of alarm", "runbook: https://WIKI/PAGE"
        )  # fmt: skip

    def _health(self) -> Cell:
        checks = self.service["checks"]
        if checks:
            types = ", ".join(dict.fromkeys(str(check["options"]["type"]) for check in checks))
            return Cell(WATCHED, f"{number(len(checks), 'monitor')}: {types}")
        return Cell(MISSING, "nobody asks it", "health: {url: https://HOST/health}")

    def _traces(self) -> Cell:
        if (self.service.get("apm") or {}).get("enabled") is False:
            return Cell(OFF, "apm.enabled is false")
        if not self.backends:
            return Cell(NOT_APPLICABLE, "the environment names no backend (apm_backends)")
        if not self.service.get("hosts"):
            return Cell(MISSING, "no host of it is known", "hosts: GROUP")
        kinds = [kind for kind in _TRACES if self.made.get(kind)]
        count = sum(len(self.made[kind]) for kind in kinds)
        told = f"; {number(count, 'alarm')}: {', '.join(kinds)}" if count else ""
        return Cell(WATCHED, f"to {', '.join(self.backends)}{told}")

    def _alarmed(self, key: str) -> Cell:
        kinds = [kind for kind in self.made if self._stands_for(kind, key)]
        count = sum(len(self.made[kind]) for kind in kinds)
        if count:
            return Cell(WATCHED, f"{number(count, 'alarm')}: {', '.join(kinds)}")
        if key == "4xx" or key in _REQUESTS:
            groups = [source.group for source in self.sources if any(_counts(one.name, key) for one in source.counts)]
            if groups:
                return Cell(WATCHED, f"counted in {', '.join(dict.fromkeys(groups))}")
        return self._unwatched(key)

    @staticmethod
    def _stands_for(kind: str, key: str) -> bool:
        return kind.startswith(_DATABASE) if key == "database" else kind in KINDS[key]

    def _unwatched(self, key: str) -> Cell:
        # Where nothing counts, it makes no difference that its alarm is on.
        possible = [kind for kind in self.service["alarms"] if self.seen or kind not in _TRACES]
        switches = [kind for kind in possible if self._stands_for(kind, key)]
        if switches and not any(self.service["alarms"][kind] for kind in switches):
            return Cell(OFF, f"alarms.{switches[0]} is false")
        if key == "database":
            if not self.service.get("database"):
                return Cell(NOT_APPLICABLE, "the catalogue names no database of it")
            return Cell(MISSING, "no such database was found", "database: NAME")
        if key in _HOST:
            return self._no_host(key)
        if key in _REQUESTS:
            return self._no_requests()
        return Cell(
            MISSING, "no pattern is looked for", "logs: {patterns: [{name: NAME, pattern: PATTERN, threshold: 1}]}"
        )

    def _no_host(self, key: str) -> Cell:
        if key in ("memory", "disk") and self.service.get("agent") == "absent":
            return Cell(OFF, "agent is absent")
        if not self.found.get("instances"):
            return Cell(MISSING, "no instance of it was found", "hosts: GROUP   # or instance_tags: {KEY: VALUE}")
        return Cell(MISSING, "its instances have none", f"alarms: {{{'io_latency' if key == 'io' else key}: true}}")

    def _no_requests(self) -> Cell:
        types = {str(check["options"]["type"]) for check in self.service["checks"]}
        if types and types <= set(_NO_HTTP) and not self.service.get("load_balancer"):
            return Cell(NOT_APPLICABLE, "it does not speak HTTP, as its monitors say")
        if self.service.get("load_balancer"):
            return Cell(MISSING, "the load balancer's log is not read", _SOURCE)
        return Cell(
            MISSING,
            "no access log is read",
            f"load_balancer: NAME\n{_SOURCE}   # or {{file: /var/log/nginx/access.log, format: nginx}}",
        )


def _counts(name: str, key: str) -> bool:
    """Whether a count of a log is one of a column: ``502_balancer`` is one of 502."""
    return name == key or name.startswith(f"{key}_")


def number(count: int, noun: str) -> str:
    """So many of something."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _count(cells: Iterable[Cell]) -> tuple[int, int]:
    states = [cell.state for cell in cells]
    return states.count(WATCHED), states.count(WATCHED) + states.count(MISSING)


def _percent(watched: int, wanted: int) -> float:
    """Cut, never rounded up: 99.96 is not 100."""
    return 100.0 if not wanted else int(watched * 1000 / wanted) / 10


def _by_service(catalogue: Catalogue, sentences: Iterable[str]) -> dict[str, list[str]]:
    """Sentences that begin with a service's name, without it."""
    result: dict[str, list[str]] = {}
    begins = {f"service '{service['name']}': ": service["name"] for service in catalogue["services"]}
    for sentence in dict.fromkeys(sentences):
        begin = f"{sentence.partition(chr(39) + ': ')[0]}': "
        if begin in begins:
            result.setdefault(begins[begin], []).append(sentence[len(begin) :])
    return result
