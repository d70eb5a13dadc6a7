# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue and discovery to the alarms on logs, for ``cloudwatch_alarms``. Pure.

They have the shape, the names and the escalation of :mod:`.alarms`, and name the alarms of it that say that a service
fails: what is found in the logs of a service is a symptom, and silent while a service that it depends on fails.

How many lines there are is counted by CloudWatch itself (``IncomingLogEvents``), which costs nothing and is there for
each log group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .alarms import failing
from .catalogue import Catalogue
from .log_formats import Count
from .logs import Source, by_service, metric, named, namespace, sources
from .series import Query, Series
from .signals import LOG_SIGNALS, SEVERITIES, Signal
from .telling import Entry, Incident, Service, Teller
from .thresholds import Settings

PARENTS = 40
"""Into so many rules an alarm about a service is taken here, besides those of :mod:`.alarms`."""

MOST_METRICS = 10
"""Metrics of one metric math."""

MOST_LOG_GROUPS = 50
"""Log groups of one query."""

DELAY = 60
"""Seconds that lines may take until a query finds them."""

_LINES = "IncomingLogEvents"
_INSIGHTS = {"Sum": "SUM", "Average": "AVG", "Maximum": "MAX", "Minimum": "MIN", "SampleCount": "COUNT"}
_PART = "log-"


def log_alarms(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    topics: Mapping[str, Any] | None = None,
    role_arn: str = "",
    tag_propagation: bool = True,
    upstream: bool = True,
    failing: Mapping[str, str] | None = None,
) -> list[Entry]:
    """The alarms on logs, those that others name first.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned.
    :param topics: the topic of each severity, an ARN or a list of them.
    :param role_arn: the role with which CloudWatch queries logs; by its name in the account if not given.
    :param tag_propagation: whether messages bear the tags of their alarm.
    :param upstream: whether they are silent while an alarm of :mod:`.alarms` says that a service above fails.
    :param failing: these alarms, as :func:`.alarms.with_failing` returned them, to spare finding them again.
    :raises InputError: more topics than CloudWatch takes.
    """
    return _Maker(catalogue, discovery or {}, topics or {}, tag_propagation, role_arn, upstream, failing).all()


def omissions(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> list[str]:
    """Why alarms that one might expect are not there, in sentences."""
    return derived(catalogue, discovery)[1]


def derived(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> tuple[list[Entry], list[str]]:
    """What :func:`log_alarms` makes without topics, and :func:`omissions`, at once."""
    maker = _Maker(catalogue, discovery or {}, {}, True, "")
    return maker.all(), maker.omissions.sentences


def role_name(environment: str) -> str:
    """The name of the role with which CloudWatch queries the logs of an environment."""
    return f"kumawatch-{environment}-log-alarms"


def searched(text: str) -> str:
    """A condition of Logs Insights for lines that have a text, or match a regular expression between slashes."""
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return f"@message like {text}"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'@message like "{escaped}"'


class _Maker(Teller):
    def __init__(
        self,
        catalogue: Catalogue,
        discovery: Mapping[str, Any],
        topics: Mapping[str, Any],
        tag_propagation: bool,
        role_arn: str,
        upstream: bool = True,
        failing: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(catalogue, discovery, topics, tag_propagation, part=_PART, parents=PARENTS)
        self.discovery = discovery
        self.upstream = upstream
        self.failing = failing
        self.space = namespace(self.environment)
        account, partition = discovery.get("account"), discovery.get("partition") or "aws"
        self.role_arn = role_arn or (
            f"arn:{partition}:iam::{account}:role/{role_name(self.environment)}" if account else ""
        )

    def watch(self, services: Sequence[Service]) -> None:
        if self.upstream:
            # The alarms that say that services fail: they are of :mod:`.alarms`.
            failing(self.catalogue, self.discovery, services, self.failing)
        found = by_service(sources(self.catalogue, self.discovery, self.omissions, absent=True))
        for service in services:
            own = found.get(service.name, [])
            self._errors(service, own)
            self._requests(service, own)
            self._queries(service, own)
            self._silence(service, own)
            self._anomalies(service, own)
            self._patterns(service, own)
            self._repeated(service, own)

    def _incident(self, service: Service, one: Series, settings: Settings | None) -> None:
        """The alarms of one thing, for the severities that it has."""
        if not settings:
            return
        missing = settings["treat_missing_data"]
        incident = Incident(one.signal, one, settings, breaching=missing == "breaching")
        for severity in SEVERITIES:
            if settings.get(severity):
                self.measure(service, incident, severity)
        if incident.watching:
            service.incidents.append(incident)

    # -- shares -------------------------------------------------------------------------------------------------------

    def _query(self, ident: str, name: str, stat: str = "Sum") -> Query:
        return Query(ident, self.space, name, {}, stat)

    def _share(self, signal: Signal, resource: str, label: str, bad: str, whole: str) -> Series:
        """What share one metric of ours is of another."""
        queries = (self._query("bad", bad), self._query("all", whole))
        return Series(signal, resource, label, queries=queries, steps=(("e", signal.expression),))

    def _errors(self, service: Service, own: Sequence[Source]) -> None:
        """Errors of the lines of an application."""
        signal = LOG_SIGNALS["log_errors"]
        groups = [
            source.group
            for source in own
            if not source.shared and any(count.name == "errors" for count in source.counts)
        ]
        if not groups:
            return
        if len(groups) >= MOST_METRICS:
            self.omissions.add(
                service.declared,
                f"has its share of errors from {MOST_METRICS - 1} of its {len(groups)} log groups, which is what "
                f"metric math takes.",
            )
            groups = groups[: MOST_METRICS - 1]
        several = len(groups) > 1
        lines = [
            Query(f"a{number}" if several else "all", "AWS/Logs", _LINES, {"LogGroupName": group}, "Sum")
            for number, group in enumerate(groups, 1)
        ]
        # One of several may be silent.
        whole = (("all", "+".join(f"FILL({query.id},0)" for query in lines)),) if several else ()
        queries = (self._query("bad", metric(service.name, "errors")), *lines)
        one = Series(signal, "", "", queries=queries, steps=(*whole, ("e", signal.expression)))
        self._incident(service, one, service.declared["logs"]["error_rate"])

    def _requests(self, service: Service, own: Sequence[Source]) -> None:
        """Errors of the requests in access logs: of the service's own together, and of its load balancer."""
        logs = service.declared["logs"]
        for shared in (False, True):
            counts: dict[str, str] = {}
            for source in own:
                if source.shared == shared and source.format and source.format.access:
                    counts.update({count.name: source.metric(count.name) for count in source.counts})
            if "requests" not in counts:
                continue
            whole = counts["requests"]
            balancer = "load-balancer" if shared else ""
            # What the load balancer counts itself needs no log.
            if "5xx" in counts and not (shared and service.declared["alarms"]["errors_5xx"]):
                label = "the load balancer's requests" if shared else ""
                one = self._share(LOG_SIGNALS["log_5xx"], balancer, label, counts["5xx"], whole)
                self._incident(service, one, logs["error_rate"])
            for name, resource, label in (
                ("502", "", ""),
                ("502_balancer", "balancer", "the load balancer's own"),
                ("502_application", "application", "the application's"),
            ):
                if name in counts:
                    one = self._share(LOG_SIGNALS["log_502"], resource, label, counts[name], whole)
                    self._incident(service, one, logs["bad_gateway"])

    def _queries(self, service: Service, own: Sequence[Source]) -> None:
        """How long the slow queries of a database take."""
        signal = LOG_SIGNALS["database_slow_queries"]
        for source in own:
            count = _counted(source, "query_time")
            if source.declared["kind"] != "database" or count is None:
                continue
            name = source.metric(count.name)
            ident = str(self.found[service.name]["database"]["id"])
            one = Series(
                signal,
                ident,
                f"database {ident}",
                queries=(self._query("n", name, "SampleCount"), self._query("q", name, "p90")),
                steps=(("e", signal.expression),),
                scale=count.scale,
            )
            self._incident(service, one, service.declared["logs"]["slow_query"])

    # -- what is there and what is not --------------------------------------------------------------------------------

    def _silence(self, service: Service, own: Sequence[Source]) -> None:
        silence = service.declared["logs"]["silence"]
        if not silence:
            return
        signal = LOG_SIGNALS["log_silence"]
        settings = _settings(
            signal,
            silence["severity"],
            {
                "threshold": 1,
                "evaluation_periods": silence["minutes"],
                "datapoints": silence["minutes"],
                "period": None,
            },
        )
        for source in own:
            if not source.shared:
                query = Query("m", "AWS/Logs", _LINES, {"LogGroupName": source.group}, "Sum")
                name = str(source.declared["name"])
                self._incident(service, Series(signal, name, f"log group {source.group}", queries=(query,)), settings)

    def _anomalies(self, service: Service, own: Sequence[Source]) -> None:
        if not service.declared["logs"].get("anomaly"):
            return
        signal = LOG_SIGNALS["log_anomaly"]
        level = {"threshold": 1, "evaluation_periods": 1, "datapoints": 1, "period": None}
        for source in own:
            if source.shared or source.declared["class"] != "standard":
                continue
            dimensions = {"LogAnomalyDetector": source.group, "LogAnomalyPriority": "HIGH"}
            query = Query("m", signal.namespace, signal.metrics[0].name, dimensions, "Sum")
            one = Series(signal, str(source.declared["name"]), f"log group {source.group}", queries=(query,))
            self._incident(service, one, _settings(signal, "warning", level))

    # -- what the catalogue looks for ---------------------------------------------------------------------------------

    def _patterns(self, service: Service, own: Sequence[Source]) -> None:
        signal = LOG_SIGNALS["log_pattern"]
        for pattern in service.declared["logs"]["patterns"]:
            if pattern.get("threshold") is None:
                continue
            if not any(source.filtered for source in named(own, pattern["sources"])):
                self.omissions.add(
                    service.declared,
                    f"has no alarm on the pattern '{pattern['name']}', since no log is searched for it.",
                )
                continue
            name, stat = metric(service.name, str(pattern["name"])), str(pattern["statistic"])
            insights = ""
            if pattern.get("dimensions"):
                if stat not in _INSIGHTS:
                    self.omissions.add(
                        service.declared,
                        f"has no alarm on the pattern '{pattern['name']}', since CloudWatch compares no {stat} over "
                        f"dimensions.",
                    )
                    continue
                insights = self._grouped(name, _INSIGHTS[stat], list(pattern["dimensions"]))
            one = Series(
                signal,
                str(pattern["name"]),
                str(pattern["name"]),
                queries=() if insights else (self._query("m", name, stat),),
                insights=insights,
            )
            level = {key: pattern[key] for key in ("threshold", "evaluation_periods", "datapoints", "period")}
            self._incident(service, one, _settings(signal, pattern["severity"], level, pattern.get("runbook")))

    def _grouped(self, name: str, function: str, dimensions: Sequence[str]) -> str:
        """A query of Metrics Insights for a metric by all of its dimensions."""

        def quoted(text: str) -> str:
            return '"' + text.replace('"', '""') + '"'

        by = ", ".join(quoted(dimension) for dimension in dimensions)
        return " ".join(
            ["SELECT", f"{function}({quoted(name)})", "FROM", f"SCHEMA({quoted(self.space)}, {by})", "GROUP BY", by]
        )

    def _repeated(self, service: Service, own: Sequence[Source]) -> None:
        """An alarm on a query, whose message has the lines in it."""
        signal = LOG_SIGNALS["log_repeated"]
        for repeated in service.declared["logs"]["repeated"]:
            groups = list(dict.fromkeys(source.group for source in named(own, repeated["sources"])))
            if not groups or not self.role_arn:
                why = "no log is searched for it" if not groups else "the account is not known"
                self.omissions.add(
                    service.declared, f"has no alarm on the repeated error '{repeated['name']}', since {why}."
                )
                continue
            severity, minutes = str(repeated["severity"]), int(repeated["minutes"])
            one = Series(signal, str(repeated["name"]), str(repeated["name"]))
            incident = Incident(signal, one, _settings(signal, severity, {}, repeated.get("runbook")))
            incident.descriptions[severity] = self.description(
                service,
                incident,
                f"{signal.title} {repeated['name']}: {repeated['times']} lines or more in {minutes} "
                f"minute{'s' if minutes > 1 else ''} have {repeated['text']}.",
            )
            lines = {"count": int(repeated["lines"])}
            details: Entry = {
                "kind": "log",
                "threshold": int(repeated["times"]),
                "comparison": signal.comparison,
                "evaluation_periods": 1,
                "datapoints_to_alarm": 1,
                "treat_missing_data": signal.missing,
                "log_query": {
                    "query": f"fields @timestamp, @message, @logStream\n| filter {searched(str(repeated['text']))}\n"
                    f"| sort @timestamp desc",
                    "log_groups": groups[:MOST_LOG_GROUPS],
                    "role_arn": self.role_arn,
                    "schedule": f"rate({minutes} minute{'s' if minutes > 1 else ''})",
                    "start_offset": 60 * minutes + DELAY,
                    "end_offset": DELAY,
                    "aggregation": "count(*)",
                },
                "log_lines": {**lines, "role_arn": self.role_arn} if lines["count"] else lines,
            }
            self.add_watching(service, incident, severity, severity, details)
            service.incidents.append(incident)


def _counted(source: Source, name: str) -> Count | None:
    return next((count for count in source.counts if count.name == name), None)


def _settings(signal: Signal, severity: str, level: Mapping[str, Any], runbook: str | None = None) -> Settings:
    """What the catalogue declared in a few words, as :func:`.thresholds.complete` has it."""
    return {
        **dict.fromkeys(SEVERITIES),
        severity: dict(level),
        "treat_missing_data": signal.missing,
        "declared_missing": False,
        "runbook": runbook,
    }
