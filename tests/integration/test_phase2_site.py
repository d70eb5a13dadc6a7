# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase 2 as a user runs it, against the stand-in: predicted, made, and made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .life import Lab, Life, beyond_policies, succeeded
from .playbook import WEBHOOK

ALARMS = "Reconcile the alarms"
DASHBOARDS = "Reconcile the dashboards"
MUTE_RULES = "Reconcile the mute rules"
INSTANCES = "Switch detailed monitoring on"
DATABASES = "Set how closely databases are watched"
ROLE = "Make the role for Enhanced Monitoring"
PREDICTED = (ALARMS, DASHBOARDS, MUTE_RULES, INSTANCES, DATABASES)


def _without_channel(changes: dict[str, Any]) -> dict[str, Any]:
    unmanaged = [name for name in changes.get("unmanaged") or [] if not name.startswith("lab/alert-channel/")]
    return {**changes, "unmanaged": unmanaged}


@pytest.mark.slow
def test_check_mode_predicts_on_an_empty_account_what_the_run_then_does(life: Life) -> None:
    for task in PREDICTED:
        # The run made the alert channel's own alarms before it came here: they are no part of a prediction.
        predicted, made = (_without_channel(run.changes[task]) for run in (life.predicted, life.made))
        assert predicted == made, task
        assert life.predicted.tasks[task].get("diff") == life.made.tasks[task].get("diff"), task
    assert life.predicted.tasks[ROLE]["changed"] is life.made.tasks[ROLE]["changed"] is True
    created = life.made.changes[ALARMS]["created"]
    assert len(created) > 30
    assert {"lab/api/service/critical", "lab/shop/service/critical"} <= set(created)
    assert "lab" in life.made.changes[DASHBOARDS]["created"]
    assert len(life.made.changes[INSTANCES]["updated"]) == 1, "the instance of the one critical service"


@pytest.mark.slow
def test_a_second_run_changes_nothing(life: Life) -> None:
    changed = [name for name, result in life.again.tasks.items() if result.get("changed")]
    assert changed == []
    assert life.again.changed == 0
    assert life.again.changes[ALARMS]["unchanged"] == life.made.changes[ALARMS]["created"]


@pytest.mark.slow
def test_every_call_of_a_run_is_in_the_policies_and_needs_no_more(life: Life) -> None:
    _ = life.again
    assert {("monitoring", "PutMetricAlarm"), ("logs", "PutMetricFilter"), ("logs", "CreateDelivery")} <= life.calls
    assert beyond_policies(life.calls) == []


def test_an_environment_without_an_account_says_so_in_one_line(tmp_path: Path) -> None:
    left_out = Lab(tmp_path, None, None).run("--tags", "phase2")
    assert succeeded(left_out).changed == 0
    assert left_out.tasks["Say why nothing is done"]["msg"] == (
        "Environment 'lab' declares no AWS account (monitoring_aws), so phase 2 is left out."
    )
    assert ALARMS not in left_out.tasks
    assert WEBHOOK not in left_out.output
