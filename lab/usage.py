# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2, the CloudWatch agents, the load balancer and RDS would report of the demo services.

A stand-in for those who report: ``python -m lab.usage --port PORT --state DIR --endpoint-url URL --region REGION``.
Once a minute it puts a value of every metric of what the account is furnished with. A service is quiet until it is
broken, or put under load (``DIRECTORY/NAME.load.json``); then what was reported of it in the last minutes is replaced,
so that an alarm over ten minutes need not be waited for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.aws.install import CREDENTIALS
from lab.core import SERVICES, is_broken
from lab.paths import read_json

PAST = 16
"""Minutes that are replaced when a service changes, and filled when there is nothing yet."""

LOAD_BALANCER = "kumawatch-lab"
DATABASE = "kumawatch-lab"
_GIB = 1024**3

log = logging.getLogger("usage")

Datum = tuple[str, str, dict[str, str], float]
"""Namespace, metric, dimensions and value."""


@dataclass(frozen=True)
class Level:
    """How a service is: percent of its processors, of its memory and of its disk, and whether it is broken."""

    cpu: float = 22.0
    memory: float = 48.0
    disk: float = 41.0
    broken: bool = False


@dataclass(frozen=True)
class Resources:
    """What the services run on: instances, volumes and target groups by service, and what they share."""

    instances: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    target_groups: Mapping[str, str] = field(default_factory=dict)
    load_balancer: str = ""
    database: str = ""


def reports(resources: Resources, levels: Mapping[str, Level], minute: int) -> Iterator[Datum]:
    """What is reported for a minute. It breathes a little, so that plots are no ruled lines."""
    breath = (minute * 7919) % 13 / 10
    for name, instance in resources.instances.items():
        yield from _instance(instance, levels[name], breath)
        for volume in resources.volumes.get(name, ()):
            slow = 40 if levels[name].cpu > 95 else 1
            yield "AWS/EBS", "VolumeAvgReadLatency", {"VolumeId": volume}, (0.8 + breath / 10) * slow
            yield "AWS/EBS", "VolumeAvgWriteLatency", {"VolumeId": volume}, (1.2 + breath / 10) * slow
    if resources.load_balancer:
        yield from _balancer(resources, levels, breath)
    if resources.database:
        yield from _database(resources.database, levels.get("api", Level()), breath)
    yield "Demo", "PaymentsDeclined", {}, 1.0 if breath > 1 else 0.0


def _instance(instance: str, level: Level, breath: float) -> Iterator[Datum]:
    where = {"InstanceId": instance}
    yield "AWS/EC2", "CPUUtilization", where, min(100.0, level.cpu + breath)
    yield "AWS/EC2", "NetworkIn", where, (3 + breath) * 1e6
    yield "AWS/EC2", "NetworkOut", where, (8 + breath) * 1e6
    yield "AWS/EC2", "StatusCheckFailed", where, 0.0
    yield "CWAgent", "mem_used_percent", where, min(100.0, level.memory + breath)
    yield "CWAgent", "swap_used_percent", where, 0.0
    yield "CWAgent", "netstat_tcp_established", where, 40 + 10 * breath
    yield "CWAgent", "disk_used_percent", {**where, "path": "/"}, level.disk
    yield "CWAgent", "disk_inodes_free", {**where, "path": "/"}, 900_000.0


def _balancer(resources: Resources, levels: Mapping[str, Level], breath: float) -> Iterator[Datum]:
    total = errors = 0.0
    slowest = 0.0
    balancer = {"LoadBalancer": resources.load_balancer}
    for name, group in resources.target_groups.items():
        level = levels[name]
        requests = 100 + 30 * breath
        failed = requests * 0.8 if level.broken else 0.0
        seconds = 0.09 + breath / 50 + (1.5 if level.cpu > 85 else 0)
        where = {"TargetGroup": group, **balancer}
        yield "AWS/ApplicationELB", "RequestCount", where, requests
        yield "AWS/ApplicationELB", "TargetResponseTime", where, seconds
        yield "AWS/ApplicationELB", "HealthyHostCount", where, 0.0 if level.broken else 1.0
        yield "AWS/ApplicationELB", "UnHealthyHostCount", where, 1.0 if level.broken else 0.0
        if failed:  # AWS reports errors only where there are any
            yield "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", where, failed
        total, errors, slowest = total + requests, errors + failed, max(slowest, seconds)
    yield "AWS/ApplicationELB", "RequestCount", balancer, total
    yield "AWS/ApplicationELB", "TargetResponseTime", balancer, slowest
    if errors:
        yield "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", balancer, errors


def _database(name: str, level: Level, breath: float) -> Iterator[Datum]:
    where = {"DBInstanceIdentifier": name}
    busy = level.cpu > 85
    yield "AWS/RDS", "CPUUtilization", where, (70 if busy else 18) + breath
    yield "AWS/RDS", "DatabaseConnections", where, (60 if busy else 12) + breath
    yield "AWS/RDS", "DBLoad", where, (1.2 if busy else 0.3) + breath / 10
    yield "AWS/RDS", "ReadLatency", where, 0.002 + breath / 1000
    yield "AWS/RDS", "WriteLatency", where, 0.004 + breath / 1000
    yield "AWS/RDS", "FreeStorageSpace", where, 14.0 * _GIB
    yield "AWS/RDS", "FreeableMemory", where, 2.0 * _GIB


def concerned(resources: Resources, changed: set[str]) -> set[str]:
    """The values of dimensions by which metrics of changed services are known; what they share is among them."""
    found = {resources.load_balancer, resources.database}
    for name in changed:
        found |= {resources.instances.get(name, ""), resources.target_groups.get(name, "")}
        found |= set(resources.volumes.get(name, ()))
    return found - {""}


class Account:
    """The lab's account: what it is furnished with, and what is put into it."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        import boto3

        self._url, self._region = endpoint_url, region
        session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )
        self._client = {
            name: session.client(name, endpoint_url=endpoint_url) for name in ("cloudwatch", "ec2", "elbv2", "rds")
        }

    def resources(self) -> Resources:
        """What the account is furnished with by now."""
        instances, volumes = {}, {}
        for page in self._client["ec2"].get_paginator("describe_instances").paginate():
            for instance in (item for reservation in page["Reservations"] for item in reservation["Instances"]):
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
                if instance["State"]["Name"] == "running" and tags.get("service") in SERVICES:
                    instances[tags["service"]] = instance["InstanceId"]
                    volumes[tags["service"]] = tuple(
                        item["Ebs"]["VolumeId"] for item in instance.get("BlockDeviceMappings", ()) if "Ebs" in item
                    )
        balancers = self._client["elbv2"].describe_load_balancers()["LoadBalancers"]
        balancer = next((item for item in balancers if item["LoadBalancerName"] == LOAD_BALANCER), None)
        groups = {}
        for group in self._client["elbv2"].describe_target_groups()["TargetGroups"]:
            service = group["TargetGroupName"].removeprefix(f"{LOAD_BALANCER}-")
            if service in SERVICES:
                groups[service] = group["TargetGroupArn"].rpartition(":")[2]
        databases = {
            item["DBInstanceIdentifier"] for item in self._client["rds"].describe_db_instances()["DBInstances"]
        }
        return Resources(
            instances=instances,
            volumes=volumes,
            target_groups=groups if balancer else {},
            load_balancer=balancer["LoadBalancerArn"].partition("loadbalancer/")[2] if balancer else "",
            database=DATABASE if DATABASE in databases else "",
        )

    def put(self, data: list[Datum], at: float) -> None:
        """Put the data of a moment, as those who report do."""
        for given in puts(data, at):
            self._client["cloudwatch"].put_metric_data(**given)

    def replace(self, values: set[str], since: float, moments: list[tuple[list[Datum], float]]) -> None:
        """Put the data of past moments in the place of what was put of the metrics with these dimensions.

        Only the stand-in can do that, and does it in one step: no alarm sees a gap.
        """
        given = [given for data, at in moments for given in puts(data, at)]
        body = {"region": self._region, "dimension_values": sorted(values), "since": since, "puts": given}
        request = urllib.request.Request(f"{self._url}/_lab/replace", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30):
            pass


def puts(data: list[Datum], at: float) -> list[dict[str, Any]]:
    """What PutMetricData is given of the data of a moment: a call for each namespace."""
    by_namespace: dict[str, list[dict[str, Any]]] = {}
    for namespace, metric, dimensions, value in data:
        by_namespace.setdefault(namespace, []).append(
            {
                "MetricName": metric,
                "Dimensions": [{"Name": key, "Value": item} for key, item in dimensions.items()],
                "Timestamp": at,
                "Value": value,
            }
        )
    return [{"Namespace": namespace, "MetricData": items} for namespace, items in by_namespace.items()]


def level(state: Path, name: str) -> Level:
    """How a service is meant to be."""
    try:
        load = read_json(state / f"{name}.load.json") or {}
    except ValueError:
        load = {}
    known = {key: float(value) for key, value in load.items() if key in ("cpu", "memory", "disk")}
    return Level(**known, broken=is_broken(state / f"{name}.json"))


class Reporter:
    """Reports, and replaces what changed."""

    def __init__(self, account: Account, state: Path) -> None:
        self._account = account
        self._state = state
        self._known: dict[str, Level] = {}
        self._resources = Resources()
        self._minute = 0
        self.reported = 0

    def levels(self) -> dict[str, Level]:
        return {name: level(self._state, name) for name in SERVICES}

    def once(self, now: float) -> None:
        """Report for this minute, once, as its sums count; what changed, for the last minutes too."""
        minute = int(now // 60)
        levels = self.levels()
        before, self._resources = self._resources, self._account.resources()
        changed = {name for name in levels if self._known.get(name) != levels[name]}
        if self._resources != before:
            changed = set(levels)
        values = concerned(self._resources, changed) if changed else set()
        if changed:
            moments = [
                (
                    [datum for datum in reports(self._resources, levels, past) if values & set(datum[2].values())],
                    past * 60.0,
                )
                for past in range(minute - PAST + 1, minute + 1)
            ]
            self._account.replace(values, (minute - PAST) * 60.0, moments)
        if minute != self._minute:
            rest = [datum for datum in reports(self._resources, levels, minute) if not values & set(datum[2].values())]
            self._account.put(rest, minute * 60.0)
        self._known, self._minute = levels, minute
        self.reported += 1

    def due(self, now: float) -> bool:
        """Whether there is something to report."""
        return int(now // 60) != self._minute or self.levels() != self._known


async def run(port: int, reporter: Reporter) -> None:
    async def ready(request: web.Request) -> web.Response:
        if not reporter.reported:
            return web.json_response({"status": "has not reported yet"}, status=503)
        return web.json_response({"part": "kumawatch-lab-usage", "reported": reporter.reported})

    app = web.Application()
    app.router.add_get("/ready", ready)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    while True:
        if reporter.due(time.time()):
            try:
                await asyncio.to_thread(reporter.once, time.time())
            except Exception as error:
                # The account comes and goes with the lab; the next report is a new one.
                log.warning("could not report: %s", error)
                await asyncio.sleep(2)
        await asyncio.sleep(0.3)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.usage", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--region", required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    asyncio.run(run(options.port, Reporter(Account(options.endpoint_url, options.region), options.state)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
