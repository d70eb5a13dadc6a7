# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in's X-Ray and Application Signals: what they keep, page, refuse and tag, as AWS's documentation says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.aws.testing import Aws, serve

RULE: dict[str, Any] = {
    "RuleName": "api",
    "ResourceARN": "*",
    "Priority": 100,
    "FixedRate": 0.05,
    "ReservoirSize": 1,
    "ServiceName": "api",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "Version": 1,
}


def refused(act: Callable[..., Any], **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        act(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_every_account_has_the_default_rule_and_keeps_it(stand_in: Aws) -> None:
    xray = stand_in.client("xray")
    (record,) = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert (record["SamplingRule"]["RuleName"], record["SamplingRule"]["Priority"]) == ("Default", 10000)
    assert refused(xray.delete_sampling_rule, RuleName="Default")[0] == "InvalidRequestException"
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 0.01, "ReservoirSize": 2})
    (record,) = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert (record["SamplingRule"]["FixedRate"], record["SamplingRule"]["ReservoirSize"]) == (0.01, 2)
    update = {"RuleName": "Default", "Priority": 1}
    assert refused(xray.update_sampling_rule, SamplingRuleUpdate=update)[0] == "InvalidRequestException"


def test_rules_are_made_changed_in_part_and_deleted(stand_in: Aws) -> None:
    xray = stand_in.client("xray")
    made = xray.create_sampling_rule(SamplingRule=RULE, Tags=[{"Key": "a", "Value": "ü"}])["SamplingRuleRecord"]
    arn = made["SamplingRule"]["RuleARN"]
    assert arn == f"arn:aws:xray:{stand_in.region}:123456789012:sampling-rule/api"
    assert refused(xray.create_sampling_rule, SamplingRule=RULE)[0] == "InvalidRequestException"
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleARN": arn, "Priority": 7, "Attributes": {"tier": "gold"}})
    rule = next(
        record["SamplingRule"]
        for record in xray.get_sampling_rules()["SamplingRuleRecords"]
        if record["SamplingRule"]["RuleName"] == "api"
    )
    assert rule == {**RULE, "RuleARN": arn, "Priority": 7, "Attributes": {"tier": "gold"}}
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "ü"}]
    xray.delete_sampling_rule(RuleName="api")
    assert refused(xray.list_tags_for_resource, ResourceARN=arn)[0] == "ResourceNotFoundException"
    assert "does not exist" in refused(xray.delete_sampling_rule, RuleName="api")[1]


@pytest.mark.parametrize(
    "change", [{"Priority": 10000}, {"FixedRate": 1.5}, {"ReservoirSize": -1}, {"Host": "x" * 65}, {"Version": 2}]
)
def test_rules_out_of_range_are_refused(stand_in: Aws, change: dict[str, Any]) -> None:
    unchecked = stand_in.client("xray", config=Config(parameter_validation=False))
    assert refused(unchecked.create_sampling_rule, SamplingRule={**RULE, **change})[0] == "InvalidRequestException"


def test_twenty_five_rules_in_pages(stand_in: Aws) -> None:
    xray = stand_in.client("xray")
    for number in range(25):
        xray.create_sampling_rule(SamplingRule={**RULE, "RuleName": f"r-{number:02}"})
    code, _said = refused(xray.create_sampling_rule, SamplingRule={**RULE, "RuleName": "more"})
    assert code == "RuleLimitExceededException"
    pages = list(xray.get_paginator("get_sampling_rules").paginate())
    assert len(pages) == 3
    assert sum(len(page["SamplingRuleRecords"]) for page in pages) == 26
    assert refused(xray.get_sampling_rules, NextToken="x")[0] == "InvalidRequestException"


def test_groups(stand_in: Aws) -> None:
    xray = stand_in.client("xray")
    group = xray.create_group(GroupName="slow", FilterExpression="responsetime > 2")["Group"]
    assert group["GroupARN"].startswith(f"arn:aws:xray:{stand_in.region}:123456789012:group/slow/")
    assert group["InsightsConfiguration"] == {"InsightsEnabled": False, "NotificationsEnabled": False}
    assert refused(xray.create_group, GroupName="slow")[0] == "InvalidRequestException"
    assert refused(xray.create_group, GroupName="Default")[0] == "InvalidRequestException"
    notify = {"NotificationsEnabled": True}
    assert refused(xray.update_group, GroupName="slow", InsightsConfiguration=notify)[0] == "InvalidRequestException"
    xray.update_group(GroupARN=group["GroupARN"], InsightsConfiguration={"InsightsEnabled": True, **notify})
    (kept,) = xray.get_groups()["Groups"]
    assert kept["FilterExpression"] == "responsetime > 2"
    assert kept["InsightsConfiguration"] == {"InsightsEnabled": True, "NotificationsEnabled": True}
    xray.delete_group(GroupName="slow")
    assert xray.get_groups()["Groups"] == []


def test_what_is_tagged_is_in_the_index(stand_in: Aws) -> None:
    xray = stand_in.client("xray")
    tags = [{"Key": "managed-by", "Value": "m"}]
    rule = xray.create_sampling_rule(SamplingRule=RULE, Tags=tags)["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]
    group = xray.create_group(GroupName="g", Tags=tags)["Group"]["GroupARN"]
    index = stand_in.client("resourcegroupstaggingapi")
    for kind, arn in (("xray:sampling-rule", rule), ("xray:group", group)):
        (found,) = index.get_resources(ResourceTypeFilters=[kind])["ResourceTagMappingList"]
        assert (found["ResourceARN"], found["Tags"]) == (arn, tags)
    xray.untag_resource(ResourceARN=rule, TagKeys=["managed-by"])
    assert xray.list_tags_for_resource(ResourceARN=rule)["Tags"] == []


def test_spans_go_to_logs_only_with_leave_to_write_there(stand_in: Aws, until: Callable[..., Any]) -> None:
    xray = stand_in.client("xray")
    assert xray.get_trace_segment_destination()["Destination"] == "XRay"
    code, said = refused(xray.update_trace_segment_destination, Destination="CloudWatchLogs")
    assert (code, said) == (
        "InvalidRequestException",
        "XRay does not have permission to call PutLogEvents on the aws/spans Log Group",
    )
    begin = f"arn:aws:logs:{stand_in.region}:123456789012:log-group:"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "xray.amazonaws.com"},
        "Action": "logs:PutLogEvents",
        "Resource": [f"{begin}aws/spans:*", f"{begin}/aws/application-signals/data:*"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    stand_in.client("logs").put_resource_policy(policyName="p", policyDocument=document)
    assert xray.update_trace_segment_destination(Destination="CloudWatchLogs")["Status"] == "PENDING"
    until(lambda: xray.get_trace_segment_destination()["Status"] == "ACTIVE", 10, "the destination")
    assert xray.get_trace_segment_destination()["Destination"] == "CloudWatchLogs"


def test_indexing_and_encryption(stand_in: Aws) -> None:
    xray = stand_in.client("xray")
    (rule,) = xray.get_indexing_rules()["IndexingRules"]
    assert (rule["Name"], rule["Rule"]["Probabilistic"]["DesiredSamplingPercentage"]) == ("Default", 1.0)
    xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 5}})
    (rule,) = xray.get_indexing_rules()["IndexingRules"]
    assert rule["Rule"]["Probabilistic"]["DesiredSamplingPercentage"] == 5
    wrong = {"Probabilistic": {"DesiredSamplingPercentage": 101}}
    assert refused(xray.update_indexing_rule, Name="Default", Rule=wrong)[0] == "InvalidRequestException"
    assert refused(xray.update_indexing_rule, Name="x", Rule=wrong)[0] == "ResourceNotFoundException"
    assert xray.get_encryption_config()["EncryptionConfig"] == {"Type": "NONE", "Status": "ACTIVE"}
    assert refused(xray.put_encryption_config, Type="KMS")[0] == "InvalidRequestException"
    config = xray.put_encryption_config(Type="KMS", KeyId="k-1")["EncryptionConfig"]
    assert config["KeyId"] == f"arn:aws:kms:{stand_in.region}:123456789012:key/k-1"
    assert config["Status"] == "UPDATING"


def test_what_xray_lacks_here_says_so(stand_in: Aws) -> None:
    _code, said = refused(stand_in.client("xray").batch_get_traces, TraceIds=["1-5759e988-bd862e3fe1be46a994272793"])
    assert said == "The lab's stand-in for AWS does not have BatchGetTraces."


SLI: dict[str, Any] = {
    "KeyAttributes": {"Type": "Service", "Name": "api", "Environment": "production"},
    "MetricType": "AVAILABILITY",
}


def test_objectives_are_shown_with_the_defaults_of_aws(stand_in: Aws) -> None:
    signals = stand_in.client("application-signals")
    made = signals.create_service_level_objective(
        Name="api 1", RequestBasedSliConfig={"RequestBasedSliMetricConfig": SLI}, Tags=[{"Key": "a", "Value": "b"}]
    )["Slo"]
    assert made["Arn"] == f"arn:aws:application-signals:{stand_in.region}:123456789012:slo/api 1"
    assert made["EvaluationType"] == "RequestBased"
    assert made["Goal"] == {
        "Interval": {"RollingInterval": {"DurationUnit": "DAY", "Duration": 7}},
        "AttainmentGoal": 99.0,
        "WarningThreshold": 50.0,
    }
    metric = made["RequestBasedSli"]["RequestBasedSliMetric"]
    assert metric["TotalRequestCountMetric"][0]["MetricStat"]["Metric"]["Namespace"] == "ApplicationSignals"
    assert signals.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    signals.update_service_level_objective(Id=made["Arn"], Goal={"AttainmentGoal": 99.9})
    changed = signals.get_service_level_objective(Id="api 1")["Slo"]
    assert (changed["Goal"]["AttainmentGoal"], changed["Goal"]["WarningThreshold"]) == (99.9, 50.0)
    signals.delete_service_level_objective(Id="api 1")
    assert refused(signals.get_service_level_objective, Id="api 1")[0] == "ResourceNotFoundException"


def test_objectives_that_aws_refuses(stand_in: Aws) -> None:
    signals = stand_in.client("application-signals")
    make = signals.create_service_level_objective
    whole = {"RequestBasedSliMetricConfig": SLI}
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    total = [{"Id": "t", "MetricStat": stat}]
    make(Name="one", RequestBasedSliConfig=whole)
    assert refused(make, Name="one", RequestBasedSliConfig=whole)[0] == "ConflictException"
    for said, given in (
        ("Specify either", {}),
        ("Only one metric config", {"RequestBasedSliConfig": {"RequestBasedSliMetricConfig": {}}}),
        (
            "Only one metric config",
            {"RequestBasedSliConfig": {"RequestBasedSliMetricConfig": {**SLI, "TotalRequestCountMetric": total}}},
        ),
        (
            "either GoodCountMetric or BadCountMetric",
            {"RequestBasedSliConfig": {"RequestBasedSliMetricConfig": {"TotalRequestCountMetric": total}}},
        ),
        ("MetricThreshold and ComparisonOperator", {"SliConfig": {"SliMetricConfig": SLI}}),
        ("AttainmentGoal must be", {"RequestBasedSliConfig": whole, "Goal": {"AttainmentGoal": 100.0}}),
    ):
        code, message = refused(make, Name="two", **given)
        assert (code, said in message) == ("ValidationException", True), message
    sli = {"SliMetricConfig": SLI, "MetricThreshold": 1.0, "ComparisonOperator": "LessThan"}
    assert refused(signals.update_service_level_objective, Id="one", SliConfig=sli)[0] == "ValidationException"


def test_objectives_come_in_pages_and_are_in_the_index_of_tags(stand_in: Aws) -> None:
    signals = stand_in.client("application-signals")
    for number in range(23):
        signals.create_service_level_objective(
            Name=f"o-{number:02}",
            RequestBasedSliConfig={"RequestBasedSliMetricConfig": SLI},
            Tags=[{"Key": "managed-by", "Value": "m"}],
        )
    pages = list(signals.get_paginator("list_service_level_objectives").paginate())
    assert [len(page["SloSummaries"]) for page in pages] == [10, 10, 3]
    index = stand_in.client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["application-signals:slo"])
    assert len(index["ResourceTagMappingList"]) == 23


def test_discovery_makes_the_service_linked_role(stand_in: Aws) -> None:
    for _twice in range(2):
        stand_in.client("application-signals").start_discovery()
    role = stand_in.client("iam").get_role(RoleName="AWSServiceRoleForCloudWatchApplicationSignals")["Role"]
    assert role["Path"] == "/aws-service-role/application-signals.cloudwatch.amazonaws.com/"


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        if not first.stand_in:
            pytest.skip("only the lab's stand-in for AWS is restarted here")
        first.client("xray").create_sampling_rule(SamplingRule=RULE, Tags=[{"Key": "a", "Value": "b"}])
    with serve(tmp_path) as second:
        xray = second.client("xray")
        names = [record["SamplingRule"]["RuleName"] for record in xray.get_sampling_rules()["SamplingRuleRecords"]]
        assert names == ["Default", "api"]
        arn = f"arn:aws:xray:{second.region}:123456789012:sampling-rule/api"
        assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
