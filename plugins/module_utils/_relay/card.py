# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From changes to messages: a card for each, or one digest for many, always within Google's limits (pure)."""

from __future__ import annotations

import itertools
import typing as t
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from .._google_chat import cards
from .._google_chat.limits import MAX_MESSAGE_BYTES, check, size
from .._google_chat.threads import in_thread, thread_key
from . import links, words
from .alert import CRITICAL, WARNING, Alert
from .batch import (
    ACKNOWLEDGED,
    DRILL,
    EASED,
    ESCALATED,
    EVENT,
    LATE,
    OPENED,
    PASSED,
    RAISED,
    RAW,
    RECOVERED,
    REPEATED,
    SINGLES,
    UNKNOWN_DATA,
    Change,
)
from .incidents import Incident, stamp

MAX_TITLE = 120
MAX_LINE = 300
MAX_REASON = 1_000
MAX_RAW = 4_000
MAX_LOG_LINES = 10

DIGESTS = 3
"""The messages that a batch of any size becomes in one space; what does not fit is counted, by service."""

_ROOM = MAX_MESSAGE_BYTES - 2_500
"""The bytes of a digest's lines: what is left for its head, its end and its thread."""

_LINES_IN_A_PARAGRAPH = 20

_LOOK = {CRITICAL: ("🔴", cards.RED, "Critical"), WARNING: ("🟠", cards.ORANGE, "Warning")}
_INFO = ("🔵", cards.GREY, "Info")


@dataclass(frozen=True)
class Look:
    """What the cards of an environment share.

    :param acknowledge: gives the address to take an incident at; None where there is none.
    """

    environment: str
    now: datetime
    zone: tzinfo = UTC
    region: str = ""
    runbooks: str = ""
    acknowledge: Callable[[Incident], str | None] | None = None


@dataclass(frozen=True)
class Draft:
    """A message to post, and the changes that it tells of.

    :param thread: its thread's key; empty where it stands alone.
    """

    message: cards.Message
    changes: tuple[Change, ...]
    thread: str = ""
    digest: bool = False


def drafts(changes: Sequence[Change], channel: str, look: Look) -> list[Draft]:
    """The messages for ``channel``: one each for a few changes, digests for more. Every change is in one of them."""
    drills = [change for change in changes if change.what == DRILL]
    others = [change for change in changes if change.what != DRILL]
    if len(others) > SINGLES:
        made = digests(others, look)
    else:
        made = [single(change, channel, look) for change in others]
    if len(drills) > SINGLES:
        return made + digests(drills, look)
    return made + [single(change, channel, look) for change in drills]


def single(change: Change, channel: str, look: Look) -> Draft:
    """The card of one change; its words alone where no card can be made of it."""
    try:
        return _card(change, channel, look)
    except Exception:  # whatever is in it: an alert without a card is better than none
        return Draft(_in_words(change), (change,))


def _in_words(change: Change) -> cards.Message:
    """The message of a change that no card can be made of."""
    alert = change.alert
    told = " ".join(filter(None, (change.severity, change.what, alert.title, alert.reason, alert.text)))
    return {"text": cards.clip(told, MAX_RAW)}


def _card(change: Change, channel: str, look: Look) -> Draft:
    sections = {RAW: _raw, DRILL: _drill}.get(change.what, _sections)(change, look)
    head = cards.header(cards.clip(_title(change), MAX_TITLE), cards.clip(_subtitle(change, look), MAX_TITLE))
    made = cards.message(
        cards.card(sections, head), card_id=change.what.replace("_", "-"), fallback_text=_fallback(change, look)
    )
    thread = thread_of(change, channel, look)
    if thread:
        made = in_thread(made, thread)
    if size(made) > MAX_MESSAGE_BYTES:
        return _card(_shortened(change), channel, look)
    check(made)
    return Draft(made, (change,), thread)


def thread_of(change: Change, channel: str, look: Look) -> str:
    """The thread of a change in ``channel``."""
    if change.after is not None and change.after.thread:
        return change.after.threads.get(channel) or change.after.thread
    if change.what == EVENT:
        about = change.alert.resource or change.alert.name
        return thread_key("kumawatch", look.environment, "event", cards.clip(about, 200))
    if change.what == DRILL:
        return thread_key("kumawatch", look.environment, "drill", cards.clip(change.alert.name, 64))
    return ""


# -- a card of its own


def _sections(change: Change, look: Look) -> list[cards.Section]:
    alert = change.alert
    widgets = [_state(change, look)]
    kind = change.identity.kind
    why = words.reason(alert, kind)
    if change.what in (ESCALATED, ACKNOWLEDGED):
        why = ""
    if why:
        widgets.append(cards.text_paragraph(cards.clip(why, MAX_REASON)))
    if alert.description and change.what in (OPENED, RAISED, ESCALATED, REPEATED, LATE):
        widgets.append(cards.text_paragraph(_paragraphs(alert.description, 6)))
    facts = _facts(change)
    if facts and change.what not in (ACKNOWLEDGED,):
        widgets.append(
            cards.text_paragraph(
                cards.lines(
                    cards.compose(f"{label}: ", cards.bold(cards.clip(value, MAX_LINE))) for label, value in facts
                )
            )
        )
    made = [cards.section(widgets)]
    if alert.log_lines:
        made.append(_log_lines(alert))
    if change.what == EVENT and alert.text:
        made.append(cards.section([cards.text_paragraph(_paragraphs(alert.text, 40))], "As it came"))
    buttons = _buttons(change, look)
    if buttons:
        made.append(cards.section([cards.button_list(buttons)]))
    return made


def _state(change: Change, look: Look) -> cards.Widget:
    mark, colour, said = _appearance(change)
    measured = words.measured(change.alert, change.identity.kind)
    content: list[object] = [f"{mark} ", cards.bold(cards.coloured(said, colour))]
    if measured and change.what != ACKNOWLEDGED:
        content += ["  ", cards.bold(cards.clip(measured, MAX_LINE))]
    top = ""
    measure = change.alert.measure
    if measure is not None and measure.label and change.what != ACKNOWLEDGED:
        statistic = f", {measure.statistic}" if measure.statistic else ""
        top = cards.clip(f"{measure.label}{statistic}", MAX_TITLE)
    return cards.decorated_text(
        cards.compose(*content), top_label=top or None, bottom_label=_when(change, look) or None
    )


def _appearance(change: Change) -> tuple[str, str, str]:
    """The mark, the colour and the word of a change."""
    mark, colour, word = _LOOK.get(change.severity, _INFO)
    if change.what == RECOVERED:
        return "🟢", cards.GREEN, "Recovered"
    if change.what == PASSED:
        return "🟢", cards.GREEN, f"{word}, over by now"
    if change.what == LATE:
        return "⚪", cards.GREY, f"{word}, arrived late"
    if change.what == ACKNOWLEDGED:
        return "👤", cards.GREY, f"Taken by {cards.clip(change.alert.by or 'somebody', 80)}"
    if change.what == UNKNOWN_DATA:
        return "⚪", cards.GREY, "No data"
    if change.what == ESCALATED:
        return "🔴", cards.RED, "Escalated to critical"
    if change.what == RAISED:
        return mark, colour, f"Now {word.lower()}"
    if change.what == EASED:
        return mark, colour, f"Back to {word.lower()}"
    if change.what == REPEATED:
        return mark, colour, f"Still {word.lower()}"
    if change.what == OPENED and change.again:
        return mark, colour, f"{word} again"
    if change.what == EVENT:
        return mark, colour, "Event" if change.severity not in _LOOK else word
    return mark, colour, word


def _when(change: Change, look: Look) -> str:
    """When it began, and how long it lasts or lasted."""
    at, since, alert = change.alert.at, change.since, change.alert

    def clock(moment: datetime) -> str:
        return words.clock(moment, look.now, look.zone)

    if change.what == RECOVERED:
        if since is None:
            return f"at {clock(at)}; when it began is not known"
        end = change.after.recovered_at if change.after and change.after.recovered_at else at
        return f"after {words.duration(end - since)}: from {clock(since)} to {clock(end)}"
    if change.what in (PASSED, LATE):
        over = change.after.recovered_at if change.after else None
        if over is not None and since is not None and over >= since:
            return f"lasted {words.duration(over - since)}: from {clock(since)} to {clock(over)}"
        return f"at {clock(at)}"
    if change.what == ESCALATED:
        minutes = f" for {alert.extra.get('minutes')} min" if alert.extra.get("minutes") else ""
        return f"nobody has taken it{minutes}; since {clock(since)}" if since else f"at {clock(at)}"
    if change.what == ACKNOWLEDGED:
        return f"at {clock(at)}; it is no longer escalated"
    if since is not None and change.what in (RAISED, EASED, REPEATED, UNKNOWN_DATA):
        return f"at {clock(at)}; since {clock(since)}, for {words.duration(at - since)}"
    if change.what == OPENED:
        late = look.now - at
        return f"since {clock(at)}" + (
            f"; delivered {words.duration(late)} later" if late.total_seconds() > 300 else ""
        )
    return f"at {clock(at)}"


def _title(change: Change) -> str:
    mark = _appearance(change)[0]
    if change.what == RAW:
        return f"{mark} {change.alert.title}"
    if change.what == DRILL:
        return f"🧪 Drill: {change.alert.path}"
    return f"{mark} {change.title}"


def _subtitle(change: Change, look: Look) -> str:
    parts = [change.identity.environment or look.environment, change.identity.resource, change.identity.service]
    if change.identity.service and change.identity.service in change.title:
        parts.pop()
    return " · ".join(part for part in parts if part)


def _fallback(change: Change, look: Look) -> str:
    """What a phone shows: the state, what it is about, the value."""
    if change.what == DRILL:
        return cards.clip(f"Drill {change.alert.name}: {change.alert.path}", MAX_LINE)
    if change.what == RAW:
        return cards.clip(f"{change.alert.title}: {change.alert.text}", MAX_LINE)
    mark, _colour, said = _appearance(change)
    measured = words.measured(change.alert, change.identity.kind)
    where = _subtitle(change, look)
    tail = f": {measured}" if measured and change.what != ACKNOWLEDGED else ""
    return cards.clip(f"{mark} {said}: {change.title}{f' ({where})' if where else ''}{tail}", MAX_LINE)


def _facts(change: Change) -> list[tuple[str, str]]:
    alert = change.alert
    facts = [("Service", change.identity.service)] if change.identity.service else []
    facts.append(("Resource", change.identity.resource or alert.resource))
    facts.append(("Owner", change.tags.get("owner", "")))
    if change.after is not None and change.after.acknowledged_by and change.what != ACKNOWLEDGED:
        facts.append(("Taken by", change.after.acknowledged_by))
    shown = {value for _label, value in facts if value}
    facts += [(cards.clip(label, 60), value) for label, value in alert.facts if value and value not in shown]
    if alert.source == "alarm" and alert.name and change.what in (OPENED, RAISED, LATE, REPEATED):
        facts.append(("Alarm", alert.name))
    if alert.account:
        facts.append(("Account", f"{alert.account}{f', {alert.region}' if alert.region else ''}"))
    return [(label, value) for label, value in facts if value][:14]


def _log_lines(alert: Alert) -> cards.Section:
    shown = alert.log_lines[:MAX_LOG_LINES]
    title = "Log lines" if len(shown) == len(alert.log_lines) else f"Log lines ({len(shown)} of {len(alert.log_lines)})"
    return cards.section([cards.text_paragraph(cards.lines(cards.clip(line, MAX_LINE) for line in shown))], title)


def _buttons(change: Change, look: Look) -> list[dict[str, t.Any]]:
    alert = change.alert
    found: list[tuple[str, str | None]] = []
    going_on = change.after is not None and change.after.is_open and change.what != ACKNOWLEDGED
    if going_on and look.acknowledge is not None and change.after is not None and not change.after.acknowledged_by:
        found.append(("Take it", look.acknowledge(change.after)))
    if change.what not in (RECOVERED, PASSED, ACKNOWLEDGED):
        found.append(("Runbook", links.runbook(change.tags, change.identity.kind, look.runbooks)))
    found.append(("Console", links.console(alert, look.region)))
    if change.what != ACKNOWLEDGED:
        groups = alert.log_groups or tuple(change.tags.get("log_groups", "").split())
        found.append(("Logs ± 15 min", links.logs(alert, groups, look.region)))
    return [cards.button(label, url) for label, url in found if url and cards.is_web_address(url)]


def _raw(change: Change, look: Look) -> list[cards.Section]:
    """What could not be read, as it came."""
    text = change.alert.text
    cut = text[:MAX_RAW]
    widgets = [cards.text_paragraph(_paragraphs(cut, 200) if cut.strip() else "The message is empty.")]
    if len(text) > len(cut):
        widgets.append(cards.text_paragraph(f"… and {len(text) - len(cut):,} more characters."))
    when = words.clock(change.alert.at, look.now, look.zone)
    return [
        cards.section(
            [
                cards.decorated_text(
                    "This is no alarm that the relay can read; it is shown as it came.", bottom_label=when
                )
            ]
        ),
        cards.section(widgets),
    ]


def _drill(change: Change, look: Look) -> list[cards.Section]:
    """A test card that nobody can take for an alarm."""
    alert = change.alert
    lines = [
        "This is a test. Nothing is wrong, and nothing is to be done.",
        f"Path: {cards.clip(alert.path, MAX_LINE)}",
        f"Drill: {cards.clip(alert.name, MAX_LINE)}",
    ]
    if alert.reason:
        lines.append(cards.clip(alert.reason, MAX_LINE))
    when = words.clock(alert.at, look.now, look.zone)
    return [
        cards.section(
            [
                cards.decorated_text(
                    cards.bold(cards.coloured("Test of the alert path", cards.GREY)), bottom_label=when
                ),
                cards.text_paragraph(cards.lines(lines)),
            ]
        )
    ]


def _paragraphs(text: str, most: int) -> cards.Markup:
    """``text`` with its line breaks, at most ``most`` lines."""
    found = [cards.clip(line, MAX_REASON) for line in text.splitlines()] or [""]
    if len(found) > most:
        found = [*found[:most], "…"]
    return cards.lines(found)


def _shortened(change: Change) -> Change:
    """``change`` with less to say: some script takes many bytes for a character."""
    alert = change.alert
    shorter = replace(
        alert,
        text=alert.text[: len(alert.text) // 2],
        description=alert.description[: len(alert.description) // 2],
        reason=alert.reason[: len(alert.reason) // 2],
        log_lines=alert.log_lines[: len(alert.log_lines) // 2],
        facts=tuple((label[:60], value[:80]) for label, value in alert.facts[: len(alert.facts) // 2]),
        resource=alert.resource[:80],
    )
    return replace(change, alert=shorter, tags={**change.tags, "owner": change.tags.get("owner", "")[:80]})


# -- a digest


def digests(changes: Sequence[Change], look: Look) -> list[Draft]:
    """As few messages as ``changes`` fit into, each of them named; what is beyond :data:`DIGESTS` messages is counted.

    The lines hold as much as lets all of them stand in one message: a link and the value, the value, or the name.
    """
    for detail in (_linked, _valued):
        lines = [detail(change, look) for change in changes]
        if sum(size(line) + 8 for line in lines) <= _ROOM:
            return [_digest(changes, lines, (), changes, look, 1, 1)]
    lines = [_named(change, look) for change in changes]
    pages = _pages(changes, lines)
    shown, rest = pages[:DIGESTS], [change for page, _lines in pages[DIGESTS:] for change in page]
    made = []
    for number, (page, page_lines) in enumerate(shown, 1):
        left = rest if number == len(shown) else []
        made.append(_digest([*page, *left], page_lines, left, changes, look, number, len(shown)))
    return made


def _pages(changes: Sequence[Change], lines: Sequence[cards.Markup]) -> list[tuple[list[Change], list[cards.Markup]]]:
    pages: list[tuple[list[Change], list[cards.Markup]]] = []
    room = 0
    for change, line in zip(changes, lines, strict=True):
        cost = size(line) + 8
        if cost > room or not pages:
            pages.append(([], []))
            room = _ROOM
        pages[-1][0].append(change)
        pages[-1][1].append(line)
        room -= cost
    return pages


def _digest(
    told: Sequence[Change],
    lines: Sequence[cards.Markup],
    left: Sequence[Change],
    everything: Sequence[Change],
    look: Look,
    number: int,
    of: int,
) -> Draft:
    """One message of a digest.

    :param told: what it tells of: what has a line, and then ``left``, which is only counted.
    """
    summary = _summary(everything)
    title = f"{_worst(everything)} {words.count(len(everything), 'alert')} at once: {look.environment}"
    if of > 1:
        title += f" ({number} of {of})"
    sections = [cards.section([cards.decorated_text(cards.bold(summary), bottom_label=_span(everything, look))])]
    listed = list(zip(told, lines, strict=False))
    for heading, group in itertools.groupby(listed, key=lambda pair: _heading(pair[0])):
        entries = [line for _change, line in group]
        parts = [
            cards.text_paragraph(cards.lines(entries[start : start + _LINES_IN_A_PARAGRAPH]))
            for start in range(0, len(entries), _LINES_IN_A_PARAGRAPH)
        ]
        sections.append(cards.section(parts, f"{heading} ({len(entries):,})"))
    if left:
        sections.append(cards.section([cards.text_paragraph(_counted(left))], f"And {len(left):,} more"))
    url = links.alarms(look.region)
    if url:
        sections.append(cards.section([cards.button_list([cards.button("All alarms in the console", url)])]))
    key = thread_key("kumawatch", look.environment, "digest", told[0].alert.key[:16], stamp(everything[0].alert.at))
    if of > 1:
        key = thread_key("kumawatch", look.environment, "digest", everything[0].alert.key[:16])
    made = in_thread(
        cards.message(
            cards.card(sections, cards.header(cards.clip(title, MAX_TITLE))),
            card_id="digest",
            fallback_text=cards.clip(f"{title}: {summary}", MAX_LINE),
        ),
        key,
    )
    check(made)
    return Draft(made, tuple(told), key, digest=True)


def _heading(change: Change) -> str:
    if change.what in (RECOVERED, PASSED, LATE):
        return "Over"
    if change.what in (ACKNOWLEDGED, EVENT, RAW, UNKNOWN_DATA, DRILL):
        return "Other"
    return {CRITICAL: "Critical", WARNING: "Warning"}.get(change.severity, "Info")


def _summary(changes: Sequence[Change]) -> str:
    counted = Counter(_heading(change) for change in changes)
    names = (("Critical", "critical"), ("Warning", "warning"), ("Info", "info"), ("Over", "over"), ("Other", "other"))
    return ", ".join(f"{counted[heading]:,} {word}" for heading, word in names if counted[heading])


def _worst(changes: Sequence[Change]) -> str:
    headings = {_heading(change) for change in changes}
    for heading, mark in (("Critical", "🔴"), ("Warning", "🟠"), ("Info", "🔵"), ("Other", "🔵")):
        if heading in headings:
            return mark
    return "🟢"


def _span(changes: Sequence[Change], look: Look) -> str:
    first, last = (pick(change.alert.at for change in changes) for pick in (min, max))
    begin, end = (words.clock(moment, look.now, look.zone) for moment in (first, last))
    return f"at {begin}" if begin == end else f"from {begin} to {end}"


def _counted(changes: Sequence[Change]) -> cards.Markup:
    """What is not listed, by service: nothing is passed over in silence."""
    services = Counter(cards.clip(change.identity.service or change.alert.source, 60) for change in changes)
    parts = [f"{service}: {number:,}" for service, number in services.most_common(20)]
    rest = sum(services.values()) - sum(number for _service, number in services.most_common(20))
    if rest:
        parts.append(f"other services: {rest:,}")
    return cards.lines([_summary(changes), *parts])


def _linked(change: Change, look: Look) -> cards.Markup:
    url = links.console(change.alert, look.region)
    name = cards.clip(_line_name(change), MAX_LINE)
    shown = cards.link(name, url) if url else cards.escape(name)
    return cards.compose(f"{_appearance(change)[0]} ", cards.bold(shown), f" {_line_tail(change)}".rstrip())


def _valued(change: Change, look: Look) -> cards.Markup:
    name = cards.clip(_line_name(change), 120)
    tail = cards.clip(_line_tail(change), 60)
    return cards.compose(f"{_appearance(change)[0]} ", name, f" {tail}".rstrip())


def _named(change: Change, look: Look) -> cards.Markup:
    return cards.compose(f"{_appearance(change)[0]} ", cards.clip(_line_name(change), 120))


def _line_name(change: Change) -> str:
    if change.what == RAW:
        return f"{change.alert.title}: {cards.clip(change.alert.text, 80)}"
    if change.what == DRILL:
        return f"Drill {change.alert.name}: {change.alert.path}"
    resource = change.identity.resource
    return f"{change.title}{f' · {resource}' if resource else ''}"


def _line_tail(change: Change) -> str:
    if change.what == RECOVERED and change.since is not None and change.after and change.after.recovered_at:
        return f"recovered after {words.duration(change.after.recovered_at - change.since)}"
    if change.what in (ACKNOWLEDGED, PASSED, LATE, ESCALATED, RAISED, EASED, UNKNOWN_DATA):
        return _appearance(change)[2].lower()
    measured = words.measured(change.alert, change.identity.kind)
    if measured:
        return measured
    return cards.clip(change.alert.reason, 80) if change.what == EVENT else ""
