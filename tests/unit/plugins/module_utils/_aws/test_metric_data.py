# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many metrics in few calls, and the states of alarms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_states import alarm_states
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.info import Wanted as Chosen
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.metric_data import Wanted, checked, read
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

START, MIDDLE, END = (datetime(2026, 11, day, tzinfo=UTC) for day in (25, 26, 27))


class Account:
    """Answers each metric by two values, the newer one first and on a further page."""

    def __init__(self, items: list[dict[str, Any]] | None = None) -> None:
        self.calls: list[int] = []
        self.items = items or []

    def has(self, *_names: str) -> bool:
        return True

    def pages(self, service: str, operation: str, key: Any, /, **parameters: Any) -> Any:
        if operation == "DescribeAlarms":
            return list(self.items)
        if operation == "GetResources":
            return [
                {"ResourceARN": item["AlarmArn"], "Tags": [{"Key": "environment", "Value": item["AlarmName"][:4]}]}
                for item in self.items
            ]
        assert (service, operation, key) == ("cloudwatch", "GetMetricData", "MetricDataResults")
        queries = parameters["MetricDataQueries"]
        self.calls.append(len(queries))
        return [
            {"Id": query["Id"], "Timestamps": [moment], "Values": [value]}
            for moment, value in ((MIDDLE, 2), (START, 1))
            for query in queries
        ]


def test_five_hundred_a_call_and_values_oldest_first() -> None:
    account = Account()
    wanted = [Wanted("n", f"m{number}") for number in range(1001)]
    found = read(account, wanted, START, END)  # type: ignore[arg-type]
    assert account.calls == [500, 500, 1]
    assert found == [[(START, 1.0), (MIDDLE, 2.0)]] * 1001


def test_what_cannot_be_asked_is_one_sentence() -> None:
    one = {"id": "a", "period": 60}
    for entries, days, told in (
        ([one], 0, "days is 0; CloudWatch keeps values for 455 days: take 1 to 455."),
        ([one, one], 30, "metrics has the id 'a' twice: rename one."),
        ([{**one, "period": 61}], 30, "metric 'a': period is 61; take a multiple of 60 seconds."),
    ):
        with pytest.raises(InputError) as caught:
            checked(entries, days)
        assert str(caught.value) == told
    checked([one], 455)


def test_states_of_the_alarms_that_are_meant() -> None:
    items = [
        {"AlarmName": "test/b", "AlarmArn": "arn:b", "StateValue": "ALARM", "StateReason": "r", "ActionsEnabled": False,
         "StateTransitionedTimestamp": START, "StateUpdatedTimestamp": END},
        {"AlarmName": "test/a", "AlarmArn": "arn:a", "AlarmRule": "TRUE", "ActionsSuppressedBy": "Alarm"},
        {"AlarmName": "else/c", "AlarmArn": "arn:c", "StateValue": "OK"},
    ]  # fmt: skip
    found = alarm_states(Account(items), Chosen(tags={"environment": "test"}), [])  # type: ignore[arg-type]
    assert found == [
        {"name": "test/a", "state": "INSUFFICIENT_DATA", "since": "", "reason": "", "actions_enabled": True,
         "suppressed": "Alarm", "composite": True, "tags": {"environment": "test"}},
        {"name": "test/b", "state": "ALARM", "since": START.isoformat(), "reason": "r", "actions_enabled": False,
         "suppressed": "", "composite": False, "tags": {"environment": "test"}},
    ]  # fmt: skip
