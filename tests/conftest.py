# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests are shared out when several processes run them (``pytest -n 4``, by pytest-xdist).

Each process has its own servers, runner and temporary directories, so any test may run beside any other, save those
that need something of which there is one. Modules of one group run one after the other in one process.
"""

from __future__ import annotations

import os
from fnmatch import fnmatch
from typing import Any

import pytest

#: Group → its modules, and the fixtures that only those may use.
GROUPS = {
    # Labs prefer the same few ports, and their tests rely on getting theirs back.
    "lab": ("tests/lab/test_lab_*.py", {"lab", "real_lab", "make_lab"}),
    # One Chromium at a time, started once.
    "chromium": ("tests/lab/test_*_page.py", {"browser"}),
}

#: Modules whose tests look at what long runs of playbooks made: in one process it is made once, and not once in each.
#: By their groups; those of a life take its stages in the order of their names (tests/integration/life.py).
WHOLE = {
    f"tests/integration/test_{name}.py": group
    for group, names in {
        "life": ("cost", "phase2_site", "phase3_site", "teardown"),
        "alert_channel": ("alert_channel",),
        "report": ("report",),
    }.items()
    for name in names
}

#: What names a server that all processes would share, and empty before each test.
EXTERNAL = ("KUMAWATCH_KUMA_URL", "KUMAWATCH_AWS_ENDPOINT_URL")


def group_of(nodeid: str) -> str:
    """The group of a test's module, the test itself where it has none; one group of all with a server of the user's."""
    if any(os.environ.get(name) for name in EXTERNAL):
        return "external"
    path = nodeid.partition("::")[0]
    if path in WHOLE:
        return WHOLE[path]
    return next((name for name, (modules, _fixtures) in GROUPS.items() if fnmatch(path, modules)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out groups as a whole and other tests one by one.

    What pytest-xdist itself offers for that, the mark xdist_group, is silently without effect in its release 3.8 on
    pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Scheduler(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """See that the groups are whole; in several processes, put the long tests first, so that none is left at the end.

    First of the lab's comes thereby the one that interrupts the installation of Uptime Kuma, for which all others wait.
    """
    for item in items:
        path = item.nodeid.partition("::")[0]
        if not path.startswith("tests/lab/"):
            continue
        for modules, fixtures in GROUPS.values():
            if not fnmatch(path, modules) and fixtures & set(getattr(item, "fixturenames", ())):
                raise pytest.UsageError(
                    f"{item.nodeid} uses {' or '.join(sorted(fixtures))}; only {modules} may: see tests/conftest.py"
                )
    if hasattr(config, "workerinput"):
        # A stable order: the tests of one long run follow it stage by stage.
        whole = set(WHOLE.values())
        items.sort(key=lambda item: item.get_closest_marker("slow") is None and group_of(item.nodeid) not in whole)
