# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that a timer runs: gather, digest, post."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import typing as t
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from .._errors import InputError, KumawatchError
from .._google_chat import sender
from .._google_chat.webhook import check_webhook
from .._kuma import client as kuma
from .card import message
from .config import Config, read_config
from .digest import Digest, digest
from .gather import LISTS, RECORD, gather
from .table import table

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_INPUT = 2

URL = "KUMAWATCH_KUMA_URL"
USERNAME = "KUMAWATCH_KUMA_USERNAME"
PASSWORD = "KUMAWATCH_KUMA_PASSWORD"
TOKEN = "KUMAWATCH_KUMA_TOKEN"
TOTP_SECRET = "KUMAWATCH_KUMA_TOTP_SECRET"
HEADERS = "KUMAWATCH_KUMA_HEADERS"
VALIDATE_CERTS = "KUMAWATCH_KUMA_VALIDATE_CERTS"
CA_PATH = "KUMAWATCH_KUMA_CA_PATH"
TIMEOUT = "KUMAWATCH_KUMA_TIMEOUT"
WEBHOOK = "KUMAWATCH_CHAT_WEBHOOK_URL"

# The client speaks of the modules' options; here they are variables.
_OPTIONS = {
    "api_url": URL,
    "api_username": USERNAME,
    "api_password": PASSWORD,
    "api_token": TOKEN,
    "api_totp_secret": TOTP_SECRET,
    "api_headers": HEADERS,
    "validate_certs": VALIDATE_CERTS,
    "ca_path": CA_PATH,
    "api_timeout": TIMEOUT,
}

_EPILOG = f"""\
environment:
  {URL}            address of the Uptime Kuma server
  {USERNAME}       and {PASSWORD}: the login,
  {TOKEN}          or a token in their place
  {TOTP_SECRET}    secret of the second factor, where the user has one
  {HEADERS}        JSON object of headers for a proxy before the server
  {VALIDATE_CERTS} "false" takes any certificate
  {CA_PATH}        file of the certificate authorities to trust
  {TIMEOUT}        seconds to wait for an answer (300)
  {WEBHOOK}    address of the Google Chat webhook

Each can be read from a file in its place: {PASSWORD}_FILE=/path.

exit status: {EXIT_OK} posted or shown, {EXIT_FAILED} a server or Google Chat did not take part,
{EXIT_INPUT} the configuration or a variable is wrong
"""


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Run the command; returns its exit status. One sentence on standard error where something is wrong."""
    options = _parser().parse_args(argv)
    try:
        asyncio.run(_run(options, os.environ if environ is None else environ))
    except InputError as error:
        return _fail(error, EXIT_INPUT)
    except KumawatchError as error:
        return _fail(error, EXIT_FAILED)
    except BrokenPipeError:
        # Whoever read the output has enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return EXIT_OK


async def summarise(connection: kuma.Connection, config: Config, now: datetime) -> Digest:
    """The digest of what the server at ``connection`` measured until ``now``.

    :raises KumawatchError: the server cannot be read.
    """
    if kuma.socketio is None:
        raise KumawatchError(
            "Reading Uptime Kuma needs the Python libraries python-socketio and aiohttp; install them with pip."
        )
    async with kuma.connect(connection, LISTS, record=RECORD) as client:
        if client.needs_setup:
            raise KumawatchError(f"Uptime Kuma at {connection.shown} has no user yet; set it up first.")
        services = await gather(client, config, now)
    return digest(
        config.environment,
        services,
        now,
        certificate_days=config.certificate_days,
        slowest=config.slowest,
    )


def connection_from(environ: Mapping[str, str]) -> kuma.Connection:
    """The connection that the variables name.

    :raises InputError: one is missing or cannot be right; its value is not said.
    """
    url = _value(environ, URL)
    if not url:
        raise InputError(f"{URL} is not set; it names the Uptime Kuma server, such as https://status.example.com.")
    username, password, token = _value(environ, USERNAME), _value(environ, PASSWORD), _value(environ, TOKEN)
    if username and password is None and not token:
        raise InputError(f"{USERNAME} is set, but neither {PASSWORD} nor {PASSWORD}_FILE is.")
    return kuma.Connection(
        url=url,
        username=username,
        password=password,
        token=token,
        totp_secret=_value(environ, TOTP_SECRET),
        headers=_headers(_value(environ, HEADERS)),
        validate_certs=_boolean(VALIDATE_CERTS, _value(environ, VALIDATE_CERTS), True),
        ca_path=_value(environ, CA_PATH),
        timeout=_seconds(TIMEOUT, _value(environ, TIMEOUT), 300.0),
    )


async def _run(options: argparse.Namespace, environ: Mapping[str, str]) -> None:
    config = read_config(_load(options.config))
    posting = not (options.dry_run or options.print)
    webhook = _webhook(environ) if posting else ""
    made = await summarise(connection_from(environ), config, datetime.now(UTC))
    if options.print:
        sys.stdout.write(table(made, config.zone))
        return
    card = message(made, links=config.links, zone=config.zone)
    if options.dry_run:
        sys.stdout.write(json.dumps(card, ensure_ascii=False, indent=2) + "\n")
        return
    async with sender.ChatSender(webhook, deadline=options.deadline) as chat:
        await chat.post(card)


def _webhook(environ: Mapping[str, str]) -> str:
    url = _value(environ, WEBHOOK)
    if not url:
        raise InputError(
            f"{WEBHOOK} is not set; it is the webhook's address, from the settings of the Google Chat space."
        )
    try:
        check_webhook(url)
    except KumawatchError as error:
        raise InputError(f"{WEBHOOK}: {error}") from None
    return url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kumawatch-summary",
        description="Post the daily status summary of the services on an Uptime Kuma server to Google Chat.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", metavar="FILE", required=True, help="JSON file that says what the summary is about")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--dry-run", action="store_true", help="show the message as JSON and post nothing")
    shown.add_argument("--print", action="store_true", help="show a table of all services and post nothing")
    parser.add_argument(
        "--deadline",
        metavar="SECONDS",
        type=_positive,
        default=300.0,
        help="how long Google Chat may refuse the message before the command gives up (300)",
    )
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _load(name: str) -> object:
    try:
        return json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The configuration {name} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"The configuration {name} is not valid JSON{where}.") from None


def _value(environ: Mapping[str, str], name: str) -> str | None:
    """The variable ``name``, or what the file holds that ``name_FILE`` names; None where neither is set."""
    direct, file = environ.get(name), environ.get(f"{name}_FILE")
    if direct and file:
        raise InputError(f"Both {name} and {name}_FILE are set; set one of them.")
    if direct:
        return direct
    if not file:
        return None
    try:
        content = Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise InputError(f"{name}_FILE names {file}, which cannot be read: {error.strerror}.") from None
    except ValueError:
        raise InputError(f"{name}_FILE names {file}, which is not text in UTF-8.") from None
    if not content:
        raise InputError(f"{name}_FILE names {file}, which is empty.")
    return content


def _headers(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    try:
        data: t.Any = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise InputError(f'{HEADERS} must be a JSON object of texts, such as {{"X-Access": "…"}}.')
    return data


def _boolean(name: str, text: str | None, default: bool) -> bool:
    if text is None:
        return default
    if text.lower() in ("true", "yes", "1", "on"):
        return True
    if text.lower() in ("false", "no", "0", "off"):
        return False
    raise InputError(f"{name} must be true or false, not '{text}'.")


def _seconds(name: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        return _positive(text)
    except ValueError:
        raise InputError(f"{name} must be a number of seconds, not '{text}'.") from None


def _fail(error: KumawatchError, code: int) -> int:
    text = str(error)
    for option, variable in _OPTIONS.items():
        text = text.replace(option, variable)
    sys.stderr.write(f"kumawatch-summary: {' '.join(text.split())}\n")
    return code
