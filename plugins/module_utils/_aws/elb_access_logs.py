# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load balancers log to S3: the calls behind ``elb_access_logs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Desired, Plan, Update
from . import discovery
from . import elb_access_logs_model as model
from .bulk import Kind
from .entries import each
from .session import Aws, Known


class AccessLogs(Kind):
    """The logs of the declared load balancers."""

    noun = "load balancer"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.entries = entries
        self._region = ""

    def desired(self, known: Known) -> list[Desired]:
        return model.desired(self.entries)

    def read(self, aws: Aws) -> list[Actual]:
        self._region = aws.region
        if not self.entries:
            return []
        names = [str(entry["load_balancer"]) for entry in self.entries]
        found = model.found(names, discovery.load_balancers(aws))

        def one(name: str) -> Actual:
            arn = found[name]["LoadBalancerArn"]
            answer = aws.call("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
            return model.actual(name, found[name], answer.get("Attributes") or ())

        return each(one, found)

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual, self._region)

    def plan(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> Plan:
        return super().plan(model.concerned(desired, actual), actual)

    def apply(self, aws: Aws, change: Change) -> None:
        if not isinstance(change, Update):
            return  # Nothing is ever created or deleted here: check() has refused what does not exist.
        attributes = model.attributes(change)
        arn = change.actual.ident["arn"]
        aws.call("elbv2", "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=attributes)
