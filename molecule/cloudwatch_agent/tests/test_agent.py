# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent, which is a stand-in here, as the role leaves it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from testinfra.host import Host

AGENT = "/opt/aws/amazon-cloudwatch-agent"
SOURCE = "/etc/kumawatch-cloudwatch-agent/kumawatch.json"
CONTAINERS = "/var/lib/docker/containers"


def elsewhere(host: Host) -> bool:
    return host.check_output("hostname") == "agent-debian13"


@pytest.fixture
def document(host: Host) -> dict[str, Any]:
    return dict(json.loads(host.file(SOURCE).content_string))


def test_it_runs_from_each_start_on_and_says_so(host: Host) -> None:
    service = host.service("amazon-cloudwatch-agent")
    assert service.is_running
    assert service.is_enabled
    status = json.loads(host.check_output(f"{AGENT}/bin/amazon-cloudwatch-agent-ctl -a status"))
    assert (status["status"], status["configstatus"]) == ("running", "configured")
    assert status["version"] == "1.300001.0b1"


def test_it_runs_as_its_user_in_the_groups_that_are_declared(host: Host) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value amazon-cloudwatch-agent.service")
    assert host.check_output("stat --format=%%U /proc/%s", pid) == "cwagent"
    adm = host.check_output("getent group adm").split(":")[2]
    assert adm in host.check_output("sed -n 's/^Groups://p' /proc/%s/status", pid).split()


def test_what_it_has_taken_is_what_is_declared(host: Host, document: dict[str, Any]) -> None:
    taken = host.file(f"{AGENT}/etc/amazon-cloudwatch-agent.d/file_kumawatch.json")
    assert taken.content_string == host.file(SOURCE).content_string
    assert (taken.user, host.file(SOURCE).user, host.file(SOURCE).mode) == ("cwagent", "root", 0o644)
    assert document["agent"]["run_as_user"] == "cwagent"
    assert document["metrics"]["metrics_collected"]["disk"]["resources"] == ["/", "/data"]
    assert document["metrics"]["metrics_collected"]["net"]["resources"] == ["eth0"], "the one with the default route"
    groups = [item["log_group_name"] for item in document["logs"]["logs_collected"]["files"]["collect_list"]]
    containers = [] if elsewhere(host) else ["/production/workers/container"]
    assert groups == ["/production/shop/app", *containers]


def test_a_host_that_is_no_instance_has_credentials_that_only_the_agent_reads(
    host: Host, document: dict[str, Any]
) -> None:
    credentials = host.file("/etc/kumawatch-cloudwatch-agent/credentials")
    common = host.file(f"{AGENT}/etc/common-config.toml").content_string
    assert 'no_proxy = "169.254.169.254"' in common
    assert credentials.exists == elsewhere(host) == ("shared_credential_file" in common)
    assert ("append_dimensions" in document["metrics"]) == (not elsewhere(host))
    if elsewhere(host):
        assert (credentials.user, credentials.mode) == ("cwagent", 0o600)
        assert "molecule-secret-access-key" in credentials.content_string


def test_nothing_that_was_needed_on_the_way_is_left(host: Host) -> None:
    assert host.run("ls -d /tmp/*.cloudwatch-agent /tmp/tmp.*/in").stdout == ""
    assert host.run("pgrep -x gpg-agent").rc != 0


def may_read(host: Host, path: str) -> bool:
    return bool(host.run("runuser -u cwagent -- cat %s", path).rc == 0)


def test_logs_of_containers_can_be_read_and_nothing_else_of_docker(host: Host) -> None:
    if elsewhere(host):
        assert not host.file("/etc/systemd/system/cloudwatch-agent-container-logs.path").exists
        return
    assert may_read(host, f"{CONTAINERS}/first/first-json.log")
    assert not may_read(host, f"{CONTAINERS}/first/config.v2.json"), "it holds the container's environment"
    listed = host.run(f"runuser -u cwagent -- sh -c 'echo {CONTAINERS}/*/*-json.log'").stdout
    assert "first-json.log" in listed, "the agent looks for files by a pattern"


def test_a_new_container_is_seen_and_so_is_a_log_that_was_rotated(host: Host) -> None:
    if elsewhere(host):
        return
    later = f"{CONTAINERS}/later"
    host.check_output(
        f"rm -rf {later} && mkdir -m 710 {later} && install -m 640 /dev/null {later}/later-json.log "
        f"&& install -m 600 /dev/null {later}/config.v2.json"
    )
    deadline = time.monotonic() + 20
    while not may_read(host, f"{later}/later-json.log") and time.monotonic() < deadline:
        time.sleep(0.5)
    assert may_read(host, f"{later}/later-json.log")
    assert not may_read(host, f"{later}/config.v2.json")
    time.sleep(2)  # until the unit has seen all of it
    host.check_output(
        f"mv {later}/later-json.log {later}/later-json.log.1 && (umask 027; echo new >{later}/later-json.log)"
    )
    assert may_read(host, f"{later}/later-json.log"), "Docker begins a new file when one is large"
