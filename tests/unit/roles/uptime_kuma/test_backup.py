# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of Uptime Kuma's host: made while somebody writes, put back whole or not at all."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from roles.uptime_kuma.files.kumawatch_kuma import archive, backup, database, server
from roles.uptime_kuma.files.kumawatch_kuma.__main__ import main
from roles.uptime_kuma.files.kumawatch_kuma.archive import Manifest, backups, named, outdated, release
from roles.uptime_kuma.files.kumawatch_kuma.config import Config, Trouble, parse

NOW = datetime(2026, 11, 27, 3, 17, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A host with a data directory; starting and stopping leave a line in a file."""
    data = tmp_path / "data"
    (data / "upload").mkdir(parents=True)
    (data / "upload" / "logo.png").write_bytes(b"\x89PNG")
    (data / "db-config.json").write_text('{"type": "sqlite"}')
    with closing(sqlite3.connect(data / "kuma.db")) as made, made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE monitor (id INTEGER PRIMARY KEY, name TEXT)")
        made.execute("CREATE TABLE user (username TEXT, twofa_secret TEXT, twofa_status INT, twofa_last_token TEXT)")
        made.execute("INSERT INTO monitor (name) VALUES ('shop')")
        made.execute("INSERT INTO user VALUES ('admin', NULL, 0, NULL)")
    log = tmp_path / "log"

    def told(word: str) -> tuple[str, ...]:
        return ("sh", "-c", f"echo {word} >>{log}")

    return Config("http://127.0.0.1:1", "2.5.3", data, tmp_path / "backups", 3, told("start"), told("stop"), ("echo",))


def monitors(config: Config) -> list[str]:
    with closing(sqlite3.connect(config.data / "kuma.db")) as found:
        return [row[0] for row in found.execute("SELECT name FROM monitor ORDER BY id")]


def add(config: Config, name: str) -> None:
    with closing(sqlite3.connect(config.data / "kuma.db")) as found, found:
        found.execute("INSERT INTO monitor (name) VALUES (?)", (name,))


def log_of(config: Config) -> list[str]:
    path = config.data.parent / "log"
    return path.read_text().split() if path.exists() else []


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The server answers at once; what is put into the list are reasons why it does not, one a restore."""
    reasons: list[str] = []

    def wait(config: Config, patience: float) -> None:
        if reasons:
            raise Trouble(reasons.pop(0))

    monkeypatch.setattr(server, "wait", wait)
    return reasons


# -- names and numbers -------------------------------------------------------------------------------------------------


def test_names_sort_by_time_and_say_what_for() -> None:
    assert named(NOW) == "uptime-kuma-20261127T031700Z.tar.gz"
    assert named(NOW, "before-2.5.3") == "uptime-kuma-20261127T031700Z-before-2.5.3.tar.gz"
    assert named(NOW, "../../etc x") == "uptime-kuma-20261127T031700Z-etc-x.tar.gz"
    names = [named(NOW + timedelta(hours=hours)) for hours in (0, 30, 900)]
    assert backups([*reversed(names), "notes.txt", ".uptime-kuma-x", names[0] + ".part"]) == names


def test_backups_of_upgrades_do_not_push_out_those_of_the_timer() -> None:
    regular = [named(NOW + timedelta(days=day)) for day in range(4)]
    labelled = [named(NOW + timedelta(days=day), "before-restore") for day in range(9, 14)]
    assert outdated([*regular, *labelled, "other"], 3) == [regular[0], *labelled[:2]]
    assert outdated(regular, 0) == []
    assert outdated(regular, 9) == []


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("2.5.3", (2, 5, 3)), ("2.0.0-dev.0", (2, 0, 0)), ("v1.23", (1, 23, 0)), ("nightly", None), ("", None)],
)
def test_releases_compare_as_numbers(version: str, numbers: tuple[int, ...] | None) -> None:
    assert release(version) == numbers


@pytest.mark.parametrize(("held", "installed", "fits"), [("2.5.3", "2.5.3", True), ("1.23.17", "2.5.3", True),
                                                         ("2.10.0", "2.9.9", False), ("", "2.0.0", True)])  # fmt: skip
def test_data_of_a_newer_release_are_refused(held: str, installed: str, fits: bool) -> None:
    manifest = Manifest(held, "sqlite", "then", {})
    if fits:
        archive.check_release(manifest, installed)
    else:
        with pytest.raises(Trouble, match=r"is of Uptime Kuma 2\.10\.0, and 2\.9\.9 is installed.*install 2\.10\.0"):
            archive.check_release(manifest, installed)


# -- making them -------------------------------------------------------------------------------------------------------


def test_a_backup_holds_all_and_is_for_root_alone(config: Config) -> None:
    made = backup.back_up(config, now=NOW)
    assert made == config.backups / named(NOW)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.backups.stat().st_mode) == 0o700
    assert os.listdir(config.backups) == [made.name]  # nothing half made beside it
    with tarfile.open(made) as found:
        assert found.getnames() == [
            "database/kuma.db",
            "data/db-config.json",
            "data/upload/logo.png",
            "manifest.json",
        ]


def test_a_backup_is_of_one_moment_while_others_write(config: Config, tmp_path: Path) -> None:
    """Each write adds two rows at once: a copy with an odd number would be of no moment that ever was."""
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(config.data / "kuma.db", timeout=30)) as found:
            while not stop.is_set():
                with found:
                    found.executemany("INSERT INTO monitor (name) VALUES (?)", [("a" * 4000,), ("b" * 4000,)])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            made = backup.back_up(config, now=NOW + timedelta(minutes=number))
            into = tmp_path / str(number)
            archive.unpack(made, into)
            with closing(sqlite3.connect(into / "database/kuma.db")) as copied:
                assert copied.execute("SELECT count(*) FROM monitor").fetchone()[0] % 2 == 1
                assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        stop.set()
        writer.join()


def test_only_so_many_are_kept(config: Config) -> None:
    made = [backup.back_up(config, now=NOW + timedelta(days=day)).name for day in range(5)]
    assert sorted(os.listdir(config.backups)) == made[2:]


def test_what_a_run_left_that_was_cut_off_goes(config: Config) -> None:
    config.backups.mkdir()
    (config.backups / ".uptime-kuma-20261127T000000Z.tar.gz.part").write_bytes(b"x")
    (config.backups / ".uptime-kuma-abc").mkdir()
    made = backup.back_up(config, now=NOW)
    assert os.listdir(config.backups) == [made.name]


def test_where_there_is_no_database_the_error_says_so(config: Config) -> None:
    (config.data / "kuma.db").unlink()
    with pytest.raises(Trouble, match=r"nothing to back up: .* has no database yet"):
        backup.back_up(config)


def test_a_damaged_database_makes_no_backup(config: Config) -> None:
    path = config.data / "kuma.db"
    for rest in config.data.glob("kuma.db-*"):
        rest.unlink()
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(Trouble, match=r"cannot be copied|is damaged"):
        backup.back_up(config)
    assert os.listdir(config.backups) == []


def test_a_database_of_another_kind_is_refused(config: Config) -> None:
    (config.data / "db-config.json").write_text('{"type": "postgres"}')
    with pytest.raises(Trouble, match=r"db-config\.json names a database of type postgres, which this release"):
        backup.back_up(config)


def test_releases_of_1_x_have_sqlite_and_do_not_say_so(config: Config) -> None:
    (config.data / "db-config.json").unlink()
    assert database.read(config.data) == {"type": "sqlite"}
    backup.back_up(config)


# -- putting them back -------------------------------------------------------------------------------------------------


def test_a_restore_brings_back_all_and_saves_what_was_there(config: Config, up: list[str], said: list[str]) -> None:
    made = backup.back_up(config, now=NOW)
    add(config, "later")
    (config.data / "upload" / "later.png").write_bytes(b"x")
    (config.data / "upload" / "logo.png").write_bytes(b"other")
    config.data.chmod(0o750)
    assert backup.restore(config, "latest", 1, said.append) == made.name
    assert monitors(config) == ["shop"]
    assert stat.S_IMODE(config.data.stat().st_mode) == 0o750
    assert (config.data / "upload" / "logo.png").read_bytes() == b"\x89PNG"
    assert sorted(path.name for path in (config.data / "upload").iterdir()) == ["logo.png"]
    assert log_of(config) == ["stop", "start"]
    (saved,) = [name for name in os.listdir(config.backups) if "before-restore" in name]
    backup.restore(config, saved, 1, said.append)
    assert monitors(config) == ["shop", "later"]


def test_a_restore_that_does_not_come_up_is_undone(config: Config, up: list[str], said: list[str]) -> None:
    made = backup.back_up(config, now=NOW)
    add(config, "later")
    up.append("it does not answer.")
    with pytest.raises(Trouble, match="was not restored, and what was there is back: it does not answer"):
        backup.restore(config, made.name, 1, said.append)
    assert monitors(config) == ["shop", "later"]
    assert log_of(config) == ["stop", "start", "stop", "start"]


def test_a_restore_that_finds_no_room_is_undone(
    config: Config, up: list[str], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.back_up(config, now=NOW)
    add(config, "later")
    copy, full = backup.shutil.copy2, [True]

    def copy2(*arguments: Path) -> None:
        if full.pop():
            full.append(False)
            raise OSError(28, "No space left on device")
        full.append(False)
        copy(*arguments)

    monkeypatch.setattr(backup.shutil, "copy2", copy2)
    with pytest.raises(Trouble, match=r"what was there is back: .*No space left on device"):
        backup.restore(config, made.name, 1, said.append)
    assert monitors(config) == ["shop", "later"]
    assert log_of(config)[-1] == "start"


def test_as_it_is_saves_and_starts_nothing(config: Config, said: list[str]) -> None:
    made = backup.back_up(config, now=NOW)
    (config.data / "kuma.db").write_bytes(b"spoilt")
    backup.restore(config, str(made), 1, said.append, start=False, safety=False)
    assert monitors(config) == ["shop"]
    assert log_of(config) == ["stop"]
    assert os.listdir(config.backups) == [made.name]


@pytest.mark.parametrize("how", ["cut", "changed", "other"])
def test_a_damaged_backup_stops_nothing(config: Config, how: str, said: list[str]) -> None:
    made = backup.back_up(config, now=NOW)
    if how == "cut":
        made.write_bytes(made.read_bytes()[:-300])
    elif how == "changed":
        rewritten(made, "data/upload/logo.png", b"forged")
    else:
        made.write_bytes(b"no archive")
    add(config, "later")
    with pytest.raises(Trouble, match=r"cannot be read|is damaged|no whole backup"):
        backup.restore(config, made.name, 1, said.append)
    assert (monitors(config), log_of(config)) == (["shop", "later"], [])


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "data/../../outside", "other/file"])
def test_an_archive_that_reaches_outside_is_refused(config: Config, name: str, said: list[str]) -> None:
    made = backup.back_up(config, now=NOW)
    rewritten(made, name, b"x")
    with pytest.raises(Trouble, match="is no backup of Uptime Kuma: it holds"):
        backup.restore(config, made.name, 1, said.append)
    assert not (config.data.parent / "outside").exists()
    assert log_of(config) == []


def rewritten(path: Path, name: str, held: bytes) -> None:
    """Put other bytes in an archive under a name, before its manifest."""
    with tarfile.open(path) as source:
        members = [(member, source.extractfile(member).read()) for member in source if member.name != name]  # type: ignore[union-attr]
    with tarfile.open(path, "w:gz") as target:
        info = tarfile.TarInfo(name)
        info.size = len(held)
        target.addfile(info, io.BytesIO(held))
        for member, text in members:
            target.addfile(member, io.BytesIO(text))


def test_a_backup_of_another_kind_of_database_is_refused(config: Config, said: list[str]) -> None:
    made = backup.back_up(config, now=NOW)
    (config.data / "db-config.json").write_text('{"type": "mariadb", "dbName": "kuma"}')
    with pytest.raises(
        Trouble, match="holds a database of type sqlite, and Uptime Kuma here keeps its data in mariadb"
    ):
        backup.restore(config, made.name, 1, said.append)
    assert log_of(config) == []


def test_a_newer_backup_is_refused_before_anything_stops(config: Config, said: list[str]) -> None:
    made = backup.back_up(replace(config, version="3.0.0"), now=NOW)
    with pytest.raises(Trouble, match=r"install 3\.0\.0 or newer first"):
        backup.restore(config, made.name, 1, said.append)
    assert log_of(config) == []


def test_a_name_that_is_not_there_is_said(config: Config, said: list[str]) -> None:
    for wanted in ("latest", "uptime-kuma-20200101T000000Z.tar.gz", "/nowhere/file"):
        with pytest.raises(Trouble, match="There is no backup"):
            backup.restore(config, wanted, 1, said.append)


# -- the second factor -------------------------------------------------------------------------------------------------


def test_the_second_factor_is_set_once(config: Config) -> None:
    assert database.set_two_factor(config, "admin", "abc", check_only=True)
    assert database.set_two_factor(config, "admin", "abc")
    assert not database.set_two_factor(config, "admin", "abc")
    with closing(sqlite3.connect(config.data / "kuma.db")) as found:
        assert found.execute("SELECT twofa_secret, twofa_status FROM user").fetchall() == [("abc", 1)]
    with pytest.raises(Trouble, match="no user 'nobody'"):
        database.set_two_factor(config, "nobody", "abc")


@pytest.mark.parametrize("given", ["", "1890", "AAAAAAA=A", "74======", "EAQCAIBA"])
def test_a_secret_that_uptime_kuma_cannot_keep_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(Trouble, match="1 to 64 letters and digits") as caught:
        database.held_secret(given)
    assert not given or given not in str(caught.value)


def test_a_secret_is_what_base32_stands_for() -> None:
    assert database.held_secret("NVXWYZLDOVWGKU3FMNXW4ZCGMFRXI33S") == "moleculeSecondFactor"
    assert database.held_secret("mzxw6===") == "foo"


# -- the server --------------------------------------------------------------------------------------------------------


def waiting(config: Config, answers: list[str], patience: float = 10, restarts: str = "echo 0") -> float:
    """How many seconds it takes to wait; each look takes one."""
    clock = [0.0]

    def asked(url: str) -> str:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def sleep(seconds: float) -> None:
        clock[0] += 1

    server.wait(replace(config, restarts=("sh", "-c", restarts)), patience, asked, lambda: clock[0], sleep)
    return clock[0]


def test_it_is_waited_for_until_it_answers(config: Config) -> None:
    assert waiting(config, ["refused", "it answers, but not with its entry page", ""]) == 2
    assert waiting(config, ["refused", server.NEW]) == 1


def test_patience_ends(config: Config) -> None:
    with pytest.raises(Trouble, match=r"does not answer at http://127\.0\.0\.1:1 after 5 s \(refused\): see its log"):
        waiting(config, ["refused"], patience=5)


def test_what_ends_again_and_again_is_not_waited_for(config: Config) -> None:
    counter = f"echo x >>{config.data.parent}/count; wc -l <{config.data.parent}/count"
    with pytest.raises(Trouble, match="ended and was started again 4 times"):
        waiting(config, ["refused"], patience=1000, restarts=counter)


# -- the configuration and the command ---------------------------------------------------------------------------------


def test_the_configuration_is_what_the_role_writes(tmp_path: Path) -> None:
    given = {
        "url": "http://127.0.0.1:3001", "version": "2.5.3", "data": "/d", "backups": "/b", "keep": 14, "start": ["s"],
        "stop": ["t"], "restarts": ["r"], "bucket": {"name": "n", "prefix": "p/"}, "account": {"region": "r"},
        "heartbeat": {"namespace": "N", "metric": "M", "dimensions": {"Host": "h"}},
    }  # fmt: skip
    found = parse(given)
    assert (found.data, found.keep, found.start) == (Path("/d"), 14, ("s",))
    assert found.bucket and found.bucket.prefix == "p/"
    assert parse(given | {"bucket": None, "account": None, "heartbeat": None}).heartbeat is None


@pytest.mark.parametrize(
    ("text", "message"), [(None, "cannot be read"), ("{", "is damaged"), ('{"url": 1}', "is damaged")]
)
def test_a_configuration_that_is_none_is_one_sentence(
    tmp_path: Path, text: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    assert main(["--config", str(path), "list"]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "run the role uptime_kuma" in said
    assert said.count("\n") == 1


def test_a_heartbeat_says_why(config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.json"
    given = {name: getattr(config, name) for name in ("url", "version", "keep", "start", "stop", "restarts")}
    path.write_text(json.dumps({**given, "data": str(config.data), "backups": str(config.backups)}))
    assert main(["--config", str(path), "heartbeat", "--dry-run"]) == 0
    assert "Uptime Kuma does not watch:" in capsys.readouterr().out
    assert main(["--config", str(path), "heartbeat"]) == 1
    assert "There is no heartbeat" in capsys.readouterr().err
