# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service level objectives of Application Signals: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._reconcile import ABSENT, Actual, Change, Create, Desired, Update
from . import slos_model as model
from .bulk import Kind
from .entries import each
from .errors import ApiError
from .session import Aws, Known
from .tagging import BaseTagging
from .tags import Tags, as_list, as_mapping

GONE = "ResourceNotFoundException"


class Tagging(BaseTagging):
    """How the objectives of a run are tagged."""

    def ask(self, aws: Aws, arn: str) -> Tags:
        try:
            return as_mapping(aws.call("application-signals", "ListTagsForResource", ResourceArn=arn).get("Tags", ()))
        except ApiError as error:
            if error.code == GONE:
                return {}
            raise

    def put(self, aws: Aws, arn: str, tags: Tags) -> None:
        aws.call("application-signals", "TagResource", ResourceArn=arn, Tags=as_list(tags))

    def take(self, aws: Aws, arn: str, keys: list[str]) -> None:
        aws.call("application-signals", "UntagResource", ResourceArn=arn, TagKeys=keys)


class Objectives(Kind):
    """The service level objectives of an account and Region."""

    noun = "objective"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._declared: Collection[str] = ()
        self._tagging = Tagging(["application-signals:slo"])

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._declared = frozenset(entry.key for entry in result)
        self._tagging = self._tagging.declared(self.owner, self.purge, result)
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        there = {item.key: item for item in actual}
        for entry in desired:
            if entry.state != ABSENT:
                model.check(entry, there.get(entry.key))

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        """The list says neither goals nor metrics, so those that are declared are read, several at once."""
        listed = list(aws.pages("application-signals", "ListServiceLevelObjectives", "SloSummaries", MaxResults=50))
        declared = [item for item in listed if item["Name"] in self._declared]
        found = each(lambda item: get_objective(aws, item["Name"]), declared)
        whole = dict(zip((item["Name"] for item in declared), found, strict=True))
        tags = self._tagging.read(aws, {item["Name"]: item["Arn"] for item in listed})
        return [
            model.actual(item, whole.get(item["Name"]), tags.get(item["Name"]))
            for item in listed
            # The list may still have one that was deleted a moment ago.
            if item["Name"] not in whole or whole[item["Name"]] is not None
        ]

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Create):
            properties = change.desired.properties
            tags = self._tagging.new(properties.get("tags"))
            sent = {**model.request(properties), **({"Tags": tags} if tags else {})}
            aws.call("application-signals", "CreateServiceLevelObjective", Name=change.key, **sent)
        elif isinstance(change, Update):
            changed = {name: item.after for name, item in change.differences.items()}
            sent = model.change(change.actual.properties, changed)
            if sent:
                aws.call("application-signals", "UpdateServiceLevelObjective", Id=change.key, **sent)
            self._tagging.change(aws, change, change.actual.ident)
        else:
            try:
                aws.call("application-signals", "DeleteServiceLevelObjective", Id=change.key)
            except ApiError as error:
                if error.code != GONE:
                    raise


def get_objective(aws: Aws, name: str) -> dict[str, Any] | None:
    """An objective, ``None`` if there is no such objective."""
    try:
        found: dict[str, Any] = aws.call("application-signals", "GetServiceLevelObjective", Id=name)["Slo"]
    except ApiError as error:
        if error.code == GONE:
            return None
        raise
    return found
