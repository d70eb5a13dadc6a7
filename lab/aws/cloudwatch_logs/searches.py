# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on queries: they are started, take a moment, and are fetched."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import Any

from lab.aws.cloudwatch_logs import insights, refuse, syntax
from lab.aws.cloudwatch_logs.service import CloudWatchLogs, name_of, paged
from lab.aws.cloudwatch_logs.store import Group, Scope
from lab.aws.protocols import ApiError

SCHEDULED, RUNNING = 50, 150
"""Until how long (ms) after its start a query is scheduled, and runs."""

CONCURRENT = 100
GROUPS = 50
KEPT = 10_000
"""How many queries are remembered."""


def read(text: str) -> list[syntax.Command]:
    """Read a query, or refuse it as AWS does, with the place."""
    try:
        return syntax.read(text)
    except syntax.Malformed as exc:
        error = ApiError("MalformedQueryException", exc.message)
        error.extra = {
            "queryCompileError": {
                "location": {"startCharOffset": exc.start, "endCharOffset": exc.end},
                "message": exc.message,
            }
        }
        raise error from None


def groups_of(scope: Scope, given: dict[str, Any]) -> list[Group]:
    named = [name for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if given.get(name)]
    if len(named) != 1:
        raise refuse.invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
    listed = given[named[0]] if isinstance(given[named[0]], list) else [given[named[0]]]
    if len(listed) > GROUPS:
        raise refuse.invalid(f"A query may be over at most {GROUPS} log groups.")
    found = []
    for identifier in listed:
        name = name_of(identifier)
        if name not in scope.groups:
            raise refuse.not_found(
                f"Log group '{name}' does not exist for account ID '{scope.account}' (Service: AWSLogs; Status Code: "
                f"400; Error Code: ResourceNotFoundException; Request ID: {uuid.uuid4()}; Proxy: null)"
            )
        found.append(scope.groups[name])
    return found


def milliseconds(value: int) -> int:
    """Seconds since the epoch; milliseconds are understood too."""
    return value if value > 100_000_000_000 else value * 1000


def lines(scope: Scope, groups: list[Group], first: int, last: int, now: int) -> list[insights.Row]:
    """The lines of groups in a span of milliseconds, both ends included."""
    return [
        insights.Row(event, stream.name, f"{scope.account}:{group.name}", now)
        for group in groups
        for stream in group.streams.values()
        for event in stream.between(first, last)
    ]


def start_query(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("queryLanguage", "CWLI") != "CWLI":
        raise refuse.invalid("The lab's stand-in for AWS has the query language CWLI only.")
    first, last = milliseconds(given["startTime"]), milliseconds(given["endTime"])
    if given["endTime"] < 100_000_000_000:
        last += 999
    if first > last:
        raise refuse.invalid("The query's start time must not be later than its end time.")
    commands = read(given["queryString"])
    groups = groups_of(scope, given)
    now = service.now()
    if sum(status(item, now) in ("Scheduled", "Running") for item in scope.queries.values()) >= CONCURRENT:
        raise ApiError("LimitExceededException", "Account maximum query concurrency limit of [100] reached.")
    id = str(uuid.uuid4())
    sources = " ".join(f'"{group.name}"' for group in groups)
    text = f"SOURCE {sources} START={first} END={last} | {given['queryString']}"
    scope.queries[id] = {
        "id": id,
        "commands": commands,
        "groups": [group.name for group in groups],
        "span": (first, last),
        "limit": given.get("limit", insights.MAX_ROWS),
        "created": now,
        "text": text,
        "result": None,
        "stopped": False,
    }
    while len(scope.queries) > KEPT:
        del scope.queries[next(iter(scope.queries))]
    return {"queryId": id}


def status(query: dict[str, Any], now: int) -> str:
    if query["stopped"]:
        return "Cancelled"
    age = now - query["created"]
    return "Scheduled" if age < SCHEDULED else "Running" if age < RUNNING else "Complete"


def query_of(scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    found = scope.queries.get(given["queryId"])
    if found is None:
        raise refuse.not_found(f"The query with ID '{given['queryId']}' does not exist.")
    return found


def get_query_results(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    query = query_of(scope, given)
    now = service.now()
    state = status(query, now)
    none = dict.fromkeys(STATISTICS, 0.0)
    if state != "Complete":
        return {"queryLanguage": "CWLI", "results": [], "statistics": none, "status": state}
    if query["result"] is None:
        first, last = query["span"]
        groups = [scope.groups[name] for name in query["groups"] if name in scope.groups]
        found = insights.run(
            query["commands"],
            lines(scope, groups, first, last, now),
            min(query["limit"], insights.MAX_ROWS),
            len(groups),
        )
        found.raw = []
        query["result"] = found
    result: insights.Result = query["result"]
    page, token = paged(result.rows, given, most=insights.MAX_ROWS, size="maxItems")
    return {
        "queryLanguage": "CWLI",
        "results": [[{"field": name, "value": value} for name, value in row] for row in page],
        "statistics": {
            **none,
            "recordsMatched": float(result.matched),
            "recordsScanned": float(result.scanned),
            "bytesScanned": float(result.bytes),
            "logGroupsScanned": float(result.groups),
            "resultCount": float(len(result.rows)),
        },
        "status": state,
        "nextToken": token,
    }


STATISTICS = (
    "recordsMatched",
    "recordsScanned",
    "estimatedRecordsSkipped",
    "bytesScanned",
    "estimatedBytesSkipped",
    "logGroupsScanned",
)


def stop_query(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    query = query_of(scope, given)
    if status(query, service.now()) not in ("Scheduled", "Running"):
        raise refuse.invalid("The specified query is not running.")
    query["stopped"] = True
    return {"success": True}


def describe_queries(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    now = service.now()
    found = []
    for query in reversed(list(scope.queries.values())):
        state = status(query, now)
        if given.get("status", state) != state or given.get("logGroupName", query["groups"][0]) not in query["groups"]:
            continue
        found.append(
            {
                "queryLanguage": "CWLI",
                "queryId": query["id"],
                "queryString": query["text"],
                "status": state,
                "createTime": query["created"],
                "logGroupName": query["groups"][0],
            }
        )
    page, token = paged(found, given, most=1000, size="maxResults")
    return {"queries": page, "nextToken": token}


def list_log_groups_for_query(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    page, token = paged(query_of(scope, given)["groups"], given, most=500, size="maxResults")
    return {"logGroupIdentifiers": page, "nextToken": token}


def get_log_record(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    for group in scope.groups.values():
        for stream in group.streams.values():
            for event in stream.events:
                if event.id == given["logRecordPointer"]:
                    record: dict[str, Any] = dict(insights.discover(event))
                    record |= {
                        "@timestamp": str(event.time),
                        "@message": event.message,
                        "@logStream": stream.name,
                        "@log": f"{scope.account}:{group.name}",
                        "@ptr": event.id,
                    }
                    return {"logRecord": {key: insights.text(value) or "" for key, value in record.items()}}
    raise refuse.not_found("The specified log record does not exist.")


def get_log_group_fields(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    group = service.group(scope, given)
    middle = milliseconds(given["time"]) if "time" in given else service.now() - 480_000
    events = [
        event for stream in group.streams.values() for event in stream.between(middle - 480_000, middle + 480_000)
    ]
    counted: Counter[str] = Counter()
    for event in events:
        counted.update(["@timestamp", "@message", "@logStream", "@log", "@ptr", "@ingestionTime"])
        counted.update(insights.discover(event).keys())
    return {
        "logGroupFields": [
            {"name": name, "percent": round(100 * count / len(events))} for name, count in counted.most_common(1000)
        ]
    }


def describe_field_indexes(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    found = []
    for identifier in given["logGroupIdentifiers"]:
        group = service.group(scope, {"logGroupIdentifier": identifier})
        if group.index_policy:
            document = json.loads(group.index_policy["policyDocument"])
            found += [
                {
                    "logGroupIdentifier": scope.arn(f"log-group:{group.name}"),
                    "fieldIndexName": name,
                    "lastScanTime": service.now(),
                }
                for name in document.get("Fields") or document.get("FieldsV2")
            ]
    page, token = paged(found, given, most=100)
    return {"fieldIndexes": page, "nextToken": token}


OPERATIONS = {
    "StartQuery": start_query,
    "GetQueryResults": get_query_results,
    "StopQuery": stop_query,
    "DescribeQueries": describe_queries,
    "ListLogGroupsForQuery": list_log_groups_for_query,
    "GetLogRecord": get_log_record,
    "GetLogGroupFields": get_log_group_fields,
    "DescribeFieldIndexes": describe_field_indexes,
}
