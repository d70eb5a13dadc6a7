# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions: what is compared, what is sent, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import functions_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:alerts"


def mapping(**more: Any) -> dict[str, Any]:
    return {"UUID": "1", "EventSourceArn": QUEUE, "State": "Enabled", "BatchSize": 10, **more}


def test_only_what_is_declared_is_sent() -> None:
    properties = model.properties_of({"name": "f", "timeout": 30, "environment": {"A": 1}}, None)
    assert model.configuration_for(properties) == {"Timeout": 30, "Environment": {"Variables": {"A": "1"}}}


@pytest.mark.parametrize(
    ("state", "enabled"),
    [("Enabled", True), ("Creating", True), ("Updating", True), ("Disabled", False), ("Disabling", False)],
)
def test_an_event_source_on_its_way_counts_as_there(state: str, enabled: bool) -> None:
    assert model.source_from(mapping(State=state))["enabled"] is enabled


def test_all_settings_of_an_event_source_are_compared() -> None:
    there = [model.source_from(mapping(FunctionResponseTypes=["ReportBatchItemFailures"]))]
    declared = {"arn": QUEUE, "enabled": True, "batch_size": 10, "batch_window": 0, "report_failures": True}
    assert model.same_sources(there, [declared])
    for option, value in (("enabled", False), ("batch_size", 5), ("batch_window", 1), ("report_failures", False)):
        assert not model.same_sources(there, [{**declared, option: value}])
    assert not model.same_sources(there, [])


def test_what_an_event_source_reports_can_be_switched_off() -> None:
    assert model.source_for({"arn": QUEUE, "report_failures": False}) == {"FunctionResponseTypes": []}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "a/b"}, "'a/b'"),
        ({"name": "f", "environment": {"A": "ä" * 2048}}, "holds 4097 bytes, and AWS takes 4096"),
        ({"name": "f", "event_sources": [{"arn": QUEUE}, {"arn": QUEUE}]}, "declared twice"),
        ({"name": "f", "event_sources": [{"arn": QUEUE, "batch_size": 100}]}, "needs a 'batch_window'"),
    ],
)
def test_a_mistake_is_named(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        model.check_entry(entry)


def test_a_function_that_goes_need_not_be_right() -> None:
    model.check_entry({"name": "f", "state": "absent", "environment": {"A": "x" * 5000}})
