# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch Logs in the place of MiniStack's: requests, metric filters into CloudWatch, subscriptions to functions."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudwatch_logs as original
from ministack.services import tagging

from lab.aws import protocols
from lab.aws.cloudwatch import store as cloudwatch
from lab.aws.cloudwatch.series import Point
from lab.aws.cloudwatch_logs import alarms, metrics, operations, refuse
from lab.aws.cloudwatch_logs.service import CloudWatchLogs
from lab.aws.cloudwatch_logs.store import Event, Group, Scope, Store
from lab.aws.monitoring import Monitoring
from lab.aws.protocols import ApiError
from lab.aws.saved import Saved

SERVICE = "logs"
NAMES = {
    "ministack.services.cloudwatch_logs": ["_append_log_events", "_fanout_to_subscription_filters", "_log_groups"],
    "ministack.services.lambda_svc": [
        "_execute_function_with_config_scope",
        "_execution_record_for_config",
        "_get_func_record_for_ref",
    ],
    "ministack.services.alb": ["_lbs"],
    "ministack.services.tagging": ["_COLLECTORS"],
}
"""The private names that are used, by module."""

log = logging.getLogger("kumawatch.aws")


class Logs(Saved):
    """The service in its process."""

    KEPT = "logs"

    def __init__(self, state: Path, monitoring: Monitoring) -> None:
        self.file = state / "cloudwatch-logs.json"
        self.monitoring = monitoring
        self.store = Store()
        self.due: dict[tuple[str, str, str], tuple[float, float]] = {}
        """When a log alarm is to be looked at next, and when it was configured, by account, Region and name."""
        self.swept = self.now()
        self.fresh: set[tuple[str, str, str]] = set()
        """The groups with new lines since log alarms were looked at: account, Region and name."""
        self.service = CloudWatchLogs(self.store, self.now, self.ingested, exists)

    def now(self) -> int:
        return int(self.monitoring.clock.real() * 1000)

    # -- requests

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> protocols.Answer:
        """Answer one request; MiniStack's signature of a service."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            scope = self.store.scope(get_account_id(), get_region())
            given = read(operation, body)
            output = operations.call(self.service, operation, scope, given)
            shape = protocols.model(SERVICE).operation_model(operation).output_shape
            tree = protocols.to_tree(shape, output or {}, float) if shape else {}
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(tree).encode()
        except ApiError as exc:
            tree = {"__type": exc.code, **exc.extra, **({} if exc.message is None else {"message": exc.message})}
            return exc.status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(tree).encode()

    # -- new lines

    def ingested(self, scope: Scope, group: Group, stream: str, events: list[Event]) -> None:
        self.put(scope, list(metrics.publish(scope, group, events)))
        self.fresh.add((scope.account, scope.region, group.name))
        for put in group.subscriptions.values():
            self.deliver(scope, group, stream, put, events)

    def put(self, scope: Scope, data: list[metrics.Datum]) -> None:
        """Put what metric filters made of lines into CloudWatch, also where lines are older than CloudWatch takes."""
        there = self.monitoring.store.scope(scope.account, scope.region)
        touched = set()
        for datum in data:
            value = datum.value
            point = Point(datum.time / 1000, datum.unit or "None", 1.0, value, value, value, ((value, 1.0),))
            there.metrics.put((datum.namespace, datum.metric, datum.dimensions), point)
            touched.add((datum.namespace, datum.metric))
        self.monitoring.engine.touched(there, touched)

    def feed(self, monitoring: Monitoring) -> None:
        """Publish the default values of the minutes that are over, look at log alarms, forget what is too old."""
        if self.now() > self.swept + 60_000:
            self.swept = self.now()
            self.service.expire()
        for scope in self.store.all():
            if scope.unmatched:
                self.put(scope, list(metrics.defaults(scope, self.now())))
        fresh, self.fresh = self.fresh, set()
        now = monitoring.clock.now()
        for there in list(monitoring.store.scopes.values()):
            for alarm in [alarm for alarm in there.alarms.values() if alarm.kind == "log"]:
                key = there.account, there.region, alarm.name
                news = any((there.account, there.region, group) in fresh for group in alarms.groups(alarm.put))
                due, configured = self.due.get(key, (0.0, 0.0))
                if news or due <= now or due > now + alarms.rate(alarm.put) or configured != alarm.configured:
                    # New lines are not waited for: the schedule is there to be cheap, which it need not be here.
                    self.due[key] = now + alarms.rate(alarm.put), alarm.configured
                    self.look(there, alarm, now)

    def look(self, there: cloudwatch.Scope, alarm: cloudwatch.Alarm, now: float) -> None:
        """Evaluate a log alarm."""
        engine = self.monitoring.engine
        verdict = alarms.evaluate(alarm.put, self.store.scope(there.account, there.region), now, alarm.state)
        if verdict is None or verdict.state is None:
            return
        if not alarm.warm:
            wish = alarm.put["WarmUpConfiguration"]
            over = now >= alarm.created + 60 * wish["WarmUpPeriodDurationInMinutes"]
            if not over and (wish.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds") or not verdict.full):
                return
            alarm.warm = True
        changes = engine.contribute(there, alarm, verdict.contributors, now)
        if verdict.state != alarm.state:
            engine.change(there, alarm, verdict.state, verdict.reason, verdict.data)
        if changes and not (there.mutes and engine.muted(there, alarm, now)):
            for change in changes:
                engine.act(there, alarm, change)

    def tell(self, there: cloudwatch.Scope, alarm: cloudwatch.Alarm, action: str, change: dict[str, Any]) -> None:
        """Do an action of an alarm; one of a log alarm is told with its lines."""
        if alarm.kind == "log" and change["new"] == "ALARM":
            scope = self.store.scope(there.account, there.region)
            change = {**change, "log_lines": alarms.matching(alarm.put, scope, change["at"])}
        self.monitoring.tell(there, alarm, action, change)

    def deliver(self, scope: Scope, group: Group, stream: str, put: dict[str, Any], events: list[Event]) -> None:
        """Invoke the function that a subscription filter names, with the lines that match."""
        destination = put["destinationArn"]
        if ":function:" not in destination:
            return
        function_name = destination.partition(":function:")[2].partition(":")[0]
        if group.name == f"/aws/lambda/{function_name}":
            # It would call itself for ever.
            return
        pattern = metrics.parse(put["filterPattern"])
        transformed = put.get("applyOnTransformedLogs", False)
        found = [
            {"id": event.id, "timestamp": event.time, "message": text}
            for event in events
            if (text := metrics.text_of(event, transformed)) and pattern.match(text) is not None
        ]
        if not found:
            return
        data = {
            "messageType": "DATA_MESSAGE",
            "owner": scope.account,
            "logGroup": group.name,
            "logStream": stream,
            "subscriptionFilters": [put["filterName"]],
            "logEvents": found,
        }
        packed = base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()

        def invoke() -> None:
            from ministack.services import lambda_svc

            with request_scope(scope.account, scope.region):
                function, configuration, name = lambda_svc._get_func_record_for_ref(destination)
                if not function or not configuration:
                    log.warning("subscription filter %s: there is no function %s", put["filterName"], name)
                    return
                record = lambda_svc._execution_record_for_config(function, configuration)
                lambda_svc._execute_function_with_config_scope(record, {"awslogs": {"data": packed}})

        threading.Thread(target=invoke, daemon=True).start()

    # -- state

    def reset(self) -> None:
        self.forget()
        self.due.clear()
        self.fresh.clear()


def read(operation: str, body: bytes) -> dict[str, Any]:
    """Read and check a request."""
    if operation not in protocols.operations(SERVICE):
        raise ApiError("UnknownOperationException", None)
    try:
        raw = json.loads(body) if body else {}
    except ValueError:
        raise ApiError("SerializationException", "The request is no JSON.") from None
    shape = protocols.model(SERVICE).operation_model(operation).input_shape
    if shape is None:
        return {}
    given: dict[str, Any] = protocols.from_tree(shape, raw)
    refuse.names(given)
    if "metricTransformations" in given:
        refuse.transformations(given["metricTransformations"])
    problems = protocols.violations(shape, given, "") or refuse.patterns(shape, given, "", given)
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
        errors = {error.name for error in protocols.model(SERVICE).operation_model(operation).error_shapes}
        code = "ValidationException" if "InvalidParameterException" not in errors else "InvalidParameterException"
        raise ApiError(code, count + "; ".join(problems).replace(*operations.ORDER))
    return given


def exists(arn: str) -> bool:
    """Whether a function or a load balancer is there; what is not known of is."""
    from ministack.services import alb, lambda_svc

    owner = arn.split(":")[2]
    if owner == "lambda":
        function, configuration, _name = lambda_svc._get_func_record_for_ref(arn)
        return bool(function and configuration) and f":{get_account_id()}:" in arn
    if owner == "elasticloadbalancing":
        return arn in alb._lbs
    return True


def both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """One function after the other."""

    def act() -> None:
        first()
        second()

    return act


def install(monitoring: Monitoring) -> Store:
    """Put our service in the place of MiniStack's, beside CloudWatch's; what it keeps is returned."""
    logs = Logs(monitoring.file.parent, monitoring)
    loop = asyncio.get_running_loop()
    app.SERVICE_HANDLERS["logs"] = logs.handle
    monitoring.feeders.append(logs.feed)
    monitoring.forgetters.append(logs.reset)
    monitoring.engine.tell = logs.tell
    for name in ("load", "save"):
        # What is saved and taken up with the alarms.
        setattr(monitoring, name, both(getattr(monitoring, name), getattr(logs, name)))

    def write(group: str, stream: str, events: list[dict[str, Any]]) -> None:
        """The lines of functions, which MiniStack writes by itself, in threads: they are kept by the event loop."""
        account, region = get_account_id(), get_region()
        lines = [(event["timestamp"], event["message"]) for event in events]

        def keep() -> None:
            logs.service.write(logs.store.scope(account, region), group, stream, lines)

        loop.call_soon_threadsafe(keep)

    def tagged() -> Iterator[tuple[str, list[dict[str, str]]]]:
        scope = logs.store.scope(get_account_id(), get_region())
        for group in list(scope.groups.values()):
            if group.tags:
                tags = [{"Key": key, "Value": value} for key, value in group.tags.items()]
                yield scope.arn(f"log-group:{group.name}"), tags

    original._append_log_events = lambda stream, events: None
    original._fanout_to_subscription_filters = write
    tagging._COLLECTORS["logs"] = tagged
    return logs.store
