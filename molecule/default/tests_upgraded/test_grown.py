# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same hosts with a further service, after all of them were started again."""

from __future__ import annotations

import json
import time

import testinfra

KUMA = testinfra.get_host("docker://whole-kuma")
SHOP = testinfra.get_host("docker://whole-shop")


def names() -> set[str]:
    """The monitors on the status page; none while Uptime Kuma does not answer."""
    said = KUMA.run("curl -sf http://127.0.0.1:3001/api/status-page/whole")
    groups = json.loads(said.stdout)["publicGroupList"] if said.succeeded else []
    return {monitor["name"] for group in groups for monitor in group["monitorList"]}


def test_uptime_kuma_is_back_and_watches_the_further_service() -> None:
    deadline = time.monotonic() + 90
    while names() != {"shop", "search", "shop admin"}:
        assert time.monotonic() < deadline, names()
        time.sleep(1)


def test_services_on_one_host_share_its_health_endpoint_and_its_agent() -> None:
    deadline = time.monotonic() + 30
    for group in ("shop", "shop-admin"):
        while SHOP.run(f"curl -sf http://127.0.0.1:8085/health/{group}").failed:
            assert time.monotonic() < deadline, group
            time.sleep(1)
    assert SHOP.service("amazon-cloudwatch-agent").is_running
    assert SHOP.run("grep -rq /var/log/shop/admin.log /opt/aws/amazon-cloudwatch-agent/etc").succeeded
