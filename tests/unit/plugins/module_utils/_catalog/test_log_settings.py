# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue says of logs: every mistake in its words, the cascade, and what is completed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError, resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_formats import COUNTS, FORMATS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_settings import (
    LOG_TYPES,
    RETENTIONS,
    SILENCE_MINUTES,
    WATCHED,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.signals import SEVERITIES
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.thresholds import condition

SPEC = Path(__file__).parents[5] / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]


def logs(own: str = "", environment: str = "", **service: Any) -> dict[str, Any]:
    """What becomes of the logs of a service ``api``."""
    found: dict[str, Any] = resolve(
        {
            "monitoring_environment": "production",
            "monitoring_defaults": {"logs": yaml.safe_load(environment) or {}},
            "monitoring_services": [{"name": "api", "logs": yaml.safe_load(own) or {}, **service}],
        },
        OPTIONS,
    )["services"][0]["logs"]
    return found


def sentences(own: str, environment: str = "", **service: Any) -> list[str]:
    with pytest.raises(CatalogueError) as error:
        logs(own, environment, **service)
    return [problem.message for problem in error.value.problems]


SOURCE = "sources: [{%s}]"
PATTERN = "sources: [{file: /a, format: json}], patterns: [{name: big, pattern: '{ $.bytes > 1 }', %s}]"
REPEATED = "repeated: [{name: a, text: b, %s}]"

MISTAKES = [
    ("retention_days: 31", "logs.retention_days is 31, which CloudWatch does not offer; the nearest are 30 and 60."),
    ("retention_days: 9999", "logs.retention_days is 9999, which CloudWatch does not offer; the nearest is 3653."),
    ("retention_days: 0", "logs.retention_days is 0, which CloudWatch does not offer; the nearest is 1."),
    (SOURCE % "file: /a, retention_days: 6",
     "logs.sources[1].retention_days is 6, which CloudWatch does not offer; the "
     "nearest are 5 and 7."),
    ("sorces: []", "logs.sorces is not a known key; did you mean 'sources'?"),
    ("class: infrequent", "logs.class must be standard or infrequent_access, not 'infrequent' (did you mean "
     "'infrequent_access'?)."),
    (SOURCE % "name: a", "logs.sources[a] needs exactly one of file, docker, load_balancer and database."),
    (SOURCE % "load_balancer: false", "logs.sources[1] needs exactly one of file, docker, load_balancer and database."),
    (SOURCE % "load_balancer: true", "logs.sources[1].load_balancer needs the service's load_balancer, whose logs they "
     "are."),
    (SOURCE % "database: true", "logs.sources[1].database needs the service's database, whose logs they are."),
    (SOURCE % "file: /a, name: a/b", "logs.sources[a/b].name takes letters, digits, '-', '_' and '.', not 'a/b'."),
    (SOURCE % "file: /a, format: jsn", "logs.sources[1].format must be alb, alb-json, nginx, json or text, not 'jsn' "
     "(did you mean 'json'?)."),
    (SOURCE % "file: /a, format: alb", "logs.sources[1] has the format 'alb', and a file has json, nginx or text."),
    (SOURCE % "file: /a, counts: [4xx]", "logs.sources[1].counts names '4xx', and the format 'text' has errors."),
    (SOURCE % "file: /a, log_types: [access]", "logs.sources[1].log_types names 'access', and a file has none."),
    (SOURCE % "file: /a, driver: awslogs", "logs.sources[1].driver has no meaning for a file, only for a container; "
     "remove it."),
    (SOURCE % "file: /a, multi_line_start: '('",
     "logs.sources[1].multi_line_start is no regular expression: missing ), "
     "unterminated subpattern at position 0."),
    (SOURCE % "docker: a, multi_line_start: a",
     "logs.sources[1].multi_line_start has no meaning for a container, only for "
     "a file; remove it."),
    ("sources: [{file: /a}, {file: /b}]", "logs.sources[2]: the source 'app' is there twice; give one of them another "
     "name."),
    ("error_rate: 5", "logs.error_rate must be true, false or a mapping of thresholds, not 5."),
    ("error_rate: {warnin: 5}", "logs.error_rate.warnin is not a known key; did you mean 'warning'?"),
    ("error_rate: {warning: 9, critical: 2}", "logs.error_rate: warning is 9 and critical 2, and what is high is bad "
     "here: the warning must be below the critical."),
    ("error_rate: {warning: 101, critical: false}", "logs.error_rate.warning must be a percentage from 0 to 100, not "
     "101."),
    ("bad_gateway: {flor: 3}", "logs.bad_gateway.flor is not a known key; did you mean 'floor'?"),
    ("slow_query: {floor: -1}", "logs.slow_query.floor must be at least 0, not -1."),
    ("silence: often", "logs.silence must be false, a number of minutes or a mapping with minutes and severity, not "
     "'often'."),
    ("silence: 0", "logs.silence must be from 1 to 1440 minutes, not 0."),
    ("silence: {minute: 3}", "logs.silence.minute is not a known key; did you mean 'minutes'?"),
    ("silence: {severity: info}", "logs.silence.severity must be warning or critical, not 'info'."),
    ("patterns: [{name: a}]", "logs.patterns[a] needs 'pattern'."),
    ("patterns: [{name: a, pattern: '{ $.a = }'}]", "logs.patterns[a].pattern is not understood at '}' at character 9: "
     "put what is compared with in quotation marks."),
    ("patterns: [{name: a, pattern: 'ERROR ?b'}]", "logs.patterns[a].pattern does not do what it seems to: CloudWatch "
     "ignores the terms with ? beside others."),
    ("patterns: [{name: errors, pattern: a}]", "logs.patterns[errors]: 'errors' is what is counted anyway; give the "
     "pattern a name of its own."),
    ("patterns: [{name: a, pattern: a}, {name: a, pattern: b}]", "logs.patterns[a] is there twice; give each a name of "
     "its own."),
    ("patterns: [{name: a b, pattern: a}]", "logs.patterns[a b].name takes letters, digits, '-', '_' and '.', not 'a "
     "b'."),
    (PATTERN % "sources: [ap]",
     "logs.patterns[big].sources names 'ap', which is no source of the service; did you mean "
     "'app'?"),
    (PATTERN % "value: bytes",
     "logs.patterns[big].value must be a number or a selector such as $.amount, not 'bytes'."),
    (PATTERN % "value: $bytes", "logs.patterns[big].value is '$bytes': a pattern in braces extracts selectors such as "
     "$.latency."),
    (PATTERN % "dimensions: {A: route}", "logs.patterns[big].dimensions.A is 'route': a pattern in braces extracts "
     "selectors such as $.latency."),
    (PATTERN % "dimensions: {A: $.a, B: $.b, C: $.c, D: $.d}", "logs.patterns[big].dimensions are 4, and 3 is what "
     "CloudWatch takes."),
    (PATTERN % "unit: Byte", "logs.patterns[big].unit must be Seconds, Microseconds, Milliseconds, Bytes, Kilobytes, "
     "Megabytes, Gigabytes, Percent, Count or None, not 'Byte' (did you mean 'Bytes'?)."),
    (PATTERN % "period: 45", "logs.patterns[big]: period must be 10, 20, 30 or a multiple of 60 seconds, not 45."),
    (PATTERN % "test: [[a]]", "logs.patterns[big].test[1] must be a line or a mapping with one, not a list."),
    (PATTERN % "test: [{lien: a}]", "logs.patterns[big].test[1].lien is not a known key; did you mean 'line'?"),
    ("repeated: [{name: a}]", "logs.repeated[a] needs 'text'."),
    ("repeated: [{name: a, text: '/(/'}]", "logs.repeated[a].text is no regular expression: missing ), unterminated "
     "subpattern at position 0."),
    ("repeated: [{name: a, text: ' '}]", "logs.repeated[a].text must not be empty."),
    (REPEATED % "lines: 51", "logs.repeated[a].lines must be from 0 to 50, not 51."),
    (REPEATED % "times: 0", "logs.repeated[a].times must be from 1 to 1000000, not 0."),
    (REPEATED % "minutes: 2000", "logs.repeated[a].minutes must be from 1 to 1440, not 2000."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[text[:60] for text, _expected in MISTAKES])
def test_a_mistake_is_one_sentence_that_names_the_service_and_the_key(text: str, expected: str) -> None:
    assert sentences(f"{{{text}}}")[0] == f"service 'api': {expected}"


def test_all_mistakes_are_told_at_once_and_those_of_the_environment_once() -> None:
    found = sentences("retention_days: 31\nsilence: x", "retention_days: 8\nerror_rate: {warning: 9, critical: 2}")
    assert [sentence.split(" ")[0] for sentence in found] == [
        "monitoring_defaults.logs.retention_days", "monitoring_defaults.logs.error_rate:", "service", "service",
    ]  # fmt: skip


@pytest.mark.parametrize("days", RETENTIONS)
def test_every_retention_that_cloudwatch_offers_is_taken(days: int) -> None:
    assert logs(f"retention_days: {days}")["retention_days"] == days


# -- the cascade ------------------------------------------------------------------------------------------------------


def test_what_is_not_declared_is_inherited_key_by_key() -> None:
    found = logs(
        "error_rate: {critical: 20}\nsources: [{file: /a}, {file: /b, name: b, class: standard, retention_days: 7}]",
        "retention_days: 90\nclass: infrequent_access\nerror_rate: {warning: 3, floor: 9}\nsilence: 5\nanomaly: true",
    )
    assert (found["retention_days"], found["silence"], found["anomaly"]) == (
        90, {"minutes": 5, "severity": "warning"}, True,
    )  # fmt: skip
    rate = found["error_rate"]
    assert (rate["warning"]["threshold"], rate["critical"]["threshold"], rate["floor"]) == (3, 20, 9)
    assert [(source["class"], source["retention_days"]) for source in found["sources"]] == [
        ("infrequent_access", 90), ("standard", 7),
    ]  # fmt: skip


def test_without_a_word_there_are_the_defaults_and_no_sources() -> None:
    found = logs()
    assert (found["retention_days"], found["class"], found["silence"], found["anomaly"]) == (
        30,
        "standard",
        None,
        False,
    )
    assert (found["sources"], found["patterns"], found["repeated"]) == ([], [], [])
    for key, signal in WATCHED.items():
        assert [found[key][severity]["threshold"] for severity in SEVERITIES] == [
            signal.warning and signal.warning.threshold, signal.critical and signal.critical.threshold,
        ]  # fmt: skip


@pytest.mark.parametrize("key", WATCHED)
def test_false_switches_off_and_true_on_again(key: str) -> None:
    assert logs(f"{key}: false")[key] is None
    assert logs("", f"{key}: false")[key] is None
    assert logs(f"{key}: true", f"{key}: false")[key]["warning"]["threshold"] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("false", None),
        ("true", {"minutes": SILENCE_MINUTES, "severity": "warning"}),
        ("30", {"minutes": 30, "severity": "warning"}),
        ("{severity: critical}", {"minutes": SILENCE_MINUTES, "severity": "critical"}),
    ],
)
def test_the_ways_to_declare_silence(text: str, expected: Any) -> None:
    assert logs(f"silence: {text}", "silence: 7")["silence"] == expected


# -- what is completed ------------------------------------------------------------------------------------------------


def test_sources_have_the_name_and_the_format_of_their_kind() -> None:
    found = logs(
        "sources: [{file: /a}, {docker: web}, {load_balancer: true}, {database: true}]",
        load_balancer="prod", database="prod-db",
    )["sources"]  # fmt: skip
    assert [(one["kind"], one["of"], one["name"], one["format"], one["log_types"]) for one in found] == [
        ("file", "/a", "app", "text", []),
        ("docker", "web", "container", "json", []),
        ("load_balancer", True, "load-balancer", "alb-json", ["access"]),
        ("database", True, "database", "", []),
    ]


ALL = "[{file: /a, name: json, format: json}, {file: /b, name: web, format: nginx}, {docker: c, format: text}, %s]"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.a = "b" }', ["json"]),
        ("[ip, ident, ...]", ["web"]),
        ("timeout", ["json", "web", "container"]),
    ],
)
def test_a_pattern_is_looked_for_where_its_syntax_fits(pattern: str, expected: list[str]) -> None:
    text = f"sources: {ALL % '{load_balancer: true}'}\npatterns: [{{name: a, pattern: '{pattern}'}}]"
    assert logs(text, load_balancer="prod")["patterns"][0]["sources"] == expected


def test_the_log_of_a_load_balancer_is_searched_where_there_is_no_other_or_it_is_named() -> None:
    only = "sources: [{load_balancer: true}]\npatterns: [{name: a, pattern: '{ $.type = ws }'}]"
    assert logs(only, load_balancer="prod")["patterns"][0]["sources"] == ["load-balancer"]
    named = f"sources: {ALL % '{load_balancer: true}'}\npatterns: [{{name: a, pattern: b, sources: load-balancer}}]"
    assert logs(named, load_balancer="prod")["patterns"][0]["sources"] == ["load-balancer"]


def test_patterns_are_complete() -> None:
    text = PATTERN % "value: $.bytes, unit: Bytes, threshold: 5, test: ['{\"bytes\": 2}', {line: a, match: false}]"
    found = logs(f"{{{text}}}")["patterns"][0]
    assert (found["statistic"], found["period"], found["evaluation_periods"], found["datapoints"]) == (
        "Maximum", 300, 1, 1,
    )  # fmt: skip
    assert found["test"] == [{"line": '{"bytes": 2}', "match": True}, {"line": "a", "match": False}]
    repeated = logs("sources: [{file: /a}]\nrepeated: [{name: a, text: b}]")["repeated"][0]
    assert repeated == {
        "name": "a", "text": "b", "times": 10, "minutes": 5, "severity": "warning", "lines": 5, "sources": ["app"],
    }  # fmt: skip


# -- the documentation ------------------------------------------------------------------------------------------------


def test_the_argument_spec_knows_the_counts_formats_and_log_types() -> None:
    options = OPTIONS["monitoring_services"]["options"]["logs"]["options"]["sources"]["options"]
    assert options["counts"]["choices"] == list(COUNTS)
    assert set(options["format"]["choices"]) <= set(FORMATS)
    assert options["log_types"]["choices"] == [name for names in LOG_TYPES.values() for name in names]


@pytest.mark.parametrize("key", WATCHED)
def test_the_thresholds_are_documented(key: str) -> None:
    signal = WATCHED[key]
    text = " ".join(OPTIONS["monitoring_services"]["options"]["logs"]["options"][key]["description"])
    for severity in SEVERITIES:
        level = signal.level(severity)
        assert level is not None
        values = {
            "threshold": level.threshold,
            "evaluation_periods": level.evaluation_periods,
            "datapoints": level.datapoints,
        }  # fmt: skip
        told = condition(signal.comparison, values, signal.period, signal.unit)
        assert told.split(",")[0] in text and told.split(", ")[1] in text, told
    assert f"floor {signal.floor:g}" in text
