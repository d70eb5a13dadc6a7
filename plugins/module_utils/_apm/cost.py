# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend costs a month: its list prices times what there is. Pure.

A price is a mapping:

* ``key``: its name, by which it is overridden; ``item``: what is paid for, for readers;
* ``unit``: what it is counted in, one of :data:`UNITS`;
* ``price``: dollars for one of these;
* ``included`` a month, ``included_per_host`` a month, ``included_share``: what costs nothing, in the same unit, or as a
  share;
* ``included_days``: retention that costs nothing, of what is paid by the time that it is kept;
* ``minimum`` and ``step``: of the memory of a host, in GiB;
* ``evidence``: who says so, and when it was looked up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .usage import DAYS, GB, GIB, HOURS, Usage

Price = Mapping[str, Any]


def _memory(usage: Usage, price: Price) -> float:
    least, step = price.get("minimum", 0), price.get("step", 0)
    sizes = [math.ceil(size / step - 1e-9) * step if step else size for size in usage.memories]
    return HOURS * sum(max(size, least) for size in sizes)


def _kept(usage: Usage, price: Price, size: int) -> float:
    """How much is kept beyond the days that cost nothing, once as much is thrown away as comes in."""
    days = max(0.0, usage.retention_days - price.get("included_days", 0))
    return usage.bytes / size / DAYS * days


#: How much there is of each unit in a month.
UNITS: dict[str, Callable[[Usage, Price], float]] = {
    "month": lambda usage, price: 1.0,
    "host": lambda usage, price: float(usage.hosts),
    "user": lambda usage, price: usage.users,
    "memory_gib_hour": _memory,
    "gb": lambda usage, price: usage.bytes / GB,
    "gib": lambda usage, price: usage.bytes / GIB,
    "gb_month": lambda usage, price: _kept(usage, price, GB),
    "gib_day": lambda usage, price: _kept(usage, price, GIB) * DAYS,
    "million_spans": lambda usage, price: usage.spans / 1e6,
    "million_traces": lambda usage, price: usage.traces / 1e6,
    "million_indexed_spans": lambda usage, price: usage.spans * usage.indexed / 1e6,
    "rum_thousand_sessions": lambda usage, price: usage.sessions / 1e3,
    "rum_hundred_thousand_events": lambda usage, price: usage.sessions * usage.session_events / 1e5,
    "rum_gb": lambda usage, price: usage.sessions * usage.session_bytes / GB,
}

#: Units of which one must have a price where web front ends are watched.
RUM = tuple(unit for unit in UNITS if unit.startswith("rum_"))


def cost(prices: Sequence[Price], usage: Usage) -> dict[str, Any]:
    """What a month costs.

    :returns: ``monthly``, in dollars and cents, and ``lines``: of each price ``key``, ``item``, ``unit``, ``quantity``,
        ``included``, ``price``, ``amount`` and ``evidence``. The sum is that of the lines as they are shown.
    """
    lines = []
    for price in prices:
        quantity = UNITS[price["unit"]](usage, price)
        included = (
            price.get("included", 0)
            + price.get("included_per_host", 0) * usage.hosts
            + price.get("included_share", 0) * quantity
        )
        lines.append({
            **{key: price[key] for key in ("key", "item", "unit", "price", "evidence")},
            "quantity": round(quantity, 3),
            "included": round(min(included, quantity), 3),
            "amount": round(max(0.0, quantity - included) * price["price"], 2),
        })  # fmt: skip
    return {"monthly": round(sum(line["amount"] for line in lines), 2), "lines": lines}
