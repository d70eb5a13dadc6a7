# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our tasks for log groups and metric filters cost beside a loop over amazon.aws's module, in one run.

    python -m benchmarks.logs [--size 20] [--groups 1000] [--rounds 3] [--strict] [--json FILE]

It starts a stand-in for AWS of its own and measures there, in turn and round by round, through ``ansible-playbook``
like any task:

* an empty Ansible task, which is what any task costs;
* our task for metric filters, with a sample each: creating, changing nothing, editing a tenth;
* a loop over ``amazon.aws.cloudwatchlogs_log_group_metric_filter``: creating, changing nothing;
* many log groups of three filters each, in our two tasks: the loops would take an hour.

Calls are counted by the stand-in. Seconds depend on the machine; the ratios are what counts. ``--strict`` fails if a
bound is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.cloudwatch import Bound, Row, playbook, stand_in
from lab.aws.testing import Aws

EMPTY = "empty Ansible task"
CREATE, IDLE, UNMARKED, EDIT = (
    "ours: create",
    "ours: nothing to do",
    "ours: nothing to do, no marks",
    "ours: edit a tenth",
)
PEER_CREATE, PEER_IDLE = "loop: create", "loop: nothing to do"

FASTER = 20
"""So many times faster than the loop where nothing is to do, the empty task taken off."""
LONGEST = 10.0
"""Seconds for many log groups where nothing is to do."""
FILTERS = 3
"""Metric filters of a log group."""

Entry = dict[str, Any]
PATTERNS = ('{ $.level = "ERROR" }', "{ $.status = 5* }", "{ $.latency > 1000 }")
SAMPLES = ('{"level": "ERROR"}', '{"status": "503"}', '{"latency": 1500}')


def declared(filters: int) -> tuple[list[Entry], list[Entry]]:
    """So many metric filters, three a log group, and their log groups."""
    names = [f"/benchmark/{number:05}/app" for number in range(math.ceil(filters / FILTERS))]
    return (
        [{"name": name, "retention_days": 30} for name in names],
        [
            {
                "log_group": names[number // FILTERS],
                "name": f"kumawatch-{number:05}",
                "pattern": PATTERNS[number % FILTERS],
                "metric_name": f"benchmark/{number:05}",
                "metric_namespace": "Kumawatch/benchmark",
                "metric_value": "1",
                "default_value": 0,
                "test": [{"line": SAMPLES[number % FILTERS]}],
            }
            for number in range(filters)
        ],
    )


# -- tasks ------------------------------------------------------------------------------------------------------------


def ours(aws: Aws, groups: list[Entry], filters: list[Entry], managed_by: str = "benchmark") -> tuple[float, int]:
    """Our task for metric filters, and that for log groups where there are any to be made."""
    tasks = [
        {
            "name": "ours, log groups",
            "kumawatch.monitoring.cloudwatch_log_groups": {"log_groups": "{{ log_groups }}", "managed_by": managed_by},
        },
        {
            "name": "ours, metric filters",
            "kumawatch.monitoring.cloudwatch_log_metric_filters": {"metric_filters": "{{ metric_filters }}"},
        },
    ]
    return playbook(aws, tasks if groups else tasks[1:], {"log_groups": groups, "metric_filters": filters})


def loop(aws: Aws, filters: list[Entry]) -> tuple[float, int]:
    """The loop that a user of amazon.aws writes."""
    task = {
        "name": "peer",
        "amazon.aws.cloudwatchlogs_log_group_metric_filter": {
            "log_group_name": "{{ item.log_group }}",
            "filter_name": "{{ item.name }}",
            "filter_pattern": "{{ item.pattern }}",
            "metric_transformation": {
                "metric_name": "{{ item.metric_name }}",
                "metric_namespace": "{{ item.metric_namespace }}",
                "metric_value": "{{ item.metric_value }}",
                "default_value": "{{ item.default_value }}",
            },
            "state": "present",
        },
        "loop": "{{ metric_filters }}",
        "loop_control": {"label": "{{ item.name }}"},
    }
    return playbook(aws, [task], {"metric_filters": filters})


# -- the run ----------------------------------------------------------------------------------------------------------


def measure(aws: Aws, filters: int, rounds: int, *, peer: bool) -> list[Row]:
    """All measurements with so many filters, in turn, round by round.

    :param peer: whether the loop is measured as well. Then the log groups are there before.
    """
    own = (EMPTY, CREATE, IDLE, EDIT) if peer else (EMPTY, CREATE, IDLE, UNMARKED, EDIT)
    rows = {name: Row(name, filters) for name in (*own, *((PEER_CREATE, PEER_IDLE) if peer else ()))}
    groups, entries = declared(filters)
    made: list[Entry] = [] if peer else groups
    edited = [{**entry, "default_value": 1} if number % 10 == 0 else entry for number, entry in enumerate(entries)]

    def empty() -> None:
        aws.reset()
        for group in groups if peer else ():
            aws.client("logs").create_log_group(logGroupName=group["name"])

    def take(name: str, work: Callable[[], tuple[float, int]]) -> None:
        aws.forget_requests()
        rows[name].seconds.append(work()[0])
        rows[name].calls = dict(Counter(entry["operation"] for entry in aws.requests()))
        print(f"  {filters:>6} {name:<30} {rows[name].seconds[-1]:8.2f} s", flush=True)

    for _number in range(rounds):
        empty()
        take(EMPTY, lambda: playbook(aws, [{"name": "empty", "ansible.builtin.ping": {}}], {}))
        take(CREATE, lambda: ours(aws, made, entries))
        take(IDLE, lambda: ours(aws, made, entries))
        if not peer:
            take(UNMARKED, lambda: ours(aws, made, entries, managed_by=""))
        take(EDIT, lambda: ours(aws, made, edited))
        if peer:
            empty()
            take(PEER_CREATE, lambda: loop(aws, entries))
            take(PEER_IDLE, lambda: loop(aws, entries))
    return list(rows.values())


def bounds(rows: list[Row], size: int, many: int) -> list[Bound]:
    """What has to hold, and whether it does."""
    of = {(row.name, row.size): row for row in rows}
    empty = of[EMPTY, size].median
    ratio = (of[PEER_IDLE, size].median - empty) / max(0.01, of[IDLE, size].median - empty)
    groups = math.ceil(many / FILTERS)
    describes = {"DescribeLogGroups": math.ceil(groups / 50), "DescribeMetricFilters": math.ceil(many / 50)}
    idle, unmarked = of[IDLE, many], of[UNMARKED, many]
    return [
        Bound(
            f"{size} filters, nothing to do: {FASTER} times faster than the loop, the empty task taken off",
            f"{ratio:.1f}",
            ratio >= FASTER,
        ),
        Bound(
            f"{groups} log groups × {FILTERS} filters, nothing to do, no marks: exactly {sum(describes.values())}",
            str(unmarked.calls),
            unmarked.calls == describes,
        ),
        Bound(
            "… with marks: and one for a hundred tags",
            str(idle.calls),
            idle.calls == {**describes, "GetResources": math.ceil(groups / 100)},
        ),
        Bound(f"… under {LONGEST:.0f} s", f"{idle.median:.2f} s", idle.median < LONGEST),
    ]


def report(rows: list[Row], found: list[Bound]) -> str:
    """The table, the ratios and the bounds."""
    lines = ["", f"{'filters':>8}  {'':<30} {'median s':>9} {'calls':>7}"]
    for row in rows:
        calls = str(sum(row.calls.values())) if row.calls else ""
        lines.append(f"{row.size:>8}  {row.name:<30} {row.median:9.2f} {calls:>7}")
    lines += ["", "Ratios:"]
    for size in sorted({row.size for row in rows}):
        of = {row.name: row.median for row in rows if row.size == size}
        if PEER_IDLE in of:
            for what, peer, own in (("nothing to do", PEER_IDLE, IDLE), ("create", PEER_CREATE, CREATE)):
                beyond = (of[peer] - of[EMPTY]) / max(0.01, of[own] - of[EMPTY])
                lines += [
                    f"{size:>8}  the loop / ours, {what:<34} {of[peer] / of[own]:7.2f}",
                    f"{size:>8}  … beyond the empty task {'':<29} {beyond:7.2f}",
                ]
    lines += ["", "Bounds:"]
    lines += [f"  {'met   ' if bound.met else 'MISSED'}  {bound.what}: {bound.measured}" for bound in found]
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=20, help="how many filters, ours and the loop")
    parser.add_argument("--groups", type=int, default=1000, help="how many log groups of three filters, ours alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="fail if a bound is missed")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    arguments = parser.parse_args()
    many = arguments.groups * FILTERS
    with stand_in() as aws:
        groups, entries = declared(FILTERS)
        ours(aws, groups, entries)
        loop(aws, entries)
        rows = measure(aws, arguments.size, arguments.rounds, peer=True)
        rows += measure(aws, many, max(1, arguments.rounds - 1), peer=False)
    found = bounds(rows, arguments.size, many)
    print(report(rows, found))
    if arguments.json:
        figures = [vars(row) | {"median": row.median} for row in rows]
        arguments.json.write_text(
            json.dumps({"rows": figures, "bounds": [vars(one) for one in found]}, indent=2) + "\n"
        )
    return 0 if all(bound.met for bound in found) or not arguments.strict else 1


if __name__ == "__main__":
    sys.exit(main())
