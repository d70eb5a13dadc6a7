# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue as a whole: check what was declared, complete it, refuse it with a sentence for each mistake. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from .._errors import InputError
from . import log_settings, rum, thresholds
from .cascade import defaults, merged
from .endpoints import address, check_endpoint, members
from .health import PATIENCE, SUBJECTS, default_problems, monitor_options, split
from .signals import DECLARED
from .spec import Checker, Options, Place, Problem, listed, plain, shown

Catalogue = dict[str, Any]
"""What :func:`resolve` returns."""

PREFIX = "monitoring_"
#: The fact that holds the result; not one of the variables.
FACT = "monitoring_catalogue"

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
#: How a monitor's path is written; a name that contained it could not be told from a path.
SEPARATOR = " / "


class CatalogueError(InputError):
    """The catalogue has mistakes.

    ``problems`` are all of them; the message has each in a line.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


def resolve(
    variables: Mapping[str, Any], options: Options, groups: Mapping[str, Sequence[str]] | None = None
) -> Catalogue:
    """The catalogue, complete: every service with what it inherits.

    :param variables: the variables ``monitoring_*`` by name. Others of that prefix are ignored, unless one looks like a
        known one misspelt.
    :param options: the argument spec of the role ``catalogue``.
    :param groups: the hosts of each of the inventory's groups; ``None`` does not check ``hosts``, and takes each for a
        host.
    :returns: ``environment``, ``services`` (each with ``checks``: the options of its monitors, and ``alarms``: by kind,
        what :func:`.thresholds.complete` makes of them; ``endpoint`` where ``health`` has one, complete), ``channels``,
        ``status_page``, ``maintenances``, ``tag_colors``, ``runbooks``, ``escalation``.
    :raises CatalogueError: with all mistakes.
    """
    checker = Checker()
    declared = _declared(variables, options, checker)
    environment = declared.get("monitoring_environment")
    environment = str(environment) if environment is not None else ""
    if environment:
        _check_name(environment, environment, Place("", "monitoring_environment"), checker)

    channels = _list("channel", "monitoring_channels", declared, options, checker)
    channels = [merged(defaults(_inner(options, "monitoring_channels")), channel) for channel in channels]
    _unique(channels, "name", "channel", "monitoring_channels", checker)
    names = [channel["name"] for channel in channels if "name" in channel]

    base = _defaults(declared, options, names, checker)
    timezone = base.pop("timezone", None)
    entries = _list("service", "monitoring_services", declared, options, checker)
    _unique(entries, "name", "service", "monitoring_services", checker)
    known = [entry["name"] for entry in entries if "name" in entry]
    endpoint = defaults(_inner(options, "monitoring_services")["health"]["options"]["endpoint"]["options"])
    services = [
        _service(entry, base, endpoint, channels, known, groups, checker) for entry in entries if "name" in entry
    ]
    _unique_monitors(services, checker)
    _circles(services, checker)

    catalogue = {
        "environment": environment,
        "services": services,
        "channels": [_channel(channel, environment) for channel in channels if "name" in channel],
        "status_page": _status_page(declared, options, environment, checker),
        "maintenances": _maintenances(declared, options, services, known, timezone, checker),
        "tag_colors": _tag_colors(declared, checker),
        "runbooks": _runbooks(declared, options, checker),
        "escalation": _escalation(declared, options, checker),
    }
    if checker.problems:
        raise CatalogueError(checker.problems)
    return catalogue


# -- variables --------------------------------------------------------------------------------------------------------


def _declared(variables: Mapping[str, Any], options: Options, checker: Checker) -> dict[str, Any]:
    """The known variables that are set; a misspelt or missing one is reported."""
    for name in variables:
        if name not in options and name != FACT and name.startswith(PREFIX):
            close = get_close_matches(name, list(options), 1, 0.85)
            if close:
                checker.report(
                    f"{name} is not a variable of the catalogue; did you mean '{close[0]}'?", variables[name]
                )
    declared = {name: plain(value) for name, value in variables.items() if name in options and value is not None}
    for name, option in options.items():
        if option.get("required") and name not in declared:
            checker.report(f"{name} is not set: set it in the inventory's group_vars.")
    # What has a list of objects is checked object by object, to name each.
    simple = {name: option for name, option in options.items() if option.get("elements") != "dict"}
    result = {}
    for name, option in simple.items():
        if name in declared:
            value = checker.value(declared[name], option, Place("", name))
            if value is not None:
                result[name] = value
    return {**{name: declared[name] for name in declared if name not in simple}, **result}


def _inner(options: Options, variable: str) -> Options:
    inner: Options = options[variable]["options"]
    return inner


def _list(
    noun: str, variable: str, declared: Mapping[str, Any], options: Options, checker: Checker
) -> list[dict[str, Any]]:
    """The objects of a list variable, in the right types, each known by its name or title in messages."""
    value = declared.get(variable, options[variable].get("default"))
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        checker.report(f"{variable} must be a list, not {shown(value)}.", value)
        return []
    result = []
    for position, item in enumerate(value):
        name = (item.get("name") or item.get("title")) if isinstance(item, Mapping) else None
        subject = f"{noun} '{name}'" if name not in (None, "") else f"{variable} entry {position + 1}"
        result.append(checker.mapping(item, _inner(options, variable), Place(subject)))
    return result


def _unique(entries: Sequence[Mapping[str, Any]], key: str, noun: str, variable: str, checker: Checker) -> None:
    first: dict[str, int] = {}
    for position, entry in enumerate(entries, 1):
        name = entry.get(key)
        if name is None:
            continue
        if name in first:
            checker.report(
                f"{noun} '{name}' is declared twice, as entries {first[name]} and {position} of {variable}; name each "
                f"differently.",
                name,
            )
        else:
            first[name] = position


def _check_name(name: str, where: Any, place: Place, checker: Checker) -> None:
    if not name.strip():
        checker.report(f"{place} must not be empty.", where)
    elif SEPARATOR in name:
        checker.report(f"{place} must not contain '{SEPARATOR}', which separates groups from names.", where)


# -- services ---------------------------------------------------------------------------------------------------------


def _defaults(
    declared: Mapping[str, Any], options: Options, channels: Sequence[str], checker: Checker
) -> dict[str, Any]:
    """The collection's defaults under the environment's."""
    place = Place("", "monitoring_defaults")
    environment = declared.get("monitoring_defaults") or {}
    default_problems(environment.get("health") or {}, place.key("health"), checker)
    _references(environment.get("channels"), channels, "channel", place.key("channels"), checker)
    _common(environment, place, checker)
    result = merged(defaults(_inner(options, "monitoring_defaults")), environment)
    layers = _alarm_layers(environment, place, checker)
    result["alarms"] = {
        kind: thresholds.complete(signal, [layers.get(kind, {})], place.key("alarms").key(kind), checker)
        for kind, signal in DECLARED.items()
    }
    result["alarm_layers"] = layers
    # Checked as a whole once, for what the environment itself declares.
    result["logs"] = log_settings.layer(result["logs"], place.key("logs"), checker)
    result["logs_complete"] = log_settings.complete([result["logs"]], {}, place.key("logs"), checker)
    return result


def _alarm_layers(entry: Mapping[str, Any], place: Place, checker: Checker) -> dict[str, Any]:
    """What an entry declares of alarms, by kind, in the form in which the cascade lays it over others."""
    return {
        kind: thresholds.layer(value, DECLARED[kind], place.key("alarms").key(kind), checker)
        for kind, value in entry.get("alarms", {}).items()
        if kind in DECLARED
    }


def _service(
    entry: Mapping[str, Any],
    base: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    channels: Sequence[Mapping[str, Any]],
    known: Sequence[str],
    groups: Mapping[str, Sequence[str]] | None,
    checker: Checker,
) -> dict[str, Any]:
    name = entry["name"]
    place = Place(f"service '{name}'")
    _check_name(name, name, place.key("name"), checker)
    _common(entry, place, checker)
    _references(entry.get("depends_on"), known, "service", place.key("depends_on"), checker)
    if name in entry.get("depends_on", ()):
        checker.report(f"{place.key('depends_on')} names the service itself; remove it.", entry["depends_on"])
    hosts = entry.get("hosts")
    if hosts is not None and groups is not None:
        known_hosts = groups if hosts in groups else {*groups, *(host for inside in groups.values() for host in inside)}
        _references([hosts], known_hosts, "group or host of the inventory", place.key("hosts"), checker)
    _web_address(entry.get("runbook"), place.key("runbook"), checker)
    for part in entry.get("group", ()):
        _check_name(part, part, place.key("group"), checker)
    apart = ("health", "channels", "alarms", "alarm_layers", "logs", "logs_complete")
    inherited = {key: value for key, value in base.items() if key not in apart}
    elsewhere = ("health", "checks", "alarms", "metrics", "logs")
    service = {
        "state": "present",
        "critical": False,
        **merged(inherited, {key: value for key, value in entry.items() if key not in elsewhere}),
    }
    service.setdefault("detailed_monitoring", service["critical"])
    service["alarms"] = _alarms(entry, base, place, checker)
    service["metrics"] = _metrics(entry, place, checker)
    own_logs = log_settings.layer(entry.get("logs", {}), place.key("logs"), checker)
    service["logs"] = log_settings.complete(
        [base["logs"], own_logs], service, place.key("logs"), checker, base["logs_complete"]
    )
    for key, value in service.get("instance_tags", {}).items():
        if isinstance(value, (Mapping, list)):
            checker.report(f"{place.key('instance_tags').key(key)} must be text, not {shown(value)}.", key)
    if service.get("target_groups") and "load_balancer" not in service:
        checker.report(
            f"{place.key('target_groups')} needs a load_balancer, whose groups they are.", service["target_groups"]
        )
    service["tags"] = {key: value for key, value in service.get("tags", {}).items() if value != ""}
    standard = [channel["name"] for channel in channels if channel.get("default") and "name" in channel]
    all_channels = [channel["name"] for channel in channels if "name" in channel]
    service["channels"] = _first(entry.get("channels"), base.get("channels"), standard)
    _references(entry.get("channels"), all_channels, "channel", place.key("channels"), checker)
    if "endpoint" in (entry.get("health") or {}):
        service["endpoint"] = merged(endpoint, entry["health"]["endpoint"])
        check_endpoint(service["endpoint"], entry, place.key("health").key("endpoint"), checker)
    service["checks"] = _checks(entry, base, service, all_channels, groups or {}, place, checker)
    return service


def _alarms(
    entry: Mapping[str, Any], base: Mapping[str, Any], place: Place, checker: Checker
) -> dict[str, thresholds.Settings | None]:
    """The settings of every kind. What the service says nothing of is the environment's, and checked there."""
    own = _alarm_layers(entry, place, checker)
    result = dict(base["alarms"])
    for kind, declared in own.items():
        layers = [base["alarm_layers"].get(kind, {}), declared]
        where = place.key("alarms").key(kind)
        result[kind] = thresholds.complete(DECLARED[kind], layers, where, checker)
        _web_address(declared.get("runbook"), where.key("runbook"), checker)
    return result


def _metrics(entry: Mapping[str, Any], place: Place, checker: Checker) -> list[dict[str, Any]]:
    """The business metrics, each with a title of its own."""
    result = []
    seen: set[str] = set()
    for position, metric in enumerate(entry.get("metrics", ())):
        where = place.key("metrics").item(position, metric)
        result.append(thresholds.business(metric, where, checker))
        title = result[-1]["title"]
        if title in seen:
            checker.report(f"{where}: the title '{title}' is there twice; give each metric a title of its own.", title)
        seen.add(title)
        _web_address(metric.get("runbook"), where.key("runbook"), checker)
        for key, value in metric.get("dimensions", {}).items():
            if isinstance(value, (Mapping, list)):
                checker.report(f"{where.key('dimensions').key(key)} must be text, not {shown(value)}.", key)
    return result


def _web_address(value: Any, place: Place, checker: Checker) -> None:
    if value is None:
        return
    parts = split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        checker.report(f"{place} must be a web address, not '{value}'.", value)


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _checks(
    entry: Mapping[str, Any],
    base: Mapping[str, Any],
    service: Mapping[str, Any],
    channels: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    place: Place,
    checker: Checker,
) -> list[dict[str, Any]]:
    """The monitors of a service: that of ``health``, or those of its endpoints, then the further ones."""
    result = []
    inherited = base.get("health") or {}
    health = entry.get("health")
    for name, own in _asked(entry, service, groups):
        options = monitor_options(own, inherited, place.key("health"), checker)
        result.append({
            "name": name,
            "description": service.get("description"),
            "channels": service["channels"],
            "shown": True,
            "options": options,
        })  # fmt: skip
    inherited = merged(inherited, {key: value for key, value in (health or {}).items() if key in PATIENCE})
    for position, check in enumerate(entry.get("checks", ())):
        where = place.key("checks").item(position, check)
        _references(check.get("channels"), channels, "channel", where.key("channels"), checker)
        result.append({
            "name": f"{service['name']} {check.get('name', '')}",
            "description": check.get("description"),
            "channels": _first(check.get("channels"), service["channels"]),
            "shown": check.get("shown", False),
            "options": monitor_options(check, inherited, where, checker),
        })  # fmt: skip
    return result


def _asked(
    entry: Mapping[str, Any], service: Mapping[str, Any], groups: Mapping[str, Sequence[str]]
) -> list[tuple[str, dict[str, Any]]]:
    """The names of the monitors that ``health`` means, and what it says of each.

    An endpoint is asked on each host, unless the entry says what else to look at. A service on one host has one
    monitor, which bears its name.
    """
    if entry.get("health") is None:
        return []
    health = {key: value for key, value in entry["health"].items() if key != "endpoint"}
    name, endpoint = service["name"], service.get("endpoint")
    if endpoint is None or any(key in health for key in SUBJECTS) or "type" in (health.get("monitor") or {}):
        return [(name, health)]
    if not entry.get("hosts"):  # reported already
        return []
    hosts = members(entry["hosts"], groups)
    return [
        (name if len(hosts) == 1 else f"{name} {host}", {**health, "url": address(endpoint, name, host)})
        for host in hosts
    ]


def _common(entry: Mapping[str, Any], place: Place, checker: Checker) -> None:
    """What services and the defaults have in common and Ansible's types do not say."""
    objective = entry.get("objective")
    if objective is not None and not 0 < objective <= 100:
        checker.report(
            f"{place.key('objective')} must be a percentage above 0 and up to 100, not {objective}.", objective
        )
    sample = entry.get("apm", {}).get("sample")
    if sample is not None and not 0 <= sample <= 1:
        checker.report(f"{place.key('apm').key('sample')} must be between 0 and 1, not {sample}.", sample)
    sampling = entry.get("apm", {}).get("sampling", {})
    for name, low, high in (("rate", 0, 1), ("reservoir", 0, 100_000), ("priority", 1, 9999)):
        number = sampling.get(name)
        if number is not None and not low <= number <= high:
            where = place.key("apm").key("sampling").key(name)
            checker.report(f"{where} must be from {low} to {high}, not {number}.", number)
    for name in ("requests_per_minute", "spans_per_request", "span_bytes"):
        number = entry.get("apm", {}).get(name)
        if number is not None and not 0 <= number < math.inf:
            checker.report(f"{place.key('apm').key(name)} must be a number from 0 on, not {number}.", number)
    if "rum" in entry.get("apm", {}):
        rum.check(entry["apm"]["rum"], place.key("apm").key("rum"), checker)
    for name, value in entry.get("tags", {}).items():
        if isinstance(value, (Mapping, list)):
            checker.report(f"{place.key('tags').key(name)} must be text, not {shown(value)}.", name)
        if name in ("environment", "owner", "managed-by"):
            checker.report(f"{place.key('tags').key(name)} cannot be set; the catalogue makes that tag itself.", name)


def _references(names: Iterable[str] | None, known: Collection[str], noun: str, place: Place, checker: Checker) -> None:
    for name in names or ():
        if name not in known:
            close = get_close_matches(name, list(known), 1, 0.6)
            hint = f"did you mean '{close[0]}'?" if close else "declare it, or correct the name."
            checker.report(f"{place} names '{name}', which is no {noun}; {hint}", name)


def _unique_monitors(services: Sequence[Mapping[str, Any]], checker: Checker) -> None:
    """Service ``api`` with the check ``web`` is called as the service ``api web`` is."""
    first: dict[tuple[str, ...], str] = {}
    groups: set[tuple[str, ...]] = set()
    seen: set[str] = set()
    declared: set[tuple[str, ...]] = set()
    for service in services:
        name, group = service["name"], tuple(service.get("group", ()))
        if name in seen:  # reported already
            continue
        seen.add(name)
        groups.update(group[:depth] for depth in range(1, len(group) + 1))
        for check in service["checks"]:
            path = (*group, check["name"])
            other = first.setdefault(path, name)
            if path in declared and other == name:
                checker.report(
                    f"service '{name}': check '{check['name'][len(name) + 1 :]}' is declared twice; rename one.", name
                )
            elif other != name:
                checker.report(
                    f"service '{name}': its monitor '{check['name']}' has the name of one of service '{other}'; rename "
                    f"the check or the service.",
                    name,
                )
            declared.add(path)
    for path in sorted(groups & set(first)):
        checker.report(f"service '{first[path]}': '{path[-1]}' is a group as well; rename one of them.", first[path])


def _circles(services: Sequence[Mapping[str, Any]], checker: Checker) -> None:
    """Services that need each other have no order in which they could start, and no one of them is the cause."""
    needs = {service["name"]: {*service.get("depends_on", ())} - {service["name"]} for service in services}
    waiting = dict(needs)
    while free := [name for name, others in waiting.items() if not others & waiting.keys()]:
        for name in free:
            del waiting[name]
    path = sorted(waiting)[:1]
    while path and path[-1] not in path[:-1]:
        path.append(min(needs[path[-1]] & waiting.keys()))
    if path:
        circle = path[path.index(path[-1]) :]
        checker.report(
            f"service '{circle[0]}': depends_on leads back to it ({' → '.join(circle)}); remove one of these.",
            circle[0],
        )


# -- channels, page, maintenance --------------------------------------------------------------------------------------


def _channel(channel: Mapping[str, Any], environment: str) -> dict[str, Any]:
    # Two environments may share a server: each has its own space behind a channel of the same name.
    return {"notification": f"{environment}{SEPARATOR}{channel['name']}", **channel}


def _status_page(declared: Mapping[str, Any], options: Options, environment: str, checker: Checker) -> dict[str, Any]:
    page = merged(defaults(_inner(options, "monitoring_status_page")), declared.get("monitoring_status_page"))
    page.setdefault("title", environment)
    slug = page.setdefault("slug", re.sub(r"[^a-z0-9]+", "-", environment.lower()).strip("-"))
    if page["enabled"] and environment and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        checker.report(
            f"monitoring_status_page.slug must be small letters and digits, with single hyphens between, not '{slug}'.",
            slug,
        )
    return page


def _maintenances(
    declared: Mapping[str, Any],
    options: Options,
    services: Sequence[Mapping[str, Any]],
    known: Sequence[str],
    timezone: str | None,
    checker: Checker,
) -> list[dict[str, Any]]:
    """All windows, those of single services among them, each with the services it concerns."""
    inner = _inner(options, "monitoring_maintenances")
    result = []
    for entry in _list("maintenance", "monitoring_maintenances", declared, options, checker):
        place = Place(f"maintenance '{entry.get('title', '')}'")
        _references(entry.get("services"), known, "service", place.key("services"), checker)
        result.append(
            {**merged(defaults(inner), entry), "all": "services" not in entry, "services": entry.get("services", [])}
        )
    for service in services:
        for entry in service.get("maintenance", ()):
            result.append({**merged(defaults(inner), entry), "all": False, "services": [service["name"]]})
    seen: set[str] = set()
    for entry in result:
        title = entry.get("title")
        if title is None:
            continue
        place = Place(f"maintenance '{title}'")
        if timezone is not None and entry.get("strategy") != "manual":
            entry.setdefault("timezone", timezone)
        if title in seen:
            checker.report(f"maintenance '{title}' is declared twice; give each window a title of its own.", title)
        seen.add(title)
        if entry.get("strategy") == "manual" and "active" not in entry:
            # A switch for emergencies: off when it is made, and then in somebody's hands.
            entry.update(active=False, ignore=[*entry.get("ignore", ()), "active"])
        if entry["state"] != "absent":
            _window(entry, place, checker)
    return result


_RANGE = ("timezone", "start", "end")
#: What each strategy needs, and what it takes besides.
_STRATEGIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "manual": ((), ()),
    "single": (("start", "end"), ("timezone",)),
    "cron": (("cron", "duration_minutes"), _RANGE),
    "recurring-interval": (("interval_days", "time_window"), _RANGE),
    "recurring-weekday": (("weekdays", "time_window"), _RANGE),
    "recurring-day-of-month": (("days_of_month", "time_window"), _RANGE),
}
_SCHEDULE = sorted({key for needed, taken in _STRATEGIES.values() for key in (*needed, *taken)})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?")
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def _window(entry: Mapping[str, Any], place: Place, checker: Checker) -> None:
    needed, taken = _STRATEGIES.get(entry.get("strategy", ""), ((), tuple(_SCHEDULE)))
    missing = [key for key in needed if entry.get(key) in (None, "", [])]
    if missing:
        checker.report(f"{place}: strategy '{entry['strategy']}' needs {listed(missing)}.", entry["title"])
    for key in _SCHEDULE:
        if key in entry and key not in (*needed, *taken):
            checker.report(
                f"{place.key(key)} has no meaning for strategy '{entry['strategy']}'; remove it.", entry[key]
            )
    for key in ("start", "end"):
        if key in entry and not _MOMENT.fullmatch(entry[key]):
            checker.report(
                f"{place.key(key)} must be written as 2026-12-24 22:00, not {shown(entry[key])}.", entry[key]
            )
    for key, value in entry.get("time_window", {}).items():
        if not _TIME.fullmatch(value):
            # YAML reads an unquoted 12:30 as the number 750.
            checker.report(
                f'{place.key("time_window").key(key)} must be written as "02:00", in quotes, not {shown(value)}.', value
            )


def _runbooks(declared: Mapping[str, Any], options: Options, checker: Checker) -> str:
    address = str(declared.get("monitoring_runbooks", options["monitoring_runbooks"]["default"]))
    _web_address(address, Place("", "monitoring_runbooks"), checker)
    return address.rstrip("/")


def _escalation(declared: Mapping[str, Any], options: Options, checker: Checker) -> dict[str, int]:
    result = merged(defaults(_inner(options, "monitoring_escalation")), declared.get("monitoring_escalation"))
    for name, value in result.items():
        if value < 0:
            checker.report(f"monitoring_escalation.{name} must be at least 0, not {value}.", value)
    return result


def _tag_colors(declared: Mapping[str, Any], checker: Checker) -> dict[str, str]:
    colors = declared.get("monitoring_tag_colors") or {}
    for name, color in colors.items():
        if not isinstance(color, str) or not _COLOR.fullmatch(color):
            checker.report(
                f'monitoring_tag_colors.{name} must be a colour such as "#2563EB", not {shown(color)}.', name
            )
    return dict(colors)
