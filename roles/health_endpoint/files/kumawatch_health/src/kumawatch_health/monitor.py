# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the checks in the background, each at its own pace and never twice at once, and knows what they last found."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping

from .checks import Function, function_of
from .config import Check, Config
from .results import Finding, Result, Status, aged, redact

log = logging.getLogger(__name__)


class Monitor:
    """The checks of one configuration.

    A request never runs a check: it reads what the last run found. So a thousand requests a second are no more load on
    a database than one, and an answer takes no longer when the database hangs.
    """

    def __init__(
        self,
        config: Config,
        before: Mapping[Check, Result] | None = None,
        observe: Callable[[Result], None] = lambda result: None,
    ) -> None:
        """
        :param before: what is known of checks that an earlier configuration had in the same way.
        :param observe: told of each result.
        :raises ConfigError: a driver is missing.
        """
        self.config = config
        self._functions: dict[str, Function] = {check.name: function_of(check) for check in config.checks}
        self._observe = observe
        before = before or {}
        self._results = {check: before[check] for check in config.checks if check in before}
        self._known = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def known(self) -> Mapping[Check, Result]:
        """What was found so far."""
        return dict(self._results)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._repeat(check), name=check.name) for check in self.config.checks]
        self._settle()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settled(self, timeout: float) -> None:
        """Wait until each check has run once, at most so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._known.wait(), timeout)

    def results(self, checks: Iterable[Check] | None = None) -> list[Result]:
        """The state of the checks, all unless given, in the order of the configuration."""
        now = time.time()
        return [
            aged(self._results[check], now, max(self.config.stale_after, 3 * check.interval))
            if check in self._results
            else Result(check.name, check.kind, check.critical, Finding(Status.FAIL, "it has not been checked yet"))
            for check in (self.config.checks if checks is None else checks)
        ]

    async def _repeat(self, check: Check) -> None:
        if check in self._results:
            await asyncio.sleep(random.uniform(0, check.interval))
        while True:
            began = asyncio.get_running_loop().time()
            result = await self.run(check)
            self._results[check] = result
            self._observe(result)
            self._settle()
            spent = asyncio.get_running_loop().time() - began
            # A little uneven, so that the hosts of a fleet do not all come at the same moment.
            await asyncio.sleep(max(0.1, check.interval * random.uniform(0.9, 1.1) - spent))

    def _settle(self) -> None:
        if len(self._results) == len(self.config.checks):
            self._known.set()

    async def run(self, check: Check) -> Result:
        """Run a check once, for no longer than its timeout."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(check.timeout):
                finding = await self._functions[check.name](check)
        except TimeoutError:
            finding = Finding(Status.FAIL, f"no answer within {check.timeout:g} s")
        except Exception as error:
            # Whatever a driver raises is what there is to say; it must not end the loop.
            log.debug("check %s", check.name, exc_info=True)
            finding = Finding(Status.FAIL, _said(error))
        seconds = time.monotonic() - began
        finding = finding.at_least(check.latency.judge(seconds), f"it took {seconds:.2f} s")
        finding = Finding(finding.status, redact(finding.output, check.secrets), finding.measurements)
        return Result(check.name, check.kind, check.critical, finding, time.time(), seconds)


def _said(error: BaseException) -> str:
    """What an error says, and its name where it says nothing."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
