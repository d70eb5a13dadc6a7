# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on an environment. Each filter is documented in the file of its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.limits import encode
from ansible_collections.kumawatch.monitoring.plugins.module_utils._report import (
    assemble,
    card,
    coverage,
    objectives,
    page,
)
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter


def report_card(report: Mapping[str, Any], url: str = "") -> dict[str, Any]:
    """The message, with the thread that it belongs to."""
    # Marked texts are not for Ansible, which takes Python's own types.
    message: dict[str, Any] = json.loads(encode(card.card(report, url)))
    return {**message, "thread": {"threadKey": card.thread(report)}}


def report_lacking(report: Mapping[str, Any], wanted: float) -> str:
    """What to say where less is watched than ought to be."""
    return coverage.lacking(report["coverage"], float(wanted))


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "report": as_filter(assemble.report),
            "report_card": as_filter(report_card),
            "report_html": as_filter(page.page),
            "report_lacking": as_filter(report_lacking),
            "report_metrics": as_filter(objectives.metrics),
        }
