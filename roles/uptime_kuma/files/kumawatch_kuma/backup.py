# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make backups, and restore them."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import archive, database, server
from .aws import Aws
from .config import Config, Trouble, private

#: The word for the newest backup.
LATEST = "latest"

Say = Callable[[str], None]


def back_up(config: Config, label: str = "", now: datetime | None = None) -> Path:
    """Make a backup while the server runs, store it in S3 as well where that is configured, and drop outdated ones.

    :param label: what it is made for, besides being made regularly; it becomes a part of the name.
    :raises Trouble: it could not be made, or not be stored. One that is whole stays on the host in any case.
    """
    _clear(config)
    target = _write(config, label, now or datetime.now(UTC))
    if config.bucket and config.account:
        Aws(config.account).put(config.bucket, target.name, target)
    for name in archive.outdated(os.listdir(config.backups), config.keep):
        (config.backups / name).unlink(missing_ok=True)
    return target


def _clear(config: Config) -> None:
    """Have the directory, without what a run left that was cut off: whoever calls this holds the lock."""
    config.backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    for rest in config.backups.glob(".uptime-kuma-*"):
        shutil.rmtree(rest) if rest.is_dir() else rest.unlink()


def _write(config: Config, label: str, now: datetime) -> Path:
    if not database.exists(config.data):
        raise Trouble(f"There is nothing to back up: {config.data} has no database yet.")
    while (target := config.backups / archive.named(now, label)).exists():
        now += timedelta(seconds=1)
    with tempfile.TemporaryDirectory(prefix=".uptime-kuma-", dir=config.backups) as directory:
        copied = database.copy(config, Path(directory))
        kind = database.read(config.data)["type"]
        archive.write(target, config.version, kind, copied, config.data, now)
    return target


def listed(config: Config) -> tuple[list[str], list[str]]:
    """The names of the backups on this host and in S3, oldest first."""
    here = archive.backups(os.listdir(config.backups)) if config.backups.is_dir() else []
    there = archive.backups(Aws(config.account).names(config.bucket)) if config.bucket and config.account else []
    return here, there


def restore(config: Config, wanted: str, patience: float, say: Say, *, start: bool = True, safety: bool = True) -> str:
    """Put a backup in the place of what is there; if the server does not come back with it, put that back.

    :param wanted: a path, the name of a backup here or in S3, or ``latest``.
    :param patience: seconds that the server may take to answer.
    :param start: whether to start the server afterwards. Without, nobody waits for it either.
    :param safety: whether to back up what is there first, to put it back.
    :returns: the name of what was restored.
    :raises Trouble: it is damaged, of a newer release, or the server did not come back; what was done is said.
    """
    _clear(config)
    with tempfile.TemporaryDirectory(prefix=".uptime-kuma-", dir=config.backups) as directory:
        source = _found(config, wanted, Path(directory), say)
        # Before anything is stopped: what cannot be restored costs no outage.
        held = _unpacked(config, source, Path(directory) / "new", say)
        there = database.exists(config.data)
        if there and (kind := database.read(config.data)["type"]) != held.database:
            raise Trouble(
                f"{source.name} holds a database of type {held.database}, and Uptime Kuma here keeps its data in "
                f"{kind}: restore it where that is the same."
            )
        saved = _saved(config, say) if safety and there else None
        try:
            _replace(config, Path(directory) / "new", held, say)
            if start:
                _start(config, patience, say)
        except (Trouble, OSError) as error:
            if saved is None:
                raise
            say(f"{error} Putting back what was there.")
            before = _unpacked(config, saved, Path(directory) / "old", say)
            _replace(config, Path(directory) / "old", before, say)
            if start:
                _start(config, patience, say)
            raise Trouble(f"{source.name} was not restored, and what was there is back: {error}") from None
    return source.name


def _found(config: Config, wanted: str, into: Path, say: Say) -> Path:
    """The archive as a file on this host, fetched where it is in S3 only."""
    if "/" in wanted:
        path = Path(wanted)
        if not path.is_file():
            raise Trouble(f"There is no backup {wanted}.")
        return path
    here, there = listed(config)
    if wanted == LATEST:
        if not here and not there:
            raise Trouble(f"There is no backup in {config.backups}" + (" nor in S3." if config.bucket else "."))
        wanted = max([*here, *there])
    if wanted in here:
        return config.backups / wanted
    if wanted not in there or not config.bucket or not config.account:
        raise Trouble(f"There is no backup {wanted}; `kumawatch-kuma list` names those that there are.")
    say(f"Fetching {wanted} from S3.")
    path = into / wanted
    with open(private(path), "wb") as file:
        Aws(config.account).get(config.bucket, wanted, file)
    return path


def _unpacked(config: Config, source: Path, into: Path, say: Say) -> archive.Manifest:
    into.mkdir(mode=0o700)
    held = archive.unpack(source, into)
    archive.check_release(held, config.version)
    name = database.SQLITE if held.database == "sqlite" else database.DUMP
    if f"{archive.DATABASE}{name}" not in held.files:
        raise Trouble(f"The backup {source.name} has no database in it.")
    if held.database == "sqlite":
        database.check(into / archive.DATABASE / name)
    say(f"{source.name} is whole: Uptime Kuma {held.version or 'of unknown release'}, made {held.created}.")
    return held


def _saved(config: Config, say: Say) -> Path:
    """A backup of what is there, which is among the others afterwards."""
    saved = _write(config, "before-restore", datetime.now(UTC))
    say(f"What is there now is in {saved.name}.")
    return saved


def _replace(config: Config, unpacked: Path, held: archive.Manifest, say: Say) -> None:
    say("Stopping Uptime Kuma.")
    server.run(config.stop)
    config.data.mkdir(parents=True, exist_ok=True)
    owner = config.data.stat()
    # Where the MariaDB is does not come with the data, unless nobody here knows.
    kept = database.CONFIGURATION if held.database == "mariadb" and database.exists(config.data) else ""
    if kept:
        (unpacked / archive.DATA / kept).unlink(missing_ok=True)
    for path in config.data.iterdir():
        if path.name == kept:
            continue
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    files = unpacked / archive.DATA
    if files.is_dir():
        shutil.copytree(files, config.data, dirs_exist_ok=True)
        config.data.chmod(stat.S_IMODE(owner.st_mode))  # which the copy has taken over from the archive's directory
    if held.database == "sqlite":
        shutil.copy2(unpacked / archive.DATABASE / database.SQLITE, config.data / database.SQLITE)
    for path in config.data.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    if held.database != "sqlite":
        database.load(config, unpacked / archive.DATABASE / database.DUMP)


def _start(config: Config, patience: float, say: Say) -> None:
    say("Starting Uptime Kuma.")
    server.run(config.start)
    server.wait(config, patience)
