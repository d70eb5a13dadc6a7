# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who tells what, and how often: the alarms in a small CloudWatch, under values that change.

Every alarm on a metric is evaluated once a minute, each in its own second, as CloudWatch does it: that is when two
alarms that mean the same moment disagree. What they tell goes to the relay's own incidents.
"""

from __future__ import annotations

import heapq
import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.alert import Alert
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.incidents import Incident, apply, identify

SPEC = Path(__file__).parents[5] / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]
BEGIN = datetime(2026, 11, 27, tzinfo=UTC)
TOPICS = {"critical": "critical", "warning": "warning"}

Entry = dict[str, Any]
Values = Callable[[Mapping[str, Any], int], float | None]
"""The value of a metric in a minute, ``None`` where there is none."""

OK, ALARM, NONE = "OK", "ALARM", "INSUFFICIENT_DATA"
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, limit: value > limit,
    "GreaterThanOrEqualToThreshold": lambda value, limit: value >= limit,
    "LessThanThreshold": lambda value, limit: value < limit,
}


class CloudWatch:
    """The alarms and their states, second by second.

    :param values: of the metrics that alarms watch.
    :param forced: states of alarms that are not evaluated: what they are to be at a second.
    :param again: whether a composite that could not say that it is in alarm says so when nothing holds it back any
        more, although it had said so before. What is told must be right either way.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        values: Values,
        seed: int = 0,
        forced: Mapping[str, Callable[[int], str]] | None = None,
        again: bool = True,
    ) -> None:
        rng = random.Random(seed)
        self.entries = {entry["name"]: entry for entry in entries}
        self.values, self.forced, self.again = values, forced or {}, again
        self.state = dict.fromkeys(self.entries, NONE)
        self.offset = {name: rng.randrange(60) for name in self.entries}
        self.since = dict.fromkeys(self.entries, 0)
        self.left: dict[str, int] = {}
        self.pending: dict[str, str] = {}
        self.said: dict[str, str] = {}
        self.told: list[tuple[int, str, str, str]] = []
        self.alerts: list[Alert] = []
        self.parents: dict[str, list[str]] = {}
        for name, entry in self.entries.items():
            for child in re.findall(r'ALARM\("([^"]+)"\)', entry.get("rule", "")):
                self.parents.setdefault(child, []).append(name)

    def run(self, seconds: int) -> None:
        for name, entry in self.entries.items():
            if entry["kind"] == "composite" and name not in self.forced:
                self.composite(name, 0)
        turns = [(self.offset[name], name) for name, entry in self.entries.items()
                 if name in self.forced or entry["kind"] == "metric"]  # fmt: skip
        heapq.heapify(turns)
        while turns and turns[0][0] < seconds:
            second, name = heapq.heappop(turns)
            if name:
                forced = self.forced.get(name)
                state = forced(second) if forced else self.evaluated(self.entries[name], second)
                self.become(name, state, second)
                heapq.heappush(turns, (second + 60, name))
            for held in list(self.pending):
                self.release(self.entries[held], second)
            for held in self.pending:
                suppressor = self.entries[held]["suppressor"]
                for begin, length in ((self.since[held], "wait"), (self.left.get(suppressor["alarm"], 0), "extension")):
                    if begin + suppressor[length] > second:
                        heapq.heappush(turns, (begin + suppressor[length], ""))

    def evaluated(self, entry: Entry, second: int) -> str:
        """M of the last N whole minutes, with what is missing counted as declared."""
        step = entry["period"] // 60
        last = second // 60
        found: list[bool | None] = []
        for number in range(entry["evaluation_periods"]):
            minutes = range(last - (number + 1) * step, last - number * step)
            given = [value for minute in minutes if (value := self.values(entry, minute)) is not None]
            if given:
                found.append(_COMPARE[entry["comparison"]](sum(given) / len(given), entry["threshold"]))
            else:
                found.append({"breaching": True, "notBreaching": False}.get(entry["treat_missing_data"]))
        if all(one is None for one in found):
            return NONE
        return ALARM if sum(bool(one) for one in found) >= entry["datapoints_to_alarm"] else OK

    def composite(self, name: str, second: int) -> None:
        words = re.sub(
            r'ALARM\("([^"]+)"\)', lambda match: str(self.state[match[1]] == ALARM), self.entries[name]["rule"]
        )
        assert re.fullmatch(r"(?:True|False|AND|OR|NOT| )+", words)
        holds = eval(words.replace("AND", "and").replace("OR", "or").replace("NOT", "not"))
        self.become(name, ALARM if holds else OK, second)

    def become(self, name: str, state: str, second: int) -> None:
        before = self.state[name]
        if before == state:
            return
        self.state[name], self.since[name] = state, second
        if before == ALARM:
            self.left[name] = second
        for parent in self.parents.get(name, ()):
            self.composite(parent, second)
        if self.state[name] == state:
            self.pending[name] = state
            if self.holds_back(self.entries[name], second):
                return
            self.act(name, second)

    def holds_back(self, entry: Entry, second: int) -> bool:
        suppressor = entry.get("suppressor")
        if not suppressor:
            return False
        other = suppressor["alarm"]
        return (
            self.state[other] == ALARM
            or (other in self.left and second < self.left[other] + suppressor["extension"])
            or (self.state[entry["name"]] == ALARM and second < self.since[entry["name"]] + suppressor["wait"])
        )

    def release(self, entry: Entry, second: int) -> None:
        name = entry["name"]
        if name in self.pending and not self.holds_back(entry, second):
            if self.pending[name] == self.state[name] and (self.again or self.said.get(name) != self.state[name]):
                self.act(name, second)
            self.pending.pop(name, None)

    def act(self, name: str, second: int) -> None:
        state, entry = self.state[name], self.entries[name]
        self.pending.pop(name, None)
        self.said[name] = state
        actions = {ALARM: "alarm_actions", OK: "ok_actions", NONE: "insufficient_data_actions"}[state]
        for _topic in entry[actions]:
            tags = entry["tags"]
            incident = "/".join(part for part in (tags["service"], tags["kind"], tags.get("resource")) if part)
            self.told.append((second, incident, tags["severity"], state))
            at = BEGIN + timedelta(seconds=second)
            key = f"{name} {second}"
            self.alerts.append(Alert(key=key, source="alarm", title=name, at=at, state=state, name=name, tags=tags))

    def messages(self) -> list[str]:
        """What the relay makes of it: incidents that begin, change and end, each by what is told of it."""
        result = []
        known: dict[str, Incident] = {}
        for alert in self.alerts:
            identity = str(identify(alert, "e"))
            before = known.get(identity)
            after = known[identity] = apply(before, alert, identity, "e")
            was_open = before is not None and before.is_open
            if after.is_open and (alert.state == ALARM or not was_open):
                result.append(f"{identity.removeprefix('e/')} {after.severity}")
            elif was_open and not after.is_open:
                result.append(f"{identity.removeprefix('e/')} over")
        return result


def entries(*services: Entry, **found: Entry) -> list[Entry]:
    declared = {"monitoring_environment": "e", "monitoring_services": list(services)}
    return alarms(resolve(declared, OPTIONS), {"services": found}, TOPICS)


def host(*kinds: str, **service: Any) -> list[Entry]:
    """The alarms of one instance, of these kinds only."""
    off = {kind: False for kind in ("cpu", "memory", "disk", "network", "host_down") if kind not in kinds}
    instance = {"id": "i-1", "state": "running", "detailed_monitoring": True, "volumes": []}
    return entries({"name": "api", "alarms": off, **service}, api={"instances": [instance]})


def stairs(*steps: tuple[int, float | None]) -> Callable[[int], float | None]:
    """A value that changes: ``(minutes, value)`` one after the other, the last for ever."""

    def value(minute: int) -> float | None:
        for length, height in steps:
            if minute < length:
                return height
            minute -= length
        return steps[-1][1]

    return value


def watched(
    made: Sequence[Entry], minutes: int, seed: int, again: bool, **metrics: Callable[[int], float | None]
) -> Any:
    def values(entry: Mapping[str, Any], minute: int) -> float | None:
        return metrics[entry["metric"]](max(minute, 0))  # it was so before the alarms were there

    world = CloudWatch(made, values, seed, again=again)
    world.run(minutes * 60)
    return world


SEEDS = st.integers(0, 10**6)
MANY = settings(max_examples=25, deadline=None)


@MANY
@given(SEEDS, st.booleans())
def test_a_processor_at_90_then_97_then_40_is_one_warning_one_critical_and_one_recovery(seed: int, again: bool) -> None:
    values = stairs((20, 40), (20, 90), (25, 97), (30, 40))
    world = watched(host("cpu"), 95, seed, again, CPUUtilization=values)
    assert world.messages() == ["api/cpu/i-1 warning", "api/cpu/i-1 critical", "api/cpu/i-1 over"]
    warned, told, ended = [second for second, *_rest, state in world.told if second > 20 * 60]
    assert 25 * 60 <= warned <= 28 * 60
    assert 50 * 60 <= told <= 51 * 60, "nothing delays the critical message"
    assert 66 * 60 <= ended <= 67 * 60


LEVELS = st.fixed_dictionaries({"evaluation_periods": st.integers(1, 8), "datapoints_to_alarm": st.integers(1, 8)})


@MANY
@given(SEEDS, LEVELS, LEVELS, st.lists(st.sampled_from([40, 90, 97]), min_size=20, max_size=40))
def test_whatever_is_declared_an_incident_that_was_told_of_ends_once_it_is_over(
    seed: int, warning: Entry, critical: Entry, heights: list[float]
) -> None:
    """However the two look at the values: there is an end when nothing is wrong, and never two in a row."""
    for level in (warning, critical):
        level["datapoints_to_alarm"] = min(level["datapoints_to_alarm"], level["evaluation_periods"])
    made = host("memory", agent="required", alarms={
        **dict.fromkeys(("cpu", "disk", "network", "host_down"), False),
        "memory": {"warning": {"threshold": 85, **warning}, "critical": {"threshold": 95, **critical}},
    })  # fmt: skip
    values = stairs((20, 40), *((1, height) for height in heights), (1, 40))
    world = watched(made, 20 + len(heights) + 20, seed, True, mem_used_percent=values)
    messages = world.messages()
    assert not messages or messages[-1] == "api/memory/i-1 over"
    assert not any(one == other == "api/memory/i-1 over" for one, other in pairwise(messages))


@MANY
@given(SEEDS, st.booleans())
def test_what_is_bad_at_once_is_told_once(seed: int, again: bool) -> None:
    """Warning and critical of memory take the same five minutes: which is evaluated first is chance."""
    values = stairs((20, 40), (20, 97), (20, 40))
    world = watched(host("memory"), 60, seed, again, mem_used_percent=values)
    assert world.messages() == ["api/memory/i-1 critical", "api/memory/i-1 over"]


@MANY
@given(SEEDS)
def test_what_falls_back_to_a_warning_is_told_as_one(seed: int) -> None:
    values = stairs((20, 40), (20, 97), (20, 90), (20, 40))
    world = watched(host("memory"), 80, seed, True, mem_used_percent=values)
    incident = "api/memory/i-1"
    assert world.messages() == [f"{incident} critical", f"{incident} warning", f"{incident} over"]


@MANY
@given(SEEDS, st.booleans())
def test_a_peak_is_told_of_by_nobody(seed: int, again: bool) -> None:
    values = stairs((20, 40), (4, 99), (30, 40))
    assert watched(host("cpu"), 55, seed, again, CPUUtilization=values).messages() == []


@MANY
@given(SEEDS, st.booleans())
def test_a_gap_in_the_values_is_no_news(seed: int, again: bool) -> None:
    values = stairs((20, 40), (30, None), (20, 40))
    made = host("cpu", "memory")
    assert watched(made, 70, seed, again, CPUUtilization=values, mem_used_percent=values).messages() == []


@MANY
@given(SEEDS, st.booleans())
def test_new_alarms_tell_nothing(seed: int, again: bool) -> None:
    values = stairs((1, None), (30, 40))
    made = host("cpu", "memory", "host_down")
    metrics = {"CPUUtilization": values, "mem_used_percent": values, "StatusCheckFailed": stairs((60, 0))}
    assert watched(made, 30, seed, again, **metrics).messages() == []


@MANY
@given(SEEDS, st.booleans())
def test_a_host_that_is_down_is_told_of_once_and_not_its_memory_and_disks(seed: int, again: bool) -> None:
    values = stairs((20, 40), (30, None), (30, 40))
    down = stairs((20, 0), (30, None), (30, 0))
    made = host("memory", "disk", "host_down", agent="required", mounts=["/", "/data"])
    world = watched(made, 80, seed, again, mem_used_percent=values, disk_used_percent=values, StatusCheckFailed=down)
    assert world.messages() == ["api/host_down/i-1 critical", "api/host_down/i-1 over"]


@MANY
@given(SEEDS, st.booleans())
def test_an_agent_that_must_run_and_does_not_is_told_of(seed: int, again: bool) -> None:
    values = stairs((20, 40), (30, None), (30, 40))
    made = host("memory", "host_down", agent="required")
    world = watched(made, 80, seed, again, mem_used_percent=values, StatusCheckFailed=stairs((80, 0)))
    assert world.messages() == ["api/memory/i-1 critical", "api/memory/i-1 over"]


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_one_severity_alone_tells_of_beginning_and_end(severity: str) -> None:
    other = {"warning": "critical", "critical": "warning"}[severity]
    made = host("cpu", alarms={"memory": False, "disk": False, "network": False, "host_down": False,
                               "cpu": {other: False}})  # fmt: skip
    assert [entry["kind"] for entry in made] == ["metric"], "no composite is paid for"
    values = stairs((20, 40), (20, 99), (20, 40))
    world = watched(made, 60, 1, True, CPUUtilization=values)
    assert world.messages() == [f"api/cpu/i-1 {severity}", "api/cpu/i-1 over"]


def test_two_things_that_go_wrong_are_two_incidents() -> None:
    values = stairs((20, 40), (20, 97), (20, 40))
    world = watched(host("cpu", "memory"), 60, 3, True, CPUUtilization=values, mem_used_percent=values)
    assert sorted(world.messages()) == [
        "api/cpu/i-1 critical", "api/cpu/i-1 over", "api/cpu/i-1 warning",
        "api/memory/i-1 critical", "api/memory/i-1 over",
    ]  # fmt: skip


# -- services that depend on each other -------------------------------------------------------------------------------

UP = {"name": "Up", "namespace": "Demo", "direction": "below", "treat_missing_data": "breaching"}


def chain() -> list[Entry]:
    """shop needs api, api needs queue. What each is worth to its users is a metric of its name."""
    metric = {**UP, "warning": 9, "critical": 5}
    return entries(
        {"name": "queue", "metrics": [{**metric, "name": "queue"}]},
        {"name": "api", "depends_on": ["queue"], "metrics": [{**metric, "name": "api"}]},
        {"name": "shop", "depends_on": ["api"], "metrics": [{**metric, "name": "shop"}]},
    )


GOOD = stairs((1, 10))


@MANY
@given(SEEDS, st.booleans(), st.integers(0, 1), st.integers(0, 2))
def test_what_fails_because_of_another_is_silent(seed: int, again: bool, later: int, longer: int) -> None:
    """What depends on the queue fails up to a minute after it, and works again up to two minutes after it."""

    def below(n: int) -> Callable[[int], float | None]:
        return stairs((20 + n * later, 10), (30 - n * later + n * longer, 0), (40, 10))

    world = watched(chain(), 90, seed, again, queue=below(0), api=below(1), shop=below(2))
    assert world.messages() == ["queue/business/queue critical", "queue/business/queue over"]


@MANY
@given(SEEDS, st.booleans())
def test_what_only_limps_because_of_another_is_silent_too(seed: int, again: bool) -> None:
    world = watched(chain(), 90, seed, again, queue=stairs((20, 10), (30, 0), (40, 10)),
                    api=stairs((21, 10), (30, 7), (40, 10)), shop=GOOD)  # fmt: skip
    assert world.messages() == ["queue/business/queue critical", "queue/business/queue over"]


@MANY
@given(SEEDS, st.booleans())
def test_what_still_fails_when_the_other_works_again_is_told(seed: int, again: bool) -> None:
    world = watched(chain(), 120, seed, again, queue=stairs((20, 10), (30, 0), (70, 10)),
                    api=stairs((20, 10), (60, 0), (40, 10)), shop=GOOD)  # fmt: skip
    assert world.messages() == [
        "queue/business/queue critical", "queue/business/queue over",
        "api/business/api critical", "api/business/api over",
    ]  # fmt: skip


@MANY
@given(SEEDS, st.booleans())
def test_what_fails_by_itself_is_told(seed: int, again: bool) -> None:
    world = watched(chain(), 90, seed, again, queue=GOOD, api=stairs((20, 10), (30, 0), (40, 10)), shop=GOOD)
    assert world.messages() == ["api/business/api critical", "api/business/api over"]
    told = next(second for second, _incident, severity, state in world.told if state == ALARM)
    assert 25 * 60 + 120 <= told <= 26 * 60 + 120, "it waits for the other to fail, and no longer"


@MANY
@given(SEEDS, st.booleans())
def test_a_limp_that_gets_worse_is_one_incident_with_an_upstream_as_well(seed: int, again: bool) -> None:
    world = watched(chain(), 100, seed, again, queue=GOOD, shop=GOOD,
                    api=stairs((20, 10), (20, 7), (20, 0), (40, 10)))  # fmt: skip
    assert world.messages() == ["api/business/api warning", "api/business/api critical", "api/business/api over"]


def test_a_full_disk_above_silences_nobody_below() -> None:
    instance = {"id": "i-1", "state": "running", "volumes": []}
    only = dict.fromkeys(("cpu", "memory", "network", "host_down"), False)
    made = entries(
        {"name": "db", "alarms": only},
        {"name": "api", "depends_on": ["db"], "metrics": [{**UP, "name": "api", "critical": 5}]},
        db={"instances": [instance]},
    )
    world = watched(made, 60, 5, True, disk_used_percent=stairs((60, 99)), api=stairs((20, 10), (40, 0)))
    assert world.messages() == ["db/disk/i-1/root critical", "api/business/api critical"]


def test_one_host_of_two_is_not_the_whole_service() -> None:
    hosts = [{"id": f"i-{number}", "state": "running", "volumes": []} for number in (1, 2)]
    only = dict.fromkeys(("cpu", "memory", "disk", "network"), False)
    made = entries(
        {"name": "db", "alarms": only},
        {"name": "api", "depends_on": ["db"], "metrics": [{**UP, "name": "api", "critical": 5}]},
        db={"instances": hosts},
    )

    def told(second_down: float | None) -> list[str]:
        def values(entry: Mapping[str, Any], minute: int) -> float | None:
            if entry["metric"] == "api":
                return 10 if minute < 20 else 0
            return 0 if minute < 18 or entry["dimensions"]["InstanceId"] == "i-2" else second_down

        down = {
            f"e/db/host_down/i-{number}/critical": (lambda second: ALARM if second > 1100 else OK) for number in (1,)
        }
        if second_down:
            down["e/db/host_down/i-2/critical"] = down["e/db/host_down/i-1/critical"]
        world = CloudWatch(made, values, 7, forced=down)
        world.run(60 * 60)
        return [message for message in world.messages() if message.startswith("api/")]

    assert told(None) == ["api/business/api critical"]
    assert told(1) == []


# -- the error budget -------------------------------------------------------------------------------------------------


def test_an_outage_burns_fast_and_its_rest_is_not_told_again() -> None:
    balancer = {"id": "app/a/1", "name": "a", "target_groups": []}
    off = dict.fromkeys(("errors_5xx", "response_time", "unhealthy_hosts"), False)
    made = entries(
        {"name": "api", "objective": 99.9, "load_balancer": "a", "alarms": off}, api={"load_balancer": balancer}
    )

    def between(begin: int, end: int) -> Callable[[int], str]:
        return lambda second: ALARM if begin * 60 <= second < end * 60 else OK

    windows = {
        "e/api/slo_fast/critical-5-min": between(20, 45),
        "e/api/slo_fast/critical-1-h": between(22, 100),
        "e/api/slo_slow/warning-30-min": between(24, 70),
        "e/api/slo_slow/warning-6-h": between(30, 400),
    }
    world = CloudWatch(made, lambda entry, minute: 0, 1, forced=windows)
    world.run(120 * 60)
    assert world.messages() == ["api/slo_fast critical", "api/slo_fast over"]
    slow = {name: between(20, 60) if "slow" in name else between(0, 0) for name in windows}
    world = CloudWatch(made, lambda entry, minute: 0, 1, forced=slow)
    world.run(120 * 60)
    assert world.messages() == ["api/slo_slow warning", "api/slo_slow over"]


def test_who_tells_of_an_end_told_of_the_beginning_or_speaks_for_all() -> None:
    """The relay knows by name who is on: an end by an alarm that told of no beginning must be known as that of all."""
    for entry in (*chain(), *host("cpu", "memory", "disk", "host_down", agent="required")):
        if entry["ok_actions"]:
            assert entry["alarm_actions"] or entry["name"].endswith("/notify-recovery"), entry["name"]


def test_nothing_that_can_be_held_back_tells_of_an_end() -> None:
    """Whether CloudWatch tells later of an end that it held back is nowhere written; a recovery must not hang on it."""
    assert [entry["name"] for entry in (*chain(), *host("cpu", "memory", "disk", "host_down", agent="required"))
            if entry.get("suppressor") and entry["ok_actions"]] == []  # fmt: skip
