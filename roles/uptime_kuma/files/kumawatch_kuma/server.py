# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uptime Kuma on this host: whether it answers, and how it is stopped and started."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence

from .config import Config, Trouble

#: What the first address of a server that is up says it shows.
SERVING = ("entryPage", "statusPageMatchedDomain")

#: A new server that waits for its database to be chosen.
NEW = "setup-database"

#: Starts by itself after which nobody waits for it any longer.
MOST_RESTARTS = 4


def state(url: str, timeout: float = 10.0) -> str:
    """Whether it answers, asked as its own pages ask it.

    A server that migrates its database answers requests too, but not this one.

    :returns: ``""`` when it serves, :data:`NEW`, or why it does not.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url.rstrip('/')}/api/entry-page", timeout=timeout) as answer:
            said = json.loads(answer.read(65536))
        kind = said.get("type") if isinstance(said, dict) else None
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    except ValueError:
        kind = None
    if kind in SERVING:
        return ""
    return NEW if kind == NEW else "it answers, but not with its entry page"


def run(command: Sequence[str]) -> str:
    """What a command prints.

    :raises Trouble: it failed.
    """
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Trouble(f"{command[0]} cannot be started: {error.strerror}.") from None
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise Trouble(f"`{' '.join(command)}` failed: {last[0]}.")
    return done.stdout


def wait(
    config: Config,
    patience: float,
    asked: Callable[[str], str] = state,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until it serves, or is new and waits for its database.

    :param patience: seconds. A migration from 1.x to 2.x takes hours where there is much history.
    :raises Trouble: it does not, or starts again and again.
    """
    began, before = clock(), _restarts(config)
    while (why := asked(config.url)) not in ("", NEW):
        again = _restarts(config) - before
        if again >= MOST_RESTARTS:
            raise Trouble(f"Uptime Kuma ended and was started again {again} times: see its log.")
        if clock() - began > patience:
            raise Trouble(f"Uptime Kuma does not answer at {config.url} after {patience:g} s ({why}): see its log.")
        sleep(0.5 if clock() - began < 60 else 5)


def _restarts(config: Config) -> int:
    try:
        return int(run(config.restarts).strip() or 0)
    except (Trouble, ValueError):
        return 0  # where it is not there at all, the answer that does not come says so
