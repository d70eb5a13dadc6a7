# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another backend, and one service less, after the host was started again."""

from __future__ import annotations

import hashlib
import json
import time

from testinfra.host import Host


def test_it_is_back_with_the_other_key(host: Host) -> None:
    deadline = time.monotonic() + 30
    while host.run("curl -sf http://127.0.0.1:13133/").failed:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    found = json.loads(host.file("/var/lib/kumawatch-apm/queue/environment.json").content_string)
    assert found == {"APM_DATADOG_DD_API_KEY": hashlib.sha256(b"another-molecule-key").hexdigest()}
    config = host.file("/etc/kumawatch-apm/config.yml").content_string
    assert "otlp.datadoghq.eu" in config
    assert "xray" not in config


def test_the_file_of_the_service_that_went_is_gone(host: Host) -> None:
    here = host.check_output("hostname") == "apm-debian12"
    found = sorted(host.file("/etc/kumawatch-apm/services").listdir())
    assert found == (["shop.docker.env", "shop.env"] if here else [])


def test_what_waits_outlives_the_restart(host: Host) -> None:
    assert host.file("/var/lib/kumawatch-apm/queue/received").content_string.startswith("spans")


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""
