# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluation for readers: Markdown, and one HTML page that needs no network. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._page import document, link, table, text
from .candidates import ASPECTS
from .matrix import FULL

Result = Mapping[str, Any]
Rows = list[list[str]]


def name(key: str) -> str:
    """A key as words: ``stack_fit`` as ``stack fit``."""
    return key.replace("_", " ")


def money(value: float) -> str:
    """Dollars and cents."""
    return f"{value:,.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.0%}"


def _order(ranking: Sequence[Sequence[str]]) -> str:
    return " > ".join(" = ".join(place) for place in ranking) or "–"


def matrix_rows(result: Result) -> tuple[list[str], Rows]:
    """The decision matrix: a row for each criterion, a column for each candidate."""
    heads = ["Criterion", "Weight", *(entry["title"] for entry in result["candidates"])]
    rows = [
        [
            name(criterion["name"]),
            f"{criterion['share']:.0%}",
            *(f"{entry['scores'][criterion['name']]:.2f}" for entry in result["candidates"]),
        ]
        for criterion in result["criteria"]
    ]
    rows.append(["Weighted total", "100%", *(f"{entry['total']:.2f}" for entry in result["candidates"])])
    places = ["shut out" if entry["place"] is None else f"{entry['place']}." for entry in result["candidates"]]
    rows.append(["Place", "", *places])
    return heads, rows


def gate_rows(result: Result) -> tuple[list[str], Rows]:
    """Which gates each candidate passes, and what was found."""
    rows = [
        [entry["title"], gate["asked"], "passed" if gate["passed"] else "failed", gate["found"]]
        for entry in result["candidates"]
        for gate in entry["gates"]
    ]
    return ["Candidate", "Must have", "Result", "Found"], rows


def cost_rows(result: Result) -> tuple[list[str], Rows]:
    """Every line of every bill, with its sum."""
    rows = []
    for entry in result["candidates"]:
        for line in entry["cost"]["lines"]:
            rows.append([
                entry["title"], line["item"], f"{line['quantity']:,.3f}", name(line["unit"]),
                f"{line['included']:,.3f}", f"{line['price']:g}", money(line["amount"]),
            ])  # fmt: skip
        rows.append([entry["title"], "A month", "", "", "", "", money(entry["cost"]["monthly"])])
    return ["Candidate", "Item", "Quantity", "Unit", "Without charge", "Price", "Dollars"], rows


def service_rows(result: Result) -> tuple[list[str], Rows]:
    """What was counted of each service, and what was assumed."""
    rows = [
        [
            line["name"], line["language"] or "–", str(line["hosts"]), f"{line['requests_per_minute']:g}",
            f"{line['sample']:.0%}", f"{line['spans']:,}", f"{line['gb']:,.3f}",
            ", ".join(map(name, line["assumed"])) or "nothing",
        ]
        for line in result["usage"]["services"]
    ]  # fmt: skip
    return [
        "Service",
        "Language",
        "Hosts",
        "Requests a minute",
        "Sampled",
        "Spans a month",
        "GB a month",
        "Assumed",
    ], rows


def sensitivity_rows(result: Result) -> tuple[list[str], Rows]:
    """The ranking with each weight changed."""
    rows = [
        [
            name(str(entry["criterion"])),
            f"{entry['change']:+.0%}",
            _order(entry["ranking"]),
            "the same" if entry["same_ranking"] else "same first" if entry["same_winner"] else "another first",
        ]
        for entry in result["sensitivity"]["variations"]
    ]
    return ["Criterion", "Weight", "Ranking", "Compared"], rows


def tipping_rows(result: Result) -> tuple[list[str], Rows]:
    """How far each weight would have to move."""
    rows = []
    for criterion, point in result["sensitivity"]["tipping_points"].items():
        cells = ["none does that", "–", "–"]
        if point:
            cells = [f"{point['weight']:.1f}", _percent(point["change"]), point["winner"]]
        rows.append([name(criterion), *cells])
    return ["Criterion", "Weight at which the first is level", "Change", "With"], rows


def trial_rows(result: Result) -> tuple[list[str], Rows]:
    """What was measured."""
    rows = []
    for entry in result["candidates"]:
        found = entry["trial"]
        cells = ["not measured", "", "", "", ""]
        if found:
            cells = [
                f"{found['p95_ms']:.1f}", f"{found['overhead_percent']:+.2f} %", f"{found['spans_lost_percent']:.3f} %",
                f"{found['gb_a_day']:.3f}", f"{found['span_bytes']:.0f}",
            ]  # fmt: skip
        rows.append([entry["title"], *cells])
    return ["Candidate", "p95 in ms", "Overhead at p95", "Spans lost", "GB a day", "Bytes a span"], rows


def proof_rows(entry: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, str], str]]:
    """Every score and price of a candidate: what, how much, its evidence, and how it was computed, if it was."""
    rows = []
    for criterion in ASPECTS:
        for aspect, found in entry["aspects"][criterion].items():
            what = f"{name(criterion)}: {ASPECTS[criterion][aspect]}"
            rows.append((what, found["level"], found["evidence"], found.get("computed", "")))
    for line in entry["cost"]["lines"]:
        rows.append((f"price: {line['item']}", f"{line['price']:g}", line["evidence"], ""))
    return rows


def _facts(result: Result) -> str:
    usage = result["usage"]
    return (
        f"{usage['hosts']} hosts with {usage['memory_gib']:g} GiB of memory, {usage['spans']:,} spans a month "
        f"({usage['gb']:,.3f} GB, {usage['gb_a_day']:.3f} GB a day), kept for {usage['retention_days']:g} days, for "
        f"{usage['users']:g} users."
    )


def _sections(result: Result) -> list[tuple[str, str, tuple[list[str], Rows]]]:
    """Title, introduction and table of each section; those without rows are left out."""
    change = f"{result['sensitivity']['change'] * 100:g} %"
    measured = result["trial"]
    said = "No trial was measured: the figures of cost rest on declared traffic alone."
    if measured:
        said = (
            f"Measured from {measured['started']} for {measured['seconds']:g} s by {measured['source']}; p95 without "
            f"instrumentation {measured['p95_ms']:.1f} ms. Cost uses the measured size of a span."
        )
    sections = [
        ("Decision matrix", f"Scores from 0 to {FULL:g}, times the weights.", matrix_rows(result)),
        ("Gates", "Who fails one is not in the ranking. What was not measured fails.", gate_rows(result)),
        ("Cost a month", f"List prices, unless the inventory says others. {_facts(result)}", cost_rows(result)),
        ("Traffic", "What was declared in the catalogue, and what had to be assumed.", service_rows(result)),
        ("Sensitivity", f"The ranking with one weight {change} smaller or greater.", sensitivity_rows(result)),
        ("Tipping points", "The nearest weight at which the first is no longer alone.", tipping_rows(result)),
        ("Trial", said, trial_rows(result)),
    ]
    return [section for section in sections if section[2][1]]


def _title(result: Result) -> str:
    environment = result["environment"]
    return f"Which APM for {environment}?" if environment else "Which APM?"


# -- Markdown ---------------------------------------------------------------------------------------------------------


def _cell(value: str) -> str:
    return " ".join(value.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(map(_cell, heads))} |", f"|{'---|' * len(heads)}"]
    return [*lines, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)]


def markdown(result: Result) -> str:
    """The report in Markdown."""
    lines = [f"# {_title(result)}", "", f"**{_cell(result['conclusion'])}**", ""]
    for entry in result["candidates"]:
        lines += [f"- {_cell(entry['title'])} {_cell(warning)}" for warning in entry["warnings"]]
    for title, introduction, (heads, rows) in _sections(result):
        lines += ["", f"## {title}", "", _cell(introduction), "", *_table(heads, rows)]
    lines += ["", "## Evidence"]
    for entry in result["candidates"]:
        rows = [
            [what, level, " ".join(filter(None, (computed, proof["text"]))), f"{proof['source']} ({proof['date']})"]
            for what, level, proof, computed in proof_rows(entry)
        ]
        lines += ["", f"### {_cell(entry['title'])}", "", *_table(["What", "Level", "Because", "Source"], rows)]
    return "\n".join(line for line in lines).replace("\n\n\n", "\n\n") + "\n"


# -- HTML -------------------------------------------------------------------------------------------------------------


def _totals(result: Result) -> str:
    """The totals as bars; the number beside each says the same to those who see none."""
    rows = []
    for entry in result["candidates"]:
        shut = "" if entry["place"] is not None else " (shut out by a gate)"
        width = 12 * max(0.0, entry["total"]) / FULL
        rows.append(
            f'<tr><th scope="row">{text(entry["title"])}{shut}</th>'
            f'<td><span class="bar" style="width:{width:.2f}rem" aria-hidden="true"></span> {entry["total"]:.2f}</td>'
            f'<td class="number">{money(entry["cost"]["monthly"])}</td></tr>'
        )
    return (
        '<div class="wide"><table><caption>Result</caption><thead><tr><th scope="col">Candidate</th>'
        f'<th scope="col">Total, of {FULL:g}</th><th scope="col">Dollars a month</th></tr></thead><tbody>'
        f"{''.join(rows)}</tbody></table></div>"
    )


def page(result: Result) -> str:
    """The report as one HTML page: no script, no font, no image from elsewhere."""
    title = _title(result)
    parts = [
        f'<h1>{text(title)}</h1><p class="answer">{text(result["conclusion"])}</p>',
        _totals(result),
    ]
    warnings = [f"{entry['title']} {warning}" for entry in result["candidates"] for warning in entry["warnings"]]
    if warnings:
        parts.append(f"<ul>{''.join(f'<li>{text(warning)}</li>' for warning in warnings)}</ul>")
    for heading, introduction, (heads, rows) in _sections(result):
        parts.append(f"<h2>{text(heading)}</h2><p>{text(introduction)}</p>{table(heading, heads, rows)}")
    parts.append("<h2>Evidence</h2>")
    for entry in result["candidates"]:
        lines = [
            f'<tr><th scope="row">{text(what)}</th><td>{text(level)}</td>'
            f"<td>{text(' '.join(filter(None, (computed, proof['text']))))}</td>"
            f"<td>{link(proof['source'])} ({text(proof['date'])})</td></tr>"
            for what, level, proof, computed in proof_rows(entry)
        ]
        parts.append(
            f"<details><summary>{text(entry['title'])}</summary>"
            f'<div class="wide"><table><thead><tr><th scope="col">What</th><th scope="col">Level</th>'
            f'<th scope="col">Because</th><th scope="col">Source</th></tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table></div></details>"
        )
    return document(title, parts)
