# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in's CloudWatch Logs knows, by account and Region, as plain data that can be written down.

Times are milliseconds since the epoch, as everywhere in this API.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

COUNTER = itertools.count(1)


@dataclass(slots=True)
class Event:
    """One log line. ``id`` is unique in the stand-in; ``fields`` is what the group's transformer made of it."""

    time: int
    message: str
    ingested: int
    id: str
    fields: dict[str, Any] | None = None

    def row(self) -> list[Any]:
        return [self.time, self.message, self.ingested, self.id, self.fields]


@dataclass
class Stream:
    """A log stream; ``events`` by time."""

    name: str
    created: int
    events: list[Event] = field(default_factory=list)
    ingested: int = 0

    def add(self, events: list[Event]) -> None:
        late = bool(self.events) and bool(events) and events[0].time < self.events[-1].time
        self.events += events
        if late:
            self.events.sort(key=lambda event: event.time)
        if events:
            self.ingested = events[-1].ingested

    def expire(self, before: int) -> None:
        """Drop the events that are older."""
        del self.events[: bisect.bisect_left(self.events, before, key=lambda event: event.time)]

    def between(self, first: int, last: int) -> list[Event]:
        """The events of a span, both ends included."""
        begin = bisect.bisect_left(self.events, first, key=lambda event: event.time)
        end = bisect.bisect_right(self.events, last, key=lambda event: event.time)
        return self.events[begin:end]


@dataclass
class Group:
    """A log group with all that hangs on it. Filters are as they were put, by name."""

    name: str
    created: int
    kind: str = "STANDARD"
    retention: int | None = None
    key: str | None = None
    protected: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    metric_filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    transformer: dict[str, Any] | None = None
    index_policy: dict[str, Any] | None = None
    data_protection: dict[str, Any] | None = None

    def bytes(self) -> int:
        return sum(len(event.message) + 26 for stream in self.streams.values() for event in stream.events)

    def dump(self) -> dict[str, Any]:
        return {
            **vars(self),
            "streams": [
                {**vars(stream), "events": [event.row() for event in stream.events]} for stream in self.streams.values()
            ],
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Group:
        group = cls(**{**dumped, "streams": {}})
        for entry in dumped["streams"]:
            stream = Stream(**{**entry, "events": [Event(*row) for row in entry["events"]]})
            group.streams[stream.name] = stream
        return group


@dataclass
class Scope:
    """One account in one Region. What is only kept and shown again lies in ``kept``, by kind and name."""

    account: str
    region: str
    groups: dict[str, Group] = field(default_factory=dict)
    kept: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    queries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The queries that were started; they are gone after a restart."""
    unmatched: dict[tuple[str, str, int], float] = field(default_factory=dict)
    """Default values to publish by group, filter and minute, unless a line of that minute matches."""

    @property
    def partition(self) -> str:
        return (
            "aws-cn" if self.region.startswith("cn-") else "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        )

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:logs:{self.region}:{self.account}:{resource}"

    def things(self, kind: str) -> dict[str, dict[str, Any]]:
        return self.kept.setdefault(kind, {})


class Store:
    """All accounts and Regions."""

    def __init__(self) -> None:
        self.scopes: dict[tuple[str, str], Scope] = {}

    def scope(self, account: str, region: str) -> Scope:
        found = self.scopes.get((account, region))
        if found is None:
            found = self.scopes[account, region] = Scope(account, region)
        return found

    def all(self) -> Iterator[Scope]:
        yield from list(self.scopes.values())

    def dump(self) -> list[dict[str, Any]]:
        """Everything as JSON can hold it."""
        return [
            {
                "account": scope.account,
                "region": scope.region,
                "groups": [group.dump() for group in scope.groups.values()],
                "kept": scope.kept,
                "unmatched": [[*key, value] for key, value in scope.unmatched.items()],
            }
            for scope in self.scopes.values()
        ]

    def load(self, dumped: list[dict[str, Any]]) -> None:
        """What ``dump`` wrote, after a restart."""
        for entry in dumped:
            scope = self.scope(entry["account"], entry["region"])
            for group in entry["groups"]:
                scope.groups[group["name"]] = Group.load(group)
            scope.kept = entry["kept"]
            for group, name, minute, value in entry["unmatched"]:
                scope.unmatched[group, name, minute] = value
