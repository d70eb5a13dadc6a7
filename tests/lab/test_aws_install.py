# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing the stand-in for AWS, with a small program in the place of Python, venv and pip."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from lab.aws import install
from lab.errors import LabError
from lab.paths import Paths

REAL = sys.executable

PYTHON = """#!{python}
import os, pathlib, sys, time
with open({runs!r}, "a") as runs:
    runs.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1:3] == ["-m", "venv"]:
    directory = pathlib.Path(sys.argv[3])
    (directory / "bin").mkdir(parents=True)
    (directory / "bin/python").write_bytes(pathlib.Path(__file__).read_bytes())
    (directory / "bin/python").chmod(0o755)
elif {mode!r} == "fails":
    print("ERROR: Could not find a version that satisfies the requirement ministack")
    raise SystemExit(1)
elif {mode!r} == "slow":
    time.sleep(0.5)
"""


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Another Python, whose venv and pip do next to nothing; called with a mode, it behaves so."""

    def become(mode: str) -> None:
        program = tmp_path / "python"
        program.write_text(PYTHON.format(python=REAL, runs=str(tmp_path / "runs"), mode=mode))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(install.sys, "executable", str(program))

    become("works")
    return become


def runs(tmp_path: Path) -> list[str]:
    path = tmp_path / "runs"
    return path.read_text().splitlines() if path.exists() else []


def test_it_is_installed_once(paths: Paths, pip: Any, tmp_path: Path) -> None:
    said: list[str] = []
    assert not install.is_installed(paths)
    assert install.install(paths, said.append) == []
    assert install.is_installed(paths)
    assert install.install(paths, said.append) == []
    assert said == ["AWS stand-in: installing MiniStack by pip, once, half a minute"]
    made, filled = runs(tmp_path)
    assert made.startswith("-m venv ")
    assert filled == f"-m pip install --quiet -r {install.REQUIREMENTS}"
    names = {path.name for path in paths.cache.iterdir()}
    assert names == {"aws.lock", install.install_directory(paths).name}


def test_a_half_finished_installation_is_done_again(paths: Paths, pip: Any, tmp_path: Path) -> None:
    final = install.install_directory(paths)
    for remains in (final / "bin", final.with_name(f"{final.name}.part-1") / "bin"):
        remains.mkdir(parents=True)
    (final / "complete.json").write_text('{"requir')
    said: list[str] = []
    assert install.install(paths, said.append) == ["a half-finished pip install was found: removed and done again"]
    assert said == ["AWS stand-in: a half-finished pip install was found: removed and done again"]
    assert install.is_installed(paths)
    assert not list(paths.cache.glob("*.part-*"))


def test_a_pip_that_fails_is_told_and_leaves_nothing(paths: Paths, pip: Any) -> None:
    pip("fails")
    with pytest.raises(LabError) as caught:
        install.install(paths, lambda text: None)
    assert str(caught.value) == (
        "The AWS stand-in could not be installed by pip (ERROR: Could not find a version that satisfies the "
        f"requirement ministack): the whole log is {paths.log('pip')}."
    )
    assert not install.is_installed(paths)
    assert not list(paths.cache.glob("aws-stand-in*"))
    pip("works")
    assert install.install(paths, lambda text: None) == []


def test_two_labs_install_it_once(paths: Paths, pip: Any, tmp_path: Path) -> None:
    pip("slow")
    said: list[str] = []
    threads = [threading.Thread(target=install.install, args=(paths, said.append)) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs(tmp_path)) == 2, "one venv, one pip"
    assert "AWS stand-in: another lab installs it, waiting for that" in said


def test_other_requirements_are_another_installation(
    paths: Paths, pip: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.install(paths, lambda text: None)
    before = install.install_directory(paths)
    text = install.REQUIREMENTS.read_text()
    changed = tmp_path / "requirements.txt"
    changed.write_text("# only a comment more\n" + text)
    monkeypatch.setattr(install, "REQUIREMENTS", changed)
    assert install.install_directory(paths) == before
    changed.write_text(text.replace("1.5.33", "1.5.34"))
    assert install.install_directory(paths) != before
    assert not install.is_installed(paths)


def test_every_requirement_is_pinned_and_explained() -> None:
    lines = install.REQUIREMENTS.read_text().splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert "==" in line, line
            assert lines[number - 1].startswith("# "), f"{line} has no reason above it"


def test_nothing_of_a_real_account_gets_in(tmp_path: Path) -> None:
    given = install.variables(4566, tmp_path)
    assert given["BIND_HOST"] == "127.0.0.1"
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert (given["AWS_CONFIG_FILE"], given["AWS_SHARED_CREDENTIALS_FILE"]) == (os.devnull, os.devnull)
    assert (given["IOT_MTLS_ENABLED"], given["SFTP_ENABLED"]) == ("0", "0")
    assert given["TMPDIR"].startswith(str(tmp_path))
