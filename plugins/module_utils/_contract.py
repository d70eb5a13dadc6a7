# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that all bulk modules have in common, whatever they talk to."""

from __future__ import annotations

from typing import Any


def ownership_args() -> dict[str, Any]:
    """Whose objects these are, and what becomes of ours that are no longer declared."""
    return {
        "managed_by": {"type": "str", "default": "kumawatch"},
        "purge": {"type": "bool", "default": False},
        "max_deletions": {"type": "int", "default": 10},
    }


def entry_args() -> dict[str, Any]:
    """What every entry of a bulk list takes."""
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "ignore": {"type": "list", "elements": "str"},
    }
