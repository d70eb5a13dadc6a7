# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Uptime Kuma: installed from npm, its database wizard passed, described as a part."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from lab.errors import LabError
from lab.node import Node
from lab.paths import Paths, make_directory, read_json, write_json
from lab.probe import get
from lab.process import MARK
from lab.supervise import Part, Say, environment, last_line, lock

VERSION = "2.0.0-dev.0"
"""The only version that npm has."""

COMPILERS = {"make": "make", "g++": "g++", "python3": "python3"}
"""What sqlite3 needs where no ready-made build of it can be had: program and its Debian package."""

INSTALL_PATIENCE = 900.0

DATABASE = {"type": "sqlite", "client": "sqlite3"}
"""The snapshot asks for ``client`` when it writes SQL for its statistics: without it, it writes MariaDB's."""


def install_directory(paths: Paths) -> Path:
    return paths.cache / f"uptime-kuma-{VERSION}"


def package_directory(paths: Paths) -> Path:
    """Where the server's own files are; it wants to be run from there."""
    return install_directory(paths) / "node_modules/uptime-kuma"


def is_installed(paths: Paths) -> bool:
    """Whether the installation was finished, by the marker that is written last."""
    try:
        marker = read_json(install_directory(paths) / "complete.json")
    except ValueError:
        return False
    return isinstance(marker, dict) and marker.get("version") == VERSION and package_directory(paths).is_dir()


def install(paths: Paths, node: Node, say: Say) -> list[str]:
    """Install the server unless that is done; returns what was mended, one sentence each.

    npm works in a directory beside the final one, which gets its name when it is complete: a half-finished
    installation is never taken for a whole one.
    """
    if is_installed(paths):
        return []
    with lock(paths.cache / "lock", lambda: say("Uptime Kuma: another lab installs it, waiting for that")):
        if is_installed(paths):
            return []
        final = install_directory(paths)
        remains = [path for path in (final, *paths.cache.glob(f"{final.name}.part-*")) if path.exists()]
        for path in remains:
            shutil.rmtree(path, ignore_errors=True)
        notes = ["a half-finished npm install was found: removed and done again"] if remains else []
        say(f"Uptime Kuma: {notes[0]}" if notes else f"Uptime Kuma: installing {VERSION} from npm, once, 1-2 minutes")
        staging = paths.cache / f"{final.name}.part-{os.getpid()}"
        npm_install(paths, staging, node, say)
        finish(staging)
        write_json(staging / "complete.json", {"version": VERSION, "node": node.version})
        staging.rename(final)
        return notes


def npm_install(paths: Paths, staging: Path, node: Node, say: Say) -> None:
    """Run npm in ``staging`` and report its progress in words and seconds."""
    missing = [package for program, package in COMPILERS.items() if shutil.which(program) is None]
    make_directory(staging)
    # npm 11 asks for a list of the packages that may run their own install scripts.
    write_json(
        staging / "package.json",
        {
            "name": "kumawatch-lab",
            "version": "1.0.0",
            "private": True,
            "allowScripts": {"@louislam/sqlite3": True, "protobufjs": True},
        },
    )
    extra = {MARK: f"{paths.home}:npm", "JOBS": "max"}
    if node.headers is not None:
        # Otherwise node-gyp downloads the headers.
        extra["npm_config_nodedir"] = str(node.headers)
    env = environment(extra)
    env["PATH"] = f"{node.path.parent}{os.pathsep}{env.get('PATH', '')}"
    command = [
        *node.npm,
        "install",
        "--legacy-peer-deps",
        "--omit=dev",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
        f"uptime-kuma@{VERSION}",
    ]
    log = paths.log("npm")
    make_directory(log.parent)
    started = time.monotonic()
    with log.open("wb") as output:
        child = subprocess.Popen(command, cwd=staging, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        step = 10.0
        while True:
            try:
                child.wait(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                elapsed = time.monotonic() - started
                if elapsed > INSTALL_PATIENCE:
                    raise LabError(
                        f"npm did not install Uptime Kuma within {INSTALL_PATIENCE / 60:.0f} minutes; its log is {log}."
                    ) from None
                if elapsed > step:
                    say(f"Uptime Kuma: {install_stage(staging)}, {elapsed:.0f} s")
                    step += 10.0
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()
    if child.returncode != 0 or not sqlite_works(staging, node):
        hint = f"run `apt-get install {' '.join(missing)}` and try again" if missing else f"the whole log is {log}"
        reason = last_line(log, 0) or f"npm ended with {child.returncode}"
        shutil.rmtree(staging, ignore_errors=True)
        raise LabError(f"Uptime Kuma could not be installed from npm ({reason}): {hint}.")


def install_stage(staging: Path) -> str:
    """What npm is at, told from the files that are there."""
    sqlite = staging / "node_modules/@louislam/sqlite3"
    if (sqlite / "build-tmp-napi-v6").exists() or (sqlite / "build").exists():
        return "compiling sqlite3"
    return "unpacking packages" if (staging / "node_modules").exists() else "downloading packages"


def sqlite_works(staging: Path, node: Node) -> bool:
    """Whether the compiled module loads: npm calls an installation done whose scripts it was told not to run."""
    check = subprocess.run(
        [str(node.path), "-e", "require('@louislam/sqlite3')"], cwd=staging, capture_output=True, check=False
    )
    return check.returncode == 0


def finish(staging: Path) -> None:
    """Put the files where the server looks for them: the published package misses some of its migrations."""
    database = staging / "node_modules/uptime-kuma/db"
    for patch in database.glob("patch-*.sql"):
        target = database / "old_migrations" / patch.name
        if not target.exists():
            shutil.copyfile(patch, target)


def part(paths: Paths, node: Node) -> Part:
    """Uptime Kuma as a part of the lab."""
    return Part(
        name="kuma",
        title="Uptime Kuma",
        command=lambda port: [str(node.path), "server/server.js"],
        env=lambda port: {
            "UPTIME_KUMA_HOST": "127.0.0.1",
            "UPTIME_KUMA_PORT": str(port),
            "NODE_ENV": "production",
            "DATA_DIR": f"{paths.kuma_data}/",
        },
        probe=lambda port: probe(paths, port),
        prepare=lambda say: prepare(paths, say),
        preferred_port=3001,
        port_variable="KUMAWATCH_LAB_KUMA_PORT",
        cwd=package_directory(paths),
        patience=90.0,
        version=f"{VERSION} {node.version}",
    )


def prepare(paths: Paths, say: Say) -> None:
    """Pass the database wizard, and begin again where the very first start never came to its end."""
    ready = paths.kuma_data / "lab-ready.json"
    config = paths.kuma_data / "db-config.json"
    if config.exists() and not ready.exists():
        say("Uptime Kuma: its database was left half made by a first start that did not finish, made anew")
        shutil.rmtree(paths.kuma_data, ignore_errors=True)
    make_directory(paths.kuma_data)
    if not config.exists():
        write_json(config, DATABASE)


def probe(paths: Paths, port: int) -> str:
    """What is wrong with the server, or ""."""
    status, body = get(port, "/api/entry-page")
    try:
        kind = json.loads(body).get("type") if status == 200 else None
    except (ValueError, AttributeError):
        kind = None
    if kind not in ("entryPage", "statusPageMatchedDomain"):
        return body if status == 0 else f"it answers {status}, not with its entry page"
    ready = paths.kuma_data / "lab-ready.json"
    if not ready.exists() and paths.kuma_data.is_dir():
        write_json(ready, {"version": VERSION})
    return ""
