# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules for AWS share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of the bulk modules of the action group C(aws)."""

    # The contract of the bulk modules.
    BULK = r"""
options:
  managed_by:
    description:
      - The mark of ownership that every declared object gets, as the tag C(managed-by) where objects can bear
        tags. Objects with another mark are refused, objects without one are adopted when they are declared and
        otherwise left alone.
      - Give each inventory that shares an account and Region a mark of its own.
      - Empty for no marks. Then no tags are read for them, and nothing can be purged.
    type: str
    default: kumawatch
  purge:
    description: Whether objects that carry our mark and are not declared are deleted. Nothing else ever is.
    type: bool
    default: false
  max_deletions:
    description: If a purge would delete more objects than this, the task fails before it changes anything.
    type: int
    default: 10
  patience:
    description:
      - Seconds for which one call is tried again while AWS throttles it or cannot be reached. The waits get longer and
        differ by chance, and the pace follows the account's rates.
      - A call whose answer is lost is not sent twice. What became of it is read, and it is made again only if it was
        not made.
    type: float
    default: 120
notes:
  - The module reads one page at a time, whatever the number of objects, and writes only what differs.
  - After an interruption the next run does the rest.
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
"""

    # What the bulk modules return.
    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Returns one diff for each object that changes, with only what changes and with secrets masked.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no
      change.
    support: full
"""

    # What modules that only read have.
    READING = r"""
options:
  patience:
    description: Seconds for which one call is tried again while AWS throttles it or cannot be reached.
    type: float
    default: 120
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Nothing changes, so there is no diff.
    support: none
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no
      change.
    support: full
requirements:
  - boto3 >= 1.35
  - botocore >= 1.35
"""
