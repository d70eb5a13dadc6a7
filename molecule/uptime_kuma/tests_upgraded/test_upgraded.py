# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uptime Kuma after a restore, a rollback and an upgrade, and after its host was started again."""

from __future__ import annotations

import json
import time

from testinfra.host import Host


def test_it_comes_back_by_itself(host: Host) -> None:
    deadline = time.monotonic() + 60
    while host.run("kumawatch-kuma heartbeat --dry-run").stdout != "Uptime Kuma answers.\n":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert host.service("kumawatch-kuma-backup.timer").is_running
    assert host.service("kumawatch-kuma-heartbeat.timer").is_running


def test_the_release_is_the_one_that_came_up(host: Host) -> None:
    version = json.loads(host.file("/etc/uptime-kuma/config.json").content_string)["version"]
    if host.check_output("hostname") == "kuma-docker":
        assert version == "2.0.1"
        running = "docker exec uptime-kuma cat /app/package.json"
    else:
        assert version == "2.0.0-dev.0"
        running = "cat /opt/uptime-kuma/current/package.json"
    assert json.loads(host.check_output(running))["version"] == version


def test_each_step_was_backed_up_first(host: Host) -> None:
    names = host.check_output("ls /var/backups/uptime-kuma").split()
    assert any("-before-restore" in name for name in names)
    assert any("-before-2.0." in name for name in names)


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""
