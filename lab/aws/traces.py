# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""X-Ray and Application Signals in the process of MiniStack, which has neither."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import tagging

from lab.aws import protocols
from lab.aws.cloudwatch_logs.store import Store as LogStore
from lab.aws.logs import both
from lab.aws.monitoring import Monitoring
from lab.aws.protocols import ApiError
from lab.aws.saved import Saved
from lab.aws.tracing import application_signals, rest, xray
from lab.aws.tracing.store import Scope, Store, as_list

SPANS = ("aws/spans", "/aws/application-signals/data")
"""The log groups that X-Ray writes spans to."""

ROLE = "AWSServiceRoleForCloudWatchApplicationSignals"
"""The service-linked role by which Application Signals discovers services."""
ROLE_OF = "application-signals.cloudwatch.amazonaws.com"

NAMES = {"ministack.services.iam": ["_gen_id", "_now", "_roles"], "ministack.services.tagging": ["_COLLECTORS"]}
"""The private names that are used, by module."""


Call = Callable[[str, Scope, dict[str, Any]], dict[str, Any] | None]


class Tracing(Saved):
    """Both services, with what they keep."""

    KEPT = "settings of traces"

    def __init__(self, state: Path, monitoring: Monitoring, logs: LogStore) -> None:
        self.file = state / "tracing.json"
        self.store = Store()
        self.logs = logs
        self.xray = xray.XRay(monitoring.clock.real, self.may_write)
        self.signals = application_signals.ApplicationSignals(monitoring.clock.real, discover)

    def handler(self, service: str, code: str, call: Call) -> Any:
        """What MiniStack calls for requests to a service.

        :param code: of the error for what breaks the model's constraints.
        """

        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> protocols.Answer:
            try:
                name, found = rest.operation(service, method, path)
                given = rest.read(service, name, found, query, body)
                wrong = rest.problems(service, name, given)
                if wrong:
                    count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected: "
                    raise ApiError(code, count + "; ".join(wrong))
                scope = self.store.scope(get_account_id(), get_region())
                return rest.answer(service, name, call(name, scope, given))
            except ApiError as exc:
                return rest.error_answer(service, exc)

        return handle

    def may_write(self, scope: Scope) -> bool:
        """Whether resource policies of CloudWatch Logs let X-Ray write to both log groups."""
        kept = self.logs.scope(scope.account, scope.region).things("resource_policies")
        statements = [statement for policy in kept.values() for statement in _statements(policy)]
        wanted = [scope.arn("logs", f"log-group:{group}:log-stream:x") for group in SPANS]
        return all(any(_allows(statement, arn) for statement in statements) for arn in wanted)

    def tagged(self, service: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
        scope = self.store.scope(get_account_id(), get_region())
        for arn, tags in list(scope.tags.items()):
            if arn.split(":")[2] == service and tags:
                yield arn, as_list(tags)

    # -- state

    def reset(self) -> None:
        self.forget()


def discover() -> None:
    """Make the service-linked role, unless it is there."""
    from ministack.services import iam

    if ROLE in iam._roles:
        return
    statement = {"Effect": "Allow", "Principal": {"Service": ROLE_OF}, "Action": "sts:AssumeRole"}
    path = f"/aws-service-role/{ROLE_OF}/"
    iam._roles[ROLE] = {
        "RoleName": ROLE,
        "Arn": f"arn:aws:iam::{get_account_id()}:role{path}{ROLE}",
        "RoleId": iam._gen_id("AROA"),
        "CreateDate": iam._now(),
        "Path": path,
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        "Description": "",
        "MaxSessionDuration": 3600,
        "AttachedPolicies": [],
        "InlinePolicies": {},
        "Tags": [],
    }


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        found = json.loads(policy.get("policyDocument") or "{}").get("Statement", [])
    except ValueError:
        return []
    return found if isinstance(found, list) else [found]


def _allows(statement: dict[str, Any], arn: str) -> bool:
    def several(value: Any) -> list[str]:
        return [value] if isinstance(value, str) else list(value or [])

    principal = statement.get("Principal") or {}
    services = several(principal.get("Service")) if isinstance(principal, dict) else several(principal)
    return (
        statement.get("Effect") == "Allow"
        and any(service in ("xray.amazonaws.com", "*") for service in services)
        and any(fnmatchcase("logs:PutLogEvents", action) for action in several(statement.get("Action")))
        and any(fnmatchcase(arn, resource) for resource in several(statement.get("Resource")))
    )


def install(monitoring: Monitoring, logs: LogStore) -> None:
    """Add both services to MiniStack's, and what is tagged of them to its tagging API."""
    tracing = Tracing(monitoring.file.parent, monitoring, logs)
    app.SERVICE_HANDLERS["xray"] = tracing.handler(
        "xray", "InvalidRequestException", lambda name, scope, given: xray.call(tracing.xray, name, scope, given)
    )
    signals = tracing.signals
    app.SERVICE_HANDLERS["application-signals"] = tracing.handler(
        "application-signals",
        "ValidationException",
        lambda name, scope, given: application_signals.call(signals, name, scope, given),
    )
    monitoring.forgetters.append(tracing.reset)
    for name in ("load", "save"):
        setattr(monitoring, name, both(getattr(monitoring, name), getattr(tracing, name)))
    tagging._COLLECTORS["xray"] = lambda: tracing.tagged("xray")
    tagging._COLLECTORS["application-signals"] = lambda: tracing.tagged("application-signals")
