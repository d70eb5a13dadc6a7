# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health endpoint as the role has made it: what is on the host, what it answers, and what it says of a database
that stops."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import testinfra
from testinfra.host import Host

TOKEN = "molecule-token-0123456789"
SECRETS = (TOKEN, "molecule-database-secret")


def ask(host: Host, path: str = "/health", token: str = "") -> tuple[int, dict[str, object]]:
    """The status code and the body of an answer."""
    header = f"--header 'Authorization: Bearer {token}'" if token else ""
    said = host.check_output(f"curl -s -w '\\n%{{http_code}}' {header} http://127.0.0.1:8085{path}")
    body, _, status = said.rpartition("\n")
    return int(status), json.loads(body)


def becomes(host: Host, status: int, seconds: float = 20) -> bool:
    """Whether /health answers with this status code within some seconds."""
    deadline = time.monotonic() + seconds
    while ask(host)[0] != status:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


@pytest.fixture
def stopped_database(host: Host) -> Iterator[None]:
    """The database of all hosts stands still meanwhile."""
    stores = testinfra.get_host("docker://health-debian12")
    stores.check_output("systemctl stop postgresql")
    yield
    stores.check_output("systemctl start postgresql")
    assert becomes(host, 200)


def test_it_runs_from_each_start_on(host: Host) -> None:
    service = host.service("kumawatch-health")
    assert service.is_running
    assert service.is_enabled
    assert host.socket("tcp://:::8085").is_listening


def test_it_has_a_user_of_its_own_that_can_do_nothing_else(host: Host) -> None:
    user = host.user("kumawatch-health")
    assert (user.shell, user.home, user.groups) == ("/usr/sbin/nologin", "/nonexistent", ["kumawatch-health"])
    (process,) = host.process.filter(user="kumawatch-health")
    status = host.file(f"/proc/{process.pid}/status").content_string
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status


def test_only_root_and_the_service_read_its_configuration(host: Host) -> None:
    directory = host.file("/etc/kumawatch-health")
    assert (directory.user, directory.group, directory.mode) == ("root", "kumawatch-health", 0o750)
    for name in ("config.yml", "secrets"):
        file = host.file(f"/etc/kumawatch-health/{name}")
        assert (file.user, file.group, file.mode) == ("root", "kumawatch-health", 0o640)
    assert host.run("runuser -u nobody -- cat /etc/kumawatch-health/secrets").failed
    assert host.run("runuser -u nobody -- ls /etc/kumawatch-health").failed
    writable = host.check_output("find /opt/kumawatch-health ! -type l '(' -perm /022 -o ! -user root ')'")
    assert writable == ""


def test_secrets_are_in_their_file_alone(host: Host) -> None:
    for secret in SECRETS:
        held = host.check_output(f"grep -rlF {secret} /etc /opt/kumawatch-health /var/log || true").splitlines()
        assert held == ["/etc/kumawatch-health/secrets"]
        assert secret not in host.check_output("ps axww")
        assert secret not in host.check_output("journalctl --no-pager -o cat")


def test_it_answers_strangers_with_the_status_only(host: Host) -> None:
    assert ask(host) == (200, {"status": "pass"})
    assert ask(host, "/livez") == (200, {"status": "pass"})
    assert ask(host, "/readyz") == (200, {"status": "pass"})


def test_it_shows_details_to_who_has_a_token(host: Host) -> None:
    status, health = ask(host, token=TOKEN)
    assert (status, health["status"], health["serviceId"], health["version"]) == (200, "pass", "shop", "1.0.0")
    names = {name.partition(":")[0] for name in health["checks"]}
    assert names == {"database", "cache", "space"}


def test_it_fails_while_the_database_stands_still_and_lives_on(host: Host, stopped_database: None) -> None:
    assert becomes(host, 503)
    status, health = ask(host, token=TOKEN)
    assert (status, health["status"]) == (503, "fail")
    assert "database" in str(health["output"])
    assert ask(host, "/readyz")[0] == 503
    assert ask(host, "/livez")[0] == 200


def test_what_kills_it_does_not_keep_it_down(host: Host) -> None:
    before = host.check_output("systemctl show --property=MainPID --value kumawatch-health.service")
    host.check_output("systemctl kill --signal=KILL kumawatch-health.service")
    deadline = time.monotonic() + 20
    while host.run("curl -sf http://127.0.0.1:8085/livez").failed:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert host.check_output("systemctl show --property=MainPID --value kumawatch-health.service") != before
