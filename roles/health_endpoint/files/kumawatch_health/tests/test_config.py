# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration takes and refuses, documents, and who may see them: without any server."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from pathlib import Path

import pytest
from kumawatch_health.access import client, may_see_details
from kumawatch_health.config import Config, ConfigError, parse
from kumawatch_health.results import Finding, Limits, Result, Status, aged, document, http_status, redact, worst

CHECK = "checks: [{name: db, type: postgresql, dsn: 'postgresql://u:${DB}@h/d'%s}]\n"


def problems(text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, environment or {})
    return str(caught.value).splitlines()


def test_variables_are_replaced_and_known_as_secrets() -> None:
    check = parse("service: api\n" + CHECK % "", {"DB": "p@ss"}).checks[0]
    assert check.options["dsn"] == "postgresql://u:p@ss@h/d"
    assert "p@ss" in check.secrets
    assert "p@ss" not in repr(check)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("service: api\n" + CHECK % "", "check 'db': dsn names the variable DB, which is not set in the environment."),
        ("checks: []\n", "The configuration needs 'service'."),
        ("service: a\nchekcs: []\n", "chekcs is not a known key; did you mean 'checks'?"),
        (
            "service: a\nchecks: [{name: x, type: tcp, host: h, prot: 1, port: 2}]",
            "check 'x': prot is not a known key; did you mean 'port'?",
        ),
        ("service: a\nchecks: [{name: x, type: tcp, host: h, port: '1'}]", "check 'x': port must be a whole number."),
        (
            "service: a\nchecks: [{name: x, type: redsi, url: u}]",
            "check 'x': type 'redsi' is not known; did you mean 'redis'?",
        ),
        (
            "service: a\nchecks: [{name: x, type: disk}, {name: x, type: disk}]",
            "check 'x' is declared twice, as checks 1 and 2: rename one.",
        ),
        (
            "service: a\nchecks: [{name: x, type: disk, timeout: 0}]",
            "check 'x': timeout must be greater than 0, not 0.",
        ),
        ("service: a\nchecks: [{name: x, type: process}]", "check 'x' needs process, pid_file or command_line."),
        (
            "service: a\nchecks: [{name: 'a b', type: disk}]",
            "check 'a b': name must consist of letters, digits, dots, hyphens and underscores.",
        ),
        (
            "service: a\nchecks: [{name: x, type: command, command: [sleep, 1]}]",
            "check 'x': command must be a list of texts; put numbers in quotes.",
        ),
        ("service: a\nchecks: [x]", "check 1 must be a mapping."),
        (
            "service: a\nchecks: [{name: x, type: http, url: u, status_codes: [2xx]}]",
            "check 'x': status_codes: '2xx' is no status code and no range such as 200-299.",
        ),
        ("service: a\nlisten: {port: 70000}", "listen.port must be from 0 to 65535, not 70000."),
        ("service: a\ndetails: {tokens: [short]}", "details.tokens must be texts of at least 16 characters."),
        ("service: a\ndetails: {networks: [home]}", "details.networks: 'home' is no network such as 10.0.0.0/8."),
        ("service: [", "The configuration is no YAML, line 1: expected the node content, but found '<stream end>'."),
        ("- a", "The configuration must be a mapping."),
        (
            "service: a\nchecks: [{name: x, type: disk, used_percent: {warn: 95, fail: 90}}]",
            "check 'x': used_percent: fail (90) must be above warn (95).",
        ),
        (
            "service: a\nchecks: [{name: x, type: tls, host: h, days: {warn: 7, fail: 21}}]",
            "check 'x': days: fail (21) must be below warn (7).",
        ),
        (
            "service: a\nchecks: [{name: x, type: mysql, dsn: 'mysqlx://h'}]",
            "check 'x': dsn must begin with mysql:// or mariadb://.",
        ),
        (
            "service: a\nchecks: [{name: x, type: tcp, host: h, port: 0}]",
            "check 'x': port must be from 1 to 65535, not 0.",
        ),
        (
            "service: a\nchecks: [{name: x, type: dns, hostname: h, resolver: dns.example.com}]",
            "check 'x': resolver must be an IP address, not 'dns.example.com'.",
        ),
        ("service: a\ninterval: .inf", "interval must be greater than 0, not inf."),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(text: str, expected: str) -> None:
    assert expected in problems(text)


def test_a_variable_anywhere_in_a_check_is_a_secret_and_taken_as_it_is() -> None:
    text = "service: a\nchecks: [{name: x, type: command, command: [run, '--key=${KEY}']}, {name: y, type: disk}]"
    first, second = parse(text, {"KEY": "a${KEY}b"}).checks
    assert first.options["command"] == ["run", "--key=a${KEY}b"]
    assert first.secrets == {"a${KEY}b"} and not second.secrets


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems("service: a\nx: 1\nchecks: [{name: b, type: c}, {type: tcp, host: h, port: 1}]")) == 3


def test_unicode_is_kept() -> None:
    config = parse("service: Bücher 📚\nchecks: [{name: x, type: http, url: 'http://h/', keyword: Grüß Gott}]", {})
    assert config.service == "Bücher 📚" and config.checks[0].options["keyword"] == "Grüß Gott"


def test_limits_judge_both_ways() -> None:
    above, below = Limits(80, 90), Limits(21, 7, below=True)
    assert [above.judge(value) for value in (80, 81, 91)] == [Status.PASS, Status.WARN, Status.FAIL]
    assert [below.judge(value) for value in (21, 20, 6)] == [Status.PASS, Status.WARN, Status.FAIL]


def result(status: Status, *, critical: bool = True, at: float = 1000.0, output: str = "") -> Result:
    return Result("db", "postgresql", critical, Finding(status, output), at, 0.0123)


def test_the_document_follows_the_draft() -> None:
    made = document([result(Status.FAIL, output="refused")], {"serviceId": "api", "version": ""}, details=True)
    assert made == {
        "status": "fail",
        "serviceId": "api",
        "output": "db: refused",
        "checks": {
            "db:responseTime": [
                {
                    "componentId": "db",
                    "componentType": "datastore",
                    "status": "fail",
                    "time": "1970-01-01T00:16:40.000Z",
                    "output": "refused",
                    "observedValue": 12.3,
                    "observedUnit": "ms",
                }
            ]
        },
    }
    assert document([result(Status.FAIL)], {}, details=False) == {"status": "fail"}


def test_what_is_not_critical_warns_and_a_warning_is_200() -> None:
    assert worst([result(Status.FAIL, critical=False), result(Status.PASS)]) is Status.WARN
    assert worst([]) is Status.PASS
    assert [http_status(status) for status in Status] == [200, 200, 503]


def test_an_old_result_is_not_trusted() -> None:
    assert aged(result(Status.PASS), 60, 60).finding.status is Status.PASS
    old = aged(result(Status.PASS), 100, 60)
    assert (old.finding.status, old.finding.output) == (Status.WARN, "stale: last checked 100 s ago")
    assert aged(result(Status.FAIL, output="refused"), 100, 60).finding.output.endswith("it was: refused")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("could not reach postgresql://app:p@ss/w@db:5432/x", "p@ss"),
        ("redis://:geheim@h refused", "geheim"),
        ("invalid dsn host=h password=geheim user=u", "geheim"),
        ("token: 'geheim zwei' rejected", "geheim"),
        ("it said geheim", "geheim"),
    ],
)
def test_secrets_are_taken_out(text: str, hidden: str) -> None:
    assert hidden not in redact(text, ["geheim"]).replace("***", "")


def networks(*values: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(value) for value in values)


def test_only_a_trusted_proxy_may_say_who_asks() -> None:
    proxies = networks("10.0.0.0/8")
    assert client("192.0.2.1", "127.0.0.1", proxies) == "192.0.2.1"
    assert client("10.0.0.1", "127.0.0.1, 192.0.2.7", proxies) == "192.0.2.7"
    assert client("10.0.0.1", "192.0.2.7, 10.0.0.2", proxies) == "192.0.2.7"
    assert client("10.0.0.1", "", proxies) == "10.0.0.1"


def test_a_proxy_that_nobody_has_named_lends_nobody_its_address() -> None:
    config = Config("api", networks=networks("127.0.0.0/8"))
    assert may_see_details(config, "127.0.0.1", "", "")
    assert not may_see_details(config, "127.0.0.1", "192.0.2.7", "")
    assert not may_see_details(config, "127.0.0.1", "127.0.0.1", "")
    # Over a Unix socket a proxy says for whom it asks, and is believed.
    assert not may_see_details(config, None, "192.0.2.7", "")
    assert may_see_details(config, None, "127.0.0.1", "")


def test_tokens_and_networks_open_the_details() -> None:
    config = Config("api", tokens=("0123456789abcdef",), networks=networks("127.0.0.0/8"))
    assert may_see_details(config, "192.0.2.1", "", "Bearer 0123456789abcdef")
    assert not may_see_details(config, "192.0.2.1", "", "Bearer 0123456789abcdeF")
    assert not may_see_details(config, "192.0.2.1", "", "Basic 0123456789abcdef")
    assert not may_see_details(config, "192.0.2.1", "", "Bearer ")
    assert may_see_details(config, "127.0.0.1", "", "")
    assert may_see_details(config, "::ffff:127.0.0.1", "", "")
    assert not may_see_details(config, "nonsense", "", "")
    assert may_see_details(config, None, "", "")  # over a Unix socket its permissions decide


def test_validate_says_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text("service: a\nchecks: [{name: x, type: tpc}]\n")
    argv = [sys.executable, "-m", "kumawatch_health", "--config", str(path), "validate"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.strip() == "check 'x': type 'tpc' is not known; did you mean 'tcp'?"
    path.unlink()
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == f"{path} cannot be read: No such file or directory."


def test_check_runs_each_check_once(tmp_path: Path) -> None:
    path, secrets = tmp_path / "config.yml", tmp_path / "secrets"
    secrets.write_text('# comment\nWORD="very secret word"\n')
    path.write_text(
        "service: a\nchecks: [{name: x, type: command, command: [sh, -c, 'echo $W; exit 1'], "
        "environment: {W: '${WORD}'}}]\n"
    )
    argv = [sys.executable, "-m", "kumawatch_health", "--config", str(path), "--environment", str(secrets), "check"]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "it ended with 1: ***" in ended.stdout and "very secret" not in ended.stdout + ended.stderr
