# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uptime Kuma's database as a file: copied while the server runs, and put back while it does not.

Which database it is, is asked where Uptime Kuma itself keeps that, in ``db-config.json`` of its data directory.
Releases before 2.0 have SQLite and no such file.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import embedded
from .config import Config, Trouble, private

SQLITE = "kuma.db"
CONFIGURATION = "db-config.json"
DUMP = "dump.sql"

#: What of the data directory is the database's, or its server's, and is not copied as files.
APART = (SQLITE, f"{SQLITE}-wal", f"{SQLITE}-shm", f"{SQLITE}-journal", "run", embedded.DIRECTORY)

#: Characters of a second factor's secret.
MOST_SECRET = 64

_TIMEOUT = 120.0


def read(data: Path) -> dict[str, Any]:
    """Where the server keeps its data; at least ``type``.

    :raises Trouble: it cannot be told.
    """
    try:
        found = json.loads((data / CONFIGURATION).read_text())
    except FileNotFoundError:
        found = {"type": "sqlite"}
    except (OSError, ValueError) as error:
        raise Trouble(f"{data}/{CONFIGURATION}, which names the database, cannot be read: {error}.") from None
    kind = found.get("type") if isinstance(found, dict) else None
    if kind not in ("sqlite", "mariadb", embedded.TYPE):
        raise Trouble(
            f"{data}/{CONFIGURATION} names a database of type {kind}, which this release of the role does not know."
        )
    return found


def exists(data: Path) -> bool:
    """Whether the server has a database yet, so that there is something to copy."""
    kind = read(data)["type"]
    return kind == "mariadb" or (data / (SQLITE if kind == "sqlite" else embedded.DIRECTORY)).exists()


def copy(config: Config, into: Path) -> Path:
    """Copy the database into a directory, as it is at one moment, and check the copy.

    :raises Trouble: it cannot be read, or is damaged.
    """
    database = read(config.data)
    if database["type"] != "sqlite":
        return _dump(config, database, into / DUMP)
    target = into / SQLITE
    os.close(private(target))
    try:
        with closing(_open(config.data / SQLITE)) as source, closing(sqlite3.connect(target)) as copied:
            source.backup(copied)  # all pages in one step: what is written meanwhile goes to the log beside them
            copied.execute("PRAGMA journal_mode = DELETE")  # one file, that is whole by itself
        check(target)
    except sqlite3.Error as error:
        raise Trouble(f"The database {config.data}/{SQLITE} cannot be copied: {error}.") from None
    return target


def check(path: Path) -> None:
    """Refuse a damaged SQLite file.

    :raises Trouble: it is damaged.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA quick_check(1)")]
    except sqlite3.Error as error:
        found = [str(error)]
    if found != ["ok"]:
        raise Trouble(f"The database {path} is damaged: {'; '.join(found)}.")


def load(config: Config, dump: Path) -> None:
    """Replace the tables of the MariaDB by those of a dump. SQLite's file is put in its place as any other file."""
    with _reached(config, read(config.data)) as clients:
        query = clients.query()
        tables = _run(query, b"SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'").decode().splitlines()
        quoted = ["`" + line.split("\t")[0].replace("`", "``") + "`" for line in tables]
        dropped = "".join(f"DROP TABLE {table};\n" for table in quoted)
        _run(query, f"SET FOREIGN_KEY_CHECKS = 0;\n{dropped}".encode())
        with dump.open("rb") as file:
            _run(query, file)


def held_secret(base32: str) -> str:
    """A secret as Uptime Kuma keeps it, from the base32 that people and their authenticators have.

    :raises Trouble: it is none that Uptime Kuma can keep, which takes it for text and has room for 64 characters.
    """
    bare = base32.strip().rstrip("=").upper()
    try:
        text = base64.b32decode(bare + "=" * (-len(bare) % 8)).decode("ascii")
    except ValueError:  # of a wrong alphabet, a wrong length, or bytes that are no text
        text = ""
    if not 0 < len(text) <= MOST_SECRET or not text.isalnum():
        raise Trouble(
            f"uptime_kuma_totp_secret does not stand for 1 to {MOST_SECRET} letters and digits, which is what Uptime "
            f"Kuma can keep: make one as docs/uptime_kuma.md says."
        )
    return text


def set_two_factor(config: Config, user: str, secret: str, *, check_only: bool = False) -> bool:
    """Have a user's second factor made of this secret, ``""`` for none; whether that changed something, or would.

    Uptime Kuma itself only takes secrets that it has drawn, which no vault can know before.

    :param secret: as Uptime Kuma keeps it, before base32.
    :param check_only: change nothing.
    :raises Trouble: there is no such user.
    """
    database = read(config.data)
    if database["type"] != "sqlite":
        return _mariadb_two_factor(config, database, user, secret, check_only)
    try:
        with closing(_open(config.data / SQLITE)) as connection:  # noqa: SIM117 - in one, pylint reads a tuple
            with connection:  # a transaction
                row = connection.execute(
                    "SELECT twofa_secret, twofa_status FROM user WHERE username = ?", (user,)
                ).fetchone()
                _refuse_unknown(user, row is not None)
                if not _differs(row[0], bool(row[1]), secret):
                    return False
                if check_only:
                    return True
                connection.execute(
                    "UPDATE user SET twofa_secret = ?, twofa_status = ?, twofa_last_token = NULL WHERE username = ?",
                    (secret or None, int(bool(secret)), user),
                )
    except sqlite3.Error as error:
        raise Trouble(f"The database {config.data}/{SQLITE} cannot be changed: {error}.") from None
    return True


def _mariadb_two_factor(config: Config, database: Mapping[str, Any], user: str, secret: str, check_only: bool) -> bool:
    def quoted(text: str) -> str:
        return f"CONVERT(0x{text.encode().hex()} USING utf8mb4)" if text else "''"

    with _reached(config, database) as clients:
        who = f"username = {quoted(user)}"
        asked = "SELECT HEX(COALESCE(twofa_secret, '')), twofa_status FROM user WHERE "
        lines = _run(clients.query(), (asked + who).encode()).decode().splitlines()
        _refuse_unknown(user, bool(lines))
        held, status = lines[0].split("\t")
        if not _differs(bytes.fromhex(held).decode(), status == "1", secret):
            return False
        if check_only:
            return True
        value = quoted(secret) if secret else "NULL"
        columns = f"SET twofa_secret = {value}, twofa_status = {int(bool(secret))}, twofa_last_token = NULL"
        _run(clients.query(), f"UPDATE user {columns} WHERE {who}".encode())
    return True


def _refuse_unknown(user: str, known: bool) -> None:
    if not known:
        raise Trouble(f"Uptime Kuma has no user '{user}', so that there is no second factor to set.")


def _differs(held: str | None, active: bool, secret: str) -> bool:
    return active != bool(secret) or bool(secret and held != secret)


def _open(path: Path) -> sqlite3.Connection:
    """A connection that creates nothing: the files beside the database get its owner, though we are root."""
    return sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=_TIMEOUT)


# -- MariaDB -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Clients:
    """How a MariaDB's clients are called.

    :param before: what comes before a program that is not on this host.
    :param login: the options by which a program reaches the server.
    :param name: the database's.
    """

    before: Sequence[str]
    login: Sequence[str]
    name: str

    def query(self) -> list[str]:
        """Takes statements, and prints what they find."""
        return [*self._program("mariadb", "mysql"), "--batch", "--skip-column-names", self.name]

    def dump(self) -> list[str]:
        """Prints all tables at one moment, without stopping those who write."""
        options = ["--single-transaction", "--quick", "--skip-lock-tables", "--hex-blob", "--skip-dump-date"]
        return [*self._program("mariadb-dump", "mysqldump"), *options, "--no-tablespaces", self.name]

    def _program(self, *names: str) -> list[str]:
        return [*self.before, names[0] if self.before else _program(*names), *self.login]


@contextmanager
def _reached(config: Config, database: Mapping[str, Any]) -> Iterator[_Clients]:
    with ExitStack() as stack:
        if database["type"] == embedded.TYPE:
            before, login = stack.enter_context(embedded.reached(config))
            yield _Clients(before, [*login, "--default-character-set=utf8mb4"], embedded.NAME)
        else:
            file, name = stack.enter_context(_login(database))
            yield _Clients([], [f"--defaults-extra-file={file}"], name)


def _dump(config: Config, database: Mapping[str, Any], target: Path) -> Path:
    with _reached(config, database) as clients, open(private(target), "wb") as file:
        _run(clients.dump(), output=file)
    return target


@contextmanager
def _login(database: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The client's options in a file that only we can read, so that no process list shows them; the database's name."""
    options = {
        "host": database.get("hostname"),
        "port": database.get("port"),
        "socket": database.get("socketPath"),
        "user": database.get("username"),
        "password": database.get("password"),
    }
    with tempfile.TemporaryDirectory(prefix="kumawatch-kuma-") as directory:
        lines = ["[client]", "default-character-set = utf8mb4"]
        lines += [f"{name} = {_option(str(value))}" for name, value in options.items() if value not in (None, "")]
        if database.get("ssl"):
            lines += ["ssl", "ssl-verify-server-cert"]
        if database.get("ssl") and str(database.get("ca") or "").strip():
            ca = Path(directory) / "ca.pem"
            ca.write_text(str(database["ca"]))
            lines.append(f"ssl-ca = {_option(str(ca))}")
        login = Path(directory) / "login.cnf"
        with open(private(login), "w") as file:
            file.write("\n".join(lines) + "\n")
        yield login, str(database["dbName"])


def _option(text: str) -> str:
    """A value as MariaDB's option files take it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _program(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise Trouble(f"There is no {names[0]} on this host, which copies the MariaDB: install its client.")


def _run(command: Sequence[str], given: Any = b"", output: Any = subprocess.PIPE) -> bytes:
    """What a client prints, given bytes or a file."""
    source = {"input": given} if isinstance(given, bytes) else {"stdin": given}
    done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=False, **source)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise Trouble(f"{Path(command[0]).name} failed: {said[0]}.")
    return done.stdout or b""
