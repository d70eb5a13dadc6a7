# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that name each other: circles among them, and the order that this asks for. Pure.

A graph is the names that each name refers to; names that are no key of it refer to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Graph = Mapping[str, Iterable[str]]


def cycle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """A way round in a graph, its first name again at the end; empty if there is none."""
    done: set[str] = set()
    for start in graph:
        if start in done:
            continue
        path: dict[str, None] = {start: None}
        stack = [iter(graph[start])]
        while stack:
            for other in stack[-1]:
                if other in path:
                    names = list(path)
                    return [*names[names.index(other) :], other]
                if other in graph and other not in done:
                    path[other] = None
                    stack.append(iter(graph[other]))
                    break
            else:
                stack.pop()
                done.add(path.popitem()[0])
    return []


def levels(graph: Graph) -> dict[str, int]:
    """How far each name is from those that refer to nothing, which are level 0. The graph has no circle."""
    found: dict[str, int] = {}
    for start in graph:
        stack = [start]
        while stack:
            name = stack[-1]
            open_ones = [other for other in graph[name] if other in graph and other not in found]
            if name in found or not open_ones:
                stack.pop()
                found[name] = 1 + max((found[other] for other in graph[name] if other in graph), default=-1)
            else:
                stack += open_ones
    return found
