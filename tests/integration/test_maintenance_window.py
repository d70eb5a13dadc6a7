# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One maintenance window of the catalogue, and both sides silent: a real Uptime Kuma and the stand-in's CloudWatch."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import uptime
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.mutes import mute_rules
from lab.aws.testing import Aws

from .conftest import RunModule, Server

SPECS = Path(__file__).resolve().parents[2] / "roles/catalogue/meta/argument_specs.yml"
OPTIONS = yaml.safe_load(SPECS.read_text())["argument_specs"]["main"]["options"]
MAINTENANCE = 3
"""The status of a monitor that Uptime Kuma leaves in peace."""


def service(name: str) -> dict[str, Any]:
    metric = {"namespace": "Demo", "name": name, "direction": "below", "critical": 1, "evaluation_periods": 1}
    # Nobody listens there: what is not in maintenance is down.
    return {"name": name, "health": {"url": "tcp://127.0.0.1:9", "interval": 20, "retries": 0}, "metrics": [metric]}


def beats(kuma: Server) -> dict[str, int]:
    """The last status of each monitor, by its name."""

    async def ask(client: Any) -> dict[str, int]:
        found = {}
        for ident, monitor in (client.state.monitors or {}).items():
            answer = await client.call("getMonitorBeats", ident, 1)
            if answer["data"]:
                found[monitor["name"]] = answer["data"][-1]["status"]
        return found

    return dict(kuma.talk(ask))


def test_one_window_silences_both_sides_and_nothing_else(
    kuma: Server, aws: Aws, run_module: RunModule, run_aws: RunModule
) -> None:
    now = datetime.now(UTC)
    window = {
        "title": "Works",
        "strategy": "single",
        "start": f"{now - timedelta(minutes=1):%Y-%m-%d %H:%M}",
        "end": f"{now + timedelta(hours=2):%Y-%m-%d %H:%M}",
        "timezone": "UTC",
        "services": ["shop"],
    }
    declared = {
        "monitoring_environment": "lab",
        "monitoring_services": [service("api"), service("shop")],
        "monitoring_maintenances": [window],
    }
    catalogue = resolve(declared, OPTIONS)

    # Uptime Kuma
    nowhere = {"google-chat": "http://127.0.0.1:9/v1/spaces/x/messages?key=k&token=t"}
    for module, option, entries in (
        ("kuma_notifications", "notifications", uptime.notifications(catalogue, nowhere)),
        ("kuma_monitors", "monitors", uptime.monitors(catalogue)),
        ("kuma_status_pages", "status_pages", uptime.status_pages(catalogue)),
        ("kuma_maintenances", "maintenances", uptime.maintenances(catalogue)),
    ):
        made = run_module(module, {option: entries})
        assert not made["failed"], made["msg"]
    # Those of before the window are over after an interval.
    deadline = time.monotonic() + 60
    while (found := beats(kuma)).get("shop") != MAINTENANCE or found.get("api") != 0:
        assert time.monotonic() < deadline, found
        time.sleep(1)

    # CloudWatch
    topic = aws.client("sns").create_topic(Name="critical")["TopicArn"]
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    wanted = alarms(catalogue, {}, {"critical": topic})
    made = run_aws("cloudwatch_alarms", {"alarms": wanted})
    assert not made["failed"], made["msg"]
    made = run_aws("cloudwatch_mute_rules", {"mute_rules": mute_rules(catalogue, wanted)})
    assert not made["failed"], made["msg"]
    for name in ("api", "shop"):
        aws.client("cloudwatch").put_metric_data(
            Namespace="Demo", MetricData=[{"MetricName": name, "Value": 0.0, "Timestamp": now}]
        )
    # The window has begun with the minute; a minute later the alarms see what was put.
    aws.evaluate((now + timedelta(seconds=70)).timestamp())
    states = {
        item["AlarmName"]: item["StateValue"]
        for item in aws.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    }
    assert states == {f"lab/{name}/business/{name}/critical": "ALARM" for name in ("api", "shop")}
    told = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
    assert [name in told[0]["Body"] for name in ("lab/api/", "lab/shop/")] == [True, False]
    assert len(told) == 1
