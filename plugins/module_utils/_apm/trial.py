# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run with several backends side by side has measured. Pure: reads what :mod:`json` made of its file.

The file is a mapping:

* ``format``: 1;
* ``started``: when it began, in ISO 8601; ``seconds``: how long it took; ``source``: who or what measured it;
* ``baseline``: ``p95_ms``, the time within which 95 of 100 requests were answered without instrumentation;
* ``backends``: by the name of a candidate ``p95_ms`` with it, ``spans_sent`` by the applications, ``spans_arrived`` at
  the backend, and ``bytes``, what was sent to it, uncompressed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from .._catalog.spec import Checker, Place, listed, meant, shown
from .usage import GB

FORMAT = 1
_NUMBERS = ("p95_ms", "spans_sent", "spans_arrived", "bytes")


def read(content: Any, candidates: Collection[str], checker: Checker) -> dict[str, Any] | None:
    """The measurements.

    :returns: ``started``, ``seconds``, ``source``, and ``backends``: by candidate ``overhead_percent``,
        ``spans_lost_percent``, ``gb_a_day`` and ``span_bytes``, beside what was measured. ``None`` where the file is
        wrong, or there is none.
    """
    if not content:
        return None
    place = Place("the trial's file")
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        checker.report(f"{place} has no format {FORMAT}; give apm_evaluation_trial the file that a trial has written.")
        return None
    known = len(checker.problems)
    seconds = _number(content, "seconds", place, checker, above=True)
    started, source = (content.get(key) for key in ("started", "source"))
    for key, value in (("started", started), ("source", source)):
        if not isinstance(value, str) or not value.strip():
            checker.report(f"{place} needs '{key}': what nobody signs proves nothing.")
    baseline = content.get("baseline")
    without = _number(baseline, "p95_ms", place.key("baseline"), checker, above=True)
    backends = content.get("backends")
    if not isinstance(backends, Mapping) or not backends:
        checker.report(f"{place} has no backends; run the trial with at least one.")
        backends = {}
    measured = {}
    for name, entry in backends.items():
        where = place.key("backends").key(name)
        if name not in candidates:
            checker.report(f"{where} is none of the candidates {listed(candidates)}{meant(name, candidates)}.")
            continue
        numbers = {key: _number(entry, key, where, checker, above=key != "bytes") for key in _NUMBERS}
        if len(checker.problems) > known:
            continue
        if numbers["spans_arrived"] > numbers["spans_sent"]:
            checker.report(f"{where}: more spans arrived than were sent; count those of the trial alone.")
            continue
        measured[name] = {
            **numbers,
            "overhead_percent": round(100 * (numbers["p95_ms"] / without - 1), 2),
            "spans_lost_percent": round(100 * (1 - numbers["spans_arrived"] / numbers["spans_sent"]), 4),
            "gb_a_day": round(numbers["bytes"] / seconds * 86_400 / GB, 4),
            "span_bytes": numbers["bytes"] / numbers["spans_arrived"],
        }
    if len(checker.problems) > known:
        return None
    return {"started": started, "seconds": seconds, "source": source, "p95_ms": without, "backends": measured}


def _number(entry: Any, key: str, place: Place, checker: Checker, above: bool) -> float:
    """A number from 0 on, or above 0. What is wrong counts as 1, after it was said."""
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and (number > 0 or (number == 0 and not above)):
            return number
    lowest = "a number above 0" if above else "a number from 0 on"
    checker.report(f"{place.key(key)} must be {lowest}, not {'missing' if value is None else shown(value)}.")
    return 1.0
