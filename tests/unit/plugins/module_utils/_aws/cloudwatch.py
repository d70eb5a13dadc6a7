# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CloudWatch in memory, that keeps and shows alarms as the real one was recorded to."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import ApiError, Fate
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError

Item = dict[str, Any]
Fault = Callable[[str, Mapping[str, Any]], ApiError | None]

_MEMBERS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}
_LOWEST = ("ActionsEnabled", True), ("AlarmActions", []), ("OKActions", []), ("InsufficientDataActions", [])


def lost(operation: str) -> ApiError:
    """The error of a call whose answer never came."""
    return ApiError(f"CloudWatch gave no answer to {operation}: it is not known whether it was done.", "x", Fate.LOST)


class CloudWatch:
    """Answers as AWS does; what is not about alarms it does not know.

    :param index_knows: whether the index of tags has an ARN already. Without it there is no index.
    :param before: a fault before a call is done, such as a lost request.
    :param after: a fault after it is done: its answer is lost.
    """

    region = "eu-central-1"
    partition = "aws"

    def __init__(
        self,
        index_knows: Callable[[str], bool] | None = lambda arn: True,
        before: Fault | None = None,
        after: Fault | None = None,
        unknown: Sequence[str] = (),
    ) -> None:
        self.alarms: dict[str, Item] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.index_knows = index_knows
        self.before = before
        self.after = after
        self.unknown = unknown
        #: Describing shows this many times what was there before.
        self.late = 0
        self._shown: dict[str, Item] = {}
        self._lock = threading.Lock()

    # -- what the code under test uses

    def has(self, service: str, operation: str, *members: str) -> bool:
        return not any(one in self.unknown for one in (operation, *members))

    def need(self, who: str, since: str, service: str, operation: str, *members: str) -> None:
        if not self.has(service, operation, *members):
            raise KumawatchError(f"{who} needs botocore {since} or newer; 1.35.0 is installed: upgrade it.")

    def pages(
        self, service: str, operation: str, key: Any, /, token: str = "NextToken", following: str = "", **given: Any
    ) -> Iterator[Item]:
        while True:
            answer = self.call(service, operation, **given)
            for one in [key] if isinstance(key, str) else key:
                yield from answer.get(one) or ()
            given[token] = answer.get(following or token)
            if not given[token]:
                return

    def call(self, service: str, operation: str, /, **given: Any) -> dict[str, Any]:
        with self._lock:
            self.calls.append((operation, copy.deepcopy(given)))
            error = self.before(operation, given) if self.before else None
            if error is None:
                answer: dict[str, Any] = getattr(self, _snake(operation))(copy.deepcopy(given))
                error = self.after(operation, given) if self.after else None
            if error is not None:
                raise error
            return copy.deepcopy(answer)

    # -- what tests ask and do

    def made(self, *operations: str) -> list[dict[str, Any]]:
        """The parameters of the calls of some operations."""
        return [given for operation, given in self.calls if operation in operations]

    def arn(self, name: str) -> str:
        return f"arn:aws:cloudwatch:{self.region}:123456789012:alarm:{name}"

    def put(self, operation: str, tags: Mapping[str, str] | None = None, **parameters: Any) -> None:
        """Write an alarm by hand."""
        self.call("cloudwatch", operation, **parameters, **({"Tags": _list(tags)} if tags else {}))
        self.calls.clear()

    # -- the operations

    def _write(self, kind: str, given: Item) -> dict[str, Any]:
        self._remember()
        name = given["AlarmName"]
        tags = given.pop("Tags", [])
        there = self.alarms.get(name)
        if there is not None and there["kind"] != kind:
            raise ApiError(f"CloudWatch refused Put: {name} is another kind of alarm.", "ValidationError")
        if there is None:
            self.tags[self.arn(name)] = {tag["Key"]: tag["Value"] for tag in tags}
        defaults = {member: copy.deepcopy(value) for member, value in _LOWEST}
        self.alarms[name] = {"kind": kind, **defaults, **given, "AlarmArn": self.arn(name)}
        return {}

    def _put_metric_alarm(self, given: Item) -> Item:
        if "Metrics" not in given and "EvaluationCriteria" not in given:
            given.setdefault("Dimensions", [])
        return self._write("MetricAlarm", given)

    def _put_composite_alarm(self, given: Item) -> Item:
        for name in _named(given["AlarmRule"]):
            if name not in self.alarms:
                raise ApiError(f"CloudWatch refused PutCompositeAlarm: {name} does not exist.", "ValidationError")
        return self._write("CompositeAlarm", given)

    def _put_log_alarm(self, given: Item) -> Item:
        given["ScheduledQueryConfiguration"]["QueryARN"] = "arn:aws:logs:eu-central-1:1:scheduled-query:x"
        return self._write("LogAlarm", given)

    def _delete_alarms(self, given: Item) -> Item:
        names = given["AlarmNames"]
        self._remember()
        kinds = [self.alarms[name]["kind"] for name in names if name in self.alarms]
        if len(names) > 100 or kinds.count("CompositeAlarm") > 1 or ("LogAlarm" in kinds and len(names) > 1):
            raise ApiError("CloudWatch refused DeleteAlarms: too many.", "ValidationError")
        for name in names:
            for other, item in self.alarms.items():
                if other not in names and name in _named(item.get("AlarmRule", "")):
                    raise ApiError(f"CloudWatch refused DeleteAlarms: {other} depends on {name}.", "ResourceConflict")
        missing = [name for name in names if self.alarms.pop(name, None) is None]
        for name in names:
            self.tags.pop(self.arn(name), None)
        if missing:
            raise ApiError(f"CloudWatch refused DeleteAlarms: no {missing[0]}.", "ResourceNotFound")
        return {}

    def _remember(self) -> None:
        if self.late and not self._shown:
            self._shown = dict(self.alarms)

    def _describe_alarms(self, given: Item) -> Item:
        kinds, size, start = given["AlarmTypes"], given["MaxRecords"], int(given.get("NextToken") or 0)
        assert size == 100
        shown = self.alarms
        if self.late and self._shown:
            self.late -= 1
            shown = self._shown
        if "LogAlarm" in kinds and "LogAlarm" in self.unknown:
            raise ApiError("CloudWatch refused DescribeAlarms: 'LogAlarm' is not in the enum.", "ValidationError")
        items = [item for item in shown.values() if item["kind"] in kinds]
        answer: dict[str, Any] = {member: [] for member in _MEMBERS.values()}
        for item in items[start : start + size]:
            answer[_MEMBERS[item["kind"]]].append({key: value for key, value in item.items() if key != "kind"})
        if len(items) > start + size:
            answer["NextToken"] = str(start + size)
        return answer

    def _list_tags_for_resource(self, given: Item) -> Item:
        return {"Tags": _list(self.tags.get(given["ResourceARN"], {}))}

    def _tag_resource(self, given: Item) -> Item:
        new = {tag["Key"]: tag["Value"] for tag in given["Tags"]}
        self.tags.setdefault(given["ResourceARN"], {}).update(new)
        return {}

    def _untag_resource(self, given: Item) -> Item:
        for key in given["TagKeys"]:
            self.tags[given["ResourceARN"]].pop(key, None)
        return {}

    def _get_resources(self, given: Item) -> Item:
        assert given["ResourceTypeFilters"] == ["cloudwatch:alarm"]
        if self.index_knows is None:
            raise ApiError("The tagging API does not know GetResources.", "UnknownOperationException")
        known = [arn for arn, tags in self.tags.items() if tags and self.index_knows(arn)]
        start, size = int(given.get("PaginationToken") or 0), given["ResourcesPerPage"]
        page = [{"ResourceARN": arn, "Tags": _list(self.tags[arn])} for arn in known[start : start + size]]
        more = len(known) > start + size
        return {"ResourceTagMappingList": page, "PaginationToken": str(start + size) if more else ""}


def _list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _snake(operation: str) -> str:
    return re.sub("([A-Z])", r"_\1", operation).lower()


def _named(rule: str) -> list[str]:
    return re.findall(r'(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*"?([^")]+)"?\s*\)', rule)
