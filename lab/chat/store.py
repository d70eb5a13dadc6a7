# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chat space keeps: messages and threads, in a file that survives a restart."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT = 5_000
"""Messages kept; the oldest go when the file is loaded."""


@dataclass(frozen=True)
class Entry:
    """One message: the body as it was posted, and the Message resource that was answered.

    ``ignored_widgets`` counts the widgets beyond Google's limit, which the resource does not have.
    """

    received_at: str
    space: str
    thread_key: str | None
    message: dict[str, Any]
    resource: dict[str, Any]
    ignored_widgets: int = 0


class Store:
    """The messages of all spaces, oldest first."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = directory / "messages.jsonl"
        self.entries = list(self._load())
        self._threads: dict[tuple[str, str], str] = {}
        self._names: set[str] = set()
        for entry in self.entries:
            self._index(entry)

    def _load(self) -> Iterator[Entry]:
        """Read the file; a half-written last line, and what no longer fits, is left out of it."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        entries = []
        for line in lines[-KEPT:]:
            try:
                entries.append(Entry(**json.loads(line)))
            except (ValueError, TypeError):
                continue
        if len(entries) != len(lines):
            self._rewrite(entries)
        yield from entries

    def _rewrite(self, entries: list[Entry]) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text("".join(map(_line, entries)), encoding="utf-8")
        beside.replace(self.path)

    def _index(self, entry: Entry) -> None:
        name = entry.resource["thread"]["name"]
        self._names.add(name)
        if entry.thread_key is not None:
            self._threads[entry.space, entry.thread_key] = name

    def thread_of_key(self, space: str, key: str) -> str | None:
        """The name of the thread that was begun under a key; None when there is none."""
        return self._threads.get((space, key))

    def has_thread(self, name: str) -> bool:
        return name in self._names

    def add(self, entry: Entry) -> None:
        """Keep a message, on disk before it is answered."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(_line(entry))
        self.path.chmod(0o600)
        self.entries.append(entry)
        self._index(entry)

    def clear(self) -> None:
        """Forget all messages and threads."""
        self._rewrite([])
        self.entries.clear()
        self._threads.clear()
        self._names.clear()


def _line(entry: Entry) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False) + "\n"


def new_id(length: int = 11) -> str:
    """An identifier as Google makes them for messages and threads."""
    letters = string.ascii_letters + string.digits + "-_"
    return "".join(secrets.choice(letters) for _ in range(length))


def timestamp(seconds: float) -> str:
    """A moment as Google writes it: RFC 3339 in UTC, microseconds, Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
