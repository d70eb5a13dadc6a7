# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metric filters: what a batch of log lines becomes in CloudWatch. Pure."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lab.aws.cloudwatch_logs.pattern import BadPattern, Match, Pattern, parse
from lab.aws.cloudwatch_logs.refuse import invalid
from lab.aws.cloudwatch_logs.store import Event, Group, Scope

MINUTE = 60_000


@dataclass(frozen=True)
class Datum:
    """A value for a metric; ``time`` in milliseconds."""

    namespace: str
    metric: str
    value: float
    time: int
    unit: str | None
    dimensions: tuple[tuple[str, str], ...] = ()


def check(given: dict[str, Any]) -> Pattern:
    """Check a metric filter that is put."""
    pattern = read(given["filterPattern"])
    one = given["metricTransformations"][0]
    if one["metricNamespace"].startswith("AWS/"):
        raise invalid("Invalid metric transformation: metric namespaces must not start with AWS/.")
    dimensions = one.get("dimensions", {})
    if len(dimensions) > 3:
        raise invalid("Invalid metric transformation: a maximum of 3 dimensions is allowed.")
    if dimensions and one.get("defaultValue") is not None:
        raise invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.")
    if given.get("emitSystemFieldDimensions") and one.get("defaultValue") is not None:
        raise invalid("Invalid metric transformation: system fields and default value are mutually exclusive.")
    for name, wanted in [*dimensions.items(), ("metric value", one["metricValue"])]:
        if wanted.startswith("$"):
            refers(pattern, name, wanted)
        elif name in dimensions:
            raise invalid(f"Invalid metric transformation: the dimension '{name}' must name a field, not '{wanted}'.")
        elif number(wanted) is None:
            raise invalid(f"Invalid metric transformation: '{wanted}' is neither a number nor a field.")
    return pattern


def refers(pattern: Pattern, name: str, wanted: str) -> None:
    """Whether a ``$…`` can be had of the lines that a pattern matches."""
    fits = (
        wanted.startswith(("$.", "$["))
        if pattern.kind == "json"
        else wanted in pattern.names or wanted[1:].isdigit()
        if pattern.kind == "fields"
        else False
    )
    if not fits:
        raise invalid(f"Invalid metric transformation: the {name} '{wanted}' is not a field of the filter pattern.")


def read(text: str) -> Pattern:
    try:
        return parse(text)
    except BadPattern as exc:
        raise invalid(f"Invalid filter pattern. {exc}") from None


def number(text: str | None) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def text_of(event: Event, transformed: bool) -> str:
    """The line that a filter looks at."""
    if transformed and event.fields is not None:
        return json.dumps(event.fields, ensure_ascii=False)
    return event.message


def publish(scope: Scope, group: Group, events: Iterable[Event]) -> Iterator[Datum]:
    """The data of a batch of lines; default values are put aside until their minute is over."""
    batch = list(events)
    yield from incoming(group, batch)
    for name, put in group.metric_filters.items():
        pattern = parse(put["filterPattern"])
        one = put["metricTransformations"][0]
        unmatched = set()
        matched = set()
        for event in batch:
            minute = event.time // MINUTE
            match = pattern.match(text_of(event, put.get("applyOnTransformedLogs", False)))
            if match is None:
                unmatched.add(minute)
                continue
            matched.add(minute)
            datum = datum_of(scope, put, pattern, match, event)
            if datum is not None:
                yield datum
        if one.get("defaultValue") is None:
            continue
        for minute in unmatched - matched:
            scope.unmatched.setdefault((group.name, name, minute), float(one["defaultValue"]))
        for minute in matched:
            # A minute with a match has no default value, also where its other lines come later.
            scope.unmatched[group.name, name, minute] = math.nan


def incoming(group: Group, batch: Sequence[Event]) -> Iterator[Datum]:
    """How many lines came, which CloudWatch Logs itself says of each group.

    AWS counts them when they come. Here they count when they say that they were written, as what filters make of them
    does: a test that turns the clock writes lines of another time.
    """
    of_group = (("LogGroupName", group.name),)
    for minute, number_of in sorted(Counter(event.time // MINUTE for event in batch).items()):
        yield Datum("AWS/Logs", "IncomingLogEvents", number_of, minute * MINUTE, None, of_group)


def datum_of(scope: Scope, put: dict[str, Any], pattern: Pattern, match: Match, event: Event) -> Datum | None:
    """What one line becomes; None where its value is no number or a dimension is not there."""
    one = put["metricTransformations"][0]
    wanted = one["metricValue"]
    value = number(pattern.value(match, wanted) if wanted.startswith("$") else wanted)
    if value is None:
        return None
    dimensions = {}
    for name, source in one.get("dimensions", {}).items():
        text = pattern.value(match, source)
        if not text:
            return None
        dimensions[name] = text[:1024]
    system = {"@aws.account": scope.account, "@aws.region": scope.region}
    for name in put.get("emitSystemFieldDimensions", []):
        dimensions[name] = system.get(name, "")
    return Datum(
        one["metricNamespace"],
        one["metricName"],
        value,
        event.time,
        one.get("unit"),
        tuple(sorted(dimensions.items())),
    )


def defaults(scope: Scope, now: int) -> Iterator[Datum]:
    """The default values of the minutes that are over."""
    for key in [key for key in scope.unmatched if (key[2] + 1) * MINUTE <= now]:
        value = scope.unmatched.pop(key)
        group = scope.groups.get(key[0])
        put = group.metric_filters.get(key[1]) if group else None
        if put is None or math.isnan(value):
            continue
        one = put["metricTransformations"][0]
        yield Datum(one["metricNamespace"], one["metricName"], value, key[2] * MINUTE, one.get("unit"))
