# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may see more than the status. Pure."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence

from .config import Config, Network


def may_see_details(config: Config, peer: str | None, forwarded_for: str, authorization: str) -> bool:
    """Whether a request may see the checks.

    :param peer: the address that the request comes from; ``None`` over a Unix socket, whose permissions decide.
    :param forwarded_for: the header ``X-Forwarded-For``; believed only from a trusted proxy.
    """
    scheme, _space, token = authorization.partition(" ")
    if scheme.lower() == "bearer":
        # Headers come as Latin-1, whatever bytes they are.
        shown = token.strip().encode("latin-1", "replace")
        # All are compared, so that the time taken tells nothing.
        if sum(hmac.compare_digest(shown, known.encode()) for known in config.tokens):
            return True
    if forwarded_for and peer is not None and not _within(peer, config.trusted_proxies):
        # A proxy that nobody has named speaks for somebody else: its own address says nothing of who asks.
        return False
    return _within(client(peer, forwarded_for, config.trusted_proxies), config.networks)


def client(peer: str | None, forwarded_for: str, proxies: Sequence[Network]) -> str | None:
    """The address of who asks: the last one in the chain that no trusted proxy wrote of another."""
    chain = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    address = peer
    while chain and (address is None or _within(address, proxies)):
        address = chain.pop()
    return address


def _within(address: str | None, networks: Sequence[Network]) -> bool:
    if address is None:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in networks)
