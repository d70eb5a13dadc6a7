# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of a Google Chat message as data, and a check of it that answers as Google's JSON parser does.

The fields are those of google.chat.v1.Message and google.apps.card.v1 that a message may carry. Every name may be
written in camelCase or, as in the protocol buffers, in snake_case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Enum:
    """A closed set of names; ``type`` is the name that Google's answer gives it."""

    type: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Many:
    """A list of one type."""

    of: Any


@dataclass(frozen=True)
class OneOf:
    """A group of fields of which one at most may be set."""

    name: str
    fields: tuple[str, ...]


STRING, BOOL, INT, NUMBER, ANY = "TYPE_STRING", "TYPE_BOOL", "TYPE_INT32", "TYPE_DOUBLE", "any"

CARD = "google.apps.card.v1."
CHAT = "google.chat.v1."

IMAGE_TYPE = Enum(CARD + "Widget.ImageType", ("SQUARE", "CIRCLE"))
HORIZONTAL = Enum(CARD + "Widget.HorizontalAlignment", ("HORIZONTAL_ALIGNMENT_UNSPECIFIED", "START", "CENTER", "END"))
VERTICAL = Enum(CARD + "Widget.VerticalAlignment", ("VERTICAL_ALIGNMENT_UNSPECIFIED", "TOP", "MIDDLE", "BOTTOM"))

_SIMPLE_WIDGETS = {
    "textParagraph": CARD + "TextParagraph",
    "image": CARD + "Image",
    "decoratedText": CARD + "DecoratedText",
    "buttonList": CARD + "ButtonList",
    "textInput": CARD + "TextInput",
    "selectionInput": CARD + "SelectionInput",
    "dateTimePicker": CARD + "DateTimePicker",
    "chipList": CARD + "ChipList",
}
_WIDGETS = {
    **_SIMPLE_WIDGETS,
    "divider": CARD + "Divider",
    "grid": CARD + "Grid",
    "columns": CARD + "Columns",
    "carousel": CARD + "Carousel",
}
_NESTED = {name: _WIDGETS[name] for name in ("textParagraph", "buttonList", "image")}

TYPES: dict[str, dict[str, Any]] = {
    CHAT + "Message": {
        "name": STRING,
        "text": STRING,
        "fallbackText": STRING,
        "cardsV2": Many(CHAT + "CardWithId"),
        "thread": CHAT + "Thread",
        "clientAssignedMessageId": STRING,
        "createTime": STRING,
        "accessoryWidgets": Many(CHAT + "AccessoryWidget"),
        "markupSyntax": Enum(CHAT + "MarkupSyntax", ("MARKUP_SYNTAX_UNSPECIFIED", "CHAT_MARKUP", "MARKDOWN")),
        # What Google knows, and a webhook has no use for: taken as it is.
        "cards": ANY,
        "sender": ANY,
        "lastUpdateTime": ANY,
        "deleteTime": ANY,
        "formattedText": ANY,
        "annotations": ANY,
        "space": ANY,
        "actionResponse": ANY,
        "argumentText": ANY,
        "slashCommand": ANY,
        "attachment": ANY,
        "matchedUrl": ANY,
        "threadReply": ANY,
        "silent": ANY,
        "emojiReactionSummaries": ANY,
        "privateMessageViewer": ANY,
        "deletionMetadata": ANY,
        "quotedMessageMetadata": ANY,
        "attachedGifs": ANY,
    },
    CHAT + "Thread": {"name": STRING, "threadKey": STRING},
    CHAT + "CardWithId": {"cardId": STRING, "card": CARD + "Card"},
    CHAT + "AccessoryWidget": {"buttonList": CARD + "ButtonList"},
    CARD + "Card": {
        "header": CARD + "Card.CardHeader",
        "sections": Many(CARD + "Card.Section"),
        "name": STRING,
        "sectionDividerStyle": Enum(
            CARD + "Card.DividerStyle", ("DIVIDER_STYLE_UNSPECIFIED", "SOLID_DIVIDER", "NO_DIVIDER")
        ),
        "cardActions": Many(CARD + "Card.CardAction"),
        "fixedFooter": CARD + "Card.CardFixedFooter",
        "displayStyle": Enum(CARD + "Card.DisplayStyle", ("DISPLAY_STYLE_UNSPECIFIED", "PEEK", "REPLACE")),
        "peekCardHeader": CARD + "Card.CardHeader",
    },
    CARD + "Card.CardHeader": {
        "title": STRING,
        "subtitle": STRING,
        "imageType": IMAGE_TYPE,
        "imageUrl": STRING,
        "imageAltText": STRING,
    },
    CARD + "Card.Section": {
        "header": STRING,
        "widgets": Many(CARD + "Widget"),
        "collapsible": BOOL,
        "uncollapsibleWidgetsCount": INT,
        "collapseControl": CARD + "CollapseControl",
    },
    CARD + "CollapseControl": {
        "horizontalAlignment": HORIZONTAL,
        "expandButton": CARD + "Button",
        "collapseButton": CARD + "Button",
    },
    CARD + "Card.CardAction": {"actionLabel": STRING, "onClick": CARD + "OnClick"},
    CARD + "Card.CardFixedFooter": {"primaryButton": CARD + "Button", "secondaryButton": CARD + "Button"},
    CARD + "Widget": {**_WIDGETS, "horizontalAlignment": HORIZONTAL},
    CARD + "TextParagraph": {
        "text": STRING,
        "maxLines": INT,
        "textSyntax": Enum(CARD + "TextParagraph.TextSyntax", ("TEXT_SYNTAX_UNSPECIFIED", "HTML", "MARKDOWN")),
    },
    CARD + "Image": {"imageUrl": STRING, "onClick": CARD + "OnClick", "altText": STRING},
    CARD + "Divider": {},
    CARD + "DecoratedText": {
        "icon": CARD + "Icon",
        "startIcon": CARD + "Icon",
        "startIconVerticalAlignment": VERTICAL,
        "topLabel": STRING,
        "topLabelText": CARD + "TextParagraph",
        "text": STRING,
        "contentText": CARD + "TextParagraph",
        "wrapText": BOOL,
        "bottomLabel": STRING,
        "bottomLabelText": CARD + "TextParagraph",
        "onClick": CARD + "OnClick",
        "button": CARD + "Button",
        "switchControl": ANY,
        "endIcon": CARD + "Icon",
    },
    CARD + "ButtonList": {"buttons": Many(CARD + "Button")},
    CARD + "Button": {
        "text": STRING,
        "icon": CARD + "Icon",
        "color": "google.type.Color",
        "onClick": CARD + "OnClick",
        "disabled": BOOL,
        "altText": STRING,
        "type": Enum(CARD + "Button.Type", ("TYPE_UNSPECIFIED", "OUTLINED", "FILLED", "FILLED_TONAL", "BORDERLESS")),
    },
    CARD + "Icon": {
        "knownIcon": STRING,
        "iconUrl": STRING,
        "materialIcon": CARD + "MaterialIcon",
        "altText": STRING,
        "imageType": IMAGE_TYPE,
    },
    CARD + "MaterialIcon": {"name": STRING, "fill": BOOL, "weight": INT, "grade": INT},
    CARD + "OnClick": {
        "action": CARD + "Action",
        "openLink": CARD + "OpenLink",
        "openDynamicLinkAction": CARD + "Action",
        "card": CARD + "Card",
        "overflowMenu": CARD + "OverflowMenu",
    },
    CARD + "OpenLink": {
        "url": STRING,
        "openAs": Enum(CARD + "OpenLink.OpenAs", ("FULL_SIZE", "OVERLAY")),
        "onClose": Enum(CARD + "OpenLink.OnClose", ("NOTHING", "RELOAD")),
    },
    CARD + "Action": {
        "function": STRING,
        "parameters": ANY,
        "loadIndicator": STRING,
        "persistValues": BOOL,
        "interaction": STRING,
        "requiredWidgets": Many(STRING),
        "allWidgetsAreRequired": BOOL,
    },
    CARD + "OverflowMenu": {"items": Many(CARD + "OverflowMenu.OverflowMenuItem")},
    CARD + "OverflowMenu.OverflowMenuItem": {
        "startIcon": CARD + "Icon",
        "text": STRING,
        "onClick": CARD + "OnClick",
        "disabled": BOOL,
    },
    CARD + "Grid": {
        "title": STRING,
        "items": Many(CARD + "Grid.GridItem"),
        "borderStyle": CARD + "BorderStyle",
        "columnCount": INT,
        "onClick": CARD + "OnClick",
    },
    CARD + "Grid.GridItem": {
        "id": STRING,
        "image": CARD + "ImageComponent",
        "title": STRING,
        "subtitle": STRING,
        "layout": Enum(
            CARD + "Grid.GridItem.GridItemLayout", ("GRID_ITEM_LAYOUT_UNSPECIFIED", "TEXT_BELOW", "TEXT_ABOVE")
        ),
    },
    CARD + "ImageComponent": {
        "imageUri": STRING,
        "altText": STRING,
        "cropStyle": CARD + "ImageCropStyle",
        "borderStyle": CARD + "BorderStyle",
    },
    CARD + "ImageCropStyle": {
        "type": Enum(
            CARD + "ImageCropStyle.ImageCropType",
            ("IMAGE_CROP_TYPE_UNSPECIFIED", "SQUARE", "CIRCLE", "RECTANGLE_CUSTOM", "RECTANGLE_4_3"),
        ),
        "aspectRatio": NUMBER,
    },
    CARD + "BorderStyle": {
        "type": Enum(CARD + "BorderStyle.BorderType", ("BORDER_TYPE_UNSPECIFIED", "NO_BORDER", "STROKE")),
        "strokeColor": "google.type.Color",
        "cornerRadius": INT,
    },
    "google.type.Color": {"red": NUMBER, "green": NUMBER, "blue": NUMBER, "alpha": ANY},
    CARD + "Columns": {"columnItems": Many(CARD + "Columns.Column")},
    CARD + "Columns.Column": {
        "horizontalSizeStyle": Enum(
            CARD + "Columns.Column.HorizontalSizeStyle",
            ("HORIZONTAL_SIZE_STYLE_UNSPECIFIED", "FILL_AVAILABLE_SPACE", "FILL_MINIMUM_SPACE"),
        ),
        "horizontalAlignment": HORIZONTAL,
        "verticalAlignment": Enum(
            CARD + "Columns.Column.VerticalAlignment", ("VERTICAL_ALIGNMENT_UNSPECIFIED", "CENTER", "TOP", "BOTTOM")
        ),
        "widgets": Many(CARD + "Columns.Column.Widgets"),
    },
    CARD + "Columns.Column.Widgets": _SIMPLE_WIDGETS,
    CARD + "Carousel": {"carouselCards": Many(CARD + "Carousel.CarouselCard")},
    CARD + "Carousel.CarouselCard": {
        "widgets": Many(CARD + "Card.NestedWidget"),
        "footerWidgets": Many(CARD + "Card.NestedWidget"),
    },
    CARD + "Card.NestedWidget": _NESTED,
    CARD + "ChipList": {
        "layout": Enum(CARD + "ChipList.Layout", ("LAYOUT_UNSPECIFIED", "WRAPPED", "HORIZONTAL_SCROLLABLE")),
        "chips": Many(CARD + "Chip"),
    },
    CARD + "Chip": {
        "icon": CARD + "Icon",
        "label": STRING,
        "onClick": CARD + "OnClick",
        "enabled": BOOL,
        "disabled": BOOL,
        "altText": STRING,
    },
    # Input widgets do nothing in a message of a webhook; their names are known, their insides are not looked at.
    CARD + "TextInput": dict.fromkeys(
        (
            "name",
            "label",
            "hintText",
            "value",
            "type",
            "onChangeAction",
            "initialSuggestions",
            "autoCompleteAction",
            "validation",
            "placeholderText",
        ),
        ANY,
    ),
    CARD + "SelectionInput": dict.fromkeys(
        (
            "name",
            "label",
            "type",
            "items",
            "onChangeAction",
            "multiSelectMaxSelectedItems",
            "multiSelectMinQueryLength",
            "externalDataSource",
            "platformDataSource",
        ),
        ANY,
    ),
    CARD + "DateTimePicker": dict.fromkeys(
        (
            "name",
            "label",
            "type",
            "valueMsEpoch",
            "timezoneOffsetDate",
            "onChangeAction",
        ),
        ANY,
    ),
}

ONE_OF = {
    CARD + "Widget": OneOf("data", tuple(_WIDGETS)),
    CARD + "Columns.Column.Widgets": OneOf("data", tuple(_SIMPLE_WIDGETS)),
    CARD + "Card.NestedWidget": OneOf("data", tuple(_NESTED)),
    CARD + "DecoratedText": OneOf("control", ("button", "switchControl", "endIcon")),
    CARD + "Icon": OneOf("icons", ("knownIcon", "iconUrl", "materialIcon")),
    CARD + "OnClick": OneOf("data", ("action", "openLink", "openDynamicLinkAction", "card", "overflowMenu")),
}


@dataclass(frozen=True)
class Violation:
    """What is wrong: at which field, in Google's words."""

    field: str
    description: str


def camel(name: str) -> str:
    """snake_case to camelCase; camelCase stays."""
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


def snake(name: str) -> str:
    """camelCase to snake_case, as Google's messages name fields."""
    return re.sub(r"([A-Z]|(?<=[a-z])\d)", lambda match: f"_{match.group(1).lower()}", name)


def check(value: Any, kind: Any, path: str, found: list[Violation]) -> Any:
    """The value with its names in camelCase and null left out; what is wrong with it is added to ``found``."""
    if kind == ANY:
        return value
    if isinstance(kind, Many):
        if not isinstance(value, list):
            found.append(invalid(value, kind.of, path))
            return []
        return [check(item, kind.of, f"{path}[{index}]", found) for index, item in enumerate(value)]
    if isinstance(value, list):
        parent, _, name = path.rpartition(".")
        found.append(
            Violation(
                parent,
                f"Invalid JSON payload received. Unknown name \"{camel(name)}\" at '{parent}': "
                "Proto field is not repeating, cannot start list.",
            )
        )
        return None
    if kind in TYPES:
        if not isinstance(value, dict):
            found.append(invalid(value, kind, path))
            return {}
        return dict(check_fields(value, kind, path, found))
    if not fits(value, kind):
        found.append(invalid(value, kind, path))
    return value


def check_fields(value: dict[str, Any], kind: str, path: str, found: list[Violation]) -> Iterator[tuple[str, Any]]:
    """The checked fields of an object."""
    fields, group, first = TYPES[kind], ONE_OF.get(kind), ""
    for given, item in value.items():
        name = camel(given)
        if name not in fields:
            found.append(
                Violation(
                    path, f"Invalid JSON payload received. Unknown name \"{given}\" at '{path}': Cannot find field."
                )
            )
        elif item is not None:
            if group and name in group.fields:
                if first:
                    found.append(
                        Violation(
                            path,
                            f"Invalid value at '{path}' (oneof), oneof field '{group.name}' is already set. "
                            f"Cannot set '{name}'",
                        )
                    )
                    continue
                first = name
            yield name, check(item, fields[name], f"{path}.{snake(name)}", found)


def fits(value: Any, kind: Any) -> bool:
    """Whether a JSON value can be read as a scalar type."""
    if isinstance(kind, Enum):
        return value in kind.values
    if kind == STRING:
        return isinstance(value, str)
    if kind == BOOL:
        return isinstance(value, bool) or value in ("true", "false")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        number = float(value)
    except ValueError:
        return False
    return kind == NUMBER or number.is_integer()


def invalid(value: Any, kind: Any, path: str) -> Violation:
    """The sentence for a value of the wrong type."""
    name = kind.type if isinstance(kind, Enum) else str(kind)
    shown = name if name.startswith("TYPE_") else f"type.googleapis.com/{name}"
    written = json.dumps(value, ensure_ascii=False) if not isinstance(value, dict | list) else "{}"
    return Violation(path, f"Invalid value at '{path}' ({shown}), {written}")
