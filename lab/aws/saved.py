# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What parts of the overlay keep over a restart: each a store, written to one file."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path
from typing import Any, ClassVar

log = logging.getLogger("kumawatch.aws")


class Saved:
    """A part that keeps its ``store`` in ``file``."""

    KEPT: ClassVar[str]
    """What it is, for the sentence about a damaged file."""

    store: Any  # by account and Region; of a type of its own in each part
    file: Path

    def forget(self) -> None:
        """Begin anew."""
        self.store.scopes.clear()
        self.file.unlink(missing_ok=True)

    def save(self) -> None:
        """Write everything down, in one step."""
        aside = self.file.with_suffix(".tmp")
        aside.write_text(json.dumps(self.store.dump()), encoding="utf-8")
        aside.replace(self.file)

    def load(self) -> None:
        """Take up what was saved; a damaged file is left aside."""
        with contextlib.suppress(FileNotFoundError):
            try:
                self.store.load(json.loads(self.file.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError):
                log.warning("the saved %s could not be read: begun anew, the old file is %s.bad", self.KEPT, self.file)
                self.file.replace(self.file.with_suffix(".bad"))
                self.store.scopes.clear()
