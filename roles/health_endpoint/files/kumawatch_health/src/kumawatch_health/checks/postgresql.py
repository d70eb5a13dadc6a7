# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL: log in, ask, and hang up.

Each run makes a connection of its own, so that a wrong password and a server without a free connection are noticed, and
a cancelled run leaves no connection in an unknown state.
"""

from __future__ import annotations

import asyncpg

from ..config import Check
from ..results import Finding
from .sql import GOODBYE, judged


async def postgresql(check: Check) -> Finding:
    connection = await asyncpg.connect(check.options["dsn"], timeout=check.timeout, command_timeout=check.timeout)
    try:
        value = await connection.fetchval(check.options["query"])
        await connection.close(timeout=GOODBYE)
    finally:
        # Where it was not closed: saying good-bye waits for an answer that a hanging server never gives.
        connection.terminate()
    return judged(value, check)
