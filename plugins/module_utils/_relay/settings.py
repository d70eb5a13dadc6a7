# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the functions are told by their environment, and where an alert goes (pure)."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

from .._errors import InputError
from .alert import SEVERITIES

PREFIX = "KUMAWATCH_"
DEFAULT_PACE = 1.1


@dataclass(frozen=True)
class Channel:
    """A Google Chat space.

    :param default: whether it gets what names no channel.
    :param severities: what it takes; everything where empty.
    """

    name: str
    default: bool = False
    severities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """The environment of the functions.

    :param escalate_after: None where nothing escalates by time.
    :param pace: the seconds between two messages into one space.
    """

    environment: str
    table: str = ""
    secret_id: str = ""
    parameter: str = ""
    topics: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[Channel, ...] = (Channel("default", default=True),)
    escalate_after: timedelta | None = None
    front_door_url: str = ""
    runbooks: str = ""
    pace: float = DEFAULT_PACE
    zone: tzinfo = UTC
    region: str = ""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in ``environ``.

    :raises InputError: a variable is missing or cannot be right.
    """
    environment = environ.get(f"{PREFIX}ENVIRONMENT", "")
    if not environment:
        raise InputError("KUMAWATCH_ENVIRONMENT is not set; it names the environment, such as production.")
    topics = _json(environ, "TOPICS", {})
    if not isinstance(topics, dict) or not all(isinstance(arn, str) for arn in topics.values()):
        raise InputError("KUMAWATCH_TOPICS must be a JSON object of topic ARNs by severity.")
    minutes = _number(environ, "ESCALATE_AFTER", 0.0)
    return Settings(
        environment=environment,
        table=environ.get(f"{PREFIX}TABLE", ""),
        secret_id=environ.get(f"{PREFIX}SECRET_ID", ""),
        parameter=environ.get(f"{PREFIX}PARAMETER", ""),
        topics=topics,
        channels=_channels(_json(environ, "CHANNELS", [])),
        escalate_after=timedelta(minutes=minutes) if minutes else None,
        front_door_url=environ.get(f"{PREFIX}FRONT_DOOR_URL", "").rstrip("/"),
        runbooks=environ.get(f"{PREFIX}RUNBOOKS", ""),
        pace=_number(environ, "PACE", DEFAULT_PACE),
        zone=zone(environ.get(f"{PREFIX}TIMEZONE", "")),
        region=environ.get("AWS_REGION", ""),
    )


def zone(name: str) -> tzinfo:
    """The time zone ``name``; UTC where it is not known, since an alert at a foreign hour is better than none."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # that there is no such zone is a KeyError
        return UTC


def route(channels: t.Sequence[Channel], severity: str, named: str = "", told: t.Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the channels that an alert goes to; never none.

    :param named: the names of the tag ``channels``, separated by spaces.
    :param told: the channels that its incident was told to already: its end is told there as well.
    """
    by_name = {channel.name: channel for channel in channels}
    by_tag = {tagged(channel.name): channel for channel in channels} | by_name
    chosen = [by_tag[name] for name in named.replace(",", " ").split() if name in by_tag]
    if not chosen:
        chosen = [channel for channel in channels if channel.default] or list(channels[:1])
    taking = [channel for channel in chosen if not channel.severities or severity in channel.severities]
    before = [by_name[name] for name in told if name in by_name]
    if not taking and not before:
        # Nobody takes this severity: what would be lost goes to the default channels all the same.
        taking = [channel for channel in channels if channel.default] or chosen
    return tuple(dict.fromkeys(channel.name for channel in [*before, *taking]))


def tagged(name: str) -> str:
    """The name of a channel as it stands in a tag, which takes some characters only, and no spaces inside a name."""
    kept = "".join(char for char in name if char.isalnum() or char in " _.:/=+-@")
    return kept[:256].strip().replace(" ", "_")


def _channels(value: t.Any) -> tuple[Channel, ...]:
    if not isinstance(value, list):
        raise InputError("KUMAWATCH_CHANNELS must be a JSON list of channels.")
    made = []
    for index, entry in enumerate(value):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"]:
            raise InputError(f"KUMAWATCH_CHANNELS: entry {index + 1} needs a name.")
        severities = entry.get("severities") or []
        unknown = [name for name in severities if name not in SEVERITIES]
        if unknown:
            raise InputError(
                f"KUMAWATCH_CHANNELS: channel '{entry['name']}' names the severity '{unknown[0]}'; "
                f"there are {', '.join(SEVERITIES)}."
            )
        made.append(Channel(entry["name"], bool(entry.get("default")), tuple(severities)))
    if len({channel.name for channel in made}) != len(made):
        raise InputError("KUMAWATCH_CHANNELS names a channel twice.")
    return tuple(made) or (Channel("default", default=True),)


def _json(environ: Mapping[str, str], name: str, default: t.Any) -> t.Any:
    text = environ.get(f"{PREFIX}{name}", "")
    if not text:
        return default
    try:
        return json.loads(text)
    except ValueError:
        raise InputError(f"{PREFIX}{name} is not valid JSON.") from None


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(f"{PREFIX}{name}", "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise InputError(f"{PREFIX}{name} must be a number from 0 on, not '{text}'.")
    return value
