# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that the role writes, and the one error that a user reads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Trouble(Exception):
    """What went wrong and what to do, in one sentence."""


@dataclass(frozen=True)
class Bucket:
    """Where backups go in S3. ``prefix`` is empty or ends in a slash."""

    name: str
    prefix: str = ""


@dataclass(frozen=True)
class Account:
    """AWS. Without a key, the environment's credentials are taken, else those of the instance's role."""

    region: str
    endpoint_url: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Heartbeat:
    """The metric that says that Uptime Kuma answers."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class Config:
    """What the program is told.

    :param url: where Uptime Kuma answers on this host.
    :param version: its release, ``""`` where nobody knows.
    :param data: its data directory.
    :param backups: the directory of the backups, readable by root alone.
    :param keep: how many backups stay there; ``0`` keeps all.
    :param start: the command that starts it.
    :param stop: the command that stops it, and returns when it has stopped.
    :param restarts: the command that prints how often it was started again by itself.
    :param container: the name of its container, ``""`` where it runs in none.
    """

    url: str
    version: str
    data: Path
    backups: Path
    keep: int
    start: tuple[str, ...]
    stop: tuple[str, ...]
    restarts: tuple[str, ...]
    container: str = ""
    bucket: Bucket | None = None
    account: Account | None = None
    heartbeat: Heartbeat | None = None


def read(path: Path) -> Config:
    """The configuration in a file of JSON.

    :raises Trouble: there is none, or it is not what the role writes.
    """
    try:
        return parse(json.loads(path.read_text()))
    except OSError as error:
        raise Trouble(
            f"The configuration {path} cannot be read ({error.strerror}): run the role uptime_kuma."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(f"The configuration {path} is damaged ({error!r}): run the role uptime_kuma again.") from None


def parse(given: Mapping[str, Any]) -> Config:
    """The configuration from what its file holds.

    :raises KeyError, TypeError: something is missing, or is there and unknown.
    """
    bucket, account, heartbeat = (given.get(name) for name in ("bucket", "account", "heartbeat"))
    return Config(
        url=given["url"],
        version=given["version"],
        data=Path(given["data"]),
        backups=Path(given["backups"]),
        keep=int(given["keep"]),
        start=tuple(given["start"]),
        stop=tuple(given["stop"]),
        restarts=tuple(given["restarts"]),
        container=given.get("container", ""),
        bucket=Bucket(**bucket) if bucket else None,
        account=Account(**account) if account else None,
        heartbeat=Heartbeat(**heartbeat) if heartbeat else None,
    )


def private(path: Path) -> int:
    """A new file that only we can read, opened for writing; its descriptor."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
