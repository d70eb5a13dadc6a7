# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances, load balancers and databases are a service's."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import discovery_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.discovery_model import Facts, Problem, Service
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

GIB = 1024**3
ARN = "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012"


def instance(number: int, name: str = "", *, state: str = "running", **more: Any) -> dict[str, Any]:
    """An instance as EC2 describes it; ``tags`` besides its name."""
    tags = {**({"Name": name} if name else {}), **more.pop("tags", {})}
    return {
        "InstanceId": ident(number),
        "InstanceType": "m7g.large",
        "ImageId": "ami-1",
        "State": {"Name": state},
        "Placement": {"AvailabilityZone": "cn-north-1a"},
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **more,
    }


def ident(number: int) -> str:
    return f"i-{number:017x}"


def facts(*instances: dict[str, Any], **more: Any) -> Facts:
    return Facts("123456789012", "aws-cn", "cn-north-1", list(instances), **more)


def host(name: str, address: str = "", instance_id: str = "") -> dict[str, Any]:
    return {"name": name, "address": address or None, "instance_id": instance_id or None}


def services(*entries: dict[str, Any]) -> list[Service]:
    return model.services_of([{"name": "api", **entry} for entry in entries])


def of_api(entry: dict[str, Any], known: Facts) -> tuple[list[str], list[str]]:
    """The instances of a service, and what is said of it."""
    found, problems = model.matched(services(entry), known)
    return found["api"], sentences(problems)


def sentences(problems: list[Problem]) -> list[str]:
    return [problem.sentence for problem in problems]


# -- what is declared --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([{"name": ""}], "services entry 1: name is empty: give the service a name."),
        ([{"name": "a"}, {"name": "a"}], "service 'a' is declared twice: remove one of the two entries."),
        (
            [{"name": "Zürich", "hosts": [{"name": "h", "instance_id": "i-123"}]}],
            "service 'Zürich': instance_id 'i-123' of host 'h' is not the id of an instance: it looks like "
            "i-0123456789abcdef0.",
        ),
    ],
)
def test_what_cannot_be_right_is_refused(entries: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        model.services_of(entries)
    assert str(error.value) == sentence


def test_all_ids_are_known_only_where_every_host_has_one_and_no_tags_are_looked_for() -> None:
    by_id = {"hosts": [host("a", instance_id=ident(1))]}
    assert model.instance_ids(services(by_id)) == {ident(1)}
    assert model.instance_ids(services({})) == set()
    assert model.instance_ids(services({"hosts": [host("a", instance_id=ident(1)), host("b")]})) is None
    assert model.instance_ids(services({**by_id, "instance_tags": {"a": "b"}})) is None


# -- hosts and instances -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        host("x", instance_id=ident(1)),
        host("web-1"),
        host("WEB-1"),
        host("x", "web-1"),
        host("10.0.0.1"),
        host("x", "10.0.0.1"),
        host("x", "203.0.113.9"),
        host("ip-10-0-0-1.internal"),
        host("x", "EC2-203.example.com"),
        host("x", "10.0.0.77"),
        host("x", "198.51.100.7"),
        host("x", "2001:db8::1"),
    ],
)
def test_a_host_is_known_by_its_id_name_addresses_and_dns_names(entry: dict[str, Any]) -> None:
    wanted = instance(
        1,
        "web-1",
        PrivateIpAddress="10.0.0.1",
        PublicIpAddress="203.0.113.9",
        PrivateDnsName="ip-10-0-0-1.internal",
        PublicDnsName="ec2-203.example.com",
        NetworkInterfaces=[
            {
                "PrivateIpAddresses": [
                    {"PrivateIpAddress": "10.0.0.77", "Association": {"PublicIp": "198.51.100.7"}},
                    {"PrivateIpAddress": "10.0.0.78"},
                ],
                "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}],
            }
        ],
    )
    other = instance(2, "web-2", PrivateIpAddress="10.0.0.2", PublicDnsName="")
    assert of_api({"hosts": [entry]}, facts(wanted, other)) == ([ident(1)], [])


def test_empty_names_and_addresses_match_nothing() -> None:
    nameless = instance(1, "", PublicDnsName="", PrivateIpAddress=None)
    found, said = of_api({"hosts": [host("a")]}, facts(nameless))
    assert (found, len(said)) == ([], 1)


def test_a_host_that_is_no_instance_is_said_once_a_service() -> None:
    found, said = of_api({"hosts": [host("b.example.com"), host("a"), host("web")]}, facts(instance(1, "web")))
    assert found == [ident(1)]
    assert said == [
        "service 'api': 'a' and 'b.example.com' are no instances of account 123456789012 in cn-north-1: set "
        "instance_id among their variables, or expect no alarms of EC2."
    ]
    _found, said = of_api({"hosts": [host(f"h{number:04}") for number in range(1000)]}, facts())
    assert said == [
        "service 'api': 'h0000', 'h0001', 'h0002', 'h0003', 'h0004' and 995 more are no instances of account "
        "123456789012 in cn-north-1: set instance_id among their variables, or expect no alarms of EC2."
    ]


def test_an_instance_id_that_does_not_exist_is_missing() -> None:
    _found, problems = model.matched(services({"hosts": [host("a", instance_id=ident(9))]}), facts(instance(1)))
    assert problems == [
        Problem(
            f"service 'api': instance {ident(9)} of host 'a' does not exist in account 123456789012 in cn-north-1: "
            f"correct its instance_id, or take the host out of the inventory.",
            missing=True,
        )
    ]


def test_a_host_that_may_be_several_instances_is_none_of_them() -> None:
    two = facts(instance(1, "web"), instance(2, "web"))
    assert of_api({"hosts": [host("web")]}, two) == (
        [],
        [
            f"service 'api': host 'web' may be {ident(1)} or {ident(2)}, so none is taken: set instance_id among its "
            f"variables."
        ],
    )


@pytest.mark.parametrize(
    "others",
    [
        # One on which name and address agree,
        [instance(1, "web", PrivateIpAddress="10.0.0.1"), instance(2, "web", PrivateIpAddress="10.0.0.2")],
        [instance(1, "web", PrivateIpAddress="10.0.0.1"), instance(2, "other", PrivateIpAddress="10.0.0.1")],
        # one whose address it is, which tells more than a name,
        [instance(1, "x", PrivateIpAddress="10.0.0.1"), instance(2, "web", PrivateIpAddress="10.0.0.2")],
        # and one that runs, next to its predecessor.
        [instance(1, "web"), instance(2, "web", state="stopped")],
        [instance(1, "web", state="pending"), instance(2, "web", state="stopping")],
    ],
)
def test_of_several_instances_the_more_likely_one_is_taken(others: list[dict[str, Any]]) -> None:
    assert of_api({"hosts": [host("web", "10.0.0.1")]}, facts(*others)) == ([ident(1)], [])


def test_tags_find_instances_that_have_all_of_them_besides_the_hosts() -> None:
    known = facts(
        instance(1, "b", tags={"service": "api", "env": "prod"}),
        instance(2, "a", tags={"service": "api", "env": "prod"}),
        instance(3, "c", tags={"service": "api", "env": "test"}),
        instance(4, "d", tags={"service": "API", "env": "prod"}),
        instance(5, "e"),
    )
    entry = {"instance_tags": {"service": "api", "env": "prod"}, "hosts": [host("e"), host("b")]}
    assert of_api(entry, known) == ([ident(2), ident(1), ident(5)], [])


def test_tags_that_no_instance_has_are_said() -> None:
    assert of_api({"instance_tags": {"service": "ärger", "a": 1}}, facts(instance(1))) == (
        [],
        [
            "service 'api': no instance of account 123456789012 in cn-north-1 has the tags a=1, service=ärger "
            "(instance_tags); if there should be some, compare the tags, whose case matters."
        ],
    )


def test_an_instance_is_returned_with_its_volumes() -> None:
    known = facts(
        instance(
            1,
            "web",
            tags={"aws:autoscaling:groupName": "web-asg"},
            Monitoring={"State": "enabled"},
            CpuOptions={"CoreCount": 2, "ThreadsPerCore": 2},
        ),
        types=[{"InstanceType": "m7g.large", "Hypervisor": "nitro", "VCpuInfo": {"DefaultVCpus": 2}}],
        volumes=[
            {"VolumeId": "vol-2", "VolumeType": "gp3", "Attachments": [{"InstanceId": ident(1), "Device": "/dev/sdf"}]},
            {
                "VolumeId": "vol-1",
                "VolumeType": "io2",
                "Attachments": [
                    {"InstanceId": ident(8), "Device": "/dev/sda", "State": "attached"},
                    {"InstanceId": ident(1), "Device": "/dev/sdb", "State": "attached"},
                ],
            },
            {"VolumeId": "vol-3", "Attachments": [{"InstanceId": ident(1), "Device": "/dev/x", "State": "detached"}]},
            {"VolumeId": "vol-4"},
        ],
    )
    found, problems = model.result(services({"hosts": [host("web")]}), known)
    assert problems == []
    assert found["api"]["instances"] == [
        {
            "id": ident(1),
            "name": "web",
            "type": "m7g.large",
            "vcpus": 4,
            "state": "running",
            "image_id": "ami-1",
            "availability_zone": "cn-north-1a",
            "autoscaling_group": "web-asg",
            "detailed_monitoring": True,
            "nitro": True,
            "volumes": [
                {"id": "vol-1", "device": "/dev/sdb", "type": "io2"},
                {"id": "vol-2", "device": "/dev/sdf", "type": "gp3"},
            ],
        }
    ]
    assert (found["api"]["load_balancer"], found["api"]["database"]) == (None, None)


@pytest.mark.parametrize(
    ("described", "vcpus", "nitro"),
    [
        ({"VCpuInfo": {"DefaultVCpus": 8}, "Hypervisor": "xen"}, 8, False),
        ({"BareMetal": True}, 2, True),
        (None, 2, False),
    ],
)
def test_vcpus_and_hypervisor_follow_from_the_type(described: dict[str, Any] | None, vcpus: int, nitro: bool) -> None:
    types = {} if described is None else {"m7g.large": described}
    found = model.instance_result(instance(1), types, [])
    assert (found["name"], found["vcpus"], found["nitro"], found["detailed_monitoring"]) == (
        ident(1), vcpus, nitro, False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "on"), [("enabled", True), ("pending", True), ("disabling", False), ("disabled", False), ("", False)]
)
def test_detailed_monitoring_that_is_being_switched_counts_as_switched(state: str, on: bool) -> None:
    assert model.detailed_monitoring({"Monitoring": {"State": state}}) is on


# -- load balancers ----------------------------------------------------------------------------------------------------


def balancer(name: str) -> dict[str, Any]:
    return {"LoadBalancerName": name, "LoadBalancerArn": f"{ARN}:loadbalancer/app/{name}/50dc6c495c0c9188"}


def group(name: str, *balancers: str) -> dict[str, Any]:
    return {
        "TargetGroupName": name,
        "TargetGroupArn": f"{ARN}:targetgroup/{name}/73e2d6bc24d8a067",
        "LoadBalancerArns": [balancer(other)["LoadBalancerArn"] for other in balancers],
    }


BALANCERS = facts(
    load_balancers=[balancer("prod"), balancer("internal")],
    target_groups=[group("shop", "internal"), group("prod-api", "prod"), group("prod-shop", "prod"), group("unused")],
)


@pytest.mark.parametrize(
    "named", ["prod", "app/prod/50dc6c495c0c9188", f"{ARN}:loadbalancer/app/prod/50dc6c495c0c9188"]
)
def test_a_load_balancer_is_known_by_its_name_id_and_arn(named: str) -> None:
    found, problems = model.load_balancers(services({"load_balancer": named}), BALANCERS)
    assert problems == []
    assert found["api"] == {
        "arn": f"{ARN}:loadbalancer/app/prod/50dc6c495c0c9188",
        "id": "app/prod/50dc6c495c0c9188",
        "name": "prod",
        "target_groups": [
            {"id": f"targetgroup/{name}/73e2d6bc24d8a067", "name": name, "arn": group(name)["TargetGroupArn"]}
            for name in ("prod-api", "prod-shop")
        ],
    }


def groups_of(*entries: dict[str, Any]) -> tuple[dict[str, list[str]], list[str]]:
    found, problems = model.load_balancers(services(*entries), BALANCERS)
    return {
        name: [group["name"] for group in balancer["target_groups"]] if balancer else []
        for name, balancer in found.items()
    }, sentences(problems)


def test_services_that_share_a_load_balancer_get_the_target_groups_that_are_called_like_them() -> None:
    assert groups_of({"load_balancer": "prod"}, {"name": "Shop", "load_balancer": "app/prod/50dc6c495c0c9188"}) == (
        {"api": ["prod-api"], "Shop": ["prod-shop"]},
        [],
    )


def test_target_groups_that_nothing_tells_apart_are_all_taken_and_that_is_said() -> None:
    assert groups_of({"load_balancer": "prod"}, {"name": "sho", "load_balancer": "prod"}) == (
        {"api": ["prod-api"], "sho": ["prod-api", "prod-shop"]},
        [
            "service 'sho': load balancer 'prod' serves other services as well, and none of its target groups is "
            "called like this one, so all of them are taken: list its own in target_groups."
        ],
    )


def test_target_groups_may_be_listed() -> None:
    entry = {"load_balancer": "prod", "target_groups": ["prod-shop", "prod-ap"]}
    assert groups_of(entry) == (
        {"api": ["prod-shop"]},
        [
            "service 'api': target group 'prod-ap' is not one of load balancer 'prod' (did you mean 'prod-api'?): "
            "correct target_groups."
        ],
    )


def test_a_load_balancer_that_does_not_exist_is_missing() -> None:
    _found, problems = model.load_balancers(services({"load_balancer": "internall"}), BALANCERS)
    assert problems == [
        Problem(
            "service 'api': load_balancer 'internall' does not exist in account 123456789012 in cn-north-1 (did you "
            "mean 'internal'?): correct it, or take it out.",
            missing=True,
        )
    ]


# -- databases ---------------------------------------------------------------------------------------------------------


def database(name: str, **more: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceArn": f"arn:aws:rds:eu-central-1:123456789012:db:{name}",
        "Engine": "postgres",
        "DBInstanceClass": "db.m7g.large",
        "AllocatedStorage": 100,
        "MonitoringInterval": 60,
        "MonitoringRoleArn": "arn:aws:iam::123456789012:role/watch",
        "PerformanceInsightsEnabled": True,
        "DBParameterGroups": [{"DBParameterGroupName": "default.postgres17"}],
        **more,
    }


def cluster(name: str, *members: str, **more: Any) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": name,
        "DBClusterArn": f"arn:aws:rds:eu-central-1:123456789012:cluster:{name}",
        "Engine": "aurora-postgresql",
        "AllocatedStorage": 1,
        "DBClusterParameterGroup": "default.aurora-postgresql16",
        "DBClusterMembers": [
            {"DBInstanceIdentifier": member, "IsClusterWriter": member.endswith("w")} for member in members
        ],
        **more,
    }


def of_database(named: str, known: Facts) -> tuple[dict[str, Any] | None, list[str]]:
    found, problems = model.result(services({"database": named}), known)
    return found["api"]["database"], sentences(problems)


@pytest.mark.parametrize("named", ["prod-db", "PROD-db", "arn:aws:rds:eu-central-1:123456789012:db:prod-db"])
def test_an_instance_of_rds(named: str) -> None:
    assert of_database(named, facts(db_instances=[database("other"), database("prod-db")])) == (
        {
            "id": "prod-db",
            "kind": "instance",
            "engine": "postgres",
            "class": "db.m7g.large",
            "vcpus": 2,
            "memory_bytes": 8 * GIB,
            "max_connections": 820,
            "allocated_bytes": 100 * GIB,
            "replica_of": None,
            "members": [],
            "arn": "arn:aws:rds:eu-central-1:123456789012:db:prod-db",
            "monitoring_interval": 60,
            "monitoring_role_arn": "arn:aws:iam::123456789012:role/watch",
            "performance_insights": True,
        },
        [],
    )


def test_a_replica_names_its_source() -> None:
    found, _said = of_database(
        "r", facts(db_instances=[database("r", ReadReplicaSourceDBInstanceIdentifier="prod-db")])
    )
    assert found is not None
    assert found["replica_of"] == "prod-db"


def test_a_cluster_of_aurora_has_the_size_of_its_writer_and_no_allocated_storage() -> None:
    known = facts(
        db_clusters=[cluster("orders", "orders-1", "orders-2w")],
        db_instances=[
            database(
                "orders-1",
                Engine="aurora-postgresql",
                DBInstanceClass="db.t3.medium",
                MonitoringInterval=0,
                MonitoringRoleArn="",
            ),
            database("orders-2w", Engine="aurora-postgresql", DBInstanceClass="db.r7g.large"),
        ],
    )
    found, said = of_database("orders", known)
    assert said == []
    assert found == {
        "id": "orders",
        "kind": "cluster",
        "engine": "aurora-postgresql",
        "class": "db.r7g.large",
        "vcpus": 2,
        "memory_bytes": 16 * GIB,
        "max_connections": 1640,
        "allocated_bytes": None,
        "replica_of": None,
        "members": [
            {
                "id": "orders-2w", "role": "writer", "class": "db.r7g.large", "vcpus": 2,
                "memory_bytes": 16 * GIB, "max_connections": 1640,
                "monitoring_role_arn": "arn:aws:iam::123456789012:role/watch",
            },
            {
                "id": "orders-1", "role": "reader", "class": "db.t3.medium", "vcpus": 2,
                "memory_bytes": 4 * GIB, "max_connections": 410, "monitoring_role_arn": None,
            },
        ],
        "arn": "arn:aws:rds:eu-central-1:123456789012:cluster:orders",
        "monitoring_interval": 0,
        "monitoring_role_arn": None,
        "performance_insights": True,
    }  # fmt: skip


def test_a_serverless_cluster_has_the_size_of_its_largest_capacity() -> None:
    known = facts(
        db_clusters=[
            cluster("s", "s-w", ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 64}),
        ],
        db_instances=[
            database("s-w", Engine="aurora-postgresql", DBInstanceClass="db.serverless", DBClusterIdentifier="s")
        ],
    )
    found, said = of_database("s", known)
    assert said == []
    assert found is not None
    assert (found["vcpus"], found["memory_bytes"], found["max_connections"]) == (16, 128 * GIB, 2000)
    # Its members can be declared by themselves.
    member, _said = of_database("s-w", known)
    assert member is not None
    assert (member["kind"], member["vcpus"], member["max_connections"]) == ("instance", 16, 2000)


def test_a_multi_az_cluster_has_its_own_class_and_storage() -> None:
    known = facts(
        db_clusters=[
            cluster(
                "m", Engine="mysql", DBClusterInstanceClass="db.m6gd.large", AllocatedStorage=400, MonitoringInterval=30
            )
        ]
    )
    found, _said = of_database("m", known)
    assert found is not None
    assert (found["class"], found["allocated_bytes"], found["monitoring_interval"], found["members"]) == (
        "db.m6gd.large", 400 * GIB, 30, [],
    )  # fmt: skip


def test_a_class_that_is_not_known_is_said() -> None:
    found, said = of_database("odd", facts(db_instances=[database("odd", DBInstanceClass="db.q1.huge")]))
    assert found is not None
    assert (found["vcpus"], found["memory_bytes"], found["max_connections"]) == (None, None, None)
    assert said == [
        "service 'api': the class 'db.q1.huge' of database 'odd' is not known here, so its vCPUs and connections are "
        "not: declare its thresholds under alarms."
    ]


def test_a_database_that_does_not_exist_is_missing() -> None:
    _found, problems = model.chosen_databases(
        services({"database": "prod-bd"}), facts(db_instances=[database("prod-db")])
    )
    assert problems == [
        Problem(
            "service 'api': database 'prod-bd' does not exist in account 123456789012 in cn-north-1 (did you mean "
            "'prod-db'?): correct it, or take it out.",
            missing=True,
        )
    ]


def test_a_name_of_both_kinds_is_the_cluster_and_said() -> None:
    known = facts(db_instances=[database("db")], db_clusters=[cluster("db")])
    found, said = of_database("db", known)
    assert found is not None
    assert found["kind"] == "cluster"
    assert said[0].startswith("service 'api': database 'db' is a cluster and an instance, and the cluster is taken")


def test_only_parameter_groups_of_ones_own_are_read() -> None:
    known = facts(
        db_instances=[
            database("a", DBParameterGroups=[{"DBParameterGroupName": "mine"}]),
            database("b", DBParameterGroups=[{"DBParameterGroupName": "mine"}]),
            database("c", DBParameterGroups=[{"DBParameterGroupName": "default.mysql8.0"}]),
            database("d-w", DBParameterGroups=[{"DBParameterGroupName": "default-ish"}]),
        ],
        db_clusters=[cluster("d", "d-w", DBClusterParameterGroup="theirs")],
    )
    chosen, _problems = model.chosen_databases(
        model.services_of([{"name": name, "database": name} for name in "abcd"] + [{"name": "none"}]), known
    )
    assert model.parameter_groups(chosen.values(), known) == [
        ("cluster", "theirs"), ("instance", "default-ish"), ("instance", "mine"),
    ]  # fmt: skip


def test_a_members_own_parameter_group_wins_over_that_of_its_cluster() -> None:
    known = facts(
        db_clusters=[cluster("d", "d-w", "d-r", DBClusterParameterGroup="theirs")],
        db_instances=[
            database("d-w", Engine="aurora-postgresql", DBParameterGroups=[{"DBParameterGroupName": "mine"}]),
            database("d-r", Engine="aurora-postgresql"),
        ],
        parameters={
            ("cluster", "theirs"): {"max_connections": "300"},
            ("instance", "mine"): {"max_connections": "LEAST({DBInstanceClassMemory/95313920},5000)"},
        },
    )
    found, _said = of_database("d", known)
    assert found is not None
    assert [member["max_connections"] for member in found["members"]] == [82, 300]


def test_a_thousand_services_are_found_quickly() -> None:
    known = facts(*(instance(number, f"host-{number}") for number in range(5000)))
    entries = [
        {"name": f"s{number}", "hosts": [host(f"host-{5 * number + further}") for further in range(5)]}
        for number in range(1000)
    ]
    found, problems = model.result(model.services_of(entries), known)
    assert problems == []
    assert all(len(service["instances"]) == 5 for service in found.values())
