# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps its files, and how it writes them."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError

CHECKOUT = Path(__file__).resolve().parent.parent

HEALTH = CHECKOUT / "roles" / "health_endpoint" / "files" / "kumawatch_health" / "src"
"""The package of the health service, which the demo services run from its source."""


@dataclass(frozen=True)
class Paths:
    """The files of one lab.

    ``home`` is the lab's own directory (C(KUMAWATCH_LAB_DIR), by default ``.lab`` in the checkout). ``cache`` holds
    what may be shared by several labs and costs minutes to make, the installed Uptime Kuma (C(KUMAWATCH_LAB_CACHE),
    by default ``.lab/cache`` in the checkout, also for a lab whose home is elsewhere).
    """

    home: Path
    cache: Path

    @classmethod
    def from_environment(cls) -> Paths:
        """Read the two variables; relative paths are relative to the working directory."""
        default = CHECKOUT / ".lab"
        home = Path(os.environ.get("KUMAWATCH_LAB_DIR") or default).expanduser().absolute()
        cache = Path(os.environ.get("KUMAWATCH_LAB_CACHE") or default / "cache").expanduser().absolute()
        return cls(home, cache)

    @property
    def endpoints(self) -> Path:
        return self.home / "endpoints.json"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets.json"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def kuma_data(self) -> Path:
        return self.state / "kuma"

    @property
    def chat_data(self) -> Path:
        return self.state / "chat"

    def record(self, part: str) -> Path:
        return self.home / "parts" / f"{part}.json"

    def log(self, part: str) -> Path:
        return self.home / "logs" / f"{part}.log"

    def service_state(self, service: str) -> Path:
        return self.state / "services" / f"{service}.json"


def make_directory(path: Path) -> None:
    """Make a directory (and its parents) that only its owner can enter."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise LabError(f"The lab cannot make its directory {path}: {exc.strerror}.") from None


def write_json(path: Path, value: Any) -> None:
    """Replace a file in one step, so that no reader and no crash ever sees a half of it; mode 0600."""
    make_directory(path.parent)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(value, stream, indent=2)
                stream.write("\n")
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as exc:
        raise LabError(f"The lab cannot write {path}: {exc.strerror}.") from None


def read_json(path: Path) -> Any:
    """The value in a file; None when there is no such file. A half-written file raises ValueError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return json.loads(text)
