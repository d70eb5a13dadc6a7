# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dashboards: one small function per API call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._errors import KumawatchError
from .._reconcile import ABSENT, Actual, Change, Create, Delete, Desired, Update
from . import dashboards_model as model
from .bulk import Kind
from .cloudwatch_tags import GONE, Tagging
from .entries import each
from .errors import ApiError
from .session import Aws, Known

_MOST_DELETIONS = 100


class Dashboards(Kind):
    """The dashboards of an account."""

    noun = "dashboard"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._declared: Collection[str] = ()
        self._tagging = Tagging(["cloudwatch:dashboard"])

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries)
        self._declared = frozenset(entry.key for entry in result)
        self._tagging = self._tagging.declared(self.owner, self.purge, result)
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        there = {item.key for item in actual}
        for entry in desired:
            if entry.state != ABSENT and entry.key not in there and "body" not in entry.properties:
                raise KumawatchError(f"dashboard '{entry.label}' is new and has no body: add it.")

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    def batches(self, stage: Sequence[Change]) -> list[Sequence[Change]]:
        if not all(isinstance(change, Delete) for change in stage):
            return [[change] for change in stage]
        return [stage[start : start + _MOST_DELETIONS] for start in range(0, len(stage), _MOST_DELETIONS)]

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        """The list has names only, so the bodies of those that are declared are read, several at once."""
        listed = {item["DashboardName"]: item for item in aws.pages("cloudwatch", "ListDashboards", "DashboardEntries")}
        names = [name for name in listed if name in self._declared]
        bodies = dict(zip(names, each(lambda name: get_body(aws, name), names), strict=True))
        tags = self._tagging.read(aws, {name: item["DashboardArn"] for name, item in listed.items()})
        return [
            model.actual(item, bodies.get(name), tags.get(name))
            for name, item in listed.items()
            # The list may still have one that was deleted a moment ago.
            if name not in bodies or bodies[name] is not None
        ]

    # -- writing

    def apply_batch(self, aws: Aws, batch: Sequence[Change]) -> None:
        if len(batch) == 1 and not isinstance(batch[0], Delete):
            self.apply(aws, batch[0])
            return
        try:
            aws.call("cloudwatch", "DeleteDashboards", DashboardNames=[change.key for change in batch])
        except ApiError as error:
            # One that is gone already; of several the run then deletes each by itself.
            if error.code not in GONE or len(batch) > 1:
                raise

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Create):
            tags = self._tagging.new(change.desired.properties.get("tags"))
            with_tags = bool(tags) and aws.has("cloudwatch", "PutDashboard", "Tags")
            self._put(aws, change.desired, {"Tags": tags} if with_tags else {})
            if tags and not with_tags:
                arn = aws.call("cloudwatch", "GetDashboard", DashboardName=change.key)["DashboardArn"]
                aws.call("cloudwatch", "TagResource", ResourceARN=arn, Tags=tags)
        elif isinstance(change, Update):
            if "body" in change.differences:
                self._put(aws, change.desired, {})
            self._tagging.change(aws, change, change.actual.ident)
        else:
            self.apply_batch(aws, [change])

    def _put(self, aws: Aws, desired: Desired, besides: Mapping[str, Any]) -> None:
        body = desired.properties["body"]
        try:
            answer = aws.call(
                "cloudwatch", "PutDashboard", DashboardName=desired.key, DashboardBody=model.as_text(body), **besides
            )
        except ApiError as error:
            said = model.sentence(model.findings(str(error)), body)
            if not said:
                raise
            raise ApiError(f"CloudWatch does not take {said}.", error.code, error.fate) from None
        found = [
            (str(item.get("DataPath") or ""), str(item.get("Message") or ""))
            for item in answer.get("DashboardValidationMessages") or ()
        ]
        if found:
            self.warnings.append(f"dashboard '{desired.label}': CloudWatch took it, but {model.sentence(found, body)}.")


def get_body(aws: Aws, name: str) -> str | None:
    """The body of a dashboard, ``None`` if there is no such dashboard."""
    try:
        return str(aws.call("cloudwatch", "GetDashboard", DashboardName=name)["DashboardBody"])
    except ApiError as error:
        if error.code in GONE:
            return None
        raise
