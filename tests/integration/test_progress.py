# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback that tells how far a long task is, in real plays, on a terminal and without one."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.aws.testing import Aws
from tests.unit.plugins.module_utils._aws.alarm_entries import metric

from .conftest import ROOT

COUNT = 80
LINE = re.compile(r"cloudwatch_alarms: (\d+) of 80 alarms, \d+:\d\d so far(?:, about [^\r\n\x1b,]+ left)?")


@pytest.fixture
def play(aws: Aws, tmp_path: Path) -> dict[str, Any]:
    """A play whose task takes some seconds, and what to run it with."""
    aws.faults({"service": "monitoring", "operation": "PutMetricAlarm", "kind": "latency", "seconds": 0.3})
    alarms = [
        {key: value for key, value in metric(f"alarm {number}").items() if value is not None} for number in range(COUNT)
    ]
    tasks = [
        {"name": "Slow", "kumawatch.monitoring.cloudwatch_alarms": {"alarms": "{{ alarms }}"}},
        {"name": "Quick", "ansible.builtin.debug": {"msg": "after"}},
    ]
    path = tmp_path / "play.json"
    path.write_text(
        json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": {"alarms": alarms}, "tasks": tasks}])
    )
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {
        "args": [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(path)],
        "cwd": ROOT,
        "env": {
            **os.environ,
            **aws.environment,
            "TMPDIR": str(temporary),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "KUMAWATCH_PROGRESS_AFTER": "1",
            "KUMAWATCH_PROGRESS_EVERY": "1",
        },
    }


def left(play: dict[str, Any]) -> list[str]:
    """What the callback left in the temporary directory."""
    return [path.name for path in Path(play["env"]["TMPDIR"]).rglob("kumawatch-*")]


def on_a_terminal(play: dict[str, Any]) -> tuple[str, int]:
    """Run it under a pseudoterminal; what was written there, and the status."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(**play, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    chunks = []
    while True:
        try:
            chunk = os.read(mine, 1 << 16)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(mine)
    return b"".join(chunks).decode(), process.wait(60)


def test_on_a_terminal_one_line_changes_and_disappears(play: dict[str, Any]) -> None:
    output, status = on_a_terminal(play)
    assert status == 0, output
    told = [match[0] for match in LINE.finditer(output)]
    assert len(set(told)) >= 2, output
    assert all("left" in line for line in told[:1])
    # Each is written over the one before, and the last one is erased before the result.
    for match in LINE.finditer(output):
        assert output[: match.start()].endswith("\r\x1b[K")
    last = list(LINE.finditer(output))[-1]
    assert output[last.end() :].startswith("\r\x1b[K")
    assert "changed: [localhost]" in output[last.end() :]
    assert left(play) == []


def test_without_a_terminal_it_is_a_line_now_and_then(play: dict[str, Any]) -> None:
    ended = subprocess.run(**play, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [line for line in ended.stderr.splitlines() if LINE.fullmatch(line)]
    assert 2 <= len(lines) <= 40, ended.stderr  # of 80; on a busy machine it takes longer
    assert "\x1b" not in ended.stderr
    assert "alarms, 0:0" not in ended.stdout
    assert left(play) == []


def test_standard_output_stays_what_programs_read(play: dict[str, Any]) -> None:
    play["env"]["ANSIBLE_STDOUT_CALLBACK"] = "ansible.posix.json"
    ended = subprocess.run(**play, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    stats = json.loads(ended.stdout)["stats"]
    assert stats["localhost"]["changed"] == 1


def test_what_is_quick_is_not_told_of(play: dict[str, Any], aws: Aws) -> None:
    aws.no_faults()
    del play["env"]["KUMAWATCH_PROGRESS_AFTER"]
    ended = subprocess.run(**play, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "so far" not in ended.stderr + ended.stdout
    assert left(play) == []


def test_a_play_without_a_place_for_the_file_runs_all_the_same(play: dict[str, Any]) -> None:
    code = (
        "import sys, tempfile\n"
        "from ansible.cli.playbook import main\n"
        "real = tempfile.mkstemp\n"
        "def broken(*args, **options):\n"
        "    if options.get('prefix') == 'kumawatch-progress-':\n"
        "        raise OSError('no space left on device')\n"
        "    return real(*args, **options)\n"
        "tempfile.mkstemp = broken\n"
        "main(sys.argv)\n"
    )
    play["args"][:1] = [sys.executable, "-c", code]
    ended = subprocess.run(**play, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "so far" not in ended.stderr
    assert "Traceback" not in ended.stderr
