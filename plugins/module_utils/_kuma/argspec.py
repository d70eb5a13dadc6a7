# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the modules for Uptime Kuma have in common."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback


def connection_args() -> dict[str, Any]:
    """Where the server is and how to log in."""
    return {
        "api_url": {"type": "str", "required": True, "fallback": (env_fallback, ["KUMAWATCH_KUMA_URL"])},
        "api_username": {"type": "str", "fallback": (env_fallback, ["KUMAWATCH_KUMA_USERNAME"])},
        "api_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["KUMAWATCH_KUMA_PASSWORD"])},
        "api_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["KUMAWATCH_KUMA_TOKEN"])},
        "api_totp_secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["KUMAWATCH_KUMA_TOTP_SECRET"])},
        "api_headers": {"type": "dict", "no_log": True},
        "api_timeout": {"type": "float", "default": 60},
        "api_wait": {"type": "float", "default": 30},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
    }
