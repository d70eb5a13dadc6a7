# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What alarms do: they are evaluated when they may have changed, change state, and tell their actions unless held back.

Nothing here talks to anything: ``tell`` is given each action's ARN and what it is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from lab.aws.cloudwatch import composite, mute
from lab.aws.cloudwatch.evaluate import ALARM, INSUFFICIENT, OK, evaluate, iso, metrics_used, period
from lab.aws.cloudwatch.store import Alarm, Scope, Store

TYPES = {"metric": "MetricAlarm", "composite": "CompositeAlarm", "log": "LogAlarm"}
ACTIONS = {OK: "OKActions", ALARM: "AlarmActions", INSUFFICIENT: "InsufficientDataActions"}
TRAINED = 10
"""How many points make an anomaly detector TRAINED."""
ANY = ("", "")

Tell = Callable[[Scope, Alarm, str, dict[str, Any]], None]


def record(scope: Scope, alarm: Alarm, now: float, kind: str, summary: str, data: dict[str, Any], **more: Any) -> None:
    """Add an entry to the alarm's history."""
    scope.history.append(
        {
            "AlarmName": alarm.name,
            "AlarmType": TYPES[alarm.kind],
            "Timestamp": now,
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data)[:4095],
            **more,
        }
    )


def banded(expression: str) -> list[str]:
    """The ids that an expression draws an anomaly band around."""
    return re.findall(r"ANOMALY_DETECTION_BAND\s*\(\s*([a-z]\w*)", expression, re.IGNORECASE)


def children_of(alarm: Alarm) -> list[str]:
    """The names that a composite's rule names."""
    if alarm.kind != "composite":
        return []
    return [composite.short_name(child) for child in composite.children(composite.parse(alarm.put["AlarmRule"]))]


class Engine:
    """Evaluates alarms; one for all scopes."""

    def __init__(self, store: Store, now: Callable[[], float], tell: Tell) -> None:
        self.store, self.now, self.tell = store, now, tell
        self.waiting: set[tuple[str, str, str]] = set()
        """Account, Region and name of alarms whose data or configuration changed."""

    # -- what concerns whom

    def learn(self, scope: Scope, alarm: Alarm) -> None:
        """Take note of an alarm that is new or changed."""
        for other in self.named_by(alarm):
            scope.parents.setdefault(other, set()).add(alarm.name)
        if alarm.kind == "metric":
            for key in self.read_by(alarm):
                scope.readers.setdefault(key, set()).add(alarm.name)
        self.waiting.add((scope.account, scope.region, alarm.name))

    def forget(self, scope: Scope, alarm: Alarm) -> None:
        """Undo ``learn``."""
        for other in self.named_by(alarm):
            scope.parents.get(other, set()).discard(alarm.name)
        if alarm.kind == "metric":
            for key in self.read_by(alarm):
                scope.readers.get(key, set()).discard(alarm.name)

    def learn_all(self) -> None:
        """After a restart."""
        for scope in self.store.scopes.values():
            for alarm in scope.alarms.values():
                self.learn(scope, alarm)

    @staticmethod
    def named_by(alarm: Alarm) -> list[str]:
        named = children_of(alarm)
        if alarm.put.get("ActionsSuppressor"):
            named.append(composite.short_name(alarm.put["ActionsSuppressor"]))
        return named

    @staticmethod
    def read_by(alarm: Alarm) -> set[tuple[str, str]]:
        if "EvaluationCriteria" in alarm.put:
            return set()
        used, any_metric = metrics_used(alarm.put)
        return {*used, ANY} if any_metric else used

    def touched(self, scope: Scope, keys: Iterable[tuple[str, str]]) -> None:
        """Metrics got data: who reads them is to be evaluated."""
        for key in (*keys, ANY):
            for name in scope.readers.get(key, ()):
                self.waiting.add((scope.account, scope.region, name))

    # -- evaluating

    def due(self) -> list[tuple[Scope, Alarm]]:
        """The alarms to look at now: those with news, and those of which a period has passed."""
        now = self.now()
        found = []
        waiting, self.waiting = self.waiting, set()
        for scope in self.store.scopes.values():
            for alarm in scope.alarms.values():
                if alarm.due <= now or (scope.account, scope.region, alarm.name) in waiting:
                    found.append((scope, alarm))
        return found

    def look(self, scope: Scope, alarm: Alarm) -> None:
        """Evaluate one alarm and see to what is held back."""
        now = self.now()
        if scope.alarms.get(alarm.name) is not alarm:
            return
        alarm.due = now + 1.0
        if alarm.kind == "metric" and "EvaluationCriteria" not in alarm.put:
            step = period(alarm.put)
            alarm.due = (now // step + 1) * step
            self.look_at_metric(scope, alarm, now)
        elif alarm.kind == "composite":
            self.look_at_composite(scope, alarm, now)
        else:
            alarm.due = float("inf")
        if alarm.pending is not None or alarm.held_by:
            alarm.due = min(alarm.due, now + 1.0)
            self.look_at_held(scope, alarm, now)

    def look_at_metric(self, scope: Scope, alarm: Alarm, now: float) -> None:
        if not alarm.warm:
            wish = alarm.put.get("WarmUpConfiguration", {})
            if now >= alarm.created + 60 * wish.get("WarmUpPeriodDurationInMinutes", 0):
                alarm.warm = True
            elif wish.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds"):
                return
        verdict = evaluate(alarm.put, scope.metrics, now, alarm.state)
        if not alarm.warm:
            # Data enough to fill the window ends the warm-up early.
            seen = len(verdict.data.get("recentDatapoints", ()))
            if seen < int(alarm.put.get("EvaluationPeriods", 1)):
                return
            alarm.warm = True
        if verdict.state is None:
            return
        changes = self.contribute(scope, alarm, verdict.contributors, now)
        if verdict.state != alarm.state:
            self.change(scope, alarm, verdict.state, verdict.reason, verdict.data or None)
        if changes and not (scope.mutes and self.muted(scope, alarm, now)):
            for change in changes:
                self.act(scope, alarm, change)

    def contribute(self, scope: Scope, alarm: Alarm, found: Iterable[Any], now: float) -> list[dict[str, Any]]:
        """Keep who breaches in a Metrics Insights alarm; returns the changes of the contributors.

        Topics and functions are told of each contributor, besides of the alarm itself ("Acting on alarm changes" in the
        user guide); a contributor is in ALARM or OK, never without data.
        """
        have = {item.id: item for item in found}
        changes = []
        for id in [id for id in alarm.contributors if id not in have]:
            left = alarm.contributors.pop(id)
            changes.append((id, left["attributes"], ALARM, OK, "The time series no longer breaches the threshold."))
        for id, item in have.items():
            if id not in alarm.contributors:
                alarm.contributors[id] = {"attributes": item.attributes, "reason": item.reason, "since": now}
                changes.append((id, item.attributes, OK, ALARM, item.reason))
        told = []
        for id, attributes, old, new, reason in changes:
            record(
                scope,
                alarm,
                now,
                "AlarmContributorStateUpdate",
                f"Alarm contributor updated from {old} to {new}",
                {
                    "version": "1.0",
                    "oldState": {"stateValue": old},
                    "newState": {"stateValue": new, "stateReason": reason},
                },
                AlarmContributorId=id,
                AlarmContributorAttributes=attributes,
            )
            contributor = {"id": id, "attributes": attributes}
            told.append({**self.change_of(alarm, new, reason, None, now), "old": old, "contributor": contributor})
        return told

    def look_at_composite(self, scope: Scope, alarm: Alarm, now: float) -> None:
        alarm.due = float("inf")

        def state_of(child: str) -> str:
            found = scope.alarms.get(composite.short_name(child))
            return found.state if found is not None else INSUFFICIENT

        holds = composite.evaluate(composite.parse(alarm.put["AlarmRule"]), state_of)
        new = ALARM if holds else OK
        if new == alarm.state:
            return
        if alarm.triggers:
            trigger = alarm.triggers[-1]
            reason = f"{trigger['arn']} transitioned to {trigger['state']} at {shown_day(trigger['at'])}"
        else:
            reason = "Alarm rule evaluated on creation or update"
        data = {
            "triggeringAlarms": [
                {"arn": item["arn"], "state": {"value": item["state"], "timestamp": iso(item["at"])}}
                for item in alarm.triggers
            ]
        }
        triggers, alarm.triggers = alarm.triggers, []
        self.change(scope, alarm, new, reason, data, triggers)

    # -- changing state

    def change_of(self, alarm: Alarm, new: str, reason: str, data: Any, now: float) -> dict[str, Any]:
        return {
            "old": alarm.state,
            "old_reason": alarm.reason,
            "old_at": alarm.updated,
            "new": new,
            "reason": reason,
            "data": data,
            "at": now,
        }

    def set_state(self, scope: Scope, alarm: Alarm, new: str, reason: str, data: Any = None) -> None:
        """SetAlarmState: the state stays until an evaluation says otherwise."""
        now = self.now()
        if new != alarm.state:
            self.change(scope, alarm, new, reason, data)
        else:
            alarm.reason, alarm.data, alarm.updated = reason, data, now
        if alarm.kind == "metric":
            # The next evaluation is at the next period, not at once, so that the state can be seen.
            alarm.due = (
                (now // period(alarm.put) + 1) * period(alarm.put) if "EvaluationCriteria" not in alarm.put else 0.0
            )
            self.waiting.discard((scope.account, scope.region, alarm.name))

    def change(
        self, scope: Scope, alarm: Alarm, new: str, reason: str, data: Any, triggers: list[dict[str, Any]] | None = None
    ) -> None:
        """Go into another state, tell the actions, and let the composites above see it."""
        now = self.now()
        change = self.change_of(alarm, new, reason, data, now)
        change["children"] = triggers or []
        record(
            scope,
            alarm,
            now,
            "StateUpdate",
            f"Alarm updated from {alarm.state} to {new}",
            {
                "version": "1.0",
                "oldState": {"stateValue": alarm.state, "stateReason": alarm.reason},
                "newState": {"stateValue": new, "stateReason": reason, **({"stateReasonData": data} if data else {})},
            },
        )
        alarm.state, alarm.reason, alarm.data = new, reason, data
        alarm.updated = alarm.transitioned = now
        self.hold_or_act(scope, alarm, change)
        self.tell(scope, alarm, "events", change)
        for name in sorted(scope.parents.get(alarm.name, ())):
            parent = scope.alarms.get(name)
            if parent is None:
                continue
            suppresses = composite.short_name(parent.put.get("ActionsSuppressor", "")) == alarm.name
            if suppresses and new != ALARM and change["old"] == ALARM:
                # Before the parent is looked at: from now on the extension period holds its actions.
                parent.suppressor_left = now
            if alarm.name in children_of(parent):
                parent.triggers.append({"arn": alarm.arn, "state": new, "at": now})
                del parent.triggers[:-10]
            self.look(scope, parent)
            # A change that did not change the parent triggered nothing.
            parent.triggers.clear()
            if suppresses:
                self.look_at_held(scope, parent, now)

    # -- actions, and what holds them back

    def muted(self, scope: Scope, alarm: Alarm, now: float) -> bool:
        return any(
            mute.active(rule, now)
            for rule in scope.mutes.values()
            if "MuteTargets" not in rule or alarm.name in rule["MuteTargets"]["AlarmNames"]
        )

    def suppressed(self, scope: Scope, alarm: Alarm, now: float) -> tuple[str, float]:
        """By what a suppressor holds the actions of a composite back, and until when; "" when it does not."""
        name = alarm.put.get("ActionsSuppressor")
        if not name:
            return "", 0.0
        other = scope.alarms.get(composite.short_name(name))
        if other is not None and other.state == ALARM:
            return "Alarm", float("inf")
        extension = alarm.suppressor_left + alarm.put.get("ActionsSuppressorExtensionPeriod", 0)
        if alarm.suppressor_left and now < extension:
            return "ExtensionPeriod", extension
        wait = alarm.transitioned + alarm.put.get("ActionsSuppressorWaitPeriod", 0)
        if now < wait:
            return "WaitPeriod", wait
        return "", 0.0

    def hold_or_act(self, scope: Scope, alarm: Alarm, change: dict[str, Any]) -> None:
        now = self.now()
        if scope.mutes and self.muted(scope, alarm, now):
            alarm.pending, alarm.held_by = change, "Mute"
        else:
            alarm.held_by, alarm.held_until = self.suppressed(scope, alarm, now)
            if alarm.held_by:
                alarm.pending = change
            else:
                alarm.pending = None
                self.act(scope, alarm, change)
        if alarm.pending is not None:
            alarm.due = min(alarm.due, now + 1.0)

    def look_at_held(self, scope: Scope, alarm: Alarm, now: float) -> None:
        """Let go of actions whose reason to be held back is over, if they still say what is so."""
        was = alarm.held_by
        if scope.mutes and self.muted(scope, alarm, now):
            alarm.held_by = "Mute"
            return
        alarm.held_by, alarm.held_until = self.suppressed(scope, alarm, now)
        if alarm.held_by:
            return
        change, alarm.pending = alarm.pending, None
        if change is None or change["new"] != alarm.state:
            return
        if alarm.state == (alarm.announced or (OK if alarm.state == OK else "")):
            return
        self.act(scope, alarm, {**change, "after_mute": was == "Mute"})

    def act(self, scope: Scope, alarm: Alarm, change: dict[str, Any]) -> None:
        """Run the actions of a state."""
        if "contributor" not in change:
            alarm.announced = change["new"]
        if not alarm.put.get("ActionsEnabled", True):
            return
        change = {**change, "tags": scope.tags.get(alarm.arn, {})}
        contributor = change.get("contributor")
        for action in alarm.put.get(ACTIONS[change["new"]], []):
            self.tell(scope, alarm, action, change)
            more = {"AlarmContributorId": contributor["id"]} if contributor else {}
            record(
                scope,
                alarm,
                self.now(),
                "AlarmContributorAction" if contributor else "Action",
                f"Successfully executed action {action}",
                {
                    "actionState": "Succeeded",
                    "stateUpdateTimestamp": int(change["at"] * 1000),
                    "notificationResource": action,
                },
                **more,
            )


def shown_day(moment: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).strftime("%A %d %B, %Y %H:%M:%S UTC")
