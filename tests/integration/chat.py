# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's chat space for tests, and the patience to wait for what is told there."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SPACE, KEY, TOKEN = "spaces/AAQAchannel", "lab-key", "lab-token-of-the-space"


def until(condition: Callable[[], Any], seconds: float = 40.0, what: str = "it") -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(0.2)
    return value


@dataclass
class Chat:
    """A chat space in a process of its own, that can be stopped and started again."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/{SPACE}/messages?key={KEY}&token={TOKEN}"

    def start(self, token: str = TOKEN) -> None:
        self.directory.mkdir(exist_ok=True)
        secrets = self.directory / "secrets.json"
        space = {"name": SPACE, "title": "Alerts", "token": token}
        secrets.write_text(json.dumps({"chat": {"key": KEY, "spaces": [space]}}))
        command = ["--port", str(self.port), "--data", str(self.directory), "--secrets", str(secrets)]
        log = (self.directory / "log").open("ab")
        self.process = subprocess.Popen([sys.executable, "-m", "lab.chat", *command], cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                self.messages()
                return
            assert time.monotonic() < deadline, "the chat space did not start"
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)
            self.process = None

    def messages(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/messages?space={SPACE}", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def saying(self, text: str) -> list[dict[str, Any]]:
        """The messages that have a text in them."""
        return [message for message in self.messages() if text in json.dumps(message["message"], ensure_ascii=False)]
