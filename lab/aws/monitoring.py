# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch in the place of MiniStack's: requests to the service, alarms to topics, functions and the event bus."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope

from lab.aws import protocols
from lab.aws.clock import Clock
from lab.aws.cloudwatch import message
from lab.aws.cloudwatch.alarms import Engine
from lab.aws.cloudwatch.service import CloudWatch
from lab.aws.cloudwatch.store import Alarm, Scope, Store
from lab.aws.saved import Saved

SERVICE = "cloudwatch"
STEP = 0.5
"""How often (s, real time) the stand-in looks for alarms that are due."""

BREATH = 50
"""After how many alarms the event loop gets its turn."""

log = logging.getLogger("kumawatch.aws")


class Monitoring(Saved):
    """The service in its process."""

    KEPT = "alarms"

    def __init__(self, state: Path) -> None:
        self.file = state / "cloudwatch.json"
        self.clock = Clock()
        self.store = Store()
        self.engine = Engine(self.store, self.clock.now, self.tell)
        self.service = CloudWatch(self.store, self.clock.now, self.engine)
        self.feeders: list[Callable[[Monitoring], None]] = []
        """Functions that put what other services measure about themselves; called before each evaluation."""
        self.forgetters: list[Callable[[], None]] = []
        """Functions that forget what they knew; called by a reset."""

    # -- requests

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> protocols.Answer:
        """Answer one request; MiniStack's signature of a service."""
        protocol = protocols.QUERY
        try:
            try:
                call = protocols.read(SERVICE, path, headers, body)
            except protocols.Refused as exc:
                protocol = exc.call.protocol
                raise exc.error from None
            protocol = call.protocol
            scope = self.store.scope(get_account_id(), get_region())
            return protocols.answer(SERVICE, call, self.service.call(call.operation, scope, call.input))
        except protocols.ApiError as exc:
            return protocols.error_answer(SERVICE, protocol, exc)

    # -- evaluation

    def replace(self, region: str, values: set[str], since: float, puts: list[dict[str, Any]]) -> int:
        """Other points for those, from a moment on, of metrics that have one of these values as a dimension.

        One step of the event loop: an alarm that looked in between would find nothing, and take it for a failure.

        :param puts: what PutMetricData would be given, each time.
        :returns: how many points went.
        """
        scope = self.store.scope(get_account_id(), region)
        gone = scope.metrics.forget(values, since)
        for given in puts:
            self.service.put_metric_data(scope, given)
        return gone

    async def run(self) -> None:
        """Evaluate alarms for ever."""
        while True:
            await asyncio.sleep(STEP)
            try:
                await self.evaluate()
            except Exception:
                log.exception("the evaluation of alarms failed")

    async def evaluate(self) -> int:
        """Look at the alarms that are due; returns how many."""
        for feed in self.feeders:
            feed(self)
        due = self.engine.due()
        for number, (scope, alarm) in enumerate(due, 1):
            try:
                self.engine.look(scope, alarm)
            except Exception:
                log.exception("alarm %s could not be evaluated", alarm.name)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return len(due)

    async def evaluate_all(self) -> int:
        """Look at every alarm now."""
        self.all_due()
        return await self.evaluate()

    def all_due(self) -> None:
        """See to it that every alarm is looked at next time: the clock may have gone back."""
        for scope in self.store.scopes.values():
            for alarm in scope.alarms.values():
                alarm.due = 0.0

    # -- actions

    def tell(self, scope: Scope, alarm: Alarm, action: str, change: dict[str, Any]) -> None:
        """Do an action: publish, invoke, or put the event on the bus."""
        plain = {"kind": alarm.kind, "arn": alarm.arn, "put": dict(alarm.put), "configured": alarm.configured}
        with request_scope(scope.account, scope.region):
            try:
                if action == "events":
                    self.to_bus(scope, plain, {**change, "tags": scope.tags.get(alarm.arn, {})})
                elif ":sns:" in action:
                    self.to_topic(scope, plain, action, change)
                elif ":lambda:" in action:
                    self.to_function(scope, plain, action, change)
            except Exception:
                log.exception("action %s of alarm %s failed", action, alarm.name)

    def to_topic(self, scope: Scope, alarm: dict[str, Any], action: str, change: dict[str, Any]) -> None:
        from ministack.services import sns

        text = json.dumps(message.sns(alarm, change, scope.account, scope.region), ensure_ascii=False)
        subject = message.subject(alarm["put"]["AlarmName"], change["new"], scope.region)
        if sns.publish_internal(action, text, subject) is None:
            log.warning("alarm %s: there is no topic %s", alarm["put"]["AlarmName"], action)

    def to_function(self, scope: Scope, alarm: dict[str, Any], action: str, change: dict[str, Any]) -> None:
        event = message.invocation(alarm, change, scope.account, scope.region)

        def invoke() -> None:
            from ministack.services import lambda_svc

            with request_scope(scope.account, scope.region):
                function, configuration, name = lambda_svc._get_func_record_for_ref(action)
                if not function or not configuration:
                    log.warning("alarm %s: there is no function %s", alarm["put"]["AlarmName"], name)
                    return
                record = lambda_svc._execution_record_for_config(function, configuration)
                lambda_svc._execute_function_with_config_scope(record, event)

        threading.Thread(target=invoke, daemon=True).start()

    def to_bus(self, scope: Scope, alarm: dict[str, Any], change: dict[str, Any]) -> None:
        from ministack.services import eventbridge

        event = message.event(alarm, change, scope.account, scope.region, str(uuid.uuid4()))
        entry = {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event["resources"],
        }
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    # -- state

    def reset(self) -> None:
        self.forget()
        self.engine.waiting.clear()
        self.clock.reset()
        for forget in self.forgetters:
            forget()

    def load(self) -> None:
        super().load()
        self.engine.learn_all()
