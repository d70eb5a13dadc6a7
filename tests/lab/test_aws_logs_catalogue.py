# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats and saved queries of the catalogue in the stand-in, whose patterns and queries are an implementation of
its own: both say the same of every sample line."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import log_pattern
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_formats import FORMATS, Format
from lab.aws.testing import Aws


@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_patterns_match_the_same_sample_lines(stand_in: Aws, form: Format) -> None:
    logs = stand_in.client("logs")
    lines = [sample.line for sample in form.samples]
    for count in form.counts:
        for pattern in count.patterns:
            matches = logs.test_metric_filter(filterPattern=pattern, logEventMessages=lines)["matches"]
            ours = log_pattern.parse(pattern)
            assert {match["eventNumber"] for match in matches} == {
                number for number, line in enumerate(lines, 1) if ours.match(line)
            }
            if count.measured:
                values = {match["eventNumber"]: match["extractedValues"][count.value] for match in matches}
                wanted = {
                    number: sample.counts[count.name]
                    for number, sample in enumerate(form.samples, 1)
                    if count.name in sample.counts and number in values
                }
                assert values == wanted


@pytest.mark.parametrize("form", [form for form in FORMATS.values() if form.errors], ids=lambda form: form.name)
def test_queries_find_the_errors_that_filters_count(stand_in: Aws, form: Format) -> None:
    logs = stand_in.client("logs")
    logs.create_log_group(logGroupName="/g")
    logs.create_log_stream(logGroupName="/g", logStreamName="s")
    at = int(time.time() * 1000)
    events = [{"timestamp": at + number, "message": sample.line} for number, sample in enumerate(form.samples)]
    logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=events)
    name = "5xx" if form.access else "errors"
    errors = [sample.line for sample in form.samples if name in sample.counts]
    found = ask(logs, [*form.prelude, f"filter {form.errors}", "fields @message", "sort @timestamp"])
    assert [row["@message"] for row in found] == errors
    if form.access:
        rows = ask(logs, [*form.prelude, f"filter {form.errors}", f"stats count(*) as n by {form.fields['status']}"])
        assert sum(int(row["n"]) for row in rows) == len(errors)


def ask(logs: Any, commands: list[str]) -> list[dict[str, str]]:
    now = int(time.time())
    query = " | ".join(commands)
    id = logs.start_query(logGroupName="/g", startTime=now - 600, endTime=now + 600, queryString=query)["queryId"]
    while (answer := logs.get_query_results(queryId=id))["status"] != "Complete":
        time.sleep(0.03)
    return [{pair["field"]: pair["value"] for pair in row} for row in answer["results"]]


@pytest.mark.parametrize("form", [form for form in FORMATS.values() if form.transformer], ids=lambda form: form.name)
def test_transformers_are_taken(stand_in: Aws, form: Format) -> None:
    logs = stand_in.client("logs")
    logs.create_log_group(logGroupName="/g")
    config = json.loads(json.dumps(form.transformer))
    logs.put_transformer(logGroupIdentifier="/g", transformerConfig=config)
    assert logs.get_transformer(logGroupIdentifier="/g")["transformerConfig"] == config
