# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in keeps of X-Ray and of Application Signals, by account and Region, as JSON can hold it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.aws.protocols import ApiError

Thing = dict[str, Any]


@dataclass
class Scope:
    """One account in one Region. ``tags`` are by ARN; ``settings`` are what an account has one of."""

    account: str
    region: str
    rules: dict[str, Thing] = field(default_factory=dict)
    groups: dict[str, Thing] = field(default_factory=dict)
    objectives: dict[str, Thing] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        begin = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for prefix, name in begin.items() if self.region.startswith(prefix)), "aws")

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


@dataclass
class Store:
    """All accounts and Regions."""

    scopes: dict[tuple[str, str], Scope] = field(default_factory=dict)

    def scope(self, account: str, region: str) -> Scope:
        return self.scopes.setdefault((account, region), Scope(account, region))

    def dump(self) -> list[dict[str, Any]]:
        return [vars(scope) for scope in self.scopes.values()]

    def load(self, dumped: list[dict[str, Any]]) -> None:
        for entry in dumped:
            self.scopes[entry["account"], entry["region"]] = Scope(**entry)


def as_mapping(tags: list[dict[str, str]], code: str) -> dict[str, str]:
    """Tags of a request, refused where AWS would refuse them."""
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) < len(tags):
        raise ApiError(code, "Duplicate tag keys are not allowed.")
    if any(key.lower().startswith("aws:") for key in found):
        raise ApiError(code, "Tag keys that begin with aws: are reserved.")
    return found


def as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def page(items: list[Any], token: str, size: int, code: str) -> tuple[list[Any], str | None]:
    """A page of items and the token of the next one.

    :param code: of the error for a token that is none.
    """
    if token and not (token.startswith("page-") and token[5:].isdigit()):
        raise ApiError(code, "The NextToken is not valid.")
    begin = int(token[5:]) if token else 0
    end = begin + size
    return items[begin:end], f"page-{end}" if end < len(items) else None
