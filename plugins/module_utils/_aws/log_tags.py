# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of what CloudWatch Logs has, and whose a log group is."""

from __future__ import annotations

from collections.abc import Iterable

from .entries import each
from .errors import ApiError
from .session import Aws
from .tagging import BaseTagging
from .tags import MARK, Tags, tags_by_arn

GONE = "ResourceNotFoundException"
"""The code of what does not exist."""

GROUPS = "logs:log-group"
"""What the tagging API calls log groups."""


class LogTagging(BaseTagging):
    """How the objects of a run are tagged."""

    def ask(self, aws: Aws, arn: str) -> Tags:
        return ask_tags(aws, arn)

    def put(self, aws: Aws, arn: str, tags: Tags) -> None:
        aws.call("logs", "TagResource", resourceArn=arn, tags=tags)

    def take(self, aws: Aws, arn: str, keys: list[str]) -> None:
        aws.call("logs", "UntagResource", resourceArn=arn, tagKeys=keys)


def ask_tags(aws: Aws, arn: str) -> Tags:
    """The tags of one object."""
    try:
        tags = aws.call("logs", "ListTagsForResource", resourceArn=arn).get("tags") or {}
    except ApiError as error:
        if error.code == GONE:
            return {}
        raise
    return {str(key): str(value) for key, value in tags.items()}


def group_of(arn: str) -> str:
    """The name of a log group."""
    return arn.partition(":log-group:")[2].removesuffix(":*")


def marked_groups(aws: Aws, owner: str, candidates: Iterable[str]) -> set[str]:
    """Which log groups bear a mark. Where there is no index of tags, the candidates are asked one by one."""
    index = tags_by_arn(aws, [GROUPS])
    if index is not None:
        return {group_of(arn) for arn, tags in index.items() if tags.get(MARK) == owner}
    wanted = frozenset(candidates)
    arns = {
        str(item["logGroupName"]): str(item["arn"]).removesuffix(":*")
        for item in aws.pages("logs", "DescribeLogGroups", "logGroups", token="nextToken", limit=50)
        if item["logGroupName"] in wanted
    }
    tags = each(lambda name: ask_tags(aws, arns[name]), arns)
    return {name for name, own in zip(arns, tags, strict=True) if own.get(MARK) == owner}
