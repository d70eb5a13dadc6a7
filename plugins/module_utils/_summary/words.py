# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, times and judgements as the reader sees them (pure)."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from .digest import Digest, Standing

NOTHING = "–"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 incident``, ``2 incidents``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(ratio: float | None, *, at_least: int = 3) -> str:
    """``ratio`` (0 to 1) in percent, cut and never rounded up: 99.9996 % is not shown as 100 %.

    :param at_least: how many decimals are kept; zeros at the end are not shown.
    """
    if ratio is None:
        return NOTHING
    cut = (Decimal(str(ratio)) * 100).quantize(Decimal(1).scaleb(-at_least), rounding=ROUND_DOWN)
    return f"{_bare(cut)} %"


def objective(value: float) -> str:
    """An objective, all its decimals."""
    return f"{_bare(Decimal(str(value)))} %"


def figures_for(value: float | None) -> int:
    """How many decimals an uptime needs beside the objective ``value``: one more than that has, three at least."""
    if value is None:
        return 3
    return max(3, -t.cast(int, Decimal(str(value)).normalize().as_tuple().exponent) + 1)


def duration(span: timedelta) -> str:
    """``45 s``, ``12 min``, ``2 h 5 min``, ``3 d 4 h``."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return _two(seconds // 3600, "h", seconds % 3600 // 60, "min")
    return _two(seconds // 86400, "d", seconds % 86400 // 3600, "h")


def minutes(value: float) -> str:
    """Minutes with one decimal below 100, whole ones above; cut upwards, so that what is used is never made less."""
    exact = Decimal(str(round(value, 6)))
    if exact < 100:
        return _bare(exact.quantize(Decimal("0.1"), rounding=ROUND_UP))
    return f"{exact.quantize(Decimal(1), rounding=ROUND_UP):,}"


def clock(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """The time of day, with the day before it where that is not today's."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if abs((today.date() - local.date()).days) < 7:
        return f"{_DAYS[local.weekday()]} {local:%H:%M}"
    return f"{local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"


def date(moment: datetime, zone: tzinfo) -> str:
    """``Sun 22 November 2026, 07:00 UTC``; not by the locale, which differs from host to host."""
    local = moment.astimezone(zone)
    month = _LONG_MONTHS[local.month - 1]
    return f"{_DAYS[local.weekday()]} {local.day} {month} {local.year}, {local:%H:%M} {local.tzname()}"


def days_left(days: int) -> str:
    """When a certificate expires, given the whole days that are left."""
    if days < 0:
        return f"expired {count(-days, 'day')} ago"
    return "expires today" if days == 0 else f"expires in {count(days, 'day')}"


def milliseconds(value: float) -> str:
    """``812 ms``, ``2.4 s``."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def state(standing: Standing, now: datetime) -> str:
    """What a service does now, in words; empty where it is up and within its objective."""
    service = standing.service
    said = {
        "up": "",
        "down": f"down for {duration(now - standing.down_since)}" if standing.down_since else "down",
        "pending": "failing, being retried",
        "maintenance": "under maintenance",
        "paused": "paused",
        "unknown": "not checked yet",
        "missing": "not found on the server",
    }[service.status]
    parts = [part for part in (said, "below its objective" if standing.breaching else "") if part]
    return ", ".join(parts)


def dot(standing: Standing) -> str:
    """The state as a coloured dot."""
    if standing.service.status in ("down", "missing"):
        return "🔴"
    if standing.breaching:
        return "🟠"
    if standing.service.status == "pending":
        return "🟡"
    if standing.service.status == "maintenance":
        return "🔵"
    return "⚪" if standing.service.status in ("paused", "unknown") else "🟢"


def headline(digest: Digest) -> str:
    """The day in one line."""
    totals = digest.totals
    if not totals.services:
        return "No service is declared"
    down, missing = totals.states.get("down", 0), totals.states.get("missing", 0)
    parts = []
    if totals.breaching:
        parts.append(f"{_of(totals.breaching, totals.services)} below {_their(totals.breaching)}")
    if down:
        parts.append(f"{_of(down, totals.services)} down" if not parts else f"{down:,} down now")
    if missing:
        parts.append(
            f"{_of(missing, totals.services)} not found on the server" if not parts else f"{missing:,} not found"
        )
    if parts:
        return ", ".join(parts)
    up = totals.states.get("up", 0)
    who = "The service is" if totals.services == 1 else f"All {totals.services:,} services are"
    if up < totals.services:
        who = f"{_of(up, totals.services)}"
    if totals.judged == 0:
        return f"{who} up"
    return f"{who} up, none below its objective" if totals.services > 1 else f"{who} up and within its objective"


def second_line(digest: Digest) -> str:
    """What else happened, in one line."""
    totals, parts = digest.totals, []
    if totals.incidents:
        parts.append(f"{count(totals.incidents, 'incident')} in 24 h, {duration(totals.downtime)} of downtime")
    else:
        parts.append("no incident in 24 h")
    if digest.certificates:
        number = len(digest.certificates)
        parts.append(
            f"{count(number, 'certificate')} {'expires' if number == 1 else 'expire'} within "
            f"{count(digest.certificate_days, 'day')}"
        )
    for status, said in (
        ("pending", "failing, being retried"),
        ("maintenance", "under maintenance"),
        ("paused", "paused"),
        ("unknown", "not checked yet"),
    ):
        number = totals.states.get(status, 0)  # type: ignore[call-overload]
        if number:
            parts.append(f"{number:,} {said}")
    return " · ".join(parts)


def rest(standings: t.Sequence[Standing]) -> str:
    """What the services that are not listed do: ``and 57 more, all above objective``."""
    groups: dict[str, int] = {}
    for standing in standings:
        said = _group(standing)
        groups[said] = groups.get(said, 0) + 1
    number = len(standings)
    if len(groups) == 1:
        only = next(iter(groups))
        return f"and {number:,} more, {'all ' if number > 1 else ''}{only}"
    ordered = sorted(groups, key=_GROUPS.index)
    return f"and {number:,} more: " + ", ".join(f"{groups[said]:,} {said}" for said in ordered)


_GROUPS = ["below objective", "down", "not found", "failing", "above objective", "up", "not checked yet", "paused"]


def _group(standing: Standing) -> str:
    """The word for ``standing`` where only numbers are said."""
    status = standing.service.status
    if standing.breaching:
        return "below objective"
    if status in ("down", "paused"):
        return status
    if status == "missing":
        return "not found"
    if status == "unknown":
        return "not checked yet"
    if standing.budget is not None:
        return "above objective"
    return "failing" if status == "pending" else "up"


def measured(standing: Standing, now: datetime) -> str:
    """The uptimes and the error budget of a service, in one line."""
    service = standing.service
    if service.uptime_24h is None and service.uptime_7d is None and service.uptime_30d is None:
        return "nothing measured in 30 d"
    places = figures_for(service.objective)
    span = "30 d"
    if service.measured_since is not None and now - service.measured_since < timedelta(days=29):
        span = f"{duration(now - service.measured_since)} (new)"
    month = f"{span} {percent(service.uptime_30d, at_least=places)}"
    if service.objective is not None:
        month += f" of {objective(service.objective)}"
    parts = [
        month,
        f"7 d {percent(service.uptime_7d, at_least=places)}",
        f"24 h {percent(service.uptime_24h, at_least=places)}",
    ]
    if standing.budget is not None:
        allowed, used = standing.budget.allowed, standing.budget.used
        if used == 0:
            parts.append("error budget untouched")
        elif allowed == 0:
            parts.append(f"{minutes(used)} min down, none allowed")
        else:
            parts.append(f"error budget {minutes(used)} of {minutes(allowed)} min")
    return " · ".join(parts)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _of(number: int, total: int) -> str:
    if number == total:
        return "The one service is" if total == 1 else f"All {total:,} services are"
    return f"{number:,} of {total:,} services {'is' if number == 1 else 'are'}"


def _their(number: int) -> str:
    return "its objective" if number == 1 else "their objective"


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def _bare(number: Decimal) -> str:
    """``number`` without zeros at its end and without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
