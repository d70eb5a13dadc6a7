# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Lambda function: the environment, the clients of AWS, and nothing that needs thinking about."""

from __future__ import annotations

import functools
import importlib.resources
import json
import os
import sys
import time
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

from .._relay.post import Poster, scrub
from .._relay.secrets import Vault, fetcher
from .._relay.settings import Settings, read_settings
from .._relay.store import DynamoStore, MemoryStore, Store
from .config import Config, read_config
from .insights import Insights
from .run import Work

CONFIG = "error_report.json"
"""The file beside the packages of the zip that says what there is to read."""

_DEFAULT_SECONDS = 300.0


def report(event: Mapping[str, t.Any] | None = None, context: t.Any = None) -> dict[str, t.Any]:
    """Post the error report of yesterday, or what ``event`` asks for; see :meth:`.run.Work.run`."""
    deadline = time.time() + _remaining(context)
    settings = read_settings(os.environ)
    vault = Vault(fetcher(_client, settings.secret_id, settings.parameter))

    def log(what: str, **facts: t.Any) -> None:
        line = json.dumps({"what": what, **facts}, ensure_ascii=False, default=str)
        sys.stdout.write(f"{scrub(line, vault.hidden)}\n")

    # Without a table there is nothing to remember with, and the days before are read each time.
    store: Store = DynamoStore(_client("dynamodb"), settings.table) if settings.table else MemoryStore()
    work = Work(
        config=_config(),
        settings=settings,
        store=store,
        spaces=Poster(vault, store, interval=settings.pace),
        insights=lambda until: Insights(_client("logs"), until),
        log=log,
        note=_zone_note(os.environ.get("KUMAWATCH_TIMEZONE", ""), settings),
    )
    return work.run(event or {}, datetime.now(UTC), deadline)


def _zone_note(name: str, settings: Settings) -> str:
    if settings.zone is UTC and name not in ("", "UTC", "Etc/UTC"):
        return f"The time zone {name} is not known here: the day is one of UTC."
    return ""


@functools.cache
def _config() -> Config:
    package = __package__.rpartition(".")[0]
    return read_config((importlib.resources.files(package) / CONFIG).read_bytes())


@functools.cache
def _client(service: str) -> t.Any:
    import boto3
    from botocore.config import Config as Options

    options = Options(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "max_attempts": 4})
    return boto3.client(service, config=options)


def _remaining(context: t.Any) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if callable(remaining) else _DEFAULT_SECONDS
