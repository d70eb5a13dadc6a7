# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups with all that belongs to them: one small function per API call."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .._errors import KumawatchError
from .._reconcile import Actual, Change, Create, Delete, Desired, Update
from . import log_groups_model as model
from .bulk import Kind
from .entries import each
from .errors import ApiError
from .log_tags import GONE, GROUPS, LogTagging
from .session import Aws, Known, without_none

_PAGE = 50


class LogGroups(Kind):
    """The log groups of an account and Region."""

    noun = model.NOUN

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._entries = entries
        self._declared: Mapping[str, Collection[str]] = {}
        self._tagging = LogTagging([GROUPS])
        self._arns: dict[str, str] = {}
        self._detectors: dict[str, Mapping[str, Any]] = {}

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        result = model.desired(self._entries, known)
        self._declared = {entry.key: entry.properties.keys() for entry in result}
        self._tagging = LogTagging(
            [GROUPS], self.owner, self.purge, {entry.key: entry.properties.get("tags") for entry in result}
        )
        return result

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        items = {str(item["logGroupName"]): item for item in describe(aws)}
        self._arns = {name: model.arn_of(item) for name, item in items.items()}
        tags = self._tagging.read(aws, self._arns)
        if any(model.DETECTOR in names for names in self._declared.values()):
            self._detectors = detectors(aws)
        transformers = self._each("transformer", items, lambda name: get_transformer(aws, name))
        indexes = self._each("index_fields", items, lambda name: get_index_fields(aws, name))
        policies = self._each("data_protection_policy", items, lambda name: get_data_protection(aws, name))
        return [
            model.actual(
                item,
                tags.get(name),
                model.Details(
                    transformers.get(name), indexes.get(name), policies.get(name), self._detectors.get(self._arns[name])
                ),
            )
            for name, item in items.items()
        ]

    def _each(self, option: str, items: Mapping[str, Any], get: Any) -> dict[str, Any]:
        """What only a call for one log group tells, of those that declare it."""
        names = [name for name in items if option in self._declared.get(name, ())]
        return dict(zip(names, each(get, names), strict=True))

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        if isinstance(change, Delete):
            if change.actual.properties.get("deletion_protection"):
                raise KumawatchError(
                    "it is protected against deletion: declare it with deletion_protection: false first."
                )
            try:
                aws.call("logs", "DeleteLogGroup", logGroupName=change.key)
            except ApiError as error:
                if error.code != GONE:
                    raise
            return
        name = change.key
        if isinstance(change, Create):
            wanted = change.desired.properties
            self._create(aws, name, wanted)
            # What a new log group has anyhow need not be told.
            changed = {
                option: value
                for option, value in wanted.items()
                if value not in (0, False, "", [], {}) or option.startswith(f"{model.DETECTOR}.")
            }
        else:
            changed = {option: difference.after for option, difference in change.differences.items()}
            self._change(aws, change, changed)
        if "retention_days" in changed:
            put_retention(aws, name, changed["retention_days"])
        if "transformer" in changed:
            put_transformer(aws, name, changed["transformer"])
        if "index_fields" in changed:
            put_index_fields(aws, name, changed["index_fields"])
        if "data_protection_policy" in changed:
            put_data_protection(aws, name, changed["data_protection_policy"])
        if any(option.partition(".")[0] == model.DETECTOR for option in changed):
            stored = change.actual.properties if isinstance(change, Update) else {}
            self._detect(aws, name, {**stored, **changed})

    def _create(self, aws: Aws, name: str, wanted: Mapping[str, Any]) -> None:
        tags = self._tagging.own(wanted.get("tags"))
        aws.call(
            "logs",
            "CreateLogGroup",
            **without_none(
                {
                    "logGroupName": name,
                    "logGroupClass": model.CLASSES[wanted["class"]] if "class" in wanted else None,
                    "kmsKeyId": wanted.get("kms_key_arn") or None,
                    "deletionProtectionEnabled": wanted.get("deletion_protection") or None,
                    "tags": tags or None,
                }
            ),
        )

    def _change(self, aws: Aws, change: Update, changed: Mapping[str, Any]) -> None:
        if changed.get("kms_key_arn"):
            aws.call("logs", "AssociateKmsKey", logGroupName=change.key, kmsKeyId=changed["kms_key_arn"])
        elif "kms_key_arn" in changed:
            aws.call("logs", "DisassociateKmsKey", logGroupName=change.key)
        if "deletion_protection" in changed:
            aws.call(
                "logs",
                "PutLogGroupDeletionProtection",
                logGroupIdentifier=change.key,
                deletionProtectionEnabled=changed["deletion_protection"],
            )
        self._tagging.change(aws, change, change.actual.ident)

    def _detect(self, aws: Aws, name: str, properties: Mapping[str, Any]) -> None:
        """Bring the anomaly detector of a log group to what is declared."""
        arn = self._arns.get(name) or arn_of(aws, name)
        stored = self._detectors.get(arn)
        if not properties.get(model.DETECTOR):
            if stored:
                aws.call("logs", "DeleteLogAnomalyDetector", anomalyDetectorArn=stored["anomalyDetectorArn"])
            return
        sent = model.detector(properties)
        enabled = properties.get(f"{model.DETECTOR}.enabled", True)
        if stored:
            ident = stored["anomalyDetectorArn"]
        else:
            tags = self._tagging.own(None)
            made = aws.call(
                "logs",
                "CreateLogAnomalyDetector",
                # Its name is a dimension of the metric that counts what it finds, by which alarms know it.
                detectorName=name,
                logGroupArnList=[arn],
                **sent,
                **({"tags": tags} if tags else {}),
            )
            ident = made["anomalyDetectorArn"]
            if enabled:
                return
        aws.call("logs", "UpdateLogAnomalyDetector", anomalyDetectorArn=ident, enabled=enabled, **sent)


def describe(aws: Aws, **filters: Any) -> Iterator[dict[str, Any]]:
    """All log groups of the account and Region, fifty a call."""
    return aws.pages("logs", "DescribeLogGroups", "logGroups", token="nextToken", limit=_PAGE, **filters)


def arn_of(aws: Aws, name: str) -> str:
    """The ARN of a log group that was made just now."""
    for item in describe(aws, logGroupNamePrefix=name):
        if item["logGroupName"] == name:
            return model.arn_of(item)
    raise KumawatchError("it was created, but is not listed yet: run the task again.")


def detectors(aws: Aws) -> dict[str, Mapping[str, Any]]:
    """The anomaly detectors by the ARN of the log group that they watch."""
    found: dict[str, Mapping[str, Any]] = {}
    for item in aws.pages("logs", "ListLogAnomalyDetectors", "anomalyDetectors", token="nextToken", limit=_PAGE):
        if item.get("anomalyDetectorStatus") != "DELETED":
            for arn in item.get("logGroupArnList") or ():
                found.setdefault(str(arn).removesuffix(":*"), item)
    return found


def get_transformer(aws: Aws, name: str) -> list[dict[str, Any]]:
    """The processors of a log group."""
    try:
        answer = aws.call("logs", "GetTransformer", logGroupIdentifier=name)
    except ApiError as error:
        if error.code == GONE:
            return []
        raise
    return [
        {processor: dict(value or {}) for processor, value in item.items()}
        for item in answer.get("transformerConfig") or ()
    ]


def put_transformer(aws: Aws, name: str, processors: Sequence[Mapping[str, Any]]) -> None:
    """Give a log group processors, or none."""
    if processors:
        aws.call("logs", "PutTransformer", logGroupIdentifier=name, transformerConfig=list(processors))
        return
    try:
        aws.call("logs", "DeleteTransformer", logGroupIdentifier=name)
    except ApiError as error:
        if error.code != GONE:
            raise


def get_index_fields(aws: Aws, name: str) -> list[str]:
    """The indexed fields of a log group; those that its account indexes are not its own."""
    fields: list[str] = []
    try:
        for item in aws.pages(
            "logs", "DescribeIndexPolicies", "indexPolicies", token="nextToken", logGroupIdentifiers=[name]
        ):
            if item.get("source", "LOG_GROUP") == "LOG_GROUP":
                document = json.loads(item.get("policyDocument") or "{}")
                fields += document.get("Fields") or document.get("FieldsV2") or ()
    except ApiError as error:
        if error.code != GONE:
            raise
    return fields


def put_index_fields(aws: Aws, name: str, fields: Sequence[str]) -> None:
    """Index fields of a log group, or none."""
    if fields:
        document = json.dumps({"Fields": list(fields)}, ensure_ascii=False)
        aws.call("logs", "PutIndexPolicy", logGroupIdentifier=name, policyDocument=document)
        return
    try:
        aws.call("logs", "DeleteIndexPolicy", logGroupIdentifier=name)
    except ApiError as error:
        if error.code != GONE:
            raise


def get_data_protection(aws: Aws, name: str) -> dict[str, Any]:
    """The data protection policy of a log group."""
    try:
        text = aws.call("logs", "GetDataProtectionPolicy", logGroupIdentifier=name).get("policyDocument")
    except ApiError as error:
        if error.code == GONE:
            return {}
        raise
    return dict(json.loads(text)) if text else {}


def put_data_protection(aws: Aws, name: str, document: Mapping[str, Any]) -> None:
    """Give a log group a data protection policy, or none."""
    if document:
        text = json.dumps(document, ensure_ascii=False)
        aws.call("logs", "PutDataProtectionPolicy", logGroupIdentifier=name, policyDocument=text)
        return
    try:
        aws.call("logs", "DeleteDataProtectionPolicy", logGroupIdentifier=name)
    except ApiError as error:
        if error.code != GONE:
            raise


def put_retention(aws: Aws, name: str, days: int) -> None:
    """Keep the lines of a log group for some days, or for ever."""
    if days:
        aws.call("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=days)
    else:
        aws.call("logs", "DeleteRetentionPolicy", logGroupName=name)
