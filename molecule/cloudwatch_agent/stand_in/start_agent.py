# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the agent: see README.md. It translates its configuration, becomes its user, and waits."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

AGENT = Path("/opt/aws/amazon-cloudwatch-agent")
TOML = AGENT / "etc/amazon-cloudwatch-agent.toml"


def main() -> None:
    log = (AGENT / "logs/amazon-cloudwatch-agent.log").open("a", buffering=1)
    argv: list[str | Path] = [AGENT / "bin/config-translator", "--input", AGENT / "etc/amazon-cloudwatch-agent.json"]
    argv += ["--input-dir", AGENT / "etc/amazon-cloudwatch-agent.d", "--output", TOML, "--mode", "auto"]
    code = subprocess.run(argv, stdout=log, stderr=log, check=False).returncode
    if code:
        sys.exit(0 if code == 99 else code)
    name = json.loads(TOML.read_text()).get("agent", {}).get("run_as_user", "root")
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        print(f"E! Failed to ChangeUser: user: unknown user {name}", file=log)
        sys.exit(1)
    # The user gets what is not to be executed, as with the real one.
    for directory in ("logs", "etc", "var"):
        for path in [AGENT / directory, *(AGENT / directory).rglob("*")]:
            if path.is_dir() or not path.stat().st_mode & 0o111:
                os.chown(path, user.pw_uid, user.pw_gid)
    os.setgroups(os.getgrouplist(name, user.pw_gid))
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    print("I! the stand-in runs", file=log)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pause()


main()
