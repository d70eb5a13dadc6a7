# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that a user is meant to read."""

from __future__ import annotations


class KumawatchError(Exception):
    """Something the user can act upon, said in one sentence.

    The sentence names the object, the option, what was wrong and what to do. It never holds a secret. Modules turn it
    into ``fail_json(msg=...)``, filters into an ``AnsibleFilterError``, commands into one line on standard error.
    """


class InputError(KumawatchError):
    """What was declared cannot be right; nothing has been read or written yet."""
