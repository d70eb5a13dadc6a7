# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lambda functions with their reserved concurrency and event sources: one small function per API call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .._contract import entry_args
from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, Actual, Change, Create, Delete, Desired
from . import functions_model as model
from .bulk import Kind
from .errors import ApiError
from .session import Aws, Known
from .tags import MARK, Tags, tags_by_arn

_ROLE_PATIENCE = 60.0
"""Seconds for which a role that was made a moment ago may not be known to Lambda yet."""

_STATE_PATIENCE = 120.0
"""Seconds for which a function may be on its way to what it was told to be."""

_GONE = ("ResourceNotFoundException", "ResourceNotFound")


def function_args() -> dict[str, Any]:
    """The options of one function."""
    return {
        "name": {"type": "str", "required": True},
        **entry_args(),
        "zip_file": {"type": "path"},
        "handler": {"type": "str"},
        "runtime": {"type": "str"},
        "architecture": {"type": "str", "choices": ["arm64", "x86_64"]},
        "role": {"type": "str"},
        "description": {"type": "str"},
        "timeout": {"type": "int"},
        "memory_size": {"type": "int"},
        "environment": {"type": "dict"},
        "reserved_concurrency": {"type": "int"},
        "event_sources": {
            "type": "list",
            "elements": "dict",
            "options": {
                "arn": {"type": "str", "required": True},
                "enabled": {"type": "bool", "default": True},
                "batch_size": {"type": "int", "default": 10},
                "batch_window": {"type": "int", "default": 0},
                "report_failures": {"type": "bool", "default": False},
            },
        },
        "tags": {"type": "dict"},
    }


class Functions(Kind):
    """The functions of an account and Region."""

    noun = "function"

    def __init__(
        self,
        entries: Sequence[Mapping[str, Any]],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._entries = entries
        self._names = {entry["name"] for entry in entries}
        self._packages: dict[str, bytes] = {}
        self._sleep = sleep
        self._clock = clock

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = []
        for position, entry in enumerate(self._entries):
            model.check_entry(entry)
            name, state = entry["name"], entry.get("state") or "present"
            properties: dict[str, Any] = {}
            if state != ABSENT:
                properties = model.properties_of(entry, self._digest(name, entry.get("zip_file")))
                if entry.get("tags") is not None:
                    properties["tags"] = {key: str(value) for key, value in entry["tags"].items() if key != MARK}
            result.append(Desired(name, name, position, properties, state, frozenset(entry.get("ignore") or ())))
        return result

    def _digest(self, name: str, path: str | None) -> str | None:
        if not path:
            return None
        try:
            with open(path, "rb") as stream:
                self._packages[name] = stream.read()
        except OSError as error:
            raise InputError(
                f"function '{name}': zip_file '{path}' cannot be read ({error.strerror}): correct the path."
            ) from error
        return model.code_of(self._packages[name])

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        there = {item.key for item in actual}
        for entry in desired:
            if entry.state == ABSENT or entry.key in there:
                continue
            for option, name in (("code", "zip_file"), ("handler",) * 2, ("runtime",) * 2, ("role",) * 2):
                if not entry.properties.get(option):
                    raise InputError(
                        f"function '{entry.label}' does not exist yet: option '{name}' is needed to make it."
                    )

    def equal(self, name: str, before: Any, after: Any) -> bool:
        if name == "event_sources":
            return model.same_sources(before or (), after)
        return bool(before == after)

    def show(self, name: str, value: Any) -> Any:
        return model.readable(value) if name == "event_sources" and value else value

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        marks = tags_by_arn(aws, ["lambda:function"]) if self.purge else None
        found = []
        for configuration in aws.pages(
            "lambda", "ListFunctions", "Functions", token="Marker", following="NextMarker", MaxItems=50
        ):
            name, arn = str(configuration["FunctionName"]), str(configuration["FunctionArn"])
            if name in self._names:
                actual = self._read_one(aws, configuration, name, arn)
                if actual is not None:
                    found.append(actual)
            else:
                tags = (_tags(aws, arn) if marks is None else marks.get(arn, {})) if self.purge else {}
                found.append(Actual(name, name, arn, {}, tags.get(MARK)))
        return found

    @staticmethod
    def _read_one(aws: Aws, configuration: Mapping[str, Any], name: str, arn: str) -> Actual | None:
        try:
            tags = _tags(aws, arn)
            concurrency = aws.call("lambda", "GetFunctionConcurrency", FunctionName=name)
        except ApiError as error:
            # The list may still have a function that was deleted a moment ago.
            if error.code in _GONE:
                return None
            raise
        sources = [
            model.source_from(item)
            for item in aws.pages(
                "lambda",
                "ListEventSourceMappings",
                "EventSourceMappings",
                token="Marker",
                following="NextMarker",
                FunctionName=name,
            )
            if item.get("State") != "Deleting"
        ]
        properties = {
            **model.properties_from(configuration),
            "reserved_concurrency": concurrency.get("ReservedConcurrentExecutions", -1),
            "event_sources": sources,
            "tags": {key: value for key, value in tags.items() if key != MARK},
        }
        return Actual(name, name, arn, properties, tags.get(MARK))

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Delete):
            self._delete(aws, change)
            return
        name = str(change.desired.key)
        wanted = change.desired.properties
        before: Mapping[str, Any] = {}
        names = set(wanted)
        if isinstance(change, Create):
            self._create(aws, name, wanted)
            names -= {*model.CONFIGURATION, "environment", "architecture", "code", "tags"}
            if wanted.get("reserved_concurrency") == -1:
                names.discard("reserved_concurrency")
        else:
            before = change.actual.properties
            names = set(change.differences)
            if "tags" in names or change.adopted:
                self._tag(aws, str(change.actual.ident), before.get("tags") or {}, wanted.get("tags"))
        configuration = model.configuration_for({option: wanted[option] for option in wanted if option in names})
        if configuration:
            self._with_role(
                lambda: aws.call("lambda", "UpdateFunctionConfiguration", FunctionName=name, **configuration)
            )
            self._settle(aws, name)
        if names & {"code", "architecture"}:
            self._update_code(aws, name, wanted, str(before.get("architecture") or ""))
        if "reserved_concurrency" in names:
            _reserve(aws, name, wanted["reserved_concurrency"])
        if "event_sources" in names:
            self._connect(aws, name, before.get("event_sources") or (), wanted["event_sources"])

    def _create(self, aws: Aws, name: str, wanted: Mapping[str, Any]) -> None:
        tags: Tags = {**wanted.get("tags", {}), **self._mark()}
        with _once():
            self._with_role(
                lambda: aws.call(
                    "lambda",
                    "CreateFunction",
                    FunctionName=name,
                    Code={"ZipFile": self._packages[name]},
                    Architectures=[wanted.get("architecture") or "x86_64"],
                    Tags=tags,
                    **model.configuration_for(wanted),
                )
            )
        self._settle(aws, name)

    def _update_code(self, aws: Aws, name: str, wanted: Mapping[str, Any], architecture: str) -> None:
        if name not in self._packages:
            raise KumawatchError(
                f"function '{name}': option 'architecture' changes with the code only: give zip_file as well."
            )
        aws.call(
            "lambda",
            "UpdateFunctionCode",
            FunctionName=name,
            ZipFile=self._packages[name],
            Architectures=[wanted.get("architecture") or architecture],
        )
        self._settle(aws, name)

    def _with_role(self, call: Callable[[], Any]) -> None:
        """Call what names a role, again while Lambda does not know the role yet."""
        end = self._clock() + _ROLE_PATIENCE
        while True:
            try:
                call()
                return
            except ApiError as error:
                if error.code != "InvalidParameterValueException" or "assume" not in str(error):
                    raise
                if self._clock() >= end:
                    raise
            self._sleep(2.0)

    def _settle(self, aws: Aws, name: str) -> None:
        """Wait until a function takes changes again."""
        end = self._clock() + _STATE_PATIENCE
        while True:
            found = aws.call("lambda", "GetFunctionConfiguration", FunctionName=name)
            # A function that nobody has called for weeks is Inactive, which is no obstacle.
            if found.get("State") == "Failed" or found.get("LastUpdateStatus") == "Failed":
                reason = found.get("LastUpdateStatusReason") or found.get("StateReason") or "no reason was given"
                raise KumawatchError(f"Lambda could not bring it to what is declared ({reason.rstrip('.')}).")
            if found.get("State") != "Pending" and found.get("LastUpdateStatus") != "InProgress":
                return
            if self._clock() >= end:
                raise KumawatchError(
                    f"Lambda did not finish the change within {_STATE_PATIENCE:.0f} seconds: run the task again later."
                )
            self._sleep(1.0)

    @staticmethod
    def _connect(aws: Aws, name: str, before: Sequence[model.Source], after: Sequence[model.Source]) -> None:
        there = {source["arn"]: source for source in before}
        wanted = {source["arn"]: source for source in after}
        for arn, source in there.items():
            if arn not in wanted:
                _disconnect(aws, source["uuid"])
        for arn, source in wanted.items():
            if arn not in there:
                with _once():
                    aws.call(
                        "lambda",
                        "CreateEventSourceMapping",
                        FunctionName=name,
                        EventSourceArn=arn,
                        **model.source_for(source),
                    )
            elif not model.same_source(there[arn], source):
                aws.call(
                    "lambda",
                    "UpdateEventSourceMapping",
                    UUID=there[arn]["uuid"],
                    **model.source_for(source),
                )

    @staticmethod
    def _delete(aws: Aws, change: Delete) -> None:
        name = str(change.actual.key)
        # What feeds it does not go with it. Of a purged one that has not been read.
        for item in aws.pages(
            "lambda",
            "ListEventSourceMappings",
            "EventSourceMappings",
            token="Marker",
            following="NextMarker",
            FunctionName=name,
        ):
            if item.get("State") != "Deleting":
                _disconnect(aws, item["UUID"])
        try:
            aws.call("lambda", "DeleteFunction", FunctionName=name)
        except ApiError as error:
            if error.code not in _GONE:
                raise

    def _mark(self) -> Tags:
        return {MARK: self.owner} if self.owner else {}

    def _tag(self, aws: Aws, arn: str, before: Tags, after: Tags | None) -> None:
        stray = sorted(set(before) - set(after)) if after is not None else []
        if stray:
            aws.call("lambda", "UntagResource", Resource=arn, TagKeys=stray)
        tags = {**(after or {}), **self._mark()}
        if tags:
            aws.call("lambda", "TagResource", Resource=arn, Tags=tags)


@contextmanager
def _once() -> Iterator[None]:
    """What is created here may be there already: an earlier attempt made it, whose answer was lost."""
    try:
        yield
    except ApiError as error:
        if error.code != "ResourceConflictException":
            raise


def _tags(aws: Aws, arn: str) -> Tags:
    return dict(aws.call("lambda", "ListTags", Resource=arn).get("Tags") or {})


def _reserve(aws: Aws, name: str, concurrency: int) -> None:
    if concurrency < 0:
        aws.call("lambda", "DeleteFunctionConcurrency", FunctionName=name)
    else:
        aws.call("lambda", "PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=concurrency)


def _disconnect(aws: Aws, uuid: str) -> None:
    try:
        aws.call("lambda", "DeleteEventSourceMapping", UUID=uuid)
    except ApiError as error:
        if error.code not in _GONE:
            raise
