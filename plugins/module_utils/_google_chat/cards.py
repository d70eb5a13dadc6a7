# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build Google Chat cards (cardsV2) as plain data.

Whatever is shown is either :class:`Markup`, which is passed on as it is, or a plain string, which is escaped: a monitor
named ``<b>`` is shown as ``<b>``. Fields that Google does not format (titles, labels, fallback text) take plain text.
"""

from __future__ import annotations

import re
import typing as t

Widget = dict[str, t.Any]
Section = dict[str, t.Any]
Card = dict[str, t.Any]
Message = dict[str, t.Any]

RED = "#c5221f"
ORANGE = "#b06000"
GREEN = "#188038"
GREY = "#5f6368"

# Control characters, and those that turn the direction of the text around them: a name must not rearrange its line.
_UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]+")
_SCHEMES = ("https://", "http://")


class Markup(str):
    """Text in the subset of HTML that card text takes; everything that came from outside is escaped already."""

    __slots__ = ()


def plain(value: object) -> str:
    """``value`` as one line of valid Unicode: no control characters, no lone surrogates, no change of direction."""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return _UNSEEN.sub(" ", text).strip()


def clip(value: object, length: int) -> str:
    """``value`` as one line of at most ``length`` characters, an ellipsis at its end where something is left out."""
    text = plain(value)
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + "…"


def escape(value: object) -> Markup:
    """``value`` as card text. :class:`Markup` is returned as it is."""
    if isinstance(value, Markup):
        return value
    return Markup(plain(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def compose(*parts: object) -> Markup:
    """``parts`` one after the other, each escaped where it is not markup. Spaces at the ends of a part are kept."""
    return Markup("".join(part if isinstance(part, Markup) else _spaced(str(part)) for part in parts))


def lines(parts: t.Iterable[object]) -> Markup:
    """``parts`` below one another."""
    return Markup("<br>".join(escape(part) for part in parts))


def bold(value: object) -> Markup:
    """``value`` in bold."""
    return Markup(f"<b>{escape(value)}</b>")


def coloured(value: object, colour: str) -> Markup:
    """``value`` in ``colour``, a hexadecimal one such as ``#c5221f``."""
    return Markup(f'<font color="{_attribute(colour)}">{escape(value)}</font>')


def link(value: object, url: str) -> Markup:
    """``value`` as a link to ``url``; without the link where ``url`` is not a web address."""
    return Markup(f'<a href="{_attribute(url)}">{escape(value)}</a>') if is_web_address(url) else escape(value)


def is_web_address(url: object) -> bool:
    """Whether ``url`` may stand behind a link: http or https, on one line, without spaces."""
    return isinstance(url, str) and url.lower().startswith(_SCHEMES) and plain(url) == url and " " not in url


def header(title: str, subtitle: str | None = None) -> dict[str, str]:
    """The head of a card. Both lines are plain text."""
    head = {"title": plain(title)}
    if subtitle:
        head["subtitle"] = plain(subtitle)
    return head


def section(widgets: t.Sequence[Widget], title: object | None = None, *, shown: int | None = None) -> Section:
    """A section of a card.

    :param widgets: at least one; Google refuses an empty section.
    :param title: its header, markup or plain.
    :param shown: how many widgets stand there before the reader unfolds the rest; all of them when not given.
    """
    if not widgets:
        raise ValueError("a section needs a widget")
    made: Section = {}
    if title is not None:
        made["header"] = escape(title)
    if shown is not None and shown < len(widgets):
        made["collapsible"] = True
        made["uncollapsibleWidgetsCount"] = shown
    made["widgets"] = list(widgets)
    return made


def text_paragraph(content: object) -> Widget:
    """A paragraph."""
    return {"textParagraph": {"text": escape(content)}}


def decorated_text(
    content: object,
    *,
    top_label: str | None = None,
    bottom_label: str | None = None,
    action: dict[str, t.Any] | None = None,
    icon: str | None = None,
) -> Widget:
    """A line with a small label above or below it.

    :param content: the line, markup or plain.
    :param top_label: plain text; cut by Chat where it is too long.
    :param bottom_label: plain text; wrapped.
    :param action: a button at its right end, as made by :func:`button`.
    :param icon: the name of one of Google's material icons.
    """
    made: dict[str, t.Any] = {}
    if icon is not None:
        made["startIcon"] = {"materialIcon": {"name": icon}}
    if top_label:
        made["topLabel"] = plain(top_label)
    made["text"] = escape(content)
    made["wrapText"] = True
    if bottom_label:
        made["bottomLabel"] = plain(bottom_label)
    if action is not None:
        made["button"] = action
    return {"decoratedText": made}


def button(label: str, url: str) -> dict[str, t.Any]:
    """A button that opens ``url``, the only thing that a button of a webhook's message can do.

    :raises ValueError: ``url`` is not a web address.
    """
    if not is_web_address(url):
        raise ValueError("a button needs an http or https address")
    return {"text": plain(label), "onClick": {"openLink": {"url": url}}}


def button_list(buttons: t.Sequence[dict[str, t.Any]]) -> Widget:
    """Buttons beside one another."""
    return {"buttonList": {"buttons": list(buttons)}}


def columns(left: t.Sequence[Widget], right: t.Sequence[Widget]) -> Widget:
    """Two columns, the most that a card has; on a narrow screen the right one is shown below the left one."""
    return {
        "columns": {
            "columnItems": [
                {
                    "horizontalSizeStyle": "FILL_AVAILABLE_SPACE",
                    "horizontalAlignment": "START",
                    "verticalAlignment": "CENTER",
                    "widgets": list(widgets),
                }
                for widgets in (left, right)
            ]
        }
    }


def divider() -> Widget:
    """A line across the card."""
    return {"divider": {}}


def card(sections: t.Sequence[Section], head: dict[str, str] | None = None) -> Card:
    """A card of ``sections`` below ``head``, as made by :func:`header`."""
    made: Card = {}
    if head is not None:
        made["header"] = head
    made["sections"] = list(sections)
    return made


def message(content: Card, *, card_id: str, fallback_text: str) -> Message:
    """A message of one card.

    :param card_id: names the card within the message.
    :param fallback_text: what a notification on a phone shows in the card's place; plain text.
    """
    return {"fallbackText": plain(fallback_text), "cardsV2": [{"cardId": card_id, "card": content}]}


def _attribute(value: str) -> str:
    return escape(value).replace('"', "&quot;")


def _spaced(part: str) -> str:
    """``part`` escaped, with the one space at either end that :func:`plain` takes away."""
    if not part.strip():
        return " " if part else ""
    return (" " if part[0] == " " else "") + escape(part) + (" " if part[-1] == " " else "")
