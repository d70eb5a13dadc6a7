# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chat space's page in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

WIDTHS = [360, 768, 1280]

DOWN = {
    "fallbackText": "🔴 api went down",
    "thread": {"threadKey": "api"},
    "cardsV2": [
        {
            "cardId": "c",
            "card": {
                "header": {"title": "🔴 api went down", "subtitle": "production · payments"},
                "sections": [
                    {
                        "header": "What happened",
                        "widgets": [
                            {
                                "decoratedText": {
                                    "startIcon": {"materialIcon": {"name": "error"}},
                                    "topLabel": "Message",
                                    "text": "<b>503</b> Service Unavailable",
                                    "bottomLabel": "since 10:02 UTC",
                                    "button": {
                                        "text": "Runbook",
                                        "onClick": {"openLink": {"url": "https://a.example"}},
                                    },
                                }
                            },
                            {
                                "columns": {
                                    "columnItems": [
                                        {"widgets": [{"textParagraph": {"text": "left"}}]},
                                        {"widgets": [{"textParagraph": {"text": "right"}}]},
                                    ]
                                }
                            },
                            {"divider": {}},
                            {
                                "grid": {
                                    "columnCount": 3,
                                    "items": [{"title": str(n), "subtitle": "cell"} for n in range(6)],
                                }
                            },
                            {"textParagraph": {"text": "https://a.example/" + "very-long-path-" * 30}},
                        ],
                    },
                    {
                        "header": "More",
                        "collapsible": True,
                        "uncollapsibleWidgetsCount": 1,
                        "widgets": [
                            {"textParagraph": {"text": "always there"}},
                            {"textParagraph": {"text": "folded away"}},
                        ],
                    },
                    {
                        "widgets": [
                            {
                                "buttonList": {
                                    "buttons": [
                                        {
                                            "text": "Open",
                                            "onClick": {"openLink": {"url": "https://a.example/open"}},
                                            "color": {"red": 0.85, "green": 0.19, "blue": 0.15},
                                        },
                                        {"text": "Acknowledge", "onClick": {"action": {"function": "ack"}}},
                                    ]
                                }
                            }
                        ]
                    },
                ],
            },
        }
    ],
}


class Looks:
    """A page and what went wrong on it."""

    def __init__(self, browser: Any, chat: Any, width: int = 1280, **options: Any) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 800}, **options)
        self.wrong: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self.hear)
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        # Nothing outside this machine is asked for.
        self.page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        self.page.goto(chat.base + "/")
        self.page.wait_for_selector("#live[data-state=live]")

    def hear(self, message: Any) -> None:
        if message.type == "error" and "net::ERR_FAILED" not in message.text:
            self.wrong.append(message.text)

    def gone(self) -> None:
        self.page.close()
        assert self.wrong == []
        assert self.dialogs == []


@pytest.fixture
def look(browser: Any, chat: Any) -> Iterator[Callable[..., Any]]:
    """Open the page; what the browser complains of fails the test at its end."""
    opened: list[Looks] = []

    def open_page(width: int = 1280, **options: Any) -> Any:
        opened.append(Looks(browser, chat, width, **options))
        return opened[-1].page

    yield open_page
    for one in opened:
        one.gone()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everything_fits_and_is_named(chat: Any, look: Any, width: int, scheme: str) -> None:
    chat.reply(DOWN)
    chat.reply({"text": "back *online*", "thread": {"threadKey": "api"}})
    page = look(width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    sideways = page.evaluate(
        "[...document.querySelectorAll('.card *')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth"
        " && getComputedStyle(e).display !== 'inline').map(e => e.className)"
    )
    assert sideways == []
    assert page.get_by_role("heading", name="Alerts").is_visible()
    assert page.get_by_text("Stand-in of Google Chat").is_visible()
    assert page.get_by_role("link", name="Open", exact=True).get_attribute("href") == "https://a.example/open"
    assert page.get_by_role("link", name="Runbook").is_visible()
    assert page.get_by_role("button", name="Acknowledge").is_disabled()
    assert page.get_by_role("group", name="🔴 api went down").is_visible()
    assert page.get_by_role("log", name="Messages").is_visible()
    nameless = page.evaluate(
        "[...document.querySelectorAll('a, button, summary')].filter(e => !e.closest('[hidden]') &&"
        " !(e.getAttribute('aria-label') || e.innerText || '').trim()).map(e => e.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(chat: Any, look: Any, scheme: str) -> None:
    """Contrast of all text of at least 4.5 to 1 (WCAG 2.2, 1.4.3), but for what is disabled."""
    chat.reply(DOWN)
    chat.reply({"text": "plain `code` <https://a.example|link>\n> quote", "thread": {"threadKey": "api"}})
    page = look(color_scheme=scheme)
    poor = page.evaluate("""() => {
      const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
      const light = (c) => c.slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (e) => { for (; e; e = e.parentElement) {
        const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; }
        return [255, 255, 255]; };
      const out = [];
      for (const e of document.querySelectorAll('body *')) {
        if (!e.checkVisibility() || e.closest('.emoji, :disabled, .skip')) continue;
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) out.push(`${e.className || e.tagName}: ${ratio.toFixed(2)}`);
      }
      return out;
    }""")
    assert poor == []


def test_a_message_appears_by_itself_and_leaves_what_is_open(chat: Any, look: Any) -> None:
    page = look()
    assert page.get_by_text("No message yet").is_visible()
    chat.reply(DOWN)
    page.get_by_role("group", name="🔴 api went down").wait_for()
    assert page.get_by_text("No message yet").count() == 0
    assert not page.get_by_text("folded away").is_visible()
    page.get_by_text("Show 1 more").click()
    assert page.get_by_text("folded away").is_visible()
    # A reply redraws this very thread, a new thread does not touch it: either way it stays open.
    chat.reply({"text": "first reply", "thread": {"threadKey": "api"}})
    page.get_by_text("first reply").wait_for()
    assert page.get_by_text("1 reply in thread api").is_visible()
    chat.post({"text": "another thread"})
    page.get_by_text("another thread").wait_for()
    assert page.get_by_text("folded away").is_visible()
    assert page.locator(".thread").count() == 2
    assert page.locator(".thread").first.locator(".message").count() == 2


def test_the_page_follows_the_end_only_for_who_reads_the_end(chat: Any, look: Any, until: Any) -> None:
    for number in range(30):
        chat.post({"text": f"message {number}"})
    page = look()
    at_end = "window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80"
    until(lambda: page.evaluate(at_end), what="being at the end")
    chat.post({"text": "at the end"})
    page.get_by_text("at the end").wait_for()
    until(lambda: page.evaluate(at_end), what="being at the end")
    page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
    until(lambda: page.evaluate("window.scrollY === 0"))
    chat.post({"text": "while reading above"})
    button = page.get_by_role("button", name="New messages below")
    button.wait_for()
    assert page.evaluate("window.scrollY") == 0
    button.click()
    until(lambda: page.evaluate(at_end), what="being at the end")
    button.wait_for(state="hidden")


def test_the_page_finds_the_server_again(browser: Any, serve_chat: Any) -> None:
    chat = serve_chat()
    chat.post({"text": "before"})
    page = Looks(browser, chat).page
    serve_chat.stop()
    page.wait_for_selector("#live[data-state=lost]")
    chat = serve_chat(port=int(chat.base.rpartition(":")[2]))
    chat.post({"text": "after the restart"})
    page.get_by_text("after the restart").wait_for(timeout=20_000)
    page.wait_for_selector("#live[data-state=live]")
    assert page.get_by_text("before").is_visible()
    page.close()


def test_spaces_are_kept_apart(chat: Any, look: Any) -> None:
    chat.post({"text": "an alert"})
    chat.post({"text": "a report"}, space="spaces/AAQAother45", token="other-token")
    page = look()
    assert page.get_by_text("an alert").is_visible()
    assert page.get_by_text("a report").count() == 0
    page.get_by_role("navigation", name="Spaces").get_by_role("link", name="Reports").click()
    page.get_by_role("heading", name="Reports").wait_for()
    assert page.get_by_text("a report").is_visible()
    assert page.get_by_text("an alert").count() == 0


def test_the_limit_of_widgets_is_said(chat: Any, look: Any) -> None:
    widgets = [{"textParagraph": {"text": f"widget-{number}."}} for number in range(102)]
    chat.post({"cardsV2": [{"card": {"sections": [{"widgets": widgets}]}}]})
    page = look()
    assert page.get_by_text("widget-99.", exact=True).count() == 1
    assert page.get_by_text("widget-100.", exact=True).count() == 0
    assert page.get_by_text("2 widgets beyond Google's limit of 100 a card: not shown.").is_visible()


EVIL = [
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "</title></style></textarea><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "javascript:window.pwned=1",
    "<a href='javascript:window.pwned=1'>click</a>",
    "{{conversation}}",
    '<https://a.example"onclick="window.pwned=1|x>',
    "`<img src=x onerror=window.pwned=1>`",
    "```<script>window.pwned=1</script>```",
    "<b onclick=window.pwned=1>bold</b>",
    "\ue0000\ue001",
]


def test_nothing_in_a_message_runs(chat: Any, look: Any) -> None:
    for evil in EVIL:
        chat.now[0] += 1
        link = {"openLink": {"url": evil}}
        answer = chat.reply(
            {
                "text": evil,
                "thread": {"threadKey": evil},
                "fallbackText": evil,
                "cardsV2": [
                    {
                        "cardId": evil,
                        "card": {
                            "name": evil,
                            "header": {"title": evil, "subtitle": evil, "imageUrl": evil, "imageAltText": evil},
                            "sections": [
                                {
                                    "header": evil,
                                    "collapsible": True,
                                    "widgets": [
                                        {"textParagraph": {"text": evil}},
                                        {"textParagraph": {"text": evil, "textSyntax": "MARKDOWN"}},
                                        {
                                            "decoratedText": {
                                                "topLabel": evil,
                                                "text": evil,
                                                "bottomLabel": evil,
                                                "onClick": link,
                                                "startIcon": {"knownIcon": evil, "altText": evil},
                                                "button": {"text": evil, "altText": evil, "onClick": link},
                                            }
                                        },
                                        {"image": {"imageUrl": evil, "altText": evil, "onClick": link}},
                                        {"image": {"imageUrl": f"https://a.example/{evil}", "altText": evil}},
                                        {
                                            "grid": {
                                                "title": evil,
                                                "items": [{"id": evil, "title": evil, "image": {"imageUri": evil}}],
                                            }
                                        },
                                        {"chipList": {"chips": [{"label": evil, "onClick": link}]}},
                                        {"buttonList": {"buttons": [{"text": evil, "onClick": link}]}},
                                    ],
                                }
                            ],
                        },
                    }
                ],
            }
        )
        assert answer.status == 200, answer.body
        assert chat.reply({"text": evil, "thread": {"threadKey": evil}}).status == 200
    page = look()
    chat.now[0] += 70
    chat.post({"text": "drawn live: " + EVIL[1]})
    page.get_by_text("drawn live").wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is None
    assert page.locator("iframe, main script, main style, [onclick], [onerror], [onload]").count() == 0
    targets = page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.protocol)")
    assert set(targets) <= {"http:", "https:"}
    # What was sent is there to be read, as text.
    assert page.get_by_text("<script>window.pwned = 1</script>").first.is_visible()
    assert page.locator("article").count() == len(EVIL) * 2 + 1


def test_should_escaping_ever_fail_the_page_still_runs_nothing(browser: Any, chat: Any) -> None:
    policy = chat.call("GET", chat.base + "/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    looks = Looks(browser, chat)
    looks.page.evaluate("""() => {
      const hole = document.createElement('div');
      hole.innerHTML = "<img src='/page/nothing' onerror='window.pwned = 1'>";
      document.body.append(hole);
    }""")
    looks.page.wait_for_timeout(300)
    assert looks.page.evaluate("window.pwned") is None
    assert any("Content Security Policy" in complaint for complaint in looks.wrong)
    looks.page.close()


def test_the_page_works_without_script(chat: Any, browser: Any) -> None:
    chat.reply(DOWN)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(chat.base + "/")
    assert page.get_by_role("group", name="🔴 api went down").is_visible()
    page.get_by_text("Show 1 more").click()
    assert page.get_by_text("folded away").is_visible()
    context.close()
