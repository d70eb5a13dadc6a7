# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that nobody else can make."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import pace, sign
from tests.unit.plugins.module_utils._relay.samples import NOW

KEY = "a signing key"


def test_a_link_is_good_for_what_it_was_made_for_only() -> None:
    url = sign.link("https://door/", KEY, "production/api/cpu ü&", "2026-11-27T10:00:00.000Z", NOW)
    query = {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}
    assert urlsplit(url).path == "/acknowledge"
    assert query["incident"] == "production/api/cpu ü&"
    expires = int(query["expires"])
    assert expires == int((NOW + timedelta(hours=24)).timestamp())
    good = (KEY, query["incident"], query["opened"], expires, query["signature"])
    assert sign.good(*good)
    for index, other in enumerate(
        ("another key", "production/api/disk", "2026-11-28", expires + 1, query["signature"][:-1])
    ):
        wrong = list(good)
        wrong[index] = other
        assert not sign.good(*wrong)  # type: ignore[arg-type]


def test_without_a_key_no_link_is_good() -> None:
    assert not sign.good("", "a", "b", 1, sign.sign("", "a", "b", 1))


def test_parts_cannot_be_shifted_into_one_another() -> None:
    assert sign.sign(KEY, "a", "b\n1", 2) != sign.sign(KEY, "a\nb", "1", 2)
    assert sign.sign(KEY, "a", "b", 12) != sign.sign(KEY, "a", "b1", 2)


@pytest.mark.parametrize(
    ("next_at", "now", "expected"),
    [
        (0.0, 100.0, (100.0, 101.1)),
        (100.5, 100.0, (100.5, 101.6)),
        (99.0, 100.0, (100.0, 101.1)),
        (10_000.0, 100.0, (100.0, 101.1)),
    ],
)
def test_the_pace(next_at: float, now: float, expected: tuple[float, float]) -> None:
    assert pace.turn(next_at, now, 1.1) == pytest.approx(expected)


def test_a_space_that_asks_to_wait() -> None:
    assert pace.held_back(100.5, 100.0, 30.0) == 130.0
    assert pace.held_back(150.0, 100.0, 30.0) == 150.0
    assert pace.held_back(0.0, 100.0, 9_999.0) == 400.0
