# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small catalogue for the evaluation, and the argument spec of the role."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import evaluation

ROOT = Path(__file__).resolve().parents[5]
TODAY = date(2026, 11, 28)
PROOF = {"text": "Tried.", "source": "our own test", "date": "2026-11-20"}

SERVICES: list[dict[str, Any]] = [
    {"name": "api", "hosts": "api", "apm": {"language": "python", "requests_per_minute": 600, "sample": 0.1}},
    {"name": "shop", "hosts": "api", "apm": {"language": "go"}},
]

TRIAL: dict[str, Any] = {
    "format": 1,
    "started": "2026-11-20T10:00:00Z",
    "seconds": 3600,
    "source": "playbooks/trial_apm.yml on staging",
    "baseline": {"p95_ms": 20},
    "backends": {
        "xray": {"p95_ms": 20.5, "spans_sent": 100_000, "spans_arrived": 100_000, "bytes": 60_000_000},
        "newrelic": {"p95_ms": 23, "spans_sent": 100_000, "spans_arrived": 99_000, "bytes": 59_400_000},
    },
}


@functools.cache
def options(entry: str = "evaluate") -> dict[str, Any]:
    """The argument spec of an entry point."""
    spec = yaml.safe_load((ROOT / "roles/apm/meta/argument_specs.yml").read_text())["argument_specs"]
    found: dict[str, Any] = spec[entry]["options"]
    return found


def evaluated(measured: Any = None, services: list[dict[str, Any]] | None = None, **variables: Any) -> dict[str, Any]:
    """The evaluation of the catalogue with variables ``apm_evaluation_*``, without their prefix."""
    inventory = evaluation.Inventory({"all": ["h1", "h2"], "api": ["h1", "h2"]}, {"h1": 4.0}, TODAY)
    named = {f"apm_evaluation_{name}": value for name, value in variables.items()}
    catalogue = {"environment": "production", "services": SERVICES if services is None else services}
    return evaluation.evaluate(catalogue, named, options(), inventory, measured)


def candidate(**more: Any) -> dict[str, Any]:
    """A candidate of one's own, all proved: it can do everything and costs 10 a month."""
    level = {"level": "yes", "evidence": PROOF}
    aspects = {
        criterion: {
            name: level for name in names if (criterion, name) not in evaluation.COMPUTED
        }
        for criterion, names in evaluation.ASPECTS.items()
    }  # fmt: skip
    return {
        "title": "Ours",
        "languages": {"languages": ["python", "go"], "evidence": PROOF},
        "residency": {"areas": ["eu"], "evidence": PROOF},
        "retention": {"days": 90, "evidence": PROOF},
        "aspects": aspects,
        "prices": [{"key": "machine", "unit": "month", "price": 10, "evidence": PROOF}],
        **more,
    }
