# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an estimate of the cost takes beside what it counts: making the entries once, as the roles do.

    python -m benchmarks.cost [--few 50] [--many 1000] [--rounds 3] [--strict] [--json FILE]

All of it is pure: no lab and no Ansible. The catalogue has so many services with an instance, a load balancer, an
objective, logs with a filter and a dependency, every tenth with a database. Seconds are those of the CPU, the least of
the rounds; they depend on the machine and what else it does, so that ``--strict`` holds ratios alone: the estimate
beside the entries, and a service of many beside one of few.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import (  # noqa: E402
    alarms,
    cost,
    log_alarms,
    logs,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve  # noqa: E402

BESIDE_ENTRIES = 2.0
"""So many times what making the entries takes; what is counted twice would be more."""

GROWTH = 2.0
"""So many times as much for a service of many as for one of few."""

_TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
TOPICS = dict.fromkeys(("critical", "warning", "info"), _TOPIC)


@dataclass
class Measured:
    """One size."""

    services: int
    entries: int
    making: float
    estimate: float

    @property
    def ratio(self) -> float:
        """The estimate beside making the entries."""
        return self.estimate / self.making

    @property
    def each(self) -> float:
        """Milliseconds of the estimate for a service."""
        return 1000 * self.estimate / self.services


def declared(count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A catalogue of so many services, and what there is of them in an account."""
    services, found = [], {}
    for number in range(count):
        name = f"service-{number:04}"
        service: dict[str, Any] = {
            "name": name,
            "owner": f"team-{number % 10}",
            "critical": number % 7 == 0,
            "objective": 99.9,
            "health": {"url": f"https://{name}.example.com/health"},
            "load_balancer": "prod",
            "target_groups": ["api"],
            "apm": {"requests_per_minute": 10},
            "depends_on": [f"service-{number - 1:04}"] if number % 5 else [],
            "logs": {
                "sources": [{"file": f"/var/log/{name}/app.log", "format": "json"}],
                "patterns": [{"name": "declined", "pattern": '{ $.event = "declined" }', "threshold": 3}],
            },
        }
        there: dict[str, Any] = {
            "instances": [
                {
                    "id": f"i-{number:017x}", "name": name, "type": "m7g.large", "vcpus": 2, "state": "running",
                    "autoscaling_group": None, "detailed_monitoring": True, "nitro": True,
                    "volumes": [{"id": f"vol-{number:017x}", "device": "/dev/xvda", "type": "gp3"}],
                }
            ],
            "load_balancer": {
                "id": "app/prod/50dc6c495c0c9188", "name": "prod", "arn": "arn:b",
                "target_groups": [{"id": "targetgroup/api/1", "name": "api", "arn": "arn:1"}],
            },
        }  # fmt: skip
        if number % 10 == 0:
            service["database"] = f"db-{number}"
            there["database"] = {
                "id": f"db-{number}", "kind": "instance", "engine": "postgres", "class": "db.m7g.large", "vcpus": 2,
                "memory_bytes": 8 * 2**30, "allocated_bytes": 100 * 2**30, "max_connections": 820,
                "replica_of": None, "members": [], "monitoring_interval": 0, "log_exports": [],
            }  # fmt: skip
        services.append(service)
        found[name] = there
    options = yaml.safe_load((ROOT / "roles" / "catalogue" / "meta" / "argument_specs.yml").read_text())
    catalogue = resolve(
        {"monitoring_environment": "benchmark", "monitoring_services": services},
        options["argument_specs"]["main"]["options"],
    )
    account = {"account": "123456789012", "partition": "aws", "region": "us-east-1", "services": found}
    return catalogue, account


def measured(count: int, rounds: int) -> Measured:
    """What it takes for so many services."""
    catalogue, account = declared(count)
    prices = yaml.safe_load((ROOT / "roles" / "cost" / "files" / "prices.yml").read_text())

    def entries() -> list[Any]:
        made, failing = alarms.with_failing(catalogue, account, TOPICS)
        return [
            *made,
            *log_alarms.log_alarms(catalogue, account, TOPICS, failing=failing),
            *logs.groups(catalogue, account),
            *logs.metric_filters(catalogue, account),
        ]

    making = least(rounds, entries)
    estimate = least(rounds, lambda: cost.cost(catalogue, account, prices, {"tracing": "spans"}))
    return Measured(count, len(entries()), making, estimate)


def least(rounds: int, function: Callable[[], Any]) -> float:
    """Seconds of the CPU, without looking for garbage, as the filters work."""
    taken = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        begun = time.process_time()
        function()
        taken.append(time.process_time() - begun)
        gc.enable()
    return min(taken)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.cost", description=__doc__.split("\n")[0])
    parser.add_argument("--few", type=int, default=50)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="fail where a bound is missed")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    rows = [measured(count, options.rounds) for count in (options.few, options.many)]
    print("| services | entries | making them | the estimate | ratio | ms a service |\n|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.services:,} | {row.entries:,} | {row.making:.2f} s | {row.estimate:.2f} s | {row.ratio:.2f} | "
            f"{row.each:.2f} |"
        )
    if options.json:
        options.json.write_text(json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=2))
    few, many = rows
    missed = [
        told
        for told, wrong in (
            (f"the estimate takes {many.ratio:.2f} times what the entries take", many.ratio > BESIDE_ENTRIES),
            (f"a service of many takes {many.each / few.each:.2f} times one of few", many.each > GROWTH * few.each),
        )
        if wrong
    ]
    for told in missed:
        print(f"Missed: {told}.")
    return int(options.strict and bool(missed))


if __name__ == "__main__":
    sys.exit(main())
