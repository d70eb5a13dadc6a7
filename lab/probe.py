# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small questions to a server on loopback."""

from __future__ import annotations

import http.client
import socket


def get(port: int, path: str, timeout: float = 2.0) -> tuple[int, str]:
    """Status and body of a GET on loopback; status 0 and the reason when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except TimeoutError:
        return 0, f"port {port} does not answer"
    except (OSError, http.client.HTTPException):
        return 0, f"nothing answers on port {port}"
    finally:
        connection.close()


def tcp_refused(port: int) -> bool:
    """Whether a connection to a loopback port is refused."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2.0).close()
    except OSError:
        return True
    return False
