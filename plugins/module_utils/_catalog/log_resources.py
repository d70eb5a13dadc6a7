# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inputs of the role cloudwatch_logs to what it makes around the logs: who may write and read, the bucket, and
the daily error report. In the shape that the modules take. Pure.

Every ARN is made from names, so that what refers to what is known before anything exists: in check mode, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError
from .log_alarms import role_name
from .logs import log_group

Json = dict[str, Any]

DELIVERY = "delivery.logs.amazonaws.com"
BALANCERS = "logdelivery.elasticloadbalancing.amazonaws.com"

MODES = ("vended", "attributes", "none")
"""How the logs of load balancers come: delivered to log groups and the bucket, to the bucket alone, or not at all."""

_VERSION = "2012-10-17"
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TABLE_ACTIONS = ("BatchGetItem", "BatchWriteItem")


def log_resources(place: Mapping[str, str], inputs: Mapping[str, Any]) -> Json:
    """What the role makes.

    :param place: ``partition``, ``region`` and ``account``.
    :param inputs: the inputs of the role, by their names without ``cloudwatch_logs_``.
    :returns: ``names``, ``tags``, ``policies``, ``bucket`` (``None`` where there is none), ``roles``, ``functions``,
        ``log_groups``, ``schedules``, ``alarms`` and ``databases``.
    :raises InputError: an input cannot be right.
    """
    whole = _Whole(place, inputs)
    return {
        "names": whole.names,
        "tags": whole.tags,
        "policies": whole.policies(),
        "bucket": whole.bucket(),
        "roles": whole.roles(),
        "functions": whole.functions(),
        "log_groups": whole.log_groups(),
        "schedules": whole.schedules(),
        "alarms": whole.alarms(),
        "databases": [
            {"id": entry["id"], "kind": entry["kind"], "log_exports": entry["log_types"]} for entry in inputs["exports"]
        ],
    }


class _Whole:
    def __init__(self, place: Mapping[str, str], inputs: Mapping[str, Any]) -> None:
        self.place = place
        self.inputs = inputs
        self.environment = str(inputs.get("environment") or "")
        if not _ENVIRONMENT.fullmatch(self.environment):
            raise InputError(
                f"cloudwatch_logs_environment is '{self.environment}': it takes 1 to 31 letters, digits, hyphens and "
                f"underscores, since it becomes a part of the names of AWS resources; set monitoring_environment."
            )
        if inputs["delivery"] not in MODES:
            raise InputError(f"cloudwatch_logs_delivery is '{inputs['delivery']}'; it takes {', '.join(MODES)}.")
        prefix = f"kumawatch-{self.environment}"
        self.names: Json = {
            "report": f"{prefix}-error-report",
            "schedules": f"{prefix}-log-schedules",
            "log_alarms": role_name(self.environment),
            "policy": f"{prefix}-log-delivery",
            "bucket": self._bucket_name(),
            "table": inputs["table"] or f"{prefix}-incidents",
            "operations": inputs["operations_topic"] or self._arn("sns", f"{prefix}-operations"),
        }
        self.tags = {
            **{str(key): str(value) for key, value in inputs["tags"].items()},
            "managed-by": str(inputs["managed_by"]),
            "environment": self.environment,
        }
        self.present = inputs["state"] != "absent"
        self.report = bool(inputs["report"]) and self.present

    def _arn(self, service: str, resource: str) -> str:
        region = "" if service == "iam" else self.place["region"]
        return f"arn:{self.place['partition']}:{service}:{region}:{self.place['account']}:{resource}"

    def _groups(self, *parts: str) -> str:
        return self._arn("logs", f"log-group:{log_group(self.environment, *parts)}/*")

    # -- who may write to log groups and the bucket

    def policies(self) -> list[Json]:
        """The policy by which load balancers' logs come into their log groups."""
        if not self.present or self.inputs["delivery"] != "vended":
            return [{"name": self.names["policy"], "state": "absent"}]
        statement = _allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            self._groups("load-balancer"),
            Principal={"Service": DELIVERY},
            Condition={
                "StringEquals": {"aws:SourceAccount": self.place["account"]},
                "ArnLike": {"aws:SourceArn": self._arn("logs", "*")},
            },
        )
        return [{"name": self.names["policy"], "policy": _document([{"Sid": "Deliveries", **statement}])}]

    def _bucket_name(self) -> str:
        name = str(self.inputs["bucket"])
        if not name:
            environment = re.sub(r"[^a-z0-9-]+", "-", self.environment.lower()).strip("-")
            name = f"kumawatch-{environment}-logs-{self.place['account']}-{self.place['region']}"[:63].rstrip("-")
        if not _BUCKET.fullmatch(name) or ".." in name:
            raise InputError(
                f"cloudwatch_logs_bucket is '{name}': the name of a bucket has 3 to 63 lower-case letters, digits, "
                f"dots and hyphens."
            )
        return name

    def bucket(self) -> Json | None:
        """The bucket that keeps what load balancers log."""
        if not self.inputs["archive"] or self.inputs["delivery"] == "none":
            return None
        name, partition = self.names["bucket"], self.place["partition"]
        arn, account = f"arn:{partition}:s3:::{name}", self.place["account"]
        prefix = str(self.inputs["bucket_prefix"]).strip("/")
        below = f"{arn}/{prefix}/*" if prefix else f"{arn}/*"
        statements = [
            {
                "Sid": "Deliveries",
                **_allow(
                    ["s3:PutObject"],
                    below,
                    Principal={"Service": DELIVERY},
                    Condition={
                        "StringEquals": {"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"},
                        "ArnLike": {"aws:SourceArn": self._arn("logs", "*")},
                    },
                ),
            },
            {
                "Sid": "LoadBalancers",
                **_allow(
                    ["s3:PutObject"],
                    below,
                    Principal={"Service": BALANCERS},
                    Condition={"StringEquals": {"aws:SourceAccount": account}},
                ),
            },
            {
                "Sid": "Encrypted",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
        return {"name": name, "prefix": prefix, "policy": _document(statements)}

    # -- who may read

    def roles(self) -> list[Json]:
        """Roles: of alarms that query logs, of the report, and of its schedule."""
        wanted: dict[str, tuple[Json, list[Json]] | None] = {
            self.names["log_alarms"]: None,
            self.names["report"]: None,
            self.names["schedules"]: None,
        }
        account = {"StringEquals": {"aws:SourceAccount": self.place["account"]}}
        if self.present:
            # Alarms have a query run for them by CloudWatch Logs, and fetch its lines themselves.
            services = ["cloudwatch.amazonaws.com", "logs.amazonaws.com"]
            wanted[self.names["log_alarms"]] = (_trust(services, account), self._may_query())
        if self.report:
            wanted[self.names["report"]] = (_trust(["lambda.amazonaws.com"]), self._report_may())
            invoke = [_allow(["lambda:InvokeFunction"], self._function())]
            wanted[self.names["schedules"]] = (_trust(["scheduler.amazonaws.com"], account), invoke)
        return [
            {"name": name, "trust": made[0], "policy": _document(made[1])}
            if made
            else {"name": name, "state": "absent"}
            for name, made in wanted.items()
        ]

    def _may_query(self) -> list[Json]:
        groups = sorted({*self.inputs["groups"], f"{log_group(self.environment)}/*"})
        readable = _fewest([self._arn("logs", f"log-group:{name}:*") for name in groups])
        return [
            _allow(["logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"], readable),
            # A query has no ARN.
            _allow(["logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery"], "*"),
        ]

    def _report_may(self) -> list[Json]:
        own = self._arn("logs", f"log-group:/aws/lambda/{self.names['report']}:*")
        secret = self.inputs["secret"]
        return [
            _allow(["logs:CreateLogStream", "logs:PutLogEvents"], own),
            *self._may_query(),
            _allow(
                [f"dynamodb:{name}" for name in _TABLE_ACTIONS], self._arn("dynamodb", f"table/{self.names['table']}")
            ),
            # Secrets Manager appends a hyphen and six characters of its own.
            _allow(["secretsmanager:GetSecretValue"], self._arn("secretsmanager", f"secret:{secret}-??????"))
            if self.inputs["secret_store"] == "secretsmanager"
            else _allow(["ssm:GetParameter"], self._arn("ssm", f"parameter/{secret.strip('/')}")),
        ]

    # -- the report

    def _function(self) -> str:
        return self._arn("lambda", f"function:{self.names['report']}")

    def functions(self) -> list[Json]:
        """The report, without its package."""
        if not self.report:
            return [{"name": self.names["report"], "state": "absent"}]
        inputs = self.inputs
        channels = [
            {key: entry[key] for key in ("name", "default", "severities") if entry.get(key) is not None}
            for entry in inputs["channels"]
        ]
        secret = inputs["secret"]
        variables = {
            "KUMAWATCH_ENVIRONMENT": self.environment,
            "KUMAWATCH_TABLE": self.names["table"],
            "KUMAWATCH_CHANNELS": json.dumps(channels, sort_keys=True, ensure_ascii=False),
            "KUMAWATCH_TIMEZONE": inputs["timezone"],
            "KUMAWATCH_PACE": f"{float(inputs['pace']):g}",
            **(
                {"KUMAWATCH_SECRET_ID": secret}
                if inputs["secret_store"] == "secretsmanager"
                else {"KUMAWATCH_PARAMETER": f"/{secret.strip('/')}"}
            ),
        }
        return [
            {
                "name": self.names["report"],
                "description": "Tells once a day what errors the logs have",
                "handler": "kumawatch._error_report.handlers.report",
                "role": self._arn("iam", f"role/{self.names['report']}"),
                "runtime": inputs["runtime"],
                "architecture": inputs["architecture"],
                "memory_size": inputs["memory_size"],
                "timeout": inputs["timeout"],
                "environment": {name: str(value) for name, value in variables.items()},
                "tags": self._own_tags(),
            }
        ]

    def log_groups(self) -> list[Json]:
        """Where the function writes; Lambda itself would make it, and keep what is in it for ever."""
        name = f"/aws/lambda/{self.names['report']}"
        if not self.report:
            return [{"name": name, "state": "absent"}]
        return [{"name": name, "retention_days": self.inputs["log_retention_days"], "tags": self._own_tags()}]

    def schedules(self) -> list[Json]:
        """When it runs."""
        name = self.names["report"]
        if not self.report:
            return [{"name": name, "state": "absent"}]
        return [
            {
                "name": name,
                "description": "Tells what errors the logs of the day before have",
                "schedule": self.inputs["report_schedule"],
                "timezone": self.inputs["timezone"],
                "target": {
                    "arn": self._function(),
                    "role_arn": self._arn("iam", f"role/{self.names['schedules']}"),
                    "retry_attempts": 3,
                    "max_event_age": 3_600,
                },
            }
        ]

    def alarms(self) -> list[Json]:
        """What watches the report itself; it goes to whoever looks after the alert channel."""
        name = f"{self.environment}/error-report/failed/warning"
        if not self.report:
            return [{"name": name, "state": "absent"}]
        topics = [self.names["operations"]]
        function = self.names["report"]
        return [
            {
                "name": name,
                "kind": "metric",
                "description": f"{function} ended in an error: see its log group /aws/lambda/{function}.",
                "namespace": "AWS/Lambda",
                "metric": "Errors",
                "dimensions": {"FunctionName": function},
                "statistic": "Sum",
                "period": 60,
                "threshold": 0.0,
                "comparison": "GreaterThanThreshold",
                "datapoints_to_alarm": 1,
                "evaluation_periods": 1,
                "treat_missing_data": "notBreaching",
                "alarm_actions": topics,
                "ok_actions": topics,
                "tags": {**self._own_tags(), "service": "error-report", "kind": "failed", "severity": "warning"},
            }
        ]

    def _own_tags(self) -> Json:
        return {key: value for key, value in self.tags.items() if key != "managed-by"}


def _allow(actions: Sequence[str], resource: Any, **more: Any) -> Json:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resource, **more}


def _document(statements: Sequence[Json]) -> Json:
    return {"Version": _VERSION, "Statement": list(statements)}


def _trust(services: Sequence[str], condition: Json | None = None) -> Json:
    who: Json = {"Service": services[0] if len(services) == 1 else list(services)}
    statement: Json = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
    return _document([{**statement, **({"Condition": condition} if condition else {})}])


def _fewest(arns: Sequence[str]) -> list[str]:
    """``arns`` without those that another one with a star in it names as well."""
    stems = [arn.removesuffix("*:*") for arn in arns if arn.endswith("/*:*")]
    return [arn for arn in arns if arn.endswith("/*:*") or not any(arn.startswith(stem) for stem in stems)]
