# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported of the demo services: all that an alarm looks at, and what load and a failure change in it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.signals import SIGNALS
from lab.aws.testing import Aws
from lab.usage import Account as Usage
from lab.usage import Datum, Level, Reporter, Resources, concerned, level, reports

RESOURCES = Resources(
    instances={"api": "i-1", "shop": "i-2"},
    volumes={"api": ("vol-1",)},
    target_groups={"api": "targetgroup/api/1", "shop": "targetgroup/shop/2"},
    load_balancer="app/kumawatch-lab/3",
    database="kumawatch-lab",
)
QUIET = {"api": Level(), "shop": Level()}

#: Nothing of the demo runs on replicas, and the load balancer itself never fails.
ABSENT = {"ReplicaLag", "AuroraReplicaLag", "HTTPCode_ELB_5XX_Count"}


def value(levels: dict[str, Level], metric: str, **dimensions: str) -> float | None:
    found = [datum[3] for datum in reports(RESOURCES, levels, 1000) if datum[1] == metric and datum[2] == dimensions]
    assert len(found) <= 1
    return found[0] if found else None


def test_every_metric_that_an_alarm_looks_at_is_reported() -> None:
    reported = {(datum[0], datum[1]) for datum in reports(RESOURCES, {**QUIET, "api": Level(broken=True)}, 1000)}
    wanted = set()
    for signal in SIGNALS.values():
        names = {metric.name for metric in signal.metrics}
        if signal.scope == "network":  # a direction of an instance
            names = {f"{name}{way}" for name in names for way in ("In", "Out")}
        if signal.namespace.startswith(("AWS/", "CWAgent")):
            wanted |= {(signal.namespace, name) for name in names - ABSENT}
    assert wanted <= reported, wanted - reported


def test_nothing_of_a_quiet_service_would_alarm() -> None:
    assert value(QUIET, "CPUUtilization", InstanceId="i-1") < 40
    assert value(QUIET, "StatusCheckFailed", InstanceId="i-1") == 0
    balancer = {"LoadBalancer": RESOURCES.load_balancer}
    assert value(QUIET, "HTTPCode_Target_5XX_Count", **balancer) is None
    assert value(QUIET, "UnHealthyHostCount", TargetGroup="targetgroup/api/1", **balancer) == 0


def test_load_and_failure_show_where_they_are() -> None:
    levels = {"api": Level(cpu=97), "shop": Level(broken=True)}
    assert value(levels, "CPUUtilization", InstanceId="i-1") > 95
    assert value(levels, "CPUUtilization", InstanceId="i-2") < 40
    balancer = {"LoadBalancer": RESOURCES.load_balancer}
    requests = value(levels, "RequestCount", TargetGroup="targetgroup/shop/2", **balancer)
    errors = value(levels, "HTTPCode_Target_5XX_Count", TargetGroup="targetgroup/shop/2", **balancer)
    assert requests and errors and errors / requests > 0.5
    assert value(levels, "HTTPCode_Target_5XX_Count", TargetGroup="targetgroup/api/1", **balancer) is None
    assert value(levels, "HTTPCode_Target_5XX_Count", **balancer) == errors


def test_what_services_share_changes_with_each() -> None:
    assert concerned(RESOURCES, {"api"}) == {
        "i-1", "vol-1", "targetgroup/api/1", "app/kumawatch-lab/3", "kumawatch-lab",
    }  # fmt: skip


class Account:
    """Remembers what is put and replaced."""

    def __init__(self) -> None:
        self.puts: list[tuple[list[Any], float]] = []
        self.replaced: list[tuple[set[str], list[tuple[list[Any], float]]]] = []

    def resources(self) -> Resources:
        return RESOURCES

    def put(self, data: list[Any], at: float) -> None:
        self.puts.append((data, at))

    def replace(self, values: set[str], since: float, moments: list[tuple[list[Any], float]]) -> None:
        self.replaced.append((values, moments))


def test_what_changed_is_replaced_and_the_rest_goes_on(tmp_path: Path) -> None:
    account = Account()
    reporter = Reporter(account, tmp_path)  # type: ignore[arg-type]
    reporter.once(60_000.0)
    [(_values, moments)] = account.replaced
    assert len(moments) > 10 and moments[-1][1] == 60_000
    assert not reporter.due(60_059.0) and reporter.due(60_060.0)
    reporter.once(60_060.0)
    assert len(account.replaced) == 1 and account.puts[-1][1] == 60_060
    (tmp_path / "shop.load.json").write_text(json.dumps({"cpu": 97}))
    assert reporter.due(60_070.0)
    reporter.once(60_070.0)
    values, moments = account.replaced[1]
    assert "i-2" in values and "i-1" not in values
    assert {datum[2].get("InstanceId", "i-2") for data, _at in moments for datum in data} == {"i-2"}


def test_no_minute_is_reported_twice(tmp_path: Path) -> None:
    """A sum would count it twice, and what is usual would look like a spike."""
    account = Account()
    reporter = Reporter(account, tmp_path)  # type: ignore[arg-type]
    for now in (60_000.0, 60_030.0, 60_060.0, 60_090.0, 60_120.0):
        if reporter.due(now):
            reporter.once(now)
    reported = [*account.puts, *(moment for _values, moments in account.replaced for moment in moments)]
    seen = [(at, *datum[:2], *sorted(datum[2].items())) for data, at in reported for datum in data]
    assert len(seen) == len(set(seen))


def test_a_damaged_state_is_a_quiet_one(tmp_path: Path) -> None:
    (tmp_path / "api.load.json").write_text("{")
    assert level(tmp_path, "api") == Level()


def down(value: float) -> Datum:
    return "AWS/EC2", "StatusCheckFailed", {"InstanceId": "i-2"}, value


def test_no_alarm_sees_a_gap_while_the_past_is_replaced(stand_in: Aws) -> None:
    """An instance that says nothing counts as down: alarms that look meanwhile must find either the old or the new."""
    cloudwatch = stand_in.client("cloudwatch")
    account = Usage(stand_in.url, stand_in.region)
    now = int(time.time() // 60)
    past = range(now - 19, now + 1)
    account.replace({"i-2"}, 0, [([down(0.0)], minute * 60.0) for minute in past])
    cloudwatch.put_metric_alarm(
        AlarmName="down",
        Namespace="AWS/EC2",
        MetricName="StatusCheckFailed",
        Dimensions=[{"Name": "InstanceId", "Value": "i-2"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="breaching",
    )
    stand_in.evaluate()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            stand_in.evaluate()

    looking = threading.Thread(target=look)
    looking.start()
    for turn in range(15):
        account.replace({"i-2"}, (now - 20) * 60, [([down(turn / 100)], minute * 60.0) for minute in past])
    over.set()
    looking.join()
    changes = cloudwatch.describe_alarm_history(AlarmName="down", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in changes] == ["Alarm updated from INSUFFICIENT_DATA to OK"]
