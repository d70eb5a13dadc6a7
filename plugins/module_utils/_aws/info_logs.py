# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch Logs has in an account and Region, in the shape that the modules take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from . import (
    log_deliveries,
    log_deliveries_model,
    log_filters,
    log_filters_model,
    log_groups,
    log_groups_model,
    log_policies,
    log_queries,
    log_queries_model,
    log_subscriptions,
    log_subscriptions_model,
)
from .entries import each
from .errors import UNKNOWN, ApiError
from .info import Entry, Read, Wanted, tags_of
from .log_tags import GROUPS, ask_tags
from .session import Aws
from .tags import Tags

_Result = TypeVar("_Result")

#: What endpoints say that do not know an operation.
_NOT_KNOWN = UNKNOWN | {"InvalidOperationException"}


def _log_groups(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    chosen = _chosen_groups(aws, wanted)
    standard = [
        str(item["logGroupName"]) for item, _tags in chosen if item.get("logGroupClass", "STANDARD") == "STANDARD"
    ]
    detectors: Mapping[str, Mapping[str, Any]] = _if_known(lambda: log_groups.detectors(aws), {})
    transformers: Mapping[str, Any] = {}
    indexes: Mapping[str, Any] = {}
    if aws.has("logs", "GetTransformer"):
        transformers = _each_known(standard, lambda name: log_groups.get_transformer(aws, name))
    if aws.has("logs", "DescribeIndexPolicies"):
        indexes = _each_known(standard, lambda name: log_groups.get_index_fields(aws, name))
    protected = [str(item["logGroupName"]) for item, _tags in chosen if item.get("dataProtectionStatus") == "ACTIVATED"]
    policies = _each_known(protected, lambda name: log_groups.get_data_protection(aws, name))
    result = []
    for item, tags in chosen:
        name = str(item["logGroupName"])
        if item.get("logGroupClass", "STANDARD") not in log_groups_model.CLASSES.values():
            warnings.append(
                f"log group '{name}' is left out: it is of the class {item['logGroupClass']}, which "
                f"cloudwatch_log_groups does not make."
            )
            continue
        details = log_groups_model.Details(
            transformers.get(name), indexes.get(name), policies.get(name), detectors.get(log_groups_model.arn_of(item))
        )
        result.append(log_groups_model.exported(log_groups_model.actual(item, tags, details), wanted.own(tags)))
    return result


def _metric_filters(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    items = [item for item in log_filters.describe(aws) if str(item["logGroupName"]).startswith(wanted.prefix)]
    if wanted.owner or wanted.tags:
        groups = {str(item["logGroupName"]) for item, _tags in _chosen_groups(aws, wanted)}
        items = [item for item in items if item["logGroupName"] in groups]
    items.sort(key=lambda item: (item["logGroupName"], item["filterName"]))
    return [log_filters_model.exported(item) for item in items]


def _subscription_filters(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    names = [str(item["logGroupName"]) for item, _tags in _chosen_groups(aws, wanted)]
    found = each(lambda name: log_subscriptions.describe(aws, name), names)
    return [log_subscriptions_model.exported(item) for items in found for item in items]


def _queries(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    if wanted.tags:
        # Queries have none.
        return []
    items = [
        item
        for item in log_queries.describe(aws, wanted.prefix)
        if not wanted.owner or str(item["name"]).startswith(f"{wanted.owner}/")
    ]
    return [log_queries_model.exported(item) for item in sorted(items, key=lambda item: str(item["name"]))]


def _resource_policies(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    if wanted.tags or wanted.owner:
        # Policies have neither.
        return []
    items = [item for item in log_policies.describe(aws) if str(item["policyName"]).startswith(wanted.prefix)]
    return [
        {"name": str(item["policyName"]), "policy": log_policies.document(item)}
        for item in sorted(items, key=lambda item: str(item["policyName"]))
    ]


def _deliveries(aws: Aws, wanted: Wanted, warnings: list[str]) -> list[Entry]:
    model = log_deliveries_model
    items = [item for item in log_deliveries.sources(aws) if str(item["name"]).startswith(wanted.prefix)]
    arns = [str(item["arn"]) for item in items]
    tags = tags_of(aws, log_deliveries.KINDS[0], arns, wanted, each_unknown=True, ask=ask_tags)
    chosen = [item for item in items if wanted.takes(tags[str(item["arn"])])]
    destinations = {str(item["name"]): model.destination(item, {}) for item in log_deliveries.destinations(aws)}
    pairs: dict[str, list[Any]] = {}
    for item in log_deliveries.deliveries(aws):
        _kind, source, destination = model.ends(item)
        if destination in destinations:
            pairs.setdefault(source, []).append((model.delivery(item, {}), destinations[destination]))
    return [
        model.exported(
            model.source(item, {}), pairs.get(str(item["name"]), []), wanted.own(tags[str(item["arn"])])
        )
        for item in sorted(chosen, key=lambda item: str(item["name"]))
    ]  # fmt: skip


def _chosen_groups(aws: Aws, wanted: Wanted) -> list[tuple[dict[str, Any], Tags]]:
    """The log groups that are wanted, with their tags, by name."""
    filters = {"logGroupNamePrefix": wanted.prefix} if wanted.prefix else {}
    items = {log_groups_model.arn_of(item): item for item in log_groups.describe(aws, **filters)}
    tags = tags_of(aws, GROUPS, list(items), wanted, each_unknown=False, ask=ask_tags)
    return sorted(
        ((item, tags[arn]) for arn, item in items.items() if wanted.takes(tags[arn])),
        key=lambda pair: str(pair[0]["logGroupName"]),
    )


def _if_known(work: Callable[[], _Result], otherwise: _Result) -> _Result:
    """What an endpoint answers, if it knows the operation at all."""
    try:
        return work()
    except ApiError as error:
        if error.code in _NOT_KNOWN:
            return otherwise
        raise


def _each_known(names: Sequence[str], get: Callable[[str], Any]) -> Mapping[str, Any]:
    """What only a call for one log group tells."""
    return dict(zip(names, each(lambda name: _if_known(lambda: get(name), None), names), strict=True))


KINDS: dict[str, Read] = {
    "log_groups": _log_groups,
    "log_resource_policies": _resource_policies,
    "log_metric_filters": _metric_filters,
    "log_subscription_filters": _subscription_filters,
    "log_deliveries": _deliveries,
    "log_queries": _queries,
}
"""What can be gathered, in the order in which it has to be made in an empty account."""
