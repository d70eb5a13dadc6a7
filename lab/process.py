# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes, told apart for certain: a pid alone is not enough, since pids are used again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "KUMAWATCH_LAB_PART"
"""Environment variable that every process of a lab carries: the lab's home, a colon, the part's name."""

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """One process and the moment it was started; the two together are never used again."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return started_at(self.pid) == self.started


def started_at(pid: int) -> str | None:
    """When a process was started, as an opaque text; None when it does not run (a zombie does not)."""
    if PROC.joinpath("self").exists():
        try:
            stat = PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
            boot = PROC.joinpath("sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return None
        # The command name is in parentheses and may hold anything, so count from the last one.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(shown) < 2 or shown[0].startswith("Z") else shown[1].strip()


def launch(command: list[str], *, cwd: Path, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that it outlives us and is stopped with its children."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def stop(process: Process, patience: float = 8.0) -> None:
    """End a process and its children: SIGTERM, and after ``patience`` seconds SIGKILL. Never signals a recycled pid."""
    for sign, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if not process.alive():
            break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, sign)
            else:
                os.kill(process.pid, sign)
        deadline = time.monotonic() + wait
        while process.alive() and time.monotonic() < deadline:
            reap(process.pid)
            time.sleep(0.02)
    reap(process.pid)


def reap(pid: int) -> None:
    """Take a child's exit status, if it is our child, so that it does not stay as a zombie."""
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitpid(pid, os.WNOHANG)


def marked(home: Path) -> Iterator[tuple[str, Process]]:
    """Every process of this user that carries the mark of the lab at ``home``: its part and the process."""
    prefix = f"{MARK}={home}:".encode()
    for entry in PROC.glob("[0-9]*"):
        try:
            environment = entry.joinpath("environ").read_bytes()
        except OSError:
            continue
        for item in environment.split(b"\0"):
            if item.startswith(prefix):
                started = started_at(int(entry.name))
                if started is not None:
                    yield item[len(prefix) :].decode(errors="replace"), Process(int(entry.name), started)
                break


def session(pid: int) -> int:
    """The session a process belongs to; 0 when it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # Bound and no more: a process that another thread is just starting holds the probe, too, until it executes
            # its program, and a probe that listened would until then be somebody on this port.
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port that nothing listens on.

    It is below those that systems give to outgoing connections, so that it is still free after a pause.
    """
    for candidate in random.sample(range(20_000, 32_768), 50):
        if port_is_free(candidate):
            return candidate
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listening_inodes(port: int) -> set[str]:
    """The sockets that listen on a port, by inode; empty where the system does not tell."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        with contextlib.suppress(OSError):
            for line in PROC.joinpath(table).read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    return inodes


def listener(port: int) -> str:
    """Who listens on a port, as in "python3, pid 4711"; "another process" where that cannot be told."""
    inodes = listening_inodes(port)
    if inodes:
        for entry in PROC.glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if holds_socket(int(entry.name), inodes):
                    name = entry.joinpath("comm").read_text(encoding="utf-8", errors="replace").strip()
                    return f"{name}, pid {entry.name}"
    return "another process"


def holds_socket(pid: int, inodes: set[str]) -> bool:
    """Whether a process has one of these sockets open."""
    for descriptor in PROC.joinpath(str(pid), "fd").iterdir():
        with contextlib.suppress(OSError):
            if os.readlink(descriptor) in inodes:
                return True
    return False


def listens(pid: int, port: int) -> bool:
    """Whether it is this process that listens on the port; true where the system does not tell."""
    inodes = listening_inodes(port)
    try:
        return not inodes or holds_socket(pid, inodes)
    except OSError:
        return False
