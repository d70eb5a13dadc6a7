# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge Scheduler refuses the expressions that AWS refuses; MiniStack takes any, and never runs them."""

from __future__ import annotations

from typing import Any

from ministack.services import scheduler

from lab.aws.cloudwatch_logs import schedule

NAMES = {"ministack.services.scheduler": ["_create_schedule", "_error", "_update_schedule"]}
"""The private names that are used, by module."""


def install() -> None:
    """Change MiniStack's Scheduler."""
    scheduler._create_schedule = checking(scheduler._create_schedule)
    scheduler._update_schedule = checking(scheduler._update_schedule)


def checking(original: Any) -> Any:
    """Check the expression first."""

    def act(name: str, body: dict[str, Any]) -> Any:
        expression = body.get("ScheduleExpression")
        if expression and not schedule.valid(expression):
            return scheduler._error(400, "ValidationException", f"Invalid Schedule Expression {expression}.")
        return original(name, body)

    return act
