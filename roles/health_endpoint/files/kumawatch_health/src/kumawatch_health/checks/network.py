# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP ports and TLS certificates."""

from __future__ import annotations

import asyncio
import ssl
import time

from ..config import Check
from ..results import Finding, Status
from .trust import trust


async def tcp(check: Check) -> Finding:
    _reader, writer = await asyncio.open_connection(check.options["host"], check.options["port"])
    writer.close()  # an orderly end: servers write a line for each connection that is reset
    return Finding()


async def tls(check: Check) -> Finding:
    options = check.options
    context = trust(options.get("ca_file"))
    name = options.get("server_name") or options["host"]
    try:
        _reader, writer = await asyncio.open_connection(
            options["host"], options["port"], ssl=context, server_hostname=name, ssl_handshake_timeout=check.timeout
        )
    except ssl.SSLCertVerificationError as error:
        return Finding(Status.FAIL, f"the certificate is not valid: {error.verify_message}")
    try:
        certificate = writer.get_extra_info("peercert")
    finally:
        writer.transport.abort()
    days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
    status = options["days"].judge(days)
    output = "" if status is Status.PASS else f"the certificate expires in {days:.0f} days"
    return Finding(status, output, {"certificateDays": (round(days, 1), "d")})
