# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `kumawatch-health`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from . import __version__
from .config import Config, ConfigError
from .monitor import Monitor
from .results import Status, document, worst
from .server import Service, environment_of, load


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 2 for a bad configuration."""
    parser = argparse.ArgumentParser(prog="kumawatch-health", description="A /health endpoint.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--config", type=Path, default=Path("/etc/kumawatch-health/config.yml"))
    parser.add_argument(
        "--environment", type=Path, help="a file of NAME=value lines for the variables of the configuration"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer requests; SIGHUP takes the configuration anew")
    commands.add_parser("validate", help="say what is wrong with the configuration")
    commands.add_parser("check", help="run each check once, print the document; exit status 1 when something fails")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    # Its debug lines would hold addresses with logins; its info lines are a line a check.
    for library in ("httpx", "httpcore", "aio_pika", "aiormq", "asyncmy", "uvicorn"):
        logging.getLogger(library).setLevel(logging.ERROR)
    try:
        if options.command == "serve":
            return _serve(options)
        config = load(options.config, environment_of(options.environment))
        return asyncio.run(_once(config, run=options.command == "check"))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _serve(options: argparse.Namespace) -> int:
    async def serve() -> None:
        await Service(options.config, options.environment).serve()

    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())
    return 0


async def _once(config: Config, *, run: bool) -> int:
    monitor = Monitor(config)
    if not run:
        print("The configuration is valid.")
        return 0
    results = await asyncio.gather(*(monitor.run(check) for check in monitor.config.checks))
    print(
        json.dumps(document(results, {"serviceId": monitor.config.service}, details=True), ensure_ascii=False, indent=2)
    )
    return int(worst(results) is Status.FAIL)
