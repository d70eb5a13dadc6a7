# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags that are not the user's: the mark of ownership, and the tickets of the lock. Pure."""

from __future__ import annotations

#: The tag that bears the mark of ownership; its value is managed_by.
MARK = "managed-by"
MARK_COLOR = "#6B7280"
#: What a tag looks like of which no colour was ever declared: the first that Uptime Kuma's own page offers.
TAG_COLOR = "#4B5563"

#: How the name of a ticket of the lock begins.
LOCK = "kumawatch-lock "


def is_lock(tag_name: str) -> bool:
    """Whether a tag is a ticket of ours, and so no tag that a user knows of."""
    return tag_name.startswith(LOCK)
