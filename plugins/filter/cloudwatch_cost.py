# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring costs on AWS. Each filter is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import (
    cost,
    cost_prices,
    cost_text,
)
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter

_PRICES = Path(__file__).parents[2] / "roles" / "cost" / "files" / "prices.yml"


@cache
def price_list() -> dict[str, Any]:
    """The list of prices that comes with the collection."""
    found: dict[str, Any] = yaml.safe_load(_PRICES.read_text(encoding="utf-8"))
    return found


def monthly(
    catalogue: Mapping[str, Any],
    discovery: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    prices: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the catalogue's monitoring costs in a month."""
    if not isinstance(catalogue, Mapping) or "services" not in catalogue:
        raise AnsibleFilterError(
            "kumawatch.monitoring.cloudwatch_cost takes what kumawatch.monitoring.catalogue returned."
        )
    return cost.cost(dict(catalogue), discovery, prices or price_list(), settings)


def price_document(read: Mapping[str, Mapping[str, Any]], day: str) -> str:
    """The text of a list of prices."""
    document = cost_prices.price_list(price_list(), read, day)
    return yaml.safe_dump(document, sort_keys=False, explicit_start=True)


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "cloudwatch_cost": as_filter(monthly),
            "cloudwatch_cost_line": as_filter(cost_text.line),
            "cloudwatch_cost_markdown": as_filter(cost_text.markdown),
            "cloudwatch_cost_over_budget": as_filter(cost.over_budget),
            "cloudwatch_cost_prices": as_filter(price_document),
            "cloudwatch_cost_table": as_filter(cost_text.terminal),
        }
