# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes from the operating system: installed where we may, named with its command where we may not."""

from __future__ import annotations

import os
import shutil
from typing import Sequence

from tools import common


def can_install() -> bool:
    """Whether this is a Debian (or a child of it) and we are root."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def command(packages: Sequence[str]) -> str:
    """The command that installs these Debian packages."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install {' '.join(packages)}"


def install(packages: Sequence[str], why: str) -> bool:
    """Install Debian packages as root, saying so; whether it worked. Elsewhere only name the command."""
    if not can_install():
        common.say(f"  missing {why}; install it: {command(packages)}")
        return False
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    argv = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    log = common.LOGS / "apt.log"
    common.say(f"  missing {why}; you are root on Debian, so: {command(packages)}")
    # The package lists of a fresh machine are empty or old: first as they are, then refreshed.
    if common.run_logged(f"apt-get install {' '.join(packages)}", argv, log, env=env, quiet=True) == 0:
        common.say(f"  ok      apt-get install {' '.join(packages)}")
        return True
    common.run_logged("apt-get update", ["apt-get", "update"], log, env=env, append=True)
    if common.run_logged(f"apt-get install {' '.join(packages)}", argv, log, env=env, append=True) == 0:
        return True
    common.show_log(log, lines=20)
    return False


def find_chromium() -> str:
    """The path of a Chromium or Chrome to drive, or ""."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), "")
