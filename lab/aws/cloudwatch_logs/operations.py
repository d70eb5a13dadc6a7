# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All operations of CloudWatch Logs by name."""

from __future__ import annotations

import re
from typing import Any

from lab.aws.cloudwatch_logs import deliveries, kept, searches
from lab.aws.cloudwatch_logs.service import CloudWatchLogs, Operation
from lab.aws.cloudwatch_logs.store import Scope
from lab.aws.protocols import ApiError

ORDER = ("[parquet, raw, w3c, plain, json]", "[w3c, raw, json, plain, parquet]")
"""In which order AWS was recorded to name output formats; elsewhere it is the model's, backwards."""

OWN = [
    "CreateLogGroup",
    "DeleteLogGroup",
    "DescribeLogGroups",
    "ListLogGroups",
    "PutRetentionPolicy",
    "DeleteRetentionPolicy",
    "AssociateKmsKey",
    "DisassociateKmsKey",
    "PutLogGroupDeletionProtection",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "TagLogGroup",
    "UntagLogGroup",
    "ListTagsLogGroup",
    "CreateLogStream",
    "DeleteLogStream",
    "DescribeLogStreams",
    "PutLogEvents",
    "GetLogEvents",
    "FilterLogEvents",
    "PutMetricFilter",
    "DeleteMetricFilter",
    "DescribeMetricFilters",
    "TestMetricFilter",
    "PutSubscriptionFilter",
    "DeleteSubscriptionFilter",
    "DescribeSubscriptionFilters",
    "PutTransformer",
    "GetTransformer",
    "DeleteTransformer",
    "TestTransformer",
]


def method(name: str) -> Operation:
    """The method of the service that does an operation."""
    found: Operation = getattr(CloudWatchLogs, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return found


OPERATIONS: dict[str, Operation] = {
    **{name: method(name) for name in OWN},
    **kept.OPERATIONS,
    **deliveries.OPERATIONS,
    **searches.OPERATIONS,
}


def call(service: CloudWatchLogs, operation: str, scope: Scope, given: dict[str, Any]) -> dict[str, Any] | None:
    """Do an operation. One that the stand-in lacks is an error that says so."""
    act = OPERATIONS.get(operation)
    if act is None:
        raise ApiError("InvalidOperationException", f"The lab's stand-in for AWS does not have {operation}.")
    return act(service, scope, given)
