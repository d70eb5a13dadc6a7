# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Molecule's scenarios: the roles on hosts with systemd, in containers.

Without further arguments each scenario is tested from bare hosts to bare hosts; with some, they go to Molecule itself
(``converge``, ``verify``, ``login --host NAME``, ``destroy``), whose hosts then stay.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import yaml

from tools import common, containers

DIRECTORY = common.ROOT / "molecule"

#: What a scenario waits for is mostly the network and its hosts.
AT_ONCE = 2
#: Beside other tests on two cores, one takes twice as long as alone.
LIMIT = 2400.0


def scenarios() -> list[str]:
    """The names of all scenarios."""
    return sorted(path.parent.name for path in DIRECTORY.glob("*/molecule.yml"))


def chosen(text: str) -> list[str]:
    """The scenarios that a text names, separated by commas; all where it names none.

    Raises common.Failure for one that there is not.
    """
    names = [name for name in re.split(r"[,\s]+", text) if name] or scenarios()
    unknown = [name for name in names if name not in scenarios()]
    if unknown:
        raise common.Failure(f"There is no scenario {', '.join(unknown)}; there are {', '.join(scenarios())}.")
    return names


def hosts(scenario: str) -> list[dict[str, Any]]:
    """A scenario's hosts, as its ``platforms``."""
    return list(yaml.safe_load((DIRECTORY / scenario / "molecule.yml").read_text())["platforms"])


def images(scenario: str) -> list[str]:
    """The images that a scenario's hosts are made of."""
    return sorted({host["image"] for host in hosts(scenario)})


def longest_first(names: Sequence[str]) -> list[str]:
    """Scenarios in the order to begin them, so that none runs alone at the end.

    Those in which Docker runs Uptime Kuma take longest, then those of many hosts.
    """

    def length(name: str) -> tuple[int, int]:
        found = hosts(name)
        return sum(bool(host.get("docker")) for host in found), len(found)

    return sorted(names, key=length, reverse=True)


def environment(names: Sequence[str]) -> dict[str, str]:
    """The environment of Molecule for these scenarios: a Docker daemon, and the images of their hosts.

    Raises containers.Unavailable.
    """
    containers.ensure()
    tags = {
        f"MOLECULE_IMAGE_{image.upper()}": containers.image(image)
        for image in sorted({image for name in names for image in images(name)})
    }
    return {**common.environment(), **tags, "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}


def command(scenario: str, *words: str) -> list[str]:
    action, *further = words or ("test",)
    return [str(common.VENV / "bin" / "molecule"), action, "--scenario-name", scenario, *further]


def activity(line: str) -> str:
    """What a scenario does at the moment, from a line of its output; "" where the line does not say."""
    match = re.match(r"(?:TASK|RUNNING HANDLER) \[(?P<task>.+?)\] \**$", line)
    return match["task"] if match else ""


def passed(output: str) -> int:
    """How many tests on hosts passed, from a scenario's output."""
    return sum(map(int, re.findall(r"^=+ .*?(\d+) passed.* in [\d.]+s.* =+$", output, re.MULTILINE)))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make molecule", description=__doc__)
    parser.add_argument("--scenario", default="", help=f"one of {', '.join(scenarios())}; all without it")
    arguments, words = parser.parse_known_args()
    names = chosen(arguments.scenario)
    if not words:
        from tools import test  # which runs our scenarios as one of its steps

        os.environ["KUMAWATCH_REQUIRE_ALL"] = "1"  # who asks for this alone does not want it skipped
        return test.summarise_run(lambda: test.molecule(names))
    try:
        env = environment(names)
    except containers.Unavailable as error:
        raise common.Failure(f"{error}.")
    statuses = [
        subprocess.run(command(name, *words), cwd=common.ROOT, env=env, check=False).returncode for name in names
    ]
    return max(statuses)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    common.main(main)
