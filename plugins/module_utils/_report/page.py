# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page that needs no network. Pure, but for the library that draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._page import document, link, raw_table, table, text
from . import plots
from .coverage import MISSING, NOT_APPLICABLE, OFF, TITLES, WATCHED, number

Report = Mapping[str, Any]

#: How a state is shown: by a sign and its colour for the eye, by a word for who hears the page.
_SIGNS = {WATCHED: ("✓", "yes"), MISSING: ("✗", "no"), OFF: ("○", "off"), NOT_APPLICABLE: ("–", "none")}
_STYLE = """
:root { --good: #1a7037; --bad: #b3261e; --quiet: #5c6672; }
@media (prefers-color-scheme: dark) { :root { --good: #57c27a; --bad: #ff8a80; --quiet: #9aa5b1; } }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.facts div { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .7rem; }
.facts dt { color: var(--quiet); font-size: .9rem; }
.facts dd { margin: 0; font-size: 1.3rem; overflow-wrap: anywhere; }
.facts dd small { display: block; font-size: .85rem; color: var(--quiet); }
.matrix td { text-align: center; } .matrix thead th { font-size: .85rem; vertical-align: bottom; }
.matrix tbody th { position: sticky; left: 0; background: var(--back); max-width: 12rem; overflow-wrap: anywhere; }
.yes { color: var(--good); font-weight: 700; } .no { color: var(--bad); font-weight: 700; }
.off, .none, .quiet { color: var(--quiet); }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
td, th { overflow-wrap: break-word; }
details { border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .7rem; margin: .4rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
dl.lines dt { font-weight: 600; margin-top: .5rem; } dl.lines dd { margin: 0 0 0 1rem; }
pre { background: var(--soft); padding: .4rem .6rem; margin: .2rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; }
figcaption { color: var(--quiet); font-size: .9rem; }
.narrow { display: none; }
@media (max-width: 40rem) { .narrow { display: block; } .broad { display: none; } }
@media print {
  :root { color-scheme: light; } nav { display: none; } h2 { break-after: avoid; }
  figure, details { break-inside: avoid; }
  .narrow { display: none; } .broad { display: block; } body { font-size: 9pt; padding: 0; }
  .matrix { font-size: 7.5pt; width: 100%; } .matrix th, .matrix td { padding: .15rem; }
  thead { display: table-header-group; }
  .matrix tbody th { position: static; }
  details::details-content { content-visibility: visible; height: auto; }
}
@page { size: A4 landscape; margin: 12mm; }
"""


def page(report: Report, plotted: bool = True) -> str:
    """The page.

    :param report: what :func:`.assemble.report` returned.
    :param plotted: whether plots are drawn, for which matplotlib is needed.
    :raises KumawatchError: it is not installed.
    """
    title = f"Monitoring of {report['environment']}"
    sections = [
        ("coverage", "What is watched", _coverage(report)),
        ("objectives", "Objectives and error budgets", _objectives(report, plotted)),
        ("incidents", "What is wrong now", _incidents(report)),
        ("cost", "Cost", _cost(report, plotted)),
        ("drift", "Drift", _drift(report)),
        ("drill", "The last drill", _drill(report)),
    ]
    links = "".join(f'<li><a href="#{key}">{text(heading)}</a></li>' for key, heading, _body in sections)
    parts = [
        f"<h1>{text(title)}</h1>",
        f'<p class="quiet">As it was on {_moment(report["made_at"])}.</p>',
        _facts(report),
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>',
        *(
            f'<section aria-labelledby="{key}"><h2 id="{key}">{text(heading)}</h2>{body}</section>'
            for key, heading, body in sections
        ),
    ]
    return document(title, parts, _STYLE)


def _moment(iso: str) -> str:
    """2026-11-27T06:31:04+00:00 as people read it."""
    day, _t, rest = iso.partition("T")
    zone = "UTC" if rest.endswith(("+00:00", "Z")) else rest[8:].partition(".")[0]
    return text(f"{day} {rest[:5]} {zone}".strip() if rest else iso)


def _facts(report: Report) -> str:
    """The figures that matter, first."""
    found, cost = report["coverage"], report["cost"]
    used = [one for one in report["objectives"] if one["used"] is not None]
    over = sum(one["used"] > 1 for one in used)
    facts = [
        ("Watched", f"{found['percent']:g} %", f"{found['watched']} of {found['wanted']} signals"),
        ("Services", f"{len(found['services']):,}", ""),
        (
            "Budgets used up",
            f"{over} of {len(used)}" if used else "–",
            "in 30 days" if used else "nothing is measured yet",
        ),
        ("Wrong now", f"{len(report['incidents'])}", _severities(report["incidents"])),
    ]
    if cost:
        limit = f"of {cost['budget']:,.2f} {cost['currency']}" if cost["budget"] is not None else cost["currency"]
        facts.append(("Cost a month", f"{cost['monthly']:,.2f}", limit))
    if report["drift"]:
        facts.append(("Drift", str(report["drift"]["count"]), "to change"))
    cells = "".join(
        f"<div><dt>{text(term)}</dt><dd>{text(value)}{f'<small>{text(below)}</small>' if below else ''}</dd></div>"
        for term, value, below in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def _severities(found: Sequence[Report]) -> str:
    critical = sum(one["severity"] == "critical" for one in found)
    return f"{critical} critical" if found else "nothing"


# -- coverage ---------------------------------------------------------------------------------------------------------


def _coverage(report: Report) -> str:
    found = report["coverage"]
    legend = ", ".join(f'<span class="{kind}">{sign}</span> {text(state)}' for state, (sign, kind) in _SIGNS.items())
    rows = [
        [
            text(service["name"]),
            f"{service['percent']:g} %",
            *(_cell(service["signals"][key]) for key in TITLES),
        ]
        for service in found["services"]
    ]
    lines = [_additions(service) for service in found["services"]]
    return (
        f"<p>{legend}. Percent is of what could be watched and is not switched off.</p>"
        f"{raw_table('Services and signals', ['Service', 'Watched', *TITLES.values()], rows, 'matrix')}"
        f"{''.join(['<h3>What would add the rest</h3>', *filter(None, lines)]) if any(lines) else ''}"
    )


def _cell(cell: Report) -> str:
    sign, kind = _SIGNS[cell["state"]]
    told = f"{cell['state']}: {cell['by']}" if cell["by"] else cell["state"]
    seen = f'<span class="{kind}" title="{text(told)}" aria-hidden="true">{sign}</span>'
    return f'{seen}<span class="heard">{text(told)}</span>'


def _additions(service: Report) -> str:
    """The lines of the catalogue that a service lacks, equal ones once, and what else is not there."""
    lacking: dict[str, list[tuple[str, str]]] = {}
    for key, cell in service["signals"].items():
        if cell["state"] == MISSING:
            lacking.setdefault(cell["add"], []).append((TITLES[key], cell["by"]))
    if not lacking and not service["notes"]:
        return ""
    items = "".join(
        f"<dt>{text(', '.join(title for title, _by in cells))}</dt>"
        f"<dd>{text('; '.join(dict.fromkeys(by for _title, by in cells)))}<pre><code>{text(add)}</code></pre></dd>"
        for add, cells in lacking.items()
    )
    notes = "".join(f"<li>It {text(note)}</li>" for note in service["notes"])
    count = sum(map(len, lacking.values()))
    what = f"{count} missing" if count else "remarks"
    return (
        f"<details><summary>{text(service['name'])}: {what}</summary>"
        f'{f"""<dl class="lines">{items}</dl>""" if items else ""}{f"<ul>{notes}</ul>" if notes else ""}</details>'
    )


# -- objectives -------------------------------------------------------------------------------------------------------


def _objectives(report: Report, plotted: bool) -> str:
    found = report["objectives"]
    if not found:
        return "<p>No service has an objective. The line that adds one: <code>objective: 99.9</code></p>"
    rows = []
    for one in found:
        requests, checks = one["requests"], one["checks"]
        rows.append(
            [
                one["name"],
                f"{one['objective']:g} %",
                _share(one["used"]),
                _kept(requests["availability"]) if requests else "–",
                f"{requests['failed']:,.0f} of {requests['total']:,.0f}" if requests else "–",
                _kept(checks["availability"]) if checks else "–",
                f"{checks['used_minutes']:,.1f} of {checks['allowed_minutes']:,.1f}"
                if checks and checks["used_minutes"] is not None
                else "–",
            ]
        )
    heads = ["Service", "Objective", "Budget used", "Requests well", "Failed requests", "Checks up", "Minutes down"]
    drawn = ""
    measured = [(one["name"], one["used"]) for one in found if one["used"] is not None]
    if plotted and measured:
        # A day alone is no line.
        days = [(one["name"], one["requests"]["days"]) for one in found if one["requests"]]
        days = [line for line in days if len(line[1]) > 1]
        drawn = plots.bars(
            "budgets", [(name, 100 * used) for name, used in measured], "Error budgets used in 30 days",
            "% of the budget", 100,
        )  # fmt: skip
        if days:
            drawn += plots.burn(days, "How error budgets were used up, by requests; the dashed line is all of it")
    return (
        "<p>Two witnesses: requests, as the load balancer counts them (from CloudWatch), and checks, as Uptime Kuma "
        "makes them. The budget is what the objective lets go wrong in 30 days; used is the worse of both.</p>"
        f"{drawn}{table('Objectives of 30 days', heads, rows)}"
    )


def _share(used: float | None) -> str:
    if used is None:
        return "nothing measured"
    return "over 9,999 %" if used > 99.99 else f"{100 * used:,.0f} %"


def _kept(availability: float | None) -> str:
    """Cut, never rounded up: 99.9996 is not 100."""
    return "–" if availability is None else f"{int(availability * 1000 + 1e-6) / 1000:.3f} %"


# -- now --------------------------------------------------------------------------------------------------------------


def _incidents(report: Report) -> str:
    found = report["incidents"]
    rows = [
        [
            text(one["service"] or "–"),
            text(" ".join(filter(None, (one["kind"], one["resource"])))),
            f'<span class="{"no" if one["severity"] == "critical" else "quiet"}">{text(one["severity"])}</span>',
            _moment(one["since"]) if one["since"] else "–",
            text(one["reason"]),
            link(one["runbook"], "Runbook") if one["runbook"] else "–",
            text(one["source"]),
        ]
        for one in found
    ]
    heads = ["Service", "What", "Severity", "Since", "Why", "Runbook", "Says who"]
    parts = [raw_table("Open incidents", heads, rows) if rows else "<p>Nothing.</p>"]
    alarms = report["alarms"]
    if alarms is None:
        parts.append("<p>No account was looked at, so nothing is known of alarms.</p>")
    else:
        states = alarms["states"]
        parts.append(
            f"<p>{alarms['total']:,} alarms: {states['OK']:,} OK, {states['ALARM']:,} on, "
            f"{states['INSUFFICIENT_DATA']:,} without data.</p>"
        )
        if alarms["silent"]:
            names = "".join(f"<li>{text(name)}</li>" for name in alarms["silent"])
            parts.append(
                f"<details><summary>{number(len(alarms['silent']), 'alarm')} that "
                f"{'tells' if len(alarms['silent']) == 1 else 'tell'} nobody</summary><ul>{names}</ul></details>"
            )
    return "".join(parts)


def _cost(report: Report, plotted: bool) -> str:
    cost = report["cost"]
    if not cost:
        return "<p>Nothing was counted: the environment has no account.</p>"
    limit, currency = cost["budget"], cost["currency"]
    said = f"{cost['monthly']:,.2f} {currency} a month at list prices of {cost['prices']['date']}"
    if limit is not None:
        said += f", of a budget of {limit:,.2f}" + (" that it exceeds" if cost["monthly"] > limit else "")
    drawn = ""
    if plotted:
        phases = [(one["title"], one["monthly"]) for one in cost["phases"]]
        services = [(one["name"], one["monthly"]) for one in cost["services"]]
        if phases:
            drawn += plots.bars("phases", phases, "Cost a month by phase", currency)
        if services:
            drawn += plots.bars("services", services, "Cost a month by service", currency)
    rows = [[one["title"], f"{one['quantity']:,.6g}", f"{one['monthly']:,.2f}"] for one in cost["lines"]]
    return f"<p>{text(said)}.</p>{drawn}{table('Items', ['Item', 'Quantity', f'{currency} a month'], rows)}"


def _drift(report: Report) -> str:
    drift = report["drift"]
    if drift is None:
        return "<p>Was not looked at.</p>"
    rows = [
        [kind["what"], *("; ".join(kind[key]) or "–" for key in ("created", "updated", "deleted"))]
        for kind in drift["kinds"]
        if kind["count"]
    ]
    looked = ", ".join(kind["what"] for kind in drift["kinds"])
    if not rows:
        return f"<p>All is as declared. Looked at: {text(looked) or 'nothing'}.</p>"
    heads = ["What", "To create", "To update", "To delete"]
    return f"{table('What a run would change', heads, rows)}<p>Looked at: {text(looked)}.</p>"


def _drill(report: Report) -> str:
    drill = report["drill"]
    if not drill:
        return "<p>None is known of. <code>ansible-playbook playbooks/drill.yml</code> holds one.</p>"
    rows = [
        [
            path["path"],
            "arrived" if path["arrived"] else "lost",
            f"{path['seconds']:.1f} s" if path["arrived"] else path["link"],
            path.get("error") or "–",
        ]
        for path in drill["paths"]
    ]
    return (
        f"<p>{_moment(drill['at'])}: {text(drill['msg'])}.</p>"
        f"{table('Paths of the drill', ['Path', 'Test alert', 'After, or where', 'Why'], rows)}"
    )
