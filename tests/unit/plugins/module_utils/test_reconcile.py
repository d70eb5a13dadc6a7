# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: what it decides reaches what is declared, and nothing else is touched."""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import (
    ABSENT,
    PRESENT,
    Actual,
    Create,
    Delete,
    Desired,
    Difference,
    Plan,
    Update,
    plan,
)

ME = "me"
NAMES = ["interval", "url", "tags"]

# Machines under load are slow: no deadline for one example.
thorough = settings(max_examples=40, deadline=None)

keys = st.tuples(st.sampled_from("abcdefgh")) | st.tuples(st.sampled_from("ab"), st.sampled_from("abcd"))
values = st.none() | st.integers(0, 2) | st.lists(st.integers(0, 1), max_size=2)
properties = st.dictionaries(st.sampled_from(NAMES), values)


def label(key: Any) -> str:
    return " / ".join(key)


@st.composite
def declarations(draw: st.DrawFn) -> list[Desired]:
    """Any list of entries without duplicates."""
    result = []
    for position, key in enumerate(draw(st.lists(keys, unique=True, max_size=8))):
        state = draw(st.sampled_from([PRESENT, PRESENT, PRESENT, ABSENT]))
        ignored = draw(st.frozensets(st.sampled_from(NAMES), max_size=2))
        declared = {} if state == ABSENT else draw(properties)
        result.append(Desired(key, label(key), position, declared, state, ignored))
    return result


@st.composite
def worlds(draw: st.DrawFn, owners: tuple[str | None, ...] = (None, ME, "other"), unique: bool = True) -> list[Actual]:
    """What may stand on a server."""
    found = draw(st.lists(keys, unique=unique, max_size=8))
    return [
        Actual(key, label(key), ident, draw(properties), draw(st.sampled_from(owners)))
        for ident, key in enumerate(found, 1)
    ]


def apply(decided: Plan, actual: list[Actual], owner: str | None = ME) -> list[Actual]:
    """A server in miniature: does what a plan says, and nothing of its own."""
    world: dict[Any, Actual] = {item.ident: item for item in actual}
    assert len(world) == len(actual)
    for deletion in decided.delete:
        del world[deletion.actual.ident]
    for update in decided.update:
        item = world[update.actual.ident]
        changed = {name: difference.after for name, difference in update.differences.items()}
        world[item.ident] = Actual(item.key, item.label, item.ident, {**item.properties, **changed}, owner)
    for number, creation in enumerate(decided.create, 1000):
        entry = creation.desired
        world[number] = Actual(entry.key, entry.label, number, dict(entry.properties), owner)
    return list(world.values())


def ours(desired: list[Desired], actual: list[Actual]) -> bool:
    """Whether nothing declared belongs to somebody else."""
    declared = {entry.key for entry in desired}
    return not any(item.owner not in (None, ME) for item in actual if item.key in declared)


def reached(desired: list[Desired], before: list[Actual], after: list[Actual], owner: str | None) -> None:
    was = {item.key: item for item in before}
    now = {item.key: item for item in after}
    assert len(now) == len(after)
    for entry in desired:
        if entry.state == ABSENT:
            assert entry.key not in now
            continue
        item = now[entry.key]
        if owner is not None:
            assert item.owner == owner
        old = was.get(entry.key)
        for name, wanted in entry.properties.items():
            if name in entry.ignored and old is not None:
                assert item.properties.get(name) == old.properties.get(name)
            else:
                assert item.properties.get(name) == wanted
        for name in set(item.properties) - set(entry.properties):
            assert old is not None and item.properties[name] == old.properties[name]


@thorough
@given(declarations(), worlds(), st.booleans())
def test_applying_the_plan_reaches_what_is_declared(desired: list[Desired], actual: list[Actual], purge: bool) -> None:
    assume(ours(desired, actual))
    decided = plan(desired, actual, noun="monitor", owner=ME, purge=purge)
    after = apply(decided, actual)
    reached(desired, actual, after, ME)
    if purge:
        declared = {entry.key for entry in desired}
        assert not [item for item in after if item.owner == ME and item.key not in declared]


@thorough
@given(declarations(), worlds(owners=(None,)))
def test_kinds_without_a_mark_are_reconciled_too(desired: list[Desired], actual: list[Actual]) -> None:
    decided = plan(desired, actual, noun="page", owner=None, purge=True)
    assert not [change for change in decided.delete if change.purged]
    assert not [change for change in decided.update if change.adopted]
    reached(desired, actual, apply(decided, actual, owner=None), None)


@thorough
@given(declarations(), worlds(), st.booleans())
def test_a_second_plan_is_empty(desired: list[Desired], actual: list[Actual], purge: bool) -> None:
    assume(ours(desired, actual))
    first = plan(desired, actual, noun="monitor", owner=ME, purge=purge)
    second = plan(desired, apply(first, actual), noun="monitor", owner=ME, purge=purge)
    assert not second.changed
    assert second.unchanged == tuple(sorted(entry.label for entry in desired))
    assert second.unmanaged == first.unmanaged


@thorough
@given(declarations(), worlds(), st.booleans())
def test_nothing_unowned_and_undeclared_is_touched(desired: list[Desired], actual: list[Actual], purge: bool) -> None:
    assume(ours(desired, actual))
    declared = {entry.key for entry in desired}
    decided = plan(desired, actual, noun="monitor", owner=ME, purge=purge)
    after = apply(decided, actual)
    alien = [item for item in actual if item.key not in declared and (item.owner != ME or not purge)]
    assert all(item in after for item in alien)
    assert decided.unmanaged == tuple(sorted(item.label for item in alien))


@thorough
@given(declarations(), worlds(), st.booleans(), st.randoms())
def test_the_order_of_input_does_not_matter(
    desired: list[Desired], actual: list[Actual], purge: bool, chance: random.Random
) -> None:
    assume(ours(desired, actual))
    expected = plan(desired, actual, noun="monitor", owner=ME, purge=purge)
    mixed, world = chance.sample(desired, len(desired)), chance.sample(actual, len(actual))
    assert plan(mixed, world, noun="monitor", owner=ME, purge=purge) == expected


@thorough
@given(declarations(), worlds(), st.booleans())
def test_every_entry_and_object_is_accounted_for_once(
    desired: list[Desired], actual: list[Actual], purge: bool
) -> None:
    assume(ours(desired, actual))
    decided = plan(desired, actual, noun="monitor", owner=ME, purge=purge)
    named = [change.label for change in (*decided.create, *decided.update, *decided.delete)]
    everything = sorted([*named, *decided.unchanged, *decided.unmanaged])
    assert everything == sorted({entry.label for entry in desired} | {item.label for item in actual})


@thorough
@given(declarations(), worlds(), st.integers(0, 4))
def test_max_deletions_holds(desired: list[Desired], actual: list[Actual], limit: int) -> None:
    assume(ours(desired, actual))
    declared = {entry.key for entry in desired}
    surplus = [item for item in actual if item.owner == ME and item.key not in declared]
    if len(surplus) > limit:
        with pytest.raises(KumawatchError, match=f"more than max_deletions={limit} allows"):
            plan(desired, actual, noun="monitor", owner=ME, purge=True, max_deletions=limit)
    else:
        decided = plan(desired, actual, noun="monitor", owner=ME, purge=True, max_deletions=limit)
        assert sorted(change.label for change in decided.delete if change.purged) == sorted(i.label for i in surplus)


@thorough
@given(declarations(), worlds(unique=False))
def test_what_exists_twice_is_never_chosen_from(desired: list[Desired], actual: list[Actual]) -> None:
    assume(ours(desired, actual))
    found = [item.key for item in actual]
    twice = {entry.key for entry in desired if found.count(entry.key) > 1}
    if twice:
        with pytest.raises(KumawatchError, match="so it is not clear which one is meant"):
            plan(desired, actual, noun="monitor", owner=ME)
    else:
        plan(desired, actual, noun="monitor", owner=ME)


# -- single decisions, and the sentences -------------------------------------------------------------------------------


def entry(name: str, position: int = 0, state: str = PRESENT, ignored: tuple[str, ...] = (), **options: Any) -> Desired:
    return Desired((name,), name, position, options, state, frozenset(ignored))


def thing(name: str, ident: int = 1, owner: str | None = ME, **options: Any) -> Actual:
    return Actual((name,), name, ident, options, owner)


def decide(desired: list[Desired], actual: list[Actual], **arguments: Any) -> Plan:
    return plan(desired, actual, noun="monitor", **{"owner": ME, **arguments})


def test_a_new_entry_is_created_with_its_ignored_options_too() -> None:
    wanted = entry("api", ignored=("interval",), interval=60)
    assert decide([wanted], []) == Plan(create=(Create(wanted),))


def test_an_update_names_only_what_differs() -> None:
    wanted, found = entry("api", interval=60, url="u"), thing("api", interval=30, url="u", timeout=4)
    assert decide([wanted], [found]) == Plan(update=(Update(wanted, found, {"interval": Difference(30, 60)}),))


def test_what_is_not_declared_is_left_alone() -> None:
    assert decide([entry("api")], [thing("api", interval=30)]) == Plan(unchanged=("api",))


def test_an_ignored_option_never_differs() -> None:
    assert decide([entry("api", ignored=("interval",), interval=60)], [thing("api", interval=30)]) == Plan(
        unchanged=("api",)
    )


def test_an_option_that_the_server_does_not_show_counts_as_none() -> None:
    assert not decide([entry("api", proxy=None)], [thing("api")]).changed
    assert decide([entry("api", proxy="p")], [thing("api")]).update[0].differences == {"proxy": Difference(None, "p")}


def test_the_callers_idea_of_equality_counts() -> None:
    def rough(name: str, before: Any, after: Any) -> bool:
        return name == "interval" or bool(before == after)

    decided = decide([entry("api", interval=60, url="b")], [thing("api", interval=30, url="a")], equal=rough)
    assert decided.update[0].differences == {"url": Difference("a", "b")}


def test_an_unmarked_object_is_adopted_even_where_nothing_differs() -> None:
    wanted, found = entry("api", interval=60), thing("api", owner=None, interval=60)
    assert decide([wanted], [found]) == Plan(update=(Update(wanted, found, {}, adopted=True),))


def test_absent_deletes_and_counts_as_unchanged_when_already_gone() -> None:
    found = thing("old", owner=None)
    decided = decide([entry("old", state=ABSENT), entry("older", 1, state=ABSENT)], [found])
    assert decided == Plan(delete=(Delete(found, purged=False),), unchanged=("older",))


def test_purge_takes_only_what_bears_our_mark() -> None:
    mine, alien, unmarked = thing("mine"), thing("alien", 2, "other"), thing("unmarked", 3, None)
    decided = decide([], [mine, alien, unmarked], purge=True)
    assert decided == Plan(delete=(Delete(mine, purged=True),), unmanaged=("alien", "unmarked"))


def test_without_purge_nothing_undeclared_goes() -> None:
    assert decide([], [thing("mine")]) == Plan(unmanaged=("mine",))


def refusal(desired: list[Desired], actual: list[Actual], **arguments: Any) -> str:
    with pytest.raises(KumawatchError) as caught:
        decide(desired, actual, **arguments)
    return str(caught.value)


def test_a_duplicate_is_refused_naming_both_positions() -> None:
    with pytest.raises(InputError) as caught:
        decide([entry("api", 0), entry("web", 1), entry("api", 2)], [])
    assert str(caught.value) == "monitor 'api' is declared twice, as entries 1 and 3: remove one of them."


@thorough
@given(st.lists(keys, min_size=1, max_size=8))
def test_duplicates_are_refused_wherever_they_stand(declared: list[Hashable]) -> None:
    entries = [Desired(key, label(key), position) for position, key in enumerate(declared)]
    again = next((position for position, key in enumerate(declared) if key in declared[:position]), None)
    if again is None:
        decide(entries, [])
        return
    first = declared.index(declared[again])
    assert f"as entries {first + 1} and {again + 1}:" in refusal(entries, [])


def test_another_owner_is_refused() -> None:
    assert refusal([entry("api")], [thing("api", owner="other")]) == (
        "monitor 'api' belongs to managed_by 'other', not to 'me': remove the entry, or the mark on the server if it "
        "is to change hands."
    )


def test_even_absent_does_not_delete_what_another_owns() -> None:
    assert "belongs to managed_by 'other'" in refusal([entry("api", state=ABSENT)], [thing("api", owner="other")])


def test_an_ambiguous_object_is_refused() -> None:
    assert refusal([entry("api")], [thing("api", 4), thing("api", 9, None)]) == (
        "monitor 'api' exists 2 times on the server (ids 4 and 9), so it is not clear which one is meant: delete or "
        "rename all but one."
    )


def test_what_exists_twice_undeclared_is_merely_reported() -> None:
    assert decide([], [thing("api", 4, None), thing("api", 9, None)]) == Plan(unmanaged=("api", "api"))


def test_too_many_deletions_are_refused() -> None:
    found = [thing(name, ident) for ident, name in enumerate(["c", "a", "b"])]
    assert refusal([], found, purge=True, max_deletions=2) == (
        "purge would delete 3 monitors ('a', 'b', 'c'), more than max_deletions=2 allows: nothing was deleted; raise "
        "max_deletions if that is what you want."
    )


def test_of_many_deletions_five_are_named() -> None:
    found = [thing(f"m{number}", number) for number in range(12)]
    assert refusal([], found, purge=True, max_deletions=10) == (
        "purge would delete 12 monitors ('m0', 'm1', 'm10', 'm11', 'm2' and 7 more), more than max_deletions=10 "
        "allows: nothing was deleted; raise max_deletions if that is what you want."
    )


def test_entries_declared_absent_do_not_count_as_purged() -> None:
    entries = [entry(f"m{number}", number, state=ABSENT) for number in range(3)]
    found = [thing(f"m{number}", number) for number in range(4)]
    decided = decide(entries, found, purge=True, max_deletions=1)
    assert [(change.label, change.purged) for change in decided.delete] == [
        ("m0", False),
        ("m1", False),
        ("m2", False),
        ("m3", True),
    ]


def test_the_summary_counts_as_prediction_and_as_report() -> None:
    decided = decide([entry("a"), entry("b", 1)], [thing("b"), thing("c", 2)], purge=True)
    assert decided.summary() == "1 to create, 0 to update, 1 to delete, 1 unchanged"
    assert decided.summary(done=True) == "1 created, 0 updated, 1 deleted, 1 unchanged"


def test_input_is_not_changed() -> None:
    wanted: Mapping[str, Any] = {"tags": ["b", "a"]}
    found: Mapping[str, Any] = {"tags": ["a"]}
    decide([Desired(("a",), "a", 0, wanted)], [Actual(("a",), "a", 1, found, None)])
    assert wanted == {"tags": ["b", "a"]}
    assert found == {"tags": ["a"]}
