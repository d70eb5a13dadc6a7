# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a service is to be measured more closely: EC2's detailed monitoring, RDS's Enhanced Monitoring. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .catalogue import Catalogue
from .series import Found, database_instances


def monitored(catalogue: Catalogue, discovery: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The instances and databases, each once, where several services share them.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned.
    :returns: ``instances``: identifiers of those that send their metrics every minute; ``databases``: ``id`` of each
        instance, ``interval`` of Enhanced Monitoring in seconds (0 for none) and ``performance_insights`` where it is
        declared.
    """
    services: Mapping[str, Found] = (discovery or {}).get("services") or {}
    instances: dict[str, None] = {}
    databases: dict[str, dict[str, Any]] = {}
    for service in catalogue["services"]:
        if service["state"] != "present":
            continue
        found = services.get(service["name"]) or {}
        if service["detailed_monitoring"]:
            for instance in found.get("instances") or ():
                if instance.get("state", "running") in ("running", "stopped", "pending"):
                    instances[str(instance["id"])] = None
        declared = service.get("database_monitoring") or {}
        for member in database_instances(found):
            entry = databases.setdefault(str(member["id"]), {"id": str(member["id"]), "interval": 0})
            interval = int(declared.get("interval", 0))
            # The closest look that one of them asks for.
            if interval and (not entry["interval"] or interval < entry["interval"]):
                entry["interval"] = interval
            insights = declared.get("performance_insights")
            if insights is not None:
                entry["performance_insights"] = bool(insights or entry.get("performance_insights"))
    return {"instances": list(instances), "databases": list(databases.values())}
