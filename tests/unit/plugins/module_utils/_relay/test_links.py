# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the buttons lead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import links
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.alert import Alert
from tests.unit.plugins.module_utils._relay.samples import NOW

NAME = "production/api/cpu/ü b/critical"
ALERT = Alert("k", "alarm", NAME, NOW, state="ALARM", name=NAME, arn=f"arn:aws:cloudwatch:eu-central-1:1:alarm:{NAME}",
              region="eu-central-1")  # fmt: skip


def test_the_alarm_in_the_console() -> None:
    assert links.console(ALERT) == (
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
        "#alarmsV2:alarm/production%2Fapi%2Fcpu%2F%C3%BC%20b%2Fcritical"
    )


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_other_partitions_have_other_consoles(partition: str, region: str, host: str) -> None:
    alert = replace(ALERT, arn=f"arn:{partition}:cloudwatch:{region}:1:alarm:a", region=region)
    assert str(links.console(alert)).startswith(f"https://{host}/cloudwatch/home?region={region}#")


def test_logs_insights_shows_a_quarter_of_an_hour_on_both_sides() -> None:
    alert = replace(ALERT, log_query="filter @message like /ERROR/")
    assert links.logs(alert, ["/app/api"]) == (
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:logs-insights$3FqueryDetail"
        "$3D~(end~'2026-11-27T10*3a15*3a00.000Z~start~'2026-11-27T09*3a45*3a00.000Z~timeType~'ABSOLUTE~tz~'UTC"
        "~editorString~'filter*20*40message*20like*20*2fERROR*2f~source~(~'*2fapp*2fapi))"
    )


def test_no_link_where_it_would_lead_nowhere() -> None:
    assert links.console(replace(ALERT, region="", arn="")) is None
    assert links.console(replace(ALERT, region="evil.example.com/", arn="")) is None
    assert links.console(replace(ALERT, link="javascript:alert(1)")) is None
    assert links.console(replace(ALERT, name="ü" * 255)) is not None
    assert links.logs(replace(ALERT, log_query="ü" * 2_000), []) is None
    assert links.logs(replace(ALERT, state=""), []) is None
    assert links.alarms("") is None


def test_the_region_of_the_function_stands_in() -> None:
    assert "region=eu-west-1#" in str(links.console(replace(ALERT, region="", arn=""), "eu-west-1"))


@pytest.mark.parametrize(
    ("tags", "kind", "base", "expected"),
    [
        ({"runbook": "https://wiki/x"}, "cpu", "https://docs/", "https://wiki/x"),
        ({"runbook": "see the wiki"}, "cpu", "https://docs/", "https://docs/cpu.md"),
        ({}, "io_latency", "https://docs/runbooks", "https://docs/runbooks/io_latency.md"),
        ({}, "cpu", "https://docs/{kind}.html#top", "https://docs/cpu.html#top"),
        ({}, "a b/c", "https://docs", "https://docs/a%20b%2Fc.md"),
        ({}, "", "https://docs", None),
        ({}, "cpu", "", None),
        ({}, "cpu", "not an address", None),
    ],
)
def test_runbooks(tags: dict[str, str], kind: str, base: str, expected: str | None) -> None:
    assert links.runbook(tags, kind, base) == expected
