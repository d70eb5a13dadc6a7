# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collector, which is a stand-in here, as the role leaves it."""

from __future__ import annotations

import hashlib
import json

from testinfra.host import Host

KEY = 'molecule "key" with $dollars and \\'
CONFIGURATION = "/etc/kumawatch-apm"
QUEUE = "/var/lib/kumawatch-apm/queue"


def runs_a_service(host: Host) -> bool:
    return host.check_output("hostname") == "apm-debian12"


def test_it_runs_from_each_start_on_as_its_user(host: Host) -> None:
    service = host.service("kumawatch-apm")
    assert service.is_running
    assert service.is_enabled
    pid = host.check_output("systemctl show --property=MainPID --value kumawatch-apm.service")
    assert host.check_output("stat --format=%%U /proc/%s", pid) == "kumawatch-apm"
    assert host.file("/opt/kumawatch-apm/9.9.9/otelcol-contrib").mode == 0o755


def test_it_listens_on_the_loopback_interface_alone(host: Host) -> None:
    assert host.socket("tcp://127.0.0.1:4318").is_listening
    assert not host.socket("tcp://0.0.0.0:4318").is_listening
    assert host.run("curl -sf -X POST --data spans http://127.0.0.1:4318/v1/traces").rc == 0
    assert host.file(f"{QUEUE}/received").content_string.startswith("spans")


def test_keys_are_in_one_file_that_root_reads_and_reach_the_process_as_they_are(host: Host) -> None:
    secrets = host.file(f"{CONFIGURATION}/secrets")
    assert (secrets.user, secrets.group, secrets.mode) == ("root", "root", 0o600)
    found = json.loads(host.file(f"{QUEUE}/environment.json").content_string)
    assert found == {"APM_NEWRELIC_API_KEY": hashlib.sha256(KEY.encode()).hexdigest()}
    assert host.run("grep -rl dollars /etc /opt /var/lib/kumawatch-apm").stdout.split() == [f"{CONFIGURATION}/secrets"]
    assert "dollars" not in host.check_output("systemctl show kumawatch-apm.service; ps -eo args")


def test_its_configuration_is_its_own_to_read(host: Host) -> None:
    config = host.file(f"{CONFIGURATION}/config.yml")
    assert (config.user, config.group, config.mode) == ("root", "kumawatch-apm", 0o640)
    assert "https://xray.eu-central-1.amazonaws.com/v1/traces" in config.content_string
    assert "${env:APM_NEWRELIC_API_KEY}" in config.content_string
    queue = host.file("/var/lib/kumawatch-apm")
    assert (queue.user, queue.mode) == ("kumawatch-apm", 0o750)


def test_services_have_their_files_where_they_run(host: Host) -> None:
    directory = host.file(f"{CONFIGURATION}/services")
    files = ["shop.docker.env", "shop.env", "stock.docker.env", "stock.env"]
    assert sorted(directory.listdir()) == (files if runs_a_service(host) else [])
    if runs_a_service(host):
        said = host.check_output(
            "systemd-run --quiet --wait --pipe --property=EnvironmentFile=%s/services/shop.env /usr/bin/env",
            CONFIGURATION,
        )
        assert "OTEL_SERVICE_NAME=shop\n" in said
        assert "NODE_OPTIONS=--require @opentelemetry/auto-instrumentations-node/register" in said
        # Docker knows no quotation marks: the same value, as it stands.
        inside = host.file(f"{CONFIGURATION}/services/shop.docker.env").content_string
        assert "\nNODE_OPTIONS=--require @opentelemetry/auto-instrumentations-node/register\n" in inside
        assert "-javaagent:" in host.file(f"{CONFIGURATION}/services/stock.env").content_string
