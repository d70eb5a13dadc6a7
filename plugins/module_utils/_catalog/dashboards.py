# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue and discovery to what ``cloudwatch_dashboards`` takes. Pure.

``ENVIRONMENT`` has the objectives, and a row for each service: state, traffic, errors, latency, saturation.
``ENVIRONMENT-SERVICE`` has everything that is known of a service. Where one is fuller than CloudWatch allows, it goes
on in ``…-2``, ``…-3``.

What is drawn are the series that the alarms watch, whether an alarm is on or off, with the thresholds of those that are
on as lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._errors import InputError
from .._relay import links
from . import alarms as alarm_entries
from . import names as naming
from .catalogue import Catalogue
from .series import Found, Omissions, Query, Series, groups, series
from .signals import FLEET, REQUESTS, SEVERITIES, SIGNALS, SLO_WINDOWS, VOLUME_TOTALS
from .traces import Traces, filter_of, traced

Entry = dict[str, Any]
Widget = dict[str, Any]

#: What CloudWatch takes: widgets a dashboard, metrics of all its widgets, metrics a widget, alarms an alarm widget,
#: characters of a search.
MOST_WIDGETS = 500
MOST_METRICS = 2500
MOST_ALARMS = 100
LONGEST_SEARCH = 1024

COLUMNS = 24

DRAWN = 10
"""Hosts, volumes and so on that are drawn as lines of their own. More are searched for, and have no names."""

COLORS = {"warning": "#ff7f0e", "critical": "#d62728"}
_BAND = "#95a5a6"

_OVERVIEW_PERIOD = 300
_ROW_HEIGHT = 4
#: Columns of a row of the environment: name, state, and four graphs.
_NAME_WIDTH, _STATE_WIDTH, _CELL_WIDTH = 3, 5, 4
_WIDTH, _HEIGHT = 8, 6
_MOST_LINKS = 20
#: Objectives that the environment's dashboard draws, a line each; of hundreds nobody could tell the colours.
_MOST_OBJECTIVES = 100
#: Minutes over which it draws how fast budgets burn.
_BURN_WINDOW = 60

#: Widgets of the head of a page: a text, and those of its services that fail; rows have two widgets or no such alarm.
_OVERVIEW_HEAD = 1 + -(-MOST_WIDGETS // 2 // MOST_ALARMS)

#: The kinds of each part of a service's dashboard, in the order of reading: what users see comes first.
_USERS = ("errors_5xx", "response_time", "unhealthy_hosts", "slo_fast")
_HOSTS = ("cpu", "memory", "disk", "io_latency", "network", "host_down")
_DATABASE = (
    "database_cpu", "database_connections", "database_latency", "database_load", "database_replication",
    "database_storage",
)  # fmt: skip

#: Metrics that the graphs of a service fetch of one resource at most: of a kind its own, those of two directions, or
#: those that a volume's latency is made of, and the requests.
_OF_A_RESOURCE = 1 + sum(
    max(2 * len(SIGNALS[kind].metrics), len(VOLUME_TOTALS)) for kind in (*_USERS, *_HOSTS, *_DATABASE)
)

#: What a metric counts whose thresholds are declared as a share.
_COUNTED = {"max_connections": "connections", "vcpus": "sessions", "allocated_bytes": "bytes"}


@dataclass
class Row:
    """Widgets that stay together on a page.

    :param widgets: with ``x`` and ``y`` within the row.
    :param metrics: how many metrics CloudWatch fetches for them.
    :param service: whose it is, on the dashboard of an environment.
    """

    widgets: list[Widget]
    height: int
    metrics: int = 0
    service: str = ""


@dataclass
class _Page:
    rows: list[Row] = field(default_factory=list)
    widgets: int = 0
    metrics: int = 0


def dashboards(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None = None,
    alarms: Sequence[Mapping[str, Any]] | None = None,
    traces: Mapping[str, Any] | None = None,
) -> list[Entry]:
    """The dashboards of an environment, and of each service.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned: ``account``, ``partition``, ``region`` and ``services`` by name.
    :param alarms: the entries of ``cloudwatch_alarms`` that are shown, to spare making them again.
    :param traces: see :data:`.traces.SETTINGS`.
    :raises InputError: the Region is not known, or a setting cannot be right.
    """
    discovery = discovery or {}
    if not discovery.get("region"):
        raise InputError("dashboards: discovery has no region: give what the module aws_discovery returned.")
    return _Maker(catalogue, discovery, alarms, traces).all()


def dashboard_names(
    catalogue: Catalogue,
    discovery: Mapping[str, Any],
    alarms: Sequence[Mapping[str, Any]],
    traces: Mapping[str, Any] | None = None,
) -> list[str]:
    """The names of the dashboards that :func:`dashboards` makes, in its order, and what is drawn left out.

    That is what they cost by. Pages of a service are drawn only where there could be more than one.
    """
    return _Maker(catalogue, discovery, alarms, traces).names()


class _Maker:
    def __init__(
        self,
        catalogue: Catalogue,
        discovery: Mapping[str, Any],
        alarms: Sequence[Mapping[str, Any]] | None,
        traces: Mapping[str, Any] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.traces = Traces(catalogue, traces, discovery)
        self.partition = str(discovery.get("partition") or "aws")
        self.environment = str(catalogue["environment"])
        self.region = str(discovery["region"])
        self.found: Mapping[str, Found] = discovery.get("services") or {}
        self.services = [service for service in catalogue["services"] if service["state"] != "absent"]
        self._taken: set[str] = set()
        self.overview = [self._name(self.environment)]
        #: The dashboards of services. What is there keeps its name before what goes.
        self.own = {service["name"]: self._name(self.environment, service["name"]) for service in self.services}
        self.alarms, self.failing = states(
            discovery, alarm_entries.alarms(catalogue, discovery) if alarms is None else alarms
        )

    def all(self) -> list[Entry]:
        pages = self._pages()
        result = [
            entry(name, [self._overview_header(number, page), *page.rows])
            for number, (name, page) in enumerate(zip(self.overview, pages, strict=True), 1)
        ]
        for service in self.services:
            result += self._service(service)
        for service in self.catalogue["services"]:
            if service["state"] == "absent":
                name = dashboard_name(self.environment, service["name"])
                if name not in self._taken:
                    result.append({"name": name, "state": "absent"})
        return result

    def names(self) -> list[str]:
        """The names of those that are there."""
        self._pages()
        result = list(self.overview)
        for service in self.services:
            one = self._is_one_page(service)
            result += [self.own[service["name"]]] if one else [page["name"] for page in self._service(service)]
        return result

    def _pages(self) -> list[_Page]:
        """The pages of the environment; they get their names."""
        rows = [*self._objectives(), *(self._row(service) for service in self.services)]
        pages = paged(rows, reserved=_OVERVIEW_HEAD)
        self.overview += [self._name(self.environment, str(number)) for number in range(2, len(pages) + 1)]
        return pages

    def _is_one_page(self, service: Mapping[str, Any]) -> bool:
        """Whether a service has so little that its dashboard is one page for certain. Half of it is for the rest."""
        found = self.found.get(service["name"]) or {}
        resources, own = _mappings(found), len(service.get("metrics") or ())
        metrics = resources * (_OF_A_RESOURCE + len(VOLUME_TOTALS) * len(service.get("mounts") or ())) + own
        # A query that groups has a line for each instance.
        metrics += (len(groups(found)) + 1) * len(FLEET) * DRAWN
        widgets = len(self._state(service["name"])) // MOST_ALARMS + own
        return metrics <= MOST_METRICS // 2 and widgets <= MOST_WIDGETS // 2

    def _name(self, *parts: str) -> str:
        """A name of a dashboard that is not taken yet."""
        name = dashboard_name(*parts)
        if name in self._taken:
            name = naming.fitted(name, naming.NAME_LENGTH, "\n".join(parts))
        self._taken.add(name)
        return name

    # -- the environment --------------------------------------------------------------------------------------------

    def _overview_header(self, number: int, page: _Page) -> Row:
        lines = [f"# {plain(self.environment)}"]
        if len(self.overview) > 1:
            lines.append(page_links(number, self.overview))
        lines.append(
            "Each row is a service: what its alarms say, requests, errors, response time, load."
            if self.services
            else "No services are declared."
        )
        header = Row([text("\n\n".join(lines), 0, 0, COLUMNS, 3)], 3)
        keys = [naming.part(row.service) for row in page.rows]
        arns = [self.failing[key] for key in keys if key in self.failing]
        for start in range(0, len(arns), MOST_ALARMS):
            part = arns[start : start + MOST_ALARMS]
            height = alarms_height(len(part))
            header.widgets.append(alarm_widget("Services that fail", part, 0, header.height, COLUMNS, height))
            header.height += height
        return header

    def _objectives(self) -> Iterator[Row]:
        """How much of their budgets the objectives have used, and how fast they burn."""
        named = [service for service in self.services if service["name"] in self.traces.objectives]
        if not named:
            return
        drawn = named[:_MOST_OBJECTIVES]
        used, burn = Graph(_OVERVIEW_PERIOD, "%"), Graph(_OVERVIEW_PERIOD, "times")
        for service in drawn:
            one = self.traces.series(service, "objective_budget")
            if one is not None:
                used.series(replace(one, label=service["name"]), None, {})
            query = self.traces.burn(service, _BURN_WINDOW)
            if query is not None:
                burn.metric(query, service["name"])
        used.line("critical", 100, "all of it")
        burn.line("warning", 1, "as fast as the objective allows")
        remark = f" ({len(drawn)} of {len(named)})" if len(named) > len(drawn) else ""
        graphs = [(f"Error budgets used{remark}", used)]
        if burn.count:
            graphs.append((f"Burn rates over {_minutes(60 * _BURN_WINDOW)}{remark}", burn))
        row = Row([text("## Objectives", 0, 0, COLUMNS, 1)], 1 + _HEIGHT)
        width = COLUMNS // len(graphs)
        for position, (title, graph) in enumerate(graphs):
            row.widgets.append(graph.widget(title, self.traces.region, position * width, 1, width, _HEIGHT))
            row.metrics += graph.count
        yield row

    def _row(self, service: Mapping[str, Any]) -> Row:
        """A service on the dashboard of its environment."""
        name, found = str(service["name"]), self.found.get(service["name"]) or {}
        lines = [f"**{link(name, self.own[name])}**"]
        if service.get("owner"):
            lines.append(plain(str(service["owner"])))
        if service.get("runbook"):
            lines.append(address("Runbook", service["runbook"]))
        row = Row([text("\n\n".join(lines), 0, 0, _NAME_WIDTH, _ROW_HEIGHT)], _ROW_HEIGHT, service=name)
        arns = self._state(name)[:MOST_ALARMS]
        if arns:
            row.widgets.append(alarm_widget(f"{name}: alarms", arns, _NAME_WIDTH, 0, _STATE_WIDTH, _ROW_HEIGHT))
        cells = [
            ("requests", self._requests(service, found, _OVERVIEW_PERIOD)),
            ("errors", self._signal(service, found, "errors_5xx", _OVERVIEW_PERIOD)),
            ("response time", self._signal(service, found, "response_time", _OVERVIEW_PERIOD)),
            ("load", self._load(service, found)),
        ]
        for position, (title, graph) in enumerate(cells):
            if graph is None:
                continue
            x = _NAME_WIDTH + _STATE_WIDTH + position * _CELL_WIDTH
            widget = graph.widget(f"{name}: {title}", self.region, x, 0, _CELL_WIDTH, _ROW_HEIGHT)
            # A cell is too small for a legend; the name of a line appears where one points at it.
            widget["properties"]["legend"] = {"position": "hidden"}
            row.widgets.append(widget)
            row.metrics += graph.count
        return row

    def _state(self, service: str) -> list[str]:
        """The alarms of a service, the one about the whole first."""
        key = naming.part(service)
        whole = [self.failing[key]] if key in self.failing else []
        return [*whole, *self.alarms.get(key, ())]

    def _load(self, service: Mapping[str, Any], found: Found) -> Graph | None:
        """How busy the hosts and the database are; the thresholds are those of the hosts where there are any."""
        hosts = self._signal(service, found, "cpu", _OVERVIEW_PERIOD, busiest=True)
        return self._signal(service, found, "database_cpu", _OVERVIEW_PERIOD, busiest=True, beside=hosts) or hosts

    # -- a service ----------------------------------------------------------------------------------------------------

    def _service(self, service: Mapping[str, Any]) -> list[Entry]:
        found = self.found.get(service["name"]) or {}
        arns = self._state(service["name"])
        state = Row([], 0)
        for start in range(0, len(arns), MOST_ALARMS):
            part = arns[start : start + MOST_ALARMS]
            height = alarms_height(len(part))
            state.widgets.append(alarm_widget("Alarms", part, 0, state.height, COLUMNS, height))
            state.height += height
        rows = [state] if state.widgets else []
        requests = self._requests(service, found)
        users = [
            *([("Requests", requests)] if requests else []),
            *self._signals(service, found, _USERS),
            *((str(metric["title"]), self._business(metric)) for metric in service.get("metrics") or ()),
        ]
        rows += self._part("What users see", users)
        if self.traces and traced(service) and self._asks_for_traces(service):
            rows += self._part("Traces", self._traces(service), self.traces.region, self._trace_links(service))
        rows += self._part("Hosts", self._signals(service, found, _HOSTS))
        rows += self._part("Database", self._signals(service, found, _DATABASE))
        pages = paged(rows, reserved=1)
        own = self.own[service["name"]]
        names = [own, *(self._name(own, str(number)) for number in range(2, len(pages) + 1))]
        return [
            entry(name, [self._header(service, number, names, bool(rows)), *page.rows])
            for number, (name, page) in enumerate(zip(names, pages, strict=True), 1)
        ]

    def _header(self, service: Mapping[str, Any], number: int, names: Sequence[str], full: bool) -> Row:
        facts = [f"Owner: {plain(str(service['owner']))}"] if service.get("owner") else []
        if service.get("runbook"):
            facts.append(address("Runbook", service["runbook"]))
        if service.get("objective") is not None:
            facts.append(f"Objective: {service['objective']:g} %")
        facts.append(link(self.environment, self.overview[0]))
        for word, others in (
            ("Depends on", [other for other in service.get("depends_on") or () if other in self.own]),
            (
                "Needed by",
                [other["name"] for other in self.services if service["name"] in (other.get("depends_on") or ())],
            ),
        ):
            if others:
                facts.append(f"{word} " + ", ".join(link(other, self.own[other]) for other in others[:_MOST_LINKS]))
        if len(names) > 1:
            facts.append(page_links(number, names))
        lines = [f"# {plain(service['name'])}"]
        if service.get("description"):
            lines.append(plain(str(service["description"])))
        lines.append(" · ".join(facts))
        if not full:
            lines.append("Nothing is known of this service on AWS yet.")
        return Row([text("\n\n".join(lines), 0, 0, COLUMNS, 3)], 3)

    def _part(
        self, title: str, graphs: Iterable[tuple[str, Graph]], region: str = "", below: str = ""
    ) -> Iterator[Row]:
        """The graphs of a part, three beside each other; the first row has the heading.

        :param region: where the metrics are, if that may be elsewhere.
        :param below: a line below the heading, which is there without graphs as well.
        """
        graphs = list(graphs)
        per_row = COLUMNS // _WIDTH
        lines = [f"## {title}", *([below] if below else [])]
        heading = text("\n\n".join(lines), 0, 0, COLUMNS, len(lines))
        if below and not graphs:
            yield Row([heading], len(lines))
        for start in range(0, len(graphs), per_row):
            top = len(lines) if start == 0 else 0
            row = Row([heading] if top else [], top + _HEIGHT)
            for position, (name, graph) in enumerate(graphs[start : start + per_row]):
                place = position * _WIDTH
                row.widgets.append(graph.widget(name, region or self.region, place, top, _WIDTH, _HEIGHT))
                row.metrics += graph.count
            yield row

    # -- traces -------------------------------------------------------------------------------------------------------

    def _asks_for_traces(self, service: Mapping[str, Any]) -> bool:
        """Whether a collector is brought to a service, or the catalogue says something of its traces."""
        return bool(service.get("hosts") or service.get("apm") or service["name"] in self.traces.objectives)

    def _trace_links(self, service: Mapping[str, Any]) -> str:
        """No widget that CloudWatch documents shows traces."""
        found = links.traces(self.traces.region, self.partition, filter_of(service))
        places = [("Traces of this service", found), ("Map", links.trace_map(self.traces.region, self.partition))]
        # Parentheses in them come in pairs, which Markdown takes.
        return " · ".join(f"[{shown}]({place})" for shown, place in places if place)

    def _traces(self, service: Mapping[str, Any]) -> Iterator[tuple[str, Graph]]:
        """What Application Signals says of a service and its objective, and how many traces X-Ray has of it."""
        objective, attained = self.traces.objectives.get(service["name"]), self.traces.attainment(service)
        if objective and attained:
            graph = Graph(_OVERVIEW_PERIOD, "%", None)
            graph.metric(attained, "attained")
            graph.line("critical", objective.goal, f"objective {objective.goal:g} %")
            yield "Objective", graph
            yield from self._of_traces(service, "objective_budget")
            burn = self._burn_rates(service)
            if burn is not None:
                yield "Burn rate", burn
        if self.traces.seen(service):
            for graph in self._percentiles(service):
                yield "Latency", graph
            yield from self._of_traces(service, "trace_faults")
            yield from self._of_traces(service, "trace_errors")
        yield from self._of_traces(service, "trace_silence", "Traces")

    def _of_traces(self, service: Mapping[str, Any], kind: str, title: str = "") -> Iterator[tuple[str, Graph]]:
        """The graph of a kind, as its alarm watches it."""
        one, settings = self.traces.series(service, kind), service["alarms"].get(kind) or {}
        if one is None:
            return
        signal = one.signal
        graph = Graph(one.period, unit_of(one))
        graph.series(one, settings.get("floor", signal.floor), settings)
        self._lines(graph, one, settings)
        yield title or signal.title, graph

    def _lines(self, graph: Graph, one: Series, settings: Mapping[str, Any]) -> None:
        for severity in SEVERITIES:
            if settings.get(severity):
                graph.thresholds([one], severity, settings[severity]["threshold"], one.signal.unit, None)

    def _burn_rates(self, service: Mapping[str, Any]) -> Graph | None:
        """A line for each window; the thresholds are those of whoever watches the burn."""
        graph = Graph(_OVERVIEW_PERIOD, "times")
        for minutes in self.traces.windows:
            query = self.traces.burn(service, minutes)
            if query is not None:
                graph.metric(query, f"over {_minutes(60 * minutes)}")
        for kind in SLO_WINDOWS:
            for severity in SEVERITIES:
                level = (service["alarms"].get(kind) or {}).get(severity)
                if level:
                    graph.line(severity, level["threshold"], f"{severity} {level['threshold']:g} times")
        return graph if graph.count else None

    def _percentiles(self, service: Mapping[str, Any]) -> Iterator[Graph]:
        one, settings = self.traces.series(service, "trace_latency"), service["alarms"].get("trace_latency") or {}
        if one is None:
            return
        graph = Graph(one.period, unit_of(one))
        watched = settings.get("statistic") or one.queries[0].stat
        for stat in dict.fromkeys(("p50", "p90", watched)):
            graph.metric(replace(one.queries[0], stat=stat), stat)
        self._lines(graph, one, settings)
        yield graph

    # -- graphs -------------------------------------------------------------------------------------------------------

    def _signals(self, service: Mapping[str, Any], found: Found, kinds: Sequence[str]) -> list[tuple[str, Graph]]:
        result = []
        for kind in kinds:
            graph = self._signal(service, found, kind, _OVERVIEW_PERIOD if kind in SLO_WINDOWS else 0)
            if graph is not None:
                title = "Error budget" if kind in SLO_WINDOWS else SIGNALS[kind].title
                result.append((f"{title}{graph.remark}", graph))
        return result

    def _signal(
        self,
        service: Mapping[str, Any],
        found: Found,
        kind: str,
        period: int = 0,
        *,
        busiest: bool = False,
        beside: Graph | None = None,
    ) -> Graph | None:
        """The graph of a kind; ``None`` where there is nothing of it.

        :param period: seconds of a point at least.
        :param busiest: only the highest of many.
        :param beside: a graph to draw it into, whose thresholds stand.
        """
        ones = series(service, found, SIGNALS[kind], Omissions())
        if not ones:
            return None
        graph = beside or Graph(max(period, *(one.period for one in ones)), unit_of(ones[0]))
        kinds = list(SLO_WINDOWS) if kind in SLO_WINDOWS else [kind]
        settings = {name: service["alarms"].get(name) or {} for name in kinds}
        floor = next(
            (given["floor"] for given in settings.values() if given.get("floor") is not None), SIGNALS[kind].floor
        )
        for one in ones:
            if one.insights:
                # A query that groups has a line for each instance, which CloudWatch names itself.
                graph.expression(one.insights, "", DRAWN)
        lines = [one for one in ones if not one.insights]
        searched = len(lines) > DRAWN and _searchable(lines)
        if searched:
            graph.search(lines, settings[kinds[0]], busiest=busiest)
        else:
            for one in lines[:DRAWN]:
                graph.series(one, floor, settings[kinds[0]])
            if len(lines) > DRAWN:
                graph.remark = f" ({DRAWN} of {len(lines)})"
        for name, given in settings.items():
            for severity in SEVERITIES:
                if given.get(severity) and beside is None:
                    graph.thresholds(ones, severity, given[severity]["threshold"], SIGNALS[name].unit, floor)
        return graph

    def _requests(self, service: Mapping[str, Any], found: Found, period: int = 60) -> Graph | None:
        """The traffic, by what the errors are a share of."""
        queries = [
            query
            for one in series(service, found, SIGNALS["errors_5xx"], Omissions())
            for query in one.queries
            if query.metric == REQUESTS.name
        ]
        if not queries:
            return None
        graph = Graph(period, f"requests in {_minutes(period)}")
        for query in queries[:DRAWN]:
            whole = query.dimensions.get("TargetGroup") or query.dimensions.get("LoadBalancer") or ""
            # targetgroup/NAME/ID, app/NAME/ID
            graph.metric(query, whole.split("/")[1] if "/" in whole else whole)
        return graph

    def _business(self, metric: Mapping[str, Any]) -> Graph:
        levels = {severity: metric[severity] for severity in SEVERITIES if metric.get(severity)}
        period = next((level["period"] for level in levels.values() if level.get("period")), 60)
        graph = Graph(period, str(metric.get("unit") or ""))
        dimensions = {str(key): str(value) for key, value in (metric.get("dimensions") or {}).items()}
        query = Query("m", metric["namespace"], metric["name"], dimensions, metric.get("statistic") or "Sum")
        graph.metric(query, str(metric["title"]))
        for severity, level in levels.items():
            graph.line(
                severity, level["threshold"], f"{severity} {level['threshold']:g} {metric.get('unit') or ''}".rstrip()
            )
        return graph


def states(
    discovery: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The ARNs of the alarms that watch each service, and of the one that is on while it fails."""
    account, partition = discovery.get("account"), discovery.get("partition") or "aws"
    watching: dict[str, list[str]] = {}
    failing: dict[str, str] = {}
    if not account:
        return watching, failing
    for one in entries:
        kind, last = (one.get("tags") or {}).get("kind"), one["name"].rpartition("/")[2]
        service = str(one["name"].split("/")[1])
        arn = f"arn:{partition}:cloudwatch:{discovery['region']}:{account}:alarm:{one['name']}"
        if one.get("state") == "absent" or last not in SEVERITIES:
            continue
        if kind != "service":
            watching.setdefault(service, []).append(arn)
        elif one["name"].count("/") == 3:
            failing[service] = arn
    return watching, failing


def _mappings(value: Any) -> int:
    """How many mappings there are in what discovery found: a resource is one."""
    if isinstance(value, Mapping):
        return 1 + sum(map(_mappings, value.values()))
    return sum(map(_mappings, value)) if isinstance(value, list | tuple) else 0


def _searchable(lines: Sequence[Series]) -> bool:
    """Whether the metrics themselves say enough: what is made of them by arithmetic cannot be searched for."""

    def measured(one: Series) -> list[tuple[str, str]]:
        # Of the network there is a series for each direction.
        return [(query.metric if one.signal.scope != "network" else "", query.stat) for query in one.queries]

    return all(
        measured(one) == measured(lines[0]) and not any(sign in step for _name, step in one.steps for sign in "/*")
        for one in lines
    )


def _minutes(seconds: int) -> str:
    return "a minute" if seconds == 60 else f"{seconds // 60} minutes"


def unit_of(one: Series) -> str:
    """The unit in which the metric of a series comes, which need not be that of its thresholds."""
    signal = one.signal
    if signal.share:
        return _COUNTED.get(signal.share, "")
    if signal.anomaly:
        return f"bytes in {_minutes(one.period)}"
    if signal.unit == "times":
        return "% of requests"
    if one.scale != 1:
        return {"ms": "s", "s": "ms"}.get(signal.unit, "")
    return signal.unit


class Graph:
    """A metric widget in the making."""

    def __init__(self, period: int, unit: str, bottom: float | None = 0) -> None:
        self.period = period
        #: Where its axis begins; wherever its values do if ``None``.
        self._bottom = bottom
        self.remark = ""
        #: How many metrics CloudWatch fetches for it.
        self.count = 0
        self._unit = unit
        self._metrics: list[list[Any]] = []
        self._lines: dict[tuple[str, float], str] = {}
        self._ids = 0

    def metric(self, query: Query, label: str, **options: Any) -> None:
        """A metric of its own."""
        dimensions = [part for pair in query.dimensions.items() for part in pair]
        shown = {"stat": query.stat, **({"label": label} if label else {}), **options}
        self._metrics.append([query.namespace, query.metric, *dimensions, shown])
        self.count += 1

    def expression(self, text: str, label: str, count: int = 0) -> None:
        """A line that is computed or searched for.

        :param count: how many metrics it fetches.
        """
        self._ids += 1
        self._metrics.append([{"expression": text, "id": f"q{self._ids}", **({"label": label} if label else {})}])
        self.count += count

    def series(self, one: Series, floor: float | None, settings: Mapping[str, Any]) -> None:
        """A series as its alarm computes it."""
        self._ids += 1
        number = self._ids
        stat = settings.get("statistic")
        label = one.label or one.signal.title
        if not one.steps:
            query = one.queries[0]
            own = Query(query.id, query.namespace, query.metric, query.dimensions, stat or query.stat)
            warning = settings.get("warning") or settings.get("critical")
            self.metric(own, label, id=f"m{number}")
            if one.signal.anomaly and warning:
                self._metrics.append(
                    [
                        {
                            "expression": f"ANOMALY_DETECTION_BAND(m{number}, {warning['threshold']:g})",
                            "id": f"b{number}",
                            "label": f"usual {label}",
                            "color": _BAND,
                        }
                    ]
                )
            return
        ids = [query.id for query in one.queries] + [name for name, _expression in one.steps]
        pattern = re.compile(r"\b(" + "|".join(map(re.escape, sorted(ids, key=len, reverse=True))) + r")\b")
        for query in one.queries:
            self.metric(query, "", id=f"{query.id}_{number}", visible=False)
        for name, expression in one.steps:
            renamed = pattern.sub(lambda found: f"{found[1]}_{number}", expression)
            last = name == one.steps[-1][0]
            self._metrics.append(
                [
                    {
                        "expression": renamed.replace("FLOOR", f"{floor or 0:g}"),
                        "id": f"{name}_{number}",
                        **({"label": label} if last else {"visible": False}),
                    }
                ]
            )

    def search(self, ones: Sequence[Series], settings: Mapping[str, Any], *, busiest: bool) -> None:
        """Many series by searches, as few as their length allows."""
        first = ones[0]
        dimension = next(iter(first.queries[0].dimensions))
        schema = ",".join([first.queries[0].namespace, *first.queries[0].dimensions])
        metrics = list(dict.fromkeys(query.metric for one in ones for query in one.queries))
        stat = settings.get("statistic") or first.queries[0].stat
        values = list(dict.fromkeys(query.dimensions[dimension] for one in ones for query in one.queries))
        head = f"{{{schema}}} MetricName={_either(metrics)} {dimension}="
        for part in _chunks(values, LONGEST_SEARCH - len(head) - 2):
            text = f"SEARCH('{head}{_either(part)}', '{stat}', {self.period})"
            count = sum(query.dimensions[dimension] in part for one in ones for query in one.queries)
            if busiest:
                self.expression(f"MAX({text})", f"highest of {len(part)}", count)
            else:
                self.expression(text, "", count)

    def thresholds(
        self, ones: Sequence[Series], severity: str, threshold: float, unit: str, floor: float | None
    ) -> None:
        """The lines from which on it is told. Where they differ from one to the other, each says whose it is."""
        signal = ones[0].signal
        if signal.anomaly:
            if severity == "critical" and floor:
                self.line(severity, floor * ones[0].period, f"critical from {floor:g} {signal.floor_unit} on")
            return
        values = {round(threshold * one.scale, 9): one.label for one in ones}
        for value, whose in list(values.items())[:DRAWN]:
            label = f"{severity} {threshold:g} {unit}".rstrip()
            self.line(severity, value, f"{label}, {whose}" if len(values) > 1 else label)

    def line(self, severity: str, value: float, label: str) -> None:
        """A horizontal line."""
        self._lines[severity, int(value) if float(value).is_integer() else value] = label

    def widget(self, title: str, region: str, x: int, y: int, width: int, height: int) -> Widget:
        """The widget."""
        properties: dict[str, Any] = {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "stacked": False,
            "period": self.period,
            "metrics": self._metrics,
            "yAxis": {
                "left": {
                    **({} if self._bottom is None else {"min": self._bottom}),
                    "showUnits": False,
                    **({"label": self._unit} if self._unit else {}),
                }
            },
        }
        if self._lines:
            properties["annotations"] = {
                "horizontal": [
                    {"label": label, "value": value, "color": COLORS[severity]}
                    for (severity, value), label in self._lines.items()
                ]
            }
        return {"type": "metric", "x": x, "y": y, "width": width, "height": height, "properties": properties}


def _either(values: Sequence[str]) -> str:
    quoted = [f'"{value}"' for value in values]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"


def _chunks(values: Sequence[str], length: int) -> list[list[str]]:
    """The values in as few parts as fit into so many characters each."""
    result: list[list[str]] = [[]]
    for value in values:
        if result[-1] and len(_either([*result[-1], value])) > length:
            result.append([])
        result[-1].append(value)
    return result


# -- pages and widgets ------------------------------------------------------------------------------------------------


def paged(rows: Iterable[Row], reserved: int) -> list[_Page]:
    """The rows on as few pages as CloudWatch allows; there is always one.

    :param reserved: widgets that each page has besides.
    """
    pages = [_Page()]
    for row in rows:
        page = pages[-1]
        full = page.widgets + len(row.widgets) > MOST_WIDGETS - reserved or page.metrics + row.metrics > MOST_METRICS
        if full and page.rows:
            page = _Page()
            pages.append(page)
        page.rows.append(row)
        page.widgets += len(row.widgets)
        page.metrics += row.metrics
    return pages


def entry(name: str, rows: Iterable[Row]) -> Entry:
    """An entry of ``cloudwatch_dashboards``: the rows below each other."""
    widgets = []
    y = 0
    for row in rows:
        widgets += [{**widget, "y": widget["y"] + y} for widget in row.widgets]
        y += row.height
    return {"name": name, "body": {"widgets": widgets}}


def text(markdown: str, x: int, y: int, width: int, height: int) -> Widget:
    """A text widget."""
    return {"type": "text", "x": x, "y": y, "width": width, "height": height, "properties": {"markdown": markdown}}


def alarm_widget(title: str, arns: Sequence[str], x: int, y: int, width: int, height: int) -> Widget:
    """A widget with the states of alarms."""
    properties = {"title": title, "alarms": list(arns)}
    return {"type": "alarm", "x": x, "y": y, "width": width, "height": height, "properties": properties}


def dashboard_name(*parts: str) -> str:
    """The parts as a name of letters, digits, hyphens and underscores."""
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", "-".join(parts)).strip("-")
    # What letters of other scripts said is in the digest.
    return naming.fitted(slug or "dashboard", naming.NAME_LENGTH, "" if slug else "\n".join(parts))


def alarms_height(count: int) -> int:
    """Rows of a widget as wide as the dashboard with so many alarms, some six beside each other."""
    return 2 + -(-count // 6)


def page_links(number: int, names: Sequence[str]) -> str:
    return "Page " + " · ".join(
        f"**{other}**" if other == number else link(str(other), name) for other, name in enumerate(names, 1)
    )


def link(shown: str, name: str) -> str:
    """A link to a dashboard."""
    return f"[{plain(shown)}](#dashboards:name={name})"


def plain(shown: str) -> str:
    """A text of the catalogue as it stands, whatever it means in Markdown."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(shown.split()))


def address(shown: str, url: str) -> str:
    """A link to an address."""
    return f"[{shown}]({url.replace('(', '%28').replace(')', '%29').replace(' ', '%20')})"
