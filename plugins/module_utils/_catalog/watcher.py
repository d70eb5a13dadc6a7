# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who watches the watcher: the metric that Uptime Kuma's host gives CloudWatch, and the alarm for its silence. Pure.

One place says which metric it is, for the host that gives it and for the alarm that misses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import names as naming
from .catalogue import Catalogue
from .logs import namespace
from .signals import BELOW, WATCHER
from .telling import Entry, topic_arns

SERVICE = "uptime-kuma"
"""What the alarms call the service that they are about."""

METRIC = "UptimeKumaAnswers"

MINUTES = 5
"""So long nobody is told: a restart or an upgrade takes a minute or two."""


def heartbeat(environment: str, host: str) -> dict[str, Any]:
    """The metric of a host, 1 each minute in which Uptime Kuma answers there and 0 in others.

    :param environment: name of the environment.
    :param host: name of the host in the inventory.
    :returns: ``namespace``, ``metric`` and ``dimensions``.
    """
    return {"namespace": namespace(environment), "metric": METRIC, "dimensions": {"Host": host}}


def watcher_alarms(
    catalogue: Catalogue, hosts: Sequence[str], topics: Mapping[str, Any] | None = None, tag_propagation: bool = True
) -> list[Entry]:
    """An alarm for each host of Uptime Kuma, on while it does not answer or its host is silent.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param hosts: names in the inventory of the hosts that give the metric.
    :param topics: the topic of each severity, an ARN or a list of them. Those of ``critical`` are told.
    :param tag_propagation: whether messages bear the tags of their alarm.
    :raises InputError: more topics than CloudWatch takes.
    """
    environment = catalogue["environment"]
    told = topic_arns(topics or {}).get("critical", [])
    given = naming.Names(environment)
    runbook = f"{catalogue['runbooks']}/{WATCHER}.md"
    entries = []
    for host in hosts:
        measured = heartbeat(environment, host)
        entries.append(
            {
                "name": given.alarm(SERVICE, WATCHER, host, "critical"),
                "kind": "metric",
                "description": f"Uptime Kuma on {host} has not answered for {MINUTES} minutes, or its host is silent: "
                f"nobody watches what it watches. First: the host, then the log of uptime-kuma. Runbook: {runbook}",
                "namespace": measured["namespace"],
                "metric": measured["metric"],
                "dimensions": measured["dimensions"],
                "statistic": "Maximum",
                "period": 60,
                "comparison": BELOW,
                "threshold": 1.0,
                "evaluation_periods": MINUTES,
                "datapoints_to_alarm": MINUTES,
                "treat_missing_data": "breaching",
                "alarm_actions": told,
                "ok_actions": told,
                "insufficient_data_actions": [],
                "actions_enabled": True,
                "tags": naming.tags(
                    environment=environment, service=SERVICE, severity="critical", kind=WATCHER, resource=host,
                    runbook=runbook,
                ),
                **({"tag_propagation": True} if tag_propagation else {}),
            }
        )  # fmt: skip
    return entries
