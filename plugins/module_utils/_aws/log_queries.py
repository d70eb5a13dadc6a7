# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved queries of Logs Insights: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .._errors import InputError
from .._reconcile import Actual, Change, Delete, Desired, Update
from . import log_queries_model as model
from .bulk import Kind
from .errors import ApiError
from .log_tags import GONE
from .session import Aws, Known


class Queries(Kind):
    """The saved queries of an account and Region.

    :param folder: the folder that all declared queries are in; ``None`` for one with the name of our mark.
    """

    noun = model.NOUN

    def __init__(self, entries: Sequence[Mapping[str, Any]], folder: str | None = None) -> None:
        super().__init__()
        self._entries = entries
        self._given_folder = folder
        self._declared: Collection[str] = ()

    @property
    def folder(self) -> str:
        """The folder that is ours."""
        return (self._given_folder if self._given_folder is not None else self.owner or "").strip("/")

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        if self.purge and not self.folder:
            raise InputError("purge needs a folder: without one nothing is known to be ours.")
        result = model.desired(self._entries, self.folder, known)
        self._declared = frozenset(entry.key for entry in result)
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        return [model.actual(item, self._owner(str(item["name"]))) for item in describe(aws)]

    def _owner(self, name: str) -> str | None:
        ours = name in self._declared or (self.folder and name.startswith(f"{self.folder}/"))
        return self.owner if ours else None

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Delete):
            try:
                aws.call("logs", "DeleteQueryDefinition", queryDefinitionId=change.actual.ident)
            except ApiError as error:
                if error.code != GONE:
                    raise
            return
        properties = change.desired.properties
        known: dict[str, Any] = {}
        if isinstance(change, Update):
            changed = {name: difference.after for name, difference in change.differences.items()}
            properties = {**change.actual.properties, **changed}
            known["queryDefinitionId"] = change.actual.ident
        aws.call("logs", "PutQueryDefinition", **known, **model.request(change.key, properties))


def describe(aws: Aws, prefix: str = "") -> Iterator[dict[str, Any]]:
    """The saved queries of the account and Region, a thousand a call."""
    filters = {"queryDefinitionNamePrefix": prefix} if prefix else {}
    return aws.pages(
        "logs", "DescribeQueryDefinitions", "queryDefinitions", token="nextToken", maxResults=1000, **filters
    )
