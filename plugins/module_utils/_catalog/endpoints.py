# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From ``health.endpoint`` of services to the health service of each host, as ``health_endpoint`` takes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError
from .health import SECRET_HEADER
from .spec import Checker, Place, listed

Catalogue = Mapping[str, Any]
Service = Mapping[str, Any]

#: What each type of check needs, and what it takes besides. The health service has the same table (its config.py).
TYPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "postgresql": (("dsn",), ("query", "value")),
    "mysql": (("dsn",), ("query", "value")),
    "redis": (("url",), ("replica_lag",)),
    "rabbitmq": (("url",), ("queue", "messages")),
    "http": (("url",), ("method", "headers", "status_codes", "keyword", "ca_file", "verify")),
    "tcp": (("host", "port"), ()),
    "tls": (("host",), ("port", "server_name", "ca_file", "days")),
    "dns": (("hostname",), ("record_type", "resolver", "port", "expected")),
    "disk": ((), ("path", "used_percent", "inodes_percent")),
    "process": ((), ("process", "pid_file", "command_line", "count")),
    "docker": (("container",), ("socket",)),
    "command": (("command",), ("warn_codes", "environment")),
}
COMMON = ("name", "type", "timeout", "critical", "interval", "latency", "groups")
"""What all of them take."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_STRANGE = re.compile(r"[^A-Za-z0-9_.-]+")
#: An address with a password that is not a variable.
_PASSWORD = re.compile(r"://[^/@]*:(?!\$\{\w+\}@)[^/@]+@")
_VARIABLE = re.compile(r"\$\{\w+\}")

#: What services on one host must agree upon, and the input of the role that it is.
_SHARED = {"listen": "health_endpoint_host", "port": "health_endpoint_port", "deadline": "health_endpoint_deadline"}

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def group_name(service: str) -> str:
    """The group of a service on its hosts, ``GROUP`` in ``/health/GROUP``."""
    return _STRANGE.sub("-", service).strip("-._") or "service"


def check_endpoint(endpoint: Mapping[str, Any], service: Mapping[str, Any], place: Place, checker: Checker) -> None:
    """Report what the argument spec does not say.

    :param endpoint: ``health.endpoint`` in the right types, complete.
    :param service: the service as declared.
    :param place: of the endpoint.
    """
    if not service.get("hosts"):
        checker.report(f"{place} needs the service's 'hosts', on which it is to run.", endpoint)
    if not 1 <= endpoint["port"] <= 65535:
        checker.report(f"{place.key('port')} must be between 1 and 65535, not {endpoint['port']}.", endpoint["port"])
    _positive(endpoint, ("deadline",), place, checker)
    seen: set[str] = set()
    for position, check in enumerate(endpoint["checks"]):
        where = place.key("checks").item(position, check)
        name = check.get("name")
        if name is not None and not _NAME.fullmatch(name):
            checker.report(
                f"{where.key('name')} must consist of letters, digits, dots, hyphens and underscores, not '{name}'.",
                name,
            )
        if name in seen:
            checker.report(f"{where}: the name is there twice; give each check a name of its own.", name)
        if name is not None:
            seen.add(name)
        if check.get("type") in TYPES:
            _check(check, where, checker)


def _check(check: Mapping[str, Any], place: Place, checker: Checker) -> None:
    kind = check["type"]
    needed, taken = TYPES[kind]
    missing = [key for key in needed if check.get(key) in (None, "", [])]
    if missing:
        checker.report(f"{place} of type '{kind}' needs {listed(missing)}.", check)
    if kind == "process" and not any(check.get(key) for key in ("process", "pid_file", "command_line")):
        checker.report(f"{place} of type 'process' needs process, pid_file or command_line.", check)
    for key in check:
        if key not in (*COMMON, *needed, *taken):
            of = [other for other, keys in TYPES.items() if key in (*keys[0], *keys[1])]
            checker.report(f"{place.key(key)} has no meaning for type '{kind}', only for {listed(of)}.", check[key])
    _positive(check, ("timeout", "interval"), place, checker)
    if not 1 <= check.get("port", 1) <= 65535:
        checker.report(f"{place.key('port')} must be between 1 and 65535, not {check['port']}.", check["port"])
    for key in ("dsn", "url"):
        if _PASSWORD.search(str(check.get(key, ""))):
            checker.report(_secret(place.key(key)), key)
    for key, value in check.get("headers", {}).items():
        if SECRET_HEADER.search(str(key)) and not _VARIABLE.search(str(value)):
            checker.report(_secret(place.key("headers").key(key)), key)
    for key, value in check.get("environment", {}).items():
        if SECRET_HEADER.search(str(key)) and not _VARIABLE.search(str(value)):
            checker.report(_secret(place.key("environment").key(key)), key)


def _positive(entry: Mapping[str, Any], keys: Sequence[str], place: Place, checker: Checker) -> None:
    for key in keys:
        # Also false for what is no number at all, which YAML writes as .nan.
        if key in entry and not 0 < entry[key] < float("inf"):
            checker.report(f"{place.key(key)} must be greater than 0, not {entry[key]}.", entry[key])


def _secret(place: Place) -> str:
    """The sentence about a secret; its value is not in it."""
    return (
        f"{place} holds a secret, and the catalogue holds none: write ${{NAME}} there and give NAME its value in "
        f"health_endpoint_secrets, from Ansible Vault."
    )


def members(hosts: str, groups: Mapping[str, Sequence[str]]) -> list[str]:
    """The hosts that ``hosts`` of a service means.

    :param groups: the hosts of each group, as Ansible's ``groups``.
    """
    return list(dict.fromkeys(groups[hosts])) if hosts in groups else [hosts]


def address(endpoint: Mapping[str, Any], service: str, host: str) -> str:
    """Where Uptime Kuma asks how a service is on a host."""
    name = endpoint["address"].replace("{host}", host)
    name = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"http://{name}:{endpoint['port']}/health/{group_name(service)}"


def endpoints(catalogue: Catalogue, groups: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """The inputs of the role ``health_endpoint`` for each host that is to have a health service.

    :param catalogue: as :func:`.catalogue.resolve` returns it.
    :param groups: the hosts of each group of the inventory.
    :returns: by host: the role's variables; ``health_endpoint_state`` is ``absent`` where all of the services are. This
        machine (``localhost``) is never one of them.
    :raises InputError: services on one host contradict each other.
    """
    services = {service["name"]: service for service in catalogue["services"]}
    there: dict[str, list[Service]] = {}
    for service in services.values():
        if service.get("endpoint"):
            for host in members(service["hosts"], groups):
                if host != "localhost":
                    there.setdefault(host, []).append(service)
    return {host: _inputs(host, found, services) for host, found in there.items()}


def _inputs(host: str, declared: Sequence[Service], services: Mapping[str, Service]) -> dict[str, Any]:
    staying = [service for service in declared if service["state"] != "absent"]
    found = staying or declared
    first = found[0]
    owners: dict[str, str] = {}
    for service in found:
        other = owners.setdefault(group_name(service["name"]), service["name"])
        if other != service["name"]:
            raise InputError(
                f"service '{service['name']}': on host '{host}' it would be '/health/{group_name(other)}', which is "
                f"service '{other}'; rename one of them."
            )
        for key in _SHARED:
            mine, theirs = service["endpoint"][key], first["endpoint"][key]
            if mine != theirs:
                raise InputError(
                    f"service '{service['name']}': health.endpoint.{key} is {mine}, and {theirs} for service "
                    f"'{first['name']}' on the same host '{host}'; declare the same, for they share one health service."
                )
    alone = len(found) == 1
    return {
        "health_endpoint_state": "present" if staying else "absent",
        "health_endpoint_service": first["name"] if alone else host,
        "health_endpoint_description": (first.get("description") or "") if alone else "",
        **{name: first["endpoint"][key] for key, name in _SHARED.items()},
        "health_endpoint_checks": [*_own(found), *_dependencies(found, services)],
    }


def _own(found: Sequence[Service]) -> list[dict[str, Any]]:
    """The checks that are declared, each called after its service, whoever else is on the host."""
    return [
        {
            **check,
            "name": f"{group_name(service['name'])}.{check['name']}",
            "groups": list(dict.fromkeys([group_name(service["name"]), *check.get("groups", ())])),
        }
        for service in found
        for check in service["endpoint"]["checks"]
    ]


def _dependencies(found: Sequence[Service], services: Mapping[str, Service]) -> list[dict[str, Any]]:
    """One check of each service that others on the host depend on, in the groups of all of these."""
    result: dict[str, dict[str, Any]] = {}
    for service in found:
        if not service["endpoint"]["dependencies"]:
            continue
        for name in service.get("depends_on", ()):
            check = dependency(services[name])
            if check:
                groups = result.setdefault(name, {**check, "groups": []})["groups"]
                groups.append(group_name(service["name"]))
    return list(result.values())


def dependency(service: Service) -> dict[str, Any] | None:
    """A check of another service, as Uptime Kuma's first monitor of it; ``None`` where that has no equivalent.

    It at worst warns: whoever depends on something that is down has an alert about that already.
    """
    if service["state"] != "present" or not service["checks"]:
        return None
    options = service["checks"][0]["options"]
    check = _same(options)
    if check is None:
        return None
    common = {"name": f"depends-on.{group_name(service['name'])}", **check, "critical": False}
    return {key: value for key, value in common.items() if value is not None}


def _same(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a monitor of Uptime Kuma looks at, in the words of the health service."""
    kind = options.get("type")
    if kind in ("http", "keyword", "json-query") and options.get("method", "GET") in _METHODS:
        headers = options.get("headers")
        # A body has no place in a check, and headers as text cannot be told apart.
        if options.get("body") or (headers and not isinstance(headers, Mapping)):
            return None
        return {
            "type": "http",
            "url": options["url"],
            "method": options.get("method"),
            "headers": headers or None,
            "status_codes": options.get("accepted_status_codes"),
            "keyword": options.get("keyword") if kind == "keyword" and not options.get("invert_keyword") else None,
            "verify": False if options.get("ignore_tls") else None,
        }
    if kind == "port":
        return {"type": "tcp", "host": options["hostname"], "port": options["port"]}
    if kind == "dns":
        return {
            "type": "dns",
            "hostname": options["hostname"],
            "record_type": options.get("dns_record_type"),
            "resolver": options.get("dns_resolver"),
            "port": options.get("port"),
        }
    return None
