# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to trace: hosts, memory, requests and spans, from the catalogue and the inventory. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._catalog.spec import Place, Problem, listed

#: A month is the twelfth part of a year: 730 hours, as AWS counts.
HOURS = 730.0
DAYS = HOURS / 24
MINUTES = HOURS * 60

GB = 10**9
GIB = 2**30


@dataclass(frozen=True)
class Usage:
    """What a month brings.

    :param memories: the memory of each host, in GiB; so many hosts there are.
    :param spans: spans that are sent, after sampling.
    :param bytes: what these are, as they arrive at a backend, uncompressed.
    :param traces: requests of which spans are sent.
    :param retention_days: how long they shall be kept.
    :param indexed: the share of the spans that is indexed, from 0 to 1.
    :param users: who looks at them.
    :param sessions: visits of web front ends that are watched.
    :param session_events: events of each.
    :param session_bytes: bytes of each.
    :param languages: how many services are written in each language.
    :param services: one line for each service: ``name``, ``language``, ``hosts``, ``requests_per_minute``, ``sample``,
        ``spans`` and ``gb`` a month, and ``assumed``, the names of what was not declared for it.
    """

    memories: Sequence[float]
    spans: float
    bytes: float
    traces: float
    retention_days: float
    indexed: float
    users: float
    sessions: float
    session_events: float
    session_bytes: float
    languages: Mapping[str, int]
    services: Sequence[Mapping[str, Any]]

    @property
    def hosts(self) -> int:
        """How many hosts there are."""
        return len(self.memories)

    @property
    def gb_a_day(self) -> float:
        """10⁹ bytes of spans a day."""
        return self.bytes / GB / DAYS

    def measured(self, span_bytes: float) -> Usage:
        """The same with the size of a span as it was measured."""
        return Usage(**{**self.__dict__, "bytes": self.spans * span_bytes})


#: What is assumed of a service that does not say it.
ASSUMED = ("requests_per_minute", "spans_per_request", "span_bytes", "sample")


def usage(
    services: Sequence[Mapping[str, Any]],
    assumptions: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
    memories: Mapping[str, float],
    problems: list[Problem],
) -> Usage:
    """What the services of a catalogue bring in a month.

    :param services: of the resolved catalogue. Those that are absent, or whose traces are off, count nothing.
    :param assumptions: ``apm_evaluation_usage``, complete.
    :param groups: the inventory's hosts by group; a host is a group of itself.
    :param memories: GiB by host, where known.
    :param problems: gets a sentence where there is nothing to compute from.
    """
    hosts: dict[str, None] = {}
    lines: list[dict[str, Any]] = []
    languages: dict[str, int] = {}
    spans = size = traces = 0.0
    for service in services:
        apm = service.get("apm") or {}
        if service.get("state") == "absent" or apm.get("enabled") is False:
            continue
        own = _hosts(service.get("hosts"), groups)
        hosts.update(dict.fromkeys(own))
        given = {key: apm.get(key, assumptions[key]) for key in ASSUMED}
        traced = given["requests_per_minute"] * MINUTES * given["sample"]
        sent = traced * given["spans_per_request"]
        spans, size, traces = spans + sent, size + sent * given["span_bytes"], traces + traced
        language = apm.get("language")
        if language:
            languages[language] = languages.get(language, 0) + 1
        lines.append({
            "name": service["name"],
            "language": language,
            "hosts": len(own),
            **{key: given[key] for key in ("requests_per_minute", "sample")},
            "spans": round(sent),
            "gb": round(sent * given["span_bytes"] / GB, 3),
            "assumed": [key for key in ASSUMED if key not in apm],
        })  # fmt: skip
    known = [float(memories.get(host) or assumptions["memory_gib"]) for host in hosts]
    if assumptions.get("hosts") is not None:
        known = [float(assumptions["memory_gib"])] * int(assumptions["hosts"])
    if not lines:
        problems.append(Problem("monitoring_services has no service whose traces are wanted; declare one."))
    elif not known:
        names = [line["name"] for line in lines[:3]] + (["others"] if len(lines) > 3 else [])
        problems.append(
            Problem(
                f"{Place('', 'apm_evaluation_usage')}.hosts is not set, and no service has hosts in the inventory "
                f"({listed(names)}); set one of them, since backends are paid by the host."
            )
        )
    return Usage(
        memories=known,
        spans=spans,
        bytes=size,
        traces=traces,
        retention_days=assumptions["retention_days"],
        indexed=assumptions["indexed_share"],
        users=assumptions["users"],
        sessions=assumptions["rum_sessions"],
        session_events=assumptions["rum_session_events"],
        session_bytes=assumptions["rum_session_bytes"],
        languages=languages,
        services=lines,
    )


def _hosts(name: Any, groups: Mapping[str, Sequence[str]]) -> list[str]:
    """The hosts of a service: those of the group, or the host of that name."""
    if not name:
        return []
    if name in groups:
        return list(groups[name])
    return [name] if name in groups.get("all", ()) else []
