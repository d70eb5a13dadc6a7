# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plots of the report as SVG, to stand in the page itself. By matplotlib, which is imported when something is drawn.

Colours are of Okabe and Ito's palette, those that are told apart from a white and from a dark page, and by people who
see red and green alike; lines differ in their marks as well. What is text takes the colour of the page's text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

from .._errors import KumawatchError
from .._page import text

COLORS = ("#0072B2", "#D55E00", "#009E73", "#767676", "#CC79A7")
MARKS = ("o", "s", "^", "D", "v")
MOST_LINES = len(COLORS)
MOST_BARS = 12
#: Takes the colour of the page's text; no other part of a plot has it.
_INK = "#010203"
_SIZES = {"narrow": (4.4, 3.2), "broad": (9.4, 3.6)}
"""Inches, for a phone and for all else."""

Draw = Callable[[Any], None]


def burn(lines: Sequence[tuple[str, Sequence[Sequence[Any]]]], title: str) -> str:
    """How error budgets were used up, day by day.

    :param lines: name, and pairs of a day (ISO 8601) and the part of the budget used until then; the first
        :data:`MOST_LINES` are drawn.
    """
    shown = lines[:MOST_LINES]
    days = sorted({str(day) for _name, points in shown for day, _used in points})
    place = {day: number for number, day in enumerate(days)}

    def draw(axes: Any) -> None:
        for (name, points), color, mark in zip(shown, COLORS, MARKS, strict=False):
            x, y = [place[str(day)] for day, _used in points], [100 * used for _day, used in points]
            axes.plot(x, y, color=color, marker=mark, markersize=4, linewidth=1.8, label=_short(name))
        axes.axhline(100, color=_INK, linewidth=1, linestyle="--")
        axes.set_ylabel("% of the budget")
        axes.set_ylim(bottom=0)
        step = max(1, len(days) // 6)
        axes.set_xticks(range(0, len(days), step), [day[5:] for day in days[::step]])
        axes.legend(frameon=False, labelcolor=_INK, fontsize=8, loc="upper left")

    last = [f"{name} {points[-1][1]:.0%}" for name, points in shown if points]
    return _figures("burn", title, f"Used by the last day: {', '.join(last)}.", draw, 1.0)


def bars(key: str, rows: Sequence[tuple[str, float]], title: str, unit: str, limit: float | None = None) -> str:
    """Numbers as bars, in the given order from the top; the first :data:`MOST_BARS` are drawn.

    :param key: what its ids begin with; each plot of a page has another.
    :param limit: where a line is drawn.
    """
    shown = rows[:MOST_BARS]

    def draw(axes: Any) -> None:
        names, values = [_short(name) for name, _value in shown], [value for _name, value in shown]
        # One that is far beyond the limit would leave nothing of the others; its number says how far.
        lengths = values if limit is None else [min(value, 3 * limit) for value in values]
        places = range(len(shown))
        over = [limit is not None and value > limit for value in values]
        drawn = axes.barh(places, lengths, color=[COLORS[1] if each else COLORS[0] for each in over], height=0.65)
        for one, each in zip(drawn, over, strict=True):
            one.set_hatch("//" if each else "")
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.bar_label(drawn, [f" {_number(value)}" for value in values], color=_INK, fontsize=8)
        axes.margins(x=0.15)
        axes.set_xlabel(unit)
        if limit is not None:
            axes.axvline(limit, color=_INK, linewidth=1, linestyle="--")

    told = ", ".join(f"{name} {_number(value)}" for name, value in shown)
    more = f" Of {len(rows)}, the first {MOST_BARS}." if len(rows) > MOST_BARS else ""
    return _figures(key, title, f"{told}.{more}", draw, 0.25 + len(shown) / 11)


def _number(value: float) -> str:
    """Four digits that say something; whole from a thousand on, which would be written with an exponent otherwise."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


def _figures(key: str, title: str, told: str, draw: Draw, height: float) -> str:
    """The plot once for each width, of which the page shows one, with a name and a description for who sees none."""
    made = [
        f'<div class="{kind}">{_figure(f"{key}-{kind}", title, told, draw, width, inches * height)}</div>'
        for kind, (width, inches) in _SIZES.items()
    ]
    return f"<figure>{''.join(made)}<figcaption>{text(title)}</figcaption></figure>"


def _figure(key: str, title: str, told: str, draw: Draw, width: float, height: float) -> str:
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise KumawatchError(
            "The report's plots need the Python library matplotlib; install it with pip, or set report_plots to false."
        ) from None
    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "kumawatch",
        "font.family": "sans-serif",
        "font.size": 9,
        **dict.fromkeys(
            ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "hatch.color"), _INK
        ),
        # What services are called is no mathematics.
        "text.parse_math": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with matplotlib.rc_context(settings):
        # Not by pyplot, which keeps what it has drawn, and may want a screen.
        figure = Figure(figsize=(width, max(1.2, height)), layout="constrained")
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(
            file, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    return _inline(file.getvalue(), key, title, told)


def _inline(svg: str, key: str, title: str, told: str) -> str:
    """The SVG as a part of a page: named, in the page's colours and fonts, with ids of its own."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{key}-\1"', body)
    body = re.sub(r'((?:xlink:)?href="|url\()#', rf"\1#{key}-", body)
    body = body.replace(_INK, "currentColor")
    body = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", body)
    # Its rules would be the whole page's.
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    head = f'<svg role="img" aria-labelledby="{key}-title {key}-told" '
    names = f'<title id="{key}-title">{text(title)}</title><desc id="{key}-told">{text(told)}</desc>'
    first, rest = body[4:].split(">", 1)
    first = re.sub(r'\s(width|height)="[^"]*"', "", first)
    return f"{head}{first.strip()}>{names}{rest}"
