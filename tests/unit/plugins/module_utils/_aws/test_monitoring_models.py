# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detailed monitoring of instances and what databases are watched with: declared, compared, sent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import ec2_monitoring_model as ec2
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import rds_monitoring_model as rds
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.ec2_monitoring import DetailedMonitoring
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import ApiError, Fate
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.rds_monitoring import DatabaseMonitoring
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import Plan, Update

ROLE = "arn:aws:iam::123456789012:role/kumawatch-lab-rds-monitoring"


def ident(number: int) -> str:
    return f"i-{number:017x}"


class Account:
    """Answers from lists, and remembers what was called. ``refusals`` are raised first."""

    region = "eu-central-1"

    def __init__(self, *, refusals: tuple[ApiError, ...] = (), **listed: list[dict[str, Any]]) -> None:
        self.listed = listed
        self.refusals = list(refusals)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def has(self, service: str, operation: str, *members: str) -> bool:
        return True

    def need(self, who: str, since: str, service: str, operation: str, *members: str) -> None:
        pass

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        self.calls.append((operation, parameters))
        if self.refusals:
            raise self.refusals.pop(0)
        return {}

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[dict[str, Any]]:
        self.calls.append((operation, parameters))
        return self.listed.get(key, [])


# -- instances ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["", "i-12", "i-0123456789ABCDEF0", "host-1"])
def test_what_is_no_instance_id_is_refused(wrong: str) -> None:
    with pytest.raises(InputError) as error:
        ec2.desired([{"id": ident(1), "detailed_monitoring": True}, {"id": wrong, "detailed_monitoring": True}])
    assert str(error.value) == (
        f"instances entry 2: '{wrong}' is not the id of an instance: it looks like i-0123456789abcdef0."
    )


def test_instances_that_do_not_exist_are_named() -> None:
    wanted = ec2.desired([{"id": ident(number), "detailed_monitoring": True} for number in range(9)])
    with pytest.raises(KumawatchError) as error:
        ec2.check(wanted, ec2.actual([{"InstanceId": ident(0)}]), "eu-central-1")
    names = ", ".join(ident(number) for number in range(1, 6))
    assert str(error.value) == (
        f"instances: {names} and 3 more do not exist in eu-central-1: correct or remove the entries."
    )


def test_instances_are_switched_a_hundred_a_call_and_on_and_off_apart() -> None:
    entries = [{"id": ident(number), "detailed_monitoring": number % 3 != 0} for number in range(450)]
    there = [{"InstanceId": ident(number), "Monitoring": {"State": "disabled"}} for number in range(450)]
    for instance in there[:30]:
        instance["Monitoring"] = {"State": "pending"}
    account = Account(Reservations=[{"Instances": there}])
    kind = DetailedMonitoring(entries)
    decided = kind.plan(kind.desired(account), kind.read(account))  # type: ignore[arg-type]
    for stage in kind.stages(decided):
        for batch in kind.batches(stage):
            kind.apply_batch(account, batch)  # type: ignore[arg-type]
    made = [(operation, len(parameters["InstanceIds"])) for operation, parameters in account.calls[1:]]
    # On: 300 less 20 that are on. Off: of 150 only the 10 that are on.
    assert made == [
        ("MonitorInstances", 100), ("MonitorInstances", 100), ("MonitorInstances", 80), ("UnmonitorInstances", 10),
    ]  # fmt: skip


def test_instances_are_asked_for_by_id_unless_all_take_fewer_calls() -> None:
    account = Account(Reservations=[{"Instances": [{"InstanceId": ident(1)}, {"InstanceId": ident(777)}]}])
    few = DetailedMonitoring([{"id": ident(1), "detailed_monitoring": True}])
    assert [item.key for item in few.read(account)] == [ident(1)]  # type: ignore[arg-type]
    many = DetailedMonitoring([{"id": ident(number), "detailed_monitoring": True} for number in range(201)])
    assert [item.key for item in many.read(account)] == [ident(1)]  # type: ignore[arg-type]
    assert [len(parameters["Filters"]) for _operation, parameters in account.calls] == [2, 1]


# -- databases: what is declared ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"id": ""}, "databases entry 1: id is empty: give the identifier of the database."),
        (
            {"monitoring_role_arn": "watch"},
            "database 'db': monitoring_role_arn 'watch' is not the ARN of a role: copy it from IAM.",
        ),
        (
            {"performance_insights_retention": 30},
            "database 'db': performance_insights_retention is 30: take 7, 731, or 31 days times 1 to 23.",
        ),
        (
            {"performance_insights_retention": 744},
            "database 'db': performance_insights_retention is 744: take 7, 731, or 31 days times 1 to 23.",
        ),
        (
            {"monitoring_interval": 7},
            "database 'db': monitoring_interval is 7: take one of 0, 1, 5, 10, 15, 30, 60 seconds.",
        ),
        (
            {"database_insights": "advanced", "performance_insights": False},
            "database 'db': database_insights 'advanced' needs Performance Insights: take performance_insights: "
            "false out.",
        ),
        (
            {"database_insights": "advanced", "performance_insights_retention": 93},
            "database 'db': database_insights 'advanced' keeps 465 days or more, and performance_insights_retention is "
            "93: raise it or take it out.",
        ),
    ],
)
def test_what_cannot_be_right_is_refused(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        rds.desired([{"id": "db", **entry}])
    assert str(error.value) == sentence


def test_advanced_insights_bring_what_they_need() -> None:
    (entry,) = rds.desired([{"id": "DB", "database_insights": "advanced"}])
    assert (entry.key, entry.properties) == (
        ("instance", "db"),
        {"database_insights": "advanced", "performance_insights": True, "performance_insights_retention": 465},
    )


def test_what_is_off_has_no_settings_to_compare() -> None:
    entry = {
        "id": "db",
        "monitoring_interval": 0,
        "monitoring_role_arn": ROLE,
        "performance_insights": False,
        "performance_insights_retention": 7,
    }
    (found,) = rds.desired([entry])
    assert found.properties == {"monitoring_interval": 0, "performance_insights": False}


# -- databases: what differs -------------------------------------------------------------------------------------------


def database(name: str = "db", **more: Any) -> dict[str, Any]:
    return {"DBInstanceIdentifier": name, "Engine": "postgres", "MonitoringInterval": 0, **more}


def planned(
    entries: list[dict[str, Any]], instances: list[dict[str, Any]], clusters: list[dict[str, Any]] | None = None
) -> tuple[DatabaseMonitoring, Account, Plan]:
    account = Account(DBInstances=instances, DBClusters=clusters or [])
    kind = DatabaseMonitoring(entries, apply_immediately=True, sleep=lambda seconds: None)
    wanted = kind.desired(account)
    actual = kind.read(account)  # type: ignore[arg-type]
    kind.check(wanted, actual)
    return kind, account, kind.plan(wanted, actual)


def sent(
    entries: list[dict[str, Any]], instances: list[dict[str, Any]], clusters: list[dict[str, Any]] | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """What is called to make the declared so."""
    kind, account, decided = planned(entries, instances, clusters)
    account.calls.clear()
    for change in decided.changes:
        kind.apply(account, change)  # type: ignore[arg-type]
    return account.calls


WATCHED = {"monitoring_interval": 60, "monitoring_role_arn": ROLE}


@pytest.mark.parametrize(
    ("entry", "there", "parameters"),
    [
        (WATCHED, {}, {"MonitoringInterval": 60, "MonitoringRoleArn": ROLE}),
        # Interval and role always go together,
        (
            WATCHED,
            {"MonitoringInterval": 30, "MonitoringRoleArn": ROLE},
            {"MonitoringInterval": 60, "MonitoringRoleArn": ROLE},
        ),
        (
            {"monitoring_interval": 15},
            {"MonitoringInterval": 30, "MonitoringRoleArn": ROLE},
            {"MonitoringInterval": 15, "MonitoringRoleArn": ROLE},
        ),
        # but what is off has no role.
        ({"monitoring_interval": 0}, {"MonitoringInterval": 30, "MonitoringRoleArn": ROLE}, {"MonitoringInterval": 0}),
        ({"performance_insights": True}, {}, {"EnablePerformanceInsights": True}),
        (
            {"performance_insights": True, "performance_insights_retention": 93},
            {"PerformanceInsightsEnabled": True, "PerformanceInsightsRetentionPeriod": 7},
            {"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 93},
        ),
        (
            {"database_insights": "advanced"},
            {"PerformanceInsightsEnabled": True, "PerformanceInsightsRetentionPeriod": 731},
            {
                "DatabaseInsightsMode": "advanced",
                "EnablePerformanceInsights": True,
                "PerformanceInsightsRetentionPeriod": 465,
            },
        ),
        (
            {"database_insights": "standard"},
            {
                "DatabaseInsightsMode": "advanced",
                "PerformanceInsightsEnabled": True,
                "PerformanceInsightsRetentionPeriod": 465,
            },
            {
                "DatabaseInsightsMode": "standard",
                "EnablePerformanceInsights": True,
                "PerformanceInsightsRetentionPeriod": 465,
            },
        ),
    ],
)
def test_only_what_differs_is_sent(entry: dict[str, Any], there: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert sent([{"id": "db", **entry}], [database(**there)]) == [
        ("ModifyDBInstance", {"DBInstanceIdentifier": "db", **parameters, "ApplyImmediately": True})
    ]


@pytest.mark.parametrize(
    ("entry", "there"),
    [
        (WATCHED, {"MonitoringInterval": 60, "MonitoringRoleArn": ROLE}),
        (WATCHED, {"PendingModifiedValues": {"MonitoringInterval": 60, "MonitoringRoleArn": ROLE}}),
        ({"monitoring_interval": 0}, {"MonitoringRoleArn": ""}),
        ({"database_insights": "standard"}, {}),
        (
            {"performance_insights": False, "performance_insights_retention": 7},
            {"PerformanceInsightsRetentionPeriod": 93},
        ),
        (
            {"performance_insights_kms_key_id": "1234abcd"},
            {"PerformanceInsightsKMSKeyId": "arn:aws:kms:eu-central-1:1:key/1234abcd"},
        ),
        (
            {
                "monitoring_interval": 5,
                "monitoring_role_arn": ROLE,
                "ignore": ["monitoring_interval", "monitoring_role_arn"],
            },
            {},
        ),
    ],
)
def test_what_is_as_declared_is_not_touched(entry: dict[str, Any], there: dict[str, Any]) -> None:
    assert sent([{"id": "db", **entry}], [database(**there), database("other")]) == []


def test_a_database_that_does_not_exist_is_named() -> None:
    with pytest.raises(KumawatchError) as error:
        planned([{"id": "db", "kind": "cluster", **WATCHED}], [database()])
    assert str(error.value) == (
        "database 'db': there is no such cluster of RDS in eu-central-1: correct its id or kind, or remove it."
    )


def test_enhanced_monitoring_needs_a_role_from_somewhere() -> None:
    with pytest.raises(KumawatchError) as error:
        planned([{"id": "db", "monitoring_interval": 60}], [database()])
    assert str(error.value) == (
        "database 'db': monitoring_interval needs monitoring_role_arn: give the role with which RDS may write to "
        "CloudWatch Logs."
    )


def test_a_change_that_waits_for_its_window_is_not_made_along() -> None:
    kind, account, decided = planned(
        [{"id": "db", **WATCHED}], [database(PendingModifiedValues={"DBInstanceClass": "db.m7g.4xlarge"})]
    )
    account.calls.clear()
    for change in decided.changes:
        kind.apply(account, change)  # type: ignore[arg-type]
    ((_operation, parameters),) = account.calls
    assert parameters["ApplyImmediately"] is False
    assert kind.warnings == [
        "database 'db': DBInstanceClass waits for the maintenance window, so apply_immediately was left out: it would "
        "have made that change now as well."
    ]


def test_logs_are_switched_on_and_off() -> None:
    there = database(EnabledCloudwatchLogsExports=["upgrade", "postgresql"])
    kind, account, decided = planned([{"id": "db", "log_exports": ["iam-db-auth-error", "postgresql"]}], [there])
    account.calls.clear()
    for change in decided.changes:
        kind.apply(account, change)  # type: ignore[arg-type]
    ((_operation, parameters),) = account.calls
    assert parameters["CloudwatchLogsExportConfiguration"] == {
        "EnableLogTypes": ["iam-db-auth-error"],
        "DisableLogTypes": ["upgrade"],
    }
    # In another order, and while RDS is still switching, it is as declared.
    pending = {"PendingCloudwatchLogsExports": {"LogTypesToEnable": ["postgresql"], "LogTypesToDisable": ["upgrade"]}}
    switching = database(EnabledCloudwatchLogsExports=["upgrade"], PendingModifiedValues=pending)
    kind, _account, decided = planned([{"id": "db", "log_exports": ["postgresql", "postgresql"]}], [switching])
    assert not decided.changes
    assert kind.warnings == []


def test_a_role_that_rds_does_not_know_yet_is_waited_for() -> None:
    unknown = ApiError("The role does not exist", "InvalidParameterValue", Fate.REFUSED)
    kind, account, decided = planned([{"id": "db", **WATCHED}], [database()])
    account.calls.clear()
    account.refusals = [unknown, unknown]
    kind.apply(account, decided.changes[0])  # type: ignore[arg-type]
    assert len(account.calls) == 3
    account.refusals = [ApiError("db.t2.micro has no Performance Insights", "InvalidParameterCombination")]
    with pytest.raises(ApiError):
        kind.apply(account, decided.changes[0])  # type: ignore[arg-type]


# -- clusters ----------------------------------------------------------------------------------------------------------


def cluster(engine: str, *members: str, **more: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": "orders",
        "Engine": engine,
        "DBClusterMembers": [{"DBInstanceIdentifier": member} for member in members],
        **more,
    }


ORDERS = {"id": "orders", "kind": "cluster"}


def test_members_of_an_aurora_cluster_are_watched_one_by_one_and_those_that_are_already_are_left() -> None:
    instances = [
        database("orders-1", MonitoringInterval=60, MonitoringRoleArn=ROLE),
        database("orders-2"),
        database("elsewhere"),
    ]
    entry = {**ORDERS, **WATCHED, "performance_insights": True}
    there = cluster("aurora-postgresql", "orders-1", "orders-2")
    assert sent([entry], instances, [there]) == [
        (
            "ModifyDBCluster",
            {"DBClusterIdentifier": "orders", "EnablePerformanceInsights": True, "ApplyImmediately": True},
        ),
        (
            "ModifyDBInstance",
            {
                "DBInstanceIdentifier": "orders-2",
                "MonitoringInterval": 60,
                "MonitoringRoleArn": ROLE,
                "ApplyImmediately": True,
            },
        ),
    ]
    for instance in instances[:2]:
        instance.update(MonitoringInterval=60, MonitoringRoleArn=ROLE)
    there["PerformanceInsightsEnabled"] = True
    assert sent([entry], instances, [there]) == []


def test_the_diff_of_members_that_differ_says_so() -> None:
    instances = [database("orders-1", MonitoringInterval=60, MonitoringRoleArn=ROLE), database("orders-2")]
    _kind, _account, decided = planned(
        [{**ORDERS, **WATCHED}], instances, [cluster("aurora-mysql", "orders-1", "orders-2")]
    )
    (change,) = decided.update
    assert isinstance(change, Update)
    assert change.differences["monitoring_interval"].before == rds.MIXED


def test_a_multi_az_cluster_is_watched_as_a_whole() -> None:
    assert sent([{**ORDERS, **WATCHED}], [database("orders-1")], [cluster("mysql", "orders-1")]) == [
        (
            "ModifyDBCluster",
            {
                "DBClusterIdentifier": "orders",
                "MonitoringInterval": 60,
                "MonitoringRoleArn": ROLE,
                "ApplyImmediately": True,
            },
        )
    ]
