# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report put together, as a page and as a card, hostile and many names among it."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat.limits import check, size
from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.assemble import drift, incidents
from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.card import card, thread
from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.page import page
from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.plots import bars

from .samples import BARE, FOUND, HOSTILE, RUNBOOK, WHOLE, made


class Reader(HTMLParser):
    """What a browser sees: elements in order, ids, text outside of scripts, where names lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.seen: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.seen).split())


@pytest.fixture(scope="module")
def html() -> str:
    return page(made())


def test_it_needs_no_network_and_runs_no_script(html: str) -> None:
    found = Reader(html)
    assert {tag for tag, _attributes in found.elements} & {"script", "link", "img", "iframe", "object"} == set()
    outside = [
        value
        for tag, attributes in found.elements
        if tag != "a"
        for name, value in attributes.items()
        if value and value.startswith("http") and not name.startswith("xmlns")
    ]
    assert outside == []
    assert "@import" not in html
    assert re.findall(r"url\((?!#)", html) == []


def test_hostile_names_are_text(html: str) -> None:
    assert HOSTILE.replace("/", "-") in Reader(html).text
    assert HOSTILE in Reader(html).text
    assert "<script" not in html
    assert "<b>redeploy" not in html


def test_ids_are_unique_and_all_that_is_referred_to_is_there(html: str) -> None:
    found = Reader(html)
    ids = [attributes["id"] for _tag, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {name for _tag, attributes in found.elements for name in (attributes.get("aria-labelledby") or "").split()}
    linked = {
        (value or "")[1:]
        for _tag, attributes in found.elements
        for name, value in attributes.items()
        if name in ("href", "xlink:href") and (value or "").startswith("#")
    }
    assert named | linked | set(re.findall(r"url\(#([^)]+)\)", html)) <= set(ids)


def test_every_plot_has_a_name_and_says_its_numbers(html: str) -> None:
    plots = [attributes for tag, attributes in Reader(html).elements if tag == "svg"]
    # Budgets, their burn, phases, services; each for phones and for all else.
    assert len(plots) == 8
    assert all(plot["role"] == "img" and plot["aria-labelledby"] for plot in plots)
    assert "api 1,000" in re.findall(r'<desc id="budgets-broad-told">([^<]*)', html)[0]


def test_great_numbers_in_plots_have_no_exponent() -> None:
    html = bars("b", [("api", 35_786.03), ("shop", 999.96), ("queue", 36.4)], "Used", "%", limit=100)
    assert "api 35,786, shop 1000, queue 36.4." in html
    assert "e+0" not in Reader(html).text


def test_figures_are_there(html: str) -> None:
    seen = Reader(html).text
    for told in (
        "Wrong now 2",
        "31.60",
        "of a budget of 30.00 that it exceeds",
        "3 of 1,000",
        "432.0 of 43.2",
        "4 alarms: 1 OK, 3 on, 0 without data",
        "1 alarm that tells nobody",
        "4 of 5 paths arrived",
        "runbook: https://WIKI/PAGE",
    ):
        assert told in seen, told


def test_without_account_server_drill_and_drift_it_says_so() -> None:
    bare = dict.fromkeys(FOUND)
    html = page(made({**BARE}, **bare))
    for told in (
        "No account was looked at",
        "Nothing was counted",
        "Was not looked at",
        "None is known of",
        "objective: 99.9",
    ):
        assert told in html, told


def test_without_the_library_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(KumawatchError) as caught:
        page(made())
    assert str(caught.value) == (
        "The report's plots need the Python library matplotlib; install it with pip, or set report_plots to false."
    )
    assert "<svg" not in page(made(), plotted=False)


def test_what_is_wrong_is_told_once_worst_first() -> None:
    found = incidents(FOUND["alarm_states"], FOUND["uptimes"])
    assert [(one["service"], one["kind"], one["severity"], one["source"]) for one in found] == [
        ("api", "health", "critical", "Uptime Kuma"),
        ("api", "cpu", "critical", "CloudWatch"),
    ]
    # It began with the warning.
    assert (found[1]["since"], found[1]["runbook"]) == ("2026-11-27T06:00:00+00:00", RUNBOOK)


def test_drift_counts_what_a_run_would_do() -> None:
    found = drift(FOUND["drift"])
    assert found["count"] == 2
    assert [(kind["what"], kind["count"]) for kind in found["kinds"]] == [("monitors", 2), ("alarms", 0)]
    assert found["kinds"][0]["deleted"] == ["old"]
    # A module that returns no names still says whether it would change something.
    assert drift([{"what": "x", "result": {"changed": True}}])["count"] == 1


def test_it_is_json() -> None:
    found = made()
    assert json.loads(json.dumps(found)) == found
    assert found["version"] == 1


def test_the_card_says_all_in_a_few_lines() -> None:
    found = made()
    message = card(found, "https://reports.example.com/")
    check(message)
    (widget, *_rest) = message["cardsV2"][0]["card"]["sections"][0]["widgets"]
    assert widget["decoratedText"]["topLabel"] == "Coverage"
    told = json.dumps(message, ensure_ascii=False)
    for part in ("1 of 1 used up", "2 incidents", "31.60 of 30.00 USD", "2 to change", "4 of 5 paths arrived"):
        assert part in told, part
    assert thread(found) == "kumawatch-report-production-2026-11-27"


def test_a_thousand_services_are_one_card_and_one_page() -> None:
    services = [{**WHOLE, "name": f"service-{number:04}", "objective": 99.9} for number in range(1000)]
    found = made(*services)
    assert size(card(found)) < 4000
    html = page(found)
    assert Reader(html).elements.count(("th", {"scope": "row"})) >= 2000
