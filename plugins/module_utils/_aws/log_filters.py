# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metric filters of log groups: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, Actual, Desired
from . import log_filters_model as model
from .entries import each
from .errors import DENIED, UNKNOWN, ApiError
from .log_group_filters import GroupFilters
from .log_tags import marked_groups
from .session import Aws, Known

_PAGE = 50
#: What endpoints say that do not know an operation, or do not let us call it.
_NOT_TO_BE_ASKED = UNKNOWN | DENIED | {"InvalidOperationException"}
_LINES = 50

_Question = tuple[str, tuple[str, ...]]
"""A pattern, and the lines that it is tried on."""


class MetricFilters(GroupFilters):
    """The metric filters of an account and Region."""

    noun = model.NOUN

    def __init__(self, entries: Sequence[Mapping[str, Any]], prefix: str = "") -> None:
        super().__init__(entries, prefix)
        self._samples: dict[model.Key, list[model.Sample]] = {}
        self._aws: Aws | None = None

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._declared = frozenset(entry.key for entry in result)
        for entry in result:
            who = f"{self.noun} '{entry.label}'"
            tests = model.samples(self._entries[entry.position], who)
            if tests and entry.state != ABSENT:
                self._samples[entry.key] = tests
            doubt = model.parsed(who, entry.properties["pattern"]).doubt if "pattern" in entry.properties else ""
            if doubt:
                self.warnings.append(f"{who}: {doubt}.")
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual, self._purged(actual))
        self._check_samples(desired, {item.key: item for item in actual})

    def _check_samples(self, desired: Sequence[Desired], there: Mapping[model.Key, Actual]) -> None:
        """Refuse patterns that do not do what their samples expect.

        CloudWatch itself is asked of patterns that it does not have yet, and of those that we find wrong.
        """
        asked: list[tuple[Desired, _Question]] = []
        for entry in desired:
            if entry.key not in self._samples:
                continue
            tests = self._samples[entry.key]
            stored = there[entry.key].properties["pattern"] if entry.key in there else None
            pattern = entry.properties.get("pattern", stored)
            new = stored is None or not self.equal("pattern", stored, pattern)
            if new or model.failing(tests, pattern):
                asked.append((entry, (pattern, tuple(dict.fromkeys(test.line for test in tests)))))
        # A thousand filters may have a dozen patterns.
        first = {question: entry for entry, question in reversed(asked)}
        answers = dict(zip(first, each(lambda question: self._ask(first[question], question), first), strict=True))
        problems = []
        for entry, question in asked:
            found = answers[question]
            failing = model.failing(self._samples[entry.key], question[0], None if found is None else found.get)
            problems += [f"{self.noun} '{entry.label}': {problem}" for problem in failing]
        if problems:
            more = f" ({len(problems) - 1} more samples fail)" if len(problems) > 1 else ""
            raise InputError(f"{problems[0]}: correct the pattern or the sample{more}.")

    def _ask(self, entry: Desired, question: _Question) -> dict[str, Mapping[str, str]] | None:
        """What CloudWatch extracts from the lines that match, ``None`` where nobody can be asked."""
        pattern, lines = question
        found: dict[str, Mapping[str, str]] = {}
        for start in range(0, len(lines), _LINES):
            some = lines[start : start + _LINES]
            matches = self._matches(entry, pattern, some)
            if matches is None:
                return None
            found.update({some[int(match["eventNumber"]) - 1]: match.get("extractedValues") or {} for match in matches})
        return found

    def _matches(self, entry: Desired, pattern: str, lines: Sequence[str]) -> list[dict[str, Any]] | None:
        """Which lines CloudWatch finds, ``None`` where nobody can be asked."""
        if self._aws is None:
            return None
        try:
            answer = self._aws.call("logs", "TestMetricFilter", filterPattern=pattern, logEventMessages=list(lines))
        except ApiError as error:
            if error.code in _NOT_TO_BE_ASKED:
                return None
            if error.code == "InvalidParameterException":
                raise InputError(f"{self.noun} '{entry.label}': pattern '{pattern}': {error}") from error
            raise
        return list(answer.get("matches") or ())

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        self._aws = aws
        items = list(describe(aws))
        ours: Collection[str] = ()
        if self.purge and self.owner is not None:
            ours = marked_groups(aws, self.owner, {item["logGroupName"] for item in items if self._named(item)})
        return [model.actual(item, self._owner(item, ours)) for item in items]

    # -- writing

    def _put(self, aws: Aws, key: model.Key, properties: Mapping[str, Any]) -> None:
        aws.call("logs", "PutMetricFilter", **model.request(key, properties))

    def _delete(self, aws: Aws, key: model.Key) -> None:
        aws.call("logs", "DeleteMetricFilter", logGroupName=key[0], filterName=key[1])


def describe(aws: Aws) -> Iterator[dict[str, Any]]:
    """All metric filters of the account and Region: without the name of a log group, that is what is listed."""
    return aws.pages("logs", "DescribeMetricFilters", "metricFilters", token="nextToken", limit=_PAGE)
