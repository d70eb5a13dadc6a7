# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of many objects at a time, and the mark of ownership among them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .errors import DENIED, UNKNOWN, ApiError, Fate
from .session import Aws

MARK = "managed-by"
"""The key of the tag that says whose an object is."""

MOST = 50
"""Tags that an object can have."""

Tags = dict[str, str]

# Letters and digits of every script.
_ALPHABET = re.compile(r"[\w\s.:/=+\-@]*")


def tags_by_arn(aws: Aws, kinds: Sequence[str]) -> dict[str, Tags] | None:
    """The tags of all tagged objects of some kinds, a hundred a call, from the index that AWS keeps of tags.

    The index may lag some seconds behind, so what it does not have need not be untagged.

    :param kinds: such as ``cloudwatch:alarm``.
    :returns: tags by ARN; ``None`` where the endpoint has no index or does not let us read it.
    """
    found = {}
    try:
        for item in aws.pages(
            "resourcegroupstaggingapi",
            "GetResources",
            "ResourceTagMappingList",
            token="PaginationToken",
            ResourceTypeFilters=list(kinds),
            ResourcesPerPage=100,
        ):
            found[str(item["ResourceARN"])] = as_mapping(item.get("Tags", ()))
    except ApiError as error:
        if error.code in DENIED | UNKNOWN or error.fate is Fate.LOST:
            return None
        raise
    return found


def as_mapping(tags: Collection[Mapping[str, Any]]) -> Tags:
    """``[{"Key": …, "Value": …}]`` as a mapping."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as AWS takes it."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def problem(tags: Mapping[str, str], most: int = MOST) -> str:
    """What AWS would not take of some tags, as the rest of a sentence that begins with the option; else nothing."""
    if len(tags) > most:
        return f"has {len(tags)} tags, and there may be {most}: leave some out"
    for key, value in tags.items():
        if not key or len(key) > 128:
            return f"has a key of {len(key)} characters ('{key[:40]}'): give 1 to 128"
        if len(value) > 256:
            return f"has a value of {len(value)} characters for '{key}': give 256 at most"
        if key.lower().startswith("aws:"):
            return f"has the key '{key}': keys that begin with aws: are Amazon's own"
        for text in (key, value):
            if not _ALPHABET.fullmatch(text):
                return (
                    f"has '{text}' (tag '{key}'), and tags hold letters, digits, spaces and . _ : / = + - @ only: "
                    f"replace the other characters"
                )
    return ""
