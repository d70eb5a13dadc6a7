# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the report: remember, read, judge, post. What touches AWS is handed in."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from .._errors import InputError, KumawatchError
from .._relay import links as console
from .._relay.events import digest
from .._relay.post import Outcome
from .._relay.settings import Settings
from .._relay.store import REPORT, Store, StoreError, item, item_id
from . import card, queries
from .config import Config
from .days import Day, before, day, yesterday
from .facts import Facts, Past, as_past, past, remembered
from .insights import Insights
from .reading import Reader
from .report import Report, judge

POSTING = 30.0
"""Seconds kept for the posting at the end."""


class Spaces(t.Protocol):
    """What posts."""

    def space(self, channel: str) -> str:
        """The space of a channel."""

    def post(self, channel: str, message: t.Mapping[str, t.Any], request_id: str, deadline: float) -> Outcome:
        """Post a message."""


@dataclass
class Work:
    """A run and what it needs.

    :param insights: makes what asks Logs Insights until a moment, in seconds since the epoch.
    :param note: what the report should say of itself, or nothing.
    """

    config: Config
    settings: Settings
    store: Store
    spaces: Spaces
    insights: Callable[[float], Insights]
    log: Callable[..., None]
    note: str = ""

    def run(self, event: Mapping[str, t.Any], now: datetime, deadline: float) -> dict[str, t.Any]:
        """Report the day of ``event``, or the last one.

        :param event: ``day`` (ISO), ``again`` (post it once more), ``post`` (false: show it only).
        :raises KumawatchError: a space did not take the card; a run after that posts it there and nowhere twice.
        """
        zone = self.settings.zone
        about = asked_day(event, now, zone)
        insights = self.insights(deadline - POSTING)
        earlier = before(about, self.config.days, zone)
        known, unusable = self._remembered(earlier)
        facts = Reader(self.config, about).read(insights.run)
        if self.note:
            facts.gap(self.note)
        if unusable:
            facts.gap(f"{unusable} What it remembers of the days before had to be read again.")
        read = self._read_again(insights, earlier, known)
        self._remember([*([facts] if not facts.unread and about.end <= now else []), *read], now)
        found = [known[one.date.isoformat()] for one in earlier if one.date.isoformat() in known]
        report = judge(self.settings.environment, facts, found, self.config)
        message = card.message(report, links=self._links(report), zone=zone)
        self.log(
            "reported",
            day=about.date.isoformat(),
            headline=card.headline(report),
            gaps=list(report.gaps),
            bytes_scanned=int(insights.scanned),
        )
        answer: dict[str, t.Any] = {
            "day": about.date.isoformat(),
            "headline": card.headline(report),
            "comparison": card.comparison(report),
            "new_patterns": len(report.new or ()),
            "gaps": list(report.gaps),
            "bytes_scanned": int(insights.scanned),
            "posted": [],
        }
        if event.get("post", True):
            answer["posted"] = self._post(message, about, event, now, deadline)
        else:
            answer["message"] = message
        return answer

    # -- the days before

    def _remembered(self, days: Sequence[Day]) -> tuple[dict[str, Past], str]:
        """What the table knows of ``days``, by date; and why it knows nothing."""
        keys = {(REPORT, item_id(self._id(one))): one.date.isoformat() for one in days}
        try:
            items = self.store.read(list(keys))
        except StoreError as error:
            return {}, str(error)
        return {keys[key]: past(keys[key], found) for key, found in items.items() if key in keys}, ""

    def _read_again(self, insights: Insights, days: Sequence[Day], known: dict[str, Past]) -> list[Facts]:
        """Read the days that are not known, the newest first, as long as there is time; ``known`` grows by them."""
        read = []
        for one in days:
            when = one.date.isoformat()
            if when in known:
                continue
            if insights.late:
                break
            facts = Reader(self.config, one, routes=False).read(insights.run)
            if not facts.unread:
                known[when] = as_past(facts)
                read.append(facts)
        return read

    def _remember(self, days: Sequence[Facts], now: datetime) -> None:
        items = [item(REPORT, self._id(facts.day), remembered(facts), now.timestamp()) for facts in days]
        try:
            # One by one: an item can be large, and one that the table refuses must not keep the others.
            for entry in items:
                self.store.write([entry])
        except StoreError as error:
            self.log("not remembered", reason=str(error))

    def _id(self, one: Day) -> str:
        return f"{self.settings.environment}/{one.date.isoformat()}"

    # -- the card

    def _links(self, report: Report) -> card.Links:
        region, partition = self.settings.region, self.config.partition
        troubled = {row.service.name for row in report.rows if row.troubled}

        def logs(of_requests: bool) -> str | None:
            groups = [
                group
                for service in self.config.services
                for group in service.groups
                if self.config.kind(group).access == of_requests and (service.name in troubled or not troubled)
            ]
            # A query reads one format; the button leads to the one that most of the groups have.
            kinds = [group.format for group in groups]
            kind = max(kinds, key=kinds.count, default="")
            named = [group.name for group in groups if group.format == kind]
            if not region or not named:
                return None
            return console.insights(
                region, partition, queries.shown(self.config.formats[kind]), named, report.day.start, report.day.end
            )

        return card.Links(
            errors=logs(False),
            requests=logs(True),
            dashboard=console.dashboard(region, partition, self.config.dashboard) if region else None,
        )

    def _post(
        self, message: Mapping[str, t.Any], about: Day, event: Mapping[str, t.Any], now: datetime, deadline: float
    ) -> list[str]:
        channels = self.settings.channels
        wanted = [channel.name for channel in channels if channel.default] or [channels[0].name]
        told: dict[str, str] = {}
        refused = []
        for channel in wanted:
            space = self.spaces.space(channel)
            if space in told:
                continue
            told[space] = channel
            # The same one for each run of a day, so that a run after a lost answer makes no second card.
            again = now.astimezone(UTC).isoformat() if event.get("again") else ""
            name = digest("error-report", self.settings.environment, about.date.isoformat(), channel, again)
            outcome = self.spaces.post(channel, message, f"kumawatch-{name}", deadline)
            if not outcome.posted:
                refused.append(f"channel '{channel}': {outcome.reason}")
        if refused:
            raise KumawatchError(f"The error report of {about.date.isoformat()} was not posted: {'; '.join(refused)}")
        return list(told.values())


def asked_day(event: Mapping[str, t.Any], now: datetime, zone: tzinfo) -> Day:
    """The day that ``event`` names; the last one that is over where it names none.

    :raises InputError: it is no day, or it has not begun.
    """
    text = event.get("day")
    if not text:
        return yesterday(now, zone)
    try:
        wanted = date.fromisoformat(str(text))
    except ValueError:
        raise InputError(f"day must be a date such as 2026-11-26, not {str(text)[:40]!r}.") from None
    found = day(wanted, zone)
    if found.start > now:
        raise InputError(f"The day {wanted.isoformat()} has not begun yet.")
    return found
