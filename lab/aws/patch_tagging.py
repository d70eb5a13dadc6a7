# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Resource Groups Tagging API with the services that MiniStack leaves out, and in pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import tagging

from lab.aws.monitoring import Monitoring

PAGE = 100

Tagged = tuple[str, list[dict[str, str]]]

EC2_KINDS = {
    "i": "instance",
    "vol": "volume",
    "vpc": "vpc",
    "subnet": "subnet",
    "sg": "security-group",
    "snap": "snapshot",
    "ami": "image",
    "eni": "network-interface",
}


def install(monitoring: Monitoring) -> None:
    """Change MiniStack's tagging service."""

    def cloudwatch() -> Iterator[Tagged]:
        scope = monitoring.store.scope(get_account_id(), get_region())
        for arn, tags in list(scope.tags.items()):
            yield arn, listed(tags)

    tagging._COLLECTORS.update(
        {
            "cloudwatch": cloudwatch,
            "ec2": ec2,
            "rds": rds,
            "elasticloadbalancing": load_balancers,
            "secretsmanager": tagging._collect_secretsmanager,
            "ssm": tagging._collect_ssm,
        }
    )
    tagging._matches_type_filters = of_type
    tagging._HANDLERS["GetResources"] = paged(tagging._get_resources)


def of_type(arn: str, filters: list[str]) -> bool:
    """Whether an object is of one of some types; MiniStack takes ``alarm:a/b`` for an ``alarm:a``."""
    _arn, _partition, service, _region, _account, resource = arn.split(":", 5)
    kind = re.split("[:/]", resource)[0]
    return not filters or any(wanted in (service, f"{service}:{kind}") for wanted in filters)


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def ec2() -> Iterator[Tagged]:
    from ministack.services import ec2 as service

    for id, tags in service._tags.items():
        kind = EC2_KINDS.get(id.partition("-")[0])
        if kind:
            yield f"arn:aws:ec2:{get_region()}:{get_account_id()}:{kind}/{id}", list(tags)


def rds() -> Iterator[Tagged]:
    from ministack.services import rds as service

    for arn, tags in service._tags.items():
        if f":{get_region()}:" in arn:
            yield arn, list(tags)


def load_balancers() -> Iterator[Tagged]:
    from ministack.services import alb as service

    for arn, tags in service._tags.items():
        if f":{get_region()}:" in arn:
            yield arn, list(tags)


def paged(original: Any) -> Any:
    """GetResources in pages, in the order of ARNs, without what has no tags."""

    def get_resources(data: dict[str, Any]) -> Any:
        size = data.get("ResourcesPerPage", PAGE)
        token = data.get("PaginationToken", "")
        if not 1 <= size <= PAGE:
            return tagging._invalid_parameter("ResourcesPerPage must be from 1 to 100.")
        if token and not (token.startswith("page-") and token[5:].isdigit()):
            return tagging._invalid_parameter("The PaginationToken is not valid.")
        status, headers, body = original(data)
        if status != 200:
            return status, headers, body
        found = [entry for entry in json.loads(body)["ResourceTagMappingList"] if entry["Tags"]]
        found.sort(key=lambda entry: str(entry["ResourceARN"]))
        begin = int(token[5:]) if token else 0
        end = begin + size
        more = f"page-{end}" if end < len(found) else ""
        return tagging._json({"ResourceTagMappingList": found[begin:end], "PaginationToken": more})

    return get_resources
