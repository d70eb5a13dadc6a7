# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of dashboards and mute rules."""

from __future__ import annotations

from .errors import ApiError
from .session import Aws
from .tagging import BaseTagging, declared_tags, without_mark
from .tags import Tags, as_list, as_mapping

__all__ = ["GONE", "Tagging", "ask_tags", "declared_tags", "without_mark"]

GONE = frozenset({"ResourceNotFoundException", "ResourceNotFound", "DashboardNotFoundError"})
"""Codes of what does not exist."""


class Tagging(BaseTagging):
    """How the dashboards or the mute rules of a run are tagged."""

    def ask(self, aws: Aws, arn: str) -> Tags:
        return ask_tags(aws, arn)

    def put(self, aws: Aws, arn: str, tags: Tags) -> None:
        aws.call("cloudwatch", "TagResource", ResourceARN=arn, Tags=as_list(tags))

    def take(self, aws: Aws, arn: str, keys: list[str]) -> None:
        aws.call("cloudwatch", "UntagResource", ResourceARN=arn, TagKeys=keys)


def ask_tags(aws: Aws, arn: str) -> Tags:
    """The tags of one object."""
    try:
        return as_mapping(aws.call("cloudwatch", "ListTagsForResource", ResourceARN=arn).get("Tags", ()))
    except ApiError as error:
        if error.code in GONE:
            return {}
        raise
