# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept and shown again: saved and scheduled queries, policies, anomaly detectors, vended deliveries."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from typing import Any

from lab.aws.cloudwatch_logs import metrics, refuse, schedule
from lab.aws.cloudwatch_logs.service import CloudWatchLogs, name_of, paged
from lab.aws.cloudwatch_logs.store import Scope
from lab.aws.protocols import ApiError

RESOURCE_POLICIES = 10
POLICY_TYPES = {
    "DATA_PROTECTION_POLICY": 1,
    "SUBSCRIPTION_FILTER_POLICY": 1,
    "FIELD_INDEX_POLICY": 20,
    "TRANSFORMER_POLICY": 20,
    "METRIC_EXTRACTION_POLICY": 1,
}
"""How many account policies there may be of each type."""


def document(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        raise refuse.invalid("Policy document is not valid JSON.") from None
    if not isinstance(found, dict):
        raise refuse.invalid("Policy document is not a JSON object.")
    return found


# -- saved queries


def put_query_definition(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    kept = scope.things("definitions")
    id = given.get("queryDefinitionId")
    if id is None:
        token = given.get("clientToken")
        id = next((key for key, item in kept.items() if token and item["token"] == token), None) or str(uuid.uuid4())
    elif id not in kept:
        raise refuse.not_found("The specified query definition does not exist.")
    elif given.get("queryLanguage", kept[id]["queryLanguage"]) != kept[id]["queryLanguage"]:
        raise refuse.invalid("The query language of a query definition cannot be changed.")
    names = [item["name"] for item in given.get("parameters", [])]
    if len(names) != len(set(names)):
        raise refuse.invalid("The names of parameters must be unique.")
    used = set(re.findall(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", given["queryString"]))
    if names and used - set(names):
        raise refuse.invalid(f"The query uses the undefined parameter {sorted(used - set(names))[0]}.")
    if len(kept) >= 1000 and id not in kept:
        raise refuse.too_many()
    kept[id] = {
        "queryLanguage": given.get("queryLanguage", "CWLI"),
        "queryDefinitionId": id,
        "name": given["name"],
        "queryString": given["queryString"],
        "lastModified": service.now(),
        "logGroupNames": given.get("logGroupNames", []),
        **({"parameters": given["parameters"]} if given.get("parameters") else {}),
        "token": given.get("clientToken"),
    }
    return {"queryDefinitionId": id}


def describe_query_definitions(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    found = [
        item
        for item in scope.things("definitions").values()
        if item["name"].startswith(given.get("queryDefinitionNamePrefix", ""))
        and item["queryLanguage"] == given.get("queryLanguage", item["queryLanguage"])
    ]
    found.sort(key=lambda item: (item["name"], item["queryDefinitionId"]))
    page, token = paged(found, given, most=1000, size="maxResults")
    return {"queryDefinitions": page, "nextToken": token}


def delete_query_definition(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    if scope.things("definitions").pop(given["queryDefinitionId"], None) is None:
        raise refuse.not_found("The specified query definition does not exist.")
    return {"success": True}


# -- scheduled queries: kept, never run


def scheduled(scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    for item in scope.things("scheduled").values():
        if given["identifier"] in (item["name"], item["scheduledQueryArn"]):
            return item
    raise refuse.not_found("The specified scheduled query does not exist.")


def create_scheduled_query(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    check_schedule(given)
    kept, name = scope.things("scheduled"), given["name"]
    if name in kept:
        raise ApiError("ConflictException", "A scheduled query with this name already exists.")
    now = service.now()
    arn = scope.arn(f"scheduled-query:{uuid.uuid4()}")
    kept[name] = {
        "timezone": "UTC",
        "state": "ENABLED",
        **given,
        "scheduledQueryArn": arn,
        "scheduleType": "CUSTOMER_MANAGED",
        "creationTime": now,
        "lastUpdatedTime": now,
    }
    return {"scheduledQueryArn": arn, "state": kept[name]["state"]}


def check_schedule(given: dict[str, Any]) -> None:
    if not schedule.valid(given["scheduleExpression"]) or given["scheduleExpression"].startswith("at("):
        raise ApiError("ValidationException", "The schedule expression is not valid.")


def update_scheduled_query(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    check_schedule(given)
    item = scheduled(scope, given)
    stays = ("name", "scheduledQueryArn", "scheduleType", "creationTime", "tags", "state", "timezone")
    kept = {key: item[key] for key in stays if key in item}
    item.clear()
    item.update({**kept, **{key: value for key, value in given.items() if key != "identifier"}})
    item["lastUpdatedTime"] = service.now()
    return dict(item)


def get_scheduled_query(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    return dict(scheduled(scope, given))


def list_scheduled_queries(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    found = [
        item
        for _name, item in sorted(scope.things("scheduled").items())
        if item["state"] == given.get("state", item["state"])
    ]
    page, token = paged(found, given, most=1000, size="maxResults")
    return {"scheduledQueries": page, "nextToken": token}


def delete_scheduled_query(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    del scope.things("scheduled")[scheduled(scope, given)["name"]]
    return {}


def get_scheduled_query_history(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    item = scheduled(scope, given)
    return {"name": item["name"], "scheduledQueryArn": item["scheduledQueryArn"], "triggerHistory": []}


# -- policies


def put_resource_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    kept = scope.things("resource_policies")
    document(given.get("policyDocument", ""))
    target = given.get("resourceArn")
    if target is not None:
        service.group(scope, {"logGroupIdentifier": target})
        key = f"resource:{name_of(target)}"
    elif "policyName" in given:
        key = f"account:{given['policyName']}"
        if key not in kept and sum(name.startswith("account:") for name in kept) >= RESOURCE_POLICIES:
            raise refuse.too_many()
    else:
        raise refuse.invalid("Either policyName or resourceArn must be specified.")
    before = kept.get(key)
    if before and given.get("expectedRevisionId") not in (None, before["revisionId"]):
        raise ApiError("OperationAbortedException", "The revision of the policy is not the expected one.")
    kept[key] = {
        **({"policyName": given["policyName"]} if "policyName" in given else {}),
        "policyDocument": given["policyDocument"],
        "lastUpdatedTime": service.now(),
        "policyScope": "RESOURCE" if target is not None else "ACCOUNT",
        "revisionId": secrets.token_hex(16),
        **({"resourceArn": target} if target is not None else {}),
    }
    shown = policy_shown(kept[key])
    return {"resourcePolicy": shown, **({"revisionId": kept[key]["revisionId"]} if target is not None else {})}


def policy_shown(item: dict[str, Any]) -> dict[str, Any]:
    """Only a group's own policy tells its revision."""
    return item if item["policyScope"] == "RESOURCE" else {k: v for k, v in item.items() if k != "revisionId"}


def describe_resource_policies(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    wanted = given.get("policyScope", "RESOURCE" if "resourceArn" in given else "ACCOUNT")
    found = [
        policy_shown(item)
        for _key, item in sorted(scope.things("resource_policies").items())
        if item["policyScope"] == wanted
        and ("resourceArn" not in given or name_of(item.get("resourceArn", "")) == name_of(given["resourceArn"]))
    ]
    page, token = paged(found, given)
    return {"resourcePolicies": page, "nextToken": token}


def delete_resource_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    kept = scope.things("resource_policies")
    key = (
        f"resource:{name_of(given['resourceArn'])}" if "resourceArn" in given else f"account:{given.get('policyName')}"
    )
    if kept.pop(key, None) is None:
        raise refuse.not_found(f"Policy with name [{given.get('policyName', '')}] does not exist.")


def put_account_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    document(given["policyDocument"])
    kept, kind = scope.things("account"), given["policyType"]
    key = f"{kind}/{given['policyName']}"
    same = [name for name in kept if name.startswith(f"{kind}/") and name != key]
    if len(same) >= POLICY_TYPES.get(kind, 20):
        raise refuse.too_many()
    kept[key] = {
        "policyName": given["policyName"],
        "policyDocument": given["policyDocument"],
        "lastUpdatedTime": service.now(),
        "policyType": kind,
        "scope": given.get("scope", "ALL"),
        "accountId": scope.account,
        **({"selectionCriteria": given["selectionCriteria"]} if "selectionCriteria" in given else {}),
    }
    return {"accountPolicy": kept[key]}


def describe_account_policies(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    found = [
        item
        for _key, item in sorted(scope.things("account").items())
        if item["policyType"] == given["policyType"]
        and item["policyName"] == given.get("policyName", item["policyName"])
    ]
    page, token = paged(found, given)
    return {"accountPolicies": page, "nextToken": token}


def delete_account_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    if scope.things("account").pop(f"{given['policyType']}/{given['policyName']}", None) is None:
        raise refuse.not_found(f"Policy with name [{given['policyName']}] does not exist.")
    return {}


def put_index_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    group = service.group(scope, given)
    if group.kind != "STANDARD":
        raise refuse.invalid("Index policies are only supported for log groups of the Standard log class.")
    fields = document(given["policyDocument"])
    named = fields.get("Fields") or fields.get("FieldsV2")
    if not isinstance(named, (list, dict)) or not 1 <= len(named) <= 20:
        raise refuse.invalid("The policy document must name 1 to 20 Fields.")
    group.index_policy = {
        "logGroupIdentifier": scope.arn(f"log-group:{group.name}"),
        "lastUpdateTime": service.now(),
        "policyDocument": given["policyDocument"],
        "source": "LOG_GROUP",
    }
    return {"indexPolicy": group.index_policy}


def describe_index_policies(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    if len(given["logGroupIdentifiers"]) != 1:
        raise refuse.invalid("Exactly one logGroupIdentifier must be specified.")
    group = service.group(scope, {"logGroupIdentifier": given["logGroupIdentifiers"][0]})
    return {"indexPolicies": [group.index_policy] if group.index_policy else []}


def delete_index_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    group = service.group(scope, given)
    if group.index_policy is None:
        raise refuse.not_found("The specified log group does not have an index policy.")
    group.index_policy = None
    return {}


def put_data_protection_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    group = service.group(scope, given)
    if group.kind != "STANDARD":
        raise refuse.invalid("Data protection policies are only supported for the Standard log class.")
    statements = document(given["policyDocument"]).get("Statement")
    if not isinstance(statements, list) or len(statements) != 2:
        raise refuse.invalid("A data protection policy must have two statements: audit and de-identify.")
    group.data_protection = {
        "logGroupIdentifier": given["logGroupIdentifier"],
        "policyDocument": given["policyDocument"],
        "lastUpdatedTime": service.now(),
    }
    return group.data_protection


def get_data_protection_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    group = service.group(scope, given)
    return group.data_protection or {"logGroupIdentifier": given["logGroupIdentifier"]}


def delete_data_protection_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    group = service.group(scope, given)
    if group.data_protection is None:
        raise refuse.not_found("The specified log group does not have a data protection policy.")
    group.data_protection = None


# -- anomaly detectors of logs


def detector(scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    found = scope.things("detectors").get(given["anomalyDetectorArn"])
    if found is None:
        raise refuse.not_found("The specified anomaly detector does not exist.")
    return found


def create_log_anomaly_detector(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    for arn in given["logGroupArnList"]:
        service.standard(service.group(scope, {"logGroupIdentifier": arn}))
    if len(given["logGroupArnList"]) != 1:
        raise refuse.invalid("An anomaly detector must have exactly one log group.")
    metrics.read(given.get("filterPattern", ""))
    kept = scope.things("detectors")
    if any(item["logGroupArnList"] == given["logGroupArnList"] for item in kept.values()):
        raise refuse.too_many()
    now = service.now()
    arn = scope.arn(f"anomaly-detector:{uuid.uuid4()}")
    kept[arn] = {
        "evaluationFrequency": "FIFTEEN_MIN",
        "anomalyVisibilityTime": 21,
        **given,
        "anomalyDetectorArn": arn,
        "anomalyDetectorStatus": "INITIALIZING",
        "creationTimeStamp": now,
        "lastModifiedTimeStamp": now,
    }
    return {"anomalyDetectorArn": arn}


def update_log_anomaly_detector(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    item = detector(scope, given)
    item.update({key: value for key, value in given.items() if key not in ("enabled", "anomalyDetectorArn")})
    item["anomalyDetectorStatus"] = "TRAINING" if given["enabled"] else "PAUSED"
    item["lastModifiedTimeStamp"] = service.now()


def get_log_anomaly_detector(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    return dict(detector(scope, given))


def list_log_anomaly_detectors(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    wanted = given.get("filterLogGroupArn")
    found = [item for item in scope.things("detectors").values() if wanted is None or wanted in item["logGroupArnList"]]
    page, token = paged(found, given)
    return {"anomalyDetectors": page, "nextToken": token}


def delete_log_anomaly_detector(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    detector(scope, given)
    del scope.things("detectors")[given["anomalyDetectorArn"]]


def list_anomalies(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    return {"anomalies": []}


OPERATIONS = {
    "PutQueryDefinition": put_query_definition,
    "DescribeQueryDefinitions": describe_query_definitions,
    "DeleteQueryDefinition": delete_query_definition,
    "CreateScheduledQuery": create_scheduled_query,
    "UpdateScheduledQuery": update_scheduled_query,
    "GetScheduledQuery": get_scheduled_query,
    "ListScheduledQueries": list_scheduled_queries,
    "DeleteScheduledQuery": delete_scheduled_query,
    "GetScheduledQueryHistory": get_scheduled_query_history,
    "PutResourcePolicy": put_resource_policy,
    "DescribeResourcePolicies": describe_resource_policies,
    "DeleteResourcePolicy": delete_resource_policy,
    "PutAccountPolicy": put_account_policy,
    "DescribeAccountPolicies": describe_account_policies,
    "DeleteAccountPolicy": delete_account_policy,
    "PutIndexPolicy": put_index_policy,
    "DescribeIndexPolicies": describe_index_policies,
    "DeleteIndexPolicy": delete_index_policy,
    "PutDataProtectionPolicy": put_data_protection_policy,
    "GetDataProtectionPolicy": get_data_protection_policy,
    "DeleteDataProtectionPolicy": delete_data_protection_policy,
    "CreateLogAnomalyDetector": create_log_anomaly_detector,
    "UpdateLogAnomalyDetector": update_log_anomaly_detector,
    "GetLogAnomalyDetector": get_log_anomaly_detector,
    "ListLogAnomalyDetectors": list_log_anomaly_detectors,
    "DeleteLogAnomalyDetector": delete_log_anomaly_detector,
    "ListAnomalies": list_anomalies,
}
