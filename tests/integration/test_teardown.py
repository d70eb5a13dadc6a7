# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of an environment, as a user brings it about: shown, asked for, and gone; what is others' stays."""

from __future__ import annotations

import pytest

from .life import Life, names_of_alarms
from .test_apm_account import NOTHING, there
from .test_phase2_site import ALARMS
from .test_phase3_site import access_logs


@pytest.mark.slow
def test_it_shows_what_is_ours_and_asks_before_anything_goes(life: Life) -> None:
    removal = life.removal
    shown = removal.shown.tasks["Show it"]["msg"]
    arns = "\n".join(shown["aws"])
    for part in (
        ":alarm:lab/api/",
        ":alarm:lab/alert-channel/",  # bears a mark of its own
        ":kumawatch-lab-critical",
        "role/kumawatch-lab-rds-monitoring",
        "kumawatch-lab-relay",
        ":slo/lab-api",
    ):
        assert part in arns, part
    assert "theirs" not in arns
    assert "lab/api/unmarked" not in arns
    assert shown["monitors"] == ["lab", "lab / api", "lab / queue", "lab / shop"]
    assert removal.unconfirmed.status != 0
    assert removal.unconfirmed.error == (
        "Nothing was removed. Type the name of the environment when asked, or say -e teardown_confirmed=true."
    )
    assert set(life.made.changes[ALARMS]["created"]) < removal.before


@pytest.mark.slow
def test_it_removes_what_is_ours_and_nothing_else(life: Life) -> None:
    _ = life.removal
    aws = life.aws
    assert names_of_alarms(aws) == ["lab/api/unmarked", "theirs"]
    cloudwatch, logs = aws.client("cloudwatch"), aws.client("logs")
    assert [item["DashboardName"] for item in cloudwatch.list_dashboards()["DashboardEntries"]] == ["lab-theirs"]
    assert cloudwatch.list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []
    assert [item["TopicArn"].rpartition(":")[2] for item in aws.client("sns").list_topics()["Topics"]] == [
        "kumawatch-lab-theirs"
    ]
    roles = [item["RoleName"] for item in aws.client("iam").list_roles()["Roles"]]
    assert [name for name in roles if name.startswith("kumawatch")] == ["kumawatch-lab-theirs"]
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert life.log_groups() == ["/lab/api/of-nobody", "/somebody/else"]
    assert logs.describe_query_definitions()["queryDefinitions"] == []
    assert logs.describe_deliveries()["deliveries"] == []
    assert access_logs(life)["access_logs.s3.enabled"] == "false"
    # Enhanced Monitoring went with its role.
    [database] = aws.client("rds").describe_db_instances()["DBInstances"]
    assert database["MonitoringInterval"] == 0
    # Transaction Search is the account's.
    assert there(aws) == {**NOTHING, "destination": "CloudWatchLogs"}
    assert sorted(life.kuma.monitors()) == ["theirs"]
