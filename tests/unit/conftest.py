# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all unit tests: how hypothesis looks for counterexamples."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tools.common import CACHE

# A machine under load is slow: that is no property of the code. Counterexamples found once are tried first next time.
settings.register_profile(
    "kumawatch",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=DirectoryBasedExampleDatabase(CACHE / "hypothesis"),
)
settings.load_profile("kumawatch")
