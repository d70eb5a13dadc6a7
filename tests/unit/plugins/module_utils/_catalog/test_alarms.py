# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarms of a catalogue: what each kind watches, what they name, and what CloudWatch would say of them."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import alarm_checks
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import FAMILIES, alarm_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarms import Alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import agent, names
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms, omissions
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.monitored import monitored
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.signals import (
    FLEET,
    KINDS,
    LOG_SIGNALS,
    SIGNALS,
    TRACE_SIGNALS,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

ROOT = Path(__file__).parents[5]
OPTIONS = yaml.safe_load((ROOT / "roles/catalogue/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]
ARN = "arn:aws:sns:eu-central-1:123456789012:kumawatch-production-"
TOPICS = {severity: ARN + severity for severity in ("critical", "warning", "info")}

Entry = dict[str, Any]


def instance(number: int = 1, **details: Any) -> Entry:
    return {
        "id": f"i-{number}", "name": f"api-{number}", "type": "m7g.large", "vcpus": 2, "state": "running",
        "autoscaling_group": None, "detailed_monitoring": False, "nitro": True,
        "volumes": [{"id": f"vol-{number}", "device": "/dev/xvda", "type": "gp3"}], **details,
    }  # fmt: skip


BALANCER = {
    "id": "app/prod/50dc6c495c0c9188", "name": "prod", "arn": "arn:b",
    "target_groups": [
        {"id": "targetgroup/api/1", "name": "api", "arn": "arn:1"},
        {"id": "targetgroup/admin/2", "name": "admin", "arn": "arn:2"},
    ],
}  # fmt: skip
DATABASE = {
    "id": "prod-db", "kind": "instance", "engine": "postgres", "class": "db.m7g.large", "vcpus": 2,
    "memory_bytes": 8 * 2**30, "allocated_bytes": 100 * 2**30, "max_connections": 820, "replica_of": None,
    "members": [], "monitoring_interval": 0,
}  # fmt: skip


def catalogue(*services: Entry, **variables: Any) -> dict[str, Any]:
    return resolve(
        {"monitoring_environment": "production", "monitoring_services": list(services), **variables}, OPTIONS
    )


def discovery(**services: Entry) -> dict[str, Any]:
    return {"services": {name: {"instances": [], **found} for name, found in services.items()}}


def made(
    service: Entry | None = None, found: Entry | None = None, topics: Any = None, **variables: Any
) -> dict[str, Entry]:
    """The alarms of one service ``api``, by name without the environment and the service."""
    entries = alarms(
        catalogue({"name": "api", **(service or {})}, **variables),
        discovery(api=found or {}),
        TOPICS if topics is None else topics,
    )
    assert all(entry["name"].startswith("production/api/") for entry in entries)
    return {entry["name"].removeprefix("production/api/"): entry for entry in entries}


def shown(entry: Entry) -> tuple[Any, ...]:
    """What the table of kinds says of an alarm."""
    metrics = entry.get("metrics") or [{"metric_stat": {"period": entry.get("period")}}]
    periods = {item.get("metric_stat", item).get("period") for item in metrics} - {None}
    assert len(periods) == 1
    return (
        entry["comparison"],
        entry.get("threshold"),
        periods.pop(),
        f"{entry['datapoints_to_alarm']} of {entry['evaluation_periods']}",
        entry["treat_missing_data"],
    )


# -- the table --------------------------------------------------------------------------------------------------------

ABOVE, AT_LEAST = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
BELOW, OUTSIDE = "LessThanThreshold", "GreaterThanUpperThreshold"

TABLE = {
    "cpu/i-1/warning": (ABOVE, 80, 60, "5 of 5", "missing"),
    "cpu/i-1/critical": (ABOVE, 95, 60, "10 of 10", "missing"),
    "memory/i-1/warning": (ABOVE, 85, 60, "5 of 5", "breaching"),
    "memory/i-1/critical": (ABOVE, 95, 60, "5 of 5", "breaching"),
    "disk/i-1/root/warning": (ABOVE, 80, 60, "3 of 3", "breaching"),
    "disk/i-1/root/critical": (ABOVE, 90, 60, "3 of 3", "breaching"),
    "io_latency/vol-1/warning": (ABOVE, 100, 60, "3 of 5", "notBreaching"),
    "io_latency/vol-1/critical": (ABOVE, 200, 60, "3 of 5", "notBreaching"),
    "network/i-1/in/warning": (OUTSIDE, None, 300, "3 of 5", "notBreaching"),
    "network/i-1/out/critical-band": (OUTSIDE, None, 300, "3 of 5", "notBreaching"),
    "network/i-1/out/critical-floor": (ABOVE, 300_000_000, 300, "3 of 5", "notBreaching"),
    "host_down/i-1/critical": (AT_LEAST, 1, 60, "2 of 2", "breaching"),
    "database_cpu/prod-db/warning": (ABOVE, 80, 60, "5 of 5", "missing"),
    "database_cpu/prod-db/critical": (ABOVE, 95, 60, "10 of 10", "missing"),
    "database_connections/prod-db/warning": (ABOVE, 656, 60, "5 of 5", "missing"),
    "database_connections/prod-db/critical": (ABOVE, 779, 60, "5 of 5", "missing"),
    "database_latency/prod-db/warning": (ABOVE, 0.05, 60, "5 of 5", "missing"),
    "database_latency/prod-db/critical": (ABOVE, 0.2, 60, "5 of 5", "missing"),
    "database_load/prod-db/warning": (ABOVE, 2, 60, "5 of 5", "missing"),
    "database_load/prod-db/critical": (ABOVE, 4, 60, "10 of 10", "missing"),
    "database_replication/prod-db/warning": (ABOVE, 30, 60, "5 of 5", "breaching"),
    "database_replication/prod-db/critical": (ABOVE, 60, 60, "10 of 10", "breaching"),
    "database_storage/prod-db/warning": (BELOW, 20 * 2**30, 60, "5 of 5", "breaching"),
    "database_storage/prod-db/critical": (BELOW, 10 * 2**30, 60, "5 of 5", "breaching"),
    "errors_5xx/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "errors_5xx/critical": (ABOVE, 5, 60, "3 of 5", "notBreaching"),
    "unhealthy_hosts/api/warning": (AT_LEAST, 1, 60, "3 of 3", "notBreaching"),
    "unhealthy_hosts/admin/critical": (AT_LEAST, 50, 60, "3 of 3", "notBreaching"),
    "response_time/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "response_time/critical": (ABOVE, 3, 60, "5 of 5", "notBreaching"),
    "slo_fast/critical-1-h": (ABOVE, 1.44, 3600, "1 of 1", "notBreaching"),
    "slo_fast/critical-5-min": (ABOVE, 1.44, 300, "1 of 1", "notBreaching"),
    "slo_slow/warning-6-h": (ABOVE, 0.6, 21600, "1 of 1", "notBreaching"),
    "slo_slow/warning-30-min": (ABOVE, 0.6, 1800, "1 of 1", "notBreaching"),
}

EVERYTHING = {"instances": [instance()], "load_balancer": BALANCER, "database": {**DATABASE, "replica_of": "first"}}
FULL = {"critical": True, "agent": "required", "objective": 99.9, "load_balancer": "prod", "database": "prod-db"}


@pytest.mark.parametrize("name", TABLE, ids=str)
def test_each_kind_is_watched_as_the_table_says(name: str) -> None:
    assert shown(made(FULL, EVERYTHING)[name]) == TABLE[name]


def test_there_is_nothing_that_the_table_does_not_say() -> None:
    symmetrical = {
        *(name.replace("/in/", "/out/") for name in TABLE),
        *(name.replace("/out/", "/in/") for name in TABLE),
        *(name.replace("/api/", "/admin/") for name in TABLE),
        *(name.replace("/admin/", "/api/") for name in TABLE),
        "network/i-1/out/warning",
        "network/i-1/in/critical-band",
    }
    found = {name for name, entry in made(FULL, EVERYTHING).items() if entry["kind"] != "composite"}
    assert found == symmetrical


def test_every_kind_of_the_table_of_signals_is_there() -> None:
    kinds = {entry["tags"]["kind"] for entry in made(FULL, EVERYTHING).values()}
    assert kinds == {*SIGNALS, "service"}


def test_without_detailed_monitoring_the_same_time_is_fewer_periods() -> None:
    found = made({}, {"instances": [instance()]})
    assert shown(found["cpu/i-1/warning"]) == (ABOVE, 80, 300, "1 of 1", "missing")
    assert shown(found["cpu/i-1/critical"]) == (ABOVE, 95, 300, "2 of 2", "missing")
    # Status checks, the agent and EBS tell every minute in any case, and the network is looked at in fives anyway.
    assert shown(found["host_down/i-1/critical"])[2:4] == (60, "2 of 2")
    assert shown(found["memory/i-1/warning"])[2:4] == (60, "5 of 5")
    assert shown(found["io_latency/vol-1/warning"])[2:4] == (60, "3 of 5")
    assert shown(found["network/i-1/in/warning"])[2:4] == (300, "3 of 5")


@pytest.mark.parametrize(
    ("service", "details", "period"),
    [
        ({"critical": True}, {}, 60),
        ({"critical": True, "detailed_monitoring": False}, {}, 300),
        ({"detailed_monitoring": True}, {}, 60),
        ({}, {"detailed_monitoring": True}, 60),
    ],
    ids=str,
)
def test_critical_services_have_detailed_monitoring_unless_declared(service: Any, details: Any, period: int) -> None:
    found = made(service, {"instances": [instance(**details)]})
    assert found["cpu/i-1/warning"]["period"] == period
    wanted = monitored(catalogue({"name": "api", **service}), discovery(api={"instances": [instance(**details)]}))
    assert bool(wanted["instances"]) == (period == 60 and not details)


# -- metrics and their dimensions -------------------------------------------------------------------------------------


def test_metrics_are_found_by_the_dimensions_that_they_have() -> None:
    found = made({"mounts": ["/", "/var/lib/data"], "agent": "required"}, {"instances": [instance()]})
    assert found["cpu/i-1/warning"]["dimensions"] == {"InstanceId": "i-1"}
    assert found["memory/i-1/warning"]["namespace"] == "CWAgent"
    disk = found["disk/i-1/var-lib-data/critical"]
    assert (disk["metric"], disk["statistic"]) == ("disk_used_percent", "Maximum")
    assert disk["dimensions"] == {"InstanceId": "i-1", "path": "/var/lib/data"}


def test_what_the_agent_sends_is_what_the_alarms_look_for() -> None:
    assert set(agent.aggregation_dimensions(False)[0]) == {"InstanceId", "path"}
    assert agent.append_dimensions(False) == {"InstanceId": "${aws:InstanceId}"}
    assert set(agent.append_dimensions(True)) == {"InstanceId", "AutoScalingGroupName"}
    assert agent.dropped() == ["disk_used_percent", "disk_inodes_free"]


def test_a_volume_of_an_older_instance_has_its_latency_worked_out() -> None:
    nitro = made({}, {"instances": [instance()]})["io_latency/vol-1/warning"]["metrics"]
    assert [item["metric_stat"]["metric"] for item in nitro[:-1]] == ["VolumeAvgReadLatency", "VolumeAvgWriteLatency"]
    older = made({}, {"instances": [instance(nitro=False)]})["io_latency/vol-1/warning"]["metrics"]
    assert [item["metric_stat"]["metric"] for item in older[:4]] == [
        "VolumeTotalReadTime", "VolumeReadOps", "VolumeTotalWriteTime", "VolumeWriteOps",
    ]  # fmt: skip
    assert older[4]["expression"] == "IF(ro>0,1000*FILL(rt,0)/ro,0)"
    assert [item["return_data"] for item in older] == [False] * 6 + [True]
    assert older[-1]["expression"] == nitro[-1]["expression"]


def test_unusual_traffic_is_critical_only_where_it_is_much() -> None:
    found = made({}, {"instances": [instance()]})
    band = found["network/i-1/in/critical-band"]
    assert band["metrics"][1] == {"id": "band", "expression": "ANOMALY_DETECTION_BAND(m, 4)", "return_data": True}
    assert band["threshold_metric_id"] == "band"
    assert "threshold" not in band
    assert found["network/i-1/in/critical"]["rule"] == (
        'ALARM("production/api/network/i-1/in/critical-band") AND ALARM("production/api/network/i-1/in/critical-floor")'
    )
    less = made({"alarms": {"network": {"floor": 1000}}}, {"instances": [instance()]})
    assert less["network/i-1/in/critical-floor"]["threshold"] == 300_000
    none = made({"alarms": {"network": {"floor": 0}}}, {"instances": [instance()]})
    assert none["network/i-1/in/critical"]["kind"] == "anomaly"


def test_the_error_rate_counts_what_both_sides_answer_from_a_number_of_requests_on() -> None:
    entry = made({"load_balancer": "prod", "alarms": {"errors_5xx": {"floor": 20}}}, EVERYTHING)["errors_5xx/warning"]
    assert entry["metrics"][-1]["expression"] == "IF(req>=20,100*(FILL(t5,0)+FILL(e5,0))/req,0)"
    assert [(item["metric_stat"]["metric"], item["metric_stat"]["stat"]) for item in entry["metrics"][:-1]] == [
        ("RequestCount", "Sum"), ("HTTPCode_Target_5XX_Count", "Sum"), ("HTTPCode_ELB_5XX_Count", "Sum"),
    ]  # fmt: skip
    assert entry["metrics"][0]["metric_stat"]["dimensions"] == {"LoadBalancer": "app/prod/50dc6c495c0c9188"}


def test_a_service_that_shares_a_load_balancer_is_judged_by_its_own_groups() -> None:
    found = made({"load_balancer": "prod", "target_groups": ["api"], "objective": 99.9}, EVERYTHING)
    entry = found["errors_5xx/api/critical"]
    dimensions = {"TargetGroup": "targetgroup/api/1", "LoadBalancer": "app/prod/50dc6c495c0c9188"}
    assert [item["metric_stat"]["dimensions"] for item in entry["metrics"][:-1]] == [dimensions, dimensions]
    assert entry["metrics"][-1]["expression"] == "IF(req>=50,100*FILL(t5,0)/req,0)"
    assert found["response_time/api/warning"]["dimensions"] == dimensions
    assert not any("admin" in name for name in found)
    assert [item.get("expression") for item in found["slo_fast/critical-1-h"]["metrics"]] == [
        None, None, "FILL(req1,0)", "FILL(t51,0)", "IF(req>=50,100*FILL(t5,0)/req,0)",
    ]  # fmt: skip


def test_percentiles_are_extended_statistics() -> None:
    entry = made({"load_balancer": "prod"}, EVERYTHING)["response_time/warning"]
    assert (entry["extended_statistic"], "statistic" in entry) == ("p90", False)
    entry = made({"alarms": {"response_time": {"statistic": "Average"}}}, EVERYTHING)["response_time/warning"]
    assert (entry["statistic"], "extended_statistic" in entry) == ("Average", False)


# -- databases --------------------------------------------------------------------------------------------------------


def test_a_cluster_is_watched_member_by_member() -> None:
    cluster = {
        **DATABASE, "id": "aurora", "kind": "cluster", "allocated_bytes": None,
        "members": [
            {"id": "aurora-1", "role": "writer", "vcpus": 4, "max_connections": 2000},
            {"id": "aurora-2", "role": "reader", "vcpus": 2, "max_connections": 1000},
        ],
    }  # fmt: skip
    found = made({"database": "aurora"}, {"database": cluster})
    assert found["database_connections/aurora-1/warning"]["threshold"] == 1600
    assert found["database_connections/aurora-2/warning"]["threshold"] == 800
    assert found["database_load/aurora-2/critical"]["threshold"] == 4
    lag = found["database_replication/aurora-2/critical"]
    assert (lag["metric"], lag["threshold"]) == ("AuroraReplicaLag", 60_000)
    assert not [name for name in found if name.startswith(("database_replication/aurora-1", "database_storage"))]


def test_only_a_replica_is_watched_for_replication() -> None:
    assert not [name for name in made({}, {"database": DATABASE}) if "replication" in name]


def test_what_nobody_knows_of_a_database_is_said_and_not_guessed() -> None:
    unknown = {**DATABASE, "max_connections": None, "allocated_bytes": None}
    assert not [name for name in made({}, {"database": unknown}) if "connections" in name or "storage" in name]
    assert omissions(catalogue({"name": "api"}), discovery(api={"database": unknown})) == [
        "service 'api': has no alarm database_connections, since max_connections of the database 'prod-db' is not "
        "known.",
        "service 'api': has no alarm database_storage, since allocated_bytes of the database 'prod-db' is not known.",
    ]


# -- what must not spam -----------------------------------------------------------------------------------------------


def test_nothing_is_said_of_an_instance_that_does_not_run() -> None:
    for state in ("stopped", "stopping", "pending"):
        assert made({"agent": "required"}, {"instances": [instance(state=state)]}) == {}
    assert len(made({"agent": "required"}, {"instances": [instance(), instance(2, state="stopped")]})) == len(
        made({"agent": "required"}, {"instances": [instance()]})
    )


def test_an_agent_that_may_be_missing_is_not_missed() -> None:
    found = made({}, {"instances": [instance()]})
    assert {found[f"{name}/critical"]["treat_missing_data"] for name in ("memory/i-1", "disk/i-1/root")} == {"missing"}
    without = made({"agent": "absent"}, {"instances": [instance()]})
    assert not [name for name in without if name.startswith(("memory", "disk"))]
    own = made({"alarms": {"memory": {"treat_missing_data": "ignore"}}, "agent": "required"}, EVERYTHING)
    assert own["memory/i-1/warning"]["treat_missing_data"] == "ignore"


def test_members_of_an_auto_scaling_group_are_followed_by_queries() -> None:
    grouped = {"instances": [instance(1, autoscaling_group="it's"), instance(2, autoscaling_group="it's")]}
    found = made({"critical": True}, grouped)
    watching = {name: entry for name, entry in found.items() if entry["kind"] != "composite"}
    assert {entry["kind"] for entry in watching.values()} == {"metrics_insights"}
    assert sorted(watching) == [
        "fleet_cpu/it's/critical", "fleet_cpu/it's/warning", "fleet_disk/it's/critical", "fleet_disk/it's/warning",
        "fleet_host_down/it's/critical", "fleet_memory/it's/critical", "fleet_memory/it's/warning",
    ]  # fmt: skip
    queries = {name: entry["metrics"][0]["expression"] for name, entry in watching.items()}
    assert queries["fleet_cpu/it's/warning"] == (
        'SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", AutoScalingGroupName) '
        "WHERE AutoScalingGroupName = 'it''s' GROUP BY AutoScalingGroupName"
    )
    assert queries["fleet_disk/it's/critical"] == (
        "SELECT MAX(disk_used_percent) FROM SCHEMA(CWAgent, AutoScalingGroupName, InstanceId, path) "
        "WHERE AutoScalingGroupName = 'it''s' GROUP BY InstanceId, path"
    )
    assert {entry["treat_missing_data"] for entry in watching.values()} == {"notBreaching"}
    assert shown(watching["fleet_cpu/it's/critical"])[1:4] == (95, 60, "10 of 10")


def test_a_fleet_has_the_settings_of_the_kind_of_one_instance() -> None:
    grouped = {"instances": [instance(autoscaling_group="asg")]}
    found = made({"alarms": {"cpu": {"warning": 60}, "memory": False, "disk": {"critical": False}}}, grouped)
    assert found["fleet_cpu/asg/warning"]["threshold"] == 60
    assert not [name for name in found if name.startswith("fleet_memory") or name == "fleet_disk/asg/critical"]


def test_a_fleet_without_a_group_is_followed_by_its_tags() -> None:
    found = made(
        {"fleet": True, "instance_tags": {"service": "api", "cost center": "1"}},
        {"instances": [instance(), instance(2)]},
    )
    assert found["fleet_cpu/tagged/warning"]["metrics"][0]["expression"] == (
        'SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId) '
        "WHERE tag.service = 'api' AND tag.\"cost center\" = '1' GROUP BY InstanceId"
    )
    assert not [name for name in found if name.startswith(("cpu/", "host_down/", "network/"))]
    # Tags do not lead to what the agent sends.
    assert "memory/i-2/critical" in found


def test_a_fleet_that_no_query_can_follow_is_watched_one_by_one() -> None:
    service = {"name": "api", "fleet": True}
    assert "cpu/i-1/warning" in made(service, {"instances": [instance()]})
    assert omissions(catalogue(service), discovery(api={"instances": [instance()]})) == [
        "service 'api': is a fleet whose instances belong to no Auto Scaling group and are not found by instance_tags, "
        "so each has alarms of its own."
    ]


# -- the objective ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "found", "reason"),
    [
        (
            {"objective": 99.9},
            {},
            "has no burn-rate alarms for its objective, since there is no load balancer to count requests; where X-Ray "
            "is a backend for traces, apm.slo: application_signals lets it count them.",
        ),
        ({"objective": 100}, EVERYTHING, "has no burn-rate alarms, since an objective of 100 % leaves no budget"),
        (
            {"objective": 90, "alarms": {"slo_slow": False}},
            EVERYTHING,
            "has no alarm slo_fast, since an objective of 90 % cannot be missed 14.4 times over.",
        ),
        (
            {"objective": 99, "load_balancer": "prod", "target_groups": [f"g{number}" for number in range(6)]},
            {"load_balancer": {**BALANCER, "target_groups": [{"id": f"t/{n}", "name": f"g{n}"} for n in range(6)]}},
            "has no burn-rate alarms, since metric math takes the requests of 5 target groups at most and it has 6.",
        ),
    ],
    ids=str,
)
def test_without_a_burn_rate_there_is_a_reason(service: Entry, found: Entry, reason: str) -> None:
    assert not [name for name in made(service, found) if name.startswith("slo_")]
    sentences = omissions(catalogue({"name": "api", **service}), discovery(api=found))
    assert [sentence for sentence in sentences if sentence.startswith(f"service 'api': {reason}")]


def test_without_an_objective_nobody_misses_its_alarms() -> None:
    found = {"instances": [instance()]}
    assert omissions(catalogue({"name": "api"}), discovery(api=found)) == []


def test_a_target_group_that_is_not_there_is_named() -> None:
    service = {"name": "api", "load_balancer": "prod", "target_groups": ["api", "apu"]}
    assert omissions(catalogue(service), discovery(api=EVERYTHING)) == [
        "service 'api': target_groups names 'apu', which the load balancer 'prod' does not have; it has admin, api."
    ]


def test_the_burn_must_be_there_in_both_windows() -> None:
    found = made({"objective": 99.9}, EVERYTHING)
    assert found["slo_fast/critical"]["rule"] == (
        'ALARM("production/api/slo_fast/critical-1-h") AND ALARM("production/api/slo_fast/critical-5-min")'
    )
    assert found["slo_slow/warning"]["rule"].count("ALARM(") == 2
    assert found["slo_slow/notify-warning"]["suppressor"] == {
        "alarm": "production/api/slo_fast/critical", "wait": 60, "extension": 1800,
    }  # fmt: skip


# -- business metrics -------------------------------------------------------------------------------------------------

ORDERS = {
    "name": "Orders", "namespace": "Shop", "title": "Orders / minute", "dimensions": {"Shop": "de"}, "unit": "orders",
    "direction": "below", "warning": 10, "critical": 2, "evaluation_periods": 3, "treat_missing_data": "breaching",
}  # fmt: skip


def test_a_business_metric_is_watched_where_it_has_a_threshold() -> None:
    found = made({"metrics": [ORDERS, {"name": "Baskets", "namespace": "Shop"}]})
    warning = found["business/Orders - minute/warning"]
    assert shown(warning) == (BELOW, 10, 60, "3 of 3", "breaching")
    assert (warning["namespace"], warning["metric"], warning["dimensions"]) == ("Shop", "Orders", {"Shop": "de"})
    assert warning["description"].startswith(
        "Orders / minute is below 10 orders, 3 of 3 periods of 60 seconds. What the business counts"
    )
    assert not [name for name in found if "Baskets" in name]


# -- what they name, and what CloudWatch takes ------------------------------------------------------------------------


class Newest:
    """A botocore that knows everything."""

    region = "eu-central-1"

    def has(self, *where: str) -> bool:
        return True

    def need(self, *where: str) -> None:
        pass


def checked(entries: list[Entry]) -> None:
    """Whether the module takes the entries, that their order is the one to make them in, and what CloudWatch limits."""
    spec = {"alarms": {"type": "list", "elements": "dict", "options": alarm_args()}}
    assert ArgumentSpecValidator(spec).validate({"alarms": entries}).error_messages == []
    for entry in entries:  # Ansible would make a text of a number, and a mapping of a text, as it needs it.
        for name, value in entry.items():
            wanted = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict}
            assert isinstance(value, wanted[alarm_args()[name]["type"]]), name  # type: ignore[arg-type]
    kind = Alarms([{"state": "present", **entry} for entry in entries])
    kind.owner = "kumawatch-production"
    desired = kind.desired(Newest())  # type: ignore[arg-type]
    for entry, wanted in zip(entries, desired, strict=True):
        if entry.get("state") != "absent":
            alarm_checks.whole(wanted.key, FAMILIES[entry["kind"]], entry["kind"], wanted.properties)
    kind.check(desired, [])
    seen: set[str] = set()
    parents: Counter[str] = Counter()
    for entry in entries:
        named = re.findall(r'ALARM\("([^"]+)"\)', entry.get("rule", ""))
        if entry.get("suppressor"):
            named.append(entry["suppressor"]["alarm"])
        assert set(named) <= seen, entry["name"]
        parents.update(named)
        assert entry["name"] not in seen
        seen.add(entry["name"])
        assert len(entry["name"]) <= 255
        if entry.get("state") == "absent":
            continue
        assert len(set(named)) <= 100
        assert len(entry.get("rule", "")) <= 10_240
        assert len(entry["description"]) <= 1024
        for key, value in entry["tags"].items():
            assert 0 < len(value) <= 256
            assert all(char.isalnum() or char in " _.:/=+-@" for char in value), (key, value)
    assert not parents or max(parents.values()) <= 150


def test_the_module_takes_what_is_made() -> None:
    services = [
        {"name": "queue", "agent": "required", "channels": []},
        {"name": "api", **FULL, "depends_on": ["queue"], "metrics": [ORDERS]},
        {"name": "shop", **FULL, "depends_on": ["api", "queue"], "owner": "storefront"},
        {"name": "paused", **FULL, "state": "paused"},
        {"name": "gone", **FULL, "state": "absent"},
    ]
    grouped = {"instances": [instance(7, autoscaling_group="asg")]}
    found = discovery(
        queue=grouped, api=EVERYTHING, shop={**EVERYTHING, "instances": [instance(3, nitro=False), instance(4)]},
        paused={"instances": [instance(5)]}, gone={"instances": [instance(6)]},
    )  # fmt: skip
    entries = alarms(catalogue(*services), found, TOPICS)
    checked(entries)
    assert {entry["tags"]["service"] for entry in entries if "tags" in entry} == {"queue", "api", "shop", "paused"}
    absent = [entry for entry in entries if entry.get("state") == "absent"]
    assert all(set(entry) == {"name", "state"} and "/gone/" in entry["name"] for entry in absent)
    assert absent
    assert {entry["actions_enabled"] for entry in entries if "/paused/" in entry["name"]} == {False}


def test_a_service_whose_channels_are_none_is_watched_in_silence() -> None:
    found = made({"channels": []}, EVERYTHING)
    assert "cpu/i-1/critical" in found
    assert not [entry for entry in found.values() if entry["alarm_actions"] or entry["ok_actions"]]
    assert not [name for name in found if "notify" in name]


@pytest.mark.parametrize("topics", [{}, {"info": ARN}])
def test_without_topics_alarms_are_watched_and_nobody_is_told(topics: Any) -> None:
    found = made({}, EVERYTHING, topics)
    assert not [name for name in found if "notify" in name]
    assert "cpu/i-1/warning" in found


def test_several_topics_of_a_severity_are_all_told() -> None:
    found = made({}, EVERYTHING, {"critical": [ARN + "a", ARN + "b"], "warning": None})
    assert found["cpu/i-1/critical"]["alarm_actions"] == [ARN + "a", ARN + "b"]
    assert found["cpu/i-1/critical"]["ok_actions"] == [ARN + "a", ARN + "b"]
    assert not [name for name in found if "notify-warning" in name or "recovery" in name]
    with pytest.raises(InputError) as caught:
        made({}, EVERYTHING, {"critical": [ARN + str(number) for number in range(6)]})
    assert str(caught.value) == (
        "topics: critical has 6 topics, and CloudWatch takes 5 actions an alarm; subscribe the others to one of them."
    )
    with pytest.raises(InputError, match="topics: 'criticl' is no severity; they are critical, warning and info"):
        made({}, EVERYTHING, {"criticl": ARN})


def test_tags_say_what_a_reader_of_the_message_needs() -> None:
    service = {"owner": "payments", "runbook": "https://wiki.example.com/api", "channels": ["google-chat", "my team"]}
    channels = [{"name": "google-chat"}, {"name": "my team"}]
    found = made(service, EVERYTHING, monitoring_channels=channels)
    assert found["cpu/i-1/warning"]["tags"] == {
        "environment": "production", "service": "api", "severity": "warning", "kind": "cpu", "resource": "i-1",
        "owner": "payments", "runbook": "https://wiki.example.com/api", "channels": "google-chat my_team",
    }  # fmt: skip
    assert found["cpu/i-1/notify-warning"]["tags"] == found["cpu/i-1/warning"]["tags"]
    assert "resource" not in found["errors_5xx/warning"]["tags"]
    assert found["cpu/i-1/warning"]["tag_propagation"] is True
    without = alarms(catalogue({"name": "api"}), discovery(api=EVERYTHING), TOPICS, tag_propagation=False)
    assert not [entry for entry in without if "tag_propagation" in entry]


def test_the_runbook_is_the_nearest_one() -> None:
    def runbook(service: Entry) -> str:
        entry = made(service, EVERYTHING, monitoring_runbooks="https://wiki.example.com/kinds/")["cpu/i-1/critical"]
        assert entry["description"].endswith(f" Runbook: {entry['tags']['runbook']}")
        return str(entry["tags"]["runbook"])

    assert runbook({}) == "https://wiki.example.com/kinds/cpu.md"
    assert runbook({"runbook": "https://a.example.com/x"}) == "https://a.example.com/x"
    own = {"runbook": "https://a.example.com/x", "alarms": {"cpu": {"runbook": "https://b.example.com/y"}}}
    assert runbook(own) == "https://b.example.com/y"


def test_a_description_says_what_it_means_and_what_to_look_at_first() -> None:
    text = made({}, {"instances": [instance()]})["cpu/i-1/critical"]["description"]
    assert text == (
        "CPU of api-1 (i-1) is above 95 %, 2 of 2 periods of 300 seconds. The processors of an instance have been busy "
        "for minutes; requests wait for their turn. First: Which process takes the time: top -o %CPU. Has the traffic "
        "grown, or has something been deployed? Runbook: "
        "https://github.com/kumawatch/kumawatch.monitoring/blob/main/docs/runbooks/cpu.md"
    )


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=300)


@given(TEXT, TEXT, TEXT, TEXT)
def test_whatever_things_are_called_cloudwatch_takes_it(environment: str, name: str, other: str, text: str) -> None:
    declared = [
        {"name": other, **FULL, "owner": text, "description": text},
        {"name": name, **FULL, "mounts": [text, text + "/x"], "depends_on": [other], "owner": text},
    ]
    if name == other or any(" / " in part or not part.strip() for part in (environment, name, other)):
        return
    resolved = resolve(
        {
            "monitoring_environment": environment, "monitoring_services": declared,
            "monitoring_status_page": {"enabled": False},
        },
        OPTIONS,
    )  # fmt: skip
    entries = alarms(resolved, {"services": {name: EVERYTHING, other: EVERYTHING}}, TOPICS)
    assert len({entry["name"] for entry in entries}) == len(entries)
    for entry in entries:
        assert re.fullmatch(r'[^\x00-\x1f\x7f"\\]{1,255}', entry["name"])
        assert len(entry["description"]) <= 1024
        assert all(0 < len(value) <= 256 for value in entry["tags"].values())
        for child in re.findall(r'ALARM\("([^"]+)"\)', entry.get("rule", "")):
            assert child in {item["name"] for item in entries}


def test_a_name_that_is_cut_remains_its_own() -> None:
    given = names.Names("production")
    first, second = given.alarm("a" * 300, "cpu", "i-1", "warning"), given.alarm("a" * 300, "cpu", "i-2", "warning")
    assert len(first) == len(second) == 255
    assert first != second
    assert given.alarm("a" * 300, "cpu", "i-1", "warning") == first
    assert given.alarm("a/b", "cpu", "x") != given.alarm("a-b", "cpu", "x")


def test_an_address_is_left_out_of_tags_rather_than_broken() -> None:
    assert names.tags(runbook="https://wiki.example.com/?page=1", owner="A & B", empty="", none=None, odd="&&") == {
        "owner": "A  B"
    }
    assert names.tag_list(["one", "two words", "&"]) == "one two_words"
    assert len(names.tag_list(["x" * 200, "y" * 100, "z"])) == 202


# -- size -------------------------------------------------------------------------------------------------------------


def test_a_rule_that_would_be_too_long_is_split_into_levels() -> None:
    hosts = [instance(number, volumes=[]) for number in range(250)]
    metrics = [
        {"name": f"M{n}", "namespace": "Shop" * 20, "title": f"{n} " + "t" * 80, "critical": 1} for n in range(160)
    ]
    services = [
        {"name": "db", "metrics": [{"name": "Up", "namespace": "DB", "critical": 1}]},
        {"name": "api", "metrics": metrics, "depends_on": ["db"]},
    ]
    entries = alarms(catalogue(*services), discovery(api={"instances": hosts}), TOPICS)
    checked(entries)
    by_name = {entry["name"]: entry for entry in entries}

    def leaves(name: str) -> list[str]:
        named = re.findall(r'ALARM\("([^"]+)"\)', by_name[name].get("rule", ""))
        return [leaf for child in named for leaf in leaves(child)] if named else [name]

    failing = leaves("production/api/service/critical")
    assert sum("/business/" in name for name in failing) == 160
    assert sum("/host_down/" in name for name in failing) == 250
    together = by_name["production/api/service/hosts/critical"]["rule"]
    assert " AND " in together
    assert " OR " not in together


def test_an_upstream_of_very_many_is_copied() -> None:
    below = [
        {
            "name": f"s{n}",
            "depends_on": ["db"],
            "metrics": [{"name": "Up", "namespace": "S", "warning": 1, "critical": 2}],
        }
        for n in range(320)
    ]
    services = [{"name": "db", "metrics": [{"name": "Up", "namespace": "DB", "critical": 1}]}, *below]
    entries = alarms(catalogue(*services), {}, TOPICS)
    checked(entries)
    upstreams = {entry["rule"] for entry in entries if "/upstreams/" in entry["name"]}
    assert upstreams == {
        'ALARM("production/db/service/critical")',
        *(f'ALARM("production/db/service/service/copy-{number}/critical")' for number in (1, 2, 3)),
    }


def test_a_thousand_services_take_seconds_at_most() -> None:
    services = [
        {
            "name": f"service-{number}", "critical": True, "objective": 99.9, "load_balancer": "prod",
            "depends_on": [f"service-{number - 1}"] if number else [], "alarms": {"network": False},
        }
        for number in range(1000)
    ]  # fmt: skip
    found = discovery(**{f"service-{n}": {"instances": [instance(n)], "load_balancer": BALANCER} for n in range(1000)})
    resolved = catalogue(*services)
    begin = time.process_time()
    entries = alarms(resolved, found, TOPICS)
    assert time.process_time() - begin < 5
    assert sum(entry["kind"] != "composite" for entry in entries) >= 10_000
    assert len({entry["name"] for entry in entries}) == len(entries)


# -- closer looks -----------------------------------------------------------------------------------------------------


def test_a_database_that_services_share_is_looked_at_as_closely_as_one_of_them_asks() -> None:
    services = [
        {"name": "api", "database": "prod-db", "database_monitoring": {"interval": 15}},
        {"name": "shop", "database": "prod-db", "database_monitoring": {"interval": 0, "performance_insights": True}},
        {"name": "off", "database": "other", "database_monitoring": {"interval": 0}},
        {"name": "paused", "database": "third", "state": "paused"},
    ]
    found = discovery(
        api={"database": DATABASE}, shop={"database": DATABASE}, off={"database": {**DATABASE, "id": "other"}},
        paused={"database": {**DATABASE, "id": "third"}},
    )  # fmt: skip
    assert monitored(catalogue(*services), found)["databases"] == [
        {"id": "prod-db", "interval": 15, "performance_insights": True},
        {"id": "other", "interval": 0},
    ]
    assert monitored(catalogue({"name": "api"}), discovery(api={"database": DATABASE}))["databases"] == [
        {"id": "prod-db", "interval": 60}
    ]


# -- runbooks ---------------------------------------------------------------------------------------------------------


def test_every_kind_has_its_runbook_and_every_runbook_its_kind() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert pages == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_runbook_says_what_somebody_who_is_woken_needs(kind: str) -> None:
    text = (ROOT / "docs" / "runbooks" / f"{kind}.md").read_text()
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings == ["What it means", "Look first", "Query", "What has helped"]
    assert re.search(r"^```\w+\n.+?^```$", text, re.MULTILINE | re.DOTALL), "a query to run"
    signals = (*SIGNALS.values(), *FLEET.values(), *LOG_SIGNALS.values(), *TRACE_SIGNALS.values())
    title = next((signal.title for signal in signals if signal.kind == kind), kind.capitalize())
    assert text.startswith(f"# {title}\n")
