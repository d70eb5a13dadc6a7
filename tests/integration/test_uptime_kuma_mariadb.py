# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of an Uptime Kuma that keeps its data in MariaDB, with a real MariaDB of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from roles.uptime_kuma.files.kumawatch_kuma import backup, database
from roles.uptime_kuma.files.kumawatch_kuma.config import Config, Trouble
from tools import common

PASSWORD = 'p"w#\\x'  # all that option files treat in a way of their own

Query = Callable[[str], str]


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Path, int]]:
    """The socket and the port of a MariaDB."""
    if not shutil.which("mariadbd") or not shutil.which("mariadb-dump"):
        why = "there is no MariaDB on this machine: make test installs it"
        (pytest.fail if common.required() else pytest.skip)(why)
    home = Path(
        subprocess.check_output(["mktemp", "-d", "/tmp/kuma-XXXXXX"], text=True).strip()
    )  # sockets want it short
    user = [f"--user={os.environ.get('USER', 'root')}"] if os.geteuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, f"--datadir={home}/data", *user], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--datadir={home}/data", f"--socket={home}/s", f"--port={port}", "--bind-address=127.0.0.1", *user]
    server = subprocess.Popen(["mariadbd", "--no-defaults", *options], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while subprocess.run(
            ["mariadb-admin", "--no-defaults", f"--socket={home}/s", "--user=root", "ping"], capture_output=True
        ).returncode:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield home / "s", port
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home)


@pytest.fixture
def query(place: tuple[Path, int]) -> Query:
    """Asks as root."""

    def ask(text: str) -> str:
        command = ["mariadb", "--no-defaults", f"--socket={place[0]}", "--user=root", "--skip-column-names"]
        options = ["--batch", "--default-character-set=utf8mb4"]
        return subprocess.check_output([*command, *options], input=text, text=True).strip()

    return ask


@pytest.fixture
def config(place: tuple[Path, int], query: Query, tmp_path: Path) -> Config:
    quoted = PASSWORD.replace("\\", "\\\\")
    query(
        f"DROP DATABASE IF EXISTS kuma; CREATE DATABASE kuma CHARACTER SET utf8mb4;"
        f"CREATE OR REPLACE USER kuma@localhost IDENTIFIED BY '{quoted}'; GRANT ALL ON kuma.* TO kuma@localhost;"
        f"USE kuma;"
        f"CREATE TABLE user (id INT PRIMARY KEY AUTO_INCREMENT, username VARCHAR(255), twofa_secret VARCHAR(64),"
        f" twofa_status BOOL DEFAULT 0, twofa_last_token VARCHAR(6));"
        f"CREATE TABLE monitor (name TEXT, user_id INT, FOREIGN KEY (user_id) REFERENCES user (id));"
        f"INSERT INTO user (username) VALUES ('admin'); INSERT INTO monitor VALUES ('käse 🧀', 1);"
    )
    data = tmp_path / "data"
    data.mkdir()
    access = {"hostname": "127.0.0.1", "port": place[1], "dbName": "kuma", "username": "kuma", "password": PASSWORD}
    (data / "db-config.json").write_text(json.dumps({"type": "mariadb", **access}))
    return Config("http://127.0.0.1:1", "2.5.3", data, tmp_path / "backups", 3, ("true",), ("true",), ("echo",))


def test_a_restore_replaces_all_tables_by_those_of_the_backup(config: Config, query: Query) -> None:
    made = backup.back_up(config)
    query("USE kuma; DELETE FROM monitor; CREATE TABLE later (x INT); INSERT INTO user (username) VALUES ('later')")
    said: list[str] = []
    backup.restore(config, made.name, 1, said.append, start=False)
    assert query("USE kuma; SELECT * FROM monitor; SELECT username FROM user; SHOW TABLES") == (
        "käse 🧀\t1\nadmin\nmonitor\nuser"
    )
    assert json.loads((config.data / "db-config.json").read_text())["password"] == PASSWORD


def test_the_second_factor_is_set_once(config: Config, query: Query) -> None:
    assert database.set_two_factor(config, "admin", "abc", check_only=True)
    assert database.set_two_factor(config, "admin", "abc")
    assert not database.set_two_factor(config, "admin", "abc")
    assert query("SELECT twofa_secret, twofa_status FROM kuma.user") == "abc\t1"
    with pytest.raises(Trouble, match="no user 'nobody'"):
        database.set_two_factor(config, "nobody", "abc")


def test_a_database_that_lets_nobody_in_stops_nothing(config: Config) -> None:
    text = (config.data / "db-config.json").read_text()
    (config.data / "db-config.json").write_text(text.replace('"kuma", "password"', '"stranger", "password"'))
    with pytest.raises(Trouble, match=r"mariadb-dump failed: .*Access denied") as caught:
        backup.back_up(config)
    assert PASSWORD not in str(caught.value)
    assert list(config.backups.iterdir()) == []
