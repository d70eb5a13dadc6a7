# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the whole of site.yml costs where nothing is to be changed, for few services and for many.

    python -m benchmarks.site [--few 10] [--many 1000] [--keep DIR] [--strict] [--json FILE]

It starts a lab of its own, Uptime Kuma, AWS's stand-in and a chat space, furnishes the account, and lets the inventory
of the lab declare so many services: each with a check, an instance, a load balancer, logs with metric filters and
alarms, an objective and traces that go to X-Ray, every tenth with a database. For each size it applies ``site.yml``
until nothing changes, then once more, and says of that run: seconds, seconds of CPU of Ansible, MiB at its peak, tasks,
and the dearest of them.

Two things are held to by ``--strict``: the number of tasks is the same for few and for many, and the run for many takes
no more than :data:`LONGEST`. Seconds depend on the machine and what else it does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.process import free_port
from tools import common, lab_account

ROOT = Path(__file__).resolve().parent.parent

LONGEST = 90.0
"""Seconds for many services where nothing is to be changed, on two cores with nothing else to do."""

MOST_RUNS = 4
"""So many runs at most until nothing changes."""

MOST_NAMED = 12
PARTS = ("KUMA", "AWS", "CHAT", "API", "SHOP", "QUEUE", "USAGE", "SHIPPER")
DATABASES = 20


@dataclass
class Measured:
    """One run that changed nothing."""

    services: int
    seconds: float
    cpu: float
    mib: float
    tasks: int
    changed: int
    dearest: list[tuple[str, float]]


def declared(count: int, url: str, region: str) -> dict[str, Any]:
    """So many services, all of which answer at ``url``: thousands of alerts would be another measurement."""
    services = []
    for number in range(count):
        name = f"service-{number:04}"
        service: dict[str, Any] = {
            "name": name,
            "owner": f"team-{number % 10}",
            "runbook": f"https://wiki.example.com/{name}",
            "health": {"url": f"{url}?service={name}", "interval": 86400},
            "instance_tags": {"service": name},
            "load_balancer": "kumawatch-lab",
            "target_groups": ["kumawatch-lab-api"],
            "objective": 99.9,
            "apm": {"requests_per_minute": 10},
            "logs": {
                "sources": [{"file": f"/var/log/{name}/app.log", "format": "json"}],
                "patterns": [{"name": "declined", "pattern": '{ $.event = "declined" }', "threshold": 3}],
            },
        }
        if number % 10 == 0:
            service["database"] = f"benchmark-{number // 10 % DATABASES}"
        services.append(service)
    # Nothing else in the account, and no server that checks a thousand addresses in the meantime.
    return {
        "monitoring_services": services,
        "monitoring_maintenances": [],
        "apm_backends": [{"type": "xray", "region": region}],
    }


def furnish(endpoints: Mapping[str, Any], count: int) -> None:
    """An instance for each service, and the databases; the load balancer is the lab's."""
    account = lab_account.Account(endpoints["aws"]["endpoint_url"], endpoints["aws"]["region"])
    account.add_instances({"name": f"service-{number:04}"} for number in range(count))
    known = {item["DBInstanceIdentifier"] for item in account.rds.describe_db_instances()["DBInstances"]}
    for number in range(DATABASES):
        if f"benchmark-{number}" not in known:
            account.rds.create_db_instance(
                DBInstanceIdentifier=f"benchmark-{number}",
                Engine="postgres",
                DBInstanceClass=lab_account.DATABASE_CLASS,
                AllocatedStorage=lab_account.DATABASE_GIB,
                MasterUsername="benchmark",
                MasterUserPassword="not-a-secret-1",
            )


class Site:
    """A lab of our own, and site.yml for it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.env = {
            **common.environment(),
            "KUMAWATCH_LAB_DIR": str(directory),
            "KUMAWATCH_LAB_CACHE": str(ROOT / ".lab" / "cache"),
            **{f"KUMAWATCH_LAB_{part}_PORT": str(free_port()) for part in PARTS},
        }

    def lab(self, *words: str) -> None:
        subprocess.run([sys.executable, "-m", "lab", *words], cwd=ROOT, env=self.env, check=True, stdout=sys.stderr)

    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.directory / "endpoints.json").read_text())
        return found

    def play(self, count: int) -> Measured:
        """One run of site.yml, all phases."""
        extra = self.directory / f"services-{count}.json"
        there = self.endpoints()
        (api,) = (one["url"] for one in there["services"] if one["name"] == "api")
        extra.write_text(json.dumps(declared(count, api, there["aws"]["region"])))
        log = self.directory / "site.log"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.monotonic()
        with log.open("wb") as output:
            done = subprocess.run(
                [str(common.VENV / "bin" / "ansible-playbook"), "-i", "inventories/lab", "site.yml", "-e", f"@{extra}"],
                cwd=ROOT,
                env={**self.env, "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks", "ANSIBLE_NOCOLOR": "1",
                     "PROFILE_TASKS_TASK_OUTPUT_LIMIT": "1000"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )  # fmt: skip
        seconds = time.monotonic() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = log.read_text(errors="replace")
        if done.returncode:
            raise SystemExit(f"site.yml failed with {count} services; the end of {log}:\n{text[-3000:]}")
        recap = re.search(r"localhost +: ok=(\d+) +changed=(\d+).* skipped=(\d+)", text)
        times = re.findall(r"^(\S.*?) -+ ([\d.]+)s$", text, re.MULTILINE)
        if recap is None or not times:
            raise SystemExit(f"site.yml said nothing that could be counted; see {log}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        dearest = sorted(((name, float(taken)) for name, taken in times), key=lambda pair: -pair[1])
        tasks, changed = int(recap[1]) + int(recap[3]), int(recap[2])
        return Measured(count, seconds, cpu, after.ru_maxrss / 1024, tasks, changed, dearest[:MOST_NAMED])

    def settle(self, count: int) -> Measured:
        """Apply until nothing changes, and once more."""
        for number in range(1, MOST_RUNS + 1):
            made = self.play(count)
            print(
                f"  {count} services, run {number}: {made.seconds:.1f} s, {made.changed} tasks changed", file=sys.stderr
            )
            if not made.changed:
                return self.play(count)
        raise SystemExit(f"site.yml with {count} services still changes {made.changed} tasks in run {MOST_RUNS}.")


def show(rows: list[Measured]) -> None:
    print("| services | seconds | CPU | MiB | tasks |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {row.services:,} | {row.seconds:.1f} | {row.cpu:.1f} | {row.mib:.0f} | {row.tasks} |")
    print(f"\nThe dearest tasks with {rows[-1].services:,} services, in seconds:")
    for name, seconds in rows[-1].dearest:
        print(f"{seconds:7.1f}  {name}")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.site", description=__doc__.split("\n")[0])
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="a directory for the lab, which then stays")
    parser.add_argument("--strict", action="store_true", help="fail where a bound is missed")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kumawatch-site-") as made:
        directory = options.keep or Path(made)
        directory.mkdir(parents=True, exist_ok=True)
        site = Site(directory)
        site.lab("up")
        try:
            subprocess.run(
                [sys.executable, "-m", "tools.lab_account"], cwd=ROOT, env=site.env, check=True, stdout=sys.stderr
            )
            rows = []
            for count in (options.few, options.many):
                furnish(site.endpoints(), count)
                rows.append(site.settle(count))
        finally:
            site.lab("down")
    show(rows)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))
    few, many = rows
    missed = [
        told
        for told, wrong in (
            (f"{few.tasks} tasks for {few.services}, {many.tasks} for {many.services}", few.tasks != many.tasks),
            (f"{many.seconds:.1f} s, and {LONGEST:g} s are allowed", many.seconds > LONGEST),
        )
        if wrong
    ]
    for told in missed:
        print(f"Missed: {told}.")
    return int(options.strict and bool(missed))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
