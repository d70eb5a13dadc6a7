# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of Lambda functions: one small function per API call.

A URL has no tags, and goes with its function: whose it is, is whose the function is. So nothing is marked or purged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import KumawatchError
from .._reconcile import ABSENT, Actual, Change, Create, Delete, Desired, Update
from . import function_urls_model as model
from .bulk import Kind
from .entries import each
from .errors import ApiError
from .session import Aws, Known

_GONE = "ResourceNotFoundException"
_THERE = "ResourceConflictException"


class FunctionUrls(Kind):
    """The URLs of the functions that are declared."""

    noun = "function URL"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._keys: list[model.Key] = []
        #: The URLs that exist, by what messages call them, as they were read last.
        self.urls: dict[str, str] = {}

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._keys = [entry.key for entry in result]
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        there = {item.key for item in actual}
        for entry in desired:
            if entry.state != ABSENT and entry.key not in there and "auth" not in entry.properties:
                raise KumawatchError(
                    f"function '{entry.label}' has no URL yet: say who may call it: auth: none or iam."
                )

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    def returns(self) -> dict[str, Any]:
        return {"urls": self.urls}

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        found = [item for item in each(lambda key: self._read(aws, key), self._keys) if item is not None]
        self.urls = {item.label: item.ident.url for item in found}
        return found

    @staticmethod
    def _read(aws: Aws, key: model.Key) -> Actual | None:
        try:
            config = aws.call("lambda", "GetFunctionUrlConfig", **_place(key))
        except ApiError as error:
            if error.code == _GONE:
                return None
            raise
        return model.actual(key, config, _policy(aws, key))

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        place = _place(change.key)
        try:
            if isinstance(change, Delete):
                # The permissions first: a URL that is gone would hide them from the next run.
                _forbid(aws, place, change.actual.ident.statements)
                aws.call("lambda", "DeleteFunctionUrlConfig", **place)
                return
            self._save(aws, change, place)
        except ApiError as error:
            if error.code != _GONE:
                raise
            if not isinstance(change, Delete):
                raise ApiError("the function does not exist: create it first, or correct the name.") from None
            return
        if "public" in change.desired.properties:
            # What stands there already is looked up anew: this may be the second attempt.
            found = model.public_statements(_policy(aws, change.key))
            if change.desired.properties["public"]:
                for wanted, statements in zip(model.PUBLIC, found, strict=True):
                    if not statements:
                        _permit(aws, place, wanted)
            else:
                _forbid(aws, place, found)

    @staticmethod
    def _save(aws: Aws, change: Create | Update, place: Mapping[str, str]) -> None:
        if isinstance(change, Create):
            try:
                aws.call("lambda", "CreateFunctionUrlConfig", **place, **model.request(change.desired.properties))
                return
            except ApiError as error:
                if error.code != _THERE:
                    raise
            aws.call("lambda", "UpdateFunctionUrlConfig", **place, **model.request(change.desired.properties))
            return
        # What is sent of CORS replaces all of it, and what is not declared is to stay.
        whole = {**change.actual.properties, **{name: change.desired.properties[name] for name in change.differences}}
        if set(change.differences) - {"public"}:
            aws.call("lambda", "UpdateFunctionUrlConfig", **place, **model.request(whole))


def _place(key: model.Key) -> dict[str, str]:
    function, alias = key
    return {"FunctionName": function, **({"Qualifier": alias} if alias else {})}


def _policy(aws: Aws, key: model.Key) -> str | None:
    try:
        return str(aws.call("lambda", "GetPolicy", **_place(key)).get("Policy") or "")
    except ApiError as error:
        if error.code == _GONE:
            return None
        raise


def _permit(aws: Aws, place: Mapping[str, str], wanted: Mapping[str, Any]) -> None:
    """Add a statement; one of its id that says something else gives way."""
    try:
        aws.call("lambda", "AddPermission", **place, **wanted)
        return
    except ApiError as error:
        if error.code != _THERE:
            raise
    _forbid(aws, place, [[wanted["StatementId"]]])
    aws.call("lambda", "AddPermission", **place, **wanted)


def _forbid(aws: Aws, place: Mapping[str, str], statements: Sequence[Sequence[str]]) -> None:
    for statement in (name for names in statements for name in names if name):
        try:
            aws.call("lambda", "RemovePermission", **place, StatementId=statement)
        except ApiError as error:
            if error.code != _GONE:
                raise
