# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cron, at and rate expressions, durations, moments and time zones: what AWS would refuse is refused before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import times
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError


@pytest.mark.parametrize(
    "inner",
    [
        "0 6 * * ? *",
        "0/15 8-18 ? * MON-FRI *",
        "0 0 L * ? *",
        "0 0 LW * ? *",
        "0 0 15W JAN,jul ? 2026-2030",
        "0 0 ? * 6L *",
        "0 0 ? * TUE#2 *",
        "0 0 ? * FRI-MON *",
        "*/5 * * * ? *",
    ],
)
def test_what_the_scheduler_takes_passes(inner: str) -> None:
    times.check_cron("schedule 'x'", inner, times.SCHEDULER_FIELDS)


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("0 6 * * *", "has 5 fields instead of 6"),
        ("60 6 * * ? *", "minutes '60' goes beyond what is possible: give 0 to 59"),
        ("0 24 * * ? *", "hours '24'"),
        ("0 6 0 * ? *", "day of month '0'"),
        ("0 6 * MÄRZ ? *", "month 'MÄRZ' does not mean anything: give 1 to 12, or JAN to DEC"),
        ("0 6 * * * *", "exactly one of day of month and day of week must be a question mark"),
        ("0 6 ? * ? *", "exactly one of day of month and day of week"),
        ("0 6 ? * TUE#6 *", "needs 1 to 5 after the number sign"),
        ("0/0 6 * * ? *", "needs a number above 0 after the stroke"),
        ("0/x 6 * * ? *", "needs a number above 0 after the stroke"),
        ("30-10 6 * * ? *", "begins after it ends"),
        ("1,,2 6 * * ? *", "is no value, range or list"),
        ("1- 6 * * ? *", "is no value, range or list"),
        ("L 6 * * ? *", "minutes 'L' does not mean anything"),
        ("٣ 6 * * ? *", "does not mean anything"),
        ("", "has 0 fields"),
    ],
)
def test_what_the_scheduler_refuses_is_named(inner: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        times.check_cron("schedule 'x'", inner, times.SCHEDULER_FIELDS)
    assert str(caught.value).startswith("schedule 'x': schedule cron(")
    assert said in str(caught.value)


@pytest.mark.parametrize("inner", ["0 2 * * *", "0 2 * * SUN", "0,30 1-3 1 JAN-MAR 0", "0 18 * * FRI,sat"])
def test_what_a_mute_rule_takes_passes(inner: str) -> None:
    times.check_cron("mute rule 'x'", inner, times.MUTE_FIELDS)


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("0 2 * * ? *", "has 6 fields instead of 5"),
        ("*/5 2 * * *", "has a step, which is not possible here: list the values"),
        ("0 2 ? * *", "day of month '?' does not mean anything"),
        ("0 2 L * *", "day of month 'L'"),
    ],
)
def test_a_mute_rule_takes_less(inner: str, said: str) -> None:
    with pytest.raises(InputError, match="mute rule 'x'") as caught:
        times.check_cron("mute rule 'x'", inner, times.MUTE_FIELDS)
    assert said in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_is_taken_or_refused_in_a_sentence(text: str) -> None:
    for fields in (times.SCHEDULER_FIELDS, times.MUTE_FIELDS):
        try:
            times.check_cron("x", text, fields)
        except InputError as error:
            assert str(error).endswith((".", "year.", "week."))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (" CRON( 0  2 * * sun ) ", "cron(0 2 * * SUN)"),
        ("rate(5  minutes)", "rate(5 minutes)"),
        ("at(2026-12-24T22:00:00)", "at(2026-12-24T22:00)"),
        ("nonsense ", "nonsense"),
    ],
)
def test_an_expression_has_one_form(text: str, normal: str) -> None:
    assert times.normal(text) == normal
    assert times.normal(normal) == normal


@pytest.mark.parametrize("inner", ["0 minutes", "5", "5 weeks", "-1 hours", "1.5 hours", "five minutes"])
def test_no_rate(inner: str) -> None:
    with pytest.raises(InputError, match="is no rate: write for example"):
        times.check_rate("schedule 'x'", inner)


@given(st.integers(1, 15 * 1440))
def test_a_duration_comes_back(minutes: int) -> None:
    text = times.duration_text(timedelta(minutes=minutes))
    assert times.duration(text) == timedelta(minutes=minutes)
    assert times.duration_text(times.duration(text) or timedelta()) == text


@pytest.mark.parametrize(
    ("one", "other"), [("PT60M", "PT1H"), ("P1D", "PT24H"), ("p2dt12h", "PT60H"), ("PT90M", "PT1H30M")]
)
def test_durations_of_one_length_are_one(one: str, other: str) -> None:
    assert times.duration(one) == times.duration(other) != None  # noqa: E711


@pytest.mark.parametrize("text", ["", "P", "PT", "4h", "PT4", "P1M", "-PT1H", "PT1.5H", "P1W", "PTH"])
def test_no_duration(text: str) -> None:
    assert times.duration(text) is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-24T22:00:00Z", "2026-12-24T22:00:00Z"),
        ("2026-12-24T22:00:00+01:00", "2026-12-24T21:00:00Z"),
        ("2026-12-24 22:00", "2026-12-24T22:00:00Z"),
        ("2026-12-24", "2026-12-24T00:00:00Z"),
    ],
)
def test_moments_are_kept_in_utc(text: str, utc: str) -> None:
    assert times.moment_text(times.moment("x", "start", text)) == utc


def test_no_moment_names_the_option() -> None:
    with pytest.raises(InputError, match=r"schedule 'x': start must be a moment such as .*, not 'Christmas'"):
        times.moment("schedule 'x'", "start", "Christmas")


def test_a_misspelt_time_zone_is_recognised() -> None:
    times.check_zone("x", "Europe/Berlin")
    times.check_zone("x", "UTC")
    with pytest.raises(InputError, match=r"timezone 'Europe/Berln' does not exist: did you mean 'Europe/Berlin'\?"):
        times.check_zone("x", "Europe/Berln")
