# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarms of an account and Region: one small function per API call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._errors import KumawatchError
from .._reconcile import ABSENT, Actual, Change, Create, Delete, Desired, Difference, Plan, Update
from . import alarm_checks as checks
from . import alarm_model as model
from . import alarm_rule
from .alarm_graph import cycle, levels
from .alarm_options import APART, COMPOSITE, COMPOUND, FAMILIES, LOG, METRIC, alarm_args
from .bulk import Kind
from .entries import each, given, ignored
from .errors import ApiError
from .session import Aws, Known
from .tags import MARK, Tags, as_list, as_mapping, tags_by_arn

_Places = dict[str, tuple[str, ...]]
_TAGS_IN_MESSAGES: _Places = {
    family: (operation, "ActionConfiguration", "AlarmTagsPropagation") for family, operation in model.PUT.items()
}

#: What not every botocore knows: the option, the first version that does, and where its shapes have it.
_SINCE: tuple[tuple[str, str, _Places], ...] = (
    ("tag_propagation", "1.43.115", _TAGS_IN_MESSAGES),
    ("propagated_tags", "1.43.115", _TAGS_IN_MESSAGES),
    ("warm_up", "1.43.78", {family: (model.PUT[family], "WarmUpConfiguration") for family in (METRIC, LOG)}),
    ("evaluation_window", "1.43.38", {METRIC: ("PutMetricAlarm", "EvaluationWindow")}),
    ("promql", "1.42.72", {METRIC: ("PutMetricAlarm", "EvaluationCriteria", "PromQLCriteria")}),
    ("evaluation_interval", "1.42.72", {METRIC: ("PutMetricAlarm", "EvaluationInterval")}),
    ("log_query", "1.43.37", {LOG: ("PutLogAlarm", "ScheduledQueryConfiguration")}),
    ("suppressor", "1.27.34", {COMPOSITE: ("PutCompositeAlarm", "ActionsSuppressor")}),
)

_MOST_PARENTS = 150
_MOST_DELETED = 100


@dataclass(frozen=True)
class _Entry:
    """A declared entry: its kind and family where it tells them."""

    kind: str | None
    family: str | None
    rule: alarm_rule.Rule | None


class Alarms(Kind):
    """The alarms of an account and Region."""

    noun = "alarm"

    def __init__(
        self, entries: Sequence[Mapping[str, Any]], pending: Iterable[str] = (), departed: Iterable[str] = ()
    ) -> None:
        """
        :param pending: names of alarms that count as there.
        :param departed: names of alarms that count as gone.
        """
        super().__init__()
        self._given = entries
        self._pending, self._departed = frozenset(pending), frozenset(departed)
        self._entries: dict[str, _Entry] = {}
        self._wanted_tags: dict[str, Tags | None] = {}
        self._items: dict[str, model.Item] = {}
        self._region = ""
        self._log_alarms = False

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        self._region = known.region
        self._log_alarms = known.has("cloudwatch", "PutLogAlarm")
        found = [self._declared(position, given(entry), known) for position, entry in enumerate(self._given)]
        for entry in found:
            self._wanted_tags[entry.key] = entry.properties.get("tags") if entry.state != ABSENT else None
        return found

    def _declared(self, position: int, entry: dict[str, Any], known: Known) -> Desired:
        name = str(entry["name"])
        checks.name(name)
        who = f"alarm '{name}'"
        skipped = ignored(entry, alarm_args().keys() - APART, who, f"CloudWatch {self.noun}")
        if entry["state"] == ABSENT:
            self._entries.setdefault(name, _Entry(None, None, None))
            return Desired(name, name, position, {}, ABSENT)
        kind = checks.kind(entry)
        properties = model.declared(entry, kind, self._region)
        checks.entry(name, kind, properties, self.owner)
        if self.owner is not None:
            (properties.get("tags") or {}).pop(MARK, None)
        family = FAMILIES[kind] if kind else None
        for option, since, places in _SINCE:
            # Switching off what botocore does not know is no wish that it could not fulfil.
            if entry.get(option):
                operation, *members = places.get(family or METRIC, next(iter(places.values())))
                known.need(f"{who}: option '{option}'", since, "cloudwatch", operation, *members)
        rule = checks.rule(name, properties["rule"], self._region) if properties.get("rule") else None
        self._entries.setdefault(name, _Entry(kind, family, rule))
        return Desired(name, name, position, properties, ignored=skipped)

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        present = {entry.key: entry for entry in desired if entry.state != ABSENT}
        for name, entry in present.items():
            self._check_family(entry, self._items.get(name))
        self._check_references(present, {entry.key for entry in desired if entry.state == ABSENT})

    def _check_family(self, entry: Desired, item: model.Item | None) -> None:
        """Refuse an entry for another family of alarms than the one that is there."""
        if item is None:
            return
        there = model.family(item)
        wanted = self._entries[entry.key].family
        if wanted is None:
            checks.fits(entry.label, entry.properties, there)
        elif wanted != there:
            raise KumawatchError(
                f"alarm '{entry.label}' is a {there} and declared as a {wanted}, and CloudWatch cannot make one of the "
                f"other: declare it with state: absent once, or choose another name."
            )

    def _check_references(self, present: Mapping[str, Desired], absent: set[str]) -> None:
        """Refuse composites that name what is not there, that go round in a circle, or that are needed by others."""
        graph = self._graph(present, absent)
        exists = ((self._items.keys() | self._pending) - absent) | present.keys()
        parents: dict[str, int] = {}
        for name, children in graph.items():
            for child in children:
                parents[child] = parents.get(child, 0) + 1
            if name not in present:
                continue
            for option, child in self._named(present[name]):
                if child not in exists and not alarm_rule.is_arn(child):
                    gone = "is declared absent" if child in absent else "neither exists nor is declared"
                    raise KumawatchError(
                        f"alarm '{name}': option '{option}' names alarm '{child}', which {gone}: correct the name or "
                        f"declare it."
                    )
        circle = cycle({name: children for name, children in graph.items() if name in present or children})
        if any(name in present for name in circle):
            raise KumawatchError(
                f"alarm '{circle[0]}': composite alarms go round in a circle ({' -> '.join(circle)}): CloudWatch could "
                f"neither evaluate nor delete them; change one of their rules."
            )
        crowded = next((name for name in sorted(parents) if parents[name] > _MOST_PARENTS), None)
        if crowded is not None and any(crowded in graph[name] for name in present if name in graph):
            raise KumawatchError(
                f"alarm '{crowded}' would be named by {parents[crowded]} composite alarms, and CloudWatch takes "
                f"{_MOST_PARENTS}: put a composite alarm in between."
            )

    def _named(self, entry: Desired) -> Iterator[tuple[str, str]]:
        """The alarms that an entry declares that it names, each with the option that does."""
        rule = self._entries[entry.key].rule
        if rule is not None:
            for child in rule.names:
                yield "rule", child
        suppressor = (entry.properties.get("suppressor") or {}).get("alarm")
        if suppressor:
            yield "suppressor.alarm", suppressor

    def _graph(self, present: Mapping[str, Desired], absent: set[str]) -> dict[str, list[str]]:
        """The alarms that each composite alarm names once the run has ended."""
        graph = {
            name: self._children(item)
            for name, item in self._items.items()
            if model.family(item) == COMPOSITE and name not in absent
        }
        for name, entry in present.items():
            own = self._entries[name]
            if own.family != COMPOSITE and name not in graph:
                continue
            item = self._items.get(name, {})
            if own.rule is None or ("rule" in entry.ignored and item):
                children = list(alarm_rule.names(str(item.get("AlarmRule", "")), self._region))
            else:
                children = list(own.rule.names)
            suppressor = (entry.properties.get("suppressor") or {}).get("alarm", item.get("ActionsSuppressor"))
            if suppressor:
                children.append(alarm_rule.name_of(suppressor, self._region))
            graph[name] = children
        return graph

    def _children(self, item: model.Item) -> list[str]:
        found = list(alarm_rule.names(str(item["AlarmRule"]), self._region))
        if item.get("ActionsSuppressor"):
            found.append(alarm_rule.name_of(str(item["ActionsSuppressor"]), self._region))
        return found

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after, self._region)

    def plan(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> Plan:
        decided = super().plan(desired, actual)
        create = tuple(self._checked_create(change) for change in decided.create)
        update = tuple(self._checked_update(change) for change in decided.update)
        self._check_deletions(desired, decided)
        return replace(decided, create=create, update=update)

    def _checked_create(self, change: Create) -> Create:
        entry = self._entries[change.key]
        wanted = change.desired.properties
        checks.whole(change.label, entry.family or METRIC, entry.kind, dict(wanted))
        # What the entry rules out is not there anyway: nobody wants to read of it.
        shown = {option: value for option, value in wanted.items() if not model.is_unset(option, value)}
        return Create(replace(change.desired, properties=shown))

    def _checked_update(self, change: Update) -> Update:
        if change.differences.keys() - {"tags"}:
            item = self._items[change.key]
            entry = self._entries[change.key]
            checks.whole(change.label, model.family(item), entry.kind, self._becomes(change))
        differences = {
            option: Difference(found.before, {**(found.before or {}), **found.after}) if option in COMPOUND else found
            for option, found in change.differences.items()
        }
        return replace(change, differences=differences)

    def _becomes(self, change: Update) -> model.Properties:
        """All properties that an alarm gets, those that it keeps among them."""
        wanted = {
            option: value
            for option, value in change.desired.properties.items()
            if option not in change.desired.ignored and option != "tags"
        }
        return model.merged(model.carried(self._items[change.key], self._region), wanted)

    def _check_deletions(self, desired: Sequence[Desired], decided: Plan) -> None:
        """Refuse to delete what a composite alarm that stays still names."""
        going = {change.key for change in decided.delete}
        if not going:
            return
        present = {entry.key: entry for entry in desired if entry.state != ABSENT}
        for name, children in self._graph(present, going).items():
            for child in children:
                if child in going:
                    raise KumawatchError(
                        f"alarm '{child}' is to be deleted, but composite alarm '{name}', which stays, names it: "
                        f"change or delete '{name}' as well."
                    )

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """Children before the composites that name them; deletions last, and the other way round."""
        written: tuple[Create | Update, ...] = (*decided.create, *decided.update)
        present = {change.key: change.desired for change in written}
        graph = self._graph(present, set())
        order = levels({name: children for name, children in graph.items() if name in present})
        stages: list[list[Change]] = [[change for change in written if change.key not in order]]
        for level in range(max(order.values(), default=-1) + 1):
            stages.append([change for change in written if order.get(change.key) == level])
        going = {change.key: change for change in decided.delete}
        nested = {
            name: self._children(self._items[name])
            for name in going
            if model.family(self._items.get(name, {})) == COMPOSITE
        }
        # Circles that somebody else made cannot be deleted in any order: CloudWatch will say so.
        depth = levels(nested) if not cycle(nested) else dict.fromkeys(nested, 0)
        for level in range(max(depth.values(), default=-1), -1, -1):
            stages.append([going[name] for name in sorted(nested) if depth[name] == level])
        stages.append([change for change in decided.delete if change.key not in nested])
        return [stage for stage in stages if stage]

    def batches(self, stage: Sequence[Change]) -> list[Sequence[Change]]:
        """Metric alarms are deleted a hundred a call, other alarms alone."""
        many = [
            change
            for change in stage
            if isinstance(change, Delete) and model.family(self._items.get(change.key, {})) == METRIC
        ]
        together = {change.key for change in many}
        alone: list[Sequence[Change]] = [[change] for change in stage if change.key not in together]
        return alone + [many[start : start + _MOST_DELETED] for start in range(0, len(many), _MOST_DELETED)]

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        found = {str(item["AlarmName"]): item for item in describe(aws, log_alarms=self._log_alarms)}
        self._items = {name: item for name, item in found.items() if name not in self._departed}
        tags = self._tags(aws)
        return [self._actual(name, item, tags.get(str(item["AlarmArn"]), {})) for name, item in self._items.items()]

    def _actual(self, name: str, item: model.Item, tags: Tags) -> Actual:
        properties = model.properties(item, self._region) if name in self._entries else {}
        properties["tags"] = self._own(name, tags)
        return Actual(name, name, item["AlarmArn"], properties, tags.get(MARK) if self.owner is not None else None)

    def _own(self, name: str, tags: Tags) -> Tags:
        """The tags that an entry is to declare: neither Amazon's nor a mark of ownership, unless it declares that."""
        wanted = self._wanted_tags.get(name) or {}
        return {
            key: value
            for key, value in tags.items()
            if not key.startswith("aws:") and (key != MARK or (self.owner is None and MARK in wanted))
        }

    def _tags(self, aws: Aws) -> dict[str, Tags]:
        """The tags by ARN: from the index, and from each alarm where the index does not say what is wanted.

        The index lags: what it does not have may be there all the same, and what it has may be gone. So nothing is
        purged either on its word alone.
        """
        if self.owner is None and all(tags is None for tags in self._wanted_tags.values()):
            return {}
        index = tags_by_arn(aws, ["cloudwatch:alarm"])
        found = index or {}
        doubtful: list[str] = []
        purged: list[str] = []
        for name, item in self._items.items():
            arn = str(item["AlarmArn"])
            if name in self._wanted_tags:
                if not self._as_wanted(name, found.get(arn)):
                    doubtful.append(arn)
            elif self.purge and (index is None or found.get(arn, {}).get(MARK) == self.owner):
                purged.append(arn)
        # A purge of more than is allowed is refused without asking further.
        if index is None or self.max_deletions is None or len(purged) <= self.max_deletions:
            doubtful += purged
        for arn, tags in zip(doubtful, each(lambda arn: list_tags(aws, arn), doubtful), strict=True):
            found[arn] = tags
        return found

    def _as_wanted(self, name: str, tags: Tags | None) -> bool:
        if tags is None or (self.owner is not None and tags.get(MARK) != self.owner):
            return False
        wanted = self._wanted_tags[name]
        return wanted is None or self._own(name, tags) == wanted

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Create):
            entry = self._entries[change.key]
            tags = {**change.desired.properties.get("tags", {}), **self._mark()}
            put(aws, change.key, entry.family or METRIC, dict(change.desired.properties), tags)
        elif isinstance(change, Update):
            if change.differences.keys() - {"tags"}:
                put(aws, change.key, model.family(self._items[change.key]), self._becomes(change))
            self._tag(aws, change)
        else:
            delete(aws, [change.key])

    def apply_batch(self, aws: Aws, batch: Sequence[Change]) -> None:
        if all(isinstance(change, Delete) for change in batch):
            delete(aws, [change.key for change in batch])
        else:
            super().apply_batch(aws, batch)

    def _mark(self) -> Tags:
        return {MARK: self.owner} if self.owner else {}

    def _tag(self, aws: Aws, change: Update) -> None:
        """Put the tags right: a put ignores those of an alarm that exists."""
        difference = change.differences.get("tags")
        if difference is None and not change.adopted:
            return
        before = change.actual.properties.get("tags") or {}
        after = difference.after if difference is not None else before
        changed = {key: value for key, value in after.items() if before.get(key) != value}
        arn = str(change.actual.ident)
        if changed or change.adopted:
            aws.call("cloudwatch", "TagResource", ResourceARN=arn, Tags=as_list({**changed, **self._mark()}))
        stray = sorted(before.keys() - after.keys())
        if stray:
            aws.call("cloudwatch", "UntagResource", ResourceARN=arn, TagKeys=stray)


# -- the calls --------------------------------------------------------------------------------------------------------


def describe(aws: Aws, *, log_alarms: bool, **filters: Any) -> Iterator[model.Item]:
    """The alarms of all kinds, a hundred a call.

    :param log_alarms: whether botocore, and so perhaps the endpoint, knows log alarms.
    """
    kinds = ["MetricAlarm", "CompositeAlarm"]
    members = ("MetricAlarms", "CompositeAlarms", "LogAlarms")
    try:
        yield from aws.pages(
            "cloudwatch",
            "DescribeAlarms",
            members,
            AlarmTypes=[*kinds, "LogAlarm"] if log_alarms else kinds,
            MaxRecords=100,
            **filters,
        )
    except ApiError as error:
        if not log_alarms or "LogAlarm" not in str(error):
            raise
        # A Region or an endpoint that has no log alarms yet: it refuses their name, and with it the first page.
        yield from describe(aws, log_alarms=False, **filters)


def list_tags(aws: Aws, arn: str) -> Tags:
    """The tags of one alarm."""
    try:
        return as_mapping(aws.call("cloudwatch", "ListTagsForResource", ResourceARN=arn).get("Tags", ()))
    except ApiError as error:
        # Deleted since it was described.
        if "NotFound" in error.code:
            return {}
        raise


def put(aws: Aws, name: str, family: str, wanted: model.Properties, tags: Tags | None = None) -> None:
    """Write one alarm as a whole.

    :param tags: those of a new alarm; they are ignored for others.
    """
    parameters = model.parameters(name, family, wanted)
    if tags:
        parameters["Tags"] = as_list(tags)
    if family == COMPOSITE:
        aws.call("cloudwatch", "PutCompositeAlarm", **parameters)
    elif family == LOG:
        aws.call("cloudwatch", "PutLogAlarm", **parameters)
    else:
        aws.call("cloudwatch", "PutMetricAlarm", **parameters)


def delete(aws: Aws, names: Sequence[str]) -> None:
    """Delete alarms; those that are gone already are no error."""
    try:
        aws.call("cloudwatch", "DeleteAlarms", AlarmNames=list(names))
    except ApiError as error:
        if error.code not in ("ResourceNotFound", "ResourceNotFoundException"):
            raise
        if len(names) > 1:
            for name in names:
                delete(aws, [name])
