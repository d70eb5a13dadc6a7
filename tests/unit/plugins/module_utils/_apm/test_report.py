# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of the evaluation, in Markdown and HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import report
from tests.unit.plugins.module_utils._apm.examples import PROOF, TRIAL, candidate, evaluated

_VOID = {"meta", "br", "img", "link", "input"}


class _Reader(HTMLParser):
    """Checks that tags close in order, and keeps what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        if tag in ("script", "link", "img", "iframe", "object"):
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


def test_the_page_is_whole_and_fetches_nothing() -> None:
    text = report.page(evaluated(TRIAL))
    reader = read(text)
    assert reader.fetched == []
    assert not re.search(r"url\(|@import|srcset", text)
    assert re.findall(r'<html lang="en">', text) and "viewport" in text


def test_both_say_the_conclusion_the_scores_and_the_cost() -> None:
    result = evaluated(TRIAL)
    page = " ".join("".join(read(report.page(result)).text).split())
    markdown = report.markdown(result)
    for text in (page, markdown):
        assert result["conclusion"] in text
        for entry in result["candidates"]:
            assert entry["title"] in text
            assert f"{entry['total']:.2f}" in text
            assert report.money(entry["cost"]["monthly"]) in text
        assert "+2.50 %" in text  # the overhead of the trial
        assert "requests_per_minute".replace("_", " ") in text  # what was assumed


def test_every_proof_is_there_with_its_source_and_date() -> None:
    result = evaluated(candidates={"ours": candidate()})
    markdown, page = report.markdown(result), report.page(result)
    for entry in result["candidates"]:
        for _what, _level, proof, _computed in report.proof_rows(entry):
            assert f"{proof['source']} ({proof['date']})" in markdown
            assert proof["source"].replace("&", "&amp;") in page


def test_what_an_inventory_says_is_text_and_no_markup() -> None:
    evil: dict[str, Any] = candidate(title="<script>alert(1)</script> | x")
    evil["aspects"]["features"]["rum"] = {
        "level": "yes",
        "evidence": {**PROOF, "source": "javascript:alert(1)", "text": "a | b\nc <img src=x>"},
    }
    result = evaluated(candidates={"evil": evil}, compare=["evil"])
    page = report.page(result)
    assert read(page).fetched == []
    assert 'href="javascript:' not in page
    markdown = report.markdown(result)
    assert "<script>" not in markdown and "<img" not in markdown
    for line in markdown.splitlines():
        if line.startswith("|"):  # Every row has as many cells as its table's head.
            assert line.endswith("|")
    assert "a \\| b c &lt;img src=x>" in markdown


def test_a_table_has_the_same_number_of_cells_in_each_row() -> None:
    columns = 0
    for line in report.markdown(evaluated(TRIAL)).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if not line.startswith("|"):
            columns = 0
        elif columns:
            assert cells == columns, line
        else:
            columns = cells


def test_without_anybody_left_it_still_says_why() -> None:
    result = evaluated(gates=[{"monthly_cost": 0}])
    assert "No candidate passes all gates" in report.markdown(result)
    assert "shut out" in report.markdown(result)
    read(report.page(result))
