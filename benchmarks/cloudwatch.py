# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our task for alarms costs beside its floor and beside a loop over amazon.aws's module, in one run.

    python -m benchmarks.cloudwatch [--size 50] [--many 5000] [--rounds 3] [--strict] [--json FILE]

It starts a stand-in for AWS of its own and measures there, in turn and round by round:

* an empty Ansible task, which is what any task costs;
* the bare reading of all alarms with boto3: the floor of changing nothing;
* our task: creating, changing nothing, changing nothing without marks (and so without tags), editing a tenth, through
  ``ansible-playbook`` like any task;
* a loop over ``amazon.aws.cloudwatch_metric_alarm``: creating, changing nothing;
* the same with many alarms, ours alone: the loop would take the better part of an hour;
* metric math on the second run, ours and the loop.

Calls are counted by the stand-in, MiB at the peak of the module's own process. Seconds depend on the machine; the
ratios are what counts. ``--strict`` fails if a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.aws.testing import Aws, serve

ROOT = Path(__file__).resolve().parent.parent

MODULE = "ansible_collections.kumawatch.monitoring.plugins.modules.cloudwatch_alarms"
IDLE, CREATE, EDIT = "ours: nothing to do", "ours: create", "ours: edit a tenth"
UNMARKED = "ours: nothing to do, no marks"
PEER_IDLE, PEER_CREATE = "loop: nothing to do", "loop: create"
EMPTY, FLOOR = "empty Ansible task", "bare reading"

FASTER = 20
"""So many times faster than the loop where nothing is to do, the empty task taken off."""
LONGEST = 10.0
"""Seconds for many alarms where nothing is to do."""
LARGEST = 300.0
"""MiB for them."""


@dataclass
class Row:
    """The measurements of one thing at one size."""

    name: str
    size: int
    seconds: list[float] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    memory: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


# -- what is declared -------------------------------------------------------------------------------------------------


def declared(size: int) -> list[dict[str, Any]]:
    """So many alarms on one metric each."""
    return [
        {
            "name": f"benchmark/api/cpu/i-{number:05}/warning",
            "description": "The processor is busy.",
            "namespace": "AWS/EC2",
            "metric": "CPUUtilization",
            "dimensions": {"InstanceId": f"i-{number:05}"},
            "statistic": "Average",
            "period": 60,
            "evaluation_periods": 5,
            "comparison": "GreaterThanThreshold",
            "threshold": 80,
            "treat_missing_data": "missing",
            "alarm_actions": ["arn:aws:sns:us-east-1:123456789012:warning"],
        }
        for number in range(size)
    ]


def of_math(size: int) -> list[dict[str, Any]]:
    """So many alarms on metric math."""

    def stat(name: str, balancer: str) -> dict[str, Any]:
        dimensions = {"LoadBalancer": balancer}
        metric = {"namespace": "AWS/ApplicationELB", "metric": name, "dimensions": dimensions}
        return {**metric, "period": 60, "stat": "Sum"}

    return [
        {
            "name": f"benchmark/api/errors/{number:05}",
            "metrics": [
                {"id": "rate", "expression": "IF(req > 0, 100 * err / req, 0)", "label": "rate", "return_data": True},
                {"id": "req", "metric_stat": stat("RequestCount", f"app/{number}"), "return_data": False},
                {"id": "err", "metric_stat": stat("HTTPCode_Target_5XX_Count", f"app/{number}"), "return_data": False},
            ],
            "evaluation_periods": 5,
            "comparison": "GreaterThanThreshold",
            "threshold": 5,
        }
        for number in range(size)
    ]


def for_peer(entry: dict[str, Any]) -> dict[str, Any]:
    """The same alarm in the words of amazon.aws.cloudwatch_metric_alarm."""
    given = {
        "name": entry["name"],
        "evaluation_periods": entry["evaluation_periods"],
        "comparison": entry["comparison"],
        "threshold": entry["threshold"],
        "state": "present",
    }
    if "metrics" not in entry:
        for ours, theirs in (("metric", "metric"), ("namespace", "namespace"), ("dimensions", "dimensions")):
            given[theirs] = entry[ours]
        for name in ("statistic", "period", "description", "treat_missing_data", "alarm_actions"):
            given[name] = entry[name]
        return given
    given["metrics"] = []
    for element in entry["metrics"]:
        one = {key: value for key, value in element.items() if key != "metric_stat"}
        stat = element.get("metric_stat")
        if stat:
            dimensions = [{"name": name, "value": value} for name, value in stat["dimensions"].items()]
            metric = {"namespace": stat["namespace"], "metric_name": stat["metric"], "dimensions": dimensions}
            one["metric_stat"] = {"metric": metric, "period": stat["period"], "stat": stat["stat"]}
        given["metrics"].append(one)
    return given


# -- tasks ------------------------------------------------------------------------------------------------------------


def playbook(aws: Aws, tasks: list[dict[str, Any]], lists: dict[str, list[dict[str, Any]]]) -> tuple[float, int]:
    """Run tasks on localhost, ``lists`` their variables; seconds, and how many tasks and items changed something.

    A list comes out of a filter, as those of a catalogue do, and not out of a file of variables, of whose every value
    ansible-core notes where it stood.
    """
    with tempfile.TemporaryDirectory() as directory:
        variables = {}
        for name, entries in lists.items():
            source = Path(directory) / f"{name}.json"
            source.write_text(json.dumps(entries))
            variables[name] = f"{{{{ lookup('ansible.builtin.file', '{source}') | from_json }}}}"
        play = Path(directory) / "play.json"
        play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}]))
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(play)]
        started = time.monotonic()
        ended = subprocess.run(
            [*command, "-e", f"ansible_python_interpreter={sys.executable}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, **aws.environment, "ANSIBLE_NOCOLOR": "1"},
        )
        seconds = time.monotonic() - started
    if ended.returncode:
        sys.exit(f"ansible-playbook failed:\n{ended.stdout[-2000:]}{ended.stderr[-1000:]}")
    return seconds, len(re.findall(r"^changed: ", ended.stdout, re.MULTILINE))


def ours(aws: Aws, alarms: list[dict[str, Any]], managed_by: str = "benchmark") -> tuple[float, int]:
    """Our one task."""
    options = {"alarms": "{{ alarms }}", "managed_by": managed_by}
    return playbook(aws, [{"name": "ours", "kumawatch.monitoring.cloudwatch_alarms": options}], {"alarms": alarms})


def loop(aws: Aws, alarms: list[dict[str, Any]]) -> tuple[float, int]:
    """The loop that a user of amazon.aws writes."""
    items = [for_peer(entry) for entry in alarms]
    options = {name: f"{{{{ item.{name} }}}}" for name in items[0]}
    task = {
        "name": "peer",
        "amazon.aws.cloudwatch_metric_alarm": options,
        "loop": "{{ alarms }}",
        "loop_control": {"label": "{{ item.name }}"},
    }
    return playbook(aws, [task], {"alarms": items})


def bare(aws: Aws) -> float:
    """Seconds in which boto3 reads all alarms."""
    started = time.monotonic()
    for page in aws.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"]):
        page["MetricAlarms"]
    return time.monotonic() - started


def memory(aws: Aws, alarms: list[dict[str, Any]]) -> float:
    """MiB at the peak of the module's own process, in a run that changes nothing."""
    runner = (
        "import json, runpy, sys\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        "with patch_module_args(json.load(sys.stdin)):\n"
        f"    runpy.run_module('{MODULE}', run_name='__main__')\n"
    )
    probe = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", probe, sys.executable, "-c", runner],
        input=json.dumps({"alarms": alarms, "managed_by": "benchmark", "region": aws.region}),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **aws.environment, "PYTHONPATH": str(ROOT / "collections")},
    )
    return int(ended.stdout) / 1024


@contextmanager
def stand_in() -> Iterator[Aws]:
    """A stand-in for AWS that may be emptied, and a Python that keeps what it has compiled, as where people work."""
    with tempfile.TemporaryDirectory(prefix="kumawatch-benchmark-") as directory, serve(Path(directory)) as aws:
        if not aws.stand_in:
            sys.exit("The endpoint of KUMAWATCH_AWS_ENDPOINT_URL would be emptied: unset it to measure a stand-in.")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(directory) / "pycache")
        yield aws


# -- the run ----------------------------------------------------------------------------------------------------------


def measure(aws: Aws, size: int, rounds: int, *, peer: bool) -> list[Row]:
    """All measurements at one size, in turn, round by round."""
    names = (EMPTY, CREATE, FLOOR, IDLE, UNMARKED, EDIT, *((PEER_CREATE, PEER_IDLE) if peer else ()))
    rows = {name: Row(name, size) for name in names}
    alarms = declared(size)
    edited = [{**alarm, "threshold": 85} if number % 10 == 0 else alarm for number, alarm in enumerate(alarms)]

    def take(name: str, work: Callable[[], tuple[float, int]]) -> None:
        aws.forget_requests()
        rows[name].seconds.append(work()[0])
        rows[name].calls = dict(Counter(entry["operation"] for entry in aws.requests()))
        print(f"  {size:>6} {name:<30} {rows[name].seconds[-1]:8.2f} s", flush=True)

    for number in range(rounds):
        aws.reset()
        take(EMPTY, lambda: playbook(aws, [{"name": "empty", "ansible.builtin.ping": {}}], {"alarms": alarms}))
        take(CREATE, lambda: ours(aws, alarms))
        take(FLOOR, lambda: (bare(aws), 0))
        take(IDLE, lambda: ours(aws, alarms))
        take(UNMARKED, lambda: ours(aws, alarms, managed_by=""))
        take(EDIT, lambda: ours(aws, edited))
        if number == rounds - 1:
            rows[IDLE].memory = memory(aws, edited)
        if peer:
            aws.reset()
            take(PEER_CREATE, lambda: loop(aws, alarms))
            take(PEER_IDLE, lambda: loop(aws, alarms))
    return list(rows.values())


def again(aws: Aws, size: int) -> tuple[int, int]:
    """How many alarms on metric math change on the second run: of ours, and of the loop's."""
    alarms = of_math(size)
    changed = []
    for run in (ours, loop):
        aws.reset()
        run(aws, alarms)
        aws.forget_requests()
        run(aws, alarms)
        changed.append(len(aws.requests("monitoring", "PutMetricAlarm")))
    return changed[0], changed[1]


@dataclass(frozen=True)
class Bound:
    """What has to hold."""

    what: str
    measured: str
    met: bool


def bounds(rows: list[Row], size: int, many: int, math_alarms: int, changed: tuple[int, int]) -> list[Bound]:
    """What has to hold, and whether it does."""
    of = {(row.name, row.size): row for row in rows}
    empty = of[EMPTY, size].median
    ratio = (of[PEER_IDLE, size].median - empty) / max(0.01, of[IDLE, size].median - empty)
    idle, unmarked = of[IDLE, many], of[UNMARKED, many]
    pages = math.ceil(many / 100)
    return [
        Bound(
            f"{size} alarms, nothing to do: {FASTER} times faster than the loop, the empty task taken off",
            f"{ratio:.1f}",
            ratio >= FASTER,
        ),
        Bound(
            f"{many} alarms, nothing to do, no marks: exactly {pages} calls",
            str(unmarked.calls),
            unmarked.calls == {"DescribeAlarms": pages},
        ),
        Bound(
            f"{many} alarms, nothing to do, with marks: as many again for the tags",
            str(idle.calls),
            idle.calls == {"DescribeAlarms": pages, "GetResources": pages},
        ),
        Bound(f"… under {LONGEST:.0f} s", f"{idle.median:.2f} s", idle.median < LONGEST),
        Bound(f"… under {LARGEST:.0f} MiB", f"{idle.memory or 0:.0f} MiB", 0 < (idle.memory or 0) < LARGEST),
        Bound(
            f"{math_alarms} alarms on metric math, second run: none put by ours",
            f"ours {changed[0]}, the loop {changed[1]}",
            changed[0] == 0,
        ),
    ]


def report(rows: list[Row], found: list[Bound]) -> str:
    """The table, the ratios and the bounds."""
    lines = ["", f"{'alarms':>8}  {'':<30} {'median s':>9} {'calls':>7} {'MiB':>6}"]
    for row in rows:
        shown = f"{row.memory:.0f}" if row.memory is not None else ""
        calls = str(sum(row.calls.values())) if row.calls else ""
        lines.append(f"{row.size:>8}  {row.name:<30} {row.median:9.2f} {calls:>7} {shown:>6}")
    lines += ["", "Ratios:"]
    for size in sorted({row.size for row in rows}):
        of = {row.name: row.median for row in rows if row.size == size}
        ratios = [("nothing to do, beyond the empty task / bare reading", (of[IDLE] - of[EMPTY]) / of[FLOOR])]
        if PEER_IDLE in of:
            ratios += [
                ("the loop / ours, nothing to do", of[PEER_IDLE] / of[IDLE]),
                ("the loop / ours, create", of[PEER_CREATE] / of[CREATE]),
                ("… nothing to do, beyond the empty task", (of[PEER_IDLE] - of[EMPTY]) / (of[IDLE] - of[EMPTY])),
            ]
        lines += [f"{size:>8}  {what:<54} {ratio:7.2f}" for what, ratio in ratios]
    lines += ["", "Bounds:"]
    lines += [f"  {'met   ' if bound.met else 'MISSED'}  {bound.what}: {bound.measured}" for bound in found]
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=50, help="how many alarms, ours and the loop")
    parser.add_argument("--many", type=int, default=5000, help="how many alarms, ours alone")
    parser.add_argument("--math", type=int, default=5, help="how many alarms on metric math")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="fail if a bound is missed")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    arguments = parser.parse_args()
    with stand_in() as aws:
        for run in (ours, loop):
            run(aws, declared(1))
        rows = measure(aws, arguments.size, arguments.rounds, peer=True)
        rows += measure(aws, arguments.many, max(1, arguments.rounds - 1), peer=False)
        changed = again(aws, arguments.math)
    found = bounds(rows, arguments.size, arguments.many, arguments.math, changed)
    print(report(rows, found))
    if arguments.json:
        figures = [vars(row) | {"median": row.median} for row in rows]
        arguments.json.write_text(
            json.dumps({"rows": figures, "bounds": [vars(one) for one in found]}, indent=2) + "\n"
        )
    return 0 if all(bound.met for bound in found) or not arguments.strict else 1


if __name__ == "__main__":
    sys.exit(main())
