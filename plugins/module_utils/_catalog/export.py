# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what ``kuma_info`` gathered to the variables that make the same again. Pure.

The variables are those of the role ``uptime_targets``, in the words of the modules; or, for the monitors of one group,
those of the catalogue. What the catalogue would not make again exactly as it is stays in the words of the modules:
every service is tried before it is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import InputError
from .._kuma.fields import MONITOR_FIELDS, MONITOR_TYPES, REFERENCES, Field, defaults, normal, parse_version
from .catalogue import SEPARATOR, CatalogueError, resolve
from .health import secret_options
from .spec import Options
from .uptime import ENVIRONMENT_COLOR, OWNER_COLOR, monitors

#: The kinds that a server has, in the order in which they refer to each other, and so that of the file.
KINDS = (
    "settings",
    "proxies",
    "docker_hosts",
    "remote_browsers",
    "notifications",
    "monitors",
    "status_pages",
    "maintenances",
)

_FIELDS: dict[str, Field] = {item.option: item for item in MONITOR_FIELDS}
_REFERENCES = frozenset(reference.option for reference in REFERENCES)
_WEB = frozenset({"http", "json-query", "keyword"})
_SAME = (
    "interval",
    "retries",
    "retry_interval",
    "resend_interval",
    "timeout",
    "accepted_status_codes",
    "max_redirects",
)
#: What the defaults of the environment are found from: the most common value of each.
_COMMON = {
    "interval": 60,
    "retries": 0,
    "resend_interval": 0,
    "accepted_status_codes": ["200"],
    "certificate_expiry": True,
}

Entry = Mapping[str, Any]


def variables(gathered: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the role ``uptime_targets`` that declare what was gathered, empty ones left out."""
    return {f"uptime_targets_{kind}": gathered[kind] for kind in KINDS if gathered.get(kind)}


def heading(gathered: Mapping[str, Any], url: str, environment: str | None = None) -> list[str]:
    """What a reader should know of the file, line by line.

    :param url: address of the server.
    :param environment: the group whose monitors are services of a catalogue in it.
    """
    lines = [
        f"Configuration of the Uptime Kuma server {url}, version {gathered['version']}.",
        "Variables of the role kumawatch.monitoring.uptime_targets: put the file into an inventory's group_vars.",
    ]
    withheld = gathered.get("withheld") or []
    if withheld:
        lines += ["", "Not in here, since they are secrets:", *(f"  {secret}" for secret in withheld)]
    losing = [_path(entry) for entry in gathered.get("monitors") or () if environment and _loses(entry, environment)]
    if losing:
        lines += [
            "",
            "The catalogue gives groups no notifications and no tags of their own. Applying it takes them from:",
        ]
        lines += [f"  {SEPARATOR.join(path)}" for path in losing]
    return lines


def _loses(entry: Entry, environment: str) -> bool:
    """Whether an entry is a group of the environment with what the catalogue cannot say."""
    if entry.get("type") != "group" or _path(entry)[0] != environment:
        return False
    return bool(entry.get("notifications")) or bool(_tags(entry) - {("environment", environment)})


# -- as a catalogue ----------------------------------------------------------------------------------------------------


@dataclass
class _Context:
    """What the services have in common."""

    environment: str
    version: tuple[int, int, int]
    options: Options
    channels: dict[str, dict[str, Any]]
    """By the name of the notification."""
    names: Collection[str]
    """Of all services."""
    colors: dict[str, str] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)
    """Options of checks that most of them have."""
    usual: list[str] = field(default_factory=list)
    """The channels that most of them use."""

    def variables(self, services: Sequence[Entry]) -> dict[str, Any]:
        health = {key: value for key, value in self.common.items() if value != _COMMON[key]}
        shared = {**({"channels": self.usual} if self.usual else {}), **({"health": health} if health else {})}
        return {
            "monitoring_environment": self.environment,
            **({"monitoring_defaults": shared} if shared else {}),
            "monitoring_channels": list(self.channels.values()),
            **({"monitoring_tag_colors": self.colors} if self.colors else {}),
            "monitoring_services": list(services),
        }


def catalogue(gathered: Mapping[str, Any], environment: str, options: Options) -> dict[str, Any]:
    """The variables that declare what was gathered, with the monitors of one group as services of a catalogue.

    :param environment: a group at the top, whose name becomes the environment's.
    :param options: the argument spec of the role ``catalogue``.
    :raises InputError: there is no such group, or no monitor in it.
    """
    entries: list[Entry] = list(gathered.get("monitors") or [])
    inside = [entry for entry in entries if _path(entry)[0] == environment and entry.get("type") != "group"]
    inside = [entry for entry in inside if len(_path(entry)) > 1]
    if not inside:
        groups = sorted(_path(entry)[0] for entry in entries if entry.get("type") == "group" and not entry.get("group"))
        known = ", ".join(f"'{group}'" for group in groups) or "no groups"
        raise InputError(f"There are no monitors in a group '{environment}' at the top: the server has {known}.")
    context = _Context(
        environment,
        parse_version(str(gathered["version"])),
        options,
        _channels(inside, gathered.get("notifications") or [], environment),
        {str(entry["name"]) for entry in inside},
        _colors(inside),
    )
    context.common = _common(inside, context)
    context.usual = _most_common([_channels_of(entry, context) for entry in inside])
    services: list[dict[str, Any]] = []
    secrets: dict[str, dict[str, Any]] = {}
    left: list[Entry] = []
    seen: set[str] = set()
    for entry in inside:
        # The catalogue's names are unique, those in different groups of a server need not be.
        made = None if entry["name"] in seen else _service(entry, context)
        if made is None:
            left.append(entry)
            continue
        seen.add(str(entry["name"]))
        services.append(made[0])
        if made[1]:
            secrets[str(entry["name"])] = made[1]
    services = _without_strangers(services)
    result = context.variables(services)
    try:
        resolved = resolve(result, options)
    except CatalogueError as error:
        raise InputError(f"The group '{environment}' cannot be written as a catalogue: {error.problems[0]}") from None
    made_paths = {_path(entry) for entry in monitors(resolved)}
    rest = [entry for entry in entries if _path(entry) not in made_paths]
    webhooks, others = _notifications(gathered.get("notifications") or [], context)
    return {
        **result,
        "monitoring_status_page": {"enabled": False},
        **({"uptime_targets_monitor_secrets": secrets} if secrets else {}),
        **({"uptime_targets_google_chat_webhook_urls": webhooks} if webhooks else {}),
        **variables({**gathered, "monitors": rest, "notifications": others}),
    }


def _path(entry: Entry) -> tuple[str, ...]:
    group = entry.get("group") or []
    return (*([group] if isinstance(group, str) else group), str(entry["name"]))


def _without_strangers(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take out what a service depends on where that has not become a service; the description says it as text then."""
    names = {service["name"] for service in services}
    for service in services:
        strangers = [name for name in service.get("depends_on", ()) if name not in names]
        if strangers:
            text = f"Depends on: {', '.join(service.pop('depends_on'))}"
            runbook = service.pop("runbook", None)
            parts = [service.get("description"), f"Runbook: {runbook}" if runbook else None, text]
            service["description"] = "\n\n".join(part for part in parts if part)
    return services


def _channels(entries: Iterable[Entry], notifications: Iterable[Entry], environment: str) -> dict[str, dict[str, Any]]:
    """A channel for each notification that a monitor uses."""
    google = {str(item["name"]): item["google_chat"] for item in notifications if "google_chat" in item}
    prefix = f"{environment}{SEPARATOR}"
    result = {}
    for name in sorted({str(name) for entry in entries for name in entry.get("notifications") or ()}):
        channel: dict[str, Any] = {"name": name.removeprefix(prefix)}
        if name not in google:
            channel["provider"] = "other"
        elif told := {key: value for key, value in (google[name] or {}).items() if key != "webhook_url"}:
            channel["google_chat"] = told
        channel["default"] = False
        if not name.startswith(prefix):
            channel["notification"] = name
        result[name] = channel
    return result


def _notifications(notifications: Iterable[Entry], context: _Context) -> tuple[dict[str, str], list[Entry]]:
    """The webhook addresses of the catalogue's channels where they were gathered, and all other notifications."""
    webhooks: dict[str, str] = {}
    others: list[Entry] = []
    for item in notifications:
        channel = context.channels.get(str(item["name"]))
        if channel is None or channel.get("provider") == "other":
            others.append(item)
        elif url := (item["google_chat"] or {}).get("webhook_url"):
            webhooks[channel["name"]] = url
    return webhooks, others


def _colors(entries: Iterable[Entry]) -> dict[str, str]:
    """The colours of tags that are not the ones we give anyhow."""
    known = {"environment": ENVIRONMENT_COLOR, "owner": OWNER_COLOR}
    found: dict[str, str] = {}
    for entry in entries:
        for tag in entry.get("tags") or ():
            color = str(tag.get("color") or "")
            if re.fullmatch("#[0-9a-fA-F]{6}", color):
                found.setdefault(str(tag["name"]), color)
    return {name: color for name, color in sorted(found.items()) if color.lower() != known.get(name, "").lower()}


def _complete(entry: Entry, context: _Context) -> dict[str, Any]:
    """The options of a monitor, with those that were left out since a new one has them anyhow."""
    given = {name: value for name, value in entry.items() if name in _FIELDS or name in _REFERENCES}
    preset = defaults(str(entry["type"]), context.version, given)
    kind = str(entry["type"])
    return {**{name: value for name, value in preset.items() if _applies(kind, name)}, **given}


def _applies(kind: str, option: str) -> bool:
    item = _FIELDS.get(option)
    return item is not None and (not item.types or kind in item.types)


def _common(entries: Sequence[Entry], context: _Context) -> dict[str, Any]:
    """The most common value of what an environment can have a default for."""
    result = {}
    for key in _COMMON:
        option = "expiry_notification" if key == "certificate_expiry" else key
        values = [
            complete[option]
            for entry in entries
            if option in (complete := _complete(entry, context))
            and (key != "certificate_expiry" or str(complete.get("url", "")).lower().startswith("https:"))
        ]
        if values:
            result[key] = _most_common(values)
    return result


def _most_common(values: Sequence[Any]) -> Any:
    counts = Counter(map(repr, values))
    return next(value for value in values if counts[repr(value)] == max(counts.values()))


# -- one service -------------------------------------------------------------------------------------------------------

_PARAGRAPHS = re.compile(
    r"\A(?P<description>.*?)"
    r"(?:(?:\A|\n\n)Runbook: (?P<runbook>https?://\S+))?"
    r"(?:(?:\A|\n\n)Depends on: (?P<depends_on>[^\n]+))?"
    r"(?:(?:\A|\n\n)Objective: (?P<objective>[\d.]+) % of the month)?\Z",
    re.DOTALL,
)


def _service(entry: Entry, context: _Context) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """A monitor as a service, and its options that are secret; ``None`` where the catalogue cannot say the same."""
    if entry.get("type") not in MONITOR_TYPES or SEPARATOR in str(entry["name"]) or not str(entry["name"]).strip():
        return None
    complete = _complete(entry, context)
    text = str(entry.get("description") or "")
    candidates = [_told(text, context.names), {"description": text} if text else {}]
    try:
        health, secrets = _health(str(entry["type"]), complete, context)
    except KeyError:
        return None
    for told in candidates:
        service = {"name": entry["name"], **told, **_about(entry, context), "health": health}
        if _made_again(service, secrets, entry, complete, context):
            return service, secrets
    return None


def _told(text: str, names: Collection[str]) -> dict[str, Any]:
    """What the description of a monitor of ours says of its service."""
    match = _PARAGRAPHS.match(text)
    found: dict[str, Any] = {key: value for key, value in (match.groupdict() if match else {}).items() if value}
    if "objective" in found:
        number = float(found["objective"]) if re.fullmatch(r"\d+(\.\d+)?", found["objective"]) else 0.0
        found["objective"] = int(number) if number.is_integer() else number
    if "depends_on" in found:
        found["depends_on"] = found["depends_on"].split(", ")
        if not set(found["depends_on"]) <= set(names):
            return {"description": text}
    return found


def _about(entry: Entry, context: _Context) -> dict[str, Any]:
    """Group, owner, tags, channels and state."""
    result: dict[str, Any] = {}
    group = _path(entry)[1:-1]
    if group:
        result["group"] = list(group)
    tags = {str(tag["name"]): str(tag.get("value") or "") for tag in entry.get("tags") or ()}
    tags.pop("environment", None)
    if owner := tags.pop("owner", None):
        result["owner"] = owner
    if tags:
        result["tags"] = tags
    channels = _channels_of(entry, context)
    if channels != context.usual:
        result["channels"] = channels
    if entry.get("state", "present") != "present":
        result["state"] = entry["state"]
    return result


def _channels_of(entry: Entry, context: _Context) -> list[str]:
    return [context.channels[str(name)]["name"] for name in entry.get("notifications") or ()]


def _health(kind: str, complete: Mapping[str, Any], context: _Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """A monitor's options as a check, and those that are secret.

    :raises KeyError: an option is missing that this kind of check cannot be without.
    """
    rest = {name: value for name, value in complete.items() if name != "description"}
    secrets = {name: rest.pop(name) for name in secret_options(rest)}
    health: dict[str, Any] = {}
    if kind in _WEB:
        health["url"] = rest.pop("url")
    if kind == "json-query":
        health["json"] = {"path": rest.pop("json_path"), "expected": rest.pop("expected_value")}
        operator = rest.pop("json_path_operator", "==")
        if operator != "==":
            health["json"]["operator"] = operator
    elif kind == "keyword":
        health["keyword"] = rest.pop("keyword")
        if rest.pop("invert_keyword", False):
            health["keyword_absent"] = True
    elif kind == "port":
        health["tcp"] = {"host": rest.pop("hostname"), "port": rest.pop("port")}
    elif kind == "ping":
        health["ping"] = rest.pop("hostname")
    elif kind == "dns":
        health["dns"] = {"name": rest.pop("hostname"), "record_type": rest.pop("dns_record_type")}
        health["dns"].update(resolver=rest.pop("dns_resolver"), port=rest.pop("port"))
    elif kind != "http":
        health["monitor"] = {"type": kind}
    _patience(kind, health, rest, context)
    # What a new monitor has anyhow need not be said.
    new = defaults(kind, context.version, {"interval": complete.get("interval", 60)})
    further = {name: value for name, value in rest.items() if not _equal(name, value, new.get(name))}
    if further:
        health["monitor"] = {**health.get("monitor", {}), **further}
    return health, secrets


def _equal(option: str, one: Any, other: Any) -> bool:
    item = _FIELDS.get(option)
    return bool(one == other if item is None else normal(item, one) == normal(item, other))


def _patience(kind: str, health: dict[str, Any], rest: dict[str, Any], context: _Context) -> None:
    """Move to ``health`` what the catalogue has keys for and the defaults do not say already."""
    interval = rest.get("interval", 60)
    common = {**_COMMON, **context.common}
    same = {
        "interval": common["interval"],
        "retries": common["retries"],
        "resend_interval": common["resend_interval"],
        "accepted_status_codes": common["accepted_status_codes"] if kind in _WEB else None,
        "retry_interval": interval,
        "timeout": min(48, interval * 8 / 10) if kind in _WEB else None,
        "max_redirects": 10,
    }
    for key in _SAME:
        if key not in rest or same[key] is None:
            continue
        value = rest.pop(key)
        if value != same[key]:
            health[key] = value
    if kind in _WEB and str(health.get("url", "")).lower().startswith("https:"):
        told = bool(rest.pop("expiry_notification", False))
        if told != common["certificate_expiry"]:
            health["certificate_expiry"] = told


def _made_again(service: Entry, secrets: Entry, entry: Entry, complete: Entry, context: _Context) -> bool:
    """Whether the catalogue makes of the service the monitor that it was made of."""
    others = [{"name": name} for name in service.get("depends_on", ()) if name != service["name"]]
    try:
        resolved = resolve(context.variables([service, *others]), context.options)
    except CatalogueError:
        return False
    made = next(item for item in monitors(resolved, {str(service["name"]): secrets}) if _path(item) == _path(entry))
    if made["type"] != entry["type"] or made["state"] != entry.get("state", "present"):
        return False
    if sorted(made["notifications"]) != sorted(map(str, entry.get("notifications") or ())):
        return False
    if _tags(made) != _tags(entry) | {("environment", context.environment)}:
        return False
    if made["description"] != (entry.get("description") or ""):
        return False
    again = _complete(made, context)
    names = {*complete, *again} - {"description"}
    return all(_equal(name, complete.get(name), again.get(name)) for name in names)


def _tags(entry: Entry) -> set[tuple[str, str]]:
    return {(str(tag["name"]), str(tag.get("value") or "")) for tag in entry.get("tags") or ()}
