# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's commands."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import threading
import time

from lab.core import SERVICES, Lab
from lab.errors import LabError
from lab.node import find_node
from lab.paths import Paths

STARTED = time.monotonic()


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit status. Errors are one sentence on standard error."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(Lab(Paths.from_environment(), progress), options)
        return status
    except LabError as exc:
        print(f"Error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. `python -m lab up` carries on, `python -m lab down` stops what runs.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


_output = threading.Lock()


def progress(text: str) -> None:
    with _output:
        print(f"  {text}", flush=True)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m lab",
        description="The lab: a real Uptime Kuma, a stand-in for AWS, a chat space and demo services on loopback.",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(run=run)
        return command

    add("up", up, "start what does not run, mend what is broken, and say where everything is")
    command = add("down", down, "stop everything")
    command.add_argument("--purge", action="store_true", help="remove the state too: monitors, messages, passwords")
    command.add_argument(
        "--all", action="store_true", help="with the state, remove the installed Uptime Kuma and AWS stand-in too"
    )
    add("status", status, "say what runs and where; exit status 1 when something does not")
    for name, run, text in (
        ("break", set_broken, "break a demo service, really"),
        ("mend", set_broken, "mend a demo service"),
    ):
        command = add(name, run, text)
        command.add_argument("service", metavar="SERVICE", help=", ".join(SERVICES))
        command.set_defaults(broken=name == "break")
    command = add("load", set_load, "put what a demo service runs on under load")
    command.add_argument("service", metavar="SERVICE", help=", ".join(SERVICES))
    for name in ("cpu", "memory", "disk"):
        command.add_argument(f"--{name}", type=percent, metavar="PERCENT", help="97 of the processors if none is given")
    command = add("ease", set_load, "ease it again")
    command.add_argument("service", metavar="SERVICE", help=", ".join(SERVICES))
    command = add("logs", logs, "print the log of a part")
    command.add_argument("part", metavar="PART", help="kuma, aws, usage, shipper, chat, npm, pip or a demo service")
    command.add_argument("-n", "--lines", type=int, default=50, help="how many lines, from the end (50)")
    add("env", env, "print the endpoints as shell exports")
    add("node", node, "print the path of the Node.js that runs Uptime Kuma")
    return top


def up(lab: Lab, options: argparse.Namespace) -> int:
    outcomes = lab.up()
    width = max(len(outcome.part.title) for outcome in outcomes)
    endpoints = lab.endpoints()
    shown = {"kuma": endpoints["kuma"]["url"], "chat": endpoints["chat"]["page_url"]}
    shown["aws"] = endpoints["aws"]["endpoint_url"]
    shown |= {service["name"]: service["url"] for service in endpoints["services"]}
    if "kuma" not in {outcome.part.name for outcome in outcomes}:
        print(f"{'Uptime Kuma':<{width}}  external  {shown['kuma']}")
    if "aws" not in {outcome.part.name for outcome in outcomes}:
        print(f"{'AWS':<{width}}  external  {shown['aws']}")
    for outcome in outcomes:
        where = shown.get(outcome.part.name, "reports to the stand-in for AWS")
        print(f"{outcome.part.title:<{width}}  {outcome.state:<8}  {where}")
    print(f"The lab is up ({time.monotonic() - STARTED:.1f} s). Logins and URLs: {lab.paths.endpoints}")
    return 0


def down(lab: Lab, options: argparse.Namespace) -> int:
    stopped = lab.down(purge=options.purge, everything=options.all)
    print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")
    if options.all:
        print("Removed the lab's state, the installed Uptime Kuma and the installed AWS stand-in.")
    elif options.purge:
        print(f"Removed the lab's state. What is installed stays in {lab.paths.cache}; --all removes it too.")
    return 0


def status(lab: Lab, options: argparse.Namespace) -> int:
    rows = lab.status()
    width = max(len(title) for title, _state, _where in rows)
    for title, state, where in rows:
        print(f"{title:<{width}}  {state:<8}  {where}".rstrip())
    return 0 if all(state in ("running", "broken", "external") for _title, state, _where in rows) else 1


def set_broken(lab: Lab, options: argparse.Namespace) -> int:
    lab.set_broken(options.service, options.broken)
    print(f"{options.service} is {'broken' if options.broken else 'mended'}.")
    return 0


def percent(text: str) -> float:
    """A share given on the command line."""
    if not text.replace(".", "", 1).isdigit() or not 0 <= float(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 100")
    return float(text)


def set_load(lab: Lab, options: argparse.Namespace) -> int:
    names = ("cpu", "memory", "disk")
    load = {name: value for name in names if (value := getattr(options, name, None)) is not None}
    if hasattr(options, "cpu") and not load:
        load = {"cpu": 97.0}
    lab.set_load(options.service, load)
    shown = ", ".join(f"{name} {value:g} %" for name, value in load.items())
    print(f"{options.service}: {shown or 'quiet again'}.")
    return 0


def logs(lab: Lab, options: argparse.Namespace) -> int:
    print("\n".join(lab.log_lines(options.part, options.lines)))
    return 0


def env(lab: Lab, options: argparse.Namespace) -> int:
    for name, value in lab.variables().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def node(lab: Lab, options: argparse.Namespace) -> int:
    found = find_node()
    print(found.describe(), file=sys.stderr)
    print(found.path)
    return 0
