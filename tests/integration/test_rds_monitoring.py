# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rds_monitoring against the stand-in."""

from __future__ import annotations

from typing import Any

from lab.aws.testing import Aws

from .conftest import RunModule

ROLE = "arn:aws:iam::123456789012:role/watch"
WATCHED = {"monitoring_interval": 60, "monitoring_role_arn": ROLE}


def create(aws: Aws, *names: str, **more: Any) -> None:
    for name in names:
        own: dict[str, Any] = {} if "DBClusterIdentifier" in more else {
            "AllocatedStorage": 20, "MasterUsername": "lab", "MasterUserPassword": "lab-only-1",
        }  # fmt: skip
        aws.client("rds").create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.medium",
            **{"Engine": "postgres", **own, **more},
        )


def watched(aws: Aws) -> dict[str, tuple[int, str | None]]:
    return {
        item["DBInstanceIdentifier"]: (item["MonitoringInterval"], item.get("MonitoringRoleArn") or None)
        for item in aws.client("rds").describe_db_instances()["DBInstances"]
    }


def databases(*names: str, **more: Any) -> dict[str, Any]:
    return {"databases": [{"id": name, **more} for name in names]}


def test_enhanced_monitoring_is_set_once_and_only_where_declared(aws: Aws, run_aws: RunModule) -> None:
    create(aws, "one", "two", "other")
    predicted = run_aws("rds_monitoring", databases("two", "ONE", **WATCHED), check=True)
    assert (predicted["changed"], predicted["updated"]) == (True, ["one", "two"])
    assert set(watched(aws).values()) == {(0, None)}

    made = run_aws("rds_monitoring", databases("two", "ONE", **WATCHED))
    assert (made["failed"], made["updated"], made["diff"]) == (False, ["one", "two"], predicted["diff"])
    assert made["diff"][0] == {
        "before_header": "database one",
        "after_header": "database one",
        "before": {"monitoring_interval": 0, "monitoring_role_arn": None},
        "after": WATCHED,
    }
    assert watched(aws) == {"one": (60, ROLE), "two": (60, ROLE), "other": (0, None)}

    aws.forget_requests()
    again = run_aws("rds_monitoring", databases("one", "two", **WATCHED))
    assert (again["changed"], again["unchanged"]) == (False, ["one", "two"])
    assert [entry["operation"] for entry in aws.requests()] == ["DescribeDBInstances"]

    assert run_aws("rds_monitoring", databases("two", monitoring_interval=0))["updated"] == ["two"]
    assert watched(aws)["two"][0] == 0
    assert not run_aws("rds_monitoring", databases("two", monitoring_interval=0))["changed"]


def test_every_member_of_an_aurora_cluster_is_watched(aws: Aws, run_aws: RunModule) -> None:
    aws.client("rds").create_db_cluster(
        DBClusterIdentifier="orders", Engine="aurora-postgresql", MasterUsername="lab", MasterUserPassword="lab-only-1"
    )
    create(aws, "orders-1", "orders-2", Engine="aurora-postgresql", DBClusterIdentifier="orders")
    create(aws, "other")
    cluster = databases("orders", kind="cluster", **WATCHED)
    assert run_aws("rds_monitoring", cluster)["updated"] == ["orders"]
    assert watched(aws) == {"orders-1": (60, ROLE), "orders-2": (60, ROLE), "other": (0, None)}
    assert run_aws("rds_monitoring", cluster)["unchanged"] == ["orders"]


def test_what_does_not_exist_or_cannot_be_is_one_sentence(aws: Aws, run_aws: RunModule) -> None:
    create(aws, "one")
    missing = run_aws("rds_monitoring", databases("one", "bücher", **WATCHED))
    assert (missing["failed"], missing["msg"]) == (
        True,
        "database 'bücher': there is no such instance of RDS in us-east-1: correct its id or kind, or remove it.",
    )
    assert watched(aws) == {"one": (0, None)}
    no_role = run_aws("rds_monitoring", databases("one", monitoring_interval=30))
    assert "monitoring_interval needs monitoring_role_arn" in no_role["msg"]
    wrong = run_aws("rds_monitoring", databases("one", monitoring_interval=7))
    assert wrong["failed"]
    assert "monitoring_interval must be one of: 0, 1, 5, 10, 15, 30, 60" in wrong["msg"]


def test_a_lost_answer_is_looked_up_and_a_refusal_leaves_the_others(aws: Aws, run_aws: RunModule) -> None:
    create(aws, "one", "two")
    aws.faults({"service": "rds", "operation": "ModifyDBInstance", "kind": "lost_response", "count": 1})
    made = run_aws("rds_monitoring", databases("one", "two", **WATCHED))
    assert (made["failed"], made["updated"]) == (False, ["one", "two"])
    assert len(aws.requests(operation="ModifyDBInstance")) == 2
    aws.client("rds").delete_db_instance(DBInstanceIdentifier="two", SkipFinalSnapshot=True)
    assert run_aws("rds_monitoring", databases("one", **WATCHED))["unchanged"] == ["one"]


def test_logs_are_exported_once_and_only_as_declared(aws: Aws, run_aws: RunModule) -> None:
    create(aws, "one", "other")
    wanted = databases("one", log_exports=["postgresql"])
    predicted = run_aws("rds_monitoring", wanted, check=True)
    made = run_aws("rds_monitoring", wanted)
    assert (made["failed"], made["updated"], made["diff"]) == (False, ["one"], predicted["diff"])
    exported = {
        item["DBInstanceIdentifier"]: item.get("EnabledCloudwatchLogsExports", [])
        for item in aws.client("rds").describe_db_instances()["DBInstances"]
    }
    assert exported == {"one": ["postgresql"], "other": []}
    assert not run_aws("rds_monitoring", wanted)["changed"]
    refused = run_aws("rds_monitoring", databases("one", log_exports=["slowquery"]))
    assert "slowquery" in refused["failures"][0]["error"]
    assert run_aws("rds_monitoring", databases("one", log_exports=[]))["updated"] == ["one"]
