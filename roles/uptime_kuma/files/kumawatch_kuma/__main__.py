# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `kumawatch-kuma`."""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import backup, database, server
from .aws import Aws
from .config import Config, Trouble, read

CONFIGURATION = Path("/etc/uptime-kuma/config.json")

#: One backup or restore at a time.
LOCK = Path("/run/kumawatch-kuma.lock")


def say(line: str) -> None:
    """Tell what happens, at once."""
    print(line, flush=True)


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other of us works on the data."""
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for a backup or restore that runs already.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="kumawatch-kuma", description="Look after Uptime Kuma on this host.")
    parser.add_argument("--config", type=Path, default=CONFIGURATION)
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser("backup", help="make a backup while it runs")
    made.add_argument("--label", default="", help="what it is made for")
    commands.add_parser("list", help="name the backups")
    restored = commands.add_parser("restore", help="put a backup in the place of what is there")
    restored.add_argument("backup", help="a path, a name, or latest")
    restored.add_argument("--patience", type=float, default=300.0, help="seconds that it may take to answer")
    restored.add_argument("--as-it-is", action="store_true", help="save nothing before and start nothing afterwards")
    waited = commands.add_parser("wait", help="wait until it answers")
    waited.add_argument("--patience", type=float, default=300.0, help="seconds that it may take")
    beating = commands.add_parser("heartbeat", help="ask it, and tell CloudWatch")
    beating.add_argument("--dry-run", action="store_true", help="tell nobody")
    second = commands.add_parser("two-factor", help="set a user's second factor; the secret comes from standard input")
    second.add_argument("--dry-run", action="store_true", help="only say whether it differs")
    options = parser.parse_args(arguments)
    try:
        return perform(options)
    except Trouble as error:
        print(error, file=sys.stderr)
    except OSError as error:  # no room, no permission
        print(f"{options.command} failed: {error}.", file=sys.stderr)
    return 1


def perform(options: argparse.Namespace) -> int:
    """Do what the command says.

    :raises Trouble: it went wrong.
    """
    config = read(options.config)
    if options.command == "backup":
        with alone():
            say(str(backup.back_up(config, options.label)))
    elif options.command == "list":
        here, there = backup.listed(config)
        place = f"s3://{config.bucket.name}/{config.bucket.prefix}" if config.bucket else ""
        for line in [f"{config.backups}/{name}" for name in here] + [place + name for name in there]:
            say(line)
    elif options.command == "restore":
        usual = not options.as_it_is
        with alone():
            name = backup.restore(config, options.backup, options.patience, say, start=usual, safety=usual)
        say(f"Restored {name}.")
    elif options.command == "wait":
        server.wait(config, options.patience)
    elif options.command == "heartbeat":
        beat(config, tell=not options.dry_run)
    else:
        given = json.load(sys.stdin)
        with alone():
            secret = database.held_secret(given["secret"])
            changed = database.set_two_factor(config, given["user"], secret, check_only=options.dry_run)
        say("changed" if changed else "unchanged")
    return 0


def beat(config: Config, *, tell: bool) -> None:
    """Ask whether it answers, and give CloudWatch 1 or 0.

    :raises Trouble: CloudWatch was not told, which its alarm takes for silence.
    """
    why = server.state(config.url)
    say(f"Uptime Kuma does not watch: {why}" if why else "Uptime Kuma answers.")
    if tell:
        if not config.heartbeat or not config.account:
            raise Trouble("There is no heartbeat: set uptime_kuma_heartbeat and uptime_kuma_aws.")
        Aws(config.account).put_heartbeat(config.heartbeat, 0.0 if why else 1.0)


if __name__ == "__main__":
    sys.exit(main())
