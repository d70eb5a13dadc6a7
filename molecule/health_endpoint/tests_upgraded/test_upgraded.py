# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health endpoint with another configuration, after its host was started again."""

from __future__ import annotations

import json
import time

from testinfra.host import Host


def test_it_is_back_with_the_new_configuration(host: Host) -> None:
    deadline = time.monotonic() + 30  # the database's host may be later than this one
    while host.run("curl -sf http://127.0.0.1:8085/health").failed:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    said = host.check_output(
        "curl -sf --header 'Authorization: Bearer molecule-token-0123456789' http://127.0.0.1:8085/health"
    )
    assert json.loads(said)["version"] == "1.1.0"


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""
