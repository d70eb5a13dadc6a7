# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: incidents, what was told already, messages on their way, the pace of each space, drills.

Its keys are ``kind`` (partition) and ``id`` (sort), its time to live is ``expires``. The kinds:

* ``incident``: one an identity, see :mod:`.incidents`; ``version`` grows with every write.
* ``seen``: one an alert; which messages it is in, by channel, or that it is not told at all.
* ``outbox``: one a message; its body until it is posted, and that it was.
* ``pace``: one a space; when it may be written to again.
* ``drill``: one a path of a drill; how far it has come.
* ``report``: one a day of the error report; what later ones compare with.
"""

from __future__ import annotations

import hashlib
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .._errors import KumawatchError

Item = dict[str, t.Any]
Key = tuple[str, str]

INCIDENT = "incident"
SEEN = "seen"
OUTBOX = "outbox"
PACE = "pace"
DRILL = "drill"
REPORT = "report"

DAY = 86_400
KEPT = {INCIDENT: 3 * DAY, SEEN: 15 * DAY, OUTBOX: 15 * DAY, PACE: DAY, DRILL: 7 * DAY, REPORT: 40 * DAY}
"""How long an item is kept after it was written. A message can come back for 14 days, out of the dead letters."""

KEPT_OPEN = 30 * DAY
"""How long an incident is kept that is still open. All are read each minute, so what is over goes sooner."""

_MAX_ID = 900
_PARTS = 100
_WRITES = 25
_ATTEMPTS = 8


class StoreError(KumawatchError):
    """The table cannot be read or written."""


class Store(t.Protocol):
    """What the relay needs of a table."""

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items of ``keys``, as they are now; those that do not exist are left out."""

    def write(self, items: Sequence[Item]) -> None:
        """Write ``items``, whatever was there."""

    def replace(self, item: Item, version: int) -> bool:
        """Write ``item`` if its version is still ``version`` (0: it does not exist); whether that was so."""

    def merge(self, key: Key, fields: Mapping[str, t.Any]) -> None:
        """Set some attributes of an item, which is made where it does not exist."""

    def delete(self, key: Key) -> None:
        """Delete an item, if it is there."""

    def find(self, kind: str) -> Iterator[Item]:
        """All items of a kind."""


def item_id(text: str) -> str:
    """``text`` as a sort key: one that is too long ends in a digest of the whole."""
    raw = text.encode("utf-8", "replace")
    if 0 < len(raw) <= _MAX_ID:
        return raw.decode("utf-8")
    digest = hashlib.sha256(raw).hexdigest()
    return f"{raw[: _MAX_ID - 65].decode('utf-8', 'ignore')}-{digest}"


def item(kind: str, identity: str, fields: Mapping[str, t.Any], now: float | None = None) -> Item:
    """An item with its keys and the moment when the table may forget it."""
    expires = int((time.time() if now is None else now) + KEPT[kind])
    return {**fields, "kind": kind, "id": item_id(identity), "expires": expires}


def drill_id(name: str, path: str) -> str:
    """The sort key of a drill on one path."""
    return item_id(f"{name}/{path}")


class MemoryStore:
    """A table in memory: for tests, and for the alerts that cannot wait until the real one can be reached again."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        return {key: dict(self.items[key]) for key in keys if key in self.items}

    def write(self, items: Sequence[Item]) -> None:
        for entry in items:
            self.items[entry["kind"], entry["id"]] = dict(entry)

    def replace(self, item: Item, version: int) -> bool:
        key = (item["kind"], item["id"])
        if self.items.get(key, {}).get("version", 0) != version:
            return False
        self.items[key] = {**item, "version": version + 1}
        return True

    def merge(self, key: Key, fields: Mapping[str, t.Any]) -> None:
        self.items[key] = {**self.items.get(key, {"kind": key[0], "id": key[1]}), **fields}

    def delete(self, key: Key) -> None:
        self.items.pop(key, None)

    def find(self, kind: str) -> Iterator[Item]:
        yield from [dict(entry) for key, entry in sorted(self.items.items()) if key[0] == kind]


class DynamoStore:
    """The table in DynamoDB.

    :param client: of boto3, for ``dynamodb``.
    :raises StoreError: by every method; the table cannot be used at the moment.
    """

    def __init__(self, client: t.Any, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table = table
        self._sleep = sleep

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        found: dict[Key, Item] = {}
        unique = list(dict.fromkeys(keys))
        for start in range(0, len(unique), _PARTS):
            wanted: list[t.Any] = [_key(key) for key in unique[start : start + _PARTS]]
            for attempt in range(_ATTEMPTS):
                answer = self._call(
                    "batch_get_item", RequestItems={self._table: {"Keys": wanted, "ConsistentRead": True}}
                )
                for raw in answer.get("Responses", {}).get(self._table, []):
                    entry = _load(raw)
                    found[entry["kind"], entry["id"]] = entry
                wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
                if not wanted:
                    break
                self._sleep(0.05 * 2**attempt)
            if wanted:
                raise StoreError(f"The table '{self._table}' takes no more reads at the moment.")
        return found

    def write(self, items: Sequence[Item]) -> None:
        # One request cannot name an item twice; the last one counts.
        last = list({(entry["kind"], entry["id"]): entry for entry in items}.values())
        for start in range(0, len(last), _WRITES):
            wanted: list[t.Any] = [{"PutRequest": {"Item": _dump(entry)}} for entry in last[start : start + _WRITES]]
            for attempt in range(_ATTEMPTS):
                answer = self._call("batch_write_item", RequestItems={self._table: wanted})
                wanted = answer.get("UnprocessedItems", {}).get(self._table, [])
                if not wanted:
                    break
                self._sleep(0.05 * 2**attempt)
            if wanted:
                raise StoreError(f"The table '{self._table}' takes no more writes at the moment.")

    def replace(self, item: Item, version: int) -> bool:
        condition: dict[str, t.Any] = {"ConditionExpression": "attribute_not_exists(#version)"}
        if version:
            condition = {
                "ConditionExpression": "#version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        try:
            self._call(
                "put_item",
                TableName=self._table,
                Item=_dump({**item, "version": version + 1}),
                ExpressionAttributeNames={"#version": "version"},
                **condition,
            )
        except _Conflict:
            return False
        return True

    def merge(self, key: Key, fields: Mapping[str, t.Any]) -> None:
        names = {f"#n{index}": name for index, name in enumerate(fields)}
        values = {f":v{index}": _value(value) for index, value in enumerate(fields.values())}
        self._call(
            "update_item",
            TableName=self._table,
            Key=_key(key),
            UpdateExpression="SET " + ", ".join(f"#n{index} = :v{index}" for index in range(len(fields))),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    def delete(self, key: Key) -> None:
        self._call("delete_item", TableName=self._table, Key=_key(key))

    def find(self, kind: str) -> Iterator[Item]:
        start: dict[str, t.Any] = {}
        while True:
            answer = self._call(
                "query",
                TableName=self._table,
                KeyConditionExpression="#kind = :kind",
                ExpressionAttributeNames={"#kind": "kind"},
                ExpressionAttributeValues={":kind": {"S": kind}},
                ConsistentRead=True,
                **start,
            )
            yield from map(_load, answer.get("Items", []))
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _call(self, operation: str, **arguments: t.Any) -> dict[str, t.Any]:
        try:
            answer: dict[str, t.Any] = getattr(self._client, operation)(**arguments)
        except Exception as error:  # botocore's, whose classes the zip need not import
            code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
            if code == "ConditionalCheckFailedException":
                raise _Conflict from None
            raise StoreError(f"The table '{self._table}' cannot be used: {operation} answered {code}.") from None
        return answer


class _Conflict(Exception):
    """Somebody else has written the item."""


def _key(key: Key) -> dict[str, t.Any]:
    return {"kind": {"S": key[0]}, "id": {"S": key[1]}}


def _dump(entry: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: _value(value) for name, value in entry.items()}


def _value(value: t.Any) -> dict[str, t.Any]:
    """``value`` as DynamoDB writes it."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": repr(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, Mapping):
        return {"M": _dump(value)}
    if isinstance(value, Iterable):
        return {"L": [_value(entry) for entry in value]}
    raise TypeError(f"no attribute can hold a {type(value).__name__}")


def _load(raw: Mapping[str, t.Any]) -> Item:
    return {name: _plain(value) for name, value in raw.items()}


def _plain(value: Mapping[str, t.Any]) -> t.Any:
    [(kind, content)] = value.items()
    if kind == "N":
        return float(content) if any(sign in content for sign in ".eE") else int(content)
    if kind == "M":
        return _load(content)
    if kind == "L":
        return [_plain(entry) for entry in content]
    return None if kind == "NULL" else content
