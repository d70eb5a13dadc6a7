# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a task is, as it is written and as it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils import _progress
from ansible_collections.kumawatch.monitoring.plugins.module_utils._progress import Listener, Progress


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "progress"
    path.touch()
    monkeypatch.setenv(_progress.VARIABLE, str(path))
    return path


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_a_second_and_the_last_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])
    progress = Progress("alarm", 100)
    for _ in range(100):
        now[0] += 0.1
        progress.advance()
    progress.end()
    lines = written(file)
    assert [line["done"] for line in lines][-2:] == [100, 100]
    assert 9 <= len(lines) <= 12
    assert lines[-1] == {"noun": "alarm", "done": 100, "total": 100, "seconds": 10.0, "ended": True}


def test_nothing_is_written_where_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_progress.VARIABLE, raising=False)
    Progress("alarm", 1).advance()
    monkeypatch.setenv(_progress.VARIABLE, str(tmp_path / "gone"))
    progress = Progress("alarm", 2)
    progress.advance(2)
    progress.end()
    assert list(tmp_path.iterdir()) == []


def line(done: int, seconds: float, total: int = 5000, **more: Any) -> bytes:
    return json.dumps({"noun": "alarm", "done": done, "total": total, "seconds": seconds, **more}).encode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(512, 171)], "x: 512 of 5,000 alarms, 2:51 so far, about 25 min left"),
        ([line(10, 5, 20)], "x: 10 of 20 alarms, 0:05 so far, about 5 s left"),
        ([line(100, 3700, 10000)], "x: 100 of 10,000 alarms, 1:01:40 so far, about 101.8 h left"),
        ([line(20, 5, 20)], "x: 20 of 20 alarms, 0:05 so far"),
        ([line(0, 5, 20)], "x: 0 of 20 alarms, 0:05 so far"),
        # It was fast until AWS throttled: what counts is the last minute.
        ([line(4000, 10), line(4010, 80), line(4110, 130)], "x: 4,110 of 5,000 alarms, 2:10 so far, about 7 min left"),
        ([line(4000, 10), line(5, 6, 10)], "x: 5 of 10 alarms, 0:06 so far, about 5 s left"),
        ([line(20, 5, 20), line(20, 6, 20, ended=True)], ""),
        ([b"", b"nothing", b"{}", b"[]", b'{"noun": "a", "done": "x"}', b"\xff"], ""),
        ([line(10, 5, 20), b"torn"], "x: 10 of 20 alarms, 0:05 so far, about 5 s left"),
        ([], ""),
    ],
)
def test_what_a_reader_is_told(lines: list[bytes], expected: str) -> None:
    listener = Listener()
    for one in lines:
        listener.hear(one)
    assert listener.sentence("x") == expected
    assert bool(listener.seconds) is bool(expected)
