# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's shipper: the demo services' lines in the stand-in's log groups, told apart by the catalogue's patterns."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_formats import FORMATS
from lab import shipper
from lab.aws.testing import Aws
from lab.paths import CHECKOUT
from lab.process import free_port
from lab.shipper import ACCESS, APP, CONTAINER, DATABASE_LOG, Delivery, Line, Places
from lab.usage import Level, Resources

BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/kumawatch-lab/50dc6c495c0c9188"
RESOURCES = Resources(
    instances={"api": "i-1", "shop": "i-2", "queue": "i-3"},
    target_groups={"api": "targetgroup/kumawatch-lab-api/1", "shop": "targetgroup/kumawatch-lab-shop/2"},
    load_balancer="app/kumawatch-lab/50dc6c495c0c9188",
)
BALANCER_GROUP = "/lab/load-balancer/kumawatch-lab"
EVERYTHING = frozenset({APP, ACCESS, CONTAINER, DATABASE_LOG, BALANCER_GROUP})
FORM = {APP: "json", ACCESS: "nginx", CONTAINER: "docker-text", DATABASE_LOG: "postgresql"}


def shipped(form: str = "json", number: int = 0, **levels: Level) -> list[Line]:
    places = Places(RESOURCES, EVERYTHING, (Delivery(BALANCER_GROUP, form),))
    known = {name: levels.get(name, Level()) for name in ("api", "shop", "queue")}
    return list(shipper.lines(places, known, BALANCER, 1795764347.5, number))


@pytest.fixture
def counted(stand_in: Aws) -> Callable[[list[Line], str, str, str], int]:
    """How many lines of a group the stand-in counts as something, by the patterns of a format of the catalogue."""
    logs = stand_in.client("logs")

    def count(lines: list[Line], group: str, form: str, name: str) -> int:
        texts = [line.text for line in lines if line.group == group]
        assert texts
        known = FORMATS[form]
        if known.transformer:
            made = logs.test_transformer(
                transformerConfig=[dict(item) for item in known.transformer], logEventMessages=texts
            )["transformedLogs"]
            texts = [entry["transformedEventMessage"] for entry in made]
        one = known.count(name)
        assert one is not None
        return sum(
            len(logs.test_metric_filter(filterPattern=pattern, logEventMessages=texts)["matches"])
            for pattern in one.patterns
        )

    return count


@pytest.mark.parametrize(("form", "kind"), [("json", "alb-json"), ("plain", "alb")])
def test_a_broken_service_is_seen_in_the_load_balancers_log(counted: Any, form: str, kind: str) -> None:
    quiet, broken = shipped(form), shipped(form, api=Level(broken=True))
    found = {
        name: (counted(quiet, BALANCER_GROUP, kind, name), counted(broken, BALANCER_GROUP, kind, name))
        for name in ("requests", "5xx", "502_balancer", "502_application")
    }
    assert found == {"requests": (8, 8), "5xx": (0, 3), "502_balancer": (0, 2), "502_application": (0, 0)}


def test_a_broken_service_writes_errors(counted: Any) -> None:
    quiet = shipped()
    broken = shipped(api=Level(broken=True), shop=Level(broken=True), queue=Level(broken=True))
    assert (counted(quiet, APP, "json", "errors"), counted(broken, APP, "json", "errors")) == (0, 4)
    assert (counted(quiet, ACCESS, "nginx", "5xx"), counted(broken, ACCESS, "nginx", "5xx")) == (0, 3)
    assert counted(quiet, CONTAINER, "docker-text", "errors") == 0
    assert counted(broken, CONTAINER, "docker-text", "errors") == 5


def test_a_busy_service_has_slow_queries_and_requests(counted: Any) -> None:
    busy = shipped(api=Level(cpu=97))
    assert counted(busy, DATABASE_LOG, "postgresql", "query_time") == 3
    assert counted(shipped(), DATABASE_LOG, "postgresql", "query_time") == 0
    slow = [json.loads(line.text)["target_processing_time"] for line in busy if line.group == BALANCER_GROUP]
    assert min(slow[:4]) > 2 and max(slow[4:]) < 0.1


def test_only_what_is_delivered_and_only_groups_that_are_there() -> None:
    known = {name: Level() for name in ("api", "shop", "queue")}
    assert list(shipper.lines(Places(RESOURCES), known, BALANCER, 1.0, 0)) == []
    narrow = Places(RESOURCES, EVERYTHING, (Delivery(BALANCER_GROUP, "json", ("time", "elb_status_code")),))
    texts = [line.text for line in shipper.lines(narrow, known, BALANCER, 1.0, 0) if line.group == BALANCER_GROUP]
    assert [sorted(json.loads(text)) for text in texts] == [["elb_status_code", "time"]] * 8


# -- the process, by the real path


@contextmanager
def running(aws: Aws, state: Path) -> Iterator[int]:
    """The shipper as the lab runs it; its port."""
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "lab.shipper", "--port", str(port), "--state", str(state)),
            *("--endpoint-url", aws.url, "--region", aws.region),
        ],
        cwd=CHECKOUT,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def ready(port: int) -> Any:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as response:
            return json.load(response)
    except urllib.error.URLError:
        return None


def test_a_broken_api_raises_an_alarm_by_itself(stand_in: Aws, tmp_path: Path, until: Callable[..., Any]) -> None:
    logs, elbv2 = stand_in.client("logs"), stand_in.client("elbv2")
    made = elbv2.create_load_balancer(Name="kumawatch-lab", Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
    for name in ("api", "shop"):
        elbv2.create_target_group(Name=f"kumawatch-lab-{name}", Protocol="HTTP", Port=80, VpcId="vpc-1")
    for group in (APP, BALANCER_GROUP):
        logs.create_log_group(logGroupName=group)
    logs.put_delivery_source(name="access", resourceArn=made["LoadBalancerArn"], logType="ALB_ACCESS_LOGS")
    target = logs.put_delivery_destination(
        name="group",
        outputFormat="json",
        deliveryDestinationConfiguration={
            "destinationResourceArn": f"arn:aws:logs:us-east-1:123456789012:log-group:{BALANCER_GROUP}"
        },
    )["deliveryDestination"]
    logs.create_delivery(deliverySourceName="access", deliveryDestinationArn=target["arn"])
    own = FORMATS["alb-json"].count("502_balancer")
    assert own is not None
    for group, pattern, metric in ((APP, '{ $.level = "ERROR" }', "errors"), (BALANCER_GROUP, own.patterns[0], "502")):
        logs.put_metric_filter(
            logGroupName=group,
            filterName="f",
            filterPattern=pattern,
            metricTransformations=[{"metricName": metric, "metricNamespace": "n", "metricValue": "1"}],
        )
        stand_in.client("cloudwatch").put_metric_alarm(
            AlarmName=metric,
            Namespace="n",
            MetricName=metric,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )

    def states() -> list[str]:
        found = stand_in.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return [alarm["StateValue"] for alarm in found]

    with running(stand_in, tmp_path) as port:
        until(lambda: (answer := ready(port)) and answer["part"] == "kumawatch-lab-shipper", 20, "the first shipment")
        until(lambda: states() == ["OK", "OK"], 5, "the quiet")
        found = logs.filter_log_events(logGroupName=APP, filterPattern='{ $.level = "INFO" }')["events"]
        assert len(found) == 4
        (tmp_path / "api.json").write_text('{"broken": true}')
        until(lambda: states() == ["ALARM", "ALARM"], 8, "the alarms")
        # Who starts anew, with groups that were made anew, goes on.
        logs.delete_log_group(logGroupName=APP)
        logs.create_log_group(logGroupName=APP)
        (tmp_path / "api.json").write_text('{"broken": false}')
        until(lambda: logs.filter_log_events(logGroupName=APP)["events"], 25, "lines in the new group")
