# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS charges for how much. Pure.

Prices are those of a file, ``roles/cost/files/prices.yml`` unless another one is given. A price is a number, or a list
of tiers with ``to`` (the last one has none) and ``price``, in US dollars. Prices are per Region; of a Region that the
file does not have, those of :data:`FALLBACK` are taken, and the result says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from .._errors import InputError
from .cascade import merged
from .spec import convert, listed, meant, shown

FALLBACK = "us-east-1"


@dataclass(frozen=True)
class Item:
    """What is paid for.

    :param title: for readers.
    :param unit: what it is counted in, a month.
    :param price: its key among the prices. Items of one price fill its tiers together, in the order of :data:`ITEMS`.
    :param free: its key among what is free; empty where nothing is. Items share that in the same way.
    """

    title: str
    unit: str
    price: str
    free: str = ""


ITEMS: dict[str, Item] = {
    "agent_metrics": Item("Metrics of the agent", "metrics", "metric", "metric"),
    "business_metrics": Item("Business metrics", "metrics", "metric", "metric"),
    "log_metrics": Item("Metrics made of logs", "metrics", "metric", "metric"),
    "detailed_monitoring": Item("Detailed monitoring of instances", "metrics", "metric", "metric"),
    "alarms": Item("Alarms", "alarm metrics", "alarm", "alarm"),
    "alarms_anomaly": Item("Alarms on anomalies", "alarm metrics", "alarm", "alarm"),
    "alarms_high_resolution": Item("Alarms of high resolution", "alarm metrics", "alarm_high_resolution"),
    "alarms_insights": Item("Alarms of Metrics Insights", "metrics analysed", "alarm_insights"),
    "alarms_log": Item("Alarms on queries of logs", "alarms", "alarm_log"),
    "alarms_composite": Item("Composite alarms", "alarms", "alarm_composite"),
    "dashboards": Item("Dashboards", "dashboards", "dashboard", "dashboard"),
    "logs_standard": Item("Logs taken in", "GB", "logs_standard", "logs"),
    "logs_infrequent": Item("Logs taken in, infrequent access", "GB", "logs_infrequent", "logs"),
    "enhanced_monitoring": Item("Enhanced Monitoring of databases", "GB", "logs_standard", "logs"),
    "logs_vended": Item("Logs of load balancers", "GB", "logs_vended", "logs"),
    "logs_vended_s3": Item("Logs of load balancers, to the bucket", "GB", "logs_vended_s3"),
    "logs_stored": Item("Logs kept", "GB-months", "logs_stored"),
    "logs_scanned": Item("Logs searched", "GB", "logs_scanned"),
    "lambda_requests": Item("Calls of functions", "calls", "lambda_request", "lambda_request"),
    "lambda_gb_seconds": Item("Time of functions", "GB-seconds", "lambda_gb_second", "lambda_gb_second"),
    "lambda_gb_seconds_arm": Item("Time of functions, arm64", "GB-seconds", "lambda_gb_second_arm", "lambda_gb_second"),
    "schedules": Item("Calls by the clock", "calls", "schedule", "schedule"),
    "secrets": Item("Secrets", "secrets", "secret"),
    "keys": Item("Keys", "keys", "key"),
    "traces": Item("Traces recorded by X-Ray", "traces", "trace", "trace"),
    "spans": Item("Spans taken in", "GB", "span_gb"),
}
"""Everything that is counted, in the order in which it fills tiers and uses up what is free."""

_PRICES = frozenset(item.price for item in ITEMS.values())
_FREE = frozenset(item.free for item in ITEMS.values() if item.free)


@dataclass(frozen=True)
class Prices:
    """The prices of a Region, checked.

    :param date: when they were looked up.
    :param region: whose they are.
    :param tiers: of each price the tiers: how far one reaches, and what one costs in it.
    :param free: how much is free a month.
    :param unconfirmed: prices that nobody has looked up.
    """

    date: str
    region: str
    tiers: Mapping[str, Sequence[tuple[float, float]]]
    free: Mapping[str, float]
    unconfirmed: frozenset[str]


def prices(
    document: Mapping[str, Any], region: str = "", overrides: Mapping[str, Any] | None = None, free_tier: bool = True
) -> Prices:
    """The prices of a Region.

    :param document: the file: ``date``, ``regions``, ``free`` and ``unconfirmed``.
    :param region: the Region.
    :param overrides: one's own prices, by the same keys; they are valid in every Region.
    :param free_tier: whether the free tier is there to be used.
    :raises InputError: a price is missing, unknown or no price.
    """
    regions = document.get("regions")
    if not isinstance(regions, Mapping) or not regions:
        raise InputError("The list of prices has no regions: write one with playbooks/prices.yml.")
    used = region if region in regions else FALLBACK
    if used not in regions:
        raise InputError(
            f"The list of prices has neither the Region '{region}' nor {FALLBACK}; it has {listed(sorted(regions))}. "
            f"Write one for the Region with playbooks/prices.yml."
        )
    own = overrides or {}
    for key in own:
        if key not in _PRICES:
            raise InputError(f"cost_prices.{key} is no price{meant(key, sorted(_PRICES))}; there are {_all(_PRICES)}.")
    found = {**regions[used], **own}
    missing = sorted(_PRICES - found.keys())
    if missing:
        raise InputError(
            f"The list of prices has no '{missing[0]}' for {used}: add it, or set cost_prices.{missing[0]}."
        )
    free = merged(dict.fromkeys(_FREE, 0), document.get("free") if free_tier else None)
    return Prices(
        date=str(document.get("date") or date.min),
        region=used,
        tiers={key: _tiers(found[key], f"cost_prices.{key}") for key in sorted(_PRICES)},
        free={key: amount(free[key], f"The list of prices: free.{key}") for key in _FREE},
        unconfirmed=frozenset(map(str, document.get("unconfirmed") or ())) - own.keys(),
    )


def amount(value: Any, what: str) -> float:
    """A number from 0 on.

    :param what: what it is, for the sentence.
    :raises InputError: it is none.
    """
    try:
        number = float(convert(value, "float"))
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise InputError(f"{what} must be a number from 0 on, not {shown(value)}.")
    return number


def _all(names: frozenset[str]) -> str:
    return listed(sorted(names))


def _tiers(value: Any, what: str) -> list[tuple[float, float]]:
    if isinstance(value, (str, int, float)):
        return [(math.inf, amount(value, what))]
    if not isinstance(value, Sequence) or not value or not all(isinstance(tier, Mapping) for tier in value):
        raise InputError(f"{what} must be a number or a list of tiers with 'to' and 'price', not {shown(value)}.")
    result: list[tuple[float, float]] = []
    for position, tier in enumerate(value, 1):
        where = f"{what}[{position}]"
        last = position == len(value)
        end = math.inf if last and tier.get("to") is None else amount(tier.get("to"), f"{where}.to")
        if last and end != math.inf:
            raise InputError(f"{where} must have no 'to', since it is the last tier.")
        if result and end <= result[-1][0]:
            raise InputError(f"{where}.to must be more than that of the tier before, {result[-1][0]:g}.")
        result.append((end, amount(tier.get("price"), f"{where}.price")))
    return result


@dataclass(frozen=True)
class Charge:
    """What an item costs a month.

    :param quantity: how much there is.
    :param free: how much of it is free.
    :param monthly: dollars.
    """

    quantity: float
    free: float
    monthly: float


def charges(quantities: Mapping[str, float], there: Prices) -> dict[str, Charge]:
    """What each item costs, of those that there are, in the order of :data:`ITEMS`."""
    left = dict(there.free)
    filled: dict[str, float] = {}
    result: dict[str, Charge] = {}
    for name, item in ITEMS.items():
        quantity = quantities.get(name, 0.0)
        if not quantity:
            continue
        free = min(quantity, left.get(item.free, 0.0))
        if free:
            left[item.free] -= free
        start = filled.get(item.price, 0.0)
        filled[item.price] = start + quantity - free
        result[name] = Charge(quantity, free, _between(there.tiers[item.price], start, filled[item.price]))
    return result


def _between(tiers: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """The price of what lies between two quantities."""
    total = below = 0.0
    for reach, price in tiers:
        total += price * max(0.0, min(end, reach) - max(start, below))
        below = reach
    return total


def price_list(own: Mapping[str, Any], read: Mapping[str, Mapping[str, Any]], day: str) -> dict[str, Any]:
    """A list of prices as they were read from AWS, completed from another one.

    :param own: the list that what could not be read is taken from.
    :param read: by Region, the prices that could be read.
    :param day: when that was.
    :raises InputError: none could be read of a Region.
    """
    unconfirmed: set[str] = set()
    regions = {}
    for region, found in read.items():
        if not found:
            raise InputError(f"AWS has no prices of the Region '{region}': correct its name in cost_price_regions.")
        base = own["regions"].get(region) or own["regions"][FALLBACK]
        regions[region] = {key: found.get(key, base[key]) for key in base}
        unconfirmed |= {key for key in base if key not in found}
    return {"date": day, "regions": regions, "unconfirmed": sorted(unconfirmed), "free": dict(own.get("free") or {})}
