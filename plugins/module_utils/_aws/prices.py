# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices from AWS's Price List API: the calls behind ``aws_prices_info``, and what their answers mean."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from .session import Aws

# As the linter of ansible-test reads it: in an alias it takes | for an operation on values.
Price = Union[float, list[dict[str, float]]]  # noqa: UP007

#: By key: the service, and how its usage types end, without the prefix of the Region.
USAGE: dict[str, tuple[str, str]] = {
    "metric": ("AmazonCloudWatch", "CW:MetricMonitorUsage"),
    "alarm": ("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    "alarm_high_resolution": ("AmazonCloudWatch", "CW:HighResAlarmMonitorUsage"),
    "alarm_composite": ("AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage"),
    "alarm_insights": ("AmazonCloudWatch", "CW:MetricInsightAlarmUsage"),
    "dashboard": ("AmazonCloudWatch", "DashboardsUsageHour"),
    "logs_standard": ("AmazonCloudWatch", "DataProcessing-Bytes"),
    "logs_infrequent": ("AmazonCloudWatch", "DataProcessingIA-Bytes"),
    "logs_vended": ("AmazonCloudWatch", "VendedLog-Bytes"),
    "logs_vended_s3": ("AmazonCloudWatch", "S3-Egress-Bytes"),
    "logs_stored": ("AmazonCloudWatch", "TimedStorage-ByteHrs"),
    "logs_scanned": ("AmazonCloudWatch", "DataScanned-Bytes"),
    "lambda_request": ("AWSLambda", "Request"),
    "lambda_gb_second": ("AWSLambda", "Lambda-GB-Second"),
    "lambda_gb_second_arm": ("AWSLambda", "Lambda-GB-Second-ARM"),
    "schedule": ("AWSEvents", "ScheduledInvocation"),
    "secret": ("AWSSecretsManager", "AWSSecretsManager-Secrets"),
    "key": ("awskms", "KMS-Keys"),
    "trace": ("AWSXRay", "XRay-TracesStored"),
    "span_gb": ("AWSXRay", "XRay-SpanIngestion-Bytes"),
}


def prices(aws: Aws, region: str) -> tuple[dict[str, Price], list[str]]:
    """The prices of a Region, and the keys of :data:`USAGE` that the API has none of."""
    products: dict[str, list[Mapping[str, Any]]] = {}
    for service in dict.fromkeys(service for service, _usage in USAGE.values()):
        products[service] = [
            json.loads(text) if isinstance(text, str) else text
            for text in aws.pages(
                "pricing",
                "GetProducts",
                "PriceList",
                ServiceCode=service,
                Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
                FormatVersion="aws_v1",
            )
        ]
    found: dict[str, Price] = {}
    for key, (service, usage) in USAGE.items():
        price = price_of(products[service], usage)
        if price is not None:
            found[key] = price
    return found, [key for key in USAGE if key not in found]


def price_of(products: Iterable[Mapping[str, Any]], usage: str) -> Price | None:
    """What a kind of usage costs, as a number or as tiers; ``None`` where the products do not say it.

    What is free of the first tier is not said here: it belongs to the account, not to the Region.

    :param usage: the usage type, without the Region's prefix (``EUC1-``).
    """
    tiers: defaultdict[float, set[float]] = defaultdict(set)
    for product in products:
        own = str(((product.get("product") or {}).get("attributes") or {}).get("usagetype") or "")
        if own != usage and own.partition("-")[2] != usage:
            continue
        for offer in ((product.get("terms") or {}).get("OnDemand") or {}).values():
            for dimension in (offer.get("priceDimensions") or {}).values():
                dollars = (dimension.get("pricePerUnit") or {}).get("USD")
                if dollars is not None:
                    tiers[float(dimension.get("beginRange") or 0)].add(float(dollars))
    return _tiers(tiers)


def _tiers(found: Mapping[float, set[float]]) -> Price | None:
    # Operations may have prices of their own; the dearest is what an estimate is on the safe side with.
    steps: Sequence[tuple[float, float]] = sorted((start, max(dollars)) for start, dollars in found.items())
    while len(steps) > 1 and not steps[0][1]:  # The free tier, as its own first step.
        steps = [(0.0, steps[1][1]), *steps[2:]]
    merged: list[tuple[float, float]] = []
    for start, dollars in steps:
        if not merged or merged[-1][1] != dollars:
            merged.append((start, dollars))
    if not merged:
        return None
    if len(merged) == 1:
        return merged[0][1]
    ends = [start for start, _dollars in merged[1:]]
    return [{"to": end, "price": dollars} for end, (_start, dollars) in zip(ends, merged, strict=False)] + [
        {"price": merged[-1][1]}
    ]
