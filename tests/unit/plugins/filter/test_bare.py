# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters are given, in Python's own types: of what Ansible hands out, nothing but the values is left."""

from __future__ import annotations

import gc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils import filters
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter, bare

OWN = (dict, list, str, int, float, bool, type(None))


def kinds(value: Any) -> set[type]:
    """The types in a value."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {type(value)}.union(*map(kinds, inner))


def handed_out(variables: dict[str, Any], expression: str) -> Any:
    """What a filter of an expression is given, and what is left of it."""
    caught: list[Any] = []

    def catch(value: Any) -> str:
        caught.extend((type(value), bare(value)))
        return "caught"

    templar = Templar(loader=DataLoader(), variables=variables)
    templar.environment.filters["catch"] = catch
    assert templar.template(trust_as_template(f"{{{{ {expression} | catch }}}}")) == "caught"
    return caught


@pytest.fixture(params=["what containers hold", "what containers say"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what ansible-core keeps to itself, and without."""
    if request.param == "what containers say":
        monkeypatch.setattr(filters, "_LazyValue", None)


@pytest.fixture
def declared(tmp_path: Path) -> dict[str, Any]:
    """Variables of an inventory: texts know where they stand, and some are templates."""
    path = tmp_path / "all.yml"
    path.write_text(
        "host: api\nday: 2026-12-24\n"
        "services:\n"
        "  - {name: '{{ host }}', url: 'https://{{ host }}/', port: 80, share: 0.5,\n"
        "     on: true, off: null, tags: [a, '{{ host }}']}\n"
        "  - {name: plain, checks: [{kind: '{{ kind }}'}]}\n"
        "kind: http\n"
    )
    loaded: dict[str, Any] = DataLoader().load_from_file(str(path), trusted_as_template=True)
    return loaded


SERVICES = [
    {
        "name": "api", "url": "https://api/", "port": 80, "share": 0.5, True: True, False: None, "tags": ["a", "api"],
    },
    {"name": "plain", "checks": [{"kind": "http"}]},
]  # fmt: skip


def test_templates_are_followed_and_nothing_of_ansible_is_left(
    declared: dict[str, Any], way: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, left = handed_out(declared, "services")
    assert given is not list
    assert left == SERVICES
    assert kinds(left) <= set(OWN)


def test_what_holds_no_template_is_not_taken_for_one(way: None) -> None:
    facts = {
        "facts": {"services": [{"name": "api", "pattern": "{{ host }}", "checks": [{"kind": "http"}]}]},
        "host": "x",
    }
    given, left = handed_out(facts, "facts")
    assert given is not dict
    assert left == facts["facts"]
    assert kinds(left) <= set(OWN)


def test_what_was_declared_and_what_was_found_may_stand_beside_each_other(
    declared: dict[str, Any], way: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {**declared, "found": {"services": {"api": {"id": "i-1"}}}}
    given, left = handed_out(variables, "{'declared': services, 'found': found, 'pair': (host, 1)}")
    assert given is not dict
    assert left == {"declared": SERVICES, "found": {"services": {"api": {"id": "i-1"}}}, "pair": ["api", 1]}
    assert kinds(left) <= set(OWN)


def test_what_is_not_defined_is_an_error_as_elsewhere(way: None) -> None:
    variables = {"services": [{"name": trust_as_template("{{ nobody_knows }}")}]}
    with pytest.raises(Exception, match="'nobody_knows' is undefined"):
        handed_out(variables, "services")


def test_other_types_stay(declared: dict[str, Any]) -> None:
    day = date(2026, 12, 24)
    assert bare({"day": day, "bytes": b"x"}) == {"day": day, "bytes": b"x"}
    assert bare(declared["day"]) == day


def test_a_filter_is_given_what_is_bare_and_garbage_is_looked_for_again_afterwards() -> None:
    seen: list[Any] = []

    def function(value: Any, more: Any = None) -> str:
        seen.extend((value, more, gc.isenabled()))
        if more == ["wrong"]:
            raise InputError("It is wrong.")
        return "done"

    wrapped = as_filter(function)
    assert wrapped({"a": ("b",)}, more=["c"]) == "done"
    assert seen == [{"a": ["b"]}, ["c"], False]
    assert gc.isenabled()
    with pytest.raises(AnsibleFilterError, match="It is wrong"):
        wrapped(1, ["wrong"])
    assert gc.isenabled()
