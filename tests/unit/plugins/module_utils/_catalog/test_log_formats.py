# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats of logs: every pattern against real lines, and against those of the other formats."""

from __future__ import annotations

import json
import re

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import log_transformer
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_filters_model import UNITS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_pattern import parse
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_formats import (
    COUNTS,
    DATABASE_LOGS,
    DATE_FIRST,
    FORMATS,
    LEFT_OUT,
    SAMPLE_TARGET_GROUP,
    Count,
    Format,
    narrowed,
)

from .log_catalogue import Newest

COUNTED = [(form, count) for form in FORMATS.values() for count in form.counts]
LINES = [(form, number) for form in FORMATS.values() for number in range(len(form.samples))]


def found(count: Count, line: str) -> list[tuple[int, str | None]]:
    """Which patterns of a count match, and what a line adds."""
    matches = [(number, parse(pattern).match(line)) for number, pattern in enumerate(count.patterns)]
    return [
        (number, match.value(count.value) if count.measured else "1") for number, match in matches if match is not None
    ]


@pytest.mark.parametrize(("form", "number"), LINES, ids=[f"{form.name} {number}" for form, number in LINES])
def test_a_line_is_counted_where_it_belongs_and_nowhere_else(form: Format, number: int) -> None:
    sample = form.samples[number]
    assert {count.name: found(count, sample.line) for count in form.counts if found(count, sample.line)} == {
        name: [(sample.pattern if name == "query_time" else 0, value)] for name, value in sample.counts.items()
    }


@pytest.mark.parametrize(("form", "count"), COUNTED, ids=[f"{form.name} {count.name}" for form, count in COUNTED])
def test_each_count_has_lines_that_it_takes_and_lines_that_it_leaves(form: Format, count: Count) -> None:
    taken = [count.name in sample.counts for sample in form.samples]
    assert any(taken)
    assert count.name == "requests" or not all(taken)
    assert set(range(len(count.patterns))) == {
        number for sample in form.samples for number, _value in found(count, sample.line)
    }, "each of several patterns has a line of its own"
    assert count.name in COUNTS
    assert count.unit in UNITS
    assert not any(parse(pattern).doubt for pattern in count.patterns)
    if count.measured:
        assert not any(parse(pattern).unknown(count.value) for pattern in count.patterns)


@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_a_format_fits_into_a_log_group(form: Format) -> None:
    regexes = sum("%" in pattern for count in form.counts for pattern in count.patterns)
    assert regexes <= 4, "CloudWatch takes five filters with regular expressions, and somebody may want one"
    assert {parse(pattern).kind for count in form.counts for pattern in count.patterns} <= {form.kind, "terms"}
    assert log_transformer.transformer(list(form.transformer), form.name, Newest()) == list(form.transformer)


@pytest.mark.parametrize("name", ["alb", "nginx", "docker-nginx"])
@pytest.mark.parametrize(
    "other", ["alb-json", "json", "text", "docker-text", "postgresql", "mysql-slow", "mysql-error"]
)
def test_lines_of_another_format_are_not_counted(name: str, other: str) -> None:
    for sample in FORMATS[other].samples:
        assert not [count.name for count in FORMATS[name].counts if found(count, sample.line)], sample.line


# -- load balancers ---------------------------------------------------------------------------------------------------

OTHER = SAMPLE_TARGET_GROUP.replace("/api/", "/shop/")


@pytest.mark.parametrize("name", ["alb", "alb-json"])
def test_requests_are_told_apart_by_their_target_group(name: str) -> None:
    form = FORMATS[name]
    for count in form.counts:
        own, both, others = (
            [parse(narrowed(pattern, groups)) for pattern in count.patterns]
            for groups in ([SAMPLE_TARGET_GROUP], [OTHER, SAMPLE_TARGET_GROUP], [OTHER])
        )
        for sample in form.samples:
            if SAMPLE_TARGET_GROUP not in sample.line or (name == "alb" and '\\"' in sample.line):
                continue
            expected = count.name in sample.counts
            assert any(pattern.match(sample.line) for pattern in own) == expected
            assert any(pattern.match(sample.line) for pattern in both) == expected
            assert not any(pattern.match(sample.line) for pattern in others)


@pytest.mark.parametrize("name", ["alb", "alb-json"])
def test_no_request_is_both_the_load_balancers_fault_and_the_applications(name: str) -> None:
    for sample in FORMATS[name].samples:
        assert not {"502_balancer", "502_application"} <= set(sample.counts)
    for count in FORMATS[name].counts:
        assert len(narrowed(count.patterns[0], [SAMPLE_TARGET_GROUP] * 5)) <= 1024, "five target groups fit"


def test_there_are_lines_of_all_that_load_balancers_write() -> None:
    lines = [sample.line for name in ("alb", "alb-json") for sample in FORMATS[name].samples]
    for part in ("wss", "h2", "2001:db8:", r"\x22", '\\"', '"-"', "null", " - ", '"elb_status_code":"502"',
                 '"elb_status_code":502'):  # fmt: skip
        assert any(part in line for line in lines), part


# -- messages of several lines ----------------------------------------------------------------------------------------


def messages(text: str, start: str) -> list[str]:
    """A stream as the agent cuts it: a message begins where the pattern matches."""
    result: list[str] = []
    for line in text.split("\n"):
        if not result or re.search(start, line):
            result.append(line)
        else:
            result[-1] += "\n" + line
    return result


def test_a_stream_of_text_is_cut_into_its_messages() -> None:
    form = FORMATS["text"]
    lines = [sample.line for sample in form.samples]
    assert form.multi_line_start == DATE_FIRST
    assert messages("\n".join(lines), form.multi_line_start) == lines
    assert [bool(found(form.counts[0], line)) for line in messages("\n".join(lines), form.multi_line_start)] == [
        bool(sample.counts) for sample in form.samples
    ]


@pytest.mark.parametrize("part", ["Traceback (most recent call last)", "\tat com.example", "Caused by:",
                                  "    at save (", "goroutine 1"])  # fmt: skip
def test_tracebacks_of_all_languages_are_among_them(part: str) -> None:
    assert any(part in sample.line for sample in FORMATS["text"].samples)


@pytest.mark.parametrize("line", ["2026-11-27 06:14:05,118 x", "[2026-11-27T06:14:05Z] x", "2026/11/27 06:14:05 x"])
def test_a_message_begins_with_a_date(line: str) -> None:
    assert re.search(DATE_FIRST, line)


# -- what queries make of the lines -----------------------------------------------------------------------------------


def parsed(form: Format, line: str) -> dict[str, str]:
    """What the commands ``parse`` of a format find, as Logs Insights would."""
    fields = {"@message": line}
    if line.startswith("{"):
        fields.update({key: str(value) for key, value in json.loads(line).items()})
    for command in form.prelude:
        if command.startswith("parse "):
            _parse, name, pattern = command.split(" ", 2)
            match = re.search(pattern.strip("/").replace("(?<", "(?P<"), fields.get(name, ""))
            fields.update(match.groupdict() if match else {})
    return fields


@pytest.mark.parametrize("name", ["alb", "alb-json", "nginx", "docker-nginx"])
def test_queries_find_status_and_route_in_every_request(name: str) -> None:
    form = FORMATS[name]
    seen = set()
    for sample in form.samples:
        fields = parsed(form, sample.line)
        if "requests" not in sample.counts or not fields.get(form.fields["route"]):
            continue
        status = fields[form.fields["status"]]
        assert status.startswith("4") == ("4xx" in sample.counts)
        assert status.startswith("5") == ("5xx" in sample.counts)
        assert fields[form.fields["route"]].startswith("/")
        assert "?" not in fields[form.fields["route"]]
        assert fields["method"] == "GET"
        seen.add(fields[form.fields["client"]])
    assert "203.0.113.7" in seen, "without its port, or every request has a caller of its own"


@pytest.mark.parametrize(("name", "expected"), [("mysql-slow", "2.000223"), ("postgresql", "2345.678")])
def test_queries_find_what_a_slow_statement_was(name: str, expected: str) -> None:
    fields = parsed(FORMATS[name], FORMATS[name].samples[0].line)
    assert expected in (fields.get("seconds"), fields.get("milliseconds"))
    assert fields["statement"].startswith(("SELECT", "CALL"))
    assert fields["client"] == "10.0.1.21"


def test_the_logs_of_databases_have_formats() -> None:
    assert {form for logs in DATABASE_LOGS.values() for form in logs.values()} <= set(FORMATS)
    assert set(LEFT_OUT) <= set(COUNTS)
