# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue and discovery to what ``cloudwatch_alarms`` takes. Pure.

What is watched, and who tells of it
====================================
What goes wrong with one thing (``ENVIRONMENT/SERVICE/KIND[/RESOURCE]``) is one incident, however bad it gets. Two
alarms *watch* it, ``warning`` and ``critical``; an alarm tells of its transitions, so they cannot both be left to tell.

* ``critical`` tells when it begins. Its message has the values in it, so it tells itself where nothing holds it back.
* ``notify-warning`` tells of the warning: a composite of ``ALARM(warning) AND NOT ALARM(critical)``. Each alarm is
  evaluated in its own second, so where both begin or both end, the rule alone would be true for a moment. The critical
  alarm is therefore its suppressor as well: the composite waits for it before it speaks, and is silent for a while
  after it.
* ``notify-recovery`` tells of the end, once: a composite of ``ALARM(warning) OR ALARM(critical)``, which is OK only
  when neither is on. It goes to the topic of the milder severity.

So 90 % of CPU is one warning; 97 % is one critical message and nothing else; 40 % is one recovery. From 97 % back to
90 % is a warning, after the extension. Where there is one severity only, and nothing holds it back, its alarm tells of
beginning and end, and no composite is paid for.

Recoveries are told by alarms that nothing suppresses, or they might never be told. So one may be told of what began
unheard, and each alarm tells that it is OK when it is new: who passes messages on drops the end of what never began.

What holds back
===============
* A service that depends on others does not tell of *symptoms* (errors, times, unhealthy hosts, budget, business
  metrics) while one of them fails: its ``notify-critical`` has the ``service/critical`` of the other as suppressor.
* That ``service/critical`` is on while a symptom or the database of the service is critical, or all of its hosts are
  down. A full disk or a busy processor is no reason for others to stay silent.
* The memory and the disks of a host that is down are not told of, where missing data counts as breaching.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .catalogue import Catalogue
from .series import Query, Series, all_series, groups, instances, slug, windows
from .signals import ABOVE, BELOW, BUSINESS, SEVERITIES, Metric, Signal
from .spec import listed
from .telling import (
    SERVICE,
    Entry,
    Incident,
    Service,
    Teller,
    plain_number,
    span_of,
    steps_of,
    subject,
)
from .thresholds import Settings


def alarms(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    topics: Mapping[str, Any] | None = None,
    tag_propagation: bool = True,
) -> list[Entry]:
    """The alarms, those that others name first.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned: ``services`` by name.
    :param topics: the topic of each severity, an ARN or a list of them. A severity without one is watched and not told.
    :param tag_propagation: whether messages bear the tags of their alarm.
    :raises InputError: more topics than CloudWatch takes.
    """
    return Maker(catalogue, discovery or {}, topics or {}, tag_propagation).all()


def omissions(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[str]:
    """Why alarms that one might expect are not there, in sentences."""
    return derived(catalogue, discovery)[1]


def derived(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> tuple[list[Entry], list[str]]:
    """What :func:`alarms` makes without topics, and :func:`omissions`, at once."""
    maker = Maker(catalogue, discovery or {}, {}, True)
    return maker.all(), maker.omissions.sentences


def with_failing(
    catalogue: Catalogue, discovery: Mapping[str, Any] | None = None, topics: Mapping[str, Any] | None = None
) -> tuple[list[Entry], dict[str, str]]:
    """What :func:`alarms` makes, and by the name of each service the one of them that says that it fails."""
    maker = Maker(catalogue, discovery or {}, topics or {}, True)
    return maker.all(), maker.failing


def failing(
    catalogue: Catalogue,
    discovery: Mapping[str, Any],
    services: Sequence[Service],
    known: Mapping[str, str] | None = None,
) -> None:
    """Tell services, of which something else is watched, by which of these alarms they are known to fail.

    :param known: what :func:`with_failing` found, to spare finding it again.
    """
    if known is None:
        maker = Maker(catalogue, discovery, {}, True)
        maker.watch([Service(service.declared) for service in services])
        known = maker.failing
    for service in services:
        service.failing = known.get(service.name, "")


class Maker(Teller):
    """The alarms on metrics, and those about a service as a whole."""

    #: By the name of each service the alarm that says that it fails.
    failing: dict[str, str]

    def watch(self, services: Sequence[Service]) -> None:
        for service in services:
            self._watch(service)
        for service in services:
            self._failing(service)
        self.failing = {service.name: service.failing for service in services if service.failing}

    # -- watching -----------------------------------------------------------------------------------------------------

    def _watch(self, service: Service) -> None:
        """The alarms that look at metrics."""
        declared = service.declared
        found = self.found.get(service.name) or {}
        fast = None
        for one in all_series(declared, found, self.omissions):
            # The kinds of a fleet have the settings of the kind of one instance.
            settings = declared["alarms"][one.signal.kind.removeprefix("fleet_")]
            incident = self._incident(service, one, settings)
            if windows(one.signal):
                self._burn(service, incident, fast)
                fast = incident if one.signal.kind == "slo_fast" else fast
            else:
                for severity in SEVERITIES:
                    if settings[severity]:
                        self.measure(service, incident, severity)
            if incident.watching:
                service.incidents.append(incident)
            if one.signal.kind == "host_down" and "critical" in incident.watching:
                service.hosts[one.instance] = incident.watching["critical"]
        for metric in declared["metrics"]:
            incident = self._business(service, metric)
            if incident.watching:
                service.incidents.append(incident)

    def _incident(self, service: Service, one: Series, settings: Settings) -> Incident:
        missing = settings["treat_missing_data"]
        if one.signal.kind in ("memory", "disk") and not settings["declared_missing"]:
            missing = "breaching" if service.declared.get("agent") == "required" else "missing"
        elif one.signal.scope == "group" and not settings["declared_missing"]:
            missing = one.signal.missing
        return Incident(one.signal, one, {**settings, "treat_missing_data": missing}, breaching=missing == "breaching")

    def _business(self, service: Service, metric: Mapping[str, Any]) -> Incident:
        """A business metric as a signal of its own."""
        stat = metric.get("statistic") or "Sum"
        signal = Signal(
            BUSINESS, metric["title"], "service", metric["namespace"], (Metric("m", metric["name"], stat),), (),
            None, None, "What the business counts is not as it should be.",
            "The service's dashboard: is it the number itself, or what counts it?",
            unit=metric.get("unit") or "", comparison=BELOW if metric.get("direction") == "below" else ABOVE,
            symptom=True, fails=True,
        )  # fmt: skip
        dimensions = {str(key): str(value) for key, value in (metric.get("dimensions") or {}).items()}
        query = Query("m", metric["namespace"], metric["name"], dimensions, stat)
        one = Series(signal, slug(metric["title"]), metric["title"], queries=(query,))
        settings: Settings = {
            "treat_missing_data": metric.get("treat_missing_data") or "missing",
            "declared_missing": True,
            "runbook": metric.get("runbook"),
            **{severity: metric.get(severity) for severity in SEVERITIES},
        }
        incident = self._incident(service, one, settings)
        for severity in SEVERITIES:
            if settings[severity]:
                self.measure(service, incident, severity)
        return incident

    def _burn(self, service: Service, incident: Incident, fast: Incident | None) -> None:
        """The burn of the error budget over two windows, and both of them as one alarm."""
        one, settings = incident.series, incident.settings
        severity = "critical" if one.signal.kind == "slo_fast" else "warning"
        level = settings[severity]
        threshold = plain_number(level["threshold"] * one.scale)
        if self.beyond_reach(service, one.signal.kind, level["threshold"]):
            return
        spans = [span_of(seconds) for seconds in windows(one.signal)]
        told = (
            f"{subject(one)}: over {listed(spans)}, more than {threshold:g} % of the requests failed, "
            f"{level['threshold']:g} times what the objective of {service.declared['objective']:g} % allows."
        )
        incident.descriptions[severity] = self.description(service, incident, told)
        parts = []
        for seconds in windows(one.signal):
            entry = {
                "kind": "metric_math",
                "metrics": steps_of(one, seconds, settings.get("floor"), None),
                "comparison": ABOVE,
                "threshold": threshold,
                "evaluation_periods": 1,
                "datapoints_to_alarm": 1,
                "treat_missing_data": settings["treat_missing_data"],
            }
            parts.append((seconds, entry))
        self.in_all_windows(service, incident, severity, parts, fast)

    # -- the service as a whole ---------------------------------------------------------------------------------------

    def _failing(self, service: Service) -> None:
        """``service/critical``: the service does not do what it is for."""
        wrong = [
            incident.watching["critical"]
            for incident in service.incidents
            if incident.signal.fails and incident.signal.kind != "host_down" and "critical" in incident.watching
        ]
        found = self.found.get(service.name) or {}
        # As long as a fleet has members, not all hosts are down.
        alone = not groups(found) and len(instances(service.declared, found)) == len(service.hosts)
        hosts = [service.hosts[str(host["id"])] for host in instances(service.declared, found)
                 if alone]  # fmt: skip
        if len(hosts) > 1:
            name = self.names.alarm(service.name, SERVICE, "hosts", "critical")
            text = f"All hosts of service {service.name} are down."
            self.whole(service, name, self.joined(service, hosts, "AND", "hosts"), text)
            wrong.append(name)
        else:
            wrong += hosts
        if wrong:
            service.failing = self.names.alarm(service.name, SERVICE, "critical")
            text = (
                f"Service {service.name} fails: what its users see or its database is critical, or all its hosts are "
                f"down. Services that depend on it do not tell of their symptoms meanwhile."
            )
            self.whole(service, service.failing, self.joined(service, wrong, "OR", "any"), text)
