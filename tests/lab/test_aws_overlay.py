# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the overlay changes in the rest of the stand-in, the faults in front of it, and what it must stand."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from lab.aws import install
from lab.aws.testing import Aws, serve
from lab.paths import CHECKOUT, Paths
from lab.process import free_port

ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})


def alarm(name: str) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": "n",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }


def code_of(act: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        act(**given)
    return str(caught.value.response["Error"]["Code"])


# -- EC2 and RDS


def test_detailed_monitoring_of_instances(stand_in: Aws) -> None:
    ec2 = stand_in.client("ec2")
    made = ec2.run_instances(
        ImageId="ami-1", InstanceType="m7g.large", MinCount=1, MaxCount=1, Monitoring={"Enabled": True}
    )["Instances"][0]
    plain = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    assert made["Monitoring"]["State"] == "pending"

    def states() -> dict[str, str]:
        found = ec2.describe_instances()["Reservations"]
        return {one["InstanceId"]: one["Monitoring"]["State"] for entry in found for one in entry["Instances"]}

    assert states() == {made["InstanceId"]: "enabled", plain: "disabled"}
    answer = ec2.monitor_instances(InstanceIds=[plain])["InstanceMonitorings"]
    assert answer == [{"InstanceId": plain, "Monitoring": {"State": "pending"}}]
    assert states()[plain] == "enabled"
    assert ec2.unmonitor_instances(InstanceIds=[plain])["InstanceMonitorings"][0]["Monitoring"]["State"] == "disabling"
    assert states()[plain] == "disabled"
    assert code_of(ec2.monitor_instances, InstanceIds=["i-00000000000000000"]) == "InvalidInstanceID.NotFound"


def test_what_discovery_looks_at_on_an_instance(stand_in: Aws) -> None:
    ec2 = stand_in.client("ec2")
    id = ec2.run_instances(
        ImageId="ami-1",
        InstanceType="m7g.large",
        MinCount=1,
        MaxCount=1,
        BlockDeviceMappings=[{"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 20, "VolumeType": "io2"}}],
    )["Instances"][0]["InstanceId"]
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=10, VolumeType="gp3")["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=id, Device="/dev/sdf")

    def devices() -> list[str]:
        found = ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]
        return [one["DeviceName"] for one in found]

    assert devices() == ["/dev/xvda", "/dev/sdb", "/dev/sdf"]
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [id]}])["Volumes"]
    assert sorted((one["Size"], one["VolumeType"]) for one in volumes) == [(8, "gp3"), (10, "gp3"), (20, "io2")]
    ec2.detach_volume(VolumeId=volume)
    assert devices() == ["/dev/xvda", "/dev/sdb"]
    wanted = ["m7g.large", "t2.micro", "t3.medium", "r6i.4xlarge", "c5.metal"]
    types = ec2.describe_instance_types(InstanceTypes=wanted)["InstanceTypes"]
    found = {
        one["InstanceType"]: (one["VCpuInfo"]["DefaultVCpus"], one["MemoryInfo"]["SizeInMiB"], one["Hypervisor"])
        for one in types
    }
    assert found["m7g.large"] == (2, 8192, "nitro")
    assert found["t2.micro"] == (1, 1024, "xen")
    assert found["t3.medium"] == (2, 4096, "nitro")
    assert found["r6i.4xlarge"] == (16, 131072, "nitro")


def test_enhanced_monitoring_and_insights_of_a_database(stand_in: Aws) -> None:
    rds = stand_in.client("rds")
    role = "arn:aws:iam::123456789012:role/rds-monitoring"
    made = rds.create_db_instance(
        DBInstanceIdentifier="prod-db",
        DBInstanceClass="db.m7g.large",
        Engine="postgres",
        AllocatedStorage=100,
        MasterUsername="someone",
        MasterUserPassword="not-a-real-one-1",
    )["DBInstance"]
    assert (made["MonitoringInterval"], made["PerformanceInsightsEnabled"]) == (0, False)
    modify = rds.modify_db_instance
    assert code_of(modify, DBInstanceIdentifier="prod-db", MonitoringInterval=60) == "InvalidParameterCombination"
    assert code_of(modify, DBInstanceIdentifier="prod-db", MonitoringInterval=7, MonitoringRoleArn=role) == (
        "InvalidParameterValue"
    )
    answer = modify(
        DBInstanceIdentifier="prod-db",
        MonitoringInterval=60,
        MonitoringRoleArn=role,
        EnablePerformanceInsights=True,
        PerformanceInsightsRetentionPeriod=7,
        ApplyImmediately=True,
    )["DBInstance"]
    (found,) = rds.describe_db_instances(DBInstanceIdentifier="prod-db")["DBInstances"]
    for shown in (answer, found):
        assert (shown["MonitoringInterval"], shown["MonitoringRoleArn"]) == (60, role)
        assert ":log-group:RDSOSMetrics:" in shown["EnhancedMonitoringResourceArn"]
        assert (shown["PerformanceInsightsEnabled"], shown["PerformanceInsightsRetentionPeriod"]) == (True, 7)
        assert shown["DatabaseInsightsMode"] == "standard"
    advanced = {"DBInstanceIdentifier": "prod-db", "DatabaseInsightsMode": "advanced"}
    assert code_of(modify, **advanced) == "InvalidParameterCombination"
    modify(**advanced, PerformanceInsightsRetentionPeriod=465)
    modify(DBInstanceIdentifier="prod-db", MonitoringInterval=0)
    (found,) = rds.describe_db_instances()["DBInstances"]
    assert (found["DatabaseInsightsMode"], found["MonitoringInterval"]) == ("advanced", 0)
    assert not found.get("MonitoringRoleArn")


# -- tags, topics


def test_tagged_resources_of_all_services_in_pages(stand_in: Aws) -> None:
    tags = [{"Key": "managed-by", "Value": "kumawatch-prod"}]
    plain = {"managed-by": "kumawatch-prod"}
    cloudwatch, tagging = stand_in.client("cloudwatch"), stand_in.client("resourcegroupstaggingapi")
    for number in range(205):
        cloudwatch.put_metric_alarm(**alarm(f"a{number:03d}"), Tags=tags)
    cloudwatch.put_metric_alarm(**alarm("untagged"))
    cloudwatch.put_alarm_mute_rule(
        Name="m", Rule={"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT1H"}}, Tags=tags
    )
    stand_in.client("sns").create_topic(Name="topic", Tags=tags)
    stand_in.client("sns").create_topic(Name="other")
    stand_in.client("sqs").create_queue(QueueName="queue", tags=plain)
    function(stand_in, "tagged", "def handler(event, context): pass", Tags=plain)
    stand_in.client("ec2").run_instances(
        ImageId="ami-1",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}, {"ResourceType": "volume", "Tags": tags}],
    )
    stand_in.client("rds").create_db_instance(
        DBInstanceIdentifier="db",
        DBInstanceClass="db.m7g.large",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="someone",
        MasterUserPassword="not-a-real-one-1",
        Tags=tags,
    )
    stand_in.client("secretsmanager").create_secret(Name="s", SecretString="x", Tags=tags)
    stand_in.client("dynamodb").create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=tags,
    )
    wanted = [{"Key": "managed-by", "Values": ["kumawatch-prod"]}]
    first = tagging.get_resources(TagFilters=wanted)
    assert len(first["ResourceTagMappingList"]) == 100
    pages = list(tagging.get_paginator("get_resources").paginate(TagFilters=wanted))
    found = [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]]
    assert len(pages) == 3
    assert len(found) == len(set(found))
    kinds = {arn.split(":")[2] for arn in found}
    assert kinds == {"cloudwatch", "sns", "sqs", "lambda", "ec2", "rds", "secretsmanager", "dynamodb"}
    assert sum(":alarm:" in arn for arn in found) == 205
    assert sum(":alarm-mute-rule:" in arn for arn in found) == 1
    assert not any("untagged" in arn or "other" in arn for arn in found)
    only = tagging.get_resources(TagFilters=wanted, ResourceTypeFilters=["cloudwatch:alarm-mute-rule"])
    assert len(only["ResourceTagMappingList"]) == 1
    assert tagging.get_resources(TagFilters=[{"Key": "managed-by", "Values": ["x"]}])["ResourceTagMappingList"] == []


def test_an_email_address_confirms_first(stand_in: Aws) -> None:
    sns = stand_in.client("sns")
    topic = sns.create_topic(Name="mail")["TopicArn"]
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    assert made["SubscriptionArn"] == "pending confirmation"
    (found,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert found["SubscriptionArn"] == "PendingConfirmation"
    assert sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    sns.publish(TopicArn=topic, Message="lost")
    (asked,) = stand_in.call("GET", "/_lab/mail")
    arn = sns.confirm_subscription(TopicArn=topic, Token=asked["token"])["SubscriptionArn"]
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Subject="hello", Message="kept")
    mail = stand_in.call("GET", "/_lab/mail")[1:]
    assert [(one["to"], one["subject"], one["message"]) for one in mail] == [("ops@example.com", "hello", "kept")]


def test_a_topic_is_not_made_again_with_other_tags(stand_in: Aws) -> None:
    sns = stand_in.client("sns")
    arn = sns.create_topic(Name="t", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    assert sns.create_topic(Name="t", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"] == arn
    assert sns.create_topic(Name="t")["TopicArn"] == arn
    assert code_of(sns.create_topic, Name="t", Tags=[{"Key": "a", "Value": "c"}]) == "InvalidParameter"


# -- Lambdas


def function(aws: Aws, name: str, code: str, **more: Any) -> str:
    """Make a function of a handler's code; returns its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    made = aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Architectures=["arm64"],
        Role="arn:aws:iam::123456789012:role/lambda",
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=20,
        **more,
    )
    return str(made["FunctionArn"])


RELAY = """
import json, boto3, urllib.request

def handler(event, context):
    sqs = boto3.client("sqs")
    out = sqs.get_queue_url(QueueName="out")["QueueUrl"]
    failed = []
    for record in event["Records"]:
        if "poison" in record["body"]:
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            sqs.send_message(QueueUrl=out, MessageBody=record["body"])
    return {"batchItemFailures": failed}
"""


def test_from_a_metric_to_a_function_and_the_failures_to_the_dead_letters(
    stand_in: Aws, until: Callable[..., Any]
) -> None:
    sqs, sns, cloudwatch = (stand_in.client(name) for name in ("sqs", "sns", "cloudwatch"))

    def queue(name: str, **attributes: str) -> tuple[str, str]:
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    out, _arn = queue("out")
    dead, dead_arn = queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    work, work_arn = queue("work", RedrivePolicy=redrive, VisibilityTimeout="1")
    topic = sns.create_topic(Name="critical")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=work_arn, Attributes={"RawMessageDelivery": "true"})
    function(stand_in, "relay", RELAY)
    stand_in.client("lambda").put_function_concurrency(FunctionName="relay", ReservedConcurrentExecutions=1)
    stand_in.client("lambda").create_event_source_mapping(
        FunctionName="relay",
        EventSourceArn=work_arn,
        BatchSize=10,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    cloudwatch.put_metric_alarm(**alarm("cpu"), AlarmActions=[topic])
    depth = {**alarm("depth"), "Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible"}
    depth |= {"Dimensions": [{"Name": "QueueName", "Value": "dead"}], "Statistic": "Maximum", "Threshold": 0.0}
    cloudwatch.put_metric_alarm(**depth)
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 5.0}])
    (got,) = until(lambda: sqs.receive_message(QueueUrl=out, WaitTimeSeconds=1).get("Messages"), 20, "the message")
    assert json.loads(got["Body"])["AlarmName"] == "cpu"
    sqs.send_message(QueueUrl=work, MessageBody="poison")
    until(
        lambda: cloudwatch.describe_alarms(AlarmNames=["depth"])["MetricAlarms"][0]["StateValue"] == "ALARM",
        20,
        "the alarm about the dead letters",
    )
    (left,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert left["Body"] == "poison"


def test_the_url_of_a_function_answers_as_it_stands(stand_in: Aws) -> None:
    shown = "event['rawPath'] + '?' + event['rawQueryString']"
    code = f"def handler(event, context): return {{'statusCode': 201, 'body': {shown}}}"
    function(stand_in, "door", code)
    client = stand_in.client("lambda")
    made = client.create_function_url_config(FunctionName="door", AuthType="NONE")["FunctionUrl"]
    assert client.get_function_url_config(FunctionName="door")["FunctionUrl"] == made
    with urllib.request.urlopen(f"{made}ack?token=a.b", timeout=20) as response:
        assert (response.status, response.read()) == (201, b"/ack?token=a.b")


def test_a_function_knows_where_it_is(stand_in: Aws) -> None:
    code = "import os\ndef handler(event, context): return {name: os.environ.get(name) for name in event}"
    function(stand_in, "env", code, Environment={"Variables": {"MINE": "x"}})
    names = ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_PROFILE", "MINE", "TMPDIR"]
    answer = stand_in.client("lambda").invoke(FunctionName="env", Payload=json.dumps(names))
    found = json.loads(answer["Payload"].read())
    assert found["AWS_ENDPOINT_URL"] == stand_in.url
    assert (found["AWS_REGION"], found["AWS_LAMBDA_FUNCTION_NAME"], found["MINE"]) == ("us-east-1", "env", "x")
    assert found["AWS_PROFILE"] is None
    assert stand_in.log is not None
    assert found["TMPDIR"].startswith(str(stand_in.log.parent))


def test_an_alarm_calls_a_function_and_the_bus(stand_in: Aws, until: Callable[..., Any]) -> None:
    sqs, cloudwatch, events = (stand_in.client(name) for name in ("sqs", "cloudwatch", "events"))
    out = sqs.create_queue(QueueName="out")["QueueUrl"]
    code = """
import json, boto3
def handler(event, context):
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="out")["QueueUrl"], MessageBody=json.dumps(event))
"""
    arn = function(stand_in, "direct", code)
    events.put_rule(Name="changes", EventPattern=json.dumps({"source": ["aws.cloudwatch"]}))
    queue_arn = sqs.get_queue_attributes(QueueUrl=out, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_targets(Rule="changes", Targets=[{"Id": "1", "Arn": queue_arn}])
    cloudwatch.put_metric_alarm(**alarm("x"), AlarmActions=[arn], AlarmDescription="testing lambda alarm action")
    cloudwatch.set_alarm_state(AlarmName="x", StateValue="ALARM", StateReason="testing alarm")
    got: list[dict[str, Any]] = []

    def both() -> bool:
        for message in sqs.receive_message(QueueUrl=out, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            got.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=out, ReceiptHandle=message["ReceiptHandle"])
        return len(got) >= 2

    until(both, 20, "two messages")
    direct = next(one for one in got if "alarmData" in one)
    event = next(one for one in got if "detail" in one)
    assert (direct["source"], direct["accountId"], direct["region"]) == ("aws.cloudwatch", "123456789012", "us-east-1")
    data = direct["alarmData"]
    assert (data["state"]["value"], data["state"]["reason"]) == ("ALARM", "testing alarm")
    assert data["previousState"]["reason"] == "Unchecked: Initial alarm creation"
    assert data["configuration"]["description"] == "testing lambda alarm action"
    assert data["configuration"]["metrics"][0]["metricStat"] == {
        "metric": {"namespace": "n", "name": "m", "dimensions": {}},
        "period": 60,
        "stat": "Sum",
    }
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["alarmName"] == "x"


def test_a_schedule_comes_due(stand_in: Aws, until: Callable[..., Any]) -> None:
    sqs = stand_in.client("sqs")
    out = sqs.create_queue(QueueName="out")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=out, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 1))
    stand_in.client("scheduler").create_schedule(
        Name="drill",
        ScheduleExpression=f"at({moment})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/drill", "Input": '{"drill": true}'},
    )
    (got,) = until(lambda: sqs.receive_message(QueueUrl=out, WaitTimeSeconds=1).get("Messages"), 30, "the schedule")
    assert json.loads(got["Body"]) == {"drill": True}


# -- faults


CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "monitoring": ("cloudwatch", "describe_alarms", {}),
    "sns": ("sns", "list_topics", {}),
    "sqs": ("sqs", "list_queues", {}),
    "lambda": ("lambda", "list_functions", {}),
    "dynamodb": ("dynamodb", "list_tables", {}),
    "ec2": ("ec2", "describe_instances", {}),
    "rds": ("rds", "describe_db_instances", {}),
    "elasticloadbalancing": ("elbv2", "describe_load_balancers", {}),
    "iam": ("iam", "list_roles", {}),
    "secretsmanager": ("secretsmanager", "list_secrets", {}),
    "scheduler": ("scheduler", "list_schedules", {}),
    "tagging": ("resourcegroupstaggingapi", "get_resources", {}),
}


@pytest.mark.parametrize("service", list(CALLS))
def test_throttling_is_understood_as_such(stand_in: Aws, service: str) -> None:
    client, operation, given = CALLS[service]
    patient = Config(retries={"total_max_attempts": 4, "mode": "standard"})
    act = getattr(stand_in.client(client, config=patient), operation)
    act(**given)
    stand_in.forget_requests()
    stand_in.faults({"service": service, "kind": "throttle", "count": 1})
    act(**given)
    assert len(stand_in.requests(service)) == 2, "one throttled, one answered: the client took it for throttling"
    stand_in.faults({"service": service, "kind": "error", "count": 1})
    act(**given)
    assert len(stand_in.requests(service)) == 4
    assert all(
        entry["operation"] == operation.title().replace("_", "").replace("Db", "DB")
        for entry in stand_in.requests(service)
    )


def test_a_lost_response_is_a_call_that_was_done(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch", config=ONCE)
    stand_in.faults({"service": "cloudwatch", "operation": "PutMetricAlarm", "kind": "lost_response", "count": 1})
    with pytest.raises(ConnectionClosedError):
        cloudwatch.put_metric_alarm(**alarm("lost"))
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == 1
    assert [entry["status"] for entry in stand_in.requests("monitoring", "PutMetricAlarm")] == ["lost"]


def test_a_reset_is_a_call_that_was_not(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch", config=ONCE)
    stand_in.faults({"service": "*", "operation": "PutMetricAlarm", "kind": "reset", "count": 1})
    with pytest.raises(ConnectionClosedError):
        cloudwatch.put_metric_alarm(**alarm("reset"))
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    cloudwatch.put_metric_alarm(**alarm("reset"))
    assert [entry["status"] for entry in stand_in.requests("monitoring", "PutMetricAlarm")] == ["reset", 200]


def test_latency_and_rates(stand_in: Aws) -> None:
    cloudwatch = stand_in.client("cloudwatch", config=ONCE)
    stand_in.faults({"kind": "latency", "seconds": 0.5, "count": 1})
    begin = time.monotonic()
    cloudwatch.describe_alarms()
    assert 0.5 <= time.monotonic() - begin < 5
    stand_in.no_faults()
    stand_in.faults({"service": "monitoring", "kind": "throttle", "rate": 0.5})
    failed = 0
    for _number in range(100):
        try:
            cloudwatch.describe_alarms()
        except ClientError:
            failed += 1
    assert 20 < failed < 80
    (rule,) = stand_in.call("GET", "/_lab/faults")
    assert rule["hit"] == failed
    stand_in.no_faults()
    cloudwatch.describe_alarms()


@pytest.mark.parametrize(
    "rules",
    [[{"kind": "explode"}], [{"kind": "throttle", "rate": 2}], [{"kind": "throttle", "srevice": "x"}], [7], "x"],
)
def test_a_fault_that_cannot_be_read_is_refused(stand_in: Aws, rules: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        stand_in.call("POST", "/_lab/faults", rules)
    with caught.value as answer:
        assert answer.code == 400
        assert json.load(answer)["error"].startswith("Rule 1 ")
    assert stand_in.call("GET", "/_lab/faults") == []


def test_what_the_lab_does_not_have_is_not_found(stand_in: Aws) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        stand_in.call("GET", "/_lab/nothing")
    with caught.value as answer:
        assert answer.code == 404


def test_what_the_stand_in_lacks_says_so(stand_in: Aws) -> None:
    with pytest.raises(ClientError, match="stand-in for AWS does not have DescribeInsightRules"):
        stand_in.client("cloudwatch").describe_insight_rules()


# -- what it must stand


def test_sixteen_clients_at_once(stand_in: Aws) -> None:
    errors: list[str] = []
    made = [stand_in.client("cloudwatch", config=ONCE) for _number in range(16)]
    topics = [stand_in.client("sns", config=ONCE) for _number in range(16)]

    def work(number: int) -> None:
        cloudwatch, sns = made[number], topics[number]
        for turn in range(25):
            try:
                cloudwatch.put_metric_alarm(**alarm(f"a-{number}-{turn}"))
                cloudwatch.put_metric_data(
                    Namespace="n", MetricData=[{"MetricName": f"m{number}-{turn}", "Value": float(turn)}]
                )
                cloudwatch.describe_alarms(AlarmNamePrefix=f"a-{number}-")
                sns.create_topic(Name=f"t-{number}-{turn}")
                cloudwatch.list_metrics()
                if turn % 2:
                    cloudwatch.delete_alarms(AlarmNames=[f"a-{number}-{turn}"])
            except Exception as exc:
                errors.append(repr(exc))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    pages = made[0].get_paginator("describe_alarms").paginate()
    assert sum(len(page["MetricAlarms"]) for page in pages) == 16 * 13
    assert {entry["status"] for entry in stand_in.requests()} == {200}


def test_alarms_are_there_after_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with serve(tmp_path, port) as first:
        if not first.stand_in:
            pytest.skip("only the lab's stand-in for AWS is restarted here")
        cloudwatch = first.client("cloudwatch")
        cloudwatch.put_metric_alarm(**alarm("child"), Tags=[{"Key": "a", "Value": "ü"}])
        cloudwatch.put_composite_alarm(AlarmName="parent", AlarmRule="ALARM(child)")
        cloudwatch.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
        cloudwatch.put_metric_data(
            Namespace="n", MetricData=[{"MetricName": "m", "Values": [1.0, 2.0], "Counts": [1, 2]}]
        )
        first.client("sns").create_topic(Name="t")
        first.evaluate()
        before = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    with serve(tmp_path, port) as second:
        cloudwatch = second.client("cloudwatch")
        after = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        assert before["MetricAlarms"][0]["StateValue"] == "ALARM"
        assert (after["MetricAlarms"], after["CompositeAlarms"]) == (before["MetricAlarms"], before["CompositeAlarms"])
        arn = after["MetricAlarms"][0]["AlarmArn"]
        assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "ü"}]
        assert cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"] == '{"widgets": []}'
        assert len(second.client("sns").list_topics()["Topics"]) == 1
        # The rules that hold alarms together are there too.
        assert code_of(cloudwatch.delete_alarms, AlarmNames=["child"]) == "ValidationError"
        second.reset()
        assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_a_damaged_state_is_put_aside(tmp_path: Path) -> None:
    state = tmp_path / "state"
    install.prepare(state)
    (state / "cloudwatch.json").write_text('[{"account": ')
    with serve(tmp_path) as server:
        if not server.stand_in:
            pytest.skip("only the lab's stand-in for AWS keeps a state here")
        assert server.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
        assert (state / "cloudwatch.bad").exists()
        assert server.log is not None
        assert "could not be read" in server.log.read_text()


def test_it_listens_on_loopback_and_on_one_port_only(stand_in: Aws) -> None:
    port = int(stand_in.url.rpartition(":")[2])
    answer = subprocess.run(
        ["bash", "-c", f"exec 3<>/dev/tcp/$(hostname -I | cut -d' ' -f1)/{port}"], capture_output=True, check=False
    )
    assert answer.returncode != 0
    assert stand_in.call("GET", "/_lab/health")["what"].startswith("A stand-in for AWS")


def test_the_private_names_are_there() -> None:
    """A MiniStack without one of the names that the overlay uses does not start, and says which it misses."""
    paths = Paths.from_environment()
    install.install(paths, lambda text: None)
    code = """
from lab.aws import overlay
from ministack.services import ec2
assert overlay.missing() == [], overlay.missing()
del ec2._volumes
assert overlay.missing() == ["ministack.services.ec2._volumes"]
try:
    overlay.install(None, 1)
except SystemExit as exc:
    assert "lacks ministack.services.ec2._volumes" in str(exc), exc
else:
    raise AssertionError("it was installed")
"""
    done = subprocess.run(
        [str(install.python(paths)), "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_interrupt_ends_it(tmp_path: Path) -> None:
    paths = Paths.from_environment()
    install.install(paths, lambda text: None)
    state, port = tmp_path / "state", free_port()
    install.prepare(state)
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(
            install.command(paths, port, state),
            cwd=CHECKOUT,
            env=install.variables(port, state),
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + 20
    while install.probe(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 0
    assert (state / "cloudwatch.json").exists()
