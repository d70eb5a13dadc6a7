# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTML page that needs no network: no script, no font, no image from elsewhere. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

STYLE = """
:root { color-scheme: light dark; --line: #c9ced6; --soft: #f1f3f6; --bar: #1d6fa5; --text: #1b1f24; --back: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --line: #444c56; --soft: #22272e; --bar: #6cb6ff; --text: #e6edf3; --back: #14181d; }
}
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 0 auto; padding: 1rem;
  max-width: 70rem; }
h1 { line-height: 1.2; }
.answer { font-size: 1.2rem; border-left: .3rem solid var(--bar); padding-left: .8rem; }
.wide { overflow-x: auto; position: relative; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
caption { text-align: left; font-weight: 600; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--soft); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .7rem; background: var(--bar); vertical-align: middle; }
a { color: inherit; overflow-wrap: anywhere; }
@media print { body { max-width: none; } .wide { overflow: visible; } table { page-break-inside: avoid; } }
"""


def text(value: str) -> str:
    """As text of the page, whatever it holds."""
    return html.escape(value)


def link(address: str, label: str = "") -> str:
    """A link, where the address is one of the web; text where it is not."""
    if address.startswith(("https://", "http://")):
        return f'<a href="{text(address)}" rel="noreferrer">{text(label or address)}</a>'
    return text(label or address)


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts, whose first column are its row heads. It scrolls where it is wider than the page."""
    return raw_table(caption, heads, ([text(cell) for cell in row] for row in rows))


def raw_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """The same with cells that are HTML already.

    :param kind: class of the table.
    """
    lines = [f'<div class="wide" role="region" tabindex="0" aria-label="{text(caption)}">']
    lines.append(f'<table class="{text(kind)}">' if kind else "<table>")
    lines.append(f"<caption>{text(caption)}</caption>")
    lines.append(
        "<thead><tr>" + "".join(f'<th scope="col">{text(head)}</th>' for head in heads) + "</tr></thead><tbody>"
    )
    for row in rows:
        cells = [f'<th scope="row">{row[0]}</th>']
        for cell in row[1:]:
            number = ' class="number"' if _numeric(cell) else ""
            cells.append(f"<td{number}>{cell}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</tbody></table></div>")
    return "\n".join(lines)


def _numeric(cell: str) -> bool:
    return bool(cell) and cell.strip("+-–% ms").replace(",", "").replace(".", "", 1).isdigit()


def document(title: str, parts: Iterable[str], style: str = "") -> str:
    """The whole page.

    :param parts: HTML.
    :param style: further rules of CSS.
    """
    head = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(title)}</title><style>{STYLE}{style}</style></head><body><main>",
    ]
    return "\n".join([*head, *parts, "</main></body></html>\n"])
