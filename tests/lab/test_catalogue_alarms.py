# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarms of a catalogue in the running stand-in: one incident is told once, whoever evaluates them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import alarm_model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import FAMILIES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from lab.aws.testing import Aws

SPEC = Path(__file__).parents[2] / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]


class Told:
    """The stand-in with the alarms of services, a clock that the test turns, and what the topics were told."""

    def __init__(
        self,
        aws: Aws,
        services: list[dict[str, Any]],
        found: dict[str, Any],
        topics: dict[str, str] | None = None,
        environment: str = "lab",
    ) -> None:
        self.aws, self.cloudwatch, self.sqs = aws, aws.client("cloudwatch"), aws.client("sqs")
        sns = aws.client("sns")
        self.queue = self.sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topics = topics or {name: sns.create_topic(Name=name)["TopicArn"] for name in ("critical", "warning")}
        for topic in topics.values():
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        self.now = time.time() // 3600 * 3600 + 3600
        aws.evaluate(self.now)
        catalogue = resolve({"monitoring_environment": environment, "monitoring_services": services}, OPTIONS)
        for entry in alarms(catalogue, {"services": found}, topics):
            family = FAMILIES[entry["kind"]]
            given = {key: value for key, value in entry.items() if key not in ("name", "kind")}
            wanted = alarm_model.declared(given, entry["kind"])
            put = (
                self.cloudwatch.put_composite_alarm if family == "composite alarm" else self.cloudwatch.put_metric_alarm
            )
            put(**alarm_model.parameters(entry["name"], family, wanted))

    def minutes(
        self, count: int, namespace: str, metric: str, value: float, **dimensions: str
    ) -> list[tuple[str, str]]:
        """A value for so many minutes, and what was told meanwhile."""
        for _number in range(count):
            self.cloudwatch.put_metric_data(
                Namespace=namespace,
                MetricData=[
                    {
                        "MetricName": metric,
                        "Value": value,
                        "Timestamp": self.now,
                        "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
                    }
                ],
            )
            for _step in range(6):
                self.now += 10
                self.aws.evaluate(self.now)
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["AlarmName"], body["NewStateValue"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


def only(*kinds: str) -> dict[str, Any]:
    return dict.fromkeys({"cpu", "memory", "disk", "network", "host_down"} - set(kinds), False)


def test_a_processor_at_90_then_97_then_40(stand_in: Aws) -> None:
    service = {"name": "api", "critical": True, "alarms": only("cpu")}
    world = Told(stand_in, [service], {"api": {"instances": [{"id": "i-1", "state": "running"}]}})
    cpu = ("AWS/EC2", "CPUUtilization")
    world.minutes(6, *cpu, 40, InstanceId="i-1")  # new alarms tell that they are OK
    assert world.minutes(9, *cpu, 90, InstanceId="i-1") == [("lab/api/cpu/i-1/notify-warning", "ALARM")]
    assert world.minutes(15, *cpu, 97, InstanceId="i-1") == [("lab/api/cpu/i-1/critical", "ALARM")]
    assert world.minutes(10, *cpu, 40, InstanceId="i-1") == [("lab/api/cpu/i-1/notify-recovery", "OK")]


def test_a_service_is_silent_about_what_one_above_it_does(stand_in: Aws) -> None:
    metric = {"namespace": "Demo", "direction": "below", "warning": 9, "critical": 5}
    services = [
        {"name": "queue", "metrics": [{**metric, "name": "queue"}]},
        {"name": "api", "depends_on": ["queue"], "metrics": [{**metric, "name": "api"}]},
    ]
    world = Told(stand_in, services, {})

    def both(minutes: int, queue: float, api: float) -> list[tuple[str, str]]:
        told = []
        for _minute in range(minutes):
            world.cloudwatch.put_metric_data(
                Namespace="Demo", MetricData=[{"MetricName": "queue", "Value": queue, "Timestamp": world.now}]
            )
            told += world.minutes(1, "Demo", "api", api)
        return told

    both(6, 10, 10)
    assert both(12, 0, 0) == [("lab/queue/business/queue/critical", "ALARM")]
    told = both(12, 10, 10)
    assert [name for name, state in told if state == "ALARM"] == []
    assert ("lab/queue/business/queue/notify-recovery", "OK") in told
    assert both(12, 10, 0) == [("lab/api/business/api/notify-critical", "ALARM")]
