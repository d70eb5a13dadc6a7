# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of the decision matrix."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import matrix

CRITERIA = ("a", "b", "c")
# Hundredths, so that totals differ by more than the last bits or not at all.
_SCORE = st.integers(0, 500).map(lambda value: value / 100)
_TABLE = st.dictionaries(
    st.sampled_from(["one", "two", "three", "four"]), st.fixed_dictionaries(dict.fromkeys(CRITERIA, _SCORE)), min_size=1
)
_WEIGHTS = st.fixed_dictionaries(dict.fromkeys(CRITERIA, st.integers(0, 100))).filter(lambda found: any(found.values()))


@given(_TABLE, _WEIGHTS, st.sampled_from([0.001, 0.5, 3, 1e9]))
def test_only_the_proportions_of_weights_matter(table: matrix.Table, weights: dict[str, int], factor: float) -> None:
    scaled = {name: weight * factor for name, weight in weights.items()}
    assert matrix.ranking(table, scaled) == matrix.ranking(table, weights)


@given(_TABLE, _WEIGHTS)
def test_a_ranking_has_everybody_once_in_order_of_totals(table: matrix.Table, weights: dict[str, int]) -> None:
    order = matrix.ranking(table, weights)
    assert sorted(name for place in order for name in place) == sorted(table)
    totals = [matrix.total(table[place[0]], weights) for place in order]
    assert totals == sorted(totals, reverse=True)
    assert all(0 <= total <= matrix.FULL for total in totals)
    for place in order:
        assert len({matrix.total(table[name], weights) for name in place}) == 1


@given(_TABLE, _WEIGHTS, st.sampled_from(CRITERIA))
def test_who_is_better_at_everything_is_before_the_others(
    table: matrix.Table, weights: dict[str, int], criterion: str
) -> None:
    assume(weights[criterion])
    best = {name: max(scores[name] for scores in table.values()) for name in CRITERIA}
    best[criterion] += 1
    assert matrix.ranking({**table, "best": best}, weights)[0] == ["best"]


@given(_TABLE, _WEIGHTS)
def test_a_candidate_more_changes_nothing_among_the_others(table: matrix.Table, weights: dict[str, int]) -> None:
    more = {**table, "more": dict.fromkeys(CRITERIA, 2.5)}
    order = [[name for name in place if name != "more"] for place in matrix.ranking(more, weights)]
    assert [place for place in order if place] == matrix.ranking(table, weights)


def test_places_after_a_shared_one_are_left_out() -> None:
    assert matrix.placed([["a", "b"], ["c"]]) == {"a": 1, "b": 1, "c": 3}
    assert matrix.placed([]) == {}


def test_the_mean_of_aspects_counts_what_is_wanted() -> None:
    levels = {"tracing": 1.0, "rum": 0.0}
    assert matrix.mean(levels, {}) == 2.5
    assert matrix.mean(levels, {"tracing": 3, "rum": 1}) == 3.75
    assert matrix.mean(levels, {"rum": 0}) == 5
    assert matrix.mean(levels, {"tracing": 0, "rum": 0}) == 0


def test_half_as_much_for_the_money_is_half_the_score() -> None:
    scores = matrix.value_for_money({"a": 100, "b": 200, "c": 100, "free": 0}, {"a": 1, "b": 1, "c": 0.5, "free": 0})
    assert scores == {"a": 5, "b": 2.5, "c": 2.5, "free": 0}
    assert matrix.value_for_money({"a": 0, "b": 100}, {"a": 1, "b": 1}) == {"a": 5, "b": 0.05}
    assert matrix.value_for_money({"a": 0}, {"a": 0}) == {"a": 0}
    assert matrix.value_for_money({}, {}) == {}


def test_variations_tell_whether_the_first_and_the_order_stay() -> None:
    table = {"x": {"a": 5.0, "b": 0.0}, "y": {"a": 0.0, "b": 5.0}, "z": {"a": 0.0, "b": 1.0}}
    varied = matrix.variations(table, {"a": 1, "b": 0.9}, 0.2)
    assert [(entry["criterion"], entry["change"], entry["winners"]) for entry in varied] == [
        ("a", -0.2, ["y"]),
        ("a", 0.2, ["x"]),
        ("b", -0.2, ["x"]),
        ("b", 0.2, ["y"]),
    ]
    assert [entry["same_winner"] for entry in varied] == [False, True, True, False]
    assert [entry["same_ranking"] for entry in varied] == [False, True, True, False]


@given(_TABLE, _WEIGHTS)
def test_at_a_tipping_point_the_first_is_level_with_another(table: matrix.Table, weights: dict[str, int]) -> None:
    order = matrix.ranking(table, weights)
    for criterion, point in matrix.tipping_points(table, weights).items():
        if point is None:
            continue
        varied = {**weights, criterion: float(str(point["weight"]))}
        assume(any(varied.values()))
        first, other = table[order[0][0]], table[str(point["winner"])]
        assert abs(matrix.total(first, varied) - matrix.total(other, varied)) < 1e-6


def test_the_nearest_tipping_point_is_computed() -> None:
    table = {"x": {"a": 5.0, "b": 0.0}, "y": {"a": 0.0, "b": 5.0}}
    points = matrix.tipping_points(table, {"a": 1.0, "b": 0.8})
    assert points["a"] == {"weight": 0.8, "change": 0.8 - 1, "winner": "y"}
    assert points["b"] is not None
    assert points["b"]["weight"] == 1.0
