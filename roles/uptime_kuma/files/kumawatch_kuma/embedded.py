# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MariaDB inside of Uptime Kuma's full image: reached in its container, or run by itself from its image and data.

It knows its users by who asks over its socket, so that there is no password: programs run in the container as its user.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from . import server
from .config import Config, Trouble

#: The type in ``db-config.json``, and the directory of its files in the data directory.
TYPE = "embedded-mariadb"
DIRECTORY = "mariadb"

#: What Uptime Kuma calls its database.
NAME = "kuma"

#: Seconds that it may take to answer when it is run by itself: it may have to finish what it was interrupted in.
PATIENCE = 300.0

_SOCKET = "/app/data/run/mariadb.sock"
_OWN_SOCKET = "/tmp/kumawatch.sock"  # noqa: S108 - in a container that nobody else is in

# As Uptime Kuma makes and starts it, but for the network and the socket. The directory has its name once the server's
# own tables are in it: what was cut off would be taken for a database.
_ALONE = f"""
set -e
cd /app/data
if [ ! -d {DIRECTORY} ]; then
  rm -rf {DIRECTORY}.part
  mkdir {DIRECTORY}.part
  mariadb-install-db --user=node --auth-root-socket-user=node --auth-root-authentication-method=socket \
    --datadir=/app/data/{DIRECTORY}.part >/dev/null
  mv {DIRECTORY}.part {DIRECTORY}
fi
exec mariadbd --user=node --datadir=/app/data/{DIRECTORY} \
  --socket={_OWN_SOCKET} --pid-file={_OWN_SOCKET}.pid --skip-networking
"""


@contextmanager
def reached(config: Config) -> Iterator[tuple[list[str], list[str]]]:
    """Have it answer: in Uptime Kuma's container where that runs, else by itself.

    :returns: what to put before a client program, and the client's options.
    :raises Trouble: nobody knows the container, or it does not start.
    """
    if not config.container:
        raise Trouble(
            "The database is inside of Uptime Kuma's container, and nobody knows that: run the role uptime_kuma."
        )
    if _inspected(config, "{{.State.Running}}") == "true":
        yield ["docker", "exec", "-i", config.container], [f"--socket={_SOCKET}"]
    else:
        with alone(config) as found:
            yield found


@contextmanager
def alone(config: Config) -> Iterator[tuple[list[str], list[str]]]:
    """Run it by itself, while Uptime Kuma does not run. Where it has no files yet, it gets new ones.

    :returns: what to put before a client program, and the client's options.
    :raises Trouble: it does not start.
    """
    name = f"{config.container}-database"
    image = _inspected(config, "{{.Image}}")
    server.run(["docker", "rm", "--force", name])  # what a run left that was cut off
    server.run(
        ["docker", "run", "--detach", "--name", name, "--network", "none", "--volumes-from", config.container,
         "--entrypoint", "sh", image, "-c", _ALONE]
    )  # fmt: skip
    try:
        _await(name)
        yield ["docker", "exec", "-i", name], [f"--socket={_OWN_SOCKET}"]
        server.run(["docker", "stop", "--time", "120", name])  # so that it ends as a database wants to
    finally:
        with suppress(Trouble):
            server.run(["docker", "rm", "--force", "--volumes", name])


def _await(name: str) -> None:
    ask = ["docker", "exec", name, "mariadb", f"--socket={_OWN_SOCKET}", "--execute"]
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(Trouble):
            server.run([*ask, f"CREATE DATABASE IF NOT EXISTS `{NAME}`"])
            return
        running = server.run(["docker", "inspect", "--format", "{{.State.Running}}", name]).strip() == "true"
        if not running or time.monotonic() > deadline:
            raise Trouble(f"The embedded MariaDB does not start by itself: {_last_words(name)}.")
        time.sleep(0.5)


def _last_words(name: str) -> str:
    done = subprocess.run(["docker", "logs", "--tail", "20", name], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    return next((line for line in reversed(said) if "ERROR" in line), said[-1] if said else "it said nothing").rstrip(
        "."
    )


def _inspected(config: Config, form: str) -> str:
    return server.run(["docker", "inspect", "--type", "container", "--format", form, config.container]).strip()
