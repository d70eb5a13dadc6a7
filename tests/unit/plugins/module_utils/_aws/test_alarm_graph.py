# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Circles are found, and the order of what names each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_graph import cycle, levels


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({}, []),
        ({"a": ["b"], "b": ["x"]}, []),
        ({"a": ["a"]}, ["a", "a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, ["b", "c", "b"]),
        ({"a": ["b", "c"], "b": ["c"], "c": []}, []),
    ],
)
def test_circles(graph: dict[str, list[str]], expected: list[str]) -> None:
    assert cycle(graph) == expected


def test_a_chain_longer_than_python_recurses() -> None:
    graph = {str(number): [str(number + 1)] for number in range(5000)}
    assert cycle(graph) == []
    assert levels(graph)["0"] == 4999


_GRAPHS = st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 12), max_size=4), max_size=10)


@given(_GRAPHS)
def test_either_there_is_a_circle_or_there_are_levels(numbers: dict[int, list[int]]) -> None:
    graph = {str(name): [str(other) for other in others] for name, others in numbers.items()}
    circle = cycle(graph)
    if circle:
        assert circle[0] == circle[-1]
        assert all(after in graph[before] for before, after in pairwise(circle))
        return
    found = levels(graph)
    assert found.keys() == graph.keys()
    for name, others in graph.items():
        assert all(found[other] < found[name] for other in others if other in graph)
