# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three bare hosts after site.yml: Uptime Kuma watches two applications, and notices one that fails."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import testinfra
from testinfra.host import Host

KUMA = testinfra.get_host("docker://whole-kuma")
APPLICATIONS = {
    "shop": testinfra.get_host("docker://whole-shop"),
    "search": testinfra.get_host("docker://whole-search"),
}
UP, DOWN = 1, 0


def watched(host: Host = KUMA) -> Mapping[str, int]:
    """The last status of each monitor, by its name, as the status page tells it to everybody."""
    page = json.loads(host.check_output("curl -sf http://127.0.0.1:3001/api/status-page/whole"))
    beats = json.loads(host.check_output("curl -sf http://127.0.0.1:3001/api/status-page/heartbeat/whole"))
    return {
        monitor["name"]: beats["heartbeatList"][str(monitor["id"])][-1]["status"]
        for group in page["publicGroupList"]
        for monitor in group["monitorList"]
        if beats["heartbeatList"].get(str(monitor["id"]))
    }


def becomes(wanted: Mapping[str, int], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while (found := watched()) != wanted:
        assert time.monotonic() < deadline, f"{found}, not {wanted}"
        time.sleep(1)


def test_the_applications_tell_how_they_are() -> None:
    for name, host in APPLICATIONS.items():
        assert host.service("kumawatch-health").is_enabled
        said = json.loads(host.check_output(f"curl -sf http://127.0.0.1:8085/health/{name}"))
        assert said["status"] == "pass"


def test_the_agents_run_with_what_the_catalogue_declares() -> None:
    for host in APPLICATIONS.values():
        agent = host.service("amazon-cloudwatch-agent")
        assert agent.is_running
        assert agent.is_enabled
    etc = "/opt/aws/amazon-cloudwatch-agent/etc"
    assert APPLICATIONS["shop"].run(f"grep -rq /var/log/shop/app.log {etc}").succeeded
    assert APPLICATIONS["search"].run(f"grep -rq /var/log/shop {etc}").failed


def test_the_server_has_nothing_of_an_application() -> None:
    assert not KUMA.file("/opt/aws").exists
    assert not KUMA.file("/etc/kumawatch-health").exists


def test_uptime_kuma_notices_what_fails_and_what_is_mended() -> None:
    becomes({"shop": UP, "search": UP})
    APPLICATIONS["search"].check_output("systemctl stop kumawatch-health")
    try:
        becomes({"shop": UP, "search": DOWN})
    finally:
        APPLICATIONS["search"].check_output("systemctl start kumawatch-health")
    becomes({"shop": UP, "search": UP})
