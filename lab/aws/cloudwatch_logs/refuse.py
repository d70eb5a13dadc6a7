# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How CloudWatch Logs refuses: errors, and the checks that the service model alone does not tell."""

from __future__ import annotations

import re
from typing import Any

from lab.aws.protocols import ApiError

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def unsupported(message: str) -> ApiError:
    return ApiError("InvalidOperationException", message)


def not_found(what: str) -> ApiError:
    return ApiError("ResourceNotFoundException", what)


def exists(what: str) -> ApiError:
    return ApiError("ResourceAlreadyExistsException", what)


def too_many() -> ApiError:
    return ApiError("LimitExceededException", "Resource limit exceeded.")


def patterns(shape: Any, value: Any, path: str, given: Any) -> list[str]:
    """What breaks the regular expressions of the model: a list of sentences worded as AWS does."""
    kind = shape.type_name
    found: list[str] = []
    if kind == "structure":
        for name, item in value.items():
            found += patterns(shape.members[name], item, f"{path}.{name}" if path else name, given)
    elif kind == "list":
        for number, item in enumerate(value, 1):
            found += patterns(shape.member, item, f"{path}.{number}.member", given)
    elif kind == "string":
        rule = shape.metadata.get("pattern")
        # Java's names of kinds of letters are not Python's; tags have them, which are checked for themselves.
        if rule and "\\p{" not in rule and not re.fullmatch(rule, value):
            found.append(
                f"Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy regular expression "
                f"pattern: {rule}"
            )
    return found


def names(given: dict[str, Any]) -> None:
    """The lengths of names, which this service words in its own way."""
    for name in ("logGroupName", "logStreamName"):
        if isinstance(given.get(name), str) and len(given[name]) > 512:
            raise invalid("Invalid LogGroup or LogStream, both must have length less than or equal to 512.")


def transformations(listed: list[dict[str, Any]]) -> None:
    """One transformation a filter."""
    if len(listed) == 1:
        return
    rule = "less than or equal to" if listed else "greater than or equal to"
    shown = ", ".join(
        "MetricTransformation("
        + ", ".join(
            f"{name}={item.get(name, 'null')}"
            for name in ("metricName", "metricNamespace", "metricValue", "defaultValue", "unit", "dimensions")
        )
        + ")"
        for item in listed
    )
    raise invalid(
        f"1 validation error detected: Value '[{shown}]' at 'metricTransformations' failed to satisfy constraint: "
        f"Member must have length {rule} 1"
    )


def retention(days: int) -> None:
    if days not in RETENTIONS:
        raise invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member "
            f"must satisfy enum value set: [{', '.join(map(str, RETENTIONS))}]"
        )


def tags(listed: dict[str, str], have: dict[str, str]) -> None:
    for key, value in listed.items():
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys must not start with aws:.")
        if not 1 <= len(key) <= 128 or len(value) > 256 or not re.fullmatch(r"[\w\s+\-=.:/@]*", key + value):
            raise invalid(f"The tag {key}={value} is not valid.")
    if len({**have, **listed}) > 50:
        raise ApiError("TooManyTagsException", "The maximum number of tags per resource is 50.")
