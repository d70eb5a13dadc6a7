# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lambda functions as entries and as the API has them: configuration, code, event sources. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import InputError

Json = dict[str, Any]
Source = dict[str, Any]
"""An event source: ``arn``, ``enabled``, ``batch_size``, ``batch_window`` (seconds), ``report_failures`` (whether the
function names the messages of a batch that failed); ``uuid`` on what exists."""

#: Options that the API has in a function's configuration, by its names there.
CONFIGURATION = {
    "description": "Description",
    "handler": "Handler",
    "memory_size": "MemorySize",
    "role": "Role",
    "runtime": "Runtime",
    "timeout": "Timeout",
}

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REPORT = "ReportBatchItemFailures"
#: What AWS allows of a function's environment, in bytes.
_ENVIRONMENT_LIMIT = 4096


def check_entry(entry: Mapping[str, Any]) -> None:
    """Refuse a function that AWS would refuse."""
    name = entry["name"]
    if not _NAME.fullmatch(name):
        raise InputError(
            f"function '{name}': option 'name' takes up to 64 letters, digits, hyphens and underscores: correct it."
        )
    if entry.get("state") == "absent":
        return
    size = sum(len(f"{key}{value}".encode()) for key, value in (entry.get("environment") or {}).items())
    if size > _ENVIRONMENT_LIMIT:
        raise InputError(
            f"function '{name}': option 'environment' holds {size} bytes, and AWS takes {_ENVIRONMENT_LIMIT}: "
            f"make it shorter."
        )
    seen = set()
    for source in entry.get("event_sources") or ():
        if source["arn"] in seen:
            raise InputError(f"function '{name}': event source '{source['arn']}' is declared twice: remove one.")
        seen.add(source["arn"])
        if source.get("batch_size", 10) > 10 and not source.get("batch_window"):
            raise InputError(
                f"function '{name}': event source '{source['arn']}' needs a 'batch_window' of a second or more for a "
                f"'batch_size' above 10."
            )


def code_of(package: bytes) -> str:
    """The digest of a package, as the API has it."""
    return base64.b64encode(hashlib.sha256(package).digest()).decode()


def properties_of(entry: Mapping[str, Any], code: str | None) -> Json:
    """What is declared of a function.

    :param code: the digest of its package, where there is one.
    """
    result: Json = {name: entry[name] for name in CONFIGURATION if entry.get(name) is not None}
    if entry.get("environment") is not None:
        result["environment"] = {key: str(value) for key, value in entry["environment"].items()}
    for name in ("architecture", "reserved_concurrency"):
        if entry.get(name) is not None:
            result[name] = entry[name]
    if code is not None:
        result["code"] = code
    if entry.get("event_sources") is not None:
        result["event_sources"] = [
            {key: value for key, value in source.items() if value is not None} for source in entry["event_sources"]
        ]
    return result


def properties_from(configuration: Mapping[str, Any]) -> Json:
    """What a function's configuration, as the API returns it, says of the same."""
    return {
        **{option: configuration.get(name) for option, name in CONFIGURATION.items()},
        "environment": dict((configuration.get("Environment") or {}).get("Variables") or {}),
        "architecture": (configuration.get("Architectures") or ["x86_64"])[0],
        "code": configuration.get("CodeSha256"),
    }


def configuration_for(properties: Mapping[str, Any]) -> Json:
    """The part of ``properties`` that goes into a function's configuration, as the API takes it."""
    result: Json = {name: properties[option] for option, name in CONFIGURATION.items() if option in properties}
    if "environment" in properties:
        result["Environment"] = {"Variables": dict(properties["environment"])}
    return result


# -- event sources


def source_from(mapping: Mapping[str, Any]) -> Source:
    """An event source as the API returns it."""
    return {
        "arn": mapping["EventSourceArn"],
        "batch_size": mapping.get("BatchSize"),
        "batch_window": mapping.get("MaximumBatchingWindowInSeconds") or 0,
        # What is on its way counts as there: a change takes AWS up to a minute.
        "enabled": mapping.get("State") not in ("Disabled", "Disabling"),
        "report_failures": _REPORT in (mapping.get("FunctionResponseTypes") or ()),
        "uuid": mapping["UUID"],
    }


def source_for(source: Mapping[str, Any]) -> Json:
    """An event source as the API takes it, without what names it."""
    result: Json = {}
    for option, name in (
        ("batch_size", "BatchSize"),
        ("batch_window", "MaximumBatchingWindowInSeconds"),
        ("enabled", "Enabled"),
    ):
        if source.get(option) is not None:
            result[name] = source[option]
    if source.get("report_failures") is not None:
        result["FunctionResponseTypes"] = [_REPORT] if source["report_failures"] else []
    return result


def same_source(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an event source has all that is declared of it."""
    return all(before.get(name) == value for name, value in after.items())


def same_sources(before: Sequence[Source], after: Sequence[Source]) -> bool:
    """Whether a function's event sources are exactly the declared ones."""
    there = {source["arn"]: source for source in before}
    return len(there) == len(after) and all(
        source["arn"] in there and same_source(there[source["arn"]], source) for source in after
    )


def readable(sources: Sequence[Source]) -> list[Json]:
    """Event sources for a diff."""
    return [
        {key: value for key, value in source.items() if key != "uuid"}
        for source in sorted(sources, key=lambda item: str(item["arn"]))
    ]
