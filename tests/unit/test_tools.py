# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Makefile runs: that it finds, counts and tells rightly."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EXTERNAL, group_of
from tools import bootstrap, collection, common, demo, role_docs
from tools import test as driver

OUTPUT = """
PLAY [Watch the services] ******

TASK [kumawatch.monitoring.uptime_targets : Reconcile the monitors] ***
changed: [localhost]

TASK [kumawatch.monitoring.uptime_targets : Reconcile the settings] ***
ok: [localhost]

RUNNING HANDLER [Tell somebody] ***
changed: [other]

PLAY RECAP *********************
localhost : ok=7    changed=1    unreachable=0    failed=0    skipped=5    rescued=0    ignored=0
other     : ok=2    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
"""


def test_the_recap_of_all_hosts_is_summed() -> None:
    assert demo.recap(OUTPUT) == {
        "ok": 9, "changed": 2, "unreachable": 0, "failed": 0, "skipped": 5, "rescued": 0, "ignored": 0,
    }  # fmt: skip
    assert demo.recap("ERROR! the playbook could not be found\n") == {}


def test_the_tasks_that_changed_something_are_named() -> None:
    assert demo.changed_tasks(OUTPUT) == [
        "kumawatch.monitoring.uptime_targets : Reconcile the monitors",
        "Tell somebody",
    ]


@pytest.mark.parametrize(
    ("changed", "ok", "sentence"),
    [(0, 7, None), (1, 7, "changed 1 more (Reconcile the monitors)"), (0, 0, "ran no task")],
)
def test_a_demo_whose_second_run_changes_something_fails(
    monkeypatch: pytest.MonkeyPatch, changed: int, ok: int, sentence: str | None
) -> None:
    task = "TASK [Reconcile the monitors] ***\nchanged: [localhost]\n" if changed else ""
    runs = iter(
        ["PLAY RECAP **\nlocalhost : ok=7 changed=3", f"{task}PLAY RECAP **\nlocalhost : ok={ok} changed={changed}"]
    )
    monkeypatch.setattr(demo, "lab", lambda *arguments: None)
    monkeypatch.setattr(demo, "furnish", lambda: None)
    monkeypatch.setattr(demo, "_play", lambda *arguments: next(runs))
    monkeypatch.setattr(demo, "tell", lambda seconds: None)
    if sentence is None:
        assert demo.demo() == 0
    else:
        with pytest.raises(common.Failure, match=r"site\.yml") as failure:
            demo.demo()
        assert sentence in str(failure.value)


def test_without_a_lab_the_next_step_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUMAWATCH_LAB_DIR", str(tmp_path))
    with pytest.raises(common.Failure, match="make demo"):
        demo.set_broken("break", "api")
    (tmp_path / "endpoints.json").write_text(json.dumps({"services": [{"name": "api"}], "chat": {"page_url": ""}}))
    with pytest.raises(common.Failure, match="There is no service shop: make break SERVICE=api"):
        demo.set_broken("break", "shop")
    with pytest.raises(common.Failure, match="Name the service: make mend SERVICE=api"):
        demo.set_broken("mend", "")


REPORT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one"/>
<testcase classname="tests.unit.test_a" name="test_two"><failure message="no">…</failure></testcase>
<testcase classname="tests.unit.test_a" name="test_two"><error message="teardown">…</error></testcase>
<testcase classname="tests.unit.test_a" name="test_three"><skipped message="no Chromium"/></testcase>
<testcase classname="tests.unit.test_b" name="test_three"><skipped message="no Chromium"/></testcase>
<testcase classname="tests.unit.test_b" name="test_one"><error message="fixture">…</error></testcase>
</testsuite></testsuites>"""


def test_the_report_of_pytest_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    result = driver.Result("unit")
    assert driver._read_junit(result, report)
    assert (result.passed, result.failed, result.skips) == (1, 2, ["no Chromium", "no Chromium"])
    assert result.outcome() == "FAILED"
    assert result.failures == [
        "tests.unit.test_a::test_two: no",
        "tests.unit.test_a::test_two: teardown",
        "tests.unit.test_b::test_one: fixture",
    ]
    assert result.failed_tests == ["tests/unit/test_a.py::test_two", "tests/unit/test_b.py::test_one"]


def test_what_passes_when_it_is_run_again_is_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    def first() -> driver.Result:
        return driver.Result("lab", passed=8, failed=1, failures=["t: too late"], failed_tests=["t"], seconds=10)

    steady = first()
    driver.settle(steady, driver.Result("lab again", passed=1, seconds=2))
    assert (steady.passed, steady.failed, steady.seconds) == (9, 0, 12)
    assert driver.summarise([steady], 1.0) == 0
    said = capsys.readouterr().out
    assert "1 only at the second try" in said
    assert "failed only at first:\n  lab: t: too late\n" in said
    for again in (driver.Result("lab again", failed=1), driver.Result("lab again", skips=["no Node"])):
        broken = first()
        driver.settle(broken, again)
        assert (broken.passed, broken.failed, broken.failures) == (8, 1, ["t: too late"])


def test_a_test_that_fails_beside_others_is_tried_again_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a real pytest, in a checkout that has one test which fails the first time, and one which fails always."""
    monkeypatch.setattr(driver.common, "ROOT", tmp_path)
    monkeypatch.setattr(driver.common, "LOGS", tmp_path / "logs")
    (tmp_path / "logs").mkdir()
    tests = tmp_path / "tests" / "lab"
    tests.mkdir(parents=True)
    module = tests / "test_it.py"
    module.write_text(
        "from pathlib import Path\n\n"
        "def test_steady():\n    pass\n\n"
        "def test_unsteady():\n"
        "    seen = Path(__file__).with_name('seen')\n"
        "    there = seen.exists()\n"
        "    seen.touch()\n"
        "    assert there, 'too late'\n"
    )
    [result] = driver.pytest_step("lab", 60, workers=1)()
    assert (result.outcome(), result.passed, result.failures) == ("ok", 2, [])
    assert [sentence.partition(": ")[2] for sentence in result.unsteady] == ["AssertionError: too late assert False"]
    module.write_text("def test_broken():\n    assert False\n")
    [result] = driver.pytest_step("lab", 60, workers=1)()
    assert (result.outcome(), result.unsteady) == ("FAILED", [])


@pytest.mark.parametrize("content", [None, "", "<testsuites>"])
def test_a_report_that_is_missing_or_half_written_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "report.xml").write_text(content)
    result = driver.Result("unit")
    assert not driver._read_junit(result, tmp_path / "report.xml")


def test_the_summary_ends_with_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    results = [driver.Result("lint", passed=3), driver.Result("unit", passed=10, skips=["no Node", "no Node"])]
    assert driver.summarise(results, 1.0) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "13 passed, 0 failed, 2 skipped"
    assert "  unit: no Node (2 times)" in lines
    assert driver.summarise([driver.Result("unit", failed=1, failures=["test_one: no"])], 1.0) == 1
    assert "failed:\n  unit: test_one: no\n" in capsys.readouterr().out


def test_what_fails_is_named_again_at_the_end_in_one_line(tmp_path: Path) -> None:
    log = tmp_path / "lint.log"
    argv = [
        sys.executable,
        "-c",
        "print('first\\n' * 9 + 'x.py:1:  wrong\\nFound ' + 'many ' * 300); raise SystemExit(1)",
    ]
    (failure,) = driver._run(driver.Result("lint: ruff"), argv, log, limit=60).failures
    assert failure.startswith("first / first / first / x.py:1: wrong / Found many many")
    assert len(failure) == driver.LONGEST_REASON
    assert failure.endswith("…")


def test_a_step_with_nothing_to_run_is_skipped_or_fails_where_all_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUMAWATCH_REQUIRE_ALL", "0")
    assert driver._nothing(driver.Result("lab"), "there are no tests").skips == ["there are no tests"]
    monkeypatch.setenv("KUMAWATCH_REQUIRE_ALL", "1")
    assert driver._nothing(driver.Result("lab"), "there are no tests").failed == 1


def test_jobs_run_side_by_side_and_each_to_its_end() -> None:
    together = threading.Barrier(2, timeout=20)
    ended = []

    def breaks() -> None:
        together.wait()
        raise common.Failure("no")

    def goes_on() -> None:
        together.wait()
        time.sleep(0.3)
        ended.append("went on")

    with pytest.raises(common.Failure, match="no"):
        common.side_by_side([breaks, goes_on])
    assert ended == ["went on"]


STEPS_SIDE_BY_SIDE = """
    import sys
    from pathlib import Path
    from tools import common
    SLOW = "trap 'echo tidied up; exit 1' INT; echo here; for i in $(seq 600); do sleep 0.1; done"
    def job(name):
        common.run_logged(name, ["sh", "-c", SLOW], Path(sys.argv[1]) / name)
        common.run_logged("after", ["sh", "-c", "echo never"], Path(sys.argv[1]) / "after")
    def body():
        common.side_by_side([lambda: job("one"), lambda: job("two")])
        return 0
    common.main(body)
"""


def test_an_interrupt_stops_what_runs_side_by_side_and_lets_it_tidy_up(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", textwrap.dedent(STEPS_SIDE_BY_SIDE), str(tmp_path)]
    # A process group of its own, which gets the interrupt as a whole, as from a terminal.
    with subprocess.Popen(argv, cwd=common.ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
        logs = [tmp_path / "one", tmp_path / "two"]
        deadline = time.monotonic() + 30
        while not all(log.exists() and "\nhere" in log.read_text() for log in logs):
            assert time.monotonic() < deadline and child.poll() is None
            time.sleep(0.05)
        os.killpg(child.pid, signal.SIGINT)
        _out, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (130, "\nstopped\n")
    assert not (tmp_path / "after").exists()


def steps(monkeypatch: pytest.MonkeyPatch, **bodies: Callable[[], list[driver.Result]]) -> None:
    """Put other steps in the place of the real ones."""
    monkeypatch.setattr(driver, "STEPS", {name: bodies[name] for name in driver.STEPS if name in bodies})


def test_a_step_that_breaks_has_failed_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks() -> list[driver.Result]:
        raise ValueError("a log that is none")

    names = ("lint", "sanity", "unit", "lab")
    done = {name: partial(lambda name: [driver.Result(name, passed=1)], name) for name in names}
    steps(monkeypatch, **{**done, "lint": breaks})
    results = driver.run_steps(names)
    assert [(result.step, result.passed, result.failed) for result in results] == [
        ("lint", 0, 1),
        ("sanity", 1, 0),
        ("unit", 1, 0),
        ("lab", 1, 0),
    ]
    assert results[0].note == "ValueError: a log that is none"
    assert "Traceback" in capsys.readouterr().out


@pytest.mark.parametrize("installed", [True, False])
def test_the_servers_of_the_integration_tests_are_installed_by_the_labs_tests(
    monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    order: list[str] = []
    integration_began = threading.Event()

    def lab() -> list[driver.Result]:
        integration_began.wait(20 if installed else 1.5)
        order.append("lab")
        return [driver.Result("lab", passed=1)]

    def integration() -> list[driver.Result]:
        order.append("integration")
        integration_began.set()
        return [driver.Result("integration", passed=1)]

    steps(monkeypatch, lab=lab, integration=integration)
    monkeypatch.setattr(driver.kuma, "is_installed", lambda paths: installed)
    driver.run_steps(["lab", "integration"])
    assert order == (["integration", "lab"] if installed else ["lab", "integration"])


def test_every_step_is_in_one_row() -> None:
    assert sorted(name for row in driver.ROWS for name in row) == sorted(driver.STEPS)


@pytest.mark.parametrize(
    ("line", "told", "dull"),
    [
        ("tests/lab/test_a.py::test_one PASSED    [ 17%]", "17% test_one", True),
        ("tests/lab/test_a.py::test_one[a b] FAILED    [ 17%]", "17% test_one[a", False),
        ("[gw0] [ 17%] PASSED tests/lab/test_a.py::test_one ", "17% test_one", True),
        ("[gw11] [100%] FAILED tests/lab/test_a.py::test_one ", "100% test_one", False),
        ("tests/lab/test_a.py::test_one ", "", True),
        ("tests/lab/test_a.py:12: AssertionError", "", False),
    ],
)
def test_the_output_of_pytest_in_one_process_and_in_several(line: str, told: str, dull: bool) -> None:
    assert driver.pytest_activity(line) == told
    assert bool(re.search(driver._DULL, line)) is dull


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/lab/test_lab_kuma.py::test_one", "lab"),
        ("tests/lab/test_lab_commands.py::test_two[a::b]", "lab"),
        ("tests/lab/test_chat_page.py::test_one", "chromium"),
        ("tests/integration/test_phase3_site.py::test_one", "life"),
        ("tests/integration/test_lab_alert.py::test_one", "tests/integration/test_lab_alert.py::test_one"),
    ],
)
def test_what_must_not_run_at_once_is_in_one_group(monkeypatch: pytest.MonkeyPatch, test: str, group: str) -> None:
    for name in EXTERNAL:
        monkeypatch.delenv(name, raising=False)
    assert group_of(test) == group
    monkeypatch.setenv("KUMAWATCH_KUMA_URL", "http://kuma.invalid")
    assert group_of(test) == "external"


@pytest.fixture
def venv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A virtual environment as the bootstrap leaves it, with the Python that runs this test; its stamp."""
    (tmp_path / "requirements.txt").write_text("# why\npytest>=8,<10\n")
    directory = tmp_path / ".venv"
    (directory / "bin").mkdir(parents=True)
    (directory / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (directory / "bin" / "ansible-playbook").write_text("")
    for path in (directory / "bin").iterdir():
        path.chmod(0o755)
    monkeypatch.setattr(common, "ROOT", tmp_path)
    monkeypatch.setattr(common, "VENV", directory)
    monkeypatch.delenv("KUMAWATCH_PYTHON", raising=False)
    return {
        "path": str(directory),
        "base": sys.executable,
        "python": ".".join(map(str, sys.version_info[:3])),
        "installed": {"requirements.txt": bootstrap.digest("requirements.txt")},
    }


FILES = ("requirements.txt",)


def test_a_whole_virtual_environment_is_left_alone(venv: dict[str, Any]) -> None:
    assert bootstrap.defect(venv, FILES) == ""
    (common.ROOT / "requirements.txt").write_text("# another reason\npytest>=8,<10\n")
    assert venv["installed"] == {"requirements.txt": bootstrap.digest("requirements.txt")}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"path": "/elsewhere/.venv"}, "it was made for /elsewhere/.venv"),
        ({"installing": "requirements.txt"}, "installing requirements.txt was interrupted"),
        ({"python": "3.1.4"}, "its Python became"),
    ],
)
def test_a_virtual_environment_that_is_no_good_is_told_why(
    venv: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    assert bootstrap.defect({**venv, **change}, FILES).startswith(reason)


def test_a_virtual_environment_without_stamp_or_python_is_made_anew(venv: dict[str, Any]) -> None:
    assert bootstrap.defect({}, FILES) == "it was left half-finished"
    (common.VENV / "bin" / "python").unlink()
    assert bootstrap.defect(venv, FILES) == "its Python does not start"


def test_packages_that_are_lost_are_installed_again(venv: dict[str, Any]) -> None:
    (common.ROOT / "requirements.txt").write_text("pytest>=8,<10\nno-such-distribution>=1\n")
    venv["installed"]["requirements.txt"] = bootstrap.digest("requirements.txt")
    assert bootstrap.defect(venv, FILES) == ""
    assert venv["installed"] == {}


def test_only_a_python_that_starts_and_suits_is_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\necho 'version 3.99 is not installed' >&2\nexit 1\n")
    shim.chmod(0o755)
    monkeypatch.setattr(bootstrap, "candidates", lambda: [str(shim), sys.executable])
    monkeypatch.delenv("KUMAWATCH_PYTHON", raising=False)
    assert bootstrap.choose_python().version == tuple(sys.version_info[:3])
    monkeypatch.setattr(bootstrap, "candidates", lambda: [str(shim)])
    with pytest.raises(common.Failure, match=r"needs Python 3\.11 to 3\.14; found: none"):
        bootstrap.choose_python()
    monkeypatch.setenv("KUMAWATCH_PYTHON", str(shim))
    with pytest.raises(common.Failure, match="which does not start"):
        bootstrap.choose_python()


@pytest.mark.parametrize(
    ("answer", "version"), [("v22.12.0", (22, 12)), ("v18.19.1", (18, 19)), ("", ()), ("node: broken", ())]
)
def test_the_version_of_node(tmp_path: Path, answer: str, version: tuple[int, ...]) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho '{answer}'\n")
    node.chmod(0o755)
    assert bootstrap.node_version(str(node)) == version
    assert (version >= bootstrap.NODE) == (answer == "v22.12.0")


def test_what_a_release_ships() -> None:
    shipped = {path.as_posix() for path in collection.published()}
    assert {"galaxy.yml", "meta/runtime.yml", "LICENSE", "requirements.txt"} <= shipped
    assert {"plugins/module_utils/_reconcile.py", "roles/uptime_targets/tasks/main.yml"} <= shipped
    kept = ("collections/", "lab/", "tests/", "tools/", "inventories/", ".ci/", "Makefile", "ansible.cfg")
    assert [path for path in shipped if path.startswith(kept)] == []


@pytest.mark.parametrize(
    ("markup", "markdown"),
    [
        ("Use O(url) with V(a\\)b), not RV(id).", "Use `url` with `a)b`, not `id`."),
        ("B(Never) I(this). See L(the guide,https://example.com/g).", "**Never** *this*. See [the guide](https://example.com/g)."),
        ("M(kumawatch.monitoring.kuma_info) and P(kumawatch.monitoring.catalogue#filter)",
         "`kumawatch.monitoring.kuma_info` and `kumawatch.monitoring.catalogue`"),
        ("HTTP (plain) is kept, and so is IO(x).", "HTTP (plain) is kept, and so is IO(x)."),
    ],
)  # fmt: skip
def test_ansibles_markup_becomes_markdown(markup: str, markdown: str) -> None:
    assert role_docs.plain(markup) == markdown


def test_suboptions_are_listed_below_their_option() -> None:
    options = {
        "things": {
            "type": "list",
            "elements": "dict",
            "description": "Things | others.",
            "options": {"name": {"type": "str", "required": True, "choices": ["a", "b"], "description": "Its name."}},
        }
    }
    assert list(role_docs.rows(options, {"things": []})) == [
        "| `things` | list of dict | `[]` | Things \\| others. |",
        "| `things[].name` | str | required | Its name. One of `a`, `b`. |",
    ]


def test_a_command_that_takes_too_long_is_stopped_and_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    status = common.run_logged("sleep", ["sleep", "60"], log, limit=0.5)
    assert status != 0
    assert "it took longer than 0.5 s" in log.read_text()


def test_a_daemon_that_holds_the_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert common.run_logged("daemon", ["sh", "-c", "sleep 20 & echo started"], log) == 0
    assert "started" in log.read_text()


@pytest.mark.parametrize(("seconds", "text"), [(0.42, "0.4 s"), (41.2, "41 s"), (125, "2 min 5 s")])
def test_times_are_told_as_one_says_them(seconds: float, text: str) -> None:
    assert common.elapsed(seconds) == text
