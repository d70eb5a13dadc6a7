# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""X-Ray: sampling rules, groups, and the settings that an account has one of. What is not said here it does not have.

Spans themselves go nowhere: applications send them to the collector, and the lab has no X-Ray that takes them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from lab.aws.protocols import ApiError
from lab.aws.tracing.store import Scope, Thing, as_list, as_mapping, page

SERVICE = "xray"
DEFAULT = "Default"
PAGE = 10
"""How many rules or groups come at once. AWS does not say; so few make a client follow the token."""
MOST_RULES = MOST_GROUPS = 25
"""AWS's quotas for custom rules and for groups in a Region."""
SETTLING = 0.5
"""Seconds for which a new destination is PENDING, and a new encryption UPDATING. On AWS it is minutes."""

_FIXED = ("Version", "RuleName", "RuleARN")


def invalid(message: str) -> ApiError:
    return ApiError("InvalidRequestException", message)


class XRay:
    """The operations.

    :param now: the time in seconds.
    :param may_write: whether X-Ray is allowed to write spans to the log groups of an account and Region.
    """

    def __init__(self, now: Callable[[], float], may_write: Callable[[Scope], bool]) -> None:
        self.now = now
        self.may_write = may_write

    # -- sampling rules

    def rules(self, scope: Scope) -> dict[str, Thing]:
        """The rules, with the one that every account has and nobody can delete."""
        if DEFAULT not in scope.rules:
            rule = {
                "RuleName": DEFAULT,
                "RuleARN": scope.arn(SERVICE, f"sampling-rule/{DEFAULT}"),
                "ResourceARN": "*",
                "Priority": 10000,
                "FixedRate": 0.05,
                "ReservoirSize": 1,
                "ServiceName": "*",
                "ServiceType": "*",
                "Host": "*",
                "HTTPMethod": "*",
                "URLPath": "*",
                "Version": 1,
                "Attributes": {},
            }
            scope.rules[DEFAULT] = {"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0}
        return scope.rules

    def get_sampling_rules(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        records = sorted(self.rules(scope).values(), key=lambda record: str(record["SamplingRule"]["RuleName"]))
        items, token = page(records, given.get("NextToken", ""), PAGE, "InvalidRequestException")
        return {"SamplingRuleRecords": items, "NextToken": token}

    def create_sampling_rule(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        rule = given["SamplingRule"]
        if "RuleARN" in rule or "RuleName" not in rule:
            raise invalid("A new rule is given by its RuleName.")
        name, rules = rule["RuleName"], self.rules(scope)
        if rule["Version"] != 1:
            raise invalid("Unsupported sampling rule version.")
        if name in rules:
            raise invalid(f"Sampling rule {name} already exists.")
        if len(rules) > MOST_RULES:
            raise ApiError("RuleLimitExceededException", "You have reached the maximum number of sampling rules.")
        tags = as_mapping(given.get("Tags") or [], "InvalidRequestException")
        arn = scope.arn(SERVICE, f"sampling-rule/{name}")
        whole = {**rule, "RuleARN": arn, "Attributes": rule.get("Attributes") or {}}
        rules[name] = {"SamplingRule": whole, "CreatedAt": self.now(), "ModifiedAt": self.now()}
        if tags:
            scope.tags[arn] = tags
        return {"SamplingRuleRecord": rules[name]}

    def update_sampling_rule(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        update = given["SamplingRuleUpdate"]
        record = self._rule(scope, update)
        changes = {name: value for name, value in update.items() if name not in _FIXED}
        if record["SamplingRule"]["RuleName"] == DEFAULT and set(changes) - {"FixedRate", "ReservoirSize"}:
            raise invalid("Only FixedRate and ReservoirSize of the Default rule can be changed.")
        for name, low, high in (("Priority", 1, 9999), ("FixedRate", 0, 1), ("ReservoirSize", 0, 2**31)):
            if name in changes and not low <= changes[name] <= high:
                raise invalid(f"{name} is out of range.")
        record["SamplingRule"].update(changes)
        record["ModifiedAt"] = self.now()
        return {"SamplingRuleRecord": record}

    def delete_sampling_rule(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        record = self._rule(scope, given)
        name = record["SamplingRule"]["RuleName"]
        if name == DEFAULT:
            raise invalid("The Default rule cannot be deleted.")
        scope.tags.pop(record["SamplingRule"]["RuleARN"], None)
        return {"SamplingRuleRecord": self.rules(scope).pop(name)}

    def _rule(self, scope: Scope, given: dict[str, Any]) -> Thing:
        if ("RuleName" in given) == ("RuleARN" in given):
            raise invalid("Specify a rule by either name or ARN, but not both.")
        name = given.get("RuleName") or given["RuleARN"].rpartition("/")[2]
        if name not in self.rules(scope):
            raise invalid(f"Sampling rule {name} does not exist.")
        return self.rules(scope)[name]

    # -- groups

    def get_groups(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        groups = [scope.groups[name] for name in sorted(scope.groups)]
        items, token = page(groups, given.get("NextToken", ""), PAGE, "InvalidRequestException")
        return {"Groups": items, "NextToken": token}

    def get_group(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        return {"Group": self._group(scope, given)}

    def create_group(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        name = given["GroupName"]
        if name == DEFAULT or name in scope.groups:
            raise invalid(f"Group {name} already exists.")
        if len(scope.groups) >= MOST_GROUPS:
            raise invalid("You have reached the maximum number of groups.")
        tags = as_mapping(given.get("Tags") or [], "InvalidRequestException")
        # The last part is what AWS makes up.
        arn = scope.arn(SERVICE, f"group/{name}/{uuid.uuid4().hex[:26].upper()}")
        group = {
            "GroupName": name,
            "GroupARN": arn,
            "FilterExpression": given.get("FilterExpression", ""),
            "InsightsConfiguration": insights(given.get("InsightsConfiguration"), {}),
        }
        scope.groups[name] = group
        if tags:
            scope.tags[arn] = tags
        return {"Group": group}

    def update_group(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        group = self._group(scope, given)
        if "FilterExpression" in given:
            group["FilterExpression"] = given["FilterExpression"]
        group["InsightsConfiguration"] = insights(given.get("InsightsConfiguration"), group["InsightsConfiguration"])
        return {"Group": group}

    def delete_group(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        group = self._group(scope, given)
        scope.tags.pop(group["GroupARN"], None)
        del scope.groups[group["GroupName"]]
        return {}

    def _group(self, scope: Scope, given: dict[str, Any]) -> Thing:
        for group in scope.groups.values():
            if group["GroupName"] == given.get("GroupName") or group["GroupARN"] == given.get("GroupARN"):
                return group
        raise invalid("Group not found.")

    # -- tags

    def list_tags_for_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": as_list(scope.tags.get(self._taggable(scope, given["ResourceARN"]), {}))}

    def tag_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        arn = self._taggable(scope, given["ResourceARN"])
        tags = {**scope.tags.get(arn, {}), **as_mapping(given["Tags"], "InvalidRequestException")}
        if len(tags) > 50:
            raise ApiError("TooManyTagsException", "The maximum number of tags per resource is 50.")
        scope.tags[arn] = tags
        return {}

    def untag_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        arn = self._taggable(scope, given["ResourceARN"])
        scope.tags[arn] = {key: value for key, value in scope.tags.get(arn, {}).items() if key not in given["TagKeys"]}
        return {}

    def _taggable(self, scope: Scope, arn: str) -> str:
        known = {record["SamplingRule"]["RuleARN"] for record in self.rules(scope).values()}
        known |= {group["GroupARN"] for group in scope.groups.values()}
        if arn not in known:
            raise ApiError("ResourceNotFoundException", "The resource does not exist.", 404)
        return arn

    # -- what an account has one of

    def get_trace_segment_destination(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kept = scope.settings.get("destination", {"Destination": "XRay", "at": 0.0})
        return {"Destination": kept["Destination"], "Status": self._status(kept["at"], "PENDING")}

    def update_trace_segment_destination(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        if "Destination" not in given:
            raise invalid("Destination is missing.")
        if given["Destination"] == "CloudWatchLogs" and not self.may_write(scope):
            raise invalid("XRay does not have permission to call PutLogEvents on the aws/spans Log Group")
        scope.settings["destination"] = {"Destination": given["Destination"], "at": self.now()}
        return self.get_trace_segment_destination(scope, {})

    def get_indexing_rules(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kept = scope.settings.get("indexing", {"percentage": 1.0, "at": 0.0})
        rule = {"DesiredSamplingPercentage": kept["percentage"], "ActualSamplingPercentage": kept["percentage"]}
        return {"IndexingRules": [{"Name": DEFAULT, "ModifiedAt": kept["at"], "Rule": {"Probabilistic": rule}}]}

    def update_indexing_rule(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        if given["Name"] != DEFAULT:
            raise ApiError("ResourceNotFoundException", f"There is no indexing rule {given['Name']}.", 404)
        percentage = given["Rule"].get("Probabilistic", {}).get("DesiredSamplingPercentage", -1.0)
        if not 0 <= percentage <= 100:
            raise invalid("DesiredSamplingPercentage must be from 0 to 100.")
        scope.settings["indexing"] = {"percentage": percentage, "at": self.now()}
        return {"IndexingRule": self.get_indexing_rules(scope, {})["IndexingRules"][0]}

    def get_encryption_config(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kept = scope.settings.get("encryption", {"Type": "NONE", "at": 0.0})
        config = {name: value for name, value in kept.items() if name != "at"}
        return {"EncryptionConfig": {**config, "Status": self._status(kept["at"], "UPDATING")}}

    def put_encryption_config(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        if (given["Type"] == "KMS") != ("KeyId" in given):
            raise invalid("KeyId is needed with the type KMS, and with no other.")
        kept = {"Type": given["Type"], "at": self.now()}
        if "KeyId" in given:
            kept["KeyId"] = key_arn(scope, given["KeyId"])
        scope.settings["encryption"] = kept
        return self.get_encryption_config(scope, {})

    def _status(self, since: float, meanwhile: str) -> str:
        return meanwhile if self.now() < since + SETTLING else "ACTIVE"


def insights(given: Thing | None, before: Thing) -> Thing:
    """The configuration of insights of a group; notifications are of insights."""
    whole = {"InsightsEnabled": False, "NotificationsEnabled": False, **before, **(given or {})}
    if whole["NotificationsEnabled"] and not whole["InsightsEnabled"]:
        raise invalid("Notifications need insights.")
    return whole


def key_arn(scope: Scope, key: str) -> str:
    """A key by its ARN, as it is shown; an alias is that of some key."""
    if key.startswith("alias/"):
        return scope.arn("kms", f"key/{uuid.uuid5(uuid.NAMESPACE_URL, key)}")
    return key if key.startswith("arn:") else scope.arn("kms", f"key/{key}")


def call(service: XRay, operation: str, scope: Scope, given: dict[str, Any]) -> dict[str, Any] | None:
    """Do an operation. One that the stand-in lacks is an error that says so."""
    act = getattr(service, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower(), None)
    if act is None:
        raise invalid(f"The lab's stand-in for AWS does not have {operation}.")
    found: dict[str, Any] | None = act(scope, given)
    return found
