# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of the functions, and where an alert goes."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.settings import (
    Channel,
    read_settings,
    route,
    zone,
)

ENVIRON = {
    "KUMAWATCH_ENVIRONMENT": "production",
    "KUMAWATCH_TABLE": "table",
    "KUMAWATCH_SECRET_ID": "secret",
    "KUMAWATCH_TOPICS": json.dumps({"critical": "arn"}),
    "KUMAWATCH_CHANNELS": json.dumps([{"name": "a", "default": True}, {"name": "b", "severities": ["critical"]}]),
    "KUMAWATCH_ESCALATE_AFTER": "15",
    "KUMAWATCH_FRONT_DOOR_URL": "https://door.example.com/",
    "KUMAWATCH_RUNBOOKS": "https://docs",
    "KUMAWATCH_PACE": "2",
    "KUMAWATCH_TIMEZONE": "Europe/Berlin",
    "AWS_REGION": "eu-central-1",
}


def test_all_of_it() -> None:
    settings = read_settings(ENVIRON)
    assert settings.topics == {"critical": "arn"}
    assert settings.channels == (Channel("a", True), Channel("b", False, ("critical",)))
    assert settings.escalate_after == timedelta(minutes=15)
    assert settings.front_door_url == "https://door.example.com"
    assert settings.pace == 2.0
    assert str(settings.zone) == "Europe/Berlin"


def test_defaults() -> None:
    settings = read_settings({"KUMAWATCH_ENVIRONMENT": "x", "KUMAWATCH_ESCALATE_AFTER": "0", "KUMAWATCH_CHANNELS": ""})
    assert settings.channels == (Channel("default", True),)
    assert settings.escalate_after is None
    assert settings.pace == 1.1
    assert settings.zone is UTC


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "\x00"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone(name) is UTC


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("ENVIRONMENT", "", "KUMAWATCH_ENVIRONMENT is not set; it names the environment, such as production."),
        ("TOPICS", "{", "KUMAWATCH_TOPICS is not valid JSON."),
        ("TOPICS", "[1]", "KUMAWATCH_TOPICS must be a JSON object of topic ARNs by severity."),
        ("CHANNELS", "{}", "KUMAWATCH_CHANNELS must be a JSON list of channels."),
        ("CHANNELS", '[{"name": "a"}, {"default": true}]', "KUMAWATCH_CHANNELS: entry 2 needs a name."),
        ("CHANNELS", '[{"name": "a"}, {"name": "a"}]', "KUMAWATCH_CHANNELS names a channel twice."),
        (
            "CHANNELS",
            '[{"name": "a", "severities": ["fatal"]}]',
            "KUMAWATCH_CHANNELS: channel 'a' names the severity 'fatal'; there are info, warning, critical.",
        ),
        ("PACE", "soon", "KUMAWATCH_PACE must be a number from 0 on, not 'soon'."),
        ("ESCALATE_AFTER", "-1", "KUMAWATCH_ESCALATE_AFTER must be a number from 0 on, not '-1'."),
        ("PACE", "nan", "KUMAWATCH_PACE must be a number from 0 on, not 'nan'."),
    ],
)
def test_what_cannot_be_right_is_said(variable: str, value: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        read_settings({**ENVIRON, f"KUMAWATCH_{variable}": value})
    assert str(caught.value) == sentence


A, B, C = Channel("a", default=True), Channel("b", severities=("critical",)), Channel("c")


@pytest.mark.parametrize(
    ("severity", "named", "told", "expected"),
    [
        ("warning", "", (), ("a",)),
        ("warning", "c", (), ("c",)),
        ("critical", "b, c", (), ("b", "c")),
        ("warning", "b c", (), ("c",)),
        ("warning", "b", (), ("a",)),
        ("warning", "gone", (), ("a",)),
        ("critical", "b", ("c",), ("c", "b")),
        ("warning", "b", ("c",), ("c",)),
        ("warning", "c", ("gone",), ("c",)),
    ],
)
def test_routes(severity: str, named: str, told: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert route((A, B, C), severity, named, told) == expected


def test_a_tag_names_a_channel_without_what_tags_do_not_take() -> None:
    channels = (A, Channel("Ops & (night) team"), Channel("über"))
    assert route(channels, "warning", "Ops__night_team über") == ("Ops & (night) team", "über")


def test_without_a_default_channel_the_first_one_is_it() -> None:
    assert route((B, C), "critical") == ("b",)
    assert route((B, C), "info") == ("b",)
