# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue to the alarms on traces, for ``cloudwatch_alarms``. Pure.

They have the shape, the names and the escalation of :mod:`.alarms`. A service's objective is watched by how much of its
budget is used; by how fast it burns only where :mod:`.alarms` does not do that from the load balancer's counts: these
are there from the first day, and one outage is to be told once. What Application Signals counts of a service is watched
where the catalogue says that it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .alarms import failing
from .catalogue import Catalogue
from .series import Series
from .signals import ABOVE, SEVERITIES, SIGNALS, SLO_WINDOWS, TRACE_SIGNALS
from .spec import listed
from .telling import Entry, Incident, Service, Teller, plain_number, single, span_of
from .traces import Traces

PARENTS = 6
"""Into so many rules an alarm about a service is taken here, besides those of :mod:`.alarms` and :mod:`.log_alarms`."""

_PART = "trace-"
_BURN = "objective"


def trace_alarms(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    topics: Mapping[str, Any] | None = None,
    traces: Mapping[str, Any] | None = None,
    tag_propagation: bool = True,
    beside: bool = True,
    own_topics: Mapping[str, Any] | None = None,
    failing: Mapping[str, str] | None = None,
) -> list[Entry]:
    """The alarms on traces, those that others name first; none where X-Ray is no backend.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned.
    :param topics: the topic of each severity, an ARN or a list of them.
    :param traces: see :data:`.traces.SETTINGS`.
    :param tag_propagation: whether messages bear the tags of their alarm.
    :param beside: whether those of :mod:`.alarms` are there as well. In the same Region they are silent then while one
        of them says that a service above fails, and burn rates that are watched there are not watched here.
    :param own_topics: the topics where none are given, which are in the Region of those of :mod:`.alarms`.
    :param failing: these alarms, as :func:`.alarms.with_failing` returned them, to spare finding them again.
    :raises InputError: more topics than CloudWatch takes, or a setting that cannot be right.
    """
    known = Traces(catalogue, traces, discovery)
    reached = topics or ({} if known.elsewhere else own_topics) or {}
    return _Maker(catalogue, discovery or {}, reached, known, tag_propagation, beside, failing).all()


def omissions(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    traces: Mapping[str, Any] | None = None,
    beside: bool = True,
    topics: Mapping[str, Any] | None = None,
) -> list[str]:
    """Why alarms on traces that one might expect are not there, or tell nobody, in sentences.

    :param topics: those that are given, in X-Ray's Region.
    """
    entries, sentences = derived(catalogue, discovery, traces, beside)
    known = Traces(catalogue, traces, discovery)
    if entries and known.elsewhere and not topics:
        sentences.append(
            f"Nobody is told of alarms on traces: X-Ray is in {known.region} and the topics of alerts are in "
            f"{known.elsewhere}, and an alarm tells those of its own Region; name some there (apm_topics)."
        )
    return sentences


def derived(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    traces: Mapping[str, Any] | None = None,
    beside: bool = True,
) -> tuple[list[Entry], list[str]]:
    """What :func:`trace_alarms` makes without topics, and :func:`omissions`, at once."""
    maker = _Maker(catalogue, discovery or {}, {}, Traces(catalogue, traces, discovery), True, beside)
    return maker.all(), maker.omissions.sentences


class _Maker(Teller):
    def __init__(
        self,
        catalogue: Catalogue,
        discovery: Mapping[str, Any],
        topics: Mapping[str, Any],
        traces: Traces,
        tag_propagation: bool,
        beside: bool,
        failing: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(catalogue, discovery, topics, tag_propagation, part=_PART, parents=PARENTS)
        self.discovery = discovery
        self.traces = traces
        self.beside = beside and not traces.elsewhere
        self.failing = failing

    def watch(self, services: Sequence[Service]) -> None:
        if not self.traces:
            return
        for service in services:
            for kind in TRACE_SIGNALS:
                self._kind(service, kind)
            fast = None
            for kind in SLO_WINDOWS:
                fast = self._burn(service, kind, fast) or fast
        # That takes its time, and matters to those alone that may be silent for the sake of another.
        if self.beside and any(service.incidents and service.declared.get("depends_on") for service in services):
            failing(self.catalogue, self.discovery, services, self.failing)

    def _kind(self, service: Service, kind: str) -> None:
        settings = service.declared["alarms"].get(kind)
        if not settings:
            return
        one = self.traces.series(service.declared, kind)
        if one is None:
            if kind == "trace_silence":
                self.omissions.add(
                    service.declared,
                    "has no alarm trace_silence, since X-Ray keeps no group of its traces: say apm.group: true.",
                )
            return
        incident = Incident(one.signal, one, settings, breaching=settings["treat_missing_data"] == "breaching")
        for severity in SEVERITIES:
            if settings[severity]:
                self.measure(service, incident, severity)
        service.incidents.append(incident)

    def _burn(self, service: Service, kind: str, fast: Incident | None) -> Incident | None:
        """The burn of an objective's budget, as Application Signals publishes it."""
        settings, objective = service.declared["alarms"].get(kind), self.traces.objectives.get(service.name)
        if not settings or objective is None:
            return None
        if self.beside and self.traces.counted_elsewhere(service.declared, kind):
            return None
        severity = "critical" if kind == "slo_fast" else "warning"
        times = settings[severity]["threshold"]
        if self.beyond_reach(service, kind, times):
            return None
        windows = self.traces.burns(service.declared, kind)
        spans = [span_of(seconds) for seconds in SLO_WINDOWS[kind]]
        if not windows:
            self.omissions.add(
                service.declared,
                f"has no alarm {kind}, which looks back over {listed(spans)}: apm_burn_rate_windows has not both.",
            )
            return None
        metric = windows[0][1]
        # What it means is that of the same burn elsewhere; its metrics are others.
        signal = replace(SIGNALS[kind], namespace=metric.namespace)
        one = Series(signal, _BURN, f"objective {objective.name}", queries=(metric,))
        incident = Incident(signal, one, settings, breaching=settings["treat_missing_data"] == "breaching")
        told = (
            f"{signal.title} of {one.label}: over {listed(spans)}, errors used up its budget more than {times:g} times "
            f"as fast as {objective.goal:g} % allow."
        )
        incident.descriptions[severity] = self.description(service, incident, told)
        parts = [
            (
                seconds,
                {
                    "kind": "metric",
                    **single(query, signal.period, None),
                    "comparison": ABOVE,
                    "threshold": plain_number(times),
                    "evaluation_periods": 1,
                    "datapoints_to_alarm": 1,
                    "treat_missing_data": settings["treat_missing_data"],
                },
            )
            for seconds, query in windows
        ]
        self.in_all_windows(service, incident, severity, parts, fast)
        service.incidents.append(incident)
        return incident if kind == "slo_fast" else None
