# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch Logs has, as entries: which are chosen, and what they take."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.info import Wanted, gather
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.info_logs import KINDS
from tests.unit.plugins.module_utils._aws.account import Account, refused

ARN = "arn:aws:logs:eu-central-1:123456789012:"
MARKS = {"/p/a": {"managed-by": "m", "service": "api"}, "/p/b": {"managed-by": "x"}, "/q": {}}


def group(name: str, **more: Any) -> dict[str, Any]:
    return {"logGroupName": name, "arn": f"{ARN}log-group:{name}:*", "logGroupClass": "STANDARD", **more}


def metric_filter(group_: str, name: str) -> dict[str, Any]:
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    return {
        "logGroupName": group_, "filterName": name, "filterPattern": "x", "metricTransformations": [transformation],
    }  # fmt: skip


class Logs(Account):
    """Three log groups and something of everything in them."""

    def __init__(self, **options: Any) -> None:
        groups = [
            group("/q", logGroupClass="ESSENTIALS"), group("/p/b", retentionInDays=7),
            group("/p/a", dataProtectionStatus="ACTIVATED"),
        ]  # fmt: skip
        source = {"name": "s", "arn": f"{ARN}delivery-source:s", "resourceArns": ["arn:x"], "logType": "T"}
        destination = {
            "name": "d", "arn": f"{ARN}delivery-destination:d",
            "deliveryDestinationConfiguration": {"destinationResourceArn": "arn:aws:s3:::b"},
        }  # fmt: skip
        delivery = {
            "id": "1", "arn": f"{ARN}delivery:1", "deliverySourceName": "s",
            "deliveryDestinationArn": destination["arn"],
        }  # fmt: skip
        queries = [
            {"name": name, "queryString": "fields x", "queryDefinitionId": name} for name in ("m/b", "m/a", "x/a", "m")
        ]

        def none(**_: Any) -> dict[str, Any]:
            raise refused("ResourceNotFoundException")

        super().__init__(
            {
                "DescribeLogGroups": lambda logGroupNamePrefix="", **_: {  # noqa: N803
                    "logGroups": [item for item in groups if item["logGroupName"].startswith(logGroupNamePrefix)]
                },
                "GetResources": lambda ResourceTypeFilters, **_: {  # noqa: N803
                    "ResourceTagMappingList": [
                        {
                            "ResourceARN": f"{ARN}log-group:{name}",
                            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                        }
                        for name, tags in MARKS.items()
                        if ResourceTypeFilters == ["logs:log-group"]
                    ]
                },
                "ListTagsForResource": lambda resourceArn: {"tags": {"managed-by": "m", "owner": "o"}},  # noqa: N803
                "ListLogAnomalyDetectors": none,
                "GetTransformer": none,
                "DescribeIndexPolicies": lambda **_: {"indexPolicies": [{"policyDocument": '{"Fields": ["b", "a"]}'}]},
                "GetDataProtectionPolicy": lambda **_: {"policyDocument": '{"Name": "mask"}'},
                "DescribeMetricFilters": lambda **_: {
                    "metricFilters": [
                        metric_filter("/p/b", "y"),
                        metric_filter("/p/a", "z"),
                        metric_filter("/p/a", "x"),
                    ]
                },
                "DescribeSubscriptionFilters": lambda logGroupName: {  # noqa: N803
                    "subscriptionFilters": [
                        {
                            "logGroupName": logGroupName,
                            "filterName": "f",
                            "destinationArn": "arn:x",
                            "filterPattern": "",
                        }
                    ]
                },
                "DescribeQueryDefinitions": lambda queryDefinitionNamePrefix="", **_: {  # noqa: N803
                    "queryDefinitions": [item for item in queries if item["name"].startswith(queryDefinitionNamePrefix)]
                },
                "DescribeResourcePolicies": lambda **_: {
                    "resourcePolicies": [
                        {"policyName": "b", "policyDocument": json.dumps({"Statement": []}), "policyScope": "ACCOUNT"},
                        {"policyName": "a", "policyDocument": "no JSON"},
                        {"policyName": "c", "policyDocument": "{}", "policyScope": "RESOURCE"},
                    ]
                },
                "DescribeDeliverySources": lambda **_: {"deliverySources": [source]},
                "DescribeDeliveryDestinations": lambda **_: {"deliveryDestinations": [destination]},
                "DescribeDeliveries": lambda **_: {"deliveries": [delivery]},
            },
            **options,
        )
        self.answers["ListLogAnomalyDetectors"] = lambda **_: {
            "anomalyDetectors": [
                {"anomalyDetectorArn": "x", "logGroupArnList": [f"{ARN}log-group:/p/b"],
                 "evaluationFrequency": "ONE_HOUR", "anomalyVisibilityTime": 21, "anomalyDetectorStatus": "PAUSED"},
                {"anomalyDetectorArn": "y", "logGroupArnList": [f"{ARN}log-group:/p/a"],
                 "anomalyDetectorStatus": "DELETED"},
            ]
        }  # fmt: skip


def found(account: Logs, wanted: Wanted, *kinds: str) -> Any:
    return gather(account, kinds or list(KINDS), wanted, KINDS)  # type: ignore[arg-type]


def test_everything_in_the_shape_of_the_modules() -> None:
    gathered = found(Logs(), Wanted())
    assert list(gathered.found) == list(KINDS)
    assert gathered.found["log_groups"] == [
        {"name": "/p/a", "index_fields": ["a", "b"], "data_protection_policy": {"Name": "mask"},
         "tags": {"service": "api"}},
        {"name": "/p/b", "retention_days": 7, "index_fields": ["a", "b"],
         "anomaly_detector": {"enabled": False, "evaluation_minutes": 60, "visibility_days": 21}},
    ]  # fmt: skip
    assert gathered.warnings == [
        "log group '/q' is left out: it is of the class ESSENTIALS, which cloudwatch_log_groups does not make."
    ]
    assert [(entry["log_group"], entry["name"]) for entry in gathered.found["log_metric_filters"]] == [
        ("/p/a", "x"), ("/p/a", "z"), ("/p/b", "y"),
    ]  # fmt: skip
    assert [entry["log_group"] for entry in gathered.found["log_subscription_filters"]] == ["/p/a", "/p/b", "/q"]
    assert [entry["name"] for entry in gathered.found["log_queries"]] == ["m", "m/a", "m/b", "x/a"]
    assert gathered.found["log_resource_policies"] == [
        {"name": "a", "policy": "no JSON"}, {"name": "b", "policy": {"Statement": []}},
    ]  # fmt: skip
    assert gathered.found["log_deliveries"] == [
        {"name": "s", "source_arn": "arn:x", "log_type": "T", "destinations": [{"name": "d", "arn": "arn:aws:s3:::b"}],
         "tags": {"owner": "o"}},
    ]  # fmt: skip


def test_what_is_ours() -> None:
    gathered = found(Logs(), Wanted(owner="m"))
    assert [entry["name"] for entry in gathered.found["log_groups"]] == ["/p/a"]
    assert {entry["log_group"] for entry in gathered.found["log_metric_filters"]} == {"/p/a"}
    assert [entry["name"] for entry in gathered.found["log_queries"]] == ["m/a", "m/b"]
    assert gathered.found["log_resource_policies"] == []
    assert [entry["name"] for entry in gathered.found["log_deliveries"]] == ["s"]
    none = found(Logs(), Wanted(tags={"service": "other"}))
    assert not any(none.found.values())


def test_by_prefix_and_without_tags() -> None:
    account = Logs()
    gathered = found(account, Wanted(prefix="/p/b", with_tags=False))
    assert {kind: len(entries) for kind, entries in gathered.found.items()} == {
        "log_groups": 1, "log_resource_policies": 0, "log_metric_filters": 1, "log_subscription_filters": 1,
        "log_deliveries": 0, "log_queries": 0,
    }  # fmt: skip
    assert not account.made("GetResources", "ListTagsForResource")


def test_endpoints_and_botocores_that_know_less() -> None:
    account = Logs(unknown=("GetTransformer", "DescribeIndexPolicies"))

    def unknown(**_: Any) -> dict[str, Any]:
        raise refused("UnknownOperationException")

    account.answers["ListLogAnomalyDetectors"] = account.answers["GetDataProtectionPolicy"] = unknown
    assert found(account, Wanted(prefix="/p"), "log_groups").found["log_groups"] == [
        {"name": "/p/a", "tags": {"service": "api"}}, {"name": "/p/b", "retention_days": 7},
    ]  # fmt: skip
    assert not account.made("GetTransformer", "DescribeIndexPolicies")
