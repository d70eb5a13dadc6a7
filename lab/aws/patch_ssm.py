# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Associations of Systems Manager in CloudFormation's stacks: taken and named, and of no effect."""

from __future__ import annotations

import uuid
from typing import Any

from ministack.services.cloudformation import provisioners

TYPE = "AWS::SSM::Association"

#: Changes of these make another association; all else is changed in place.
REPLACED = ("AssociationName", "Name", "Targets")

Properties = dict[str, Any]


def install() -> None:
    """Let MiniStack's CloudFormation know of associations."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": create, "update": update, "delete": delete}


def create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    if not properties.get("Name"):
        raise ValueError(f"Resource {logical_id} of stack {stack_name} needs the Name of a document")
    ident = str(uuid.uuid4())
    return ident, {"AssociationId": ident}


def update(physical_id: str, before: Properties, after: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    if any(before.get(name) != after.get(name) for name in REPLACED):
        return create(physical_id, after, stack_name)
    return physical_id, {"AssociationId": physical_id}


def delete(physical_id: str, properties: Properties) -> None:
    """There is nothing but the stack's own record."""
