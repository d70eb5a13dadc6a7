# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bears a mark of ownership."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import ApiError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.marked import described, marked

ALARM = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:lab/api/cpu/critical"
ROLE = "arn:aws:iam::123456789012:role/"


class Account:
    """A tagging API with one alarm, and roles with their marks; one is deleted while we look."""

    def __init__(self, roles: dict[str, str | None], gone: str = "") -> None:
        self.roles = roles
        self.gone = gone
        self.asked: list[str] = []
        self.filters: Any = None

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[dict[str, Any]]:
        if operation == "GetResources":
            self.filters = parameters["TagFilters"]
            return [{"ResourceARN": ALARM}, {"ResourceARN": ALARM}]
        return [{"RoleName": name, "Arn": f"{ROLE}{name}"} for name in self.roles]

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        name = parameters["RoleName"]
        self.asked.append(name)
        if name == self.gone:
            raise ApiError("gone", "NoSuchEntity")
        mark = self.roles[name]
        return {"Tags": [{"Key": "managed-by", "Value": mark}] if mark else []}


def test_roles_are_looked_at_by_name_and_listed_by_mark() -> None:
    account = Account(
        {
            "kumawatch-lab-relay": "kumawatch-lab",
            "kumawatch-lab-theirs": None,
            "kumawatch-production-relay": "kumawatch-production",
            "kumawatch-lab-gone": "kumawatch-lab",
            "admin": "kumawatch-lab",
        },
        gone="kumawatch-lab-gone",
    )
    found = marked(account, ["kumawatch-lab", "kumawatch-lab-alert-channel"])  # type: ignore[arg-type]
    assert [item["arn"] for item in found] == [ALARM, f"{ROLE}kumawatch-lab-relay"]
    assert account.filters == [{"Key": "managed-by", "Values": ["kumawatch-lab", "kumawatch-lab-alert-channel"]}]
    assert "admin" not in account.asked


def test_a_refusal_is_not_passed_over() -> None:
    account = Account({"kumawatch-x": None})
    account.call = lambda *names, **parameters: (_ for _ in ()).throw(ApiError("no", "AccessDenied"))  # type: ignore[method-assign]
    with pytest.raises(ApiError):
        marked(account, ["m"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arn", "service", "name"),
    [
        (ALARM, "cloudwatch", "alarm:lab/api/cpu/critical"),
        ("arn:aws:sns:eu-central-1:1:kumawatch-lab-info", "sns", "kumawatch-lab-info"),
        ("arn:aws:cloudwatch::1:dashboard/lab", "cloudwatch", "dashboard/lab"),
        ("nonsense", "", ""),
    ],
)
def test_an_arn_says_service_and_name(arn: str, service: str, name: str) -> None:
    assert described(arn) == {"arn": arn, "service": service, "name": name}
