# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the overlay takes hold of MiniStack.

It reaches for private names, so that MiniStack's version is pinned exactly; ``NAMES`` lists them all, and a start that
does not find one fails at once and names it.
"""

from __future__ import annotations

import importlib
from typing import Any

from ministack import app
from ministack.services import lambda_svc

from lab.aws import logs, logs_scheduler, patch_ec2, patch_rds, patch_sns, patch_ssm, patch_tagging, traces
from lab.aws.monitoring import Monitoring

NAMES = {
    "ministack.app": ["SERVICE_HANDLERS", "_reset_all_state", "app"],
    "ministack.core.responses": ["get_account_id", "get_region", "request_scope"],
    "ministack.services.ec2": [
        "_ACTION_MAP",
        "_attach_volume",
        "_detach_volume",
        "_error",
        "_instances",
        "_p",
        "_parse_member_list",
        "_tags",
        "_volumes",
        "_xml",
    ],
    "ministack.services.eventbridge": ["_put_events"],
    "ministack.services.lambda_svc": [
        "_create_function_url_config",
        "_execute_function_with_config_scope",
        "_execution_record_for_config",
        "_function_url_id",
        "_function_urls",
        "_get_func_record_for_ref",
        "_url_config_key",
        "json_response",
    ],
    "ministack.services.cloudformation.provisioners": ["_RESOURCE_HANDLERS"],
    "ministack.services.rds": ["_ACTION_MAP", "_clusters", "_error", "_instance_xml", "_instances", "_p", "_tags"],
    "ministack.services.alb": ["_tags"],
    "ministack.services.secretsmanager": ["_secrets"],
    "ministack.services.sns": [
        "_create_topic",
        "_error",
        "_fanout",
        "_list_subscriptions",
        "_list_subscriptions_by_topic",
        "_p",
        "_param_tags",
        "_refresh_subscription_counts",
        "_subscribe",
        "_topic_by_arn_any_scope",
        "_topics",
        "_xml",
        "publish_internal",
    ],
    "ministack.services.sqs": ["_queues", "_refresh_counts"],
    "ministack.services.tagging": [
        "_COLLECTORS",
        "_HANDLERS",
        "_collect_secretsmanager",
        "_collect_ssm",
        "_get_resources",
        "_invalid_parameter",
        "_json",
        "_matches_type_filters",
    ],
    "hypercorn.asyncio.tcp_server": ["TCPServer"],
}
"""The private names that are used, by module."""


def missing() -> list[str]:
    """The names that this MiniStack does not have."""
    return [
        f"{module}.{name}"
        for module, names in [*NAMES.items(), *logs.NAMES.items(), *logs_scheduler.NAMES.items(), *traces.NAMES.items()]
        for name in names
        if not hasattr(importlib.import_module(module), name)
    ]


def install(monitoring: Monitoring, port: int) -> None:
    """Put our parts in the places of MiniStack's."""
    gone = missing()
    if gone:
        raise SystemExit(f"This MiniStack is not the one that the overlay is made for: it lacks {', '.join(gone)}.")
    app.SERVICE_HANDLERS["monitoring"] = monitoring.handle
    reset_too(monitoring)
    answering_function_urls(port)
    patch_ec2.install()
    patch_rds.install()
    patch_sns.install()
    monitoring.forgetters.append(patch_sns.MAIL.clear)
    patch_ssm.install()
    patch_tagging.install(monitoring)
    traces.install(monitoring, logs.install(monitoring))
    logs_scheduler.install()
    depths = QueueDepths()
    monitoring.feeders.append(depths)
    monitoring.forgetters.append(depths.last.clear)


def reset_too(monitoring: Monitoring) -> None:
    """Let MiniStack's reset empty ours as well."""
    original = app._reset_all_state

    def reset() -> None:
        original()
        monitoring.reset()

    app._reset_all_state = reset


def answering_function_urls(port: int) -> None:
    """Let the URL of a function that the API returns be one that answers on this machine."""
    original_id = lambda_svc._function_url_id
    original_create = lambda_svc._create_function_url_config

    def id_of(url: str) -> Any:
        return url.rstrip("/").rpartition("/")[2] if "/_aws/lambda-url/" in url else original_id(url)

    def create(name: str, data: dict[str, Any], qualifier: str | None) -> Any:
        answer = original_create(name, data, qualifier)
        if answer[0] != 201:
            return answer
        configuration = lambda_svc._function_urls.get(lambda_svc._url_config_key(name, qualifier))
        id = original_id(configuration["FunctionUrl"])
        configuration["FunctionUrl"] = f"http://127.0.0.1:{port}/_aws/lambda-url/{id}/"
        return lambda_svc.json_response(configuration, status=201)

    lambda_svc._function_url_id = id_of
    lambda_svc._create_function_url_config = create


class QueueDepths:
    """Puts what SQS measures about its queues: once a minute, and whenever the depth changes."""

    def __init__(self) -> None:
        self.last: dict[Any, tuple[int, int]] = {}

    def __call__(self, monitoring: Monitoring) -> None:
        from ministack.services import sqs

        now = monitoring.clock.now()
        minute = int(now // 60)
        for (account, region, url), queue in list(sqs._queues._data.items()):
            sqs._refresh_counts(queue)
            depth = int(queue["attributes"]["ApproximateNumberOfMessages"])
            if self.last.get((account, region, url)) == (minute, depth):
                continue
            self.last[account, region, url] = minute, depth
            oldest = min((message["sent_at"] for message in queue["messages"]), default=0.0)
            age = monitoring.clock.real() - oldest if queue["messages"] else 0.0
            name = url.rpartition("/")[2]
            for metric, value, unit in (
                ("ApproximateNumberOfMessagesVisible", depth, "Count"),
                ("ApproximateAgeOfOldestMessage", age, "Seconds"),
            ):
                entry = {
                    "MetricName": metric,
                    "Value": float(value),
                    "Unit": unit,
                    "Dimensions": [{"Name": "QueueName", "Value": name}],
                }
                monitoring.service.put_metric_data(
                    monitoring.store.scope(account, region), {"Namespace": "AWS/SQS", "MetricData": [entry]}
                )
