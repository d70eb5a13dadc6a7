# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: what is asked of DynamoDB, and what it answers when it is busy."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.store import (
    DynamoStore,
    MemoryStore,
    StoreError,
    item,
    item_id,
)


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__("a long story")
        self.response = {"Error": {"Code": code}}


class Table:
    """DynamoDB with a table in memory; it leaves ``busy`` requests of a batch unprocessed each time."""

    def __init__(self, busy: int = 0) -> None:
        self.items: dict[tuple[str, str], t.Any] = {}
        self.calls: list[str] = []
        self.busy = busy

    def batch_get_item(self, **request: t.Any) -> t.Any:
        self.calls.append("batch_get_item")
        [(name, wanted)] = request["RequestItems"].items()
        assert wanted["ConsistentRead"] is True
        keys = wanted["Keys"]
        assert 0 < len(keys) <= 100
        done = keys[: len(keys) - self.busy]
        rest = keys[len(done) :]
        self.busy = 0
        found = [
            self.items[key["kind"]["S"], key["id"]["S"]]
            for key in done
            if (key["kind"]["S"], key["id"]["S"]) in self.items
        ]
        return {"Responses": {name: found}, "UnprocessedKeys": {name: {"Keys": rest}} if rest else {}}

    def batch_write_item(self, **request: t.Any) -> t.Any:
        self.calls.append("batch_write_item")
        [(name, wanted)] = request["RequestItems"].items()
        assert 0 < len(wanted) <= 25
        done = wanted[: len(wanted) - self.busy]
        rest = wanted[len(done) :]
        self.busy = 0
        for entry in done:
            self._put(entry["PutRequest"]["Item"])
        return {"UnprocessedItems": {name: rest} if rest else {}}

    def put_item(self, **request: t.Any) -> None:
        self.calls.append("put_item")
        entry = request["Item"]
        before = self.items.get((entry["kind"]["S"], entry["id"]["S"]), {})
        wanted = request.get("ExpressionAttributeValues", {}).get(":version")
        assert request["ConditionExpression"] == ("#version = :version" if wanted else "attribute_not_exists(#version)")
        assert request["ExpressionAttributeNames"] == {"#version": "version"}
        if before.get("version") != wanted:
            raise Refused("ConditionalCheckFailedException")
        self._put(entry)

    def query(self, **arguments: t.Any) -> t.Any:
        self.calls.append("query")
        kind = arguments["ExpressionAttributeValues"][":kind"]["S"]
        found = [entry for key, entry in sorted(self.items.items()) if key[0] == kind]
        start = int(arguments.get("ExclusiveStartKey", {}).get("id", {}).get("S", "0"))
        page = found[start : start + 2]
        more = {"LastEvaluatedKey": {"id": {"S": str(start + 2)}}} if start + 2 < len(found) else {}
        return {"Items": page, **more}

    def _put(self, entry: t.Any) -> None:
        self.items[entry["kind"]["S"], entry["id"]["S"]] = entry


def store(table: Table) -> DynamoStore:
    return DynamoStore(table, "incidents", sleep=lambda seconds: None)


def test_many_items_go_and_come_in_as_many_calls_as_needed() -> None:
    table = Table(busy=3)
    mine = store(table)
    mine.write([item("seen", f"a{number}", {"n": number}) for number in range(60)])
    assert table.calls == ["batch_write_item"] * 4
    table.calls, table.busy = [], 3
    found = mine.read([("seen", f"a{number}") for number in range(250)] * 2)
    assert table.calls == ["batch_get_item"] * 4
    assert len(found) == 60
    assert found["seen", "a7"]["n"] == 7
    assert mine.read([]) == {}


def test_an_item_that_is_written_twice_at_once_is_written_once() -> None:
    mine = store(Table())
    mine.write([item("seen", "a", {"n": 1}), item("seen", "a", {"n": 2})])
    assert mine.read([("seen", "a")])["seen", "a"]["n"] == 2


def test_a_table_that_stays_busy_is_given_up() -> None:
    class Busy(Table):
        def batch_write_item(self, **request: t.Any) -> t.Any:
            self.busy = 1
            return super().batch_write_item(**request)

    with pytest.raises(StoreError, match="The table 'incidents' takes no more writes at the moment"):
        store(Busy()).write([item("seen", "a", {})])


@pytest.mark.parametrize("make", [lambda: store(Table()), MemoryStore])
def test_a_write_on_a_version_that_is_gone_is_refused(make: t.Any) -> None:
    mine = make()
    entry = item("incident", "a", {"n": 1})
    assert mine.replace(entry, 0)
    assert not mine.replace(entry, 0)
    assert mine.replace({**entry, "n": 2}, 1)
    assert not mine.replace(entry, 1)
    found = mine.read([("incident", "a")])["incident", "a"]
    assert (found["n"], found["version"]) == (2, 2)


def test_all_of_a_kind_over_several_pages() -> None:
    table = Table()
    mine = store(table)
    mine.write([item("incident", f"a{number}", {}) for number in range(5)] + [item("seen", "x", {})])
    table.calls = []
    assert [entry["id"] for entry in mine.find("incident")] == [f"a{number}" for number in range(5)]
    assert table.calls == ["query"] * 3


def test_what_dynamodb_says_is_said_by_its_code_alone() -> None:
    class Missing(Table):
        def batch_get_item(self, **request: t.Any) -> t.Any:
            raise Refused("ResourceNotFoundException")

    with pytest.raises(StoreError) as caught:
        store(Missing()).read([("seen", "a")])
    assert (
        str(caught.value) == "The table 'incidents' cannot be used: batch_get_item answered ResourceNotFoundException."
    )
    assert caught.value.__cause__ is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(-1e30, 1e30) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(st.text(min_size=1, max_size=5).filter(lambda name: name not in ("kind", "id")), values, max_size=4)
)
def test_what_is_written_is_read(fields: dict[str, t.Any]) -> None:
    mine = store(Table())
    entry = {**fields, "kind": "seen", "id": "a"}
    mine.write([entry])
    assert mine.read([("seen", "a")])["seen", "a"] == entry


@given(st.text(max_size=3_000))
def test_every_name_can_be_a_key(name: str) -> None:
    made = item_id(name)
    assert 0 < len(made.encode()) <= 1024
    assert made == item_id(name)


def test_long_names_stay_apart() -> None:
    assert item_id("x" * 2_000) != item_id("x" * 2_001)
