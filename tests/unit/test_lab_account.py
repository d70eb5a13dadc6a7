# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Furnishing the lab's account, as it is called by make demo. What it makes is tested against the stand-in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import lab_account


def endpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    monkeypatch.setenv("KUMAWATCH_LAB_DIR", str(tmp_path))
    if content is not None:
        (tmp_path / "endpoints.json").write_text(content)


THERE = json.dumps({"aws": {"endpoint_url": "http://127.0.0.1:9", "region": "us-east-1"}, "services": []})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "The lab is not up; start it with: make demo"),
        ("{", "The lab is not up; start it with: make demo"),
        ('{"services": []}', "names no 'aws': start the lab anew with: make demo"),
        (THERE.replace("127.0.0.1", "10.0.0.1"), "http://10.0.0.1:9 is not on this machine"),
        (THERE.replace("127.0.0.1", "monitoring.amazonaws.com"), "is not on this machine"),
    ],
)
def test_what_keeps_it_from_furnishing_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    sentence: str,
) -> None:
    endpoints(tmp_path, monkeypatch, content)
    assert lab_account.main() == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (["instance kumawatch-lab-api", "database kumawatch-lab"], "made instance kumawatch-lab-api, database"),
        ([], "The lab's account has everything."),
    ],
)
def test_it_says_what_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], made: list[str], said: str
) -> None:
    endpoints(tmp_path, monkeypatch, THERE)
    asked: list[Any] = []

    def furnish(*given: Any) -> list[str]:
        asked.append(given)
        return made

    monkeypatch.setattr(lab_account, "furnish", furnish)
    assert lab_account.main() == 0
    assert said in capsys.readouterr().out
    assert asked == [("http://127.0.0.1:9", "us-east-1", [])]
