# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much has been written to log groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_volumes import GB, monthly, volumes

NOW = datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
END = datetime(2026, 11, 27, tzinfo=UTC)


class Account:
    """CloudWatch, with so many bytes a day for each log group."""

    def __init__(self, bytes_a_day: dict[str, list[float]]) -> None:
        self.days = bytes_a_day
        self.asked: list[dict[str, Any]] = []

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[dict[str, Any]]:
        if operation == "ListMetrics":
            others = [
                {"Dimensions": []},
                {"Dimensions": [{"Name": "LogGroupName", "Value": "/a"}, {"Name": "X", "Value": "y"}]},
            ]
            return [*others, *({"Dimensions": [{"Name": "LogGroupName", "Value": name}]} for name in self.days)]
        self.asked.append(parameters)
        result = []
        for query in parameters["MetricDataQueries"]:
            name = query["MetricStat"]["Metric"]["Dimensions"][0]["Value"]
            values = self.days[name]
            times = [END - timedelta(days=ago + 1) for ago in range(len(values))]
            # A result goes on over two pages.
            for one in (slice(None, 1), slice(1, None)):
                result.append({"Id": query["Id"], "Timestamps": times[one], "Values": values[one]})
        return result


def test_a_month_is_made_of_the_days_that_there_are() -> None:
    account = Account({"/p/a": [GB] * 14, "/p/young": [GB] * 2, "/p/none": [], "/q/b": [GB]})
    found = volumes(account, 14, NOW, "/p/")  # type: ignore[arg-type]
    assert found == {"/p/a": pytest.approx(365 / 12), "/p/young": pytest.approx(365 / 12)}
    assert account.asked[0]["StartTime"] == END - timedelta(days=14)
    assert account.asked[0]["EndTime"] == END


def test_a_day_without_a_point_is_a_day_without_lines() -> None:
    assert monthly([(END - timedelta(days=10), 5.0 * GB)], END) == pytest.approx(0.5 * 365 / 12)
    assert monthly([], END) is None


def test_five_hundred_metrics_are_asked_for_at_once() -> None:
    account = Account({f"/p/{number}": [1.0] for number in range(1001)})
    assert len(volumes(account, 1, NOW)) == 1001  # type: ignore[arg-type]
    assert [len(asked["MetricDataQueries"]) for asked in account.asked] == [500, 500, 1]
