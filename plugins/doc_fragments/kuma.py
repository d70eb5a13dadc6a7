# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules for Uptime Kuma share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of the action group C(kuma)."""

    # How to reach and enter a server.
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Address of the Uptime Kuma server, for example V(https://status.example.com), with the path where a proxy serves
        it below one.
      - Taken from the environment variable E(KUMAWATCH_KUMA_URL) where it is not given.
    type: str
    required: true
  api_username:
    description:
      - User to log in as.
      - Taken from the environment variable E(KUMAWATCH_KUMA_USERNAME) where it is not given.
      - Not needed where the server's authentication is switched off.
    type: str
  api_password:
    description:
      - Password of O(api_username).
      - Taken from the environment variable E(KUMAWATCH_KUMA_PASSWORD) where it is not given.
      - The server takes 20 logins by password a minute, from everybody together. A task that is refused for this waits.
    type: str
  api_token:
    description:
      - Token of an earlier login, such as M(kumawatch.monitoring.kuma_setup) returns. Logins by token are not limited.
      - Valid until the password changes. If it is not valid any more, O(api_password) is used where it is given.
      - Taken from the environment variable E(KUMAWATCH_KUMA_TOKEN) where it is not given.
    type: str
  api_totp_secret:
    description:
      - The base32 secret of two-factor authentication, from which the one-time code is made. Needs the Python library
        pyotp.
      - Taken from the environment variable E(KUMAWATCH_KUMA_TOTP_SECRET) where it is not given.
    type: str
  api_headers:
    description: HTTP headers to send, for a proxy that asks for them.
    type: dict
  api_timeout:
    description: Seconds to wait for one answer.
    type: float
    default: 60
  api_wait:
    description: Seconds to wait for a server that is not ready, because it is just starting.
    type: float
    default: 30
  validate_certs:
    description: Whether the server's certificate must be valid.
    type: bool
    default: true
  ca_path:
    description: File with the certificate authority to trust, instead of the system's.
    type: path
requirements:
  - python-socketio >= 5.11
  - aiohttp >= 3.9
"""

    # What modules that only read have.
    READING = r"""
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Nothing changes, so there is no diff.
    support: none
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
"""

    # The contract of the bulk modules.
    BULK = r"""
options:
  managed_by:
    description:
      - The mark of ownership that every declared object gets. Objects with another mark are refused, objects without
        one are adopted when they are declared and otherwise left alone.
      - Give each inventory that shares a server a mark of its own.
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
notes:
  - The module logs in once, reads once, and writes only what differs, whatever the number of objects.
  - Two runs against one server do not mix. The one that comes second waits until the first has written.
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
