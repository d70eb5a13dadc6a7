# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run queries of Logs Insights side by side, inside a deadline.

An account runs a few queries at once for everybody in it, so that only some of these places are taken, and a refusal
for want of places is waited out. A query over many groups fails as a whole where one of them is missing or of another
class: it is then asked again without that group, or in halves until the group is found.
"""

from __future__ import annotations

import re
import time
import typing as t
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

PARALLEL = 4
"""The queries at once; an account has at least ten."""

POLL = 0.5
MAX_POLL = 4.0

_MISSING = re.compile(r"[Ll]og group '?([\w./#-]+?)'? does not exist")
_WAIT = {"LimitExceededException", "ThrottlingException", "Throttling", "TooManyRequestsException"}
_PASSING = {"ServiceUnavailableException", "InternalServerException", "InternalFailure", "RequestTimeout"}
_SPLIT = {"ResourceNotFoundException", "InvalidParameterException", "ValidationException", "AccessDeniedException"}

Log = Callable[..., None]


@dataclass(frozen=True)
class Ask:
    """A query.

    :param groups: the names of 1 to 50 log groups.
    :param start: in seconds since the epoch; the second of ``end`` belongs to it as well.
    :param what: for whoever asks.
    """

    query: str
    groups: tuple[str, ...]
    start: int
    end: int
    what: str = ""
    tries: int = 0


@dataclass(frozen=True)
class Answer:
    """What came of a query.

    :param reason: why there are no rows, in a few words; empty where they are here.
    :param missing: the group that does not exist; the query goes on without it.
    """

    ask: Ask
    rows: tuple[t.Mapping[str, str], ...] = ()
    reason: str = ""
    missing: str = ""


class Insights:
    """Logs Insights.

    :param client: of boto3, for ``logs``.
    :param deadline: when the last answer must be here, in seconds since the epoch.
    """

    def __init__(
        self,
        client: t.Any,
        deadline: float,
        *,
        parallel: int = PARALLEL,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._parallel = parallel
        self._clock = clock
        self._sleep = sleep
        self.scanned = 0.0
        """The bytes read so far, which is what a query costs."""

    @property
    def late(self) -> bool:
        """Whether there is no time left."""
        return self._clock() >= self._deadline

    def run(self, asks: Iterable[Ask], take: Callable[[Answer], Iterable[Ask]]) -> None:
        """Ask ``asks``, and whatever ``take`` makes of each answer."""
        waiting, running = deque(asks), dict[str, Ask]()
        pause, not_before = POLL, 0.0
        while waiting or running:
            if self.late:
                self._stop(running)
                for ask in [*running.values(), *waiting]:
                    take(Answer(ask, reason="there was no time left"))
                return
            moved = False
            while waiting and len(running) < self._parallel and self._clock() >= not_before:
                ask = waiting.popleft()
                name, more, wait = self._start(ask, take)
                waiting.extendleft(reversed(more))
                moved = moved or bool(name) or bool(more)
                if name:
                    running[name] = ask
                if wait:
                    not_before = self._clock() + wait
            for name, ask in list(running.items()):
                answer = self._look(name, ask)
                if answer is None:
                    continue
                del running[name]
                moved = True
                if answer.reason and ask.tries < 1:
                    waiting.append(replace(ask, tries=ask.tries + 1))
                else:
                    waiting.extend(take(answer))
            pause = POLL if moved else min(pause * 1.5, MAX_POLL)
            if running or waiting:
                self._sleep(max(0.0, min(pause, self._deadline - self._clock())))

    def _start(self, ask: Ask, take: Callable[[Answer], Iterable[Ask]]) -> tuple[str, list[Ask], float]:
        """The id of the query, or what to ask instead, and how many seconds to start none."""
        try:
            answer = self._client.start_query(
                logGroupNames=list(ask.groups), startTime=ask.start, endTime=ask.end, queryString=ask.query
            )
            return str(answer["queryId"]), [], 0.0
        except Exception as error:  # botocore's, whose classes the zip need not import
            code, text = _code(error)
        if code in _WAIT:
            return "", [ask], 2.0
        if code in _PASSING or not code:
            if ask.tries < 3:
                return "", [replace(ask, tries=ask.tries + 1)], 1.0
        elif code == "ResourceNotFoundException" and (gone := self._gone(ask, text)):
            rest = tuple(group for group in ask.groups if group != gone)
            return "", [*take(Answer(ask, missing=gone)), *([replace(ask, groups=rest)] if rest else [])], 0.0
        elif code in _SPLIT and len(ask.groups) > 1:
            half = len(ask.groups) // 2
            return "", [replace(ask, groups=part) for part in (ask.groups[:half], ask.groups[half:])], 0.0
        return "", list(take(Answer(ask, reason=f"Logs Insights answered {code or 'nothing'}"))), 0.0

    def _gone(self, ask: Ask, text: str) -> str:
        """The group of which an error says that it is not there."""
        found = _MISSING.search(text)
        if found and found.group(1) in ask.groups:
            return found.group(1)
        return ask.groups[0] if len(ask.groups) == 1 else ""

    def _look(self, name: str, ask: Ask) -> Answer | None:
        """The answer to a query, if it is here; None while it runs."""
        try:
            answer = self._client.get_query_results(queryId=name)
            status = answer.get("status")
            if status in ("Scheduled", "Running", None):
                return None
            if status != "Complete":
                return Answer(ask, reason=f"the query ended as {status}")
            rows = [*answer.get("results", [])]
            self.scanned += float((answer.get("statistics") or {}).get("bytesScanned") or 0.0)
            # A newer API hands out long answers in pages.
            while answer.get("nextToken"):
                answer = self._client.get_query_results(queryId=name, nextToken=answer["nextToken"])
                rows += answer.get("results", [])
        except Exception as error:
            code, _text = _code(error)
            if code in _WAIT or code in _PASSING or not code:
                return None
            return Answer(ask, reason=f"Logs Insights answered {code}")
        return Answer(ask, tuple({cell["field"]: str(cell.get("value", "")) for cell in row} for row in rows))

    def _stop(self, running: Iterable[str]) -> None:
        for name in running:
            try:
                self._client.stop_query(queryId=name)
            except Exception:  # it has ended in the meantime, or ends by itself
                continue


def _code(error: Exception) -> tuple[str, str]:
    """The code and the text of an error of botocore; no code for what never reached AWS."""
    known = getattr(error, "response", None) or {}
    found = known.get("Error", {})
    return str(found.get("Code", "")), str(found.get("Message", ""))
