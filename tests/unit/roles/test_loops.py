# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing grows with the number of services but the data: no task loops over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]

#: What tasks loop over that is no list written there, and why it stays small.
SMALL = {
    "alert_channel_plan.queues": "the queue and its dead letters",
    "alert_channel_plan.roles": "a role for each of our functions",
    "alert_channel_roles_result.results": "the same",
    "apm_files.files": "environment files of services that are gone from one host",
    "apm_found.files": "the services of one host",
    "apm_rum_found.files": "the web front ends, when their snippets are written",
    "cloudwatch_logs_plan.roles": "a role for each of our functions",
    "cloudwatch_logs_roles_result.results": "the same",
    "cost_marks": "one mark for each phase",
    "health_endpoint_checks": "the checks of one host",
    "uptime_kuma_": "parts of one server",
}


def loops(node: Any) -> Iterator[Any]:
    """What the tasks in a YAML document loop over."""
    if isinstance(node, list):
        for item in node:
            yield from loops(item)
    elif isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "loop" or str(key).startswith("with_"))
        for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from loops(node.get(key))


def test_no_task_loops_over_the_services() -> None:
    files = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml"), *ROOT.glob("playbooks/**/*.yml")]
    over = {
        str(loop): path.relative_to(ROOT).as_posix()
        for path in files
        for loop in loops(yaml.safe_load(path.read_text(encoding="utf-8")))
        if not isinstance(loop, list)
    }
    unknown = {loop: path for loop, path in over.items() if not any(known in loop for known in SMALL)}
    assert unknown == {}, "say in this test what keeps it small, or give a module all of it at once"
    assert [known for known in SMALL if not any(known in loop for loop in over)] == []


def test_a_loop_in_a_block_and_one_of_the_old_kind_are_seen() -> None:
    text = "- block:\n  - debug:\n    loop: '{{ monitoring_services }}'\n- debug:\n  with_items: '{{ others }}'\n"
    assert list(loops(yaml.safe_load(text))) == ["{{ monitoring_services }}", "{{ others }}"]
