# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the steps of the test suite, each into its log, and sum up what passed, what failed and what was skipped why.

Steps run side by side where that helps two cores: those that compute beside those that wait for servers.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import threading
import time
import traceback
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from lab import kuma
from lab.paths import Paths
from tools import collection, common, containers
from tools import molecule as scenarios

BIN = common.VENV / "bin"
MODULE_UTILS = "ansible_collections.kumawatch.monitoring.plugins.module_utils"
#: The package of the role health_endpoint, which can be installed alone.
HEALTH = "roles/health_endpoint/files/kumawatch_health"
UNIT_BUDGET = 120.0

#: How many tests with servers run at once: they wait more than they compute.
WORKERS = 4

#: Of a failure, so much is repeated at the end: what a machine keeps of a long output is its end.
LONGEST_REASON = 700
#: So many failed tests with servers are tried again by themselves: with four at once on two cores, one may have waited
#: longer for its turn than it has patience. What then passes is named all the same.
TRIED_AGAIN = 3
LAST_LINES = 5

#: What nothing waits for gives way to servers and the tests that watch them.
PATIENT = ("nice", "-n", "5")

# What need not be read again where a step failed: pytest's tests that passed (in one process and in several, which also
# tell of each that it begins), pip's progress.
_DULL = (
    r"::.* PASSED +\[ *\d+%\]$|^\[gw\d+\] \[ *\d+%\] PASSED |^tests/\S+::.* $"
    r"|^WARNING: Location |^ *(Collecting|Downloading|Looking in|Processing|━+) "
)


@dataclass
class Result:
    """What a step came to.

    ``skips``, ``failures`` and ``unsteady`` are sentences: what was skipped, what failed, what failed only at first,
    and why.
    """

    step: str
    passed: int = 0
    failed: int = 0
    skips: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    failed_tests: list[str] = field(default_factory=list)  # as pytest names them
    seconds: float = 0.0
    note: str = ""

    def outcome(self) -> str:
        if self.failed:
            return "FAILED"
        return "ok" if self.passed else "skipped"


@dataclass(frozen=True)
class Check:
    """One linter: a command that says by its exit status whether all is well."""

    name: str
    argv: list[str]
    needs: tuple[str, ...] = ()  # paths without which there is nothing to check
    limit: float = 1200
    env: dict[str, str] = field(default_factory=dict)  # further variables


def tool(name: str) -> str:
    return str(BIN / name)


def module(name: str, *arguments: str) -> list[str]:
    return [str(BIN / "python"), "-m", name, *arguments]


def checks() -> list[Check]:
    """The linters, fast ones first."""
    return [
        Check("ruff", [tool("ruff"), "check", "--no-fix", "--output-format", "concise", "."]),
        Check("ruff format", [tool("ruff"), "format", "--check", "--output-format", "concise", "."]),
        Check("mypy module_utils", [tool("mypy"), "-p", MODULE_UTILS]),
        Check("mypy lab and tools", [tool("mypy"), "-p", "lab", "-p", "tools"], needs=("lab",)),
        Check(
            "mypy kumawatch_health",
            [tool("mypy"), "--config-file", f"{HEALTH}/pyproject.toml", "--cache-dir", ".cache/mypy-health",
             f"{HEALTH}/src/kumawatch_health"],
            needs=(HEALTH,),
        ),
        Check("mypy kumawatch_kuma", [tool("mypy"), "-p", "roles.uptime_kuma.files.kumawatch_kuma"]),
        Check("changelog", [tool("antsibull-changelog"), "lint"]),
        Check("role documentation", module("tools.role_docs", "--check")),
        Check("JSON Schema", module("tools.catalogue_schema", "--check"), needs=("tools/catalogue_schema.py",)),
        Check("IAM policies", module("tools.iam_policies", "--check")),
        Check("module documentation", module("tools.module_docs", "--check"), needs=("tools/module_docs.py",)),
        Check("collection build", module("tools.test", "--check-build")),
        Check(
            "antsibull-docs",
            [tool("antsibull-docs"), "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "dependent",
             "--disallow-unknown-collection-refs", "."],
            # It copies the collections that ours depends on, and of what is in a git checkout only what git tracks:
            # .venv, where they are, would be copied as an empty directory.
            env={"GIT_CEILING_DIRECTORIES": str(common.ROOT)},
        ),
        Check("ansible-lint", [tool("ansible-lint"), "--profile", "production", "--offline", "--nocolor"]),
    ]  # fmt: skip


def lint() -> list[Result]:
    return [_check(check) for check in checks()]


def _check(check: Check) -> Result:
    result = Result(f"lint: {check.name}")
    lacking = [path for path in check.needs if not (common.ROOT / path).exists()]
    if lacking:
        return _nothing(result, f"there is no {', no '.join(lacking)}")
    env = common.environment()
    env["ANSIBLE_COLLECTIONS_PATH"] = os.pathsep.join([str(common.ROOT / "collections"), sysconfig.get_path("purelib")])
    env["NO_COLOR"] = "1"
    env.update(check.env)
    log = common.LOGS / f"lint-{check.name.replace(' ', '-')}.log"
    return _run(result, [*PATIENT, *check.argv], log, env=env, limit=check.limit)


def _run(
    result: Result,
    argv: list[str],
    log: Path,
    *,
    limit: float,
    env: dict[str, str] | None = None,
    read: Callable[[Result, int, str], None] | None = None,
    activity: Callable[[str], str] = lambda line: line,
) -> Result:
    """Run a step's command into its log, and its output on the screen where it fails.

    read: makes counts of the exit status and the log; without it the step is one test.
    """
    started = time.monotonic()
    status = common.run_logged(result.step, argv, log, env=env, quiet=True, limit=limit, activity=activity)
    result.seconds = time.monotonic() - started
    if read:
        read(result, status, log.read_text(errors="replace"))
    else:
        result.passed, result.failed = (1, 0) if status == 0 else (0, 1)
    if status and not result.failed and result.outcome() != "skipped":
        result.failed, result.note = 1, f"exit status {status}"
    if result.failed and not result.failures:
        result.failures = [_short(" / ".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:]))]
    with common.printing:
        _tell(result)
        if result.failed:
            common.show_log(log, hide=_DULL)
    return result


def _short(text: str) -> str:
    """A text in one line, and not in a longer one than is read."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REASON else f"{text[: LONGEST_REASON - 1]}…"


def _tell(result: Result) -> None:
    counts = f"{result.passed} passed"
    counts += f", {result.failed} failed" if result.failed else ""
    counts += f", {len(result.skips)} skipped" if result.skips else ""
    note = f"  ({result.note})" if result.note else ""
    common.say(f"  {result.outcome():<7} {result.step}  {common.elapsed(result.seconds)}  {counts}{note}")


def _nothing(result: Result, reason: str) -> Result:
    """A step that has nothing to run: skipped, or failed where everything is required."""
    if common.required():
        result.failed, result.note = 1, f"{reason}, and KUMAWATCH_REQUIRE_ALL is set"
    else:
        result.skips.append(reason)
    _tell(result)
    return result


def sanity() -> list[Result]:
    """ansible-test sanity, each of its tests counted."""

    def read(result: Result, status: int, output: str) -> None:
        ran = len(re.findall(r"^Running sanity test ", output, re.MULTILINE))
        failed = re.search(r"The (\d+) sanity test\(s\) listed below \(out of \d+\) failed", output)
        result.failed = int(failed.group(1)) if failed else int(status != 0 or ran == 0)
        result.passed = max(0, ran - result.failed)
        if result.failed:
            result.failures = [_short(error) for error in re.findall(r"^ERROR: (.*)$", output, re.MULTILINE)]
        skipped = re.findall(r'^WARNING: (Skipping .*|Required program ".*" not found.*)$', output, re.MULTILINE)
        result.skips = list(dict.fromkeys(skipped))

    def activity(line: str) -> str:
        match = re.match(r'Running sanity test "(.+?)"', line)
        return match.group(1) if match else ""

    log = common.LOGS / "sanity.log"
    argv = [*PATIENT, *module("tools.sanity")]
    return [_run(Result("sanity"), argv, log, limit=1500, read=read, activity=activity)]


def pytest_step(name: str, limit: float, workers: int = 0) -> Callable[[], list[Result]]:
    """A step that runs pytest over tests/<name>, in so many processes (0: in its own)."""

    def run() -> list[Result]:
        directory = common.ROOT / "tests" / name
        if not any(directory.rglob("test_*.py")):
            return [_nothing(Result(name), f"there are no tests in {common.relative(directory)}")]
        result = attempt(name, [str(directory), "--durations=10", *(["-n", str(workers)] if workers else [])])
        if workers and 0 < len(result.failed_tests) <= TRIED_AGAIN:
            settle(result, attempt(f"{name} again", result.failed_tests))
        return [result]

    def attempt(label: str, arguments: list[str]) -> Result:
        result = Result(label)
        report = common.LOGS / f"{label.replace(' ', '-')}.xml"
        report.unlink(missing_ok=True)
        log = report.with_suffix(".log")
        argv = module("pytest", "--junitxml", str(report), "-o", "junit_family=xunit2", "--color=no", "-v", *arguments)

        def read(result: Result, status: int, _output: str) -> None:
            if not _read_junit(result, report):
                result.failed, result.note = 1, f"pytest ended with status {status} and left no report"
                return
            if name == "unit" and result.seconds > UNIT_BUDGET:
                result.note = f"more than its {UNIT_BUDGET:.0f} s"
            if status and not result.failed:
                result.failed, result.note = 1, f"pytest ended with status {status}"

        return _run(result, argv, log, limit=limit, read=read, activity=pytest_activity)

    return run


def settle(result: Result, again: Result) -> None:
    """Count a step whose failed tests were run again: those that pass by themselves are unsteady, and said to be."""
    result.seconds += again.seconds
    if again.failed or again.passed != len(result.failed_tests):
        return
    result.passed += result.failed
    result.unsteady, result.failures, result.failed_tests, result.failed = result.failures, [], [], 0
    result.note = f"{again.passed} only at the second try"


def health() -> list[Result]:
    """The tests of the health endpoint's package, in a virtual environment that has what the package asks for alone."""
    result = Result("health")
    directory, venv = common.ROOT / HEALTH, common.CACHE / "health"
    python, stamp = venv / "bin" / "python", venv / "installed"
    wanted = hashlib.sha256((directory / "pyproject.toml").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        log = common.LOGS / "health-install.log"
        # Compiled beforehand: compiling at each start takes time and memory, and memory is measured.
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for argv in (
            [str(BIN / "python"), "-m", "venv", "--clear", str(venv)],
            [*install, "--editable", f"{directory}[test]"],
        ):
            if common.run_logged("health: its packages", argv, log, quiet=True, limit=900):
                common.show_log(log, lines=30)
                result.failed, result.note = 1, f"its packages cannot be installed; see {common.relative(log)}"
                return [result]
        stamp.write_text(wanted)
    report, log = common.LOGS / "health.xml", common.LOGS / "health.log"
    report.unlink(missing_ok=True)
    argv = [str(python), "-m", "pytest", str(directory / "tests"), "-c", str(directory / "pyproject.toml")]
    argv += ["--junitxml", str(report), "-o", f"cache_dir={common.CACHE / 'pytest-health'}", "--color=no", "-v"]
    argv += ["-n", "2", "--dist", "loadfile"]  # each kind of server is started once, by the file that needs it

    def read(result: Result, status: int, _output: str) -> None:
        whole = _read_junit(result, report)
        if not whole or (status and not result.failed):
            result.failed, result.note = max(1, result.failed), f"pytest ended with status {status}"

    return [_run(result, argv, log, limit=900, read=read, activity=pytest_activity)]


def molecule(names: Sequence[str] = ()) -> list[Result]:
    """Molecule's scenarios, some at once; without Docker none."""
    names = names or scenarios.scenarios()
    try:
        env = scenarios.environment(names)
    except containers.Unavailable as error:
        return [_nothing(Result("molecule"), str(error))]
    waiting, results = scenarios.longest_first(names), dict[str, Result]()

    def read(result: Result, status: int, output: str) -> None:
        result.passed, result.failed = scenarios.passed(output), int(status != 0)
        if not result.passed and not result.failed:
            result.failed, result.note = 1, "none of its tests ran"

    def work() -> None:
        while waiting:
            name = waiting.pop(0)
            log = common.LOGS / f"molecule-{name}.log"
            results[name] = _run(
                Result(f"molecule: {name}"), scenarios.command(name), log, env=env, limit=scenarios.LIMIT, read=read,
                activity=scenarios.activity,
            )  # fmt: skip

    common.side_by_side([work] * min(scenarios.AT_ONCE, len(waiting)))
    return [results[name] for name in names]


def pytest_activity(line: str) -> str:
    """How far pytest is and what it has just run, from a line of its output; "" where the line does not say."""
    match = re.match(r"\S*::(?P<name>\S+) .*\[ *(?P<part>\d+%)\]", line) or re.match(
        r"\[gw\d+\] \[ *(?P<part>\d+%)\] [A-Z]+ \S*::(?P<name>\S+)", line
    )
    return f"{match['part']} {match['name']}" if match else ""


def _read_junit(result: Result, report: Path) -> bool:
    """Count what pytest's report says; False without a whole one. An error in a fixture is a failure of its test."""
    try:
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - our own pytest wrote it
    except (OSError, ElementTree.ParseError):
        return False
    outcomes: dict[str, str] = {}
    reasons: Counter[str] = Counter()
    for number, case in enumerate(cases):
        # A test that fails and whose teardown then errs is in the report twice, and is one failed test.
        key = f"{case.get('classname')}::{case.get('name')}" if case.get("name") else str(number)
        skipped = case.find("skipped")
        wrong = case.find("failure")
        wrong = case.find("error") if wrong is None else wrong
        if wrong is not None:
            outcomes[key] = "failed"
            result.failures.append(_short(f"{key}: {wrong.get('message')}"))
            test = f"{(case.get('classname') or '').replace('.', '/')}.py::{case.get('name')}"
            if test not in result.failed_tests:
                result.failed_tests.append(test)
        elif skipped is not None:
            outcomes.setdefault(key, "skipped")
            reasons[skipped.get("message") or "no reason given"] += 1
        else:
            outcomes.setdefault(key, "passed")
    counted = Counter(outcomes.values())
    result.passed, result.failed = counted["passed"], counted["failed"]
    result.skips = [reason for reason, times in reasons.items() for _ in range(times)]
    return True


STEPS: dict[str, Callable[[], list[Result]]] = {
    "lint": lint,
    "sanity": sanity,
    "unit": pytest_step("unit", 900),
    "health": health,
    "lab": pytest_step("lab", 2400, WORKERS),
    "integration": pytest_step("integration", 3900, WORKERS),
    "molecule": molecule,
}

#: Steps in one row follow each other, rows run side by side. The first row computes; the unit tests come first in it,
#: while npm installs Uptime Kuma for the others.
ROWS = (("unit", "lint", "sanity", "molecule"), ("lab", "health"), ("integration",))


def run_steps(names: Collection[str], molecule_scenarios: Sequence[str] = ()) -> list[Result]:
    """Run the named steps; their results in the order of STEPS. A step that breaks has failed and stops no other.

    :param molecule_scenarios: which of Molecule's scenarios; all of them if empty.
    """
    steps = {**STEPS}
    if molecule_scenarios:
        steps["molecule"] = partial(molecule, molecule_scenarios)
    results: dict[str, list[Result]] = {}
    labs_turn_is_over = threading.Event()

    def run(row: Sequence[str]) -> None:
        try:
            for name in row:
                if name == "integration" and "lab" in names:
                    _await_server(labs_turn_is_over)
                try:
                    results[name] = steps[name]()
                except Exception as error:
                    with common.printing:
                        traceback.print_exc(file=sys.stdout)
                        results[name] = [Result(name, failed=1, note=f"{type(error).__name__}: {error}")]
                        _tell(results[name][0])
        finally:
            if "lab" in row:
                labs_turn_is_over.set()

    rows = [[name for name in row if name in names] for row in ROWS]
    common.side_by_side([partial(run, row) for row in rows if row])
    return [result for name in STEPS for result in results.get(name, ())]


def _await_server(labs_turn_is_over: threading.Event) -> None:
    """Wait until the lab's tests have installed Uptime Kuma: they try what happens when that is interrupted."""
    common.wait_for(
        "integration waits for the lab's tests to install Uptime Kuma",
        lambda: labs_turn_is_over.is_set() or kuma.is_installed(Paths.from_environment()),
    )


def check_build() -> int:
    """Build the collection and see that its archive holds what it should: no loop, no state, nothing foreign."""
    output = common.CACHE / "build"
    argv = [tool("ansible-galaxy"), "collection", "build", "--force", "--output-path", str(output), str(common.ROOT)]
    done = subprocess.run(argv, env=common.environment(), check=False)
    if done.returncode:
        return done.returncode
    (archive,) = output.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        shipped = {name for name in content.getnames() if (common.ROOT / name).is_file()}
    archive.unlink()
    expected = {path.as_posix() for path in collection.published()} - {"galaxy.yml"}
    for name in sorted(shipped - expected):
        common.say(f"{name} is in the archive and should not be: add it to build_ignore in galaxy.yml")
    for name in sorted(expected - shipped):
        common.say(f"{name} is missing from the archive")
    return int(shipped != expected)


def summarise(results: list[Result], seconds: float) -> int:
    """Print the table, the reasons of skips and the one line that says it all; the exit status."""
    width = max(len(result.step) for result in results)
    common.say()
    common.say(f"{'step':<{width}}  result   {'time':>11}  passed  failed  skipped")
    for result in results:
        common.say(
            f"{result.step:<{width}}  {result.outcome():<7}  {common.elapsed(result.seconds):>11}  {result.passed:>6}"
            f"  {result.failed:>6}  {len(result.skips):>7}{'  ' + result.note if result.note else ''}"
        )
    skips = Counter((result.step, " ".join(skip.split())) for result in results for skip in result.skips)
    if skips:
        common.say("\nskipped:")
        for (step, reason), times in skips.items():
            common.say(f"  {step}: {reason}{f' ({times} times)' if times > 1 else ''}")
    for heading, named in (("failed only at first", "unsteady"), ("failed", "failures")):
        told = [f"  {result.step}: {sentence}" for result in results for sentence in getattr(result, named)]
        if told:
            common.say(f"\n{heading}:\n" + "\n".join(told))
    failed = sum(result.failed for result in results)
    common.say(f"\nThe logs are in {common.relative(common.LOGS)}/. All took {common.elapsed(seconds)}.")
    passed, skipped = sum(result.passed for result in results), sum(len(result.skips) for result in results)
    common.say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def summarise_run(run: Callable[[], list[Result]]) -> int:
    """Run steps and sum them up; the exit status."""
    started = time.monotonic()
    results = run()
    return summarise(results, time.monotonic() - started)


def test() -> int:
    """The command: run the named steps, or with further arguments one pytest step attached to the terminal."""
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--steps", default="", help=f"some of {', '.join(STEPS)}, separated by commas; all without it")
    parser.add_argument("--scenario", default="", help="which of Molecule's scenarios are run; all without it")
    parser.add_argument(
        "--check-build", action="store_true", help="only build the collection and look into its archive"
    )
    arguments, further = parser.parse_known_args()
    if arguments.check_build:
        return check_build()
    names = [name for name in re.split(r"[,\s]+", arguments.steps) if name] or list(STEPS)
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        raise common.Failure(f"There is no step {', '.join(unknown)}; the steps are {', '.join(STEPS)}.")
    if further:
        paths = (
            [] if any(argument.startswith("tests/") for argument in further) else [f"tests/{name}" for name in names]
        )
        return subprocess.run(module("pytest", *paths, *further), cwd=common.ROOT, env=common.environment()).returncode
    if "health" in names:
        with contextlib.suppress(containers.Unavailable):  # it then says itself what it skips
            containers.ensure()
    chosen = scenarios.chosen(arguments.scenario) if arguments.scenario else ()
    return summarise_run(lambda: run_steps(names, chosen))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    common.main(test)
