# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of real servers, which are frozen and killed meanwhile."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .conftest import ENCODED, PASSWORD, Server, StartHealth, free_port, wait


def of(kind: str, server: Server, **further: Any) -> dict[str, Any]:
    key = "dsn" if kind in ("postgresql", "mysql") else "url"
    return {"name": kind, "type": kind, key: server.url, "timeout": 10, **further}


def wrong_password(url: str) -> str:
    return url.replace(ENCODED, "falsch-77")


KINDS = [("postgresql", "postgresql"), ("mysql", "mariadb"), ("redis", "redis")]


@pytest.fixture(params=KINDS, ids=[kind for kind, _fixture in KINDS])
def database(request: pytest.FixtureRequest) -> tuple[str, Server]:
    kind, fixture = request.param
    server: Server = request.getfixturevalue(fixture)
    if server.process is None:
        server.start()
    return kind, server


def test_a_database_that_works_passes(database: tuple[str, Server], start_health: StartHealth) -> None:
    kind, server = database
    health = start_health([of(kind, server)])
    health.becomes(kind, "pass")
    code, document = health.get()
    assert (code, document["status"]) == (200, "pass"), document
    entry = document["checks"][f"{kind}:responseTime"][0]
    assert entry["componentType"] == "datastore"
    assert entry["observedUnit"] == "ms" and 0 < entry["observedValue"] < 10_000
    assert "output" not in document


def test_a_wrong_password_fails_and_is_shown_nowhere(database: tuple[str, Server], start_health: StartHealth) -> None:
    kind, server = database
    check = of(kind, server)
    key = "dsn" if "dsn" in check else "url"
    health = start_health([{**check, key: wrong_password(check[key])}])
    health.becomes(kind, "fail")
    code, document = health.get()
    assert "no answer" not in document["output"]
    assert (code, document["status"]) == (503, "fail")
    assert document["output"].startswith(f"{kind}: ")
    for text in (json.dumps(document), health.get("/metrics")[1], health.log()):
        assert "falsch-77" not in text and PASSWORD not in text and ENCODED not in text


def test_a_killed_database_fails_and_a_restarted_one_passes_again(
    database: tuple[str, Server], start_health: StartHealth
) -> None:
    kind, server = database
    health = start_health([of(kind, server)])
    health.becomes(kind, "pass")
    server.kill()
    try:
        health.becomes(kind, "fail")
        assert health.get("/readyz")[0] == 503
        assert health.get("/livez")[0] == 200  # restarting the service would mend nothing
    finally:
        server.start()
    health.becomes(kind, "pass")
    assert health.get("/readyz")[0] == 200


def test_a_database_frozen_in_mid_check_delays_no_answer(
    database: tuple[str, Server], start_health: StartHealth
) -> None:
    kind, server = database
    health = start_health([of(kind, server, timeout=2, interval=0.2)])
    health.becomes(kind, "pass")
    server.freeze()
    try:
        health.says(kind, "no answer within 2 s")
        took = []
        for _time in range(20):
            began = time.monotonic()
            health.get()
            took.append(time.monotonic() - began)
        assert sorted(took)[10] < 1, took  # what takes seconds is the check, not the answer
    finally:
        server.thaw()
    health.becomes(kind, "pass")


def test_runs_that_hang_leave_nothing_behind(database: tuple[str, Server], start_health: StartHealth) -> None:
    kind, server = database
    health = start_health([of(kind, server, timeout=0.1, interval=0.1)])
    wait(lambda: _runs(health.get("/metrics")[1], kind) > 0, "a run")
    server.freeze()
    try:
        before = _runs(health.get("/metrics")[1], kind)
        wait(lambda: _runs(health.get("/metrics")[1], kind) > before + 20, "20 runs that hang")
        # Listener, event loop, log, our request, one connection under way: and not one more for each run.
        assert len(os.listdir(f"/proc/{health.process.pid}/fd")) < 20
    finally:
        server.thaw()


def test_servers_hear_a_farewell(mariadb: Server, postgresql: Server, start_health: StartHealth) -> None:
    if mariadb.process is None:
        mariadb.start()
    before = {server.directory: server.said() for server in (mariadb, postgresql)}
    health = start_health([of("mysql", mariadb, interval=0.1), of("postgresql", postgresql, interval=0.1)])
    wait(lambda: min(_runs(health.get("/metrics")[1], kind) for kind in ("mysql", "postgresql")) > 5, "5 runs")
    for server in (mariadb, postgresql):
        # A line every 15 seconds of a connection that was aborted would bury what matters in the log.
        assert server.said() == before[server.directory]


def test_a_check_that_is_not_critical_only_warns(redis: Server, start_health: StartHealth) -> None:
    check = of("redis", redis, critical=False)
    health = start_health([{**check, "url": f"redis://127.0.0.1:{free_port()}"}])
    health.says("redis", "Connection refused")
    code, document = health.get()
    assert (code, document["status"]) == (200, "warn")
    assert health.get("/readyz")[0] == 200


def test_a_query_with_limits_is_judged_by_its_value(postgresql: Server, start_health: StartHealth) -> None:
    health = start_health(
        [
            {**of("postgresql", postgresql, query="SELECT 42::numeric", value={"warn": 40}), "name": "queue"},
            {**of("postgresql", postgresql, query="SELECT 'text'", value={"warn": 40}), "name": "text"},
        ]
    )
    health.says("queue", "the query answered 42")
    health.says("text", "no number")
    document = health.get()[1]
    value = document["checks"]["queue:value"][0]
    assert (value["status"], value["observedValue"], value["output"]) == ("warn", 42.0, "the query answered 42")
    assert document["checks"]["text:responseTime"][0]["output"] == "the query answered 'text', which is no number"


def test_no_connection_outlives_its_check(postgresql: Server, start_health: StartHealth) -> None:
    # The server has 20: a check that leaked one a run would use them up in ten seconds.
    health = start_health([of("postgresql", postgresql, interval=0.1)])
    wait(lambda: _runs(health.get("/metrics")[1], "postgresql") > 40, "40 runs", 60)
    assert health.status("postgresql") == "pass"


def _runs(metrics: str, name: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith(f'kumawatch_health_runs_total{{check="{name}"')]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


# -- HTTP, certificates, hosts


class _Site(BaseHTTPRequestHandler):
    code, body, asked, delay = 200, b"Open for business", 0, 0.0

    def do_GET(self) -> None:
        type(self).asked += 1
        time.sleep(self.delay)
        self.send_response(self.code)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def site() -> Any:
    handler = type("Site", (_Site,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, server.server_address[1]
    server.shutdown()
    server.server_close()


def test_http_is_judged_by_status_keyword_and_latency(site: Any, start_health: StartHealth) -> None:
    handler, port = site
    health = start_health(
        [
            {
                "name": "shop",
                "type": "http",
                "url": f"http://user:geheim99@127.0.0.1:{port}/",
                "keyword": "business",
                "latency": {"warn": 1.2, "fail": 15},
                "timeout": 20,
            }
        ]
    )
    health.becomes("shop", "pass")
    handler.body = b"Closed"
    health.becomes("shop", "fail")
    health.says("shop", "the answer does not hold 'business'")
    handler.code = 502
    health.says("shop", "it answered 502")
    handler.code, handler.body, handler.delay = 200, b"business", 1.5
    health.becomes("shop", "warn")
    assert health.entry("shop:responseTime")["output"].startswith("it took ")
    assert "geheim99" not in health.log()


def test_a_thousand_requests_are_one_check(site: Any, start_health: StartHealth) -> None:
    handler, port = site
    health = start_health(
        [{"name": "shop", "type": "http", "url": f"http://127.0.0.1:{port}/", "interval": 600, "timeout": 20}]
    )
    health.becomes("shop", "pass")
    asked = handler.asked
    threads = [threading.Thread(target=lambda: [health.get() for _time in range(50)]) for _thread in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert handler.asked == asked


def test_the_first_requests_wait_for_the_first_results_together(site: Any, start_health: StartHealth) -> None:
    handler, port = site
    handler.delay = 1.0
    health = start_health(
        [{"name": "shop", "type": "http", "url": f"http://127.0.0.1:{port}/", "interval": 600, "timeout": 20}]
    )
    codes: list[int] = []
    threads = [threading.Thread(target=lambda: codes.append(health.get()[0])) for _thread in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 10 and handler.asked == 1


def test_the_deadline_answers_for_a_check_that_is_late(site: Any, start_health: StartHealth) -> None:
    handler, port = site
    handler.delay = 8.0
    check = {"name": "shop", "type": "http", "url": f"http://127.0.0.1:{port}/", "timeout": 20}
    health = start_health([check], deadline=0.5)
    began = time.monotonic()
    code, document = health.get()
    assert time.monotonic() - began < 6
    assert code == 503 and document["output"] == "shop: it has not been checked yet"


def test_certificates_are_judged_by_their_days(tmp_path: Path, start_health: StartHealth) -> None:
    import ssl

    for name, days in (("good", "90"), ("old", "10")):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
             "-out", f"{name}.pem", "-days", days, "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
    checks, servers = [], []
    for name in ("good", "old"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        checks.append(
            {"name": name, "type": "tls", "host": "127.0.0.1", "port": server.server_address[1],
             "server_name": "localhost", "timeout": 10, "ca_file": str(tmp_path / f"{name}.pem")}
        )  # fmt: skip
    checks.append({**checks[0], "name": "strange", "ca_file": str(tmp_path / "old.pem")})
    health = start_health(checks)
    health.becomes("good", "pass")
    assert health.entry("good:certificateDays")["observedValue"] > 85
    health.becomes("old", "warn")
    health.says("strange", "the certificate is not valid: ")
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_host_is_looked_at(tmp_path: Path, start_health: StartHealth) -> None:
    pid_file = tmp_path / "pid"
    pid_file.write_text(str(os.getpid()))
    health = start_health(
        [
            {"name": "root", "type": "disk", "path": "/", "used_percent": {"warn": 0}, "inodes_percent": {}},
            {"name": "nowhere", "type": "disk", "path": str(tmp_path / "no")},
            {"name": "me", "type": "process", "pid_file": str(pid_file)},
            {"name": "nobody", "type": "process", "process": "there-is-no-such"},
            {"name": "fine", "type": "command", "command": ["true"]},
            {"name": "warns", "type": "command", "command": ["sh", "-c", "echo 'a little'; exit 1"], "warn_codes": [1]},
            {"name": "fails", "type": "command", "command": ["sh", "-c", "exit 2"]},
            {"name": "absent", "type": "command", "command": ["/there/is/no/such"]},
            {
                "name": "hangs",
                "type": "command",
                "command": ["sh", "-c", "sleep 333 & wait"],
                "timeout": 0.5,
                "interval": 600,
            },
            {"name": "port", "type": "tcp", "host": "127.0.0.1", "port": free_port()},
        ]
    )
    wait(
        lambda: all(
            _runs(health.get("/metrics")[1], name) for name in ("root", "hangs", "me", "absent", "port", "warns")
        ),
        "a run of each",
    )
    document = health.get()[1]
    found = {
        name: (entry[0]["status"], entry[0].get("output", ""))
        for name, entry in document["checks"].items()
        if name.endswith(":responseTime")
    }
    found = {name.removesuffix(":responseTime"): value for name, value in found.items()}
    assert found["root"][0] == "warn" and found["root"][1].startswith("/ is ")
    assert found["nowhere"] == ("fail", f"No such file or directory: {tmp_path / 'no'}")
    assert found["me"] == ("pass", "")
    assert found["nobody"] == ("fail", "no process of there-is-no-such runs")
    assert found["fine"] == ("pass", "")
    assert found["warns"] == ("warn", "it ended with 1: a little")
    assert found["fails"] == ("fail", "it ended with 2")
    assert found["absent"] == ("fail", "/there/is/no/such cannot be started: No such file or directory")
    assert found["hangs"] == ("fail", "no answer within 0.5 s")
    assert found["port"] == ("fail", "Connection refused")
    wait(
        lambda: subprocess.run(["pgrep", "-f", "sleep 333"], capture_output=True, check=False).returncode == 1,
        "no child is left",
    )


# -- who sees what, groups, reload


def test_details_are_for_those_who_may_see_them(start_health: StartHealth) -> None:
    health = start_health([{"name": "fine", "type": "command", "command": ["true"], "groups": ["jobs"]}])
    assert health.get(token=False) == (200, {"status": "pass"})
    assert "checks" in health.get()[1]
    assert health.get("/metrics", token=False)[0] == 403
    assert health.get(token=False, headers={"X-Forwarded-For": "127.0.0.1"})[1] == {"status": "pass"}
    assert list(health.get("/health/jobs")[1]["checks"]) == ["fine:responseTime", "fine:exitStatus"]
    assert health.get("/health/nothing")[0] == 404


def test_a_reload_drops_no_request_and_keeps_what_is_known(site: Any, start_health: StartHealth) -> None:
    handler, port = site
    shop = {"name": "shop", "type": "http", "url": f"http://127.0.0.1:{port}/", "interval": 600, "timeout": 20}
    health = start_health([shop])
    health.becomes("shop", "pass")
    asked, codes, end = handler.asked, [], threading.Event()

    def hammer() -> None:
        while not end.is_set():
            codes.append(health.get()[0])

    threads = [threading.Thread(target=hammer) for _thread in range(4)]
    for thread in threads:
        thread.start()
    path = health.directory / "config.yml"
    config = json.loads(path.read_text())
    for number in range(5):
        config["checks"] = [shop, {"name": f"new-{number}", "type": "command", "command": ["true"]}]
        path.write_text(json.dumps(config))
        os.kill(health.process.pid, signal.SIGHUP)
        wait(lambda: f"new-{number}:responseTime" in health.get()[1]["checks"], "the new check")  # noqa: B023
    end.set()
    for thread in threads:
        thread.join()
    assert len(codes) > 10 and set(codes) == {200}
    assert handler.asked == asked  # an unchanged check goes on where it was
    assert "new-0" not in health.get("/metrics")[1]


def test_a_bad_configuration_is_refused_and_the_old_one_goes_on(start_health: StartHealth) -> None:
    health = start_health([{"name": "fine", "type": "command", "command": ["true"]}])
    (health.directory / "config.yml").write_text("service: api\nchecks: [{name: x, type: tpc}]\n")
    os.kill(health.process.pid, signal.SIGHUP)
    wait(lambda: "type 'tpc' is not known; did you mean 'tcp'?" in health.log(), "the sentence in the log")
    assert health.get()[0] == 200


def test_a_taken_port_is_one_sentence(start_health: StartHealth) -> None:
    health = start_health([])
    ended = subprocess.run(
        [sys.executable, "-m", "kumawatch_health", "--config", str(health.directory / "config.yml"), "serve"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.strip() == f"127.0.0.1:{health.port} cannot be listened on: Address already in use."


def test_it_stays_small(
    postgresql: Server, mariadb: Server, redis: Server, site: Any, start_health: StartHealth
) -> None:
    health = start_health(
        [
            of("postgresql", postgresql),
            of("mysql", mariadb),
            of("redis", redis),
            {"name": "shop", "type": "http", "url": f"http://127.0.0.1:{site[1]}/"},
            {"name": "root", "type": "disk", "used_percent": {}, "inodes_percent": {}},
        ]
    )
    for name in ("postgresql", "mysql", "redis", "shop", "root"):
        health.becomes(name, "pass")
    for _time in range(200):
        assert health.get()[0] in (200, 503)  # what it finds on a busy machine is not what is measured
    status = Path(f"/proc/{health.process.pid}/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0])
    assert resident < 60 * 1024, f"{resident} KiB"


# -- where it listens, and what it says to systemd


def ask_socket(path: Path, request: str) -> str:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(60)
        stream.connect(str(path))
        stream.sendall(f"{request}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: stream.recv(65536), b"")).decode()


def test_a_unix_socket_is_for_owner_and_group(tmp_path: Path, start_health: StartHealth) -> None:
    path = tmp_path / "s"
    config = tmp_path / "config.yml"
    config.write_text(
        json.dumps({"service": "api", "listen": {"socket": str(path)}, "checks": [{"name": "root", "type": "disk"}]})
    )
    argv = [sys.executable, "-m", "kumawatch_health", "--config", str(config), "serve"]
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))  # by a service that was killed
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait(
                lambda: path.exists() and path.stat().st_mode & 0o777 == 0o660 and process.poll() is None, "the socket"
            )

            def answers() -> bool:
                with contextlib.suppress(OSError):
                    return "200 OK" in ask_socket(path, "GET /livez HTTP/1.1")
                return False

            wait(answers, "an answer")
            assert '"checks"' in ask_socket(path, "GET /health HTTP/1.1")
            assert '"checks"' not in ask_socket(path, "GET /health HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7")
            head = ask_socket(path, "HEAD /livez HTTP/1.1")
            assert "content-length: 18" in head.lower() and head.endswith("\r\n\r\n")
            second = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
            assert (second.returncode, second.stderr.strip()) == (
                2,
                f"{path} cannot be listened on: Address already in use.",
            )
        finally:
            process.terminate()
            process.wait(30)
    assert process.returncode == 0 and not path.exists()
    path.write_text("somebody's file")
    refused = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert refused.stderr.strip() == f"{path} cannot be listened on: File exists."
    assert path.read_text() == "somebody's file"


def test_it_listens_on_ipv6(tmp_path: Path) -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
            port = listener.getsockname()[1]
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error.strerror}")
    for host, url in (("::1", f"http://[::1]:{port}"), ("::", f"http://127.0.0.1:{port}")):
        config = tmp_path / "config.yml"
        config.write_text(json.dumps({"service": "api", "listen": {"host": host, "port": port}}))
        argv = [sys.executable, "-m", "kumawatch_health", "--config", str(config), "serve"]
        with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
            try:

                def answers(url: str = url) -> bool:
                    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=60) as answer:
                        return b'"serviceId"' in answer.read()  # of ::ffff:127.0.0.1, too, details are shown
                    return False

                wait(answers, f"an answer on {host}")
            finally:
                process.terminate()
                process.wait(30)


def test_systemd_is_told_what_happens(tmp_path: Path, start_health: StartHealth) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        told: list[str] = []

        def hear(text: str) -> None:
            while not any(text in message for message in told):
                told.append(manager.recv(4096).decode())

        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"}
        health = start_health([{"name": "fine", "type": "command", "command": ["env"]}], environment=environment)
        hear("READY=1")
        hear("WATCHDOG=1")
        told.clear()
        os.kill(health.process.pid, signal.SIGHUP)
        hear("RELOADING=1\nMONOTONIC_USEC=")
        hear("READY=1")
        told.clear()
        (health.directory / "config.yml").write_text("checks: [")
        os.kill(health.process.pid, signal.SIGHUP)
        hear("STATUS=A new configuration was refused")
        health.process.terminate()
        hear("STOPPING=1")


def test_a_slow_check_holds_up_only_those_who_ask_for_it(site: Any, start_health: StartHealth) -> None:
    handler, port = site
    handler.delay = 15.0
    health = start_health(
        [
            {"name": "slow", "type": "http", "url": f"http://127.0.0.1:{port}/", "timeout": 20, "critical": False},
            {"name": "fine", "type": "command", "command": ["true"], "groups": ["fast"]},
        ],
        deadline=30,
    )
    began = time.monotonic()
    assert health.get("/health/fast")[0] == 200
    assert health.get("/readyz")[0] == 200
    assert time.monotonic() - began < 14


def test_head_and_body_of_an_answer_come_together(start_health: StartHealth) -> None:
    health = start_health([{"name": "fine", "type": "command", "command": ["true"]}])
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", health.port, timeout=60)
    for _number in range(60):
        began = time.monotonic()
        connection.request("GET", "/livez")
        connection.getresponse().read()
        took.append(time.monotonic() - began)
    connection.close()
    # Held back until the head is acknowledged, each body would be 40 ms late on a connection that is kept.
    assert min(took) < 0.035, sorted(took)[:5]
