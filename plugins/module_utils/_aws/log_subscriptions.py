# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscription filters of log groups: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Delete, Desired, Plan, Update
from . import log_subscriptions_model as model
from .bulk import Kind
from .entries import each
from .errors import ApiError
from .log_filters_model import Key
from .log_tags import GONE, marked_groups
from .session import Aws, Known


class SubscriptionFilters(Kind):
    """The subscription filters of the log groups that are declared and, for a purge, of those that are ours.

    :param prefix: how the names of filters begin that a purge may take.
    """

    noun = model.NOUN

    def __init__(self, entries: Sequence[Mapping[str, Any]], prefix: str = "") -> None:
        super().__init__()
        self._entries = entries
        self._prefix = prefix
        self._declared: Collection[Key] = ()

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._declared = frozenset(entry.key for entry in result)
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        purged = frozenset(
            item.key
            for item in actual
            if self.purge and self.owner is not None and item.owner == self.owner and item.key not in self._declared
        )
        model.check(desired, actual, purged)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """What goes makes room first: a log group has two."""
        return [decided.delete, decided.update, decided.create]

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        declared = {group for group, _name in self._declared}
        ours: Collection[str] = ()
        if self.purge and self.owner is not None:
            ours = marked_groups(aws, self.owner, declared)
        groups = sorted({*declared, *ours})
        found = [item for items in each(lambda group: describe(aws, group), groups) for item in items]
        return [model.actual(item, self._owner(item, ours)) for item in found]

    def _owner(self, item: Mapping[str, Any], ours: Collection[str]) -> str | None:
        """Filters have no tags. One is ours that is declared, or whose log group is ours and whose name says so."""
        key = (item["logGroupName"], item["filterName"])
        return self.owner if key in self._declared or (key[0] in ours and key[1].startswith(self._prefix)) else None

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Delete):
            try:
                aws.call("logs", "DeleteSubscriptionFilter", logGroupName=change.key[0], filterName=change.key[1])
            except ApiError as error:
                if error.code != GONE:
                    raise
            return
        properties = change.desired.properties
        if isinstance(change, Update):
            changed = {name: difference.after for name, difference in change.differences.items()}
            properties = {**change.actual.properties, **changed}
        aws.call("logs", "PutSubscriptionFilter", **model.request(change.key, properties))


def describe(aws: Aws, group: str) -> list[dict[str, Any]]:
    """The filters of a log group; none if there is no such log group."""
    try:
        return list(
            aws.pages(
                "logs", "DescribeSubscriptionFilters", "subscriptionFilters", token="nextToken", logGroupName=group
            )
        )
    except ApiError as error:
        if error.code == GONE:
            return []
        raise
