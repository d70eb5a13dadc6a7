# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Supervision, with small real processes: what dies, hangs, is in the way or was left behind is dealt with."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab import process, supervise
from lab.errors import LabError
from lab.paths import CHECKOUT, Paths, read_json, write_json
from lab.probe import get
from lab.process import Process
from lab.supervise import Part, Supervisor

VARIABLE = "KUMAWATCH_LAB_TEST_PORT"

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"here")
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def probe(port: int) -> str:
    status, body = get(port, "/", timeout=0.5)
    return "" if (status, body) == (200, "here") else body if status == 0 else f"it answers {status}"


def make_part(program: str = SERVER, name: str = "echo", port: int = 0, **changes: Any) -> Part:
    part = Part(
        name=name,
        title=f"Part {name}",
        command=lambda port: [sys.executable, "-c", program, str(port)],
        probe=probe,
        preferred_port=port or process.free_port(),
        port_variable=VARIABLE,
        cwd=Path("/"),
        patience=20.0,
    )
    return replace(part, **changes)


def kill(pid: int) -> None:
    """kill -9, and wait until it is over."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while process.started_at(pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.reap(pid)


class Bench:
    """A supervisor, and what it said."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.supervisor = Supervisor(paths)
        self.said: list[str] = []

    def up(self, *parts: Part) -> Any:
        # A new one each time, as each `up` is a process of its own.
        self.supervisor = Supervisor(self.paths)
        self.said.clear()
        return self.supervisor.ensure_all(list(parts), self.said.append)

    def pid(self, name: str = "echo") -> int:
        return self.supervisor.record(name).pid


@pytest.fixture
def bench(paths: Paths) -> Iterator[Bench]:
    bench = Bench(paths)
    yield bench
    bench.supervisor.stop_all()
    bench.supervisor.stop_strays()
    assert list(process.marked(paths.home)) == [], "something was left running"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


# -- starting, and finding it running


def test_a_part_is_started_once(bench: Bench) -> None:
    part = make_part()
    (first,) = bench.up(part)
    assert (first.state, first.port, first.notes) == ("started", part.preferred_port, [])
    pid = bench.pid()
    (second,) = bench.up(part)
    assert (second.state, second.port, bench.pid()) == ("running", first.port, pid)


def test_looking_says_what_is_wrong(bench: Bench) -> None:
    part = make_part()
    assert bench.supervisor.look(part)[1] == "stopped"
    bench.up(part)
    assert bench.supervisor.look(part)[1] == ""
    kill(bench.pid())
    assert bench.supervisor.look(part)[1] == "it has died"


def test_a_stopped_part_comes_back_on_its_port(bench: Bench) -> None:
    part = make_part()
    (first,) = bench.up(part)
    assert len(bench.supervisor.stop_all()) == 1
    assert process.port_is_free(first.port)
    assert bench.supervisor.stop_all() == []
    (second,) = bench.up(replace(part, preferred_port=process.free_port()))
    assert (second.state, second.port) == ("started", first.port)


# -- mending


def test_killed_is_mended_and_said(bench: Bench) -> None:
    part = make_part()
    (first,) = bench.up(part)
    kill(bench.pid())
    (second,) = bench.up(part)
    assert (second.state, second.port) == ("mended", first.port)
    assert bench.said == ["Part echo: it had died: restarted"]
    assert probe(second.port) == ""


def test_hanging_is_mended_and_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "GRACE", 0.3)
    monkeypatch.setattr(process.stop, "__defaults__", (0.3,))
    part = make_part()
    bench.up(part)
    pid = bench.pid()
    os.kill(pid, signal.SIGSTOP)
    (second,) = bench.up(part)
    assert second.state == "mended"
    assert bench.said == [f"Part echo: it ran, but port {second.port} does not answer: restarted"]
    assert bench.pid() != pid
    assert process.started_at(pid) is None


def test_changed_settings_restart_a_part(bench: Bench) -> None:
    part = make_part()
    bench.up(part)
    (second,) = bench.up(replace(part, version="2"))
    assert second.state == "mended"
    assert bench.said == ["Part echo: its settings or its code had changed: restarted"]


@pytest.mark.parametrize("content", ["", '{"port": 80', "[]", '{"prot": 1}', "null"])
def test_a_damaged_record_is_no_obstacle(bench: Bench, content: str) -> None:
    part = make_part()
    bench.up(part)
    bench.paths.record("echo").write_text(content)
    # The process that the record told of is found by its mark.
    assert len(Supervisor(bench.paths).stop_strays()) == 1
    (second,) = bench.up(part)
    assert second.state in ("mended", "started")
    assert probe(second.port) == ""


def test_a_recycled_pid_is_never_signalled(bench: Bench) -> None:
    part = make_part()
    bench.up(part)
    bench.supervisor.stop("echo")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as innocent:
        record = {"port": part.preferred_port, "pid": innocent.pid, "started": "another boot:1", "fingerprint": ""}
        write_json(bench.paths.record("echo"), record)
        assert bench.supervisor.look(part)[1] == "it has died"
        bench.up(part)
        assert bench.said == [f"Part echo: pid {innocent.pid} is another process by now: restarted"]
        assert innocent.poll() is None
        write_json(bench.paths.record("echo"), {**record, "port": process.free_port()})
        assert bench.supervisor.stop("echo") == ""
        time.sleep(0.2)
        assert innocent.poll() is None
        innocent.kill()


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    deadline = time.monotonic() + 10
    while process.started_at(child.pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # It is still in the table of processes, since nobody has waited for it.
    os.kill(child.pid, 0)
    child.wait()


def test_another_start_is_another_process() -> None:
    this = Process(os.getpid(), process.started_at(os.getpid()) or "")
    assert this.alive()
    assert not Process(os.getpid(), "0").alive()
    assert process.started_at(2**22 + 1) is None


# -- ports


def test_a_taken_port_is_left_to_its_owner(bench: Bench, taken: int) -> None:
    (outcome,) = bench.up(make_part(port=taken))
    assert outcome.state == "started"
    assert outcome.port != taken
    assert bench.said == [f"Part echo: port {taken} is taken by {process.listener(taken)}: takes {outcome.port}"]
    assert f"pid {os.getpid()}" in bench.said[0]


def test_a_port_lost_while_dead_is_mended(bench: Bench) -> None:
    part = make_part()
    (first,) = bench.up(part)
    kill(bench.pid())
    with socket.create_server(("127.0.0.1", first.port), reuse_port=False):
        (second,) = bench.up(part)
    assert (second.state, second.port != first.port) == ("mended", True)
    assert "it had died" in bench.said[0]
    assert f"port {first.port} is taken" in bench.said[1]


def test_a_port_set_explicitly_is_not_given_up(bench: Bench, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(taken))
    with pytest.raises(LabError) as caught:
        bench.up(make_part())
    assert str(caught.value) == (
        f"Part echo cannot start: {VARIABLE} is {taken}, and that port is taken by {process.listener(taken)}; stop it, "
        "or set another port, or unset the variable."
    )


def test_a_port_set_explicitly_moves_a_running_part(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = bench.up(make_part())
    port = process.free_port()
    monkeypatch.setenv(VARIABLE, str(port))
    (second,) = bench.up(make_part())
    assert (second.state, second.port) == ("mended", port)
    assert bench.said == [f"Part echo: it ran on port {first.port}, {VARIABLE} says {port}: restarted"]


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "80.0", " 80", "²"])
def test_a_port_that_is_none(bench: Bench, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(LabError) as caught:
        bench.up(make_part())
    assert str(caught.value) == (f"{VARIABLE} is {value!r}: set it to a port number from 1 to 65535, or unset it.")


def test_parts_that_prefer_one_port_get_two(bench: Bench) -> None:
    port = process.free_port()
    first, second = bench.up(make_part(name="a", port=port), make_part(name="b", port=port))
    assert first.port != second.port
    assert port in (first.port, second.port)


def test_a_port_set_for_one_part_is_not_taken_by_another(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    port = process.free_port()
    monkeypatch.setenv("KUMAWATCH_LAB_B_PORT", str(port))
    for _attempt in range(5):
        first, second = bench.up(
            make_part(name="a", port=port), make_part(name="b", port_variable="KUMAWATCH_LAB_B_PORT")
        )
        assert (first.port != port, second.port) == (True, port)
        bench.supervisor.stop_all()


def test_a_port_taken_at_the_last_moment_costs_another_attempt(
    bench: Bench, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, answers = process.port_is_free, [True]
    # The first look finds the port free, and then somebody is quicker.
    monkeypatch.setattr(process, "port_is_free", lambda port: answers.pop() if answers else really(port))
    (outcome,) = bench.up(make_part(port=taken))
    assert outcome.port != taken
    assert probe(outcome.port) == ""


# -- what cannot be started


def test_a_part_that_dies_at_once_says_why(bench: Bench) -> None:
    with pytest.raises(LabError) as caught:
        bench.up(make_part("print('preparing', flush=True); raise ValueError('no such table')"))
    log = bench.paths.log("echo")
    assert str(caught.value) == (
        f"Part echo stopped while it started: ValueError: no such table; the whole log is {log}."
    )
    assert bench.pid() == 0


def test_a_part_that_is_never_ready_is_stopped(bench: Bench) -> None:
    with pytest.raises(LabError) as caught:
        bench.up(make_part("import time; time.sleep(600)", patience=0.5))
    assert "was not ready after 0 s: nothing answers on port" in str(caught.value)
    assert bench.pid() == 0
    assert list(process.marked(bench.paths.home)) == []


def test_a_program_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(LabError) as caught:
        bench.up(make_part(command=lambda port: ["/nonexistent/program"]))
    assert str(caught.value) == ("Part echo cannot be started: No such file or directory: /nonexistent/program.")


def test_one_part_that_fails_leaves_the_others_running(bench: Bench) -> None:
    with pytest.raises(LabError, match="Part bad stopped while it started"):
        bench.up(make_part("raise SystemExit(3)", name="bad"), make_part(name="good"))
    assert bench.supervisor.look(make_part(name="good"))[1] == ""


# -- stopping


def test_what_ignores_sigterm_is_killed(bench: Bench) -> None:
    bench.up(make_part("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER))
    running = bench.supervisor.record("echo").process
    assert running is not None
    process.stop(running, patience=0.3)
    assert not running.alive()


def test_children_go_with_their_part(bench: Bench) -> None:
    bench.up(make_part("import subprocess; subprocess.Popen(['sleep', '600'])\n" + SERVER))
    assert len(list(process.marked(bench.paths.home))) == 2
    bench.supervisor.stop("echo")
    deadline = time.monotonic() + 5
    while list(process.marked(bench.paths.home)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_an_interrupted_up_left_behind_is_stopped(bench: Bench, tmp_path: Path) -> None:
    bench.up(make_part(), make_part(name="other"))
    keeps = bench.pid("other")
    stray = bench.pid("echo")
    bench.paths.record("echo").unlink()
    neighbour = Bench(Paths(tmp_path / "lab2", tmp_path / "cache"))
    neighbour.up(make_part())
    try:
        assert Supervisor(bench.paths).stop_strays() == [f"echo, pid {stray}"]
        assert process.started_at(stray) is None
        assert process.started_at(keeps) is not None
        assert neighbour.supervisor.look(make_part())[1] == "", "another lab's process was stopped"
    finally:
        neighbour.supervisor.stop_all()


# -- environment, logs, files, locks


def test_secrets_and_proxies_stay_outside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUMAWATCH_KUMA_PASSWORD", "secret")
    monkeypatch.setenv("UPTIME_KUMA_DB_TYPE", "mariadb")
    monkeypatch.setenv("DATA_DIR", "/elsewhere")
    monkeypatch.setenv("no_proxy", "intranet")
    env = supervise.environment({"A": "b"})
    assert not any(name.startswith(("KUMAWATCH_", "UPTIME_KUMA_")) for name in env)
    assert "DATA_DIR" not in env
    assert (env["no_proxy"], env["A"]) == ("intranet,127.0.0.1,localhost", "b")


def test_a_long_log_is_put_aside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "LOG_LIMIT", 100)
    log = bench.paths.log("echo")
    log.parent.mkdir(parents=True)
    log.write_text("x" * 101)
    bench.up(make_part("print('anew', flush=True)\n" + SERVER))
    assert log.read_text() == "anew\n"
    assert log.with_suffix(".log.1").read_text() == "x" * 101


def test_files_are_replaced_whole_and_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep/file.json"
    write_json(path, {"a": 1})
    assert read_json(path) == {"a": 1}
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert read_json(path) == {"a": 1}
    assert os.listdir(path.parent) == ["file.json"]
    assert read_json(tmp_path / "absent.json") is None


def test_a_lock_is_waited_for(paths: Paths) -> None:
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with supervise.lock(paths.lock, waits.set):
            order.append("second")

    with supervise.lock(paths.lock):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        time.sleep(0.1)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_lock_whose_file_was_removed_excludes_all_the_same(paths: Paths) -> None:
    """The one who waits has the removed file open; two that hold the lock of two files would be no lock at all."""
    inside: list[str] = []
    worst: list[int] = []

    def work(ready: Callable[[], None]) -> None:
        with supervise.lock(paths.lock, ready):
            inside.append("x")
            worst.append(len(inside))
            time.sleep(0.2)
            inside.pop()

    waits = threading.Event()
    with supervise.lock(paths.lock):
        first = threading.Thread(target=work, args=[waits.set])
        first.start()
        assert waits.wait(10)
        paths.lock.unlink()
    second = threading.Thread(target=work, args=[lambda: None])
    second.start()
    first.join(10)
    second.join(10)
    assert worst == [1, 1]


def test_an_error_inside_a_lock_passes(paths: Paths) -> None:
    with pytest.raises(FileNotFoundError), supervise.lock(paths.lock):
        raise FileNotFoundError


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match=r"^The lab cannot make its directory .*: Not a directory\.$"):
        write_json(tmp_path / "file/lab/secrets.json", {})


# -- two ups at once, as processes


def test_two_ups_at_once_start_one_of_each(tmp_path: Path) -> None:
    program = tmp_path / "up.py"
    program.write_text(f"""
import sys
sys.path[:0] = [{str(CHECKOUT)!r}, {str(Path(__file__).parent)!r}]
from pathlib import Path
import test_supervise as t
from lab.paths import Paths
from lab.supervise import Supervisor, lock
paths = Paths(Path({str(tmp_path / "lab")!r}), Path({str(tmp_path / "cache")!r}))
with lock(paths.lock, lambda: print("waits", flush=True)):
    (outcome,) = Supervisor(paths).ensure_all([t.make_part(port={process.free_port()})], print)
print(outcome.state, outcome.port)
""")
    both = [
        subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [child.communicate(timeout=60) for child in both]
    paths = Paths(tmp_path / "lab", tmp_path / "cache")
    try:
        assert [child.returncode for child in both] == [0, 0], told
        states = sorted(out.split("\n")[-2].split()[0] for out, _err in told)
        assert states == ["running", "started"]
        assert len(list(process.marked(paths.home))) == 1
    finally:
        Supervisor(paths).stop_all()


def test_the_record_is_written_while_the_part_is_not_ready_yet(bench: Bench, until: Any) -> None:
    """Killed in the middle of a start, the next `up` knows of the process."""
    part = make_part("import time; time.sleep(1)\n" + SERVER)
    thread = threading.Thread(target=lambda: bench.up(part))
    thread.start()
    record = until(lambda: read_json(bench.paths.record("echo")), 10)
    assert Process(record["pid"], record["started"]).alive()
    assert probe(record["port"]) != ""
    thread.join(30)
    assert json.loads(bench.paths.record("echo").read_text())["pid"] == record["pid"]
