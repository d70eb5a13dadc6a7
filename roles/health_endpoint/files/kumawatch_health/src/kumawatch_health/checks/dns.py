# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS: a name resolves, to what is expected where that is given."""

from __future__ import annotations

from typing import Any

from dns.asyncresolver import Resolver
from dns.resolver import NXDOMAIN, NoAnswer

from ..config import Check
from ..results import Finding, Status


async def dns(check: Check) -> Finding:
    options = check.options
    try:
        answer = await _resolver(options).resolve(options["hostname"], options["record_type"], lifetime=check.timeout)
    except NXDOMAIN:
        return Finding(Status.FAIL, f"there is no name {options['name']}")
    except NoAnswer:
        return Finding(Status.FAIL, f"{options['name']} has no record of type {options['record_type']}")
    found = sorted(record.to_text().strip('"').rstrip(".") for record in answer)
    expected = [str(item) for item in options.get("expected") or ()]
    if expected and not set(expected) & set(found):
        return Finding(Status.FAIL, f"{options['name']} is {', '.join(found)}, not {' or '.join(expected)}")
    return Finding(measurements={"records": (", ".join(found), "")})


def _resolver(options: Any) -> Resolver:
    resolver = Resolver(configure=not options.get("resolver"))
    if options.get("resolver"):
        resolver.nameservers = [options["resolver"]]
        resolver.port = options["port"]
    return resolver
