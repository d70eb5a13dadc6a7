# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CloudWatch agent takes: the schema that is restated, and what the agent's own says nothing of."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import agent_rules
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.agent_rules import (
    SCHEMA,
    problems,
    unreadable,
)

GOOD: dict[str, Any] = {
    "agent": {"metrics_collection_interval": 60, "run_as_user": "cwagent", "region": "eu-central-1", "debug": False},
    "metrics": {
        "namespace": "CWAgent",
        "append_dimensions": {"InstanceId": "${aws:InstanceId}"},
        "aggregation_dimensions": [["InstanceId", "path"]],
        "metrics_collected": {
            "mem": {"measurement": ["used_percent", "mem_free"]},
            "cpu": {"measurement": [{"name": "usage_idle", "rename": "idle", "unit": "Percent"}], "resources": ["*"]},
            "disk": {
                "measurement": ["used_percent"],
                "resources": ["/"],
                "drop_original_metrics": ["disk_used_percent"],
            },
            "procstat": [{"exe": "nginx", "measurement": ["pid_count"]}],
            "statsd": {"service_address": ":8125"},
        },
    },
    "logs": {
        "logs_collected": {
            "files": {
                "collect_list": [
                    {
                        "file_path": "/var/log/app.log",
                        "log_group_name": "/production/api/app",
                        "log_stream_name": "{instance_id}",
                        "log_group_class": "STANDARD",
                        "retention_in_days": -1,
                        "multi_line_start_pattern": "{timestamp_format}",
                        "timestamp_format": "%Y-%m-%d %H:%M:%S",
                        "timezone": "UTC",
                        "filters": [{"type": "exclude", "expression": "GET /health"}],
                    },
                    {
                        "file_path": "/var/log/other/*.log",
                        "log_group_name": "/production/api/other",
                        "publish_multi_logs": True,
                    },
                ]
            }
        }
    },
    "traces": {"traces_collected": {"otlp": {"grpc_endpoint": "127.0.0.1:4317"}, "xray": {}}},
}
FILES = "logs.logs_collected.files.collect_list"


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good configuration with one thing in another way; ``...`` takes it away."""
    document = copy.deepcopy(GOOD)
    at: Any = document
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        at = at[part]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return document


def test_a_good_configuration_has_no_problem() -> None:
    assert problems(GOOD) == []
    Draft4Validator.check_schema(SCHEMA)


FORM = [
    ("agent/metrics_collection_interval", 0, "agent.metrics_collection_interval must be from 1 to 172800, not 0."),
    ("agent/metrics_collection_interval", "60", "must be a whole number, not '60'."),
    ("agent/metrics_collection_interval", True, "must be a whole number, not true."),
    ("agent/regoin", "x", "agent.regoin is not a key that the agent knows; did you mean 'region'?"),
    ("agent/region", "", "agent.region must have 1 to 64 characters, and has 0."),
    ("agent/debug", "yes", "agent.debug must be true or false, not 'yes'."),
    ("agent/credentials", {"role_arn": "short"}, "agent.credentials.role_arn must have 20 to 2048 characters"),
    ("metrics/metrics_collected", {}, "metrics.metrics_collected must not be empty."),
    ("metrics/metrics_collected", ..., "metrics needs 'metrics_collected'."),
    ("metrics/metrics_collected/memory", {}, "metrics.metrics_collected.memory is not a key that the agent knows"),
    ("metrics/metrics_collected/mem/measurement", [], "mem.measurement must not be empty."),
    ("metrics/metrics_collected/mem/measurement", ..., "metrics.metrics_collected.mem needs 'measurement'."),
    ("metrics/metrics_collected/mem/measurement", ["used", "used"], "mem.measurement[1] is there twice; remove one."),
    ("metrics/metrics_collected/mem/measurement/0", 5, "mem.measurement[0] must be text, not 5."),
    ("metrics/metrics_collected/cpu/resources", ["cpu0"], "cpu.resources[0] cannot be 'cpu0'"),
    ("metrics/metrics_collected/cpu/measurement/0", {"unit": "Percent"}, "cpu.measurement[0] needs 'name'."),
    ("metrics/aggregation_dimensions", [], "metrics.aggregation_dimensions must not be empty."),
    ("metrics/aggregation_dimensions/0", "path", "metrics.aggregation_dimensions[0] must be a list, not 'path'."),
    ("logs/logs_collected/files/collect_list", [], f"{FILES} must not be empty."),
    ("logs/logs_collected/files/collect_list/0/file_path", ..., f"{FILES}[0] needs 'file_path'."),
    ("logs/logs_collected/files/collect_list/0/retention_in_days", 31, "retention_in_days cannot be 31"),
    ("logs/logs_collected/files/collect_list/0/timezone", "CET", "timezone cannot be 'CET'"),
    (
        "logs/logs_collected/files/collect_list/0/filters",
        [{"type": "drop", "expression": "x"}],
        "type cannot be 'drop'",
    ),
    ("logs/logs_collected", ..., "logs needs 'logs_collected' or 'metrics_collected'."),
    ("traces/traces_collected", {}, "traces.traces_collected must not be empty."),
    ("traces/traces_collected/xray", {"bind_address": "x"}, "must have 4 to 2048 characters"),
    ("logs", [], "logs must be a mapping, not a list."),
]


@pytest.mark.parametrize(("path", "value", "sentence"), FORM)
def test_the_form_is_checked_and_the_place_is_named(path: str, value: Any, sentence: str) -> None:
    document = changed(path, value)
    (problem,) = problems(document)
    assert sentence in problem
    # The interpreter of the schema agrees with the library for it.
    assert not Draft4Validator(SCHEMA).is_valid(document)


def test_the_whole_may_be_no_mapping_at_all() -> None:
    assert problems([]) == ["the configuration must be a mapping, not a list."]


#: What the agent's schema takes, and the agent refuses (names, expressions), or does not do as it seems.
TRAPS = [
    ("metrics/metrics_collected/mem/measurement/0", "usedpercent", "did you mean 'used_percent'?"),
    ("metrics/append_dimensions", {"Host": "${aws:Hostname}"}, "append_dimensions.Host is not a key"),
    ("metrics/append_dimensions", {"InstanceId": "i-1"}, "append_dimensions.InstanceId cannot be 'i-1'"),
    ("metrics/metrics_collected/disk/resources", ..., "takes every mount, those of the kernel and of containers too"),
    ("metrics/metrics_collected/disk/resources", ["*"], "takes every mount, those of the kernel and of containers too"),
    ("metrics/aggregation_dimensions", ..., "leaves nothing of disk_used_percent"),
    ("logs/logs_collected/files/collect_list/0/log_group_class", "CHEAP", "log_group_class cannot be 'CHEAP'"),
    ("logs/logs_collected/files/collect_list/0/log_group_name", ..., "[0] needs 'log_group_name'."),
    ("logs/logs_collected/files/collect_list/0/file_path", "app.log", "must be an absolute path, not 'app.log'"),
    ("logs/logs_collected/files/collect_list/1/publish_multi_logs", ..., "would follow the newest of the files only"),
    ("logs/logs_collected/files/collect_list/1/auto_removal", True, "has both auto_removal and publish_multi_logs"),
    ("logs/logs_collected/files/collect_list/0/filters/0", {"type": "include"}, "filters[0] needs 'expression'."),
    ("logs/logs_collected/files/collect_list/0/filters/0/expression", "(", "is no regular expression that the agent"),
    ("logs/logs_collected/files/collect_list/0/filters/0/expression", "a(?!b)", "it looks ahead or behind"),
    ("logs/logs_collected/files/collect_list/0/timestamp_format", ..., "is {timestamp_format}, and there is no"),
    ("logs/logs_collected/files/collect_list/0/timestamp_format", "%H:%M\\", "ends with a backslash"),
    ("logs/logs_collected/files/collect_list/0/timestamp_format", "%H:%M %s", "has %s, which the agent does not know"),
    ("logs/logs_collected/files/collect_list/0/multi_line_start_pattern", r"(\w)\1", "it refers back to a group"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "sentence"), TRAPS)
def test_what_the_agents_own_schema_takes_is_refused_where_it_does_not_do_what_it_seems_to(
    path: str, value: Any, sentence: str
) -> None:
    assert [sentence in problem for problem in problems(changed(path, value))] == [True]


def test_entries_that_do_not_go_together_are_told() -> None:
    first = {"file_path": "/a", "log_group_name": "/G", "log_stream_name": "s", "retention_in_days": 7}
    second = {"file_path": "/b", "log_group_name": "/g", "log_stream_name": "s", "retention_in_days": 30}
    one, two = problems(changed("logs/logs_collected/files/collect_list", [first, second]))
    assert "retention_in_days is 30 for the log group '/g', and another entry says 7" in one
    assert "writes to the stream 's' of the log group '/g', as the file /a does" in two


def test_a_configuration_that_does_nothing_is_told() -> None:
    assert "neither metrics nor logs nor traces" in problems({"agent": {}})[0]


def test_mounts_that_are_excluded_need_not_be_named() -> None:
    document = changed("metrics/metrics_collected/disk/resources", ["*"])
    document["metrics"]["metrics_collected"]["disk"]["ignore_file_system_types"] = ["tmpfs", "overlay"]
    assert problems(document) == []


@pytest.mark.parametrize(
    "expression",
    [
        "^BEGIN",
        r"\d{4}-\d{2}",
        r"(?P<a>x)|(?:y)",
        "[(?=]",
        r"a\(?=",
        r"\\1",
        "x{1000}",
        r"^[\S]",
        "(?i)error",
        "a+?",
        r"\_\-\ ",
        r"\pL\z",
    ],
)
def test_expressions_that_go_reads_too_are_taken(expression: str) -> None:
    assert unreadable(expression) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "(?<=a)b",
        "(?<!a)b",
        "(?P<a>x)(?P=a)",
        r"(a)\1",
        "(a)(?(1)b|c)",
        "a{2000}",
        "[",
        "(?#x)a",
        r"a\Z",
        r"\u0041",
        "(?x)a",
    ],
)
def test_expressions_that_go_does_not_read_are_not(expression: str) -> None:
    assert unreadable(expression) != ""


# -- against the agent's own schema, where it is -----------------------------------------------------------------------


@pytest.fixture
def agents_own() -> Iterator[Draft4Validator]:
    """The schema that comes with the agent, in ``doc/`` of its package."""
    named = os.environ.get("KUMAWATCH_CWAGENT_SCHEMA", "")
    if not named:
        pytest.skip("KUMAWATCH_CWAGENT_SCHEMA names no schema of the CloudWatch agent")
    yield Draft4Validator(json.loads(Path(named).read_text()))


def test_nothing_is_taken_that_the_agents_schema_refuses(agents_own: Draft4Validator) -> None:
    assert agents_own.is_valid(GOOD)
    for path, value, _sentence in FORM:
        document = changed(path, value)
        if agents_own.is_valid(document):
            # Where ours is the stricter one: misspelt keys and names, and one measurement at least.
            assert any(word in problems(document)[0] for word in ("is not a key", "needs 'name'", "must not be empty"))


def test_the_agents_schema_takes_every_measurement_that_is_known(agents_own: Draft4Validator) -> None:
    collected = {
        name: {"measurement": list(names), **({"resources": ["/"]} if name == "disk" else {})}
        for name, names in agent_rules.MEASUREMENTS.items()
    }
    document = changed("metrics/metrics_collected", collected)
    assert problems(document) == []
    assert agents_own.is_valid(document)
