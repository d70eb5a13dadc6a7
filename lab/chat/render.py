# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to HTML, as pure functions. No style and no script stands in what comes out, so the page forbids both."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lab.chat import text
from lab.chat.icons import icon_name, svg
from lab.chat.rules import WIDGET_LIMIT
from lab.chat.store import Entry


def escape(value: Any) -> str:
    return html.escape(str(value)) if value is not None else ""


def element(tag: str, content: str, **attributes: Any) -> str:
    """An element; ``content`` is HTML, attribute values are escaped, a None is left out, ``_`` reads as ``-``."""
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return f"<{tag}{written}>{content}</{tag}>"


def image(url: Any, alt: str, class_: str) -> str:
    """A picture, from a safe address only."""
    if not isinstance(url, str) or not url.lower().startswith(("https://", "http://")):
        return ""
    return f'<img class="{class_}" src="{escape(url)}" alt="{escape(alt)}" loading="lazy" referrerpolicy="no-referrer">'


# -- cards


def card(item: dict[str, Any], identity: str) -> str:
    """One card of cardsV2; ``identity`` begins the ids of what can be opened and closed in it."""
    value = item.get("card") or {}
    parts = [header(value.get("header") or {})]
    sections = value.get("sections") or []
    parts += [section(one, f"{identity}-{number}") for number, one in enumerate(sections)]
    footer = value.get("fixedFooter") or {}
    buttons = [footer[name] for name in ("primaryButton", "secondaryButton") if footer.get(name)]
    if buttons:
        parts.append(element("div", button_list({"buttons": buttons}), class_="section"))
    title = (value.get("header") or {}).get("title") or "Card"
    return element("div", "".join(parts), class_="card", role="group", aria_label=title)


def header(value: dict[str, Any]) -> str:
    if not value:
        return ""
    shape = "round" if value.get("imageType") == "CIRCLE" else "square"
    picture = image(value.get("imageUrl"), value.get("imageAltText") or "", f"card-image {shape}")
    title = element("h3", text.words(value.get("title") or ""))
    subtitle = element("p", text.words(value["subtitle"])) if value.get("subtitle") else ""
    return element("header", picture + element("div", title + subtitle), class_="card-header")


def section(value: dict[str, Any], identity: str) -> str:
    """A section; a collapsible one shows its first widgets and keeps the others behind a summary."""
    title = element("h4", text.card(value["header"])) if value.get("header") else ""
    widgets = [widget(one) for one in value.get("widgets") or []]
    if not value.get("collapsible"):
        return element("section", title + "".join(widgets), class_="section")
    shown = max(0, int(value.get("uncollapsibleWidgetsCount") or 0))
    rest = widgets[shown:]
    control = value.get("collapseControl") or {}
    more = (control.get("expandButton") or {}).get("text") or f"Show {len(rest)} more"
    less = (control.get("collapseButton") or {}).get("text") or "Show less"
    labels = element("span", text.words(more), class_="more") + element("span", text.words(less), class_="less")
    details = element("details", element("summary", labels) + "".join(rest), id=identity) if rest else ""
    return element("section", title + "".join(widgets[:shown]) + details, class_="section")


def widget(value: dict[str, Any]) -> str:
    """One widget of a section or of a column."""
    align = str(value.get("horizontalAlignment") or "").lower()
    for name, draw in WIDGETS.items():
        if name in value:
            return element(
                "div", draw(value[name] or {}), class_=f"widget {name}" + (f" align-{align}" if align else "")
            )
    kinds = ", ".join(value) or "nothing"
    return element("div", f"The lab does not draw this widget: {escape(kinds)}", class_="widget unknown")


def paragraph(value: dict[str, Any]) -> str:
    """A textParagraph, in the syntax that it names."""
    draw = text.markdown if value.get("textSyntax") == "MARKDOWN" else text.card
    return draw(value.get("text") or "")


def text_paragraph(value: dict[str, Any]) -> str:
    return element("div", paragraph(value), class_="text")


def decorated_text(value: dict[str, Any]) -> str:
    """Icon, label above, text, label below, and a button or an icon at the end."""
    start = icon(value.get("startIcon") or value.get("icon") or {}, "start")
    lines = ""
    for label, rich, class_ in (
        ("topLabel", "topLabelText", "label"),
        ("text", "contentText", "content"),
        ("bottomLabel", "bottomLabelText", "label"),
    ):
        inner = paragraph(value[rich]) if value.get(rich) else text.card(value.get(label) or "")
        if inner:
            lines += element("div", inner, class_=class_ + (" wrap" if value.get("wrapText") else ""))
    body = element("div", lines, class_="lines")
    url = address(value.get("onClick") or {})
    if url and "<a " not in body:
        body = text.link(url, body)
    end = button(value["button"]) if value.get("button") else icon(value.get("endIcon") or {}, "end")
    return element("div", start + body + end, class_="decorated")


def button_list(value: dict[str, Any]) -> str:
    return element("div", "".join(button(one) for one in value.get("buttons") or []), class_="buttons")


def button(value: dict[str, Any]) -> str:
    """A button. On a webhook only openLink works, so any other is drawn as disabled and says why."""
    label = text.words(value.get("text") or "")
    picture = icon(value.get("icon") or {}, "inline")
    # A picture alone needs a name of its own; a text is its own name.
    name = value.get("altText") or (None if label else (value.get("icon") or {}).get("altText") or "Button")
    kind = str(value.get("type") or "OUTLINED").lower()
    background = color(value.get("color"))
    attributes: dict[str, Any] = {
        "class_": f"button {'filled' if background else kind}",
        "aria_label": name,
        "data_background": background,
    }
    url = address(value.get("onClick") or {})
    if not url or value.get("disabled"):
        why = None if value.get("disabled") else "Only buttons that open a link work on a webhook"
        return element("button", picture + label, type="button", disabled=True, title=why, **attributes)
    return element("a", picture + label, href=url, target="_blank", rel="noopener noreferrer nofollow", **attributes)


def address(value: dict[str, Any]) -> str:
    """The safe address that an onClick opens; "" when it opens none."""
    url = (value.get("openLink") or {}).get("url") or ""
    return url if isinstance(url, str) and text.SAFE_URL.match(url) else ""


def color(value: Any) -> str | None:
    """google.type.Color as #rrggbb; None for none."""
    if not isinstance(value, dict) or not value:
        return None
    parts = (min(1.0, max(0.0, float(value.get(name) or 0))) for name in ("red", "green", "blue"))
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def icon(value: dict[str, Any], place: str) -> str:
    """An icon: a picture by address, or one of the drawn ones by its name."""
    alt = value.get("altText") or ""
    if value.get("iconUrl"):
        shape = "round" if value.get("imageType") == "CIRCLE" else "square"
        return image(value["iconUrl"], alt, f"icon {place} {shape}")
    name = value.get("knownIcon") or (value.get("materialIcon") or {}).get("name")
    if not name:
        return ""
    role = {"role": "img", "aria_label": alt} if alt else {"aria_hidden": "true"}
    return element("span", svg(icon_name(str(name))), class_=f"icon {place}", **role)


def picture(value: dict[str, Any]) -> str:
    return image(value.get("imageUrl"), value.get("altText") or "", "wide")


def columns(value: dict[str, Any]) -> str:
    """Side by side, two at most as in Google Chat."""
    items = []
    for one in (value.get("columnItems") or [])[:2]:
        size = "minimum" if one.get("horizontalSizeStyle") == "FILL_MINIMUM_SPACE" else "available"
        align = str(one.get("horizontalAlignment") or "start").lower()
        inner = "".join(widget(inner) for inner in one.get("widgets") or [])
        items.append(element("div", inner, class_=f"column {size} align-{align}"))
    return element("div", "".join(items), class_="column-items")


def grid(value: dict[str, Any]) -> str:
    title = element("div", text.card(value["title"]), class_="grid-title") if value.get("title") else ""
    count = min(6, max(1, int(value.get("columnCount") or 2)))
    cells = []
    for one in value.get("items") or []:
        part = one.get("image") or {}
        shown = image(part.get("imageUri"), part.get("altText") or "", "cell-image")
        words = element("div", text.words(one["title"]), class_="cell-title") if one.get("title") else ""
        words += element("div", text.words(one["subtitle"]), class_="label") if one.get("subtitle") else ""
        above = one.get("layout") == "TEXT_ABOVE"
        cells.append(element("li", words + shown if above else shown + words))
    return title + element("ul", "".join(cells), class_=f"cells columns-{count}")


def chip_list(value: dict[str, Any]) -> str:
    chips = []
    for one in value.get("chips") or []:
        inner = icon(one.get("icon") or {}, "inline") + text.words(one.get("label") or "")
        url = address(one.get("onClick") or {})
        chips.append(element("span", text.link(url, inner) if url else inner, class_="chip"))
    return element("div", "".join(chips), class_="chips")


WIDGETS: dict[str, Callable[[dict[str, Any]], str]] = {
    "textParagraph": text_paragraph,
    "decoratedText": decorated_text,
    "buttonList": button_list,
    "image": picture,
    "divider": lambda value: "<hr>",
    "columns": columns,
    "grid": grid,
    "chipList": chip_list,
}


# -- messages and threads


@dataclass(frozen=True)
class Thread:
    """A thread and its messages, oldest first."""

    name: str
    entries: list[Entry]


def threads(entries: Iterable[Entry]) -> list[Thread]:
    """Messages by thread, in the order in which the threads were begun."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.resource["thread"]["name"], []).append(entry)
    return [Thread(name, messages) for name, messages in found.items()]


def short(name: str) -> str:
    """The last part of a resource name, fit for an id."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.rpartition("/")[2])


def message(entry: Entry) -> str:
    """One message: who, when, its text and its cards."""
    value = entry.resource
    identity = f"m-{short(value['name'])}"
    sender = value["sender"]["displayName"]
    head = element("span", text.words(sender), class_="sender") + element("span", "App", class_="badge")
    time = element("time", escape(value["createTime"][11:16]) + " UTC", datetime=value["createTime"])
    body = element("div", text.chat(value["text"]), class_="text") if value.get("text") else ""
    body += "".join(card(one, f"{identity}-{number}") for number, one in enumerate(value.get("cardsV2") or []))
    if left_out := entry.ignored_widgets:
        body += element(
            "p",
            (
                f"{left_out} widget{'s' if left_out > 1 else ''} beyond Google's limit of {WIDGET_LIMIT} a card: "
                f"not shown."
            ),
            class_="lab-note",
        )
    for accessory in value.get("accessoryWidgets") or []:
        body += button_list(accessory.get("buttonList") or {})
    avatar = element("span", svg("bell"), class_="avatar", aria_hidden="true")
    inner = avatar + element("div", element("div", head + time, class_="head") + body, class_="body")
    return element("article", inner, class_="message", id=identity, aria_label=f"Message of {sender}")


def thread(value: Thread) -> str:
    """A thread; ``data-version`` changes when a message is added to it."""
    first, replies = value.entries[0], value.entries[1:]
    inner = message(first)
    if replies:
        count = f"{len(replies)} repl{'ies' if len(replies) > 1 else 'y'}"
        key = f" in thread {escape(first.thread_key)}" if first.thread_key else ""
        inner += element(
            "div", element("p", count + key, class_="reply-count") + "".join(map(message, replies)), class_="replies"
        )
    return element(
        "section",
        inner,
        class_="thread",
        id=f"t-{short(value.name)}",
        data_version=len(value.entries),
        aria_label=f"Thread of {len(value.entries)} message{'s' if replies else ''}",
    )


def conversation(entries: Iterable[Entry]) -> str:
    """All threads of a space, with a line where the day changes."""
    out, day = [], ""
    for one in threads(entries):
        began = one.entries[0].received_at[:10]
        if began != day:
            day = began
            out.append(element("p", element("time", escape(day), datetime=day), class_="day", id=f"d-{escape(day)}"))
        out.append(thread(one))
    if not out:
        return element("p", "No message yet. The first alert will appear here by itself.", class_="empty", id="empty")
    return "".join(out)


def page(template: str, titles: dict[str, str], current: str, entries: Iterable[Entry]) -> str:
    """The whole page; ``titles`` are the spaces by name."""
    spaces = "".join(
        element(
            "a",
            svg("space") + element("span", text.words(title)),
            href=f"/?space={name}",
            class_="space",
            aria_current="page" if name == current else None,
        )
        for name, title in titles.items()
    )
    return (
        template.replace("{{title}}", escape(titles[current]))
        .replace("{{space}}", escape(current))
        .replace("{{spaces}}", spaces)
        .replace("{{logo}}", svg("bell"))
        # Last, so that nothing in a message is taken for a placeholder.
        .replace("{{conversation}}", conversation(entries))
    )
