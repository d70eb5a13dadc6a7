# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes HTML, and that nothing else can: formatting and cards as pure functions."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.chat import render, text
from lab.chat.icons import DRAWINGS, NAMES, icon_name, svg
from lab.chat.store import Entry

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("*bold* _italic_ ~gone~ `code`", "<strong>bold</strong> <em>italic</em> <s>gone</s> <code>code</code>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("* not bold *", "<ul><li>not bold *</li></ul>"),
        ("`*code*`", "<code>*code*</code>"),
        ("```\na *b*\n<i>\n```\nafter", "<pre>a *b*\n&lt;i&gt;</pre>after"),
        ("one\ntwo", "one<br>two"),
        ("- a\n- b\nc", "<ul><li>a</li><li>b</li></ul>c"),
        ("> a\n> b", "<blockquote>a<br>b</blockquote>"),
        (
            "<https://a.example/x?y=1&z=2|the *plan*>",
            f'<a href="https://a.example/x?y=1&amp;z=2" {LINK}>the *plan*</a>',
        ),
        ("see https://a.example/x.", f'see <a href="https://a.example/x" {LINK}>https://a.example/x</a>.'),
        (
            "*see https://a.example/a_b_c*",
            f'<strong>see <a href="https://a.example/a_b_c" {LINK}>https://a.example/a_b_c</a></strong>',
        ),
        ("<users/all>", '<span class="mention">@all</span>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ('<script>alert("1")</script>', '&lt;script&gt;alert("1")&lt;/script&gt;'),
        ("🔴 down ⚠️", '<span class="emoji circle red">🔴</span> down <span class="emoji warning">⚠️</span>'),
        ("", ""),
    ],
)
def test_text_of_a_message(given: str, shown: str) -> None:
    assert text.chat(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            "<b>Bold</b> <i>i</i> <u>u</u> <s>s</s> <code>c</code>",
            "<strong>Bold</strong> <em>i</em> <u>u</u> <s>s</s> <code>c</code>",
        ),
        ("line\nnext<br>last<br/>", "line<br>next<br>last<br>"),
        ('<font color="#d93025">red</font>', '<font color="#d93025">red</font>'),
        ('<font color="red;background:url(x)">no</font>', "no"),
        ('<a href="https://a.example/?a=1&amp;b=2">x</a>', f'<a href="https://a.example/?a=1&amp;b=2" {LINK}>x</a>'),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a href=" javascript:alert(1)">x</a>', "x"),
        ('<a href="data:text/html,x">x</a>', "x"),
        ('<b onclick="alert(1)" style="x">b</b>', "<strong>b</strong>"),
        ("<img src=x onerror=alert(1)>text", "text"),
        ("<script>alert(1)</script>after", "after"),
        ("<b>open <i>both", "<strong>open <em>both</em></strong>"),
        ("<b>a</i></b>", "<strong>a</strong>"),
        ("<b><i>a</b>c</i>", "<strong><em>a</em></strong>c"),
        ("a < b && c > d &lt;x&gt;", "a &lt; b &amp;&amp; c &gt; d &lt;x&gt;"),
        ("<ul><li>a</li></ul>", "<ul><li>a</li></ul>"),
    ],
)
def test_text_of_a_card(given: str, shown: str) -> None:
    assert text.card(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("**b** *i* ~~s~~ `c`", "<strong>b</strong> <em>i</em> <s>s</s> <code>c</code>"),
        ("[x](https://a.example)", f'<a href="https://a.example" {LINK}>x</a>'),
        ("[x](javascript:alert)", "x"),
    ],
)
def test_markdown_of_a_card(given: str, shown: str) -> None:
    assert text.markdown(given) == shown


# -- nothing but what is listed comes out, whatever goes in


class Audit(HTMLParser):
    """Fails at a tag, an attribute or an address that no message may bring, and at bad nesting."""

    TAGS = {"strong", "em", "s", "u", "code", "pre", "br", "ul", "ol", "li", "blockquote", "a", "span", "font", "time"}
    ATTRIBUTES = {"href", "target", "rel", "class", "color"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.TAGS, tag
        for name, value in attrs:
            assert name in self.ATTRIBUTES, name
            if name == "href":
                assert str(value).lower().startswith(("http://", "https://", "mailto:", "tel:")), value
            if name == "color":
                assert text.COLOR.match(str(value))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def audit(markup: str) -> None:
    parser = Audit()
    parser.feed(markup)
    parser.close()
    assert parser.open == []


PIECES = st.sampled_from(
    [
        "<",
        ">",
        "&",
        '"',
        "'",
        "<b>",
        "</b>",
        "<a href=",
        "https://x.y",
        "javascript:",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<![CDATA[",
        "*",
        "_",
        "~",
        "`",
        "```",
        "\n",
        "|",
        "<https://x|",
        "onerror=",
        "<img src=x ",
        "<svg/onload=",
        "<font color=",
        "#fff",
        "\ue000",
        "0\ue001",
        "[x](",
        ")",
        "> ",
        "- ",
        "🔴",
        "\x00",
        "<br",
        "/>",
        "<style>",
        "a",
    ]
)
ANYTHING = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=400, deadline=None)
@given(ANYTHING)
def test_no_text_brings_anything_else(value: str) -> None:
    for shape in (text.chat, text.card, text.markdown, text.words):
        audit(shape(value))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["topLabel", "text", "bottomLabel"]), ANYTHING), ANYTHING, ANYTHING)
def test_no_widget_brings_anything_else(labels: dict[str, str], name: str, url: str) -> None:
    shown = render.card(
        {
            "card": {
                "header": {"title": name, "subtitle": name, "imageUrl": url, "imageAltText": name},
                "sections": [
                    {
                        "header": name,
                        "widgets": [
                            {
                                "decoratedText": {
                                    **labels,
                                    "startIcon": {"knownIcon": name, "altText": name},
                                    "button": {"text": name, "altText": name, "onClick": {"openLink": {"url": url}}},
                                }
                            },
                            {"image": {"imageUrl": url, "altText": name}},
                            {"columns": {"columnItems": [{"widgets": [{"textParagraph": {"text": name}}]}]}},
                            {
                                "grid": {
                                    "title": name,
                                    "items": [{"title": name, "subtitle": name, "image": {"imageUri": url}}],
                                }
                            },
                            {"chipList": {"chips": [{"label": name, "onClick": {"openLink": {"url": url}}}]}},
                        ],
                    }
                ],
            }
        },
        "id",
    )

    class Page(Audit):
        TAGS = Audit.TAGS | {"div", "h3", "h4", "p", "header", "section", "img", "svg", "path", "circle", "button"}

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag in self.TAGS, tag
            for attribute, value in attrs:
                assert not attribute.startswith("on"), attribute
                assert attribute not in ("style", "srcdoc", "formaction"), attribute
                if attribute in ("href", "src"):
                    assert str(value).lower().startswith(("http://", "https://", "mailto:", "tel:")), value
            if tag not in ("br", "img"):
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag in ("path", "circle", "br")

    page = Page()
    page.feed(shown)
    page.close()
    assert page.open == []


# -- cards


def test_a_button_that_opens_nothing_is_disabled_and_says_why() -> None:
    shown = render.button({"text": "Acknowledge", "onClick": {"action": {"function": "ack"}}})
    assert " disabled" in shown
    assert "Only buttons that open a link work on a webhook" in shown


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a b",
        'https://x"onclick="y',
        "//a.example",
        None,
    ],
)
def test_a_button_never_opens_an_unsafe_address(url: Any) -> None:
    assert "href" not in render.button({"text": "x", "onClick": {"openLink": {"url": url}}})


def test_a_button_of_an_icon_alone_has_a_name() -> None:
    shown = render.button(
        {
            "icon": {"materialIcon": {"name": "link"}, "altText": "Open"},
            "onClick": {"openLink": {"url": "https://a.example"}},
        }
    )
    assert 'aria-label="Open"' in shown


def test_a_collapsible_section_keeps_its_first_widgets_in_sight() -> None:
    widgets = [{"textParagraph": {"text": f"w{number}"}} for number in range(4)]
    shown = render.section({"collapsible": True, "uncollapsibleWidgetsCount": 1, "widgets": widgets}, "s")
    before, after = shown.split("<details")
    assert "w0" in before
    assert "w1" not in before
    assert "w3" in after
    assert "Show 3 more" in after


def test_a_colour_becomes_hexadecimal() -> None:
    assert render.color({"red": 1, "green": 0.5, "blue": 7}) == "#ff80ff"
    assert render.color(None) is None


def test_a_widget_that_is_not_drawn_is_named() -> None:
    assert "textInput" in render.widget({"textInput": {"name": "n"}})


def test_a_placeholder_in_a_message_stays_as_it_is() -> None:
    entry = Entry(
        "2026-11-22T10:00:00Z",
        "spaces/A",
        None,
        {},
        {
            "name": "spaces/A/messages/x.y",
            "sender": {"displayName": "K"},
            "createTime": "2026-11-22T10:00:00Z",
            "text": "{{spaces}}",
            "thread": {"name": "spaces/A/threads/x"},
        },
    )
    shown = render.page("{{title}}|{{spaces}}|{{conversation}}", {"spaces/A": "Alerts"}, "spaces/A", [entry])
    assert "{{spaces}}" in shown
    assert shown.count("<article") == 1


def test_every_icon_name_has_a_drawing() -> None:
    assert set(NAMES) <= set(DRAWINGS)
    assert svg(icon_name("CLOCK")) == svg("clock")
    assert svg(icon_name("never_heard_of")) == svg("dot")


def test_an_apostrophe_in_an_address_is_kept_and_ends_no_attribute() -> None:
    url = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home#logsV2:logs-insights$3F~(tz~'UTC)"
    made = text.link(url, "Logs")
    assert 'href="https://eu-west-1.console' in made and "tz~&#x27;UTC" in made and "tz~'UTC" not in made
