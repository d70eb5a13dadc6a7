# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the IAM policies that each phase needs, from the calls that the code makes, or check that they are up to date.

Which modules a phase uses is read from its roles and playbooks. The operations of our own modules are the literals in
their ``aws.call("service", "Operation", …)`` and ``aws.pages(…)``; those of other collections' modules, as these roles
use them, are in a table here. What each operation may touch is in a second table, so that a new operation that writes
is an error until somebody has said what it writes to.

``python -m tools.iam_policies`` writes ``docs/iam``; ``--check`` compares; ``--print phase2-metrics
--environment production --account 123456789012 --region eu-central-1`` prints one policy, narrowed to one environment.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools import common

COLLECTION = "kumawatch.monitoring"
UTILS = "ansible_collections.kumawatch.monitoring.plugins.module_utils"
DOCS = common.ROOT / "docs" / "iam"
LIMIT = 6144
"""Characters of a managed policy, white space left out."""

_CHANNEL = {"roles": ("alert_channel",), "playbooks": ("alert_channel", "drill", "redrive", "acknowledge")}

#: What is run with each policy. A phase has several where one would be longer than AWS takes; ``services`` then says
#: which part of it each has.
PHASES: dict[str, dict[str, tuple[str, ...]]] = {
    "phase2-channel": {
        **_CHANNEL,
        "services": (
            *("cloudwatch", "dynamodb", "kms", "resourcegroupstaggingapi", "secretsmanager"),
            *("sns", "sqs", "ssm", "sts"),
        ),
    },
    "phase2-functions": {**_CHANNEL, "services": ("iam", "lambda", "logs", "scheduler")},
    "phase2-metrics": {"roles": ("cloudwatch_metrics",), "playbooks": ("cloudwatch", "teardown")},
    "phase3-logs": {
        "roles": ("cloudwatch_logs",),
        "playbooks": ("cloudwatch_logs",),
        "services": ("cloudwatch", "ec2", "elbv2", "logs", "rds", "resourcegroupstaggingapi", "sts"),
    },
    "phase3-report": {
        "roles": ("cloudwatch_logs",),
        "playbooks": ("cloudwatch_logs", "error_report"),
        "services": ("iam", "lambda", "s3", "scheduler"),
    },
    "phase4-traces": {"roles": ("apm",), "playbooks": ("apm",)},
}

#: Prefixes of actions where they are not what botocore calls the service.
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}

#: Operations of other collections' modules and lookups, with the options that our roles give them.
OTHERS: dict[str, dict[str, tuple[str, ...]]] = {
    "amazon.aws.iam_policy": {
        "iam": ("DeleteRolePolicy", "GetRolePolicy", "ListRolePolicies", "PutRolePolicy"),
    },
    "amazon.aws.iam_role": {
        "iam": (
            "AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePolicy", "DetachRolePolicy", "GetRole",
            "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies",
            "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "TagRole", "UpdateAssumeRolePolicy",
            "UpdateRole",
        ),
    },
    "amazon.aws.iam_role_info": {
        "iam": ("GetRole", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies"),
    },
    "amazon.aws.kms_key": {
        "kms": (
            "CancelKeyDeletion", "CreateAlias", "CreateKey", "DescribeKey", "EnableKey", "EnableKeyRotation",
            "GetKeyPolicy", "GetKeyRotationStatus", "ListAliases", "ListGrants", "ListKeyPolicies", "ListKeys",
            "ListResourceTags", "PutKeyPolicy", "ScheduleKeyDeletion", "TagResource", "UpdateKeyDescription",
        ),
    },
    "amazon.aws.lambda_execute": {"lambda": ("Invoke",)},
    "amazon.aws.s3_bucket": {
        "s3": (
            "CreateBucket", "DeleteBucket", "DeleteObjects", "GetBucketAccelerateConfiguration", "GetBucketAcl",
            "GetBucketEncryption", "GetBucketLocation", "GetBucketLogging", "GetBucketOwnershipControls",
            "GetBucketPolicy", "GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning",
            "GetObjectLockConfiguration", "GetPublicAccessBlock", "HeadBucket", "ListBucketInventoryConfigurations",
            "ListObjectVersions", "PutBucketEncryption", "PutBucketOwnershipControls", "PutBucketPolicy",
            "PutBucketTagging", "PutPublicAccessBlock",
        ),
    },
    "amazon.aws.s3_bucket_info": {"s3": ("ListBuckets",)},
    "amazon.aws.secretsmanager_secret": {"secretsmanager": ("GetSecretValue",)},
    "amazon.aws.ssm_parameter": {"ssm": ("GetParameter",)},
    "community.aws.dynamodb_table": {
        "dynamodb": (
            "CreateTable", "DeleteTable", "DescribeTable", "ListTagsOfResource", "TagResource", "UpdateTable",
        ),
    },
    "community.aws.dynamodb_ttl": {"dynamodb": ("DescribeTimeToLive", "UpdateTimeToLive")},
    "community.aws.s3_lifecycle": {"s3": ("GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration")},
    "community.aws.secretsmanager_secret": {
        "secretsmanager": (
            "CreateSecret", "DeleteSecret", "DescribeSecret", "GetResourcePolicy", "GetSecretValue", "RestoreSecret",
            "TagResource", "UpdateSecret",
        ),
    },
    "community.aws.sqs_queue": {
        "sqs": (
            "CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "SetQueueAttributes",
            "TagQueue",
        ),
    },
    "community.aws.ssm_parameter": {
        "ssm": (
            "AddTagsToResource", "DeleteParameter", "DescribeParameters", "GetParameter", "ListTagsForResource",
            "PutParameter",
        ),
    },
}  # fmt: skip

#: Modules of our own of which a role uses a part: that part, by policy and module.
PARTS: dict[tuple[str, str], set[tuple[str, str]]] = {
    # Only to learn the account.
    ("phase2-channel", "aws_discovery"): {("sts", "GetCallerIdentity")},
    ("phase2-functions", "aws_discovery"): set(),
    # The report has no event source, and its roles no managed policies.
    ("phase3-report", "lambda_functions"): {
        *(
            ("lambda", operation)
            for operation in (
                *("CreateFunction", "DeleteFunction", "GetFunctionConcurrency", "GetFunctionConfiguration"),
                *("ListEventSourceMappings", "ListFunctions", "ListTags", "TagResource", "UntagResource"),
                *("UpdateFunctionCode", "UpdateFunctionConfiguration"),
            )
        ),
        ("resourcegroupstaggingapi", "GetResources"),
    },
    ("phase3-report", "iam_role"): {
        ("iam", operation) for operation in OTHERS["amazon.aws.iam_role"]["iam"] if operation != "AttachRolePolicy"
    },
    # How traces are encrypted is left to the account.
    ("phase4-traces", "xray_settings"): {
        *(("xray", operation) for operation in ("GetIndexingRules", "GetTraceSegmentDestination")),
        *(("xray", operation) for operation in ("UpdateIndexingRule", "UpdateTraceSegmentDestination")),
        ("application-signals", "StartDiscovery"),
        ("iam", "GetRole"),
    },
    # Only the exports of logs, which are of the database alone.
    ("phase3-logs", "rds_monitoring"): {
        ("rds", operation)
        for operation in ("DescribeDBClusters", "DescribeDBInstances", "ModifyDBCluster", "ModifyDBInstance")
    },
}

#: Actions that AWS asks for besides the one that is named like the operation.
IMPLIED: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("lambda", "CreateFunction"): (("iam", "PassRole"), ("lambda", "TagResource")),
    ("lambda", "UpdateFunctionConfiguration"): (("iam", "PassRole"),),
    ("scheduler", "CreateSchedule"): (("iam", "PassRole"),),
    ("scheduler", "UpdateSchedule"): (("iam", "PassRole"),),
    ("rds", "ModifyDBInstance"): (("iam", "PassRole"),),
    ("rds", "ModifyDBCluster"): (("iam", "PassRole"),),
    ("kms", "CreateKey"): (("kms", "TagResource"),),
    ("sns", "CreateTopic"): (("sns", "TagResource"),),
    # Topics and queues are encrypted with a key of ours.
    ("sns", "Publish"): (("kms", "Decrypt"), ("kms", "GenerateDataKey")),
    ("sqs", "ReceiveMessage"): (("kms", "Decrypt"),),
    ("iam", "CreateRole"): (("iam", "TagRole"),),
    ("sqs", "CreateQueue"): (("sqs", "TagQueue"),),
    ("dynamodb", "CreateTable"): (("dynamodb", "TagResource"),),
    ("secretsmanager", "CreateSecret"): (("secretsmanager", "TagResource"),),
    ("logs", "CreateLogGroup"): (("logs", "TagLogGroup"), ("logs", "TagResource")),
    # A resource must allow that its logs are delivered.
    ("logs", "PutDeliverySource"): (("elbv2", "AllowVendedLogDeliveryForResource"),),
    ("s3", "DeleteObjects"): (("s3", "DeleteObjectVersion"),),
    # X-Ray makes the log groups of spans in the caller's name.
    ("xray", "UpdateTraceSegmentDestination"): (
        ("logs", "CreateLogGroup"),
        ("logs", "CreateLogStream"),
        ("logs", "PutRetentionPolicy"),
    ),
    ("xray", "CreateSamplingRule"): (("xray", "TagResource"),),
    ("xray", "CreateGroup"): (("xray", "TagResource"),),
    ("application-signals", "CreateServiceLevelObjective"): (
        ("application-signals", "TagResource"),
        # Objectives on metrics of CloudWatch are only taken from those who may read these.
        ("cloudwatch", "GetMetricData"),
        ("iam", "CreateServiceLinkedRole"),
    ),
    ("application-signals", "StartDiscovery"): (("iam", "CreateServiceLinkedRole"),),
}

#: Operations that are called otherwise in policies.
RENAMED = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "GetBucketAccelerateConfiguration"): "GetAccelerateConfiguration",
    ("s3", "GetBucketEncryption"): "GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "GetLifecycleConfiguration",
    ("s3", "GetObjectLockConfiguration"): "GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "ListBucketInventoryConfigurations"): "GetInventoryConfiguration",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "PutBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "PutLifecycleConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
}

READING = ("Describe*", "Get*", "List*")


@dataclass(frozen=True)
class Scope:
    """What a policy is confined to; ``*`` for everything of its kind."""

    partition: str = "aws"
    region: str = "*"
    account: str = "*"
    environment: str = "*"

    def arn(self, service: str, resource: str) -> str:
        """An ARN; ``NAME`` in the resource is the prefix of our names."""
        named = resource.replace("NAME", self.name)
        if service == "s3":
            # Buckets are in lower case, and their ARNs say neither where nor whose they are.
            return f"arn:{self.partition}:s3:::{named.lower()}"
        region = "" if service == "iam" or resource.startswith("dashboard/") else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{named}"

    @property
    def name(self) -> str:
        """How names of ours begin."""
        return "kumawatch-" if self.environment == "*" else f"kumawatch-{self.environment}-"

    @property
    def mark(self) -> str:
        """The value of our mark."""
        return f"kumawatch-{self.environment}*" if self.environment != "*" else "kumawatch-*"


@dataclass(frozen=True)
class Reach:
    """What actions may touch: ARNs as ``service`` and ``resource``, and conditions."""

    resources: tuple[tuple[str, str], ...] = ()
    marked: bool = False
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def shown(self, scope: Scope) -> tuple[list[str], dict[str, Any]]:
        """The elements ``Resource`` and ``Condition``."""
        conditions: dict[str, Any] = {}
        if self.marked:
            conditions["StringLike"] = {"aws:ResourceTag/managed-by": scope.mark}
        for operator, key, values in self.conditions:
            texts = [value.replace("{partition}", scope.partition).replace("{mark}", scope.mark) for value in values]
            texts = [
                scope.arn(*text.removeprefix("arn|").split("|", 1)) if text.startswith("arn|") else text
                for text in texts
            ]
            conditions.setdefault(operator, {})[key] = texts[0] if len(texts) == 1 else texts
        return sorted(scope.arn(*resource) for resource in self.resources) or ["*"], conditions


ANYWHERE = Reach()
ALARMS = Reach((("cloudwatch", "alarm:*"),))
CLOUDWATCH = Reach((("cloudwatch", "alarm:*"), ("cloudwatch", "alarm-mute-rule:*"), ("cloudwatch", "dashboard/*")))
ROLES = Reach((("iam", "role/NAME*"),))
FUNCTIONS = Reach((("lambda", "function:NAME*"),))
DELIVERIES = Reach((("logs", "delivery:*"), ("logs", "delivery-source:NAME*"), ("logs", "delivery-destination:NAME*")))
KEYS = Reach((("kms", "key/*"),), marked=True)
_MAPPING = (("ArnLike", "lambda:FunctionArn", ("arn|lambda|function:NAME*",)),)
_PASSED = ("lambda.amazonaws.com", "monitoring.rds.amazonaws.com", "scheduler.amazonaws.com")
_ENHANCED = "arn:{partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"

_SIGNALS_ROLE = (
    "role/aws-service-role/application-signals.cloudwatch.amazonaws.com/AWSServiceRoleForCloudWatchApplicationSignals"
)
_SIGNALS = (("StringLike", "iam:AWSServiceName", ("application-signals.cloudwatch.amazonaws.com",)),)

#: What only a phase reaches that is about more than our own functions' logs: those of the services have their names.
PHASE_REACHES: dict[str, tuple[tuple[str, Reach], ...]] = {
    "phase3-logs": (
        ("logs:DescribeLogGroups", ANYWHERE),
        ("logs:DeleteDelivery*", Reach(DELIVERIES.resources, marked=True)),
        ("logs:*Delivery*", DELIVERIES),
        # They have no ARN; what is deleted is chosen by its folder or name.
        ("logs:*QueryDefinition*", ANYWHERE),
        ("logs:*ResourcePolic*", ANYWHERE),
        ("logs:*Deliveries", ANYWHERE),
        ("logs:TestMetricFilter", ANYWHERE),
        ("logs:Delete*", Reach((("logs", "anomaly-detector:*"), ("logs", "log-group:*")), marked=True)),
        ("logs:*Anomaly*", Reach((("logs", "anomaly-detector:*"), ("logs", "log-group:*")))),
        ("logs:*", Reach((*DELIVERIES.resources, ("logs", "log-group:*")))),
    ),
    "phase4-traces": (
        ("iam:CreateServiceLinkedRole", Reach((("iam", _SIGNALS_ROLE),), conditions=_SIGNALS)),
        ("iam:GetRole", Reach((("iam", _SIGNALS_ROLE),))),
        ("logs:*ResourcePolic*", ANYWHERE),
        (
            "logs:*",
            Reach((("logs", "log-group:aws/spans:*"), ("logs", "log-group:/aws/application-signals/data:*"))),
        ),
    ),
}

#: Where operations reach, the first pattern that fits; those that read and have none reach everywhere.
REACHES: tuple[tuple[str, Reach], ...] = (
    ("application-signals:DeleteServiceLevelObjective", Reach((("application-signals", "slo/*"),), marked=True)),
    ("application-signals:StartDiscovery", ANYWHERE),
    ("application-signals:ListServiceLevelObjectives", ANYWHERE),
    ("application-signals:*", Reach((("application-signals", "slo/*"),))),
    ("cloudwatch:DeleteAlarms", Reach((("cloudwatch", "alarm:*"),), marked=True)),
    ("cloudwatch:ListDashboards", ANYWHERE),
    ("cloudwatch:*Dashboard*", Reach((("cloudwatch", "dashboard/*"),))),
    ("cloudwatch:DeleteAlarmMuteRule", Reach((("cloudwatch", "alarm-mute-rule:*"),), marked=True)),
    # A mute rule is allowed to by the alarms as well as by itself.
    ("cloudwatch:PutAlarmMuteRule", Reach((("cloudwatch", "alarm-mute-rule:*"), ("cloudwatch", "alarm:*")))),
    ("cloudwatch:*MuteRule", Reach((("cloudwatch", "alarm-mute-rule:*"),))),
    ("cloudwatch:Put*Alarm", ALARMS),
    ("cloudwatch:*Tag*", CLOUDWATCH),
    ("cloudwatch:UntagResource", CLOUDWATCH),
    ("dynamodb:*", Reach((("dynamodb", "table/NAME*"),))),
    ("ec2:MonitorInstances", Reach((("ec2", "instance/*"),))),
    ("ec2:UnmonitorInstances", Reach((("ec2", "instance/*"),))),
    ("elasticloadbalancing:AllowVended*", Reach((("elasticloadbalancing", "loadbalancer/*"),))),
    ("elasticloadbalancing:ModifyLoadBalancerAttributes", Reach((("elasticloadbalancing", "loadbalancer/*"),))),
    ("iam:PassRole", Reach((("iam", "role/NAME*"),), conditions=(("StringEquals", "iam:PassedToService", _PASSED),))),
    (
        "iam:AttachRolePolicy",
        Reach((("iam", "role/NAME*"),), conditions=(("ArnEquals", "iam:PolicyARN", (_ENHANCED,)),)),
    ),
    ("iam:*", ROLES),
    # Which is the key of an alias is only known once it is made; what it is marked with is asked for instead.
    ("kms:CreateKey", Reach(conditions=(("StringLike", "aws:RequestTag/managed-by", ("{mark}",)),))),
    ("kms:*Alias", Reach((("kms", "alias/NAME*"), ("kms", "key/*")))),
    ("kms:ListAliases", ANYWHERE),
    ("kms:ListKeys", ANYWHERE),
    ("kms:TagResource", Reach((("kms", "key/*"),))),
    # To find the key of an alias, all that the account has are looked at.
    ("kms:DescribeKey", Reach((("kms", "key/*"),))),
    ("kms:GetKey*", Reach((("kms", "key/*"),))),
    ("kms:List*", Reach((("kms", "key/*"),))),
    ("kms:*", KEYS),
    ("lambda:ListFunctions", ANYWHERE),
    ("lambda:ListEventSourceMappings", ANYWHERE),
    ("lambda:CreateEventSourceMapping", Reach(conditions=_MAPPING)),
    ("lambda:*EventSourceMapping", Reach((("lambda", "event-source-mapping:*"),), conditions=_MAPPING)),
    ("lambda:*", FUNCTIONS),
    ("logs:DescribeLogGroups", ANYWHERE),
    ("logs:*", Reach((("logs", "log-group:/aws/lambda/NAME*"),))),
    ("rds:ModifyDB*", Reach((("rds", "db:*"), ("rds", "cluster:*")))),
    ("s3:ListAllMyBuckets", ANYWHERE),
    ("s3:*", Reach((("s3", "NAME*"), ("s3", "NAME*/*")))),
    ("scheduler:List*s", ANYWHERE),
    ("scheduler:*Tag*", Reach((("scheduler", "schedule-group/NAME*"),))),
    ("scheduler:*ScheduleGroup", Reach((("scheduler", "schedule-group/NAME*"),))),
    ("scheduler:*", Reach((("scheduler", "schedule/NAME*/*"), ("scheduler", "schedule/default/NAME*")))),
    ("secretsmanager:*", Reach((("secretsmanager", "secret:kumawatch/*"),))),
    ("sns:ListTopics", ANYWHERE),
    # A subscription cannot be named in a policy, nor its topic where it is only the subscription that is asked for.
    ("sns:*SubscriptionAttributes", ANYWHERE),
    ("sns:Unsubscribe", ANYWHERE),
    ("sns:*", Reach((("sns", "NAME*"),))),
    ("sqs:*", Reach((("sqs", "NAME*"),))),
    ("ssm:DescribeParameters", ANYWHERE),
    ("ssm:*", Reach((("ssm", "parameter/kumawatch/*"),))),
    ("sts:GetCallerIdentity", ANYWHERE),
    ("tag:GetResources", ANYWHERE),
    ("xray:DeleteGroup", Reach((("xray", "group/*"),), marked=True)),
    ("xray:DeleteSamplingRule", Reach((("xray", "sampling-rule/*"),), marked=True)),
    ("xray:*Tag*", Reach((("xray", "group/*"), ("xray", "sampling-rule/*")))),
    ("xray:UntagResource", Reach((("xray", "group/*"), ("xray", "sampling-rule/*")))),
    ("xray:*Group", Reach((("xray", "group/*"),))),
    ("xray:*SamplingRule", Reach((("xray", "sampling-rule/*"),))),
    # What an account has one of has no ARN.
    ("xray:Update*", ANYWHERE),
)

Operation = tuple[str, str]
"""A service, as botocore calls it, and an operation."""


# -- what the code calls -----------------------------------------------------------------------------------------------


@cache
def _nodes(text: str) -> tuple[tuple[ast.Call, ...], tuple[ast.ImportFrom, ...]]:
    """The calls and the imports in a Python text. Most modules import the same few files."""
    nodes = list(ast.walk(ast.parse(text)))
    return (
        tuple(node for node in nodes if isinstance(node, ast.Call)),
        tuple(node for node in nodes if isinstance(node, ast.ImportFrom)),
    )


def calls(path: Path) -> Iterator[Operation]:
    """The operations that a file calls.

    :raises Failure: a call whose service or operation is not a literal.
    """
    for node in _nodes(path.read_text(encoding="utf-8"))[0]:
        if not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in ("call", "pages") or not _is_aws(node.func.value):
            continue
        texts = [item.value for item in node.args[:2] if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        if len(texts) < 2:
            raise common.Failure(
                f"{path.name}:{node.lineno}: write service and operation as literals: the IAM policies are made of "
                f"them."
            )
        yield texts[0], texts[1]


def _is_aws(node: ast.expr) -> bool:
    """``aws`` or ``self._aws``, as the edge is called everywhere."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.strip("_") == "aws"


def imported(path: Path) -> Iterator[Path]:
    """The files of module_utils that a file imports."""
    root = common.ROOT / "plugins" / "module_utils"
    for node in _nodes(path.read_text(encoding="utf-8"))[1]:
        if node.level:
            base = path.parents[node.level - 1]
        elif node.module and node.module.startswith(UTILS):
            base = root
        else:
            continue
        inside = (node.module or "").removeprefix(UTILS).strip(".") if not node.level else node.module or ""
        target = base.joinpath(*inside.split(".")) if inside else base
        for found in (target.with_suffix(".py"), *(target / f"{alias.name}.py" for alias in node.names)):
            if found.is_file():
                yield found


def operations_of_module(name: str) -> set[Operation]:
    """What one of our modules calls, through everything that it imports."""
    todo = [common.ROOT / "plugins" / "modules" / f"{name}.py"]
    seen: set[Path] = set()
    found: set[Operation] = set()
    while todo:
        path = todo.pop()
        if not path.exists():
            raise common.Failure(f"There is no module {name} in plugins/modules, and a task uses it.")
        if path in seen:
            continue
        seen.add(path)
        found |= set(calls(path))
        todo += imported(path)
    return found


def used(phase: Mapping[str, Iterable[str]]) -> set[str]:
    """The full names of modules and lookups in the tasks of a phase."""
    files = [
        path
        for role in phase["roles"]
        for path in sorted((common.ROOT / "roles" / role).rglob("*.yml"))
        if path.parent.name in ("tasks", "handlers")
    ]
    for playbook in phase["playbooks"]:
        files += [path for path in [common.ROOT / "playbooks" / f"{playbook}.yml"] if path.exists()]
        files += sorted((common.ROOT / "playbooks" / "tasks").glob(f"{playbook}*.yml"))
    found: set[str] = set()
    for path in files:
        text = path.read_text(encoding="utf-8")
        found |= set(_modules(yaml.safe_load(text)))
        # Lookups stand in templates.
        found |= {name for name in OTHERS if f"'{name}'" in text}
    return found


def _modules(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _modules(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(key, str) and key.startswith(("amazon.aws.", "community.aws.", f"{COLLECTION}.")):
                yield key
            elif key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
                yield from _modules(value)


def operations(phase: str) -> set[Operation]:
    """Everything that a phase calls.

    :raises Failure: a module of another collection that the table does not know.
    """
    found: set[Operation] = set()
    for name in sorted(used(PHASES[phase])):
        short = name.rpartition(".")[2]
        if (phase, short) in PARTS:
            found |= PARTS[phase, short]
        elif name.startswith(f"{COLLECTION}.kuma_"):
            continue
        elif name.startswith(f"{COLLECTION}."):
            found |= operations_of_module(short)
        elif name in OTHERS:
            found |= {(service, operation) for service, listed in OTHERS[name].items() for operation in listed}
        else:
            raise common.Failure(f"{name}: say in tools/iam_policies.py (OTHERS) which operations it calls.")
    services = PHASES[phase].get("services")
    return {operation for operation in found if operation[0] in services} if services else found


# -- what they may touch -----------------------------------------------------------------------------------------------


def action(operation: Operation) -> str:
    """An operation as policies call it."""
    service, name = operation
    return f"{PREFIXES.get(service, service)}:{RENAMED.get(operation, name)}"


def actions(phase: str) -> set[str]:
    """The actions that a phase needs."""
    called = operations(phase)
    return {action(operation) for operation in called | {more for one in called for more in IMPLIED.get(one, ())}}


def reach(name: str, phase: str = "") -> Reach:
    """What an action may touch.

    :param phase: for whom, where that makes a difference.

    :raises Failure: it writes, and nobody has said to what.
    """
    for pattern, found in (*PHASE_REACHES.get(phase, ()), *REACHES):
        if fnmatchcase(name, pattern):
            return found
    if any(fnmatchcase(name.partition(":")[2], pattern) for pattern in READING):
        return ANYWHERE
    raise common.Failure(f"{name}: say in tools/iam_policies.py (REACHES) what it may touch.")


def policy(phase: str, scope: Scope = Scope()) -> dict[str, Any]:
    """The policy document of a phase: a statement for each reach, in a stable order."""
    grouped: dict[Reach, list[str]] = {}
    for name in sorted(actions(phase)):
        grouped.setdefault(reach(name, phase), []).append(name)
    statements = []
    for found, names in sorted(grouped.items(), key=lambda item: item[1]):
        resources, conditions = found.shown(scope)
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Action": names[0] if len(names) == 1 else names,
            "Resource": resources[0] if len(resources) == 1 else resources,
        }
        if conditions:
            statement["Condition"] = conditions
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def size(document: Mapping[str, Any]) -> int:
    """Its length as AWS counts it."""
    return len(json.dumps(document, separators=(",", ":")))


def render(phase: str, scope: Scope = Scope()) -> str:
    """The document as it is written."""
    document = policy(phase, scope)
    if size(document) > LIMIT:
        raise common.Failure(f"The policy of {phase} has {size(document)} characters, and AWS takes {LIMIT}: split it.")
    return json.dumps(document, indent=2) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write, check or print."""
    parser = argparse.ArgumentParser(prog="python -m tools.iam_policies", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    parser.add_argument("--print", dest="phase", choices=sorted(PHASES), help="print the policy of one phase")
    parser.add_argument("--environment", default="*", help="of --print: this environment alone")
    parser.add_argument("--account", default="*", help="of --print: this account alone")
    parser.add_argument("--region", default="*", help="of --print: this Region alone")
    parser.add_argument("--partition", default="aws", help="of --print: such as aws-cn")
    options = parser.parse_args(argv)
    try:
        if options.phase:
            scope = Scope(options.partition, options.region, options.account, options.environment)
            print(render(options.phase, scope), end="")
            return 0
        stale = []
        for phase in PHASES:
            path, text = DOCS / f"{phase}.json", render(phase)
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            if options.check:
                stale.append(str(path.relative_to(common.ROOT)))
            else:
                DOCS.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                print(f"wrote {path.relative_to(common.ROOT)}")
    except common.Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    if stale:
        print(f"{', '.join(stale)} is out of date: run make generate", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
