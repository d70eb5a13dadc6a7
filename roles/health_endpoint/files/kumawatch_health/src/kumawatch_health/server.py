# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves until it is told to end; takes a new configuration at SIGHUP without dropping a request."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import uvicorn

from .app import State, application
from .config import Config, ConfigError, parse
from .metrics import Metrics
from .monitor import Monitor

log = logging.getLogger(__name__)


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """The configuration in a file.

    :raises ConfigError: it cannot be read, or has mistakes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return parse(text, environment)


def environment_of(path: Path | None) -> dict[str, str]:
    """The environment, and over it the ``NAME=value`` lines of a file, read anew at each reload."""
    variables = dict(os.environ)
    if path is not None:
        try:
            # Not splitlines(): a secret may hold one of the rarer ends of lines.
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
        for line in lines:
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                    value = value[1:-1]
                variables[name.strip()] = value
    return variables


class _Server(uvicorn.Server):
    """Leaves signals to us: its own way ends the process by the signal, before anything is tidied up."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Service:
    """The running service."""

    def __init__(self, path: Path, secrets: Path | None) -> None:
        self._path = path
        self._secrets = secrets
        self._metrics = Metrics()
        self._config = self._load()
        self._reloading = asyncio.Lock()

    def _load(self) -> Config:
        return load(self._path, environment_of(self._secrets))

    async def serve(self) -> None:
        """Run until SIGTERM or SIGINT.

        :raises ConfigError: a driver is missing, or the address is taken.
        """
        monitor = Monitor(self._config, self._metrics.observe)
        self._state = State(monitor, self._metrics)
        listener = _listen(self._config)
        self._listening = self._config
        server = _Server(
            uvicorn.Config(
                application(self._state),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                # Whom to believe who asks is ours to decide (access.py).
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=max(1, round(self._config.deadline)),
            )
        )
        monitor.start()
        loop = asyncio.get_running_loop()
        pending: set[asyncio.Task[None]] = set()

        def hang_up() -> None:
            task = loop.create_task(self.reload())
            pending.add(task)
            task.add_done_callback(pending.discard)

        loop.add_signal_handler(signal.SIGHUP, hang_up)
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, server.handle_exit, ending, None)
        watchdog = loop.create_task(_show_life())
        notify("READY=1")
        log.info("serves %s on %s", self._config.service, _address(self._config, listener))
        try:
            await server.serve([listener])
        finally:
            notify("STOPPING=1")
            watchdog.cancel()
            await self._state.monitor.stop()
            if self._listening.socket:
                with contextlib.suppress(OSError):
                    os.unlink(self._listening.socket)

    async def reload(self) -> None:
        """Take the configuration anew; one with mistakes is refused, and the old one goes on."""
        async with self._reloading:
            notify("RELOADING=1")
            try:
                config = self._load()
                monitor = Monitor(config, self._metrics.observe)
            except ConfigError as error:
                log.error("the new configuration is refused, the old one goes on: %s", error)
                notify("READY=1\nSTATUS=A new configuration was refused; see the journal.")
                return
            except Exception:
                notify("READY=1")
                raise
            listening = self._listening
            if (config.host, config.port, config.socket) != (listening.host, listening.port, listening.socket):
                log.warning("listen has changed: that takes a restart")
            self._config = config
            # The old one ends first, so that no check runs twice; its results are there until the new one takes over.
            before = self._state.monitor
            await before.stop()
            monitor.start(before)
            self._state.monitor = monitor
            self._metrics.keep({(check.name, check.kind) for check in config.checks})
            log.info("took the configuration anew")
            notify("READY=1\nSTATUS=")


def _listen(config: Config) -> socket.socket:
    where = config.socket or f"{config.host}:{config.port}"
    try:
        if config.socket:
            listener = _listen_on_socket(config.socket)
        else:
            family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
            listener = socket.create_server(
                (config.host, config.port),
                family=family,
                backlog=1024,
                # "::" is every address, of IPv4 too.
                dualstack_ipv6=config.host == "::" and socket.has_dualstack_ipv6(),
            )
            # Accepted connections inherit it. Without it, head and body of an answer may be 40 ms apart.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except socket.gaierror:
        raise ConfigError(f"{where} cannot be listened on: there is no such address.") from None
    except OSError as error:
        raise ConfigError(f"{where} cannot be listened on: {os.strerror(error.errno or 0)}.") from None
    listener.setblocking(False)
    return listener


def _listen_on_socket(path: str) -> socket.socket:
    """A Unix socket for owner and group; one that somebody left behind makes room."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "")
        with contextlib.suppress(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
            raise OSError(errno.EADDRINUSE, "")
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    umask = os.umask(0o117)
    try:
        listener.bind(path)
    finally:
        os.umask(umask)
    listener.listen(1024)
    return listener


def _address(config: Config, listener: socket.socket) -> str:
    if config.socket:
        return config.socket
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _show_life() -> None:
    """Tell systemd's watchdog, where there is one, that this loop turns."""
    limit = os.environ.get("WATCHDOG_USEC", "")
    while limit.isdigit() and int(limit):
        notify("WATCHDOG=1")
        await asyncio.sleep(int(limit) / 1_000_000 / 3)


def notify(state: str) -> None:
    """Tell systemd, where it asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if state == "RELOADING=1":
        state += f"\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stream:
        stream.connect("\0" + address[1:] if address.startswith("@") else address)
        stream.sendall(state.encode())
