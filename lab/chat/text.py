# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Google Chat's text formatting to HTML. Everything that comes in is escaped; only what is listed here comes out."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser

SAFE_URL = re.compile(r"(?:https?://|mailto:|tel:)[^\s\"<>]*\Z", re.IGNORECASE)
COLOR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})\Z", re.IGNORECASE)

_SPANS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "s"),
]
_MARKDOWN: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\*\*(?=\S)([^\n]+?)(?<=\S)\*\*"), "strong"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "em"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"~~(?=\S)([^\n]+?)(?<=\S)~~"), "s"),
]

_BLOCK = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_ATOMS = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<url>(?:https?://|mailto:)[^\s|<>]+)(?:\|(?P<label>[^<>\n]+))?>"
    r"|<users/(?P<user>[\w-]+)>"
    r"|(?P<bare>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'*_~])"
)
_MARKDOWN_ATOMS = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<url>[^\s()]+)\)"
    r"|(?P<user>(?!))"
    r"|(?P<bare>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'*_~])"
)


SIGNS = {
    "\U0001f534": "circle red",
    "\U0001f7e0": "circle orange",
    "\U0001f7e1": "circle yellow",
    "\U0001f7e2": "circle green",
    "\U0001f535": "circle blue",
    "\U0001f7e3": "circle purple",
    "\u26aa": "circle white",
    "\u26ab": "circle black",
    "\u2705": "check",
    "\u274c": "cross",
    "\u26a0": "warning",
    "\U0001f6a8": "siren",
}
"""The status signs that the page draws itself, and the classes of their drawings."""

_SIGN = re.compile(f"([{''.join(SIGNS)}])\ufe0f?")


def words(text: str) -> str:
    """Text to HTML, without any formatting; status signs become drawings."""
    return signs(html.escape(text))


def signs(markup: str) -> str:
    """Draw the status signs in HTML that has none of them in a tag."""
    return _SIGN.sub(lambda match: f'<span class="emoji {SIGNS[match[1]]}">{match[0]}</span>', markup)


def link(url: str, label: str) -> str:
    """A link that opens beside the page; only its label where the address is of no safe kind. ``label`` is HTML."""
    if not SAFE_URL.match(url):
        return label
    return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer nofollow">{label}</a>'


def chat(text: str) -> str:
    """The text of a message: *bold*, _italic_, ~strike~, `code`, ```block```, <url|label>, lists and quotes."""
    return _blocks(text, lambda part: _lines(part, _SPANS, _ATOMS))


def markdown(text: str) -> str:
    """The text of a card's paragraph whose syntax is MARKDOWN."""
    return _blocks(text, lambda part: _lines(part, _MARKDOWN, _MARKDOWN_ATOMS))


def _blocks(text: str, outside: Callable[[str], str]) -> str:
    pieces, end = [], 0
    for block in _BLOCK.finditer(text):
        pieces += [outside(text[end : block.start()].removesuffix("\n")), f"<pre>{html.escape(block.group(1))}</pre>"]
        end = block.end()
        end += text[end : end + 1] == "\n"
    return "".join([*pieces, outside(text[end:])])


def _lines(text: str, spans: list[tuple[re.Pattern[str], str]], atoms: re.Pattern[str]) -> str:
    """Lines to HTML: neighbouring items become a list, neighbouring quotes a quotation."""
    out: list[str] = []
    kind = ""
    for line in text.split("\n") if text else []:
        item = re.match(r"\s*[*-] +(.*)", line)
        quote = re.match(r"> ?(.*)", line)
        new, body = ("ul", item.group(1)) if item else ("blockquote", quote.group(1)) if quote else ("", line)
        if new != kind:
            out.append((f"</{kind}>" if kind else "") + (f"<{new}>" if new else ""))
        elif (not new and out) or new == "blockquote":
            out.append("<br>")
        kind = new
        inner = _inline(body, spans, atoms)
        out.append(f"<li>{inner}</li>" if new == "ul" else inner)
    return "".join(out) + (f"</{kind}>" if kind else "")


def _inline(text: str, spans: list[tuple[re.Pattern[str], str]], atoms: re.Pattern[str]) -> str:
    """One line: code and links first, which are taken as they are, then the spans around and between them."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if match["code"] is not None:
            kept.append(f"<code>{html.escape(match['code'])}</code>")
        elif match["url"] is not None:
            kept.append(link(match["url"], words(match["label"] or match["url"])))
        elif match["user"] is not None:
            kept.append(f'<span class="mention">@{html.escape(match["user"])}</span>')
        else:
            kept.append(link(match["bare"], html.escape(match["bare"])))
        # A character of the private use area stands for what was kept, and is of no meaning to a span.
        return f"\ue000{len(kept) - 1}\ue001"

    text = html.escape(atoms.sub(keep, re.sub("[\ue000\ue001]", "", text)), quote=False)
    for pattern, tag in spans:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    return re.sub("\ue000(\\d+)\ue001", lambda match: kept[int(match[1])], signs(text))


class _CardText(HTMLParser):
    """Lets through the tags that Google Chat knows in cards, always well nested; the rest loses its tags."""

    TAGS = {
        "b": "strong",
        "strong": "strong",
        "i": "em",
        "em": "em",
        "u": "u",
        "ins": "u",
        "s": "s",
        "strike": "s",
        "del": "s",
        "code": "code",
        "ul": "ul",
        "ol": "ol",
        "li": "li",
        "font": "font",
        "a": "a",
        "time": "time",
    }

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[tuple[str, str]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "style"):
            self.silent += 1
        elif tag == "br":
            self.out.append("<br>")
        elif tag in self.TAGS:
            self.out.append(self.begin(tag, given))
            self.open.append((tag, self.out[-1].split(" ")[0].strip("<>") if self.out[-1] else ""))

    def begin(self, tag: str, given: dict[str, str]) -> str:
        """The start tag that stands for one; "" where nothing does."""
        if tag == "font":
            color = given.get("color", "").strip()
            return f'<font color="{color}">' if COLOR.match(color) else ""
        if tag == "a":
            url = given.get("href", "").strip()
            if not SAFE_URL.match(url):
                return ""
            return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer nofollow">'
        return f"<{self.TAGS[tag]}>"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.out.append("<br>")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.silent = max(0, self.silent - 1)
        elif any(given == tag for given, _shown in self.open):
            while True:
                given, shown = self.open.pop()
                self.out.append(f"</{shown}>" if shown else "")
                if given == tag:
                    return

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.out.append(words(data))

    def finish(self) -> str:
        self.close()
        while self.open:
            shown = self.open.pop()[1]
            self.out.append(f"</{shown}>" if shown else "")
        return "".join(self.out).replace("\n", "<br>")


def card(text: str) -> str:
    """The text of a card: Google's subset of HTML."""
    parser = _CardText()
    parser.feed(text)
    return parser.finish()
