# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue and discovery to a dashboard of logs, for ``cloudwatch_dashboards``. Pure.

``ENVIRONMENT-logs`` has a row for each service: how much it logs, how much of that is errors, its requests, what else
is counted, and the errors themselves. Every look at those runs a query, which is paid by what it reads: where there
are many services, they are left to the saved queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._errors import InputError
from . import names as naming
from .catalogue import Catalogue
from .dashboards import (
    COLUMNS,
    DRAWN,
    MOST_ALARMS,
    Entry,
    Graph,
    Row,
    Widget,
    alarm_widget,
    alarms_height,
    dashboard_name,
    entry,
    link,
    page_links,
    paged,
    plain,
    states,
    text,
)
from .log_alarms import log_alarms
from .log_queries import log_queries
from .logs import Source, by_service, metric, named, namespace, sources
from .series import Query
from .signals import SEVERITIES

QUERIED = 10
"""Services whose errors are on the dashboard themselves."""

_PERIOD = 300
_HEIGHT = 6
_WIDTH = 8
#: The queries that are worth a look every day, by the beginning of their titles.
_SHOWN = ("Top errors", "Server errors by route", "Slowest queries")

#: What is drawn into one graph: title, and counts.
_GRAPHS = (
    ("errors", ("errors",)),
    ("requests", ("requests",)),
    ("failed requests", ("4xx", "5xx", "502", "502_balancer", "502_application")),
)


def log_dashboard(
    catalogue: Catalogue, discovery: Mapping[str, Any] | None = None, alarms: Sequence[Mapping[str, Any]] | None = None
) -> list[Entry]:
    """The dashboard, in several pages where one would be fuller than CloudWatch allows.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned.
    :param alarms: the entries of :func:`.log_alarms.log_alarms`, to spare making them again.
    :raises InputError: the Region is not known.
    """
    discovery = discovery or {}
    if not discovery.get("region"):
        raise InputError("log dashboard: discovery has no region: give what the module aws_discovery returned.")
    return _Maker(catalogue, discovery, alarms).all()


class _Maker:
    def __init__(
        self, catalogue: Catalogue, discovery: Mapping[str, Any], alarms: Sequence[Mapping[str, Any]] | None
    ) -> None:
        self.environment = str(catalogue["environment"])
        self.region = str(discovery["region"])
        self.space = namespace(self.environment)
        self.taken = {dashboard_name(self.environment, str(service["name"])) for service in catalogue["services"]}
        self.found = by_service(sources(catalogue, discovery))
        self.services = [service for service in catalogue["services"] if service["name"] in self.found]
        made = log_alarms(catalogue, discovery) if alarms is None else alarms
        self.watching, _failing = states(discovery, made)
        self.queries: dict[str, list[Entry]] = {}
        if len(self.services) <= QUERIED:
            for query in log_queries(catalogue, discovery):
                self.queries.setdefault(query["name"].split("/")[0], []).append(query)

    def all(self) -> list[Entry]:
        rows = [row for service in self.services for row in self._service(service)]
        pages = paged(rows, reserved=1)
        first = dashboard_name(self.environment, "logs")
        if first in self.taken:  # by a service of this name
            first = naming.fitted(first, naming.NAME_LENGTH, f"{self.environment}\nlogs")
        names = [first, *(f"{first}-{number}" for number in range(2, len(pages) + 1))]
        return [
            entry(name, [self._header(number, names), *page.rows])
            for number, (name, page) in enumerate(zip(names, pages, strict=True), 1)
        ]

    def _header(self, number: int, names: Sequence[str]) -> Row:
        lines = [f"# Logs of {plain(self.environment)}"]
        if len(names) > 1:
            lines.append(page_links(number, names))
        lines.append(
            f"What is found in the logs of each service. {link(self.environment, dashboard_name(self.environment))}"
            if self.services
            else "No service has logs."
        )
        return Row([text("\n\n".join(lines), 0, 0, COLUMNS, 3)], 3)

    def _service(self, service: Mapping[str, Any]) -> list[Row]:
        name, own = str(service["name"]), self.found[service["name"]]
        head = Row([text(f"## {plain(name)}", 0, 0, COLUMNS, 1)], 1, service=name)
        arns = self.watching.get(naming.part(name), [])[:MOST_ALARMS]
        if arns:
            height = alarms_height(len(arns))
            head.widgets.append(alarm_widget(f"{name}: alarms", arns, 0, 1, COLUMNS, height))
            head.height += height
        graphs = [graph for graph in self._graphs(service, own) if graph[1].count]
        rows = [head]
        per_row = COLUMNS // _WIDTH
        for start in range(0, len(graphs), per_row):
            row = Row([], _HEIGHT, service=name)
            for position, (title, graph) in enumerate(graphs[start : start + per_row]):
                row.widgets.append(graph.widget(title, self.region, position * _WIDTH, 0, _WIDTH, _HEIGHT))
                row.metrics += graph.count
            rows.append(row)
        return [*rows, *self._lines(name)]

    def _graphs(self, service: Mapping[str, Any], own: Sequence[Source]) -> Iterable[tuple[str, Graph]]:
        name, logs = str(service["name"]), service["logs"]
        lines = Graph(_PERIOD, "lines in 5 minutes")
        for group in list(dict.fromkeys(source.group for source in own))[:DRAWN]:
            lines.metric(Query("m", "AWS/Logs", "IncomingLogEvents", {"LogGroupName": group}, "Sum"), group)
        yield f"{name}: lines", lines
        for title, counts in _GRAPHS:
            graph = Graph(_PERIOD, "in 5 minutes")
            for metric_name, label in _metrics(own, counts).items():
                graph.metric(Query("m", self.space, metric_name, {}, "Sum"), label)
            yield f"{name}: {title}", graph
        times = Graph(_PERIOD, "")
        for source in own:
            for count in source.counts:
                if count.measured:
                    label = f"{source.declared['name']} {count.name}, p90, {count.unit.lower()}"
                    times.metric(Query("m", self.space, source.metric(count.name), {}, "p90"), label)
        self._thresholds(times, own, logs.get("slow_query"))
        yield f"{name}: times", times
        patterns = Graph(_PERIOD, "")
        for pattern in logs["patterns"][:DRAWN]:
            # With dimensions there is a metric for each of their values, which the alarm's query finds.
            if not pattern.get("dimensions") and any(one.filtered for one in named(own, pattern["sources"])):
                title = str(pattern["name"])
                query = Query("m", self.space, metric(name, title), {}, str(pattern["statistic"]))
                patterns.metric(query, title)
        yield f"{name}: patterns", patterns

    def _thresholds(self, graph: Graph, own: Sequence[Source], settings: Mapping[str, Any] | None) -> None:
        scales = {count.scale for source in own for count in source.counts if count.name == "query_time"}
        for severity in SEVERITIES:
            if settings and settings[severity] and len(scales) == 1:
                seconds = settings[severity]["threshold"]
                graph.line(severity, seconds * next(iter(scales)), f"{severity} {seconds:g} s")

    def _lines(self, name: str) -> list[Row]:
        """The answers of some saved queries, below each other."""
        rows = []
        for query in self.queries.get(naming.part(name), ()):
            title = query["name"].partition("/")[2]
            if title.startswith(_SHOWN):
                rows.append(Row([log_widget(f"{name}: {title}", query, self.region)], _HEIGHT, service=name))
        return rows


def _metrics(own: Sequence[Source], counts: Sequence[str]) -> dict[str, str]:
    """The metrics of some counts, and what a graph calls each."""
    found: dict[str, str] = {}
    for source in own:
        for count in source.counts:
            if count.name in counts:
                where = f"{source.declared['name']} " if source.shared else ""
                found.setdefault(source.metric(count.name), f"{where}{count.name.replace('_', ' ')}")
    return found


def log_widget(title: str, query: Mapping[str, Any], region: str) -> Widget:
    """A widget with the answer to a query, as wide as the dashboard."""
    groups = " | ".join(f"SOURCE '{group}'" for group in query["log_groups"])
    return {
        "type": "log",
        "x": 0,
        "y": 0,
        "width": COLUMNS,
        "height": _HEIGHT,
        "properties": {
            "title": title,
            "region": region,
            "view": "table",
            "query": f"{groups} | {query['query']}",
        },
    }
