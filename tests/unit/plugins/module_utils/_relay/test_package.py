# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip: what is in it, that it is the same everywhere, and that it starts on its own."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import package


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    first = package.build()
    digest = package.package(tmp_path / "made" / "relay.zip")
    assert (tmp_path / "made" / "relay.zip").read_bytes() == first == package.build()
    assert digest == package.code_sha256(first)
    before = (tmp_path / "made" / "relay.zip").stat().st_mtime_ns
    assert package.package(tmp_path / "made" / "relay.zip") == digest
    assert (tmp_path / "made" / "relay.zip").stat().st_mtime_ns == before


def test_what_is_in_it() -> None:
    with zipfile.ZipFile(io.BytesIO(package.build())) as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert {"kumawatch/__init__.py", "kumawatch/_errors.py", "kumawatch/_relay/handlers.py"} <= set(names)
    assert "kumawatch/_google_chat/cards.py" in names
    assert not [name for name in names if "sender" in name or "package" in name or not name.endswith(".py")]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert len(package.build()) < 1_000_000


def test_the_report_has_a_zip_of_its_own() -> None:
    made = package.build(package.ERROR_REPORT, {"error_report.json": b"{}"})
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        names = set(archive.namelist())
        assert archive.read("kumawatch/error_report.json") == b"{}"
    assert {
        "kumawatch/_error_report/handlers.py",
        "kumawatch/_relay/post.py",
        "kumawatch/_google_chat/cards.py",
    } <= names
    assert made == package.build(package.ERROR_REPORT, {"error_report.json": b"{}"})
    assert made != package.build(package.ERROR_REPORT, {"error_report.json": b"{ }"})
    # The relay's own is not uploaded again where only the report is another one.
    assert not [name for name in package.sources() if "_error_report" in name]


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from kumawatch._relay import handlers
assert [handlers.relay, handlers.front_door, handlers.escalate]
assert handlers.__file__.startswith(sys.argv[1])
for name in ("aiohttp", "ansible", "ansible_collections", "asyncio", "boto3"):
    assert name not in sys.modules, name
"""


def pythons() -> list[str]:
    """This Python, and the one of the functions where there is another."""
    other = shutil.which(package.RUNTIME)
    runs = other and subprocess.run([other, "-c", ""], capture_output=True).returncode == 0
    return [sys.executable, *([other] if other and runs else [])]


@pytest.mark.parametrize("python", pythons())
def test_it_starts_with_the_standard_library_alone(python: str, tmp_path: Path) -> None:
    package.package(tmp_path / "relay.zip")
    ended = subprocess.run(
        [python, "-I", "-S", "-c", PROGRAM, str(tmp_path / "relay.zip")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
    )
    assert ended.returncode == 0, ended.stderr


REPORT = """
import os, sys
sys.path.insert(0, sys.argv[1])
from kumawatch._error_report import handlers
assert handlers._config().services == ()
for name in ("aiohttp", "ansible", "ansible_collections", "asyncio", "boto3"):
    assert name not in sys.modules, name
"""


@pytest.mark.parametrize("python", pythons())
def test_the_report_starts_with_the_standard_library_alone(python: str, tmp_path: Path) -> None:
    # Lambda unpacks it.
    with zipfile.ZipFile(io.BytesIO(package.build(package.ERROR_REPORT, {"error_report.json": b"{}"}))) as archive:
        archive.extractall(tmp_path)
    ended = subprocess.run([python, "-I", "-S", "-c", REPORT, str(tmp_path)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_every_import_stays_inside_the_package() -> None:
    """Relative imports only, so that it is the same here and in the zip."""
    for name, content in package.sources(package.ERROR_REPORT).items():
        assert b"ansible_collections" not in content, name


EDGES = {"handlers", "post", "run", "package"}
"""What posts, and what works with it; the table, the secret and the queue are given their clients."""


@pytest.mark.parametrize("module", sorted(path.stem for path in package._HERE.glob("*.py") if path.stem not in EDGES))
def test_what_decides_reaches_no_network(module: str, tmp_path: Path) -> None:
    package.package(tmp_path / "relay.zip")
    name = "kumawatch._relay" if module == "__init__" else f"kumawatch._relay.{module}"
    program = (
        f"import sys; sys.path.insert(0, sys.argv[1]); import {name}\n"
        "print(*[name for name in ('socket', 'ssl', 'urllib.request', 'boto3', 'asyncio') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(tmp_path / "relay.zip")], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == []
