# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks in the background, each at its own pace and never twice at once, and knows what they last found."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator

from .checks import Function, function_of
from .config import Check, Config
from .results import Finding, Result, Status, aged, redact

log = logging.getLogger(__name__)

GRACE = 1.0
"""Seconds for which a driver that was told to stop may tidy up."""


class Monitor:
    """The checks of one configuration.

    A request never runs a check: it reads what the last run found. So a thousand requests a second are no more load on
    a database than one, and an answer takes no longer when the database hangs.
    """

    def __init__(self, config: Config, observe: Callable[[Result], None] = lambda result: None) -> None:
        """
        :param observe: told of each result.
        :raises ConfigError: a driver is missing.
        """
        self.config = config
        self._functions: dict[str, Function] = {check.name: function_of(check) for check in config.checks}
        self._observe = observe
        #: The last result of each check, and the monotonic clock at it: the time of day may jump.
        self._results: dict[Check, tuple[Result, float]] = {}
        self._known = {check: asyncio.Event() for check in config.checks}
        self._running: dict[str, asyncio.Task[Finding]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, before: Monitor | None = None) -> None:
        """Begin; checks that ``before`` had in the same way go on where they were there."""
        for check in self.config.checks:
            if before is not None and check in before._results:
                self._results[check] = before._results[check]
                self._known[check].set()
        self._tasks = [asyncio.create_task(self._repeat(check), name=check.name) for check in self.config.checks]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2 * GRACE)

    async def settled(self, timeout: float, checks: Iterable[Check] | None = None) -> None:
        """Wait until each of the checks, all unless given, has run once, at most so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                for check in self.config.checks if checks is None else checks:
                    await self._known[check].wait()

    def results(self, checks: Iterable[Check] | None = None) -> list[Result]:
        """The state of the checks, all unless given, in the order of the configuration."""
        now = time.monotonic()
        made = []
        for check in self.config.checks if checks is None else checks:
            if check in self._results:
                result, at = self._results[check]
                made.append(aged(result, now - at, max(self.config.stale_after, 3 * check.interval)))
            else:
                finding = Finding(Status.FAIL, "it has not been checked yet")
                made.append(Result(check.name, check.kind, check.critical, finding))
        return made

    async def _repeat(self, check: Check) -> None:
        if check in self._results:
            # However often the configuration is taken anew, it stays at its pace.
            await asyncio.sleep(max(0.0, check.interval - (time.monotonic() - self._results[check][1])))
        while True:
            began = time.monotonic()
            result = await self.run(check)
            self._results[check] = result, time.monotonic()
            self._known[check].set()
            self._observe(result)
            spent = time.monotonic() - began
            # A little uneven, so that the hosts of a fleet do not all come at the same moment.
            await asyncio.sleep(max(0.1, check.interval * random.uniform(0.9, 1.1) - spent))

    async def run(self, check: Check) -> Result:
        """Run a check once, for no longer than its timeout and the grace that its driver gets to tidy up."""
        began = time.monotonic()
        finding = await self._find(check)
        seconds = time.monotonic() - began
        finding = finding.at_least(check.latency.judge(seconds), f"it took {seconds:.2f} s")
        finding = Finding(
            finding.status,
            redact(finding.output, check.secrets),
            {
                name: (redact(value, check.secrets) if isinstance(value, str) else value, unit)
                for name, (value, unit) in finding.measurements.items()
            },
        )
        return Result(check.name, check.kind, check.critical, finding, time.time(), seconds)

    async def _find(self, check: Check) -> Finding:
        earlier = self._running.get(check.name)
        if earlier is not None and not earlier.done():
            # A driver that ignores being told to stop must not be called again and again.
            earlier.cancel()
            return Finding(Status.FAIL, "an earlier run has not ended yet")
        # A task of its own: whatever the driver does with its cancellation, this one goes on.
        task = asyncio.create_task(self._functions[check.name](check), name=f"{check.name}: run")
        self._running[check.name] = task
        try:
            await asyncio.wait({task}, timeout=check.timeout)
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE)
                _forget(task)
                return Finding(Status.FAIL, f"no answer within {check.timeout:g} s")
        except asyncio.CancelledError:
            task.cancel()
            _forget(task)
            raise
        if task.cancelled():
            return Finding(Status.FAIL, "the driver gave up")
        error = task.exception()
        if error is None:
            return task.result()
        # Whatever a driver raises is what there is to say; it must not end the loop.
        log.debug("check %s", check.name, exc_info=error)
        if isinstance(error, TimeoutError) and not (isinstance(error, OSError) and error.errno):
            return Finding(Status.FAIL, f"no answer within {check.timeout:g} s")
        return Finding(Status.FAIL, said(error))


def _forget(task: asyncio.Task[Finding]) -> None:
    """Let what an abandoned run still raises go by unseen."""
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())


def said(error: BaseException) -> str:
    """What an error says: in the words of the operating system where that is behind it, else its name if nothing."""
    for cause in _chain(error):
        if isinstance(cause, OSError) and cause.errno and cause.errno > 0 and not hasattr(cause, "verify_message"):
            words = os.strerror(cause.errno)
            if not words.startswith("Unknown error"):
                return f"{words}: {cause.filename}" if cause.filename else words
    return str(error) or type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _depth in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
