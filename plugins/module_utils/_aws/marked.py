# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bears our mark, whatever made it: the calls behind ``aws_marked_info``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import ApiError
from .session import Aws
from .tags import MARK, as_mapping

ROLE_PREFIX = "kumawatch-"
"""The tagging API leaves IAM out. Roles are looked for by the beginning of their names, and then by their mark."""


def marked(aws: Aws, marks: Sequence[str]) -> list[dict[str, str]]:
    """What bears one of the marks in the Region, and roles of the account: ``arn``, ``service``, ``name`` of each."""
    filters = [{"Key": MARK, "Values": list(marks)}]
    found = [
        str(item["ResourceARN"])
        for item in aws.pages(
            "resourcegroupstaggingapi",
            "GetResources",
            "ResourceTagMappingList",
            token="PaginationToken",
            TagFilters=filters,
            ResourcesPerPage=100,
        )
    ]
    for role in aws.pages("iam", "ListRoles", "Roles", token="Marker", MaxItems=1000):
        if str(role["RoleName"]).startswith(ROLE_PREFIX) and _mark_of_role(aws, str(role["RoleName"])) in marks:
            found.append(str(role["Arn"]))
    return [described(arn) for arn in sorted(set(found))]


def _mark_of_role(aws: Aws, name: str) -> str | None:
    try:
        answer: dict[str, Any] = aws.call("iam", "ListRoleTags", RoleName=name)
    except ApiError as error:
        if error.code == "NoSuchEntity":  # Deleted since it was listed.
            return None
        raise
    return as_mapping(answer.get("Tags") or ()).get(MARK)


def described(arn: str) -> dict[str, str]:
    """What an ARN says: the service, and the name with its kind, such as ``alarm:lab/api/cpu/critical``."""
    _arn, _partition, service, _region, _account, name = [*arn.split(":", 5), "", "", "", "", "", ""][:6]
    return {"arn": arn, "service": service, "name": name}
