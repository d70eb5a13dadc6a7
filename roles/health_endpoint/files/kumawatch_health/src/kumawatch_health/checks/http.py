# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: the status code decides, and where one is given a text that the answer must hold."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from ..config import Check
from ..results import Finding, Status
from .trust import trust

LONGEST = 1_000_000
"""Bytes that are read of an answer to look for a text in."""


async def http(check: Check) -> Finding:
    options = check.options
    async with (
        # Not through the proxy that the environment may name: what is asked is the address itself.
        httpx.AsyncClient(verify=_trust(options), timeout=check.timeout, trust_env=False) as client,
        client.stream(options["method"], options["url"], headers=options["headers"]) as response,
    ):
        code = response.status_code
        measured = {"statusCode": (code, "")}
        if not accepted(code, options["status_codes"]):
            return Finding(Status.FAIL, f"it answered {code}", measured)
        keyword = options.get("keyword")
        if not keyword:
            return Finding(measurements=measured)
        text = b""
        async for chunk in response.aiter_bytes():
            text += chunk
            if len(text) >= LONGEST:
                break
    if keyword not in text.decode(response.encoding or "utf-8", "replace"):
        return Finding(Status.FAIL, f"the answer does not hold '{keyword}'", measured)
    return Finding(measurements=measured)


def _trust(options: Mapping[str, Any]) -> ssl.SSLContext | bool:
    if not options["url"].lower().startswith("https:"):
        return False  # there is no certificate
    return trust(options["ca_file"], verify=options["verify"])


def accepted(code: int, codes: list[object]) -> bool:
    """Whether a status code is among ``codes``: numbers, or ranges such as ``200-299``."""
    for item in codes:
        low, _dash, high = str(item).partition("-")
        if int(low) <= code <= int(high or low):
            return True
    return False
