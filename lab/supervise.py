# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Supervision: bring a part up, find out that it died, mend it, stop it. One idea for every part."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab import process
from lab.errors import LabError
from lab.paths import Paths, make_directory, read_json, write_json
from lab.process import MARK, Process

LOG_LIMIT = 2_000_000
"""A log larger than this (bytes) is put aside when its part starts; one older log is kept."""

GRACE = 5.0
"""How long (s) a part that runs may take to answer before it is held to hang."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """One long-running process of the lab, as data.

    ``command`` and ``env`` are given the port; ``probe`` too, and returns what is wrong, or "" when the part does
    its work. ``prepare`` runs before a start. ``version`` is any text: a part that runs with another one is restarted.
    """

    name: str
    title: str
    command: Callable[[int], list[str]]
    probe: Callable[[int], str]
    preferred_port: int
    port_variable: str
    cwd: Path
    env: Callable[[int], dict[str, str]] = lambda port: {}
    prepare: Callable[[Say], None] = lambda say: None
    patience: float = 60.0
    version: str = ""


@dataclass
class Record:
    """What is remembered of a part: its port always, its process while it is meant to run."""

    port: int = 0
    pid: int = 0
    started: str = ""
    fingerprint: str = ""

    @property
    def process(self) -> Process | None:
        return Process(self.pid, self.started) if self.pid else None


@dataclass
class Outcome:
    """What ``ensure`` found and did: state is "running", "started" or "mended"; notes say what was mended."""

    part: Part
    port: int
    state: str
    notes: list[str] = field(default_factory=list)


class Supervisor:
    """Starts, checks and stops the parts of the lab at ``paths``. Callers hold ``lock`` while they change anything."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._ports = threading.Lock()
        self._given: set[int] = set()
        self._reserved: dict[int, str] = {}

    # -- what is known

    def record(self, name: str) -> Record:
        """The record of a part; an empty one when there is none. A damaged one raises ValueError."""
        value = read_json(self.paths.record(name))
        try:
            return Record(**value) if value is not None else Record()
        except TypeError as exc:
            raise ValueError(str(exc)) from None

    def record_or_empty(self, name: str) -> Record:
        """The record of a part; an empty one also when it is damaged."""
        try:
            return self.record(name)
        except ValueError:
            return Record()

    def records(self) -> list[Path]:
        """The files of all records."""
        return list(self.paths.record("x").parent.glob("[!.]*.json"))

    def look(self, part: Part) -> tuple[Record, str]:
        """The record of a part and what is wrong with it: "" when it runs and answers, "stopped" after ``stop``."""
        try:
            record = self.record(part.name)
        except ValueError:
            return Record(), "its record is damaged"
        running = record.process
        if running is None:
            return record, "stopped"
        if not running.alive():
            return record, "it has died"
        return record, part.probe(record.port)

    def fingerprint(self, part: Part, port: int) -> str:
        """Changes when a part would be started differently."""
        parts = [part.command(port), sorted(part.env(port).items()), str(part.cwd), part.version]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    # -- doing

    def ensure_all(self, parts: list[Part], say: Say) -> list[Outcome]:
        """Make parts run, side by side. All are tried before an error is raised; equal errors are told once."""
        for part in parts:
            if fixed := self.fixed_port(part):
                self._reserved.setdefault(fixed, part.name)
        outcomes: list[Outcome] = []
        errors: list[str] = []
        with ThreadPoolExecutor(max(1, len(parts))) as pool:
            for future in [pool.submit(self.ensure, part, say) for part in parts]:
                try:
                    outcomes.append(future.result())
                except LabError as exc:
                    errors.append(str(exc))
        for outcome in outcomes:
            for note in outcome.notes:
                say(f"{outcome.part.title}: {note}")
        if errors:
            raise LabError(" ".join(errors))
        return outcomes

    def ensure(self, part: Part, say: Say) -> Outcome:
        """Make a part run and answer, from whatever state it is in."""
        notes: list[str] = []
        try:
            record = self.record(part.name)
        except ValueError:
            record = Record()
            notes.append("its record was damaged: written anew")
        fixed = self.fixed_port(part)
        running = record.process
        if running is not None:
            wrong = self.why_restart(part, record, running, fixed)
            if not wrong:
                return Outcome(part, record.port, "running", notes)
            notes.append(f"{wrong}: restarted")
            process.stop(running)
        port = fixed or record.port or part.preferred_port
        # A first start that finds its usual port taken mends nothing.
        mended = bool(notes) or (record.port > 0 and not process.port_is_free(port))
        for _attempt in range(3):
            port = self.settle_port(part, port, fixed, notes)
            if self.start(part, port, say):
                return Outcome(part, port, "mended" if mended else "started", notes)
        raise LabError(f"{part.title} found no free port in three attempts: set {part.port_variable} to one.")

    def why_restart(self, part: Part, record: Record, running: Process, fixed: int) -> str:
        """Why a recorded process cannot go on; "" when it can."""
        if not running.alive():
            taken = process.started_at(record.pid) is not None
            return f"pid {record.pid} is another process by now" if taken else "it had died"
        if fixed and record.port != fixed:
            return f"it ran on port {record.port}, {part.port_variable} says {fixed}"
        if record.fingerprint != self.fingerprint(part, record.port):
            return "its settings or its code had changed"
        deadline = time.monotonic() + GRACE
        while wrong := part.probe(record.port):
            if time.monotonic() > deadline or not running.alive():
                return f"it ran, but {wrong}" if running.alive() else "it had died"
            time.sleep(0.1)
        return ""

    def fixed_port(self, part: Part) -> int:
        """The port set by the environment; 0 when none is."""
        text = os.environ.get(part.port_variable, "")
        if not text:
            return 0
        if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
            raise LabError(f"{part.port_variable} is {text!r}: set it to a port number from 1 to 65535, or unset it.")
        return int(text)

    def settle_port(self, part: Part, port: int, fixed: int, notes: list[str]) -> int:
        """The port itself when it is free, otherwise another free one, unless it was set explicitly."""
        with self._ports:
            given = port in self._given or self._reserved.get(port, part.name) != part.name
            if not given and process.port_is_free(port):
                self._given.add(port)
                return port
            owner = "another part of the lab" if given else process.listener(port)
            if fixed:
                raise LabError(
                    f"{part.title} cannot start: {part.port_variable} is {port}, and that port is taken by {owner}; "
                    "stop it, or set another port, or unset the variable."
                )
            other = process.free_port()
            while other in self._given or other in self._reserved:
                other = process.free_port()
            self._given.add(other)
        notes.append(f"port {port} is taken by {owner}: takes {other}")
        return other

    def start(self, part: Part, port: int, say: Say) -> bool:
        """Start a part and wait until it answers; false when somebody else took the port in the meantime."""
        part.prepare(say)
        log = self.paths.log(part.name)
        make_directory(log.parent)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        begin = log.stat().st_size if log.exists() else 0
        env = environment({**part.env(port), MARK: f"{self.paths.home}:{part.name}"})
        try:
            child = process.launch(part.command(port), cwd=part.cwd, env=env, log=log)
        except OSError as exc:
            raise LabError(f"{part.title} cannot be started: {exc.strerror}: {exc.filename}.") from None
        started = process.started_at(child.pid) or ""
        running = Process(child.pid, started)
        write_json(self.paths.record(part.name), asdict(Record(port, child.pid, started, self.fingerprint(part, port))))
        begun = time.monotonic()
        wrong, told = "nothing answered", 5.0
        while (elapsed := time.monotonic() - begun) < part.patience:
            if elapsed > told:
                say(f"{part.title}: started, not ready yet, {elapsed:.0f} s")
                told += 5.0
            if child.poll() is not None:
                self.forget(part.name, port)
                if not process.port_is_free(port):
                    return False
                raise LabError(
                    f"{part.title} stopped while it started: {last_line(log, begin) or 'it said nothing'}; "
                    f"the whole log is {log}."
                )
            wrong = part.probe(port)
            if not wrong and process.listens(child.pid, port):
                return True
            time.sleep(0.05)
        process.stop(running)
        self.forget(part.name, port)
        raise LabError(f"{part.title} was not ready after {part.patience:.0f} s: {wrong}; the log is {log}.")

    def stop_all(self) -> list[str]:
        """Stop every part that has a record, side by side; says what was stopped."""
        names = sorted(path.stem for path in self.records())
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            return [f"{name} ({what})" for name, what in zip(names, pool.map(self.stop, names), strict=True) if what]

    def stop(self, name: str) -> str:
        """Stop a part by its record; says what was stopped, "" when nothing ran."""
        try:
            record = self.record(name)
        except ValueError:
            self.forget(name, 0)
            return ""
        running = record.process
        if running is None:
            return ""
        alive = running.alive()
        process.stop(running)
        self.forget(name, record.port)
        return f"pid {record.pid}" if alive else ""

    def forget(self, name: str, port: int) -> None:
        """Keep of a part only its port."""
        write_json(self.paths.record(name), asdict(Record(port)))

    def stop_strays(self) -> list[str]:
        """Stop what carries this lab's mark and is in no record: left behind by an ``up`` that was killed."""
        known = set()
        for path in self.records():
            running = self.record_or_empty(path.stem).process
            if running is not None and running.alive():
                known.add(running.pid)
        stopped = []
        for name, stray in list(process.marked(self.paths.home)):
            if stray.pid not in known and process.session(stray.pid) not in known and stray.alive():
                process.stop(stray)
                stopped.append(f"{name}, pid {stray.pid}")
        return stopped


def environment(extra: dict[str, str]) -> dict[str, str]:
    """Our environment for a child: without secrets and other programs' settings, and never by way of a proxy."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KUMAWATCH_", "UPTIME_KUMA_")) and name != "DATA_DIR"
    }
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join(filter(None, [env.get(name, ""), "127.0.0.1", "localhost"]))
    return {**env, **extra}


def last_line(log: Path, begin: int) -> str:
    """The last line that says something in a log, from a position on."""
    with contextlib.suppress(OSError), log.open("rb") as stream:
        stream.seek(begin)
        lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
        # A traceback and a stack trace end in, or hold, the one line that names the error.
        errors = [line for line in lines if "Error" in line]
        return (errors or lines or [""])[-1][:300]
    return ""


@contextlib.contextmanager
def lock(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive lock on a file; ``waiting`` is called once when somebody else holds it."""
    make_directory(path.parent)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
            # A purge removes the file, and a lock on a removed file excludes nobody: then try again.
            if path.exists() and os.stat(path).st_ino == os.fstat(handle).st_ino:
                yield
                return
            make_directory(path.parent)
        finally:
            os.close(handle)
