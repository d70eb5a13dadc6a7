# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CloudWatch agents, Docker, the load balancer and RDS would write of the demo services into the logs.

A stand-in for those who ship:
``python -m lab.shipper --port PORT --state DIRECTORY --endpoint-url URL --region REGION``.
Every few seconds it writes some lines to the log groups that are there, which the catalogue's role makes; of the load
balancer, to where a delivery of its access logs leads. A service that is broken (``DIRECTORY/NAME.json``) writes
errors at once, and the load balancer answers 502 and 503 for it; a busy one has slow requests and slow queries.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.aws.install import CREDENTIALS
from lab.core import SERVICES
from lab.usage import DATABASE, LOAD_BALANCER, Account, Level, Resources, level

PERIOD = 10.0
"""Seconds between two shipments."""

REQUESTS = 4
"""The requests to a service in a period; of them a broken one answers one."""

ENVIRONMENT = "lab"
APP, ACCESS, CONTAINER = f"/{ENVIRONMENT}/api/app", f"/{ENVIRONMENT}/shop/access", f"/{ENVIRONMENT}/queue/container"
DATABASE_LOG = f"/aws/rds/instance/{DATABASE}/postgresql"
BUSY = 85
"""From how many percent of its processors on a service is slow."""

ROUTES = {"api": ("/orders", "/payments", "/health"), "shop": ("/", "/basket", "/search")}
AGENTS = ("curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", 'Bot "friendly" (+https://example.com/bot)')

log = logging.getLogger("shipper")


@dataclass(frozen=True)
class Line:
    """A line for a stream of a log group."""

    group: str
    stream: str
    text: str


@dataclass(frozen=True)
class Delivery:
    """Where the load balancer's access logs go: a log group, ``json`` or ``plain``, and what fields of them."""

    group: str
    form: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Places:
    """What the account is furnished with: resources, the log groups that are there, and the deliveries."""

    resources: Resources = field(default_factory=Resources)
    groups: frozenset[str] = frozenset()
    deliveries: tuple[Delivery, ...] = ()


def iso(at: float, digits: str = "milliseconds") -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=digits).replace("+00:00", "Z")


def trace(at: float, number: int) -> str:
    """A trace id as the load balancer makes them."""
    return f"Root=1-{int(at):08x}-{number:024x}"


@dataclass(frozen=True)
class Request:
    """A request to a service through the load balancer. ``target_status`` is "-" where no target answered."""

    service: str
    route: str
    status: int
    target_status: str
    seconds: float
    number: int
    agent: str


def requests(levels: Mapping[str, Level], number: int) -> Iterator[Request]:
    """The requests of a period, ``number`` being the periods so far."""
    for name, routes in ROUTES.items():
        one = levels[name]
        for turn in range(REQUESTS):
            count = number * REQUESTS + turn
            fails = one.broken and turn > 0
            # Of what fails, the target refuses every other connection, and answers the rest with an error of its own.
            status = 200 if not fails else 502 if turn % 2 else 503
            target_status = "200" if not fails else "-" if turn % 2 else "503"
            seconds = (2.1 if one.cpu > BUSY else 0.02) + count % 7 / 1000
            if target_status == "-":
                seconds = -1
            yield Request(
                name, routes[count % len(routes)], status, target_status, seconds, count, AGENTS[count % len(AGENTS)]
            )


def application(one: Level, instance: str, at: float, number: int) -> Iterator[Line]:
    """The log of api, which is JSON."""

    def entry(severity: str, event: str, message: str, **more: Any) -> Line:
        document = {"time": iso(at), "level": severity, "event": event, "message": message, **more}
        return Line(APP, instance, json.dumps(document))

    for turn in range(REQUESTS):
        count = number * REQUESTS + turn
        route = ROUTES["api"][count % 3]
        if one.broken and turn > 0:
            yield entry(
                "ERROR",
                "database_unreachable",
                "connection to the database refused",
                route=route,
                status=503,
                order=1000 + count,
                trace_id=trace(at, count),
            )
        else:
            seconds = (2.1 if one.cpu > BUSY else 0.02) + count % 7 / 1000
            yield entry(
                "INFO",
                "request_completed",
                "done",
                route=route,
                status=200,
                ms=round(1000 * seconds),
                trace_id=trace(at, count),
            )
    if one.broken:
        yield entry("ERROR", "payment_declined", "the payment could not be made", order=1000 + number)


def access(one: Level, instance: str, at: float, number: int) -> Iterator[Line]:
    """The access log of shop's nginx, in its combined format."""
    moment = datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    for turn in range(REQUESTS):
        count = number * REQUESTS + turn
        status = 500 if one.broken and turn > 0 else 200
        agent = AGENTS[count % len(AGENTS)].replace('"', "\\x22")
        route = ROUTES["shop"][count % 3]
        begin = f"10.0.1.{count % 250 + 1} - - [{moment}]"
        yield Line(ACCESS, instance, f'{begin} "GET {route} HTTP/1.1" {status} {1200 + count % 90} "-" "{agent}"')


def container(one: Level, instance: str, at: float, number: int) -> Iterator[Line]:
    """The log of queue's container, as Docker wraps it."""

    def wrapped(text: str) -> Line:
        document = {"log": f"{text}\n", "stream": "stdout", "attrs": {"tag": "queue"}, "time": iso(at)}
        return Line(CONTAINER, f"{instance}/queue", json.dumps(document))

    if one.broken:
        for turn in range(REQUESTS):
            yield wrapped(f"{iso(at)} ERROR unknown verb 'HELO' from 10.0.1.{number % 250 + 1}:{40000 + turn}")
        yield wrapped(f"{iso(at)} ERROR stopped listening")
    else:
        yield wrapped(f"{iso(at)} INFO PUT of 120 bytes, {number % 5} waiting")


def database(one: Level, at: float, number: int) -> Iterator[Line]:
    """The log of the database, which says which statements are slow."""
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    begin = f"{moment}:10.0.0.5(41204):app@orders:[{2000 + number % 50}]:"
    if one.cpu > BUSY:
        statement = "SELECT * FROM orders WHERE customer = $1 ORDER BY placed DESC"
        for turn in range(3):
            text = f"{begin}LOG:  duration: {2300 + 10 * turn}.125 ms  statement: {statement}"
            yield Line(DATABASE_LOG, f"{DATABASE}.0", text)
    elif number % 6 == 0:
        yield Line(
            DATABASE_LOG, f"{DATABASE}.0", f"{moment}::@:[512]:LOG:  checkpoint complete: wrote 12 buffers (0.1%)"
        )
    if one.broken:
        yield Line(DATABASE_LOG, f"{DATABASE}.0", f'{begin}FATAL:  remaining connection slots are reserved for "rds"')


def balancer(request: Request, resources: Resources, arn: str, at: float, delivery: Delivery) -> Line:
    """The load balancer's line of a request, as its delivery wants it."""
    target = "-" if request.target_status == "-" else "10.0.0.11:8080"
    known = request.target_status != "-"
    group = resources.target_groups.get(request.service, "")
    document: dict[str, Any] = {
        "type": "https",
        "time": iso(at, "microseconds"),
        "elb": resources.load_balancer,
        "client_port": f"203.0.113.{request.number % 250 + 1}:46532",
        "target_port": target,
        "request_processing_time": 0.0 if known else -1,
        "target_processing_time": round(request.seconds, 3),
        "response_processing_time": 0.0 if known else -1,
        "elb_status_code": request.status,
        "target_status_code": int(request.target_status) if known else "-",
        "received_bytes": 218,
        "sent_bytes": 587,
        "request_line": f"GET https://{request.service}.example.com:443{request.route} HTTP/2.0",
        "user_agent": request.agent,
        "ssl_cipher": "TLS_AES_128_GCM_SHA256",
        "ssl_protocol": "TLSv1.3",
        "target_group_arn": f"{arn.partition(':loadbalancer/')[0]}:{group}",
        "trace_id": trace(at, request.number),
        "domain_name": f"{request.service}.example.com",
        "chosen_cert_arn": "-",
        "matched_rule_priority": 1,
        "request_creation_time": iso(at, "microseconds"),
        "actions_executed": "forward",
        "redirect_url": "-",
        "error_reason": "-",
        "target_port_list": target,
        "target_status_code_list": request.target_status,
        "classification": "-",
        "classification_reason": "-",
        "conn_trace_id": f"TID_{request.number:032x}",
    }
    quoted = {
        "request_line", "user_agent", "trace_id", "domain_name", "chosen_cert_arn", "actions_executed", "redirect_url",
        "error_reason", "target_port_list", "target_status_code_list", "classification", "classification_reason",
    }  # fmt: skip
    if delivery.form == "json":
        kept = {name: value for name, value in document.items() if not delivery.fields or name in delivery.fields}
        text = json.dumps(kept)
    else:
        cells = []
        for name, value in document.items():
            if delivery.fields and name not in delivery.fields:
                continue
            shown = str(value).replace("\\", "\\\\").replace('"', "\\x22")
            cells.append(f'"{shown}"' if name in quoted else shown)
        text = " ".join(cells)
    return Line(delivery.group, resources.load_balancer, text)


def lines(places: Places, levels: Mapping[str, Level], arn: str, at: float, number: int) -> Iterator[Line]:
    """The lines of a period, for the groups that are there."""
    instance = places.resources.instances
    sources = (
        (APP, application(levels["api"], instance.get("api", "api"), at, number)),
        (ACCESS, access(levels["shop"], instance.get("shop", "shop"), at, number)),
        (CONTAINER, container(levels["queue"], instance.get("queue", "queue"), at, number)),
        (DATABASE_LOG, database(levels["api"], at, number)),
    )
    for group, found in sources:
        if group in places.groups:
            yield from found
    for delivery in places.deliveries:
        if delivery.group in places.groups and places.resources.load_balancer:
            for request in requests(levels, number):
                if request.service in places.resources.target_groups:
                    yield balancer(request, places.resources, arn, at, delivery)


class Destination:
    """The account's logs."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        import boto3

        self._account = Account(endpoint_url, region)
        session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )
        self._logs = session.client("logs", endpoint_url=endpoint_url)
        self._balancers = session.client("elbv2", endpoint_url=endpoint_url)
        self._streams: set[tuple[str, str]] = set()
        self.arn = ""

    def places(self) -> Places:
        """What is there by now."""
        found = self._balancers.describe_load_balancers()["LoadBalancers"]
        self.arn = next((item["LoadBalancerArn"] for item in found if item["LoadBalancerName"] == LOAD_BALANCER), "")
        groups = {
            group["logGroupName"]
            for page in self._logs.get_paginator("describe_log_groups").paginate()
            for group in page["logGroups"]
        }
        return Places(self._account.resources(), frozenset(groups), tuple(self._deliveries()) if self.arn else ())

    def _deliveries(self) -> Iterator[Delivery]:
        """Where the access logs of the lab's load balancer go, of log groups."""
        sources = {
            item["name"]
            for page in self._logs.get_paginator("describe_delivery_sources").paginate()
            for item in page["deliverySources"]
            if item["resourceArns"] == [self.arn] and item["logType"] == "ALB_ACCESS_LOGS"
        }
        targets = {
            item["arn"]: item
            for page in self._logs.get_paginator("describe_delivery_destinations").paginate()
            for item in page["deliveryDestinations"]
        }
        for page in self._logs.get_paginator("describe_deliveries").paginate():
            for item in page["deliveries"]:
                if item["deliverySourceName"] in sources and item["deliveryDestinationType"] == "CWL":
                    target = targets[item["deliveryDestinationArn"]]
                    group = target["deliveryDestinationConfiguration"]["destinationResourceArn"]
                    yield Delivery(
                        group.partition(":log-group:")[2].removesuffix(":*"),
                        target.get("outputFormat", "json"),
                        tuple(item.get("recordFields", ())),
                    )

    def put(self, shipment: list[Line], at: float) -> None:
        """Write lines, making the streams that are missing, as agents do."""
        by_stream: dict[tuple[str, str], list[str]] = {}
        for line in shipment:
            by_stream.setdefault((line.group, line.stream), []).append(line.text)
        for (group, stream), texts in by_stream.items():
            events = [{"timestamp": int(at * 1000) + number, "message": text} for number, text in enumerate(texts)]
            if (group, stream) not in self._streams:
                self._make(group, stream)
            try:
                self._logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
            except self._logs.exceptions.ResourceNotFoundException:
                # The group was made anew, or is gone.
                self._streams.discard((group, stream))

    def _make(self, group: str, stream: str) -> None:
        try:
            self._logs.create_log_stream(logGroupName=group, logStreamName=stream)
        except self._logs.exceptions.ResourceAlreadyExistsException:
            pass
        except self._logs.exceptions.ResourceNotFoundException:
            return
        self._streams.add((group, stream))


class Shipper:
    """Ships, a period's lines at a time."""

    def __init__(self, destination: Destination, state: Path) -> None:
        self._destination = destination
        self._state = state
        self._known: dict[str, Level] = {}
        self._number = 0
        self.shipped = 0

    def levels(self) -> dict[str, Level]:
        return {name: level(self._state, name) for name in SERVICES}

    def once(self, now: float) -> None:
        """Ship the lines of a period."""
        levels, places = self.levels(), self._destination.places()
        self._destination.put(list(lines(places, levels, self._destination.arn, now, self._number)), now)
        self._known = levels
        self._number += 1
        self.shipped += 1

    def changed(self) -> bool:
        return self.levels() != self._known


async def run(port: int, shipper: Shipper) -> None:
    async def ready(request: web.Request) -> web.Response:
        if not shipper.shipped:
            return web.json_response({"status": "has not shipped yet"}, status=503)
        return web.json_response({"part": "kumawatch-lab-shipper", "shipped": shipper.shipped})

    app = web.Application()
    app.router.add_get("/ready", ready)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    following = 0.0
    while True:
        if time.monotonic() >= following or shipper.changed():
            try:
                await asyncio.to_thread(shipper.once, time.time())
                following = time.monotonic() + PERIOD
            except Exception as error:
                # The account comes and goes with the lab; the next shipment is a new one.
                log.warning("could not ship: %s", error)
                following = time.monotonic() + 2
        await asyncio.sleep(0.3)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.shipper", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--region", required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    asyncio.run(run(options.port, Shipper(Destination(options.endpoint_url, options.region), options.state)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
