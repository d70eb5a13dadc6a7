# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices from the Price List API.

The answers have the shape that AWS documents for ``GetProducts`` (``aws_v1``); they were written for this test, not
recorded from an account.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.prices import USAGE, price_of, prices
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import cost_prices


def product(usage: str, *steps: tuple[float, float], service: str = "AmazonCloudWatch") -> dict[str, Any]:
    return {
        "product": {
            "productFamily": "Metric",
            "attributes": {"servicecode": service, "usagetype": usage},
            "sku": usage,
        },
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                f"{usage}.JRTCKXETXF": {
                    "priceDimensions": {
                        f"{usage}.JRTCKXETXF.{number}": {
                            "unit": "Metrics",
                            "beginRange": f"{start:g}",
                            "endRange": "Inf",
                            "pricePerUnit": {"USD": f"{dollars:.10f}"},
                        }
                        for number, (start, dollars) in enumerate(steps)
                    }
                }
            }
        },
        "version": "20261120",
    }


class Account:
    """The API, with so many products of CloudWatch."""

    def __init__(self, *products: dict[str, Any]) -> None:
        self.products = products
        self.asked: list[dict[str, Any]] = []

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[str]:
        self.asked.append({"operation": f"{service}:{operation}", "key": key, **parameters})
        return [json.dumps(one) for one in self.products if one["serviceCode"] == parameters["ServiceCode"]]


METRICS = ((0.0, 0.3), (10_000.0, 0.1), (250_000.0, 0.05), (1_000_000.0, 0.02))


def test_prices_are_found_by_usage_type_whatever_the_prefix_of_the_region() -> None:
    account = Account(
        product("EUC1-CW:MetricMonitorUsage", *METRICS),
        product("EUC1-DataProcessing-Bytes", (0, 0.63)),
        product("EUC1-DataProcessingIA-Bytes", (0, 0.315)),
        product("EUC1-Lambda-GB-Second-ARM", (0, 0.0000133334), service="AWSLambda"),
    )
    found, missing = prices(account, "eu-central-1")  # type: ignore[arg-type]
    assert found == {
        "metric": [
            {"to": 10_000, "price": 0.3},
            {"to": 250_000, "price": 0.1},
            {"to": 1_000_000, "price": 0.05},
            {"price": 0.02},
        ],
        "logs_standard": 0.63,
        "logs_infrequent": 0.315,
        "lambda_gb_second_arm": 0.0000133334,
    }
    assert set(missing) == set(USAGE) - set(found)
    assert [one["ServiceCode"] for one in account.asked] == list(
        dict.fromkeys(service for service, _ in USAGE.values())
    )
    assert account.asked[0]["Filters"] == [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-central-1"}]


@pytest.mark.parametrize(
    ("steps", "price"),
    [
        ([(0.0, 0.5)], 0.5),
        ([(0.0, 0.0), (5.0, 0.5)], 0.5),  # what is free of it
        ([(0.0, 0.0)], 0.0),
        ([(0.0, 0.0), (10.0, 0.3), (10_000.0, 0.1)], [{"to": 10_000, "price": 0.3}, {"price": 0.1}]),
        ([(0.0, 0.5), (10.0, 0.5)], 0.5),
    ],
)
def test_tiers(steps: list[tuple[float, float]], price: Any) -> None:
    assert price_of([product("CW:AlarmMonitorUsage", *steps)], "CW:AlarmMonitorUsage") == price


def test_of_two_prices_the_dearer_one_is_taken_and_of_none_none() -> None:
    two = [product("TimedStorage-ByteHrs", (0, 0.03)), product("EU-TimedStorage-ByteHrs", (0, 0.04))]
    assert price_of(two, "TimedStorage-ByteHrs") == 0.04
    assert price_of(two, "DataScanned-Bytes") is None
    assert price_of([{"product": {"attributes": {"usagetype": "DataScanned-Bytes"}}}], "DataScanned-Bytes") is None


def test_what_is_read_can_be_priced_with() -> None:
    known = {item.price for item in cost_prices.ITEMS.values()}
    assert set(USAGE) <= known
    steps, _missing = prices(Account(product("CW:MetricMonitorUsage", *METRICS)), "us-east-1")  # type: ignore[arg-type]
    document = {"date": "2026-11-27", "regions": {"us-east-1": {**dict.fromkeys(known, 1), **steps}}}
    made = cost_prices.charges({"agent_metrics": 11_000}, cost_prices.prices(document))
    assert made["agent_metrics"].monthly == pytest.approx(10_000 * 0.3 + 1_000 * 0.1)
