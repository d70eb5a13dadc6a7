# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one card of Google Chat. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._google_chat import cards
from .coverage import number

MOST = 5
"""Lines of a list; the page has all of them."""


def card(report: Mapping[str, Any], url: str = "") -> dict[str, Any]:
    """The body of a message: coverage, budgets, what is wrong, cost, drift and the last drill, a line each.

    :param report: what :func:`.assemble.report` returned.
    :param url: where the page is, if it is anywhere.
    """
    facts = _facts(report)
    widgets = [cards.decorated_text(text, top_label=top, bottom_label=bottom) for top, text, bottom in facts]
    if cards.is_web_address(url):
        widgets.append(cards.button_list([cards.button("Open the report", url)]))
    title, day = f"Monitoring of {report['environment']}", report["made_at"][:10]
    return cards.message(
        cards.card([cards.section(widgets)], cards.header(title, day)),
        card_id=f"kumawatch-report-{day}",
        fallback_text=f"{title}: {'; '.join(f'{top} {text}' for top, text, _bottom in facts[:3])}",
    )


def thread(report: Mapping[str, Any]) -> str:
    """The key of the thread: one of each environment and day, so that a second run adds to it."""
    return f"kumawatch-report-{report['environment']}-{report['made_at'][:10]}"


def _facts(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is said: a label, a text and a line below it."""
    found = report["coverage"]
    lacking = sorted((one for one in found["services"] if one["percent"] < 100), key=lambda one: one["percent"])
    facts = [
        (
            "Coverage",
            f"{found['percent']:g} % of {len(found['services'])} services' signals",
            _listed([f"{one['name']} {one['percent']:g} %" for one in lacking]),
        )
    ]
    used = [one for one in report["objectives"] if one["used"] is not None]
    over = [one for one in used if one["used"] > 1]
    if used:
        text = f"{len(over)} of {len(used)} used up" if over else f"all of {len(used)} kept"
        facts.append(("Error budgets", text, _listed([f"{one['name']} {one['used']:.0%}" for one in used])))
    wrong = report["incidents"]
    facts.append(
        (
            "Wrong now",
            number(len(wrong), "incident"),
            _listed([f"{one['service']} {one['kind']} ({one['severity']})" for one in wrong]),
        )
    )
    cost = report["cost"]
    if cost:
        limit = f" of {cost['budget']:,.2f}" if cost["budget"] is not None else ""
        facts.append(("Cost a month", f"{cost['monthly']:,.2f}{limit} {cost['currency']}", ""))
    if report["drift"]:
        kinds = [f"{kind['what']} {kind['count']}" for kind in report["drift"]["kinds"] if kind["count"]]
        count = report["drift"]["count"]
        facts.append(("Drift", f"{count} to change" if count else "as declared", _listed(kinds)))
    drill = report["drill"]
    facts.append(("Last drill", drill["msg"] if drill else "none is known of", drill["at"][:10] if drill else ""))
    return facts


def _listed(parts: list[str]) -> str:
    more = len(parts) - MOST
    return ", ".join(parts[:MOST]) + (f" and {more} more" if more > 0 else "")
