# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a digest to one Google Chat message, within Google's limits however many services there are (pure)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo

from .._google_chat import cards
from .._google_chat.limits import Room, check, fit_rows, room_in
from .._google_chat.threads import in_thread, thread_key
from . import words
from .digest import Digest, Incident, Standing

MAX_NAME = 80
"""The characters of a name that are shown."""

MAX_ENVIRONMENT = 80
MAX_URL = 1_000
"""The bytes of an address; a longer one gets no button."""

LISTED_INCIDENTS = 10
LISTED_CERTIFICATES = 10
UNFOLDED_SERVICES = 8
"""The services that stand there before the reader unfolds the rest; more where more of them need attention."""

UNFOLDED_AT_MOST = 20


@dataclass(frozen=True)
class Links:
    """Where the buttons at the end lead; None leaves a button out."""

    status_page: str | None = None
    kuma: str | None = None
    runbook: str | None = None


def message(digest: Digest, *, links: Links | None = None, zone: tzinfo = UTC) -> cards.Message:
    """The message of ``digest``.

    :param zone: in which times of day are said.
    :returns: a message in the thread of this environment and day; always within Google's limits.
    """
    links = links or Links()
    top = [_summary(digest)]
    bottom = [
        *_incidents(digest, zone),
        *_slowest(digest),
        *_certificates(digest),
        *_buttons(links),
    ]
    # What everything else takes up is known; the services get what is left.
    frame = _message(digest, [*top, _services_section(digest, [_SPARE]), *bottom], zone)
    services = _services(digest, room_in(frame).without(bytes=_RESERVE))
    made = _message(digest, [*top, *services, *bottom], zone)
    check(made)
    return made


def key(digest: Digest, zone: tzinfo = UTC) -> str:
    """The thread of ``digest``: one for each environment and day."""
    day = digest.now.astimezone(zone).date().isoformat()
    return thread_key("kumawatch-summary", cards.clip(digest.environment, MAX_ENVIRONMENT), day)


# A section must hold a widget, so one stands in for the services while the rest is measured; it stays set aside.
_SPARE = cards.text_paragraph("")
_RESERVE = 64


def _message(digest: Digest, sections: t.Sequence[cards.Section], zone: tzinfo) -> cards.Message:
    environment = cards.clip(digest.environment, MAX_ENVIRONMENT)
    head = cards.header(f"Daily status: {environment}", words.date(digest.now, zone))
    made = cards.message(
        cards.card(sections, head),
        card_id="daily-status",
        fallback_text=f"{environment}: {words.headline(digest)}; {words.second_line(digest)}",
    )
    return in_thread(made, key(digest, zone))


def _summary(digest: Digest) -> cards.Section:
    totals = digest.totals
    troubled = totals.states.get("down", 0) + totals.states.get("missing", 0)
    colour = cards.RED if troubled else cards.ORANGE if totals.breaching else cards.GREEN
    mark = "🔴 " if troubled else "🟠 " if totals.breaching else "🟢 "
    line = cards.compose(mark, cards.bold(cards.coloured(words.headline(digest), colour)))
    widgets = [cards.decorated_text(line, bottom_label=words.second_line(digest))]
    if totals.uptime_30d is not None or totals.uptime_24h is not None:
        averages = (("24 h", totals.uptime_24h), ("7 d", totals.uptime_7d), ("30 d", totals.uptime_30d))
        parts: list[object] = ["Average uptime: "]
        for index, (span, value) in enumerate(averages):
            parts += [" · " if index else "", f"{span} ", cards.bold(words.percent(value))]
        widgets.append(cards.text_paragraph(cards.compose(*parts)))
    return cards.section(widgets)


def _services(digest: Digest, room: Room) -> list[cards.Section]:
    standings = digest.standings
    if not standings:
        return []
    rows = [_service(standing, digest) for standing in standings]
    widgets, kept = fit_rows(rows, room, lambda listed: _more(words.rest(standings[listed:])))
    if not widgets:
        return []
    return [_services_section(digest, widgets, kept)]


def _services_section(digest: Digest, widgets: t.Sequence[cards.Widget], kept: int | None = None) -> cards.Section:
    attention = sum(standing.needs_attention for standing in digest.standings)
    shown = min(max(UNFOLDED_SERVICES, attention), UNFOLDED_AT_MOST)
    title = "Services, worst first" if len(digest.standings) > 1 else "Service"
    left_out = len(digest.standings) - (len(digest.standings) if kept is None else kept)
    if left_out:
        # The last line, which counts the rest, is folded away with the rows before it: say it in the header, too.
        title += f" ({len(digest.standings) - left_out:,} of {len(digest.standings):,})"
    elif kept is None:
        title += f" ({len(digest.standings):,} of {len(digest.standings):,})"
    return cards.section(widgets, title, shown=shown if kept is not None and len(widgets) > shown + 2 else None)


def _service(standing: Standing, digest: Digest) -> cards.Widget:
    service = standing.service
    state = words.state(standing, digest.now)
    parts: list[object] = [f"{words.dot(standing)} ", cards.bold(_name(service.name))]
    if state:
        colour = cards.GREY
        if standing.needs_attention:
            colour = cards.RED if service.status in ("down", "missing") else cards.ORANGE
        parts += [" ", cards.coloured(state, colour)]
    label = "declared, but no monitor of it exists"
    if service.status != "missing":
        label = _whole_parts(words.measured(standing, digest.now))
    action = cards.button("Runbook", t.cast(str, service.runbook)) if _usable(service.runbook) else None
    return cards.decorated_text(cards.compose(*parts), bottom_label=label, action=action)


def _incidents(digest: Digest, zone: tzinfo) -> list[cards.Section]:
    if not digest.incidents:
        return []
    listed = digest.incidents[:LISTED_INCIDENTS]
    shown = [_incident(name, incident, digest, zone) for name, incident in listed]
    left = digest.incidents[LISTED_INCIDENTS:]
    if left:
        longest = max((incident.lasted(digest.now) for _name, incident in left), default=timedelta(0))
        lasting = sum(incident.end is None for _name, incident in left)
        still = f", {lasting:,} of them not over" if lasting else ""
        shown.append(cards.compose(f"and {len(left):,} more, none longer than {words.duration(longest)}{still}"))
    return [cards.section([cards.text_paragraph(cards.lines(shown))], "Incidents of the last 24 h")]


def _incident(name: str, incident: Incident, digest: Digest, zone: tzinfo) -> cards.Markup:
    begun = words.clock(incident.start, digest.now, zone)
    lasted = words.duration(incident.lasted(digest.now))
    if incident.end is None:
        return cards.compose("🔴 ", cards.bold(_name(name)), f" since {begun}, {lasted} so far")
    return cards.compose(
        cards.bold(_name(name)), f" {begun} to {words.clock(incident.end, digest.now, zone)}, {lasted}"
    )


def _slowest(digest: Digest) -> list[cards.Section]:
    if not digest.slowest:
        return []
    shown = [
        cards.compose(cards.bold(_name(name)), f" {words.milliseconds(value)}") for name, value in digest.slowest[:20]
    ]
    return [cards.section([cards.text_paragraph(cards.lines(shown))], "Slowest responses (average of 24 h)")]


def _certificates(digest: Digest) -> list[cards.Section]:
    if not digest.certificates:
        return []
    shown = []
    for name, days in digest.certificates[:LISTED_CERTIFICATES]:
        said = words.days_left(days)
        shown.append(
            cards.compose(cards.bold(_name(name)), " ", cards.coloured(said, cards.RED) if days <= 7 else said)
        )
    left = len(digest.certificates) - len(shown)
    if left > 0:
        shown.append(cards.compose(f"and {left:,} more"))
    title = f"Certificates that expire within {words.count(digest.certificate_days, 'day')}"
    return [cards.section([cards.text_paragraph(cards.lines(shown))], title)]


def _buttons(links: Links) -> list[cards.Section]:
    named = (("Status page", links.status_page), ("Uptime Kuma", links.kuma), ("Runbook", links.runbook))
    buttons = [cards.button(label, t.cast(str, url)) for label, url in named if _usable(url)]
    return [cards.section([cards.button_list(buttons)])] if buttons else []


def _whole_parts(line: str) -> str:
    """``line``, to be wrapped between its parts only and never within one."""
    return " · ".join(part.replace(" ", "\u00a0") for part in line.split(" · "))


def _more(said: str) -> cards.Widget:
    return cards.text_paragraph(cards.coloured(said, cards.GREY))


def _name(name: str) -> str:
    return cards.clip(name, MAX_NAME) or "(no name)"


def _usable(url: str | None) -> bool:
    return cards.is_web_address(url) and len(t.cast(str, url).encode("utf-8", "replace")) <= MAX_URL
