# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the resolved catalogue to what Uptime Kuma should have, in the shape that the modules take. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError
from .cascade import merged
from .catalogue import SEPARATOR, Catalogue
from .spec import listed

Entry = dict[str, Any]
Path = tuple[str, ...]

ENVIRONMENT_COLOR = "#4F46E5"
OWNER_COLOR = "#2563EB"


def monitors(
    catalogue: Catalogue, secrets: Mapping[str, Mapping[str, Any]] | None = None, relay: bool = False
) -> list[Entry]:
    """The monitors: a group for the environment, groups inside it, and the checks of each service.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param secrets: options that are secret, such as passwords, by the name of the monitor.
    :param relay: whether alerts for chat spaces go through the relay, see :func:`notifications`.
    :raises InputError: secrets are for a monitor that there is not.
    """
    environment = catalogue["environment"]
    labels = _tag("environment", environment, catalogue)
    secrets = secrets or {}
    groups: dict[Path, Entry] = {}
    entries: list[Entry] = []
    names = set()
    for service in catalogue["services"]:
        path = (environment, *service.get("group", ()))
        if service["state"] != "absent" and service["checks"]:
            for depth in range(1, len(path) + 1):
                groups.setdefault(path[:depth], _group(path[:depth], labels))
        for check in service["checks"]:
            names.add(check["name"])
            entries.append(_monitor(service, check, path, catalogue, labels, secrets.get(check["name"], {}), relay))
    stray = [name for name in secrets if name not in names]
    if stray:
        raise InputError(
            f"uptime_targets_monitor_secrets names '{stray[0]}', which is no monitor of the catalogue; "
            f"the monitors are {listed(sorted(names)[:20]) if names else 'none'}."
        )
    return [*groups.values(), *entries]


def _group(path: Path, tags: Sequence[Entry]) -> Entry:
    entry: Entry = {"name": path[-1], "type": "group", "tags": list(tags), "notifications": []}
    if len(path) > 1:
        entry["group"] = list(path[:-1])
    return entry


def _monitor(
    service: Mapping[str, Any],
    check: Mapping[str, Any],
    group: Path,
    catalogue: Catalogue,
    labels: Sequence[Entry],
    secrets: Mapping[str, Any],
    relay: bool,
) -> Entry:
    if service["state"] == "absent":
        return {"name": check["name"], "group": list(group), "state": "absent"}
    notification = {channel["name"]: channel["notification"] for channel in catalogue["channels"]}
    tags = [*labels]
    if relay:
        spaces = [channel for channel in catalogue["channels"] if channel["provider"] == "google_chat"]
        notification |= {channel["name"]: relay_name(catalogue) for channel in spaces}
        chosen = [channel["name"] for channel in spaces if channel["name"] in check["channels"]]
        # The relay looks for a tag of this name to know which spaces are meant, where they are not the usual ones.
        if chosen and chosen != [channel["name"] for channel in spaces if channel.get("default")]:
            tags += _tag("channels", " ".join(chosen), catalogue)
    if service.get("owner"):
        tags += _tag("owner", service["owner"], catalogue)
    for name, value in service["tags"].items():
        tags += _tag(str(name), str(value), catalogue)
    return {
        "name": check["name"],
        "group": list(group),
        "state": service["state"],
        "description": _description(service, check),
        "notifications": list(dict.fromkeys(notification[name] for name in check["channels"])),
        "tags": tags,
        **merged(check["options"], secrets),
    }


def _description(service: Mapping[str, Any], check: Mapping[str, Any]) -> str:
    """What someone who is woken by it wants to read first. Paragraphs, since newer servers show Markdown."""
    lines = [check.get("description") or service.get("description") or ""]
    if service.get("runbook"):
        lines.append(f"Runbook: {service['runbook']}")
    if service.get("depends_on"):
        lines.append(f"Depends on: {', '.join(service['depends_on'])}")
    if service.get("objective") is not None:
        lines.append(f"Objective: {service['objective']} % of the month")
    return "\n\n".join(line for line in lines if line)


def _tag(name: str, value: str, catalogue: Catalogue) -> list[Entry]:
    # One colour a tag: Uptime Kuma has no colours of values.
    color = {"environment": ENVIRONMENT_COLOR, "owner": OWNER_COLOR, **catalogue["tag_colors"]}.get(name)
    return [{"name": name, "value": value, **({"color": color} if color else {})}]


def relay_name(catalogue: Catalogue) -> str:
    """What Uptime Kuma calls the notification that goes through the relay."""
    return f"{catalogue['environment']}{SEPARATOR}relay"


def notifications(
    catalogue: Catalogue,
    webhooks: Mapping[str, str | None] | None = None,
    relay: Mapping[str, str] | None = None,
) -> list[Entry]:
    """The notifications behind the Google Chat channels that a service uses.

    :param webhooks: addresses by channel; the key ``""`` is that of every channel that has none of its own.
    :param relay: ``url`` and ``token`` of the front door of an alert channel. One notification then goes there for all
        spaces, and the relay does the rest: threads, pace, what is to be told again.
    :raises InputError: a channel has no address.
    """
    webhooks = webhooks or {}
    used = {name for service in catalogue["services"] for check in service["checks"] for name in check["channels"]}
    if relay:
        spaces = {channel["name"] for channel in catalogue["channels"] if channel["provider"] == "google_chat"}
        return [_to_relay(relay_name(catalogue), relay)] if used & spaces else []
    result = []
    for channel in catalogue["channels"]:
        if channel["provider"] != "google_chat" or channel["name"] not in used:
            continue
        url = webhooks.get(channel["name"]) or webhooks.get("")
        if not url:
            raise InputError(
                f"channel '{channel['name']}' has no webhook address: set uptime_targets_google_chat_webhook_url from "
                f"Ansible Vault, or KUMAWATCH_CHAT_WEBHOOK_URL in the environment."
            )
        result.append(
            {"name": channel["notification"], "google_chat": {"webhook_url": url, **channel.get("google_chat", {})}}
        )
    stray = [name for name in webhooks if name and name not in {channel["name"] for channel in catalogue["channels"]}]
    if stray:
        raise InputError(
            f"uptime_targets_google_chat_webhook_urls names '{stray[0]}', which is no channel of the catalogue: "
            f"declare it in monitoring_channels, or correct the name."
        )
    return result


def _to_relay(name: str, relay: Mapping[str, str]) -> Entry:
    return {
        "name": name,
        "type": "webhook",
        "config": {"webhookContentType": "json"},
        "secret_config": {
            "webhookURL": f"{relay['url'].rstrip('/')}/uptime-kuma",
            "webhookAdditionalHeaders": {"Authorization": f"Bearer {relay['token']}"},
        },
    }


def status_pages(catalogue: Catalogue) -> list[Entry]:
    """The environment's status page, with the services under their headings, in the order of the catalogue."""
    page = catalogue["status_page"]
    if not page["enabled"]:
        return []
    groups: dict[str, list[list[str]]] = {}
    for service in catalogue["services"]:
        if service["state"] == "absent" or not service["status_page"]["shown"]:
            continue
        for check in service["checks"]:
            if check["shown"]:
                groups.setdefault(service["status_page"]["group"], []).append(_path(catalogue, service, check))
    entry = {key: value for key, value in page.items() if key != "enabled"}
    return [{**entry, "groups": [{"name": name, "monitors": members} for name, members in groups.items()]}]


def maintenances(catalogue: Catalogue) -> list[Entry]:
    """The maintenance windows, each with the monitors that it concerns and the status page that announces it."""
    pages = [page["slug"] for page in status_pages(catalogue)]
    result = []
    for window in catalogue["maintenances"]:
        # Whether CloudWatch is silent, too, is no business of Uptime Kuma.
        entry = {key: value for key, value in window.items() if key not in ("all", "services", "mute_alarms")}
        if entry["state"] == "absent":
            result.append({"title": entry["title"], "state": "absent"})
            continue
        concerned = [
            _path(catalogue, service, check)
            for service in catalogue["services"]
            if service["state"] != "absent" and (window["all"] or service["name"] in window["services"])
            for check in service["checks"]
        ]
        # The group stands for all that is in it, and for what will be.
        entry["monitors"] = [[catalogue["environment"]]] if window["all"] and concerned else concerned
        result.append({**entry, "status_pages": pages})
    return result


def summary(catalogue: Catalogue) -> Entry:
    """What the daily status summary is about: each service by its first monitor, in the summary's own configuration."""
    services = []
    for service in catalogue["services"]:
        if service["state"] == "absent" or not service["checks"]:
            continue
        declared = {key: service[key] for key in ("objective", "runbook") if service.get(key) is not None}
        path = _path(catalogue, service, service["checks"][0])
        services.append({"name": service["name"], "path": path, **declared})
    environment = catalogue["environment"]
    return {"environment": environment, "group": [environment], "services": services}


def _path(catalogue: Catalogue, service: Mapping[str, Any], check: Mapping[str, Any]) -> list[str]:
    return [catalogue["environment"], *service.get("group", ()), check["name"]]
