# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate authorities are trusted. Reading the system's takes longer than most checks, so it is done once."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache


def trust(ca_file: str | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """A context for clients: the system's authorities, or those of a file, taken anew when it changes.

    :raises OSError: the file cannot be read.
    """
    return _context(ca_file or "", os.stat(ca_file).st_mtime if ca_file else 0.0, verify)


@lru_cache(8)
def _context(ca_file: str, _changed: float, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file or None)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
