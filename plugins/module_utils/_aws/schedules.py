# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of EventBridge Scheduler and their groups: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Create, Delete, Desired, Plan, Update
from . import schedules_model as model
from .bulk import Kind
from .entries import each
from .errors import ApiError
from .session import Aws, Known
from .tags import MARK, as_list, as_mapping, tags_by_arn

_GONE = "ResourceNotFoundException"


class Schedules(Kind):
    """The schedules of an account and Region."""

    noun = "schedule"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._declared: Collection[model.Key] = ()

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, self.owner, known)
        self._declared = frozenset(entry.key for entry in result)
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual, self.owner)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """Groups come before what is in them, and go after it."""

        def part(changes: Sequence[Change], groups: bool) -> list[Change]:
            return [change for change in changes if (not change.key[0]) == groups]

        return [
            [*part(decided.create, True), *part(decided.update, True)],
            part(decided.create, False),
            part(decided.update, False),
            part(decided.delete, False),
            part(decided.delete, True),
        ]

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        groups = [
            item
            for item in aws.pages("scheduler", "ListScheduleGroups", "ScheduleGroups", MaxResults=100)
            # What is being deleted is gone; its schedules are deleted with it.
            if item.get("State") != "DELETING" and item["Name"] != model.DEFAULT_GROUP
        ]
        owners = self._owners(aws, groups) if self.owner is not None else {}
        result = [model.group(item, owners.get(item["Name"])) for item in groups]
        names = {item["Name"] for item in groups} | {model.DEFAULT_GROUP}
        listed = [
            item
            for item in aws.pages("scheduler", "ListSchedules", "Schedules", MaxResults=100)
            if item["GroupName"] in names
        ]
        declared = [item for item in listed if (item["GroupName"], item["Name"]) in self._declared]
        whole = {
            (item["GroupName"], item["Name"]): item
            for item in each(lambda item: self._get(aws, item), declared)
            if item is not None
        }
        for item in listed:
            key = (item["GroupName"], item["Name"])
            if key not in self._declared or key in whole:
                result.append(model.schedule(whole.get(key, item), owners.get(item["GroupName"])))
        return result

    @staticmethod
    def _get(aws: Aws, item: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return aws.call("scheduler", "GetSchedule", GroupName=item["GroupName"], Name=item["Name"])
        except ApiError as error:
            if error.code == _GONE:
                return None
            raise

    def _owners(self, aws: Aws, groups: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
        """The marks of groups by their names. The index of tags lags behind, so groups that are declared are asked."""
        index = tags_by_arn(aws, ["scheduler:schedule-group"])
        asked = [
            item
            for item in groups
            if index is None
            or (("", item["Name"]) in self._declared and index.get(item["Arn"], {}).get(MARK) != self.owner)
        ]
        tags = dict(
            zip((item["Name"] for item in asked), each(lambda item: _tags(aws, item["Arn"]), asked), strict=True)
        )
        return {
            item["Name"]: (tags[item["Name"]] if item["Name"] in tags else (index or {}).get(item["Arn"], {})).get(MARK)
            for item in groups
        }

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if not change.key[0]:
            self._apply_group(aws, change)
        elif isinstance(change, Create):
            aws.call("scheduler", "CreateSchedule", **model.request(change.key, change.desired.properties))
        elif isinstance(change, Update):
            if change.differences:
                # AWS resets what an update leaves out.
                changed = {name: difference.after for name, difference in change.differences.items()}
                whole = {**change.actual.properties, **changed}
                aws.call("scheduler", "UpdateSchedule", **model.request(change.key, whole))
        else:
            try:
                aws.call("scheduler", "DeleteSchedule", GroupName=change.key[0], Name=change.key[1])
            except ApiError as error:
                if error.code != _GONE:
                    raise

    def _apply_group(self, aws: Aws, change: Change) -> None:
        mark = as_list({MARK: self.owner}) if self.owner is not None else []
        if isinstance(change, Create):
            aws.call("scheduler", "CreateScheduleGroup", Name=change.key[1], Tags=mark)
        elif isinstance(change, Update):
            aws.call("scheduler", "TagResource", ResourceArn=change.actual.ident, Tags=mark)
        elif isinstance(change, Delete):
            try:
                aws.call("scheduler", "DeleteScheduleGroup", Name=change.key[1])
            except ApiError as error:
                if error.code != _GONE:
                    raise


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    try:
        return as_mapping(aws.call("scheduler", "ListTagsForResource", ResourceArn=arn).get("Tags", ()))
    except ApiError as error:
        if error.code == _GONE:
            return {}
        raise
