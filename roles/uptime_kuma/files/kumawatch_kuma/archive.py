# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup: one compressed archive of the database and the other files, with a manifest that says what is in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from . import database
from .config import Trouble, private

FORMAT = 1
MANIFEST = "manifest.json"

#: Where the files of the data directory lie in an archive, and where the database does.
DATA = "data/"
DATABASE = "database/"

_NAME = re.compile(r"uptime-kuma-(?P<stamp>\d{8}T\d{6}Z)(?:-(?P<label>[A-Za-z0-9._-]+))?\.tar\.gz")
_UNFIT = re.compile(r"[^A-Za-z0-9._]+")


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself.

    :param version: the release of Uptime Kuma, ``""`` where nobody knew.
    :param database: ``sqlite``, ``mariadb`` or ``embedded-mariadb``.
    :param files: SHA-256 by name in the archive.
    """

    version: str
    database: str
    created: str
    files: Mapping[str, str]


# -- what is decided without files -------------------------------------------------------------------------------------


def named(moment: datetime, label: str = "") -> str:
    """The name of a backup of a moment; a label says what it was made for."""
    stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    suffix = _UNFIT.sub("-", label).strip("-.")
    return f"uptime-kuma-{stamp}{f'-{suffix}' if suffix else ''}.tar.gz"


def backups(names: Iterable[str]) -> list[str]:
    """Those that are names of backups, oldest first."""
    return sorted(name for name in names if _NAME.fullmatch(name))


def outdated(names: Iterable[str], keep: int) -> list[str]:
    """The backups that go when ``keep`` stay; none where it is 0. Those with a label count apart.

    Otherwise upgrades and restores, which make some at once, would push out those of the timer.
    """
    if keep <= 0:
        return []
    found = backups(names)
    regular = [name for name in found if "-" not in name.removeprefix("uptime-kuma-")]
    labelled = [name for name in found if name not in regular]
    return regular[:-keep] + labelled[:-keep]


def read_manifest(text: bytes) -> Manifest:
    """The manifest from its bytes.

    :raises Trouble: it is none, or one that a later release of the role wrote.
    """
    try:
        given = json.loads(text)
        form = given["format"]
        found = Manifest(given["version"], given["database"], given["created"], dict(given["files"]))
    except (ValueError, KeyError, TypeError):
        raise Trouble("The manifest of the backup is damaged.") from None
    if form != FORMAT:
        raise Trouble(
            f"The backup has format {form}, and this host knows {FORMAT}: run the newer role uptime_kuma first."
        )
    return found


def release(version: str) -> tuple[int, ...] | None:
    """A version as numbers that compare, without what stands behind them; ``None`` for none."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in match.groups()) if match else None


def check_release(held: Manifest, installed: str) -> None:
    """Refuse the data of a newer release than the one that would read them.

    :raises Trouble: it is newer.
    """
    theirs, ours = release(held.version), release(installed)
    if theirs and ours and theirs > ours:
        raise Trouble(
            f"The backup is of Uptime Kuma {held.version}, and {installed} is installed, which cannot read its "
            f"database: install {held.version} or newer first."
        )


# -- what is done ------------------------------------------------------------------------------------------------------


def write(target: Path, version: str, kind: str, copied: Path, data: Path, now: datetime) -> Manifest:
    """Write an archive, which has its name once it is whole.

    :param copied: the copy of the database.
    :param data: the data directory, whose other files go into it as well.
    """
    part = target.with_name(f".{target.name}.part")
    files: dict[str, str] = {}
    try:
        with open(private(part), "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
            for name, path in [(DATABASE + copied.name, copied), *_others(data)]:
                digest = _add(archive, name, path)
                if digest:
                    files[name] = digest
            manifest = Manifest(version, kind, now.astimezone(UTC).isoformat(timespec="seconds"), files)
            text = json.dumps({"format": FORMAT, **manifest.__dict__}, indent=1).encode()
            _put(archive, MANIFEST, text)
            archive.close()
            raw.flush()
            os.fsync(raw.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _others(data: Path) -> Iterator[tuple[str, Path]]:
    """The files of the data directory that are not the database's, with their names in the archive."""
    for directory, names, leaves in os.walk(data):
        here = Path(directory)
        if here == data:
            names[:] = [name for name in names if name not in database.APART]
            leaves = [name for name in leaves if name not in database.APART]
        names.sort()
        for leaf in sorted(leaves):
            path = here / leaf
            if path.is_file() and not path.is_symlink():
                yield DATA + path.relative_to(data).as_posix(), path


def _add(archive: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file; its digest, or ``""`` where it has gone meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return ""
    with file:
        info = archive.gettarinfo(arcname=name, fileobj=file)
        info.uname = info.gname = ""
        digest = hashlib.sha256()
        archive.addfile(info, _Digesting(file, digest))
    return digest.hexdigest()


def _put(archive: tarfile.TarFile, name: str, text: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(text), 0o600
    archive.addfile(info, io.BytesIO(text))


class _Digesting(io.RawIOBase):
    """A file whose digest is made while it is read."""

    def __init__(self, file: Any, digest: Any) -> None:
        self._file, self._digest = file, digest

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._file.read(size)
        self._digest.update(block)
        return block


def unpack(source: Path, into: Path) -> Manifest:
    """Unpack an archive into an empty directory, and check that it is whole.

    :returns: its manifest. The files lie in ``into`` by their names in the archive.
    :raises Trouble: it is no backup, or is damaged.
    """
    found: dict[str, str] = {}
    manifest = None
    try:
        with tarfile.open(source, mode="r|gz") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None or not _inside(member.name):
                    raise Trouble(f"{source.name} is no backup of Uptime Kuma: it holds {member.name}.")
                if member.name == MANIFEST:
                    manifest = read_manifest(stream.read())
                    continue
                path = into / member.name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                digest = hashlib.sha256()
                with open(private(path), "wb") as file:
                    while block := stream.read(1 << 20):
                        digest.update(block)
                        file.write(block)
                path.chmod(member.mode & 0o777)
                found[member.name] = digest.hexdigest()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Trouble(f"The backup {source} cannot be read: {error}.") from None
    if manifest is None:
        raise Trouble(f"{source.name} is no whole backup of Uptime Kuma: it has no manifest.")
    if dict(manifest.files) != found:
        raise Trouble(f"The backup {source} is damaged: its files are not those of its manifest.")
    return manifest


def _inside(name: str) -> bool:
    """Whether it is a name that stays within the directory that it is unpacked into."""
    path = PurePosixPath(name)
    known = name == MANIFEST or name.startswith((DATA, DATABASE))
    return known and not path.is_absolute() and ".." not in path.parts
