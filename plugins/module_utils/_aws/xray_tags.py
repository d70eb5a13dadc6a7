# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of X-Ray's sampling rules and groups."""

from __future__ import annotations

from .errors import ApiError
from .session import Aws
from .tagging import BaseTagging
from .tags import Tags, as_list, as_mapping

GONE = "ResourceNotFoundException"


class Tagging(BaseTagging):
    """How the rules or the groups of a run are tagged."""

    def ask(self, aws: Aws, arn: str) -> Tags:
        try:
            return as_mapping(list(aws.pages("xray", "ListTagsForResource", "Tags", ResourceARN=arn)))
        except ApiError as error:
            if error.code == GONE:
                return {}
            raise

    def put(self, aws: Aws, arn: str, tags: Tags) -> None:
        aws.call("xray", "TagResource", ResourceARN=arn, Tags=as_list(tags))

    def take(self, aws: Aws, arn: str, keys: list[str]) -> None:
        aws.call("xray", "UntagResource", ResourceARN=arn, TagKeys=keys)


def absent(error: ApiError) -> bool:
    """Whether X-Ray says that there is no such rule or group: it has no code of its own for that."""
    said = str(error).lower()
    return error.code == GONE or (
        error.code == "InvalidRequestException" and ("not exist" in said or "not found" in said)
    )
