# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of monitors: index, ambiguity, circles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.paths import (
    MonitorIndex,
    as_path,
    label,
    paths,
)

WHAT = "status page 'x': monitors"


def monitors(*rows: tuple[int, str, int | None]) -> dict[int, dict[str, Any]]:
    return {ident: {"id": ident, "name": name, "parent": parent} for ident, name, parent in rows}


def refusal(act: Any, *arguments: Any) -> str:
    with pytest.raises(KumawatchError) as caught:
        act(*arguments)
    return str(caught.value)


def test_a_path_is_the_names_of_the_groups_and_the_name() -> None:
    found = paths(monitors((1, "api", 3), (2, "production", None), (3, "backend", 2), (4, "web", None)))
    assert found == {
        1: ("production", "backend", "api"),
        2: ("production",),
        3: ("production", "backend"),
        4: ("web",),
    }
    assert label(found[1]) == "production / backend / api"


def test_a_group_and_its_child_of_the_same_name_are_two() -> None:
    assert paths(monitors((1, "shop", None), (2, "shop", 1))) == {1: ("shop",), 2: ("shop", "shop")}


def test_a_parent_that_is_gone_ends_the_path() -> None:
    assert paths(monitors((2, "api", 7))) == {2: ("api",)}


def test_a_circle_on_the_server_ends_the_path() -> None:
    found = paths(monitors((1, "a", 2), (2, "b", 1), (3, "self", 3), (4, "in a", 1)))
    assert found == {1: ("b", "a"), 2: ("a", "b"), 3: ("self",), 4: ("b", "a", "in a")}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 7)), max_size=7))
def test_any_parents_whatsoever_give_each_monitor_a_path(rows: list[tuple[str, int | None]]) -> None:
    world = monitors(*((ident, name, parent) for ident, (name, parent) in enumerate(rows)))
    found = paths(world)
    assert found.keys() == world.keys()
    for ident, path in found.items():
        assert path[-1] == world[ident]["name"]
        assert len(path) <= len(world)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, ()),
        ("production", ("production",)),
        ("production / backend", ("production / backend",)),
        (["production", "backend"], ("production", "backend")),
        (["production", 2026], ("production", "2026")),
    ],
)
def test_a_group_is_a_name_or_a_list_of_names(value: Any, path: tuple[str, ...]) -> None:
    assert as_path(value, WHAT) == path


@pytest.mark.parametrize("value", [{"name": "x"}, 5, [["a"], "b"], [None]])
def test_anything_else_is_no_path(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        as_path(value, "monitor 'api': group")
    assert str(caught.value) == (
        "monitor 'api': group must be a name, or a list of names from the outermost group inwards, not "
        + repr(value)
        + "."
    )


@pytest.mark.parametrize("value", ["", "  ", ["production", ""]])
def test_an_empty_name_is_refused(value: Any) -> None:
    assert refusal(as_path, value, "monitor 'api': group") == (
        "monitor 'api': group has an empty name: give every group and monitor a name."
    )


INDEX = MonitorIndex(
    monitors(
        (1, "production", None),
        (2, "api", 1),
        (3, "staging", None),
        (4, "api", 3),
        (5, "web", 3),
        (6, "twice", None),
        (7, "twice", None),
        (8, "db", None),
        (9, "db", 1),
    )
)


@pytest.mark.parametrize(
    ("reference", "path", "ident"),
    [
        ("web", ("staging", "web"), 5),
        ("production", ("production",), 1),
        ("production / api", ("production", "api"), 2),
        (["staging", "api"], ("staging", "api"), 4),
        (["db"], ("db",), 8),
        (["production", "db"], ("production", "db"), 9),
    ],
)
def test_a_reference_finds_its_monitor(reference: str | list[str], path: tuple[str, ...], ident: int) -> None:
    assert INDEX.path(reference, WHAT) == path
    assert INDEX.ident(path, WHAT) == ident


def test_a_name_of_several_monitors_is_ambiguous() -> None:
    assert refusal(INDEX.path, "api", WHAT) == (
        "status page 'x': monitors names 'api', which 2 monitors are called: write ['production', 'api'] or "
        "['staging', 'api']."
    )


def test_a_name_at_the_top_is_ambiguous_as_well_where_a_group_holds_another() -> None:
    assert refusal(INDEX.path, "db", WHAT) == (
        "status page 'x': monitors names 'db', which 2 monitors are called: write ['db'] or ['production', 'db']."
    )


@pytest.mark.parametrize(
    "reference", ["nowhere", ["web"], ["production", "web"], "production / web", ["staging", "api", "x"]]
)
def test_an_unknown_monitor_is_named(reference: Any) -> None:
    shown = reference if isinstance(reference, str) else " / ".join(reference)
    assert refusal(INDEX.path, reference, WHAT) == (
        f"status page 'x': monitors names '{shown}', which is no monitor on the server: create it, or correct the name."
    )


def test_two_monitors_at_one_path_are_refused_with_their_ids() -> None:
    path = INDEX.path(["twice"], WHAT)
    assert refusal(INDEX.ident, path, WHAT) == (
        "status page 'x': monitors names 'twice', which exists 2 times on the server (ids 6 and 7): delete or rename "
        "all but one."
    )


def test_a_pending_monitor_is_known_without_an_id() -> None:
    index = MonitorIndex(monitors((1, "production", None)), pending=[("production", "new"), ("production",)])
    assert index.path("new", WHAT) == ("production", "new")
    assert index.ident(("production", "new"), WHAT) is None
    assert index.ident(("production",), WHAT) == 1


names = st.text("ab /", min_size=1, max_size=3).filter(lambda text: text.strip())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(names, st.none() | st.integers(0, 5)), min_size=1, max_size=6))
def test_a_list_always_finds_exactly_its_path(rows: list[tuple[str, int | None]]) -> None:
    world = monitors(*((ident, name, parent if parent != ident else None) for ident, (name, parent) in enumerate(rows)))
    index = MonitorIndex(world)
    for path in index.paths.values():
        assert index.path(list(path), WHAT) == path
