# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What metric and subscription filters have in common: whose they are, and what a purge takes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Create, Delete, Update
from .bulk import Kind
from .errors import ApiError
from .log_filters_model import Key
from .log_tags import GONE
from .session import Aws


class GroupFilters(Kind):
    """Filters of log groups. They have no tags, but their log groups do.

    :param prefix: how the names of filters begin that a purge may take.
    """

    def __init__(self, entries: Sequence[Mapping[str, Any]], prefix: str = "") -> None:
        super().__init__()
        self._entries = entries
        self._prefix = prefix
        self._declared: Collection[Key] = ()

    def _named(self, item: Mapping[str, Any]) -> bool:
        return str(item["filterName"]).startswith(self._prefix)

    def _owner(self, item: Mapping[str, Any], ours: Collection[str]) -> str | None:
        """One is ours that is declared, or whose log group is ours and whose name says so.

        :param ours: the log groups that bear our mark.
        """
        declared = (item["logGroupName"], item["filterName"]) in self._declared
        return self.owner if declared or (item["logGroupName"] in ours and self._named(item)) else None

    def _purged(self, actual: Sequence[Actual]) -> frozenset[Key]:
        """What goes because it is ours and not declared."""
        if not self.purge or self.owner is None:
            return frozenset()
        return frozenset(item.key for item in actual if item.owner == self.owner and item.key not in self._declared)

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Create):
            self._put(aws, change.key, change.desired.properties)
        elif isinstance(change, Update):
            # A put replaces the filter, and what is not declared is to stay.
            changed = {name: difference.after for name, difference in change.differences.items()}
            self._put(aws, change.key, {**change.actual.properties, **changed})
        elif isinstance(change, Delete):
            try:
                self._delete(aws, change.key)
            except ApiError as error:
                if error.code != GONE:
                    raise

    @abstractmethod
    def _put(self, aws: Aws, key: Key, properties: Mapping[str, Any]) -> None:
        """Make or replace a filter."""

    @abstractmethod
    def _delete(self, aws: Aws, key: Key) -> None:
        """Delete a filter."""
