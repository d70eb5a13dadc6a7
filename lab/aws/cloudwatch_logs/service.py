# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch Logs' operations on groups, streams, lines and filters; in and out named as the API does."""

from __future__ import annotations

import heapq
import itertools
import json
import uuid
from collections.abc import Callable
from typing import Any

from lab.aws.cloudwatch_logs import metrics, refuse, transform
from lab.aws.cloudwatch_logs.store import COUNTER, Event, Group, Scope, Store, Stream
from lab.aws.protocols import ApiError

PAGE = 50
FILTERS_PER_GROUP = 100
SUBSCRIPTIONS_PER_GROUP = 2
DAY = 86_400_000
BATCH = 1_048_576
OVERHEAD = 26
FIRST_CLASS_ONLY = "This operation is only supported for log groups of the Standard log class."

Operation = Callable[["CloudWatchLogs", Scope, dict[str, Any]], "dict[str, Any] | None"]


class CloudWatchLogs:
    """The service. ``now`` is in milliseconds; ``ingested`` is told of new lines: scope, group, stream, events."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], int],
        ingested: Callable[[Scope, Group, str, list[Event]], None] = lambda scope, group, stream, events: None,
        exists: Callable[[str], bool] = lambda arn: True,
    ) -> None:
        self.store, self.now, self.ingested, self.exists = store, now, ingested, exists

    # -- groups

    def group(self, scope: Scope, given: dict[str, Any], *names: str) -> Group:
        """The group that a request names, by name or ARN."""
        for name in names or ("logGroupName", "logGroupIdentifier"):
            if name in given:
                found = scope.groups.get(name_of(given[name]))
                if found is None:
                    raise refuse.not_found("The specified log group does not exist.")
                return found
        raise refuse.invalid("Either logGroupName or logGroupIdentifier must be specified.")

    def standard(self, group: Group) -> None:
        """Refuse what only the Standard class has."""
        if group.kind != "STANDARD":
            raise refuse.unsupported(FIRST_CLASS_ONLY)

    def create_log_group(self, scope: Scope, given: dict[str, Any]) -> None:
        name = given["logGroupName"]
        if name in scope.groups:
            raise refuse.exists("The specified log group already exists")
        if name.startswith("aws/"):
            raise refuse.invalid("Log groups starting with AWS/ are reserved for AWS.")
        refuse.tags(given.get("tags", {}), {})
        scope.groups[name] = Group(
            name,
            self.now(),
            kind=given.get("logGroupClass", "STANDARD"),
            retention=1 if given.get("logGroupClass") == "DELIVERY" else None,
            key=given.get("kmsKeyId"),
            protected=given.get("deletionProtectionEnabled", False),
            tags=dict(given.get("tags", {})),
        )

    def delete_log_group(self, scope: Scope, given: dict[str, Any]) -> None:
        group = self.group(scope, given)
        if group.protected:
            raise ApiError(
                "ValidationException", "The log group cannot be deleted because deletion protection is enabled."
            )
        del scope.groups[group.name]
        for detector in scope.things("detectors").values():
            arn = scope.arn(f"log-group:{group.name}")
            detector["logGroupArnList"] = [item for item in detector["logGroupArnList"] if item != arn]

    def described(self, scope: Scope, group: Group) -> dict[str, Any]:
        arn = scope.arn(f"log-group:{group.name}")
        shown: dict[str, Any] = {
            "logGroupName": group.name,
            "creationTime": group.created,
            "metricFilterCount": len(group.metric_filters),
            "arn": f"{arn}:*",
            "storedBytes": group.bytes(),
            "logGroupClass": group.kind,
            "logGroupArn": arn,
            "deletionProtectionEnabled": group.protected,
        }
        if group.retention is not None:
            shown["retentionInDays"] = group.retention
        if group.key:
            shown["kmsKeyId"] = group.key
        if group.data_protection:
            shown["dataProtectionStatus"] = "ACTIVATED"
        policies = {item["policyType"] for item in scope.things("account").values()}
        if "DATA_PROTECTION_POLICY" in policies:
            shown["inheritedProperties"] = ["ACCOUNT_DATA_PROTECTION"]
        return shown

    def describe_log_groups(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        if "logGroupNamePrefix" in given and "logGroupNamePattern" in given:
            raise refuse.invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        names = sorted(scope.groups)
        if "logGroupIdentifiers" in given:
            wanted = {name_of(item) for item in given["logGroupIdentifiers"]}
            names = [name for name in names if name in wanted]
        if "logGroupNamePrefix" in given:
            names = [name for name in names if name.startswith(given["logGroupNamePrefix"])]
        pattern = given.get("logGroupNamePattern", "").lower()
        names = [
            name
            for name in names
            if pattern in name.lower()
            and given.get("logGroupClass", scope.groups[name].kind) == scope.groups[name].kind
        ]
        page, token = paged(names, given)
        listed = [self.described(scope, scope.groups[name]) for name in page]
        if pattern:
            # Recorded on AWS: a search by pattern tells less of each group.
            for shown in listed:
                del shown["storedBytes"], shown["deletionProtectionEnabled"]
        return {"logGroups": listed, "nextToken": token}

    def list_log_groups(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        pattern = given.get("logGroupNamePattern", "")
        found = [
            name
            for name in sorted(scope.groups)
            if (name.startswith(pattern[1:]) if pattern.startswith("^") else pattern in name)
            and given.get("logGroupClass", scope.groups[name].kind) == scope.groups[name].kind
            and all(
                item["key"] in scope.groups[name].tags
                and scope.groups[name].tags[item["key"]]
                in (item.get("values") or [scope.groups[name].tags[item["key"]]])
                for item in given.get("logGroupTags", [])
            )
        ]
        page, token = paged(found, given, most=1000)
        return {
            "logGroups": [
                {
                    "logGroupName": name,
                    "logGroupArn": scope.arn(f"log-group:{name}"),
                    "logGroupClass": scope.groups[name].kind,
                }
                for name in page
            ],
            "nextToken": token,
        }

    def put_retention_policy(self, scope: Scope, given: dict[str, Any]) -> None:
        refuse.retention(given["retentionInDays"])
        group = self.group(scope, given)
        if group.kind == "DELIVERY":
            raise refuse.invalid("The retention of a log group of the Delivery class cannot be changed.")
        group.retention = given["retentionInDays"]

    def delete_retention_policy(self, scope: Scope, given: dict[str, Any]) -> None:
        self.group(scope, given).retention = None

    def associate_kms_key(self, scope: Scope, given: dict[str, Any]) -> None:
        self.group(scope, given, "logGroupName", "resourceIdentifier").key = given["kmsKeyId"]

    def disassociate_kms_key(self, scope: Scope, given: dict[str, Any]) -> None:
        self.group(scope, given, "logGroupName", "resourceIdentifier").key = None

    def put_log_group_deletion_protection(self, scope: Scope, given: dict[str, Any]) -> None:
        self.group(scope, given).protected = given["deletionProtectionEnabled"]

    # -- tags

    def tags_of(self, scope: Scope, arn: str) -> dict[str, str]:
        """The tags of what an ARN names, to be read and changed."""
        prefix = scope.arn("")
        if not arn.startswith(prefix):
            raise refuse.invalid("1 validation error detected: the resourceArn is not valid.")
        kind, _colon, name = arn.removeprefix(prefix).partition(":")
        if kind == "log-group":
            group = scope.groups.get(name.removesuffix(":*"))
            if group is not None:
                return group.tags
        else:
            for things in scope.kept.values():
                for thing in things.values():
                    if arn in (thing.get("arn"), thing.get("anomalyDetectorArn"), thing.get("scheduledQueryArn")):
                        found: dict[str, str] = thing.setdefault("tags", {})
                        return found
        raise refuse.not_found("The specified resource does not exist.")

    def tag_resource(self, scope: Scope, given: dict[str, Any]) -> None:
        tags = self.tags_of(scope, given["resourceArn"])
        refuse.tags(given["tags"], tags)
        tags.update(given["tags"])

    def untag_resource(self, scope: Scope, given: dict[str, Any]) -> None:
        tags = self.tags_of(scope, given["resourceArn"])
        for key in given["tagKeys"]:
            tags.pop(key, None)

    def list_tags_for_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self.tags_of(scope, given["resourceArn"]))}

    def tag_log_group(self, scope: Scope, given: dict[str, Any]) -> None:
        tags = self.group(scope, given).tags
        refuse.tags(given["tags"], tags)
        tags.update(given["tags"])

    def untag_log_group(self, scope: Scope, given: dict[str, Any]) -> None:
        tags = self.group(scope, given).tags
        for key in given["tags"]:
            tags.pop(key, None)

    def list_tags_log_group(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        return {"tags": dict(self.group(scope, given).tags)}

    # -- streams

    def stream(self, scope: Scope, given: dict[str, Any]) -> Stream:
        found = self.group(scope, given).streams.get(given["logStreamName"])
        if found is None:
            raise refuse.not_found("The specified log stream does not exist.")
        return found

    def create_log_stream(self, scope: Scope, given: dict[str, Any]) -> None:
        group, name = self.group(scope, given), given["logStreamName"]
        if name in group.streams:
            raise refuse.exists("The specified log stream already exists")
        group.streams[name] = Stream(name, self.now())

    def delete_log_stream(self, scope: Scope, given: dict[str, Any]) -> None:
        stream = self.stream(scope, given)
        group = self.group(scope, given)
        if group.protected:
            raise ApiError(
                "ValidationException", "The log stream cannot be deleted because deletion protection is enabled."
            )
        del group.streams[stream.name]

    def describe_log_streams(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        group = self.group(scope, given)
        prefix, by_time = given.get("logStreamNamePrefix", ""), given.get("orderBy") == "LastEventTime"
        if prefix and by_time:
            raise refuse.invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        found = sorted(name for name in group.streams if name.startswith(prefix))
        if by_time:
            found.sort(key=lambda name: group.streams[name].events[-1].time if group.streams[name].events else 0)
        if given.get("descending"):
            found.reverse()
        page, token = paged(found, given)
        listed = []
        for name in page:
            stream = group.streams[name]
            shown = {
                "logStreamName": name,
                "creationTime": stream.created,
                "arn": scope.arn(f"log-group:{group.name}:log-stream:{name}"),
                "storedBytes": 0,
            }
            if stream.events:
                shown |= {
                    "firstEventTimestamp": stream.events[0].time,
                    "lastEventTimestamp": stream.events[-1].time,
                    "lastIngestionTime": stream.ingested,
                    "uploadSequenceToken": "1",
                }
            listed.append(shown)
        return {"logStreams": listed, "nextToken": token}

    # -- lines

    def put_log_events(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        group, stream, listed = self.group(scope, given), self.stream(scope, given), given["logEvents"]
        size = sum(len(item["message"].encode()) + OVERHEAD for item in listed)
        if size > BATCH:
            raise refuse.invalid(f"Upload too large: {size} bytes exceeds limit of {BATCH}")
        times = [item["timestamp"] for item in listed]
        if any(first > second for first, second in itertools.pairwise(times)):
            raise refuse.invalid("Log events in a single PutLogEvents request must be in chronological order.")
        if times[-1] - times[0] > DAY:
            raise refuse.invalid(
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
            )
        now = self.now()
        kept_for = (group.retention or 10_000) * DAY
        rejected: dict[str, int] = {}
        accepted = []
        for number, item in enumerate(listed):
            if item["timestamp"] > now + 2 * 3_600_000:
                rejected.setdefault("tooNewLogEventStartIndex", number)
            elif item["timestamp"] < now - kept_for:
                rejected["expiredLogEventEndIndex"] = number + 1
            elif item["timestamp"] < now - 14 * DAY:
                rejected["tooOldLogEventEndIndex"] = number + 1
            else:
                accepted.append((item["timestamp"], item["message"]))
        self.ingest(scope, group, stream, accepted)
        return {
            "nextSequenceToken": str(next(COUNTER)),
            **({"rejectedLogEventsInfo": rejected} if rejected else {}),
        }

    def ingest(self, scope: Scope, group: Group, stream: Stream, lines: list[tuple[int, str]]) -> None:
        """Keep lines, and tell of them."""
        now = self.now()
        events = [Event(time, message, now, uuid.uuid4().hex) for time, message in lines]
        if group.transformer is not None:
            for event in events:
                event.fields = transform.apply(group.transformer["transformerConfig"], event.message)
        stream.add(events)
        if events:
            self.ingested(scope, group, stream.name, events)

    def expire(self) -> None:
        """Drop the lines that are older than their group's retention."""
        for scope in self.store.all():
            for group in scope.groups.values():
                if group.retention is not None:
                    for stream in group.streams.values():
                        stream.expire(self.now() - group.retention * DAY)

    def write(self, scope: Scope, group_name: str, stream_name: str, lines: list[tuple[int, str]]) -> None:
        """What AWS's own services do: group and stream are made where they are missing."""
        group = scope.groups.get(group_name)
        if group is None:
            group = scope.groups[group_name] = Group(group_name, self.now())
        stream = group.streams.get(stream_name)
        if stream is None:
            stream = group.streams[stream_name] = Stream(stream_name, self.now())
        self.ingest(scope, group, stream, sorted(lines))

    def get_log_events(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        stream = self.stream(scope, given)
        events = stream.between(given.get("startTime", 0), given.get("endTime", 1 << 62) - 1)
        limit = given.get("limit", 10_000)
        token = given.get("nextToken", "")
        if token:
            way, _slash, at = token.partition("/")
            if way not in ("f", "b") or not at.isdigit():
                raise refuse.invalid("The specified nextToken is invalid.")
            forward, position = way == "f", min(int(at), len(events))
        else:
            forward = given.get("startFromHead", False)
            position = 0 if forward else len(events)
        start, end = (position, position + limit) if forward else (max(0, position - limit), position)
        page = events[start:end]
        return {
            "events": [
                {"timestamp": event.time, "message": event.message, "ingestionTime": event.ingested} for event in page
            ],
            "nextForwardToken": f"f/{min(start + len(page), len(events)):056d}",
            "nextBackwardToken": f"b/{start:056d}",
        }

    def filter_log_events(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        group = self.group(scope, given)
        pattern = metrics.read(given.get("filterPattern", ""))
        prefix = given.get("logStreamNamePrefix", "")
        if prefix and "logStreamNames" in given:
            raise refuse.invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.")
        names = given.get("logStreamNames") or [name for name in group.streams if name.startswith(prefix)]
        first, last = given.get("startTime", 0), given.get("endTime", 1 << 62)
        sources = [
            [(event, name) for event in group.streams[name].between(first, last)]
            for name in names
            if name in group.streams
        ]
        found = [
            {
                "logStreamName": name,
                "timestamp": event.time,
                "message": event.message,
                "ingestionTime": event.ingested,
                "eventId": event.id,
            }
            for event, name in heapq.merge(*sources, key=lambda item: item[0].time)
            if pattern.match(event.message) is not None
        ]
        page, token = paged(found, given, most=10_000)
        return {"events": page, "searchedLogStreams": [], "nextToken": token}

    # -- metric filters

    def put_metric_filter(self, scope: Scope, given: dict[str, Any]) -> None:
        refuse.transformations(given["metricTransformations"])
        group = self.group(scope, given)
        if group.kind != "STANDARD":
            raise refuse.unsupported("Metric filters are only supported for log groups of the Standard log class.")
        pattern = metrics.check(given)
        name = given["filterName"]
        before = group.metric_filters.get(name)
        if before is None and len(group.metric_filters) >= FILTERS_PER_GROUP:
            raise refuse.too_many()
        self.regexes(group, name, pattern.regexes)
        put = {key: value for key, value in given.items() if key != "logGroupName"}
        put["applyOnTransformedLogs"] = given.get("applyOnTransformedLogs", False)
        put["creationTime"] = before["creationTime"] if before else self.now()
        group.metric_filters[name] = put

    def regexes(self, group: Group, name: str, count: int) -> None:
        """At most five filters of a group have regular expressions."""
        if not count:
            return
        others = [
            key
            for filters in (group.metric_filters, group.subscriptions)
            for key, put in filters.items()
            if key != name and metrics.parse(put["filterPattern"]).regexes
        ]
        if len(others) >= 5:
            raise refuse.too_many()

    def delete_metric_filter(self, scope: Scope, given: dict[str, Any]) -> None:
        if self.group(scope, given).metric_filters.pop(given["filterName"], None) is None:
            raise refuse.not_found("The specified metric filter does not exist.")

    def describe_metric_filters(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        if ("metricName" in given) != ("metricNamespace" in given):
            raise refuse.invalid("metricName and metricNamespace must be specified together.")
        groups = [self.group(scope, given)] if "logGroupName" in given else list(scope.groups.values())
        prefix, metric = given.get("filterNamePrefix", ""), (given.get("metricNamespace"), given.get("metricName"))
        found = sorted(
            (name, group.name)
            for group in groups
            for name, put in group.metric_filters.items()
            if name.startswith(prefix) and metric in ((None, None), metric_of(put))
        )
        page, token = paged(found, given)
        listed = [{**scope.groups[group].metric_filters[name], "logGroupName": group} for name, group in page]
        return {"metricFilters": listed, "nextToken": token}

    def test_metric_filter(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        pattern = metrics.read(given["filterPattern"])
        found = []
        for number, message in enumerate(given["logEventMessages"], 1):
            match = pattern.match(message)
            if match is not None:
                found.append({"eventNumber": number, "eventMessage": message, "extractedValues": dict(match.values)})
        return {"matches": found}

    # -- subscription filters

    def put_subscription_filter(self, scope: Scope, given: dict[str, Any]) -> None:
        destination, name = given["destinationArn"], given["filterName"]
        vendor = destination.split(":")[2] if destination.count(":") >= 5 else ""
        if vendor == "lambda":
            if not self.exists(destination):
                raise ApiError(
                    "AccessDeniedException",
                    "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to "
                    "create cross account lambda triggers.",
                )
        elif vendor in ("kinesis", "firehose"):
            if "roleArn" not in given:
                raise refuse.invalid(f"destinationArn for vendor {vendor} cannot be used without roleArn")
        elif vendor != "logs":
            raise refuse.invalid("Invalid destinationArn.")
        group = self.group(scope, given)
        if group.kind != "STANDARD":
            raise refuse.unsupported("Subscription filters are only supported for the Standard log class.")
        pattern = metrics.read(given["filterPattern"])
        before = group.subscriptions.get(name)
        if before is None and len(group.subscriptions) >= SUBSCRIPTIONS_PER_GROUP:
            raise refuse.too_many()
        self.regexes(group, name, pattern.regexes)
        put = {"distribution": "ByLogStream", "applyOnTransformedLogs": False, **given}
        del put["logGroupName"]
        if vendor == "lambda":
            put.pop("roleArn", None)
        put["creationTime"] = before["creationTime"] if before else self.now()
        group.subscriptions[name] = put

    def delete_subscription_filter(self, scope: Scope, given: dict[str, Any]) -> None:
        if self.group(scope, given).subscriptions.pop(given["filterName"], None) is None:
            raise refuse.not_found("The specified subscription filter does not exist.")

    def describe_subscription_filters(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        group = self.group(scope, given)
        found = [
            {**put, "logGroupName": group.name}
            for name, put in sorted(group.subscriptions.items())
            if name.startswith(given.get("filterNamePrefix", ""))
        ]
        page, token = paged(found, given)
        return {"subscriptionFilters": page, "nextToken": token}

    # -- transformers

    def put_transformer(self, scope: Scope, given: dict[str, Any]) -> None:
        group = self.group(scope, given)
        if group.kind != "STANDARD":
            raise refuse.unsupported("Transformers are only supported for log groups of the Standard log class.")
        transform.check(given["transformerConfig"])
        now = self.now()
        group.transformer = {
            "transformerConfig": given["transformerConfig"],
            "creationTime": group.transformer["creationTime"] if group.transformer else now,
            "lastModifiedTime": now,
        }

    def get_transformer(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        group = self.group(scope, given)
        if group.transformer is None:
            return {}
        return {"logGroupIdentifier": scope.arn(f"log-group:{group.name}"), **group.transformer}

    def delete_transformer(self, scope: Scope, given: dict[str, Any]) -> None:
        group = self.group(scope, given)
        if group.transformer is None:
            raise refuse.not_found("The specified log group does not have a transformer.")
        group.transformer = None

    def test_transformer(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        transform.check(given["transformerConfig"])
        made = []
        for number, message in enumerate(given["logEventMessages"], 1):
            fields = transform.apply(given["transformerConfig"], message)
            shown = {"eventNumber": number, "eventMessage": message}
            if fields is not None:
                shown["transformedEventMessage"] = json.dumps(fields, ensure_ascii=False)
            made.append(shown)
        return {"transformedLogs": made}


def metric_of(put: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of the metric that a filter publishes."""
    one = put["metricTransformations"][0]
    return one["metricNamespace"], one["metricName"]


def name_of(identifier: str) -> str:
    """The name of a group that is given by name or ARN."""
    return identifier.partition(":log-group:")[2].removesuffix(":*") if identifier.startswith("arn:") else identifier


def paged(
    found: list[Any], given: dict[str, Any], most: int = PAGE, size: str = "limit"
) -> tuple[list[Any], str | None]:
    """A page and the token of the next."""
    token = given.get("nextToken", "")
    if token and not (token.startswith("page-") and token[5:].isdigit()):
        raise refuse.invalid("The specified nextToken is invalid.")
    begin = int(token[5:]) if token else 0
    end = begin + min(given.get(size) or most, most)
    return found[begin:end], f"page-{end}" if end < len(found) else None
