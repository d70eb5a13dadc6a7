# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS: a name resolves, to what is expected where that is given."""

from __future__ import annotations

from typing import Any

from dns.asyncresolver import Resolver
from dns.exception import Timeout
from dns.resolver import NXDOMAIN, NoAnswer

from ..config import Check
from ..results import Finding, Status


async def dns(check: Check) -> Finding:
    options = check.options
    name, kind = options["hostname"], options["record_type"]
    try:
        answer = await _resolver(options).resolve(name, kind, lifetime=check.timeout)
    except Timeout:
        raise TimeoutError from None
    except NXDOMAIN:
        return Finding(Status.FAIL, f"there is no name {name}")
    except NoAnswer:
        return Finding(Status.FAIL, f"{name} has no record of type {kind}")
    found = sorted(_plain(record.to_text()) for record in answer)
    expected = [str(item) for item in options.get("expected") or ()]
    if expected and not {_plain(item) for item in expected} & set(found):
        return Finding(Status.FAIL, f"{name} is {', '.join(found)}, not {' or '.join(expected)}")
    return Finding(measurements={"records": (", ".join(found), "")})


def _plain(record: str) -> str:
    """A record as people write it: without quotes, without the dot at the end of a name, in small letters."""
    return record.strip('"').rstrip(".").lower()


def _resolver(options: Any) -> Resolver:
    resolver = Resolver(configure=not options.get("resolver"))
    if options.get("resolver"):
        resolver.nameservers = [options["resolver"]]
        resolver.port = options["port"]
    return resolver
