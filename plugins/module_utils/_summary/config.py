# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the summary is about: the file that ``--config`` names, checked (pure)."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from .._errors import InputError
from .._google_chat.cards import is_web_address
from .._kuma.paths import Path, as_path, label
from .card import Links
from .digest import DEFAULT_CERTIFICATE_DAYS, DEFAULT_SLOWEST

MAX_SLOWEST = 20


@dataclass(frozen=True)
class Declared:
    """A service as declared.

    :param path: its monitor, from the outermost group inwards.
    :param objective: percent, or None where there is none.
    """

    name: str
    path: Path
    objective: float | None = None
    runbook: str | None = None


@dataclass(frozen=True)
class Config:
    """What the summary is about.

    :param group: the group whose monitors are meant; empty for the whole server.
    :param managed_by: the value of the tag ``managed-by`` that a monitor must carry; None for every monitor.
    :param objective: of services that declare none.
    :param services: in the catalogue; None where every monitor of the group is one.
    """

    environment: str
    group: Path = ()
    managed_by: str | None = "kumawatch"
    objective: float | None = None
    services: tuple[Declared, ...] | None = None
    certificate_days: int = DEFAULT_CERTIFICATE_DAYS
    slowest: int = DEFAULT_SLOWEST
    zone: tzinfo = UTC
    links: Links = field(default_factory=Links)


def read_config(data: object) -> Config:
    """The configuration in ``data``, the parsed file.

    :raises InputError: the first key that cannot be right, in one sentence.
    """
    if not isinstance(data, Mapping):
        raise InputError("The configuration must be a JSON object.")
    _only(data, _KEYS, "The configuration")
    environment = _text(data, "environment", required=True)
    group = as_path(data.get("group"), "The option 'group'")
    objective = _objective(data.get("objective"), "The option 'objective'")
    managed_by = data.get("managed_by", "kumawatch")
    if managed_by is not None and (not isinstance(managed_by, str) or not managed_by):
        raise InputError("The option 'managed_by' must be the value of the tag managed-by, or null for every monitor.")
    return Config(
        environment=t.cast(str, environment),
        group=group,
        managed_by=managed_by,
        objective=objective,
        services=_services(data.get("services"), group, objective),
        certificate_days=_whole(data, "certificate_days", DEFAULT_CERTIFICATE_DAYS, 0, 3650),
        slowest=_whole(data, "slowest", DEFAULT_SLOWEST, 0, MAX_SLOWEST),
        zone=_zone(data.get("time_zone")),
        links=Links(
            status_page=_address(data, "status_page_url", "The configuration"),
            kuma=_address(data, "kuma_url", "The configuration"),
            runbook=_address(data, "runbook", "The configuration"),
        ),
    )


_KEYS = (
    "environment",
    "group",
    "managed_by",
    "objective",
    "services",
    "certificate_days",
    "slowest",
    "time_zone",
    "status_page_url",
    "kuma_url",
    "runbook",
)
_SERVICE_KEYS = ("name", "path", "objective", "runbook")


def _services(value: object, group: Path, objective: float | None) -> tuple[Declared, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise InputError("The option 'services' must be a list.")
    found: list[Declared] = []
    seen: dict[Path, int] = {}
    for number, entry in enumerate(value, start=1):
        if not isinstance(entry, Mapping):
            raise InputError(f"Service {number} of the configuration must be an object with a name.")
        if not isinstance(entry.get("name"), str) or not entry["name"].strip():
            raise InputError(f"Service {number} of the configuration needs a name.")
        name = str(entry["name"])
        what = f"Service '{name}' of the configuration"
        _only(entry, _SERVICE_KEYS, what)
        path = as_path(entry.get("path"), f"The option 'path' of service '{name}'") or (*group, name)
        if path in seen:
            raise InputError(
                f"Services {seen[path]} and {number} of the configuration name the same monitor '{label(path)}'."
            )
        seen[path] = number
        own = entry.get("objective", objective)  # null says that this one has none
        found.append(
            Declared(
                name=name,
                path=path,
                objective=_objective(own, f"The option 'objective' of service '{name}'"),
                runbook=_address(entry, "runbook", what),
            )
        )
    return tuple(found)


def _only(data: Mapping[str, t.Any], known: tuple[str, ...], what: str) -> None:
    unknown = sorted(str(key) for key in data if key not in known)
    if unknown:
        raise InputError(f"{what} has the unknown option '{unknown[0]}'; it takes {', '.join(known)}.")


def _text(data: Mapping[str, t.Any], key: str, *, required: bool = False) -> str | None:
    value = data.get(key)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"The option '{key}' must be a text that is not empty.")
    return value


def _address(data: Mapping[str, t.Any], key: str, what: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if not is_web_address(value):
        raise InputError(f"{what} has a '{key}' that is not an http or https address.")
    return str(value)


def _objective(value: object, what: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 100:
        raise InputError(f"{what} must be a percentage above 0 and up to 100, such as 99.9.")
    return float(value)


def _whole(data: Mapping[str, t.Any], key: str, default: int, least: int, most: int) -> int:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"The option '{key}' must be a whole number from {least} to {most}.")
    return value


def _zone(name: object) -> tzinfo:
    if name is None or name == "UTC":
        return UTC
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError):
        raise InputError(
            f"The option 'time_zone' names '{name}', which this host does not know; try Europe/Berlin."
        ) from None
