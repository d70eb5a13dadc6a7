# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What traces need in the account: of which services, by what objectives are counted, and what is left out and said."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import account as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import (
    slos_model,
    xray_groups_model,
    xray_rules_model,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import role_options
from tests.unit.plugins.module_utils._aws.account import Account as Known

XRAY = {"type": "xray", "region": "eu-central-1"}
BALANCER = {
    "id": "app/prod/1",
    "name": "prod",
    "target_groups": [{"id": "targetgroup/a/1", "name": "a"}, {"id": "targetgroup/b/2", "name": "b"}],
}
DISCOVERY: dict[str, Any] = {
    "account": "123456789012",
    "partition": "aws",
    "region": "eu-central-1",
    "services": {"api": {"load_balancer": BALANCER}, "shop": {"load_balancer": None}},
}


def service(name: str = "api", **more: Any) -> dict[str, Any]:
    return {"name": name, "state": "present", **more}


def made(*services: dict[str, Any], discovery: Any = None, **variables: Any) -> model.Account:
    backends = role_options("apm")["apm_backends"]["options"]
    return model.account(
        {"environment": "production", "services": list(services)},
        {"apm_backends": [XRAY], **variables},
        role_options("apm", "account"),
        backends,
        DISCOVERY if discovery is None else discovery,
    )


def accepted(found: model.Account) -> None:
    """What the modules would refuse of it is refused here."""
    xray_rules_model.desired(found.sampling_rules)
    xray_groups_model.desired(found.groups)
    for entry in slos_model.desired(found.slos, Known()):
        slos_model.check(entry, None)


def test_without_xray_there_is_nothing() -> None:
    assert made(service(objective=99.9), apm_backends=[{"type": "otlp", "endpoint": "https://x.example"}]) == (
        model.Account()
    )
    assert [model.region_of(value) for value in ([XRAY], [], None, "x", [{"type": "otlp"}])] == [
        *("eu-central-1", "", "", "", ""),
    ]


def test_the_settings_and_the_policy_that_they_need() -> None:
    found = made(apm_indexing_percentage=5)
    assert found.settings == {
        "trace_segment_destination": "cloudwatch_logs",
        "indexing_percentage": 5,
        "service_discovery": True,
    }
    (policy,) = found.policies
    (statement,) = policy["policy"]["Statement"]
    assert statement["Resource"] == [
        "arn:aws:logs:eu-central-1:123456789012:log-group:aws/spans:*",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/application-signals/data:*",
    ]
    assert statement["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:xray:eu-central-1:123456789012:*"}
    off = made(apm_transaction_search=False, apm_service_discovery=False)
    assert (off.settings, off.policies) == ({}, [])


def test_rules_and_groups_are_of_the_services_that_ask_for_them() -> None:
    sampling = {"rate": 0.05, "path": "/orders/*", "priority": 5}
    found = made(
        service(owner="payments & co", apm={"service_name": "api-v2", "sampling": sampling, "group": True}),
        service("shop"),
        service("off", apm={"enabled": False, "sampling": sampling, "group": True}),
        service("gone", state="absent", apm={"sampling": sampling, "group": True}),
        apm_sampling_rules=[{"name": "Default", "fixed_rate": 0.01}],
        apm_groups=[{"name": "slow", "filter_expression": "responsetime > 2"}],
    )
    tags = {"service": "api", "owner": "payments  co"}
    assert found.sampling_rules == [
        {
            "name": "production-api",
            "priority": 5,
            "fixed_rate": 0.05,
            "reservoir_size": 1,
            "service_name": "api-v2",
            "url_path": "/orders/*",
            "http_method": "*",
            "host": "*",
            "tags": tags,
        },
        {"name": "Default", "fixed_rate": 0.01},
    ]
    assert found.groups == [
        {"name": "production-api", "filter_expression": 'service("api-v2")', "tags": tags},
        {"name": "slow", "filter_expression": "responsetime > 2"},
    ]
    accepted(found)


def test_long_names_are_cut_and_stay_different() -> None:
    names = [f"{'x' * 40}-{number}" for number in range(2)]
    found = made(*(service(name, apm={"group": True}) for name in names))
    assert len({group["name"] for group in found.groups}) == 2
    assert all(len(group["name"]) == 32 for group in found.groups)
    accepted(found)


def test_an_objective_is_counted_by_the_load_balancer() -> None:
    found = made(service(objective=99.9))
    (slo,) = found.slos
    assert (slo["name"], slo["goal"], slo["interval"]) == ("production-api", 99.9, {"duration": 30, "unit": "day"})
    assert slo["total_requests"][-1] == {"id": "r", "expression": "FILL(r1, 0)", "return_data": True}
    assert slo["bad_requests"][-1]["expression"] == "FILL(e1, 0) + FILL(e2, 0)"
    assert [query["metric_stat"]["metric"] for query in slo["bad_requests"][:-1]] == [
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
    ]
    accepted(found)


def test_an_objective_of_target_groups_counts_theirs() -> None:
    (slo,) = made(service(objective=99, target_groups=["b"])).slos
    assert [query.get("metric_stat", {}).get("dimensions") for query in slo["bad_requests"]] == [
        {"TargetGroup": "targetgroup/b/2", "LoadBalancer": "app/prod/1"},
        None,
    ]


def test_an_objective_by_application_signals() -> None:
    found = made(service("shop", objective=95, apm={"slo": "application_signals", "service_name": "shop-web"}))
    (slo,) = found.slos
    assert (slo["service"], slo["indicator"]) == ({"name": "shop-web", "environment": "production"}, "availability")
    assert "total_requests" not in slo
    accepted(found)
    assert made(service(objective=95), apm_objective_source="application_signals").slos[0]["indicator"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (service(objective=100), "service 'api': no objective is made, since one of 100 % leaves no budget"),
        (service("shop", objective=99), "service 'shop': no objective is made, since it has no load balancer"),
        (service("shop", objective=99, apm={"slo": "load_balancer"}), "by its load balancer, since none was found"),
    ],
)
def test_an_objective_that_nobody_can_count_is_left_out_and_said(entry: dict[str, Any], said: str) -> None:
    found = made(entry)
    assert found.slos == []
    (omission,) = found.omissions
    assert said in omission


def test_no_objective_where_none_is_wanted() -> None:
    assert made(service(objective=99, apm={"slo": "none"})).slos == []
    assert made(service()).omissions == []


def test_names_of_objectives_are_those_that_aws_takes() -> None:
    found = made(
        service("api/ü", objective=99, apm={"slo": "application_signals"}),
        service("api-ü", objective=99, apm={"slo": "application_signals"}),
    )
    assert found.slos[0]["name"] == "production-api"
    assert found.slos[1]["name"].startswith("production-api-")
    accepted(found)


def test_more_than_aws_has_room_for_is_said() -> None:
    services = [service(f"s{number}", apm={"group": True}) for number in range(26)]
    assert made(*services).omissions[0].startswith("There are 26 groups, and AWS has a quota of 25")
    assert made(*services[:25]).omissions == []


def test_mistakes_are_sentences() -> None:
    with pytest.raises(CatalogueError) as caught:
        made(
            apm_backends=[XRAY, {"type": "xray", "name": "other", "region": "us-east-1"}],
            apm_indexing_percentage=101,
        )
    first, second = (str(problem) for problem in caught.value.problems)
    assert first.startswith("apm_backends has X-Ray in eu-central-1 and us-east-1; give each Region an inventory")
    assert second == "apm_indexing_percentage must be from 0 to 100, not 101."
