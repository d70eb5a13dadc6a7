# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aws_discovery against the stand-in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from lab.aws.testing import Aws
from tools import lab_account

from .conftest import RunModule

SERVICES = [{"name": "api", "kind": "json"}, {"name": "shop", "kind": "keyword"}, {"name": "queue", "kind": "tcp"}]
DECLARED: list[dict[str, Any]] = [
    {
        "name": "api",
        "hosts": [{"name": "kumawatch-lab-api"}],
        "load_balancer": "kumawatch-lab",
        "database": "kumawatch-lab",
    },
    {"name": "shop", "instance_tags": {"service": "shop"}, "load_balancer": "kumawatch-lab"},
    {"name": "queue"},
]


@pytest.fixture
def account(aws: Aws) -> Aws:
    """The account as make demo furnishes it."""
    assert lab_account.furnish(aws.url, aws.region, SERVICES)
    aws.forget_requests()
    return aws


def test_furnishing_the_account_again_makes_nothing(account: Aws) -> None:
    assert lab_account.furnish(account.url, account.region, SERVICES) == []
    assert not [entry for entry in account.requests() if not entry["operation"].startswith("Describe")]


def test_only_an_account_on_this_machine_is_furnished() -> None:
    with pytest.raises(lab_account.LabAccountError, match=r"^https://ec2\.amazonaws\.com is not on this machine"):
        lab_account.furnish("https://ec2.amazonaws.com", "us-east-1", SERVICES)


def test_everything_that_services_run_on_is_found(account: Aws, run_aws: RunModule) -> None:
    found = run_aws("aws_discovery", {"services": DECLARED})
    assert not found["failed"], found
    assert (found["changed"], found["account"], found["partition"], found["region"]) == (
        False, "123456789012", "aws", account.region,
    )  # fmt: skip
    assert found["warnings"] == []
    assert found["supports"] == {"log_alarms": True, "mute_rules": True, "tag_propagation": True}
    services = found["services"]
    instances = {
        tag["Value"]: instance
        for reservation in account.client("ec2").describe_instances()["Reservations"]
        for instance in reservation["Instances"]
        for tag in instance["Tags"]
        if tag["Key"] == "service"
    }
    for name in ("api", "shop"):
        (instance,) = services[name]["instances"]
        assert instance["id"] == instances[name]["InstanceId"]
        assert instance["name"] == f"kumawatch-lab-{name}"
        assert instance["state"] == "running"
        assert instance["volumes"], "no volume"
        assert [group["name"] for group in services[name]["load_balancer"]["target_groups"]] == [
            f"kumawatch-lab-{name}"
        ]
    assert services["api"]["load_balancer"]["id"].startswith("app/kumawatch-lab/")
    database = services["api"]["database"]
    assert (database["id"], database["kind"], database["engine"], database["class"]) == (
        "kumawatch-lab", "instance", "postgres", "db.t3.medium",
    )  # fmt: skip
    assert (database["vcpus"], database["memory_bytes"], database["allocated_bytes"], database["max_connections"]) == (
        2, 4 * 2**30, 20 * 2**30, 410,
    )  # fmt: skip
    assert services["queue"] == {"instances": [], "load_balancer": None, "database": None}
    assert run_aws("aws_discovery", {"services": DECLARED}, check=True)["services"] == services


def test_the_number_of_calls_does_not_grow_with_the_services(account: Aws, run_aws: RunModule) -> None:
    def calls(services: list[dict[str, Any]]) -> Counter[str]:
        account.forget_requests()
        assert not run_aws("aws_discovery", {"services": services})["failed"]
        return Counter(entry["operation"] for entry in account.requests())

    few = calls(DECLARED)
    assert few == Counter(
        [
            "GetCallerIdentity",
            "DescribeInstances",
            "DescribeVolumes",
            "DescribeInstanceTypes",
            "DescribeLoadBalancers",
            "DescribeTargetGroups",
            "DescribeDBInstances",
            "DescribeDBClusters",
        ]
    )
    many = [{**entry, "name": f"{entry['name']}-{number}"} for number in range(100) for entry in DECLARED]
    assert calls(many) == few
    assert calls([{"name": "queue"}]) == Counter(["GetCallerIdentity"])
    assert calls([]) == Counter(["GetCallerIdentity"])


def test_ids_are_asked_for_and_nothing_else_is_read(account: Aws, run_aws: RunModule) -> None:
    api = run_aws("aws_discovery", {"services": DECLARED})["services"]["api"]["instances"]
    by_id = [{"name": "api", "hosts": [{"name": "x", "instance_id": api[0]["id"]}]}]
    assert run_aws("aws_discovery", {"services": by_id})["services"]["api"]["instances"] == api


def test_what_is_named_and_does_not_exist_fails_the_task_or_is_a_warning(account: Aws, run_aws: RunModule) -> None:
    wrong = [
        {"name": "api", "load_balancer": "kumawatch-lap", "database": "kumawatch-lba"},
        {"name": "shop", "hosts": [{"name": "shop", "instance_id": "i-0123456789abcdef0"}]},
        {"name": "queue", "hosts": [{"name": "elsewhere"}]},
    ]
    expected = [
        "service 'shop': instance i-0123456789abcdef0 of host 'shop' does not exist in account 123456789012 in "
        "us-east-1: correct its instance_id, or take the host out of the inventory.",
        "service 'api': load_balancer 'kumawatch-lap' does not exist in account 123456789012 in us-east-1 (did you "
        "mean 'kumawatch-lab'?): correct it, or take it out.",
        "service 'api': database 'kumawatch-lba' does not exist in account 123456789012 in us-east-1 (did you mean "
        "'kumawatch-lab'?): correct it, or take it out.",
    ]
    failed = run_aws("aws_discovery", {"services": wrong})
    assert (failed["failed"], failed["msg"].split("\n")) == (True, expected)
    lenient = run_aws("aws_discovery", {"services": wrong, "strict": False})
    assert not lenient["failed"], lenient
    assert [warning for warning in lenient["warnings"] if "elsewhere" not in warning] == expected
    assert len(lenient["warnings"]) == 4
    assert lenient["services"]["api"] == {"instances": [], "load_balancer": None, "database": None}


def test_what_a_parameter_group_says_of_connections(account: Aws, run_aws: RunModule) -> None:
    rds = account.client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="mine", DBParameterGroupFamily="postgres17", Description="x")
    rds.modify_db_parameter_group(
        DBParameterGroupName="mine",
        Parameters=[{"ParameterName": "max_connections", "ParameterValue": "222", "ApplyMethod": "pending-reboot"}],
    )
    rds.modify_db_instance(DBInstanceIdentifier="kumawatch-lab", DBParameterGroupName="mine", ApplyImmediately=True)
    account.forget_requests()
    services = [{**DECLARED[0], "name": name} for name in ("api", "api-2")]
    found = run_aws("aws_discovery", {"services": services})
    assert found["services"]["api"]["database"]["max_connections"] == 222
    assert len(account.requests(operation="DescribeDBParameters")) == 1


def test_throttling_and_lost_answers_are_outwaited(account: Aws, run_aws: RunModule) -> None:
    account.faults(
        {"service": "ec2", "operation": "*", "kind": "throttle", "count": 2},
        {"service": "rds", "operation": "DescribeDBInstances", "kind": "reset", "count": 1},
        {"service": "elbv2", "operation": "DescribeTargetGroups", "kind": "lost_response", "count": 1},
    )
    found = run_aws("aws_discovery", {"services": DECLARED})
    assert not found["failed"], found
    assert found["services"]["api"]["database"]["id"] == "kumawatch-lab"


def test_an_endpoint_that_is_not_there_is_one_sentence(run_aws: RunModule) -> None:
    found = run_aws("aws_discovery", {"services": [], "endpoint_url": "http://127.0.0.1:9", "patience": 0.5})
    assert found["failed"]
    assert found["msg"] == ("STS at http://127.0.0.1:9 cannot be reached: check region, endpoint_url and the network.")
