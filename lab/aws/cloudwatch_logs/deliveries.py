# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vended logs: delivery sources, destinations, and the deliveries between them."""

from __future__ import annotations

import re
import secrets
from typing import Any

from lab.aws.cloudwatch_logs import refuse
from lab.aws.cloudwatch_logs.service import CloudWatchLogs, paged
from lab.aws.cloudwatch_logs.store import Scope
from lab.aws.cloudwatch_logs.transform import CLOUDFRONT
from lab.aws.protocols import ApiError

ALB_ACCESS = [
    "type",
    "time",
    "elb",
    "client_port",
    "target_port",
    "request_processing_time",
    "target_processing_time",
    "response_processing_time",
    "elb_status_code",
    "target_status_code",
    "received_bytes",
    "sent_bytes",
    "request_line",
    "user_agent",
    "ssl_cipher",
    "ssl_protocol",
    "target_group_arn",
    "trace_id",
    "domain_name",
    "chosen_cert_arn",
    "matched_rule_priority",
    "request_creation_time",
    "actions_executed",
    "redirect_url",
    "error_reason",
    "target_port_list",
    "target_status_code_list",
    "classification",
    "classification_reason",
    "conn_trace_id",
]
ALB_CONNECTION = [
    "timestamp",
    "client_ip",
    "client_port",
    "listener_port",
    "tls_protocol",
    "tls_cipher",
    "tls_handshake_latency",
    "leaf_client_cert_subject",
    "leaf_client_cert_validity",
    "leaf_client_cert_serial_number",
    "tls_verify_status",
    "conn_trace_id",
]
ALB_HEALTH = ["type", "time", "latency", "target_addr", "target_group_id", "status_code", "status", "reason_code"]
FIELDS = {
    ("elasticloadbalancing", "ALB_ACCESS_LOGS"): ALB_ACCESS,
    ("elasticloadbalancing", "ALB_CONNECTION_LOGS"): ALB_CONNECTION,
    ("elasticloadbalancing", "ALB_HEALTH_CHECK_LOGS"): ALB_HEALTH,
    ("cloudfront", "ACCESS_LOGS"): CLOUDFRONT,
    ("cloudfront", "CONNECTION_LOGS"): ["eventTimestamp", "connectionId", "clientIp", "clientPort", "serverIp"],
}
"""The record fields by service and type of log. AWS's default is all of them."""
SUFFIXES = {"cloudfront": "AWSLogs/{account-id}/CloudFront/"}
FORMATS = ("w3c", "raw", "json", "plain", "parquet")
KINDS = {"s3": "S3", "logs": "CWL", "firehose": "FH"}


def validation(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)


def one(scope: Scope, kind: str, name: str, what: str) -> dict[str, Any]:
    found = scope.things(kind).get(name)
    if found is None:
        raise refuse.not_found(f"Requested {what} does not exist in this account.")
    return found


def shown(item: dict[str, Any], tags: bool = False) -> dict[str, Any]:
    """As it is answered; tags only by the calls that put them, and where there are any."""
    return {key: value for key, value in item.items() if key != "tags" or (tags and value)}


# -- sources


def put_delivery_source(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    name, arn, kind = given["name"], given["resourceArn"], given["logType"]
    if not re.fullmatch(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+", arn):
        raise refuse.not_found("Cannot access provided service.")
    owner = arn.split(":")[2]
    known = {log for known_owner, log in FIELDS if known_owner == owner}
    if known and kind not in known:
        raise validation(f"The log type {kind} is not supported for the service {owner}.")
    if not service.exists(arn):
        raise refuse.not_found("Cannot access provided service.")
    kept = scope.things("sources")
    for other in kept.values():
        if other["resourceArns"] == [arn] and other["logType"] == kind and other["name"] != name:
            raise conflict("This ResourceId has already been used in another Delivery Source in this account")
    before = kept.get(name)
    if before and (before["resourceArns"] != [arn] or before["logType"] != kind):
        raise conflict("The resource and the log type of a Delivery Source cannot be changed.")
    kept[name] = {
        "name": name,
        "arn": scope.arn(f"delivery-source:{name}"),
        "resourceArns": [arn],
        "service": owner,
        "logType": kind,
        "tags": {**(before or {}).get("tags", {}), **given.get("tags", {})},
    }
    return {"deliverySource": shown(kept[name], tags=True)}


def get_delivery_source(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    return {"deliverySource": shown(one(scope, "sources", given["name"], "Delivery Source"), tags=True)}


def describe_delivery_sources(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    page, token = paged([shown(item, True) for _name, item in sorted(scope.things("sources").items())], given)
    return {"deliverySources": page, "nextToken": token}


def delete_delivery_source(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    one(scope, "sources", given["name"], "Delivery Source")
    if any(item["deliverySourceName"] == given["name"] for item in scope.things("deliveries").values()):
        raise conflict("Cannot delete a Delivery Source that is used by a Delivery. Delete the Delivery first.")
    del scope.things("sources")[given["name"]]


# -- destinations


def put_delivery_destination(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    name = given["name"]
    target = given.get("deliveryDestinationConfiguration", {}).get("destinationResourceArn")
    if target is None:
        if given.get("deliveryDestinationType") != "XRAY":
            raise validation("deliveryDestinationConfiguration must be specified.")
        kind = "XRAY"
    else:
        found = KINDS.get(target.split(":")[2]) if target.count(":") >= 5 else None
        if found is None:
            raise validation("The destinationResourceArn is not a log group, a bucket or a delivery stream.")
        kind = found
        if given.get("deliveryDestinationType", kind) != kind:
            raise validation("The deliveryDestinationType does not fit the destinationResourceArn.")
    kept = scope.things("destinations")
    before = kept.get(name)
    if before and before["deliveryDestinationType"] != kind:
        raise validation("The type of a Delivery Destination cannot be changed.")
    used = before and any(
        item["deliveryDestinationArn"] == before["arn"] for item in scope.things("deliveries").values()
    )
    if before and used and given.get("outputFormat", before.get("outputFormat")) != before.get("outputFormat"):
        raise validation("The output format of a Delivery Destination that is in use cannot be changed.")
    kept[name] = {
        "name": name,
        "arn": scope.arn(f"delivery-destination:{name}"),
        "deliveryDestinationType": kind,
        **({"outputFormat": given["outputFormat"]} if "outputFormat" in given else {}),
        **({"deliveryDestinationConfiguration": {"destinationResourceArn": target}} if target else {}),
        "tags": {**(before or {}).get("tags", {}), **given.get("tags", {})},
    }
    return {"deliveryDestination": shown(kept[name], tags=True)}


def get_delivery_destination(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    return {"deliveryDestination": shown(one(scope, "destinations", given["name"], "Delivery Destination"), tags=True)}


def describe_delivery_destinations(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    page, token = paged([shown(item, True) for _name, item in sorted(scope.things("destinations").items())], given)
    return {"deliveryDestinations": page, "nextToken": token}


def delete_delivery_destination(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    item = one(scope, "destinations", given["name"], "Delivery Destination")
    if any(other["deliveryDestinationArn"] == item["arn"] for other in scope.things("deliveries").values()):
        raise conflict("Cannot delete a Delivery Destination that is used by a Delivery. Delete the Delivery first.")
    del scope.things("destinations")[given["name"]]
    scope.things("destination_policies").pop(given["name"], None)


def put_delivery_destination_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    name = given["deliveryDestinationName"]
    one(scope, "destinations", name, "Delivery Destination")
    policy = {"deliveryDestinationPolicy": given["deliveryDestinationPolicy"]}
    scope.things("destination_policies")[name] = policy
    return {"policy": policy}


def get_delivery_destination_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    name = given["deliveryDestinationName"]
    one(scope, "destinations", name, "Delivery Destination")
    return {"policy": scope.things("destination_policies").get(name, {})}


def delete_delivery_destination_policy(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    one(scope, "destinations", given["deliveryDestinationName"], "Delivery Destination")
    scope.things("destination_policies").pop(given["deliveryDestinationName"], None)


# -- deliveries


def check_fields(source: dict[str, Any], wanted: list[str] | None) -> list[str]:
    known = FIELDS.get((source["service"], source["logType"]), [])
    if wanted is None:
        return list(known)
    strange = [name for name in wanted if known and name not in known]
    if strange:
        raise validation(f"The record field {strange[0]} is not valid for the log type {source['logType']}.")
    return wanted


def create_delivery(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    source = one(scope, "sources", given["deliverySourceName"], "Delivery Source")
    target = next(
        (item for item in scope.things("destinations").values() if item["arn"] == given["deliveryDestinationArn"]), None
    )
    if target is None:
        raise refuse.not_found("Requested Delivery Destination does not exist in this account.")
    kept = scope.things("deliveries")
    kind = target["deliveryDestinationType"]
    for other in kept.values():
        if other["deliverySourceName"] == source["name"]:
            if other["deliveryDestinationArn"] == target["arn"]:
                raise conflict("Delivery already exists for the given Delivery Source and Delivery Destination.")
            if other["deliveryDestinationType"] == kind:
                raise conflict("A Delivery Source can have one Delivery of each destination type.")
    if "s3DeliveryConfiguration" in given and kind != "S3":
        raise validation("s3DeliveryConfiguration is only valid for deliveries to Amazon S3.")
    id = secrets.token_hex(8)
    delivery: dict[str, Any] = {
        "id": id,
        "arn": scope.arn(f"delivery:{id}"),
        "deliverySourceName": source["name"],
        "deliveryDestinationArn": target["arn"],
        "deliveryDestinationType": kind,
        "recordFields": check_fields(source, given.get("recordFields")),
    }
    if "fieldDelimiter" in given:
        delivery["fieldDelimiter"] = given["fieldDelimiter"]
    if kind == "S3":
        delivery["s3DeliveryConfiguration"] = {
            "suffixPath": SUFFIXES.get(source["service"], "AWSLogs/{account-id}/" + source["service"] + "/{region}/"),
            "enableHiveCompatiblePath": False,
            **given.get("s3DeliveryConfiguration", {}),
        }
    delivery["tags"] = given.get("tags", {})
    kept[id] = delivery
    return {"delivery": shown(delivery, tags=True)}


def get_delivery(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    return {"delivery": shown(one(scope, "deliveries", given["id"], "Delivery"), tags=True)}


def describe_deliveries(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    page, token = paged([shown(item, True) for item in scope.things("deliveries").values()], given)
    return {"deliveries": page, "nextToken": token}


def update_delivery_configuration(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    delivery = one(scope, "deliveries", given["id"], "Delivery")
    if "recordFields" in given:
        delivery["recordFields"] = check_fields(
            scope.things("sources")[delivery["deliverySourceName"]], given["recordFields"]
        )
    if "fieldDelimiter" in given:
        delivery["fieldDelimiter"] = given["fieldDelimiter"]
    if "s3DeliveryConfiguration" in given:
        if delivery["deliveryDestinationType"] != "S3":
            raise validation("s3DeliveryConfiguration is only valid for deliveries to Amazon S3.")
        delivery["s3DeliveryConfiguration"] |= given["s3DeliveryConfiguration"]
    return {}


def delete_delivery(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> None:
    one(scope, "deliveries", given["id"], "Delivery")
    del scope.things("deliveries")[given["id"]]


def describe_configuration_templates(service: CloudWatchLogs, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
    found = [
        {
            "service": owner,
            "logType": kind,
            "deliveryDestinationType": target,
            "defaultDeliveryConfigValues": {"recordFields": fields},
            "allowedFields": [{"name": name, "mandatory": False} for name in fields],
            "allowedOutputFormats": ["plain", "json"] if target == "CWL" else ["plain", "json", "w3c", "parquet"],
        }
        for (owner, kind), fields in FIELDS.items()
        for target in KINDS.values()
        if owner == given.get("service", owner)
        and kind in given.get("logTypes", [kind])
        and target in given.get("deliveryDestinationTypes", [target])
    ]
    page, token = paged(found, given)
    return {"configurationTemplates": page, "nextToken": token}


OPERATIONS = {
    "PutDeliverySource": put_delivery_source,
    "GetDeliverySource": get_delivery_source,
    "DescribeDeliverySources": describe_delivery_sources,
    "DeleteDeliverySource": delete_delivery_source,
    "PutDeliveryDestination": put_delivery_destination,
    "GetDeliveryDestination": get_delivery_destination,
    "DescribeDeliveryDestinations": describe_delivery_destinations,
    "DeleteDeliveryDestination": delete_delivery_destination,
    "PutDeliveryDestinationPolicy": put_delivery_destination_policy,
    "GetDeliveryDestinationPolicy": get_delivery_destination_policy,
    "DeleteDeliveryDestinationPolicy": delete_delivery_destination_policy,
    "CreateDelivery": create_delivery,
    "GetDelivery": get_delivery,
    "DescribeDeliveries": describe_deliveries,
    "UpdateDeliveryConfiguration": update_delivery_configuration,
    "DeleteDelivery": delete_delivery,
    "DescribeConfigurationTemplates": describe_configuration_templates,
}
