# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a catalogue says of logs, in the running stand-in: taken as it is, and told of when a line says so."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import (
    alarm_model,
    log_filters_model,
    log_queries_model,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import FAMILIES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import logs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_alarms import log_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_dashboard import log_dashboard
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_formats import FORMATS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_queries import log_queries
from lab.aws.testing import Aws
from tests.unit.plugins.module_utils._catalog.log_catalogue import OPTIONS, Newest, catalogue, discovery

ROOT = Path(__file__).parents[2]


class World:
    """The stand-in with the log groups, filters and alarms of a catalogue, and a clock that the test turns."""

    def __init__(self, aws: Aws, declared: dict[str, Any], found: dict[str, Any]) -> None:
        self.aws, self.logs, self.cloudwatch = aws, aws.client("logs"), aws.client("cloudwatch")
        self.now = time.time() // 3600 * 3600 + 3600
        aws.evaluate(self.now)
        for entry in logs.groups(declared, found):
            self.logs.create_log_group(logGroupName=entry["name"], logGroupClass=entry["class"].upper())
            self.logs.put_retention_policy(logGroupName=entry["name"], retentionInDays=entry["retention_days"])
            if entry.get("transformer"):
                self.logs.put_transformer(logGroupIdentifier=entry["name"], transformerConfig=entry["transformer"])
            self.logs.create_log_stream(logGroupName=entry["name"], logStreamName="a")
        self.filters = logs.metric_filters(declared, found)
        for wanted in log_filters_model.desired(self.filters, Newest()):
            self.logs.put_metric_filter(**log_filters_model.request(wanted.key, wanted.properties))
        for entry in (*alarms(declared, found), *log_alarms(declared, found)):
            family = FAMILIES[entry["kind"]]
            given = {key: value for key, value in entry.items() if key not in ("name", "kind")}
            put = getattr(self.cloudwatch, f"put_{family.replace(' ', '_')}")
            put(**alarm_model.parameters(entry["name"], family, alarm_model.declared(given, entry["kind"])))

    def write(self, group: str, *lines: str) -> None:
        at = int(self.now * 1000)
        events = [{"timestamp": at, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=events)

    def minutes(self, count: int, group: str, *lines: str) -> None:
        """The same lines every minute."""
        for _minute in range(count):
            self.write(group, *lines)
            for _step in range(6):
                self.now += 10
                self.aws.evaluate(self.now)

    def on(self) -> set[str]:
        """The alarms that are on, by name without the environment."""
        kinds = ["MetricAlarm", "LogAlarm"]
        pages = self.cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM", AlarmTypes=kinds)
        return {
            alarm["AlarmName"].removeprefix("production/")
            for page in pages
            for key, alarms in page.items()
            if key.endswith("Alarms")
            for alarm in alarms
        }


ONE = """
- name: api
  logs:
    silence: 3
    error_rate: {floor: 10, evaluation_periods: 2, warning: 5, critical: 50}
    sources: [{file: /a, format: json}]
    patterns: [{name: declined, pattern: '{ $.event = "declined" }', threshold: 3, period: 60}]
    repeated: [{name: refused, text: connection refused, times: 4, minutes: 1}]
"""
GROUP = "/production/api/app"


def lines(good: int, bad: int, text: str = "declined") -> list[str]:
    fine = [json.dumps({"level": "info", "event": "placed"})] * good
    return fine + [json.dumps({"level": "error", "event": text})] * bad


def test_a_share_of_errors_is_told_of_and_ends(stand_in: Aws) -> None:
    world = World(stand_in, catalogue(ONE), discovery(api={}))
    world.minutes(4, GROUP, *lines(40, 0))
    assert world.on() == set()
    world.minutes(4, GROUP, *lines(40, 4, "other"))
    assert world.on() == {"api/log_errors/warning"}, "9 % of the lines"
    world.minutes(4, GROUP, *lines(10, 40, "other"))
    assert world.on() == {"api/log_errors/warning", "api/log_errors/critical"}
    world.minutes(4, GROUP, *lines(2, 4, "other"))
    assert world.on() == set(), "too few lines to tell"


def test_a_pattern_and_silence_are_told_of(stand_in: Aws) -> None:
    world = World(stand_in, catalogue(ONE), discovery(api={}))
    world.minutes(3, GROUP, *lines(90, 2))
    assert world.on() == set()
    world.minutes(2, GROUP, *lines(90, 3))
    assert world.on() == {"api/log_pattern/declined/warning"}
    for _step in range(60):
        world.now += 10
        stand_in.evaluate(world.now)
    assert world.on() == {"api/log_silence/app/warning"}
    world.minutes(2, GROUP, *lines(90, 0))
    assert world.on() == set()


def test_a_repeated_error_is_told_of(stand_in: Aws) -> None:
    world = World(stand_in, catalogue(ONE), discovery(api={}))
    world.minutes(3, GROUP, *lines(90, 3, "connection refused"))
    assert world.on() == set()
    world.minutes(3, GROUP, *lines(90, 4, "connection refused"))
    assert world.on() == {"api/log_repeated/refused/warning"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_stand_in_finds_in_the_samples_what_we_do(stand_in: Aws, name: str) -> None:
    """Two implementations of what AWS does, written apart from each other."""
    form, client = FORMATS[name], stand_in.client("logs")
    for count in form.counts:
        for number, pattern in enumerate(count.patterns):
            tests = logs.samples(form, count, number)
            answer = client.test_metric_filter(filterPattern=pattern, logEventMessages=[one["line"] for one in tests])
            matches = {match["eventNumber"]: match["extractedValues"] for match in answer["matches"]}
            assert set(matches) == {position for position, one in enumerate(tests, 1) if one["match"]}, count.name
            for position, one in enumerate(tests, 1):
                for selector, value in one.get("values", {}).items():
                    assert matches[position][selector] == value


def test_the_lines_of_a_container_are_unwrapped(stand_in: Aws) -> None:
    text = "[{name: api, logs: {sources: [{docker: api, format: json}]}}]"
    world = World(stand_in, catalogue(text), discovery(api={}))
    wrapped = json.dumps({"log": json.dumps({"level": "error"}) + "\n", "stream": "stdout", "attrs": {"tag": "api"}})
    world.write("/production/api/container", wrapped, json.dumps({"log": "ready\n", "stream": "stdout"}))
    found = world.cloudwatch.get_metric_statistics(
        Namespace="Kumawatch/production", MetricName="api/errors", StartTime=world.now - 300, EndTime=world.now + 300,
        Period=60, Statistics=["Sum"],
    )["Datapoints"]  # fmt: skip
    assert [point["Sum"] for point in found] == [1]


def test_aws_takes_everything_that_is_derived(stand_in: Aws) -> None:
    world = World(stand_in, catalogue(), discovery())
    assert len(world.filters) > 20
    queries = log_queries(catalogue(), discovery())
    for wanted in log_queries_model.desired(queries, "kumawatch-production", Newest()):
        world.logs.put_query_definition(**log_queries_model.request(wanted.key, wanted.properties))
    for entry in queries:
        query = entry["query"].replace("{{trace_id}}", "1-67").replace("{{container}}", "api")
        world.logs.start_query(
            logGroupNames=entry["log_groups"], queryString=query, startTime=int(world.now) - 60, endTime=int(world.now)
        )
    for page in log_dashboard(catalogue(), discovery()):
        answer = world.cloudwatch.put_dashboard(DashboardName=page["name"], DashboardBody=json.dumps(page["body"]))
        assert answer["DashboardValidationMessages"] == []


@pytest.mark.parametrize("environment", ["lab", "production"])
def test_the_logs_of_the_example_inventories_are_taken(stand_in: Aws, environment: str) -> None:
    text = (ROOT / "inventories" / environment / "group_vars" / "all" / "services.yml").read_text()
    declared = resolve(yaml.safe_load(re.sub(r"\{\{ lab_[^}]*\}\}", "http://127.0.0.1:1/", text)), OPTIONS)
    found = {
        service["name"]: discovery()["services"]["api"]
        for service in declared["services"]
        if service.get("load_balancer") or service.get("database")
    }
    world = World(stand_in, declared, discovery(**found))
    assert world.filters
