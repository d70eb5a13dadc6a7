# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few line drawings for the icons that cards name; 24 by 24, drawn in the colour of the text."""

from __future__ import annotations

DRAWINGS = {
    "bell": '<path d="M6 16V11a6 6 0 0 1 12 0v5l2 2H4z"/><path d="M10 20.5a2.2 2.2 0 0 0 4 0"/>',
    "space": '<path d="M4 5h16v11H10l-4 4v-4H4z"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
    "check": '<circle cx="12" cy="12" r="8.5"/><path d="m8 12.3 2.8 2.7L16 9.5"/>',
    "cross": '<circle cx="12" cy="12" r="8.5"/><path d="m9 9 6 6m0-6-6 6"/>',
    "error": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5v5.5m0 3v.3"/>',
    "warning": '<path d="M12 4 2.8 19.5h18.4z"/><path d="M12 10v4.5m0 2.3v.3"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.5v.3"/>',
    "text": '<path d="M6 3.5h8l4 4v13H6z"/><path d="M9 11h6m-6 3.5h6"/>',
    "mail": '<path d="M3.5 6h17v12h-17z"/><path d="m4 7 8 6 8-6"/>',
    "person": '<circle cx="12" cy="8.5" r="3.8"/><path d="M4.5 20a7.5 7.5 0 0 1 15 0"/>',
    "people": '<circle cx="9" cy="9" r="3.3"/><path d="M2.5 19.5a6.5 6.5 0 0 1 13 0"/>'
    '<path d="M15 6a3.3 3.3 0 0 1 0 6.2m2.5 2a6.5 6.5 0 0 1 4 5.3"/>',
    "link": '<path d="M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1"/>'
    '<path d="M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1"/>',
    "server": '<path d="M4 5h16v6H4zM4 13h16v6H4z"/><path d="M7.5 8h.3m-.3 8h.3"/>',
    "chart": '<path d="M4 4v16h16"/><path d="m7.5 14 3.5-4 3 2.5L19 7"/>',
    "lock": '<path d="M6 11h12v9H6z"/><path d="M8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>',
    "star": '<path d="m12 4 2.4 5.2 5.6.7-4.1 3.9 1.1 5.6L12 16.7 7 19.4l1.1-5.6L4 9.9l5.6-.7z"/>',
    "pin": '<path d="M12 21c4-4.5 6-7.8 6-10.5a6 6 0 0 0-12 0c0 2.7 2 6 6 10.5z"/><circle cx="12" cy="10.5" r="2.2"/>',
    "ticket": '<path d="M3.5 7h17v3.5a1.5 1.5 0 0 0 0 3V17h-17v-3.5a1.5 1.5 0 0 0 0-3z"/>',
    "calendar": '<path d="M4 6h16v14H4z"/><path d="M4 10.5h16M8.5 3.5V8m7-4.5V8"/>',
    "wrench": '<path d="M14.5 6.5a4 4 0 0 1 5-1.8L17 7.2l.3 2 2 .3 2-2.2a4 4 0 0 1-5.3 4.7L8 20a2.1 2.1 0 0 1-3-3'
    'l8-8a4 4 0 0 1 1.5-2.5z"/>',
    "store": '<path d="M4 10v10h16V10M3 10l2-6h14l2 6a3 3 0 0 1-6 0 3 3 0 0 1-6 0 3 3 0 0 1-6 0z"/>',
    "dot": '<circle cx="12" cy="12" r="4"/>',
}

NAMES = {
    "clock": "CLOCK schedule timer history access_time alarm hourglass_empty timelapse",
    "check": "check check_circle done task_alt verified CONFIRMATION_NUMBER_ICON",
    "cross": "cancel close dangerous highlight_off",
    "error": "error error_outline report crisis_alert emergency",
    "warning": "warning report_problem warning_amber",
    "info": "info help",
    "text": "DESCRIPTION description article notes subject receipt_long summarize",
    "mail": "EMAIL mail email INVITE",
    "person": "PERSON person account_circle MEMBERSHIP badge",
    "people": "MULTIPLE_PEOPLE group groups people",
    "link": "link open_in_new public language http BOOKMARK",
    "server": "dns storage database cloud memory router lan hub",
    "chart": "speed trending_up trending_down show_chart monitoring bar_chart analytics query_stats insights timeline",
    "lock": "lock shield security key vpn_key https",
    "star": "STAR star grade",
    "pin": "MAP_PIN place location_on",
    "ticket": "TICKET confirmation_number label sell",
    "calendar": "event calendar_today calendar_month EVENT_SEAT today",
    "wrench": "build construction engineering handyman settings",
    "store": "STORE SHOPPING_CART store storefront shopping_cart",
    "bell": "notifications notifications_active notification_important campaign",
}
_BY_NAME = {name: drawing for drawing, names in NAMES.items() for name in names.split()}


def icon_name(name: str) -> str:
    """The drawing for a knownIcon, or for the name of a Material icon; a dot for one that is not drawn."""
    return _BY_NAME.get(name, "dot")


def svg(drawing: str) -> str:
    """A drawing as an inline SVG."""
    return (
        '<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.8" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">{DRAWINGS[drawing]}</svg>'
    )
