# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detailed monitoring of instances: the calls behind ``ec2_monitoring``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Desired, Update
from . import discovery
from . import ec2_monitoring_model as model
from .bulk import Kind
from .session import Aws, Known


class DetailedMonitoring(Kind):
    """Detailed monitoring of the declared instances."""

    noun = "instance"

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.entries = entries
        self._region = ""

    def desired(self, known: Known) -> list[Desired]:
        return model.desired(self.entries)

    def read(self, aws: Aws) -> list[Actual]:
        self._region = aws.region
        return model.actual(discovery.instances(aws, (str(entry["id"]) for entry in self.entries)))

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual, self._region)

    def batches(self, stage: Sequence[Change]) -> list[Sequence[Change]]:
        batches: list[Sequence[Change]] = []
        for wanted in (True, False):
            some = [change for change in stage if _wanted(change) is wanted]
            batches += [some[start : start + model.BATCH] for start in range(0, len(some), model.BATCH)]
        return batches

    def apply_batch(self, aws: Aws, batch: Sequence[Change]) -> None:
        ids = [str(change.key) for change in batch]
        if _wanted(batch[0]):
            aws.call("ec2", "MonitorInstances", InstanceIds=ids)
        else:
            aws.call("ec2", "UnmonitorInstances", InstanceIds=ids)

    def apply(self, aws: Aws, change: Change) -> None:
        self.apply_batch(aws, [change])


def _wanted(change: Change) -> bool:
    return isinstance(change, Update) and bool(change.desired.properties["detailed_monitoring"])
