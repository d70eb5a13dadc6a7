# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of a weighted decision matrix. Pure: numbers in, numbers out.

A table maps each candidate to its scores by criterion, from 0 to :data:`FULL`. Weights are any numbers from 0 on; only
their proportions matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FULL = 5.0
"""The best score."""

Scores = Mapping[str, float]
Table = Mapping[str, Scores]
Weights = Mapping[str, float]

#: Totals that differ by less are equal: sums of the same numbers in another order differ in the last bits.
_EQUAL = 9


def shares(weights: Weights) -> dict[str, float]:
    """The weights as shares of 1. At least one must be above 0."""
    # Scaled first: the sum of huge weights would be infinite, a tiny one divided would lose its bits.
    largest = max(weights.values())
    scaled = {name: weight / largest for name, weight in weights.items()}
    whole = sum(scaled.values())
    return {name: weight / whole for name, weight in scaled.items()}


def total(scores: Scores, weights: Weights) -> float:
    """The weighted mean of the scores."""
    return round(sum(share * scores[name] for name, share in shares(weights).items()), _EQUAL)


def ranking(table: Table, weights: Weights) -> list[list[str]]:
    """The candidates from the best on. Those with the same total share a place, in order of their names."""
    places: dict[float, list[str]] = {}
    for name in sorted(table):
        places.setdefault(total(table[name], weights), []).append(name)
    return [places[value] for value in sorted(places, reverse=True)]


def mean(levels: Mapping[str, float], weights: Weights) -> float:
    """The score of a criterion from the levels (0 to 1) of its aspects. Aspects without a weight count once."""
    counted = {name: weights.get(name, 1.0) for name in levels}
    if not any(counted.values()):
        return 0.0
    return FULL * total(levels, counted)


def value_for_money(costs: Mapping[str, float], values: Mapping[str, float]) -> dict[str, float]:
    """The score of each candidate for what it gives for its cost: the best gets :data:`FULL`, half as much half of it.

    :param costs: what each costs a month. Below 1 counts as 1, so that the difference between a cent and none is small.
    :param values: what each gives, from 0 to 1.
    """
    ratios = {name: values[name] / max(cost, 1.0) for name, cost in costs.items()}
    best = max(ratios.values(), default=0.0)
    return {name: FULL * ratio / best if best > 0 else 0.0 for name, ratio in ratios.items()}


def variations(table: Table, weights: Weights, change: float) -> list[dict[str, object]]:
    """The ranking with each weight smaller and greater by a share, the others as they are.

    :returns: for each criterion and direction ``criterion``, ``change`` (such as -0.2), ``ranking``, ``winners``,
        ``same_winner`` (the first place is as before) and ``same_ranking``.
    """
    before = ranking(table, weights)
    result: list[dict[str, object]] = []
    for criterion in weights:
        for sign in (-1, 1):
            varied = {**weights, criterion: weights[criterion] * (1 + sign * change)}
            if not any(varied.values()):
                continue
            after = ranking(table, varied)
            result.append({
                "criterion": criterion,
                "change": sign * change,
                "ranking": after,
                "winners": after[0] if after else [],
                "same_winner": after[:1] == before[:1],
                "same_ranking": after == before,
            })  # fmt: skip
    return result


def tipping_points(table: Table, weights: Weights) -> dict[str, dict[str, object] | None]:
    """How far each weight can move, alone, before the first place is shared or lost.

    The difference between two totals is linear in each weight, so the point is computed, not searched for.

    :returns: by criterion, the nearest such point: ``weight``, ``change`` (as a share of the weight; ``None`` where the
        weight is 0) and ``winner``, who would be level; ``None`` where no weight from 0 on does that.
    """
    order = ranking(table, weights)
    if not order or len(order[0]) != 1:
        return dict.fromkeys(weights)
    first = order[0][0]
    others = [name for place in order[1:] for name in place]
    result: dict[str, dict[str, object] | None] = {}
    for criterion, weight in weights.items():
        nearest: tuple[float, str] | None = None
        for other in others:
            steep = table[first][criterion] - table[other][criterion]
            if not steep:
                continue
            # Without this criterion's own share, which rounding would leave a trace of.
            lead = sum(
                weights[name] * (table[first][name] - table[other][name]) for name in weights if name != criterion
            )
            point = -lead / steep or 0.0
            if point >= 0 and (nearest is None or abs(point - weight) < abs(nearest[0] - weight)):
                nearest = (point, other)
        result[criterion] = nearest and {
            "weight": nearest[0],
            "change": nearest[0] / weight - 1 if weight else None,
            "winner": nearest[1],
        }
    return result


def placed(order: Sequence[Sequence[str]]) -> dict[str, int]:
    """The place of each candidate, counted from 1; after two first places comes the third."""
    result: dict[str, int] = {}
    for names in order:
        place = len(result) + 1
        result.update(dict.fromkeys(names, place))
    return result
