# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report is to read, out of the file that lies beside it in the zip (pure)."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._errors import InputError
from .queries import Format

DEFAULT_TOP = 5
DEFAULT_DAYS = 7
MAX_DAYS = 30


@dataclass(frozen=True)
class Group:
    """A log group.

    :param format: how its lines look, one of the configuration's formats.
    :param target_groups: ARNs of the target groups whose requests are the service's, where it shares the log group of a
        load balancer with others; empty for all.
    """

    name: str
    format: str
    target_groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Service:
    """A service and where it logs."""

    name: str
    groups: tuple[Group, ...] = ()
    owner: str = ""
    runbook: str = ""


@dataclass(frozen=True)
class Config:
    """What the report is about.

    :param formats: how to read each kind of log.
    :param top: how many patterns and routes are named.
    :param days: how many days before are compared with.
    :param dashboard: the name of the one with the logs; empty: none.
    :param runbook: a web address of the report's own; empty: none.
    """

    services: tuple[Service, ...] = ()
    formats: Mapping[str, Format] = field(default_factory=dict)
    top: int = DEFAULT_TOP
    days: int = DEFAULT_DAYS
    dashboard: str = ""
    partition: str = "aws"

    def kind(self, group: Group) -> Format:
        """How to read a log group."""
        return self.formats[group.format]

    @functools.cached_property
    def owners(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """The services of each log group, with the target groups that are theirs in it."""
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for service in self.services:
            for group in service.groups:
                found.setdefault(group.name, []).append((service.name, group.target_groups))
        return found

    def owner(self, group: str, target_group: str = "") -> str:
        """Whose a line is; the log group's own name where nobody can tell, and nothing for a group that was not asked.

        A line is counted once: what several services share and nothing tells apart is nobody's.
        """
        entries = self.owners.get(group, [])
        named = {service for service, targets in entries if target_group and target_group in targets}
        open_to_all = {service for service, targets in entries if not targets}
        for services in (named, open_to_all):
            if len(services) == 1:
                return next(iter(services))
            if services:
                break
        return group if entries else ""


def read_config(text: str | bytes) -> Config:
    """The configuration in ``text``, a JSON object.

    :raises InputError: it cannot be right.
    """
    try:
        data: t.Any = json.loads(text)
    except (ValueError, TypeError):
        data = None
    if not isinstance(data, Mapping) or not isinstance(data.get("services", []), list):
        raise InputError('The report\'s configuration is no JSON object such as {"services": […]}.')
    formats = {str(name): _format(str(name), entry) for name, entry in (data.get("formats") or {}).items()}
    services, kinds = [], dict[str, str]()
    for index, entry in enumerate(data.get("services", [])):
        service = _service(entry, index, formats)
        for group in service.groups:
            if kinds.setdefault(group.name, group.format) != group.format:
                raise InputError(
                    f"The report's log group '{group.name}' has the formats '{kinds[group.name]}' and "
                    f"'{group.format}': give it one."
                )
        services.append(service)
    names = [service.name for service in services]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"The report's configuration names the service '{twice}' twice.")
    return Config(
        services=tuple(services),
        formats=formats,
        top=_number(data, "top", DEFAULT_TOP, 1, 10),
        days=_number(data, "days", DEFAULT_DAYS, 1, MAX_DAYS),
        dashboard=str(data.get("dashboard") or ""),
        partition=str(data.get("partition") or "aws"),
    )


def _service(entry: t.Any, index: int, formats: Mapping[str, Format]) -> Service:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not name:
        raise InputError(f"The report's configuration: service {index + 1} needs a name.")
    groups = []
    for group in entry.get("groups") or []:
        if not isinstance(group, Mapping) or not isinstance(group.get("name"), str) or not group["name"]:
            raise InputError(f"The report's service '{name}': each of its groups needs a name.")
        kind = str(group.get("format") or "")
        if kind not in formats:
            raise InputError(
                f"The report's service '{name}': the log group '{group['name']}' has the format '{kind}', which is not "
                f"among {', '.join(sorted(formats)) or 'its formats'}."
            )
        targets = tuple(str(arn) for arn in group.get("target_groups") or ())
        groups.append(Group(group["name"], kind, targets))
    return Service(
        name=name,
        groups=tuple(dict.fromkeys(groups)),
        owner=str(entry.get("owner") or ""),
        runbook=str(entry.get("runbook") or ""),
    )


def _format(name: str, entry: t.Any) -> Format:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("errors"), str) or not entry["errors"]:
        raise InputError(f"The report's format '{name}' needs errors: the condition for lines that are errors.")
    texts = {key: str(entry[key]) for key in ("status", "route", "method", "seconds", "target_group") if entry.get(key)}
    prelude = tuple(str(command) for command in entry.get("prelude") or ())
    return Format(errors=entry["errors"], prelude=prelude, access=bool(entry.get("access")), **texts)


def _number(data: Mapping[str, t.Any], name: str, default: int, least: int, most: int) -> int:
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"The report's {name} must be a whole number from {least} to {most}, not {value!r}.")
    return value
