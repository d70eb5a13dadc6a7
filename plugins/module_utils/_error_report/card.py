# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a report to one Google Chat message, within Google's limits however much went wrong (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from .._google_chat import cards
from .._google_chat.limits import Room, check, fit_rows, room_in
from .._google_chat.threads import in_thread, thread_key
from .._relay.words import count, quantity
from .facts import Counts, Pattern, Route
from .report import Report, Row

MAX_NAME = 80
MAX_SHOWN = 280
"""The characters of a sample."""

MAX_ROUTE = 100
LISTED_GAPS = 8
MAX_GAP = 200
UNFOLDED = 10
"""The services that stand there before the reader unfolds the rest."""

_RESERVE = 64
_MAX_URL = 2_000
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Links:
    """Where the buttons at the end lead; None leaves a button out."""

    errors: str | None = None
    requests: str | None = None
    dashboard: str | None = None


def message(report: Report, *, links: Links | None = None, zone: tzinfo = UTC) -> cards.Message:
    """The message of ``report``.

    :param zone: in which times of day are said.
    :returns: a message in the thread of this environment and day; always within Google's limits.
    """
    top = [_summary(report), *_gaps(report)]
    bottom = [*_new(report, zone), *_failing(report), *_slowest(report), *_buttons(links or Links())]
    # What everything else takes up is known; the services get what is left.
    frame = _message(report, [*top, cards.section([_SPARE], _title(report)), *bottom], zone)
    services = _services(report, room_in(frame).without(bytes=_RESERVE))
    made = _message(report, [*top, *services, *bottom], zone)
    check(made)
    return made


def key(report: Report) -> str:
    """The thread of ``report``: one for each environment and day."""
    return thread_key("kumawatch-errors", _name(report.environment), report.day.date.isoformat())


def headline(report: Report) -> str:
    """What the day was like, in one line."""
    if not report.rows:
        return "No service logs yet"
    if report.nothing_read:
        return "The logs could not be read"
    parts = []
    if report.total.errors:
        parts.append(count(report.total.errors, "error line"))
    if report.total.failed:
        parts.append(count(report.total.failed, "failed request"))
    if not parts:
        return "No errors" if not report.gaps else "No errors in what could be read"
    troubled = sum(row.troubled for row in report.rows)
    return f"{' and '.join(parts)} in {troubled:,} of {count(len(report.rows), 'service')}"


def comparison(report: Report) -> str:
    """How the day stands to those before it, in one line."""
    if not report.compared:
        return "no day before is known to compare with"
    parts = []
    if report.day_before is not None:
        parts.append(f"day before {_counted(report.day_before)}")
    if report.mean is not None:
        parts.append(f"{_span(report)} {_meant(report.mean)} a day")
    if report.total.requests:
        parts.append(f"{count(report.total.requests, 'request')}, {_share(report.total)} failed")
    return " · ".join(parts)


_SPARE = cards.text_paragraph("")


def _message(report: Report, sections: Sequence[cards.Section], zone: tzinfo) -> cards.Message:
    when = report.day.date
    said = f"{_DAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]} {when.year}"
    # A day on which the clocks are changed is no day like the others.
    length = "" if report.day.hours == 24 else f", a day of {report.day.hours:g} hours"
    zone_name = getattr(zone, "key", None) or report.day.start.astimezone(zone).tzname()
    environment = _name(report.environment)
    made = cards.message(
        cards.card(sections, cards.header(f"Error report: {environment}", f"{said} ({zone_name}{length})")),
        card_id="error-report",
        fallback_text=f"{environment}, {said}: {headline(report)}; {comparison(report)}",
    )
    return in_thread(made, key(report))


def _summary(report: Report) -> cards.Section:
    risen = any(row.risen for row in report.rows)
    troubled = any(row.troubled for row in report.rows)
    if report.nothing_read or not report.rows:
        mark, colour = "⚪", cards.GREY
    elif risen or (troubled and not report.compared):
        mark, colour = "🔴", cards.RED
    elif troubled or report.gaps:
        mark, colour = "🟠", cards.ORANGE
    else:
        mark, colour = "🟢", cards.GREEN
    line = cards.compose(f"{mark} ", cards.bold(cards.coloured(headline(report), colour)))
    return cards.section([cards.decorated_text(line, bottom_label=comparison(report))])


def _gaps(report: Report) -> list[cards.Section]:
    """What the report does not know."""
    told = list(report.gaps)
    if report.rows and report.compared < report.wanted:
        known = count(report.compared, "day") if report.compared else "no day"
        told.append(f"Of the {report.wanted} days before, {known} could be compared with.")
    if not told:
        return []
    shown: list[object] = [cards.clip(sentence, MAX_GAP) for sentence in told[:LISTED_GAPS]]
    if len(told) > LISTED_GAPS:
        shown.append(f"and {len(told) - LISTED_GAPS:,} more")
    return [cards.section([cards.text_paragraph(cards.lines(shown))], "⚠️ This report is not complete")]


def _services(report: Report, room: Room) -> list[cards.Section]:
    listed = [row for row in report.rows if row.troubled or not row.whole or row.risen]
    if not listed:
        return []
    quiet = len(report.rows) - len(listed)
    rows = [_service(row, report) for row in listed]
    if quiet:
        rows.append(_grey(f"and {quiet:,} more without errors"))

    def more(kept: int) -> cards.Widget:
        left = listed[kept:]
        wrong = sum(row.counts.errors + row.counts.failed for row in left)
        return _grey(f"and {count(len(left) + quiet, 'more service')} with {count(wrong, 'error')}")

    widgets, _kept = fit_rows(rows, room, more)
    shown = UNFOLDED if len(widgets) > UNFOLDED + 2 else None
    return [cards.section(widgets, _title(report), shown=shown)] if widgets else []


def _title(report: Report) -> str:
    return "Services, the worst first" if len(report.rows) > 1 else "Service"


def _service(row: Row, report: Report) -> cards.Widget:
    parts: list[object] = [cards.bold(_name(row.service.name)), " "]
    said = _counted(row.counts)
    parts.append(cards.coloured(said, cards.RED) if row.risen else said)
    if not row.whole:
        parts += [" ", cards.coloured("not all of it was read", cards.ORANGE)]
    label = []
    if row.day_before is not None:
        label.append(f"day before {_counted(row.day_before)}")
    if row.mean is not None:
        label.append(f"{_span(report)} {_meant(row.mean)} a day")
    if row.counts.requests:
        label.append(f"{count(row.counts.requests, 'request')}, {_share(row.counts)} failed")
    if row.service.owner:
        label.append(_name(row.service.owner))
    action = cards.button("Runbook", row.service.runbook) if _usable(row.service.runbook) else None
    return cards.decorated_text(cards.compose(*parts), bottom_label=" · ".join(label), action=action)


def _new(report: Report, zone: tzinfo) -> list[cards.Section]:
    if not report.new:
        return []
    listed = report.new[: report.top]
    rows = [_pattern(pattern, zone) for pattern in listed]
    left = len(report.new) - len(listed)
    if left:
        rows.append(_grey(f"and {count(left, 'more new pattern')}"))
    days = count(report.compared, "day")
    return [cards.section(rows, f"New errors, not seen in the {days} before")]


def _pattern(pattern: Pattern, zone: tzinfo) -> cards.Widget:
    first = pattern.first.astimezone(zone)
    often = "once" if pattern.count == 1 else f"{pattern.count:,} times"
    label = f"{_name(pattern.service)}: {often}, first at {first:%H:%M} {first.tzname()}"
    return cards.decorated_text(cards.clip(pattern.sample, MAX_SHOWN) or "(an empty line)", top_label=label)


def _failing(report: Report) -> list[cards.Section]:
    shown = [
        cards.compose(
            cards.bold(_route(route)),
            f" {route.failed:,} of {count(route.requests, 'request')} "
            f"({_share(Counts(0, route.requests, route.failed))})",
        )
        for route in report.failing
    ]
    return [cards.section([cards.text_paragraph(cards.lines(shown))], "Routes that fail most")] if shown else []


def _slowest(report: Report) -> list[cards.Section]:
    shown = [
        cards.compose(
            cards.bold(_route(route)),
            f" {quantity(route.mean or 0.0, 'Seconds')}, at most {quantity(route.longest or 0.0, 'Seconds')} "
            f"({count(route.timed, 'request')})",
        )
        for route in report.slowest
    ]
    return [cards.section([cards.text_paragraph(cards.lines(shown))], "Slowest routes (mean)")] if shown else []


def _buttons(links: Links) -> list[cards.Section]:
    named = (("Error lines", links.errors), ("Failed requests", links.requests), ("Dashboard", links.dashboard))
    buttons = [cards.button(label, url) for label, url in named if url and _usable(url)]
    return [cards.section([cards.button_list(buttons)])] if buttons else []


def _counted(counts: Counts) -> str:
    parts = []
    if counts.errors or not counts.failed:
        parts.append(count(counts.errors, "error line"))
    if counts.failed:
        parts.append(count(counts.failed, "failed request"))
    return ", ".join(parts)


def _meant(mean: tuple[float, float]) -> str:
    errors, failed = mean
    parts = [f"{_rough(errors)} error lines"] if errors or not failed else []
    if failed:
        parts.append(f"{_rough(failed)} failed requests")
    return ", ".join(parts)


def _rough(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _share(counts: Counts) -> str:
    share = 100 * counts.failed / max(counts.requests, 1)
    if not counts.failed:
        return "none"
    return f"{share:.2g} %" if share < 1 else f"{share:.1f} %"


def _span(report: Report) -> str:
    return "mean of the week" if report.compared == 7 else f"mean of {count(report.compared, 'day')}"


def _route(route: Route) -> str:
    return cards.clip(f"{_name(route.service)}: {route.name}", MAX_ROUTE)


def _grey(said: str) -> cards.Widget:
    return cards.text_paragraph(cards.coloured(said, cards.GREY))


def _name(name: str) -> str:
    return cards.clip(name, MAX_NAME) or "(no name)"


def _usable(url: str) -> bool:
    return cards.is_web_address(url) and len(url.encode("utf-8", "replace")) <= _MAX_URL
