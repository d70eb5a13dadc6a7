# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a day: what is asked of Logs Insights, and what is asked next (no network of its own)."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from . import facts as known
from . import queries
from .config import Config
from .days import Day
from .facts import Facts
from .insights import Answer, Ask

MAX_PAGES = 3
"""The pages of error lines that are read of one log group; how many there are is counted all the same."""

LINES = "error lines"
ERRORS = "error counts"
REQUESTS = "request counts"
ROUTES = "routes"

Run = Callable[[Iterable[Ask], Callable[[Answer], Iterable[Ask]]], None]


@dataclass
class Reader:
    """Collects the answers about one day.

    :param routes: whether routes are asked for, which only the day of the report needs.
    """

    config: Config
    day: Day
    routes: bool = True
    facts: Facts = field(init=False)
    _kinds: dict[str, str] = field(init=False)
    _pages: dict[tuple[str, ...], int] = field(default_factory=dict)
    _seen: dict[tuple[str, ...], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.facts = Facts(self.day)
        self._kinds = {group.name: group.format for service in self.config.services for group in service.groups}

    def read(self, run: Run) -> Facts:
        """The day, as far as it can be read."""
        run(self.asks(), self.take)
        return self.facts

    def asks(self) -> list[Ask]:
        """What is asked first."""
        by_kind: dict[str, list[str]] = {}
        for group, kind in self._kinds.items():
            by_kind.setdefault(kind, []).append(group)
        made = []
        for kind, groups in sorted(by_kind.items()):
            form = self.config.formats[kind]
            for part in queries.chunks(groups):
                if not form.access:
                    made.append(self._ask(queries.error_lines(form), part, LINES))
                    continue
                made.append(self._ask(queries.request_counts(form), part, REQUESTS))
                if self.routes:
                    made.append(self._ask(queries.routes(form), part, ROUTES))
        return made

    def take(self, answer: Answer) -> list[Ask]:
        """Add an answer to the facts; what is to be asked because of it."""
        ask = answer.ask
        if answer.missing:
            self.facts.gap(f"The log group {answer.missing} does not exist.")
            return []
        if answer.reason:
            self._unread(ask, answer.reason)
            return []
        form = self.config.formats[self._kinds[ask.groups[0]]]
        full = len(answer.rows) >= queries.MAX_ROWS
        if ask.what == LINES:
            return self._lines(ask, form, answer.rows, full)
        if full and len(ask.groups) > 1:
            return self._halves(ask)
        if ask.what == ERRORS:
            known.add_error_counts(self.facts, answer.rows, self.config)
        elif ask.what == REQUESTS:
            known.add_request_counts(self.facts, answer.rows, self.config, form)
        else:
            known.add_routes(self.facts, answer.rows, self.config, form)
            if full:
                self.facts.gap(
                    f"{ask.groups[0]} has more than {queries.MAX_ROWS:,} different paths: the routes are those of the "
                    f"most frequent ones."
                )
        return []

    def _lines(self, ask: Ask, form: queries.Format, rows: Sequence[t.Mapping[str, str]], full: bool) -> list[Ask]:
        """Error lines: all of them, or as many as a few pages hold and the number of the others."""
        page = self._pages.get(ask.groups, 1)
        if full and page == 1 and len(ask.groups) > 1:
            # One noisy group must not hide the others.
            return self._halves(ask)
        seen = self._seen.setdefault(ask.groups, set())
        fresh = [row for row in rows if not row.get("@ptr") or row["@ptr"] not in seen]
        seen |= {row["@ptr"] for row in rows if row.get("@ptr")}
        known.add_lines(self.facts, fresh, self.config, count=not full and page == 1)
        follow = []
        if full and page == 1:
            follow.append(self._ask(queries.error_counts(form), ask.groups, ERRORS))
        oldest = known.moment(rows[-1].get("@timestamp", "")) if full else None
        if oldest is not None:
            end = int(oldest.timestamp())
            if page < MAX_PAGES and end < ask.end:
                self._pages[ask.groups] = page + 1
                follow.append(Ask(ask.query, ask.groups, ask.start, end, LINES))
            else:
                self.facts.gap(
                    f"{ask.groups[0]} has too many error lines to read them all: all are counted, and the patterns are "
                    f"those of the newest {len(seen):,}."
                )
        return follow

    def _halves(self, ask: Ask) -> list[Ask]:
        half = len(ask.groups) // 2
        return [Ask(ask.query, part, ask.start, ask.end, ask.what) for part in (ask.groups[:half], ask.groups[half:])]

    def _ask(self, query: str, groups: tuple[str, ...], what: str) -> Ask:
        return Ask(query, groups, self.day.first_second, self.day.last_second, what)

    def _unread(self, ask: Ask, reason: str) -> None:
        services = sorted({service for group in ask.groups for service, _targets in self.config.owners[group]})
        if ask.what == ROUTES:
            self.facts.gap(f"The routes of {_some(services)} could not be read: {reason}.")
            return
        if ask.what == LINES and self._pages.get(ask.groups, 1) > 1:
            self.facts.gap(f"Only some of the error lines of {_some(services)} could be read: {reason}.")
            return
        self.facts.unread |= set(services)
        self.facts.gap(f"The {ask.what} of {_some(services)} could not be read: {reason}.")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
