# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved queries: in a folder of ours, compared by what they mean, and nobody else's touched."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import log_queries_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_queries import Queries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

ENTRY: dict[str, Any] = {
    "name": "api/häufigste Fehler",
    "query": "stats count(*) by message",
    "log_groups": ["/b", "/a"],
}
ASKS = {"name": "api/one", "query": 'filter t = "{{ trace }}"', "parameters": [{"name": "trace", "default": "x"}]}


class Saved(Account):
    """Saved queries by their ids; names need not be unique."""

    def __init__(self, *names: str, **options: Any) -> None:
        self.queries: dict[str, dict[str, Any]] = {}
        self.numbers = itertools.count()
        super().__init__(
            {
                "DescribeQueryDefinitions": self._describe,
                "PutQueryDefinition": self._put,
                "DeleteQueryDefinition": self._delete,
            },
            **options,
        )
        for name in names:
            self._put(name=name, queryString="fields @message")

    def _describe(self, maxResults: int, nextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        items = list(self.queries.values())
        start = int(nextToken)
        more = {"nextToken": str(start + maxResults)} if start + maxResults < len(items) else {}
        return {"queryDefinitions": items[start : start + maxResults], **more}

    def _put(self, queryDefinitionId: str = "", **sent: Any) -> dict[str, Any]:  # noqa: N803
        ident = queryDefinitionId or f"id-{next(self.numbers)}"
        self.queries[ident] = {"queryLanguage": "CWLI", **sent, "queryDefinitionId": ident}
        return {"queryDefinitionId": ident}

    def _delete(self, queryDefinitionId: str) -> dict[str, Any]:  # noqa: N803
        if queryDefinitionId not in self.queries:
            raise refused("ResourceNotFoundException")
        del self.queries[queryDefinitionId]
        return {"success": True}

    @property
    def names(self) -> list[str]:
        return sorted(item["name"] for item in self.queries.values())


def run(
    account: Saved,
    *entries: dict[str, Any],
    owner: str | None = "m",
    purge: bool = False,
    folder: str | None = None,
    check: bool = False,
) -> Any:
    kind = Queries(entries, folder)
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "a//b"}, "saved query 'm/a//b': name has a folder without a name, or ends in a slash"),
        ({"name": "a/"}, "or ends in a slash"),
        ({"name": "x" * 254}, "name has 256 characters with its folder, and there may be 255"),
        ({"query": "  "}, "saved query 'm/api/häufigste Fehler': query is empty"),
        ({"query": "x" * 10_001}, "query has 10001 characters, and there may be 10000"),
        ({"log_groups": ["a b"]}, "log_groups has 'a b', which is no name of a log group"),
        ({"parameters": [{"name": "1x"}]}, "parameters has '1x': a name has letters, digits and _"),
        ({"parameters": [{"name": "x"}]}, "parameters has 'x', and query does not use it: write {{x}} in it"),
        ({"query": "{{x}}", "parameters": [{"name": "x"}] * 2}, "parameters has 'x' twice"),
        ({"query": "{{x}}", "parameters": [{"name": "x", "default": "y" * 1025}]}, "x: default is longer than 1024"),
        ({"parameters": [{"name": f"x{n}"} for n in range(21)]}, "parameters has 21, and there may be 20"),
        ({"ignore": ["querry"]}, "which is no option of a saved query: did you mean 'query'?"),
    ],
)
def test_what_cannot_be_right_is_named_before_anything_is_read(change: dict[str, Any], said: str) -> None:
    account = Saved()
    with pytest.raises(KumawatchError) as caught:
        run(account, {**ENTRY, **change})
    assert said in str(caught.value)
    assert not account.calls


def test_what_botocore_is_too_old_for_is_refused() -> None:
    with pytest.raises(KumawatchError, match=r"parameters needs botocore 1\.42\.77"):
        run(Saved(unknown=("PutQueryDefinition.parameters",)), ASKS)
    with pytest.raises(KumawatchError, match=r"language needs botocore 1\.35\.72"):
        run(Saved(unknown=("PutQueryDefinition.queryLanguage",)), {**ENTRY, "language": "sql"})


def test_queries_are_in_our_folder_and_unchanged_the_second_time() -> None:
    account = Saved("m", "other/api/one")
    outcome = run(account, ENTRY, ASKS)
    assert not outcome.failures
    assert account.names == ["m", "m/api/häufigste Fehler", "m/api/one", "other/api/one"]
    stored = {item["name"]: item for item in account.queries.values()}
    assert stored["m/api/häufigste Fehler"]["logGroupNames"] == ["/a", "/b"]
    assert stored["m/api/one"]["parameters"] == [{"name": "trace", "defaultValue": "x"}]
    again = run(account, {**ENTRY, "query": f"{ENTRY['query']}\n"}, {**ASKS, "language": "logs_insights"})
    assert not again.plan.changed
    assert again.plan.unmanaged == ("m", "other/api/one")
    assert not run(account, {**ENTRY, "name": "m/api/häufigste Fehler"}, folder="").plan.changed


def test_a_change_keeps_what_is_not_declared_and_the_id() -> None:
    account = Saved()
    assert not run(account, ENTRY, ASKS).failures
    assert not run(account, {"name": "api/one", "parameters": [{"name": "trace", "description": "d"}]}).failures
    assert not run(account, {"name": "api/häufigste Fehler", "log_groups": []}).failures
    assert (
        account.queries["id-1"]["queryString"] == ASKS["query"]
        or account.queries["id-0"]["queryString"] == ASKS["query"]
    )
    stored = {item["name"]: item for item in account.queries.values()}
    assert len(stored) == 2
    assert stored["m/api/one"]["parameters"] == [{"name": "trace", "description": "d"}]
    assert "logGroupNames" not in stored["m/api/häufigste Fehler"]


def test_a_new_query_needs_one() -> None:
    with pytest.raises(KumawatchError, match="saved query 'm/x' is new and lacks query"):
        run(Saved(), {"name": "x"})


def test_a_purge_keeps_to_our_folder() -> None:
    account = Saved("m/old", "m/old", "m/deep/er", "m2/x", "m", "x")
    outcome = run(account, ENTRY, purge=True)
    assert [change.label for change in outcome.plan.delete] == ["m/deep/er", "m/old", "m/old"]
    assert account.names == ["m", "m/api/häufigste Fehler", "m2/x", "x"]
    with pytest.raises(KumawatchError, match="purge needs a folder"):
        run(account, folder="", purge=True)


def test_two_of_one_name_are_nobodys_guess() -> None:
    with pytest.raises(KumawatchError, match="saved query 'm/x' exists 2 times on the server"):
        run(Saved("m/x", "m/x"), {"name": "x", "query": "y"})


def test_a_thousand_queries_take_a_call() -> None:
    entries = [{"name": f"q{number}", "query": "fields @message"} for number in range(1000)]
    account = Saved(*[f"m/q{number}" for number in range(1000)])
    assert not run(account, *entries).plan.changed
    assert len(account.calls) == 1


def test_an_export_is_what_makes_it() -> None:
    account = Saved()
    assert not run(account, {**ENTRY, "language": "ppl"}, ASKS).failures
    entries = [model.exported(item) for item in account.queries.values()]
    assert not run(account, *entries, folder="").plan.changed
    again = Saved()
    assert not run(again, *entries, folder="").failures
    assert again.names == account.names
    assert sorted(map(str, map(model.exported, again.queries.values()))) == sorted(map(str, entries))
