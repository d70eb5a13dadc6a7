# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration file, and the sentence for each mistake in it."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.card import Links
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.config import Config, Declared, read_config


def test_an_environment_is_enough() -> None:
    assert read_config({"environment": "lab"}) == Config(environment="lab", zone=UTC)


def test_everything_that_can_be_said() -> None:
    made = read_config(
        {
            "environment": "production",
            "group": ["europe", "production"],
            "managed_by": None,
            "objective": 99.9,
            "services": [
                {"name": "api", "objective": 99.95, "runbook": "https://wiki.example.com/api"},
                {"name": "shop", "path": ["europe", "shop", "front"]},
                {"name": "toy", "objective": None},
            ],
            "certificate_days": 30,
            "slowest": 0,
            "time_zone": "Europe/Berlin",
            "status_page_url": "https://status.example.com",
            "kuma_url": "https://kuma.example.com",
            "runbook": "https://wiki.example.com",
        }
    )
    assert made == Config(
        environment="production",
        group=("europe", "production"),
        managed_by=None,
        objective=99.9,
        services=(
            Declared("api", ("europe", "production", "api"), 99.95, "https://wiki.example.com/api"),
            Declared("shop", ("europe", "shop", "front"), 99.9),
            Declared("toy", ("europe", "production", "toy"), None),
        ),
        certificate_days=30,
        slowest=0,
        zone=ZoneInfo("Europe/Berlin"),
        links=Links("https://status.example.com", "https://kuma.example.com", "https://wiki.example.com"),
    )


def test_a_group_may_be_a_name() -> None:
    assert read_config({"environment": "e", "group": "production"}).group == ("production",)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ([], "The configuration must be a JSON object."),
        ({}, "The option 'environment' must be a text that is not empty."),
        ({"environment": " "}, "The option 'environment' must be a text that is not empty."),
        (
            {"environment": "e", "zone": "UTC"},
            (
                "The configuration has the unknown option 'zone'; it takes environment, group, managed_by, objective, "
                "services, certificate_days, slowest, time_zone, status_page_url, kuma_url, runbook."
            ),
        ),
        (
            {"environment": "e", "group": 3},
            "The option 'group' must be a name, or a list of names from the outermost group inwards, not 3.",
        ),
        (
            {"environment": "e", "managed_by": ""},
            "The option 'managed_by' must be the value of the tag managed-by, or null for every monitor.",
        ),
        (
            {"environment": "e", "objective": 101},
            "The option 'objective' must be a percentage above 0 and up to 100, such as 99.9.",
        ),
        ({"environment": "e", "services": {}}, "The option 'services' must be a list."),
        ({"environment": "e", "services": ["api"]}, "Service 1 of the configuration must be an object with a name."),
        ({"environment": "e", "services": [{"name": ""}]}, "Service 1 of the configuration needs a name."),
        (
            {"environment": "e", "services": [{"name": "api", "url": "x"}]},
            "Service 'api' of the configuration has the unknown option 'url'; it takes name, path, objective, runbook.",
        ),
        (
            {"environment": "e", "services": [{"name": "api", "objective": "99"}]},
            "The option 'objective' of service 'api' must be a percentage above 0 and up to 100, such as 99.9.",
        ),
        (
            {"environment": "e", "services": [{"name": "api", "runbook": "wiki"}]},
            "Service 'api' of the configuration has a 'runbook' that is not an http or https address.",
        ),
        (
            {"environment": "e", "services": [{"name": "a"}, {"name": "b"}, {"name": "c", "path": "a"}]},
            "Services 1 and 3 of the configuration name the same monitor 'a'.",
        ),
        (
            {"environment": "e", "certificate_days": -1},
            "The option 'certificate_days' must be a whole number from 0 to 3650.",
        ),
        ({"environment": "e", "slowest": 21}, "The option 'slowest' must be a whole number from 0 to 20."),
        ({"environment": "e", "slowest": True}, "The option 'slowest' must be a whole number from 0 to 20."),
        (
            {"environment": "e", "time_zone": "Mars/Base"},
            "The option 'time_zone' names 'Mars/Base', which this host does not know; try Europe/Berlin.",
        ),
        (
            {"environment": "e", "status_page_url": "status.example.com"},
            "The configuration has a 'status_page_url' that is not an http or https address.",
        ),
    ],
)
def test_a_mistake_is_one_sentence(data: object, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_config(data)
    assert str(caught.value) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "path", "objective"]), inner),
    max_leaves=8,
)
KEYS = ["environment", "group", "managed_by", "objective", "services", "certificate_days", "slowest", "time_zone"]


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.sampled_from([*KEYS, "runbook", "kuma_url"]), JSON))
def test_whatever_stands_there_is_taken_or_refused_in_a_sentence(data: dict[str, object]) -> None:
    try:
        read_config(data)
    except InputError as error:
        assert str(error).endswith(".")
