# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's page in a real Chromium without a network: on a phone, a tablet, a screen, light, dark, on paper."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._report.page import page
from tests.unit.plugins.module_utils._report.samples import BARE, WHOLE, made

WIDTHS = (360, 768, 1280)

#: Ratios of contrast of every text with what is behind it, those below WCAG's 4.5.
FAINT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
                          return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = node => { for (; node instanceof Element; node = node.parentNode) {
    const color = rgba(getComputedStyle(node).backgroundColor); if (color[3] === 255) return color; }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255]; };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.getClientRects().length) continue;
    if (node.closest('desc, title, style')) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(rgba(node.closest('svg') ? style.fill : style.color)), light(behind(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push([walker.currentNode.data.trim().slice(0, 40), ratio]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with something of everything, hostile names and long ones among it."""
    long = {**WHOLE, "name": "a-service-whose-name-" + "goes-on-and-" * 12 + "on", "objective": 99.9}
    services = [{**WHOLE, "objective": 99.9}, BARE | {"name": "ä<script>window.hurt = 1</script>"}, long]
    services += [{**WHOLE, "name": f"service-{number:02}", "objective": 99} for number in range(30)]
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page(made(*services)), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(params=[(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], ids=str)
def opened(browser: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    shown = context.new_page()
    shown.problems = []
    shown.on("console", lambda message: shown.problems.append(message.text))
    shown.on("pageerror", lambda error: shown.problems.append(str(error)))
    shown.on("request", lambda asked: asked.url != address and shown.problems.append(asked.url))
    shown.goto(address)
    yield shown
    context.close()


def test_nothing_is_wider_than_the_page_and_nothing_is_asked_for(opened: Any) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.problems == []
    assert opened.evaluate("window.hurt") is None


def test_every_text_stands_out_from_what_is_behind_it(opened: Any) -> None:
    opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert opened.evaluate(FAINT) == []


def test_one_plot_of_each_is_shown_with_its_name_and_its_texts_are_legible(opened: Any) -> None:
    plots = opened.get_by_role("img").all()
    shown = [plot for plot in plots if plot.is_visible()]
    assert [plot.evaluate("one => one.querySelector('title').textContent") for plot in shown] == [
        "Error budgets used in 30 days",
        "How error budgets were used up, by requests; the dashed line is all of it",
        "Cost a month by phase",
        "Cost a month by service",
    ]
    # Scaled down to a phone, a plot made for a screen would not be legible.
    sizes = [
        plot.evaluate(
            "one => Math.min(...[...one.querySelectorAll('text')].map(t => t.getBoundingClientRect().height))"
        )
        for plot in shown
    ]
    assert min(sizes) >= 8, sizes


def test_it_can_be_walked_by_headings_and_keys(opened: Any) -> None:
    levels = opened.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for name in ("Services and signals", "Objectives of 30 days", "Open incidents"):
        assert opened.get_by_role("region", name=name).get_attribute("tabindex") == "0"
    # What an eye sees as a sign is a word for who hears it.
    row = opened.get_by_role("row").filter(has=opened.get_by_role("rowheader", name="service-00", exact=True)).first
    assert "missing: no instance of it was found" in row.inner_text()


def test_on_paper_all_is_there(browser: Any, address: str, tmp_path: Path) -> None:
    shown = browser.new_page()
    shown.goto(address)
    shown.emulate_media(media="print")
    assert shown.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert shown.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "visible"
    assert shown.get_by_text("runbook: https://WIKI/PAGE").first.is_visible()
    file = tmp_path / "report.pdf"
    shown.pdf(path=str(file), prefer_css_page_size=True)
    assert file.read_bytes().startswith(b"%PDF-")
    shown.close()
