# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a digest to text for a terminal: every service, none left out (pure)."""

from __future__ import annotations

import unicodedata
from datetime import UTC, tzinfo

from .._google_chat.cards import clip, plain
from . import words
from .digest import Digest

MAX_NAME = 40


def table(digest: Digest, zone: tzinfo = UTC) -> str:
    """``digest`` as lines of text, the last one ended."""
    out = [
        f"Daily status: {plain(digest.environment)}, {words.date(digest.now, zone)}",
        f"{words.headline(digest)}; {words.second_line(digest)}.",
    ]
    rows = [
        (
            clip(standing.service.name, MAX_NAME),
            words.state(standing, digest.now) or "up",
            "" if standing.service.objective is None else words.objective(standing.service.objective),
            *(
                words.percent(value, at_least=words.figures_for(standing.service.objective))
                for value in (standing.service.uptime_30d, standing.service.uptime_7d, standing.service.uptime_24h)
            ),
            ""
            if standing.budget is None
            else f"{words.minutes(standing.budget.used)} of {words.minutes(standing.budget.allowed)} min",
            "" if standing.service.response_ms is None else words.milliseconds(standing.service.response_ms),
        )
        for standing in digest.standings
    ]
    if rows:
        out += ["", *_columns([("Service", "State", "Objective", "30 d", "7 d", "24 h", "Budget", "Response"), *rows])]
    if digest.incidents:
        out += ["", "Incidents of the last 24 h"]
        for name, incident in digest.incidents:
            begun, lasted = words.clock(incident.start, digest.now, zone), words.duration(incident.lasted(digest.now))
            span = (
                f"since {begun}"
                if incident.end is None
                else f"{begun} to {words.clock(incident.end, digest.now, zone)}"
            )
            out.append(f"  {clip(name, MAX_NAME)}  {span}, {lasted}{' so far' if incident.end is None else ''}")
    if digest.certificates:
        out += ["", f"Certificates that expire within {words.count(digest.certificate_days, 'day')}"]
        out += [f"  {clip(name, MAX_NAME)}  {words.days_left(days)}" for name, days in digest.certificates]
    return "\n".join(out) + "\n"


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(_width(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """The columns that ``text`` takes up on a terminal: two for an ideograph, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
