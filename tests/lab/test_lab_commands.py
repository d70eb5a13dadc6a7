# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's commands, as processes, with a server elsewhere in the place of the lab's own Uptime Kuma."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab import core, process
from lab.paths import CHECKOUT, Paths
from lab.probe import get, tcp_refused


def fetch(url: str) -> tuple[int, str, Any]:
    """Status, content type and body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.headers["Content-Type"], response.read().decode()
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, exc.headers["Content-Type"], exc.read().decode()


def service(lab: Any, name: str) -> Any:
    return next(one for one in lab.read("endpoints.json")["services"] if one["name"] == name)


def running(lab: Any) -> list[str]:
    return sorted(name for name, _process in process.marked(lab.home))


ALL = ["api", "aws", "chat", "queue", "shipper", "shop", "usage"]


@pytest.fixture(scope="module")
def shared(make_lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A lab for the tests that leave it as they find it."""
    lab = make_lab(tmp_path_factory.mktemp("shared"))
    yield lab
    lab("down", ok=False)


@pytest.fixture
def up(shared: Any) -> Any:
    """The shared lab, up and with nothing broken."""
    shared("up")
    for name in ("api", "shop", "queue"):
        shared("mend", name)
    return shared


def test_up_brings_everything_up_and_down_leaves_nothing(lab: Any) -> None:
    first = lab("up")
    assert running(lab) == ALL
    lines = first.stdout.splitlines()
    assert any(line.split()[:4] == ["Uptime", "Kuma", "external", "http://kuma.invalid:3001"] for line in lines)
    assert lines[-1].startswith("The lab is up (")
    assert lab("status").stdout.count("running") == len(ALL)
    begin = time.monotonic()
    second = lab("up")
    assert time.monotonic() - begin < 10
    assert second.stdout.count(" running ") == len(ALL)
    # "quick (< 2 s beyond readiness)": its own account, which the load of the machine makes longer, not shorter
    assert float(second.stdout.rpartition("(")[2].split()[0]) < 2
    down = lab("down")
    assert down.stdout.startswith("Stopped api (pid ")
    assert running(lab) == []
    assert lab("down").stdout == "Nothing was running.\n"
    stopped = lab("status", ok=False)
    assert stopped.returncode == 1
    assert stopped.stdout.count("stopped") == len(ALL) + 1  # and Uptime Kuma


def test_endpoints_are_as_agreed(up: Any) -> None:
    endpoints = up.read("endpoints.json")
    assert endpoints["kuma"] == {
        "url": "http://kuma.invalid:3001",
        "username": "admin",
        "password": "not-the-labs-own-1",
    }
    assert {"url", "messages_url", "page_url"} <= set(endpoints["chat"])
    assert endpoints["aws"] == {"endpoint_url": f"http://127.0.0.1:{up.record('aws')['port']}", "region": "us-east-1"}
    assert json.loads(fetch(f"{endpoints['aws']['endpoint_url']}/_lab/health")[2])["stand_in"] == "kumawatch-lab-aws"
    assert [one["name"] for one in endpoints["services"]] == ["api", "shop", "queue"]
    assert service(up, "queue")["url"].startswith("tcp://127.0.0.1:")
    message = json.dumps({"text": "hello"}).encode()
    request = urllib.request.Request(endpoints["chat"]["url"], message, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        assert json.load(response)["text"] == "hello"
    listed = json.loads(fetch(endpoints["chat"]["messages_url"])[2])
    assert [entry["message"] for entry in listed] == [{"text": "hello"}]
    assert "Kumawatch lab" in fetch(endpoints["chat"]["page_url"])[2]


def test_everything_listens_on_loopback_only(up: Any) -> None:
    lines = (Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()).splitlines()
    # The second column is address:port, the fourth the state, of which 0A is LISTEN; 0100007F is 127.0.0.1.
    listening = [fields[1].split(":") for fields in map(str.split, lines) if fields[3] == "0A"]
    for name in ALL:
        port = f"{up.record(name)['port']:04X}"
        assert [address for address, number in listening if number == port] == ["0100007F"], name


def test_secrets_are_for_the_owner_only_and_on_no_command_line(up: Any) -> None:
    for name in ("endpoints.json", "secrets.json"):
        assert stat.S_IMODE((up.home / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(up.home.stat().st_mode) == 0o700
    secrets = up.read("secrets.json")
    hidden = [
        secrets["kuma"]["password"],
        secrets["chat"]["key"],
        secrets["chat"]["spaces"][0]["token"],
        "not-the-labs-own-1",
    ]
    told = up("status").stdout + up("up").stdout
    for name, one in process.marked(up.home):
        told += Path(f"/proc/{one.pid}/cmdline").read_text() + Path(f"/proc/{one.pid}/environ").read_text()
        told += up("logs", name).stdout
    assert [secret for secret in hidden if secret in told] == []


def test_secrets_stay_the_same(lab: Any) -> None:
    lab("up")
    secrets, endpoints = lab.read("secrets.json"), lab.read("endpoints.json")
    lab("down")
    lab("up")
    assert lab.read("secrets.json") == secrets
    assert lab.read("endpoints.json") == endpoints


# -- mending


def kill(lab: Any, part: str) -> None:
    """Kill a part, and wait until it is dead: a busy machine takes its time over that, too."""
    pid = lab.record(part)["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while process.started_at(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.parametrize("part", ALL)
def test_any_part_killed_is_mended_in_one_line(up: Any, part: str) -> None:
    before = up.read("endpoints.json")
    kill(up, part)
    assert up("status", ok=False).returncode == 1
    told = up("up").stdout
    assert told.count("it had died: restarted") == 1
    assert told.count(" mended ") == 1
    assert up.read("endpoints.json") == before
    assert up("status").returncode == 0


def test_the_chat_space_killed_loses_no_message(lab: Any) -> None:
    lab("up")
    chat = lab.read("endpoints.json")["chat"]
    for number in range(3):
        request = urllib.request.Request(
            chat["url"], json.dumps({"text": str(number)}).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()
    kill(lab, "chat")
    lab("up")
    assert [entry["message"]["text"] for entry in json.loads(fetch(chat["messages_url"])[2])] == ["0", "1", "2"]


def test_half_written_files_are_mended_and_said(lab: Any) -> None:
    lab("up")
    before = lab.read("endpoints.json")
    (lab.home / "endpoints.json").write_text('{"kuma": {"url"')
    assert "The lab is not up" in lab("env", ok=False).stderr
    told = lab("up").stdout
    assert "  endpoints.json was half-written: written anew\n" in told
    assert lab.read("endpoints.json") == before
    (lab.home / "secrets.json").write_text("{")
    told = lab("up").stdout
    assert "  secrets.json was damaged: written anew\n" in told
    # With a new key, the chat space has to be told.
    assert "Chat space: its settings or its code had changed: restarted" in told
    request = urllib.request.Request(
        lab.read("endpoints.json")["chat"]["url"], b'{"text": "x"}', {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def test_an_up_that_was_killed_is_carried_on(lab: Any, until: Any) -> None:
    up = lab.start("up")
    until(lambda: running(lab), 30)
    up.kill()
    up.communicate()
    lab("up")
    assert running(lab) == ALL
    assert lab("status").returncode == 0


def test_state_removed_under_running_parts(lab: Any) -> None:
    lab("up")
    for path in (lab.home / "parts").iterdir():
        path.unlink()
    told = lab("up").stdout
    assert told.count("left behind by a run that was interrupted") == len(ALL)
    assert running(lab) == ALL


def test_two_ups_at_once(lab: Any) -> None:
    both = [lab.start("up") for _ in range(2)]
    told = [one.communicate(timeout=120) for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    assert running(lab) == ALL
    assert sorted(out.count(" started ") for out, _err in told) == [0, len(ALL)]
    assert sum("another lab command is at work here: waiting for it" in out for out, _err in told) == 1


def test_two_labs_side_by_side(lab: Any, tmp_path: Path) -> None:
    lab("up")
    other = type(lab)(tmp_path / "other", {**lab.env, "KUMAWATCH_LAB_DIR": str(tmp_path / "other")})
    try:
        other("up")
        assert lab.record("chat")["port"] != other.record("chat")["port"]
        other("down")
        assert running(lab) == ALL
    finally:
        other("down", ok=False)


# -- ports


def test_an_explicit_port_is_used_and_an_occupied_one_refused(lab: Any) -> None:
    port = process.free_port()
    lab("up", KUMAWATCH_LAB_CHAT_PORT=str(port))
    assert lab.read("endpoints.json")["chat"]["page_url"] == f"http://127.0.0.1:{port}/"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        refused = lab("up", ok=False, KUMAWATCH_LAB_API_PORT=str(number))
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        f"Error: Service api cannot start: KUMAWATCH_LAB_API_PORT is {number}, and that port is taken by "
    )
    assert refused.stderr.endswith(f"pid {os.getpid()}; stop it, or set another port, or unset the variable.\n")


# -- demo services


def test_the_api_reports_its_health(up: Any) -> None:
    url = service(up, "api")["url"]
    status, kind, body = fetch(url)
    assert (status, kind.partition(";")[0]) == (200, "application/health+json")
    assert json.loads(body)["status"] == "pass"
    assert up("break", "api").stdout == "api is broken.\n"
    status, kind, body = fetch(url)
    assert (status, kind.partition(";")[0]) == (503, "application/health+json")
    health = json.loads(body)
    assert health["status"] == "fail"
    assert [name for name, checks in health["checks"].items() if checks[0]["status"] == "fail"] == [
        "database:responseTime"
    ]
    assert up("mend", "api").stdout == "api is mended.\n"
    assert fetch(url)[0] == 200


def test_the_shop_loses_its_keyword(up: Any) -> None:
    shop = service(up, "shop")
    assert shop["keyword"] in fetch(shop["url"])[2]
    up("break", "shop")
    status, _kind, body = fetch(shop["url"])
    assert (status, shop["keyword"] in body) == (500, False)
    assert_health(shop["url"], 503, {"page": "it answered 500"})
    up("mend", "shop")
    assert shop["keyword"] in fetch(shop["url"])[2]
    assert_health(shop["url"], 200, {})


def assert_health(url: str, status: int, failed: dict[str, str]) -> None:
    """What the health service beside a page comes to say, which looks again five times a second."""
    deadline = time.monotonic() + 10
    while True:
        code, kind, body = fetch(f"{url}health")
        found = {
            name.partition(":")[0]: checks[0]["output"]
            for name, checks in json.loads(body)["checks"].items()
            if checks[0]["status"] == "fail" and "output" in checks[0]
        }
        if (code, kind.partition(";")[0], found) == (status, "application/health+json", failed):
            return
        assert time.monotonic() < deadline, (code, kind, body)
        time.sleep(0.05)


def test_a_service_is_started_anew_when_what_it_runs_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "HEALTH", tmp_path)
    checks = tmp_path / "checks.py"
    checks.write_text("limit = 1")
    lab = core.Lab(Paths(tmp_path / "home", tmp_path / "cache"), print)
    before = lab.service_part("api").version
    assert lab.service_part("api").version == before
    checks.write_text("limit = 2")
    assert lab.service_part("api").version != before


def test_the_queue_stops_listening(up: Any) -> None:
    port = int(service(up, "queue")["url"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client, client.makefile("rw") as lines:
        for sent, answered in (("PING", "PONG"), ("GET", "EMPTY"), ("PUT a b", "OK"), ("GET", "a b"), ("X", "ERROR")):
            lines.write(f"{sent}\n")
            lines.flush()
            assert lines.readline().startswith(answered)
        up("break", "queue")
        assert tcp_refused(port)
        # Who was connected is thrown out.
        client.settimeout(10)
        with contextlib.suppress(ConnectionError):
            assert client.recv(1) == b""
    up("mend", "queue")
    assert not tcp_refused(port)


@pytest.mark.parametrize("name", ["api", "shop", "queue"])
def test_broken_outlives_the_process(up: Any, name: str) -> None:
    up("break", name)
    assert any("broken" in line for line in up("status").stdout.splitlines() if name in line)
    # Broken on purpose is not dead: nothing to mend.
    assert " mended " not in up("up").stdout
    kill(up, name)
    assert "it had died: restarted" in up("up").stdout
    port = up.record(name)["port"]
    assert tcp_refused(port) if name == "queue" else get(port, "/health" if name == "api" else "/")[0] >= 500


@pytest.mark.parametrize("command", ["break", "mend"])
def test_an_unknown_service_is_one_sentence(up: Any, command: str) -> None:
    done = up(command, "shoop", ok=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "Error: There is no demo service 'shoop': choose one of api, shop, queue.\n",
    )


def test_breaking_what_does_not_run_is_one_sentence(lab: Any) -> None:
    done = lab("break", "api", ok=False)
    assert (done.returncode, done.stderr) == (
        1,
        "Error: The service api does not run, so it will be broken when it does: run `python -m lab up`.\n",
    )


# -- other commands


def test_env_prints_exports_that_a_shell_takes(up: Any) -> None:
    script = up("env").stdout + 'printf "%s\\n" "$KUMAWATCH_KUMA_URL" "$KUMAWATCH_CHAT_WEBHOOK_URL"\n'
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True, env={"PATH": "/bin"})
    assert done.stdout.splitlines() == ["http://kuma.invalid:3001", up.read("endpoints.json")["chat"]["url"]]


def test_logs(lab: Any) -> None:
    assert "has no log yet" in lab("logs", "api", ok=False).stderr
    lab("up")
    assert "listens on 127.0.0.1:" in lab("logs", "api").stdout
    assert lab("logs", "nginx", ok=False).stderr == (
        "Error: There is no part 'nginx': choose one of kuma, aws, usage, shipper, chat, api, shop, queue, npm, pip.\n"
    )


def test_load_is_reported_to_the_account_and_eased_again(lab: Any) -> None:
    lab("up")
    account = lab.read("endpoints.json")["aws"]
    furnished = subprocess.run(
        [sys.executable, "-m", "tools.lab_account"], cwd=CHECKOUT, env=lab.env, capture_output=True, text=True
    )
    assert "made instance kumawatch-lab-api" in furnished.stdout, furnished.stderr
    client = boto3.client(
        "cloudwatch",
        endpoint_url=account["endpoint_url"],
        region_name=account["region"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    instances = boto3.client(
        "ec2",
        endpoint_url=account["endpoint_url"],
        region_name=account["region"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    ).describe_instances(Filters=[{"Name": "tag:service", "Values": ["api"]}])
    instance = instances["Reservations"][0]["Instances"][0]["InstanceId"]

    def averages() -> list[float]:
        now = time.time()
        found = client.get_metric_statistics(
            Namespace="AWS/EC2",
            MetricName="CPUUtilization",
            Dimensions=[{"Name": "InstanceId", "Value": instance}],
            StartTime=now - 600,
            EndTime=now,
            Period=60,
            Statistics=["Average"],
        )
        return [point["Average"] for point in found["Datapoints"]]

    assert lab("load", "api", "--cpu", "97").stdout == "api: cpu 97 %.\n"
    loaded = averages()
    assert len(loaded) >= 9 and min(loaded) > 95
    assert lab("ease", "api").stdout == "api: quiet again.\n"
    assert max(averages()) < 50
    assert "'lots' is no number from 0 to 100" in lab("load", "api", "--cpu", "lots", ok=False).stderr
    assert "There is no demo service 'apu'" in lab("load", "apu", ok=False).stderr


def test_purge_removes_the_state(lab: Any) -> None:
    lab("up")
    assert "Removed the lab's state." in lab("down", "--purge").stdout
    assert list(lab.home.iterdir()) == []
    lab("up")
    assert running(lab) == ALL


def test_more_spaces(lab: Any) -> None:
    lab("up")
    first = lab.read("endpoints.json")["chat"]
    told = lab("up", KUMAWATCH_LAB_SPACES="Alerts, Daily reports").stdout
    assert "Chat space: its settings or its code had changed: restarted" in told
    second = lab.read("endpoints.json")["chat"]
    assert second["url"] == first["url"]
    assert [space["title"] for space in second["spaces"]] == ["Alerts", "Daily reports"]


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (
            {"KUMAWATCH_KUMA_PASSWORD": ""},
            "KUMAWATCH_KUMA_PASSWORD must be set as well, for the lab to use the server that the others name.",
        ),
        (
            {"KUMAWATCH_KUMA_USERNAME": "", "KUMAWATCH_KUMA_PASSWORD": ""},
            "KUMAWATCH_KUMA_USERNAME and KUMAWATCH_KUMA_PASSWORD must be set as well, for the lab to use the server "
            "that the others name.",
        ),
        (
            {"KUMAWATCH_KUMA_URL": "kuma.example.com"},
            "KUMAWATCH_KUMA_URL is 'kuma.example.com': it must begin with http:// or https://.",
        ),
    ],
)
def test_half_an_external_server_is_one_sentence(lab: Any, env: dict[str, str], said: str) -> None:
    done = lab("up", ok=False, **env)
    assert (done.returncode, done.stderr) == (1, f"Error: {said}\n")
    assert running(lab) == []


def test_no_command_explains_itself(up: Any) -> None:
    done = up("--help")
    for command in ("up", "down", "status", "break", "mend", "logs", "env", "node"):
        assert f"\n    {command} " in done.stdout
