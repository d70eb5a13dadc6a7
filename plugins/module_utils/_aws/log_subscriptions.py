# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscription filters of log groups: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Desired, Plan
from . import log_subscriptions_model as model
from .entries import each
from .errors import ApiError
from .log_filters_model import Key
from .log_group_filters import GroupFilters
from .log_tags import GONE, marked_groups
from .session import Aws, Known


class SubscriptionFilters(GroupFilters):
    """The subscription filters of the log groups that are declared and, for a purge, of those that are ours."""

    noun = model.NOUN

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._declared = frozenset(entry.key for entry in result)
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual, self._purged(actual))

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

    # -- writing

    def _put(self, aws: Aws, key: Key, properties: Mapping[str, Any]) -> None:
        aws.call("logs", "PutSubscriptionFilter", **model.request(key, properties))

    def _delete(self, aws: Aws, key: Key) -> None:
        aws.call("logs", "DeleteSubscriptionFilter", logGroupName=key[0], filterName=key[1])


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
