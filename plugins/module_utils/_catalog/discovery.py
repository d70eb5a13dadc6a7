# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What discovery is asked, and what the modules for detailed and Enhanced Monitoring are given. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .catalogue import Catalogue

_KEYS = ("instance_tags", "load_balancer", "target_groups", "database")
_IDS = ("instance_id", "ec2_instance_id")
"""Variables of hosts that may hold the id of their instance: by hand, and as amazon.aws's inventory and facts do."""


def services(
    catalogue: Catalogue, groups: Mapping[str, Iterable[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The services as ``aws_discovery`` takes them, with the members of their groups.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param groups: hosts by group.
    :param hostvars: the variables of hosts.
    """
    found = []
    for service in catalogue["services"]:
        if service["state"] != "present":
            continue
        entry: dict[str, Any] = {"name": service["name"]}
        if service.get("hosts"):
            members = groups[service["hosts"]] if service["hosts"] in groups else [service["hosts"]]
            entry["hosts"] = [_host(name, hostvars) for name in dict.fromkeys(members)]
        entry.update({key: service[key] for key in _KEYS if service.get(key)})
        found.append(entry)
    return found


def _host(name: str, hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    # Not get(): to the variables of a host that there is not, Ansible answers with something undefined.
    variables = hostvars[name] if name in hostvars else {}  # noqa: SIM401
    host = {"name": str(name)}
    if variables.get("ansible_host"):
        host["address"] = str(variables["ansible_host"])
    ident = next((variables[key] for key in _IDS if variables.get(key)), None)
    if ident:
        host["instance_id"] = str(ident)
    return host


def monitoring_entries(monitored: Mapping[str, Any], role_arn: str) -> dict[str, list[dict[str, Any]]]:
    """``instances`` for ``ec2_monitoring`` and ``databases`` for ``rds_monitoring``.

    What the catalogue does not ask for stays as it is: a database for which no interval is declared keeps its own.

    :param monitored: what the filter ``cloudwatch_monitored`` returned.
    :param role_arn: the role with which RDS writes to CloudWatch Logs.
    """
    databases = []
    for database in monitored.get("databases") or ():
        entry: dict[str, Any] = {"id": database["id"]}
        if database.get("interval"):
            entry.update(monitoring_interval=database["interval"], monitoring_role_arn=role_arn)
        if database.get("performance_insights") is not None:
            entry["performance_insights"] = database["performance_insights"]
        if len(entry) > 1:
            databases.append(entry)
    return {
        "instances": [{"id": ident, "detailed_monitoring": True} for ident in monitored.get("instances") or ()],
        "databases": databases,
    }


def released(discovery: Mapping[str, Any], role_arn: str) -> list[dict[str, Any]]:
    """Databases that use a role which is about to go, as ``rds_monitoring`` takes them to do without.

    :param discovery: what ``aws_discovery`` returned.
    """
    found: dict[str, dict[str, Any]] = {}
    for service in (discovery.get("services") or {}).values():
        database = service.get("database")
        for member in (database.get("members") or [database]) if database else ():
            if member.get("monitoring_role_arn") == role_arn:
                found[str(member["id"])] = {"id": str(member["id"]), "monitoring_interval": 0}
    return list(found.values())
