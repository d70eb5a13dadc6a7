# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of X-Ray: one small function per API call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._reconcile import ABSENT, Actual, Change, Create, Desired, Update
from . import xray_groups_model as model
from .bulk import Kind
from .errors import ApiError
from .session import Aws, Known
from .xray_tags import Tagging, absent


class Groups(Kind):
    """The groups of an account and Region."""

    noun = "group"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._tagging = Tagging(["xray:group"])

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries)
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
        groups = list(aws.pages("xray", "GetGroups", "Groups"))
        tags = self._tagging.read(aws, {group["GroupName"]: group["GroupARN"] for group in groups})
        return [model.actual(group, tags.get(group["GroupName"])) for group in groups]

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Create):
            properties = change.desired.properties
            tags = self._tagging.new(properties.get("tags"))
            sent = model.request(properties)
            aws.call("xray", "CreateGroup", GroupName=change.key, **sent, **({"Tags": tags} if tags else {}))
        elif isinstance(change, Update):
            if any(name != "tags" for name in change.differences):
                # What an update leaves out of the insights may be lost, so all of them are sent.
                whole = {**change.actual.properties, **{name: item.after for name, item in change.differences.items()}}
                aws.call("xray", "UpdateGroup", GroupName=change.key, **model.request(whole))
            self._tagging.change(aws, change, change.actual.ident)
        else:
            try:
                aws.call("xray", "DeleteGroup", GroupName=change.key)
            except ApiError as error:
                if not absent(error):
                    raise
