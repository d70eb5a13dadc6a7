# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chain, as make demo shows it: a service breaks and its alert is in the chat space; so is its recovery."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.process import free_port

ROOT = Path(__file__).resolve().parents[2]
#: How often the lab's inventory lets a service be checked, and what an alert may take beyond that on a busy machine.
INTERVAL = 20.0
GRACE = 40.0
SERVICES = ["api", "queue", "shop"]

Lab = Callable[..., str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, dict[str, Any]]]:
    """A lab of our own to which phase 1 has been applied: a way to run commands on it, and its endpoints."""
    home = tmp_path_factory.mktemp("lab")
    # The usual ports are left to the lab's own tests, which may run at the same time.
    ports = {
        f"KUMAWATCH_LAB_{part}_PORT": str(free_port())
        for part in ("KUMA", "CHAT", "API", "SHOP", "QUEUE", "AWS", "USAGE", "SHIPPER")
    }
    env = {**os.environ, **ports, "KUMAWATCH_LAB_DIR": str(home), "ANSIBLE_NOCOLOR": "1"}

    def run(*command: str) -> str:
        ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def lab(*arguments: str) -> str:
        return run(sys.executable, "-m", "lab", *arguments)

    lab("up")
    try:
        playbook = str(Path(sys.executable).parent / "ansible-playbook")
        run(playbook, "-i", "inventories/lab", "site.yml", "--tags", "phase1")
        yield lab, json.loads((home / "endpoints.json").read_text())
    finally:
        lab("down")


def messages(endpoints: dict[str, Any]) -> list[dict[str, Any]]:
    with urllib.request.urlopen(endpoints["chat"]["messages_url"], timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def arrive(endpoints: dict[str, Any], sign: str, count: int) -> None:
    """Wait for a message about each service, after the first ``count``; nothing else may come."""
    deadline = time.monotonic() + INTERVAL + GRACE
    while len(found := messages(endpoints)) < count + len(SERVICES):
        assert time.monotonic() < deadline, f"{len(found) - count} messages within {INTERVAL + GRACE:g} s"
        time.sleep(0.2)
    # What a telephone shows: "🔴 Critical: api · Uptime check (…)".
    texts = [message["message"]["fallbackText"] for message in found[count:]]
    assert all(sign in text for text in texts), texts
    assert sorted(service for service in SERVICES for text in texts if f": {service} ·" in text) == SERVICES, texts


def test_broken_services_are_told_within_a_check_interval_and_so_is_their_recovery(
    lab: tuple[Lab, dict[str, Any]],
) -> None:
    command, endpoints = lab
    count = len(messages(endpoints))
    for service in SERVICES:
        command("break", service)
    arrive(endpoints, "🔴", count)
    for service in SERVICES:
        command("mend", service)
    arrive(endpoints, "🟢", count + len(SERVICES))
