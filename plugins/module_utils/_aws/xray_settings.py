# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has one of for traces: where spans go, how many are indexed, how they are encrypted, discovery.

Each setting is an object that always exists and bears no mark; there is nothing to create, delete or purge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import Actual, Change, Desired, Plan
from .bulk import Kind
from .errors import ApiError
from .session import Aws, Known

SINCE = "1.35.67"
"""The first botocore that knows where spans go, and indexing."""

DESTINATION = "trace_segment_destination"
INDEXING = "indexing_percentage"
ENCRYPTION = "encryption"
DISCOVERY = "service_discovery"
SETTINGS = (DESTINATION, INDEXING, ENCRYPTION, DISCOVERY)

ROLE = "AWSServiceRoleForCloudWatchApplicationSignals"
"""The service-linked role by which Application Signals discovers services: it has no other state that can be read."""

DESTINATIONS = {"xray": "XRay", "cloudwatch_logs": "CloudWatchLogs"}
_INDEXING_RULE = "Default"


class Settings(Kind):
    """The settings of an account and Region."""

    noun = "X-Ray setting"

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__()
        self._given: dict[str, Any] = {name: given.get(name) for name in SETTINGS if given.get(name) is not None}
        self._seen: dict[str, Any] = {}

    # -- deciding

    def desired(self, known: Known) -> list[Desired]:
        if not self._given:
            raise InputError(f"Nothing is set: give one of {', '.join(SETTINGS)}.")
        for name, operation in ((DESTINATION, "UpdateTraceSegmentDestination"), (INDEXING, "UpdateIndexingRule")):
            if name in self._given:
                known.need(name, SINCE, "xray", operation)
        wanted: dict[str, Any] = dict(self._given)
        if wanted.get(DISCOVERY) is False:
            raise InputError(
                f"{DISCOVERY} cannot be turned off by AWS's API: take it out, and delete the role {ROLE} where nothing "
                f"else uses Application Signals."
            )
        if INDEXING in wanted:
            wanted[INDEXING] = _percentage(wanted[INDEXING])
        if ENCRYPTION in wanted:
            wanted[ENCRYPTION] = _encryption(wanted[ENCRYPTION])
        return [
            Desired(name, name, position, {"value": wanted[name]})
            for position, name in enumerate(name for name in SETTINGS if name in wanted)
        ]

    def equal(self, name: str, before: Any, after: Any) -> bool:
        if isinstance(after, Mapping):
            return same_encryption(before, after)
        if isinstance(after, float):
            return before is not None and abs(before - after) < 1e-6
        return bool(before == after)

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """Spans are indexed where they go, so the destination comes first."""
        first: list[Change] = [change for change in decided.update if change.key == DESTINATION]
        return [first, [change for change in decided.update if change.key != DESTINATION]]

    # -- reading

    def read(self, aws: Aws) -> list[Actual]:
        found = {name: _READERS[name](aws) for name in SETTINGS if name in self._given}
        self._seen = found
        return [Actual(name, name, name, {"value": value["value"]}) for name, value in found.items()]

    def returns(self) -> dict[str, Any]:
        return {"status": {name: value["status"] for name, value in self._seen.items() if value["status"] is not None}}

    # -- writing

    def apply(self, aws: Aws, change: Change) -> None:
        value = self._value(change)
        if change.key == DESTINATION:
            aws.call("xray", "UpdateTraceSegmentDestination", Destination=DESTINATIONS[value])
        elif change.key == INDEXING:
            rule = {"Probabilistic": {"DesiredSamplingPercentage": value}}
            aws.call("xray", "UpdateIndexingRule", Name=_INDEXING_RULE, Rule=rule)
        elif change.key == DISCOVERY:
            aws.call("application-signals", "StartDiscovery")
        else:
            key = {"KeyId": value["key"]} if value["type"] == "kms" else {}
            aws.call("xray", "PutEncryptionConfig", Type=value["type"].upper(), **key)

    def _value(self, change: Change) -> Any:
        differences = getattr(change, "differences", None)
        if not differences:
            raise KumawatchError(f"{change.label} is not there to be changed: the endpoint does not have it.")
        return differences["value"].after


def _percentage(value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 100:
        raise InputError(f"{INDEXING} must be from 0 to 100, not {number:g}: it is a percentage of the spans.")
    return number


def _encryption(given: Mapping[str, Any]) -> dict[str, str]:
    kind, key = str(given["type"]), str(given.get("key") or "")
    if kind == "kms" and not key:
        raise InputError(f"{ENCRYPTION}: the type kms needs key: give the ARN or the id of a key.")
    if kind == "none" and key:
        raise InputError(f"{ENCRYPTION}: key is for the type kms: take it out, or set type: kms.")
    if key.startswith("alias/") or ":alias/" in key:
        raise InputError(
            f"{ENCRYPTION}: key '{key}' is an alias, and X-Ray shows the key itself, so that the two cannot be "
            f"compared: give the ARN or the id of the key."
        )
    return {"type": kind, **({"key": key} if key else {})}


def same_encryption(before: Any, after: Mapping[str, str]) -> bool:
    """Whether two ways of encryption are the same; an id is that of the key with the ARN that ends with it."""
    if before is None or before.get("type") != after["type"]:
        return False
    have, want = str(before.get("key") or ""), after.get("key", "")
    return have == want or have.rpartition("/")[2] == want


def _destination(aws: Aws) -> dict[str, Any]:
    answer = aws.call("xray", "GetTraceSegmentDestination")
    names = {value: name for name, value in DESTINATIONS.items()}
    return {"value": names.get(answer.get("Destination", ""), answer.get("Destination")), "status": _lower(answer)}


def _indexing(aws: Aws) -> dict[str, Any]:
    for rule in aws.pages("xray", "GetIndexingRules", "IndexingRules"):
        if rule.get("Name") == _INDEXING_RULE:
            probabilistic = (rule.get("Rule") or {}).get("Probabilistic") or {}
            return {"value": probabilistic.get("DesiredSamplingPercentage"), "status": None}
    # Before Transaction Search is on, there may be none; what is set then is what differs.
    return {"value": None, "status": None}


def _encrypted(aws: Aws) -> dict[str, Any]:
    config = aws.call("xray", "GetEncryptionConfig").get("EncryptionConfig") or {}
    value = {"type": str(config.get("Type") or "NONE").lower()}
    if config.get("KeyId") and value["type"] == "kms":
        value["key"] = str(config["KeyId"])
    return {"value": value, "status": _lower(config)}


def _discovered(aws: Aws) -> dict[str, Any]:
    try:
        aws.call("iam", "GetRole", RoleName=ROLE)
    except ApiError as error:
        if error.code == "NoSuchEntity":
            return {"value": False, "status": None}
        raise
    return {"value": True, "status": None}


def _lower(answer: Mapping[str, Any]) -> str:
    return str(answer.get("Status") or "ACTIVE").lower()


_READERS: dict[str, Callable[[Aws], dict[str, Any]]] = {
    DESTINATION: _destination,
    INDEXING: _indexing,
    ENCRYPTION: _encrypted,
    DISCOVERY: _discovered,
}
