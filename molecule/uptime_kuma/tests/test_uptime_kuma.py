# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uptime Kuma as the role has made it: how it runs, who reaches it, its backups and its heartbeat."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
from testinfra.host import Host

SECRETS = ("molecule-Password-1", "molecule-aws-secret")
PROXY = "curl -sk --resolve status.example.com:443:127.0.0.1 --resolve status.example.com:80:127.0.0.1"


def in_docker(host: Host) -> bool:
    return bool(host.check_output("hostname") == "kuma-docker")


def test_it_answers_on_loopback_alone(host: Host) -> None:
    said = json.loads(host.check_output("curl -sf http://127.0.0.1:3001/api/entry-page"))
    assert said["type"] == "entryPage"
    listening = host.check_output("ss -Hlnt sport = :3001").splitlines()
    assert [line.split()[3] for line in listening] == ["127.0.0.1:3001"]


def test_it_has_a_user_so_that_nobody_else_becomes_the_first(host: Host) -> None:
    if in_docker(host):
        data = "/var/lib/docker/volumes/uptime-kuma/_data"
    else:
        data = "/var/lib/uptime-kuma"
    query = "SELECT username, twofa_status FROM user"
    code = (
        f"import sqlite3; print(sqlite3.connect('file:{data}/kuma.db?mode=ro', uri=True).execute('{query}').fetchall())"
    )
    assert host.check_output(f'python3 -c "{code}"') == f"[('admin', {0 if in_docker(host) else 1})]"


def test_its_service_can_do_nothing_else(host: Host) -> None:
    if in_docker(host):
        pytest.skip("a container")
    assert host.service("uptime-kuma").is_running
    assert host.service("uptime-kuma").is_enabled
    (process,) = [found for found in host.process.filter(user="uptime-kuma") if "server/server.js" in found.args]
    status = host.file(f"/proc/{process.pid}/status").content_string
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000002000" in status  # CAP_NET_RAW
    writable = host.check_output("find /opt/uptime-kuma ! -type l '(' -perm /022 -o ! -user root ')'")
    assert writable == ""


def test_its_container_is_what_was_asked_for(host: Host) -> None:
    if not in_docker(host):
        pytest.skip("no container")
    (found,) = json.loads(host.check_output("docker inspect uptime-kuma"))
    assert found["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert found["HostConfig"]["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "5", "max-size": "10m"}}
    assert [mount["Name"] for mount in found["Mounts"]] == ["uptime-kuma"]
    assert host.service("docker").is_enabled


def test_the_proxy_speaks_tls_and_websocket(host: Host) -> None:
    assert "HTTP/1.1 30" in host.check_output(f"{PROXY} --http1.1 -i http://status.example.com/")
    assert '"entryPage"' in host.check_output(f"{PROXY} -f https://status.example.com/api/entry-page")
    upgrade = "-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13'"
    key = "-H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='"
    address = "'https://status.example.com/socket.io/?EIO=4&transport=websocket'"
    said = host.run(f"{PROXY} --http1.1 -i --max-time 3 {upgrade} {key} {address} | head -1").stdout
    assert said.startswith("HTTP/1.1 101")


def test_the_proxy_lets_in_who_may_and_others_to_public_pages_only(host: Host) -> None:
    here = host.check_output("hostname -I").split()[0]
    outside = PROXY.replace("127.0.0.1", here) + f" -o /dev/null -w '%{{http_code}}' --interface {here}"
    assert host.check_output(f"{outside} https://status.example.com/api/entry-page") == "403"
    assert host.check_output(f"{outside} https://status.example.com/status/x") != "403"
    inside = f"{PROXY} -o /dev/null -w '%{{http_code}}'"
    assert host.check_output(f"{inside} https://status.example.com/api/entry-page") == "200"


def test_it_believes_its_proxy(host: Host) -> None:
    data = "/var/lib/docker/volumes/uptime-kuma/_data" if in_docker(host) else "/var/lib/uptime-kuma"
    query = 'SELECT key, value FROM setting WHERE key IN (\\"trustProxy\\", \\"primaryBaseURL\\")'
    code = (
        f"import sqlite3; print(dict(sqlite3.connect('file:{data}/kuma.db?mode=ro', uri=True).execute('''{query}''')))"
    )
    said = host.check_output(f'python3 -c "{code}"')
    assert "https://status.example.com" in said
    assert "'trustProxy': 'true'" in said


def test_backups_go_to_the_host_and_to_the_bucket(host: Host) -> None:
    assert host.service("kumawatch-kuma-backup.timer").is_running
    assert host.service("kumawatch-kuma-backup.timer").is_enabled
    host.check_output("systemctl start kumawatch-kuma-backup.service")
    listed = host.check_output("kumawatch-kuma list").splitlines()
    name = [line for line in listed if line.startswith("/")][-1]
    assert name.startswith("/var/backups/uptime-kuma/uptime-kuma-")
    prefix = f"s3://backups/uptime-kuma/{host.check_output('hostname')}/"
    assert prefix + name.rpartition("/")[2] in listed
    file = host.file(name)
    assert (file.user, file.mode) == ("root", 0o600)
    assert host.file("/var/backups/uptime-kuma").mode == 0o700


def test_cloudwatch_hears_that_it_lives(host: Host) -> None:
    assert host.service("kumawatch-kuma-heartbeat.timer").is_running
    host.check_output("systemctl start kumawatch-kuma-heartbeat.service")
    said = parse_qs(host.check_output("tail -1 /var/tmp/aws/metrics"))
    told = {name.removeprefix("MetricData.member.1."): value for name, (value,) in said.items()}
    assert (told["Namespace"], told["MetricName"], told["Value"]) == ("Kumawatch/molecule", "UptimeKumaAnswers", "1")
    assert told["Dimensions.member.1.Value"] == host.check_output("hostname")


def test_secrets_are_in_their_files_alone(host: Host) -> None:
    for secret in SECRETS:
        held = host.check_output(f"grep -rlsF {secret} /etc /opt/uptime-kuma /usr/local /var/log || true").splitlines()
        assert held == (["/etc/uptime-kuma/config.json"] if "aws" in secret else [])
        assert secret not in host.check_output("ps axww")
        assert secret not in host.check_output("journalctl --no-pager -o cat")
    assert host.file("/etc/uptime-kuma/config.json").mode == 0o600
    if not in_docker(host):
        variables = host.file("/etc/uptime-kuma/server.env")
        assert (variables.user, variables.mode) == ("root", 0o600)
        assert "molecule-variable-secret" in variables.content_string
        assert host.file("/etc/uptime-kuma/tls/key.pem").mode & 0o007 == 0


def test_no_unit_has_failed(host: Host) -> None:
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""
