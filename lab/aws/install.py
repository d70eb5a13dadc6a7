# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for AWS as a part of the lab: installed by pip into a venv of its own, described as a part."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from lab.errors import LabError
from lab.paths import CHECKOUT, Paths, make_directory, read_json, write_json
from lab.probe import get
from lab.process import MARK
from lab.supervise import Part, Say, environment, last_line, lock

PORT = 4566
REGION = "us-east-1"
ACCOUNT = "123456789012"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Any credentials will do; these mean the account above."""

REQUIREMENTS = CHECKOUT / "lab/aws/requirements.txt"
INSTALL_PATIENCE = 600.0
TITLE = "AWS stand-in"


def install_directory(paths: Paths) -> Path:
    """The venv's place: another one for each set of requirements and each Python."""
    pinned = "\n".join(
        line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")
    )
    digest = hashlib.sha256(f"{pinned} {sys.version_info[:2]}".encode()).hexdigest()[:8]
    return paths.cache / f"aws-stand-in-{digest}"


def python(paths: Paths) -> Path:
    return install_directory(paths) / "bin/python"


def is_installed(paths: Paths) -> bool:
    """Whether the installation was finished, by the marker that is written last."""
    try:
        marker = read_json(install_directory(paths) / "complete.json")
    except ValueError:
        return False
    return isinstance(marker, dict) and marker.get("requirements") == REQUIREMENTS.name and python(paths).exists()


def install(paths: Paths, say: Say) -> list[str]:
    """Install the stand-in unless that is done; returns what was mended, one sentence each.

    pip works in a directory beside the final one, which gets its name when it is complete: a half-finished installation
    is never taken for a whole one. A venv can be moved as long as nothing in it is run by its path but ``bin/python``.
    """
    if is_installed(paths):
        return []
    with lock(paths.cache / "aws.lock", lambda: say(f"{TITLE}: another lab installs it, waiting for that")):
        if is_installed(paths):
            return []
        final = install_directory(paths)
        remains = [path for path in (final, *paths.cache.glob(f"{final.name}.part-*")) if path.exists()]
        for path in remains:
            shutil.rmtree(path, ignore_errors=True)
        notes = ["a half-finished pip install was found: removed and done again"] if remains else []
        say(f"{TITLE}: {notes[0]}" if notes else f"{TITLE}: installing MiniStack by pip, once, half a minute")
        staging = paths.cache / f"{final.name}.part-{os.getpid()}"
        pip_install(paths, staging, say)
        write_json(staging / "complete.json", {"requirements": REQUIREMENTS.name})
        staging.rename(final)
        return notes


def pip_install(paths: Paths, staging: Path, say: Say) -> None:
    """Make the venv in ``staging`` and report pip's progress in seconds."""
    log = paths.log("pip")
    make_directory(log.parent)
    make_directory(staging.parent)
    env = environment({MARK: f"{paths.home}:pip", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"})
    commands = [
        [sys.executable, "-m", "venv", str(staging)],
        [str(staging / "bin/python"), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)],
    ]
    started = time.monotonic()
    step = 10.0
    with log.open("wb") as output:
        for command in commands:
            child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                while child.poll() is None:
                    time.sleep(0.1)
                    elapsed = time.monotonic() - started
                    if elapsed > INSTALL_PATIENCE:
                        raise LabError(
                            f"pip did not install the AWS stand-in within {INSTALL_PATIENCE / 60:.0f} minutes; "
                            f"its log is {log}."
                        )
                    if elapsed > step:
                        say(f"{TITLE}: installing packages, {elapsed:.0f} s")
                        step += 10.0
            finally:
                if child.poll() is None:
                    child.terminate()
                    child.wait()
            if child.returncode != 0:
                reason = last_line(log, 0) or f"pip ended with {child.returncode}"
                shutil.rmtree(staging, ignore_errors=True)
                raise LabError(f"The AWS stand-in could not be installed by pip ({reason}): the whole log is {log}.")


def state_directory(paths: Paths) -> Path:
    return paths.state / "aws"


def part(paths: Paths) -> Part:
    """The stand-in as a part of the lab."""
    return Part(
        name="aws",
        title=TITLE,
        preferred_port=PORT,
        port_variable="KUMAWATCH_LAB_AWS_PORT",
        command=lambda port: command(paths, port, state_directory(paths)),
        env=lambda port: variables(port, state_directory(paths)),
        cwd=CHECKOUT,
        probe=probe,
        prepare=lambda say: prepare(state_directory(paths)),
        patience=30.0,
        version=f"{install_directory(paths).name} {code_version()}",
    )


def command(paths: Paths, port: int, state: Path) -> list[str]:
    """What starts the stand-in."""
    return [str(python(paths)), "-m", "lab.aws.launch", "--port", str(port), "--state", str(state)]


def variables(port: int, state: Path) -> dict[str, str]:
    """The environment of the stand-in and of the Lambdas that it runs: nothing that points at a real account."""
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "ministack"),
        "S3_DATA_DIR": str(state / "s3"),
        "TMPDIR": str(state / "tmp"),
        "DOCKER_HOST": "unix:///nonexistent",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
        **CREDENTIALS,
    }


def prepare(state: Path) -> None:
    """Make the directories, and clear what Lambdas of the last run left in theirs."""
    shutil.rmtree(state / "tmp", ignore_errors=True)
    for name in ("tmp", "ministack", "s3"):
        make_directory(state / name)


def probe(port: int) -> str:
    """What is wrong with the stand-in, or ""."""
    status, body = get(port, "/_lab/health")
    try:
        works = status == 200 and json.loads(body).get("stand_in") == "kumawatch-lab-aws"
    except (ValueError, AttributeError):
        works = False
    return "" if works else body if status == 0 else f"it answers {status}, not as the lab's stand-in for AWS"


def code_version() -> str:
    """Changes when the overlay changes, so that the stand-in is restarted after an update."""
    digest = hashlib.sha256()
    for path in sorted((CHECKOUT / "lab/aws").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
