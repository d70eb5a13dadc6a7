# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What discovery is asked, and what is made of its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import discovery

ROLE = "arn:aws:iam::123456789012:role/kumawatch-lab-rds-monitoring"


def catalogue(*services: dict[str, Any]) -> Any:
    return {"environment": "lab", "services": [{"state": "present", **service} for service in services]}


class HostVars(Mapping[str, Any]):
    """As Ansible's: an unknown host raises."""

    def __init__(self, variables: dict[str, dict[str, Any]]) -> None:
        self.variables = variables

    def __getitem__(self, name: str) -> Any:
        if name not in self.variables:
            raise RuntimeError(f"{name} was asked for")
        return self.variables[name]

    def __contains__(self, name: object) -> bool:
        return name in self.variables

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


HOSTS = HostVars(
    {
        "api1": {"ansible_host": "10.0.0.1"},
        "api2": {"instance_id": "i-0123456789abcdef0"},
        "api3": {"ec2_instance_id": "i-0fedcba9876543210", "instance_id": "", "ansible_host": ""},
        "lone": {},
    }
)
GROUPS = {"api_hosts": ["api1", "api2", "api3", "api1"], "all": ["lone"]}


def test_the_members_of_a_group_come_with_their_address_and_id() -> None:
    assert discovery.services(catalogue({"name": "api", "hosts": "api_hosts"}), GROUPS, HOSTS) == [
        {
            "name": "api",
            "hosts": [
                {"name": "api1", "address": "10.0.0.1"},
                {"name": "api2", "instance_id": "i-0123456789abcdef0"},
                {"name": "api3", "instance_id": "i-0fedcba9876543210"},
            ],
        }
    ]


@pytest.mark.parametrize("hosts", ["lone", "nobody"])
def test_a_single_host_may_be_named_and_one_that_the_inventory_does_not_know_is_only_a_name(hosts: str) -> None:
    assert discovery.services(catalogue({"name": "x", "hosts": hosts}), GROUPS, HOSTS) == [
        {"name": "x", "hosts": [{"name": hosts}]}
    ]


def test_what_a_service_does_not_declare_is_not_asked_and_one_that_is_absent_is_left_out() -> None:
    full = {
        "name": "full",
        "instance_tags": {"service": "full"},
        "load_balancer": "app/x/1",
        "target_groups": ["x"],
        "database": "db",
        "health": {"url": "https://example.com"},
    }
    asked = discovery.services(
        catalogue(full, {"name": "bare", "database": None, "hosts": None}, {"name": "gone", "state": "absent"}),
        GROUPS,
        HOSTS,
    )
    assert asked == [{key: value for key, value in full.items() if key != "health"}, {"name": "bare"}]


def test_only_what_the_catalogue_asks_for_is_set() -> None:
    monitored = {
        "instances": ["i-1", "i-2"],
        "databases": [
            {"id": "left", "interval": 0},
            {"id": "watched", "interval": 60},
            {"id": "insights", "interval": 0, "performance_insights": False},
            {"id": "both", "interval": 5, "performance_insights": True},
        ],
    }
    assert discovery.monitoring_entries(monitored, ROLE) == {
        "instances": [{"id": "i-1", "detailed_monitoring": True}, {"id": "i-2", "detailed_monitoring": True}],
        "databases": [
            {"id": "watched", "monitoring_interval": 60, "monitoring_role_arn": ROLE},
            {"id": "insights", "performance_insights": False},
            {"id": "both", "monitoring_interval": 5, "monitoring_role_arn": ROLE, "performance_insights": True},
        ],
    }
    assert discovery.monitoring_entries({}, ROLE) == {"instances": [], "databases": []}


def test_only_databases_with_that_role_are_released_each_once() -> None:
    mine = {"id": "db", "monitoring_role_arn": ROLE, "members": []}
    found = {
        "services": {
            "a": {"database": mine},
            "b": {"database": mine},
            "c": {"database": {"id": "other", "monitoring_role_arn": "arn:aws:iam::1:role/x", "members": []}},
            "d": {
                "database": {
                    "id": "cluster",
                    "monitoring_role_arn": None,
                    "members": [{"id": "m1", "monitoring_role_arn": ROLE}, {"id": "m2", "monitoring_role_arn": None}],
                }
            },
            "e": {"database": None},
        }
    }
    assert discovery.released(found, ROLE) == [
        {"id": "db", "monitoring_interval": 0},
        {"id": "m1", "monitoring_interval": 0},
    ]
    assert discovery.released({}, ROLE) == []
