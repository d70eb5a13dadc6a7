# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inputs of the role alert_channel to the resources that it makes, in the shape that the modules take. Pure.

Every ARN is made from names, so that what refers to what is known before anything exists: in check mode, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError

Json = dict[str, Any]

SEVERITIES = ("critical", "warning", "info")
EVENTBRIDGE = "events.amazonaws.com"

_VERSION = "2012-10-17"
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,30}")
"""What is valid in the names of all kinds of resources, and short enough for the longest (a role: 64 characters)."""

_TABLE_ACTIONS = {
    "relay": ("BatchGetItem", "BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem"),
    "front_door": ("BatchGetItem", "PutItem", "UpdateItem"),
    "escalation": ("BatchGetItem", "PutItem", "Query"),
}
_TIMEOUTS = {"front_door": 15, "escalation": 60}
_QUEUE_ACTIONS = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")


def channel(place: Mapping[str, str], inputs: Mapping[str, Any], key_arn: str = "", front_door_url: str = "") -> Json:
    """Everything that the role makes.

    :param place: ``partition``, ``region`` and ``account``.
    :param inputs: the inputs of the role, by their names without ``alert_channel_``.
    :param key_arn: ARN of the key that encrypts topics and queues, once it exists.
    :param front_door_url: address of the front door, once it exists.
    :returns: ``names`` and ``arns`` by what they are of; ``topics`` (ARNs by severity); and what the tasks are given:
        ``key`` with ``key_policy``, ``queues``, ``topic_entries``, ``roles``, ``functions``, ``log_groups``,
        ``schedules``, ``alarms``.
    :raises InputError: an input cannot be right.
    """
    _check(inputs)
    names = _names(inputs["environment"])
    arns = _arns(place, names)
    topics = {severity: _arn(place, "sns", f"{names['prefix']}-{severity}") for severity in SEVERITIES}
    whole = _Whole(place, inputs, names, arns, topics, key_arn, front_door_url)
    return {
        "names": names,
        "arns": arns,
        "topics": topics,
        "key": whole.key,
        "key_policy": whole.key_policy(),
        "queues": whole.queues(),
        "topic_entries": whole.topic_entries(),
        "roles": whole.roles(),
        "functions": whole.functions(),
        "log_groups": whole.log_groups(),
        "schedules": whole.schedules(),
        "alarms": whole.alarms(),
        "tags": whole.tags,
    }


def _check(inputs: Mapping[str, Any]) -> None:
    environment = str(inputs.get("environment") or "")
    if not _ENVIRONMENT.fullmatch(environment):
        raise InputError(
            f"alert_channel_environment is '{environment}': it takes 1 to 31 letters, digits, hyphens and underscores, "
            f"since it becomes a part of the names of AWS resources; set monitoring_environment."
        )
    if inputs["visibility_timeout"] < inputs["timeout"]:
        raise InputError(
            f"alert_channel_visibility_timeout is {inputs['visibility_timeout']} and must be at least "
            f"alert_channel_timeout, which is {inputs['timeout']}: otherwise messages come again while they are worked "
            f"on."
        )
    stray = [name for name in inputs["subscriptions"] if name not in SEVERITIES]
    if stray:
        raise InputError(
            f"alert_channel_subscriptions names the severity '{stray[0]}'; there are {', '.join(SEVERITIES)}."
        )
    for severity, entries in inputs["subscriptions"].items():
        for number, entry in enumerate(entries, 1):
            if not isinstance(entry, Mapping) or not entry.get("protocol") or not entry.get("endpoint"):
                raise InputError(
                    f"alert_channel_subscriptions.{severity}: entry {number} needs a protocol and an endpoint."
                )
    for address in inputs["operations_emails"]:
        if not _MAIL.fullmatch(str(address)):
            raise InputError(f"alert_channel_operations_emails: '{address}' is no e-mail address.")


def _names(environment: str) -> Json:
    prefix = f"kumawatch-{environment}"
    return {
        "prefix": prefix,
        "queue": f"{prefix}-alerts",
        "dead": f"{prefix}-alerts-dead",
        "table": f"{prefix}-incidents",
        "relay": f"{prefix}-relay",
        "front_door": f"{prefix}-front-door",
        "escalation": f"{prefix}-escalation",
        "scheduler": f"{prefix}-schedules",
        "operations": f"{prefix}-operations",
        "secret": f"kumawatch/{environment}/alert-channel",
        "parameter": f"/kumawatch/{environment}/alert-channel",
        "key": f"alias/{prefix}-alerts",
    }


def _arn(place: Mapping[str, str], service: str, resource: str) -> str:
    region = "" if service == "iam" else place["region"]
    return f"arn:{place['partition']}:{service}:{region}:{place['account']}:{resource}"


def _arns(place: Mapping[str, str], names: Mapping[str, str]) -> Json:
    return {
        "root": _arn(place, "iam", "root"),
        "queue": _arn(place, "sqs", names["queue"]),
        "dead": _arn(place, "sqs", names["dead"]),
        "operations": _arn(place, "sns", names["operations"]),
        "table": _arn(place, "dynamodb", f"table/{names['table']}"),
        # Secrets Manager appends a hyphen and six characters of its own.
        "secret": _arn(place, "secretsmanager", f"secret:{names['secret']}-??????"),
        "parameter": _arn(place, "ssm", f"parameter{names['parameter']}"),
        "alarms": _arn(place, "cloudwatch", "alarm:*"),
        **{
            function: _arn(place, "lambda", f"function:{names[function]}")
            for function in ("relay", "front_door", "escalation")
        },
    }


def _allow(actions: Sequence[str], resource: str | list[str], **more: Any) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def _policy(statements: Sequence[Json]) -> Json:
    return {"Version": _VERSION, "Statement": list(statements)}


class _Whole:
    """The channel of one environment: each method gives one kind of resource."""

    def __init__(
        self,
        place: Mapping[str, str],
        inputs: Mapping[str, Any],
        names: Mapping[str, str],
        arns: Mapping[str, str],
        topics: Mapping[str, str],
        key_arn: str,
        front_door_url: str,
    ) -> None:
        self.place, self.inputs, self.names, self.arns, self.topics = place, inputs, names, arns, topics
        given = str(inputs["kms_key"] or "")
        self.key = (given or names["key"]) if inputs["encrypted"] else ""
        # Until the key exists, which is so in check mode only, any key of the account stands for it.
        self.key_arn = given if given.startswith("arn:") else key_arn or _arn(place, "kms", "key/*")
        self.front_door_url = front_door_url
        # Our modules set the mark themselves.
        self.tags_beside_mark = {
            **{str(key): str(value) for key, value in inputs["tags"].items() if key != "managed-by"},
            "environment": inputs["environment"],
        }
        self.tags = {**self.tags_beside_mark, "managed-by": inputs["managed_by"]}
        self.present = inputs["state"] == "present"
        # Escalation also puts away what was forgotten, and so runs where nothing escalates by time as well.
        wanted = {"relay": True, "front_door": bool(inputs["front_door"]), "escalation": True}
        self.parts = {names[part]: part for part in wanted}
        self.running = {names[part]: part for part, running in wanted.items() if running and self.present}

    def _with_absent(self, entries: list[Json], names: Sequence[str]) -> list[Json]:
        """The entries, and as absent those of ``names`` that an input has switched off."""
        there = {entry["name"]: entry for entry in entries}
        if not self.present:
            there = {}
        return [there.get(name, {"name": name, "state": "absent"}) for name in names]

    # -- encryption, queues, topics

    def key_policy(self) -> Json | None:
        """Who may use our key. ``None`` where it is somebody else's, or there is none."""
        if not self.key or self.inputs["kms_key"]:
            return None
        use = ("kms:Decrypt", "kms:GenerateDataKey*")
        confined = sorted(set(self.inputs["services"]) - {EVENTBRIDGE})
        # EventBridge does not say for whom it encrypts: with a condition nothing that it publishes would arrive. SNS is
        # what puts messages into the encrypted queue.
        free = ["sns.amazonaws.com", *([EVENTBRIDGE] if EVENTBRIDGE in self.inputs["services"] else [])]
        statements = [
            {"Sid": "Account", **_allow(["kms:*"], "*", Principal={"AWS": self.arns["root"]})},
            {"Sid": "Delivery", **_allow(use, "*", Principal={"Service": sorted(free)})},
        ]
        if confined:
            condition = {"StringEquals": {"aws:SourceAccount": self.place["account"]}}
            statements.append(
                {"Sid": "Services", **_allow(use, "*", Principal={"Service": confined}, Condition=condition)}
            )
        if self.inputs["accounts"]:
            principals = [
                f"arn:{self.place['partition']}:iam::{account}:root" for account in sorted(self.inputs["accounts"])
            ]
            statements.append({"Sid": "Accounts", **_allow(use, "*", Principal={"AWS": principals})})
        return _policy(statements)

    def queues(self) -> list[Json]:
        """The queue and, before it, its dead letters."""
        days = 86_400
        sources = sorted(self.topics.values())
        send = _allow(
            ["sqs:SendMessage"],
            self.arns["queue"],
            Principal={"Service": "sns.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": sources}},
        )
        entries: list[Json] = [
            {"name": self.names["dead"], "message_retention_period": 14 * days, "visibility_timeout": 30},
            {
                "name": self.names["queue"],
                "message_retention_period": 14 * days,
                "visibility_timeout": self.inputs["visibility_timeout"],
                "policy": _policy([{"Sid": "Topics", **send}]),
                "redrive_policy": {
                    "deadLetterTargetArn": self.arns["dead"],
                    "maxReceiveCount": self.inputs["max_receives"],
                },
            },
        ]
        return self._with_absent(entries, [entry["name"] for entry in entries])

    def topic_entries(self) -> list[Json]:
        """The topics of the severities, and the one for whoever looks after the channel itself."""
        common: Json = {
            "kms_key": self.key,
            "tags": self.tags_beside_mark,
        }
        relay: Json = {"protocol": "sqs", "endpoint": self.arns["queue"], "raw": False}
        mails = [{"protocol": "email", "endpoint": address} for address in self.inputs["operations_emails"]]
        entries: list[Json] = [
            *(
                {
                    "name": f"{self.names['prefix']}-{severity}",
                    "display_name": f"Kumawatch {self.inputs['environment']} {severity}",
                    "publishers": {"services": self.inputs["services"], "accounts": self.inputs["accounts"]},
                    "subscriptions": [relay, *(self.inputs["subscriptions"].get(severity) or [])],
                    **common,
                }
                for severity in SEVERITIES
            ),
            {
                "name": self.names["operations"],
                "display_name": f"Kumawatch {self.inputs['environment']} operations",
                "publishers": {"services": ["cloudwatch.amazonaws.com"], "accounts": []},
                "subscriptions": mails,
                **common,
            },
        ]
        return self._with_absent(entries, [entry["name"] for entry in entries])

    # -- who may do what

    def roles(self) -> list[Json]:
        """A role for each function, and one for the schedules: ``name``, ``trust`` and ``policy``."""
        trust = _policy(
            [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
        )
        may = {"relay": self._relay_may, "front_door": self._front_door_may, "escalation": self._escalation_may}
        roles = [
            {"name": name, "trust": trust, "policy": _policy([self._may_log(name), *may[part]()])}
            for name, part in self.running.items()
        ]
        return self._with_absent([*roles, self._scheduler_role()], [*self.parts, self.names["scheduler"]])

    def _scheduler_role(self) -> Json:
        statements = [_allow(["lambda:InvokeFunction"], self.arns["escalation"])]
        if self.inputs["drill_schedule"]:
            statements += self._may_publish()
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": self.place["account"]}},
        }
        return {"name": self.names["scheduler"], "trust": _policy([trust]), "policy": _policy(statements)}

    def _may_log(self, function: str) -> Json:
        group = _arn(self.place, "logs", f"log-group:/aws/lambda/{function}:*")
        return _allow(["logs:CreateLogStream", "logs:PutLogEvents"], group)

    def _relay_may(self) -> list[Json]:
        statements = [
            _allow([f"sqs:{action}" for action in _QUEUE_ACTIONS], self.arns["queue"]),
            _allow(["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"], self.arns["alarms"]),
            self._may_use_table("relay"),
            self._may_read_secret(),
        ]
        if self.key:
            statements.append(_allow(["kms:Decrypt"], self.key_arn))
        return statements

    def _front_door_may(self) -> list[Json]:
        return [*self._may_publish(), self._may_use_table("front_door"), self._may_read_secret()]

    def _escalation_may(self) -> list[Json]:
        return [*self._may_publish(), self._may_use_table("escalation")]

    def _may_use_table(self, part: str) -> Json:
        return _allow([f"dynamodb:{action}" for action in _TABLE_ACTIONS[part]], self.arns["table"])

    def _may_read_secret(self) -> Json:
        if self.inputs["secret_store"] == "secretsmanager":
            return _allow(["secretsmanager:GetSecretValue"], self.arns["secret"])
        return _allow(["ssm:GetParameter"], self.arns["parameter"])

    def _may_publish(self) -> list[Json]:
        statements = [_allow(["sns:Publish"], sorted(self.topics.values()))]
        if self.key:
            statements.append(_allow(["kms:Decrypt", "kms:GenerateDataKey*"], self.key_arn))
        return statements

    # -- what runs

    def functions(self) -> list[Json]:
        """The functions, without their package."""
        words = {
            "relay": "Tells Google Chat what is published to the topics of Kumawatch",
            "front_door": "Takes acknowledgements and the notifications of Uptime Kuma",
            "escalation": "Publishes as critical what nobody has taken",
        }
        handlers = {"relay": "relay", "front_door": "front_door", "escalation": "escalate"}
        common = {
            "runtime": self.inputs["runtime"],
            "architecture": self.inputs["architecture"],
            "memory_size": self.inputs["memory_size"],
            "tags": self.tags_beside_mark,
        }
        result = []
        for name, part in self.running.items():
            entry: Json = {
                "name": name,
                "description": words[part],
                "handler": f"kumawatch._relay.handlers.{handlers[part]}",
                "role": _arn(self.place, "iam", f"role/{name}"),
                "timeout": _TIMEOUTS.get(part, self.inputs["timeout"]),
                "environment": self._environment(part),
                **common,
            }
            if part == "relay":
                entry["reserved_concurrency"] = self.inputs["reserved_concurrency"]
                entry["event_sources"] = [
                    {
                        "arn": self.arns["queue"],
                        "batch_size": 10,
                        "batch_window": self.inputs["batch_window"],
                        "report_failures": True,
                    }
                ]
            result.append(entry)
        return self._with_absent(result, list(self.parts))

    def log_groups(self) -> list[Json]:
        """Where the functions write; Lambda itself would make them, and keep what is in them for ever."""
        days, tags = self.inputs["log_retention_days"], self.tags_beside_mark
        groups: list[Json] = [
            {"name": f"/aws/lambda/{name}", "retention_days": days, "tags": tags} for name in self.running
        ]
        return self._with_absent(groups, [f"/aws/lambda/{name}" for name in self.parts])

    def _environment(self, part: str) -> dict[str, str]:
        inputs = self.inputs
        channels = [
            {key: entry[key] for key in ("name", "default", "severities") if entry.get(key) is not None}
            for entry in inputs["channels"]
        ]
        where = (
            {"KUMAWATCH_SECRET_ID": self.names["secret"]}
            if inputs["secret_store"] == "secretsmanager"
            else {"KUMAWATCH_PARAMETER": self.names["parameter"]}
        )
        variables = {
            "KUMAWATCH_ENVIRONMENT": inputs["environment"],
            "KUMAWATCH_TABLE": self.names["table"],
            "KUMAWATCH_TOPICS": json.dumps(self.topics, sort_keys=True),
            "KUMAWATCH_CHANNELS": json.dumps(channels, sort_keys=True, ensure_ascii=False),
            "KUMAWATCH_ESCALATE_AFTER": f"{float(inputs['escalate_after']):g}",
            "KUMAWATCH_RUNBOOKS": inputs["runbooks"],
            "KUMAWATCH_PACE": f"{float(inputs['pace']):g}",
            "KUMAWATCH_TIMEZONE": inputs["timezone"],
            **where,
        }
        # The front door does not exist before it has an address, so it is not told its own.
        if self.front_door_url and part != "front_door":
            variables["KUMAWATCH_FRONT_DOOR_URL"] = self.front_door_url
        return {name: str(value) for name, value in variables.items() if value not in ("", None)}

    def schedules(self) -> list[Json]:
        """What runs by the clock: escalation, and where asked for a drill of each topic."""
        role = _arn(self.place, "iam", f"role/{self.names['scheduler']}")
        schedules: list[Json] = [
            {
                "name": self.names["escalation"],
                "description": "Publishes as critical what nobody has taken",
                "schedule": self.inputs["escalation_schedule"],
                # A run that comes late is not wanted: the next one does its work.
                "target": {
                    "arn": self.arns["escalation"],
                    "role_arn": role,
                    "retry_attempts": 0,
                    "max_event_age": 60,
                },
            }
        ]
        drills = {severity: f"{self.names['prefix']}-drill-{severity}" for severity in SEVERITIES}
        for severity, arn in self.topics.items() if self.inputs["drill_schedule"] else ():
            schedules.append(
                {
                    "name": drills[severity],
                    "description": f"A drill of the topic for {severity}",
                    "schedule": self.inputs["drill_schedule"],
                    "timezone": self.inputs["timezone"],
                    "target": {
                        "arn": arn,
                        "role_arn": role,
                        "input": {"kumawatch_drill": "scheduled", "path": severity, "severity": severity},
                        "retry_attempts": 2,
                        "max_event_age": 300,
                    },
                }
            )
        return self._with_absent(schedules, [self.names["escalation"], *drills.values()])

    def alarms(self) -> list[Json]:
        """What watches the channel itself; it goes to e-mail, since the chat may be what is broken."""
        queue, dead, relay = self.names["queue"], self.names["dead"], self.names["relay"]
        result = [
            self._alarm(
                "dead_letters",
                f"Alerts that could not be told lie in {dead}: mend what refuses them, then run playbooks/redrive.yml.",
                *("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": dead}, "Maximum"),
            ),
            self._alarm(
                "oldest_alert",
                f"An alert has waited in {queue} for more than five minutes: the relay does not run, or the chat "
                f"refuses it. Run playbooks/drill.yml.",
                *("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue}, "Maximum"),
                threshold=300.0,
                points=(3, 3),
            ),
            self._alarm(
                "relay_throttled",
                f"{relay} has been throttled for ten minutes: the account has no concurrency left for it.",
                *("AWS/Lambda", "Throttles", {"FunctionName": relay}, "Sum"),
                # One call at a time is all that it is to have, so that some throttling is a part of every burst.
                points=(10, 10),
            ),
        ]
        for name, part in self.parts.items():
            result.append(
                self._alarm(
                    f"{part}_failed",
                    f"{name} ends in errors: see its log group /aws/lambda/{name}.",
                    *("AWS/Lambda", "Errors", {"FunctionName": name}, "Sum"),
                    points=(3, 5),
                )
            )
        for severity in SEVERITIES:
            topic = f"{self.names['prefix']}-{severity}"
            result.append(
                self._alarm(
                    f"undelivered_{severity}",
                    f"{topic} could not deliver: see the policies of {queue} and of the key.",
                    *("AWS/SNS", "NumberOfNotificationsFailed", {"TopicName": topic}, "Sum"),
                )
            )
        # Off where the function is, so that nobody takes its silence for health.
        silent = [f"{part}_failed" for name, part in self.parts.items() if name not in self.running]
        on = [entry for entry in result if self.inputs["alarms"] and entry["name"].split("/")[2] not in silent]
        return self._with_absent(on, [entry["name"] for entry in result])

    def _alarm(
        self,
        kind: str,
        description: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        statistic: str,
        *,
        threshold: float = 0.0,
        points: tuple[int, int] = (1, 1),
    ) -> Json:
        """An alarm on a metric above ``threshold``, for M of N minutes."""
        environment = self.inputs["environment"]
        return {
            "name": f"{environment}/alert-channel/{kind}/critical",
            "kind": "metric",
            "description": description,
            "namespace": namespace,
            "metric": metric,
            "dimensions": dict(dimensions),
            "statistic": statistic,
            "period": 60,
            "threshold": threshold,
            "comparison": "GreaterThanThreshold",
            "datapoints_to_alarm": points[0],
            "evaluation_periods": points[1],
            # These metrics are there only while there is something to count.
            "treat_missing_data": "notBreaching",
            "alarm_actions": [self.arns["operations"]],
            "ok_actions": [self.arns["operations"]],
            "tags": {
                **self.tags_beside_mark,
                "service": "alert-channel",
                "kind": kind,
                "severity": "critical",
            },
        }
