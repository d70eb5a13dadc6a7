# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring costs, for readers: a line, a table for the terminal, Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Head and rows. The first column is text, the others are numbers unless the head begins with a blank."""

MOST_SERVICES = 20
"""Services that the terminal shows; Markdown and the report itself have all of them."""


def line(report: Report) -> str:
    """The whole in one line."""
    phases = ", ".join(f"{phase['phase']} {money(phase['monthly'])}" for phase in report["phases"])
    return (
        f"Estimate for '{report['environment']}': {money(report['monthly'])} {report['currency']} a month"
        f"{f' ({phases})' if phases else ''}, {_dated(report)}. playbooks/cost.yml shows what costs how much."
    )


def terminal(report: Report) -> list[str]:
    """Lines with tables in columns, for ``debug``."""
    result = [_headline(report), ""]
    for title, table in _tables(report, MOST_SERVICES):
        result += [title, *_columns(table), ""]
    return [*result, *(f"- {note}" for note in _notes(report))]


def markdown(report: Report) -> str:
    """A page with everything in it."""
    parts = [f"# What the monitoring of {_cell(report['environment'])} costs", _headline(report)]
    for title, (head, rows) in _tables(report, None):
        ruler = ["---", *("---:" for _column in head[1:])]
        lines = [_row(head), _row(ruler), *(_row([_cell(cell) for cell in row]) for row in rows)]
        parts += [f"## {title}", "\n".join(lines)]
    notes = _notes(report)
    if notes:
        parts += ["## To be known", "\n".join(f"- {note}" for note in notes)]
    return "\n\n".join(parts) + "\n"


def money(value: float) -> str:
    """Dollars and cents."""
    return f"{value:,.2f}"


def _dated(report: Report) -> str:
    prices = report["prices"]
    return f"at the list prices of {prices['region']} of {prices['date']}"


def _headline(report: Report) -> str:
    return f"{money(report['monthly'])} {report['currency']} a month, {_dated(report)}."


def _tables(report: Report, most: int | None) -> Iterable[tuple[str, Table]]:
    yield (
        "By phase",
        (
            ["Phase", "A month"],
            [[f"{phase['phase']}: {phase['title']}", money(phase["monthly"])] for phase in report["phases"]],
        ),
    )
    yield (
        "By item",
        (
            ["Item", "Quantity", "Free", "A month"],
            [
                [
                    f"{item['title']} ({item['unit']})",
                    _number(item["quantity"]),
                    _number(item["free"]),
                    money(item["monthly"]),
                ]
                for item in report["lines"]
            ],
        ),
    )
    phases = [phase["phase"] for phase in report["phases"]]
    services = report["services"]
    title = (
        "By service" if most is None or len(services) <= most else f"By service, the {most} dearest of {len(services)}"
    )
    yield (
        title,
        (
            ["Service", *phases, "A month"],
            [
                [one["name"], *(money(one["phases"].get(phase, 0)) for phase in phases), money(one["monthly"])]
                for one in services[:most]
            ],
        ),
    )
    change = report.get("change")
    if change:
        yield f"Against now: {change['change']:+,.2f} a month", (
            ["Item", "Now", "Then", "A month now", "Then", "Change"],
            [
                [
                    f"{item['title']} ({item['unit']})", _number(item["quantity_now"]), _number(item["quantity"]),
                    money(item["monthly_now"]), money(item["monthly"]), f"{item['change']:+,.2f}",
                ]
                for item in change["lines"]
            ],
        )  # fmt: skip


def _notes(report: Report) -> list[str]:
    prices = report["prices"]
    notes = list(report["assumed"])
    if prices["region"] != prices["wanted_region"]:
        notes.append(
            f"There are no prices of {prices['wanted_region']}, so these are those of {prices['region']}; "
            f"playbooks/prices.yml fetches them."
        )
    if prices["unconfirmed"]:
        notes.append(f"Prices that nobody has looked up: {', '.join(prices['unconfirmed'])}.")
    notes.append("Without taxes and discounts; what else the account uses of the free tier and of tiers is not known.")
    return notes


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:,.2f}"


def _columns(table: Table) -> list[str]:
    head, rows = table
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = []
    for row in (head, ["-" * width for width in widths], *rows):
        cells = [
            cell.ljust(widths[column]) if column == 0 else cell.rjust(widths[column]) for column, cell in enumerate(row)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _cell(text: str) -> str:
    """Text that cannot break the table, nor be taken for markup."""
    plain = " ".join(str(text).split())
    for sign in ("\\", "|", "*", "_", "`", "<", "[", "~"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
