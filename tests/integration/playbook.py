# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as a user runs it in the checkout, and what a run of it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))

#: The inventory of the lab, told of one in which nothing answers.
WEBHOOK = "http://127.0.0.1:9/v1/spaces/AAAA/messages?key=lab&token=webhook-secret-4711"
ENDPOINTS = {
    "chat": {"url": WEBHOOK},
    "services": [
        {"name": "api", "kind": "json", "url": "http://127.0.0.1:9/health"},
        {"name": "shop", "kind": "keyword", "url": "http://127.0.0.1:9/", "keyword": "Open for business"},
        {"name": "queue", "kind": "tcp", "url": "tcp://127.0.0.1:9"},
    ],
}

#: Each task's result in one document, which :func:`told` reads.
JSON = {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}


@dataclass
class Run:
    """What a run of a playbook did: the results of its tasks by their names, in order."""

    status: int
    tasks: dict[str, dict[str, Any]]
    changed: int
    output: str

    @property
    def changes(self) -> dict[str, Any]:
        """Whether each task changed something, and what was created, updated and deleted."""
        keys = ("changed", "created", "updated", "deleted", "unchanged", "unmanaged")
        return {name: {key: result.get(key) for key in keys if key in result} for name, result in self.tasks.items()}

    @property
    def error(self) -> str:
        """The message of the task that failed."""
        failed = [str(result["msg"]) for result in self.tasks.values() if result.get("failed")]
        assert len(failed) == 1, self.output
        return failed[0]


def ansible_playbook(
    *arguments: str, timeout: float, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it. Of the tester's own servers and accounts nothing is passed on.

    :param environment: further variables.
    """
    return subprocess.run(
        [PLAYBOOK, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("KUMAWATCH_", "AWS_"))},
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            **(environment or {}),
        },
    )


def told(done: subprocess.CompletedProcess[str]) -> Run:
    """What a run did on localhost, of one with :data:`JSON`."""
    report = json.loads(done.stdout[done.stdout.index("{") :])
    tasks = {
        task["task"]["name"].rpartition(" : ")[2]: task["hosts"]["localhost"]
        for played in report["plays"]
        for task in played["tasks"]
        if "localhost" in task["hosts"]  # not what ends a play
    }
    return Run(done.returncode, tasks, report["stats"]["localhost"]["changed"], done.stdout + done.stderr)
