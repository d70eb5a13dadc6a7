# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MySQL and MariaDB: log in, ask, and hang up."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncmy

from ..config import Check
from ..results import Finding
from .sql import GOODBYE, judged
from .trust import trust


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
        ssl=_encryption(extra),
        connect_timeout=max(1, round(check.timeout)),
    )
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(check.options["query"])
            row = await cursor.fetchone()
        async with asyncio.timeout(GOODBYE):
            await connection.ensure_closed()
    finally:
        connection.close()
    return judged(row[0] if row else None, check)


def _encryption(extra: dict[str, str]) -> ssl.SSLContext | None:
    """``ssl=true`` asks for TLS, ``ssl_ca=FILE`` for TLS with these authorities, as RDS needs it."""
    if extra.get("ssl_ca") or extra.get("ssl", "").lower() in ("1", "true", "yes"):
        return trust(extra.get("ssl_ca"))
    return None
