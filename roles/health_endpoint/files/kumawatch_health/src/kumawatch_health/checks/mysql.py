# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: log in, ask, and hang up."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import asyncmy

from ..config import Check
from ..results import Finding
from .sql import judged


async def mysql(check: Check) -> Finding:
    parts = urlsplit(check.options["dsn"])
    extra = dict(parse_qsl(parts.query))
    connection = await asyncmy.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        db=unquote(parts.path.lstrip("/")) or None,
        unix_socket=extra.get("unix_socket"),
        connect_timeout=max(1, round(check.timeout)),
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(check.options["query"])
            row = await cursor.fetchone()
    finally:
        connection.close()
    return judged(row[0] if row else None, check)
