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
from dataclasses import dataclass, field
from typing import Any

from .._errors import InputError
from . import names as naming
from .catalogue import Catalogue
from .series import Found, Omissions, Query, Series, all_series, groups, instances, slug, windows
from .signals import ABOVE, BELOW, BUSINESS, SEVERITIES, Metric, Signal
from .spec import listed
from .thresholds import Settings, condition

Entry = dict[str, Any]

#: What CloudWatch takes in the rule of a composite alarm, with room to spare.
MOST_CHILDREN = 100
LONGEST_RULE = 10_240

#: CloudWatch takes an alarm into the rules of 150 others. With room to spare, and a suppressor counted like a name.
MOST_PARENTS = 100

MOST_ACTIONS = 5

_SERVICE = "service"


@dataclass
class _Incident:
    """One thing that can go wrong, and the alarms that watch it: names by severity."""

    signal: Signal
    series: Series
    settings: Settings
    watching: dict[str, str] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    breaching: bool = False
    holder: Entry | None = None
    """What the warning waits for although it is another incident: an alarm, and the extension that it needs."""


@dataclass
class _Service:
    """A service and what is made for it."""

    declared: Mapping[str, Any]
    incidents: list[_Incident] = field(default_factory=list)
    hosts: dict[str, str] = field(default_factory=dict)
    failing: str = ""
    """The alarm that is on while the service fails; empty where there is none."""

    @property
    def name(self) -> str:
        return str(self.declared["name"])


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
    return _Maker(catalogue, discovery or {}, topics or {}, tag_propagation).all()


def omissions(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[str]:
    """Why alarms that one might expect are not there, in sentences."""
    maker = _Maker(catalogue, discovery or {}, {}, True)
    maker.all()
    return maker.omissions.sentences


class _Maker:
    def __init__(
        self, catalogue: Catalogue, discovery: Mapping[str, Any], topics: Mapping[str, Any], tag_propagation: bool
    ) -> None:
        self.catalogue = catalogue
        self.environment = str(catalogue["environment"])
        self.found: Mapping[str, Found] = discovery.get("services") or {}
        self.topics = _topics(topics)
        self.tag_propagation = tag_propagation
        self.escalation = catalogue["escalation"]
        self.names = naming.Names(self.environment)
        self.omissions = Omissions()
        self.entries: list[Entry] = []
        self.copies = _Copies(self)

    def all(self) -> list[Entry]:
        services = [_Service(declared) for declared in self.catalogue["services"]]
        for service in services:
            self._watch(service)
        for service in services:
            self._failing(service)
        upstream = self._upstreams(services)
        for service in services:
            self._tell(service, upstream.get(service.name, ""))
        absent = {service.name for service in services if service.declared["state"] == "absent"}
        return [
            {"name": entry["name"], "state": "absent"} if entry.pop("service") in absent else entry
            for entry in self.entries
        ]

    # -- watching -----------------------------------------------------------------------------------------------------

    def _watch(self, service: _Service) -> None:
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
                        self._measure(service, incident, severity)
            if incident.watching:
                service.incidents.append(incident)
            if one.signal.kind == "host_down" and "critical" in incident.watching:
                service.hosts[one.instance] = incident.watching["critical"]
        for metric in declared["metrics"]:
            incident = self._business(service, metric)
            if incident.watching:
                service.incidents.append(incident)

    def _incident(self, service: _Service, one: Series, settings: Settings) -> _Incident:
        missing = settings["treat_missing_data"]
        if one.signal.kind in ("memory", "disk") and not settings["declared_missing"]:
            missing = "breaching" if service.declared.get("agent") == "required" else "missing"
        elif one.signal.scope == "group" and not settings["declared_missing"]:
            missing = one.signal.missing
        return _Incident(one.signal, one, {**settings, "treat_missing_data": missing}, breaching=missing == "breaching")

    def _business(self, service: _Service, metric: Mapping[str, Any]) -> _Incident:
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
                self._measure(service, incident, severity)
        return incident

    def _measure(self, service: _Service, incident: _Incident, severity: str) -> None:
        """The alarm on a metric, metric math, a band, or a query."""
        one, settings = incident.series, incident.settings
        level = settings[severity]
        period, periods, datapoints = _timing(one, level)
        told = condition(one.signal.comparison, {**level, "evaluation_periods": periods, "datapoints": datapoints},
                         period, one.signal.unit)  # fmt: skip
        incident.descriptions[severity] = self._description(service, incident, f"{_subject(one)} is {told}.")
        entry = {
            "evaluation_periods": periods,
            "datapoints_to_alarm": datapoints,
            "treat_missing_data": settings["treat_missing_data"],
            "comparison": one.signal.comparison,
        }
        stat = settings.get("statistic")
        if one.signal.anomaly:
            self._band(service, incident, severity, entry, level, period)
            return
        entry["threshold"] = _number(level["threshold"] * one.scale)
        if one.insights:
            entry.update(kind="metrics_insights", metrics=[
                {"id": "q", "expression": one.insights, "period": period, "return_data": True}
            ])  # fmt: skip
        elif one.steps:
            entry.update(kind="metric_math", metrics=_math(one, period, settings.get("floor"), stat))
        else:
            entry.update(kind="metric", **_metric(one.queries[0], period, stat))
        self._add_watching(service, incident, severity, severity, entry)

    def _band(
        self, service: _Service, incident: _Incident, severity: str, entry: Entry, level: Settings, period: int
    ) -> None:
        """An alarm on what is unusual. At critical it must be much besides: the band of a quiet host is narrow."""
        one, settings = incident.series, incident.settings
        query = one.queries[0]
        stat = settings.get("statistic")
        band = {
            **entry,
            "kind": "anomaly",
            "metrics": [
                {"id": "m", "metric_stat": _stat(query, period, stat), "return_data": True},
                {
                    "id": "band",
                    "expression": f"ANOMALY_DETECTION_BAND(m, {_number(level['threshold'])})",
                    "return_data": True,
                },
            ],
            "threshold_metric_id": "band",
        }
        floor = settings.get("floor")
        if severity != "critical" or not floor:
            self._add_watching(service, incident, severity, severity, band)
            return
        much = {
            **entry,
            "kind": "metric",
            **_metric(query, period, stat),
            "comparison": ABOVE,
            "threshold": _number(floor * period),
        }
        self._add_watching(service, incident, severity, f"{severity}-band", band)
        unusual = incident.watching[severity]
        self._add_watching(service, incident, severity, f"{severity}-floor", much)
        rule = f"{_alarm(unusual)} AND {_alarm(incident.watching[severity])}"
        self._add_watching(service, incident, severity, severity, {"kind": "composite", "rule": rule})

    def _burn(self, service: _Service, incident: _Incident, fast: _Incident | None) -> None:
        """The burn of the error budget over two windows, and both of them as one alarm."""
        one, settings = incident.series, incident.settings
        severity = "critical" if one.signal.kind == "slo_fast" else "warning"
        level = settings[severity]
        threshold = _number(level["threshold"] * one.scale)
        objective = service.declared["objective"]
        if threshold >= 100:
            self.omissions.add(
                service.declared,
                f"has no alarm {one.signal.kind}, since an objective of {objective:g} % cannot be missed "
                f"{level['threshold']:g} times over.",
            )
            return
        spans = [_span(seconds) for seconds in windows(one.signal)]
        told = (
            f"{_subject(one)}: over {listed(spans)}, more than {threshold:g} % of the requests failed, "
            f"{level['threshold']:g} times what the objective of {objective:g} % allows."
        )
        incident.descriptions[severity] = self._description(service, incident, told)
        parts = []
        for seconds, span in zip(windows(one.signal), spans, strict=True):
            entry = {
                "kind": "metric_math",
                "metrics": _math(one, seconds, settings.get("floor"), None),
                "comparison": ABOVE,
                "threshold": threshold,
                "evaluation_periods": 1,
                "datapoints_to_alarm": 1,
                "treat_missing_data": settings["treat_missing_data"],
            }
            self._add_watching(service, incident, severity, f"{severity}-{span.replace(' ', '-')}", entry)
            parts.append(incident.watching[severity])
        entry = {"kind": "composite", "rule": " AND ".join(map(_alarm, parts))}
        if fast is not None and "critical" in fast.watching:
            # The errors of an outage that has been told of are still in these windows when it is over.
            incident.holder = {"alarm": fast.watching["critical"], "extension": windows(one.signal)[-1]}
        self._add_watching(service, incident, severity, severity, entry)

    def _add_watching(
        self, service: _Service, incident: _Incident, severity: str, last: str, details: Mapping[str, Any]
    ) -> None:
        name = self._name(service, incident, last)
        entry = self._entry(service, incident, name, severity, details)
        incident.watching[severity] = name
        incident.entries[severity] = entry

    # -- the service as a whole ---------------------------------------------------------------------------------------

    def _failing(self, service: _Service) -> None:
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
            name = self.names.alarm(service.name, _SERVICE, "hosts", "critical")
            text = f"All hosts of service {service.name} are down."
            self._whole(service, name, self._joined(service, hosts, "AND", "hosts"), text)
            wrong.append(name)
        else:
            wrong += hosts
        if wrong:
            service.failing = self.names.alarm(service.name, _SERVICE, "critical")
            text = (
                f"Service {service.name} fails: what its users see or its database is critical, or all its hosts are "
                f"down. Services that depend on it do not tell of their symptoms meanwhile."
            )
            self._whole(service, service.failing, self._joined(service, wrong, "OR", "any"), text)

    def _upstreams(self, services: Sequence[_Service]) -> dict[str, str]:
        """The alarm that holds back each service that depends on others: what it names is failing."""
        by_name = {service.name: service for service in services}
        result: dict[str, str] = {}
        for service in services:
            above = [
                self.copies.of(by_name[name], by_name[name].failing)
                for name in dict.fromkeys(service.declared.get("depends_on") or ())
                if by_name[name].failing and by_name[name].declared["state"] != "absent"
            ]
            if above and any(incident.signal.symptom for incident in service.incidents):
                name = self.names.alarm(service.name, _SERVICE, "upstreams", "critical")
                text = f"What service {service.name} depends on fails: {', '.join(service.declared['depends_on'])}."
                self._whole(service, name, self._joined(service, above, "OR", "upstreams"), text)
                result[service.name] = name
        return result

    def _whole(
        self, service: _Service, name: str, rule: str, text: str, details: Mapping[str, Any] | None = None
    ) -> Entry:
        """A composite about the service as a whole, which tells nobody."""
        runbook = service.declared.get("runbook") or f"{self.catalogue['runbooks']}/{_SERVICE}.md"
        return self._add(
            service, name, "critical", _SERVICE, "", naming.shortened(f"{text} Runbook: {runbook}", 1024), runbook,
            {"kind": "composite", "rule": rule, **(details or {})},
        )  # fmt: skip

    def _joined(self, service: _Service, names: Sequence[str], word: str, part: str) -> str:
        """``ALARM("a") OR ALARM("b")``, in levels where there are more than CloudWatch takes in one rule."""
        level = 0
        while True:
            chunks = _chunks(names, word)
            if len(chunks) == 1:
                return f" {word} ".join(map(_alarm, names))
            level += 1
            parts = []
            for number, chunk in enumerate(chunks, 1):
                name = self.names.alarm(service.name, _SERVICE, f"{part}-{level}.{number}", "critical")
                text = f"A part of an alarm of service {service.name} whose rule would be too long."
                self._whole(service, name, f" {word} ".join(map(_alarm, chunk)), text)
                parts.append(name)
            names = parts

    # -- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, service: _Service, upstream: str) -> None:
        """Who tells of each incident: see the head of this file."""
        if not self.topics or not service.declared["channels"]:
            return
        hush = ""
        if upstream and any(
            incident.signal.symptom and "warning" in incident.watching for incident in service.incidents
        ):
            hush = self._hush(service, self.copies.of(service, upstream))
        for incident in service.incidents:
            above = silent = host = ""
            if incident.signal.symptom and upstream:
                above = self.copies.of(service, upstream)
                silent = self.copies.of(service, hush, 2) if hush else ""
            if incident.breaching and incident.signal.kind != "host_down":
                host = service.hosts.get(incident.series.instance, "")
            self._notices(service, incident, above, silent, host)

    def _hush(self, service: _Service, upstream: str) -> str:
        """On while warnings of symptoms are needless: a symptom is critical, or a service above it fails."""
        wrong = [
            incident.watching["critical"]
            for incident in service.incidents
            if incident.signal.symptom and "critical" in incident.watching
        ]
        name = self.names.alarm(service.name, _SERVICE, "hush", "critical")
        text = f"Warnings of what users of service {service.name} see are needless: it is critical, or not its fault."
        self._whole(service, name, self._joined(service, [upstream, *wrong], "OR", "hush"), text)
        return name

    def _notices(self, service: _Service, incident: _Incident, above: str, hush: str, host: str) -> None:
        """The alarms that tell of one incident.

        :param above: the alarm that holds back its critical alarm, where it is a symptom.
        :param hush: the alarm that holds back its warning then.
        :param host: the alarm that says that its host is down.
        """
        # A severity that nobody hears of needs nobody who tells.
        told = {severity: name for severity, name in incident.watching.items() if self.topics.get(severity)}
        warning, critical = told.get("warning"), told.get("critical")
        wait, extension = self.escalation["wait"], self.escalation["extension"]
        if above:
            wait = self.escalation["upstream_wait"]
        longer = self.escalation["upstream_extension"]
        loud: Entry = {}
        if critical:
            loud = incident.entries["critical"]
            if above or host:
                suppressor = {"alarm": above or host, "wait": wait, "extension": longer}
                loud = self._notice(service, incident, "critical", _alarm(critical), suppressor)
            loud["alarm_actions"] = self.topics["critical"]
        if warning:
            loud = incident.entries["warning"]
            rule = _alarm(warning)
            holder = hush or host
            if critical:
                rule += f" AND NOT {_alarm(critical)}"
                rule += "".join(f" AND NOT {_alarm(name)}" for name in (hush, host) if name)
                holder = hush or critical
            if incident.holder:
                holder = holder or incident.holder["alarm"]
                longer = max(longer, incident.holder["extension"])
            if holder:
                needed = extension if holder == critical and not host else longer
                suppressor = {"alarm": holder, "wait": wait, "extension": needed}
                loud = self._notice(service, incident, "warning", rule, suppressor)
            loud["alarm_actions"] = self.topics["warning"]
        ends = "warning" if warning else "critical"
        if len(told) == 1 and loud is incident.entries[ends]:
            loud["ok_actions"] = self.topics[ends]
        elif told:
            # Who tells of the end speaks for all: no one of them knows it.
            rule = " OR ".join(_alarm(told[severity]) for severity in SEVERITIES if severity in told)
            over = self._notice(service, incident, f"recovery-{ends}", rule, None)
            over["ok_actions"] = self.topics[ends]

    def _notice(self, service: _Service, incident: _Incident, what: str, rule: str, suppressor: Entry | None) -> Entry:
        """An alarm that only tells: of a severity, or ``recovery-SEVERITY`` of the end of all, in the milder one."""
        what, _, severity = what.partition("-")
        details = {"kind": "composite", "rule": rule, **({"suppressor": suppressor} if suppressor else {})}
        name = self._name(service, incident, f"notify-{what}")
        return self._entry(service, incident, name, severity or what, details)

    # -- entries ------------------------------------------------------------------------------------------------------

    def _name(self, service: _Service, incident: _Incident, last: str) -> str:
        return self.names.alarm(service.name, incident.signal.kind, incident.series.resource, last)

    def _runbook(self, service: _Service, incident: _Incident) -> str:
        return str(
            incident.settings.get("runbook")
            or service.declared.get("runbook")
            or f"{self.catalogue['runbooks']}/{incident.signal.kind}.md"
        )

    def _description(self, service: _Service, incident: _Incident, told: str) -> str:
        """What it means, what to look at first, and where to read on, which is never cut off."""
        end = f" Runbook: {self._runbook(service, incident)}"
        text = f"{told} {incident.signal.meaning} First: {incident.signal.first}"
        return naming.shortened(naming.shortened(text, naming.DESCRIPTION_LENGTH - len(end)) + end, 1024)

    def _entry(
        self, service: _Service, incident: _Incident, name: str, severity: str, details: Mapping[str, Any]
    ) -> Entry:
        return self._add(
            service, name, severity, incident.signal.kind, incident.series.resource,
            incident.descriptions[severity], self._runbook(service, incident), details,
        )  # fmt: skip

    def _add(
        self,
        service: _Service,
        name: str,
        severity: str,
        kind: str,
        resource: str,
        description: str,
        runbook: str,
        details: Mapping[str, Any],
    ) -> Entry:
        entry = {
            "name": name,
            "description": description,
            **details,
            "alarm_actions": [],
            "ok_actions": [],
            "insufficient_data_actions": [],
            "actions_enabled": service.declared["state"] == "present",
            "tags": naming.tags(
                environment=self.environment,
                service=service.name,
                severity=severity,
                kind=kind,
                resource=resource,
                owner=service.declared.get("owner"),
                runbook=runbook,
                channels=naming.tag_list(service.declared["channels"]),
            ),
            **({"tag_propagation": True} if self.tag_propagation else {}),
            "service": service.name,
        }
        self.entries.append(entry)
        return entry


class _Copies:
    """Alarms that many others name, and copies of them, since CloudWatch takes an alarm into so many rules only."""

    def __init__(self, maker: _Maker) -> None:
        self._maker = maker
        self._used: dict[str, int] = {}
        self._copies: dict[str, str] = {}
        self._made: dict[str, int] = {}

    def of(self, service: _Service, alarm: str, times: int = 1) -> str:
        """An alarm about a service, or a copy of it that is not named too often yet.

        :param times: how often the one who asks will name it.
        """
        if self._used.get(alarm, 0) >= MOST_PARENTS:
            number = self._made[alarm] = self._made.get(alarm, 0) + 1
            what = alarm.split("/")[-2]
            name = self._maker.names.alarm(service.name, _SERVICE, what, f"copy-{number}", "critical")
            self._maker._whole(service, name, _alarm(alarm), f"A copy of the alarm {alarm}, which is named too often.")
            self._copies[alarm] = name
            self._used[alarm] = 0
        self._used[alarm] = self._used.get(alarm, 0) + times
        return self._copies.get(alarm, alarm)


def _topics(topics: Mapping[str, Any]) -> dict[str, list[str]]:
    result = {}
    for severity, value in topics.items():
        arns = [value] if isinstance(value, str) else [str(item) for item in value or ()]
        arns = [arn for arn in arns if arn]
        if severity not in (*SEVERITIES, "info"):
            raise InputError(f"topics: '{severity}' is no severity; they are critical, warning and info.")
        if len(arns) > MOST_ACTIONS:
            raise InputError(
                f"topics: {severity} has {len(arns)} topics, and CloudWatch takes {MOST_ACTIONS} actions an alarm; "
                f"subscribe the others to one of them."
            )
        if arns:
            result[severity] = arns
    return result


def _alarm(name: str) -> str:
    return f'ALARM("{name}")'


def _chunks(names: Sequence[str], word: str) -> list[list[str]]:
    """The names in as few rules as they fit into."""
    result: list[list[str]] = [[]]
    length = 0
    for name in names:
        more = len(_alarm(name)) + len(word) + 2
        if result[-1] and (len(result[-1]) == MOST_CHILDREN or length + more > LONGEST_RULE):
            result.append([])
            length = 0
        result[-1].append(name)
        length += more
    return result


def _timing(one: Series, level: Settings) -> tuple[int, int, int]:
    """Period, N and M. With a value every five minutes only, the same time is fewer periods."""
    periods, datapoints = level["evaluation_periods"], level["datapoints"]
    if level["period"] is not None:
        return level["period"], periods, datapoints
    factor = one.period // one.signal.period
    return one.period, -(-periods // factor), -(-datapoints // factor)


def _subject(one: Series) -> str:
    return f"{one.signal.title} of {one.label}" if one.label and one.label != one.signal.title else one.signal.title


def _span(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


def _number(value: float) -> float:
    """Without the noise of floating point; whole where it is whole."""
    rounded = round(float(value), 9)
    return int(rounded) if rounded.is_integer() else rounded


def _metric(query: Query, period: int, stat: str | None) -> Entry:
    """The options of an alarm on one metric."""
    name = stat or query.stat
    standard = name in ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
    return {
        "namespace": query.namespace,
        "metric": query.metric,
        "dimensions": dict(query.dimensions),
        "statistic" if standard else "extended_statistic": name,
        "period": period,
    }


def _stat(query: Query, period: int, stat: str | None) -> Entry:
    return {
        "namespace": query.namespace,
        "metric": query.metric,
        "dimensions": dict(query.dimensions),
        "period": period,
        "stat": stat or query.stat,
    }


def _math(one: Series, period: int, floor: float | None, stat: str | None) -> list[Entry]:
    """The metrics of a series and the steps from them to the value that is compared."""
    result: list[Entry] = [
        {"id": query.id, "metric_stat": _stat(query, period, stat), "return_data": False} for query in one.queries
    ]
    for name, expression in one.steps:
        text = expression.replace("FLOOR", str(_number(floor or 0)))
        result.append({"id": name, "expression": text, "return_data": name == one.steps[-1][0]})
    return result
