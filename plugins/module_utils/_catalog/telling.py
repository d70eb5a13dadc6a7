# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who tells of what is wrong, and what holds them back: from things that are watched to alarms. Pure.

See :mod:`.alarms` for the reasons. The alarms on metrics and those on logs are told of by the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import InputError
from . import names as naming
from .catalogue import Catalogue
from .series import Found, Omissions, Query, Series
from .signals import ABOVE, SEVERITIES, Signal
from .thresholds import Settings, condition

Entry = dict[str, Any]

#: What CloudWatch takes in the rule of a composite alarm, with room to spare.
MOST_CHILDREN = 100
LONGEST_RULE = 10_240

#: CloudWatch takes an alarm into the rules of 150 others. With room to spare, and a suppressor counted like a name.
MOST_PARENTS = 100

MOST_ACTIONS = 5

SERVICE = "service"


@dataclass
class Incident:
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
class Service:
    """A service and what is made for it."""

    declared: Mapping[str, Any]
    incidents: list[Incident] = field(default_factory=list)
    hosts: dict[str, str] = field(default_factory=dict)
    failing: str = ""
    """The alarm that is on while the service fails; empty where there is none."""

    @property
    def name(self) -> str:
        return str(self.declared["name"])


class Teller:
    """Makes entries of alarms. What is watched is for those who extend it to say.

    :param part: what the names of composites that are about a service as a whole begin with, where two of these make
        alarms of one catalogue.
    :param parents: how many rules an alarm that others made may be taken into.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        discovery: Mapping[str, Any],
        topics: Mapping[str, Any],
        tag_propagation: bool,
        part: str = "",
        parents: int = MOST_PARENTS,
    ) -> None:
        self.part = part
        self.parents = parents
        self.catalogue = catalogue
        self.environment = str(catalogue["environment"])
        self.found: Mapping[str, Found] = discovery.get("services") or {}
        self.topics = topic_arns(topics)
        self.tag_propagation = tag_propagation
        self.escalation = catalogue["escalation"]
        self.names = naming.Names(self.environment)
        self.omissions = Omissions()
        self.entries: list[Entry] = []
        self.copies = Copies(self)

    def watch(self, services: Sequence[Service]) -> None:
        """Make the alarms that watch, and add what they are about to each service."""
        raise NotImplementedError

    def all(self) -> list[Entry]:
        """The alarms, those that others name first."""
        services = [Service(declared) for declared in self.catalogue["services"]]
        self.watch(services)
        upstream = self.upstreams(services)
        for service in services:
            self.tell(service, upstream.get(service.name, ""))
        absent = {service.name for service in services if service.declared["state"] == "absent"}
        return [
            {"name": entry["name"], "state": "absent"} if entry.pop("service") in absent else entry
            for entry in self.entries
        ]

    # -- watching -----------------------------------------------------------------------------------------------------

    def measure(self, service: Service, incident: Incident, severity: str) -> None:
        """The alarm on a metric, metric math, a band, or a query."""
        one, settings = incident.series, incident.settings
        level = settings[severity]
        period, periods, datapoints = timing(one, level)
        told = condition(one.signal.comparison, {**level, "evaluation_periods": periods, "datapoints": datapoints},
                         period, one.signal.unit)  # fmt: skip
        incident.descriptions[severity] = self.description(service, incident, f"{subject(one)} is {told}.")
        entry = {
            "evaluation_periods": periods,
            "datapoints_to_alarm": datapoints,
            "treat_missing_data": settings["treat_missing_data"],
            "comparison": one.signal.comparison,
        }
        stat = settings.get("statistic")
        if one.signal.anomaly:
            self.band(service, incident, severity, entry, level, period)
            return
        entry["threshold"] = plain_number(level["threshold"] * one.scale)
        if one.insights:
            entry.update(kind="metrics_insights", metrics=[
                {"id": "q", "expression": one.insights, "period": period, "return_data": True}
            ])  # fmt: skip
        elif one.steps:
            entry.update(kind="metric_math", metrics=steps_of(one, period, settings.get("floor"), stat))
        else:
            entry.update(kind="metric", **single(one.queries[0], period, stat))
        self.add_watching(service, incident, severity, severity, entry)

    def band(
        self, service: Service, incident: Incident, severity: str, entry: Entry, level: Settings, period: int
    ) -> None:
        """An alarm on what is unusual. At critical it must be much besides: the band of a quiet host is narrow."""
        one, settings = incident.series, incident.settings
        query = one.queries[0]
        stat = settings.get("statistic")
        band = {
            **entry,
            "kind": "anomaly",
            "metrics": [
                {"id": "m", "metric_stat": metric_stat(query, period, stat), "return_data": True},
                {
                    "id": "band",
                    "expression": f"ANOMALY_DETECTION_BAND(m, {plain_number(level['threshold'])})",
                    "return_data": True,
                },
            ],
            "threshold_metric_id": "band",
        }
        floor = settings.get("floor")
        if severity != "critical" or not floor:
            self.add_watching(service, incident, severity, severity, band)
            return
        much = {
            **entry,
            "kind": "metric",
            **single(query, period, stat),
            "comparison": ABOVE,
            "threshold": plain_number(floor * period),
        }
        self.add_watching(service, incident, severity, f"{severity}-band", band)
        unusual = incident.watching[severity]
        self.add_watching(service, incident, severity, f"{severity}-floor", much)
        rule = f"{in_alarm(unusual)} AND {in_alarm(incident.watching[severity])}"
        self.add_watching(service, incident, severity, severity, {"kind": "composite", "rule": rule})

    def add_watching(
        self, service: Service, incident: Incident, severity: str, last: str, details: Mapping[str, Any]
    ) -> None:
        name = self.name(service, incident, last)
        entry = self.entry(service, incident, name, severity, details)
        incident.watching[severity] = name
        incident.entries[severity] = entry

    def in_all_windows(
        self,
        service: Service,
        incident: Incident,
        severity: str,
        parts: Sequence[tuple[int, Entry]],
        fast: Incident | None = None,
    ) -> None:
        """The burn of an error budget: an alarm for each window, and one that is on while all of them are.

        :param parts: the seconds of a window, the longest first, and its alarm.
        :param fast: the burn that this one waits for.
        """
        names = []
        for seconds, entry in parts:
            self.add_watching(service, incident, severity, f"{severity}-{span_of(seconds).replace(' ', '-')}", entry)
            names.append(incident.watching[severity])
        if fast is not None and "critical" in fast.watching:
            # The errors of an outage that has been told of are still in these windows when it is over.
            incident.holder = {"alarm": fast.watching["critical"], "extension": parts[-1][0]}
        entry = {"kind": "composite", "rule": " AND ".join(map(in_alarm, names))}
        self.add_watching(service, incident, severity, severity, entry)

    def beyond_reach(self, service: Service, kind: str, times: float) -> bool:
        """Whether a budget is so large that nothing could burn it so many times too fast; that is said then."""
        objective = service.declared["objective"]
        if plain_number(times * (100 - objective)) < 100:
            return False
        self.omissions.add(
            service.declared,
            f"has no alarm {kind}, since an objective of {objective:g} % cannot be missed {times:g} times over.",
        )
        return True

    # -- the service as a whole ---------------------------------------------------------------------------------------

    def upstreams(self, services: Sequence[Service]) -> dict[str, str]:
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
                name = self.names.alarm(service.name, SERVICE, f"{self.part}upstreams", "critical")
                text = f"What service {service.name} depends on fails: {', '.join(service.declared['depends_on'])}."
                self.whole(service, name, self.joined(service, above, "OR", "upstreams"), text)
                result[service.name] = name
        return result

    def whole(
        self, service: Service, name: str, rule: str, text: str, details: Mapping[str, Any] | None = None
    ) -> Entry:
        """A composite about the service as a whole, which tells nobody."""
        runbook = service.declared.get("runbook") or f"{self.catalogue['runbooks']}/{SERVICE}.md"
        return self._add(
            service, name, "critical", SERVICE, "", naming.shortened(f"{text} Runbook: {runbook}", 1024), runbook,
            {"kind": "composite", "rule": rule, **(details or {})},
        )  # fmt: skip

    def joined(self, service: Service, names: Sequence[str], word: str, part: str) -> str:
        """``ALARM("a") OR ALARM("b")``, in levels where there are more than CloudWatch takes in one rule."""
        level = 0
        while True:
            chunks = chunks_of(names, word)
            if len(chunks) == 1:
                return f" {word} ".join(map(in_alarm, names))
            level += 1
            parts = []
            for number, chunk in enumerate(chunks, 1):
                name = self.names.alarm(service.name, SERVICE, f"{self.part}{part}-{level}.{number}", "critical")
                text = f"A part of an alarm of service {service.name} whose rule would be too long."
                self.whole(service, name, f" {word} ".join(map(in_alarm, chunk)), text)
                parts.append(name)
            names = parts

    # -- telling ------------------------------------------------------------------------------------------------------

    def tell(self, service: Service, upstream: str) -> None:
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

    def _hush(self, service: Service, upstream: str) -> str:
        """On while warnings of symptoms are needless: a symptom is critical, or a service above it fails."""
        wrong = [
            incident.watching["critical"]
            for incident in service.incidents
            if incident.signal.symptom and "critical" in incident.watching
        ]
        name = self.names.alarm(service.name, SERVICE, f"{self.part}hush", "critical")
        text = f"Warnings of what users of service {service.name} see are needless: it is critical, or not its fault."
        self.whole(service, name, self.joined(service, [upstream, *wrong], "OR", "hush"), text)
        return name

    def _notices(self, service: Service, incident: Incident, above: str, hush: str, host: str) -> None:
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
                loud = self._notice(service, incident, "critical", in_alarm(critical), suppressor)
            loud["alarm_actions"] = self.topics["critical"]
        if warning:
            loud = incident.entries["warning"]
            rule = in_alarm(warning)
            holder = hush or host
            if critical:
                rule += f" AND NOT {in_alarm(critical)}"
                rule += "".join(f" AND NOT {in_alarm(name)}" for name in (hush, host) if name)
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
            rule = " OR ".join(in_alarm(told[severity]) for severity in SEVERITIES if severity in told)
            over = self._notice(service, incident, f"recovery-{ends}", rule, None)
            over["ok_actions"] = self.topics[ends]

    def _notice(self, service: Service, incident: Incident, what: str, rule: str, suppressor: Entry | None) -> Entry:
        """An alarm that only tells: of a severity, or ``recovery-SEVERITY`` of the end of all, in the milder one."""
        what, _dash, severity = what.partition("-")
        details = {"kind": "composite", "rule": rule, **({"suppressor": suppressor} if suppressor else {})}
        name = self.name(service, incident, f"notify-{what}")
        return self.entry(service, incident, name, severity or what, details)

    # -- entries ------------------------------------------------------------------------------------------------------

    def name(self, service: Service, incident: Incident, last: str) -> str:
        return self.names.alarm(service.name, incident.signal.kind, incident.series.resource, last)

    def _runbook(self, service: Service, incident: Incident) -> str:
        return str(
            incident.settings.get("runbook")
            or service.declared.get("runbook")
            or f"{self.catalogue['runbooks']}/{incident.signal.kind}.md"
        )

    def description(self, service: Service, incident: Incident, told: str) -> str:
        """What it means, what to look at first, and where to read on, which is never cut off."""
        end = f" Runbook: {self._runbook(service, incident)}"
        text = f"{told} {incident.signal.meaning} First: {incident.signal.first}"
        return naming.shortened(naming.shortened(text, naming.DESCRIPTION_LENGTH - len(end)) + end, 1024)

    def entry(
        self, service: Service, incident: Incident, name: str, severity: str, details: Mapping[str, Any]
    ) -> Entry:
        return self._add(
            service, name, severity, incident.signal.kind, incident.series.resource,
            incident.descriptions[severity], self._runbook(service, incident), details,
        )  # fmt: skip

    def _add(
        self,
        service: Service,
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


class Copies:
    """Alarms that many others name, and copies of them, since CloudWatch takes an alarm into so many rules only."""

    def __init__(self, maker: Teller) -> None:
        self._maker = maker
        self._used: dict[str, int] = {}
        self._copies: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self._made: dict[str, int] = {}

    def of(self, service: Service, alarm: str, times: int = 1) -> str:
        """An alarm about a service, or a copy of it that is not named too often yet.

        :param times: how often the one who asks will name it.
        """
        # The first copy is of the alarm, and the others of that copy: others may want to name the alarm as well.
        source = self._first.get(alarm, alarm)
        if self._used.get(alarm, 0) >= (MOST_PARENTS if alarm in self._copies else self._maker.parents):
            number = self._made[alarm] = self._made.get(alarm, 0) + 1
            what = alarm.split("/")[-2]
            name = self._maker.names.alarm(service.name, SERVICE, what, f"{self._maker.part}copy-{number}", "critical")
            self._first.setdefault(alarm, name)
            self._maker.whole(
                service, name, in_alarm(source), f"A copy of the alarm {alarm}, which is named too often."
            )
            self._copies[alarm] = name
            self._used[alarm] = 0
        self._used[alarm] = self._used.get(alarm, 0) + times
        return self._copies.get(alarm, alarm)


def topic_arns(topics: Mapping[str, Any]) -> dict[str, list[str]]:
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


def in_alarm(name: str) -> str:
    return f'ALARM("{name}")'


def chunks_of(names: Sequence[str], word: str) -> list[list[str]]:
    """The names in as few rules as they fit into."""
    result: list[list[str]] = [[]]
    length = 0
    for name in names:
        more = len(in_alarm(name)) + len(word) + 2
        if result[-1] and (len(result[-1]) == MOST_CHILDREN or length + more > LONGEST_RULE):
            result.append([])
            length = 0
        result[-1].append(name)
        length += more
    return result


def timing(one: Series, level: Settings) -> tuple[int, int, int]:
    """Period, N and M. With a value every five minutes only, the same time is fewer periods."""
    periods, datapoints = level["evaluation_periods"], level["datapoints"]
    if level["period"] is not None:
        return level["period"], periods, datapoints
    factor = one.period // one.signal.period
    return one.period, -(-periods // factor), -(-datapoints // factor)


def subject(one: Series) -> str:
    return f"{one.signal.title} of {one.label}" if one.label and one.label != one.signal.title else one.signal.title


def span_of(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


def plain_number(value: float) -> float:
    """Without the noise of floating point; whole where it is whole."""
    rounded = round(float(value), 9)
    return int(rounded) if rounded.is_integer() else rounded


def single(query: Query, period: int, stat: str | None) -> Entry:
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


def metric_stat(query: Query, period: int, stat: str | None) -> Entry:
    return {
        "namespace": query.namespace,
        "metric": query.metric,
        "dimensions": dict(query.dimensions),
        "period": period,
        "stat": stat or query.stat,
    }


def steps_of(one: Series, period: int, floor: float | None, stat: str | None) -> list[Entry]:
    """The metrics of a series and the steps from them to the value that is compared."""
    result: list[Entry] = [
        {"id": query.id, "metric_stat": metric_stat(query, period, stat), "return_data": False} for query in one.queries
    ]
    for name, expression in one.steps:
        text = expression.replace("FLOOR", str(plain_number(floor or 0)))
        result.append({"id": name, "expression": text, "return_data": name == one.steps[-1][0]})
    return result
