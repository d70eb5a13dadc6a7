# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MariaDB inside of Uptime Kuma's container: dumped there while it runs, and loaded into one that runs by itself.

Docker is a script that has a container's state in files and notes what it is asked; the MariaDB in it is a text file.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from roles.uptime_kuma.files.kumawatch_kuma import archive, backup, database, server
from roles.uptime_kuma.files.kumawatch_kuma.config import Config, Trouble

# A container runs where there is a file of its name. Its database is the tables' file in the data directory.
DOCKER = """#!/bin/sh
cd "$DOCKER_STATE" || exit 1
echo "$*" >>log
case "$1" in
inspect)
  for last; do :; done
  [ "$last" = kuma ] || [ -e "known-$last" ] || { echo "Error: No such container: $last" >&2; exit 1; }
  case "$*" in *Image*) echo sha256:kuma ;; *) if [ -e "$last" ]; then echo true; else echo false; fi ;; esac ;;
run)
  [ -e refused ] && { touch known-kuma-database; exit 0; }
  [ -e kuma ] && { echo "the files are in use" >&2; exit 1; }
  touch kuma-database known-kuma-database
  mkdir -p data/mariadb ;;
start) touch kuma ;;
stop) for last; do :; done; rm -f "$last" ;;
rm) for last; do :; done; rm -f "$last" "known-$last" ;;
logs) echo "[Note] starting"; echo "[ERROR] InnoDB: the disk is full" >&2; echo "[Note] ends" ;;
exec)
  [ "$2" = -i ] && shift
  [ -e "$2" ] || { echo "container $2 is not running" >&2; exit 1; }
  case "$*" in
  *mariadb-dump*) cat data/mariadb/tables ;;
  *"CREATE DATABASE"*) ;;
  *) text=$(cat); case "$text" in
     SHOW*) [ ! -e data/mariadb/tables ] || sed 's/$/\\tBASE TABLE/' data/mariadb/tables ;;
     SET*) rm -f data/mariadb/tables ;;
     *) echo "$text" >data/mariadb/tables ;;
     esac ;;
  esac ;;
esac
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A host on which Uptime Kuma runs in a container, with one table."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_STATE", str(tmp_path))
    monkeypatch.setattr(server, "wait", lambda config, patience: None)
    data = tmp_path / "data"
    (data / "mariadb").mkdir(parents=True)
    (data / "run").mkdir()
    (data / "run" / "mysqld.pid").write_text("7")
    (data / "mariadb" / "tables").write_text("monitor\n")
    (data / "db-config.json").write_text(json.dumps({"type": "embedded-mariadb"}))
    (tmp_path / "kuma").touch()
    start, stop = ("docker", "start", "kuma"), ("docker", "stop", "--time", "30", "kuma")
    return Config(
        "http://127.0.0.1:1", "2.5.3", data, tmp_path / "backups", 3, start, stop, ("echo",), container="kuma"
    )


def asked(config: Config) -> list[str]:
    return (config.data.parent / "log").read_text().splitlines()


def tables(config: Config) -> str:
    return (config.data / "mariadb" / "tables").read_text()


def test_it_is_dumped_in_its_container_and_its_files_are_not_copied(config: Config, tmp_path: Path) -> None:
    made = backup.back_up(config)
    held = archive.unpack(made, tmp_path / "unpacked")
    assert (held.database, sorted(held.files)) == ("embedded-mariadb", ["data/db-config.json", "database/dump.sql"])
    assert (tmp_path / "unpacked" / "database" / "dump.sql").read_text() == "monitor\n"
    (dump,) = [line for line in asked(config) if "mariadb-dump" in line]
    assert dump.startswith("exec -i kuma mariadb-dump --socket=/app/data/run/mariadb.sock ")
    assert "--single-transaction" in dump and dump.endswith(" kuma")
    assert not [line for line in asked(config) if line.startswith("run")]


def test_where_uptime_kuma_does_not_run_its_database_does_for_the_dump(config: Config) -> None:
    server.run(config.stop)
    backup.back_up(config)
    (begun,) = [line for line in asked(config) if line.startswith("run")]
    assert begun.startswith(
        "run --detach --name kuma-database --network none --volumes-from kuma --entrypoint sh sha256:kuma"
    )
    assert [line for line in asked(config) if line.startswith(("stop", "rm"))][-2:] == [
        "stop --time 120 kuma-database",
        "rm --force --volumes kuma-database",
    ]


def test_a_restore_loads_the_dump_into_new_files_while_uptime_kuma_is_stopped(config: Config) -> None:
    backup.back_up(config)
    (config.data / "mariadb" / "tables").write_text("monitor\nother\n")
    (config.data / "mariadb" / "of-later").touch()
    said: list[str] = []
    backup.restore(config, "latest", 1, said.append)
    assert tables(config) == "monitor\n"
    assert not (config.data / "mariadb" / "of-later").exists()
    order = [line.split()[0] + " " + line.split()[-1] for line in asked(config) if line.startswith(("stop ", "start "))]
    assert order == ["stop kuma", "stop kuma-database", "start kuma"]
    (saved,) = [name for name in os.listdir(config.backups) if "before-restore" in name]
    backup.restore(config, saved, 1, said.append)
    assert tables(config) == "monitor\nother\n"


def test_a_database_that_does_not_start_by_itself_says_its_error(config: Config) -> None:
    server.run(config.stop)
    (config.data.parent / "refused").touch()
    with pytest.raises(Trouble, match=r"does not start by itself: \[ERROR\] InnoDB: the disk is full\."):
        backup.back_up(config)
    assert asked(config)[-1] == "rm --force --volumes kuma-database"


def test_the_second_factor_asks_in_the_container(config: Config) -> None:
    (config.data / "mariadb" / "tables").write_text("")
    with pytest.raises(Trouble, match="no user 'admin'"):
        database.set_two_factor(config, "admin", "abc")
    assert asked(config)[-1].startswith("exec -i kuma mariadb --socket=/app/data/run/mariadb.sock ")


def test_a_container_that_nobody_knows_is_said(config: Config) -> None:
    with pytest.raises(Trouble, match="nobody knows that: run the role uptime_kuma"):
        backup.back_up(replace(config, container=""))


def test_where_the_database_is_not_made_yet_there_is_nothing_to_back_up(config: Config) -> None:
    (config.data / "mariadb" / "tables").unlink()
    (config.data / "mariadb").rmdir()
    with pytest.raises(Trouble, match="has no database yet"):
        backup.back_up(config)
