# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue and discovery to the entries of ``cloudwatch_log_queries``, for the usual troubles. Pure.

They are in a folder for each service. What a query calls its fields is as the format of the logs has them, so that none
of them asks for what is not there. Logs of one format are asked together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import names as naming
from .catalogue import Catalogue
from .log_alarms import searched
from .log_formats import Format
from .logs import Source, by_service, named, sources

Entry = dict[str, Any]

MOST_LOG_GROUPS = 50
"""Log groups of one query."""

TOP = 25
LINES = 100

EVERYTHING = "All services"
"""The folder of queries about the environment as a whole."""

#: Text without what differs from line to line: from the word that says that it is an error on.
_TEXT_ERROR = "/(?<what>(?:ERROR|CRITICAL|FATAL|panic:|[A-Za-z_.]+(?:Error|Exception))[^\\n]{0,160})/"


def log_queries(
    catalogue: Catalogue, discovery: Mapping[str, Any] | None = None, parameters: bool = True
) -> list[Entry]:
    """The saved queries.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned.
    :param parameters: whether queries may have parameters; without, a word stands where to put the value.
    """
    found = by_service(sources(catalogue, discovery, absent=True))
    result: list[Entry] = []
    for service in catalogue["services"]:
        entries = list(_Service(service, found.get(service["name"], []), parameters).all())
        if service["state"] == "absent":
            entries = [{"name": entry["name"], "state": "absent"} for entry in entries]
        result += entries
    there = [source for own in found.values() for source in own if source.service["state"] != "absent"]
    return [*result, *_volume(there)]


class _Service:
    def __init__(self, service: Mapping[str, Any], own: Sequence[Source], parameters: bool) -> None:
        self.service = service
        self.sources = own
        self.parameters = parameters
        self.folder = naming.part(str(service["name"]))

    def all(self) -> Iterable[Entry]:
        """The queries, each title once: of several formats, each with the names of its sources."""
        found: list[tuple[str, str, list[Source], Entry]] = []
        for form, those in self._formats():
            found += [(title, _sources(those), those, entry) for title, entry in self._of(form, those)]
        titles = [title for title, _names, _those, _entry in found]
        for title, names, those, entry in found:
            shown = f"{title} ({names})" if titles.count(title) > 1 else title
            yield self._entry(shown, entry["query"], [source.group for source in those], entry.get("parameters"))
        if any(source.format and source.declared["kind"] != "database" for source in self.sources):
            yield self._request()
        for repeated in self.service["logs"]["repeated"]:
            those = named(self.sources, repeated["sources"])
            if those:
                query = _piped(f"filter {searched(str(repeated['text']))}", *_newest())
                yield self._entry(f"Repeated: {repeated['name']}", query, [source.group for source in those])

    def _formats(self) -> list[tuple[Format, list[Source]]]:
        result: dict[str, tuple[Format, list[Source]]] = {}
        for source in self.sources:
            if source.format is not None:
                result.setdefault(source.format.name, (source.format, []))[1].append(source)
        return list(result.values())

    def _entry(
        self, title: str, query: str, groups: Iterable[str], parameters: Sequence[Mapping[str, str]] | None = None
    ) -> Entry:
        name = naming.fitted(f"{self.folder}/{title.replace('/', '-')}", naming.NAME_LENGTH - 64)
        if not self.parameters:
            for parameter in parameters or ():
                query = query.replace(f"{{{{{parameter['name']}}}}}", parameter["name"].upper())
        return {
            "name": name,
            "query": query,
            "log_groups": list(dict.fromkeys(groups))[:MOST_LOG_GROUPS],
            **({"parameters": [dict(parameter) for parameter in parameters or ()]} if self.parameters else {}),
        }

    def _request(self) -> Entry:
        """Whatever any log says of one request."""
        query = _piped(
            "fields @timestamp, @log, @message",
            'filter @message like "{{trace_id}}"',
            "sort @timestamp asc",
            "limit 1000",
        )
        groups = [source.group for source in self.sources if source.format and source.declared["kind"] != "database"]
        described = "The trace id, as the load balancer or the application wrote it."
        return self._entry("One request by trace id", query, groups, [{"name": "trace_id", "description": described}])

    def _of(self, form: Format, those: Sequence[Source]) -> list[tuple[str, Entry]]:
        own = _own(those)
        if form.access:
            result = _access(form, own)
        elif "statement" in form.fields:
            result = _database(form, own)
        else:
            result = _application(form, own)
        return [*result, *self._last(form, those)]

    def _last(self, form: Format, those: Sequence[Source]) -> list[tuple[str, Entry]]:
        """The last lines, of a container that one can name."""
        containers = [source for source in those if source.declared["kind"] == "docker"]
        if not containers:
            # An access log has better questions than for its last lines, and a load balancer's is of others, too.
            return [] if form.access else [("Last lines", {"query": _piped(*_newest())})]
        agent = containers[0].declared["driver"] == "agent"
        where = 'filter attrs.tag = "{{container}}"' if agent else 'filter @logStream like "{{container}}"'
        names = [str(source.declared["of"]) for source in containers if source.declared["of"] != "*"]
        parameter = {"name": "container", "description": "The name of the container."}
        if names:
            parameter["default"] = names[0]
        return [("Last lines of a container", {"query": _piped(where, *_newest()), "parameters": [parameter]})]


def _sources(those: Sequence[Source]) -> str:
    """What several sources of one format are called in a title."""
    return ", ".join(dict.fromkeys(_called(source) for source in those))


def _called(source: Source) -> str:
    # A database has several logs.
    name = str(source.declared["name"])
    return f"{name} {source.log}" if source.declared["kind"] == "database" else name


def _own(those: Sequence[Source]) -> tuple[str, ...]:
    """A command that leaves the requests of the service's own target groups, where it has any."""
    arns = dict.fromkeys(arn for source in those for arn in source.target_groups)
    alike = " or ".join(f'@message like "{arn}"' for arn in arns)
    return (f"filter {alike}",) if arns else ()


def _newest() -> tuple[str, ...]:
    return ("fields @timestamp, @logStream, @message", "sort @timestamp desc", f"limit {LINES}")


def _access(form: Format, own: Sequence[str]) -> list[tuple[str, Entry]]:
    fields = form.fields
    status, route, client = fields["status"], fields["route"], fields["client"]
    begin = (*own, *form.prelude)
    found = [
        (
            "Server errors by route",
            _piped(*begin, f"filter {form.errors}", f"stats count(*) as errors by {route}, {status}", *_top("errors")),
        ),
        ("Requests by status", _piped(*begin, f"stats count(*) as requests by bin(5m), {status}")),
        ("Who calls most", _piped(*begin, f"stats count(*) as requests by {client}", *_top("requests"))),
        (
            "Routes called most",
            _piped(*begin, f"stats count(*) as requests by {route}", *_top("requests")),
        ),
    ]
    if "target" in fields:
        by = f"{fields['target']}, {status}, {fields['target_status']}"
        found.append(
            (
                "Server errors by target",
                _piped(*begin, f"filter {form.errors}", f"stats count(*) as errors by {by}", *_top("errors")),
            )
        )
    if "seconds" in fields:
        seconds = fields["seconds"]
        found += [
            (
                "Slowest requests",
                _piped(
                    *begin,
                    f"filter {seconds} >= 0",
                    f"fields @timestamp, {seconds}, {status}, {route}, {client}, {fields['target']}, {fields['trace']}",
                    f"sort {seconds} desc",
                    f"limit {TOP}",
                ),
            ),
            (
                "Slowest routes",
                _piped(
                    *begin,
                    f"filter {seconds} >= 0",
                    f"stats count(*) as requests, avg({seconds}) as mean, pct({seconds}, 90) as p90 by {route}",
                    *_top("p90"),
                ),
            ),
        ]
    return [(title, {"query": query}) for title, query in found]


def _application(form: Format, own: Sequence[str]) -> list[tuple[str, Entry]]:
    message = form.fields["message"]
    begin = (*own, *form.prelude, f"filter {form.errors}")
    if form.kind == "terms":
        by = (f"parse {message} {_TEXT_ERROR}", "stats count(*) as errors, latest(@timestamp) as last by what")
    else:
        by = (f"fields {message} as what", "stats count(*) as errors, latest(@timestamp) as last by what")
    found = [
        ("Top errors", _piped(*begin, *by, *_top("errors"))),
        ("Error patterns", _piped(*begin, f"pattern {'@message' if message.startswith('coalesce') else message}")),
        ("Errors over time", _piped(*begin, "stats count(*) as errors by bin(5m)")),
    ]
    return [(title, {"query": query}) for title, query in found]


def _database(form: Format, own: Sequence[str]) -> list[tuple[str, Entry]]:
    begin = (*own, *form.prelude)
    slow = (*begin, "filter ispresent(seconds)")
    found = [
        (
            "Slowest queries",
            _piped(*slow, "fields @timestamp, seconds, client, statement", "sort seconds desc", f"limit {TOP}"),
        ),
        (
            "Statements that are slow most often",
            _piped(
                *slow,
                "stats count(*) as queries, sum(seconds) as total, max(seconds) as longest by statement",
                *_top("total"),
            ),
        ),
    ]
    if form.errors:
        by = f"stats count(*) as errors by {form.fields['message']}"
        found.append(("Top errors", _piped(*begin, f"filter {form.errors}", by, *_top("errors"))))
    return [(title, {"query": query}) for title, query in found]


def _volume(there: Sequence[Source]) -> list[Entry]:
    """Which log group writes how much: what the bill is made of."""
    groups = list(dict.fromkeys(source.group for source in there))
    chunks = [groups[start : start + MOST_LOG_GROUPS] for start in range(0, len(groups), MOST_LOG_GROUPS)]
    query = _piped(
        "stats sum(strlen(@message)) as characters, count(*) as lines by @log", "sort characters desc", "limit 50"
    )
    return [
        {
            "name": f"{EVERYTHING}/Log volume by group" + (f" {number}" if number > 1 else ""),
            "query": query,
            "log_groups": chunk,
        }
        for number, chunk in enumerate(chunks, 1)
    ]


def _top(what: str) -> tuple[str, ...]:
    return (f"sort {what} desc", f"limit {TOP}")


def _piped(*commands: str) -> str:
    return "\n| ".join(commands)
