# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, bounds and reasons as they stand on a card."""

from __future__ import annotations

import typing as t
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import words
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.alert import Alert, Measure
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.events import read
from tests.unit.plugins.module_utils._relay.samples import NOW, alarm, composite, record


def parse(message: t.Any) -> Alert:
    return read(record(message)["body"], "1", NOW)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (97.2, "Percent", "97.2 %"),
        (100.0, "Percent", "100 %"),
        (0.25, "Seconds", "250 ms"),
        (2.5, "Seconds", "2.5 s"),
        (203.456, "Milliseconds", "203.5 ms"),
        (10_737_418_240, "Bytes", "10 GiB"),
        (1536, "Bytes/Second", "1.5 KiB/s"),
        (-2048, "Bytes", "-2 KiB"),
        (1_234_567, "Count", "1,234,567"),
        (0.00042, "", "0.00042"),
        (0, "", "0"),
        (3, "Gigabits", "3 Gigabits"),
        (1e40, "", "1e+40"),
    ],
)
def test_quantities(value: float, unit: str, shown: str) -> None:
    assert words.quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("metric", "kind", "shown"),
    [
        ("CPUUtilization", "cpu", "0.2 % (above 0.1 %)"),
        ("ReadLatency", "database_latency", "200 ms (above 100 ms)"),
        ("VolumeAvgReadLatency", "io_latency", "0.2 ms (above 0.1 ms)"),
        ("AuroraReplicaLag", "database_replication", "0.2 ms (above 0.1 ms)"),
        ("FreeStorageSpace", "database_storage", "0.2 B (above 0.1 B)"),
        ("OrdersPerMinute", "orders", "0.2 (above 0.1)"),
    ],
)
def test_a_metric_without_a_unit_has_the_one_that_aws_documents(metric: str, kind: str, shown: str) -> None:
    message = alarm(value=0.2, threshold=0.1)
    message["Trigger"]["MetricName"] = metric
    assert words.measured(parse(message), kind) == shown


def test_what_is_over_has_no_bound() -> None:
    assert words.measured(parse(alarm(state="OK", value=40)), "cpu") == "40 %"


@pytest.mark.parametrize(
    ("operator", "word"),
    [
        ("GreaterThanThreshold", "above"),
        ("GreaterThanOrEqualToThreshold", "at least"),
        ("LessThanThreshold", "below"),
        ("LessThanOrEqualToThreshold", "at most"),
        ("SomethingNew", "beyond"),
    ],
)
def test_the_reason_in_plain_words(operator: str, word: str) -> None:
    message = alarm()
    message["Trigger"]["ComparisonOperator"] = operator
    assert words.reason(parse(message), "cpu") == f"5 of the last 5 values were {word} 80 % (average of 1 min each)."


def test_other_reasons() -> None:
    assert words.reason(parse(alarm(state="OK")), "cpu") == "No longer above 80 %."
    assert words.reason(parse(alarm(NewStateReason="testing alarm")), "cpu") == "testing alarm"
    missing = alarm(
        NewStateReason="Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were "
        "treated as [Breaching]."
    )
    assert words.reason(parse(missing), "cpu") == "No data came for 2 periods of 1 min, which counts as a failure here."
    moved = composite("a", "ALARM", 0, {f"c{number}": "ALARM" for number in range(7)})
    assert words.reason(parse(moved), "service") == (
        "Because c0 is ALARM, c1 is ALARM, c2 is ALARM, c3 is ALARM, c4 is ALARM, and 2 more."
    )


def test_a_band_without_figures() -> None:
    measure = Measure("NetworkIn", comparison="GreaterThanUpperThreshold", anomaly=True)
    assert words.bound(measure, "network") == "above what is usual"


def test_times() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert words.clock(NOW, NOW, zone) == "11:00 CET"
    assert words.clock(NOW - timedelta(days=1), NOW, zone) == "2026-11-26 11:00 CET"
    spans = [(-5, "0 s"), (59, "59 s"), (3599, "59 min"), (7500, "2 h 5 min"), (86400 * 3 + 7200, "3 d 2 h")]
    assert [words.duration(timedelta(seconds=span)) for span, _shown in spans] == [shown for _span, shown in spans]


def test_kinds() -> None:
    assert [words.kind(name) for name in ("io_latency", "payment_declined", "")] == [
        "I/O latency",
        "Payment declined",
        "",
    ]


@given(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["Percent", "Seconds", "Bytes", "Count", "", "x"])
)
def test_every_number_can_be_shown(value: float, unit: str) -> None:
    assert len(words.quantity(value, unit)) < 40
